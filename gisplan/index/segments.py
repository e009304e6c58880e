"""The edges of an area as arrays, and GEOS' own formula for the distance to one of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

FURTHEST: Final = 1e8
"""Metres. Coordinates beyond it are no place on the ground, and rounding would be felt."""
_LINES: Final = frozenset({1, 2, 5})
_POLYGONS: Final = frozenset({3, 6})


@dataclass(frozen=True)
class Segments:
    """Edges from A to B: ``ends`` are x and y of A and of B, edges by 2 by 2."""

    ends: Floats
    polygonal: bool

    def __len__(self) -> int:
        return len(self.ends)

    @cached_property
    def table(self) -> Floats:
        """Columns A.x, A.y, dx, dy, B.x, B.y, dx² + dy², length."""
        start, end = self.ends[:, 0], self.ends[:, 1]
        d = end - start
        square = d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1]
        table = np.column_stack([start, d, end, square, np.sqrt(square)])
        # An edge without length is its own end: any divisor leaves the distance to A.
        table[square == 0, 6] = 1.0
        return table


def segments_of(area: Any) -> Segments | None:
    """Take the edges of a line or polygon apart; ``None`` where GEOS has to be asked instead."""
    kind = int(shapely.get_type_id(area))
    if kind not in _LINES | _POLYGONS or shapely.is_empty(area):
        return None
    lines = shapely.get_parts(shapely.boundary(area) if kind in _POLYGONS else area)
    corners, line = shapely.get_coordinates(lines, return_index=True)
    if not (corners.min() >= -FURTHEST and corners.max() <= FURTHEST):  # nor where one is NaN
        return None
    ends = np.stack([corners[:-1], corners[1:]], axis=1)[line[1:] == line[:-1]]
    return Segments(ends, kind in _POLYGONS) if len(ends) else None


def distances(x: Floats, y: Floats, edge: Floats) -> Floats:
    """Distance in metres of each point to the edge in the same row of a `Segments.table`.

    Same operations in the same order as GEOS' ``Distance::pointToSegment`` (GEOS 3.8 to
    3.14), so that the bits are the same. Computed in place: new memory costs more than numbers.
    """
    ax, ay, dx, dy, bx, by, square, length = edge.T
    u, v = x - ax, y - ay
    along = u * dx
    along += v * dy
    # Below 0, or 1 and more, just where the quotient by the square is.
    before, after = along <= 0.0, along >= square
    inner, more = np.multiply(u, dy, out=along), v * dx
    inner -= more
    np.abs(inner, out=inner)
    inner /= square
    inner *= length
    u *= u
    v *= v
    to_a = np.sqrt(np.add(u, v, out=u), out=u)
    np.subtract(x, bx, out=v)
    np.subtract(y, by, out=more)
    v *= v
    more *= more
    to_b = np.sqrt(np.add(v, more, out=v), out=v)
    return np.where(before, to_a, np.where(after, to_b, inner))


@cache
def equals_geos() -> bool:
    """Tell whether the formula gives GEOS' bits on this machine, by trying 2000 pairs.

    A compiler that fuses multiplication and addition (as on some ARM processors) rounds
    otherwise; then GEOS is asked for everything.
    """
    random = np.random.default_rng(20261124)
    ends = random.uniform(0, 3000, (2000, 4)) + np.array([5e5, 4e6, 5e5, 4e6])
    ends[:200, 3] = ends[:200, 1]
    ends[200:400, 2] = ends[200:400, 0]
    places = random.uniform(-500, 3500, (2000, 2)) + np.array([5e5, 4e6])
    places[::5] = ends[::5, :2]
    lines = shapely.linestrings(ends.reshape(-1, 2, 2))
    d = ends[:, 2:] - ends[:, :2]
    square = d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1]
    edge = np.column_stack([ends[:, :2], d, ends[:, 2:], square, np.sqrt(square)])
    told = shapely.distance(lines, shapely.points(places))
    return bool(np.array_equal(told, distances(places[:, 0], places[:, 1], edge)))
