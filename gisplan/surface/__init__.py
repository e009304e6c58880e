"""Surfaces over the plan's ground: where projects gather, and where one could go."""

from __future__ import annotations

from gisplan.surface.density import density
from gisplan.surface.model import Surface
from gisplan.surface.picture import Picture, draw, map_image

__all__ = ["Picture", "Surface", "density", "draw", "map_image"]
