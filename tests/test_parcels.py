"""Parcel corners (部标 .txt): read as footprints with holes, written, and read back exactly."""

from __future__ import annotations

import geopandas as gpd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from gisplan import crs
from gisplan.errors import CrsError, OutputError, ProjectsError
from gisplan.io.parcels import is_parcels, write_parcels
from gisplan.io.projects import intake
from gisplan.labels import LANGUAGES

E0, N0 = 531_500.0, 3_995_500.0
OUTER = box(0, 0, 100, 200)
HOLE = box(20, 30, 40, 60)
ISLAND = box(25, 40, 30, 50)


def corners(ring, number, *, zone=38, first=1, closed=True, exchanged=False):
    points = list(ring.exterior.coords)[: None if closed else -1]
    lines = []
    for at, (x, y) in enumerate(points):
        east, north = zone * 1e6 + E0 + x, N0 + y
        pair = (east, north) if exchanged else (north, east)
        name = first if at == len(points) - 1 and closed else first + at
        lines.append(f"J{name},{number},{pair[0]:.4f},{pair[1]:.4f}")
    return lines


def document(*parcels, system="2000国家大地坐标系", zone="38", width="3", unit="米", **more):
    head = {
        "格式版本号": "1.01版本", "坐标系": system, "几度分带": width, "投影类型": "高斯克吕格",
        "计量单位": unit, "带号": zone, "精度": "0.0001", **more,
    }  # fmt: skip
    lines = ["[属性描述]", *(f"{key}={value}" for key, value in head.items()), "[地块坐标]"]
    for parcel in parcels:
        lines += parcel
    return "\r\n".join(lines) + "\r\n"


def read(folder, text, *, name="a.txt", encoding="gbk", **options):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return intake(path, **options)


def shapes(result):
    origin = result.projects.crs.coordinate_operation.params
    east = next(one.value for one in origin if one.name == "False easting") - 500_000
    return [
        None if one is None else translate(one, -E0 - east, -N0).normalize()
        for one in result.projects.geometry
    ]


def codes(result):
    return {(row, code) for row, code in result.issues[["row", "code"]].itertuples(index=False)}


TWO = (
    ["8,1.9400,D1,一号地块，甲,面,I-50,住宅,0701,@",
     *corners(OUTER, 1), *corners(HOLE, 2, first=5)],
    ["4,0.0050,D2,二号,面,,,,@", *corners(ISLAND, 1)],
)  # fmt: skip


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_footprints_with_names_ids_and_holes(tmp_path, encoding):
    result = read(tmp_path, document(*TWO), encoding=encoding)
    assert result.projects["id"].tolist() == ["D1", "D2"]
    assert result.projects["name"].tolist() == ["一号地块，甲", "二号"]
    assert result.projects["地块用途"].fillna("").tolist() == ["住宅", ""]
    assert result.projects.crs.to_epsg() == 4526
    assert shapes(result) == [(OUTER - HOLE).normalize(), ISLAND.normalize()]
    assert codes(result) == set()
    assert result.projects["row"].tolist() == [10, 21]  # lines of the file
    evidence = dict(result.evidence)
    assert "带号=38" in evidence["parcels"]
    assert evidence["crs_file"] == "EPSG:4526"


@pytest.mark.parametrize(
    ("zone", "head", "options", "epsg"),
    [
        (38, {}, {}, 4526), (0, {}, {}, 4547),
        (38, {"zone": ""}, {}, 4526),
        (0, {"zone": "", "中央子午线": "114"}, {}, 4547),
        (0, {"zone": "", "中央子午线": "东经114°"}, {}, 4547),
        (0, {"zone": ""}, {"crs": "4547"}, 4547),
        (0, {"system": "某市独立坐标系"}, {"crs": "4547"}, 4547),
        (19, {"zone": "19", "width": "6"}, {}, 4497), (0, {"zone": "19", "width": "6"}, {}, 4508),
        (38, {"system": "CGCS2000"}, {}, 4526),
        (38, {"system": "80国家大地坐标系"}, {}, 2362), (0, {"system": "西安80"}, {}, 2383),
        (38, {"system": "北京54坐标系"}, {}, 2414), (0, {"system": "1954年北京坐标系"}, {}, 2435),
    ],
)  # fmt: skip
def test_the_system_is_that_of_the_head(tmp_path, zone, head, options, epsg):
    text = document(["4,2.0000,D1,甲,面,,,,@", *corners(OUTER, 1, zone=zone)], **head)
    result = read(tmp_path, text, **options)
    assert result.projects.crs.to_epsg() == epsg
    assert shapes(result) == [OUTER.normalize()]


def test_old_datums_are_read_but_never_shifted_by_guess(tmp_path):
    text = document(["4,2,D1,甲,面,,,,@", *corners(OUTER, 1)], system="西安80")
    projects = read(tmp_path, text).projects
    with pytest.raises(CrsError) as caught:
        crs.transform(projects, "4547")
    assert caught.value.code == "crs_ballpark"


def test_a_zone_number_that_contradicts_the_head_is_told_and_not_used(tmp_path):
    text = document(["4,2.0,D1,甲,面,,,,@", *corners(OUTER, 1, zone=39)])
    result = read(tmp_path, text)
    assert result.projects.geometry.tolist() == [None]
    assert "EPSG:4527" in dict(result.evidence)["crs_contradicted"]


def test_without_a_zone_anywhere_the_candidates_are_named(tmp_path):
    text = document(["4,2.0,D1,甲,面,,,,@", *corners(OUTER, 1, zone=0)], zone="")
    with pytest.raises(CrsError) as caught:
        read(tmp_path, text)
    assert caught.value.code == "crs_missing_candidates"


@pytest.mark.parametrize(
    ("head", "kind", "code"),
    [
        ({"system": "某市独立坐标系"}, CrsError, "parcels_system"),
        ({"unit": "公里"}, ProjectsError, "parcels_unit"),
    ],
)
def test_what_is_refused_is_told_in_one_line(tmp_path, head, kind, code):
    with pytest.raises(kind) as caught:
        read(tmp_path, document(["4,2,D1,甲,面,,,,@", *corners(OUTER, 1)], **head))
    assert caught.value.code == code
    for language in LANGUAGES:
        assert "a.txt" in caught.value.word(language)


def test_rings_closed_or_not_give_the_same_and_x_y_exchanged_is_turned(tmp_path):
    first = "4,2.0,D1,甲,面,,,,@"
    for options, expected in (
        ({}, set()), ({"closed": False}, {(10, "GP-INT-016")}),
        ({"exchanged": True}, {(10, "GP-INT-070")}),
    ):  # fmt: skip
        result = read(tmp_path, document([first, *corners(OUTER, 1, **options)]))
        assert shapes(result) == [OUTER.normalize()]
        assert codes(result) == expected


def test_rings_are_put_together_by_what_surrounds_them_not_by_their_order(tmp_path):
    apart = translate(OUTER, 500, 0)
    text = document([
        "20,0,D1,甲,面,,,,@", *corners(HOLE, 1), *corners(ISLAND, 2),
        *corners(OUTER, 3), *corners(apart, 4),
    ])  # fmt: skip
    expected = MultiPolygon([Polygon(OUTER.exterior, [HOLE.exterior]), ISLAND, apart])
    assert shapes(read(tmp_path, text)) == [expected.normalize()]


def test_points_lines_and_degrees(tmp_path):
    at = f"J1,1,{N0},{38e6 + E0}"
    text = document(
        ["1,,D1,点,点,,,,@", at], ["2,,D2,线,线,,,,@", at, f"J2,1,{N0 + 30},{38e6 + E0 + 40}"]
    )
    assert shapes(read(tmp_path, text)) == [Point(0, 0), LineString([(0, 0), (40, 30)]).normalize()]
    rows = [f"J{n},1,{lat},{lon}" for n, (lat, lon) in enumerate([(36, 114), (36, 115), (37, 115)])]
    result = read(tmp_path, document(["3,,D1,甲,面,,,,@", *rows], unit="度"))
    assert result.projects.crs.to_epsg() == 4490
    assert result.projects.geometry.iloc[0].equals(Polygon([(114, 36), (115, 36), (115, 37)]))


def test_faults_are_told_and_no_parcel_is_lost(tmp_path):
    good = corners(OUTER, 1)
    text = document(
        ["4,2.0,D1,好,面,,,,@", *good],
        ["4,2.0,D2,坏行,面,,,,@", *good[:2], "J3,1,不详,38531600", *good[3:]],
        ["9,2.0,D3,点数不符,面,,,,@", *good],
        ["4,3.0,D4,面积不符,面,,,,@", *good],
        ["4,30.0,D5,亩,面,,,,@", *good],
        ["4,20000,D6,平方米,面,,,,@", *good],
        ["0,0,D7,无坐标,面,,,,@"],
        ["2,0,D8,两点,面,,,,@", *good[:2]],
    )
    result = read(tmp_path, text)
    assert result.projects["id"].tolist() == [f"D{n}" for n in range(1, 9)]
    found = {(result.projects.set_index("row")["id"].get(row), code) for row, code in codes(result)}
    assert {("D2", "GP-INT-071"), ("D3", "GP-INT-072"), ("D4", "GP-INT-073")} <= found
    assert not {one for one, _ in found} & {"D1", "D5", "D6"}
    located = result.projects.geometry.notna().tolist()
    assert located == [True, False, True, True, True, True, False, False]
    told = result.issues.query("code == 'GP-INT-071'").iloc[0]
    assert "不详" in told["value"]


def test_a_txt_that_is_a_table_stays_a_table(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("名称\t经度\t纬度\t备注\n甲\t114.35\t36.09\t见地块坐标表\n", "utf-8")
    assert not is_parcels(path)
    assert intake(path).projects.geometry.iloc[0] == Point(114.35, 36.09)


# --- round trip ----------------------------------------------------------------------------

metres = st.integers(0, 4_000_000).map(lambda tenths: tenths / 10_000)


@st.composite
def footprints(draw):
    """A rectangle of any corner, perhaps with a hole, perhaps with a second part."""
    x, y = draw(metres), draw(metres)
    shape = box(x, y, x + 100.0001 + draw(metres), y + 50.5 + draw(metres))
    if draw(st.booleans()):
        shape = Polygon(shape.exterior, [box(x + 10.1234, y + 10, x + 30, y + 20.5).exterior])
    return MultiPolygon([shape, translate(OUTER, 5000, draw(metres))]) if draw(
        st.booleans()) else shape  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(footprints(), min_size=1, max_size=4), st.sampled_from(["4526", "4547", "4497"]),
    st.sampled_from(["gb18030", "utf-8"]),
)  # fmt: skip
def test_writing_and_reading_gives_the_printed_digits(tmp_path, drawn, system, encoding):
    named = crs.parse_crs(system)
    east = {"4526": 38e6, "4547": 0, "4497": 19e6}[system] + E0
    placed = [translate(one, east, N0) for one in drawn]
    frame = gpd.GeoDataFrame(
        {"id": range(len(placed)), "name": [f"地块,{at}" for at in range(len(placed))]},
        geometry=placed, crs=named.crs,
    )  # fmt: skip
    path, again = tmp_path / "a.txt", tmp_path / "b.txt"
    assert write_parcels(path, frame, encoding=encoding).empty
    result = intake(path)
    assert result.issues.empty
    assert result.projects.crs == named.crs
    assert result.projects["name"].tolist() == [f"地块，{at}" for at in range(len(placed))]
    for before, after in zip(placed, result.projects.geometry, strict=True):
        assert before.equals_exact(after, 5.1e-5)
    write_parcels(again, result.projects, encoding=encoding)
    assert again.read_bytes() == path.read_bytes()


def test_what_the_format_cannot_hold_is_returned_or_refused(tmp_path):
    frame = gpd.GeoDataFrame(
        {"id": ["a", "b"], "name": ["甲\n乙", None]},
        geometry=[translate(OUTER, E0, N0), None], crs=crs.parse_crs("4547").crs, index=[7, 9],
    )  # fmt: skip
    assert write_parcels(tmp_path / "a.txt", frame).tolist() == [9]
    assert intake(tmp_path / "a.txt").projects["name"].tolist() == ["甲 乙"]
    for other in (frame.to_crs(4490), frame.set_crs("EPSG:2383", allow_override=True)):
        with pytest.raises(CrsError) as caught:
            write_parcels(tmp_path / "b.txt", other)
        assert caught.value.code == "parcels_zone"
    with pytest.raises(OutputError):
        write_parcels(tmp_path / "a.txt" / "c.txt", frame)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_files_never_end_in_a_traceback(tmp_path, data):
    whole = document(*TWO).encode("gbk")
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 30))
    damaged = whole[:at] + data.draw(st.binary(max_size=12)) + whole[at + cut :]
    path = tmp_path / "a.txt"
    path.write_bytes(damaged)
    try:
        result = intake(path)
    except (ProjectsError, CrsError) as error:
        result, said = None, error.word("en")
    if result is None:
        assert said
        return
    unlocated = result.projects[result.projects.geometry.isna()]
    assert unlocated["intake_issues"].notna().all()
