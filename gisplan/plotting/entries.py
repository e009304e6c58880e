"""Projects as a sheet shows them: number, name, outcome and place."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import pyproj
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from gisplan.crs import transform
from gisplan.symbology import OUTCOME_SYMBOLS, Symbol

PLAIN = Symbol("#404040", "circle", "•", 1)
"""A project that nobody has judged."""


@dataclass(frozen=True)
class Entry:
    """A project as the sheet shows it.

    Attributes
    ----------
    number
        Its place in the list, from 1.
    key, name
        What the list calls it.
    outcome
        A code, ``""`` where nobody judged it.
    geometry
        In the plan's CRS; ``None`` without a place.
    look
        A symbol of the theme, in place of that of the outcome.
    """

    number: int
    key: str
    name: str
    outcome: str
    geometry: BaseGeometry | None
    look: Symbol | None = None

    @property
    def symbol(self) -> Symbol:
        """Colour and shape by ``look``, else by outcome."""
        if self.look is not None:
            return self.look
        return OUTCOME_SYMBOLS[self.outcome] if self.outcome else PLAIN

    @property
    def place(self) -> Point:
        """Where its marker stands: inside a footprint, on a line, at a point."""
        if self.geometry is None:
            raise ValueError(self.key)
        return self.geometry.representative_point()

    @property
    def called(self) -> str:
        """The shortest text that tells which one it is."""
        return self.key or self.name


def entries_of(
    projects: gpd.GeoDataFrame | None, verdicts: pd.DataFrame | None, crs: object
) -> list[Entry]:
    """List the projects in their order, brought into the plan's CRS."""
    if projects is None:
        return []
    located = projects if projects.crs is None else transform(projects, pyproj.CRS(crs))
    outcomes = None if verdicts is None else verdicts["outcome"].reindex(projects.index)
    entries = []
    for number in range(len(projects)):
        shape = located.geometry.iloc[number]
        empty = shape is None or shape.is_empty
        entries.append(
            Entry(
                number + 1,
                _text(projects, "id", number),
                _text(projects, "name", number),
                "" if outcomes is None else str(outcomes.iloc[number]),
                None if empty else shape,
            )
        )
    return entries


def _text(projects: pd.DataFrame, column: str, number: int) -> str:
    if column not in projects:
        return ""
    value = projects[column].iloc[number]
    return "" if pd.isna(value) else str(value)
