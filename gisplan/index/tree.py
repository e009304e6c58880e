"""Which edges can be the nearest to a point of a cell: a quadtree of short lists."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gisplan.index.segments import Floats, Ints, distances

Bools = NDArray[np.bool_]

DEPTH: Final = 13
"""Deepest level: a frame of 20 km has cells of 2.4 m."""
_TOP: Final = 9
"""Deepest level of the table by which a cell is looked up."""
ENOUGH: Final = 20
"""A list this short is not split further; from level ``_RARE`` on twice that, four times, …:
few points fall into so small a cell, and splitting it costs more than it saves."""
_RARE: Final = 7
MOST: Final = 512
"""A longer list than this in a last cell is left to GEOS."""
SLACK: Final = 1e-5
"""Metres by which rounding may put a point outside its cell, or a distance beside the truth."""
_TIE: Final = 1e-6
_CHUNK: Final = 48_000
"""Edges of lists looked at together, so that what is made on the way stays in the cache."""
_POINTS: Final = 512
"""Points measured together by numpy: what is made on the way stays in the cache."""

SPREAD: Final[NDArray[np.int32]] = np.asarray(np.sum(
    [((np.arange(1 << DEPTH) >> bit) & 1) << (2 * bit) for bit in range(DEPTH)],
    axis=0, dtype=np.int32,
))  # fmt: skip
"""Bits of a row or column number, spread so that two of them make a Morton code."""


class Tree(NamedTuple):
    """Leaves in Morton order: their codes, where their lists start, their lists, their side.

    ``frame`` is west, south and side in metres; ``top`` the first leaf of each cell of
    a level with about as many cells as there are leaves. ``side`` is 1 inside, 0 outside,
    2 where the edge passes near, and 3 where GEOS has to be asked for everything.
    """

    frame: Floats
    codes: Ints
    starts: Ints
    lists: Ints
    side: NDArray[np.int8]
    top: Ints

    @property
    def level(self) -> int:
        """Level of the table ``top``."""
        return (len(self.top).bit_length() - 1) // 2


class _Level(NamedTuple):
    """Cells of one level, and the edges that can be nearest in each: ``lists`` by ``starts``."""

    column: Ints
    row: Ints
    starts: NDArray[np.int64]
    lists: Ints

    @property
    def counts(self) -> NDArray[np.int64]:
        return np.diff(self.starts)


def build(table: Floats, frame: Floats, prune: Any = None) -> Tree:
    """Split a square until few edges are left in each cell.

    Parameters
    ----------
    table
        `Segments.table`.
    frame
        West, south and side of the square, metres.
    prune
        The compiled form of `keep`, where there is one.

    Notes
    -----
    Work and memory are bounded by the number of edges: where lists do not get shorter
    (many vertices in a spot) cells are left to GEOS.
    """
    if prune is None:
        # A column in one piece is gathered several times faster.
        table, prune = np.asfortranarray(table), keep
    none = np.zeros(1, dtype=np.int32)
    everything = np.arange(len(table), dtype=np.int32)
    level = _Level(none, none, np.array([0, len(table)]), everything)
    budget = 4_000_000 + 24 * len(table)
    leaves: list[tuple[int, _Level]] = []
    for depth in range(DEPTH + 1):
        half = frame[2] / 2 ** (depth + 1)
        level = _pruned(level, table, frame, half, prune)
        counts = level.counts
        enough = ENOUGH << max(0, depth - _RARE)
        last = depth == DEPTH or 4 * int(counts[counts > enough].sum()) > budget
        done = (counts <= enough) | last
        leaves.append((depth, _chosen(level, done)))
        budget -= len(leaves[-1][1].lists)
        level = _split(_chosen(level, ~done))
        if not len(level.column):
            break
    return _gathered(leaves, table, frame)


def _pruned(level: _Level, table: Floats, frame: Floats, half: float, prune: Any) -> _Level:
    kept = np.zeros(len(level.lists), dtype=bool)
    x = frame[0] + (2 * level.column + 1.0) * half
    y = frame[1] + (2 * level.row + 1.0) * half
    cuts = np.searchsorted(level.starts, np.arange(0, level.starts[-1] + _CHUNK, _CHUNK))
    cuts = np.unique(np.concatenate([[0], cuts, [len(x)]]).clip(0, len(x)))
    for first, end in pairwise(cuts):
        at = slice(level.starts[first], level.starts[end])
        starts = level.starts[first : end + 1] - level.starts[first]
        kept[at] = prune(x[first:end], y[first:end], half, starts, level.lists[at], table)
    counts = np.add.reduceat(kept, level.starts[:-1]) if len(kept) else np.zeros(0, dtype=int)
    return level._replace(starts=np.concatenate([[0], np.cumsum(counts)]), lists=level.lists[kept])


def keep(
    x: Floats,
    y: Floats,
    half: float | Floats,
    starts: NDArray[np.int64],
    lists: Ints,
    table: Floats,
) -> Bools:
    """Tell which edges of each cell's list can be the nearest to one of its points.

    Distance changes by no more than one goes, so what is farther from the centre than the
    nearest by a diagonal is out. And if the foot f of some edge is nearer than the edge s at
    all four corners, it is so in the whole cell: the places p for which
    dist(p, f) + m <= d(p, s) are convex.
    """
    owner = np.repeat(np.arange(len(x)), np.diff(starts))
    diagonal = half * np.sqrt(2) + SLACK
    edge = _edges(table, lists)
    centre = _about(x.take(owner), y.take(owner), edge)
    nearest = np.minimum.reduceat(centre, starts[:-1])
    at = np.flatnonzero(centre <= (nearest + 2 * diagonal).take(owner))
    owner, edge, centre = owner.take(at), edge.take(at, axis=1), centre.take(at)
    begin = np.searchsorted(owner, np.arange(len(x)))
    corners = [(x + i * (half + SLACK), y + j * (half + SLACK)) for i in (-1, 1) for j in (-1, 1)]
    away = [_about(cx.take(owner), cy.take(owner), edge) for cx, cy in corners]
    left = np.arange(len(at))
    for (cx, cy), d in zip([(x, y), *corners], [centre, *away], strict=True):
        fx, fy = _feet(cx, cy, edge, d, owner, begin)
        worse = left
        for (qx, qy), far in zip(corners, away, strict=True):
            bar = np.hypot(qx - fx, qy - fy) + _TIE
            worse = worse[bar.take(owner.take(worse)) < far.take(worse)]
        beaten = np.zeros(len(at), dtype=bool)
        beaten[worse] = True
        left = left[~beaten[left]]
    kept = np.zeros(len(lists), dtype=bool)
    kept[at[left]] = True
    return kept


def _edges(table: Floats, which: Ints) -> Floats:
    """A.x, A.y, dx, dy and the square of the length of some edges: a row for each of these."""
    return np.stack([table[:, column].take(which) for column in (0, 1, 2, 3, 6)])


def _about(x: Floats, y: Floats, edge: Floats) -> Floats:
    """Distance of each point to an edge, right to far less than ``_TIE``."""
    u, v = x - edge[0], y - edge[1]
    along = u * edge[2]
    along += v * edge[3]
    along /= edge[4]
    np.clip(along, 0.0, 1.0, out=along)
    u -= along * edge[2]
    v -= along * edge[3]
    u *= u
    v *= v
    u += v
    return np.sqrt(u, out=u)


def _feet(
    x: Floats, y: Floats, edge: Floats, d: Floats, owner: NDArray[np.int64], begin: Any
) -> tuple[Floats, Floats]:
    """Return the point of each cell's nearest edge that is nearest to (x, y)."""
    least = np.minimum.reduceat(d, begin)
    hits = np.flatnonzero(d == least.take(owner))
    first = hits[np.searchsorted(owner[hits], np.arange(len(x)))]
    e = edge[:, first]
    along = ((x - e[0]) * e[2] + (y - e[1]) * e[3]) / e[4]
    along = along.clip(0, 1)
    return e[0] + along * e[2], e[1] + along * e[3]


def _chosen(level: _Level, which: Bools) -> _Level:
    counts = level.counts
    lists = level.lists[np.repeat(which, counts)]
    starts = np.concatenate([[0], np.cumsum(counts[which])])
    return _Level(level.column[which], level.row[which], starts, lists)


def _split(level: _Level) -> _Level:
    counts = np.repeat(level.counts, 4)
    quarter = np.tile(np.arange(4, dtype=np.int32), len(level.column))
    column = 2 * np.repeat(level.column, 4) + (quarter & 1)
    row = 2 * np.repeat(level.row, 4) + (quarter >> 1)
    starts = np.concatenate([[0], np.cumsum(counts)])
    origin = np.repeat(np.repeat(level.starts[:-1], 4), counts)
    lists = level.lists[origin + np.arange(starts[-1]) - np.repeat(starts[:-1], counts)]
    return _Level(column.astype(np.int32), row.astype(np.int32), starts, lists)


def _gathered(leaves: list[tuple[int, _Level]], table: Floats, frame: Floats) -> Tree:
    codes = np.concatenate(
        [morton(one.column, one.row) << np.int32(2 * (DEPTH - depth)) for depth, one in leaves]
    )
    counts = np.concatenate([one.counts for _, one in leaves])
    lists = np.concatenate([one.lists for _, one in leaves])
    side = np.concatenate([_near(one, table, frame, depth) for depth, one in leaves])
    origin = np.concatenate([[0], np.cumsum(counts)[:-1]])
    side[counts > MOST] = 3
    counts = np.where(counts > MOST, 0, counts)
    order = np.argsort(codes, kind="stable")
    codes, counts, origin, side = codes[order], counts[order], origin[order], side[order]
    starts = np.concatenate([[0], np.cumsum(counts)])
    where = np.repeat(origin - starts[:-1], counts) + np.arange(starts[-1])
    level = min(_TOP, math.ceil(math.log(len(codes), 4)))
    first = np.arange(4**level + 1, dtype=np.int64) << (2 * (DEPTH - level))
    top = np.searchsorted(codes, first, side="right") - 1
    top[-1] = len(codes)
    return Tree(
        frame, codes.astype(np.int32), starts.astype(np.int32), lists[where].astype(np.int32),
        side, top.astype(np.int32),
    )  # fmt: skip


def _near(level: _Level, table: Floats, frame: Floats, depth: int) -> NDArray[np.int8]:
    """2 where an edge can pass through the cell, 0 where none does."""
    if not len(level.column):
        return np.zeros(0, dtype=np.int8)
    x, y, half = cell_centres(level.column, level.row, frame, depth)
    owner = np.repeat(np.arange(len(x)), level.counts)
    away = _about(x[owner], y[owner], _edges(table, level.lists))
    d = np.minimum.reduceat(away, level.starts[:-1])
    return np.where(d <= half * np.sqrt(2) + SLACK, 2, 0).astype(np.int8)


def cell_centres(
    column: Ints, row: Ints, frame: Floats, depth: int
) -> tuple[Floats, Floats, float]:
    """Centres of cells of a level, and half their width."""
    half = float(frame[2]) / 2 ** (depth + 1)
    return frame[0] + (2 * column + 1.0) * half, frame[1] + (2 * row + 1.0) * half, half


def morton(column: Ints, row: Ints) -> Ints:
    """Number cells so that the four children of a cell follow one another."""
    return SPREAD[column] | (SPREAD[row] << np.int32(1))


def leaf_centres(tree: Tree) -> tuple[Floats, Floats]:
    """A point within each leaf: the centre of its first cell of the deepest level."""
    columns, rows = _gather_bits(tree.codes), _gather_bits(tree.codes >> 1)
    x, y, _ = cell_centres(columns, rows, tree.frame, DEPTH)
    return x, y


def _gather_bits(codes: Ints) -> Ints:
    found = np.zeros_like(codes)
    for bit in range(DEPTH):
        found |= ((codes >> np.int32(2 * bit)) & 1) << np.int32(bit)
    return found


def cells_of(frame: Floats, x: Floats, y: Floats) -> Ints:
    """Morton code of the cell of the deepest level that holds each point; -1 outside the frame."""
    scale, last = 2**DEPTH / frame[2], 2**DEPTH
    column, row = (x - frame[0]) * scale, (y - frame[1]) * scale
    within = (column >= 0) & (column < last) & (row >= 0) & (row < last)
    # Truncated from 0 on, which is to round down; what is outside, or no number, is no place.
    column = np.where(within, column, 0).astype(np.int32)
    row = np.where(within, row, 0).astype(np.int32)
    return np.where(within, morton(column, row), np.int32(-1))


def find_leaves(tree: Tree, cells: Ints) -> NDArray[np.int64]:
    """Position of the leaf that holds each cell of the deepest level; -1 outside the frame."""
    within = cells >= 0
    codes = np.where(within, cells, 0)
    cell = codes >> np.int32(2 * (DEPTH - tree.level))
    leaf = tree.top[cell].astype(np.int64)
    several = np.flatnonzero(tree.top[cell + 1] - leaf > 1)
    leaf[several] = np.searchsorted(tree.codes, codes[several], side="right") - 1
    leaf[~within] = -1
    return leaf


def nearest(tree: Tree, columns: Floats, x: Floats, y: Floats, leaf: NDArray[np.int64]) -> Floats:
    """Distance of each point to the nearest edge of its leaf's list (numpy); infinite of none.

    *columns* are those of `Segments.table`, turned round.
    """
    found = np.full(len(x), np.inf)
    for at in range(0, len(x), _POINTS):
        own = leaf[at : at + _POINTS]
        first = tree.starts[own].astype(np.int64)
        counts = tree.starts[own + 1] - first
        point = np.flatnonzero(counts)
        if not len(point):
            continue
        counts, first, point = counts[point], first[point], point + at
        begin = np.cumsum(counts) - counts
        place = np.repeat(first - begin, counts) + np.arange(begin[-1] + counts[-1])
        edge = columns.take(tree.lists.take(place), axis=1).T
        away = distances(x[point].repeat(counts), y[point].repeat(counts), edge)
        found[point] = np.minimum.reduceat(away, begin)
    return found
