"""Results -> text for a terminal: tables, and the lines that say what was done and what not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gisplan.datum import conclude
from gisplan.errors import Finding
from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan, schematic_layers, unchecked_names
from gisplan.results import Result, read_rows
from gisplan.summary import word_summary
from gisplan.terms import Outcome
from gisplan.wording import DASH, counts, metres, names

if TYPE_CHECKING:
    from gisplan.io.projects import Intake

_SHOWN = (
    "id",
    "name",
    "outcome",
    "confidence",
    "zone",
    "zone_margin",
    "corridor",
    "corridor_distance",
    "because",
)


_NUMBERS = (3, 5, 7)


def terminal_rows(result: Result, labels: Labels) -> tuple[list[str], list[list[str]]]:
    """Headers and cells of the verdict table as people read it."""
    told = result.told(labels.language)
    headers = [labels(f"terminal.{code}") for code in _SHOWN]
    rows = [[_cell(code, row[code]) for code in _SHOWN] for row in told.to_dict("records")]
    return headers, rows


def terminal_table(result: Result, labels: Labels) -> str:
    """Lay out the verdicts for a terminal."""
    headers, rows = terminal_rows(result, labels)
    return aligned(headers, rows, right=_NUMBERS)


def _cell(code: str, value: Any) -> str:
    if value is None or value != value or value == "":
        return DASH
    if code == "confidence":
        # Rounded down: a review at 0.9498 must not read 0.95, nor 0.9999 read certain.
        return f"{int(value * 100) / 100:.2f}" if value < 1 else "1.00"
    return metres(value) if isinstance(value, float) else str(value)


def summary_lines(result: Result, labels: Labels) -> list[str]:
    """Say what was done, what could not be judged and why, and what was not checked."""
    plan, verdicts = result.plan, result.verdicts
    title = plan.definition.title.get(labels.language)
    located = int(result.located.sum())
    lines = [
        labels(
            "cli.plan_line", title=title, version=plan.definition.version, count=len(plan.areas)
        ),
        labels("cli.read_line", file=result.file, rows=len(verdicts), located=located),
        labels("cli.result_line", counts=counts(verdicts["outcome"], labels)),
    ]
    # How the coordinates were read decides everything, so it is said each time.
    lines += [
        labels(f"evidence.{code}", value=value)
        for code, value in result.read.evidence
        if code.startswith(("crs_", "axes_", "layers_left"))
    ]
    unknown = verdicts[verdicts["outcome"] == Outcome.UNKNOWN]
    if len(unknown):
        lines.append(labels("cli.unlocated_line", n=len(unknown), why=_why(result, labels)))
    fragile = int((verdicts["confidence"] < plan.definition.policy.threshold).sum())
    if fragile:
        lines.append(labels("cli.fragile_line", n=fragile))
    if names := unchecked_names(plan, labels.language):
        lines.append(
            labels(
                "cli.unchecked_line",
                names="、".join(names) if labels.language == "zh" else ", ".join(names),
            )
        )
    schematic = schematic_layers(plan)
    if len(schematic):
        low, high = (
            f"{value:g}" for value in (schematic["accuracy"].min(), schematic["accuracy"].max())
        )
        lines.append(labels("cli.schematic_line", n=len(schematic), low=low, high=high))
    for code, count in result.read.issues["code"].value_counts(sort=False).items():
        message = labels(f"issue.{code}.message")
        lines.append(labels("cli.issue_line", code=code, n=count, message=message))
    return lines


def _why(result: Result, labels: Labels) -> str:
    """Count the reasons for which projects could not be judged."""
    unknown = result.verdicts["outcome"] == Outcome.UNKNOWN
    no_place = int((unknown & ~result.located).sum())
    parts = [f"{labels('run.unlocated')} {no_place}"] if no_place else []
    told = result.told(labels.language)
    parts += [
        f"{rule} {n}"
        for rule, n in told.loc[unknown & result.located, "because"].value_counts().items()
    ]
    return ("、" if labels.language == "zh" else ", ").join(parts)


def intake_text(file: str, read: Intake, labels: Labels) -> str:
    """Tell what was read of a list: how, which rows, and what is wrong with them."""
    table = read_rows(read)
    shown = ("row", "id", "name", "industry", "lon", "lat", "accuracy", "issues")
    rows = [
        [
            _degrees(row[code]) if code in ("lon", "lat") else _cell(code, row[code])
            for code in shown
        ]
        for row in table.to_dict("records")
    ]
    located = int(table["lon"].notna().sum())
    parts = [
        aligned([labels(f"column.{code}") for code in shown], rows, right=(0, 4, 5, 6)),
        labels("cli.read_line", file=file, rows=len(table), located=located),
        *(labels(f"evidence.{code}", value=value) for code, value in read.evidence),
    ]
    for code, group in read.issues.groupby("code", sort=True):
        told = {part: labels(f"issue.{code}.{part}") for part in ("message", "remedy")}
        level = labels(f"level.{group['level'].iloc[0]}")
        where = ", ".join(str(row) for row in group["row"].dropna().astype(int).unique()) or DASH
        parts.append(labels("cli.issue_rows", code=code, level=level, rows=where, **told))
    return "\n".join(parts)


def _degrees(value: float) -> str:
    return DASH if value != value else f"{value:.6f}"


def datum_text(hypotheses: pd.DataFrame, labels: Labels) -> str:
    """Tell what the datum detective found: one line of conclusion, one row per hypothesis."""
    call, name = conclude(hypotheses)
    found = hypotheses.set_index("hypothesis").loc[name]
    counted = {key: _number(found[key]) for key in ("points", "landmarks", "changes")}
    posterior = f"{found['posterior']:.3f}"
    said = labels(
        f"datum.{call}", hypothesis=labels(f"datum.{name}"), posterior=posterior, **counted
    )
    shown = ("hypothesis", "posterior", "inside", "landmark_distance", "changes")
    rows = [
        [
            labels(f"datum.{row['hypothesis']}"),
            f"{row['posterior']:.3f}",
            f"{row['inside']:.0%}" if row["inside"] == row["inside"] else DASH,
            _cell("landmark_distance", row["landmark_distance"]),
            _number(row["changes"]),
        ]
        for row in hypotheses.to_dict("records")
    ]
    headers = [labels(f"column.{code}") for code in shown]
    return aligned(headers, rows, right=(1, 2, 3, 4)) + "\n" + said


def _number(value: Any) -> str:
    return DASH if pd.isna(value) else str(int(value))


def overlay_table(plan: Plan, shares: pd.DataFrame, labels: Labels) -> str:
    """Lay out the zone x ring shares that are not zero for a terminal."""
    told = word_overlay(shares[shares["area"] > 0], plan, labels)
    shown = ("zone_name", "corridor_name", "ring", "hectares", "share_of_zone", "share_of_ring")
    rows = [
        [
            f"{row[code]:.1%}" if code.startswith("share") else _cell(code, row[code])
            for code in shown
        ]
        for row in told.to_dict("records")
    ]
    return aligned([labels(f"column.{code}") for code in shown], rows, right=(2, 3, 4, 5))


def word_overlay(frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    """Put an overlay table into words: names for ids, one column for the bounds of a ring."""
    told = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    for column in ("zone", "other", "corridor", "area_id", "cut_corridor", "lost"):
        if column in told:
            told[column] = [_area_name(key, plan, labels) for key in told[column]]
    if "groups" in told:
        groups = [text.split(";") for text in told["groups"]]
        told["groups"] = [" ／ ".join(_area_name(g, plan, labels) for g in one) for one in groups]
    if "case" in told:
        told["case"] = [labels(f"overlay.case_{code}") for code in told["case"]]
    for column in told.columns[told.dtypes.isin([np.dtype(bool), pd.BooleanDtype()])]:
        told[column] = [_yes_no(value, labels) for value in told[column]]
    if "relation" in told:
        told["relation"] = [labels(f"relation.{code}") for code in told["relation"]]
    if "inner" in told:
        ring = [f"{a:g}–{b:g}" for a, b in zip(told["inner"], told["outer"], strict=True)]
        told.insert(list(told).index("inner"), "ring", ring)
        told = told.drop(columns=["inner", "outer"])
    return told.rename(columns={"zone": "zone_name", "corridor": "corridor_name"})


def _yes_no(value: Any, labels: Labels) -> str:
    return DASH if value is pd.NA else labels("overlay.yes" if value else "overlay.no")


def _area_name(key: str, plan: Plan, labels: Labels) -> str:
    if key == "":
        return DASH
    if key in ("*", "union", "rest"):
        return labels(f"overlay.{'every' if key == '*' else key}")
    return names(key, plan.definition, labels.language)


def stats_table(plan: Plan, frames: dict[str, pd.DataFrame], labels: Labels) -> str:
    """Lay out the counts by zone and by corridor for a terminal."""
    tables = []
    for name in ("by_zone", "by_corridor"):
        told = word_summary(frames[name], plan, labels)
        headers = [labels.get(f"column.{code}") or str(code) for code in told]
        rows = [
            [_cell(str(code), _count(value)) for code, value in row.items()]
            for row in told.to_dict("records")
        ]
        tables.append(aligned(headers, rows, right=range(1, len(headers))))
    return "\n\n".join(tables)


def _count(value: Any) -> Any:
    return float(value) if isinstance(value, (int, np.integer)) and value >= 10_000 else value


def layers_table(plan: Plan, labels: Labels) -> str:
    """Lay out the layers of a plan for a terminal."""
    columns = (
        "kind",
        "id",
        "title",
        "status",
        "accuracy",
        "as_of",
        "sha256",
        "clause_kind",
        "clause",
    )
    layers = plan.layers
    rows = []
    for row in layers.to_dict("records"):
        status = row["status"] if isinstance(row["status"], str) else "none"
        kind = row["clause_kind"] if isinstance(row["clause_kind"], str) else "none"
        rows.append(
            [
                labels(f"kind.{row['kind']}"),
                row["id"],
                plan.definition.name(row["id"], labels.language),
                labels(f"status.{status}"),
                _cell("accuracy", row["accuracy"]),
                str(row["as_of"].date()) if row["as_of"] is not pd.NaT else DASH,
                row["sha256"][:8] if isinstance(row["sha256"], str) else DASH,
                labels(f"clause.{kind}"),
                row["clause"] if isinstance(row["clause"], str) else (row["owner"] or DASH),
            ]
        )
    title = plan.definition.title.get(labels.language)
    head = f"{title} · {plan.definition.version} · {plan.definition.crs} · {plan.sha256[:8]}"
    return head + "\n" + aligned([labels(f"column.{code}") for code in columns], rows, right=(4,))


def layers_json(plan: Plan) -> str:
    """Return the layers of a plan as JSON."""
    layers = plan.layers.assign(as_of=plan.layers["as_of"].dt.strftime("%Y-%m-%d"))
    rows = [
        {k: v if isinstance(v, str) or v == v else None for k, v in row.items()}
        for row in layers.to_dict("records")
    ]
    head = {
        "plan": plan.definition.id,
        "version": plan.definition.version,
        "crs": plan.definition.crs,
        "sha256": plan.sha256,
    }
    return json.dumps({**head, "layers": rows}, ensure_ascii=False, indent=1)


def findings_json(findings: Sequence[Finding], labels: Labels) -> str:
    """Return what was found in a plan as JSON."""
    rows = [
        {
            "level": one.level,
            "place": one.place,
            "code": one.code,
            "text": one.word(labels.language),
        }
        for one in findings
    ]
    return json.dumps({"findings": rows}, ensure_ascii=False, indent=1)
