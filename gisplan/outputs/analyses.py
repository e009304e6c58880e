"""Overlay and linkage -> workbook, layers and one-page figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

from gisplan.io.provenance import picture_text
from gisplan.io.tables import write_layers
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.printout import word_overlay
from gisplan.results import Run
from gisplan.wording import DASH


def overlaid(
    plan: Plan, widths: Sequence[float] | None, cap: Literal["round", "flat"]
) -> dict[str, pd.DataFrame]:
    """Compute every table of the buffer and overlap analysis, by name."""
    from gisplan import linkage, overlay

    areas, definition, links = plan.areas, plan.definition, plan.links()
    stations = linkage.stations(areas)
    return {
        "coverage": overlay.coverage(areas),
        "rings": overlay.rings(areas, definition, widths=widths, cap=cap),
        "zone_shares": plan.overlay(widths=widths, cap=cap),
        "zone_pairs": overlay.zone_pairs(areas, definition),
        "sweep": overlay.sweep(areas, cap=cap),
        "stations": linkage.stretch_lines(areas, stations),
        "links": links,
        "connectivity": linkage.connectivity(links),
    }


def save_overlay(
    path: Path,
    plan: Plan,
    frames: dict[str, pd.DataFrame],
    labels: Labels,
    *,
    cap: Literal["round", "flat"] = "round",
    figure: Literal["rings", "links"] = "rings",
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write the overlay as a workbook of tables, a GeoPackage of layers or a figure."""
    about, suffix = about or Run.of_plan(plan).facts, path.suffix.lower()
    if suffix == ".gpkg":
        drawn = {k: f for k, f in frames.items() if isinstance(f, gpd.GeoDataFrame)}
        write_layers(path, drawn, about=about)
        return
    if suffix != ".xlsx":
        from gisplan.plotting import render

        draw = overlay_figure if figure == "rings" else linkage_figure
        write_bytes(path, render(draw(plan, frames, labels, cap=cap), suffix,
                                 about=picture_text(about)))  # fmt: skip
        return
    sheets = [
        Sheet(labels(f"sheet.{name}"), word_overlay(frame, plan, labels), 1)
        for name, frame in frames.items()
    ]
    notes = [labels(f"overlay.note_{k}") for k in range(1, 10)] + absent_lines(plan, labels)
    sheets.append(Sheet(labels("sheet.notes"), pd.DataFrame({"value": notes}, dtype="str")))
    write_workbook(path, sheets, labels, title=labels("sheet.zone_shares"), about=about)


def overlay_figure(
    plan: Plan, frames: dict[str, pd.DataFrame], labels: Labels, *, cap: Literal["round", "flat"]
) -> Any:
    """Draw rings, shares with their range, the sweep and the pairs of zones on one page."""
    from gisplan import overlay
    from gisplan.plotting.charts_overlay import plot_overlay

    shares = frames["zone_shares"].copy()
    outer = float(shares["outer"].max()) if len(shares) else 0.0
    within = overlay.sweep(plan.areas, widths=[outer], cap=cap)
    shares.attrs["within"] = {
        (row.zone, row.corridor): (row.share_low, row.share_high) for row in within.itertuples()
    }
    subtitle = labels(
        "overlay.figure_subtitle", outer=f"{outer:,.0f}", cap=labels(f"overlay.{cap}"),
        version=plan.definition.version, crs=plan.definition.crs,
    )  # fmt: skip
    notes = [labels(f"overlay.note_{k}") for k in (2, 5, 7)] + absent_lines(plan, labels)
    lines = [subtitle, _sum_line(frames["coverage"], labels), *notes]
    return plot_overlay(
        plan.definition, plan.areas, {**frames, "zone_shares": shares}, lines=lines, labels=labels
    )


def linkage_figure(
    plan: Plan, frames: dict[str, pd.DataFrame], labels: Labels, *, cap: Literal["round", "flat"]
) -> Any:
    """Draw a strip map per corridor, the links and what a cut breaks on one page."""
    from gisplan.plotting.charts_linkage import plot_linkage

    del cap  # linkage has no rings
    notes = [labels("overlay.note_6"), labels("overlay.note_9"), *absent_lines(plan, labels)]
    return plot_linkage(
        plan.definition, frames["stations"], frames["links"], frames["connectivity"],
        notes=notes, labels=labels,
    )  # fmt: skip


def absent_lines(plan: Plan, labels: Labels) -> list[str]:
    """Name the layers that have no data and so no row: they are not zero."""
    from gisplan.overlay import absent

    names = [plan.definition.name(key, labels.language) for key in absent(plan.areas)]
    comma = "、" if labels.language == "zh" else ", "
    return [labels("overlay.absent_line", names=comma.join(names))] if names else []


def _sum_line(coverage: pd.DataFrame, labels: Labels) -> str:
    by = coverage.set_index("area_id")
    union = by.loc["union"]
    study = by.loc["study_area"] if "study_area" in by.index else None
    rest = by.loc["rest"] if "rest" in by.index else None

    def told(row: Any, column: str) -> str:
        return DASH if row is None else f"{row[column]:,.0f}"

    share = union["share_of_study_area"]
    return labels(
        "overlay.figure_bare", study=told(study, "hectares"), study_mu=told(study, "mu"),
        union=told(union, "hectares"), union_mu=told(union, "mu"), rest=told(rest, "hectares"),
        share=DASH if share != share else f"{share:.1%}",
    )  # fmt: skip
