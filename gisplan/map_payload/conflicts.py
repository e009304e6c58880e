"""Where zones overlap, and what of the study area lies in none, as layers of the map."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from gisplan.areas import drawn
from gisplan.crs import MU, ellipsoidal_area
from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.map_payload.layers import MapClass, MapLayer, PlanSide
from gisplan.symbology import CONFLICT_COLORS
from gisplan.terms import Kind

_HECTARE = 10_000.0


def conflict_layers(
    pairs: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    labels: Labels,
    *,
    plan: PlanSide = "first",
    version: str = "",
) -> list[MapLayer]:
    """Draw what is wrong between the zones of a plan.

    Parameters
    ----------
    pairs
        What `gisplan.overlay.zone_pairs` returns.
    areas
        The plan's areas, in its CRS.
    definition
        Titles of the zones.
    labels
        The words of one language.
    plan, version
        On a page that compares two plans: which of them this is, and its version for the
        titles.

    Returns
    -------
    list of MapLayer
        The common parts of zones (``conflicts``: those wider than the error of the edges,
        and slivers), and, where the study area has data, what of it lies in no zone
        (``uncovered``, off at first: a plan of separate zones leaves much out on purpose).
        Neither is made where less than two zones, or none, have data: nothing was compared.
    """
    zones = drawn(areas, Kind.ZONE)
    out = [_overlaps(pairs, definition, labels)] if len(zones) > 1 else []
    study = drawn(areas, Kind.STUDY_AREA)
    if zones and study:
        rest = study[0][1].difference(shapely.union_all([shape for _, shape in zones]))
        out.append(_uncovered(gpd.GeoSeries([rest], crs=areas.crs), labels))
    if not version:
        return out
    return [
        replace(
            one,
            id=f"{one.id}-{plan}",
            title=labels("map.of_version", title=one.title, version=version),
            plan=plan,
        )
        for one in out
    ]


def _overlaps(pairs: gpd.GeoDataFrame, definition: PlanDefinition, labels: Labels) -> MapLayer:
    met = pairs[pairs["relation"].isin(("overlap", "sliver"))]
    named = [
        " × ".join(definition.name(one, labels.language) for one in pair)
        for pair in zip(met["zone"], met["other"], strict=True)
    ]
    relation = [labels(f"relation.{code}") for code in met["relation"]]
    numbers = ("width", "error", "area_ellipsoid", "hectares", "mu")
    said = {labels("map.conflict_pair"): named, labels("column.relation"): relation}
    frame = pd.DataFrame(
        said | {labels(f"map.conflict_{name}"): met[name].to_numpy() for name in numbers}
    )
    frame["code"] = met["relation"].to_numpy()
    return MapLayer(
        id="conflicts",
        title=labels("map.conflicts"),
        frame=gpd.GeoDataFrame(frame, geometry=met.geometry.to_numpy(), crs=pairs.crs),
        columns=[name for name in frame.columns if name not in ("code", "geometry")],
        name=labels("map.conflict_pair"),
        by="code",
        classes=[
            MapClass(
                value=code,
                title=labels(f"relation.{code}"),
                color=CONFLICT_COLORS[code],
                hatch=hatch,
                dash=dash,
            )
            for code, hatch, dash in (("overlap", (0.0, 5.0), ()), ("sliver", None, (3.0, 3.0)))
        ],
        fill=0.3,
        note=labels("map.conflicts_note", pairs=len(pairs)),
        first=False,
    )


def _uncovered(rest: gpd.GeoSeries, labels: Labels) -> MapLayer:
    parts = rest.explode(ignore_index=True)
    parts = gpd.GeoSeries(parts[parts.area > 0], crs=rest.crs)
    area = ellipsoidal_area(parts)
    frame = gpd.GeoDataFrame(
        {
            labels("map.conflict_pair"): [
                labels("map.uncovered_part", n=k + 1) for k in range(len(parts))
            ],
            labels("map.conflict_area_ellipsoid"): area.to_numpy(),
            labels("map.conflict_hectares"): area.to_numpy() / _HECTARE,
            labels("map.conflict_mu"): area.to_numpy() / MU,
        },
        geometry=parts.to_numpy(),
        crs=pyproj.CRS(rest.crs),
    )
    return MapLayer(
        id="uncovered",
        title=labels("map.uncovered"),
        frame=frame,
        columns=[name for name in frame.columns if name != "geometry"],
        name=labels("map.conflict_pair"),
        color=CONFLICT_COLORS["uncovered"],
        hatch=(135.0, 7.0),
        dash=(2.0, 4.0),
        fill=0.06,
        width=1.0,
        shown=False,
        note=labels("map.uncovered_note"),
        first=False,
    )
