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
