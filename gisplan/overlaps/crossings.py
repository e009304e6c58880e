"""Pieces of which the outline is one stretch of each of two rings: joined, not cut by GEOS.

Two rings that cross at two places, and meet at no other, have one piece in common: its outline is
what of the one lies within the other, and what of the other within the one. Whether two edges
cross is told by the sides on which their ends lie, which is taken as known only where rounding
cannot have turned it (J. R. Shewchuk, "Adaptive precision floating-point arithmetic and fast
robust geometric predicates", Discrete Comput. Geom. 18, 1997), and where they cross is taken
only where it is certain to be rounded as GEOS rounds it: corners are GEOS' to the last bit.
Whatever touches, is too close to tell or crosses more often is left to GEOS.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.overlaps.strips import Edges, Floats, Ints, blocks

Bools = NDArray[np.bool_]

FILTER: Final = 4e-16
"""Share of its two products that a side has to exceed to be known; Shewchuk's is 3.4e-16."""
_ERROR: Final = 2e-15
"""Of the terms of a place before it is rounded: several times what their rounding adds up to."""
_PAIRS: Final = 20_000
"""Pairs of edges looked at at a time, so that they stay in the processor's cache."""


class Rings(NamedTuple):
    """Edges of polygons, where those of each begin, how many; and which polygons are one ring.

    The edges of one ring follow each other, the inside on their left.
    """

    edges: Edges
    first: Ints
    many: Ints
    single: Bools

    @classmethod
    def of(cls, polygons: NDArray[Any], valid: Bools, edges: Edges) -> Rings:
        """Find the edges of each polygon.

        A single ring has two dimensions, no grid that GEOS rounds to, and never stands still.
        """
        bounds = np.searchsorted(edges.owner, np.arange(len(polygons) + 1))
        single = (shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON) & valid
        single &= shapely.get_num_interior_rings(polygons) == 0
        single &= shapely.get_coordinate_dimension(polygons) == 2
        single &= shapely.get_precision(polygons) == 0
        single[edges.owner[(edges.start == edges.end).all(axis=1)]] = False
        return cls(edges, bounds[:-1], np.diff(bounds), single)


class Crossings(NamedTuple):
    """Where an edge of a polygon crosses one of a footprint; ``pair`` ascends."""

    pair: Ints
    edge: Ints
    other: Ints

    def take(self, rows: Any) -> Crossings:
        """Return some of them."""
        return Crossings(*(one[rows] for one in self))


def crossings(
    pair: Ints, edge: Ints, whole: Ints, polygons: Rings, wholes: Rings
) -> tuple[Crossings, Bools]:
    """Find where edges of polygons cross footprints.

    Parameters
    ----------
    pair, edge
        Edges of polygons to look at, and the pair to which each belongs, ascending.
    whole
        The footprint of each pair.
    polygons, wholes
        Where the edges of the two stand.

    Returns
    -------
    tuple
        The crossings; and the pairs in which edges touch or come too close to tell.
    """
    count = wholes.many[whole[pair]]
    close = np.zeros(len(whole), dtype=bool)
    parts = [Crossings(*np.empty((3, 0), dtype=np.int64))]
    for some in blocks(count, _PAIRS):
        times = count[some]
        row = np.repeat(np.arange(some.start, some.stop), times)
        other = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
        other += np.repeat(wholes.first[whole[pair[some]]], times)
        apart, sure = _apart(wholes.edges, other, polygons.edges, edge[row])
        kept = np.flatnonzero(~apart)
        row, other, sure = row[kept], other[kept], sure[kept]
        apart, certain = _apart(polygons.edges, edge[row], wholes.edges, other)
        close[pair[row[~apart & ~(sure & certain)]]] = True
        kept = np.flatnonzero(~apart)
        parts.append(Crossings(pair[row[kept]], edge[row[kept]], other[kept]))
    return Crossings(*(np.concatenate(one) for one in zip(*parts, strict=True))), close


def _apart(one: Edges, at: Ints, other: Edges, where: Ints) -> tuple[Bools, Bools]:
    """Tell whether edges lie on one side of others, and whether both sides are known."""
    x, y = one.start[at].T
    east, north = (one.end[at] - one.start[at]).T
    sides = []
    for ends in (other.start, other.end):
        u, v = ends[where].T
        left, right = east * (v - y), north * (u - x)
        side, doubt = left - right, FILTER * (np.abs(left) + np.abs(right))
        sides.append((side > doubt, side < -doubt))
    (left0, right0), (left1, right1) = sides
    return (left0 & left1) | (right0 & right1), (left0 | right0) & (left1 | right1)


def joined(
    found: Crossings, whole: Ints, polygon: Ints, polygons: Rings, wholes: Rings
) -> tuple[Ints, NDArray[Any]]:
    """Join the pieces of pairs that cross twice.

    Parameters
    ----------
    found
        Crossings of pairs of single rings, none of which is too close to tell.
    whole, polygon
        Of each pair.
    polygons, wholes
        Where the edges of the two stand.

    Returns
    -------
    tuple
        Positions of the pairs whose piece is told, and the pieces: valid, their shell clockwise.
    """
    twice = np.flatnonzero(np.bincount(found.pair, minlength=len(whole)) == 2)
    first = np.searchsorted(found.pair, twice)
    place, known = _places(found, polygons.edges, wholes.edges)
    a, b = polygons.edges, wholes.edges
    step = b.end[found.other] - b.start[found.other]
    way = a.end[found.edge] - a.start[found.edge]
    into = step[:, 0] * way[:, 1] > step[:, 1] * way[:, 0]
    kept = known[first] & known[first + 1] & (into[first] != into[first + 1])
    twice, first = twice[kept], first[kept]
    enter = np.where(into[first], first, first + 1)
    leave = 2 * first + 1 - enter
    mine = _between(
        polygons, polygon[twice], found.edge[enter], found.edge[leave], place[leave] - place[enter]
    )
    theirs = _between(
        wholes, whole[twice], found.other[leave], found.other[enter], place[enter] - place[leave]
    )
    pieces = _drawn(place[enter], mine, place[leave], theirs)
    valid = shapely.is_valid(pieces)
    return twice[valid], pieces[valid]


def _places(found: Crossings, one: Edges, other: Edges) -> tuple[Floats, Bools]:
    """Return where edges cross; and which places GEOS rounds alike and are none of the ends.

    GEOS computes places with 106 bits and rounds once. Here they are computed from the middle of
    the box that the two edges share, and rounded as that is added: alike, unless the error of
    the former may tip the latter.
    """
    ends = [one.start[found.edge], one.end[found.edge]]
    ends += [other.start[found.other], other.end[found.other]]
    low = np.maximum(np.minimum(ends[0], ends[1]), np.minimum(ends[2], ends[3]))
    high = np.minimum(np.maximum(ends[0], ends[1]), np.maximum(ends[2], ends[3]))
    middle = (low + high) / 2
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = ((end - middle).T for end in ends)
    px, py, pw, p_most = y0 - y1, x1 - x0, x0 * y1 - x1 * y0, np.abs(x0 * y1) + np.abs(x1 * y0)
    qx, qy, qw, q_most = y2 - y3, x3 - x2, x2 * y3 - x3 * y2, np.abs(x2 * y3) + np.abs(x3 * y2)
    w, w_most = px * qy - qx * py, np.abs(px * qy) + np.abs(qx * py)
    known = np.ones(len(w), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale, places = _ERROR * (1 + w_most / np.abs(w)) / np.abs(w), []
        for at, p, q in ((0, py, qy), (1, -px, -qx)):
            off = (p * qw - q * pw) / w
            doubt = scale * (np.abs(p) * q_most + np.abs(q) * p_most)
            place = off + middle[:, at]
            # What adding loses, exactly (D. E. Knuth): half a step at most.
            part = place - off
            lost = np.abs((off - (place - part)) + (middle[:, at] - part))
            known &= lost + doubt < np.spacing(np.nextafter(np.abs(place), 0.0)) / 2
            known &= (place >= low[:, at]) & (place <= high[:, at])
            places.append(place)
    where = np.column_stack(places)
    for end in ends:
        known &= (where != end).any(axis=1)
    return where, known


def _between(rings: Rings, owner: Ints, begin: Ints, end: Ints, way: Floats) -> tuple[Floats, Ints]:
    """Return the corners of rings from a place on one edge to a place on another; how many each.

    ``way`` is from place to place: along an edge that holds both there is no corner, against it
    all of them lie between.
    """
    count, edges = rings.many[owner], rings.edges
    times = (end - begin) % count
    along = (way * (edges.end[begin] - edges.start[begin])).sum(axis=1) > 0
    times[(begin == end) & ~along] = count[(begin == end) & ~along]
    first, row = rings.first[owner], np.repeat(np.arange(len(owner)), times)
    at = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    at = first[row] + ((begin - first)[row] + at) % count[row]
    return edges.end[at], times


def _drawn(
    enter: Floats, mine: tuple[Floats, Ints], leave: Floats, theirs: tuple[Floats, Ints]
) -> NDArray[Any]:
    """Draw polygons: a place, corners of the one, the other place, corners of the other."""
    rings = len(enter)
    if not rings:
        return np.empty(0, dtype=object)
    length = mine[1] + theirs[1] + 3
    close = np.cumsum(length) - 1
    start = close - length + 1
    corners = np.empty((int(length.sum()), 2))
    corners[start] = corners[close] = enter
    corners[start + 1 + mine[1]] = leave
    for (places, times), first in ((mine, start + 1), (theirs, start + 2 + mine[1])):
        here = np.repeat(first - np.cumsum(times) + times, times) + np.arange(len(places))
        corners[here] = places
    # Clockwise, as GEOS draws a shell.
    which = np.repeat(np.arange(rings), length[::-1])
    drawn: Any = shapely.polygons(shapely.linearrings(corners[::-1], indices=which))
    return np.asarray(drawn, dtype=object)[::-1]
