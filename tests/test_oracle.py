"""The shipped plan against an implementation that shares no code with ours: geopandas' joins."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gisplan.plan import open_plan


@pytest.fixture(scope="module")
def scattered() -> gpd.GeoDataFrame:
    """2000 synthetic points over and around the district, seeded."""
    random = np.random.default_rng(20261124)
    lon, lat = random.uniform(114.30, 114.47, 2000), random.uniform(36.00, 36.14, 2000)
    frame = pd.DataFrame(
        {"name": "synthetic", "industry_code": "J66", "accuracy": 0.0}, index=range(2000)
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def test_zones_and_distances_agree_with_geopandas(scattered):
    plan = open_plan()
    verdicts = plan.check(scattered)
    here = scattered.to_crs(plan.crs)
    areas = plan.areas.set_index("id")
    zones = plan.areas[plan.areas["kind"] == "zone"]
    joined = here.sjoin(zones[["id", "geometry"]], predicate="within")["id"]
    assert verdicts["zone"].dropna().to_dict() == joined.to_dict()
    for row in verdicts.itertuples():
        place = here.geometry[row.Index]
        edges = {key: areas.geometry[key].boundary.distance(place) for key in plan.definition.zones}
        assert abs(row.zone_margin) == pytest.approx(
            edges[row.zone] if row.zone == row.zone else min(edges.values())
        )
        lines = {key: areas.geometry[key].distance(place) for key in plan.definition.corridors}
        assert row.corridor == min(lines, key=lines.__getitem__)
        assert row.corridor_distance == pytest.approx(lines[row.corridor])
    study = areas.geometry["study_area"]
    outside = ~here.within(study)
    assert (verdicts["nominal"] == "fail").tolist() == outside.tolist()
