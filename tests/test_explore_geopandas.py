"""`gdf.explore(m=plan.explore())`: what geopandas draws is whole, silent and never runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from playwright.sync_api import Page, expect

from gisplan.explore import PlanMap
from tests.conftest import OfflinePage
from tests.map_world import CRS, HOSTILE, assert_quiet, place, toy_map

TEXT = "".join(HOSTILE[:9])


def squares(names: tuple[str, ...] = ("甲", "乙", "丙", "丁")) -> gpd.GeoDataFrame:
    """Squares of 300 m in a row along the north of the toy plan, 500 m apart."""
    count = len(names)
    return gpd.GeoDataFrame(
        {"名称": list(names), "面积": [float(k) for k in range(count)]},
        geometry=[
            place(-3500 + 500 * k, 3500).buffer(150, cap_style="square") for k in range(count)
        ],
        crs=CRS,
    )


def leaves(page: Page) -> Any:
    return page.locator(".leaflet-overlay-pane path.leaflet-interactive")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"column": "名称", "categorical": True},
        {"column": "面积", "scheme": "Quantiles", "k": 3},
        {"column": "面积", "cmap": "viridis"},
        {"column": "面积", "tooltip": ["名称"], "popup": True, "marker_type": "circle"},
    ],
)
def test_frames_are_drawn_on_the_page_of_the_plan(
    options: dict[str, Any], open_map: Callable[[PlanMap], Page]
) -> None:
    drawn = toy_map(language="zh")
    assert squares().explore(m=drawn, **options) is drawn
    page = open_map(drawn)
    expect(leaves(page)).to_have_count(4)
    leaves(page).nth(1).hover()
    expect(page.locator(".leaflet-tooltip")).to_contain_text("乙")
    expect(page.locator("path[data-zone]")).to_have_count(2)


def test_hostile_words_in_values_headers_and_captions_do_not_run(
    offline_page: OfflinePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stock geopandas runs the header as Python and the value as script (FAULTS.md, H2, H5)."""
    monkeypatch.chdir(tmp_path)
    drawn = toy_map(language="zh")
    frame = squares(HOSTILE).rename(columns={"名称": HOSTILE[0], "面积": HOSTILE[2]})
    frame.explore(m=drawn, popup=True, name=TEXT)
    # A category with `{%` stops geopandas itself, before anything reaches the page.
    named = squares(tuple(name for name in HOSTILE if "{%" not in name))
    named.explore(
        m=drawn, column="名称", categorical=True, legend_kwds={"caption": HOSTILE[0] + HOSTILE[3]}
    )
    frame.explore(m=drawn, column=HOSTILE[0], categorical=True, legend=False)
    drawn.save("map.html")
    page = offline_page.page
    page.goto((tmp_path / "map.html").as_uri())
    expect(page.locator("#gisplan[data-ready]")).to_be_visible()
    expect(leaves(page)).to_have_count(3 * len(HOSTILE) - 1)
    for k in range(len(HOSTILE)):
        leaves(page).nth(k).hover(force=True)
        leaves(page).nth(k).click(force=True)
    expect(page.locator(".maplegend")).to_have_count(1)
    assert [one.name for one in tmp_path.iterdir()] == ["map.html"]
    assert page.evaluate("window.__pwned") is None
    assert offline_page.requests == []
    # The policy says so where a value tried to run; the page itself has no fault.
    rest = [one for one in offline_page.faults if "Content Security Policy" not in one]
    assert not [one for one in rest if one.startswith("pageerror")]


def test_a_notebook_s_frame_shows_both_and_asks_for_nothing(
    offline_page: OfflinePage, tmp_path: Path
) -> None:
    """As JupyterLab shows it: the page in the ``srcdoc`` of an iframe."""
    drawn = toy_map(language="zh")
    squares().explore(m=drawn, column="面积", scheme="EqualInterval", k=2)
    (tmp_path / "nb.html").write_text(
        '<!DOCTYPE html><meta charset="utf-8">' + drawn._repr_html_(), encoding="utf-8"
    )
    offline_page.page.goto((tmp_path / "nb.html").as_uri())
    frame = offline_page.page.frame_locator("iframe")
    expect(frame.locator("[data-project]")).to_have_count(len(HOSTILE))
    expect(frame.locator(".leaflet-overlay-pane path.leaflet-interactive")).to_have_count(4)
    frame.locator('[data-project="0"]').click()
    expect(frame.locator(".gp-card h2")).to_have_text(HOSTILE[0])
    assert_quiet(offline_page)


def test_frames_on_the_page_give_the_same_bytes() -> None:
    def drawn() -> str:
        page = toy_map(language="zh")
        squares().explore(m=page, column="面积", scheme="Quantiles", k=3)
        return page.get_root().render()

    assert drawn() == drawn()
