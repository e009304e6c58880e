"""Which areas can matter to the points of a cell: only these are measured for a verdict.

The margin of a point changes by no more than one goes; so the margins at the middle of a cell
bound those of all its points. An area whose edge lies beyond the reach of any error is inside or
outside for certain, its P is 1 or 0 to the last bit, and where besides an area that is alike is
nearer throughout the cell, or its rule cannot decide, no column of a verdict hangs on how far it
is. Such an area stands in the facts as infinitely far, on its side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Column, Columns
from gisplan.definition import Corridor, PlanDefinition
from gisplan.index import PlanIndex, Points
from gisplan.index.points import Placed
from gisplan.index.tree import DEPTH
from gisplan.siting.measure import (
    Places,
    clear_of_setback,
    covered_facts,
    known_areas,
    point_margin,
    said_of,
)
from gisplan.siting.rules import clear_margin
from gisplan.terms import Kind, Outcome
from gisplan.uncertainty import SETTLED, axis_error

SLACK: Final = 1e-3
"""Metres that a cell is taken larger: above `EDGE`, and any rounding."""
MOST: Final = 52
"""Areas of a sort, at most: their bits, and a few more, make one whole number."""
NOWHERE: Final = 1e100
"""Metres: a place known no better may be anywhere; a larger error says no more."""
_FIRST, _LAST = 3, 8
"""Levels of the grid: from 8 x 8 cells to 256 x 256."""
_BLOCK: Final = 1 << 15
"""Points measured at a time: what there is to know of them stays in the processor's cache."""
_FINEST: Final = 1.0
"""Metres: worst errors are told apart by doubling, from here on."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Area: TypeAlias = tuple[Kind, str, Any]
"""Kind, id and layer."""
Words = NDArray[np.int64]
Sides = NDArray[np.int8]


def alike(layers: list[Area]) -> NDArray[np.int64]:
    """Number zones and corridors that a verdict tells apart by where they are alone."""
    told = [
        (
            kind, getattr(one, "industries", ()), one.error,
            one.within if isinstance(one, Corridor) else 0.0,
        )
        for kind, _, one in layers
    ]  # fmt: skip
    numbers = {one: at for at, one in enumerate(dict.fromkeys(told))}
    return np.array([numbers[one] for one in told], dtype=np.int64)


def can_matter(margin: Floats, radius: float, groups: NDArray[np.int64], reach: Floats) -> Bools:
    """Tell which zones and corridors can matter within a radius of some places.

    Parameters
    ----------
    margin
        Signed margins at the places, areas by places; -inf where an area is known not to.
    radius
        Metres around each place.
    groups
        Which areas are `alike`.
    reach
        Per area, metres within which P(inside) is not 0 to the last bit.
    """
    best = np.full((int(groups.max(initial=-1)) + 1, margin.shape[1]), -np.inf)
    np.maximum.at(best, groups, margin)
    return (margin >= best[groups] - 2 * radius) | (margin >= -reach[:, None] - radius)


@dataclass(frozen=True)
class Near:
    """The facts of some projects as a judge reads them, and which of them were measured.

    Attributes
    ----------
    ruled
        Margins to the study area, then to the constraints that are checked: areas by projects.
    values
        Margins to the zones, then distances to the corridors.
    live, below
        Bits, 0 for the study area and from 1 on the constraints: which was measured, and which
        was not and lies on the unmet side.
    """

    ruled: Floats
    values: Floats
    live: Words
    below: Words


class _Layers:
    """The areas of a plan: zones and corridors, and those that have a rule of their own."""

    def __init__(self, areas: Columns, definition: PlanDefinition, index: PlanIndex) -> None:
        self.index, self.policy = index, definition.policy
        self.known = known_areas(areas)
        layers: list[Area] = [
            one for one in definition.layers() if one[1] not in definition.unchecked
        ]
        self.oriented = [one for one in layers if one[0] in (Kind.ZONE, Kind.CORRIDOR)]
        self.ruled = [one for one in layers if one[0] in (Kind.STUDY_AREA, Kind.CONSTRAINT)]

    def measured(self, area: Area, points: Points, sides: Sides | None = None) -> Floats:
        """Return the fact of some points, as `gisplan.siting.measure` has it."""
        kind, key, layer = area
        if (kind, key) not in self.known:
            return np.full(len(points), np.nan)
        if kind == Kind.CORRIDOR:
            return self.index.distance((kind, key), points)
        inside = point_margin(self.index, (kind, key), points, sides=sides)
        return clear_of_setback(inside, layer) if kind == Kind.CONSTRAINT else inside

    def bounded(self, area: Area) -> bool:
        """Tell whether margins at one place bound those around it, all over the plan."""
        kind, key, layer = area
        shape = self.known.get((kind, key))
        if shape is None or getattr(layer, "coverage", None) is not None:
            return False
        return kind == Kind.CORRIDOR or shape.geom_type in ("Polygon", "MultiPolygon")

    def unmet(self) -> NDArray[np.int64]:
        """Ranks of the rules where they are not met."""
        unmet = self.policy.unmet
        told = [
            unmet.in_study_area if kind == Kind.STUDY_AREA
            else unmet.prohibit if one.effect == "prohibit" else unmet.review
            for kind, _, one in self.ruled
        ]  # fmt: skip
        return np.array([self.policy.rank(one) for one in told])


class Nearby:
    """A grid over a plan that knows for each cell which areas can matter there."""

    def __init__(self, areas: Columns, definition: PlanDefinition, index: PlanIndex) -> None:
        self.definition, self._frame = definition, index.frame
        self._layers = _Layers(areas, definition, index)
        fits = max(len(self._layers.oriented), len(self._layers.ruled) - 1) <= MOST
        self.possible = fits and bool(np.isfinite(index.frame).all())
        """Whether there can be a grid at all."""
        self._cells: dict[float, _Cells] = {}

    def blocks(self, places: Places) -> Iterator[tuple[NDArray[np.int64], Places]]:
        """Yield the points among places by neighbourhoods: which they are, and themselves."""
        for placed in places.points.placed(self._frame):
            for start in range(0, len(placed.x), _BLOCK):
                here = slice(start, start + _BLOCK)
                points = placed.some(here, self._frame)
                dimension = np.zeros(len(points), dtype=np.int8)
                yield (
                    places.at[placed.rows[here]],
                    Places(dimension, np.arange(len(points)), points),
                )

    def facts(self, places: Places, listed: Columns) -> tuple[Columns, Near]:
        """Measure points as far as their verdicts hang on it.

        Parameters
        ----------
        places
            What `blocks` yields.
        listed
            As `gisplan.siting.measure.measure_places`.

        Returns
        -------
        Columns
            The facts that a judge reads; infinite where how far an area is does not matter.
        Near
            The same for machine code.
        """
        facts: dict[str, Column] = said_of(places, listed, self.definition)
        accuracy = np.asarray(facts["accuracy"])
        cells = self._of(accuracy)
        (placed,) = places.points.placed(self._frame)
        cell = _cell_of(placed)
        oriented, live, below = (one[cell] for one in (cells.oriented, cells.live, cells.below))
        values = np.full((len(self._layers.oriented), len(cell)), np.inf)
        for bit, area in enumerate(self._layers.oriented):
            corridor = area[0] == Kind.CORRIDOR
            values[bit] *= 1 if corridor else -1
            rows = _holding(oriented, bit)
            self._fill(values[bit], area, placed, rows, cells.sides[bit])
            facts[f"{'distance' if corridor else 'margin'}:{area[1]}"] = values[bit]
        covered = covered_facts(places, self._layers.known, self.definition, accuracy)
        ruled = np.full((len(self._layers.ruled), len(cell)), np.inf)
        for bit, area in enumerate(self._layers.ruled):
            ruled[bit, _holding(below, bit)] = -np.inf
            rows = _holding(live, bit)
            self._fill(ruled[bit], area, placed, rows, cells.sides[len(values) + bit])
            facts[f"margin:{area[1]}"] = ruled[bit]
            if f"covered:{area[1]}" in covered:
                ruled[bit] = clear_margin(Columns({**facts, **covered}), *area[1:])
        facts |= covered
        for key in self.definition.unchecked:
            facts[f"margin:{key}"] = self._unchecked(places, key)
        return Columns(facts, listed.rows), Near(ruled, values, live, below)

    def _unchecked(self, places: Places, key: str) -> Floats:
        area = Kind.CONSTRAINT, key, self.definition.constraints[key]
        return self._layers.measured(area, places.points)

    def _fill(self, fact: Floats, area: Area, placed: Placed, rows: Any, sides: Sides) -> None:
        """Measure those that are asked for."""
        some = rows if len(rows) < len(fact) else slice(None)
        points = placed.some(some, self._frame)
        if len(points):
            (here,) = points.placed(self._frame)
            fact[some] = self._layers.measured(area, points, sides[_cell_of(here)])

    def _of(self, accuracy: Floats) -> _Cells:
        """Cells for projects no less accurate than these."""
        worst = min(float(accuracy.max(initial=_FINEST)), NOWHERE)
        worst = float(2 ** np.ceil(np.log2(worst)))
        if worst not in self._cells:
            self._cells[worst] = self._made(worst)
        return self._cells[worst]

    def _made(self, worst: float) -> _Cells:
        """Halve cells, and ask in each only for what could matter in the one around it."""
        west, south, side = self._frame
        cells = _Cutting(self._layers, worst, 1 << (2 * _FIRST))
        for level in range(_FIRST, _LAST + 1):
            if level > _FIRST:
                cells.split()
            column, row = _gathered(len(cells)), _gathered(len(cells), 1)
            step = side / (1 << level)
            x, y = west + (column + 0.5) * step, south + (row + 0.5) * step
            cells.look(x, y, step / np.sqrt(2) + SLACK)
        return cells.words()


@dataclass(frozen=True)
class _Cells:
    """Per cell, as bits: zones and corridors that can matter, rules that can; see `Near`.

    ``sides`` tells per area and cell whether all of it lies inside (1) or outside (0).
    """

    oriented: Words
    live: Words
    below: Words
    sides: Sides


class _Cutting:
    """The cells while they are cut: per area and cell, whether it can matter, and its side."""

    def __init__(self, of: _Layers, worst: float, cells: int) -> None:
        self._of, self._layers = of, [*of.oriented, *of.ruled]
        self._count = len(of.oriented)
        self._groups = alike(of.oriented)
        error = np.array([one.error for _, _, one in self._layers])
        self._reach = SETTLED * axis_error(error, np.full(len(error), worst))
        self._bad, self._good = of.unmet(), of.policy.rank(Outcome.PASS)
        self._always = np.array([not of.bounded(one) for one in self._layers])
        self._polygon = np.array([kind != Kind.CORRIDOR for kind, _, _ in self._layers])
        self._sides = np.full((len(self._layers), cells), 2, dtype=np.int8)
        self._live = np.ones((len(self._layers), cells), dtype=bool)
        self._positive = np.zeros((len(of.ruled), cells), dtype=bool)

    def __len__(self) -> int:
        return self._live.shape[1]

    def split(self) -> None:
        """Cut each cell into four, which know what it knew."""
        self._live = np.repeat(self._live, 4, axis=1)
        self._positive = np.repeat(self._positive, 4, axis=1)

    def look(self, x: Floats, y: Floats, radius: float) -> None:
        """Look which areas cannot matter within a radius of the middles of the cells."""
        margin = np.full(self._live.shape, np.nan)
        inside = margin.copy()
        for at, area in enumerate(self._layers):
            asked = np.flatnonzero(self._live[at])
            if not self._always[at] and len(asked):
                told = self._of.measured(area, Points(x[asked], y[asked]))
                kind, layer = area[0], area[2]
                margin[at, asked] = layer.within - told if kind == Kind.CORRIDOR else told
                inside[at, asked] = -told - layer.setback if kind == Kind.CONSTRAINT else told
        known = (np.abs(inside) > radius) & self._polygon[:, None]
        self._sides = np.where(known, inside > 0, 2).astype(np.int8)
        count, always = self._count, self._always
        told = np.where(self._live[:count], margin[:count], -np.inf)
        told[np.isnan(told)] = -np.inf
        kept = can_matter(told, radius, self._groups, self._reach[:count])
        self._live[:count] &= kept | always[:count, None]
        self._live[count:] &= ~self._settled(margin[count:], radius) | always[count:, None]

    def _settled(self, margin: Floats, radius: float) -> Bools:
        """Tell which rules are certain in a cell, and no flip distance hangs on them."""
        away = np.abs(margin)
        certain = away > radius  # not where it is unknown
        self._positive = np.where(certain, margin > 0, self._positive)
        firm = away > self._reach[self._count :, None] + radius
        certain |= ~self._live[self._count :]
        idle = np.zeros_like(certain)
        for bad in np.unique(self._bad):
            low = min(bad, self._good)
            nominal = np.where(self._positive, self._good, self._bad[:, None])
            deciding = certain & (nominal <= low)
            others = deciding.sum(axis=0) - deciding
            for side in (False, True):
                of_it = (self._bad == bad)[:, None] & (self._positive == side) & certain
                nearest = np.fmin.reduce(np.where(of_it, away, np.inf), axis=0) + radius
                idle |= of_it & ((others > 0) | (away - radius > nearest))
        return firm & idle

    def words(self) -> _Cells:
        """Return the bits, and behind them those of all the ground beyond, where all matter."""
        self._live = np.append(self._live, np.ones((len(self._live), 1), dtype=bool), axis=1)
        self._positive = np.append(self._positive, self._positive[:, :1], axis=1)
        count = self._count
        below = ~self._live[count:] & ~self._positive
        some = np.full((len(self._sides), 1), 2, dtype=np.int8)
        sides = np.append(self._sides, some, axis=1)
        return _Cells(_bits(self._live[:count]), _bits(self._live[count:]), _bits(below), sides)


def _holding(words: Words, bit: int) -> NDArray[np.int64]:
    """Tell which words hold a bit."""
    return np.flatnonzero((words & (1 << bit)) != 0)


def _cell_of(placed: Placed) -> NDArray[np.int32]:
    """Cell of each point; -1, which is the last, for what is outside the frame."""
    return placed.cells >> np.int32(2 * (DEPTH - _LAST))


def _bits(rows: Bools) -> Words:
    found = np.zeros(rows.shape[1], dtype=np.int64)
    for bit, row in enumerate(rows):
        found |= row.astype(np.int64) << bit
    return found


def _gathered(cells: int, shift: int = 0) -> NDArray[np.int64]:
    """Column numbers of so many cells, or row numbers with a shift of one bit."""
    code = np.arange(cells) >> shift
    found = np.zeros(cells, dtype=np.int64)
    for bit in range(_LAST):
        found |= (code >> 2 * bit & 1) << bit
    return found
