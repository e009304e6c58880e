"""Where a project would comply: by mental arithmetic, and confirmed by brute force."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from gisplan.labels import Labels
from gisplan.outputs.sites import moves_figure, save_nearest
from gisplan.plan import Plan
from gisplan.sites.ground import Ground, Terrain
from gisplan.sites.nearest import TOLERANCE
from gisplan.sites.words import word_nearest
from gisplan.siting import Places, listed_of, measure_places
from tests.worlds import CRS, EAST, NORTH, projects, world

Z95 = 1.6448536269514722


def only(**options):
    """The square world with the west zone as the only place for J66."""
    return world(corridors={}, **options)


def found(plan, listed):
    return plan.nearest_sites(listed)


def told_of(plan, listed):
    return word_nearest(plan.definition, listed, found(plan, listed), Labels("zh"))


def test_the_nearest_edge_of_the_zone_is_where_to_go():
    row = found(only(), projects((500.0, 2000.0))).iloc[0]
    assert row["situation"] == "found"
    assert row["distance"] == pytest.approx(500, abs=TOLERANCE)
    assert row["direction"] == "e"
    assert row["zone"] == "west"
    assert "in_zone" in row["binding"]


def test_layers_with_errors_have_to_be_entered_deeper():
    # σ = M/√2; P = 0.95 needs 1.645 σ inside the west edge at x = 1000.
    row = found(only(accuracy=200.0), projects((500.0, 2000.0))).iloc[0]
    deep = Z95 * 200 / np.sqrt(2)
    assert row["distance"] == pytest.approx(500 + deep, abs=2)  # other edges count a little too
    assert row["margin"] == pytest.approx(deep, abs=2)
    assert row["confidence"] >= 0.95


def test_the_place_found_complies_when_it_is_checked():
    plan = world(accuracy=100.0)
    listed = projects((8500.0, 8500.0), (-900.0, 300.0))
    moved = found(plan, listed)
    again = listed.set_geometry(moved.geometry)
    assert plan.check(again)["outcome"].astype(str).tolist() == ["pass"] * 2


def test_out_of_a_prohibited_area_and_its_setback():
    # In the corner of the red square, 100 m of setback and 20 m inside: the corridor is far,
    # so a corridor that is wide makes the whole ground good but for the square.
    plan = world(corridors={"axis": {
        "source": "w", "accuracy": 0, "title": {"zh": "轴"}, "within": 9000, "industries": ["J66"],
    }})  # fmt: skip
    row = found(plan, projects((8500.0, 8020.0))).iloc[0]
    assert row["distance"] == pytest.approx(120, abs=TOLERANCE)
    assert row["direction"] == "s"
    assert row["binding"] == "clear_of:red"


def covered(plan, shape):
    """The plan with the red layer known within a shape alone."""
    cover = plan.areas[plan.areas["id"] == "red"].assign(kind="coverage")
    cover = cover.set_geometry([shapely.affinity.translate(shape, EAST, NORTH)], crs=CRS)
    return Plan(plan.definition, pd.concat([plan.areas, cover], ignore_index=True))


def test_the_place_found_lies_where_the_constraint_is_known():
    # The red layer is known east of x = 4000 alone; a setback of 100 has to be known as well.
    plan = world(corridors={}, constraints={"red": {
        "source": "w", "accuracy": 0, "title": {"zh": "红"}, "effect": "prohibit",
        "setback": 100, "coverage": "w",
    }})  # fmt: skip
    plan = covered(plan, box(4000, 0, 10_000, 10_000))
    row = found(plan, projects((3500.0, 2000.0), industry="R88")).iloc[0]
    assert row["outcome"] == "unknown"
    assert row["distance"] == pytest.approx(600, abs=TOLERANCE)
    assert row["binding"] == "clear_of:red"


def test_a_footprint_moves_as_a_whole():
    # At least half of it has to be in the zone (policy), so its centre goes to the edge.
    row = found(only(), projects(box(400, 1900, 600, 2100))).iloc[0]
    assert row["distance"] == pytest.approx(500, abs=1)
    assert row.geometry.area == pytest.approx(200 * 200)


def test_what_complies_stays_and_what_has_no_place_is_not_moved():
    got = found(only(), projects((2000.0, 2000.0), None))
    assert got["situation"].tolist() == ["complies", "unlocated"]
    assert got["distance"].isna().all()
    assert got.geometry.isna().all()


def test_where_a_layer_is_too_coarse_it_is_named_with_what_would_do():
    # The zone is 2000 m across: its middle has 1000 m to every edge. The study area is exact.
    plan = only()
    zones = {k: z.model_copy(update={"accuracy": 2000.0}) for k, z in plan.definition.zones.items()}
    coarse = Plan(plan.definition.model_copy(update={"zones": zones}), plan.areas)
    row = found(coarse, projects((500.0, 2000.0))).iloc[0]
    assert (row["situation"], row["cause"], row["layers"]) == ("none", "layer", "west")
    limit = 1000 / Z95 * np.sqrt(2)  # the M at which 1000 m are 1.645 σ: 860 m
    assert 0.9 * limit < row["needed"] <= limit
    better = zones | {"west": zones["west"].model_copy(update={"accuracy": row["needed"]})}
    enough = Plan(plan.definition.model_copy(update={"zones": better}), plan.areas)
    assert found(enough, projects((500.0, 2000.0))).iloc[0]["situation"] == "found"


def surveyed(plan, key, accuracy):
    zones = dict(plan.definition.zones)
    zones[key] = zones[key].model_copy(update={"accuracy": accuracy})
    return Plan(plan.definition.model_copy(update={"zones": zones}), plan.areas)


def test_a_very_coarse_layer_is_not_told_to_be_surveyed_to_nothing():
    # The accuracy that would do is that of a zone 2000 m across, however coarse it is now.
    coarse = surveyed(only(), "west", 200_000.0)
    needed = found(coarse, projects((500.0, 2000.0))).iloc[0]["needed"]
    assert 780 < needed <= 1000 / Z95 * np.sqrt(2)
    assert found(surveyed(coarse, "west", needed), projects((500.0, 2000.0)))["situation"][0] == (
        "found"
    )
    beyond = surveyed(coarse, "west", needed * 1.1)
    assert found(beyond, projects((500.0, 2000.0)))["situation"][0] == "none"


def test_each_layer_that_would_do_is_told_with_its_own_accuracy():
    # West is 2000 m across and would do at 850 m; east, drawn finer, only 400 m across.
    plan = only(zones={key: {
        "source": "w", "accuracy": m, "title": {"zh": key}, "industries": ["J66"],
    } for key, m in (("west", 5000.0), ("east", 2000.0))})  # fmt: skip
    narrow = shapely.affinity.translate(box(3500, 1000, 3900, 3000), EAST, NORTH)
    shapes = plan.areas.geometry.where(plan.areas["id"] != "east", narrow)
    plan = Plan(plan.definition, plan.areas.set_geometry(shapes, crs=CRS))
    listed = projects((500.0, 2000.0))
    row = found(plan, listed).iloc[0]
    assert (row["cause"], row["layers"]) == ("layer", "west|east")
    said = told_of(plan, listed)["advice"].iloc[0]
    for key, needed in zip(
        ("west", "east"), map(float, row["needed_each"].split("|")), strict=True
    ):
        assert f"“{key}”测到中误差 {needed:g} 米" in said
        assert found(surveyed(plan, key, needed), listed)["situation"].iloc[0] == "found"
        assert found(surveyed(plan, key, needed * 1.1), listed)["situation"].iloc[0] == "none"


@pytest.mark.parametrize("accuracy", [0.0, 100.0])
def test_the_coordinates_as_they_are_printed_comply(accuracy):
    plan = only(accuracy=accuracy)
    drawn = shapely.affinity.rotate(box(400, 1900, 580, 2130), 17)
    listed = projects((500.0, 2013.37), (777.7, 3333.3), (3333.3, 2000.7), drawn)
    told = told_of(plan, listed)
    for x, y, crs in (("east", "north", CRS), ("lon", "lat", "EPSG:4326")):
        points = gpd.GeoSeries(gpd.points_from_xy(told[x], told[y]), crs=crs).to_crs(CRS)
        shift = zip(points.x - listed.centroid.x, points.y - listed.centroid.y, strict=True)
        moved = [
            shapely.affinity.translate(shape, *by)
            for shape, by in zip(listed.geometry, shift, strict=True)
        ]
        again = listed.set_geometry(gpd.GeoSeries(moved, crs=CRS))
        assert plan.check(again)["outcome"].tolist() == ["pass"] * 4


def test_the_direction_word_is_not_all_that_is_told():
    # South-east by the compass rose is 146 degrees here: 401 m at 135 would miss the zone.
    plan = only()
    listed = projects((777.7, 3333.3))
    told = told_of(plan, listed)["advice"].iloc[0]
    assert told.startswith("向东南（方位角 146.3°）移 401 米")


def test_a_table_says_what_was_not_checked():
    plan = only(without=["red"], constraints={
        "red": {"title": {"zh": "红线"}, "effect": "prohibit"},
    })  # fmt: skip
    listed = projects((500.0, 2000.0))
    assert told_of(plan, listed)["unchecked"][0] == "红线"


def test_a_policy_that_lets_another_industry_pass_makes_every_zone_a_place():
    # (500, 100) lies 1030 m from the corner of the west zone, 5400 m from the corridor.
    plan = world(accuracy=20.0, policy={"default_accuracy": 0, "unmet": {"industry_fit": "pass"}})
    row = found(plan, projects((500.0, 100.0), industry="A01")).iloc[0]
    assert (row["situation"], row["zone"]) == ("found", "west")
    assert row["distance"] < 1100


def test_where_the_coordinates_are_too_coarse_they_are_named():
    row = found(only(), projects((500.0, 2000.0), accuracy=5000.0)).iloc[0]
    assert (row["situation"], row["cause"]) == ("none", "project")
    assert 0 < row["needed"] <= 1000 / Z95 * np.sqrt(2)


def test_where_nobody_wants_the_industry_no_place_is_invented():
    row = found(only(), projects((500.0, 2000.0), industry="A01")).iloc[0]
    assert (row["situation"], row["cause"], row["layers"]) == ("none", "rules", "industry_fit")


def test_without_a_study_area_nothing_is_promised():
    row = found(only(without=["study_area"]), projects((500.0, 2000.0))).iloc[0]
    assert (row["situation"], row["cause"], row["layers"]) == ("none", "unknown", "in_study_area")


def test_an_industry_that_is_not_known_cannot_be_told():
    row = found(only(), projects((500.0, 2000.0), industry="")).iloc[0]
    assert (row["situation"], row["cause"], row["layers"]) == ("none", "unknown", "industry_fit")


BOXES = st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(5, 40), st.integers(5, 40))


def district(west, east, red, line, accuracy, setback):
    """A random district 1000 m across."""
    plan = world(
        accuracy,
        corridors={"axis": {"source": "w", "accuracy": accuracy, "title": {"zh": "轴"},
                            "within": 60, "industries": ["J66"]}},
        constraints={"red": {"source": "w", "accuracy": accuracy, "title": {"zh": "红"},
                             "effect": "prohibit", "setback": setback}},
    )  # fmt: skip
    drawn = {
        "study_area": box(0, 0, 1000, 1000), "axis": LineString(line),
        **{name: box(x * 10, y * 10, (x + w) * 10, (y + h) * 10)
           for name, (x, y, w, h) in (("west", west), ("east", east), ("red", red))},
    }  # fmt: skip
    shapes = [shapely.affinity.translate(drawn[key], EAST, NORTH) for key in plan.areas["id"]]
    return Plan(plan.definition, plan.areas.set_geometry(shapes, crs=CRS))


@settings(max_examples=6, deadline=None)
@given(
    BOXES, BOXES, BOXES,
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=2, max_size=3,
             unique=True),
    st.sampled_from([0.0, 10.0, 40.0]), st.sampled_from([0, 30]),
    st.tuples(st.integers(-200, 1200), st.integers(-200, 1200)),
    st.sampled_from(["J66", "R88"]),
)  # fmt: skip
def test_brute_force_finds_no_nearer_place(west, east, red, line, accuracy, setback, at, industry):
    plan = district(west, east, red, line, accuracy, setback)
    listed = projects((float(at[0]), float(at[1])), industry=industry)
    row = found(plan, listed).iloc[0]
    step = np.linspace(0, 1000, 101)
    x, y = (one.ravel() for one in np.meshgrid(step, step))
    many = projects(*([Point(0, 0)] * 1), industry=industry)
    many = many.iloc[np.zeros(len(x), dtype=int)].reset_index(drop=True)
    many = many.set_geometry(shapely.points(x + EAST, y + NORTH), crs=CRS)
    good = (plan.check(many)["outcome"] == "pass").to_numpy()
    away = np.hypot(x - at[0], y - at[1])
    if row["situation"] == "complies":
        return
    if row["situation"] == "none":
        assert not good.any()
        return
    assert row["proved"]
    assert row["distance"] <= np.append(away[good], np.inf).min() + TOLERANCE
    assert row.geometry.distance(listed.geometry.iloc[0]) == pytest.approx(row["distance"])
    again = listed.set_geometry(gpd_series(row.geometry))
    assert str(plan.check(again)["outcome"].iloc[0]) == "pass"


def test_projects_searched_together_go_where_each_goes_alone():
    plan = world(30.0)
    # Footprints, points, two alike, one at home, one of which nobody wants the industry.
    listed = projects(
        (500.0, 2000.0), box(8300, 8300, 8400, 8500), (500.0, 2000.0), (2000.0, 2000.0),
        (6000.0, 500.0), None, LineString([(400, 1900), (600, 2500)]), (500.0, 4000.0),
    )  # fmt: skip
    listed["industry_code"] = ["J66", "R88", "J66", "J66", "A01", "J66", "J66", "R88"]
    together = found(plan, listed)
    alone = pd.concat([found(plan, listed.iloc[[at]]) for at in range(len(listed))])
    pd.testing.assert_frame_equal(
        pd.DataFrame(together.drop(columns="geometry")),
        pd.DataFrame(alone.drop(columns="geometry")), check_exact=True,
    )  # fmt: skip
    assert shapely.equals_exact(together.geometry.array, alone.geometry.array)[
        (together["situation"] == "found").to_numpy()
    ].all()


def asked_twice(ground, places):
    """What is kept of places is what is measured of them, in whatever order they come."""
    fresh = ground.ask(places[:5])
    kept = ground.ask(np.concatenate([places, places[::-1]]))
    plain = measure_places(
        Places.of(ground.moved(np.concatenate([places, places[::-1]]))),
        ground.listed.take(np.zeros(2 * len(places), dtype=int)), ground.terrain.areas,
        ground.definition,
    )  # fmt: skip
    for name in plain:
        wanted = plain.array(name)
        np.testing.assert_array_equal(kept.array(name), wanted)
        np.testing.assert_array_equal(fresh.array(name), wanted[:5])


SHAPES = (Point(100, 100), box(50, 60, 150, 140), LineString([(0, 0), (120, 90)]))


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(SHAPES), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 20.0]),
    st.sampled_from(["J66", "R88", ""]), st.floats(0, 400), st.booleans(),
)  # fmt: skip
def test_no_move_betters_a_margin_by_more_than_its_length(
    shape, seed, accuracy, industry, by, cover
):
    """The two bounds on which the proof rests: of a move, and of a footprint by its centroid."""
    plan = district((10, 10, 30, 30), (60, 5, 20, 40), (40, 40, 30, 20),
                    [(0, 900), (1000, 700)], accuracy, 30)  # fmt: skip
    if cover:
        red = plan.definition.constraints["red"].model_copy(update={"coverage": "w"})
        plan = Plan(plan.definition.model_copy(update={"constraints": {"red": red}}), plan.areas)
        plan = covered(plan, box(200, -500, 2000, 900))
    listed = projects(shape, industry=industry)
    ground = Ground.of(
        listed_of(listed), listed.geometry.iloc[0], Terrain.of(plan.areas), plan.definition
    )
    random = np.random.default_rng(seed)
    places = random.uniform(-200, 1200, (40, 2)) + np.array([EAST, NORTH])
    asked_twice(ground, places)
    angle = random.uniform(0, 2 * np.pi, 40)
    moved = places + by * np.column_stack([np.sin(angle), np.cos(angle)])
    good = ground.complies(ground.ask(moved))
    # A margin of a footprint is known to a step of its search.
    step = 0.05 if shape.geom_type != "Point" else 1e-6
    could = ground.complies(ground.better(ground.ask(places), by + step, places))
    assert not (good & ~could).any()
    here, about = ground.complies(ground.ask(places)), ground.about(places)
    assert not (here & ~ground.complies(ground.better(about, ground.reach, places))).any()
    assert not (~here & ground.complies(ground.better(about, -ground.reach - step, places))).any()


@pytest.mark.parametrize("name", ["moves.png", "moves.svg", "moves.pdf"])
def test_moves_are_drawn_on_the_sheet(tmp_path, name):
    plan, labels = world(20.0), Labels("zh")
    listed = projects((500.0, 4000.0), (6000.0, 500.0))
    listed["industry_code"] = ["J66", "A01"]
    got = found(plan, listed)
    drawn = moves_figure(plan, listed, got, labels)
    paper = next(one for one in drawn.axes if one.get_label() == "paper")
    assert sum(one.get_gid() == "move" for one in paper.get_children()) == 2  # one, and the key's
    said = "".join(text.get_text() for text in paper.texts)
    assert "1 个项目画有箭头，1 个目前没有这样的位置" in said.replace("\n", "")
    save_nearest(tmp_path / name, plan, listed, got, labels)
    assert (tmp_path / name).stat().st_size > 10_000


def gpd_series(shape):
    return gpd.GeoSeries([shape], crs=CRS)


def test_the_table_keeps_its_rows_and_types():
    got = found(world(), projects((500.0, 2000.0), None).set_index(pd.Index(["a", "b"])))
    assert list(got.index) == ["a", "b"]
    assert got["distance"].dtype == "float64"
    assert got.crs == CRS
