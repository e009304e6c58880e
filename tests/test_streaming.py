"""Text longer than memory: the rows, places and verdicts of the list at once, in any encoding."""

from __future__ import annotations

import csv
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from gisplan.bulk import Kernel, check_files
from gisplan.errors import ProjectsError
from gisplan.io import batches
from gisplan.io.batches import Batch, find_encoding, text_batches
from gisplan.io.projects import intake, read_projects
from gisplan.plan import open_plan
from tests.test_bulk import same_verdicts, told

pytest.importorskip("pyarrow")


def lines(rows: int, seed: int = 3) -> list[str]:
    """A synthetic list as planners write it: title, two rows of header, total, remark."""
    random = np.random.default_rng(seed)
    lon, lat = random.uniform(114.3, 114.47, rows), random.uniform(36.0, 36.14, rows)
    body = [
        f"{at + 1},合成项目{at},{'文旅' if at % 3 else '金融'},东经{x:.6f}°,{y:.6f},{at % 7}米"
        for at, (x, y) in enumerate(zip(lon, lat, strict=True))
    ]
    head = ["项目一览表,,,,,", "序号,项目名称,所属行业,坐标,,精度", ",,,经度,纬度,"]
    return [*head, *body, "合计,,,,,", "备注：均为合成数据,,,,,"]


def cells_of(batch: Batch) -> pd.DataFrame:
    """What a batch passes on, and what the check reads of it."""
    read = batch.listed.to_frame()
    return batch.passing.to_pandas().assign(
        accuracy=read["accuracy"], intake_issues=read["intake_issues"]
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("rows", [7, 50, 10_000])
def test_batches_are_the_list(tmp_path, encoding, rows):
    path = tmp_path / "list.csv"
    path.write_text("\r\n".join(lines(120)), encoding=encoding, newline="")
    whole = read_projects(path)
    parts = list(text_batches(path, rows=rows))
    cells = pd.concat([cells_of(one) for one in parts], ignore_index=True)
    for name in ("id", "name", "industry", "accuracy", "row"):
        mine, its = (one[name].astype("str").tolist() for one in (cells, whole))
        assert list(map(str, mine)) == list(map(str, its)), name
    np.testing.assert_array_equal(np.concatenate([one.x for one in parts]), whole.geometry.x)
    np.testing.assert_array_equal(np.concatenate([one.y for one in parts]), whole.geometry.y)


def test_verdicts_are_those_of_the_list(tmp_path):
    plan = open_plan()
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines(300)), encoding="gbk")
    check_files(Kernel(plan.definition, plan.areas), [path], tmp_path / "out.parquet")
    found = told(tmp_path / "out.parquet")
    whole = read_projects(path)
    same_verdicts(found, plan.check(whole))
    assert found["row"].tolist() == whole["row"].tolist()


@pytest.mark.parametrize("harm", ["late gbk byte in utf-8", "open quote", "unknown", "zero"])
def test_what_a_list_at_once_refuses_is_refused(tmp_path, harm):
    path = tmp_path / "list.csv"
    text = "\n".join(lines(200))
    content = text.encode()
    if harm == "late gbk byte in utf-8":
        content = content[:-300] + "中".encode("gbk")[:1] + content[-300:]
    elif harm == "open quote":
        content += b'\n201,"open'
    elif harm == "zero":
        content = content[:-40] + b"\0" + content[-40:]
    else:
        content = b"id,\xff\xff\xfe\xff\n" + bytes(range(128, 256)) * 30
    path.write_bytes(content)
    with pytest.raises(ProjectsError) as at_once:
        intake(path)
    with pytest.raises(ProjectsError) as in_parts:
        list(text_batches(path, rows=50))
    assert in_parts.value.code == at_once.value.code
    assert str(in_parts.value) == str(at_once.value)  # the same line of the file
    plan = open_plan()
    for target in (tmp_path / "out.parquet", tmp_path / "out"):
        with pytest.raises(ProjectsError):
            check_files(Kernel(plan.definition, plan.areas), [path], target)
    assert list(tmp_path.iterdir()) == [path]  # nothing was written


def test_a_late_character_decides_the_encoding_of_all(tmp_path):
    path = tmp_path / "list.csv"
    plain = "id,lon,lat\n" + "a,114.4,36.1\n" * 20_000
    path.write_bytes(plain.encode() + "文峰,114.4,36.1\n".encode("gbk"))
    assert find_encoding(path, None) == "gb18030"
    assert list(text_batches(path))[-1].passing["id"][-1].as_py() == "文峰"


def test_a_list_that_turns_its_axes_is_refused_not_read_two_ways(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,lon,lat\n" + "a,114.4,36.1\n" * 50 + "a,36.1,114.4\n" * 50)
    with pytest.raises(ProjectsError) as refused:
        list(text_batches(path, rows=50))
    assert refused.value.code == "stream_changes"


def test_batches_without_any_place_do_not_disturb(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,lon,lat\n" + "a,114.4,36.1\n" * 20 + "b,,\n" * 20 + "c,114.4,36.1\n" * 20)
    cells = pd.concat([cells_of(one) for one in text_batches(path, rows=20)])
    assert cells["intake_issues"].str.contains("GP-INT-001").sum() == 20


def test_no_table_is_no_list(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("colour,size\nred,3\n")
    with pytest.raises(ProjectsError):
        list(text_batches(path))
    path.write_text("id,lon,lat\n")
    with pytest.raises(ProjectsError):
        list(text_batches(path))


@pytest.mark.skipif(sys.platform == "win32", reason="resource is not there")
def test_memory_does_not_grow_with_the_list(tmp_path):
    """Peak memory of 70 000 and of 210 000 points, each in a process of its own."""
    program = textwrap.dedent("""
        import resource, sys
        import numpy as np, pyarrow as pa, pyarrow.parquet as pq
        from pathlib import Path
        from gisplan.bulk import Kernel, check_files
        from gisplan.plan import open_plan
        plan, rows, folder = open_plan(), int(sys.argv[1]), Path(sys.argv[2])
        random = np.random.default_rng(1)
        schema = pa.schema([("id", pa.string()), ("lon", pa.float64()), ("lat", pa.float64())])
        with pq.ParquetWriter(folder / "in.parquet", schema) as writer:
            for at in range(0, rows, 70_000):
                lon, lat = random.uniform(114.3, 114.5, 70_000), random.uniform(36, 36.1, 70_000)
                writer.write_table(pa.table([["x"] * 70_000, lon, lat], schema=schema))
        kernel = Kernel(plan.definition, plan.areas)
        check_files(kernel, [folder / "in.parquet"], folder / "out.parquet")
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    """)
    peaks = []
    for rows in (70_000, 210_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        line = [sys.executable, "-c", program, str(rows), str(folder)]
        ran = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
        peaks.append(float(ran.stdout))
    assert peaks[1] - peaks[0] < 100


# --- rows that leave nothing to interpret -----------------------------------------------------

PLAIN = ("7", "合成项目7", "文旅", "J66", "114.35", "36.05", "5")
ODD = {
    0: ["", "（一）", "二", "合计", "序号", "A-1", "８", "项目编号"],
    1: ["", "无", "合 计", "小计：", "Total", "全市合计", "备注：合成", "一、文旅类", "项目名称",
        " 甲 ", "ａｂｃ", "total", "名称", "合计花园", "x" * 30, "a\nb", "项\u200b目"],
    2: ["", "无", "行业", "金融 ", "所属行业", "文旅/水利"],
    3: ["", "无", "x?", "r88", "行业代码", "J66、R88", "８８"],
    4: ["", "36.05", "东经114.35°", "999", " 114.35", "1e2", "114.35.1", "130.5", "经度", "114"],
    5: ["", "114.35", "36.05N", "0", "91", "36°3'", "53.9", "纬度", "36"],
    6: ["", "无", "5米", "五", "0", "-", "精度"],
}  # fmt: skip
HEAD = "序号,项目名称,行业,行业代码,经度,纬度,精度"


@st.composite
def records(draw) -> list[list[str]]:
    """Mostly plain rows; some with an odd cell or three, or cut short."""
    made = []
    for _ in range(draw(st.integers(4, 20))):
        row = list(PLAIN)
        for column in draw(st.lists(st.sampled_from(sorted(ODD)), max_size=3)):
            row[column] = draw(st.sampled_from(ODD[column]))
        made.append(row[: draw(st.sampled_from([7, 7, 7, 7, 6, 1]))])
    return made


def read_batches(path: Path) -> tuple[pd.DataFrame, np.ndarray, np.ndarray] | str:
    try:
        parts = list(text_batches(path, rows=8))
    except ProjectsError as error:
        return error.code
    if not parts:
        return "nothing"
    x, y = (np.concatenate([getattr(one, axis) for one in parts]) for axis in "xy")
    return pd.concat([cells_of(one) for one in parts], ignore_index=True), x, y


@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(rows=records())
def test_rows_read_by_columns_are_read_as_cell_by_cell(rows, tmp_path, monkeypatch):
    path = tmp_path / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerows([HEAD.split(","), *[list(PLAIN)] * 3, *rows])
    monkeypatch.setattr(batches, "_FIRST", 3)
    fast = read_batches(path)
    with monkeypatch.context() as patched:
        patched.setattr(batches._Reading, "_readable", lambda self: None)
        slow = read_batches(path)
    if isinstance(slow, str) or isinstance(fast, str):
        assert fast == slow
        return
    assert_frame_equal(fast[0], slow[0])
    np.testing.assert_array_equal(fast[1], slow[1])
    np.testing.assert_array_equal(fast[2], slow[2])


def test_plain_rows_are_read_by_columns(tmp_path, monkeypatch):
    """Else the test above would compare one way with itself."""
    path = tmp_path / "list.csv"
    path.write_text("\n".join([HEAD, *[",".join(PLAIN)] * 50, "合计,,,,,,"]), encoding="utf-8")
    monkeypatch.setattr(batches, "_FIRST", 5)
    asked, take = [], batches.take_rows
    monkeypatch.setattr(
        batches,
        "take_rows",
        lambda rows, *a, **k: asked.append(len(rows.cells)) or take(rows, *a, **k),
    )
    assert len(cells := read_batches(path)[0]) == 50
    assert sum(asked) < 10
    assert cells["row"].tolist() == list(range(2, 52))


def test_a_row_of_units_costs_no_batch_a_row(tmp_path):
    path = tmp_path / "list.csv"
    body = [f"甲{at},114.4,36.1,5" for at in range(20)]
    path.write_text("\n".join(["项目名称,经度,纬度,精度", ",°,°,米", *body]), encoding="utf-8")
    cells = pd.concat([cells_of(one) for one in text_batches(path, rows=7)])
    assert cells["name"].tolist() == [f"甲{at}" for at in range(20)]
    assert cells["row"].tolist() == list(range(3, 23))
