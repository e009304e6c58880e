"""A table is checked without the libraries of frames, and each short way equals the long one."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyproj
import pytest
import shapely
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from shapely.geometry import MultiPolygon, Point, Polygon, box

from gisplan.columns import Coded, Columns
from gisplan.crs import WGS84, moved
from gisplan.errors import OutputError, ProjectsError
from gisplan.frames import Table, table_of
from gisplan.io.cellwise import ByColumn, digest, read_grids
from gisplan.io.characters import fit_xml, lines_of_texts
from gisplan.io.geojson import plain_features, read_content
from gisplan.io.page import Page, Texts, packed
from gisplan.io.projects import intake
from gisplan.io.sheet_cells import _lines, cells_of, clean, fitted, lines_of, places
from gisplan.io.text import (
    _aliases,
    _meaning,
    split_header,
)
from gisplan.io.vectors import read_layer
from gisplan.io.workbook import MOST_ROWS, Sheet, write_workbook
from gisplan.labels import Labels
from gisplan.outputs.siting import check_sheets
from gisplan.plan import Plan, example_folder, open_plan
from gisplan.results import Run, checked
from tests.worlds import projects, world

PROJECTS = example_folder() / "projects.csv"
HEAVY = ("pandas", "geopandas", "pyogrio", "matplotlib", "rasterio", "folium", "scipy", "pyarrow")


# --- what is loaded ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "output"), [("xlsx", "xlsx"), ("csv", "csv"), ("csv", "json"), ("xlsx", None)]
)
def test_a_check_loads_no_library_of_frames_or_pictures(tmp_path, listed, output):
    path = PROJECTS
    if listed == "xlsx":
        path = tmp_path / "清单.xlsx"
        pd.read_csv(PROJECTS, dtype=str).to_excel(path, index=False)
    words = ["check", str(path), *(["-o", str(tmp_path / f"r.{output}")] if output else [])]
    assert loaded(words) == []


def test_decisions_and_english_cost_no_frame_either(tmp_path):
    decided = tmp_path / "o.csv"
    decided.write_text("id,outcome,reason,by,date\nP01,pass,x,y,2026-01-01\n", "utf-8")
    words = ["check", str(PROJECTS), "--overrules", str(decided), "--lang", "en"]
    assert loaded([*words, "-o", str(tmp_path / "r.xlsx")]) == []


def test_help_loads_nothing_that_computes():
    assert loaded(["--help"]) == []
    assert loaded(["check", "--help"], ("numpy", "shapely", "pyproj", "pydantic")) == []


def loaded(words: list[str], heavy: tuple[str, ...] = HEAVY) -> list[str]:
    """Run a command in a process of its own; return which of some modules it loaded."""
    program = f"""
import sys
from gisplan.cli import main
sys.argv = ["gisplan", *{words!r}]
try:
    main()
except SystemExit as end:
    if end.code not in (0, None):
        raise
print("\\n!" + " ".join(one for one in {heavy!r} if one in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("!")[2].split()


# --- a table in two forms ------------------------------------------------------------------


def test_the_frame_of_a_list_is_made_when_it_is_asked_for_and_is_then_what_counts():
    read = intake(PROJECTS)
    assert "frame" not in vars(table_of(read, "projects"))
    frame = read.projects
    assert isinstance(frame, gpd.GeoDataFrame)
    assert read.projects is frame
    frame["accuracy"] = 1.0
    assert_array_equal(table_of(read, "projects").columns.numbers("accuracy"), 1.0)


def test_a_result_of_a_list_is_that_of_its_frame():
    plan, read = open_plan(), intake(PROJECTS)
    result = checked(plan, PROJECTS, read)
    verdicts = plan.check(read.projects)
    assert_frame_equal(result.verdicts, verdicts)
    assert_frame_equal(result.rules("zh"), plan.explain(read.projects, language="zh"))
    told = plan.tell(read.projects, verdicts, language="en")
    assert_frame_equal(result.told("en")[list(told)], told)
    assert_array_equal(result.located, read.projects.geometry.notna())


def test_a_plan_keeps_the_frame_that_it_is_given():
    made = world()
    assert Plan(made.definition, made.areas).areas is made.areas
    other = made.areas.iloc[::-1]
    assert replace(made, areas=other).areas is other
    labels = projects((2000, 2000), (9000, 9000)).set_axis([7, 3])
    assert list(made.check(labels).index) == [7, 3]
    assert list(made.explain(labels)["project"].unique()) == [7, 3]


def test_columns_and_frame_of_a_plan_are_one():
    opened = open_plan()
    table = table_of(opened, "areas")
    before, crs = table.columns, table.crs
    again = Table.of(opened.areas)
    assert crs == again.crs == opened.crs
    for name in before:
        if name == "geometry":
            drawn = ~shapely.is_missing(again.geometry)
            assert_array_equal(drawn, table.held)
            assert shapely.equals_identical(before.array(name)[drawn], again.geometry[drawn]).all()
        else:
            assert list(map(str, before.array(name))) == list(map(str, again.columns.array(name)))


# --- coordinates ---------------------------------------------------------------------------


@pytest.mark.parametrize("code", [4491, 4502, 4513, 4534, 4546, 4547, 4548, 4549, 4554])
@pytest.mark.parametrize("name", ["EPSG:4326", "OGC:CRS84"])
def test_the_way_within_one_datum_is_the_one_that_proj_finds(code, name):
    generator = np.random.default_rng(code)
    lon = np.append(generator.uniform(70, 140, 500), generator.uniform(-180, 180, 50))
    lat = np.append(generator.uniform(0, 56, 500), generator.uniform(-89, 89, 50))
    degrees, metres = pyproj.CRS(name), pyproj.CRS.from_epsg(code)
    there = pyproj.Transformer.from_crs(degrees, metres, always_xy=True).transform(lon, lat)
    found, crs = moved(shapely.points(lon, lat), degrees, metres)
    assert crs == metres
    known = np.isfinite(there).all(axis=0)
    assert_array_equal(shapely.get_coordinates(found[known]), np.array(there).T[known])
    back = pyproj.Transformer.from_crs(metres, degrees, always_xy=True).transform(*there)
    again, _ = moved(found, metres, degrees)
    assert_array_equal(shapely.get_coordinates(again[known]), np.array(back).T[known])


def test_a_shift_that_a_system_carries_is_not_left_out():
    wkt = pyproj.CRS.from_epsg(4547).to_wkt("WKT1_GDAL")
    shifted = pyproj.CRS.from_wkt(
        wkt.replace('AUTHORITY["EPSG","1043"]', "TOWGS84[100,50,20,0,0,0,0]")
    )
    assert shifted.is_bound
    found, _ = moved(shapely.points([114.3], [36.1]), WGS84, shifted)
    there = pyproj.Transformer.from_crs(WGS84, shifted, always_xy=True).transform(114.3, 36.1)
    assert_array_equal(shapely.get_coordinates(found)[0], there)
    plain, _ = moved(shapely.points([114.3], [36.1]), WGS84, "EPSG:4547")
    assert shapely.distance(found, plain)[0] > 50


def test_heights_and_missing_geometry_are_moved_as_geopandas_moves_them():
    shapes = [Point(114.3, 36.1, 70.0), None, box(114.3, 36.0, 114.4, 36.1), Point()]
    series = gpd.GeoSeries(shapes, crs=4326)
    found, _ = moved(np.array(shapes, dtype=object), WGS84, "EPSG:4547")
    expected = np.asarray(series.to_crs(4547).array, dtype=object)
    assert shapely.equals_identical(found[[0, 2, 3]], expected[[0, 2, 3]]).all()
    assert found[1] is None


# --- GeoJSON -------------------------------------------------------------------------------

SQUARE = [[114.3, 36.0], [114.4, 36.0], [114.4, 36.1], [114.3, 36.0]]
HOLE = [[114.35, 36.01], [114.36, 36.01], [114.36, 36.02], [114.35, 36.01]]
ORDINARY = {
    "polygon": {"type": "Polygon", "coordinates": [SQUARE]},
    "hole": {"type": "Polygon", "coordinates": [SQUARE, HOLE]},
    "multi": {"type": "MultiPolygon", "coordinates": [[SQUARE], [HOLE]]},
    "line": {"type": "LineString", "coordinates": SQUARE[:3]},
    "lines": {"type": "MultiLineString", "coordinates": [SQUARE[:2], HOLE[:3]]},
    "whole numbers": {"type": "LineString", "coordinates": [[114, 36], [115, 37]]},
    "bow tie": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
    "none": None,
}
ODD = {
    "open ring": {"type": "Polygon", "coordinates": [SQUARE[:3]]},
    "short ring": {"type": "Polygon", "coordinates": [SQUARE[:2]]},
    "no ring": {"type": "Polygon", "coordinates": []},
    "one vertex": {"type": "LineString", "coordinates": SQUARE[:1]},
    "point": {"type": "Point", "coordinates": [114.3, 36.0]},
    "text": {"type": "LineString", "coordinates": [["114.3", "36"], ["114.4", "36"]]},
    "truth": {"type": "LineString", "coordinates": [[True, 36], [114.4, 36]]},
    "nothing": {"type": "LineString", "coordinates": [[None, 36], [114.4, 36]]},
    "heights": {"type": "Polygon", "coordinates": [[[*one, 7.5] for one in SQUARE]]},
    "mixed": {"type": "LineString", "coordinates": [[114.3, 36, 1], [114.4, 36]]},
    "four numbers": {"type": "LineString", "coordinates": [[1, 2, 3, 4], [5, 6, 7, 8]]},
    "measured": {"type": "LineString", "coordinates": SQUARE, "bbox": [0, 0, 1, 1]},
    "collection": {"type": "GeometryCollection", "geometries": []},
}


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("system", [None, "EPSG:4547", "urn:ogc:def:crs:OGC:1.3:CRS84"])
def test_ordinary_geojson_is_read_as_gdal_reads_it(tmp_path, name, system):
    path = written(tmp_path, [ORDINARY[name], ORDINARY["polygon"]], system=system)
    plain, frame = plain_features(read_content(path, None, [])), read_layer(path)
    assert plain is not None
    expected = np.asarray(frame.geometry.array, dtype=object)
    assert [one is None for one in plain.geometry] == [one is None for one in expected]
    for one, other in zip(plain.geometry, expected, strict=True):
        if one is not None:
            assert shapely.to_wkb(one, include_srid=False) == shapely.to_wkb(other)
    assert plain.crs.equals(pyproj.CRS(frame.crs), ignore_axis_order=True)
    assert plain.texts("id") == frame["id"].astype("str").tolist()


@pytest.mark.parametrize("name", ODD)
def test_odd_geojson_is_left_to_gdal(tmp_path, name):
    path = written(tmp_path, [ODD[name], ORDINARY["polygon"]])
    assert plain_features(read_content(path, None, [])) is None


def test_members_that_gdal_reads_in_its_own_way_are_left_to_it(tmp_path):
    for change in ({"id": 7}, {"crs": {}}, {"properties": None}):
        document = collection([ORDINARY["polygon"]])
        document["features"][0] |= change
        path = tmp_path / "a.geojson"
        path.write_text(json.dumps(document), "utf-8")
        assert plain_features(read_content(path, None, [])) is None


def test_a_document_of_another_format_is_left_to_gdal(tmp_path):
    # JSON-FG tells its places in `place`, in `coordRefSys`; its `geometry` may be empty.
    for change in ({"coordRefSys": "EPSG:4547"}, {"conformsTo": []}, {"spatialReference": {}}):
        path = tmp_path / "a.geojson"
        path.write_text(json.dumps(collection([ORDINARY["polygon"]]) | change), "utf-8")
        assert plain_features(read_content(path, None, [])) is None
    document = collection([ORDINARY["polygon"]])
    document["features"][0]["place"] = ORDINARY["hole"]
    path.write_text(json.dumps(document), "utf-8")
    assert plain_features(read_content(path, None, [])) is None


def test_two_lists_of_features_in_one_document_lose_none(tmp_path):
    # Python reads the last list, GDAL both: an area must not go without a word.
    feature = json.dumps(collection([ORDINARY["polygon"]])["features"])
    path = tmp_path / "a.geojson"
    for more in ("", ', "crs": null'):
        path.write_text(
            f'{{"type": "FeatureCollection", "features": {feature}, "features": {feature}{more}}}'
        )
        with pytest.raises(ProjectsError) as refused:
            read_content(path, None, [])
        assert refused.value.code == "projects_broken"


@pytest.mark.parametrize(
    ("values", "plainly"),
    [(["a", "b"], True), (["a", None], True), ([7, 12], True), ([None, None], False),
     ([7, None], False), ([7, "7"], False), ([True, False], False), ([1.5, 2.5], False),
     (["2026-01-02", "2026-01-03"], False), (["12:30:00", "12:31:00"], False),
     (["a\x00b", "c"], False), ([2**40, 1], False), (["", "x"], True)],
)  # fmt: skip
def test_a_column_is_told_only_where_it_leaves_one_reading(tmp_path, values, plainly):
    path = tmp_path / "a.geojson"
    document = collection([ORDINARY["polygon"]] * 2)
    for feature, value in zip(document["features"], values, strict=True):
        feature["properties"] = {"code": value}
    path.write_text(json.dumps(document), "utf-8")
    plain = plain_features(read_content(path, None, []))
    assert plain is not None
    found = plain.texts("code")
    assert (found is not None) is plainly
    if found is not None:
        frame = read_layer(path)["code"].astype("str").tolist()
        for wanted in ("a", "b", "7", "12", "", "x"):
            assert [one == wanted for one in found] == [one == wanted for one in frame]
    assert plain.texts("Code") is None


def test_a_whole_plan_is_read_the_same_with_and_without_gdal(tmp_path, monkeypatch):
    plain = open_plan()
    monkeypatch.setattr("gisplan.io.layers.plain_features", lambda _: None)
    whole = open_plan()
    assert plain.findings == whole.findings
    assert_frame_equal(pd.DataFrame(plain.areas), pd.DataFrame(whole.areas))
    assert shapely.equals_identical(
        np.asarray(plain.areas.geometry.array), np.asarray(whole.areas.geometry.array)
    )[plain.areas.geometry.notna()].all()


def collection(geometries: list, system: str | None = None) -> dict:
    features = [
        {"type": "Feature", "properties": {"id": f"n{at}"}, "geometry": one}
        for at, one in enumerate(geometries)
    ]
    named = {"crs": {"type": "name", "properties": {"name": system}}} if system else {}
    return {"type": "FeatureCollection", **named, "features": features}


def written(folder: Path, geometries: list, system: str | None = None) -> Path:
    path = folder / "a.geojson"
    path.write_text(json.dumps(collection(geometries, system)), "utf-8")
    return path


# --- sheets --------------------------------------------------------------------------------

CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["", "=1+1", "甲，乙", "<a&b>", " x ", "一\n二", "\u2028", "_x0041_", "https://x.y"]),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(),
    st.dates(dt.date(1950, 1, 1), dt.date(2090, 1, 1)).map(
        lambda day: dt.datetime(day.year, day.month, day.day)
    ),
)  # fmt: skip
TEXTS = st.one_of(st.none(), st.sampled_from(["甲", "乙", "", "丙" * 30]), st.text(max_size=5))
NUMBERS = st.one_of(st.just(math.nan), st.floats(), st.sampled_from([0.0, -0.0, 1e300, 1 / 3]))


@st.composite
def tables(draw: st.DrawFn) -> Columns:
    rows = draw(st.integers(0, 40))
    columns: dict = {}
    for at in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["texts", "coded", "numbers", "cells"]))
        own = {"numbers": NUMBERS, "cells": CELLS}.get(kind, TEXTS)
        values = draw(st.lists(own, min_size=rows, max_size=rows))
        column = np.empty(rows, dtype=object)
        column[:] = values
        columns[f"c{at}"] = column.astype(float) if kind == "numbers" else column
        if kind == "coded":
            columns[f"c{at}"] = Coded.of(values)
    return Columns(columns, rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=tables(), second=tables())
def test_a_sheet_by_columns_is_byte_for_byte_the_one_by_cells(first, second):
    assert parts(by_columns(first, second)) == parts(by_cells(first, second))


def test_more_rows_than_excel_holds_are_refused_before_anything_is_written(tmp_path):
    # 100,000 projects have more than a million rules: the sheet would be one no program opens.
    path, column = tmp_path / "a.xlsx", Coded.always("a", MOST_ROWS)
    sheets = [Sheet("short", Columns({"id": column.take(slice(0, 3))})),
              Sheet("long", Columns({"id": column}))]  # fmt: skip
    for language in ("zh", "en"):
        with pytest.raises(OutputError) as refused:
            write_workbook(path, sheets, Labels(language), title="a")
        told = refused.value.word(language)
        assert {"long", "1,048,576"} <= {one.strip('”“",') for one in re.split(r"[ “”]", told)}
        assert "\n" not in told
    assert not list(tmp_path.iterdir())


def test_many_rows_reach_beyond_a_block_of_sixteen():
    column = np.array(["甲", None, "乙"] * 40, dtype=object)
    blank = np.array([None] * 50 + ["丙"] + [None] * 69, dtype=object)
    table = Columns({"a": blank, "b": np.full(120, np.nan), "c": np.roll(column, 40)})
    hollow = Columns({"a": np.array([None] * 60, dtype=object), "b": np.full(60, np.nan)})
    assert parts(by_columns(table, hollow)) == parts(by_cells(table, hollow))


@settings(max_examples=50, deadline=None)
@given(table=tables())
def test_the_hash_by_columns_is_that_of_the_rows(table):
    grid = ByColumn([f"标题{name}" for name in table], cells_of(table)[0], table.rows)
    assert digest({"甲": grid}) == digest({"甲": grid.grid()})


@settings(max_examples=50, deadline=None)
@given(table=tables())
def test_a_frame_and_its_columns_make_one_sheet(table):
    texts = Columns({name: table[name] for name in table if is_plain(table[name])}, table.rows)
    frame = pd.DataFrame({name: column_of(texts[name]) for name in texts}, index=range(table.rows))
    for one, other in zip(cells_of(texts)[0], cells_of(frame)[0], strict=True):
        if isinstance(one, Coded):
            assert isinstance(other, Coded)
            assert one.texts().tolist() == other.texts().tolist()
        else:
            assert_array_equal(one, other)


def is_plain(column: object) -> bool:
    if isinstance(column, Coded):
        return True
    return column.dtype.kind == "f" or all(one is None or type(one) is str for one in column)


def column_of(column: object) -> object:
    values = column.texts() if isinstance(column, Coded) else column
    return pd.array(values, dtype="str") if values.dtype.kind == "O" else values


def test_a_date_in_a_column_of_anything_is_told_as_text():
    table = pd.DataFrame({"note": ["甲", dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3), 7]})
    (cells,), _ = cells_of(table)
    assert cells == ["甲", "2026-01-02", "2026-01-02 03:00:00", 7]


def test_a_column_of_dates_stays_dates_and_is_shown_as_such(tmp_path):
    days = [dt.datetime(2026, 1, 2), None, dt.datetime(2026, 3, 4)]
    table = Columns({"as_of": np.array(days, dtype=object), "x": np.array(days, dtype=object)})
    write_workbook(tmp_path / "d.xlsx", [Sheet("t", table)], Labels("zh"), title="t")
    sheet = openpyxl.load_workbook(tmp_path / "d.xlsx").worksheets[0]
    for column in ("A", "B"):
        assert [sheet[f"{column}{at}"].value for at in (2, 3, 4)] == days
        assert sheet[f"{column}2"].number_format == "yyyy-mm-dd"


def test_widths_count_a_chinese_character_twice_and_lines_are_those_of_each_cell():
    cells = cells_of(Columns({"a": np.array(["甲乙丙", None, "ab\ncdefgh", ""], dtype=object)}))[0][
        0
    ]
    assert places("甲乙丙") == places("cdefgh") == 6
    assert fitted("标题", cells, 4, 26) == 8
    assert lines_of(cells, 4).tolist() == [2, 1, 3, 1]


def formats(book: xlsxwriter.Workbook) -> list:
    made = [{"num_format": "0.00"}, {"num_format": "@", "indent": 1}, {"bold": True}]
    return [book.add_format(one) for one in made]


def by_columns(*tables: Columns) -> bytes:
    content = io.BytesIO()
    pages: list[Page] = []
    with xlsxwriter.Workbook(content, OPTIONS) as book:
        Texts.of(book)
        styles = formats(book)
        for table in tables:
            page: Page = book.add_worksheet(worksheet_class=Page)
            for at, name in enumerate(table):
                page.write_string(0, at, name, styles[2])
            page.set_row(0, 33)
            columns = [(one, styles[at % 2]) for at, one in enumerate(cells_of(table)[0])]
            page.fill(columns, heights(table))
            pages.append(page)
    return packed(content, pages).getvalue()


def by_cells(*tables: Columns) -> bytes:
    """Write the same with nothing but the public methods of xlsxwriter, cell by cell."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, OPTIONS) as book:
        styles = formats(book)
        for table in tables:
            page = book.add_worksheet()
            for at, name in enumerate(table):
                page.write_string(0, at, name, styles[2])
            page.set_row(0, 33)
            for at, cells in enumerate(cells_of(table)[0]):
                values = cells.texts() if isinstance(cells, Coded) else cells
                for row, value in enumerate(values, start=1):
                    put(page, row, at, value, styles[at % 2])
            for row, height in enumerate(heights(table), start=1):
                page.set_row(row, height)
    return content.getvalue()


OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def heights(table: Columns) -> np.ndarray:
    return np.minimum(15.0 * (1 + np.arange(table.rows) % 30), 400)


def put(page: xlsxwriter.worksheet.Worksheet, row: int, at: int, value: object, style) -> None:
    if value is None or value != value:
        return
    if isinstance(value, bool):
        page.write_boolean(row, at, value, style)
    elif isinstance(value, dt.datetime):
        page.write_datetime(row, at, value, style)
    elif isinstance(value, str):
        page.write_string(row, at, value, style)
    else:
        page.write_number(row, at, value, style)


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        # The day on which the workbook was made stands in one of them.
        return {one: archive.read(one) for one in archive.namelist() if "core.xml" not in one}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_long_list_tells_once_what_reads_alike_for_all_and_says_so(monkeypatch, language):
    plan, read, labels = open_plan(), intake(PROJECTS), Labels(language)
    result, run = checked(plan, PROJECTS, read), Run.of(plan, PROJECTS, read, None)
    short = {one.title: one.frame for one in check_sheets(result, run, labels)}
    monkeypatch.setattr("gisplan.outputs.siting.LONG", 10)
    long = {one.title: one.frame for one in check_sheets(result, run, labels)}
    title, about = labels("sheet.rules"), labels("sheet.summary")
    held = int(result.located.sum())
    unchecked = plan.definition.unchecked
    assert short[title].rows - long[title].rows == len(unchecked) * (held - 1)
    top = long[title].take(slice(0, len(unchecked)))
    assert set(top.texts("name")) == {labels("run.alike_projects", n=held)}
    # Every row of the short sheet is still told: by itself, or by the row for all alike.
    said = ("rule", "outcome", "subject", "text", "layer")
    alike = set(zip(*(top.texts(name) for name in said), strict=True))
    own = rows_of(long[title], ("id", *said))
    for row in rows_of(short[title], ("id", *said)):
        assert row in own or row[1:] in alike
    note = labels("run.alike_note", limit="10")
    assert note in long[about].array("value").tolist()
    assert note not in short[about].array("value").tolist()
    for name in set(short) - {title, about}:
        assert rows_of(long[name], list(long[name])) == rows_of(short[name], list(short[name]))


def rows_of(table: Columns, names: tuple[str, ...] | list[str]) -> list[tuple]:
    """Return rows as text, in which two missing numbers are alike."""
    return list(zip(*([str(one) for one in table.array(name)] for name in names), strict=True))


# --- titles --------------------------------------------------------------------------------


@given(text=st.one_of(st.text(max_size=20), st.sampled_from(sorted(_aliases()))))
def test_a_title_is_told_by_its_first_character_only_where_that_is_enough(text):
    header = split_header(text)
    meant = _aliases().get(header.name + header.note) or _aliases().get(header.name)
    assert _meaning(text) == meant


def test_shapes_of_this_file_are_what_they_are_called():
    assert isinstance(shapely.geometry.shape(ORDINARY["multi"]), MultiPolygon)
    assert isinstance(shapely.geometry.shape(ORDINARY["hole"]), Polygon)


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(
        st.text(st.sampled_from("a甲\n ﹏ﾊ👍\u2028\r\t\u0301"), max_size=9) | st.text(max_size=4),
        min_size=1, max_size=9,
    ),
    width=st.integers(2, 30),
)  # fmt: skip
def test_lines_and_places_of_many_texts_are_those_of_each(texts, width):
    lines = lines_of_texts(texts)
    if lines is None:
        assert any(one.splitlines() != one.rstrip("\n").split("\n") for one in texts)
        return
    assert lines.longest().tolist() == list(map(places, texts))
    assert lines.wrapped(float(width)).tolist() == [_lines(one, float(width)) for one in texts]


@given(
    texts=st.lists(st.text(max_size=6) | st.characters(categories=["Cc", "Cs", "Cn"]), min_size=1)
)
def test_what_xml_holds_is_told_of_many_texts_at_once(texts):
    assert fit_xml(texts) == all(clean(one) == one for one in texts)


def test_long_texts_are_measured_in_parts(monkeypatch):
    monkeypatch.setattr("gisplan.io.characters._AT_ONCE", 7)
    texts = ["甲" * 9, "", "a\nbb", "丙", "d" * 20, "\n"]
    lines = lines_of_texts(texts)
    assert lines is not None
    assert lines.longest().tolist() == list(map(places, texts)) == [18, 0, 2, 2, 20, 0]
    assert lines.wrapped(6.0).tolist() == [_lines(one, 6.0) for one in texts] == [4, 1, 2, 1, 4, 1]
    assert fit_xml(texts)
    assert not fit_xml([*texts, "\x00"])


def test_text_that_looks_like_markup_or_an_escape_stays_text(tmp_path):
    said = ["<r>甲</r>", "<r><t>x</t></r>", "_x0041_", "a&amp;b", " x", "y\n", "]]>", "甲_x000D_乙"]
    table = Columns({"name": np.array(said, dtype=object)})
    write_workbook(tmp_path / "a.xlsx", [Sheet("t", table)], Labels("zh"), title="t")
    read = read_grids(tmp_path / "a.xlsx")["t"]
    assert [row[0] for row in read[1:]] == said
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert [sheet[f"A{at}"].value for at in range(2, 10)] == said


def test_escapes_that_share_a_mark_or_are_escaped_themselves_stay_text(tmp_path):
    # xlsxwriter escapes the first of two only; Excel and calamine would read _x0041B.
    said = ["_x0041_x0042_", "_x005F_x0041_", "__x000D_", "_x005f__x0041_x"]
    table = Columns({"name": np.array(said, dtype=object)})
    write_workbook(tmp_path / "a.xlsx", [Sheet("t", table)], Labels("zh"), title="t")
    assert [row[0] for row in read_grids(tmp_path / "a.xlsx")["t"][1:]] == said
