"""Rules -> one verdict a project: the cascade, what is in doubt, and how sure the rest is.

A rule whose P(same) is below the policy's threshold is open, and needs review where its other
answer could change the project's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded, Column, Columns, Keys
from gisplan.definition import PlanDefinition
from gisplan.siting.measure import EDGE
from gisplan.siting.rules import (
    LOCATION,
    Answer,
    Bools,
    Floats,
    Membership,
    Ranks,
    clear_of,
    column_max,
    column_min,
    differs,
    in_study_area,
    is_fine,
    membership,
    place,
    row_max,
    row_product,
    worst_of,
)
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

if TYPE_CHECKING:
    import pandas as pd

_BITS = 62


@dataclass(frozen=True)
class Assessment:
    """All answers, before they are gathered into one verdict per project."""

    answers: tuple[Answer, ...]
    outcomes: dict[str, Ranks]
    doubtful: dict[str, Bools]
    membership: Membership
    located: Bools


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
        `gisplan.terms.OUTCOMES`), ``confidence`` (P that the nominal outcome stays, the
        deciding edges taken as independent; NaN where nothing could be measured),
        ``flip_distance`` (m: the smallest shift across one edge
        that changes the nominal outcome; NaN where no single edge does), ``zone`` (ids
        joined by ``|``), ``zone_margin`` (m, inside > 0), ``corridor``,
        ``corridor_distance`` (m), one column per rule, ``reasons``, ``unchecked``,
        ``issues``.
    """
    return judge_facts(Columns.of(facts), definition).to_frame(facts.index)


def judge_outcomes(facts: Columns, definition: PlanDefinition) -> Columns:
    """Tell outcome, nominal outcome and zone alone, as `judge` does."""
    assessment, order = assess(facts, definition), definition.policy.cascade
    outcome, nominal = _both(assessment)
    return Columns(
        {
            "outcome": categories(outcome, order),
            "nominal": categories(nominal, order),
            "zone": _zones(assessment),
        }
    )


def _both(assessment: Assessment) -> tuple[Ranks, Ranks]:
    """Rank of the outcome and of the nominal outcome."""
    counting = [a for a in assessment.answers if a.counts]
    outcome = worst_of([assessment.outcomes[a.rule] for a in counting])
    return outcome, worst_of([a.nominal for a in counting])


def judge_facts(facts: Columns, definition: PlanDefinition) -> Columns:
    """Turn what `measure_places` returns into verdicts; see `judge`."""
    assessment = assess(facts, definition)
    order = definition.policy.cascade
    outcome, nominal = _both(assessment)
    confidence, flip = _how_sure(assessment, nominal, outcome, definition)
    by_rule = rule_columns(assessment, definition)
    columns: dict[str, Column] = {
        "outcome": categories(outcome, order),
        "nominal": categories(nominal, order),
        "confidence": confidence,
        "flip_distance": flip,
        **_places(facts, assessment, definition),
        **{rule: categories(ranks, order) for rule, ranks in by_rule.items()},
        "reasons": _reasons(by_rule, outcome, assessment, definition),
        "unchecked": Coded.always(SEPARATOR.join(definition.unchecked), facts.rows),
        "issues": Coded.always("", facts.rows),
    }
    order_of_columns = (*VERDICT_COLUMNS, *by_rule, *VERDICT_TAIL)
    return Columns({name: columns[name] for name in order_of_columns}, facts.rows)


def assess(facts: Columns, definition: PlanDefinition) -> Assessment:
    """Answer every rule, and find which answers are open."""
    located = ~facts.coded("shape").reads(Shape.NONE)
    members = membership(facts, definition)
    answers = (
        in_study_area(facts, definition),
        *place(facts, members, definition, located),
        *(clear_of(facts, key, one, definition) for key, one in definition.constraints.items()),
    )
    doubtful = _doubtful(answers, definition)
    review = np.int8(definition.policy.rank(Outcome.REVIEW))
    outcomes = {
        a.rule: np.where(doubtful[a.rule], review, a.nominal).astype(np.int8) for a in answers
    }
    return Assessment(answers, outcomes, doubtful, members, located)


def _doubtful(answers: Sequence[Answer], definition: PlanDefinition) -> dict[str, Bools]:
    """Where each rule is open and its doubt matters: the outcome could go either way."""
    threshold = definition.policy.threshold
    # Rules that are firm one by one may be shaky together; then the least sure is open too.
    shaky, least = _together(answers, definition)
    doubt = [
        a.counts
        & differs(a, definition)
        & ((a.same < threshold) | ((shaky < threshold) & (a.same == least)))
        for a in answers
    ]
    return mattering(answers, doubt)


def mattering(answers: Sequence[Answer], doubt: Sequence[Bools]) -> dict[str, Bools]:
    """Where a doubt matters: the outcome could go either way, and this rule could change it."""
    counting = [(a, d) for a, d in zip(answers, doubt, strict=True) if a.counts]
    best = worst_of([np.where(d, np.maximum(a.nominal, a.flipped), a.nominal) for a, d in counting])
    worst = worst_of(
        [np.where(d, np.minimum(a.nominal, a.flipped), a.nominal) for a, d in counting]
    )
    matters = best != worst
    return {
        a.rule: d & matters & (np.minimum(a.nominal, a.flipped) < best)
        for a, d in zip(answers, doubt, strict=True)
    }


def _together(answers: Sequence[Answer], plan: PlanDefinition) -> tuple[Floats, Floats]:
    """P that no rule which alone would change the outcome does, and the least of their P.

    Location and industry fit hang on the same edges, so the less sure of the two counts.
    """
    counting = [a for a in answers if a.counts]
    nominal = worst_of([a.nominal for a in counting])
    same = {a.rule: np.where(decides(a, counting, nominal, plan), a.same, np.nan) for a in counting}
    place = np.fmin(same.pop(LOCATION), same.pop(Rule.INDUSTRY_FIT))
    each = np.stack([place, *same.values()])
    product = row_product(np.where(np.isnan(each), 1.0, each).T)
    return product, column_min(each)


def _how_sure(
    assessment: Assessment, nominal: Ranks, outcome: Ranks, plan: PlanDefinition
) -> tuple[Floats, Floats]:
    """P(same) and flip distance of the project.

    P is that of all rules together which alone would change the outcome; the distance is that
    to the nearest single edge that would.
    """
    answers = [a for a in assessment.answers if a.counts]
    open_ = np.stack([assessment.doubtful[a.rule] for a in answers])
    decisive = np.stack([decides(a, answers, nominal, plan) for a in answers])
    same = np.stack([a.same for a in answers])
    distance = np.stack([np.abs(a.margin) for a in answers])
    standing = np.stack([(a.nominal == nominal) & differs(a, plan) for a in answers])

    def among(rules: Bools) -> Floats:
        return np.where(rules, same, np.nan)

    # The least sure rule that alone would change the answer, open ones first. Where no rule
    # alone would, several have to fall together, and the surest of them holds the answer.
    # Where no rule could change it at all, it is certain.
    confidence = np.ones(len(nominal))
    for p in (
        column_max(among(standing)),
        column_min(among(decisive)),
        column_max(among(open_)),
        column_min(among(decisive & open_)),
    ):
        confidence = np.where(np.isnan(p), confidence, p)
    together, _ = _together(answers, plan)
    confidence = np.where(decisive.any(axis=0), np.fmin(confidence, together), confidence)
    flip = column_min(np.where(decisive, distance, np.nan))
    unknown = (outcome == plan.policy.rank(Outcome.UNKNOWN)) | ~assessment.located
    return np.where(unknown, np.nan, confidence), np.where(unknown, np.nan, flip)


def decides(
    answer: Answer, answers: Sequence[Answer], nominal: Ranks, plan: PlanDefinition
) -> Bools:
    """Where this rule's other answer alone would change the project's nominal outcome."""
    others = [a.nominal for a in answers if a is not answer]
    changed = worst_of([*others, answer.flipped])
    alike = is_fine(changed, plan) & is_fine(nominal, plan)
    return (changed != nominal) & ~alike & differs(answer, plan)


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
    p_met = np.nan_to_num(row_max(of.inside[:, which]), nan=0.0)
    missing = of.missing[:, which].any(axis=1)
    sure = met & (p_met >= policy.threshold)
    either = of.nominal.any(axis=1)
    # The half to blame for an open condition: a met one, or an unmet one that may be met.
    likelier = p_met >= np.nan_to_num(row_max(of.inside), nan=0.0)
    to_review = np.where(either, met, likelier | (p_met > 1 - policy.threshold))
    answer = np.where(sure, passed, none)
    open_here = (whole == review) & assessment.doubtful[LOCATION]
    settled = (whole == passed) & ~open_here
    unproven = (whole == unknown) & of.missing.any(axis=1)
    unmet = ~settled & ~open_here & ~unproven
    # A sure half elsewhere settles the condition, so a doubtful half no longer decides.
    elsewhere = row_max(of.inside) >= policy.threshold
    answer = np.where(settled & met & ~elsewhere, passed, answer)
    answer = np.where(open_here & to_review, review, answer)
    answer = np.where(unmet, whole, answer)
    answer = np.where(unproven & missing, unknown, answer)
    empty = (len(of.ids[which]) == 0) & assessment.located
    return np.where(empty, none, answer).astype(np.int8)


def _places(facts: Columns, assessment: Assessment, plan: PlanDefinition) -> dict[str, Column]:
    of = assessment.membership
    margins = of.margin[:, : of.zones]
    distances = [facts.array(f"distance:{key}") for key in plan.corridors]
    distance = np.column_stack(distances) if distances else np.empty((facts.rows, 0))
    nearest = -row_max(-distance)
    return {
        "zone": _zones(assessment),
        "zone_margin": row_max(margins),
        "corridor": _joined(distance <= nearest[:, None] + EDGE, tuple(plan.corridors)),
        "corridor_distance": nearest,
    }


def _zones(assessment: Assessment) -> Coded:
    """Ids of the zones that hold each project."""
    of = assessment.membership
    return _joined(np.greater_equal(of.margin[:, : of.zones], 0), of.ids[: of.zones])


def _reasons(
    by_rule: dict[str, Ranks], outcome: Ranks, assessment: Assessment, plan: PlanDefinition
) -> Coded:
    """Name the rules that decide: ``rule=outcome`` joined by ``|``, as codes."""
    order = plan.policy.cascade
    silent = {f"{Rule.CLEAR_OF}:{key}" for key in plan.unchecked}
    told = {rule: ranks == outcome for rule, ranks in by_rule.items() if rule not in silent}
    # One column more for the outcome, so that rows that read alike are worded once.
    rows = np.stack([*told.values(), *(outcome == rank for rank in range(len(order)))]).T
    rows &= assessment.located[:, None]
    names = list(told)

    def word(row: Bools) -> str:
        said = row[len(names) :]
        outcome_ = order[int(said.argmax())] if said.any() else None
        return reason(row[: len(names)], names, outcome_)

    return by_kind(rows, word)


def reason(told: Bools, rules: Sequence[str], outcome: Outcome | None) -> str:
    """Name the rules that decide; without an outcome there is no place."""
    if outcome is None:
        return NO_PLACE
    held = (rule for rule, at in zip(rules, told, strict=True) if at)
    return SEPARATOR.join(f"{rule}={outcome}" for rule in held)


def _joined(member: Bools, ids: tuple[str, ...]) -> Coded:
    return by_kind(member, ids_of(ids))


def ids_of(ids: tuple[str, ...]) -> Callable[[Bools], str | None]:
    """Return what names the areas of a row of truths, joined by ``|``."""
    names = np.array(ids, dtype=object)
    return lambda row: SEPARATOR.join(names[row]) if row.any() else None


def by_kind(rows: Bools, word: Callable[[Bools], str | None]) -> Coded:
    """Word each row of truths, those that are alike once."""
    width = rows.shape[1]
    if width <= _BITS:
        keys = np.zeros(len(rows), dtype=np.int64)
        for bit, column in enumerate(rows.T):
            keys |= column.astype(np.int64) << bit
        return by_key(keys, width, word)
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    whole = packed.view(f"V{packed.shape[1]}")[:, 0]
    _, first, which = np.unique(whole, return_index=True, return_inverse=True)
    return Coded.of([word(rows[at]) for at in first]).take(which)


def by_key(keys: NDArray[np.int64], width: int, word: Callable[[Bools], str | None]) -> Coded:
    """Word each row of truths that is given as bits of a number, those that are alike once."""
    alike = Keys.of(keys, 1 << width)
    rows = (alike.unique[:, None] >> np.arange(width) & 1).astype(bool)
    return Coded.of([word(row) for row in rows]).take(alike.which)


def categories(ranks: Ranks, order: Sequence[Outcome]) -> Coded:
    """Outcomes as a vocabulary that does not depend on the rows at hand."""
    if tuple(order) == OUTCOMES:
        return Coded(ranks, OUTCOMES, ordered=True)
    position = np.array([OUTCOMES.index(outcome.value) for outcome in order], dtype=np.int8)
    return Coded(position[ranks], OUTCOMES, ordered=True)
