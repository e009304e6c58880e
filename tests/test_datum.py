"""The datum detective: what it can tell, what it cannot, and that it raises no false alarm."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from gisplan import crs
from gisplan.datum import COLUMNS, conclude, suspect
from tests import worlds

WORLD = worlds.world(accuracy=20.0)
"""A square of 10 km; a corner of it lies at (500 000, 4 000 000) in EPSG:4547."""

GRID = [(x, y) for x in range(500, 10_000, 1000) for y in range(500, 10_000, 1000)]


def batch(places, accuracy=30.0, names=None):
    frame = worlds.projects(*places, accuracy=accuracy)
    return frame if names is None else frame.assign(name=names)


def noted(frame, system):
    """Return the frame as WGS 84 whose numbers are really those of another system."""
    degrees = crs.transform(frame, crs.WGS84)
    lon, lat = degrees.geometry.x.to_numpy(), degrees.geometry.y.to_numpy()
    change = {
        "wgs84": lambda x, y: (x, y), "gcj02": crs.gcj02_from_wgs84,
        "bd09": crs.bd09_from_wgs84, "swapped": lambda x, y: (y, x),
    }[system]  # fmt: skip
    return degrees.set_geometry(gpd.points_from_xy(*change(lon, lat), crs=crs.WGS84))


def ask(frame, landmarks=None, **options):
    table = suspect(frame, WORLD.areas, WORLD.definition, landmarks, **options)
    assert list(table.columns) == list(COLUMNS)
    assert table["posterior"].sum() == pytest.approx(1)
    assert table["prior"].sum() == pytest.approx(1)
    return table.set_index("hypothesis")


def verdict(frame, landmarks=None, **options):
    return conclude(ask(frame, landmarks, **options).reset_index())


def landmarks_of(places, accuracy=50.0):
    frame = batch(places, accuracy, [f"地标{at}" for at in range(len(places))])
    return frame[["name", "accuracy", "geometry"]]


FEW = [(2000, 2000), (5000, 5000), (7000, 3000), (3000, 8000), (8000, 6500)]
NAMES = [f"地标{at}" for at in range(len(FEW))]


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09"])
def test_one_point_without_a_landmark_cannot_tell(system):
    table = ask(noted(batch([(5000, 5000)]), system))
    assert set(table["call"]) == {"open"}
    assert verdict(noted(batch([(9900, 5000)]), system)) == ("cannot_tell", "wgs84")
    assert verdict(noted(batch([(5000, 5000)]), "swapped")) == ("cannot_tell", "wgs84")


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_inside_a_big_district_an_offset_is_invisible(system):
    assert verdict(noted(batch(FEW), system)) == ("cannot_tell", "wgs84")


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_landmarks_of_the_same_name_tell_the_offset(system):
    table = ask(noted(batch(FEW, names=NAMES), system), landmarks_of(FEW))
    assert table.loc[system, "call"] == "suspected"
    assert table.loc[system, "posterior"] > 0.99
    assert table.loc[system, "landmarks"] == 5
    assert table.loc[system, "landmark_distance"] < 1
    known = {"gcj02": (500, 600), "bd09": (1100, 1400)}[system]
    assert known[0] < table.loc["wgs84", "landmark_distance"] < known[1]
    assert verdict(batch(FEW, names=NAMES), landmarks_of(FEW)) == ("supported", "wgs84")


def test_a_location_is_compared_too_and_a_name_borne_twice_is_no_witness():
    frame = noted(batch(FEW), "gcj02").assign(location=[f" 地 标{at}" for at in range(5)])
    assert verdict(frame, landmarks_of(FEW)) == ("suspected", "gcj02")
    twice = pd.concat([landmarks_of(FEW), landmarks_of(FEW[::-1])])
    table = ask(frame, gpd.GeoDataFrame(twice, crs=worlds.CRS))
    assert table.loc["wgs84", "landmarks"] == 0
    assert set(table["call"]) <= {"open", "excluded"}


@pytest.mark.parametrize("system", ["swapped", "bd09"])
def test_a_hundred_points_up_to_the_border_tell_what_leaves_it(system):
    edge = [(x, y) for x in (60, 9_900) for y in range(100, 10_000, 600)]
    assert verdict(noted(batch([*GRID, *edge]), system)) == ("suspected", system)
    assert verdict(batch([*GRID, *edge])) == ("supported", "wgs84")


def test_a_border_that_is_itself_uncertain_says_nothing_of_an_offset():
    edge = [*GRID, *((x, y) for x in (60, 9_900) for y in range(100, 10_000, 600))]
    vague = worlds.world(accuracy=2000.0)
    table = suspect(noted(batch(edge), "gcj02"), vague.areas, vague.definition)
    assert conclude(table) == ("cannot_tell", "wgs84")


@pytest.mark.parametrize(("name", "step"), [("zone_east", -3.0), ("zone_west", 3.0)])
def test_the_neighbouring_zone_is_told_of_projected_input_only(name, step):
    degrees = crs.transform(batch(FEW), crs.WGS84)
    shifted = degrees.set_geometry(degrees.geometry.translate(step, 0))
    assert verdict(crs.transform(shifted, "4547")) == ("suspected", name)
    assert name not in ask(shifted).index
    # A list of another town is nobody's fault, and stays what it is.
    elsewhere = degrees.set_geometry(degrees.geometry.translate(0.4, 0.9))
    assert verdict(elsewhere) == ("cannot_tell", "wgs84")


def test_an_offset_taken_off_in_vain_is_suspected_as_well():
    as_read = noted(batch(FEW, names=NAMES), "wgs84")
    lon, lat = as_read.geometry.x.to_numpy(), as_read.geometry.y.to_numpy()
    taken = as_read.set_geometry(gpd.points_from_xy(*crs.wgs84_from_gcj02(lon, lat), crs=crs.WGS84))
    assert verdict(taken, landmarks_of(FEW), declared="gcj02") == ("suspected", "wgs84")


def test_the_verdicts_that_would_change_are_counted_and_named():
    # 200 m inside the west edge of a zone and of the axis's reach; 545 m east is what moves.
    places = [(2900, 2000), (5000, 2000), (9000, 500)]
    frame = batch(places, accuracy=0.0).assign(industry_code=["J66", "R88", "J66"])
    plan = worlds.world()
    table = suspect(
        crs.transform(frame, crs.WGS84), plan.areas, plan.definition, check=plan.check
    ).set_index("hypothesis")
    assert table.loc["wgs84", ["changes", "changed"]].tolist() == [0, ""]
    after = {}
    for name, change in (("gcj02", crs.wgs84_from_gcj02), ("bd09", crs.wgs84_from_bd09)):
        degrees = crs.transform(frame, crs.WGS84)
        lon, lat = degrees.geometry.x.to_numpy(), degrees.geometry.y.to_numpy()
        moved = degrees.set_geometry(gpd.points_from_xy(*change(lon, lat), crs=crs.WGS84))
        after[name] = plan.check(moved)["outcome"].astype(str)
    before = plan.check(frame)["outcome"].astype(str)
    for name, outcomes in after.items():
        changed = frame["id"][outcomes != before].tolist()
        assert table.loc[name, "changes"] == len(changed)
        assert table.loc[name, "changed"] == "|".join(changed)
    assert table["changes"].max() > 0
    assert pd.isna(ask(frame)["changes"]).all()


def test_footprints_missing_places_and_odd_indexes_are_no_obstacle():
    frame = worlds.projects(box(100, 100, 900, 900), None, (5000, 5000), accuracy=30.0)
    frame.index = [7, 7, 7]
    table = ask(frame.drop(columns=["accuracy", "name"]), landmarks_of(FEW), check=WORLD.check)
    assert table["points"].tolist() == [2] * len(table)
    nothing = ask(worlds.projects(None, None))
    assert set(nothing["call"]) == {"open"}
    assert nothing["posterior"].tolist() == pytest.approx(nothing["prior"].tolist())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 10_000), st.floats(0, 10_000)), min_size=1, max_size=25),
    st.randoms(use_true_random=False),
)
def test_order_and_repetition_of_rows_say_nothing(places, random):
    frame = batch(places)
    table = ask(frame)
    shuffled = list(range(len(frame)))
    random.shuffle(shuffled)
    again = ask(frame.iloc[shuffled])
    np.testing.assert_allclose(again["posterior"], table["posterior"], rtol=1e-9, atol=1e-12)
    if len(frame) > 1:
        doubled = ask(gpd.GeoDataFrame(pd.concat([frame, frame])))
        np.testing.assert_allclose(doubled["posterior"], table["posterior"], rtol=1e-6, atol=1e-9)
    assert Point(places[0]).is_valid


def test_the_rates_of_the_page_hold_on_districts_never_seen():
    """A small run of benchmarks/datum.py: no false alarm, and the offsets with landmarks."""
    import importlib.util
    import sys
    from pathlib import Path

    path = Path(__file__).parents[1] / "benchmarks" / "datum.py"
    spec = importlib.util.spec_from_file_location("datum_benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark
    spec.loader.exec_module(benchmark)
    found = benchmark.run(range(7_000_000, 7_000_012), (1, 20))
    clean = found[found["truth"] == "wgs84"]
    assert not (clean["call"] == "suspected").any()
    alone = found[(found["n"] == 1) & ~found["landmarks"]]
    assert (alone["call"] == "cannot_tell").all()
    rates = benchmark.rates(found)
    assert rates.loc[("bd09", True, 20), "right"] >= 0.75
    assert rates.loc[("swapped", False, 20), "right"] == 1
