"""Results -> files: the workbook, the machine's formats, a converted table, the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import pandas as pd

from gisplan.crs import NamedCrs, transform
from gisplan.errors import OutputError
from gisplan.io.parcels import write_parcels
from gisplan.io.shapefile import FieldName, write_shapefile
from gisplan.io.tables import (
    json_text,
    lon_lat,
    machine_rows,
    with_verdicts,
    write_csv,
    write_json,
    write_layers,
    write_vector,
)
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.printout import summary_lines, terminal_rows, word_overlay
from gisplan.results import Result, Run, read_rows
from gisplan.summary import word_summary
from gisplan.terms import Outcome
from gisplan.wording import DASH

if TYPE_CHECKING:
    from gisplan.io.projects import Intake


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
        return _shapefile_lines(path, fields, labels)
    else:
        there = (
            transform(result.projects, result.plan.crs) if suffix == ".gpkg" else result.projects
        )
        write_vector(path, there, result.verdicts)
    return ()


def _shapefile_lines(path: Path, fields: tuple[FieldName, ...], labels: Labels) -> tuple[str, ...]:
    """Say what a shapefile changed: names of columns, texts that were cut."""
    table = path.with_name(f"{path.stem}_fields.csv")
    renamed = sum(one.field != one.column for one in fields)
    lines = [labels("cli.shp_line", encoding="UTF-8", n=renamed, table=table)]
    lines += [labels("cli.shp_cut_line", column=one.column, n=one.cut) for one in fields if one.cut]
    return tuple(lines)


def json_document(result: Result, run: Run) -> str:
    """Return the machine's view as one JSON document."""
    return json_text(run.facts, machine_rows(result.projects, result.verdicts))


def save_intake(path: Path, read: Intake, labels: Labels) -> None:
    """Write what was read of a list as a workbook: projects, issues, and the evidence."""
    evidence = [labels(f"evidence.{code}", value=value) for code, value in read.evidence]
    sheets = [
        Sheet(labels("sheet.projects"), read_rows(read), 2),
        Sheet(labels("sheet.issues"), word_issues(read.issues, labels)),
        Sheet(labels("sheet.sources"), pd.DataFrame({"value": evidence}, dtype="str")),
    ]
    write_workbook(path, sheets, labels, title=labels("sheet.projects"))


def overlaid(
    plan: Plan, widths: Sequence[float] | None, cap: Literal["round", "flat"]
) -> dict[str, pd.DataFrame]:
    """Compute every table of the buffer and overlap analysis, by name."""
    from gisplan import linkage, overlay

    areas, definition, links = plan.areas, plan.definition, plan.links()
    return {
        "coverage": overlay.coverage(areas),
        "rings": overlay.rings(areas, definition, widths=widths, cap=cap),
        "zone_shares": plan.overlay(widths=widths, cap=cap),
        "zone_pairs": overlay.zone_pairs(areas, definition),
        "sweep": overlay.sweep(areas, cap=cap),
        "stations": linkage.stations(areas),
        "links": links,
        "connectivity": linkage.connectivity(links),
    }


def save_overlay(path: Path, plan: Plan, frames: dict[str, pd.DataFrame], labels: Labels) -> None:
    """Write the overlay as a workbook of tables or as a GeoPackage of layers."""
    if path.suffix.lower() == ".gpkg":
        write_layers(path, {k: f for k, f in frames.items() if isinstance(f, gpd.GeoDataFrame)})
        return
    sheets = [
        Sheet(labels(f"sheet.{name}"), word_overlay(frame, plan, labels), 1)
        for name, frame in frames.items()
    ]
    notes = pd.DataFrame({"value": [labels(f"overlay.note_{k}") for k in range(1, 7)]}, dtype="str")
    sheets.append(Sheet(labels("sheet.notes"), notes))
    write_workbook(path, sheets, labels, title=labels("sheet.zone_shares"))


_OF_AREAS = ("stations", "links", "connectivity")


def save_stats(path: Path, result: Result, frames: dict[str, pd.DataFrame], labels: Labels) -> None:
    """Write the summary by zone and corridor, the industry structure and the linkage."""
    plan = result.plan
    sheets = []
    for name, frame in frames.items():
        word = word_overlay if name in _OF_AREAS else word_summary
        sheets.append(Sheet(labels(f"sheet.{name}"), word(frame, plan, labels), 1))
    lines = [labels(f"stats.note_{k}") for k in range(1, 6)] + summary_lines(result, labels)
    notes = pd.DataFrame({"value": lines}, dtype="str")
    sheets.append(Sheet(labels("sheet.notes"), notes))
    write_workbook(path, sheets, labels, title=labels("stats.title"))


_TITLES = {"wgs84": "WGS 84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}


def save_converted(
    path: Path, projects: gpd.GeoDataFrame, target: NamedCrs, labels: Labels
) -> tuple[str, ...]:
    """Write a converted table: every row and column, with the new coordinates.

    The headers of the coordinates name their system, so that the file is read right again.

    Raises
    ------
    OutputError
        Where lines or footprints would have to go into a table of points.
    """
    suffix = path.suffix.lower()
    if suffix == ".shp":
        return _shapefile_lines(path, write_shapefile(path, projects, labels), labels)
    if suffix == ".txt":
        left = write_parcels(path, projects)
        return (labels("cli.parcels_left", n=len(left)),) if len(left) else ()
    if suffix not in (".xlsx", ".csv"):
        write_vector(path, projects, pd.DataFrame(index=projects.index))
        return ()
    if set(projects.geometry.geom_type.dropna()) - {"Point"}:
        raise OutputError("output_points_only", path=path)
    table = pd.DataFrame(projects.drop(columns=projects.geometry.name))
    degrees = target.offset != "none" or target.crs.is_geographic
    first, second = ("lon", "lat") if degrees else ("east", "north")
    digits, title = 9 if degrees else 4, _TITLES.get(target.name, target.name)
    for code, values in ((first, projects.geometry.x), (second, projects.geometry.y)):
        table[labels(f"convert.{code}", crs=title)] = values.round(digits)
    if suffix == ".csv":
        write_csv(path, table, labels)
    else:
        write_workbook(path, [Sheet(path.stem, table, freeze=2)], labels, title=path.stem)
    return ()


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
