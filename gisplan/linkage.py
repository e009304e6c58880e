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
from shapely.ops import substring

from gisplan.areas import drawn
from gisplan.definition import PlanDefinition
from gisplan.terms import SEPARATOR, Kind
from gisplan.uncertainty import DOUBT, axis_error, probability

GAP = ""
"""The zone of a stretch of corridor that lies in no zone."""

BISECTIONS = 40

TOUCH = 1e-3
"""Metres: what is nearer lies on an edge, and a stretch that is shorter is none."""


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
        line was drawn; the parts of a line in parts follow each other from west to east. A
        closed corridor begins at its westernmost point and runs against the clock.
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


def stretch_lines(areas: gpd.GeoDataFrame, walked: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the stretches of `stations` with their geometry, to draw them."""
    lines = {key: oriented(line) for key, line in drawn(areas, Kind.CORRIDOR)}
    shapes = [
        _between(lines[key], start, end)
        for key, start, end in zip(walked["corridor"], walked["start"], walked["end"], strict=True)
    ]
    return gpd.GeoDataFrame(walked, geometry=shapes, crs=areas.crs)


def _between(parts: list[Any], start: float, end: float) -> Any:
    """Cut the stretch between two chainages; a stretch lies in one part."""
    before = 0.0
    for part in parts:
        if start < before + part.length - TOUCH / 2:
            return substring(part, start - before, end - before)
        before += part.length
    return shapely.LineString()


def oriented(line: Any) -> list[Any]:
    """Return the parts of a line, each from its western (then southern) end, in that order."""
    merged = shapely.line_merge(line)
    parts = [_turned(part) for part in shapely.get_parts(merged) if part.length > 0]
    return sorted(parts, key=lambda part: part.coords[0])


def _turned(part: Any) -> Any:
    points = list(part.coords)
    if points[0] != points[-1]:
        return part if points[0] <= points[-1] else part.reverse()
    first = points.index(min(points))
    ring = shapely.LinearRing([*points[first:-1], *points[:first]])
    return shapely.LineString((ring if ring.is_ccw else ring.reverse()).coords)


def _stretches(
    parts: list[Any], zones: list[tuple[str, Any]]
) -> Iterable[tuple[str, float, float]]:
    before = 0.0
    for part in parts:
        merged: list[list[Any]] = []
        for start, end in pairwise(_marks(part, zones)):
            middle = part.interpolate((start + end) / 2)
            held = SEPARATOR.join(key for key, zone in zones if zone.dwithin(middle, TOUCH))
            if merged and merged[-1][0] == held:
                merged[-1][2] = end
            else:
                merged.append([held, start, end])
        yield from ((held, before + start, before + end) for held, start, end in merged)
        before += part.length


def _marks(part: Any, zones: list[tuple[str, Any]]) -> list[float]:
    """Chainages at which something changes: the ends, and the crossings of edges between."""
    marks = [0.0]
    for at in sorted(_crossings(part, zones)):
        # An edge that two zones share is met twice, a rounding apart.
        if marks[-1] + TOUCH < at < part.length - TOUCH:
            marks.append(at)
    return [*marks, part.length]


def _crossings(part: Any, zones: list[tuple[str, Any]]) -> Iterable[float]:
    """Chainages at which the line meets the edge of a zone."""
    for _, zone in zones:
        met = part.intersection(zone.boundary)
        for one in shapely.get_parts(shapely.get_parts(met)):
            yield from (part.project(shapely.Point(point)) for point in one.coords)


def links(areas: gpd.GeoDataFrame, definition: PlanDefinition) -> pd.DataFrame:
    """Tell for each corridor and zone whether they are linked, and how surely.

    Returns
    -------
    DataFrame
        One row per corridor and zone: ``corridor``, ``zone``, ``linked``, ``crosses``,
        ``entry`` and ``exit`` (m of chainage where it first enters and last leaves the
        zone), ``length`` (m of corridor inside the zone), ``length_low`` and
        ``length_high`` (the same with the zone's edge 1.645 σ further in and out),
        ``near`` (m of corridor inside or within ``within`` of the zone), ``distance`` (m, 0
        where it crosses), ``margin`` (m by which the zone's edge would have to move for the
        link to change; > 0 where linked), ``error`` (σ of the two layers, m), ``same`` (P
        that it stays), ``sure`` (``same`` at or above the policy's threshold). A corridor
        or zone without data has NaN and neither links nor does not: its ``linked`` is
        missing.
    """
    zones, lines = dict(drawn(areas, Kind.ZONE)), dict(drawn(areas, Kind.CORRIDOR))
    walked = stations(areas)
    rows = []
    for key, corridor in definition.corridors.items():
        for zone_id, zone in definition.zones.items():
            line, shape = lines.get(key), zones.get(zone_id)
            if line is None or shape is None:
                rows.append((key, zone_id, *[np.nan] * (len(_MEASURES) - 2)))
                continue
            error = float(axis_error(corridor.error, np.array([zone.error]))[0])
            entry, leave = _passage(walked, key, zone_id)
            contact = _contact(line, shape, corridor.within, error)
            margin = _link_margin(line, shape, corridor.within)
            rows.append((key, zone_id, entry, leave, *contact, line.distance(shape), margin, error))
    frame = pd.DataFrame(rows, columns=_MEASURES).astype({"corridor": "str", "zone": "str"})
    margins, errors = (frame[name].to_numpy(dtype=float) for name in ("margin", "error"))
    met = probability(margins, errors)
    frame["same"] = np.where(margins >= 0, met, 1 - met)
    unknown = np.isnan(margins)
    frame["linked"] = pd.arrays.BooleanArray(margins >= 0, unknown)
    frame["crosses"] = pd.arrays.BooleanArray(frame["length"].to_numpy() > 0, unknown.copy())
    frame["sure"] = frame["same"] >= definition.policy.threshold
    keys = ["corridor", "zone", "linked", "crosses"]
    return frame[[*keys, *(name for name in frame if name not in keys)]]


_MEASURES = [
    "corridor", "zone", "entry", "exit", "length", "length_low", "length_high", "near",
    "distance", "margin", "error",
]  # fmt: skip


def _passage(walked: pd.DataFrame, corridor: str, zone: str) -> tuple[float, float]:
    """Chainages of the first entry into a zone and of the last exit, NaN where there is none."""
    mine = walked[walked["corridor"] == corridor]
    held = mine[[zone in ids.split(SEPARATOR) for ids in mine["zone"]]]
    return (held["start"].min(), held["end"].max()) if len(held) else (np.nan, np.nan)


def _contact(
    line: Any, zone: Any, within: float, error: float
) -> tuple[float, float, float, float]:
    """Metres of a corridor inside a zone, in the zone shrunk and grown, and near it."""
    shift = DOUBT * error
    low, high = (zone.buffer(by) if by else zone for by in (-shift, shift))
    shapes = (zone, low, high, zone.buffer(within))
    inside, least, most, near = (float(line.intersection(shape).length) for shape in shapes)
    return inside, least, most, near


def connectivity(linked: pd.DataFrame) -> pd.DataFrame:
    """Find what hangs together: all corridors, only the sure links, and each corridor cut.

    Parameters
    ----------
    linked
        What `links` returns.

    Returns
    -------
    DataFrame
        One row per case: ``case`` (``all``; ``sure``: only links that the accuracy
        supports; ``possible``: also those it does not rule out; ``cut``), ``cut_corridor``
        (the one that is taken away, else ``""``), ``components`` (number), ``groups`` (zone
        ids joined by ``|`` within a component, components joined by ``;``), ``connected``
        (one component holds every zone), ``lost`` (zones that no corridor reaches any more),
        ``survives``
        (the same components with the sure and with the possible links: the answer does not
        depend on the accuracy of the layers).
    """
    now, sure = linked["linked"].fillna(False), linked["sure"]
    rows = [_judged("all", "", linked, np.ones(len(linked), dtype=bool))]
    rows.append(_case("sure", "", linked, now & sure))
    rows.append(_case("possible", "", linked, now | ~sure))
    for corridor in linked["corridor"].unique():
        left = (linked["corridor"] != corridor).to_numpy()
        rows.append(_judged("cut", corridor, linked, left))
    columns = ["case", "cut_corridor", "components", "groups", "connected", "lost", "survives"]
    texts = dict.fromkeys(("case", "cut_corridor", "groups", "lost"), "str")
    return pd.DataFrame(rows, columns=columns).astype({**texts, "survives": "boolean"})


def _judged(case: str, cut: str, linked: pd.DataFrame, left: Any) -> tuple[Any, ...]:
    """Compute a case and whether its components stand with sure and with possible links."""
    now, sure = linked["linked"].fillna(False), linked["sure"]
    told, *others = (
        _case(case, cut, linked, kept & left) for kept in (now, now & sure, now | ~sure)
    )
    return *told[:-1], all(other[3] == told[3] for other in others)


def _case(case: str, cut: str, linked: pd.DataFrame, kept: Any) -> tuple[Any, ...]:
    zones = list(linked["zone"].unique())
    edges = linked.loc[kept.astype(bool), ["corridor", "zone"]].itertuples(index=False)
    groups = _components(zones, [(edge.corridor, edge.zone) for edge in edges])
    reached = set(linked.loc[kept.astype(bool), "zone"])
    told = ";".join(SEPARATOR.join(group) for group in groups)
    lost = SEPARATOR.join(zone for zone in zones if zone not in reached)
    return case, cut, len(groups), told, len(groups) == 1, lost, pd.NA


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
