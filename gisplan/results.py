"""One run of a check: what was read, judged and relied on, and the files that tell it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gisplan import __version__
from gisplan.crs import transform
from gisplan.io.tables import (
    csv_text,
    json_text,
    lon_lat,
    machine_rows,
    write_csv,
    write_json,
    write_vector,
)
from gisplan.io.terminal import aligned
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes
from gisplan.labels import Labels
from gisplan.plan import Plan, schematic_layers, unchecked_names
from gisplan.terms import Outcome
from gisplan.wording import DASH, counts, metres

if TYPE_CHECKING:
    import geopandas as gpd

    from gisplan.errors import Finding
    from gisplan.io.projects import Intake


@dataclass(frozen=True)
class Run:
    """What a result rests on, so that it can be made again: provenance, as codes."""

    facts: dict[str, Any]

    @classmethod
    def of(cls, plan: Plan, projects_file: Path, read: Intake, crs: str | None) -> Run:
        """Gather the provenance of a check of one project list."""
        definition = plan.definition
        layers = plan.areas[plan.areas["sha256"].notna()]
        return cls(
            {
                "tool": __version__,
                "date": _today().isoformat(),
                "plan": definition.id,
                "plan_version": definition.version,
                "plan_sha256": plan.sha256,
                "crs": definition.crs,
                "threshold": definition.policy.threshold,
                "projects_file": projects_file.name,
                "projects_sha256": hashlib.sha256(projects_file.read_bytes()).hexdigest(),
                "projects_crs": crs or str(read.projects.crs),
                "layers": {f"{r.kind}.{r.id}": r.sha256 for r in layers.itertuples(index=False)},
                "unchecked": list(definition.unchecked),
            }
        )


def _today() -> dt.date:
    """Today, or the day of ``SOURCE_DATE_EPOCH``, by which a result is made byte for byte again."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return dt.datetime.fromtimestamp(int(epoch), dt.UTC).date() if epoch else dt.date.today()


@dataclass(frozen=True)
class Result:
    """A plan, the list that was read, and the verdicts on it."""

    plan: Plan
    file: str
    read: Intake
    verdicts: pd.DataFrame

    @property
    def projects(self) -> gpd.GeoDataFrame:
        """The projects, in the order of the list."""
        return self.read.projects

    @cached_property
    def located(self) -> pd.Series:
        """Which projects have a place."""
        return self.projects.geometry.notna() & ~self.projects.geometry.is_empty


def checked(plan: Plan, file: Path, read: Intake) -> Result:
    """Judge a list that was read from a file."""
    return Result(plan, file.name, read, plan.check(read.projects))


def save(path: Path, result: Result, run: Run, labels: Labels) -> None:
    """Write a result; the suffix of *path* is the format."""
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        write_workbook(path, _sheets(result, run, labels), labels, title=labels("run.title"))
    elif suffix == ".csv":
        write_csv(path, _told(result, labels), labels)
    elif suffix == ".json":
        write_json(path, run.facts, machine_rows(result.projects, result.verdicts))
    else:
        there = (
            transform(result.projects, result.plan.crs) if suffix == ".gpkg" else result.projects
        )
        write_vector(path, there, result.verdicts)


def json_document(result: Result, run: Run) -> str:
    """Return the machine's view as one JSON document."""
    return json_text(run.facts, machine_rows(result.projects, result.verdicts))


def save_converted(path: Path, projects: gpd.GeoDataFrame, labels: Labels) -> None:
    """Write a converted table: every row and column, with the new coordinates."""
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        write_vector(path, projects, pd.DataFrame(index=projects.index))
        return
    points = projects.geometry.representative_point()
    table = pd.DataFrame(projects.drop(columns=projects.geometry.name))
    degrees = projects.crs is None or projects.crs.is_geographic
    first, second = ("lon", "lat") if degrees else ("x", "y")
    digits = 9 if degrees else 4
    table[first], table[second] = points.x.round(digits), points.y.round(digits)
    if suffix == ".csv":
        write_csv(path, table, labels)
    else:
        write_workbook(path, [Sheet(path.stem, table, freeze=2)], labels, title=path.stem)


# ------------------------------------------------------------------ the workbook


def _sheets(result: Result, run: Run, labels: Labels) -> list[Sheet]:
    rules = result.plan.explain(result.projects, language=labels.language)
    told = rules[list(_RULE_SHEET)].rename(
        columns={"rule_title": "rule", "outcome_title": "outcome", "subject_title": "subject"}
    )
    return [
        Sheet(
            labels("sheet.summary"),
            _summary(result, labels),
            headers={"item": labels("run.title"), "value": ""},
        ),
        Sheet(labels("sheet.verdicts"), _told(result, labels), 2, ("outcome", "nominal")),
        Sheet(labels("sheet.rules"), told, 2, ("outcome",)),
        Sheet(labels("sheet.issues"), word_issues(result.read.issues, labels)),
        Sheet(labels("sheet.sources"), _sources(result, run, labels)),
    ]


_RULE_SHEET = (
    "id", "name", "rule_title", "outcome_title", "subject_title", "text", "measured", "unit",
    "threshold", "margin", "sigma", "same", "clause", "place", "clause_kind", "layer",
)  # fmt: skip

_VERDICT_SHEET = (
    "id", "name", "outcome", "confidence", "zone", "zone_margin", "corridor", "corridor_distance",
    "reasons", "unchecked", "nominal", "flip_distance", "industry", "investment", "issues",
    "lon", "lat", "accuracy",
)  # fmt: skip


def _told(result: Result, labels: Labels) -> pd.DataFrame:
    told = result.plan.tell(result.projects, result.verdicts, language=labels.language)
    place = lon_lat(result.projects)
    told["lon"], told["lat"] = place["lon"], place["lat"]
    told["accuracy"] = result.projects.get("accuracy")
    return told[list(_VERDICT_SHEET)]


def word_issues(issues: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Put intake issues into words: what was found where, and what to do about it."""
    told = issues.copy()
    told["level"] = [labels(f"level.{level}") for level in issues["level"]]
    for column in ("message", "remedy"):
        told[column] = [labels.get(f"issue.{code}.{column}") or "" for code in issues["code"]]
    return told[["code", "level", "message", "remedy", "file", "sheet", "row", "column", "value"]]


def _summary(result: Result, labels: Labels) -> pd.DataFrame:
    tally = result.verdicts["outcome"].value_counts()
    rows: list[tuple[str, Any]] = [(labels("run.rows"), len(result.verdicts))]
    rows += [(labels(f"outcome.{one}"), int(tally.get(one, 0))) for one in Outcome]
    rows += [(labels("run.unlocated"), int((~result.located).sum()))]
    rows += [("", line) for line in summary_lines(result, labels)]
    rows += [("", labels("run.sigma_note")), ("", labels("run.note"))]
    return pd.DataFrame(rows, columns=["item", "value"], dtype="object")


def _sources(result: Result, run: Run, labels: Labels) -> pd.DataFrame:
    """Layers, one row each, then the run: everything that the verdicts rest on."""
    language = labels.language
    layers = result.plan.layers
    titles = [result.plan.definition.name(key, language) for key in layers["id"]]
    told = pd.DataFrame(
        {
            "kind": [labels(f"kind.{kind}") for kind in layers["kind"]],
            "title": titles,
            "status": [
                labels(f"status.{s if isinstance(s, str) else 'none'}") for s in layers["status"]
            ],
            "accuracy": layers["accuracy"],
            "as_of": layers["as_of"],
            "clause": layers["clause"],
            "place": layers["place"],
            "clause_kind": [
                labels(f"clause.{k if isinstance(k, str) else 'none'}")
                for k in layers["clause_kind"]
            ],
            "owner": layers["owner"],
            "basis": layers["basis"],
            "source": layers["source"],
            "sha256": layers["sha256"],
        }
    )
    definition = result.plan.definition
    titled = {"plan": definition.title.get(language), "document": definition.document or DASH}
    facts = {**run.facts, **titled}
    keys = (
        "plan",
        "plan_version",
        "document",
        "crs",
        "threshold",
        "tool",
        "date",
        "projects_file",
        "projects_crs",
    )
    about = [
        {"kind": labels("run.about"), "title": labels(f"run.{k}"), "basis": str(facts[k])}
        for k in keys
    ]
    hashes = [("policy_sha256", "plan_sha256"), ("projects_sha256", "projects_sha256")]
    about += [
        {"kind": labels("run.about"), "title": labels(f"run.{key}"), "sha256": facts[fact]}
        for key, fact in hashes
    ]
    about += [
        {"kind": labels("run.evidence"), "basis": labels(f"evidence.{code}", value=value)}
        for code, value in result.read.evidence
    ]
    return pd.concat([told.astype("object"), pd.DataFrame(about)], ignore_index=True)


# ------------------------------------------------------------------ the terminal

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
    told = result.plan.tell(result.projects, result.verdicts, language=labels.language)
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
    fragile = int((verdicts["outcome"] == Outcome.REVIEW).sum())
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
    told = result.plan.tell(result.projects, result.verdicts, language=labels.language)
    parts += [
        f"{rule} {n}"
        for rule, n in told.loc[unknown & result.located, "because"].value_counts().items()
    ]
    return ("、" if labels.language == "zh" else ", ").join(parts)


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


def pictures(folder: Path, result: Result, labels: Labels) -> list[Path]:
    """Draw the map and the verdict table as small pictures."""
    from gisplan.plotting import plot_table, render

    paths = [folder / f"{result.plan.definition.id}.png", folder / "verdicts.png"]
    sheet = result.plan.plot(result.projects, result.verdicts, language=labels.language)
    write_bytes(paths[0], render(sheet, ".png", dpi=90))
    headers, rows = terminal_rows(result, labels)
    table = pd.DataFrame(rows, columns=headers)
    figure = plot_table(table, title=labels("run.title"), language=labels.language)
    write_bytes(paths[1], render(figure, ".png", dpi=90))
    return paths


__all__ = [
    "Result", "Run", "checked", "csv_text", "findings_json", "json_document", "layers_json",
    "layers_table", "pictures", "save", "save_converted", "summary_lines", "terminal_rows",
    "terminal_table", "word_issues",
]  # fmt: skip
