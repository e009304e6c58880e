"""Footprints and lines against an area: the share on it, and how far its edge is from deciding.

All of them at once, and each only against what is near it: areas are measured without cutting,
parts of the area are found by a tree, and of the edge only those pieces are moved that can be
the nearest to some place of the footprint before enough of it is swept. What they sweep is
summed up where they bend one way (`gisplan.siting.sweeping`), and drawn by GEOS else.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.index.segments import distances, segments_of
from gisplan.index.tree import SLACK, keep
from gisplan.overlaps import Ground
from gisplan.siting.sweeping import Sweep

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Geometries = NDArray[Any]

BISECTIONS: Final = 14
"""Halvings of the search for a footprint's margin: its diameter / 16 384."""
_BLOCK: Final = 2000
"""Footprints measured at a time: bounds the memory."""
_RUN: Final = 8
"""Pieces of edge on end that are sought as one box."""
_ROUNDEST: Final = 128
_CHORD: Final = 0.01
"""Of a footprint's radius: how far chords may stay within a round end."""
_LOST: Final = 2e-9
"""Share of what is swept that rounding may lose: "all of it" is all but this."""
_ULP: Final = 2e-15
"""Relative rounding of a place, as of `gisplan.overlaps.ground.rounding`."""
_TRIES: Final = 3
"""Discs tried, each twice as wide, to find how little of the edge can matter."""


class Target:
    """An area that footprints are measured against, prepared once.

    Parameters
    ----------
    area
        Polygons in metres.
    setback
        Metres around them that count as well; the polygon drawn for it has 256 sides to a
        circle and lies within 0.01 % of the setback of its round edge.
    """

    def __init__(self, area: Any, setback: float = 0.0) -> None:
        self.area = area.buffer(setback, quad_segs=64) if setback else area
        self.bare = float(area.area)
        self._parts = shapely.get_parts(self.area)
        self._ground = Ground(self._parts)
        self._tree = shapely.STRtree(self._parts)

    @cached_property
    def _edges(self) -> tuple[Any, Any, Any]:
        """Table of the edge's pieces, a tree of them, and a tree of boxes of several on end."""
        found = segments_of(self.area)
        if found is None:
            return None, None, None
        ends = found.ends
        lines: Any = shapely.linestrings(ends)
        firsts = np.arange(0, len(ends), _RUN)
        low, high = (by.reduceat(by(ends[:, 0], ends[:, 1]), firsts)
                     for by in (np.minimum, np.maximum))  # fmt: skip
        boxes: Any = shapely.box(*low.T, *high.T)
        return found.table, shapely.STRtree(lines), shapely.STRtree(boxes)

    @cached_property
    def piece(self) -> float:
        """How long a piece of its edge is on average, metres."""
        table = self._edges[0]
        return 0.0 if table is None else float(table[:, 7].mean())

    def size_on(self, wholes: Geometries, limit: Floats) -> Floats:
        """Area of each footprint, length of each line, on the area; near the limit as GEOS cuts."""
        line = shapely.get_dimensions(wholes) == 1
        found = self._ground.area_on(wholes, limit)
        found[line] = shapely.length(self.inside(wholes[line]))
        return found

    def inside(self, wholes: Geometries) -> Geometries:
        """Return what of each footprint lies on the area; a part that holds it is not cut."""
        found = np.full(len(wholes), shapely.from_wkt("POLYGON EMPTY"), dtype=object)
        which, part = self._tree.query(wholes, predicate="intersects")
        shapely.prepare(self._parts[np.unique(part)])
        held = shapely.contains_properly(self._parts[part], wholes[which])
        found[which[held]] = wholes[which[held]]
        which, part = which[~held], part[~held]
        pieces = shapely.intersection(wholes[which], self._parts[part])
        once = np.bincount(which, minlength=len(wholes)) == 1
        alone = once[which]
        found[which[alone]] = pieces[alone]
        for row in np.unique(which[~alone]):
            # Parts may touch in a line of no size, or a footprint lie over several.
            found[row] = shapely.unary_union(pieces[which == row])
        return found

    def outside(self, wholes: Geometries) -> Geometries:
        """Return what of each line or footprint lies off the area."""
        found = wholes.copy()
        which, part = self._tree.query(wholes, predicate="intersects")
        for row in np.unique(which):
            found[row] = shapely.difference(
                found[row], shapely.union_all(self._parts[part[which == row]])
            )
        return found

    def nearest(self, wholes: Geometries) -> tuple[Ints, Floats]:
        """Piece of edge nearest to each footprint, and how far it is, metres."""
        tree = self._edges[1]
        if tree is None:
            none = np.zeros(len(wholes), dtype=np.int64)
            return none, np.asarray(shapely.distance(wholes, shapely.boundary(self.area)))
        (at, edge), found = tree.query_nearest(wholes, return_distance=True, all_matches=False)
        which, distance = np.empty(len(wholes), dtype=np.int64), np.empty(len(wholes))
        which[at], distance[at] = edge, found
        return which, distance

    def near_edges(self, wholes: Geometries, nearest: Ints, reach: Floats) -> Geometries:
        """Return the pieces of edge, within reach, that can be the nearest to some place."""
        table, tree, runs = self._edges
        if tree is None:
            return np.full(len(wholes), shapely.boundary(self.area), dtype=object)
        west, south, east, north = shapely.bounds(wholes).T
        x, y = (west + east) / 2, (south + north) / 2
        half = np.maximum(east - west, north - south) / 2
        around = distances(x, y, table[nearest]) + 2 * (half * np.sqrt(2) + SLACK) + SLACK
        around = np.minimum(around, reach + half * np.sqrt(2) + SLACK)
        owner, run = runs.query(shapely.points(x, y), predicate="dwithin", distance=around)
        count = np.minimum(_RUN, len(table) - run * _RUN)
        edge = np.arange(count.sum()) + np.repeat(run * _RUN - np.cumsum(count) + count, count)
        owner = np.repeat(owner, count)
        close = np.flatnonzero(distances(x[owner], y[owner], table[edge]) <= around[owner])
        owner, edge = owner[close], edge[close]
        order = np.lexsort((edge, owner))
        owner, edge = owner[order], edge[order]
        starts = np.searchsorted(owner, np.arange(len(wholes) + 1))
        kept = keep(x, y, half, starts, edge.astype(np.int32), table)
        owner, edge = owner[kept], edge[kept]
        lines = tree.geometries[edge]
        kept = shapely.distance(wholes[owner], lines) <= reach[owner]
        # Joined, neighbours need no round ends of their own: many times less to compute.
        multi = shapely.multilinestrings(lines[kept], indices=owner[kept])
        return _cut_open(np.asarray(shapely.line_merge(multi), dtype=object))

    def enough(
        self, wholes: Geometries, open_: Geometries, near: tuple[Ints, Floats], wanted: Floats
    ) -> Floats:
        """Find a distance within which the edge sweeps more than wanted of what is open.

        All that lies within r of the place nearest to the edge is swept when the edge has
        moved r farther than that place is from it. Where little is wanted, that is near.
        """
        tree = self._edges[1]
        found = np.full(len(wholes), np.inf)
        if tree is None:
            return found
        edge, least = (one.copy() for one in near)
        parted = np.flatnonzero(
            [one is not whole for one, whole in zip(open_, wholes, strict=True)]
        )
        edge[parted], least[parted] = self.nearest(open_[parted])
        at = np.arange(len(wholes))
        place = shapely.get_point(shapely.shortest_line(open_[at], tree.geometries[edge]), 0)
        reach = np.sqrt(wanted[at])
        line = shapely.get_dimensions(wholes[at]) == 1
        reach[line] = wanted[at][line]
        for _ in range(_TRIES):
            reach = 2 * reach
            disc = shapely.buffer(place, reach, quad_segs=4)
            swept = _sizes_as(shapely.intersection(open_[at], disc), wholes[at])
            here = swept > wanted[at]
            found[at[here]] = np.minimum(found[at[here]], (least + reach)[here])
            at, place, least, reach = at[~here], place[~here], least[~here], reach[~here]
        return found


def _cut_open(lines: Geometries) -> Geometries:
    """Cut rings in two: drawn around a ring, GEOS leaves a hole where its sides have just met."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    for row in np.unique(owner[shapely.is_closed(parts)]):
        cut: list[Any] = []
        for part in parts[slice(*np.searchsorted(owner, (row, row + 1)))]:
            corners, half = shapely.get_coordinates(part), shapely.get_num_points(part) // 2
            halves = (corners[: half + 1], corners[half:]) if part.is_closed else (corners,)
            cut += [shapely.linestrings(one) for one in halves]
        lines[row] = shapely.multilinestrings(cut)
    return lines


def shares(wholes: Geometries, target: Target, wanted: float) -> tuple[Floats, Floats]:
    """Signed margin of lines and footprints to holding the wanted share, and the share inside."""
    margin, share = np.empty(len(wholes)), np.empty(len(wholes))
    for rows in _blocks(len(wholes)):
        here = wholes[rows]
        size = sizes(here)
        # The smallest float below the wanted size, so that "at least" is "more than".
        limit = wanted * size * (1 - 1e-12)
        held = target.size_on(here, limit)
        share[rows] = np.minimum(1.0, held / size)
        margin[rows] = _offsets(here, held, target, limit)
    return margin, share


def touching(wholes: Geometries, target: Target, touch_area: float) -> tuple[Floats, Floats]:
    """Margin of lines and footprints to a constraint and its setback, and the size on it."""
    margin, touch = np.empty(len(wholes)), np.empty(len(wholes))
    for rows in _blocks(len(wholes)):
        here = wholes[rows]
        size = sizes(here)
        # Met while no more than touch_area lies on it; a tiny footprint, or a tiny constraint
        # within it, may not hide below that.
        polygon = shapely.get_dimensions(here) == 2
        smallest = np.minimum(size, np.where(polygon, target.bare, np.inf))
        limit = np.minimum(touch_area, smallest / 2)
        touch[rows] = target.size_on(here, limit)
        margin[rows] = -_offsets(here, touch[rows], target, limit)
    return margin, touch


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(at, at + _BLOCK) for at in range(0, rows, _BLOCK))


def _offsets(wholes: Geometries, held: Floats, target: Target, limit: Floats) -> Floats:
    """How far the area's edge must move for the size on it to cross a limit.

    Positive where it is above now (the area would have to shrink by so much), negative where
    it is not (it would have to grow). This is the margin of a footprint: comparing it with
    1.645 σ is judging again with the layer shrunk and grown by 1.645 σ. Growing by t adds what
    of the rest lies within t of the edge; shrinking takes what of the inside does.
    """
    now = held > limit
    open_ = _open(wholes, held, now, target)
    wanted = np.minimum(np.where(now, held - limit, limit - held), _sweepable(open_, wholes))
    nearest, low = target.nearest(wholes)
    far = _farthest(wholes)
    # No more than that of the smallest circle around it, which takes longer to find.
    radius = far / np.sqrt(2)
    # Past the nearest edge, the edge sweeps the footprint within one diameter of it.
    high = low + far * 2 + 1.0
    # Of a winding edge many pieces are near: those are left out that come too late to matter.
    # Round ends are drawn with chords, which stay within a hundredth of the radius.
    rows = np.flatnonzero(radius > target.piece)
    enough = target.enough(wholes[rows], open_[rows], (nearest[rows], low[rows]), wanted[rows])
    high[rows] = np.minimum(high[rows], enough + radius[rows] * _CHORD + SLACK)
    search = _Search(
        open_, target.near_edges(wholes, nearest, high + SLACK), low=low, high=high, radius=radius,
        wanted=wanted, strict=~now,
    )  # fmt: skip
    low, high = search.run(wholes)
    # The last edge known to leave the answer where it is met, the first to change it where
    # it is not: an unmet footprint never comes out as exactly on the edge, which is met.
    return np.where(now, low, -high)


def _farthest(wholes: Geometries) -> Floats:
    """How far the corners of each are from the middle of its box, at most."""
    bounds = shapely.bounds(wholes)
    corners, which = shapely.get_coordinates(wholes, return_index=True)
    away = np.hypot(*(corners - (bounds[:, :2] + bounds[:, 2:])[which] / 2).T)
    return np.maximum.reduceat(away, np.searchsorted(which, np.arange(len(wholes))))


def _sweepable(open_: Geometries, wholes: Geometries) -> Floats:
    """Size of what there is to sweep, less what rounding may lose of it.

    Where all of it is wanted (a share of 1, no m² allowed), it would never be found swept else.
    """
    whole = _sizes_as(open_, wholes)
    far = np.abs(shapely.bounds(wholes)).max(axis=1, initial=0.0)
    outline = np.where(shapely.get_dimensions(wholes) == 2, shapely.length(open_), 1.0)
    return np.maximum(whole - _LOST * whole - _ULP * far * outline, 0.0)


def _open(wholes: Geometries, held: Floats, now: Bools, target: Target) -> Geometries:
    """What a moving edge can sweep: the inside where it is to shrink, else the rest."""
    found = wholes.copy()
    line = shapely.get_dimensions(wholes) == 1
    parted = (held > 0) & (held < sizes(wholes))
    cut = np.flatnonzero(parted & ~line)
    inside = target.inside(wholes[cut])
    found[cut] = np.where(now[cut], inside, shapely.difference(wholes[cut], inside))
    cut = np.flatnonzero(parted & line & now)
    found[cut] = target.inside(wholes[cut])
    # A piece of a line, its ends rounded, no longer lies on the line it was cut from.
    cut = np.flatnonzero(parted & line & ~now)
    found[cut] = target.outside(wholes[cut])
    return found


class _Search:
    """Find for each footprint how far the edge must move to sweep a wanted size.

    Between two distances, one that is too short and one that is not, by the straight line
    through the roots of the sizes swept (a corner sweeps the square of what it moves), or
    through those of what is not swept yet, where that is less. Halved where three steps have
    not brought the two nearer by half; never nearer to an end than half of what is asked for,
    so that both ends close in.
    """

    def __init__(
        self, open_: Geometries, edges: Geometries, *, low: Floats, high: Floats,
        radius: Floats, wanted: Floats, strict: Bools,
    ) -> None:  # fmt: skip
        self._open, self._edges, self._sweep = open_, edges, Sweep(open_, edges, low)
        self.low, self.high = low, high
        self._wanted, self._strict = wanted, strict
        self._step = (radius * 2 + 1.0) / 2**BISECTIONS
        # Chords of the round ends stay within a hundredth of the footprint's radius.
        sides = np.pi / 4 / np.sqrt(2 * _CHORD * radius / self.high)
        self._sides = 2 ** np.ceil(np.log2(sides.clip(16, _ROUNDEST)))

    def run(self, wholes: Geometries) -> tuple[Floats, Floats]:
        """Return the two distances, no farther apart than a footprint's diameter / 16 384."""
        low, high, wanted = self.low, self.high, self._wanted
        whole = _sizes_as(self._open, wholes)
        left = _beside(np.zeros(len(wholes)), wanted, whole)
        right = _beside(whole, wanted, whole)
        last, before = np.zeros(len(wholes), dtype=np.int8), high - low
        # One more than the bisections: two ends may be a diameter and a half apart.
        for turn in range(3 * (BISECTIONS + 1)):
            at = np.flatnonzero(high - low > self._step)
            if not len(at):
                break
            slope = right[at] - left[at]
            part = np.where(slope > 0, -left[at] / np.where(slope > 0, slope, 1), 0.5)
            if turn % 3 == 2:
                slow = high[at] - low[at] > before[at] / 2
                part = np.where(slow, 0.5, part)
            middle, step = low[at] + part.clip(0, 1) * (high[at] - low[at]), self._step[at] / 2
            middle = middle.clip(low[at] + step, high[at] - step)
            swept = self._swept(at, middle, wholes)
            short = np.where(self._strict[at], swept <= wanted[at], swept < wanted[at])
            value = _beside(swept, wanted[at], whole[at])
            # An end that stays twice counts half (Illinois), so that it comes to move.
            right[at[short & (last[at] == 1)]] /= 2
            left[at[~short & (last[at] == -1)]] /= 2
            low[at[short]], left[at[short]] = middle[short], value[short]
            high[at[~short]], right[at[~short]] = middle[~short], value[~short]
            last[at] = np.where(short, 1, -1)
            if turn % 3 == 2:
                before = high - low
        return low, high

    def _swept(self, at: Ints, distance: Floats, wholes: Geometries) -> Floats:
        swept, known = np.empty(len(at)), self._sweep.known[at]
        swept[known] = self._sweep.swept(at[known], distance[known])
        at, distance = at[~known], distance[~known]
        moved = _buffered(self._edges[at], distance, self._sides[at])
        swept[~known] = _sizes_as(shapely.intersection(self._open[at], moved), wholes[at])
        return swept


def _beside(swept: Floats, wanted: Floats, whole: Floats) -> Floats:
    """How far a size is from the wanted one, as about a straight line of the way moved."""
    little = 2 * wanted < whole
    part, aim = (np.where(little, one, np.maximum(whole - one, 0)) for one in (swept, wanted))
    return np.where(little, 1, -1) * (np.sqrt(part) - np.sqrt(aim))


def _buffered(edges: Geometries, distance: Floats, sides: Floats) -> Geometries:
    found = np.empty(len(edges), dtype=object)
    for count in np.unique(sides):
        at = sides == count
        found[at] = shapely.buffer(edges[at], distance[at], quad_segs=int(count))
    return found


def sizes(wholes: Geometries) -> Floats:
    """Area of footprints, length of lines."""
    return _sizes_as(wholes, wholes)


def _sizes_as(parts: Geometries, wholes: Geometries) -> Floats:
    """Area of a footprint's parts, length of a line's: an edge in common has no area."""
    polygon = shapely.get_dimensions(wholes) == 2
    return np.where(polygon, shapely.area(parts), shapely.length(parts))
