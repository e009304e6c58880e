"""Areas compiled for many points: exact distances and memberships, many times faster."""

from __future__ import annotations

from gisplan.index.plan import PlanIndex, Points
from gisplan.index.store import Store

__all__ = ["PlanIndex", "Points", "Store"]
