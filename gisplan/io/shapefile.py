"""A shapefile is several files: all of them whole when read, all of them new when written."""

from __future__ import annotations

import secrets
import shutil
import struct
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gisplan.errors import OutputError, ProjectsError
from gisplan.io.flat import csv_text
from gisplan.io.tables import GIS_WRITE_ERRORS, gis_path, same_crs
from gisplan.io.writing import ready_target, sync
from gisplan.labels import Labels

NAME_BYTES: Final = 10
TEXT_BYTES: Final = 254
_MAGIC: Final = b"\x00\x00\x27\x0a"
_KINDS: Final = ("Point", "LineString", "Polygon")
_COMPANIONS: Final = (".sbn", ".sbx", ".qix", ".idm", ".ind", ".shp.xml")
"""Indexes and notes that other programs made for the old shapes: wrong beside new ones."""


class FieldName(NamedTuple):
    """A column, the name it has in the .dbf, and how many of its texts had to be cut."""

    column: str
    field: str
    cut: int = 0


# --- reading --------------------------------------------------------------------------------


def check_parts(path: Path) -> None:
    """Refuse a shapefile of which a part is missing or cut short: GDAL would fill with null."""
    parts = {suffix: part_beside(path, suffix) for suffix in (".shx", ".dbf")}
    missing = " ".join(suffix for suffix, part in parts.items() if part is None)
    if missing:
        raise ProjectsError("projects_shape_parts", file=path.name, missing=missing)
    heads = [_head(part) for part in (path, parts[".shx"], parts[".dbf"]) if part is not None]
    (shp, shp_size), (shx, shx_size), (dbf, dbf_size) = heads
    if shp[:4] != _MAGIC:
        raise ProjectsError("projects_disguised", file=path.name, suffix="shp")
    if len(shp) < 100 or len(shx) < 100 or len(dbf) < 32:
        raise ProjectsError("projects_broken", file=path.name, reason=".shp .shx .dbf")
    records, header, width = struct.unpack("<IHH", dbf[4:12])
    declared = 2 * struct.unpack(">I", shp[24:28])[0]
    shapes = (shx_size - 100) // 8
    cut = dbf_size < header + records * width or shp_size < declared
    if cut or shapes != records:
        reason = f".shp {shapes}, .dbf {records}"
        raise ProjectsError("projects_broken", file=path.name, reason=reason)


def _head(part: Path) -> tuple[bytes, int]:
    with part.open("rb") as opened:
        return opened.read(100), part.stat().st_size


def part_beside(path: Path, suffix: str) -> Path | None:
    """Return the part of a shapefile with a suffix, in whatever case it is written."""
    return next((p for p in path.parent.glob(f"{_literal(path.stem)}.*")
                 if p.suffix.lower() == suffix and p.stem == path.stem), None)  # fmt: skip


def _literal(stem: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in stem)


# --- writing --------------------------------------------------------------------------------


def write_shapefile(
    path: Path, frame: gpd.GeoDataFrame, labels: Labels,
    *, encoding: str = "UTF-8", day: str | None = None,
) -> tuple[FieldName, ...]:  # fmt: skip
    """Write a shapefile, with ``NAME_fields.csv`` beside it for the names that were cut.

    Every part is written and read back in a new folder first. Then the old .shp goes away
    before any other part is replaced, and the new one comes last: killed in between, there
    is no shapefile to be opened rather than one with the shapes of one run and the table of
    another, and the old parts lie in the hidden folder.

    Parameters
    ----------
    path
        The .shp.
    frame
        Columns of text and numbers, geometry of one kind; ``None`` stays a null shape.
    labels
        Words for the headers of the table of names.
    encoding
        Of the .dbf, told in the .cpg: ``"UTF-8"`` or ``"GBK"``.
    day
        Of the .dbf, ISO; by default today's. Of the same day the same frame has the same bytes.

    Returns
    -------
    tuple of FieldName
        One per column, in order.

    Raises
    ------
    OutputError
        ``output_mixed`` for several kinds of geometry, ``output_encoding`` for text that the
        encoding cannot hold, ``output_unsound`` where what was written reads back otherwise,
        ``output_folder`` where it cannot be written.
    """
    kind = _kind(path, frame)
    final = ready_target(path)
    gis_path(final)
    table, fields = _to_dbf(path, frame, encoding)
    folder = final.with_name(f".{final.stem[:40]}-{secrets.token_hex(4)}")
    try:
        folder.mkdir()
        _write_parts(folder / final.name, table, encoding, kind, day)
        _confirm(folder / final.name, table, path)
        told = csv_text(_told(fields, labels), labels)
        (folder / f"{final.stem}_fields.csv").write_text("\ufeff" + told, "utf-8", newline="")
        for part in sorted(folder.iterdir()):
            sync(part)
        _swap(folder, final)
    except OSError as error:
        raise OutputError("output_folder", path=path, reason=error.strerror or error) from error
    finally:
        # Old parts that could not go back are somebody's data: then the folder stays.
        if not any((folder / "old").glob("*")) or final.exists():
            shutil.rmtree(folder, ignore_errors=True)
    return fields


def field_names(columns: Sequence[str], encoding: str = "UTF-8") -> dict[str, str]:
    """Give each column a name of at most 10 bytes that no other has in any case.

    A name that fits is kept; a longer one is cut between characters, and where that is taken
    it ends in a number instead.

    Examples
    --------
    >>> field_names(["corridor", "corridor_distance", "corridor_dip"])
    {'corridor': 'corridor', 'corridor_distance': 'corridor_d', 'corridor_dip': 'corridor_1'}
    """
    plain = {column: _plain_name(column, encoding) for column in columns}
    names: dict[str, str] = {}
    taken: set[str] = set()
    for fits in (True, False):
        for column, name in plain.items():
            whole = name == column and _cut(name, NAME_BYTES, encoding) == name
            if column in names or whole is not fits:
                continue
            names[column] = _free_name(name, taken, encoding)
            taken.add(names[column].lower())
    return {column: names[column] for column in columns}


def _plain_name(column: str, encoding: str) -> str:
    kept = column.encode(encoding, "replace").decode(encoding)
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in kept) or "_"
    return f"F{name}" if name[0].isdigit() else name


def _free_name(name: str, taken: set[str], encoding: str) -> str:
    short, count = _cut(name, NAME_BYTES, encoding), 0
    while short.lower() in taken:
        count += 1
        tail = str(count)
        short = _cut(name, NAME_BYTES - len(tail), encoding) + tail
    return short


def _cut(text: str, limit: int, encoding: str) -> str:
    """Cut a text to a number of bytes, never inside a character."""
    data = text.encode(encoding)
    return text if len(data) <= limit else data[:limit].decode(encoding, "ignore")


def _kind(path: Path, frame: gpd.GeoDataFrame) -> str:
    drawn = np.asarray(frame.geometry.dropna(), dtype=object)
    dimensions = shapely.get_dimensions(drawn)
    found = [kind for at, kind in enumerate(_KINDS) if (dimensions == at).any()]
    if len(found) > 1:
        counts = ", ".join(f"{k} {int((dimensions == at).sum())}" for at, k in enumerate(_KINDS)
                           if k in found)  # fmt: skip
        raise OutputError("output_mixed", path=path, found=counts)
    return found[0] if found else _KINDS[0]


def _to_dbf(
    path: Path, frame: gpd.GeoDataFrame, encoding: str
) -> tuple[gpd.GeoDataFrame, tuple[FieldName, ...]]:
    """Return the frame as a .dbf can hold it, and what became of each column."""
    columns = [str(name) for name in frame.columns if name != frame.geometry.name]
    names = field_names(columns, encoding)
    cells: dict[str, Any] = {}
    fields = []
    for column in columns:
        values, cut = _to_cells(frame[column], encoding, path)
        cells[names[column]] = values
        fields.append(FieldName(column, names[column], cut))
    table = gpd.GeoDataFrame(cells, geometry=frame.geometry.to_numpy(), crs=frame.crs)
    return table, tuple(fields)


def _to_cells(series: pd.Series[Any], encoding: str, path: Path) -> tuple[Any, int]:
    if pd.api.types.is_bool_dtype(series):
        return series.astype("int32").to_numpy(), 0
    if pd.api.types.is_numeric_dtype(series):
        return series.to_numpy(), 0
    texts = [None if pd.isna(value) else str(value).replace("\0", "") for value in series]
    try:
        short = [text and _cut(text, TEXT_BYTES, encoding) for text in texts]
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        raise OutputError(
            "output_encoding", path=path, encoding=encoding, character=character
        ) from None
    cut = sum(before != after for before, after in zip(texts, short, strict=True))
    return np.array(short, dtype=object), cut


def _write_parts(
    path: Path, table: gpd.GeoDataFrame, encoding: str, kind: str, day: str | None
) -> None:
    dated = {"DBF_DATE_LAST_UPDATE": day} if day else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what was lost is found by reading back
            pyogrio.write_dataframe(
                table, gis_path(path), driver="ESRI Shapefile", encoding=encoding,
                geometry_type=kind if len(table) else "Point", **dated,
            )  # fmt: skip
    except GIS_WRITE_ERRORS as error:
        raise OSError(5, str(error)) from error


def _confirm(path: Path, table: gpd.GeoDataFrame, target: Path) -> None:
    """Read back what was written and compare all of it: GDAL cuts and rounds in silence."""
    try:
        check_parts(path)
        back = pyogrio.read_dataframe(gis_path(path))
    except (*GIS_WRITE_ERRORS, ProjectsError) as error:
        raise OutputError("output_unsound", path=target, reason=error) from None
    reasons = []
    if len(back) != len(table):
        reasons.append(f"{len(back)} / {len(table)}")
    elif not same_crs(back.crs, table.crs):
        reasons.append("CRS")
    else:
        held = [name for name in table.columns if name != "geometry"]
        reasons = [name for name in held if name not in back or not _same(back[name], table[name])]
        if not (back.geometry.isna() == table.geometry.isna()).all():
            reasons.append("geometry")
    if reasons:
        raise OutputError("output_unsound", path=target, reason=", ".join(reasons))


def _same(back: pd.Series[Any], wanted: pd.Series[Any]) -> bool:
    if pd.api.types.is_numeric_dtype(wanted):
        numbers = pd.to_numeric(back, errors="coerce").to_numpy(dtype=float)
        return bool(
            np.allclose(numbers, wanted.to_numpy(dtype=float), rtol=1e-9, atol=1e-9, equal_nan=True)
        )
    return _trimmed(back) == _trimmed(wanted)


def _trimmed(texts: Iterable[Any]) -> list[str]:
    """A .dbf fills its fields with blanks, so those at the end of a text are not kept."""
    return ["" if pd.isna(text) else str(text).rstrip(" ") for text in texts]


def _told(fields: Iterable[FieldName], labels: Labels) -> pd.DataFrame:
    rows: list[Mapping[str, Any]] = [
        {
            "dbf_field": one.field,
            "dbf_column": one.column,
            "title": labels.get(f"column.{one.column}") or one.column,
            "dbf_cut": one.cut,
        }
        for one in fields
    ]
    return pd.DataFrame(rows, columns=["dbf_field", "dbf_column", "title", "dbf_cut"])


def _swap(folder: Path, final: Path) -> None:
    """Put new parts in the place of old ones; where one cannot go, all old ones come back."""
    old = folder / "old"
    old.mkdir()
    new = sorted((p for p in folder.iterdir() if p != old), key=lambda p: p.suffix == ".shp")
    stale = [final, *(final.with_suffix(suffix) for suffix in _COMPANIONS)]
    stale += [final.with_name(part.name) for part in new if part.suffix != ".shp"]
    moved: list[Path] = []
    arrived: list[Path] = []
    try:
        for part in stale:  # the .shp first
            if part.exists():
                part.replace(old / part.name)
                moved.append(part)
        for part in new:  # the .shp last
            part.replace(final.with_name(part.name))
            arrived.append(final.with_name(part.name))
        sync(final.parent)
    except OSError:
        for part in arrived:
            with suppress(OSError):
                part.unlink()
        for part in reversed(moved):
            with suppress(OSError):
                (old / part.name).replace(part)
        raise
