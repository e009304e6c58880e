"""Rings, shares, overlaps and sweeps in the square world (worlds.py), by mental arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from gisplan.overlay import EVERY, coverage, rings, sweep, zone_pairs, zone_shares
from tests.worlds import world


def overlaid(accuracy=0.0, *, east=0.0, **options):
    """The world with its east zone moved east by some metres."""
    plan = world(accuracy, **options)
    at = plan.areas.index[plan.areas["id"] == "east"][0]
    plan.areas.loc[at, "geometry"] = translate(plan.areas.loc[at, "geometry"], east)
    return plan


def test_rings_are_bands_clipped_to_the_study_area():
    plan = world()
    drawn = rings(plan.areas, plan.definition, widths=[300, 500])
    # The axis crosses the whole study area, so its ends stick out and are cut: 2 half discs.
    assert drawn["area"].tolist() == pytest.approx([10_000 * 600, 10_000 * 400])
    assert drawn["cut"].tolist() == pytest.approx(
        [np.pi * 300**2, np.pi * (500**2 - 300**2)], rel=2e-3
    )
    assert drawn["inner"].tolist() == [0, 300]


def test_flat_ends_have_nothing_to_cut():
    plan = world()
    drawn = rings(plan.areas, plan.definition, widths=[300], cap="flat")
    assert drawn["cut"].tolist() == pytest.approx([0], abs=1e-6)


def test_zone_shares_name_every_pair_and_both_shares():
    plan = world()
    # 3000..4000 m south of the axis is y 2000..3000: the upper half of both zones.
    got = zone_shares(plan.areas, plan.definition, widths=[3000, 4000], cap="flat")
    assert len(got) == 2 * 2 * 2  # zones x (axis, all) x rings
    outer = got[got["outer"] == 4000].set_index(["zone", "corridor"])
    for zone in ("west", "east"):
        for corridor in ("axis", EVERY):
            row = outer.loc[zone, corridor]
            assert row["area"] == pytest.approx(2000 * 1000)
            assert row["share_of_zone"] == pytest.approx(0.5)
            # The ring is 1000 m wide on both sides of the axis, 10 km long.
            assert row["share_of_ring"] == pytest.approx(2000 * 1000 / 2e7)
    assert (got.loc[got["outer"] == 3000, "area"] == 0).all()


def test_hectares_and_mu_are_of_the_ellipsoid():
    plan = world()
    got = coverage(plan.areas).set_index("area_id")
    west = got.loc["west"]
    # EPSG:4547 is true to scale on its meridian, and x = 502 km is near it: within 1e-5.
    assert west["area"] == pytest.approx(4e6)
    assert west["area_ellipsoid"] == pytest.approx(4e6, rel=1e-5)
    assert west["hectares"] == pytest.approx(400, rel=1e-5)
    assert west["mu"] == pytest.approx(6000, rel=1e-5)


def test_coverage_adds_up_to_the_study_area():
    got = coverage(world().areas).set_index("area_id")
    assert got.loc["union", "area"] == pytest.approx(8e6)
    assert got.loc["rest", "area"] == pytest.approx(1e8 - 8e6)
    assert got.loc["union", "share_of_study_area"] == pytest.approx(0.08)
    assert (got["outside"] == 0).all()


def test_overlapping_zones_are_counted_once_in_the_union():
    got = coverage(overlaid(east=-500).areas).set_index("area_id")
    assert got.loc["union", "area"] == pytest.approx(8e6 - 500 * 2000)


@pytest.mark.parametrize(
    ("east", "accuracy", "relation", "width", "area"),
    [
        (0, 1, "touch", 0, 0),
        (40, 1, "apart", 40, 0),
        (-10, 1, "overlap", 2 * 20_000 / 4020, 20_000),
        (-10, 100, "sliver", 2 * 20_000 / 4020, 20_000),  # 9.95 m < 1.645 x 100 m
        (-1000, 100, "overlap", 2 * 2e6 / 6000, 2e6),
    ],
)
def test_slivers_are_told_from_overlaps_by_width_and_accuracy(
    east, accuracy, relation, width, area
):
    plan = overlaid(accuracy, east=east)
    got = zone_pairs(plan.areas, plan.definition)
    assert len(got) == 1
    row = got.iloc[0]
    assert (row["relation"], row["error"]) == (relation, pytest.approx(accuracy))
    assert row["width"] == pytest.approx(width)
    assert row["area"] == pytest.approx(area)


def test_sweep_grows_with_the_width_and_ends_full():
    got = sweep(world().areas, widths=[0, 3000, 3500, 4000, 5000], cap="flat")
    west = got[(got["zone"] == "west") & (got["corridor"] == "axis")]
    assert west["share"].tolist() == pytest.approx([0, 0, 0.25, 0.5, 1.0])


def test_a_layer_without_data_gives_no_row_and_no_zero():
    plan = world(without=["axis", "study_area"])
    assert rings(plan.areas, plan.definition, widths=[300]).empty
    assert coverage(plan.areas)["share_of_study_area"].isna().all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(50, 6000), min_size=1, max_size=4, unique=True).map(sorted),
    st.integers(-3000, 3000),
)
def test_parts_add_up_and_shares_stay_within_bounds(widths, east):
    plan = overlaid(east=east)
    bands = rings(plan.areas, plan.definition, widths=widths)
    whole = rings(plan.areas, plan.definition, widths=widths[-1:])
    assert bands["area"].sum() == pytest.approx(whole["area"].sum(), rel=1e-9)
    got = zone_shares(plan.areas, plan.definition, widths=widths)
    for column in ("share_of_zone", "share_of_ring"):
        assert got[column].dropna().between(0, 1).all()
    one, every = (got[got["corridor"] == name]["area"].to_numpy() for name in ("axis", EVERY))
    assert one == pytest.approx(every, abs=1e-3)  # one corridor: the union is the corridor


def test_a_plan_without_zones_or_without_corridors_gives_empty_tables_and_no_crash():
    plan = world()
    for kind in ("zone", "corridor"):
        fewer = plan.areas[plan.areas["kind"] != kind]
        got = zone_shares(fewer, plan.definition, widths=[300])
        assert got.empty
        assert "share_of_zone" in got
        assert len(zone_pairs(fewer, plan.definition)) == (0 if kind == "zone" else 1)
        assert not coverage(fewer).empty
        assert "share" in sweep(fewer, widths=[300])
