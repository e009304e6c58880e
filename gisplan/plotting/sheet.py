"""The report map: one sheet, a true round scale, and nothing left out without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from matplotlib.figure import Figure
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from gisplan.crs import transform
from gisplan.errors import GisplanError
from gisplan.labels import Labels
from gisplan.plotting.ground import (
    Area,
    Ground,
    add_shape,
    areas_to_draw,
    draw_areas,
    draw_graticule,
    lay_out,
    round_scale,
)
from gisplan.plotting.naming import Entry, name_everything
from gisplan.plotting.page import Page, extent
from gisplan.plotting.panel import (
    Column,
    Shown,
    block_height,
    draw_account,
    draw_block,
    draw_compass_and_scale,
    draw_legend,
    title_block,
)
from gisplan.terms import Status

if TYPE_CHECKING:
    from gisplan.definition import PlanDefinition

MARGIN = 0.02
"""Share of the frame kept free round the areas."""

NEAR = 0.25
"""A project farther from the areas than this share of their extent is told, not drawn:
one wrong coordinate must not shrink the plan to a dot."""


@dataclass(frozen=True)
class Paper:
    """A sheet in landscape: size, binding edge, other edges and panel in millimetres.

    ``type`` is the factor of its type sizes.
    """

    width: float
    height: float
    binding: float
    margin: float
    panel: float
    type: float


PAPERS: Final = {
    "A4": Paper(297, 210, 18, 8, 66, 1.0),
    "A3": Paper(420, 297, 25, 10, 88, 1.3),
}


def plot(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame | None = None,
    verdicts: pd.DataFrame | None = None,
    *,
    language: str = "zh",
    scale: float | None = None,
    paper: str = "A4",
    author: str = "",
    review_number: str = "",
) -> Figure:
    """Draw the map sheet of a plan and its projects for print.

    Parameters
    ----------
    definition
        Titles, colours, rings and owners.
    areas
        `gisplan.terms.AREA_COLUMNS` in the plan's projected CRS (metres).
    projects
        `gisplan.terms.PROJECT_COLUMNS` in any CRS; each is drawn, or named in the panel as
        without a place or off the sheet.
    verdicts
        ``outcome`` codes by the index of *projects*; without them the markers are plain.
    language
        ``"zh"`` or ``"en"``.
    scale
        Denominator, such as 50000; by default the largest round one that holds the plan.
    paper
        ``"A4"`` or ``"A3"``, landscape.
    author, review_number
        编制单位 and 审图号 of the title block; their cells stay empty without them.

    Returns
    -------
    Figure
        Of the size of the paper, with the axes ``"map"`` in metres of the plan's CRS and
        ``"paper"`` in millimetres. Write it with `gisplan.plotting.render`.

    Raises
    ------
    GisplanError
        ``glyph_missing`` for a character the font lacks, ``plot_paper``, ``plot_scale``
        where the plan does not fit, ``plot_empty`` without any geometry.
    """
    if paper not in PAPERS:
        raise GisplanError("plot_paper", value=paper, allowed=", ".join(PAPERS))
    labels, sheet = Labels(language), PAPERS[paper]
    drawn = areas_to_draw(definition, areas, language)
    if not drawn:
        raise GisplanError("plot_empty")
    entries = _entries(projects, verdicts, areas.crs)
    page = Page(sheet.width, sheet.height)
    ground = _ground(page, sheet, drawn, entries, scale, pyproj.CRS(areas.crs))
    on = [entry for entry in entries if _is_on(entry, ground)]
    off = [entry for entry in entries if entry.geometry is not None and entry not in on]
    draw_areas(ground, drawn)
    draw_graticule(page, ground, size=5.4 * sheet.type)
    _draw_footprints(ground, on)
    worst_first = sorted(on, key=lambda entry: (-entry.symbol.order, entry.number))
    unnamed, numbered, left = name_everything(page, ground, drawn, worst_first, scale=sheet.type)
    numbered.sort(key=lambda entry: entry.number)
    _draw_frames(page, sheet, ground)
    _draw_title(page, sheet, definition, labels, with_projects=bool(entries))
    shown = Shown(entries, on, off, numbered, left, [area.title for area in unnamed])
    rows = title_block(definition, areas, ground, labels, author=author, review=review_number)
    _draw_panel(page, sheet, ground, drawn, shown, rows, labels)
    return page.figure


def _entries(
    projects: gpd.GeoDataFrame | None, verdicts: pd.DataFrame | None, crs: object
) -> list[Entry]:
    if projects is None:
        return []
    located = projects if projects.crs is None else transform(projects, pyproj.CRS(crs))
    outcomes = None if verdicts is None else verdicts["outcome"].reindex(projects.index)
    entries = []
    for number in range(len(projects)):
        shape = located.geometry.iloc[number]
        empty = shape is None or shape.is_empty
        entries.append(
            Entry(
                number + 1,
                _text(projects, "id", number),
                _text(projects, "name", number),
                "" if outcomes is None else str(outcomes.iloc[number]),
                None if empty else shape,
            )
        )
    return entries


def _text(projects: pd.DataFrame, column: str, number: int) -> str:
    if column not in projects:
        return ""
    value = projects[column].iloc[number]
    return "" if pd.isna(value) else str(value)


def _ground(
    page: Page,
    sheet: Paper,
    drawn: list[Area],
    entries: list[Entry],
    scale: float | None,
    crs: pyproj.CRS,
) -> Ground:
    """Choose what the frame shows: all areas, and the projects that are not far away."""
    foot, head = sheet.margin + 6.5 * sheet.type, 17.0 * sheet.type
    frame = (
        sheet.binding + 6.5 * sheet.type,
        foot,
        sheet.width - sheet.margin - sheet.panel - sheet.binding - 14 * sheet.type,
        sheet.height - sheet.margin - head - foot,
    )
    plan = _bounds([area.geometry for area in drawn])
    reach = NEAR * max(plan[2] - plan[0], plan[3] - plan[1])
    near = box(*plan).buffer(reach, join_style="mitre")
    shapes = [e.geometry for e in entries if e.geometry is not None and near.contains(e.geometry)]
    bounds = _bounds([box(*plan), *shapes])
    room = (frame[2] * (1 - 2 * MARGIN), frame[3] * (1 - 2 * MARGIN))
    chosen = round_scale(*room, bounds)
    if scale is not None:
        least = round_scale(frame[2], frame[3], plan)
        if not np.isfinite(scale) or _too_large(frame, plan, scale):
            raise GisplanError("plot_scale", scale=f"{scale:g}", least=f"{least:,.0f}")
        chosen = float(scale)
        bounds = bounds if not _too_large(frame, bounds, scale) else plan
    return lay_out(page, frame, bounds, scale=chosen, crs=crs)


def _bounds(shapes: list[BaseGeometry]) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(shapes)
    return float(west), float(south), float(east), float(north)


def _too_large(frame: tuple[float, ...], bounds: tuple[float, ...], scale: float) -> bool:
    rate = scale / 1000
    width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
    return bool(width > frame[2] * rate or height > frame[3] * rate)


def _is_on(entry: Entry, ground: Ground) -> bool:
    return entry.geometry is not None and bool(ground.frame.contains(entry.place))


def _draw_footprints(ground: Ground, entries: list[Entry]) -> None:
    for entry in entries:
        if entry.geometry is None or entry.geometry.geom_type in ("Point", "MultiPoint"):
            continue
        area = entry.geometry.area > 0
        add_shape(
            ground.axes, entry.geometry, facecolor=entry.symbol.color if area else "none",
            edgecolor=entry.symbol.color, alpha=0.6, linewidth=1.2, zorder=4,
        )  # fmt: skip


def _draw_frames(page: Page, sheet: Paper, ground: Ground) -> None:
    page.box(ground.left, ground.bottom, ground.width, ground.height, line=0.7)
    page.box(
        sheet.binding, sheet.margin, sheet.width - sheet.binding - sheet.margin,
        sheet.height - 2 * sheet.margin, line=1.4,
    )  # fmt: skip


def _draw_title(
    page: Page, sheet: Paper, definition: PlanDefinition, labels: Labels, *, with_projects: bool,
) -> None:  # fmt: skip
    left, right = sheet.binding, sheet.width - sheet.margin - sheet.panel - 4
    key = "plot.title_projects" if with_projects else "plot.title_areas"
    text = labels(key, title=definition.title.get(labels.language))
    size = 17.0 * sheet.type
    while extent(text, size) > right - left - 8 and size > 8:
        size -= 0.5
    y = sheet.height - sheet.margin - 9.6 * sheet.type
    page.write((left + right) / 2, y, text, size=size, across="center", bold=True, gid="title")


def _draw_panel(
    page: Page, sheet: Paper, ground: Ground, drawn: list[Area], shown: Shown,
    rows: list[tuple[str, str]], labels: Labels,
) -> None:  # fmt: skip
    left = sheet.width - sheet.margin - sheet.panel
    width, floor = sheet.panel - 4, sheet.margin + 4
    height = block_height(rows, width=width, scale=sheet.type)
    draw_block(page, rows, left=left, bottom=floor, width=width, scale=sheet.type)
    floor += height + 2
    if any(area.status == Status.SCHEMATIC for area in drawn):
        page.write(
            left, floor, labels("plot.schematic"), size=8.5 * sheet.type, bold=True,
            color="#b00020", gid="schematic",
        )  # fmt: skip
        floor += 5.5 * sheet.type
    column = Column(
        page, labels, left=left, top=sheet.height - sheet.margin - 3, width=width, scale=sheet.type
    )
    draw_compass_and_scale(column, ground)
    draw_legend(column, drawn, shown)
    draw_account(column, shown, floor=floor)
