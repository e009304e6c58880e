"""How far the outcomes of a list hang on the numbers of the policy: one is moved at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.definition import PlanDefinition
from gisplan.siting import judge, measure
from gisplan.terms import OUTCOMES, SEPARATOR, Shape

TRIED: Final[Mapping[str, Sequence[float]]] = {
    "threshold": (0.8, 0.9, 0.95, 0.99),
    "default_accuracy": (0.0, 20.0, 50.0, 100.0, 200.0),
    "zone_share": (0.25, 0.5, 0.75, 0.9),
    "study_area_share": (0.5, 0.8, 0.95, 1.0),
    "touch_area": (0.0, 1.0, 10.0, 100.0),
    "within": (0.5, 0.8, 1.25, 2.0),
}
"""Values tried of each number; of ``within``, multiples of what the plan says of a corridor."""

COLUMNS: Final = (
    "parameter", "area_id", "value", "own", "subject_to", "changed", "better", "worse", "which",
)  # fmt: skip

NAMED: Final = 20
"""Projects that a row names; ``changed`` counts them all."""


class Setting(NamedTuple):
    """One number of the policy at one value: the plan that says so."""

    parameter: str
    area: str
    value: float
    own: bool
    plan: PlanDefinition


def sensitivity(
    projects: gpd.GeoDataFrame,
    facts: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    *,
    tried: Mapping[str, Sequence[float]] | None = None,
) -> pd.DataFrame:
    """Judge a list again with one number of the policy moved, and tell who fares otherwise.

    Parameters
    ----------
    projects
        In the CRS of *areas*.
    facts
        What `gisplan.siting.measure` returns of them.
    areas, definition
        The plan.
    tried
        Values by parameter, by default `TRIED`; of ``within`` multiples of the plan's width.

    Returns
    -------
    DataFrame
        One row per parameter, corridor (of ``within``) and value, the plan's own included:
        ``parameter``, ``area_id``, ``value`` (a share, m, m² or P), ``own``, ``subject_to``
        (projects that the number can have a part in: none are where all are points), ``changed``
        (projects with another outcome than under the plan as it is), ``better``, ``worse``
        (along the cascade), ``which`` (ids of the first 20, joined by ``|``), and the number of
        projects with each outcome.

    Raises
    ------
    ValueError
        For a value that the plan file could not hold.
    """
    order = [one.value for one in definition.policy.cascade]
    before = _ranks(facts, definition, order)
    ids = projects["id"] if "id" in projects else projects.index.to_series()
    named = [
        str(row if pd.isna(one) else one) for row, one in zip(projects.index, ids, strict=True)
    ]
    rows = []
    for one in _settings(definition, TRIED if tried is None else tried):
        after, at = before.copy(), _touched(one.parameter, facts)
        if not one.own:
            again = _facts(projects, facts, areas, one, at)
            after[at] = _ranks(again, one.plan, order)
        step = after.astype(int) - before
        moved = np.flatnonzero(step)
        rows.append(
            {
                "parameter": one.parameter, "area_id": one.area, "value": one.value,
                "own": one.own, "subject_to": len(at), "changed": len(moved),
                "better": int((step > 0).sum()), "worse": int((step < 0).sum()),
                "which": SEPARATOR.join(named[k] for k in moved[:NAMED]),
                **{name: int((after == order.index(name)).sum()) for name in OUTCOMES},
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=[*COLUMNS, *OUTCOMES])


def _settings(plan: PlanDefinition, tried: Mapping[str, Sequence[float]]) -> Iterator[Setting]:
    """Every number at every value, and at its own."""
    for parameter, values in tried.items():
        if parameter == "within":
            for key, line in plan.corridors.items():
                widths = {line.within, *(line.within * factor for factor in values)}
                for width in sorted(widths):
                    wider = {**plan.corridors, key: _with(line, within=width)}
                    changed = plan.model_copy(update={"corridors": wider})
                    yield Setting(parameter, key, width, width == line.within, changed)
            continue
        own = float(getattr(plan.policy, parameter))
        for value in sorted({own, *values}):
            policy = _with(plan.policy, **{parameter: value})
            changed = plan.model_copy(update={"policy": policy})
            yield Setting(parameter, "", value, value == own, changed)


def _with(model: Any, **changes: float) -> Any:
    """Change a part of the plan as if its file said so: with every check of the file."""
    return type(model).model_validate({**model.model_dump(), **changes})


def _touched(parameter: str, facts: pd.DataFrame) -> NDArray[np.int64]:
    """Which rows a number can have a part in at all."""
    shape = facts["shape"].astype("str")
    if parameter == "default_accuracy":
        return np.flatnonzero(facts["accuracy_assumed"] & (shape != Shape.NONE))
    if parameter in ("zone_share", "study_area_share", "touch_area"):
        return np.flatnonzero(shape.isin([Shape.LINE, Shape.POLYGON]))
    return np.flatnonzero(shape != Shape.NONE)


def _facts(
    projects: gpd.GeoDataFrame, facts: pd.DataFrame, areas: gpd.GeoDataFrame, one: Setting,
    at: NDArray[np.int64],
) -> pd.DataFrame:  # fmt: skip
    """Measure again what the number decides of; P and widths are judged of what is known."""
    if one.parameter in ("threshold", "within"):
        return facts.iloc[at]
    return measure(projects.iloc[at], areas, one.plan)


def _ranks(facts: pd.DataFrame, plan: PlanDefinition, order: Sequence[str]) -> NDArray[np.int64]:
    """Place of each outcome in the cascade: 0 is the worst."""
    place = {name: at for at, name in enumerate(order)}
    told = judge(facts, plan)["outcome"].astype("str")
    return np.array([place[one] for one in told], dtype=np.int64)
