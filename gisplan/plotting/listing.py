"""Long tables that go on over pages: every row is on exactly one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gisplan.fonts import drawable, wrap
from gisplan.plotting.page import ASCENT, INK, MM, PALE, RULE, Page
from gisplan.symbology import Symbol

LINE: Final = 1.25
PAD: Final = 0.9
"""Distance of lines in em, and millimetres kept free above and below a row."""

MARK: Final = 3.6
"""Millimetres that the marker of an outcome takes before its word."""


@dataclass(frozen=True)
class Line:
    """A row: texts, one to a column, and the marker of the column that has one."""

    cells: tuple[str, ...]
    symbol: Symbol | None = None


@dataclass(frozen=True)
class Listing:
    """How a table is set.

    Attributes
    ----------
    heads
        Words above the columns.
    widths
        Of the columns in millimetres.
    figures
        Which columns are set flush right.
    marked
        The column that holds the marker.
    size
        Type in points.
    """

    heads: tuple[str, ...]
    widths: tuple[float, ...]
    figures: frozenset[int]
    marked: int
    size: float

    @property
    def head_height(self) -> float:
        """Millimetres that the heads take."""
        most = max(len(self._wrap(text, k)) for k, text in enumerate(self.heads))
        return most * LINE * self.size / MM + 2 * PAD

    def height(self, line: Line) -> float:
        """Return the millimetres that a row takes."""
        most = max(len(self._wrap(text, k)) for k, text in enumerate(line.cells))
        return most * LINE * self.size / MM + 2 * PAD

    def split(self, lines: Sequence[Line], rooms: Iterator[float]) -> list[list[Line]]:
        """Part rows over pages whose free heights in millimetres are ``rooms``.

        At least one page; a row that is higher than a page has one of its own.
        """
        pages: list[list[Line]] = [[]]
        left = next(rooms) - self.head_height
        for line in lines:
            needed = self.height(line)
            if needed > left and (pages[-1] or len(pages) == 1):
                pages.append([])
                left = next(rooms) - self.head_height
            pages[-1].append(line)
            left -= needed
        return pages

    def draw(self, page: Page, left: float, top: float, lines: Sequence[Line]) -> float:
        """Draw heads and rows below ``top``; return where they end."""
        total = sum(self.widths)
        page.line([(left, top), (left + total, top)], width=0.8)
        y = self._row(page, left, top, Line(self.heads), color=PALE)
        page.line([(left, y), (left + total, y)], width=0.5)
        for number, line in enumerate(lines):
            if number % 2:
                high = self.height(line)
                page.box(left, y - high, total, high, line=0, facecolor="#f3f5f8", zorder=0)
            y = self._row(page, left, y, line, color=INK)
            page.line([(left, y), (left + total, y)], width=0.2, color=RULE)
        page.line([(left, y), (left + total, y)], width=0.8)
        return y

    def _row(self, page: Page, left: float, top: float, line: Line, *, color: str) -> float:
        x, size = left, self.size
        base = top - PAD - ASCENT * size / MM
        for k, (text, width) in enumerate(zip(line.cells, self.widths, strict=True)):
            start = x + 0.6
            if k == self.marked and line.symbol is not None:
                page.mark(start + 1.2, base + 0.36 * size / MM, line.symbol, half=1.1)
                start += MARK
            flush = k in self.figures
            for number, part in enumerate(self._wrap(text, k)):
                y = base - number * LINE * size / MM
                at, across = (x + width - 0.8, "right") if flush else (start, "left")
                page.write(at, y, part, size=size, across=across, color=color)
            x += width
        return top - self.height(line)

    def _wrap(self, text: str, column: int) -> list[str]:
        room = self.widths[column] - 1.4 - (MARK if column == self.marked else 0.0)
        return wrap(drawable(text), self.size, max(room, 2.0) * MM)
