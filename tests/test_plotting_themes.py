"""Themes, focus, form and the card of one project: each says what it shows and what it cannot."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, ImageChops
from shapely.affinity import translate
from shapely.geometry import Point, box

from gisplan import plotting
from gisplan.errors import GisplanError
from gisplan.plan import Plan
from gisplan.plotting.themes.amounts import SHADES, count_in_hexagons
from gisplan.plotting.themes.projects import STAGE_SYMBOLS
from gisplan.symbology import HATCHES, OUTCOME_SYMBOLS
from tests.pdf_text import page_texts
from tests.worlds import EAST, NORTH, projects, world

REFERENCE = Path(__file__).parent / "reference"


def said(figure: Figure) -> str:
    found = [one for one in figure.findobj(Text) if one.get_text()]
    return "".join("".join(one.get_text() for one in found).split())


def texts(figure: Figure, gid: str) -> list[str]:
    return [one.get_text() for one in figure.findobj(Text) if one.get_gid() == gid]


def patches(figure: Figure, start: str) -> list:
    axes = figure.axes
    return [p for one in axes for p in one.patches if (p.get_gid() or "").startswith(start)]


def listed(plan: Plan):
    """Five projects: two in the west (one with a figure), one nowhere, one far, one unlocated."""
    made = projects((2000, 2000), (2500, 2500), (8500, 2000), (90_000, 0), None)
    made["investment"] = [2e8, np.nan, 3e8, np.nan, 1e8]
    made["stage"] = ["在建", "已建成", "待定", "", "拟开工"]
    return made, plan.check(made)


def test_every_theme_is_drawn_in_both_languages_and_both_directions() -> None:
    plan = world(100)
    made, verdicts = listed(plan)
    for theme in plotting.THEMES:
        against = world(50) if theme == "change" else None
        for language, portrait in (("zh", False), ("en", True)):
            figure = plan.plot(
                made, verdicts, language=language, theme=theme, portrait=portrait,
                against=against,
            )  # fmt: skip
            width, height = figure.get_size_inches()
            assert bool(width < height) is portrait
            assert texts(figure, "title")
            frame = figure.bbox
            for one in figure.findobj(Text):
                if one.get_text():
                    at = one.get_window_extent(figure.canvas.get_renderer())
                    assert frame.x0 <= at.x0 < at.x1 <= frame.x1, one.get_text()


def test_investment_adds_up_and_no_figure_is_not_zero() -> None:
    plan = world(0)
    figure = plan.plot(*listed(plan), theme="investment")
    whole = said(figure)
    # West: one of two with 2; nowhere: one of two with 3; without a place: 1. Together 6.
    assert "西区2.0012" in whole
    assert "东区—00" in whole
    assert "不在片区内3.0012" in whole
    assert "无位置1.0011" in whole
    assert "合计6.0035" in whole
    assert "5个项目中2个清单未列投资额" in whole
    assert [one.get_gid() for one in patches(figure, "circle-")] == ["circle-west"]


def test_circles_are_proportional_by_area() -> None:
    plan = world(0)
    made = projects((2000, 2000), (4000, 2000))
    made["investment"] = [4e8, 1e8]
    west, east = patches(plan.plot(made, theme="investment"), "circle-")
    widths = [np.ptp(one.get_path().vertices[:, 0]) for one in (west, east)]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.01)


def test_stages_are_told_by_the_words_of_the_list() -> None:
    plan = world(0)
    figure = plan.plot(*listed(plan), theme="stage")
    assert texts(figure, "count-building") == ["在建 1"]
    assert texts(figure, "count-unclear") == ["不明 1"]
    assert texts(figure, "count-none") == ["清单未写 1"]
    assert "说法不明的原文：待定" in said(figure)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 9e5), st.floats(0, 9e5)), min_size=1, max_size=60),
    st.sampled_from([100.0, 2500.0, 40_000.0]),
)
def test_hexagons_hold_every_point_once(places: list[tuple[float, float]], width: float) -> None:
    cells, counts = count_in_hexagons([Point(one) for one in places], width)
    assert counts.sum() == len(places)
    for cell, count in zip(cells, counts, strict=True):
        assert cell.area == pytest.approx(width**2 * 3**0.5 / 2)
        held = sum(cell.buffer(width * 1e-6).intersects(Point(one)) for one in places)
        assert held >= count
    for one, other in combinations(cells, 2):
        assert one.intersection(other).area < 1e-6 * width**2


def test_density_counts_those_on_the_map_and_names_the_others() -> None:
    plan = world(0)
    figure = plan.plot(*listed(plan), theme="density")
    assert sum(map(int, texts(figure, "cell-count"))) == 3
    assert "图上计3个，清单共5个" in said(figure)
    assert "图框以外1个" in said(figure)
    assert "5个项目中1个无位置" in said(figure)


def test_conflicts_are_drawn_numbered_and_measured() -> None:
    plan = world(0)
    areas = plan.areas.copy()
    areas.loc[areas["id"] == "east", "geometry"] = [
        translate(box(2800, 1000, 5000, 3000), EAST, NORTH)
    ]
    figure = replace(plan, areas=areas).plot(theme="conflicts")
    assert len(patches(figure, "conflict-west-east")) == 1
    # 200 m by 2000 m is 40 hectares in the plane, 39.9x on the ellipsoid.
    common = re.search(r"1西区—东区([\d.]+)", said(figure))
    assert common is not None
    assert float(common[1][:5]) == pytest.approx(40, rel=0.005)
    assert "1对有重叠" in said(figure)
    apart = plan.plot(theme="conflicts")
    assert patches(apart, "conflict-") == []
    assert "按图层所画均无重叠" in said(apart)


def test_a_change_gives_what_was_gained_and_lost() -> None:
    before, after = world(0), world(0)
    areas = after.areas.copy()
    areas.loc[areas["id"] == "west", "geometry"] = [
        translate(box(500, 1000, 2500, 3000), EAST, NORTH)
    ]
    figure = replace(after, areas=areas).plot(theme="change", against=before)
    row = [float(one) for one in texts(figure, "table-0") if re.fullmatch(r"[\d.]+", one)]
    assert row == pytest.approx([400, 400, 100, 100], rel=0.005)
    assert "5个区域中1个有变化" in said(figure)
    same = after.plot(theme="change", against=before)
    assert "5个区域的几何均无变化" in said(same)


def test_themes_that_lack_what_they_show_are_refused() -> None:
    plan = world(0)
    for code, options in (
        ("plot_projects", {"theme": "stage"}),
        ("plot_against", {"theme": "change"}),
        ("plot_theme", {"theme": "nonsense"}),
        ("plot_focus", {"focus": "nowhere"}),
        ("plot_grid", {"grid": "miles"}),
        ("plot_scale_value", {"scale": 0.0}),
    ):
        with pytest.raises(GisplanError) as caught:
            plan.plot(**options)
        assert caught.value.code == code
        assert "{" not in caught.value.word("en")


def test_a_focus_shows_its_area_whole_at_a_larger_scale_and_the_inset_says_where() -> None:
    plan = world(100)
    whole, west = plan.plot(), plan.plot(focus="west")
    scales = [int(texts(one, "scale")[0][2:].replace(" ", "")) for one in (whole, west)]
    assert scales[1] < scales[0]
    drawn = next(one for one in west.axes if one.get_label() == "map")
    limits = box(drawn.get_xlim()[0], drawn.get_ylim()[0], drawn.get_xlim()[1], drawn.get_ylim()[1])
    assert limits.contains(translate(box(1000, 1000, 3000, 3000), EAST, NORTH))
    frames = [patches(one, "inset-frame")[0].get_path().vertices for one in (whole, west)]
    assert np.ptp(frames[1][:, 0]) < np.ptp(frames[0][:, 0]) / 2


def test_the_kilometre_grid_names_the_coordinates_of_the_plan() -> None:
    figure = world(100).plot(grid="km", scale=100_000)
    figures = texts(figure, "km-east")
    assert "千米" in figures[0]
    kilometres = [float(one.split()[0]) for one in figures]
    assert all(500 - 20 <= one <= 500 + 30 for one in kilometres)
    drawn = next(one for one in figure.axes if one.get_label() == "map")
    for text, value in zip(figures, kilometres, strict=True):
        one = next(t for t in figure.findobj(Text) if t.get_text() == text)
        pixel = drawn.transData.transform((value * 1000, NORTH))[0]
        paper = next(a for a in figure.axes if a.get_label() == "paper").transData
        assert paper.transform(one.get_position())[0] == pytest.approx(pixel, abs=0.05)


def test_the_title_block_holds_unit_number_and_heights() -> None:
    plan = world(100)
    whole = said(plan.plot(author="合成单位", number="07", review_number="审（合成）1"))
    assert "编制单位合成单位" in whole
    assert "图号07审图号审（合成）1" in whole
    assert "高程基准—（未涉及高程）" in whole
    assert "高程基准合成高程" in said(world(100, height_datum="合成高程").plot())


def test_a_scale_is_true_in_the_pdf_in_millimetres() -> None:
    figure = world(100).plot(scale=80_000)
    pdf = plotting.render(figure, ".pdf")
    size = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert size is not None
    assert [float(one) / 72 * 25.4 for one in size.groups()] == pytest.approx([297, 210], abs=0.01)
    from tests.pdf_text import _OBJECT, _stream

    contents = b"".join(
        _stream(one[2]) for one in _OBJECT.finditer(pdf) if b"/FlateDecode" in one[2]
    )
    # The west zone is 2000 m wide: 25 mm, or 70.866 points, at 1:80 000.
    corners = re.findall(rb"([\d.]+) ([\d.]+) [ml]\n", contents)
    xs = np.array(sorted({round(float(x), 3) for x, _ in corners}))
    wide = 2000 / 80_000 * 1000 / 25.4 * 72
    assert (np.abs((xs[:, None] - xs[None, :]) - wide) < 0.002).any()


def test_text_in_pdf_and_svg_is_text_with_its_glyphs_embedded() -> None:
    plan = world(100)
    figure = plan.plot(*listed(plan))
    lines = page_texts(plotting.render(figure, ".pdf"))[0]
    svg = plotting.render(figure, ".svg").decode()
    written = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    for wanted in ("方格区项目选址图", "西区", "审图号"):
        assert wanted in lines
        assert wanted in written
    import base64

    from fontTools.ttLib import TTFont

    data = re.search(r"base64,([^)]*)\)", svg)
    assert data is not None
    font = TTFont(io.BytesIO(base64.b64decode(data[1])))
    assert {ord(c) for line in written for c in line if c.strip()} <= set(font.getBestCmap())
    assert set(re.findall(r"font-family: '([^']*)'", svg)) == {"Gisplan Sans SC"}


def test_nothing_is_told_by_colour_alone() -> None:
    """In grey, what looks alike differs by shape, hatch or a figure."""
    for symbols in (OUTCOME_SYMBOLS, STAGE_SYMBOLS):
        shapes = [symbol.shape for symbol in symbols.values()]
        assert len(set(shapes)) == len(shapes)
    assert len(set(HATCHES)) == len(HATCHES)
    greys = [sum(int(c[k : k + 2], 16) * w for k, w in ((1, 0.3), (3, 0.59), (5, 0.11)))
             for c in SHADES]  # fmt: skip
    assert all(one - other > 25 for one, other in pairwise(greys))


def test_a_card_shows_the_edge_that_decides_and_its_metres() -> None:
    plan = world(100)
    made = projects((2900, 2000), (6000, 6400), (2000, 9900), None)
    verdicts = plan.check(made)
    cards = [plotting.plot_project(plan.definition, plan.areas, made, verdicts, k)
             for k in range(4)]  # fmt: skip
    for k, card in enumerate(cards[:3]):
        assert card.get_size_inches() * 25.4 == pytest.approx((80, 60))
        metres = f"{verdicts['flip_distance'].iloc[k]:,.0f}".replace(",", " ")
        assert f" {metres} 米" in texts(card, "margin")[0]
        scale = float(texts(card, "scale")[0][2:].replace(" ", ""))
        assert float(f"{scale:.3g}") == scale
    assert "轴线 500 米线" in texts(cards[1], "margin")[0]
    assert "清单未给出位置" in said(cards[3])
    first, second = (
        plotting.render(plotting.plot_project(plan.definition, plan.areas, made, verdicts, 0),
                        ".png", dpi=150) for _ in range(2)
    )  # fmt: skip
    assert first == second


def test_a_card_of_a_footprint_measures_from_its_edge() -> None:
    plan = world(100)
    made = projects(box(1200, 1200, 1600, 1600))
    card = plotting.plot_project(plan.definition, plan.areas, made, plan.check(made), 0)
    assert texts(card, "margin")
    assert patches(card, "error") == []


@pytest.mark.parametrize("name", ["siting", "zones", "card"])
def test_a_map_looks_like_its_reference(name: str, tmp_path: Path) -> None:
    """Compare at 60 dpi with pictures that were looked at; a failure leaves the difference."""
    plan = world(100)
    made, verdicts = listed(plan)
    if name == "card":
        figure = plotting.plot_project(plan.definition, plan.areas, made, verdicts, 0)
    else:
        figure = plan.plot(made, verdicts, theme=name)
    drawn = Image.open(io.BytesIO(plotting.render(figure, ".png", dpi=60))).convert("L")
    wanted = Image.open(REFERENCE / f"{name}.png").convert("L")
    assert drawn.size == wanted.size
    difference = ImageChops.difference(drawn, wanted)
    far = (np.asarray(difference) > 48).mean()
    if far >= 0.002:
        difference.save(tmp_path / f"{name}-difference.png")
        drawn.save(tmp_path / f"{name}-drawn.png")
    assert far < 0.002, f"see {tmp_path}"


def test_long_lists_are_counted_where_they_have_no_room() -> None:
    rng = np.random.default_rng(5)
    places = [tuple(map(float, xy)) for xy in rng.uniform(200, 9800, (250, 2))]
    made = projects(*places)
    made["name"] = [f"合成示例第{k}号先进装备产业园" for k in range(250)]
    figure = world(0).plot(made, pd.DataFrame({"outcome": ["pass"] * 250}, index=made.index))
    labels = [one for one in figure.findobj(Text) if (one.get_gid() or "").startswith("label-")]
    named = {one.get_gid() for one in labels if one.get_gid()[6:].isdigit()}
    left = re.search(r"有标记、无注记(\d+)个", said(figure))
    assert len(named) + (int(left[1]) if left else 0) == 250
    neat = plotting.Form().neat
    lowest = min(
        one.get_position()[1] for one in figure.findobj(Text)
        if one.get_text() and one.axes is not None and one.axes.get_label() == "paper"
    )  # fmt: skip
    assert lowest > neat.bottom
