"""A column of cells read at once says what each of its cells says, read by itself."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import gisplan
from gisplan.io.body import _Lines
from gisplan.io.column_text import DECIMAL, bared, decimals, normalised, titles_among
from gisplan.io.coordinates import Axes
from gisplan.io.evidence import evidence_line
from gisplan.io.extent import _span
from gisplan.io.header import Heading
from gisplan.io.identity import id_key, id_keys, name_key, name_keys
from gisplan.io.phrases import (
    is_enumerated,
    is_enumerator,
    is_remark,
    is_total,
    may_enumerate,
    remark_beginnings,
    total_words,
)
from gisplan.io.places import _plain_places, _read_degrees, _read_metres, _read_place
from gisplan.io.projects import _read_measure, _read_measures
from gisplan.io.rows import Grid, IssueLog, Rows, refuse_headless
from gisplan.io.text import is_blank, known_titles, match_headers, normalise, nothing
from gisplan.labels import LANGUAGES, Labels, _load, _parts

WRITTEN = st.one_of(
    st.text(max_size=8),
    st.text(
        st.sampled_from("甲项目Ａ０1-―_.,:：（）()【】 \u3000\u200b\u0301′`´Σİµ²℃"), max_size=10
    ),
    st.sampled_from([
        "合计", "合 计（3项）", "全市小计", "Total", "一、文旅类", "（二）水利", "Ⅳ", "iv.", "三",
        "注1：见附件", "填表人：甲", "备注", "经度", "名称", "项目名称（全称）", "投资额/万元",
        "投资额：亿元", "Name", "nan", "无", "114.35", "-0", "36", "1,200", "±20", "5 米", "项目",
        "建设项目", "城南 项目", "A01", "Ａ－０１", "", "北纬36度", "0.0000000", "1.2亿元", "R88",
        "12345678901234",
    ]),
)  # fmt: skip
COLUMN = st.lists(WRITTEN, max_size=8)


@settings(max_examples=200, deadline=None)
@given(cells=COLUMN)
def test_a_column_at_once_is_read_as_each_of_its_cells(cells):
    assert normalised(cells) == list(map(normalise, cells))
    assert name_keys(cells) == list(map(name_key, cells))
    assert id_keys(cells) == list(map(id_key, cells))
    bare = bared(cells)
    assert bare == [normalise(one).replace(" ", "").lower() for one in cells]
    expected = {one for one in cells if one and match_headers([one])}
    assert titles_among(cells, bare) == expected
    for cell, one in zip(cells, bare, strict=True):
        assert {one[:1], one[:2]} & remark_beginnings() or not is_remark(cell)
        assert may_enumerate(one) == (is_enumerator(cell) or is_enumerated(cell))
        assert total_words().search(one) or not is_total(cell)
    numbers = [float(one) if DECIMAL.fullmatch(one) else math.nan for one in cells]
    assert_array_equal(decimals(cells), numbers)


def test_no_title_and_no_word_for_nothing_is_a_plain_number():
    assert np.isnan(decimals([*known_titles(), *(nothing() - {""}), ""])).all()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=st.integers(1, 5).flatmap(
        lambda width: st.lists(st.lists(WRITTEN, min_size=width, max_size=width), max_size=6)
    ),
    titles=st.lists(
        st.sampled_from(["序号", "项目名称", "经度", "投资额", "备注", "其他"]), max_size=5
    ),
)
def test_a_line_that_no_column_suspects_is_a_project(table, titles):
    width = len(table[0]) if table else 1
    titles = [*titles, *[""] * width][:width]
    lines = _Lines(Grid("", [titles, *table]), Heading(0, 0, titles), titles)
    suspects = lines.suspects(table)
    for row, cells in enumerate(table):
        assert row in suspects or not any(cells) or lines.not_a_project(row + 1, cells) == ""


@settings(max_examples=200, deadline=None)
@given(pairs=st.lists(st.tuples(WRITTEN, WRITTEN), min_size=1, max_size=6), metres=st.booleans())
def test_plain_places_are_those_that_are_read_one_by_one(pairs, metres):
    first, second = ([pair[at] for pair in pairs] for at in (0, 1))
    shown = [", ".join(filter(None, pair)) for pair in pairs]
    read = _read_metres if metres else _read_degrees
    axes = Axes("east" if metres else "lon", ("a", "b"), first, second, shown)
    for at, place in enumerate(_plain_places(axes, read).tolist()):
        found, code = _read_place(shown[at], first[at], second[at], read)
        assert math.isnan(place[0]) or (tuple(place) == found and code == "")


@settings(max_examples=200, deadline=None)
@given(
    cells=COLUMN,
    unit=st.sampled_from([None, 1.0, 1e4, 1e8]),
    kind=st.sampled_from(["money", "length"]),
)
@example(cells=["20", "0.0000001"], unit=1.0, kind="length")  # rounded, an accuracy of 0 m
def test_amounts_of_a_column_are_those_of_its_cells(cells, unit, kind):
    title = {1e4: "投资额（万元）", 1e8: "投资额（亿元）", 1.0: "投资额（元）"}.get(unit, "投资额")
    title, unit = (title, unit) if kind == "money" else ("坐标中误差", 1.0)
    rows = Rows("a", "", [title], [[one] for one in cells], list(range(1, len(cells) + 1)))
    log = IssueLog("a", "")
    amounts = _read_measures(rows, log, 0, kind)
    noted = table_rows(log)
    for number, (cell, amount) in enumerate(zip(cells, amounts.tolist(), strict=True), start=1):
        read = (None, "") if is_blank(cell) else _read_measure(cell, unit, kind)
        assert amount == read[0] or (math.isnan(amount) and read[0] is None)
        assert noted.get(number, "") == ("" if read[0] is not None else read[1])


def table_rows(log: IssueLog) -> dict[int, str]:
    found = log.table().columns
    return dict(zip(map(int, found.array("row")), found.texts("code"), strict=True))


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('<row r="2"><c r="A2"/><c r="C2"/></row>', 6),
        ('<row r="7"></row><row r="9"><c r="B3"/></row>', 18),
        ("<row r='7'><c r='AA2'/></row>", 7 * 27),
        ('<row\nr="7"><c\nr="B12"/></row>', 24),
        ('<row r = "7"><c s="1" r= "D1"/></row>', 28),
        ('<x:row r="7"><x:c r="XFD1048576" s="9"/></x:row>', 16384 * 1048576),
        ("<row><c/></row>", 1),
    ],
)
def test_how_far_a_sheet_reaches_is_seen_however_it_is_written(text, cells):
    assert _span(text.encode()) == cells


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_are_read_table_by_table_are_those_of_the_files(language):
    whole: dict = {}
    for path in sorted((Path(gisplan.__file__).parent / "locale" / language).glob("*.toml")):
        for key, table in tomllib.loads(path.read_text("utf-8")).items():
            merged = whole.setdefault(key, {})
            for name, value in table.items():
                if isinstance(value, dict) and name in merged:
                    merged[name] |= value
                else:
                    assert name not in merged
                    merged[name] = value
    assert {table: _load(language, table)[table] for table in _parts(language)} == whole


def test_lists_of_names_are_joined_in_the_language_of_the_sentence():
    refused = refuse_headless("a.csv", ["甲", "乙"])
    assert "甲、乙" in refused.word("zh")
    assert "甲, 乙" in refused.word("en")
    for language, told in (("zh", "甲、乙"), ("en", "甲, 乙")):
        assert told in evidence_line("columns_kept", "甲、乙", Labels(language))
