"""The ground within a width of long lines: as much as all their edges one by one have."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import LineString, MultiLineString, box

from gisplan.around import around


def walk(corners, *, seed, rough=1.0):
    """A synthetic line that wanders east in steps of about 10 m, turning at every corner."""
    random = np.random.default_rng(seed)
    steps = np.array([10.0, 0.0]) + random.normal(size=(corners, 2)) * 10 * rough
    return LineString(np.array([5e5, 4e6]) + np.cumsum(steps, axis=0))


def edge_by_edge(line, width):
    """An oracle: the union of what lies within the width of each edge, its ends finely round."""
    corners = shapely.get_coordinates(line)
    edges = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
    return shapely.union_all(shapely.buffer(edges, width, quad_segs=128))


@pytest.mark.parametrize("width", [100.0, 500.0])
def test_a_rough_line_has_what_its_edges_have(width):
    line = walk(600, seed=1)
    band, plain, true = (
        around(line, width),
        line.buffer(width, quad_segs=32),
        edge_by_edge(line, width),
    )
    assert not shapely.equals_exact(band, plain)  # it was taken in pieces
    assert band.is_valid
    assert band.area == pytest.approx(true.area, rel=4e-4)
    assert band.area == pytest.approx(plain.area, rel=1e-4)
    # What is drawn in pieces is no farther from the truth than what is drawn whole.
    assert true.area - band.area <= true.area - plain.area + 1e-6 * true.area
    assert band.difference(true).area <= 1e-6 * true.area


@settings(max_examples=12, deadline=None)
@given(st.integers(200, 400), st.integers(0, 99), st.floats(80, 900), st.booleans())
def test_pieces_and_the_whole_are_alike_for_lines_of_several_parts_too(
    corners, seed, width, parted
):
    line = walk(corners, seed=seed, rough=1.5)
    if parted:
        line = MultiLineString([line, translate(line, 3000, 2000)])
    band, plain = around(line, width), line.buffer(width, quad_segs=32)
    assert band.area == pytest.approx(plain.area, rel=1e-4)
    assert band.symmetric_difference(plain).area <= 1e-4 * plain.area
    assert shapely.to_wkb(around(line, width)) == shapely.to_wkb(band)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        (LineString([(0, 0), (900, 50), (1500, 700)]), {}),  # few corners
        (walk(199, seed=2), {}),
        (walk(600, seed=3, rough=0.0), {}),  # straight on
        (walk(600, seed=4), {"cap": "flat"}),  # flat ends are those of the whole line
        (box(0, 0, 1000, 1000), {}),
        (LineString(), {}),
    ],
)
def test_other_shapes_are_drawn_as_geos_draws_them(shape, options):
    plain = shape.buffer(300, quad_segs=32, cap_style=options.get("cap", "round"))
    assert shapely.to_wkb(around(shape, 300, **options)) == shapely.to_wkb(plain)


def test_no_width_is_no_ground():
    assert around(walk(600, seed=5), 0.0).is_empty
