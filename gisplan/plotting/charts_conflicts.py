"""The one-page figure of a conflict ledger: where the patches are, the gravest, the balance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from matplotlib.figure import Figure

from gisplan.fonts import drawable, wrap
from gisplan.labels import Labels
from gisplan.plotting.charts import TICK, Box, chart_sheet, draw_bars, draw_key, head
from gisplan.plotting.charts_plans import SmallMap, bounds_of
from gisplan.plotting.page import ASCENT, INK, LEADING, MM, PALE, RULE, Page

COLORS: Final = {
    "encroachment": "#b2182b", "double": "#d55e00", "overlap": "#7a0177", "gap": "#0072b2",
    "agree": "#009e73", "one": "#b4b4b4",
}  # fmt: skip
"""Colours of the kinds of ground; the map tells kinds apart by their numbers' list as well."""

SET_COLORS: Final = ("#4e79a7", "#9c755f", "#59a14f", "#76608a", "#3c3c3c")
"""Colours of the sets, none of them that of a kind."""

GRADES: Final = ("critical", "major", "moderate", "minor")
LISTED: Final = 14
_NOT_SHOWN: Final = "gone"
_COLUMNS: Final = (
    ("number", 0.11), ("kind", 0.14), ("grade", 0.09), ("likely", 0.17), ("classes", 0.28),
    ("hectares", 0.11), ("width", 0.10),
)  # fmt: skip


def plot_conflicts(
    areas: gpd.GeoDataFrame,
    ledger: gpd.GeoDataFrame,
    told: pd.DataFrame,
    balance: pd.DataFrame,
    *,
    lines: Sequence[str],
    labels: Labels,
) -> Figure:
    """Draw a ledger on one page.

    Parameters
    ----------
    areas
        The areas compared (`gisplan.conflicts.AREAS`).
    ledger, told
        The ledger, as codes and in words, of one index.
    balance
        What `gisplan.conflicts.balance` returns.
    lines
        What sums it up, in words.
    labels
        The words of one language.

    Returns
    -------
    Figure
        A4, landscape, with the axes ``conflicts`` in metres.
    """
    names = list(dict.fromkeys(areas["set"]))
    title = labels("conflicts.figure_title", sets=" × ".join(names))
    notes = [labels(f"conflicts.note_{k}") for k in (1, 2, 3)]
    page, room = chart_sheet(title, subtitle=" · ".join(lines[:2]), notes=notes)
    left, right = room.columns(1, 1.05)
    _draw_map(page, left, areas, ledger, labels)
    top, low = right.rows(1.7, 1)
    now = ledger["change"] != _NOT_SHOWN
    rank = [GRADES.index(code) if code in GRADES else 9 for code in ledger["grade"]]
    order = ledger.assign(rank=rank)[now].sort_values(["rank", "area"], ascending=[True, False])
    _draw_list(page, top, told.loc[order.index], labels)
    _draw_balance(page, low, balance, labels)
    return page.figure


def _draw_map(
    page: Page, box: Box, areas: gpd.GeoDataFrame, ledger: gpd.GeoDataFrame, labels: Labels
) -> None:
    names = list(dict.fromkeys(areas["set"]))
    key = [(name, SET_COLORS[k % len(SET_COLORS)], "line") for k, name in enumerate(names)]
    present = [code for code in COLORS if (ledger["kind"] == code).any()]
    key += [(labels(f"conflict.{code}"), COLORS[code], "box") for code in present]
    inner = Box(box.left, box.bottom + 12, box.width, box.height - 12)
    ground = SmallMap(page, inner, bounds_of(list(areas.geometry)), label="conflicts")
    for row in areas.itertuples():
        color = SET_COLORS[names.index(row.set) % len(SET_COLORS)]
        # Lines of later sets are thinner, so that equal edges show both.
        width = 2.4 - 1.4 * names.index(row.set) / max(len(names) - 1, 1)
        ground.add(row.geometry, facecolor=color, edgecolor="none", alpha=0.06)
        ground.add(row.geometry, facecolor="none", edgecolor=color, linewidth=width)
    held = ledger[ledger.geometry.notna()]
    for row in held.itertuples():
        color = COLORS.get(str(row.kind), INK)
        ground.add(row.geometry, facecolor=color, edgecolor=color, alpha=0.6, linewidth=0.8)
    for row in held.sort_values("area", ascending=False).itertuples():
        ground.name(row.geometry, str(row.number), size=6.5)
    ground.scale(labels("overlay.kilometres"))
    draw_key(page, box.left, box.bottom + 9.5, key, width=box.width, across=True)


def _draw_list(page: Page, box: Box, told: pd.DataFrame, labels: Labels) -> None:
    inner = head(page, box, labels("conflicts.figure_list", count=LISTED))
    if told.empty:
        page.write(inner.left, inner.top - 4, labels("conflicts.none_line"), color=PALE)
        return
    heads = [labels(f"ledger_column.{code}") for code, _ in _COLUMNS]
    y = _row(page, inner, inner.top, heads, color=PALE)
    page.line([(inner.left, y), (inner.right, y)], width=0.7)
    shown = 0
    for row in told.head(LISTED).to_dict("records"):
        if y - 2 * LEADING * TICK / MM < inner.bottom + 4:
            break
        cells = [_cell(row[code], code) for code, _ in _COLUMNS]
        y = _row(page, inner, y - 0.8, cells, color=INK)
        page.line([(inner.left, y), (inner.right, y)], width=0.25, color=RULE)
        shown += 1
    if len(told) > shown:
        more = labels("conflicts.figure_more", count=len(told) - shown)
        page.write(inner.left, y - 4, more, size=TICK, color=PALE)


def _cell(value: Any, code: str) -> str:
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return "—"
    return f"{value:,.2f}" if code == "hectares" else f"{value:,.0f}"


def _row(page: Page, box: Box, y: float, cells: Sequence[str], *, color: str) -> float:
    x, lowest = box.left, y
    for (code, part), text in zip(_COLUMNS, cells, strict=True):
        wide = box.width * part
        right = code in ("hectares", "width")
        lines = wrap(drawable(text), TICK, (wide - 1.5) * MM)
        for at, line in enumerate(lines[:3]):
            base = y - at * LEADING * TICK / MM - ASCENT * TICK / MM
            place = x + wide - 0.5 if right else x
            page.write(place, base, line, size=TICK, color=color,
                       across="right" if right else "left")  # fmt: skip
            lowest = min(lowest, base - 0.6)
        x += wide
    return lowest


def _draw_balance(page: Page, box: Box, balance: pd.DataFrame, labels: Labels) -> None:
    inner = head(page, box, labels("conflicts.figure_balance"))
    rows = balance[balance["kind"].isin([*COLORS, "union"])]
    bars = []
    for row in rows.to_dict("records"):
        name = labels(f"conflict.{row['kind']}") + (f" {row['set']}" if row["set"] else "")
        text = f"{row['hectares']:,.2f}（{row['share']:.1%}）"
        if labels.language != "zh":
            text = text.replace("（", " (").replace("）", ")")
        bars.append((name, float(row["hectares"]), text, COLORS.get(row["kind"], "#3c3c3c")))
    draw_bars(page, inner, bars, names=min(46.0, inner.width * 0.42))
