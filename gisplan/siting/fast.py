"""Judging many projects: facts and plan as arrays for `gisplan.siting.compiled`, and back."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded, Column, Columns
from gisplan.definition import PlanDefinition
from gisplan.siting.judge import by_key, categories, ids_of, reason
from gisplan.siting.measure import EDGE
from gisplan.siting.nearby import Near
from gisplan.siting.rules import Floats, clear_margin, unmet_of, wanted
from gisplan.terms import SEPARATOR, VERDICT_COLUMNS, VERDICT_TAIL, Outcome, Rule, Shape
from gisplan.uncertainty import axis_error

WORTH: Final = 1_000_000
"""Projects from which machine code is worth its start (about 1.3 s, and once 10 s to compile)."""
_BITS: Final = 60


@cache
def compiled() -> Any:
    """Return `gisplan.siting.compiled`, or ``None`` where it is not there or rounds otherwise.

    Φ is the one function of it that a machine's own library computes: it is tried first.
    """
    try:
        from gisplan.siting import compiled as module
    except ImportError:
        return None
    z = np.linspace(-30, 9, 4001)
    told = [0.5 * math.erfc(-one / math.sqrt(2)) for one in z.tolist()]
    module.phi(z)
    return module if np.array_equal(z, told) else None


def judge_fast(facts: Columns, plan: PlanDefinition, near: Near | None = None) -> Columns | None:
    """Judge as `gisplan.siting.judge.judge_facts` does, bit for bit; ``None`` where it cannot.

    ``near`` tells which of the facts were measured, where not all of them were.
    """
    checked = [key for key in plan.constraints if key not in plan.unchecked]
    module = compiled()
    if module is None or max(len(plan.oriented), len(checked) + 8) > _BITS:
        return None
    codes = np.empty((6 + len(checked), facts.rows), dtype=np.int8)
    numbers = np.empty((4, facts.rows))
    keys = np.empty((3, facts.rows), dtype=np.int64)
    ruled = [plan.study_area, *(plan.constraints[key] for key in checked)]
    unmet = [plan.policy.rank(plan.policy.unmet.in_study_area)]
    unmet += [unmet_of(plan.constraints[key], plan) for key in checked]
    near = near or _all_measured(facts, plan, checked)
    sigmas, which = _errors(
        [one.error for one in (*ruled, *plan.oriented)], facts.array("accuracy")
    )
    industry = facts.coded("industry_codes")
    module.judge(
        near.ruled, near.values, near.live, near.below,
        sigmas, which,
        ~facts.coded("shape").reads(Shape.NONE),
        np.where(industry.codes < 0, len(industry.categories), industry.codes),
        *_wanted(industry, plan),
        np.array([getattr(one, "within", 0.0) for one in plan.oriented]),
        len(plan.zones),
        np.array(unmet, dtype=np.int64),
        _kinds(unmet),
        NormalDist().inv_cdf(plan.policy.threshold),
        plan.policy.threshold,
        _ranks(plan),
        codes, numbers, keys,
    )  # fmt: skip
    return _verdicts(facts, plan, checked, (codes, numbers, keys))


def _all_measured(facts: Columns, plan: PlanDefinition, checked: list[str]) -> Near:
    """Facts that were all measured."""
    clear = [clear_margin(facts, key, plan.constraints[key]) for key in checked]
    names = [f"margin:{key}" for key in plan.zones]
    names += [f"distance:{key}" for key in plan.corridors]
    everything = np.full(facts.rows, (1 << (1 + len(checked))) - 1)
    return Near(
        _stacked([facts.array("margin:study_area"), *clear], facts.rows),
        _stacked([facts.array(name) for name in names], facts.rows),
        everything, np.zeros(facts.rows, dtype=np.int64),
    )  # fmt: skip


def _kinds(unmet: list[int]) -> NDArray[np.int64]:
    """Bits of the constraints by their rank where they are not met: ranks, and bits."""
    bits: dict[int, int] = {}
    for bit, rank in enumerate(unmet[1:], start=1):
        bits[rank] = bits.get(rank, 0) | 1 << bit
    return np.array(list(bits.items()), dtype=np.int64).reshape(-1, 2)


def _stacked(columns: list[Floats], rows: int) -> Floats:
    return np.stack(columns) if columns else np.empty((0, rows))


def _errors(layers: list[float], accuracy: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Errors across the edges, layers by different accuracies, and which each project has."""
    if len(accuracy) and (accuracy == accuracy[0]).all():
        own, which = accuracy[:1], np.zeros(len(accuracy), dtype=np.int64)
    else:
        own, which = np.unique(accuracy, return_inverse=True)
    return np.stack([axis_error(layer, own) for layer in layers]), which


def _wanted(industry: Coded, plan: PlanDefinition) -> tuple[NDArray[np.int64], int]:
    """Bits of what areas want, per codes, the last for none; and of the areas that say."""
    once = np.append(np.arange(len(industry.categories)), -1)
    want = wanted(Coded(once, industry.categories), plan)
    bit = 1 << np.arange(len(plan.oriented), dtype=np.int64)
    silent = once < 0
    flags = want.public + 2 * want.may_be_public + 4 * silent
    stated = int((want.stated[0] @ bit).item())
    return np.stack([want.fits @ bit, want.may @ bit, flags.astype(np.int64)]), stated


def _ranks(plan: PlanDefinition) -> NDArray[np.int64]:
    """Ranks in the order of the constants of `gisplan.siting.compiled`."""
    policy = plan.policy
    asked = (
        Outcome.PASS, Outcome.UNKNOWN, Outcome.REVIEW, Outcome.NOT_APPLICABLE,
        policy.industry_missing, policy.unmet.in_study_area, policy.unmet.location,
        policy.unmet.industry_fit,
    )  # fmt: skip
    ranks = [policy.rank(one) for one in asked]
    passed, unknown, _, none, missing, _, location, fit = ranks
    return np.array([*ranks, min(passed, unknown, none, missing, location, fit)], dtype=np.int64)


def _verdicts(
    facts: Columns, plan: PlanDefinition, checked: list[str], found: tuple[Any, Any, Any]
) -> Columns:
    codes, numbers, keys = found
    order = plan.policy.cascade
    rules = [Rule.IN_STUDY_AREA, Rule.IN_ZONE, Rule.NEAR_CORRIDOR, Rule.INDUSTRY_FIT]
    told = [*rules, *(f"{Rule.CLEAR_OF}:{key}" for key in checked)]
    ranks = dict(zip(("outcome", "nominal", *told), codes, strict=True))
    zones, corridors, reasons = keys

    def why(row: NDArray[np.bool_]) -> str:
        at = int(row[len(told) :] @ (1 << np.arange(3)))
        return reason(row[: len(told)], told, order[at - 1] if at else None)

    columns: dict[str, Column] = {name: categories(one, order) for name, one in ranks.items()}
    for key in plan.unchecked:
        columns[f"{Rule.CLEAR_OF}:{key}"] = categories(_unchecked(facts, key, plan), order)
    names = ("confidence", "flip_distance", "zone_margin", "corridor_distance")
    columns |= dict(zip(names, numbers, strict=True))
    columns |= {
        "zone": by_key(zones, len(plan.zones), ids_of(tuple(plan.zones))),
        "corridor": by_key(corridors, len(plan.corridors), ids_of(tuple(plan.corridors))),
        "reasons": by_key(reasons, len(told) + 3, why),
        "unchecked": Coded.always(SEPARATOR.join(plan.unchecked), facts.rows),
        "issues": Coded.always("", facts.rows),
    }
    in_order = (*rules, *(f"{Rule.CLEAR_OF}:{key}" for key in plan.constraints))
    names_ = (*VERDICT_COLUMNS, *in_order, *VERDICT_TAIL)
    return Columns({name: columns[name] for name in names_}, facts.rows)


def _unchecked(facts: Columns, key: str, plan: PlanDefinition) -> NDArray[np.int8]:
    """Ranks of a constraint that is named but not counted: its P is asked by nobody."""
    one = plan.constraints[key]
    margin = clear_margin(facts, key, one)
    met = np.where(margin > EDGE, plan.policy.rank(Outcome.PASS), unmet_of(one, plan))
    return np.where(np.isnan(margin), plan.policy.rank(Outcome.UNKNOWN), met).astype(np.int8)
