"""What a sheet is about: one file per group of themes, each with its own honest note."""

from __future__ import annotations

from typing import Final

from gisplan.plotting.themes.amounts import DensityTheme, InvestmentTheme
from gisplan.plotting.themes.base import Content, Theme
from gisplan.plotting.themes.comparisons import ChangeTheme, ConflictsTheme
from gisplan.plotting.themes.plans import CorridorsTheme, ZonesTheme
from gisplan.plotting.themes.projects import SitingTheme, StageTheme

THEMES: Final[dict[str, type[Theme]]] = {
    "siting": SitingTheme,
    "zones": ZonesTheme,
    "corridors": CorridorsTheme,
    "investment": InvestmentTheme,
    "stage": StageTheme,
    "density": DensityTheme,
    "conflicts": ConflictsTheme,
    "change": ChangeTheme,
}
"""By the name under which they are asked for."""

__all__ = ["THEMES", "Content", "Theme"]
