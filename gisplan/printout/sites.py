"""Better places -> terminal tables, and what has to be said with them."""

from __future__ import annotations

import geopandas as gpd

from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.sites.words import word_nearest, word_regions
from gisplan.wording import DASH


def nearest_table(
    plan: Plan, projects: gpd.GeoDataFrame, found: gpd.GeoDataFrame, labels: Labels
) -> str:
    """Lay out the advice for a terminal."""
    told = word_nearest(plan.definition, projects, found, labels)
    shown = ("id", "name", "outcome", "advice")
    rows = [[str(row[code] or DASH) for code in shown] for row in told.to_dict("records")]
    return aligned([labels(f"column.{code}") for code in shown], rows, whole=True)


def regions_table(plan: Plan, found: gpd.GeoDataFrame, labels: Labels) -> str:
    """Lay out the places and their reasons for a terminal."""
    if found.empty:
        return labels("sites.nothing")
    told = word_regions(plan.definition, found, labels)
    rows = [[str(row["rank"]), f"{row['score']:.3f}", row["reasons"]]
            for row in told.to_dict("records")]  # fmt: skip
    headers = [labels(f"column.{code}") for code in ("rank", "score", "reasons")]
    return aligned(headers, rows, whole=True)


def fewer(found: gpd.GeoDataFrame, wanted: int, labels: Labels) -> list[str]:
    """Say that fewer places were found than asked for, which proves nothing."""
    if len(found) in (0, wanted):
        return []
    return [labels("sites.fewer", wanted=wanted, found=len(found))]
