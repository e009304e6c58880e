"""GeoJSON: what it has to be before anybody reads it, and ordinary areas of it without GDAL.

GDAL comes with pandas and geopandas, which cost more to load than a list takes to check. So
GeoJSON that leaves one reading is read here, to the same numbers; whatever is odd in any way
(another kind of geometry, heights, an open ring, a column of several types) is left to GDAL.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.crs import WGS84
from gisplan.errors import ProjectsError
from gisplan.io.rows import Evidence
from gisplan.io.text import cell_text, decode

GEOJSON: Final = (".geojson", ".json")
_TYPES: Final = ("FeatureCollection", "Feature")
_CRS84: Final = re.compile(r"urn:ogc:def:crs:OGC:(1\.3)?:CRS84")
_EPSG: Final = re.compile(r"(?:urn:ogc:def:crs:EPSG:[\d.]*:|EPSG:)(\d{4,6})")
_MEMBERS: Final = frozenset(
    {"type", "features", "properties", "geometry", "name", "description", "crs", "bbox"}
)
"""Members that leave one reading: by others GDAL takes a document for JSON-FG, or adds columns."""
_LIKE_A_DATE: Final = re.compile(r"\s*\d{1,4}[-/:T]")
"""What GDAL may take for a date or a time, and then writes in its own way."""


class Content(NamedTuple):
    """A GeoJSON document that was looked through.

    ``text`` is what GDAL may be given; ``left`` the address of a CRS that was taken out, which
    GDAL would have fetched.
    """

    document: dict[str, Any]
    text: str
    left: str

    @property
    def features(self) -> list[Any]:
        """The features, of which there is at least one."""
        many = self.document["type"] == "FeatureCollection"
        return list(self.document["features"]) if many else [self.document]


def read_content(path: Path, encoding: str | None, evidence: list[Evidence]) -> Content:
    """Read a document, and refuse what is no GeoJSON or would lose a row on the way.

    Raises
    ------
    ProjectsError
        ``projects_disguised``, ``projects_broken``, ``projects_empty``.
    """
    decoded = decode(path.read_bytes(), encoding=encoding, place=path.name)
    if decoded.encoding != "utf-8":
        evidence.append((f"encoding_{decoded.basis}", decoded.encoding))
    if not decoded.text.lstrip().startswith("{"):
        raise ProjectsError("projects_disguised", file=path.name, suffix="GeoJSON")
    try:
        content = json.loads(decoded.text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    kind = content.get("type") if isinstance(content, dict) else None
    if kind not in _TYPES:
        raise ProjectsError("projects_disguised", file=path.name, suffix="GeoJSON")
    features = content.get("features") if kind == "FeatureCollection" else [content]
    if not features:
        raise ProjectsError("projects_empty", file=path.name)
    if not isinstance(features, list):
        raise ProjectsError("projects_broken", file=path.name, reason="features")
    # GDAL passes over an entry of another type without a word, and a row would be lost.
    for at, one in enumerate(features, start=1):
        if not isinstance(one, dict) or one.get("type") != "Feature":
            raise ProjectsError("projects_broken", file=path.name, reason=f"features[{at}]")
    left = _drop_crs_links(content)
    plain = "crs" not in decoded.text and "\\u" not in decoded.text
    # Written anew where a CRS may be named, so that GDAL reads what was looked at here.
    text = decoded.text if plain else json.dumps(content, ensure_ascii=False)
    return Content(content, text, left)


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; two lists of features in one are refused, as readers differ on them."""
    made = dict(members)
    if len(made) < len(members) and [name for name, _ in members].count("features") > 1:
        raise ValueError("features, features")
    return made


def _drop_crs_links(content: dict[str, Any]) -> str:
    """Take off every CRS that is given as an address; return the first of them."""
    found = ""
    waiting: list[Any] = [content]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict):
            continue
        crs = part.get("crs")
        if isinstance(crs, dict) and crs.get("type") not in ("name", "EPSG"):
            properties = part.pop("crs").get("properties")
            address = properties.get("href", "-") if isinstance(properties, dict) else "-"
            found = found or cell_text(address)[:200] or "-"
        waiting.append(part.get("geometry"))
        for name in ("features", "geometries"):
            inner = part.get(name)
            waiting.extend(inner if isinstance(inner, list) else ())
    return found


# --- without GDAL ---------------------------------------------------------------------------


class PlainFeatures(NamedTuple):
    """Geometry of features (``None`` where one has none), its system, and their properties."""

    geometry: NDArray[np.object_]
    crs: pyproj.CRS
    properties: list[dict[str, Any]]

    def texts(self, column: str) -> list[str | None] | None:
        """Return a column of plain texts or whole numbers; ``None`` where GDAL has to say."""
        names = {name for one in self.properties for name in one if name.lower() == column.lower()}
        if names != {column} or any(column not in one for one in self.properties):
            return None
        values = [one[column] for one in self.properties]
        if all(type(one) is int for one in values):
            return [str(one) for one in values] if max(map(abs, values)) < 2**31 else None
        told = all(one is None or type(one) is str for one in values) and any(values)
        if not told or any(one and ("\0" in one or _LIKE_A_DATE.match(one)) for one in values):
            return None
        return values


def plain_features(content: Content) -> PlainFeatures | None:
    """Return the features of a document that leaves one reading; ``None`` for any other."""
    features, many = content.features, content.document["type"] == "FeatureCollection"
    crs = None if content.left else _system(content.document)
    odd = any(not _MEMBERS.issuperset(one) for one in (content.document, *features))
    odd |= many and any("crs" in one for one in features)  # each in a system of its own
    if crs is None or odd or len(features) == 0:
        return None
    properties = [one.get("properties") for one in features]
    if not all(isinstance(one, dict) for one in properties):
        return None
    try:
        drawn = [_shape(one.get("geometry")) for one in features]
    except (ValueError, TypeError, OverflowError, shapely.errors.GEOSException):
        return None
    geometry = np.empty(len(drawn), dtype=object)
    geometry[:] = drawn
    return PlainFeatures(geometry, crs, [dict(one) for one in properties if one is not None])


def _system(document: dict[str, Any]) -> pyproj.CRS | None:
    if "crs" not in document:
        return WGS84
    crs = document["crs"]
    named = crs.get("properties") if isinstance(crs, dict) and crs.get("type") == "name" else None
    name = named.get("name") if isinstance(named, dict) else None
    if not isinstance(name, str):
        return None
    if _CRS84.fullmatch(name):
        return WGS84
    code = _EPSG.fullmatch(name)
    try:
        return pyproj.CRS.from_epsg(int(code[1])) if code else None
    except pyproj.exceptions.CRSError:
        return None


def _shape(geometry: Any) -> Any:
    """Make a line or polygon, of one or more parts; raise for whatever else it is."""
    if geometry is None:
        return None
    if set(geometry) != {"type", "coordinates"}:
        raise ValueError
    kind, parts = geometry["type"], geometry["coordinates"]
    if kind == "LineString":
        return shapely.linestrings(_vertices(parts, 2))
    if kind == "MultiLineString" and parts:
        lines: list[Any] = [shapely.linestrings(_vertices(one, 2)) for one in parts]
        return shapely.multilinestrings(lines)
    if kind == "Polygon":
        return _polygon(parts)
    if kind == "MultiPolygon" and parts:
        return shapely.multipolygons([_polygon(one) for one in parts])
    raise ValueError


def _polygon(rings: Sequence[Any]) -> Any:
    made: list[Any] = [shapely.linearrings(_ring(one)) for one in rings]
    outer, *holes = made
    return shapely.polygons(outer, holes=holes or None)


def _ring(vertices: Any) -> NDArray[np.float64]:
    found = _vertices(vertices, 4)
    if not np.array_equal(found[0], found[-1]):
        raise ValueError
    return found


def _vertices(vertices: Any, least: int) -> NDArray[np.float64]:
    # Only numbers of JSON: numpy would also read texts and truths.
    flat = [number for vertex in vertices for number in vertex]
    if len(vertices) < least or not all(type(one) in (int, float) for one in flat):
        raise ValueError
    found = np.array(vertices, dtype=np.float64)
    # With heights GDAL reads another system, that of WGS 84 in three dimensions.
    if found.ndim != 2 or found.shape[1] != 2 or not math.isfinite(found.sum()):
        raise ValueError
    return found
