"""The card of one project: a small map of where it stands and of the edge that decides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd
import pyproj
import shapely
from matplotlib.figure import Figure
from shapely.geometry import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from gisplan.labels import Labels
from gisplan.plotting.drawing import add_shape, draw_areas, draw_footprint
from gisplan.plotting.entries import Entry, entries_of
from gisplan.plotting.grid import convergence
from gisplan.plotting.ground import Area, Ground, areas_to_draw, lay_out, round_scale
from gisplan.plotting.naming import free_room, name_areas
from gisplan.plotting.page import DESCENT, INK, MM, PALE, Page, extent
from gisplan.plotting.panel import bar_step
from gisplan.plotting.placing import Room, Spot
from gisplan.terms import SEPARATOR, Kind, Rule, Status

if TYPE_CHECKING:
    from gisplan.definition import PlanDefinition

LEAST: Final = 5000.0
"""No card is at a larger scale: the layers are not that good."""

EDGE: Final = 0.4
SIZE: Final = 5.8
HALF: Final = 1.3
"""Margin and half width of the marker in millimetres; type in points."""

RULES: Final = {
    Rule.IN_STUDY_AREA: (Kind.STUDY_AREA,),
    Rule.IN_ZONE: (Kind.ZONE,),
    Rule.NEAR_CORRIDOR: (Kind.CORRIDOR,),
    Rule.INDUSTRY_FIT: (Kind.ZONE, Kind.CORRIDOR),
    Rule.CLEAR_OF: (Kind.CONSTRAINT,),
}
"""Whose edges each rule is decided by."""


@dataclass(frozen=True)
class Margin:
    """The way from a project to an edge of the plan.

    Attributes
    ----------
    area
        Whose edge it is: that of a zone, a corridor's width, a constraint's setback.
    reach
        Metres from the area to that edge; 0 for its own outline.
    way
        The shortest line to it, in the plan's CRS.
    metres
        As the verdict has it, else as long as ``way``.
    decides
        Whether crossing it would change the outcome.
    """

    area: Area
    reach: float
    way: LineString
    metres: float
    decides: bool


def plot_project(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame,
    verdicts: pd.DataFrame,
    index_position: int,
    *,
    language: str = "zh",
    size: tuple[float, float] = (80.0, 60.0),
) -> Figure:
    """Draw the small map of one project, for its card in a report.

    Parameters
    ----------
    definition, areas, projects, verdicts
        As for `gisplan.plotting.plot`; ``flip_distance`` (m) and ``reasons`` of the verdict
        tell which edge decides.
    index_position
        The project's place in *projects*, from 0.
    language
        ``"zh"`` or ``"en"``.
    size
        Width and height in millimetres.

    Returns
    -------
    Figure
        At a true round scale: the project (and its footprint), a circle of its point mean
        square error M, the areas round it, and the way to the edge that decides with its
        metres; where none alone does, the way to the nearest edge, drawn pale. A project
        without a place gets a card that says so.

    Raises
    ------
    GisplanError
        ``glyph_missing`` for a character the font lacks.
    """
    row, labels = projects.iloc[[index_position]], Labels(language)
    page = Page(*size)
    entry = entries_of(row, verdicts, areas.crs)[0]
    drawn = areas_to_draw(definition, areas, language)
    if entry.geometry is None:
        _say_unlocated(page, labels)
        return page.figure
    verdict = verdicts.loc[row.index[0]]
    error = _error(row, definition)
    margin = deciding_margin(entry.geometry, drawn, verdict, entry.place)
    ground = _ground(page, entry.geometry, error, margin, pyproj.CRS(areas.crs))
    draw_areas(ground, drawn)
    _draw_project(page, ground, entry, error)
    room = free_room(ground)
    _draw_furniture(page, ground, room, drawn, labels)
    _draw_scale(page, ground, room, labels, error=error)
    x, y = ground.point(entry.place)
    room.take(box(x - HALF, y - HALF, x + HALF, y + HALF))
    if margin is not None:
        _draw_margin(page, ground, room, margin, labels)
    name_areas(page, ground, room, drawn, scale=0.78)
    page.box(EDGE, EDGE, size[0] - 2 * EDGE, size[1] - 2 * EDGE, line=0.6)
    return page.figure


def deciding_margin(
    geometry: BaseGeometry, areas: Sequence[Area], verdict: pd.Series, place: Point
) -> Margin | None:
    """Find the edge that the verdict's ``flip_distance`` is measured to.

    For a point it is the edge at that distance; for a footprint, whose margin is a shift and
    not a distance, the nearest edge of the rules that decide. Where no single edge decides,
    the nearest of all is returned; ``None`` in a plan without geometry.
    """
    ways = [
        (way.length, area, reach, way)
        for area in areas
        for reach, way in [_way(geometry, area, place)]
    ]
    if not ways:
        return None
    flip = float(verdict.get("flip_distance", math.nan))
    chosen = min(ways, key=lambda one: one[0])
    if math.isnan(flip):
        return Margin(chosen[1], chosen[2], chosen[3], chosen[0], decides=False)
    if geometry.geom_type == "Point":
        chosen = min(ways, key=lambda one: abs(one[0] - flip))
    else:
        kinds = set(_kinds(str(verdict.get("reasons", ""))))
        chosen = min((one for one in ways if one[1].kind in kinds), default=chosen)
    return Margin(chosen[1], chosen[2], chosen[3], flip, decides=True)


def _kinds(reasons: str) -> Iterator[Kind]:
    for reason in reasons.split(SEPARATOR):
        rule = reason.partition("=")[0].partition(":")[0]
        if rule in set(Rule):
            yield from RULES[Rule(rule)]


def _way(geometry: BaseGeometry, area: Area, place: Point) -> tuple[float, LineString]:
    """Return an edge's distance from its area in metres, and the shortest line to it."""
    layer: Any = area.layer
    wide = {Kind.CORRIDOR: "within", Kind.CONSTRAINT: "setback"}.get(Kind(area.kind))
    reach = float(getattr(layer, wide)) if wide else 0.0
    edge = area.geometry.buffer(reach, quad_segs=32) if reach else area.geometry
    way = shapely.shortest_line(geometry, edge.boundary)
    if way.length == 0 and geometry.geom_type != "Point":
        way = shapely.shortest_line(place, edge.boundary)
    return reach, way


def _error(row: gpd.GeoDataFrame, definition: PlanDefinition) -> float:
    if "accuracy" not in row:
        return definition.policy.default_accuracy
    stated = float(pd.to_numeric(row["accuracy"], errors="coerce").iloc[0])
    return stated if stated >= 0 else definition.policy.default_accuracy


def _ground(
    page: Page, geometry: BaseGeometry, error: float, margin: Margin | None, crs: pyproj.CRS
) -> Ground:
    """Show the project, its error and the way to the edge, at a round scale."""
    around = geometry.buffer(1.1 * error)
    # A little beyond the edge, so that it is seen on both sides of the line.
    beyond = [] if margin is None else [margin.way.buffer(0.15 * margin.way.length)]
    west, south, east, north = shapely.total_bounds([around, *beyond])
    frame = (EDGE, EDGE, page.width - 2 * EDGE, page.height - 2 * EDGE)
    room = (frame[2] - 16, frame[3] - 18)
    bounds = (float(west), float(south), float(east), float(north))
    scale = max(round_scale(*room, bounds), LEAST)
    return lay_out(page, frame, bounds, scale=scale, crs=crs)


def _draw_project(page: Page, ground: Ground, entry: Entry, error: float) -> None:
    draw_footprint(ground, entry)
    if error > 0:
        ring = entry.place.buffer(error, quad_segs=32)
        add_shape(
            ground.axes, ring, edgecolor=INK, linewidth=0.5, linestyle=(0, (1, 1.6)), zorder=4.2,
            gid="error",
        )  # fmt: skip
    x, y = ground.point(entry.place)
    page.mark(x, y, entry.symbol, half=HALF, gid=f"project-{entry.number}")


def _draw_furniture(
    page: Page, ground: Ground, room: Room, drawn: Sequence[Area], labels: Labels
) -> None:
    """Draw north and, where it is so, that the areas are a schematic."""
    x, y = page.width - 5.5, page.height - 6.8
    for side, color in ((-1, INK), (1, "white")):
        half = shapely.Polygon([(0, 4.2), (side * 1.5, -3.1), (0, -1.6)])
        turned = shapely.affinity.rotate(half, convergence(ground), origin=(0, 0))
        shape = shapely.affinity.translate(turned, x, y)
        add_shape(
            page.paper, shape, facecolor=color, edgecolor=INK, linewidth=0.4, zorder=6,
        )  # fmt: skip
    page.write(x + 2.6, y + 1.9, labels("plot.north"), size=SIZE, across="left", halo="#ffffff")
    room.take(box(x - 2.5, y - 4, x + 5, y + 5))
    if any(area.status == Status.SCHEMATIC for area in drawn):
        note = labels("plot.schematic_short")
        page.write(
            page.width - 2, 2.0, note, size=SIZE, across="right", color="#b00020", halo="#ffffff",
            gid="schematic",
        )  # fmt: skip
        room.take(box(page.width - 3 - extent(note, SIZE), 0.5, page.width - 1, 5.0))


def _draw_scale(page: Page, ground: Ground, room: Room, labels: Labels, *, error: float) -> None:
    """Draw the scale in figures and as a bar, and say what the dotted circle is."""
    left, low = 2.2, 2.2
    step = bar_step(0.14 * page.width * ground.scale / 1000)
    length = step * 1000 / ground.scale
    unit, worth = ("plot.km", 1000) if 2 * step >= 1000 else ("plot.m", 1)
    mark = f"{2 * step / worth:g} {labels(unit)}"
    text = labels("plot.scale", scale=f"{ground.scale:,.0f}".replace(",", " "))
    circle = labels("plot.error_circle", metres=f"{error:g}") if error > 0 else ""
    top = 2.4 + (2.6 if circle else 0)
    wide = max(2 * length + 1 + extent(mark, SIZE), extent(text, SIZE), extent(circle, SIZE))
    page.box(
        left - 0.8, low - 0.9, wide + 1.6, top + 3.2, line=0, facecolor="white", alpha=0.85,
        zorder=5,
    )  # fmt: skip
    room.take(box(left - 0.8, low - 0.9, left + wide + 0.8, low + top + 2.3))
    for number, color in ((0, INK), (1, "white")):
        page.box(
            left + number * length, low, length, 0.9, facecolor=color, line=0.4, gid="bar",
            zorder=6,
        )  # fmt: skip
    page.write(left + 2 * length + 1, low - 0.3, mark, size=SIZE)
    page.write(left, low + 2.2, text, size=SIZE, gid="scale")
    if circle:
        page.write(left, low + 4.8, circle, size=SIZE, color=PALE)


def _draw_margin(page: Page, ground: Ground, room: Room, margin: Margin, labels: Labels) -> None:
    """Draw the way to the edge and set its metres beside it."""
    line = ground.to_paper(margin.way)
    if margin.reach:
        edge = margin.area.geometry.buffer(margin.reach, quad_segs=32)
        add_shape(
            ground.axes, edge, edgecolor=margin.area.color, linewidth=1.0, zorder=3.15, gid="edge"
        )
    color = INK if margin.decides else PALE
    (x0, y0), (x1, y1) = line.coords[0], line.coords[-1]
    style = "solid" if margin.decides else (0, (2, 1.5))
    page.line([(x0, y0), (x1, y1)], width=2.2, color="white", zorder=4.5)
    page.line([(x0, y0), (x1, y1)], width=0.9, color=color, zorder=4.6, linestyle=style)
    page.line(
        [(x1 - 0.9, y1 - 0.9), (x1 + 0.9, y1 + 0.9)], width=0.9, color=color, zorder=4.6,
    )  # fmt: skip
    text = _told(margin, labels)
    room.take(line.buffer(0.3))
    width, height = extent(text, SIZE), SIZE / MM
    spots = _beside(line, width, height)
    spot = room.best(spots)
    if spot is not None:
        page.write(
            spot.x, spot.y + DESCENT * SIZE / MM, text, size=SIZE, color=color, halo="#ffffff",
            gid="margin",
        )  # fmt: skip


def _told(margin: Margin, labels: Labels) -> str:
    metres = f"{margin.metres:,.0f}".replace(",", " ")
    key = "plot.margin" if margin.decides else "plot.margin_nearest"
    if margin.reach:
        reached = f"{margin.reach:g}"
        edge = labels("plot.edge_reach", title=margin.area.title, reach=reached)
    else:
        edge = labels("plot.edge", title=margin.area.title)
    return labels(key, edge=edge, metres=metres)


def _beside(
    line: BaseGeometry, width: float, height: float
) -> Iterator[tuple[Spot, shapely.Polygon]]:
    """Yield spots round the middle of a line, then round its ends, then anywhere near."""
    for step in (0.8, 2.5, 5.0, 8.0, 12.0, 17.0):
        for fraction in (0.5, 0.25, 0.75, 0.0, 1.0):
            at = line.interpolate(fraction, normalized=True)
            for left, bottom in (
                (at.x + step, at.y - height / 2),
                (at.x - step - width, at.y - height / 2),
                (at.x - width / 2, at.y + step),
                (at.x - width / 2, at.y - step - height),
            ):
                yield Spot(left, bottom), box(left, bottom, left + width, bottom + height)


def _say_unlocated(page: Page, labels: Labels) -> None:
    page.box(EDGE, EDGE, page.width - 2 * EDGE, page.height - 2 * EDGE, line=0.6)
    text = labels("plot.card_unlocated")
    page.write(page.width / 2, page.height / 2, text, size=7.5, across="center", color=PALE)
