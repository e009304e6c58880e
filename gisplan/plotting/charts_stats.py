"""The one-page figure of ``gisplan stats``: counts, quotients, gathering, nearness, fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gisplan.labels import Labels
from gisplan.plotting.bullets import draw_bullets
from gisplan.plotting.charts import (
    TEXT,
    Box,
    chart_sheet,
    draw_band,
    draw_key,
    draw_matrix,
    framed_axes,
    head,
    name_ticks,
    number_ticks,
)
from gisplan.plotting.page import Page, extent
from gisplan.symbology import OUTCOME_SYMBOLS
from gisplan.terms import Outcome

BLUE: Final = "#0072b2"
GREY: Final = "#6e6e6e"
ORANGE: Final = "#d55e00"
EVERY: Final = "*"


def plot_stats(
    frames: dict[str, pd.DataFrame],
    found: Sequence[str],
    names: dict[str, str],
    labels: Labels,
    *,
    subtitle: str = "",
) -> Figure:
    """Draw the statistics of a list on one sheet.

    Parameters
    ----------
    frames
        What `gisplan.summary.summarise` returns.
    found
        The findings in words.
    names
        Title of every area and code that occurs in the tables.
    labels
        The language.
    subtitle
        Which plan and which list.

    Returns
    -------
    Figure
        A4 landscape; write it with `gisplan.plotting.render`.
    """
    notes = [labels(f"stats.note_{k}") for k in (1, 2, 8, 9)]
    page, box = chart_sheet(labels("stats.title"), subtitle=subtitle, notes=notes)
    upper, lower = box.rows(1.0, 1.05, gap=6)
    counts, quotient, told = upper.columns(1, 1, 1)
    curve, bands, fit = lower.columns(1, 1, 1)
    _outcomes(page, counts, frames["by_zone"], names, labels)
    _quotients(page, quotient, frames, names, labels)
    draw_bullets(page, head(page, told, labels("stats_figure.findings")), found, labels)
    _gathering(page, curve, frames["gathering"], labels)
    _bands(page, bands, frames["bands"], labels)
    _fit(page, fit, frames["fit"], labels)
    return page.figure


def _outcomes(
    page: Page, box: Box, table: pd.DataFrame, names: dict[str, str], labels: Labels
) -> None:
    """Draw one lying bar per area, parted by outcome; the number at its end."""
    left = head(page, box, labels("stats_figure.outcomes"))
    shown = [one for one in Outcome if table[one.value].sum() > 0]
    key = [(labels(f"outcome.{one}"), OUTCOME_SYMBOLS[one].color, "box") for one in shown]
    top = draw_key(page, left.left, left.top, key, width=left.width, across=True) - 1
    step = min(8.0, (top - left.bottom) / max(len(table), 1))
    wide = max(extent(names[key], TEXT) for key in table["area_id"]) + 2
    most = max(int(table["projects"].max()), 1)
    room = left.width - wide - 8
    for at, row in enumerate(table.to_dict("records")):
        low, x = top - (at + 1) * step, left.left + wide
        base = low + 0.5 * step - 0.9
        page.write(left.left, base, names[row["area_id"]], size=TEXT)
        for one in shown:
            long = room * row[one.value] / most
            if long > 0:
                symbol = OUTCOME_SYMBOLS[one]
                page.box(x, low + 0.15 * step, long, 0.7 * step, line=0.3,
                         facecolor=symbol.color, edgecolor="white")  # fmt: skip
            x += long
        page.write(x + 1.2, base, str(row["projects"]), size=TEXT)


def _quotients(
    page: Page, box: Box, frames: dict[str, pd.DataFrame], names: dict[str, str], labels: Labels
) -> None:
    left = head(page, box, labels("stats_figure.quotient"))
    table = frames["quotient"].set_index("area_id")
    counts = frames["structure"].set_index("area_id").reindex(columns=table.columns)
    counts = counts.loc[:, counts.sum() > 0]
    values = table[counts.columns].to_numpy(dtype=float)
    if values.size == 0:
        _nothing(page, left, labels)
        return
    texts = [
        [_quotient(value, n) for value, n in zip(row, number, strict=True)]
        for row, number in zip(values, counts.to_numpy(), strict=True)
    ]
    rows = [names[key] for key in table.index]
    columns = [names[str(code)] for code in counts.columns]
    draw_matrix(
        page, left, rows, columns, values, texts, most=2.0,
        names=min(34.0, max(extent(one, TEXT) for one in rows) + 3), heads=12.0, tallest=10.0,
    )  # fmt: skip


def _quotient(value: float, projects: float) -> str:
    return "—" if not np.isfinite(value) else f"{value:.1f} ({projects:g})"


def _gathering(page: Page, box: Box, table: pd.DataFrame, labels: Labels) -> None:
    left = head(page, box, labels("stats_figure.gathering"))
    own = table[table["null"] == "random"] if len(table) else table
    if own.empty:
        _nothing(page, left, labels)
        return
    key = [
        (labels("stats_figure.observed"), BLUE, "line"),
        (labels("stats_figure.gathering_note"), "#d0d0d0", "box"),
    ]
    below = draw_key(page, left.left + 2, left.top, key, width=left.width - 2)
    axes = framed_axes(
        page, left._replace(height=below - left.bottom), label="gathering",
        x=labels("stats_figure.r"),
    )  # fmt: skip
    r = own["r"].to_numpy()
    draw_band(axes, r, own["band_low"], own["band_high"], color=GREY, opacity=0.3)
    axes.plot(r, own["expected"], color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.plot(r, own["l"], color=BLUE, linewidth=1.6)
    axes.set_xlim(0, float(r[-1]))
    number_ticks(axes, x=lambda v: f"{v:,.0f}", y=lambda v: f"{v:,.0f}", most=5)


def _bands(page: Page, box: Box, table: pd.DataFrame, labels: Labels) -> None:
    left = head(page, box, labels("stats_figure.bands"))
    own = table[table["corridor"] == EVERY] if len(table) else table
    if own.empty or own["projects"].sum() == 0:
        _nothing(page, left, labels)
        return
    key = [
        (labels("stats_figure.share_projects"), BLUE, "box"),
        (labels("stats_figure.share_area"), "#c9c9c9", "box"),
    ]
    below = draw_key(page, left.left + 2, left.top, key, width=left.width - 2)
    axes = framed_axes(
        page, left._replace(height=below - left.bottom), label="bands",
        x=labels("stats_figure.distance"),
    )  # fmt: skip
    at = np.arange(len(own))
    axes.bar(at - 0.2, own["share"], width=0.38, color=BLUE)
    axes.bar(at + 0.2, own["area_share"], width=0.38, color="#c9c9c9")
    axes.vlines(at - 0.2, own["low"], own["high"], color="#1a1a1a", linewidth=0.9)
    axes.set_ylim(0, min(1.0, float(own["high"].max()) * 1.1))
    number_ticks(axes, y=lambda v: f"{v:.0%}", most=5)
    name_ticks(axes, x=[_band(row) for row in own.to_dict("records")])


def _band(row: dict[Any, Any]) -> str:
    if np.isinf(row["outer"]):
        return f">{row['inner']:g}"
    return f"{row['inner']:g}–{row['outer']:g}"


def _fit(page: Page, box: Box, table: pd.DataFrame, labels: Labels) -> None:
    left = head(page, box, labels("stats_figure.fit"))
    own = table[table["corridor"] == EVERY] if len(table) else table
    if own.empty or own["share"].isna().all():
        _nothing(page, left, labels)
        return
    key = [
        (labels("stats_figure.observed"), BLUE, "line"),
        (labels("stats_figure.interval"), "#bcd9ea", "box"),
        (labels("stats_figure.expected"), ORANGE, "dash"),
    ]
    below = draw_key(page, left.left + 2, left.top, key, width=left.width - 2, across=True)
    axes = framed_axes(
        page, left._replace(height=below - left.bottom), label="fit",
        x=labels("stats_figure.width"),
    )  # fmt: skip
    width = own["width"].to_numpy()
    draw_band(axes, width, own["low"], own["high"], color=BLUE, opacity=0.25)
    axes.plot(width, own["expected_share"], color=ORANGE, linewidth=1.1, linestyle=(0, (4, 2)))
    axes.plot(width, own["share"], color=BLUE, linewidth=1.6)
    axes.set_ylim(0, 1)
    axes.set_xlim(0, float(width[-1]))
    number_ticks(axes, x=lambda v: f"{v:,.0f}", y=lambda v: f"{v:.0%}", most=5)


def _nothing(page: Page, box: Box, labels: Labels) -> None:
    page.write(box.left, box.top - 6, labels("stats_figure.nothing"), size=TEXT)
