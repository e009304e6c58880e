"""Sums over pairs of edges in machine code (extra ``fast``): the bits of `gisplan.overlaps.strips`.

All of it is one file, since numba keeps compiled code until the file of a function changes.
Imported only where there are enough footprints to pay for numba's own start.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_fast = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
_part = numba.njit(nogil=True, fastmath=False, error_model="numpy", inline="always")


@_fast
def sums(
    pair: Any, which: Any, run: Any, first: Any, count: Any, start: Any, end: Any, box: Any,
    outline: Any, starts: Any, most: int, found: Any, met: Any, dense: Any,
) -> None:  # fmt: skip
    """Fill what `gisplan.overlaps.ground.Ground` sums up for each pair; see there.

    ``pair``, ``which`` and ``run`` say which runs of edges come near which footprint, and to
    which pair they belong; pairs ascend. ``outline`` has a row for each edge of footprints.
    """
    inside, top = np.empty((16, 5)), np.empty((16, 5))
    at = 0
    while at < len(pair):
        here, whole = pair[at], which[at]
        x, y = box[whole, 0], box[whole, 1]
        wide, high = box[whole, 2] - x, box[whole, 3] - y
        insides, tops = 0, 0
        while at < len(pair) and pair[at] == here:
            edge = first[run[at]]
            for e in range(edge, edge + count[run[at]]):
                x0, y0, x1, y1 = start[e, 0], start[e, 1], end[e, 0], end[e, 1]
                if not (min(x0, x1) <= box[whole, 2] and max(x0, x1) >= x
                        and min(y0, y1) <= box[whole, 3] and max(y0, y1) >= y):  # fmt: skip
                    continue
                met[here] = True
                if insides == len(inside) or tops == len(top):
                    inside, top = _longer(inside), _longer(top)
                insides, tops = _clip(
                    x0, y0, x1, y1, x, y, wide, high, box[whole, 3], inside, insides, top, tops
                )
            at += 1
        low, past = starts[whole], starts[whole + 1]
        if (insides + tops) * (past - low) > most:
            dense[here] = True
            continue
        total = 0.0
        for k in range(insides):
            total = _under(inside[k], outline, low, past, total)
        for k in range(tops):
            total = _under(top[k], outline, low, past, total)
        found[here] = total


@_fast
def _longer(rows: Any) -> Any:
    more = np.empty((2 * len(rows), rows.shape[1]))
    more[: len(rows)] = rows
    return more


@_part
def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@_part
def _clip(
    sx: float, sy: float, ex: float, ey: float, x: float, y: float, wide: float, high: float,
    ceiling: float, inside: Any, insides: int, top: Any, tops: int,
) -> tuple[int, int]:  # fmt: skip
    east = ex > sx
    if east:
        x0, y0, x1, y1, sign = sx - x, sy - y, ex - x, ey - y, -1.0
        above0, above1 = sy > ceiling, ey > ceiling
    else:
        x0, y0, x1, y1, sign = ex - x, ey - y, sx - x, sy - y, 1.0
        above0, above1 = ey > ceiling, sy > ceiling
    over = _clamp(x0 + (high - y0) / (y1 - y0) * (x1 - x0), x0, x1)
    if y0 == y1:
        over = x0
    foot = _clamp(x0 + (0.0 - y0) / (y1 - y0) * (x1 - x0), x0, x1)
    low, far = max(x0, 0.0), min(x1, wide)
    if above0:
        low = max(low, over)
    if above1:
        far = min(far, over)
    if y0 < 0 and y1 > 0:
        low = max(low, foot)
    if y1 < 0 and y0 > 0:
        far = min(far, foot)
    if far > low and not (above0 and above1) and (y0 > 0 or y1 > 0):
        slope = (y1 - y0) / (x1 - x0)
        least, most = max(min(y0, y1), 0.0), min(max(y0, y1), high)
        inside[insides, 0], inside[insides, 1] = low, far
        inside[insides, 2] = _clamp(y0 + (low - x0) * slope, least, most)
        inside[insides, 3] = _clamp(y0 + (far - x0) * slope, least, most)
        inside[insides, 4] = sign
        insides += 1
    if above0 != above1 and over < wide and over > 0:
        top[tops, 0], top[tops, 1], top[tops, 2], top[tops, 3] = over, wide, high, high
        top[tops, 4] = -1.0 if ey > sy else 1.0
        tops += 1
    return insides, tops


@_part
def _under(one: Any, outline: Any, low: int, past: int, total: float) -> float:
    """Add what lies below a strip and each edge of a footprint."""
    rise = (one[3] - one[2]) / (one[1] - one[0])
    for e in range(low, past):
        other = outline[e]
        left, right = max(one[0], other[0]), min(one[1], other[1])
        if not right > left:
            continue
        a0 = one[2] + (left - one[0]) * rise
        a1 = one[2] + (right - one[0]) * rise
        b0 = other[2] + (left - other[0]) * other[5]
        b1 = other[2] + (right - other[0]) * other[5]
        d0, d1 = a0 - b0, a1 - b1
        least, most = min(d0, d1), max(d0, d1)
        if most <= 0:
            under = d0 + d1
        elif least >= 0:
            under = 0.0
        else:
            under = -least * least / (most - least)
        total += (right - left) * ((b0 + b1) + under) / 2 * (one[4] * other[4])
    return total
