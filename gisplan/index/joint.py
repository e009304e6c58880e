"""Some lines in one tree: which of them is the nearest to a point, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.index.areas import AreaIndex, Leaves, compiled
from gisplan.index.points import Placed
from gisplan.index.segments import Floats, Ints, distances

_SEVERAL = -1


class Joint:
    """Which of some lines the nearest edge belongs to.

    Parameters
    ----------
    lines
        The lines, in metres; of equally near ones the first is meant.
    counts
        How many edges each has.
    index
        The index of all of them, taken together by `together`.
    """

    def __init__(self, lines: Sequence[Any], counts: Sequence[int], index: AreaIndex) -> None:
        self._lines, self._index = lines, index
        self._owner: Ints = np.repeat(np.arange(len(lines), dtype=np.int32), counts)

    def nearest(self, points: Placed, *, fast: bool) -> tuple[Ints, Floats]:
        """Return the position of the nearest line, the first of equal ones, and its distance."""
        found, leaf = self._index.to_edge(points, fast=fast)
        asked = self._index.asked(leaf)
        which = np.where(asked, 0, self._only[leaf])
        self._compare(points, found, leaf, np.flatnonzero(which == _SEVERAL), which, fast)
        at = np.flatnonzero(asked)
        if len(at):
            drawn = shapely.points(points.x[at], points.y[at])
            which[at] = np.argmin([shapely.distance(line, drawn) for line in self._lines], axis=0)
        return which, found

    @cached_property
    def _only(self) -> Ints:
        """Whose edges the list of each leaf holds, where they are one line's."""
        tree = self._index.tree
        only = np.full(len(tree.codes), _SEVERAL, dtype=np.int32)
        held = np.flatnonzero(np.diff(tree.starts))
        if len(held):
            owner, starts = self._owner[tree.lists], tree.starts[held]
            least = np.minimum.reduceat(owner, starts)
            only[held] = np.where(least == np.maximum.reduceat(owner, starts), least, _SEVERAL)
        return only

    def _compare(
        self, points: Placed, found: Floats, leaf: Leaves, at: NDArray[np.int64], which: Ints,
        fast: bool,
    ) -> None:  # fmt: skip
        """Find the first line that has an edge just so far away: the bits are the same ones."""
        tree, table = self._index.tree, self._index.table
        x, y, away, leaf = points.x[at], points.y[at], found[at], leaf[at]
        if fast and (module := compiled()):
            first = np.empty(len(at), dtype=np.int32)
            module.owners(tree.starts, tree.lists, self._owner, table, x, y, away, leaf, first)
            which[at] = first
            return
        first = np.full(len(at), len(self._lines), dtype=np.int32)
        start, end = tree.starts[leaf], tree.starts[leaf + 1]
        for step in range(int((end - start).max(initial=0))):
            here = np.flatnonzero(start + step < end)
            edge = tree.lists[start[here] + step]
            hit = here[distances(x[here], y[here], table[edge]) == away[here]]
            first[hit] = np.minimum(first[hit], self._owner[tree.lists[start[hit] + step]])
        which[at] = first


def together(lines: Sequence[Any]) -> Any:
    """Return several lines as one geometry, their edges one line after the other."""
    parts = [shapely.get_parts(line) for line in lines]
    return shapely.multilinestrings(np.concatenate(parts))
