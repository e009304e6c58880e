"""Coordinates as planners write them: a table of writings, orders and systems, and what is read."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Proj
from shapely.affinity import affine_transform
from shapely.geometry import Point, box

from gisplan import crs
from gisplan.errors import CrsError
from gisplan.io.coordinates import read_angle, split_pair
from gisplan.io.places import locate
from gisplan.io.rows import IssueLog, Rows

LON, LAT = 114.35, 36.09
EAST, NORTH = 531521.456, 3995585.768
"""The same place in EPSG:4547: the check value of the plan."""


def read(titles, *cells, declared=None, geometry=None, system=None):
    """Read a table whose columns after the name are *titles*; places, issues, evidence."""
    table = [["甲", *row] for row in cells] if geometry is None else [["甲"] for _ in geometry]
    rows = Rows("a.csv", "", ["名称", *titles], table, list(range(2, len(table) + 2)))
    if geometry is not None:
        rows.geometry, rows.crs = np.array(geometry, dtype=object), system
    log = IssueLog("a.csv", "")
    named = crs.parse_crs(declared) if declared else None
    shapes, system_found = locate(rows, log, declared=named)
    located = gpd.GeoSeries(shapes, crs=system_found)
    degrees = crs.transform(located, crs.WGS84)
    found = [None if shape is None else shape.centroid.coords[0] for shape in degrees]
    return found, log.codes(rows.numbers), dict(rows.evidence), located


# --- how one angle is written --------------------------------------------------------------

HERE = 114 + 21 / 60 + 0.5 / 3600
WRITINGS = {
    "114°21′0.5″": HERE, "114°21'0.5\"": HERE, "114°21'0.5''": HERE, "114° 21′ 0.5″": HERE,
    "114度21分0.5秒": HERE, "114-21-0.5": HERE, "114 21 0.5": HERE, "114:21:00.5": HERE,
    "东经114°21′0.5″": HERE, "东经：114°21′0.5″": HERE, "E114°21′0.5″": HERE,
    "114°21′0.5″E": HERE, "114°21′0.5″ e": HERE, "经度114°21′0.5″": HERE,
    "114d21m0.5s": HERE, "114D21'0.5\"": HERE, "１１４°２１′０．５″": HERE, "114˚21’0.5”": HERE,
    "114º21ˊ0.5〞": HERE, "114∘21´0.5˝": HERE, "114°21‘0.5“": HERE, "114°21′0.5": HERE,
    "114.35": LON, "114.35°": LON, "114.35度": LON, "E114.35": LON, "114.35E": LON,
    "东经114.35": LON, "114°21′": LON, "114度21分": LON, "114°21.0′": LON, "lon=114.35": LON,
    "经度:114.35": LON, " 114．35\u3000": LON, "114°": 114.0, "+114.35": LON, "W114.35": -LON,
    # Refused: out of limits, of two readings, or no angle at all.
    "114°60′": None, "114°21′60″": None, "114.5°21′": None, "1142100.5": None,
    "114.21.05": None, "114,35": None, "约114.35": None, "N114.35": None, "北纬36.09": None,
    "181": None, "-": None, "1e400": None, "114°21′0.5″南": None, "W-114.35": None,
}  # fmt: skip


@pytest.mark.parametrize("writing", WRITINGS)
def test_each_writing_of_an_angle(writing):
    expected = WRITINGS[writing]
    found = read_angle(writing, "lon")
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-9))


PAIRS = [
    "114.35,36.09", "114.35，36.09", "114.35、36.09", "114.35;36.09", "114.35/36.09",
    "114.35 36.09",
    "(114.35, 36.09)", "【114.35，36.09】", "[114.35,36.09]", "POINT(114.35 36.09)",
    "E114.35,N36.09", "N36.09,E114.35", "114.35E 36.09N", "36.09N114.35E", "E114.35N36.09",
    "东经114.35，北纬36.09", "东经114.35北纬36.09", "北纬36.09°东经114.35°",
    "东经：114.35 北纬：36.09",
    "经度:114.35 纬度:36.09", "纬度36.09，经度114.35", "lon=114.35,lat=36.09",
    "lat: 36.09, lng: 114.35",
    "114°21′,36°5′24″", "114°21′0″E, 36°5′24″N", "N36°5′24″ E114°21′0″", "114° 21′ 0″ 36° 5′ 24″",
    "114° 21′ 0″E, 36° 5′ 24″N", "114 21 0 36 5 24", "36°5′24″，114°21′", "36.09,114.35",
    "114度21分 36度5分24秒",
]  # fmt: skip


@pytest.mark.parametrize("cell", PAIRS)
def test_each_writing_of_a_pair_in_one_cell(cell):
    found, issues, evidence, _ = read(["坐标"], [cell])
    assert found[0] == pytest.approx((LON, LAT), abs=1e-9)
    assert issues == [""]
    assert evidence["crs_assumed"] == "WGS 84"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("114,35,36,09", "GP-INT-002"), ("114.35", "GP-INT-008"), ("中华路", "GP-INT-002"),
        ("", "GP-INT-001"), ("0,0", "GP-INT-007"), ("214.35,136.09", "GP-INT-003"),
    ],
)  # fmt: skip
def test_a_pair_that_is_none_is_told(cell, code):
    found, issues, _, _ = read(["坐标"], [cell], ["114.35,36.09"])
    assert found[0] is None
    assert found[1] == pytest.approx((LON, LAT))
    assert issues == [code, ""]


def test_pairs_written_latitude_first_are_told_by_the_ranges_of_china():
    # In Xinjiang both orders are degrees that exist; only one of them is in China.
    found, issues, evidence, _ = read(["坐标"], ["43.8,87.6"], ["87.6,43.8"])
    assert found == [(87.6, 43.8), (87.6, 43.8)]
    assert issues == ["", ""]
    assert "axes_pairs" in evidence


def test_a_pair_outside_china_follows_the_other_rows_or_is_refused():
    turned = read(["坐标"], ["36.09,114.35"], ["48.85,2.35"])
    assert turned[0][1] == (2.35, 48.85)
    written = read(["坐标"], ["114.35,36.09"], ["2.35,48.85"])
    assert written[0][1] == (2.35, 48.85)
    mixed = read(["坐标"], ["114.35,36.09"], ["36.09,114.35"], ["48.85,2.35"])
    assert mixed[0][2] is None
    assert mixed[1] == ["", "", "GP-INT-004"]


# --- swapped columns -----------------------------------------------------------------------


def test_titled_columns_are_turned_only_where_every_row_agrees():
    swapped = [("36.09", "114.35"), ("36.10", "114.36"), ("", ""), ("0", "0")]
    found, issues, evidence, _ = read(["经度", "纬度"], *swapped)
    assert found == [(114.35, 36.09), (114.36, 36.10), None, None]
    assert issues == ["GP-INT-070", "GP-INT-070", "GP-INT-001", "GP-INT-007"]
    assert evidence["axes_swapped"] == "经度/纬度"
    mixed = read(["经度", "纬度"], ("114.35", "36.09"), ("36.10", "114.36"))
    assert mixed[0] == [(114.35, 36.09), None]
    assert mixed[1] == ["", "GP-INT-004"]
    assert "axes_swapped" not in mixed[2]


def test_a_swapped_row_in_the_west_is_not_taken_for_the_arctic():
    found, issues, _, _ = read(["经度", "纬度"], ("87.6", "43.8"), ("43.8", "87.6"))
    assert found == [(87.6, 43.8), None]
    assert issues == ["", "GP-INT-004"]


def test_letters_in_the_cells_contradict_the_titles():
    found, issues, _, _ = read(["经度", "纬度"], ("N36°5′24″", "E114°21′"))
    assert found[0] == pytest.approx((LON, LAT))
    assert issues == ["GP-INT-070"]


@pytest.mark.parametrize("titles", [("东坐标", "北坐标"), ("横坐标", "纵坐标")])
def test_metres_under_swapped_titles_are_turned_and_told(titles):
    found, issues, evidence, _ = read(list(titles), (str(NORTH), str(EAST)), declared="4547")
    assert found[0] == pytest.approx((LON, LAT), abs=1e-8)
    assert issues == ["GP-INT-070"]
    assert "axes_swapped" in evidence


@settings(deadline=None)
@given(st.floats(73, 136), st.floats(3, 54))
def test_within_china_swapping_is_always_noticed_and_undone(lon, lat):
    cells = (repr(lat), repr(lon))
    for titles, turned in ((["经度", "纬度"], [cells]), (["坐标"], [[",".join(cells)]])):
        found, _, _, _ = read(titles, *turned)
        assert found == [(lon, lat)]


# --- metres: which system ------------------------------------------------------------------


def in_zone(lon, lat, meridian, zone):
    """Easting and northing with the zone's number in front, by a projection of our own."""
    projection = Proj(f"+proj=tmerc +lon_0={meridian} +x_0=500000 +ellps=GRS80")
    east, north = projection(lon, lat)
    return zoned(zone, east), f"{north:.3f}"


def zoned(zone, east=EAST):
    return f"{zone * 1e6 + east:.3f}"


@pytest.mark.parametrize(("zone", "lat"), [(25, 37.0), (38, LAT), (45, 47.8)])
@pytest.mark.parametrize("survey", [True, False])
def test_a_three_degree_zone_number_names_its_system(zone, lat, survey):
    lon = 3 * zone + 0.35 if zone < 45 else 134.6
    east, north = in_zone(lon, lat, 3 * zone, zone)
    found, issues, evidence, located = read(["X", "Y"], (north, east) if survey else (east, north))
    assert found[0] == pytest.approx((lon, lat), abs=1e-6)
    assert issues == [""]
    assert evidence["crs_inferred"] == f"EPSG:{4513 + zone - 25}"
    assert ("axes_survey" in evidence) == survey
    assert located.crs.to_epsg() == 4513 + zone - 25


@pytest.mark.parametrize("zone", range(16, 24))
def test_a_six_degree_zone_number_names_its_system(zone):
    lon, lat = 6 * zone - 5.5, 47.8 if zone == 23 else 42.5
    cells = in_zone(lon, lat, 6 * zone - 3, zone)
    found, _, evidence, _ = read(["X坐标", "Y坐标"], cells)
    assert evidence["crs_inferred"] == f"EPSG:{4491 + zone - 13}"
    assert found[0] == pytest.approx((lon, lat), abs=1e-6)


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ((str(EAST), str(NORTH)), ("EPSG:4534-4554", "EPSG:4502-4512", "EPSG:32643-32653")),
        ((str(NORTH), str(EAST)), ("EPSG:4534-4554",)),  # X north, Y east
        (("13531521.456", str(NORTH)), ("EPSG:4491", "EPSG:3857", "BD-09MC")),
        (("12729386.6", "4314527.2"), ("EPSG:3857", "BD-09MC")),
    ],
)
def test_metres_of_several_readings_are_asked_about_with_their_candidates(cells, named):
    found, issues, evidence, _ = read(["X", "Y"], cells)
    assert found == [None]
    assert issues == ["GP-INT-005"]
    assert all(name in evidence["crs_candidates"] for name in named)


def test_zones_that_differ_within_a_table_are_not_guessed():
    found, issues, evidence, _ = read(["X", "Y"], (zoned(38), str(NORTH)), (zoned(37), str(NORTH)))
    assert found == [None, None]
    assert issues == ["GP-INT-005", "GP-INT-005"]
    assert "crs_inferred" not in evidence


@pytest.mark.parametrize(
    ("code", "cells", "place"),
    [
        ("4547", (str(EAST), str(NORTH)), (LON, LAT)),
        ("4526", (zoned(38), str(NORTH)), (LON, LAT)),
        ("32650", ("261320.0", "3997500.0"), (114.35, 36.09)),
        ("3857", ("12729383.7", "4314535.7"), (LON, LAT)),
    ],
)
def test_a_declared_system_is_used_whatever_it_is(code, cells, place):
    found, issues, evidence, _ = read(["X", "Y"], cells, declared=code)
    assert issues == [""]
    assert evidence["crs_declared"] == f"EPSG:{code}"
    assert found[0] == pytest.approx(place, abs=0.02)


@pytest.mark.parametrize(
    ("declared", "cells", "likely"),
    [
        ("4547", (zoned(38), str(NORTH)), "EPSG:4526"),
        ("4526", (str(EAST), str(NORTH)), "EPSG:4547"),
        ("4526", (zoned(39), str(NORTH)), "EPSG:4527"),
        ("4547", ("114.35", "36.09"), "WGS 84"),
        ("wgs84", (zoned(38), str(NORTH)), "EPSG:4526"),
        ("gcj02", (str(EAST), str(NORTH)), "EPSG:4534-4554"),
    ],
)
def test_numbers_that_contradict_what_is_declared_are_told_and_not_overruled(
    declared, cells, likely
):
    found, issues, evidence, _ = read(["X", "Y"], cells, declared=declared)
    assert found == [None]
    assert issues[0] in ("GP-INT-003", "GP-INT-006")
    assert likely in evidence["crs_contradicted"]
    assert "crs_declared" in evidence


def test_the_neighbouring_zone_is_outside_the_area_of_use():
    far_east = crs.transform(gpd.GeoSeries([Point(LON, LAT)], crs=crs.WGS84), "4546").iloc[0]
    found, issues, _, _ = read(["X", "Y"], (repr(far_east.x), repr(far_east.y)), declared="4546")
    assert (found, issues) == ([None], ["GP-INT-006"])


# --- where the numbers come from -----------------------------------------------------------


def test_a_map_service_named_in_the_table_is_a_hint_and_no_conversion():
    cells = ("114.35", "36.09", "百度地图拾取")
    found, _, evidence, _ = read(["经度", "纬度", "来源"], cells)
    assert found == [(LON, LAT)]
    assert evidence["crs_offset_hint"] == "百度"
    declared = read(["经度", "纬度", "来源"], cells, declared="wgs84")
    assert "crs_offset_hint" not in declared[2]


# --- drawings ------------------------------------------------------------------------------

SQUARE = box(114.35, 36.08, 114.36, 36.09)


def test_a_drawing_without_a_system_is_read_where_its_numbers_leave_one_reading():
    found, issues, evidence, located = read([], geometry=[SQUARE, None])
    assert found[0] == pytest.approx((114.355, 36.085))
    assert evidence["crs_assumed"] == "WGS 84"
    assert located.crs == crs.WGS84
    there = crs.transform(gpd.GeoSeries([SQUARE], crs=crs.WGS84), "4526").iloc[0]
    found, issues, evidence, _ = read([], geometry=[there])
    assert found[0] == pytest.approx((114.355, 36.085), abs=1e-6)
    assert evidence["crs_inferred"] == "EPSG:4526"
    assert issues == [""]


def test_a_drawing_of_several_readings_is_refused_with_its_candidates():
    with pytest.raises(CrsError) as caught:
        read([], geometry=[box(531000, 3995000, 532000, 3996000)])
    assert caught.value.code == "crs_missing_candidates"
    assert "EPSG:4534-4554" in caught.value.word("en")
    with pytest.raises(CrsError) as caught:
        read([], geometry=[box(0, 0, 1000, 1000)])
    assert caught.value.code == "crs_missing"


@pytest.mark.parametrize("system", ["EPSG:4490", "EPSG:4547", "EPSG:4526"])
def test_a_drawing_with_its_axes_swapped_is_turned(system):
    named = crs.parse_crs(system)
    drawn = crs.transform(gpd.GeoSeries([SQUARE, None], crs=crs.WGS84), named)
    swapped = [affine_transform(drawn.iloc[0], [0, 1, 1, 0, 0, 0]), None]
    found, issues, evidence, located = read([], geometry=swapped, system=named.crs)
    assert found[0] == pytest.approx((114.355, 36.085), abs=1e-6)
    assert issues == ["GP-INT-070", "GP-INT-010"]
    assert "axes_swapped" in evidence
    assert located.iloc[0].equals_exact(drawn.iloc[0], 1e-6)


def test_degrees_in_a_projected_file_and_metres_in_degrees_are_contradictions():
    metric, degrees = crs.parse_crs("4547").crs, crs.WGS84
    found, issues, evidence, _ = read([], geometry=[SQUARE], system=metric)
    assert (found, issues) == ([None], ["GP-INT-006"])
    assert evidence["crs_contradicted"].startswith("EPSG:4547 → WGS 84")
    there = crs.transform(gpd.GeoSeries([SQUARE], crs=degrees), "4526").iloc[0]
    found, issues, evidence, _ = read([], geometry=[there], system=degrees)
    assert (found, issues) == ([None], ["GP-INT-003"])
    assert "EPSG:4526" in evidence["crs_contradicted"]
    # What is declared wins over the file, and then nothing is left to contradict.
    found, _, evidence, _ = read([], geometry=[there], system=degrees, declared="4526")
    assert found[0] == pytest.approx((114.355, 36.085), abs=1e-6)
    assert {"crs_declared", "crs_file_overruled"} <= set(evidence)
    assert "crs_contradicted" not in evidence


# --- laws ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_is_ever_an_accident(first, second):
    for titles, cells in ((["经度", "纬度"], (first, second)), (["坐标"], (first,))):
        found, issues, _, _ = read(titles, cells)
        assert (found[0] is None) <= bool(issues[0])
    split_pair(first)


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 599_999))
def test_degrees_minutes_seconds_are_read_as_written(degrees, minutes, tenths):
    seconds = tenths / 10_000
    expected = degrees + minutes / 60 + seconds / 3600
    for text in (
        f"{degrees}°{minutes}′{seconds:.4f}″",
        f"东经{degrees}度{minutes}分{seconds:.4f}秒",
        f"{degrees}-{minutes}-{seconds:.4f}",
        f"{degrees}d{minutes}m{seconds:.4f}s",
    ):
        assert read_angle(text, "lon") == pytest.approx(expected, abs=1e-10)
