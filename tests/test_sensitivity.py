"""How many outcomes change when a number of the policy does: held to whole checks under it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from shapely.geometry import Point, box

from gisplan.sensitivity import COLUMNS, TRIED, sensitivity
from gisplan.terms import OUTCOMES
from tests import worlds

PUBLIC = {"default_accuracy": 0, "public_services": ["E48"]}


def _table(plan, projects, **tried):
    found = sensitivity(
        projects, plan.measure(projects), plan.areas, plan.definition, tried=tried or None
    )
    return found.set_index(["parameter", "area_id", "value"])


def test_a_share_moves_those_footprints_whose_share_lies_between():
    """Three footprints with 30, 60 and 90 % in the west zone, and a point in its middle."""
    shapes = [box(3000 - 100 * part, 800, 3000 - 100 * part + 1, 1000 + k)
              for part, k in ((1, 200 * 3 / 7), (2, 300), (3, 1800))]  # fmt: skip
    projects = worlds.projects(*shapes, (2000, 2000))
    plan = worlds.world(policy=PUBLIC)
    found = _table(plan, projects, zone_share=(0.25, 0.5, 0.75, 0.95))
    rows = {value: found.loc[("zone_share", "", value)] for value in (0.25, 0.5, 0.75, 0.95)}
    assert [rows[v]["changed"] for v in rows] == [1, 0, 1, 2]
    assert [rows[v]["better"] for v in rows] == [1, 0, 0, 0]
    assert [rows[v]["worse"] for v in rows] == [0, 0, 1, 2]
    assert [rows[v]["own"] for v in rows] == [False, True, False, False]
    assert [rows[v]["which"] for v in rows] == ["P0", "", "P1", "P1|P2"]
    assert {rows[v]["subject_to"] for v in rows} == {3}  # a point has no share


def test_a_width_moves_those_between_the_two_widths():
    """600 m from the axis: near it at 625 and 1000 m, not at 500, 400 or 250."""
    plan = worlds.world(policy=PUBLIC)
    found = _table(plan, worlds.projects((2000, 6600), (2000, 9000), None), within=TRIED["within"])
    widths = {width: row["changed"] for (_, _, width), row in found.iterrows()}
    assert widths == {250: 0, 400: 0, 500: 0, 625: 1, 1000: 1}
    assert set(found["which"]) == {"", "P0"}
    assert set(found["subject_to"]) == {2}
    assert set(found.index.get_level_values("area_id")) == {"axis"}


def test_a_demand_for_more_certainty_sends_more_to_review():
    """100 m from the east, where J66 is not wanted, known to M = 100 (one axis 71 m): P = 0.921."""
    plan = worlds.world(100.0, policy=PUBLIC)
    found = _table(plan, worlds.projects((2900, 2000)), threshold=(0.9, 0.95))
    loose, own = (found.loc[("threshold", "", value)] for value in (0.9, 0.95))
    assert (loose["pass"], loose["review"], loose["better"]) == (1, 0, 1)
    assert (own["pass"], own["review"], own["changed"]) == (0, 1, 0)


place = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda at: (at[0] * 97.0, at[1] * 97.0)
)
footprint = st.tuples(place, st.integers(1, 20), st.integers(1, 20)).map(
    lambda one: box(*one[0], one[0][0] + 97 * one[1], one[0][1] + 97 * one[2])
)


@settings(max_examples=10)
@given(
    shapes=st.lists(st.none() | place.map(Point) | footprint, min_size=1, max_size=6),
    accuracy=st.sampled_from([0.0, 60.0]),
    value=st.fixed_dictionaries(
        {
            "threshold": st.sampled_from([0.6, 0.99]),
            "default_accuracy": st.sampled_from([0.0, 300.0]),
            "zone_share": st.sampled_from([0.1, 0.9]),
            "study_area_share": st.sampled_from([0.2, 1.0]),
            "touch_area": st.sampled_from([0.0, 5e4]),
        }
    ),
)
def test_each_row_is_what_a_plan_with_that_number_says_of_everyone(shapes, accuracy, value):
    """The oracle checks the whole list under a plan file with the number in it."""
    plan = worlds.world(accuracy, policy={**PUBLIC, "default_accuracy": 50})
    projects = worlds.projects(*shapes)
    projects.loc[projects.index[::2], "accuracy"] = float("nan")
    found = _table(plan, projects, **{key: (one,) for key, one in value.items()})
    before = plan.check(projects)["outcome"].astype("str")
    for key, one in value.items():
        policy = {**PUBLIC, "default_accuracy": 50, key: one}
        after = worlds.world(accuracy, policy=policy).check(projects)["outcome"].astype("str")
        row = found.loc[(key, "", one)]
        assert [row[name] for name in OUTCOMES] == [(after == name).sum() for name in OUTCOMES]
        assert row["changed"] == (after != before).sum() == row["better"] + row["worse"]
        assert row["changed"] <= row["subject_to"]


def test_the_plan_as_it_is_stands_in_the_table_and_changes_nothing():
    plan = worlds.world(policy=PUBLIC)
    found = plan.sensitivity(worlds.projects((2000, 2000), (4000, 2000)))
    own = found[found["own"]]
    assert set(own["parameter"]) == set(TRIED)
    assert (own["changed"] == 0).all()
    assert list(found) == [*COLUMNS, *OUTCOMES]
    assert plan.definition.layer("axis").within == 500  # nothing of the plan itself was moved


def test_an_empty_list_has_a_table_of_noughts():
    plan = worlds.world(policy=PUBLIC)
    assert plan.sensitivity(worlds.projects())["changed"].sum() == 0


def test_a_number_that_no_plan_file_may_hold_is_refused():
    plan = worlds.world(policy=PUBLIC)
    with pytest.raises(ValidationError):
        _table(plan, worlds.projects((2000, 2000)), threshold=(0.4,))


def test_a_changed_copy_of_a_plan_looks_its_layers_up_anew():
    plan = worlds.definition()
    line = plan.layer("axis").model_copy(update={"within": 900.0})
    assert plan.model_copy(update={"corridors": {"axis": line}}).layer("axis").within == 900
