"""The null that gathering is measured against: projects sited at random in the study area.

Draws are seeded: the same list gives the same p.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisplan.areas import drawn
from gisplan.definition import PlanDefinition
from gisplan.index.segments import distances as to_edge
from gisplan.index.segments import equals_geos, segments_of
from gisplan.terms import Kind
from gisplan.uncertainty import axis_error

SEED: Final = 20211210
SIMULATIONS: Final = 999
MOVES: Final = 99
"""How often projects (and lines) are moved by their errors, to see whether an answer holds."""


_FEW_POINTS: Final = 500
_FEW_EDGES: Final = 40
"""Edges of a line up to which all are tried: GEOS would want every point drawn first."""

Floats = NDArray[np.float64]
Sampler = Callable[[np.random.Generator, int], Floats]


class Sites(NamedTuple):
    """Projects inside the study area as points, and what was left out.

    ``points`` n x 2 in metres, ``sigma`` (m) their errors along one axis, ``window`` the
    study area, ``outside`` and ``unplaced`` how many projects were not used, ``coincident``
    how many share their place with another to the metre (one address for several projects).
    """

    points: Floats
    sigma: Floats
    window: Any
    outside: int
    unplaced: int
    coincident: int


def sites(projects: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, definition: PlanDefinition) -> Sites:
    """Take the projects of the study area as points (of a footprint, a point inside it).

    Parameters
    ----------
    projects
        In the CRS of *areas*; geometry may be missing.
    areas
        The plan's areas, in a projected CRS in metres. Without a study area the window is
        the hull of everything drawn.
    definition
        Gives the accuracy of projects that state none.
    """
    held = drawn(areas, Kind.STUDY_AREA)
    window = held[0][1] if held else areas.geometry.union_all().convex_hull
    geometry = np.asarray(projects.geometry.array, dtype=object)
    known = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    known &= shapely.is_valid(geometry)
    places = shapely.point_on_surface(geometry[known])
    accuracy = pd.to_numeric(projects["accuracy"]) if "accuracy" in projects else None
    stated = np.full(len(projects), np.nan) if accuracy is None else accuracy.to_numpy(float)
    stated = np.where(stated >= 0, stated, definition.policy.default_accuracy)[known]
    inside = shapely.intersects(window, places)
    points = shapely.get_coordinates(places[inside])
    rounded = pd.DataFrame(np.round(points))
    return Sites(
        points,
        axis_error(0.0, stated[inside]),
        window,
        int((~inside).sum()),
        int((~known).sum()),
        int(rounded.duplicated(keep=False).sum()),
    )


def draws(found: Sites, simulations: int, sample: Sampler) -> Floats:
    """Draw as many lists of as many points as there are projects: simulations x n x 2."""
    n = len(found.points)
    random = np.random.default_rng(SEED)
    return sample(random, simulations * n).reshape(simulations, n, 2)


def moves(found: Sites, random: np.random.Generator, times: int) -> Iterator[Floats]:
    """Move every project for itself by its error, so many times; once where it has none."""
    for _ in range(times if found.sigma.any() else 1):
        yield found.points + random.normal(0, 1, found.points.shape) * found.sigma[:, None]


def uniform(found: Sites) -> Sampler:
    """Draw points evenly over the window: over its box, keeping those inside."""
    window = found.window
    shapely.prepare(window)
    left, bottom, right, top = window.bounds
    density = window.area / ((right - left) * (top - bottom))

    def sample(random: np.random.Generator, wanted: int) -> Floats:
        kept: list[Floats] = []
        while sum(map(len, kept)) < wanted:
            more = int((wanted - sum(map(len, kept))) / density * 1.1) + 10
            tried = random.uniform((left, bottom), (right, top), (more, 2))
            kept.append(tried[shapely.contains_xy(window, tried[:, 0], tried[:, 1])])
        return np.concatenate(kept)[:wanted]

    return sample


NEAR: Final = 100.0
"""Metres by which a site may differ in its distance from a corridor and count as alike."""


def at_same_distance(found: Sites, lines: Sequence[Any]) -> Sampler:
    """Draw, for each project in turn, a place about as far from the nearest corridor."""
    line = shapely.union_all(list(lines))
    pool = uniform(found)(np.random.default_rng(SEED + 2), 50_000)
    field = distances(line, pool)
    order = np.argsort(field)
    own = distances(line, found.points)
    first = np.searchsorted(field[order], own - NEAR)
    last = np.searchsorted(field[order], own + NEAR)
    # Where the window has nothing that far off, the nearest of the pool stand for it.
    first = np.minimum(first, len(pool) - 1)
    last = np.maximum(last, first + 1)

    def sample(random: np.random.Generator, wanted: int) -> Floats:
        times = wanted // len(own)
        picks = random.integers(np.tile(first, times), np.tile(last, times))
        return pool[order[picks]]

    return sample


def distances(line: Any, points: Floats) -> Floats:
    """Distances in metres of points, n x 2, from a line: to the last bit those of GEOS."""
    edges = segments_of(line) if len(points) > _FEW_POINTS and equals_geos() else None
    if edges is None or edges.polygonal or len(edges.table) > _FEW_EDGES:
        return np.asarray(shapely.distance(line, shapely.points(points)), dtype=float)
    x, y = np.ascontiguousarray(points.T)
    away = np.full(len(points), np.inf)
    for edge in edges.table:
        np.minimum(away, to_edge(x, y, edge[None]), out=away)
    return away
