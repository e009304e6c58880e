"""Where an adopted constraint has data, what its file tells, and layers of a geodatabase."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely.geometry import LineString, Point, box

from gisplan.errors import AdoptionError
from gisplan.io.provenance import read_provenance
from gisplan.plan import open_plan
from tests.test_adoption import (
    EAST,
    NORTH,
    add,
    adopted,
    folder,  # noqa: F401 - the fixture is used by name
    layer,
    read,
    run,
    snapshot,
    square,
    write,
)


def outcomes(where, *places):
    rows = []
    for number, (east, north) in enumerate(places):
        point = gpd.GeoSeries([Point(east, north)], crs=4547).to_crs(4326)[0]
        rows.append(f"A{number},甲,{point.x:.9f},{point.y:.9f},J66,1\n")
    head = "项目编号,项目名称,经度,纬度,行业代码,坐标中误差（米）\n"
    (where / "list.csv").write_text(head + "".join(rows), "utf-8")
    return list(open_plan("plan").check(read("list.csv"))["clear_of:redline"])


def test_the_coverage_of_an_old_layer_does_not_speak_for_a_new_one(folder):  # noqa: F811
    """Redline of 1 km; data known 4 km around it, then 2 km; two places 1.5 and 3 km away."""
    write(layer(square()), "红线.gpkg")
    write(layer(box(EAST - 4000, NORTH - 4000, EAST + 5000, NORTH + 5000)), "范围一.gpkg")
    write(layer(box(EAST - 2000, NORTH - 2000, EAST + 3000, NORTH + 3000)), "范围二.gpkg")
    near, far = (EAST + 2500, NORTH + 500), (EAST + 4000, NORTH + 500)
    _, said = add("红线.gpkg", "--coverage", "范围一.gpkg", place="constraints.redline")
    assert "覆盖范围：范围一.gpkg（坐标系：" in said
    assert outcomes(folder, near, far) == ["pass", "pass"]
    before = snapshot(folder / "plan")
    with pytest.raises(AdoptionError) as caught:
        add("红线.gpkg", place="constraints.redline")
    assert caught.value.code == "adopt_coverage"
    assert snapshot(folder / "plan") == before
    add("红线.gpkg", "--coverage", "范围二.gpkg", place="constraints.redline")
    assert outcomes(folder, near, far) == ["pass", "unknown"]
    add("红线.gpkg", "--coverage", "keep", place="constraints.redline")
    assert outcomes(folder, near, far) == ["pass", "unknown"]
    _, said = add("红线.gpkg", "--coverage", "all", place="constraints.redline")
    assert "视为规划范围内都有数据" in said
    assert outcomes(folder, near, far) == ["pass", "pass"]
    for version in (folder / "plan" / "versions").iterdir():
        open_plan(version)


def test_a_coverage_is_for_a_constraint_and_must_be_near_and_of_polygons(folder):  # noqa: F811
    write(layer(square()), "区.gpkg")
    write(layer(square(at=(EAST + 300_000, NORTH))), "远.gpkg")
    write(layer(LineString([(EAST, NORTH), (EAST + 9, NORTH)])), "线.gpkg")
    before = snapshot(folder / "plan")
    for place, coverage, code in (
        ("zones.zone-1", "区.gpkg", "adopt_coverage_of"),
        ("constraints.redline", "远.gpkg", "adopt_elsewhere"),
        ("constraints.redline", "线.gpkg", "adopt_kind"),
        ("constraints.redline", "无.gpkg", "adopt_missing"),
    ):
        with pytest.raises(AdoptionError) as caught:
            add("区.gpkg", "--coverage", coverage, place=place)
        assert caught.value.code == code
        assert snapshot(folder / "plan") == before


def test_the_file_of_an_adopted_layer_tells_what_it_was_made_of(folder):  # noqa: F811
    write(layer(square()), "区.shp")
    add("区.shp")
    (path,) = (folder / "plan").glob("zone-1-*.gpkg")
    facts = read_provenance(path)
    assert (facts["as"], facts["accuracy"], facts["status"]) == ("zones.zone-1", 2.0,
                                                                 "authoritative")  # fmt: skip
    assert "某局成果（虚构）" in facts["basis"]
    assert run("verify", path, "--look-in", folder)[0] == 0
    write(layer(square(900)), "区.shp")
    status, said = run("verify", path, "--look-in", folder)
    assert status == 1
    assert "区.shp 变了" in said


def test_of_a_geodatabase_with_several_layers_one_is_named(folder):  # noqa: F811
    layer(square()).to_file("库.gdb", driver="OpenFileGDB", layer="zones")
    layer(square(300)).to_file("库.gdb", driver="OpenFileGDB", layer="红线")
    with pytest.raises(AdoptionError) as caught:
        add("库.gdb")
    assert caught.value.code == "adopt_layer"
    assert "红线" in caught.value.word("zh")
    _, said = add("库.gdb", "--layer", "红线", place="constraints.redline")
    assert "图层：红线" in said
    assert adopted(folder, "redline").geometry.area == pytest.approx(300**2, rel=1e-6)
