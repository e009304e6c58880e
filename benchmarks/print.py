"""What printed maps cost: seconds and memory of a sheet, a card, an atlas of five pages.

    python benchmarks/print.py            the shipped plan and list, and 300 synthetic projects

Seconds are the best of three, in one process, imports not counted; the atlas of five pages is
the one of the command, cover and overview among them.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np

from gisplan.io.projects import intake
from gisplan.plan import example_folder, open_plan
from gisplan.plotting import plot_project, render, render_pages


def best(work: Callable[[], object], times: int = 3) -> float:
    """Return the least wall time of some runs in seconds."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def synthetic(count: int) -> gpd.GeoDataFrame:
    """Return projects scattered round the shipped plan."""
    rng = np.random.default_rng(3)
    places = gpd.GeoSeries.from_xy(
        rng.normal(114.37, 0.03, count), rng.normal(36.07, 0.025, count), crs="EPSG:4490"
    )
    names = [f"合成项目第{k}号" for k in range(count)]
    columns = {"id": [f"S{k:03d}" for k in range(count)], "name": names, "accuracy": 50.0}
    columns |= {"industry": "", "industry_code": "J66", "intake_issues": ""}
    return gpd.GeoDataFrame(columns, geometry=places)


def main() -> None:
    """Print one line a measurement."""
    plan = open_plan()
    listed = intake(example_folder() / "projects.csv").projects
    verdicts = plan.check(listed)
    many = synthetic(300)
    judged = plan.check(many)
    atlas = plan.atlas(listed, verdicts)

    def cards() -> None:
        for k in range(100):
            card = plot_project(plan.definition, plan.areas, many, judged, k)
            render(card, ".png", dpi=150)

    measured = (
        ("A4 sheet, PNG 300 dpi", lambda: render(plan.plot(listed, verdicts), ".png")),
        ("A4 sheet, PDF", lambda: render(plan.plot(listed, verdicts), ".pdf")),
        ("A4 sheet, SVG", lambda: render(plan.plot(listed, verdicts), ".svg")),
        ("A4 sheet of 300 projects, PDF", lambda: render(plan.plot(many, judged), ".pdf")),
        ("A4 atlas, first 5 pages", lambda: render_pages(atlas.draw(k) for k in range(5))),
        ("A4 atlas, 11 pages", lambda: render_pages(atlas.figures())),
        ("100 cards of 80 x 60 mm, PNG 150 dpi", cards),
    )
    for title, work in measured:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{title:40s} {best(work):7.2f} s   peak so far {peak:5.0f} MB")


if __name__ == "__main__":
    main()
