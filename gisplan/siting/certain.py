"""Is the outcome the same everywhere in a cell of ground? A proof, or "not known".

A verdict hangs on signed margins to edges, and a margin changes by no more than one goes. So
from the margins at the middle of a cell those of all its points lie between two bounds. Where no
edge can pass through, what is inside what is settled; P(same) of every rule grows with the
distance to edges, so it lies between that of the nearest and that of the farthest bounds, which
`gisplan.siting.judge` itself computes here. What it then decides by comparing is decided for the
whole cell where the bounds leave one answer. Everything else is not known, and asked point by
point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.columns import Coded, Columns
from gisplan.definition import Constraint, Corridor, PlanDefinition
from gisplan.index import PlanIndex, Points
from gisplan.siting.between import outcome_between, said
from gisplan.siting.beyond import SURE, Key, Sides, beyond_doubt
from gisplan.siting.judge import assess
from gisplan.siting.measure import known_areas
from gisplan.siting.nearby import SLACK
from gisplan.siting.rules import Bools, Floats, worst_of
from gisplan.siting.surroundings import Scales, different
from gisplan.terms import Kind, Shape
from gisplan.uncertainty import DOUBT, SETTLED, axis_error

Codes = NDArray[np.uint16]
Project = Callable[[Floats, Floats], tuple[Floats, Floats]]

_STRETCH: Final = 1.001
"""By how much a cell may reach farther than its corners, as meridians are no straight lines."""
_BENT: Final = 0.02
"""How far, in its own radii, the middle of a cell may lie beside that of its corners."""
_ROUND, _COARSE, _FAR = 500, 1.0, 1e9
"""Points of a side of a rectangle; metres by which its edge may lie off them; and very far."""
_FIRM: Final = 3.5
"""Standard errors beyond which an edge hardly counts: P is above 0.9997."""
_MOST: Final = 65_000
"""Different verdicts that a table can hold."""


@dataclass(frozen=True)
class Asked:
    """What rows must have in common to share a table: accuracy M in metres, industry codes."""

    accuracy: float
    industry_codes: str | None = None


class Bounds:
    """Least and largest signed margin of each area over each cell: areas x cells, metres."""

    def __init__(self, low: Floats, high: Floats) -> None:
        self.low, self.high = low, high

    def __len__(self) -> int:
        return int(self.low.shape[1])

    def take(self, cells: NDArray[np.int64]) -> Bounds:
        """Return those of some cells, or of what lies within them."""
        return Bounds(self.low[:, cells], self.high[:, cells])


class Proof:
    """Tells for cells of ground which verdict all their points have.

    Parameters
    ----------
    definition, areas, index
        The plan.
    project
        Brings the coordinates of cells into the plan's CRS.
    asked
        Accuracy and industry of the projects in question.
    """

    def __init__(
        self, definition: PlanDefinition, areas: Columns, index: PlanIndex, project: Project,
        asked: Asked,
    ) -> None:  # fmt: skip
        self.plan, self._index, self._project, self.asked = definition, index, project, asked
        self._known = known_areas(areas)
        self._layers = _layers(definition, self._known)
        error = np.array([one.error for one in self._layers])
        sigma = axis_error(error, np.full(len(error), min(asked.accuracy, _FAR)))
        self._sigma = np.where([one.kind == Kind.COVERAGE for one in self._layers], 0.0, sigma)
        self._reach = np.array([one.reach(asked.accuracy) for one in self._layers])
        kinds = [one.kind for one in self._layers]
        self._firm = self._thresholds(_FIRM * self._sigma + SLACK)
        self._sure = self._thresholds(beyond_doubt(kinds, self._sigma))
        self.scales = Scales(self)
        self._numbers: dict[tuple[int, int, bytes], int] = {}

    def said(self) -> NDArray[np.uint8]:
        """Return what each number stands for: ranks of outcome and nominal, and bits of zones.

        Number 0, "not known", stands for nothing and first.
        """
        width = 2 + (len(self.plan.zones) + 7) // 8
        rows = [bytes([outcome, nominal]) + zones for outcome, nominal, zones in self._numbers]
        return np.frombuffer(bytes(width) + b"".join(rows), dtype=np.uint8).reshape(-1, width)

    def __call__(
        self, x: Floats, y: Floats, half_x: float, half_y: float, before: Bounds | None
    ) -> tuple[Codes, Bounds]:
        """Return the number of each cell's verdict, 0 where it is not known; see `cells.Ask`."""
        east, north, radius = self._spread(x, y, half_x, half_y)
        bounds = self._bounded(east, north, radius, before)
        codes = np.where(np.isfinite(radius), self._in_cells(bounds), np.uint16(0))
        return codes, bounds

    def _in_cells(self, bounds: Bounds) -> Codes:
        """Number of each cell's verdict; where one edge is near, by its scale."""
        sides = np.zeros(bounds.low.shape, dtype=np.int8)
        for side, (low, high) in ((1, self._firm), (SURE, self._sure)):
            sides[bounds.low > high[:, None]] = side
            sides[bounds.high < low[:, None]] = -side
        scale = np.full(len(bounds), -1, dtype=np.int64)
        alone = np.flatnonzero((sides == 0).sum(axis=0) == 1)
        if len(alone):
            rows, which = different(sides[:, alone])
            scale[alone] = self.scales.of(rows, np.bincount(which))[which]
        found = np.zeros(len(scale), dtype=np.uint16)
        at, left = np.flatnonzero(scale >= 0), np.flatnonzero(scale < 0)
        edge = self.scales.edge[scale[at]]
        found[at] = self.scales.between(scale[at], bounds.low[edge, at], bounds.high[edge, at])
        found[left] = self._told(bounds.take(left))
        return found

    @property
    def keys(self) -> list[Key]:
        """The areas that have data, in the order of `sides`."""
        return [(one.kind, one.key) for one in self._layers]

    def sides(self, x: Floats, y: Floats, half_x: float, half_y: float) -> Sides:
        """Tell on which side of each area whole cells are: cells x `keys`.

        Positive where the rule is met (a coverage: it holds all round), negative where it is
        not: `SURE` beyond doubt, 1 so far that it hardly counts; 0 where neither is so for all
        points of the cell.
        """
        east, north, radius = self._spread(x, y, half_x, half_y)
        points = Points(east, north)
        found = np.zeros((len(x), len(self._layers)), dtype=np.int8)
        for row in range(len(self._layers)):
            margin = self.margin(row, points)
            for side, (low, high) in ((1, self._firm), (SURE, self._sure)):
                found[margin - radius > high[row], row] = side
                found[margin + radius < low[row], row] = -side
        return found

    def margin(self, area: int, points: Points) -> Floats:
        """Signed margins to one of `keys`, in metres; > 0 where its rule is met."""
        return self._layers[area].margin(self._index, points)

    @property
    def reach(self) -> Floats:
        """Metres about the edge of each area within which answers are in doubt; 0: not told."""
        told = [one.kind != Kind.COVERAGE for one in self._layers]
        return np.where(told, 1.5 * self._firm[1], 0.0)

    def between(self, sides: Sides, area: NDArray[np.int64], low: Floats, high: Floats) -> Codes:
        """Number of the verdict where margins lie between bounds; 0 where it is not known.

        Parameters
        ----------
        sides
            Cases x `keys`: on which side of the areas each case is, see `sides`.
        area
            To which of `keys` the margin is bounded.
        low, high
            Its bounds, metres.
        """
        side, (below, above) = sides.T, self._firm
        sure = np.abs(side) == SURE
        least = np.where(sure, np.sign(side) * _FAR, np.where(side > 0, above[:, None], -_FAR))
        most = np.where(sure, np.sign(side) * _FAR, np.where(side < 0, below[:, None], _FAR))
        cases = np.arange(len(area))
        least[area, cases], most[area, cases] = low - SLACK, high + SLACK
        return self._told(Bounds(least, most))

    def _told(self, bounds: Bounds) -> Codes:
        """Number of each cell's verdict; 0 where several are possible."""
        found = np.zeros(len(bounds), dtype=np.uint16)
        at = np.flatnonzero(self._one_sided(bounds))
        if len(at):
            found[at] = self._proven(bounds.take(at))
        return found

    def _thresholds(self, away: Floats) -> tuple[Floats, Floats]:
        """Margins below and above which an edge is so far away; the reach of a coverage."""
        coverage = np.array([one.kind == Kind.COVERAGE for one in self._layers], dtype=bool)
        low, high = 0.98 * self._reach - SLACK, self._reach + SLACK
        return np.where(coverage, low, -away), np.where(coverage, high, away)

    def beyond(self, frame: Floats) -> int:
        """Number of the verdict of everything outside a rectangle; 0 where it is not known.

        Whoever is outside is farther from an area within than the edge of the rectangle is;
        that holds as far as the way into the plan's CRS maps neighbours to neighbours.
        """
        step = np.linspace(0, 1, _ROUND, endpoint=False)
        zero, one = np.zeros(_ROUND), np.ones(_ROUND)
        x = np.concatenate([step, one, 1 - step, zero]) * frame[2] + frame[0]
        y = np.concatenate([zero, step, one, 1 - step]) * frame[3] + frame[1]
        ring = np.column_stack(self._project(x, y))
        if not np.isfinite(ring).all():
            return 0
        within = shapely.Polygon(ring)
        if not within.is_valid:
            return 0
        low, high = np.full((2, len(self._layers), 1), [[[-_FAR]], [[_FAR]]])
        for row, layer in enumerate(self._layers):
            area = self._known[layer.kind, layer.key]
            if not within.contains(area):
                continue
            least = float(within.exterior.distance(area)) - _COARSE
            if layer.kind == Kind.CONSTRAINT:
                low[row] = least - layer.setback
            else:
                high[row] = layer.within - least
        bounds = Bounds(low, high)
        return int(self._told(bounds)[0])

    def _spread(
        self, x: Floats, y: Floats, half_x: float, half_y: float
    ) -> tuple[Floats, Floats, Floats]:
        """Middle of each cell in metres, and how far its points lie from it (NaN: not known)."""
        steps = [(i, j) for i in (-1, 1) for j in (-1, 1)]
        with np.errstate(invalid="ignore"):
            east, north = self._project(x, y)
            corners = [self._project(x + i * half_x, y + j * half_y) for i, j in steps]
            away = np.stack([np.hypot(cx - east, cy - north) for cx, cy in corners])
            radius = away.max(axis=0)
            bent = np.hypot(
                np.mean([cx for cx, _ in corners], axis=0) - east,
                np.mean([cy for _, cy in corners], axis=0) - north,
            )
            radius = np.where(bent <= _BENT * radius, radius * _STRETCH + SLACK, np.nan)
        finite = np.isfinite(east) & np.isfinite(north) & np.isfinite(radius)
        return np.where(finite, east, 0.0), np.where(finite, north, 0.0), np.where(
            finite, radius, np.nan
        )  # fmt: skip

    def _bounded(
        self, east: Floats, north: Floats, radius: Floats, before: Bounds | None
    ) -> Bounds:
        """Bound the margins of cells, closer than before where that can change anything."""
        shape = (len(self._layers), len(east))
        if before is None:
            before = Bounds(np.full(shape, -np.inf), np.full(shape, np.inf))
        low, high = before.low.copy(), before.high.copy()
        for row, layer in enumerate(self._layers):
            far = SETTLED * self._sigma[row] + SLACK + self._reach[row]
            at = np.flatnonzero((low[row] < far) & (high[row] > -far))
            if not len(at):
                continue
            margin = layer.margin(self._index, Points(east[at], north[at]))
            away = radius[at]
            low[row, at] = np.fmax(low[row, at], margin - away)
            high[row, at] = np.fmin(high[row, at], margin + away)
        return Bounds(low, high)

    def _one_sided(self, bounds: Bounds) -> Bools:
        """Tell of which cells every point is on the same side of every edge."""
        reach = self._reach[:, None]
        # A buffer of many corners stays a little within the circle it is drawn for.
        sure = (bounds.low > reach + SLACK) | (bounds.high < 0.98 * reach - SLACK)
        return np.asarray(sure.all(axis=0), dtype=bool)

    def _facts(self, bounds: Bounds, *, near: bool) -> Columns:
        """What would be measured at the nearest or at the farthest bounds."""
        cells = len(bounds)
        plan, nothing = self.plan, np.full(cells, np.nan)
        facts: dict[str, Any] = {
            "shape": Coded.always(Shape.POINT.value, cells),
            "accuracy": np.full(cells, self.asked.accuracy),
            "industry_codes": said(self.asked.industry_codes, cells),
        }
        for kind, key, layer in plan.layers():
            name = "distance" if kind == Kind.CORRIDOR else "margin"
            facts[f"{name}:{key}"] = nothing
            if isinstance(layer, Constraint) and layer.coverage is not None:
                facts[f"covered:{key}"] = np.zeros(cells)
        for row, area in enumerate(self._layers):
            low, high = bounds.low[row], bounds.high[row]
            if area.kind == Kind.COVERAGE:
                facts[f"covered:{area.key}"] = (low > self._reach[row]).astype(float)
                continue
            margin = np.where((low > 0) == near, low, high)
            if area.kind == Kind.CORRIDOR:
                facts[f"distance:{area.key}"] = area.within - margin
            else:
                facts[f"margin:{area.key}"] = margin
        return Columns(facts, cells)

    def _proven(self, bounds: Bounds) -> Codes:
        """Number of each cell's verdict, its edges all passed by."""
        near, far = (assess(self._facts(bounds, near=one), self.plan) for one in (True, False))
        outcome = outcome_between(near, far, self.asked.industry_codes, self.plan)
        nominal = worst_of([a.nominal for a in near.answers if a.counts])
        members = near.membership
        zones: Any = members.nominal[:, : members.zones]
        packed = np.packbits(zones, axis=1)
        rows = np.column_stack([outcome, nominal, packed.view(np.int8)])
        unique, which = np.unique(rows, axis=0, return_inverse=True)
        numbers = [
            self._number(int(row[0]), int(row[1]), row[2:].tobytes()) if row[0] >= 0 else 0
            for row in unique
        ]
        return np.array(numbers, dtype=np.uint16)[which.ravel()]

    def _number(self, outcome: int, nominal: int, zones: bytes) -> int:
        """Return the number of a verdict, a new one for a new verdict; 0 if there are too many."""
        found = self._numbers.get((outcome, nominal, zones))
        if found is not None:
            return found
        if len(self._numbers) >= _MOST:
            return 0
        return self._numbers.setdefault((outcome, nominal, zones), len(self._numbers) + 1)


@dataclass(frozen=True)
class _Layer:
    """One area that has data, and how its margin is measured."""

    kind: Kind
    key: str
    error: float
    within: float = 0.0
    setback: float = 0.0

    def margin(self, index: PlanIndex, points: Points) -> Floats:
        """Signed margin in metres, > 0 where the rule is met (or the coverage holds the point)."""
        if self.kind == Kind.CORRIDOR:
            return self.within - index.distance((self.kind, self.key), points)
        inside = index.signed((self.kind, self.key), points)
        return -inside - self.setback if self.kind == Kind.CONSTRAINT else inside

    def reach(self, accuracy: float) -> float:
        """Metres round a point that a coverage has to hold; as `measure_places` has it."""
        if self.kind != Kind.COVERAGE:
            return 0.0
        error = axis_error(self.error, np.array([accuracy]))
        return self.setback + DOUBT * float(error[0])


def _layers(plan: PlanDefinition, known: dict[tuple[Kind, str], Any]) -> list[_Layer]:
    found = []
    for kind, key, layer in plan.layers():
        within = layer.within if isinstance(layer, Corridor) else 0.0
        setback = layer.setback if isinstance(layer, Constraint) else 0.0
        kinds = [kind]
        if isinstance(layer, Constraint) and layer.coverage is not None:
            kinds.append(Kind.COVERAGE)
        found += [
            _Layer(one, key, layer.error, within, setback) for one in kinds if (one, key) in known
        ]
    return found


def keys_of(definition: PlanDefinition, areas: Columns) -> list[Key]:
    """Return the areas that have data, in the order of `Proof.sides`."""
    return [(one.kind, one.key) for one in _layers(definition, known_areas(areas))]


def provable(areas: Columns) -> bool:
    """Tell whether margins to all areas change as little as one goes: polygons and lines do."""
    drawn = known_areas(areas)
    return all(
        kind == Kind.CORRIDOR or int(shapely.get_type_id(area)) in (3, 6)
        for (kind, _), area in drawn.items()
    )


def listed_as(asked: Asked, rows: int) -> Columns:
    """Return what a list of such projects says."""
    codes = said(asked.industry_codes, rows)
    return Columns({"accuracy": np.full(rows, asked.accuracy), "industry_code": codes})
