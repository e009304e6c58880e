"""Overlay and statistics -> workbooks and layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd

from gisplan.io.tables import (
    write_layers,
)
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.printout import summary_lines, word_overlay
from gisplan.results import Result
from gisplan.summary import word_summary


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
