"""A conflict ledger of an earlier run, as a planner gives it back: workbook or GeoPackage."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pandas as pd

from gisplan.errors import ProjectsError
from gisplan.io.dates import serial_date
from gisplan.io.rows import Evidence
from gisplan.io.text import normalise
from gisplan.io.vectors import read_layer
from gisplan.io.workbooks import read_workbook
from gisplan.labels import LANGUAGES, Labels

LEDGERS = (".xlsx", ".gpkg")
_NEEDED = ("number", "sides", "west", "south", "east", "north")
_CODED = {"change": "ledger_change", "state": "ledger_state", "kind": "conflict"}
_DAY = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})(?:\D.*)?")


def read_ledger(path: Path) -> pd.DataFrame:
    """Read a ledger: columns and words as codes, in whichever language it was written.

    Returns
    -------
    DataFrame
        Columns as in `gisplan.conflicts.LEDGER` so far as they are there; ``closed_on`` as an
        ISO date where it can be read as one, else as it stands.

    Raises
    ------
    ProjectsError
        ``ledger_unknown`` where no sheet has the columns of a ledger.
    """
    if not path.exists():
        raise ProjectsError("projects_missing", file=path)
    if path.suffix.lower() not in LEDGERS:
        raise ProjectsError("ledger_suffix", path=path.name, allowed=" ".join(LEDGERS))
    frame = _from_layer(path) if path.suffix.lower() == ".gpkg" else _from_sheets(path)
    if missing := [name for name in _NEEDED if name not in frame]:
        raise ProjectsError("ledger_unknown", path=path.name, missing=", ".join(missing))
    for column, section in _CODED.items():
        if column in frame:
            frame[column] = [_code(text, section) for text in frame[column]]
    if "closed_on" in frame:
        frame["closed_on"] = [iso_date(text) for text in frame["closed_on"]]
    return frame


def _from_layer(path: Path) -> pd.DataFrame:
    frame = read_layer(path, layer="ledger")
    return pd.DataFrame(frame.drop(columns=frame.geometry.name))


def _from_sheets(path: Path) -> pd.DataFrame:
    """Read the first sheet whose header names a ledger's columns."""
    evidence: list[Evidence] = []
    codes = {_plain(text): code for code, text in _headers()}
    for grid in read_workbook(path, sheet=None, evidence=evidence):
        for at, row in enumerate(grid.cells[:20]):
            found = [codes.get(_plain(cell), "") for cell in row]
            if "number" in found and "sides" in found:
                return _rows(grid.cells[at + 1 :], found)
    return pd.DataFrame()


def _rows(cells: list[list[str]], columns: list[str]) -> pd.DataFrame:
    named = {code: at for at, code in reversed(list(enumerate(columns))) if code}
    rows = [
        {code: row[at].strip() if at < len(row) else "" for code, at in named.items()}
        for row in cells
        if any(cell.strip() for cell in row)
    ]
    return pd.DataFrame(rows, columns=list(named), dtype="object")


def _headers() -> list[tuple[str, str]]:
    wanted = (*_NEEDED, "change", "state", "reason", "closed_on", "kind", "also", "grade",
              "likely", "classes", "owners", "area_ellipsoid", "area", "hectares", "mu", "share",
              "length", "width", "error", "lon", "lat")  # fmt: skip
    told = [
        (code, Labels(one).get(f"ledger_column.{code}")) for one in LANGUAGES for code in wanted
    ]
    return [(code, text) for code, text in told if text]


def _plain(text: str) -> str:
    return "".join(normalise(text).split()).lower()


def _code(text: Any, section: str) -> str:
    said = "" if pd.isna(text) else str(text).strip()
    for language in LANGUAGES:
        for code, word in Labels(language).section(section).items():
            if said in (code, word):
                return code
    return said


def iso_date(text: Any) -> str:
    """Return ``2026-11-24`` for a date however a planner or Excel wrote it, else the text."""
    said = "" if text is None or pd.isna(text) else normalise(str(text)).strip()
    if serial := serial_date(said):
        return serial
    if found := _DAY.fullmatch(said):
        try:
            return dt.date(*(int(part) for part in found.groups())).isoformat()
        except ValueError:
            return said
    return said
