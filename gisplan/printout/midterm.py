"""Tables of ``gisplan midterm`` -> words, and what they come to in sentences."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gisplan.definition.goals import Goal
from gisplan.evaluation.progress import RESULTS
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.printout.stats import area_name, lacking, table_text
from gisplan.results import Result
from gisplan.stages import Stage
from gisplan.terms import SEPARATOR
from gisplan.wording import DASH

_FIRST = {"library_zone": "area_id", "library_corridor": "area_id", "library_field": "field",
          "library_stage": "stage_code"}  # fmt: skip


def word_midterm(name: str, frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    """Put one table of `gisplan.evaluation.midterm.evaluate` into words, in reading order."""
    if name.startswith("library_"):
        return _word_library(name, frame, plan, labels)
    told = frame.copy()
    if name == "stages":
        told["stage_code"] = [labels(f"stage.{code}") for code in told["stage_code"]]
    elif name == "indicators":
        told = _word_indicators(told, plan, labels)
    elif name == "tiers":
        told = _word_tiers(told, plan, labels)
    else:
        told["subject"] = [
            _subject(topic, key, plan, labels)
            for topic, key in zip(told["topic"], told["subject"], strict=True)
        ]
        told["topic"] = [labels(f"midterm.topic_{code}") for code in told["topic"]]
        told["missing"] = [lacking(code, labels) for code in told["missing"]]
    return told.rename(columns={"missing": "data_missing"})


def _word_library(name: str, frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    told = frame.rename(columns={"group": _FIRST[name]})
    first = _FIRST[name]
    if name == "library_stage":
        told[first] = [labels(f"stage.{code}") for code in told[first]]
        # The stages of a stage are the stage itself.
        return told.drop(columns=[one.value for one in Stage])
    word = _field if name == "library_field" else area_name
    if name == "library_field":
        goals = plan.definition.goals.fields
        own = [goals.get(str(key)) for key in told[first]]
        told["basis"] = [_basis(one, labels.language) for one in own]
        told["clause"] = [one.clause.quote if one and one.clause else "" for one in own]
    told[first] = [word(key, plan, labels) for key in told[first]]
    return told.rename(columns={one.value: labels(f"stage.{one.value}") for one in Stage})


def _basis(one: Goal | None, language: str) -> str:
    return one.basis.get(language) if one and one.basis else ""


def _field(key: str, plan: Plan, labels: Labels) -> str:
    if key in ("-", "?"):
        return labels("midterm.no_field" if key == "-" else "midterm.unknown_field")
    fields = plan.definition.goals.fields
    titles = (fields[one].title.get(labels.language) for one in key.split(SEPARATOR))
    return ("、" if labels.language == "zh" else ", ").join(titles)


def _word_indicators(told: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    goals, language = plan.definition.goals.indicators, labels.language
    own: list[Goal | None] = [goals.get(key) for key in told["indicator"]]
    told["name"] = [
        one.title.get(language) if one else name
        for one, name in zip(own, told["name"], strict=True)
    ]
    told.insert(
        0, "goal_group", [one.group.get(language) if one and one.group else "" for one in own]
    )
    told["kind"] = [labels(f"midterm.kind_{code}") for code in told["kind"]]
    told["result"] = [labels(f"midterm.result_{code}") for code in told["result"]]
    told["missing"] = [lacking(codes, labels) for codes in told["missing"].fillna("")]
    told["clause"] = [one.clause.quote if one and one.clause else "" for one in own]
    for name in ("base_date", "current_date", "due"):
        told[name] = pd.to_datetime(told[name])
    first = ["goal_group", "name", "result", "kind", "unit"]
    rest = [name for name in told if name not in (*first, "indicator")]
    return told[[*first, *rest]].rename(columns={"name": "indicator_name"})


def _word_tiers(told: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    goals = plan.definition.goals.tiers
    told["wanted"] = pd.array([goals[key].wanted for key in told["tier"]], dtype="Int64")
    told["clause"] = [clause.quote if (clause := goals[key].clause) else "" for key in told["tier"]]
    told["tier"] = [goals[key].title.get(labels.language) for key in told["tier"]]
    told["of"] = [labels(f"midterm.of_{code}") for code in told["of"]]
    told["measure"] = [labels(f"midterm.measure_{code}") for code in told["measure"]]
    told["result"] = [labels(f"midterm.known_{code}") for code in told["result"]]
    told["missing"] = [lacking(code, labels) for code in told["missing"]]
    first = ["tier", "result", "of", "measure", "least", "wanted", "reaching"]
    return told[[*first, *(name for name in told if name not in first)]]


def _subject(topic: str, key: str, plan: Plan, labels: Labels) -> str:
    goals = plan.definition.goals
    if topic == "projects":
        return labels("midterm.n_projects", n=key)
    held: Any = {"indicator": {}, "tier": goals.tiers, "chain": goals.chains}[topic]
    return held[key].title.get(labels.language) if key in held else _indicator(key, plan, labels)


def _indicator(name: str, plan: Plan, labels: Labels) -> str:
    """The title of an indicator of the plan in the language asked for, else its own name."""
    held = (one.title for one in plan.definition.goals.indicators.values())
    return next((t.get(labels.language) for t in held if name in (t.zh, t.en)), name)


def midterm_text(
    plan: Plan, frames: dict[str, pd.DataFrame], labels: Labels, *, tables: tuple[str, ...]
) -> str:
    """Lay out some of the tables for a terminal, without what a terminal has no room for."""
    left_out = (
        "low", "high", "clause", "basis", "base_date", "current_date", "due", "kind", "listed",
        "silent", "without_investment", "unit", "of",
    )  # fmt: skip
    told = [
        table_text(
            word_midterm(name, frames[name], plan, labels).drop(
                columns=list(left_out), errors="ignore"
            ),
            labels,
        )
        for name in tables
        if len(frames[name])
    ]
    return "\n\n".join(told)


def midterm_findings(result: Result, frames: dict[str, pd.DataFrame], labels: Labels) -> list[str]:
    """Say how far the plan has come, and what cannot be said."""
    n, placed = len(result.projects), int(result.located.sum())
    money = pd.to_numeric(result.projects.get("investment", pd.Series(dtype=float)))
    share = f"{placed / n:.0%}" if n else DASH
    stated = int(money.notna().sum())
    library = "midterm.finding_library" if stated else "midterm.finding_library_silent"
    told = [
        labels(library, n=n, placed=placed, share=share,
               money=f"{money.sum() / 1e8:,.2f}", stated=stated),
        labels("midterm.finding_stages", stages=_stages(frames["library_stage"], labels)),
    ]  # fmt: skip
    indicators, tiers, pace = (
        frames["indicators"],
        frames["tiers"],
        result.plan.definition.goals.pace,
    )
    told.append(
        _results(indicators, labels) if len(indicators) else labels("midterm.no_indicators")
    )
    if len(tiers):
        known = int((tiers["result"] != "unknown").sum())
        told.append(labels("midterm.finding_tiers", known=known, n=len(tiers)))
    if len(indicators):
        basis = pace.basis.get(labels.language) if pace.basis else ""
        fast, slow = f"{pace.fast:g}", f"{pace.slow:g}"
        told.append(labels("midterm.finding_pace", fast=fast, slow=slow, basis=basis))
    return told


def _stages(table: pd.DataFrame, labels: Labels) -> str:
    """Count the stages that occur, in one line."""
    counts = table.set_index("group")["projects"]
    held = [f"{labels(f'stage.{one}')} {counts[one]}" for one in Stage if counts[one]]
    return ("，" if labels.language == "zh" else ", ").join(held) or DASH


def _results(indicators: pd.DataFrame, labels: Labels) -> str:
    tally = indicators["result"].value_counts()
    shown = [
        f"{labels(f'midterm.result_{code}')} {int(tally[code])}"
        for code in RESULTS
        if code in tally
    ]
    joined = ("，" if labels.language == "zh" else ", ").join(shown)
    return labels("midterm.finding_indicators", n=len(indicators), results=joined or DASH)


def figure_tables(
    frames: dict[str, pd.DataFrame], plan: Plan, labels: Labels
) -> dict[str, pd.DataFrame]:
    """Put into words what the one-page figure shows, numbers left as numbers."""
    fields, zones = frames["library_field"].copy(), frames["library_zone"]
    fields["group"] = [_field(key, plan, labels) for key in fields["group"]]
    fields = fields[fields["projects"] > 0]
    indicators = frames["indicators"].copy()
    worded = _word_indicators(indicators.copy(), plan, labels)
    indicators["title"], indicators["result_title"] = worded["indicator_name"], worded["result"]
    indicators["compared"] = [_compared(row, labels) for row in indicators.itertuples()]
    return {
        "library_field": fields,
        "library_zone": pd.DataFrame(
            [
                (area_name(str(row.group), plan, labels), row.projects, _money(row, labels))
                for row in zones.itertuples()
            ]
        ),
        "stage_titles": pd.DataFrame(
            [(one.value, labels(f"stage.{one.value}")) for one in Stage], columns=["stage", "title"]
        ),
        "indicators": indicators,
        "tiers": _tier_texts(word_midterm("tiers", frames["tiers"], plan, labels), labels),
        "lacking": _lacking_texts(word_midterm("lacking", frames["lacking"], plan, labels), labels),
    }


def _compared(row: Any, labels: Labels) -> str:
    """A rate beside what it is compared with; ``""`` for what has no rate yet."""
    if row.kind != "rate" or pd.isna(row.current):
        return ""
    shown = {key: DASH if pd.isna(value) else f"{value:g}"
             for key, value in (("province", row.province), ("city", row.city))}  # fmt: skip
    return labels(
        "midterm_figure.rate", title=row.title, current=f"{row.current:g}",
        result=row.result_title, **shown,
    )  # fmt: skip


def _money(row: Any, labels: Labels) -> str:
    if row.projects == 0:
        return "0"
    if pd.isna(row.investment):
        return labels("midterm_figure.no_money", n=row.projects)
    return labels("midterm_figure.money", n=row.projects, money=f"{row.investment / 1e8:,.2f}")


def _tier_texts(told: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    rows = []
    for row in told.to_dict("records"):
        text = labels(
            "midterm_figure.tier_missing", measure=row["measure"], missing=row["data_missing"]
        )
        if not pd.isna(row["reaching"]):
            text = labels(
                "midterm_figure.tier", measure=row["measure"], n=row["reaching"],
                known=row["known"], silent=row["silent"],
            )  # fmt: skip
        rows.append((row["tier"], text))
    return pd.DataFrame(rows, columns=["title", "text"])


def _lacking_texts(told: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Gather what is missing by topic and thing: one line for all that lack the same."""
    joint = "、" if labels.language == "zh" else ", "
    rows = []
    for (_, missing), own in told.groupby(["topic", "data_missing"], sort=False):
        who = joint.join(dict.fromkeys(own["subject"]))
        rows.append(labels("midterm_figure.lacks", who=who, missing=missing))
    return pd.DataFrame({"text": pd.Series(rows, dtype="str")})
