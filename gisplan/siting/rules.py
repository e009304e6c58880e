"""What each rule answers, at face value and if its deciding edge lay elsewhere.

Each rule is a margin against an error. With the axis error σ = √((M_layer² + M_project²)/2)
of an edge, the answer stays the same with P = Φ(|margin| / σ).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.definition import Constraint, PlanDefinition
from gisplan.siting.measure import EDGE
from gisplan.terms import SEPARATOR, Outcome, Rule

Floats = NDArray[np.float64]
Ranks = NDArray[np.int8]
Bools = NDArray[np.bool_]


LOCATION = "location"
"""The condition of which ``in_zone`` and ``near_corridor`` are the two facts."""


@dataclass(frozen=True)
class Answer:
    """One rule's answer for every project, as arrays of the same length.

    ``nominal`` and ``flipped`` are ranks in the cascade (0 = worst): the answer if all
    geometry were exact, and the answer if the deciding edge lay on the other side.
    ``same`` is P(the answer stays), ``margin`` the signed metres to the deciding edge
    (> 0 where the rule is met), ``counts`` whether the rule enters the cascade at all.
    """

    rule: str
    nominal: Ranks
    flipped: Ranks
    same: Floats
    margin: Floats
    counts: bool = True


@dataclass(frozen=True)
class Membership:
    """Signed margin and P(inside) of each project for each zone and corridor (columns)."""

    ids: tuple[str, ...]
    zones: int
    margin: Floats
    inside: Floats

    @property
    def nominal(self) -> Bools:
        """Where the project is inside a zone or near a corridor, taken at face value."""
        return np.greater_equal(self.margin, 0)

    @property
    def missing(self) -> Bools:
        """Where the membership cannot be told: the layer has no data, or no place."""
        return np.isnan(self.margin)


def phi(z: Floats) -> Floats:
    """Standard normal distribution function; exact to double precision (``math.erfc``)."""
    erfc = np.frompyfunc(math.erfc, 1, 1)
    return np.asarray(0.5 * erfc(-np.asarray(z, dtype=float) / math.sqrt(2)), dtype=float)


def axis_error(layer_accuracy: float | Floats, project_accuracy: Floats) -> Floats:
    """Error σ across an edge, in metres, of two independent point errors M.

    M² = σx² + σy², so one axis has M/√2 (误差传播律); the two sources add in squares.
    """
    return np.sqrt((layer_accuracy**2 + project_accuracy**2) / 2)


def probability(margin: Floats, sigma: Floats) -> Floats:
    """P(met) of a signed margin in metres; with σ = 0 a margin of zero counts as met."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(sigma > 0, margin / sigma, np.where(margin >= 0, np.inf, -np.inf))
    return np.where(np.isnan(margin), np.nan, phi(np.where(np.isnan(z), 0.0, z)))


def differs(answer: Answer, definition: PlanDefinition) -> Bools:
    """Where the other answer is a different one: pass and not applicable are alike."""
    fine = definition.policy.rank(Outcome.PASS), definition.policy.rank(Outcome.NOT_APPLICABLE)
    alike = np.isin(answer.nominal, fine) & np.isin(answer.flipped, fine)
    return (answer.nominal != answer.flipped) & ~alike


def in_study_area(facts: pd.DataFrame, plan: PlanDefinition) -> Answer:
    """Answer whether a project lies in the study area."""
    margin = facts["margin:study_area"].to_numpy()
    sigma = axis_error(plan.study_area.error, facts["accuracy"].to_numpy())
    return _two_sided(Rule.IN_STUDY_AREA, margin, sigma, plan.policy.unmet.in_study_area, plan)


def _two_sided(
    rule: str, margin: Floats, sigma: Floats, unmet: Outcome, plan: PlanDefinition,
    *, strict: bool = False, counts: bool = True,
) -> Answer:  # fmt: skip
    """Answer a rule that is met where the margin is positive (or zero, unless *strict*)."""
    met = margin > EDGE if strict else margin >= 0
    p_met = probability(margin, sigma)
    good, bad = plan.policy.rank(Outcome.PASS), plan.policy.rank(unmet)
    unknown = np.isnan(margin)
    nominal = np.where(unknown, plan.policy.rank(Outcome.UNKNOWN), np.where(met, good, bad))
    flipped = np.where(unknown, nominal, np.where(met, bad, good))
    same = np.where(met, p_met, 1 - p_met)
    return Answer(rule, nominal.astype(np.int8), flipped.astype(np.int8), same, margin, counts)


def membership(facts: pd.DataFrame, plan: PlanDefinition) -> Membership:
    """Find how far inside or outside each zone and corridor a project is, and how surely."""
    accuracy = facts["accuracy"].to_numpy()
    margins = [facts[f"margin:{key}"].to_numpy() for key in plan.zones]
    margins += [
        one.within - facts[f"distance:{key}"].to_numpy() for key, one in plan.corridors.items()
    ]
    inside = [
        probability(margin, axis_error(layer.error, accuracy))
        for margin, layer in zip(margins, plan.oriented, strict=True)
    ]
    ids = (*plan.zones, *plan.corridors)
    return Membership(ids, len(plan.zones), np.column_stack(margins), np.column_stack(inside))


def location(of: Membership, plan: PlanDefinition, located: Bools) -> Answer:
    """Answer whether a project is in a zone or near a corridor: one condition, two facts.

    P(met) is that of the surest area, a lower bound of the P of their union.
    """
    policy = plan.policy
    met = of.nominal.any(axis=1)
    p_met = row_max(of.inside)
    same = np.where(met, p_met, 1 - p_met)
    good, bad, unknown = (
        policy.rank(o) for o in (Outcome.PASS, policy.unmet.location, Outcome.UNKNOWN)
    )
    # A layer without data could hold the project: only a met condition is known without it.
    bad_rows = np.where(of.missing.any(axis=1), unknown, bad)
    nominal = np.where(~located, unknown, np.where(met, good, bad_rows))
    flipped = np.where(nominal == unknown, unknown, np.where(met, bad_rows, good))
    return Answer(
        LOCATION, nominal.astype(np.int8), flipped.astype(np.int8), same, row_max(of.margin)
    )


def industry_fit(
    facts: pd.DataFrame, of: Membership, plan: PlanDefinition, located: Bools
) -> Answer:
    """Compare a project's industry with those of the areas it is in or near."""
    policy = plan.policy
    fits, stated, public = _fits(facts["industry_codes"], plan)
    good, bad, unknown, none = (
        policy.rank(o)
        for o in (Outcome.PASS, policy.unmet.industry_fit, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE)
    )
    mismatch = np.where(public, none, bad)
    # An area without data that would fit leaves the mismatch unproven.
    mismatch = np.where((fits & of.missing).any(axis=1), unknown, mismatch)
    compared = (of.nominal & stated).any(axis=1)
    fit = (of.nominal & fits).any(axis=1)
    p_fit = row_max(np.where(fits, of.inside, np.nan))
    margin = row_max(np.where(fits, of.margin, np.nan))
    nominal = np.where(fit, good, np.where(compared, mismatch, none))
    flipped = np.where(fit, mismatch, np.where(compared & ~np.isnan(p_fit), good, nominal))
    same = np.where(np.isnan(p_fit), 1.0, np.where(fit, p_fit, 1 - p_fit))
    nothing_said = facts["industry_codes"].isna().to_numpy() & (compared | of.missing.any(axis=1))
    nominal = np.where(nothing_said, policy.rank(policy.industry_missing), nominal)
    flipped = np.where(nothing_said, nominal, flipped)
    nominal, flipped = (np.where(located, ranks, unknown) for ranks in (nominal, flipped))
    return Answer(Rule.INDUSTRY_FIT, nominal.astype(np.int8), flipped.astype(np.int8), same, margin)


def _fits(codes: pd.Series, plan: PlanDefinition) -> tuple[Bools, Bools, Bools]:
    """Tell what is wanted where, and what is public.

    Per project and area: its industry is wanted there; the area says what it wants. Per
    project: it is a public service or infrastructure.
    """
    layers = plan.oriented
    stated = np.array([bool(layer.industries) for layer in layers])
    which, unique = pd.factorize(codes.fillna(""))
    fits = np.zeros((len(unique), len(layers)), dtype=bool)
    public = np.zeros(len(unique), dtype=bool)
    for row, joined in enumerate(unique):
        own = tuple(filter(None, joined.split(SEPARATOR)))
        fits[row] = [_matches(own, layer.industries) for layer in layers]
        public[row] = _matches(own, plan.policy.public_services)
    if not len(unique):
        return np.zeros((0, len(layers)), bool), np.broadcast_to(stated, (0, len(layers))), public
    return fits[which], np.broadcast_to(stated, (len(codes), len(layers))), public[which]


def _matches(own: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(code.startswith(prefix) for code in own for prefix in wanted)


def clear_of(facts: pd.DataFrame, key: str, one: Constraint, plan: PlanDefinition) -> Answer:
    """Answer whether a project keeps clear of a constraint and its setback."""
    margin = facts[f"margin:{key}"].to_numpy()
    if one.coverage is not None:
        # Outside its coverage a layer says nothing, unless it already says that it is hit.
        silent = (facts[f"covered:{key}"].to_numpy() != 1.0) & ~(margin <= EDGE)
        margin = np.where(silent, np.nan, margin)
    sigma = axis_error(one.error, facts["accuracy"].to_numpy())
    unmet = plan.policy.unmet.prohibit if one.effect == "prohibit" else plan.policy.unmet.review
    counts = key not in plan.unchecked
    return _two_sided(
        f"{Rule.CLEAR_OF}:{key}", margin, sigma, unmet, plan, strict=True, counts=counts
    )


def worst_of(ranks: Sequence[Ranks]) -> Ranks:
    """Return the worst rank of each row: the smallest."""
    return np.minimum.reduce(list(ranks)).astype(np.int8)


def row_max(values: Floats) -> Floats:
    """Largest number of each row, NaN where there is none (without numpy's warning)."""
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    best = np.where(np.isnan(values), -np.inf, values).max(axis=1)
    return np.where(np.isneginf(best), np.nan, best)


def column_max(values: Floats) -> Floats:
    """Largest number of each column, NaN where there is none."""
    return row_max(values.T)


def column_min(values: Floats) -> Floats:
    """Smallest number of each column, NaN where there is none."""
    return -row_max(-values.T)
