"""A result -> its files: the workbook and the machine's formats."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from gisplan.crs import WGS84, transform
from gisplan.io.address import Address, Table
from gisplan.io.cellwise import Grid, digest, grid_of, plain, system
from gisplan.io.postgis_store import column_names
from gisplan.io.provenance import facts_sha256, write_sidecar
from gisplan.io.shapefile import write_shapefile
from gisplan.io.tables import (
    apart,
    csv_text,
    json_text,
    lon_lat,
    machine_rows,
    with_verdicts,
    write_csv,
    write_json,
    write_vector,
)
from gisplan.io.workbook import Sheet, sheet_grid, sheet_name, write_workbook
from gisplan.labels import Labels
from gisplan.outputs.lists import shapefile_lines, word_issues
from gisplan.printout import summary_lines
from gisplan.results import Result, Run
from gisplan.terms import OVERRULE_COLUMNS, Outcome
from gisplan.wording import DASH

CHECK: Final = "check"
"""The kind of result that can be verified row by row, as the provenance names it."""


def save(path: Path, result: Result, run: Run, labels: Labels) -> tuple[str, ...]:
    """Write a result; the suffix of *path* is the format. Return what it could not hold."""
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        sheets = check_sheets(result, run, labels)
        about = about_content(_grids(sheets, labels), run, labels)
        write_workbook(path, sheets, labels, title=labels("run.title"), about=about)
        return ()
    about = about_content(content(suffix, result, run, labels), run, labels)
    if suffix == ".csv":
        write_csv(path, told_table(result, labels), labels)
        return (labels("verify.beside", path=write_sidecar(path, about)),)
    if suffix == ".json":
        write_json(path, about, machine_rows(result.projects, result.recorded))
    elif suffix == ".shp":
        there = transform(result.projects, result.plan.crs)
        fields = write_shapefile(path, with_verdicts(there, result.recorded), labels)
        beside = labels("verify.beside", path=write_sidecar(path, about))
        return (*shapefile_lines(path, fields, labels), beside)
    else:
        write_vector(path, placed(result, suffix), result.recorded, about=about)
    return ()


def save_table(
    address: Address, table: Table, result: Result, run: Run, labels: Labels
) -> tuple[tuple[str, str], ...]:
    """Write a result into a table of a database; return the columns that were renamed."""
    from gisplan.io.postgis_store import write_table

    about = about_content(content("", result, run, labels), run, labels)
    return write_table(address, table, with_verdicts(placed(result, ""), result.recorded), about)


def placed(result: Result, suffix: str) -> gpd.GeoDataFrame:
    """Return the projects in the system that a format is written in."""
    plane = suffix in (".gpkg", ".shp", "")
    return transform(result.projects, result.plan.crs) if plane else result.projects


def about_content(grids: Mapping[str, Grid], run: Run, labels: Labels) -> dict[str, Any]:
    """Return the provenance of one file: that of the run, its language, a hash of what it says."""
    about = {
        **run.facts,
        "kind": CHECK,
        "language": labels.language,
        "content_sha256": digest(grids),
    }
    return {**about, "run_sha256": facts_sha256(about)}


def content(suffix: str, result: Result, run: Run, labels: Labels) -> dict[str, Grid]:
    """Lay out, cell by cell, what a file of a format says: grids by name."""
    if suffix == ".xlsx":
        return _grids(check_sheets(result, run, labels), labels)
    if suffix == ".csv":
        text = csv_text(told_table(result, labels), labels)
        return {"csv": [[plain(cell) for cell in row] for row in csv.reader(io.StringIO(text))]}
    if suffix == ".json":
        rows = pd.DataFrame(machine_rows(result.projects, result.recorded), dtype="object")
        return {"projects": grid_of(rows, [str(name) for name in rows])}
    frame = with_verdicts(placed(result, suffix), result.recorded)
    if suffix == ".geojson":
        frame = transform(frame, WGS84)
    titles = apart(frame) if suffix == ".gpkg" else column_names(frame) if not suffix else {}
    table = pd.DataFrame(frame)
    told = {"verdicts": grid_of(table, [titles.get(str(one), str(one)) for one in table])}
    # Numbers are a place only in their system.
    return {**told, "crs": system(frame)} if suffix in (".gpkg", ".parquet") else told


def _grids(sheets: Sequence[Sheet], labels: Labels) -> dict[str, Grid]:
    return {sheet_name(sheet.title): sheet_grid(sheet, labels) for sheet in sheets}


def json_document(result: Result, run: Run, labels: Labels | None = None) -> str:
    """Return the machine's view as one JSON document."""
    labels = labels or Labels()
    about = about_content(content(".json", result, run, labels), run, labels)
    return json_text(about, machine_rows(result.projects, result.recorded))


def check_sheets(result: Result, run: Run, labels: Labels) -> list[Sheet]:
    """Lay out the sheets of the workbook."""
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
        Sheet(labels("sheet.verdicts"), told_table(result, labels), 2, _coloured(result)),
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


def told_table(result: Result, labels: Labels) -> pd.DataFrame:
    """Lay out the verdicts as people read them, with places and accuracy."""
    told = result.told(labels.language)
    place = lon_lat(result.projects)
    told["lon"], told["lat"] = place["lon"], place["lat"]
    told["accuracy"] = result.projects.get("accuracy")
    shown = list(_VERDICT_SHEET)
    if result.overrules is not None:
        at = shown.index("outcome") + 1
        shown[at:at] = OVERRULE_COLUMNS
    return told[shown]


def _coloured(result: Result) -> tuple[str, ...]:
    return ("outcome", "nominal", *(("overruled",) if result.overrules is not None else ()))


def _summary(result: Result, labels: Labels) -> pd.DataFrame:
    tally = result.verdicts["outcome"].value_counts()
    rows: list[tuple[str, Any]] = [(labels("run.rows"), len(result.verdicts))]
    rows += [(labels(f"outcome.{one}"), int(tally.get(one, 0))) for one in Outcome]
    if result.overrules is not None:
        stands = result.standing.value_counts()
        rows.append((labels("overrule.count"), int((result.overrules["overruled"] != "").sum())))
        rows += [
            (labels("overrule.stands", outcome=labels(f"outcome.{one}")), int(stands.get(one, 0)))
            for one in Outcome
        ]
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
        "rules_version",
        *(("overrules_file",) if facts.get("overrules_file") else ()),
    )
    about = [
        {"kind": labels("run.about"), "title": labels(f"run.{k}"), "basis": str(facts[k])}
        for k in keys
    ]
    hashes = [
        ("policy_sha256", "plan_sha256"),
        ("rules_sha256", "rules_sha256"),
        ("projects_sha256", "projects_sha256"),
    ]
    if facts.get("overrules_sha256"):
        hashes.append(("overrules_sha256", "overrules_sha256"))
    about += [
        {"kind": labels("run.about"), "title": labels(f"run.{key}"), "sha256": facts[fact]}
        for key, fact in hashes
    ]
    about += [
        {"kind": labels("run.evidence"), "basis": labels(f"evidence.{code}", value=value)}
        for code, value in result.read.evidence
    ]
    return pd.concat([told.astype("object"), pd.DataFrame(about)], ignore_index=True)
