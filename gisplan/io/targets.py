"""Tables of targets and of office buildings, read strictly: every mistake at once, with its row."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from gisplan.errors import ProjectsError
from gisplan.io.delimited import read_delimited
from gisplan.io.rows import Evidence, Grid
from gisplan.io.text import is_blank, normalise, parse_money, parse_number, split_header, units
from gisplan.io.workbooks import read_workbook
from gisplan.labels import LANGUAGES, Labels

WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls", ".ods")
SUFFIXES: Final = (*WORKBOOKS, ".csv", ".tsv")
"""Formats of these tables."""

_NUMBERS: Final = ("base", "target", "current", "province", "city")
_DATES: Final = ("base_date", "due", "current_date")
_MONEY: Final = ("tax", "revenue", "output")
_SHOWN: Final = 8
"""Mistakes named one by one; more are counted."""


class _Table(NamedTuple):
    file: str
    titles: list[str]
    rows: list[tuple[int, list[str]]]
    fields: dict[str, int]


def read_targets(path: Path) -> pd.DataFrame:
    """Read a table of targets.

    Parameters
    ----------
    path
        Workbook or delimited text. Headers are found by ``[target_header]`` of the language
        files; a column of names is needed, all others may be missing.

    Returns
    -------
    DataFrame
        ``name``, ``kind`` (``level``, ``rate`` or missing), ``unit``; ``base``,
        ``target``, ``current``, ``province``, ``city`` as numbers in that unit;
        ``base_date``, ``due``, ``current_date`` as ``datetime64`` (a year alone is its last
        day, a month alone too).

    Raises
    ------
    ProjectsError
        With every cell that is not what its column says, each with its row.
    """
    table = _read(path, "target_header", "name")
    faults: list[str] = []
    said = Labels().section("target_kind")
    kinds = {
        normalise(word).lower(): kind
        for language in LANGUAGES
        for kind, words in Labels(language).section("target_kind").items()
        for word in words
    }
    kinds |= {kind: kind for kind in said}
    unit = _header_unit(table, faults)
    columns: dict[str, list[Any]] = {"name": _column(table, "name", faults, lambda c, _: c)}
    columns["kind"] = _column(table, "kind", faults, lambda c, _: kinds[normalise(c).lower()])
    units_said = _column(table, "unit", faults, lambda c, _: c)
    columns["unit"] = [own or unit or _percent(table, row) for row, own in enumerate(units_said)]
    for name in _NUMBERS:
        columns[name] = _column(
            table, name, faults, lambda c, row: _number(c, columns["unit"][row])
        )
    for name in _DATES:
        columns[name] = _column(table, name, faults, lambda c, _: pd.Timestamp(parse_day(c)))
    _raise(table, faults)
    frame = pd.DataFrame(columns)
    texts = dict.fromkeys(("name", "kind", "unit"), "object")
    frame = frame.astype({**texts, **dict.fromkeys(_NUMBERS, "float64")})
    for name in _DATES:
        frame[name] = pd.to_datetime(frame[name])
    return frame


def read_buildings(path: Path) -> pd.DataFrame:
    """Read a table of office buildings and clusters.

    Returns
    -------
    DataFrame
        ``name``, ``of`` (``building`` where the table does not say, or ``cluster``),
        ``tax``, ``revenue``, ``output`` in yuan, each from its own column; the unit stands
        in the cell or the header and is never guessed.

    Raises
    ------
    ProjectsError
        With every mistake, each with its row.
    """
    table = _read(path, "building_header", "name")
    faults: list[str] = []
    kinds = {
        normalise(word).lower(): kind
        for language in LANGUAGES
        for kind, words in Labels(language).section("building_kind").items()
        for word in words
    }
    columns = {"name": _column(table, "name", faults, lambda c, _: c)}
    of = _column(table, "of", faults, lambda c, _: kinds[normalise(c).lower()])
    columns["of"] = [one or "building" for one in of]
    for name in _MONEY:
        at = table.fields.get(name)
        worth = units("money").get(split_header(table.titles[at]).note) if at is not None else None
        columns[name] = _column(table, name, faults, lambda c, _, w=worth: _yuan(c, w))  # type: ignore[misc]
    _raise(table, faults)
    return pd.DataFrame(columns).astype(dict.fromkeys(_MONEY, "float64"))


def parse_day(cell: str) -> dt.date:
    """Read a date; of a year or a month alone, its last day.

    Raises
    ------
    ValueError
        For anything else.
    """
    text = re.sub(r"[年月](?=[0-9])", "-", normalise(cell))
    text = re.sub(r"[年月日]$", "", text.rstrip("底末"))
    found = _DAY.fullmatch(text)
    if not found:
        raise ValueError(cell)
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    if month is None:
        return dt.date(year, 12, 31)
    if day is not None:
        return dt.date(year, month, day)
    first = dt.date(year, month, 1)  # refuses a thirteenth month
    return (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


_DAY: Final = re.compile(r"([12][0-9]{3})(?:[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2}))?)?")
"""Year, month, day with signs between them: ``20245`` and ``2024-`` are no dates."""


def _percent(table: _Table, row: int) -> str | None:
    """Return ``%`` where every number of a row without a unit is written with it."""
    cells = table.rows[row][1]
    at = [table.fields[name] for name in _NUMBERS if name in table.fields]
    said = [normalise(cells[k]) for k in at if k < len(cells) and not is_blank(cells[k])]
    return "%" if said and all(one.endswith("%") for one in said) else None


def _number(cell: str, unit: str | None) -> float:
    text = normalise(cell)
    if unit:
        text = text.removesuffix(normalise(unit)).strip()
    value = parse_number(text)
    if value is None:
        raise ValueError(cell)
    return value


def _yuan(cell: str, unit: float | None) -> float:
    amount, _ = parse_money(cell, unit=unit)
    if amount is None or amount < 0:
        raise ValueError(cell)
    return amount


def _column(
    table: _Table, field: str, faults: list[str], read: Callable[[str, int], Any]
) -> list[Any]:
    """Read one column; what cannot be read is a fault with its row, blanks are missing."""
    at = table.fields.get(field)
    values: list[Any] = []
    for row, (number, cells) in enumerate(table.rows):
        cell = cells[at] if at is not None and at < len(cells) else ""
        value = None
        if is_blank(cell) and field == "name":
            faults.append(f"{number} · {table.titles[at or 0]}: —")
        elif not is_blank(cell):
            try:
                value = read(cell, row)
            except (ValueError, KeyError):
                faults.append(f"{number} · {table.titles[at or 0]}: {cell}")
        values.append(value)
    return values


def _header_unit(table: _Table, faults: list[str]) -> str | None:
    """Return the unit that number headers name in brackets; two different ones are a fault."""
    notes = {
        split_header(table.titles[table.fields[name]]).note
        for name in _NUMBERS
        if name in table.fields
    } - {""}
    if len(notes) > 1:
        faults.append(" ≠ ".join(sorted(notes)))
    return next(iter(sorted(notes)), None)


def _read(path: Path, headers: str, needed: str) -> _Table:
    if not path.is_file():
        raise ProjectsError("projects_missing", file=path)
    if path.suffix.lower() not in SUFFIXES:
        allowed = " ".join(SUFFIXES)
        raise ProjectsError(
            "projects_suffix", file=path, suffix=path.suffix or "-", allowed=allowed
        )
    evidence: list[Evidence] = []
    if path.suffix.lower() in WORKBOOKS:
        grids = read_workbook(path, sheet=None, evidence=evidence)
    else:
        grids = [read_delimited(path, None, evidence)]
    for grid in grids:
        found = _headed(path.name, grid, _meanings(headers), needed)
        if found is not None:
            return found
    names = tuple(Labels().section(headers)[needed])
    raise ProjectsError("table_headless", file=path.name, wanted=names)


def _headed(file: str, grid: Grid, meanings: Mapping[str, str], needed: str) -> _Table | None:
    """Find the row of titles among the first twenty: it names the column that is needed."""
    for at, cells in enumerate(grid.cells[:20]):
        fields: dict[str, int] = {}
        for position, title in enumerate(cells):
            meant = meanings.get(split_header(title).name)
            if meant is not None:
                fields.setdefault(meant, position)
        if needed in fields and len(fields) > 1:
            below = enumerate(grid.cells[at + 1 :], start=at + 2)
            rows = [(number, row) for number, row in below if not all(map(is_blank, row))]
            return _Table(file, list(cells), rows, fields)
    return None


def _meanings(headers: str) -> dict[str, str]:
    return {
        split_header(title).name: field
        for language in LANGUAGES
        for field, titles in Labels(language).section(headers).items()
        for title in titles
    }


def _raise(table: _Table, faults: list[str]) -> None:
    if faults:
        shown = "; ".join(faults[:_SHOWN]) + ("; …" if len(faults) > _SHOWN else "")
        raise ProjectsError("table_faults", file=table.file, count=len(faults), faults=shown)
