"""Provenance in every format, results verified cell by cell, and verdicts overruled by a person."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import sqlite3

import geopandas as gpd
import openpyxl
import pytest
from click.testing import CliRunner
from shapely.affinity import translate

from gisplan.cli.options import gisplan
from gisplan.errors import GisplanError, OverruleError, VerifyError
from gisplan.io.projects import read_projects
from gisplan.io.provenance import read_provenance, stamp_page
from gisplan.plan import example_folder, open_plan
from gisplan.terms import OVERRULE_COLUMNS

FORMATS = (".xlsx", ".csv", ".json", ".geojson", ".gpkg", ".parquet")
FACTS = {
    "tool", "date", "plan", "plan_version", "plan_sha256", "rules_version", "rules_sha256", "crs",
    "layers", "libraries", "projects_file", "projects_sha256", "language", "content_sha256",
}  # fmt: skip
HEAD = "项目编号,结论,理由,批准人,日期\n"


def run(*words):
    """Run a command in this process: exit status and what it printed."""
    done = CliRunner().invoke(gisplan, [str(word) for word in words], standalone_mode=False)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.return_value, done.output


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the shipped list and a copy of the shipped plan, to work in."""
    shutil.copy(example_folder() / "projects.csv", tmp_path)
    shutil.copytree(example_folder(), tmp_path / "layers")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GISPLAN_LANG", "zh")
    return tmp_path


def checked(name, *words):
    assert run("check", "projects.csv", "-q", "-o", name, *words)[0] == 0
    return name


# --- provenance ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [*FORMATS, ".shp"])
def test_every_format_tells_what_it_rests_on(folder, suffix):
    checked(f"结果{suffix}")
    facts = read_provenance(folder / f"结果{suffix}")
    assert facts.keys() >= FACTS
    assert facts["plan"] == "wenfeng"
    assert (
        facts["projects_sha256"]
        == hashlib.sha256((folder / "projects.csv").read_bytes()).hexdigest()
    )
    zones = hashlib.sha256((folder / "layers" / "zones.geojson").read_bytes()).hexdigest()
    assert facts["layers"]["zone.laocheng"] == zones


@pytest.mark.parametrize("suffix", [".xlsx", ".gpkg", ".parquet"])
def test_the_same_run_of_the_same_day_writes_the_same_bytes(folder, suffix, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    one, other = (folder / checked(f"{name}{suffix}") for name in ("a/r", "b/r"))
    assert one.read_bytes() == other.read_bytes()


def test_the_hash_of_the_rules_changes_with_a_rule_and_not_with_a_title(folder):
    import re

    plan = folder / "layers" / "plan.toml"
    text = plan.read_text("utf-8")
    first = read_provenance(folder / checked("a.json"))
    plan.write_text(text.replace("老城区", "旧城区"), "utf-8")
    titled = read_provenance(folder / checked("b.json"))
    plan.write_text(re.sub("within = 500", "within = 501", text, count=1), "utf-8")
    ruled = read_provenance(folder / checked("c.json"))
    assert first["plan_sha256"] != titled["plan_sha256"]
    assert first["rules_sha256"] == titled["rules_sha256"] != ruled["rules_sha256"]


def test_the_sidecar_of_a_csv_names_the_hash_of_the_csv(folder):
    checked("r.csv")
    about = json.loads((folder / "r.csv.provenance.json").read_text("utf-8"))
    assert about["file_sha256"] == hashlib.sha256((folder / "r.csv").read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", [".html", ".png", ".svg"])
def test_maps_tell_it_too(folder, suffix):
    assert run("map", "projects.csv", "-q", "-o", f"m{suffix}")[0] == 0
    facts = read_provenance(folder / f"m{suffix}")
    assert facts["plan"] == "wenfeng"
    assert facts["projects_file"] == "projects.csv"


def test_provenance_in_a_page_is_text(folder):
    page = stamp_page("<html><head></head></html>", {"tool": '"><script>alert(1)</script>'})
    assert "<script>" not in page
    (folder / "p.html").write_text(page, "utf-8")
    assert read_provenance(folder / "p.html")["tool"] == '"><script>alert(1)</script>'


# --- verify -------------------------------------------------------------------------------------


def test_reading_a_result_leaves_nothing_beside_it(folder):
    checked("r.gpkg")
    before = sorted(folder.iterdir())
    assert run("verify", "r.gpkg")[0] == 0
    assert run("check", "r.gpkg", "-q")[0] == 0
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("suffix", "language"), [*((one, "zh") for one in FORMATS), (".xlsx", "en"), (".csv", "en")]
)
def test_what_was_written_is_verified(folder, suffix, language):
    checked(f"r{suffix}", "--lang", language)
    status, said = run("verify", f"r{suffix}")
    assert status == 0, said
    assert "一致" in said
    assert "未被改动" in said


def edit_workbook(path, sheet, row, title, value):
    book = openpyxl.load_workbook(path)
    page = book[sheet]
    at = [cell.value for cell in page[1]].index(title) + 1
    page.cell(row=row, column=at).value = value
    book.save(path)


EDITS = [
    ("结论", 4, "结论", "符合"),
    ("结论", 5, "结论不变概率P", 0.99),
    ("结论", 6, "理由", "领导同意"),
    ("结论", 7, "项目名称", None),
    ("结论", 1, "名义结论", "结论二"),
    ("规则与实测", 8, "余量（米，满足为正）", 12345.0),
    ("录入问题", 3, "说明", "无"),
    ("汇总", 2, "选址核查", "项目数目"),
    ("口径与来源", 3, "坐标中误差（米）", 1),
]


def test_edited_cells_of_the_workbook_are_caught_each_and_named(folder):
    path = checked("r.xlsx")
    for sheet, row, title, value in EDITS:
        edit_workbook(path, sheet, row, title, value)
    status, said = run("verify", path, "--all")
    assert status == 1
    assert "被改动过" in said
    assert "来源未变而内容不同" in said
    lines = [line for line in said.splitlines() if "文件中为" in line]
    assert len(lines) == len(EDITS)
    for sheet, row, title, _ in EDITS:
        place = f"{sheet} · " + (f"第 {row} 行" if row > 1 else "表头")
        at = [line for line in lines if line.startswith(place) and title in line]
        assert len(at) == 1, place


def test_saved_again_by_another_program_and_sorted_it_is_the_same(folder):
    """openpyxl writes the file anew; the rows are put the other way round, as a user may."""
    path = checked("r.xlsx")
    book = openpyxl.load_workbook(path)
    page = book["结论"]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
    for at, row in enumerate(reversed(rows), start=2):
        for column, value in enumerate(row, start=1):
            page.cell(row=at, column=column).value = value
    book.save(path)
    status, said = run("verify", path)
    assert "一致" in said
    assert status == 1  # sorted is edited: the verdicts are the same, and it is told
    assert "被改动过" in said
    book = openpyxl.load_workbook(checked("s.xlsx"))
    book.save("s.xlsx")
    assert run("verify", "s.xlsx")[0] == 0


def test_rows_taken_out_or_put_in_and_new_sheets_are_caught(folder):
    path = checked("r.xlsx")
    book = openpyxl.load_workbook(path)
    book["结论"].delete_rows(3)
    book["结论"].append(["P99", "虚构项目", "符合"])
    book.create_sheet("附表")["A1"] = "x"
    del book["录入问题"]
    book.save(path)
    status, said = run("verify", path, "--all")
    assert status == 1
    for words in ("第 3 行 · P02：文件中缺这一行", "P99：文件中多出这一行",
                  "附表：文件中多出这张表", "录入问题：文件中缺这张表"):  # fmt: skip
        assert words in said


@pytest.mark.parametrize("suffix", [".json", ".csv", ".geojson", ".gpkg", ".parquet"])
def test_an_edited_verdict_is_caught_in_every_format(folder, suffix):
    path = folder / checked(f"r{suffix}")
    if suffix in (".json", ".csv", ".geojson"):
        text = path.read_text("utf-8")
        old, new = ("需复核", "符合") if suffix == ".csv" else ('"review"', '"pass"')
        path.write_text(text.replace(old, new, 1), "utf-8")
    elif suffix == ".gpkg":
        with sqlite3.connect(path) as database:
            # Its triggers call functions that only GIS programs have.
            named = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in database.execute(named).fetchall():
                database.execute(f'DROP TRIGGER "{name}"')
            database.execute("UPDATE verdicts SET outcome = 'pass' WHERE id = 'P01'")
        database.close()
    else:
        frame = gpd.read_parquet(path)
        frame.loc[0, "outcome"] = "pass"
        frame.attrs = {"gisplan": read_provenance(path)}
        frame.to_parquet(path)
    status, said = run("verify", path)
    assert status == 1
    assert "被改动过" in said
    assert said.count("重算为“") == 1


def test_a_project_moved_in_a_gis_is_caught(folder):
    path = folder / checked("r.parquet")
    frame = gpd.read_parquet(path)
    frame.loc[0, "geometry"] = translate(frame.geometry[0], 0.0001, 0)
    frame.attrs = {"gisplan": read_provenance(path)}
    frame.to_parquet(path)
    status, said = run("verify", path)
    assert status == 1
    assert "POINT" in said


def test_another_list_is_told_by_its_hash_and_the_rows_it_changes(folder):
    path = checked("r.json")
    text = (folder / "projects.csv").read_text("utf-8-sig")
    (folder / "projects.csv").write_text(text.replace("114.387", "114.287"), "utf-8")
    status, said = run("verify", path)
    assert status == 1
    assert "项目清单变了" in said
    assert "未被改动" in said
    assert "文件未被改动：出入处出自上列变化" in said
    assert {line.split(" · ")[2] for line in said.splitlines() if "文件中为" in line} == {"P01"}


def test_another_plan_file_and_layer_are_named(folder):
    path = checked("r.json")
    plan = folder / "layers" / "plan.toml"
    plan.write_text(plan.read_text("utf-8").replace("accuracy = 120", "accuracy = 1"), "utf-8")
    zones = folder / "layers" / "zones.geojson"
    zones.write_text(zones.read_text("utf-8") + " ", "utf-8")
    status, said = run("verify", path)
    assert status == 1
    for words in ("规划文件变了", "判定规则变了", "图层 zone.laocheng 变了"):
        assert words in said


def test_recorded_hashes_that_were_edited_are_caught(folder):
    path = folder / checked("r.json")
    facts = read_provenance(path)
    path.write_text(path.read_text("utf-8").replace(facts["projects_sha256"], "0" * 64), "utf-8")
    status, said = run("verify", path)
    assert status == 1
    assert "项目清单变了：记录 00000000" in said


def spoil(folder, how):
    path = folder / checked("r.xlsx")
    if how == "verify_no_projects":
        (folder / "projects.csv").unlink()
        (folder / "layers" / "projects.csv").unlink()
    elif how == "verify_silent":
        book = openpyxl.Workbook()
        book.save(path)
    elif how == "verify_broken":
        path.write_bytes(path.read_bytes()[:2000])
    elif how == "verify_missing":
        path.unlink()
    else:
        plan = folder / "layers" / "plan.toml"
        plan.write_text(plan.read_text("utf-8").replace('id = "wenfeng"', 'id = "other"'), "utf-8")
    return path


@pytest.mark.parametrize(
    "how",
    ["verify_no_projects", "verify_silent", "verify_broken", "verify_missing", "verify_other_plan"],
)
def test_what_cannot_be_verified_is_a_mistake_with_its_reason(folder, how):
    path = spoil(folder, how)
    with pytest.raises(GisplanError) as caught:
        run("verify", path)
    assert caught.value.code == how
    assert "r.xlsx" in caught.value.word("en")


def test_a_recorded_name_is_no_way_out_of_the_folder(folder):
    path = folder / checked("r.json")
    secret = folder / "secret.csv"
    secret.write_text("项目名称,经度,纬度\n密,114.35,36.09\n", "utf-8")
    inner = folder / "inner"
    inner.mkdir()
    text = path.read_text("utf-8").replace('"projects.csv"', '"../../inner/../secret2.csv"')
    (inner / "r.json").write_text(text, "utf-8")
    with pytest.raises(VerifyError) as caught:
        run("verify", inner / "r.json")
    assert caught.value.code == "verify_no_projects"


# --- overrule -----------------------------------------------------------------------------------


def overrules(folder, *rows, head=HEAD, name="overrules.csv"):
    (folder / name).write_text(head + "".join(f"{row}\n" for row in rows), "utf-8")
    return name


def test_the_original_stays_beside_the_decision_in_every_format(folder):
    decided = overrules(folder, "P01,符合,已有规划许可（虚构）,某局,2026-01-02")
    words = ("--overrules", decided)
    plain = json.loads((folder / checked("p.json")).read_text("utf-8"))["projects"][0]
    row = json.loads((folder / checked("r.json", *words)).read_text("utf-8"))["projects"][0]
    assert {k: row[k] for k in plain} == plain
    told = {"overruled": "pass", "overrule_reason": "已有规划许可（虚构）",
            "overruled_by": "某局", "overruled_on": "2026-01-02"}  # fmt: skip
    assert {k: row[k] for k in row if k not in plain} == told
    for suffix in (".gpkg", ".parquet", ".geojson"):
        read = gpd.read_parquet if suffix == ".parquet" else gpd.read_file
        frame = read(checked(f"r{suffix}", *words))
        dated = frame.astype({"overruled_on": "str"})  # GDAL takes a text like a date for one
        assert {k: dated[k][0][:40] for k in told} == told
        assert frame["outcome"][0] == plain["outcome"]
        assert set(frame["overruled"][1:]) <= {"", None}
    text = (folder / checked("r.csv", *words)).read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert (rows[0]["结论"], rows[0]["改判结论"], rows[1]["改判结论"]) == ("需复核", "符合", "")
    page = openpyxl.load_workbook(checked("r.xlsx", *words))["结论"]
    heads = [cell.value for cell in page[1]]
    assert heads[2:7] == ["结论", "改判结论", "改判理由", "改判人", "改判日期"]
    assert [cell.value for cell in page[2]][2:5] == ["需复核", "符合", "已有规划许可（虚构）"]
    checked("r.shp", *words)
    listed = csv.DictReader((folder / "r_fields.csv").read_text("utf-8-sig").splitlines())
    fields = {row["原列"]: row["字段名"] for row in listed}
    row = gpd.read_file("r.shp").astype({fields["overruled_on"]: "str"}).iloc[0]
    assert {k: row[fields[k]][:40] for k in told} == told
    assert row["outcome"] == plain["outcome"]
    for suffix in (".json", ".csv", ".xlsx", ".gpkg", ".parquet", ".geojson", ".shp"):
        assert run("verify", f"r{suffix}")[0] == 0
    _, said = run("check", "projects.csv", *words)
    assert "需复核→符合（改判）" in said


def test_counts_show_both(folder):
    decided = overrules(folder, "P01,符合,理由（虚构）,某局,2026-01-02")
    _, said = run("check", "projects.csv", "--overrules", decided)
    assert "结论：" in said
    assert "需复核 9" in said
    assert "人工改判 1 项" in said
    assert "需复核 8" in said
    book = openpyxl.load_workbook(checked("r.xlsx", "--overrules", decided))
    counts = {row[0].value: row[1].value for row in book["汇总"].iter_rows(min_row=2)}
    assert (counts["需复核"], counts["改判后·需复核"], counts["人工改判"]) == (9, 8, 1)


def test_strict_goes_by_what_stands(folder):
    projects = read_projects("projects.csv")
    verdicts = open_plan("layers").check(projects)
    ids = list(projects.loc[(verdicts["outcome"] == "fail").to_numpy(), "id"])
    assert ids
    decided = overrules(folder, *(f"{one},review,须会商,某局,2026-01-02" for one in ids))
    assert run("check", "projects.csv", "-q", "--strict")[0] == 1
    assert run("check", "projects.csv", "-q", "--strict", "--overrules", decided)[0] == 0


def test_without_overrules_the_contract_is_as_it_was(folder):
    row = json.loads((folder / checked("r.json")).read_text("utf-8"))["projects"][0]
    assert not set(OVERRULE_COLUMNS) & set(row)


BAD = [
    ("X9,符合,理由,某局,2026-01-02", "overrule_unknown_id"),
    (",符合,理由,某局,2026-01-02", "overrule_blank"),
    ("P01,符合, ,某局,2026-01-02", "overrule_blank"),
    ("P01,符合,理由,,2026-01-02", "overrule_blank"),
    ("P01,符合,理由,某局,", "overrule_date"),
    ("P01,符合,理由,某局,2026-02-30", "overrule_date"),
    ("P01,符合,理由,某局,昨天", "overrule_date"),
    ("P01,符合,理由,某局,2999-01-01", "overrule_future"),
    ("P01,同意,理由,某局,2026-01-02", "overrule_outcome"),
    ("P01,,理由,某局,2026-01-02", "overrule_outcome"),
]


@pytest.mark.parametrize(("row", "code"), BAD[2:9:3])
def test_a_decision_that_lacks_something_is_refused_with_its_row(folder, row, code):
    decided = overrules(folder, "P02,pass,理由,某局,2026-01-02", row)
    with pytest.raises(OverruleError) as caught:
        run("check", "projects.csv", "-o", "r.xlsx", "--overrules", decided)
    assert [one.code for one in caught.value.findings] == [code]
    assert caught.value.findings[0].place == "overrules.csv:3"
    assert "\n" not in caught.value.word("en")
    assert not (folder / "r.xlsx").exists()


def test_all_mistakes_are_told_at_once(folder):
    decided = overrules(folder, *(row for row, _ in BAD), "P02,pass,a,b,2026-01-02",
                        "P02,fail,a,b,2026-01-02")  # fmt: skip
    with pytest.raises(OverruleError) as caught:
        run("check", "projects.csv", "--overrules", decided)
    codes = [one.code for one in caught.value.findings]
    assert set(codes) == {code for _, code in BAD} | {"overrule_twice"}


def test_an_id_that_two_projects_share_cannot_be_overruled(folder):
    (folder / "two.csv").write_text(
        "项目编号,项目名称,经度,纬度\nA,甲,114.35,36.09\nA,乙,114.36,36.09\n", "utf-8"
    )
    decided = overrules(folder, "A,pass,理由,某局,2026-01-02")
    with pytest.raises(OverruleError) as caught:
        run("check", "two.csv", "--overrules", decided)
    assert caught.value.findings[0].code == "overrule_shared_id"


@pytest.mark.parametrize(
    ("text", "code"),
    [("甲,乙\n1,2\n", "overrules_columns"), (HEAD, "overrules_empty"),
     ("项目编号,结论,批准人,日期\nP01,符合,某局,2026-01-02\n", "overrules_columns")],
)  # fmt: skip
def test_what_is_no_list_of_overrules_is_refused(folder, text, code):
    (folder / "o.csv").write_text(text, "utf-8")
    with pytest.raises(OverruleError) as caught:
        run("check", "projects.csv", "--overrules", "o.csv")
    assert caught.value.code == code


def test_a_workbook_with_real_dates_and_english_titles_is_read(folder):
    import datetime as dt

    book = openpyxl.Workbook()
    book.active.append(["id", "outcome", "reason", "by", "date"])
    book.active.append(["P01", "complies", '=HYPERLINK("x")', "office", dt.date(2026, 1, 2)])
    book.active["C2"].data_type = "s"
    book.save("o.xlsx")
    row = json.loads((folder / checked("r.json", "--overrules", "o.xlsx")).read_text("utf-8"))[
        "projects"
    ][0]
    assert (row["overruled"], row["overruled_on"]) == ("pass", "2026-01-02")
    page = openpyxl.load_workbook(checked("r.xlsx", "--overrules", "o.xlsx"))["结论"]
    assert page["E2"].value == '=HYPERLINK("x")'
    assert page["E2"].data_type == "s"
    assert run("verify", "r.xlsx")[0] == 0


def test_overrules_that_changed_since_are_told(folder):
    decided = overrules(folder, "P01,符合,理由,某局,2026-01-02")
    path = checked("r.xlsx", "--overrules", decided)
    overrules(folder, "P01,不符合,理由,某局,2026-01-02")
    status, said = run("verify", path)
    assert status == 1
    assert "改判清单变了" in said
    (folder / decided).unlink()
    with pytest.raises(VerifyError) as caught:
        run("verify", path)
    assert caught.value.code == "verify_no_overrules"
