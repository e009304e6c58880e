"""Better places: the nearest where a project would comply, and the best for a new one."""

from __future__ import annotations

from gisplan.sites.nearest import nearest
from gisplan.sites.regions import Wanted, regions

__all__ = ["Wanted", "nearest", "regions"]
