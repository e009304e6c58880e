"""The inner loops in machine code (extra ``fast``): the same numbers as numpy, bit for bit.

Imported only where there are enough points to pay for numba's own start.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_fast = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")


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


@_fast
def nearest(
    codes: Any, starts: Any, lists: Any, top: Any, frame: Any, depth: int, level: int,
    spread: Any, table: Any, x: Any, y: Any,
    found: Any, leaves: Any,
) -> None:  # fmt: skip
    """Fill *found* with distances and *leaves* with leaf numbers (-1: outside the frame)."""
    scale = 2.0**depth / frame[2]
    last = 2.0**depth
    shift = 2 * (depth - level)
    for i in range(len(x)):
        column, row = (x[i] - frame[0]) * scale, (y[i] - frame[1]) * scale
        if not (0 <= column < last and 0 <= row < last):
            leaves[i] = -1
            continue
        code = spread[int(column)] | (spread[int(row)] << 1)
        low, high = top[code >> shift], top[(code >> shift) + 1]
        if high - low <= 1:
            high = low + 1
        while high - low > 1:
            middle = (low + high) >> 1
            if codes[middle] <= code:
                low = middle
            else:
                high = middle
        leaves[i] = low
        ends, inner = np.inf, np.inf
        for at in range(starts[low], starts[low + 1]):
            e = lists[at]
            u, v = x[i] - table[e, 0], y[i] - table[e, 1]
            dx, dy, square = table[e, 2], table[e, 3], table[e, 6]
            # Below 0, or 1 and more, just where the quotient by the square is: one division less.
            along = u * dx + v * dy
            if along <= 0.0:
                ends = min(ends, u * u + v * v)
            elif along >= square:
                p, q = x[i] - table[e, 4], y[i] - table[e, 5]
                ends = min(ends, p * p + q * q)
            else:
                inner = min(inner, abs(u * dy - v * dx) / square * table[e, 7])
        found[i] = min(np.sqrt(ends), inner)


@_fast
def keep(  # noqa: C901 - loops in machine code are not taken apart
    x: Any, y: Any, half: float, starts: Any, lists: Any, table: Any
) -> Any:
    """Tell which edges of each cell's list can be the nearest; see `gisplan.index.tree.keep`."""
    slack, tie = 1e-5, 1e-6
    kept = np.zeros(len(lists), dtype=np.bool_)
    reach = 2 * (half * np.sqrt(2.0) + slack)
    qx, qy = np.empty(5), np.empty(5)
    bar = np.empty((5, 5))
    far = np.empty(5)
    for c in range(len(x)):
        first, end = starts[c], starts[c + 1]
        qx[0], qy[0] = x[c], y[c]
        for k in range(4):
            qx[k + 1] = x[c] + (half + slack if k & 1 else -half - slack)
            qy[k + 1] = y[c] + (half + slack if k & 2 else -half - slack)
        least = np.inf
        for at in range(first, end):
            least = min(least, _distance(x[c], y[c], table[lists[at]]))
        _anchors(qx, qy, first, end, lists, table, least + reach, kept, bar)
        for at in range(first, end):
            if not kept[at]:
                continue
            for k in range(1, 5):
                far[k] = _distance(qx[k], qy[k], table[lists[at]])
            for j in range(5):
                worse = True
                for k in range(1, 5):
                    if bar[j, k] + tie >= far[k]:
                        worse = False
                        break
                if worse:
                    kept[at] = False
                    break
    return kept


@_fast
def _anchors(
    qx: Any, qy: Any, first: int, end: int, lists: Any, table: Any, limit: float, kept: Any,
    bar: Any,
) -> None:  # fmt: skip
    """Keep what is within the limit of the centre; distances of the corners to five feet."""
    least, best = np.full(5, np.inf), np.zeros(5, dtype=np.int64)
    for at in range(first, end):
        e = table[lists[at]]
        near = _distance(qx[0], qy[0], e)
        if near > limit:
            continue
        kept[at] = True
        for j in range(5):
            d = near if j == 0 else _distance(qx[j], qy[j], e)
            if d < least[j]:
                least[j], best[j] = d, lists[at]
    for j in range(5):
        e = table[best[j]]
        along = ((qx[j] - e[0]) * e[2] + (qy[j] - e[1]) * e[3]) / e[6]
        along = min(max(along, 0.0), 1.0)
        fx, fy = e[0] + along * e[2], e[1] + along * e[3]
        for k in range(1, 5):
            bar[j, k] = np.hypot(qx[k] - fx, qy[k] - fy)
