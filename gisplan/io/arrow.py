"""Parquet and GeoParquet batch by batch: plain columns are taken as they are, all else as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.crs import WGS84, NamedCrs, outside_area_of_use, parse_crs
from gisplan.errors import ProjectsError
from gisplan.industries import normalise_codes
from gisplan.io.batches import BATCH, Batch, batch_of, need_arrow
from gisplan.io.coordinates import LAT_OF_CHINA, LON_OF_CHINA
from gisplan.io.projects import take_rows
from gisplan.io.rows import IssueLog, Rows
from gisplan.io.text import (
    cell_text,
    is_blank,
    match_headers,
    normalise,
    parse_length,
    split_header,
    units,
)
from gisplan.io.wkb import too_deep

Floats = NDArray[np.float64]

_FIELDS: Final = ("id", "name", "industry", "industry_code", "accuracy")
_PLACES: Final = ("lon", "lat")


class Layout(NamedTuple):
    """Where a Parquet file has what a check needs: titles by field, geometry and its system."""

    titles: tuple[str, ...]
    fields: dict[str, int]
    geometry: str | None
    crs: pyproj.CRS | None
    encoding: str


def layout_of(path: Path) -> Layout:
    """Read the schema of a Parquet file.

    Raises
    ------
    ProjectsError
        ``projects_broken`` for no Parquet, ``stream_no_places`` without longitude and
        latitude or geometry.
    """
    arrow = need_arrow(path.suffix)
    try:
        schema = arrow.parquet.read_schema(path)
    except (arrow.ArrowException, OSError) as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    described = json.loads((schema.metadata or {}).get(b"geo", b"null"))
    geometry, crs, encoding = None, None, ""
    if described:
        geometry = described["primary_column"]
        column = described["columns"][geometry]
        encoding = column.get("encoding", "WKB")
        own = column.get("crs", "OGC:CRS84")
        crs = pyproj.CRS.from_user_input(own) if own is not None else None
    titles = tuple(name for name in schema.names if name != geometry)
    fields = match_headers(titles)
    if geometry is None and not {"lon", "lat"} <= set(fields):
        raise ProjectsError("stream_no_places", file=path.name)
    return Layout(titles, fields, geometry, crs, encoding)


def arrow_batches(
    path: Path,
    *,
    crs: str | None = None,
    groups: Sequence[int] | None = None,
    rows: int = BATCH,
) -> Iterator[Batch]:
    """Read a Parquet file by batches.

    Parameters
    ----------
    path
        The file: columns of longitude and latitude under titles that `intake` knows, or
        a GeoParquet geometry.
    crs
        System of the coordinates; wins over that of the file.
    groups
        Row groups to read; by default all.
    rows
        Most rows in a batch.
    """
    arrow, layout = need_arrow(path.suffix), layout_of(path)
    declared = parse_crs(crs) if crs is not None else None
    try:
        with arrow.parquet.ParquetFile(path) as file:
            chosen = list(groups) if groups is not None else list(range(file.num_row_groups))
            done = sum(file.metadata.row_group(at).num_rows for at in range(min(chosen, default=0)))
            described = (file.schema_arrow.metadata or {}).get(b"geo")
            metadata = {b"geo": described} if described else None
            for one in file.iter_batches(rows, row_groups=chosen, use_threads=False):
                table = arrow.Table.from_batches([one]).replace_schema_metadata(metadata)
                yield _batch(table, layout, declared, path.name, done)
                done += len(table)
    except arrow.ArrowException as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None


def _batch(table: Any, layout: Layout, declared: NamedCrs | None, file: str, done: int) -> Batch:
    shapes = _shapes(table, layout, file) if layout.geometry else None
    x, y = _points(shapes) if shapes is not None else _degrees(table, layout)
    named = declared or parse_crs(layout.crs if layout.crs is not None else WGS84)
    if x is None or y is None or not _plain(x, y, shapes, named):
        return _as_text(table, layout, declared, (file, done), shapes)
    return Batch(_projects(table, layout, np.isfinite(x)), x, y, None, named.crs, table)


def _degrees(table: Any, layout: Layout) -> tuple[Floats | None, Floats | None]:
    import pyarrow as pa

    columns = [table.column(layout.titles[layout.fields[name]]) for name in _PLACES]
    if not all(pa.types.is_floating(one.type) for one in columns):
        return None, None
    x, y = (_numbers(one) for one in columns)
    return x, y


def _numbers(column: Any) -> Floats:
    return np.concatenate(
        [np.empty(0), *(one.to_numpy(zero_copy_only=False) for one in column.chunks)]
    ).astype(float, copy=False)


def _shapes(table: Any, layout: Layout, file: str) -> NDArray[np.object_] | None:
    """Read drawn geometry; ``None`` where the file holds bare points (GeoArrow)."""
    column = table.column(layout.geometry)
    if layout.encoding.upper() != "WKB":
        raise ProjectsError("stream_encoding", file=file, encoding=layout.encoding)
    blobs = column.to_numpy(zero_copy_only=False) if hasattr(column, "to_numpy") else column
    if any(len(blob) > 1 << 12 and too_deep(blob) for blob in blobs if blob is not None):
        raise ProjectsError("projects_too_deep", file=file)
    try:
        return np.asarray(shapely.from_wkb(blobs), dtype=object)
    except shapely.errors.GEOSException as error:
        raise ProjectsError("projects_broken", file=file, reason=error) from None


def _points(shapes: NDArray[np.object_]) -> tuple[Floats | None, Floats | None]:
    kinds = shapely.get_type_id(shapes)
    if not np.isin(kinds, (-1, 0)).all() or shapely.has_z(shapes).any():
        return None, None
    return shapely.get_x(shapes), shapely.get_y(shapes)


def _plain(x: Floats, y: Floats, shapes: Any, named: NamedCrs) -> bool:
    """Tell whether there is no doubt how each place is to be read."""
    if named.offset != "none" or len(x) == 0 or (shapes is None and not named.is_geographic):
        return False
    missing = np.isnan(x) & np.isnan(y)
    if shapes is None and missing.any():
        return False  # a row without coordinates has an issue of its own
    x, y = x[~missing], y[~missing]
    if named.is_geographic:
        lon, lat = LON_OF_CHINA, LAT_OF_CHINA
        inside = (x >= lon[0]) & (x <= lon[1]) & (y >= lat[0]) & (y <= lat[1])
        return bool(inside.all()) and not outside_area_of_use(x, y, named.crs).any()
    apart = (y > 1.5e6) & (y < 6.5e6) & (x > 1.5e5) & (x < 8.5e5)
    geodetic = named.crs.geodetic_crs
    if geodetic is None or not apart.all():
        return False
    change = pyproj.Transformer.from_crs(named.crs, geodetic, always_xy=True)
    return not outside_area_of_use(*change.transform(x, y), named.crs).any()


def _projects(table: Any, layout: Layout, placed: NDArray[np.bool_]) -> pd.DataFrame:
    """Text and numbers of plain rows, with the issues that `intake` would find in them."""
    columns: dict[str, Any] = {}
    issues = np.zeros((len(table), 4), dtype=bool)
    for field in ("industry", "industry_code"):
        columns[field] = _text(table, layout, field)
    if "industry_code" in layout.fields:
        stated = columns["industry_code"]
        codes = {one: normalise_codes(normalise(one)) for one in stated.dropna().unique()}
        read = stated.map(codes).astype("str")
        issues[:, 2] = (stated.notna() & read.isna()).to_numpy()
        columns["industry_code"] = read
    columns["accuracy"], issues[:, 1] = _accuracy(table, layout)
    if "name" in layout.fields:
        issues[:, 0] = _blank(table.column(layout.titles[layout.fields["name"]]))
    issues[:, 3] = ~placed
    told = ("GP-INT-020", "GP-INT-033", "GP-INT-034", "GP-INT-001")
    keys = issues @ (1 << np.arange(4))
    words = ["|".join(sorted(code for at, code in enumerate(told) if key >> at & 1))
             for key in range(16)]  # fmt: skip
    columns["intake_issues"] = pd.array(words, dtype="str").take(keys)
    return pd.DataFrame(columns)


def _text(table: Any, layout: Layout, field: str) -> pd.Series:
    if field not in layout.fields:
        return pd.Series(pd.array([None] * len(table), dtype="str"))
    column = table.column(layout.titles[layout.fields[field]])
    which, unique = pd.factorize(pd.Series(column.to_pandas()))
    cells = [cell_text(one) or None for one in unique] + [None]
    return pd.Series(pd.array(cells, dtype="str").take(which))


def _blank(column: Any) -> NDArray[np.bool_]:
    """Tell which names are blank; names are many, so only what can be is looked at.

    No word for nothing has a digit, or eight letters, unless spaces or marks fill it up.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return np.array([is_blank(cell_text(one)) for one in column.to_pylist()], dtype=bool)
    short = pc.or_(
        pc.less(pc.utf8_length(column), 8), pc.match_substring_regex(column, r"[\p{Z}\p{C}]")
    )
    may_be = pc.and_not(short, pc.match_substring_regex(column, "[0-9]"))
    blank = np.zeros(len(column), dtype=bool)
    at = np.flatnonzero(pc.fill_null(may_be, True).to_numpy(zero_copy_only=False))
    blank[at] = [is_blank(cell_text(one)) for one in column.take(pa.array(at)).to_pylist()]
    return blank


def _accuracy(table: Any, layout: Layout) -> tuple[Floats, NDArray[np.bool_]]:
    nothing = np.full(len(table), np.nan), np.zeros(len(table), dtype=bool)
    if "accuracy" not in layout.fields:
        return nothing
    title = layout.titles[layout.fields["accuracy"]]
    unit = units("length").get(split_header(title).note, 1.0)
    which, unique = pd.factorize(pd.Series(table.column(title).to_pandas()))
    cells = [cell_text(one) for one in unique] + [""]
    read = [parse_length(cell, unit=unit)[0] or np.nan if cell else np.nan for cell in cells]
    stated = np.array([bool(cell) for cell in cells])[which]
    metres = np.array(read, dtype=float)[which]
    return metres, stated & np.isnan(metres)


def _as_text(
    table: Any, layout: Layout, declared: NamedCrs | None, origin: tuple[str, int], shapes: Any
) -> Batch:
    """Read a batch as `intake` reads a list: cell by cell."""
    file, done = origin
    columns = [[cell_text(one) for one in table.column(name).to_pylist()] for name in layout.titles]
    cells = [list(row) for row in zip(*columns, strict=True)] if columns else [[]] * len(table)
    rows = Rows(file, "", list(layout.titles), cells, list(range(done + 1, done + len(table) + 1)))
    log = IssueLog(file, "")
    if shapes is not None:
        rows.geometry, rows.crs = shapes, layout.crs
    read = take_rows(rows, log, declared=declared)
    return batch_of(read)._replace(passing=table)
