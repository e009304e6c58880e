"""What a revision changes and which change did it, in the square world (worlds.py).

``J66`` is what west is to develop and ``R88`` what east is to develop; a project in west with
J66 complies.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import box

from gisplan.cli.options import gisplan as gisplan_command
from gisplan.errors import GisplanError
from gisplan.plan import Plan, open_plan
from gisplan.revision import (
    FACTORS,
    Factor,
    Version,
    compare_areas,
    compare_definitions,
    flat,
    mixed,
    shapley,
    smallest,
    trace,
)
from tests.worlds import EAST, NORTH, projects, world

ROOT = Path(__file__).resolve().parents[1]
THREE = ROOT / "layers" / "versions" / "three-zones"


def version(plan: Plan, listed: gpd.GeoDataFrame | None = None) -> Version:
    return Version(plan.definition, plan.areas, listed)


def shaped(plan: Plan, **shapes) -> Plan:
    """The plan with some areas drawn otherwise (``None``: without data)."""
    areas = plan.areas.copy()
    for key, shape in shapes.items():
        at = areas.index[areas["id"] == key][0]
        areas.loc[at, "geometry"] = None if shape is None else translate(shape, EAST, NORTH)
    return Plan(plan.definition, areas)


def without(plan: Plan, key: str) -> Plan:
    """The plan as if it had never had a zone."""
    zones = {name: zone for name, zone in plan.definition.zones.items() if name != key}
    definition = plan.definition.model_copy(update={"zones": zones})
    return Plan(definition, plan.areas[plan.areas["id"] != key].reset_index(drop=True))


def changed(plan: Plan, key: str, **update) -> Plan:
    """The plan with other values of one zone."""
    zone = plan.definition.zones[key].model_copy(update=update)
    zones = {**plan.definition.zones, key: zone}
    areas = plan.areas.copy()
    if "accuracy" in update:
        areas.loc[areas["id"] == key, "accuracy"] = update["accuracy"]
    return Plan(plan.definition.model_copy(update={"zones": zones}), areas)


def one(old: Plan, new: Plan, listed: gpd.GeoDataFrame) -> tuple[pd.Series, pd.DataFrame]:
    told = trace(version(old, listed), version(new, listed))
    return told.projects.iloc[0], told.effects


# --- layers -----------------------------------------------------------------------------------


def test_a_square_moved_by_100_metres():
    old = world(50)
    new = shaped(old, east=box(3100, 1000, 5100, 3000))
    row = compare_areas(version(old), version(new)).set_index("area_id").loc["east"]
    assert row["change"] == "moved"
    assert row["moved"] == pytest.approx(100)
    assert row["farthest"] == pytest.approx(100)
    # 100 m wide and 2000 m high on either side.
    assert row["gained"] == pytest.approx(200_000, rel=1e-5)
    assert row["given_up"] == pytest.approx(200_000, rel=1e-5)
    assert row["symmetric"] == pytest.approx(400_000, rel=1e-5)
    assert row["area_change"] == pytest.approx(0, abs=1)
    # σ = √((50² + 50²)/2) = 50 m, and 100 m > 1.645 x 50 m.
    assert row["error"] == pytest.approx(50)
    assert not row["within_accuracy"]


def test_a_movement_within_the_accuracy_is_told_as_such():
    old = world(100)
    new = shaped(old, east=box(3100, 1000, 5100, 3000))
    row = compare_areas(version(old), version(new)).set_index("area_id").loc["east"]
    assert row["within_accuracy"]  # 100 m < 164.5 m


def test_added_removed_supplied_withdrawn_and_renamed():
    old = world()
    frame = compare_areas(version(without(old, "east")), version(old)).set_index("area_id")
    assert frame["change"].to_dict() == {
        "study_area": "same", "west": "same", "east": "added", "axis": "same", "red": "same",
    }  # fmt: skip
    assert frame.loc["east", "gained"] == pytest.approx(4e6, rel=1e-5)
    frame = compare_areas(version(old), version(without(old, "east"))).set_index("area_id")
    assert frame.loc["east", "change"] == "removed"
    frame = compare_areas(version(shaped(old, red=None)), version(old)).set_index("area_id")
    assert frame.loc["red", "change"] == "supplied"
    frame = compare_areas(version(old), version(shaped(old, red=None))).set_index("area_id")
    assert frame.loc["red", "change"] == "withdrawn"
    zone = old.definition.zones["east"]
    zones = {"west": old.definition.zones["west"], "orient": zone}
    areas = old.areas.assign(id=old.areas["id"].replace("east", "orient"))
    renamed = Plan(old.definition.model_copy(update={"zones": zones}), areas)
    frame = compare_areas(version(old), version(renamed)).set_index("area_id")
    assert (frame.loc["orient", "alike"], frame.loc["east", "alike"]) == ("east", "orient")


def test_the_older_version_is_brought_into_the_system_of_the_newer():
    old = world()
    there = old.areas.to_crs("EPSG:4526")
    definition = old.definition.model_copy(update={"crs": "EPSG:4526"})
    frame = compare_areas(Version(definition, there), version(old))
    assert frame["farthest"].max() < 1e-3
    assert frame["symmetric"].max() < 1
    told = trace(Version(definition, there, projects((2000, 2000))), version(old, projects()))
    assert told.projects["id"].tolist() == ["P0"]


# --- fields -----------------------------------------------------------------------------------

_VALUES = st.fixed_dictionaries(
    {
        "accuracy": st.floats(0, 500), "industries": st.lists(
            st.sampled_from(["J66", "R88", "M73"]), max_size=3, unique=True).map(tuple),
    }
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(_VALUES, _VALUES, st.booleans())
def test_putting_new_in_the_place_of_old_turns_one_file_into_the_other(left, right, gone):
    old, new = changed(world(), "west", **left), changed(world(), "west", **right)
    new = without(new, "east") if gone else new
    fields = compare_definitions(old.definition, new.definition)
    told = flat(old.definition)
    for row in fields.itertuples():
        assert told.get(row.path) == row.old
        told[row.path] = row.new
        if row.change == "removed":
            assert row.new is None
            del told[row.path]
    assert told == flat(new.definition)


def test_fields_say_what_they_are_about():
    old = world()
    new = changed(old, "west", clause=None, accuracy=5.0, industries=("M73",))
    policy = old.definition.policy.model_copy(update={"threshold": 0.9, "default_accuracy": 1.0})
    new = Plan(new.definition.model_copy(update={"policy": policy}), new.areas)
    topics = compare_definitions(old.definition, new.definition).set_index("path")["topic"]
    assert topics["zones.west.clause.quote"] == "clause"
    assert topics["zones.west.accuracy"] == topics["policy.default_accuracy"] == "accuracy"
    assert topics["zones.west.industries"] == "industry"
    assert topics["policy.threshold"] == "policy"


def test_the_same_plan_twice_changes_nothing():
    plan, listed = world(30), projects((2000, 2000), (9000, 9000), None)
    assert compare_definitions(plan.definition, plan.definition).empty
    areas = compare_areas(version(plan), version(plan))
    assert set(areas["change"]) == {"same"}
    assert (areas["symmetric"].fillna(0) == 0).all()
    told = trace(version(plan, listed), version(plan, listed))
    assert not told.projects["changed"].any()
    assert (told.projects["basis"] == "").all()
    assert told.effects.empty


# --- causes -----------------------------------------------------------------------------------


def test_nothing_swapped_is_the_older_plan_and_everything_the_newer():
    old = without(shaped(world(20), red=None), "east")
    new = changed(shaped(world(40), axis=None), "west", industries=("M73",))
    listed = projects((2000, 2000), (4000, 2000), (8500, 8500), (5000, 6100))
    for chosen, plan in ((False, old), (True, new)):
        made = mixed(version(old), version(new), lambda _key, _factor, taken=chosen: taken)
        got = Plan(made.definition, made.areas).check(listed)
        expected = plan.check(listed)
        pd.testing.assert_frame_equal(got, expected)


def test_geometry_alone_did_it():
    old = world()
    new = shaped(old, west=box(1000, 1000, 3000, 1500))
    row, effects = one(old, new, projects((2000, 2000)))
    assert (row["old_outcome"], row["new_outcome"]) == ("pass", "conditional")
    assert (row["basis"], row["causes"], row["needed"]) == ("single", "geometry", "geometry")
    assert row["areas"] == "west"
    assert (row["residue_old"], row["residue_new"]) == (0, 0)
    assert effects["share"].tolist() == [1.0]


def test_a_rule_alone_did_it():
    old = world()
    row, _ = one(old, changed(old, "west", industries=("R88",)), projects((2000, 2000)))
    assert (row["basis"], row["causes"], row["areas"]) == ("single", "rule", "west")
    assert row["rules"] == "industry_fit=pass>conditional"


def test_accuracy_alone_did_it():
    old = world()
    # 100 m inside an edge that is now known to 200 m: Φ(100/141) = 0.76 < 0.95.
    row, _ = one(old, changed(old, "west", accuracy=200.0), projects((1100, 2000)))
    assert (row["new_outcome"], row["basis"], row["causes"]) == ("review", "single", "accuracy")


def test_data_that_came_did_it():
    new = world()
    constraint = new.definition.constraints["red"].model_copy(
        update={"source": None, "accuracy": None}
    )
    held = new.definition.model_copy(update={"constraints": {"red": constraint}})
    old = shaped(Plan(held, new.areas), red=None)
    row, _ = one(old, new, projects((8500, 8500)))
    assert (row["old_outcome"], row["new_outcome"]) == ("conditional", "fail")
    assert (row["basis"], row["causes"], row["areas"]) == ("single", "status", "red")


def test_a_new_zone_brings_its_rules_with_its_geometry():
    new = world()
    row, effects = one(without(new, "east"), new, projects((4000, 2000), industry="R88"))
    assert (row["old_outcome"], row["new_outcome"]) == ("conditional", "pass")
    assert (row["basis"], row["causes"], row["areas"]) == ("single", "geometry", "east")
    assert (row["old_zone"], row["new_zone"]) == ("", "east")
    assert effects["factor"].tolist() == ["geometry"]


def test_each_of_two_causes_would_do():
    """Drawn elsewhere and for other industries: either alone makes the project conditional."""
    old = world()
    new = changed(shaped(old, west=box(1000, 1000, 3000, 1500)), "west", industries=("R88",))
    row, effects = one(old, new, projects((2000, 2000)))
    assert row["basis"] == "each"
    assert row["causes"] == "geometry|rule"
    assert row["needed"] == ""  # taking back either leaves the other
    assert (row["residue_old"], row["residue_new"]) == (-1, 1)
    assert effects["share"].tolist() == [0.5, 0.5]
    assert effects["reaches"].all()
    assert not effects["undoes"].any()


def test_only_two_causes_together():
    """East is drawn over the project and for its industry: neither alone makes it comply."""
    old = world()
    drawn = {"west": box(1000, 1000, 1500, 3000), "east": box(1500, 1000, 5000, 3000)}
    before = changed(old, "east", industries=("M73",))
    before = changed(before, "west", industries=("M73",))
    new = changed(shaped(before, **drawn), "east", industries=("J66",))
    row, effects = one(before, new, projects((2000, 2000)))
    assert (row["old_outcome"], row["new_outcome"]) == ("conditional", "pass")
    assert row["basis"] == "joint"
    assert row["causes"] == "geometry+rule"
    assert row["needed"] == "geometry|rule"
    assert (row["residue_old"], row["residue_new"]) == (1, -1)
    assert effects["share"].tolist() == [0.5, 0.5]


def test_two_causes_that_cancel_are_told():
    """Drawn elsewhere, but the policy no longer minds: the outcome stands."""
    old = changed(world(), "west", industries=())
    old = changed(old, "east", industries=())
    unmet = old.definition.policy.unmet.model_copy(update={"location": "pass"})
    policy = old.definition.policy.model_copy(update={"unmet": unmet})
    new = shaped(old, west=box(1000, 1000, 3000, 1500))
    new = Plan(new.definition.model_copy(update={"policy": policy}), new.areas)
    told = trace(*(version(plan, projects((2000, 2000))) for plan in (old, new))).projects.iloc[0]
    assert (told["old_outcome"], told["new_outcome"]) == ("pass", "pass")
    assert (told["basis"], told["causes"]) == ("cancelled", "geometry")


def test_another_list_of_projects_is_a_cause_of_its_own():
    plan = world()
    before = projects((2000, 2000), (4000, 2000), industry="J66")
    after = projects((2000, 9000), (4000, 2000), (1500, 1500), industry="J66").iloc[[0, 2]]
    told = trace(version(plan, before), version(plan, after)).projects.set_index("id")
    assert told.loc["P0", ["basis", "causes"]].tolist() == ["single", "project"]
    assert told.loc["P2", ["basis", "old_outcome"]].tolist() == ["listed", ""]
    assert told.loc["P1", ["basis", "new_outcome"]].tolist() == ["dropped", ""]
    assert set(told.loc[["P1", "P2"], "causes"]) == {"project"}


def test_two_projects_of_one_id_stay_two():
    plan = world()
    listed = projects((2000, 2000), (2000, 9000)).assign(id="A")
    told = trace(version(plan, listed), version(plan, listed.iloc[::-1])).projects
    assert len(told) == 2
    assert told["changed"].all()


@st.composite
def _lattices(draw):
    active = FACTORS[: draw(st.integers(1, 4))]
    subsets = [frozenset(s) for n in range(len(active) + 1) for s in combinations(active, n)]
    codes = {s: draw(st.sampled_from("abc")) for s in subsets}
    codes[frozenset()], codes[frozenset(active)] = "a", "b"
    return active, codes


@settings(deadline=None)
@given(_lattices())
def test_shares_add_up_and_smallest_sets_are_smallest(drawn):
    active, codes = drawn
    shares = shapley({s: float(code == "b") for s, code in codes.items()}, active)
    assert sum(shares.values()) == pytest.approx(1.0)
    found = smallest(codes, "b")
    assert found
    for inputs in found:
        assert codes[inputs] == "b"
        assert not any(codes[s] == "b" for s in codes if s < inputs)
    # Whatever set gives the new outcome holds one of them.
    assert all(any(s >= inputs for inputs in found) for s in codes if codes[s] == "b")


@settings(max_examples=4, deadline=None)
@given(
    st.floats(-600, 600), st.sampled_from([0.0, 150.0]), st.booleans(),
    st.lists(st.tuples(st.integers(500, 5500), st.integers(500, 3500)), min_size=1, max_size=6),
)  # fmt: skip
def test_the_table_says_what_two_checks_say_whatever_changed(shift, accuracy, rule, places):
    old = world(40)
    new = shaped(old, west=box(1000 + shift, 1000, 3000, 3000))
    new = changed(new, "east", accuracy=accuracy)
    new = changed(new, "west", industries=("R88",)) if rule else new
    listed = projects(*places)
    told = trace(version(old, listed), version(new, listed))
    got = told.projects
    assert got["old_outcome"].tolist() == old.check(listed)["outcome"].tolist()
    assert got["new_outcome"].tolist() == new.check(listed)["outcome"].tolist()
    assert (got["changed"] == (got["causes"] != "")).where(got["basis"] != "cancelled", True).all()
    shares = told.effects.groupby("id")["share"].sum()
    assert np.allclose(shares, 1.0)
    # The other way round the same projects change, by the same inputs.
    back = trace(version(new, listed), version(old, listed))
    assert back.projects["changed"].tolist() == got["changed"].tolist()


# --- the shipped versions ---------------------------------------------------------------------


def test_three_zones_are_the_plan_without_its_fourth_area():
    old, new = open_plan(THREE), open_plan()
    fields = compare_definitions(old.definition, new.definition)
    ours = [path for path in fields["path"] if not path.startswith("zones.honghe.")]
    roles = [path for path in ours if path.startswith("goals.roles.")]
    assert set(ours) - set(roles) == {"id", "version", "title.zh", "title.en"}
    for path in roles:  # a role may not name an area that is not there
        row = fields.set_index("path").loc[path]
        assert [area for area in row["new"] if area != "honghe"] == (row["old"] or [])
    areas = compare_areas(version(old), version(new)).set_index("area_id")
    assert areas.index[areas["change"] != "same"].tolist() == ["honghe"]
    assert areas.loc["honghe", "change"] == "added"


def run(*words) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gisplan", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_the_workbook_reconciles_with_the_list(tmp_path):
    path = tmp_path / "对照.xlsx"
    done = run("diff", THREE, "layers", "layers/projects.csv", "-o", path, "--lang", "zh")
    assert done.returncode == 0, done.stderr
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:4] == ["汇总", "图层增减与移动", "图层现状与精度", "条文与规则"]
    page = book["项目结论"]
    assert page.max_row - 1 == 26
    new = open_plan()
    import gisplan

    verdicts = new.check(gisplan.read_projects(ROOT / "layers" / "projects.csv"))
    heads = [cell.value for cell in page[1]]
    said = sorted(row[heads.index("新版结论")].value for row in page.iter_rows(min_row=2))
    from gisplan.labels import Labels

    assert said == sorted(Labels("zh")(f"outcome.{code}") for code in verdicts["outcome"])
    sources = {row[3].value for row in book["两版来源"].iter_rows(min_row=2)}
    assert {new.sha256, open_plan(THREE).sha256} <= sources


def test_hostile_text_stays_text_on_the_page_and_in_the_workbook(tmp_path):
    evil = "=cmd|'/C calc'!A0 <script>alert(1)</script> {{7*7}} {% if %}"
    folder = tmp_path / "plan"
    assert run("init", folder).returncode == 0
    text = (folder / "plan.toml").read_text("utf-8")
    other = tmp_path / "other"
    other.mkdir()
    for part in folder.iterdir():
        (other / part.name).write_bytes(part.read_bytes())
    version_line = next(line for line in text.splitlines() if line.startswith("version"))
    (other / "plan.toml").write_text(text.replace(version_line, f'version = "{evil}"'), "utf-8")
    for name in ("d.html", "d.xlsx"):
        done = run("diff", folder, other, "-o", tmp_path / name, "-q")
        assert done.returncode == 0, done.stderr
    html = (tmp_path / "d.html").read_text("utf-8")
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}} {% if %}" in html
    cells = [c for s in openpyxl.load_workbook(tmp_path / "d.xlsx") for r in s for c in r]
    assert any(c.value == evil and c.data_type == "s" for c in cells)
    assert not any(c.data_type == "f" for c in cells)


def test_mistakes_are_one_line_and_nothing_is_written(tmp_path):
    for words in (
        ("diff", tmp_path, "layers", "-o", tmp_path / "a.xlsx"),
        ("diff", "layers", "layers", "-o", tmp_path / "a.docx"),
        ("diff", "layers", "layers", "--old-projects", "layers/projects.csv"),
    ):
        with pytest.raises(GisplanError) as caught:
            gisplan_command.main([str(word) for word in words], standalone_mode=False)
        assert len(caught.value.word("zh").splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_every_factor_has_its_words():
    from gisplan.labels import LANGUAGES, Labels

    for language in LANGUAGES:
        assert all(Labels(language)(f"revision_factor.{factor}") for factor in Factor)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_counts_outcomes_and_causes(language):
    from gisplan.labels import Labels
    from gisplan.outputs.revision import Compared, revision_figure

    old = world()
    new = changed(shaped(old, west=box(1000, 1000, 3000, 1500)), "east", industries=("J66",))
    listed = projects((2000, 2000), (2000, 1200), (4000, 2000))
    figure = revision_figure(Compared(old, new, old.diff(new, listed), listed), Labels(language))
    assert {"old", "new", "paper"} <= {axes.get_label() for axes in figure.axes}
    said = [text.get_text() for text in figure.axes[0].texts]
    assert Labels(language)("revision_factor.geometry") in said
    assert "1" in said
