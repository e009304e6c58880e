"""Membership alone: which zone holds a point, which constraints do; no distance is asked for.

The answer is ``zone`` (first that holds the point, -1 for none) and ``mask`` (a bit for each
constraint that does). An edge belongs to its area: ``intersects``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import shapely

from benchmarks import world
from benchmarks.measuring import Answer, Way, Work
from benchmarks.world import Areas, of_kind

FEW = 2000
BLOCK = 1 << 16
Table = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def table_of(held: Areas, expected: int) -> Table:
    """Prepare the membership of gisplan: one word for each point, a bit for each area."""
    from gisplan.index import PlanIndex, Points

    polygons = {key: area for key, area in held.items() if key[0] != "corridor"}
    zones = len(of_kind(held, "zone"))
    index = PlanIndex(polygons, world.FRAME)
    index.expected = expected
    lowest = np.array([-1, *((at & -at).bit_length() - 1 for at in range(1, 1 << zones))])
    first = lowest.astype(np.int16)
    keys = list(polygons)

    def ask(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        zone, mask = np.empty(len(x), np.int16), np.empty(len(x), np.uint32)
        for at in range(0, len(x), BLOCK):
            part = slice(at, at + BLOCK)
            words = index.members(keys, Points(x[part], y[part]))
            zone[part] = first.take((words & np.uint64((1 << zones) - 1)).astype(np.intp))
            mask[part] = words >> np.uint64(zones)
        return zone, mask

    ask(np.full(64, world.EAST), np.full(64, world.NORTH))
    return ask


def prepared(held: Areas) -> Table:
    """Prepare polygons as shapely does, to be asked one after the other."""
    zones, constraints = of_kind(held, "zone"), of_kind(held, "constraint")
    shapely.prepare([*zones, *constraints])

    def ask(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        zone, mask = np.full(len(x), -1, dtype=np.int16), np.zeros(len(x), dtype=np.uint32)
        for at in range(len(zones) - 1, -1, -1):
            zone[shapely.intersects_xy(zones[at], x, y)] = at
        for at, area in enumerate(constraints):
            mask |= shapely.intersects_xy(area, x, y).astype(np.uint32) << np.uint32(at)
        return zone, mask

    return ask


def ours(size: int) -> Iterator[Any]:
    """The table of gisplan."""
    held, (x, y) = world.areas(), world.points(size)
    ask = table_of(held, size)
    yield
    zone, mask = ask(x, y)
    yield {"zone": zone, "mask": mask}


def shapely_prepared(size: int) -> Iterator[Any]:
    """Shapely alone: prepared ``intersects_xy``, polygon by polygon."""
    held, (x, y) = world.areas(), world.points(size)
    ask = prepared(held)
    yield
    zone, mask = ask(x, y)
    yield {"zone": zone, "mask": mask}


def geopandas_sjoin(size: int) -> Iterator[Any]:
    """Geopandas: ``sjoin`` with ``within``, which prepares the polygon."""
    import geopandas as gpd

    from benchmarks.questions import bits, first

    held, (x, y) = world.areas(), world.points(size)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    yield
    found = []
    for kind in ("zone", "constraint"):
        pairs = points.sjoin(gpd.GeoDataFrame(geometry=of_kind(held, kind)), predicate="within")
        found.append((pairs.index.to_numpy(), pairs["index_right"].to_numpy()))
    zone = first(*found[0], size).astype(np.int16)
    yield {"zone": zone, "mask": bits(*found[1], size)}


def sedonadb(size: int) -> Iterator[Any]:
    """SedonaDB, one partition: joins by ``ST_Intersects``."""
    from benchmarks.databases import sedona, sedona_areas, sedona_points

    held, (x, y) = world.areas(), world.points(size)
    base = sedona()
    sedona_points(base, "p", x, y)
    yield from _joined(base, held, size, sedona_areas)


def _joined(base: Any, held: Areas, size: int, give: Any) -> Iterator[Any]:
    from benchmarks.questions import bits, first

    for kind in ("zone", "constraint"):
        give(base, f"{kind}s", of_kind(held, kind))
    yield
    found = []
    for name in ("zones", "constraints"):
        table = base.sql(f"SELECT p.id, z.k FROM p JOIN {name} z ON ST_Intersects(z.a, p.g)")
        found.append([column.to_numpy() for column in table.to_arrow_table().columns])
    zone = first(*found[0], size).astype(np.int16)
    yield {"zone": zone, "mask": bits(*found[1], size)}


def duckdb_spatial(size: int) -> Iterator[Any]:
    """DuckDB, one thread: joins by ``ST_Intersects``."""
    from benchmarks.databases import duck
    from benchmarks.questions import bits, first

    held, (x, y) = world.areas(), world.points(size)
    base = duck()
    base.register("raw", {"id": np.arange(size), "x": x, "y": y})
    base.execute("CREATE TABLE p AS SELECT id, ST_Point(x, y) g FROM raw")
    for kind in ("zone", "constraint"):
        base.execute(f"CREATE TABLE {kind}s (k INT, a GEOMETRY)")
        rows = [(at, shapely.to_wkb(one)) for at, one in enumerate(of_kind(held, kind))]
        base.executemany(f"INSERT INTO {kind}s VALUES (?, ST_GeomFromWKB(?))", rows)
    yield
    found = []
    for name in ("zones", "constraints"):
        query = f"SELECT p.id, z.k FROM p JOIN {name} z ON ST_Intersects(z.a, p.g)"
        found.append(list(base.execute(query).fetchnumpy().values()))
    zone = first(*found[0], size).astype(np.int16)
    yield {"zone": zone, "mask": bits(*found[1], size)}


def truth(size: int) -> Answer:
    """Plain GEOS for the first few points."""
    from benchmarks.questions import truth as questioned

    told = questioned(min(size, FEW))
    return {name: told[name] for name in ("zone", "mask")}


WORKS = {
    "membership": Work(
        {
            "gisplan": Way(ours, exact=True),
            "shapely prepared": Way(shapely_prepared, exact=True),
            "geopandas sjoin within": Way(geopandas_sjoin, ("geopandas",), share=0.1, exact=True),
            "sedonadb": Way(sedonadb, ("sedonadb",), share=0.1, exact=True),
            "duckdb spatial": Way(
                duckdb_spatial, ("duckdb", "duckdb_extension_spatial"), most=10_000, exact=True
            ),
        },
        truth,
        sizes=(10_000_000, 100_000),
    ),
}
