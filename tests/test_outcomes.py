"""Outcomes by table are those of the check: everywhere, for every plan, and to the last ulp."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import LineString, Polygon, box

import gisplan.siting.outcomes as look_up
from gisplan.bulk import (
    NOTE,
    Kernel,
    OutcomesKernel,
    check_files,
    count_rows,
    ground_of,
    outcomes_of,
)
from gisplan.cli import main  # noqa: F401 - declares the commands
from gisplan.cli.options import gisplan
from gisplan.columns import Columns
from gisplan.crs import CGCS2000, WGS84, gcj02_from_wgs84
from gisplan.index import Cells, Levels, Points, Store, build_cells
from gisplan.plan import Plan, open_plan
from gisplan.siting import AREA, MARGIN_COLUMNS, OUTCOME_COLUMNS, Outcomes, index_of, surroundings
from gisplan.siting.certain import Proof, provable
from tests.worlds import CRS, EAST, NORTH, definition, world

METRES = pyproj.CRS(CRS)
COARSE = Levels(5, 2)


def prepared(plan: Plan, start: pyproj.CRS = METRES, levels: Levels = COARSE) -> Outcomes:
    """A plan that makes a table for every kind of rows there is, kept nowhere."""
    areas = Columns.of(plan.areas, *AREA)
    made = outcomes_of(plan, index_of(areas), areas, start)
    return replace(made, store=None, enough=1, levels=levels)


def checked(plan: Plan, x, y, start: pyproj.CRS, **listed: Any) -> pd.DataFrame:
    """What `check` says of the same points, as a list of them would have them."""
    drawn = np.where(np.isfinite(x) & np.isfinite(y), shapely.points(x, y), None)
    frame = gpd.GeoDataFrame(listed, geometry=gpd.GeoSeries(drawn, crs=start), crs=start)
    return plan.check(frame)[list(OUTCOME_COLUMNS)]


def same(plan: Plan, x, y, start=METRES, levels=COARSE, **listed: Any) -> float:
    """Compare both ways; return the share that a table answered."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    listed = {name: np.broadcast_to(one, len(x)) for name, one in listed.items()}
    made = prepared(plan, start, levels)
    asked = []
    one_by_one = made._checked
    made._checked = lambda *some: asked.append(len(some[0])) or one_by_one(*some)  # type: ignore[method-assign]
    columns = Columns.of(pd.DataFrame(listed, index=range(len(x))))
    told, truth = made.of(x, y, columns), checked(plan, x, y, start, **listed)
    for name in OUTCOME_COLUMNS:
        mine, its = told.texts(name), truth[name].astype(object)
        differ = np.flatnonzero(mine != its.where(its.notna(), None).to_numpy())
        assert not len(differ), (name, x[differ[:5]], y[differ[:5]], mine[differ[:5]])
    return 1 - sum(asked) / len(x)


def adversaries(plan: Plan, made: Outcomes, seed: int = 7) -> np.ndarray:
    """Corners, edges, rings at which answers change, borders of cells, each a step beside; far."""
    random = np.random.default_rng(seed)
    drawn = plan.areas.geometry[plan.areas.geometry.notna()].to_numpy()
    edges = [one.boundary if one.geom_type != "LineString" else one for one in drawn]
    rings = [edge.buffer(width).boundary for edge in edges for width in (100, 500, 82.25)]
    corners = shapely.get_coordinates(edges)
    corners = corners[random.permutation(len(corners))[:60]]
    on = [one.interpolate(random.random(), normalized=True) for one in [*edges, *rings] * 4]
    here = np.vstack([corners, shapely.get_coordinates(on)])
    frame, levels = made.ground.frame, made.levels
    cells = 2 ** (levels.coarse + levels.fine)
    borders = frame[:2] + frame[2:] / cells * random.integers(0, cells + 1, (150, 2))
    base = np.vstack([here, borders])
    steps = [base + random.normal(0, size, base.shape) for size in (1e-9, 1e-6, 1e-3, 1.0)]
    beside = [base, np.nextafter(base, np.inf), np.nextafter(base, -np.inf), *steps]
    anywhere = frame[:2] + random.uniform(-0.3, 1.3, (1500, 2)) * frame[2:]
    far = [[0, 0], [1e9, -1e9], [np.nan, NORTH], [EAST, np.inf], [-np.inf, np.nan], [1e12, 1e12]]
    return np.vstack([*beside, anywhere, far])


def covered_world(accuracy: float = 50, within: float = 9000, **changes: Any) -> Plan:
    """The square world, its constraint known only west of a line."""
    red = definition().constraints["red"].model_dump() | {
        "coverage": "cover.geojson", "accuracy": accuracy, "source": "world",
    }  # fmt: skip
    plan = world(accuracy, constraints={"red": red}, **changes)
    row = plan.areas[plan.areas["id"] == "red"].assign(
        kind="coverage", geometry=[translate(box(0, 0, within, 10_000), EAST, NORTH)]
    )
    areas = pd.concat([plan.areas, row], ignore_index=True)
    return replace(plan, areas=gpd.GeoDataFrame(areas, crs=CRS))


def blurred(plan: Plan, **accuracy: float) -> Plan:
    """The plan with other accuracies of some layers."""
    told = {
        kind: {
            key: one.model_copy(update={"accuracy": accuracy.get(key, one.accuracy)})
            for key, one in getattr(plan.definition, kind).items()
        }
        for kind in ("zones", "corridors", "constraints")
    }
    return replace(plan, definition=plan.definition.model_copy(update=told))


def redrawn(plan: Plan, **shapes: Any) -> Plan:
    """The plan with other shapes, in the metres of the square world."""
    shapes = {key: translate(one, EAST, NORTH) for key, one in shapes.items()}
    rows = zip(*plan.areas[["id", "geometry"]].T.to_numpy(), strict=True)
    return replace(plan, areas=plan.areas.assign(geometry=[shapes.get(k, g) for k, g in rows]))


def crooked(accuracy: float = 50) -> Plan:
    """Zones that overlap, a bent axis and a slanting constraint, none known like another."""
    plan = redrawn(
        world(accuracy, policy={"default_accuracy": 60}),
        west=Polygon([(1000, 1000), (6000, 1500), (3500, 5200)]),
        east=Polygon([(3000, 800), (8000, 4000), (2500, 4500)]),
        red=Polygon([(5000, 5500), (9500, 8000), (6000, 9500)]),
        axis=LineString([(0, 2500), (4000, 3000), (7000, 8000)]),
    )
    return blurred(plan, west=800, east=30, axis=250, red=90)


PLANS = {
    "crooked": crooked,
    "exact": lambda: world(0),
    "blurred": lambda: world(50),
    "very blurred": lambda: world(1500),
    "strict threshold": lambda: world(80, policy={"threshold": 0.99, "default_accuracy": 30}),
    "without a zone": lambda: world(50, without=["east"]),
    "without the study area": lambda: world(50, without=["study_area"]),
    "without the constraint": lambda: world(50, without=["red"]),
    "covered": covered_world,
    "covered, exact": lambda: covered_world(0),
    "other outcomes": lambda: world(
        60, policy={"unmet": {"location": "fail", "industry_fit": "review", "prohibit": "review"},
                    "industry_missing": "review", "default_accuracy": 10}),
}  # fmt: skip


INDUSTRIES = ["J66", "R88", "E48", "J", None]


def mixed(rows: int, seed: int) -> dict[str, Any]:
    """Two industries and two accuracies, one of them not stated, in any order."""
    random = np.random.default_rng(seed)
    few = [INDUSTRIES[at] for at in random.choice(5, 2, replace=False)]
    accuracy = [np.nan, float(random.choice([0.0, 3.0, 40.0, 400.0]))]
    return {
        "industry_code": np.array(few, dtype=object)[random.integers(0, 2, rows)],
        "accuracy": np.array(accuracy)[random.integers(0, 2, rows)],
    }


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", PLANS)
def test_a_table_says_what_the_check_says(name, seed):
    plan = PLANS[name]()
    spots = adversaries(plan, prepared(plan), seed)
    assert same(plan, *spots.T, **mixed(len(spots), 10 * seed + len(name))) > 0.1


@pytest.mark.parametrize("accuracy", [1e9, 1e200, 1e308, np.inf])
@pytest.mark.parametrize("name", ["crooked", "covered"])
def test_an_error_beyond_all_measure_is_no_better_known(name, accuracy, scaled):
    plan = PLANS[name]()
    spots = adversaries(plan, prepared(plan))[::5]
    same(plan, *spots.T, accuracy=accuracy, industry_code="J66")


@pytest.mark.parametrize("accuracy", [1e-300, 1e-12, 1e-9, 1e-7])
def test_a_circle_too_small_to_draw_is_its_middle(accuracy):
    """Both ways say of hardly any error what they say of none: the coverage holds the place."""
    plan, x, y = covered_world(0), EAST + np.arange(550, 9900, 100.0), np.full(94, NORTH + 2000)
    exact = plan.definition.constraints["red"].model_copy(update={"setback": 0.0})
    told = plan.definition.model_copy(update={"constraints": {"red": exact}})
    plan = replace(plan, definition=told)
    tiny, none = (checked(plan, x, y, METRES, accuracy=np.full(94, one)) for one in (accuracy, 0.0))
    assert tiny["outcome"].tolist() == none["outcome"].tolist()
    assert (none["outcome"] != "unknown").any()
    same(plan, x, y, accuracy=accuracy)


@pytest.fixture
def scaled(monkeypatch):
    """Every table has a scale for each edge that is alone, however few cells there are."""
    monkeypatch.setattr(surroundings, "_WORTH", 1)
    monkeypatch.setattr(surroundings, "_STRETCHES", 1024)


@pytest.mark.parametrize("name", PLANS)
def test_margins_to_one_edge_say_what_the_check_says(name, scaled):
    plan = PLANS[name]()
    spots = adversaries(plan, prepared(plan), 3)
    assert same(plan, *spots.T, accuracy=20.0) > 0.1


def test_a_scale_tells_most_points_about_an_edge_that_is_alone(scaled):
    """A point is near one edge of the square world in most places: few are left to the judge."""
    plan = world(50)
    made = prepared(plan)
    x, y = np.random.default_rng(1).uniform(1500, 8500, (2, 4000)) + np.array([[EAST], [NORTH]])
    made.of(x, y, Columns({}, len(x)))
    (table,) = (one for one in made._tables.values() if one is not None)
    at = np.flatnonzero(table.cells.at(x, y) == 0)
    around, points = table.around(x[at], y[at]), Points(x[at], y[at])
    single = table.surroundings.scale[around] >= 0
    told = table.surroundings.told(around, points, table.proof)
    assert single.sum() > 100
    assert not told[~single].any()
    assert (told[single] > 0).mean() > 0.6


@pytest.mark.parametrize("name", ["sides", "scale", "edge", "unit", "scales"])
def test_surroundings_that_do_not_fit_together_are_none(name, scaled):
    made = prepared(world(50))
    made.of(np.full(10, EAST + 2000), np.full(10, NORTH + 2000), Columns({}, 10))
    (table,) = (one for one in made._tables.values() if one is not None)
    held = table.surroundings.arrays()
    assert surroundings.Surroundings.of(held, table.proof) is not None
    own = held[name]
    harms = [own[:-1], own.astype(object)]
    if name != "scales":  # what numbers a scale may have, the table says
        harms.append(-own if name == "unit" else own + own.dtype.type(100))
    for harmed in harms:
        assert surroundings.Surroundings.of({**held, name: harmed}, table.proof) is None


@cache
def shipped() -> Plan:
    return open_plan()


@pytest.mark.parametrize("start", [WGS84, CGCS2000, pyproj.CRS("EPSG:32650")], ids=str)
def test_from_degrees_and_other_systems(start):
    """The tables lie in the system of the points; what is beside them is checked."""
    plan = shipped()
    made = prepared(plan, start)
    back = pyproj.Transformer.from_crs(METRES, start, always_xy=True)
    spots = adversaries(plan, replace(made, ground=prepared(plan).ground))[:-6]
    x, y = back.transform(*spots.T)
    frame, side = made.ground.frame, 2 ** sum(made.levels)
    random = np.random.default_rng(3)
    borders = frame[:2] + frame[2:] / side * random.integers(0, side + 1, (200, 2))
    step = [borders, np.nextafter(borders, 200), np.nextafter(borders, -200)]
    odd = [[180, 90], [-180, -90], [0, 0], [np.nan, 36], [114.4, np.inf], [114.4, 91]]
    odd = odd if start.is_geographic else [[0, 0], [np.nan, 4e6]]
    x, y = np.vstack([np.column_stack([x, y]), *step, odd]).T
    assert same(plan, x, y, start, Levels(6, 2), industry_code="J66") > 0.3


def test_a_table_is_never_made_where_neighbours_may_be_metres_apart():
    areas = Columns.of(shipped().areas, *AREA)
    assert ground_of(areas, pyproj.CRS("EPSG:4610"), METRES).frame is None  # Xian 1980
    assert ground_of(areas, WGS84, METRES).frame is not None


def test_far_outside_is_one_place_as_far_as_the_projection_is_trusted():
    plan, random = world(50), np.random.default_rng(4)
    turn, away = random.uniform(0, 2 * np.pi, 300), random.uniform(30_000, 400_000, 300)
    x, y = EAST + 5000 + away * np.cos(turn), NORTH + 5000 + away * np.sin(turn)
    assert same(plan, x, y, industry_code="J66") == 1
    assert same(plan, x + 1e6, y, industry_code="J66") < 0.1
    # A constraint known in part only, and a corridor that leaves the rectangle, say nothing there.
    assert same(covered_world(), x, y, industry_code="J66") > 0
    long = redrawn(plan, axis=LineString([(0, 6000), (300_000, 6000)]))
    assert same(long, x, y, industry_code="J66") == 0


corner = st.tuples(st.integers(0, 20), st.integers(0, 20))
shape = st.lists(corner, min_size=3, max_size=7, unique=True)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(shape, min_size=3, max_size=3),
    st.lists(corner, min_size=2, max_size=4, unique=True),
    st.sampled_from([0, 20, 200, 900]), st.sampled_from([0.8, 0.95, 0.99]),
    st.integers(0, 10**6),
)  # fmt: skip
def test_any_plan(shapes, line, accuracy, threshold, seed):
    drawn = [shapely.make_valid(Polygon(one)).buffer(0) for one in shapes]
    if any(one.is_empty or one.geom_type not in ("Polygon", "MultiPolygon") for one in drawn):
        return
    scaled = [shapely.transform(one, lambda c: c * 500) for one in drawn]
    axis = LineString([(500 * i, 500 * j) for i, j in line])
    base = world(accuracy, policy={"threshold": threshold, "public_services": ["E48"]})
    shapes_ = dict(zip(("west", "east", "red"), scaled, strict=True), axis=axis)
    random = np.random.default_rng(seed)
    blur = {key: float(random.choice([0, 10, 100, 700])) for key in shapes_}
    plan = blurred(redrawn(base, **shapes_), **blur)
    spots = adversaries(plan, prepared(plan, levels=Levels(4, 1)), seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(surroundings, "_WORTH", 1)
        patched.setattr(surroundings, "_STRETCHES", 256)
        same(plan, *spots.T, METRES, Levels(4, 1), **mixed(len(spots), seed))


def test_margins_to_what_is_no_polygon_are_not_bounded():
    plan = world()
    zone = plan.areas["id"] == "west"
    lines = plan.areas.geometry.where(~zone, plan.areas.geometry.boundary)
    areas = Columns.of(replace(plan, areas=plan.areas.assign(geometry=lines)).areas, *AREA)
    assert not provable(areas)
    assert provable(Columns.of(plan.areas, *AREA))


# --- cells ------------------------------------------------------------------------------------


class Nothing:
    """What is remembered of larger cells: nothing."""

    def take(self, cells):
        return self


def disc(x, y, half_x, half_y, known):
    """1 within 30 of (50, 50), 2 beyond it, where that holds for the whole cell."""
    away, reach = np.hypot(x - 50, y - 50), np.hypot(half_x, half_y)
    inside = np.where(away + reach < 30, 1, np.where(away - reach > 30, 2, 0))
    return inside.astype(np.uint16), Nothing()


@pytest.mark.parametrize("levels", [Levels(4, 1), Levels(6, 3), Levels(8, 0)])
def test_cells_answer_where_they_know_and_only_there(levels):
    cells = build_cells(np.array([0.0, 0, 100, 100]), disc, levels)
    random = np.random.default_rng(1)
    x, y = random.uniform(-20, 120, (2, 100_000))
    found, away = cells.at(x, y), np.hypot(x - 50, y - 50)
    assert (away[found == 1] < 30).all()
    assert (away[found == 2] > 30).all()
    beside = (x < 0) | (x > 100) | (y < 0) | (y > 100)
    assert (found[beside] == 0).all()
    cell = 100 / 2 ** sum(levels)
    sure = ~beside & (np.abs(away - 30) > 1.5 * cell)
    assert (found[sure] > 0).all()
    odd = cells.at(np.array([np.nan, np.inf, -np.inf, 1e300, 50]), np.array([50.0] * 4 + [np.nan]))
    assert (odd == 0).all()
    assert cells.largest == 2
    assert cells.sound


@pytest.mark.parametrize("harm", ["top", "block", "fine", "border", "levels", "frame", "kind"])
def test_cells_that_do_not_fit_together_are_none(harm):
    held = build_cells(np.array([0.0, 0, 100, 100]), disc, Levels(6, 2)).arrays()
    held = {name: one.copy() for name, one in held.items()}
    mixed_ = np.flatnonzero(held["top"] == 65535)
    if harm == "block":
        held["block"][mixed_[0]] = len(held["fine"])
    elif harm == "border":
        held["top"][0] = 1
    elif harm == "levels":
        held["levels"][0] = 60
    elif harm == "frame":
        held["frame"][2] = np.nan
    elif harm == "kind":
        held["fine"] = held["fine"].astype(np.int64)
    else:
        held[harm] = held[harm][:-1]
        held["block"][mixed_[0]] = held["block"].max()
    assert Cells.of(held) is None


# --- kept between runs ------------------------------------------------------------------------


def kept_in(folder, plan, **changes) -> Outcomes:
    return replace(prepared(plan), store=Store(folder), **changes)


def test_a_table_is_made_once(tmp_path, monkeypatch):
    plan, rows = world(50), Columns({}, 2)
    x, y = np.array([EAST + 2000, EAST + 1e5]), np.array([NORTH + 2000, NORTH])
    first = kept_in(tmp_path, plan).of(x, y, rows)
    (file,) = tmp_path.glob("*.cells")
    monkeypatch.setattr(Proof, "__call__", lambda *_: pytest.fail("made again"))
    again = kept_in(tmp_path, plan, enough=10**9, expected=10**6).of(x, y, rows)
    assert again.texts("outcome").tolist() == first.texts("outcome").tolist()
    for other in (world(51), world(50, policy={"threshold": 0.9})):
        kept_in(tmp_path, other, enough=10**9, expected=10**6).of(x, y, rows)
    assert list(tmp_path.glob("*.cells")) == [file]


@pytest.mark.parametrize("harm", ["cut", "flip", "wrong", "short"])
def test_a_kept_table_that_is_odd_or_wrong_is_made_anew(tmp_path, harm):
    plan, rows = world(50), Columns({}, 1)
    here = np.array([EAST + 2000]), np.array([NORTH + 2000])
    truth = kept_in(tmp_path, plan).of(*here, rows)
    (file,) = tmp_path.glob("*.cells")
    whole = file.read_bytes()
    if harm in ("wrong", "short"):
        store = Store(tmp_path)
        held = dict(store.load_arrays(file.stem))
        said = held["said"]
        held["said"] = np.roll(said, 1, axis=0) if harm == "wrong" else said[:2]
        store.save_arrays(file.stem, held)
    else:
        file.write_bytes(whole[:900] if harm == "cut" else whole[:-50] + b"x" + whole[-49:])
    harmed = file.read_bytes()
    told = kept_in(tmp_path, plan).of(*here, rows)
    assert told.texts("outcome").tolist() == truth.texts("outcome").tolist()
    assert file.read_bytes() != harmed


def test_few_rows_make_no_table(monkeypatch):
    monkeypatch.setattr(Proof, "__call__", lambda *_: pytest.fail("made"))
    made = replace(prepared(world(50)), enough=look_up.ENOUGH)
    told = made.of(np.full(10, EAST + 2000), np.full(10, NORTH + 2000), Columns({}, 10))
    assert set(told.texts("zone")) == {"west"}


# --- asked in Python, and as lists ------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [{"accuracy": ["900", None]}, {"accuracy": pd.array([900, None], "Int64")},
     {"accuracy": np.int64(900)}, {"industry_code": [66, 88]}, {"industry": 3},
     {"industry": pd.Categorical(["金融", None])}],
    ids=str,
)  # fmt: skip
def test_what_is_said_of_points_is_read_as_a_column_of_a_list(said):
    # 1100 is 100 m within the edge: sure to 5 m, not to 900 m.
    plan, x, y = world(), EAST + np.array([1100.0, 1100.0]), NORTH + np.array([2000.0, 2000.0])
    listed = pd.DataFrame(said, index=[0, 1])
    frame = gpd.GeoDataFrame(listed, geometry=shapely.points(x, y), crs=CRS)
    expected = plan.check(frame)[list(OUTCOME_COLUMNS)]
    for one in (plan, replace(plan, areas=plan.areas.rename_geometry("drawn"))):
        told = one.outcomes(x, y, crs=CRS, **said)
        assert (told.astype("str") == expected.astype("str")).all(axis=None)


def test_a_word_that_nothing_is_called_is_refused_and_not_passed_over():
    with pytest.raises(TypeError, match="industri"):
        world().outcomes([EAST], [NORTH], crs=CRS, industri="金融")


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [([114.4], [36.1, 36.2], {}), ([[114.4]], [36.1], {}), ([114.4], [36.1], {"accuracy": [1, 2]})],
)
def test_not_as_many_of_one_as_of_another_is_refused(x, y, said):
    with pytest.raises(ValueError, match="each point"):
        shipped().outcomes(x, y, **said)


def test_a_plan_tells_outcomes_of_coordinates():
    plan = shipped()
    random = np.random.default_rng(2)
    lon, lat = random.uniform(114.3, 114.5, 60), random.uniform(36, 36.14, 60)
    codes = random.choice(["J66", "R88"], 60).tolist()
    truth = checked(plan, lon, lat, WGS84, industry_code=codes, accuracy=20.0)
    told = plan.outcomes(lon, lat, industry_code=codes, accuracy=20)
    pd.testing.assert_frame_equal(told, truth)
    shifted = plan.outcomes(*gcj02_from_wgs84(lon, lat), crs="gcj02", industry_code="J66")
    assert shifted["zone"].equals(told["zone"])
    one = plan.outcomes(lon[0], lat[0])
    assert one["zone"].tolist() == told["zone"].head(1).tolist()


pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def listed(folder, rows=3000, **columns):
    """A synthetic list over and around the square world, as Parquet of a few row groups."""
    random = np.random.default_rng(9)
    back = pyproj.Transformer.from_crs(METRES, WGS84, always_xy=True)
    x, y = random.uniform(-2000, 12_000, (2, rows))
    lon, lat = back.transform(x + EAST, y + NORTH)
    held = {
        "编号": np.arange(rows), "项目名称": [f"合成{at}" for at in range(rows)],
        "经度": lon, "纬度": lat,
        "行业代码": random.choice(["J66", "R88", "x?", None], rows),
        "坐标中误差": random.choice([20.0, np.nan], rows),
    } | columns  # fmt: skip
    path = folder / "list.parquet"
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(held)), path, row_group_size=800)
    return path


def kernels(plan, monkeypatch):
    """The kernel of all columns, and that of outcomes which always makes tables."""
    monkeypatch.setenv("GISPLAN_CACHE", "off")
    quick = OutcomesKernel(plan.definition, plan.areas)
    enough = quick.prepared(WGS84)
    enough.enough, enough.levels = 1, COARSE
    return Kernel(plan.definition, plan.areas), quick


def alike(quick, whole) -> None:
    """Compare two files of verdicts, in what both tell."""
    mine, its = pq.read_table(quick), pq.read_table(whole)
    own = [name for name in mine.column_names if name not in OUTCOME_COLUMNS]
    assert own in (["编号"], ["id"], [])
    for name in mine.column_names:
        assert mine[name].to_pylist() == its[name].to_pylist(), name


@pytest.mark.parametrize("kind", ["points", "odd", "text", "geometry", "drawn"])
def test_a_list_of_outcomes_is_the_list_of_verdicts(kind, tmp_path, monkeypatch):
    plan = world(50)
    whole, quick = kernels(plan, monkeypatch)
    source = listed(tmp_path)
    table = pd.read_parquet(source)
    if kind == "odd":
        table.loc[3, ["经度", "纬度"]] = [36.1, 114.2]
        table.loc[4, "纬度"] = np.nan
        table.to_parquet(source, row_group_size=800, index=False)
    elif kind == "text":
        source = tmp_path / "list.csv"
        table.head(300).to_csv(source, index=False)
    elif kind in ("geometry", "drawn"):
        drawn = gpd.points_from_xy(table.pop("经度"), table.pop("纬度"), crs=WGS84)
        frame = gpd.GeoDataFrame(table.drop(columns=["编号"]), geometry=drawn)
        if kind == "drawn":
            frame.loc[5, "geometry"] = frame.geometry[5].buffer(0.001)
        frame.to_parquet(source, row_group_size=800)
    check_files(whole, [source], tmp_path / "whole.parquet")
    tally = check_files(quick, [source], tmp_path / "quick.parquet")
    alike(tmp_path / "quick.parquet", tmp_path / "whole.parquet")
    # A batch with a footprint in it is checked as ever.
    assert any(quick.prepared(WGS84)._tables.values()) == (kind != "drawn")
    assert sum(tally.values()) == (300 if kind == "text" else 3000)


@pytest.mark.parametrize("kind", ["points", "drawn"])
def test_margins_beside_outcomes_are_those_of_a_check_to_the_bit(kind, tmp_path, monkeypatch):
    plan = world(50)
    whole, quick = kernels(plan, monkeypatch)
    source = listed(tmp_path)
    table = pd.read_parquet(source)
    table.loc[4, "纬度"] = np.nan
    table.to_parquet(source, row_group_size=800, index=False)
    if kind == "drawn":
        drawn = gpd.points_from_xy(table.pop("经度"), table.pop("纬度"), crs=WGS84)
        frame = gpd.GeoDataFrame(table.drop(columns=["编号"]), geometry=drawn)
        frame.loc[5, "geometry"] = frame.geometry[5].buffer(0.001)
        frame.to_parquet(source, row_group_size=800)
    check_files(whole, [source], tmp_path / "whole.parquet")
    further = replace(quick, margins=True)
    check_files(further, [source], tmp_path / "further.parquet")
    mine, its = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("further", "whole"))
    told = [name for name in mine.column_names if name in its.column_names]
    assert {*OUTCOME_COLUMNS, *MARGIN_COLUMNS} <= set(told)
    for name in told:
        assert mine[name].to_pylist() == its[name].to_pylist(), name
    assert pickle.loads(pickle.dumps(further)).margins


def test_margins_of_points_on_edges_and_between_corridors(monkeypatch):
    plan = world(0)
    made = prepared(plan)
    x, y = adversaries(plan, made)[:4000].T
    found = plan.outcomes(x, y, crs=METRES, margins=True)
    drawn = np.where(np.isfinite(x) & np.isfinite(y), shapely.points(x, y), None)
    truth = plan.check(gpd.GeoDataFrame(geometry=drawn, crs=METRES))
    for name in (*OUTCOME_COLUMNS, *MARGIN_COLUMNS):
        mine, its = found[name].astype(object), truth[name].astype(object)
        assert mine.where(mine.notna(), None).tolist() == its.where(its.notna(), None).tolist()


def test_outcomes_cut_off_go_on_and_are_not_mixed_with_verdicts(tmp_path, monkeypatch):
    whole, quick = kernels(world(50), monkeypatch)
    source = listed(tmp_path)

    def stop(done, parts, rows):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_files(quick, [source], tmp_path / "out", rows=800, progress=stop)
    (first,) = (tmp_path / "out").glob("part-*")
    before = first.stat().st_mtime_ns
    check_files(quick, [source], tmp_path / "out", rows=800)
    assert first.stat().st_mtime_ns == before
    assert '"fields"' in (tmp_path / "out" / NOTE).read_text("utf-8")
    check_files(replace(quick, margins=True), [source], tmp_path / "out", rows=800)
    assert "zone_margin" in pq.read_schema(first).names
    check_files(whole, [source], tmp_path / "out", rows=800)
    assert "confidence" in pq.read_schema(first).names


def test_a_kernel_of_outcomes_travels_light(monkeypatch):
    _, quick = kernels(world(50), monkeypatch)
    sent = pickle.dumps(replace(quick, expected=7))
    there = pickle.loads(sent)
    assert (there.expected, there.fields) == (7, quick.fields)
    assert len(sent) < 20_000


def test_rows_are_counted_before_they_are_read(tmp_path):
    source = listed(tmp_path, rows=900)
    assert count_rows([source]) == count_rows([tmp_path]) == 900
    (tmp_path / "list.csv").write_text("a,b\n" * 800)
    assert count_rows([tmp_path / "list.csv"]) == 40


def test_check_takes_only_outcomes(tmp_path):
    source, out = listed(tmp_path, rows=50), tmp_path / "out.parquet"
    line = ["check", str(source), "--only-outcomes", "--lang", "en", "-o"]
    ran = CliRunner().invoke(gisplan, [*line, str(out)])
    assert ran.exit_code == 0, ran.output
    assert "50 rows" in ran.stderr
    assert pq.read_table(out).column_names == ["编号", *OUTCOME_COLUMNS]
    assert CliRunner().invoke(gisplan, [*line, str(out), "--margins"]).exit_code == 0
    assert pq.read_table(out).column_names == ["编号", *OUTCOME_COLUMNS, *MARGIN_COLUMNS]
    for wrong in (
        [*line, str(tmp_path / "out.xlsx")],
        [*line, str(out), "--engine", "whole"],
        ["check", str(source), "--margins", "-o", str(out)],
    ):
        refused = CliRunner().invoke(gisplan, wrong)
        assert refused.exit_code != 0
