"""A user's table as read: its titles, its rows as text, where each stands, and the issue log."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from gisplan.errors import ProjectsError
from gisplan.io.text import closest_titles, is_remark, is_total, match_headers
from gisplan.terms import ISSUE_COLUMNS, SEPARATOR, Level

_HEADER_DEPTH: Final = 50
"""How many rows of titles, units and remarks may stand above a header."""

Evidence = tuple[str, str]


class Grid(NamedTuple):
    """Cells of one sheet as text, from row 1; ``merged`` were filled from a merged cell."""

    name: str
    cells: list[list[str]]
    merged: frozenset[tuple[int, int]] = frozenset()


@dataclass
class Rows:
    """The rows of a list of projects, before anything but text was read from them.

    ``numbers`` are rows as Excel shows them (header = 1), or the feature number in a GIS
    file. ``geometry`` and ``crs`` are those of a GIS file, else ``None``; ``merged`` are
    positions (row, column) whose text comes from a merged cell above or beside.
    """

    file: str
    sheet: str
    titles: list[str]
    cells: list[list[str]]
    numbers: list[int]
    merged: set[tuple[int, int]] = field(default_factory=set)
    geometry: NDArray[np.object_] | None = None
    crs: pyproj.CRS | None = None
    evidence: list[Evidence] = field(default_factory=list)

    def column(self, position: int | None) -> list[str]:
        """Return one column as text, blank where there is none."""
        if position is None:
            return [""] * len(self.cells)
        return [row[position] for row in self.cells]


class IssueLog:
    """Issues found while reading, each with where the user finds it."""

    def __init__(self, file: str, sheet: str) -> None:
        self.file = file
        self.sheet = sheet
        self._found: list[tuple[str, int | None, str, str]] = []

    def add(self, code: str, row: int | None, *, column: str = "", value: str = "") -> None:
        """Note an issue in a row (``None``: in the whole table)."""
        self._found.append((code, row, column, value))

    def codes(self, numbers: Sequence[int]) -> list[str]:
        """Return the codes of each row, joined; ``""`` where there are none."""
        by_row: dict[int | None, dict[str, None]] = {}
        for code, row, _, _ in self._found:
            by_row.setdefault(row, {})[code] = None
        return [SEPARATOR.join(sorted(by_row.get(number, {}))) for number in numbers]

    def frame(self) -> pd.DataFrame:
        """Return the issue table in the order of the rows, columns ``ISSUE_COLUMNS``."""
        ordered = sorted(self._found, key=lambda item: (item[1] is not None, item[1] or 0, item[0]))
        records = [
            (code, level_of(code), self.file, self.sheet, row, column, value[:200])
            for code, row, column, value in ordered
        ]
        frame = pd.DataFrame(records, columns=list(ISSUE_COLUMNS))
        return frame.astype(dict.fromkeys(ISSUE_COLUMNS, "str") | {"row": "Int64"})


def level_of(code: str) -> str:
    """Return how grave an issue code is."""
    return _levels()[code]


@cache
def _levels() -> Mapping[str, str]:
    text = files("gisplan").joinpath("data").joinpath("issues.toml").read_text("utf-8")
    return {code: Level(level).value for code, level in tomllib.loads(text)["level"].items()}


def header_score(cells: Sequence[str]) -> int:
    """Count the fields that a row of titles names; 0 without a name and an id."""
    found = match_headers(cells)
    return len(found) if "name" in found or "id" in found else 0


def find_header(cells: Sequence[Sequence[str]]) -> int | None:
    """Return the position of the row that names most fields, ``None`` where none does."""
    scores = [header_score(row) for row in cells[:_HEADER_DEPTH]]
    best = max(scores, default=0)
    return scores.index(best) if best else None


def take_table(grid: Grid, header: int, file: str) -> tuple[Rows, IssueLog]:
    """Take the rows below a header; wholly blank ones go, all others are accounted for.

    Rows of totals, repeated headers and remarks below the table are no projects: they
    are left out and each is noted as an issue with its row.
    """
    titles = grid.cells[header]
    width = max((len(row) for row in grid.cells[header:]), default=0)
    titles = titles + [""] * (width - len(titles))
    rows = Rows(file, grid.name, titles, [], [])
    log = IssueLog(file, grid.name)
    key_columns = [p for f, p in match_headers(titles).items() if f in ("id", "name")]
    for index in range(header + 1, len(grid.cells)):
        cells = grid.cells[index] + [""] * (width - len(grid.cells[index]))
        if not any(cells):
            continue
        reason = _not_a_project(cells, titles, key_columns)
        if reason:
            shown = next(cell for cell in cells if cell)
            log.add(reason, index + 1, value=shown)
            continue
        here = len(rows.cells)
        rows.merged.update((here, column) for row, column in grid.merged if row == index)
        rows.cells.append(cells)
        rows.numbers.append(index + 1)
    return rows, log


def refuse_headless(file: str, titles: Iterable[str]) -> ProjectsError:
    """Return the error for a table without a name or id column, with the nearest title."""
    found = [title for title in dict.fromkeys(titles) if title]
    near = closest_titles(["name", "id"], found)
    shown = "、".join(found[:12])
    if near:
        return ProjectsError("projects_no_header_near", file=file, found=shown, near=near[0])
    return ProjectsError("projects_no_header", file=file, found=shown or "-")


def _not_a_project(cells: list[str], titles: list[str], keys: list[int]) -> str:
    filled = [(position, cell) for position, cell in enumerate(cells) if cell]
    if any(is_total(cells[position]) for position in {0, *keys}):
        return "GP-INT-040"
    if len(filled) > 1 and all(cell == titles[position] for position, cell in filled):
        return "GP-INT-041"
    if len({cell for _, cell in filled}) == 1 and is_remark(filled[0][1]):
        return "GP-INT-042"
    return ""
