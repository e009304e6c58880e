"""The map page in a real browser with the network cut: what it shows, and that nothing runs."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import branca.colormap
import folium
import geopandas as gpd
import pandas as pd
import pyproj
import pytest
from playwright.sync_api import Page, expect

from gisplan.explore import explore
from gisplan.labels import Labels
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
    toy_map,
    verdicts,
)

WORDS = Labels("zh")
LOCATED = len(HOSTILE)


def lat_lon(x: float, y: float) -> tuple[float, float]:
    point = gpd.GeoSeries([place(x, y)], crs=CRS).to_crs(4326)[0]
    return point.y, point.x


def square(x: float, y: float) -> gpd.GeoDataFrame:
    """200 m on a side, as a user's own layer in WGS 84."""
    shape = gpd.GeoSeries([place(x, y).buffer(100, cap_style="square")], crs=CRS)
    return gpd.GeoDataFrame(geometry=shape.to_crs(4326))


def test_everything_of_the_run_is_drawn(toy: Page) -> None:
    expect(toy.locator("path[data-study_area]")).to_have_count(1)
    expect(toy.locator("path[data-zone]")).to_have_count(2)
    expect(toy.locator("path[data-corridor]")).to_have_count(1)
    expect(toy.locator("path[data-ring]")).to_have_count(2)
    expect(toy.locator("path[data-constraint]")).to_have_count(1)
    expect(toy.locator("[data-unchecked]")).to_have_count(1)
    expect(toy.locator("[data-project]")).to_have_count(LOCATED)
    expect(toy.locator("path[data-footprint]")).to_have_count(1)
    expect(toy.locator(".leaflet-control-scale-line")).to_be_visible()
    expect(toy.locator(".gp-note")).to_have_text(WORDS("map.schematic_note"))
    expect(toy.locator(".gp-review")).to_be_visible()
    assert toy.locator(".gp-grid span").count() >= 4
    for symbol in toy.locator("[data-project]").all():
        box = symbol.bounding_box()
        assert box
        assert box["width"] == box["height"] == 22


def test_legend_counts_are_those_of_the_verdicts(toy: Page) -> None:
    expected = verdicts(projects())["outcome"].value_counts().to_dict()
    chips = {
        chip.get_attribute("data-chip"): int(chip.locator("b").inner_text())
        for chip in toy.locator("[data-chip]").all()
    }
    assert chips == expected
    for code, number in expected.items():
        assert toy.locator(f'[data-outcome="{code}"]').count() == (
            0 if code == "unknown" else number
        )


def test_symbols_of_two_outcomes_differ_in_outline(toy: Page) -> None:
    outlines = {
        toy.locator(f'[data-outcome="{code}"] polygon').first.get_attribute("points")
        for code in verdicts(projects())["outcome"].unique()
        if code != "unknown"
    }
    assert len(outlines) == 5


def test_every_card_opens_and_shows_its_text_as_it_stands(toy: Page) -> None:
    card = toy.locator(".gp-card")
    for index, name in enumerate(HOSTILE):
        toy.locator(f'[data-project="{index}"]').click()
        expect(card).to_have_attribute("data-card", str(index))
        assert card.locator("h2").text_content() == name
        facts = card.locator(".gp-facts dd").all_text_contents()
        assert facts.count(name) == 3
        expect(card.locator(".gp-rules li")).to_have_count(3)
        expect(card.locator(".gp-badge").first).to_be_visible()
        assert WORDS("map.unchecked") in card.inner_text()
    toy.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_card_says_what_was_measured_and_on_which_words(toy: Page) -> None:
    toy.locator('[data-project="0"]').click()
    card = toy.locator(".gp-card")
    text = card.inner_text()
    assert "50%" in text
    assert "250" in text
    assert WORDS("map.inside_by", name="西区", length="250 米") in text
    assert "西区发展教育" in text
    assert "三、2" in text
    assert WORDS("map.clause") in text
    assert "自然资源局" in text
    assert "1.5 亿元" in text


def test_zones_and_corridors_have_cards_with_their_clause(toy: Page) -> None:
    toy.locator('[data-area="west"]').click()
    expect(toy.locator(".gp-card q")).to_have_text("西区发展教育")
    toy.keyboard.press("Escape")
    toy.locator('[data-area="road"]').click()
    expect(toy.locator(".gp-card h2")).to_have_text("大道")
    assert "500" in toy.locator(".gp-card").inner_text()
    toy.locator('path[data-zone="east"]').click(position={"x": 8, "y": 12})
    expect(toy.locator(".gp-card h2")).to_have_text("东区")


def test_filter_by_outcome_and_zone_changes_map_list_and_count(toy: Page) -> None:
    outcomes = verdicts(projects())["outcome"]
    assert shown_count(toy) == len(outcomes)
    toy.locator('[data-filter="fail"]').uncheck()
    assert shown_count(toy) == (outcomes != "fail").sum()
    expect(toy.locator("[data-project]")).to_have_count(LOCATED - int((outcomes == "fail").sum()))
    toy.get_by_role("button", name=WORDS("map.reset")).click()
    expect(toy.locator("[data-project]")).to_have_count(LOCATED)
    toy.locator('[data-select="zone"]').select_option("west")
    assert shown_count(toy) == 5
    toy.locator('[data-select="zone"]').select_option("-")
    assert shown_count(toy) == len(outcomes) - 5


def test_projects_without_a_place_are_listed_and_open(toy: Page) -> None:
    toy.locator(".gp-missing summary").click()
    assert "2" in toy.locator(".gp-missing summary").inner_text()
    expect(toy.locator("[data-unlocated]")).to_have_count(2)
    toy.locator("[data-unlocated]").first.click()
    expect(toy.locator(".gp-card h2")).to_have_text("无坐标0")
    assert WORDS("issue.GP-INT-001.message") in toy.locator(".gp-card").inner_text()


def test_search_by_name_and_number_with_the_keyboard(toy: Page) -> None:
    field = toy.locator("#gp-search")
    field.fill("第二中学")
    expect(toy.locator("[data-hit]")).to_have_count(1)
    field.press("Enter")
    expect(toy.locator(".gp-card h2")).to_have_text(HOSTILE[-1])
    toy.keyboard.press("Escape")
    field.fill("p0")
    assert toy.locator("[data-hit]").count() == 10
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(toy.locator('[aria-selected="true"]')).to_have_attribute("data-hit", "2")
    field.press("Enter")
    expect(toy.locator(".gp-card")).to_have_attribute("data-card", "2")
    toy.keyboard.press("Escape")
    field.fill("没有这个")
    expect(toy.locator(".gp-hits")).to_have_text(WORDS("map.no_hits"))


def test_symbols_open_by_keyboard_and_give_the_focus_back(toy: Page) -> None:
    marker = toy.locator(".gp-icon").first
    marker.focus()
    marker.press("Enter")
    expect(toy.locator(".gp-card")).to_be_visible()
    toy.keyboard.press("Escape")
    expect(marker).to_be_focused()


def test_layers_can_be_hidden_and_faded(toy: Page) -> None:
    for key, mark in (("zone", "path[data-zone]"), ("corridor", "path[data-corridor]"),
                      ("ring", "path[data-ring]"), ("project", "[data-project]")):  # fmt: skip
        before = toy.locator(mark).count()
        toy.locator(f'[data-layer="{key}"]').uncheck()
        expect(toy.locator(mark)).to_have_count(0)
        toy.locator(f'[data-layer="{key}"]').check()
        expect(toy.locator(mark)).to_have_count(before)
    toy.locator('[data-opacity="zone"]').fill("40")
    assert toy.locator(".leaflet-gp-zone-pane").evaluate("n => n.style.opacity") == "0.4"
    toy.locator('[data-layer="labels"]').uncheck()
    expect(toy.locator(".gp-name-zone").first).to_be_hidden()


def test_names_hide_neither_symbols_nor_each_other(toy: Page) -> None:
    boxes = [
        one.bounding_box() for one in toy.locator(".gp-name, .gp-symbol").all() if one.is_visible()
    ]
    assert len(boxes) > LOCATED + 2
    for k, a in enumerate(boxes):
        for b in boxes[k + 1 :]:
            assert a
            assert b
            wide = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
            high = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
            assert min(wide, high) <= 3


def test_coordinates_under_the_pointer_agree_with_proj(toy: Page) -> None:
    box = toy.locator(".leaflet-container").bounding_box()
    assert box
    toy.mouse.move(box["x"] + 200, box["y"] + 300)
    text = toy.locator(".gp-read").inner_text()
    found = re.search(
        r"(\d+)°(\d+)′([\d.]+)″E (\d+)°(\d+)′([\d.]+)″N .* E ([\d.]+) N ([\d.]+)", text
    )
    assert found
    d = [float(part) for part in found.groups()]
    lon, lat = d[0] + d[1] / 60 + d[2] / 3600, d[3] + d[4] / 60 + d[5] / 3600
    east, north = pyproj.Transformer.from_crs(4326, CRS, always_xy=True).transform(lon, lat)
    assert (d[6], d[7]) == pytest.approx((east, north), abs=3)  # 0.1″ is 3 m


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4526", "EPSG:32650", "EPSG:2180"])
def test_gauss_kruger_of_the_page_agrees_with_proj_to_a_tenth_of_a_millimetre(
    crs: str, offline_page: OfflinePage, tmp_path: Path
) -> None:
    from gisplan.crs import gauss_kruger_parameters

    page = show(offline_page, toy_map(), tmp_path)
    numbers = gauss_kruger_parameters(pyproj.CRS(crs))._asdict()
    there = pyproj.Transformer.from_crs(pyproj.CRS(crs).geodetic_crs, crs, always_xy=True)
    for off, lat in ((0.0, 36.0), (1.4, 20.0), (-1.6, 53.0)):
        lon = off + numbers["central_meridian"]
        found = page.evaluate("a => Gisplan.gaussKruger(...a)", [lon, lat, numbers])
        assert found == pytest.approx(there.transform(lon, lat), abs=1e-4)


def test_table_is_the_twin_of_the_map(toy: Page) -> None:
    toy.locator('[data-tool="table"]').click()
    expect(toy.locator("[data-row]")).to_have_count(LOCATED + 2)
    for index, name in enumerate(HOSTILE):
        assert toy.locator(f'[data-row="{index}"] button').text_content() == name
    toy.locator('[data-filter="unknown"]').uncheck()
    expect(toy.locator("[data-row]")).to_have_count(LOCATED)
    toy.locator('[data-row="3"] button').click()
    expect(toy.locator(".gp-card")).to_have_attribute("data-card", "3")


def test_csv_holds_what_is_shown_and_no_formula(toy: Page) -> None:
    toy.locator('[data-filter="unknown"]').uncheck()
    with toy.expect_download() as download:
        toy.locator('[data-tool="csv"]').click()
    data = download.value.path().read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert len(rows) == LOCATED + 1
    names = [row[1] for row in rows[1:]]
    assert names == [f"'{name}" if name[0] in "=+-@" else name for name in HOSTILE]


def test_hostile_words_in_every_field_of_plan_list_and_verdict_are_text(
    offline_page: OfflinePage, tmp_path: Path
) -> None:
    """Every text that a plan file, a layer, a list or a run can hold, at once."""
    text = "".join(HOSTILE[:9])
    both = {"zh": text, "en": text}
    plan = definition().model_dump(mode="json")
    plan |= {"title": both, "version": text}
    for group in ("zones", "corridors", "constraints"):
        for layer in plan[group].values():
            layer |= {"title": both, "owner": text, "basis": text}
            layer["clause"] = {"quote": text, "place": text, "kind": "clause"}
    rows = projects((text,))
    for name in ("id", "industry", "location", "stage", "source", "note"):
        rows[name] = text
    rows.loc[2, "stage"] = "在建"
    held = areas()
    held[["basis", "source", "sha256", "as_of"]] = text
    judged = verdicts(rows).assign(corridor=text, unchecked=text, issues=text)
    worded = ("rule", "rule_title", "text", "clause", "place", "clause_kind")
    told = pd.DataFrame({"project": [0], "outcome": "fail"} | dict.fromkeys(worded, text))
    drawn = explore(
        type(definition()).model_validate(plan), held, rows, judged, told,
        review_number=text, language="zh",
    )  # fmt: skip
    page = show(offline_page, drawn, tmp_path)
    assert page.title() == text
    assert page.locator("h1").text_content() == text
    for area in ("west", "road", "marsh"):
        page.locator(f'[data-area="{area}"]').click()
        assert page.locator(".gp-card h2").text_content() == text
        assert page.locator(".gp-card q").text_content() == text
        page.keyboard.press("Escape")
    page.locator('[data-project="0"]').click()
    card = page.locator(".gp-card")
    assert card.locator(".gp-rule-title b").first.text_content() == text
    assert card.locator(".gp-rule-clause q").text_content() == text
    assert card.locator("dd").all_text_contents().count(text) >= 4
    page.keyboard.press("Escape")
    page.locator('[data-tool="table"]').click()
    expect(page.locator("[data-row]")).to_have_count(3)
    page.locator('[data-select="stage"]').select_option(text)
    assert shown_count(page) == 2
    assert_quiet(offline_page)


def test_folium_layers_of_a_user_work_on_it(offline_page: OfflinePage, tmp_path: Path) -> None:
    drawn = toy_map()
    lat, lon = lat_lon(0, -1500)
    folium.GeoJson(square(0, -1500), name="面", tooltip="提示").add_to(drawn)
    group = folium.FeatureGroup("一组").add_to(drawn)
    folium.CircleMarker((lat, lon), popup="弹窗", color="#ff00ff", fill=True).add_to(group)
    folium.Marker((lat, lon + 0.01), tooltip="图钉").add_to(group)
    folium.LayerControl(collapsed=False).add_to(drawn)
    page = show(offline_page, drawn, tmp_path)
    expect(page.locator(".leaflet-control-layers-overlays label")).to_have_count(2)
    page.locator('path[stroke="#ff00ff"]').click()
    expect(page.locator(".leaflet-popup-content")).to_have_text("弹窗")
    pin = page.locator(".leaflet-marker-icon[src^='data:image/png']")
    expect(pin).to_have_count(1)
    assert pin.evaluate("n => n.naturalWidth") > 0
    assert_quiet(offline_page)


def test_points_of_a_user_have_the_pictures_of_their_pins(
    offline_page: OfflinePage, tmp_path: Path
) -> None:
    drawn = toy_map()
    folium.GeoJson(square(0, -1500).representative_point()).add_to(drawn)
    page = show(offline_page, drawn, tmp_path)
    pin = page.locator(".leaflet-marker-icon[src^='data:image/png']")
    expect(pin).to_have_count(1)
    assert pin.evaluate("n => n.naturalWidth") > 0
    assert_quiet(offline_page)


def test_colour_scale_of_a_user_is_drawn_with_the_shipped_d3(
    offline_page: OfflinePage, tmp_path: Path
) -> None:
    drawn = toy_map()
    scale = branca.colormap.linear.viridis.scale(0, 5)
    scale.caption = "<b>万元</b>"
    scale.add_to(drawn)
    page = show(offline_page, drawn, tmp_path)
    expect(page.locator(".legend svg rect").nth(50)).to_be_visible()
    expect(page.locator(".legend .caption")).to_have_text("<b>万元</b>")
    assert_quiet(offline_page)


def test_words_in_folium_layers_of_a_user_do_not_run(
    offline_page: OfflinePage, tmp_path: Path
) -> None:
    drawn = toy_map()
    for k, name in enumerate(HOSTILE):
        x, color = -3500 + 550 * k, f"#ff00{k:02x}"
        tip = folium.GeoJsonTooltip(["name"], aliases=[name])
        folium.GeoJson(square(x, -3500).assign(name=name), name=name, tooltip=tip,
                       popup=folium.GeoJsonPopup(["name"])).add_to(drawn)  # fmt: skip
        group = folium.FeatureGroup(name).add_to(drawn)
        spot = lat_lon(x, -1000)
        folium.CircleMarker(
            spot, tooltip=name, popup=name, color=color, fill=True, radius=6
        ).add_to(group)
        folium.Marker(lat_lon(x, -1500), icon=folium.DivIcon(html=name)).add_to(group)
    folium.LayerControl().add_to(drawn)
    page = show(offline_page, drawn, tmp_path)
    for k in range(len(HOSTILE)):
        page.locator(f'path[stroke="#ff00{k:02x}"]').hover(force=True)
        page.locator(f'path[stroke="#ff00{k:02x}"]').click(force=True)
        expect(page.locator(".leaflet-popup-content")).to_have_count(1)
    assert HOSTILE[-1] in page.locator(".leaflet-popup-content").inner_text()
    assert page.evaluate("window.__pwned") is None
    assert offline_page.requests == []
    assert not [one for one in offline_page.faults if one.startswith("pageerror")]


def test_page_in_a_notebook_frame(offline_page: OfflinePage, tmp_path: Path) -> None:
    (tmp_path / "nb.html").write_text(
        '<!DOCTYPE html><meta charset="utf-8">' + toy_map()._repr_html_(), encoding="utf-8"
    )
    offline_page.page.goto((tmp_path / "nb.html").as_uri())
    frame = offline_page.page.frame_locator("iframe")
    expect(frame.locator("[data-project]")).to_have_count(LOCATED)
    assert_quiet(offline_page)


def test_phone_width(offline_page: OfflinePage, tmp_path: Path) -> None:
    offline_page.page.set_viewport_size({"width": 390, "height": 800})
    page = show(offline_page, toy_map(), tmp_path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".gp-panel")).to_be_hidden()
    page.locator(".gp-toggle").click()
    expect(page.locator("#gp-search")).to_be_visible()
    page.locator("#gp-search").fill("第二中学")
    page.locator("#gp-search").press("Enter")
    expect(page.locator(".gp-panel")).to_be_hidden()
    card = page.locator(".gp-card").bounding_box()
    assert card
    assert card["width"] <= 390
    page.wait_for_timeout(400)
    symbol = page.locator(f'[data-project="{LOCATED - 1}"]').bounding_box()
    assert symbol
    assert symbol["y"] + symbol["height"] <= card["y"]
    assert_quiet(offline_page)


def test_print_keeps_the_whole_plan_note_legend_and_review_number(toy: Page) -> None:
    toy.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    toy.emulate_media(media="print")
    for kept in (".gp-note", ".gp-review", ".gp-chips", ".leaflet-control-scale-line"):
        expect(toy.locator(kept)).to_be_visible()
    for left in ("#gp-search", ".gp-tools", ".leaflet-control-zoom"):
        expect(toy.locator(left)).to_be_hidden()
    sheet = toy.locator("#gisplan").bounding_box()
    stage = toy.locator(".gp-stage").bounding_box()
    plan = toy.locator("path[data-study_area]").bounding_box()
    assert sheet
    assert stage
    assert plan
    assert sheet["width"] == pytest.approx(280 / 25.4 * 96, abs=1)  # A4 less its margins
    assert plan["y"] >= stage["y"]
    assert plan["y"] + plan["height"] <= stage["y"] + stage["height"]
    toy.evaluate("window.dispatchEvent(new Event('afterprint'))")
    toy.emulate_media(media="screen")
    expect(toy.locator("#gp-search")).to_be_visible()


def test_english_page(offline_page: OfflinePage, tmp_path: Path) -> None:
    page = show(offline_page, toy_map(language="en"), tmp_path)
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.locator("h1")).to_have_text("Toy world")
    page.locator('[data-project="0"]').click()
    assert "inside West" in page.locator(".gp-card").inner_text()
    assert_quiet(offline_page)
