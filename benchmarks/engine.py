"""The siting engine against what one would write otherwise: `python benchmarks/engine.py`.

Each peer runs in a process of its own on the same synthetic areas and points; what it finds is
compared, bit for bit, with what ours finds. Figures are CPU time (the machine may be busy) and
the process' peak memory. ``--points``, ``--peer-points`` and ``--only`` make it longer or
shorter; the table in docs/scale.md is what it prints.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

EAST, NORTH, SIDE = 500_000.0, 3_990_000.0, 20_000.0
FRAME = (EAST, NORTH, EAST + SIDE, NORTH + SIDE)


def cpu() -> float:
    """CPU seconds of this process and the ones it waited for."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def blob(random: np.random.Generator, x: float, y: float, radius: float, corners: int) -> Polygon:
    """A synthetic rough blob."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    waves = np.arange(1, 40)
    size = random.normal(size=(2, 39)) / waves**1.3 * 0.15
    rough = size[0] @ np.cos(np.outer(waves, angle)) + size[1] @ np.sin(np.outer(waves, angle))
    away = radius * np.exp(rough)
    drawn = Polygon(np.column_stack([x + away * np.cos(angle), y + away * np.sin(angle)]))
    return drawn if drawn.is_valid else drawn.buffer(0)


def areas(vertices: float = 1.0) -> dict[tuple[str, int], object]:
    """4 zones (17k vertices), 20 constraints (274k), 3 corridors (15k), times *vertices*."""
    random = np.random.default_rng(20261124)
    found: dict[tuple[str, int], object] = {}
    for at, (i, j) in enumerate(((0.3, 0.3), (0.7, 0.3), (0.3, 0.7), (0.7, 0.7))):
        place = EAST + i * SIDE, NORTH + j * SIDE
        found["zone", at] = blob(random, *place, 0.17 * SIDE, int(4300 * vertices))
    for at in range(20):
        x, y = random.uniform(0.1, 0.9, 2) * SIDE
        radius = random.uniform(0.02, 0.06) * SIDE
        found["constraint", at] = blob(random, EAST + x, NORTH + y, radius, int(13_700 * vertices))
    along = np.linspace(0, 1, int(5000 * vertices))
    for at in range(3):
        waves = random.normal(size=59) / np.arange(1, 60) ** 1.2 * 0.1
        y = waves @ np.sin(np.outer(np.arange(1, 60), 2 * np.pi * along)) + 0.25 * (at + 1)
        found["corridor", at] = LineString(np.column_stack([EAST + along * SIDE, NORTH + y * SIDE]))
    return found


def places(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Synthetic points, evenly over the frame."""
    random = np.random.default_rng(7)
    return EAST + random.random(count) * SIDE, NORTH + random.random(count) * SIDE


# --- peers: every one returns areas x points, signed distances to polygons, distances to lines ----


def ours(held: dict, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The index of gisplan, kept in a cache, with machine code where it pays."""
    from gisplan.index import PlanIndex, Points, Store

    index, points = PlanIndex(held, FRAME, store=Store.of_user()), Points(x, y)
    return np.stack(
        [
            index.distance(key, points) if key[0] == "corridor" else index.signed(key, points)
            for key in held
        ]
    )


def ours_numpy(held: dict, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same without the extra ``fast``."""
    import gisplan.index.areas
    import gisplan.index.plan

    gisplan.index.areas.compiled = gisplan.index.plan.compiled = lambda: None
    return ours(held, x, y)


def geopandas_written(held: dict, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Geopandas as one writes it: ``within`` and ``distance`` to the boundary."""
    import geopandas as gpd

    points = gpd.GeoSeries(gpd.points_from_xy(x, y))
    found = []
    for (kind, _), area in held.items():
        if kind == "corridor":
            found.append(points.distance(area).to_numpy())
        else:
            away = points.distance(area.boundary).to_numpy()
            found.append(np.where(points.intersects(area), away, -away))
    return np.stack(found)


def geopandas_tuned(held: dict, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Geopandas with exploded edges: ``sjoin_nearest`` by the spatial index, ``within``."""
    import geopandas as gpd

    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y))
    found = []
    for (kind, _), area in held.items():
        edges = gpd.GeoSeries(_edges(area if kind == "corridor" else area.boundary))
        near, away = edges.sindex.nearest(
            points.geometry.array, return_all=False, return_distance=True
        )
        nearest = np.empty(len(x))
        nearest[near[0]] = away
        if kind != "corridor":
            inside = np.zeros(len(x), dtype=bool)
            at = points.sindex.query(area, predicate="intersects")
            inside[at] = True
            nearest = np.where(inside, nearest, -nearest)
        found.append(nearest)
    return np.stack(found)


def shapely_trees(held: dict, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Shapely alone: STRtree of edges, prepared ``intersects_xy``."""
    points = shapely.points(x, y)
    found = []
    for (kind, _), area in held.items():
        tree = shapely.STRtree(_edges(area if kind == "corridor" else area.boundary))
        near, away = tree.query_nearest(points, return_distance=True, all_matches=False)
        nearest = np.empty(len(x))
        nearest[near[0]] = away
        if kind != "corridor":
            shapely.prepare(area)
            nearest = np.where(shapely.intersects_xy(area, x, y), nearest, -nearest)
        found.append(nearest)
    return np.stack(found)


def _edges(line: object) -> np.ndarray:
    parts = shapely.get_parts(line)
    corners, which = shapely.get_coordinates(parts, return_index=True)
    pairs = np.stack([corners[:-1], corners[1:]], axis=1)[which[1:] == which[:-1]]
    return shapely.linestrings(pairs)


def duckdb_spatial(held: dict, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """DuckDB with its spatial extension, where both are installed."""
    import duckdb

    base = duckdb.connect()
    base.execute("LOAD spatial")
    base.register("places", {"x": x, "y": y})
    found = []
    for (kind, _), area in held.items():
        edge = area if kind == "corridor" else area.boundary
        sign = "1" if kind == "corridor" else "CASE WHEN ST_Intersects(a, p) THEN 1 ELSE -1 END"
        rows = base.execute(
            f"SELECT {sign} * ST_Distance(e, p) FROM (SELECT ST_Point(x, y) p, "
            "ST_GeomFromWKB(?) a, ST_GeomFromWKB(?) e FROM places)",
            [shapely.to_wkb(area), shapely.to_wkb(edge)],
        ).fetchnumpy()
        found.append(next(iter(rows.values())))
    return np.stack(found)


PEERS: dict[str, tuple[Callable, str | None, float]] = {
    "gisplan, fast": (ours, "numba", 1.0),
    "gisplan, numpy": (ours_numpy, None, 1.0),
    "geopandas tuned": (geopandas_tuned, None, 0.0),
    "shapely trees": (shapely_trees, None, 0.0),
    "geopandas as written": (geopandas_written, None, -1.0),
    "duckdb spatial": (duckdb_spatial, "duckdb", -1.0),
}
"""Name, function, the library it needs, and how many points: all, a peer's, or few."""


def one(peer: str, count: int, check: int, vertices: float) -> None:
    """Run one peer in this process and print what it took; compare its first points with GEOS."""
    held, (x, y) = areas(vertices), places(count)
    call = PEERS[peer][0]
    ready, first = cpu(), 0.0
    if peer.startswith("gisplan"):
        # The first time areas are compiled; what came of it is kept for all later times.
        with tempfile.TemporaryDirectory() as folder:
            os.environ["GISPLAN_CACHE"] = folder
            call(held, x, y)
            first, start = cpu() - ready, cpu()
            found = call(held, x, y)
            took = cpu() - start
    else:
        found = call(held, x, y)
        took = cpu() - ready
    points = shapely.points(x[:check], y[:check])
    wrong = 0
    for row, ((kind, _), area) in enumerate(held.items()):
        edge = area if kind == "corridor" else area.boundary
        truth = shapely.distance(edge, points)
        if kind != "corridor":
            truth = np.where(shapely.intersects(area, points), truth, -truth)
        wrong += int((truth != found[row, :check]).sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": took, "first": first, "peak": peak, "wrong": wrong}))


def compare(points: int, peer_points: int, vertices: float, peers: list[str]) -> None:
    """Print the table of all peers."""
    few = max(peer_points // 20, 100)
    print("| peer | points | CPU s | first time, s | µs a point | peak MB | wrong of 27 x 500 |")
    print("|---|---|---|---|---|---|---|")
    for name in peers:
        _, needs, share = PEERS[name]
        if needs and importlib.util.find_spec(needs) is None:
            print(f"| {name} | not installed | | | | | |")
            continue
        count = points if share > 0 else peer_points if share == 0 else few
        line = [sys.executable, __file__, "--one", name, "--points", str(count)]
        ran = subprocess.run(
            [*line, "--vertices", str(vertices)], capture_output=True, text=True, check=False
        )
        if ran.returncode:
            print(f"| {name} | failed: {ran.stderr.strip().splitlines()[-1]} | | | | | |")
            continue
        got = json.loads(ran.stdout.splitlines()[-1])
        each = got["cpu"] / count * 1e6
        print(
            f"| {name} | {count:,} | {got['cpu']:.2f} | {got['first'] or got['cpu']:.2f} "
            f"| {each:.2f} | {got['peak']:.0f} | {got['wrong']} |",
            flush=True,
        )


def footprints(count: int, parts: int) -> None:
    """Print what footprints against a layer of many polygons cost, beside `gpd.overlay`."""
    import geopandas as gpd

    from gisplan.siting.footprints import Target, touching

    random = np.random.default_rng(3)
    side = int(np.ceil(np.sqrt(parts)))
    step = SIDE / side
    drawn = [
        blob(random, EAST + (i % side + 0.5) * step, NORTH + (i // side + 0.5) * step,
             step * random.uniform(0.15, 0.3), 100)
        for i in range(parts)
    ]  # fmt: skip
    x, y = places(count)
    width = random.uniform(20, 120, (2, count))
    wholes = np.asarray(shapely.box(x, y, x + width[0], y + width[1]), dtype=object)
    area = shapely.multipolygons(shapely.get_parts(shapely.union_all(drawn)))
    start = cpu()
    target = Target(area)
    inside = shapely.area(target.inside(wholes))
    shares = cpu() - start
    some = wholes[: min(count, 2000)]
    start = cpu()
    touching(some, target, 1.0)
    margins = (cpu() - start) / len(some)
    left = gpd.GeoDataFrame({"at": range(count)}, geometry=wholes)
    right = gpd.GeoDataFrame(geometry=shapely.get_parts(area))
    start = cpu()
    joined = gpd.overlay(left, right, keep_geom_type=True)
    peer = cpu() - start
    sums = np.bincount(joined["at"], joined.area, minlength=count)
    print(
        f"{count:,} footprints x {parts:,} polygons: areas {shares:.2f} s, gpd.overlay {peer:.2f}"
    )
    print(f"ratio {peer / shares:.1f}; largest difference {np.abs(sums - inside).max():.1e} m2")
    print(f"margin {margins * 1e3:.2f} ms a footprint (measured on {len(some):,})")


def stream(count: int) -> None:
    """Print what a Parquet file of points costs from file to file, and its peak memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from gisplan.bulk import Kernel, check_files
    from gisplan.plan import open_plan

    random = np.random.default_rng(1)
    schema = pa.schema([("id", pa.int64()), ("lon", pa.float64()), ("lat", pa.float64())])
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in.parquet"
        with pq.ParquetWriter(source, schema) as writer:
            for at in range(0, count, 1_000_000):
                rows = min(1_000_000, count - at)
                lon, lat = random.uniform(114.3, 114.5, rows), random.uniform(36, 36.14, rows)
                writer.write_table(pa.table([np.arange(at, at + rows), lon, lat], schema=schema))
        plan = open_plan()
        start = cpu()
        check_files(Kernel(plan.definition, plan.areas), [source], Path(place) / "out")
        took = cpu() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:,} points, Parquet to Parquet, all verdicts: {took:.1f} s CPU,"
          f" {took / count * 1e6:.2f} µs a point, peak {peak:.0f} MB")  # fmt: skip


def limits() -> None:
    """Print what nothing can be faster than here: copying, gathering, reading."""
    big = np.random.default_rng(1).random(4_000_000)
    at = np.random.default_rng(2).integers(0, len(big), len(big))
    for name, call in {"copy": big.copy, "gather": lambda: big[at]}.items():
        start = time.process_time()
        for _ in range(5):
            call()
        print(f"{name}: {(time.process_time() - start) / 5 / len(big) * 1e9:.1f} ns a number")


def main() -> None:
    """Read the options and run what they ask for."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--one", choices=PEERS, help=argparse.SUPPRESS)
    read.add_argument("--points", type=int, default=200_000)
    read.add_argument("--peer-points", type=int, default=10_000)
    read.add_argument("--peers", nargs="*", default=list(PEERS))
    read.add_argument("--vertices", type=float, default=1.0)
    read.add_argument("--only", choices=("points", "footprints", "stream", "limits"))
    read.add_argument("--footprints", type=int, default=5000)
    read.add_argument("--polygons", type=int, default=500)
    asked = read.parse_args()
    if asked.one:
        one(asked.one, asked.points, 500, asked.vertices)
        return
    if asked.only in (None, "limits"):
        limits()
    if asked.only in (None, "points"):
        compare(asked.points, asked.peer_points, asked.vertices, asked.peers)
    if asked.only in (None, "footprints"):
        footprints(asked.footprints, asked.polygons)
    if asked.only in (None, "stream"):
        stream(asked.points)


if __name__ == "__main__":
    main()
