"""Areas against areas: parcels on polygons, their shares and their pieces; rings of long lines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import shapely

from benchmarks import world
from benchmarks.measuring import Answer, Way, Work

POLYGONS: Final = 20
"""Parcels to a polygon."""
FEW = 300
WIDTHS: Final = (100.0, 200.0, 300.0, 500.0, 1000.0)
ROUND: Final = 32
"""Segments to a quarter of a circle, as `gisplan.overlay` draws them."""
_SHARES: Final = (
    "SELECT p.k, sum(ST_Area(ST_Intersection(p.a, q.a))) FROM parcels p "
    "JOIN polygons q ON ST_Intersects(p.a, q.a) GROUP BY p.k"
)
"""The same question to both databases."""


def make_parcels(size: int) -> None:
    """Write parcels and polygons."""
    parcels, polygons = world.parcels(size, max(size // POLYGONS, 20))
    corners = shapely.get_coordinates(parcels).reshape(size, 5, 2)
    rings, which = shapely.get_coordinates(polygons, return_index=True)
    np.savez(world.scratch() / f"parcels-{size}.npz", corners=corners, rings=rings, which=which)


def _drawn(size: int) -> tuple[np.ndarray, np.ndarray]:
    path = world.scratch() / f"parcels-{size}.npz"
    with np.load(world.made(path, "parcels:make_parcels", size)) as held:
        corners, rings, which = held["corners"], held["rings"], held["which"]
    polygons = shapely.polygons(shapely.linearrings(rings, indices=which))
    return np.asarray(shapely.polygons(corners), dtype=object), np.asarray(polygons, dtype=object)


def shares_ours(size: int, *, fast: bool = False) -> Iterator[Any]:
    """Square metres of each parcel on the polygons, by gisplan; machine code is started before."""
    from gisplan.overlaps import Ground

    parcels, polygons = _drawn(size)
    if fast:
        import gisplan.overlaps.compiled  # noqa: F401

        Ground(polygons[:FEW]).overlaps(parcels[:FEW])
    yield
    found = Ground(polygons).overlaps(parcels)
    yield {"on": np.bincount(found.whole, found.area, minlength=size)}


def pieces_ours(size: int) -> Iterator[Any]:
    """The pieces themselves, by gisplan."""
    from gisplan.overlaps import Ground

    parcels, polygons = _drawn(size)
    yield
    whole, _, pieces = Ground(polygons).pieces(parcels)
    yield {"on": np.bincount(whole, shapely.area(pieces), minlength=size)}


def gpd_overlay(size: int) -> Iterator[Any]:
    """Geopandas: ``overlay(how="intersection")``."""
    import geopandas as gpd

    parcels, polygons = _drawn(size)
    left = gpd.GeoDataFrame({"at": np.arange(size)}, geometry=parcels)
    right = gpd.GeoDataFrame({"which": np.arange(len(polygons))}, geometry=polygons)
    yield
    pieces = gpd.overlay(left, right, how="intersection", keep_geom_type=True)
    yield {"on": np.bincount(pieces["at"], pieces.area, minlength=size)}


def shapely_tree(size: int) -> Iterator[Any]:
    """Shapely: STRtree of the polygons, ``intersection`` of every pair."""
    parcels, polygons = _drawn(size)
    yield
    tree = shapely.STRtree(polygons)
    at, which = tree.query(parcels, predicate="intersects")
    pieces = shapely.intersection(parcels[at], polygons[which])
    yield {"on": np.bincount(at, shapely.area(pieces), minlength=size)}


def duckdb_spatial(size: int) -> Iterator[Any]:
    """DuckDB, one thread."""
    from benchmarks.databases import duck

    parcels, polygons = _drawn(size)
    base = duck()
    for name, shapes in {"parcels": parcels, "polygons": polygons}.items():
        wkb = {"k": np.arange(len(shapes)), "w": shapely.to_wkb(shapes)}
        base.register("raw", wkb)
        base.execute(f"CREATE TABLE {name} AS SELECT k, ST_GeomFromWKB(w::BLOB) a FROM raw")
        base.unregister("raw")
    yield
    found = base.execute(_SHARES).fetchnumpy()
    at, on = found.values()
    yield {"on": np.bincount(at, on, minlength=size)}


def sedonadb(size: int) -> Iterator[Any]:
    """SedonaDB, one partition."""
    from benchmarks.databases import sedona, sedona_areas

    parcels, polygons = _drawn(size)
    base = sedona()
    sedona_areas(base, "parcels", list(parcels))
    sedona_areas(base, "polygons", list(polygons))
    yield
    table = base.sql(
        "SELECT p.k, ST_Area(ST_Intersection(p.a, q.a)) s FROM parcels p "
        "JOIN polygons q ON ST_Intersects(p.a, q.a)"
    ).to_arrow_table()
    at, on = (column.to_numpy() for column in table.columns)
    yield {"on": np.bincount(at, on, minlength=size)}


def postgis(size: int) -> Iterator[Any]:
    """PostGIS on loopback, GiST on the polygons."""
    from benchmarks.databases import postgis as connect
    from benchmarks.databases import postgis_areas

    parcels, polygons = _drawn(size)
    link = connect()
    postgis_areas(link, "parcels", list(parcels))
    postgis_areas(link, "polygons", list(polygons))
    yield
    rows = link.execute(_SHARES).fetchall()
    at, on = zip(*rows, strict=True)
    yield {"on": np.bincount(at, on, minlength=size)}


def truth(size: int) -> Answer:
    """The first few parcels against the union of all polygons."""
    parcels, polygons = _drawn(size)
    whole = shapely.multipolygons(polygons)
    return {"on": shapely.area(shapely.intersection(parcels[:FEW], whole))}


# --- rings of lines -------------------------------------------------------------------------------


def _lines(size: int, rough: bool) -> list[Any]:
    """Three lines over the frame; a rough one trembles by a metre, as a track does."""
    random = np.random.default_rng(5)
    lines = [world.walk(random, 0.25 * (at + 1), size) for at in range(3)]
    if not rough:
        return lines
    corners = [shapely.get_coordinates(one) for one in lines]
    return [shapely.LineString(one + random.normal(0, 1, one.shape)) for one in corners]


def _bands(lines: list[Any], discs: Any) -> np.ndarray:
    """Return areas of rings, lines x widths, out of what draws the discs of a width."""
    found, before = np.empty((len(lines), len(WIDTHS))), None
    for at, width in enumerate(WIDTHS):
        drawn = discs(width)
        bands = drawn if before is None else shapely.difference(drawn, before)
        found[:, at], before = shapely.area(bands), drawn
    return found.ravel()


def rings_ours(size: int, *, rough: bool) -> Iterator[Any]:
    """The ground about the lines by `gisplan.around`, as `gisplan overlay` draws its rings."""
    from gisplan.around import around

    lines = _lines(size, rough)
    yield
    drawn = _bands(lines, lambda width: np.array([around(one, width) for one in lines]))
    yield {"area": drawn}


def rings_geopandas(size: int, *, rough: bool) -> Iterator[Any]:
    """Geopandas: ``buffer`` for each width, less the one before."""
    import geopandas as gpd

    lines = gpd.GeoSeries(_lines(size, rough), crs=world.CRS)
    yield
    drawn = _bands(
        list(lines), lambda width: lines.buffer(width, quad_segs=ROUND).to_numpy().astype(object)
    )
    yield {"area": drawn}


def rings_truth(size: int, *, rough: bool) -> Answer:
    """Plain GEOS, as round as ours says it draws."""
    lines = _lines(size, rough)
    discs = [[line.buffer(w, quad_segs=ROUND).area for w in WIDTHS] for line in lines]
    return {"area": np.diff(discs, prepend=0.0).ravel()}


def rings(*, rough: bool) -> Work:
    """Put together the work of one kind of line."""
    ours, peer = (partial(call, rough=rough) for call in (rings_ours, rings_geopandas))
    return Work(
        {"gisplan": Way(ours), "geopandas": Way(peer, ("geopandas",))},
        partial(rings_truth, rough=rough), unit="corner of a line", relative=True,
        sizes=(5_000, 1_000),
    )  # fmt: skip


FAST = ("numba",)
DUCK = ("duckdb", "duckdb_extension_spatial")
PEERS = {
    "gpd.overlay": Way(gpd_overlay, ("geopandas",)),
    "shapely tree": Way(shapely_tree),
    "duckdb spatial": Way(duckdb_spatial, DUCK, share=0.2),
    "sedonadb": Way(sedonadb, ("sedonadb",), share=0.2),
    "PostGIS": Way(postgis, ("postgis", "psycopg"), share=0.2),
}
WORKS = {
    "shares": Work(
        {"gisplan": Way(shares_ours), "gisplan, fast": Way(partial(shares_ours, fast=True), FAST),
         **PEERS},
        truth, unit="parcel", sizes=(100_000, 2_000),
    ),
    "pieces": Work(
        {"gisplan": Way(pieces_ours), "gpd.overlay": PEERS["gpd.overlay"]},
        truth, unit="parcel", sizes=(100_000, 2_000),
    ),
    "rings": rings(rough=True),
    "smooth rings": rings(rough=False),
}  # fmt: skip
