"""Places that are offered -> the most of them that are apart, and of those the best."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

MOST_STEPS: Final = 20_000
"""Sets of places that are looked at: a second or two."""


class Place(NamedTuple):
    """A place on the grid: its outline, its mean score and how compact it is."""

    shape: Any
    score: float
    compact: float


def best_set(offered: list[Place], count: int, apart: float) -> list[Place]:
    """Choose the most places that are far enough apart, up to a number, and of those the best.

    Branch and bound over what is offered, best first: exact, unless `MOST_STEPS` end it, when
    the best set so far is returned.
    """
    order = sorted(offered, key=lambda one: -one.score)
    shapes = np.array([one.shape for one in order], dtype=object)
    free = _apart(shapes, apart)
    scores = np.array([one.score for one in order])
    best: tuple[int, float, tuple[int, ...]] = (0, 0.0, ())
    steps = 0

    def visit(taken: tuple[int, ...], total: float, left: NDArray[np.int64]) -> None:
        nonlocal best, steps
        steps += 1
        if (len(taken), total) > best[:2]:
            best = (len(taken), total, taken)
        wanting = count - len(taken)
        for at, one in enumerate(left):
            rest = left[at:]
            most = min(wanting, len(rest))
            bound = (len(taken) + most, total + float(scores[rest[:most]].sum()) + 1e-12)
            if not wanting or steps > MOST_STEPS or bound <= (*best[:1], best[1] + 1e-9):
                return
            visit((*taken, int(one)), total + float(scores[one]), rest[1:][free[one, rest[1:]]])

    visit((), 0.0, np.arange(len(order)))
    return [order[at] for at in best[2]]


def _apart(shapes: Any, apart: float) -> NDArray[np.bool_]:
    """Tell which pairs of shapes are at least so far from each other."""
    free = np.ones((len(shapes), len(shapes)), dtype=bool)
    if len(shapes):
        tree = shapely.STRtree(shapes)
        one, other = tree.query(shapes, predicate="dwithin", distance=apart * (1 - 1e-12))
        free[one, other] = False
    return free
