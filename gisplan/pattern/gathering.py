"""Do projects gather: nearest neighbours and Ripley's K, against random siting.

The null is stated with every answer: projects sited at random in the study area, or at
random at the distance from a corridor that they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisplan.inference import LEVEL, monte_carlo_p
from gisplan.pattern.random_siting import (
    MOVES,
    SEED,
    SIMULATIONS,
    Sites,
    at_same_distance,
    draws,
    moves,
    uniform,
)

STEPS: Final = 40
"""Distances at which K is read."""

DIRECTIONS: Final = 36
FEWEST: Final = 5
"""Projects below which nothing about gathering is computed."""

MOST: Final = 400
"""Projects up to which all pairs are compared, 999 times; of more, give a sample."""

Floats = NDArray[np.float64]
Null = Literal["random", "same_distance"]


def nearest_neighbours(found: Sites, *, simulations: int = SIMULATIONS) -> dict[str, float]:
    """Compare the mean distance to the nearest other project with random siting.

    Returns
    -------
    dict
        ``projects``; ``mean_distance`` (m); ``expected_distance`` (m, mean of the draws in
        the same window, so its edges count on both sides); ``ratio`` (below 1: gathered,
        1: random, 2.149: the most regular; Clark and Evans 1954); ``ratio_donnelly`` by the
        edge-corrected expectation 0.5 √(A/n) + (0.0514 + 0.041/√n) P/n (Donnelly 1978); ``p_value``
        (two-sided, Monte Carlo); ``p_low`` and ``p_high`` (5th and 95th hundredth of p
        when every project is moved by its error). NaN for fewer than 5 projects or too many.
    """
    n = len(found.points)
    told = {"projects": float(n), "simulations": float(simulations)}
    if n < FEWEST or n > MOST:
        return told | dict.fromkeys(_NEIGHBOURS, np.nan)
    own = _mean_nearest(found.points)
    lists = draws(found, simulations, uniform(found))
    drawn_means = np.array([_mean_nearest(one) for one in lists])
    area, edge = found.window.area, found.window.length
    donnelly = 0.5 * np.sqrt(area / n) + (0.0514 + 0.041 / np.sqrt(n)) * edge / n
    # Against the mean of all, the observed among them, the deviations are exchangeable.
    middle = (drawn_means.sum() + own) / (simulations + 1)
    p_value = monte_carlo_p(abs(own - middle), np.abs(drawn_means - middle))
    expected = float(drawn_means.mean())
    random = np.random.default_rng(SEED + 1)
    moved = [
        monte_carlo_p(abs(_mean_nearest(points) - middle), np.abs(drawn_means - middle))
        for points in moves(found, random, MOVES)
    ]
    p_low, p_high = (float(one) for one in np.quantile(moved, (0.05, 0.95)))
    return told | {
        "mean_distance": own, "expected_distance": expected, "ratio": own / expected,
        "ratio_donnelly": own / float(donnelly), "p_value": p_value,
        "p_low": p_low, "p_high": p_high,
    }  # fmt: skip


_NEIGHBOURS: Final = (
    "mean_distance", "expected_distance", "ratio", "ratio_donnelly", "p_value", "p_low", "p_high",
)  # fmt: skip


def gathering(
    found: Sites,
    *,
    null: Null = "random",
    lines: Sequence[Any] = (),
    simulations: int = SIMULATIONS,
) -> pd.DataFrame:
    """Estimate L(r) - r and the band that random siting stays in as a whole.

    Parameters
    ----------
    found
        The projects; at least 5, at most 400.
    null
        ``random`` in the study area, or ``same_distance``: at random where it is as far
        from the nearest corridor (to 100 m) as each project is, which asks whether they
        gather beyond keeping to corridors.
    lines
        The corridors, for ``same_distance``.
    simulations
        999 by default.

    Returns
    -------
    DataFrame
        One row per distance: ``r`` (m), ``l`` (L(r) - r in metres: above 0 more neighbours
        within r than at random), ``band_low``, ``band_high`` (the global 95 % band: the whole curve
        of random siting leaves it in 5 % of cases, at whatever r), ``expected``,
        ``p_value`` (of the whole curve; the same in every row), ``p_low`` and ``p_high``
        (5th and 95th hundredth of p when every project is moved by its error). Empty where
        there are too few or too many.

    Notes
    -----
    K is Ripley's (1977) with the rigid-motion edge correction of Ohser and Stoyan (1981):
    a pair at distance d weighs 1/γ(d), the mean area of the window that stays in itself
    when moved by d. The test is the maximum absolute deviation of L from its mean over
    observed and simulated curves (Myllymäki et al., JRSS B 79, 2017), which keeps its level
    exactly. r goes to a quarter of the window's shorter side.
    """
    n = len(found.points)
    if n < FEWEST or n > MOST:
        return pd.DataFrame(columns=list(CURVE), dtype=float)
    radii = _radii(found.window)
    weight = edge_weights(found.window, radii)
    own = _l_curve(found.points, radii, weight, found.window.area)
    sample = uniform(found) if null == "random" else at_same_distance(found, lines)
    curves = np.array(
        [_l_curve(one, radii, weight, found.window.area)
         for one in draws(found, simulations, sample)]
    )  # fmt: skip
    middle = (curves.sum(axis=0) + own) / (simulations + 1)
    away = np.abs(curves - middle).max(axis=1)
    reached = float(np.abs(own - middle).max())
    ranked = np.sort(np.append(away, reached))
    half = ranked[int(np.ceil((1 - LEVEL) * (simulations + 1))) - 1]
    random = np.random.default_rng(SEED + 1)
    moved = [
        np.abs(_l_curve(points, radii, weight, found.window.area) - middle).max()
        for points in moves(found, random, MOVES)
    ]
    p_low, p_high = np.quantile([monte_carlo_p(one, away) for one in moved], (0.05, 0.95))
    columns = (
        radii, own, middle - half, middle + half, middle, monte_carlo_p(reached, away), p_low,
        p_high,
    )  # fmt: skip
    return pd.DataFrame(dict(zip(CURVE, columns, strict=True)))


CURVE: Final = (
    "r", "l", "band_low", "band_high", "expected", "p_value", "p_low", "p_high",
)  # fmt: skip
"""Columns of `gathering`."""


def _radii(window: Any) -> Floats:
    left, bottom, right, top = window.bounds
    return np.linspace(0, min(right - left, top - bottom) / 4, STEPS + 1)[1:]


def edge_weights(window: Any, radii: Floats) -> Floats:
    """Return γ(r): the area in which a window meets itself moved by r, over all directions.

    Of the unit square it is 1 - 4r/π + r²/π for r ≤ 1.
    """
    turns = np.arange(DIRECTIONS) * np.pi / DIRECTIONS  # a move and its reverse are alike
    coarse = np.linspace(0, radii[-1], 13)
    means = [
        np.mean([_met(window, r * np.cos(turn), r * np.sin(turn)) for turn in turns])
        for r in coarse
    ]
    return np.interp(radii, coarse, means)


def _met(window: Any, dx: float, dy: float) -> float:
    moved = shapely.transform(window, lambda xy: xy + np.array([dx, dy]))
    return float(shapely.intersection(window, moved).area)


def _l_curve(points: Floats, radii: Floats, weight: Floats, area: float) -> Floats:
    n = len(points)
    first, second = np.triu_indices(n, 1)
    apart = points[first] - points[second]
    squared = apart[:, 0] ** 2 + apart[:, 1] ** 2
    distance = np.sqrt(squared[squared <= radii[-1] ** 2])
    each = 2 / np.interp(distance, radii, weight, left=area)
    # K at r adds up the pairs up to r, that at r itself among them.
    within = np.searchsorted(radii, distance, side="left")
    added = np.cumsum(np.bincount(within, weights=each, minlength=len(radii))[: len(radii)])
    k = area**2 / (n * (n - 1)) * added
    return np.asarray(np.sqrt(k / np.pi) - radii, dtype=float)


def _mean_nearest(points: Floats) -> float:
    x, y = points[:, 0], points[:, 1]
    squared = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    np.fill_diagonal(squared, np.inf)
    return float(np.sqrt(squared.min(axis=1)).mean())
