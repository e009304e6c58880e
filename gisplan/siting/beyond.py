"""Outcomes of points one by one; what is beyond doubt where they are need not be measured.

An area whose edge lies more standard errors away than `SETTLED`, those of the least accurate
zone or corridor for all of these, is inside or outside for certain, and P of that is 1 to the last
bit. How far away it is then changes no outcome. Whoever leaves or enters nothing but such areas
does so with P 0: what that would lead to is never in doubt. And where there is doubt, the nearest
edge is that of an area within reach, so that of several others as likely the same is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Columns
from gisplan.definition import PlanDefinition
from gisplan.index import PlanIndex, Points
from gisplan.siting.fast import WORTH, judge_fast
from gisplan.siting.judge import judge_outcomes
from gisplan.siting.measure import Places, measure_places
from gisplan.siting.nearby import SLACK
from gisplan.terms import Kind
from gisplan.uncertainty import SETTLED, axis_error

Floats = NDArray[np.float64]
Sides = NDArray[np.int8]
Key = tuple[Kind, str]

OUTCOME_COLUMNS: Final = ("outcome", "nominal", "zone")
"""Columns of a verdict that are the same over whole stretches of ground."""
SURE: Final = 2
"""How a side is told that is beyond doubt; 1 is less."""
_FAR: Final = 1e9
"""Metres: farther than any two places on Earth lie apart."""


def outcomes_at(
    places: Places, listed: Columns, plan: tuple[Columns, PlanDefinition], index: PlanIndex,
    sides: dict[Key, Sides] | None = None,
) -> Columns:  # fmt: skip
    """Tell outcome, nominal outcome and zone of points, as a check does.

    Parameters
    ----------
    places
        The points, in the plan's CRS.
    listed
        What is said of them.
    plan
        Areas and definition.
    index
        The areas prepared; ``index.expected`` is how many points there will be in all.
    sides
        Of each area, on which side each place is beyond doubt: 1 where its rule is met (for a
        constraint: where it is clear), -1 where not, 0 where it has to be measured.
    """
    nearby = index.within(_reach(listed, plan[1]))
    if sides is not None:
        told = {key: side[places.at] for key, side in sides.items()}
        nearby = cast("PlanIndex", _Sided(nearby, told))
    facts = measure_places(places, listed, *plan, index=nearby)
    found = judge_fast(facts, plan[1]) if index.expected >= WORTH else None
    found = judge_outcomes(facts, plan[1]) if found is None else found
    return Columns({name: found[name] for name in OUTCOME_COLUMNS}, found.rows)


def beyond_doubt(kinds: list[Kind], sigma: Floats) -> Floats:
    """Metres from the edge of each area from which on it is `SETTLED`, given its error."""
    oriented = np.isin([one.value for one in kinds], (Kind.ZONE.value, Kind.CORRIDOR.value))
    widest = sigma[oriented].max(initial=0.0)
    return np.where(oriented, widest, sigma) * SETTLED + SLACK


def _reach(listed: Columns, definition: PlanDefinition) -> dict[Key, float]:
    """Metres beyond which a constraint is clear to the last bit of P, however far it is."""
    stated = np.append(listed.numbers("accuracy"), definition.policy.default_accuracy)
    worst = np.array([np.nanmax(stated)])
    return {
        (Kind.CONSTRAINT, key): one.setback + 9 * float(axis_error(one.error, worst)[0]) + 1
        for key, one in definition.constraints.items()
    }


@dataclass(frozen=True)
class _Sided:
    """Distances of points some of which are known to be beyond doubt: those stand far off."""

    index: PlanIndex
    sides: dict[Key, Sides]

    def signed(self, key: Key, points: Points) -> Floats:
        """Distance to the edge of a polygon, positive inside; see `PlanIndex.signed`."""
        inside = -1 if key[0] == Kind.CONSTRAINT else 1
        return self._filled(key, points, self.index.signed, inside * _FAR)

    def distance(self, key: Key, points: Points) -> Floats:
        """Distance to a line; of one that is near for certain it is less than nothing."""
        return self._filled(key, points, self.index.distance, -_FAR)

    def _filled(self, key: Key, points: Points, ask: Any, met: float) -> Floats:
        side = self.sides[key]
        found = side.astype(np.float64) * met
        at = np.flatnonzero(side == 0)
        if len(at):
            found[at] = ask(key, Points(points.x[at], points.y[at]))
        return found
