"""The plan folder: what ships, what a mistake says, and that layers are never read wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from shapely.geometry import box

import gisplan
from gisplan.definition import PlanDefinition
from gisplan.errors import PlanError
from gisplan.io.projects import read_projects
from gisplan.plan import example_folder, open_plan

QUOTED = Path(__file__).parent / "data" / "plan_sentences.txt"


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped plan to spoil."""
    return Path(shutil.copytree(example_folder(), tmp_path / "plan"))


def edit(folder: Path, *changes: tuple[str, str]) -> None:
    text = (folder / "plan.toml").read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / "plan.toml").write_text(text, "utf-8")


def test_the_shipped_plan_has_four_zones_three_corridors_and_three_unchecked_lines():
    plan = open_plan()
    kinds = plan.areas["kind"].value_counts()
    assert (kinds["zone"], kinds["corridor"], kinds["constraint"], kinds["study_area"]) == (
        4,
        3,
        3,
        1,
    )
    titles = {layer.title.zh for _, _, layer in plan.definition.layers()}
    assert {
        "老城区",
        "东部CBD",
        "南部商务区",
        "洪河科技创新区",
        "文峰大道",
        "中华路",
        "洪河",
    } <= titles
    assert plan.definition.unchecked == ("redline", "farmland", "growth-boundary")
    assert not [one for one in plan.findings if one.level != "info"]


def test_every_shipped_feature_says_what_it_rests_on():
    for name in ("zones", "corridors", "study_area"):
        features = json.loads((example_folder() / f"{name}.geojson").read_text("utf-8"))["features"]
        for feature in features:
            told = feature["properties"]
            assert told["status"] == "schematic"
            assert told["basis"]
            assert told["as_of"] == "2026-11-23"
            layer = open_plan().definition.layer(told["id"])
            assert (told["accuracy_m"], told["basis"]) == (layer.accuracy, layer.basis)


def test_clauses_are_the_plans_own_words():
    sentences = QUOTED.read_text("utf-8")
    clauses = [layer.clause for _, _, layer in open_plan().definition.layers() if layer.clause]
    assert len(clauses) == 7
    for clause in clauses:
        assert clause.quote in sentences


def test_the_old_town_measures_what_its_streets_enclose():
    # 114.3400-114.3589 x 36.0898-36.1043: 1.70 km x 1.61 km
    plan = open_plan()
    area = plan.areas.set_index("id").loc["laocheng", "geometry"].area
    assert area == pytest.approx(1.702e3 * 1.609e3, rel=0.005)


def test_all_mistakes_are_told_at_once_each_with_its_line(folder):
    edit(
        folder,
        ("accuracy = 120", "acuracy = 120"),
        ("within = 500", "within = -5"),
        ('effect = "prohibit"', 'effect = "ban"'),
        ('"R88", "R90", "N786"', '"88", "R90", "N786"'),
    )
    with pytest.raises(PlanError) as caught:
        open_plan(folder)
    lines = (folder / "plan.toml").read_text("utf-8").splitlines()
    said = [one.word("zh") for one in caught.value.findings]
    assert len(said) == 4
    for wrong in ("acuracy", "within", "effect", "industries"):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(wrong))
        assert any(f"plan.toml:{number} " in one and wrong in one for one in said), wrong
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('source = "zones.geojson"', 'source = "nowhere.geojson"', "source_missing"),
        ('source = "zones.geojson"', 'source = "/vsicurl/x.geojson"', "source_refused"),
        ("id = 'laocheng'", "id = 'atlantis'", "no_feature"),
        ("id = 'laocheng'", "nom = 'laocheng'", "no_column"),
        ('source = "corridors.geojson"', 'source = "zones.geojson"', "no_feature"),
        ('crs = "EPSG:4547"', 'crs = "EPSG:4490"', "crs"),
        ('crs = "EPSG:4547"', 'crs = "Mars"', "crs"),
    ],
)
def test_a_layer_that_cannot_be_read_is_named(folder, old, new, code):
    edit(folder, (old, new))
    with pytest.raises(PlanError) as caught:
        open_plan(folder)
    assert code in [one.code for one in caught.value.findings]


def test_a_layer_of_the_wrong_kind_is_refused(folder):
    edit(
        folder,
        ('source = "corridors.geojson"\nwhere = "id = \'wenfeng\'"', 'source = "zones.geojson"'),
    )
    with pytest.raises(PlanError) as caught:
        open_plan(folder)
    assert [one.code for one in caught.value.findings] == ["not_line"]


def test_ids_are_unique_in_the_whole_plan(folder):
    edit(
        folder,
        ("[corridors.zhonghua]", "[corridors.nanbu]"),
        ("[corridors.zhonghua.clause]", "[corridors.nanbu.clause]"),
    )
    with pytest.raises(PlanError) as caught:
        open_plan(folder)
    assert [one.code for one in caught.value.findings] == ["ids_twice"]


def test_a_self_crossing_zone_is_repaired_with_a_word(folder):
    crossing = [[114.34, 36.09], [114.36, 36.11], [114.36, 36.09], [114.34, 36.11], [114.34, 36.09]]
    bow_tie = {"type": "Polygon", "coordinates": [crossing]}
    data = json.loads((folder / "zones.geojson").read_text("utf-8"))
    data["features"][0]["geometry"] = bow_tie
    (folder / "zones.geojson").write_text(json.dumps(data), "utf-8")
    assert "repaired" in [one.code for one in open_plan(folder).findings]


def test_overlapping_zones_are_reported(folder):
    data = json.loads((folder / "zones.geojson").read_text("utf-8"))
    data["features"][1]["geometry"] = box(114.35, 36.09, 114.40, 36.10).__geo_interface__
    (folder / "zones.geojson").write_text(json.dumps(data), "utf-8")
    overlaps = [one for one in open_plan(folder).findings if one.code == "overlap"]
    assert [(one.place, one.values["other"]) for one in overlaps] == [
        ("zone.laocheng", "dongbu-cbd")
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_a_plan_file_saved_by_notepad_is_read(folder, encoding):
    text = (folder / "plan.toml").read_text("utf-8")
    (folder / "plan.toml").write_bytes(text.encode(encoding))
    assert open_plan(folder).definition.name("laocheng") == "老城区"


def test_replacing_a_schematic_is_one_edit(folder):
    """The official layer goes into the folder; source, status and accuracy are edited."""
    import geopandas as gpd

    official = gpd.GeoDataFrame(
        {"名称": ["老城"]}, geometry=[box(114.345, 36.092, 114.355, 36.102)], crs=4490
    )
    official.to_crs(4526).to_file(folder / "official.gpkg", driver="GPKG")
    edit(
        folder,
        ('source = "zones.geojson"\nwhere = "id = \'laocheng\'"', 'source = "official.gpkg"'),
        ('status = "schematic"\naccuracy = 120', 'status = "authoritative"\naccuracy = 2'),
    )
    plan = open_plan(folder)
    projects = gisplan.read_projects(example_folder() / "projects.csv")
    row = plan.areas.set_index("id").loc["laocheng"]
    assert (row["status"], row["accuracy"]) == ("authoritative", 2)
    assert row.geometry.area == pytest.approx(902 * 1110, rel=0.01)
    assert len(plan.check(projects)) == 26


def test_a_definition_is_frozen_and_has_a_schema():
    definition = open_plan().definition
    with pytest.raises(ValueError, match="frozen"):
        definition.id = "other"
    assert "zones" in PlanDefinition.model_json_schema()["properties"]


def test_the_plan_shows_itself_in_a_notebook_as_text(folder):
    edit(folder, ('zh = "老城区"', 'zh = "<img src=x onerror=alert(1)>"'))
    shown = open_plan(folder)._repr_html_()
    assert "<img" not in shown
    assert "&lt;img" in shown
    assert "中华路主要发展现代金融、现代商贸业" in shown


def test_a_constraint_without_data_is_told_as_not_compared() -> None:
    """Its code stays unknown; beside a project that complies, "data missing" would contradict."""
    plan = open_plan()
    told = plan.explain(read_projects(example_folder() / "projects.csv"), language="zh")
    silent = told[told["rule"] == "clear_of:redline"]
    assert set(silent["outcome"].astype(str)) == {"unknown"}
    assert set(silent["outcome_title"]) == {"未核查"}
    assert "未核查" not in set(told.loc[~told["rule"].str.startswith("clear_of"), "outcome_title"])
