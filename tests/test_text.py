"""Text of users' files: encodings, numbers, angles, money, headers."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisplan.errors import ProjectsError
from gisplan.io import text

CHINESE = "项目名称,经度\n文峰塔,114.35\n"


@pytest.mark.parametrize(
    ("codec", "found", "basis"),
    [
        ("utf-8", "utf-8", "inferred"),
        ("utf-8-sig", "utf-8", "bom"),
        ("gbk", "gb18030", "inferred"),
        ("gb18030", "gb18030", "inferred"),
        ("utf-16", "utf-16", "bom"),
        ("utf-32", "utf-32", "bom"),
    ],
)
def test_encodings_are_found_and_named(codec, found, basis):
    assert text.decode(CHINESE.encode(codec)) == (CHINESE, found, basis)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(codec):
    latin = "name,lon\nA,114.35\n"
    assert text.decode(latin.encode(codec)).text == latin


def test_a_declared_encoding_is_used_or_refused():
    big5 = "項目".encode("big5")
    assert text.decode(big5, encoding="big5") == ("項目", "big5", "declared")
    for data, encoding, code in [
        (big5, "utf-8", "encoding_wrong"),
        (big5, "klingon", "encoding_name"),
        (b"\xff\xff\x80\x81", None, "encoding_unknown"),
    ]:
        with pytest.raises(ProjectsError) as caught:
            text.decode(data, encoding=encoding, place="x.csv")
        assert caught.value.code == code


def test_utf8_cut_in_a_character_is_not_read_as_nonsense():
    data = "项目名称,经度\n文峰塔的第二行".encode()
    assert data[:-1].decode("gb18030", errors="ignore")  # what a fallback would have shown
    with pytest.raises(ProjectsError) as caught:
        text.decode(data[:-1], place="cut.csv")
    assert caught.value.code == "encoding_broken"
    assert caught.value.values["line"] == 2


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_line_of_damaged_bytes_is_named(codec):
    lines = [line.encode(codec if number == 0 else codec.removesuffix("-sig"))
             for number, line in enumerate(["项目名称\n", "文峰塔\n", "高阁寺\n"])]  # fmt: skip
    with pytest.raises(ProjectsError) as caught:
        text.decode(b"".join([*lines[:2], b"\xff\xff", lines[2]]), place="x.csv")
    assert caught.value.code == "encoding_broken"
    assert caught.value.values["line"] == 3


@pytest.mark.parametrize("data", [b"a,b\0\n1,2\n", b"name\nA\0\0\0\0"])
def test_zero_bytes_do_not_make_utf16(data):
    assert text.decode(data).encoding == "utf-8"


@given(st.text(alphabet=st.characters(codec="gb18030", exclude_categories=["Cs"]), max_size=40))
def test_what_gb18030_wrote_is_decoded_or_refused_never_changed(written):
    data = ("名称," + written).encode("gb18030")
    try:
        decoded = text.decode(data)
    except ProjectsError:
        return
    if decoded.encoding == "gb18030":
        assert decoded.text == "名称," + written


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("12", 12),
        ("１２３．５", 123.5),
        ("1,234,567.5", 1234567.5),
        ("1，234", 1234),
        ("-3", -3),
        ("−3", -3),
        (".5", 0.5),
        ("1e3", 1000),
        (" 7 ", 7),
        (3.5, 3.5),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("٣", None),
        ("约3", None),
        ("3-5", None),
        ("1,23", None),
        ("1 234", None),
        ("", None),
        ("1e999", None),
        ("三", None),
        ("0x10", None),
    ],
)
def test_numbers(cell, number):
    assert text.parse_number(cell) == number


@pytest.mark.parametrize(
    "cell",
    [
        "114.35",
        "114.35°",
        "114.35度",
        "东经114.35",
        "E114.35",
        "114.35 E",
        "114°21′",
        "114°21'0\"",
        "东经114°21′0″",
        "114度21分0秒",
        "114：21：00",
        "114 21 00",
        "114-21-00.0",
        "114º21´0˝",
        "１１４°２１′０″",
        "E 114°21.0′",
    ],
)
def test_longitudes_in_every_common_writing(cell):
    assert text.parse_angle(cell, axis="lon") == pytest.approx(114.35, abs=1e-12)


@pytest.mark.parametrize(
    "cell",
    [
        "约114",
        "114°60′",
        "114°21′60″",
        "114°21.5′3″",
        "N114.35",
        "北纬36",
        "1135633.1",
        "181",
        "114,35",
        "",
        "nan",
        "1e5",
        "W-114",
        "abc114",
        "114.35.1",
    ],
)
def test_longitudes_that_are_refused(cell):
    assert text.parse_angle(cell, axis="lon") is None


def test_west_and_south_are_negative_and_latitude_ends_at_90():
    assert text.parse_angle("西经10°30′", axis="lon") == -10.5
    assert text.parse_angle("南纬22°30′", axis="lat") == -22.5
    assert text.parse_angle("-22.5", axis="lat") == -22.5
    assert text.parse_angle("114.35", axis="lat") is None


@given(st.floats(-180, 180))
def test_a_written_longitude_is_read_back(lon):
    sign, degrees = ("W" if lon < 0 else "E"), abs(lon)
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    seconds = (degrees - whole - minutes / 60) * 3600
    if not 0 <= float(f"{seconds:.9f}") < 60:
        return
    read = text.parse_angle(f"{sign}{whole}°{minutes}′{seconds:.9f}″", axis="lon")
    assert read == pytest.approx(lon, abs=1e-11)
    assert text.parse_angle(repr(round(lon, 9)), axis="lon") == round(lon, 9)


@given(st.text(max_size=30))
def test_parsers_never_raise_and_never_give_what_is_not_finite(cell):
    numbers = [text.parse_number(cell), text.parse_money(cell, unit=1e4)[0]]
    numbers += [text.parse_angle(cell, axis="lon"), text.parse_angle(cell, axis="lat")]
    numbers += text.parse_pair(cell) or ()
    assert all(number is None or math.isfinite(number) for number in numbers)
    text.split_header(cell)
    text.match_headers([cell])
    assert isinstance(text.cell_text(cell), str)


@pytest.mark.parametrize(
    ("cell", "pair"),
    [
        ("114.35,36.09", (114.35, 36.09)),
        ("114.35，36.09", (114.35, 36.09)),
        ("36.09 114.35", (114.35, 36.09)),
        ("E114°21′、N36°6′", (114.35, 36.1)),
        ("N36°6′ E114°21′", (114.35, 36.1)),
        ("114.35", None),
        ("1,2,3", None),
        ("200,300", None),
    ],
)
def test_pairs_in_one_cell(cell, pair):
    assert text.parse_pair(cell) == (pair and pytest.approx(pair))


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("33.9", 1e8, (3.39e9, "")),
        ("1.098343", 1e8, (109_834_300.0, "")),
        ("1.2亿元", None, (1.2e8, "")),
        ("1.2亿元", 1e4, (1.2e8, "")),
        ("5,000 万", None, (5e7, "")),
        ("８００万元", None, (8e6, "")),
        ("300元", 1e8, (300.0, "")),
        ("2 million yuan", None, (2e6, "")),
        ("0", 1e4, (0.0, "")),
        ("33.9", None, (None, "unit")),
        ("约3亿", 1e8, (None, "amount")),
        ("3-5亿", None, (None, "amount")),
        ("$5", 1e8, (None, "amount")),
        ("5亿美元", None, (None, "amount")),
        ("-1", 1e8, (None, "amount")),
        ("待定", 1e8, (None, "amount")),
    ],
)
def test_money_is_in_yuan_or_missing(cell, unit, expected):
    assert text.parse_money(cell, unit=unit) == expected


@pytest.mark.parametrize(
    ("title", "name", "note"),
    [
        ("投资额(亿元)", "投资额", "亿元"),
        ("投资额（亿元）", "投资额", "亿元"),
        ("投资额/万元", "投资额", "万元"),
        (" 投 资 额\n【万元】", "投资额", "万元"),
        ("*项目名称", "项目名称", ""),
        ("经度(GCJ-02)", "经度", "gcj-02"),
        ("Investment (million yuan)", "investment", "millionyuan"),
        ("文旅/水利", "文旅/水利", ""),
    ],
)
def test_titles_are_taken_apart(title, name, note):
    assert text.split_header(title)[1:] == (name, note)


def test_the_better_title_wins_and_the_real_header_is_understood():
    assert text.match_headers(["序号", "名称", "项目编号", "项目名称"]) == {"id": 2, "name": 3}
    assert text.match_headers(["Project Name", "LON", "Lat."]) == {"name": 0, "lon": 1, "lat": 2}
    real = (
        "项目编号,项目名称,行业,投资额(亿元),位置,经度,纬度,坐标中误差(米),阶段,年份,"
        "公开资料所述区位,来源"
    )
    fields = text.match_headers(real.split(","))
    assert len(fields) == 11
    assert (fields["lon"], fields["lat"], fields["accuracy"]) == (5, 6, 7)
    assert text.closest_titles(["name"], ["经度", "项目明称"]) == ["项目明称"]


def test_cells_are_what_a_person_would_copy():
    cells = [
        None,
        True,
        3.0,
        3.5,
        float("nan"),
        "0001 ",
        dt.datetime.fromisoformat("2024-03-01"),
        dt.date(2024, 3, 1),
    ]
    assert list(map(text.cell_text, cells)) == [
        "",
        "TRUE",
        "3",
        "3.5",
        "",
        "0001",
        "2024-03-01",
        "2024-03-01",
    ]
