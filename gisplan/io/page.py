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
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from gisplan.columns import Coded
from gisplan.io.sheet_cells import Cells

_SPAN = 16
"""Rows of which Excel tells together from which column to which they reach."""
_DEFAULT_PIXELS = 20
"""Height of a row of which nothing is said."""
_LEVEL = 4
_SHEET = re.compile(r"xl/worksheets/sheet([0-9]+)\.xml")


def packed(content: io.BytesIO, pages: Sequence[Page]) -> io.BytesIO:
    """Pack a closed workbook anew, with the rows of its sheets in their places.

    The rows are most of it, and xlsxwriter would copy and squeeze them for as long as it takes
    to make them; a lower level costs a twentieth of the size and half the time.
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(content) as made, zipfile.ZipFile(whole, "w") as archive:
        for member in made.infolist():
            part = made.read(member)
            at = _SHEET.fullmatch(member.filename)
            if at:
                part = pages[int(at[1]) - 1].put(part)
            archive.writestr(member, part, zipfile.ZIP_DEFLATED, _LEVEL)
    return whole


class _Filled(NamedTuple):
    """A column below the header: its cells, their format, and where its texts are kept."""

    cells: Cells
    style: Any
    kept: list[int]


class Page(Worksheet):  # type: ignore[misc]
    """A sheet of a workbook; its first row is written as ever."""

    def __init__(self) -> None:
        super().__init__()
        self._filled: list[_Filled] = []
        self._heights: NDArray[np.float64] = np.empty(0)
        self.told = b""
        """The rows below the header, once the workbook is closed."""

    @property
    def _place(self) -> str:
        return f"<rows of='{self.index}'/>"

    def put(self, part: bytes) -> bytes:
        """Put the rows where the sheet left a place for them."""
        return part.replace(self._place.encode(), self.told, 1) if self.told else part

    def fill(self, columns: Sequence[tuple[Cells, Any]], heights: NDArray[np.float64]) -> None:
        """Put cells and their formats, column by column, and the heights of the rows in points."""
        self._heights = heights
        for cells, style in columns:
            if isinstance(cells, Coded):
                kept = [self._kept(text) for text in cells.categories]
                # Every cell counts, not every text.
                self.str_table.count += int((cells.codes >= 0).sum()) - len(kept)
                self._filled.append(_Filled(cells, style, kept))
            else:
                single = isinstance(cells, list)
                stored = [self._stored(one) for one in cells] if single else cells
                self._filled.append(_Filled(stored, style, []))
        if len(heights) and columns:
            self._check_dimensions(1, 0)
            self._check_dimensions(len(heights), len(columns) - 1)

    def _kept(self, text: str) -> int:
        """Return the number of a text among those of the workbook."""
        return int(self.str_table._get_shared_string_index(text))  # noqa: SLF001

    def _stored(self, value: Any) -> Any:
        """Put a single value into the form in which the file holds it."""
        if isinstance(value, str):
            return f' t="s"><v>{self._kept(value)}</v></c>'
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
        columns = [self._told(at, one) for at, one in enumerate(self._filled)]
        bodies = map("".join, zip(*columns, strict=True))
        self.told = "".join(
            f"{head}>{body}</row>" if body else f"{head}/>"
            for head, body in zip(self._heads(known), bodies, strict=True)
        ).encode()
        self.fh.write(self._place)

    def _told(self, at: int, column: _Filled) -> list[str]:
        """Write the cells of a column, ``""`` for a blank one."""
        name, style = xl_col_to_name(at), f'" s="{column.style.xf_index}"'
        rows, cells = range(2, len(self._heights) + 2), column.cells
        if isinstance(cells, Coded):
            ends = [f'{style} t="s"><v>{number}</v></c>' for number in column.kept]
            codes = cells.codes.tolist()
            return [
                f'<c r="{name}{row}{ends[code]}' if code >= 0 else ""
                for row, code in zip(rows, codes, strict=True)
            ]
        if isinstance(cells, list):
            return [
                f'<c r="{name}{row}{style}{one}' if one is not None else ""
                for row, one in zip(rows, cells, strict=True)
            ]
        return [
            f'<c r="{name}{row}{style}><v>{one:.16G}</v></c>' if one == one else ""
            for row, one in zip(rows, cells.tolist(), strict=True)
        ]

    def _heads(self, known: Sequence[NDArray[np.bool_]]) -> list[str]:
        """Write the beginning of each row: its number, its reach, its height."""
        sizes = {height: _size(height) for height in set(self._heights.tolist())}
        spans = _spans(np.array([np.append(True, one) for one in known]).T)
        return [
            f'<row r="{row + 1}"{spans[row // _SPAN]}{sizes[height]}'
            for row, height in enumerate(self._heights.tolist(), start=1)
        ]


def _spans(there: NDArray[np.bool_]) -> list[str]:
    """Tell of each few rows from which column to which any of them reaches."""
    told = []
    for first in range(0, len(there), _SPAN):
        used = np.flatnonzero(there[first : first + _SPAN].any(axis=0))
        told.append(f' spans="{used[0] + 1}:{used[-1] + 1}"' if len(used) else "")
    return told


def _known(cells: Cells) -> NDArray[np.bool_]:
    if isinstance(cells, Coded):
        return np.asarray(cells.codes >= 0)
    if isinstance(cells, list):
        return np.array([one is not None for one in cells], dtype=bool)
    return ~np.isnan(cells)


def _size(height: float) -> str:
    pixels = int(height * 4.0 / 3.0 + 0.5)
    return "" if pixels == _DEFAULT_PIXELS else f' ht="{pixels * 0.75:.16g}" customHeight="1"'
