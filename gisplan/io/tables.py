"""Verdict frames -> files for machines (.json, .gpkg, .parquet) and people (.csv)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisplan.crs import WGS84, transform
from gisplan.errors import MissingExtra
from gisplan.io.writing import write_text, write_whole
from gisplan.labels import Labels

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def lon_lat(projects: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give each project's place in WGS 84 degrees (a point of a footprint), NaN without."""
    there = transform(projects[[projects.geometry.name]], WGS84).geometry.to_numpy()
    points = shapely.point_on_surface(there)
    frame = {"lon": shapely.get_x(points), "lat": shapely.get_y(points)}
    return pd.DataFrame(frame, index=projects.index, dtype=float)


def machine_rows(projects: gpd.GeoDataFrame, verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """Lay out the contract of the ``.json``: id, name, lon, lat, then the verdict's codes."""
    place = lon_lat(projects).round(7)
    table = pd.DataFrame(
        {"id": projects.get("id"), "name": projects.get("name")}, index=projects.index
    )
    table = pd.concat([table, place, verdicts], axis=1)
    return [
        {str(key): _value(value) for key, value in row.items()} for row in table.to_dict("records")
    ]


def write_json(path: Path, run: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    """Write ``{"run": …, "projects": […]}``, UTF-8, one project per line."""
    write_text(path, json_text(run, rows))


def json_text(run: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    """Format the JSON document; numbers that are missing are ``null``."""
    told = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    head = json.dumps(dict(run), ensure_ascii=False, allow_nan=False)
    return f'{{"run": {head},\n"projects": [\n{told}\n]}}\n'


def write_vector(path: Path, projects: gpd.GeoDataFrame, verdicts: pd.DataFrame) -> None:
    """Write projects with their verdicts as GeoPackage, GeoJSON or GeoParquet, by suffix."""
    own = [name for name in projects if name not in verdicts and name != projects.geometry.name]
    table = pd.concat([projects[own], verdicts], axis=1)
    for name in table.select_dtypes("category"):
        table[name] = table[name].astype("str")
    frame = gpd.GeoDataFrame(table, geometry=projects.geometry.to_numpy(), crs=projects.crs)

    def write(beside: Path) -> None:
        if path.suffix.lower() == ".parquet":
            _to_parquet(frame, beside)
        elif path.suffix.lower() == ".gpkg":
            frame.to_file(beside, layer="verdicts", driver="GPKG")
        else:
            transform(frame, WGS84).to_file(beside, driver="GeoJSON")

    write_whole(path, write)


def _to_parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    try:
        frame.to_parquet(path)
    except ImportError as error:
        raise MissingExtra("extra_missing", name="pyarrow", extra="parquet") from error


def write_csv(path: Path, frame: pd.DataFrame, labels: Labels) -> None:
    """Write a table for people: UTF-8 with BOM for Excel, no cell that starts a formula."""
    write_text(path, "\ufeff" + csv_text(frame, labels))


def csv_text(frame: pd.DataFrame, labels: Labels) -> str:
    """Format a table as CSV with its headers in words."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([labels.get(f"column.{code}") or code for code in frame])
    for row in frame.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> str:
    value = _value(value)
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    # Numbers were handled above, so a leading sign here can only be text.
    return "'" + text if text.startswith(_STARTS_A_FORMULA) else text


def _value(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return str(value)
