"""Long texts of many rows, put together from pieces that are told once each.

A sheet of XML and the lines that are hashed say few different things in many rows. Each of them
is put into bytes once; the rows are then nothing but pointers, moved about by numpy and joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_ROWS: Final = 1 << 9
"""Rows that are joined at a time: their pointers stay in the fast memory of the machine."""
_TRIED: Final = 256
"""Numbers by which it is seen whether a column repeats itself."""


class Piece(NamedTuple):
    """What stands in a place of every row: the different ``texts``, and which stands in a row.

    A code of -1 is the last of the texts, by which nothing is told: ``b""``.
    """

    texts: NDArray[np.object_]
    codes: NDArray[Any]

    @classmethod
    def of(cls, texts: Sequence[bytes], codes: NDArray[Any]) -> Piece:
        """Take the texts of codes from 0; -1 tells nothing."""
        return cls(_objects([*texts, b""]), codes)

    @classmethod
    def where(cls, there: NDArray[np.bool_], text: bytes) -> Piece:
        """Tell a text in some of the rows."""
        return cls(_objects([text, b""]), (~there).view(np.int8))


def joined(pieces: Sequence[bytes | Piece], rows: int) -> Iterator[bytes]:
    """Join pieces, plain bytes standing in every row, and yield some rows at once."""
    for first in range(0, rows, _ROWS):
        here = slice(first, min(first + _ROWS, rows))
        held = np.empty((here.stop - first, len(pieces)), dtype=object)
        for at, piece in enumerate(pieces):
            held[:, at] = piece if isinstance(piece, bytes) else piece.texts[piece.codes[here]]
        yield b"".join(held.ravel().tolist())


def numbers_told(numbers: NDArray[np.float64], tell: Callable[[float], bytes]) -> Piece:
    """Tell numbers, equal ones once; what is not finite is not told.

    Equal by their bits: -0 is another number than 0.
    """
    known = np.isfinite(numbers)
    codes = np.full(len(numbers), -1, dtype=np.int32)
    held = np.ascontiguousarray(numbers[known], dtype=np.float64)
    if len(set(islice(held.tolist(), _TRIED))) * 2 > min(len(held), _TRIED):
        codes[known] = np.arange(len(held))
        return Piece.of(list(map(tell, held.tolist())), codes)
    unique, codes[known] = np.unique(held.view(np.int64), return_inverse=True)
    return Piece.of(list(map(tell, unique.view(np.float64).tolist())), codes)


def _objects(values: Sequence[bytes]) -> NDArray[np.object_]:
    held = np.empty(len(values), dtype=object)
    held[:] = values
    return held
