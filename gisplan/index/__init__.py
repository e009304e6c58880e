"""Areas compiled for many points: exact distances and memberships, many times faster."""

from __future__ import annotations

from gisplan.index.cells import Cells, Levels, build_cells
from gisplan.index.plan import PlanIndex
from gisplan.index.points import Points
from gisplan.index.store import Store

__all__ = ["Cells", "Levels", "PlanIndex", "Points", "Store", "build_cells"]
