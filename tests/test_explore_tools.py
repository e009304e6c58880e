"""What a reader does with the map page: years, links, measuring, paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyproj
import pytest
from playwright.sync_api import Page, expect

from gisplan.explore import PlanMap, explore
from gisplan.labels import Labels
from gisplan.map_payload.values import year_of
from tests.conftest import OfflinePage
from tests.map_world import (
    areas,
    assert_quiet,
    definition,
    projects,
    show,
    shown_count,
    toy_map,
    verdicts,
)

WORDS = Labels("zh")
GEOD = pyproj.Geod(ellps="WGS84")
YEARS = ("2024", "2025年", "2026-2028", "", "2027")
STAGES = ("在建", "在建", "谋划", "谋划", "谋划")


@pytest.fixture
def timed(open_map: Callable[[PlanMap], Page]) -> Page:
    """Five projects: two under construction, one without a year."""
    rows = projects(tuple("甲乙丙丁戊"), unlocated=0)
    rows["year"], rows["stage"] = YEARS, STAGES
    return open_map(explore(definition(), areas(), rows, verdicts(rows), language="zh"))


def years_told(page: Page) -> str:
    return page.locator(".gp-year-told").inner_text()


def test_a_year_is_found_in_what_people_write() -> None:
    told = ["2026", 2026, 2026.0, "2026年3月", "2025-2027", "“十五五”", "", None, "20261", "1899"]
    assert [year_of(one) for one in told] == [2026] * 4 + [2025] + [None] * 5


def test_years_and_stage_filter_and_reset(timed: Page) -> None:
    assert years_told(timed) == "2024–2027"
    assert WORDS("map.yearless", n="1") in timed.locator(".gp-years").inner_text()
    assert shown_count(timed) == 5
    timed.locator('[data-year="from"]').fill("2026")
    assert shown_count(timed) == 2
    timed.locator('[data-select="stage"]').select_option("在建")
    assert shown_count(timed) == 0
    timed.locator('[data-year="from"]').fill("2024")
    assert shown_count(timed) == 2
    timed.get_by_role("button", name=WORDS("map.reset")).click()
    assert shown_count(timed) == 5


def test_handles_do_not_pass_each_other_and_take_keys(timed: Page) -> None:
    timed.locator('[data-year="to"]').fill("2025")
    timed.locator('[data-year="from"]').fill("2027")
    assert years_told(timed) == "2025"
    assert shown_count(timed) == 1
    timed.locator('[data-year="to"]').press("End")
    assert years_told(timed) == "2025–2027"
    assert shown_count(timed) == 3


def test_both_handles_can_be_dragged_apart_again_from_the_last_year(timed: Page) -> None:
    timed.locator('[data-year="from"]').fill("2027")
    rail = timed.locator(".gp-rail").bounding_box()
    assert rail
    timed.mouse.move(rail["x"] + rail["width"] - 9, rail["y"] + 12)
    timed.mouse.down()
    timed.mouse.move(rail["x"] + 9, rail["y"] + 12, steps=5)
    timed.mouse.up()
    assert years_told(timed) == "2024–2027"


def test_years_play_from_the_first_to_the_last(timed: Page) -> None:
    play = timed.locator('[data-tool="play"]')
    play.click()
    expect(play).to_have_attribute("aria-label", WORDS("map.pause"))
    assert years_told(timed) == "2024"
    expect(timed.locator(".gp-year-told")).to_have_text("2024–2025")
    assert shown_count(timed) == 2
    play.click()
    timed.wait_for_timeout(1200)
    assert years_told(timed) == "2024–2025"


def test_without_motion_the_reader_steps_by_hand(offline_page: OfflinePage, tmp_path: Path) -> None:
    offline_page.page.emulate_media(reduced_motion="reduce")
    rows = projects(tuple("甲乙丙丁戊"), unlocated=0).assign(year=YEARS)
    page = show(offline_page, explore(definition(), areas(), rows, verdicts(rows)), tmp_path)
    play = page.locator('[data-tool="play"]')
    expect(play).to_have_attribute("aria-label", WORDS("map.year_step"))
    play.click()
    assert years_told(page) == "2024"
    page.wait_for_timeout(1200)
    assert years_told(page) == "2024"
    play.click()
    assert years_told(page) == "2024–2025"
    assert_quiet(offline_page)


def test_a_link_brings_back_place_filter_and_card(timed: Page) -> None:
    timed.locator('[data-filter="fail"]').uncheck()
    timed.locator('[data-select="stage"]').select_option("谋划")
    timed.locator('[data-year="from"]').fill("2025")
    timed.locator('[data-project="4"]').click()
    timed.get_by_role("button", name=WORDS("map.zoom_to")).click()
    timed.wait_for_timeout(500)
    address = timed.url
    for part in ("off=fail", "stage=", "years=2025-2027", "card=P04"):
        assert part in address
    timed.goto("about:blank")
    timed.goto(address)
    expect(timed.locator(".gp-card h2")).to_have_text("戊")
    expect(timed.locator('[data-filter="fail"]')).not_to_be_checked()
    expect(timed.locator('[data-select="stage"]')).to_have_value("谋划")
    assert years_told(timed) == "2025–2027"
    assert shown_count(timed) == 2
    assert timed.url == address


@pytest.mark.parametrize(
    "wrong",
    ["map=a/b/c", "card=nobody&area=nothing", "off=x,y&years=9-1&zone=%", "map=15/999/0", "%E0%A4"],
)
def test_an_address_that_says_nothing_changes_nothing(
    wrong: str, offline_page: OfflinePage, tmp_path: Path
) -> None:
    page = show(offline_page, toy_map(), tmp_path)
    everything = shown_count(page)
    page.goto("about:blank")
    page.goto((tmp_path / "map.html").as_uri() + "#" + wrong)
    expect(page.locator("#gisplan[data-ready]")).to_be_visible()
    assert shown_count(page) == everything
    expect(page.locator(".gp-card")).to_be_hidden()
    expect(page.locator("path[data-zone]")).to_have_count(2)
    assert_quiet(offline_page)


def test_a_link_typed_into_the_open_page_is_followed(timed: Page) -> None:
    timed.evaluate("location.hash = 'area=west'")
    expect(timed.locator(".gp-card h2")).to_have_text("西区")


@pytest.mark.parametrize("side", [100.0, 3_000.0, 100_000.0])
@pytest.mark.parametrize(("lat", "lon"), [(36.0, 114.3), (0.0, 0.0), (53.0, 122.0), (-40.0, 179.9)])
def test_lengths_and_areas_agree_with_geodesics(
    lat: float, lon: float, side: float, offline_page: OfflinePage, tmp_path: Path
) -> None:
    page = show(offline_page, explore(definition(), areas()), tmp_path)
    turns = (20.0, 95.0, 160.0, 230.0, 300.0)
    ring = [GEOD.fwd(lon, lat, turn, side / 2)[:2] for turn in turns]
    ring = [(x + 360 if x < lon - 180 else x, y) for x, y in ring]
    xs, ys = zip(*ring, strict=True)
    area, perimeter = GEOD.polygon_area_perimeter(xs, ys)
    path = [[y, x] for x, y in ring]
    assert page.evaluate("p => Gisplan.ringArea(p)", path) == pytest.approx(abs(area), rel=1e-4)
    told = page.evaluate("p => Gisplan.pathLength(p)", [*path, path[0]])
    assert told == pytest.approx(perimeter, rel=1e-9, abs=1e-4)


def test_far_and_equal_places_have_a_length(offline_page: OfflinePage, tmp_path: Path) -> None:
    page = show(offline_page, explore(definition(), areas()), tmp_path)
    for one, two in (
        ((0, 0), (0, 0)),
        ((0, 0), (0.5, 179.5)),
        ((0, 0), (0, 90)),
        ((89, 0), (-89, 0)),
    ):
        told = page.evaluate("a => Gisplan.distance(...a)", [one, two])
        assert told == pytest.approx(GEOD.inv(one[1], one[0], two[1], two[0])[2], rel=6e-3)


def test_length_is_measured_between_clicks_and_opens_nothing(timed: Page) -> None:
    timed.locator('[data-tool="length"]').click()
    for index in ("0", "4"):
        timed.locator(f'[data-project="{index}"]').click()
    told = timed.locator(".gp-measure-told")
    assert told.inner_text().endswith("米")
    assert float(told.get_attribute("data-value") or 0) == pytest.approx(2000, rel=0.03)
    expect(timed.locator(".gp-card")).to_be_hidden()
    timed.keyboard.press("Escape")
    expect(told).to_be_hidden()
    timed.locator('[data-project="0"]').click()
    expect(timed.locator(".gp-card")).to_be_visible()


def test_area_is_measured_with_keys_alone(timed: Page) -> None:
    timed.locator('[data-tool="area"]').press("Enter")
    for move in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        timed.keyboard.press("Space")
        timed.keyboard.press(move)
        timed.wait_for_timeout(500)
    told = timed.locator(".gp-measure-told")
    half = float(told.get_attribute("data-value") or 0)
    timed.keyboard.press("Space")
    whole = float(told.get_attribute("data-value") or 0)
    assert whole == pytest.approx(2 * half, rel=0.05)  # a square of 80 pixels, first cut in two
    assert "亩" in told.inner_text()
    timed.keyboard.press("Backspace")
    assert float(told.get_attribute("data-value") or 0) == pytest.approx(half)


@pytest.mark.parametrize(("paper", "wide", "high"), [("a4", 297, 210), ("a3", 420, 297)])
def test_paper_is_what_was_chosen_and_one_sheet(
    paper: str, wide: int, high: int, timed: Page
) -> None:
    timed.locator('[data-tool="paper"]').select_option(paper)
    pdf = timed.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert len(boxes) == 1
    assert [float(side) / 72 * 25.4 for side in boxes[0]] == pytest.approx([wide, high], abs=1)


def test_review_number_is_text_in_its_slot(offline_page: OfflinePage, tmp_path: Path) -> None:
    page = show(offline_page, toy_map(review_number="冀S(2026)<b>1</b>号", language="zh"), tmp_path)
    expect(page.locator(".gp-review")).to_have_text("审图号：冀S(2026)<b>1</b>号")
    assert_quiet(offline_page)


def test_numbers_read_as_the_browser_would_write_them(timed: Page) -> None:
    values = [0, 7, 999, 1000, 1234567.891, -1234.5, -0.2, 0.25, 1e7, 15999.96]
    for digits in (0, 1, 2):
        found, wanted = timed.evaluate(
            """([all, digits]) => [all.map(v => Gisplan.number(v, digits)),
              all.map(v => v.toLocaleString('en', {maximumFractionDigits: digits}))]""",
            [values, digits],
        )
        assert found == [one.replace("-0", "0") if one == "-0" else one for one in wanted]
