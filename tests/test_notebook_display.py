"""Maps and tables in a notebook: a map runs where scripts may, else a picture says why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from shapely.geometry import Point

from gisplan.display import show
from gisplan.errors import OutputError
from gisplan.io.projects import read_projects
from gisplan.labels import Labels
from gisplan.map_payload.packed import LIMIT
from gisplan.plan import Plan, open_plan
from gisplan.wording import DASH
from tests.conftest import OfflinePage
from tests.map_world import toy_map

ROOT = Path(__file__).resolve().parents[1]
WORDS = Labels("zh")("map.untrusted")

# What VS Code puts on the webview of notebook outputs (`notebook.experimental.enableCsp`, read in
# its sources): a frame made of `srcdoc` inherits it, besides the page's own policy.
VS_CODE = (
    "default-src 'none'; script-src https://*.invalid 'unsafe-inline' 'unsafe-eval'; "
    "style-src https://*.invalid 'unsafe-inline'; img-src https://*.invalid https: http: data:; "
    "font-src https://*.invalid https:; connect-src https:; child-src https: data:;"
)
NO_SCRIPT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
NOTHING = "default-src 'none'; style-src-attr 'unsafe-inline'; img-src data:"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return open_plan(ROOT / "layers")


@pytest.fixture(scope="module")
def bundle(plan: Plan) -> dict[str, object]:
    """What a kernel sends to a notebook for the map of the shipped projects."""
    drawn = plan.explore(read_projects(ROOT / "layers" / "projects.csv"), language="zh")
    return drawn._repr_mimebundle_()


@pytest.fixture
def opened(offline_page: OfflinePage, tmp_path: Path) -> Iterator[object]:
    def show(html: str, policy: str = "") -> Page:
        head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
        path = tmp_path / "notebook.html"
        path.write_text(f'<!DOCTYPE html><meta charset="utf-8">{head}{html}', "utf-8")
        offline_page.page.goto(path.as_uri())
        return offline_page.page

    yield show
    assert offline_page.requests == []


def test_the_map_runs_under_the_policy_of_vs_code(bundle, opened) -> None:
    page = opened(bundle["text/html"], VS_CODE)
    frame = page.frame_locator("iframe")
    expect(frame.locator("[data-project]")).to_have_count(10)
    expect(frame.locator(".gp")).to_be_visible()
    frame.locator('[data-project="0"]').click()
    expect(frame.locator(".gp-card h2")).to_be_visible()


def test_the_first_click_counts_where_the_notebook_is_scrolled(bundle, opened) -> None:
    """The map's focus must not move the notebook under the pointer."""
    page = opened(f'<div style="height:500px"></div>{bundle["text/html"]}')
    symbol = page.frame_locator("iframe").locator('[data-project="0"]')
    expect(symbol).to_be_visible()
    page.evaluate("window.scrollTo(0, 300)")
    page.wait_for_timeout(400)
    box = symbol.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.frame_locator("iframe").locator(".gp-card h2")).to_be_visible()
    assert page.evaluate("window.scrollY") == 300


@pytest.mark.parametrize("policy", ["", VS_CODE])
def test_a_map_that_runs_hides_the_picture_behind_it(bundle, opened, policy: str) -> None:
    page = opened(bundle["text/html"], policy)
    expect(page.frame_locator("iframe").locator("[data-project]")).to_have_count(10)
    page.wait_for_timeout(400)
    with_picture = page.screenshot()
    page.evaluate("document.querySelector('img').style.visibility = 'hidden'")
    assert page.screenshot() == with_picture


@pytest.mark.parametrize(
    ("policy", "sandbox"), [(NO_SCRIPT, ""), (NOTHING, ""), ("", ' sandbox=""')],
    ids=["no script", "no script, no style", "sandbox"],
)  # fmt: skip
def test_where_no_script_may_run_the_picture_is_seen(bundle, opened, policy, sandbox) -> None:
    html = str(bundle["text/html"]).replace("<iframe ", f"<iframe{sandbox} ", 1)
    page = opened(html, policy)
    page.wait_for_timeout(200)
    seen = page.locator("img").screenshot()
    page.evaluate("document.querySelector('iframe').remove()")
    assert page.evaluate("document.querySelector('img').naturalWidth") > 1000
    assert page.locator("img").screenshot() == seen


def test_a_viewer_that_strips_frames_shows_picture_and_words(bundle, opened) -> None:
    """JupyterLab does so with a notebook that it does not trust."""
    page = opened(re.sub("<iframe.*</iframe>", "", str(bundle["text/html"]), flags=re.DOTALL))
    expect(page.get_by_text(WORDS)).to_be_visible()
    box = page.locator("img").bounding_box()
    assert box
    assert box["width"] > 1000
    assert box["height"] > 700


def test_a_viewer_without_html_gets_the_same_picture(bundle) -> None:
    picture = bundle["image/png"]
    assert isinstance(picture, bytes)
    assert picture.startswith(b"\x89PNG")
    assert set(bundle) == {"text/html", "text/plain", "image/png"}


def test_a_list_too_long_for_a_picture_says_so_in_words(plan: Plan) -> None:
    one = read_projects(ROOT / "layers" / "projects.csv").iloc[[0]]
    long = one.loc[one.index.repeat(LIMIT + 1)].reset_index(drop=True)
    told = plan.explore(long, plan.check(long), language="zh")._repr_mimebundle_()
    assert "image/png" not in told
    assert WORDS in told["text/html"]
    assert "<iframe srcdoc=" in told["text/html"]


def test_a_picture_that_cannot_be_drawn_does_not_cost_the_map() -> None:
    def broken() -> bytes:
        raise OutputError("output_suffix", path="x", allowed="<y>")

    drawn = toy_map(language="zh")
    drawn.still = broken
    told = drawn._repr_mimebundle_()
    assert "image/png" not in told
    assert "<iframe srcdoc=" in told["text/html"]
    assert "&lt;y&gt;" in told["text/html"].split("<iframe")[0]


def test_a_size_that_the_user_asked_for_is_kept() -> None:
    drawn = toy_map(language="zh")
    drawn.get_root().height = "432px"
    assert 'height="432px"' in drawn._repr_html_()


def test_a_table_has_worded_headings_and_leaves_the_frame_alone() -> None:
    frame = pd.DataFrame(
        {
            "name": ["<b>甲</b>", ""],
            "outcome": pd.Categorical(["review", "pass"], categories=["review", "pass"]),
            "confidence": [0.9498, None],
            "share_low": [0.4412, 1.0],
            "clear_of:red": ["fail", "pass"],
            "mine": ["=1+1", "{{x}}"],
        }
    )
    before = frame.copy(deep=True)
    html = show(frame, language="zh")._repr_html_()
    for heading in ("项目名称", "结论", Labels("zh")("column.confidence"), "避让red", "mine"):
        assert f">{heading}</th>" in html
    assert "&lt;b&gt;甲&lt;/b&gt;" in html
    assert "<b>" not in html
    assert ">0.94<" in html, "cut, not rounded: 0.95 would read as settled"
    assert ">44.1%<" in html
    for text in ("需复核", "不符合", "符合", "=1+1", "{{x}}", DASH, "2 行"):
        assert text in html
    pd.testing.assert_frame_equal(frame, before)


def test_a_table_says_what_it_does_not_show() -> None:
    told = show(pd.DataFrame({"id": [str(k) for k in range(12)]}), language="en", rows=10)
    assert told.html.count("<tr>") == 11
    assert "12 rows, the first 10 are shown" in told.html
    assert repr(told).count("\n") == 11


def test_a_named_index_is_a_column_and_a_shape_is_named() -> None:
    frame = gpd.GeoDataFrame(
        {"sure": [True, False]},
        geometry=[Point(1, 2), None],
        index=pd.Index(["x", "y"], name="zone"),
    )
    html = show(frame, language="zh").html
    for text in ("所在片区", ">x<", ">是<", ">否<", ">Point<"):
        assert text in html


def test_an_empty_table_is_a_table() -> None:
    assert "0 rows" in show(pd.DataFrame({"id": []}), language="en").html
