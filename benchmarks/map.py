"""What the interactive map costs, beside stock folium: size, Python, first full render, filter.

    python benchmarks/map.py                    60, 10 000, 100 000 and 1 000 000 projects
    python benchmarks/map.py --sizes 60 10000   some of them
    python benchmarks/map.py --no-stock         without folium's own layers

Stock folium loads its scripts from the network; here they are answered from files at once
(Leaflet.markercluster 1.5.3 stands in `benchmarks/assets`), and what only dresses its page
(bootstrap, icon fonts) with nothing, which is in its favour. GeoJson is not drawn with a million:
its file is ten times that of 100 000.

The projects and their verdicts are synthetic: clusters in the plan's study area, distances
measured to its zones and corridors, probabilities by the logistic curve. Seconds of the
browser run from the start of loading the file to the first frame after everything is drawn.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import Browser, Error, Page, sync_playwright

from gisplan.plan import Plan, open_plan
from gisplan.terms import Kind

ROOT = Path(__file__).resolve().parents[1]
SIZES = (60, 10_000, 100_000, 1_000_000)
STOCK_SIZES = (60, 10_000, 100_000)
CLUSTER_SIZES = (*STOCK_SIZES, 1_000_000)
ASSETS = ROOT / "benchmarks" / "assets"
FOOTPRINTS = 100_000
LIMIT_MS = 300_000
REPEAT = 10_000
PLACES = ("石桥", "南关", "北湖", "东岭", "西营", "新店", "马庄", "柳林", "河口", "高庙")
KINDS = ("职业教育实训", "文化旅游", "商业综合体", "智能制造", "仓储物流", "养老服务", "楼宇更新")
STAGES = ("谋划", "前期", "在建", "建成")


def synthetic(plan: Plan, count: int) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Make projects in the study area, and verdicts from real distances to the plan's areas."""
    chance = np.random.default_rng(20260101)
    kinds = plan.areas.set_index("id")
    study = kinds.loc[kinds["kind"] == Kind.STUDY_AREA].geometry.iloc[0]
    west, south, east, north = study.bounds
    centres = chance.uniform((west, south), (east, north), (200, 2))
    xy = centres[chance.integers(0, 200, count)] + chance.normal(0, (east - west) / 40, (count, 2))
    points = shapely.points(xy)
    place, kind = chance.integers(0, len(PLACES), count), chance.integers(0, len(KINDS), count)
    names = [
        f"{PLACES[p]}{KINDS[k]}{n}号项目"
        for p, k, n in zip(place, kind, chance.integers(1, 10_000, count), strict=True)
    ]
    projects = gpd.GeoDataFrame(
        {
            "id": [f"P{k:07d}" for k in range(count)],
            "name": names,
            "industry": np.array(KINDS, dtype=object)[kind],
            "industry_code": "",
            "investment": np.round(chance.lognormal(18, 1, count)),
            "location": "",
            "accuracy": 100.0,
            "stage": np.array(STAGES, dtype=object)[chance.integers(0, len(STAGES), count)],
            "year": chance.integers(2024, 2031, count).astype(str),
            "source": "",
            "note": "",
            "sheet": "",
            "row": np.arange(2, count + 2),
            "intake_issues": "",
        },
        geometry=points,
        crs=plan.areas.crs,
    )
    return projects, _verdicts(kinds, points, chance.random(count))


def footprints(projects: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give each project an irregular outline of seven corners, 15 to 45 m from its middle."""
    chance = np.random.default_rng(20260102)
    turn = np.sort(chance.uniform(0, 2 * np.pi, (len(projects), 7)), axis=1)
    far = chance.uniform(15, 45, turn.shape)
    middle = shapely.get_coordinates(np.asarray(projects.geometry))[:, None, :]
    corners = middle + np.stack([far * np.cos(turn), far * np.sin(turn)], axis=-1)
    shapes = shapely.polygons(np.concatenate([corners, corners[:, :1]], axis=1))
    return projects.set_geometry(gpd.GeoSeries(shapes, index=projects.index, crs=projects.crs))


def _verdicts(kinds: gpd.GeoDataFrame, points: Any, draw: Any) -> pd.DataFrame:
    zones = kinds.loc[(kinds["kind"] == Kind.ZONE) & kinds.geometry.notna()]
    lines = kinds.loc[(kinds["kind"] == Kind.CORRIDOR) & kinds.geometry.notna()]
    margins = np.column_stack([_margin(shape, points) for shape in zones.geometry])
    ways = np.column_stack([shapely.distance(shape, points) for shape in lines.geometry])
    best, near = margins.argmax(axis=1), ways.argmin(axis=1)
    margin = margins[np.arange(len(points)), best]
    way = ways[np.arange(len(points)), near]
    sure = 1 / (1 + np.exp(-1.702 * np.abs(margin) / 100))
    outcome = np.where(margin > 0, np.where(way < 500, "pass", "conditional"), "fail")
    outcome = np.where(sure < 0.95, "review", outcome)
    outcome = np.where(draw < 0.02, "unknown", outcome)
    zone = np.where(margin > 0, zones.index.to_numpy(dtype=object)[best], None)
    return pd.DataFrame(
        {
            "outcome": outcome,
            "nominal": np.where(margin > 0, "pass", "fail"),
            "confidence": sure,
            "flip_distance": np.abs(margin),
            "zone": zone,
            "zone_margin": margin,
            "corridor": lines.index.to_numpy(dtype=object)[near],
            "corridor_distance": way,
            "reasons": "",
            "unchecked": "|".join(kinds.index[kinds.geometry.isna()]),
            "issues": "",
        }
    )


def _margin(shape: Any, points: Any) -> Any:
    shapely.prepare(shape)
    edge = shapely.distance(shape.boundary, points)
    return np.where(shapely.contains(shape, points), edge, -edge)


def ours(plan: Plan, projects: gpd.GeoDataFrame, verdicts: pd.DataFrame) -> folium.Map:
    """Draw with gisplan as a user does, rules and layers of the zones' overlaps included.

    Verdicts are given, so that a long list is not timed for its check.
    """
    return plan.explore(projects, verdicts, language="zh")


def stock_geojson(_: Plan, projects: gpd.GeoDataFrame, verdicts: pd.DataFrame) -> folium.Map:
    """Draw with folium.GeoJson, circles and a tooltip, as its documentation does."""
    drawn = _stock_map(projects)
    rows = gpd.GeoDataFrame(
        {"name": projects["name"], "outcome": verdicts["outcome"]}, geometry=projects.geometry
    ).to_crs(4326)
    folium.GeoJson(
        rows,
        marker=folium.CircleMarker(radius=4, fill=True),
        tooltip=folium.GeoJsonTooltip(["name", "outcome"]),
        popup=folium.GeoJsonPopup(["name", "outcome"]),
    ).add_to(drawn)
    return drawn


def stock_cluster(_: Plan, projects: gpd.GeoDataFrame, __: pd.DataFrame) -> folium.Map:
    """Draw with folium's FastMarkerCluster and a callback that gives each its name."""
    drawn = _stock_map(projects)
    web = projects.geometry.to_crs(4326)
    rows = list(zip(web.y, web.x, projects["name"], strict=True))
    callback = (
        "function (row) {var m = L.marker(new L.LatLng(row[0], row[1]));"
        "m.bindTooltip(row[2]); return m;}"
    )
    folium.plugins.FastMarkerCluster(rows, callback=callback).add_to(drawn)
    return drawn


def _stock_map(projects: gpd.GeoDataFrame) -> folium.Map:
    west, south, east, north = projects.geometry.to_crs(4326).total_bounds
    drawn = folium.Map(tiles=None)
    drawn.options["max_zoom"] = 18
    drawn.fit_bounds([[south, west], [north, east]])
    return drawn


def measure(draw: Callable[..., folium.Map], data: tuple[Any, ...], browser: Browser) -> list[str]:
    """Draw, save, open, and return the cells of a row; short pages are opened five times."""
    start = time.perf_counter()
    drawn = draw(*data)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "map.html"
        drawn.save(str(file))
        python = time.perf_counter() - start
        size = file.stat().st_size / 1e6
        try:
            times = [_open(draw, file, browser) for _ in range(5 if len(data[1]) <= REPEAT else 1)]
        except Error as failed:  # a crash of the other is a result
            return [f"{size:.2f}", f"{python:.2f}", str(failed).splitlines()[0][:40], ""]
    seconds, filtered = np.median(times, axis=0)
    told = "" if np.isnan(filtered) else f"{filtered:.0f}"
    return [f"{size:.2f}", f"{python:.2f}", f"{seconds:.2f}", told]


def _open(draw: Callable[..., folium.Map], file: Path, browser: Browser) -> tuple[float, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(LIMIT_MS)
    if draw is not ours:
        _serve(page)
    try:
        return _render(page, file, ours=draw is ours)
    finally:
        page.close()


def _render(page: Page, file: Path, *, ours: bool) -> tuple[float, float]:
    """Return seconds from the start of loading to a frame after all is drawn; ms of a filter."""
    page.goto(file.as_uri(), wait_until="load")
    if ours:
        page.wait_for_selector("#gisplan[data-ready]")
    else:
        page.wait_for_selector("path.leaflet-interactive, .leaflet-marker-icon", state="attached")
    seconds = page.evaluate(
        "new Promise(r => requestAnimationFrame(() => requestAnimationFrame("
        "() => r(performance.now() / 1000))))"
    )
    if not ours:
        return seconds, float("nan")
    times = [
        page.evaluate(
            """new Promise(done => {
              const box = document.querySelector('[data-filter="fail"]');
              const start = performance.now(), end = () => done(performance.now() - start);
              box.click();
              requestAnimationFrame(() => requestAnimationFrame(end));
            })"""
        )
        for _ in range(6)
    ]
    return seconds, float(np.median(times))


def _serve(page: Page) -> None:
    """Answer the addresses stock folium asks for from files, as if the network were instant."""
    folders = [ROOT / "gisplan" / "assets" / "web", ASSETS]

    def answer(route: Any) -> None:
        name = route.request.url.split("?")[0].rsplit("/", 1)[-1]
        name = "jquery.js" if name.startswith("jquery-3") else name
        file = next((one / name for one in folders if (one / name).is_file()), None)
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        route.fulfill(body=file.read_text("utf-8") if file else "", content_type=kind)

    page.route(lambda address: address.startswith("http"), answer)


def main() -> int:
    """Measure and print a table."""
    sys.path.insert(0, str(ROOT))
    import dev

    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--no-stock", action="store_true")
    chosen = parser.parse_args()
    plan = open_plan(ROOT / "layers")
    program = dev.find_browser()
    if program is None:
        print("no browser: run python3 dev.py test once", file=sys.stderr)
        return 1
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print(
        "| projects | map | MB | Python s | first full render s | filter ms |\n"
        "|--:|---|--:|--:|--:|--:|"
    )
    with sync_playwright() as playwright:
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--js-flags=--max-old-space-size=4096",
        ]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        browser.new_page().goto("data:text/html,warm")  # starting it is nobody's rendering
        for count in chosen.sizes:
            projects, verdicts = synthetic(plan, count)
            kinds: list[tuple[str, Callable[..., folium.Map]]] = [("gisplan", ours)]
            if count in STOCK_SIZES and not chosen.no_stock:
                kinds.append(("folium GeoJson", stock_geojson))
            if count in CLUSTER_SIZES and not chosen.no_stock:
                kinds.append(("folium FastMarkerCluster", stock_cluster))
            for name, draw in kinds:
                row = measure(draw, (plan, projects, verdicts), browser)
                print("|", " | ".join([f"{count:,}", name, *row]), "|", flush=True)
            if count == FOOTPRINTS:
                row = measure(ours, (plan, footprints(projects), verdicts), browser)
                print("|", " | ".join([f"{count:,}", "gisplan, footprints", *row]), "|", flush=True)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
