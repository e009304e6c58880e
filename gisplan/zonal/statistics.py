"""Rasters x areas: what a raster holds in each zone, ring, corridor or footprint.

Cells on an edge count by the part that lies inside (exactextract). The areas are moved into
the raster's coordinate system, never the raster into theirs, which would change its values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan.areas import drawn
from gisplan.crs import ellipsoidal_area, transform
from gisplan.crs.systems import name_of
from gisplan.definition import PlanDefinition
from gisplan.errors import MissingExtra, RasterError
from gisplan.io.rasters import Raster, open_raster
from gisplan.overlay import rings
from gisplan.siting.measure import shapes
from gisplan.terms import Kind, Shape

OVER: Final = ("zones", "rings", "corridors", "constraints", "study_area", "footprints")
"""What a raster can be summarised over."""

STEP = 200.0
"""Metres between the points of an edge that is moved into another system: a straight edge
of that length bends by less than a millimetre."""

CELLS = 4_000_000
"""Cells that are read at a time."""

MOST_CELLS = 20_000_000_000
"""Cells under all areas, beyond which a run would take hours: the raster is to be cut first."""

MOST_CLASSES = 1_000

_SUSPECT: Final = (-9999.0, -99999.0, -32768.0, -2147483648.0, -3.4028234663852886e38)
"""Values that stand for none by custom; a smallest value among them is told."""

_STATISTICS: Final = ("count", "mean", "stdev", "min", "max", "sum")


class Zonal(NamedTuple):
    """What a raster holds in areas.

    ``stats`` as `zonal_stats`; ``classes`` as `class_shares`, ``None`` where the raster holds
    measurements; ``told`` codes below ``raster.`` of the language files with their values;
    ``facts`` of the raster: file, sha256, CRS, cell, size, band, unit.
    """

    stats: gpd.GeoDataFrame
    classes: pd.DataFrame | None
    told: tuple[tuple[str, Mapping[str, Any]], ...]
    facts: Mapping[str, Any]


def summarise(
    over: gpd.GeoDataFrame, path: Path, *, classes: bool = False, **options: Any
) -> Zonal:
    """Open a raster and summarise it over areas.

    Parameters
    ----------
    over
        What `units` returns.
    path, options
        As for `gisplan.io.rasters.open_raster`.
    classes
        Whether its values are classes; those of a raster with a palette always are.
    """
    with open_raster(path, **options) as raster:
        stats = zonal_stats(over, raster)
        told = (*raster.told, *suspicions(stats, raster))
        shares = class_shares(over, raster) if classes or raster.is_classes else None
        facts = {
            "file": raster.name, "crs": name_of(raster.crs), "band": raster.band,
            "cell": (raster.dx, raster.dy), "size": (raster.width, raster.height),
            "unit": raster.unit, "cell_unit": raster.crs.axis_info[0].unit_name,
            "sha256": raster.sha256,
        }  # fmt: skip
    return Zonal(stats, shares, told, facts)


def units(
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    projects: gpd.GeoDataFrame | None = None,
    *,
    over: str = "zones",
) -> gpd.GeoDataFrame:
    """Gather what a raster is to be summarised over.

    Parameters
    ----------
    areas, definition
        The plan's areas in its CRS, and the plan.
    projects
        In the CRS of *areas*; only for ``footprints``.
    over
        One of `OVER`; a corridor is the band within its own ``within`` metres, cut to the
        study area as rings are.

    Returns
    -------
    GeoDataFrame
        ``unit`` (id of the area or project), ``inner`` and ``outer`` (m, NaN but for rings
        and corridors), geometry (``None`` for a project without a place).
    """
    if over == "footprints":
        if projects is None:
            raise RasterError("zonal_projects")
        named = projects["id"].astype("str")
        if "name" in projects:
            named = named.fillna(projects["name"].astype("str"))
        return _units(named.fillna(""), projects.geometry.to_numpy(), areas.crs)
    if over in ("rings", "corridors"):
        frames = [
            rings(areas[areas["id"].isin([key, Kind.STUDY_AREA.value])], definition, widths=width)
            for key, width in _widths(areas, definition, over)
        ]
        if not frames:
            return _units([], [], areas.crs)
        bands = pd.concat(frames, ignore_index=True)
        frame = _units(bands["corridor"], bands.geometry.to_numpy(), areas.crs)
        return frame.assign(inner=bands["inner"], outer=bands["outer"])
    kind = {"zones": Kind.ZONE, "constraints": Kind.CONSTRAINT}.get(over, Kind.STUDY_AREA)
    held = drawn(areas, kind)
    return _units([key for key, _ in held], [shape for _, shape in held], areas.crs)


def _widths(
    areas: gpd.GeoDataFrame, definition: PlanDefinition, over: str
) -> list[tuple[str, Sequence[float]]]:
    held = [(key, definition.corridors[key]) for key, _ in drawn(areas, Kind.CORRIDOR)]
    return [(key, one.rings if over == "rings" else (one.within,)) for key, one in held]


def _units(ids: Any, geometries: Any, crs: Any) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"unit": pd.array(list(ids), dtype="str")})
    frame["inner"], frame["outer"] = np.nan, np.nan
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(list(geometries), crs=crs), crs=crs)


def zonal_stats(over: gpd.GeoDataFrame, raster: Raster) -> gpd.GeoDataFrame:
    """Summarise a raster over areas, cells on an edge counting by their part inside.

    Parameters
    ----------
    over
        What `units` returns: any index, geometry in a projected or geographic CRS.
    raster
        An open raster; see `gisplan.io.rasters.open_raster`.

    Returns
    -------
    GeoDataFrame
        The same rows with ``situation`` (``area``, ``point``: the cell that holds it,
        ``line`` and ``none``: not measured); ``count`` (cells with a value, by their part
        inside), ``mean``, ``stdev`` (of the population), ``min``, ``max``, ``sum``;
        ``covered``, ``nodata`` and ``off``: shares of the area on cells with a value, on
        cells without, and beyond the raster, which add up to 1. NaN where there is no
        value, never zero.

    Raises
    ------
    RasterError
        Where the raster is damaged or too many cells would be read.
    MissingExtra
        Without exactextract.
    """
    moved = _onto(over, raster)
    situation = _situations(moved)
    table = {name: np.full(len(over), np.nan) for name in (*_STATISTICS, "covered", "nodata")}
    table["off"] = table["covered"].copy()
    at = np.flatnonzero(situation == "area")
    if len(at):
        found = _extract(moved.iloc[at], raster, list(_STATISTICS))
        for name in _STATISTICS:
            table[name][at] = found[name].to_numpy(dtype=float)
        table["count"][at] = np.nan_to_num(table["count"][at])  # an area off the raster
        table["sum"][table["count"] == 0] = np.nan  # exactextract adds up nothing to zero
        table["covered"][at], table["nodata"][at], table["off"][at] = _shares(
            moved.geometry.to_numpy()[at], table["count"][at], raster
        )
    _add_points(table, moved, situation, raster)
    kept = over[["unit", "inner", "outer"]].assign(situation=situation, **table)
    frame = gpd.GeoDataFrame(kept, geometry=over.geometry, crs=over.crs)
    return frame.astype({"situation": "str"})


def class_shares(over: gpd.GeoDataFrame, raster: Raster) -> pd.DataFrame:
    """Share out each area by the classes of a raster.

    Returns
    -------
    DataFrame
        One row per area and class found in it: ``unit``, ``inner``, ``outer``, ``value``,
        ``share`` (of the part with a value), ``share_of_area``, ``area_ellipsoid`` (m²).

    Raises
    ------
    RasterError
        ``raster_not_classes`` where an area holds more than 1 000 different values.
    """
    moved = _onto(over, raster)
    at = np.flatnonzero(_situations(moved) == "area")
    whole = np.asarray(ellipsoidal_area(over.iloc[at].geometry)) if len(at) else np.empty(0)
    rows: list[dict[str, Any]] = []
    for position, size in zip(at, whole, strict=True):
        one = moved.iloc[position : position + 1]
        found = _extract(one, raster, ["count", "unique", "frac"]).iloc[0]
        values, shares = np.asarray(found["unique"]), np.asarray(found["frac"])
        if len(values) > MOST_CLASSES:
            raise RasterError("raster_not_classes", file=raster.name, most=MOST_CLASSES)
        counts = np.array([found["count"]], dtype=float)
        covered = _shares(one.geometry.to_numpy(), counts, raster)[0][0]
        for value, share in sorted(zip(values.tolist(), shares.tolist(), strict=True)):
            part = share * covered
            rows.append(
                {**over.iloc[position][["unit", "inner", "outer"]], "value": float(value),
                 "share": share, "share_of_area": part, "area_ellipsoid": part * size}
            )  # fmt: skip
    columns = ["unit", "inner", "outer", "value", "share", "share_of_area", "area_ellipsoid"]
    return pd.DataFrame(rows, columns=columns).astype({"unit": "str"})


def suspicions(stats: pd.DataFrame, raster: Raster) -> list[tuple[str, dict[str, Any]]]:
    """Tell what is odd about a result: values that stand for none, areas beyond the raster."""
    told: list[tuple[str, dict[str, Any]]] = []
    least = stats["min"].min()
    if ("no_nodata", {}) in raster.told and least in _SUSPECT:
        told.append(("suspect", {"value": f"{least:g}"}))
    measured = stats["situation"].isin(["area", "point"])
    partly = measured & (stats["covered"] < 1 - 1e-6)
    if partly.any():
        least_held = np.floor(stats["covered"].min() * 1000) / 1000  # 99.96 % is not all of it
        told.append(("partly", {"n": int(partly.sum()), "least": f"{least_held:.1%}"}))
    left = int((~measured).sum())
    if left:
        told.append(("left_out", {"n": left}))
    return told


def _onto(over: gpd.GeoDataFrame, raster: Raster) -> gpd.GeoDataFrame:
    """Move areas into the raster's CRS, their edges divided so that they stay where they are."""
    if pyproj.CRS(over.crs) == raster.crs:
        return over
    geometries = over.geometry.to_numpy()
    if pyproj.CRS(over.crs).is_projected:
        geometries = shapely.segmentize(geometries, STEP)
    divided = gpd.GeoDataFrame(geometry=gpd.GeoSeries(geometries, crs=over.crs), crs=over.crs)
    return transform(divided, raster.crs)


def _situations(moved: gpd.GeoDataFrame) -> Any:
    drawn_as = shapes(np.asarray(moved.geometry.array, dtype=object))
    names = {Shape.POLYGON.value: "area", Shape.POINT.value: "point", Shape.LINE.value: "line"}
    return np.array([names.get(str(one), "none") for one in drawn_as], dtype=object)


def _extract(moved: gpd.GeoDataFrame, raster: Raster, wanted: list[str]) -> pd.DataFrame:
    bounds = shapely.bounds(moved.geometry.to_numpy())
    west, south, east, north = raster.bounds
    wide = np.clip(bounds[:, 2], west, east) - np.clip(bounds[:, 0], west, east)
    high = np.clip(bounds[:, 3], south, north) - np.clip(bounds[:, 1], south, north)
    if (wide / raster.dx * (high / raster.dy)).sum() > MOST_CELLS:
        raise RasterError("raster_too_big", file=raster.name, most=f"{MOST_CELLS:,}")
    exact_extract, source = _reader(raster)
    plain = gpd.GeoDataFrame(
        geometry=gpd.GeoSeries(list(moved.geometry.to_numpy()), crs=raster.crs), crs=raster.crs
    )
    return exact_extract(source, plain, wanted, output="pandas", max_cells_in_memory=CELLS)


def _reader(raster: Raster) -> tuple[Any, Any]:
    """Return exactextract and our raster as a source that it can read."""
    try:
        from exactextract import exact_extract
        from exactextract.raster import RasterSource
    except ImportError as error:
        raise MissingExtra("raster_extra", name="exactextract") from error

    class Source(RasterSource):  # type: ignore[misc]
        """Windows of a raster, for exactextract."""

        def res(self) -> tuple[float, float]:
            return raster.dx, raster.dy

        def extent(self) -> tuple[float, float, float, float]:
            return raster.bounds

        def srs_wkt(self) -> str:
            return str(raster.crs.to_wkt())

        def nodata_value(self) -> float:
            return float("nan")

        def read_window(self, x0: int, y0: int, nx: int, ny: int) -> Any:
            return raster.read(y0, x0, ny, nx)

    return exact_extract, Source()


def _shares(geometries: Any, count: Any, raster: Raster) -> tuple[Any, Any, Any]:
    """Shares of areas with a value, without one, and beyond the raster, from the planar parts."""
    whole = shapely.area(geometries)
    held = shapely.area(shapely.intersection(geometries, shapely.box(*raster.bounds)))
    on = np.clip(held / whole, 0.0, 1.0)
    covered = np.clip(count * raster.dx * raster.dy / whole, 0.0, on)
    # The three parts are summed from cells and from edges, so equal ones differ by rounding.
    covered = np.where(on - covered < 1e-9, on, covered)
    return covered, on - covered, 1.0 - on


def _add_points(table: dict[str, Any], moved: Any, situation: Any, raster: Raster) -> None:
    """Give a project drawn as a point the value of the cell that holds it."""
    west, south, east, north = raster.bounds
    for at in np.flatnonzero(situation == "point"):
        x, y = shapely.get_coordinates(moved.geometry.iloc[at])[0]
        value = raster.sample(np.array([x]), np.array([y]))[0]
        off = not (west <= x < east and south < y <= north)
        for name in ("mean", "min", "max"):
            table[name][at] = value
        table["covered"][at] = float(value == value)
        table["off"][at] = float(off)
        table["nodata"][at] = float(value != value and not off)
