"""Coordinate systems: published vectors, exact inverses, refusals, ellipsoidal areas."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod, Proj
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Point, box

from gisplan import crs
from gisplan.errors import CrsError

GOLDEN = json.loads((Path(__file__).parent / "data" / "gcj_golden.json").read_text("utf-8"))
METRES_PER_DEGREE = 111_320

lons = st.floats(73.0, 136.0)
lats = st.floats(3.0, 54.0)


def metres(lon, lat, other_lon, other_lat):
    return Geod(ellps="WGS84").inv(lon, lat, other_lon, other_lat)[2]


@pytest.mark.parametrize(
    ("forward", "columns"), [(crs.gcj02_from_wgs84, (2, 3)), (crs.bd09_from_wgs84, (4, 5))]
)
def test_offsets_equal_the_published_vectors(forward, columns):
    rows = np.array(GOLDEN["rows"])
    assert len(rows) == 40
    lon, lat = forward(rows[:, 0], rows[:, 1])
    assert np.abs(lon - rows[:, columns[0]]).max() * METRES_PER_DEGREE < 1e-8
    assert np.abs(lat - rows[:, columns[1]]).max() * METRES_PER_DEGREE < 1e-8


@given(lons, lats)
def test_offsets_are_undone_within_a_millimetre(lon, lat):
    gcj = crs.wgs84_from_gcj02(*crs.gcj02_from_wgs84(lon, lat))
    bd = crs.wgs84_from_bd09(*crs.bd09_from_wgs84(lon, lat))
    assert metres(lon, lat, *gcj) < 1e-6
    assert metres(lon, lat, *bd) < 1e-6


@given(st.lists(st.tuples(lons, lats), min_size=2, max_size=20))
def test_the_offset_of_a_point_does_not_depend_on_its_neighbours(points):
    lon, lat = np.array(points).T
    together = crs.wgs84_from_bd09(lon, lat)
    alone = [crs.wgs84_from_bd09(x, y) for x, y in points]
    assert [float(x) for x, _ in alone] == together[0].tolist()
    assert [float(y) for _, y in alone] == together[1].tolist()


def test_the_offset_in_anyang_is_what_is_known_of_it():
    shifted = crs.gcj02_from_wgs84(114.35, 36.09)
    assert 540 < metres(114.35, 36.09, *shifted) < 555
    assert 1300 < metres(114.35, 36.09, *crs.bd09_from_wgs84(114.35, 36.09)) < 1340


@pytest.mark.parametrize(
    "place", [(71.9, 30.0), (137.9, 30.0), (100.0, 0.8), (100.0, 55.9), (-0.1, 51.5)]
)
def test_outside_the_box_nothing_is_shifted(place):
    for change in (
        crs.gcj02_from_wgs84,
        crs.wgs84_from_gcj02,
        crs.bd09_from_wgs84,
        crs.wgs84_from_bd09,
    ):
        assert tuple(map(float, change(*place))) == place


def test_the_check_value_of_the_plan():
    here = gpd.GeoSeries([Point(114.35, 36.09)], crs=crs.WGS84)
    east, north = crs.transform(here, "4547").iloc[0].coords[0]
    assert (round(east, 3), round(north, 3)) == (531521.456, 3995585.768)
    zoned = crs.transform(here, "EPSG:4526").iloc[0]
    assert round(zoned.x, 3) == 38531521.456


@pytest.mark.parametrize(
    ("text", "name", "offset"),
    [
        ("wgs84", "wgs84", "none"),
        ("WGS-84", "wgs84", "none"),
        ("CGCS2000", "cgcs2000", "none"),
        ("gcj02", "gcj02", "gcj02"),
        ("ＧＣＪ－02", "gcj02", "gcj02"),
        ("BD-09", "bd09", "bd09"),
        ("EPSG:4547", "EPSG:4547", "none"),
        ("epsg：4547", "EPSG:4547", "none"),
        ("4526", "EPSG:4526", "none"),
    ],
)
def test_names_that_are_understood(text, name, offset):
    parsed = crs.parse_crs(text)
    assert (parsed.name, parsed.offset) == (name, offset)


@pytest.mark.parametrize(
    "text", ["", "mars", "EPSG:1", "5773", "EPSG:4547; drop", "+proj=longlat", "0"]
)
def test_names_that_are_refused_in_one_line(text):
    with pytest.raises(CrsError) as caught:
        crs.parse_crs(text)
    for language in ("zh", "en"):
        assert "EPSG:4547" in caught.value.word(language)


@pytest.mark.parametrize("code", ["EPSG:4610", "EPSG:2343", "EPSG:4214", "EPSG:2401"])
def test_old_datums_are_never_shifted_by_guess(code):
    here = gpd.GeoSeries([Point(114.35, 36.09)], crs=crs.CGCS2000)
    with pytest.raises(CrsError) as caught:
        crs.transform(here, code)
    assert caught.value.code == "crs_ballpark"
    old = gpd.GeoSeries([Point(0, 0)], crs=code)
    with pytest.raises(CrsError):
        crs.transform(old, "EPSG:4547")
    with pytest.raises(CrsError):
        crs.transform(old, crs.WGS84)


def test_a_zone_named_in_the_dialect_of_a_prj_is_transformed():
    dialect = CRS(CRS.from_epsg(4526).to_wkt("WKT1_ESRI"))
    here = gpd.GeoSeries([Point(114.35, 36.09)], crs=crs.WGS84)
    assert round(crs.transform(here, dialect).iloc[0].x, 3) == 38531521.456


def test_what_cannot_be_represented_becomes_none_and_rows_stay():
    swapped = gpd.GeoDataFrame(
        {"name": ["ok", "swapped", "none"]},
        geometry=[Point(114.35, 36.09), Point(36.09, 114.35), None],
        crs=crs.WGS84,
        index=[7, 8, 9],
    )
    moved = crs.transform(swapped, "EPSG:4547")
    assert moved.index.tolist() == [7, 8, 9]
    assert moved.geometry.isna().tolist() == [False, True, True]
    assert moved.crs.to_epsg() == 4547
    assert swapped.geometry.isna().tolist() == [False, False, True]  # the input is left alone


def test_a_frame_without_a_system_is_refused():
    with pytest.raises(CrsError):
        crs.transform(gpd.GeoSeries([Point(0, 0)]), "4547")


def test_from_gcj02_to_metres_and_back():
    true = gpd.GeoSeries([box(114.35, 36.08, 114.36, 36.09), Point(114.35, 36.09)], crs=crs.WGS84)
    shifted = crs.transform(true, "gcj02")
    assert shifted.crs is None
    back = crs.transform(shifted, crs.WGS84, source=crs.parse_crs("gcj02"))
    metric, expected = crs.transform(back, "4547"), crs.transform(true, "4547")
    assert metric.geom_equals_exact(expected, tolerance=1e-6).all()


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("4547", True),
        ("4526", True),
        ("32650", True),
        ("4490", False),
        ("3857", False),
        ("2229", False),
    ],
)
def test_metres_are_measured_only_where_they_are_metres(code, allowed):
    system = crs.parse_crs(code).crs
    if allowed:
        assert crs.require_metric(system) is system
    else:
        with pytest.raises(CrsError):
            crs.require_metric(system)


def test_areas_on_the_ellipsoid_take_holes_off_and_add_parts():
    whole, hole, other = box(0, 0, 1000, 1000), box(200, 200, 400, 300), box(2000, 0, 2500, 100)
    origin = (500_000, 3_990_000)  # on the central meridian, where the scale is 1
    shapes = [whole, whole - hole, MultiPolygon([whole, other]), Point(1, 1), None]
    series = gpd.GeoSeries(
        [shape and translate(shape, *origin) for shape in shapes], crs="EPSG:4547"
    )
    areas = crs.ellipsoidal_area(series)
    assert areas.iloc[:3].tolist() == pytest.approx([1e6, 980_000, 1_050_000], rel=2e-7)
    assert areas.iloc[3] == 0
    assert np.isnan(areas.iloc[4])
    assert pytest.approx(2000 / 3) == crs.MU


def test_areas_agree_with_an_equal_area_projection():
    zone = gpd.GeoSeries([box(114.30, 36.02, 114.41, 36.11)], crs=crs.CGCS2000)
    equal_area = zone.segmentize(0.001).to_crs("+proj=laea +lat_0=36 +lon_0=114.3 +ellps=GRS80")
    assert crs.ellipsoidal_area(zone).iloc[0] == pytest.approx(equal_area.area.iloc[0], rel=1e-7)


def test_the_numbers_for_the_read_out_reproduce_the_projection():
    numbers = crs.gauss_kruger_parameters(crs.parse_crs("4547").crs)
    assert (numbers.central_meridian, numbers.false_easting, numbers.scale) == (114, 500_000, 1)
    text = (
        f"+proj=tmerc +lon_0={numbers.central_meridian} +lat_0={numbers.latitude_of_origin} "
        f"+k={numbers.scale} +x_0={numbers.false_easting} +y_0={numbers.false_northing} "
        f"+a={numbers.semi_major} +rf={1 / numbers.flattening}"
    )
    east, north = Proj(text)(114.35, 36.09)
    assert (round(east, 3), round(north, 3)) == (531521.456, 3995585.768)
    with pytest.raises(CrsError):
        crs.gauss_kruger_parameters(crs.WGS84)


# --- Gauss-Krüger zones -------------------------------------------------------------------


def test_every_zone_has_the_meridian_that_its_code_says():
    """The table of codes against PROJ's own names and parameters: 192 systems."""
    count = 0
    for datum in ("cgcs2000", "xian80", "beijing54"):
        for width, numbers in ((3, range(25, 46)), (6, range(13, 24))):
            for number in numbers:
                for prefixed in (True, False):
                    zone = crs.zone_of(number, width, prefixed=prefixed, datum=datum)
                    found = crs.gauss_kruger_parameters(zone.crs.crs)
                    assert found.central_meridian == zone.meridian
                    assert found.false_easting == 500_000 + prefixed * number * 1_000_000
                    assert ("3-degree" in zone.crs.crs.name) == (width == 3)
                    assert {"cgcs2000": "CGCS2000", "xian80": "Xian", "beijing54": "Beijing"}[
                        datum
                    ] in zone.crs.crs.name
                    known = crs.zone_of_crs(zone.crs.crs)
                    assert known == (zone if datum == "cgcs2000" else None)
                    count += 1
    assert count == 192


@pytest.mark.parametrize(
    ("easting", "expected"),
    [
        (38_531_521, (3, 38)), (25_500_000, (3, 25)), (45_400_000, (3, 45)), (19_700_000, (6, 19)),
        (531_521, None), (24_500_000, None), (46_500_000, None), (12_500_000, None),
        (38_010_000, None), (38_990_000, None), (-38_531_521, None),
    ],
)  # fmt: skip
def test_the_zone_number_in_an_easting(easting, expected):
    zone = crs.zone_in_easting(easting)
    assert (zone and (zone.width, zone.number)) == expected


def test_numbers_of_zones_that_china_has_not():
    assert crs.zone_of(24, 3, prefixed=True) is None
    assert crs.zone_of(46, 3, prefixed=True) is None
    assert crs.zone_of(38, 4, prefixed=True) is None
    assert crs.zone_of_meridian(113.3, 3, prefixed=False) is None
    assert crs.zone_of_meridian(114, 6, prefixed=False) is None
    assert crs.zone_of_crs(crs.parse_crs("32650").crs) is None
    assert crs.zone_of_crs(crs.CGCS2000) is None


def test_systems_are_suggested_by_what_the_numbers_can_be():
    north = [3_995_585.0]
    assert crs.suggest_systems([38_531_521.0], north) == ("EPSG:4526",)
    assert crs.suggest_systems([531_521.0], north)[0] == "EPSG:4534-4554"
    assert crs.suggest_systems([12_729_383.0], [4_314_535.0]) == ("EPSG:3857", "BD-09MC")
    assert len(crs.suggest_systems([13_500_000.0], north)) == 3
    for nothing in (([], []), ([114.35], [36.09]), ([np.nan], north), ([1e9], [1e9])):
        assert crs.suggest_systems(*nothing) == ()
