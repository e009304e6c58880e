"""The table of areas: which of them have data, by kind."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from gisplan.terms import Kind


def drawn(areas: gpd.GeoDataFrame, kind: Kind) -> list[tuple[str, Any]]:
    """Return id and geometry of the areas of a kind that have data, in the plan's order."""
    held = areas[(areas["kind"] == kind.value) & areas.geometry.notna()]
    return list(zip(held["id"], held.geometry, strict=True))
