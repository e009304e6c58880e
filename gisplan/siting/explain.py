"""Verdicts -> reasons: one row per project and rule, with what was measured. Codes, no words."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from gisplan.columns import Coded, Columns
from gisplan.definition import Constraint, PlanDefinition
from gisplan.siting.judge import Assessment, assess, rule_columns
from gisplan.siting.measure import EDGE
from gisplan.siting.rules import LOCATION, Floats, wanted
from gisplan.terms import OUTCOMES, SEPARATOR, Outcome, Rule, Shape
from gisplan.uncertainty import axis_error, probability

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "project", "rule", "outcome", "subject", "situation", "measured", "unit", "threshold",
    "margin", "sigma", "same", "share", "detail",
)  # fmt: skip

_NOISE = 1e-9
"""Share of a footprint that an edge in common leaves to the other side when it is computed."""


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
        ``codes;match``, and of a footprint on several zones the share on each, the largest
        first, as ``;id=share|id=share``.
    """
    told = explain_facts(Columns.of(facts), definition)
    labels = facts.index.to_numpy()[told.array("project")]
    return told.to_frame().assign(project=labels)


def explain_facts(facts: Columns, definition: PlanDefinition) -> Columns:
    """Lay out each project's rules; see `explain`, but ``project`` is the number of its row."""
    assessment = assess(facts, definition)
    of_rules = rule_columns(assessment, definition)
    parts = [
        _study_area(facts, definition),
        _told(_zone(facts, assessment, definition), assessment, definition, zones=True),
        _told(_corridor(facts, assessment, definition), assessment, definition, zones=False),
        _industry(facts, assessment, definition),
        *(_constraint(facts, key, one, definition) for key, one in definition.constraints.items()),
    ]
    position = np.array([OUTCOMES.index(one) for one in definition.policy.cascade], dtype=np.int8)
    rules = [
        _framed(part, rule, Coded(position[ranks], OUTCOMES, ordered=True), facts)
        for part, (rule, ranks) in zip(parts, of_rules.items(), strict=True)
    ]
    by_project = np.arange(len(rules) * facts.rows).reshape(len(rules), facts.rows).T.ravel()
    return Columns.joined(rules).take(by_project)


def _framed(part: dict[str, Any], rule: str, outcome: Coded, facts: Columns) -> Columns:
    def column(name: str, blank: Any, dtype: Any) -> Any:
        found = np.asarray(part.get(name, blank)).astype(dtype)
        return np.broadcast_to(found, facts.rows).copy()

    numbers = ("measured", "threshold", "margin", "sigma", "same", "share")
    told: dict[str, Any] = {name: column(name, np.nan, float) for name in numbers}
    located = ~facts.coded("shape").reads(Shape.NONE)
    told["situation"] = np.where(located, column("situation", "", object), "unlocated")
    # What was not measured has no limit and no error, as if it had been.
    silent = np.isnan(told["margin"])
    for name in ("sigma", "threshold", "measured"):
        told[name][silent] = np.nan
    told["unit"] = np.where(silent, "", column("unit", "m", object))
    told["subject"] = column("subject", "", object)
    if rule in (Rule.IN_ZONE, Rule.NEAR_CORRIDOR, Rule.INDUSTRY_FIT):
        told["subject"][~located] = ""
    told["detail"] = column("detail", "", object)
    told |= {name: Coded.of(told[name]) for name in ("subject", "situation", "unit", "detail")}
    told |= {"project": np.arange(facts.rows), "outcome": outcome}
    told["rule"] = Coded.always(rule, facts.rows)
    return Columns({name: told[name] for name in COLUMNS}, facts.rows)


def _same(margin: Floats, sigma: Floats) -> Floats:
    """P that a membership stays as it is, from the signed margin alone."""
    met = probability(margin, sigma)
    return np.where(margin >= 0, met, 1 - met)


def _is_point(facts: Columns) -> Any:
    return facts.coded("shape").reads(Shape.POINT)


def _study_area(facts: Columns, plan: PlanDefinition) -> dict[str, Any]:
    margin = facts.array("margin:study_area")
    sigma = axis_error(plan.study_area.error, facts.array("accuracy"))
    share = facts.array("share:study_area")
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
        "detail": _beside(np.where(elsewhere, "other_fact", ""), part.get("detail")),
    }  # fmt: skip


def _beside(fact: Any, detail: Any) -> Any:
    if detail is None:
        return fact
    return np.where(detail == "", fact, fact.astype(object) + ";" + detail)


def _zone(facts: Columns, of: Assessment, plan: PlanDefinition) -> dict[str, Any]:
    ids, margins = tuple(plan.zones), of.membership.margin[:, : of.membership.zones]
    best = _best(margins)
    if best is None:
        return {"subject": "", "situation": "no_zones"}
    margin = np.take_along_axis(margins, best[:, None], axis=1)[:, 0]
    shares = np.column_stack([facts.array(f"share:{key}") for key in ids])
    share = np.take_along_axis(shares, best[:, None], axis=1)[:, 0]
    errors = np.array([plan.zones[key].error for key in ids])[best]
    sigma = axis_error(errors, facts.array("accuracy"))
    situation = np.where(margin > 0, "zone_inside", "zone_outside")
    situation = np.where(margin == 0, "zone_edge", situation)
    situation = np.where(_is_point(facts) | np.isin(share, (0.0, 1.0)), situation, "zone_share")
    situation = np.where(np.isnan(margin), "required_no_data", situation)
    # The margin and share that are told are those of the surest zone; of equals, all.
    held = np.greater_equal(margins, 0) | (shares > 0)
    alike = held & (margins >= margin[:, None] - EDGE)
    subject = [
        own or one for own, one in zip(_joined(ids, alike), _nearest(ids, margins), strict=True)
    ]
    several = _shares(ids, shares, situation == "zone_share")
    situation = np.where(several == "", situation, "zone_shares")
    return {
        "subject": subject, "situation": situation, "measured": margin, "threshold": 0.0,
        "margin": margin, "sigma": sigma, "same": _same(margin, sigma), "share": share,
        "detail": several,
    }  # fmt: skip


def _corridor(facts: Columns, of: Assessment, plan: PlanDefinition) -> dict[str, Any]:
    ids, margins = tuple(plan.corridors), of.membership.margin[:, of.membership.zones :]
    best = _best(margins)
    if best is None:
        return {"subject": "", "situation": "no_corridors"}
    margin = np.take_along_axis(margins, best[:, None], axis=1)[:, 0]
    within = np.array([plan.corridors[key].within for key in ids])[best]
    errors = np.array([plan.corridors[key].error for key in ids])[best]
    sigma = axis_error(errors, facts.array("accuracy"))
    situation = np.where(margin >= 0, "corridor_near", "corridor_far")
    return {
        "subject": _nearest(ids, margins), "measured": within - margin,
        "situation": np.where(np.isnan(margin), "required_no_data", situation),
        "threshold": within, "margin": margin, "sigma": sigma, "same": _same(margin, sigma),
    }  # fmt: skip


def _industry(facts: Columns, of: Assessment, plan: PlanDefinition) -> dict[str, Any]:
    answer = next(a for a in of.answers if a.rule == Rule.INDUSTRY_FIT)
    members: Any = of.membership.nominal
    codes, match = (
        np.array([one or "" for one in facts.texts(name)], dtype=object)
        for name in ("industry_codes", "industry_match")
    )
    # From what was compared, not from the outcome: a policy may let a mismatch pass.
    want = wanted(facts.coded("industry_codes"), plan)
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


def _constraint(facts: Columns, key: str, one: Constraint, plan: PlanDefinition) -> dict[str, Any]:
    margin, touch = facts.array(f"margin:{key}"), facts.array(f"touch:{key}")
    sigma = axis_error(one.error, facts.array("accuracy"))
    shape = facts.coded("shape")
    polygon, line, point = (shape.reads(one) for one in (Shape.POLYGON, Shape.LINE, Shape.POINT))
    deep = np.where(polygon, "touches_area", "touches_line")
    deep = np.where(point, "touches_point", deep)
    clear = "clear_setback" if one.setback else "clear"
    # Margin and touching size are to the setback's edge, so the words must say so.
    deep = np.char.add(deep, "_setback") if one.setback else deep
    situation = np.where(margin > 0, clear, deep)
    if one.coverage is not None:
        uncovered = (facts.array(f"covered:{key}") != 1.0) & (margin > 0)
        situation = np.where(uncovered, "not_covered", situation)
    without = "no_data" if key in plan.unchecked else "required_no_data"
    situation = np.where(np.isnan(margin), without, situation)
    unit = np.where(polygon, "m2", np.where(line, "m", "on"))
    return {
        "subject": key, "situation": situation, "measured": touch, "unit": unit,
        "threshold": np.where(point, 0.0, plan.policy.touch_area),
        "margin": margin, "sigma": sigma, "same": _same(margin, sigma),
    }  # fmt: skip


def _shares(ids: tuple[str, ...], shares: Floats, chosen: Any) -> Any:
    """Name every zone that a footprint lies on and its share, where it lies on several."""
    told = np.full(len(shares), "", dtype=object)
    for at in np.flatnonzero(chosen & ((shares > _NOISE).sum(axis=1) > 1)):
        own = shares[at].tolist()
        most_first = sorted((-share, k) for k, share in enumerate(own) if share > _NOISE)
        told[at] = SEPARATOR.join(f"{ids[k]}={own[k]!r}" for _, k in most_first)
    return told


def _nearest(ids: tuple[str, ...], margins: Floats) -> list[str]:
    """Id of the area with the largest margin; all of them where none could be measured."""
    best = _best(margins)
    silent = np.atleast_1d(np.isnan(margins).all(axis=1))
    return [SEPARATOR.join(ids) if none else ids[at] for at, none in zip(best, silent, strict=True)]


def _joined(ids: tuple[str, ...], member: Any) -> list[str]:
    """Ids of the areas that each row is a member of, joined by ``|``."""
    packed = np.packbits(member, axis=1)
    keys = packed.view(f"V{packed.shape[1]}").ravel().tolist() if len(ids) else [b""] * len(member)
    told = {
        key: SEPARATOR.join(compress(ids, np.unpackbits(np.frombuffer(key, np.uint8))))
        for key in dict.fromkeys(keys)
    }
    return list(map(told.__getitem__, keys))
