"""The one-page figure of a plan revision: both versions, what changed, whose outcome and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from matplotlib.figure import Figure

from gisplan.crs import transform
from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.plotting.charts import (
    TEXT,
    Box,
    chart_sheet,
    draw_bars,
    draw_key,
    draw_matrix,
    head,
)
from gisplan.plotting.charts_plans import SmallMap, bounds_of, draw_plan
from gisplan.plotting.page import INK, LEADING, MM, PALE, Page
from gisplan.terms import OUTCOMES, Kind

GAINED: Final = "#1b7837"
GIVEN_UP: Final = "#b2182b"
"""Ground that is new in the newer version, and ground that it gives up."""

Side = tuple[PlanDefinition, gpd.GeoDataFrame]


def plot_revision(
    old: Side,
    new: Side,
    changes: gpd.GeoDataFrame,
    projects: pd.DataFrame,
    *,
    effects: pd.DataFrame,
    lines: Sequence[str],
    labels: Labels,
) -> Figure:
    """Draw a revision on one page.

    Parameters
    ----------
    old, new
        Definition and areas of both versions.
    changes, projects, effects
        Tables of `gisplan.revision.Revision`.
    lines
        What sums the revision up, in words.
    labels
        The words of one language.

    Returns
    -------
    Figure
        A4, landscape, with the axes ``old`` and ``new`` in metres of the newer CRS.
    """
    versions = (old[0].version, new[0].version)
    title = labels("revision.figure_title", old=versions[0], new=versions[1])
    notes = [labels("revision.note_2"), labels("revision.note_5"), labels("revision.note_6")]
    page, room = chart_sheet(title, subtitle=lines[0], notes=notes)
    maps, below = room.rows(1.45, 1)
    _draw_maps(page, maps, (old, new), changes, labels)
    left, middle, right = below.columns(1, 1, 1)
    _write_lines(page, head(page, left, labels("revision.figure_changes")), lines[1:])
    _draw_outcomes(page, head(page, middle, labels("revision.figure_outcomes")), projects, labels)
    _draw_causes(page, head(page, right, labels("revision.figure_causes")), effects, labels)
    return page.figure


def _draw_maps(
    page: Page, box: Box, sides: tuple[Side, Side], changes: gpd.GeoDataFrame, labels: Labels
) -> None:
    crs = pyproj.CRS(changes.crs)
    moved = [transform(areas, crs) for _, areas in sides]
    bounds = bounds_of([shape for areas in moved for shape in areas.geometry])
    held = [
        {row.id: row.geometry for row in areas.itertuples() if row.kind != Kind.COVERAGE}
        for areas in moved
    ]
    keys = changes.loc[changes["change"] != "same", "area_id"]
    lost = [_less(held[0].get(key), held[1].get(key)) for key in keys]
    gained = [_less(held[1].get(key), held[0].get(key)) for key in keys]
    for part, name, (definition, _), areas in zip(
        box.columns(1, 1), ("old", "new"), sides, moved, strict=True
    ):
        version = labels(f"revision.figure_{name}", version=definition.version)
        inner = head(page, part, version)
        inner = Box(inner.left, inner.bottom + 6, inner.width, inner.height - 6)
        ground = SmallMap(page, inner, bounds, label=name)
        draw_plan(ground, definition, areas, language=labels.language)
        color, shapes = (GIVEN_UP, lost) if name == "old" else (GAINED, gained)
        shapes = [shape for shape in shapes if shape is not None and not shape.is_empty]
        for shape in shapes:
            ground.add(shape, facecolor="none", edgecolor=color, linewidth=2.2)
            ground.add(shape, facecolor=color, edgecolor="none", alpha=0.12)
        ground.scale(labels("overlay.kilometres"))
        word = labels(f"revision.key_{'given_up' if name == 'old' else 'gained'}")
        if shapes:
            draw_key(page, inner.left, inner.bottom - 1.5, [(word, color, "line")], width=60)


def _less(one: Any, other: Any) -> Any:
    """What of a shape the other version does not have."""
    return one if one is None or other is None else one.difference(other)


def _write_lines(page: Page, box: Box, lines: Sequence[str]) -> None:
    y = box.top
    for line in lines:
        if y - 3 * LEADING * TEXT / MM < box.bottom:
            page.write(box.left, y - TEXT / MM, "…", size=TEXT)
            return
        y = page.write_lines(box.left, y, line, width=box.width, size=TEXT, color=INK) - 1.2


def _draw_outcomes(page: Page, box: Box, projects: pd.DataFrame, labels: Labels) -> None:
    """Count projects by the older and the newer outcome; the diagonal is what stays."""
    if projects.empty:
        page.write(box.left, box.top - 4, labels("revision.figure_no_projects"), color=PALE)
        return
    held = [
        code for code in OUTCOMES
        if (projects["old_outcome"] == code).any() or (projects["new_outcome"] == code).any()
    ]  # fmt: skip
    names = [labels(f"outcome.{code}") for code in held]
    count = np.array(
        [
            [((projects["old_outcome"] == a) & (projects["new_outcome"] == b)).sum() for b in held]
            for a in held
        ],
        dtype=float,
    )
    texts = [[str(int(n)) if n else "" for n in row] for row in count]
    off = count.copy()
    np.fill_diagonal(off, np.nan)
    most = max(float(np.nanmax(off, initial=0.0)), 1.0)
    y = draw_matrix(
        page, box, names, names, off, texts, color="#d55e00", most=most, names=22, tallest=7
    )
    if not projects["changed"].any():
        page.write(box.left, y - 5, labels("revision.figure_no_change"), color=INK, bold=True)


def _draw_causes(page: Page, box: Box, effects: pd.DataFrame, labels: Labels) -> None:
    if effects.empty:
        page.write(box.left, box.top - 4, labels("revision.figure_no_change"), color=PALE)
        return
    shares = effects.groupby("factor", sort=False)["share"].sum()
    bars = [
        (labels(f"revision_factor.{code}"), abs(value), f"{value:.2g}", "#0072b2")
        for code, value in shares.items()
    ]
    draw_bars(page, box, bars, names=22)
