"""Points in degrees: outcomes straight from them, from file to file, and by two workers.

Outcomes are compared with `Plan.check` row by row. Where peers cannot judge they join zones and
constraints, which is less: their figures flatter them.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from benchmarks import world
from benchmarks.measuring import Answer, Way, Work

COMPARED: Final = 200_000
WORKERS: Final = 2
LONG: Final = 10**7
"""Rows that a list is said to have at least: a table is made for long ones only."""
FILES: Final = 4


def kernel(size: int, *, outcomes: bool, shipped: bool = False, margins: bool = False) -> Any:
    """A plan as a worker takes it: of the synthetic areas, or the one that is shipped."""
    from gisplan import plan
    from gisplan.bulk import Kernel, OutcomesKernel

    os.environ["GISPLAN_CACHE"] = str(world.scratch() / "cache")
    if shipped:
        held = plan.open_plan(plan.example_folder())
        definition, areas = held.definition, held.areas
    else:
        definition, areas = world.plan(world.areas())
    if outcomes:
        rows = max(size, LONG)
        return OutcomesKernel(
            definition, areas, version="benchmark", expected=rows, margins=margins
        )
    return Kernel(definition, areas, version="benchmark", least=max(size, 1_000_000))


def batch(x: np.ndarray, y: np.ndarray) -> Any:
    """Points of which nothing is said, as a batch of a list."""
    import pyproj

    from gisplan.columns import Columns
    from gisplan.io.batches import Batch

    return Batch(Columns({}, len(x)), x, y, None, pyproj.CRS("EPSG:4490"), None)


def told(verdicts: Any) -> Answer:
    """Take outcome and nominal outcome as codes."""
    return {name: np.asarray(verdicts[name].codes) for name in ("outcome", "nominal")}


def in_batches(ours: Any, x: Any, y: Any, rows: int) -> Answer:
    """Check points a batch at a time; the answers of all, end to end."""
    cuts = range(0, len(x), rows)
    found = [told(ours.check(batch(x[at : at + rows], y[at : at + rows]))) for at in cuts]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def straight(size: int) -> Iterator[Any]:
    """The table of outcomes, out of the cache; no accuracy or industry is said of the points."""
    x, y = world.lonlat(size)
    ours = kernel(size, outcomes=True)
    ours.check(batch(x[:1000], y[:1000]))
    yield
    yield in_batches(ours, x, y, 1 << 20)


def checked(size: int) -> Iterator[Any]:
    """All columns of `Plan.check`, CRS included."""
    x, y = world.lonlat(size)
    ours = kernel(size, outcomes=False)
    ours.check(batch(x[:64], y[:64]))
    yield
    yield in_batches(ours, x, y, 1 << 16)


def made_anew(size: int) -> Iterator[Any]:
    """Making the table, which is done once for a plan."""
    import gisplan.index.compiled  # noqa: F401

    x, y = world.lonlat(size)
    ours = kernel(size, outcomes=True)
    os.environ["GISPLAN_CACHE"] = "off"
    yield
    ours.check(batch(x, y))
    yield {}


def moved(size: int) -> Iterator[Any]:
    """The change of system alone: `pyproj`."""
    from benchmarks.limits import crs

    return crs(size)


def true_outcomes(size: int) -> Answer:
    """`Plan.check` of the first points, one batch, no table."""
    count = min(size, COMPARED)
    x, y = world.lonlat(size)
    return told(kernel(0, outcomes=False).check(batch(x[:count], y[:count])))


# --- from file to file ----------------------------------------------------------------------------


def to_files(
    size: int, *, outcomes: bool, geometry: bool = True, shipped: bool = False,
    margins: bool = False,
) -> Iterator[Any]:  # fmt: skip
    """``check_files``: GeoParquet in, a folder of Parquet out, one process."""
    from gisplan.bulk import check_files

    sources = world.parquet(size, geometry=geometry, shipped=shipped)
    target = _emptied("stream")
    _warmed(geometry=geometry, shipped=shipped)
    ours = kernel(size, outcomes=outcomes, shipped=shipped, margins=margins)
    ours.check(_first(sources))
    yield
    tally = check_files(ours, sources, target)
    yield {}
    yield {"tally": tally, **_compared(target, sources, shipped=shipped)}


def _first(sources: list[Path]) -> Any:
    """The first points of files, in the system that they are read in."""
    from gisplan.io.arrow import arrow_batches

    return next(arrow_batches(sources[0], rows=1000))


def _warmed(*, geometry: bool, shipped: bool = False) -> None:
    note = world.scratch() / f"warm-{'geo' if geometry else 'xy'}-{'shipped' * shipped}"
    world.made(note, "streams:warm", str(note), geometry, shipped)


def warm(note: str, geometry: bool, shipped: bool) -> None:
    """Make what the cache keeps: the table of outcomes for a system, and the compiled areas."""
    sources = world.parquet(300_000, geometry=geometry, shipped=shipped)
    kernel(LONG, outcomes=True, shipped=shipped).check(_first(sources))
    Path(note).touch()


def _emptied(name: str) -> Path:
    target = world.scratch() / f"{name}-{os.getpid()}"
    shutil.rmtree(target, ignore_errors=True)
    return target


def _compared(target: Path, sources: list[Path], *, shipped: bool = False) -> dict[str, Any]:
    """Count outcomes that differ from `Plan.check` in the first rows; delete the files."""
    import pyarrow.parquet as pq

    from gisplan.io.arrow import arrow_batches

    first = min(target.glob("*.parquet"))
    told = pq.ParquetFile(first).schema_arrow.names
    numbers = [name for name in ("zone_margin", "corridor_distance") if name in told]
    table = pq.ParquetFile(first).read_row_group(0, columns=["outcome", *numbers])
    found = np.asarray(table.column(0).combine_chunks().cast("string"))
    one = next(arrow_batches(sources[0], rows=len(found)))
    verdicts = kernel(0, outcomes=False, shipped=shipped).check(one)
    some = min(len(found), verdicts.rows)
    differ = found[:some] != verdicts["outcome"].texts()[:some]
    for name in numbers:
        mine, its = np.asarray(table.column(name))[:some], np.asarray(verdicts[name])[:some]
        differ |= (mine != its) & ~(np.isnan(mine) & np.isnan(its))
    shutil.rmtree(target)
    return {"wrong": int(differ.sum()), "compared": some}


def geopandas_files(size: int) -> Iterator[Any]:
    """Geopandas: read, ``to_crs``, ``sjoin`` with zones and constraints, write."""
    import geopandas as gpd

    (source,), held = world.parquet(size), world.areas()
    yield
    points = gpd.read_parquet(source).to_crs(world.CRS)
    for kind in ("zone", "constraint"):
        areas = gpd.GeoDataFrame(geometry=world.of_kind(held, kind), crs=world.CRS)
        joined = points.sjoin(areas, predicate="within")
        joined[["id", "index_right"]].to_parquet(world.scratch() / f"peer-{kind}.parquet")
    yield {}


def sedonadb_files(size: int) -> Iterator[Any]:
    """SedonaDB, one partition: read, ``ST_Transform``, join with zones and constraints, write."""
    from benchmarks.databases import sedona, sedona_areas

    (source,), held = world.parquet(size), world.areas()
    base = sedona()
    for kind in ("zone", "constraint"):
        sedona_areas(base, f"{kind}s", world.of_kind(held, kind))
    base.read_parquet(str(source)).to_view("raw")
    yield
    for kind in ("zone", "constraint"):
        base.sql(
            "SELECT p.id, z.k FROM (SELECT id, "
            f"ST_SetSRID(ST_Transform(geometry, '{world.CRS}'), 0) AS g FROM raw) p "
            f"JOIN {kind}s z ON ST_Intersects(z.a, p.g)"
        ).to_parquet(str(world.scratch() / f"peer-{kind}.parquet"))
    yield {}


# --- by two workers -------------------------------------------------------------------------------


class Watch:
    """Watches the memory of this process and all below it: PSS, where a shared page counts once."""

    def __enter__(self) -> Self:
        self.seen: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        import psutil

        own = psutil.Process()
        while not self._over.wait(0.2):
            total = 0
            for one in (own, *own.children(recursive=True)):
                try:
                    total += one.memory_full_info().pss
                except psutil.NoSuchProcess:
                    continue
            self.seen.append(total / 2**20)

    def told(self) -> dict[str, float]:
        """Peak, and the peaks of the second and the last quarter: flat where they are alike."""
        quarter = max(len(self.seen) // 4, 1)
        parts = {"peak": self.seen, "second_quarter": self.seen[quarter : 2 * quarter],
                 "last_quarter": self.seen[-quarter:]}  # fmt: skip
        return {name: round(max(part, default=0.0)) for name, part in parts.items()}


def two_workers(size: int, run: Callable[..., Any]) -> Iterator[Any]:
    """Time *run* from a cold start of its workers to their end; the cache has what they need."""
    sources = world.parquet(size, geometry=False, files=FILES)
    target = _emptied("workers")
    _warmed(geometry=False)
    yield
    with Watch() as watch:
        start = time.perf_counter()
        tally = run(sources, target, size)
        wall = time.perf_counter() - start
    yield {}
    yield {"tally": tally, **watch.told(), "points_per_second": round(size / wall),
           **_compared(target, sources)}  # fmt: skip


def by_dask(sources: list[Path], target: Path, size: int) -> Any:
    """``gisplan check --engine dask``."""
    from gisplan.bulk import check_partitions

    return check_partitions(kernel(size, outcomes=True), sources, target)


def by_pool(sources: list[Path], target: Path, size: int) -> Any:
    """The same parts by the standard library's pool of processes."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from gisplan.bulk import parts_of

    target.mkdir()
    parts = parts_of(sources, target)
    with ProcessPoolExecutor(
        WORKERS, get_context("spawn"), initializer=_start, initargs=(size,)
    ) as pool:
        tallies = list(pool.map(_part, parts))
    return {name: sum(one[name] for one in tallies) for name in tallies[0]}


_HELD: list[Any] = []


def _start(size: int) -> None:
    _HELD.append(kernel(size, outcomes=True))


def _part(part: Any) -> dict[str, int]:
    from gisplan.bulk import check_part

    return check_part(_HELD[0], part)


def dask_geopandas(size: int) -> Iterator[Any]:
    """dask-geopandas on two workers: read, ``to_crs``, ``sjoin`` with the zones, count."""
    import geopandas as gpd
    from distributed import Client, LocalCluster

    sources, held = world.parquet(size, files=FILES), world.areas()
    zones = gpd.GeoDataFrame(geometry=world.of_kind(held, "zone"), crs=world.CRS)
    yield
    with Watch() as watch:
        import dask_geopandas as peer

        with (
            LocalCluster(
                n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0"
            ) as made,
            Client(made),
        ):
            points = peer.read_parquet(
                [str(one) for one in sources], gather_spatial_partitions=False
            )
            joined = points.to_crs(world.CRS).sjoin(zones, predicate="within")
            count = int(joined["index_right"].count().compute())
    yield {}
    yield {"tally": {"zone": count}, **watch.told()}


GEO, ARROW = ("geopandas", "pyarrow"), ("pyarrow",)
DASK = partial(two_workers, run=by_dask)
POOL = partial(two_workers, run=by_pool)
WORKS = {
    "outcomes": Work(
        {
            "gisplan, table": Way(straight, exact=True),
            "gisplan, check": Way(checked, ("numba",), most=1_000_000, exact=True),
            "gisplan, making the table": Way(made_anew, ("numba",), fixed=1000),
            "pyproj alone": Way(moved),
        },
        true_outcomes, sizes=(10_000_000, 300_000),
    ),
    "stream": Work(
        {
            "gisplan, outcomes": Way(partial(to_files, outcomes=True), ARROW),
            "gisplan, outcomes, lon lat": Way(
                partial(to_files, outcomes=True, geometry=False), ARROW
            ),
            "gisplan, margins": Way(
                partial(to_files, outcomes=True, margins=True), (*ARROW, "numba")
            ),
            "gisplan, margins, shipped plan": Way(
                partial(to_files, outcomes=True, margins=True, shipped=True), (*ARROW, "numba")
            ),
            "gisplan, verdicts": Way(
                partial(to_files, outcomes=False), (*ARROW, "numba"), share=0.2
            ),
            "gisplan, verdicts, shipped plan": Way(
                partial(to_files, outcomes=False, shipped=True), (*ARROW, "numba")
            ),
            "gisplan, outcomes, shipped plan": Way(
                partial(to_files, outcomes=True, shipped=True), ARROW
            ),
            "geopandas, joins only": Way(geopandas_files, GEO, share=0.1),
            "sedonadb, joins only": Way(sedonadb_files, ("sedonadb",), share=0.1),
        },
        sizes=(10_000_000, 300_000),
    ),
    "hundred million": Work(
        {"process pool": Way(POOL, ARROW), "gisplan, Dask": Way(DASK, ("distributed",))},
        sizes=(100_000_000, 300_000),
    ),
    "two workers": Work(
        {
            "process pool": Way(POOL, ARROW),
            "gisplan, Dask": Way(DASK, ("distributed",)),
            "dask-geopandas, zones only": Way(
                dask_geopandas, ("dask_geopandas",), share=0.1, most=1_000_000
            ),
        },
        sizes=(10_000_000, 300_000),
    ),
}  # fmt: skip
