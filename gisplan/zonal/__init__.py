"""Rasters x areas: what a raster holds in each zone, ring, corridor or footprint."""

from __future__ import annotations

from gisplan.zonal.statistics import (
    Zonal,
    class_shares,
    summarise,
    suspicions,
    units,
    zonal_stats,
)

__all__ = ["Zonal", "class_shares", "summarise", "suspicions", "units", "zonal_stats"]
