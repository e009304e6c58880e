"""A user's table as read: its titles, its rows as text, where each stands, and the issue log."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from gisplan.columns import Columns
from gisplan.errors import ProjectsError
from gisplan.frames import Table
from gisplan.io.text import closest_titles, match_headers
from gisplan.terms import ISSUE_COLUMNS, SEPARATOR, Level

if TYPE_CHECKING:
    import pandas as pd

Evidence = tuple[str, str]


@dataclass
class Grid:
    """Cells of one sheet as text, and what is known about them; positions count from 0.

    ``merged`` were filled from a merged cell, by row. ``unread`` are formulas without a
    result, by row and column. ``width`` is that of the header of
    delimited text, where a longer row shows that something shifted it. ``from_1904`` tells
    that serial dates count otherwise, ``marked`` whether it could be told what is hidden.
    """

    name: str
    cells: list[list[str]]
    merged: Mapping[int, frozenset[int]] = field(default_factory=dict)
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    unread: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    width: int | None = None
    from_1904: bool = False
    marked: bool = True

    def merged_in(self, row: int) -> frozenset[int]:
        """Return the columns of a row that were filled from a merged cell."""
        return self.merged.get(row, frozenset())


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
    _columns: dict[int, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def column(self, position: int | None) -> list[str]:
        """Return one column as text, blank where there is none; ask when all rows are there."""
        if position is None:
            return [""] * len(self.cells)
        if position not in self._columns:
            self._columns[position] = [row[position] for row in self.cells]
        return self._columns[position]

    def rewrite(self, position: int, column: Sequence[str]) -> None:
        """Put other text into one column."""
        for cells, cell in zip(self.cells, column, strict=True):
            cells[position] = cell
        self._columns.pop(position, None)


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

    def table(self) -> Table:
        """Return the issues in the order of the rows, columns ``ISSUE_COLUMNS``.

        ``row`` is NaN where an issue is of the whole table; in a frame it is a whole number.
        """
        ordered = sorted(self._found, key=lambda item: (item[1] is not None, item[1] or 0, item[0]))
        records = [
            (code, level_of(code), self.file, self.sheet, row, column, value[:200])
            for code, row, column, value in ordered
        ]
        cells = np.array(records, dtype=object).reshape(len(records), len(ISSUE_COLUMNS)).T
        columns: dict[str, Any] = dict(zip(ISSUE_COLUMNS, cells, strict=True))
        rows = [np.nan if row is None else row for row in columns["row"]]
        columns["row"] = np.array(rows, dtype=float)
        return Table(Columns(columns), finish=lambda frame: frame.astype({"row": "Int64"}))

    def frame(self) -> pd.DataFrame:
        """Return `table` as a frame."""
        frame: pd.DataFrame = self.table().frame
        return frame


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


def refuse_headless(file: str, titles: Iterable[str]) -> ProjectsError:
    """Return the error for a table without a name or id column, with the nearest title."""
    found = [title for title in dict.fromkeys(titles) if title]
    near = closest_titles(["name", "id"], found)
    shown = tuple(found[:12])
    if near:
        return ProjectsError("projects_no_header_near", file=file, found=shown, near=near[0])
    return ProjectsError("projects_no_header", file=file, found=shown or "-")
