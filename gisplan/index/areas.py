"""One area compiled for many points: signed distance to its edge, or distance to it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import shapely

from gisplan.index import tree as trees
from gisplan.index.segments import Floats, Segments
from gisplan.index.tree import DEPTH, SPREAD, Tree

BLOCK: Final = 1 << 16
"""Points measured at a time, so that everything stays in the processor's cache."""
_NEAR, _ASK = 2, 3


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
        self._table = segments.table
        self.tree = tree
        self.edges = len(segments.table)
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

    def signed(self, x: Floats, y: Floats, *, fast: bool = True) -> Floats:
        """Distance to the edge in metres, negative outside: bit for bit as GEOS has it."""
        found, leaf = self._to_edge(x, y, fast)
        side = np.where(leaf < 0, _ASK, self.tree.side[leaf])
        inside = side == 1
        ask = np.flatnonzero(side >= _NEAR)
        inside[ask] = shapely.intersects_xy(self._area, x[ask], y[ask])
        return np.where(inside, found, -found)

    def distance(self, x: Floats, y: Floats, *, fast: bool = True) -> Floats:
        """Distance to the area in metres: 0 inside a polygon; bit for bit as GEOS has it."""
        if not self._polygonal:
            return self._to_edge(x, y, fast)[0]
        found = self.signed(x, y, fast=fast)
        return np.where(found >= 0, 0.0, -found)

    def _to_edge(self, x: Floats, y: Floats, fast: bool) -> tuple[Floats, Any]:
        tree = self.tree
        leaf: Any
        if fast and (module := compiled()):
            found, leaf = np.empty(len(x)), np.empty(len(x), dtype=np.int32)
            module.nearest(
                tree.codes, tree.starts, tree.lists, tree.top, tree.frame, DEPTH, tree.level,
                SPREAD, self._table, x, y, found, leaf,
            )  # fmt: skip
        else:
            leaf = trees.find_leaves(tree, x, y)
            found = trees.nearest(tree, self._table, x, y, np.maximum(leaf, 0))
        ask = np.flatnonzero((leaf < 0) | (tree.side[leaf] == _ASK))
        if len(ask):
            found[ask] = shapely.distance(self._edge, shapely.points(x[ask], y[ask]))
        return found, leaf
