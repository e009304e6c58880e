"""Suitability in the square world: scores by arithmetic, exclusions, weights, and their spread."""

from __future__ import annotations

import numpy as np
import pydantic
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from gisplan.definition.criteria import Suitability
from gisplan.errors import GisplanError, OutputError, PlanError, RasterError
from gisplan.io.grids import Grid
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.surface.places import PointPlaces, Window
from gisplan.surface.weights import by_comparison, combined, draws, weights_of
from tests.test_sites import covered
from tests.test_zonal import raster
from tests.worlds import CRS, EAST, NORTH, projects, world

AXIS = {"kind": "corridor_distance", "title": {"zh": "走廊"}, "weight": 3,
        "scores": [[0, 1], [500, 0.5], [4000, 0]]}  # fmt: skip
ZONE = {"kind": "zone_fit", "title": {"zh": "片区"}, "weight": 1, "differs": 0.2}
BASE = {"title": {"zh": "试算"}, "basis": {"zh": "假定"}, "industry": "J66", "cell": 100}


def model(**changes):
    return {**BASE, "criteria": {"axis": AXIS, "zone": ZONE}, **changes}


def planned(tmp_path=None, *, world_options=None, **changes):
    made = world(suitability={"m": model(**changes)}, **(world_options or {}))
    return Plan(made.definition, made.areas, folder=tmp_path)


def at(plan, *places, **options):
    with plan.scorer("m", **options) as asked:
        points = shapely.points(np.add(places, (EAST, NORTH)))
        return asked.suitable(PointPlaces(points, points))


# --- scores ---------------------------------------------------------------------------------


def test_scores_by_mental_arithmetic():
    # (2000, 2000): in the west zone, which wants J66; 4000 m from the axis: 0·¾ + 1·¼.
    # (4000, 2000): in the east zone, which does not: 0·¾ + 0.2·¼.
    # (6000, 6250): 250 m from the axis, half way from 1 to 0.5; in no zone.
    score, state = at(planned(), (2000, 2000), (4000, 2000), (6000, 6250))
    assert score == pytest.approx([0.25, 0.05, 0.75 * 0.75])
    assert state.tolist() == [1, 1, 1]


def test_another_industry_may_be_asked_for():
    score, _ = at(planned(), (4000, 2000), industry="R88")
    assert score == pytest.approx([0.25])


def test_ruled_out_is_zero_and_outside_the_study_area_as_well():
    # The red square ends at 8000; its setback of 100 reaches to 7900.
    score, state = at(planned(), (8500, 8500), (7950, 8500), (7850, 8500), (-1, 5000))
    assert state.tolist() == [0, 0, 1, 0]
    assert score[[0, 1, 3]].tolist() == [0, 0, 0]
    assert score[2] > 0


def test_only_the_constraints_named_rule_out():
    _, state = at(planned(exclude=[]), (8500, 8500))
    assert state.tolist() == [1]


def test_cells_and_points_agree():
    plan = planned()
    surface = plan.suitability("m", cell=37)
    x, y = np.meshgrid(*surface.grid.centres(0, 0, surface.grid.rows, surface.grid.columns))
    points = shapely.points(x.ravel(), y.ravel())
    with plan.scorer("m") as asked:
        score, state = asked.suitable(PointPlaces(points, points))
    exact = np.where(state == 1, score, np.nan).reshape(x.shape)
    # A cell whose centre is on an edge may fall either way.
    assert (np.isnan(exact) == np.isnan(surface.values)).mean() > 0.9995
    both = np.isfinite(exact) & np.isfinite(surface.values)
    assert (abs(exact - surface.values)[both] < 1e-5).mean() > 0.9995


def test_windows_change_nothing(monkeypatch):
    whole = planned().suitability("m", cell=100).values
    monkeypatch.setattr("gisplan.surface.suitability.WINDOW", 7)
    assert planned().suitability("m", cell=100).values == pytest.approx(whole, nan_ok=True)


def test_a_setback_on_cells_is_a_disc():
    radius, cell = 1000.0, 25.0
    made = planned(world_options={"constraints": {"red": {
        "source": "w", "accuracy": 0, "title": {"zh": "红"}, "effect": "prohibit",
        "setback": radius,
    }}})  # fmt: skip
    dot = Point(EAST + 5000.3, NORTH + 4999.6).buffer(1e-6)
    made.areas.loc[made.areas["id"] == "red", "geometry"] = dot
    values = made.suitability("m", cell=cell).values
    inside = np.isnan(values[4:-4, 4:-4])
    # A diamond would have 64 % of it; the error of a disc of cells is far below its rim.
    assert inside.sum() * cell**2 == pytest.approx(np.pi * radius**2, abs=2 * radius * cell)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert np.ptp(rows) == pytest.approx(2 * radius / cell, abs=1)
    assert np.ptp(columns) == pytest.approx(2 * radius / cell, abs=1)


@settings(max_examples=20, deadline=None)
@given(
    st.tuples(*[st.integers(0, 9000)] * 2), st.tuples(*[st.integers(100, 4000)] * 2),
    st.integers(0, 800),
)  # fmt: skip
def test_adding_an_exclusion_never_raises_suitability_anywhere(corner, size, setback):
    before = planned()
    red = {"source": "w", "accuracy": 0, "title": {"zh": "红"}, "effect": "prohibit"}
    after = planned(
        world_options={
            "constraints": {"red": {**red, "setback": 100}, "new": {**red, "setback": setback}}
        }
    )
    shape = box(corner[0], corner[1], corner[0] + size[0], corner[1] + size[1])
    row = after.areas[after.areas["id"] == "red"].assign(id="new")
    row = row.set_geometry([shapely.affinity.translate(shape, EAST, NORTH)], crs=CRS)
    import pandas as pd

    after = Plan(after.definition, pd.concat([after.areas, row], ignore_index=True))
    steps = np.linspace(-50, 10_050, 60)
    x, y = (one.ravel() for one in np.meshgrid(steps, steps))
    one, was = at(before, *zip(x, y, strict=True))
    other, state = at(after, *zip(x, y, strict=True))
    assert (other <= one + 1e-12).all()
    assert (np.nan_to_num(state, nan=0.5) <= np.nan_to_num(was, nan=0.5)).all()


# --- what is not known ----------------------------------------------------------------------


def height(tmp_path, values, **options):
    raster(tmp_path / "height.tif", np.asarray(values, dtype=float), **options)
    criterion = {"kind": "raster", "title": {"zh": "高程"}, "weight": 1, "source": "height.tif",
                 "scores": [[0, 0], [100, 1]]}  # fmt: skip
    return planned(tmp_path, criteria={"axis": AXIS, "height": criterion})


def test_a_criterion_without_a_value_makes_the_place_unknown_and_not_zero(tmp_path):
    plan = height(tmp_path, [[50, -9, 200]], cell=3000, top=9000, nodata=-9)
    score, state = at(plan, (1000, 6500), (4000, 6500), (7000, 6500), (9500, 6500))
    # On the axis' 500 m: 0.5·¾; height 50 → 0.5·¼, 200 → 1·¼; the raster ends at 9000.
    assert score == pytest.approx([0.5, np.nan, 0.625, np.nan], nan_ok=True)
    assert state == pytest.approx([1, np.nan, 1, np.nan], nan_ok=True)


def test_ruled_out_is_known_even_where_a_criterion_is_not(tmp_path):
    plan = height(tmp_path, [[-9.0]], cell=10_000, nodata=-9)
    score, state = at(plan, (8500, 8500))
    assert (score.tolist(), state.tolist()) == ([0], [0])


def test_classes_that_are_not_listed_are_unknown(tmp_path):
    raster(tmp_path / "cover.tif", np.array([[1, 2]], dtype="uint8"), cell=5000, top=10_000)
    criterion = {"kind": "raster", "title": {"zh": "地类"}, "weight": 1, "source": "cover.tif",
                 "classes": {"1": 0.8}}  # fmt: skip
    plan = planned(tmp_path, criteria={"cover": criterion})
    score, _ = at(plan, (1000, 7000), (7000, 7000))
    assert score == pytest.approx([0.8, np.nan], nan_ok=True)


def test_a_raster_in_another_system_is_asked_at_the_right_cell(tmp_path):
    import geopandas as gpd

    from gisplan.crs import WGS84, transform

    lon, lat = transform(gpd.GeoSeries([Point(EAST, NORTH)], crs=CRS), WGS84).iloc[0].coords[0]
    values = np.add.outer(np.arange(300.0), np.arange(300.0)) / 6
    place = rasterio.Affine(5e-4, 0, lon - 0.01, 0, -5e-4, lat + 0.13)
    plan = height(tmp_path, values, crs="EPSG:4326", transform=place)
    places = [(1000, 6100), (3333, 4444), (9000, 2000)]
    score, _ = at(plan, *places)
    moved = transform(
        gpd.GeoSeries([Point(EAST + x, NORTH + y) for x, y in places], crs=CRS), WGS84
    )
    column = np.floor((moved.x - lon + 0.01) / 5e-4).astype(int)
    row = np.floor((lat + 0.13 - moved.y) / 5e-4).astype(int)
    near = np.interp([abs(y - 6000) for _, y in places], [0, 500, 4000], [1, 0.5, 0])
    assert score == pytest.approx(0.75 * near + 0.25 * np.clip(values[row, column] / 100, 0, 1))
    surface = plan.suitability("m", cell=250)
    assert np.isfinite(surface.values).mean() > 0.9


def test_a_required_constraint_without_data_leaves_everything_unknown():
    red = {"owner": "局", "title": {"zh": "红"}, "effect": "prohibit"}
    needed = planned(world_options={"constraints": {"red": {**red, "required": True}},
                                    "without": ["red"]})  # fmt: skip
    assert np.isnan(at(needed, (2000, 2000))[1]).all()
    told = planned(world_options={"constraints": {"red": red}, "without": ["red"]})
    assert at(told, (2000, 2000))[1].tolist() == [1]
    with told.scorer("m") as asked:
        assert asked.unchecked == ("red",)


def test_without_a_study_area_nothing_is_called_suitable():
    plan = planned(world_options={"without": ["study_area"]})
    assert np.isnan(at(plan, (2000, 2000))[1]).all()


def test_a_corridor_without_data_could_be_nearer():
    axis = {"source": "w", "accuracy": 0, "title": {"zh": "轴"}, "within": 500}
    plan = planned(
        criteria={"axis": AXIS},
        world_options={"corridors": {"axis": axis, "lost": {**axis, "source": None}}},
    )
    score, _ = at(plan, (2000, 6000), (2000, 6100))
    assert score == pytest.approx([1, np.nan], nan_ok=True)


# --- weights --------------------------------------------------------------------------------


def compared(*pairs, ids="abc", **changes):
    one = {"kind": "zone_fit", "title": {"zh": "x"}}
    return Suitability.model_validate(
        {**BASE, "criteria": dict.fromkeys(ids, one), "comparisons": pairs, **changes}
    )


def test_consistent_comparisons_give_their_ratios():
    weights, ratio = weights_of(compared(("a", "b", 2), ("a", "c", 4), ("b", "c", 2)))
    assert weights == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert ratio == pytest.approx(0, abs=1e-9)


def test_the_textbook_comparison():
    # 1 3 5 / ⅓ 1 3 / ⅕ ⅓ 1: λ = 3.0385, so CI = 0.0193 and CR = 0.033.
    weights, ratio = weights_of(compared(("a", "b", 3), ("a", "c", 5), ("b", "c", 3)))
    assert weights == pytest.approx([0.637, 0.258, 0.105], abs=5e-4)
    assert ratio == pytest.approx(0.0193 / 0.58, abs=5e-4)


def test_contradictions_are_refused_unless_accepted():
    circle = (("a", "b", 3), ("b", "c", 3), ("a", "c", 1 / 3))
    with pytest.raises(PlanError) as caught:
        weights_of(compared(*circle))
    assert caught.value.code == "ahp_inconsistent"
    assert weights_of(compared(*circle, accept_inconsistent=True))[1] > 0.1
    assert by_comparison(compared(("a", "b", 9), ids="ab"))[1] == 0


SCORES = st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5)


@given(SCORES, st.tuples(*[st.integers(1, 9)] * 3))
def test_ordered_weights_lie_between_the_worst_and_the_best(rows, parts):
    scores, weights = np.array(rows).T, np.array(parts) / sum(parts)
    plain = combined(scores, weights, None)
    assert combined(scores, weights, np.full(3, 1 / 3)) == pytest.approx(plain)
    assert combined(scores, weights, np.array([1.0, 0, 0])) == pytest.approx(scores.max(axis=0))
    assert combined(scores, weights, np.array([0, 0, 1.0])) == pytest.approx(scores.min(axis=0))
    assert (plain <= scores.max(axis=0) + 1e-12).all()


def test_unknown_stays_unknown_in_every_combination():
    scores = np.array([[1.0, np.nan], [0.5, 1.0]])
    for order in (None, np.array([1.0, 0.0]), np.array([0.0, 1.0])):
        assert np.isnan(combined(scores, np.array([0.5, 0.5]), order)).tolist() == [False, True]


def test_draws_add_up_and_stay_near():
    drawn = draws(np.array([0.5, 0.3, 0.2]), 0.2, 500)
    assert drawn.sum(axis=1) == pytest.approx(1)
    assert drawn.mean(axis=0) == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    assert np.array_equal(drawn, draws(np.array([0.5, 0.3, 0.2]), 0.2, 500))


# --- candidates -----------------------------------------------------------------------------


def test_candidates_are_ranked_and_the_rest_says_why_not():
    listed = projects((2000.0, 2000.0), (6000.0, 6000.0), None, (8500.0, 8500.0), (4000.0, 2000.0))
    got = planned().rank(listed, "m")
    assert got["state"].tolist() == ["usable", "usable", "unlocated", "excluded", "usable"]
    assert got["rank"].tolist()[:2] == [2, 1]
    assert got["rank"].iloc[4] == 3
    assert got["excluded_by"].tolist()[3] == "red"
    assert got["score"].isna().tolist() == [False, False, True, True, False]
    assert got["score"].iloc[0] == pytest.approx(0.25)


def test_who_is_best_in_everything_is_best_with_any_weights():
    # On the axis and in no zone against off both: the first dominates.
    listed = projects((7000.0, 6000.0), (7000.0, 5000.0))
    got = planned(spread=0.9).rank(listed, "m")
    assert got["rank_best"].tolist() == [1, 2]
    assert got["rank_worst"].tolist() == [1, 2]


def test_ranks_that_hang_on_the_weights_say_so():
    # On the axis alone (¾) against the zone with some axis: close enough to change places.
    even = {"axis": {**AXIS, "weight": 1}, "zone": {**ZONE, "weight": 1}}
    plan = planned(criteria=even, spread=0.5)
    got = plan.rank(projects((6000.0, 6000.0), (2000.0, 2950.0)), "m")
    assert got["rank_best"].tolist() == [1, 1]
    assert got["rank_worst"].tolist() == [2, 2]
    assert (got["sd"] > 0).all()
    sure = planned(spread=0).rank(projects((6000.0, 6000.0), (2000.0, 2950.0)), "m")
    assert sure["sd"].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert sure["mean"].tolist() == pytest.approx(sure["score"].tolist())


def test_a_footprint_that_touches_a_constraint_is_ruled_out():
    got = planned().rank(projects(box(7000, 8000, 7950, 8500)), "m")
    assert got["state"].tolist() == ["excluded"]  # its setback reaches to 7900


# --- the plan file --------------------------------------------------------------------------


def test_every_mistake_is_told_at_once():
    with pytest.raises(pydantic.ValidationError) as caught:
        Suitability.model_validate(model(
            criteria={
                "a": {**AXIS, "weight": None, "scores": [[500, 1], [0, 0]]},
                "b": {**ZONE, "weight": None},
                "c": {"kind": "raster", "title": {"zh": "x"}, "weight": 1, "source": "x.tif"},
            },
            order_weights=[0.5, 0.6],
        ))  # fmt: skip
    message = caught.value.errors()[0]["ctx"]["faults"]
    for part in ("a.weight", "b.weight", "a.scores", "c: scores | classes", "order_weights"):
        assert part in message


@pytest.mark.parametrize("wrong", [
    {"basis": None}, {"criteria": {}}, {"exclude": ["nobody"]}, {"cell": 0}, {"spread": 1},
    {"criteria": {"a": {**AXIS, "corridors": ["nobody"]}}}, {"colour": "red"},
    {"criteria": {"a": {**AXIS, "kind": "magic"}}},
    {"comparisons": [["axis", "zone", 3]]},  # and weights of their own as well
])  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(pydantic.ValidationError):
        planned(**wrong)


@pytest.mark.parametrize(("asked", "code"), [
    (lambda: planned().rank(projects((1.0, 1.0)), "none"), "model_unknown"),
    (lambda: planned(industry=None).rank(projects((1.0, 1.0)), "m"), "model_industry"),
    (lambda: planned().suitability("m", cell=0.5), "model_cells"),
])  # fmt: skip
def test_what_cannot_be_asked_is_one_line(asked, code):
    with pytest.raises(GisplanError) as caught:
        asked()
    assert caught.value.code == code
    assert "\n" not in caught.value.word("en")


def test_too_coarse_a_code_is_unknown_and_not_a_mismatch():
    # J may be the J66 that the west zone wants; the east one wants R88, so there it differs.
    score, state = at(planned(), (2000, 2000), (4000, 2000), industry="J")
    assert np.isnan(state).tolist() == [True, False]
    assert score[1] == pytest.approx(0.05)


def test_an_industry_may_be_named_and_an_unknown_one_is_refused():
    with planned().scorer("m", industry="金融业") as asked:
        assert asked.industry == "J66" or asked.industry.startswith("J")
    with pytest.raises(RasterError) as caught, planned().scorer("m", industry="乌有业"):
        pass
    assert caught.value.code == "sites_industry"


def test_where_the_setback_reaches_beyond_what_was_surveyed_nothing_is_known():
    # The red layer is known east of x = 4000 alone; the check needs the setback of 100 known too.
    made = planned(world_options={"constraints": {"red": {
        "source": "w", "accuracy": 0, "title": {"zh": "红"}, "effect": "prohibit",
        "setback": 100, "coverage": "w",
    }}})  # fmt: skip
    plan = covered(made, box(4000, 0, 10_000, 10_000))
    places = projects((4050.0, 6000.0), (4150.0, 6000.0), box(3950, 5900, 4200, 6100))
    assert plan.check(places)["outcome"].astype(str).tolist() == ["unknown", "pass", "unknown"]
    assert plan.rank(places, "m")["state"].tolist() == ["unknown", "usable", "unknown"]


def test_a_footprint_mostly_outside_the_study_area_is_ruled_out():
    # Of a T whose stem reaches in, the point that stands for it lies within; 40 % of it does.
    shape = shapely.union_all([box(-1000, 5000, 0, 5100), box(0, 5000, 400, 5166)])
    listed = projects(shape, box(-4, 5000, 96, 5100))  # the second with 96 % of it within
    assert planned().rank(listed, "m")["excluded_by"].tolist() == ["study_area", ""]


# --- files ----------------------------------------------------------------------------------


def test_the_file_holds_score_and_state(tmp_path):
    from gisplan.outputs.suitability import save_suitability

    plan = planned(criteria={"axis": AXIS, "zone": ZONE})
    with plan.scorer("m") as asked:
        told = save_suitability(tmp_path / "s.tif", plan, asked, 100, Labels("zh"))
    with rasterio.open(tmp_path / "s.tif") as made:
        score, state = made.read()
        assert made.tags()["WEIGHTS_AXIS"] == "0.75"
    surface = plan.suitability("m", cell=100)
    kept = np.where(state == 1, score, np.nan)
    assert kept == pytest.approx(surface.values, nan_ok=True, abs=1e-6)
    assert (score[state == 0] == 0).all()
    assert any("0.750" in line for line in told)


def test_a_raster_that_the_model_reads_is_not_written_over(tmp_path):
    from gisplan.outputs.suitability import save_suitability

    plan = height(tmp_path, [[50.0]], cell=10_000)
    before = (tmp_path / "height.tif").read_bytes()
    with plan.scorer("m") as asked, pytest.raises(OutputError):
        save_suitability(tmp_path / "height.tif", plan, asked, 500, Labels("zh"))
    assert (tmp_path / "height.tif").read_bytes() == before


def test_the_file_names_the_rasters_that_it_rests_on_with_their_hashes(tmp_path):
    import hashlib
    import json

    from gisplan.outputs.suitability import save_suitability

    plan = height(tmp_path, [[50.0]], cell=10_000)
    with plan.scorer("m") as asked:
        save_suitability(tmp_path / "s.tif", plan, asked, 500, Labels("zh"))
    digest = hashlib.sha256((tmp_path / "height.tif").read_bytes()).hexdigest()
    with rasterio.open(tmp_path / "s.tif") as made:
        tags = made.tags()
    assert tags["RASTER_FILES_HEIGHT"] == "height.tif"
    assert tags["RASTER_SHA256_HEIGHT"] == digest
    assert json.loads(tags["GISPLAN"])["raster_sha256"] == {"height": digest}


def test_a_window_knows_distances_exactly():
    import pyproj

    line = shapely.LineString([(EAST, NORTH), (EAST + 700, NORTH + 100), (EAST + 900, NORTH + 900)])
    grid = Grid(EAST - 500, NORTH + 1500, 10.0, 200, 200, pyproj.CRS(CRS))
    window = Window(grid, 0, 0, 200, 200)
    x, y = np.meshgrid(*window.axes)
    exact = shapely.distance(line, shapely.points(x, y))
    assert window.distance(line, 1e9) == pytest.approx(exact, abs=1e-2)
    far = window.distance(shapely.affinity.translate(line, 50_000, 0), 2000.0)
    assert (far >= 2000).all()
