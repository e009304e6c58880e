"""A result -> its files: the workbook and the machine's formats."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gisplan.columns import Coded, Columns
from gisplan.crs import WGS84, transform
from gisplan.frames import table_of
from gisplan.io.cellwise import ByColumn, Grid, digest, grid_of, plain, system
from gisplan.io.evidence import evidence_line
from gisplan.io.flat import (
    csv_text,
    json_text,
    machine_columns,
    machine_rows,
    plain_cells,
    write_csv,
)
from gisplan.io.provenance import facts_sha256, write_sidecar
from gisplan.io.workbook import Sheet, sheet_grid, sheet_name, write_workbook
from gisplan.io.writing import write_text
from gisplan.labels import Labels
from gisplan.outputs.lists import shapefile_lines, word_issues
from gisplan.printout import summary_lines
from gisplan.results import Result, Run
from gisplan.terms import OVERRULE_COLUMNS, Outcome, Rule
from gisplan.wording import DASH, status_of

if TYPE_CHECKING:
    import geopandas as gpd

    from gisplan.io.address import Address, Table

LONG: Final = 1000
"""Projects beyond which the sheet of rules tells in one row what reads alike for all."""

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
    if suffix == ".json":
        write_text(path, json_document(result, run, labels))
        return ()
    about = about_content(content(suffix, result, run, labels), run, labels)
    if suffix == ".csv":
        write_csv(path, told_table(result, labels), labels)
        return (labels("verify.beside", path=write_sidecar(path, about)),)
    if suffix == ".shp":
        from gisplan.io.shapefile import write_shapefile
        from gisplan.io.tables import with_verdicts

        there = transform(result.projects, result.plan.crs)
        fields = write_shapefile(
            path, with_verdicts(there, result.recorded), labels, day=str(about["date"])
        )
        beside = labels("verify.beside", path=write_sidecar(path, about))
        return (*shapefile_lines(path, fields, labels), beside)
    from gisplan.io.tables import write_vector

    write_vector(path, placed(result, suffix), result.recorded, about=about)
    return ()


def save_table(
    address: Address, table: Table, result: Result, run: Run, labels: Labels
) -> tuple[tuple[str, str], ...]:
    """Write a result into a table of a database; return the columns that were renamed."""
    from gisplan.io.postgis_store import write_table
    from gisplan.io.tables import with_verdicts

    about = about_content(content("", result, run, labels), run, labels)
    return write_table(address, table, with_verdicts(placed(result, ""), result.recorded), about)


def placed(result: Result, suffix: str) -> gpd.GeoDataFrame:
    """Return the projects in the system that a format is written in."""
    plane = suffix in (".gpkg", ".shp", "")
    return transform(result.projects, result.plan.crs) if plane else result.projects


def _machine(result: Result) -> Columns:
    crs = table_of(result.read, "projects").crs
    return machine_columns(result.listed, crs, result.recorded_columns)


def about_content(grids: Mapping[str, Grid | ByColumn], run: Run, labels: Labels) -> dict[str, Any]:
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
        grids = _grids(check_sheets(result, run, labels), labels)
        return {name: one.grid() for name, one in grids.items()}
    if suffix == ".csv":
        text = csv_text(told_table(result, labels), labels)
        return {"csv": [[plain(cell) for cell in row] for row in csv.reader(io.StringIO(text))]}
    if suffix == ".json":
        return {"projects": ByColumn.of(_machine(result)).grid()}
    import pandas as pd

    from gisplan.io.postgis_store import column_names
    from gisplan.io.tables import apart, with_verdicts

    frame = with_verdicts(placed(result, suffix), result.recorded)
    if suffix == ".geojson":
        frame = transform(frame, WGS84)
    titles = apart(frame) if suffix == ".gpkg" else column_names(frame) if not suffix else {}
    table = pd.DataFrame(frame)
    told = {"verdicts": grid_of(table, [titles.get(str(one), str(one)) for one in table])}
    # Numbers are a place only in their system.
    return {**told, "crs": system(frame)} if suffix in (".gpkg", ".parquet", "") else told


def _grids(sheets: Sequence[Sheet], labels: Labels) -> dict[str, ByColumn]:
    return {sheet_name(sheet.title): sheet_grid(sheet, labels) for sheet in sheets}


def json_document(result: Result, run: Run, labels: Labels | None = None) -> str:
    """Return the machine's view as one JSON document."""
    labels = labels or Labels()
    machine = _machine(result)
    about = about_content({"projects": ByColumn.of(machine)}, run, labels)
    return json_text(about, machine_rows(machine))


def check_sheets(result: Result, run: Run, labels: Labels) -> list[Sheet]:
    """Lay out the sheets of the workbook."""
    rules = result.rule_columns(labels.language)
    told = Columns({name.removesuffix("_title"): rules[name] for name in _RULE_SHEET}, rules.rows)
    if result.judged.rows > LONG:
        told = _alike_once(told, rules, result, labels)
    return [
        Sheet(
            labels("sheet.summary"),
            _summary(result, labels),
            headers={"item": labels("run.title"), "value": ""},
        ),
        Sheet(labels("sheet.verdicts"), told_table(result, labels), 2, _coloured(result)),
        Sheet(labels("sheet.rules"), told, 2, ("outcome",)),
        Sheet(labels("sheet.issues"), word_issues(table_of(result.read, "issues").columns, labels)),
        Sheet(labels("sheet.sources"), _sources(result, run, labels)),
    ]


def _alike_once(told: Columns, rules: Columns, result: Result, labels: Labels) -> Columns:
    """Tell what reads the same for every located project in one row for all, at the top.

    A constraint without data has nothing to say of a single project but that it was not
    checked; in a long list such rows would be half of the sheet.
    """
    kept, shown, names = np.ones(rules.rows, dtype=bool), [], []
    texts, outcomes = rules.coded("text").codes, rules.coded("outcome").codes
    located = result.located[rules.array("project")] & np.isnan(rules.numbers("margin"))
    for key in result.plan.definition.unchecked:
        about = rules.coded("rule").reads(f"{Rule.CLEAR_OF}:{key}")
        rows = np.flatnonzero(about & located)
        first = rows[:1]
        alike = rows[(texts[rows] == texts[first]) & (outcomes[rows] == outcomes[first])]
        if len(alike) > 1:
            kept[alike] = False
            shown.append(int(alike[0]))
            names.append(labels("run.alike_projects", n=f"{len(alike):,}"))
    if not shown:
        return told
    top = told.take(np.array(shown)).also(id=Coded.always("", len(shown)), name=Coded.of(names))
    return Columns.joined([top, told.take(kept)])


_RULE_SHEET = (
    "id", "name", "rule_title", "outcome_title", "subject_title", "text", "measured", "unit",
    "threshold", "margin", "sigma", "same", "clause", "place", "clause_kind", "layer",
)  # fmt: skip


_VERDICT_SHEET = (
    "id", "name", "outcome", "confidence", "zone", "zone_margin", "corridor", "corridor_distance",
    "reasons", "unchecked", "nominal", "flip_distance", "industry", "investment", "issues",
    "lon", "lat", "accuracy",
)  # fmt: skip


def told_table(result: Result, labels: Labels) -> Columns:
    """Lay out the verdicts as people read them, with places and accuracy."""
    told = result.told_columns(labels.language)
    accuracy = result.listed.numbers("accuracy")
    told = Columns({**told, **result.places, "accuracy": accuracy}, told.rows)
    shown = list(_VERDICT_SHEET)
    if result.decided is not None:
        at = shown.index("outcome") + 1
        shown[at:at] = OVERRULE_COLUMNS
    return Columns({name: told[name] for name in shown}, told.rows)


def _coloured(result: Result) -> tuple[str, ...]:
    return ("outcome", "nominal", *(("overruled",) if result.decided is not None else ()))


def _summary(result: Result, labels: Labels) -> Columns:
    tally = Counter(result.judged.texts("outcome"))
    rows: list[tuple[str, Any]] = [(labels("run.rows"), result.judged.rows)]
    rows += [(labels(f"outcome.{one}"), tally[one.value]) for one in Outcome]
    if result.decided is not None:
        stands = Counter(result.stands.texts())
        n = int((result.decided.texts("overruled") != "").sum())
        rows.append((labels("overrule.count"), n))
        rows += [
            (labels("overrule.stands", outcome=labels(f"outcome.{one}")), stands[one.value])
            for one in Outcome
        ]
    rows += [(labels("run.unlocated"), int((~result.located).sum()))]
    rows += [("", line) for line in summary_lines(result, labels)]
    if result.judged.rows > LONG and result.plan.definition.unchecked:
        rows.append(("", labels("run.alike_note", limit=f"{LONG:,}")))
    rows += [("", labels("run.sigma_note")), ("", labels("run.note"))]
    return _columns(("item", "value"), rows)


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Columns:
    """Columns of values of any kind, as cells of a sheet hold them."""
    cells = np.empty((len(rows), len(names)), dtype=object)
    for at, row in enumerate(rows):
        cells[at] = row
    return Columns(dict(zip(names, cells.T, strict=True)), len(rows))


def _sources(result: Result, run: Run, labels: Labels) -> Columns:
    """Layers, one row each, then the run: everything that the verdicts rest on."""
    language = labels.language
    layers = result.plan.layer_columns

    def word(column: str, section: str) -> list[str]:
        return [labels(f"{section}.{one or 'none'}") for one in layers.texts(column)]

    told = {
        "kind": word("kind", "kind"),
        "title": [result.plan.definition.name(key, language) for key in layers.texts("id")],
        "status": [
            status_of(one, until, labels)
            for one, until in zip(layers.texts("status"), layers.array("valid_until"), strict=True)
        ],
        "accuracy": plain_cells(layers["accuracy"]),
        "as_of": plain_cells(layers["as_of"]),
        "clause": layers.texts("clause"),
        "place": layers.texts("place"),
        "clause_kind": word("clause_kind", "clause"),
        **{name: layers.texts(name) for name in ("owner", "basis", "source", "sha256")},
    }
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
        {"kind": labels("run.evidence"), "basis": evidence_line(code, value, labels)}
        for code, value in result.read.evidence
    ]
    rows = [*zip(*told.values(), strict=True), *([one.get(name) for name in told] for one in about)]
    return _columns(list(told), rows)
