"""What one-page figures have in common: the sheet, framed axes, keys, bars, curves, matrices.

Places and sizes are millimetres from the lower left of the sheet; the words come ready made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from gisplan.fonts import drawable, font_properties, wrap
from gisplan.plotting.form import Frame
from gisplan.plotting.page import ASCENT, INK, LEADING, MM, PALE, RULE, Page, extent
from gisplan.symbology import ink

A4: Final = (297.0, 210.0)
"""Width and height of the sheet, landscape."""

MARGIN: Final = 12.0
TICK: Final = 6.5
TEXT: Final = 7.0
HEAD: Final = 8.5
TITLE: Final = 15.0
"""Type in points: numbers at axes, keys and cells, heads of parts, title of the sheet."""

SERIES: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6e6e6e")
"""Okabe-Ito colours for series that have no colour of their own."""


class Box(Frame):
    """A part of a one-page figure, which can be parted again."""

    def columns(self, *shares: float, gap: float = 8.0) -> list[Box]:
        """Part it from left to right by shares, with a gap between."""
        room, at, parts = self.width - gap * (len(shares) - 1), self.left, []
        for share in shares:
            width = room * share / sum(shares)
            parts.append(Box(at, self.bottom, width, self.height))
            at += width + gap
        return parts

    def rows(self, *shares: float, gap: float = 8.0) -> list[Box]:
        """Part it from top to bottom by shares, with a gap between."""
        room, top, parts = self.height - gap * (len(shares) - 1), self.top, []
        for share in shares:
            height = room * share / sum(shares)
            parts.append(Box(self.left, top - height, self.width, height))
            top -= height + gap
        return parts


def chart_sheet(
    title: str,
    *,
    subtitle: str = "",
    notes: Sequence[str] = (),
    size: tuple[float, float] = A4,
) -> tuple[Page, Box]:
    """Begin a sheet: title and subtitle above, notes below; return it and the room between.

    Parameters
    ----------
    title, subtitle
        One line each; a title that is too long is set smaller, a subtitle is wrapped.
    notes
        Paragraphs at the foot: how it was measured, how sure it is, where it is from.
    size
        Width and height in millimetres.
    """
    page = Page(*size)
    room, type_size = size[0] - 2 * MARGIN, TITLE
    while extent(title, type_size) > room and type_size > 8:
        type_size -= 0.5
    y = size[1] - MARGIN - ASCENT * type_size / MM
    page.write(MARGIN, y, title, size=type_size, bold=True, gid="title")
    top = y - 3.0
    if subtitle:
        top = page.write_lines(MARGIN, top, subtitle, width=room, size=8, color=PALE)
    lines = [line for note in notes for line in wrap(drawable(note), TICK, room * MM)]
    foot = MARGIN + len(lines) * LEADING * TICK / MM
    if lines:
        page.line([(MARGIN, foot + 1.5), (size[0] - MARGIN, foot + 1.5)], width=0.4, color=RULE)
    for at, line in enumerate(lines):
        low = foot - at * LEADING * TICK / MM - ASCENT * TICK / MM
        page.write(MARGIN, low, line, size=TICK, color=PALE, gid="note")
    bottom = foot + (5.0 if lines else 0.0)
    return page, Box(MARGIN, bottom, room, top - 3.0 - bottom)


def head(page: Page, box: Box, text: str) -> Box:
    """Set the head of a part at its top; return what is left below."""
    lines = wrap(drawable(text), HEAD, box.width * MM)
    y = box.top
    for line in lines:
        page.write(box.left, y - ASCENT * HEAD / MM, line, size=HEAD, bold=True, gid="head")
        y -= LEADING * HEAD / MM
    return Box(box.left, box.bottom, box.width, y - 1.5 - box.bottom)


def framed_axes(
    page: Page, box: Box, *, label: str, x: str = "", y: str = "", room: float = 12.0
) -> Axes:
    """Add axes for numbers within a box: left and lower edge, pale grid, named directions.

    Parameters
    ----------
    label
        Name of the axes, by which tests find them.
    x, y
        What the directions are, with units.
    room
        Millimetres left of the axes for the numbers of y.
    """
    below = 10.0 if x else 5.5
    above = 4.5 if y else 1.0
    inner = Box(
        box.left + room, box.bottom + below, box.width - room - 3, box.height - below - above
    )
    axes = page.axes(*inner, label=label)
    axes.set_axis_on()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
        axes.spines[side].set_linewidth(0.6)
    axes.grid(visible=True, color="#e3e6ea", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(length=2.0, width=0.5, color=RULE, pad=2.0)
    if y:
        page.write(box.left, box.top - ASCENT * TICK / MM, y, size=TICK, color=PALE)
    if x:
        page.write(inner.right, box.bottom + 1.0, x, size=TICK, color=PALE, across="right")
    return axes


def number_ticks(
    axes: Axes,
    *,
    x: Callable[[float], str] | None = None,
    y: Callable[[float], str] | None = None,
    most: int = 6,
) -> None:
    """Put numbers at the axes, in words of the caller and in the shipped font."""
    for axis, word in ((axes.xaxis, x), (axes.yaxis, y)):
        if word is None:
            axis.set_major_locator(FixedLocator([]))
            continue
        axis.set_major_locator(MaxNLocator(most))
        axis.set_major_formatter(FuncFormatter(_worded(word)))
    _set_fonts(axes)


def name_ticks(axes: Axes, *, x: Sequence[str] = (), y: Sequence[str] = ()) -> None:
    """Put names at whole positions 0, 1, 2, … of the axes."""
    for axis, names in ((axes.xaxis, x), (axes.yaxis, y)):
        if names:
            axis.set_ticks(range(len(names)), [drawable(name) for name in names])
    _set_fonts(axes)


def _worded(word: Callable[[float], str]) -> Callable[[float, int], str]:
    return lambda value, _position: drawable(word(value))


def _set_fonts(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        for text in axis.get_ticklabels():
            text.set_fontproperties(font_properties(TICK))
            text.set_parse_math(False)
            text.set_color(INK)


def draw_key(
    page: Page,
    left: float,
    top: float,
    entries: Sequence[tuple[str, str, str]],
    *,
    width: float,
    across: bool = False,
) -> float:
    """Draw a key of ``(text, colour, kind)``; kind is ``line``, ``dash``, ``box`` or ``dot``.

    Entries stand below each other, or beside each other where *across*; return the y below.
    """
    x, y, step = left, top, LEADING * TEXT / MM + 0.6
    for text, color, kind in entries:
        needed = 8.0 + extent(text, TEXT) + 5.0
        if across and x > left and x + needed - 5 > left + width:
            x, y = left, y - step
        middle = y - 0.5 * TEXT / MM
        _draw_sample(page, x, middle, color, kind)
        lines = [text] if across else wrap(drawable(text), TEXT, (width - 8) * MM)
        for line in lines:
            page.write(x + 7.5, y - ASCENT * TEXT / MM, line, size=TEXT)
            y -= 0 if across else step
        x += needed if across else 0
    return y - (step if across else 0)


def _draw_sample(page: Page, x: float, y: float, color: str, kind: str) -> None:
    if kind == "box":
        page.box(x, y - 1.2, 5.5, 2.4, line=0.3, facecolor=color, edgecolor=INK)
    elif kind == "dot":
        page.box(x + 1.8, y - 0.9, 1.8, 1.8, line=0, facecolor=color, edgecolor=color)
    else:
        dashes = {"linestyle": (0, (3, 2))} if kind == "dash" else {}
        page.line([(x, y), (x + 5.5, y)], width=1.6, color=color, **dashes)


def draw_bars(
    page: Page,
    box: Box,
    bars: Sequence[tuple[str, float, str, str]],
    *,
    most: float | None = None,
    names: float = 34.0,
) -> None:
    """Draw lying bars of ``(name, value, text, colour)`` from the top of a box.

    A value that is missing (NaN) has no bar, only its text: nothing is drawn as zero that is
    not known to be zero.

    Parameters
    ----------
    most
        The value of a full bar; by default the largest.
    names
        Millimetres for the names.
    """
    values = np.array([value for _, value, _, _ in bars], dtype=float)
    full = most if most is not None else (np.nanmax(values) if np.isfinite(values).any() else 1.0)
    step = min(7.0, box.height / max(len(bars), 1))
    told = max((extent(text, TEXT) for _, _, text, _ in bars), default=0.0) + 2
    room = box.width - names - told
    for at, (name, value, text, color) in enumerate(bars):
        low = box.top - (at + 1) * step
        base = low + step / 2 - 0.36 * TEXT / MM
        shown = wrap(drawable(name), TEXT, (names - 2) * MM)
        page.write(box.left, base, shown[0] + ("…" if len(shown) > 1 else ""), size=TEXT)
        long = 0.0 if not np.isfinite(value) else room * max(0.0, min(value / (full or 1.0), 1.0))
        if long > 0:
            page.box(box.left + names, low + 0.18 * step, long, 0.64 * step, line=0,
                     facecolor=color, edgecolor=color)  # fmt: skip
        page.write(box.left + names + long + 1.2, base, text, size=TEXT)
    page.line([(box.left + names, box.top), (box.left + names, box.top - step * len(bars))],
              width=0.6, color=RULE)  # fmt: skip


def draw_matrix(
    page: Page,
    box: Box,
    rows: Sequence[str],
    columns: Sequence[str],
    values: NDArray[np.float64],
    texts: Sequence[Sequence[str]],
    *,
    color: str = "#0072b2",
    most: float = 1.0,
    names: float = 30.0,
    heads: float = 9.0,
    tallest: float = 9.0,
) -> float:
    """Draw a table whose cells are shaded by their value; return the y below it.

    Parameters
    ----------
    values
        By row and column; NaN is left white with its text.
    texts
        What stands in the cells.
    color, most
        Colour of a cell of the value *most* or more.
    names, heads
        Millimetres for the names of rows and the heads of columns.
    tallest
        Millimetres of a row at most.
    """
    wide = (box.width - names) / max(len(columns), 1)
    high = min(tallest, (box.height - heads) / max(len(rows), 1))
    top = box.top - heads
    for k, text in enumerate(columns):
        lines = wrap(drawable(text), TICK, (wide - 1) * MM)[:2]
        for n, line in enumerate(reversed(lines)):
            x, y = box.left + names + (k + 0.5) * wide, top + 1.2 + n * LEADING * TICK / MM
            page.write(x, y, line, size=TICK, across="center", color=PALE)
    for r, row in enumerate(rows):
        low = top - (r + 1) * high
        base = low + high / 2 - 0.36 * TEXT / MM
        _write_name(page, box.left, low + high / 2, row, width=names - 2, height=high)
        for k in range(len(columns)):
            left, value = box.left + names + k * wide, float(values[r, k])
            part = 0.0 if not np.isfinite(value) else max(0.0, min(value / most, 1.0))
            shade = tint(color, part)
            page.box(left, low, wide, high, line=0.4, facecolor=shade, edgecolor="#c9d0d8")
            page.write(left + wide / 2, base, texts[r][k], size=TEXT, across="center",
                       color=ink(shade))  # fmt: skip
    return top - len(rows) * high


def _write_name(
    page: Page, x: float, middle: float, text: str, *, width: float, height: float
) -> None:
    """Write a name about a middle line, in as many lines as there is height for."""
    step = LEADING * TICK / MM
    lines = wrap(drawable(text), TEXT, width * MM)
    most = max(1, int(height / step))
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1] + "…"]
    for at, line in enumerate(lines):
        y = middle + ((len(lines) - 1) / 2 - at) * step - 0.36 * TEXT / MM
        page.write(x, y, line, size=TEXT)


def tint(color: str, part: float) -> str:
    """Mix a colour with white: 0 is white, 1 the colour itself."""
    mixed = (255 - part * (255 - int(color[k : k + 2], 16)) for k in (1, 3, 5))
    return "#" + "".join(f"{round(channel):02x}" for channel in mixed)


def draw_band(
    axes: Axes, x: Any, low: Any, high: Any, *, color: str, opacity: float = 0.15
) -> None:
    """Fill between two curves: the range that the accuracy of the data leaves open."""
    axes.fill_between(x, low, high, color=color, alpha=opacity, linewidth=0)
