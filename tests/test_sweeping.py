"""What an edge sweeps of footprints: as the whole edge, very finely rounded, cuts it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from gisplan.siting.sweeping import Sweep

UNIT = box(0, 0, 10, 10)


def array(*shapes):
    return np.array([*shapes, None], dtype=object)[:-1]


def sweep(whole, edge):
    return Sweep(array(whole), array(edge), shapely.distance(array(whole), array(edge)))


def swept(whole, edge, *distances):
    made = sweep(whole, edge)
    assert made.known.tolist() == [True]
    return [float(made.swept(np.array([0]), np.array([one]))[0]) for one in distances]


@pytest.mark.parametrize(
    ("edge", "distances", "areas"),
    [
        ([(-5, -3), (15, -3)], (2, 3, 4, 8.5, 13, 99), (0, 0, 10, 55, 100, 100)),
        ([(15, -3), (-5, -3)], (4, 99), (10, 100)),  # drawn the other way
        ([(-20, -2), (-2, -2), (-2, -20)], (2, np.hypot(12, 12)), (0, 100)),  # a corner away
        ([(-20, 0), (0, 0), (0, -20)], (0, 5, 10), (0, 25 * np.pi / 4, 25 * np.pi)),
        ([(-2, 30), (-2, -2), (30, -2)], (2, 4, 12), (0, 36, 100)),  # a corner about it
        ([(-9, 10), (-9, -9), (40, -9)], (9, 10, 19), (0, 19, 100)),
        ([(-5, -3), (2, -3), (15, -3)], (4, 8), (10, 50)),  # a corner that does not bend
    ],
)
def test_areas_by_mental_arithmetic(edge, distances, areas):
    assert swept(UNIT, LineString(edge), *distances) == pytest.approx(areas, abs=1e-9)


@st.composite
def chains(draw):
    """A footprint, and a chain below it that bends away, or once about it."""
    size = draw(st.sampled_from([0.05, 1.0, 20.0]))
    far = draw(st.sampled_from([0.0, 0.5, 5.0, 200.0]))
    shape = draw(
        st.sampled_from(
            [
                UNIT,
                rotate(UNIT, 33),
                Polygon([(0, 0), (10, 0), (10, 10), (6, 3)]),
                UNIT.difference(box(3, 3, 6, 6)),
                MultiPolygon([box(0, 0, 3, 9), box(5, 1, 10, 2)]),
            ]
        )
    )
    if draw(st.booleans()):
        bends = draw(st.lists(st.floats(-0.9, 0.0), min_size=0, max_size=3))
    else:
        bends = [draw(st.floats(0.02, 2.5))]
    steps = [draw(st.floats(2, 30)) for _ in range(len(bends) + 1)]
    steps[0] += 4000
    steps[-1] += 4000
    turns = np.cumsum([-sum(bends) / 2, *bends])
    corners = np.cumsum([np.array([np.cos(t), np.sin(t)]) * s
                         for t, s in zip(turns, steps, strict=True)], axis=0)  # fmt: skip
    corners = np.vstack([[0, 0], corners])
    chain = LineString((corners - corners[1]) * size)
    shape = translate(shapely.transform(shape, lambda c: c * size), draw(st.floats(-9, 9)) * size)
    gap = shapely.bounds(shape)[1] - size * far
    nearest = shape.distance(chain)
    shape = translate(shape, 0, max(0.0, nearest - gap) + size * far + size * 12)
    turn, away = draw(st.floats(0, 360)), draw(st.sampled_from([0.0, 4e5]))
    placed = [translate(rotate(one, turn, origin=(0, 0)), away, 9 * away) for one in (shape, chain)]
    if draw(st.booleans()):
        placed[1] = shapely.reverse(placed[1])
    return placed, size


@settings(max_examples=120, deadline=None)
@given(chains(), st.floats(0.01, 0.99))
def test_it_is_what_the_edge_very_finely_rounded_cuts(drawn, share):
    (whole, chain), size = drawn
    made = sweep(whole, chain)
    low = whole.distance(chain)
    high = shapely.hausdorff_distance(whole, chain.intersection(whole.buffer(2 * low + 99 * size)))
    distance = low + share * min(high - low, 15 * size)
    if not made.known[0]:
        return
    cut = whole.intersection(chain.buffer(distance, quad_segs=3000)).area
    told = float(made.swept(np.array([0]), np.array([distance]))[0])
    # Chords lie within their circle by r (π / 12000)² / 2; over no more than the footprint.
    chord = 4e-8 * distance * whole.length + 1e-6 * size * size + 1e-6 * whole.length
    assert told == pytest.approx(cut, abs=chord)
    assert made.swept(np.array([0]), np.array([low]))[0] == pytest.approx(0, abs=1e-6 * whole.area)
    assert made.swept(np.array([0]), np.array([1e7]))[0] == pytest.approx(whole.area, rel=1e-6)


def test_most_chains_that_bend_one_way_are_told():
    """The law above passes over what is not told: here it may not be much."""
    random, known = np.random.default_rng(1), []
    for turn in random.uniform(0, 360, 100):
        corner = LineString([(-900, -300), (0, 0), (900, -300)])
        whole = translate(rotate(UNIT, turn), random.uniform(-200, 200), random.uniform(90, 300))
        for chain in (corner, shapely.reverse(corner)):
            known.append(bool(sweep(whole, chain).known[0]))
            nook = rotate(chain, 180, origin=(0, 0))
            known.append(bool(sweep(whole, translate(nook, 0, -300)).known[0]))
    assert np.mean(known) == 1.0


@pytest.mark.parametrize(
    ("whole", "edge"),
    [
        (UNIT, LineString([(-9, -9), (0, -3), (5, -9), (9, -3), (20, -9)])),  # to and fro
        (UNIT, LineString([(2, -3), (4, -3)])),  # not all of it is above
        (UNIT, LineString([(-5, 5), (15, 5)])),  # through it
        (UNIT, LineString([(-9, -9), (-9, -9)])),
        (UNIT, LineString([(-5, -3), (15, -3), (-5, -3)])),  # there and back
        (UNIT, LineString(box(-5, -5, 15, 15).exterior.coords)),  # all around
        (UNIT, shapely.MultiLineString([[(-5, -3), (15, -3)], [(-5, 13), (15, 13)]])),
        (LineString([(0, 0), (9, 9)]), LineString([(-5, -3), (15, -3)])),
        (Polygon(), LineString([(-5, -3), (15, -3)])),
    ],
)
def test_others_are_left_to_geos(whole, edge):
    assert Sweep(array(whole), array(edge), np.zeros(1)).known.tolist() == [False]


def test_a_footprint_is_told_alike_alone_and_among_others():
    random = np.random.default_rng(2)
    edge = LineString([(-9000, -9000), (0, 0), (9000, -8000)])
    wholes = array(*(translate(rotate(UNIT, t), x, 9000)
                     for t, x in random.uniform(-4000, 4000, (50, 2))))  # fmt: skip
    edges, low = np.full(50, edge), shapely.distance(wholes, edge)
    rows = np.flatnonzero((made := Sweep(wholes, edges, low)).known)
    assert len(rows) > 40
    together = made.swept(rows, low[rows] + 4)
    for row, told in zip(rows, together, strict=True):
        alone = Sweep(wholes[[row]], edges[[row]], low[[row]])
        assert alone.swept(np.array([0]), low[[row]] + 4)[0] == told
    assert Sweep(wholes[:0], edges[:0], low[:0]).known.tolist() == []
