"""A real PostgreSQL with PostGIS: plan layers from it, results into it, and all that can fail."""

from __future__ import annotations

import json
import shutil
import threading
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from gisplan.cli.options import gisplan
from gisplan.errors import GisplanError, PlanError, StoreError
from gisplan.io.address import Address, Table
from gisplan.io.postgis import read_table
from gisplan.io.postgis_store import write_table
from gisplan.plan import example_folder, open_plan
from tests.postgres import PASSWORD, log_in, started

FACTS = {"tool": "0", "plan": "square"}


@pytest.fixture(scope="session")
def server():
    with started() as found:
        yield found


@pytest.fixture(autouse=True)
def password(monkeypatch):
    log_in(monkeypatch)


@pytest.fixture
def address(server):
    return Address.parse(server.url())


def frame(rows=5, mark="old", crs="EPSG:4547"):
    places = shapely.points(500_000 + np.arange(rows) * 1.5, 4_000_000 + np.arange(rows) * 0.5)
    table = {"编号": [f"{mark}{at}" for at in range(rows)], "面积": np.arange(rows) * 1.25}
    return gpd.GeoDataFrame(table, geometry=places, crs=crs)


def marks(server, table):
    """What stands in a table, asked past our own code: how many rows, and whose."""
    rows = server.ask(f'SELECT count(*), min(left("编号", 3)), max(left("编号", 3)) FROM {table}')
    assert rows[0][1] == rows[0][2]
    return rows[0][0], rows[0][1]


def leftovers(server):
    return server.ask(
        "SELECT relname FROM pg_class WHERE relname LIKE 'gisplan%' AND relkind = 'r'"
    )


def run(*words):
    done = CliRunner().invoke(gisplan, [str(word) for word in words], standalone_mode=False)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.return_value, done.output


# --- the store ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [4490, 4547, 4526])
def test_a_table_keeps_its_rows_columns_system_and_index(server, address, code):
    table = Table.parse(f"public.结果{code}")
    held = frame(crs="EPSG:4547").to_crs(code)
    held["空"] = [None, "x", "", np.nan, "NUL\0字"]
    held["数"], held["是"] = [1, 2, 3, 4, 5], [True, False, True, True, False]
    held["日"] = pd.to_datetime(["2026-01-02", None, None, None, None])
    held.loc[1, "geometry"] = None
    assert write_table(address, table, held, FACTS) == ()
    named = f'public."结果{code}"'
    assert server.ask(
        f"SELECT DISTINCT extensions.ST_SRID(geom) FROM {named} WHERE geom IS NOT NULL"
    ) == [(code,)]
    found = server.ask(
        f'SELECT fid, "编号", "空", "数", "是", "日"::date::text FROM {named} ORDER BY fid'
    )
    assert found[0] == (1, "old0", None, 1, True, "2026-01-02")
    assert [row[2] for row in found] == [None, "x", "", None, "NUL字"]
    kinds = server.ask("SELECT indexdef FROM pg_indexes WHERE tablename = %s", f"结果{code}")
    assert any("gist (geom)" in one for (one,) in kinds)
    back = read_table(address, table).frame
    assert back.crs.to_epsg() == code
    wanted = held.geometry[held.geometry.notna()]
    assert shapely.equals_exact(back.geometry.to_numpy(), wanted.to_numpy(), 0).all()
    (comment,) = server.ask(f"SELECT obj_description('{named}'::regclass)")[0]
    assert json.loads(comment) == {"gisplan": FACTS}
    assert leftovers(server) == []


def test_a_hundred_thousand_rows(server, address):
    table, held = Table.parse("public.many"), frame(100_000)
    start = time.monotonic()
    write_table(address, table, held, FACTS)
    back = read_table(address, table)
    took = time.monotonic() - start
    assert marks(server, "many") == (100_000, "old")
    assert len(back.frame) == 100_000
    assert took < 30
    server.ask("DROP TABLE many")


def test_a_killed_connection_in_the_middle_leaves_the_old_table(server, address):
    table = Table.parse("public.killed")
    write_table(address, table, frame(20), FACTS)
    caught = []

    def write():
        try:
            write_table(address, table, frame(200_000, "new"), FACTS)
        except GisplanError as error:
            caught.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    asked = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%%' AND state = 'active'"
    end = time.monotonic() + 20
    while not (found := server.ask(asked)) and time.monotonic() < end:
        time.sleep(0.005)
    assert found, "the copy was not seen"
    assert server.ask("SELECT pg_terminate_backend(%s)", found[0][0]) == [(True,)]
    writer.join(30)
    assert [error.code for error in caught] == ["store_lost"]
    assert PASSWORD not in caught[0].word("en")
    assert marks(server, "killed") == (20, "old")
    assert leftovers(server) == []


def test_two_writers_at_once_leave_one_whole_table(server, address):
    table, faults = Table.parse("public.shared"), []

    def write(mark, rows):
        for _ in range(3):
            try:
                write_table(address, table, frame(rows, mark), FACTS)
            except GisplanError as error:
                faults.append(error.word("en"))

    seen = []
    done = threading.Event()

    def read():
        while not done.is_set():
            if server.ask("SELECT to_regclass('public.shared')::text")[0][0]:
                seen.append(marks(server, "shared"))

    writers = [threading.Thread(target=write, args=one) for one in (("aaa", 3000), ("bbb", 2000))]
    reader = threading.Thread(target=read)
    for one in (*writers, reader):
        one.start()
    for one in writers:
        one.join(60)
    done.set()
    reader.join(10)
    assert faults == []
    assert set(seen) <= {(3000, "aaa"), (2000, "bbb")}
    assert marks(server, "shared") in {(3000, "aaa"), (2000, "bbb")}
    assert leftovers(server) == []


HOSTILE = ['x"; DROP TABLE victim; --', "x'; DROP TABLE victim; --", "%s", "表 名", "Select", "{}"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_malicious_name_is_only_a_name(server, address, name):
    server.ask("CREATE TABLE IF NOT EXISTS victim (a int)")
    table = Table(name, "public")
    held = frame()
    held[name], held['a"b'], held["ctid"], held["GEOM"] = 1, 2, 3, 4
    renamed = dict(write_table(address, table, held, FACTS))
    assert renamed == {"ctid": "ctid (2)"}
    assert len(read_table(address, table, where=(name, "1")).frame) == 5
    assert len(read_table(address, table, where=("编号", "' OR '1'='1")).frame) == 0
    assert server.ask("SELECT to_regclass('victim')::text") == [("victim",)]


def test_long_column_names_are_told_apart(server, address):
    held = frame(2)
    long = "很长的列名" * 6
    held[long + "甲"], held[long + "乙"] = 1, 2
    renamed = dict(write_table(address, Table.parse("public.long"), held, FACTS))
    assert all(len(name.encode()) <= 63 for name in renamed.values())
    assert len(set(renamed.values())) == len(renamed) == 2
    row = server.ask("SELECT * FROM long WHERE fid = 1")[0]
    assert row[3:5] == (1, 2)


def test_only_what_gisplan_wrote_is_replaced(server, address):
    server.ask("CREATE TABLE IF NOT EXISTS parcels AS SELECT 1 AS a")
    server.ask("CREATE OR REPLACE VIEW parcels_view AS SELECT 1 AS a")
    for name in ("parcels", "parcels_view"):
        with pytest.raises(StoreError) as caught:
            write_table(address, Table.parse(f"public.{name}"), frame(), FACTS)
        assert caught.value.code == "store_foreign"
    assert server.ask("SELECT a FROM parcels") == [(1,)]


def test_a_view_that_depends_on_the_old_table_is_told(server, address):
    table = Table.parse("public.viewed")
    write_table(address, table, frame(4), FACTS)
    server.ask("CREATE VIEW on_viewed AS SELECT * FROM viewed")
    with pytest.raises(StoreError) as caught:
        write_table(address, table, frame(9, "new"), FACTS)
    assert caught.value.code == "store_needed"
    assert marks(server, "viewed") == (4, "old")


def test_readers_keep_their_leave_to_read(server, address):
    table = Table.parse("public.granted")
    write_table(address, table, frame(1), FACTS)
    server.ask("GRANT SELECT ON granted TO reader")
    write_table(address, table, frame(2, "new"), FACTS)
    with server.connect("reader") as held:
        assert held.execute("SELECT count(*) FROM granted").fetchone() == (2,)


def refused(act):
    with pytest.raises(StoreError) as caught:
        act()
    for language in ("zh", "en"):
        said = caught.value.word(language)
        assert "\n" not in said
        assert PASSWORD not in said
        assert "Traceback" not in said
    return caught.value.code


def test_what_is_missing_or_forbidden_is_one_line(server, address, monkeypatch):
    server.ask("CREATE TABLE IF NOT EXISTS plain (a int)")
    server.ask("CREATE TABLE IF NOT EXISTS two (a extensions.geometry, b extensions.geometry)")
    server.ask("CREATE TABLE IF NOT EXISTS mixed (a extensions.geometry)")
    server.ask("INSERT INTO mixed VALUES ('SRID=4490;POINT(1 1)'), ('SRID=4547;POINT(1 1)')")
    server.ask("CREATE TABLE IF NOT EXISTS curved (a extensions.geometry)")
    server.ask("INSERT INTO curved VALUES ('SRID=4547;CIRCULARSTRING(0 0,1 1,2 0)')")
    server.ask("CREATE TABLE IF NOT EXISTS closed (a extensions.geometry)")
    reader = Address.parse(server.url(user="reader"))
    told = {
        "store_no_table": lambda: read_table(address, Table.parse("nowhere.nothing")),
        "store_no_geometry": lambda: read_table(address, Table.parse("plain")),
        "store_many_geometries": lambda: read_table(address, Table.parse("two")),
        "store_srids": lambda: read_table(address, Table.parse("mixed")),
        "store_shape": lambda: read_table(address, Table.parse("curved")),
        "store_no_column": lambda: read_table(address, Table.parse("closed"), where=("x", "1")),
        "store_denied": lambda: read_table(reader, Table.parse("closed")),
        "store_no_code": lambda: write_table(address, Table.parse("t"), frame().set_crs(
            "+proj=tmerc +lon_0=113.3 +ellps=GRS80", allow_override=True), FACTS),
    }  # fmt: skip
    for code, act in told.items():
        assert refused(act) == code
    write = lambda to: lambda: write_table(to, Table.parse("public.t"), frame(), FACTS)  # noqa: E731
    assert refused(write(reader)) == "store_denied"
    assert refused(write(Address.parse(server.url(database="bare")))) == "store_no_postgis"
    assert refused(write(Address.parse(server.url(database="none")))) == "store_unreachable"
    assert refused(write(Address("127.0.0.1", "1"))) == "store_unreachable"
    monkeypatch.setenv("PGPASSWORD", "wrong-" + PASSWORD)
    assert refused(write(address)) == "store_unreachable"
    monkeypatch.delenv("PGPASSWORD")
    assert refused(write(address)) == "store_unreachable"


def test_the_password_comes_from_a_service_or_password_file(server, tmp_path, monkeypatch):
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pgpass").write_text(f"127.0.0.1:{server.port}:plan:dbrole7:{PASSWORD}\n", "utf-8")
    (tmp_path / "pgpass").chmod(0o600)
    service = f"[planning]\nhost=127.0.0.1\nport={server.port}\ndbname=plan\nuser=dbrole7\n"
    (tmp_path / "service").write_text(service, "utf-8")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "service"))
    found, table = Address.parse_table("postgresql:////public.served?service=planning")
    write_table(found, table, frame(3), FACTS)
    assert marks(server, "served") == (3, "old")


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [("postgresql://u:p4ss@h/d/t", "store_password"),
     ("postgresql://h/d/t?password=p4ss", "store_password"),
     ("postgresql://h/d", "store_no_name"), ("postgresql://h/d/", "store_no_name"),
     ("postgresql://h/d/t/x", "store_no_name"), ("postgresql://h,i/d/t", "store_address"),
     ("postgresql://h/d/t?host=evil", "store_address"), ("postgresql://h:x/d/t", "store_address"),
     ("postgresql://h/d/a.b.c", "store_table"), ("postgresql://h/d/" + "长" * 22, "store_table")],
)  # fmt: skip
def test_an_address_is_strict_and_its_password_is_not_repeated(text, code):
    with pytest.raises(StoreError) as caught:
        Address.parse_table(text)
    assert caught.value.code == code
    assert "p4ss" not in caught.value.word("zh") + caught.value.word("en")


def test_what_is_shown_names_no_user():
    found, table = Address.parse_table("postgresql://who@h:5433/d%2Fe/规划.结果?sslmode=require")
    assert (found.host, found.port, found.database, found.user) == ("h", "5433", "d/e", "who")
    assert found.shown(table) == "postgresql://h:5433/d/e/规划.结果"
    assert "who" not in repr(found)


def test_a_plan_file_may_not_call_on_a_stranger(monkeypatch):
    calls = []
    monkeypatch.setattr("socket.getaddrinfo", lambda host, *_, **__: calls.append(host) or
                        [(2, 1, 6, "", ("8.8.8.8", 0))])  # fmt: skip
    far = Address.parse("postgresql://db.example/plan")
    with pytest.raises(StoreError) as caught:
        far.within_reach()
    assert caught.value.code == "store_host"
    monkeypatch.setenv("GISPLAN_DATABASE_HOSTS", "other, DB.example")
    assert far.within_reach()["hostaddr"] == "8.8.8.8"


# --- plans and checks ---------------------------------------------------------------------------


@pytest.fixture
def folder(server, address, tmp_path):
    """The shipped plan with its zones in the database."""
    zones = gpd.read_file(example_folder() / "zones.geojson")
    write_table(address, Table.parse("public.zones"), zones.to_crs(4490), FACTS)
    plan = tmp_path / "plan"
    shutil.copytree(example_folder(), plan)
    text = (plan / "plan.toml").read_text("utf-8")
    source = f'source = "{server.url()}"\ntable = "public.zones"'
    (plan / "plan.toml").write_text(text.replace('source = "zones.geojson"', source), "utf-8")
    return plan


def test_a_plan_reads_its_layers_and_gives_the_same_verdicts(server, folder):
    import gisplan as package

    projects = package.read_projects(example_folder() / "projects.csv")
    there, here = open_plan(folder), open_plan()
    columns = ["outcome", "zone", "corridor"]
    assert there.check(projects)[columns].equals(here.check(projects)[columns])
    one = there.areas.set_index("id").loc["laocheng"]
    assert one["source"] == f"postgresql://127.0.0.1:{server.port}/plan/public.zones"
    assert "dbrole7" not in there.layers.to_csv()
    before = one["sha256"]
    server.ask(
        "UPDATE zones SET geom = extensions.ST_Translate(geom, 0.001, 0) WHERE id = 'laocheng'"
    )
    after = open_plan(folder).areas.set_index("id")["sha256"]
    assert after["laocheng"] != before
    assert after["nanbu"] == there.areas.set_index("id")["sha256"]["nanbu"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("postgresql://dbrole7@", "postgresql://dbrole7:p4ss@", "source_password"),
     ('table = "public.zones"', "", "source_table"),
     ('table = "public.zones"', 'table = "public.gone"', "source_unreadable"),
     ("id = 'laocheng'", "id = 'x'' OR 1=1'", "string_pattern_mismatch"),
     ("id = 'laocheng'", "nothing = 'laocheng'", "source_unreadable"),
     ("id = 'laocheng'", "id = 'gone'", "no_feature")],
)  # fmt: skip
def test_mistakes_in_a_plan_are_findings_without_secrets(folder, old, new, code):
    text = (folder / "plan.toml").read_text("utf-8")
    (folder / "plan.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(PlanError) as caught:
        open_plan(folder)
    assert code in {one.code for one in caught.value.findings}
    assert "p4ss" not in caught.value.word("en") + caught.value.word("zh")


def test_check_keeps_its_verdicts_in_a_table(server, folder):
    projects = example_folder() / "projects.csv"
    target = server.url("public.结论")
    status, said = run("check", projects, "--plan", folder, "-o", target)
    assert status == 0
    assert f"postgresql://127.0.0.1:{server.port}/plan/public.结论：26 行" in said
    assert "dbrole7" not in said
    assert PASSWORD not in said
    rows = server.ask('SELECT outcome, count(*) FROM "结论" GROUP BY 1 ORDER BY 1')
    assert dict(rows) == {"fail": 1, "review": 9, "unknown": 16}
    (comment,) = server.ask("SELECT obj_description('\"结论\"'::regclass)")[0]
    facts = json.loads(comment)["gisplan"]
    assert facts["plan"] == "wenfeng"
    assert "dbrole7" not in comment
    assert "content_sha256" in facts


def test_a_table_is_verified_and_an_edited_cell_of_it_caught(server, folder):
    projects = example_folder() / "projects.csv"
    target = server.url("public.verified")
    asked = ("--plan", folder, "--projects", projects)
    run("check", projects, "--plan", folder, "-q", "-o", target)
    status, said = run("verify", target, *asked)
    assert status == 0, said
    server.ask("UPDATE verified SET outcome = 'pass' WHERE id = 'P01'")
    server.ask("UPDATE verified SET geom = extensions.ST_Translate(geom, 1, 0) WHERE id = 'P02'")
    status, said = run("verify", target, *asked, "--lang", "en")
    assert status == 1
    assert 'P01 · outcome: the file says "pass"' in said
    assert "P02 · geometry" in said
    assert "edited" in said
    with pytest.raises(StoreError) as caught:
        run("verify", server.url("public.plain2"), *asked)
    assert caught.value.code == "store_no_table"
