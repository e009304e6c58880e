"""Verdicts as flat text: .csv for people, .json for machines; no geometry, so no GIS library."""

from __future__ import annotations

import csv
import io
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.columns import Coded, Columns
from gisplan.crs import WGS84, moved
from gisplan.io.kinds import told
from gisplan.io.provenance import provenance_text
from gisplan.io.writing import write_text
from gisplan.labels import Labels

if TYPE_CHECKING:
    import pandas as pd
    import pyproj

_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "|", "＝", "＋", "－", "＠")
_BREAKS: Final = ("\t", "\r", "\n")
_UNSEEN: Final = ("Cc", "Cf", "Zs")
"""Categories of characters that some program drops before it looks for a formula."""


def cells_of(table: pd.DataFrame | Columns) -> list[list[Any]]:
    """Return the columns of a table as plain values, ``None`` for what is missing."""
    if isinstance(table, Columns):
        return [plain_cells(table[name]) for name in table]
    columns = (table.iloc[:, at] for at in range(table.shape[1]))
    return [
        [None if lost else value for value, lost in zip(one.tolist(), one.isna(), strict=True)]
        for one in columns
    ]


def plain_cells(column: NDArray[Any] | Coded | list[Any]) -> list[Any]:
    """Return a column as plain values, ``None`` for what is missing."""
    if isinstance(column, list):
        return column
    if isinstance(column, Coded):
        return list(map([*column.categories, None].__getitem__, column.codes.tolist()))
    if column.dtype.kind == "f":
        return [one if math.isfinite(one) else None for one in column.tolist()]
    if column.dtype.kind == "M":
        return list(column.astype("datetime64[s]").tolist())
    return list(column.tolist())


def places_of(
    shapes: NDArray[np.object_], crs: pyproj.CRS | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the place of each shape in WGS 84 degrees (a point of a footprint), NaN without."""
    there, _ = moved(shapes, crs, WGS84)
    points = shapely.point_on_surface(there)
    return shapely.get_x(points), shapely.get_y(points)


def machine_columns(listed: Columns, crs: pyproj.CRS | None, verdicts: Columns) -> Columns:
    """Lay out the contract of the ``.json``: id, name, lon, lat, then the verdict's codes."""
    lon, lat = (np.round(one, 7) for one in places_of(listed.array("geometry"), crs))
    own = {name: listed[name] if name in listed else listed.texts(name) for name in ("id", "name")}
    return Columns({**own, "lon": lon, "lat": lat, **verdicts}, listed.rows)


def machine_rows(table: Columns) -> list[dict[str, Any]]:
    """Return the rows of `machine_columns` as they stand in the document."""
    names = list(table)
    rows = zip(*([_value(one) for one in column] for column in cells_of(table)), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def write_json(path: Path, run: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    """Write ``{"run": …, "projects": […]}``, UTF-8, one project per line."""
    write_text(path, json_text(run, rows))


def json_text(run: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    """Format the JSON document; numbers that are missing are ``null``."""
    told = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    head = provenance_text(run)
    return f'{{"run": {head},\n"projects": [\n{told}\n]}}\n'


def write_csv(path: Path, table: pd.DataFrame | Columns, labels: Labels) -> None:
    """Write a table for people: UTF-8 with BOM for Excel, no cell that starts a formula."""
    write_text(path, "\ufeff" + csv_text(table, labels))


def csv_text(table: pd.DataFrame | Columns, labels: Labels) -> str:
    """Format a table as CSV with its headers in words."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(labels.get(f"column.{code}") or code) for code in table])
    writer.writerows(_rows(cells_of(table), len_of(table)))
    return out.getvalue()


def len_of(table: pd.DataFrame | Columns) -> int:
    """Return the number of rows."""
    return table.rows if isinstance(table, Columns) else len(table)


def _rows(columns: Sequence[Iterable[Any]], rows: int) -> Iterable[Sequence[str]]:
    if not columns:
        return [()] * rows
    return zip(*([_cell(value) for value in column] for column in columns), strict=True)


def _cell(value: Any) -> str:
    value = _value(value)
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    # Numbers were handled above, so a leading sign here can only be text.
    first = next((c for c in text if unicodedata.category(c) not in _UNSEEN), "")
    return "'" + text if text.startswith(_BREAKS) or first in _STARTS_A_FORMULA else text


def _value(value: Any) -> Any:
    if value is None or type(value) is str:
        return value
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return told(value)
