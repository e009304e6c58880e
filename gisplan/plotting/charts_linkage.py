"""The one-page figure of linkage: a strip map per corridor, the graph, and what a cut breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.plotting.charts import TEXT, TICK, Box, chart_sheet, draw_matrix, head
from gisplan.plotting.page import INK, MM, PALE, RULE, Page, extent
from gisplan.symbology import color_of, ink
from gisplan.terms import SEPARATOR, Kind


def plot_linkage(
    definition: PlanDefinition,
    stations: pd.DataFrame,
    links: pd.DataFrame,
    connectivity: pd.DataFrame,
    *,
    notes: Sequence[str],
    labels: Labels,
) -> Figure:
    """Draw the linkage of zones by corridors on one page.

    Parameters
    ----------
    definition
        Titles and colours.
    stations, links, connectivity
        What `gisplan.linkage` returns.
    notes
        Paragraphs for the foot, in words.
    labels
        The words of one language.

    Returns
    -------
    Figure
        A4, landscape; strips are to one scale, chainage in metres.
    """
    language = labels.language
    title = labels("overlay.figure_links_title", title=definition.title.get(language))
    subtitle = labels("overlay.figure_links_subtitle", version=definition.version)
    page, room = chart_sheet(title, subtitle=subtitle, notes=notes)
    strips, below = room.rows(1.25, 1)
    names = [key for key in definition.corridors if (stations["corridor"] == key).any()]
    longest = float(stations["end"].max()) if len(stations) else 1.0
    parts = strips.rows(*[1.0] * len(names), gap=3) if names else []
    for at, (key, box) in enumerate(zip(names, parts, strict=True)):
        mine = stations[stations["corridor"] == key]
        ranges = links[links["corridor"] == key].set_index("zone")
        color = color_of(Kind.CORRIDOR, at, definition.corridors[key].color)
        _draw_strip(page, box, definition, mine, ranges, longest, color, labels)
    left, right = below.columns(1.55, 1)
    _draw_graph(page, head(page, left, labels("overlay.figure_links_graph")), definition, links,
                labels)  # fmt: skip
    _draw_cuts(page, head(page, right, labels("overlay.figure_links_cuts")), definition,
               connectivity, labels)  # fmt: skip
    return page.figure


def _draw_strip(
    page: Page, box: Box, definition: PlanDefinition, mine: pd.DataFrame, ranges: pd.DataFrame,
    longest: float, color: str, labels: Labels,
) -> None:  # fmt: skip
    """Draw one corridor straightened out: zones as bars with entry and exit, gaps between."""
    zone_keys = list(definition.zones)
    total = float(mine["end"].max())
    name = definition.name(mine["corridor"].iloc[0], labels.language)
    told = labels("overlay.figure_links_strip", corridor=name, length=f"{total:,.0f}")
    page.write(box.left, box.top - 3, told, size=TEXT, bold=True, color=INK)
    rate = box.width / longest
    high = min(7.0, box.height * 0.3)
    base = box.top - 5.5 - high
    middle = base + high / 2
    page.line([(box.left, middle), (box.left + total * rate, middle)], width=2.2, color=color)
    at = 0
    for row in mine.to_dict("records"):
        x, wide = box.left + row["start"] * rate, row["length"] * rate
        held = [key for key in row["zone"].split(SEPARATOR) if key]
        if not held:
            gap = labels("overlay.figure_links_gap", length=f"{row['length']:,.0f}")
            if extent(gap, TICK) < wide:
                page.write(x + wide / 2, middle + 1.0, gap, size=TICK, across="center", color=PALE)
            continue
        zone = definition.zones[held[0]]
        fill = color_of(Kind.ZONE, zone_keys.index(held[0]), zone.color)
        page.box(x, base, wide, high, line=0.5, facecolor=fill, edgecolor=INK)
        title = " ｜ ".join(definition.name(key, labels.language) for key in held)
        if extent(title, TEXT) < wide - 1:
            page.write(x + wide / 2, middle - 0.36 * TEXT / MM, title, size=TEXT, across="center",
                       color=ink(fill))  # fmt: skip
        _mark_ends(page, row, x, wide, base)
        if held[0] in ranges.index:
            _draw_range(page, box, ranges.loc[held[0]], rate, row, base, at)
            at += 1


def _mark_ends(page: Page, row: dict[Any, Any], x: float, wide: float, base: float) -> None:
    """Write the chainage of entry and exit below a bar."""
    for at, value, side in ((x, row["start"], "left"), (x + wide, row["end"], "right")):
        page.line([(at, base), (at, base - 1.2)], width=0.6)
        page.write(at, base - 3.8, f"{value:,.0f}", size=TICK, across=side)


def _draw_range(
    page: Page, box: Box, link: pd.Series, rate: float, row: dict[Any, Any], base: float, at: int
) -> None:
    """Draw the least and the most contact length about the middle of a bar, and write both."""
    low, high = float(link["length_low"]), float(link["length_high"])
    if high != high:
        return
    middle, y = (row["start"] + row["end"]) / 2, base - 5.2 - 1.6 * (at % 2)
    for length, width in ((high, 0.6), (low, 2.2)):
        start = max(box.left + (middle - length / 2) * rate, box.left)
        end = min(box.left + (middle + length / 2) * rate, box.right)
        if length > 0:
            page.line([(start, y), (end, y)], width=width, color=INK)
    said = f"{low:,.0f}–{high:,.0f}"
    room = row["length"] * rate - 24
    if extent(said, TICK) < room:
        page.write(box.left + middle * rate, base - 3.8, said, size=TICK, across="center",
                   color=PALE)  # fmt: skip


def _draw_graph(
    page: Page, box: Box, definition: PlanDefinition, links: pd.DataFrame, labels: Labels
) -> None:
    """Shade the incidence of zones and corridors by how sure each link is."""
    language = labels.language
    zones, corridors = list(definition.zones), list(definition.corridors)
    if not zones or not corridors:
        return
    by = links.set_index(["zone", "corridor"])
    values = np.full((len(zones), len(corridors)), np.nan)
    texts = []
    for r, zone in enumerate(zones):
        row = []
        for k, corridor in enumerate(corridors):
            link: Any = by.loc[(zone, corridor)]
            if not pd.isna(link["linked"]) and bool(link["linked"]):
                values[r, k] = 0.85 if link["sure"] else 0.3
            row.append(_link(link, labels))
        texts.append(row)
    names = [definition.name(key, language) for key in zones]
    heads = [definition.name(key, language) for key in corridors]
    draw_matrix(page, box, names, heads, values, texts, color="#009e73", names=30, heads=6)


def _link(link: pd.Series, labels: Labels) -> str:
    if pd.isna(link["linked"]):
        return labels("overlay.figure_links_unknown")
    if not link["linked"]:
        said = labels("overlay.figure_links_apart", distance=f"{link['distance']:,.0f}")
    elif link["crosses"]:
        said = labels("overlay.figure_links_crosses", length=f"{link['length']:,.0f}")
    else:
        said = labels("overlay.figure_links_near", distance=f"{link['distance']:,.0f}")
    # Cut, not rounded: what is not quite sure must not read 1.00.
    sure = labels("overlay.figure_links_p", p=f"{int(link['same'] * 100) / 100:.2f}")
    return f"{said}  {sure}"


def _draw_cuts(
    page: Page, box: Box, definition: PlanDefinition, connectivity: pd.DataFrame, labels: Labels
) -> None:
    y, language = box.top, labels.language
    for row in connectivity.to_dict("records"):
        told = labels("overlay.figure_connected") if row["connected"] else ""
        if row["lost"]:
            comma = "、" if language == "zh" else ", "
            names = comma.join(
                definition.name(key, language) for key in row["lost"].split(SEPARATOR)
            )
            told = labels("overlay.figure_lost", lost=names)
        values = {"components": row["components"], "connected": told}
        if row["case"] == "cut":
            corridor = definition.name(row["cut_corridor"], language)
            line = labels("overlay.figure_case_cut", corridor=corridor, **values)
        else:
            line = labels(
                "overlay.figure_case", case=labels(f"overlay.case_{row['case']}"), **values
            )
        if not pd.isna(row["survives"]):
            line += labels(f"overlay.figure_{'survives' if row['survives'] else 'depends'}")
        y = page.write_lines(box.left, y, line, width=box.width, size=TEXT) - 1.0
        if y < box.bottom + 4:
            return
    page.line([(box.left, box.top + 0.8), (box.right, box.top + 0.8)], width=0.3, color=RULE)
