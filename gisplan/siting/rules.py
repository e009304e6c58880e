"""What each rule answers, at face value and if its deciding edge lay elsewhere.

Each rule is a margin against an error. With the axis error σ = √((M_layer² + M_project²)/2)
of an edge, the answer stays the same with P = Φ(|margin| / σ).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded, Columns
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


def is_fine(ranks: Ranks, definition: PlanDefinition) -> Bools:
    """Where a rank is that of pass or not applicable, which mean the same for a project."""
    policy = definition.policy
    fine = ranks == policy.rank(Outcome.PASS)
    return np.asarray(fine | (ranks == policy.rank(Outcome.NOT_APPLICABLE)), dtype=bool)


def differs(answer: Answer, definition: PlanDefinition) -> Bools:
    """Where the other answer is a different one: pass and not applicable are alike."""
    alike = is_fine(answer.nominal, definition) & is_fine(answer.flipped, definition)
    return (answer.nominal != answer.flipped) & ~alike


def in_study_area(facts: Columns, plan: PlanDefinition) -> Answer:
    """Answer whether a project lies in the study area."""
    margin = facts.array("margin:study_area")
    sigma = axis_error(plan.study_area.error, facts.array("accuracy"))
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


def membership(facts: Columns, plan: PlanDefinition) -> Membership:
    """Find how far inside or outside each zone and corridor a project is, and how surely."""
    accuracy = facts.array("accuracy")
    margins = [facts.array(f"margin:{key}") for key in plan.zones]
    margins += [one.within - facts.array(f"distance:{key}") for key, one in plan.corridors.items()]
    margins = [np.where(np.abs(margin) <= EDGE, 0.0, margin) for margin in margins]
    inside = [
        probability(margin, axis_error(layer.error, accuracy))
        for margin, layer in zip(margins, plan.oriented, strict=True)
    ]
    ids = (*plan.zones, *plan.corridors)
    # One area after another in memory: rows are many, and most questions go over the areas.
    return Membership(ids, len(plan.zones), np.stack(margins).T, np.stack(inside).T)


def place(
    facts: Columns, of: Membership, plan: PlanDefinition, located: Bools
) -> tuple[Answer, Answer]:
    """Answer location and industry fit, which hang on the same edges.

    Moving one edge moves both, so the other answer of each is that of the pair in the world
    where the edge lies elsewhere; where the pair stays what it was there is nothing to doubt.
    """
    codes = facts.coded("industry_codes")
    want, silent = wanted(codes, plan), codes.codes < 0
    unknown = plan.policy.rank(Outcome.UNKNOWN)

    def ask(member: Bools) -> tuple[Ranks, Ranks]:
        ranks = met_and_fit(member, of, plan, want, silent)
        where, what = (np.where(located, one, unknown).astype(np.int8) for one in ranks)
        return where, what

    nominal = ask(of.nominal)
    pair = worst_of(nominal)
    fine = is_fine(pair, plan)
    likeliest = [np.full(len(pair), -1.0)] * 2
    # P that an answer stays: that nothing is left which would change it, nor anything entered.
    stays = [{True: np.ones(len(pair)), False: np.ones(len(pair))} for _ in nominal]
    flipped, margin = [one.copy() for one in nominal], [np.full(len(pair), np.nan)] * 2
    for member, chance, shift, entered in elsewhere(of, want):
        ranks = ask(member)
        other = worst_of(ranks)
        changed = (other != pair) & ~(is_fine(other, plan) & fine)
        for at in (0, 1):
            moved = changed & (ranks[at] != nominal[at])
            nearer = (chance == likeliest[at]) & (shift < margin[at])
            likelier = moved & ((chance > likeliest[at]) | nearer)
            likeliest[at] = np.where(likelier, chance, likeliest[at])
            flipped[at] = np.where(likelier, other, flipped[at])
            margin[at] = np.where(moved, np.fmin(margin[at], shift), margin[at])
            stays[at][entered] = np.where(
                moved, np.fmin(stays[at][entered], 1 - chance), stays[at][entered]
            )
    where, what = (
        Answer(rule, nominal[at], flipped[at], stays[at][True] * stays[at][False], margin[at])
        for at, rule in enumerate((LOCATION, Rule.INDUSTRY_FIT))
    )
    return where, what


def elsewhere(of: Membership, want: Wanted) -> Iterator[tuple[Bools, Floats, Floats, bool]]:
    """Yield other memberships, their P, the shift they take, and whether they enter an area.

    What is met depends only on whether any area holds the project, any that says what it
    wants, any that wants this; so it is enough to leave each such group or to enter it.
    Leaving all of a group is as likely as leaving the surest of it, since one error of the
    project can do it; entering any is as likely as not staying out of each of them.
    """
    own = of.nominal
    everything = np.ones_like(own)
    for group in (everything, want.fits, want.may, want.stated):
        lost = own & group
        chance = 1 - row_max(np.where(lost, of.inside, np.nan))
        yield own & ~group, chance, row_max(np.where(lost, of.margin, np.nan)), False
    apart = want.fits, want.may, want.stated & ~want.fits & ~want.may, ~want.stated
    for group in apart:
        near = ~own & ~of.missing & group
        chance = 1 - row_product(np.where(near, 1 - of.inside, 1.0))
        # Any area of the group stands for all of it: the answer is the same.
        entered = own | (near & (np.cumsum(near, axis=1) == 1))
        shift = -row_max(np.where(near, of.margin, np.nan))
        yield entered, np.where(near.any(axis=1), chance, np.nan), shift, True


def met_and_fit(
    member: Bools, of: Membership, plan: PlanDefinition, want: Wanted, silent: Bools
) -> tuple[Ranks, Ranks]:
    """Ranks of location and industry fit where a project is inside or near these areas."""
    where, what = _met(member, of, plan), _fit(member, of, plan, want, silent)
    return where.astype(np.int8), what.astype(np.int8)


def _met(member: Bools, of: Membership, plan: PlanDefinition) -> Ranks:
    """Rank of being in a zone or near a corridor: one condition, two facts."""
    policy = plan.policy
    good, bad, unknown = (
        policy.rank(o) for o in (Outcome.PASS, policy.unmet.location, Outcome.UNKNOWN)
    )
    # A layer without data could hold the project: only a met condition is known without it.
    unmet = np.where(of.missing.any(axis=1), unknown, bad)
    return np.where(member.any(axis=1), good, unmet)


def _fit(member: Bools, of: Membership, plan: PlanDefinition, want: Wanted, silent: Bools) -> Ranks:
    """Rank of the industry among those of the areas that a project is in or near."""
    policy, fits, stated = plan.policy, want.fits, want.stated
    good, bad, unknown, none = (
        policy.rank(o)
        for o in (Outcome.PASS, policy.unmet.industry_fit, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE)
    )
    # An area without data that would fit leaves the mismatch unproven; one that would not
    # leaves it open whether there is anything to compare with.
    mismatch = np.where(want.public, none, bad)
    mismatch = np.where(((fits | want.may) & of.missing).any(axis=1), unknown, mismatch)
    alone = (stated & ~fits & of.missing).any(axis=1) & ~want.public
    compared = (member & stated).any(axis=1)
    ranks = np.where(compared, mismatch, np.where(alone, unknown, none))
    # Too coarse a code proves neither: J may be the J66 that is wanted.
    coarse = (member & want.may).any(axis=1) | (compared & want.may_be_public)
    ranks = np.where(coarse, policy.rank(policy.industry_missing), ranks)
    ranks = np.where((member & fits).any(axis=1), good, ranks)
    asked = silent & (compared | of.missing.any(axis=1))
    return np.where(asked, policy.rank(policy.industry_missing), ranks)


@dataclass(frozen=True)
class Wanted:
    """How the industry of each project stands to what is wanted of it.

    Per project and area: ``fits`` it is wanted there; ``may`` its code is too coarse to tell;
    ``stated`` the area says what it wants. Per project: ``public`` it is a public service or
    infrastructure; ``may_be_public`` its code is too coarse to tell.
    """

    fits: Bools
    may: Bools
    stated: Bools
    public: Bools
    may_be_public: Bools


def wanted(codes: Coded | Iterable[str | None], plan: PlanDefinition) -> Wanted:
    """Compare the codes of each project with what each area wants."""
    layers, services = plan.oriented, plan.policy.public_services
    codes = codes if isinstance(codes, Coded) else Coded.of(codes)
    # What has no code is the last of the list, which is where -1 leads.
    which, unique = codes.codes, (*codes.categories, "")
    fits, may = (np.zeros((len(unique), len(layers)), dtype=bool) for _ in range(2))
    public, may_be_public = (np.zeros(len(unique), dtype=bool) for _ in range(2))
    for row, joined in enumerate(unique):
        own = tuple(filter(None, joined.split(SEPARATOR)))
        fits[row] = [_matches(own, layer.industries) for layer in layers]
        may[row] = [_coarser(own, layer.industries) for layer in layers]
        public[row] = bool(own) and all(_matches([c], services) for c in own)
        may_be_public[row] = bool(own) and all(
            _matches([c], services) or _coarser([c], services) for c in own
        )
    stated = np.array([bool(layer.industries) for layer in layers], dtype=bool)
    return Wanted(
        fits.T[:, which].T,
        (may & ~fits).T[:, which].T,
        np.broadcast_to(stated, (len(which), len(layers))),
        public[which],
        (may_be_public & ~public)[which],
    )


def _matches(own: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(code.startswith(prefix) for code in own for prefix in wanted)


def _coarser(own: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(prefix.startswith(code) for code in own for prefix in wanted)


def clear_margin(facts: Columns, key: str, one: Constraint) -> Floats:
    """Margin to a constraint and its setback; NaN where it says nothing."""
    margin = facts.array(f"margin:{key}")
    if one.coverage is None:
        return margin
    # Outside its coverage a layer says nothing, unless it already says that it is hit.
    silent = (facts.array(f"covered:{key}") != 1.0) & ~(margin <= EDGE)
    return np.where(silent, np.nan, margin)


def unmet_of(one: Constraint, plan: PlanDefinition) -> int:
    """Rank of a constraint that is not kept clear of."""
    unmet = plan.policy.unmet
    return plan.policy.rank(unmet.prohibit if one.effect == "prohibit" else unmet.review)


def clear_of(facts: Columns, key: str, one: Constraint, plan: PlanDefinition) -> Answer:
    """Answer whether a project keeps clear of a constraint and its setback."""
    margin = clear_margin(facts, key, one)
    sigma = axis_error(one.error, facts.array("accuracy"))
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
    best = np.fmax.reduce(values, axis=1)
    return np.where(np.isneginf(best), np.nan, best)


def row_product(values: Floats) -> Floats:
    """Product of each row, its factors in order: the same bits however many rows there are."""
    product = np.ones(len(values))
    for column in values.T:
        product *= column
    return product


def column_max(values: Floats) -> Floats:
    """Largest number of each column, NaN where there is none."""
    return row_max(values.T)


def column_min(values: Floats) -> Floats:
    """Smallest number of each column, NaN where there is none."""
    return -row_max(-values.T)
