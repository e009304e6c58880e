"""Lists longer than memory, read a batch at a time: the same rows, places and issues as at once.

What a list says as a whole (its system, the order of its axes) is read of the first batch;
where a later one says otherwise the list is refused, never read two ways. Names and ids that
occur twice, and totals, are not looked for: that takes the whole list.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.crs import NamedCrs, parse_crs
from gisplan.errors import MissingExtra, ProjectsError
from gisplan.io.body import take_table
from gisplan.io.delimited import HEAD_LINES, SEP_LINE, find_delimiter
from gisplan.io.header import Heading, find_heading
from gisplan.io.projects import Intake, take_rows
from gisplan.io.rows import Grid, refuse_headless
from gisplan.io.text import cell_text, decode
from gisplan.terms import SEPARATOR

Floats = NDArray[np.float64]

BATCH: Final = 1 << 16
"""Rows read and checked at a time."""
TEXT: Final = (".csv", ".tsv", ".txt")
PARQUET: Final = (".parquet", ".geoparquet")
_WHOLE_LIST: Final = frozenset({"GP-INT-021", "GP-INT-065", "GP-INT-068"})
"""Issues that only the whole list can show."""
_LASTING: Final = ("crs_", "axes_swapped", "axes_survey")
_TURNS: Final = ("crs_contradicted", "crs_offset_hint")


class Batch(NamedTuple):
    """Rows of a list: *projects* with their text fields, and where they are.

    Points are ``x`` and ``y`` in ``crs`` (NaN without a place); ``geometries`` holds
    everything where something else than points is drawn, else ``None``. ``passing`` is
    what goes through to the result, an Arrow table.
    """

    projects: pd.DataFrame
    x: Floats
    y: Floats
    geometries: NDArray[np.object_] | None
    crs: pyproj.CRS
    passing: Any


def text_batches(
    path: Path, *, crs: str | None = None, encoding: str | None = None, rows: int = BATCH
) -> Iterator[Batch]:
    """Read delimited text by batches, strictly, in any encoding that `intake` reads.

    Raises
    ------
    ProjectsError
        As `gisplan.io.projects.intake`; ``stream_changes`` where a later batch reads
        otherwise than the first.
    """
    declared = parse_crs(crs) if crs is not None else None
    found = find_encoding(path, encoding)
    with path.open(encoding=found, newline="") as opened:
        opened.read(1) if found == "utf-8" and _has_mark(path) else None
        start = opened.tell()
        head = "".join(itertools.islice(opened, HEAD_LINES))
        opened.seek(start)
        stated = SEP_LINE.match(head)
        if stated:
            opened.readline()
        mark = stated["mark"] if stated else find_delimiter(head, path)
        reader = csv.reader(opened, delimiter=mark, strict=True)
        yield from _of_records(reader, path, declared, rows)


def find_encoding(path: Path, encoding: str | None) -> str:
    """Find the encoding of a file of any size, by the chain of `gisplan.io.text.decode`."""
    with path.open("rb") as opened:
        head = opened.read(1 << 16)
    if b"\0" not in head:
        head = head[: head.rfind(b"\n") + 1] or head
    if encoding is not None or head.startswith((codecs.BOM_UTF8, b"\xff\xfe", b"\xfe\xff")):
        return decode(head, encoding=encoding, place=path.name).encoding
    if b"\0" in head:
        return decode(head, place=path.name).encoding
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    return decode(path.read_bytes(), place=path.name).encoding  # raises, naming the line


def _has_mark(path: Path) -> bool:
    with path.open("rb") as opened:
        return opened.read(3) == codecs.BOM_UTF8


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as opened:
            while chunk := opened.read(1 << 22):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _of_records(reader: Any, path: Path, declared: NamedCrs | None, rows: int) -> Iterator[Batch]:
    first = _take(reader, rows, path)
    heading = find_heading(first)
    if heading is None:
        raise refuse_headless(path.name, first[0] if first else [])
    titles = first[: heading.last + 1]
    width = max(map(len, titles[heading.first :]))
    lasting: tuple[tuple[str, str], ...] | None = None
    cells, done = first[heading.last + 1 :], 0
    while cells:
        grid = Grid("", [*titles, *cells], width=width)
        read, said = _read(grid, heading, path.name, declared)
        if read is not None:
            if lasting is not None and said and said != lasting:
                at = f"{done + len(titles) + 1}-{done + len(titles) + len(cells)}"
                raise ProjectsError("stream_changes", file=path.name, rows=at)
            lasting = lasting or said
            read.projects["row"] += done
            yield batch_of(read)
        done += len(cells)
        cells = _take(reader, rows, path)
    if lasting is None and not done:
        raise ProjectsError("projects_empty", file=path.name)


def _take(reader: Any, rows: int, path: Path) -> list[list[str]]:
    try:
        return [[cell_text(cell) for cell in row] for row in itertools.islice(reader, rows)]
    except csv.Error as error:
        reason = f"{error} ({reader.line_num})"
        raise ProjectsError("projects_broken", file=path.name, reason=reason) from None
    except UnicodeDecodeError as error:
        raise ProjectsError("encoding_wrong", file=path.name, encoding=error.encoding) from None


def _read(
    grid: Grid, heading: Heading, file: str, declared: NamedCrs | None
) -> tuple[Intake | None, tuple[tuple[str, str], ...]]:
    rows, log = take_table(grid, heading, file)
    if not rows.cells:
        return None, ()
    read = take_rows(rows, log, declared=declared)
    # A batch without any place says nothing of how places are written.
    placed = bool(read.projects.geometry.notna().any())
    said = [one for one in read.evidence if one[0].startswith(_LASTING) and one[0] not in _TURNS]
    return read, tuple(sorted(said)) if placed else ()


def batch_of(read: Intake) -> Batch:
    """Take a batch that was read as a list is; what passes on are its own columns."""
    import pyarrow as pa

    projects = read.projects
    codes = projects["intake_issues"].fillna("").map(_of_rows).to_numpy()
    plain = pd.DataFrame(projects.drop(columns=projects.geometry.name)).assign(intake_issues=codes)
    shapes = np.asarray(projects.geometry.array, dtype=object)
    points = bool(np.isin(shapely.get_type_id(shapes), (-1, 0)).all())
    x, y = (shapely.get_x(shapes), shapely.get_y(shapes)) if points else (np.empty(0),) * 2
    own = ["row", "id", "name", "industry", "industry_code"]
    passing = pa.table({name: pa.array(plain[name], from_pandas=True) for name in own})
    passing = passing.cast(
        pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in own])
    )
    crs = pyproj.CRS(projects.crs)
    if points:
        names = ("lon", "lat") if crs.is_geographic else ("x", "y")
        for name, values in zip(names, (x, y), strict=True):
            passing = passing.append_column(name, pa.array(values, from_pandas=True))
    return Batch(plain, x, y, None if points else shapes, crs, passing)


def _of_rows(codes: str) -> str:
    return SEPARATOR.join(code for code in codes.split(SEPARATOR) if code not in _WHOLE_LIST)


def need_arrow(suffix: str) -> Any:
    """Return pyarrow, or say which extra brings it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra(
            "projects_extra", suffix=suffix, library="pyarrow", extra="parquet"
        ) from None
    return pyarrow
