"""Frames -> aligned text on a terminal, where a Chinese character is two places wide."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence

GAP = "  "


def places(text: str) -> int:
    """Return the width of a text on a terminal; combining marks take no place."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def clip(text: str, width: int) -> str:
    """Cut a text to a width, with an ellipsis where something was cut."""
    flat = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)
    if places(flat) <= width:
        return flat
    while flat and places(flat) > width - 1:
        flat = flat[:-1]
    return flat + "…"


def aligned(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = (),
    whole: bool = False,
) -> str:  # fmt: skip
    """Lay out a table; the last column takes what is left of the terminal's width.

    Parameters
    ----------
    headers
        One per column.
    rows
        Cells as text.
    right
        Positions of the columns to align right: numbers.
    whole
        Never cut the last column, where half a sentence would say something else.
    """
    table = [list(headers), *[[str(cell) for cell in row] for row in rows]]
    room = shutil.get_terminal_size((120, 24)).columns
    widths = [min(max(places(row[at]) for row in table), 34) for at in range(len(headers))]
    taken = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    last = max(places(row[-1]) for row in table)
    widths[-1] = last if whole else max(min(last, room - taken), 12)
    lines = [_line(row, widths, right) for row in table]
    ruled = [*widths[:-1], min(widths[-1], max(room - taken, 12))]
    lines.insert(1, GAP.join("─" * width for width in ruled))
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    cells = []
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        text = clip(cell, width)
        space = " " * (width - places(text))
        cells.append(space + text if at in right else text + space)
    return GAP.join(cells).rstrip()
