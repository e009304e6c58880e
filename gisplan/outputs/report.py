"""A result -> the siting report: Word, HTML and PDF from one document, and its workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from gisplan.io.documents import SUFFIXES, Document, write_document
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels
from gisplan.outputs.siting import check_sheets
from gisplan.printout.stats import word_stats
from gisplan.report import Material, report
from gisplan.report.findings import constraint_frame, fragile_frame
from gisplan.report.pictures import Progress
from gisplan.results import Result, Run
from gisplan.structure import mix

REPORTS: Final = (*SUFFIXES, ".xlsx")
"""Formats of the report, by suffix."""


def save_report(
    path: Path,
    result: Result,
    run: Run,
    labels: Labels,
    *,
    cards: str = "auto",
    jobs: int = 1,
    progress: Progress | None = None,
) -> None:
    """Write the siting report of a result; the suffix of *path* is the format.

    Raises
    ------
    OutputError
        For another suffix, or where the file cannot be written.
    MissingExtra
        Where the library for the format is not installed.
    """
    of = material(result, run, labels)
    if path.suffix.lower() == ".xlsx":
        sheets = report_sheets(of, result, run)
        write_workbook(path, sheets, labels, title=labels("report.kind"), about=run.facts)
        return
    document = report(
        of, cards=cards, jobs=jobs, progress=progress, map_page=lambda: _map(result, labels)
    )
    write_document(path, document, about=run.facts)


def material(result: Result, run: Run, labels: Labels) -> Material:
    """Gather what a report is made from; the words of the rules are those of the workbook."""
    plan = result.plan
    return Material(
        plan.definition, plan.areas, plan.layers, result.projects, result.verdicts,
        result.rules(labels.language), plan.measure(result.projects), labels,
        result.read.issues, result.read.evidence, run.facts, result.overrules,
    )  # fmt: skip


def _map(result: Result, labels: Labels) -> str:
    page = result.plan.explore(result.projects, result.verdicts, language=labels.language)
    return str(page.get_root().render())


def report_sheets(of: Material, result: Result, run: Run) -> list[Sheet]:
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
    return [*sheets[:2], *added, *sheets[2:]]


__all__ = ["REPORTS", "Document", "material", "report_sheets", "save_report"]
