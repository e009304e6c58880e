"""Numbers by place: a rectangle of cells, the doubtful ones cut finer, and a very quick look-up.

What the numbers mean is the caller's: 0 is "not known here", anything else is proven for every
point of its cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gisplan.index.segments import Floats

Codes = NDArray[np.uint16]

MIXED: Final = 65535
"""In a coarse cell: look at its finer ones."""
_BLOCK: Final = 1 << 15
"""Points looked up at a time: what they need stays in the processor's cache."""
_FIRST: Final = 4
"""Level at which cells are first asked about: 16 x 16 of them."""
_DEEPEST: Final = 20
"""Levels in all, beyond which a kept file is not believed."""
_BATCH: Final = 1 << 15
"""Cells asked about at a time, so that memory is bounded."""


class Levels(NamedTuple):
    """How finely a rectangle is cut: ``2**coarse`` cells a side, each again ``2**fine`` a side."""

    coarse: int = 10
    fine: int = 3


@dataclass(frozen=True, eq=False)
class Cells:
    """A number for every place of a rectangle.

    Attributes
    ----------
    frame
        West, south, width and height of the rectangle, in the units of the look-up.
    levels
        How finely it is cut.
    top
        A number for each coarse cell, row by row from the south-west, or ``MIXED``.
    block
        For each coarse cell that is mixed, which row of ``fine`` holds its finer cells.
    fine
        Numbers of the finer cells: blocks x cells of a block.
    beyond
        Number of every place outside the rectangle, as far as ``around`` from it.

    Notes
    -----
    ``top`` and ``block`` have a border one cell wide that knows nothing (0), to which every
    place outside the rectangle falls, and what is no number.
    """

    frame: Floats
    levels: Levels
    top: Codes
    block: NDArray[np.int32]
    fine: Codes
    beyond: int = 0
    around: float = 0.0

    def at(self, x: Floats, y: Floats) -> Codes:
        """Return the number of each place; 0 where nothing is known of it."""
        found = np.empty(len(x), dtype=np.uint16)
        for start in range(0, len(x), _BLOCK):
            here = slice(start, start + _BLOCK)
            self._look_up(x[here], y[here], found[here])
            if self.beyond:
                self._look_beyond(x[here], y[here], found[here])
        return found

    def _look_beyond(self, x: Floats, y: Floats, found: Codes) -> None:
        at = np.flatnonzero(found == 0)
        x, y = x[at], y[at]
        west, south, width, height = self.frame
        east, north, reach = west + width, south + height, self.around
        outside = (x < west) | (x > east) | (y < south) | (y > north)
        near = (x > west - reach) & (x < east + reach) & (y > south - reach) & (y < north + reach)
        found[at[outside & near]] = self.beyond

    def _look_up(self, x: Floats, y: Floats, found: Codes) -> None:
        side, deep = 1 << self.levels.coarse, 1 << self.levels.fine
        column, row = self._cell(x, 0, side), self._cell(y, 1, side)
        across, along = column.astype(np.int32), row.astype(np.int32)
        cell = along * np.int32(side + 2)
        cell += across
        self.top.take(cell, out=found, mode="clip")
        at = np.flatnonzero(found == MIXED)
        if not len(at):
            return
        # The difference of a number and its whole part is exact, and so is a power of 2.
        within = ((row[at] - along[at]) * deep).astype(np.int32) << np.int32(self.levels.fine)
        within += ((column[at] - across[at]) * deep).astype(np.int32)
        found[at] = self.fine[self.block[cell[at]], within]

    def rows(self, x: Floats, y: Floats) -> NDArray[np.int32]:
        """Return which row of ``fine`` holds each place; -1 where its coarse cell is not mixed."""
        side = 1 << self.levels.coarse
        column, row = (self._cell(at, axis, side).astype(np.int32) for axis, at in ((0, x), (1, y)))
        cell = row * np.int32(side + 2) + column
        return np.where(self.top[cell] == MIXED, self.block[cell], np.int32(-1))

    def middles(self) -> tuple[Floats, Floats]:
        """Return the middle of the coarse cell that each row of ``fine`` cuts."""
        side = 1 << self.levels.coarse
        cell = np.flatnonzero(self.top == MIXED)
        x, y = np.zeros((2, len(self.fine)))
        x[self.block[cell]] = self.frame[0] + (cell % (side + 2) - 0.5) * self.frame[2] / side
        y[self.block[cell]] = self.frame[1] + (cell // (side + 2) - 0.5) * self.frame[3] / side
        return x, y

    def _cell(self, places: Floats, axis: int, side: int) -> Floats:
        cell = np.subtract(places, self.frame[axis])
        cell *= side / self.frame[2 + axis]
        cell += 1.0
        # fmax and fmin let a number win over NaN, which so falls to the border as well.
        np.fmax(cell, 0.0, out=cell)
        np.fmin(cell, side + 1.0, out=cell)
        return cell

    @property
    def largest(self) -> int:
        """The largest number in it."""
        coarse = self.top[self.top != MIXED]
        return int(max(coarse.max(initial=0), self.fine.max(initial=0), self.beyond))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what there is to keep."""
        held = {name: getattr(self, name) for name in ("frame", "top", "block", "fine")}
        beside = {"levels": self.levels, "beyond": (self.beyond,), "around": (self.around,)}
        return {**held, **{name: np.array(one) for name, one in beside.items()}}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Cells | None:
        """Take what was kept; ``None`` where its parts do not fit together."""
        if not {"frame", "top", "block", "fine", "levels", "beyond", "around"} <= set(arrays):
            return None
        beyond, around = arrays["beyond"], arrays["around"]
        if beyond.shape != (1,) or around.shape != (1,) or not 0 <= beyond[0] < MIXED:
            return None
        levels = arrays["levels"]
        if levels.shape != (2,) or not (levels >= 0).all() or levels.sum() > _DEEPEST:
            return None
        parts = arrays["top"], arrays["block"], arrays["fine"]
        beside = int(beyond[0]), float(around[0])
        cells = cls(arrays["frame"], Levels(*levels.tolist()), *parts, *beside)
        return cells if cells.sound else None

    @property
    def sound(self) -> bool:
        """Whether its parts fit together: a look-up checks no bounds."""
        side, inner = (1 << self.levels.coarse) + 2, 1 << (2 * self.levels.fine)
        kinds = [str(one.dtype) for one in (self.frame, self.top, self.block, self.fine)]
        if kinds != ["float64", "uint16", "int32", "uint16"] or self.frame.shape != (4,):
            return False
        if not np.isfinite(self.frame).all() or not (self.frame[2:] > 0).all():
            return False
        if self.top.shape != (side * side,) or self.block.shape != (side * side,):
            return False
        if self.fine.ndim != 2 or self.fine.shape[1] != inner or (self.fine == MIXED).any():
            return False
        mixed = self.block[self.top == MIXED]
        if len(mixed) and (mixed.min() < 0 or mixed.max() >= len(self.fine)):
            return False
        square = self.top.reshape(side, side)
        border = (square[0], square[-1], square[:, 0], square[:, -1])
        return not any(one.any() for one in border)


Ask = Callable[[Floats, Floats, float, float, Any], tuple[Codes, Any]]
"""Asked about cells: their centres, half their width and height, and what was remembered of
the larger cells around them (``None`` at first). Returns a number for each (0: cut it), and what
to remember, which has ``take``."""


def build_cells(frame: Floats, ask: Ask, levels: Levels) -> Cells:
    """Cut a rectangle until every cell has a number, or is as small as they get.

    Parameters
    ----------
    frame
        West, south, width, height.
    ask
        See `Ask`.
    levels
        How fine the cells may get; ``coarse`` is at least 4.
    """
    drawn = _Drawn(levels)
    side = 1 << _FIRST
    column, row = (one.ravel().astype(np.int32) for one in np.meshgrid(range(side), range(side)))
    waiting = [(_FIRST, column, row, None)]
    while waiting:
        level, column, row, known = waiting.pop()
        width, height = frame[2] / (1 << level), frame[3] / (1 << level)
        x, y = frame[0] + (column + 0.5) * width, frame[1] + (row + 0.5) * height
        codes, known = ask(x, y, width / 2, height / 2, known)
        drawn.fill(level, column, row, codes)
        open_ = np.flatnonzero(codes == 0)
        if level == levels.coarse + levels.fine or not len(open_):
            continue
        for start in range(0, len(open_), _BATCH // 4):
            some = np.repeat(open_[start : start + _BATCH // 4], 4)
            quarter = np.tile(np.arange(4, dtype=np.int32), len(some) // 4)
            down = 2 * column[some] + (quarter & 1), 2 * row[some] + (quarter >> 1)
            waiting.append((level + 1, *down, known.take(some)))
    return drawn.cells(frame)


class _Drawn:
    """The cells while they are being filled."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._side = (1 << levels.coarse) + 2
        self._top = np.zeros(self._side**2, dtype=np.uint16)
        self._block = np.full(self._side**2, -1, dtype=np.int32)
        self._fine = np.zeros((1024, 1 << (2 * levels.fine)), dtype=np.uint16)
        self._used = 0

    def fill(self, level: int, column: Any, row: Any, codes: Codes) -> None:
        """Write the numbers of some cells of a level."""
        sure = np.flatnonzero(codes)
        deep = level - self._levels.coarse
        if deep <= 0:
            size = 1 << -deep
            at = _squares(column[sure] * size + 1, row[sure] * size + 1, size, self._side)
            self._top[at] = codes[sure][:, None]
            return
        cell = ((row >> deep) + 1) * self._side + (column >> deep) + 1
        self._open(np.unique(cell))
        size, inner = 1 << (self._levels.fine - deep), (1 << deep) - 1
        within = (column[sure] & inner) * size, (row[sure] & inner) * size
        at = _squares(*within, size, 1 << self._levels.fine)
        self._fine[self._block[cell[sure]][:, None], at] = codes[sure][:, None]

    def _open(self, cells: Any) -> None:
        """Give each coarse cell room for its finer ones."""
        new = cells[self._block[cells] < 0]
        self._block[new] = np.arange(self._used, self._used + len(new))
        self._top[new] = MIXED
        self._used += len(new)
        if self._used > len(self._fine):
            more = np.zeros((self._used, self._fine.shape[1]), dtype=np.uint16)
            self._fine = np.concatenate([self._fine, more])

    def cells(self, frame: Floats) -> Cells:
        """Return what was filled."""
        fine = np.ascontiguousarray(self._fine[: self._used])
        return Cells(np.asarray(frame), self._levels, self._top, self._block, fine)


def _squares(column: Any, row: Any, size: int, wide: int) -> Any:
    """Positions of all small cells of each square, one square a row."""
    step = np.arange(size)
    one = (step[:, None] * wide + step).ravel()
    return (row * wide + column).astype(np.int64)[:, None] + one
