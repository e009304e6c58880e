"""Room that is left, by squares; and inside against outside of the built-up area."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import LineString, box

from gisplan.capacity import capacity, inside_built_up
from tests.worlds import EAST, NORTH, SHAPES, projects, world


def left(plan, rows):
    return capacity(rows, plan.areas, plan.definition).set_index("area_id")


def with_red_at(shape, **changes):
    """The square world with its constraint moved onto a zone."""
    plan = world(**changes)
    plan.areas.loc[plan.areas["id"] == "red", "geometry"] = translate(shape, EAST, NORTH)
    return plan


RED = {"source": "world", "accuracy": 0, "title": {"zh": "红线"}, "effect": "prohibit"}


def test_a_zone_less_constraints_less_footprints():
    # West is 2 x 2 km. The constraint takes its lower half, a project half of that and of the rest.
    plan = with_red_at(box(1000, 1000, 3000, 2000), constraints={"red": RED})
    got = left(plan, projects(box(1000, 1500, 2000, 2500)))
    west = got.loc["west"]
    scale = west["area_ellipsoid"] / 4e6  # ellipsoidal m² of a planar one
    assert scale == pytest.approx(1, abs=1e-3)
    planar = west[["constrained", "committed", "remaining"]].astype(float) / scale
    assert planar.tolist() == pytest.approx([2e6, 0.5e6, 1.5e6], rel=1e-4)
    assert west["remaining_share"] == pytest.approx(0.375, rel=1e-4)
    assert west["bound"] == "estimate"
    assert got.geometry["west"].area == pytest.approx(1.5e6)


def test_a_setback_takes_land_too():
    red = {**RED, "setback": 100}
    got = left(with_red_at(box(1000, 1000, 3000, 2000), constraints={"red": red}), projects(None))
    scale = got.loc["west", "area_ellipsoid"] / 4e6
    assert got.loc["west", "constrained"] / scale == pytest.approx(2000 * 1100, rel=1e-3)


def test_a_constraint_that_asks_for_review_takes_nothing_and_is_told():
    red = {**RED, "effect": "review"}
    got = left(with_red_at(box(1000, 1000, 3000, 2000), constraints={"red": red}), projects(None))
    west = got.loc["west"]
    assert west["constrained"] == 0
    assert west["restricted"] == pytest.approx(west["area_ellipsoid"] / 2, rel=1e-4)
    assert west["remaining"] == pytest.approx(west["area_ellipsoid"])


def test_constraints_without_data_make_an_upper_bound():
    got = left(world(without=("red",)), projects(None))
    assert (got["bound"] == "upper").all()
    assert (got["lacking"] == "red").all()
    assert got["remaining"].tolist() == pytest.approx(got["area_ellipsoid"].tolist())


def test_a_zone_without_data_is_named_and_nothing_is_known_of_all():
    got = left(world(without=("west",)), projects((9500, 500)))
    assert got.loc["west", ["bound", "lacking"]].tolist() == ["unknown", "west"]
    assert np.isnan(got.loc["west", "remaining"])
    assert np.isnan(got.loc["union", "remaining"])
    assert got.loc["east", "bound"] == "estimate"


def test_projects_that_are_points_make_an_upper_bound_where_they_lie():
    got = left(world(), projects((2000, 2000)))
    assert got.loc["west", ["without_footprint", "bound"]].tolist() == [1, "upper"]
    assert got.loc["east", ["without_footprint", "bound"]].tolist() == [0, "estimate"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 5000)] * 2, *[st.integers(1, 3000)] * 2), max_size=4))
def test_parts_add_up_and_overlaps_are_counted_once(corners):
    plan = world()
    rows = projects(*(box(x, y, x + w, y + h) for x, y, w, h in corners), None)
    got = left(plan, rows)
    parts = got[["constrained", "committed", "remaining"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(got["area_ellipsoid"].to_numpy(), rel=1e-6)
    assert (got[["constrained", "committed", "remaining"]] >= 0).all().all()
    assert got.loc["union", "area_ellipsoid"] == pytest.approx(
        got.loc[["west", "east"], "area_ellipsoid"].sum(), rel=1e-6
    )  # the two zones touch and do not overlap
    assert got.loc["union", "committed"] <= got.loc[["west", "east"], "committed"].sum() * (
        1 + 1e-6
    )


def built(*bounds):
    return translate(box(*bounds), EAST, NORTH)


def test_projects_inside_and_outside_the_built_up_area():
    rows = projects(
        (500, 500), (5000, 5000), box(0, 0, 1000, 400), box(900, 0, 1900, 100),
        LineString([(0, 0), (3000, 0)]), None,
    )  # fmt: skip
    row = inside_built_up(rows, built(0, 0, 1000, 1000)).iloc[0]
    # The second footprint is a tenth inside, the line a third.
    assert row[["projects", "inside_built", "outside_built", "unplaced"]].tolist() == [5, 2, 3, 1]
    assert row["share_inside"] == pytest.approx(0.4)


def test_without_a_layer_nothing_is_known():
    row = inside_built_up(projects((500, 500)), None).iloc[0]
    assert row["projects"] == 1
    assert np.isnan(row["inside_built"])
    assert np.isnan(row["share_inside"])


def test_groups_add_up_to_all():
    rows = projects((500, 500), (1500, 500), (500, 600), None)
    area = built(0, 0, 1000, 1000)
    zone = pd.Series(["a", "a", "b", "?"])
    by, whole = inside_built_up(rows, area, group=zone), inside_built_up(rows, area)
    for column in ("projects", "inside_built", "outside_built", "unplaced"):
        assert by[column].sum() == whole[column].iloc[0]


def test_the_input_is_not_changed():
    plan = world()
    before = plan.areas.copy()
    capacity(projects((2000, 2000)), plan.areas, plan.definition)
    assert plan.areas.equals(before)
    assert SHAPES["west"][1].area == 4e6


def covered_to(shape):
    """The square world whose red line is drawn, and known no further than a shape."""
    plan = with_red_at(box(1000, 1000, 3000, 2000), constraints={"red": {**RED, "coverage": "c"}})
    row = {**plan.areas.iloc[-1], "id": "red", "kind": "coverage",
           "geometry": translate(shape, EAST, NORTH)}  # fmt: skip
    plan.areas.loc[len(plan.areas)] = row
    return plan


def test_a_line_known_only_in_part_leaves_an_upper_bound_where_it_is_not():
    got = left(covered_to(box(0, 0, 3000, 10_000)), projects(box(1000, 1500, 2000, 2500)))
    assert got["bound"].to_dict() == {"west": "estimate", "east": "upper", "union": "upper"}
    assert got["lacking"].to_dict() == {"west": "", "east": "red", "union": "red"}


def test_a_project_without_a_place_may_take_land_anywhere():
    got = left(with_red_at(box(1000, 1000, 3000, 2000), constraints={"red": RED}), projects(None))
    assert set(got["bound"]) == {"upper"}
