"""Six questions about points, as ENGINE.md asks them of every peer.

``zone`` (first that holds the point, -1 for none), ``mask`` (a bit for each constraint that does),
``edge`` (metres to the nearest edge of a zone), ``near`` (within 15 m of it), ``corridor`` (the
nearest) and ``away`` (metres to it), ``within`` (500 m of it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from benchmarks import world
from benchmarks.measuring import Answer, Way, Work
from benchmarks.world import NEAR, WITHIN, edges_of, of_kind

FEW = 500


def answer(
    zone: np.ndarray, mask: np.ndarray, edge: np.ndarray, corridor: np.ndarray, away: np.ndarray
) -> Answer:
    """Put an answer together; yes and no of a distance in hand cost nothing."""
    return {
        "zone": zone.astype(np.int16), "mask": mask.astype(np.uint32), "edge": edge,
        "near": edge <= NEAR, "corridor": corridor.astype(np.int8), "away": away,
        "within": away <= WITHIN,
    }  # fmt: skip


def first(at: np.ndarray, which: np.ndarray, size: int) -> np.ndarray:
    """Return the first area of each point out of pairs, -1 where there is none."""
    found = np.full(size, 1 << 30)
    np.minimum.at(found, at, which)
    return np.where(found == 1 << 30, -1, found)


def bits(at: np.ndarray, which: np.ndarray, size: int) -> np.ndarray:
    """Return the areas of each point out of pairs, a bit for each."""
    found = np.zeros(size, dtype=np.uint32)
    np.bitwise_or.at(found, at, np.uint32(1) << which.astype(np.uint32))
    return found


def boundaries(held: world.Areas) -> Any:
    """Return the edges of all zones as one line."""
    lines = [shapely.get_parts(shapely.boundary(zone)) for zone in of_kind(held, "zone")]
    return shapely.multilinestrings(np.concatenate(lines))


def ours(size: int) -> Iterator[Any]:
    """The index of gisplan: distances to the edges of all zones at once, the nearest corridor."""
    from benchmarks.membership import table_of
    from gisplan.index import PlanIndex, Points, Store

    held, (x, y) = world.areas(), world.points(size)
    corridors = of_kind(held, "corridor")
    lines = {"zones": boundaries(held)} | dict(enumerate(corridors))
    index = PlanIndex(lines, world.FRAME, store=Store.of_user())
    index.expected, table = size, table_of(held, size)

    def ask(points: Points) -> Answer:
        zone, mask = table(points.x, points.y)
        corridor, away = index.nearest(range(len(corridors)), points)
        return answer(zone, mask, index.distance("zones", points), corridor, away)

    ask(Points(x[:64], y[:64]))  # compiles the areas
    yield
    yield ask(Points(x, y))


def ours_numpy(size: int) -> Iterator[Any]:
    """The same without the extra ``fast``."""
    import gisplan.index.areas
    import gisplan.index.plan

    gisplan.index.areas.compiled = gisplan.index.plan.compiled = lambda: None
    return ours(size)


def geopandas_written(size: int) -> Iterator[Any]:
    """Geopandas as its documentation has it: ``sjoin``, ``sjoin_nearest``, buffer and within."""
    import geopandas as gpd

    held, (x, y) = world.areas(), world.points(size)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    zones = gpd.GeoDataFrame(geometry=of_kind(held, "zone"))
    constraints = gpd.GeoDataFrame(geometry=of_kind(held, "constraint"))
    corridors = gpd.GeoDataFrame(geometry=of_kind(held, "corridor"))
    yield
    inside = points.sjoin(zones)
    zone = first(inside.index.to_numpy(), inside["index_right"].to_numpy(), size)
    inside = points.sjoin(constraints)
    mask = bits(inside.index.to_numpy(), inside["index_right"].to_numpy(), size)
    edges = gpd.GeoDataFrame(geometry=zones.boundary)
    edge = points.sjoin_nearest(edges, distance_col="d").groupby(level=0)["d"].min()
    near = points.sjoin_nearest(corridors, distance_col="d")
    near = near[~near.index.duplicated()]
    found = answer(
        zone, mask, edge.to_numpy(), near["index_right"].to_numpy(), near["d"].to_numpy()
    )
    # As it is written: a drawn circle is not the circle, so its answer is not used.
    points.within(corridors.buffer(WITHIN).union_all())
    yield found


def geopandas_tuned(size: int) -> Iterator[Any]:
    """Geopandas by its spatial index: polygons prepared, ``within``, edges apart."""
    import geopandas as gpd

    held, (x, y) = world.areas(), world.points(size)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    edges = gpd.GeoSeries(edges_of(boundaries(held)))
    lines = [edges_of(one) for one in of_kind(held, "corridor")]
    corridors = gpd.GeoSeries(np.concatenate(lines))
    owner = np.repeat(np.arange(len(lines)), [len(one) for one in lines])
    for one in (points, edges, corridors):
        _ = one.sindex
    yield
    which, at = points.sindex.query(of_kind(held, "zone"), predicate="intersects")
    zone = first(at, which, size)
    which, at = points.sindex.query(of_kind(held, "constraint"), predicate="intersects")
    mask = bits(at, which, size)
    nearest = {"return_all": False, "return_distance": True}
    (at, _), edge = edges.sindex.nearest(points.geometry.array, **nearest)
    (at, which), away = corridors.sindex.nearest(points.geometry.array, **nearest)
    yield answer(zone, mask, edge, owner[which], away)


def shapely_trees(size: int) -> Iterator[Any]:
    """Shapely alone: prepared ``intersects_xy``, STRtree of edges."""
    held, (x, y) = world.areas(), world.points(size)
    edges = shapely.STRtree(edges_of(boundaries(held)))
    lines = [edges_of(one) for one in of_kind(held, "corridor")]
    corridors = shapely.STRtree(np.concatenate(lines))
    owner = np.repeat(np.arange(len(lines)), [len(one) for one in lines])
    shapely.prepare(list(held.values()))
    for tree in (edges, corridors):
        tree.query_nearest(shapely.points(x[0], y[0]))
    yield
    zone = np.full(size, -1)
    for at, area in reversed(list(enumerate(of_kind(held, "zone")))):
        zone[shapely.intersects_xy(area, x, y)] = at
    mask = np.zeros(size, dtype=np.uint32)
    for at, area in enumerate(of_kind(held, "constraint")):
        mask |= shapely.intersects_xy(area, x, y).astype(np.uint32) << np.uint32(at)
    drawn, nearest = shapely.points(x, y), {"all_matches": False, "return_distance": True}
    _, edge = edges.query_nearest(drawn, **nearest)
    (_, which), away = corridors.query_nearest(drawn, **nearest)
    yield answer(zone, mask, edge, owner[which], away)


def duckdb_spatial(size: int) -> Iterator[Any]:
    """DuckDB, one thread: joins by ``ST_Intersects``, distances to whole edges."""
    from benchmarks.databases import duck

    held, (x, y) = world.areas(), world.points(size)
    base = duck()
    base.register("raw", {"id": np.arange(size), "x": x, "y": y})
    base.execute("CREATE TABLE p AS SELECT id, ST_Point(x, y) g FROM raw")
    edges = [shapely.boundary(zone) for zone in of_kind(held, "zone")]
    for name, shapes in {
        "zones": of_kind(held, "zone"), "constraints": of_kind(held, "constraint"),
        "edges": edges, "corridors": of_kind(held, "corridor"),
    }.items():  # fmt: skip
        base.execute(f"CREATE TABLE {name} (k INT, a GEOMETRY)")
        rows = [(at, shapely.to_wkb(one)) for at, one in enumerate(shapes)]
        base.executemany(f"INSERT INTO {name} VALUES (?, ST_GeomFromWKB(?))", rows)
    yield

    def ask(query: str) -> list[np.ndarray]:
        return list(base.execute(query).fetchnumpy().values())

    yield _by_sql(size, ask, "ST_Intersects(a, g)")


def sedonadb(size: int) -> Iterator[Any]:
    """SedonaDB, one partition: joins by ``ST_Intersects``, distances by a cross join."""
    from benchmarks.databases import sedona, sedona_areas, sedona_points

    held, (x, y) = world.areas(), world.points(size)
    base = sedona()
    sedona_points(base, "p", x, y)
    for kind in world.KINDS:
        sedona_areas(base, f"{kind}s", of_kind(held, kind))
    sedona_areas(base, "edges", [shapely.boundary(zone) for zone in of_kind(held, "zone")])
    yield

    def ask(query: str) -> list[np.ndarray]:
        table = base.sql(query).to_arrow_table()
        return [column.to_numpy() for column in table.columns]

    yield _by_sql(size, ask, "ST_Intersects(a, g)")


def _by_sql(size: int, ask: Any, holds: str) -> Answer:
    zone = first(*ask(f"SELECT p.id, z.k FROM p JOIN zones z ON {holds}"), size)
    mask = bits(*ask(f"SELECT p.id, z.k FROM p JOIN constraints z ON {holds}"), size)
    edge, away = np.empty(size), np.full((3, size), np.inf)
    at, least = ask("SELECT id, min(ST_Distance(a, g)) FROM p CROSS JOIN edges GROUP BY id")
    edge[at] = least
    at, which, far = ask("SELECT id, k, ST_Distance(a, g) FROM p CROSS JOIN corridors")
    away[which, at] = far
    corridor = away.argmin(axis=0)
    return answer(zone, mask, edge, corridor, away.min(axis=0))


def postgis(size: int, *, most: int = 0) -> Iterator[Any]:
    """PostGIS on loopback: GiST, ``ST_Intersects``, nearest by ``<->``; its process counts."""
    from benchmarks.databases import postgis as connect
    from benchmarks.databases import postgis_areas, postgis_points

    held, (x, y) = world.areas(), world.points(size)
    link = connect()
    postgis_points(link, x, y)
    edges = [shapely.boundary(zone) for zone in of_kind(held, "zone")]
    for kind in world.KINDS:
        postgis_areas(link, f"{kind}s", of_kind(held, kind), most=most)
    postgis_areas(link, "edges", edges, most=most)
    yield

    def ask(query: str) -> list[np.ndarray]:
        rows = link.execute(query).fetchall()
        return [np.array(one) for one in zip(*rows, strict=True)]

    joined = "SELECT id, k FROM places JOIN {} ON ST_Intersects(a, g)"
    zone = first(*ask(joined.format("zones")), size)
    mask = bits(*ask(joined.format("constraints")), size)
    nearest = ("SELECT id, k, d FROM places, LATERAL "
               "(SELECT k, a <-> g d FROM {} ORDER BY a <-> g LIMIT 1) n ORDER BY id")  # fmt: skip
    _, _, edge = ask(nearest.format("edges"))
    _, corridor, away = ask(nearest.format("corridors"))
    yield answer(zone, mask, edge, corridor, away)


def postgis_subdivided(size: int) -> Iterator[Any]:
    """The same with areas cut into pieces of 128 vertices by ``ST_Subdivide``."""
    return postgis(size, most=128)


def truth(size: int) -> Answer:
    """Plain GEOS for the first few points."""
    held, (x, y) = world.areas(), world.points(size)
    drawn = shapely.points(x[:FEW], y[:FEW])
    inside = np.stack([shapely.intersects(one, drawn) for one in of_kind(held, "zone")])
    on = np.stack([shapely.intersects(one, drawn) for one in of_kind(held, "constraint")])
    away = np.stack([shapely.distance(one, drawn) for one in of_kind(held, "corridor")])
    edge = [shapely.distance(shapely.boundary(one), drawn) for one in of_kind(held, "zone")]
    zone = np.where(inside.any(axis=0), inside.argmax(axis=0), -1)
    mask = (on * (1 << np.arange(20))[:, None]).sum(axis=0)
    return answer(zone, mask, np.min(edge, axis=0), away.argmin(axis=0), away.min(axis=0))


DUCK = ("duckdb", "duckdb_extension_spatial")
WORKS = {
    "questions": Work(
        {
            "gisplan, fast": Way(ours, ("numba",), exact=True),
            "gisplan, numpy": Way(ours_numpy, exact=True),
            "geopandas tuned": Way(geopandas_tuned, ("geopandas",), share=0.3, exact=True),
            "shapely trees": Way(shapely_trees, share=0.3, exact=True),
            "geopandas as written": Way(geopandas_written, ("geopandas",), most=10_000, exact=True),
            "duckdb spatial": Way(duckdb_spatial, DUCK, most=5_000),
            "sedonadb": Way(sedonadb, ("sedonadb",), most=5_000),
            "PostGIS": Way(postgis, ("postgis", "psycopg"), most=5_000),
            "PostGIS, ST_Subdivide": Way(postgis_subdivided, ("postgis", "psycopg"), most=20_000),
        },
        truth,
    ),
}
