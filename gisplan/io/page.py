"""A sheet whose rows are written column by column: the bytes that xlsxwriter itself would write.

Cell by cell, half a million cells take xlsxwriter longer than everything else together. So the
rows below the header are put together here from texts that are told once each. It is the one
place that leans on how xlsxwriter works inside; a test holds its sheets equal, byte for byte, to
those that are written by its public methods.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xlsxwriter.sharedstrings import SharedStringTable
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from gisplan.columns import Coded
from gisplan.io.pieces import Piece, joined, numbers_told
from gisplan.io.sheet_cells import Cells

_SPAN = 16
"""Rows of which Excel tells together from which column to which they reach."""
_DEFAULT_PIXELS = 20
"""Height of a row of which nothing is said."""
_LEVEL = 2
_HUGE = 1 << 30
"""Bytes from which on a part of an archive is told to be long."""
_SHEET = re.compile(r"xl/worksheets/sheet([0-9]+)\.xml")
_TEXTS = "xl/sharedStrings.xml"
_AS_IF_ESCAPED = re.compile("_(?=x[0-9a-fA-F]{4}_)")
"""Every such mark: of ``_x0041_x0042_`` xlsxwriter sees the first, and Excel reads ``_x0041B``."""
_BLANK = re.compile(r"\s")


class Texts(SharedStringTable):  # type: ignore[misc]
    """The texts of a workbook, each once, by the number under which its cells name it."""

    def __init__(self) -> None:
        super().__init__()
        self.string_table: dict[str, int] = {}
        self.said: list[str] = []

    @classmethod
    def of(cls, book: Any) -> Texts:
        """Let an empty workbook keep its texts so; the sheets that it gets from now on do too."""
        book.str_table = cls()
        return book.str_table

    def kept(self, texts: Sequence[str]) -> list[int]:
        """Return the numbers of texts; every cell is to be counted besides."""
        table = self.string_table
        numbers = [table.setdefault(text, len(table)) for text in texts]
        self.unique_count = len(table)
        return numbers

    def _sort_string_data(self) -> None:
        """Keep the texts from xlsxwriter, which would write them one by one."""
        self.said, self.string_table = list(self.string_table), {}

    def put(self, part: bytes) -> bytes:
        """Put the texts where the workbook left a place for them."""
        said, self.said = self.said, []
        return part.replace(b"</sst>", _texts_told(said) + b"</sst>", 1)


def _texts_told(texts: Sequence[str]) -> bytes:
    """Write texts as a workbook holds them, all at once; none of them holds a NUL."""
    whole = "\0".join(texts)
    # What looks like Excel's own escape is escaped.
    whole = _AS_IF_ESCAPED.sub("_x005F_", whole) if "_x" in whole else whole
    whole = whole.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if not _BLANK.search("".join([one[:1] + one[-1:] for one in texts])):
        told = whole.replace("\0", "</t></si><si><t>")
        return f"<si><t>{told}</t></si>".encode() if texts else b""
    kept = ' xml:space="preserve"'
    return "".join(
        f"<si><t{kept if one != one.strip() else ''}>{one}</t></si>" for one in whole.split("\0")
    ).encode()


def packed(content: io.BytesIO, pages: Sequence[Page]) -> io.BytesIO:
    """Pack a closed workbook anew, with the rows of its sheets and its texts in their places.

    They are most of it, and xlsxwriter would copy and squeeze them for as long as it takes
    to make them; a lower level costs a tenth of the size and a third of the time.
    """
    whole = io.BytesIO()
    options: Any = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": _LEVEL}
    with zipfile.ZipFile(content) as made, zipfile.ZipFile(whole, "w", **options) as archive:
        for member in made.infolist():
            part = made.read(member)
            at = _SHEET.fullmatch(member.filename)
            if at:
                told = pages[int(at[1]) - 1].put(part)
            else:
                told = [pages[0].str_table.put(part) if member.filename == _TEXTS else part]
            huge = sum(map(len, told)) >= _HUGE
            # By its name alone, so that it has no date, as everything that xlsxwriter packs.
            with archive.open(member.filename, "w", force_zip64=huge) as packing:
                packing.writelines(told)
    return whole


class _Filled(NamedTuple):
    """A column below the header: its cells, their format, and where its texts are kept."""

    cells: Cells
    style: Any
    kept: list[int]


class Page(Worksheet):  # type: ignore[misc]
    """A sheet of a workbook whose texts are `Texts`; its first row is written as ever."""

    def __init__(self) -> None:
        super().__init__()
        self._filled: list[_Filled] = []
        self._heights: NDArray[np.float64] = np.empty(0)
        self.told: list[bytes] = []
        """The rows below the header, some at a time, once the workbook is closed."""

    @property
    def _place(self) -> str:
        return f"<rows of='{self.index}'/>"

    def put(self, part: bytes) -> list[bytes]:
        """Put the rows where the sheet left a place for them, and keep them no longer."""
        told, self.told = self.told, []
        before, _, behind = part.partition(self._place.encode())
        return [before, *told, behind] if told else [part]

    def fill(self, columns: Sequence[tuple[Cells, Any]], heights: NDArray[np.float64]) -> None:
        """Put cells and their formats, column by column, and the heights of the rows in points."""
        self._heights = heights
        for cells, style in columns:
            if isinstance(cells, Coded):
                kept = self.str_table.kept(cells.categories)
                # Every cell counts, not every text.
                self.str_table.count += int((cells.codes >= 0).sum())
                self._filled.append(_Filled(cells, style, kept))
            else:
                single = isinstance(cells, list)
                stored = [self._stored(one) for one in cells] if single else cells
                self._filled.append(_Filled(stored, style, []))
        if len(heights) and columns:
            self._check_dimensions(1, 0)
            self._check_dimensions(len(heights), len(columns) - 1)

    def _stored(self, value: Any) -> Any:
        """Put a single value into the form in which the file holds it."""
        if isinstance(value, str):
            self.str_table.count += 1
            return f' t="s"><v>{self.str_table.kept([value])[0]}</v></c>'
        if value is None:
            return None
        if isinstance(value, bool):
            return f' t="b"><v>{value:d}</v></c>'
        if isinstance(value, (dt.datetime, dt.date)):
            value = self._convert_date_time(value)
        return f"><v>{value:.16G}</v></c>"

    def _write_rows(self) -> None:
        """Write the header as ever and the rows below it from the columns."""
        if not self._filled or not len(self._heights):
            super()._write_rows()
            return
        sheet: Any = self
        last, sheet.dim_rowmax = sheet.dim_rowmax, 0
        super()._write_rows()
        sheet.dim_rowmax = last
        known = [_known(one.cells) for one in self._filled]
        # Formats are numbered in the order in which a reader comes upon them.
        met = sorted((int(there.argmax()), at) for at, there in enumerate(known) if there.any())
        for _, at in met:
            self._filled[at].style._get_xf_index()  # noqa: SLF001
        self.told = list(joined(list(self._pieces(known)), len(self._heights)))
        self.fh.write(self._place)

    def _pieces(self, known: Sequence[NDArray[np.bool_]]) -> Iterator[bytes | Piece]:
        """Tell what the rows are made of: each begins with its number, its reach, its height."""
        rows = len(self._heights)
        names = [b"%d" % number for number in range(2, rows + 2)]
        every = Piece.of(names, np.arange(rows, dtype=np.int32))
        there: NDArray[np.bool_] = np.array(known)
        filled: NDArray[np.bool_] = np.asarray(there.any(axis=0))
        yield b'<row r="'
        yield every
        yield _reaches(there)
        heights, codes = np.unique(self._heights, return_inverse=True)
        yield Piece.of([_size(one) for one in heights.tolist()], codes)
        yield b">" if filled.all() else Piece.of([b"/>", b">"], filled.view(np.int8))
        for at, (column, own) in enumerate(zip(self._filled, known, strict=True)):
            opening = f'<c r="{xl_col_to_name(at)}'.encode()
            if own.all():
                yield from (opening, every)
            else:
                yield Piece.where(own, opening)
                yield Piece(every.texts, np.where(own, every.codes, -1))
            yield _cells_told(column)
        yield Piece.where(filled, b"</row>")


def _cells_told(column: _Filled) -> Piece:
    """Write what of each cell stands behind its place."""
    style, cells = f'" s="{column.style.xf_index}"', column.cells
    if isinstance(cells, Coded):
        return Piece.of([f'{style} t="s"><v>{one}</v></c>'.encode() for one in column.kept],
                        cells.codes)  # fmt: skip
    if isinstance(cells, list):
        told = [b"" if one is None else f"{style}{one}".encode() for one in cells]
        return Piece.of(told, np.arange(len(told)))
    return numbers_told(cells, lambda one: f"{style}><v>{one:.16G}</v></c>".encode())


def _reaches(there: NDArray[np.bool_]) -> Piece:
    """Tell of each few rows, behind their numbers, from which column to which they reach."""
    columns, rows = there.shape
    blocks = np.zeros((columns, 1 + rows // _SPAN, _SPAN), dtype=bool)
    blocks[:, 0, 0] = True  # the header reaches everywhere
    blocks.reshape(columns, -1)[:, 1 : rows + 1] = there
    used: NDArray[np.bool_] = np.asarray(blocks.any(axis=2))
    first, last = used.argmax(axis=0), columns - used[::-1].argmax(axis=0)
    keys = np.where(used.any(axis=0), first * columns + last - 1, -1)
    different, codes = np.unique(keys, return_inverse=True)
    told = [
        f'" spans="{key // columns + 1}:{key % columns + 1}"'.encode() if key >= 0 else b'"'
        for key in different.tolist()
    ]
    return Piece.of(told, np.repeat(codes, _SPAN)[1 : rows + 1])


def _known(cells: Cells) -> NDArray[np.bool_]:
    if isinstance(cells, Coded):
        return np.asarray(cells.codes >= 0)
    if isinstance(cells, list):
        return np.array([one is not None for one in cells], dtype=bool)
    return ~np.isnan(cells)


def _size(height: float) -> bytes:
    pixels = int(height * 4.0 / 3.0 + 0.5)
    if pixels == _DEFAULT_PIXELS:
        return b""
    return f' ht="{pixels * 0.75:.16g}" customHeight="1"'.encode()
