"""What criteria weigh: direct, or by comparison in pairs, and how far they may be wrong."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gisplan.definition.criteria import Suitability
from gisplan.errors import PlanError

Floats = NDArray[np.float64]

RANDOM_INDEX: Final = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
"""Mean consistency index of random comparisons of 1 to 10 criteria: Saaty, T. L. (1980),
The Analytic Hierarchy Process, McGraw-Hill, p. 21."""

ACCEPTABLE: Final = 0.1
"""Consistency ratio up to which comparisons are taken (Saaty 1980)."""

SEED: Final = 20211210


def weights_of(model: Suitability) -> tuple[Floats, float]:
    """Return the weights of a model's criteria, adding up to 1, and the consistency ratio.

    The ratio is NaN for direct weights.

    Raises
    ------
    PlanError
        ``ahp_inconsistent`` for a ratio above 0.1 that the model does not accept,
        ``ahp_many`` for more than ten criteria, for which no random index is published.
    """
    if not model.comparisons:
        direct = np.array([one.weight for one in model.criteria.values()], dtype=float)
        return direct / direct.sum(), float("nan")
    weights, ratio = by_comparison(model)
    if ratio > ACCEPTABLE and not model.accept_inconsistent:
        raise PlanError("ahp_inconsistent", title=model.title.zh, ratio=f"{ratio:.3f}")
    return weights, ratio


def by_comparison(model: Suitability) -> tuple[Floats, float]:
    """Weigh criteria by the principal eigenvector of their comparisons (AHP).

    Notes
    -----
    CI = (λ - n) / (n - 1) and CR = CI / RI, Saaty (1980).
    """
    ids = list(model.criteria)
    count = len(ids)
    if count > len(RANDOM_INDEX):
        raise PlanError("ahp_many", title=model.title.zh, most=len(RANDOM_INDEX))
    matrix = np.eye(count)
    for one, other, ratio in model.comparisons:
        matrix[ids.index(one), ids.index(other)] = ratio
        matrix[ids.index(other), ids.index(one)] = 1 / ratio
    values, vectors = np.linalg.eig(matrix)
    at = int(values.real.argmax())
    weights = np.abs(vectors[:, at].real)
    index = (values[at].real - count) / (count - 1) if count > 1 else 0.0
    random = RANDOM_INDEX[count - 1]
    return weights / weights.sum(), float(max(index, 0.0) / random) if random else 0.0


def draws(weights: Floats, spread: float, runs: int) -> Floats:
    """Draw weights that are each wrong by up to ``spread`` either way (runs x criteria).

    Evenly distributed, each by itself, then brought to a sum of 1; the same each time.
    """
    random = np.random.default_rng(SEED)
    drawn = weights * random.uniform(1 - spread, 1 + spread, (runs, len(weights)))
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def combined(scores: Floats, weights: Floats, order: Floats | None) -> Floats:
    """Combine scores (criteria x places) into one; unknown where any is unknown.

    With ``order`` (for the best score of a place first) an ordered weighted average in which
    criteria keep their weights: Σ oⱼ wⱼ zⱼ / Σ oⱼ wⱼ over the scores zⱼ in falling order
    (Malczewski, J. (2006), Int. J. Applied Earth Observation and Geoinformation 8, 270-277).
    """
    if order is None:
        return np.tensordot(weights.astype(scores.dtype), scores, axes=1)
    rank = np.argsort(-scores, axis=0, kind="stable")  # unknown comes last
    sorted_scores = np.take_along_axis(scores, rank, axis=0)
    by_rank = weights.astype(scores.dtype)[rank]
    by_rank *= order.astype(scores.dtype).reshape(-1, *[1] * (scores.ndim - 1))
    total = by_rank.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (by_rank * sorted_scores).sum(axis=0) / total
    return np.where(np.isnan(scores).any(axis=0), np.nan, found)
