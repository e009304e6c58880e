"""Time and memory of the raster analyses on a synthetic district of 20 000 x 20 000 cells.

Run ``python benchmarks/rasters.py``; ``--side 4000`` for a quick look. Each part runs in a
process of its own, whose peak memory it prints; more than 1 GB is an error.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from shapely.geometry import LineString, box

from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.terms import AREA_COLUMNS

LIMIT_MB = 1000
EAST, NORTH, CRS = 500_000.0, 4_000_000.0, "EPSG:4547"


def plan_of(side: int, folder: Path) -> Plan:
    """A synthetic district, one metre to a cell: 20 zones, 3 corridors, 20 constraints."""
    random = np.random.default_rng(0)
    layer = {"source": "synthetic", "accuracy": 10, "title": {"zh": "合成"}}
    shapes = {"study_area": ("study_area", box(0, 0, side, side).buffer(-side / 50))}
    for at in range(20):
        x, y = random.uniform(0, 0.85 * side, 2)
        shapes[f"zone{at}"] = ("zone", box(x, y, x + side / 8, y + side / 8))
        x, y = random.uniform(0, 0.95 * side, 2)
        shapes[f"red{at}"] = ("constraint", shapely.Point(x, y).buffer(side / 40, quad_segs=64))
    for at in range(3):
        steps = np.linspace(0, side, 60)
        wave = side * (0.25 * (at + 1) + 0.05 * np.sin(steps / side * 9))
        shapes[f"line{at}"] = ("corridor", LineString(np.column_stack([steps, wave])))
    criteria = {
        "near": {"kind": "corridor_distance", "title": {"zh": "近"}, "weight": 2,
                 "scores": [[0, 1], [side / 10, 0.2], [side / 4, 0]]},
        "zone": {"kind": "zone_fit", "title": {"zh": "片区"}, "weight": 1},
        "height": {"kind": "raster", "title": {"zh": "高"}, "weight": 1, "source": "height.tif",
                   "scores": [[0, 0], [250, 1]]},
    }  # fmt: skip
    definition = PlanDefinition.model_validate({
        "id": "synthetic", "version": "1", "title": {"zh": "合成"}, "crs": CRS, "study_area": layer,
        "zones": {k: {**layer, "industries": ["J66"]} for k in shapes if k.startswith("zone")},
        "corridors": {k: {**layer, "within": 500} for k in shapes if k.startswith("line")},
        "constraints": {k: {**layer, "effect": "prohibit", "setback": side / 200}
                        for k in shapes if k.startswith("red")},
        "suitability": {"m": {"title": {"zh": "合成"}, "basis": {"zh": "假定"}, "cell": 1,
                              "industry": "J66", "criteria": criteria}},
    })  # fmt: skip
    rows = [
        {"id": key, "kind": kind, "status": "schematic", "accuracy": 10.0, "as_of": pd.NaT,
         "basis": "", "source": "synthetic", "sha256": "0" * 64,
         "geometry": shapely.affinity.translate(shape, EAST, NORTH)}
        for key, (kind, shape) in shapes.items()
    ]  # fmt: skip
    areas = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)[list(AREA_COLUMNS)]
    return Plan(definition, areas, folder=folder)


def make_raster(side: int, folder: Path) -> None:
    """Write the synthetic raster by blocks, with noise so that it does not compress to nothing."""
    random = np.random.default_rng(1)
    with rasterio.open(
        folder / "height.tif", "w", driver="GTiff", width=side, height=side, count=1,
        dtype="uint8", crs=CRS, transform=rasterio.Affine(1, 0, EAST, 0, -1, NORTH + side),
        tiled=True, blockxsize=512, blockysize=512, nodata=255, bigtiff="if_safer",
    ) as made:  # fmt: skip
        for _, window in made.block_windows(1):
            block = random.integers(0, 250, (window.height, window.width), dtype=np.uint8)
            made.write(block, 1, window=window)


def suitability(side: int, folder: Path) -> str:
    """Score every cell and write the GeoTIFF."""
    from gisplan.outputs.suitability import save_suitability

    plan = plan_of(side, folder)
    with plan.scorer("m") as asked:
        told = save_suitability(folder / "out.tif", plan, asked, 1.0, Labels("en"))
    size = (folder / "out.tif").stat().st_size / 2**20
    return f"{side**2:,} cells, file {size:,.0f} MB; {told[-1]}"


def zonal(side: int, folder: Path) -> str:
    """Summarise the raster over the 20 zones."""
    found = plan_of(side, folder).zonal(folder / "height.tif").stats
    return f"{len(found)} zones, {found['count'].sum():,.0f} cells, mean {found['mean'].mean():.2f}"


def density(side: int, folder: Path) -> str:
    """Spread a million points over cells of 20 m."""
    random = np.random.default_rng(2)
    places = random.normal((EAST + side / 2, NORTH + side / 2), side / 8, (1_000_000, 2))
    listed = gpd.GeoDataFrame({"accuracy": 1.0}, index=range(len(places)),
                              geometry=shapely.points(places), crs=CRS)  # fmt: skip
    surface = plan_of(side, folder).density(listed, bandwidth=300, cell=20)
    count = surface.grid.rows * surface.grid.columns
    return f"1,000,000 points, {count:,} cells, mass {surface.mass:,.1f}"


PARTS: dict[str, Callable[[int, Path], str]] = {
    "suitability": suitability, "zonal": zonal, "density": density,
}  # fmt: skip


def run(name: str, side: int, folder: Path, answers: multiprocessing.Queue) -> None:
    """Run one part and say how long it took and how much memory it ever held."""
    start, spent = time.perf_counter(), time.process_time()
    told = PARTS[name](side, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answers.put((time.perf_counter() - start, time.process_time() - spent, peak, told))


def main() -> int:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=20_000, help="cells along a side")
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=" ".join(PARTS))
    asked = parser.parse_args()
    worst = 0.0
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        make_raster(asked.side, Path(folder))
        for name in asked.parts:
            answers = context.Queue()
            process = context.Process(target=run, args=(name, asked.side, Path(folder), answers))
            process.start()
            wall, cpu, peak, told = answers.get()
            process.join()
            worst = max(worst, peak)
            print(f"{name}: {wall:.1f} s wall, {cpu:.1f} s CPU, peak {peak:,.0f} MB; {told}")
    print(f"peak of all: {worst:,.0f} MB (limit {LIMIT_MB} MB)")
    return int(worst > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
