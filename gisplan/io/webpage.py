"""Tables of a web page: what many systems export under the name .xls."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from gisplan.errors import ProjectsError
from gisplan.io.limits import LIMIT_MB, MEGABYTE
from gisplan.io.rows import Evidence, Grid
from gisplan.io.text import cell_text, decode

_BEGINNING: Final = re.compile(rb"\s*<(?:!doctype html|html|head|meta|body|table)\b", re.IGNORECASE)
_LONGEST_SPAN: Final = 1000
_MOST_CELLS: Final = 2_000_000
_SILENT: Final = ("script", "style")


def is_webpage(head: bytes) -> bool:
    """Tell whether a file begins as a web page does, in any encoding."""
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    return bool(_BEGINNING.match(plain)) or b"urn:schemas-microsoft-com:office:excel" in plain


def read_webpage(path: Path, encoding: str | None, evidence: list[Evidence]) -> list[Grid]:
    """Read the tables of a web page as text; nothing in it is run or fetched.

    Raises
    ------
    ProjectsError
        ``projects_html`` where it has no table, ``projects_too_big``, and what
        :func:`gisplan.io.text.decode` raises.
    """
    if path.stat().st_size > LIMIT_MB * MEGABYTE:
        raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
    decoded = decode(path.read_bytes(), encoding=encoding, place=path.name)
    evidence.append((f"encoding_{decoded.basis}", decoded.encoding))
    page = _Page()
    page.feed(decoded.text)
    page.close()
    tables = [table for table in page.tables if table.rows]
    if not tables:
        raise ProjectsError("projects_html", file=path.name)
    if page.count > _MOST_CELLS:
        raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
    several = len(tables) > 1
    return [
        table.grid(str(number) if several else "") for number, table in enumerate(tables, start=1)
    ]


@dataclass
class _Table:
    rows: list[dict[int, str]] = field(default_factory=list)
    merged: dict[int, set[int]] = field(default_factory=dict)
    waiting: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Cells that reach down: column to rows still to fill, and the text."""

    def open_row(self) -> None:
        self.rows.append({})
        here = len(self.rows) - 1
        for column, (left, text) in list(self.waiting.items()):
            self.rows[-1][column] = text
            self.merged.setdefault(here, set()).add(column)
            if left == 1:
                del self.waiting[column]
            else:
                self.waiting[column] = (left - 1, text)

    def add(self, text: str, wide: int, high: int) -> None:
        if not self.rows:
            self.open_row()
        row, here = self.rows[-1], len(self.rows) - 1
        column = next(c for c in range(len(row) + 1) if c not in row)
        for position in range(column, column + wide):
            row[position] = text
            if position > column:
                self.merged.setdefault(here, set()).add(position)
            if high > 1:
                self.waiting[position] = (high - 1, text)

    def grid(self, name: str) -> Grid:
        cells = [
            [row.get(column, "") for column in range(max(row, default=-1) + 1)] for row in self.rows
        ]
        merged = {
            row: frozenset(c for c in columns if self.rows[row][c])
            for row, columns in self.merged.items()
        }
        return Grid(name, cells, merged)


class _Page(HTMLParser):
    """The tables of a page, in the order of their beginning; a nested one is its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self.count = 0
        self._open: list[_Table] = []
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._close_cell()
            self._open.append(_Table())
            self.tables.append(self._open[-1])
        elif tag == "tr" and self._open:
            self._close_cell()
            self._open[-1].open_row()
        elif tag in ("td", "th") and self._open:
            self._close_cell()
            given = dict(attrs)
            self._span = (_span(given.get("colspan")), _span(given.get("rowspan")))
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        elif tag in ("td", "th", "tr"):
            self._close_cell()
        elif tag == "table" and self._open:
            self._close_cell()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._silent:
            self._cell.append(data)

    def close(self) -> None:
        """Take the last cell of a page that was cut short."""
        super().close()
        self._close_cell()

    def _close_cell(self) -> None:
        if self._cell is None or not self._open:
            self._cell = None
            return
        text = cell_text(re.sub(r"\s+", " ", "".join(self._cell)))
        self._cell = None
        wide, high = self._span
        self.count += wide * high
        if self.count <= _MOST_CELLS:
            self._open[-1].add(text, wide, high)


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    if not re.fullmatch(r"[0-9]{1,6}", digits):
        return 1
    return min(max(int(digits), 1), _LONGEST_SPAN)
