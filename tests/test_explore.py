"""The map file itself: whole, quiet, reproducible, and no place where a user's words run."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tomllib
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import branca.element
import folium
import folium.plugins
import geopandas as gpd
import jinja2
import numpy as np
import pandas as pd
import pytest
from geopandas.explore import _categorical_legend
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.patches import PathPatch

import gisplan.plan
from gisplan.columns import Columns
from gisplan.errors import MissingAsset, OutputError
from gisplan.explore import explore
from gisplan.labels import LANGUAGES, Labels
from gisplan.map_payload import PAGE_WORDS
from gisplan.map_payload.values import columnar, text
from gisplan.minify import minify
from gisplan.plan import Plan, open_plan
from gisplan.symbology import DRAW_ORDER, OUTCOME_SYMBOLS, SHAPES, contrast, hatch_of
from gisplan.terms import OUTCOMES
from tests.map_world import (
    CRS,
    HOSTILE,
    areas,
    definition,
    place,
    projects,
    toy_map,
    verdicts,
)

WEB = files("gisplan").joinpath("assets", "web")


def page(drawn: folium.Map) -> str:
    return drawn.get_root().render()


class Scripts(HTMLParser):
    """The attributes of every script element, as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.found.append(dict(attrs))


def payload(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="gisplan-data">(.*?)</script>', html)
    assert found
    told = dict(json.loads(found[1]))
    return told | {"projects": rows_of(told["projects"]), "areas": rows_of(told["areas"])}


def rows_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{} for _ in range(told["rows"])]
    for name, column in told["columns"].items():
        shared = isinstance(column, dict)
        for row, at in zip(rows, column["at"] if shared else column, strict=True):
            if at is not None:
                row[name] = column["of"][at] if shared else at
    return rows


def without_data(html: str) -> str:
    return re.sub(r'<script type="application/json".*?</script>', "", html, flags=re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_input_gives_the_same_bytes(language: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        toy_map(language=language).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert f'<html lang="{language}">' in (tmp_path / "one").read_text("utf-8")


def test_same_layers_added_give_the_same_bytes() -> None:
    def drawn() -> str:
        shown = toy_map()
        folium.GeoJson(areas().iloc[[0]][["id", "geometry"]], name="再加一层").add_to(shown)
        folium.Marker((36.0, 114.3), popup="甲").add_to(shown)
        folium.LayerControl().add_to(shown)
        return page(shown)

    assert drawn() == drawn()


def test_other_input_gives_another_nonce() -> None:
    one, two = page(explore(definition(), areas())), page(toy_map())
    nonces = [re.search(r"script-src 'nonce-([^']+)'", html) for html in (one, two)]
    assert len({found[1] for found in nonces if found}) == 2


def test_page_names_no_address_and_every_script_has_the_nonce() -> None:
    html = without_data(page(toy_map()))
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//""", html)
    assert not re.search(r"url\(\s*['\"]?(?!data:|#)", html)
    assert "@import" not in html
    nonce = re.search(r"script-src 'nonce-([^']+)'", html)
    assert nonce
    assert Scripts(html).found == [{"nonce": nonce[1]}] * 2
    assert "default-src 'none'" in html
    assert "img-src data:;" in html
    assert f"style-src 'nonce-{nonce[1]}'" in html


def test_data_block_cannot_be_closed_and_keeps_every_word() -> None:
    html = page(toy_map())
    told = payload(html)
    names = [one["name"] for one in told["projects"]]
    assert names == list(projects()["name"])
    block = html[html.index('id="gisplan-data">') + 18 :]
    assert "<" not in block[: block.index("</script>")]
    assert "\u2028" not in html


def test_text_that_utf8_cannot_hold_does_not_stop_the_map() -> None:
    assert text("a\ud800") == "a?"


def test_no_python_runs_from_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = projects()
    layer = definition(title={"zh": HOSTILE[0]})
    explore(layer, areas(), rows, verdicts(rows)).save(tmp_path / "x.html")
    assert [one.name for one in tmp_path.iterdir()] == ["x.html"]


@pytest.mark.parametrize("name", HOSTILE)
def test_folium_objects_that_users_add_are_rendered_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = toy_map()
    row = gpd.GeoDataFrame({"name": [name]}, geometry=[place(0, 0)], crs=CRS).to_crs(4326)
    tooltip = folium.GeoJsonTooltip(["name"], aliases=[name])
    folium.GeoJson(row, name=name, tooltip=tooltip, popup=folium.GeoJsonPopup(["name"])).add_to(
        shown
    )
    folium.Marker((36.0, 114.3), tooltip=name, popup=name).add_to(
        folium.FeatureGroup(name).add_to(shown)
    )
    folium.CircleMarker((36.0, 114.3), popup=folium.Popup(name, parse_html=True)).add_to(shown)
    folium.Marker((36.0, 114.3), icon=folium.DivIcon(html=name)).add_to(shown)
    folium.LayerControl().add_to(shown)
    html = page(shown)
    assert list(tmp_path.iterdir()) == []
    assert [one.get("id", "code") for one in Scripts(html).found] == [
        "gisplan-data",
        "code",
        "code",
    ]


def test_rendering_leaves_branca_and_the_objects_as_they_were() -> None:
    shown = toy_map()
    tip = folium.Tooltip("`${甲}`")
    folium.Marker((36.0, 114.3), tooltip=tip).add_to(shown)
    first = page(shown)
    assert tip.text == "`${甲}`"
    assert branca.element.Template is jinja2.Template
    assert page(shown) == first
    assert folium.Map.default_js[0][1].startswith("https")


def test_legend_of_geopandas_goes_without_the_library_that_drags_it() -> None:
    shown = toy_map()
    _categorical_legend(shown, "图例", ["甲", "{{ 7 * 7 }}"], ["#000000", "#ffffff"])
    html = page(shown)
    assert "class='maplegend'" in html
    assert "{{ 7 * 7 }}" in html
    assert "jquery-ui" not in html


@pytest.mark.parametrize(
    ("thing", "address"),
    [
        (folium.plugins.Fullscreen(), "leaflet.fullscreen"),
        (folium.plugins.MarkerCluster(), "markercluster"),
        (folium.Marker((36.0, 114.0), icon=folium.Icon()), "Leaflet.awesome-markers"),
        (
            branca.element.Element('<img src="https://example.org/x.png">'),
            "https://example.org/x.png",
        ),
        (branca.element.JavascriptLink("https://example.org/x.js"), "https://example.org/x.js"),
    ],
)
def test_what_is_not_shipped_is_refused_by_name(thing: Any, address: str, tmp_path: Path) -> None:
    shown = toy_map()
    if isinstance(thing, branca.element.Link):
        shown.get_root().header.add_child(thing)
    elif type(thing) is branca.element.Element:
        shown.get_root().html.add_child(thing)
    else:
        thing.add_to(shown)
    with pytest.raises(MissingAsset) as told:
        shown.save(tmp_path / "x.html")
    assert address in told.value.word("en")


def test_notebook_shows_the_same_page_in_a_frame() -> None:
    shown = toy_map()
    html = shown._repr_html_()
    assert "<iframe srcdoc=" in html
    assert "<script" not in html


def test_counts_on_the_page_are_those_of_the_run() -> None:
    told = payload(page(toy_map()))
    rows = projects()
    assert len(told["projects"]) == len(rows)
    assert sum("at" not in one for one in told["projects"]) == 2
    counts = {one["code"]: one["count"] for one in told["outcomes"]}
    expected = verdicts(rows)["outcome"].value_counts().to_dict()
    assert {code: n for code, n in counts.items() if n} == expected
    assert [one["id"] for one in told["areas"]] == list(areas()["id"])
    assert [one["id"] for one in told["areas"] if one.get("geo") is None] == ["redline"]


def test_rings_are_buffers_measured_in_metres() -> None:
    told = payload(page(toy_map()))
    road = next(one for one in told["areas"] if one["id"] == "road")
    assert [ring["width"] for ring in road["rings"]] == [300, 500]
    ring = gpd.GeoSeries.from_wkt(
        [
            "POLYGON(("
            + ", ".join(f"{x} {y}" for x, y in road["rings"][1]["geo"]["coordinates"][0])
            + "))"
        ],
        crs=4326,
    ).to_crs(CRS)
    south, north = ring.total_bounds[[1, 3]]
    assert (north - south) == pytest.approx(1000, abs=0.5)


def test_missing_verdicts_and_projects_still_draw_the_plan() -> None:
    told = payload(page(explore(definition(), areas())))
    assert told["projects"] == []
    assert not told["judged"]
    told = payload(page(explore(definition(), areas(), projects())))
    assert not any(one.get("outcome") for one in told["projects"])


def test_verdicts_in_another_order_still_meet_their_projects() -> None:
    rows = projects()
    rows.index = [f"r{k}" for k in range(len(rows))]
    judged = verdicts(rows)
    one = payload(page(explore(definition(), areas(), rows, judged)))
    two = payload(page(explore(definition(), areas(), rows, judged.iloc[::-1])))
    assert one == two


def test_a_distant_project_does_not_shrink_the_plan() -> None:
    rows = projects(("近", "远"), unlocated=0)
    rows.loc[1, "geometry"] = place(300_000, 0)
    bounds = payload(page(explore(definition(), areas(), rows, verdicts(rows))))["bounds"]
    assert bounds == payload(page(explore(definition(), areas())))["bounds"]


def test_schematic_note_goes_with_schematic_layers_only() -> None:
    note = Labels("zh")("map.schematic_note")
    assert payload(page(explore(definition(), areas(), language="zh")))["note"] == note
    firm = areas().assign(status="authoritative")
    assert payload(page(explore(definition(), firm)))["note"] == ""


def test_rows_under_one_label_keep_their_own_rules() -> None:
    """The index of a list put together from parts holds labels twice."""
    rows = projects(("甲", "乙", "丙"), unlocated=0)
    told = pd.DataFrame(
        {
            "project": np.repeat(rows.index, 2),
            "rule": ["in_zone", "near_corridor"] * 3,
            "rule_title": ["片区", "走廊"] * 3,
            "outcome": "pass",
            "text": [f"第{k}行" for k in range(6)],
            "clause": "",
        }
    )
    apart = payload(page(explore(definition(), areas(), rows, verdicts(rows), told)))
    told["project"] = 0
    rows.index = [0, 0, 0]
    same = payload(page(explore(definition(), areas(), rows, verdicts(rows), told)))
    assert same == apart
    lines = [same["lines"][k][2] for one in same["projects"] for k in one["rules"]]
    assert lines == [f"第{k}行" for k in range(6)]


def test_a_plan_measures_its_projects_once_for_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = gisplan.plan.measure_places

    def counted(*given: Any, **options: Any) -> Columns:
        calls.append(1)
        return real(*given, **options)

    monkeypatch.setattr(gisplan.plan, "measure_places", counted)
    dated = areas().assign(as_of=pd.Timestamp("2026-01-02"))
    told = payload(page(Plan(definition(), dated).explore(projects(), language="zh")))
    assert len(calls) == 1
    assert told["judged"]
    assert all(one["rules"] for one in told["projects"])


def test_a_map_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    kept = tmp_path / "map.html"
    kept.write_text("老图", "utf-8")
    kept.chmod(0o444)
    with pytest.raises(OutputError):
        toy_map().save(kept)
    with pytest.raises(OutputError):
        toy_map().save(str(tmp_path))
    assert kept.read_text("utf-8") == "老图"
    assert list(tmp_path.iterdir()) == [kept]
    toy_map().save(str(tmp_path / "new" / "map.html"))
    assert [one.name for one in (tmp_path / "new").iterdir()] == ["map.html"]
    stream = io.BytesIO()
    toy_map().save(stream, close_file=False)
    assert stream.getvalue() == (tmp_path / "new" / "map.html").read_bytes()


def test_both_maps_draw_in_the_order_of_the_symbology() -> None:
    """The page takes the order as it is; on paper the outlines of the areas follow it."""
    assert payload(page(toy_map()))["order"] == [str(name) for name in DRAW_ORDER]
    figure = Plan(definition(), areas()).plot(language="zh")
    kinds = areas().set_index("id")["kind"].to_dict()
    drawn: dict[str, float] = {}
    for artist in figure.findobj(PathPatch):
        gid = artist.get_gid() or ""
        kind = kinds.get(gid.removeprefix("area-"))
        if gid.startswith("area-") and kind:
            drawn[kind] = max(drawn.get(kind, 0), artist.get_zorder())
    order = [name for name in map(str, DRAW_ORDER) if name in drawn]
    assert sorted(drawn, key=drawn.__getitem__) == order
    assert len(order) == 4


def test_both_maps_hatch_an_area_alike() -> None:
    told = payload(page(toy_map()))["areas"]
    for kind in ("zone", "constraint"):
        held = [one for one in told if one["kind"] == kind]
        assert [one["hatch"][0] for one in held] == [hatch_of(kind, k)[0] for k in range(len(held))]


@pytest.mark.parametrize(
    ("script", "short"),
    [
        ("var a = 1; // why\n  var b = a / 2 / 3;\n", "var a=1;var b=a/2/3;"),
        ("x = '// not a remark  ' + \"  '\";", "x='// not a remark  '+\"  '\";"),
        ("return /a b  [/ ]c/g.test( s );", "return/a b  [/ ]c/g.test(s);"),
        ("a = b\n  (c)", "a=b\n(c)"),
        ("i = a + +b - -c;", "i=a+ +b- -c;"),
        ("/* all\n of it */ if (a) return\nb()", "if(a)return\nb()"),
        ("typeof x in y", "typeof x in y"),
        ("`a  ${b}  // c`", "`a  ${b}  // c`"),
    ],
)
def test_scripts_lose_what_parts_nothing_and_nothing_else(script: str, short: str) -> None:
    assert minify(script) == short


def test_sixty_projects_fit_in_the_promised_size(tmp_path: Path) -> None:
    rows = projects(tuple(f"第{k}号文化旅游设施改造提升项目" for k in range(60)), unlocated=0)
    explore(definition(), areas(), rows, verdicts(rows)).save(tmp_path / "x.html")
    assert (tmp_path / "x.html").stat().st_size < 300_000


def test_vendored_files_are_those_recorded() -> None:
    told = tomllib.loads(WEB.joinpath("ASSETS.toml").read_text("utf-8"))
    for one in told["asset"]:
        data = WEB.joinpath(*one["file"].split("/")).read_bytes()
        assert hashlib.sha256(data).hexdigest() == one["sha256"], one["file"]
        assert WEB.joinpath(one["licence_file"]).is_file()
        assert one["version"]
        assert one["licence"]
    kept = {one["file"] for one in told["asset"]} | {one["licence_file"] for one in told["asset"]}
    kept |= {*(name for names in told["own"].values() for name in names), "ASSETS.toml"}
    root = Path(str(WEB))
    found = {one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file()}
    assert found == kept


def test_the_page_takes_all_its_words_from_the_language_files() -> None:
    scripts = "".join(
        WEB.joinpath(*name.split("/")).read_text("utf-8")
        for names in tomllib.loads(WEB.joinpath("ASSETS.toml").read_text("utf-8"))["own"].values()
        for name in names
        if name.endswith(".js")
    )
    assert set(re.findall(r"\bwords\.(\w+)", scripts)) == set(PAGE_WORDS)
    assert not re.search(r"[\u4e00-\u9fff]", scripts.replace("、", ""))
    assert "innerHTML" not in scripts
    for language in LANGUAGES:
        assert all(Labels(language).get(f"map.{word}") for word in PAGE_WORDS)


def test_outcomes_differ_in_shape_and_not_in_colour_alone() -> None:
    assert set(OUTCOME_SYMBOLS) == set(OUTCOMES)
    assert len({one.shape for one in OUTCOME_SYMBOLS.values()}) == len(OUTCOMES)
    assert {one.shape for one in OUTCOME_SYMBOLS.values()} <= set(SHAPES)
    assert len({one.order for one in OUTCOME_SYMBOLS.values()}) == len(OUTCOMES)
    assert all(contrast(one.color, one.ink) >= 4.5 for one in OUTCOME_SYMBOLS.values())
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(-1, 1), st.text(max_size=4),
    st.lists(st.sampled_from(["a", "<b>", "__proto__"]), max_size=2),
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(["id", "at", "of", "rows"]), VALUES), max_size=9))
def test_columns_hold_exactly_the_rows(rows: list[dict[str, Any]]) -> None:
    told = json.loads(json.dumps(columnar(rows)))
    assert rows_of(told) == [{k: v for k, v in row.items() if v is not None} for row in rows]


def test_sixty_projects_with_their_rules_take_300_kb() -> None:
    plan = open_plan()
    listed = sixty(plan)
    page = plan.explore(listed, language="zh").get_root().render()
    assert len(page.encode()) <= 300_000
    told = payload(page)
    assert len(told["projects"]) == 60
    assert all(len(one["rules"]) == 7 for one in told["projects"])
    assert [one["id"] for one in told["layers"]]


def sixty(plan: Plan) -> gpd.GeoDataFrame:
    """The synthetic list of the benchmark."""
    from benchmarks.map import synthetic

    return synthetic(plan, 60)[0]
