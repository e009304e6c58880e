"""The one-page figure of buffer and overlap: the rings, shares with their range, the sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.plotting.charts import (
    TICK,
    Box,
    chart_sheet,
    draw_key,
    draw_matrix,
    framed_axes,
    head,
    number_ticks,
)
from gisplan.plotting.charts_plans import SmallMap, bounds_of, draw_plan
from gisplan.plotting.page import INK, PALE, Page, extent
from gisplan.symbology import color_of
from gisplan.terms import Kind

_EVERY = "*"


def plot_overlay(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    frames: Mapping[str, pd.DataFrame],
    *,
    lines: Sequence[str],
    labels: Labels,
) -> Figure:
    """Draw buffer and overlap on one page.

    Parameters
    ----------
    definition, areas
        The plan.
    frames
        ``rings``, ``zone_shares``, ``zone_pairs`` and ``sweep`` as `gisplan.overlay` returns
        them.
    lines
        The subtitle, the sum of areas, and what stands at the foot, in words.
    labels
        The words of one language.

    Returns
    -------
    Figure
        A4, landscape, with the axes ``rings`` (metres of the plan's CRS) and ``sweep``.
    """
    title = labels("overlay.figure_title", title=definition.title.get(labels.language))
    page, room = chart_sheet(title, subtitle=lines[0], notes=lines[2:])
    left, right = room.columns(1, 1.25)
    _draw_rings(page, left, definition, areas, frames["rings"], labels)
    top, middle, low = right.rows(1.1, 1.45, 0.72, gap=4)
    _draw_shares(page, top, definition, frames["zone_shares"], labels)
    _draw_sweep(page, middle, definition, frames["sweep"], labels)
    _draw_pairs(page, low, definition, frames["zone_pairs"], labels)
    page.write(left.left, left.bottom - 1, lines[1], size=TICK, color=INK)
    return page.figure


def _draw_rings(
    page: Page, box: Box, definition: PlanDefinition, areas: gpd.GeoDataFrame,
    rings: pd.DataFrame, labels: Labels,
) -> None:  # fmt: skip
    inner = Box(box.left, box.bottom + 4, box.width, box.height - 4)
    ground = SmallMap(page, inner, bounds_of(list(areas.geometry)), label="rings")
    colors = {
        key: color_of(Kind.CORRIDOR, at, layer.color)
        for at, (key, layer) in enumerate(definition.corridors.items())
    }
    for row in rings.sort_values("outer", ascending=False).to_dict("records"):
        color = colors[row["corridor"]]
        ground.add(row["geometry"], facecolor=color, edgecolor=color, alpha=0.18, linewidth=0.4)
    draw_plan(ground, definition, areas, language=labels.language)
    ground.scale(labels("overlay.kilometres"))


def _draw_shares(
    page: Page, box: Box, definition: PlanDefinition, shares: pd.DataFrame, labels: Labels
) -> None:
    """Shade the share of each zone within the outermost ring of each corridor."""
    outer = shares["outer"].max() if len(shares) else 0.0
    inner = head(page, box, labels("overlay.figure_matrix", outer=f"{outer:,.0f}"))
    zones = list(dict.fromkeys(shares["zone"]))
    corridors = list(dict.fromkeys(shares["corridor"]))
    if not zones:
        page.write(inner.left, inner.top - 4, labels("overlay.figure_links_unknown"), color=PALE)
        return
    summed = shares.groupby(["zone", "corridor"])["share_of_zone"].sum()
    bounds = shares.attrs.get("within", {})
    values = np.array([[summed[zone, corridor] for corridor in corridors] for zone in zones])
    texts = [
        [_share(summed[zone, corridor], bounds.get((zone, corridor))) for corridor in corridors]
        for zone in zones
    ]
    language = labels.language
    names = [definition.name(zone, language) for zone in zones]
    heads = [
        labels("overlay.every") if one == _EVERY else definition.name(one, language)
        for one in corridors
    ]
    draw_matrix(page, inner, names, heads, np.clip(values, 0, 1), texts, names=30, tallest=8)


def _share(value: float, bounds: tuple[float, float] | None) -> str:
    told = f"{min(value, 1.0):.0%}"
    if bounds is None or bounds[0] != bounds[0]:
        return told
    return f"{told} ({bounds[0]:.0%}–{bounds[1]:.0%})"


def _draw_sweep(
    page: Page, box: Box, definition: PlanDefinition, sweep: pd.DataFrame, labels: Labels
) -> None:
    inner = head(page, box, labels("overlay.figure_sweep"))
    zones = [key for key in definition.zones if (sweep["zone"] == key).any()]
    chart, key_box = inner.columns(3.4, 1, gap=3)
    axes = framed_axes(
        page, chart, label="sweep", x=labels("overlay.figure_sweep_x"),
        y=labels("overlay.figure_sweep_y"),
    )  # fmt: skip
    entries = []
    for at, (key, layer) in enumerate(definition.zones.items()):
        if key not in zones:
            continue
        color = color_of(Kind.ZONE, at, layer.color)
        mine = sweep[(sweep["zone"] == key) & (sweep["corridor"] == _EVERY)]
        for bound in ("share_low", "share_high"):
            axes.plot(mine["width"], mine[bound], color=color, linewidth=0.7, linestyle=(0, (4, 3)))
        axes.plot(mine["width"], mine["share"], color=color, linewidth=1.6)
        entries.append((layer.title.get(labels.language), color, "line"))
    axes.set_xlim(0, max(float(sweep["width"].max()), 1.0) if len(sweep) else 1.0)
    axes.set_ylim(0, 1.02)
    number_ticks(axes, x=lambda v: f"{v:,.0f}", y=lambda v: f"{v:.0%}")
    draw_key(page, key_box.left, key_box.top - 6, entries, width=key_box.width)


def _draw_pairs(
    page: Page, box: Box, definition: PlanDefinition, pairs: pd.DataFrame, labels: Labels
) -> None:
    """Name the pairs of zones, those that meet or nearly do first."""
    inner = head(page, box, labels("overlay.figure_pairs"))
    order = {"overlap": 0, "sliver": 1, "touch": 2, "gap": 3, "apart": 4}
    ranked = pairs.assign(rank=pairs["relation"].map(order)).sort_values(["rank", "width"])
    y, language = inner.top, labels.language
    names = [definition.name(key, language) for key in {*pairs["zone"], *pairs["other"]}]
    wide = sum(sorted(extent(name, TICK) for name in names)[-2:]) + 8
    for row in ranked.to_dict("records"):
        if y - 4 < inner.bottom:
            page.write(inner.left, y - 2.6, "…", size=TICK)
            break
        both = labels(
            "overlay.figure_pair", zone=definition.name(row["zone"], language),
            other=definition.name(row["other"], language),
        )  # fmt: skip
        key = "figure_pair_area" if row["area"] > 0 else "figure_pair_gap"
        said = labels(
            f"overlay.{key}", relation=labels(f"relation.{row['relation']}"),
            width=f"{row['width']:,.0f}", error=f"{row['error']:,.0f}",
            hectares=f"{row['hectares']:,.2f}",
        )  # fmt: skip
        page.write(inner.left, y - 2.6, both, size=TICK)
        page.write(inner.left + wide, y - 2.6, said, size=TICK, color=PALE)
        y -= 3.7
