"""Lists in parts and on Dask: the verdicts of the list at once, whatever is killed on the way."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from pandas.testing import assert_frame_equal
from shapely.geometry import box

from gisplan.bulk import NOTE, Kernel, check_files, check_partitions, parts_of
from gisplan.cli import main  # noqa: F401 - declares the commands
from gisplan.cli.options import gisplan
from gisplan.crs import WGS84, transform
from gisplan.errors import GisplanError, OutputError, ProjectsError
from gisplan.io.projects import read_projects
from gisplan.plan import open_plan
from tests.worlds import projects, world

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS, GROUP = 4000, 500


@pytest.fixture(scope="module")
def plan():
    return open_plan()


@pytest.fixture(scope="module")
def kernel(plan):
    return Kernel(plan.definition, plan.areas, plan.sha256)


@pytest.fixture(scope="module")
def listed() -> pd.DataFrame:
    """Synthetic projects over and around the district, seeded."""
    random = np.random.default_rng(20261124)
    codes = np.array(["J66", "R88", "E48", "J", "x?", None], dtype=object)
    return pd.DataFrame(
        {
            "id": [f"P{at}" for at in range(ROWS)],
            "name": [f"合成{at}" if at % 97 else None for at in range(ROWS)],
            "lon": random.uniform(114.30, 114.47, ROWS).round(7),
            "lat": random.uniform(36.00, 36.14, ROWS).round(7),
            "industry_code": codes[random.integers(0, 6, ROWS)],
            "accuracy": np.where(random.random(ROWS) < 0.5, 5.0, np.nan),
        }
    )


@pytest.fixture(scope="module")
def source(listed, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("source") / "list.parquet"
    pq.write_table(pa.Table.from_pandas(listed, preserve_index=False), path, row_group_size=GROUP)
    return path


def told(path: Path) -> pd.DataFrame:
    return pq.read_table(path).to_pandas()


def same_verdicts(found: pd.DataFrame, verdicts: pd.DataFrame) -> None:
    """Compare to the last bit; a missing text is one, in whatever way it is missing."""
    for name in verdicts:
        mine, its = found[name], verdicts[name].reset_index(drop=True)
        if mine.dtype == "float64":
            np.testing.assert_array_equal(mine, its, err_msg=name)
        else:
            texts = [one.astype("object").where(one.notna(), None).tolist() for one in (mine, its)]
            assert texts[0] == texts[1], name


def fingerprints(folder: Path) -> dict[str, str]:
    parts = sorted(folder.glob("part-*.parquet"))
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in parts}


def test_a_list_in_parts_is_the_list_at_once(source, plan, kernel, tmp_path):
    tally = check_files(kernel, [source], tmp_path / "out.parquet", rows=1200)
    verdicts = plan.check(read_projects(source))
    found = told(tmp_path / "out.parquet")
    same_verdicts(found, verdicts.assign(issues=verdicts["issues"]))
    assert tally == verdicts["outcome"].value_counts().to_dict()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.parquet"]


def test_geoparquet_of_points_and_footprints_is_the_list_at_once(tmp_path):
    plan = world(50)
    shapes = [(2000, 2000), (3000, 2000), box(2900, 1500, 3100, 1600), None, (8050, 8050)]
    frame = transform(projects(*shapes), WGS84)
    for name, part in {"mixed": frame, "points": frame.iloc[[0, 1, 4]]}.items():
        file = tmp_path / f"{name}.parquet"
        part.to_parquet(file)
        check_files(Kernel(plan.definition, plan.areas), [file], tmp_path / f"{name}-out.parquet")
        found = gpd.read_parquet(tmp_path / f"{name}-out.parquet")
        assert found.crs == frame.crs
        same_verdicts(found, plan.check(read_projects(file)))


def test_places_that_need_reading_are_read_as_in_a_list(listed, plan, kernel, tmp_path):
    odd = listed.head(40).copy()
    odd.loc[[1, 2, 3], "lon"] = [0.0, 36.1, 999.0]
    odd.loc[[1, 2, 4], "lat"] = [0.0, 114.4, np.nan]
    file = tmp_path / "odd.parquet"
    odd.to_parquet(file, index=False)
    check_files(kernel, [file], tmp_path / "out.parquet")
    same_verdicts(told(tmp_path / "out.parquet"), plan.check(read_projects(file)))


def test_what_the_list_holds_passes_through(source, listed, kernel, tmp_path):
    check_files(kernel, [source], tmp_path / "out.parquet")
    assert_frame_equal(told(tmp_path / "out.parquet")[list(listed)], listed, check_dtype=False)


def test_a_column_called_like_a_verdict_keeps_its_values(listed, kernel, tmp_path):
    file = tmp_path / "named.parquet"
    listed.head(5).assign(outcome="mine").to_parquet(file, index=False)
    check_files(kernel, [file], tmp_path / "out.parquet")
    assert told(tmp_path / "out.parquet")["outcome (2)"].tolist() == ["mine"] * 5


def test_a_run_cut_off_goes_on_where_it_was(source, kernel, tmp_path):
    whole, again = tmp_path / "whole", tmp_path / "again"
    check_files(kernel, [source], whole, rows=1000)
    made = []

    def stop(done, parts, rows):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_files(kernel, [source], again, rows=1000, progress=stop)
    before = {one.name: one.stat().st_mtime_ns for one in again.glob("part-*")}
    assert len(before) == 2
    check_files(kernel, [source], again, rows=1000, progress=lambda *now: made.append(now))
    after = {one.name: one.stat().st_mtime_ns for one in again.glob("part-*")}
    assert {name: after[name] for name in before} == before
    assert fingerprints(again) == fingerprints(whole)
    assert made[-1] == (4, 4, ROWS)


@pytest.mark.parametrize("change", ["plan", "source", "damage"])
def test_parts_of_another_run_are_not_used(source, kernel, tmp_path, change):
    out, copy = tmp_path / "out", tmp_path / "copy.parquet"
    copy.write_bytes(source.read_bytes())
    check_files(kernel, [copy], out, rows=2000)
    first = fingerprints(out)
    if change == "damage":
        (out / "part-00001.parquet").write_bytes(b"PAR1 cut off")
    elif change == "source":
        os.utime(copy, ns=(1, 1))
    other = kernel
    if change == "plan":
        square = world(5)
        other = Kernel(square.definition, square.areas)
    check_files(other, [copy], out, rows=2000)
    assert (fingerprints(out) == first) == (change != "plan")


def test_a_folder_with_other_files_is_left_alone(source, kernel, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("dear")
    with pytest.raises(OutputError, match="mine"):
        check_files(kernel, [source], tmp_path / "mine")
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["thesis.docx"]


def test_a_list_without_places_or_rows_is_refused(kernel, tmp_path):
    for name, frame in {
        "no_places": pd.DataFrame({"id": ["a"], "colour": ["red"]}),
        "empty": pd.DataFrame({"id": [], "lon": [], "lat": []}, dtype=float),
    }.items():
        file = tmp_path / f"{name}.parquet"
        frame.to_parquet(file, index=False)
        with pytest.raises(ProjectsError):
            check_files(kernel, [file], tmp_path / f"{name}-out.parquet")
        assert not (tmp_path / f"{name}-out.parquet").exists()
    (tmp_path / "text.parquet").write_bytes(b"not parquet")
    with pytest.raises(GisplanError):
        parts_of([tmp_path / "text.parquet"], tmp_path)


def test_a_kernel_travels_without_what_it_can_rebuild(kernel):
    _ = kernel.index
    sent = pickle.dumps(kernel)
    assert len(sent) < 200_000
    assert pickle.loads(sent).definition == kernel.definition


# --- on Dask ----------------------------------------------------------------------------------


def test_a_killed_worker_changes_nothing(source, kernel, tmp_path):
    """A real cluster, a real SIGKILL in the middle: the same bytes as one process makes."""
    distributed = pytest.importorskip("distributed")
    check_files(kernel, [source], tmp_path / "serial", rows=GROUP)
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1",
        silence_logs=60,
    ) as cluster, distributed.Client(cluster, set_as_default=False) as client:  # fmt: skip
        pids = client.run(os.getpid)

        def kill(done, parts, rows):
            if not killed and done < parts:
                killed.append(next(iter(pids.values())))
                os.kill(killed[0], signal.SIGKILL)

        tally = check_partitions(
            kernel, [source], tmp_path / "dask", rows=GROUP,
            scheduler=cluster.scheduler_address, progress=kill,
        )  # fmt: skip
    assert killed
    assert sum(tally.values()) == ROWS
    assert fingerprints(tmp_path / "dask") == fingerprints(tmp_path / "serial")
    assert len(fingerprints(tmp_path / "dask")) == ROWS // GROUP


# --- as its user runs it ----------------------------------------------------------------------


def test_check_takes_an_engine(source, tmp_path):
    out = tmp_path / "out.parquet"
    ran = CliRunner().invoke(
        gisplan, ["check", str(source), "--engine", "parts", "-o", str(out), "--lang", "en"]
    )
    assert ran.exit_code == 0, ran.output
    assert "4,000 rows" in ran.stderr
    assert "1/1 parts" in ran.stderr
    assert ran.stdout == ""
    assert len(told(out)) == ROWS


def test_engines_refuse_what_needs_the_whole_list(source, tmp_path):
    for extra in (["-o", str(tmp_path / "x.xlsx")], [], ["--json", "-o", str(tmp_path / "y")]):
        line = [sys.executable, "-m", "gisplan", "check", str(source), "--engine", "parts", *extra]
        ran = subprocess.run(line, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 2, ran.stderr
        assert len(ran.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_note_of_a_run_names_what_it_was_made_from(source, kernel, tmp_path):
    check_files(kernel, [source], tmp_path / "out")
    note = (tmp_path / "out" / NOTE).read_text("utf-8")
    assert kernel.sha256 in note
    assert source.name in note
