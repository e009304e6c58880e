"""What every theme is given and what it may add to a sheet."""

# ruff: noqa: ARG002 - every theme answers to the same calls, whether it needs them or not

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from gisplan.crs import ellipsoidal_area
from gisplan.labels import Labels
from gisplan.plotting.column import Column, Head
from gisplan.plotting.drawing import draw_areas
from gisplan.plotting.entries import Entry
from gisplan.plotting.ground import Area, Ground
from gisplan.plotting.page import Page
from gisplan.plotting.placing import Room
from gisplan.terms import SEPARATOR, Kind

if TYPE_CHECKING:
    from gisplan.definition import PlanDefinition

HECTARE = 10_000.0


@dataclass(frozen=True)
class Content:
    """What a sheet shows.

    Attributes
    ----------
    definition, areas, projects, verdicts
        As given to `gisplan.plotting.plot`.
    drawn
        The areas that have a geometry.
    entries
        The projects, in their order.
    labels
        The words.
    against
        What the theme compares with: another version, or pairs of zones.
    """

    definition: PlanDefinition
    areas: gpd.GeoDataFrame
    projects: gpd.GeoDataFrame | None
    verdicts: pd.DataFrame | None
    drawn: Sequence[Area]
    entries: Sequence[Entry]
    labels: Labels
    against: Any = None

    @property
    def zones(self) -> list[Area]:
        """The zones that have a geometry."""
        return [area for area in self.drawn if area.kind == Kind.ZONE]

    @property
    def corridors(self) -> list[Area]:
        """The corridors that have a geometry."""
        return [area for area in self.drawn if area.kind == Kind.CORRIDOR]

    def zone_ids(self, entry: Entry) -> list[str]:
        """Return the zones that hold a project, by its verdict, else by its place."""
        return self._held[entry.number - 1]

    @cached_property
    def _held(self) -> list[list[str]]:
        if self.verdicts is not None and self.projects is not None and "zone" in self.verdicts:
            told = self.verdicts["zone"].reindex(self.projects.index)
            return [one.split(SEPARATOR) if isinstance(one, str) and one else [] for one in told]
        places = [None if e.geometry is None else e.place for e in self.entries]
        return [
            [
                area.key
                for area in self.zones
                if place is not None and area.geometry.intersects(place)
            ]
            for place in places
        ]

    def square_kilometres(self) -> dict[str, float]:
        """Return the ellipsoidal area of every zone in km²."""
        shapes = gpd.GeoSeries([area.geometry for area in self.zones], crs=self.areas.crs)
        sizes: Any = ellipsoidal_area(shapes) if len(shapes) else []
        return {area.key: float(one) / 1e6 for area, one in zip(self.zones, sizes, strict=True)}

    def column(self, name: str) -> list[Any]:
        """Return a column of the projects as a list, ``None`` in every row where it has none."""
        if self.projects is None or name not in self.projects:
            return [None] * len(self.entries)
        return [None if pd.isna(one) else one for one in self.projects[name]]


class Theme:
    """A theme; this one draws the areas of the plan and says nothing of projects.

    Parameters
    ----------
    content
        What the sheet shows.
    """

    name = ""
    marks = False
    """Whether projects stand on the map as markers with their names."""
    needs_projects = False
    rings = True
    """Whether corridors are drawn with their rings."""
    filled = True
    """Whether zones are filled and hatched, and not outlined only."""
    names_zones = True

    def __init__(self, content: Content) -> None:
        self.content = content

    @property
    def labels(self) -> Labels:
        """The words."""
        return self.content.labels

    @property
    def entries(self) -> Sequence[Entry]:
        """The projects as this theme marks them."""
        return self.content.entries

    def title(self, plan: str) -> str:
        """Return the title of the sheet."""
        return self.labels(f"plot.title_{self.name}", title=plan)

    def draw(self, page: Page, ground: Ground) -> None:
        """Draw what lies under the names."""
        draw_areas(ground, self.content.drawn, rings=self.rings)

    def place(self, page: Page, ground: Ground, room: Room) -> None:
        """Set what stands on the map before names are placed, and take its room."""

    def legend(self, column: Column) -> None:
        """Add rows to the legend, below those of the areas."""

    def table(self) -> tuple[list[Head], list[list[str]]] | None:
        """Return heads and rows of the small table."""
        return None

    def notes(self, ground: Ground) -> list[str]:
        """Return sentences on what the sheet cannot show."""
        return []


def figure(value: float, digits: int = 1) -> str:
    """Write a number with a fixed number of decimals and no minus before a zero."""
    text = f"{value:,.{digits}f}".replace(",", " ")
    return text.removeprefix("-") if float(text.replace(" ", "")) == 0 else text
