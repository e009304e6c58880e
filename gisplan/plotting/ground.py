"""The map itself: areas, graticule and projects in metres, at a true scale on the paper."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pyproj
import shapely
import shapely.affinity
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from shapely.geometry import LineString, box
from shapely.geometry.base import BaseGeometry

from gisplan.crs import transform
from gisplan.errors import CrsError
from gisplan.plotting.page import PALE, Page
from gisplan.symbology import DASHES, FILL_OPACITY, color_of
from gisplan.terms import Kind

if TYPE_CHECKING:
    from gisplan.definition import Layer, PlanDefinition

ROUND: Final = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0)
"""Leading figures of a scale: 1:75 000 is one, 1:73 000 is not."""

HATCHES: Final = ((45.0, 1.7), (135.0, 1.7), (0.0, 1.7), (90.0, 1.7), (45.0, 3.2), (135.0, 3.2))
"""Angle in degrees and distance in millimetres of the lines in each zone: the cue that
remains in grey."""

SECONDS: Final = (5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 18000)
"""Distances of graticule lines in seconds of arc."""


@dataclass(frozen=True)
class Area:
    """An area as it is drawn: what the plan says of it, its colour and its geometry."""

    key: str
    kind: str
    title: str
    color: str
    status: str
    position: int
    layer: Layer
    geometry: BaseGeometry

    @property
    def dashes(self) -> Any:
        """The line style by status: only an authoritative line is solid."""
        pattern = DASHES.get(self.status, ())
        return (0, tuple(0.55 * length for length in pattern)) if pattern else "solid"


@dataclass(frozen=True)
class Ground:
    """The part of the world on the sheet.

    Attributes
    ----------
    axes
        The map in metres of the plan's CRS; its limits are the frame.
    left, bottom, width, height
        The frame in millimetres.
    west, south
        Lower left corner of the frame in metres.
    scale
        Denominator: metres on the ground for one metre on paper.
    crs
        The plan's projected CRS.
    """

    axes: Axes
    left: float
    bottom: float
    width: float
    height: float
    west: float
    south: float
    scale: float
    crs: pyproj.CRS

    def point(self, geometry: BaseGeometry) -> tuple[float, float]:
        """Return where a point of the plan lies on the sheet, in millimetres."""
        x, y = shapely.get_coordinates(self.to_paper(geometry))[0]
        return float(x), float(y)

    def to_paper(self, geometry: BaseGeometry) -> BaseGeometry:
        """Bring a geometry from metres of the plan to millimetres of the sheet."""
        rate = 1000 / self.scale
        shift = [self.left - self.west * rate, self.bottom - self.south * rate]
        return shapely.affinity.affine_transform(geometry, [rate, 0, 0, rate, *shift])

    @property
    def degrees(self) -> pyproj.CRS:
        """The geographic system on the same datum."""
        geographic = self.crs.geodetic_crs
        if geographic is None:
            raise CrsError("crs_not_metric", crs=self.crs.name)
        return geographic

    @property
    def frame(self) -> BaseGeometry:
        """The frame on the ground, in metres."""
        rate = self.scale / 1000
        return box(
            self.west, self.south, self.west + self.width * rate, self.south + self.height * rate
        )


def round_scale(width: float, height: float, bounds: tuple[float, float, float, float]) -> float:
    """Return the largest round scale at which bounds (metres) fit a frame (millimetres)."""
    west, south, east, north = bounds
    least = max((east - west) / width, (north - south) / height, 0.1) * 1000
    power = 10.0 ** math.floor(math.log10(least))
    steps = (figure * magnitude for magnitude in (power, 10 * power) for figure in ROUND)
    return next(step for step in steps if step >= least * (1 - 1e-9))


def lay_out(
    page: Page,
    frame: tuple[float, float, float, float],
    bounds: tuple[float, float, float, float],
    *,
    scale: float,
    crs: pyproj.CRS,
) -> Ground:
    """Put the middle of ``bounds`` into the middle of ``frame`` at exactly 1:``scale``.

    ``bounds`` are west, south, east, north in metres; ``frame`` is left, bottom, width and
    height in millimetres.
    """
    left, bottom, width, height = frame
    rate = scale / 1000
    west = (bounds[0] + bounds[2] - width * rate) / 2
    south = (bounds[1] + bounds[3] - height * rate) / 2
    axes = page.axes(left, bottom, width, height, label="map")
    axes.set_xlim(west, west + width * rate)
    axes.set_ylim(south, south + height * rate)
    return Ground(axes, left, bottom, width, height, west, south, scale, crs)


def areas_to_draw(definition: PlanDefinition, areas: gpd.GeoDataFrame, language: str) -> list[Area]:
    """List the areas that have a geometry, in drawing order."""
    kept = areas[(areas["kind"] != Kind.COVERAGE) & areas.geometry.notna()]
    rows = dict(zip(kept["id"], zip(kept["status"], kept.geometry, strict=True), strict=True))
    drawn: list[Area] = []
    positions: dict[str, int] = {}
    for kind, key, layer in definition.layers():
        position = positions.get(kind, 0)
        positions[kind] = position + 1
        status, shape = rows.get(key, ("", None))
        if shape is None or shape.is_empty:
            continue
        color, title = color_of(kind, position, layer.color), layer.title.get(language)
        drawn.append(Area(key, kind, title, color, str(status), position, layer, shape))
    return drawn


def draw_areas(ground: Ground, areas: Iterable[Area]) -> None:
    """Draw study area, rings, zones, corridors and constraints, in this order."""
    by_kind: dict[str, list[Area]] = {kind: [] for kind in Kind}
    for area in areas:
        by_kind[area.kind].append(area)
    add_shape(ground.axes, ground.frame, facecolor="#f3f2ee", linewidth=0)
    for area in by_kind[Kind.STUDY_AREA]:
        add_shape(ground.axes, area.geometry, facecolor="#ffffff", linewidth=0)
        add_shape(
            ground.axes, area.geometry, edgecolor=area.color, linewidth=1.5,
            linestyle=area.dashes, zorder=3.2, gid=f"area-{area.key}",
        )  # fmt: skip
    for area in by_kind[Kind.CORRIDOR]:
        _draw_rings(ground, area)
        add_shape(ground.axes, area.geometry, edgecolor="#ffffff", linewidth=2.6, zorder=3)
        draw_line(ground.axes, area)
    for area in (*by_kind[Kind.ZONE], *by_kind[Kind.CONSTRAINT]):
        fill_area(ground.axes, area, unit=ground.scale / 1000)


def fill_area(axes: Axes, area: Area, *, unit: float, shape: BaseGeometry | None = None) -> None:
    """Fill, hatch and outline a zone or a constraint; ``unit`` is a millimetre on the axes."""
    geometry = area.geometry if shape is None else shape
    over = 0.0 if area.kind == Kind.ZONE else 0.3
    add_shape(
        axes, geometry, facecolor=area.color, alpha=FILL_OPACITY[area.kind], linewidth=0,
        zorder=2 + over,
    )  # fmt: skip
    angle, distance = HATCHES[area.position % len(HATCHES)]
    if area.kind == Kind.CONSTRAINT:
        distance = 0.9
    lines = hatch(geometry, angle, distance * unit)
    add_shape(axes, lines, edgecolor=area.color, alpha=0.45, linewidth=0.3, zorder=2.1 + over)
    add_shape(
        axes, geometry, edgecolor=area.color, linewidth=1.0, linestyle=area.dashes,
        zorder=2.2 + over, gid=f"area-{area.key}" if shape is None else None,
    )  # fmt: skip


def draw_line(axes: Axes, area: Area, shape: BaseGeometry | None = None) -> None:
    """Draw a corridor's axis."""
    add_shape(
        axes, area.geometry if shape is None else shape, edgecolor=area.color, linewidth=1.7,
        linestyle=area.dashes, zorder=3.1, gid=f"area-{area.key}" if shape is None else None,
    )  # fmt: skip


def hatch(area: BaseGeometry, angle: float, distance: float) -> BaseGeometry:
    """Return parallel lines across an area.

    They are geometry and not the renderer's own hatch, whose line width and spacing would
    come from rcParams and the resolution.
    """
    centre = shapely.get_coordinates(area.envelope.centroid)[0]
    flat = shapely.affinity.rotate(area, -angle, origin=tuple(centre))
    west, south, east, north = flat.bounds
    first = math.ceil((south - centre[1]) / distance)
    levels = centre[1] + distance * np.arange(first, (north - centre[1]) / distance)
    lines = shapely.multilinestrings([[(west - 1, y), (east + 1, y)] for y in levels])
    return shapely.affinity.rotate(flat.intersection(lines), angle, origin=tuple(centre))


def add_shape(axes: Axes, geometry: BaseGeometry, *, gid: str | None = None, **look: Any) -> None:
    """Add a geometry to axes as one path; no fill unless ``facecolor`` is given."""
    path = _path(geometry)
    if path is None:
        return
    look = {"facecolor": "none", "edgecolor": "none", "joinstyle": "round", **look}
    patch = PathPatch(path, **look)
    patch.set_gid(gid)
    axes.add_patch(patch)


def draw_graticule(page: Page, ground: Ground, *, size: float) -> None:
    """Draw meridians and parallels with their degrees, minutes and seconds at the frame."""
    frame = gpd.GeoSeries([ground.frame.segmentize(ground.scale / 50)], crs=ground.crs)
    geographic = ground.degrees
    west, south, east, north = transform(frame, geographic).total_bounds
    length = 38 * ground.scale / 1000
    across = _interval(length / (111320 * math.cos(math.radians((south + north) / 2))))
    up = _interval(length / 110950)
    meridians = {k: LineString([(k / 3600, south - 0.1), (k / 3600, north + 0.1)])
                 for k in _multiples(west, east, across)}  # fmt: skip
    parallels = {k: LineString([(west - 0.1, k / 3600), (east + 0.1, k / 3600)])
                 for k in _multiples(south, north, up)}  # fmt: skip
    for lines, vertical in ((meridians, True), (parallels, False)):
        dense = gpd.GeoSeries([one.segmentize(0.005) for one in lines.values()], crs=geographic)
        for seconds, line in zip(lines, transform(dense, ground.crs), strict=True):
            cut = line.intersection(ground.frame)
            if cut.is_empty or cut.length < 1:
                continue
            add_shape(ground.axes, cut, edgecolor="#8a8f98", linewidth=0.25, alpha=0.7, zorder=1)
            _label_ends(page, ground, ground.to_paper(cut), seconds, vertical=vertical, size=size)


def convergence(ground: Ground) -> float:
    """Return the meridian convergence at the middle of the map, in degrees.

    Positive where grid north lies east of true north: east of the central meridian.
    """
    middle = gpd.GeoSeries([ground.frame.centroid], crs=ground.crs)
    lon, lat = transform(middle, ground.degrees).iloc[0].coords[0]
    meridian = LineString([(lon, lat - 0.0005), (lon, lat + 0.0005)])
    drawn = transform(gpd.GeoSeries([meridian], crs=ground.degrees), ground.crs).iloc[0]
    (x0, y0), (x1, y1) = drawn.coords
    return math.degrees(math.atan2(x0 - x1, y1 - y0))


def dms(seconds: int, marks: str) -> str:
    """Write seconds of arc as degrees, minutes and, where there are any, seconds."""
    degrees, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    end = marks[0] if seconds >= 0 else marks[1]
    return f"{degrees}°{minutes:02d}′" + (f"{left:02d}″" if left else "") + end


def _draw_rings(ground: Ground, area: Area) -> None:
    for distance in sorted(getattr(area.layer, "rings", ()), reverse=True):
        ring = area.geometry.buffer(distance, quad_segs=32)
        add_shape(
            ground.axes, ring, facecolor=area.color, alpha=FILL_OPACITY[Kind.CORRIDOR] / 2,
            linewidth=0, zorder=1.4,
        )  # fmt: skip
        add_shape(ground.axes, ring, edgecolor=area.color, linewidth=0.35, alpha=0.8, zorder=1.5)


def _label_ends(
    page: Page, ground: Ground, line: BaseGeometry, seconds: int, *, vertical: bool, size: float
) -> None:
    text = dms(seconds, "EW" if vertical else "NS")
    points = shapely.get_coordinates(line)
    right, top = ground.left + ground.width, ground.bottom + ground.height
    for x, y in (points[0], points[-1]):
        if vertical and math.isclose(y, ground.bottom, abs_tol=0.01):
            _tick(page, (x, y), (0, -1))
            page.write(x, y - 3.4, text, size=size, across="center", color=PALE)
        if vertical and math.isclose(y, top, abs_tol=0.01):
            _tick(page, (x, y), (0, 1))
            page.write(x, y + 1.7, text, size=size, across="center", color=PALE)
        if not vertical and math.isclose(x, ground.left, abs_tol=0.01):
            _tick(page, (x, y), (-1, 0))
            page.write(x - 1.7, y, text, size=size, across="center", color=PALE, rotation=90)
        if not vertical and math.isclose(x, right, abs_tol=0.01):
            _tick(page, (x, y), (1, 0))
            page.write(x + 3.4, y, text, size=size, across="center", color=PALE, rotation=90)


def _tick(page: Page, start: tuple[float, float], way: tuple[float, float]) -> None:
    page.line([start, (start[0] + way[0], start[1] + way[1])], width=0.4)


def _interval(degrees: float) -> int:
    return next((one for one in SECONDS if one >= degrees * 3600), SECONDS[-1])


def _multiples(low: float, high: float, seconds: int) -> range:
    first = math.ceil(low * 3600 / seconds)
    last = math.floor(high * 3600 / seconds)
    return range(first * seconds, last * seconds + 1, seconds)


def _path(geometry: BaseGeometry) -> Path | None:
    """Return one path of all rings and lines; holes run the other way round."""
    parts = shapely.get_parts(geometry)
    paths: list[Path] = []
    for part in parts:
        if part.geom_type == "Polygon":
            turned = shapely.orient_polygons(part)
            paths += [Path(np.asarray(ring.coords), closed=True)
                      for ring in (turned.exterior, *turned.interiors)]  # fmt: skip
        elif part.geom_type in ("LineString", "LinearRing"):
            paths.append(Path(np.asarray(part.coords)))
        elif hasattr(part, "geoms") and (inner := _path(part)) is not None:
            paths.append(inner)
    return Path.make_compound_path(*paths) if paths else None
