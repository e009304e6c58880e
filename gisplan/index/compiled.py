"""The inner loops in machine code (extra ``fast``): the same numbers as numpy, bit for bit.

Imported only where there are enough points to pay for numba's own start.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_fast = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
_part = numba.njit(nogil=True, fastmath=False, error_model="numpy", inline="always")
_LANES = 16
"""Points measured together: with fewer the compiler does not take several at once."""
_FEW = 6
"""Points of a leaf up to which they are measured one by one."""
_LAST = 1 << 30
"""Larger than any code of a cell, and any number of an area."""


@_fast
def _distance(x: float, y: float, e: Any) -> float:
    u, v = x - e[0], y - e[1]
    along = (u * e[2] + v * e[3]) / e[6]
    if along <= 0.0:
        return float(np.sqrt(u * u + v * v))
    if along >= 1.0:
        p, q = x - e[4], y - e[5]
        return float(np.sqrt(p * p + q * q))
    return float(abs(u * e[3] - v * e[2]) / e[6] * e[7])


@_part
def _leaf(cell: int, shift: int, codes: Any, top: Any) -> int:
    """Position of the leaf that holds a cell of the deepest level."""
    low, high = top[cell >> shift], top[(cell >> shift) + 1]
    while high - low > 1:
        middle = (low + high) >> 1
        if codes[middle] <= cell:
            low = middle
        else:
            high = middle
    return int(low)


@_fast
def nearest(
    codes: Any, starts: Any, lists: Any, top: Any, shift: int, table: Any, x: Any, y: Any,
    cells: Any, found: Any, leaves: Any,
) -> None:  # fmt: skip
    """Fill *found* with distances and *leaves* with leaf numbers (-1: outside the frame).

    In any order of the points; they are measured ``_LANES`` at a time where so many of one leaf
    follow one another.
    """
    held = np.empty((4, _LANES))
    at = 0
    while at < len(x):
        if cells[at] < 0:
            leaves[at] = -1
            at += 1
            continue
        leaf = _leaf(cells[at], shift, codes, top)
        first = codes[leaf]
        beyond = codes[leaf + 1] if leaf + 1 < len(codes) else _LAST
        edges = lists[starts[leaf] : starts[leaf + 1]]
        while at < len(x) and first <= cells[at] < beyond:
            end = at + 1
            while end < min(at + _LANES, len(x)) and first <= cells[end] < beyond:
                end += 1
            if end - at < _FEW:
                for i in range(at, end):
                    found[i] = _to_nearest(x[i], y[i], edges, table)
            else:
                _all_to_nearest(x[at:end], y[at:end], edges, table, held, found[at:end])
            leaves[at:end] = leaf
            at = end


@_part
def _to_nearest(x: float, y: float, edges: Any, table: Any) -> float:
    ends, inner = np.inf, np.inf
    for e in edges:
        u, v = x - table[e, 0], y - table[e, 1]
        dx, dy, square = table[e, 2], table[e, 3], table[e, 6]
        # Below 0, or 1 and more, just where the quotient by the square is: one division less.
        along = u * dx + v * dy
        if along <= 0.0:
            ends = min(ends, u * u + v * v)
        elif along >= square:
            p, q = x - table[e, 4], y - table[e, 5]
            ends = min(ends, p * p + q * q)
        else:
            inner = min(inner, abs(u * dy - v * dx) / square * table[e, 7])
    return float(min(np.sqrt(ends), inner))


@_part
def _all_to_nearest(x: Any, y: Any, edges: Any, table: Any, held: Any, found: Any) -> None:
    """Measure up to ``_LANES`` points: no branches, so that a processor does several at once."""
    px, py, ends, inner = held[0], held[1], held[2], held[3]
    for lane in range(_LANES):
        px[lane], py[lane] = x[min(lane, len(x) - 1)], y[min(lane, len(x) - 1)]
        ends[lane] = inner[lane] = np.inf
    for e in edges:
        ax, ay, dx, dy = table[e, 0], table[e, 1], table[e, 2], table[e, 3]
        bx, by, square, length = table[e, 4], table[e, 5], table[e, 6], table[e, 7]
        for lane in range(_LANES):
            u, v = px[lane] - ax, py[lane] - ay
            p, q = px[lane] - bx, py[lane] - by
            along = u * dx + v * dy
            before, beside = along <= 0.0, (along <= 0.0) | (along >= square)
            end = u * u + v * v if before else p * p + q * q
            end = end if beside else np.inf
            within = np.inf if beside else abs(u * dy - v * dx) / square * length
            ends[lane] = min(ends[lane], end)
            inner[lane] = min(inner[lane], within)
    for lane in range(len(x)):
        found[lane] = min(np.sqrt(ends[lane]), inner[lane])


@_fast
def owners(
    starts: Any, lists: Any, owner: Any, table: Any, x: Any, y: Any, found: Any, leaves: Any,
    which: Any,
) -> None:  # fmt: skip
    """Fill *which* with the least owner of an edge that is so far away."""
    for i in range(len(x)):
        best = _LAST
        for at in range(starts[leaves[i]], starts[leaves[i] + 1]):
            e = lists[at]
            if owner[e] < best and _distance(x[i], y[i], table[e]) == found[i]:
                best = owner[e]
        which[i] = best


@_fast
def keep(x: Any, y: Any, half: float, starts: Any, lists: Any, table: Any) -> Any:
    """Tell which edges of each cell's list can be the nearest; see `gisplan.index.tree.keep`."""
    slack, tie = 1e-5, 1e-6
    kept = np.zeros(len(lists), dtype=np.bool_)
    reach = 2 * (half * np.sqrt(2.0) + slack)
    qx, qy, bar = np.empty(5), np.empty(5), np.empty((5, 5))
    most = 0
    for c in range(len(x)):
        most = max(most, int(starts[c + 1] - starts[c]))
    edge, far, left = np.empty((5, most)), np.empty((5, most)), np.empty(most, dtype=np.int64)
    for c in range(len(x)):
        qx[0], qy[0] = x[c], y[c]
        for k in range(4):
            qx[k + 1] = x[c] + (half + slack if k & 1 else -half - slack)
            qy[k + 1] = y[c] + (half + slack if k & 2 else -half - slack)
        count = _within(
            qx[0], qy[0], starts[c], starts[c + 1], lists, table, reach, edge, far, left
        )
        for j in range(5):
            if j:
                _about(qx[j], qy[j], edge, count, far[j])
            i = _least(far[j], count)
            along = (qx[j] - edge[0, i]) * edge[2, i] + (qy[j] - edge[1, i]) * edge[3, i]
            along = min(max(along / edge[4, i], 0.0), 1.0)
            fx, fy = edge[0, i] + along * edge[2, i], edge[1, i] + along * edge[3, i]
            for k in range(1, 5):
                bar[j, k] = np.hypot(qx[k] - fx, qy[k] - fy) + tie
        for i in range(count):
            kept[left[i]] = not _beaten(bar, far, i)
    return kept


@_part
def _beaten(bar: Any, far: Any, edge: int) -> bool:
    """Tell whether one of the feet is nearer than an edge at all four corners."""
    for j in range(5):
        worse = True
        for k in range(1, 5):
            worse &= bar[j, k] < far[k, edge]
        if worse:
            return True
    return False


@_fast
def _least(numbers: Any, count: int) -> int:
    """Position of the least; what numpy has for it takes seconds to compile."""
    best = 0
    for i in range(1, count):
        if numbers[i] < numbers[best]:
            best = i
    return best


@_part
def _within(
    x: float, y: float, first: int, end: int, lists: Any, table: Any, reach: float, edge: Any,
    far: Any, left: Any,
) -> int:  # fmt: skip
    """Take the edges within reach beyond the nearest, and how far they are; return how many."""
    for i in range(end - first):
        e = lists[first + i]
        edge[0, i], edge[1, i], edge[2, i] = table[e, 0], table[e, 1], table[e, 2]
        edge[3, i], edge[4, i] = table[e, 3], table[e, 6]
    _about(x, y, edge, end - first, far[0])
    limit = far[0, _least(far[0], end - first)] + reach
    count = 0
    for i in range(end - first):
        if far[0, i] <= limit:
            for row in range(5):
                edge[row, count] = edge[row, i]
            far[0, count], left[count] = far[0, i], first + i
            count += 1
    return count


@_fast
def _about(x: float, y: float, edge: Any, count: int, away: Any) -> None:
    """Distances to edges, right to far less than a tie; without branches, several at once."""
    ax, ay, dx, dy, square = edge[0], edge[1], edge[2], edge[3], edge[4]
    for i in range(count):
        u, v = x - ax[i], y - ay[i]
        along = (u * dx[i] + v * dy[i]) / square[i]
        along = max(along, 0.0)
        along = min(along, 1.0)
        u, v = u - along * dx[i], v - along * dy[i]
        away[i] = np.sqrt(u * u + v * v)
