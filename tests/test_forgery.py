"""What a forger would do to a result, and what must not be printed: each is caught or kept back."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
import zipfile

import docx
import geopandas as gpd
import openpyxl
import pytest
from openpyxl.comments import Comment

from gisplan.errors import GisplanError, OutputError
from gisplan.io.provenance import read_provenance
from tests.test_verify import checked, folder, run  # noqa: F401 - the fixture is used by name


def verified(name):
    status, said = run("verify", name)
    return status, said


def rewrite_run(path, **facts):
    """Change what a .json records of its run, and nothing of what it says of projects."""
    content = json.loads(path.read_text("utf-8"))
    content["run"].update(facts)
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")


@pytest.mark.parametrize(
    "facts",
    [{"unchecked": []}, {"threshold": 0.5}, {"plan_version": "十五五"}, {"crs": "EPSG:4326"},
     {"date": "2020-01-01"}, {"projects_crs": "EPSG:4490"}, {"rules_version": "x"},
     {"approved": "是"}],
    ids=lambda facts: next(iter(facts)),
)  # fmt: skip
def test_no_recorded_fact_can_be_edited_unseen(folder, facts):  # noqa: F811
    path = folder / checked("r.json")
    rewrite_run(path, **facts)
    status, said = verified("r.json")
    assert status == 1, said
    assert "被改动过" in said
    if not {"date", "approved"} & set(facts):  # nothing says what these should be
        assert next(iter(facts)) in said


@pytest.mark.parametrize("name", ["layers", "libraries", "projects_read", "inputs", "plan"])
@pytest.mark.parametrize("value", [5, "x", [1]], ids=str)
def test_a_record_of_another_form_ends_in_one_line(folder, name, value):  # noqa: F811
    path = folder / checked("r.json")
    rewrite_run(path, **{name: value})
    with contextlib.suppress(GisplanError):  # one line, too; anything else is a traceback
        assert verified("r.json")[0] == 1


@pytest.mark.parametrize("text", ["[]", "null", '{"run": []}', '{"run": {"tool": 1}}'])
def test_a_record_beside_a_file_that_is_none_ends_in_one_line(folder, text):  # noqa: F811
    path = folder / checked("r.csv")
    path.with_name("r.csv.provenance.json").write_text(text, "utf-8")
    with pytest.raises(GisplanError, match="无法复验"):
        verified("r.csv")


def test_a_record_that_was_edited_is_no_agreement(folder):  # noqa: F811
    path = folder / checked("r.csv")
    beside = path.with_name("r.csv.provenance.json")
    beside.write_text(beside.read_text("utf-8").replace('"zh"', '"zh",\n  "x": "y"'), "utf-8")
    status, said = verified("r.csv")
    assert status == 1
    assert said.startswith("有出入：")
    assert "一致：" not in said


def test_what_is_put_beside_the_projects_of_a_json_is_caught(folder):  # noqa: F811
    path = folder / checked("r.json")
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({"summary": "全部符合", **content}, ensure_ascii=False), "utf-8")
    assert verified("r.json")[0] == 1


def test_a_key_given_twice_is_caught_whichever_a_reader_takes(folder):  # noqa: F811
    path = folder / checked("r.json")
    text = path.read_text("utf-8")
    path.write_text(text.replace('"outcome"', '"outcome": "pass", "outcome"', 1), "utf-8")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its code is looked at
        run("verify", "r.json")
    assert getattr(caught.value, "code", "") == "verify_broken"


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet"])
def test_another_system_given_to_the_same_numbers_is_caught(folder, suffix):  # noqa: F811
    path = folder / checked(f"r{suffix}")
    if suffix == ".parquet":
        frame = gpd.read_parquet(path).set_crs(4490, allow_override=True)
        frame.attrs = {"gisplan": read_provenance(path)}
        frame.to_parquet(path)
    else:
        with sqlite3.connect(path) as held:
            held.execute("UPDATE gpkg_geometry_columns SET srs_id = 4326")
            held.execute("UPDATE gpkg_contents SET srs_id = 4326")
        held.close()
    status, said = verified(path.name)
    assert status == 1, said


def test_a_second_table_in_a_geopackage_is_caught(folder):  # noqa: F811
    path = folder / checked("r.gpkg")
    gpd.read_file(path).to_file(path, layer="最终结论", driver="GPKG")
    status, said = verified("r.gpkg")
    assert status == 1
    assert "最终结论" in said


def test_ten_metres_hidden_in_a_coordinate_are_caught_without_the_hash(folder):  # noqa: F811
    """1e-6 of 114° are 13 m: the comparison itself has to see them."""
    from gisplan.io.cellwise import same

    assert not same(114.387, 114.387 + 1e-4)
    assert same(114.387, 114.387 + 1e-9)
    assert same(123456.789, 123456.789 * (1 + 1e-10))


# --- a workbook that says one thing to a program and shows another --------------------------------


def with_workbook(path, change):
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)


def shown_as(book):
    book["结论"]["C2"].number_format = ';;;"符合"'


def formula(book):
    book["结论"]["C2"] = '="符合"'


def remark(book):
    book["结论"]["C2"].comment = Comment("已批准", "x")


@pytest.mark.parametrize("change", [shown_as, formula, remark])
def test_a_cell_that_shows_what_it_does_not_hold_is_caught(folder, change):  # noqa: F811
    path = checked("r.xlsx")
    with_workbook(path, change)
    assert verified(path)[0] == 1


def test_a_formula_with_the_right_value_beside_it_is_caught(folder):  # noqa: F811
    """Excel works it out anew when the file is opened; a program reads what was kept."""
    path = folder / checked("r.xlsx")
    parts = {}
    with zipfile.ZipFile(path) as held:
        parts = {name: held.read(name) for name in held.namelist()}
    sheet = parts["xl/worksheets/sheet2.xml"].decode()
    found = re.search(r'<c r="P2"( s="\d+")><v>([^<]+)</v>', sheet)
    assert found
    forged = f'<c r="P2"{found[1]}><f>0+0</f><v>{found[2]}</v>'
    parts["xl/worksheets/sheet2.xml"] = sheet.replace(found[0], forged).encode()
    with zipfile.ZipFile(path, "w") as made:
        for name, data in parts.items():
            made.writestr(name, data)
    status, said = verified("r.xlsx")
    assert status == 1, said


# --- what must not be repeated --------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["postgis://planner:geheim@h/db/t", "postgresql:/planner:geheim@h/db/t",
     "jdbc:postgresql://h/db?user=u&password=geheim", "host=h user=u password=geheim",
     "host=h password='ge heim geheim'", "mysql://planner:ge/heim:geheim@h/db",
     "postgresql://planner:geheim@h:99999/db/t", "postgresql://h/db/t?passWord=geheim"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["check", "report", "stats"])
def test_an_address_of_the_wrong_form_keeps_its_password(folder, command, address):  # noqa: F811
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its words are looked at
        run(command, "projects.csv", "-o", address)
    assert "heim" not in str(caught.value)
    assert isinstance(caught.value, OutputError) or "Store" in type(caught.value).__name__


def test_a_plan_file_with_one_keeps_it_too(folder):  # noqa: F811
    plan = folder / "layers" / "plan.toml"
    text = plan.read_text("utf-8")
    plan.write_text(
        text.replace('"zones.geojson"', '"postgresql:/planner:geheim@h/db"', 1), "utf-8"
    )
    with pytest.raises(Exception) as caught:  # noqa: PT011
        run("check", "projects.csv")
    assert "geheim" not in str(caught.value)


def test_a_file_name_with_an_at_sign_is_told_as_it_is(folder):  # noqa: F811
    with pytest.raises(OutputError) as caught:
        run("check", "projects.csv", "-o", "张三@局.doc")
    assert "张三@局.doc" in str(caught.value)


# --- overruled on the map -------------------------------------------------------------------------


def test_the_map_shows_a_decision_beside_the_verdict_and_records_its_list(folder):  # noqa: F811
    (folder / "o.csv").write_text(
        "项目编号,结论,理由,批准人,日期\nP01,符合,实测坐标在区内</script>,虚构局,2026-01-05\n",
        "utf-8",
    )
    assert run("map", "projects.csv", "-o", "m.html", "--overrules", "o.csv", "-q")[0] == 0
    text = (folder / "m.html").read_text("utf-8")
    assert "虚构局，2026-01-05" in text
    assert "原结论“需复核”保留" in text
    assert "实测坐标在区内</script>" not in text
    assert read_provenance(folder / "m.html")["overrules_file"] == "o.csv"
    for words in (["map", "--overrules", "o.csv"],
                  ["map", "projects.csv", "--overrules", "o.csv", "-o", "m.png"]):  # fmt: skip
        with pytest.raises(GisplanError) as caught:
            run(*words)
        assert caught.value.code in ("overrules_alone", "screen_option")


@pytest.mark.parametrize("suffix", [".docx", ".html"])
def test_a_report_tells_what_it_rests_on_to_programs_as_well(folder, suffix):  # noqa: F811
    shutil.copy("projects.csv", "清单 & 一>𠮷.csv")
    assert run("report", "清单 & 一>𠮷.csv", "-q", "-o", f"r{suffix}", "--cards", "none")[0] == 0
    facts = read_provenance(folder / f"r{suffix}")
    assert facts["projects_file"] == "清单 & 一>𠮷.csv"
    assert facts["layers"]
    if suffix == ".docx":
        assert docx.Document(f"r{suffix}").paragraphs
