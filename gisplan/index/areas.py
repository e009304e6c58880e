"""One area compiled for many points: signed distance to its edge, or distance to it."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.index import tree as trees
from gisplan.index.points import Placed
from gisplan.index.segments import Floats, Segments
from gisplan.index.tree import DEPTH, Tree

Leaves = NDArray[np.integer[Any]]
_NEAR, ASK = 2, 3
"""In ``Tree.side``, from which on GEOS has to be asked for the side; for everything."""


@cache
def compiled() -> Any:
    """Return `gisplan.index.compiled`, or ``None`` without the extra ``fast``."""
    try:
        from gisplan.index import compiled as module
    except ImportError:
        return None
    return module


class AreaIndex:
    """The edges of an area in a quadtree of short lists.

    Parameters
    ----------
    area
        Line or polygon in metres, the one the segments were taken from.
    segments
        Its edges.
    tree
        What `gisplan.index.tree.build` made of them.
    """

    def __init__(self, area: Any, segments: Segments, tree: Tree) -> None:
        self._area = area
        self._edge = shapely.boundary(area) if segments.polygonal else area
        self._polygonal = segments.polygonal
        self.table = segments.table
        self.tree = tree
        self.edges = len(segments)
        if self._polygonal:
            shapely.prepare(area)

    @classmethod
    def of(cls, area: Any, segments: Segments, frame: Floats, *, fast: bool = True) -> AreaIndex:
        """Compile an area; *frame* is west, south and side of the square of most points."""
        prune = compiled().keep if fast and compiled() else None
        tree = trees.build(segments.table, frame, prune)
        if segments.polygonal:
            inside = shapely.contains_xy(area, *trees.leaf_centres(tree))
            sure = tree.side < _NEAR
            tree.side[sure] = inside[sure]
        return cls(area, segments, tree)

    def signed(self, points: Placed, *, fast: bool = True, sides: Any = None) -> Floats:
        """Distance to the edge in metres, negative outside: bit for bit as GEOS has it.

        ``sides`` says of which points it is known where they are: 1 inside, 0 outside, 2 not.
        """
        found, leaf = self.to_edge(points, fast=fast)
        side = np.where(leaf < 0, ASK, self.tree.side[leaf])
        side = side if sides is None else np.where(sides < _NEAR, sides, side)
        outside = side != 1
        ask = np.flatnonzero(side >= _NEAR)
        outside[ask] = ~shapely.intersects_xy(self._area, points.x[ask], points.y[ask])
        return np.negative(found, out=found, where=outside)

    def distance(self, points: Placed, *, fast: bool = True) -> Floats:
        """Distance to the area in metres: 0 inside a polygon; bit for bit as GEOS has it."""
        if not self._polygonal:
            return self.to_edge(points, fast=fast)[0]
        found = self.signed(points, fast=fast)
        return np.where(found >= 0, 0.0, -found)

    def to_edge(self, points: Placed, *, fast: bool = True) -> tuple[Floats, Leaves]:
        """Distance to the nearest edge, and the leaf of each point (-1: outside the frame)."""
        tree, (_, x, y, cells) = self.tree, points
        leaf: Leaves
        if fast and (module := compiled()):
            found, leaf = np.empty(len(x)), np.empty(len(x), dtype=np.int32)
            module.nearest(
                tree.codes, tree.starts, tree.lists, tree.top, 2 * (DEPTH - tree.level),
                self.table, x, y, cells, found, leaf,
            )  # fmt: skip
        else:
            leaf = trees.find_leaves(tree, cells)
            found = trees.nearest(tree, self._columns, x, y, np.maximum(leaf, 0))
        ask = np.flatnonzero(self.asked(leaf))
        if len(ask):
            found[ask] = shapely.distance(self._edge, shapely.points(x[ask], y[ask]))
        return found, leaf

    def asked(self, leaf: Leaves) -> NDArray[np.bool_]:
        """Tell of which leaves GEOS has to be asked everything."""
        return (leaf < 0) | (self.tree.side[leaf] == ASK)

    @cached_property
    def _columns(self) -> Floats:
        """The table turned round, each of its columns in one piece."""
        return np.ascontiguousarray(self.table.T)
