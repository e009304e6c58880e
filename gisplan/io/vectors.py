"""Features of GIS files, read into rows of text with their geometry."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, cast

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from geopandas import GeoDataFrame, GeoSeries

from gisplan.crs import WGS84
from gisplan.errors import MissingExtra, ProjectsError
from gisplan.io.archives import unpacked_shapefile
from gisplan.io.formats import VECTORS
from gisplan.io.geojson import read_content
from gisplan.io.geopackage import count_rows, list_tables
from gisplan.io.kml import read_placemarks
from gisplan.io.rows import Evidence, IssueLog, Rows, header_score, refuse_headless
from gisplan.io.shapefile import check_parts, part_beside
from gisplan.io.shapes import DrawnLog, mend_shapes
from gisplan.io.sheets import LIMIT_MB, MEGABYTE
from gisplan.io.text import cell_text
from gisplan.io.wkb import too_deep

# GDAL chooses its driver by content, and some drivers follow addresses found in a file: so
# the content has to be what the suffix says before GDAL sees it.
_MAGIC: Final = {
    ".gpkg": b"SQLite format 3\0",
    ".shp": b"\x00\x00\x27\x0a",
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".kmz": b"PK\x03\x04",
    ".zip": b"PK\x03\x04",
}
_MOST_CELLS: Final = 20_000_000
"""Cells of a GeoParquet file, whose repetitions take no room on disk but do in memory."""
Notes = Mapping[str, Sequence[int]]
"""Positions of features by the code of an issue found while their file was read."""
_WHOLE_NUMBERS: Final = {"integer_object_nulls": True}
"""How Arrow gives whole numbers of which some are missing: as floats long ids lose digits."""
_WHOLE_FLOAT: Final = 2**53
"""Whole numbers up to here are floats, too."""
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
        Name of the layer of a GeoPackage, or of the shapefile in a .zip; by default the first
        that has names or ids.

    Raises
    ------
    ProjectsError
        Where the content is not what the suffix says, is damaged, or has no column of
        names or ids.
    MissingExtra
        ``projects_extra`` for GeoParquet without pyarrow.
    """
    evidence: list[Evidence] = []
    frame, notes, layer = _features(path, encoding, layer, evidence)
    return _to_rows(frame, path, layer or "", evidence, notes)


def read_layer(path: Path, *, layer: str | None = None) -> GeoDataFrame:
    """Read a layer of a plan: geometry and attributes as they are, in the file's own CRS.

    The same files are refused as by `read_vectors`; a column of names is not asked for.
    """
    if layer is None and path.suffix.lower() == ".gpkg":
        _check_content(path, ".gpkg")
        names = list(list_tables(path))
        layer = names[0] if len(names) == 1 else None  # no choice, so no header to choose by
    frame, _, _ = _features(path, None, layer, [])
    if not isinstance(frame, GeoDataFrame):
        raise ProjectsError("projects_unreadable", file=path.name)
    return frame


def _features(
    path: Path, encoding: str | None, layer: str | None, evidence: list[Evidence]
) -> tuple[pd.DataFrame, Notes, str | None]:
    """Read a file by its suffix: features, what was noted about them, layer name."""
    suffix = path.suffix.lower()
    if suffix not in VECTORS:
        raise ProjectsError("projects_suffix", file=path.name, suffix=suffix or "-", allowed=" ")
    _check_content(path, suffix)
    if suffix in (".kml", ".kmz"):
        return *_from_placemarks(path), layer
    if suffix in (".parquet", ".geoparquet"):
        return _from_parquet(path), {}, layer
    if suffix == ".shp":
        return *_from_shapefile(path, encoding, evidence), layer
    if suffix == ".zip":
        with unpacked_shapefile(path, layer, evidence) as (part, name):
            return *_from_shapefile(part, encoding, evidence), name
    if suffix == ".gpkg":
        layer = _choose_layer(path, layer, evidence)
        return *_read_geopackage(path, layer), layer
    content = read_content(path, encoding, evidence)
    frame, notes = _read(content.text.encode("utf-8", "replace"), path)
    if content.left and isinstance(frame, GeoDataFrame):
        evidence.append(("crs_link_left", content.left))
        cells = pd.DataFrame(frame.drop(columns=frame.geometry.name))
        frame = GeoDataFrame(cells, geometry=np.asarray(frame.geometry))
    return frame, notes, layer


def _to_rows(
    frame: pd.DataFrame, path: Path, layer: str, evidence: list[Evidence], notes: Notes
) -> tuple[Rows, IssueLog]:
    geometry = frame.geometry if isinstance(frame, geopandas.GeoDataFrame) else None
    names = [name for name in frame.columns if geometry is None or name != geometry.name]
    titles = [str(name) for name in names]
    if not header_score(titles):
        raise refuse_headless(path.name, titles)
    try:
        with _one_error(path):  # Arrow decodes a text when it is asked for
            columns = [[_attribute(value) for value in frame[name].tolist()] for name in names]
    except UnicodeDecodeError as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    cells = [list(row) for row in zip(*columns, strict=True)]
    log = DrawnLog(path.name, layer)
    rows = Rows(path.name, layer, titles, cells, list(range(1, len(frame) + 1)))
    rows.evidence = evidence
    for code, positions in notes.items():
        for position in positions:
            log.add(code, position + 1, column="geometry")
    if geometry is not None:
        rows.crs = pyproj.CRS(geometry.crs) if geometry.crs is not None else None
        drawn = np.asarray(geometry, dtype=object)
        if high := int(shapely.has_z(drawn).sum()):
            evidence.append(("heights_left", str(high)))
        rows.geometry = mend_shapes(drawn, rows.crs, log, rows.numbers)
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


def _choose_layer(path: Path, wanted: str | None, evidence: list[Evidence]) -> str:
    fields = list_tables(path)
    names = list(fields)
    if wanted is not None and wanted not in names:
        found = tuple(names)
        raise ProjectsError("projects_no_sheet", file=path.name, sheet=wanted, found=found)
    chosen = wanted or next((name for name in names if header_score(fields[name])), None)
    if chosen is None:
        raise refuse_headless(path.name, [title for name in names for title in fields[name]])
    evidence.append(("layer", chosen))
    left = [name for name in names if name != chosen]
    if left:
        evidence.append(("layers_left", "、".join(left)))
    return chosen


# --- readers by format ----------------------------------------------------------------------


def _read(
    source: Path | bytes, path: Path, *, layer: str | None = None, encoding: str | None = None
) -> tuple[pd.DataFrame, Notes]:
    """Read a layer through GDAL; also tell which features had a ring closed for them.

    Arrow is used where it is installed, because the other way trusts the count that a
    GeoPackage keeps of its rows, and loses those it does not count. Not for a shapefile:
    its encoding is found by trial, and Arrow would not decode until later.
    """
    arrow = _has_arrow() and path.suffix.lower() != ".shp"
    options: dict[str, Any] = {"layer": layer, "encoding": encoding, "use_arrow": arrow}
    options["mixed_offsets_as_utc"] = False  # each moment is read with the offset it has
    if arrow:
        options["arrow_to_pandas_kwargs"] = _WHOLE_NUMBERS
    if isinstance(source, Path):
        source = _plain_path(source)
        if source.suffix.lower() == ".gpkg":
            options["list_all_tables"] = "NO"
    with _one_error(path), warnings.catch_warnings():
        # GDAL warns about rings; they are found below, feature by feature.
        warnings.simplefilter("ignore")
        try:
            frame = pyogrio.read_dataframe(source, on_invalid="raise", **options)
            return frame if arrow else _with_whole_numbers(frame, source, path, options), {}
        except shapely.errors.GEOSException:
            frame = pyogrio.read_dataframe(source, on_invalid="fix", **options)
            frame = frame if arrow else _with_whole_numbers(frame, source, path, options)
            strict = pyogrio.read_dataframe(source, on_invalid="ignore", **options)
    mended = frame.geometry.notna().to_numpy() & strict.geometry.isna().to_numpy()
    return frame, {"GP-INT-016": np.flatnonzero(mended).tolist()}


def _with_whole_numbers(
    frame: pd.DataFrame, source: Path | bytes, path: Path, options: Mapping[str, Any]
) -> pd.DataFrame:
    """Read long whole numbers of which some are missing once more, by Arrow: see above."""
    long = [
        name
        for name, kind in frame.dtypes.items()
        if kind == np.float64 and (frame[name].abs() >= _WHOLE_FLOAT).any()
    ]
    if not long:
        return frame
    told = pyogrio.read_info(source, layer=options["layer"], encoding=options["encoding"])
    kinds = dict(zip(told["fields"], told["ogr_types"], strict=True))
    lost = [name for name in long if kinds[name].startswith("OFTInteger")]
    if not lost:
        return frame
    if not _has_arrow():
        suffix = path.suffix
        raise MissingExtra("projects_extra", suffix=suffix, library="pyarrow", extra="parquet")
    again = {"use_arrow": True, "arrow_to_pandas_kwargs": _WHOLE_NUMBERS, "read_geometry": False}
    read = pyogrio.read_dataframe(source, columns=lost, **{**options, **again})
    return frame.assign(**{str(name): read[name].to_numpy() for name in lost})


@contextmanager
def _one_error(path: Path) -> Iterator[None]:
    """Turn whatever a reader says of a damaged file into one error; wrong encoding goes on."""
    try:
        yield
    except UnicodeDecodeError:
        raise
    except _read_errors() as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None


def _read_errors() -> tuple[type[Exception], ...]:
    if not _has_arrow():
        return _READ_ERRORS
    import pyarrow

    return (*_READ_ERRORS, pyarrow.ArrowException)


def _plain_path(path: Path) -> Path:
    """Return a path that no driver takes for an address: ``PG:x.gpkg`` is only a name."""
    absolute = path.absolute()
    if set("!;") & set(str(absolute)):  # pyogrio takes them for parts of an address
        raise ProjectsError("projects_bang", file=path.name)
    return absolute


def _read_geopackage(path: Path, layer: str) -> tuple[pd.DataFrame, Notes]:
    """Read all rows of a layer; the count that the file keeps of them may be wrong."""
    rows = count_rows(path, layer)
    frame, notes = _read(path, path, layer=layer)
    if len(frame) != rows:
        raise ProjectsError("projects_broken", file=path.name, reason=f"{len(frame)} / {rows}")
    return frame, notes


def _from_shapefile(
    path: Path, encoding: str | None, evidence: list[Evidence]
) -> tuple[pd.DataFrame, Notes]:
    check_parts(path)
    if encoding is not None:
        evidence.append(("encoding_declared", encoding))
        tries: tuple[str | None, ...] = (encoding,)
    elif part_beside(path, ".cpg") is not None:
        tries = (None,)
    else:
        tries = ("utf-8", "gb18030")
    for name in tries:
        try:
            found = _read(path, path, encoding=name)
        except UnicodeDecodeError:
            continue
        if len(tries) > 1 and name is not None:
            evidence.append(("encoding_inferred", name))
        return found
    raise ProjectsError("encoding_wrong", file=path.name, encoding=encoding or ".cpg")


def _from_placemarks(path: Path) -> tuple[pd.DataFrame, Notes]:
    marks = read_placemarks(path)
    if not marks:
        raise ProjectsError("projects_empty", file=path.name)
    names = list(dict.fromkeys(name for mark in marks for name in mark.fields if name))
    columns = {name: [mark.fields.get(name, "") for mark in marks] for name in names}
    filled = {name: cells for name, cells in columns.items() if any(cells) or name == "name"}
    shapes: list[Any] = [mark.shape for mark in marks]
    notes: dict[str, list[int]] = {}
    for position, mark in enumerate(marks):
        for code in mark.notes:
            notes.setdefault(code, []).append(position)
    return geopandas.GeoDataFrame(filled, geometry=GeoSeries(shapes, crs=WGS84)), notes


def _from_parquet(path: Path) -> pd.DataFrame:
    if not _has_arrow():
        suffix = path.suffix
        raise MissingExtra("projects_extra", suffix=suffix, library="pyarrow", extra="parquet")
    with _one_error(path):
        read: Any = geopandas.read_parquet if _check_parquet(path) else pd.read_parquet
        try:
            return cast("pd.DataFrame", read(path, to_pandas_kwargs=_WHOLE_NUMBERS))
        except (AttributeError, KeyError, TypeError):
            # pandas noted kinds of its own beside the columns that it does not know again.
            plainly = {**_WHOLE_NUMBERS, "ignore_metadata": True}
            return cast("pd.DataFrame", read(path, to_pandas_kwargs=plainly))


def _check_parquet(path: Path) -> bool:
    """Refuse what would not fit in memory or end the process; tell whether there is geometry."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        if file.metadata.num_rows * max(file.metadata.num_columns, 1) > _MOST_CELLS:
            raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
        described = (file.schema_arrow.metadata or {}).get(b"geo")
        if described is None:
            return False
        try:
            columns = list(json.loads(described).get("columns", {}))
        except (ValueError, TypeError, AttributeError) as error:
            raise ProjectsError("projects_broken", file=path.name, reason=error) from None
        for name in columns:
            for batch in file.iter_batches(columns=[name]):
                blobs = batch.column(0).to_pylist() if batch.num_columns else []
                if any(isinstance(blob, bytes) and too_deep(blob) for blob in blobs):
                    raise ProjectsError("projects_too_deep", file=path.name)
    return True


def _has_arrow() -> bool:
    return find_spec("pyarrow") is not None
