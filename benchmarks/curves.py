"""How cost grows: with points, with vertices, with zones; and where few points are no slower.

Each point of a curve is a way with a fixed size, named ``who @ how many``. Set-up counts, as it
does for a user: curves are of a whole process without its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import shapely

from benchmarks import facts, world
from benchmarks.measuring import Way, Work

BLOCK: Final = 100_000
VERTICES: Final = (0.03, 0.1, 0.3, 1.0, 3.0)
ZONES: Final = (4, 16, 64, 256, 1024, 4096)
COUNTS: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def few_ours(size: int) -> Iterator[Any]:
    """The index as a user has it who asks once: what it needs is built when asked."""
    from gisplan.index import Points

    held, (x, y) = world.areas(), world.points(size)
    index = facts.index_for(held, 0, True)
    yield
    yield {"facts": facts.all_facts(index, held, Points(x, y))}


def few_trees(size: int) -> Iterator[Any]:
    """Shapely's trees, built when asked."""
    world.areas(), world.points(size)
    yield
    steps = facts.shapely_trees(size)
    next(steps)
    yield next(steps)


def whole(size: int, *, vertices: float = 1.0) -> Iterator[Any]:
    """All facts in blocks, so that ten million need no more memory than a few."""
    # Numba's own start, and its machine code from the cache, are no part of the growth.
    import gisplan.index.compiled  # noqa: F401
    from gisplan.index import Points

    held, (x, y) = world.areas(vertices), world.points(size)
    index = facts.index_for(held, size, True)
    yield
    least = np.inf
    for at in range(0, size, BLOCK):
        some = Points(x[at : at + BLOCK], y[at : at + BLOCK])
        least = min(least, facts.all_facts(index, held, some).min())
    yield {}
    yield {"least": float(least)}


def trees(size: int, *, vertices: float = 1.0) -> Iterator[Any]:
    """Shapely's trees of the same areas, built when asked."""
    held, (x, y) = world.areas(vertices), world.points(size)
    yield
    drawn, least = shapely.points(x, y), np.inf
    for key, area in held.items():
        tree = shapely.STRtree(world.edges_of(world.edge_of(key, area)))
        _, away = tree.query_nearest(drawn, return_distance=True, all_matches=False)
        if key[0] != "corridor":
            shapely.prepare(area)
            away = np.where(shapely.intersects_xy(area, x, y), away, -away)
        least = min(least, away.min())
    yield {}
    yield {"least": float(least)}


def checked(size: int, *, zones: int) -> Iterator[Any]:
    """``Plan.check`` of a plan of zones alone: all columns of a verdict."""
    import geopandas as gpd

    from gisplan.plan import Plan

    held = world.areas(1.0, zones)
    definition, areas = world.plan({key: one for key, one in held.items() if key[0] == "zone"})
    x, y = world.points(size)
    projects = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=world.CRS)
    plan = Plan(definition, areas)
    yield
    plan.check(projects)
    yield {}


def nearest_zone(size: int, *, zones: int) -> Iterator[Any]:
    """Geopandas for the same zones: ``sjoin`` and ``sjoin_nearest`` to their boundaries, tuned."""
    import geopandas as gpd

    held, (x, y) = world.areas(1.0, zones), world.points(size)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    inside = gpd.GeoDataFrame(geometry=world.of_kind(held, "zone"))
    yield
    points.sjoin(inside, predicate="within")
    lines = inside.boundary.to_numpy()
    edges = gpd.GeoSeries(np.concatenate([world.edges_of(one) for one in lines]))
    edges.sindex.nearest(points.geometry.array, return_all=False)
    yield {}


def _points() -> dict[str, Way]:
    found = {}
    for count in COUNTS:
        found[f"gisplan, fast @ {count}"] = Way(whole, ("numba",), fixed=count)
        if count <= 100_000:
            found[f"shapely trees @ {count}"] = Way(trees, fixed=count)
    return found


def _vertices() -> dict[str, Way]:
    found = {}
    for part in VERTICES:
        fast, peer = partial(whole, vertices=part), partial(trees, vertices=part)
        found[f"gisplan, fast @ {part:g}"] = Way(fast, ("numba",), fixed=200_000)
        found[f"shapely trees @ {part:g}"] = Way(peer, fixed=10_000)
    return found


def _zones() -> dict[str, Way]:
    found = {}
    for count in ZONES:
        ours, peer = partial(checked, zones=count), partial(nearest_zone, zones=count)
        found[f"gisplan check @ {count}"] = Way(ours, fixed=20_000)
        found[f"geopandas tuned @ {count}"] = Way(peer, ("geopandas",), fixed=20_000)
    return found


FEW: Final = (10, 100, 1000, 5000, 19_999)
WORKS = {
    "few": Work(
        {
            f"{name} @ {count}": Way(call, fixed=count, exact=True)
            for count in FEW
            for name, call in {"gisplan": few_ours, "shapely trees": few_trees}.items()
        },
        facts.truth,
    ),
    "with points": Work(_points()),
    "with vertices": Work(_vertices()),
    "with zones": Work(_zones()),
}
