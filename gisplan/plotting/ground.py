"""The part of the world on a sheet, at a true scale, and the areas that lie in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pyproj
import shapely
import shapely.affinity
from matplotlib.axes import Axes
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from gisplan.errors import CrsError
from gisplan.plotting.page import Page
from gisplan.symbology import DASHES, color_of
from gisplan.terms import Kind

if TYPE_CHECKING:
    from gisplan.definition import Layer, PlanDefinition

ROUND: Final = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0)
"""Leading figures of a scale: 1:75 000 is one, 1:73 000 is not."""


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
