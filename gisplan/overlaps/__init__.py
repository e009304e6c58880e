"""How much of one set of polygons lies on another: areas in common, and the ground itself."""

from __future__ import annotations

from gisplan.overlaps.ground import Ground, Overlaps, rounding

__all__ = ["Ground", "Overlaps", "rounding"]
