"""The table of areas: which of them have data, by kind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gisplan.terms import Kind

if TYPE_CHECKING:
    import geopandas as gpd


def drawn(areas: gpd.GeoDataFrame, kind: Kind) -> list[tuple[str, Any]]:
    """Return id and geometry of the areas of a kind that have data, in the plan's order."""
    held = areas[(areas["kind"] == kind.value) & areas.geometry.notna()]
    return list(zip(held["id"], held.geometry, strict=True))


def strip(shape: Any) -> tuple[float, float]:
    """Return length and width (m) of the rectangle with a shape's area and perimeter.

    Sides a and b solve a + b = P/2 and ab = A; what is rounder than a square counts as the
    square of its area. A strip along several edges has the width that a ruler finds.
    """
    area, half = float(shape.area), float(shape.length) / 2
    root = half * half - 4 * area
    if root <= 0:
        return math.sqrt(area), math.sqrt(area)
    # The small side is ab / a: the difference of two large numbers would lose its digits.
    long = (half + math.sqrt(root)) / 2
    return long, area / long
