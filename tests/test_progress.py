"""Mid-term evaluation: stages, library, progress against time, two measures that never mix."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisplan.definition.goals import Goals
from gisplan.evaluation.amounts import Output, Revenue, Tax
from gisplan.evaluation.progress import RESULTS, evaluate, fields_of, library, tiers
from gisplan.stages import Stage, read_stages
from tests.worlds import definition

START, END = dt.date(2021, 1, 1), dt.date(2025, 12, 31)
GOALS = {
    "pace": {"start": START, "end": END, "fast": 1.1, "slow": 0.9},
    "fields": {
        "making": {"title": {"zh": "制造"}, "industries": ["C"]},
        "culture": {"title": {"zh": "文化"}, "industries": ["R88"]},
    },
    "indicators": {
        "growth": {"title": {"zh": "增速", "en": "Growth"}, "kind": "rate", "unit": "%",
                   "above": ["province", "city"]},
        "people": {"title": {"zh": "人口"}, "kind": "level", "unit": "万人"},
        "climate": {"title": {"zh": "环境"}, "kind": "quality"},
    },
    "tiers": {
        "tax": {"title": {"zh": "税"}, "of": "building", "measure": "tax", "least": 1e6},
        "revenue": {"title": {"zh": "营收"}, "of": "building", "measure": "revenue", "least": 1e8},
        "cluster": {"title": {"zh": "集群"}, "of": "cluster", "measure": "unstated", "least": 1e11},
    },
}  # fmt: skip


def plan():
    return definition(goals=GOALS)


def texts(*values):
    return pd.Series(list(values), dtype="str")


# --- stages ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ("已建(文化中心2022年启用)", "done"), ("在建→2023", "building"), ("开工奠基", "started"),
        ("未开工", "planned"), ("尚未竣工", "unclear"), ("一期建成", "unclear"),
        ("2025春节前开街", "unclear"), ("停工", "stopped"), ("开工，预计明年建成", "unclear"),
        ("Under construction", "building"), ("not completed", "unclear"), ("？", "unclear"),
    ],
)  # fmt: skip
def test_stages_are_read_from_words_and_hopes_are_not_deeds(said, stage):
    assert read_stages(texts(said))["stage_code"].tolist() == [stage]


def test_the_words_that_decided_are_told():
    got = read_stages(texts("已建，2022年启用", None))
    assert got["stage_match"].tolist() == ["已建|启用", ""]
    assert got["stage_code"].tolist() == ["done", "unclear"]


# --- the library ----------------------------------------------------------------------------


def test_the_library_adds_up_to_the_list_whatever_the_grouping():
    projects = pd.DataFrame({"investment": [1e8, np.nan, 4e8, np.nan]})
    group = texts("a", "a|b", "b", "c")
    stage = texts("done", "unclear", "building", "done")
    located = pd.Series([True, False, True, False])
    got = library(projects, group, stage, located=located, order=["a", "empty"]).set_index("group")
    assert got["projects"].sum() == 4
    assert got[[one.value for one in Stage]].sum().sum() == 4
    assert got["investment"].sum() == 5e8
    assert got["without_investment"].sum() == 2
    assert got.loc["a", "placed_share"] == 1
    assert got.loc["a|b", "placed_share"] == 0
    assert np.isnan(got.loc["empty", "placed_share"])  # no project is not 0 % placed
    assert np.isnan(got.loc["c", "investment"])  # not stated is not 0 yuan


def test_a_list_that_names_no_investment_at_all():
    got = library(pd.DataFrame(index=[0]), texts("a"), texts("done"), located=pd.Series([True]))
    assert np.isnan(got["investment"].iloc[0])
    assert got["without_investment"].iloc[0] == 1


def test_fields_are_told_by_industry_and_doubt_is_its_own_group():
    got = fields_of(texts("C34", "C34|R88", "J66", "R", None), plan())
    assert got.tolist() == ["making", "making|culture", "-", "?", "?"]


# --- indicators -----------------------------------------------------------------------------


def judged(**row):
    table = pd.DataFrame([{"name": "人口", "unit": "万人", **row}])
    got = evaluate(table, plan()).set_index("indicator")
    return got.loc["people"]


HALF = dt.date(2023, 7, 2)  # 912 of 1825 days: half of the time


@pytest.mark.parametrize(
    ("current", "result"),
    [(20.0, "early"), (15.6, "faster"), (15.0, "expected"), (14.6, "expected"), (14.4, "behind"),
     (9.0, "behind")],
)  # fmt: skip
def test_half_of_the_time_wants_half_of_the_way(current, result):
    row = judged(base=10, target=20, current=current, current_date=HALF)
    assert row["elapsed"] == pytest.approx(0.5, abs=1e-3)
    assert row["progress"] == pytest.approx((current - 10) / 10)
    assert row["result"] == result


def test_a_target_below_the_base_is_reached_by_falling():
    row = judged(base=100, target=50, current=70, current_date=HALF)
    assert row["progress"] == pytest.approx(0.6)
    assert row["result"] == "faster"


@pytest.mark.parametrize(("current", "result"), [(20, "met"), (21, "met"), (19.9, "missed")])
def test_once_the_date_is_reached_it_is_met_or_missed(current, result):
    row = judged(base=10, target=20, current=current, current_date=dt.date(2026, 3, 1))
    assert row["elapsed"] == 1
    assert row["result"] == result


@pytest.mark.parametrize("left_out", ["base", "target", "current", "current_date"])
def test_what_is_missing_is_named_and_nothing_is_reached(left_out):
    row = {"base": 10, "target": 20, "current": 30, "current_date": HALF}
    del row[left_out]
    got = judged(**row)
    assert (got["result"], got["missing"]) == ("unknown", left_out)
    assert np.isnan(got["progress"])


def test_dates_and_paths_that_make_no_sense_are_missing_data():
    assert (
        judged(base=1, target=2, current=2, current_date=dt.date(2020, 1, 1))["missing"] == "dates"
    )
    assert judged(base=2, target=2, current=2, current_date=HALF)["missing"] == "path"
    assert judged(base=1, target=2, current=2, current_date=HALF, unit="人")["missing"] == "unit"


def growth(**row):
    got = evaluate(pd.DataFrame([{"name": "Growth", **row}]), plan()).set_index("indicator")
    return got.loc["growth", "result"], got.loc["growth", "missing"]


def test_three_above_needs_both_comparators():
    assert growth(current=6.5, province=5.0, city=6.0) == ("expected", "")
    assert growth(current=6.5, province=5.0) == ("unknown", "city")
    assert growth(current=6.5) == ("unknown", "province|city")
    assert growth(province=5.0, city=6.0) == ("unknown", "current")
    # Not above the province: the city could not mend it.
    assert growth(current=5.0, province=5.0) == ("behind", "city")


def test_a_quality_without_a_measure_is_missing_data_whatever_is_written():
    got = evaluate(pd.DataFrame([{"name": "环境", "base": 1, "target": 2, "current": 3}]), plan())
    row = got.set_index("indicator").loc["climate"]
    assert (row["result"], row["missing"]) == ("unknown", "measure")


def test_every_indicator_of_the_plan_is_told_even_without_a_table():
    got = evaluate(pd.DataFrame(columns=["name"]), plan())
    assert got["indicator"].tolist() == ["growth", "people", "climate"]
    assert (got["result"] == "unknown").all()


def test_rows_that_are_not_the_plans_are_judged_as_well():
    table = pd.DataFrame([{"name": "自设", "base": 0, "target": 10, "current": 9,
                           "current_date": HALF}])  # fmt: skip
    got = evaluate(table, plan()).iloc[-1]
    assert (got["indicator"], got["result"]) == ("", "faster")


numbers = st.floats(-1e6, 1e6) | st.none()


@settings(max_examples=40, deadline=None)
@given(numbers, numbers, numbers, st.dates(dt.date(2015, 1, 1), dt.date(2030, 1, 1)) | st.none())
def test_losing_a_number_never_makes_a_result(base, target, current, day):
    row = {"base": base, "target": target, "current": current, "current_date": day}
    full = judged(**row)
    assert full["result"] in RESULTS
    for name in row:
        less = judged(**{**row, name: None})
        assert less["result"] == "unknown"
        assert name in less["missing"].split("|")


# --- two measures ---------------------------------------------------------------------------


def test_tax_and_revenue_do_not_mix():
    assert Tax(1) + Tax(2) == Tax(3)
    assert Tax(1) < Tax(2)
    for one, other in ((Tax(1), Revenue(1)), (Revenue(1), Output(1)), (Output(1), Tax(1))):
        with pytest.raises(TypeError):
            one + other
        with pytest.raises(TypeError):
            one < other  # noqa: B015
        with pytest.raises(TypeError):
            one >= other  # noqa: B015
    assert Tax(1) != Revenue(1)


def buildings(*rows):
    return pd.DataFrame(rows, columns=["name", "of", "tax", "revenue", "output"]).astype(
        {"tax": float, "revenue": float, "output": float}
    )


def test_a_building_with_much_revenue_has_not_paid_much_tax():
    got = tiers(
        buildings(
            ("甲", "building", 5e6, 1e7, None),
            ("乙", "building", None, 5e9, None),
            ("丙", "building", 1e6, None, None),
        ),
        plan(),
    ).set_index("tier")
    assert got.loc["tax", ["reaching", "known", "silent"]].tolist() == [2, 2, 1]
    assert got.loc["tax", "amount"] == 6e6
    assert got.loc["revenue", ["reaching", "known", "silent"]].tolist() == [1, 2, 1]
    assert got["result"].tolist() == ["partly", "partly", "unknown"]


def test_a_measure_the_plan_does_not_state_is_missing_data():
    got = tiers(buildings(("甲", "cluster", None, 2e11, 2e11)), plan()).set_index("tier")
    assert got.loc["cluster", ["result", "missing"]].tolist() == ["unknown", "measure"]
    assert got.loc["tax", ["result", "missing"]].tolist() == ["unknown", "building_tax"]
    assert pd.isna(got.loc["tax", "reaching"])


def test_goals_tell_every_mistake_at_once():
    from pydantic import ValidationError

    bad = {
        "pace": {"start": END, "end": START},
        "indicators": {"x": {"title": {"zh": "x"}, "kind": "guess"}},
        "tiers": {"y": {"title": {"zh": "y"}, "of": "building", "measure": "sum", "least": 0}},
        "chains": {"z": {"title": {"zh": "z"}, "stages": ["a", "a"]}},
        "roles": {"r": {"title": {"zh": "r"}, "areas": ["West!"], "stage": 1}},
    }
    with pytest.raises(ValidationError) as caught:
        Goals.model_validate(bad)
    places = {".".join(map(str, one["loc"][:2])) for one in caught.value.errors()}
    assert places == {"pace", "indicators.x", "tiers.y", "chains.z", "roles.r"}


def test_a_role_of_an_area_that_does_not_exist_is_a_mistake():
    from pydantic import ValidationError

    roles = {"r": {"title": {"zh": "r"}, "areas": ["nowhere"]}}
    with pytest.raises(ValidationError, match="nowhere"):
        definition(goals={"roles": roles})


@pytest.mark.parametrize(("unit", "same"), [("％", True), (" % ", True), ("‰", False), ("", True)])
def test_a_unit_is_one_however_wide_it_is_typed(unit, same):
    rate = {"title": {"zh": "增速"}, "kind": "rate", "unit": "%", "above": ["city"]}
    plan = definition(goals={"indicators": {"g": rate}})
    row = {"name": "增速", "unit": unit, "current": 6.0, "city": 5.0}
    got = evaluate(pd.DataFrame([row]), plan).iloc[0]
    assert got["result"] == ("expected" if same else "unknown")
