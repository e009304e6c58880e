"""Where labels go: greedy, deterministic, never over each other; pure geometry in mm."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

GAP = 0.5
"""Millimetres kept free between a marker or a label and its neighbours."""


@dataclass(frozen=True)
class Spot:
    """A place for a label: lower left corner of its box, and its turn in degrees."""

    x: float
    y: float
    angle: float = 0.0


@dataclass
class Room:
    """The free space of a map: labels go inside the frame and clear of what is there.

    Attributes
    ----------
    frame
        The map frame.
    taken
        Boxes of markers and labels already placed: never covered.
    lines
        What a label may cross if it must: corridors and outlines.
    """

    frame: Polygon
    taken: list[BaseGeometry] = field(default_factory=list)
    lines: list[BaseGeometry] = field(default_factory=list)
    _bounds: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)), repr=False)
    _known: int = field(default=0, repr=False)

    def is_free(self, shape: BaseGeometry) -> bool:
        """Whether a box is inside the frame and touches nothing that is taken."""
        west, south, east, north = shape.bounds
        left, low, right, top = self.frame.bounds
        if west < left or south < low or east > right or north > top:
            return False
        # Most of what is taken is far away, which four comparisons tell.
        if self._known < len(self.taken):
            self._bounds = shapely.bounds(np.array(self.taken, dtype=object))
            self._known = len(self.taken)
        if not self._known:
            return True
        held = self._bounds
        close = (
            (held[:, 0] <= east) & (held[:, 2] >= west)
            & (held[:, 1] <= north) & (held[:, 3] >= south)
        )  # fmt: skip
        near = [self.taken[k] for k in np.flatnonzero(close)]
        return not near or not bool(shapely.intersects(near, shape).any())

    def crossings(self, shape: BaseGeometry) -> int:
        """Count the lines that a box would lie on."""
        return int(shapely.intersects(self.lines, shape).sum()) if self.lines else 0

    def take(self, shape: BaseGeometry) -> None:
        """Occupy a box with a little air around it."""
        self.taken.append(shape.buffer(GAP / 2, join_style="mitre"))

    def best(self, spots: Iterable[tuple[Spot, Polygon]], *, across: bool = True) -> Spot | None:
        """Take the first free spot that crosses fewest lines; ``None`` if none is free.

        Without ``across`` only spots that cross no line are considered.
        """
        chosen: tuple[int, Spot, Polygon] | None = None
        for spot, shape in spots:
            if not self.is_free(shape):
                continue
            crossed = self.crossings(shape)
            if crossed and not across:
                continue
            if chosen is None or crossed < chosen[0]:
                chosen = (crossed, spot, shape)
            if crossed == 0:
                break
        if chosen is None:
            return None
        self.take(chosen[2])
        return chosen[1]


def around(
    point: tuple[float, float], width: float, height: float, *, reach: float
) -> Iterator[tuple[Spot, Polygon]]:
    """Yield the eight positions round a marker, the customary ones first, then farther out.

    ``reach`` is the half width of the marker in millimetres.
    """
    x, y = point
    for step in (0.0, 1.6):
        near = reach + GAP + step
        slant = 0.7 * near
        corners = (
            (x + near, y - height / 2),
            (x + slant, y + slant),
            (x + slant, y - slant - height),
            (x - near - width, y - height / 2),
            (x - slant - width, y + slant),
            (x - slant - width, y - slant - height),
            (x - width / 2, y + near),
            (x - width / 2, y - near - height),
        )
        for left, bottom in corners:
            yield Spot(left, bottom), box(left, bottom, left + width, bottom + height)


def inside(area: BaseGeometry, width: float, height: float) -> Iterator[tuple[Spot, Polygon]]:
    """Yield spots whose box lies inside an area, nearest its visual centre first."""
    if area.area == 0:
        return
    centre = _visual_centre(area)
    west, south, east, north = area.bounds
    step = 1.5
    columns = _steps(west + width / 2 - centre.x, east - width / 2 - centre.x, step)
    rows = _steps(south + height / 2 - centre.y, north - height / 2 - centre.y, step)
    offsets = sorted((math.hypot(dx, 1.4 * dy), dx, dy) for dx in columns for dy in rows)
    shapely.prepare(area)
    for _, dx, dy in offsets:
        left, bottom = centre.x + dx - width / 2, centre.y + dy - height / 2
        shape = box(left, bottom, left + width, bottom + height)
        if area.contains(shape):
            yield Spot(left, bottom), shape


def beside(area: BaseGeometry, width: float, height: float) -> Iterator[tuple[Spot, Polygon]]:
    """Yield spots just outside an area, for the name of one too small to hold it."""
    west, south, east, north = area.bounds
    middle, level = (west + east) / 2, (south + north) / 2
    air = 2 * GAP
    for left, bottom in (
        (middle - width / 2, north + air),
        (middle - width / 2, south - air - height),
        (west - air - width, level - height / 2),
        (east + air, level - height / 2),
        (west, north + air),
        (east - width, north + air),
        (west, south - air - height),
        (east - width, south - air - height),
    ):
        yield Spot(left, bottom), box(left, bottom, left + width, bottom + height)


def along(line: LineString, width: float, height: float) -> Iterator[tuple[Spot, Polygon]]:
    """Yield spots centred on a line and turned with it, its straight middle parts first."""
    if line.length <= width:
        return
    fractions = sorted((k / 20 for k in range(2, 19)), key=lambda f: (abs(f - 0.5), f))
    bends = sorted((_bend(line, f, width), n, f) for n, f in enumerate(fractions))
    for _, _, fraction in bends:
        yield _turned(line, fraction, width, height)


def _turned(line: LineString, fraction: float, width: float, height: float) -> tuple[Spot, Polygon]:
    middle = line.interpolate(fraction, normalized=True)
    start, end = _ends(line, fraction, width)
    angle = math.degrees(math.atan2(end.y - start.y, end.x - start.x))
    angle = (angle + 90) % 180 - 90
    flat = box(
        middle.x - width / 2, middle.y - height / 2, middle.x + width / 2, middle.y + height / 2
    )
    shape = shapely.affinity.rotate(flat, angle, origin=middle)
    turn = math.radians(angle)
    dx, dy = -width / 2, -height / 2
    return Spot(
        middle.x + dx * math.cos(turn) - dy * math.sin(turn),
        middle.y + dx * math.sin(turn) + dy * math.cos(turn),
        angle,
    ), shape


def _ends(line: LineString, fraction: float, width: float) -> tuple[Point, Point]:
    at = fraction * line.length
    start, end = max(at - width / 2, 0), min(at + width / 2, line.length)
    return line.interpolate(start), line.interpolate(end)


def _bend(line: LineString, fraction: float, width: float) -> float:
    """How far the line leaves the chord under a label, in half millimetres."""
    start, end = _ends(line, fraction, width)
    middle = line.interpolate(fraction, normalized=True)
    return round(2 * LineString([start, end]).distance(middle))


def _visual_centre(area: BaseGeometry) -> Point:
    parts = [part for part in shapely.get_parts(area) if isinstance(part, Polygon)]
    largest = max(parts, key=lambda part: part.area)
    circle = shapely.maximum_inscribed_circle(largest, tolerance=0.1)
    return Point(circle.coords[0])


def _steps(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step), math.floor(high / step)
    return [k * step for k in range(first, last + 1)]
