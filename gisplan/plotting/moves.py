"""Moves on the printed map: an arrow from where a project is to where it would comply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path
from shapely.geometry import LineString, Point, box

from gisplan.plotting.surface import SWATCH, draw_key, rename

HEAD: Final = 2.2
"""Length of an arrow's head in millimetres."""

DOT: Final = 0.9
"""Radius in millimetres of the mark where an arrow ends; a shorter move is the mark alone."""


def lay_moves(
    figure: Figure,
    moves: Sequence[tuple[Point, Point]],
    *,
    color: str,
    title: str,
    words: str,
    note: str,
    heading: str,
) -> Figure:
    """Lay arrows on a map sheet, and what they mean into the frame's corner.

    Parameters
    ----------
    figure
        What `gisplan.plotting.plot` returns; it is changed and returned.
    moves
        Start and end of each, in metres of the map. What lies beyond the frame is cut off.
    color
        Of the arrows.
    title, words, note
        Heading of the key, what an arrow is, and what it is not.
    heading
        Of the sheet, instead of its own.
    """
    axes = {str(one.get_label()): one for one in figure.axes}
    ground, paper = axes["map"], axes["paper"]
    place = ground.get_position()
    width, height = (float(inch) * 25.4 for inch in figure.get_size_inches())
    frame = box(place.x0 * width, place.y0 * height, place.x1 * width, place.y1 * height)
    (west, east), (south, north) = ground.get_xlim(), ground.get_ylim()

    def on_paper(point: Point) -> tuple[float, float]:
        across, up = (point.x - west) / (east - west), (point.y - south) / (north - south)
        return (
            (place.x0 + across * place.width) * width,
            (place.y0 + up * place.height) * height,
        )

    rename(paper, heading)
    # The longest first, so that none hides a shorter one.
    for start, end in sorted(moves, key=lambda one: -shapely.distance(*one)):
        _draw(paper, frame, on_paper(start), on_paper(end), color)
    ends = np.array([(one.x, one.y) for move in moves for one in move]).reshape(-1, 2)
    ((left, low),) = draw_key(figure, title, [("", words)], note, busy=ends)
    middle = low + SWATCH[1] / 2
    _draw(paper, frame, (left, middle), (left + SWATCH[0] - DOT, middle), color, above=2.5)
    return figure


def _draw(
    paper: Axes, frame: Any, start: tuple[float, float], end: tuple[float, float], color: str,
    *, above: float = 0.0,
) -> None:  # fmt: skip
    way = LineString([start, end]).intersection(frame)
    if way.is_empty or not frame.contains(Point(end)):
        return
    direction = np.subtract(end, start)
    length = float(np.hypot(*direction))
    if length > DOT:
        neck = np.array(end) - direction / length * min(HEAD, length)
        line = LineString([start, neck]).intersection(frame)
        for stroke, wide, order in (("white", 2.6, 4.4), (color, 1.3, 4.5)):
            _stroke(paper, line, stroke, wide, order + above)
        across = np.array([-direction[1], direction[0]]) / length * HEAD * 0.36
        head = Path([tuple(end), tuple(neck + across), tuple(neck - across), tuple(end)])
        paper.add_artist(
            PathPatch(head, facecolor=color, edgecolor="white", linewidth=0.5, zorder=6.1 + above)
        )
    paper.add_artist(
        Circle(end, DOT * 0.62, facecolor="white", edgecolor=color, linewidth=1.1,
               zorder=6.2 + above, gid="move")
    )  # fmt: skip


def _stroke(paper: Axes, line: Any, color: str, width: float, order: float) -> None:
    if line.is_empty or line.geom_type != "LineString":
        return
    way = Path(np.asarray(line.coords))
    way.should_simplify = False
    paper.add_artist(
        PathPatch(way, facecolor="none", edgecolor=color, linewidth=width, zorder=order)
    )
