"""Outputs appear whole or not at all: killed writers, full disks, read-only places, two at once."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from shapely.geometry import Point

from gisplan.errors import GisplanError, OutputError
from gisplan.io import tables
from gisplan.io.flat import csv_text, write_csv, write_json
from gisplan.io.tables import same_crs, write_vector
from gisplan.io.workbook import Sheet, sheet_name, write_workbook
from gisplan.io.writing import write_bytes, write_text, write_whole
from gisplan.labels import Labels

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root may mount and set immutable")
SUFFIXES = (".gpkg", ".geojson", ".parquet", ".csv", ".xlsx", ".json", ".html", ".shp")
LABELS = Labels("zh")

WRITER = """
import sys
from pathlib import Path
import geopandas as gpd, pandas as pd
from shapely.geometry import Point
from gisplan.io.shapefile import write_shapefile
from gisplan.io.flat import write_csv, write_json
from gisplan.io.tables import write_vector
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_text
from gisplan.labels import Labels

def write(path, rows, mark):
    labels, suffix = Labels("zh"), path.suffix
    table = pd.DataFrame({"id": [mark] * rows, "note": ["文" * 60] * rows})
    if suffix == ".csv":
        write_csv(path, table, labels)
    elif suffix == ".json":
        write_json(path, {}, table.to_dict("records"))
    elif suffix == ".html":
        write_text(path, "<p>" + mark + "文" * 60 * rows + "</p>")
    elif suffix == ".xlsx":
        table["note"] = [f"{at * 7919 % 999983:06d}" * 12 for at in range(rows)]
        write_workbook(path, [Sheet("a", table)], labels, title="a")
    else:
        places = [Point(5e5 + at * 1.37, 4e6 + at * 2.91) for at in range(rows)]
        frame = gpd.GeoDataFrame(table, geometry=places, crs=4547)
        frame["note"] = [f"{at * 7919 % 999983:06d}" * 6 for at in range(rows)]
        if suffix == ".shp":
            write_shapefile(path, frame, labels)
        else:
            write_vector(path, frame, pd.DataFrame(index=frame.index))
"""
exec(WRITER)
write = globals()["write"]


def rows_of(path):
    """Read a file that WRITER wrote, all of it: how many rows it has, and the mark in them."""
    suffix = path.suffix
    if suffix == ".html":
        text = path.read_text("utf-8")
        assert text.startswith("<p>")
        assert text.endswith("</p>")
        return len(text) // 60, text[3:6]
    if suffix == ".json":
        rows = json.loads(path.read_text("utf-8"))["projects"]
        return len(rows), rows[0]["id"]
    if suffix == ".csv":
        frame = pd.read_csv(path)
    elif suffix == ".xlsx":
        frame = pd.read_excel(path, engine="calamine")
    elif suffix == ".parquet":
        frame = gpd.read_parquet(path)
    else:
        frame = pyogrio.read_dataframe(path, use_arrow=suffix == ".gpkg")
    (mark,) = set(frame.iloc[:, 0])
    return len(frame), mark


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def refuse(path, rows=50):
    with pytest.raises(OutputError) as caught:
        write(path, rows, "new")
    for language in ("zh", "en"):
        said = caught.value.word(language)
        assert "\n" not in said
        assert path.name[:60] in said
    return caught.value


# --- killed ---------------------------------------------------------------------------------

KILLED = (
    WRITER
    + """
import os, time, pyarrow.parquet, pyogrio, xlsxwriter
folder, rows = Path(sys.argv[1]), int(sys.argv[2])
def started(path):
    if (child := os.fork()) == 0:
        write(path, rows, "new")
        os._exit(0)
    return child
for suffix in sys.argv[3].split():
    path, timed = folder / ("a" + suffix), folder / ("timed" + suffix)
    write(path, 20, "old")
    write(timed, 20, "old")
    start = time.monotonic()
    os.waitpid(started(timed), 0)
    took = time.monotonic() - start
    timed.unlink()
    for share in [float(text) for text in sys.argv[4:]]:
        child = started(path)
        time.sleep(took * share)
        os.kill(child, 9)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "done", flush=True)
        sys.stdin.readline()
"""
)


def test_killed_in_the_middle_the_old_file_is_whole(tmp_path):
    """Kill -9 at five moments of a write; each time old rows or new rows, all of them."""
    rows, shares = 2000, [0.05, 0.3, 0.5, 0.7, 0.95]
    suffixes = [suffix for suffix in SUFFIXES if suffix != ".shp"]  # see test_shapefile.py
    command = [sys.executable, "-W", "ignore", "-c", KILLED, tmp_path, rows, " ".join(suffixes)]
    killer = subprocess.Popen(
        [str(word) for word in (*command, *shares)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for suffix in suffixes:
        path, words = tmp_path / f"a{suffix}", []
        for _ in shares:
            words.append(killer.stdout.readline().strip())
            assert rows_of(path) in [(20, "old"), (rows, "new")]
            killer.stdin.write("\n")
            killer.stdin.flush()
        assert set(words) <= {"killed", "done"}
        assert "killed" in words
    killer.communicate(timeout=20)
    assert killer.returncode == 0
    # What a killed writer leaves is hidden, and the next run clears it a day later.
    wanted = sorted(f"a{suffix}" for suffix in suffixes)
    left = [entry for entry in tmp_path.iterdir() if entry.name not in wanted]
    assert left
    assert all(entry.name.startswith(".a-") for entry in left)
    for entry in left:
        os.utime(entry, (time.time() - 90_000,) * 2)
    for name in wanted:
        write(tmp_path / name, 5, "end")
    assert names(tmp_path) == wanted


def test_only_what_was_abandoned_long_ago_is_removed(tmp_path):
    keep = [
        ".a-0123abcd.csv",
        ".a-zz.csv",
        ".ab-0123abcd.csv",
        "a-0123abcd.csv",
        ".a-0123abcd.gpkg",
    ]
    for name in keep:
        (tmp_path / name).write_text("x")
        if name != keep[0]:
            os.utime(tmp_path / name, (0, 0))
    (tmp_path / ".a-00000000.csv").write_text("x")
    os.utime(tmp_path / ".a-00000000.csv", (0, 0))
    write_text(tmp_path / "a.csv", "x")
    assert names(tmp_path) == sorted([*keep, "a.csv"])


# --- full -----------------------------------------------------------------------------------

LIMITED = (
    WRITER
    + """
import resource
from gisplan.errors import OutputError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for suffix in sys.argv[2].split():
    try:
        write(Path(sys.argv[1]) / ("a" + suffix), 3000, "new")
    except OutputError as error:
        print(error.word("en"))
"""
)


def test_files_that_may_not_grow_leave_the_old_ones(tmp_path):
    for suffix in SUFFIXES:
        write(tmp_path / f"a{suffix}", 5, "old")
    before = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}
    command = [sys.executable, "-W", "ignore", "-c", LIMITED, tmp_path, " ".join(SUFFIXES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert [f"a{suffix}" in line for suffix, line in zip(SUFFIXES, said, strict=True)] == [True] * 8
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == before


@contextmanager
def mounted(folder, size):
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        done = subprocess.run(["umount", folder])
        if done.returncode:  # a file in it was left open: say so, and let it go all the same
            subprocess.run(["umount", "-l", folder], check=True)
            pytest.fail("a writer left a file open")


@needs_root
def test_a_full_disk_leaves_the_old_files_and_no_litter(tmp_path):
    for suffix in SUFFIXES:
        with mounted(tmp_path / f"disk{suffix}", "200k") as disk:
            path = disk / f"a{suffix}"
            write(path, 3, "old")
            (disk / "filler").write_bytes(b"x" * max(0, free(disk) - 8192))
            before = {entry.name: entry.read_bytes() for entry in disk.iterdir()}
            refuse(path, rows=3000)
            assert {entry.name: entry.read_bytes() for entry in disk.iterdir()} == before
            assert rows_of(path) == (3, "old") or suffix == ".html"


def free(folder):
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def test_a_writer_that_claims_success_is_not_believed(tmp_path, monkeypatch):
    """Some drivers report nothing of a full disk: here the file is cut after it was written."""
    path = tmp_path / "a.geojson"
    write(path, 3, "old")
    whole = tables._to_gis

    def cut(frame, beside, layer, **options):
        whole(frame.iloc[:-1], beside, layer, **options)

    monkeypatch.setattr(tables, "_to_gis", cut)
    assert refuse(path, rows=9).code == "output_unsound"
    assert rows_of(path) == (3, "old")
    assert names(tmp_path) == ["a.geojson"]


# --- places that cannot be written ----------------------------------------------------------


@needs_root
def test_a_read_only_folder_is_told_in_one_line(tmp_path):
    with mounted(tmp_path / "disk", "2m") as disk:
        for suffix in SUFFIXES:
            write(disk / f"a{suffix}", 3, "old")
        before = names(disk)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for suffix in SUFFIXES:
            refuse(disk / f"a{suffix}")
            refuse(disk / f"new{suffix}")
            refuse(disk / "new folder" / f"a{suffix}")
        assert names(disk) == before


@needs_root
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_or_a_file_that_may_not_change(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write(path, 3, "old")
    before = names(tmp_path)
    for locked in (path, tmp_path):
        subprocess.run(["chattr", "+i", locked], check=True)
        try:
            refuse(path)
        finally:
            subprocess.run(["chattr", "-i", locked], check=True)
    assert names(tmp_path) == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_marked_read_only_is_not_replaced(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write(path, 3, "old")
    path.chmod(0o444)
    before = path.read_bytes()
    refuse(path)
    assert path.read_bytes() == before
    path.chmod(0o640)
    write(path, 5, "new")
    assert suffix == ".shp" or stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_a_pipe_and_a_file_in_the_way(tmp_path, suffix):
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    refuse(folder)
    (tmp_path / "file").write_text("x")
    refuse(tmp_path / "file" / f"a{suffix}")
    os.mkfifo(tmp_path / f"pipe{suffix}")
    refuse(tmp_path / f"pipe{suffix}")
    refuse(tmp_path / ("x" * 300 + suffix))
    assert names(tmp_path) == sorted([f"folder{suffix}", "file", f"pipe{suffix}"])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_folder_is_made(tmp_path, suffix):
    path = tmp_path / "一" / "二" / f"a{suffix}"
    write(path, 3, "new")
    assert path.is_file()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_link_stays_and_the_file_it_names_is_replaced(tmp_path, suffix):
    target, link = tmp_path / "there" / f"b{suffix}", tmp_path / f"a{suffix}"
    write(target, 3, "old")
    link.symlink_to(target)
    write(link, 5, "new")
    assert link.is_symlink()
    assert target.is_file()
    assert suffix == ".html" or rows_of(target) == (5, "new")
    assert names(tmp_path) == sorted([link.name, "there"])
    circle = tmp_path / f"c{suffix}"
    circle.symlink_to(circle)
    refuse(circle)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp"])
def test_a_name_that_the_gis_library_would_read_as_an_archive(tmp_path, suffix, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    for name in ("终稿!b", "终稿;b"):
        assert refuse(tmp_path / "x" / f"{name}{suffix}").code == "output_bang"
    assert names(tmp_path) == ["x"]
    assert not names(tmp_path / "x")


# --- two at once ----------------------------------------------------------------------------


def test_of_two_writers_the_last_wins_whole(tmp_path):
    path, stop = tmp_path / "a.txt", threading.Event()
    texts = [letter * 200_000 for letter in "abcd"]
    write_text(path, texts[0])

    def hammer(text):
        while not stop.is_set():
            write_text(path, text)

    writers = [threading.Thread(target=hammer, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    seen = {path.read_text() for _ in range(300)}
    stop.set()
    for writer in writers:
        writer.join()
    assert seen <= set(texts)
    assert names(tmp_path) == ["a.txt"]


RACE = (
    WRITER
    + """
import os, pyogrio
for suffix in (".gpkg", ".xlsx", ".geojson", ".shp"):
    children = []
    for rows, mark in ((300, "one"), (500, "two"), (700, "three")):
        if (child := os.fork()) == 0:
            write(Path(sys.argv[1]) / ("a" + suffix), rows, mark)
            os._exit(0)
        children.append(child)
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""
)


def test_three_processes_on_one_file(tmp_path):
    """The last wins whole; of a shapefile, where two meet, one may be told so instead."""
    command = [sys.executable, "-W", "ignore", "-c", RACE, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.stdout.splitlines()[:3] == ["[0, 0, 0]"] * 3, done.stderr
    for suffix in (".gpkg", ".xlsx", ".geojson"):
        assert rows_of(tmp_path / f"a{suffix}") in [(300, "one"), (500, "two"), (700, "three")]
    assert not [name for name in names(tmp_path) if name.startswith(".") and ".shp" not in name]


# --- what stands in the files ---------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".json", ".geojson", ".parquet", ".xlsx", ".shp"])
def test_the_same_rows_give_the_same_bytes(tmp_path, suffix):
    write(tmp_path / f"a{suffix}", 20, "one")
    first = (tmp_path / f"a{suffix}").read_bytes()
    write(tmp_path / f"a{suffix}", 20, "one")
    assert (tmp_path / f"a{suffix}").read_bytes() == first


def test_a_csv_for_people_has_its_mark_and_gis_files_their_system(tmp_path):
    write(tmp_path / "a.csv", 1, "x")
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    for suffix in (".gpkg", ".parquet", ".shp"):
        write(tmp_path / f"a{suffix}", 1, "x")
    assert gpd.read_file(tmp_path / "a.gpkg").crs.to_epsg() == 4547
    assert gpd.read_parquet(tmp_path / "a.parquet").crs.to_epsg() == 4547


def test_columns_that_a_geopackage_takes_for_one_are_kept_apart(tmp_path):
    frame = gpd.GeoDataFrame(
        {"fid": ["a"], "Name": ["b"], "name": ["c"], "geom": ["d"]},
        geometry=[Point(1, 2)],
        crs=4326,
    )
    write_vector(tmp_path / "a.gpkg", frame, pd.DataFrame(index=frame.index))
    back = gpd.read_file(tmp_path / "a.gpkg")
    held = {name: back[name].iloc[0] for name in back.columns if name != "geometry"}
    assert held == {"fid (2)": "a", "Name": "b", "name (2)": "c", "geom (2)": "d"}


def test_systems_are_compared_by_what_they_say():
    local = "+proj=tmerc +lon_0=113.3 +k=1 +x_0=500000 +ellps=GRS80 +units=m"
    other = "+proj=tmerc +lon_0=114.3 +k=1 +x_0=500000 +ellps=GRS80 +units=m"
    assert same_crs(local, local)
    assert not same_crs(local, other)
    assert not same_crs(4547, 4526)
    assert not same_crs(None, 4547)
    assert same_crs(None, None)


FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", " =1",
    "\u200b=1", "\u202e=1", "\ufeff=1", "\u3000=1", "|calc", "=HYPERLINK(\"http://127.0.0.1\")",
    "{=1+1}", "=cmd|' /C calc'!A0",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula(tmp_path, text):
    frame = pd.DataFrame({text: [text], "v": [-1.5]})
    lines = csv_text(frame, LABELS)
    if text != "{=1+1}":  # only xlsx has that spelling
        assert lines.startswith(("'", "\"'"))
    assert lines.rstrip().endswith("-1.5")
    path = tmp_path / "a.xlsx"
    write_workbook(path, [Sheet(text, frame)], LABELS, title=text)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in archive.namelist() if "externalLink" in name]
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    page = openpyxl.load_workbook(path).worksheets[0]
    assert [page["A1"].data_type, page["A2"].data_type] == ["s", "s"]


NASTY = "".join(map(chr, range(32))) + "\x7f\x85\ufffe\uffff\ud800甲<b>&amp;\u202e_x0041_𠮷"


def test_characters_that_xml_cannot_hold(tmp_path):
    path = tmp_path / "a.xlsx"
    frame = pd.DataFrame([[NASTY]], columns=pd.Index([NASTY], dtype=object), dtype=object)
    write_workbook(path, [Sheet(NASTY, frame)], LABELS, title="a")
    page = openpyxl.load_workbook(path).worksheets[0]
    assert page["A2"].value == page["A1"].value == "\t\n甲<b>&amp;\u202e_x0041_𠮷"
    write_csv(tmp_path / "a.csv", pd.DataFrame({"a": [NASTY]}, dtype=object), LABELS)
    write_json(tmp_path / "a.json", {"projects_file": NASTY}, [{"name": NASTY}])
    assert "甲" in json.loads((tmp_path / "a.json").read_text("utf-8"))["projects"][0]["name"]


@pytest.mark.parametrize(
    "title", ["[a]:*?/\\'b", "长" * 40, "", "History", "history", "a\nb", "\x00"]
)
def test_every_name_makes_a_sheet_that_excel_accepts(tmp_path, title):
    path = tmp_path / "a.xlsx"
    write_workbook(path, [Sheet(title, pd.DataFrame({"a": [1]}))], LABELS, title=title)
    (name,) = openpyxl.load_workbook(path).sheetnames
    assert name == sheet_name(title)
    assert 0 < len(name) <= 31
    assert name.lower() != "history"


def test_a_text_too_long_for_a_cell_shows_that_it_was_cut(tmp_path):
    path = tmp_path / "a.xlsx"
    texts = ["字" * 32_767, "字" * 32_768, "𠮷" * 16_383, "𠮷" * 16_384]
    write_workbook(path, [Sheet("a", pd.DataFrame({"a": texts}))], LABELS, title="a")
    page = openpyxl.load_workbook(path).worksheets[0]
    held = [page.cell(row, 1).value for row in (2, 3, 4, 5)]
    assert held == [texts[0], "字" * 32_766 + "…", texts[2], "𠮷" * 16_383 + "…"]


def test_an_error_of_the_caller_leaves_nothing_behind(tmp_path):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")

    def fail(beside):
        beside.write_bytes(b"half")
        raise GisplanError("unexpected", detail="x")

    with pytest.raises(GisplanError):
        write_whole(path, fail)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]
