"""The synthetic world of the benchmarks: areas, points, parcels, lines, a plan, files of points.

Everything is made from a seed, named synthetic, and kept in the scratch folder of a run, so that
every measurement reads the same bytes. It is made in a process of its own: neither its time nor
its memory are those of what is measured.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

EAST, NORTH, SIDE = 500_000.0, 3_990_000.0, 20_000.0
FRAME: Final = (EAST, NORTH, EAST + SIDE, NORTH + SIDE)
CRS: Final = "EPSG:4547"
SHIPPED: Final = (114.30, 36.00, 114.47, 36.14)
"""Degrees about the zones of the plan that comes with gisplan."""
SCRATCH: Final = "GISPLAN_BENCH"
"""Environment variable with the folder of a run."""
KINDS: Final = ("zone", "constraint", "corridor")
SPENT: Final = [0.0]
"""CPU seconds that went into making data for this process."""
NEAR, WITHIN = 15.0, 500.0
"""Metres: near the edge of a zone; along a corridor."""

Areas = dict[tuple[str, int], Any]


def scratch() -> Path:
    """Return the folder of this run."""
    return Path(os.environ[SCRATCH])


def made(path: Path, maker: str, *arguments: object) -> Path:
    """Have a file or folder of the scratch folder made, where it is not there yet."""
    if not path.exists():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        module, _, name = maker.partition(":")
        line = f"from benchmarks import {module}; {module}.{name}(*{arguments!r})"
        root = Path(__file__).resolve().parents[1]
        subprocess.run([sys.executable, "-c", line], cwd=root, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        SPENT[0] += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return path


def blob(random: np.random.Generator, x: float, y: float, radius: float, corners: int) -> Polygon:
    """Draw a rough blob."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    waves = np.arange(1, 40)
    size = random.normal(size=(2, 39)) / waves**1.3 * 0.15
    rough = size[0] @ np.cos(np.outer(waves, angle)) + size[1] @ np.sin(np.outer(waves, angle))
    away = radius * np.exp(rough)
    drawn = Polygon(np.column_stack([x + away * np.cos(angle), y + away * np.sin(angle)]))
    return drawn if drawn.is_valid else drawn.buffer(0)


def walk(random: np.random.Generator, height: float, corners: int) -> LineString:
    """Draw a line that wanders from west to east at about a share *height* of the frame."""
    along = np.linspace(0, 1, corners)
    waves = random.normal(size=59) / np.arange(1, 60) ** 1.2 * 0.1
    y = waves @ np.sin(np.outer(np.arange(1, 60), 2 * np.pi * along)) + height
    return LineString(np.column_stack([EAST + along * SIDE, NORTH + y * SIDE]))


def drawn_areas(vertices: float = 1.0, zones: int = 4) -> Areas:
    """4 zones (17k vertices), 20 constraints (274k), 3 corridors (15k), times *vertices*.

    More *zones* stand in a square pattern and share the vertices of the four.
    """
    random = np.random.default_rng(20261124)
    found: Areas = {}
    side = int(np.ceil(np.sqrt(zones)))
    corners = max(int(17_200 * vertices / zones), 40)
    for at in range(zones):
        i, j = (at % side + 0.75) / (side + 0.5), (at // side + 0.75) / (side + 0.5)
        place = EAST + i * SIDE, NORTH + j * SIDE
        found["zone", at] = blob(random, *place, 0.34 * SIDE / side, corners)
    for at in range(20):
        x, y = random.uniform(0.1, 0.9, 2) * SIDE
        radius = random.uniform(0.02, 0.06) * SIDE
        corners = max(int(13_700 * vertices), 40)
        found["constraint", at] = blob(random, EAST + x, NORTH + y, radius, corners)
    for at in range(3):
        found["corridor", at] = walk(random, 0.25 * (at + 1), max(int(5000 * vertices), 40))
    return found


def make_areas(vertices: float, zones: int) -> None:
    """Write the areas of a run."""
    drawn = drawn_areas(vertices, zones)
    wkb = [shapely.to_wkb(area) for area in drawn.values()]
    ends = np.cumsum([0, *map(len, wkb)])
    names = np.array([f"{kind}:{at}" for kind, at in drawn])
    body = np.frombuffer(b"".join(wkb), np.uint8)
    np.savez(scratch() / f"areas-{vertices:g}-{zones}.npz", names=names, ends=ends, wkb=body)


def areas(vertices: float = 1.0, zones: int = 4) -> Areas:
    """Return the areas, drawn once in a run."""
    path = scratch() / f"areas-{vertices:g}-{zones}.npz"
    with np.load(made(path, "world:make_areas", vertices, zones)) as held:
        body, ends = held["wkb"].tobytes(), held["ends"]
        names = [name.split(":") for name in held["names"]]
    shapes = shapely.from_wkb([body[a:b] for a, b in pairwise(ends)])
    return {(kind, int(at)): shape for (kind, at), shape in zip(names, shapes, strict=True)}


def of_kind(held: Areas, kind: str) -> list[Any]:
    """Return the areas of a kind, in order."""
    return [area for (one, _), area in held.items() if one == kind]


def points(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points in metres, evenly over the frame; fewer points are the first of more."""
    x, y = np.load(made(scratch() / f"points-{count}.npy", "world:make_columns", "points", count))
    return x, y


def lonlat(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places on CGCS2000 in degrees, evenly over the frame."""
    x, y = np.load(made(scratch() / f"lonlat-{count}.npy", "world:make_columns", "lonlat", count))
    return x, y


def degrees() -> tuple[float, float, float, float]:
    """Return west, south, east, north of the frame in degrees."""
    import pyproj

    back = pyproj.Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)
    west, south, east, north = back.transform_bounds(*FRAME)
    return west, south, east, north


def make_columns(name: str, count: int) -> None:
    """Draw points in blocks of a million."""
    west, south, east, north = FRAME if name == "points" else degrees()
    held = np.empty((2, count))
    for at in range(0, count, 1_000_000):
        some = np.random.default_rng([7, at]).random((1_000_000, 2))[: count - at].T
        held[:, at : at + some.shape[1]] = some
    held[0] = west + held[0] * (east - west)
    held[1] = south + held[1] * (north - south)
    np.save(scratch() / f"{name}-{count}.npy", held)


def edges_of(line: Any) -> np.ndarray:
    """Take lines apart into their edges, as geometries."""
    parts = shapely.get_parts(line)
    corners, which = shapely.get_coordinates(parts, return_index=True)
    pairs = np.stack([corners[:-1], corners[1:]], axis=1)[which[1:] == which[:-1]]
    return np.asarray(shapely.linestrings(pairs), dtype=object)


def edge_of(key: tuple[str, int], area: Any) -> Any:
    """Return what distance is measured to: the boundary of a polygon, a line itself."""
    return area if key[0] == "corridor" else shapely.boundary(area)


def parcels(count: int, polygons: int) -> tuple[np.ndarray, np.ndarray]:
    """Return parcels (boxes of 20 to 120 m, turned) and polygons of 120 corners, all apart."""
    random = np.random.default_rng(3)
    side = int(np.ceil(np.sqrt(polygons)))
    step = SIDE / side
    drawn = []
    for at in range(polygons):
        one = blob(random, 0, 0, 1, 120)
        size = 0.49 * step / np.abs(shapely.get_coordinates(one)).max()
        middle = [EAST + (at % side + 0.5) * step, NORTH + (at // side + 0.5) * step]
        drawn.append(shapely.transform(one, lambda c, m=middle, s=size: c * s + m))
    x, y = random.uniform(0, SIDE, (2, count)) + np.array([[EAST], [NORTH]])
    half = random.uniform(10, 60, (2, count))
    turn = random.uniform(0, np.pi, count)
    u, v = half * np.cos(turn), half * np.sin(turn)
    corners = np.empty((count, 4, 2))
    for at, (i, j) in enumerate(((-1, -1), (1, -1), (1, 1), (-1, 1))):
        corners[:, at, 0] = x + i * u[0] - j * v[1]
        corners[:, at, 1] = y + i * v[0] + j * u[1]
    return np.asarray(shapely.polygons(corners), dtype=object), np.array(drawn, dtype=object)


def plan(held: Areas) -> tuple[Any, Any]:
    """Return the areas as a plan: its definition and its frame of areas."""
    import geopandas as gpd
    import pandas as pd

    from gisplan.definition import PlanDefinition
    from gisplan.terms import AREA_COLUMNS

    layer = {"source": "synthetic", "accuracy": 10, "title": {"zh": "合成"}}
    names = {key: f"{key[0]}{key[1]}" for key in held}

    def of(kind: str, more: dict[str, Any]) -> dict[str, Any]:
        return {name: {**layer, **more} for key, name in names.items() if key[0] == kind}

    definition = PlanDefinition.model_validate({
        "id": "synthetic", "version": "1", "title": {"zh": "合成"}, "crs": CRS, "study_area": layer,
        "zones": of("zone", {"industries": ["J66", "M73"]}),
        "corridors": of("corridor", {"within": WITHIN}),
        "constraints": of("constraint", {"effect": "prohibit"}),
    })  # fmt: skip
    shapes = {"study_area": ("study_area", shapely.box(*FRAME).buffer(-SIDE / 50))}
    shapes |= {name: (key[0], held[key]) for key, name in names.items()}
    rows = [
        {"id": name, "kind": kind, "status": "schematic", "accuracy": 10.0, "as_of": pd.NaT,
         "basis": "", "source": "synthetic", "sha256": "0" * 64, "geometry": shape}
        for name, (kind, shape) in shapes.items()
    ]  # fmt: skip
    return definition, gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)[list(AREA_COLUMNS)]


def parquet(
    count: int, *, geometry: bool = True, files: int = 1, shipped: bool = False
) -> list[Path]:
    """Return (Geo)Parquet *files* of points in degrees, over the frame or the shipped plan."""
    layout, where = "geo" if geometry else "xy", "shipped" if shipped else "frame"
    folder = scratch() / f"points-{count}-{layout}-{files}-{where}"
    asked = (str(folder), count, geometry, files, SHIPPED if shipped else degrees())
    return sorted(made(folder, "world:make_parquet", *asked).iterdir())


def make_parquet(
    folder: str, count: int, geometry: bool, files: int, bounds: tuple[float, ...]
) -> None:
    """Write points, 2^17 to a row group."""
    import pyarrow.parquet as pq

    Path(folder).mkdir()
    share = -(-count // files)
    for at in range(files):
        rows, path = min(share, count - at * share), Path(folder) / f"points-{at:04d}.parquet"
        random = np.random.default_rng([11, at])
        with pq.ParquetWriter(path, _schema(geometry), compression="zstd") as writer:
            for first in range(0, rows, 1 << 17):
                place = at * share + first, min(1 << 17, rows - first)
                writer.write_table(_table(random, bounds, place, geometry))


def _schema(geometry: bool) -> Any:
    import json

    import pyarrow as pa
    import pyproj

    ids = pa.field("id", pa.int64())
    if not geometry:
        return pa.schema([ids, ("lon", pa.float64()), ("lat", pa.float64())])
    told = {
        "version": "1.1.0", "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"],
                                 "crs": pyproj.CRS("EPSG:4490").to_json_dict()}},
    }  # fmt: skip
    schema = pa.schema([ids, pa.field("geometry", pa.binary())])
    return schema.with_metadata({"geo": json.dumps(told)})


def _table(
    random: np.random.Generator, bounds: tuple[float, ...], place: tuple[int, int], geometry: bool
) -> Any:
    import pyarrow as pa

    (west, south, east, north), (first, rows) = bounds, place
    lon, lat = random.uniform(west, east, rows), random.uniform(south, north, rows)
    ids = np.arange(first, first + rows)
    if not geometry:
        return pa.table([ids, lon, lat], schema=_schema(geometry))
    body = np.zeros(rows, dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    body["order"], body["kind"], body["x"], body["y"] = 1, 1, lon, lat
    ends = pa.py_buffer(np.arange(0, 21 * rows + 1, 21, dtype=np.int32))
    wkb = pa.Array.from_buffers(pa.binary(), rows, [None, ends, pa.py_buffer(body.tobytes())])
    return pa.table([pa.array(ids), wkb], schema=_schema(geometry))
