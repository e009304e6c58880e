"""The areas of a plan for many points at once: plain GEOS, a tree of edges, or the index.

Which way is taken depends on the numbers of points and edges alone, and changes no bit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.index.areas import BLOCK, AreaIndex, compiled
from gisplan.index.segments import Floats, Segments, equals_geos, segments_of
from gisplan.index.store import Store

Way = Literal["plain", "tree", "index"]

FEW: Final = 20_000
"""Points below which no index is built."""

# Measured, in nanoseconds (benchmarks/engine.py): per edge, and per point.
_PLAIN: Final = (10.0, 400.0)
_TREE: Final = (1500.0, 15_000.0)
_NUMPY: Final = (100_000.0, 500.0)
_FAST: Final = (28_000.0, 120.0)
_START: Final = 1.3e9
"""What numba's own start costs."""


@dataclass(frozen=True)
class Points:
    """Points in metres, as two arrays; drawn only where GEOS has to be asked."""

    x: Floats
    y: Floats

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def drawn(self) -> NDArray[np.object_]:
        """The points as geometries."""
        return np.asarray(shapely.points(self.x, self.y), dtype=object)


class PlanIndex:
    """Exact distances of points to the areas of a plan.

    Parameters
    ----------
    areas
        Geometry of each area, in metres, by a key of one's own.
    around
        Bounds (x, y, x, y) of where most points lie.
    store
        Where compiled areas are kept between runs; ``None``: nowhere.
    """

    def __init__(
        self,
        areas: Mapping[Any, Any],
        around: Iterable[float],
        *,
        store: Store | None = None,
    ) -> None:
        west, south, east, north = around
        side = max(east - west, north - south, 1.0) * 1.6
        middle = np.array([(west + east) / 2, (south + north) / 2])
        self._frame = np.array([*(middle - side / 2), side])
        self.least = self.expected = 0
        """Points that will be asked for in all, where they come in parts: ever, and now."""
        self._areas = dict(areas)
        self._store = store
        self._segments: dict[Any, Segments | None] = {}
        self._compiled: dict[Any, AreaIndex] = {}
        self._trees: dict[Any, shapely.STRtree] = {}
        self._made: dict[Any, Any] = {}

    def signed(self, key: Any, points: Points) -> Floats:
        """Distance to the edge of a polygon in metres: positive inside, negative outside."""
        area, way = self._areas[key], self._way(key, len(points))
        if way == "index":
            return self._in_blocks(key, points, signed=True)
        shapely.prepare(area)
        if way == "tree":
            found = self._by_tree(key, points)
        else:
            found = shapely.distance(shapely.boundary(area), points.drawn)
        return np.where(shapely.intersects_xy(area, points.x, points.y), found, -found)

    def distance(self, key: Any, points: Points) -> Floats:
        """Distance to an area in metres, 0 inside."""
        area, way = self._areas[key], self._way(key, len(points))
        if way == "index":
            return self._in_blocks(key, points, signed=False)
        if way == "tree" and not self._edges(key).polygonal:  # type: ignore[union-attr]
            return self._by_tree(key, points)
        return np.asarray(shapely.distance(area, points.drawn), dtype=float)

    def kept(self, key: Any, make: Callable[[Any], Any], *more: Any) -> Any:
        """Return what was made of an area, made once: ``make(area, *more)``."""
        name = (key, *more)
        if name not in self._made:
            self._made[name] = make(self._areas[key], *more)
        return self._made[name]

    def _edges(self, key: Any) -> Segments | None:
        if key not in self._segments:
            self._segments[key] = segments_of(self._areas[key]) if equals_geos() else None
        return self._segments[key]

    def _way(self, key: Any, points: int) -> Way:
        edges = self._edges(key) if key not in self._compiled else None
        if key in self._compiled:
            return "index" if points >= 64 else "plain"
        if edges is None:
            return "plain"
        points = max(points, self.expected)

        def cost(of: tuple[float, float]) -> float:
            return of[0] * len(edges.table) + of[1] * points

        plain = (_PLAIN[0] * len(edges.table) + _PLAIN[1]) * points
        index = cost(_FAST if self._fast(points) else _NUMPY)
        if points >= FEW and index < min(plain, cost(_TREE)):
            return "index"
        return "tree" if key in self._trees or cost(_TREE) < plain else "plain"

    def _fast(self, points: int) -> bool:
        """Tell whether machine code pays: it runs already, or there is enough to do."""
        if "gisplan.index.compiled" in sys.modules:
            return True
        edges = sum(len(one.table) for one in map(self._edges, self._areas) if one is not None)
        areas = len(self._areas)
        saved = (_NUMPY[0] - _FAST[0]) * edges + (_NUMPY[1] - _FAST[1]) * points * areas
        return saved > _START and compiled() is not None

    def _in_blocks(self, key: Any, points: Points, *, signed: bool) -> Floats:
        fast = self._fast(max(len(points), self.expected))
        index = self._index(key, fast)
        ask = index.signed if signed else index.distance
        cuts = range(0, len(points), BLOCK)
        blocks = [(points.x[at : at + BLOCK], points.y[at : at + BLOCK]) for at in cuts]
        found = [ask(x, y, fast=fast) for x, y in blocks]
        return np.concatenate(found) if found else np.empty(0)

    def _index(self, key: Any, fast: bool) -> AreaIndex:
        if key not in self._compiled:
            area, edges = self._areas[key], self._edges(key)
            assert edges is not None
            made = self._store.load(area, edges, self._frame) if self._store else None
            if made is None:
                made = AreaIndex.of(area, edges, self._frame, fast=fast)
                if self._store:
                    self._store.save(area, self._frame, made)
            self._compiled[key] = made
        return self._compiled[key]

    def _by_tree(self, key: Any, points: Points) -> Floats:
        if key not in self._trees:
            table = self._edges(key).table  # type: ignore[union-attr]
            ends = table[:, [0, 1, 4, 5]].reshape(-1, 2, 2)
            lines: Any = shapely.linestrings(ends)
            self._trees[key] = shapely.STRtree(lines)
        nearest = self._trees[key].query_nearest
        (at, _), found = nearest(points.drawn, return_distance=True, all_matches=False)
        distance = np.empty(len(points))
        distance[at] = found
        return distance
