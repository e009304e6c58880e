"""Tables of ``gisplan stats`` -> words: names for codes, the findings in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gisplan.definition.goals import Goal
from gisplan.industries import title
from gisplan.inference import LEVEL
from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.pattern.gathering import FEWEST, MOST
from gisplan.plan import Plan
from gisplan.printout.analyses import word_overlay
from gisplan.printout.cells import cell, count
from gisplan.results import Result
from gisplan.structure import mix
from gisplan.terms import OUTCOMES, SEPARATOR
from gisplan.wording import DASH, metres, names

_SPECIAL = {
    mix.NOWHERE: "nowhere", mix.UNLOCATED: "unlocated", "*": "every", "union": "union",
    "study_area": "study_area", "all": "whole",
}  # fmt: skip
_WORDED = ("result", "specificity", "null", "bound", "by")
_PERCENT = ("placed_share", "progress", "elapsed", "share", "remaining_share")
_OVERLAID = ("stations", "links", "connectivity")
HECTARE = 10_000.0
FIT_WIDTH = 500.0
"""Metres at which the fit is told in a sentence; the sheet has all widths."""


def word_stats(name: str, frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    """Put one table of `gisplan.summary.summarise` into words, in reading order."""
    if name in _OVERLAID:
        return word_overlay(frame, plan, labels)
    told = frame.rename(columns={"group": "area_id"})
    if name == "roles":
        told = _role_rows(told, plan, labels)
    elif name == "capacity":
        told = told.assign(remaining_hectares=told["remaining"] / HECTARE)
        told["lacking"] = [names(ids, plan.definition, labels.language) for ids in told["lacking"]]
    elif name == "bands":
        told.insert(1, "distance_band", [_band(a, b, labels) for a, b in _bounds(told)])
        told = told.drop(columns=["inner", "outer"])
    elif name == "quotient":
        told = told.dropna(axis=1, how="all")  # a section that is in no zone has no quotient
    elif name == "gathering":
        told = told.rename(columns={"expected": "band_middle"})
        told = told[["null", *(code for code in told if code != "null")]]
    elif name == "fit":
        told = told.rename(columns={"share": "fit_share"})
    elif name == "sensitivity":
        told = _sensitivity_rows(told, labels)
    elif name == "chains":
        told["area_id"] = told["area_id"].replace("*", "all")
        told["chain"] = _titles(told["chain"], plan.definition.goals.chains, labels)
        told["missing"] = [lacking(codes, labels) for codes in told["missing"]]
    return _named(told, plan, labels)


def word_roles(frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    """Lay out roles against areas: how many projects serve a role where."""
    goals = plan.definition.goals.roles
    told = pd.DataFrame({"role": [one.title.get(labels.language) for one in goals.values()]})
    for area in [*plan.definition.zones, *plan.definition.corridors]:
        own = frame[frame["area_id"] == area].set_index("role")["projects"]
        told[plan.definition.name(area, labels.language)] = [int(own[key]) for key in goals]
    return told


def _role_rows(frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    goals, language = plan.definition.goals.roles, labels.language
    whole = frame[frame["area_id"] == "*"]
    ids = list(whole["role"])
    return pd.DataFrame(
        {
            "role": _titles(whole["role"], goals, labels),
            "goal_group": [_text(goals[key].group, language) for key in ids],
            "carriers": [
                names(SEPARATOR.join(goals[key].areas), plan.definition, language) or DASH
                for key in ids
            ],
            "result": whole["result"].to_numpy(), "projects": whole["projects"].to_numpy(),
            "named": whole["named"].to_numpy(), "by_industry": whole["industry"].to_numpy(),
            "coarse": whole["coarse"].to_numpy(),
            "basis": [_text(goals[key].basis, language) for key in ids],
            "clause": [_quote(goals[key]) for key in ids],
            "place": [clause.place if (clause := goals[key].clause) else "" for key in ids],
        }
    )  # fmt: skip


def _sensitivity_rows(frame: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    own = [labels("sensitivity.own") if one else "" for one in frame["own"]]
    parameter = [labels(f"sensitivity.{one}") for one in frame["parameter"]]
    which = [one.replace(SEPARATOR, " ") for one in frame["which"]]
    told = frame.assign(parameter=parameter, own=own, which=which)
    return told.rename(columns={"value": "tried", "changed": "changed_count"})


def _text(text: Any, language: str) -> str:
    return text.get(language) if text is not None else ""


def _quote(goal: Goal) -> str:
    return goal.clause.quote if goal.clause else ""


def _titles(ids: Any, goals: Mapping[str, Goal], labels: Labels) -> list[str]:
    return [goals[key].title.get(labels.language) for key in ids]


def _bounds(frame: pd.DataFrame) -> Any:
    return zip(frame["inner"], frame["outer"], strict=True)


def _band(inner: float, outer: float, labels: Labels) -> str:
    if math.isinf(outer):
        return labels("stats.beyond", inner=f"{inner:g}")
    return labels("stats.band", inner=f"{inner:g}", outer=f"{outer:g}")


def _named(told: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    """Put what any table may hold into words: areas, outcomes, industries, results."""
    told = told.copy()
    for column in ("area_id", "other", "corridor"):
        if column in told:
            told[column] = [area_name(key, plan, labels) for key in told[column]]
    if "code" in told:
        told["code"] = [industry_name(code, labels) for code in told["code"]]
    for column in _WORDED:
        if column in told:
            told[column] = [
                labels(f"stats.{column}_{code}") if code else "" for code in told[column].fillna("")
            ]
    renamed: dict[Any, str] = {code: labels(f"outcome.{code}") for code in OUTCOMES}
    renamed |= {mix.UNCLASSIFIED: labels("stats.unclassified"), "code": "industry_name",
                "missing": "data_missing"}  # fmt: skip
    codes = [c for c in told if len(str(c)) in (1, 3) and str(c)[0].isupper()]
    renamed |= {c: industry_name(str(c), labels) for c in codes}
    return told.rename(columns={**renamed, "corridor": "corridor_name"})


def industry_name(code: str, labels: Labels) -> str:
    """Write a code of GB/T 4754-2017 with its title."""
    if code == mix.UNCLASSIFIED:
        return labels("stats.unclassified")
    return f"{code} {title(code, labels.language)}"


def area_name(key: str, plan: Plan, labels: Labels) -> str:
    """Write the title of an area, or what stands for none, all and no place."""
    if key in _SPECIAL:
        return labels(f"stats.{_SPECIAL[key]}")
    return names(key, plan.definition, labels.language)


def lacking(codes: str, labels: Labels) -> str:
    """Write what would be needed, of codes joined by ``|``."""
    told = (labels(f"lacking.{code}") for code in codes.split(SEPARATOR) if code)
    return ("；" if labels.language == "zh" else "; ").join(told)


def stats_table(plan: Plan, frames: dict[str, pd.DataFrame], labels: Labels) -> str:
    """Lay out the counts by zone and by corridor for a terminal."""
    return "\n\n".join(
        table_text(word_stats(name, frames[name], plan, labels), labels)
        for name in ("by_zone", "by_corridor")
    )


def table_text(told: pd.DataFrame, labels: Labels) -> str:
    """Lay out a worded table for a terminal."""
    told = told.dropna(axis=1, how="all")  # a column that says nothing has no room here
    headers = [labels.get(f"column.{code}") or str(code) for code in told]
    rows = [
        [_shown(str(code), value) for code, value in row.items()] for row in told.to_dict("records")
    ]
    right = [k for k, code in enumerate(told) if pd.api.types.is_numeric_dtype(told[code])]
    return aligned(headers, rows, right=right)


def _shown(code: str, value: Any) -> str:
    if code in _PERCENT and isinstance(value, float):
        return f"{value:.0%}" if value == value else DASH
    if isinstance(value, float) and value == 0:
        return "0"
    return cell(code, count(value)) if not pd.isna(value) else DASH


def findings(result: Result, frames: dict[str, pd.DataFrame], labels: Labels) -> list[str]:
    """Say what the tables show, and what they are too few or too inexact to show."""
    told = [_difference(frames["test"].iloc[0], labels), _gathering(frames, labels)]
    told += _nearness(frames["nearness"], labels)
    told.append(_fit(frames["fit"], labels))
    told.append(_sensitivity(frames["sensitivity"], result.plan, labels))
    told += _roles(frames["roles"], result.plan, labels)
    told += _capacity(frames["capacity"], result, labels)
    if frames["built_up"]["inside_built"].isna().all():
        told.append(labels("finding.built_up_missing"))
    areas, definition = result.plan.areas, result.plan.definition
    drawn = set(areas["id"][areas.geometry.notna()])
    undrawn = [key for key in (*definition.zones, *definition.corridors) if key not in drawn]
    if undrawn:
        shown = names(SEPARATOR.join(undrawn), definition, labels.language)
        told.append(labels("finding.undrawn", names=shown))
    without = int((~result.located).sum())
    told += [labels("finding.unplaced", n=without)] if without else []
    return [one for one in told if one]


def p_text(value: float) -> str:
    """Write a p-value as it is worth reading: never 0."""
    return f"{value:.3f}" if value >= 0.0995 or value < 0.01 else f"{value:.3f}".rstrip("0")


def _difference(row: Any, labels: Labels) -> str:
    n, least = int(row["projects"]), float(row["least_p"])
    if not least <= LEVEL:  # too few, or none at all
        shown = 1.0 if math.isnan(least) else least
        return labels("finding.few", n=n, least=p_text(shown))
    values = {"p": p_text(row["p_value"]), "n": n}
    if row["p_value"] > LEVEL or math.isnan(row["p_value"]):
        return labels("finding.alike", **values)
    observed, expected = f"{row['observed']:.2f}", f"{row['expected']:.2f}"
    return labels("finding.differs", observed=observed, expected=expected, **values)


def _gathering(frames: dict[str, pd.DataFrame], labels: Labels) -> str:
    row = frames["neighbours"].iloc[0]
    n = int(row["projects"])
    if math.isnan(row["p_value"]):
        told = "finding.unseen_many" if n > MOST else "finding.unseen"
        return labels(told, n=n, fewest=FEWEST, most=MOST)
    values = {
        "mean": metres(row["mean_distance"]), "expected": metres(row["expected_distance"]),
        "p": p_text(row["p_value"]), "n": n,
    }  # fmt: skip
    if row["p_value"] > LEVEL:
        return labels("finding.random", **values)
    told = labels("finding.gathered" if row["ratio"] < 1 else "finding.scattered", **values)
    if row["p_high"] > LEVEL:
        low, high = p_text(row["p_low"]), p_text(row["p_high"])
        told += labels("finding.moved", low=low, high=high)
    if row["coincident"]:
        told += labels("finding.coincident", n=int(row["coincident"]))
    return told


def _nearness(tests: pd.DataFrame, labels: Labels) -> list[str]:
    every = tests[tests["corridor"] == "*"]
    if every.empty or every["p_value"].isna().all():
        return []
    row = every.iloc[0]
    values = {
        "mean": metres(row["mean_distance"]), "expected": metres(row["expected_distance"]),
        "p": p_text(row["p_value"]), "low": p_text(row["p_low"]), "high": p_text(row["p_high"]),
    }  # fmt: skip
    if row["p_value"] > LEVEL:
        return [labels("finding.not_near", **values)]
    return [labels("finding.near_doubt" if row["p_high"] > LEVEL else "finding.near", **values)]


def _fit(sweep: pd.DataFrame, labels: Labels) -> str:
    at = sweep[(sweep["corridor"] == "*") & (sweep["width"] == FIT_WIDTH)]
    if at.empty:
        return ""
    row, width = at.iloc[0], f"{FIT_WIDTH:g}"
    judged = int(row["fits"] + row["differs"])
    if judged == 0:
        return labels("finding.no_fit", width=width)
    shares = {key: f"{row[key]:.0%}" for key in ("share", "low", "high")}
    return labels("finding.fit", width=width, n=judged, fits=int(row["fits"]), **shares)


def _sensitivity(table: pd.DataFrame, plan: Plan, labels: Labels) -> str:
    """Tell of each number the value nearest to the plan's at which an outcome changes."""
    parts = []
    own = table.loc[table["own"], ["parameter", "area_id", "value"]]
    for parameter, area, plans in zip(*(own[one].tolist() for one in own), strict=True):
        here = table[(table["parameter"] == parameter) & (table["area_id"] == area)]
        moved = here[here["changed"] > 0]
        if moved.empty:
            continue
        row = moved.iloc[int((moved["value"] - plans).abs().to_numpy().argmin())]
        name = area_name(area, plan, labels) + (" " if labels.language == "en" and area else "")
        name += labels(f"sensitivity.{parameter}")
        told = {"value": f"{row['value']:g}", "own": f"{plans:g}", "n": int(row["changed"])}
        parts.append(labels("finding.sensitive_part", name=name, **told))
    if not parts:
        return labels("finding.insensitive")
    joined = ("；" if labels.language == "zh" else "; ").join(parts)
    return labels("finding.sensitive", told=joined)


def _roles(coverage: pd.DataFrame, plan: Plan, labels: Labels) -> list[str]:
    whole = coverage[coverage["area_id"] == "*"] if len(coverage) else coverage
    told = []
    for result in ("empty", "unknown"):
        ids = list(whole["role"][whole["result"] == result]) if len(whole) else []
        if ids:
            shown = _titles(ids, plan.definition.goals.roles, labels)
            joined = ("、" if labels.language == "zh" else "; ").join(shown)
            told.append(labels(f"finding.roles_{result}", names=joined))
    return told


def _capacity(table: pd.DataFrame, result: Result, labels: Labels) -> list[str]:
    union = table[table["area_id"] == "union"]
    if union.empty or not np.isfinite(union["remaining"].iloc[0]):
        return []
    row = union.iloc[0]
    hectares = f"{row['remaining'] / HECTARE:,.0f}"
    if row["bound"] == "estimate":
        return [labels("finding.capacity", hectares=hectares)]
    lacking = names(row["lacking"], result.plan.definition, labels.language)
    points, unplaced = int(row["without_footprint"]), int((~result.located).sum())
    why = [labels("finding.upper_lacking", names=lacking)] if lacking else []
    why += [labels("finding.upper_points", n=points)] if points else []
    if unplaced or not why:  # what has a place and no sound shape is none either
        why.append(labels("finding.upper_unplaced", n=unplaced))
    joined = ("，" if labels.language == "zh" else ", ").join(why)
    return [labels("finding.capacity_upper", hectares=hectares, why=joined)]
