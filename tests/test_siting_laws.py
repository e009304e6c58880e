"""Laws of a verdict that hold wherever a project lies and however the layers are drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.geometry import box

from gisplan.siting import judge
from gisplan.siting.measure import EDGE
from gisplan.terms import OUTCOMES
from tests.worlds import SHAPES, definition, projects, world

# Whole, round and odd places: edges, corners and doubtful distances come up often.
metre = st.one_of(
    st.sampled_from([0, 999, 1000, 1001, 2900, 3000, 3100, 5000, 5500, 6500, 7900, 8000, 10_000]),
    st.floats(-2000, 12_000, allow_nan=False),
)
point = st.tuples(metre, metre)
footprint = st.builds(lambda p, w, h: box(p[0], p[1], p[0] + w, p[1] + h), point,
                      st.floats(1, 2000), st.floats(1, 2000))  # fmt: skip
place = st.one_of(st.none(), point, point, footprint)
industry = st.sampled_from(["J66", "J", "R88", "E48", "E", "A01", None])
accuracy = st.sampled_from([0.0, 5.0, 100.0, 800.0, 3000.0])
RANK = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}


@settings(max_examples=60, deadline=None)
@given(st.lists(place, min_size=1, max_size=6), industry, accuracy, st.data())
def test_parts_checked_apart_are_the_whole(places, code, error, data):
    plan, whole = world(error), projects(*places, industry=code)
    cut = data.draw(st.integers(0, len(places)))
    parts = pd.concat([plan.check(whole.iloc[:cut]), plan.check(whole.iloc[cut:])])
    assert_frame_equal(plan.check(whole), parts)


@settings(max_examples=40, deadline=None)
@given(st.lists(place, min_size=2, max_size=6), accuracy, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(places, error, random):
    plan, rows = world(error), projects(*places)
    order = list(range(len(places)))
    random.shuffle(order)
    assert_frame_equal(plan.check(rows).iloc[order], plan.check(rows.iloc[order]))


@settings(max_examples=150, deadline=None)
@given(place, industry, accuracy, st.sampled_from(sorted(SHAPES)))
def test_removing_a_layer_never_improves_an_outcome(where, code, error, layer):
    """Unknown is never an improvement; it is the want of an answer."""
    row = projects(where, industry=code, accuracy=20)
    before = world(error).check(row).loc[0, "outcome"]
    after = world(error, without=[layer]).check(row).loc[0, "outcome"]
    assert after == "unknown" or RANK[after] <= RANK[before]


@settings(max_examples=150, deadline=None)
@given(
    place,
    industry,
    st.lists(
        st.sampled_from([1.0, 50.0, 200.0, 800.0, 3000.0]), min_size=2, max_size=2, unique=True
    ),
)
def test_growing_error_never_turns_review_into_pass(where, code, errors):
    small, large = sorted(errors)
    row = projects(where, industry=code)
    before = world(small).check(row).loc[0, "outcome"]
    after = world(large).check(row).loc[0, "outcome"]
    if before == "review":
        assert after == "review"


@settings(max_examples=150, deadline=None)
@given(place, industry, accuracy)
def test_the_outcome_is_the_worst_of_its_rules(where, code, error):
    got = world(error).check(projects(where, industry=code)).iloc[0]
    rules = ["in_study_area", "in_zone", "near_corridor", "industry_fit", "clear_of:red"]
    assert got["outcome"] == min((got[rule] for rule in rules), key=RANK.get)


@settings(max_examples=150, deadline=None)
@given(place, industry, accuracy)
def test_confidence_says_what_the_outcome_says(where, code, error):
    got = world(error).check(projects(where, industry=code)).iloc[0]
    if got["outcome"] == "unknown":
        assert np.isnan(got["confidence"])
    elif got["outcome"] == "review":
        assert got["confidence"] < 0.95
    else:
        assert got["confidence"] >= 0.95


@settings(max_examples=100, deadline=None)
@given(point, industry)
def test_a_shift_shorter_than_the_flip_distance_changes_nothing(where, code):
    plan = world()
    got = plan.check(projects(where, industry=code)).iloc[0]
    # Within EDGE (1 µm) of an edge a point is on it, so the last two EDGEs are not promised.
    reach = got["flip_distance"] * 0.99 - 2 * EDGE
    if np.isnan(reach) or reach <= 0:
        return
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    moved = [(where[0] + reach * np.cos(a), where[1] + reach * np.sin(a)) for a in angles]
    assert set(plan.check(projects(*moved, industry=code))["nominal"]) == {got["nominal"]}


@pytest.mark.parametrize("inside", [-900, -300, -50, 0, 40, 150, 420, 800])
def test_phi_agrees_with_monte_carlo(inside):
    """Move the point and the zone by their errors; count how often the answer stays."""
    layer, own, n = 300.0, 200.0, 40_000
    row = projects((1000 + inside, 2000), accuracy=own)
    nominal = inside >= 0
    expected = world(layer).explain(row).query("rule == 'in_zone'")["same"].iloc[0]
    random = np.random.default_rng(20261124)
    edge = random.normal(0, layer / np.sqrt(2), n)
    east = random.normal(0, own / np.sqrt(2), n)
    stays = ((inside + east - edge) >= 0) == nominal
    assert stays.mean() == pytest.approx(expected, abs=0.01)


PLACES = [(2000, 2000), (2950, 2000), (3000, 2100), (2000, 4250), (6000, 3500), (2990, 5400)]


@pytest.mark.parametrize("code", ["J66", "R88", "E48", "C13"])
@pytest.mark.parametrize("where", PLACES)
def test_confidence_promises_no_more_than_independent_edges_keep(where, code):
    """Move every edge by its own error, judge exactly, count how often the outcome stays."""
    accuracy, n = 400.0, 4000
    plan, exact = world(accuracy), definition(0.0)
    row = projects(where, industry=code)
    told = plan.check(row).iloc[0]
    facts = plan.measure(row)
    moved = facts.loc[facts.index.repeat(n)].reset_index(drop=True)
    moved["accuracy"] = 0.0
    random = np.random.default_rng(20261124)
    for column in moved.columns[moved.columns.str.startswith(("margin:", "distance:"))]:
        moved[column] += random.normal(0, accuracy / np.sqrt(2), n)
    fine = {"pass", "not_applicable"}
    outcomes = judge(moved, exact)["nominal"].astype(str)
    stays = outcomes.isin(fine) if told["nominal"] in fine else outcomes == told["nominal"]
    assert told["confidence"] <= stays.mean() + 0.02
    if told["nominal"] == "conditional" and not (told["zone_margin"] >= 0):
        assert told["confidence"] == pytest.approx(stays.mean(), abs=0.03)
