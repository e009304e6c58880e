"""Two plans on one page: each on its side of the divider, by pointer and by keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from shapely.affinity import translate

from gisplan.explore import PlanMap, explore
from gisplan.labels import Labels
from gisplan.map_payload import map_payload
from tests.map_world import areas, definition, projects, toy_map, verdicts

WORDS = Labels("zh")


def second() -> tuple:
    """The next version: the east zone moved 1 km south, the west one dropped, a new one added."""
    plan = definition().model_dump(mode="json")
    plan["version"] = "v2 <b>"
    plan["zones"]["south"] = plan["zones"].pop("west") | {"title": {"zh": "南区"}}
    later = areas()
    later.loc[later["id"] == "west", "id"] = "south"
    east = later["id"] == "east"
    later.loc[east, "geometry"] = [translate(later.geometry[east].iloc[0], 0, -1000)]
    return type(definition()).model_validate(plan), later


def drawn() -> PlanMap:
    rows = projects()
    return explore(definition(), areas(), rows, verdicts(rows), other=second(), language="zh")


@pytest.fixture
def both(open_map: Callable[[PlanMap], Page]) -> Page:
    return open_map(drawn())


def seen_at(page: Page, selector: str) -> str:
    """Return which plan's area lies under the middle of a shape, or nothing."""
    return str(
        page.evaluate(
            """selector => {
              const box = document.querySelector(selector).getBoundingClientRect();
              const x = box.x + box.width * .8, y = box.y + box.height * .95;
              return document.elementsFromPoint(x, y).filter(n => n.tagName === 'path')
                .map(n => Object.keys(n.dataset)[0]).filter(k => k.match(/zone/i)).join();
            }""",
            selector,
        )
    )


def test_what_changed_is_told_on_both_sides() -> None:
    told = map_payload(definition(), areas(), None, None, None, labels=Labels("zh"), other=second())
    mine = {one["id"]: one.get("change", "") for one in told["areas"]}
    theirs = {one["id"]: one.get("change", "") for one in told["swipe"]["areas"]}
    assert [key for key, change in mine.items() if change] == ["west"]
    assert mine["west"] == "removed"
    assert theirs["east"] == "changed"
    assert theirs["south"] == "added"
    assert theirs["road"] == theirs["marsh"] == ""


def test_areas_without_data_on_both_sides_did_not_change() -> None:
    told = map_payload(definition(), areas(), None, None, None, labels=Labels("zh"), other=second())
    for side in (told["areas"], told["swipe"]["areas"]):
        assert next(one for one in side if one["id"] == "redline").get("change", "") == ""


def test_each_plan_is_on_its_side(both: Page) -> None:
    slider = both.get_by_role("slider", name=WORDS("map.swipe"))
    expect(both.locator(".gp-side-a")).to_have_text("v1")
    expect(both.locator(".gp-side-b")).to_have_text("v2 <b>")
    east, moved = "path[data-zone='east']", "path[data-b-zone='east']"
    slider.press("Home")
    assert seen_at(both, moved) == "bZone"
    slider.press("End")
    assert seen_at(both, moved) == ""
    assert seen_at(both, east) == "zone"
    expect(both.locator(".gp-swipe")).to_have_attribute("aria-valuenow", "100")


def test_the_divider_is_dragged_and_moved_by_keys(both: Page) -> None:
    grip = both.locator(".gp-swipe-grip").bounding_box()
    stage = both.locator(".gp-stage").bounding_box()
    assert grip
    assert stage
    both.mouse.move(grip["x"] + 14, grip["y"] + 14)
    both.mouse.down()
    both.mouse.move(stage["x"] + stage["width"] / 4, grip["y"] + 14, steps=4)
    both.mouse.up()
    slider = both.locator(".gp-swipe")
    expect(slider).to_have_attribute("aria-valuenow", "25")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "27")
    slider.press("Shift+ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "37")
    before = both.locator("path[data-study_area]").bounding_box()
    slider.press("ArrowLeft")
    assert both.locator("path[data-study_area]").bounding_box() == before  # the map stays


def test_names_stand_on_the_side_of_their_plan(both: Page) -> None:
    slider = both.locator(".gp-swipe")
    slider.press("Home")
    expect(both.locator(".gp-name-zone").filter(has_text="南区")).to_be_visible()
    expect(both.locator(".gp-name-zone").filter(has_text="西区")).to_be_hidden()
    slider.press("End")
    expect(both.locator(".gp-name-zone").filter(has_text="南区")).to_be_hidden()
    expect(both.locator(".gp-name-zone").filter(has_text="西区")).to_be_visible()


def test_it_can_be_switched_off_and_layers_are_common(both: Page) -> None:
    both.locator('[data-tool="swipe"]').uncheck()
    expect(both.locator(".gp-swipe")).to_be_hidden()
    expect(both.locator("path[data-b-zone='east']")).to_be_hidden()
    assert seen_at(both, "path[data-zone='east']") == "zone"
    both.locator('[data-tool="swipe"]').check()
    both.locator('[data-layer="zone"]').uncheck()
    expect(both.locator("path[data-zone], path[data-b-zone]")).to_have_count(0)
    both.locator('[data-layer="zone"]').check()
    both.locator('[data-opacity="zone"]').fill("30")
    assert both.locator(".leaflet-gp-b-zone-pane").evaluate("n => n.style.opacity") == "0.3"


def test_areas_of_the_second_plan_have_cards_and_tags(both: Page) -> None:
    expect(both.locator('[data-b-area="south"] .gp-tag')).to_have_text(WORDS("map.added"))
    expect(both.locator('[data-area="west"] .gp-tag')).to_have_text(WORDS("map.removed"))
    both.locator('[data-b-area="south"]').click()
    expect(both.locator(".gp-card h2")).to_have_text("南区")
    assert WORDS("map.swipe_note", version="v1") in both.locator(".gp-tools").inner_text()


def test_without_a_second_plan_the_page_carries_no_divider() -> None:
    assert "gp-swipe-grip" not in toy_map().get_root().render().split("</style>")[1]
