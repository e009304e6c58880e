"""A sheet of paper in millimetres: lines, boxes and text set in the shipped font."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.patheffects import Stroke
from matplotlib.text import Text

from gisplan.fonts import drawable, font_properties, text_width, wrap

if TYPE_CHECKING:
    from gisplan.symbology import Symbol

MM: Final = 72 / 25.4
"""Points in a millimetre."""

INK: Final = "#1a1a1a"
PALE: Final = "#6b6b6b"
RULE: Final = "#9a9a9a"

ASCENT: Final = 0.86
DESCENT: Final = 0.14
"""What Chinese glyphs take above and below the baseline, in em."""

BODY = 7.0
LEADING = 1.42
"""Size of running text in points, and the distance of its lines in em."""


class Page:
    """A figure whose one full-page axes is measured in millimetres from the lower left.

    Attributes
    ----------
    figure
        The matplotlib figure; it belongs to no pyplot session.
    paper
        The axes over the whole sheet, in millimetres.
    width, height
        Of the sheet in millimetres.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 25.4, height / 25.4), facecolor="white")
        FigureCanvasAgg(self.figure)
        self.paper: Any = self.axes(0, 0, width, height, label="paper")
        self.paper.set_xlim(0, width)
        self.paper.set_ylim(0, height)

    def axes(self, left: float, bottom: float, width: float, height: float, *, label: str) -> Axes:
        """Add bare axes on a part of the sheet; the paper lies above all others."""
        share = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        made = self.figure.add_axes(share, label=label)
        made.set_axis_off()
        made.patch.set_visible(False)
        made.set_zorder(5 if label == "paper" else 1)
        return made

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = BODY,
        across: str = "left",
        **look: Any,
    ) -> Text:
        """Set one line of text on the baseline ``y``; it is never read as mathematics.

        ``look`` may hold ``color``, ``halo`` (a colour drawn behind), ``bold``, ``rotation``
        (degrees about the start of the line), ``gid`` and ``zorder``.

        Raises
        ------
        GisplanError
            ``glyph_missing`` where the font lacks a character.
        """
        line = drawable(text)
        color = look.pop("color", INK)
        halo, bold, gid = look.pop("halo", None), look.pop("bold", False), look.pop("gid", None)
        given = {
            "ha": across, "va": "baseline", "fontproperties": font_properties(size),
            "parse_math": False, "rotation_mode": "anchor", "zorder": 6.0, **look,
        }  # fmt: skip
        # An outlined text becomes a shape in a PDF; the plain one on top stays text that can
        # be searched and copied. One weight is shipped, so bold is the text with an outline.
        for outline, width in ((halo, 0.28 * size), (color if bold else None, 0.055 * size)):
            if outline:
                under = self.paper.text(x, y, line, color=outline, **given)
                under.set_path_effects([Stroke(linewidth=width, foreground=outline)])
        top = self.paper.text(x, y, line, color=color, **given)
        top.set_gid(gid)
        return top

    def write_lines(
        self, x: float, y: float, text: str, *, width: float, size: float = BODY, **look: Any
    ) -> float:
        """Set wrapped text below ``y`` (the top of the first line); return where it ends."""
        for line in wrap(drawable(text), size, width * MM):
            self.write(x, y - ASCENT * size / MM, line, size=size, **look)
            y -= LEADING * size / MM
        return y

    def line(
        self, points: Sequence[tuple[float, float]], *, width: float = 0.5, **look: Any
    ) -> None:
        """Draw a line through points; ``width`` in points of print."""
        way = Path(points)
        way.should_simplify = False
        path = PathPatch(
            way,
            facecolor="none",
            edgecolor=look.pop("color", INK),
            linewidth=width,
            **look,
        )
        self.paper.add_artist(path)

    def box(
        self,
        left: float,
        bottom: float,
        width: float,
        height: float,
        *,
        line: float = 0.5,
        **look: Any,
    ) -> None:
        """Draw a rectangle; ``line`` in points, ``facecolor`` none unless given."""
        corners = [
            (left, bottom), (left + width, bottom), (left + width, bottom + height),
            (left, bottom + height),
        ]  # fmt: skip
        look = {"facecolor": "none", "edgecolor": INK, **look}
        self.paper.add_artist(Polygon(corners, closed=True, linewidth=line, **look))

    def mark(
        self, x: float, y: float, symbol: Symbol, *, half: float = 1.15, gid: str = ""
    ) -> None:
        """Draw the marker of an outcome, ``half`` its half width in millimetres."""
        corners = [(x + half * dx, y + half * dy) for dx, dy in symbol.vertices]
        patch = Polygon(
            corners, closed=True, facecolor=symbol.color, edgecolor="white", linewidth=0.5,
            zorder=5 + symbol.order / 10, joinstyle="round",
        )  # fmt: skip
        patch.set_gid(gid or None)
        self.paper.add_artist(patch)


class Nowhere(Page):
    """A page that takes everything and draws nothing: to try whether something fits."""

    def __init__(self, page: Page) -> None:  # a figure would be a waste
        self.width, self.height = page.width, page.height
        self.paper: Any = _Void()

    def write(self, x: float, y: float, text: str, **look: Any) -> Any:  # noqa: ARG002
        """Refuse what cannot be drawn."""
        return drawable(text)


class _Void:
    def add_artist(self, artist: Any) -> None:
        """Drop it."""


def extent(text: str, size: float) -> float:
    """Return the width in millimetres of a line of text."""
    return text_width(drawable(text), size) / MM
