"""What few cases allow one to say: intervals of shares, exact tests, how small a p can get.

Written out for small numbers, where normal approximations mislead; no scipy, which is an extra.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Z95 = 1.959963984540054
"""Standard errors of a two-sided interval of 95 %."""

LEVEL = 0.05
"""The rate at which a test may be wrong where there is nothing: stated with every test."""

HALVINGS = 60


def wilson(successes: float, cases: float) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927); NaN without a case.

    Keeps its rate better than p ± 1.96 √(p(1-p)/n) and stays within 0 and 1 (Newcombe,
    Statistics in Medicine 17, 1998, method 3). Parts of cases are allowed.
    """
    if cases <= 0:
        return math.nan, math.nan
    share, z2 = successes / cases, Z95**2
    middle = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = Z95 / (1 + z2 / cases) * math.sqrt(share * (1 - share) / cases + z2 / (4 * cases**2))
    # At the ends the sum is exact but for rounding.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return low, 1.0 if successes == cases else min(1.0, middle + half)


def clopper_pearson(successes: int, cases: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share, never too narrow (Clopper, Pearson 1934)."""
    if cases <= 0:
        return math.nan, math.nan
    low, high = 0.0, 1.0
    if successes > 0:
        low = _bisect(lambda p: 1 - binomial_cdf(successes - 1, cases, p) - (1 - 0.95) / 2)
    if successes < cases:
        high = _bisect(lambda p: (1 - 0.95) / 2 - binomial_cdf(successes, cases, p))
    return low, high


def binomial_cdf(successes: int, cases: int, p: float) -> float:
    """P(X ≤ successes) of so many cases with probability p each."""
    return math.fsum(
        math.comb(cases, k) * p**k * (1 - p) ** (cases - k) for k in range(successes + 1)
    )


def _bisect(rising: Callable[[float], float]) -> float:
    """Find where a rising function of 0 to 1 crosses zero."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def monte_carlo_p(observed: float, simulated: Floats) -> float:
    """P of a value as large as observed under the null: (1 + #≥) / (1 + m).

    Exact for exchangeable values whatever m (Davison, Hinkley 1997, 4.2); never 0. Values
    equal but for rounding count as reached.
    """
    reached = int((simulated >= observed - 1e-9 * max(1.0, abs(observed))).sum())
    return (1 + reached) / (1 + len(simulated))


def least_p(sizes: Sequence[int], kinds: Sequence[int]) -> float:
    """Return a bound below which no test by shuffled labels can get with these numbers.

    Parameters
    ----------
    sizes
        Cases per group.
    kinds
        Cases per kind, as many in all.

    Returns
    -------
    float
        The probability of the least likely table with these margins, ∏gᵢ! ∏kⱼ! / (n! ∏nᵢⱼ!):
        a p-value holds at least the probability of what was observed. 0 (nothing is claimed)
        for more than 24 cases; NaN for none.
    """
    cases = sum(sizes)
    if cases == 0 or sum(kinds) != cases:
        return math.nan
    if cases > FEW:
        return 0.0
    singles = sum(1 for kind in kinds if kind == 1)
    held = tuple(sorted(kind for kind in kinds if kind > 1))
    logs = math.fsum(math.lgamma(count + 1) for count in (*sizes, *kinds))
    logs -= math.lgamma(cases + 1) + _sorted_most(tuple(sizes), held, singles)
    return min(1.0, math.exp(logs))


FEW = 24
"""Cases up to which the least likely table is searched for."""


@cache
def _sorted_most(sizes: tuple[int, ...], kinds: tuple[int, ...], singles: int) -> float:
    """Largest Σ ln nᵢⱼ! of all tables with these margins; single cases only fill room."""
    if not sizes:
        return 0.0
    best = -math.inf
    for taken in _takes(kinds, sizes[0]):
        filled = sizes[0] - sum(taken)
        if filled <= singles:
            rest = tuple(sorted(k - t for k, t in zip(kinds, taken, strict=True) if k > t))
            own = math.fsum(math.lgamma(count + 1) for count in taken)
            best = max(best, own + _sorted_most(sizes[1:], rest, singles - filled))
    return best


def _takes(kinds: tuple[int, ...], room: int) -> Iterator[tuple[int, ...]]:
    """Every way to take no more than *room* from the kinds."""
    if not kinds:
        yield ()
        return
    for first in range(min(kinds[0], room) + 1):
        for rest in _takes(kinds[1:], room - first):
            yield (first, *rest)


def chi_square(observed: Floats, expected: Floats) -> Floats:
    """Pearson's X² of one row of counts or many, over the cells in which some are expected."""
    held = expected > 0
    apart = observed[..., held] - expected[held]
    return np.asarray((apart**2 / expected[held]).sum(axis=-1), dtype=float)


def multinomial_p(
    counts: Sequence[int], shares: Sequence[float], *, seed: int, times: int
) -> float:
    """P of counts as far from their shares as these, by X² of random draws (not its limit)."""
    observed, chances = np.asarray(counts, dtype=float), np.asarray(shares, dtype=float)
    cases = int(observed.sum())
    if cases == 0 or chances.sum() <= 0:
        return math.nan
    chances = chances / chances.sum()
    if (observed[chances == 0] > 0).any():
        return 1 / (1 + times)
    expected = cases * chances
    drawn = np.random.default_rng(seed).multinomial(cases, chances, size=times).astype(float)
    return monte_carlo_p(float(chi_square(observed, expected)), chi_square(drawn, expected))
