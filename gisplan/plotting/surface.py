"""A surface on the printed map: its cells below the areas, and a legend inside the frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gisplan.fonts import drawable, font_properties, wrap
from gisplan.plotting.page import INK, LEADING, MM, RULE
from gisplan.plotting.page import extent as page_extent

WIDTH: Final = 52.0
"""Of the legend in millimetres."""

SWATCH: Final = (7.0, 3.2)
"""Width and height of a colour in the key, in millimetres."""

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
    # Above the fills of zones, whose tint would make other values of its colours.
    ground.imshow(
        rgba, extent=extent, origin="upper", interpolation="nearest", aspect="auto", alpha=0.85,
        zorder=2.15, gid="surface",
    )  # fmt: skip
    if heading is not None:
        rename(paper, heading)
    # A picture would widen the map to itself, and the scale would be another.
    ground.set_xlim(*limits[0])
    ground.set_ylim(*limits[1])
    west, east, south, north = extent
    rows, columns = np.nonzero(rgba[..., 3])
    x = west + (columns + 0.5) * (east - west) / rgba.shape[1]
    y = north - (rows + 0.5) * (north - south) / rgba.shape[0]
    draw_key(figure, title, legend, note, busy=np.column_stack([x, y]))
    return figure


def rename(paper: Axes, heading: str) -> None:
    """Give the sheet another title, smaller where it is longer."""
    old = next((one.get_text() for one in paper.texts if one.get_gid() == "title"), None)
    new = drawable(heading)
    for one in (text for text in paper.texts if text.get_text() == old):
        size = float(one.get_fontsize())
        smaller = min(1.0, page_extent(old or new, size) / page_extent(new, size))
        one.set_text(new)
        one.set_fontsize(size * smaller)


def draw_key(
    figure: Figure, title: str, legend: Sequence[tuple[str, str]], note: str, *, busy: Any
) -> list[tuple[float, float]]:
    """Draw a key of colours and a note on white, in the corner that hides least.

    Parameters
    ----------
    figure
        A map sheet; see `lay_surface`.
    title, legend, note
        Heading, pairs of ``#rrggbb`` and words from the least to the most, and the note.
    busy
        k x 2, metres of the map: what is not to be hidden.

    Returns
    -------
    list
        Lower left corners of the swatches in millimetres, from the most to the least.
    """
    axes = {str(one.get_label()): one for one in figure.axes}
    paper, size = axes["paper"], _SIZE * 0.86
    lines = wrap(drawable(note), size, (WIDTH - 2 * _GAP) * MM)
    leading = LEADING * size / MM
    height = 2 * _GAP + 5.0 + _ROW * len(legend) + leading * len(lines)
    left, bottom = _corner(figure, axes["map"], height, busy)
    paper.add_artist(
        Rectangle(
            (left, bottom), WIDTH, height, facecolor="white", edgecolor=RULE, linewidth=0.5,
            alpha=0.94, zorder=6.3,
        )
    )  # fmt: skip
    y = bottom + height - _GAP - 2.6
    _write(paper, left + _GAP, y, title, 8.0)
    y -= 5.0
    swatches = []
    for color, words in reversed(legend):
        swatch = (left + _GAP, y - 0.6)
        swatches.append(swatch)
        if color:
            paper.add_artist(
                Rectangle(
                    swatch, *SWATCH, facecolor=color, edgecolor=RULE, linewidth=0.3, zorder=6.5
                )
            )  # fmt: skip
        _write(paper, left + _GAP + 9.0, y, words, _SIZE)
        y -= _ROW
    for line in lines:
        _write(paper, left + _GAP, y, line, size)
        y -= leading
    return swatches


def _corner(figure: Figure, ground: Axes, height: float, busy: Any) -> tuple[float, float]:
    """Choose the corner of the map's frame, in millimetres, where a key hides least."""
    place = ground.get_position()
    across, up = (float(inch) * 25.4 for inch in figure.get_size_inches())
    (west, east), (south, north) = ground.get_xlim(), ground.get_ylim()
    x = (place.x0 + (busy[:, 0] - west) / (east - west) * place.width) * across
    y = (place.y0 + (busy[:, 1] - south) / (north - south) * place.height) * up
    corners = [
        (left, bottom)
        for bottom in (place.y0 * up + _GAP, place.y1 * up - _GAP - height)
        for left in (place.x0 * across + _GAP, place.x1 * across - _GAP - WIDTH)
    ]
    hidden = [
        int(((x > left) & (x < left + WIDTH) & (y > low) & (y < low + height)).sum())
        for left, low in corners
    ]
    return corners[hidden.index(min(hidden))]


def _write(paper: Axes, x: float, y: float, text: str, size: float) -> None:
    written = paper.text(
        x, y, drawable(text), color=INK, ha="left", va="baseline", parse_math=False, zorder=6.6,
        fontproperties=font_properties(size),
    )  # fmt: skip
    written.set_gid("surface-legend")
