"""The compiled index gives GEOS' distances bit for bit and GEOS' memberships, everywhere."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.affinity import scale, translate
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon, box

import gisplan.index.plan as ways
import gisplan.index.points as placing
from gisplan.index import PlanIndex, Points, Store
from gisplan.index.areas import AreaIndex, compiled
from gisplan.index.points import Placed
from gisplan.index.segments import equals_geos, segments_of
from gisplan.index.tree import DEPTH, morton
from gisplan.siting import index_of, measure
from gisplan.uncertainty import phi
from tests.worlds import EAST, NORTH, projects, world

FAST = [False, pytest.param(True, marks=pytest.mark.skipif(not compiled(), reason="no numba"))]


def star(count: int, seed: int = 0, size: float = 4000.0) -> Polygon:
    """A synthetic blob of many corners around (5000, 5000)."""
    random = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = size * (0.6 + 0.4 * random.random(count))
    return Polygon(np.column_stack([5000 + radius * np.cos(angle), 5000 + radius * np.sin(angle)]))


SQUARES = [box(i, j, i + 1000, j + 1000) for i in (2000, 4000) for j in (2000, 4000)]
AREAS = {
    "blob": star(400),
    "hole": star(300).difference(box(4800, 4800, 5200, 5200)),
    "hole touching the shell": Polygon(
        [(0, 0), (9000, 0), (9000, 9000), (0, 9000)], [[(0, 4000), (3000, 3000), (3000, 5000)]]
    ),
    "touching corners": MultiPolygon([box(0, 0, 5000, 5000), box(5000, 5000, 9000, 9000)]),
    "far parts": MultiPolygon([*SQUARES, box(9000, 9000, 9000.001, 9000.001)]),
    "tiny with many corners": scale(star(500, 3), 1e-4, 1e-4, origin=(5000, 5000)),
    "huge": scale(star(200, 5), 50, 50, origin=(5000, 5000)),
    "sliver": Polygon([(0, 0), (9000, 1e-6), (9000, 2e-6), (0, 2e-6)]),
    "comb": Polygon([(0, 0), *((x, 9000 * (x // 50 % 2)) for x in range(0, 9000, 50)), (9000, 0)]),
    "same corner twice": Polygon([(0, 0), (0, 0), (5000, 0), (5000, 5000), (5000, 5000)]),
    "line": LineString(np.column_stack([np.arange(300) * 30.0, star(300).exterior.xy[1][:300]])),
    "crossing lines": MultiLineString([[(0, 0), (9000, 9000)], [(0, 9000), (9000, 0)]]),
    "dots along a line": LineString([(0, 0), (0, 0), (1e-9, 0), (4000, 1), (4000, 1)]),
}
PLACED = {name: translate(area, EAST, NORTH) for name, area in AREAS.items()}
FRAME = np.array([EAST - 1000, NORTH - 1000, 11_000.0])


def adversaries(area, seed=7) -> np.ndarray:
    """Corners, edges, both a step beside, borders of cells, random and far places."""
    random = np.random.default_rng(seed)
    edges = segments_of(area).table
    chosen = edges[random.integers(0, len(edges), 300)]
    along = random.random((300, 1))
    on = np.vstack([chosen[:, :2], chosen[:, :2] + along * chosen[:, 2:4],
                    chosen[:, :2] + 0.5 * chosen[:, 2:4]])  # fmt: skip
    beside = [on, np.nextafter(on, np.inf), np.nextafter(on, -np.inf)]
    beside += [on + random.normal(0, step, on.shape) for step in (1e-9, 1e-6, 1e-3, 1.0, 100.0)]
    cell = FRAME[2] / 2**DEPTH
    borders = FRAME[:2] + cell * random.integers(0, 2**DEPTH, (500, 2))
    borders = [borders, np.nextafter(borders, np.inf), np.nextafter(borders, -np.inf)]
    anywhere = FRAME[:2] + random.uniform(-0.5, 1.5, (3000, 2)) * FRAME[2]
    crowd = chosen[0, :2] + random.normal(0, 3.0, (400, 2))
    far = [[EAST + 1e7, NORTH], [0, 0], [-1e9, 1e9]]
    return np.vstack([*beside, *borders, anywhere, crowd, far])


def truth(area, spots) -> np.ndarray:
    """What GEOS says: signed distance to the edge of a polygon, distance to a line."""
    points = shapely.points(spots)
    if shapely.get_dimensions(area) == 1:
        return shapely.distance(area, points)
    found = shapely.distance(shapely.boundary(area), points)
    return np.where(shapely.intersects(area, points), found, -found)


@pytest.mark.parametrize("fast", FAST)
@pytest.mark.parametrize("name", AREAS)
def test_every_bit_is_that_of_geos(name, fast):
    area = PLACED[name]
    spots = adversaries(area)
    here = Placed.of(*np.ascontiguousarray(spots.T), FRAME)
    spots = spots[here.rows]
    index = AreaIndex.of(area, segments_of(area), FRAME, fast=fast)
    told = index.signed(here, fast=fast) if index._polygonal else index.distance(here, fast=fast)
    np.testing.assert_array_equal(told, truth(area, spots))
    np.testing.assert_array_equal(
        index.distance(here, fast=fast), shapely.distance(area, shapely.points(spots))
    )


@pytest.mark.skipif(not compiled(), reason="no numba")
@pytest.mark.parametrize("points", [1, 5, 6, 15, 16, 17, 33])
def test_points_of_a_cell_are_measured_alone_and_together_alike(points):
    """Few of a leaf are measured one by one, more of them up to sixteen at a time."""
    area = PLACED["blob"]
    index = AreaIndex.of(area, segments_of(area), FRAME)
    random = np.random.default_rng(points)
    groups = segments_of(area).table[::7, :2] + random.normal(0, 50, (58, 2))
    spots = np.repeat(groups, points, axis=0) + random.normal(0, 1e-3, (58 * points, 2))
    here = Placed.of(*np.ascontiguousarray(spots.T), FRAME)
    told = index.signed(here)
    np.testing.assert_array_equal(told, truth(area, spots[here.rows]))
    # Neighbours that do not follow one another are measured just so.
    order = random.permutation(len(spots))
    mixed = Placed(*(one[order] for one in here))
    np.testing.assert_array_equal(index.signed(mixed), told[order])


@pytest.mark.parametrize("way", FAST)
def test_points_in_parts_and_blocks_come_back_in_their_own_order(way, monkeypatch):
    monkeypatch.setattr(PlanIndex, "_way", lambda self, key, points: "index")
    monkeypatch.setattr(PlanIndex, "_fast", lambda self, points: way)
    monkeypatch.setattr(placing, "_TOGETHER", 700)
    monkeypatch.setattr(placing, "BLOCK", 64)
    spots = adversaries(PLACED["hole"])
    points = Points(*np.ascontiguousarray(spots.T))
    plan = PlanIndex(PLACED, (EAST, NORTH, EAST + 10_000, NORTH + 10_000))
    assert sorted(plan.order(points).tolist()) == list(range(len(spots)))
    np.testing.assert_array_equal(plan.signed("hole", points), truth(PLACED["hole"], spots))
    in_order = Points(points.x[plan.order(points)], points.y[plan.order(points)])
    told = plan.signed("hole", in_order)
    np.testing.assert_array_equal(told, truth(PLACED["hole"], spots[plan.order(points)]))


@pytest.mark.skipif(not compiled(), reason="no numba")
def test_machine_code_keeps_the_edges_that_numpy_keeps():
    area = PLACED["hole"]
    trees = [AreaIndex.of(area, segments_of(area), FRAME, fast=fast).tree for fast in (False, True)]
    # Rounding may keep an edge that cannot be the nearest; the cells are the same ones.
    np.testing.assert_array_equal(trees[0].codes, trees[1].codes)
    np.testing.assert_array_equal(trees[0].side, trees[1].side)


coordinate = st.one_of(st.integers(0, 20).map(lambda at: at * 500.0), st.floats(0, 10_000))
corner = st.tuples(coordinate, coordinate)


@settings(max_examples=60, deadline=None)
@given(st.lists(corner, min_size=3, max_size=12), st.lists(corner, min_size=1, max_size=30))
def test_any_polygon_any_place(corners, places):
    area = shapely.make_valid(Polygon(corners))
    edges = segments_of(translate(area, EAST, NORTH))
    if edges is None:
        assert shapely.get_dimensions(area) < 2 or area.geom_type == "GeometryCollection"
        return
    area = translate(area, EAST, NORTH)
    spots = np.vstack([np.array(places) + np.array([EAST, NORTH]), edges.table[:, :2]])
    index = AreaIndex.of(area, edges, FRAME, fast=False)
    here = Placed.of(*np.ascontiguousarray(spots.T), FRAME)
    points = shapely.points(spots[here.rows])
    for fast in (False, True):
        told = index.distance(here, fast=fast)
        np.testing.assert_array_equal(told, shapely.distance(area, points))


@pytest.mark.parametrize("way", ["plain", "tree", "index"])
def test_the_way_taken_changes_no_bit(way, monkeypatch):
    monkeypatch.setattr(PlanIndex, "_way", lambda self, key, points: way)
    for name in ("hole", "far parts", "line", "comb"):
        spots = adversaries(PLACED[name])
        points = Points(*np.ascontiguousarray(spots.T))
        plan = PlanIndex(PLACED, (EAST, NORTH, EAST + 10_000, NORTH + 10_000))
        told = plan.signed if shapely.get_dimensions(PLACED[name]) == 2 else plan.distance
        np.testing.assert_array_equal(told(name, points), truth(PLACED[name], spots))


POLYGONS = [name for name in AREAS if shapely.get_dimensions(AREAS[name]) == 2]


@pytest.mark.parametrize("expected", [1, 100_000, 10**7])
def test_membership_is_what_geos_says_for_all_areas_at_once(expected, monkeypatch):
    monkeypatch.setattr(ways, "worth", lambda *_: True)
    plan = PlanIndex(PLACED, (EAST, NORTH, EAST + 10_000, NORTH + 10_000))
    plan.expected = expected
    random = np.random.default_rng(5)
    west, south, side = plan._frame
    borders = np.array([west, south]) + side / 2**13 * random.integers(0, 2**13 + 1, (3000, 2))
    borders = [borders, np.nextafter(borders, np.inf), np.nextafter(borders, -np.inf)]
    odd = [[np.nan, NORTH], [EAST, np.inf], [1e300, -1e300]]
    spots = np.vstack([*(adversaries(PLACED[name]) for name in POLYGONS), *borders, odd])
    x, y = np.ascontiguousarray(spots.T)
    words = plan.members(POLYGONS, Points(x, y))
    assert plan._members
    plain = PlanIndex(PLACED, (EAST, NORTH, EAST + 1, NORTH + 1))
    few = plain.members(POLYGONS, Points(x[:40], y[:40]))
    assert not plain._members or (few == words[:40]).all()
    for bit, name in enumerate(POLYGONS):
        held = (words >> np.uint64(bit) & np.uint64(1)).astype(bool)
        np.testing.assert_array_equal(held, shapely.intersects_xy(PLACED[name], x, y), name)
    sure = plan._members[tuple(POLYGONS)]._cells.at(x, y)[-3:]
    assert (sure == 0).all()


def test_a_word_has_sixty_four_bits():
    plan = PlanIndex(dict.fromkeys(range(65), box(0, 0, 1, 1)), (0, 0, 1, 1))
    nowhere = Points(np.empty(0), np.empty(0))
    with pytest.raises(ValueError, match="65"):
        plan.members(range(65), nowhere)
    assert len(plan.members(range(64), nowhere)) == 0


def test_few_points_build_no_index():
    plan = PlanIndex(PLACED, (EAST, NORTH, EAST + 10_000, NORTH + 10_000))
    spots = np.random.default_rng(1).uniform(0, 10_000, (500, 2)) + np.array([EAST, NORTH])
    plan.signed("blob", Points(*np.ascontiguousarray(spots.T)))
    assert not plan._compiled


def test_many_points_measured_at_once_are_the_parts(monkeypatch):
    """The index is entered above a number of points, and nobody can tell."""
    monkeypatch.setattr(ways, "FEW", 100)
    monkeypatch.setattr(ways, "_NUMPY", (1.0, 1.0))
    plan = world(50)
    random = np.random.default_rng(3)
    spots = [*map(tuple, random.uniform(-1000, 11_000, (400, 2))), (3000, 2000), (1000, 1000)]
    frame = projects(*spots, None, box(0, 0, 50, 50))
    index = index_of(plan.areas)
    whole = measure(frame, plan.areas, plan.definition, index=index)
    assert index._compiled
    monkeypatch.undo()
    assert_frame_equal(whole, measure(frame, plan.areas, plan.definition))


def test_a_place_that_is_none_is_measured_as_none():
    frame = projects(None, None, None, None)
    frame.geometry = [Point(np.nan, np.nan), Point(np.inf, 0), Point(), None]
    facts = world().measure(frame)
    assert set(facts["shape"]) == {"none"}
    assert facts.filter(regex="^(margin|share|distance|touch)").isna().all(axis=None)


def test_cells_are_numbered_so_that_children_follow_one_another():
    column, row = np.array([0, 1, 0, 1, 2]), np.array([0, 0, 1, 1, 0])
    assert morton(column, row).tolist() == [0, 1, 2, 3, 4]


def test_the_formula_is_that_of_geos_on_this_machine():
    assert equals_geos()


@pytest.mark.parametrize("area", [Point(1, 2), LineString(), MultiPolygon(), box(0, 0, 1e9, 1)])
def test_what_has_no_edges_on_the_ground_is_left_to_geos(area):
    assert segments_of(area) is None


# --- the nearest of several lines ---------------------------------------------------------------

SHARED = [(1000, 1000), (2000, 1500), (2000, 4000), (7000.3, 4100.7)]
ACROSS, WAVE = np.linspace(0, 9000, 300), np.array(star(300).exterior.xy[1][:300])
LINES = {
    "one": LineString([(0, 9000), *SHARED, (9000, 0)]),
    "the same way back": LineString([(0, 0), *SHARED[::-1], (9000, 9000)]),
    "its middle again": LineString(SHARED),
    "wandering": LineString(np.column_stack([ACROSS, WAVE])),
    "mirrored": LineString(np.column_stack([ACROSS, 10_000 - WAVE])),
    "two parts": MultiLineString([[(0, 2000), (9000, 2000)], [(0, 3000), (0, 3000), (9000, 3000)]]),
    "in a spot": scale(star(700, 3).exterior, 1e-6, 1e-6, origin=(5000, 5000)),
}
LINES = {name: translate(line, EAST, NORTH) for name, line in LINES.items()}


def first_nearest(lines, spots):
    """What GEOS says, line after line: which is nearest, the first of equal ones, how far."""
    away = np.stack([shapely.distance(line, shapely.points(spots)) for line in lines])
    return away.argmin(axis=0), away.min(axis=0)


@pytest.mark.parametrize("fast", FAST)
@pytest.mark.parametrize(
    "keys",
    [list(LINES), list(LINES)[::-1], ["one", "the same way back"], ["mirrored", "wandering"]],
)
def test_the_nearest_of_lines_is_the_first_of_equal_ones_bit_for_bit(keys, fast, monkeypatch):
    monkeypatch.setattr(PlanIndex, "_way", lambda self, key, points: "index")
    monkeypatch.setattr(PlanIndex, "_fast", lambda self, points: fast)
    lines = [LINES[key] for key in keys]
    middle = np.random.default_rng(3).uniform(0, 9000, (500, 1))
    between = np.hstack([middle, np.full((500, 1), 5000.0)]) + np.array([EAST, NORTH])
    half = np.hstack([middle, np.full((500, 1), 2500.0)]) + np.array([EAST, NORTH])
    spots = np.vstack([*(adversaries(line)[::5] for line in lines), between, half])
    plan = PlanIndex(LINES, (EAST, NORTH, EAST + 10_000, NORTH + 10_000))
    which, away = plan.nearest(keys, Points(*np.ascontiguousarray(spots.T)))
    assert plan._joint
    expected = first_nearest(lines, spots)
    np.testing.assert_array_equal(away, expected[1])
    np.testing.assert_array_equal(which, expected[0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(corner, min_size=2, max_size=6), min_size=1, max_size=5),
       st.lists(corner, min_size=1, max_size=30), st.booleans())  # fmt: skip
def test_any_lines_any_place_the_first_nearest(corners, places, fast):
    lines = {at: translate(LineString(one), EAST, NORTH) for at, one in enumerate(corners)}
    ends = np.vstack([shapely.get_coordinates(line) for line in lines.values()])
    spots = np.vstack([np.array(places) + np.array([EAST, NORTH]), ends])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PlanIndex, "_way", lambda self, key, points: "index")
        patched.setattr(PlanIndex, "_fast", lambda self, points: fast and bool(compiled()))
        plan = PlanIndex(lines, (EAST, NORTH, EAST + 10_000, NORTH + 10_000))
        which, away = plan.nearest(list(lines), Points(*np.ascontiguousarray(spots.T)))
    expected = first_nearest(list(lines.values()), spots)
    np.testing.assert_array_equal(away, expected[1])
    np.testing.assert_array_equal(which, expected[0])


def test_the_nearest_of_areas_where_no_tree_is_worth_it_or_one_is_a_polygon():
    areas = {**LINES, "square": translate(box(4000, 4000, 6000, 6000), EAST, NORTH)}
    plan = PlanIndex(areas, (EAST, NORTH, EAST + 10_000, NORTH + 10_000))
    spots = adversaries(areas["square"])[:900]
    for keys in (list(LINES), list(areas), ["square"], ["square", "one"]):
        which, away = plan.nearest(keys, Points(*np.ascontiguousarray(spots.T)))
        expected = first_nearest([areas[key] for key in keys], spots)
        np.testing.assert_array_equal(away, expected[1])
        np.testing.assert_array_equal(which, expected[0])
    assert not plan._joint


def test_the_order_of_points_has_every_point_once_and_neighbours_together():
    plan = PlanIndex(PLACED, (EAST, NORTH, EAST + 10_000, NORTH + 10_000))
    random = np.random.default_rng(2)
    spots = random.uniform(-9000, 19_000, (5000, 2)) + np.array([EAST, NORTH])
    spots[::100] = np.nan
    points = Points(*np.ascontiguousarray(spots.T))
    rows = plan.order(points)
    assert sorted(rows.tolist()) == list(range(5000))
    inside = ((spots > plan._frame[:2]) & (spots < plan._frame[:2] + plan._frame[2])).all(axis=1)
    in_order = spots[rows][inside[rows]]
    step = np.hypot(*np.diff(in_order, axis=0).T).mean()
    assert step < 0.1 * np.hypot(*np.diff(spots[inside], axis=0).T).mean()
    assert len(plan.order(Points(np.empty(0), np.empty(0)))) == 0


# --- kept between runs ------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path):
    """A store with one area in it, and what is needed to ask for it again."""
    store, area = Store(tmp_path / "cache"), PLACED["hole"]
    index = AreaIndex.of(area, segments_of(area), FRAME, fast=False)
    store.save(area, FRAME, index)
    (file,) = store.folder.iterdir()
    return store, area, index, file


def test_what_was_kept_is_what_was_built(kept):
    store, area, index, _ = kept
    again = store.load(area, segments_of(area), FRAME)
    for mine, its in zip(index.tree, again.tree, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_another_area_or_frame_is_not_found(kept):
    store, area, _, _ = kept
    other = translate(area, 1e-9, 0)
    assert store.load(other, segments_of(other), FRAME) is None
    assert store.load(area, segments_of(area), FRAME + 1) is None


def test_a_file_under_the_name_of_another_area_is_not_believed(tmp_path):
    """One corner of thousands differs: hardly a place that is tried would tell."""
    store, around = Store(tmp_path), np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    corners = np.array([EAST, NORTH]) + 4000 * np.column_stack([np.cos(around), np.sin(around)])
    beside = corners.copy()
    beside[400] -= [0, 3000]
    mine, its = Polygon(corners), Polygon(beside)
    for one in (mine, its):
        store.save(one, FRAME, AreaIndex.of(one, segments_of(one), FRAME, fast=False))
    one, other = (store._path(area, FRAME) for area in (mine, its))
    other.write_bytes(one.read_bytes())
    assert store.load(mine, segments_of(mine), FRAME) is not None
    assert store.load(its, segments_of(its), FRAME) is None


def test_arrays_under_the_name_of_others_are_not_believed(tmp_path):
    store = Store(tmp_path)
    store.save_arrays("a" * 40, {"said": np.arange(3)})
    (tmp_path / f"{'a' * 40}.cells").rename(tmp_path / f"{'b' * 40}.cells")
    assert store.load_arrays("b" * 40) is None


@pytest.mark.parametrize("told", ["null", '{"frame": 1}', '{"frame": ["foo", [3], 0]}', "[" * 9999])
def test_a_file_with_a_right_seal_that_says_nonsense_is_not_believed(kept, told):
    from gisplan.index.store import _HEAD, _TREE, _seal

    store, area, _, file = kept
    sealed = len(told).to_bytes(4, "little") + told.encode()
    start = _TREE + _seal(file.stem, sealed)
    file.write_bytes(start + bytes(_HEAD - 4 - len(start)) + sealed)
    assert store.load(area, segments_of(area), FRAME) is None


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "text", "foreign"])
def test_a_damaged_file_is_built_anew(kept, harm):
    store, area, _, file = kept
    whole = file.read_bytes()
    harmed = {
        "cut": whole[: len(whole) // 2],
        "flip": whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:],
        "empty": b"",
        "text": b"not an index",
        "foreign": b"gisplan index 0\n" + whole[16:],
    }
    file.write_bytes(harmed[harm])
    assert store.load(area, segments_of(area), FRAME) is None


@pytest.mark.parametrize("harm", ["beyond", "lists", "side", "wrong"])
def test_a_file_with_a_right_hash_and_wrong_content_is_not_believed(kept, harm):
    from gisplan.index.store import _packed

    store, area, index, file = kept
    tree = index.tree
    starts, side, lists = tree.starts.copy(), tree.side.copy(), tree.lists.copy()
    starts[-2] += 10 if harm == "beyond" else 0
    lists[5] = 10**6 if harm == "lists" else lists[5]
    side[:] = 1 - np.minimum(side, 1) if harm == "side" else side
    lists = np.roll(lists, 7) if harm == "wrong" else lists
    file.write_bytes(_packed(tree._replace(starts=starts, side=side, lists=lists), file.stem))
    assert store.load(area, segments_of(area), FRAME) is None


def test_many_writers_leave_one_whole_file(kept):
    store, area, index, _ = kept
    jobs = [threading.Thread(target=store.save, args=(area, FRAME, index)) for _ in range(8)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(list(store.folder.iterdir())) == 1
    assert store.load(area, segments_of(area), FRAME) is not None


def test_a_folder_that_cannot_be_written_is_no_mistake(tmp_path, kept):
    _, area, index, _ = kept
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "under")
    store.save(area, FRAME, index)
    assert store.load(area, segments_of(area), FRAME) is None


def test_the_cache_is_where_the_platform_keeps_it_or_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("GISPLAN_CACHE", "off")
    assert Store.of_user() is None
    monkeypatch.setenv("GISPLAN_CACHE", str(tmp_path))
    assert Store.of_user().folder == tmp_path
    monkeypatch.delenv("GISPLAN_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert Store.of_user().folder == tmp_path / "x" / "gisplan" / "index"


# --- judging many rows ------------------------------------------------------------------------


def test_phi_has_the_bits_of_erfc_everywhere():
    random = np.random.default_rng(5)
    z = np.concatenate([random.normal(0, 10, 3000), np.linspace(-60, 60, 2001), [np.inf, -np.inf]])
    expected = [0.5 * math.erfc(-one / math.sqrt(2)) for one in z.tolist()]
    assert phi(z).tolist() == expected


# --- plans of very many zones -----------------------------------------------------------------


def patchwork(zones: int, random: np.random.Generator):
    """A synthetic plan of many zones of a few kinds, some without data, and two axes."""
    from dataclasses import replace

    import geopandas as gpd
    import pandas as pd

    base = world(50)
    side = int(np.ceil(np.sqrt(zones)))
    step = 10_000 / side
    kinds = [("J66",), ("R88",), ("J66", "R88"), ()]
    one = base.definition.zones["west"]
    drawn = {
        f"z{at}": box(x := (at % side) * step, y := (at // side) * step,
                      x + step * random.choice([0.5, 1, 1.5]), y + step)
        for at in range(zones)
    }  # fmt: skip
    layers = {
        key: one.model_copy(
            update={
                "industries": kinds[int(random.integers(4))],
                "accuracy": float(random.choice([2.0, 60.0])),
            }
        )
        for key in drawn
    }
    plan = base.definition.model_copy(update={"zones": layers})
    rest = base.areas[~base.areas["kind"].isin(["zone"])]
    rows = pd.DataFrame({"id": list(drawn), "kind": "zone", "status": "schematic"})
    shapes = [None if at % 37 == 36 else translate(shape, EAST, NORTH)
              for at, shape in enumerate(drawn.values())]  # fmt: skip
    zones_ = gpd.GeoDataFrame(rows, geometry=shapes, crs=base.areas.crs)
    areas = pd.concat([rest, zones_.reindex(columns=rest.columns)], ignore_index=True)
    return replace(base, definition=plan, areas=gpd.GeoDataFrame(areas, crs=base.areas.crs))


@pytest.mark.parametrize("missing", [False, True])
def test_a_plan_of_many_zones_judges_as_if_all_were_asked(missing, monkeypatch):
    import gisplan.siting.tiles as tiles

    random = np.random.default_rng(11)
    plan = patchwork(144, random)
    if not missing:
        held = plan.areas.geometry.notna()
        zones = {k: v for k, v in plan.definition.zones.items() if k in set(plan.areas["id"][held])}
        plan = type(plan)(plan.definition.model_copy(update={"zones": zones}), plan.areas[held])
    spots = [*map(tuple, random.uniform(-3000, 13_000, (500, 2)).round()), (5000, 5000)]
    rows = projects(*spots, None, box(100, 100, 1300, 500))
    rows["industry_code"] = random.choice(["J66", "R88", "J", "E48", "A01"], len(rows))
    rows["accuracy"] = random.choice([0.0, 5.0, 100.0, np.nan], len(rows))
    monkeypatch.setattr(tiles, "_TILE", 40)
    monkeypatch.setattr(tiles, "_FEWEST", 10)
    asked, only = [], tiles._Near._only
    monkeypatch.setattr(
        tiles._Near, "_only", lambda self, chosen: asked.append(len(chosen)) or only(self, chosen)
    )
    by_tile = plan.check(rows)
    assert min(asked) < 60
    assert plan.check(rows.iloc[:0]).columns.tolist() == by_tile.columns.tolist()
    monkeypatch.setattr(tiles, "MANY", 10_000)
    assert_frame_equal(by_tile, plan.check(rows))


def test_blocks_judge_as_the_whole(monkeypatch):
    import gisplan.siting.tiles as tiles

    spots = np.random.default_rng(5).uniform(-1000, 11_000, (200, 2))
    rows = projects(*map(tuple, spots), None, box(0, 0, 10, 10)).sample(frac=1, random_state=1)
    whole = world(100).check(rows)
    monkeypatch.setattr(tiles, "_BLOCK", 17)
    assert_frame_equal(whole, world(100).check(rows))
