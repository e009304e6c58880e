"""Room that is left: zones less constraints less what is committed, and what is built up.

Constraints without data take nothing off, so what is left is then an upper bound, and says so.
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisplan.areas import drawn
from gisplan.crs import ellipsoidal_area
from gisplan.definition import PlanDefinition
from gisplan.inference import wilson
from gisplan.overlaps import Ground
from gisplan.terms import SEPARATOR, Kind

UNION: Final = "union"
"""The row of all zones together, overlaps counted once."""


def capacity(
    projects: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, definition: PlanDefinition
) -> gpd.GeoDataFrame:
    """Take constraints and committed footprints off each zone.

    Parameters
    ----------
    projects
        In the CRS of *areas*; footprints (polygons) commit land, points and lines do not.
    areas
        The plan's areas, in a projected CRS in metres.
    definition
        Constraints with their setbacks; those that are not drawn, or whose ``coverage`` does
        not hold the zone, are ``lacking``.

    Returns
    -------
    GeoDataFrame
        One row per zone and for ``union``: ``area_id``; ``area_ellipsoid``, ``constrained``
        (within a prohibiting constraint or its setback), ``restricted`` (within one that asks for
        review, and not constrained: still part of what is left), ``committed`` (footprints
        outside constraints), ``remaining`` = area_ellipsoid - constrained - committed, all in m² on
        the ellipsoid; ``remaining_share``; ``without_footprint`` (projects in the zone that
        state no area); ``lacking`` (ids of constraints without
        data, here or in a part of the zone, ``|``); ``bound``:
        ``upper`` where anything is lacking, else ``estimate``, and ``unknown`` for a zone
        without data (and then for ``union``); geometry of what is left.

    Notes
    -----
    Nothing here knows heights, floor area ratios or what is built already: it is land that
    no rule and no listed project speaks against.
    """
    prohibited, reviewed, lacking = _constraints(areas, definition)
    shapes = np.asarray(projects.geometry.array, dtype=object)
    usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    usable &= shapely.is_valid(shapes)
    footprint = usable & (shapely.get_dimensions(shapes) == 2)
    built = shapely.union_all(shapes[footprint])
    zones = drawn(areas, Kind.ZONE)
    rows = [
        _parts(key, zone, prohibited, reviewed, built, shapes[usable & ~footprint])
        for key, zone in [*zones, (UNION, shapely.union_all([zone for _, zone in zones]))]
    ]
    undrawn = [key for key in definition.zones if key not in dict(zones)]
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=areas.crs)
    frame["shape"] = frame["area_ellipsoid"]
    for name in ("area_ellipsoid", "constrained", "restricted", "committed"):
        frame[name] = ellipsoidal_area(gpd.GeoSeries(list(frame[name]), crs=areas.crs)).to_numpy()
    frame["remaining"] = (frame["area_ellipsoid"] - frame["constrained"] - frame["committed"]).clip(
        lower=0
    )
    frame["remaining_share"] = frame["remaining"] / frame["area_ellipsoid"].replace(0, np.nan)
    silent = _uncovered(areas, definition, frame["shape"])
    frame["lacking"] = [SEPARATOR.join([*lacking, *own]) for own in silent]
    # A project without a usable place may commit land in any zone.
    doubt = (frame["lacking"] != "") | (frame["without_footprint"] > 0) | bool((~usable).any())
    frame["bound"] = np.where(doubt, "upper", "estimate")
    return _with_undrawn(frame[list(_COLUMNS)], undrawn)


def _with_undrawn(frame: gpd.GeoDataFrame, undrawn: list[str]) -> gpd.GeoDataFrame:
    """Add zones without data: nothing is known of them, nor then of all zones together."""
    empty = gpd.GeoDataFrame(
        {"area_id": undrawn, "lacking": undrawn, "bound": "unknown"},
        geometry=np.full(len(undrawn), None, dtype=object), crs=frame.crs,
    ).reindex(columns=list(_COLUMNS))  # fmt: skip
    if undrawn:
        measures = list(_COLUMNS[1:7])
        frame.loc[frame["area_id"] == UNION, measures] = np.nan
        frame.loc[frame["area_id"] == UNION, "bound"] = "unknown"
        frame = gpd.GeoDataFrame(
            pd.DataFrame([*frame.to_dict("records"), *empty.to_dict("records")]),
            geometry="geometry", crs=frame.crs,
        )  # fmt: skip
    texts = dict.fromkeys(("area_id", "lacking", "bound"), "str")
    return frame[list(_COLUMNS)].astype({**texts, "without_footprint": "Int64"})


_COLUMNS: Final = (
    "area_id", "area_ellipsoid", "constrained", "restricted", "committed", "remaining",
    "remaining_share", "without_footprint", "lacking", "bound", "geometry",
)  # fmt: skip


def _constraints(areas: gpd.GeoDataFrame, definition: PlanDefinition) -> tuple[Any, Any, list[str]]:
    """Dissolve the constraints that are drawn, by effect, and name those that are not."""
    held = dict(drawn(areas, Kind.CONSTRAINT))
    by_effect: dict[str, list[Any]] = {"prohibit": [], "review": []}
    for key, shape in held.items():
        one = definition.constraints[key]
        grown = shape.buffer(one.setback, quad_segs=32) if one.setback else shape
        by_effect[one.effect].append(grown)
    lacking = [key for key in definition.constraints if key not in held]
    return (
        shapely.union_all(by_effect["prohibit"]),
        shapely.union_all(by_effect["review"]),
        lacking,
    )


def _uncovered(
    areas: gpd.GeoDataFrame, definition: PlanDefinition, zones: pd.Series
) -> list[list[str]]:
    """Name, for each zone, the constraints that are drawn and say nothing of a part of it."""
    known = dict(drawn(areas, Kind.COVERAGE))
    held = {key for key, _ in drawn(areas, Kind.CONSTRAINT)}
    bounded = [key for key in held if definition.constraints[key].coverage is not None]
    return [
        [key for key in sorted(bounded) if key not in known or not known[key].covers(zone)]
        for zone in zones
    ]


def _parts(
    key: str, zone: Any, prohibited: Any, reviewed: Any, built: Any, others: Any
) -> dict[str, Any]:
    free = zone.difference(prohibited)
    return {
        "area_id": key,
        "area_ellipsoid": zone,
        "constrained": zone.intersection(prohibited),
        "restricted": free.intersection(reviewed),
        "committed": free.intersection(built),
        "without_footprint": int(shapely.intersects(zone, others).sum()),
        "geometry": free.difference(built),
    }


def inside_built_up(
    projects: gpd.GeoDataFrame, built_up: Any, *, group: pd.Series | None = None
) -> pd.DataFrame:
    """Tell how many projects lie inside and outside the built-up area (建成区).

    Parameters
    ----------
    projects
        In the CRS of *built_up*; a footprint counts where half of it or more lies.
    built_up
        The built-up area as one geometry, or ``None`` where no such layer is given.
    group
        Of each project, such as its zone; by default all together.

    Returns
    -------
    DataFrame
        ``group``, ``projects`` (with a place), ``inside_built``, ``outside_built``,
        ``share_inside`` with ``low`` and ``high`` (95 %, Wilson), ``unplaced``. Without a
        layer the counts are NaN: nothing is known, not nothing.
    """
    shapes = np.asarray(projects.geometry.array, dtype=object)
    usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    usable &= shapely.is_valid(shapes)
    keys = np.full(len(projects), "*", dtype=object) if group is None else group.to_numpy()
    within = np.zeros(len(projects), dtype=bool)
    if built_up is not None:
        within[usable] = _half_inside(shapes[usable], built_up)
    rows: list[tuple[Any, ...]] = []
    for key in dict.fromkeys(keys):
        here = (keys == key) & usable
        n, inside = int(here.sum()), int((here & within).sum())
        counts = (inside, n - inside, inside / n if n else np.nan, *wilson(inside, n))
        told = counts if built_up is not None else (np.nan,) * 5
        rows.append((key, n, *told, int(((keys == key) & ~usable).sum())))
    columns = [
        "group",
        "projects",
        "inside_built",
        "outside_built",
        "share_inside",
        "low",
        "high",
        "unplaced",
    ]
    return pd.DataFrame(rows, columns=columns)


def _half_inside(shapes: Any, area: Any) -> Any:
    size, length = shapely.area(shapes), shapely.length(shapes)
    held = Ground(shapely.get_parts(area)).area_on(shapes, size / 2)
    line = (size == 0) & (length > 0)
    held[line] = shapely.length(shapely.intersection(shapes[line], area))
    with np.errstate(divide="ignore", invalid="ignore"):
        half = held / np.where(line, length, size) >= 0.5
    return np.where(size + length > 0, half, shapely.intersects(shapes, area))
