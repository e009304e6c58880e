"""How deep a geometry in WKB is nested, counted before a parser that recurses may see it."""

from __future__ import annotations

import struct
from typing import Final

DEEPEST: Final = 32
"""Collections in collections. GEOS follows any number of them, and 50 000 end the process."""
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_SIMPLE: Final = 3
"""Codes up to here (point, line, polygon) hold no other geometry."""


def too_deep(blob: bytes) -> bool:
    """Tell whether a geometry nests deeper than ``DEEPEST``; what is cut short does not."""
    try:
        if len(blob) < DEEPEST * 9 or _header(blob, 0)[0] <= _SIMPLE:
            return False
        return _depth(blob) > DEEPEST
    except (struct.error, IndexError):
        return False


def _depth(blob: bytes) -> int:
    """Walk a geometry without recursion; stop as soon as it is too deep."""
    at, deepest, waiting = 0, 0, [1]
    while waiting and deepest <= DEEPEST:
        if not waiting[-1]:
            waiting.pop()
            continue
        waiting[-1] -= 1
        kind, width, order, at = _header(blob, at)
        if kind == 1:
            at += width
        elif kind in (2, 8):
            at = _after_points(blob, at, order, width)
        elif kind in (3, 17):
            (rings,) = struct.unpack_from(order, blob, at)
            at += 4
            for _ in range(rings):
                at = _after_points(blob, at, order, width)
        else:
            (count,) = struct.unpack_from(order, blob, at)
            at += 4
            waiting.append(count)
            deepest = max(deepest, len(waiting) - 1)
    return deepest


def _header(blob: bytes, at: int) -> tuple[int, int, str, int]:
    """Read one header: code of the kind, bytes of a vertex, byte order, where content begins."""
    order = "<I" if blob[at] else ">I"
    (code,) = struct.unpack_from(order, blob, at + 1)
    thousands, kind = divmod(code & 0x0FFFFFFF, 1000)
    extra = bool(code & _Z) + bool(code & _M) + (0, 1, 1, 2)[min(thousands, 3)]
    return kind, 8 * (2 + extra), order, at + 5 + (4 if code & _SRID else 0)


def _after_points(blob: bytes, at: int, order: str, width: int) -> int:
    (count,) = struct.unpack_from(order, blob, at)
    return at + 4 + int(count) * width
