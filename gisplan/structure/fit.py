"""Does what lies near a corridor do what the corridor is for, and how does that hang on width?

The width of a corridor is an assumption, so the answer is given for all widths at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.definition import PlanDefinition
from gisplan.industries import standing
from gisplan.inference import monte_carlo_p, wilson
from gisplan.terms import SEPARATOR, Shape
from gisplan.uncertainty import axis_error, probability

EVERY: Final = "*"
"""The corridor id of rows that speak of all corridors: near any of them, counted once."""

WIDTHS: Final = tuple(float(width) for width in range(100, 2001, 100))
STANDINGS: Final = ("fits", "differs", "coarse", "exempt", "unclassified")
SHUFFLES: Final = 999
SEED: Final = 20211210

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def standings(codes: pd.Series, definition: PlanDefinition) -> pd.DataFrame:
    """Tell how each project's industry stands to each corridor.

    Returns
    -------
    DataFrame
        Index of *codes*, a column per corridor: one of ``fits``, ``differs``, ``coarse``
        (a code too coarse to tell), ``exempt`` (public services and infrastructure, which
        a corridor does not bind), ``unclassified``.
    """
    told = codes.fillna("")
    known = {text: _standings(text, definition) for text in told.unique()}
    columns = list(definition.corridors)
    rows = [known[text] for text in told]
    return pd.DataFrame(rows, index=codes.index, columns=columns, dtype="str")


def _standings(text: str, definition: PlanDefinition) -> list[str]:
    own = [code for code in text.split(SEPARATOR) if code]
    services = definition.policy.public_services
    public = bool(own) and all(standing(code, services) == "fits" for code in own)
    found = []
    for corridor in definition.corridors.values():
        told = standing(text, corridor.industries) or "unclassified"
        found.append("exempt" if public and told != "fits" else told)
    return found


def fit_by_width(
    facts: pd.DataFrame, definition: PlanDefinition, *, widths: Sequence[float] = WIDTHS
) -> pd.DataFrame:
    """Sweep the width of the corridors: how many projects lie near, and how many fit.

    Parameters
    ----------
    facts
        What `gisplan.siting.measure` returns: distances, codes, accuracies.
    definition
        The corridors, what they are for and how well they are drawn.
    widths
        Metres, ascending.

    Returns
    -------
    DataFrame
        One row per corridor (``*`` for all, near any of them) and width: ``corridor``,
        ``width`` (m), ``near_projects``, ``near_sure`` and ``near_possible`` (within
        the width with P ≥ 0.95 and P ≥ 0.05, by the accuracy of line and project), one
        count per standing, ``share`` = fits / (fits + differs) with ``low`` and ``high``
        (95 %, Wilson), ``expected_share`` (mean share where industries are shuffled among the
        placed projects) and ``p_value`` of the whole curve: the largest excess over
        ``expected_share`` at any width (one test per corridor, one-sided).
    """
    placed = facts[facts["shape"] != Shape.NONE]
    lines = [key for key in definition.corridors if placed.get(f"distance:{key}") is not None]
    lines = [key for key in lines if bool(placed[f"distance:{key}"].notna().any())]
    if not lines:
        return pd.DataFrame(columns=_COLUMNS).astype({"corridor": "str"})
    distance = placed[[f"distance:{key}" for key in lines]].to_numpy(dtype=float)
    distance = np.where(np.isnan(distance), np.inf, distance)
    accuracy = placed["accuracy"].to_numpy(dtype=float)
    sigma = np.column_stack(
        [axis_error(definition.corridors[key].error, accuracy) for key in lines]
    )
    stands = standings(placed["industry_codes"], definition)[lines].to_numpy(dtype=object)
    grid = np.asarray(widths, dtype=float)
    tables = [
        _sweep(key, distance[:, at], sigma[:, at], stands[:, at], grid)
        for at, key in (
            (slice(None), EVERY),
            *((slice(k, k + 1), key) for k, key in enumerate(lines)),
        )
    ]
    return pd.concat(tables, ignore_index=True).astype({"corridor": "str"})


_COLUMNS: Final = (
    "corridor", "width", "near_projects", "near_sure", "near_possible", *STANDINGS, "share", "low",
    "high", "expected_share", "p_value",
)  # fmt: skip


def _sweep(
    key: str, distance: Floats, sigma: Floats, stands: NDArray[np.object_], widths: Floats
) -> pd.DataFrame:
    inside = distance[None, :, :] <= widths[:, None, None]  # widths x projects x corridors
    chance = probability(widths[:, None, None] - distance[None], sigma[None]).max(axis=2)
    kinds = _best(inside, stands)
    counts = {kind: (kinds == kind).sum(axis=1) for kind in STANDINGS}
    fits, differs = counts["fits"], counts["differs"]
    own = _share(fits, differs)
    random = np.random.default_rng(SEED)
    judged = np.stack([stands == "fits", stands == "differs"], axis=2)
    order = np.argsort(widths, kind="stable")
    first = np.searchsorted(widths[order], distance).astype(np.int16)  # the least it is within
    drawn = np.empty((SHUFFLES, len(widths)))
    for turn in range(SHUFFLES):
        drawn[turn, order] = _curve(first, random.permutation(judged), len(widths))
    expected = _mean(drawn)
    reached = np.nanmax(np.append(own - expected, -np.inf))
    excess = np.nanmax(np.concatenate([drawn - expected, np.full((SHUFFLES, 1), -1.0)], 1), axis=1)
    p_value = monte_carlo_p(float(reached), excess) if np.isfinite(reached) else np.nan
    intervals = [wilson(f, f + d) for f, d in zip(fits, differs, strict=True)]
    frame = pd.DataFrame(
        {
            "corridor": key, "width": widths, "near_projects": inside.any(axis=2).sum(axis=1),
            "near_sure": (chance >= 0.95).sum(axis=1),
            "near_possible": (chance >= 0.05).sum(axis=1), **counts, "share": own,
            "low": [low for low, _ in intervals], "high": [high for _, high in intervals],
            "expected_share": expected, "p_value": p_value,
        }
    )  # fmt: skip
    return frame[list(_COLUMNS)]


def _best(inside: Bools, stands: NDArray[np.object_]) -> NDArray[np.object_]:
    """Standing of each project at each width to the corridors it is near; ``""`` near none."""
    kinds = np.full(inside.shape[:2], "", dtype=object)
    for kind in reversed(STANDINGS):  # the best of several corridors counts, written last
        kinds[(inside & (stands == kind)[None]).any(axis=2)] = kind
    return kinds


def _curve(first: NDArray[np.int16], judged: Bools, widths: int) -> Floats:
    """Share that fits at each width; a project that fits one corridor near it fits.

    A project counts from the first width on in which it has a corridor that it fits, or
    differs from: counted once, not width by width.
    """
    never = np.int16(widths)
    fitting = np.where(judged[:, :, 0], first, never).min(axis=1)
    either = np.minimum(np.where(judged[:, :, 1], first, never).min(axis=1), fitting)
    fits, told = (
        np.cumsum(np.bincount(one, minlength=widths + 1))[:widths] for one in (fitting, either)
    )
    return _share(fits, told - fits)


def _share(fits: NDArray[np.int_], differs: NDArray[np.int_]) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(fits / (fits + differs), dtype=float)


def _mean(drawn: Floats) -> Floats:
    """Mean over the shuffles in which there is a share; NaN where there never is."""
    held = ~np.isnan(drawn)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(held, drawn, 0).sum(axis=0) / held.sum(axis=0), dtype=float)
