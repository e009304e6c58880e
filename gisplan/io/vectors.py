"""Features of GIS files, read into rows of text with their geometry."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from geopandas import GeoDataFrame, GeoSeries

from gisplan.crs import WGS84
from gisplan.errors import MissingExtra, ProjectsError
from gisplan.io.kml import read_placemarks
from gisplan.io.rows import Evidence, IssueLog, Rows, header_score, refuse_headless
from gisplan.io.sheets import LIMIT_MB, MEGABYTE
from gisplan.io.text import cell_text, decode

VECTORS: Final = (".geojson", ".json", ".gpkg", ".shp", ".parquet", ".geoparquet", ".kml", ".kmz")

# GDAL chooses its driver by content, and some drivers follow addresses found in a file: so
# the content has to be what the suffix says before GDAL sees it.
_MAGIC: Final = {
    ".gpkg": b"SQLite format 3\0",
    ".shp": b"\x00\x00\x27\x0a",
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".kmz": b"PK\x03\x04",
}
_GEOJSON_TYPES: Final = ("FeatureCollection", "Feature")
_READ_ERRORS: Final = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FieldError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    shapely.errors.GEOSException,
    ValueError,
    RuntimeError,
    OSError,
)


def read_vectors(
    path: Path, *, encoding: str | None = None, layer: str | None = None
) -> tuple[Rows, IssueLog]:
    """Read the features of a GIS file, all of them, with attributes as text.

    Parameters
    ----------
    path
        File with a suffix of ``VECTORS``.
    encoding
        Of the .dbf or the GeoJSON; by default found strictly.
    layer
        Name of the layer of a GeoPackage; by default the first that has names or ids.

    Raises
    ------
    ProjectsError
        Where the content is not what the suffix says, is damaged, or has no column of
        names or ids.
    MissingExtra
        ``projects_extra`` for GeoParquet without pyarrow.
    """
    evidence: list[Evidence] = []
    frame, closed, layer = _features(path, encoding, layer, evidence)
    return _to_rows(frame, path, layer or "", evidence, closed)


def read_layer(path: Path, *, layer: str | None = None) -> GeoDataFrame:
    """Read a layer of a plan: geometry and attributes as they are, in the file's own CRS.

    The same files are refused as by `read_vectors`; a column of names is not asked for.
    """
    frame, _, _ = _features(path, None, layer, [])
    if not isinstance(frame, GeoDataFrame):
        raise ProjectsError("projects_unreadable", file=path.name)
    return frame


def _features(
    path: Path, encoding: str | None, layer: str | None, evidence: list[Evidence]
) -> tuple[pd.DataFrame, Sequence[int], str | None]:
    """Read a file by its suffix: features, positions of rings that were closed, layer name."""
    suffix = path.suffix.lower()
    if suffix not in VECTORS:
        raise ProjectsError("projects_suffix", file=path.name)
    _check_content(path, suffix)
    if suffix in (".kml", ".kmz"):
        return _from_placemarks(path), (), layer
    if suffix in (".parquet", ".geoparquet"):
        return _from_parquet(path), (), layer
    if suffix == ".shp":
        return *_from_shapefile(path, encoding, evidence), layer
    if suffix == ".gpkg":
        layer = _choose_layer(path, layer, evidence)
        return *_read(path, path, layer=layer), layer
    return *_read(_geojson_bytes(path, encoding, evidence), path), layer


def _to_rows(
    frame: pd.DataFrame, path: Path, layer: str, evidence: list[Evidence], closed: Iterable[int]
) -> tuple[Rows, IssueLog]:
    geometry = frame.geometry if isinstance(frame, geopandas.GeoDataFrame) else None
    names = [name for name in frame.columns if geometry is None or name != geometry.name]
    titles = [str(name) for name in names]
    if not header_score(titles):
        raise refuse_headless(path.name, titles)
    columns = [[_attribute(value) for value in frame[name].tolist()] for name in names]
    cells = [list(row) for row in zip(*columns, strict=True)]
    log = IssueLog(path.name, layer)
    rows = Rows(path.name, layer, titles, cells, list(range(1, len(frame) + 1)))
    rows.evidence = evidence
    if geometry is not None:
        rows.geometry = np.asarray(geometry, dtype=object)
        rows.crs = pyproj.CRS(geometry.crs) if geometry.crs is not None else None
    for position in closed:
        log.add("GP-INT-016", position + 1, column="geometry")
    return rows, log


def _attribute(value: Any) -> str:
    if isinstance(value, list | dict | np.ndarray):
        return cell_text(value)
    return "" if pd.isna(value) else cell_text(value.item() if hasattr(value, "item") else value)


# --- what is in the file --------------------------------------------------------------------


def _check_content(path: Path, suffix: str) -> None:
    if path.stat().st_size > LIMIT_MB * MEGABYTE and suffix in (".geojson", ".json", ".kml"):
        raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
    magic = _MAGIC.get(suffix, b"")
    with path.open("rb") as opened:
        head = opened.read(len(magic))
    if head != magic:
        raise ProjectsError("projects_disguised", file=path.name, suffix=suffix.lstrip("."))


def _geojson_bytes(path: Path, encoding: str | None, evidence: list[Evidence]) -> bytes:
    decoded = decode(path.read_bytes(), encoding=encoding, place=path.name)
    if decoded.encoding != "utf-8":
        evidence.append((f"encoding_{decoded.basis}", decoded.encoding))
    if not decoded.text.lstrip().startswith("{"):
        raise ProjectsError("projects_disguised", file=path.name, suffix="GeoJSON")
    try:
        content = json.loads(decoded.text)
    except (ValueError, RecursionError) as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    kind = content.get("type") if isinstance(content, dict) else None
    if kind not in _GEOJSON_TYPES:
        raise ProjectsError("projects_disguised", file=path.name, suffix="GeoJSON")
    if kind == "FeatureCollection" and not content.get("features"):
        raise ProjectsError("projects_empty", file=path.name)
    return decoded.text.encode("utf-8")


def _choose_layer(path: Path, wanted: str | None, evidence: list[Evidence]) -> str:
    try:
        names, fields = _list_layers(path)
        if wanted is not None and wanted not in names:
            found = "、".join(names)
            raise ProjectsError("projects_no_sheet", file=path.name, sheet=wanted, found=found)
    except _READ_ERRORS as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    chosen = wanted or next((name for name in names if header_score(fields[name])), None)
    if chosen is None:
        raise refuse_headless(path.name, [title for name in names for title in fields[name]])
    evidence.append(("layer", chosen))
    left = [name for name in names if name != chosen]
    if left:
        evidence.append(("layers_left", "、".join(left)))
    return chosen


def _list_layers(path: Path) -> tuple[list[str], dict[str, list[str]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        return names, {name: list(pyogrio.read_info(path, layer=name)["fields"]) for name in names}


# --- readers by format ----------------------------------------------------------------------


def _read(
    source: Path | bytes, path: Path, *, layer: str | None = None, encoding: str | None = None
) -> tuple[pd.DataFrame, list[int]]:
    """Read a layer through GDAL; also tell which features had a ring closed for them.

    Arrow is used where it is installed, because the other way trusts the count that a
    GeoPackage keeps of its rows, and loses those it does not count.
    """
    options: dict[str, Any] = {"layer": layer, "encoding": encoding, "use_arrow": _has_arrow()}
    try:
        with warnings.catch_warnings():
            # GDAL warns about rings; they are found below, feature by feature.
            warnings.simplefilter("ignore")
            try:
                return pyogrio.read_dataframe(source, on_invalid="raise", **options), []
            except shapely.errors.GEOSException:
                frame = pyogrio.read_dataframe(source, on_invalid="fix", **options)
                strict = pyogrio.read_dataframe(source, on_invalid="ignore", **options)
    except UnicodeDecodeError:
        raise
    except _READ_ERRORS as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    mended = frame.geometry.notna().to_numpy() & strict.geometry.isna().to_numpy()
    return frame, np.flatnonzero(mended).tolist()


def _from_shapefile(
    path: Path, encoding: str | None, evidence: list[Evidence]
) -> tuple[pd.DataFrame, list[int]]:
    _check_shape_parts(path)
    if encoding is not None:
        evidence.append(("encoding_declared", encoding))
        tries: tuple[str | None, ...] = (encoding,)
    elif _beside(path, ".cpg") is not None:
        tries = (None,)
    else:
        tries = ("utf-8", "gb18030")
    for name in tries:
        try:
            frame, closed = _read(path, path, encoding=name)
        except UnicodeDecodeError:
            continue
        if len(tries) > 1 and name is not None:
            evidence.append(("encoding_inferred", name))
        return frame, closed
    raise ProjectsError("encoding_wrong", file=path.name, encoding=encoding or ".cpg")


def _check_shape_parts(path: Path) -> None:
    """Refuse a shapefile of which a part is missing or cut short: GDAL would fill with null."""
    parts = {suffix: _beside(path, suffix) for suffix in (".shx", ".dbf")}
    missing = " ".join(suffix for suffix, part in parts.items() if part is None)
    if missing:
        raise ProjectsError("projects_shape_parts", file=path.name, missing=missing)
    shx, dbf = (part.read_bytes() for part in parts.values() if part is not None)
    if len(shx) < 100 or len(dbf) < 32 or path.stat().st_size < 100:
        raise ProjectsError("projects_broken", file=path.name, reason=".shx .dbf")
    records, header, width = struct.unpack("<IHH", dbf[4:12])
    with path.open("rb") as opened:
        declared = 2 * struct.unpack(">I", opened.read(28)[24:28])[0]
    shapes = (len(shx) - 100) // 8
    cut = len(dbf) < header + records * width or path.stat().st_size < declared
    if cut or shapes != records:
        reason = f".shp {shapes}, .dbf {records}"
        raise ProjectsError("projects_broken", file=path.name, reason=reason)


def _beside(path: Path, suffix: str) -> Path | None:
    return next((p for p in path.parent.glob(f"{_literal(path.stem)}.*")
                 if p.suffix.lower() == suffix), None)  # fmt: skip


def _literal(stem: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in stem)


def _from_placemarks(path: Path) -> pd.DataFrame:
    marks = read_placemarks(path)
    if not marks:
        raise ProjectsError("projects_empty", file=path.name)
    names = list(dict.fromkeys(name for fields, _ in marks for name in fields if name))
    columns = {name: [fields.get(name, "") for fields, _ in marks] for name in names}
    filled = {name: cells for name, cells in columns.items() if any(cells) or name == "name"}
    shapes: list[Any] = [shape for _, shape in marks]
    return geopandas.GeoDataFrame(filled, geometry=GeoSeries(shapes, crs=WGS84))


def _from_parquet(path: Path) -> pd.DataFrame:
    if not _has_arrow():
        suffix = path.suffix
        raise MissingExtra("projects_extra", suffix=suffix, library="pyarrow", extra="parquet")
    try:
        return geopandas.read_parquet(path)
    except ValueError as error:
        if "geo metadata" not in str(error):
            raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    except OSError as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    return pd.read_parquet(path)


def _has_arrow() -> bool:
    return find_spec("pyarrow") is not None
