"""Kernel density: mass, place and spread of kernels by arithmetic, and against a plain sum."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from gisplan.errors import GisplanError, MissingExtra
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.surface import draw, map_image
from tests.worlds import EAST, NORTH, projects, world

PLACES = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=12
)


def spread(listed, **options):
    return world().density(listed, **options)


def plain(surface, places, bandwidth, weights=None):
    """The sum over all points at all cells, per km²: what the filter has to equal."""
    grid = surface.grid
    x, y = grid.centres(0, 0, grid.rows, grid.columns)
    total = np.zeros((grid.rows, grid.columns))
    for at, (east, north) in enumerate(places):
        one = np.exp(-((x[None] - east - EAST) ** 2 + (y[:, None] - north - NORTH) ** 2)
                     / (2 * bandwidth**2)) / (2 * np.pi * bandwidth**2) * 1e6  # fmt: skip
        total += one * (1 if weights is None else weights[at])
    return total


@settings(max_examples=15, deadline=None)
@given(PLACES)
def test_in_an_infinite_window_the_mass_is_the_number_of_projects(places):
    surface = spread(projects(*places), bandwidth=400, cell=50, edge=False)
    assert surface.mass == pytest.approx(len(places), rel=1e-7)
    assert np.nanmin(surface.values) >= 0


@settings(max_examples=15, deadline=None)
@given(PLACES)
def test_with_edge_correction_no_mass_leaves_the_study_area(places):
    surface = spread(projects(*places), bandwidth=900, cell=100)
    assert surface.mass == pytest.approx(len(places), rel=1e-9)
    west, _, _, north = surface.grid.bounds
    assert (west, north) <= (EAST, NORTH + 10_100)
    assert np.isnan(surface.values[0]).all()  # the row of cells beyond the study area


def test_a_project_on_ground_smaller_than_a_cell_keeps_its_mass():
    plan = world()
    island = shapely.union_all([box(0, 0, 10_000, 10_000), box(11_000, 9000, 11_001, 9001)])
    island = shapely.affinity.translate(island, EAST, NORTH)
    shapes = plan.areas.geometry.where(plan.areas["id"] != "study_area", island)
    plan = Plan(plan.definition, plan.areas.set_geometry(shapes, crs=plan.crs))
    surface = plan.density(projects((5000.0, 5000.0), (11_000.5, 9000.5)), bandwidth=150.0)
    assert surface.mass == pytest.approx(2)


def test_it_equals_the_plain_sum():
    places = [(2000.0, 3000.0), (2333.0, 3111.0), (7001.0, 4999.0)]
    surface = spread(projects(*places), bandwidth=500, cell=50, edge=False)
    expected = plain(surface, places, 500)
    assert abs(surface.values - expected).max() < 1e-3 * expected.max()


def test_far_from_the_edge_the_correction_changes_nothing():
    places = [(5000.0, 5000.0)]
    surface = spread(projects(*places), bandwidth=500, cell=50)
    expected = plain(surface, places, 500)
    inside = np.isfinite(surface.values)
    assert abs(surface.values - expected)[inside].max() < 1e-3 * expected.max()


def test_at_a_straight_edge_the_density_is_doubled():
    # Half of the kernel lies outside, so the other half counts twice.
    surface = spread(projects((5000.0, 0.0)), bandwidth=500, cell=50)
    known = np.nan_to_num(surface.values)
    expected = 2 * plain(surface, [(5000.0, 0.0)], 500)
    row, column = np.unravel_index(known.argmax(), known.shape)
    assert known[row, column] == pytest.approx(expected[row, column], rel=0.06)


def test_investment_is_yuan_and_keeps_its_mass():
    listed = projects((2000.0, 2000.0), (4000.0, 4000.0), (5000.0, 5000.0), None)
    listed["investment"] = [3e8, 1e8, np.nan, 5e8]
    surface = spread(listed, weight="investment", bandwidth=500)
    assert surface.mass == pytest.approx(4e8)
    assert dict(surface.told) == {
        "unlocated": {"n": 1, "of": 4}, "no_investment": {"n": 1, "of": 4},
    }  # fmt: skip
    assert surface.unit == "yuan/km2"


def test_projects_outside_are_left_out_and_told():
    surface = spread(projects((2000.0, 2000.0), (-5.0, 0.0)), bandwidth=500)
    assert surface.mass == pytest.approx(1)
    assert dict(surface.told)["outside"] == {"n": 1, "of": 2}


def test_the_default_bandwidth_is_silvermans():
    # Four corners of a square of 2 km: the variance is 1 km² each way, n = 4.
    square = [(4000.0, 4000.0), (6000.0, 4000.0), (4000.0, 6000.0), (6000.0, 6000.0)]
    surface = spread(projects(*square))
    assert surface.facts["bandwidth_m"] == pytest.approx(1000 * 4 ** (-1 / 6), abs=1e-3)
    assert surface.facts["bandwidth_rule"] == "silverman"
    # With coordinates that are wrong by M = 1500 m, one axis has 1061 m.
    rough = spread(projects(*square, accuracy=1500.0))
    assert rough.facts["bandwidth_m"] == pytest.approx(1500 / np.sqrt(2), abs=1e-3)
    assert rough.facts["bandwidth_rule"] == "coordinate_error"


def test_a_footprint_counts_at_its_centroid():
    one = spread(projects(box(1000, 1000, 2000, 2000)), bandwidth=500)
    other = spread(projects((1500.0, 1500.0)), bandwidth=500)
    assert np.array_equal(one.values, other.values, equal_nan=True)


def test_without_a_study_area_there_is_no_edge_and_that_is_told():
    plan = world(without=["study_area"])
    surface = plan.density(projects((1.0, 1.0)), bandwidth=500)
    assert "no_edge" in dict(surface.told)
    assert surface.mass == pytest.approx(1, rel=1e-7)


@pytest.mark.parametrize(("listed", "options", "code"), [
    (projects(None), {}, "density_empty"),
    (projects((1.0, 1.0)), {}, "density_bandwidth"),
    (projects((1.0, 1.0), (1.0, 1.0)), {}, "density_bandwidth"),
    (projects((1.0, 1.0)), {"bandwidth": 0.0}, "density_bandwidth"),
    (projects((1.0, 1.0)), {"bandwidth": float("nan")}, "density_bandwidth"),
    (projects((1.0, 1.0)), {"bandwidth": 500, "cell": 400}, "density_cell"),
    (projects((1.0, 1.0)), {"bandwidth": 500, "cell": 0.5}, "density_cells"),
])  # fmt: skip
def test_what_cannot_be_answered_is_refused(listed, options, code):
    with pytest.raises(GisplanError) as caught:
        spread(listed, **options)
    assert caught.value.code == code
    assert "\n" not in caught.value.word("zh")


def test_without_the_extra_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    with pytest.raises(MissingExtra, match=r"gisplan\[raster\]"):
        spread(projects((1.0, 1.0)), bandwidth=500)


def test_the_legend_is_in_real_units_and_holds_the_highest_value():
    listed = projects((2000.0, 2000.0), (4000.0, 4000.0))
    listed["investment"] = [30e8, 1e8]
    surface = spread(listed, weight="investment", bandwidth=500)
    picture = draw(surface, Labels("zh"))
    assert all(words.endswith("亿元/km²") for _, words in picture.legend)
    top = float(picture.legend[-1][1].split()[0].split("–")[1])
    assert top * 1e8 >= np.nanmax(surface.values)
    highest = np.unravel_index(np.nanargmax(surface.values), surface.values.shape)
    color = "#" + bytes(picture.rgba[highest][:3]).hex()
    assert color == picture.legend[-1][0]
    assert picture.rgba[0, 0, 3] == 0  # beyond the study area


def test_the_picture_for_the_web_map_lies_where_the_surface_does():
    import io

    import matplotlib.image
    import pyproj

    surface = spread(projects((2000.0, 3000.0)), bandwidth=300)
    image = map_image(surface, Labels("en"))
    rgba = matplotlib.image.imread(io.BytesIO(image.png))
    shade = np.where(rgba[..., 3] > 0, rgba[..., :3].sum(axis=2), np.inf)
    darkest = np.argwhere(shade <= shade.min() + 0.01)
    row, column = darkest.mean(axis=0)
    web = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    (west, south), (east, north) = (web.transform(*image.bounds[k : k + 2]) for k in (0, 2))
    x = west + (column + 0.5) * (east - west) / rgba.shape[1]
    y = north - (row + 0.5) * (north - south) / rgba.shape[0]
    back = pyproj.Transformer.from_crs(3857, 4547, always_xy=True).transform(x, y)
    assert back == pytest.approx((EAST + 2000, NORTH + 3000), abs=25)


def test_the_same_list_gives_the_same_bytes():
    listed = projects((2000.0, 2000.0), (4000.0, 4100.0))
    one, other = (map_image(spread(listed), Labels("zh")).png for _ in range(2))
    assert one == other
