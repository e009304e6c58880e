"""Areas in common as sums over pairs of edges: no geometry is made, and nothing is decided.

A polygon is the sum of the strips below its edges, each counted +1 below an upper edge and -1
below a lower one. So the area that two polygons have in common is the sum, over pairs of an
edge of the one and an edge of the other, of the area below both edges. That is continuous in
every coordinate: edges that touch, lie on each other or end on each other are no special cases.
Of the one polygon, only edges within the box of the other are needed. What lies above the box
is known up to one thing, whether the corner of the box is inside, which adds all or nothing.
(Cf. W. R. Franklin, "Calculating map overlay polygons' areas without explicitly calculating
the polygons", Proc. 4th Int. Symp. Spatial Data Handling, 1990.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PAIRS: Final = 20_000
"""Pairs of edges computed at a time, so that they stay in the processor's cache."""
_POLYGON: Final = 3


class Edges(NamedTuple):
    """Edges of polygons, n x 2 each, ring by ring, the inside left; ``owner`` ascends."""

    start: Floats
    end: Floats
    owner: Ints

    def take(self, rows: Any) -> Edges:
        """Return some of them."""
        return Edges(*(one[rows] for one in self))


class Strips(NamedTuple):
    """Edges within the box of a footprint, whose lower left corner is the origin.

    ``pair`` ascends; from ``left`` to ``right`` the height changes from ``at_left`` to
    ``at_right``, metres; ``sign`` is +1 where the inside is below.
    """

    pair: Ints
    left: Floats
    right: Floats
    at_left: Floats
    at_right: Floats
    sign: Floats

    def take(self, rows: Any) -> Strips:
        """Return some of them, by a slice or their positions."""
        if isinstance(rows, slice):
            parts = (one[rows] for one in self[1:])
            return Strips(self.pair[rows], *parts)
        taken = (one.take(rows) for one in self[1:])
        return Strips(self.pair.take(rows), *taken)

    def table(self) -> Floats:
        """Return all but the pair as columns, and the slope, for machine code."""
        return np.column_stack([*self[1:], _line(self)[1]])


def edges_of(polygons: NDArray[Any]) -> Edges:
    """Take polygons apart; ``None`` and what is no polygon has no edges."""
    plain = (shapely.get_type_id(polygons) == _POLYGON) & ~shapely.is_empty(polygons)
    plain &= shapely.get_num_interior_rings(polygons) == 0
    # Most have one ring: they are read as they stand, without a copy of every part and ring.
    corners, which = shapely.get_coordinates(polygons[plain], return_index=True)
    ones = np.flatnonzero(plain)
    one = _oriented(corners, which, np.ones(len(ones), dtype=bool), ones)
    if not (~plain & ~shapely.is_missing(polygons)).any():
        return one
    others = np.flatnonzero(~plain)
    parts, owner = shapely.get_parts(polygons[others], return_index=True)
    owner = others[owner]
    polygonal = (shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)
    parts, owner = parts[polygonal], owner[polygonal]
    if not len(parts):
        return one
    _, corners, (rings, shells) = shapely.to_ragged_array(parts, include_z=False)
    count, whose = np.diff(rings), np.repeat(owner, np.diff(shells))
    shell = np.zeros(len(count), dtype=bool)
    shell[shells[:-1]] = True
    other = _oriented(corners, np.repeat(np.arange(len(count)), count), shell, whose)
    start, end = np.vstack([one.start, other.start]), np.vstack([one.end, other.end])
    owner = np.concatenate([one.owner, other.owner])
    order = np.argsort(owner, kind="stable")
    return Edges(start[order], end[order], owner[order])


def _oriented(corners: Floats, ring: Ints, shell: NDArray[np.bool_], owner: Ints) -> Edges:
    """Turn rings so that the inside is on the left of their edges, which follow each other."""
    first = np.searchsorted(ring, np.arange(len(shell)))
    near = corners - corners[first][ring]
    inner = np.flatnonzero(ring[1:] == ring[:-1])
    ring = ring[inner]
    twice = near[inner, 0] * near[inner + 1, 1] - near[inner + 1, 0] * near[inner, 1]
    around = np.bincount(ring, weights=twice, minlength=len(shell))
    turned = (around > 0) != shell
    start, end = corners[inner], corners[inner + 1]
    if turned.any():
        back = np.flatnonzero(turned[ring])
        bounds = np.searchsorted(ring, np.arange(len(shell) + 1))
        at = (bounds[:-1] + bounds[1:] - 1)[ring[back]] - back
        start[back], end[back] = end[at], start[at]
    return Edges(start, end, owner[ring])


def clipped(start: Floats, end: Floats, box: Floats, pair: Ints) -> Strips:
    """Keep of each edge what lies in the box of its pair.

    What is above the box has no strip. Where an edge leaves the box at the top, the top itself
    is an edge from there to the right: the inside above it begins or ends there.
    """
    high, wide = box[:, 3] - box[:, 1], box[:, 2] - box[:, 0]
    east = end[:, 0] > start[:, 0]
    left, right = (np.where(east[:, None], *two) - box[:, :2] for two in
                   ((start, end), (end, start)))  # fmt: skip
    (x0, y0), (x1, y1) = left.T, right.T
    sign = np.where(east, -1.0, 1.0)
    # Told of the corners as they stand, as it is told which edges come near: one that lies above
    # by less than the rounding of its height would else be passed over by one and not the other.
    above = (start[:, 1] > box[:, 3], end[:, 1] > box[:, 3])
    above0, above1 = (np.where(east, *two) for two in (above, above[::-1]))
    crossing = above0 != above1
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (y1 - y0) / (x1 - x0)
        top = np.clip(x0 + (high - y0) / (y1 - y0) * (x1 - x0), x0, x1)
        top = np.where(y0 == y1, x0, top)
        foot = np.clip(x0 + (0.0 - y0) / (y1 - y0) * (x1 - x0), x0, x1)
    low, far = np.maximum(x0, 0.0), np.minimum(x1, wide)
    low = np.where(above0, np.maximum(low, top), low)
    far = np.where(above1, np.minimum(far, top), far)
    # What is below the box has nothing of it below.
    low = np.where((y0 < 0) & (y1 > 0), np.maximum(low, foot), low)
    far = np.where((y1 < 0) & (y0 > 0), np.minimum(far, foot), far)
    kept = np.flatnonzero((far > low) & ~(above0 & above1) & ((y0 > 0) | (y1 > 0)))
    least, most = np.maximum(np.minimum(y0, y1), 0.0), np.minimum(np.maximum(y0, y1), high)
    ends = [
        np.clip(y0[kept] + (x[kept] - x0[kept]) * slope[kept], least[kept], most[kept])
        for x in (low, far)
    ]
    gone = np.flatnonzero(crossing & (top < wide) & (top > 0))
    upward = end[gone, 1] > start[gone, 1]
    found = Strips(
        np.concatenate([pair[kept], pair[gone]]),
        np.concatenate([low[kept], top[gone]]),
        np.concatenate([far[kept], wide[gone]]),
        np.concatenate([ends[0], high[gone]]),
        np.concatenate([ends[1], high[gone]]),
        np.concatenate([sign[kept], np.where(upward, -1.0, 1.0)]),
    )
    order = np.argsort(found.pair, kind="stable")
    return found.take(order)


def outlines(edges: Edges, box: Floats) -> tuple[Strips, Ints]:
    """All edges of footprints, each from the corner of its box, and where each one's start."""
    start, end = (one - box[edges.owner, :2] for one in (edges.start, edges.end))
    flat = np.flatnonzero(start[:, 0] != end[:, 0])
    start, end, owner = start[flat], end[flat], edges.owner[flat]
    east = end[:, 0] > start[:, 0]
    left, right = (np.where(east[:, None], *two) for two in ((start, end), (end, start)))
    strips = Strips(
        owner, left[:, 0], right[:, 0], left[:, 1], right[:, 1], np.where(east, -1.0, 1.0)
    )
    return strips, np.searchsorted(owner, np.arange(len(box) + 1))


def summed(strips: Strips, outline: Strips, starts: Ints, whole: Ints) -> Floats:
    """Add up what lies below both edges, for each pair.

    Parameters
    ----------
    strips
        Of the polygons: what `clipped` returns.
    outline, starts
        Of the footprints: what `outlines` returns.
    whole
        The footprint of each pair.

    Returns
    -------
    ndarray
        m², the area in common; less the footprint's own where the upper left corner of its box
        is inside the polygon.
    """
    pairs = len(whole)
    count = (starts[1:] - starts[:-1])[whole[strips.pair]]
    bounds = np.searchsorted(strips.pair, np.arange(pairs + 1))
    total = np.concatenate([[0], np.cumsum(count)])[bounds]
    found = np.zeros(pairs)
    for some in blocks(np.diff(total), _PAIRS):
        rows = slice(bounds[some.start], bounds[some.stop])
        here = strips.take(rows)
        times = count[rows]
        row = np.repeat(np.arange(len(times)), times)
        edge = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
        edge += np.repeat(starts[whole[here.pair]], times)
        area, row = _below_both(here, row, outline, edge)
        number = here.pair[row] - some.start
        found[some] = np.bincount(number, weights=area, minlength=some.stop - some.start)
    return found


def _below_both(one: Strips, row: Ints, other: Strips, edge: Ints) -> tuple[Floats, Ints]:
    left = np.maximum(one.left.take(row), other.left.take(edge))
    right = np.minimum(one.right.take(row), other.right.take(edge))
    kept = np.flatnonzero(right > left)
    left, right, row, edge = left.take(kept), right.take(kept), row.take(kept), edge.take(kept)
    a0, a1 = _heights(one, row, left, right)
    b0, b1 = _heights(other, edge, left, right)
    d0, d1 = a0 - b0, a1 - b1
    least, most = np.minimum(d0, d1), np.maximum(d0, d1)
    # The mean height of the lower of two straight lines, which may cross in between.
    crossed = -least * least / np.where(most > least, most - least, 1.0)
    under = np.where(most <= 0, d0 + d1, np.where(least >= 0, 0.0, crossed))
    area = (right - left) * ((b0 + b1) + under) / 2
    return area * (one.sign.take(row) * other.sign.take(edge)), row


def _heights(strips: Strips, row: Ints, left: Floats, right: Floats) -> tuple[Floats, Floats]:
    at_left, slope = (one.take(row) for one in _line(strips))
    since = strips.left.take(row)
    return at_left + (left - since) * slope, at_left + (right - since) * slope


def _line(strips: Strips) -> tuple[Floats, Floats]:
    return strips.at_left, (strips.at_right - strips.at_left) / (strips.right - strips.left)


def blocks(counts: Ints, most: int) -> Iterator[slice]:
    """Cut a row of things into stretches with no more than so many parts; at least one thing."""
    ends = np.cumsum(counts)
    at, done = 0, 0
    while at < len(counts):
        past = max(int(np.searchsorted(ends, done + most, side="right")), at + 1)
        yield slice(at, past)
        at, done = past, int(ends[past - 1])
