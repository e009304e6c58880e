"""Characters of many texts at once: how many places and lines they take, what XML can hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MOST: Final = 0x110000
_UNKNOWN: Final = 255
_BREAK: Final = ord("\n")
_OTHER_BREAKS: Final = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What ends a line besides ``\\n``."""
_AT_ONCE: Final = 1 << 15
"""Characters that are looked at together, so that what is made on the way stays in the cache."""


class Lines(NamedTuple):
    """The lines of some texts: the places that each takes, and with which line each text begins.

    An end of line at the end of a text begins no other line: there its places are -1.
    """

    places: NDArray[np.int64]
    first: NDArray[np.int64]

    def longest(self) -> NDArray[np.int64]:
        """Return the places of the longest line of each text."""
        return np.maximum(np.maximum.reduceat(self.places, self.first), 0)

    def wrapped(self, width: float) -> NDArray[np.int64]:
        """Return how many lines each text takes where a line holds fewer places than *width*."""
        own = np.maximum(np.ceil(self.places / (width - 1)), 1).astype(np.int64)
        return np.add.reduceat(np.where(self.places < 0, 0, own), self.first)


def lines_of_texts(texts: Sequence[str]) -> Lines | None:
    """Find the lines of texts, at least one; ``None`` where a rare character ends one of them."""
    found: list[Lines] = []
    for some in _in_parts(texts):
        whole = "\n".join(some)
        if any(mark in whole for mark in _OTHER_BREAKS):
            return None
        found.append(_lines(whole, np.fromiter(map(len, some), np.int64, len(some))))
    before = np.cumsum([0, *(len(one.places) for one in found)])
    firsts = [one.first + at for one, at in zip(found, before.tolist(), strict=False)]
    return Lines(np.concatenate([one.places for one in found]), np.concatenate(firsts))


def fit_xml(texts: Sequence[str]) -> bool:
    """Tell whether XML can hold all characters of some texts."""
    for some in _in_parts(texts):
        whole = "".join(some).replace("\n", "")
        # What can be printed has none of them; the rest is looked at closely.
        if not whole.isprintable() and _forbidden(_points(whole)).any():
            return False
    return True


def _in_parts(texts: Sequence[str]) -> list[Sequence[str]]:
    """Cut texts into parts that are not too long together."""
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    parts = np.flatnonzero(np.diff(ends // _AT_ONCE)) + 1
    cuts = [0, *parts.tolist(), len(texts)]
    return [texts[one:other] for one, other in pairwise(cuts) if other > one]


def _lines(whole: str, lengths: NDArray[np.int64]) -> Lines:
    each = _places(_points(whole + "\n"))
    ends = np.flatnonzero(each == 0)  # of lines, those of texts among them; they take no place
    own = np.add.reduceat(each, np.append(0, ends[:-1] + 1), dtype=np.int64)
    borders = np.searchsorted(ends, np.cumsum(lengths + 1)[:-1] - 1)
    first = np.append(0, borders + 1)
    last = np.append(first[1:], len(own)) - 1
    own[last[(own[last] == 0) & (last > first)]] = -1
    return Lines(own, first)


def _points(whole: str) -> NDArray[np.uint32]:
    return np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _places(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return how many places each character takes; the end of a line has none."""
    table = _table()
    places = table[points]
    unknown = places == _UNKNOWN
    if not unknown.any():
        return places
    for point in set(points[unknown].tolist()):
        table[point] = 2 if unicodedata.east_asian_width(chr(point)) in "WF" else 1
    return table[points]


def _forbidden(points: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Tell which are control characters, half characters and no characters."""
    found: NDArray[np.bool_] = (points < 32) & (points != 9) & (points != _BREAK)
    found |= (points >= 0x7F) & (points <= 0x9F)
    found |= (points >= 0xD800) & (points <= 0xDFFF)
    found |= (points & 0xFFFE) == 0xFFFE
    return found


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    """Places of the characters that were met, filled as they come."""
    table = np.full(_MOST, _UNKNOWN, dtype=np.uint8)
    table[_BREAK] = 0
    return table
