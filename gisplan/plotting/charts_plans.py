"""A small map of a plan's areas in a part of a sheet: the ground of the one-page figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import shapely
from matplotlib.axes import Axes

from gisplan.definition import PlanDefinition
from gisplan.plotting.charts import TEXT, Box
from gisplan.plotting.drawing import add_shape
from gisplan.plotting.page import INK, MM, PALE, Page, extent
from gisplan.plotting.panel import bar_step
from gisplan.symbology import DASHES, color_of
from gisplan.terms import Kind

_DASH: Final = {key: (0, tuple(dash)) for key, dash in DASHES.items() if dash}


class SmallMap:
    """Axes in metres of a plan's CRS, fitted into a box of the sheet.

    Parameters
    ----------
    page, box
        Where to draw, in millimetres.
    bounds
        West, south, east and north of what is to be seen, in metres.
    label
        Name of the axes.
    """

    def __init__(
        self, page: Page, box: Box, bounds: tuple[float, float, float, float], *, label: str
    ) -> None:
        west, south, east, north = bounds
        self.page, self.box = page, box
        self.rate = max((east - west) / box.width, (north - south) / box.height, 1e-9) * 1.06
        middle = ((west + east) / 2, (south + north) / 2)
        half = (box.width * self.rate / 2, box.height * self.rate / 2)
        self.west, self.south = middle[0] - half[0], middle[1] - half[1]
        self.axes: Axes = page.axes(*box, label=label)
        self.axes.set_xlim(self.west, middle[0] + half[0])
        self.axes.set_ylim(self.south, middle[1] + half[1])
        self.taken: list[Any] = []
        page.box(*box, line=0.5, edgecolor="#9a9a9a")

    def add(self, shape: Any, **look: Any) -> None:
        """Draw a shape, if there is one."""
        if shape is not None and not shape.is_empty:
            add_shape(self.axes, shape, **look)

    def spot(self, place: Any) -> tuple[float, float]:
        """Return where a point of the ground lies on the sheet, in millimetres."""
        return (
            self.box.left + (place.x - self.west) / self.rate,
            self.box.bottom + (place.y - self.south) / self.rate,
        )

    def name(self, shape: Any, text: str, *, size: float = TEXT, color: str = INK) -> bool:
        """Write a name on a shape where none stands yet; tell whether there was room."""
        if shape is None or shape.is_empty:
            return False
        line = shape.geom_type.endswith("LineString")
        spots = [shape.interpolate(k, normalized=True) for k in (0.5, 0.3, 0.7, 0.12, 0.88)] if (
            line
        ) else [shape.representative_point(), shape.centroid]  # fmt: skip
        for place in spots:
            x, y = self.spot(place)
            wide, high = extent(text, size) + 1.2, 1.15 * size / MM
            for dy in (0.0, high, -high):
                room = shapely.box(x - wide / 2, y + dy - high / 2, x + wide / 2, y + dy + high / 2)
                inside = shapely.box(*self._edges()).contains(room)
                if inside and not any(room.intersects(one) for one in self.taken):
                    self.taken.append(room)
                    self.page.write(x, y + dy - 0.36 * size / MM, text, size=size, color=color,
                                    across="center", halo="#ffffff")  # fmt: skip
                    return True
        return False

    def _edges(self) -> tuple[float, float, float, float]:
        box = self.box
        return box.left, box.bottom, box.right, box.top

    def scale(self, kilometres: str) -> None:
        """Draw a scale bar at the lower left; *kilometres* is the word for the unit."""
        step = bar_step(self.rate * self.box.width * 0.3)
        x, y = self.box.left + 3, self.box.bottom + 3
        long = step / self.rate
        back = (x - 1.5, y - 1.5, long + 5 + extent(f"{step / 1000:g} {kilometres}", 6), 5.5)
        self.page.box(*back, line=0, facecolor="#ffffff", alpha=0.8, edgecolor="none")
        self.page.line([(x, y + 1.2), (x, y), (x + long, y), (x + long, y + 1.2)], width=0.9)
        self.page.write(x + long + 1.2, y, f"{step / 1000:g} {kilometres}", size=6, color=PALE)


def bounds_of(shapes: Sequence[Any]) -> tuple[float, float, float, float]:
    """Return the bounds of all shapes that there are; a square kilometre where there is none."""
    held = [one for one in shapes if one is not None and not one.is_empty]
    if not held:
        return 0.0, 0.0, 1000.0, 1000.0
    west, south, east, north = shapely.total_bounds(held)
    return float(west), float(south), float(east), float(north)


def draw_plan(
    ground: SmallMap,
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    *,
    language: str,
    named: bool = True,
) -> None:
    """Draw study area, zones and corridors of a plan in their colours, with their names."""
    groups = {
        Kind.STUDY_AREA: {Kind.STUDY_AREA.value: definition.study_area},
        Kind.ZONE: definition.zones, Kind.CORRIDOR: definition.corridors,
    }  # fmt: skip
    shapes = {
        (row.kind, row.id): row.geometry for row in areas.itertuples() if row.kind != Kind.COVERAGE
    }
    for kind, layers in groups.items():
        for position, (key, layer) in enumerate(layers.items()):
            shape, color = shapes.get((kind.value, key)), color_of(kind, position, layer.color)
            _draw(ground, kind, shape, color, str(layer.status))
    for kind in (Kind.ZONE, Kind.CORRIDOR) if named else ():
        for key, layer in groups[kind].items():
            ground.name(shapes.get((kind.value, key)), layer.title.get(language))


def _draw(ground: SmallMap, kind: Kind, shape: Any, color: str, status: str) -> None:
    dash = {"linestyle": _DASH[status]} if status in _DASH else {}
    if kind is Kind.STUDY_AREA:
        ground.add(shape, facecolor="none", edgecolor=color, linewidth=0.7, **dash)
    elif kind is Kind.ZONE:
        ground.add(shape, facecolor=color, edgecolor="none", alpha=0.22)
        ground.add(shape, facecolor="none", edgecolor=color, linewidth=1.0, **dash)
    else:
        ground.add(shape, facecolor="none", edgecolor=color, linewidth=1.8)
