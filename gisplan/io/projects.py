"""A list of projects, from any file a planner has, to the *projects* frame and its issues."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Column, Columns
from gisplan.crs import NamedCrs, parse_crs
from gisplan.errors import ProjectsError
from gisplan.frames import Table, framed
from gisplan.industries import normalise_codes
from gisplan.io.column_text import decimals
from gisplan.io.formats import DELIMITED, VECTORS, WORKBOOKS
from gisplan.io.identity import note_names_and_ids
from gisplan.io.places import locate
from gisplan.io.rows import IssueLog, Rows
from gisplan.io.text import (
    is_blank,
    match_headers,
    normalise,
    parse_length,
    parse_money,
    split_header,
    units,
)
from gisplan.terms import PROJECT_COLUMNS, VERDICT_COLUMNS, VERDICT_TAIL, Rule

if TYPE_CHECKING:
    import pandas as pd
    import pyproj
    from geopandas import GeoDataFrame

Texts = NDArray[np.object_]

SUFFIXES: Final = (*WORKBOOKS, *DELIMITED, *VECTORS)
"""Formats that can be read, by suffix."""

_TEXT_FIELDS: Final = ("id", "name", "industry", "location", "stage", "year", "source", "note")
# Verdicts are joined to projects, so their names are not free for a user's column either.
_RESERVED: Final = frozenset((*PROJECT_COLUMNS, *VERDICT_COLUMNS, *VERDICT_TAIL, *Rule))
_COORDINATES: Final = ("lon", "lat", "lonlat", "x", "y", "east", "north")


@framed("projects", "issues")
@dataclass(frozen=True)
class Intake:
    """What a file of projects holds; frames are made when they are asked for.

    Attributes
    ----------
    projects
        One row per project, in file order, see :func:`intake`.
    issues
        One row per issue, columns ``terms.ISSUE_COLUMNS``, in row order.
    evidence
        What was recognised or inferred, as (code, value); `gisplan.io.evidence`
        words it. The value of ``columns`` is a JSON object of titles by field.
    """

    projects: GeoDataFrame
    issues: pd.DataFrame
    evidence: tuple[tuple[str, str], ...]


def read_projects(
    path: str | Path,
    *,
    crs: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> GeoDataFrame:
    """Read a list of projects; :func:`intake` without issues table and evidence."""
    return intake(path, crs=crs, encoding=encoding, sheet=sheet).projects


def intake(
    path: str | Path,
    *,
    crs: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Read a list of projects and tell what was recognised and what was not.

    Parameters
    ----------
    path
        Workbook (xlsx, xlsm, xls, ods), delimited text (csv, tsv, txt), GeoJSON,
        GeoPackage, Shapefile, GeoParquet, KML or KMZ on this machine.
    crs
        System of the coordinates, as in :func:`gisplan.crs.parse_crs`; wins over what
        the file says. Without it, longitude and latitude in a table are read as WGS 84.
    encoding
        Of text formats; by default found strictly, never by a fallback.
    sheet, layer
        Sheet or layer to read (two words for one thing); by default the first visible
        one with a recognisable header.

    Returns
    -------
    Intake
        ``projects`` has a plain range index and the columns ``terms.PROJECT_COLUMNS``
        (text ``str``; ``investment`` yuan and ``accuracy`` metres ``float64``; ``row``
        ``int64``), the user's other columns as text under their own names, and geometry
        last: points, lines or polygons, 2-D, ``None`` where the place cannot be read.
        CRS: WGS 84 for WGS 84, GCJ-02 and BD-09 input, else that of the input.

    Raises
    ------
    ProjectsError
        Where the file cannot be read as a list of projects, with place and remedy.
    CrsError
        For an unknown ``crs``, or a GIS file without one.
    MissingExtra
        For GeoParquet without pyarrow.
    """
    declared = parse_crs(crs) if crs is not None else None
    file = _check_path(path)
    rows, log = _read(file, encoding, sheet or layer, declared=declared is not None)
    if not rows.cells:
        raise ProjectsError("projects_empty", file=file.name)
    return take_rows(rows, log, declared=declared)


def _read(
    file: Path, encoding: str | None, part: str | None, *, declared: bool
) -> tuple[Rows, IssueLog]:
    """Read a file with the reader of its kind; the others are not even loaded."""
    suffix = file.suffix.lower()
    if suffix in VECTORS:
        from gisplan.io.vectors import read_vectors

        return read_vectors(file, encoding=encoding, layer=part)
    if suffix == ".txt":
        from gisplan.io.parcels import is_parcels, read_parcels

        if is_parcels(file):
            return read_parcels(file, encoding=encoding, declared=declared)
    from gisplan.io.sheets import read_table

    return read_table(file, encoding=encoding, sheet=part)


def take_rows(rows: Rows, log: IssueLog, *, declared: NamedCrs | None) -> Intake:
    """Read rows of text into projects, their places and their issues."""
    places, crs = locate(rows, log, declared=declared)
    columns = _read_columns(rows, log)
    return _assemble(rows, log, columns, places, crs)


def _check_path(path: str | Path) -> Path:
    """Return the path of a readable file of a known format, without opening it further."""
    text = str(path)
    if text.startswith("/vsi") or "://" in text or set(text) & set("<{\0\n"):
        raise ProjectsError("projects_virtual_path", file=text)
    file = Path(text)
    try:
        if file.is_dir():
            raise ProjectsError("projects_directory", file=text)
        if not file.exists():
            raise ProjectsError("projects_missing", file=text)
        if file.suffix.lower() not in SUFFIXES:
            allowed = " ".join(SUFFIXES)
            raise ProjectsError(
                "projects_suffix", file=text, suffix=file.suffix or "-", allowed=allowed
            )
        with file.open("rb") as opened:
            if not opened.read(1):
                raise ProjectsError("projects_empty_file", file=text)
    except OSError as error:
        raise ProjectsError(
            "projects_unreadable", file=text, reason=error.strerror or error
        ) from None
    return file


# --- columns --------------------------------------------------------------------------------


def _read_columns(rows: Rows, log: IssueLog) -> dict[str, Column]:
    found = match_headers(rows.titles)
    columns: dict[str, Column] = {
        field: _text(rows.column(found.get(field))) for field in _TEXT_FIELDS
    }
    columns["industry_code"] = _read_codes(rows, log, found.get("industry_code"))
    columns["investment"] = _read_measures(rows, log, found.get("investment"), "money")
    columns["accuracy"] = _read_measures(rows, log, found.get("accuracy"), "length")
    columns["sheet"] = _text([rows.sheet] * len(rows.cells))
    columns["row"] = np.array(rows.numbers, dtype=np.int64)
    note_names_and_ids(rows, log)
    matched = {field: rows.titles[position] for field, position in found.items()}
    rows.evidence.append(("columns", json.dumps(matched, ensure_ascii=False)))
    return columns


def _text(cells: list[str]) -> Texts:
    return np.array([cell or None for cell in cells], dtype=object)


def _read_codes(rows: Rows, log: IssueLog, position: int | None) -> Texts:
    cells = rows.column(position)
    filled = {cell for cell in set(cells) if not is_blank(cell)}
    known = {cell: normalise_codes(normalise(cell)) for cell in filled}
    for number, cell in zip(rows.numbers, cells, strict=True):
        if cell in filled and known[cell] is None and position is not None:
            log.add("GP-INT-034", number, column=rows.titles[position], value=cell)
    return np.array([known.get(cell) for cell in cells], dtype=object)


def _read_measures(rows: Rows, log: IssueLog, position: int | None, kind: str) -> Any:
    """Read a column of money (to yuan) or accuracy (to metres), unit by cell or header."""
    amounts = np.full(len(rows.cells), np.nan)
    if position is None:
        return amounts
    title = rows.titles[position]
    unit, shown = _unit_of(title, kind)
    rows.evidence.append((f"unit_{kind}", shown))
    cells = rows.column(position)
    if unit is not None and not rows.merged:
        # Numbers without a sign or a unit are most of such a column; what is 0 is looked at.
        plain = decimals(cells)
        sure = plain > 0
        amounts[sure] = [round(one * unit, 6) for one in plain[sure].tolist()]
        amounts[amounts == 0] = np.nan  # what is rounded to nothing is looked at, too
    for here in np.flatnonzero(~(amounts > 0)).tolist():
        cell = cells[here]
        if not cell or is_blank(cell):
            continue
        amount, code = _read_measure(cell, unit, kind)
        if kind == "money" and (here, position) in rows.merged:
            amount, code = None, "GP-INT-032"
        if amount is not None:
            amounts[here] = amount
        else:
            log.add(code, rows.numbers[here], column=title, value=cell)
    return amounts


def _read_measure(cell: str, unit: float | None, kind: str) -> tuple[float | None, str]:
    if kind == "money":
        amount, problem = parse_money(cell, unit=unit)
        return amount, "GP-INT-031" if problem == "unit" else "GP-INT-030"
    metres, _ = parse_length(cell, unit=unit)
    return (metres, "") if metres else (None, "GP-INT-033")


def _unit_of(title: str, kind: str) -> tuple[float | None, str]:
    """Return the worth of the unit in a title; accuracy without one is in metres."""
    note = split_header(title).note
    if kind == "money":
        return units("money").get(note), title
    return (units("length")[note], note) if note in units("length") else (1.0, "m")


# --- the frame ------------------------------------------------------------------------------


def _assemble(
    rows: Rows, log: IssueLog, columns: dict[str, Column], places: Texts, crs: pyproj.CRS | None
) -> Intake:
    kept = _other_columns(rows, log)
    if kept:
        rows.evidence.append(("columns_kept", "、".join(kept)))
    columns["intake_issues"] = _text(log.codes(rows.numbers))
    own = {name: columns[name] for name in PROJECT_COLUMNS if name != "geometry"}
    projects: Any = Table(Columns({**own, **kept, "geometry": places}), crs)
    issues: Any = log.table()
    return Intake(projects, issues, tuple(rows.evidence))


def _other_columns(rows: Rows, log: IssueLog) -> dict[str, Column]:
    """Return the columns not read into a field; drawn geometry leaves coordinate columns."""
    found = match_headers(rows.titles)
    drawn = rows.geometry is not None
    used = {position for field, position in found.items() if not drawn or field not in _COORDINATES}
    kept: dict[str, Column] = {}
    for position, title in enumerate(rows.titles):
        cells = rows.column(position)
        if position in used or not (title or any(cells)):
            continue
        name = _free_name(title or f"column {position + 1}", kept)
        if title and name != title:
            log.add("GP-INT-050", None, column=title, value=name)
        kept[name] = _text(cells)
    return kept


def _free_name(title: str, kept: Mapping[str, object]) -> str:
    name, count = title, 1
    while name in _RESERVED or name in kept:
        count += 1
        name = f"{title} ({count})"
    return name
