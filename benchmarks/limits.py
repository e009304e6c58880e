"""What nothing can be faster than here: copying, gathering, reading, moving to another system.

Each is an own way of one work, so that its cost per point stands beside the others'.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks import world
from benchmarks.measuring import Way, Work


def copy(size: int) -> Iterator[Any]:
    """Copy two numbers of 8 bytes."""
    held, into = np.ones((2, size)), np.ones((2, size))  # touched: pages are there
    yield
    np.copyto(into, held)
    yield {}


def gather(size: int) -> Iterator[Any]:
    """Take one number from a place of a table of 64 MB that nobody can foresee."""
    table, random = np.ones(1 << 23), np.random.default_rng(1)
    at = random.integers(0, len(table), size)
    into = np.ones(size)
    yield
    np.take(table, at, out=into)
    yield {}


def cell(size: int) -> Iterator[Any]:
    """Find the cell of a grid that holds a point: two products, two roundings, one index."""
    x, y = world.points(size)
    found = np.empty(size, dtype=np.int32)
    yield
    for at in range(0, size, 1 << 16):
        to = slice(at, at + (1 << 16))
        column = ((x[to] - world.EAST) * 0.1).astype(np.int32)
        row = ((y[to] - world.NORTH) * 0.1).astype(np.int32)
        found[to] = row * 2048 + column
    yield {}


def parquet(size: int) -> Iterator[Any]:
    """Read longitude and latitude from Parquet (zstd), one thread."""
    import pyarrow.parquet as pq

    (path,) = world.parquet(size, geometry=False)
    yield
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(1 << 17, columns=["lon", "lat"], use_threads=False):
            assert batch.num_rows
    yield {}


def geoparquet(size: int) -> Iterator[Any]:
    """Read the WKB of points from GeoParquet, and cut the numbers out of it."""
    import pyarrow.parquet as pq

    (path,) = world.parquet(size)
    yield
    body = np.dtype([("head", "V5"), ("x", "<f8"), ("y", "<f8")])
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(1 << 17, columns=["geometry"], use_threads=False):
            found = np.frombuffer(batch.column(0).buffers()[2], body, count=batch.num_rows)
            np.ascontiguousarray(found["x"]), np.ascontiguousarray(found["y"])
    yield {}


def geoparquet_shapely(size: int) -> Iterator[Any]:
    """The same as geometries: ``shapely.from_wkb`` and coordinates."""
    import pyarrow.parquet as pq
    import shapely

    (path,) = world.parquet(size)
    yield
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(1 << 17, columns=["geometry"], use_threads=False):
            drawn = shapely.from_wkb(batch.column(0).to_numpy(zero_copy_only=False))
            shapely.get_x(drawn), shapely.get_y(drawn)
    yield {}


def make_csv(size: int) -> None:
    """Write points as text."""
    import pyarrow as pa
    import pyarrow.csv as pc

    x, y = world.lonlat(size)
    pc.write_csv(pa.table({"lon": x, "lat": y}), world.scratch() / f"points-{size}.csv")


def csv(size: int) -> Iterator[Any]:
    """Read longitude and latitude from CSV with pyarrow, one thread."""
    import pyarrow.csv as pc

    path = world.made(world.scratch() / f"points-{size}.csv", "limits:make_csv", size)
    yield
    pc.read_csv(path, read_options=pc.ReadOptions(use_threads=False))
    yield {}


def xlsx(size: int) -> Iterator[Any]:
    """Read a workbook of eight columns with calamine."""
    import python_calamine

    path = world.scratch() / f"list-{size}.xlsx"
    world.made(path, "commands:make_list", size)
    yield
    python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    yield {}


def crs(size: int) -> Iterator[Any]:
    """Bring points from degrees into metres with pyproj."""
    import pyproj

    lon, lat = world.lonlat(size)
    move = pyproj.Transformer.from_crs("EPSG:4490", world.CRS, always_xy=True)
    yield
    move.transform(lon, lat)
    yield {}


def write(size: int) -> Iterator[Any]:
    """Write an outcome code for each point to Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    codes = np.random.default_rng(1).integers(0, 4, size).astype(np.int8)
    names = pa.array(["pass", "conditional", "review", "fail"])
    yield
    table = pa.table({"outcome": pa.DictionaryArray.from_arrays(pa.array(codes), names)})
    pq.write_table(table, world.scratch() / "codes.parquet", compression="zstd")
    yield {}


ARROW = ("pyarrow",)
WORKS = {
    "limits": Work(
        {
            "copy": Way(copy),
            "cell of a grid": Way(cell),
            "gather": Way(gather),
            "pyproj": Way(crs),
            "Parquet, lon lat": Way(parquet, ARROW),
            "GeoParquet, numbers of the WKB": Way(geoparquet, ARROW),
            "GeoParquet, shapely.from_wkb": Way(geoparquet_shapely, ARROW),
            "CSV, pyarrow": Way(csv, ARROW),
            "xlsx, calamine": Way(xlsx, share=0.02),
            "write codes to Parquet": Way(write, ARROW),
        },
        sizes=(2_000_000, 200_000),
    ),
}
