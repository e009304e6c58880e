"""Points in metres: as arrays, drawn, and in an order in which neighbours follow one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.index.segments import Floats, Ints
from gisplan.index.tree import cells_of

BLOCK: Final = 1 << 16
"""Points measured at a time, so that everything stays in the processor's cache."""
_TOGETHER: Final = 1 << 20
"""Points put in order together, so that memory is bounded."""
_LOW: Final = 10
"""Bits of a cell's number by which is ordered first; what is left has 16, and numpy counts them."""


class Placed(NamedTuple):
    """Neighbouring points: which they were, where they are, in which cells of the deepest level.

    ``rows`` are their positions among the points, ``cells`` Morton codes (-1: outside the frame).
    """

    rows: NDArray[np.int64]
    x: Floats
    y: Floats
    cells: Ints

    @classmethod
    def of(cls, x: Floats, y: Floats, frame: Floats) -> Placed:
        """Put points in the order of their cells: who shares one shares its list of edges."""
        cells = cells_of(frame, x, y)
        number = cells.view(np.uint32)  # what is outside comes last
        if (number[1:] >= number[:-1]).all():
            return cls(np.arange(len(x)), x, y, cells)
        rows = in_order(cells)
        return cls(rows, x[rows], y[rows], cells[rows])

    def some(self, rows: Any, frame: Floats) -> Points:
        """Return some of them, in order, as points that need not be put in order again."""
        x, y, cells = self.x[rows], self.y[rows], self.cells[rows]
        return Points.as_placed(Placed(np.arange(len(x)), x, y, cells), frame)

    def blocks(self, first: int) -> Iterator[Placed]:
        """Cut them into blocks; *first* is the position of the first of all these points."""
        for at in range(0, len(self.rows), BLOCK):
            here = slice(at, at + BLOCK)
            yield Placed(self.rows[here] + first, self.x[here], self.y[here], self.cells[here])


@dataclass(frozen=True)
class Points:
    """Points in metres, as two arrays; drawn only where GEOS has to be asked."""

    x: Floats
    y: Floats
    _placed: dict[bytes, list[Placed]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def as_placed(cls, placed: Placed, frame: Floats) -> Points:
        """Take points that are in order as they stand, all in one block."""
        points = cls(placed.x, placed.y)
        points._placed[frame.tobytes()] = [placed]
        return points

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def drawn(self) -> NDArray[np.object_]:
        """The points as geometries."""
        return np.asarray(shapely.points(self.x, self.y), dtype=object)

    def placed(self, frame: Floats) -> list[Placed]:
        """Return blocks of neighbours, put in order once for all areas that are asked about."""
        name = frame.tobytes()
        if name not in self._placed:
            self._placed[name] = [
                block
                for at in range(0, len(self), _TOGETHER)
                for block in Placed.of(
                    self.x[at : at + _TOGETHER], self.y[at : at + _TOGETHER], frame
                ).blocks(at)
            ]
        return self._placed[name]


def in_order(cells: Ints) -> NDArray[Any]:
    """Return positions in the order of the cells: two passes by counting, no comparison."""
    low = cells.astype(np.uint16)
    low &= np.uint16((1 << _LOW) - 1)
    rows = low.argsort(kind="stable")
    # What lies outside the frame, at -1, becomes the largest.
    high = (cells >> np.int32(_LOW)).astype(np.uint16)
    return rows[high[rows].argsort(kind="stable")]
