"""What would settle a fragile verdict: how exact a survey or a boundary it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.definition import PlanDefinition
from gisplan.siting import judge
from gisplan.terms import Kind

LADDER: Final = tuple(
    round(step * 10.0**power, 3) for power in (3, 2, 1, 0, -1) for step in (7, 5, 3, 2, 1.5, 1)
)
"""Point mean square errors M in metres that are tried, coarsest first: what one orders."""

SURVEY, EDGE, BOTH, NONE = "survey", "edge", "both", "none"
"""What it takes: the project surveyed, the boundary replaced, both, or nothing of the kind."""


def settle(facts: pd.DataFrame, verdicts: pd.DataFrame, definition: PlanDefinition) -> pd.DataFrame:
    """Find what would settle each fragile verdict, by judging again with better data.

    Parameters
    ----------
    facts
        What ``measure`` returns.
    verdicts
        What ``judge`` returned for them.
    definition
        The plan.

    Returns
    -------
    DataFrame
        Index 0…n-1; one row per project whose ``confidence`` is below the policy's
        threshold, in input order: ``position`` (row of *facts*), ``needs`` (`SURVEY` where
        an exact place of the project is enough, `EDGE` where better boundaries are, `BOTH`,
        `NONE` where not even exact data settle it, as on an edge), ``accuracy`` (the
        coarsest M of `LADDER`, metres, that settles it: of the project, of the boundaries,
        or of both; NaN for `NONE`). Settled is that the outcome is the nominal one, which
        may be ``unknown`` still, where something other than a place is missing.

    Notes
    -----
    Everything is judged again as it stands, with the places and the boundaries where they
    are and nothing but M changed; no formula is inverted. For one edge it agrees with
    M_project = √(2 (d/z)² − M_layer²), d the flip distance and z the quantile of the
    threshold (P = Φ(d/σ), σ² = (M_layer² + M_project²)/2).
    """
    threshold = definition.policy.threshold
    fragile = np.flatnonzero((verdicts["confidence"] < threshold).to_numpy())
    part = facts.iloc[fragile]
    own = part["accuracy"].to_numpy(dtype=float)
    nominal = verdicts["nominal"].iloc[fragile].set_axis(part.index)

    def firm(accuracy: NDArray[np.float64], plan: PlanDefinition) -> NDArray[np.bool_]:
        again = judge(part.assign(accuracy=accuracy), plan)
        return np.asarray(~(again["confidence"] < threshold) & (again["outcome"] == nominal))

    ways: dict[str, Callable[[float], NDArray[np.bool_]]] = {
        SURVEY: lambda m: firm(np.fmin(own, m), definition),
        EDGE: lambda m: firm(own, capped(definition, m)),
        BOTH: lambda m: firm(np.fmin(own, m), capped(definition, m)),
    }
    needs = np.full(len(fragile), NONE, dtype=object)
    accuracy = np.full(len(fragile), np.nan)
    for name, way in ways.items():
        if not (needs == NONE).any():
            break
        found = _coarsest(way, len(fragile))
        taken = (needs == NONE) & ~np.isnan(found)
        needs[taken], accuracy[taken] = name, found[taken]
    return pd.DataFrame({"position": fragile, "needs": needs, "accuracy": accuracy})


def _coarsest(settles: Callable[[float], NDArray[np.bool_]], count: int) -> NDArray[np.float64]:
    """Coarsest rung from which every finer one settles too; NaN where the finest does not."""
    found = np.full(count, np.nan)
    open_ = np.ones(count, dtype=bool)
    for rung in reversed(LADDER):
        open_ &= settles(rung)
        found[open_] = rung
        if not open_.any():
            break
    return found


def capped(
    definition: PlanDefinition, accuracy: float, only: frozenset[str] | None = None
) -> PlanDefinition:
    """Return the plan with no boundary less exact than M = *accuracy* (or none of *only*)."""
    groups: dict[str, Any] = {}
    for kind, key, layer in definition.layers():
        if layer.accuracy is None or layer.accuracy <= accuracy:
            continue
        if only is not None and key not in only:
            continue
        better = layer.model_copy(update={"accuracy": accuracy})
        if kind == Kind.STUDY_AREA:
            groups["study_area"] = better
            continue
        name = f"{kind.value}s"
        groups[name] = {**groups.get(name, getattr(definition, name)), key: better}
    return definition.model_copy(update=groups)
