"""Which of some areas hold a point: GEOS' answer, mostly looked up in cells without edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.index.cells import Codes, Levels, build_cells
from gisplan.index.segments import Floats

Words = NDArray[np.uint64]

MOST: Final = 64
"""Areas that a word has bits for."""
_COARSE, _DEEPEST, _FEWEST = 10, 13, 4
"""Levels of the coarse cells, of all together at most, and at least."""

# Measured, in nanoseconds (python -m benchmarks --only membership).
_HELD: Final = 25.0
"""Asking GEOS about a point and area."""
_OPEN: Final = 1300.0
"""The same of a point in a cell through which an edge may pass, by all such cells in a row."""
_EDGE, _CELL = 170.0, 10_000.0
"""Making a table: an edge, and a smallest cell's width of edges."""
_CELLS: Final = 300_000
"""Smallest cells, about, through which edges may pass: they are what a table takes to make."""
_SLACK: Final = 1e-5
"""Metres by which rounding may put a point outside its cell."""
_NUMBERS: Final = 65_000
_ONE: Final = np.uint64(1)


class Members:
    """Areas in cells: what holds all of a cell, and whose edge may pass through it.

    Parameters
    ----------
    areas
        At most 64 polygons, in metres.
    frame
        West, south, width and height of the rectangle of most points.
    points
        How many will be asked about, more or less: for more, cells are cut finer.
    """

    def __init__(self, areas: Sequence[Any], frame: Floats, points: int) -> None:
        self._areas = np.asarray(areas, dtype=object)
        shapely.prepare(self._areas)
        whole = (1 << len(areas)) - 1
        levels = _levels(_widths(self._areas, frame), points)
        made = _Made(self._areas, frame, levels)
        self._cells = build_cells(frame, made, levels)
        known = np.array([(0, whole), *made.numbers], dtype=np.uint64)
        self._held, self._open = np.ascontiguousarray(known.T)

    def at(self, x: Floats, y: Floats) -> Words:
        """Return a word for each point: bit k is set where area k holds it, edges included."""
        codes = self._cells.at(x, y)
        words = self._held.take(codes)
        doubtful = np.flatnonzero((self._open != 0).take(codes))
        open_ = self._open.take(codes[doubtful])
        for bit, area in enumerate(self._areas):
            at = doubtful[np.flatnonzero(open_ >> np.uint64(bit) & _ONE)]
            held = shapely.intersects_xy(area, x[at], y[at])
            words[at] |= held.astype(np.uint64) << np.uint64(bit)
        return words


def worth(areas: Sequence[Any], frame: Floats, points: int) -> bool:
    """Tell whether a table costs less than to ask GEOS about every point and area."""
    edges, widths = int(shapely.get_num_coordinates(areas).sum()), _widths(areas, frame)
    made = _EDGE * edges + _CELL * widths * 2 ** sum(_levels(widths, points))
    return _HELD * points * len(areas) > made


def _widths(areas: Any, frame: Floats) -> float:
    """Length of the edges in widths of the rectangle."""
    return float(shapely.length(areas).sum() / frame[2:].max())


def _levels(widths: float, points: int) -> Levels:
    """Cut so finely that what points in open cells cost is about what cutting does."""
    wanted = min(math.sqrt(max(points, 1) * _OPEN / _CELL), _CELLS / max(widths, 1e-9))
    level = min(max(math.ceil(math.log2(max(wanted, 1.0))), _FEWEST), _DEEPEST)
    coarse = min(level, _COARSE)
    return Levels(coarse, level - coarse)


class _Known:
    """Of cells: areas that hold all of each, and areas of which that is not known."""

    def __init__(self, held: Words, open_: Words) -> None:
        self.held, self.open = held, open_

    def take(self, cells: NDArray[np.int64]) -> _Known:
        return _Known(self.held[cells], self.open[cells])


class _Made:
    """Asks GEOS whether an edge passes near the middle of a cell; numbers what comes of it."""

    def __init__(self, areas: NDArray[np.object_], frame: Floats, levels: Levels) -> None:
        self._areas = areas
        self._edges = shapely.boundary(areas)
        shapely.prepare(self._edges)
        self._finest = frame[2] / 2 ** (sum(levels) + 1)
        self._numbers: dict[tuple[int, int], int] = {}

    @property
    def numbers(self) -> list[tuple[int, int]]:
        """What number 1 and those that follow stand for."""
        return list(self._numbers)

    def __call__(
        self, x: Floats, y: Floats, half_x: float, half_y: float, before: _Known | None
    ) -> tuple[Codes, _Known]:
        """Answer for cells; see `gisplan.index.cells.Ask`."""
        if before is None:
            every = np.full(len(x), (1 << len(self._areas)) - 1, dtype=np.uint64)
            before = _Known(np.zeros(len(x), dtype=np.uint64), every)
        held, open_ = before.held.copy(), before.open.copy()
        middle: Any = shapely.points(x, y)
        reach = np.hypot(half_x, half_y) + _SLACK
        for bit, (area, edge) in enumerate(zip(self._areas, self._edges, strict=True)):
            one = _ONE << np.uint64(bit)
            at = np.flatnonzero(open_ & one)
            at = at[~shapely.dwithin(edge, middle[at], reach)]
            open_[at] &= ~one
            inside = at[shapely.intersects_xy(area, x[at], y[at])]
            held[inside] |= one
        last = half_x < 1.5 * self._finest
        return self._numbered(held, open_, (open_ == 0) | last), _Known(held, open_)

    def _numbered(self, held: Words, open_: Words, sure: NDArray[np.bool_]) -> Codes:
        at = np.flatnonzero(sure)
        pairs, which = np.unique(
            np.stack([held[at], open_[at]], axis=1), axis=0, return_inverse=True
        )
        found = np.zeros(len(held), dtype=np.uint16)
        numbers = [self._number((int(own), int(left))) for own, left in pairs]
        found[at] = np.array(numbers, dtype=np.uint16)[which.ravel()] if len(at) else 0
        return found

    def _number(self, pair: tuple[int, int]) -> int:
        if pair not in self._numbers and len(self._numbers) >= _NUMBERS:
            return 0
        return self._numbers.setdefault(pair, len(self._numbers) + 1)
