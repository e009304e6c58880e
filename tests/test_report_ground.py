"""The report's chapters of places, density, suitability and a raster: numbers and honesty."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from shapely.geometry import box

from gisplan.io.documents.blocks import Figure, Heading, Table
from gisplan.outputs.report import summary_of
from gisplan.plan import Plan
from gisplan.report import places
from gisplan.surface.weights import weights_of
from gisplan.terms import SEPARATOR
from tests.report_world import everything, sentences
from tests.worlds import CRS, EAST, NORTH, projects, world

MODEL = {
    "title": {"zh": "试算"}, "basis": {"zh": "假定"}, "industry": "J66", "cell": 100,
    "comparisons": [["zone", "axis", 3]],
    "criteria": {
        "zone": {"kind": "zone_fit", "title": {"zh": "片区"}, "differs": 0.3},
        "axis": {"kind": "corridor_distance", "title": {"zh": "走廊"},
                 "scores": [[0, 1], [2000, 0]]},
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def coarse_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held here is where things are said and drawn: coarse dots are drawn faster."""
    monkeypatch.setattr("gisplan.report.pictures.DPI", 40)


def without_corridor(accuracy: float = 0.0) -> Plan:
    plan = world(accuracy, corridors={})
    return Plan(plan.definition, plan.areas[plan.areas["id"] != "axis"])


def told(plan: Plan, listed: gpd.GeoDataFrame, **options: Any) -> Any:
    return plan.report(listed, language="zh", cards="none", **options)


def table(document: Any, anchor: str) -> list[list[str]]:
    found = (one for one in document.walk() if isinstance(one, Table) and one.anchor == anchor)
    return [[cell.text for cell in row] for row in next(found).rows]


def anchors(document: Any) -> set[str]:
    kept = (Table, Figure, Heading)
    return {one.anchor for one in document.walk() if isinstance(one, kept)}


def whole(document: Any) -> str:
    return "\n".join(everything(document))


# --- where each would comply ----------------------------------------------------------------


def test_each_move_is_that_of_the_search_and_complies_as_printed():
    plan = without_corridor(20.0)
    listed = projects((500, 2000), (2000, 2000), (3500, 3400), None)
    document = told(plan, listed)
    rows = table(document, "table_moves")
    found = plan.nearest_sites(listed)
    moved = found[found["situation"] == "found"].sort_values("distance")
    assert [row[0] for row in rows] == [f"P{at}" for at in moved.index]
    assert [int(row[4]) for row in rows] == np.ceil(moved["distance"]).astype(int).tolist()
    lon, lat = zip(*(map(float, row[8].split(", ")) for row in rows), strict=True)
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs="EPSG:4326").to_crs(CRS)
    again = listed.loc[moved.index].set_geometry(points.set_axis(moved.index))
    assert plan.check(again)["outcome"].astype(str).tolist() == ["pass"] * len(moved)
    assert "figure_moves" in anchors(document)


def test_a_move_on_schematic_boundaries_is_called_a_hint():
    document = told(world(accuracy=20.0), projects((500, 4000)))
    assert "提示，不是选址方案" in whole(document)
    assert "示意图" in whole(document)
    plan = world(accuracy=20.0)
    official = Plan(plan.definition, plan.areas.assign(status="authoritative"))
    document = told(official, projects((500, 4000)))
    assert "提示，不是选址方案" in whole(document)
    assert "示意图" not in "\n".join(sentences(document))


def test_who_has_no_such_place_is_told_why_and_what_it_would_take():
    # The industry is wanted nowhere; the coordinates are too coarse for any place.
    nobody = told(world(), projects((500, 2000), industry="A01"))
    ((key, _, _, why),) = table(nobody, "table_stuck")
    assert key == "P0"
    assert "无处可符合" in why
    assert "table_moves" not in anchors(nobody)
    assert "figure_moves" not in anchors(nobody)
    coarse = told(without_corridor(), projects((500, 2000), accuracy=5000.0))
    ((_, _, _, why),) = table(coarse, "table_stuck")
    assert "项目坐标测到中误差" in why


@pytest.mark.parametrize(("places_", "said"), [
    ([(2000, 2000)], "有位置的 1 个项目为符合或不适用"),
    ([None, None], "没有一个项目有位置"),
    ([], "清单没有项目"),
])  # fmt: skip
def test_where_there_is_nothing_to_look_for_one_sentence_says_so(places_, said):
    document = told(world(), projects(*places_))
    assert said in whole(document)
    assert {"places", "surfaces"} <= anchors(document)
    assert not {"table_moves", "table_stuck", "figure_moves"} & anchors(document)


def test_that_nothing_was_looked_for_is_told_and_how_many_were_left_out(monkeypatch):
    listed = projects((900, 2000), (800, 9000), (6000, 500))  # far apart: few cells of density
    assert "未为 3 个结论不是符合的项目寻找" in whole(told(world(), listed, sites="none"))
    monkeypatch.setattr(places, "MOST", 1)
    auto = told(world(), listed)
    assert len(table(auto, "table_moves")) == 1
    assert "另有 2 个未寻找（一次至多 1 个点、20 个面" in whole(auto)
    assert len(table(told(world(), listed, sites="all"), "table_moves")) == 3


def test_more_than_the_chapter_holds_are_in_an_annex(monkeypatch):
    monkeypatch.setattr(places, "SHOWN", 2)
    monkeypatch.setattr("gisplan.report.pictures.SHOWN", 2)
    listed = projects((500, 2000), (900, 2500), (1500, 700))
    document = told(without_corridor(), listed)
    assert [row[0] for row in table(document, "table_moves")] == ["P1", "P2"]
    assert [row[0] for row in table(document, "table_moves_all")] == ["P1", "P2", "P0"]
    assert "annex_moves" in anchors(document)


def test_every_project_that_does_not_comply_is_in_one_of_the_tables():
    places_ = [(500, 2000), (2000, 2000), (8500, 8500), (-3000, 0), None]
    several = shapely.MultiPoint([(100, 100), (200, 200)])  # is not measured, nor moved
    listed = projects(*places_, several)
    document = told(world(30.0), listed)
    rows = [
        row[0]
        for anchor in ("table_moves", "table_stuck") if anchor in anchors(document)
        for row in table(document, anchor)
    ]  # fmt: skip
    assert sorted(rows) == ["P0", "P2", "P3"]
    assert "另有 2 个没有位置" in whole(document)


# --- surfaces -------------------------------------------------------------------------------


def test_a_density_tells_its_bandwidth_and_what_may_not_be_concluded():
    listed = projects((2000, 2000), (3000, 2500), (2500, 1500), None)
    document = told(world(), listed)
    bandwidth = f"{world().density(listed).facts['bandwidth_m']:,.0f}"
    text = whole(document)
    assert f"带宽 {bandwidth} 米（Silverman" in text
    assert f"带宽 {bandwidth} 米以内的起伏没有意义" in text
    assert "4 个项目中 1 个没有位置" in text
    assert "计入的项目只有 3 个" in text
    assert "figure_density" in anchors(document)


@pytest.mark.parametrize(("places_", "said"), [
    ([(2000, 2000)], "带宽无从估计"),
    ([(2000, 2000), (2000, 2000)], "带宽无从估计"),
    ([(-5000, 0), (-6000, 0)], "没有可以计入的项目"),
    ([None], "没有可以计入的项目"),
])  # fmt: skip
def test_without_a_density_the_reason_stands_there(places_, said):
    document = told(world(), projects(*places_), sites="none")
    assert said in whole(document)
    assert "figure_density" not in anchors(document)


def test_without_the_extra_the_chapter_names_it(monkeypatch):
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    document = told(world(), projects((2000, 2000), (2500, 1500)))
    assert 'pip install "gisplan[raster]"' in whole(document)
    assert "figure_density" not in anchors(document)


def test_without_a_model_one_sentence_says_so():
    assert "没有声明适宜性模型" in whole(told(world(), projects((2000, 2000))))


def test_a_model_is_told_with_its_weights_and_the_places_compared_by_it():
    plan = world(suitability={"m": MODEL})
    listed = projects((2000, 2000), (3500, 2000), (8500, 8500), None)
    document = told(plan, listed)
    weights, ratio = weights_of(plan.definition.suitability["m"])
    assert [row[:2] for row in table(document, "table_model_m")] == [
        ["片区", f"{weights[0]:.3f}"], ["走廊", f"{weights[1]:.3f}"],
    ]  # fmt: skip
    assert f"CR = {ratio:.3f}" in whole(document)
    ranking = plan.rank(listed, "m")
    rows = table(document, "table_ranking_m")
    assert [row[1] for row in rows] == ["P0", "P1"]
    for at, row in enumerate(rows):
        own = ranking.iloc[at]
        assert row[3:6] == [f"{own[one]:.3f}" for one in ("score", "mean", "sd")]
        assert row[6] == f"{own['rank_best']:.0f}"
    assert "排除 1 个" in whole(document)  # in the red square
    assert "figure_model_m" in anchors(document)


def test_a_model_that_cannot_be_computed_says_why_and_nothing_else_is_lost(tmp_path):
    raster = {"kind": "raster", "source": "none.tif", "title": {"zh": "坡度"}, "weight": 1,
              "scores": [[0, 1], [25, 0]]}  # fmt: skip
    model = {"title": {"zh": "坡"}, "basis": {"zh": "假定"}, "criteria": {"slope": raster}}
    plan = world(suitability={"bad": model, "m": MODEL})
    document = told(plan, projects((2000, 2000)))
    assert "“坡”未能计算：找不到栅格文件" in whole(document)
    assert "figure_model_m" in anchors(document)
    assert "figure_model_bad" not in anchors(document)


def test_a_large_district_is_drawn_with_larger_cells(monkeypatch):
    monkeypatch.setattr("gisplan.report.surfaces.MOST_CELLS", 400)
    plan = world(suitability={"m": MODEL})
    document = told(plan, projects((2000, 2000)))
    assert "由 100 米放大到 500 米" in whole(document)


# --- a raster -------------------------------------------------------------------------------


def raster(path: Path, values: Any, *, cell: float = 100.0, **options: Any) -> Path:
    """Values over the square world, north up, from its north-west corner."""
    place = rasterio.Affine(cell, 0, EAST, 0, -cell, NORTH + 10_000)
    rows, columns = values.shape
    profile = {"driver": "GTiff", "count": 1, "crs": CRS, "transform": place, **options}
    with rasterio.open(
        path, "w", width=columns, height=rows, dtype=values.dtype, **profile
    ) as made:
        made.write(values, 1)
    return path


def test_a_raster_is_told_over_the_study_area_the_zones_and_the_corridors(tmp_path):
    values = np.full((100, 100), 5.0, dtype="float32")
    values[:, 50:] = -1  # no data in the eastern half
    path = raster(tmp_path / "pop.tif", values, nodata=-1)
    plan = world()
    document = told(plan, projects((2000, 2000)), zonal=summary_of(plan, path))
    rows = {row[0]: row[1:] for row in table(document, "table_zonal")}
    assert rows["范围"][0] == "5"
    assert rows["范围"][5:] == ["50.0%", "50.0%", "0%"]  # values, no data, off the raster
    assert rows["西区"][4:] == ["2000", "100%", "0%", "0%"]  # 400 cells of 5
    assert rows["轴线 0–500 m"][5] == "50.0%"
    import hashlib

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert ["pop.tif", "栅格（分区统计）", digest] in table(document, "table_data")


def test_classes_are_told_by_their_shares(tmp_path):
    values = np.ones((100, 100), dtype="uint8")
    values[:, :20] = 2  # the western 2 km
    path = raster(tmp_path / "cover.tif", values)
    plan = world()
    document = told(plan, projects((2000, 2000)), zonal=summary_of(plan, path, classes=True))
    rows = [row for row in table(document, "table_classes") if row[0] == "西区"]
    assert [row[1:4] for row in rows] == [["1", "50.0%", "50.0%"], ["2", "50.0%", "50.0%"]]
    assert float(rows[0][4]) == pytest.approx(2.0, rel=2e-3)  # of 4 km², on the ellipsoid
    assert "table_zonal" not in anchors(document)  # a mean of codes means nothing


# --- the workbook and the command -----------------------------------------------------------


def asked(*words: Any) -> Any:
    from click.testing import CliRunner

    from gisplan.cli.options import gisplan

    return CliRunner().invoke(gisplan, [str(one) for one in words])


@pytest.fixture
def listing(tmp_path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(
        "项目编号,项目名称,行业,经度,纬度,坐标中误差(米)\n"
        "甲1,甲,餐饮,114.33,36.0966,10\n甲2,乙,餐饮,114.35,36.0955,10\n", "utf-8",
    )  # fmt: skip
    return path


def test_the_workbook_lists_every_place(tmp_path, listing):
    import openpyxl

    done = asked("report", listing, "-o", tmp_path / "r.xlsx", "--lang", "zh")
    assert done.exception is None, done.output
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["可行位置"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    (row,) = [one for one in rows if "甲1" in one]
    assert 100 in row
    assert "提示，不是选址方案" in row
    assert any("向东北" in str(one) for one in row)


def test_a_raster_that_cannot_be_read_leaves_nothing_behind(tmp_path, listing):
    from gisplan.errors import RasterError

    broken = tmp_path / "a.tif"
    broken.write_bytes(b"II*\0" + b"\xff" * 100)
    for one in (broken, tmp_path / "none.tif"):
        done = asked("report", listing, "-o", tmp_path / "r.docx", "--raster", one)
        assert isinstance(done.exception, RasterError)
        assert not (tmp_path / "r.docx").exists()


# --- the arrows -----------------------------------------------------------------------------


def test_arrows_end_where_the_places_are_and_stay_in_the_frame():
    from gisplan.plotting import plot
    from gisplan.plotting.moves import lay_moves

    plan = world()
    figure = plot(plan.definition, plan.areas, paper="plate")
    ground, paper = (
        next(one for one in figure.axes if one.get_label() == key) for key in ("map", "paper")
    )
    limits = ground.get_xlim(), ground.get_ylim()
    at = [shapely.Point(EAST + x, NORTH + y) for x, y in ((500, 500), (9000, 9000), (5000, 5000))]
    lay_moves(
        figure, [(at[0], at[1]), (shapely.Point(EAST - 90_000, NORTH), at[2])], color="#009e73",
        title="题", words="移动", note="注", heading="图",
    )  # fmt: skip
    assert (ground.get_xlim(), ground.get_ylim()) == limits
    marks = [one for one in paper.get_children() if one.get_gid() == "move"]
    assert len(marks) == 3  # the key's own among them
    place = ground.get_position()
    wide, high = (one * 25.4 for one in figure.get_size_inches())
    for point in at[1:]:
        x = (place.x0 + (point.x - limits[0][0]) / np.ptp(limits[0]) * place.width) * wide
        y = (place.y0 + (point.y - limits[1][0]) / np.ptp(limits[1]) * place.height) * high
        assert any(np.allclose(mark.get_center(), (x, y), atol=0.01) for mark in marks)
    frame = box(place.x0 * wide, place.y0 * high, place.x1 * wide, place.y1 * high)
    lines = [
        shapely.LineString(one.get_path().vertices)
        for one in paper.get_children()
        if one.get_zorder() in (4.4, 4.5)
    ]
    assert len(lines) == 4
    assert all(frame.buffer(1e-6).covers(one) for one in lines)


def test_codes_are_not_left_unworded():
    listed = projects((500, 2000), (8500, 8500), (2000, 2000))
    listed["industry_code"] = ["J66", "J66", "A01"]
    plan = world(30.0, suitability={"m": MODEL})
    for language in ("zh", "en"):
        document = plan.report(listed, language=language, cards="none")
        text = whole(document)
        assert SEPARATOR + "in_" not in text
        assert not any(code in text for code in ("in_zone", "near_corridor", "clear_of:", "nan"))
