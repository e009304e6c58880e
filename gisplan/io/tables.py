"""Verdict frames -> files for machines (.json, .gpkg, .parquet) and people (.csv)."""

from __future__ import annotations

import csv
import io
import json
import math
import unicodedata
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
from gisplan.io.provenance import KEY, provenance_text
from gisplan.io.writing import write_text, write_whole
from gisplan.labels import Labels

_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "|", "＝", "＋", "－", "＠")
_BREAKS: Final = ("\t", "\r", "\n")
_UNSEEN: Final = ("Cc", "Cf", "Zs")
"""Categories of characters that some program drops before it looks for a formula."""

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
    there = transform(projects[[projects.geometry.name]], WGS84).geometry.to_numpy()
    points = shapely.point_on_surface(there)
    frame = {"lon": shapely.get_x(points), "lat": shapely.get_y(points)}
    return pd.DataFrame(frame, index=projects.index, dtype=float)


def machine_rows(projects: gpd.GeoDataFrame, verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """Lay out the contract of the ``.json``: id, name, lon, lat, then the verdict's codes."""
    place = lon_lat(projects).round(7)
    table = pd.DataFrame(
        {"id": projects.get("id"), "name": projects.get("name")}, index=projects.index
    )
    table = pd.concat([table, place, verdicts], axis=1)
    return [
        {str(key): _value(value) for key, value in row.items()} for row in table.to_dict("records")
    ]


def write_json(path: Path, run: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    """Write ``{"run": …, "projects": […]}``, UTF-8, one project per line."""
    write_text(path, json_text(run, rows))


def json_text(run: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    """Format the JSON document; numbers that are missing are ``null``."""
    told = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    head = json.dumps(dict(run), ensure_ascii=False, allow_nan=False)
    return f'{{"run": {head},\n"projects": [\n{told}\n]}}\n'


def with_verdicts(projects: gpd.GeoDataFrame, verdicts: pd.DataFrame) -> gpd.GeoDataFrame:
    """Join projects and their verdicts into one frame for a GIS file."""
    own = [name for name in projects if name not in verdicts and name != projects.geometry.name]
    table = pd.concat([projects[own], verdicts], axis=1)
    for name in table.select_dtypes("category"):
        table[name] = table[name].astype("str")
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
    frame = with_verdicts(projects, verdicts)
    suffix = path.suffix.lower()
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
            _to_gis(frame, beside, "verdicts" if suffix == ".gpkg" else path.stem, about=about)
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
    options: dict[str, Any] = {}
    if about is not None:
        text = provenance_text(about)
        # Not of the dataset: GDAL would write a file beside it for whoever only reads that.
        kept = {"layer_metadata": {KEY: text}} if driver == "GPKG" else {"DESCRIPTION": text}
        options = kept if mode == "w" else {}
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


def write_csv(path: Path, frame: pd.DataFrame, labels: Labels) -> None:
    """Write a table for people: UTF-8 with BOM for Excel, no cell that starts a formula."""
    write_text(path, "\ufeff" + csv_text(frame, labels))


def csv_text(frame: pd.DataFrame, labels: Labels) -> str:
    """Format a table as CSV with its headers in words."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(labels.get(f"column.{code}") or code) for code in frame])
    for row in frame.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> str:
    value = _value(value)
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    # Numbers were handled above, so a leading sign here can only be text.
    first = next((c for c in text if unicodedata.category(c) not in _UNSEEN), "")
    return "'" + text if text.startswith(_BREAKS) or first in _STARTS_A_FORMULA else text


def _value(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return str(value)


def write_layers(
    path: Path, layers: Mapping[str, gpd.GeoDataFrame], *, about: Mapping[str, Any] | None = None
) -> None:
    """Write several frames as the layers of one GeoPackage, with its provenance."""

    def write(beside: Path) -> None:
        for name, frame in layers.items():
            _to_gis(frame, beside, name, mode="a" if beside.exists() else "w", about=about)

    write_whole(path, write)
