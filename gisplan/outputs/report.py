"""A result -> the siting report: Word, HTML and PDF from one document, and its workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from gisplan.io.documents import SUFFIXES, Document, write_document
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels
from gisplan.outputs.siting import check_sheets
from gisplan.plan import Plan
from gisplan.printout.stats import word_stats
from gisplan.report import Material, report
from gisplan.report.findings import constraint_frame, fragile_frame
from gisplan.report.places import find, places_frame
from gisplan.results import Result, Run
from gisplan.structure import mix
from gisplan.zonal import Zonal, summarise, units
from gisplan.zonal.words import word_classes, word_zonal

REPORTS: Final = (*SUFFIXES, ".xlsx")
"""Formats of the report, by suffix."""


def save_report(
    path: Path,
    result: Result,
    run: Run,
    labels: Labels,
    *,
    zonal: Zonal | None = None,
    sites: str = "auto",
    **options: Any,
) -> None:
    """Write the siting report of a result; the suffix of *path* is the format.

    Parameters
    ----------
    path, result, run, labels
        The file, what was judged, what it rests on, and the language.
    zonal
        What `summary_of` says of a raster.
    sites, options
        As for `gisplan.report.report`; a workbook has no cards.

    Raises
    ------
    OutputError
        For another suffix, or where the file cannot be written.
    MissingExtra
        Where the library for the format is not installed.
    """
    of = material(result, run, labels, zonal)
    if path.suffix.lower() == ".xlsx":
        sheets = report_sheets(of, result, run, sites)
        write_workbook(path, sheets, labels, title=labels("report.kind"), about=run.facts)
        return
    document = report(of, sites=sites, map_page=lambda: _map(result, labels), **options)
    write_document(path, document, about=run.facts)


def summary_of(plan: Plan, raster: Path, **options: Any) -> Zonal:
    """Summarise a raster over the study area, the zones and along the corridors.

    Parameters
    ----------
    plan, raster
        The plan and the file.
    options
        ``band``, ``crs``, ``nodata`` and ``classes`` as `gisplan.zonal.summarise`.
    """
    kinds = ("study_area", "zones", "corridors")
    parts = [units(plan.areas, plan.definition, over=kind) for kind in kinds]
    over = pd.concat([one for one in parts if len(one)] or parts[:1], ignore_index=True)
    return summarise(over, raster, **options)


def material(result: Result, run: Run, labels: Labels, zonal: Zonal | None = None) -> Material:
    """Gather what a report is made from; the words of the rules are those of the workbook."""
    plan = result.plan
    return Material(
        plan.definition, plan.areas, plan.layers, result.projects, result.verdicts,
        result.rules(labels.language), plan.measure(result.projects), labels,
        result.read.issues, result.read.evidence, run.facts, result.overrules,
        folder=plan.folder, zonal=zonal,
    )  # fmt: skip


def _map(result: Result, labels: Labels) -> str:
    page = result.plan.explore(result.projects, result.verdicts, language=labels.language)
    return str(page.get_root().render())


def report_sheets(of: Material, result: Result, run: Run, sites: str = "auto") -> list[Sheet]:
    """Lay out the workbook: that of the check, and the tables of the report as numbers."""
    labels, plan = of.labels, result.plan
    sheets = check_sheets(result, run, labels)
    added = []
    for by in ("zone", "corridor"):
        frame = mix.tally(of.projects, of.verdicts, of.definition, by=by)
        told = word_stats(f"by_{by}", frame, plan, labels)
        added.append(Sheet(labels(f"sheet.by_{by}"), told, 1))
    headers = {one: labels(f"outcome.{one}") for one in ("fail", "review", "unknown")}
    frames: dict[str, pd.DataFrame] = {
        "constraints": constraint_frame(of), "fragile": fragile_frame(of),
    }  # fmt: skip
    for name, frame in frames.items():
        coloured = ("nominal",) if name == "fragile" else ()
        added.append(Sheet(labels(f"sheet.{name}"), frame, 1, coloured, headers))
    return [*sheets[:2], *added, *_ground_sheets(of, sites), *sheets[2:]]


def _ground_sheets(of: Material, sites: str) -> list[Sheet]:
    """Lay out every place that was looked for, and the statistics of a raster."""
    labels, places = of.labels, find(of, sites)
    made = []
    if len(places.found):
        made.append(Sheet(labels("sheet.report_places"), places_frame(of, places), 2, ("outcome",)))
    if of.zonal is not None:
        frame = word_zonal(of.zonal.stats, of.definition, labels)
        if of.zonal.classes is not None:
            shares = word_classes(of.zonal.classes, of.definition, labels)
            made.append(Sheet(labels("sheet.report_zonal_classes"), shares, 1))
            frame = frame.drop(columns=["mean", "stdev", "sum"])  # of codes they mean nothing
        made.append(Sheet(labels("sheet.report_zonal"), frame, 1))
    return made


__all__ = ["REPORTS", "Document", "material", "report_sheets", "save_report", "summary_of"]
