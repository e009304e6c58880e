"""Parquet and GeoParquet batch by batch: plain columns are taken as they are, all else as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.columns import Coded, Column, Columns
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
from gisplan.terms import SEPARATOR

Floats = NDArray[np.float64]

_FIELDS: Final = ("id", "name", "industry", "industry_code", "accuracy")
_PLACES: Final = ("lon", "lat")
_FEW: Final = ("industry", "industry_code")
_POINT: Final = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])
"""The WKB of a point; little-endian (1) and of type 1 as nearly everybody writes it."""


class Layout(NamedTuple):
    """Where a Parquet file has what a check needs: titles by field, geometry and its system."""

    titles: tuple[str, ...]
    fields: dict[str, int]
    geometry: str | None
    crs: pyproj.CRS | None
    encoding: str


def _described(schema: Any) -> tuple[str | None, pyproj.CRS | None, str]:
    """Read what GeoParquet says of its geometry: name, system and encoding; of none, nothing."""
    described = json.loads((schema.metadata or {}).get(b"geo", b"null"))
    if not described:
        return None, None, ""
    geometry = described["primary_column"]
    column = described["columns"][schema.field(geometry).name]
    own = column.get("crs", "OGC:CRS84")
    crs = pyproj.CRS.from_user_input(own) if own is not None else None
    return geometry, crs, column.get("encoding", "WKB")


def layout_of(path: Path) -> Layout:
    """Read the schema of a Parquet file.

    Raises
    ------
    ProjectsError
        ``projects_broken`` for no Parquet or a geometry that is not described as GeoParquet has
        it, ``stream_no_places`` without longitude and
        latitude or geometry.
    """
    arrow = need_arrow(path.suffix)
    try:
        schema = arrow.parquet.read_schema(path)
    except (arrow.ArrowException, OSError) as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    try:
        geometry, crs, encoding = _described(schema)
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
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
    fields: Collection[str] | None = None,
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
    fields
        Names by which `intake` knows the columns to read; by default every column is.
    """
    arrow, layout = need_arrow(path.suffix), layout_of(path)
    layout = layout if fields is None else _narrowed(layout, fields)
    drawn = [layout.geometry] if layout.geometry else []
    columns = None if fields is None else [*layout.titles, *drawn]
    declared = parse_crs(crs) if crs is not None else None
    try:
        # Few different words are read as such, and never spelt out.
        few = [layout.titles[layout.fields[name]] for name in _FEW if name in layout.fields]
        # Pages are read as they are needed, not those of all row groups ahead.
        words = _texts(path, few)
        with arrow.parquet.ParquetFile(path, read_dictionary=words, pre_buffer=False) as file:
            chosen = list(groups) if groups is not None else list(range(file.num_row_groups))
            done = sum(file.metadata.row_group(at).num_rows for at in range(min(chosen, default=0)))
            described = (file.schema_arrow.metadata or {}).get(b"geo")
            metadata = {b"geo": described} if described else None
            for one in file.iter_batches(rows, chosen, columns, use_threads=False):
                table = arrow.Table.from_batches([one]).replace_schema_metadata(metadata)
                yield _batch(table, layout, declared, path.name, done)
                done += len(table)
    except arrow.ArrowException as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None


def _narrowed(layout: Layout, fields: Collection[str]) -> Layout:
    """Return the layout of a file of which only some columns are read."""
    kept = {field: at for field, at in layout.fields.items() if field in fields}
    order = sorted(kept.values())
    titles = tuple(layout.titles[at] for at in order)
    return layout._replace(
        titles=titles, fields={field: order.index(at) for field, at in kept.items()}
    )


def _batch(table: Any, layout: Layout, declared: NamedCrs | None, file: str, done: int) -> Batch:
    bare = _bare_points(table.column(layout.geometry)) if layout.geometry else None
    shapes = _shapes(table, layout, file) if layout.geometry and bare is None else None
    if shapes is not None:
        x, y = _points(shapes)
    else:
        x, y = bare or _degrees(table, layout)
    named = declared or parse_crs(layout.crs if layout.crs is not None else WGS84)
    drawn = bool(layout.geometry)
    if x is None or y is None or not _plain(x, y, named, drawn=drawn):
        shapes = _shapes(table, layout, file) if bare is not None else shapes
        return _as_text(table, layout, declared, (file, done), shapes)
    return Batch(listed_of_rows(table, layout, np.isfinite(x)), x, y, None, named.crs, table)


def _degrees(table: Any, layout: Layout) -> tuple[Floats | None, Floats | None]:
    import pyarrow as pa

    columns = [table.column(layout.titles[layout.fields[name]]) for name in _PLACES]
    if not all(pa.types.is_floating(one.type) for one in columns):
        return None, None
    x, y = (_numbers(one) for one in columns)
    return x, y


def _numbers(column: Any) -> Floats:
    parts = [_floats(one) for one in column.chunks]
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts])


def _floats(array: Any) -> Floats:
    """Take numbers out of Arrow; NaN where one is missing (`to_numpy` would load pandas)."""
    import pyarrow as pa

    array = array.cast(pa.float64())
    found = np.frombuffer(array.buffers()[1], dtype=np.float64)
    found = found[array.offset : array.offset + len(array)]
    return np.where(_missing(array), np.nan, found) if array.null_count else found


def _missing(array: Any) -> NDArray[np.bool_]:
    """Tell which cells of an Arrow array are missing."""
    if not array.null_count:
        return np.zeros(len(array), dtype=bool)
    bits = np.frombuffer(array.buffers()[0], dtype=np.uint8)
    valid = np.unpackbits(bits, bitorder="little")[array.offset : array.offset + len(array)]
    return valid == 0


def _texts(path: Path, titles: Sequence[str]) -> list[str]:
    """Return those columns that hold text."""
    import pyarrow as pa
    import pyarrow.parquet

    schema = pyarrow.parquet.read_schema(path)
    return [one for one in titles if pa.types.is_string(schema.field(one).type)]


def _bare_points(column: Any) -> tuple[Floats, Floats] | None:
    """Read WKB that is plain points, all alike, straight from the bytes; else ``None``."""
    import pyarrow as pa

    x, y = (np.empty(len(column)) for _ in range(2))
    done = 0
    for chunk in column.chunks:
        if not pa.types.is_binary(chunk.type) or chunk.null_count:
            return None
        _, offsets, data = chunk.buffers()
        at = np.frombuffer(offsets, dtype=np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        if not len(chunk):
            continue
        if not (np.diff(at) == _POINT.itemsize).all():
            return None
        points = np.frombuffer(data, dtype=_POINT, count=len(chunk), offset=int(at[0]))
        if not ((points["order"] == 1).all() and (points["type"] == 1).all()):
            return None
        here = slice(done, done + len(chunk))
        x[here], y[here] = points["x"], points["y"]
        done += len(chunk)
    return x, y


def _shapes(table: Any, layout: Layout, file: str) -> NDArray[np.object_] | None:
    """Read drawn geometry; ``None`` where the file holds bare points (GeoArrow)."""
    column = table.column(layout.geometry)
    if layout.encoding.upper() != "WKB":
        raise ProjectsError("stream_encoding", file=file, encoding=layout.encoding)
    blobs = np.array(column.to_pylist(), dtype=object)
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


def _plain(x: Floats, y: Floats, named: NamedCrs, *, drawn: bool) -> bool:
    """Tell whether there is no doubt how each place is to be read."""
    if named.offset != "none" or len(x) == 0 or not (drawn or named.is_geographic):
        return False
    missing = np.isnan(x) & np.isnan(y)
    if missing.any():
        if not drawn:
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


def listed_of_rows(table: Any, layout: Layout, placed: NDArray[np.bool_]) -> Columns:
    """What plain rows say, with the issues that `intake` would find in them."""
    columns: dict[str, Column] = {}
    issues = np.where(placed, np.int8(0), np.int8(8))
    if "industry" in layout.fields:
        columns["industry"] = _coded(table, layout, "industry", lambda text: text)
    if "industry_code" in layout.fields:
        stated = _coded(table, layout, "industry_code", _said)
        read = _coded(
            table, layout, "industry_code",
            lambda text: normalise_codes(normalise(text)) if _said(text) else None,
        )  # fmt: skip
        issues += np.int8(4) * ((stated.codes >= 0) & (read.codes < 0))
        columns["industry_code"] = read
    if "accuracy" in layout.fields:
        columns["accuracy"], unread = _accuracy(table, layout)
        issues += np.int8(2) * unread
    if "name" in layout.fields:
        issues += _blank(table.column(layout.titles[layout.fields["name"]]))
    told = ("GP-INT-020", "GP-INT-033", "GP-INT-034", "GP-INT-001")
    words = [
        SEPARATOR.join(sorted(code for at, code in enumerate(told) if key >> at & 1))
        for key in range(1 << len(told))
    ]
    columns["intake_issues"] = Coded(issues, tuple(words))
    return Columns(columns, len(table))


def _said(text: str | None) -> str | None:
    return None if text is None or is_blank(text) else text


def _coded(
    table: Any, layout: Layout, field: str, read: Callable[[str | None], str | None]
) -> Coded:
    """Read a column of few different texts, each once."""
    entries, which = _different(table.column(layout.titles[layout.fields[field]]))
    known = Coded.of([read(text or None) for text in entries] + [None])
    return known.take(which)


def _different(column: Any) -> tuple[list[str], NDArray[np.int32]]:
    """Return the different cells of a column as text, and which one stands where (-1: none)."""
    import pyarrow as pa

    array = column.combine_chunks()
    array = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    which = _floats(array.indices)
    cells = [None if one != one else one for one in array.dictionary.to_pylist()]
    return [cell_text(one) for one in cells], np.nan_to_num(which, nan=-1).astype(np.int32)


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
    chosen = pc.fill_null(may_be, True).cast(pa.uint8()).combine_chunks()
    at = np.flatnonzero(np.frombuffer(chosen.buffers()[1], np.uint8)[: len(chosen)])
    blank[at] = [is_blank(cell_text(one)) for one in column.take(pa.array(at)).to_pylist()]
    return blank


def _accuracy(table: Any, layout: Layout) -> tuple[Floats, NDArray[np.bool_]]:
    title = layout.titles[layout.fields["accuracy"]]
    unit = units("length").get(split_header(title).note, 1.0)
    entries, which = _different(table.column(title))
    cells = [*entries, ""]
    read = [parse_length(cell, unit=unit)[0] or np.nan if cell else np.nan for cell in cells]
    stated = np.array([not is_blank(cell) for cell in cells])[which]
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
