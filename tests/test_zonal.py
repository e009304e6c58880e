"""Statistics of square rasters over squares, by mental arithmetic, and against another way."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from gisplan.crs import WGS84, ellipsoidal_area, transform
from gisplan.errors import RasterError
from gisplan.io.rasters import open_raster
from gisplan.labels import Labels
from gisplan.zonal import class_shares, summarise, suspicions, units, zonal_stats
from gisplan.zonal.words import zonal_lines
from tests.worlds import CRS, EAST, NORTH, projects, world

NO = -7.0


def from_origin(west, north, dx, dy):
    return rasterio.Affine(dx, 0, west, 0, -dy, north)


def raster(path, values, *, cell=100.0, west=0.0, top=None, crs=CRS, transform=None, **profile):
    """A GeoTIFF of the square world, its lower left corner at (west, 0)."""
    values = np.asarray(values)
    top = values.shape[-2] * cell if top is None else top
    place = transform or from_origin(EAST + west, NORTH + top, cell, cell)
    bands = values if values.ndim == 3 else values[None]
    with rasterio.open(
        path, "w", driver="GTiff", height=bands.shape[1], width=bands.shape[2],
        count=len(bands), dtype=bands.dtype, crs=crs, transform=place, **profile,
    ) as made:  # fmt: skip
        made.write(bands)
    return path


def over(*shapes, crs=CRS):
    moved = [shapely.affinity.translate(one, EAST, NORTH) for one in shapes]
    frame = {"unit": [f"U{at}" for at in range(len(shapes))], "inner": np.nan, "outer": np.nan}
    return gpd.GeoDataFrame(frame, geometry=moved, crs=crs)


def middles(count):
    return (np.arange(count) + 0.5) / count


def stats(path, shapes, **options):
    with open_raster(path, **options) as opened:
        return zonal_stats(shapes, opened)


COUNTING = np.arange(1.0, 101.0).reshape(10, 10)
"""1 to 10 in the northernmost row, 91 to 100 in the southernmost; cells of 100 m."""


def test_whole_cells_are_counted_once(tmp_path):
    path = raster(tmp_path / "a.tif", COUNTING)
    row = stats(path, over(box(0, 0, 1000, 100))).iloc[0]  # the southernmost row
    assert (row["count"], row["sum"], row["mean"]) == (10, 955, 95.5)
    assert (row["min"], row["max"]) == (91, 100)
    assert (row["covered"], row["nodata"], row["off"]) == (1, 0, 0)


def test_a_quarter_of_a_cell_counts_a_quarter(tmp_path):
    path = raster(tmp_path / "a.tif", COUNTING)
    # Half of cell 91, half of cell 92, and a quarter of each of 81 and 82 above them.
    row = stats(path, over(box(50, 0, 150, 150))).iloc[0]
    assert row["count"] == pytest.approx(1.5)
    assert row["sum"] == pytest.approx(0.5 * (91 + 92) + 0.25 * (81 + 82))


def test_no_value_is_not_zero(tmp_path):
    values = np.array([[0.0, NO], [4.0, NO]])
    path = raster(tmp_path / "a.tif", values, nodata=NO)
    row = stats(path, over(box(0, 0, 200, 200))).iloc[0]
    assert (row["count"], row["mean"], row["min"]) == (2, 2, 0)
    assert (row["covered"], row["nodata"], row["off"]) == (0.5, 0.5, 0)
    empty = stats(path, over(box(100, 0, 200, 200))).iloc[0]
    assert empty["count"] == 0
    assert np.isnan(empty[["mean", "min", "max", "stdev", "sum"]].astype(float)).all()


def test_outside_the_raster_there_is_no_number(tmp_path):
    path = raster(tmp_path / "a.tif", COUNTING)
    half, none = stats(path, over(box(-500, 0, 500, 1000), box(5000, 0, 6000, 9))).itertuples()
    assert (half.count, half.covered, half.off) == (50, 0.5, 0.5)
    assert none.off == 1
    assert np.isnan([none.mean, none.sum]).all()


def test_a_raster_in_degrees_is_left_alone_and_the_areas_move(tmp_path):
    place = Point(EAST + 2000, NORTH + 2000)
    lon, lat = transform(gpd.GeoSeries([place], crs=CRS), WGS84).iloc[0].coords[0]
    values = np.indices((400, 400)).sum(axis=0).astype("float64")
    turned = from_origin(lon - 0.02, lat + 0.02, 1e-4, 1e-4)
    path = raster(tmp_path / "a.tif", values, crs="EPSG:4326", transform=turned)
    zone = over(box(1000, 1500, 2800, 2700))
    row = stats(path, zone).iloc[0]
    cell = ellipsoidal_area(gpd.GeoSeries([box(lon, lat, lon + 1e-4, lat + 1e-4)], crs=WGS84))
    assert row["count"] * float(np.asarray(cell)[0]) == pytest.approx(1800 * 1200, rel=2e-4)
    # Independent: the mean over many places of the zone of the cell that holds each.
    x, y = np.meshgrid(1000 + 1800 * middles(617), 1500 + 1200 * middles(411))
    points = gpd.GeoSeries(gpd.points_from_xy(x.ravel() + EAST, y.ravel() + NORTH), crs=CRS)
    there = transform(points, WGS84)
    column = np.floor((there.x - (lon - 0.02)) / 1e-4).astype(int)
    line = np.floor(((lat + 0.02) - there.y) / 1e-4).astype(int)
    assert row["mean"] == pytest.approx(values[line, column].mean(), abs=0.05)


def test_long_edges_do_not_cut_corners_when_they_move(tmp_path):
    # In degrees the chord of a 40 km edge runs about 25 m beside it: 0.5 km² of this strip.
    path = raster(
        tmp_path / "a.tif", np.ones((1200, 1200)), crs="EPSG:4326",
        transform=from_origin(113.7, 36.4, 6e-4, 6e-4),
    )  # fmt: skip
    row = stats(path, over(box(-20_000, 0, 20_000, 100))).iloc[0]
    ground = np.asarray(ellipsoidal_area(over(box(-20_000, 0, 20_000, 100)).geometry))[0]
    lat = 36.13  # of NORTH: cells of equal degrees have nearly equal areas along the strip
    cell = np.asarray(
        ellipsoidal_area(gpd.GeoSeries([box(114, lat, 114 + 6e-4, lat + 6e-4)], crs=WGS84))
    )[0]
    assert row["count"] * cell == pytest.approx(ground, rel=2e-3)
    assert row["covered"] == pytest.approx(1, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    corners=st.lists(
        st.tuples(st.integers(-300, 1300), st.integers(-300, 1300)), min_size=3, max_size=7
    ),
    seed=st.integers(0, 99),
)
def test_the_weighted_sum_agrees_with_cutting_every_cell(tmp_path_factory, corners, seed):
    shape = Polygon(corners).buffer(0)
    if shape.area < 1:
        return
    random = np.random.default_rng(seed)
    values = random.uniform(-5, 5, (10, 10))
    values[random.uniform(size=(10, 10)) < 0.2] = NO
    path = raster(tmp_path_factory.mktemp("r") / "a.tif", values, nodata=NO)
    row = stats(path, over(shape)).iloc[0]
    cells = [box(c * 100, 900 - r * 100, c * 100 + 100, 1000 - r * 100)
             for r in range(10) for c in range(10)]  # fmt: skip
    parts = shapely.area(shapely.intersection(cells, shape)) / 1e4
    held = (values != NO).ravel()
    assert row["count"] == pytest.approx(parts[held].sum(), abs=1e-5)
    # Where every cell it touches is nodata there is no sum, which is not a sum of 0.
    assert np.isnan(row["sum"]) == (row["count"] == 0)
    if row["count"]:
        assert row["sum"] == pytest.approx((parts * values.ravel())[held].sum(), abs=1e-3)
    assert row["covered"] + row["nodata"] + row["off"] == pytest.approx(1)
    assert row["off"] == pytest.approx(1 - parts.sum() * 1e4 / shape.area, abs=1e-6)


def test_areas_that_share_a_cell_share_it_out(tmp_path):
    path = raster(tmp_path / "a.tif", COUNTING)
    cut = 333.3
    both = stats(path, over(box(0, 0, cut, 1000), box(cut, 0, 1000, 1000)))
    assert both["sum"].sum() == pytest.approx(5050)


def test_classes_are_shared_out_by_area(tmp_path):
    values = np.array([[1, 1], [2, 0]], dtype="uint8")
    path = raster(tmp_path / "a.tif", values, nodata=0)
    square = over(box(0, 0, 200, 200))
    with open_raster(path) as opened:
        got = class_shares(square, opened)
    assert got["value"].tolist() == [1, 2]
    assert got["share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert got["share_of_area"].tolist() == pytest.approx([0.5, 0.25])
    ground = np.asarray(ellipsoidal_area(square.geometry))[0]
    assert got["area_ellipsoid"].sum() == pytest.approx(0.75 * ground)


def test_measurements_are_not_classes(tmp_path):
    path = raster(tmp_path / "a.tif", np.random.default_rng(1).uniform(size=(40, 40)))
    with open_raster(path) as opened, pytest.raises(RasterError) as caught:
        class_shares(over(box(0, 0, 4000, 4000)), opened)
    assert caught.value.code == "raster_not_classes"


@pytest.mark.parametrize("kind", ["zones", "rings", "corridors", "constraints", "study_area"])
def test_every_kind_of_area_can_be_summarised(tmp_path, kind):
    plan = world(corridors={"axis": {
        "source": "w", "accuracy": 0, "title": {"zh": "轴"}, "within": 500, "rings": [300, 700],
    }})  # fmt: skip
    path = raster(tmp_path / "a.tif", np.ones((100, 100)))
    got = stats(path, units(plan.areas, plan.definition, over=kind))
    whole = {"zones": 800, "rings": 600 + 800, "corridors": 1000, "constraints": 100,
             "study_area": 10_000}  # fmt: skip
    assert got["sum"].sum() == pytest.approx(whole[kind])


def test_projects_keep_their_rows_whatever_they_are_drawn_as(tmp_path):
    listed = projects(
        box(0, 0, 100, 100), (250.0, 50.0), None, LineString([(0, 0), (900, 900)]), (-50.0, 50.0)
    )
    plan = world()
    path = raster(tmp_path / "a.tif", COUNTING)
    got = stats(path, units(plan.areas, plan.definition, listed, over="footprints"))
    assert got["situation"].tolist() == ["area", "point", "none", "line", "point"]
    assert got["mean"].tolist()[:2] == [91, 93]
    assert got["mean"].isna().tolist() == [False, False, True, True, True]
    assert got["off"].tolist()[-1] == 1


def test_what_looks_like_no_data_is_told(tmp_path):
    path = raster(tmp_path / "a.tif", np.array([[-9999.0, 1.0]]))
    with open_raster(path) as opened:
        got = zonal_stats(over(box(0, 0, 200, 100), box(0, 0, 9000, 100)), opened)
        told = dict(suspicions(got, opened))
    assert told["suspect"] == {"value": "-9999"}
    assert told["partly"]["n"] == 1
    declared = stats(path, over(box(0, 0, 200, 100)), nodata=-9999).iloc[0]
    assert (declared["mean"], declared["covered"]) == (1, 0.5)


@pytest.mark.parametrize(("crs", "cell", "unit"), [
    ("EPSG:4326", 0.05, "度"), ("EPSG:4326", 0.005, "度"), (CRS, 0.005, "米"), (CRS, 30.0, "米"),
    ("EPSG:2263", 30.0, "美国测量英尺"),
])  # fmt: skip
def test_the_size_of_a_cell_is_told_in_the_unit_of_its_system(tmp_path, crs, cell, unit):
    path = raster(tmp_path / "r.tif", [[1.0]], cell=cell, crs=crs, west=0.0, top=1.0)
    found = summarise(over(box(0, 0, 1, 1), crs=crs), path)
    assert f"{cell:g}×{cell:g} {unit}，" in zonal_lines(found, Labels("zh"))[0]


def test_an_area_that_is_not_quite_covered_is_not_told_to_be_covered_whole(tmp_path):
    values = np.ones((50, 50))
    values[0, 0] = -1
    path = raster(tmp_path / "r.tif", values, nodata=-1)
    told = dict(summarise(over(box(0, 0, 5000, 5000)), path).told)
    assert told["partly"] == {"n": 1, "least": "99.9%"}


def test_a_raster_larger_than_what_may_be_read_is_refused_before_reading(tmp_path, monkeypatch):
    path = raster(tmp_path / "a.tif", COUNTING)
    monkeypatch.setattr("gisplan.zonal.statistics.MOST_CELLS", 50)
    with pytest.raises(RasterError) as caught:
        stats(path, over(box(0, 0, 1000, 1000)))
    assert caught.value.code == "raster_too_big"


def test_reading_in_small_pieces_changes_nothing(tmp_path, monkeypatch):
    path = raster(tmp_path / "a.tif", np.random.default_rng(2).uniform(size=(60, 60)))
    shape = over(Point(3000, 3000).buffer(2500))
    whole = stats(path, shape).iloc[0]
    monkeypatch.setattr("gisplan.zonal.statistics.CELLS", 100)
    pieces = stats(path, shape).iloc[0]
    for name in ("count", "mean", "min", "max", "sum", "stdev"):
        assert pieces[name] == pytest.approx(whole[name], rel=1e-9)


def test_a_plan_without_such_a_layer_is_told_and_not_shown_empty(tmp_path):
    plan = world(without=["red"])
    found = plan.zonal(raster(tmp_path / "a.tif", COUNTING), over="constraints")
    assert found.stats.empty
    assert zonal_lines(found, Labels("zh"))[0].startswith("没有可以统计的区")
