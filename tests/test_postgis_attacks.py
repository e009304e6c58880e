"""A PostgreSQL that restarts, is slow, lies or is booby-trapped: whole answers or one line."""

from __future__ import annotations

import json
import shutil
import threading
import time

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gisplan.errors import PlanError, StoreError
from gisplan.io import postgres
from gisplan.io.address import Address, Table
from gisplan.io.postgis import read_table
from gisplan.io.postgis_store import write_table
from gisplan.io.projects import read_projects
from gisplan.io.provenance import read_provenance
from gisplan.plan import example_folder, open_plan
from tests.postgres import PASSWORD, log_in, started
from tests.test_postgis import FACTS, frame, marks, refused, run

READER = "reader"
SQUARE = "SRID=4547;POLYGON((500000 4000000,501000 4000000,501000 4001000,500000 4000000))"
with np.errstate(invalid="ignore"):
    ENDLESS = shapely.to_wkb(
        shapely.set_srid(shapely.Polygon([(5e5, 4e6), (np.inf, 4e6), (5.01e5, 4.001e6)]), 4547),
        hex=True, include_srid=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with started() as found:
        yield found


@pytest.fixture(autouse=True)
def password(monkeypatch):
    log_in(monkeypatch)


@pytest.fixture
def address(server):
    return Address.parse(server.url())


@pytest.fixture
def folder(server, tmp_path):
    """The shipped plan with its old town in the database, as ``town``."""
    plan = tmp_path / "plan"
    shutil.copytree(example_folder(), plan)
    text = (plan / "plan.toml").read_text("utf-8")
    head, mark, rest = text.partition("[zones.laocheng]")
    source = f'source = "{server.url()}"\ntable = "public.town"'
    rest = rest.replace('source = "zones.geojson"', source, 1)
    rest = rest.replace("where = \"id = 'laocheng'\"\n", "", 1)
    (plan / "plan.toml").write_text(head + mark + rest, "utf-8")
    return plan


def town(server, *shapes):
    server.ask("DROP TABLE IF EXISTS town CASCADE")
    server.ask("CREATE TABLE town (geom extensions.geometry)")
    for shape in shapes:
        server.ask("INSERT INTO town VALUES (%s)", shape)


# --- what a table may be ------------------------------------------------------------------------


def test_a_view_and_a_value_with_quotes_are_read(server, address):
    town(server, SQUARE)
    server.ask("ALTER TABLE town ADD COLUMN name text DEFAULT 'O''Brien''s; DROP TABLE town--'")
    server.ask("CREATE VIEW seen AS SELECT geom, name FROM town")
    for table in ("seen", "town"):
        where = ("name", "O'Brien's; DROP TABLE town--")
        assert len(read_table(address, Table.parse(table), where=where).frame) == 1
        assert len(read_table(address, Table.parse(table), where=("name", "O'Brien")).frame) == 0


BAD_SHAPES = {
    "without SRID": ("POLYGON((0 0,1 0,1 1,0 0))",),
    "of two kinds": (SQUARE, "SRID=4547;POINT(500000 4000000)"),
    "of another kind": ("SRID=4547;LINESTRING(500000 4000000,500100 4000000)",),
    "not a number": ("SRID=4547;POLYGON((500000 4000000,NaN NaN,501000 4001000,500000 4000000))",),
    "infinite": (ENDLESS,),
    "empty": ("SRID=4547;POLYGON EMPTY",),
    "nothing at all": (),
}


@pytest.mark.parametrize("shapes", BAD_SHAPES.values(), ids=BAD_SHAPES)
def test_a_layer_that_is_no_area_is_a_finding_of_its_place(server, folder, shapes):
    town(server, *shapes)
    with pytest.raises(PlanError) as caught:
        open_plan(folder)
    assert [one.place for one in caught.value.findings] == ["zone.laocheng"]
    assert caught.value.findings[0].level == "error"
    assert PASSWORD not in caught.value.word("en")


def test_rows_that_a_policy_hides_are_an_error_not_a_smaller_layer(server):
    town(server, SQUARE, SQUARE)
    server.ask("ALTER TABLE town ADD COLUMN secret bool DEFAULT true")
    server.ask("GRANT SELECT ON town TO reader")
    reader = Address.parse(server.url(user=READER))
    assert len(read_table(reader, Table.parse("town")).frame) == 2
    server.ask("ALTER TABLE town ENABLE ROW LEVEL SECURITY")
    server.ask("CREATE POLICY half ON town USING (NOT secret)")
    assert refused(lambda: read_table(reader, Table.parse("town"))) == "store_denied"


def test_a_role_that_may_only_read_reads_and_does_not_write(server, address):
    write_table(address, Table.parse("public.result"), frame(3), FACTS)
    server.ask("GRANT SELECT ON result TO reader")
    server.ask("ALTER ROLE reader SET default_transaction_read_only = on")
    reader = Address.parse(server.url(user=READER))
    try:
        assert len(read_table(reader, Table.parse("public.result")).frame) == 3
        told = refused(lambda: write_table(reader, Table.parse("public.mine"), frame(), FACTS))
        assert told == "store_denied"
        assert marks(server, "result") == (3, "old")
    finally:
        server.ask("ALTER ROLE reader RESET default_transaction_read_only")


# --- what a value may be ------------------------------------------------------------------------

SQL = ["'); DROP TABLE result; --", "\\.", "\\N", "a\tb\nc\r", "\\x00", '"', "%s{}", "NaN",
       "=1+1", "NULL", "\u202e倒"]  # fmt: skip


def test_text_that_looks_like_sql_or_like_an_end_of_the_copy_is_text(server, address):
    held = frame(len(SQL))
    held["文"] = SQL
    write_table(address, Table.parse("public.texts"), held, FACTS)
    rows = server.ask('SELECT "文" FROM texts ORDER BY fid')
    assert [row[0] for row in rows] == SQL


def test_numbers_that_are_none_stay_apart_from_those_without_end(server, address):
    held = frame(4)
    held["x"] = [np.nan, np.inf, -np.inf, 1e300]
    write_table(address, Table.parse("public.numbers"), held, FACTS)
    rows = server.ask("SELECT x::text FROM numbers ORDER BY fid")
    assert [row[0] for row in rows] == [None, "Infinity", "-Infinity", "1e+300"]


# --- a server that goes away, is slow, or changes under the reader ------------------------------


def test_a_server_that_restarts_is_read_and_written_again(server, address):
    town(server, SQUARE)
    before = read_table(address, Table.parse("town"))
    write_table(address, Table.parse("public.lasting"), frame(5), FACTS)
    caught = []

    def write():
        try:
            write_table(address, Table.parse("public.lasting"), frame(300_000, "new"), FACTS)
        except StoreError as error:
            caught.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    asked = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY%%' AND state = 'active'"
    end = time.monotonic() + 20
    while not server.ask(asked) and time.monotonic() < end:
        time.sleep(0.005)
    server.restart()
    writer.join(30)
    assert [error.code for error in caught] == ["store_lost"]
    assert PASSWORD not in caught[0].word("en")
    assert marks(server, "lasting") == (5, "old")
    assert read_table(address, Table.parse("town")).sha256 == before.sha256
    write_table(address, Table.parse("public.lasting"), frame(6, "new"), FACTS)
    assert marks(server, "lasting") == (6, "new")


def test_a_statement_that_takes_too_long_is_told_as_that(server, address, monkeypatch):
    monkeypatch.setattr(postgres, "SECONDS", 1)
    town(server, SQUARE)
    server.ask("CREATE VIEW slow AS SELECT geom, pg_sleep(20)::text AS s FROM town")
    start = time.monotonic()
    told = refused(lambda: read_table(address, Table.parse("slow"), where=("s", "")))
    assert told == "store_slow"
    assert time.monotonic() - start < 10


def test_a_table_that_is_replaced_while_it_is_read_is_read_as_one(server, address):
    """Two writers take turns; every reading is all of one table, its hash that of one."""
    table, marks_seen, faults = Table.parse("public.turning"), set(), []
    sizes = {"aaa": 4000, "bbb": 2500}
    for mark, rows in sizes.items():
        write_table(address, table, frame(rows, mark), FACTS)
        marks_seen.add((rows, read_table(address, table).sha256))
    done = threading.Event()

    def write():
        while not done.is_set():
            for mark, rows in sizes.items():
                write_table(address, table, frame(rows, mark), FACTS)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            try:
                read = read_table(address, table)
            except StoreError as error:
                faults.append(error.word("en"))
                continue
            assert (len(read.frame), read.sha256) in marks_seen
    finally:
        done.set()
        writer.join(30)
    assert faults == []


# --- booby traps --------------------------------------------------------------------------------

TRAPS = {
    "hashtextextended": "(a text, b integer) RETURNS bigint",
    "format": "(a text, VARIADIC b text[]) RETURNS text",
    "obj_description": "(a integer, b text) RETURNS text",
    "to_regclass": "(a text) RETURNS regclass",
    "current_schema": "() RETURNS text",
    "postgis_typmod_srid": "(a integer) RETURNS integer",
}


def test_a_function_of_the_search_path_is_never_called(server, address):
    """CVE-2018-1058: in a schema of the path, somebody's function fits better than the real one."""
    server.ask("CREATE SCHEMA trap")
    server.ask("CREATE TABLE trap.sprung (what text)")
    for name, form in TRAPS.items():
        body = f"BEGIN RAISE EXCEPTION 'sprung {name}'; END"
        server.ask(f"CREATE FUNCTION trap.{name}{form} LANGUAGE plpgsql AS $x$ {body} $x$")
    body = "BEGIN RAISE EXCEPTION 'sprung ='; END"
    server.ask("CREATE FUNCTION trap.eq(text, text) RETURNS bool LANGUAGE plpgsql"
               f" AS $x$ {body} $x$")  # fmt: skip
    server.ask("CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.eq)")
    server.ask("ALTER ROLE dbrole7 SET search_path = trap, public, pg_catalog")
    try:
        write_table(address, Table.parse("public.safe"), frame(3), FACTS)
        write_table(address, Table.parse("public.safe"), frame(4, "new"), FACTS)
        where = ("编号", "new1")
        assert len(read_table(address, Table.parse("safe"), where=where).frame) == 1
        # Without a schema a table goes into the first of the path, as PostgreSQL has it.
        write_table(address, Table.parse("own"), frame(2), FACTS)
        assert server.ask("SELECT count(*) FROM trap.own") == [(2,)]
    finally:
        server.ask("ALTER ROLE dbrole7 RESET search_path")
    assert marks(server, "public.safe") == (4, "new")


# --- verifying ----------------------------------------------------------------------------------


def test_another_srid_given_to_the_same_numbers_is_caught(server, folder):
    zones = gpd.read_file(example_folder() / "zones.geojson").to_crs(4547)
    old_town = zones[zones["id"] == "laocheng"].geometry.iloc[0]
    town(server, f"SRID=4547;{shapely.to_wkt(old_town)}")
    projects, target = example_folder() / "projects.csv", server.url("public.stored")
    asked = ("--plan", folder, "--projects", projects)
    run("check", projects, "--plan", folder, "-q", "-o", target)
    assert run("verify", target, *asked)[0] == 0
    server.ask(
        "ALTER TABLE stored ALTER COLUMN geom TYPE extensions.geometry(Geometry, 4549)"
        " USING extensions.ST_SetSRID(geom, 4549)"
    )
    status, said = run("verify", target, *asked)
    assert status == 1
    assert "EPSG:4549" in said
    assert "被改动过" in said
    (comment,) = server.ask("SELECT obj_description('stored'::regclass)")[0]
    assert json.loads(comment)["gisplan"]["crs"] == "EPSG:4547"


def test_a_table_shows_what_a_person_decided_beside_the_verdict(server, tmp_path):
    decided = tmp_path / "o.csv"
    row = "P01,pass,'); DROP TABLE kept;--,某局,2026-01-02\n"
    decided.write_text(f"id,outcome,reason,by,date\n{row}", "utf-8")
    projects, target = example_folder() / "projects.csv", server.url("public.kept")
    asked = ("--overrules", decided, "--plan", example_folder())
    run("check", projects, *asked, "-q", "-o", target)
    columns = "outcome, overruled, overrule_reason, overruled_by, overruled_on"
    (row,) = server.ask(f"SELECT {columns} FROM kept WHERE id = 'P01'")
    assert row == ("review", "pass", "'); DROP TABLE kept;--", "某局", "2026-01-02")
    assert run("verify", target, *asked, "--projects", projects)[0] == 0


def test_no_command_prints_what_the_database_must_not_tell(server, folder, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "wrong-" + PASSWORD)
    projects = example_folder() / "projects.csv"
    target = server.url("public.any")
    for words in (("info", "--plan", folder), ("validate", "--plan", folder),
                  ("check", projects, "--plan", folder), ("check", projects, "-o", target),
                  ("verify", target), ("map", "--plan", folder)):  # fmt: skip
        for language in ("zh", "en"):
            try:
                _, said = run(*words, "--lang", language)
            except (PlanError, StoreError) as error:
                said = error.word(language)
            assert PASSWORD not in said, words
            assert "dbrole7" not in said, words


# --- versions -----------------------------------------------------------------------------------


def test_a_version_freezes_the_layers_that_a_database_may_change(server, folder, tmp_path):
    zones = gpd.read_file(example_folder() / "zones.geojson").to_crs(4547)
    old_town = zones[zones["id"] == "laocheng"].geometry.iloc[0]
    town(server, f"SRID=4547;{shapely.to_wkt(old_town, rounding_precision=-1)}")
    before, text = open_plan(folder), (folder / "plan.toml").read_bytes()
    projects = read_projects(example_folder() / "projects.csv")
    verdicts = before.check(projects)
    zones[zones["id"] == "nanbu"].to_file(tmp_path / "新.gpkg", layer="zones")
    said = ("--accuracy", "2", "--source", "虚构", "--as-of", "2026-06-30", "--status", "derived")
    told = run("layers", "add", tmp_path / "新.gpkg", "--as", "zones.nanbu", "--plan", folder,
               "--lang", "zh", *said)[1]  # fmt: skip
    assert "库中的图层 zones.laocheng 已冻结" in told
    (version,) = (folder / "versions").glob("20*")
    assert "postgresql" not in (version / "plan.toml").read_text("utf-8")
    assert (version / "plan.original.toml").read_bytes() == text
    server.ask("DROP TABLE town")
    frozen = open_plan(version)
    assert frozen.check(projects).equals(verdicts)
    one = read_provenance(version / "laocheng-frozen.gpkg")
    assert one["sha256"] == before.areas.set_index("id").loc["laocheng"]["sha256"]
    assert one["frozen"] == f"postgresql://127.0.0.1:{server.port}/plan/public.town"
    assert "dbrole7" not in json.dumps(one)
    with pytest.raises(PlanError):
        open_plan(folder)
