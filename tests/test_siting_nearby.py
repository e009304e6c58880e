"""What is measured only where it can matter gives the verdicts of what is measured everywhere."""

from __future__ import annotations

import importlib.util

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from gisplan.columns import Coded, Columns
from gisplan.definition import PlanDefinition
from gisplan.siting import (
    AREA,
    Places,
    check_places,
    fast,
    index_of,
    judge_facts,
    measure_places,
    nearby,
    tiles,
)
from gisplan.terms import OUTCOMES
from tests.worlds import EAST, NORTH, definition

ORIGIN = np.array([EAST, NORTH])
KINDS = ("study_area", "zone", "corridor", "constraint")
CODES = ["J66", "R88", "J", "E48", None]
OUTCOME = st.sampled_from(OUTCOMES)
ACCURACY = st.sampled_from([0.0, 0.0, 5.0, 40.0, 300.0])
WANTED = st.sampled_from([[], ["J66"], ["J66"], ["R88", "J"], ["E"]])
CASCADES = [
    OUTCOMES,
    ("unknown", "fail", "review", "pass", "conditional", "not_applicable"),
    ("review", "unknown", "fail", "conditional", "pass", "not_applicable"),
]
PLACE = st.integers(-1000, 11_000).map(float)
JUDGES = ["plain", pytest.param("fast", marks=pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="extra fast"))]  # fmt: skip


def polygon(draw) -> shapely.Geometry:
    """A box or a circle, often two of them, some in one another, some with a hole."""
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        x, y, size = draw(PLACE), draw(PLACE), draw(st.sampled_from([30.0, 400.0, 2500.0]))
        round_ = draw(st.booleans())
        one = shapely.Point(x, y).buffer(size, quad_segs=6) if round_ else shapely.box(
            x, y, x + size, y + draw(st.sampled_from([10.0, size]))
        )  # fmt: skip
        if draw(st.booleans()):
            one = one.difference(shapely.Point(one.centroid).buffer(size / 5, quad_segs=2))
        parts.append(one)
    return shapely.union_all(parts)


@st.composite
def worlds(draw) -> tuple[PlanDefinition, Columns]:
    """A plan of any policy with its areas; some have no data, and some lie on one another."""
    shapes, layers = {"study_area": shapely.box(0, 0, 10_000, 10_000)}, {}
    for kind, most in (("zone", 5), ("corridor", 3), ("constraint", 5)):
        for at in range(draw(st.integers(1 if kind == "zone" else 0, most))):
            key = f"{kind[:4]}{at}"
            line = shapely.LineString([(draw(PLACE), draw(PLACE)) for _ in range(2)] + [(9e3, 9e3)])
            shape = line if kind == "corridor" else polygon(draw)
            earlier = [one for other, one in shapes.items() if other.startswith(kind[:4])]
            shape = earlier[0] if earlier and draw(st.integers(0, 5)) == 0 else shape
            shapes[key] = None if draw(st.integers(0, 9)) == 0 else shape
            layer = {"source": "x", "accuracy": draw(ACCURACY), "title": {"zh": "x"}}
            if kind == "constraint":
                layer |= {
                    "effect": draw(st.sampled_from(["prohibit", "review"])),
                    "setback": draw(st.sampled_from([0.0, 0.0, 150.0])),
                    "required": draw(st.booleans()),
                }
                if draw(st.integers(0, 5)) == 0:
                    shapes[f"cover of {key}"] = shapely.box(0, 0, draw(PLACE) + 2000, 9000)
                    layer["coverage"] = "x"
                if shapes[key] is None and draw(st.booleans()):
                    del layer["source"]
            else:
                layer["industries"] = draw(WANTED)
            if kind == "corridor":
                layer["within"] = draw(st.sampled_from([50.0, 500.0]))
            layers.setdefault(f"{kind}s", {})[key] = layer
    unmet = ("in_study_area", "location", "industry_fit", "prohibit", "review")
    policy = {
        "threshold": draw(st.sampled_from([0.6, 0.95, 0.999])),
        "cascade": draw(st.sampled_from(CASCADES)),
        "default_accuracy": draw(ACCURACY),
        "public_services": ["E48"],
        "industry_missing": draw(OUTCOME),
        "unmet": {rule: draw(OUTCOME) for rule in unmet if draw(st.integers(0, 3)) == 0},
    }
    plan = definition(
        draw(ACCURACY), policy=policy,
        **{name: layers.get(name, {}) for name in ("zones", "corridors", "constraints")},
    )  # fmt: skip
    kinds = {kind[:4]: kind for kind in KINDS} | {"cove": "coverage"}
    names = [key.removeprefix("cover of ") for key in shapes]
    moved = [one if one is None else translate(one, EAST, NORTH) for one in shapes.values()]
    areas = Columns({
        "kind": np.array([kinds[key[:4]] for key in shapes], dtype=object),
        "id": np.array(names, dtype=object), "geometry": np.array(moved, dtype=object),
    })  # fmt: skip
    return plan, areas


@st.composite
def listed_places(draw, areas: Columns) -> tuple[np.ndarray, Columns]:
    """Places anywhere, on corners and edges, by a hair beside them, and on borders of cells."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    drawn = [one for one in areas["geometry"] if one is not None]
    corners = random.permutation(shapely.get_coordinates(drawn))[:40]
    frame = index_of(areas).frame
    steps = random.integers(0, 33, (30, 2)) * (frame[2] / 32) + frame[:2]
    hairs = corners + random.choice([1e-9, -1e-7, 1e-6, 2e-6, 1e-3, -0.5, 60], corners.shape)
    spots = random.uniform(-4000, 14_000, (150, 2)) + ORIGIN
    xy = np.concatenate([spots, corners, hairs, steps, np.nextafter(steps, np.inf)])
    rows = len(xy)
    choices = draw(st.sampled_from(
        [[np.nan], [0.0, np.nan], [0.0, 5.0, 300.0], [3.0, 1e6], [2.0, 1e308, np.inf]]
    ))  # fmt: skip
    codes = Coded.of(random.choice(np.array(CODES, dtype=object), rows))
    return xy, Columns({"accuracy": random.choice(choices, rows), "industry_code": codes}, rows)


def same(mine: Columns, its: Columns) -> None:
    assert list(mine) == list(its)
    for name in its:
        left, right = mine.array(name), its.array(name)
        if right.dtype == float:
            missing = np.isnan(right)
            np.testing.assert_array_equal(np.isnan(left), missing, err_msg=name)
            left, right = left[~missing].view(np.int64), right[~missing].view(np.int64)
        np.testing.assert_array_equal(left, right, err_msg=name)


def judged(judge: str, facts: Columns, plan: PlanDefinition, near: nearby.Near) -> Columns:
    if judge == "plain":
        return judge_facts(facts, plan)
    told = fast.judge_fast(facts, plan, near)
    assert told is not None
    return told


@pytest.mark.parametrize("judge", JUDGES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_is_far_changes_no_verdict(judge, data):
    plan, areas = data.draw(worlds())
    xy, listed = data.draw(listed_places(areas))
    index = index_of(areas)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearby, "_LAST", 5)
        ground = nearby.Nearby(areas, plan, index)
        assert ground.possible
        places = Places.at_points(*np.ascontiguousarray(xy.T))
        whole = judge_facts(measure_places(places, listed, areas, plan), plan)
        seen = []
        for rows, here in ground.blocks(places):
            facts, near = ground.facts(here, listed.take(rows))
            same(judged(judge, facts, plan, near), whole.take(rows))
            seen.append(rows)
    assert sorted(np.concatenate(seen)) == list(range(len(xy)))


def towns() -> tuple[PlanDefinition, gpd.GeoDataFrame]:
    """A plan of 16 zones, 2 corridors and 16 constraints, all drawn to 5 m: most are far."""
    layer = {"source": "x", "accuracy": 5, "title": {"zh": "x"}}
    east, north = (1250 + 2500 * np.arange(16) % 10_000, 1250 + 2500 * (np.arange(16) // 4))
    shapes = {"study_area": ("study_area", shapely.box(0, 0, 10_000, 10_000))}
    shapes |= {f"z{at}": ("zone", shapely.Point(east[at], north[at]).buffer(900))
               for at in range(16)}  # fmt: skip
    shapes |= {f"r{at}": ("constraint", shapely.Point(east[at] + 300, north[at]).buffer(200))
               for at in range(16)}  # fmt: skip
    shapes |= {f"c{at}": ("corridor", shapely.LineString([(0, y), (10_000, y)]))
               for at, y in enumerate((1000, 9000))}  # fmt: skip
    plan = definition(
        5, zones={f"z{at}": {**layer, "industries": ["J66"]} for at in range(16)},
        corridors={f"c{at}": {**layer, "within": 300} for at in range(2)},
        constraints={f"r{at}": {**layer, "effect": "prohibit"} for at in range(16)},
    )  # fmt: skip
    rows = [
        {"id": key, "kind": kind, "geometry": translate(shape, EAST, NORTH)}
        for key, (kind, shape) in shapes.items()
    ]
    return plan, gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs="EPSG:4547")


def test_most_areas_are_measured_nowhere_near_everywhere():
    """Of 35 margins a point, about five are measured: the law above is about something."""
    plan, frame = towns()
    areas = Columns.of(frame, *AREA)
    spots = np.random.default_rng(4).uniform(0, 10_000, (2000, 2)) + ORIGIN
    places = Places.at_points(*np.ascontiguousarray(spots.T))
    ground = nearby.Nearby(areas, plan, index_of(areas))
    ((rows, here),) = ground.blocks(places)
    facts, near = ground.facts(here, Columns({}, 2000))
    measured = np.isfinite(near.ruled).sum() + np.isfinite(near.values).sum()
    assert 2 * 2000 < measured < 6 * 2000
    # Whoever is in a constraint keeps its margin, and the others' are of no account.
    whole = measure_places(places, Columns({}, 2000), areas, plan)
    within = whole.array("margin:r3")[rows] < -30
    assert within.any()
    np.testing.assert_array_equal(
        facts.array("margin:r3")[within], whole.array("margin:r3")[rows][within]
    )


@pytest.mark.parametrize("judge", JUDGES)
def test_a_long_list_of_points_footprints_and_nothing_is_checked_alike(monkeypatch, judge):
    plan, frame = towns()
    areas = Columns.of(frame, *AREA)
    random = np.random.default_rng(5)
    spots = random.uniform(-2000, 12_000, (3000, 2)) + ORIGIN
    shapes = np.asarray(shapely.points(spots), dtype=object)
    shapes[::70] = shapely.box(*spots[::70].T, *(spots[::70] + 150).T)
    shapes[::91] = None
    listed = Columns({"intake_issues": Coded.of(random.choice(["", "GP-INT-020"], 3000))})
    held = ~shapely.is_missing(shapes)
    asked = Places.of(shapes), listed, held, areas, plan
    plain = check_places(*asked, index_of(areas))
    made = []
    monkeypatch.setattr(tiles, "WORTH", 0)
    monkeypatch.setattr(nearby, "_BLOCK", 512)
    monkeypatch.setattr(tiles, "Nearby", lambda *a: made.append(nearby.Nearby(*a)) or made[-1])
    if judge == "plain":
        monkeypatch.setattr(tiles, "judge_fast", lambda *_: None)
    index = index_of(areas)
    same(check_places(*asked, index), plain)
    same(check_places(*asked, index), plain)
    assert len(made) == 1  # the grid is kept with the index


@pytest.mark.parametrize("judge", JUDGES)
def test_a_place_too_far_to_be_measured_is_none_for_every_way(monkeypatch, judge):
    plan, areas = towns()
    if judge == "plain":
        monkeypatch.setattr(tiles, "judge_fast", lambda *_: None)
    known, x = Columns.of(areas, *AREA), np.array([1e308, -1e200, 1e12, EAST, np.inf])
    y, held = np.array([0.0, 1e308, 1e12, NORTH, NORTH]), np.ones(5, dtype=bool)
    drawn = np.asarray(shapely.points(x, y), dtype=object)
    one_by_one, many = index_of(known), index_of(known)
    many.least = 2_000_000
    told = [
        check_places(places, Columns({}, 5), held, known, plan, index)
        for places, index in ((Places.at_points(x, y), many), (Places.of(drawn), one_by_one))
    ]
    same(*told)
    unknown = told[0].texts("outcome") == "unknown"
    assert unknown.tolist() == [True, True, False, False, True]


def test_a_plan_of_too_many_areas_for_a_word_has_no_grid():
    layer = {"source": "x", "accuracy": 1, "title": {"zh": "x"}}
    plan = definition(zones={f"z{at}": layer for at in range(nearby.MOST + 1)})
    _, frame = towns()
    areas = Columns.of(frame, *AREA)
    assert not nearby.Nearby(areas, plan, index_of(areas)).possible
