"""Where projects lie: coordinate cells and drawn geometry turned into one column of places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyproj
import shapely
from geopandas import GeoSeries
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gisplan.crs import CGCS2000, WGS84, NamedCrs, outside_area_of_use, parse_crs, transform
from gisplan.errors import CrsError
from gisplan.io.rows import IssueLog, Rows
from gisplan.io.text import (
    is_blank,
    match_headers,
    normalise,
    parse_angle,
    parse_number,
    parse_pair,
    split_header,
)

_LON_OF_CHINA: Final = (70.0, 140.0)
_LAT_OF_CHINA: Final = (0.1, 60.0)
_NORTHING: Final = (1.5e6, 6.5e6)
_EASTINGS: Final = ((1e5, 9e5), (13e6, 46e6))
"""Eastings without and with a zone number in front (13–23: 6-degree, 25–45: 3-degree)."""
_DEGREES: Final = (("lon", "lat"), ("lonlat", "lonlat"), ("x", "y"), ("east", "north"))
_METRES: Final = (("east", "north"), ("x", "y"), ("lon", "lat"), ("lonlat", "lonlat"))


class _Axes(NamedTuple):
    """Two columns of cells that should hold coordinates."""

    kind: str
    titles: tuple[str, str]
    first: list[str]
    second: list[str]

    @property
    def label(self) -> str:
        return self.titles[0] if self.kind == "lonlat" else "/".join(self.titles)


def locate(rows: Rows, log: IssueLog, *, declared: NamedCrs | None) -> GeoSeries:
    """Return the place of each row, ``None`` where it has none or none that can be read.

    Parameters
    ----------
    rows
        The table; with ``geometry`` if it comes from a GIS file.
    log
        Takes a coded issue for each row that is not located or whose geometry changed.
    declared
        The system the user says the coordinates are in; wins over that of the file.

    Returns
    -------
    GeoSeries
        One geometry per row: in WGS 84 for WGS 84, GCJ-02 and BD-09 input (offset taken
        off) and where nothing is declared, else in the system declared or of the file.

    Raises
    ------
    CrsError
        ``crs_missing`` for a GIS file without a system where none is declared.
    """
    if rows.geometry is not None:
        named = _system_of_file(rows, declared)
        shapes = clean_geometries(rows, log)
    else:
        named, shapes = _read_coordinates(rows, log, declared)
    return _to_true_place(shapes, named, rows, log)


# --- coordinates in cells -----------------------------------------------------------------


def _read_coordinates(
    rows: Rows, log: IssueLog, declared: NamedCrs | None
) -> tuple[NamedCrs, NDArray[np.object_]]:
    axes = _choose_axes(rows, declared)
    named = declared or _system_in_titles(axes)
    if declared:
        rows.evidence.append(("crs_declared", declared.name))
    elif named:
        rows.evidence.append(("crs_header", named.name))
    shapes = np.full(len(rows.cells), None, dtype=object)
    if axes is None:
        for number in rows.numbers:
            log.add("GP-INT-009", number)
        return named or parse_crs(WGS84), shapes
    axes = _order_axes(axes, named, rows)
    metres = not named.is_geographic if named else not _holds_degrees(axes)
    if named is None:
        rows.evidence.append(("crs_unknown", "") if metres else ("crs_assumed", "WGS 84"))
    read = _read_metres if metres else _read_degrees
    for position, (first, second) in enumerate(zip(axes.first, axes.second, strict=True)):
        place, code = _read_place(axes, first, second, read)
        if place is not None and metres and named is None:
            place, code = None, "GP-INT-005"
        if place is not None:
            shapes[position] = shapely.Point(place)
        else:
            shown = first if axes.kind == "lonlat" else ", ".join(filter(None, (first, second)))
            log.add(code, rows.numbers[position], column=axes.label, value=shown)
    return named or parse_crs("wgs84"), shapes


def _choose_axes(rows: Rows, declared: NamedCrs | None) -> _Axes | None:
    """Choose the first pair of columns that holds anything, degrees before metres or not."""
    found = match_headers(rows.titles)
    order = _METRES if declared and not declared.is_geographic else _DEGREES
    pairs = [
        _Axes(
            first,
            (rows.titles[found[first]], rows.titles[found[second]]),
            rows.column(found[first]),
            rows.column(found[second]),
        )
        for first, second in order
        if first in found and second in found
    ]
    filled = (axes for axes in pairs if not all(map(is_blank, axes.first)))
    return next(filled, pairs[0] if pairs else None)


def _system_in_titles(axes: _Axes | None) -> NamedCrs | None:
    """Believe ``经度(GCJ-02)`` where both titles say the same and it suits the columns."""
    notes = {split_header(title).note for title in axes.titles} if axes else set()
    if axes is None or len(notes) != 1:
        return None
    try:
        named = parse_crs(notes.pop())
    except CrsError:
        return None
    return named if named.is_geographic == (axes.kind in ("lon", "lonlat")) else None


def _order_axes(axes: _Axes, named: NamedCrs | None, rows: Rows) -> _Axes:
    """Turn columns titled X and Y into east, north where the numbers leave no doubt.

    Surveyors in China write X for north and Y for east; named columns are never turned.
    """
    if axes.kind != "x":
        return axes
    pairs = _numbers(axes)
    survey = bool(pairs) and all(
        _within(x, _NORTHING) and any(_within(y, span) for span in _EASTINGS) for x, y in pairs
    )
    degrees = bool(pairs) and all(
        _within(x, _LAT_OF_CHINA) and _within(y, _LON_OF_CHINA) for x, y in pairs
    )
    if degrees if named is None or named.is_geographic else survey:
        rows.evidence.append(("axes_survey", axes.label))
        return _Axes("x", (axes.titles[1], axes.titles[0]), axes.second, axes.first)
    return axes


def _holds_degrees(axes: _Axes) -> bool:
    """Tell whether undeclared coordinates are degrees: by title, else by all numbers."""
    pairs = _numbers(axes)
    if axes.kind in ("lon", "lonlat"):
        return not pairs or not all(min(abs(x), abs(y)) > 1000 for x, y in pairs)
    return bool(pairs) and all(
        _within(x, _LON_OF_CHINA) and _within(y, _LAT_OF_CHINA) for x, y in pairs
    )


def _numbers(axes: _Axes) -> list[tuple[float, float]]:
    read = [
        (parse_number(first), parse_number(second))
        for first, second in zip(axes.first, axes.second, strict=True)
    ]
    return [(x, y) for x, y in read if x is not None and y is not None and (x, y) != (0, 0)]


def _read_place(
    axes: _Axes, first: str, second: str, read: Callable[[str, str], tuple[float, float] | str]
) -> tuple[tuple[float, float] | None, str]:
    blanks = is_blank(first), is_blank(second)
    if any(blanks):
        return None, "GP-INT-001" if all(blanks) else "GP-INT-008"
    if axes.kind == "lonlat":
        pair = parse_pair(first)
        found: tuple[float, float] | str = pair or "GP-INT-002"
    else:
        found = read(first, second)
    if isinstance(found, str):
        return None, found
    return (None, "GP-INT-007") if found == (0.0, 0.0) else (found, "")


def _read_degrees(first: str, second: str) -> tuple[float, float] | str:
    lon, lat = parse_angle(first, axis="lon"), parse_angle(second, axis="lat")
    if lon is not None and lat is not None:
        return lon, lat
    if parse_angle(first, axis="lat") is not None and parse_angle(second, axis="lon") is not None:
        return "GP-INT-004"
    if parse_number(first) is None or parse_number(second) is None:
        return "GP-INT-002"
    return "GP-INT-003"


def _read_metres(first: str, second: str) -> tuple[float, float] | str:
    x, y = _metres(first), _metres(second)
    return "GP-INT-002" if x is None or y is None else (x, y)


def _metres(cell: str) -> float | None:
    text = normalise(cell).lower()
    return parse_number(text.removesuffix("米").removesuffix("m"))


def _within(value: float, span: Sequence[float]) -> bool:
    return span[0] <= value <= span[1]


# --- geometry of GIS files ----------------------------------------------------------------


def clean_geometries(rows: Rows, log: IssueLog) -> NDArray[np.object_]:
    """Bring drawn geometry to plain 2-D points, lines and polygons, and say what changed.

    Self-crossing polygons are repaired (``make_valid``, structure rule), collections are
    reduced to their parts of highest dimension, single-part multis become plain. Several
    scattered points, invalid numbers and geometry without extent are not used.
    """
    if rows.geometry is None:
        return np.full(len(rows.cells), None, dtype=object)
    shapes = rows.geometry
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    unsound = set(owner[~np.isfinite(coordinates).all(axis=1)].tolist())
    cleaned = np.full(len(shapes), None, dtype=object)
    for position, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            notes = ["GP-INT-010"]
        elif position in unsound:
            notes = ["GP-INT-011"]
        else:
            cleaned[position], notes = _clean(shapely.force_2d(shape))
        for code in notes:
            shown = "" if shape is None else str(shape.geom_type)
            if code == "GP-INT-012":
                shown = f"{shown}: {shapely.is_valid_reason(shape)}"
            log.add(code, rows.numbers[position], column="geometry", value=shown)
    return cleaned


def _clean(shape: BaseGeometry) -> tuple[BaseGeometry | None, list[str]]:
    notes: list[str] = []
    if shape.geom_type == "GeometryCollection":
        shape = _highest_parts(shape)
        notes.append("GP-INT-014")
    if shape.geom_type == "LinearRing":
        shape = shapely.LineString(shape.coords)
    if shapely.get_dimensions(shape) == 2 and not shape.is_valid:
        repaired = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        shape = _highest_parts(repaired)
        notes.append("GP-INT-012")
    if shape.geom_type.startswith("Multi") and shapely.get_num_geometries(shape) == 1:
        shape = next(iter(_flat_parts(shape)), shape)
    if shape.geom_type == "MultiPoint":
        return None, [*notes, "GP-INT-013"]
    if shape.is_empty or (shape.geom_type != "Point" and shape.length == 0):
        return None, [*notes, "GP-INT-015"]
    return shape, notes


def _highest_parts(shape: BaseGeometry) -> BaseGeometry:
    parts = _flat_parts(shape)
    highest = max((shapely.get_dimensions(part) for part in parts), default=-1)
    return shapely.union_all([part for part in parts if shapely.get_dimensions(part) == highest])


def _flat_parts(shape: BaseGeometry) -> list[BaseGeometry]:
    waiting, flat = [shape], []
    while waiting:
        found = waiting.pop()
        if hasattr(found, "geoms"):
            waiting.extend(found.geoms)
        elif not found.is_empty:
            flat.append(found)
    return flat


def _system_of_file(rows: Rows, declared: NamedCrs | None) -> NamedCrs:
    own = parse_crs(rows.crs) if rows.crs is not None else None
    if declared is not None:
        rows.evidence.append(("crs_declared", declared.name))
        if own is not None and own.crs != declared.crs:
            rows.evidence.append(("crs_file_overruled", own.name))
        return declared
    if own is None:
        raise CrsError("crs_missing", file=rows.file)
    rows.evidence.append(("crs_file", own.name))
    return own


# --- the true place -----------------------------------------------------------------------


def _to_true_place(
    shapes: NDArray[np.object_], named: NamedCrs, rows: Rows, log: IssueLog
) -> GeoSeries:
    """Take offsets off, and refuse what lies far from where its system is meant for."""
    series = transform(GeoSeries(shapes, crs=named.crs), named.crs, source=named)
    meant_for = CGCS2000 if named.offset != "none" else named.crs
    astray = _astray(series, meant_for)
    if not astray.any():
        return series
    for position in np.flatnonzero(astray):
        shown = shapely.to_wkt(shapes[position], rounding_precision=6)
        geographic = named.is_geographic and not _valid_degrees(shapes[position])
        code = "GP-INT-003" if geographic else "GP-INT-006"
        log.add(code, rows.numbers[position], column="geometry", value=shown[:120])
    return series.where(~astray, None)


def _valid_degrees(shape: BaseGeometry) -> bool:
    west, south, east, north = shape.bounds
    return bool(west >= -180 and east <= 180 and south >= -90 and north <= 90)


def _astray(series: GeoSeries, meant_for: pyproj.CRS) -> NDArray[np.bool_]:
    """Tell which geometries have a corner of their bounds outside the area of use."""
    own = np.array([not geometry for geometry in series.notna()], dtype=bool)
    geodetic = meant_for.geodetic_crs
    degrees = series if geodetic is None or meant_for.is_geographic else transform(series, geodetic)
    located = degrees.notna().to_numpy()
    lost = ~own & ~located
    bounds = degrees.bounds.to_numpy()
    outside = np.zeros(len(series), dtype=bool)
    for x, y in ((0, 1), (2, 3)):
        outside |= outside_area_of_use(bounds[:, x], bounds[:, y], meant_for)
        outside |= (np.abs(bounds[:, x]) > 180) | (np.abs(bounds[:, y]) > 90)
    return lost | (outside & located)
