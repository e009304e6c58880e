"""Peers that speak SQL: DuckDB and SedonaDB in this process, PostGIS on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from benchmarks.measuring import also

PORT: Final = "GISPLAN_BENCH_POSTGIS"
"""Environment variable with the port of the server of a run."""


def duck() -> Any:
    """Connect to a DuckDB of our own, with the spatial extension that its package brings."""
    import duckdb
    import duckdb_extension_spatial

    base = duckdb.connect(config={"threads": 1})
    found = next(Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension"))
    base.execute(f"LOAD '{found}'")
    return base


def sedona() -> Any:
    """Connect to a SedonaDB that works one partition at a time, as one process should."""
    import sedonadb

    base = sedonadb.connect()
    base.sql("SET datafusion.execution.target_partitions = 1").execute()
    return base


def sedona_points(base: Any, name: str, x: np.ndarray, y: np.ndarray) -> None:
    """Give SedonaDB a view of points ``id, g``, held in memory."""
    import pyarrow as pa

    base.create_data_frame(pa.table({"id": np.arange(len(x)), "x": x, "y": y})).to_view("raw")
    made = base.sql("SELECT id, ST_Point(x, y) AS g FROM raw").to_memtable()
    made.to_view(name, overwrite=True)


def sedona_areas(base: Any, name: str, shapes: list[Any]) -> None:
    """Give SedonaDB a view of areas ``k, a``."""
    import pyarrow as pa

    body = pa.table({"k": np.arange(len(shapes)), "w": [shapely.to_wkb(one) for one in shapes]})
    base.create_data_frame(body).to_view("raw_areas", overwrite=True)
    made = base.sql("SELECT k, ST_GeomFromWKB(w) AS a FROM raw_areas").to_memtable()
    made.to_view(name, overwrite=True)


@contextmanager
def server() -> Iterator[None]:
    """Start the PostGIS of the tests for this run, where there is one."""
    from tests.postgres import find_programs, started

    if find_programs() is None:
        yield
        return
    with started() as held:
        os.environ[PORT] = str(held.port)
        try:
            yield
        finally:
            del os.environ[PORT]


def postgis() -> Any:
    """Connect to the server; its CPU and memory count as ours, and it works in one process."""
    from tests.postgres import Server

    link = Server(int(os.environ[PORT])).connect()
    also(link.info.backend_pid)
    link.execute("SET search_path TO public, extensions")
    link.execute("SET max_parallel_workers_per_gather = 0")
    link.execute("SET work_mem = '256MB'")
    return link


def postgis_points(link: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Fill a table of points ``id, g``."""
    link.execute("CREATE TEMP TABLE p (id int, x float8, y float8)")
    with link.cursor().copy("COPY p FROM STDIN") as lines:
        for row in zip(range(len(x)), x.tolist(), y.tolist(), strict=True):
            lines.write_row(row)
    link.execute("CREATE TEMP TABLE places AS SELECT id, ST_Point(x, y) g FROM p")
    link.execute("ANALYZE places")


def postgis_areas(link: Any, name: str, shapes: list[Any], *, most: int = 0) -> None:
    """Fill an indexed table of areas ``k, a``, cut into pieces of *most* vertices if asked."""
    link.execute(f"CREATE TEMP TABLE raw_{name} (k int, w bytea)")
    with link.cursor() as cursor:
        rows = [(at, shapely.to_wkb(one)) for at, one in enumerate(shapes)]
        cursor.executemany(f"INSERT INTO raw_{name} VALUES (%s, %s)", rows)
    made = f"ST_Subdivide(ST_GeomFromWKB(w), {most})" if most else "ST_GeomFromWKB(w)"
    link.execute(f"CREATE TEMP TABLE {name} AS SELECT k, {made} a FROM raw_{name}")
    link.execute(f"CREATE INDEX ON {name} USING gist (a)")
    link.execute(f"ANALYZE {name}")
