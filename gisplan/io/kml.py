"""Placemarks of KML and KMZ, read without GDAL, which loses Chinese field names."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

import shapely
from shapely.geometry.base import BaseGeometry

from gisplan.errors import ProjectsError
from gisplan.io.sheets import LIMIT_MB, MEGABYTE, check_archive
from gisplan.io.text import cell_text, decode


class Placemark(NamedTuple):
    """Fields and geometry (WGS 84, 2-D) of a place; ``notes`` are codes of issues with it."""

    fields: dict[str, str]
    shape: BaseGeometry | None
    notes: tuple[str, ...] = ()


class _UnreadableShape(Exception):
    """A drawn geometry whose coordinates cannot be read."""


_ARCHIVE_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError,
)  # fmt: skip
_FIXED: Final = ("name", "description", "address")
_MULTI: Final[dict[str, Any]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}
_FOLDERS: Final = ("Folder", "Document")
_DRAWN: Final = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Model",
                 "Track", "MultiTrack")  # fmt: skip
_DEEPEST: Final = 32


def read_placemarks(path: Path) -> list[Placemark]:
    """Return the fields and the geometry (WGS 84, 2-D) of every placemark of a file.

    Fields are ``name``, ``description``, ``address``, the ``ExtendedData`` under their
    own names, and ``Folder``. Geometry is ``None`` where none is drawn, and where a part of
    what is drawn cannot be read (GP-INT-083); rings that were open are closed (GP-INT-016).

    Raises
    ------
    ProjectsError
        ``projects_dtd`` for a document type or entities, ``projects_disguised`` for
        something else under this name, ``projects_broken`` for damaged XML.
    """
    data = _open_kmz(path) if path.suffix.lower() == ".kmz" else path.read_bytes()
    text = decode(data, place=path.name).text.lstrip("\ufeff \t\r\n")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ProjectsError("projects_dtd", file=path.name)
    if "<kml" not in text[:4000] and ":kml" not in text[:4000]:
        raise ProjectsError("projects_disguised", file=path.name, suffix="kml")
    if text.startswith("<?xml"):  # it names the encoding of bytes that are gone
        text = text.partition("?>")[2]
    try:
        root = ET.fromstring(text)  # noqa: S314  entities are refused above
        return [_placemark(mark, folder) for mark, folder in _walk(root)]
    except (ET.ParseError, RecursionError) as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None


def _open_kmz(path: Path) -> bytes:
    check_archive(path, path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".kml")]
            if not names:
                raise ProjectsError("projects_disguised", file=path.name, suffix="kmz")
            # Read in memory: nothing is ever unpacked to a path that a member names.
            chosen = "doc.kml" if "doc.kml" in names else names[0]
            with archive.open(chosen) as member:
                data = member.read(LIMIT_MB * MEGABYTE + 1)
    except _ARCHIVE_ERRORS as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    if len(data) > LIMIT_MB * MEGABYTE:
        raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
    return data


def _walk(root: ET.Element) -> Iterator[tuple[ET.Element, str]]:
    waiting = [(root, "")]
    while waiting:
        element, folder = waiting.pop()
        tag = _tag(element)
        if tag == "Placemark":
            yield element, folder
            continue
        if tag in _FOLDERS:
            folder = _text(_child(element, "name")) or folder
        waiting.extend((child, folder) for child in reversed(element))


def _placemark(mark: ET.Element, folder: str) -> Placemark:
    fields = {name: _text(_child(mark, name)) for name in _FIXED}
    for element in mark.iter():
        if _tag(element) == "Data":
            fields.setdefault(element.get("name", ""), _text(_child(element, "value")))
        elif _tag(element) == "SimpleData":
            fields.setdefault(element.get("name", ""), _text(element))
    fields["Folder"] = folder
    drawn = [child for child in mark if _tag(child) in _DRAWN]
    try:
        shapes = [shape for child in drawn for shape in _shapes(child)]
    except (_UnreadableShape, ValueError, shapely.errors.ShapelyError):
        return Placemark(fields, None, ("GP-INT-083",))
    notes = ("GP-INT-016",) if any(map(_holds_open_ring, drawn)) else ()
    if not shapes:
        return Placemark(fields, None)
    shape = shapes[0] if len(shapes) == 1 else shapely.GeometryCollection(shapes)
    return Placemark(fields, shape, notes)


def _shapes(element: ET.Element, depth: int = 0) -> list[BaseGeometry]:
    tag = _tag(element)
    if depth > _DEEPEST:
        raise _UnreadableShape
    if tag == "MultiGeometry":
        parts = [child for child in element if _tag(child) in _DRAWN]
        return _merge([shape for child in parts for shape in _shapes(child, depth + 1)])
    if tag == "Polygon":
        return [_polygon(element)]
    points = _points(element) if tag in ("Point", "LineString", "LinearRing") else []
    if not points or (tag != "Point" and len(points) < 2):
        raise _UnreadableShape
    return [shapely.Point(points[0]) if tag == "Point" else shapely.LineString(points)]


def _holds_open_ring(element: ET.Element) -> bool:
    rings = [child for child in element.iter() if _tag(child) == "LinearRing"]
    return any(points and points[0] != points[-1] for points in map(_points, rings))


def _merge(shapes: list[BaseGeometry]) -> list[BaseGeometry]:
    """Join parts of one kind into a multi geometry, as GIS programs draw them."""
    kinds = {shape.geom_type for shape in shapes}
    if len(shapes) < 2 or len(kinds) > 1 or not kinds <= _MULTI.keys():
        return shapes
    return [_MULTI[kinds.pop()](shapes)]


def _polygon(element: ET.Element) -> BaseGeometry:
    outer = [_points(child) for child in element if _tag(child) == "outerBoundaryIs"]
    inner = [_points(child) for child in element if _tag(child) == "innerBoundaryIs"]
    if len(outer) != 1 or any(len(ring) < 3 for ring in (*outer, *inner)):
        raise _UnreadableShape
    return shapely.Polygon(outer[0], inner)


def _points(element: ET.Element) -> list[tuple[float, float]]:
    """Return the first coordinate list below an element; a broken number makes it empty."""
    found = next((child for child in element.iter() if _tag(child) == "coordinates"), None)
    points = []
    for item in _text(found).split():
        numbers = item.split(",")
        try:
            points.append((float(numbers[0]), float(numbers[1])))
        except (ValueError, IndexError):
            return []
    return points


def _child(element: ET.Element, tag: str) -> ET.Element | None:
    return next((child for child in element if _tag(child) == tag), None)


def _tag(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: ET.Element | None) -> str:
    return "" if element is None else cell_text("".join(element.itertext()))
