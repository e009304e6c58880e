"""A surface on the printed map: its cells below the areas, and a legend inside the frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gisplan.fonts import drawable, font_properties, wrap
from gisplan.plotting.page import INK, LEADING, MM, RULE
from gisplan.plotting.page import extent as page_extent

WIDTH: Final = 52.0
"""Of the legend in millimetres."""

_SIZE: Final = 7.0
_ROW: Final = 4.4
_GAP: Final = 2.0


def lay_surface(
    figure: Figure,
    rgba: Any,
    extent: tuple[float, float, float, float],
    *,
    title: str,
    legend: Sequence[tuple[str, str]],
    note: str,
    heading: str | None = None,
) -> Figure:
    """Lay the colours of a surface on a map sheet, and its legend into the frame's corner.

    Parameters
    ----------
    figure
        What `gisplan.plotting.plot` returns; it is changed and returned.
    rgba
        rows x columns x 4, 0 to 255.
    extent
        West, east, south, north in metres of the map.
    title, legend, note
        Heading of the legend, pairs of ``#rrggbb`` and words, and what no colour means.
    heading
        Of the sheet, instead of its own.
    """
    axes = {str(one.get_label()): one for one in figure.axes}
    ground, paper = axes["map"], axes["paper"]
    limits = ground.get_xlim(), ground.get_ylim()
    ground.imshow(
        rgba, extent=extent, origin="upper", interpolation="nearest", aspect="auto", alpha=0.85,
        zorder=1.5, gid="surface",
    )  # fmt: skip
    if heading is not None:
        _rename(paper, heading)
    # A picture would widen the map to itself, and the scale would be another.
    ground.set_xlim(*limits[0])
    ground.set_ylim(*limits[1])
    place = ground.get_position()
    width, height = (float(inch) * 25.4 for inch in figure.get_size_inches())
    _draw_legend(paper, place.x0 * width + _GAP, place.y0 * height + _GAP, title, legend, note)
    return figure


def _rename(paper: Axes, heading: str) -> None:
    """Give the sheet another title, smaller where it is longer."""
    old = next((one.get_text() for one in paper.texts if one.get_gid() == "title"), None)
    new = drawable(heading)
    for one in (text for text in paper.texts if text.get_text() == old):
        size = float(one.get_fontsize())
        smaller = min(1.0, page_extent(old or new, size) / page_extent(new, size))
        one.set_text(new)
        one.set_fontsize(size * smaller)


def _draw_legend(
    paper: Axes, left: float, bottom: float, title: str, legend: Sequence[tuple[str, str]],
    note: str,
) -> None:  # fmt: skip
    size = _SIZE * 0.86
    lines = wrap(drawable(note), size, (WIDTH - 2 * _GAP) * MM)
    leading = LEADING * size / MM
    height = 2 * _GAP + 5.0 + _ROW * len(legend) + leading * len(lines)
    paper.add_artist(
        Rectangle(
            (left, bottom), WIDTH, height, facecolor="white", edgecolor=RULE, linewidth=0.5,
            alpha=0.94, zorder=5.5,
        )
    )  # fmt: skip
    y = bottom + height - _GAP - 2.6
    _write(paper, left + _GAP, y, title, 8.0)
    y -= 5.0
    for color, words in reversed(legend):
        swatch = (left + _GAP, y - 0.6)
        paper.add_artist(
            Rectangle(swatch, 7.0, 3.2, facecolor=color, edgecolor=RULE, linewidth=0.3, zorder=5.7)
        )
        _write(paper, left + _GAP + 9.0, y, words, _SIZE)
        y -= _ROW
    for line in lines:
        _write(paper, left + _GAP, y, line, size)
        y -= leading


def _write(paper: Axes, x: float, y: float, text: str, size: float) -> None:
    written = paper.text(
        x, y, drawable(text), color=INK, ha="left", va="baseline", parse_math=False, zorder=6.0,
        fontproperties=font_properties(size),
    )  # fmt: skip
    written.set_gid("surface-legend")
