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
from hypothesis import given
from hypothesis import strategies as st
from shapely import segmentize
from shapely.geometry import LineString, box

from gisplan.definition import PlanDefinition
from gisplan.linkage import connectivity, links, stations

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
