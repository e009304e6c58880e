"""Damaged and strange files: one line that refuses them, or a frame in which no row is lost.

Each law has an oracle that shares no code with gisplan: openpyxl, csv, json, ElementTree.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gisplan.errors import GisplanError
from gisplan.io.projects import intake
from gisplan.labels import LANGUAGES
from tests.intake.make_corpus import content

LEFT_OUT = [f"GP-INT-{number:03}" for number in (40, 41, 42, 60, 61, 62, 63, 64)]
FUZZ = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
NUMBERS = [b"-1", b"0", b"65536", b"1048576", b"4294967296", b"99999999999"]
GEOJSON = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": name, "investment": 1.5},
                "geometry": {"type": "Point", "coordinates": [114.35, 36.09]},
            }
            for name in "abc"
        ],
    }
).encode()
KML = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    + "".join(
        f"<Placemark><name>{name}</name><Point><coordinates>114.35,36.09</coordinates></Point>"
        "</Placemark>"
        for name in "abc"
    )
    + "</Document></kml>"
).encode()


@st.composite
def damage(draw, data):
    """Flip, cut, repeat or drop bytes, or put a number where another one stands."""
    found = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(found) - 1))
        kind = draw(st.sampled_from(["flip", "flip", "drop", "repeat", "cut", "number"]))
        if kind == "flip":
            found[place] = draw(st.integers(0, 255))
        elif kind == "drop":
            del found[place : place + draw(st.integers(1, 60))]
        elif kind == "repeat":
            piece = found[place : place + draw(st.integers(1, 200))]
            found[place:place] = piece * draw(st.integers(1, 3))
        elif kind == "cut":
            del found[place + 1 :]
        else:
            numbers = list(re.finditer(rb"[0-9]+", bytes(found)))
            if numbers:
                chosen = draw(st.sampled_from(numbers))
                found[chosen.start() : chosen.end()] = draw(st.sampled_from(NUMBERS))
        if not found:
            return b"x"
    return bytes(found)


def read_or_refuse(path):
    """Read a file; a refusal is one line in each language, anything else fails the test."""
    try:
        return intake(path)
    except GisplanError as error:
        for language in LANGUAGES:
            said = error.word(language)
            assert said
            assert "\n" not in said
        return None


def accounted(result):
    """Return how many rows a reading answers for: projects, rows left out, rows of titles."""
    evidence = dict(result.evidence)
    first, _, last = evidence.get("header_rows", evidence.get("header_row", "")).partition("-")
    titles = int(last or first) - int(first) + 1
    issues = result.issues
    left = issues.loc[issues["code"].isin(LEFT_OUT), "row"].nunique()
    return len(result.projects) + left + titles


# --- tables ---------------------------------------------------------------------------------


@settings(max_examples=300, **FUZZ)
@given(data=st.data())
def test_damaged_text(tmp_path, data):
    name = data.draw(st.sampled_from(["gbk.csv", "quoted_newlines.csv", "total_on_top.csv",
                                      "two_row_header.csv", "second_table.csv"]))  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_bytes(data.draw(damage(content(name))))
    result = read_or_refuse(path)
    if result is not None and "format_found" not in dict(result.evidence):
        assert accounted(result) == count_records(path, result)


def count_records(path, result):
    evidence = dict(result.evidence)
    encoding = next(value for key, value in evidence.items() if key.startswith("encoding_"))
    text = path.read_bytes().decode({"utf-8": "utf-8-sig"}.get(encoding, encoding))
    delimiter = evidence.get("delimiter", ",").replace("TAB", "\t")
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    blanks = " \t\r\n\u3000\u00a0\u200b\ufeff"
    return sum(any(cell.strip(blanks) for cell in record) for record in records)


@settings(max_examples=300, **FUZZ)
@given(data=st.data())
def test_damaged_workbooks(tmp_path, data):
    name = data.draw(st.sampled_from(["plain.xlsx", "total_right.xlsx", "two_row_header.xlsx"]))
    path = tmp_path / "a.xlsx"
    path.write_bytes(data.draw(damaged_archive(content(name))))
    result = read_or_refuse(path)
    if result is None:
        return
    filled = count_rows(path, dict(result.evidence)["sheet"])
    assert filled is None or accounted(result) >= filled


def parsed(data):
    """Parse XML as UTF-8, or as the GB18030 that the reader falls back to and says so."""
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError:
        return ElementTree.fromstring(data.decode("gb18030"))


def count_rows(path, sheet):
    """Count the rows that hold anything; what openpyxl cannot read, it cannot judge."""
    try:
        # From memory: openpyxl leaves a file open where it gives up on it.
        book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=True)
        rows = list(book[sheet].iter_rows(values_only=True))
    except Exception:  # noqa: BLE001  whatever openpyxl raises
        return None
    return sum(any(str(cell).strip() for cell in row if cell is not None) for row in rows)


@st.composite
def damaged_archive(draw, data):
    """Damage one part inside an archive that is whole, or the archive itself."""
    if draw(st.integers(0, 9)) == 0:
        return draw(damage(data))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        parts = [
            n
            for n in source.namelist()
            if "sheet" in n or n.startswith("xl/") or n == "content.xml"
        ]
        victim = draw(st.sampled_from([*parts, *[n for n in parts if "sheet1" in n] * 5]))
        for part in source.namelist():
            piece = source.read(part)
            target.writestr(part, draw(damage(piece)) if part == victim else piece)
    return out.getvalue()


@pytest.mark.parametrize("name", ["from_libreoffice.ods", "from_libreoffice.xlsm"])
@settings(max_examples=50, **FUZZ)
@given(data=st.data())
def test_damaged_files_of_other_programs(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data.draw(damaged_archive(content(name))))
    read_or_refuse(path)


@settings(max_examples=25, **FUZZ)
@given(data=st.data())
def test_damaged_old_workbooks(tmp_path, data):
    path = tmp_path / "a.xls"
    path.write_bytes(data.draw(damage(content("from_libreoffice.xls"))))
    read_or_refuse(path)


@settings(max_examples=60, **FUZZ)
@given(data=st.data())
def test_damaged_web_pages(tmp_path, data):
    path = tmp_path / "a.xls"
    path.write_bytes(data.draw(damage(content("webpage_with_spans.xls"))))
    read_or_refuse(path)


# --- GIS files ------------------------------------------------------------------------------


@settings(max_examples=150, **FUZZ)
@given(damaged=damage(GEOJSON))
def test_damaged_geojson(tmp_path, damaged):
    path = tmp_path / "a.geojson"
    path.write_bytes(damaged)
    result = read_or_refuse(path)
    if result is not None:
        whole = json.loads(damaged.decode(dict(result.evidence).get("encoding_inferred", "utf-8")))
        found = whole.get("features", [whole])
        assert len(result.projects) == len(found)


@settings(max_examples=150, **FUZZ)
@given(damaged=damage(KML))
def test_damaged_kml(tmp_path, damaged):
    path = tmp_path / "a.kml"
    path.write_bytes(damaged)
    result = read_or_refuse(path)
    if result is not None:
        tree = parsed(damaged.partition(b"?>")[2] or damaged)
        marks = [e for e in tree.iter() if e.tag.rpartition("}")[2].lower() == "placemark"]
        assert len(result.projects) == len(marks)
