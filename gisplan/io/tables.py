"""Verdict frames -> files for machines (.json, .gpkg, .parquet) and people (.csv)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from gisplan.crs import WGS84, transform
from gisplan.errors import MissingExtra, OutputError
from gisplan.io.flat import places_of
from gisplan.io.kinds import storable
from gisplan.io.provenance import KEY, provenance_text
from gisplan.io.writing import write_whole

GIS_WRITE_ERRORS: Final = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.CRSError,
    pyogrio.errors.GeometryError,
    pyogrio.errors.FieldError,
    shapely.errors.GEOSException,
)
"""What GDAL may say of a full disk, a read-only folder or a column it cannot write."""


def lon_lat(projects: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give each project's place in WGS 84 degrees (a point of a footprint), NaN without."""
    shapes = np.asarray(projects.geometry.array, dtype=object)
    crs = pyproj.CRS(projects.crs) if projects.crs is not None else None
    lon, lat = places_of(shapes, crs)
    return pd.DataFrame({"lon": lon, "lat": lat}, index=projects.index, dtype=float)


def with_verdicts(projects: gpd.GeoDataFrame, verdicts: pd.DataFrame) -> gpd.GeoDataFrame:
    """Join projects and their verdicts into one frame for a GIS file."""
    own = [name for name in projects if name not in verdicts and name != projects.geometry.name]
    table = pd.concat([projects[own], verdicts], axis=1)
    for name in table.select_dtypes("category"):
        # By way of objects: with some missing, whole numbers would become fractions.
        table[name] = table[name].astype("object").map(str, na_action="ignore").astype("str")
    return gpd.GeoDataFrame(table, geometry=projects.geometry.to_numpy(), crs=projects.crs)


def write_vector(
    path: Path,
    projects: gpd.GeoDataFrame,
    verdicts: pd.DataFrame,
    *,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write projects with their verdicts as GeoPackage, GeoJSON or GeoParquet, by suffix.

    *about* is the provenance to put into the file's metadata. What was written is read back
    before it takes its place: rows, columns and CRS.

    Raises
    ------
    OutputError
        ``output_unsound`` where it reads back otherwise, ``output_folder`` where it cannot
        be written.
    MissingExtra
        For GeoParquet without pyarrow.
    """
    suffix = path.suffix.lower()
    frame = storable(with_verdicts(projects, verdicts), parquet=suffix == ".parquet")
    if suffix != ".parquet":
        gis_path(path)
    if suffix == ".gpkg":
        frame = frame.rename(columns=apart(frame))
    elif suffix != ".parquet":
        frame = transform(frame, WGS84)

    def write(beside: Path) -> None:
        if suffix == ".parquet":
            _to_parquet(frame, beside, about)
        else:
            layer = path.stem.encode("utf-8", "replace").decode("utf-8")
            _to_gis(frame, beside, "verdicts" if suffix == ".gpkg" else layer, about=about)
        _confirm(beside, frame, path)

    write_whole(path, write)


def apart(frame: gpd.GeoDataFrame) -> dict[str, str]:
    """Rename columns that a GeoPackage takes for one: names differ by more than their case."""
    taken, names = {"fid", "geom"}, {}
    for column in (one for one in frame.columns if one != frame.geometry.name):
        name, count = str(column), 1
        while name.lower() in taken:
            count += 1
            name = f"{column} ({count})"
        taken.add(name.lower())
        names[column] = name
    return names


def gis_path(path: Path) -> Path:
    """Return a path that pyogrio takes as it is: ``!`` and ``;`` are parts of an address to it."""
    absolute = path.absolute()
    if set("!;") & set(str(absolute)):
        raise OutputError("output_bang", path=path)
    return absolute


def _to_gis(
    frame: gpd.GeoDataFrame,
    path: Path,
    layer: str,
    *,
    mode: Literal["w", "a"] = "w",
    about: Mapping[str, Any] | None = None,
) -> None:
    driver = "GPKG" if path.suffix.lower() == ".gpkg" else "GeoJSON"
    # A user's text stays text: GDAL would write `[1.10]` as a list of one number.
    options: dict[str, Any] = {"AUTODETECT_JSON_STRINGS": "NO"} if driver == "GeoJSON" else {}
    if about is not None and mode == "w":
        text = provenance_text(about)
        # Not of the dataset: GDAL would write a file beside it for whoever only reads that.
        kept = {"layer_metadata": {KEY: text}} if driver == "GPKG" else {"DESCRIPTION": text}
        options |= kept
    try:
        with _dated(about):
            frame.to_file(
                gis_path(path), layer=layer, driver=driver, engine="pyogrio", mode=mode, **options
            )
    except GIS_WRITE_ERRORS as error:
        raise OSError(5, str(error)) from error


@contextmanager
def _dated(about: Mapping[str, Any] | None) -> Iterator[None]:
    """Let GDAL stamp the day of the run into a GeoPackage: same input, same bytes."""
    if about is None or "date" not in about:
        yield
        return
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{about['date']}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _confirm(path: Path, frame: gpd.GeoDataFrame, target: Path) -> None:
    """Read back what a writer says it wrote: some report success on a full disk."""
    names = [str(name) for name in frame.columns if name != frame.geometry.name]
    try:
        rows, columns, crs = _described(path)
    except (*GIS_WRITE_ERRORS, ValueError) as error:
        raise OutputError("output_unsound", path=target, reason=error) from None
    if rows != len(frame):
        raise OutputError("output_unsound", path=target, reason=f"{rows} / {len(frame)}")
    if missing := [name for name in names if name not in columns]:
        raise OutputError("output_unsound", path=target, reason=", ".join(missing))
    if not same_crs(crs, frame.crs):
        raise OutputError("output_unsound", path=target, reason=f"{crs} / {frame.crs}")


def _described(path: Path) -> tuple[int, list[str], Any]:
    """Return rows, columns and CRS of a GIS file, asked of its content."""
    if path.suffix.lower() != ".parquet":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pyogrio.read_info(gis_path(path), force_feature_count=True)
        return int(found["features"]), list(found["fields"]), found["crs"]
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        described = json.loads(file.schema_arrow.metadata[b"geo"])
        crs = described["columns"][described["primary_column"]].get("crs")
        return file.metadata.num_rows, list(file.schema_arrow.names), crs


def same_crs(one: Any, other: Any) -> bool:
    """Tell whether two systems are one, however a format has abbreviated its description."""
    if one is None or other is None:
        return one is None and other is None
    left, right = pyproj.CRS.from_user_input(one), pyproj.CRS.from_user_input(other)
    if left == right or left.equals(right, ignore_axis_order=True):
        return True
    if (code := left.to_epsg(20)) is not None and code == right.to_epsg(20):
        return True
    return left.to_wkt("WKT1_ESRI") == right.to_wkt("WKT1_ESRI")


def _to_parquet(
    frame: gpd.GeoDataFrame, path: Path, about: Mapping[str, Any] | None = None
) -> None:
    if about is not None:
        frame = frame.copy(deep=False)
        frame.attrs = {KEY: dict(about)}
    try:
        frame.to_parquet(path)
    except ImportError as error:
        raise MissingExtra("extra_missing", name="pyarrow", extra="parquet") from error


def write_layers(
    path: Path, layers: Mapping[str, gpd.GeoDataFrame], *, about: Mapping[str, Any] | None = None
) -> None:
    """Write several frames as the layers of one GeoPackage, with its provenance."""

    def write(beside: Path) -> None:
        for name, frame in layers.items():
            mode: Literal["w", "a"] = "a" if beside.exists() else "w"
            _to_gis(storable(frame), beside, name, mode=mode, about=about)

    write_whole(path, write)
