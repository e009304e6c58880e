"""Drawn geometry made sound where only one repair is possible, every change told with its area."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gisplan.crs import ellipsoidal_area
from gisplan.io.rows import IssueLog

WIDEST: Final = 90.0
"""Degrees. A wider feature crosses the antimeridian or was drawn in a mistake, not in China."""
_DEGREES: Final = 400.0
"""Numbers up to here can be degrees; what is beyond is told from its coordinate system."""
_SAME: Final = 1e-9
"""Share of an area by which two repairs may differ through rounding."""
_HUGE: Final = 1e12
"""Coordinates beyond this lie in no system; arithmetic with them overflows."""


REFUSED: Final = ("GP-INT-006", "GP-INT-080", "GP-INT-082", "GP-INT-083")
"""Codes of geometry that is drawn and not used."""


class DrawnLog(IssueLog):
    """Issues of drawn features: one that is refused for a reason is not also told to be none."""

    def __init__(self, file: str, sheet: str) -> None:
        super().__init__(file, sheet)
        self._refused: set[int | None] = set()

    def add(self, code: str, row: int | None, *, column: str = "", value: str = "") -> None:
        """Note an issue in a row (``None``: in the whole table)."""
        if code in REFUSED:
            self._refused.add(row)
        if code != "GP-INT-010" or row not in self._refused:
            super().add(code, row, column=column, value=value)


class Mended(NamedTuple):
    """A geometry after repair: ``None`` where none is the only one; ``areas`` say what else."""

    shape: BaseGeometry | None
    changed: bool
    areas: tuple[float, ...] = ()


def mend_shapes(
    shapes: NDArray[np.object_], crs: pyproj.CRS | None, log: IssueLog, numbers: Sequence[int]
) -> NDArray[np.object_]:
    """Return geometries 2-D, without repeated vertices and valid, or ``None``.

    A polygon that crosses itself is repaired only where all rules of filling it agree: what
    an odd number of boundaries surrounds, what any boundary surrounds, and the outer ring
    less its holes. They agree on bow-ties and spikes; not where an outline runs round an
    area twice, or a hole or a part lies so that it could be ground or not: such a feature is
    not used, and the areas of two readings are told.

    Parameters
    ----------
    shapes
        Geometries as read; ``None``, empty ones and ones with NaN are handed on as they are.
    crs
        Their system; areas are ellipsoidal m² in one, else in squares of their unit.
    log, numbers
        Takes GP-INT-012, -080, -081 and -082 by row number.
    """
    mended = np.array(shapes, dtype=object)
    usable, huge = _sort_out(mended)
    for position in np.flatnonzero(huge).tolist():
        log.add("GP-INT-006", numbers[position], column="geometry")
    mended[huge] = None
    mended[usable] = shapely.force_2d(mended[usable])
    for position in np.flatnonzero(usable).tolist():
        number = numbers[position]
        shape = _without_repeats(mended[position], log, number)
        mended[position] = _mend_one(shape, crs, log, number)
    return mended


def _sort_out(shapes: NDArray[np.object_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which geometries can be worked on, and which have finite but absurd numbers."""
    usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    huge = np.zeros(len(shapes), dtype=bool)
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    huge[owner[(np.abs(coordinates) >= _HUGE).any(axis=1)]] = True
    unsound = owner[~np.isfinite(coordinates).all(axis=1)]
    huge[unsound] = False
    usable[unsound] = False
    return usable & ~huge, huge


def _without_repeats(shape: BaseGeometry, log: IssueLog, number: int) -> BaseGeometry:
    """Drop vertices that stand twice in a row; points, and lines that are one, stay."""
    if shapely.get_dimensions(shape) < 1 or shape.length == 0:
        return shape
    plain = shapely.remove_repeated_points(shape)
    dropped = shapely.get_num_coordinates(shape) - shapely.get_num_coordinates(plain)
    if dropped and not plain.is_empty and "Point" not in _kinds(shape):
        log.add("GP-INT-081", number, column="geometry", value=str(dropped))
        return plain
    return shape


def _kinds(shape: BaseGeometry) -> set[str]:
    parts = [shape]
    kinds: set[str] = set()
    while parts:
        part = parts.pop()
        kinds.add(part.geom_type.removeprefix("Multi"))
        if part.geom_type == "GeometryCollection":
            parts.extend(getattr(part, "geoms", ()))
    return kinds


def _mend_one(
    shape: BaseGeometry, crs: pyproj.CRS | None, log: IssueLog, number: int
) -> BaseGeometry | None:
    west, _, east, _ = shape.bounds
    degrees = crs is None or crs.is_geographic
    if degrees and east - west > WIDEST and max(abs(west), abs(east)) <= _DEGREES:
        log.add("GP-INT-082", number, column="geometry", value=f"{west:g} – {east:g}")
        return None
    if shapely.get_dimensions(shape) < 2 or shape.is_valid:
        return shape
    found = mend(shape)
    reason = shapely.is_valid_reason(shape)
    if found.shape is None:
        areas = " / ".join(f"{area:.1f}" for area in found.areas)
        told = f"{shape.geom_type}: {reason}; {areas}"
        log.add("GP-INT-080", number, column="geometry", value=told)
        return None
    before, after = _area(shape, crs), _area(found.shape, crs)
    told = f"{shape.geom_type}: {reason}; {before:.1f} → {after:.1f} m²"
    log.add("GP-INT-012", number, column="geometry", value=told)
    return found.shape


def mend(shape: BaseGeometry) -> Mended:
    """Repair an invalid geometry where only one repair is possible.

    Examples
    --------
    >>> bow_tie = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    >>> mend(bow_tie).shape.area
    2.0
    """
    if shape.is_valid:
        return Mended(shape, changed=False)
    if shape.geom_type == "Polygon":
        return _mend_polygon(shape)
    parts = [mend(part) for part in getattr(shape, "geoms", ())]
    lost = next((part for part in parts if part.shape is None), None)
    if lost is not None or not parts:
        return lost or Mended(None, changed=True)
    sound: list[Any] = [part.shape for part in parts]
    if shape.geom_type == "GeometryCollection":
        return Mended(shapely.GeometryCollection(sound), changed=True)
    return _unite(sound)


def _mend_polygon(shape: Any) -> Mended:
    first, *others = (_polygons(reading) for reading in _readings(shape))
    for other in others:
        if shapely.symmetric_difference(first, other).area > _SAME * max(first.area, other.area):
            return Mended(None, changed=True, areas=(first.area, other.area))
    return Mended(others[0], changed=True)


def _readings(shape: Any) -> Iterator[BaseGeometry]:
    """Give what a polygon may mean: by crossings, by being surrounded, by ring and holes."""
    yield shapely.make_valid(shape, method="linework")
    yield shapely.make_valid(shape, method="structure", keep_collapsed=False)
    if len(shape.interiors):
        # The rules above take a hole that lies outside for ground.
        rings = [shapely.Polygon(ring) for ring in (shape.exterior, *shape.interiors)]
        shell, *holes = shapely.make_valid(rings, method="structure", keep_collapsed=False)
        yield shapely.difference(shell, shapely.union_all(holes))


def _unite(parts: list[Any]) -> Mended:
    """Join parts that overlap; one that lies wholly in another could as well be its hole."""
    whole = shapely.union_all(parts)
    alternating = parts[0]
    for part in parts[1:]:
        alternating = shapely.symmetric_difference(alternating, part)
    tree = shapely.STRtree(parts)
    inner, outer = tree.query(parts, predicate="covered_by")
    if bool((inner != outer).any()):
        return Mended(None, changed=True, areas=(alternating.area, whole.area))
    return Mended(whole, changed=True)


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    waiting, found = [shape], []
    while waiting:
        part = waiting.pop()
        if part.geom_type == "Polygon":
            found.append(part)
        elif hasattr(part, "geoms"):
            waiting.extend(part.geoms)
    return shapely.union_all(found)


def _area(shape: BaseGeometry, crs: pyproj.CRS | None) -> float:
    """Return m² on the ellipsoid of degrees, plane ones of metres."""
    if crs is None or not crs.is_geographic or max(map(abs, shape.bounds)) > _DEGREES:
        return float(shape.area)
    from geopandas import GeoSeries

    return float(ellipsoidal_area(GeoSeries([shape], crs=crs)).iloc[0])
