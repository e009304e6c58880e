"""The report map: one sheet, a true round scale, and nothing left out without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyproj
import shapely
from matplotlib.figure import Figure
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from gisplan.errors import GisplanError
from gisplan.labels import Labels
from gisplan.plotting.block import title_block
from gisplan.plotting.drawing import draw_footprint
from gisplan.plotting.entries import Entry, entries_of
from gisplan.plotting.form import Form, Frame
from gisplan.plotting.grid import draw_graticule, draw_kilometres
from gisplan.plotting.ground import Area, Ground, areas_to_draw, lay_out, round_scale
from gisplan.plotting.naming import free_room, name_areas, name_projects
from gisplan.plotting.page import Page, extent
from gisplan.plotting.panel import Panel, Shown
from gisplan.plotting.themes import THEMES, Content, Theme
from gisplan.terms import Kind

if TYPE_CHECKING:
    from gisplan.definition import PlanDefinition

MARGIN = 0.02
"""Share of the frame kept free round the areas."""

NEAR = 0.25
"""A project farther from the areas than this share of their extent is told, not drawn:
one wrong coordinate must not shrink the plan to a dot."""

Bounds = tuple[float, float, float, float]


def plot(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame | None = None,
    verdicts: pd.DataFrame | None = None,
    *,
    language: str = "zh",
    theme: str = "siting",
    focus: str | None = None,
    against: Any = None,
    **form: Any,
) -> Figure:
    """Draw a map sheet of a plan and its projects for print.

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
    theme
        ``"siting"``, ``"zones"``, ``"corridors"``, ``"investment"``, ``"stage"``,
        ``"density"``, ``"conflicts"`` or ``"change"``; see `gisplan.plotting.themes`.
    focus
        Id of a zone, a corridor or a constraint to fill the frame with; by default all.
    against
        For ``"conflicts"`` the pairs of zones (`gisplan.overlay.zone_pairs`), for
        ``"change"`` definition and areas of the earlier version.
    **form
        Paper, direction, scale, grid and the cells of the office: see `Form`.

    Returns
    -------
    Figure
        Of the size of the paper, with the axes ``"map"`` in metres of the plan's CRS and
        ``"paper"`` in millimetres. Write it with `gisplan.plotting.render`.

    Raises
    ------
    GisplanError
        ``glyph_missing`` for a character the font lacks; ``plot_paper``, ``plot_grid``,
        ``plot_theme``, ``plot_focus`` for what there is not; ``plot_projects`` and
        ``plot_against`` for a theme that lacks what it shows; ``plot_scale`` where the plan
        does not fit; ``plot_empty`` without any geometry.
    """
    wanted, labels = Form(**form), Labels(language)
    if theme not in THEMES:
        raise GisplanError("plot_theme", value=theme, allowed=", ".join(THEMES))
    drawn = areas_to_draw(definition, areas, language)
    if not drawn:
        raise GisplanError("plot_empty")
    entries = entries_of(projects, verdicts, areas.crs)
    if THEMES[theme].needs_projects and projects is None:
        raise GisplanError("plot_projects", theme=theme)
    content = Content(definition, areas, projects, verdicts, drawn, entries, labels, against)
    return _draw(THEMES[theme](content), wanted, _focused(drawn, focus))


def _draw(about: Theme, form: Form, focus: Area | None) -> Figure:
    content = about.content
    page = Page(*form.size)
    crs = pyproj.CRS(content.areas.crs)
    ground = _ground(page, form, content, focus, crs)
    about.draw(page, ground)
    draw_grid(page, ground, form, content.labels)
    entries = list(about.entries)
    on = [entry for entry in entries if is_on(entry, ground)]
    off = [entry for entry in entries if entry.geometry is not None and entry not in on]
    room = free_room(ground)
    unnamed, numbered, left = _name(page, ground, room, about, on, form.factor)
    _draw_frames(page, form, ground)
    _draw_title(page, form, _title(about, focus))
    shown = Shown(entries, on, off, numbered, left, [area.title for area in unnamed])
    rows = title_block(content.definition, content.areas, ground, content.labels, form=form)
    Panel(form, ground, about, shown, rows, focused=focus is not None).draw(page)
    return page.figure


def _name(
    page: Page, ground: Ground, room: Any, about: Theme, on: list[Entry], scale: float
) -> tuple[list[Area], list[Entry], list[Entry]]:
    """Place what the theme adds, markers, then names: of areas first, then of projects."""
    about.place(page, ground, room)
    worst_first = sorted(on, key=lambda entry: (-entry.symbol.order, entry.number))
    drawn = about.content.drawn
    if not about.names_zones:
        drawn = [area for area in drawn if area.kind != Kind.ZONE]
    if not about.marks:
        return name_areas(page, ground, room, drawn, scale=scale), [], []
    for entry in worst_first:
        draw_footprint(ground, entry)
    unnamed, numbered, left = name_projects(page, ground, room, drawn, worst_first, scale=scale)
    return unnamed, sorted(numbered, key=lambda entry: entry.number), left


def draw_grid(page: Page, ground: Ground, form: Form, labels: Labels) -> None:
    """Draw the grid of a form: degrees, or kilometres."""
    size = 5.4 * form.factor
    if form.grid == "km":
        draw_kilometres(page, ground, size=size, unit=labels("plot.km"))
    else:
        draw_graticule(page, ground, size=size)


def is_on(entry: Entry, ground: Ground) -> bool:
    """Whether a project stands inside the frame."""
    return entry.geometry is not None and bool(ground.frame.contains(entry.place))


def _focused(drawn: list[Area], focus: str | None) -> Area | None:
    if focus is None:
        return None
    found = {area.key: area for area in drawn}
    if focus not in found:
        raise GisplanError("plot_focus", value=focus, allowed=", ".join(found))
    return found[focus]


def focus_bounds(area: Area) -> Bounds:
    """Return what a sheet of one area has to show: it, and a corridor's widest ring."""
    layer: Any = area.layer
    reach = max([layer.within, *layer.rings]) if area.kind == Kind.CORRIDOR else 0.0
    west, south, east, north = area.geometry.buffer(reach).bounds
    air = 0.06 * max(east - west, north - south)
    return west - air, south - air, east + air, north + air


def _ground(
    page: Page, form: Form, content: Content, focus: Area | None, crs: pyproj.CRS
) -> Ground:
    """Choose what the frame shows: all areas and the projects near them, or one area."""
    frame = form.map
    must = focus_bounds(focus) if focus else _bounds([a.geometry for a in content.drawn])
    bounds = must if focus else _with_projects(must, content.entries)
    air = 1 - 2 * MARGIN
    chosen = round_scale(frame.width * air, frame.height * air, bounds)
    if form.scale is not None:
        chosen = form.scale
        # A scale may be too large for the plan only where a part of it was asked for.
        if _too_large(frame, must, chosen) and focus is None:
            least = round_scale(frame.width, frame.height, must)
            raise GisplanError("plot_scale", scale=f"{chosen:g}", least=f"{least:,.0f}")
        bounds = bounds if not _too_large(frame, bounds, chosen) else must
    return lay_out(page, frame, bounds, scale=chosen, crs=crs)


def _with_projects(plan: Bounds, entries: Any) -> Bounds:
    reach = NEAR * max(plan[2] - plan[0], plan[3] - plan[1])
    near = box(*plan).buffer(reach, join_style="mitre")
    shapes = [e.geometry for e in entries if e.geometry is not None and near.contains(e.geometry)]
    return _bounds([box(*plan), *shapes])


def _bounds(shapes: list[BaseGeometry]) -> Bounds:
    west, south, east, north = shapely.total_bounds(shapes)
    return float(west), float(south), float(east), float(north)


def _too_large(frame: Frame, bounds: Bounds, scale: float) -> bool:
    rate = scale / 1000
    width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
    return width > frame.width * rate or height > frame.height * rate


def _draw_frames(page: Page, form: Form, ground: Ground) -> None:
    page.box(ground.left, ground.bottom, ground.width, ground.height, line=0.7)
    neat = form.neat
    page.box(neat.left, neat.bottom, neat.width, neat.height, line=1.4)


def _title(about: Theme, focus: Area | None) -> str:
    content = about.content
    plan = content.definition.title.get(content.labels.language)
    title = about.title(plan)
    return title if focus is None else content.labels("plot.focus", title=title, area=focus.title)


def _draw_title(page: Page, form: Form, text: str) -> None:
    frame = form.map
    size = 17.0 * form.factor
    while extent(text, size) > frame.width - 8 and size > 7:
        size -= 0.5
    y = form.neat.top - 9.6 * form.factor
    middle = frame.left + frame.width / 2
    page.write(middle, y, text, size=size, across="center", bold=True, gid="title")
