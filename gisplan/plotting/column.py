"""A column of the panel, filled from the top: headings, legend rows, tables, small print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from gisplan.fonts import drawable, wrap
from gisplan.labels import Labels
from gisplan.plotting.form import Frame
from gisplan.plotting.page import ASCENT, BODY, INK, LEADING, MM, PALE, RULE, Page, extent
from gisplan.symbology import Symbol

Head = str | Symbol
"""The head of a column of a table: a word, or the marker that it counts."""

CELL: Final = 0.84
"""Type of a table, as a part of running text."""


class Column:
    """A column of a sheet.

    Attributes
    ----------
    y
        Where the next thing goes, in millimetres.
    floor
        What it must not go below.
    cut
        Whether something had to be shortened for want of room.
    scale
        Factor of the type sizes.
    """

    def __init__(self, page: Page, labels: Labels, frame: Frame, *, scale: float) -> None:
        self.page, self.labels, self.scale = page, labels, scale
        self.left, self.width = frame.left, frame.width
        self.y, self.floor = frame.top, frame.bottom
        self.cut = False

    @property
    def size(self) -> float:
        """Size of running text in points."""
        return BODY * self.scale

    @property
    def step(self) -> float:
        """Height of a legend row in millimetres."""
        return 4.5 * self.scale

    @property
    def fits(self) -> bool:
        """Whether everything so far stands above the floor."""
        return self.y >= self.floor - 0.01

    def heading(self, text: str) -> None:
        """Set a heading."""
        self.y -= 1.8 * self.scale
        size = 1.15 * self.size
        for line in wrap(drawable(text), size, self.width * MM):
            self.page.write(self.left, self.y - ASCENT * size / MM, line, size=size, bold=True)
            self.y -= self.step

    def row(self, text: str, *, gid: str | None = None) -> float:
        """Set a legend text beside its swatch; return the middle of the row."""
        indent, size = 11 * self.scale, self.size
        lines = wrap(drawable(text), size, (self.width - indent) * MM)
        middle = self.y - self.step / 2
        for line in lines:
            y = self.y - self.step / 2 - 0.36 * size / MM
            self.page.write(self.left + indent, y, line, size=size, gid=gid)
            self.y -= self.step if line is lines[-1] else LEADING * size / MM
        return middle

    def marked_row(self, text: str, symbol: Symbol, *, gid: str | None = None) -> None:
        """Set a legend row with the marker of a project."""
        middle = self.row(text, gid=gid)
        self.page.mark(self.left + 4.2 * self.scale, middle, symbol, half=1.3 * self.scale)

    def paragraph(self, text: str, *, must: bool = False, color: str = INK, **look: Any) -> bool:
        """Set small wrapped text if it ends above the floor, or must be set all the same."""
        size = 0.88 * self.size
        lines = wrap(drawable(text), size, self.width * MM)
        if not must and self.y - len(lines) * LEADING * size / MM < self.floor:
            return False
        self.y = self.page.write_lines(
            self.left, self.y, text, width=self.width, size=size, color=color, **look
        )
        self.y -= 0.6 * self.scale
        return True

    def listing(self, key: str, names: Sequence[str]) -> None:
        """Set the longest list of names that finds room, and always their number."""
        labels = self.labels
        between = labels("plot.between")

        def said(kept: int) -> str:
            rest = labels("plot.more", count=len(names) - kept) if kept < len(names) else ""
            return labels(f"plot.{key}", count=len(names), names=between.join(names[:kept]) + rest)

        # The fewest names that do not fit, found by halving: a list may be long.
        low, high = 0, len(names)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._has_room(said(middle)) else (low, middle - 1)
        self.cut = self.cut or low < len(names)
        if low:
            self.paragraph(said(low))
        else:
            self.paragraph(labels(f"plot.{key}_count", count=len(names)), must=True)

    def _has_room(self, text: str) -> bool:
        size = 0.88 * self.size
        lines = wrap(drawable(text), size, self.width * MM)
        return self.y - len(lines) * LEADING * size / MM >= self.floor

    def table(self, heads: Sequence[Head], rows: Sequence[Sequence[str]]) -> None:
        """Set a small table: names on the left, figures flush right, the last row a total.

        What has no room is counted in a last line.
        """
        size = CELL * self.size
        widths = self._widths(heads, rows, size)
        self._rule(0.7)
        self._heads(heads, widths, size)
        self._rule(0.4)
        for number, row in enumerate(rows):
            lines = wrap(drawable(row[0]), size, widths[0] * MM)
            height = (len(lines) * 1.25 + 0.3) * size / MM
            if self.y - height < self.floor and number:
                self.cut = True
                break
            if number == len(rows) - 1 and len(rows) > 2:
                self._rule(0.25)
            self._cells(row, lines, widths, size, gid=f"table-{number}")
            self.y -= height
        self._rule(0.7)
        self.y -= 0.6 * self.scale

    def _widths(
        self, heads: Sequence[Head], rows: Sequence[Sequence[str]], size: float
    ) -> list[float]:
        others = [
            max([
                3.0 * self.scale if isinstance(head, Symbol) else extent(head, size),
                *(extent(row[k], size) for row in rows),
            ]) + 1.6 * self.scale
            for k, head in enumerate(heads) if k
        ]  # fmt: skip
        return [max(self.width - sum(others), 12.0), *others]

    def _heads(self, heads: Sequence[Head], widths: Sequence[float], size: float) -> None:
        right = self.left
        base = self.y - (ASCENT + 0.25) * size / MM
        for number, (head, width) in enumerate(zip(heads, widths, strict=True)):
            right += width
            if isinstance(head, Symbol):
                half = 1.05 * self.scale
                self.page.mark(right - half, base + 0.34 * size / MM, head, half=half)
            else:
                x, across = (self.left, "left") if number == 0 else (right, "right")
                self.page.write(x, base, head, size=size, across=across, color=PALE)
        self.y -= 1.55 * size / MM

    def _cells(
        self, row: Sequence[str], lines: Sequence[str], widths: Sequence[float], size: float, *,
        gid: str,
    ) -> None:  # fmt: skip
        base = self.y - (ASCENT + 0.2) * size / MM
        for number, line in enumerate(lines):
            self.page.write(self.left, base - number * 1.25 * size / MM, line, size=size, gid=gid)
        right = self.left + widths[0]
        for text, width in zip(row[1:], widths[1:], strict=True):
            right += width
            self.page.write(right, base, text, size=size, across="right", gid=gid)

    def _rule(self, width: float) -> None:
        ends = [(self.left, self.y), (self.left + self.width, self.y)]
        self.page.line(ends, width=width, color=INK if width > 0.5 else RULE)
