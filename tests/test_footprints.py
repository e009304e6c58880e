"""Footprints against an area: sizes as GEOS cuts them, margins as moving the whole edge gives."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.affinity import rotate
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from gisplan.siting.footprints import Target, shares, touching

SQUARE = box(0, 0, 1000, 1000)
COMB = MultiPolygon(
    [box(x, 0, x + 60, 1000) for x in range(0, 1000, 100)] + [box(-50, -80, 1050, -40)]
)
RING = Polygon(box(0, 0, 1000, 1000).exterior, [box(300, 300, 700, 700).exterior])


def scattered(count: int, seed: int) -> np.ndarray:
    """Synthetic parcels and lines in and around 0..1000."""
    random = np.random.default_rng(seed)
    shapes = [
        rotate(box(x, y, x + w, y + h), angle)
        for x, y, w, h, angle in zip(
            random.uniform(-300, 1200, count), random.uniform(-300, 1200, count),
            random.uniform(5, 150, count), random.uniform(5, 150, count),
            random.uniform(0, 90, count), strict=True,
        )
    ]  # fmt: skip
    lines = [LineString(shape.exterior.coords[:4]) for shape in shapes[: count // 4]]
    return np.array([*shapes, *lines], dtype=object)


@pytest.mark.parametrize("area", [SQUARE, COMB, RING], ids=["square", "comb", "ring"])
def test_sizes_are_those_of_the_cut(area):
    wholes = scattered(200, 1)
    inside = Target(area).inside(wholes)
    cut = shapely.intersection(wholes, area)
    polygon = shapely.get_dimensions(wholes) == 2
    measured = np.where(polygon, shapely.area(inside), shapely.length(inside))
    expected = np.where(polygon, shapely.area(cut), shapely.length(cut))
    np.testing.assert_allclose(measured, expected, atol=1e-9, rtol=1e-12)


@pytest.mark.parametrize("area", [SQUARE, COMB, RING], ids=["square", "comb", "ring"])
def test_moving_the_whole_edge_by_the_margin_is_what_decides(area):
    """The oracle moves all of the area, finely rounded, a little less and a little more."""
    wholes = scattered(60, 2)
    margin, _ = shares(wholes, Target(area), 0.5)
    for whole, told in zip(wholes, margin, strict=True):
        size = shapely.area if shapely.get_dimensions(whole) == 2 else shapely.length
        radius = shapely.minimum_bounding_radius(whole)
        chord = min(1.3e-3 * abs(told), 1e-2 * radius) + 2e-5 * abs(told)
        step = (2 * radius + 1) / 16384 + chord + 1e-6

        def holds(by, whole=whole, size=size):
            moved = area.buffer(-by, quad_segs=256)
            return size(whole.intersection(moved)) >= 0.5 * size(whole) * (1 - 1e-9)

        assert holds(told - 2 * step)
        assert not holds(told + 2 * step)


@pytest.mark.parametrize("area", [SQUARE, COMB, RING], ids=["square", "comb", "ring"])
def test_growing_or_shrinking_a_constraint_by_the_margin_is_what_touches(area):
    """Where 1 m² decides, only the edge next to a corner counts: the oracle moves all of it."""
    wholes = scattered(40, 4)
    wholes = wholes[shapely.get_dimensions(wholes) == 2]
    margin, touch = touching(wholes, Target(area), 1.0)
    assert (touch > 1).any()
    assert (touch == 0).any()
    for whole, told in zip(wholes, margin, strict=True):
        radius = shapely.minimum_bounding_radius(whole)
        chord = min(1.3e-3 * abs(told), 1e-2 * radius) + 2e-5 * abs(told)
        step = 2 * ((2 * radius + 1) / 16384 + chord + 1e-6)
        least, most = (whole.intersection(area.buffer(told + by, quad_segs=256)).area
                       for by in (-step, step))  # fmt: skip
        assert least <= 1 + 1e-9
        assert most >= 1 - 1e-9


@pytest.mark.parametrize(
    ("whole", "wanted", "share", "margin"),
    [
        (box(-50, 400, 50, 500), 0.5, 0.5, 0.0),
        (box(-25, 400, 75, 500), 0.5, 0.75, 25.0),
        (box(-75, 400, 25, 500), 0.5, 0.25, -25.0),
        (box(-300, 400, -200, 500), 0.5, 0.0, -250.0),
        (box(400, 400, 500, 500), 0.5, 1.0, 500 - np.sqrt(5000)),
        (LineString([(-30, 500), (70, 500)]), 0.5, 0.7, 20.0),
    ],
)
def test_answers_by_mental_arithmetic(whole, wanted, share, margin):
    found, inside = shares(np.array([whole], dtype=object), Target(SQUARE), wanted)
    assert inside[0] == pytest.approx(share)
    assert found[0] == pytest.approx(margin, abs=0.05)


def test_an_edge_in_common_touches_nothing_and_a_setback_counts():
    beside = np.array([box(1000, 0, 1100, 100), box(1060, 0, 1160, 100)], dtype=object)
    _, touch = touching(beside, Target(SQUARE), 1.0)
    assert touch.tolist() == [0.0, 0.0]
    margin, touch = touching(beside, Target(SQUARE, 100.0), 1.0)
    assert touch == pytest.approx([100 * 100, 40 * 100], rel=1e-3)
    assert (margin < 0).all()


def test_a_footprint_is_measured_alike_alone_and_among_others():
    wholes, target = scattered(80, 3), Target(COMB)
    together = touching(wholes, target, 1.0)
    alone = [touching(wholes[at : at + 1], target, 1.0) for at in range(len(wholes))]
    for at in (0, 1):
        np.testing.assert_array_equal(together[at], np.concatenate([one[at] for one in alone]))


@pytest.mark.parametrize("turn", [0.0, 33.0, 57.0])
def test_where_all_of_a_footprint_counts_the_margin_is_that_of_its_last_corner(turn):
    """A share of 1: what rounding leaves out of the whole may not send the edge on and on."""
    area = MultiPolygon([box(0, 0, 400, 400), box(400, 400, 1000, 1000)])
    wholes = [box(52.5, 674.9, 202.5, 824.9), box(-650, -500, -250, -100)]
    wholes.append(wholes[0].difference(box(100, 700, 150, 800)))
    area, *wholes = (rotate(one, turn, origin=(0, 0)) for one in (area, *wholes))
    margin, _ = shares(np.array(wholes), Target(area), 1.0)
    for whole, told in zip(wholes, margin, strict=True):
        last = max(shapely.distance(shapely.points(whole.exterior.coords), area))
        # To a diameter / 16 384; the chords of a corner that is away a hundredth of the radius.
        assert -told == pytest.approx(last, abs=0.3 if whole is wholes[1] else 0.1)


@pytest.mark.parametrize("turn", [0.0, 14.0, 33.0])
def test_where_no_square_metre_is_allowed_the_margin_frees_all_of_it(turn):
    """A square of 1 km reaches 70 m under a footprint of 3 km; one of 20 m lies in its middle."""
    area, wide, within = box(0, 0, 1000, 1000), box(-500, 930, 2500, 3930), box(490, 490, 510, 510)
    area, wide, within = (rotate(one, turn, origin=(0, 0)) for one in (area, wide, within))
    margin, touch = touching(np.array([wide, within]), Target(area), 0.0)
    assert touch == pytest.approx([70_000, 400], rel=1e-9)
    assert margin == pytest.approx([-70, -500], abs=0.5)
    kept, _ = touching(np.array([wide]), Target(area, 50.0), 0.0)
    assert kept == pytest.approx([-120], abs=0.5)


@pytest.mark.parametrize("wanted", [1.0, 1 - 1e-10, 1 - 1e-7])
def test_the_search_ends_as_near_as_it_says_however_the_sizes_lie(wanted):
    """Squares above a square: the edge has to come as far as their highest corner."""
    random = np.random.default_rng(3)
    lots = random.uniform((200, 5, 0), (600, 200, 90), (60, 3))
    wholes = np.array([rotate(box(x, 1100, x + side, 1100 + side), t) for x, side, t in lots])
    margin, _ = shares(wholes, Target(box(0, 0, 1000, 1000)), wanted)
    highest = shapely.bounds(wholes)[:, 3] - 1000
    assert (np.abs(highest + margin) / lots[:, 1]).max() < 1e-3
