"""Polygons prepared once, for the areas that many footprints have in common with them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.overlaps.crossings import FILTER, Bools, Rings, crossings, joined
from gisplan.overlaps.strips import Edges, Floats, Ints, blocks, clipped, edges_of, outlines, summed

Geometries = NDArray[Any]

DOUBT: Final = 1e-9
"""Share of a footprint by which a sum of strips may be beside what GEOS cuts."""
WORTH: Final = 300_000
"""Footprints from which machine code is worth its start (0.7 s; 5 s the first time of all)."""
_ROUNDING: Final = 2e-15
"""Relative rounding of a place where GEOS cuts two edges; times an outline it is an area."""
_THIN: Final = 1e-4
"""Share of its box below which a footprint is too thin a diagonal for the sum."""
_DENSE: Final = 20_000
"""Pairs of edges of a footprint and a polygon above which cutting them is less work."""
_RUN: Final = 8
"""Edges on end that the tree knows as one box."""
_BLOCK: Final = 1_000
"""Footprints measured at a time, and ..."""
_ROWS: Final = 200_000
"""... edges of polygons looked at for them: bounds the memory."""
_POLYGONS: Final = (3, 6)
_COLLECTION: Final = 7


class Overlaps(NamedTuple):
    """Pairs that have ground in common: positions of footprint and polygon, and m² of it.

    Ordered by footprint, then polygon; each pair once. ``area`` is NaN where one of the two
    crosses itself: that is measured nowhere.
    """

    whole: Ints
    polygon: Ints
    area: Floats


class Ground:
    """Polygons that footprints are measured on.

    Parameters
    ----------
    polygons
        Polygons and multipolygons in metres, in an array; ``None``, empty ones and lines are
        no ground. They may overlap: each is measured for itself.
    """

    def __init__(self, polygons: Geometries) -> None:
        self.polygons = _polygonal(polygons)
        self._edges, self._valid = _sound(self.polygons)
        edges, owner = self._edges, self._edges.owner
        self._rings = Rings.of(self.polygons, self._valid, edges)
        fresh = np.flatnonzero(np.diff(owner, prepend=-1))
        since = np.arange(len(owner)) - np.repeat(fresh, np.diff(fresh, append=len(owner)))
        self._first = np.flatnonzero(since % _RUN == 0)
        self._count = np.diff(self._first, append=len(owner))
        low, high = np.minimum(edges.start, edges.end), np.maximum(edges.start, edges.end)
        self._bounds = np.hstack([low, high])
        boxes = np.empty(0, dtype=object)
        if len(owner):
            west, south = np.minimum.reduceat(low, self._first).T
            boxes = shapely.box(west, south, *np.maximum.reduceat(high, self._first).T)
        self._outline = shapely.STRtree(boxes)
        self._tree = shapely.STRtree(self.polygons)
        self._machine: Any = None
        shapely.prepare(self.polygons)

    def overlaps(self, wholes: Geometries) -> Overlaps:
        """Measure what footprints have in common with the polygons.

        Parameters
        ----------
        wholes
            Polygons and multipolygons in metres, in an array; others have nothing in common.

        Returns
        -------
        Overlaps
            Pairs with more than nothing in common. Within `rounding` of the area of
            `shapely.intersection`; exactly the footprint's own where a polygon holds it, and
            no pair where they do not meet or only touch. The same for a footprint alone as
            among others, to the last bit.
        """
        wholes = _polygonal(wholes)
        self._machine = _machine_code(len(wholes))
        parts = [Overlaps(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
        for rows, box in _neighbours(wholes):
            found = self._measured(wholes[rows], box)
            parts.append(found._replace(whole=rows[found.whole]))
        whole, polygon, area = (np.concatenate(one) for one in zip(*parts, strict=True))
        order = np.lexsort((polygon, whole))
        return Overlaps(whole[order], polygon[order], area[order])

    def area_on(self, wholes: Geometries, limit: Floats) -> Floats:
        """Add up what each footprint has on the polygons, which must not lie on each other.

        Parameters
        ----------
        wholes
            As for `overlaps`.
        limit
            m² for each, by which something is decided: where what lies on them is as near to
            it as rounding, GEOS cuts, and what GEOS cuts decides.

        Returns
        -------
        ndarray
            m²; 0 where there is nothing, NaN where one crosses itself.
        """
        found = self.overlaps(wholes)
        total = np.zeros(len(wholes))
        np.add.at(total, found.whole, found.area)
        close = np.abs(total - limit) <= rounding(wholes)
        pairs = np.flatnonzero(close[found.whole])
        if len(pairs):
            whole = found.whole[pairs]
            total[close] = 0.0
            np.add.at(total, whole, self._cut(wholes[whole], found.polygon[pairs]))
        return total

    def pieces(self, wholes: Geometries) -> tuple[Ints, Ints, Geometries]:
        """Cut footprints by the polygons: pairs as in `Overlaps`, and the ground in common.

        A footprint that a polygon holds is not cut; pieces are polygons and multipolygons.
        """
        wholes = _polygonal(wholes)
        none = np.empty(0, np.int64)
        parts: list[tuple[Ints, Ints, Geometries]] = [(none, none, np.empty(0, dtype=object))]
        for rows, box in _neighbours(wholes):
            whole, polygon, found = self._pieces(wholes[rows], box)
            parts.append((rows[whole], polygon, found))
        whole, polygon, found = (np.concatenate(one) for one in zip(*parts, strict=True))
        order = np.lexsort((polygon, whole))
        return whole[order], polygon[order], found[order]

    def _pieces(self, wholes: Geometries, box: Floats) -> tuple[Ints, Ints, Geometries]:
        whole, polygon = _ordered(*self._tree.query(wholes))
        edges, sound = _sound(wholes)
        found, known, off = self._joined(wholes, edges, box, sound, whole, polygon)
        inside = self._holds(edges, whole[off], polygon[off])
        found[off[inside]], known[off] = wholes[whole[off[inside]]], True
        rest = np.flatnonzero(~known)
        meet, held = self._hold(wholes[whole[rest]], polygon[rest])
        found[rest[held]] = wholes[whole[rest[held]]]
        cut = rest[meet & ~held]
        found[cut] = shapely.intersection(wholes[whole[cut]], self.polygons[polygon[cut]])
        mixed = np.flatnonzero(shapely.get_type_id(found) == _COLLECTION)
        found[mixed] = [_polygons(one) for one in found[mixed]]
        some = shapely.area(found) > 0
        return whole[some], polygon[some], found[some]

    def _joined(
        self, wholes: Geometries, edges: Edges, box: Floats, sound: Bools, whole: Ints,
        polygon: Ints,
    ) -> tuple[Geometries, Bools, Ints]:  # fmt: skip
        """Pieces that need not be cut; which they are; and the pairs no edge comes near."""
        found = np.full(len(whole), None, dtype=object)
        known, met = np.zeros(len(whole), dtype=bool), np.zeros(len(whole), dtype=bool)
        theirs = Rings.of(wholes, sound, edges)
        single = self._rings.single[polygon] & theirs.single[whole]
        for pairs, pair, _, edge in self._near(wholes, box, whole, polygon):
            met[pairs][pair] = True
            few = np.bincount(pair, minlength=pairs.stop - pairs.start)
            asked = single[pairs] & (few * theirs.many[whole[pairs]] <= _DENSE)
            kept = np.flatnonzero(asked[pair])
            order = kept[np.argsort(pair[kept], kind="stable")]
            here, close = crossings(pair[order], edge[order], whole[pairs], self._rings, theirs)
            here = here.take(~close[here.pair])
            at, drawn = joined(here, whole[pairs], polygon[pairs], self._rings, theirs)
            found[pairs][at], known[pairs][at] = drawn, True
        return found, known, np.flatnonzero(~met & sound[whole] & self._valid[polygon])

    def _measured(self, wholes: Geometries, box: Floats) -> Overlaps:
        whole, polygon = _ordered(*self._tree.query(wholes))
        edges, sound = _sound(wholes)
        own = shapely.area(wholes)[whole]
        sums, met, unsure = self._sums(wholes, edges, box, whole, polygon)
        area = np.where(sums > 0, sums, sums + own)
        doubt = _rounding(wholes, box)[whole]
        # All or nothing is not told apart by a sum, and rounding is not told from a sliver.
        unsure |= (area <= doubt) | (area >= own - doubt) | np.isnan(area)
        unsure |= np.prod(box[:, 2:] - box[:, :2], axis=1)[whole] * _THIN > own
        known = sound[whole] & self._valid[polygon]
        ask, off = np.flatnonzero(met & unsure & known), np.flatnonzero(~met & known)
        area[ask] = self._cut(wholes[whole[ask]], polygon[ask])
        area[off] = own[off] * self._holds(edges, whole[off], polygon[off])
        area[~known] = np.nan
        some = ~(area <= 0)
        return Overlaps(whole[some], polygon[some], area[some])

    def _sums(
        self, wholes: Geometries, edges: Edges, box: Floats, whole: Ints, polygon: Ints
    ) -> tuple[Floats, Bools, Bools]:
        """Sum of strips of each pair; whether an edge comes near; and whether too many do."""
        sums, met = np.zeros(len(whole)), np.zeros(len(whole), dtype=bool)
        dense = np.zeros(len(whole), dtype=bool)
        outline, starts = outlines(edges, box)
        if self._machine is not None:
            which, run, pair = self._runs_near(wholes, whole, polygon)
            self._machine.sums(
                pair, which, run, self._first, self._count, self._edges.start, self._edges.end,
                box, outline.table(), starts, _DENSE, sums, met, dense,
            )  # fmt: skip
            return sums, met, dense
        for pairs, pair, at, edge in self._near(wholes, box, whole, polygon):
            met[pairs][pair] = True
            start, end = self._edges.start.take(edge, axis=0), self._edges.end.take(edge, axis=0)
            strips = clipped(start, end, box.take(at, axis=0), pair)
            each = np.diff(starts)[whole[pairs]]
            dense[pairs] = np.bincount(strips.pair, minlength=len(each)) * each > _DENSE
            if dense[pairs].any():
                strips = strips.take(np.flatnonzero(~dense[pairs][strips.pair]))
            sums[pairs] = summed(strips, outline, starts, whole[pairs])
        return sums, met, dense

    def _near(
        self, wholes: Geometries, box: Floats, whole: Ints, polygon: Ints
    ) -> Iterator[tuple[slice, Ints, Ints, Ints]]:
        """Edges of polygons that come near: of a stretch of pairs, its own pair, and footprint."""
        which, run, pair = self._runs_near(wholes, whole, polygon)
        count = np.bincount(which, weights=self._count[run], minlength=len(wholes))
        for some in blocks(count, _ROWS):
            runs = slice(*np.searchsorted(which, (some.start, some.stop)))
            pairs = slice(*np.searchsorted(whole, (some.start, some.stop)))
            each = pair[runs] - pairs.start
            yield pairs, *self._edges_near(each, which[runs], run[runs], box)

    def _runs_near(self, wholes: Geometries, whole: Ints, polygon: Ints) -> tuple[Ints, Ints, Ints]:
        """Runs of edges whose box meets that of a footprint: footprint, run, and their pair."""
        which, run = _ordered(*self._outline.query(wholes))
        key, many = whole * len(self.polygons) + polygon, len(self.polygons)
        return which, run, np.searchsorted(key, which * many + self._edges.owner[self._first[run]])

    def _edges_near(
        self, pair: Ints, which: Ints, run: Ints, box: Floats
    ) -> tuple[Ints, Ints, Ints]:
        """Edges of runs whose own box meets that of the footprint; with their pair, and it."""
        count = self._count[run]
        row = np.repeat(np.arange(len(run)), count)
        edge = np.arange(len(row)) + (self._first[run] - np.cumsum(count) + count)[row]
        mine, theirs = self._bounds.take(edge, axis=0), box.take(which.take(row), axis=0)
        near = (mine[:, 0] <= theirs[:, 2]) & (mine[:, 2] >= theirs[:, 0])
        near &= (mine[:, 1] <= theirs[:, 3]) & (mine[:, 3] >= theirs[:, 1])
        kept = np.flatnonzero(near)
        row = row.take(kept)
        return pair.take(row), which.take(row), edge.take(kept)

    def _holds(self, edges: Edges, whole: Ints, polygon: Ints) -> Bools:
        """Tell which polygons hold footprints that no edge of theirs comes near, or not at all."""
        at = np.searchsorted(edges.owner, whole).clip(0, len(edges.owner) - 1)
        held = shapely.intersects_xy(self.polygons[polygon], *edges.start[at].T)
        return np.asarray(held, dtype=bool)

    def _hold(self, wholes: Geometries, polygon: Ints) -> tuple[Bools, Bools]:
        """Tell which pairs meet, and which footprints lie within the polygon, off its edge."""
        areas = self.polygons[polygon]
        meet = shapely.intersects(areas, wholes)
        held = np.zeros(len(polygon), dtype=bool)
        held[meet] = shapely.contains_properly(areas[meet], wholes[meet])
        return meet, held

    def _cut(self, wholes: Geometries, polygon: Ints) -> Floats:
        meet, held = self._hold(wholes, polygon)
        area = np.where(held, shapely.area(wholes), 0.0)
        cut = np.flatnonzero(meet & ~held)
        area[cut] = shapely.area(shapely.intersection(wholes[cut], self.polygons[polygon[cut]]))
        return area


def _machine_code(footprints: int) -> Any:
    """Return `gisplan.overlaps.compiled` where it runs already, or there is enough to do."""
    if "gisplan.overlaps.compiled" not in sys.modules and footprints < WORTH:
        return None
    try:
        from gisplan.overlaps import compiled
    except ImportError:
        return None
    return compiled


def rounding(wholes: Geometries) -> Floats:
    """Return the m² by which what is measured on footprints may be beside what GEOS cuts.

    1e-9 of the footprint, and what GEOS' rounding of a corner makes along its outline: at
    4 000 km from the origin, 1e-8 m² for each metre of it.
    """
    return _rounding(wholes, shapely.bounds(wholes))


def _rounding(wholes: Geometries, box: Floats) -> Floats:
    far = np.abs(box).max(axis=1, initial=0.0)
    return DOUBT * shapely.area(wholes) + _ROUNDING * far * shapely.length(wholes)


def _neighbours(wholes: Geometries) -> Iterator[tuple[Ints, Floats]]:
    """Footprints that lie near to each other, and so meet few polygons; with their bounds."""
    box = shapely.bounds(wholes)
    west, south, east, north = box.T
    known = np.flatnonzero(np.isfinite(west))
    x, y = (west + east)[known], (south + north)[known]
    stripe = np.empty(len(known), dtype=np.int64)
    deep = int(np.ceil(np.sqrt(len(known) * _BLOCK)))
    stripe[np.argsort(x, kind="stable")] = np.arange(len(known)) // max(deep, 1)
    order = known[np.lexsort((y, stripe))]
    for at in range(0, len(order), _BLOCK):
        rows = order[at : at + _BLOCK]
        yield rows, box[rows]


def _ordered(first: Any, second: Any) -> tuple[Ints, Ints]:
    order = np.lexsort((second, first))
    return first[order], second[order]


def _sound(polygons: Geometries) -> tuple[Edges, Bools]:
    """Return the edges of those that are valid, and which these are; GEOS is asked where needed."""
    with np.errstate(invalid="ignore", over="ignore"):
        edges = edges_of(polygons)
        sound = _convex(polygons, edges)
    asked = np.flatnonzero(~sound)
    sound[asked] = shapely.is_valid(polygons[asked])
    return edges if sound.all() else edges.take(sound[edges.owner]), sound


def _convex(polygons: Geometries, edges: Edges) -> Bools:
    """Tell which are one ring that turns left at each corner, once around: these are valid."""
    found = shapely.get_num_interior_rings(polygons) == 0
    found &= shapely.get_type_id(polygons) == _POLYGONS[0]
    bounds = np.searchsorted(edges.owner, np.arange(len(polygons) + 1))
    after = np.arange(1, len(edges.owner) + 1)
    some = np.flatnonzero(np.diff(bounds))
    after[bounds[some + 1] - 1] = bounds[some]
    u, v = (edges.end - edges.start).T
    x, y = u[after], v[after]
    left, right = u * y, v * x
    turns = left - right > FILTER * (np.abs(left) + np.abs(right))
    found[edges.owner[~turns]] = False
    # Once around it comes to run east just once.
    return found & (np.bincount(edges.owner[(u <= 0) & (x > 0)], minlength=len(found)) == 1)


def _polygonal(shapes: Geometries) -> Geometries:
    shapes = np.asarray(shapes, dtype=object)
    kind = shapely.get_type_id(shapes)
    found = _only(shapes, np.isin(kind, _POLYGONS))
    mixed = np.flatnonzero(kind == _COLLECTION)
    found[mixed] = [_polygons(one) for one in shapes[mixed]]
    return found


def _only(shapes: Geometries, kept: Bools) -> Geometries:
    """Leave out the others, and let the places of those that are kept be."""
    found = np.full(len(shapes), None, dtype=object)
    found[kept] = shapes[kept]
    return found


def _polygons(shape: Any) -> Any:
    """Keep the polygons of what two have in common: points and lines are only touched."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
