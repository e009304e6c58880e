"""Areas in common without geometry: as GEOS cuts them, and as counting squares gives them."""

from __future__ import annotations

import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, scale, translate
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from gisplan.errors import CrsError
from gisplan.overlaps import Ground, rounding
from gisplan.overlaps import ground as ground_module
from gisplan.overlaps.table import overlap_table

SQUARE = box(0, 0, 100, 100)
HOLED = Polygon(box(0, 0, 100, 100).exterior, [box(30, 30, 70, 70).exterior])
COMB = MultiPolygon([box(x, 0, x + 6, 100) for x in range(0, 100, 10)] + [box(-5, -8, 105, -4)])
STAR = Polygon(
    [(50 + r * np.cos(a), 50 + r * np.sin(a))
     for a, r in zip(np.linspace(0, 2 * np.pi, 40, endpoint=False), [60, 20] * 20, strict=True)]
)  # fmt: skip
AREAS = {"square": SQUARE, "holed": HOLED, "comb": COMB, "star": STAR}


def array(*shapes):
    return np.array([*shapes, None], dtype=object)[:-1]


def common(whole, area):
    """What two polygons have in common by the sum of strips, 0 where there is no pair."""
    found = Ground(array(area)).overlaps(array(whole)).area
    return float(found[0]) if len(found) else 0.0


def allowed(whole):
    """The tolerance that `Ground.overlaps` states: 1e-9 of it, 1e-8 m² a metre at 4000 km."""
    return rounding(array(whole))[0]


@pytest.mark.parametrize(
    ("whole", "area", "expected"),
    [
        (box(-50, 40, 50, 50), SQUARE, 500),
        (box(20, 20, 80, 80), SQUARE, 3600),
        (box(20, 20, 80, 80), HOLED, 2000),  # 60 x 60 less the hole of 40 x 40
        (box(40, 40, 60, 60), HOLED, 0),  # in the hole
        (box(30, 30, 70, 70), HOLED, 0),  # fills it to the edge
        (box(100, 0, 200, 100), SQUARE, 0),  # an edge in common
        (box(100, 100, 200, 200), SQUARE, 0),  # a corner in common
        (box(0, 0, 100, 100), SQUARE, 10_000),  # the same ground
        (box(-10, -10, 110, 110), SQUARE, 10_000),
        (box(-10, -10, 110, 110), HOLED, 8_400),
        (box(0, 10, 100, 20), COMB, 600),
        (box(-50, -6, 150, -2), COMB, 220),
        (Polygon([(50, 0), (100, 50), (50, 100), (0, 50)]), SQUARE, 5_000),
        (Polygon([(50, -50), (150, 50), (50, 150), (-50, 50)]), SQUARE, 10_000),
        (MultiPolygon([box(-10, 0, 10, 10), box(90, 0, 110, 10)]), SQUARE, 200),
    ],
)
def test_areas_by_mental_arithmetic(whole, area, expected):
    assert common(whole, area) == pytest.approx(expected, rel=1e-12)
    assert common(area, whole) == pytest.approx(expected, rel=1e-12)


# --- laws --------------------------------------------------------------------------------------

_PLACE = st.integers(-12, 12)
_SNAPPED = st.lists(st.tuples(_PLACE, _PLACE), min_size=3, max_size=9, unique=True)


@st.composite
def polygons(draw):
    """Polygons on a grid of few places: they touch, share corners and lie on each other."""
    corners = draw(_SNAPPED)
    middle = np.mean(corners, axis=0)
    turns = [np.arctan2(y - middle[1], x - middle[0]) for x, y in corners]
    around = [corners[at] for at in np.argsort(turns, kind="stable")]
    drawn = shapely.Polygon(around)
    if draw(st.booleans()):
        drawn = drawn.difference(shapely.Polygon(draw(_SNAPPED)).convex_hull)
    if draw(st.booleans()):
        drawn = drawn.union(box(*draw(st.sampled_from([(3, 3, 7, 9), (-9, -2, -4, 1)]))))
    parts = [one for one in shapely.get_parts(drawn.buffer(0)) if one.area > 0]
    return MultiPolygon(parts) if len(parts) > 1 else (parts or [box(0, 0, 1, 1)])[0]


@st.composite
def placed(draw):
    """Two polygons turned, stretched from millimetres to kilometres, and moved far away."""
    one, other = draw(polygons()), draw(polygons())
    size = draw(st.sampled_from([1e-3, 1.0, 1e3]))
    turn = draw(st.sampled_from([0, 0, 90, 30, 1e-7]))
    away = draw(st.sampled_from([0.0, 5e5, 1e7]))
    moved = (translate(rotate(scale(shape, size, size, origin=(0, 0)), turn, origin=(0, 0)),
                       away, -away / 2) for shape in (one, other))  # fmt: skip
    found = [shape if shape.is_valid and shape.area > 0 else box(away, 0, away + 1, 1)
             for shape in moved]  # fmt: skip
    return tuple(found)


@settings(max_examples=150, deadline=None)
@given(placed())
def test_it_is_what_geos_cuts_and_the_same_both_ways(pair):
    one, other = pair
    cut = one.intersection(other).area
    assert common(one, other) == pytest.approx(cut, abs=allowed(one))
    assert common(other, one) == pytest.approx(cut, abs=allowed(other))
    assert 0 <= common(one, other) <= one.area + allowed(one)
    if not one.intersects(other) or one.touches(other):
        assert common(one, other) == 0.0
    if other.contains_properly(one):
        assert common(one, other) == one.area


@settings(max_examples=60, deadline=None)
@given(polygons(), polygons(), st.integers(-12, 12))
def test_parts_add_up_to_the_whole(whole, area, cut):
    """Cut the area along a line: what lies on the halves is what lies on it; the rest too."""
    halves = [area.intersection(box(-99, -99, cut, 99)), area.intersection(box(cut, -99, 99, 99))]
    parts = [common(whole, half) for half in halves if half.area > 0]
    assert sum(parts) == pytest.approx(common(whole, area), abs=1e-9)
    rest = whole.difference(area)
    assert common(whole, area) + rest.area == pytest.approx(whole.area, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(polygons(), polygons(), st.floats(0, 360), st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_it_moves_and_turns_with_the_ground(whole, area, turn, east, north):
    moved = [translate(rotate(one, turn, origin=(0, 0)), east, north) for one in (whole, area)]
    if all(one.is_valid for one in moved):
        assert common(*moved) == pytest.approx(common(whole, area), abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(polygons(), polygons())
def test_counting_squares_finds_as_much(whole, area):
    """An oracle without cutting: 200 x 200 squares; off by no more than the edges pass through."""
    x0, y0, x1, y1 = whole.bounds
    side = np.array([x1 - x0, y1 - y0]) / 200
    x, y = np.meshgrid(x0 + (np.arange(200) + 0.5) * side[0], y0 + (np.arange(200) + 0.5) * side[1])
    hit = shapely.contains_xy(whole, x.ravel(), y.ravel())
    hit &= shapely.contains_xy(area, x.ravel(), y.ravel())
    off = (whole.length + area.length) * np.hypot(*side) + side.prod()
    assert common(whole, area) == pytest.approx(hit.sum() * side.prod(), abs=off)


def crowd(count=300, seed=1):
    random = np.random.default_rng(seed)
    wide, high = random.uniform(1, 40, (2, count))
    where = random.uniform(-40, 130, (count, 2))
    drawn = [rotate(box(x, y, x + w, y + h), random.uniform(0, 90))
             for (x, y), w, h in zip(where, wide, high, strict=True)]  # fmt: skip
    return np.array(
        [
            *drawn,
            *(one.union(translate(one, 60, 5)) for one in drawn[:40]),
            *(one.difference(one.buffer(-0.4)) for one in drawn[40:80]),
        ],
        dtype=object,
    )


def test_many_against_many_are_the_pairs_and_areas_of_geopandas():
    wholes, areas = crowd(), np.array(list(AREAS.values()), dtype=object)
    told = overlap_table(
        gpd.GeoDataFrame(geometry=wholes, crs=4547, index=np.arange(len(wholes)) + 7),
        gpd.GeoDataFrame({"id": list(AREAS)}, geometry=areas, crs=4547).set_index("id"),
    )
    theirs = gpd.overlay(
        gpd.GeoDataFrame({"footprint": np.arange(len(wholes)) + 7}, geometry=wholes, crs=4547),
        gpd.GeoDataFrame({"polygon": list(AREAS)}, geometry=areas, crs=4547),
    )
    theirs = theirs.assign(area=theirs.area).groupby(["footprint", "polygon"])["area"].sum()
    mine = told.set_index(["footprint", "polygon"])["area"]
    assert set(mine.index) == set(theirs.index)
    np.testing.assert_allclose(mine, theirs[mine.index], rtol=0, atol=1e-9 * 1600)
    assert told["share"].between(0, 1).all()
    assert told["footprint"].is_monotonic_increasing


def test_a_footprint_is_measured_alike_alone_and_among_others():
    """To the last bit: a check in parts has to be the whole check."""
    wholes, ground = crowd(seed=2), Ground(np.array(list(AREAS.values()), dtype=object))
    together = ground.overlaps(wholes)
    alone = [ground.overlaps(wholes[at : at + 1]) for at in range(len(wholes))]
    np.testing.assert_array_equal(together.area, np.concatenate([one.area for one in alone]))
    backwards = ground.overlaps(wholes[::-1])
    order = np.lexsort((backwards.polygon, len(wholes) - 1 - backwards.whole))
    np.testing.assert_array_equal(together.area, backwards.area[order])


def test_blocks_bound_the_memory_and_change_nothing(monkeypatch):
    wholes, areas = crowd(seed=3), np.array(list(AREAS.values()), dtype=object)
    whole = Ground(areas).overlaps(wholes)
    monkeypatch.setattr("gisplan.overlaps.ground._BLOCK", 7)
    monkeypatch.setattr("gisplan.overlaps.ground._ROWS", 40)
    monkeypatch.setattr("gisplan.overlaps.strips._PAIRS", 50)
    for mine, theirs in zip(Ground(areas).overlaps(wholes), whole, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_pieces_are_the_ground_in_common():
    wholes, areas = crowd(seed=4), np.array(list(AREAS.values()), dtype=object)
    whole, polygon, pieces = Ground(areas).pieces(wholes)
    found = Ground(areas).overlaps(wholes)
    np.testing.assert_array_equal(whole, found.whole)
    np.testing.assert_array_equal(polygon, found.polygon)
    np.testing.assert_allclose(shapely.area(pieces), found.area, atol=1e-9 * 1600)
    assert (shapely.get_dimensions(pieces) == 2).all()
    assert set(shapely.get_type_id(pieces)) <= {3, 6}
    for at in range(0, len(whole), 17):
        cut = wholes[whole[at]].intersection(areas[polygon[at]])
        assert pieces[at].symmetric_difference(cut).area <= 1e-9


# --- what decides, and what cannot be measured ---------------------------------------------------


def test_near_a_limit_geos_decides():
    """Which side of a limit rounding falls on is GEOS' to say, bit for bit."""
    random = np.random.default_rng(5)
    turned = [
        rotate(box(-5, 3, 5, 13), turn, origin=(50, 50)) for turn in random.uniform(0, 360, 60)
    ]
    ground = Ground(array(rotate(SQUARE, 17, origin=(50, 50))))
    cut = shapely.area(shapely.intersection(array(*turned), ground.polygons[0]))
    assert 10 < np.count_nonzero(cut) < 60
    np.testing.assert_array_equal(ground.area_on(array(*turned), cut), cut)
    np.testing.assert_allclose(ground.area_on(array(*turned), cut + 1), cut, rtol=1e-12)


def test_what_lies_on_several_is_added_up():
    ground = Ground(shapely.get_parts(COMB))
    wholes = crowd(seed=6)
    cut = shapely.area(shapely.intersection(wholes, COMB))
    np.testing.assert_allclose(ground.area_on(wholes, cut), cut, rtol=1e-12, atol=1e-12)


def test_the_tolerance_is_what_it_says():
    assert rounding(array(box(0, 0, 1000, 1000)))[0] == pytest.approx(1e-3, rel=0.1)
    far = box(5e5, 4e6, 5e5 + 100, 4e6 + 100)
    assert rounding(array(far))[0] == pytest.approx(1e-5 + 400 * 8e-9, rel=0.01)


@pytest.mark.parametrize("depth", [1e-3, 1e-6, 1e-8])
def test_slivers_are_found_however_thin(depth):
    area = translate(SQUARE, 5e5, 4e6)
    whole = translate(box(100 - depth, 20, 200, 80), 5e5, 4e6)
    assert common(whole, area) == pytest.approx(whole.intersection(area).area, abs=1e-9)
    assert common(whole, area) > 0


def test_a_tiny_polygon_within_a_footprint_is_not_lost():
    speck = box(50, 50, 50.0001, 50.0001)
    assert common(SQUARE, speck) == pytest.approx(1e-8, rel=1e-6)


def test_a_thin_diagonal_is_as_exact_as_any():
    road = rotate(box(-5000, -0.05, 5000, 0.05), 41, origin=(0, 0))
    assert common(road, SQUARE) == pytest.approx(road.intersection(SQUARE).area, rel=1e-9)


def test_many_edges_against_many_edges():
    one, other = Point(0, 0).buffer(50, quad_segs=400), Point(30, 0).buffer(50, quad_segs=500)
    assert common(one, other) == pytest.approx(one.intersection(other).area, rel=1e-9)


def test_corners_that_stand_twice_and_rings_that_turn_either_way_change_nothing():
    doubled = Polygon([(0, 0), (0, 0), (100, 0), (100, 50), (100, 50), (100, 100), (0, 100)])
    clockwise = Polygon(list(SQUARE.exterior.coords)[::-1])
    hole = Polygon(SQUARE.exterior, [list(box(30, 30, 70, 70).exterior.coords)[::-1]])
    whole = rotate(box(20, 20, 80, 130), 10)
    assert common(whole, doubled) == pytest.approx(common(whole, SQUARE))
    assert common(whole, clockwise) == pytest.approx(common(whole, SQUARE))
    assert common(whole, hole) == pytest.approx(common(whole, HOLED))
    assert common(clockwise, whole) == pytest.approx(common(SQUARE, whole))
    raised = shapely.force_3d(whole, 12.0)
    assert common(raised, SQUARE) == common(whole, SQUARE)


def test_what_crosses_itself_is_measured_nowhere_and_what_is_no_polygon_has_no_area():
    bow = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    wholes = array(SQUARE, bow, None, Polygon(), LineString([(0, 0), (9, 9)]), Point(5, 5))
    line = LineString([(0, 0), (0, 100), (100, 100)])  # through a corner of the footprint
    found = Ground(array(SQUARE, bow, None, Polygon(), line)).overlaps(wholes)
    assert list(zip(found.whole, found.polygon, strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert found.area[0] == 10_000
    assert np.isnan(found.area[1:]).all()


def test_of_a_collection_the_polygons_count():
    mixed = GeometryCollection([box(-50, 0, 50, 10), LineString([(0, 0), (9, 99)]), Point(3, 3)])
    assert common(mixed, SQUARE) == common(SQUARE, mixed) == 500


def test_nothing_against_nothing():
    for areas, wholes in ((array(), array(SQUARE)), (array(SQUARE), array()), (array(None),) * 2):
        assert len(Ground(areas).overlaps(wholes).area) == 0
        assert len(Ground(areas).pieces(wholes)[2]) == 0


def test_frames_have_to_be_in_one_system_of_metres():
    metric = gpd.GeoDataFrame(geometry=[SQUARE], crs=4547)
    degrees = gpd.GeoDataFrame(geometry=[box(114, 36, 114.1, 36.1)], crs=4326)
    for pair in ((metric, degrees), (degrees, degrees), (degrees, metric)):
        with pytest.raises(CrsError):
            overlap_table(*pair)


# --- pieces joined without cutting, and machine code ---------------------------------------------


def blobs(count=40, seed=7, away=(5e5, 4e6)):
    """Synthetic polygons of 60 corners, some of them wound the other way, and some with a hole."""
    random, angle = np.random.default_rng(seed), np.linspace(0, 2 * np.pi, 60, endpoint=False)
    drawn = []
    for at in range(count):
        far = 30 + 8 * np.sin(3 * angle + random.uniform(0, 6)) + random.normal(0, 1, 60)
        middle = random.uniform(-40, 130, 2) + away
        one = Polygon(np.column_stack([far * np.cos(angle), far * np.sin(angle)]) + middle)
        drawn.append(one.reverse() if at % 2 else one)
        if at % 8 == 0:
            drawn[-1] = one.difference(one.centroid.buffer(5, quad_segs=4))
    return np.array(drawn, dtype=object)


def cut(wholes, areas):
    """GEOS' pairs and pieces, in the order of `Ground.pieces`."""
    whole, polygon = np.divmod(np.arange(len(wholes) * len(areas)), len(areas))
    found = shapely.intersection(wholes[whole], areas[polygon])
    mixed = np.flatnonzero(shapely.get_type_id(found) == shapely.GeometryType.GEOMETRYCOLLECTION)
    found[mixed] = [ground_module._polygons(one) for one in found[mixed]]
    some = shapely.area(found) > 0
    return whole[some], polygon[some], found[some]


def assert_identical(mine, theirs):
    one, other = (shapely.normalize(np.asarray(each, dtype=object)) for each in (mine, theirs))
    assert shapely.equals_identical(one, other).all()


def test_pieces_have_the_corners_of_geos_to_the_last_bit():
    areas = blobs()
    for wholes in (translate_all(crowd(seed=8), 5e5, 4e6), blobs(60, seed=9)):
        for mine, theirs in zip(Ground(areas).pieces(wholes)[:2], cut(wholes, areas)[:2],
                                strict=True):  # fmt: skip
            np.testing.assert_array_equal(mine, theirs)
        assert_identical(Ground(areas).pieces(wholes)[2], cut(wholes, areas)[2])


def test_heights_and_grids_are_left_to_geos():
    wholes, areas = translate_all(crowd(80, seed=12), 5e5, 4e6), blobs(20)
    for made in (lambda one: shapely.set_precision(one, 0.01),
                 lambda one: shapely.force_3d(one, 7.0)):  # fmt: skip
        mine, theirs = Ground(made(areas)).pieces(made(wholes)), cut(made(wholes), made(areas))
        np.testing.assert_array_equal(mine[1], theirs[1])
        assert_identical(mine[2], theirs[2])


def translate_all(shapes, east, north):
    return shapely.transform(shapes, lambda corners: corners + np.array([east, north]))


def test_most_pieces_are_joined_and_not_cut():
    wholes, ground = translate_all(crowd(seed=8), 5e5, 4e6), Ground(blobs())
    edges, sound = ground_module._sound(wholes)
    whole, polygon = ground_module._ordered(*ground._tree.query(wholes))
    _, known, off = ground._joined(wholes, edges, shapely.bounds(wholes), sound, whole, polygon)
    meet, held = ground._hold(wholes[whole], polygon)
    parted = np.flatnonzero(meet & ~held)
    assert known[parted].mean() > 0.5  # others have holes, or cross more than twice
    assert not known[off].any()


@settings(max_examples=150, deadline=None)
@given(placed())
def test_what_touches_or_comes_close_is_cut_as_geos_cuts_it(pair):
    one, other = array(pair[0]), array(pair[1])
    for whole, area in ((one, other), (other, one)):
        mine, theirs = Ground(area).pieces(whole)[2], cut(whole, area)[2]
        assert len(mine) == len(theirs)
        if len(mine) and not shapely.contains_properly(area, whole)[0]:
            assert_identical(mine, theirs)


@pytest.mark.parametrize("turn", [0.0, 30.0, 1e-9, 1e-12])
def test_corners_a_hair_from_an_edge_are_left_to_geos(turn):
    """Notches whose corner lies on the footprint's edge, or an ulp to either side of it."""
    wholes, areas = [], []
    for at, off in enumerate(np.spacing(500.0) * np.arange(-3, 4)):
        east = 1000.0 * at
        areas.append(Polygon([(east, 0), (east + 100, 0), (east + 50, 50 + off), (east, 90)]))
        wholes.append(box(east + 20, 50, east + 80, 120))
    wholes, areas = (array(*(rotate(one, turn, origin=(0, 0)) for one in each))
                     for each in (wholes, areas))  # fmt: skip
    mine, theirs = Ground(areas).pieces(wholes), cut(wholes, areas)
    np.testing.assert_array_equal(mine[0], theirs[0])
    assert_identical(mine[2], theirs[2])


def test_a_star_that_turns_left_at_each_corner_twice_around_crosses_itself():
    angle = np.pi / 2 + np.arange(5) * 4 * np.pi / 5
    star = Polygon(np.column_stack([np.cos(angle), np.sin(angle)]) * 40 + 50)
    plain = Polygon(shapely.get_coordinates(star)[[0, 3, 1, 4, 2]])
    found = Ground(array(SQUARE)).overlaps(array(star, plain, plain.reverse()))
    assert np.isnan(found.area).tolist() == [True, False, False]
    assert found.area[1:] == pytest.approx([plain.area] * 2, rel=1e-12)


def test_machine_code_gives_the_same_bits(monkeypatch):
    pytest.importorskip("numba")
    areas = np.concatenate([list(AREAS.values()), translate_all(blobs(), -5e5, -4e6)])
    areas = np.concatenate([areas, array(Point(50, 50).buffer(45, quad_segs=4000), None)])
    wholes = np.concatenate([crowd(seed=10), translate_all(blobs(30, seed=11), -5e5, -4e6)])
    monkeypatch.delitem(sys.modules, "gisplan.overlaps.compiled", raising=False)
    plain = Ground(areas).overlaps(wholes)
    assert "gisplan.overlaps.compiled" not in sys.modules
    monkeypatch.setattr(ground_module, "WORTH", 0)
    fast = Ground(areas).overlaps(wholes)
    assert "gisplan.overlaps.compiled" in sys.modules
    for mine, theirs in zip(fast, plain, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("ulps", [-2, -1, 0, 1, 2, 3])
def test_a_corner_an_ulp_above_a_footprint_is_above_it_for_all_its_edges(ulps, turn):
    """From the corner of the box it is as high as the box; as it stands, it is higher."""
    whole, top = box(-0.5, -3.5, 4.5, 1.5), 1.5 + ulps * np.spacing(1.5)
    areas = array(
        *(rotate(one, turn, origin=(2, -1)) for one in (
            Polygon([(4.5, -0.5), (2.5, top), (4.5, 3.5), (6.5, 1.5)]),
            Polygon([(1, 0), (1, top), (3, top), (3, 4), (5, 4), (5, 0)]),
            Polygon([(1, 0), (1, 1.5), (3, top), (3, 4), (5, 4), (5, 0)]),
            Polygon([(5, 0), (5, 4), (3, 4), (3, top), (1, 1.5), (1, 0)]),
        ))
    )  # fmt: skip
    found = Ground(areas).overlaps(array(whole))
    assert found.area == pytest.approx(shapely.area(shapely.intersection(areas, whole)))
