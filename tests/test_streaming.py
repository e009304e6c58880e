"""Text longer than memory: the rows, places and verdicts of the list at once, in any encoding."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

from gisplan.bulk import Kernel, check_files
from gisplan.errors import ProjectsError
from gisplan.io.batches import find_encoding, text_batches
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("rows", [7, 50, 10_000])
def test_batches_are_the_list(tmp_path, encoding, rows):
    path = tmp_path / "list.csv"
    path.write_text("\r\n".join(lines(120)), encoding=encoding, newline="")
    whole = read_projects(path)
    parts = list(text_batches(path, rows=rows))
    cells = pd.concat([one.projects for one in parts], ignore_index=True)
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


@pytest.mark.parametrize("harm", ["late gbk byte in utf-8", "open quote", "unknown"])
def test_what_a_list_at_once_refuses_is_refused(tmp_path, harm):
    path = tmp_path / "list.csv"
    text = "\n".join(lines(200))
    content = text.encode()
    if harm == "late gbk byte in utf-8":
        content = content[:-300] + "中".encode("gbk")[:1] + content[-300:]
    elif harm == "open quote":
        content += b'\n201,"open'
    else:
        content = b"id,\xff\xff\xfe\xff\n" + bytes(range(128, 256)) * 30
    path.write_bytes(content)
    with pytest.raises(ProjectsError) as at_once:
        intake(path)
    with pytest.raises(ProjectsError) as in_parts:
        list(text_batches(path, rows=50))
    assert in_parts.value.code == at_once.value.code


def test_a_late_character_decides_the_encoding_of_all(tmp_path):
    path = tmp_path / "list.csv"
    plain = "id,lon,lat\n" + "a,114.4,36.1\n" * 20_000
    path.write_bytes(plain.encode() + "文峰,114.4,36.1\n".encode("gbk"))
    assert find_encoding(path, None) == "gb18030"
    assert list(text_batches(path))[-1].projects["id"].iloc[-1] == "文峰"


def test_a_list_that_turns_its_axes_is_refused_not_read_two_ways(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,lon,lat\n" + "a,114.4,36.1\n" * 50 + "a,36.1,114.4\n" * 50)
    with pytest.raises(ProjectsError) as refused:
        list(text_batches(path, rows=50))
    assert refused.value.code == "stream_changes"


def test_batches_without_any_place_do_not_disturb(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,lon,lat\n" + "a,114.4,36.1\n" * 20 + "b,,\n" * 20 + "c,114.4,36.1\n" * 20)
    cells = pd.concat([one.projects for one in text_batches(path, rows=20)])
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
