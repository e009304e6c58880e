"""What a person decided against a verdict: read strictly, set beside it, never in its place."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gisplan.columns import Columns
from gisplan.errors import Finding, OverruleError
from gisplan.frames import texts
from gisplan.io.delimited import read_delimited
from gisplan.io.rows import Evidence
from gisplan.io.text import normalise
from gisplan.io.workbooks import OLE, ZIP, read_workbook
from gisplan.labels import LANGUAGES, Labels
from gisplan.terms import OUTCOMES, OVERRULE_COLUMNS
from gisplan.today import today

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FIELDS: Final = ("id", "outcome", "reason", "by", "date")
"""Columns of a list of overrules; also accepted under their names of either language."""

_DATE: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00(?::00)?)?")
_HEAD_ROWS: Final = 20


def read_overrules(path: Path, projects: pd.DataFrame) -> pd.DataFrame:
    """Read decisions from a .csv or .xlsx and lay them beside the projects they are about.

    Parameters
    ----------
    path
        A table with the columns id, outcome, reason, by, date (or 项目编号, 结论, 理由,
        批准人, 日期); the outcome as a code or in words, the date as YYYY-MM-DD.
    projects
        The list that was checked; only its ``id`` and index are looked at.

    Returns
    -------
    DataFrame
        `gisplan.terms.OVERRULE_COLUMNS` as text, the index of *projects*, ``""`` where
        nobody decided.

    Raises
    ------
    OverruleError
        With every mistake and its row: an id that the list does not have, has twice, or
        that is overruled twice; a blank reason or name; a date that is none or to come;
        an outcome that there is not.
    """
    ids = texts(projects["id"]) if "id" in projects else np.full(len(projects), None, dtype=object)
    return decisions(path, ids).to_frame(projects.index)


def decisions(path: Path, ids: NDArray[np.object_]) -> Columns:
    """Do what `read_overrules` does for projects of which only the ids are known."""
    if not path.is_file():
        raise OverruleError("overrules_missing", path=path)
    rows = _rows(path)
    known = Counter(normalise(one) for one in ids if one is not None)
    findings: list[Finding] = []
    decided: dict[str, tuple[str, ...]] = {}
    for number, row in rows:
        read = _Decision(path.name, number, row, findings)
        key = read.project(known, decided)
        said = (read.outcome(), read.text("reason"), read.text("by"), read.date())
        decided[key] = said
    if findings:
        raise OverruleError("overrules_invalid", tuple(findings), path=path, count=len(findings))
    blank = ("",) * len(OVERRULE_COLUMNS)
    keys = [normalise(one) if one is not None else "" for one in ids]
    told: Any = np.array([decided.get(one, blank) if one else blank for one in keys], dtype=object)
    cells = told.reshape(len(keys), len(OVERRULE_COLUMNS)).T
    return Columns(dict(zip(OVERRULE_COLUMNS, cells, strict=True)), len(keys))


class _Decision:
    """One row of the list, and where what is wrong with it is noted."""

    def __init__(
        self, file: str, number: int, cells: Mapping[str, str], findings: list[Finding]
    ) -> None:
        self.place, self.cells, self.findings = f"{file}:{number}", cells, findings

    def project(self, known: Counter[str], decided: Mapping[str, object]) -> str:
        key = normalise(self.cells["id"])
        if not key:
            self._note("overrule_blank", column="id")
        elif key not in known:
            self._note("overrule_unknown_id", id=key)
        elif known[key] > 1:
            self._note("overrule_shared_id", id=key, n=known[key])
        elif key in decided:
            self._note("overrule_twice", id=key)
        return key

    def outcome(self) -> str:
        said = normalise(self.cells["outcome"]).lower()
        for code in OUTCOMES:
            worded = (Labels(one)(f"outcome.{code}").lower() for one in LANGUAGES)
            if said in (code, *worded):
                return code
        self._note("overrule_outcome", value=said or "-", allowed=", ".join(OUTCOMES))
        return ""

    def text(self, field: str) -> str:
        said = self.cells[field].strip()
        if not said:
            self._note("overrule_blank", column=field)
        return said

    def date(self) -> str:
        said = normalise(self.cells["date"])
        found = _DATE.fullmatch(said)
        try:
            day = dt.date(*(int(part) for part in found.groups())) if found else None
        except ValueError:
            day = None
        if day is None:
            self._note("overrule_date", value=said or "-")
        elif day > today():
            self._note("overrule_future", value=day.isoformat())
        return day.isoformat() if day else ""

    def _note(self, code: str, **values: object) -> None:
        self.findings.append(Finding("error", self.place, code, values))


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of decisions with the number that Excel shows, cells by field."""
    grid, at = _headed(path)
    fields = _fields(grid[at])
    if missing := [name for name in FIELDS if name not in fields]:
        raise OverruleError("overrules_columns", path=path, missing=", ".join(missing))
    found = []
    for number, cells in enumerate(grid[at + 1 :], start=at + 2):
        padded = [*cells, *[""] * len(grid[at])]
        row = {name: padded[place] for name, place in fields.items()}
        if any(cell.strip() for cell in row.values()):
            found.append((number, row))
    if not found:
        raise OverruleError("overrules_empty", path=path)
    return found


def _headed(path: Path) -> tuple[list[list[str]], int]:
    """Return the cells of the first sheet that has a header of ours, and the header's row."""
    evidence: list[Evidence] = []
    with path.open("rb") as opened:
        book = opened.read(8).startswith((ZIP, OLE))
    if book:
        grids = read_workbook(path, sheet=None, evidence=evidence)
    else:
        grids = [read_delimited(path, None, evidence)]
    for grid in grids:
        for at, cells in enumerate(grid.cells[:_HEAD_ROWS]):
            if len(_fields(cells)) >= len(FIELDS) - 2:
                return grid.cells, at
    raise OverruleError("overrules_columns", path=path, missing=", ".join(FIELDS))


def _fields(cells: Sequence[str]) -> dict[str, int]:
    """Return the position of each field that a row of titles names."""
    titles = [normalise(cell).lower() for cell in cells]
    found: dict[str, int] = {}
    for field in FIELDS:
        names = {field}
        for language in LANGUAGES:
            words = Labels(language)(f"overrule.header_{field}")
            names |= {normalise(word).lower() for word in words.split("|")}
        at = next((place for place, title in enumerate(titles) if title in names), None)
        if at is not None:
            found[field] = at
    return found
