"""Areas on the map: fills, hatch, outlines, corridors and their rings, as plain paths."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from shapely.geometry.base import BaseGeometry

from gisplan.around import around
from gisplan.plotting.entries import Entry
from gisplan.plotting.ground import Area, Ground
from gisplan.symbology import FILL_OPACITY, hatch_of
from gisplan.terms import Kind


def draw_areas(ground: Ground, areas: Iterable[Area], *, rings: bool = True) -> None:
    """Draw study area, rings if wanted, zones, corridors and constraints, in this order."""
    by_kind: dict[str, list[Area]] = {kind: [] for kind in Kind}
    for area in areas:
        by_kind[area.kind].append(area)
    frame = ground.frame
    add_shape(ground.axes, ground.frame, facecolor="#f3f2ee", linewidth=0)
    for area in by_kind[Kind.STUDY_AREA]:
        add_shape(ground.axes, area.geometry, facecolor="#ffffff", linewidth=0)
        add_shape(
            ground.axes, area.geometry, edgecolor=area.color, linewidth=1.5,
            linestyle=area.dashes, zorder=3.2, gid=f"area-{area.key}",
        )  # fmt: skip
    for area in by_kind[Kind.CORRIDOR]:
        if rings:
            _draw_rings(ground, area)
        add_shape(ground.axes, area.geometry, edgecolor="#ffffff", linewidth=2.6, zorder=3)
        draw_line(ground.axes, area)
    for area in (*by_kind[Kind.ZONE], *by_kind[Kind.CONSTRAINT]):
        if area.geometry.intersects(frame):
            fill_area(ground.axes, area, unit=ground.scale / 1000, frame=frame)


def fill_area(
    axes: Axes,
    area: Area,
    *,
    unit: float,
    shape: BaseGeometry | None = None,
    frame: BaseGeometry | None = None,
) -> None:
    """Fill, hatch and outline a zone or a constraint; ``unit`` is a millimetre on the axes.

    ``shape`` stands for the area's own geometry in a legend; hatch is drawn inside ``frame``
    alone.
    """
    geometry = area.geometry if shape is None else shape
    over = 0.0 if area.kind == Kind.ZONE else 0.3
    add_shape(
        axes, geometry, facecolor=area.color, alpha=FILL_OPACITY[area.kind], linewidth=0,
        zorder=2 + over,
    )  # fmt: skip
    angle, distance = hatch_of(area.kind, area.position)
    seen = geometry if frame is None else geometry.intersection(frame)
    lines = hatch(seen, angle, distance * unit)
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


def draw_footprint(ground: Ground, entry: Entry) -> None:
    """Draw what a project covers; a point covers nothing."""
    if entry.geometry is None or entry.geometry.geom_type in ("Point", "MultiPoint"):
        return
    area = entry.geometry.area > 0
    add_shape(
        ground.axes, entry.geometry, facecolor=entry.symbol.color if area else "none",
        edgecolor=entry.symbol.color, alpha=0.6, linewidth=1.2, zorder=4,
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
    # Else it would be thinned out or not by the rcParams at hand.
    path.should_simplify = False
    look = {"facecolor": "none", "edgecolor": "none", "joinstyle": "round", **look}
    patch = PathPatch(path, **look)
    patch.set_gid(gid)
    # Not add_patch: it walks every curve to widen limits that the scale has set for good.
    axes.add_artist(patch)


def _draw_rings(ground: Ground, area: Area) -> None:
    for distance in sorted(getattr(area.layer, "rings", ()), reverse=True):
        ring = around(area.geometry, distance)
        if not ring.intersects(ground.frame):
            continue
        add_shape(
            ground.axes, ring, facecolor=area.color, alpha=FILL_OPACITY[Kind.CORRIDOR] / 2,
            linewidth=0, zorder=1.4,
        )  # fmt: skip
        add_shape(ground.axes, ring, edgecolor=area.color, linewidth=0.35, alpha=0.8, zorder=1.5)


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
