"""A layer past its last day: every answer says so, and no outcome is made up for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from gisplan.errors import PlanError
from gisplan.io.layers import read_definition
from gisplan.labels import Labels
from gisplan.plan import example_folder, open_plan
from gisplan.wording import status_of

LISTED = example_folder() / "projects.csv"
DAY = "1795564800"  # 25 November 2026


@pytest.fixture
def plan_folder(tmp_path):
    """The shipped plan; its zone laocheng held until the day before, dongbu-cbd until the day."""
    folder = tmp_path / "plan"
    folder.mkdir()
    for file in example_folder().glob("*.geojson"):
        (folder / file.name).write_bytes(file.read_bytes())
    text = (example_folder() / "plan.toml").read_text("utf-8")
    first, second = (f"[zones.{key}]\n" for key in ("laocheng", "dongbu-cbd"))
    assert first in text
    assert second in text
    text = text.replace(first, f"{first}valid_until = 2026-11-24\n")
    text = text.replace(second, f"{second}valid_until = 2026-11-25\n")
    (folder / "plan.toml").write_text(text, "utf-8")
    return folder


def _run(*words, cwd=None, day=DAY):
    done = subprocess.run(
        [sys.executable, "-m", "gisplan", *map(str, words)], cwd=cwd, capture_output=True,
        text=True, encoding="utf-8", env={**os.environ, "SOURCE_DATE_EPOCH": day}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def test_a_layer_holds_on_its_last_day_and_not_on_the_next(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", DAY)
    told = [
        status_of("schematic", day, Labels("zh"))
        for day in ("2026-11-24", "2026-11-25", None, pd.NaT, pd.Timestamp("2026-11-26"))
    ]
    assert told == [
        "示意（有效至 2026-11-24，已过期）", "示意（有效至 2026-11-25）", "示意", "示意",
        "示意（有效至 2026-11-26）",
    ]  # fmt: skip


def test_every_output_of_a_check_says_that_a_layer_is_out_of_date(plan_folder, tmp_path):
    book = tmp_path / "out.xlsx"
    done = _run("check", LISTED, "--plan", plan_folder, "-o", book)
    assert "1 个图层已过有效期：老城区（2026-11-24）" in done.stderr
    sheets = openpyxl.load_workbook(book)
    cells = [str(c) for sheet in sheets for row in sheet.iter_rows(values_only=True) for c in row]
    assert any(cell == "示意（有效至 2026-11-24，已过期）" for cell in cells)  # the layer's row
    # The reasons of those in it:
    assert any(cell.startswith("laocheng 示意（有效至 2026-11-24，已过期）") for cell in cells)
    english = _run("check", LISTED, "--plan", plan_folder, "--lang", "en")
    assert "layers out of date (1): Old Town (2026-11-24)" in english.stderr
    page = tmp_path / "map.html"
    _run("map", "--plan", plan_folder, "-o", page)
    assert "有效至 2026-11-24，已过期" in page.read_text("utf-8")
    report = tmp_path / "report.html"
    _run("report", LISTED, "--plan", plan_folder, "-o", report)
    told = report.read_text("utf-8")
    assert "有效至 2026-11-24，已过期" in told  # in the table of layers
    assert "1 个图层已过有效期：老城区（2026-11-24）" in told  # and on the first page


def test_info_tells_until_when_a_layer_holds(plan_folder):
    assert "示意（有效至 2026-11-24，已过期）" in _run("info", "--plan", plan_folder).stdout
    told = json.loads(_run("info", "--plan", plan_folder, "--json").stdout)
    days = {one["id"]: one["valid_until"] for one in told["layers"]}
    assert (days["laocheng"], days["honghe"]) == ("2026-11-24", None)


def test_no_outcome_and_no_hash_of_the_rules_changes(plan_folder):
    from gisplan.io.projects import read_projects
    from gisplan.results import Run

    projects = read_projects(LISTED)
    dated, plain = open_plan(plan_folder), open_plan()
    pd.testing.assert_frame_equal(dated.check(projects), plain.check(projects))
    hashes = [Run.of_plan(one).facts["rules_sha256"] for one in (dated, plain)]
    assert hashes[0] == hashes[1]
    changed = plain.diff(dated).fields
    assert set(changed["path"]) >= {"zones.laocheng.valid_until"}


def test_a_layer_that_is_adopted_does_not_inherit_the_last_day_of_the_old_one(plan_folder):
    zones = gpd.read_file(example_folder() / "zones.geojson").to_crs(4547)
    official = Path(plan_folder).parent / "official.gpkg"
    zones[zones["id"] == "laocheng"].to_file(official)
    said = ("--accuracy", 5, "--source", "测试", "--as-of", "2026-11-25", "--status", "derived")
    _run("layers", "add", official, "--as", "zones.laocheng", "--plan", plan_folder, *said)
    assert read_definition(plan_folder).zones["laocheng"].valid_until is None


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_a_file_made_while_a_layer_held_is_what_it_was_when_it_holds_no_more(
    plan_folder, tmp_path, ending
):
    """Made on the 24th, verified on the 25th; and the other way round."""
    book, before = tmp_path / f"out{ending}", str(int(DAY) - 86_400)
    for made, later in ((before, DAY), (DAY, before)):
        _run("check", LISTED, "--plan", plan_folder, "-o", book, day=made)
        words = ("verify", book, "--plan", plan_folder, "--projects", LISTED)
        assert "一致" in _run(*words, day=later).stdout


def test_what_has_no_data_is_unchecked_and_not_out_of_date(plan_folder):
    """No verdict rests on a layer that is not there."""
    file = plan_folder / "plan.toml"
    text, table = file.read_text("utf-8"), "[constraints.redline]\n"
    assert table in text
    file.write_text(text.replace(table, f"{table}valid_until = 2020-01-01\n"), "utf-8")
    said = _run("check", LISTED, "--plan", plan_folder).stderr
    assert "1 个图层已过有效期：老城区（2026-11-24）；" in said
    assert "未核查：生态保护红线" in said


@pytest.mark.parametrize("day", ["2026-11-25T10:00:00", "2026", '"长期"'])
def test_a_last_day_that_is_no_day_is_told_in_the_readers_language(plan_folder, day):
    file = plan_folder / "plan.toml"
    text = file.read_text("utf-8").replace("valid_until = 2026-11-24", f"valid_until = {day}")
    file.write_text(text, "utf-8")
    with pytest.raises(PlanError) as caught:
        read_definition(plan_folder)
    told = caught.value.word("zh")
    assert "laocheng.valid_until" in told
    assert "应为日期，如 2026-11-23" in told
