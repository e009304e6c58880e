"""A result -> its files: the workbook and the machine's formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from gisplan.crs import transform
from gisplan.io.shapefile import write_shapefile
from gisplan.io.tables import (
    json_text,
    lon_lat,
    machine_rows,
    with_verdicts,
    write_csv,
    write_json,
    write_vector,
)
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels
from gisplan.outputs.lists import shapefile_lines, word_issues
from gisplan.printout import summary_lines
from gisplan.results import Result, Run
from gisplan.terms import Outcome
from gisplan.wording import DASH


def save(path: Path, result: Result, run: Run, labels: Labels) -> tuple[str, ...]:
    """Write a result; the suffix of *path* is the format. Return what it could not hold."""
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        write_workbook(path, _sheets(result, run, labels), labels, title=labels("run.title"))
    elif suffix == ".csv":
        write_csv(path, _told(result, labels), labels)
    elif suffix == ".json":
        write_json(path, run.facts, machine_rows(result.projects, result.verdicts))
    elif suffix == ".shp":
        there = transform(result.projects, result.plan.crs)
        fields = write_shapefile(path, with_verdicts(there, result.verdicts), labels)
        return shapefile_lines(path, fields, labels)
    else:
        there = (
            transform(result.projects, result.plan.crs) if suffix == ".gpkg" else result.projects
        )
        write_vector(path, there, result.verdicts)
    return ()


def json_document(result: Result, run: Run) -> str:
    """Return the machine's view as one JSON document."""
    return json_text(run.facts, machine_rows(result.projects, result.verdicts))


def _sheets(result: Result, run: Run, labels: Labels) -> list[Sheet]:
    rules = result.rules(labels.language)
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
    told = result.told(labels.language)
    place = lon_lat(result.projects)
    told["lon"], told["lat"] = place["lon"], place["lat"]
    told["accuracy"] = result.projects.get("accuracy")
    return told[list(_VERDICT_SHEET)]


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
