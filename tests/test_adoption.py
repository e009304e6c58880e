"""Official layers adopted into a plan: every format, every refusal, and all of it or nothing."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from gisplan.adoption import Statement, adopt, commit, compare_areas, parse_place
from gisplan.cli.options import gisplan
from gisplan.crs import transform
from gisplan.errors import AdoptionError, GisplanError, OutputError
from gisplan.io.official import read_official
from gisplan.io.parcels import write_parcels
from gisplan.io.planfile import append_table, edit_table, toml_value
from gisplan.plan import open_plan
from gisplan.terms import Status

SAID = ("--accuracy", "2", "--source", "某局成果（虚构）", "--as-of", "2026-06-30",
        "--status", "authoritative")  # fmt: skip
EAST, NORTH = 502_000.0, 3_988_000.0
"""Near the synthetic plan of ``gisplan init``, in EPSG:4547."""


def run(*words):
    done = CliRunner().invoke(gisplan, [str(word) for word in words], standalone_mode=False)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.return_value, done.output


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GISPLAN_LANG", "zh")
    run("init", "plan")
    return tmp_path


def add(file, *words, place="zones.zone-1", said=SAID):
    return run("layers", "add", file, "--as", place, "--plan", "plan", *said, *words)


def square(width=1000.0, at=(EAST, NORTH)):
    return box(at[0], at[1], at[0] + width, at[1] + width)


def layer(*shapes, crs=4547, **columns):
    names = columns or {"名称": ["区"] * len(shapes)}
    return gpd.GeoDataFrame(names, geometry=list(shapes), crs=crs)


def snapshot(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def adopted(folder, key="zone-1"):
    areas = open_plan(folder / "plan").areas.set_index("id")
    return areas.loc[key]


# --- every format -------------------------------------------------------------------------------


def write(frame, name):
    if name.endswith(".shp"):
        frame.to_file(name, encoding="GBK")
    elif name.endswith(".gdb"):
        frame.to_file(name, driver="OpenFileGDB", layer="zones")
    elif name.endswith(".dxf"):
        # GDAL writes polygons as hatches; offices draw closed polylines on named layers.
        rings = [LineString(one.exterior.coords) for one in frame.geometry]
        drawn = gpd.GeoDataFrame({"Layer": ["ZONE"] * len(rings)}, geometry=rings)
        drawn.to_file(name, driver="DXF")
    elif name.endswith(".kml"):
        frame.to_crs(4326).rename(columns={"名称": "Name"}).to_file(name, driver="KML")
    elif name.endswith(".txt"):
        write_parcels(Path(name), frame.assign(id="1", name="区"))
    elif name.endswith(".geojson"):
        frame.to_crs(4490).to_file(name, driver="GeoJSON")
    else:
        frame.to_file(name, layer="zones")
    return name


FORMATS = ["区.shp", "区.gdb", "区.gpkg", "区.geojson", "区.dxf", "区.kml", "区.txt"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_every_format_is_adopted_to_the_millimetre_or_its_own_digits(folder, name):
    write(layer(square()), name)
    words = ("--crs", "EPSG:4547") if name.endswith(".dxf") else ()
    status, said = add(name, *words)
    assert status == 0
    one = adopted(folder)
    assert one["status"] == "authoritative"
    assert one["accuracy"] == 2.0
    # 1 mm; KML and GeoJSON in degrees of 7 digits or more: 2 cm.
    assert shapely.hausdorff_distance(one.geometry, square()) < 0.02
    assert one.geometry.area == pytest.approx(1e6, rel=1e-4)
    assert ("由您声明" if words else "坐标系：") in said
    assert name in one["basis"]


def test_the_plan_file_keeps_its_comments_and_its_order(folder):
    before = (folder / "plan" / "plan.toml").read_text("utf-8")
    add(write(layer(square()), "区.gpkg"))
    after = (folder / "plan" / "plan.toml").read_text("utf-8")
    old, new = tomllib.loads(before), tomllib.loads(after)
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]
    changed = new["zones"]["zone-1"]
    assert "where" not in changed
    assert changed["as_of"] == dt.date(2026, 6, 30)
    kept = ("title", "industries")
    assert {k: changed[k] for k in kept} == {k: old["zones"]["zone-1"][k] for k in kept}
    for key in ("source", "where", "status", "accuracy", "as_of", "basis"):
        old["zones"]["zone-1"].pop(key, None)
        changed.pop(key, None)
    assert new == old
    lines = [line.split("=")[0].strip() for line in after.splitlines() if "=" in line]
    assert lines.index("status") < lines.index("accuracy") < lines.index("as_of")


def test_the_old_plan_stays_as_a_version_that_opens(folder):
    before = open_plan(folder / "plan")
    _, said = add(write(layer(square()), "区.gpkg"))
    (version,) = (folder / "plan" / "versions").iterdir()
    assert not list((folder / "plan").glob("*.aux.xml"))
    assert str(version.relative_to(folder)) in said
    kept = open_plan(version)
    assert kept.sha256 == before.sha256
    assert kept.areas.geometry.to_wkb().equals(before.areas.geometry.to_wkb())
    add(write(layer(square(2000)), "大区.gpkg"))
    assert len(list((folder / "plan" / "versions").iterdir())) == 2


def test_a_dry_run_tells_everything_and_writes_nothing(folder):
    write(layer(square()), "区.gpkg")
    before = snapshot(folder)
    status, said = add("区.gpkg", "--dry-run")
    assert status == 0
    assert snapshot(folder) == before
    assert "什么都没有改" in said
    assert '+source = "zone-1-20260630-' in said


def test_the_verdicts_that_change_are_listed(folder):
    write(layer(square()), "区.gpkg")
    centre = gpd.GeoSeries([Point(EAST + 500, NORTH + 500)], crs=4547).to_crs(4326)[0]
    (folder / "list.csv").write_text(
        f"项目编号,项目名称,经度,纬度,行业代码,坐标中误差（米）\nA,甲,{centre.x},{centre.y},J66,1\n",
        "utf-8",
    )
    first = open_plan("plan").check(read("list.csv"))["outcome"].iloc[0]
    _, said = add("区.gpkg", "--projects", "list.csv")
    then = open_plan("plan").check(read("list.csv"))["outcome"].iloc[0]
    assert ("A 甲：" in said) == (first != then)
    assert "1 个项目" in said


def read(name):
    import gisplan as package

    return package.read_projects(name)


# --- what is required, and what is refused ------------------------------------------------------


@pytest.mark.parametrize("at", range(4))
def test_what_no_file_can_tell_is_asked_for(folder, at):
    write(layer(square()), "区.gpkg")
    said = SAID[: 2 * at] + SAID[2 * at + 2 :]
    with pytest.raises(AdoptionError) as caught:
        add("区.gpkg", said=said)
    assert caught.value.code == "adopt_needed"
    assert SAID[2 * at] in caught.value.word("en")


BOWTIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
DOUBLE = Polygon([(0, 0), (9, 0), (9, 9), (0, 9), (0, 0), (3, 3), (6, 3), (6, 6), (3, 6), (3, 3)])


def moved(shape):
    return shapely.affinity.translate(shape, EAST, NORTH)


def mistakes():
    plain = write(layer(square()), "plain.gpkg")
    layer(square()).to_file("two.gpkg", layer="a")
    layer(square()).to_file("two.gpkg", layer="b")
    layer(square(), crs=None).to_file("none.shp")
    layer(LineString([(EAST, NORTH), (EAST + 9, NORTH)])).to_file("line.gpkg", layer="a")
    layer(square(at=(EAST + 300_000, NORTH))).to_file("zone.gpkg", layer="a")
    layer(square(at=(EAST, 400_000))).to_file("south.gpkg", layer="a")
    layer(moved(DOUBLE)).to_file("double.gpkg", layer="a")
    Path("fake.dxf").write_text("<OGRVRTDataSource/>", "utf-8")
    Path("fake.gdb").mkdir()
    Path("note.txt").write_text("hello", "utf-8")
    write(layer(square()), "a.dxf")
    return {
        ("nowhere.shp",): "adopt_missing",
        ("/vsicurl/http://127.0.0.1/a.shp",): "adopt_missing",
        ("fake.dxf",): "adopt_format",
        ("fake.gdb",): "adopt_format",
        ("note.txt",): "adopt_format",
        ("two.gpkg",): "adopt_layer",
        (plain, "--layer", "none"): "adopt_layer",
        ("none.shp",): "adopt_no_crs",
        ("a.dxf",): "adopt_no_crs",
        (plain, "--crs", "EPSG:4549"): "adopt_crs_differs",
        (plain, "--where", "名称 = '无'"): "adopt_no_feature",
        (plain, "--where", "甲 = '无'"): "adopt_column",
        (plain, "--where", "1=1; DROP"): "adopt_where",
        ("line.gpkg",): "adopt_kind",
        ("zone.gpkg",): "adopt_elsewhere",
        ("south.gpkg",): "adopt_elsewhere",
        ("none.shp", "--crs", "EPSG:4549"): "adopt_elsewhere",
        ("double.gpkg",): "adopt_ambiguous",
    }


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_every_mistake_is_one_line_and_nothing_is_written(folder):
    for words, code in mistakes().items():
        before = snapshot(folder / "plan")
        with pytest.raises(AdoptionError) as caught:
            add(*words)
        assert caught.value.code == code, words
        assert "\n" not in caught.value.word("en")
        assert snapshot(folder / "plan") == before
    for place in ("zones", "zones.a.b", "policy.threshold", "zones.", "goals.x"):
        with pytest.raises(AdoptionError) as caught:
            add("plain.gpkg", place=place)
        assert caught.value.code == "adopt_place"
    with pytest.raises(AdoptionError) as caught:
        add("plain.gpkg", place="zones.new")
    assert caught.value.code == "adopt_title"
    with pytest.raises(GisplanError) as unsound:
        add("plain.gpkg", "--title", "新", place="zones.大写")
    assert "/tmp/gisplan-" not in unsound.value.word("en")
    with pytest.raises(AdoptionError) as caught:
        add("plain.gpkg", "--title", "新", place="constraints.new")
    assert caught.value.code == "adopt_extra"
    assert snapshot(folder / "plan") == before


def test_the_shipped_example_is_not_changed(folder):
    write(layer(square()), "区.gpkg")
    with pytest.raises(AdoptionError) as caught:
        run("layers", "add", "区.gpkg", "--as", "zones.laocheng", *SAID)
    assert caught.value.code == "adopt_example"


def test_a_write_that_fails_leaves_the_folder_as_it_was(folder, monkeypatch):
    write(layer(square()), "区.gpkg")
    before = snapshot(folder / "plan")
    plan = open_plan("plan")
    said = Statement(2.0, "虚构", dt.date(2026, 6, 30), Status.AUTHORITATIVE)
    weighed = adopt(plan, ("zones", "zone-1"), read_official(Path("区.gpkg")), said)
    (folder / "plan" / "plan.toml").chmod(0o444)
    with pytest.raises(OutputError):
        commit(weighed)
    (folder / "plan" / "plan.toml").chmod(0o644)
    left = snapshot(folder / "plan")
    assert {name: left[name] for name in before} == before
    assert not [name for name in left if name.endswith(".gpkg") or "versions" in name]


def test_a_plan_changed_meanwhile_is_not_overwritten(folder):
    write(layer(square()), "区.gpkg")
    said = Statement(2.0, "虚构", dt.date(2026, 6, 30), Status.AUTHORITATIVE)
    weighed = adopt(open_plan("plan"), ("zones", "zone-1"), read_official(Path("区.gpkg")), said)
    path = folder / "plan" / "plan.toml"
    path.write_text(path.read_text("utf-8") + "\n# 别人的改动\n", "utf-8")
    with pytest.raises(AdoptionError) as caught:
        commit(weighed)
    assert caught.value.code == "adopt_changed"
    assert "别人的改动" in path.read_text("utf-8")


# --- what is told -------------------------------------------------------------------------------


def weigh(*shapes, place="zones.zone-1", accuracy=2.0, **words):
    layer(*shapes).to_file("w.gpkg", layer="a")
    plan = open_plan("plan")
    said = Statement(accuracy, "虚构", dt.date(2026, 6, 30), Status.DERIVED, **words)
    lines = place.startswith("corridors")
    official = read_official(Path("w.gpkg"), lines=lines)
    return adopt(plan, parse_place(place, plan), official, said)


def test_areas_moves_and_shares_are_mental_arithmetic(folder):
    first = weigh(square())
    commit(first)
    again = weigh(square(at=(EAST + 500, NORTH)))
    told = compare_areas(again)
    assert told["moved"] == pytest.approx(500)
    assert told["apart"] == pytest.approx(500, abs=1)
    assert told["shared"] == pytest.approx(1 / 3)
    # Ellipsoidal: the plane area less the scale of Gauss-Krüger, 1 + x²/2R² at x ≈ 2.5 km.
    assert told["after"] == pytest.approx(1e6, rel=1e-5)


def test_topology_is_told(folder):
    ring = Polygon(square(5000).exterior.coords, [box(EAST + 100, NORTH + 100, EAST + 101,
                                                     NORTH + 900).exterior.coords])  # fmt: skip
    thin = box(EAST + 6000, NORTH, EAST + 6001, NORTH + 500)
    told = dict(weigh(ring, thin, moved(BOWTIE)).topology)
    assert told["features"] == {"n": 3, "repaired": 1}
    assert told["narrow_part"]["n"] == 1
    assert told["narrow_part"]["area"] == pytest.approx(500, rel=0.01)
    assert told["narrow_hole"]["n"] == 1
    assert "50.0 m²" in told["repair"]["value"]


def test_overlaps_slivers_and_gaps_beside_a_neighbour(folder):
    commit(weigh(square(2000)))
    beside = box(EAST + 1500, NORTH, EAST + 4000, NORTH + 2000)
    told = weigh(beside, place="zones.new", title="新区（虚构）").topology
    (overlap,) = [values for code, values in told if code == "overlap"]
    assert overlap["other"] == "zone-1"
    assert overlap["area"] == pytest.approx(500 * 2000)
    assert overlap["width"] == pytest.approx(500)
    nearly = box(EAST + 1999, NORTH, EAST + 4000, NORTH + 2000)
    told = weigh(nearly, place="zones.new", title="新区（虚构）").topology
    assert [values["other"] for code, values in told if code == "sliver"] == ["zone-1"]
    frame = Polygon(
        box(EAST - 500, NORTH - 500, EAST + 2500, NORTH + 2500).exterior.coords,
        [box(EAST - 3, NORTH - 3, EAST + 2003, NORTH + 2003).exterior.coords],
    )
    told = dict(weigh(frame, place="zones.new", title="环（虚构）").topology)
    assert "overlap" not in told
    around = box(EAST - 500, NORTH - 500, EAST + 2500, NORTH + 2500)
    bite = around.difference(box(EAST - 10, NORTH - 10, EAST + 2000, NORTH + 2000)).difference(
        box(EAST, NORTH, EAST + 2000, NORTH + 2000)
    )
    told = dict(weigh(bite, place="zones.new", title="缺（虚构）").topology)
    assert told.get("gap") is not None or "narrow_hole" in told


def test_new_zones_corridors_and_constraints(folder):
    commit(weigh(square(), place="zones.new", title="新区（虚构）"))
    road = LineString([(EAST, NORTH), (EAST + 3000, NORTH)])
    commit(weigh(road, place="corridors.road", title="新路（虚构）", extra={"within": 200.0}))
    commit(weigh(square(300), place="constraints.redline"))
    plan = open_plan("plan")
    assert plan.definition.zones["new"].title.zh == "新区（虚构）"
    assert plan.definition.corridors["road"].within == 200
    assert plan.definition.unchecked == ()
    text = (folder / "plan" / "plan.toml").read_text("utf-8")
    assert text.index("[zones.new]") < text.index("\n[corridors.corridor-1]")
    assert text.index("[corridors.road]") < text.index("[constraints.redline]")


# --- the editor of plan.toml --------------------------------------------------------------------


def test_a_table_that_cannot_be_edited_safely_is_refused(folder):
    inline = 'zones = { a = { title = { zh = "甲" }, source = "x" } }\n'
    for text in (inline, '[zones]\n"a" = { source = "x" }\n', '[zones.a]\nsource = """x\ny"""\n'):
        with pytest.raises(AdoptionError):
            edit_table(text, ("zones", "a"), {"source": "y"})


@given(
    value=st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.floats(0, 1e6, allow_nan=False), st.dates(),
    ),
    comment=st.sampled_from(["", " # 注：\"引号\" = 1", "#x", "   # [zones.b]"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    old=st.sampled_from(['"a # b"', "'a # b'", "120", "2026-01-01", '"q"']),
)  # fmt: skip
def test_editing_changes_one_value_and_no_other_character(value, comment, ending, old):
    lines = ["# 头", 'x = "[zones.a]"', "[zones.a]  # 甲", f"key = {old}{comment}", "# 尾", "",
             "[zones.b]", "key = 1"]  # fmt: skip
    text = ending.join(lines)
    new = edit_table(text, ("zones", "a"), {"key": value})
    wanted = ending.join([*lines[:3], f"key = {toml_value(value)}{comment}", *lines[4:]])
    assert new == wanted
    assert tomllib.loads(new)["zones"]["a"]["key"] == value


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_is_written_as_text(text):
    new = append_table("[zones.a]\nk = 1\n\n[policy]\n", ("zones", "b"), {"title": {"zh": text}})
    assert tomllib.loads(new)["zones"]["b"] == {"title": {"zh": text}}
    assert new.index("[zones.b]") < new.index("[policy]")


def test_multi_line_values_beside_the_keys_are_left_alone():
    text = '[zones.a]\nindustries = [\n  "J66",  # 金融\n]\ntitle = { zh = "甲" }\n'
    new = edit_table(text, ("zones", "a"), {"source": "x.gpkg"})
    assert tomllib.loads(new)["zones"]["a"]["industries"] == ["J66"]
    assert "# 金融" in new


def test_an_offset_is_taken_off_only_where_the_user_names_it(folder):
    shifted = transform(layer(square()), "gcj02").set_crs(4326, allow_override=True)
    shifted.to_file("高德.geojson", driver="GeoJSON")
    plain = read_official(Path("高德.geojson"))
    assert plain.frame.to_crs(4547).geometry[0].centroid.distance(square().centroid) > 400
    true = read_official(Path("高德.geojson"), crs="gcj02")
    assert ("offset_taken_off", "gcj02") in true.evidence
    assert true.frame.to_crs(4547).geometry[0].hausdorff_distance(square()) < 0.5


def test_multipolygons_and_heights_stay_what_they_are(folder):
    both = MultiPolygon([square(500), square(500, at=(EAST + 1000, NORTH))])
    high = shapely.force_3d(both, 88.0)
    shape = weigh(high).new.areas.set_index("id").loc["zone-1"].geometry
    assert shape.area == pytest.approx(5e5)
    assert not shapely.has_z(shape)
    assert np.isfinite(shape.area)
