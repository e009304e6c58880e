"""Corridors x zones: in which order a corridor meets zones, what it links, what a cut breaks.

A zone is linked to a corridor that crosses it or passes within the corridor's ``within``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisplan.areas import drawn
from gisplan.definition import PlanDefinition
from gisplan.terms import SEPARATOR, Kind
from gisplan.uncertainty import axis_error, probability

GAP = ""
"""The zone of a stretch of corridor that lies in no zone."""

BISECTIONS = 40


def stations(areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Walk along each corridor: which zone from where to where.

    Parameters
    ----------
    areas
        The plan's areas, in a projected CRS in metres.

    Returns
    -------
    DataFrame
        One row per stretch in walking order: ``corridor``, ``order`` (from 1), ``zone``
        (ids joined by ``|`` where zones overlap, ``""`` for a gap), ``start``, ``end``,
        ``length`` (m of chainage). Stretches cover the corridor without overlap. Chainage
        runs from the western end (the southern one of two as far west), whichever way the
        line was drawn; the parts of a line in parts follow each other from west to east.
    """
    zones = drawn(areas, Kind.ZONE)
    rows = [
        (key, order, *stretch)
        for key, line in drawn(areas, Kind.CORRIDOR)
        for order, stretch in enumerate(_stretches(oriented(line), zones), start=1)
    ]
    columns = ["corridor", "order", "zone", "start", "end"]
    frame = pd.DataFrame(rows, columns=columns).astype({"corridor": "str", "zone": "str"})
    frame["length"] = frame["end"] - frame["start"]
    return frame


def oriented(line: Any) -> list[Any]:
    """Return the parts of a line, each from its western (then southern) end, in that order."""
    merged = shapely.line_merge(line)
    parts = [part for part in shapely.get_parts(merged) if part.length > 0]
    turned = [part if part.coords[0] <= part.coords[-1] else part.reverse() for part in parts]
    return sorted(turned, key=lambda part: part.coords[0])


def _stretches(
    parts: list[Any], zones: list[tuple[str, Any]]
) -> Iterable[tuple[str, float, float]]:
    before = 0.0
    for part in parts:
        marks = sorted({0.0, part.length, *_crossings(part, zones)})
        merged: list[list[Any]] = []
        for start, end in pairwise(marks):
            middle = part.interpolate((start + end) / 2)
            held = SEPARATOR.join(key for key, zone in zones if zone.intersects(middle))
            if merged and merged[-1][0] == held:
                merged[-1][2] = end
            else:
                merged.append([held, start, end])
        yield from ((held, before + start, before + end) for held, start, end in merged)
        before += part.length


def _crossings(part: Any, zones: list[tuple[str, Any]]) -> Iterable[float]:
    """Chainages at which the line meets the edge of a zone."""
    for _, zone in zones:
        met = part.intersection(zone.boundary)
        for one in shapely.get_parts(met):
            for x, y in one.coords:
                yield round(part.project(shapely.Point(x, y)), 6)


def links(areas: gpd.GeoDataFrame, definition: PlanDefinition) -> pd.DataFrame:
    """Tell for each corridor and zone whether they are linked, and how surely.

    Returns
    -------
    DataFrame
        One row per corridor and zone: ``corridor``, ``zone``, ``linked``, ``crosses``,
        ``length`` (m of corridor inside the zone), ``distance`` (m, 0 where it crosses),
        ``margin`` (m by which the zone's edge would have to move for the link to change;
        > 0 where linked), ``error`` (σ of the two layers, m), ``same`` (P that it stays),
        ``sure`` (``same`` at or above the policy's threshold). A corridor or zone without
        data has NaN and neither links nor does not: its ``linked`` is missing.
    """
    zones, lines = dict(drawn(areas, Kind.ZONE)), dict(drawn(areas, Kind.CORRIDOR))
    rows = []
    for key, corridor in definition.corridors.items():
        for zone_id, zone in definition.zones.items():
            line, shape = lines.get(key), zones.get(zone_id)
            if line is None or shape is None:
                rows.append((key, zone_id, np.nan, np.nan, np.nan, np.nan))
                continue
            margin = _link_margin(line, shape, corridor.within)
            error = float(axis_error(corridor.error, np.array([zone.error]))[0])
            length, distance = line.intersection(shape).length, line.distance(shape)
            rows.append((key, zone_id, length, distance, margin, error))
    columns = ["corridor", "zone", "length", "distance", "margin", "error"]
    frame = pd.DataFrame(rows, columns=columns).astype({"corridor": "str", "zone": "str"})
    margins, errors = frame["margin"].to_numpy(), frame["error"].to_numpy()
    met = probability(margins, errors)
    frame["same"] = np.where(margins >= 0, met, 1 - met)
    unknown = np.isnan(margins)
    frame["linked"] = pd.arrays.BooleanArray(margins >= 0, unknown)
    frame["crosses"] = pd.arrays.BooleanArray(frame["length"].to_numpy() > 0, unknown.copy())
    frame["sure"] = frame["same"] >= definition.policy.threshold
    return frame


def connectivity(linked: pd.DataFrame) -> pd.DataFrame:
    """Find what hangs together: all corridors, only the sure links, and each corridor cut.

    Parameters
    ----------
    linked
        What `links` returns.

    Returns
    -------
    DataFrame
        One row per case: ``case`` (``all``, ``sure``, ``cut``), ``cut_corridor`` (the one that
        is taken away, else ``""``), ``components`` (number), ``groups`` (zone ids joined by
        ``|`` within a component, components joined by ``;``), ``connected`` (one component
        holds every zone), ``lost`` (zones that no corridor reaches any more).
    """
    rows = [_case("all", "", linked, linked["linked"].fillna(False))]
    rows.append(_case("sure", "", linked, linked["linked"].fillna(False) & linked["sure"]))
    for corridor in linked["corridor"].unique():
        left = linked["linked"].fillna(False) & (linked["corridor"] != corridor)
        rows.append(_case("cut", corridor, linked, left))
    columns = ["case", "cut_corridor", "components", "groups", "connected", "lost"]
    texts = dict.fromkeys(("case", "cut_corridor", "groups", "lost"), "str")
    return pd.DataFrame(rows, columns=columns).astype(texts)


def _case(case: str, cut: str, linked: pd.DataFrame, kept: Any) -> tuple[Any, ...]:
    zones = list(linked["zone"].unique())
    edges = linked.loc[kept.astype(bool), ["corridor", "zone"]].itertuples(index=False)
    groups = _components(zones, [(edge.corridor, edge.zone) for edge in edges])
    reached = set(linked.loc[kept.astype(bool), "zone"])
    told = ";".join(SEPARATOR.join(group) for group in groups)
    lost = SEPARATOR.join(zone for zone in zones if zone not in reached)
    return case, cut, len(groups), told, len(groups) == 1, lost


def _components(zones: list[str], edges: list[tuple[str, str]]) -> list[list[str]]:
    """Group zones that corridors connect, in the order of *zones*."""
    group = {zone: {zone} for zone in zones}
    for corridor in dict.fromkeys(corridor for corridor, _ in edges):
        met = [zone for one, zone in edges if one == corridor]
        joined = set().union(*(group[zone] for zone in met))
        group |= dict.fromkeys(joined, joined)
    unique = {id(members): members for members in group.values()}
    ordered = [[zone for zone in zones if zone in members] for members in unique.values()]
    return sorted(ordered, key=lambda members: zones.index(members[0]))


def _link_margin(line: Any, zone: Any, within: float) -> float:
    """Metres by which the zone's edge may move before the link changes."""
    distance = line.distance(zone)
    if distance > 0:
        return float(within - distance)
    low, high = 0.0, float(np.sqrt(zone.area))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        shrunk = zone.buffer(-middle)
        crosses = not shrunk.is_empty and shrunk.intersects(line)
        low, high = (middle, high) if crosses else (low, middle)
    return float(within + low)
