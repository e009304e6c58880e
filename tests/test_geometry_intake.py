"""Drawn geometry at intake: repaired where one repair is possible, always reported, with areas."""

from __future__ import annotations

import json
import re
import sqlite3
import struct

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from gisplan.errors import ProjectsError
from gisplan.io.projects import intake
from gisplan.io.shapes import mend
from gisplan.io.wkb import DEEPEST, too_deep

EAST, NORTH = 500_000, 4_000_000


def read(tmp_path, *shapes, crs="EPSG:4547"):
    """Write shapes given in metres from (EAST, NORTH) to a GeoParquet file and take them in."""
    moved = [shapely.transform(s, lambda xy: np.add(xy, (EAST, NORTH))) if crs == "EPSG:4547" else s
             for s in shapes]  # fmt: skip
    names = [f"P{at}" for at in range(len(shapes))]
    path = tmp_path / "a.parquet"
    gpd.GeoDataFrame({"name": names}, geometry=moved, crs=crs).to_parquet(path)
    return intake(path)


def told(result, code):
    chosen = result.issues[result.issues["code"] == code]
    return dict(zip(chosen["row"], chosen["value"], strict=True))


UNIQUE = {
    "bow tie": (Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), 0, 2),
    "uneven bow tie": (Polygon([(0, 0), (6, 0), (0, 4), (6, 4)]), 0, 12),
    "spike": (Polygon([(0, 0), (4, 0), (4, 6), (4, 3), (0, 3)]), 12, 12),
    "parts that overlap": (MultiPolygon([box(0, 0, 4, 4), box(3, 0, 6, 4)]), 28, 24),
    "parts that touch along an edge": (MultiPolygon([box(0, 0, 2, 3), box(2, 0, 5, 3)]), 15, 15),
}
AMBIGUOUS = {
    # The line runs round 4 m² twice: by counting crossings they are a hole (16 - 4), by
    # being surrounded they belong to it (20 - 4 counted once).
    "outline round an area twice": (
        Polygon([(0, 0), (4, 0), (4, 4), (1, 4), (1, 1), (3, 1), (3, 3), (0, 3)]), None,
    ),
    "hole outside": (Polygon(box(0, 0, 4, 4).exterior, [box(6, 0, 8, 2).exterior]), (20, 16)),
    "part in a part": (MultiPolygon([box(0, 0, 10, 10), box(2, 2, 4, 5)]), (94, 100)),
    "the same part twice": (MultiPolygon([box(0, 0, 3, 2), box(0, 0, 3, 2)]), (0, 6)),
}  # fmt: skip


@pytest.mark.parametrize("name", UNIQUE)
def test_the_only_repair_is_made_and_told_with_both_areas(tmp_path, name):
    shape, before, after = UNIQUE[name]
    result = read(tmp_path, shape)
    place = result.projects.geometry.iloc[0]
    assert place.is_valid
    assert place.area == pytest.approx(after)
    value = told(result, "GP-INT-012")[1]
    assert value.endswith(f"{before:.1f} → {after:.1f} m²")
    assert set(result.issues["code"]) == {"GP-INT-012"}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_could_be_repaired_in_two_ways_is_not_used_and_both_areas_are_told(tmp_path, name):
    shape, areas = AMBIGUOUS[name]
    result = read(tmp_path, shape, box(0, 0, 1, 1))
    assert result.projects.geometry.isna().tolist() == [True, False]
    assert result.projects["intake_issues"].iloc[0] == "GP-INT-080"
    assert set(result.issues["code"]) == {"GP-INT-080"}
    value = told(result, "GP-INT-080")[1]
    found = tuple(float(part) for part in re.findall(r"[\d.]+", value.rpartition(";")[2]))
    assert found[0] != found[1]
    if areas is not None:
        assert found == areas


def test_areas_of_degrees_are_told_in_square_metres_on_the_ellipsoid(tmp_path):
    tie = Polygon([(114, 36), (114.02, 36.02), (114.02, 36), (114, 36.02)])
    result = read(tmp_path, tie, crs="EPSG:4490")
    after = float(re.findall(r"→ ([\d.]+) m²", told(result, "GP-INT-012")[1])[0])
    # Half of 0.02° x 0.02°: 2 219 m north by about 1 803 m east.
    assert after == pytest.approx(2219 * 1803 / 2, rel=0.002)


def test_repeated_vertices_go_and_are_told(tmp_path):
    square = Polygon([(0, 0), (0, 0), (5, 0), (5, 3), (5, 3), (5, 3), (0, 3)])
    line = LineString([(0, 0), (0, 0), (9, 9)])
    result = read(tmp_path, square, line, Point(1, 2))
    assert told(result, "GP-INT-081") == {1: "3", 2: "1"}
    assert shapely.get_num_coordinates(result.projects.geometry.to_numpy()).tolist() == [5, 2, 1]
    assert result.projects.geometry.iloc[0].area == 15
    assert set(result.issues["level"]) == {"info"}


def test_heights_are_left_out_and_said(tmp_path):
    result = read(tmp_path, Point(114, 36, 75), Point(114, 36), crs="EPSG:4326")
    assert not result.projects.has_z.any()
    assert dict(result.evidence)["heights_left"] == "1"
    assert result.issues.empty


def test_what_spans_the_antimeridian_is_refused_and_a_province_is_not(tmp_path):
    across = box(-179, 30, 179, 31)
    wide = LineString([(20, 30), (120, 31)])
    china = box(73.5, 18, 135, 53)
    result = read(tmp_path, across, wide, china, crs="EPSG:4326")
    assert result.projects.geometry.isna().tolist() == [True, True, False]
    assert set(told(result, "GP-INT-082")) == {1, 2}


@pytest.mark.parametrize("number", [1e13, 1e20, 1e300, 1.7e308, -1e20])
def test_numbers_that_lie_nowhere_are_refused_without_arithmetic(tmp_path, number):
    triangle = Polygon([(0, 0), (number, 0), (0, number)])
    tie = Polygon([(0, 0), (number, number), (number, 0), (0, number)])
    result = read(tmp_path, Point(number, 1), triangle, tie, Point(1, 1))
    assert result.projects.geometry.isna().tolist() == [True, True, True, False]
    assert set(result.issues["code"]) == {"GP-INT-006"}
    assert len(result.issues) == 3


def test_a_collection_with_a_bow_tie_and_kinds_in_one_file(tmp_path):
    tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    mixed = shapely.GeometryCollection([tie, Point(9, 9)])
    result = read(tmp_path, mixed, LineString([(0, 0), (3, 4)]), Point(1, 1), Polygon())
    assert result.projects.geometry.geom_type.fillna("-").tolist() == [
        "MultiPolygon", "LineString", "Point", "-",
    ]  # fmt: skip
    assert result.projects.geometry.iloc[0].area == pytest.approx(2)
    assert {"GP-INT-012", "GP-INT-014", "GP-INT-010"} <= set(result.issues["code"])


coordinate = st.integers(0, 6)


@given(ring=st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8, unique=True))
def test_a_repair_never_covers_ground_that_the_outline_does_not_surround(ring):
    shape = Polygon(ring)
    found = mend(shape)
    if found.shape is None:
        assert len(found.areas) == 2
        return
    assert found.shape.is_valid
    hull = shapely.convex_hull(shape)
    assert found.shape.area <= hull.area + 1e-9
    if shape.is_valid:
        assert found.shape.equals(shape)
    # The same outline from another vertex, or the other way round, is the same ground.
    turned = mend(Polygon([*ring[2:], *ring[:2]][::-1]))
    assert turned.shape is not None
    assert shapely.symmetric_difference(found.shape, turned.shape).area < 1e-9


# --- KML ------------------------------------------------------------------------------------


POINT = "<Point><coordinates>114,36</coordinates></Point>"


def kml(tmp_path, *shapes):
    marks = "".join(f"<Placemark><name>P</name>{shape}</Placemark>" for shape in shapes)
    path = tmp_path / "a.kml"
    path.write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2">{marks}</kml>', "utf-8")
    return intake(path)


def ring(*points):
    return f"<LinearRing><coordinates>{' '.join(points)}</coordinates></LinearRing>"


def outer(*points):
    return f"<outerBoundaryIs>{ring(*points)}</outerBoundaryIs>"


def test_an_open_ring_in_kml_is_closed_and_told(tmp_path):
    corners = ("114,36,0", "114.02,36,0", "114.02,36.01,0")
    result = kml(
        tmp_path, f"<Polygon>{outer(*corners)}</Polygon>",
        f"<Polygon>{outer(*corners, corners[0])}</Polygon>",
    )  # fmt: skip
    assert result.projects.geometry.geom_type.tolist() == ["Polygon", "Polygon"]
    assert told(result, "GP-INT-016") == {1: ""}


@pytest.mark.parametrize(
    "shape",
    [
        "<Point><coordinates>114;36</coordinates></Point>",
        "<Point><coordinates></coordinates></Point>",
        "<LineString><coordinates>114,36</coordinates></LineString>",
        f"<Polygon>{outer('114,36', '115,36')}</Polygon>",
        "<Polygon></Polygon>",
        "<Track><when>2026</when></Track>",
        f"<MultiGeometry>{POINT}<Point><coordinates>x</coordinates></Point></MultiGeometry>",
        "<MultiGeometry>" * 500 + "</MultiGeometry>" * 500,
    ],
)
def test_a_shape_in_kml_of_which_a_part_cannot_be_read_is_not_used(tmp_path, shape):
    result = kml(tmp_path, shape, POINT)
    assert result.projects.geometry.isna().tolist() == [True, False]
    assert set(told(result, "GP-INT-083")) == {1}
    assert (result.issues["column"] == "geometry").sum() == 1


# --- nesting --------------------------------------------------------------------------------


def nested(depth, head=b"\x01\x07\x00\x00\x00", inner=None):
    return (head + struct.pack("<I", 1)) * depth + (inner or shapely.to_wkb(Point(114, 36)))


def parquet_of(path, blob):
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[Point(1, 2)], crs=4326).to_parquet(path)
    table = pyarrow.parquet.read_table(path)
    at = table.schema.get_field_index("geometry")
    field = table.schema.field(at)
    pyarrow.parquet.write_table(table.set_column(at, field, pa.array([blob], field.type)), path)


def geopackage_of(path, blob):
    mixed = [Point(1, 2), LineString([(0, 0), (1, 1)])]
    gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=mixed, crs=4326).to_file(path, layer="a")
    with sqlite3.connect(path) as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("DELETE FROM a WHERE name = 'b'")
        (head,) = database.execute("SELECT substr(geom, 1, 8) FROM a").fetchone()
        database.execute("UPDATE a SET geom = ?", (head + blob,))
    database.close()


@pytest.mark.parametrize("make", [parquet_of, geopackage_of])
@pytest.mark.parametrize("head", [b"\x01\x07\x00\x00\x00", b"\x01\x06\x00\x00\x00"])
def test_fifty_thousand_nested_collections_do_not_end_the_process(tmp_path, make, head):
    path = tmp_path / ("a.parquet" if make is parquet_of else "a.gpkg")
    make(path, nested(50_000, head))
    with pytest.raises(ProjectsError) as caught:
        intake(path)
    assert caught.value.code == "projects_too_deep"
    make(path, nested(DEEPEST))
    assert intake(path).projects.geometry.iloc[0].equals(Point(114, 36))


def test_nesting_is_found_behind_other_parts_and_in_every_dialect_of_wkb():
    point, line = shapely.to_wkb(Point(1, 2)), shapely.to_wkb(LineString([(0, 0), (1, 1)]))
    polygon = shapely.to_wkb(Polygon([(0, 0), (1, 0), (0, 1)]))
    last = b"\x01\x07\x00\x00\x00" + struct.pack("<I", 4) + point + line + polygon
    assert too_deep(last * 60 + point)
    assert not too_deep(last * 20 + point)
    for head in (
        b"\x01\xef\x03\x00\x00", b"\x01\x07\x00\x00\x80", b"\x01\x07\x00\x00\x20\xe6\x10\x00\x00",
        b"\x01\x0c\x00\x00\x00",
    ):  # fmt: skip
        assert too_deep(nested(100, head, point))
    assert too_deep((b"\x00\x00\x00\x00\x07" + struct.pack(">I", 1)) * 100 + point)
    many = shapely.to_wkb(shapely.MultiPoint([(at, at) for at in range(5000)]))
    assert not too_deep(many)


@given(st.binary(max_size=2000), st.integers(1, 9))
def test_bytes_that_are_no_geometry_are_left_to_the_parser(noise, kind):
    assert too_deep(b"\x01" + struct.pack("<I", kind) + noise) in (True, False)


@pytest.mark.parametrize("depth", [900, 50_000])
def test_geojson_collections_in_collections(tmp_path, depth):
    text = json.dumps({"type": "Point", "coordinates": [114, 36]})
    text = '{"type": "GeometryCollection", "geometries": [' * depth + text + "]}" * depth
    path = tmp_path / "a.geojson"
    path.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature",'
        f' "properties": {{"name": "a"}}, "geometry": {text}}}]}}'
    )
    with pytest.raises(ProjectsError) as caught:
        intake(path)
    assert caught.value.code == "projects_broken"
