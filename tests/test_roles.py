"""Roles, chains and functions: what is served, what is empty, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gisplan.structure.mix import structure
from gisplan.structure.roles import chain_stages, function_mix, role_coverage, served_roles
from tests.worlds import definition

GOALS = {
    "roles": {
        "finance": {"title": {"zh": "金融中心", "en": "Finance centre"}, "areas": ["west"],
                    "industries": ["J66"]},
        "culture": {"title": {"zh": "文化中心"}, "areas": ["east", "axis"], "industries": ["R88"]},
        "harmony": {"title": {"zh": "和谐区"}},
    },
    "chains": {
        "lead": {"title": {"zh": "主导链"}, "stages": ["研发", "制造", "服务"]},
        "bare": {"title": {"zh": "成长链"}},
    },
}  # fmt: skip


def plan():
    return definition(goals=GOALS)


def texts(*values):
    return pd.Series(list(values), dtype="str")


def covered(codes, zones, corridors=None, named=None):
    served = served_roles(codes, named, plan())
    near = corridors if corridors is not None else texts(*["-"] * len(codes))
    got = role_coverage(served, (zones, near), plan())
    return got.set_index(["role", "area_id"])


def test_a_role_without_a_project_is_named_as_such():
    got = covered(texts("J66", "J66"), texts("west", "west"))
    assert got.loc[("finance", "*"), ["projects", "result"]].tolist() == [2, "served"]
    assert got.loc[("culture", "*"), ["projects", "result"]].tolist() == [0, "empty"]
    assert got.loc[("culture", "east"), "result"] == "empty"
    assert got.loc[("culture", "west"), "result"] == ""  # west need not serve it


def test_what_only_a_name_could_tell_is_missing_data_until_it_is_named():
    assert covered(texts("J66"), texts("west")).loc[("harmony", "*"), "result"] == "unknown"
    named = covered(texts("J66"), texts("west"), named=texts("幸福的和谐区、金融中心"))
    assert named.loc[("harmony", "*"), ["named", "result"]].tolist() == [1, "served"]
    assert named.loc[("finance", "*"), ["named", "industry"]].tolist() == [1, 0]  # counted once


def test_a_code_too_coarse_proves_neither():
    got = covered(texts("J", None), texts("west", "west"))
    assert got.loc[("finance", "west"), ["projects", "coarse"]].tolist() == [0, 1]
    assert got.loc[("finance", "west"), "result"] == "unknown"


def test_projects_count_where_they_lie_and_in_the_whole_wherever_they_lie():
    zones, near = texts("east|west", "?", "-"), texts("-", "?", "axis")
    got = covered(texts("R88", "R88", "R88"), zones, near)["projects"]["culture"]
    assert got.to_dict() == {"*": 3, "west": 1, "east": 1, "axis": 1}


def chained(chain, stage, zones):
    got = chain_stages(chain, stage, zones, plan())
    return got.set_index(["chain", "area_id"])


def test_missing_stages_are_listed_per_zone_in_the_plans_order():
    got = chained(
        texts("主导链", "lead", "成长链"),
        texts("制造", "研发、检测", "孵化"),
        texts("west", "east", "east"),
    )
    west = got.loc[("lead", "west")]
    assert west[["held", "missing_stages", "result"]].tolist() == ["制造", "研发|服务", "gaps"]
    assert got.loc[("lead", "*"), "missing_stages"] == "服务"
    assert got.loc[("lead", "east"), "unlisted"] == "检测"
    assert got.loc[("bare", "east"), ["projects", "result", "missing"]].tolist() == [
        1, "unknown", "stages",
    ]  # fmt: skip


def test_a_list_without_the_columns_is_missing_data_not_a_gap():
    got = chained(None, None, texts("west"))
    row = got.loc[("lead", "west")]
    assert row[["result", "missing", "missing_stages"]].tolist() == ["unknown", "columns", ""]


def test_function_mix_from_one_function_to_all_alike():
    codes = texts("C13", "C34", "C13", "F52", "K70", "P83", "G54")
    area = texts("a", "a", "b", "b", "b", "b", "b")
    got = function_mix(structure(area, codes, ["a", "b", "none"])).set_index("area_id")
    assert got.loc["a", ["entropy", "functions"]].tolist() == [0, 1]
    assert got.loc["b", "entropy"] == pytest.approx(1)
    assert np.isnan(got.loc["none", "entropy"])
    parts = ["production", "business", "living", "public", "network"]
    assert got[parts].sum(axis=1).tolist() == got["projects"].tolist() == [2, 5, 0]


def test_to_name_a_longer_role_is_not_to_name_the_one_inside_it():
    titles = {"city": "文化中心", "region": "区域文化中心"}
    roles = {key: {"title": {"zh": title}} for key, title in titles.items()}
    both = definition(goals={"roles": roles})
    said = texts("区域文化中心", "文化中心、区域文化中心", "capacity building", "region、x", "city")
    got = served_roles(texts(*[None] * 5), said, both)
    assert got["region"].tolist() == ["named", "named", "", "named", ""]
    assert got["city"].tolist() == ["", "named", "", "", "named"]


def test_a_project_of_two_chains_counts_in_both():
    goals = {"chains": {"a": {"title": {"zh": "甲链"}, "stages": ["研发"]},
                        "b": {"title": {"zh": "乙链"}, "stages": ["研发", "制造"]}}}  # fmt: skip
    got = chain_stages(texts("甲链、乙链"), texts("研发"), texts("west"), definition(goals=goals))
    told = got.set_index(["chain", "area_id"])
    assert told.loc[("a", "west"), ["projects", "result"]].tolist() == [1, "complete"]
    assert told.loc[("b", "west"), ["projects", "missing_stages"]].tolist() == [1, "制造"]
