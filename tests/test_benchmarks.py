"""The benchmarks run, see a wrong answer, leave no peer out; the docs say what they found."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from benchmarks import results, tables
from benchmarks.goals import GOALS, goals
from benchmarks.measuring import Way, Work, differing, digests, medians, missing, perform
from benchmarks.topics import load_topic, topics

ROOT = Path(__file__).resolve().parents[1]
WAYS = ("gisplan @ 10", "shapely trees @ 10")


def test_one_command_measures_compares_and_keeps(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--only", "few", "--ways", *WAYS,
         "--times", "1", "-o", str(file)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = results.by_way(json.loads(file.read_text("utf-8")), "few")
    assert tuple(rows) == WAYS
    assert [row["wrong"] for row in rows.values()] == [0, 0]
    ours, trees = (row["digests"]["10"] for row in rows.values())
    assert ours == trees
    assert all(row["cpu"] > 0 and row["peak"] > 10 for row in rows.values())
    assert "(all of 10)" in done.stdout


def test_a_wrong_bit_is_seen() -> None:
    true = {"d": np.array([1.0, 2.0, 3.0])}
    found = {"d": np.array([1.0, np.nextafter(2.0, 3), 3.0, 9.0])}
    wrong, apart = differing(found, true, relative=False)
    assert wrong == 1
    assert 0 < apart < 1e-15
    assert digests(found, [1, 3]) != digests(true, [1, 3])
    assert digests(found, [1])["1"] == digests(true, [1])["1"]


def test_set_up_and_work_are_told_apart() -> None:
    def steps(size: int):
        sum(range(3_000_000))
        yield
        yield {"n": np.arange(size)}
        yield {"more": 7}

    work = Work({"it": Way(steps)}, lambda size: {"n": np.arange(size)})
    told = perform(work, "it", 5, [5])
    assert told["setup"] > 5 * told["cpu"]
    assert (told["wrong"], told["more"], told["size"]) == (0, 7, 5)


def test_what_is_not_installed_is_said() -> None:
    assert missing(Way(lambda size: iter(()), ("numpy", "no_such_library"))) == "no_such_library"
    assert missing(Way(lambda size: iter(()), ("numpy",))) == ""
    row = {"work": "w", "way": "peer", "failed": "not installed: peer", "missing": True}
    held = results.merged({"rows": []}, [row], ["peer"])
    assert "not installed: peer" in results.printed(held)
    assert "未安装: peer" in tables.table(held, "w", "zh")


def test_medians_are_of_good_runs() -> None:
    run = dict.fromkeys(("start", "setup", "cpu", "wall", "wall_setup", "peak", "load"), 1.0)
    found = medians([run, run | {"cpu": 3.0}, run | {"cpu": 2.0}, {"failed": "x"}])
    assert (found["cpu"], found["spread"], found["runs"]) == (2.0, 3.0, 3)
    assert medians([{"failed": "x"}]) == {"failed": "x"}


@pytest.mark.parametrize("name", topics())
def test_every_work_holds_ours_and_has_words(name: str) -> None:
    work = load_topic(name)
    assert name == "limits" or any(way.startswith("gisplan") for way in work.ways)
    words = tomllib.loads((ROOT / "benchmarks" / "words.toml").read_text("utf-8"))
    every = [entry for group in words.values() for entry in group.values()]
    assert all(set(entry) == {"zh", "en"} for entry in every)


def test_every_goal_belongs_to_a_work_and_has_a_name() -> None:
    for name, work, *_ in GOALS:
        assert work in topics()
        assert name in tables.WORDS["goal"]
    assert all(goal.met is None for goal in goals({"rows": []}))


def test_a_goal_is_met_or_missed() -> None:
    fast = {"work": "rings", "way": "gisplan", "cpu": 1.0, "size": 10, "apart": 2e-4}
    peer = {"work": "rings", "way": "geopandas", "cpu": 3.5, "size": 10}
    found = {goal.name: goal for goal in goals({"rows": [fast, peer]})}
    assert (found["rings"].found, found["rings"].met) == (pytest.approx(3.5), True)
    assert found["rings_area"].met is False


def test_the_page_says_what_was_measured() -> None:
    page = tables.PAGE.read_text("utf-8")
    assert page.count("<!-- table: ") >= 10
    assert tables.filled(page, results.read()) == page, "run python -m benchmarks.tables"
