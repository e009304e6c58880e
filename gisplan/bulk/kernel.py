"""A plan as a worker needs it: it checks batches, and prepares its areas once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from geopandas import GeoSeries

from gisplan.columns import Columns
from gisplan.crs import refuse_ballpark, transform
from gisplan.definition import PlanDefinition
from gisplan.index import PlanIndex, Store
from gisplan.io.batches import BATCH, Batch
from gisplan.siting import AREA, Places, check_places, index_of

_ROWS: Final = 2 * BATCH
"""Rows that are put in the order of their places together: the denser, the quicker measured."""
EXPECTED: Final = 1_000_000
"""Points for which it pays to prepare the areas: they come in batches."""


@dataclass
class Kernel:
    """A plan as a worker needs it: what it says and where, prepared for many points once.

    ``least`` is how many rows there will be in all, by which it is chosen what pays.
    """

    definition: PlanDefinition
    areas: gpd.GeoDataFrame
    sha256: str = ""
    version: str = ""
    least: int = EXPECTED
    _index: PlanIndex | None = field(default=None, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Call the column of the geometry as the check does, whatever the frame calls it."""
        if self.areas.geometry.name != "geometry":
            self.areas = self.areas.rename_geometry("geometry")

    def __getstate__(self) -> dict[str, Any]:
        """Travel light: a worker prepares the areas itself, or finds them in its cache."""
        return {
            "definition": self.definition,
            "areas": self.areas,
            "sha256": self.sha256,
            "version": self.version,
            "least": self.least,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @property
    def fields(self) -> tuple[str, ...] | None:
        """Columns of a list that are read, by the names of `intake`; ``None`` for all."""
        return None

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Columns of a verdict that are told; ``None`` for all."""
        return None

    @property
    def rows(self) -> int:
        """Most rows of a list that are read and judged at a time."""
        return _ROWS

    def passing(self, table: Any) -> Any:
        """Return the columns of a list, an Arrow table, that pass on to the result."""
        return table

    @property
    def index(self) -> PlanIndex:
        """The areas prepared for many points."""
        with self._lock:
            if self._index is None:
                self._index = index_of(self.areas, Store.of_user())
                self._index.least = self.least
        return self._index

    @cached_property
    def _known(self) -> tuple[Columns, pyproj.CRS]:
        """The areas as columns, and their system."""
        return Columns.of(self.areas, *AREA), pyproj.CRS(self.areas.crs)

    def check(self, batch: Batch) -> Columns:
        """Judge a batch; the same columns and values as `gisplan.plan.Plan.check`."""
        areas, goal = self._known
        if batch.geometries is not None:
            moved = transform(GeoSeries(batch.geometries, crs=batch.crs), goal)
            places = Places.of(np.asarray(moved.array, dtype=object))
            held = ~(shapely.is_missing(batch.geometries) | shapely.is_empty(batch.geometries))
        else:
            places = Places.at_points(*moved_points(batch.x, batch.y, batch.crs, goal))
            held = np.isfinite(batch.x) & np.isfinite(batch.y)
        return check_places(places, batch.listed, held, areas, self.definition, self.index)


def moved_points(x: Any, y: Any, start: pyproj.CRS, goal: pyproj.CRS) -> tuple[Any, Any]:
    """Bring points into another system; what cannot be represented is not finite."""
    if start == goal:
        return x, y
    refuse_ballpark(start, goal)
    moved: tuple[Any, Any] = _transformer(start, goal).transform(x, y)
    return moved


@lru_cache(maxsize=8)
def _transformer(start: pyproj.CRS, goal: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(start, goal, always_xy=True)
