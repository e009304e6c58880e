"""Facts + policy -> outcomes: what each rule answers, and how sure the answer is.

Each rule is a margin against an error. With the axis error σ = √((M_layer² + M_project²)/2)
of an edge, the answer stays the same with P = Φ(|margin| / σ); below the policy's threshold
the rule is open, and needs review where its other answer would change the project's.
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
from gisplan.terms import (
    NO_PLACE,
    OUTCOMES,
    SEPARATOR,
    VERDICT_COLUMNS,
    VERDICT_TAIL,
    Outcome,
    Rule,
    Shape,
)

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


@dataclass(frozen=True)
class Assessment:
    """All answers, before they are gathered into one verdict per project."""

    answers: tuple[Answer, ...]
    outcomes: dict[str, Ranks]
    doubtful: dict[str, Bools]
    membership: Membership
    located: Bools


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


def judge(facts: pd.DataFrame, definition: PlanDefinition) -> pd.DataFrame:
    """Turn facts into verdicts.

    Parameters
    ----------
    facts
        What `measure` returns.
    definition
        The plan: policy, industries, widths and accuracies.

    Returns
    -------
    DataFrame
        Index of *facts*; columns ``outcome``, ``nominal`` (categories of
        `gisplan.terms.OUTCOMES`), ``confidence`` (P that the outcome stays; NaN where
        nothing could be measured), ``flip_distance`` (m: the smallest shift across one edge
        that changes the nominal outcome; NaN where no single edge does), ``zone`` (ids
        joined by ``|``), ``zone_margin`` (m, inside > 0), ``corridor``,
        ``corridor_distance`` (m), one column per rule, ``reasons``, ``unchecked``,
        ``issues``.
    """
    assessment = assess(facts, definition)
    order = definition.policy.cascade
    outcome = _worst([assessment.outcomes[a.rule] for a in assessment.answers if a.counts])
    nominal = _worst([a.nominal for a in assessment.answers if a.counts])
    confidence, flip = _how_sure(assessment, nominal, outcome, definition)
    columns: dict[str, object] = {
        "outcome": _category(outcome, order),
        "nominal": _category(nominal, order),
        "confidence": confidence,
        "flip_distance": flip,
        **_places(facts, assessment, definition),
    }
    by_rule = rule_columns(assessment, definition)
    columns |= {rule: _category(ranks, order) for rule, ranks in by_rule.items()}
    columns["reasons"] = _reasons(by_rule, outcome, assessment, definition)
    columns["unchecked"] = SEPARATOR.join(definition.unchecked)
    columns["issues"] = ""
    frame = pd.DataFrame(columns, index=facts.index)
    text = ("zone", "corridor", *VERDICT_TAIL)
    order_of_columns = [*VERDICT_COLUMNS, *by_rule, *VERDICT_TAIL]
    return frame.astype(dict.fromkeys(text, "str"))[order_of_columns]


def assess(facts: pd.DataFrame, definition: PlanDefinition) -> Assessment:
    """Answer every rule, and find which answers are open."""
    located = (facts["shape"] != Shape.NONE.value).to_numpy()
    membership = _membership(facts, definition)
    answers = (
        _study_area(facts, definition),
        _location(membership, definition, located),
        _industry(facts, membership, definition, located),
        *(_clear(facts, key, one, definition) for key, one in definition.constraints.items()),
    )
    doubtful = _doubtful(answers, definition)
    review = np.int8(definition.policy.rank(Outcome.REVIEW))
    outcomes = {
        a.rule: np.where(doubtful[a.rule], review, a.nominal).astype(np.int8) for a in answers
    }
    return Assessment(answers, outcomes, doubtful, membership, located)


def _doubtful(answers: Sequence[Answer], definition: PlanDefinition) -> dict[str, Bools]:
    """Where each rule is open and its doubt matters: the outcome could go either way."""
    doubt = [
        a.counts & _harmful(a, definition) & (a.same < definition.policy.threshold) for a in answers
    ]
    counting = [(a, d) for a, d in zip(answers, doubt, strict=True) if a.counts]
    best = _worst([np.where(d, np.maximum(a.nominal, a.flipped), a.nominal) for a, d in counting])
    worst = _worst([np.where(d, np.minimum(a.nominal, a.flipped), a.nominal) for a, d in counting])
    matters = best != worst
    return {
        a.rule: d & matters & (np.minimum(a.nominal, a.flipped) < best)
        for a, d in zip(answers, doubt, strict=True)
    }


def _harmful(answer: Answer, definition: PlanDefinition) -> Bools:
    """Where the other answer is a different one: pass and not applicable are alike."""
    fine = definition.policy.rank(Outcome.PASS), definition.policy.rank(Outcome.NOT_APPLICABLE)
    alike = np.isin(answer.nominal, fine) & np.isin(answer.flipped, fine)
    return (answer.nominal != answer.flipped) & ~alike


def _study_area(facts: pd.DataFrame, plan: PlanDefinition) -> Answer:
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


def _membership(facts: pd.DataFrame, plan: PlanDefinition) -> Membership:
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


def _location(of: Membership, plan: PlanDefinition, located: Bools) -> Answer:
    """Answer whether a project is in a zone or near a corridor: one condition, two facts.

    P(met) is that of the surest area, a lower bound of the P of their union.
    """
    policy = plan.policy
    met = of.nominal.any(axis=1)
    p_met = _row_max(of.inside)
    same = np.where(met, p_met, 1 - p_met)
    good, bad, unknown = (
        policy.rank(o) for o in (Outcome.PASS, policy.unmet.location, Outcome.UNKNOWN)
    )
    # A layer without data could hold the project: only a met condition is known without it.
    bad_rows = np.where(of.missing.any(axis=1), unknown, bad)
    nominal = np.where(~located, unknown, np.where(met, good, bad_rows))
    flipped = np.where(nominal == unknown, unknown, np.where(met, bad_rows, good))
    return Answer(
        LOCATION, nominal.astype(np.int8), flipped.astype(np.int8), same, _row_max(of.margin)
    )


def _industry(facts: pd.DataFrame, of: Membership, plan: PlanDefinition, located: Bools) -> Answer:
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
    p_fit = _row_max(np.where(fits, of.inside, np.nan))
    margin = _row_max(np.where(fits, of.margin, np.nan))
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


def _clear(facts: pd.DataFrame, key: str, one: Constraint, plan: PlanDefinition) -> Answer:
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


def _how_sure(
    assessment: Assessment, nominal: Ranks, outcome: Ranks, plan: PlanDefinition
) -> tuple[Floats, Floats]:
    """P(same) and flip distance of the project: those of its least sure deciding rule."""
    answers = [a for a in assessment.answers if a.counts]
    open_ = np.stack([assessment.doubtful[a.rule] for a in answers])
    decisive = np.stack([_decides(a, answers, nominal, plan) for a in answers])
    same = np.stack([a.same for a in answers])
    distance = np.stack([np.abs(a.margin) for a in answers])
    standing = np.stack([(a.nominal == nominal) & _harmful(a, plan) for a in answers])

    def among(rules: Bools) -> Floats:
        return np.where(rules, same, np.nan)

    # The least sure rule that alone would change the answer, open ones first. Where no rule
    # alone would, several have to fall together, and the surest of them holds the answer.
    # Where no rule could change it at all, it is certain.
    confidence = np.ones(len(nominal))
    for p in (
        _column_max(among(standing)),
        _column_min(among(decisive)),
        _column_max(among(open_)),
        _column_min(among(decisive & open_)),
    ):
        confidence = np.where(np.isnan(p), confidence, p)
    flip = _column_min(np.where(decisive, distance, np.nan))
    unknown = (outcome == plan.policy.rank(Outcome.UNKNOWN)) | ~assessment.located
    return np.where(unknown, np.nan, confidence), np.where(unknown, np.nan, flip)


def _decides(
    answer: Answer, answers: Sequence[Answer], nominal: Ranks, plan: PlanDefinition
) -> Bools:
    """Where this rule's other answer alone would change the project's nominal outcome."""
    others = [a.nominal for a in answers if a is not answer]
    changed = _worst([*others, answer.flipped])
    fine = plan.policy.rank(Outcome.PASS), plan.policy.rank(Outcome.NOT_APPLICABLE)
    alike = np.isin(changed, fine) & np.isin(nominal, fine)
    return (changed != nominal) & ~alike & _harmful(answer, plan)


def rule_columns(assessment: Assessment, plan: PlanDefinition) -> dict[str, Ranks]:
    """Outcome ranks per rule, with the location condition told as its two facts."""
    columns: dict[str, Ranks] = {}
    for answer in assessment.answers:
        if answer.rule != LOCATION:
            columns[answer.rule] = assessment.outcomes[answer.rule]
            continue
        zones = assessment.membership.zones
        columns[Rule.IN_ZONE] = _fact(assessment, plan, slice(0, zones))
        columns[Rule.NEAR_CORRIDOR] = _fact(assessment, plan, slice(zones, None))
    return columns


def _fact(assessment: Assessment, plan: PlanDefinition, which: slice) -> Ranks:
    """Answer one half of the location condition.

    Not met, it does not apply where the other half meets the condition; where the
    condition as a whole is unmet, open or unknown, the halves that make it so say so.
    """
    policy, of = plan.policy, assessment.membership
    passed, none, review, unknown = (
        policy.rank(o)
        for o in (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.REVIEW, Outcome.UNKNOWN)
    )
    whole = assessment.outcomes[LOCATION]
    met = of.nominal[:, which].any(axis=1)
    p_met = np.nan_to_num(_row_max(of.inside[:, which]), nan=0.0)
    missing = of.missing[:, which].any(axis=1)
    sure = met & (p_met >= policy.threshold)
    either = of.nominal.any(axis=1)
    # The half to blame for an open condition: a met one, or an unmet one that may be met.
    to_review = np.where(either, met, p_met > 1 - policy.threshold)
    answer = np.where(sure, passed, none)
    open_here = (whole == review) & assessment.doubtful[LOCATION]
    settled = (whole == passed) & ~open_here
    unmet = ~settled & ~open_here & (whole != unknown)
    # A sure half elsewhere settles the condition, so a doubtful half no longer decides.
    elsewhere = _row_max(of.inside) >= policy.threshold
    answer = np.where(settled & met & ~elsewhere, passed, answer)
    answer = np.where(open_here & to_review, review, answer)
    answer = np.where(unmet, whole, answer)
    answer = np.where((whole == unknown) & missing, unknown, answer)
    empty = (len(of.ids[which]) == 0) & assessment.located
    return np.where(empty, none, answer).astype(np.int8)


def _places(facts: pd.DataFrame, assessment: Assessment, plan: PlanDefinition) -> dict[str, object]:
    of = assessment.membership
    margins = of.margin[:, : of.zones]
    distances = [facts[f"distance:{key}"].to_numpy() for key in plan.corridors]
    distance = np.column_stack(distances) if distances else np.empty((len(facts), 0))
    nearest = -_row_max(-distance)
    return {
        "zone": _joined(np.greater_equal(margins, 0), tuple(plan.zones)),
        "zone_margin": _row_max(margins),
        "corridor": _joined(distance <= nearest[:, None] + EDGE, tuple(plan.corridors)),
        "corridor_distance": nearest,
    }


def _reasons(
    by_rule: dict[str, Ranks], outcome: Ranks, assessment: Assessment, plan: PlanDefinition
) -> list[str]:
    """Name the rules that decide: ``rule=outcome`` joined by ``|``, as codes."""
    order = plan.policy.cascade
    silent = {f"{Rule.CLEAR_OF}:{key}" for key in plan.unchecked}
    deciding = {rule: ranks == outcome for rule, ranks in by_rule.items() if rule not in silent}
    return [
        SEPARATOR.join(f"{rule}={order[rank]}" for rule, rows in deciding.items() if rows[row])
        if assessment.located[row]
        else NO_PLACE
        for row, rank in enumerate(outcome)
    ]


def _joined(member: Bools, ids: tuple[str, ...]) -> list[str | float]:
    names = np.array(ids, dtype=object)
    return [SEPARATOR.join(names[row]) if row.any() else np.nan for row in member]


def _category(ranks: Ranks, order: Sequence[Outcome]) -> pd.Categorical:
    """Outcomes as categories that do not depend on the rows at hand."""
    position = np.array([OUTCOMES.index(outcome.value) for outcome in order])
    dtype = pd.CategoricalDtype(list(OUTCOMES), ordered=True)
    return pd.Categorical.from_codes(position[ranks], dtype=dtype)


def _worst(ranks: Sequence[Ranks]) -> Ranks:
    return np.minimum.reduce(list(ranks)).astype(np.int8)


def _row_max(values: Floats) -> Floats:
    """Largest number of each row, NaN where there is none (without numpy's warning)."""
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    best = np.where(np.isnan(values), -np.inf, values).max(axis=1)
    return np.where(np.isneginf(best), np.nan, best)


def _column_max(values: Floats) -> Floats:
    return _row_max(values.T)


def _column_min(values: Floats) -> Floats:
    return -_row_max(-values.T)
