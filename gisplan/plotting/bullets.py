"""Sentences on a one-page figure: set as large as they fit, and never over what is below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gisplan.fonts import drawable, wrap
from gisplan.labels import Labels
from gisplan.plotting.charts import Box
from gisplan.plotting.page import ASCENT, LEADING, MM, Page

SIZES: Final = (7.0, 6.5, 6.0, 5.5)
"""Type in points, the first that lets everything fit."""

INDENT: Final = 2.5
GAP: Final = 0.7
"""Millimetres of the text from its dot, and between two sentences."""


def draw_bullets(page: Page, box: Box, lines: Sequence[str], labels: Labels) -> None:
    """Set one sentence below the other; what does not fit even small is counted."""
    size = next((one for one in SIZES if _height(lines, box, one) <= box.height), SIZES[-1])
    y = box.top
    for at, line in enumerate(lines):
        rest = 0.0 if at == len(lines) - 1 else LEADING * size / MM
        if y - _height([line], box, size) - rest < box.bottom - GAP:
            more = labels("stats_figure.more", n=len(lines) - at)
            page.write_lines(box.left + INDENT, y, more, width=box.width - INDENT, size=size)
            return
        page.write(box.left, y - ASCENT * size / MM, "·", size=size, bold=True)
        y = page.write_lines(box.left + INDENT, y, line, width=box.width - INDENT, size=size) - GAP


def _height(lines: Sequence[str], box: Box, size: float) -> float:
    """Millimetres that sentences take at a size."""
    wrapped = [wrap(drawable(line), size, (box.width - INDENT) * MM) for line in lines]
    return sum(len(own) * LEADING * size / MM + GAP for own in wrapped)
