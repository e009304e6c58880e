"""The one-page figure of ``gisplan midterm``: library, progress against time, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gisplan.fonts import drawable, wrap
from gisplan.labels import Labels
from gisplan.plotting.bullets import draw_bullets
from gisplan.plotting.charts import TEXT, Box, chart_sheet, draw_bars, draw_key, draw_matrix, head
from gisplan.plotting.page import MM, PALE, Page, extent

BLUE: Final = "#0072b2"
COLORS: Final = {
    "early": "#009e73", "met": "#009e73", "faster": "#56b4e9", "expected": "#0072b2",
    "behind": "#d55e00", "missed": "#d55e00", "unknown": "#6e6e6e",
}  # fmt: skip
"""Colour of a result, always beside its word."""

FULL: Final = 1.25
"""The share of the way at which a bar ends."""


def plot_midterm(
    frames: dict[str, pd.DataFrame],
    found: Sequence[str],
    labels: Labels,
    *,
    subtitle: str = "",
) -> Figure:
    """Draw the mid-term evaluation on one sheet.

    Parameters
    ----------
    frames
        The tables of `gisplan.evaluation.midterm.evaluate` in words, but with numbers as they are:
        ``library_field`` and ``library_zone`` (first column the name), ``stage_titles``,
        ``indicators`` (``title``, ``result``, ``result_title``, ``progress``, ``elapsed``),
        ``tiers`` and ``lacking`` (``text``).
    found
        The findings in words.
    labels
        The language.
    subtitle
        Which plan and which list.

    Returns
    -------
    Figure
        A4 landscape.
    """
    notes = [labels(f"midterm.note_{k}") for k in (2, 4, 5)]
    page, box = chart_sheet(labels("midterm.title"), subtitle=subtitle, notes=notes)
    upper, lower = box.rows(1.0, 1.0, gap=6)
    library, placed, told = upper.columns(1.25, 0.95, 0.8)
    paths, tiers, lacking = lower.columns(1.1, 0.8, 1.1)
    _library(page, library, frames["library_field"], frames["stage_titles"], labels)
    _placed(page, placed, frames["library_zone"], labels)
    draw_bullets(page, head(page, told, labels("midterm_figure.findings")), found, labels)
    _paths(page, paths, frames["indicators"], labels)
    _tiers(page, tiers, frames["tiers"], labels)
    rest = head(page, lacking, labels("midterm_figure.lacking"))
    draw_bullets(page, rest, list(frames["lacking"]["text"]), labels)
    return page.figure


def _library(
    page: Page, box: Box, table: pd.DataFrame, stages: pd.DataFrame, labels: Labels
) -> None:
    left = head(page, box, labels("midterm_figure.library"))
    codes = [code for code in stages["stage"] if table[code].sum() > 0]
    titles = dict(zip(stages["stage"], stages["title"], strict=True))
    values = table[codes].to_numpy(dtype=float)
    texts = [[f"{value:g}" if value else "" for value in row] for row in values]
    rows = [str(name) for name in table.iloc[:, 0]]
    wide = min(0.45 * left.width, max(extent(drawable(one), TEXT) for one in rows) + 3)
    draw_matrix(
        page, left, rows, [titles[code] for code in codes], values, texts,
        most=max(float(values.max(initial=1.0)), 1.0), names=wide, heads=6.0, tallest=8.0,
    )  # fmt: skip


def _placed(page: Page, box: Box, table: pd.DataFrame, labels: Labels) -> None:
    left = head(page, box, labels("midterm_figure.placed"))
    bars = [(str(row[0]), float(row[1]), str(row[2]), BLUE) for row in table.to_numpy(dtype=object)]
    wide = max((extent(drawable(name), TEXT) for name, *_ in bars), default=20.0) + 3
    draw_bars(page, left, bars, names=min(wide, 0.45 * left.width))


def _paths(page: Page, box: Box, table: pd.DataFrame, labels: Labels) -> None:
    """Draw a bar per indicator for the way gone, and a mark on it for the time gone."""
    left = head(page, box, labels("midterm_figure.indicators"))
    known, rates = table[table["progress"].notna()], table[table["compared"] != ""]
    if len(rates):
        left = _rates(page, left, rates)
    if known.empty:
        page.write_lines(
            left.left, left.top, labels("midterm_figure.none"), width=left.width, size=TEXT
        )
        return
    key = [
        (labels("midterm_figure.bar"), BLUE, "box"),
        (labels("midterm_figure.time"), "#1a1a1a", "line"),
    ]
    top = draw_key(page, left.left, left.top, key, width=left.width, across=True) - 1
    room = int((top - left.bottom) // 6.0)
    shown = known.head(room)
    wide = min(0.4 * left.width, max(extent(drawable(t), TEXT) for t in shown["title"]) + 3)
    told = max(extent(drawable(t), TEXT) for t in shown["result_title"]) + 12
    for at, row in enumerate(shown.to_dict("records")):
        _path(page, Box(left.left, top - 6.0 * (at + 1), left.width, 6.0), row, wide, told)
    if len(known) > len(shown):
        rest = labels("midterm_figure.more", n=len(known) - len(shown))
        page.write(left.left, left.bottom, rest, size=TEXT, color=PALE)


def _rates(page: Page, box: Box, table: pd.DataFrame) -> Box:
    """Set the rates and what they are compared with; return what is left below."""
    y = box.top
    for row in table.head(6).to_dict("records"):
        page.box(box.left, y - 2.5, 2.0, 2.0, line=0, facecolor=COLORS[row["result"]])
        y = page.write_lines(box.left + 3.5, y, row["compared"], width=box.width - 3.5, size=TEXT)
    return box._replace(height=y - 2.0 - box.bottom)


def _path(page: Page, box: Box, row: dict[Any, Any], names: float, told: float) -> None:
    base, room = box.bottom + 2.1, box.width - names - told
    lines = wrap(drawable(row["title"]), TEXT, (names - 2) * MM)
    page.write(box.left, base, lines[0] + ("…" if len(lines) > 1 else ""), size=TEXT)
    left, full = box.left + names, room / FULL
    page.box(left, box.bottom + 1.2, full, 3.6, line=0.3, edgecolor="#b8c2cc")
    long = full * float(np.clip(row["progress"], 0, FULL))
    color = COLORS[row["result"]]
    if long > 0:
        page.box(left, box.bottom + 1.2, long, 3.6, line=0, facecolor=color, edgecolor=color)
    at = left + full * float(np.clip(row["elapsed"], 0, FULL))
    page.line([(at, box.bottom + 0.5), (at, box.bottom + 5.5)], width=1.4)
    text = f"{row['progress']:.0%} {row['result_title']}"
    page.write(left + room + 1.5, base, text, size=TEXT)


def _tiers(page: Page, box: Box, table: pd.DataFrame, labels: Labels) -> None:
    left = head(page, box, labels("midterm_figure.tiers"))
    y = left.top
    for row in table.to_dict("records"):
        y = page.write_lines(left.left, y, row["title"], width=left.width, size=TEXT, bold=True)
        y = (
            page.write_lines(left.left, y, row["text"], width=left.width, size=TEXT, color=PALE)
            - 1.5
        )
