"""Placemarks of KML and KMZ, read without GDAL, which loses Chinese field names."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import shapely
from shapely.geometry.base import BaseGeometry

from gisplan.errors import ProjectsError
from gisplan.io.sheets import LIMIT_MB, MEGABYTE, check_archive
from gisplan.io.text import cell_text, decode

Placemark = tuple[dict[str, str], BaseGeometry | None]

_FIXED: Final = ("name", "description", "address")
_MULTI: Final[dict[str, Any]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}
_FOLDERS: Final = ("Folder", "Document")


def read_placemarks(path: Path) -> list[Placemark]:
    """Return the fields and the geometry (WGS 84, 2-D) of every placemark of a file.

    Fields are ``name``, ``description``, ``address``, the ``ExtendedData`` under their
    own names, and ``Folder``. Geometry is ``None`` where there is none to be read.

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
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
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
    shapes = [shape for child in mark for shape in _shapes(child)]
    if not shapes:
        return fields, None
    return fields, shapes[0] if len(shapes) == 1 else shapely.GeometryCollection(shapes)


def _shapes(element: ET.Element) -> list[BaseGeometry]:
    tag = _tag(element)
    if tag == "MultiGeometry":
        return _merge([shape for child in element for shape in _shapes(child)])
    if tag == "Polygon":
        return _polygon(element)
    points = _points(element) if tag in ("Point", "LineString", "LinearRing") else []
    if tag == "Point" and points:
        return [shapely.Point(points[0])]
    return [shapely.LineString(points)] if len(points) > 1 else []


def _merge(shapes: list[BaseGeometry]) -> list[BaseGeometry]:
    """Join parts of one kind into a multi geometry, as GIS programs draw them."""
    kinds = {shape.geom_type for shape in shapes}
    if len(shapes) < 2 or len(kinds) > 1 or not kinds <= _MULTI.keys():
        return shapes
    return [_MULTI[kinds.pop()](shapes)]


def _polygon(element: ET.Element) -> list[BaseGeometry]:
    outer = [_points(child) for child in element if _tag(child) == "outerBoundaryIs"]
    inner = [_points(child) for child in element if _tag(child) == "innerBoundaryIs"]
    if not outer or len(outer[0]) < 3:
        return []
    return [shapely.Polygon(outer[0], [hole for hole in inner if len(hole) >= 3])]


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
