"""Where projects lie: coordinate cells and drawn geometry turned into one column of places."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gisplan.crs import (
    CGCS2000,
    WGS84,
    NamedCrs,
    moved,
    outside_area_of_use,
    parse_crs,
    suggest_systems,
    zone_of_crs,
)
from gisplan.errors import CrsError
from gisplan.io.column_text import decimals
from gisplan.io.coordinates import (
    Axes,
    Pair,
    Pairs,
    are_degrees,
    are_in_china,
    are_metres,
    choose_axes,
    in_china,
    map_services,
    numbers_of,
    order_of,
    read_angle,
    read_metres,
    split_pair,
)
from gisplan.io.rows import IssueLog, Rows
from gisplan.io.text import is_blank, match_headers, parse_number, split_header

Read = Callable[[str, str], Pair | str]


def locate(
    rows: Rows, log: IssueLog, *, declared: NamedCrs | None
) -> tuple[NDArray[np.object_], pyproj.CRS]:
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
    geometries, crs
        One geometry per row, and their system: WGS 84 for WGS 84, GCJ-02 and BD-09 input
        (offset taken off) and where nothing is declared, else that declared or of the file.

    Raises
    ------
    CrsError
        ``crs_missing`` for a GIS file without a system where none is declared.
    """
    if rows.geometry is not None:
        shapes = _turn_drawing(clean_geometries(rows, log), rows, log)
        named = _system_of_file(rows, shapes, declared)
    else:
        named, shapes = _read_coordinates(rows, log, declared)
    return _to_true_place(shapes, named, rows, log)


# --- coordinates in cells -----------------------------------------------------------------


def _read_coordinates(
    rows: Rows, log: IssueLog, declared: NamedCrs | None
) -> tuple[NamedCrs, NDArray[np.object_]]:
    shapes = np.full(len(rows.cells), None, dtype=object)
    columns = [rows.column(position) for position in range(len(rows.titles))]
    metric = declared is not None and not declared.is_geographic
    axes = choose_axes(rows.titles, columns, metric=metric)
    named = _stated_system(axes, rows, declared)
    if axes is None:
        for number in rows.numbers:
            log.add("GP-INT-009", number)
        return named or parse_crs(WGS84), shapes
    axes, swapped = _order_axes(axes, rows)
    pairs = numbers_of(axes)
    metres = not named.is_geographic if named else not _hold_degrees(axes.kind, pairs)
    candidates: tuple[str, ...] = ()
    if named is not None:
        _note_contradiction(named, pairs, rows)
    elif metres:
        named, candidates = _infer_system(pairs, rows)
    else:
        rows.evidence.append(("crs_assumed", "WGS 84"))
        _note_map_service(rows)
    read = _reader_of(axes, rows, metres=metres)
    unnamed = metres and named is None
    found = np.full((len(shapes), 2), np.nan) if swapped or unnamed else _plain_places(axes, read)
    for position in np.flatnonzero(np.isnan(found[:, 0])).tolist():
        shown = axes.shown[position]
        place, code = _read_place(shown, axes.first[position], axes.second[position], read)
        if place is not None and unnamed:
            place, code = None, "GP-INT-005"
        if place is not None:
            found[position] = place
            code = "GP-INT-070" if swapped else ""
        elif code == "GP-INT-005" and candidates:
            shown = f"{shown} ({', '.join(candidates)}?)"
        if code:
            log.add(code, rows.numbers[position], column=axes.label, value=shown)
    known = ~np.isnan(found[:, 0])
    shapes[known] = shapely.points(found[known])
    return named or parse_crs("wgs84"), shapes


def _plain_places(axes: Axes, read: Read) -> Pairs:
    """Read the rows whose numbers leave no question, many at once; NaN for all others."""
    x, y = decimals(axes.first), decimals(axes.second)
    sure = (x != 0) | (y != 0)
    if read is _read_degrees:
        sure &= (np.abs(x) <= 180) & (np.abs(y) <= 90) & ~are_in_china(y, x)
    elif read is not _read_metres:
        sure[:] = False
    sure &= ~np.isnan(x) & ~np.isnan(y)
    return np.where(sure[:, None], np.column_stack([x, y]), np.nan)


def _stated_system(axes: Axes | None, rows: Rows, declared: NamedCrs | None) -> NamedCrs | None:
    named = declared or _system_in_titles(axes)
    if declared:
        rows.evidence.append(("crs_declared", declared.name))
    elif named:
        rows.evidence.append(("crs_header", named.name))
    return named


def _system_in_titles(axes: Axes | None) -> NamedCrs | None:
    """Believe ``经度(GCJ-02)`` where both titles say the same and it suits the columns."""
    notes = {split_header(title).note for title in axes.titles} if axes else set()
    if axes is None or len(notes) != 1:
        return None
    try:
        named = parse_crs(notes.pop())
    except CrsError:
        return None
    return named if named.is_geographic == (axes.kind in ("lon", "lonlat")) else None


def _order_axes(axes: Axes, rows: Rows) -> tuple[Axes, bool]:
    """Turn columns whose numbers, all of them, say that they stand in the other order.

    Under X and Y that is how surveyors in China write (X north, Y east) and no fault;
    under titles that name an axis it is one, and each row is told. A pair in one cell
    has no titles to contradict, and in degrees each row speaks for itself.
    """
    pairs = numbers_of(axes)
    if order_of(pairs) != "turned" or (axes.kind == "lonlat" and are_degrees(pairs)):
        return axes, False
    named_axes = axes.kind in ("lon", "east")
    rows.evidence.append(("axes_swapped" if named_axes else "axes_survey", axes.label))
    return axes.turned(), named_axes


def _hold_degrees(kind: str, pairs: Pairs) -> bool:
    """Tell whether undeclared coordinates are degrees: by title, else by all numbers."""
    return not are_metres(pairs) if kind in ("lon", "lonlat") else are_degrees(pairs)


def _infer_system(pairs: Pairs, rows: Rows) -> tuple[NamedCrs | None, tuple[str, ...]]:
    """Use the one system that the metres can be in; where there are more, only name them."""
    found = suggest_systems(*pairs.T)
    if len(found) == 1:
        rows.evidence.append(("crs_inferred", found[0]))
        return parse_crs(found[0]), ()
    rows.evidence.append(("crs_candidates" if found else "crs_unknown", "、".join(found)))
    return None, found


def _note_contradiction(named: NamedCrs, pairs: Pairs, rows: Rows) -> None:
    """Say what the numbers look like where that is not what they are said to be."""
    if named.is_geographic:
        likely = () if not are_metres(pairs) else _systems_of(pairs) or ("?",)
    elif are_degrees(pairs):
        likely = ("WGS 84", "CGCS2000")
    else:
        likely = _other_zone(named, pairs)
    if likely:
        rows.evidence.append(("crs_contradicted", f"{named.name} → {', '.join(likely)}"))


def _systems_of(pairs: Pairs) -> tuple[str, ...]:
    return suggest_systems(*pairs.T)


def _other_zone(named: NamedCrs, pairs: Pairs) -> tuple[str, ...]:
    """Name the zone that eastings carry, or should not carry, other than the one named."""
    zone, found = zone_of_crs(named.crs), _systems_of(pairs)
    if zone is None or not found or found == (named.name,):
        return ()
    if len(found) == 1:
        return found
    bare = bool((pairs[:, 0] < 1e6).all())
    return (zone._replace(prefixed=False).crs.name,) if bare and zone.prefixed else ()


def _note_map_service(rows: Rows) -> None:
    """Warn where a title or a source names a map service whose coordinates are offset."""
    found = match_headers(rows.titles)
    texts = [*rows.titles]
    for field in ("source", "note", "location"):
        texts += rows.column(found[field]) if field in found else []
    every = "\n".join(texts).lower()
    said = [word for word in map_services() if word in every]
    if said:
        rows.evidence.append(("crs_offset_hint", "、".join(said)))


def _read_place(shown: str, first: str, second: str, read: Read) -> tuple[Pair | None, str]:
    if is_blank(shown) or (is_blank(first) and is_blank(second)):
        return None, "GP-INT-001"
    if is_blank(second) and split_pair(first) is None and read_metres(first) is None:
        return None, "GP-INT-008" if read_angle(first, "lon") is not None else "GP-INT-002"
    if is_blank(first) or is_blank(second):
        return None, "GP-INT-008"
    found = read(first, second)
    if isinstance(found, str):
        return None, found
    return (None, "GP-INT-007") if found == (0.0, 0.0) else (found, "")


def _reader_of(axes: Axes, rows: Rows, *, metres: bool) -> Read:
    if metres:
        return _read_metres
    if axes.kind != "lonlat":
        return _read_degrees
    x, y = numbers_of(axes).T
    written = are_in_china(x, y)
    orders = set(written[written != are_in_china(y, x)].tolist())
    if False in orders:
        rows.evidence.append(("axes_pairs", axes.label))
    return partial(_read_pair, turned=orders == {False}, mixed=len(orders) > 1)


def _read_degrees(first: str, second: str) -> Pair | str:
    lon, lat = read_angle(first, "lon"), read_angle(second, "lat")
    if lon is not None and lat is not None:
        return "GP-INT-004" if in_china(lat, lon) else (lon, lat)
    if read_angle(first, "lat") is not None and read_angle(second, "lon") is not None:
        return "GP-INT-004"
    if parse_number(first) is None or parse_number(second) is None:
        return "GP-INT-002"
    return "GP-INT-003"


def _read_pair(first: str, second: str, *, turned: bool, mixed: bool) -> Pair | str:
    """Read two angles from one cell: by letters, by the ranges of China, by the other rows."""
    written = read_angle(first, "lon"), read_angle(second, "lat")
    other = read_angle(second, "lon"), read_angle(first, "lat")
    readings = [(x, y) for x, y in (written, other) if x is not None and y is not None]
    here = [pair for pair in readings if in_china(*pair)]
    if len(here) == 1:
        return here[0]
    if len(readings) == 2 and mixed:
        return "GP-INT-004"
    if readings:
        return readings[-1] if turned else readings[0]
    numbers = parse_number(first) is not None and parse_number(second) is not None
    return "GP-INT-003" if numbers else "GP-INT-002"


def _read_metres(first: str, second: str) -> Pair | str:
    x, y = read_metres(first), read_metres(second)
    return "GP-INT-002" if x is None or y is None else (x, y)


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


def _system_of_file(rows: Rows, shapes: NDArray[np.object_], declared: NamedCrs | None) -> NamedCrs:
    own = parse_crs(rows.crs) if rows.crs is not None else None
    corners = _corners(shapes)
    if declared is not None:
        rows.evidence.append(("crs_declared", declared.name))
        if own is not None and own.crs != declared.crs:
            rows.evidence.append(("crs_file_overruled", own.name))
    elif own is not None:
        rows.evidence.append(("crs_file", own.name))
    named = declared or own
    if named is not None:
        _note_contradiction(named, corners, rows)
        return named
    return _system_of_numbers(rows, corners)


def _system_of_numbers(rows: Rows, corners: Pairs) -> NamedCrs:
    """Read a drawing without a system (no .prj) as the one thing its numbers can be."""
    if are_degrees(corners):
        rows.evidence.append(("crs_assumed", "WGS 84"))
        return parse_crs("wgs84")
    named, candidates = _infer_system(corners, rows)
    if named is None and candidates:
        raise CrsError("crs_missing_candidates", file=rows.file, found=", ".join(candidates))
    if named is None:
        raise CrsError("crs_missing", file=rows.file)
    return named


def _turn_drawing(shapes: NDArray[np.object_], rows: Rows, log: IssueLog) -> NDArray[np.object_]:
    """Swap x and y of a drawing where every shape says that they stand the other way."""
    if order_of(_corners(shapes)) != "turned":
        return shapes
    rows.evidence.append(("axes_swapped", "x/y"))
    turned = shapely.transform(shapes, lambda pairs: pairs[:, ::-1])
    for number, before in zip(rows.numbers, shapes, strict=True):
        if before is not None:
            shown = shapely.to_wkt(before, rounding_precision=6)[:120]
            log.add("GP-INT-070", number, column="geometry", value=shown)
    return np.asarray(turned, dtype=object)


def _corners(shapes: NDArray[np.object_]) -> Pairs:
    bounds = shapely.bounds(shapes)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    return np.vstack([bounds[:, :2], bounds[:, 2:]])


# --- the true place -----------------------------------------------------------------------


def _to_true_place(
    shapes: NDArray[np.object_], named: NamedCrs, rows: Rows, log: IssueLog
) -> tuple[NDArray[np.object_], pyproj.CRS]:
    """Take offsets off, and refuse what lies far from where its system is meant for."""
    found, _ = moved(shapes, named.crs, named.crs, source=named)
    meant_for = CGCS2000 if named.offset != "none" else named.crs
    astray = _astray(found, named.crs, meant_for)
    if not astray.any():
        return found, named.crs
    for position in np.flatnonzero(astray):
        shown = shapely.to_wkt(shapes[position], rounding_precision=6)
        geographic = named.is_geographic and not _valid_degrees(shapes[position])
        code = "GP-INT-003" if geographic else "GP-INT-006"
        log.add(code, rows.numbers[position], column="geometry", value=shown[:120])
    found = found.copy()
    found[astray] = None
    return found, named.crs


def _valid_degrees(shape: BaseGeometry) -> bool:
    west, south, east, north = shape.bounds
    return bool(west >= -180 and east <= 180 and south >= -90 and north <= 90)


def _astray(
    shapes: NDArray[np.object_], crs: pyproj.CRS, meant_for: pyproj.CRS
) -> NDArray[np.bool_]:
    """Tell which geometries have a corner of their bounds outside the area of use."""
    own = shapely.is_missing(shapes)
    geodetic = meant_for.geodetic_crs
    degrees = shapes
    if geodetic is not None and not meant_for.is_geographic:
        degrees, _ = moved(shapes, crs, geodetic)
    located = ~shapely.is_missing(degrees)
    lost = ~own & ~located
    bounds = shapely.bounds(degrees)
    outside = np.zeros(len(shapes), dtype=bool)
    for x, y in ((0, 1), (2, 3)):
        outside |= outside_area_of_use(bounds[:, x], bounds[:, y], meant_for)
        outside |= (np.abs(bounds[:, x]) > 180) | (np.abs(bounds[:, y]) > 90)
    return lost | (outside & located)
