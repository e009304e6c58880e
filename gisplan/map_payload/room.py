"""What is left of each zone, and what a service reaches, as layers of the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from gisplan.crs import MU
from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.map_payload.layers import MapClass, MapLayer
from gisplan.wording import names

UNION: Final = "union"
_HECTARE: Final = 10_000.0
_COLORS: Final = ("#0072b2", "#56b4e9", "#b3dcf2", "#d9eef9")
"""From the nearest reach to the farthest; hatched apart as well."""


def room_layer(left: gpd.GeoDataFrame, definition: PlanDefinition, labels: Labels) -> MapLayer:
    """Draw what no constraint and no listed footprint speaks against.

    Parameters
    ----------
    left
        What `gisplan.capacity.capacity` returns.
    definition
        Titles of zones and constraints.
    labels
        The words of one language.

    Returns
    -------
    MapLayer
        One shape per zone, off at first. Its card says whether the area is an upper bound,
        and because of which constraints without data.
    """
    own = left[left["area_id"] != UNION]
    language = labels.language
    frame = pd.DataFrame(
        {
            labels("column.area_id"): [names(key, definition, language) for key in own["area_id"]],
            labels("column.remaining_hectares"): own["remaining"].to_numpy() / _HECTARE,
            labels("column.mu"): own["remaining"].to_numpy() / MU,
            labels("column.bound"): [labels(f"stats.bound_{code}") for code in own["bound"]],
            labels("column.lacking"): [names(ids, definition, language) for ids in own["lacking"]],
            labels("column.without_footprint"): own["without_footprint"].to_numpy(),
        }
    )
    shapes = gpd.GeoDataFrame(frame, geometry=own.geometry.to_numpy(), crs=left.crs)
    return MapLayer(
        id="room",
        title=labels("stats.room_title"),
        frame=shapes,
        columns=list(frame.columns),
        name=labels("column.area_id"),
        color="#009e73",
        hatch=(45.0, 6.0),
        fill=0.12,
        shown=False,
        note=labels("stats.room_note"),
    )


def reach_layer(services: gpd.GeoSeries, distances: Sequence[float], labels: Labels) -> MapLayer:
    """Draw what lies within reach of services: each ring once, the nearest on top.

    Parameters
    ----------
    services
        The services, in a projected CRS in metres; missing ones are left out.
    distances
        Metres as the crow flies, ascending; at most four.
    labels
        The words of one language.
    """
    held = [one for one in services if one is not None and not one.is_empty]
    rows: list[tuple[str, Any]] = []
    taken: Any = shapely.Polygon()
    for distance in distances[: len(_COLORS)]:
        reach = shapely.union_all(shapely.buffer(held, distance, quad_segs=32))
        rows.append((f"{distance:g} m", reach.difference(taken)))
        taken = reach
    name = labels("column.distance")
    frame = gpd.GeoDataFrame(
        {name: [text for text, _ in rows]}, geometry=[ring for _, ring in rows], crs=services.crs
    )
    classes = [
        MapClass(value=text, title=f"≤ {text}", color=color, dash=(4.0, 2.0 + at))
        for at, ((text, _), color) in enumerate(zip(rows, _COLORS, strict=False))
    ]
    return MapLayer(
        id="reach", title=labels("stats.reach_title"), frame=frame, columns=[name], name=name,
        by=name, classes=classes, fill=0.15, shown=False, note=labels("stats.reach_note"),
    )  # fmt: skip
