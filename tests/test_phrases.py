"""Words that tell a line of a table from a project: sums, remarks, sections, units, dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisplan.io import phrases
from gisplan.io.dates import is_date_title, serial_date
from gisplan.io.header import find_heading
from gisplan.io.identity import id_key, name_key


@pytest.mark.parametrize(
    "cell",
    [
        "合计",
        "合 计",
        "小计：",
        "合计（26项）",
        "合计26项",
        "Total",
        "全市合计",
        "文旅类小计",
        "Subtotal: 3",
    ],
)
def test_rows_of_totals(cell):
    assert phrases.is_total(cell)


@pytest.mark.parametrize(
    "cell", ["合计花园", "总计算中心", "合计1号楼", "", "Possum", "统计局", "累计投资项目展示馆"]
)
def test_names_that_are_no_totals(cell):
    assert not phrases.is_total(cell)


def test_what_a_total_counts():
    assert phrases.counted("合计（26项）") == 26
    assert phrases.counted("共计 3 个") == 3
    assert phrases.counted("合计") is None
    assert phrases.is_subtotal("文旅小计")
    assert not phrases.is_subtotal("合计")


@pytest.mark.parametrize(
    ("cell", "remark"),
    [
        ("注：截至年底", True), ("注1：估算", True), ("注2、估算", True), ("制表人：张三", True),
        ("填报单位:发改委", True), ("Note: x", True), ("注册中心", False), ("备注", False),
        ("单位宿舍楼", False), ("日期广场：一期", False),
    ],
)  # fmt: skip
def test_remarks(cell, remark):
    assert phrases.is_remark(cell) is remark


@pytest.mark.parametrize(
    ("cell", "alone", "heading"),
    [
        ("一", True, False), ("（二）", True, False), ("三、", True, False), ("IV", True, False),
        ("一、文旅类", False, True), ("（十一）水利", False, True), ("1", False, False),
        ("一中新校区", False, False), ("三里屯", False, False), ("P1", False, False),
    ],
)  # fmt: skip
def test_headings_of_sections(cell, alone, heading):
    assert phrases.is_enumerator(cell) is alone
    assert (phrases.is_enumerated(cell) and not alone) is heading


def test_units_alone_in_a_cell_and_in_a_line_above():
    long = "（这是一段非常非常长的附件说明）"
    cells = ["（万元）", "(亿元)", "【亩】", "度", "万元", "甲", "12", long]
    units = ["万元", "亿元", "亩", "度", "万元", "", "", ""]
    assert [phrases.unit_in(cell) for cell in cells] == units
    assert phrases.stated_money_unit(["单位：万元、亩"]) == "万元"
    assert phrases.stated_money_unit(["重点项目表（单位：亿元）"]) == "亿元"
    assert phrases.stated_money_unit(["单位：万元", "单位：亿元"]) == ""
    assert phrases.stated_money_unit(["建设单位：亿元集团"]) == ""


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("46082", "2026-03-01"), ("46082.5", "2026-03-01"), ("20000", "1954-10-03"), ("2026", ""),
        ("202603", ""), ("2026-03-01", ""), ("2026年3月", ""), ("", ""), ("99999", ""),
    ],
)  # fmt: skip
def test_serial_dates(cell, date):
    assert serial_date(cell) == date


def test_titles_of_dates():
    titles = ["开工日期", "竣工时间", "Start Date", "年份", "投资额"]
    assert [is_date_title(title) for title in titles] == [True, True, True, False, False]


def test_ids_and_names_that_are_the_same():
    assert len({id_key(code) for code in ("AY-001", " ay－001", "AY—001", "ＡＹ 001")}) == 2
    assert id_key("0001") != id_key("1")
    assert name_key("文体中心（一期）") == name_key("文体中心 一期项目") != name_key("文体中心二期")
    assert name_key("项目") == "项目"
    assert name_key("无") == ""


CELLS = st.text(alphabet="项目名称编号经度纬投资额（万元）单位：合计注一、12.3 ,;\t=#", max_size=10)


@given(st.lists(st.lists(CELLS, max_size=6), max_size=6))
def test_a_header_is_found_or_not_and_never_a_crash(cells):
    found = find_heading(cells)
    if found is not None:
        assert 0 <= found.first <= found.last < len(cells)
        assert not any(found.first <= row <= found.last for row in found.units)


@given(st.text(max_size=30))
def test_phrases_never_crash(cell):
    for ask in (
        phrases.is_total, phrases.is_remark, phrases.is_subtotal, phrases.is_enumerator,
        phrases.is_enumerated, phrases.is_unit_label, phrases.unit_in, phrases.counted,
        serial_date, is_date_title, id_key, name_key,
    ):  # fmt: skip
        ask(cell)
    phrases.stated_money_unit([cell])
