"""Cells, codes and shapes as values that JSON knows."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeGuard, cast

import pandas as pd
import shapely
from shapely.geometry import Point, mapping
from shapely.geometry.base import BaseGeometry

from gisplan.terms import SEPARATOR

DIGITS: Final = 6
"""Decimals of a degree: 0.1 m, far below the accuracy of anything drawn."""

_YEAR: Final = re.compile(r"(?<!\d)(?:19|20|21)\d\d(?!\d)")


def drawable(shape: Any) -> TypeGuard[BaseGeometry]:
    """Tell whether there is something to draw."""
    return isinstance(shape, BaseGeometry) and not shape.is_empty


def geojson(shape: BaseGeometry) -> dict[str, Any]:
    """Return a shape as GeoJSON, flat and rounded."""
    flat = shapely.force_2d(shapely.transform(shape, lambda xy: xy.round(DIGITS)))
    return dict(mapping(flat))


def lat_lon(point: BaseGeometry) -> list[float]:
    """Return a point as Leaflet wants it: latitude first."""
    place = cast("Point", point)
    return [round(place.y, DIGITS), round(place.x, DIGITS)]


def ids(cell: Any) -> list[str]:
    """Split a cell of ids or codes."""
    return [part for part in text(cell).split(SEPARATOR) if part]


def text(value: Any) -> str:
    """Write a cell as text that UTF-8 can hold; what is missing is empty."""
    cell = plain(value)
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).encode("utf-8", "replace").decode()


def year_of(value: Any) -> int | None:
    """Return the first year that a cell tells (``2026``, ``2026-2028``, ``2026年3月``)."""
    found = _YEAR.search(text(value))
    return int(found[0]) if found else None


def plain(value: Any, digits: int | None = None) -> Any:
    """Turn a cell into a value JSON knows; whatever is missing or not finite is ``None``."""
    if value is None or (not isinstance(value, (list, tuple, dict)) and pd.isna(value)):
        return None
    if isinstance(value, date):
        return value.isoformat()[:10]
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return round(value, digits) if digits is not None else value
    return value


def columnar(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lay rows out as columns, so that no name of a value is written twice.

    Parameters
    ----------
    rows
        Of JSON values; what a row does not have, or has as ``None``, is left out of it.

    Returns
    -------
    dict
        ``rows``, their number; ``columns``: by name the values in the order of the rows,
        ``None`` for none, or, where values occur again and again, ``of`` (each once) and
        ``at`` (their numbers). ``Gisplan.rows`` of the page is the way back.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: _column([row.get(name) for row in rows]) for name in names}
    return {"rows": len(rows), "columns": columns}


def _column(values: list[Any]) -> Any:
    written = [None if one is None else json.dumps(one, ensure_ascii=False) for one in values]
    places: dict[str, int] = {}
    at = [None if one is None else places.setdefault(one, len(places)) for one in written]
    of = [json.loads(one) for one in places]
    shared = {"of": of, "at": at}
    return min(values, shared, key=lambda told: len(json.dumps(told, ensure_ascii=False)))
