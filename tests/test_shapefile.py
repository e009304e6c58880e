"""Shapefiles: Chinese kept, names of 10 bytes, texts of 254, several files replaced as one."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from gisplan.errors import OutputError, ProjectsError
from gisplan.io.projects import intake
from gisplan.io.shapefile import field_names, write_shapefile
from gisplan.labels import Labels

PARTS = {"a.shp", "a.shx", "a.dbf", "a.prj", "a.cpg", "a_fields.csv"}
ZH = Labels("zh")


def frame(rows=2, crs="EPSG:4547", **columns):
    cells = {"name": [f"项目{at}" for at in range(rows)], **columns}
    places = [Point(500_000 + at, 4_000_000) for at in range(rows)]
    return gpd.GeoDataFrame(cells, geometry=places, crs=crs)


def mapping(folder):
    with (folder / "a_fields.csv").open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows[0] == ["字段名", "原列", "名称", "截断的行数"]
    return {row[1]: (row[0], int(row[3])) for row in rows[1:]}


@pytest.mark.parametrize(("encoding", "told"), [("UTF-8", "UTF-8"), ("GBK", "GBK")])
def test_chinese_names_and_texts_come_back(tmp_path, encoding, told):
    one = frame(项目名称=["甲㎡", "乙"], 项目名字=["丙", None], 投资额=[1.25, np.nan], 年=[2026, 7])
    write_shapefile(tmp_path / "a.shp", one, ZH, encoding=encoding)
    assert {part.name for part in tmp_path.iterdir()} == PARTS
    assert (tmp_path / "a.cpg").read_text().strip() == told
    back = gpd.read_file(tmp_path / "a.shp")
    fields = {column: field for column, (field, _) in mapping(tmp_path).items()}
    expected = ("项目名", "项目名1") if encoding == "UTF-8" else ("项目名称", "项目名字")
    assert (fields["项目名称"], fields["项目名字"]) == expected
    assert back[fields["项目名称"]].tolist() == ["甲㎡", "乙"]
    assert back[fields["项目名字"]].isna().tolist() == [False, True]
    assert back[fields["投资额"]].fillna(-1).tolist() == [1.25, -1]
    assert back[fields["年"]].tolist() == [2026, 7]
    assert back.crs.to_epsg() == 4547
    assert intake(tmp_path / "a.shp").projects["name"].tolist() == ["项目0", "项目1"]


def test_a_character_that_the_encoding_does_not_have_is_named(tmp_path):
    with pytest.raises(OutputError) as caught:
        write_shapefile(tmp_path / "a.shp", frame(注=["𠮷", ""]), ZH, encoding="GBK")
    assert caught.value.code == "output_encoding"
    assert "𠮷" in caught.value.word("zh")
    assert not list(tmp_path.iterdir())


def test_names_are_cut_without_collision():
    columns = [
        "corridor",
        "corridor_distance",
        "corridor_dip",
        "CORRIDOR_D",
        "clear_of:a",
        "2026年",
    ]
    names = field_names(columns)
    assert names == {
        "corridor": "corridor", "corridor_distance": "corridor_1", "corridor_dip": "corridor_2",
        "CORRIDOR_D": "CORRIDOR_D", "clear_of:a": "clear_of_a", "2026年": "F2026年",
    }  # fmt: skip


@given(
    st.lists(st.text(alphabet="项目名称abA_1 :", max_size=14), max_size=40, unique=True),
    st.sampled_from(["UTF-8", "GBK"]),
)
def test_every_column_gets_its_own_short_name(columns, encoding):
    names = field_names(columns, encoding)
    assert list(names) == columns
    assert len({name.lower() for name in names.values()}) == len(columns)
    assert all(0 < len(name.encode(encoding)) <= 10 for name in names.values())
    assert not any(re.search(r"[^\w]|^\d", name) for name in names.values())


def test_texts_are_cut_between_characters_at_254_bytes_and_counted(tmp_path):
    texts = ["字" * 84, "字" * 85, "x" * 254, "x" * 255]
    fields = write_shapefile(tmp_path / "a.shp", frame(4, note=texts), ZH)
    back = gpd.read_file(tmp_path / "a.shp")["note"].tolist()
    assert back == ["字" * 84, "字" * 84, "x" * 254, "x" * 254]
    assert mapping(tmp_path)["note"] == ("note", 2)
    assert [one.cut for one in fields] == [0, 2]


def test_numbers_that_planners_have_come_back(tmp_path):
    values = [3.39e9, 1.25e11, 0.1, -7.5e-7, 123456789.125, np.nan]
    write_shapefile(tmp_path / "a.shp", frame(6, v=values), ZH)
    back = gpd.read_file(tmp_path / "a.shp")["v"].to_numpy()
    assert np.allclose(back, values, rtol=1e-9, atol=1e-9, equal_nan=True)


def test_rows_without_a_place_stay_and_kinds_do_not_mix(tmp_path):
    one = frame(3)
    one.loc[1, "geometry"] = None
    write_shapefile(tmp_path / "a.shp", one, ZH)
    assert gpd.read_file(tmp_path / "a.shp").geometry.isna().tolist() == [False, True, False]
    one["geometry"] = None
    write_shapefile(tmp_path / "b.shp", one, ZH)
    assert gpd.read_file(tmp_path / "b.shp").geometry.isna().all()
    shapes = [Point(5e5, 4e6), box(5e5, 4e6, 6e5, 4.1e6), LineString([(5e5, 4e6), (6e5, 4e6)])]
    mixed = gpd.GeoDataFrame({"name": list("abc")}, geometry=shapes, crs=4547)
    with pytest.raises(OutputError) as caught:
        write_shapefile(tmp_path / "c.shp", mixed, ZH)
    assert caught.value.code == "output_mixed"
    assert "Point 1, LineString 1, Polygon 1" in caught.value.word("en")
    assert not list(tmp_path.glob("c.*")) + list(tmp_path.glob(".*"))


def test_indexes_made_for_the_old_shapes_go_with_them(tmp_path):
    write_shapefile(tmp_path / "a.shp", frame(2), ZH)
    for suffix in (".sbn", ".sbx", ".qix", ".shp.xml"):
        (tmp_path / f"a{suffix}").write_bytes(b"old")
    (tmp_path / "ab.shp").write_bytes(b"another")
    write_shapefile(tmp_path / "a.shp", frame(3), ZH)
    assert {part.name for part in tmp_path.iterdir()} == {*PARTS, "ab.shp"}
    assert len(gpd.read_file(tmp_path / "a.shp")) == 3


def contents(folder):
    return {part.name: part.read_bytes() for part in folder.iterdir() if part.is_file()}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may set the immutable flag")
@pytest.mark.parametrize("part", ["a.shp", "a.dbf", "a.shx", "a_fields.csv"])
def test_a_part_that_cannot_be_replaced_leaves_all_old_parts(tmp_path, part):
    write_shapefile(tmp_path / "a.shp", frame(2), ZH)
    before = contents(tmp_path)
    subprocess.run(["chattr", "+i", tmp_path / part], check=True)
    try:
        with pytest.raises(OutputError) as caught:
            write_shapefile(tmp_path / "a.shp", frame(9), ZH)
    finally:
        subprocess.run(["chattr", "-i", tmp_path / part], check=True)
    assert "\n" not in caught.value.word("zh")
    assert contents(tmp_path) == before
    assert {entry.name for entry in tmp_path.iterdir()} == PARTS


KILLED = """
import os, sys, geopandas as gpd
from pathlib import Path
from shapely.geometry import Point
from gisplan.io.shapefile import write_shapefile
from gisplan.labels import Labels

def write(folder, name, rows):
    one = gpd.GeoDataFrame({"name": [name] * rows}, geometry=[Point(5e5, 4e6)] * rows, crs=4547)
    write_shapefile(folder / "a.shp", one, Labels("zh"))

def write_and_die(folder, stop):
    place, moves = Path.replace, iter(range(1000))
    def counted(self, target):
        if next(moves) == stop:
            os.kill(os.getpid(), 9)
        return place(self, target)
    Path.replace = counted
    write(folder, "new", 3)

for stop in range(13):
    folder = Path(sys.argv[1]) / str(stop)
    write(folder, "old", 2)
    if (child := os.fork()) == 0:
        write_and_die(folder, stop)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_killed_between_any_two_files_no_mixture_can_be_opened(tmp_path):
    """SIGKILL before each of the 12 moves: old whole, or nothing to open, or new whole."""
    command = [sys.executable, "-c", KILLED, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.stdout.split() == [str(-signal.SIGKILL)] * 12 + ["0"], done.stderr
    for stop in range(13):
        path = tmp_path / str(stop) / "a.shp"
        if stop in (0, 12):
            names = ["old"] * 2 if stop == 0 else ["new"] * 3
            assert gpd.read_file(path)["name"].tolist() == names
            continue
        assert not path.exists()
        (kept,) = path.parent.glob(".a-*/old/a.shp")  # the old shapes can be fetched back
        assert kept.stat().st_size == 100 + 2 * 28


# --- read from a zip ------------------------------------------------------------------------


def zipped(tmp_path, members):
    path = tmp_path / "图.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def parts_of(tmp_path, **columns):
    folder = tmp_path / "made"
    folder.mkdir(exist_ok=True)
    write_shapefile(folder / "a.shp", frame(**columns), ZH)
    return {part.suffix: part.read_bytes() for part in folder.iterdir() if part.suffix != ".csv"}


def test_a_zipped_shapefile_in_a_folder_with_a_gbk_name(tmp_path):
    parts = parts_of(tmp_path)
    gbk = "红线/地块".encode("gbk").decode("cp437")
    info = [zipfile.ZipInfo(gbk + suffix) for suffix in parts]
    path = zipped(tmp_path, zip(info, parts.values(), strict=True))
    data = path.read_bytes()
    result = intake(path)
    assert result.projects["name"].tolist() == ["项目0", "项目1"]
    evidence = dict(result.evidence)
    assert "crs_file" in evidence
    assert path.read_bytes() == data


def test_names_in_a_zip_are_read_as_windows_wrote_them(tmp_path):
    parts = parts_of(tmp_path)
    path = zipped(tmp_path, [(f"XXXX{suffix}", content) for suffix, content in parts.items()])
    path.write_bytes(path.read_bytes().replace(b"XXXX.", "地块".encode("gbk") + b"."))
    assert dict(intake(path).evidence)["layer"] == "地块"


def test_of_two_shapefiles_the_one_with_names_is_read_or_the_one_asked_for(tmp_path):
    named = parts_of(tmp_path)
    again = parts_of(tmp_path)
    other = frame().rename(columns={"name": "面积"})
    (tmp_path / "other").mkdir()
    write_shapefile(tmp_path / "other" / "a.shp", other, ZH)
    members = [(f"x/b{p.suffix}", p.read_bytes()) for p in (tmp_path / "other").glob("a.*")]
    members += [(f"y/c{suffix}", content) for suffix, content in named.items()]
    members += [(f"y/d{suffix}", content) for suffix, content in again.items()]
    path = zipped(tmp_path, members)
    result = intake(path)
    assert dict(result.evidence)["layer"] == "y/c"
    assert dict(result.evidence)["layers_left"] == "x/b、y/d"
    assert dict(intake(path, sheet="d").evidence)["layer"] == "y/d"
    with pytest.raises(ProjectsError) as caught:
        intake(path, sheet="nowhere")
    assert caught.value.code == "projects_no_sheet"


def test_a_zip_slips_nowhere(tmp_path):
    parts = parts_of(tmp_path)
    inside = tmp_path / "in"
    inside.mkdir()
    members = [(f"../../slip{suffix}", content) for suffix, content in parts.items()]
    members.append(("/etc/gisplan-slip.shp", b"x"))
    path = zipped(inside, members)
    before = {entry.name for entry in tmp_path.iterdir()}
    assert intake(path, sheet="slip").projects["name"].tolist() == ["项目0", "项目1"]
    assert {entry.name for entry in tmp_path.iterdir()} == before
    assert [entry.name for entry in inside.iterdir()] == [path.name]


def test_reading_takes_the_pandas_string_type_whatever_the_encoding(tmp_path):
    write_shapefile(tmp_path / "a.shp", frame(note=["一", "二"]), ZH, encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    result = intake(tmp_path / "a.shp")
    assert result.projects["note"].tolist() == ["一", "二"]
    assert dict(result.evidence)["encoding_inferred"] == "gb18030"
    assert isinstance(result.projects["note"].dtype, pd.StringDtype)
