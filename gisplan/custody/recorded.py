"""What a file of verdicts says, cell by cell, whatever its format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Final

import pandas as pd
from shapely.geometry import shape

from gisplan.errors import GisplanError, VerifyError
from gisplan.io.cellwise import Grid, grid_of, plain, read_grids
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
            return {"projects": _records(json.loads(path.read_text("utf-8-sig"))["projects"])}
        if suffix == ".geojson":
            return {"verdicts": _records(_properties(path))}
        frame = pd.DataFrame(read_layer(path))
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error, RecursionError) as error:
        raise VerifyError("verify_broken", path=path, reason=error) from None
    except GisplanError as error:
        raise VerifyError("verify_broken", path=path, reason=error.word()) from None
    return {"verdicts": grid_of(frame, [str(name) for name in frame])}


def _properties(path: Path) -> list[dict[str, Any]]:
    """Return the features as written; GDAL would take a text that looks like a date for one."""
    features = json.loads(path.read_text("utf-8-sig"))["features"]
    return [
        {**one["properties"], "geometry": shape(one["geometry"]) if one["geometry"] else None}
        for one in features
    ]


def _records(rows: list[dict[str, Any]]) -> Grid:
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    return [list(names), *([plain(row.get(name)) for name in names] for row in rows)]
