"""Layers of an analysis on the map: what was put in is drawn, listed, told, and never runs."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from shapely.geometry import LineString, box

from gisplan.errors import OutputError
from gisplan.explore import PlanMap, explore
from gisplan.labels import LANGUAGES, Labels
from gisplan.map_payload import MapClass, MapImage, MapLayer, conflict_layers
from gisplan.overlay import zone_pairs
from gisplan.plan import Plan
from tests.conftest import OfflinePage
from tests.map_world import (
    CRS,
    EAST,
    HOSTILE,
    NORTH,
    areas,
    assert_quiet,
    definition,
    place,
    projects,
    show,
    verdicts,
)
from tests.test_explore_swipe import second

WORDS = Labels("zh")
TEXT = "".join(HOSTILE[:9])
CLASSES = (
    MapClass(value="1", title="甲类", color="#b2182b", hatch=(45.0, 6.0)),
    MapClass(value="2", title=TEXT, color="#2166ac", dash=(4.0, 3.0)),
)


def shapes(**options: Any) -> MapLayer:
    """Two discs, a line, a point and a row without shape, under one index label; hostile words."""
    frame = gpd.GeoDataFrame(
        {
            "名称": [TEXT, "乙", "丙", "丁", "无图形"],
            "面积（㎡）": [1234567.8, 3.14159, None, 2, 5],
            "class": [1, 2, 1, 9, 1],
        },
        geometry=[
            place(-2500, -1500).buffer(300),
            place(-1000, -1500).buffer(300),
            LineString([place(2000, -1500), place(3000, -1500)]),
            place(2000, -3000),
            None,
        ],
        crs=CRS,
        index=[7] * 5,
    )
    told: dict[str, Any] = {
        "id": 'x"]', "title": TEXT, "frame": frame, "columns": ["面积（㎡）"], "name": "名称",
        "by": "class", "classes": CLASSES, "note": TEXT,
    }  # fmt: skip
    return MapLayer(**(told | options))


def picture(**options: Any) -> MapImage:
    """A square of 2 km, opaque red."""
    file = io.BytesIO()
    Image.fromarray(np.full((20, 20, 4), (200, 0, 0, 255), np.uint8)).save(file, "PNG")
    sides = gpd.GeoSeries([box(EAST + 500, NORTH - 3500, EAST + 1500, NORTH - 2500)], crs=CRS)
    west, south, east, north = sides.to_crs(4326).total_bounds
    told: dict[str, Any] = {
        "id": "image", "title": "密度", "png": file.getvalue(),
        "bounds": (west, south, east, north), "legend": (("#c80000", "5 项/km² " + TEXT),),
    }  # fmt: skip
    return MapImage(**(told | options))


def drawn(*layers: MapLayer | MapImage, **options: Any) -> PlanMap:
    rows = projects(("甲",), unlocated=0)
    given = layers or (shapes(), picture())
    return explore(definition(), areas(), rows, verdicts(rows), layers=given, **options)


@pytest.fixture
def page(open_map: Callable[[PlanMap], Page]) -> Page:
    return open_map(drawn(language="zh"))


def feature(page: Page, number: int) -> Any:
    return page.locator(f'path[data-feature="x\\"]/{number}"]')


def test_every_shape_is_drawn_and_what_has_none_is_listed(page: Page) -> None:
    expect(page.locator("path[data-feature]")).to_have_count(4)
    expect(page.locator('path[data-class="0"]')).to_have_count(2)
    counts = page.locator(".gp-class small").all_text_contents()
    assert counts == [WORDS("map.layer_count", n=n) for n in (3, 1, 1)]
    titles = page.locator(".gp-layer").first.locator(".gp-class > span").all_text_contents()
    assert titles == ["甲类", TEXT, WORDS("map.layer_other")]
    page.locator("[data-items] summary").click()
    expect(page.locator("[data-item]")).to_have_count(5)
    assert page.locator("[data-item] span").last.text_content() == "无图形"
    expect(page.locator("[data-items]")).to_contain_text(WORDS("map.layer_undrawn", n=1))
    page.locator("[data-item]").last.click()
    expect(page.locator(".gp-card h2")).to_have_text("无图形")


def test_card_of_a_shape_shows_its_cells_as_text(page: Page) -> None:
    page.wait_for_timeout(100)
    feature(page, 0).click()
    card = page.locator(".gp-card")
    assert card.locator("h2").text_content() == TEXT
    assert card.locator("h3").first.text_content() == TEXT
    assert card.locator("dt").all_text_contents() == ["面积（㎡）"]
    assert card.locator("dd").all_text_contents() == ["1,234,568"]
    assert card.locator(".gp-hint").text_content() == TEXT
    page.keyboard.press("Escape")
    feature(page, 1).click()
    assert card.locator("dd").all_text_contents() == ["3.142"]
    assert card.locator(".gp-tag").first.text_content() == TEXT
    page.keyboard.press("Escape")
    feature(page, 2).click(position={"x": 3, "y": 1}, force=True)
    expect(card.locator("h2")).to_have_text("丙")
    assert card.locator("dd").count() == 0  # a missing figure is no figure


def test_a_layer_is_hidden_faded_and_keeps_its_hatch(page: Page) -> None:
    def filled() -> str | None:
        return feature(page, 0).get_attribute("fill")

    assert filled() == "url(#gp-layer-0-0)"
    page.locator('[data-layer="layer-0"]').uncheck()
    expect(page.locator("path[data-feature]")).to_have_count(0)
    page.locator('[data-layer="layer-0"]').check()
    expect(page.locator("path[data-feature]")).to_have_count(4)
    assert filled() == "url(#gp-layer-0-0)"
    page.locator('[data-opacity="layer-0"]').fill("40")
    pane = page.locator(".leaflet-gp-layer-0-pane")
    assert pane.evaluate("n => n.style.opacity") == "0.4"
    image = page.locator("img.leaflet-image-layer")
    page.locator('[data-opacity="layer-1"]').fill("30")
    assert image.evaluate("n => n.style.opacity") == "0.3"
    page.locator('[data-layer="layer-1"]').uncheck()
    expect(image).to_have_count(0)


def test_hatches_of_the_plan_come_back_with_their_layer(page: Page) -> None:
    zone = page.locator('path[data-zone="west"]')
    before = zone.get_attribute("fill")
    assert before
    assert before.startswith("url(#")
    page.locator('[data-layer="zone"]').uncheck()
    page.locator('[data-layer="zone"]').check()
    assert zone.get_attribute("fill") == before


def test_picture_lies_where_its_bounds_say(page: Page) -> None:
    image = page.locator("img.leaflet-image-layer").bounding_box()
    marsh = page.locator("path[data-constraint]").bounding_box()
    assert image
    assert marsh
    # The marsh is 1 km from -500 to 500 m and -3000 to -2000 m; the picture 1 km from 500 m.
    assert image["x"] == pytest.approx(marsh["x"] + marsh["width"], abs=2.5)
    assert image["width"] == pytest.approx(marsh["width"], abs=3)
    assert image["y"] - marsh["y"] == pytest.approx(marsh["height"] / 2, abs=2.5)
    legend = page.locator(".gp-layer").nth(1).locator(".gp-class > span")
    assert legend.all_text_contents() == ["5 项/km² " + TEXT]


def test_a_layer_may_wait_to_be_switched_on(offline_page: OfflinePage, tmp_path: Path) -> None:
    page = show(offline_page, drawn(shapes(shown=False), picture(shown=False)), tmp_path)
    expect(page.locator("path[data-feature]")).to_have_count(0)
    expect(page.locator("img.leaflet-image-layer")).to_have_count(0)
    page.locator('[data-layer="layer-0"]').check()
    expect(page.locator("path[data-feature]")).to_have_count(4)
    assert_quiet(offline_page)


def test_a_link_remembers_which_layers_were_turned(page: Page) -> None:
    page.locator('[data-layer="layer-0"]').uncheck()
    page.locator('[data-layer="zone"]').uncheck()
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("#gisplan[data-ready]")).to_be_visible()
    expect(page.locator("path[data-feature]")).to_have_count(0)
    expect(page.locator("path[data-zone]")).to_have_count(0)
    expect(page.locator('[data-layer="corridor"]')).to_be_checked()
    page.goto(address.split("#")[0] + "#turned=corridor,no-such-layer,__proto__")
    expect(page.locator("path[data-corridor]")).to_have_count(0)
    expect(page.locator("path[data-feature]")).to_have_count(4)


def test_layers_stand_on_the_sides_they_speak_of(offline_page: OfflinePage, tmp_path: Path) -> None:
    layers = [
        shapes(id=side, plan=side, classes=(), by=None) for side in ("both", "first", "other")
    ]
    page = show(offline_page, drawn(*layers, picture(), other=second()), tmp_path)
    for side, left, right in (("both", 4, 4), ("first", 4, 0), ("other", 0, 4)):
        mark = f'path[data-feature^="{side}/"]'
        inside = page.locator(f".leaflet-gp-swipe-pane {mark}").count()
        assert (page.locator(mark).count() - inside, inside) == (left, right)
    slider = page.get_by_role("slider", name=Labels()("map.swipe"))
    point = page.locator('path[data-feature="both/0"]').first.bounding_box()
    assert point
    under = f"document.elementsFromPoint({point['x'] + 20}, {point['y'] + 20})"
    for key, seen in (("End", ["both/0", "first/0"]), ("Home", ["both/0", "other/0"])):
        slider.press(key)
        found = page.evaluate(
            f"{under}.filter(n => n.dataset.feature).map(n => n.dataset.feature).sort()"
        )
        assert found == seen
    assert_quiet(offline_page)


def test_very_many_shapes_share_a_canvas(offline_page: OfflinePage, tmp_path: Path) -> None:
    count = 2500
    frame = gpd.GeoDataFrame(
        {"名称": [f"格{k}" for k in range(count)]},
        geometry=[
            place(-3500 + 140 * (k % 50), -3500 + 140 * (k // 50)).buffer(60, cap_style="square")
            for k in range(count)
        ],
        crs=CRS,
    )
    layer = MapLayer(id="grid", title="格网", frame=frame, name="名称")
    rows = projects((), unlocated=1)
    page = show(offline_page, explore(definition(), areas(), rows, layers=[layer]), tmp_path)
    expect(page.locator(".leaflet-gp-layer-0-pane canvas")).to_have_count(1)
    expect(page.locator("[data-item]")).to_have_count(200)
    box_ = page.locator(".leaflet-container").bounding_box()
    assert box_
    page.mouse.click(box_["x"] + box_["width"] / 2 - 130, box_["y"] + box_["height"] / 2 + 130)
    expect(page.locator(".gp-card h2")).to_contain_text("格")
    assert_quiet(offline_page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_layers_give_the_same_bytes(language: str) -> None:
    one, two = (drawn(language=language).get_root().render() for _ in range(2))
    assert one == two
    assert "</script><script>window" not in one


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: shapes(color="red"), "map_layer_color"),
        (lambda: shapes(color="#fff url(//x)"), "map_layer_color"),
        (lambda: shapes(columns=["无此列"]), "map_layer_column"),
        (lambda: shapes(by="无此列"), "map_layer_column"),
        (lambda: shapes(frame=shapes().frame.set_crs(None, allow_override=True)), "map_layer_crs"),
        (lambda: picture(png=b"<svg onload=alert(1)>"), "map_layer_image"),
        (lambda: picture(bounds=(114.0, 36.1, 114.1, 36.0)), "map_layer_image"),
        (lambda: picture(bounds=(114.0, 36.0, float("nan"), 36.1)), "map_layer_image"),
        (lambda: picture(legend=[("rgb(0,0,0)", "")]), "map_layer_color"),
        (lambda: drawn(shapes(id="a"), picture(id="a")), "map_layer_twice"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(make: Any, code: str) -> None:
    with pytest.raises(OutputError) as told:
        make()
    assert told.value.code == code
    assert all(told.value.word(language) for language in LANGUAGES)


def test_overlaps_of_zones_are_a_layer_with_their_areas_and_errors() -> None:
    """East moved 1500 m to the west of west's east edge: 500 by 2000 m in common."""
    plan, overlapping = definition(), areas()
    east = overlapping["id"] == "east"
    moved = overlapping.geometry[east].translate(-2500, 0)
    overlapping.loc[east, "geometry"] = moved.to_numpy()
    layers = conflict_layers(zone_pairs(overlapping, plan), overlapping, plan, WORDS)
    common, rest = layers
    assert (common.id, rest.id) == ("conflicts", "uncovered")
    assert common.frame[WORDS("map.conflict_pair")].tolist() == ["西区 × 东区"]
    area = common.frame[WORDS("map.conflict_area_ellipsoid")]
    assert area.tolist() == pytest.approx([1e6], rel=1e-3)
    assert rest.frame[WORDS("map.conflict_area_ellipsoid")].sum() == pytest.approx(57e6, rel=1e-3)
    assert common.shown
    assert not rest.shown


def test_zones_apart_say_that_they_were_compared_and_none_that_there_was_nothing() -> None:
    plan = Plan(definition(), areas())
    html = plan.explore(language="zh").get_root().render()
    found = re.search(r'id="gisplan-data">(.*?)</script>', html)
    assert found
    layers = json.loads(found[1])["layers"]
    assert [(one["id"], len(one["rows"])) for one in layers] == [("conflicts", 0), ("uncovered", 1)]
    assert "1" in layers[0]["note"]
    alone = areas()[lambda f: f["id"] != "west"]
    assert [
        one.id
        for one in conflict_layers(
            zone_pairs(alone, plan.definition), alone, plan.definition, WORDS
        )
    ] == ["uncovered"]
