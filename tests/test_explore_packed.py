"""Long lists: packed bytes on a canvas say the same as the frames they came from."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Page, expect

from gisplan.explore import PlanMap, explore
from gisplan.labels import Labels
from gisplan.map_payload.packed import LIMIT, pack
from gisplan.map_payload.prints import simplified
from tests.conftest import OfflinePage
from tests.map_world import (
    CRS,
    HOSTILE,
    areas,
    assert_quiet,
    definition,
    place,
    projects,
    show,
    shown_count,
    verdicts,
)

WORDS = Labels("zh")
COUNT, LOST = 2500, 3
STAGES = ("谋划", "在建", "建成")


def many(count: int = COUNT) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Projects 140 m apart in rows of 50, the first with names that try to run; 3 without place."""
    names = (*HOSTILE, *(f"项目{k}" for k in range(len(HOSTILE), count)))
    rows = projects(names, unlocated=LOST)
    spots = [place(-3500 + 140 * (k % 50), -3500 + 140 * (k // 50)) for k in range(count)]
    rows["geometry"] = gpd.GeoSeries([*spots, *[None] * LOST], index=rows.index, crs=CRS)
    rows["stage"] = [STAGES[k % 3] for k in range(len(rows))]
    rows["year"] = [str(2024 + k % 4) if k % 5 else "" for k in range(len(rows))]
    rows["industry"] = "教育"
    rows["id"] = [f"N{k}" for k in range(len(rows))]
    judged = verdicts(rows)
    judged["confidence"] = [k / count if k < count else np.nan for k in range(len(rows))]
    judged["zone_margin"] = [k - 1000.0 if k < count else np.nan for k in range(len(rows))]
    judged["zone"] = [
        "west|east" if k % 7 == 0 else "west" if k % 2 else None for k in range(len(rows))
    ]
    return rows, judged


def drawn(count: int = COUNT) -> PlanMap:
    return explore(definition(), areas(), *many(count), language="zh")


@pytest.fixture
def crowd(open_map: Callable[[PlanMap], Page]) -> Page:
    return open_map(drawn())


def table(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.locator('[data-tool="csv"]').click()
    text = download.value.path().read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def canvas(page: Page, name: str) -> str | None:
    return page.locator(".gp-sheet-canvas").get_attribute(name)


def test_the_file_holds_no_name_in_clear_and_is_the_same_twice() -> None:
    one, two = drawn().get_root().render(), drawn().get_root().render()
    assert one == two
    assert "项目1999" not in one
    assert HOSTILE[3] not in one


def test_short_lists_are_not_packed() -> None:
    rows, judged = many(LIMIT - LOST)
    page = explore(definition(), areas(), rows, judged).get_root().render()
    assert "项目1999" not in page
    assert "项目1990" in page
    assert "G.Cloud =" not in page


def test_every_row_comes_out_as_it_went_in(crowd: Page) -> None:
    rows, judged = many()
    told = {row[WORDS("map.number")]: row for row in table(crowd)}
    assert set(told) == set(rows["id"])
    for k, (project, verdict) in enumerate(
        zip(rows.itertuples(), judged.itertuples(), strict=True)
    ):
        row = told[project.id]
        guarded = "'" + project.name if project.name[0] in "=+-@" else project.name
        assert row[WORDS("map.name")] == guarded
        assert row[WORDS("map.outcome")] == WORDS(f"outcome.{verdict.outcome}")
        assert row[WORDS("map.stage")] == project.stage
        assert row[WORDS("map.year")] == project.year
        zones = {"west|east": "西区、东区", "west": "西区"}.get(verdict.zone, "")
        assert row[WORDS("map.zone")] == zones
        margin = row[WORDS("map.approx", name=WORDS("map.zone_margin"))]
        p = row[WORDS("map.confidence")]
        if k >= COUNT:
            assert (margin, p) == ("", "")
            continue
        assert float(margin) == pytest.approx(verdict.zone_margin, rel=0.09, abs=1)
        assert 0 <= verdict.confidence - float(p) < 0.005 + 1e-9


def test_places_are_kept_to_a_third_of_a_metre(crowd: Page) -> None:
    rows, _ = many()
    web = rows.geometry.to_crs(4326)
    for k in (0, 777, 2499):
        crowd.locator("#gp-search").fill(f"N{k}")
        crowd.locator("#gp-search").press("Enter")
        expect(crowd.locator(".gp-card h3").filter(has_text=f"N{k}")).to_be_visible()
        crowd.locator(".gp-card").get_by_role("button", name=WORDS("map.zoom_to")).click()
        crowd.wait_for_timeout(600)
        found = re.search(r"map=[\d.]+/([\d.]+)/([\d.]+)", crowd.url)
        assert found
        seen = gpd.points_from_xy([float(found[2])], [float(found[1])], crs=4326).to_crs(CRS)[0]
        # The map's centre is a whole pixel (2 m here) and five decimals.
        assert seen.distance(rows.geometry[k]) < 4, web[k]


def test_packed_places_are_exact_to_their_step() -> None:
    rows, judged = many()
    told = pack(rows, judged, WORDS)
    web = rows.geometry.to_crs(4326).dropna()
    assert told.lon_lat == pytest.approx(np.column_stack([web.x, web.y]))
    assert (told.told["size"], told.told["located"]) == (COUNT + LOST, COUNT)


def test_filters_count_what_the_frame_counts(crowd: Page) -> None:
    rows, judged = many()
    assert shown_count(crowd) == COUNT + LOST
    crowd.locator('[data-filter="fail"]').uncheck()
    keep = judged["outcome"] != "fail"
    assert shown_count(crowd) == keep.sum()
    crowd.locator('[data-select="zone"]').select_option("east")
    keep &= judged["zone"].fillna("").str.contains("east")
    assert shown_count(crowd) == keep.sum()
    crowd.locator('[data-select="stage"]').select_option("在建")
    keep &= rows["stage"] == "在建"
    assert shown_count(crowd) == keep.sum()
    crowd.locator('[data-year="to"]').fill("2025")
    keep &= rows["year"].isin(["2024", "2025"])
    assert shown_count(crowd) == keep.sum() > 0
    assert len(table(crowd)) == keep.sum()
    assert canvas(crowd, "data-seen") == str((keep & rows.geometry.notna()).sum())
    crowd.get_by_role("button", name=WORDS("map.reset")).click()
    assert shown_count(crowd) == COUNT + LOST
    crowd.locator('[data-select="zone"]').select_option("-")
    assert shown_count(crowd) == judged["zone"].isna().sum()


def test_hover_names_and_click_opens_what_lies_there(crowd: Page) -> None:
    crowd.locator("#gp-search").fill("项目1999")
    crowd.locator("#gp-search").press("Enter")
    expect(crowd.locator(".gp-card h2")).to_have_text("项目1999")
    expect(crowd.locator(".gp-card")).to_contain_text(WORDS("map.coarse"))
    crowd.keyboard.press("Escape")
    crowd.wait_for_timeout(300)
    assert canvas(crowd, "data-mode") == "symbols"
    box = crowd.locator(".leaflet-container").bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    crowd.mouse.move(*middle)
    expect(crowd.locator(".leaflet-tooltip")).to_have_text("项目1999")
    crowd.mouse.click(*middle)
    expect(crowd.locator(".gp-card h2")).to_have_text("项目1999")
    address = crowd.url
    crowd.goto("about:blank")
    crowd.goto(address)
    expect(crowd.locator(".gp-card h2")).to_have_text("项目1999")


def test_names_that_try_to_run_are_text_in_card_tip_and_table(crowd: Page) -> None:
    for name in HOSTILE[:-1]:
        key = name.strip().lower()
        if not key:
            continue
        crowd.locator("#gp-search").fill(name)
        crowd.locator("#gp-search").press("Enter")
        expect(crowd.locator(".gp-card")).to_be_visible()
        crowd.wait_for_function(
            "n => document.querySelector('.gp-card h2').textContent === n", arg=name
        )
    box = crowd.locator(".leaflet-container").bounding_box()
    assert box
    crowd.keyboard.press("Escape")
    crowd.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(crowd.locator(".leaflet-tooltip")).to_be_visible()


def test_those_without_a_place_are_listed(crowd: Page) -> None:
    crowd.locator(".gp-missing summary").click()
    expect(crowd.locator("[data-unlocated]")).to_have_count(LOST)
    crowd.locator("[data-unlocated]").first.click()
    expect(crowd.locator(".gp-card h2")).to_have_text("无坐标0")


def test_areas_below_the_canvas_still_open_and_the_table_is_cut(crowd: Page) -> None:
    for code in ("fail", "pass", "review", "conditional", "not_applicable"):
        crowd.locator(f'[data-filter="{code}"]').uncheck()
    crowd.locator('path[data-zone="east"]').click()
    expect(crowd.locator(".gp-card h2")).to_have_text("东区")
    crowd.keyboard.press("Escape")
    crowd.get_by_role("button", name=WORDS("map.reset")).click()
    crowd.locator('[data-tool="table"]').click()
    expect(crowd.locator("[data-row]")).to_have_count(2000)
    assert "2,503" in crowd.locator(".gp-table-bar").inner_text()


@pytest.mark.parametrize(
    ("count", "mode"), [(3000, "symbols"), (5000, "discs"), (61_000, "density")]
)
def test_the_way_of_drawing_follows_the_number(
    count: int, mode: str, offline_page: OfflinePage, tmp_path: Path
) -> None:
    rows, judged = many(3000)
    again = -(-count // len(rows))
    rows = pd.concat([rows] * again, ignore_index=True).iloc[: count + LOST]
    judged = pd.concat([judged] * again, ignore_index=True).iloc[: count + LOST]
    rows = rows.set_crs(CRS)
    page = show(offline_page, explore(definition(), areas(), rows, judged), tmp_path)
    assert canvas(page, "data-mode") == mode
    expect(page.locator("[data-dense]")).to_be_visible(visible=mode == "density")
    paint = page.locator(".gp-sheet-canvas").evaluate(
        "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "let n = 0; for (let k = 3; k < d.length; k += 4) n += d[k] > 0; return n; }"
    )
    assert paint > 3000
    assert_quiet(offline_page)


def test_lines_and_footprints_have_a_place_in_a_long_list() -> None:
    rows, judged = many(LIMIT)
    whole = rows.geometry.to_crs(4326)
    rows.loc[0, "geometry"] = rows.geometry[0].buffer(50)
    told = pack(rows, judged, WORDS).lon_lat
    assert told[0] == pytest.approx([whole[0].x, whole[0].y], abs=1e-3)


def test_footprints_of_a_long_list_are_drawn_opened_and_switched(
    offline_page: OfflinePage, tmp_path: Path
) -> None:
    rows, judged = many()
    squares = rows.geometry.buffer(60, cap_style="square")
    hole = rows.geometry[2499].buffer(30, cap_style="square")
    rows["geometry"] = squares.where(rows.index % 2 == 1, rows.geometry)
    rows.loc[2499, "geometry"] = squares[2499].difference(hole)
    page = show(offline_page, explore(definition(), areas(), rows, judged), tmp_path)
    assert int(canvas(page, "data-outlines") or 0) == COUNT // 2
    page.locator('[data-layer="footprint"]').uncheck()
    assert canvas(page, "data-outlines") == "0"
    page.locator('[data-layer="footprint"]').check()
    page.locator("#gp-search").fill("项目1999")
    page.locator("#gp-search").press("Enter")
    expect(page.locator(".gp-card h2")).to_have_text("项目1999")
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    box = page.locator(".leaflet-container").bounding_box()
    assert box
    # 40 m beside its symbol, at zoom 15: far from the symbol but within its square of 120 m.
    page.mouse.click(box["x"] + box["width"] / 2 + 10, box["y"] + box["height"] / 2 + 10)
    expect(page.locator(".gp-card h2")).to_have_text("项目1999")
    assert_quiet(offline_page)


def test_parcels_that_share_an_edge_share_it_when_it_is_made_simpler() -> None:
    """A common edge that wavers by 0.6 m is straightened on both sides alike."""
    north = np.linspace(0, 1e-3, 200)
    waver = np.column_stack([3e-6 * np.sin(40e3 * north), north])
    left = shapely.Polygon([(-1e-3, 0), *waver, (-1e-3, 1e-3)])
    right = shapely.Polygon([*waver[90:], (1e-3, 1e-3), (1e-3, 0), *waver[:90]])
    told = simplified(np.array([left, right], dtype=object))
    assert shapely.get_num_coordinates(told).sum() < 40
    assert shapely.coverage_is_valid(told)
    assert shapely.area(told) == pytest.approx(shapely.area([left, right]), rel=0.01)
    assert not shapely.coverage_is_valid(shapely.simplify([left, right], 2e-6))


def test_an_old_browser_is_told_so(offline_page: OfflinePage, tmp_path: Path) -> None:
    offline_page.page.add_init_script("delete window.DecompressionStream")
    page = show(offline_page, drawn(), tmp_path)
    expect(page.locator(".gp-count")).to_have_text(WORDS("map.old_browser"))
    assert_quiet(offline_page)
