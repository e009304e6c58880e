"""A small table as a picture, for a README or a slide: the words come ready made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from gisplan.fonts import drawable, wrap
from gisplan.labels import Labels
from gisplan.plotting.page import ASCENT, INK, MM, RULE, Page, extent
from gisplan.symbology import OUTCOME_SYMBOLS, Symbol
from gisplan.terms import OUTCOMES

SIZE: Final = 7.0
PAD: Final = 1.3
WIDEST: Final = 46.0
EDGE: Final = 6.0
LINE: Final = 1.3 * SIZE / MM
"""Type in points; padding, widest column, margin and line distance in millimetres."""


def plot_table(
    table: pd.DataFrame,
    *,
    title: str,
    language: str = "zh",
    widths: Mapping[str, float] | None = None,
) -> Figure:
    """Draw a table of texts, its rows banded and its outcomes with their symbols.

    Parameters
    ----------
    table
        Texts; the column names are the header. A cell that is the word of an outcome gets
        the symbol of the map.
    title
        Set above the table.
    language
        In which the outcomes are worded.
    widths
        Of columns in millimetres; by default as wide as their text, 46 at most.

    Returns
    -------
    Figure
        As large as the table needs. Write it with `gisplan.plotting.render`.

    Raises
    ------
    GisplanError
        ``glyph_missing`` for a character the font lacks.
    """
    texts = [[drawable("" if pd.isna(cell) else str(cell)) for cell in row]
             for row in table.to_numpy(dtype=object)]  # fmt: skip
    heads = [drawable(str(name)) for name in table.columns]
    symbols = {Labels(language)(f"outcome.{code}"): OUTCOME_SYMBOLS[code] for code in OUTCOMES}
    given = dict(widths or {})
    across = [
        given.get(str(name), _width(head, [row[k] for row in texts], symbols))
        for k, (name, head) in enumerate(zip(table.columns, heads, strict=True))
    ]
    rows = [[_lines(cell, wide, cell in symbols) for cell, wide in zip(row, across, strict=True)]
            for row in [heads, *texts]]  # fmt: skip
    heights = [max(map(len, row), default=1) * LINE + 2 * PAD for row in rows]
    width = max(sum(across), extent(title, 11)) + 2 * EDGE
    page = Page(width, sum(heights) + 2 * EDGE + 9)
    page.write(EDGE, page.height - EDGE - 4, title, size=11, bold=True, gid="title")
    _draw_rows(page, rows, across, heights, symbols)
    return page.figure


def _width(head: str, cells: list[str], symbols: Mapping[str, Symbol]) -> float:
    widest = max([extent(head, SIZE), *(_needed(cell, cell in symbols) for cell in cells)])
    return min(widest + 0.2, WIDEST) + 2 * PAD


def _needed(cell: str, marked: bool) -> float:
    return extent(cell, SIZE) + (4.0 if marked else 0.0)


def _lines(cell: str, width: float, marked: bool) -> list[str]:
    return wrap(cell, SIZE, (width - 2 * PAD - (4.0 if marked else 0.0)) * MM)


def _draw_rows(
    page: Page, rows: list[list[list[str]]], across: list[float], heights: list[float],
    symbols: Mapping[str, Symbol],
) -> None:  # fmt: skip
    y, total = page.height - EDGE - 9, sum(across)
    page.line([(EDGE, y), (EDGE + total, y)], width=1.0)
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        if number and number % 2 == 0:
            page.box(EDGE, y - height, total, height, line=0, facecolor="#f3f5f8", zorder=0)
        x = EDGE
        for lines, wide in zip(row, across, strict=True):
            _draw_cell(page, lines, x + PAD, y - PAD, header=number == 0, symbols=symbols)
            x += wide
        y -= height
        width, color = (0.7, INK) if number == 0 else (0.25, RULE)
        page.line([(EDGE, y), (EDGE + total, y)], width=width, color=color)
    page.line([(EDGE, y), (EDGE + total, y)], width=1.0)


def _draw_cell(
    page: Page, lines: list[str], x: float, y: float, *, header: bool, symbols: Mapping[str, Symbol]
) -> None:
    symbol = None if header else symbols.get("".join(lines)) or symbols.get(" ".join(lines))
    if symbol is not None:
        page.mark(x + 1.2, y - 0.5 * SIZE / MM, symbol, half=1.15)
        x += 4.0
    for line in lines:
        page.write(x, y - ASCENT * SIZE / MM, line, size=SIZE, bold=header, color=INK)
        y -= LINE
