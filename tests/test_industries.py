"""Industries: words and codes of GB/T 4754-2017."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pandas as pd
import pytest

from gisplan import industries


def classify(*texts, codes=None):
    text = pd.Series(list(texts), dtype="str")
    given = pd.Series(codes or [None] * len(texts), dtype="str")
    return industries.classify(text, given)


def pairs(frame):
    return list(zip(frame["industry_codes"], frame["industry_match"], strict=True))


@pytest.mark.parametrize(
    ("text", "codes", "match"),
    [
        ("公共文化/体育", "R88|R89", "公共文化|体育"),
        ("文旅/水利", "N76|N786|R88", "文旅|水利"),
        ("市政", "N781", "市政"),
        ("海绵城市/绿地", "N781|N784", "海绵城市|绿地"),
        ("民生/安置房", "K70", "安置房"),
        ("文化旅游产业", "N786|R88", "文化旅游"),
        ("总部经济、楼宇经济", "L72|L7211", "总部经济|楼宇经济"),
        ("Finance; retail", "F52|J", "finance|retail"),
        ("现代金融", "J", "现代金融"),
    ],
)
def test_words_lead_to_codes_and_the_match_is_told(text, codes, match):
    assert pairs(classify(text)) == [(codes, match)]


@pytest.mark.parametrize("text", ["民生", "其他", "parking-lots", "???", "", None])
def test_what_is_not_known_stays_missing(text):
    frame = classify(text)
    assert frame["industry_codes"].isna().all()
    assert frame["industry_match"].isna().all()


def test_a_code_given_by_the_user_wins():
    frame = classify("金融", "金融", codes=["8810", None])
    assert pairs(frame) == [("R8810", "code"), ("J", "金融")]


@pytest.mark.parametrize(
    ("text", "code"),
    [("R88", "R88"), ("r88", "R88"), ("8810", "R8810"), ("Ｒ88、P83", "R88|P83"), ("J", "J"),
     ("J88", None), ("98", None), ("88101", None), ("文化", None), ("", None), ("R8", None)],
)  # fmt: skip
def test_written_codes(text, code):
    assert industries.normalise_codes(text) == code


def test_rows_keep_their_index_and_do_not_know_each_other():
    text = pd.Series(["教育", None, "文旅"], index=[5, 3, 9], dtype="str")
    codes = pd.Series([None, None, None], index=[5, 3, 9], dtype="str")
    whole = industries.classify(text, codes)
    parts = pd.concat([industries.classify(text[[i]], codes[[i]]) for i in text.index])
    pd.testing.assert_frame_equal(whole, parts)
    assert whole.index.tolist() == [5, 3, 9]


def test_every_code_of_the_table_is_a_code_and_every_section_has_a_title():
    data = tomllib.loads(files("gisplan").joinpath("data", "industries.toml").read_text("utf-8"))
    for word, codes in data["keyword"].items():
        assert word == word.lower()
        for code in codes:
            assert industries.normalise_codes(code) == code
    assert list(data["section"]) == list("ABCDEFGHIJKLMNOPQRST")
    divisions = [d for first, last in data["section"].values() for d in range(first, last + 1)]
    assert divisions == list(range(1, 98))
    for language in ("zh", "en"):
        assert list(data["title"][language]) == list(data["section"])
    assert industries.section_title("R8810", "zh") == "文化、体育和娱乐业"


def test_the_97_divisions_are_those_of_the_standard():
    table = industries.divisions()
    assert len(table) == 97
    assert table["code"].str[1:].astype(int).tolist() == list(range(1, 98))
    assert table["section"].nunique() == 20
    assert table["zh"].is_unique
    assert table["en"].is_unique
    titles = dict(zip(table["code"], table["zh"], strict=True))
    # A sample of the standard's own contents page (GB/T 4754-2017).
    assert titles["A05"] == "农、林、牧、渔专业及辅助性活动"
    assert titles["C37"] == "铁路、船舶、航空航天和其他运输设备制造业"
    assert titles["G58"] == "多式联运和运输代理业"
    assert titles["J66"] == "货币金融服务"
    assert titles["N79"] == "土地管理业"
    assert titles["R87"] == "广播、电视、电影和录音制作业"
    assert titles["S96"] == "基层群众自治组织及其他组织"


@pytest.mark.parametrize(
    ("code", "title"),
    [("J", "金融业"), ("J66", "货币金融服务"), ("J6610", "货币金融服务"), ("T97", "国际组织")],
)
def test_a_code_has_the_title_of_its_level(code, title):
    assert industries.title(code, "zh") == title


@pytest.mark.parametrize(
    ("codes", "level"),
    [
        ("J66|C", "section"),
        ("J66", "division"),
        ("J661|J6610", "group"),
        ("J6610", "class"),
        ("", ""),
    ],
)
def test_how_fine_a_match_is_is_that_of_its_coarsest_code(codes, level):
    assert industries.specificity(codes) == level


@pytest.mark.parametrize(
    ("own", "told"),
    [("J66", "fits"), ("J6610", "fits"), ("J", "coarse"), ("R88|J", "coarse"), ("R88", "differs"),
     ("R88|J66", "fits"), ("", "")],
)  # fmt: skip
def test_a_coarser_code_proves_neither_fit_nor_mismatch(own, told):
    assert industries.standing(own, ["J66", "J67"]) == told


def test_every_section_serves_one_function_of_a_town():
    held = [section for own in industries.functions().values() for section in own]
    assert sorted(held) == list("ABCDEFGHIJKLMNOPQRST")


def test_matches_are_laid_out_for_people_to_check():
    got = industries.matches(pd.Series(["金融", "？？", None], dtype="str"),
                             pd.Series([None, None, "8810"], dtype="str"))  # fmt: skip
    assert got["industry_codes"].tolist() == ["J", "", "R8810"]
    assert got["industry_match"].tolist() == ["金融", "", "code"]
    assert got["specificity"].tolist() == ["section", "", "class"]
