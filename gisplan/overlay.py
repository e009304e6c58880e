"""Areas x areas: rings of corridors, what they share with zones, overlaps and gaps of zones.

Everything is clipped to the study area where there is one, and what was cut off is told.
Overlapping geometry is dissolved before areas are added, so every share is within 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan.areas import drawn, strip
from gisplan.around import around
from gisplan.crs import MU, ellipsoidal_area, require_metric
from gisplan.definition import PlanDefinition
from gisplan.terms import Kind
from gisplan.uncertainty import DOUBT

HECTARE = 10_000.0
"""m² of a hectare (公顷)."""

CAPS = Literal["round", "flat"]
EVERY = "*"
"""The corridor id of rows that speak of the union of all corridors, counted once."""


def rings(
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    *,
    widths: Sequence[float] | None = None,
    cap: CAPS = "round",
) -> gpd.GeoDataFrame:
    """Draw rings round every corridor, clipped to the study area.

    Parameters
    ----------
    areas
        The plan's areas, in a projected CRS in metres.
    definition
        Gives each corridor's own ``rings``.
    widths
        Outer distances of the rings in metres, ascending; by default the corridor's own.
    cap
        Whether rings end round or flat at the ends of a corridor.

    Returns
    -------
    GeoDataFrame
        One row per corridor and ring: ``corridor``, ``inner`` and ``outer`` (m), ``area``
        (m², planar), ``area_ellipsoid`` (m², on the ellipsoid), ``cut`` (m² outside the
        study area, NaN where that has no data), geometry. Rings of one corridor do not
        overlap; corridors without data give no row.

    Raises
    ------
    CrsError
        Where the CRS is not in metres.
    """
    require_metric(pyproj.CRS(areas.crs))
    study = _one(areas, Kind.STUDY_AREA)
    rows = []
    for key, line in drawn(areas, Kind.CORRIDOR):
        own = definition.corridors[key].rings if widths is None else tuple(widths)
        within: Any = None
        for inner, outer in pairwise((0.0, *own)):
            disc = around(line, outer, cap=cap)
            band, within = disc.difference(within) if inner else disc, disc
            kept = band if study is None else band.intersection(study)
            cut = np.nan if study is None else band.area - kept.area
            rows.append((key, float(inner), float(outer), cut, kept))
    columns = ["corridor", "inner", "outer", "cut", "geometry"]
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=columns).astype({"corridor": "str"}),
        geometry="geometry",
        crs=areas.crs,
    )
    frame["area"] = frame.geometry.area
    frame["area_ellipsoid"] = ellipsoidal_area(frame.geometry)
    return frame[["corridor", "inner", "outer", "area", "area_ellipsoid", "cut", "geometry"]]


def zone_shares(
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    *,
    widths: Sequence[float] | None = None,
    cap: CAPS = "round",
) -> gpd.GeoDataFrame:
    """Overlay zones with the rings of corridors.

    Parameters
    ----------
    areas, definition, widths, cap
        As for `rings`.

    Returns
    -------
    GeoDataFrame
        One row per zone, corridor and ring, and per zone and ring for the union of all
        corridors (``corridor`` = ``*``, counted once): ``zone``, ``corridor``, ``inner``,
        ``outer`` (m), ``area``, ``area_ellipsoid`` (m²), ``hectares``, ``mu`` (both of the
        ellipsoidal area; 亩 = 2000/3 m²), ``share_of_zone``, ``share_low``, ``share_high``,
        ``share_of_ring``, geometry. Pairs that do not meet stay, with an area of zero.

    Notes
    -----
    ``share_low`` and ``share_high`` bound the share of the zone as the accuracy of the two
    layers leaves it open: the edges of the ring stand 1.645 σ nearer or further, with
    σ = √((M₁²+M₂²)/2), each bound being one-sided at 95 %. NaN where a layer states none.
    """
    bands = rings(areas, definition, widths=widths, cap=cap)
    bands = pd.concat([bands, _unions(bands)], ignore_index=True)
    zones, reach = drawn(areas, Kind.ZONE), Reach(areas, cap)
    columns = [
        "zone", "corridor", "inner", "outer", "share_of_zone", "share_low", "share_high",
        "share_of_ring", "geometry",
    ]  # fmt: skip
    rows = [pd.DataFrame({name: [] for name in columns}).astype({"zone": "str"})]
    for key, zone in zones:
        common = shapely.intersection(zone, bands.geometry.to_numpy())
        bounds = zip(bands["corridor"], bands["inner"], bands["outer"], strict=True)
        low, high = _bounds([reach.ring(key, zone, *one) for one in bounds], zone)
        rows.append(
            pd.DataFrame(
                {
                    "zone": key,
                    "corridor": bands["corridor"],
                    "inner": bands["inner"],
                    "outer": bands["outer"],
                    "share_of_zone": _share(common, zone),
                    "share_low": low,
                    "share_high": high,
                    "share_of_ring": _share(common, bands.geometry.to_numpy()),
                    "geometry": _polygons(common),
                }
            )
        )
    table = pd.concat(rows[1:] or rows, ignore_index=True)
    frame = gpd.GeoDataFrame(table, geometry="geometry", crs=areas.crs)
    return _with_areas(frame.astype({"zone": "str", "corridor": "str"}))


def zone_pairs(areas: gpd.GeoDataFrame, definition: PlanDefinition) -> gpd.GeoDataFrame:
    """Compare zones two by two: do they overlap, and is that more than the data can tell?

    Returns
    -------
    GeoDataFrame
        One row per pair: ``zone``, ``other``, ``relation`` (``overlap``, ``sliver``,
        ``touch``, ``gap``, ``apart``), ``area``, ``area_ellipsoid`` (m²), ``hectares``,
        ``mu``, ``width`` (m: of the common part, `gisplan.areas.strip`, or the gap between
        the two where they are apart), ``error`` (m: σ of the two edges, √((M₁²+M₂²)/2)),
        ``share_of_zone``, ``share_of_other``, geometry of the common part.

    Notes
    -----
    A common part narrower than 1.645 σ of the two edges is a ``sliver``: the edges may be
    one line drawn twice. A distance below it is a ``gap`` that may be none. Both are told
    apart, never left out.
    """
    rows = []
    for (key, zone), (other, against) in combinations(drawn(areas, Kind.ZONE), 2):
        common = _polygons(np.array([zone.intersection(against)], dtype=object))[0]
        error = np.hypot(definition.zones[key].error, definition.zones[other].error) / np.sqrt(2)
        gap = zone.distance(against)
        width = strip(common)[1] if common.area > 0 else gap
        rows.append(
            {
                "zone": key,
                "other": other,
                "relation": _relation(common.area, width, error, gap),
                "width": width,
                "error": error,
                "share_of_zone": min(1.0, common.area / zone.area),
                "share_of_other": min(1.0, common.area / against.area),
                "geometry": common,
            }
        )
    columns = [
        "zone", "other", "relation", "width", "error", "share_of_zone", "share_of_other",
        "geometry",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    frame = gpd.GeoDataFrame(table, geometry="geometry", crs=areas.crs)
    return _with_areas(frame.astype({"zone": "str", "other": "str", "relation": "str"}))


def coverage(areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Tell what each area measures, and what of the study area is in no zone.

    Returns
    -------
    DataFrame
        One row per zone and for ``union`` (all zones, counted once), ``study_area`` and
        ``rest`` (of the study area in no zone): ``area``, ``area_ellipsoid`` (m²),
        ``hectares``, ``mu``, ``share_of_study_area``, ``outside`` (m² outside of it).
    """
    study, zones = _one(areas, Kind.STUDY_AREA), drawn(areas, Kind.ZONE)
    union = shapely.union_all([zone for _, zone in zones])
    named = [*zones, ("union", union)]
    if study is not None:
        named += [("study_area", study), ("rest", study.difference(union))]
    frame = gpd.GeoDataFrame(
        {"area_id": [key for key, _ in named]}, geometry=[one for _, one in named], crs=areas.crs
    )
    frame = _with_areas(frame)
    shapes = frame.geometry.to_numpy()
    if study is None:
        frame["share_of_study_area"], frame["outside"] = np.nan, np.nan
    else:
        inside = shapely.area(shapely.intersection(shapes, study))
        frame["share_of_study_area"] = np.clip(inside / study.area, 0, 1)
        frame["outside"] = np.maximum(shapely.area(shapes) - inside, 0.0)
    return pd.DataFrame(frame.drop(columns="geometry"))


def sweep(
    areas: gpd.GeoDataFrame,
    *,
    widths: Sequence[float] = tuple(range(0, 2001, 100)),
    cap: CAPS = "round",
) -> pd.DataFrame:
    """Find how the answer depends on the width of the corridors, which is an assumption.

    Returns
    -------
    DataFrame
        One row per width (m), corridor (and ``*`` for their union, counted once) and zone
        (and ``study_area``): ``width``, ``corridor``, ``zone``, ``area``, ``area_ellipsoid``
        (m², in the study area), ``share`` of the zone (or of the study area) within that
        width, ``share_low`` and ``share_high`` as in `zone_shares`.
    """
    study, reach = _one(areas, Kind.STUDY_AREA), Reach(areas, cap)
    within = [*drawn(areas, Kind.ZONE)] + ([("study_area", study)] if study is not None else [])
    columns = ["width", "corridor", "zone", "share", "share_low", "share_high", "geometry"]
    parts = [gpd.GeoDataFrame({name: [] for name in columns}, crs=areas.crs)]
    names = [key for key, _ in drawn(areas, Kind.CORRIDOR)] + [EVERY]
    pairs = [(float(width), name) for width in widths for name in names]
    held = [reach.clipped(reach.disc(name, width, 0.0)) for width, name in pairs]
    bands = np.array([*held, None], dtype=object)[:-1]  # one of a kind would become an array
    for zone, shape in within:
        common = shapely.intersection(bands, shape)
        low, high = _bounds([reach.ring(zone, shape, name, 0.0, w) for w, name in pairs], shape)
        told = pd.DataFrame(pairs, columns=["width", "corridor"])
        told = told.assign(zone=zone, share=_share(common, shape), share_low=low, share_high=high)
        parts.append(gpd.GeoDataFrame(told, geometry=_polygons(common), crs=areas.crs))
    frame = pd.concat(parts[1:] or parts, ignore_index=True)
    frame = frame.sort_values("width", kind="stable", ignore_index=True)
    frame["area"], frame["area_ellipsoid"] = frame.geometry.area, ellipsoidal_area(frame.geometry)
    told = pd.DataFrame(frame[[*columns[:3], "area", "area_ellipsoid", *columns[3:6]]])
    return told.astype({"corridor": "str", "zone": "str"})


def absent(areas: gpd.GeoDataFrame) -> list[str]:
    """Return ids of zones, corridors and the study area that have no data: named, not zero."""
    kinds = [Kind.STUDY_AREA.value, Kind.ZONE.value, Kind.CORRIDOR.value]
    return list(areas.loc[areas["kind"].isin(kinds) & areas.geometry.isna(), "id"])


class Reach:
    """Bands round the corridors of a plan, and how far their edges may really stand.

    Parameters
    ----------
    areas
        The plan's areas; ``accuracy`` is the point mean square error M of each.
    cap
        Round or flat ends.
    """

    def __init__(self, areas: gpd.GeoDataFrame, cap: CAPS) -> None:
        self.cap, self.study = cap, _one(areas, Kind.STUDY_AREA)
        self.lines = dict(drawn(areas, Kind.CORRIDOR))
        known = areas[areas["kind"] != Kind.COVERAGE.value]
        self.accuracy = dict(zip(known["id"], known["accuracy"].astype(float), strict=True))
        self.made: dict[tuple[str, float, float], Any] = {}

    def disc(self, corridor: str, width: float, shift: float) -> Any:
        """Return what lies within a width of a corridor (of any, for ``*``), edge shifted."""
        if corridor == EVERY:
            return shapely.union_all([self.disc(key, width, shift) for key in self.lines])
        if (key := (corridor, width, shift)) not in self.made:
            band = around(self.lines[corridor], width, cap=self.cap)
            self.made[key] = band.buffer(shift) if shift else band
        return self.made[key]

    def clipped(self, shape: Any) -> Any:
        """Return the part of a shape in the study area, where that has data."""
        return shape if self.study is None else shape.intersection(self.study)

    def ring(
        self, zone: str, shape: Any, corridor: str, inner: float, outer: float
    ) -> tuple[float, float]:
        """Return the least and the most area of a zone that a ring may hold, in m²."""
        doubt = {key: self._doubt(zone, key) for key in self.lines}
        if corridor != EVERY:
            doubt = {corridor: doubt[corridor]}
        if any(np.isnan(one) for one in doubt.values()):
            return np.nan, np.nan
        far, near = (self._shifted(doubt, outer, sign) for sign in (1, -1))
        in_far, in_near = (self._shifted(doubt, inner, sign) for sign in (1, -1))
        held = (near.difference(in_far), far.difference(in_near))
        low, high = (self.clipped(one).intersection(shape).area for one in held)
        return low, high

    def _shifted(self, doubt: dict[str, float], width: float, sign: int) -> Any:
        return shapely.union_all([self.disc(k, width, sign * d) for k, d in doubt.items()])

    def _doubt(self, zone: str, corridor: str) -> float:
        mine, other = self.accuracy.get(zone, np.nan), self.accuracy.get(corridor, np.nan)
        return float(DOUBT * np.hypot(mine, other) / np.sqrt(2))


def _bounds(held: list[tuple[float, float]], whole: Any) -> tuple[Any, Any]:
    low, high = np.array(held, dtype=float).reshape(-1, 2).T / whole.area
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def _unions(bands: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Dissolve the rings of all corridors that have the same bounds; nearer rings win.

    A place in the inner ring of one corridor and the outer ring of another counts as inner.
    """
    if bands.empty:
        return bands[["corridor", "inner", "outer", "geometry"]]
    rows: list[dict[str, Any]] = []
    taken: Any = shapely.Polygon()
    for (inner, outer), group in bands.groupby(["inner", "outer"], sort=True):
        union = shapely.union_all(group.geometry.to_numpy()).difference(taken)
        rows.append({"corridor": EVERY, "inner": inner, "outer": outer, "geometry": union})
        taken = taken.union(union)
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=bands.crs)


def _relation(area: float, width: float, error: float, gap: float) -> str:
    if area > 0:
        return "sliver" if width < DOUBT * error else "overlap"
    if gap <= 0:
        return "touch"
    return "gap" if gap < DOUBT * error else "apart"


def _with_areas(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    frame["area"] = frame.geometry.area
    frame["area_ellipsoid"] = ellipsoidal_area(frame.geometry)
    frame["hectares"] = frame["area_ellipsoid"] / HECTARE
    frame["mu"] = frame["area_ellipsoid"] / MU
    measures = ["area", "area_ellipsoid", "hectares", "mu"]
    rest = [name for name in frame if name not in (*measures, "geometry")]
    texts = [name for name in rest if not pd.api.types.is_numeric_dtype(frame[name])]
    numbers = [name for name in rest if name not in texts]
    return frame[[*texts, *numbers, *measures, "geometry"]]


def _share(common: Any, whole: Any) -> Any:
    size = shapely.area(whole)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(np.where(size > 0, shapely.area(common) / size, np.nan), 0, 1)


def _polygons(shapes: Any) -> list[Any]:
    """Keep the parts of an intersection that have an area: edges in common have none."""
    return [
        shapely.MultiPolygon([p for p in _parts(one) if p.area > 0])
        if shapely.get_type_id(one) == 7
        else (one if one.area > 0 else shapely.Polygon())
        for one in shapes
    ]


def _parts(shape: Any) -> Any:
    return shapely.get_parts(shapely.get_parts(shape))


def _one(areas: gpd.GeoDataFrame, kind: Kind) -> Any:
    held = drawn(areas, kind)
    return held[0][1] if held else None
