"""Statistics and the mid-term evaluation -> workbooks and one-page figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gisplan.io.provenance import picture_text, stamp_page
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes, write_text
from gisplan.labels import Labels
from gisplan.printout.siting import summary_lines
from gisplan.printout.stats import (
    area_name,
    findings,
    industry_name,
    word_roles,
    word_stats,
)
from gisplan.results import Result
from gisplan.summary import REACH, Evidence

FIGURES = (".png", ".pdf", ".svg")
NOTES = 13
"""How many notes on method ``stats.note_…`` has."""


def save_stats(
    path: Path, result: Result, frames: dict[str, pd.DataFrame], labels: Labels,
    *, about: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write the statistics as a workbook of tables or as a one-page figure."""
    about = about or result.about
    if path.suffix.lower() in FIGURES:
        from gisplan.plotting import render
        from gisplan.plotting.charts_stats import plot_stats

        found, named = findings(result, frames, labels), _names(result, frames, labels)
        subtitle = labels(
            "stats.subtitle", plan=result.plan.definition.title.get(labels.language),
            file=result.file, n=len(result.projects), placed=int(result.located.sum()),
        )  # fmt: skip
        figure = plot_stats(frames, found, named, labels, subtitle=subtitle)
        write_bytes(path, render(figure, path.suffix, about=picture_text(about)))
        return
    plan = result.plan
    sheets = [_lines("findings", findings(result, frames, labels), labels)]
    for name, frame in frames.items():
        told = word_stats(name, frame, plan, labels)
        sheets.append(Sheet(labels(f"sheet.{name}"), told, 1))
        if name == "roles":
            matrix = word_roles(frame, plan, labels)
            sheets.append(Sheet(labels("sheet.role_matrix"), matrix, 1))
    notes = [labels(f"stats.note_{k}") for k in range(1, NOTES + 1)]
    sheets.append(_lines("notes", notes + summary_lines(result, labels), labels))
    write_workbook(path, sheets, labels, title=labels("stats.title"), about=about)


def save_map(
    path: Path, result: Result, found: Evidence, labels: Labels,
    *, about: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write the interactive map with what is left of zones and what services reach."""
    from gisplan.map_payload.room import reach_layer, room_layer

    layers = [
        room_layer(found.room, result.plan.definition, labels),
        reach_layer(found.services, REACH, labels),
    ]
    page = result.plan.explore(
        result.projects, result.verdicts, language=labels.language, layers=layers
    )
    write_text(path, stamp_page(page.get_root().render(), about or result.about))


def _names(result: Result, frames: dict[str, pd.DataFrame], labels: Labels) -> dict[str, str]:
    """Titles of the areas and sections that a figure names."""
    areas = {key: area_name(key, result.plan, labels) for key in frames["by_zone"]["area_id"]}
    codes = [str(code) for code in frames["structure"] if code != "area_id"]
    return areas | {code: industry_name(code, labels) for code in codes}


def _lines(name: str, lines: list[str], labels: Labels) -> Sheet:
    frame = pd.DataFrame({"value": lines}, dtype="str")
    return Sheet(labels(f"sheet.{name}"), frame, headers={"value": labels(f"sheet.{name}")})
