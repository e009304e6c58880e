"""The lines across the map and their figures at its frame: degrees, or kilometres."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import geopandas as gpd
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from gisplan.crs import transform
from gisplan.plotting.drawing import add_shape
from gisplan.plotting.ground import Ground
from gisplan.plotting.page import PALE, Page

SECONDS: Final = (5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 18000)
"""Distances of graticule lines in seconds of arc."""


KILOMETRES: Final = (0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10, 20, 25, 50, 100, 200, 500, 1000)
"""Distances of grid lines in kilometres."""


def draw_graticule(page: Page, ground: Ground, *, size: float) -> None:
    """Draw meridians and parallels with their degrees, minutes and seconds at the frame."""
    for seconds, line, vertical in _degree_lines(ground):
        add_shape(ground.axes, line, edgecolor="#8a8f98", linewidth=0.25, alpha=0.7, zorder=1)
        _label_ends(page, ground, ground.to_paper(line), seconds, vertical=vertical, size=size)


def draw_kilometres(page: Page, ground: Ground, *, size: float, unit: str) -> None:
    """Draw the plan's own grid with its kilometres on the left and below.

    Degrees, minutes and seconds stand as ticks on the right and above.
    """
    step = next(one for one in KILOMETRES if one * 1000 >= 24 * ground.scale / 1000)
    west, south, east, north = ground.frame.bounds
    digits = len(f"{step:g}".partition(".")[2])
    eastings = _round_steps(west, east, step * 1000)
    for k in eastings:
        line = LineString([(k * step * 1000, south), (k * step * 1000, north)])
        add_shape(ground.axes, line, edgecolor="#8a8f98", linewidth=0.25, alpha=0.8, zorder=1)
        x, _ = shapely.get_coordinates(ground.to_paper(line))[0]
        _tick(page, (x, ground.bottom), (0, -1))
        text = f"{k * step:.{digits}f}" + (f" {unit}" if k == eastings[0] else "")
        page.write(
            x, ground.bottom - 3.4, text, size=size, across="center", color=PALE, gid="km-east"
        )
    northings = _round_steps(south, north, step * 1000)
    for k in northings:
        line = LineString([(west, k * step * 1000), (east, k * step * 1000)])
        add_shape(ground.axes, line, edgecolor="#8a8f98", linewidth=0.25, alpha=0.8, zorder=1)
        _, y = shapely.get_coordinates(ground.to_paper(line))[0]
        _tick(page, (ground.left, y), (-1, 0))
        text = f"{k * step:.{digits}f}" + (f" {unit}" if k == northings[0] else "")
        page.write(
            ground.left - 1.7, y, text, size=size, across="center",
            color=PALE, rotation=90, gid="km-north",
        )  # fmt: skip
    for seconds, degree, vertical in _degree_lines(ground):
        _label_ends(
            page, ground, ground.to_paper(degree), seconds, vertical=vertical, size=size, far=True
        )


def _degree_lines(ground: Ground) -> Iterator[tuple[int, BaseGeometry, bool]]:
    """Yield seconds of arc, line in metres and whether it is a meridian."""
    frame = gpd.GeoSeries([ground.frame.segmentize(ground.scale / 50)], crs=ground.crs)
    geographic = ground.degrees
    west, south, east, north = transform(frame, geographic).total_bounds
    length = 38 * ground.scale / 1000
    across = _interval(length / (111320 * math.cos(math.radians((south + north) / 2))))
    up = _interval(length / 110950)
    air = 0.02 * max(east - west, north - south)
    meridians = {k: LineString([(k / 3600, south - air), (k / 3600, north + air)])
                 for k in _multiples(west, east, across)}  # fmt: skip
    parallels = {k: LineString([(west - air, k / 3600), (east + air, k / 3600)])
                 for k in _multiples(south, north, up)}  # fmt: skip
    for lines, vertical in ((meridians, True), (parallels, False)):
        dense = [one.segmentize(max(one.length / 40, 1e-6)) for one in lines.values()]
        there: Any = transform(gpd.GeoSeries(dense, crs=geographic), ground.crs) if dense else []
        for seconds, line in zip(lines, there, strict=True):
            cut = line.intersection(ground.frame)
            if not cut.is_empty and cut.length >= 1:
                yield seconds, cut, vertical


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


def _label_ends(
    page: Page, ground: Ground, line: BaseGeometry, seconds: int, *, vertical: bool, size: float,
    far: bool = False,
) -> None:  # fmt: skip
    """Write degrees where a line meets the frame; ``far`` only above and on the right."""
    text = dms(seconds, "EW" if vertical else "NS")
    points = shapely.get_coordinates(line)
    right, top = ground.left + ground.width, ground.bottom + ground.height
    for x, y in (points[0], points[-1]):
        if vertical and not far and math.isclose(y, ground.bottom, abs_tol=0.01):
            _tick(page, (x, y), (0, -1))
            page.write(x, y - 3.4, text, size=size, across="center", color=PALE)
        if vertical and math.isclose(y, top, abs_tol=0.01):
            _tick(page, (x, y), (0, 1))
            page.write(x, y + 1.7, text, size=size, across="center", color=PALE)
        if not vertical and not far and math.isclose(x, ground.left, abs_tol=0.01):
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


def _round_steps(low: float, high: float, step: float) -> range:
    return range(math.ceil(low / step), math.floor(high / step) + 1)
