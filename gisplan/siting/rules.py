"""What each rule answers, at face value and if its deciding edge lay elsewhere.

Each rule is a margin against an error. With the axis error σ = √((M_layer² + M_project²)/2)
of an edge, the answer stays the same with P = Φ(|margin| / σ).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.definition import Constraint, PlanDefinition
from gisplan.siting.measure import EDGE
from gisplan.terms import SEPARATOR, Outcome, Rule
from gisplan.uncertainty import axis_error, probability

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
    same = np.where((sigma == 0) & ~unknown, 1.0, same)
    return Answer(rule, nominal.astype(np.int8), flipped.astype(np.int8), same, margin, counts)


def membership(facts: pd.DataFrame, plan: PlanDefinition) -> Membership:
    """Find how far inside or outside each zone and corridor a project is, and how surely."""
    accuracy = facts["accuracy"].to_numpy()
    margins = [facts[f"margin:{key}"].to_numpy() for key in plan.zones]
    margins += [
        one.within - facts[f"distance:{key}"].to_numpy() for key, one in plan.corridors.items()
    ]
    margins = [np.where(np.abs(margin) <= EDGE, 0.0, margin) for margin in margins]
    inside = [
        probability(margin, axis_error(layer.error, accuracy))
        for margin, layer in zip(margins, plan.oriented, strict=True)
    ]
    ids = (*plan.zones, *plan.corridors)
    return Membership(ids, len(plan.zones), np.column_stack(margins), np.column_stack(inside))


def place(
    facts: pd.DataFrame, of: Membership, plan: PlanDefinition, located: Bools
) -> tuple[Answer, Answer]:
    """Answer location and industry fit, which hang on the same edges.

    Moving one edge moves both, so the other answer of each is that of the pair in the world
    where the edge lies elsewhere; where the pair stays what it was there is nothing to doubt.
    """
    fits, stated, public = matches(facts["industry_codes"], plan)
    silent = facts["industry_codes"].isna().to_numpy()
    unknown = plan.policy.rank(Outcome.UNKNOWN)
    fine = plan.policy.rank(Outcome.PASS), plan.policy.rank(Outcome.NOT_APPLICABLE)

    def ask(member: Bools) -> tuple[Ranks, Ranks]:
        ranks = _met(member, of, plan), _fit(member, of, plan, fits, stated, public, silent)
        where, what = (np.where(located, one, unknown).astype(np.int8) for one in ranks)
        return where, what

    nominal = ask(of.nominal)
    pair = worst_of(nominal)
    odds = [np.full(len(pair), -1.0)] * 2
    flipped, margin = [one.copy() for one in nominal], [np.full(len(pair), np.nan)] * 2
    for member, chance, shift in _elsewhere(of, fits, stated):
        ranks = ask(member)
        other = worst_of(ranks)
        changed = (other != pair) & ~(np.isin(other, fine) & np.isin(pair, fine))
        for at in (0, 1):
            moved = changed & (ranks[at] != nominal[at])
            nearer = (chance == odds[at]) & (shift < margin[at])
            likelier = moved & ((chance > odds[at]) | nearer)
            odds[at] = np.where(likelier, chance, odds[at])
            flipped[at] = np.where(likelier, other, flipped[at])
            margin[at] = np.where(moved, np.fmin(margin[at], shift), margin[at])
    where, what = (
        Answer(rule, nominal[at], flipped[at], 1 - np.maximum(odds[at], 0), margin[at])
        for at, rule in enumerate((LOCATION, Rule.INDUSTRY_FIT))
    )
    return where, what


def _elsewhere(
    of: Membership, fits: Bools, stated: Bools
) -> Iterator[tuple[Bools, Floats, Floats]]:
    """Yield other memberships, with an upper bound of their P and the shift they take.

    Each area entered or left by itself; all areas left at once, or those that fit, or those
    that say what they want: their P is that of leaving the surest.
    """
    own = of.nominal
    for at in range(len(of.ids)):
        other = own.copy()
        other[:, at] = ~own[:, at] & ~of.missing[:, at]
        chance = np.where(own[:, at], 1 - of.inside[:, at], of.inside[:, at])
        yield other, chance, np.abs(of.margin[:, at])
    for left in (np.ones_like(own), fits, stated):
        lost = own & left
        chance = 1 - row_max(np.where(lost, of.inside, np.nan))
        yield own & ~left, chance, row_max(np.where(lost, of.margin, np.nan))


def _met(member: Bools, of: Membership, plan: PlanDefinition) -> Ranks:
    """Rank of being in a zone or near a corridor: one condition, two facts."""
    policy = plan.policy
    good, bad, unknown = (
        policy.rank(o) for o in (Outcome.PASS, policy.unmet.location, Outcome.UNKNOWN)
    )
    # A layer without data could hold the project: only a met condition is known without it.
    unmet = np.where(of.missing.any(axis=1), unknown, bad)
    return np.where(member.any(axis=1), good, unmet)


def _fit(
    member: Bools, of: Membership, plan: PlanDefinition,
    fits: Bools, stated: Bools, public: Bools, silent: Bools,
) -> Ranks:  # fmt: skip
    """Rank of the industry among those of the areas that a project is in or near."""
    policy = plan.policy
    good, bad, unknown, none = (
        policy.rank(o)
        for o in (Outcome.PASS, policy.unmet.industry_fit, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE)
    )
    # An area without data that would fit leaves the mismatch unproven; one that would not
    # leaves it open whether there is anything to compare with.
    mismatch = np.where(public, none, bad)
    mismatch = np.where((fits & of.missing).any(axis=1), unknown, mismatch)
    alone = (stated & ~fits & of.missing).any(axis=1) & ~public
    compared = (member & stated).any(axis=1)
    ranks = np.where(compared, mismatch, np.where(alone, unknown, none))
    ranks = np.where((member & fits).any(axis=1), good, ranks)
    asked = silent & (compared | of.missing.any(axis=1))
    return np.where(asked, policy.rank(policy.industry_missing), ranks)


def matches(codes: pd.Series, plan: PlanDefinition) -> tuple[Bools, Bools, Bools]:
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
        public[row] = bool(own) and all(_matches([c], plan.policy.public_services) for c in own)
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
