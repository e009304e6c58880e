"""Rules -> one verdict a project: the cascade, what is in doubt, and how sure the rest is.

A rule whose P(same) is below the policy's threshold is open, and needs review where its other
answer could change the project's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

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
    assessment = assess(facts, definition)
    order = definition.policy.cascade
    outcome = worst_of([assessment.outcomes[a.rule] for a in assessment.answers if a.counts])
    nominal = worst_of([a.nominal for a in assessment.answers if a.counts])
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
    same = {
        a.rule: np.where(_decides(a, counting, nominal, plan), a.same, np.nan) for a in counting
    }
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
    decisive = np.stack([_decides(a, answers, nominal, plan) for a in answers])
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


def _decides(
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


def _places(facts: pd.DataFrame, assessment: Assessment, plan: PlanDefinition) -> dict[str, object]:
    of = assessment.membership
    margins = of.margin[:, : of.zones]
    distances = [facts[f"distance:{key}"].to_numpy() for key in plan.corridors]
    distance = np.column_stack(distances) if distances else np.empty((len(facts), 0))
    nearest = -row_max(-distance)
    return {
        "zone": _joined(np.greater_equal(margins, 0), tuple(plan.zones)),
        "zone_margin": row_max(margins),
        "corridor": _joined(distance <= nearest[:, None] + EDGE, tuple(plan.corridors)),
        "corridor_distance": nearest,
    }


def _reasons(
    by_rule: dict[str, Ranks], outcome: Ranks, assessment: Assessment, plan: PlanDefinition
) -> pd.api.extensions.ExtensionArray:
    """Name the rules that decide: ``rule=outcome`` joined by ``|``, as codes."""
    order = plan.policy.cascade
    silent = {f"{Rule.CLEAR_OF}:{key}" for key in plan.unchecked}
    told = {rule: ranks == outcome for rule, ranks in by_rule.items() if rule not in silent}
    # One column more for the outcome, so that rows that read alike are worded once.
    rows = np.stack([*told.values(), *(outcome == rank for rank in range(len(order)))]).T
    rows &= assessment.located[:, None]
    names = [f"{rule}=" for rule in told]

    def word(row: Bools) -> str:
        said = row[len(names) :]
        if not said.any():
            return NO_PLACE
        outcome_ = order[int(said.argmax())]
        held = (name for name, at in zip(names, row, strict=False) if at)
        return SEPARATOR.join(f"{name}{outcome_}" for name in held)

    return by_kind(rows, word)


def _joined(member: Bools, ids: tuple[str, ...]) -> pd.api.extensions.ExtensionArray:
    names = np.array(ids, dtype=object)
    return by_kind(member, lambda row: SEPARATOR.join(names[row]) if row.any() else None)


def by_kind(rows: Bools, word: Callable[[Bools], str | None]) -> pd.api.extensions.ExtensionArray:
    """Word each row of truths, those that are alike once."""
    if rows.shape[1] <= _BITS:
        keys = rows @ (1 << np.arange(rows.shape[1], dtype=np.int64))
    else:
        packed = np.ascontiguousarray(np.packbits(rows, axis=1))
        keys = packed.view(f"V{packed.shape[1]}")[:, 0]
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    said = pd.array([word(rows[at]) for at in first], dtype="str")
    return said.take(which)


def _category(ranks: Ranks, order: Sequence[Outcome]) -> pd.Categorical:
    """Outcomes as categories that do not depend on the rows at hand."""
    position = np.array([OUTCOMES.index(outcome.value) for outcome in order])
    dtype = pd.CategoricalDtype(list(OUTCOMES), ordered=True)
    return pd.Categorical.from_codes(position[ranks], dtype=dtype)
