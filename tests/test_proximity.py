"""Nearness to corridors and service coverage, in the world of squares."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point

from gisplan.pattern.proximity import along_corridors, service_coverage
from gisplan.pattern.random_siting import sites
from tests.worlds import CRS, EAST, NORTH, projects, world


def asked(plan, rows, **options):
    return along_corridors(sites(rows, plan.areas, plan.definition), plan.areas, plan.definition,
                           **options)  # fmt: skip


def test_bands_share_out_projects_and_area():
    # The axis is y = 6000 of a square 10 km wide: within 1000 m lies 20 % of the area.
    plan = world()
    rows = projects((1000, 6000), (2000, 6300), (3000, 6301), (4000, 9000), (5000, 5000))
    bands, _ = asked(plan, rows, bands=(300, 1000))
    own = bands[bands["corridor"] == "axis"]
    assert own["projects"].tolist() == [2, 2, 1]  # 300 m belongs to the nearer band
    assert own["area_share"].tolist() == pytest.approx([0.06, 0.14, 0.80])
    assert own["area_share"].sum() == pytest.approx(1)
    assert own["share"].tolist() == pytest.approx([0.4, 0.4, 0.2])
    assert own["ratio"].iloc[0] == pytest.approx(0.4 / 0.06)
    assert ((own["low"] <= own["share"]) & (own["share"] <= own["high"])).all()


def test_every_project_is_in_one_band():
    plan = world()
    random = np.random.default_rng(1)
    rows = projects(*(tuple(one) for one in random.uniform(1, 9999, (40, 2))))
    bands, _ = asked(plan, rows)
    assert (bands.groupby("corridor")["projects"].sum() == 40).all()
    assert bands.groupby("corridor")["area_share"].sum().tolist() == pytest.approx([1, 1])


def test_projects_on_the_corridor_are_near_and_projects_far_off_are_not():
    plan = world()
    _, near = asked(plan, projects(*((1000 * k, 6000 + 10 * k) for k in range(1, 9))))
    assert (near["p_value"] == 1 / 1000).all()
    assert near["mean_distance"].iloc[0] == pytest.approx(45)
    # |y - 6000| of a random y in 0..10 000: (6² + 4²) / 20 km = 2600 m.
    assert near["expected_distance"].iloc[0] == pytest.approx(2600, rel=0.02)
    _, far = asked(plan, projects(*((1000 * k, 100) for k in range(1, 9))))
    assert (far["p_value"] > 0.95).all()


def test_layers_that_are_poorly_drawn_leave_the_answer_open():
    places = [(1000 * k, 6600) for k in range(1, 9)]
    _, exact = asked(world(), projects(*places, accuracy=0))
    _, vague = asked(world(3000), projects(*places, accuracy=0))
    assert exact["p_high"].iloc[0] <= 0.05
    assert vague["p_low"].iloc[0] <= 0.05 < vague["p_high"].iloc[0]
    assert vague["error"].iloc[0] == pytest.approx(3000 / np.sqrt(2))


def test_random_siting_is_called_near_at_the_stated_rate_only():
    plan = world()
    random = np.random.default_rng(11)
    rejected = 0
    for _ in range(60):
        rows = projects(*(tuple(one) for one in random.uniform(0, 10_000, (12, 2))))
        _, test = asked(plan, rows, simulations=499)
        rejected += test["p_value"].iloc[0] <= 0.05
    # 60 trials at 5 %: 3 expected, 9 or more has P < 0.004.
    assert rejected < 9


def test_no_project_and_no_corridor_are_answers_too():
    plan = world()
    bands, test = asked(plan, projects(None))
    assert bands["projects"].sum() == 0
    assert test["p_value"].isna().all()
    bare = world(without=("axis",))
    bands, test = asked(bare, projects((2000, 2000)))
    assert bands.empty
    assert test["corridor"].tolist() == ["axis"]  # declared without data: named, not left out
    assert test["p_value"].isna().all()


def coverage(plan, *points, **options):
    drawn = [None if one is None else Point(EAST + one[0], NORTH + one[1]) for one in points]
    got = service_coverage(gpd.GeoSeries(drawn, crs=CRS), plan.areas, **options)
    return got.set_index(["area_id", "distance"])


def test_overlapping_reaches_are_counted_once():
    plan = world()  # west is 2 x 2 km
    got = coverage(plan, (2000, 2000), (2000, 2000), None, distances=(500,))
    circle = np.pi * 500**2
    assert got.loc[("west", 500), "share"] == pytest.approx(circle / 4e6, rel=2e-3)
    assert got.loc[("west", 500), "services"] == 2
    assert got.loc[("east", 500), "share"] == 0
    assert got.loc[("east", 500), "services"] == 0


def test_reach_grows_with_distance_up_to_all():
    plan = world()
    got = coverage(plan, (2000, 2000), distances=(100, 500, 1000, 1500))["share"]["west"]
    assert got.is_monotonic_increasing
    assert got.iloc[-1] == 1


def test_no_service_known_is_not_no_service():
    assert coverage(world(), None, distances=(500,))["share"].isna().all()
