"""How near projects lie to corridors, and how much of a zone is near a service.

Shares of projects are held against shares of the study area, and distances against random
siting in it; where the accuracy of the layers decides, the answer says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisplan.areas import drawn
from gisplan.around import around
from gisplan.definition import PlanDefinition
from gisplan.inference import monte_carlo_p, multinomial_p, wilson
from gisplan.pattern.random_siting import MOVES, SEED, SIMULATIONS, Sites, distances, uniform
from gisplan.terms import Kind

EVERY: Final = "*"
"""The corridor id of rows that speak of the nearest of all corridors."""

Floats = NDArray[np.float64]


def along_corridors(
    found: Sites,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    *,
    bands: Sequence[float] = (300.0, 500.0, 1000.0, 2000.0),
    simulations: int = SIMULATIONS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ask whether projects lie nearer to corridors than random siting would have them.

    Returns
    -------
    bands : DataFrame
        One row per corridor (``*``: the nearest of all) and band: ``corridor``, ``inner``,
        ``outer`` (m; infinite for what is beyond), ``projects``, ``share`` with ``low``
        and ``high`` (95 %, Wilson), ``area_share`` (of the study area), ``ratio`` of the
        two, ``p_value`` of the corridor's bands together (X² by 999 multinomial draws).
    tests : DataFrame
        One row per corridor: ``corridor``, ``projects``, ``mean_distance`` (m),
        ``expected_distance`` (m, of random siting), ``p_value`` (one-sided: nearer), ``p_low``
        and ``p_high`` (5th and 95th hundredth of p when every line as a whole and every
        project for itself are moved by their errors: where these straddle 0.05 the
        accuracy of the layers decides) and ``error`` (m: median σ of line and project). A
        corridor without data has NaN, and ``*`` is then of the others.
    """
    lines = drawn(areas, Kind.CORRIDOR) if found.window.area > 0 else []
    named = [(EVERY, lines), *((key, [(key, line)]) for key, line in lines)] if lines else []
    anywhere = uniform(found)(np.random.default_rng(SEED), 10_000) if named else np.empty((0, 2))
    shares, tests = [], []
    for key, own in named:
        shares += _bands(key, shapely.union_all([line for _, line in own]), found, bands)
        errors = [definition.corridors[one].error / np.sqrt(2) for one, _ in own]
        shapes = [line for _, line in own]
        tests.append((key, *_distance_test(shapes, errors, found, anywhere, simulations)))
    undrawn = [key for key in definition.corridors if key not in dict(lines)]
    tests += [(key, len(found.points), *(np.nan,) * 6) for key in undrawn]
    return (
        pd.DataFrame(shares, columns=_BAND_COLUMNS).astype({"corridor": "str"}),
        pd.DataFrame(tests, columns=_TEST_COLUMNS).astype({"corridor": "str"}),
    )


_BAND_COLUMNS: Final = [
    "corridor", "inner", "outer", "projects", "share", "low", "high", "area_share", "ratio",
    "p_value",
]  # fmt: skip
_TEST_COLUMNS: Final = [
    "corridor", "projects", "mean_distance", "expected_distance", "p_value", "p_low", "p_high",
    "error",
]  # fmt: skip


def _bands(key: str, line: Any, found: Sites, bounds: Sequence[float]) -> list[tuple[Any, ...]]:
    edges = [0.0, *bounds, np.inf]
    window = found.window
    within = [shapely.intersection(around(line, outer), window).area for outer in bounds]
    shares = np.diff([0.0, *within, window.area]) / window.area
    # A project at a bound belongs to the nearer band, one on the line to the first.
    band = np.searchsorted(edges[1:], distances(line, found.points), side="left")
    counts = np.bincount(band, minlength=len(bounds) + 1)
    n = int(counts.sum())
    p_value = multinomial_p([int(c) for c in counts], list(shares), seed=SEED, times=SIMULATIONS)
    rows = []
    for (inner, outer), count, part in zip(pairwise(edges), counts, shares, strict=True):
        own = count / n if n else np.nan
        ratio = own / part if part > 0 else np.nan
        rows.append((key, inner, outer, int(count), own, *wilson(count, n), part, ratio, p_value))
    return rows


def _distance_test(
    lines: Sequence[Any], errors: Sequence[float], found: Sites, anywhere: Floats, simulations: int
) -> tuple[Any, ...]:
    n = len(found.points)
    if n == 0:
        return (0, *(np.nan,) * 6)
    random = np.random.default_rng(SEED + 1)
    field = _nearest(lines, [anywhere] * len(lines))
    # List by list: all at once, 50 000 projects would take 800 MB.
    means = np.array([random.choice(field, n).mean() for _ in range(simulations)])
    own = float(_nearest(lines, [found.points] * len(lines)).mean())
    moved = []
    times = MOVES if any(errors) or found.sigma.any() else 1
    for _ in range(times):
        points = found.points + random.normal(0, 1, (n, 2)) * found.sigma[:, None]
        shifted = [points + random.normal(0, error, 2) for error in errors]
        moved.append(monte_carlo_p(-float(_nearest(lines, shifted).mean()), -means))
    low, high = np.quantile(moved, (0.05, 0.95))
    sigma = float(np.median(np.hypot(found.sigma, np.mean(errors))))
    p_value = monte_carlo_p(-own, -means)
    return n, own, float(field.mean()), p_value, float(low), float(high), sigma


def _nearest(lines: Sequence[Any], points: Sequence[Floats]) -> Floats:
    """Distance to the nearest of several lines, each seen from its own set of points."""
    away = [distances(line, seen) for line, seen in zip(lines, points, strict=True)]
    return np.asarray(np.min(away, axis=0), dtype=float)


def service_coverage(
    points: gpd.GeoSeries, areas: gpd.GeoDataFrame, *, distances: Sequence[float] = (500.0, 1000.0)
) -> pd.DataFrame:
    """Tell what share of each zone lies within a distance of a service.

    Parameters
    ----------
    points
        The services (any geometry, in the CRS of *areas*; missing ones are left out).
    areas
        The plan's areas.
    distances
        Metres, as the crow flies: no network is known.

    Returns
    -------
    DataFrame
        One row per zone (and ``study_area``) and distance: ``area_id``, ``distance``,
        ``share`` (of its planar area, buffers dissolved), ``services`` (within reach of
        it). 0 services give share 0 only where services are known at all: NaN if none is.
    """
    shapes = np.asarray([one for one in points if one is not None and not one.is_empty])
    tree = shapely.STRtree(shapes)
    within = [*drawn(areas, Kind.ZONE), *drawn(areas, Kind.STUDY_AREA)]
    rows = []
    for distance in distances:
        union = shapely.union_all(shapely.buffer(shapes, distance, quad_segs=32))
        for key, shape in within:
            near = len(tree.query(shape, predicate="dwithin", distance=distance))
            covered = min(1.0, shape.intersection(union).area / shape.area)
            rows.append((key, float(distance), covered if len(shapes) else np.nan, near))
    columns = ["area_id", "distance", "share", "services"]
    return pd.DataFrame(rows, columns=columns).astype({"area_id": "str"})
