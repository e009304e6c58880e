"""Verdicts -> reasons: one row per project and rule, with what was measured. Codes, no words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gisplan.definition import Constraint, PlanDefinition
from gisplan.siting.judge import Assessment, assess, rule_columns
from gisplan.siting.measure import EDGE
from gisplan.siting.rules import LOCATION, Floats, wanted
from gisplan.terms import OUTCOMES, SEPARATOR, Outcome, Rule, Shape
from gisplan.uncertainty import axis_error, probability

COLUMNS = (
    "project", "rule", "outcome", "subject", "situation", "measured", "unit", "threshold",
    "margin", "sigma", "same", "share", "detail",
)  # fmt: skip


def explain(facts: pd.DataFrame, definition: PlanDefinition) -> pd.DataFrame:
    """Lay out each project's rules.

    Parameters
    ----------
    facts
        What `gisplan.siting.measure` returns.
    definition
        The plan.

    Returns
    -------
    DataFrame
        One row per project and rule, projects in input order. ``project`` is the index
        label; ``subject`` the area ids the rule speaks of (joined by ``|``); ``situation``
        a code below ``text.`` of the language files; ``measured`` a number in ``unit``
        (``m``, ``m2``, ``share``, ``on``) against ``threshold``; ``margin`` and ``sigma``
        in metres; ``same`` = ``Φ(|margin|/σ)`` of that area alone; ``share`` of the footprint
        inside; ``detail`` the industry codes with what they were matched by, as
        ``codes;match``.
    """
    assessment = assess(facts, definition)
    outcomes = {
        rule: np.array([definition.policy.cascade[rank].value for rank in ranks], dtype=object)
        for rule, ranks in rule_columns(assessment, definition).items()
    }
    parts = [
        _study_area(facts, definition),
        _told(_zone(facts, assessment, definition), assessment, definition, zones=True),
        _told(_corridor(facts, assessment, definition), assessment, definition, zones=False),
        _industry(facts, assessment, definition),
        *(_constraint(facts, key, one, definition) for key, one in definition.constraints.items()),
    ]
    table = pd.concat(
        [
            _framed(part, rule, outcomes[rule], facts)
            for part, rule in zip(parts, outcomes, strict=True)
        ]
    )
    return table.sort_values("_order", kind="stable").drop(columns="_order").reset_index(drop=True)


def _framed(part: dict[str, Any], rule: str, outcome: Any, facts: pd.DataFrame) -> pd.DataFrame:
    blank: dict[str, Any] = dict.fromkeys(
        ("measured", "threshold", "margin", "sigma", "same", "share"), np.nan
    )
    frame = pd.DataFrame(
        {
            "project": facts.index.to_numpy(),
            "rule": rule,
            "outcome": pd.Categorical(outcome, categories=list(OUTCOMES), ordered=True),
            "subject": "",
            "situation": "",
            "unit": "m",
            "detail": "",
            **blank,
            **part,
            "_order": np.arange(len(facts)),
        }
    )
    located = (facts["shape"] != Shape.NONE.value).to_numpy()
    frame["situation"] = np.where(located, frame["situation"], "unlocated")
    # What was not measured has no limit and no error, as if it had been.
    silent = frame["margin"].isna()
    frame.loc[silent, ["sigma", "threshold", "measured"]] = np.nan
    frame.loc[silent, "unit"] = ""
    if rule in (Rule.IN_ZONE, Rule.NEAR_CORRIDOR, Rule.INDUSTRY_FIT):
        frame.loc[~located, "subject"] = ""
    texts = dict.fromkeys(("rule", "subject", "situation", "unit", "detail"), "str")
    return frame.astype(texts)[[*COLUMNS, "_order"]]


def _same(margin: Floats, sigma: Floats) -> Floats:
    """P that a membership stays as it is, from the signed margin alone."""
    met = probability(margin, sigma)
    return np.where(margin >= 0, met, 1 - met)


def _is_point(facts: pd.DataFrame) -> Any:
    return (facts["shape"] == Shape.POINT.value).to_numpy()


def _study_area(facts: pd.DataFrame, plan: PlanDefinition) -> dict[str, Any]:
    margin = facts["margin:study_area"].to_numpy()
    sigma = axis_error(plan.study_area.error, facts["accuracy"].to_numpy())
    share = facts["share:study_area"].to_numpy()
    situation = np.where(margin >= 0, "study_inside", "study_outside")
    situation = np.where(_is_point(facts) | np.isin(share, (0.0, 1.0)), situation, "study_share")
    situation = np.where(np.isnan(margin), "required_no_data", situation)
    return {
        "subject": "study_area", "situation": situation, "measured": margin, "threshold": 0.0,
        "margin": margin, "sigma": sigma, "same": _same(margin, sigma), "share": share,
    }  # fmt: skip


def _best(values: Floats) -> Any:
    """Column of the largest number in each row (the first where all are missing)."""
    return np.where(np.isnan(values), -np.inf, values).argmax(axis=1) if values.shape[1] else None


def _told(
    part: dict[str, Any], of: Assessment, plan: PlanDefinition, *, zones: bool
) -> dict[str, Any]:
    """Say which half of the location condition lacks data, and whether the other half holds."""
    which = slice(0, of.membership.zones) if zones else slice(of.membership.zones, None)
    ids, missing = of.membership.ids[which], of.membership.missing[:, which]
    whole = of.outcomes[LOCATION]
    open_ = (whole == plan.policy.rank(Outcome.UNKNOWN)) & missing.any(axis=1)
    members: Any = of.membership.nominal
    own = members[:, which].any(axis=1)
    elsewhere = members.any(axis=1) & ~own & ~of.doubtful[LOCATION]
    found = np.broadcast_to(part["subject"], len(own))
    named = zip(open_, _joined(ids, missing), found, strict=True)
    # What is said is of the layers without data: what the others measured decides nothing.
    numbers: dict[str, Any] = {
        k: np.where(open_, np.nan, part[k]) for k in ("margin", "same", "share") if k in part
    }
    return {
        **part, **numbers,
        "subject": [lost if at else told for at, lost, told in named],
        "situation": np.where(open_, "required_no_data", part["situation"]),
        "detail": np.where(elsewhere, "other_fact", ""),
    }  # fmt: skip


def _zone(facts: pd.DataFrame, of: Assessment, plan: PlanDefinition) -> dict[str, Any]:
    ids, margins = tuple(plan.zones), of.membership.margin[:, : of.membership.zones]
    best = _best(margins)
    if best is None:
        return {"subject": "", "situation": "no_zones"}
    margin = np.take_along_axis(margins, best[:, None], axis=1)[:, 0]
    shares = np.column_stack([facts[f"share:{key}"].to_numpy() for key in ids])
    share = np.take_along_axis(shares, best[:, None], axis=1)[:, 0]
    errors = np.array([plan.zones[key].error for key in ids])[best]
    sigma = axis_error(errors, facts["accuracy"].to_numpy())
    situation = np.where(margin > 0, "zone_inside", "zone_outside")
    situation = np.where(margin == 0, "zone_edge", situation)
    situation = np.where(_is_point(facts) | np.isin(share, (0.0, 1.0)), situation, "zone_share")
    situation = np.where(np.isnan(margin), "required_no_data", situation)
    # The margin and share that are told are those of the surest zone; on an edge in common, both.
    inside = np.greater_equal(margins, 0) & (margins >= margin[:, None] - EDGE)
    subject = [
        own or one for own, one in zip(_joined(ids, inside), _nearest(ids, margins), strict=True)
    ]
    return {
        "subject": subject, "situation": situation, "measured": margin, "threshold": 0.0,
        "margin": margin, "sigma": sigma, "same": _same(margin, sigma), "share": share,
    }  # fmt: skip


def _corridor(facts: pd.DataFrame, of: Assessment, plan: PlanDefinition) -> dict[str, Any]:
    ids, margins = tuple(plan.corridors), of.membership.margin[:, of.membership.zones :]
    best = _best(margins)
    if best is None:
        return {"subject": "", "situation": "no_corridors"}
    margin = np.take_along_axis(margins, best[:, None], axis=1)[:, 0]
    within = np.array([plan.corridors[key].within for key in ids])[best]
    errors = np.array([plan.corridors[key].error for key in ids])[best]
    sigma = axis_error(errors, facts["accuracy"].to_numpy())
    situation = np.where(margin >= 0, "corridor_near", "corridor_far")
    return {
        "subject": _nearest(ids, margins), "measured": within - margin,
        "situation": np.where(np.isnan(margin), "required_no_data", situation),
        "threshold": within, "margin": margin, "sigma": sigma, "same": _same(margin, sigma),
    }  # fmt: skip


def _industry(facts: pd.DataFrame, of: Assessment, plan: PlanDefinition) -> dict[str, Any]:
    answer = next(a for a in of.answers if a.rule == Rule.INDUSTRY_FIT)
    members: Any = of.membership.nominal
    codes = facts["industry_codes"].fillna("").to_numpy()
    match = facts["industry_match"].fillna("").to_numpy()
    # From what was compared, not from the outcome: a policy may let a mismatch pass.
    want = wanted(facts["industry_codes"], plan)
    fits, stated = want.fits, want.stated
    coarse = (members & want.may).any(axis=1) | want.may_be_public
    situation = np.where(want.public, "industry_public", "industry_differs")
    situation = np.where(coarse, "industry_coarse", situation)
    situation = np.where((members & fits).any(axis=1), "industry_fits", situation)
    unproven = (answer.nominal == plan.policy.rank(Outcome.UNKNOWN)) & (codes != "")
    unproven &= of.membership.missing.any(axis=1)
    situation = np.where(~(members & stated).any(axis=1), "industry_silent", situation)
    situation = np.where(
        codes == "", np.where(match == "", "industry_blank", "industry_missing"), situation
    )
    situation = np.where(~members.any(axis=1) & (codes != ""), "industry_outside", situation)
    situation = np.where(unproven, "required_no_data", situation)
    lost = _joined(of.membership.ids, of.membership.missing)
    about = np.where((members & fits).any(axis=1)[:, None], members & fits, members & stated)
    about = np.where((members & stated).any(axis=1)[:, None], about, members)
    named = zip(unproven, lost, _joined(of.membership.ids, about), strict=True)
    return {
        "subject": [gone if at else one for at, gone, one in named],
        "situation": situation, "unit": "",
        "same": np.where(members.any(axis=1), answer.same, np.nan),
        "detail": [f"{c};{m}" for c, m in zip(codes, match, strict=True)],
    }  # fmt: skip


def _constraint(
    facts: pd.DataFrame, key: str, one: Constraint, plan: PlanDefinition
) -> dict[str, Any]:
    margin, touch = facts[f"margin:{key}"].to_numpy(), facts[f"touch:{key}"].to_numpy()
    sigma = axis_error(one.error, facts["accuracy"].to_numpy())
    shape = facts["shape"].to_numpy()
    deep = np.where(shape == Shape.POLYGON.value, "touches_area", "touches_line")
    deep = np.where(shape == Shape.POINT.value, "touches_point", deep)
    clear = "clear_setback" if one.setback else "clear"
    # Margin and touching size are to the setback's edge, so the words must say so.
    deep = np.char.add(deep, "_setback") if one.setback else deep
    situation = np.where(margin > 0, clear, deep)
    if one.coverage is not None:
        uncovered = (facts[f"covered:{key}"] != 1.0).to_numpy() & (margin > 0)
        situation = np.where(uncovered, "not_covered", situation)
    without = "no_data" if key in plan.unchecked else "required_no_data"
    situation = np.where(np.isnan(margin), without, situation)
    unit = np.where(
        shape == Shape.POLYGON.value, "m2", np.where(shape == Shape.LINE.value, "m", "on")
    )
    return {
        "subject": key, "situation": situation, "measured": touch, "unit": unit,
        "threshold": np.where(shape == Shape.POINT.value, 0.0, plan.policy.touch_area),
        "margin": margin, "sigma": sigma, "same": _same(margin, sigma),
    }  # fmt: skip


def _nearest(ids: tuple[str, ...], margins: Floats) -> list[str]:
    """Id of the area with the largest margin; all of them where none could be measured."""
    best = _best(margins)
    silent = np.atleast_1d(np.isnan(margins).all(axis=1))
    return [SEPARATOR.join(ids) if none else ids[at] for at, none in zip(best, silent, strict=True)]


def _joined(ids: tuple[str, ...], member: Any) -> list[str]:
    """Ids of the areas that each row is a member of, joined by ``|``."""
    return [SEPARATOR.join(np.array(ids, dtype=object)[row]) for row in member]
