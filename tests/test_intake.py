"""Intake: files as planners have them, the rows that come out, and the issues told."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import time
import tomllib
import zipfile
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from gisplan import crs, terms
from gisplan.errors import CrsError, GisplanError, ProjectsError
from gisplan.io.projects import SUFFIXES, intake, read_projects
from gisplan.io.rows import level_of
from gisplan.labels import LANGUAGES, Labels

REAL = Path(__file__).resolve().parents[1] / "layers" / "projects.csv"
TABLE = "项目编号,项目名称,投资额（万元）,经度,纬度\nP1,甲,1200,114.35,36.09\nP2,乙,,114.36,36.10\n"
POINTS = [(114.35, 36.09), (114.36, 36.10)]


def write(folder, name, content, encoding="utf-8"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def codes(result):
    return {
        (row, code) for row, code in zip(result.issues["row"], result.issues["code"], strict=True)
    }


def places(projects):
    return [None if shape is None else (shape.x, shape.y) for shape in projects.geometry]


def read_or_refuse(path):
    try:
        return intake(path), None
    except GisplanError as error:
        return None, error


def assert_whole(result):
    """Check what holds of every intake, whatever the file."""
    projects, issues = result.projects, result.issues
    expected = [name for name in terms.PROJECT_COLUMNS if name != "geometry"]
    assert list(projects.columns[: len(expected)]) == expected
    assert projects.columns[-1] == "geometry"
    numeric = {"investment": "float64", "accuracy": "float64", "row": "int64"}
    for name in projects.columns[:-1]:
        assert str(projects[name].dtype) == numeric.get(name, "str")
    assert projects.index.equals(pd.RangeIndex(len(projects)))
    assert projects.crs is not None
    assert list(issues.columns) == list(terms.ISSUE_COLUMNS)
    assert {str(dtype) for dtype in issues.drop(columns="row").dtypes} == {"str"}
    assert str(issues["row"].dtype) == "Int64"
    unlocated = projects.geometry.isna()
    assert projects.loc[unlocated, "intake_issues"].notna().all()
    noted = set(projects["intake_issues"].dropna().str.cat(sep="|").split("|")) - {""}
    assert noted <= set(issues["code"])
    finite = projects.geometry.dropna().get_coordinates()
    assert np.isfinite(finite.to_numpy()).all()


# --- the real list -------------------------------------------------------------------------


def test_the_26_real_projects():
    result = intake(REAL)
    assert_whole(result)
    projects = result.projects
    assert len(projects) == 26
    assert projects.geometry.notna().sum() == 10
    assert (projects.loc[projects.geometry.isna(), "intake_issues"] == "GP-INT-001").all()
    assert set(result.issues["code"]) == {"GP-INT-001"}
    assert len(result.issues) == 16
    assert projects["row"].tolist() == list(range(2, 28))
    first = projects.iloc[0]
    assert (first["id"], first["name"], first["investment"]) == ("P01", "安阳市文体中心", 3.39e9)
    assert (first["accuracy"], first["geometry"]) == (900, Point(114.387, 36.065))
    assert projects["公开资料所述区位"].notna().sum() == 26
    evidence = dict(result.evidence)
    assert evidence["crs_assumed"] == "WGS 84"
    assert evidence["encoding_bom"] == "utf-8"


# --- delimited text ------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_encoding_and_delimiter_gives_the_same_rows(tmp_path, encoding, delimiter):
    path = write(tmp_path, "a.csv", TABLE.replace(",", delimiter), encoding)
    result = intake(path)
    assert_whole(result)
    assert places(result.projects) == POINTS
    assert result.projects["name"].tolist() == ["甲", "乙"]
    assert result.projects["investment"].tolist()[0] == 12_000_000
    assert np.isnan(result.projects["investment"].iloc[1])
    assert result.issues.empty
    names = {code.partition("_")[0] for code, _ in result.evidence}
    assert "encoding" in names


def test_rows_that_are_no_projects_are_left_out_and_reported(tmp_path):
    lines = [
        "文峰区重点项目表", "编号,名称,投资额（亿元）,经度,纬度", "1,甲,1,114.35,36.09",
        ",,,,",
        "合 计,,1,,", "编号,名称,投资额（亿元）,经度,纬度", "2,乙,1,114.36,36.10",
        "注：截至年底,,,,",
        "3,合计花园,,,",
    ]  # fmt: skip
    result = intake(write(tmp_path, "a.csv", "\n".join(lines)))
    assert_whole(result)
    assert result.projects["row"].tolist() == [3, 7, 9]
    assert codes(result) == {
        (1, "GP-INT-060"), (5, "GP-INT-040"), (6, "GP-INT-041"), (8, "GP-INT-042"),
        (9, "GP-INT-001"),
    }  # fmt: skip
    assert dict(result.evidence)["header_row"] == "2"


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        ("", "", "GP-INT-001"),
        ("无", "—", "GP-INT-001"),
        ("约114", "36", "GP-INT-002"),
        ("1143500", "36.09", "GP-INT-003"),
        ("36.09", "114.35", "GP-INT-004"),
        ("0", "0", "GP-INT-007"),
        ("114.35", "", "GP-INT-008"),
    ],
)
def test_a_place_that_cannot_be_read_keeps_its_row(tmp_path, lon, lat, code):
    path = write(tmp_path, "a.csv", f"名称,经度,纬度\n好,114.35,36.09\n坏,{lon},{lat}\n")
    result = intake(path)
    assert_whole(result)
    assert places(result.projects) == [(114.35, 36.09), None]
    assert codes(result) == {(3, code)}


def test_angles_money_and_accuracy_in_the_cells(tmp_path):
    lines = [
        "名称,总投资,经度,纬度,精度",
        "甲,1.2亿元,东经114°21′0″,北纬36°5′24″,±50米",
        "乙,33,114度21分,36.09N,0",
        "丙,约3万,１１４．３５,36.09,0.1km",
    ]
    result = intake(write(tmp_path, "a.csv", "\n".join(lines)))
    assert_whole(result)
    assert result.projects["investment"].fillna(-1).tolist() == [1.2e8, -1, -1]
    assert result.projects["accuracy"].fillna(-1).tolist() == [50, -1, 100]
    for x, y in places(result.projects):
        assert (x, y) == pytest.approx((114.35, 36.09))
    assert codes(result) == {(3, "GP-INT-031"), (3, "GP-INT-033"), (4, "GP-INT-030")}


def test_ids_keep_their_zeros_and_duplicates_are_named(tmp_path):
    result = intake(write(tmp_path, "a.csv", "编号,名称\n0001,甲\n ０００１,乙\n0002,\n"))
    assert_whole(result)
    assert result.projects["id"].tolist() == ["0001", "０００１", "0002"]
    expected = {(row, "GP-INT-009") for row in (2, 3, 4)}
    assert codes(result) == expected | {(2, "GP-INT-021"), (3, "GP-INT-021"), (4, "GP-INT-020")}


def test_no_column_of_the_user_is_lost(tmp_path):
    path = write(tmp_path, "a.csv", "名称,issues,备注,,geometry,占地（亩）\n甲,x,y,z,w,00\n")
    result = intake(path)
    assert_whole(result)
    row = result.projects.iloc[0]
    assert (row["note"], row["issues (2)"], row["geometry (2)"]) == ("y", "x", "w")
    assert (row["column 4"], row["占地（亩）"]) == ("z", "00")
    assert result.issues["code"].tolist().count("GP-INT-050") == 2


def test_industry_codes_of_the_user(tmp_path):
    result = intake(
        write(tmp_path, "a.csv", "名称,行业,行业代码\n甲,文化,8810\n乙,金融,abc\n丙,教育,\n")
    )
    assert result.projects["industry_code"].fillna("-").tolist() == ["R8810", "-", "-"]
    assert (3, "GP-INT-034") in codes(result)


# --- coordinate systems --------------------------------------------------------------------


def table_of(points, titles="经度,纬度"):
    return f"名称,{titles}\n" + "".join(f"甲,{x!r},{y!r}\n" for x, y in points)


@pytest.mark.parametrize("name", ["gcj02", "bd09"])
def test_offsets_are_taken_off(tmp_path, name):
    forward = {"gcj02": crs.gcj02_from_wgs84, "bd09": crs.bd09_from_wgs84}[name]
    stored = [tuple(map(float, forward(*point))) for point in POINTS]
    path = write(tmp_path, "a.csv", table_of(stored))
    projects = read_projects(path, crs=name)
    assert projects.crs.to_epsg() == 4326
    np.testing.assert_allclose(places(projects), POINTS, atol=1e-9)
    in_title = write(tmp_path, "b.csv", table_of(stored, f"经度({name}),纬度({name})"))
    result = intake(in_title)
    np.testing.assert_allclose(places(result.projects), POINTS, atol=1e-9)
    assert dict(result.evidence)["crs_header"] == name


@pytest.mark.parametrize(
    ("titles", "swapped", "code", "zone"),
    [
        ("X坐标,Y坐标", True, "4547", 0), ("X坐标,Y坐标", False, "4547", 0),
        ("x,y", False, "EPSG:4547", 0), ("X（米）,Y（米）", True, "4547", 0),
        ("横坐标,纵坐标", False, "4547", 0), ("北坐标,东坐标", True, "4547", 0),
        ("X(北),Y(东)", True, "4547", 0), ("X,Y", True, "4526", 38_000_000),
        ("easting,northing", False, "4526", 38_000_000),
    ],
)  # fmt: skip
def test_metres_of_a_declared_system(tmp_path, titles, swapped, code, zone):
    east, north = 531521.456 + zone, 3995585.768
    point = (north, east) if swapped else (east, north)
    result = intake(write(tmp_path, "a.csv", table_of([point], titles)), crs=code)
    assert_whole(result)
    assert places(result.projects) == [(east, north)]
    degrees = crs.transform(result.projects, crs.WGS84)
    assert places(degrees)[0] == pytest.approx((114.35, 36.09), abs=1e-8)


@pytest.mark.parametrize(
    ("point", "code", "issue"),
    [
        ((531521.456, 3995585.768), None, "GP-INT-005"),
        ((531521.456, 3995585.768), "4526", "GP-INT-006"),
        ((38531521.456, 3995585.768), "4547", "GP-INT-006"),
        ((114.35, 36.09), "4547", "GP-INT-006"),
    ],
)
def test_numbers_that_do_not_suit_the_system_are_not_placed(tmp_path, point, code, issue):
    result = intake(write(tmp_path, "a.csv", table_of([point], "X,Y")), crs=code)
    assert_whole(result)
    assert places(result.projects) == [None]
    assert codes(result) == {(2, issue)}


def test_degrees_under_x_and_y_are_read_only_where_there_is_no_doubt(tmp_path):
    plain = intake(write(tmp_path, "a.csv", table_of(POINTS, "X,Y")))
    survey = intake(write(tmp_path, "b.csv", table_of([(y, x) for x, y in POINTS], "X,Y")))
    assert places(plain.projects) == places(survey.projects) == POINTS
    assert "axes_survey" in dict(survey.evidence)
    assert "axes_survey" not in dict(plain.evidence)


def test_cgcs2000_degrees_keep_their_system_and_pairs_in_one_cell_are_read(tmp_path):
    path = write(tmp_path, "a.csv", '名称,经纬度\n甲,"114.35,36.09"\n乙,36.10 114.36\n')
    projects = read_projects(path, crs="cgcs2000")
    assert projects.crs.to_epsg() == 4490
    assert places(projects) == POINTS


# --- workbooks -----------------------------------------------------------------------------


def test_a_workbook_with_title_merges_hidden_sheet_and_total(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "封面"
    book.active["A1"] = "只是说明"
    hidden = book.create_sheet("旧表")
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("项目")
    rows = [
        ["2026年重点项目"], [None], ["编号", "项目名称", "投资额（万元）", "片区", "经度", "纬度"],
        ["0001", "甲", 1200, "东部", 114.35, 36.09], [2, "乙", None, None, "114°21′36″", 36.1],
        ["合计", None, 1200],
    ]  # fmt: skip
    for row in rows:
        sheet.append(row)
        hidden.append(row)
    for merged in ("A1:F1", "C4:C5", "D4:D5", "A6:B6"):
        sheet.merge_cells(merged)
    path = tmp_path / "a.xlsx"
    book.save(path)
    result = intake(path)
    assert_whole(result)
    projects = result.projects
    assert projects["id"].tolist() == ["0001", "2"]
    assert projects["sheet"].tolist() == ["项目", "项目"]
    assert projects["row"].tolist() == [4, 5]
    assert projects["片区"].tolist() == ["东部", "东部"]
    assert projects["investment"].iloc[0] == 12_000_000
    assert np.isnan(projects["investment"].iloc[1])  # else the sum would double
    assert codes(result) == {(1, "GP-INT-060"), (5, "GP-INT-032"), (6, "GP-INT-040")}
    assert places(projects)[1] == pytest.approx((114.36, 36.1))
    assert set(result.issues["sheet"]) == {"项目"}
    assert len(intake(path, sheet="旧表").projects) == 2
    with pytest.raises(ProjectsError) as caught:
        intake(path, sheet="没有")
    assert "项目" in str(caught.value)


def found(result, code):
    """Return where an issue stands and what it shows."""
    rows = result.issues[result.issues["code"] == code]
    return [
        (one.sheet, "" if pd.isna(one.row) else one.row, one.column, one.value)
        for one in rows.itertuples()
    ]


def test_issues_of_a_workbook_name_the_cell_as_excel_shows_it(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "表一"
    for row in [
        ["重点项目表"], ["编号", "项目名称", "投资额（万元）", "经度", "纬度"],
        ["P1", "甲馆", 100, 114.35, 36.09], ["P2", "乙馆", "=C3*2", 114.36, 36.1],
        ["P3", "丙馆", 50.5, 114.37, 36.11], ["合计（4项）", None, 160, None, None],
    ]:  # fmt: skip
        sheet.append(row)
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["C"].hidden = True
    path = tmp_path / "a.xlsx"
    book.save(path)
    result = intake(path)
    assert_whole(result)
    assert found(result, "GP-INT-060") == [("表一", 1, "", "重点项目表")]
    assert found(result, "GP-INT-067") == [("表一", 4, "投资额（万元）", "=C3*2")]
    assert found(result, "GP-INT-066") == [("表一", "", "投资额（万元）", ""), ("表一", 5, "", "")]
    assert found(result, "GP-INT-065") == [
        ("表一", 6, "", "4 ≠ 3"),
        ("表一", 6, "投资额（万元）", "160 ≠ 150.5"),
    ]
    assert result.projects["intake_issues"].fillna("").tolist() == ["", "GP-INT-067", "GP-INT-066"]


@pytest.mark.parametrize(
    ("total", "issues"),
    [("3", []), ("3.00", []), ("2.9", ["2.9 ≠ 3"]), ("0.0003亿", []), ("300万", ["300 ≠ 3"]),
     ("约3", []), ("", [])],
)  # fmt: skip
def test_a_total_is_compared_in_its_own_unit(tmp_path, total, issues):
    lines = ["名称,投资额（万元）", "甲馆,1", "乙馆,2", f"合计,{total}"]
    result = intake(write(tmp_path, "a.csv", "\n".join(lines)))
    assert [value for *_, value in found(result, "GP-INT-065")] == issues


def test_totals_of_sections_and_of_all_and_what_cannot_be_added(tmp_path):
    lines = [
        "名称,投资额（万元）,占地（亩）", "甲馆,1,10", "乙馆,2,约20", "小计,3,30",
        "丙馆,4,40", "小计,5,40", "合计,7,70",
    ]  # fmt: skip
    result = intake(write(tmp_path, "a.csv", "\n".join(lines)))
    assert found(result, "GP-INT-065") == [("", 6, "投资额（万元）", "5 ≠ 4")]
    assert [row for _, row, _, _ in found(result, "GP-INT-040")] == [4, 6, 7]


def test_projects_numbered_in_chinese_are_projects(tmp_path):
    lines = ["序号,项目名称,投资额（万元）", "一,甲馆,1", "二,乙馆,2"]
    result = intake(write(tmp_path, "a.csv", "\n".join(lines)))
    assert result.projects["name"].tolist() == ["甲馆", "乙馆"]


def test_a_row_without_a_name_below_the_header_is_no_second_header(tmp_path):
    lines = ["编号,项目名称,位置,备注", ",,文峰区,（老城）", "P2,乙馆,北关区,"]
    result = intake(write(tmp_path, "a.csv", "\n".join(lines)))
    assert result.projects["location"].tolist() == ["文峰区", "北关区"]
    assert (2, "GP-INT-020") in codes(result)


def test_big_tables_take_seconds(tmp_path):
    lines = ["编号,项目名称,投资额（万元）,经度,纬度"]
    lines += [f"P{n},项目第{n}号,{n},114.{n:05},36.{n:05}" for n in range(20_000)]
    path = write(tmp_path, "a.csv", "\n".join([*lines, "合计,,199990000,,"]))
    start = time.perf_counter()
    result = intake(path)
    assert len(result.projects) == 20_000
    assert set(result.issues["code"]) == {"GP-INT-040"}
    assert time.perf_counter() - start < 60


# --- GIS files -----------------------------------------------------------------------------


@pytest.fixture
def features():
    shapes = [Point(114.35, 36.09), box(114.35, 36.08, 114.36, 36.09)]
    return gpd.GeoDataFrame(
        {"项目名称": ["甲", "乙"], "编号": ["001", "002"], "投资额_亿元": [1.5, 2.0]},
        geometry=shapes,
        crs="EPSG:4490",
    )


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.parquet", "a.json"])
def test_gis_formats_give_the_same_features(tmp_path, features, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        features.to_parquet(path)
    else:
        driver = "GPKG" if name.endswith("gpkg") else "GeoJSON"
        features.to_file(path, driver=driver)
    result = intake(path)
    assert_whole(result)
    assert result.projects["id"].tolist() == ["001", "002"]
    assert result.projects["row"].tolist() == [1, 2]
    assert result.projects.crs == crs.CGCS2000
    assert result.projects.geometry.geom_equals_exact(features.geometry, 1e-9).all()
    assert result.projects["投资额_亿元"].tolist() == ["1.5", "2"]
    declared = intake(path, crs="gcj02")
    assert declared.projects.crs == crs.WGS84
    assert dict(declared.evidence)["crs_file_overruled"] == "EPSG:4490"


@pytest.mark.parametrize("codec", ["GBK", "UTF-8"])
@pytest.mark.parametrize("with_cpg", [True, False])
def test_a_shapefile_with_and_without_its_code_page(tmp_path, codec, with_cpg):
    frame = gpd.GeoDataFrame(
        {"名称": ["甲项目", "乙"]}, geometry=[Point(p) for p in POINTS], crs=4326
    )
    path = tmp_path / "[a].shp"
    frame.to_file(path, encoding=codec)
    if not with_cpg:
        path.with_suffix(".cpg").unlink()
    result = intake(path)
    assert result.projects["name"].tolist() == ["甲项目", "乙"]
    if not with_cpg:
        expected = {"GBK": "gb18030", "UTF-8": "utf-8"}[codec]
        assert dict(result.evidence)["encoding_inferred"] == expected


def test_a_shapefile_that_is_incomplete_is_refused(tmp_path):
    frame = gpd.GeoDataFrame({"name": list("abcd")}, geometry=[Point(114, 36)] * 4, crs=4326)
    path = tmp_path / "a.shp"
    frame.to_file(path)
    path.with_suffix(".prj").unlink()
    assert dict(intake(path).evidence)["crs_assumed"] == "WGS 84"
    assert len(intake(path, crs="wgs84").projects) == 4
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(ProjectsError):
        intake(path, crs="wgs84")
    path.write_bytes(whole)
    path.with_suffix(".dbf").unlink()
    with pytest.raises(ProjectsError) as caught:
        intake(path, crs="wgs84")
    assert ".dbf" in str(caught.value)


def test_a_geopackage_of_several_layers_and_a_stale_count(tmp_path):
    path = tmp_path / "a.gpkg"
    places_ = gpd.GeoDataFrame({"km": ["1"]}, geometry=[Point(114, 36)], crs=4326)
    ten = gpd.GeoDataFrame(
        {"名称": list("甲乙丙丁戊己庚辛壬癸")}, geometry=[Point(114, 36)] * 10, crs=4326
    )
    places_.to_file(path, layer="里程")
    ten.to_file(path, layer="项目")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE gpkg_ogr_contents SET feature_count = 3 WHERE table_name = '项目'")
    connection.commit()
    connection.close()
    result = intake(path)
    assert len(result.projects) == 10
    assert dict(result.evidence)["layer"] == "项目"
    assert dict(result.evidence)["layers_left"] == "里程"
    with pytest.raises(ProjectsError):
        intake(path, layer="没有")


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>文旅</name>
<Placemark><name>甲</name><ExtendedData><Data name="行业"><value>文旅</value></Data></ExtendedData>
<Point><coordinates>114.35,36.09,12</coordinates></Point></Placemark></Folder>
<Folder><Placemark><name>乙</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
114.35,36.08 114.36,36.08 114.36,36.09 114.35,36.08</coordinates></LinearRing></outerBoundaryIs>
</Polygon></Placemark><Placemark><name>丙</name></Placemark></Folder></Document></kml>"""


def test_kml_and_kmz_keep_chinese_fields_and_all_folders(tmp_path):
    plain = write(tmp_path, "a.kml", KML)
    packed = tmp_path / "a.kmz"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../escape.kml", KML)  # read in memory, never unpacked
    for path in (plain, packed):
        result = intake(path)
        assert_whole(result)
        assert result.projects["name"].tolist() == ["甲", "乙", "丙"]
        assert result.projects["industry"].fillna("-").tolist() == ["文旅", "-", "-"]
        assert result.projects.geometry.geom_type.fillna("-").tolist() == ["Point", "Polygon", "-"]
        assert not result.projects.geometry.iloc[0].has_z
        assert codes(result) == {(3, "GP-INT-010")}
    assert not (tmp_path.parent.parent / "escape.kml").exists()


def feature(name, kind, coordinates):
    shape = {"type": kind, "coordinates": coordinates} if kind else None
    return {"type": "Feature", "properties": {"name": name}, "geometry": shape}


def test_geometry_is_repaired_or_refused_and_always_reported(tmp_path):
    ring = [[0, 0], [2, 0], [2, 1]]
    bow = [[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]
    nested = feature("collection", None, None)
    nested["geometry"] = {"type": "GeometryCollection", "geometries": [
        {"type": "Point", "coordinates": [5, 5]},
        {"type": "LineString", "coordinates": [[0, 0], [1, 0]]},
    ]}  # fmt: skip
    features = [
        feature("unclosed", "Polygon", [ring]), feature("bow", "Polygon", [bow]),
        feature("points", "MultiPoint", [[0, 1], [2, 3]]),
        feature("one", "MultiPoint", [[1, 2, 9]]),
        nested, feature("far", "Point", [531521, 3995585]), feature("nowhere", None, None),
        feature("flat", "LineString", [[1, 1], [1, 1]]),
    ]  # fmt: skip
    path = write(
        tmp_path, "a.geojson", json.dumps({"type": "FeatureCollection", "features": features})
    )
    result = intake(path)
    assert_whole(result)
    kinds = result.projects.geometry.geom_type.fillna("-").tolist()
    assert kinds == ["Polygon", "MultiPolygon", "-", "Point", "LineString", "-", "-", "-"]
    assert result.projects.geometry.iloc[1].area == pytest.approx(2.0)
    assert codes(result) == {
        (1, "GP-INT-016"), (2, "GP-INT-012"), (3, "GP-INT-013"), (5, "GP-INT-014"),
        (6, "GP-INT-003"), (7, "GP-INT-010"), (8, "GP-INT-015"),
    }  # fmt: skip


def test_numbers_that_are_none_in_a_geometry(tmp_path):
    shapes = [
        Point(float("nan"), 36),
        Polygon([(114, 36), (115, float("inf")), (115, 36)]),
        Point(),
    ]
    frame = gpd.GeoDataFrame({"name": list("abc")}, geometry=[*shapes], crs=4326)
    path = tmp_path / "a.parquet"
    frame.to_parquet(path)
    result = intake(path)
    assert_whole(result)
    assert result.projects.geometry.isna().all()
    assert {code for _, code in codes(result)} <= {"GP-INT-010", "GP-INT-011"}
    assert (2, "GP-INT-011") in codes(result)


# --- what is refused -----------------------------------------------------------------------

BAD = {
    "empty.csv": (b"", "projects_empty_file"),
    "header.csv": (b"name,lon,lat\n", "projects_empty"),
    "blank.csv": (b",,\n,,\n", "projects_empty"),
    "titles.csv": ("地块,经度,纬度\n甲,1,2\n".encode(), "projects_no_header"),
    "near.csv": ("项目明称,经度\n甲,1\n".encode(), "projects_no_header_near"),
    "quote.csv": (b'name,lon\na,"1\nb,2\n', "projects_broken"),
    "bytes.csv": (b"\xff\xff\x80\x81", "encoding_unknown"),
    "a.docx": (b"PK", "projects_suffix"),
    "noname": (b"x", "projects_suffix"),
    "csv.xlsx": (b"\x00\x01name\na\n", "projects_broken"),
    "cut.xlsx": (b"PK\x03\x04rest of it is lost", "projects_broken"),
    "ole.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "projects_broken"),
    "vrt.gpkg": (b"<OGRVRTDataSource></OGRVRTDataSource>", "projects_disguised"),
    "vrt.geojson": (b"<OGRVRTDataSource></OGRVRTDataSource>", "projects_disguised"),
    "vrt.shp": (b"<OGRVRTDataSource></OGRVRTDataSource>", "projects_disguised"),
    "vrt.kml": (b"<OGRVRTDataSource></OGRVRTDataSource>", "projects_disguised"),
    "topology.json": (b'{"type": "Topology"}', "projects_disguised"),
    "none.geojson": (b'{"type": "FeatureCollection", "features": []}', "projects_empty"),
    "cut.geojson": (b'{"type": "FeatureCollection", "features": [{"ty', "projects_broken"),
    "deep.geojson": (b'{"a":' * 100_000, "projects_broken"),
    "cut.gpkg": (b"SQLite format 3\0 and no more", "projects_broken"),
    "cut.parquet": (b"PAR1 and no more", "projects_broken"),
    "cut.kmz": (b"PK\x03\x04 and no more", "projects_broken"),
    "cut.kml": (b"<kml><Placemark>", "projects_broken"),
    "dtd.kml": (b'<!DOCTYPE k [<!ENTITY a "b">]><kml>&a;</kml>', "projects_dtd"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line_with_place_and_remedy(tmp_path, name):
    content, code = BAD[name]
    path = write(tmp_path, name, content)
    with pytest.raises(ProjectsError) as caught:
        intake(path)
    assert caught.value.code == code
    for language in LANGUAGES:
        said = caught.value.word(language)
        assert "\n" not in said
        assert name in said


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/vsicurl/http://127.0.0.1/a.geojson", "projects_virtual_path"),
        ("http://127.0.0.1/a.csv", "projects_virtual_path"),
        ("<OGRVRTDataSource>.shp", "projects_virtual_path"),
        ("{}.json", "projects_virtual_path"),
        ("/no/such/file.csv", "projects_missing"),
        ("/", "projects_directory"),
        ("x" * 5000 + ".csv", "projects_unreadable"),
    ],
)
def test_names_that_are_no_local_file(path, code):
    with pytest.raises(ProjectsError) as caught:
        intake(path)
    assert caught.value.code == code


def test_an_unknown_crs_is_told_before_the_file_is_opened():
    with pytest.raises(CrsError):
        intake("/no/such/file.csv", crs="mars")


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.kmz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", b"0" * 60_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(ProjectsError) as caught:
        intake(path)
    assert caught.value.code == "projects_too_big"


def test_parquet_without_its_library_names_the_extra(tmp_path, monkeypatch, features):
    path = tmp_path / "a.parquet"
    features.to_parquet(path)
    monkeypatch.setattr("gisplan.io.vectors._has_arrow", lambda: False)
    with pytest.raises(GisplanError) as caught:
        intake(path)
    assert "gisplan[parquet]" in str(caught.value)


# --- laws ----------------------------------------------------------------------------------


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(
        st.tuples(*[st.text(alphabet="甲乙1.23°′,-合计注：E北 万亿元无\t", max_size=8)] * 4),
        min_size=1,
        max_size=8,
    )
)
def test_no_row_is_ever_lost_whatever_stands_in_it(tmp_path, cells):
    path = tmp_path / "fuzz.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["编号", "投资额", "经度", "纬度"], *cells])
    filled = [any(cell.strip(" \t") for cell in row) for row in cells]
    result, refusal = read_or_refuse(path)
    if result is None:
        assert refusal.code == "projects_empty"
        return
    assert_whole(result)
    codes_left = ["GP-INT-040", "GP-INT-041", "GP-INT-042", "GP-INT-062", "GP-INT-063"]
    left = result.issues["code"].isin([*codes_left, "GP-INT-064"]).sum()
    assert len(result.projects) + left == sum(filled)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_files_never_end_in_a_traceback(tmp_path, data):
    name = data.draw(st.sampled_from(["a.kml", "a.csv", "a.geojson", "a.xlsx", "a.gpkg", "a.shp"]))
    source = _sample(tmp_path, name)
    content = bytearray(source)
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(1, len(content)))]
    path = tmp_path / name
    path.write_bytes(bytes(content))
    result, refusal = read_or_refuse(path)
    if result is None:
        assert "\n" not in refusal.word("zh")
    else:
        assert_whole(result)


def _sample(folder, name):
    """Return the bytes of a good file, made once; its side files stay in the folder."""
    keep = folder / "good" / name
    if not keep.exists():
        keep.parent.mkdir(exist_ok=True)
        frame = gpd.GeoDataFrame({"name": list("abc")}, geometry=[Point(114, 36)] * 3, crs=4326)
        if name.endswith(".kml"):
            keep.write_text(KML, encoding="utf-8")
        elif name.endswith(".csv"):
            keep.write_text(TABLE, encoding="utf-8")
        elif name.endswith(".xlsx"):
            pd.read_csv(REAL).to_excel(keep, index=False)
        else:
            frame.to_file(keep)
        for part in keep.parent.glob("a.[dps]*"):
            (folder / part.name).write_bytes(part.read_bytes())
    return keep.read_bytes()


# --- vocabulary ----------------------------------------------------------------------------


def test_every_issue_and_evidence_has_words_in_both_languages():
    levels = tomllib.loads(files("gisplan").joinpath("data", "issues.toml").read_text("utf-8"))
    codes_ = set(levels["level"])
    rooms = sorted((REAL.parents[1] / "gisplan" / "io").glob("*.py"))
    source = "".join(path.read_text("utf-8") for path in rooms)
    source += (REAL.parents[1] / "gisplan" / "terms.py").read_text("utf-8")
    assert set(re.findall(r"GP-(?:INT|SIT)-\d{3}", source)) == codes_
    for language in LANGUAGES:
        labels = Labels(language)
        assert set(labels.section("issue")) == codes_
        for code in codes_:
            assert labels(f"issue.{code}.message")
            assert labels(f"issue.{code}.remedy")
            assert level_of(code) in {level.value for level in terms.Level}
        for path in rooms:
            # What is said of an official layer has words of its own.
            words = "adopt" if path.name == "official.py" else "evidence"
            for key in re.findall(r"evidence\.append\(\(\"([a-z_]+)\"", path.read_text("utf-8")):
                assert labels(f"{words}.{key}", value="x")
    assert ".xlsx" in SUFFIXES
