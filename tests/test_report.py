"""What the siting report says: every number is the run's, every sentence has its fact."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisplan.io.documents.blocks import Card, Document, Figure, Heading, Ref, Table
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.report import cards, findings
from gisplan.report.gaps import ranges
from gisplan.report.settling import BOTH, EDGE, LADDER, NONE, SURVEY, capped, settle
from gisplan.siting import judge
from gisplan.structure import mix
from tests.report_world import RUN, everything, grids, read_of, sample, sentences
from tests.worlds import projects, world

Z = 1.6448536269514722  # the 0.95 quantile of the normal distribution
HAN = re.compile(r"[\u4e00-\u9fff]+")


@pytest.fixture(scope="module")
def zh() -> Document:
    return sample("zh")


@pytest.fixture(scope="module")
def en() -> Document:
    return sample("en")


def table(document: Document, anchor: str) -> Table:
    return next(one for one in document.walk() if isinstance(one, Table) and one.anchor == anchor)


def texts(one: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in one.rows]


def said(plan: Plan, listed: Any, **options: Any) -> Document:
    given = {"sites": "none", **options}  # looked for in test_report_ground
    return plan.report(listed, language="zh", cards="none", **given)


def test_outcomes_are_those_of_the_check_and_add_up(zh: Document):
    # Inside west: pass. Ten metres inside its edge, σ = 40: review. Nowhere: unknown. In the
    # redline and outside: fail.
    rows = {row[0]: row[1] for row in texts(table(zh, "outcomes"))}
    assert rows == {"不符合": "2", "资料缺失": "1", "需复核": "1", "符合": "1", "合计": "5"}
    front = dict(
        zip(
            [column.title for column in table(zh, "counts").columns],
            texts(table(zh, "counts"))[0],
            strict=True,
        )
    )
    assert front == {"合计": "5", "不符合": "2", "资料缺失": "1", "需复核": "1", "符合": "1"}


def test_investment_adds_up_and_what_is_not_stated_is_counted(zh: Document):
    rows = {row[0]: row[2:4] for row in texts(table(zh, "outcomes"))}
    assert rows["符合"] == ["10,000", "0"]
    assert rows["不符合"] == ["300", "1"]
    assert rows["资料缺失"] == ["—", "1"]  # no sum is known, which is not nothing
    assert rows["合计"] == ["12,800", "2"]


@pytest.mark.parametrize("by", ["zone", "corridor"])
def test_tables_by_area_are_those_of_stats(zh: Document, by: str):
    plan = world(40.0)
    listed = projects((2000, 2000), (2990, 2000), None, (8500, 8500), (-3000, 500), accuracy=40.0)
    tally = mix.tally(listed, plan.check(listed), plan.definition, by=by)
    told = texts(table(zh, f"table_{by}"))
    own = [row for row in tally.itertuples() if row.projects or row.area_id not in ("-", "?")]
    assert [int(row[1]) for row in told[:-1]] == [row.projects for row in own]
    assert int(told[-1][1]) == len(listed) == tally["projects"].sum()


def test_every_restricting_factor_is_counted_over_the_whole_list(zh: Document):
    (row,) = texts(table(zh, "table_constraints"))
    assert row[0] == "红线"
    assert [int(one) for one in row[3:7]] == [1, 0, 1, 3]  # touched, in doubt, no place, clear
    (touched,) = texts(table(zh, "touching"))
    assert touched[0] == "P3"


def test_a_factor_without_data_is_not_checked_and_never_clear():
    layer = {"red": {"title": {"zh": "红线"}, "effect": "prohibit", "owner": "自然资源局"}}
    document = said(world(without=["red"], constraints=layer), projects((2000, 2000)))
    (row,) = texts(table(document, "table_constraints"))
    assert row[2:] == ["未核查", "—", "—", "—", "—", "自然资源局"]
    whole = "\n".join(everything(document))
    assert "未核查不等于不涉及" in whole
    assert "由自然资源局提供红线的数据" in whole
    assert "未发现触及" not in whole


def test_that_nothing_was_found_is_said_only_where_it_was_looked_for():
    inside = projects((2000, 2000))
    assert "未发现触及" in "\n".join(sentences(said(world(), inside)))
    plan = world()
    none = said(
        Plan(
            plan.definition.model_copy(update={"constraints": {}}),
            plan.areas[plan.areas["id"] != "red"],
        ),
        inside,
    )
    whole = "\n".join(sentences(none))
    assert "未声明限制性因素，本次未作此项核查" in whole
    assert "未发现触及" not in whole
    assert "限制性因素均有数据" not in whole


def test_a_factor_that_no_project_could_be_compared_with_is_not_told_as_clear():
    # The redline has data, and no project has a place.
    nowhere = "\n".join(sentences(said(world(), projects(None, None))))
    assert "未发现触及" not in nowhere
    assert "红线：没有一个项目能够比对" in nowhere
    # It is required and has no data: neither clear, nor "all have data", and it is asked for.
    layer = {"red": {"title": {"zh": "红线"}, "effect": "prohibit", "required": True,
                     "owner": "自然资源局"}}  # fmt: skip
    plan = world(without=["red"], constraints=layer)
    required = "\n".join(sentences(said(plan, projects((2000, 2000)))))
    assert "未发现触及" not in required
    assert "均有数据" not in required
    assert "没有一个项目能够比对" in required
    assert "由自然资源局提供红线的数据" in required
    assert "必须核查的红线没有数据" in required
    # One of two could be compared: both numbers are told.
    mixed = "\n".join(sentences(said(world(), projects((2000, 2000), None))))
    assert mixed.count("未发现触及；另 1 项未能全部比对") == 2


def test_intake_is_spoken_of_only_where_a_list_was_read():
    inside = projects((2000, 2000))
    assert not [one for one in said(world(), inside).headings if one.anchor == "intake"]
    clean = replace(read_of(inside), issues=read_of(inside).issues.head(0))
    assert "未发现录入问题" in "\n".join(sentences(said(world(), inside, read=clean)))
    found = said(world(), inside, read=read_of(inside))
    assert texts(table(found, "table_intake"))[0][:4] == ["GP-INT-001", "警告", "1", "4"]


def test_without_provenance_nothing_is_said_of_files():
    whole = "\n".join(everything(said(world(), projects((2000, 2000)))))
    assert "清单.csv" not in whole
    assert "gisplan check" not in whole


def test_a_list_of_unknowns_claims_nothing():
    document = said(world(), projects(None, None))
    whole = "\n".join(sentences(document))
    assert "结论稳定" not in whole
    assert "未作计算" in whole
    assert "资料缺失、无法判断的 2 项" in whole
    assert not [one for one in document.walk() if isinstance(one, Figure) and "card" in one.alt]


def test_what_people_decided_stands_beside_the_verdict():
    from gisplan.report import Material, report

    plan, listed = world(), projects((2000, 2000), (-3000, 500))
    decided = pd.DataFrame(
        {"overruled": ["", "pass"], "overrule_reason": ["", "经会议研究"],
         "overruled_by": ["", "某处"], "overruled_on": ["", "2026-01-02"]},
        index=listed.index,
    )  # fmt: skip
    of = Material(
        plan.definition, plan.areas, plan.layers, listed, plan.check(listed),
        plan.explain(listed, language="zh"), plan.measure(listed), Labels("zh"), overrules=decided,
    )  # fmt: skip
    document = report(of, cards="all")
    whole = "\n".join(sentences(document))
    assert "人工改判 1 项，未计入（见第" in whole  # on page one
    assert whole.count("人工改判：符合（理由：经会议研究；某处，2026-01-02）") == 1  # on its card
    assert texts(table(document, "table_decisions"))[0][2:5] == ["不符合", "符合", "经会议研究"]
    assert {row[0]: row[1] for row in texts(table(document, "outcomes"))}["不符合"] == "1"


# ------------------------------------------------------------------ what settles a verdict


def settled(accuracy: float, own: float, x: float) -> pd.DataFrame:
    """One project x metres inside the western edge of the zone west (y in its middle)."""
    plan = world(accuracy)
    listed = projects((1000 + x, 2000), accuracy=own)
    return settle(plan.measure(listed), plan.check(listed), plan.definition)


def rung(limit: float) -> float:
    return max(one for one in LADDER if one <= limit)


def test_a_survey_settles_as_the_formula_says():
    # M_project = √(2 (d/z)² − M_layer²) = √(2 (50/1.645)² − 20²) = 38.1 m: the rung is 30 m.
    found = settled(20, 100, 50).iloc[0]
    limit = math.sqrt(2 * (50 / Z) ** 2 - 20**2)
    assert (found["needs"], found["accuracy"]) == (SURVEY, rung(limit)) == (SURVEY, 30)


def test_where_the_boundary_alone_is_too_coarse_a_better_one_is_asked():
    # The project is exact: M_layer ≤ √2 · 20/1.645 = 17.2 m, the rung is 15 m.
    found = settled(100, 0, 20).iloc[0]
    assert (found["needs"], found["accuracy"]) == (EDGE, rung(math.sqrt(2) * 20 / Z)) == (EDGE, 15)


def test_where_both_are_too_coarse_both_are_asked():
    # With M on both sides σ = M: M ≤ 20/1.645 = 12.2 m, the rung is 10 m.
    found = settled(100, 100, 20).iloc[0]
    assert (found["needs"], found["accuracy"]) == (BOTH, rung(20 / Z)) == (BOTH, 10)


def test_on_the_edge_itself_no_accuracy_settles():
    found = settled(50, 50, 0).iloc[0]
    assert found["needs"] == NONE
    assert math.isnan(found["accuracy"])


def test_only_the_boundary_that_decides_is_asked_for(zh: Document):
    # Two metres inside the edge that west and east share; all layers are at M = 40.
    (row,) = texts(table(zh, "table_fragile"))
    assert row[0] == "P1"
    assert "西区" in row[-1]
    assert "轴线" not in row[-1]
    assert "红线" not in row[-1]


@settings(max_examples=15, deadline=None)
@given(
    x=st.floats(-400, 9000), y=st.floats(-400, 9000), layer=st.floats(1, 400),
    own=st.floats(0, 400),
)  # fmt: skip
def test_the_accuracy_told_settles_and_the_next_coarser_one_does_not(
    x: float, y: float, layer: float, own: float
):
    plan = world(layer)
    listed = projects((x, y), accuracy=own)
    facts, verdicts = plan.measure(listed), plan.check(listed)
    for row in settle(facts, verdicts, plan.definition).itertuples():
        if row.needs == NONE:
            continue

        def still_open(limit: float, row: Any = row) -> bool:
            part = facts.assign(accuracy=np.fmin(own, limit)) if row.needs != EDGE else facts
            cap = capped(plan.definition, limit) if row.needs != SURVEY else plan.definition
            return bool((judge(part, cap)["confidence"] < plan.definition.policy.threshold).any())

        coarser = [one for one in LADDER if one > row.accuracy]
        assert not still_open(row.accuracy)
        assert not coarser or still_open(min(coarser))


# ------------------------------------------------------------------ wording


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_place_of_a_sentence_is_left_unfilled(language: str, zh: Document, en: Document):
    for text in everything(zh if language == "zh" else en):
        assert not re.search(r"\{\w*\}", text), text
        assert not re.search(r"\b(nan|None|NaT)\b", text), text
        assert not re.search(r"\(s\)|若有|如有|/或", text), text


def test_one_thing_is_spoken_of_as_one():
    document = world(30.0).report(projects((2000, 2000), accuracy=1), language="en", cards="none")
    whole = "\n".join(sentences(document))
    assert '1 project was checked against "Square"; it has a place.' in whole
    assert "1 projects" not in whole
    assert "\n1 have" not in whole


def test_english_holds_chinese_only_where_the_user_wrote_it(en: Document):
    plan = world()
    user = plan.definition.model_dump_json() + "".join(
        f"项目{k}" for k in range(5)
    ) + str(RUN) + "示例"  # fmt: skip
    foreign = {run for text in everything(en) for run in HAN.findall(text) if run not in user}
    assert foreign == set()


def test_headings_are_numbered_without_a_gap(zh: Document, en: Document):
    chapters = [one for one in zh.headings if one.level == 1 and "附录" not in one.number]
    digits = Labels("zh")("report.digits").split()
    assert [one.number for one in chapters] == [f"{d}、" for d in digits[: len(chapters)]]
    numbers = [one.number.strip() for one in en.headings if re.match(r"\d+ ", one.number)]
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]


def test_every_reference_leads_somewhere(zh: Document):
    anchors = [one.anchor for one in zh.walk() if isinstance(one, (Heading, Table, Figure))]
    assert len(set(anchors)) == len(anchors)
    for block in zh.walk():
        parts = getattr(block, "parts", ())
        for part in parts:
            if isinstance(part, Ref):
                assert part.target in zh.names


def test_clauses_stand_word_for_word_with_place_and_kind(zh: Document):
    assert texts(table(zh, "table_clauses")) == [["西区", "重点发展金融", "一", "原文"]]
    assert "未引条款" in "\n".join(sentences(said(_without_clauses(), projects((2000, 2000)))))


def _without_clauses() -> Plan:
    plan = world()
    zones = {
        key: zone.model_copy(update={"clause": None}) for key, zone in plan.definition.zones.items()
    }
    return Plan(plan.definition.model_copy(update={"zones": zones}), plan.areas)


def test_p_is_cut_and_never_rounded_up(zh: Document):
    p = {row[0]: row[3] for row in texts(table(zh, "projects"))}
    verdicts = world(40.0).check(
        projects((2000, 2000), (2990, 2000), None, (8500, 8500), (-3000, 500), accuracy=40.0)
    )
    for key, value in zip(p, verdicts["confidence"], strict=True):
        if math.isnan(value):
            assert p[key] == "—"
        else:
            assert float(p[key]) <= value < float(p[key]) + 0.01


# ------------------------------------------------------------------ cards and long lists


def test_each_project_has_a_card_with_a_map_where_it_has_a_place(zh: Document):
    shown = [one for one in zh.walk() if isinstance(one, Card)]
    assert [one.heading.text[:2] for one in shown] == ["P0", "P1", "P2", "P3", "P4"]
    assert [one.figure is not None for one in shown] == [True, True, False, True, True]
    assert all(one.table is not None for one in shown if one.figure)


def test_cards_that_are_left_out_are_told():
    listed = projects((2000, 2000), (2990, 2000), accuracy=40)
    plan = world(40.0)
    document = plan.report(listed, language="zh", cards="fragile")
    assert [c.heading.text[:2] for c in document.walk() if isinstance(c, Card)] == ["P1"]
    assert "另 1 个项目未制卡" in "\n".join(sentences(document))


def test_a_long_list_gets_the_least_sure_cards_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cards, "MOST", 1)
    listed = projects((2000, 2000), (2960, 2000), (2990, 2000), accuracy=40)
    document = world(40.0).report(listed, language="zh")
    assert [c.heading.text[:2] for c in document.walk() if isinstance(c, Card)] == ["P2"]
    assert "另 2 个项目未制卡" in "\n".join(sentences(document))


def test_rows_cut_from_a_long_list_are_counted_and_the_worst_are_kept(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(findings, "ROWS", 2)
    listed = projects((2000, 2000), (2100, 2000), (-3000, 500))
    document = said(world(), listed)
    assert [row[0] for row in texts(table(document, "projects"))] == ["P0", "P2"]
    assert "列出 2 项，自最差的结论起；其余 1 项（共 3 项）" in "\n".join(sentences(document))


def test_maps_drawn_by_several_processes_are_the_same(monkeypatch: pytest.MonkeyPatch):
    from gisplan.report import pictures

    monkeypatch.setattr(pictures, "CHUNK", 1)
    monkeypatch.setattr(pictures, "WORTH", 2)
    listed = projects((2000, 2000), (2960, 2000))
    documents = (world().report(listed, jobs=jobs, sites="none") for jobs in (1, 2))
    alone, shared = (
        [block.picture for block in one.walk() if isinstance(block, Figure)] for one in documents
    )
    assert alone == shared
    assert len(alone) == 4  # the sheet, the density, two cards


def test_the_command_to_check_again_reads_the_list_as_it_was_read(zh: Document):
    (line,) = [text for text in sentences(zh) if "gisplan check" in text and "DIR" in text]
    assert "gisplan check '清单.csv' --plan DIR --crs EPSG:4547 --sheet '甲 表' -o" in line


def test_rows_are_drawn_together():
    assert ranges([5, 3, 4, 9, float("nan"), 3]) == "3–5, 9"


def test_the_same_run_gives_the_same_document(zh: Document):
    assert grids(zh) == grids(sample("zh"))
