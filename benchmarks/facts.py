"""All facts of points: the signed distance in metres to each of 27 areas, by us and by peers.

The answer of each way is ``facts``, areas x points: to polygons positive inside and negative
outside, to corridors the distance. Bits have to be those of GEOS wherever a way is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from benchmarks import world
from benchmarks.measuring import Answer, Way, Work
from benchmarks.world import Areas, edge_of, edges_of

FEW = 500
"""Points of which plain GEOS is asked every area, without any index."""


def index_for(held: Areas, size: int, fast: bool) -> Any:
    """Prepare the index of gisplan for so many points, with or without machine code."""
    import gisplan.index.areas
    import gisplan.index.plan
    from gisplan.index import PlanIndex, Store

    if not fast:
        gisplan.index.areas.compiled = gisplan.index.plan.compiled = lambda: None
    index = PlanIndex(held, world.FRAME, store=Store.of_user())
    index.expected = size
    return index


def all_facts(index: Any, held: Areas, points: Any) -> np.ndarray:
    """Ask the index for the signed distance to every area."""
    found = np.empty((len(held), len(points)))
    for row, key in enumerate(held):
        ask = index.distance if key[0] == "corridor" else index.signed
        found[row] = ask(key, points)
    return found


def ours(size: int, *, fast: bool = True, vertices: float = 1.0, zones: int = 4) -> Iterator[Any]:
    """The index of gisplan; compiled areas are read where the cache of this run has them."""
    from gisplan.index import Points

    held, (x, y) = world.areas(vertices, zones), world.points(size)
    index = index_for(held, size, fast)
    all_facts(index, held, Points(x[:64], y[:64]))  # compiles the areas, or reads them
    yield
    yield {"facts": all_facts(index, held, Points(x, y))}


def ours_numpy(size: int) -> Iterator[Any]:
    """The same without the extra ``fast``."""
    return ours(size, fast=False)


def ours_measured(size: int) -> Iterator[Any]:
    """``gisplan.siting.measure``: a frame of projects in, a frame of facts out."""
    import geopandas as gpd

    from gisplan.plan import Plan

    held, (x, y) = world.areas(), world.points(size)
    definition, areas = world.plan(held)
    plan = Plan(definition, areas)
    projects = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=world.CRS)
    plan._index.expected = size  # noqa: SLF001 - as a long list has it
    plan.measure(projects[:64])
    yield
    facts = plan.measure(projects)
    rows = [
        facts[f"distance:{kind}{at}"] if kind == "corridor"
        else (-facts[f"margin:{kind}{at}"] if kind == "constraint" else facts[f"margin:{kind}{at}"])
        for kind, at in held
    ]  # fmt: skip
    yield {"facts": np.stack(rows)}


def geopandas_written(size: int) -> Iterator[Any]:
    """Geopandas as one writes it: ``sjoin``, and ``distance`` to the boundary."""
    import geopandas as gpd

    held, (x, y) = world.areas(), world.points(size)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    yield
    found = np.empty((len(held), size))
    for row, (key, area) in enumerate(held.items()):
        away = points.distance(edge_of(key, area)).to_numpy()
        if key[0] != "corridor":
            inside = points.sjoin(gpd.GeoDataFrame(geometry=[area])).index
            away = np.where(points.index.isin(inside), away, -away)
        found[row] = away
    yield {"facts": found}


def geopandas_tuned(size: int) -> Iterator[Any]:
    """Geopandas by its spatial index: edges apart and ``nearest``, the polygon prepared."""
    import geopandas as gpd

    held, (x, y) = world.areas(), world.points(size)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    edges = {key: gpd.GeoSeries(edges_of(edge_of(key, area))) for key, area in held.items()}
    for one in edges.values():
        _ = one.sindex
    _ = points.sindex
    yield
    found = np.empty((len(held), size))
    for row, (key, area) in enumerate(held.items()):
        near, away = edges[key].sindex.nearest(
            points.geometry.array, return_all=False, return_distance=True
        )
        found[row, near[0]] = away
        if key[0] != "corridor":
            inside = np.zeros(size, dtype=bool)
            inside[points.sindex.query(area, predicate="intersects")] = True
            found[row] = np.where(inside, found[row], -found[row])
    yield {"facts": found}


def shapely_trees(size: int) -> Iterator[Any]:
    """Shapely alone: STRtree of the edges, prepared ``intersects_xy``."""
    held, (x, y) = world.areas(), world.points(size)
    trees = {key: shapely.STRtree(edges_of(edge_of(key, area))) for key, area in held.items()}
    for area in held.values():
        shapely.prepare(area)
    for tree in trees.values():
        tree.query_nearest(shapely.points(x[0], y[0]))  # it is built by the first question
    yield
    drawn = shapely.points(x, y)
    found = np.empty((len(held), size))
    for row, (key, area) in enumerate(held.items()):
        near, away = trees[key].query_nearest(drawn, return_distance=True, all_matches=False)
        found[row, near[0]] = away
        if key[0] != "corridor":
            inside = shapely.intersects_xy(area, x, y)
            found[row] = np.where(inside, found[row], -found[row])
    yield {"facts": found}


def duckdb_spatial(size: int) -> Iterator[Any]:
    """DuckDB, one thread: ``ST_Distance`` to the edge, ``ST_Intersects``."""
    from benchmarks.databases import duck

    held, (x, y) = world.areas(), world.points(size)
    base = duck()
    base.register("places", {"x": x, "y": y})
    base.execute("CREATE TABLE p AS SELECT ST_Point(x, y) g FROM places")
    yield
    rows = []
    for key, area in held.items():
        sign = "1" if key[0] == "corridor" else "CASE WHEN ST_Intersects(a, g) THEN 1 ELSE -1 END"
        got = base.execute(
            f"SELECT {sign} * ST_Distance(e, g) d FROM p, "
            "(SELECT ST_GeomFromWKB(?) a, ST_GeomFromWKB(?) e)",
            [shapely.to_wkb(area), shapely.to_wkb(edge_of(key, area))],
        ).fetchnumpy()
        rows.append(got["d"])
    yield {"facts": np.stack(rows)}


def truth(size: int) -> Answer:
    """Plain GEOS, no index at all, for the first few points."""
    held, (x, y) = world.areas(), world.points(size)
    return {"facts": asked(held, x[:FEW], y[:FEW])}


def asked(held: Areas, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ask GEOS for the distance of each point to each area, one by one."""
    drawn = shapely.points(x, y)
    rows = []
    for key, area in held.items():
        away = shapely.distance(edge_of(key, area), drawn)
        inside = shapely.intersects(area, drawn) if key[0] != "corridor" else True
        rows.append(np.where(inside, away, -away))
    return np.stack(rows)


WORKS = {
    "facts": Work(
        {
            "gisplan, fast": Way(ours, ("numba",), exact=True),
            "gisplan, numpy": Way(ours_numpy, exact=True),
            "gisplan, measure": Way(ours_measured, ("numba",)),
            "geopandas tuned": Way(geopandas_tuned, ("geopandas",), most=100_000, exact=True),
            "shapely trees": Way(shapely_trees, most=100_000, exact=True),
            "geopandas as written": Way(geopandas_written, ("geopandas",), most=500, exact=True),
            "duckdb spatial": Way(duckdb_spatial, ("duckdb", "duckdb_extension_spatial"), most=500),
        },
        truth,
    ),
}
