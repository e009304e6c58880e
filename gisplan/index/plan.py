"""The areas of a plan for many points at once: plain GEOS, a tree of edges, or the index.

Which way is taken depends on the numbers of points and edges alone, and changes no bit.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.index.areas import AreaIndex, compiled
from gisplan.index.joint import Joint, together
from gisplan.index.members import MOST, Members, worth
from gisplan.index.points import Points
from gisplan.index.segments import Floats, Ints, Segments, equals_geos, segments_of
from gisplan.index.store import Store

Way = Literal["plain", "tree", "index"]

FEW: Final = 20_000
"""Points below which no index is built."""

# Measured, in nanoseconds (python -m benchmarks): per edge, and per point.
_PLAIN: Final = (10.0, 400.0)
_TREE: Final = (700.0, 15_000.0)
_NUMPY: Final = (40_000.0, 420.0)
_FAST: Final = (12_000.0, 60.0)
_LOAD: Final = 2500.0
"""Per edge, where a compiled area is kept: reading it, and asking GEOS whether it is right."""
_CALL: Final = 3e5
"""What asking an index costs, however few points."""
_START: Final = 1.3e9
"""What numba's own start costs."""


@dataclass(frozen=True)
class _Together:
    """Key of the area that some lines make together."""

    keys: tuple[Any, ...]


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
        self._joint: dict[_Together, Joint] = {}
        self._made: dict[Any, Any] = {}
        self._members: dict[tuple[Any, ...], Members] = {}
        self._reach: dict[Any, float] = {}
        self._kept: dict[Any, bool] = {}

    def within(self, reach: Mapping[Any, float]) -> PlanIndex:
        """Return the same index, which measures some polygons only for points within reach.

        Parameters
        ----------
        reach
            Metres by key. What `signed` tells of a point farther outside is minus its
            distance to the bounds of the polygon: the point is outside, and at least so far.
        """
        nearer = copy.copy(self)
        nearer.__dict__["_reach"] = dict(reach)
        return nearer

    def signed(self, key: Any, points: Points, *, sides: NDArray[np.int8] | None = None) -> Floats:
        """Distance to the edge of a polygon in metres: positive inside, negative outside.

        ``sides`` says of which points the caller has proven it: 1 inside, 0 outside, 2 not.
        """
        if key in self._reach:
            return self._near(key, points)
        return self._signed(key, points, sides)

    def _near(self, key: Any, points: Points) -> Floats:
        west, south, east, north = self._areas[key].bounds
        aside = np.maximum(np.maximum(west - points.x, points.x - east), 0.0)
        along = np.maximum(np.maximum(south - points.y, points.y - north), 0.0)
        found = -np.hypot(aside, along)
        at = np.flatnonzero(found > -self._reach[key])
        found[at] = self._signed(key, Points(points.x[at], points.y[at]))
        return found

    def _signed(self, key: Any, points: Points, sides: Any = None) -> Floats:
        area, way = self._areas[key], self._way(key, len(points))
        if way == "index":
            return self._in_blocks(key, points, signed=True, sides=sides)
        shapely.prepare(area)
        if way == "tree":
            found = self._by_tree(key, points)
        else:
            found = shapely.distance(shapely.boundary(area), points.drawn)
        return np.where(shapely.intersects_xy(area, points.x, points.y), found, -found)

    def members(self, keys: Sequence[Any], points: Points) -> NDArray[np.uint64]:
        """Tell which of at most 64 polygons hold each point, edges included, as GEOS does.

        Returns
        -------
        ndarray
            A word for each point: bit k is set where the kth of the keys holds it.
        """
        if len(keys) > MOST:
            raise ValueError(f"{len(keys)} areas: a word has {MOST} bits")
        name, areas = tuple(keys), [self._areas[key] for key in keys]
        if name not in self._members:
            asked = max(len(points), self.expected)
            frame = np.array([*self._frame, self._frame[2]])
            polygons = all(one.geom_type in ("Polygon", "MultiPolygon") for one in areas)
            if polygons and worth(areas, frame, asked):
                self._members[name] = Members(areas, frame, asked)
        if name in self._members:
            return self._members[name].at(points.x, points.y)
        words = np.zeros(len(points), dtype=np.uint64)
        for bit, area in enumerate(areas):
            shapely.prepare(area)
            held = shapely.intersects_xy(area, points.x, points.y)
            words |= held.astype(np.uint64) << np.uint64(bit)
        return words

    def distance(self, key: Any, points: Points) -> Floats:
        """Distance to an area in metres, 0 inside."""
        area, way = self._areas[key], self._way(key, len(points))
        if way == "index":
            return self._in_blocks(key, points, signed=False)
        if way == "tree" and not self._edges(key).polygonal:  # type: ignore[union-attr]
            return self._by_tree(key, points)
        return np.asarray(shapely.distance(area, points.drawn), dtype=float)

    def nearest(self, keys: Sequence[Any], points: Points) -> tuple[NDArray[np.int32], Floats]:
        """Tell which of some areas is the nearest to each point, and how far it is.

        Lines that are asked for together are compiled together, and cost about as much as one.

        Parameters
        ----------
        keys
            At least one area.
        points
            Finite ones.

        Returns
        -------
        which
            Position among *keys* of the nearest area; of equally near ones the first.
        metres
            What `distance` says of it, bit for bit.
        """
        name = _Together(tuple(keys))
        if len(keys) > 1 and self._together(name) and self._way(name, len(points)) == "index":
            return self._from_joint(name, points)
        away = self.distance(keys[0], points)
        which = np.zeros(len(points), dtype=np.int32)
        for at, key in enumerate(keys[1:], start=1):
            other = self.distance(key, points)
            nearer = other < away
            away[nearer], which[nearer] = other[nearer], at
        return which, away

    @property
    def frame(self) -> Floats:
        """West, south and side of the square of most points, in which they are put in order."""
        return self._frame

    def order(self, points: Points) -> NDArray[np.int64]:
        """Return positions of points in an order in which neighbours follow one another.

        Areas measured for blocks of points in this order cost a fraction of what they cost
        otherwise; no bit depends on it.
        """
        rows = [block.rows for block in points.placed(self._frame)]
        return np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)

    def kept(self, key: Any, make: Callable[[Any], Any], *more: Any) -> Any:
        """Return what was made of an area, made once: ``make(area, *more)``."""
        name = (key, *more)
        if name not in self._made:
            self._made[name] = make(self._areas[key], *more)
        return self._made[name]

    def made(self, name: Any, make: Callable[[], Any]) -> Any:
        """Return what was made of all the areas under a name, made once: ``make()``."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def _edges(self, key: Any) -> Segments | None:
        if key not in self._segments:
            self._segments[key] = segments_of(self._areas[key]) if equals_geos() else None
        return self._segments[key]

    def _way(self, key: Any, points: int) -> Way:
        edges = self._edges(key) if key not in self._compiled else None
        if key in self._compiled:
            work = (_PLAIN[0] * self._compiled[key].edges + _PLAIN[1]) * points
            return "index" if work > _CALL else "plain"
        if edges is None:
            return "plain"
        points = max(points, self.expected)

        def cost(of: tuple[float, float]) -> float:
            return of[0] * len(edges) + of[1] * points

        plain = (_PLAIN[0] * len(edges) + _PLAIN[1]) * points
        # Few points must not pay for numba's start, so it is not even asked for.
        if points >= FEW:
            way = _FAST if self._fast(points) else _NUMPY
            index = cost((_LOAD, way[1]) if self._is_kept(key) else way)
            if index < min(plain, cost(_TREE)):
                return "index"
        return "tree" if key in self._trees or cost(_TREE) < plain else "plain"

    def _fast(self, points: int) -> bool:
        """Tell whether machine code pays: it runs already, or there is enough to do."""
        if "gisplan.index.compiled" in sys.modules:
            return True
        found = {key: self._edges(key) for key in self._areas if not self._is_kept(key)}
        edges = sum(len(one) for one in found.values() if one is not None)
        areas = len(self._areas)
        saved = (_NUMPY[0] - _FAST[0]) * edges + (_NUMPY[1] - _FAST[1]) * points * areas
        return saved > _START and compiled() is not None

    def _is_kept(self, key: Any) -> bool:
        """Tell whether an area is compiled, here or in the store."""
        if key in self._compiled:
            return True
        if key not in self._kept:
            edges = self._edges(key)
            stored = self._store is not None and edges is not None
            self._kept[key] = stored and self._store.holds(self._areas[key], edges, self._frame)  # type: ignore[union-attr,arg-type]
        return self._kept[key]

    def _in_blocks(self, key: Any, points: Points, *, signed: bool, sides: Any = None) -> Floats:
        fast = self._fast(max(len(points), self.expected))
        index, found = self._index(key, fast), np.empty(len(points))
        for block in points.placed(self._frame):
            if signed:
                told = sides if sides is None else sides[block.rows]
                found[block.rows] = index.signed(block, fast=fast, sides=told)
            else:
                found[block.rows] = index.distance(block, fast=fast)
        return found

    def _together(self, name: _Together) -> bool:
        """Take lines together as one more area, where all of them are lines with edges."""
        if name not in self._areas:
            edges = [self._edges(key) for key in name.keys]
            if any(one is None or one.polygonal for one in edges):
                return False
            self._areas[name] = together([self._areas[key] for key in name.keys])
        return True

    def _from_joint(self, name: _Together, points: Points) -> tuple[Ints, Floats]:
        fast = self._fast(max(len(points), self.expected))
        if name not in self._joint:
            counts = [len(self._edges(key)) for key in name.keys]  # type: ignore[arg-type]
            lines = [self._areas[key] for key in name.keys]
            self._joint[name] = Joint(lines, counts, self._index(name, fast))
        which, away = np.empty(len(points), dtype=np.int32), np.empty(len(points))
        for block in points.placed(self._frame):
            which[block.rows], away[block.rows] = self._joint[name].nearest(block, fast=fast)
        return which, away

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
            lines: Any = shapely.linestrings(self._edges(key).ends)  # type: ignore[union-attr]
            self._trees[key] = shapely.STRtree(lines)
        nearest = self._trees[key].query_nearest
        (at, _), found = nearest(points.drawn, return_distance=True, all_matches=False)
        distance = np.empty(len(points))
        distance[at] = found
        return distance
