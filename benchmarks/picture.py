"""Draws docs/scale.png: what a point costs, by points, vertices and zones, above the floors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from benchmarks.results import Results, by_way

FLOORS: Final = {
    "xlsx, calamine": "read xlsx", "CSV, pyarrow": "read CSV", "pyproj": "change of CRS",
    "Parquet, lon lat": "read Parquet", "copy": "copy two numbers",
}  # fmt: skip
COLOURS: Final = {
    "gisplan, fast": "#1b6ca8", "gisplan, numpy": "#5aa9e6", "gisplan check": "#1b6ca8",
    "shapely trees": "#c8553d", "geopandas tuned": "#c8553d",
}  # fmt: skip
PANELS: Final = {
    "with points": ("points", 1.0), "with vertices": ("vertices of the areas", 306_000.0),
    "with zones": ("zones", 1.0),
}  # fmt: skip
GREY: Final = "#8a8f98"


def draw(held: Results, path: Path) -> None:
    """Draw the curves that were measured; without any, draw nothing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not any(by_way(held, work) for work in PANELS):
        return
    figure = Figure(figsize=(11, 4.2), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels: list[Any] = list(figure.subplots(1, 3, sharey=True, width_ratios=(1.3, 1, 1)))
    for (work, (title, times)), axes in zip(PANELS.items(), panels, strict=True):
        _curves(axes, by_way(held, work), times)
        axes.set(xscale="log", yscale="log", xlabel=title)
        axes.grid(visible=True, color="#e3e6ea", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_lines():
            axes.legend(frameon=False, fontsize=8, loc="center right", bbox_to_anchor=(1, 0.43))
    _floors(panels, by_way(held, "limits"))
    panels[0].set_ylabel("CPU, microseconds a point (set-up included)")
    figure.savefig(path, metadata={"Software": None})


def _curves(axes: Any, rows: dict[str, dict[str, Any]], times: float) -> None:
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, row in rows.items():
        who, _, size = name.partition(" @ ")
        if "cpu" in row:
            cost = (row["cpu"]) / row["size"] * 1e6
            lines.setdefault(who, []).append((float(size) * times, cost))
    for who, places in lines.items():
        x, y = zip(*places, strict=True)
        axes.plot(x, y, "o-", color=COLOURS.get(who, GREY), label=who, markersize=3.5)


def _floors(panels: list[Any], rows: dict[str, dict[str, Any]]) -> None:
    for name, told in FLOORS.items():
        row = rows.get(name)
        if row is None or "cpu" not in row:
            continue
        cost = row["cpu"] / row["size"] * 1e6
        for axes in panels:
            axes.axhline(cost, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        panels[0].annotate(
            told, (0.01, cost), xycoords=("axes fraction", "data"), fontsize=7.5, color="#5b616b",
            xytext=(0, 2), textcoords="offset points",
        )  # fmt: skip
