"""How much of a footprint an edge has swept when it has moved so far: exactly, without drawing.

Near a footprint the edge is a chain of a few straight pieces. The place nearest to it is on one
of these, or at a corner between two, and the ground that belongs to each is bounded by straight
lines: across a piece at its ends where the chain bends away from the footprint, and midway
between two pieces where it bends round it. In each such cell what lies within a distance is
bounded by a straight line or by a circle, so that its area is a sum over the footprint's edges.
Chains that bend to and fro are left to GEOS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.overlaps.strips import Edges, Floats, Ints, edges_of

Bools = NDArray[np.bool_]
Geometries = NDArray[Any]

_PIECES: Final = 12
"""Pieces of a chain beyond which it is drawn."""
_BENT: Final = 3.0
"""Radians by which a chain may bend away, so that no two cells lie on each other."""
_STRAIGHT: Final = 1e-12
"""Sine of a bend that is none."""
_BEHIND: Final = 1e-6
"""Metres by which rounding may put a place of the footprint behind the edge."""
_LACKING: Final = 1e-9
"""Share of what is open that cells may lack by rounding."""
_PIECE, _CORNER, _NOOK = range(3)


class _Cells(NamedTuple):
    """Cells that belong to pieces (here or about a nook) or corners.

    Each is where nx + my >= c for two rows (n, m, c).
    """

    kind: Ints
    owner: Ints
    origin: Floats
    along: Floats
    first: Floats
    second: Floats


class _Terms(NamedTuple):
    """Stretches of footprints' edges within a cell.

    Of a piece x is along it and y away from it, less ``base``; of a corner both are from it.
    """

    kind: Ints
    owner: Ints
    base: Floats
    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats

    def take(self, rows: Ints) -> _Terms:
        rest = (one.take(rows) for one in self[2:])
        return _Terms(self.kind.take(rows), self.owner.take(rows), *rest)


class Sweep:
    """What edges sweep of footprints, where it can be told exactly (``known``).

    Parameters
    ----------
    open_
        What there is to sweep of each: polygons on one side of the edge; all else is unknown.
    edges
        Of each, all pieces of edge that can be the nearest to a place of it, merged.
    low
        Of each, the distance to the edge, metres.
    """

    def __init__(self, open_: Geometries, edges: Geometries, low: Floats) -> None:
        self.known = np.zeros(len(open_), dtype=bool)
        pieces = shapely.get_num_points(edges) - 1
        asked = (shapely.get_type_id(edges) == shapely.GeometryType.LINESTRING) & (pieces > 0)
        asked &= (pieces <= _PIECES) & (shapely.get_dimensions(open_) == 2)
        found = []
        for backwards in (False, True):
            rows = np.flatnonzero(asked & ~self.known)
            chains = shapely.reverse(edges[rows]) if backwards else edges[rows]
            terms, good = _told(open_[rows], chains, low[rows])
            self.known[rows[good]] = True
            terms = terms.take(np.flatnonzero(good[terms.owner]))
            found.append(terms._replace(owner=rows[terms.owner]))
        self._terms = _Terms(*(np.concatenate(one) for one in zip(*found, strict=True)))

    def swept(self, rows: Ints, distance: Floats) -> Floats:
        """Return the m² of some known footprints within a distance (m) of their edges."""
        place = np.full(len(self.known), -1)
        place[rows] = np.arange(len(rows))
        at = place[self._terms.owner]
        kept = np.flatnonzero(at >= 0)
        terms, at = self._terms.take(kept), at[kept]
        area = np.empty(len(at))
        for kind, within in ((_PIECE, _by_piece), (_CORNER, _by_corner), (_NOOK, _by_nook)):
            some = np.flatnonzero(terms.kind == kind)
            area[some] = within(terms.take(some), distance[at[some]])
        found: Floats = np.bincount(at, weights=area, minlength=len(rows)).astype(float)
        return found


def _told(open_: Geometries, chains: Geometries, low: Floats) -> tuple[_Terms, Bools]:
    """Terms of all footprints, and of which the cells to the left of their chain hold all."""
    near = shapely.bounds(open_)[:, :2]
    corners, owner = shapely.get_coordinates(chains, return_index=True)
    cells, good = _cells(corners - near[owner], owner, len(chains))
    edges = edges_of(open_)
    here = near[edges.owner]
    terms = _terms(cells, Edges(edges.start - here, edges.end - here, edges.owner), low)
    behind = (terms.kind != _CORNER) & (np.minimum(terms.y0, terms.y1) + terms.base < -_BEHIND)
    good[terms.owner[behind]] = False
    piece = terms.kind == _PIECE
    whole = np.where(piece, (terms.x0 - terms.x1) * (terms.y0 + terms.y1), _twice(terms)) / 2
    size, total = shapely.area(open_), np.bincount(terms.owner, whole, minlength=len(good))
    return terms, good & (size > 0) & (np.abs(total - size) <= _LACKING * size)


def _cells(corners: Floats, owner: Ints, chains: int) -> tuple[_Cells, Bools]:
    """Cells on the left of chains, and which chains bend one way."""
    inner = np.flatnonzero(owner[1:] == owner[:-1])
    start, end, owner = corners[inner], corners[inner + 1], owner[inner]
    along = end - start
    length = np.hypot(*along.T)
    good = np.ones(chains, dtype=bool)
    good[owner[length == 0]] = False
    along = along / np.where(length > 0, length, 1.0)[:, None]
    bend = np.flatnonzero(owner[1:] == owner[:-1])
    one, two, whose = along[bend], along[bend + 1], owner[bend]
    sine = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    turn = np.abs(np.arctan2(sine, (one * two).sum(axis=1)))
    bends = np.bincount(whose, minlength=chains)
    round_ = np.bincount(whose[sine > _STRAIGHT], minlength=chains)
    good &= (round_ == 0) | ((round_ == 1) & (bends == 1))
    good &= np.bincount(whose, turn, minlength=chains) < _BENT
    away = round_ == 0
    slab, wedge = np.flatnonzero((good & away)[owner]), np.flatnonzero((good & away)[whose])
    nook = np.flatnonzero((good & ~away)[whose])
    parts = [
        _Cells(np.full(len(slab), _PIECE), owner[slab], start[slab], along[slab],
               _half(along[slab], start[slab]), _half(-along[slab], end[slab])),
        _Cells(np.full(len(wedge), _CORNER), whose[wedge], end[bend[wedge]], one[wedge],
               _half(one[wedge], end[bend[wedge]]), _half(-two[wedge], end[bend[wedge]])),
    ]  # fmt: skip
    first, last = bend[nook], bend[nook] + 1
    apart = _left(along[last]) - _left(along[first])
    for piece, far, way, side in ((first, start[first], 1, apart), (last, end[last], -1, -apart)):
        parts.append(
            _Cells(np.full(len(nook), _NOOK), owner[piece], end[first], along[piece],
                   _half(way * along[piece], far), _half(side, end[first]))
        )  # fmt: skip
    return _Cells(*(np.concatenate(one) for one in zip(*parts, strict=True))), good


def _left(along: Floats) -> Floats:
    return np.column_stack([-along[:, 1], along[:, 0]])


def _half(normal: Floats, place: Floats) -> Floats:
    """The half-plane towards a side of a place."""
    return np.column_stack([normal, (normal * place).sum(axis=1)])


def _terms(cells: _Cells, edges: Edges, low: Floats) -> _Terms:
    """Cut the edges of footprints by the cells of their chains."""
    bounds = np.searchsorted(edges.owner, np.arange(len(low) + 1))
    times = np.diff(bounds)[cells.owner]
    cell = np.repeat(np.arange(len(times)), times)
    edge = np.arange(len(cell)) - np.repeat(np.cumsum(times) - times, times)
    edge += bounds[cells.owner[cell]]
    start, end = edges.start[edge], edges.end[edge]
    since, until = np.zeros(len(cell)), np.ones(len(cell))
    for half in (cells.first[cell], cells.second[cell]):
        at_start, at_end = ((half[:, :2] * one).sum(axis=1) - half[:, 2] for one in (start, end))
        with np.errstate(divide="ignore", invalid="ignore"):
            cut = at_start / (at_start - at_end)
        since = np.where((at_start < 0) & (at_end >= 0), np.maximum(since, cut), since)
        until = np.where((at_start >= 0) & (at_end < 0), np.minimum(until, cut), until)
        until = np.where((at_start < 0) & (at_end < 0), -1.0, until)
    kept = np.flatnonzero(until > since)
    cell, start, step = cell[kept], start[kept], (end - start)[kept]
    kind, owner = cells.kind[cell], cells.owner[cell]
    base = np.where(kind == _PIECE, low[owner], 0.0)
    ends = [
        _seen(start + part[kept, None] * step - cells.origin[cell], cells.along[cell], kind)
        for part in (since, until)
    ]
    (x0, y0), (x1, y1) = ends
    return _Terms(kind, owner, base, x0, y0 - base, x1, y1 - base)


def _seen(place: Floats, along: Floats, kind: Ints) -> Iterator[Floats]:
    """Coordinates along a piece and to its left; those of a corner as they are."""
    (x, y), (u, v) = place.T, along.T
    corner = kind == _CORNER
    return iter((np.where(corner, x, x * u + y * v), np.where(corner, y, y * u - x * v)))


def _twice(terms: _Terms) -> Floats:
    """Twice the area between the origin and a stretch."""
    return terms.x0 * terms.y1 - terms.x1 * terms.y0


def _by_piece(terms: _Terms, distance: Floats) -> Floats:
    """Area between a piece and a stretch, no farther than a distance."""
    reach = distance - terms.base
    low, high = np.minimum(terms.y0, terms.y1), np.maximum(terms.y0, terms.y1)
    part = reach.clip(low, high)
    less = (part - low) ** 2 / (2 * np.where(high > low, high - low, 1.0))
    # The mean of what lies below both the stretch and the reach.
    return (terms.x0 - terms.x1) * (np.minimum(part, reach) - less)


def _by_nook(terms: _Terms, distance: Floats) -> Floats:
    """Area of the triangle from a nook to a stretch, no farther than a distance from a piece."""
    low, high = np.minimum(terms.y0, terms.y1), np.maximum(terms.y0, terms.y1)
    low, high = np.maximum(low, 0.0), np.maximum(high, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = (high - distance) ** 2 / (high * (high - low))
        within = distance * distance / (low * high)
    share = np.where(high <= distance, 1.0, np.where(low >= distance, within, 1.0 - beyond))
    return share * _twice(terms) / 2


def _by_corner(terms: _Terms, distance: Floats) -> Floats:
    """Area of the triangle from a corner to a stretch, within a circle about the corner."""
    x, y = terms.x1 - terms.x0, terms.y1 - terms.y0
    square, twice = x * x + y * y, _twice(terms)
    along = terms.x0 * x + terms.y0 * y
    root = np.sqrt(np.maximum(square * distance * distance - twice * twice, 0.0))
    square[square == 0] = 1.0
    enter, leave = (((-along + way * root) / square).clip(0, 1) for way in (-1, 1))
    # Where the circle is not met, both are the same place, and all of it is one sector.
    x0, y0 = terms.x0 + enter * x, terms.y0 + enter * y
    x1, y1 = terms.x1 - (1 - leave) * x, terms.y1 - (1 - leave) * y
    angle = np.arctan2(terms.x0 * y0 - terms.y0 * x0, terms.x0 * x0 + terms.y0 * y0)
    angle += np.arctan2(x1 * terms.y1 - y1 * terms.x1, x1 * terms.x1 + y1 * terms.y1)
    return (distance * distance * angle + (x0 * y1 - x1 * y0)) / 2
