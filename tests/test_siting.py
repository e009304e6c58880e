"""Verdicts in the square world (see worlds.py): every expected value is mental arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPoint, Polygon, box

from gisplan.errors import CrsError
from gisplan.terms import OUTCOMES, VERDICT_COLUMNS, VERDICT_TAIL
from tests.worlds import EAST, NORTH, definition, projects, world


def verdict(plan, *shapes, **options):
    return plan.check(projects(*shapes, **options)).iloc[0]


@pytest.mark.parametrize(
    ("place", "industry", "outcome", "margin", "zone"),
    [
        ((2000, 2000), "J66", "pass", 1000, "west"),
        ((1100, 2000), "J66", "pass", 100, "west"),
        ((2000, 2000), "R88", "conditional", 1000, "west"),
        ((4000, 2000), "R88", "pass", 1000, "east"),
        ((4000, 2000), "E48", "pass", 1000, "east"),  # infrastructure: industry does not apply
        ((2000, 5600), "J66", "pass", -2600, None),  # 400 m from the axis
        ((2000, 5400), "J66", "conditional", -2400, None),  # 600 m: near nothing
        ((8500, 8500), "J66", "fail", None, None),  # on the red square
        ((8500, 7950), "J66", "fail", None, None),  # 50 m from it, inside the setback of 100
        ((8500, 7800), "J66", "conditional", None, None),  # 200 m: clear, but near nothing
        ((-100, 6000), "J66", "fail", None, None),  # outside the study area
    ],
)
def test_exact_geometry_gives_firm_verdicts(place, industry, outcome, margin, zone):
    got = verdict(world(), place, industry=industry)
    assert got["outcome"] == got["nominal"] == outcome
    assert got["confidence"] == 1.0
    assert margin is None or got["zone_margin"] == pytest.approx(margin)
    assert (got["zone"] == zone) if zone else got.isna()["zone"]


def test_columns_are_the_contract_in_order():
    got = world().check(projects((2000, 2000)))
    rules = ["in_study_area", "in_zone", "near_corridor", "industry_fit", "clear_of:red"]
    assert list(got) == [*VERDICT_COLUMNS, *rules, *VERDICT_TAIL]
    assert list(got["outcome"].cat.categories) == list(OUTCOMES)


def test_a_project_100_m_inside_a_zone_drawn_to_800_m_needs_review():
    got = verdict(world(800), (1100, 2000))
    # σ = 800/√2 = 565.7: zone z = 0.177, Φ = 0.570; study area z = 1100/565.7, Φ = 0.974.
    assert (got["outcome"], got["nominal"]) == ("review", "pass")
    assert got["confidence"] == pytest.approx(0.570 * 0.974, abs=0.001)
    assert got["flip_distance"] == pytest.approx(100)
    assert got["reasons"] == "in_zone=review|industry_fit=review"


def test_the_same_project_is_firm_once_the_layer_is_accurate():
    got = verdict(world(10), (1100, 2000))
    assert (got["outcome"], got["confidence"] > 0.99) == ("pass", True)


def test_the_projects_own_error_counts_as_much_as_the_layers():
    layer = verdict(world(800), (1100, 2000))
    own = verdict(world(), (1100, 2000), accuracy=800)
    both = verdict(world(800), (1100, 2000), accuracy=800)
    assert layer["confidence"] == pytest.approx(own["confidence"])
    # σ grows by √2: zone z = 0.125, Φ = 0.550; study area z = 1.375, Φ = 0.915.
    assert both["confidence"] == pytest.approx(0.550 * 0.915, abs=0.001)


def test_rules_that_are_firm_one_by_one_may_need_review_together():
    # 117.4 m from the zone's edge and as far from the constraint: σ = 70.7, z = 1.66, and each
    # answer stays with P = 0.9515, both together with 0.905.
    plan = world(100, constraints={"red": {**_red(), "setback": 0, "accuracy": 100}})
    red = plan.areas.index[plan.areas["id"] == "red"][0]
    plan.areas.loc[red, "geometry"] = translate(box(900, 3000, 2900, 4000), EAST, NORTH)
    got = verdict(plan, (1117.4, 2882.6))
    assert (got["outcome"], got["nominal"]) == ("review", "pass")
    assert got["confidence"] == pytest.approx(0.9515**2, abs=0.001)


def test_one_infrastructure_code_does_not_exempt_a_mixed_project():
    assert verdict(world(), (2000, 2000), industry="R88|E48")["outcome"] == "conditional"
    assert verdict(world(), (2000, 2000), industry="E48|E48")["outcome"] == "pass"


def test_a_parcel_that_shares_an_edge_with_a_constraint_is_clear():
    plan = world(constraints={"red": {**_red(), "setback": 0}})
    got = verdict(plan, box(7000, 8000, 8000, 9000))
    assert got["clear_of:red"] == "pass"


def test_a_doubt_of_the_zone_is_none_where_both_sides_are_conditional():
    # R88 in West is a mismatch, outside it is in no zone: conditional either way.
    got = verdict(world(100), (1300, 2000), industry="R88")
    assert (got["outcome"], got["nominal"]) == ("conditional", "conditional")
    assert got["confidence"] > 0.95


def test_an_edge_that_moves_two_rules_moves_both():
    policy = {"default_accuracy": 0, "unmet": {"industry_fit": "fail"}}
    got = verdict(world(100, policy=policy), (1010, 2000), industry="R88")
    # 10 m inside West it fails, outside it is conditional: z = 0.141, Φ = 0.556.
    assert (got["outcome"], got["nominal"]) == ("review", "fail")
    assert got["flip_distance"] == pytest.approx(10)
    assert got["confidence"] == pytest.approx(0.556, abs=0.001)


def test_a_geometry_that_cannot_be_measured_is_unknown_and_no_crash():
    bow_tie = Polygon([(1000, 1000), (2000, 2000), (2000, 1000), (1000, 2000)])
    flat = Polygon([(1000, 1000), (2000, 1000), (3000, 1000)])
    scattered = MultiPoint([(2000, 2000), (-90_000, 2000)])
    got = world().check(projects(bow_tie, flat, scattered, (2000, 2000)))
    assert got["outcome"].tolist() == ["unknown", "unknown", "unknown", "pass"]
    assert got["issues"].tolist() == ["GP-SIT-002"] * 3 + [""]


def test_the_default_accuracy_is_told_where_it_is_used():
    rows = projects((2000, 2000), (2000, 2000), None)
    rows["accuracy"] = [5.0, np.nan, np.nan]
    assert world().check(rows)["issues"].tolist() == ["", "GP-SIT-001", ""]


def test_a_point_on_the_shared_edge_names_both_zones_and_stays_one_row():
    got = world(10).check(projects((3000, 2000)))
    assert len(got) == 1
    assert got.loc[0, "zone"] == "west|east"
    assert got.loc[0, "zone_margin"] == 0
    assert got.loc[0, "outcome"] == "review"
    assert got.loc[0, "confidence"] == pytest.approx(0.5)


def test_a_zone_in_doubt_does_not_matter_where_the_corridor_is_sure():
    plan = world(100, corridors={"axis": {**_axis(), "within": 4000, "accuracy": 1}})
    got = verdict(plan, (1010, 2500))  # 10 m inside west, 3500 m from the axis
    assert got["outcome"] == "pass"
    assert (got["in_zone"], got["near_corridor"]) == ("not_applicable", "pass")


def test_outside_both_in_doubt_blames_the_half_that_may_be_met():
    got = verdict(world(100), (900, 2000))  # 100 m west of west: σ = 70.7, P(inside) = 0.079
    assert got["nominal"] == "conditional"
    assert (got["outcome"], got["in_zone"], got["near_corridor"]) == (
        "review", "review", "not_applicable",
    )  # fmt: skip


def test_a_doubt_that_cannot_change_the_outcome_is_no_review():
    # Far outside the study area the answer is fail, however near the axis is or is not.
    got = verdict(world(300), (-5000, 6480))
    assert got["outcome"] == "fail"
    assert got["confidence"] > 0.99


def test_without_a_place_nothing_is_claimed():
    got = verdict(world(), None)
    assert got["outcome"] == got["nominal"] == "unknown"
    assert got[["confidence", "flip_distance", "zone_margin", "corridor_distance"]].isna().all()
    assert (got.filter(like="in_") == "unknown").all()
    assert got["clear_of:red"] == "unknown"


@pytest.mark.parametrize("layer", ["study_area", "red"])
def test_a_layer_without_data_is_unknown_never_clear(layer):
    got = verdict(world(without=[layer]), (2000, 2000))
    rule = {"study_area": "in_study_area", "red": "clear_of:red"}[layer]
    assert got["outcome"] == got[rule] == "unknown"


def test_a_zone_without_data_might_hold_the_project():
    plan = world(without=["east"])
    assert verdict(plan, (4000, 2000))["outcome"] == "unknown"
    assert verdict(plan, (2000, 2000))["outcome"] == "pass"  # sure in west all the same


def test_a_constraint_declared_without_a_source_is_unchecked_and_said_so():
    bare = {"title": {"zh": "农田"}, "effect": "prohibit", "owner": "自然资源局"}
    plan = world(without=["red"], constraints={"red": bare})
    got = verdict(plan, (2000, 2000))
    assert (got["outcome"], got["unchecked"], got["clear_of:red"]) == ("pass", "red", "unknown")
    required = world(without=["red"], constraints={"red": {**bare, "required": True}})
    assert verdict(required, (2000, 2000))["outcome"] == "unknown"


def test_an_unknown_industry_is_unknown_where_it_is_asked():
    assert verdict(world(), (2000, 2000), industry=None)["outcome"] == "unknown"
    assert verdict(world(), (7000, 3000), industry=None)["outcome"] == "conditional"
    lenient = {"policy": {"industry_missing": "conditional"}}
    assert verdict(world(**lenient), (2000, 2000), industry=None)["outcome"] == "conditional"


def test_policy_is_data():
    strict = {"policy": {"unmet": {"location": "fail", "industry_fit": "fail"}}}
    assert verdict(world(**strict), (7000, 3000))["outcome"] == "fail"
    assert verdict(world(**strict), (2000, 2000), industry="R88")["outcome"] == "fail"


@pytest.mark.parametrize(
    ("footprint", "share", "margin", "outcome"),
    [
        # Shrunk by d on each side the zone is 2000 - 2d wide: it covers half at 200 / √2 = 141.4.
        (box(1900, 1900, 2100, 2100), 1.0, (2000 - 141.42) / 2, "pass"),
        (box(900, 1900, 1300, 2100), 0.75, 100, "pass"),  # x 900..1300: the middle is at 1100
        (box(700, 1900, 1100, 2100), 0.25, -100, "conditional"),  # the middle is at 900
        (LineString([(900, 2000), (1300, 2000)]), 0.75, 100, "pass"),
    ],
)
def test_footprints_are_judged_by_share(footprint, share, margin, outcome):
    plan = world()
    got = plan.check(projects(footprint)).iloc[0]
    facts = plan.measure(projects(footprint)).iloc[0]
    assert facts["share:west"] == pytest.approx(share)
    assert got["zone_margin"] == pytest.approx(margin, abs=0.2)
    assert got["outcome"] == outcome


def test_a_footprint_in_doubt_is_judged_as_if_the_layer_were_shrunk_and_grown():
    strip = box(900, 1900, 1300, 2100)  # margin 100: firm while 1.645 σ < 100, so M < 86
    assert verdict(world(84), strip)["outcome"] == "pass"
    assert verdict(world(88), strip)["outcome"] == "review"


def test_a_footprint_touching_a_constraint_reports_the_area():
    plan = world(constraints={"red": {**_red(), "setback": 0}})
    parcel = box(7990, 8400, 8010, 8500)  # 10 m × 100 m of it on the red square
    facts = plan.measure(projects(parcel)).iloc[0]
    assert facts["touch:red"] == pytest.approx(1000)
    assert plan.check(projects(parcel)).iloc[0]["clear_of:red"] == "fail"
    beside = box(7900, 8400, 8000, 8500)  # shares an edge, no area
    assert plan.measure(projects(beside)).iloc[0]["touch:red"] == 0
    assert plan.check(projects(beside)).iloc[0]["clear_of:red"] == "pass"


def test_outside_the_coverage_of_a_constraint_is_unknown():
    import geopandas as gpd
    import pandas as pd

    from gisplan.plan import Plan
    from tests.worlds import CRS, EAST, NORTH

    plan = world(constraints={"red": {**_red(), "coverage": "surveyed"}})
    west_half = box(EAST, NORTH, EAST + 5000, NORTH + 10_000)
    row = {"id": "red", "kind": "coverage", "geometry": west_half}
    more = gpd.GeoDataFrame([row], geometry="geometry", crs=CRS)
    covered = Plan(plan.definition, pd.concat([plan.areas, more], ignore_index=True))
    assert verdict(covered, (2000, 2000))["outcome"] == "pass"
    assert verdict(covered, (7000, 6000))["clear_of:red"] == "unknown"
    assert verdict(covered, (8500, 8500))["clear_of:red"] == "fail"
    # Whoever may be anywhere is held by no coverage, and that is no error of the list's file.
    for accuracy in (1e300, np.inf):
        assert verdict(covered, (2000, 2000), accuracy=accuracy)["clear_of:red"] == "unknown"


def test_explain_has_a_row_per_project_and_rule_with_clause_and_measure():
    plan = world(800)
    told = plan.explain(projects((1100, 2000), None), language="zh")
    assert len(told) == 2 * 5
    zone = told[(told["rule"] == "in_zone") & (told["project"] == 0)].iloc[0]
    assert zone["text"] == "在西区内，距边界 100 米"
    assert (zone["clause"], zone["place"], zone["clause_kind"]) == ("重点发展金融", "一", "原文")
    assert zone["margin"] == pytest.approx(100)
    assert zone["same"] == pytest.approx(0.570, abs=0.001)
    assert (told.loc[told["project"] == 1, "text"] == "项目无可用位置，无法量算").all()


def test_other_crs_is_refused_by_measure_and_transformed_by_the_plan():
    from gisplan.siting import measure

    plan, here = world(), projects((2000, 2000))
    elsewhere = here.to_crs(4326)
    with pytest.raises(CrsError):
        measure(elsewhere, plan.areas, plan.definition)
    assert plan.check(elsewhere).loc[0, "zone_margin"] == pytest.approx(1000, abs=1e-3)


def test_no_projects_give_an_empty_table_with_the_same_columns():
    none = projects((1, 1)).iloc[:0]
    got = world().check(none)
    full = world().check(projects((2000, 2000)))
    assert len(got) == 0
    assert (got.dtypes == full.dtypes).all()


def test_the_index_is_kept_and_the_input_is_not_touched():
    rows = projects((2000, 2000), (4000, 2000))
    rows.index = ["乙", "甲"]
    before = rows.copy()
    got = world().check(rows)
    assert list(got.index) == ["乙", "甲"]
    assert before.equals(rows)
    assert len(rows.join(got)) == 2


def test_phi_is_the_normal_distribution_function():
    from gisplan.uncertainty import phi

    assert phi(np.array([0.0, 1.0, 1.6448536269514722, -1.0])) == pytest.approx(
        [0.5, 0.8413447460685429, 0.95, 0.15865525393145707], abs=1e-12
    )


def _axis():
    return definition().corridors["axis"].model_dump()


def _red():
    return definition().constraints["red"].model_dump()


def test_outside_everything_each_area_nearby_may_hold_it():
    # 1250 m from West and 1250 m from the band of the axis, σ = 1250: each holds it with
    # P = 0.1587, neither with 0.8413² = 0.708; East, 2000 m off, with 0.945 not.
    exact = {"title": {"zh": "范围"}, "source": "w", "status": "authoritative", "accuracy": 0}
    plan = world(1250 * 2**0.5, study_area=exact)
    got = verdict(plan, (1438.75, 4250), industry="E48")
    assert (got["outcome"], got["nominal"]) == ("review", "conditional")
    assert got["flip_distance"] == pytest.approx(1250)
    assert got["confidence"] == pytest.approx(0.8413**2 * 0.9452, abs=0.001)


def test_a_code_too_coarse_to_compare_is_unknown_and_never_a_mismatch():
    # West wants J66: J may be that, J68 is not; E48 is public, E may be.
    codes = {"J66": "pass", "J": "unknown", "J68": "conditional", "E48": "pass", "E": "unknown"}
    for code, outcome in codes.items():
        assert verdict(world(), (2000, 2000), industry=code)["outcome"] == outcome
    told = world().explain(projects((2000, 2000), industry="J"), language="zh")
    assert "过粗" in told.set_index("rule").loc["industry_fit", "text"]
    lenient = {"policy": {"industry_missing": "conditional"}}
    assert verdict(world(**lenient), (2000, 2000), industry="J")["outcome"] == "conditional"


def test_a_distance_never_reads_as_the_limit_it_misses():
    for north, said in ((6500.3, "500.3"), (6500.004, "500.004"), (6499.96, "499.96")):
        told = world().explain(projects((7000, north)), language="zh")
        text = told.set_index("rule").loc["near_corridor", "text"]
        assert said in text, text
