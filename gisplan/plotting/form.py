"""The form of a sheet: paper, direction, grid, what is written in its cells, where things go."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from gisplan.errors import GisplanError

GRIDS: Final = ("degrees", "km")

BINDING: Final = {"A4": 18.0, "A3": 25.0, "plate": 0.5}
MARGIN: Final = {"A4": 8.0, "A3": 10.0, "plate": 0.5}
PANEL: Final = {"A4": 66.0, "A3": 92.0, "plate": 66.0}
FACTOR: Final = {"A4": 1.0, "A3": 1.3, "plate": 0.9}
"""By paper: binding edge, other edges and panel in millimetres; factor of the type sizes."""

PAPERS: Final = {"A4": (297.0, 210.0), "A3": (420.0, 297.0), "plate": (225.0, 138.0)}
"""Long and short side of the sheet in millimetres. A plate is a picture on a page of a
document, at its own size, so that its scale is true there too."""

GAP: Final = 4.0
"""Millimetres between the columns of a panel, and round it."""


class Frame(NamedTuple):
    """A part of the sheet in millimetres."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.bottom + self.height

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width


@dataclass(frozen=True)
class Form:
    """What a sheet is to be, whatever it shows.

    Attributes
    ----------
    paper
        ``"A4"``, ``"A3"``, or ``"plate"`` for a picture on a landscape page of a document.
    portrait
        Upright, with the panel below the map.
    scale
        Denominator, such as 50000; by default the largest round one that holds everything.
    grid
        ``"degrees"``: meridians and parallels with degrees, minutes and seconds;
        ``"km"``: the grid of the plan's own coordinates in kilometres, with ticks in degrees.
    author, number, review_number
        编制单位, 图号 and 审图号 of the title block; their cells stay empty without them.

    Raises
    ------
    GisplanError
        ``plot_paper``, ``plot_grid`` or ``plot_scale`` for a value that there is not.
    """

    paper: str = "A4"
    portrait: bool = False
    scale: float | None = None
    grid: str = "degrees"
    author: str = ""
    number: str = ""
    review_number: str = ""

    def __post_init__(self) -> None:
        if self.paper not in PAPERS:
            raise GisplanError("plot_paper", value=self.paper, allowed=", ".join(PAPERS))
        if self.grid not in GRIDS:
            raise GisplanError("plot_grid", value=self.grid, allowed=", ".join(GRIDS))
        if self.scale is not None and not (math.isfinite(self.scale) and self.scale > 0):
            raise GisplanError("plot_scale_value", value=f"{self.scale:g}")

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the sheet in millimetres."""
        long, short = PAPERS[self.paper]
        return (short, long) if self.portrait else (long, short)

    @property
    def factor(self) -> float:
        """Factor of the type sizes."""
        return FACTOR[self.paper]

    @property
    def neat(self) -> Frame:
        """The outer line of the sheet, a wide edge for binding on its left."""
        left, edge = BINDING[self.paper], MARGIN[self.paper]
        width, height = self.size
        return Frame(left, edge, width - left - edge, height - 2 * edge)

    @property
    def panel(self) -> Frame:
        """What is beside the map, or below it: legend, account and title block."""
        neat = self.neat
        if self.portrait:
            height = 1.38 * PANEL[self.paper]
            return Frame(neat.left + GAP, neat.bottom + 3, neat.width - 2 * GAP, height)
        width = PANEL[self.paper]
        return Frame(neat.right - width, neat.bottom + 3, width - GAP, neat.height - 6)

    @property
    def columns(self) -> tuple[Frame, ...]:
        """The columns of the panel, in the order in which they are filled."""
        panel = self.panel
        if not self.portrait:
            return (panel,)
        width = (panel.width - 2 * GAP) / 3
        return tuple(
            Frame(panel.left + k * (width + GAP), panel.bottom, width, panel.height)
            for k in range(3)
        )

    @property
    def map(self) -> Frame:
        """The frame of the map, with room for the figures of the grid round it."""
        neat, panel, k = self.neat, self.panel, self.factor
        side, head = 7.0 * k, 17.0 * k
        left = neat.left + side
        right = neat.right - side if self.portrait else panel.left - side - 1
        bottom = (panel.top if self.portrait else neat.bottom) + 6.5 * k
        return Frame(left, bottom, right - left, neat.top - head - bottom)
