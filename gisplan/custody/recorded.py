"""What a file of verdicts says, cell by cell, whatever its format."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pandas as pd
from shapely.geometry import shape

from gisplan.errors import GisplanError, VerifyError
from gisplan.io.cellwise import Grid, grid_of, plain, read_grids, system
from gisplan.io.text import decode
from gisplan.io.vectors import read_layer

FORMATS: Final = (".xlsx", ".csv", ".json", ".geojson", ".gpkg", ".parquet")
"""Formats that hold each verdict as it was; a shapefile has cut and renamed them."""


def require_format(path: Path) -> str:
    """Return the suffix of a file that holds verdicts.

    Raises
    ------
    VerifyError
        ``verify_format`` for a picture, a page, a report, a shapefile.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        allowed = " ".join(FORMATS)
        raise VerifyError("verify_format", path=path, suffix=suffix or "-", allowed=allowed)
    return suffix


def read_content(path: Path) -> dict[str, Grid]:
    """Read the tables of a result as `gisplan.outputs.siting.content` lays them out.

    Raises
    ------
    VerifyError
        ``verify_format`` for a format without verdicts, ``verify_broken`` where it is damaged.
    """
    suffix = require_format(path)
    if suffix == ".xlsx":
        return read_grids(path)
    try:
        if suffix == ".csv":
            text = decode(path.read_bytes(), place=path.name).text
            rows = csv.reader(io.StringIO(text, newline=""), strict=True)
            return {"csv": [[plain(cell) for cell in row] for row in rows]}
        if suffix == ".json":
            held = _document(path)
            return {"projects": _records(held["projects"]), **_besides(held, ("run", "projects"))}
        if suffix == ".geojson":
            held = _document(path)
            return {"verdicts": _records(_properties(held)), **_besides(held, _GEOJSON)}
        layers = layer_names(path) if suffix == ".gpkg" else []
        frame = read_layer(path, layer=_TABLE if _TABLE in layers else None)
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error, RecursionError,
            sqlite3.Error) as error:  # fmt: skip
        raise VerifyError("verify_broken", path=path, reason=error) from None
    except GisplanError as error:
        raise VerifyError("verify_broken", path=path, reason=error.word()) from None
    more: dict[str, Grid] = {name: [] for name in layers if name != _TABLE}
    table = grid_of(pd.DataFrame(frame), [str(name) for name in frame])
    return {"verdicts": table, "crs": system(frame), **more}


_TABLE: Final = "verdicts"
_GEOJSON: Final = ("type", "name", "description", "features", "bbox", "crs")
_WGS84: Final = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}


def _document(path: Path) -> dict[str, Any]:
    """Parse JSON in which no name is given twice: readers differ in which of two they take."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError(", ".join(name for name, _ in pairs))
        return dict(pairs)

    held: dict[str, Any] = json.loads(path.read_text("utf-8-sig"), object_pairs_hook=once)
    return held


def _besides(held: dict[str, Any], known: Sequence[str]) -> dict[str, Grid]:
    """Return what a document holds besides what we write, each as a table of its own."""
    more: dict[str, Grid] = {
        name: [[plain(json.dumps(one, ensure_ascii=False))]]
        for name, one in held.items() if name not in known
    }  # fmt: skip
    if "crs" in known and held.get("crs", _WGS84) != _WGS84:
        more["crs"] = [[plain(json.dumps(held["crs"], ensure_ascii=False))]]
    return more


def layer_names(path: Path) -> list[str]:
    """Name everything that a program would list as a layer of a GeoPackage, views too."""
    with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as held:
        rows = held.execute("SELECT table_name FROM gpkg_contents ORDER BY rowid").fetchall()
    return [str(name) for (name,) in rows]


def _properties(held: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the features as written; GDAL would take a text that looks like a date for one."""
    features = held["features"]
    return [
        {**one["properties"], "geometry": shape(one["geometry"]) if one["geometry"] else None}
        for one in features
    ]


def _records(rows: list[dict[str, Any]]) -> Grid:
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    return [list(names), *([plain(row.get(name)) for name in names] for row in rows)]
