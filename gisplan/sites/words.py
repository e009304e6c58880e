"""Better places -> words: one line of advice a project, one line of reasons a place."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisplan.crs import WGS84, transform
from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.terms import SEPARATOR
from gisplan.wording import DASH, metres, names, rule_title


def word_nearest(
    plan: PlanDefinition, projects: gpd.GeoDataFrame, found: gpd.GeoDataFrame, labels: Labels
) -> pd.DataFrame:
    """Lay out what `gisplan.sites.nearest` found for people, in the order of the list."""
    told = pd.DataFrame(index=found.index)
    for column in ("id", "name"):
        told[column] = projects[column].astype("str").fillna("") if column in projects else ""
    told["outcome"] = [labels(f"outcome.{code}") for code in found["outcome"]]
    rows: list[Any] = list(found.itertuples())
    told["advice"] = [_advice(row, plan, labels) for row in rows]
    told["distance_moved"] = np.ceil(found["distance"]).astype("Int64")
    told["direction_word"] = [
        labels(f"sites.direction.{row.direction}") if row.situation == "found" else None
        for row in rows
    ]
    told["bearing"] = found["bearing"].round(1)
    told["binding_rules"] = [
        _rules(row.binding, plan, labels) if row.situation == "found" else None for row in rows
    ]
    for column in ("margin", "confidence"):
        told[column] = found[column]
    for column in ("east", "north"):
        told[column] = found[column].round(1)
    points = gpd.GeoSeries(gpd.points_from_xy(found["east"], found["north"]), crs=found.crs)
    places = transform(points.set_axis(found.index), WGS84)
    told["lon"], told["lat"] = places.x.round(6), places.y.round(6)
    told["needed"] = found["needed"]
    told["unchecked"] = names(SEPARATOR.join(plan.unchecked), plan,
                              labels.language)  # fmt: skip
    return told


def _advice(row: Any, plan: PlanDefinition, labels: Labels) -> str:
    if row.situation == "found":
        move = "sites.found" if row.proved else "sites.found_bound"
        said = labels(
            move, direction=labels(f"sites.direction.{row.direction}"),
            distance=f"{math.ceil(row.distance):,}",  # rounded down, it would fall short
            bearing=f"{row.bearing % 360:.1f}",
        )  # fmt: skip
        bind = labels(
            "sites.bind", rules=_rules(row.binding, plan, labels), margin=metres(row.margin),
            confidence=f"{math.floor(row.confidence * 100) / 100:.2f}",
        )  # fmt: skip
        return f"{said}; {bind}" if labels.language == "en" else f"{said}；{bind}"
    if row.situation != "none":
        return labels(f"sites.{row.situation}")
    if row.cause in ("rules", "unknown"):
        return labels(f"sites.{row.cause}", rules=_rules(row.layers, plan, labels))
    language = labels.language
    if row.cause == "layer":
        each = zip(row.layers.split(SEPARATOR), row.needed_each.split(SEPARATOR), strict=True)
        any_one = [
            labels("sites.one_layer", layer=names(key, plan, language), needed=needed)
            for key, needed in each
        ]
        return labels("sites.layer", layers=labels("sites.or").join(any_one))
    shown = names(row.layers, plan, language) or DASH
    return labels(f"sites.{row.cause}", layers=shown, needed=f"{row.needed:g}")


def _rules(codes: str, plan: PlanDefinition, labels: Labels) -> str:
    titles = [rule_title(code, plan, labels) for code in codes.split(SEPARATOR) if code]
    return ("、" if labels.language == "zh" else ", ").join(titles) or DASH


def word_regions(plan: PlanDefinition, found: gpd.GeoDataFrame, labels: Labels) -> pd.DataFrame:
    """Lay out what `gisplan.sites.regions` found for people, with the reasons of each."""
    told = pd.DataFrame(
        {
            "rank": found["rank"], "hectares": found["area_ellipsoid"] / 1e4,
            "compactness": found["compactness"].round(2), "score": found["score"].round(3),
            "outcome": [labels(f"outcome.{code}") for code in found["outcome"]],
            "confidence": found["confidence"], "margin": found["flip_distance"],
        }
    )  # fmt: skip
    told["reasons"] = [_reasons(row, plan, labels) for row in found.itertuples()]
    middles = transform(gpd.GeoSeries(found.geometry), WGS84).representative_point()
    told["lon"], told["lat"] = middles.x.round(6), middles.y.round(6)
    return told


def _reasons(row: Any, plan: PlanDefinition, labels: Labels) -> str:
    language, zone = labels.language, row.zone if isinstance(row.zone, str) else ""
    where = [labels("sites.in_zone", zone=names(zone, plan, language))] if zone else []
    if isinstance(row.corridor, str):
        corridor = names(row.corridor, plan, language)
        where.append(
            labels("sites.near", corridor=corridor, distance=metres(row.corridor_distance))
        )
    return labels(
        "sites.reason_pass", area=f"{row.area_ellipsoid / 1e4:.2f}",
        compact=f"{row.compactness:.2f}", where=("，" if language == "zh" else ", ").join(where),
        outcome=labels(f"outcome.{row.outcome}"), margin=metres(row.flip_distance),
        confidence=f"{math.floor(row.confidence * 100) / 100:.2f}",
    )  # fmt: skip
