"""The map sheet and the table picture: true to scale, complete, legible, reproducible."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import geopandas as gpd
import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from shapely.geometry import LineString, Point, box

from gisplan import plotting
from gisplan.errors import GisplanError, OutputError
from gisplan.labels import Labels
from gisplan.plotting.drawing import hatch
from gisplan.plotting.grid import convergence, dms
from gisplan.plotting.ground import lay_out, round_scale
from gisplan.plotting.page import Page
from gisplan.plotting.panel import bar_step
from gisplan.plotting.placing import Room, around
from gisplan.terms import OUTCOMES
from tests.worlds import CRS, EAST, NORTH, projects, world

HOSTILE = [
    "$x^2$",
    "{{7*7}}",
    "{% 规划 %}",
    "<img src=x onerror=alert(1)>",
    "\\frac{1}{2}",
    "A_b^c",
]


@pytest.fixture
def figure() -> Figure:
    """Five projects, one without a place and one 90 km away."""
    plan = world(100)
    listed = projects((2000, 2000), (4000, 2000), (8500, 8500), None, (90_000, 90_000))
    return plan.plot(listed, plan.check(listed))


def texts(figure: Figure, gid: str | None = None) -> list[str]:
    """The texts on a sheet, all or those with an id."""
    found = [one for one in figure.findobj(Text) if one.get_text()]
    return [one.get_text() for one in found if gid is None or one.get_gid() == gid]


def said(figure: Figure) -> str:
    """Everything the sheet says, line breaks of the layout taken out."""
    return "".join("".join(texts(figure)).split())


def labels_on(figure: Figure) -> Iterator[tuple[str, Text]]:
    for one in figure.findobj(Text):
        if one.get_gid() and one.get_gid().startswith("label-"):
            yield one.get_gid(), one


def axes(figure: Figure, label: str) -> matplotlib.axes.Axes:
    return next(one for one in figure.axes if one.get_label() == label)


@pytest.mark.parametrize(
    ("paper", "size"), [("A4", (297, 210)), ("A3", (420, 297)), ("plate", (225, 138))]
)
@pytest.mark.parametrize("scale", [100_000, 123_456])
def test_a_kilometre_is_as_long_on_paper_as_the_scale_says(
    paper: str, size: tuple[int, int], scale: int
) -> None:
    figure = world(100).plot(scale=scale, paper=paper)
    width, height = figure.get_size_inches() * 25.4
    assert (width, height) == pytest.approx(size)
    drawn = axes(figure, "map")
    at = drawn.transData.transform([(EAST, NORTH), (EAST + 1000, NORTH), (EAST, NORTH + 1000)])
    millimetres = (at - at[0]) / figure.dpi * 25.4
    assert millimetres[1] == pytest.approx([1_000_000 / scale, 0], abs=1e-6)
    assert millimetres[2] == pytest.approx([0, 1_000_000 / scale], abs=1e-6)
    assert texts(figure, "scale") == [f"1:{scale:,}".replace(",", " ")]


def test_the_scale_is_true_in_the_pixels() -> None:
    # Two projects 8000 m apart at 1:100 000 are 80 mm apart: 945 pixels at 300 dpi.
    plan, listed = world(0), projects((1000, 8000), (9000, 8000))
    figure = plotting.plot(plan.definition, plan.areas, listed, scale=100_000)
    for one in figure.findobj(Text):
        one.set_visible(False)
    image = Image.open(io.BytesIO(plotting.render(figure, ".png", dpi=300))).convert("RGB")
    pixels = np.asarray(image).astype(int)
    level = round(_pixel_row(figure, 8000, pixels.shape[0]))
    band = (np.abs(pixels[level - 4 : level + 4] - 0x40).max(axis=2) < 6).all(axis=0)
    columns = np.flatnonzero(band)
    first, second = np.split(columns, [int(np.argmax(np.diff(columns))) + 1])
    assert second.mean() - first.mean() == pytest.approx(80 / 25.4 * 300, abs=1.5)


def _pixel_row(figure: Figure, north: float, height: int) -> float:
    bottom = axes(figure, "map").transData.transform((EAST, NORTH + north))[1]
    return height - bottom / figure.dpi * 300


def test_the_scale_bar_is_as_long_as_it_says(figure: Figure) -> None:
    bars = [one for one in axes(figure, "paper").patches if one.get_gid() == "bar"]
    assert len(bars) == 4
    scale = float(texts(figure, "scale")[0].removeprefix("1:").replace(" ", ""))
    widths = [np.ptp(one.get_path().vertices[:, 0]) for one in bars]
    metres = np.array(widths) * scale / 1000
    step = metres[0]
    assert metres == pytest.approx(np.full(4, step))
    written = [one for one in texts(figure) if re.fullmatch(r"[\d.]+", one)]
    assert f"{4 * step / 1000:g}" in written


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_the_chosen_scale_is_round_and_the_largest_that_fits(width: float, height: float) -> None:
    scale = round_scale(200, 150, (0, 0, width, height))
    assert width / scale * 1000 <= 200 * (1 + 1e-6)
    assert height / scale * 1000 <= 150 * (1 + 1e-6)
    # The next larger round scale is at most 4/3 away, and would not fit.
    assert max(width / 200, height / 150, 0.1) * 1000 > scale / 1.34
    assert float(f"{scale:.3g}") == pytest.approx(scale)


@given(st.floats(1, 1e6))
def test_a_bar_step_is_round(longest: float) -> None:
    step = bar_step(longest)
    assert longest / 2.01 <= step <= longest * (1 + 1e-12)


def test_a_scale_at_which_the_plan_does_not_fit_is_refused_with_one_that_does() -> None:
    with pytest.raises(GisplanError) as caught:
        world(100).plot(scale=10_000)
    assert caught.value.code == "plot_scale"
    least = float(caught.value.word("en").split("use 1:")[1].split()[0].replace(",", ""))
    assert world(100).plot(scale=least) is not None
    for wrong in (float("nan"), -5.0, 0.0):
        with pytest.raises(GisplanError):
            world(100).plot(scale=wrong)


def test_unknown_paper_and_an_empty_plan_are_refused() -> None:
    with pytest.raises(GisplanError, match="A0"):
        world(100).plot(paper="A0")
    bare = world(100, without=["study_area", "west", "east", "axis", "red"])
    with pytest.raises(GisplanError) as caught:
        bare.plot()
    assert caught.value.code == "plot_empty"


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.none() | st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)),
        min_size=1,
        max_size=25,
    ),
    st.data(),
)
def test_legend_counts_are_the_counts_of_the_input(
    places: list[tuple[int, int] | None], data: st.DataObject
) -> None:
    listed = projects(*places)
    codes = data.draw(
        st.lists(st.sampled_from(OUTCOMES), min_size=len(places), max_size=len(places))
    )
    verdicts = pd.DataFrame({"outcome": codes}, index=listed.index)
    figure = world(100).plot(listed, verdicts)
    for outcome in OUTCOMES:
        wanted = [f"{Labels('zh')(f'outcome.{outcome}')} {codes.count(outcome)}"]
        assert texts(figure, f"count-{outcome}") == (wanted if outcome in codes else [])
    unlocated = places.count(None)
    on = len(places) - unlocated
    assert f"共{len(places)}个项目：图上{on}，无位置{unlocated}，图框外0。" in said(figure)
    marks = [p for p in axes(figure, "paper").patches if (p.get_gid() or "").startswith("project-")]
    assert len(marks) == on


def test_what_is_not_on_the_map_is_told(figure: Figure) -> None:
    assert "共5个项目：图上3，无位置1，图框外1。" in said(figure)
    assert "无位置、未上图1个：P3" in said(figure)
    assert "在图框之外1个：P4" in said(figure)


def test_one_wrong_coordinate_does_not_shrink_the_plan() -> None:
    plan = world(100)
    alone, with_stray = plan.plot(), plan.plot(projects((2000, 2000), (2_000_000, 0)))
    assert texts(alone, "scale") == texts(with_stray, "scale")


def test_verdicts_go_by_index_and_not_by_position() -> None:
    plan, listed = world(0), projects((2000, 2000), None, (4000, 2000))
    listed.index = pd.Index(["c", "a", "b"])
    verdicts = pd.DataFrame({"outcome": ["fail", "pass", "review"]}, index=["a", "b", "c"])
    colours = {
        patch.get_gid(): patch.get_facecolor()
        for patch in axes(plan.plot(listed, verdicts), "paper").patches
        if (patch.get_gid() or "").startswith("project-")
    }
    from gisplan.symbology import OUTCOME_SYMBOLS

    assert set(colours) == {"project-1", "project-3"}
    for gid, outcome in (("project-1", "review"), ("project-3", "pass")):
        assert colours[gid] == matplotlib.colors.to_rgba(OUTCOME_SYMBOLS[outcome].color)


def test_projects_in_degrees_stand_where_those_in_metres_stand() -> None:
    plan, metres = world(0), projects((2000, 2000), (4000, 7000))
    there = plan.plot(metres.to_crs("EPSG:4490"))
    here = plan.plot(metres)
    for one, other in zip(_marks(there), _marks(here), strict=True):
        assert one == pytest.approx(other, abs=1e-3)


def _marks(figure: Figure) -> list[np.ndarray]:
    patches = axes(figure, "paper").patches
    return [p.get_xy().mean(axis=0) for p in patches if (p.get_gid() or "").startswith("project-")]


def test_no_two_labels_overlap_and_none_covers_a_marker() -> None:
    rng = np.random.default_rng(7)
    places = [tuple(map(float, xy)) for xy in rng.uniform(500, 9500, size=(60, 2))]
    listed = projects(*places)
    listed["name"] = [f"第{n}号先进装备制造产业园二期工程"[: 6 + n % 12] for n in range(60)]
    plan = world(100)
    figure = plan.plot(listed, plan.check(listed))
    renderer = figure.canvas.get_renderer()
    boxes: dict[str, list] = {}
    for gid, text in labels_on(figure):
        extent = text.get_window_extent(renderer)
        key = f"{gid}{text.get_text()}" if gid == "label-zone" else gid
        boxes.setdefault(key, []).append(extent)
    shapes = [box(*_union(parts)).buffer(-0.4) for parts in boxes.values()]
    assert len(shapes) > 30
    for number, shape in enumerate(shapes):
        assert not any(shape.intersects(other) for other in shapes[:number])
    frame = axes(figure, "paper").transData
    for mark in _marks(figure):
        point = Point(*frame.transform(mark))
        assert not any(shape.contains(point) for shape in shapes)
    named = {gid for gid, _ in labels_on(figure) if gid.removeprefix("label-").isdigit()}
    assert len(named) + _count(figure, "有标记、无注记") == 60


def _union(boxes: list) -> tuple[float, float, float, float]:
    return (
        min(b.x0 for b in boxes), min(b.y0 for b in boxes),
        max(b.x1 for b in boxes), max(b.y1 for b in boxes),
    )  # fmt: skip


def _count(figure: Figure, words: str) -> int:
    found = re.search(re.escape(words) + r"(\d+)个", said(figure))
    return int(found.group(1)) if found else 0


def test_fifty_projects_on_one_spot_are_all_accounted_for() -> None:
    figure = world(100).plot(projects(*[(5000.0, 5000.0)] * 50))
    named = {gid for gid, _ in labels_on(figure) if gid.removeprefix("label-").isdigit()}
    assert len(named) + _count(figure, "有标记、无注记") == 50
    assert _count(figure, "有标记、无注记") > 30


def test_a_name_too_long_for_the_map_becomes_a_number_and_stands_in_the_list() -> None:
    listed = projects((2000, 8000), (6000, 8000))
    listed["name"] = ["很长的项目名称" * 9, "短名"]
    figure = world(100).plot(listed)
    assert texts(figure, "label-1") == ["1"]
    assert texts(figure, "label-2") == ["短名"]
    assert "图上编号1个：1" + "很长的项目名称" * 9 in said(figure)


def test_a_zone_name_never_lies_on_a_corridor() -> None:
    shapes = {"zones": {"strip": _zone("轴线穿过的片区"), "east": _zone("东区")}}
    plan = world(100, **shapes)
    frame = plan.areas
    frame.loc[frame["id"] == "west", "id"] = "strip"
    strip = gpd.GeoSeries([box(EAST + 1000, NORTH + 5500, EAST + 6000, NORTH + 6500)], crs=CRS)
    frame.loc[frame["id"] == "strip", "geometry"] = strip.to_numpy()
    figure = plan.plot()
    line = LineString([(EAST, NORTH + 6000), (EAST + 10_000, NORTH + 6000)])
    way = axes(figure, "map").transData
    axis = LineString(way.transform(line.coords))
    renderer = figure.canvas.get_renderer()
    zones = [text for gid, text in labels_on(figure) if gid == "label-zone"]
    assert "".join(text.get_text() for text in zones).count("轴线穿过的片区") == 1
    for text in zones:
        assert not box(*text.get_window_extent(renderer).extents).intersects(axis)


def _zone(title: str) -> dict[str, object]:
    return {"source": "world", "accuracy": 100, "title": {"zh": title}, "industries": ["J66"]}


def test_hostile_names_are_drawn_as_they_are_written() -> None:
    listed = projects(*[(1000.0 + 1500 * n, 4500.0) for n in range(len(HOSTILE))])
    listed["name"] = HOSTILE
    figure = world(100).plot(listed, author="$a$ {x}", review_number="{{y}}")
    for suffix in (".png", ".pdf", ".svg"):
        assert plotting.render(figure, suffix, dpi=60)
    for name in HOSTILE:
        assert "".join(name.split()) in said(figure)
    assert "$a$ {x}" in texts(figure)
    assert "{{y}}" in texts(figure)
    svg = plotting.render(figure, ".svg").decode()
    assert "<img" not in svg


def test_owners_with_braces_are_not_a_template() -> None:
    owner = "{0.__class__} {title}"
    plan = world(
        100, without=["red"],
        constraints={"red": {"title": {"zh": "红线"}, "effect": "prohibit", "owner": owner}},
    )  # fmt: skip
    assert f"红线（{owner}）".replace(" ", "") in said(plan.plot())


def test_a_character_without_a_glyph_is_named_with_its_place() -> None:
    listed = projects((2000, 2000))
    listed["name"] = ["公园😀"]
    with pytest.raises(GisplanError) as caught:
        world(100).plot(listed)
    assert "U+1F600" in str(caught.value)
    assert "公园😀" in str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_the_same_map_gives_the_same_bytes(suffix: str) -> None:
    plan = world(100)
    listed = projects((2000, 2000), (4000, 2000), None)
    first, second = (plotting.render(plan.plot(listed), suffix, dpi=100) for _ in range(2))
    assert first == second
    assert not re.search(rb"20\d\d-\d\d-\d\dT|CreationDate|ModDate", first)


def test_the_bytes_do_not_depend_on_rcparams() -> None:
    plan = world(100)
    wanted = plotting.render(plan.plot(), ".png", dpi=60)
    changed = {"font.size": 20, "hatch.linewidth": 5, "lines.linewidth": 9, "axes.facecolor": "red",
               "savefig.facecolor": "blue", "savefig.bbox": "tight", "figure.dpi": 33}  # fmt: skip
    with matplotlib.rc_context(changed):
        assert plotting.render(plan.plot(), ".png", dpi=60) == wanted


def test_plotting_leaves_no_global_state() -> None:
    import sys

    before = dict(matplotlib.rcParams)
    plan = world(100)
    plotting.render(plan.plot(), ".pdf")
    assert dict(matplotlib.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_chinese_in_the_pdf_is_text_with_an_embedded_font(figure: Figure) -> None:
    pdf = plotting.render(figure, ".pdf")
    assert b"/Type0" in pdf or b"/CIDFontType2" in pdf
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf


def test_another_format_is_refused(figure: Figure) -> None:
    with pytest.raises(OutputError):
        plotting.render(figure, ".docx")


def test_the_title_block_names_what_was_not_checked() -> None:
    plan = world(
        100, without=["red"],
        constraints={"red": {"title": {"zh": "生态红线", "en": "Red line"}, "effect": "prohibit",
                             "owner": "资源局"}},
    )  # fmt: skip
    zh, en = said(plan.plot()), said(plan.plot(language="en"))
    assert "未核查生态红线（资源局）" in zh
    assert "UncheckedRedline(资源局)" in en
    assert "示意图，非法定界线" in zh
    assert "示意4个" in zh


def test_the_title_block_names_the_layers_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the last day it still holds; what has no data is unchecked, not out of date."""
    plan = world(
        100, without=["red"],
        zones={"west": {"title": {"zh": "西区", "en": "West"}, "valid_until": "2026-11-24",
                        "source": "world", "accuracy": 100, "status": "derived"}},
        constraints={"red": {"title": {"zh": "红线"}, "effect": "prohibit",
                             "valid_until": "2020-01-01"}},
    )  # fmt: skip
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")  # the 24th
    assert "已过期" not in said(plan.plot())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795564800")
    zh, en = said(plan.plot()), said(plan.plot(language="en"))
    assert "已过期西区（2026-11-24）" in zh
    assert "2020-01-01" not in zh
    assert "OutofdateWest(2026-11-24)" in en


def test_the_schematic_note_is_absent_when_nothing_is_schematic() -> None:
    official = {"source": "world", "accuracy": 1, "status": "authoritative", "title": {"zh": "区"}}
    plan = world(
        1, study_area=official, zones={"west": official, "east": official},
        corridors={"axis": {**official, "within": 500}},
        constraints={"red": {**official, "effect": "prohibit"}},
    )  # fmt: skip
    plan.areas["status"] = "authoritative"
    assert "示意" not in said(plan.plot())


def test_an_authoritative_outline_is_solid_and_a_schematic_one_dashed() -> None:
    plan = world(100)
    outlines = {p.get_gid(): p for p in axes(plan.plot(), "map").patches if p.get_gid()}
    assert outlines["area-west"].get_linestyle() not in ("solid", "-")
    assert set(outlines) == {f"area-{key}" for key in ("study_area", "west", "east", "axis", "red")}


def test_the_convergence_is_that_of_proj() -> None:
    import pyproj

    page = Page(100, 100)
    for east in (450_000, 500_000, 560_000):
        bounds = (east - 5000, NORTH - 5000, east + 5000, NORTH + 5000)
        ground = lay_out(page, (0, 0, 100, 100), bounds, scale=100_000, crs=pyproj.CRS(CRS))
        lon, lat = pyproj.Transformer.from_crs(CRS, "EPSG:4490", always_xy=True).transform(
            east, NORTH
        )
        wanted = pyproj.Proj(CRS).get_factors(lon, lat).meridian_convergence
        assert convergence(ground) == pytest.approx(wanted, abs=1e-4)


def test_degrees_minutes_and_seconds() -> None:
    assert dms(114 * 3600 + 21 * 60, "EW") == "114°21′E"
    assert dms(36 * 3600 + 30, "NS") == "36°00′30″N"
    assert dms(-60, "NS") == "0°01′S"


def test_hatch_lines_stay_inside_and_keep_their_distance() -> None:
    square = box(0, 0, 10, 10)
    level = hatch(square, 0, 2)
    assert level.length == pytest.approx(50, abs=10.1)
    slanted = hatch(square, 45, 2)
    assert square.buffer(1e-6).contains(slanted)
    assert slanted.length == pytest.approx(square.area / 2, rel=0.15)


def test_a_label_goes_elsewhere_or_nowhere_rather_than_on_another() -> None:
    room = Room(box(0, 0, 20, 20))
    placed = 0
    while room.best(around((10, 10), 4, 3, reach=1)) is not None:
        placed += 1
        assert placed < 20
    assert 3 <= placed <= 8


def test_the_table_picture_holds_every_cell_and_marks_outcomes() -> None:
    table = pd.DataFrame(
        {
            "项目": ["甲", "$x$", "丙很长" * 30],
            "结论": ["符合", "需复核", "不符合"],
            "P": ["1.00", None, "0.9"],
        }
    )
    figure = plotting.plot_table(table, title="结论表 {a}", widths={"P": 20})
    assert texts(figure, "title") == ["结论表 {a}"]
    assert "丙很长" * 30 in said(figure)
    for cell in ("甲", "$x$", "符合", "需复核", "不符合", "1.00", "0.9"):
        assert cell in texts(figure)
    from gisplan.symbology import OUTCOME_SYMBOLS

    colours = {matplotlib.colors.to_hex(p.get_facecolor()) for p in axes(figure, "paper").patches}
    assert {OUTCOME_SYMBOLS[c].color for c in ("pass", "review", "fail")} <= colours
    first, second = (
        plotting.render(plotting.plot_table(table, title="t"), ".png", dpi=80) for _ in range(2)
    )
    assert first == second


def test_no_cell_of_the_table_runs_into_the_next() -> None:
    table = pd.DataFrame({"a": ["一二三四五六七八九十" * 4], "b": ["x" * 90], "c": ["end"]})
    figure = plotting.plot_table(table, title="t")
    renderer = figure.canvas.get_renderer()
    boxes = [box(*t.get_window_extent(renderer).extents).buffer(-0.3)
             for t in figure.findobj(Text) if t.get_text()]  # fmt: skip
    shown = [t for t in figure.findobj(Text) if t.get_text()]
    bold = {t.get_text() for t in shown if t.get_path_effects()}
    assert {"a", "b", "c"} <= bold
    plain = [one for one, t in zip(boxes, shown, strict=True) if not t.get_path_effects()]
    for number, one in enumerate(plain):
        assert not any(one.intersects(other) for other in plain[:number])


def test_save_writes_what_render_gives(figure: Figure, tmp_path) -> None:
    from gisplan.outputs.pictures import save_figure

    place = save_figure(figure, tmp_path / "图.png", dpi=50)
    assert place.read_bytes() == plotting.render(figure, ".png", dpi=50)
