"""Why no place is surely good: rules that nowhere hold, or layers drawn too coarsely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from gisplan.definition import PlanDefinition
from gisplan.sites.ground import Ground
from gisplan.sites.search import exists
from gisplan.terms import SEPARATOR, Kind, Outcome

HALVINGS = 10
"""Of the search for the accuracy that would do, by ratio: to about 1 % of it."""

LEAST = 0.01
"""Metres: finer accuracies are told as 0."""

_FINE = (Outcome.PASS.value, Outcome.NOT_APPLICABLE.value)


class Why(NamedTuple):
    """Why there is no place; see `why_none`."""

    cause: str
    layers: str
    needed: float = np.nan
    needed_each: str | None = None


def why_none(ground: Ground) -> Why:
    """Find what would have to be better known for any place to be surely good.

    Returns
    -------
    Why
        ``cause``: ``rules`` and the rules that nowhere hold even if all were exactly known, or
        ``unknown`` and those that nowhere can be told for want of data; or, with
        the M in metres to which it would have to be surveyed (``needed``), ``layer`` (any one
        of the layers named would do, each at its own of ``needed_each``), ``project`` (its
        coordinates), ``layers`` (all of those named) or ``both`` (all layers and the
        coordinates).
    """
    accuracy = ground.accuracy
    if ground.point:  # what other projects were asked before must not tell
        ground = replace(ground, measured={})
    if not exists(ground.revised(_surveyed(ground.definition, None, 0.0), 0.0)):
        cause, rules = _nowhere(ground)
        return Why(cause, SEPARATOR.join(rules))
    plan = ground.definition
    drawn = [key for _, key, layer in plan.layers() if layer.error > 0]
    alone = [k for k in drawn if exists(ground.revised(_surveyed(plan, (k,), 0.0)))]
    if alone:
        each = {k: _alone(ground, k) for k in alone}
        alone.sort(key=lambda key: -each[key])
        shown = SEPARATOR.join(f"{each[key]:g}" for key in alone)
        return Why("layer", SEPARATOR.join(alone), each[alone[0]], shown)
    if exists(ground.revised(plan, 0.0)):
        return Why("project", "", _largest(lambda m: exists(ground.revised(plan, m)), accuracy))
    names, coarsest = SEPARATOR.join(drawn), max(plan.layer(k).error for k in drawn)
    if exists(ground.revised(_surveyed(plan, None, 0.0))):
        needed = _largest(lambda m: exists(ground.revised(_surveyed(plan, None, m))), coarsest)
        return Why("layers", names, needed)

    def both(m: float) -> bool:
        return exists(ground.revised(_surveyed(plan, None, m), min(m, accuracy)))

    return Why("both", names, _largest(both, max(coarsest, accuracy)))


def _alone(ground: Ground, key: str) -> float:
    """Return the M that would do of one layer, the others as they are."""
    plan = ground.definition
    return _largest(
        lambda m: exists(ground.revised(_surveyed(plan, (key,), m))), plan.layer(key).error
    )


def _largest(does: Callable[[float], bool], most: float) -> float:
    """Return the coarsest accuracy that would do, rounded down to two digits."""
    low, high = LEAST, most
    if most <= low or not does(low):
        return 0.0
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if does(middle) else (low, middle)
    unit = 10.0 ** (np.floor(np.log10(low)) - 1)
    return float(np.floor(low / unit + 1e-9) * unit)


def _surveyed(plan: PlanDefinition, keys: tuple[str, ...] | None, m: float) -> PlanDefinition:
    """Return the plan with the layers named (or all) surveyed to M, where that is better."""
    changes: dict[str, Any] = {}
    for kind, key, layer in plan.layers():
        if (keys is None or key in keys) and layer.error > m:
            better = layer.model_copy(update={"accuracy": m})
            if kind is Kind.STUDY_AREA:
                changes["study_area"] = better
            else:
                group = {Kind.ZONE: "zones", Kind.CORRIDOR: "corridors"}.get(kind, "constraints")
                held = dict(changes.get(group) or getattr(plan, group))
                changes[group] = {**held, key: better}
    return plan.model_copy(update=changes)


def _nowhere(ground: Ground) -> tuple[str, list[str]]:
    """Name the rules that hold nowhere by themselves, or those most in the way."""
    exact = ground.revised(_surveyed(ground.definition, None, 0.0), 0.0)
    west, south, east, north = exact.bounds
    x, y = np.meshgrid(np.linspace(west, east, 40), np.linspace(south, north, 40))
    verdicts = exact.verdicts(np.column_stack([x.ravel(), y.ravel()]))
    silent = {f"clear_of:{key}" for key in exact.definition.unchecked}
    rules = [
        name for name in verdicts
        if name.startswith(("in_study_area", "industry_fit", "clear_of:")) and name not in silent
    ]  # fmt: skip
    fine = {rule: np.isin(verdicts.texts(rule), _FINE) for rule in (*rules, "in_study_area")}
    met = {rule: float(fine[rule].mean()) for rule in rules}
    never = [rule for rule, share in met.items() if share == 0]
    inside = fine["in_study_area"]
    if not never and inside.any():
        never = [rule for rule in rules if not fine[rule][inside].any()]
    named = never or [min(met, key=lambda rule: met[rule])]
    lost = all((verdicts.texts(rule)[~fine[rule]] == Outcome.UNKNOWN.value).all() for rule in named)
    return "unknown" if lost else "rules", named
