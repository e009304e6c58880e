"""Tables of targets and buildings: read strictly, every mistake with its row."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from gisplan.errors import ProjectsError
from gisplan.io.targets import parse_day, read_buildings, read_targets
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels


def file(tmp_path, text, name="t.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_of_targets_is_read_by_its_headers(tmp_path, encoding):
    text = (
        "附表1 指标表,,,,,\n"
        "指标名称,类型,单位,基期值,基期年份,目标值,目标年份,现状值,现状日期\n"
        '合成常住人口,总量,万人,"1,000",2020年,1200,2025,1100.5,2023-06-30\n'
        "合成增速,增速,%,,,,,6.5%,2023年,\n"
    )
    got = read_targets(file(tmp_path, text, encoding=encoding))
    assert got["name"].tolist() == ["合成常住人口", "合成增速"]
    assert got["kind"].tolist() == ["level", "rate"]
    assert got["base"].iloc[0] == 1000
    assert got["current"].tolist() == [1100.5, 6.5]
    assert got["base_date"].iloc[0] == pd.Timestamp("2020-12-31")
    assert got["current_date"].tolist() == [pd.Timestamp("2023-06-30"), pd.Timestamp("2023-12-31")]
    assert pd.isna(got["target"].iloc[1])


def test_the_unit_may_stand_in_the_headers_but_not_two_of_them(tmp_path):
    one = "指标,目标值（亿元）,现状值（亿元）\n合成,10,5亿元\n"
    assert read_targets(file(tmp_path, one))["unit"].tolist() == ["亿元"]
    two = "指标,目标值（亿元）,现状值（万元）\n合成,10,5\n"
    with pytest.raises(ProjectsError, match="万元 ≠ 亿元"):
        read_targets(file(tmp_path, two))


def test_per_cent_in_some_cells_of_a_row_is_not_guessed(tmp_path):
    alike = read_targets(file(tmp_path, "指标,目标值,现状值\n合成,6%,6.5％\n"))
    assert alike[["unit", "target", "current"]].iloc[0].tolist() == ["%", 6, 6.5]
    with pytest.raises(ProjectsError, match="6%"):
        read_targets(file(tmp_path, "指标,目标值,现状值\n合成,6%,6.5\n"))


def test_every_mistake_is_told_with_its_row(tmp_path):
    text = "指标,类型,目标值,目标日期\n甲,怎样,约十,明年\n,水平,1,2025\n乙,水平,2,2025\n"
    with pytest.raises(ProjectsError) as caught:
        read_targets(file(tmp_path, text))
    told = caught.value.word("zh")
    assert "4 处" in told
    for part in ("2 · 类型: 怎样", "2 · 目标值: 约十", "2 · 目标日期: 明年", "3 · 指标"):
        assert part in told


def test_workbooks_are_read_as_well(tmp_path):
    path = tmp_path / "t.xlsx"
    frame = pd.DataFrame({"Indicator": ["synthetic"], "Target": [10.0], "Current": [4.0]})
    write_workbook(path, [Sheet("targets", frame)], Labels("en"), title="t")
    got = read_targets(path)
    assert got[["target", "current"]].iloc[0].tolist() == [10, 4]


def test_money_needs_a_unit_and_each_measure_its_own(tmp_path):
    text = "楼宇名称,类别,税收(万元),营业收入\n合成甲,写字楼,120,1.5亿元\n合成乙,产业集群,,\n"
    got = read_buildings(file(tmp_path, text))
    assert got["of"].tolist() == ["building", "cluster"]
    assert got["tax"].iloc[0] == 1_200_000
    assert got["revenue"].iloc[0] == 150_000_000
    assert got[["tax", "revenue"]].iloc[1].isna().all()
    with pytest.raises(ProjectsError, match="营业收入: 3"):
        read_buildings(file(tmp_path, "楼宇名称,营业收入\n合成甲,3\n"))
    with pytest.raises(ProjectsError, match="-3"):
        read_buildings(file(tmp_path, "楼宇名称,税收(万元)\n合成甲,-3\n"))


@pytest.mark.parametrize(
    ("cell", "day"),
    [("2025", dt.date(2025, 12, 31)), ("2025年底", dt.date(2025, 12, 31)),
     ("2024-02", dt.date(2024, 2, 29)), ("2024年12月", dt.date(2024, 12, 31)),
     ("2024/3/1", dt.date(2024, 3, 1)), ("２０２４年３月１日", dt.date(2024, 3, 1))],
)  # fmt: skip
def test_days_months_and_years(cell, day):
    assert parse_day(cell) == day


@pytest.mark.parametrize("cell", ["明年", "2024-13", "2024-02-30", "24", "20245", "2024-", "-1"])
def test_what_is_no_day_is_refused(cell):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_day(cell)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "指标\n甲\n"])
def test_a_table_without_its_headers_is_refused(tmp_path, text):
    with pytest.raises(ProjectsError):
        read_targets(file(tmp_path, text))


def test_a_file_that_is_not_there_or_not_a_table(tmp_path):
    with pytest.raises(ProjectsError):
        read_targets(tmp_path / "none.csv")
    with pytest.raises(ProjectsError):
        read_targets(file(tmp_path, "x", name="t.pdf"))


def test_formulas_and_paths_in_cells_stay_text(tmp_path):
    text = '指标,目标值\n"=HYPERLINK(""x"")",1\n{0.__class__},2\n'
    got = read_targets(file(tmp_path, text))
    assert got["name"].tolist() == ['=HYPERLINK("x")', "{0.__class__}"]
