"""Tables as grids of typed tokens: to hash what was written and to compare it with what is read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import python_calamine as calamine
import shapely
from shapely.geometry.base import BaseGeometry

from gisplan.errors import ProjectsError, VerifyError
from gisplan.io.extent import check_parts
from gisplan.io.limits import check_archive

Grid = list[list[Any]]
"""Rows of plain values: text, float, bool, date, geometry or ``None``; first the titles."""

RELATIVE, ABSOLUTE = 1e-8, 1e-6
"""By how much two numbers may differ and be one: other builds of GEOS and PROJ round otherwise.

Of a longitude of 114° that is 0.13 m; a millionth would be 13 m.
"""


def plain(value: Any) -> Any:
    """Return a cell as one of the types of a `Grid`, whatever library it comes from."""
    if type(value) is str:  # most cells are
        return (value.replace("\r\n", "\n") if "\r" in value else value) or None
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else value.replace(microsecond=0)
    if isinstance(value, (dt.date, BaseGeometry)):
        return value
    text = str(value).replace("\r\n", "\n")
    return text or None


def grid_of(frame: pd.DataFrame, titles: Sequence[str]) -> Grid:
    """Lay out a frame, titles first."""
    rows = frame.itertuples(index=False, name=None)
    return [[plain(one) for one in titles], *([plain(value) for value in row] for row in rows)]


def system(frame: gpd.GeoDataFrame) -> Grid:
    """Name the system that the numbers of a frame are in, as a grid of one cell."""
    crs = pyproj.CRS(frame.crs) if frame.crs is not None else None
    if crs is None:
        return [[None]]
    known = crs.to_authority()
    if known is not None:
        return [[":".join(known)]]
    projected = crs.coordinate_operation
    numbers = [f"{one.name}={one.value:.9g}" for one in projected.params] if projected else []
    return [["; ".join([crs.name, *numbers])]]


def digest(grids: Mapping[str, Grid]) -> str:
    """Return the sha256 of what tables say, whatever file they stand in."""
    said = [
        [name, [[_token(cell) for cell in _trimmed(row)] for row in _trimmed_rows(grid)]]
        for name, grid in grids.items()
    ]
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def same(one: Any, other: Any) -> bool:
    """Tell whether two cells say the same."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    if isinstance(one, BaseGeometry) and isinstance(other, BaseGeometry):
        return bool(shapely.equals_exact(_single(one), _single(other), tolerance=ABSOLUTE))
    return type(one) is type(other) and bool(one == other)


def read_grids(path: Path) -> dict[str, Grid]:
    """Read every sheet of an .xlsx with its types, hidden ones too.

    Raises
    ------
    VerifyError
        ``verify_broken`` where it is no workbook or a damaged one.
    """
    if not zipfile.is_zipfile(path):
        raise VerifyError("verify_broken", path=path, reason="zip")
    try:
        check_archive(path, path.name)
        check_parts(path)
        with path.open("rb") as opened, calamine.load_workbook(opened) as book:
            return {
                name: [
                    [plain(cell) for cell in row]
                    for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                ]
                for name in book.sheet_names
            }
    except (calamine.CalamineError, ProjectsError) as error:
        raise VerifyError("verify_broken", path=path, reason=error) from None


def _token(cell: Any) -> str:
    if cell is None:
        return ""
    if type(cell) is str:
        return "t" + cell
    if isinstance(cell, bool):
        return f"b{cell:d}"
    if isinstance(cell, float):
        return f"n{cell:.9g}" if cell else "n0"
    if isinstance(cell, BaseGeometry):
        return f"g{shapely.to_wkt(_single(cell), rounding_precision=6)}"
    return f"d{cell.isoformat()}" if isinstance(cell, dt.date) else f"t{cell}"


def _single(shape: BaseGeometry) -> BaseGeometry:
    """Take the one part out of a collection of one: some formats know collections only."""
    parts = getattr(shape, "geoms", None)
    return parts[0] if parts is not None and len(parts) == 1 else shape


def _trimmed(row: Sequence[Any]) -> list[Any]:
    """Leave out what is blank at the end, which a reader may or may not give."""
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return list(row[:end])


def _trimmed_rows(grid: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    rows = list(grid)
    while rows and not _trimmed(rows[-1]):
        rows.pop()
    return rows
