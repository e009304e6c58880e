"""Round a cell whose points are not all told the same: on which side of each area all of it is.

Few surroundings are different. Where one edge alone is left in doubt, what a point is told hangs
on its margin to that edge: stretches of margin are proven as cells are, and looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gisplan.index import Points
from gisplan.siting.beyond import SURE, Key, Sides
from gisplan.siting.rules import Floats

if TYPE_CHECKING:
    from gisplan.siting.certain import Proof

Codes = NDArray[np.uint16]
Rows = NDArray[np.int64]

_STRETCHES, _WIDE = 8192, 32
"""Stretches of a scale, and how many are proven together at first."""
_BATCH: Final = 1 << 15
"""Stretches proven at a time, so that memory is bounded."""
_MOST: Final = 1000
"""Scales, so that memory is bounded: 16 KB each."""
_WORTH: Final = 300
"""Cells from which on it costs less to prove a scale than each cell."""
_ARRAYS: Final = {
    "sides": "int8", "scale": "int32", "edge": "int16", "unit": "float64", "scales": "uint16",
}  # fmt: skip


class Scales:
    """Verdicts by margin to the one edge that surroundings leave in doubt, proven as it is met."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof
        self._known: dict[bytes, int] = {}
        self.edge = np.empty(0, dtype=np.int16)
        """To which area each scale tells the margin."""
        self.unit = np.empty(0)
        """Metres that a stretch of each is long; the middle one begins at 0."""
        self.codes = np.empty((0, _STRETCHES), dtype=np.uint16)
        """Number of the verdict in each stretch, 0 where it is not known."""
        self._turns = np.empty((0, _STRETCHES), dtype=np.int16)

    def of(self, sides: Sides, cells: Rows) -> Rows:
        """Return the scale of each row of sides, which so many cells have; -1 for none."""
        alone = np.flatnonzero((sides == 0).sum(axis=1) == 1)
        edge = (sides[alone] == 0).argmax(axis=1)
        told = self._proof.reach[edge] > 0
        alone, edge = alone[told], edge[told]
        names = [row.tobytes() for row in sides[alone]]
        many = (cells[alone] >= _WORTH).tolist()
        new = [at for at, name in enumerate(names) if many[at] and name not in self._known]
        self._prove(sides[alone[new]], edge[new])
        found = np.full(len(sides), -1, dtype=np.int64)
        found[alone] = [self._known.get(name, -1) for name in names]
        return found

    def between(self, scale: Rows, low: Floats, high: Floats) -> Codes:
        """Return the number of the verdict that holds between margins; 0: not known."""
        first, last = (_stretch(one, self.unit[scale]) for one in (low, high))
        within = np.flatnonzero((first >= 0) & (last < _STRETCHES))
        row, first, last = scale[within], first[within], last[within]
        same = self._turns[row, first] == self._turns[row, last]
        found = np.zeros(len(scale), dtype=np.uint16)
        found[within] = np.where(same, self.codes[row, first], 0)
        return found

    def _prove(self, sides: Sides, edge: Rows) -> None:
        room = max(_MOST - len(self._known), 0)
        sides, edge = sides[:room], edge[:room]
        if not len(sides):
            return
        unit = self._proof.reach[edge] * 2 / _STRETCHES
        codes = np.zeros((len(sides), _STRETCHES), dtype=np.uint16)
        # First many stretches together, then one by one where that leaves several answers.
        first = np.arange(0, _STRETCHES, _WIDE)
        rows, first = np.repeat(np.arange(len(sides)), len(first)), np.tile(first, len(sides))
        for wide in (_WIDE, 1):
            for at in range(0, len(rows), _BATCH):
                row, start = rows[at : at + _BATCH], first[at : at + _BATCH]
                low = (start - _STRETCHES // 2) * unit[row]
                told = self._proof.between(sides[row], edge[row], low, low + wide * unit[row])
                codes[row[:, None], start[:, None] + np.arange(wide)] = told[:, None]
            rows, first = np.nonzero(codes == 0)
        turns = np.zeros(codes.shape, dtype=np.int16)
        np.cumsum(codes[:, 1:] != codes[:, :-1], axis=1, out=turns[:, 1:])
        for row in sides:
            self._known[row.tobytes()] = len(self._known)
        self.edge = np.append(self.edge, edge.astype(np.int16))
        self.unit = np.append(self.unit, unit)
        self.codes = np.concatenate([self.codes, codes])
        self._turns = np.concatenate([self._turns, turns])


def different(sides: Sides) -> tuple[Sides, Rows]:
    """Return the different rows of sides, given areas x cells, and which of them each cell has."""
    random = np.random.default_rng(len(sides))
    number = np.zeros(sides.shape[1], dtype=np.int64)
    for row, by in zip(sides, random.integers(1 << 62, size=len(sides)), strict=True):
        number += row * by
    _, first, which = np.unique(number, return_index=True, return_inverse=True)
    rows, which = sides[:, first], which.ravel()
    if not np.array_equal(rows[:, which], sides):  # numbers that are alike by accident
        rows, which = np.unique(sides, axis=1, return_inverse=True)
    return np.ascontiguousarray(rows.T), which.ravel()


def _stretch(margin: Floats, unit: Floats) -> Rows:
    """Return in which stretch of a scale margins lie; below 0 or too large where in none."""
    found = np.floor(margin / unit).clip(-_STRETCHES, _STRETCHES).astype(np.int64)
    return np.asarray(found + _STRETCHES // 2, dtype=np.int64)


@dataclass(frozen=True)
class Surroundings:
    """What is known of surroundings, one a row; of the last, nothing.

    Attributes
    ----------
    keys
        The areas, by kind and id.
    sides
        Surroundings x areas: see `gisplan.siting.certain.Proof.sides`.
    scale
        Which of ``scales`` holds there; -1 for none.
    edge, unit, scales
        As of `Scales`.
    """

    keys: tuple[Key, ...]
    sides: Sides
    scale: NDArray[np.int32]
    edge: NDArray[np.int16]
    unit: Floats
    scales: Codes

    @classmethod
    def proven(cls, proof: Proof, sides: Sides, cells: Rows) -> Surroundings:
        """Find the scales of surroundings, different rows of `Proof.sides` with so many cells."""
        scales = proof.scales
        found = np.append(scales.of(sides, cells), -1)
        sides = np.vstack([sides, np.zeros_like(sides[:1])])
        used = np.unique(found[found >= 0])
        scale = np.where(found < 0, -1, np.searchsorted(used, found)).astype(np.int32)
        held = scales.edge[used], scales.unit[used], scales.codes[used]
        return cls(tuple(proof.keys), sides, scale, *held)

    @cached_property
    def settled(self) -> Sides:
        """Surroundings x areas: 1 or -1 on the side beyond doubt, 0 elsewhere."""
        return (self.sides == SURE).astype(np.int8) - (self.sides == -SURE).astype(np.int8)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what there is to keep."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def of(cls, held: Mapping[str, NDArray[Any]], proof: Proof) -> Surroundings | None:
        """Take what was kept; ``None`` where its parts do not fit together."""
        if not set(_ARRAYS) <= set(held):
            return None
        if any(held[name].dtype != kind for name, kind in _ARRAYS.items()):
            return None
        sides, scale, edge, unit, scales = (held[name] for name in _ARRAYS)
        rows, known = len(sides), len(edge)
        shapes = sides.shape, scale.shape, unit.shape, scales.shape
        if shapes != ((rows, len(proof.keys)), (rows,), (known,), (known, _STRETCHES)) or not rows:
            return None
        sound = np.abs(sides).max() <= SURE and not sides[-1].any() and scale[-1] == -1
        sound &= scale.min() >= -1 and scale.max() < known
        if not sound or (edge < 0).any() or (edge >= len(proof.keys)).any():
            return None
        if not np.isfinite(unit).all() or (unit <= 0).any():
            return None
        return cls(tuple(proof.keys), sides, scale, edge, unit, scales)

    def told(self, which: Rows, points: Points, proof: Proof) -> Codes:
        """Return the number of the verdict of points by their surroundings; 0: not known."""
        found = np.zeros(len(which), dtype=np.uint16)
        scale = self.scale[which]
        edge = np.where(scale < 0, -1, self.edge.take(scale, mode="clip") if len(self.edge) else -1)
        for area in np.unique(edge[edge >= 0]).tolist():
            at = np.flatnonzero(edge == area)
            margin = proof.margin(area, Points(points.x[at], points.y[at]))
            stretch = _stretch(margin, self.unit[scale[at]])
            within = (stretch >= 0) & (stretch < _STRETCHES)
            found[at[within]] = self.scales[scale[at[within]], stretch[within]]
        return found
