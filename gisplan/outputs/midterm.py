"""The mid-term evaluation -> a workbook or a one-page figure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gisplan.io.provenance import picture_text, signed
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes
from gisplan.labels import Labels
from gisplan.outputs.stats import FIGURES
from gisplan.printout.midterm import figure_tables, midterm_findings, word_midterm
from gisplan.printout.siting import summary_lines
from gisplan.results import Result

NOTES = 6
"""How many notes on method ``midterm.note_…`` has."""


def save_midterm(
    path: Path,
    result: Result,
    frames: dict[str, pd.DataFrame],
    labels: Labels,
    *,
    tables: Mapping[str, Path | None] | None = None,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write the evaluation as a workbook of tables or as a one-page figure.

    *tables* are the files of targets and buildings, for the record of what it rests on.
    """
    about = signed({**(about or result.about), **_hashes(tables or {})})
    found = midterm_findings(result, frames, labels)
    if path.suffix.lower() in FIGURES:
        from gisplan.plotting import render
        from gisplan.plotting.charts_midterm import plot_midterm

        title = result.plan.definition.title.get(labels.language)
        subtitle = labels("midterm.subtitle", plan=title, file=result.file)
        told = figure_tables(frames, result.plan, labels)
        write_bytes(
            path,
            render(
                plot_midterm(told, found, labels, subtitle=subtitle),
                path.suffix,
                about=picture_text(about),
            ),
        )
        return
    sheets = [_lines("findings", found, labels)]
    sheets += [
        Sheet(labels(f"sheet.{name}"), word_midterm(name, frame, result.plan, labels), 2)
        for name, frame in frames.items()
    ]
    notes = [labels(f"midterm.note_{k}") for k in range(1, NOTES + 1)]
    sheets.append(_lines("notes", notes + summary_lines(result, labels), labels))
    write_workbook(path, sheets, labels, title=labels("midterm.title"), about=about)


def _hashes(tables: Mapping[str, Path | None]) -> dict[str, str]:
    """Names and hashes of the tables that were given."""
    told = {}
    for name, path in tables.items():
        if path is not None:
            told[f"{name}_file"] = path.name
            told[f"{name}_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return told


def _lines(name: str, lines: list[str], labels: Labels) -> Sheet:
    frame = pd.DataFrame({"value": lines}, dtype="str")
    return Sheet(labels(f"sheet.{name}"), frame, headers={"value": labels(f"sheet.{name}")})
