"""Where a new project would do best: large enough, compact, apart, and as sure as layers allow."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import box

from gisplan.errors import RasterError
from gisplan.labels import Labels
from gisplan.printout.sites import fewer, regions_table
from gisplan.sites import Wanted
from tests.worlds import EAST, NORTH, world


def only():
    """The square world with the west zone as the only place for J66."""
    return world(corridors={})


def test_the_best_regions_are_large_compact_and_apart():
    plan = world()
    got = plan.best_sites("J66", 200_000, count=3, apart=400)
    assert got["rank"].tolist() == [1, 2, 3]
    assert (got["area_ellipsoid"] >= 200_000).all()
    assert (got["compactness"] >= 0.45).all()
    shapes = got.geometry.tolist()
    for at, one in enumerate(shapes):
        assert all(one.distance(other) >= 400 for other in shapes[at + 1 :])
    assert got["outcome"].astype(str).tolist() == ["pass"] * 3


def test_a_region_keeps_clear_and_lies_where_the_industry_is_wanted():
    got = world().best_sites("R88", 500_000, count=2)  # wanted in the east zone alone
    east = shapely.affinity.translate(box(3000, 1000, 5000, 3000), EAST, NORTH)
    assert len(got) >= 1
    assert all(east.covers(one) for one in got.geometry)


def test_no_region_where_the_area_does_not_fit():
    assert world().best_sites("R88", 4_100_000).empty  # the east zone has 4 km²
    assert world().best_sites("A01", 400_000).empty


def test_a_region_that_fits_is_found_with_finer_cells():
    # 3 km² in a zone of 4 km²: with 8 cells across, the rim that is lost leaves 2.7 km².
    assert len(only().best_sites("J66", 3_000_000, count=1)) == 1


def test_that_nothing_was_found_is_not_told_as_a_proof():
    labels = Labels("zh")
    got = only().best_sites("J66", 3_000_000, count=3)
    assert fewer(got, 3, labels) == [
        "要 3 处，只找到 1 处（只试方形的与由近及远拼成的，不能证明没有更多）"
    ]
    assert "不能证明" in regions_table(only(), got.iloc[:0], labels)


def test_a_model_scores_places_for_the_industry_asked_for():
    zone = {"kind": "zone_fit", "title": {"zh": "片区"}, "weight": 1, "differs": 0.25}
    plan = world(suitability={"m": {
        "title": {"zh": "试"}, "basis": {"zh": "假定"}, "industry": "J66", "criteria": {"z": zone},
    }})  # fmt: skip
    assert plan.best_sites("R88", 500_000, count=1, model="m")["score"][0] == 1.0


def test_coarse_layers_leave_the_regions_to_review():
    got = world(accuracy=1500.0).best_sites("R88", 500_000, count=1)
    assert got["outcome"].astype(str).tolist() == ["review"]


def test_unknown_scores_are_no_places():
    def score(x, y):
        return np.where(x < EAST + 2000, np.nan, 0.5)

    got = only().best_sites("J66", 100_000, score=score)
    assert len(got)
    assert all(one.bounds[0] >= EAST + 1900 for one in got.geometry)


@pytest.mark.parametrize("wrong", [{"area": 0}, {"area": np.nan}, {"count": 0}, {"apart": -1}])
def test_what_is_wanted_has_to_make_sense(wrong):
    with pytest.raises(RasterError):
        Wanted(**{"industry": "J66", "area": 1.0, **wrong})
