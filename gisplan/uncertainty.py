"""How sure a measure is: errors of edges, and the P that an answer stays the same."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DOUBT = 1.645
"""Quantile of the standard normal distribution at 95 %, one-sided."""
SETTLED = 8.5
"""Standard errors beyond which P of staying on one's side of an edge is 1 to the last bit."""


ALL, NONE = -6.0, 27.5
"""Where erfc, in double precision, is 2 and 0 (tested against ``math.erfc``)."""


def phi(z: Floats) -> Floats:
    """Standard normal distribution function; exact to double precision (``math.erfc``)."""
    x = -np.asarray(z, dtype=float) / math.sqrt(2)
    # Farther out erfc is 2 or 0 to the last bit, and most places are far from most edges.
    found = np.where(x < 0, 2.0, 0.0)
    near = ~((x < ALL) | (x > NONE))
    found[near] = list(map(math.erfc, x[near].tolist()))
    return np.asarray(0.5 * found, dtype=float)


def axis_error(layer_accuracy: float | Floats, project_accuracy: Floats) -> Floats:
    """Error σ across an edge, in metres, of two independent point errors M.

    M² = σx² + σy², so one axis has M/√2 (误差传播律); the two sources add in squares.
    """
    return np.hypot(layer_accuracy, project_accuracy) / math.sqrt(2)


def probability(margin: Floats, sigma: Floats) -> Floats:
    """P(met) of a signed margin in metres; with σ = 0 a margin of zero counts as met."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.where(sigma > 0, margin / sigma, np.where(margin >= 0, np.inf, -np.inf))
    return np.where(np.isnan(margin), np.nan, phi(np.where(np.isnan(z), 0.0, z)))
