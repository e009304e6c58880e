"""Lists in parts and on Dask: the verdicts of the list at once, whatever is killed on the way."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import socket
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

from gisplan.bulk import NOTE, Kernel, check_files, check_partitions, parts_of, repeated_ids
from gisplan.bulk.footers import join_files
from gisplan.cli import main  # noqa: F401 - declares the commands
from gisplan.cli.options import gisplan
from gisplan.crs import WGS84, transform
from gisplan.errors import GisplanError, OutputError, ProjectsError
from gisplan.io.projects import intake, read_projects
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


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_a_list_that_lies_among_the_parts_is_not_thrown_away(source, kernel, tmp_path, name):
    target = tmp_path / name
    folder = tmp_path / ("out" if name == "out" else "out.parquet.parts")
    check_files(kernel, [source], tmp_path / "made", rows=GROUP)
    (tmp_path / "made").rename(folder)
    before = fingerprints(folder)
    for one in (folder, folder / "part-00003.parquet"):
        with pytest.raises(OutputError) as told:
            check_files(kernel, [one], target, rows=GROUP)
        assert told.value.code == "output_is_input"
    assert fingerprints(folder) == before


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


def test_damage_in_the_middle_of_a_list_is_told_of_the_list(source, kernel, tmp_path):
    """Its schema and its end are right: the damage shows while a target is being written."""
    whole = source.read_bytes()
    file, at = tmp_path / "harmed.parquet", len(whole) // 4
    file.write_bytes(whole[:at] + bytes(len(whole) // 4) + whole[2 * at :])
    for check in (intake, lambda one: check_files(kernel, [one], tmp_path / "out", rows=GROUP)):
        with pytest.raises(ProjectsError, match=r"harmed\.parquet") as told:
            check(file)
        assert told.value.code == "projects_broken"


@pytest.mark.parametrize("described", [
    b"{", b"\xff", b"[5]", b'{"primary_column": "g"}', b'{"primary_column": "g", "columns": {}}',
    b'{"primary_column": "no", "columns": {"no": {}}}',
    b'{"primary_column": "g", "columns": {"g": 5}}',
    b'{"primary_column": "g", "columns": {"g": {"crs": "nonsense"}}}',
])  # fmt: skip
def test_a_geometry_that_is_described_otherwise_than_geoparquet_is_damage(
    described, kernel, tmp_path
):
    table = pa.table({"id": ["a"], "g": pa.array([None], pa.binary())})
    pq.write_table(table.replace_schema_metadata({b"geo": described}), tmp_path / "one.parquet")
    for check in (intake, lambda one: check_files(kernel, [one], tmp_path / "out")):
        with pytest.raises(ProjectsError) as told:
            check(tmp_path / "one.parquet")
        assert told.value.code == "projects_broken"
    assert not (tmp_path / "out").exists()


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
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1",
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


class Refusing(Kernel):
    """Takes no list, and notes in a file of what it was asked."""

    def check(self, batch):
        with Path(self.version).open("a", encoding="utf-8") as noted:
            noted.write(f"{batch.x[0]}\n")
        raise ProjectsError("projects_empty", file="list")


def test_a_mistake_of_the_user_is_not_tried_again(source, kernel, tmp_path):
    distributed = pytest.importorskip("distributed")
    noted = tmp_path / "noted.txt"
    refusing = Refusing(kernel.definition, kernel.areas, version=str(noted))
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None,
        silence_logs=60,
    ) as cluster, pytest.raises(ProjectsError, match="list"):  # fmt: skip
        check_partitions(
            refusing, [source], tmp_path / "out", rows=GROUP, scheduler=cluster.scheduler_address
        )
    asked = noted.read_text("utf-8").splitlines()
    assert asked
    assert len(asked) == len(set(asked))


def test_a_text_is_read_on_workers_in_the_encoding_that_was_named(kernel, tmp_path):
    """Big5 that reads as GB 18030 as well: only the name of the encoding tells them apart."""
    distributed = pytest.importorskip("distributed")
    file = tmp_path / "list.csv"
    file.write_bytes("name,lon,lat\n紅河工業區,114.35,36.08\n".encode("big5"))
    check_files(kernel, [file], tmp_path / "serial", encoding="big5")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None,
        silence_logs=60,
    ) as cluster:  # fmt: skip
        address = cluster.scheduler_address
        check_partitions(kernel, [file], tmp_path / "dask", encoding="big5", scheduler=address)
    assert told(tmp_path / "dask")["name"].tolist() == ["紅河工業區"]
    assert fingerprints(tmp_path / "dask") == fingerprints(tmp_path / "serial")


def test_a_text_of_no_bytes_is_called_empty(kernel, tmp_path):
    (tmp_path / "none.csv").touch()
    with pytest.raises(ProjectsError) as told:
        check_files(kernel, [tmp_path / "none.csv"], tmp_path / "out")
    assert told.value.code == "projects_empty_file"
    assert not (tmp_path / "out").exists()


def test_a_scheduler_that_does_not_answer_is_told_in_one_line(source, kernel, tmp_path):
    pytest.importorskip("distributed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody answers there
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OutputError) as refused:
            check_partitions(kernel, [source], tmp_path / "out", scheduler=address)
    assert address in str(refused.value)
    assert list(tmp_path.iterdir()) == []


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
    assert str(source.parent) not in note


# --- files end to end -------------------------------------------------------------------------


def written(path: Path, table: pa.Table, **options) -> Path:
    pq.write_table(table, path, **options)
    return path


def test_files_end_to_end_are_their_rows_end_to_end(listed, tmp_path):
    """Dictionaries, statistics, page indexes, bloom of none: whatever a footer points to."""
    table = pa.Table.from_pandas(listed, preserve_index=False)
    options = {"row_group_size": 300, "compression": "zstd", "write_page_index": True}
    cuts = [(0, 1000), (1000, 1), (1001, 0), (1001, ROWS - 1001)]
    parts = [
        written(tmp_path / f"{at}.parquet", table.slice(*cut), **options)
        for at, cut in enumerate(cuts)
    ]
    assert join_files(parts, tmp_path / "whole.parquet", {b"mine": b"\x00\xff"})
    with pq.ParquetFile(tmp_path / "whole.parquet") as whole:
        assert whole.read().equals(table)
        assert whole.metadata.metadata[b"mine"] == b"\x00\xff"
        assert whole.metadata.num_row_groups == sum(max(1, -(-count // 300)) for _, count in cuts)
        last = whole.read_row_group(whole.num_row_groups - 1)
    assert last.equals(table.slice(ROWS - len(last)))
    # Filters read the statistics of the row groups, which must still be those of their rows.
    few = pq.read_table(tmp_path / "whole.parquet", filters=[("lon", "<", 114.31)])
    assert len(few) == (listed["lon"] < 114.31).sum()


def test_files_of_another_schema_are_not_put_end_to_end(tmp_path):
    one = written(tmp_path / "1.parquet", pa.table({"a": [1]}))
    two = written(tmp_path / "2.parquet", pa.table({"a": ["1"]}))
    assert not join_files([one, two], tmp_path / "whole.parquet", {})
    assert not (tmp_path / "whole.parquet").exists()


def test_lists_stored_in_different_ways_become_one_file(listed, plan, kernel, tmp_path):
    """A column that one file stores as whole numbers and the next as decimals."""
    few = listed.head(20).assign(size=1)
    folder = tmp_path / "lists"
    folder.mkdir()
    few.assign(size=1.0).to_parquet(folder / "a.parquet", index=False)
    few.to_parquet(folder / "b.parquet", index=False)
    check_files(kernel, [folder], tmp_path / "out.parquet")
    found = told(tmp_path / "out.parquet")
    assert found["size"].tolist() == [1.0] * 40
    verdicts = plan.check(read_projects(folder / "a.parquet"))
    same_verdicts(found.tail(20).reset_index(drop=True), verdicts)


def test_a_result_has_plain_text_and_outcomes_as_a_vocabulary(source, kernel, tmp_path):
    check_files(kernel, [source], tmp_path / "out.parquet")
    schema = pq.read_schema(tmp_path / "out.parquet")
    for name in ("zone", "corridor", "reasons", "unchecked", "issues"):
        assert schema.field(name).type == pa.string(), name
    for name in ("outcome", "nominal", "in_zone", "industry_fit"):
        assert schema.field(name).type.ordered, name
    frame = told(tmp_path / "out.parquet")
    assert frame["outcome"].cat.ordered


def test_points_are_read_from_their_bytes_as_geos_reads_them(tmp_path):
    """WKB of plain points, cut anywhere, against the same with one that is not plain."""
    from gisplan.io.arrow import arrow_batches

    frame = transform(projects(*[(x, 2000) for x in range(0, 9000, 90)]), WGS84)
    frame.to_parquet(tmp_path / "points.parquet", row_group_size=30)
    x, y = (
        np.concatenate([getattr(one, axis) for one in arrow_batches(tmp_path / "points.parquet",
                                                                    rows=17)])
        for axis in "xy"
    )  # fmt: skip
    np.testing.assert_array_equal(x, frame.geometry.x)
    np.testing.assert_array_equal(y, frame.geometry.y)


# --- ids given twice --------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [False, True])
def test_ids_given_twice_are_found_across_parts(listed, kernel, tmp_path, folder):
    """Told apart as in a list at once: width, case, blanks and dashes do not count."""
    many = listed.head(900).copy()
    many.loc[[3, 450, 899], "id"] = ["Ａ-1", "a—1", "A 1"]
    many.loc[[5, 800], "id"] = ["合成", "合 成"]
    many.loc[[10, 11, 12], "id"] = [None, "", None]
    file = tmp_path / "list.parquet"
    pq.write_table(pa.Table.from_pandas(many, preserve_index=False), file, row_group_size=100)
    out = tmp_path / ("out" if folder else "out.parquet")
    check_files(kernel, [file], out, rows=200)
    found = repeated_ids(out)
    issues = intake(file).issues
    assert found.rows == issues["code"].eq("GP-INT-021").sum() == 4
    assert set(found.ids) == {"a-1", "合成"}
    assert repeated_ids(out, most=899) == (0, (), False)


def test_two_ids_of_one_hash_are_two_ids(listed, kernel, tmp_path, monkeypatch):
    import gisplan.bulk.twice as twice

    file = tmp_path / "list.parquet"
    listed.head(50).to_parquet(file, index=False)
    check_files(kernel, [file], tmp_path / "out.parquet")
    monkeypatch.setattr(twice, "_hashes", lambda keys: np.ones(len(keys), dtype=np.uint64))
    assert repeated_ids(tmp_path / "out.parquet") == (0, (), True)


def test_the_command_tells_of_ids_given_twice(listed, tmp_path):
    file = tmp_path / "list.parquet"
    listed.head(20).assign(id="same").to_parquet(file, index=False)
    line = ["check", str(file), "--engine", "parts", "-o", str(tmp_path / "out.parquet")]
    ran = CliRunner().invoke(gisplan, [*line, "--lang", "en"])
    assert ran.exit_code == 0, ran.output
    assert "20 rows share their id with another row, such as same" in ran.output
