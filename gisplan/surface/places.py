"""Where criteria are asked: at points exactly, or at the cells of a window of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.io.grids import Grid
from gisplan.io.rasters import Raster

BLOCK: Final = 128
"""Cells along the side of a block within which the candidates for the nearest are the same."""

Floats = NDArray[Any]
Bools = NDArray[np.bool_]


class Places(Protocol):
    """Places of any number, in the plan's CRS."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the arrays that are answered."""

    def inside(self, shape: Any) -> Bools:
        """Tell which places lie in a shape."""

    def lies_in(self, shape: Any, share: float) -> Bools:
        """Tell of which places at least a share lies in a shape."""

    def distance(self, shape: Any, beyond: float) -> Floats:
        """Metres to a shape; from *beyond* on it only has to be at least that."""

    def value(self, raster: Raster, crs: pyproj.CRS) -> Floats:
        """Value of the cell of a raster that holds each place."""


@dataclass(frozen=True)
class PointPlaces:
    """Single places; ``whole`` are the shapes of footprints, which touch what they touch."""

    points: Any
    whole: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """As many as there are points."""
        return (len(self.points),)

    def inside(self, shape: Any) -> Bools:
        """Tell which points lie in a shape."""
        shapely.prepare(shape)
        return np.asarray(shapely.intersects(shape, self.points))

    def touches(self, shape: Any) -> Bools:
        """Tell which footprints touch a shape."""
        shapely.prepare(shape)
        return np.asarray(shapely.intersects(shape, self.whole))

    def lies_in(self, shape: Any, share: float) -> Bools:
        """Tell of which footprints (by area), lines (by length) or points a share lies in it."""
        shapely.prepare(shape)
        found = np.asarray(shapely.covers(shape, self.whole))
        part = np.flatnonzero(~found & (shapely.get_dimensions(self.whole) > 0))
        whole = self.whole[part]
        held = shapely.intersection(shape, whole)
        flat = shapely.get_dimensions(whole) == 2
        size, inside = (
            np.where(flat, shapely.area(one), shapely.length(one)) for one in (whole, held)
        )
        found[part] = inside >= size * share
        return found

    def distance(self, shape: Any, beyond: float) -> Floats:  # noqa: ARG002 - exact anyway
        """Metres to a shape."""
        return np.asarray(shapely.distance(self.points, shape))

    def value(self, raster: Raster, crs: pyproj.CRS) -> Floats:
        """Value of the cell that holds each point."""
        x, y = shapely.get_x(self.points), shapely.get_y(self.points)
        return raster.sample(*_into(raster, crs, x, y))


@dataclass(frozen=True)
class Window:
    """The cells of a window of a grid, at their centres."""

    grid: Grid
    row: int
    column: int
    rows: int
    columns: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.rows, self.columns

    @cached_property
    def axes(self) -> tuple[Floats, Floats]:
        """Easting of the columns, northing of the rows."""
        return self.grid.centres(self.row, self.column, self.rows, self.columns)

    @cached_property
    def box(self) -> Any:
        """The ground of the window."""
        x, y = self.axes
        half = self.grid.cell / 2
        return shapely.box(x[0] - half, y[-1] - half, x[-1] + half, y[0] + half)

    def inside(self, shape: Any) -> Bools:
        """Tell which cells have their centre in a shape."""
        if not shapely.intersects(shape, self.box):
            return np.zeros(self.shape, dtype=bool)
        part = shapely.intersection(
            shape, shapely.buffer(self.box, self.grid.cell, join_style="mitre")
        )
        return self.grid.inside(part, (self.row, self.column, self.rows, self.columns))

    def touches(self, shape: Any) -> Bools:
        """Tell which cells have their centre in a shape, as `inside`."""
        return self.inside(shape)

    def lies_in(self, shape: Any, share: float) -> Bools:  # noqa: ARG002 - a centre has no parts
        """Tell which cells have their centre in a shape, as `inside`."""
        return self.inside(shape)

    def distance(self, shape: Any, beyond: float) -> Floats:
        """Metres from the centres to a line, exactly, where they are less than *beyond*.

        Block by block: near a block, few segments of the line can be the nearest.
        """
        found = np.full(self.shape, np.inf, dtype=np.float32)
        if shapely.distance(shape, self.box) >= beyond:
            return found
        segments = _segments(shape)
        lines, (x, y) = shapely.linestrings(segments), self.axes
        for row in range(0, self.rows, BLOCK):
            for column in range(0, self.columns, BLOCK):
                part = found[row : row + BLOCK, column : column + BLOCK]
                axes = x[column : column + BLOCK], y[row : row + BLOCK]
                _nearest(part, axes, segments, lines, beyond)
        return found

    def value(self, raster: Raster, crs: pyproj.CRS) -> Floats:
        """Value of the raster's cell that holds the centre of each cell."""
        x, y = np.meshgrid(*self.axes)
        return raster.sample(*_into(raster, crs, x, y)).astype(np.float32)


def _nearest(found: Floats, axes: tuple[Floats, Floats], segments: Floats, lines: Any,
             beyond: float) -> None:  # fmt: skip
    """Fill a block with the distance to the nearest of some segments."""
    x, y = axes
    middle = shapely.points((x[0] + x[-1]) / 2, (y[0] + y[-1]) / 2)
    reach = float(np.hypot(x[-1] - x[0], y[0] - y[-1]) / 2)
    away = shapely.distance(lines, middle)
    if away.min() - reach >= beyond:
        return
    # A segment farther from the middle by a diameter is nowhere the nearest.
    kept = away <= away.min() + 2 * reach
    east = (x - x[0]).astype(np.float32)
    north = (y - y[0]).astype(np.float32)[:, None]
    # As plain numbers, which leave the arrays in single precision: a millimetre in 10 km.
    for (ax, ay), (bx, by) in (segments[kept] - [x[0], y[0]]).tolist():
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy or 1.0
        along = (east - ax) * (dx / length) + (north - ay) * (dy / length)
        np.clip(along, 0, 1, out=along)
        square = np.square(east - ax - along * dx) + np.square(north - ay - along * dy)
        np.minimum(found, square, out=found)
    np.sqrt(found, out=found)


def _segments(shape: Any) -> Floats:
    """Return the segments of a line or of many (k x 2 x 2)."""
    parts = [shapely.get_coordinates(one) for one in shapely.get_parts(shape)]
    pairs = [np.stack([one[:-1], one[1:]], axis=1) for one in parts]
    return np.concatenate(pairs)


def _into(raster: Raster, crs: pyproj.CRS, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    if raster.crs == crs:
        return x, y
    moved = pyproj.Transformer.from_crs(crs, raster.crs, always_xy=True).transform(x, y)
    return np.asarray(moved[0]), np.asarray(moved[1])
