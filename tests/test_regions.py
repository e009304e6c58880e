"""Places for a new project: the choice against all choices, the search against plain squares."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from gisplan.plan import Plan
from gisplan.sites.choice import Place, best_set
from tests.worlds import CRS, EAST, NORTH, projects, world


def place(x, y, size, score):
    return Place(box(x, y, x + size, y + size), score, 0.64)


def apart(places, distance):
    return all(a.shape.distance(b.shape) >= distance for a, b in combinations(places, 2))


def every_choice(offered, count, distance):
    """Number and total score of the best of all sets that there are."""
    sets = (
        one
        for size in range(min(count, len(offered)) + 1)
        for one in combinations(offered, size)
        if apart(one, distance)
    )
    return max((len(one), sum(each.score for each in one)) for one in sets)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(place, st.integers(0, 12), st.integers(0, 12), st.integers(1, 3),
                  st.integers(0, 20).map(lambda one: one / 20)),
        max_size=9,
    ),
    st.integers(1, 4), st.sampled_from([0.5, 1.0, 3.0]),
)  # fmt: skip
def test_no_other_choice_holds_more_or_scores_more(offered, count, distance):
    got = best_set(offered, count, distance)
    assert apart(got, distance)
    number, total = every_choice(offered, count, distance)
    assert len(got) == number
    assert sum(one.score for one in got) == pytest.approx(total)


def test_the_best_place_gives_way_where_it_is_in_the_way_of_two():
    # The middle is the best and leaves no room for another; both ends hold one each.
    offered = [place(0, 0, 2, 0.5), place(4, 0, 2, 1.0), place(8, 0, 2, 0.5)]
    assert [one.shape.bounds[0] for one in best_set(offered, 2, 4.0)] == [0, 8]
    assert [one.shape.bounds[0] for one in best_set(offered, 1, 4.0)] == [4]


def only_zones(*shapes):
    """A plan in which J66 is at home in some zones alone, and nothing is uncertain."""
    zones = {f"z{at}": {"source": "w", "accuracy": 0, "title": {"zh": f"{at}"},
                        "industries": ["J66"]} for at in range(len(shapes))}  # fmt: skip
    plan = world(zones=zones, corridors={}, constraints={})
    study = plan.areas[plan.areas["id"] == "study_area"]
    rows = [
        study.assign(
            id=f"z{at}", kind="zone", geometry=[shapely.affinity.translate(one, EAST, NORTH)]
        )
        for at, one in enumerate(shapes)
    ]
    import pandas as pd

    areas = pd.concat([study, *rows], ignore_index=True).set_crs(CRS, allow_override=True)
    return Plan(plan.definition, areas)


def test_two_places_at_the_ends_of_a_strip_are_found():
    # 2600 m x 600 m: a place in the middle leaves no 800 m to either side for another.
    strip = only_zones(box(1000, 1000, 3600, 1600))
    got = strip.best_sites("J66", 200_000, count=2, apart=900)
    assert len(got) == 2
    assert got.geometry[0].distance(got.geometry[1]) >= 900


CORNERS = st.tuples(st.integers(0, 14), st.integers(0, 14), st.integers(3, 8), st.integers(3, 8))


@settings(max_examples=4, deadline=None)
@given(st.lists(CORNERS, min_size=1, max_size=2), st.sampled_from([100, 500]))
def test_where_roomy_squares_are_apart_as_many_places_are_found(corners, distance):
    """Squares a third wider than needed, by brute force; the search may lose a rim of cells."""
    zones = [box(x * 100, y * 100, (x + w) * 100, (y + h) * 100) for x, y, w, h in corners]
    plan = only_zones(*zones)
    ground, side = shapely.union_all(zones), 267.0
    steps = np.arange(0, 2300, 200)
    squares = [
        one for x in steps for y in steps
        if ground.buffer(1e-6).covers(one := box(x, y, x + side, y + side))
    ]  # fmt: skip
    most = next(
        (size for size in (2, 1)
         if any(all(a.distance(b) >= distance + 30 for a, b in combinations(some, 2))
                for some in combinations(squares, size))),
        0,
    )  # fmt: skip
    got = plan.best_sites("J66", 200.0**2, count=2, apart=distance)
    assert len(got) >= most
    moved = [shapely.affinity.translate(one, -EAST, -NORTH) for one in got.geometry]
    assert all(ground.buffer(1e-6).covers(one) for one in moved)
    assert all(a.distance(b) >= distance - 1e-6 for a, b in combinations(moved, 2))
    again = projects(*moved)
    assert (plan.check(again)["outcome"].astype(str) == "pass").all()


def test_a_place_keeps_clear_of_what_rules_it_out():
    plan = world(corridors={"axis": {
        "source": "w", "accuracy": 0, "title": {"zh": "轴"}, "within": 9000, "industries": ["J66"],
    }})  # fmt: skip
    red = shapely.affinity.translate(box(8000, 8000, 9000, 9000), EAST, NORTH)
    got = plan.best_sites("J66", 1_000_000, count=5, apart=200)
    assert len(got) == 5
    assert all(one.distance(red) >= 100 for one in got.geometry)
    assert isinstance(got.geometry[0].boundary, LineString)
