"""Rings, shares, overlaps and sweeps in the square world (worlds.py), by mental arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import box

from gisplan.areas import strip
from gisplan.overlay import EVERY, absent, coverage, rings, sweep, zone_pairs, zone_shares
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
        (40, 100, "gap", 40, 0),  # 40 m < 1.645 x 100 m: may be no gap at all
        (-10, 1, "overlap", 10, 20_000),
        (-10, 100, "sliver", 10, 20_000),  # 10 m < 1.645 x 100 m
        (-1000, 100, "overlap", 1000, 2e6),
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


# --- how sure ---------------------------------------------------------------------------------


def test_shares_carry_the_range_that_the_accuracy_leaves_open():
    """M = 100 m for both layers: σ = 100 m, so the ring's edges may stand 164.5 m off."""
    plan = world(100)
    got = zone_shares(plan.areas, plan.definition, widths=[4000], cap="flat")
    west = got[(got["zone"] == "west") & (got["corridor"] == "axis")].iloc[0]
    # The upper half of the zone (y 2000..3000), give or take 164.5 of its 2000 m.
    assert west["share_of_zone"] == pytest.approx(0.5)
    assert west["share_low"] == pytest.approx(0.5 - 164.5 / 2000, abs=1e-6)
    assert west["share_high"] == pytest.approx(0.5 + 164.5 / 2000, abs=1e-6)


def test_a_ring_is_narrowed_and_widened_at_both_its_edges():
    plan = world(100)
    got = zone_shares(plan.areas, plan.definition, widths=[3500, 4500], cap="flat")
    ring = got[(got["zone"] == "west") & (got["inner"] == 3500) & (got["corridor"] == EVERY)]
    # y 1500..2500 of 1000..3000.
    row = ring.iloc[0]
    assert row["share_of_zone"] == pytest.approx(0.5)
    assert row["share_low"] == pytest.approx((1000 - 2 * 164.5) / 2000, abs=1e-6)
    assert row["share_high"] == pytest.approx((1000 + 2 * 164.5) / 2000, abs=1e-6)


def test_exact_layers_leave_no_range_and_unknown_ones_no_answer():
    plan = world()
    got = sweep(plan.areas, widths=[0, 3500, 5000], cap="flat")
    assert got["share_low"].to_numpy() == pytest.approx(got["share"].to_numpy())
    assert got["share_high"].to_numpy() == pytest.approx(got["share"].to_numpy())
    plan.areas.loc[plan.areas["id"] == "west", "accuracy"] = np.nan
    got = sweep(plan.areas, widths=[3500])
    assert got.loc[got["zone"] == "west", "share_low"].isna().all()
    assert got.loc[got["zone"] == "east", "share_low"].notna().all()


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 400), st.lists(st.integers(50, 6000), min_size=1, max_size=3, unique=True),
    st.sampled_from(["round", "flat"]), st.integers(-3000, 3000),
)  # fmt: skip
def test_the_share_lies_within_its_range_and_the_range_within_0_and_1(accuracy, widths, cap, east):
    plan = overlaid(accuracy, east=east)
    widths = sorted(widths)
    for got, share in (
        (zone_shares(plan.areas, plan.definition, widths=widths, cap=cap), "share_of_zone"),
        (sweep(plan.areas, widths=widths, cap=cap), "share"),
    ):
        assert (got["share_low"] <= got[share] + 1e-9).all()
        assert (got[share] <= got["share_high"] + 1e-9).all()
        assert got[["share_low", "share_high"]].stack().between(0, 1).all()
    # Less accurate layers leave a wider range.
    wider = sweep(overlaid(accuracy + 100, east=east).areas, widths=widths, cap=cap)
    assert (wider["share_low"] <= got["share_low"] + 1e-9).all()
    assert (wider["share_high"] >= got["share_high"] - 1e-9).all()


def test_the_sweep_is_of_the_ellipsoid_too_and_goes_from_0_to_2000():
    got = sweep(world().areas)
    assert (got["width"].min(), got["width"].max()) == (0, 2000)
    far = got[(got["width"] == 2000) & (got["zone"] == "study_area") & (got["corridor"] == EVERY)]
    assert far["area"].tolist() == pytest.approx([4000 * 10_000], rel=1e-6)
    assert far["area_ellipsoid"].tolist() == pytest.approx([4000 * 10_000], rel=1e-5)


def test_layers_without_data_are_named():
    assert absent(world().areas) == []
    assert absent(world(without=["axis", "west", "red"]).areas) == ["west", "axis"]


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 400))
def test_a_strip_is_as_long_and_wide_as_a_ruler_finds(one, other):
    long, wide = strip(box(0, 0, one, other))
    assert (long, wide) == (pytest.approx(max(one, other)), pytest.approx(min(one, other)))


# --- the pages --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_show_what_the_tables_say(language):
    from gisplan.labels import Labels
    from gisplan.outputs.analyses import linkage_figure, overlaid, overlay_figure
    from gisplan.plan import open_plan
    from gisplan.plotting import render

    plan, labels = open_plan(), Labels(language)
    frames = overlaid(plan, None, "round")
    figure = overlay_figure(plan, frames, labels, cap="round")
    axes = {one.get_label(): one for one in figure.axes}
    curves = [line for line in axes["sweep"].lines if line.get_linewidth() > 1]
    swept = frames["sweep"]
    every = swept[swept["corridor"] == EVERY]
    for line, zone in zip(curves, plan.definition.zones, strict=True):
        assert list(line.get_ydata()) == every.loc[every["zone"] == zone, "share"].tolist()
    texts = " ".join(text.get_text() for text in axes["paper"].texts)
    assert all(plan.definition.name(zone, language) in texts for zone in plan.definition.zones)
    linked = linkage_figure(plan, frames, labels, cap="round")
    said = {text.get_text() for text in linked.axes[0].texts}
    inside = frames["stations"][frames["stations"]["zone"] != ""]
    for at in (*inside["start"], *inside["end"]):
        assert f"{at:,.0f}" in said  # entry and exit of every zone
    assert render(figure, ".png", dpi=20) == render(figure, ".png", dpi=20)
