"""Hostile files and names: one clear line or plain text, bounded memory, nothing fetched."""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely.geometry import Point

from gisplan.errors import GisplanError, ProjectsError
from gisplan.io.flat import write_csv
from gisplan.io.projects import SUFFIXES, intake
from gisplan.io.shapefile import write_shapefile
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import LANGUAGES, Labels

TABLE = "项目编号,项目名称,经度,纬度\nP1,{name},114.35,36.09\n"


def one_line(error, name):
    for language in LANGUAGES:
        said = error.word(language)
        assert "\n" not in said
        assert len(said) < 1000
    assert name is None or name in error.word("zh")


def refuse(path, *codes):
    with pytest.raises(GisplanError) as caught:
        intake(path)
    one_line(caught.value, path.name)
    assert not codes or caught.value.code in codes
    return caught.value


@pytest.fixture
def listener():
    """Listen on this machine; what asks for anything is noted, by its first line."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        done = threading.Event()

        def serve():
            while not done.is_set():
                try:
                    caller, _ = server.accept()
                except TimeoutError:
                    continue
                with caller:
                    caller.settimeout(1)
                    asked.append(caller.recv(200))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        done.set()
        thread.join()


def contents(folder):
    return {
        str(entry.relative_to(folder)): hashlib.sha256(entry.read_bytes()).hexdigest()
        for entry in folder.rglob("*")
        if entry.is_file()
    }


def good(folder, suffix):
    """Write a good file of two projects in one of the formats that are read."""
    path = folder / f"good{suffix}"
    frame = gpd.GeoDataFrame(
        {"name": ["甲", "乙"]}, geometry=[Point(114.35, 36.09), Point(114.36, 36.1)], crs=4326
    )
    table = pd.DataFrame({"name": frame["name"], "lon": frame.geometry.x, "lat": frame.geometry.y})
    if suffix in (".xlsx", ".xlsm"):
        table.to_excel(path, index=False, engine="openpyxl")
    elif suffix in (".csv", ".txt", ".tsv"):
        table.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    elif suffix in (".geojson", ".json"):
        frame.to_file(path, driver="GeoJSON")
    elif suffix == ".gpkg":
        frame.to_file(path, layer="a")
    elif suffix in (".parquet", ".geoparquet"):
        frame.to_parquet(path)
    elif suffix in (".shp", ".zip"):
        write_shapefile(folder / "good.shp", frame, Labels("zh"))
        if suffix == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for part in folder.glob("good.[dps]*"):
                    archive.write(part, part.name)
    else:
        marks = "".join(
            f"<Placemark><name>{n}</name><Point><coordinates>{p.x},{p.y}</coordinates></Point>"
            "</Placemark>" for n, p in zip(frame["name"], frame.geometry, strict=True)
        )  # fmt: skip
        text = f'<?xml version="1.0" encoding="UTF-8"?><kml><Document>{marks}</Document></kml>'
        if suffix == ".kmz":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("doc.kml", text)
        else:
            path.write_text(text, "utf-8")
    return path


MADE = sorted(set(SUFFIXES) - {".xls", ".ods"})  # no library here writes those two


# --- addresses and drivers --------------------------------------------------------------------


def test_no_path_is_an_address(tmp_path, listener, monkeypatch):
    address, asked = listener
    monkeypatch.chdir(tmp_path)
    host = address.removeprefix("http://")
    for path in (
        f"{address}/a.geojson", f"/vsicurl/{address}/a.gpkg", f"/vsizip//vsicurl/{address}/a.zip",
        f"zip+{address}/a.shp", f"/vsicurl?header_file=x&url={address}/a.csv", f"WFS:{address}",
        f"OAPIF:{address}", f"WFS:{host}.gpkg", f"PG:host={host}.gpkg", "/vsizip/a.zip/a.shp",
        '{"type": "FeatureCollection"}', '{"type": "FeatureCollection"}.geojson',
        f"<OGRVRTDataSource>{address}</OGRVRTDataSource>.shp", "/vsimem/a.gpkg", "a\n.csv",
        "a\0.csv", f"file://{tmp_path}/a.csv", f"GeoJSON:{address}/a.json",
    ):  # fmt: skip
        with pytest.raises(ProjectsError) as caught:
            intake(path)
        one_line(caught.value, None)
    assert not asked


@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_a_file_whose_name_looks_like_an_address_is_only_a_file(
    tmp_path, listener, monkeypatch, suffix
):
    address, asked = listener
    monkeypatch.chdir(tmp_path)
    good(tmp_path, suffix)
    host = address.removeprefix("http://")
    for stem in (f"http:{host}", f"WFS:{host}", "PG:dbname=x", "zip:a", "a?b", "a b", "'--"):
        for part in tmp_path.glob("good.*"):
            (tmp_path / f"{stem}{part.suffix}").write_bytes(part.read_bytes())
        assert intake(f"{stem}{suffix}").projects["name"].tolist() == ["甲", "乙"]
    folder = tmp_path / "a.zip"
    folder.mkdir()
    for part in tmp_path.glob("good.*"):
        (folder / part.name).write_bytes(part.read_bytes())
        for stem in ("b!c", "b;c"):
            (folder / f"{stem}{part.suffix}").write_bytes(part.read_bytes())
    assert len(intake(folder / f"good{suffix}").projects) == 2
    for stem in ("b!c", "b;c"):
        refuse(folder / f"{stem}{suffix}", "projects_bang")
    assert not asked


@pytest.mark.parametrize("suffix", [s for s in MADE if s not in (".txt", ".csv", ".tsv")])
def test_text_that_gdal_would_follow_under_any_suffix(tmp_path, listener, suffix):
    address, asked = listener
    (tmp_path / "secret.csv").write_text("name\nsecret\n")
    vrt = (
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{tmp_path}/secret.csv'
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    for text in (
        vrt,
        vrt.replace(f"{tmp_path}/secret.csv", f"/vsicurl/{address}/secret.csv"),
        f"<OGRWFSDataSource><URL>{address}</URL></OGRWFSDataSource>",
        f"<GDAL_WMS><Service name='WMS'><ServerUrl>{address}</ServerUrl></Service></GDAL_WMS>",
        f'{{"type": "FeatureCollection", "links": [{{"rel": "next", "href": "{address}"}}]}}',
    ):
        path = tmp_path / f"a{suffix}"
        path.write_text(text)
        refuse(path)
    assert not asked


def test_nothing_that_stands_in_a_good_file_is_fetched(tmp_path, listener):
    address, asked = listener
    kml = good(tmp_path, ".kml").read_text("utf-8")
    link = f"<NetworkLink><Link><href>{address}</href></Link></NetworkLink>"
    (tmp_path / "a.kml").write_text(kml.replace("<Document>", f"<Document>{link}"), "utf-8")
    assert len(intake(tmp_path / "a.kml").projects) == 2
    good(tmp_path, ".shp")
    for text in (f"/vsicurl/{address}", f"{address}/4326.prj", f"EPSGA:{address}"):
        (tmp_path / "good.prj").write_text(text)
        assert "crs_file" not in dict(intake(tmp_path / "good.shp").evidence)
    assert not asked


@pytest.mark.parametrize("level", ["file", "feature", "geometry", "twice", "escaped"])
def test_a_system_that_geojson_gives_as_an_address_is_not_fetched(tmp_path, listener, level):
    address, asked = listener
    crs = {"type": "link", "properties": {"href": f"{address}/a.prj", "type": "proj4"}}
    document = json.loads(good(tmp_path, ".geojson").read_text("utf-8"))
    document.pop("crs", None)
    first = document["features"][0]
    {"feature": first, "geometry": first["geometry"]}.get(level, document)["crs"] = crs
    text = json.dumps({"links": [{"rel": "next", "href": address}], **document})
    if level == "twice":
        text = text[:-1] + ', "crs": {"type": "name", "properties": {"name": "EPSG:4326"}}}'
    if level == "escaped":
        text = text.replace('"crs"', '"\\u0063rs"').replace('"link"', '"\\u006cink"')
    path = tmp_path / "a.geojson"
    path.write_text(text)
    result = intake(path)
    assert result.projects["name"].tolist() == ["甲", "乙"]
    told = dict(result.evidence)
    assert ("crs_link_left" in told, "crs_file" in told) == (level != "twice", level == "twice")
    assert not asked


def test_a_system_that_a_package_gives_as_an_address_is_not_fetched(package, listener):
    path, database = package
    address, asked = listener
    for text in (f"{address}/a.prj", f"/vsicurl/{address}/a.prj"):
        database.execute(
            "UPDATE gpkg_spatial_ref_sys SET definition = ?, organization = 'x',"
            " organization_coordsys_id = 1 WHERE srs_id = 4326", (text,),
        )  # fmt: skip
        database.commit()
        try:
            intake(path, crs="wgs84")
        except GisplanError as error:
            one_line(error, None)
    assert not asked


# --- XML --------------------------------------------------------------------------------------

BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
DOCTYPES = {
    "laughs": f'<!DOCTYPE k [<!ENTITY a0 "ha">{BOMB}]>',
    "file": '<!DOCTYPE k [<!ENTITY a11 SYSTEM "file:///etc/hostname">]>',
    "address": '<!DOCTYPE k [<!ENTITY a11 SYSTEM "ADDRESS">]>',
    "remote": '<!DOCTYPE k SYSTEM "ADDRESS/a.dtd">',
    "parameter": '<!DOCTYPE k [<!ENTITY % p SYSTEM "ADDRESS"> %p;]>',
    "quadratic": f'<!DOCTYPE k [<!ENTITY a11 "{"a" * 100_000}">]>',
}


@pytest.mark.parametrize("name", DOCTYPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_kml_are_refused(tmp_path, listener, name, encoding):
    address, asked = listener
    head = DOCTYPES[name].replace("ADDRESS", address)
    marks = "<Placemark><name>&a11;</name></Placemark>" * 3
    text = f'<?xml version="1.0" encoding="{encoding}"?>{head}<kml>{marks}</kml>'
    path = tmp_path / "a.kml"
    path.write_text(text, encoding)
    refuse(path, "projects_dtd")
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.write(path, "doc.kml")
    refuse(tmp_path / "a.kmz", "projects_dtd")
    assert not asked


def with_member(source, target, member, change):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == member else data)


@pytest.mark.parametrize("name", DOCTYPES)
@pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_entities_in_a_workbook_stay_unread(tmp_path, listener, name, member):
    address, asked = listener
    book = tmp_path / "book.xlsx"
    write_workbook(book, [Sheet("a", pd.DataFrame({"name": ["甲"], "b": ["乙"]}))],
                   Labels("en"), title="a")  # fmt: skip
    head = DOCTYPES[name].replace("ADDRESS", address).encode()

    def attack(data):
        declared, _, rest = data.partition(b"?>")
        return declared + b"?>" + head + rest.replace("甲".encode(), b"&a11;")

    path = tmp_path / "a.xlsx"
    with_member(book, path, member, attack)
    hostname = Path("/etc/hostname").read_text().strip() or "-"
    try:
        result = intake(path)
    except GisplanError as error:
        one_line(error, path.name)
    else:
        text = result.projects["name"].iloc[0] or ""
        assert hostname not in text
        assert len(text) < 1000
    assert not asked


# --- archives ---------------------------------------------------------------------------------


def test_a_zip_that_unpacks_to_far_more_than_it_is(tmp_path):
    kml = b"<kml>" + b"<Placemark/>" * 4_000_000
    for name, member in (("a.kmz", "doc.kml"), ("a.zip", "a.shp"), ("a.xlsx", "xl/workbook.xml")):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, kml)
        assert (tmp_path / name).stat().st_size < 300_000
        refuse(tmp_path / name, "projects_too_big")


def test_a_zip_of_twenty_thousand_members(tmp_path):
    for name in ("a.zip", "a.kmz", "a.xlsx"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for at in range(20_000):
                archive.writestr(f"{at}.shp", b"")
        code = "projects_many_members" if name == "a.zip" else None
        refuse(tmp_path / name, *([code] if code else []))


def test_members_that_point_out_of_the_archive_write_nothing(tmp_path):
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    kml = good(folder, ".kml").read_text("utf-8")
    link = zipfile.ZipInfo("link.kml")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "a.kmz", "w") as archive:
        archive.writestr("../../slip.kml", kml)
        archive.writestr("/tmp/gisplan-slip.kml", kml)
        archive.writestr("C:\\slip.kml", kml)
        archive.writestr(link, "/etc/passwd")
    with zipfile.ZipFile(folder / "link.kmz", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    before = contents(tmp_path)
    assert intake(folder / "a.kmz").projects["name"].tolist() == ["甲", "乙"]
    refuse(folder / "link.kmz", "projects_disguised")
    assert contents(tmp_path) == before
    assert not Path("/tmp/gisplan-slip.kml").exists()


def test_a_locked_or_lying_archive(tmp_path):
    source = good(tmp_path, ".kmz").read_bytes()
    locked, at = bytearray(source), source.index(b"PK\x01\x02")
    locked[6] |= 1
    locked[at + 8] |= 1
    (tmp_path / "locked.kmz").write_bytes(bytes(locked))
    refuse(tmp_path / "locked.kmz")
    lying = bytearray(source)
    lying[at + 24 : at + 28] = struct.pack("<I", 10)  # says that it unpacks to 10 bytes
    (tmp_path / "lying.kmz").write_bytes(bytes(lying))
    refuse(tmp_path / "lying.kmz")


# --- damaged ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_in_a_file(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"")
    refuse(path, "projects_empty_file")
    for content in (b"\0", b"\0" * 5000, b"\n", b"\xef\xbb\xbf"):
        path.write_bytes(content)
        refuse(path)


@pytest.mark.parametrize("suffix", [s for s in MADE if s not in (".txt", ".csv", ".tsv")])
def test_a_file_cut_anywhere_is_refused_or_whole(tmp_path, suffix):
    """What was cut off is never simply missing from the rows: two rows or an error."""
    source = good(tmp_path, suffix).read_bytes()
    path = tmp_path / f"a{suffix}"
    for part in tmp_path.glob("good.*"):
        if suffix == ".shp":
            (tmp_path / f"a{part.suffix}").write_bytes(part.read_bytes())
    for share in (0.03, 0.2, 0.5, 0.8, 0.95, 0.999):
        path.write_bytes(source[: max(1, int(len(source) * share))])
        try:
            result = intake(path)
        except GisplanError as error:
            one_line(error, path.name)
        else:
            assert result.projects["name"].tolist() == ["甲", "乙"], share


@pytest.mark.parametrize("suffix", MADE)
def test_bytes_changed_at_random_end_in_rows_or_one_line(tmp_path, suffix):
    chance = random.Random(suffix)
    source = good(tmp_path, suffix).read_bytes()
    for part in tmp_path.glob("good.*"):
        if suffix == ".shp":
            (tmp_path / f"a{part.suffix}").write_bytes(part.read_bytes())
    path = tmp_path / f"a{suffix}"
    for _ in range(25):
        content = bytearray(source)
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(bytes(content))
        try:
            result = intake(path)
        except GisplanError as error:
            one_line(error, None)
        else:
            located = result.projects.geometry.notna()
            assert result.projects.loc[~located, "intake_issues"].notna().all()


# --- GeoPackage -------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path):
    path = good(tmp_path, ".gpkg")
    with sqlite3.connect(path) as database:
        yield path, database
    database.close()


def test_a_stale_count_of_rows_loses_none(package):
    path, database = package
    database.execute("DROP TRIGGER IF EXISTS trigger_insert_feature_count_a")
    database.execute("UPDATE gpkg_ogr_contents SET feature_count = 1")
    database.commit()
    assert intake(path).projects["name"].tolist() == ["甲", "乙"]


def test_without_arrow_a_stale_count_is_an_error_and_not_a_shorter_list(package, monkeypatch):
    path, database = package
    monkeypatch.setattr("gisplan.io.vectors._has_arrow", lambda: False)
    assert len(intake(path).projects) == 2
    database.execute("UPDATE gpkg_ogr_contents SET feature_count = 1")
    database.commit()
    refuse(path, "projects_broken")


ENDLESS = "WITH RECURSIVE t(name) AS (SELECT 1 UNION ALL SELECT name + 1 FROM t) SELECT name FROM t"


def test_an_endless_view_is_no_layer(package):
    path, database = package
    database.execute(f"CREATE VIEW endless AS {ENDLESS}")
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier)"
        " VALUES ('endless', 'attributes', 'endless')"
    )
    database.commit()
    assert len(intake(path).projects) == 2
    with pytest.raises(ProjectsError) as caught:
        intake(path, layer="endless")
    assert caught.value.code == "projects_no_sheet"


@pytest.mark.parametrize("table", ["gpkg_contents", "gpkg_geometry_columns", "gpkg_ogr_contents"])
def test_a_view_in_the_place_of_a_table_of_the_format(package, table):
    path, database = package
    database.execute("PRAGMA legacy_alter_table = ON")
    for (name,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        database.execute(f'DROP TRIGGER "{name}"')
    database.execute(f"DROP TABLE {table}")
    database.execute(f"CREATE VIEW {table} AS {ENDLESS}")
    database.commit()
    refuse(path, "projects_views")


def test_a_trigger_does_not_run_and_nothing_is_written(package, tmp_path):
    path, database = package
    database.execute(
        "CREATE TRIGGER evil AFTER UPDATE ON gpkg_ogr_contents"
        " BEGIN UPDATE a SET name = 'changed'; END"
    )
    database.commit()
    before = contents(tmp_path)
    assert intake(path).projects["name"].tolist() == ["甲", "乙"]
    assert contents(tmp_path) == before


def test_a_package_with_a_log_is_read_and_left_as_it_is(tmp_path):
    path = good(tmp_path, ".gpkg")
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    before = contents(tmp_path)
    assert len(intake(path).projects) == 2
    assert contents(tmp_path) == before


def test_names_of_layers_and_columns_are_no_sql(tmp_path):
    path = tmp_path / "a.gpkg"
    table = "a\"'; DROP TABLE gpkg_contents; --"
    frame = gpd.GeoDataFrame({"name": ["甲"], 'x" FROM y': ["z"]}, geometry=[Point(1, 2)], crs=4326)
    frame.to_file(path, layer=table)
    result = intake(path)
    assert result.projects["name"].tolist() == ["甲"]
    assert dict(result.evidence)["layer"] == table


def test_text_in_a_package_that_is_no_utf8(package):
    path, database = package
    for (trigger,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        database.execute(f'DROP TRIGGER "{trigger}"')
    database.execute("UPDATE a SET name = CAST(x'ff80ff' AS TEXT)")
    database.commit()
    try:
        intake(path)
    except GisplanError as error:
        one_line(error, path.name)


# --- memory -----------------------------------------------------------------------------------

BOUNDED = """
import resource, sys
from gisplan.errors import GisplanError
from gisplan.io.projects import intake
import pyarrow.parquet, pyogrio, geopandas
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + (1 << 30),) * 2)
for path in sys.argv[1:]:
    try:
        print(len(intake(path).projects), path)
    except GisplanError as error:
        print("refused", path, error.code)
"""


def far_cell(path):
    book = openpyxl.Workbook()
    book.active.append(["名称"])
    book.active.append(["甲"])
    book.active["XFD1048576"] = "x"
    book.save(path)


def repeated(path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    column = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000_000, pa.int32()), ["甲"])
    pq.write_table(pa.table(dict.fromkeys(("name", "b", "c", "d", "e"), column)), path)


def test_a_gigabyte_of_nothing_and_bombs_take_bounded_memory(tmp_path):
    """One GiB above what the libraries hold, in a process of its own."""
    paths = []
    for suffix in (".csv", ".txt", ".geojson", ".kml", ".xlsx", ".gpkg", ".shp", ".parquet"):
        path = tmp_path / f"sparse{suffix}"
        content = good(tmp_path, suffix).read_bytes()
        path.write_bytes(content)
        os.truncate(path, 1 << 30)
        paths.append(path)
    repeated(tmp_path / "repeated.parquet")
    paths.append(tmp_path / "repeated.parquet")
    command = [sys.executable, "-W", "ignore", "-c", BOUNDED, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(paths)
    # SQLite knows how long its file is; all others are refused.
    assert [line for line in lines if not line.startswith("refused")] in ([], [f"2 {paths[5]}"])


def test_a_cell_at_the_far_end_of_a_sheet(tmp_path):
    far_cell(tmp_path / "far.xlsx")
    command = [sys.executable, "-W", "ignore", "-c", BOUNDED, tmp_path / "far.xlsx"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in ("refused", "1")


# --- text stays text --------------------------------------------------------------------------

NAMES = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{7*7}}", "${7*7}", "{% if %}",
    "=HYPERLINK(\"http://127.0.0.1\")", "@SUM(A1)", "+cmd|' /C calc'!A0", "＝1+1", "甲\u202e乙",
    "甲\x1b[2J乙", "甲\x07乙", "甲\u200b乙", "%s%n", "../../etc/passwd", "'; DROP TABLE a; --",
]  # fmt: skip


@pytest.mark.parametrize("name", [*NAMES, "甲\n乙", "甲\r\n乙"])
def test_a_name_goes_through_every_format_as_text(tmp_path, name):
    quoted = '"' + name.replace('"', '""') + '"'
    path = tmp_path / "a.csv"
    path.write_text(TABLE.format(name=quoted), "utf-8", newline="")
    result = intake(path)
    assert len(result.projects) == 1
    kept = result.projects["name"].iloc[0]
    assert kept.replace("\r\n", "\n") == name.replace("\r\n", "\n")
    table = pd.DataFrame({"name": [kept]})
    write_csv(tmp_path / "out.csv", table, Labels("en"))
    write_workbook(tmp_path / "out.xlsx", [Sheet("a", table)], Labels("en"), title="a")
    cell = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]["A2"]
    assert cell.data_type == "s"
    assert not (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()[1].startswith(("=", "@"))


def test_the_terminal_shows_no_control_characters(tmp_path):
    rows = "".join(f'P{at},"{name.replace(chr(34), chr(34) * 2)}",114.35,36.09\n'
                   for at, name in enumerate([*NAMES, "甲\n乙"]))  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_text(TABLE.partition("\n")[0] + "\n" + rows, "utf-8", newline="")
    command = [sys.executable, "-m", "gisplan", "check", path, "-o", tmp_path / "out.json"]
    done = subprocess.run(command, capture_output=True, timeout=50)
    assert done.returncode == 0, done.stderr
    shown = done.stdout + done.stderr
    assert not set(shown) & (set(range(32)) - {10})
    for mark in ("\u202e", "\u200b"):
        assert mark.encode() not in shown
    told = json.loads((tmp_path / "out.json").read_text("utf-8"))["projects"]
    assert [row["name"] for row in told] == [*NAMES, "甲\n乙"]


def test_file_names_of_people_and_of_others(tmp_path):
    for name in (
        "甲 乙（终稿）.csv",
        "a'b;c&d|e.csv",
        "-o.csv",
        "甲\u202e乙.csv",
        "[*].csv",
        "~.csv",
    ):
        (tmp_path / name).write_text(TABLE.format(name="甲"), "utf-8")
        result = intake(tmp_path / name)
        assert result.projects["name"].tolist() == ["甲"]
    broken = os.fsdecode(b"\xff\xfe.csv")
    (tmp_path / broken).write_text("nothing", "utf-8")
    with pytest.raises(ProjectsError) as caught:
        intake(tmp_path / broken)
    caught.value.word("zh").encode("utf-8", "backslashreplace")


@pytest.mark.parametrize("suffix", [".csv", ".gpkg", ".kml"])
def test_a_link_is_followed_and_a_circle_is_told(tmp_path, suffix):
    target, link = good(tmp_path, suffix), tmp_path / f"link{suffix}"
    link.symlink_to(target)
    result = intake(link)
    assert result.projects["name"].tolist() == ["甲", "乙"]
    circle = tmp_path / f"circle{suffix}"
    circle.symlink_to(circle)
    refuse(circle)
    (tmp_path / f"dangling{suffix}").symlink_to(tmp_path / "nowhere")
    refuse(tmp_path / f"dangling{suffix}", "projects_missing")


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_name_that_is_no_utf8_goes_through_check_and_verify(tmp_path):
    """As an archive from a GBK machine leaves it when it is unpacked on Linux."""
    listed = Path(os.fsdecode(os.fsencode(tmp_path) + "/项目.csv".encode("gbk")))
    listed.write_text(TABLE.format(name="甲"), encoding="utf-8")

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "gisplan", *map(str, words)], capture_output=True, check=False
        )

    for suffix in (".xlsx", ".csv", ".json"):
        out = tmp_path / f"out{suffix}"
        done = run("check", listed, "-o", out)
        assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr
        again = run("verify", out, "--projects", listed)
        assert again.returncode == 0, again.stderr
