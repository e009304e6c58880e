"""Corridors and zones linked, in a row of squares with answers by mental arithmetic.

Three zones of 1000 m in a row with gaps of 500 m, y 0..1000; ``road`` runs through all of
them at y = 500, ``river`` passes 300 m north of the last two (y = 1300, near = 400)::

    y 1300            ~~~~~~~~~~~~~~~~~~ river
    y  500  ══[ a ]══════[ b ]══════[ c ]══ road
    x     0  500 1500  2000 3000  3500 4500  5000
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import segmentize
from shapely.geometry import LineString, Polygon, box

from gisplan.definition import PlanDefinition
from gisplan.linkage import connectivity, links, stations, stretch_lines

ZONES = {"a": box(500, 0, 1500, 1000), "b": box(2000, 0, 3000, 1000), "c": box(3500, 0, 4500, 1000)}
ROAD = LineString([(0, 500), (5000, 500)])
RIVER = LineString([(1900, 1300), (5000, 1300)])


def plan(accuracy=0.0, road=ROAD, river=RIVER, zones=ZONES):
    layer = {"source": "world", "accuracy": accuracy}
    definition = PlanDefinition.model_validate(
        {
            "id": "row", "version": "1", "title": {"zh": "一行"}, "crs": "EPSG:4547",
            "study_area": layer,
            "zones": {key: {**layer, "title": {"zh": key}} for key in ZONES},
            "corridors": {
                "road": {**layer, "title": {"zh": "路"}, "within": 400},
                "river": {**layer, "title": {"zh": "河"}, "within": 400},
            },
        }
    )  # fmt: skip
    shapes = [
        *(("zone", k, z) for k, z in zones.items()),
        ("corridor", "road", road),
        ("corridor", "river", river),
    ]
    kinds, ids, geometry = zip(*shapes, strict=True)
    areas = gpd.GeoDataFrame({"kind": kinds, "id": ids}, geometry=list(geometry), crs="EPSG:4547")
    return areas, definition


def test_the_stretches_of_a_corridor_in_walking_order():
    areas, _ = plan()
    road = stations(areas).query("corridor == 'road'")
    assert road["zone"].tolist() == ["", "a", "", "b", "", "c", ""]
    assert road["start"].tolist() == [0, 500, 1500, 2000, 3000, 3500, 4500]
    assert road["length"].tolist() == [500, 1000, 500, 1000, 500, 1000, 500]
    assert road["order"].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_a_corridor_along_an_edge_and_one_that_only_touches_a_corner():
    areas, _ = plan(road=LineString([(0, 1000), (5000, 1000)]))
    along = stations(areas).query("corridor == 'road'")
    assert along["zone"].tolist() == ["", "a", "", "b", "", "c", ""]


@settings(max_examples=20, deadline=None)
@given(st.floats(7, 900), st.booleans())
def test_direction_and_vertices_do_not_matter(density, turned):
    line = segmentize(ROAD, density)
    line = line.reverse() if turned else line
    areas, _ = plan(road=line)
    reference, _ = plan()
    got, expected = stations(areas), stations(reference)
    assert got["zone"].tolist() == expected["zone"].tolist()
    assert got["start"].to_numpy() == pytest.approx(expected["start"].to_numpy(), abs=1e-5)


def test_links_tell_crossing_from_passing_near():
    areas, definition = plan()
    got = links(areas, definition).set_index(["corridor", "zone"])
    assert got["linked"].tolist() == [True, True, True, False, True, True]
    assert got["crosses"].tolist() == [True, True, True, False, False, False]
    assert got.loc[("road", "a"), "length"] == 1000
    # The zone may shrink by 500 m before the road leaves it, and by 400 more before it is far.
    assert got.loc[("road", "a"), "margin"] == pytest.approx(900, abs=0.1)
    assert got.loc[("river", "b"), "margin"] == pytest.approx(400 - 300)
    assert got.loc[("river", "a"), "margin"] == pytest.approx(400 - np.hypot(400, 300))


def test_a_link_is_only_as_sure_as_the_layers():
    areas, definition = plan(accuracy=100)
    got = links(areas, definition).set_index(["corridor", "zone"])
    # σ = √((100² + 100²)/2) = 100: z = 1 for the river and b, Φ = 0.841
    assert got.loc[("river", "b"), "same"] == pytest.approx(0.8413, abs=1e-4)
    assert not got.loc[("river", "b"), "sure"]
    assert got.loc[("road", "a"), "sure"]


def test_what_a_cut_breaks():
    areas, definition = plan()
    got = connectivity(links(areas, definition)).set_index(["case", "cut_corridor"])
    assert got.loc[("all", ""), "groups"] == "a|b|c"
    assert got.loc[("cut", "river"), "connected"]
    without_road = got.loc[("cut", "road")]
    assert (without_road["components"], without_road["groups"], without_road["lost"]) == (
        2,
        "a;b|c",
        "a",
    )


def test_the_answer_may_not_survive_the_layers_accuracy():
    far = {**ZONES, "a": box(500, 0, 1500, 450)}  # now the road passes 50 m north of a
    areas, definition = plan(accuracy=400, zones=far)
    got = connectivity(links(areas, definition)).set_index(["case", "cut_corridor"])
    assert got.loc[("all", ""), "connected"]
    assert not got.loc[("sure", ""), "connected"]


def test_a_layer_without_data_neither_links_nor_does_not():
    areas, definition = plan()
    areas.loc[areas["id"] == "b", "geometry"] = None
    got = links(areas, definition).set_index(["corridor", "zone"])
    assert got["linked"].isna().tolist() == [False, True, False, False, True, False]


def test_links_carry_entry_exit_and_the_length_of_contact():
    areas, definition = plan()
    got = links(areas, definition).set_index(["corridor", "zone"])
    assert got.loc[("road", "b"), ["entry", "exit"]].tolist() == [2000, 3000]
    # Within 400 m of b: 400 m before and after its 1000 m.
    assert got.loc[("road", "b"), "near"] == pytest.approx(1800)
    assert np.isnan(got.loc[("river", "b"), "entry"])
    # The river runs 300 m off: within 400 m for 1000 m and the corners √(400² - 300²) = 264.6,
    # of which the river, which begins at 1900, lacks 164.6 in the west.
    assert got.loc[("river", "b"), "near"] == pytest.approx(1000 + 264.58 + 100, abs=2)


def test_the_length_of_contact_has_its_range():
    areas, definition = plan(accuracy=100)
    got = links(areas, definition).set_index(["corridor", "zone"]).loc[("road", "b")]
    # 164.5 m less and more at both ends.
    assert got["length_low"] == pytest.approx(1000 - 329)
    assert got["length_high"] == pytest.approx(1000 + 329, abs=1e-6)


SLANTED = LineString([(0, 100), (1200, 700), (2600, 300), (5000, 900)])
RING = LineString([(250, 500), (2500, 500), (2500, 1500), (250, 1500), (250, 500)])


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([SLANTED, RING]), st.floats(5, 700), st.booleans(), st.integers(0, 40),
)  # fmt: skip
def test_no_way_of_drawing_a_line_changes_the_answer(line, density, turned, start):
    """More vertices, the other direction, and for a closed line another first vertex."""
    drawn = segmentize(line, density)
    points = list(drawn.reverse().coords if turned else drawn.coords)
    if points[0] == points[-1]:
        ring = points[:-1]
        at = start % len(ring)
        points = [*ring[at:], *ring[:at], ring[at]]
    got, definition = plan(road=LineString(points))
    reference, _ = plan(road=line)
    one, other = (stations(areas) for areas in (got, reference))
    assert one["zone"].tolist() == other["zone"].tolist()
    for column in ("start", "end", "length"):
        assert one[column].to_numpy() == pytest.approx(other[column].to_numpy(), abs=1e-3)
    told = ["linked", "crosses", "sure"]
    assert links(got, definition)[told].equals(links(reference, definition)[told])


def test_an_edge_that_two_zones_share_is_one_station():
    zones = {**ZONES, "a": box(500, 0, 1500, 1000), "b": box(1500, 0, 3000, 1000)}
    areas, _ = plan(road=LineString([(0, 100.1), (5000, 777.7)]), zones=zones)
    road = stations(areas).query("corridor == 'road'")
    assert road["zone"].tolist() == ["", "a", "b", "", "c", ""]
    assert road["length"].sum() == pytest.approx(np.hypot(5000, 677.6))
    assert road["end"].tolist()[:-1] == road["start"].tolist()[1:]


def test_a_slanted_road_along_an_edge_runs_in_the_zone():
    edge = Polygon([(500, 0), (1500, 333.33), (1500, 900), (500, 700)])
    road = LineString([(0, -166.665), (500, 0), (1500, 333.33), (2500, 666.66)])
    areas, _ = plan(road=road, zones={**ZONES, "a": edge})
    assert stations(areas).query("corridor == 'road'")["zone"].tolist()[:3] == ["", "a", ""]


def test_the_stretches_have_their_geometry():
    areas, _ = plan(road=SLANTED)
    walked = stretch_lines(areas, stations(areas))
    assert walked.length.to_numpy() == pytest.approx(walked["length"].to_numpy(), abs=1e-6)
    held = walked[walked["zone"] == "b"].geometry.iloc[0]
    assert ZONES["b"].buffer(1e-6).covers(held)


def test_connectivity_says_whether_it_survives_the_accuracy():
    areas, definition = plan()
    exact = connectivity(links(areas, definition)).set_index(["case", "cut_corridor"])
    assert exact.loc[("all", ""), "survives"]
    assert exact.loc[("cut", "road"), "survives"]
    # The road passes 50 m inside a, M = 400: P(linked) is below 0.95, so it may be cut off.
    far = {**ZONES, "a": box(500, 0, 1500, 450)}
    areas, definition = plan(accuracy=400, zones=far)
    got = connectivity(links(areas, definition)).set_index(["case", "cut_corridor"])
    assert not got.loc[("all", ""), "survives"]
    assert got.loc[("possible", ""), "components"] <= got.loc[("sure", ""), "components"]
