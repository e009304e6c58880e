"""Lists longer than memory, read a batch at a time: the same rows, places and issues as at once.

What a list says as a whole (its system, the order of its axes) is read of the first batch;
where a later one says otherwise the list is refused, never read two ways. Names and ids that
occur twice, and totals, are not looked for: that takes the whole list.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.columns import Coded, Columns
from gisplan.crs import WGS84, NamedCrs, parse_crs
from gisplan.errors import MissingExtra, ProjectsError
from gisplan.io.body import take_table
from gisplan.io.delimited import HEAD_LINES, SEP_LINE, find_delimiter
from gisplan.io.header import Heading, find_heading
from gisplan.io.projects import Intake, take_rows
from gisplan.io.rows import Grid, refuse_headless
from gisplan.io.text import cell_text, decode, parse_number
from gisplan.terms import SEPARATOR

if TYPE_CHECKING:
    from gisplan.io.plain import PlainRows

Floats = NDArray[np.float64]

BATCH: Final = 1 << 16
"""Rows read and checked at a time."""
_FIRST: Final = 1 << 12
"""Rows of text of which it is learnt how the list is written."""
TEXT: Final = (".csv", ".tsv", ".txt")
PARQUET: Final = (".parquet", ".geoparquet")
READ: Final = ("accuracy", "industry", "industry_code", "intake_issues")
"""Columns of a list, besides the place, that a check reads."""
_WHOLE_LIST: Final = frozenset({"GP-INT-021", "GP-INT-065", "GP-INT-068"})
"""Issues that only the whole list can show."""
_LASTING: Final = ("crs_", "axes_swapped", "axes_survey")
_TURNS: Final = ("crs_contradicted", "crs_offset_hint")


class Batch(NamedTuple):
    """Rows of a list: what it says of them (*listed*, see `READ`), and where they are.

    Points are ``x`` and ``y`` in ``crs`` (NaN without a place); ``geometries`` holds
    everything where something else than points is drawn, else ``None``. ``passing`` is
    what goes through to the result, an Arrow table.
    """

    listed: Columns
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
    if not path.stat().st_size:
        raise ProjectsError("projects_empty_file", file=path.name)
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
        lines = _sound(opened, path, 2 if stated else 1)
        reader = csv.reader(lines, delimiter=mark, strict=True)
        yield from _of_records(reader, path, declared, rows)


def _sound(lines: Iterable[str], path: Path, first: int) -> Iterator[str]:
    """Yield lines; a zero byte is damage, as for a list that is read at once."""
    for number, line in enumerate(lines, start=first):
        if "\0" in line:
            raise ProjectsError("encoding_nul", file=path.name, line=number)
        yield line


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
    first = [_texts(one) for one in _take(reader, min(rows, _FIRST), path)]
    heading = find_heading(first)
    if heading is None:
        raise refuse_headless(path.name, first[0] if first else [])
    # A row of units below the titles belongs to every batch, or it would cost each a row.
    below = max(heading.last, *heading.units) + 1 if heading.units else heading.last + 1
    width = max(map(len, first[heading.first : heading.last + 1]))
    read = _Reading(path, declared, heading, first[:below], width)
    records, done = first[below:], 0
    while records:
        batch = read.batch(records, done)
        if batch is not None:
            yield batch
        done += len(records)
        records = _take(reader, rows, path)
    if not read.any and not done:
        raise ProjectsError("projects_empty", file=path.name)


class _Reading:
    """Reads batch after batch of one text, by columns where nothing is to be interpreted."""

    def __init__(
        self, path: Path, declared: NamedCrs | None, heading: Heading, titles: list[list[str]],
        width: int,
    ) -> None:  # fmt: skip
        self._path, self._declared = path, declared
        self._heading, self._titles, self._width = heading, titles, width
        self._lasting: tuple[tuple[str, str], ...] = ()
        self._plain: PlainRows | None = None
        self.any = False

    def batch(self, records: list[list[str]], done: int) -> Batch | None:
        """Return the projects among some records, of which *done* came before."""
        if self._plain is None:
            return self._cell_by_cell(records, done + np.arange(len(records)))
        plain = self._plain.find(records)
        if plain.sum() * 2 < len(records):
            return self._cell_by_cell(records, done + np.arange(len(records)))
        at, odd = np.flatnonzero(plain), np.flatnonzero(~plain)
        fast = self._plain.read(
            [records[row] for row in at] if len(odd) else records, self._numbers(done + at)
        )
        if not len(odd):
            return fast
        # What a list says as a whole, plain rows say too: these stand for all of them.
        beside = self._witnesses(records, at)
        chosen = np.sort(np.append(odd, beside))
        read = self._cell_by_cell([records[row] for row in chosen], done + chosen)
        return _merged(fast, read, self._numbers(done + beside)) if read is not None else fast

    def _numbers(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number rows as the user sees them, the first line of the file being 1."""
        return positions + len(self._titles) + 1

    def _witnesses(self, records: list[list[str]], plain: NDArray[np.int64]) -> NDArray[np.int64]:
        """Choose plain rows: one, and one with a number, by which sections are told apart."""
        assert self._plain is not None
        first = self._plain.first
        numbered = (int(row) for row in plain if parse_number(records[row][first]) is not None)
        return np.unique([int(plain[0]), next(numbered, int(plain[0]))])

    def _cell_by_cell(self, records: list[list[str]], positions: NDArray[np.int64]) -> Batch | None:
        """Read records as a list is read, and hold them to what the ones before said."""
        cells = [*self._titles, *map(_texts, records)]
        read, said = _read(
            Grid("", cells, width=self._width), self._heading, self._path.name, self._declared
        )
        if read is None:
            return None
        self.any = True
        numbers = self._numbers(positions)
        if self._lasting and said and said != self._lasting:
            at = f"{numbers[0]}-{numbers[-1]}"
            raise ProjectsError("stream_changes", file=self._path.name, rows=at)
        self._lasting = self._lasting or said
        if self._plain is None and said:
            self._plain = self._readable()
        batch = batch_of(read)
        own = batch.passing["row"].to_numpy() - len(self._titles) - 1
        row = batch.passing.schema.get_field_index("row")
        passing = batch.passing.set_column(row, "row", [numbers[own]])
        return batch._replace(passing=passing)

    def _readable(self) -> PlainRows | None:
        """Return the reader of plain rows, where the system is told and the axes stand right."""
        from gisplan.io.plain import PlainRows

        if len(self._lasting) != 1:
            return None
        kind, value = self._lasting[0]
        if kind == "crs_assumed":
            named = parse_crs(WGS84)
        elif kind in ("crs_declared", "crs_header"):
            named = parse_crs(value)
        else:
            return None
        return PlainRows.of(self._heading, self._width, named)


def _merged(fast: Batch, read: Batch, beside: NDArray[np.int64]) -> Batch:
    """Put the rows of two batches in the order of the file, without those that stood beside."""
    import pyarrow as pa

    numbers = np.asarray(read.passing["row"].to_pylist(), dtype=np.int64)
    kept = np.flatnonzero(~np.isin(numbers, beside))
    passing = pa.concat_tables([fast.passing, read.passing.take(pa.array(kept))])
    own = np.asarray(fast.passing["row"].to_pylist(), dtype=np.int64)
    order = np.argsort(np.append(own, numbers[kept]), kind="stable")
    listed = Columns.joined([fast.listed, read.listed.take(kept)]).take(order)
    x, y = (np.append(one, two[kept])[order] for one, two in ((fast.x, read.x), (fast.y, read.y)))
    return Batch(listed, x, y, None, fast.crs, passing.take(pa.array(order)))


def _texts(record: Sequence[str]) -> list[str]:
    return [cell_text(cell) for cell in record]


def _take(reader: Any, rows: int, path: Path) -> list[list[str]]:
    try:
        return list(itertools.islice(reader, rows))
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
    read_of = Columns.of(projects, *READ)
    listed = Columns({
        "accuracy": read_of.numbers("accuracy"),
        "industry": read_of.coded("industry"),
        "industry_code": read_of.coded("industry_code"),
        "intake_issues": Coded.of(codes),
    })  # fmt: skip
    shapes = np.asarray(projects.geometry.array, dtype=object)
    points = bool(np.isin(shapely.get_type_id(shapes), (-1, 0)).all())
    x, y = (shapely.get_x(shapes), shapely.get_y(shapes)) if points else (np.empty(0),) * 2
    own = ["row", "id", "name", "industry", "industry_code"]
    passing = pa.table({name: pa.array(projects[name], from_pandas=True) for name in own})
    passing = passing.cast(
        pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in own])
    )
    crs = pyproj.CRS(projects.crs)
    if points:
        names = ("lon", "lat") if crs.is_geographic else ("x", "y")
        for name, values in zip(names, (x, y), strict=True):
            passing = passing.append_column(name, pa.array(values, from_pandas=True))
    return Batch(listed, x, y, None if points else shapes, crs, passing)


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
