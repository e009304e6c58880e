"""The commands as a planner types them: what is written, what is said, how mistakes end."""

from __future__ import annotations

import codecs
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from gisplan.cli import main  # noqa: F401 - puts the commands into the group
from gisplan.cli.entry import _nearest
from gisplan.cli.options import gisplan
from gisplan.plan import example_folder, open_plan
from gisplan.terms import VERDICT_COLUMNS, VERDICT_TAIL

PROJECTS = example_folder() / "projects.csv"
UNLOCATED = 16


def run(*words: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "gisplan", *map(str, words)]
    # A library may warn about its own affairs; ours and the user's are what is tested here.
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "160", **env}, check=False,
    )  # fmt: skip


def test_check_prints_a_table_and_says_what_it_could_not_judge():
    done = run("check", PROJECTS)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 26 + 2
    assert sum("资料缺失" in line for line in lines) == UNLOCATED
    assert "26 行，10 行有位置" in done.stderr
    assert "无位置 16" in done.stderr
    assert "生态保护红线（自然资源局）" in done.stderr
    assert "示意图，非法定界线" in done.stderr


def test_strict_exits_with_one_where_a_project_does_not_comply():
    assert run("check", PROJECTS, "-q", "--strict").returncode == 1


def test_the_railway_station_outside_the_study_area_never_complies():
    rows = json.loads(run("check", PROJECTS, "--json").stdout)["projects"]
    station = next(row for row in rows if row["name"] == "安阳东站")
    assert (station["outcome"], station["in_study_area"]) == ("fail", "fail")


def test_json_is_the_contract():
    done = run("check", PROJECTS, "--json")
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert {"tool", "plan", "plan_sha256", "crs", "layers", "projects_sha256"} <= set(
        document["run"]
    )
    rows = document["projects"]
    assert [row["id"] for row in rows] == list(pd.read_csv(PROJECTS)["项目编号"])
    assert list(rows[0])[:4] == ["id", "name", "lon", "lat"]
    assert [k for k in rows[0] if k in VERDICT_COLUMNS] == list(VERDICT_COLUMNS)
    assert tuple(rows[0])[-3:] == VERDICT_TAIL
    unlocated = [row for row in rows if row["lon"] is None]
    assert len(unlocated) == UNLOCATED
    for row in unlocated:
        assert row["outcome"] == "unknown"
        assert row["issues"].startswith("GP-INT-")
        assert row["confidence"] is None


@pytest.mark.parametrize("suffix", [".json", ".csv", ".gpkg", ".geojson", ".parquet", ".xlsx"])
def test_every_format_holds_all_rows_and_the_same_outcomes(tmp_path, suffix):
    path = tmp_path / f"结果{suffix}"
    assert run("check", PROJECTS, "-q", "-o", path).returncode == 0
    plan = open_plan()
    import gisplan

    verdicts = plan.check(gisplan.read_projects(PROJECTS))
    codes = list(verdicts["outcome"])
    words = list(plan.tell(gisplan.read_projects(PROJECTS), verdicts, language="zh")["outcome"])
    if suffix == ".json":
        assert [row["outcome"] for row in json.loads(path.read_text("utf-8"))["projects"]] == codes
    elif suffix == ".csv":
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines(keepends=True)))
        assert [row["结论"] for row in rows] == words
    elif suffix == ".xlsx":
        page = openpyxl.load_workbook(path)["结论"]
        at = [cell.value for cell in page[1]].index("结论")
        assert [row[at].value for row in page.iter_rows(min_row=2)] == words
    else:
        read = gpd.read_parquet if suffix == ".parquet" else gpd.read_file
        frame = read(path)
        assert list(frame["outcome"]) == codes
        assert int(frame.geometry.notna().sum()) == 26 - UNLOCATED


def test_the_workbook_has_its_sheets_frozen_filtered_and_wide_enough(tmp_path):
    path = tmp_path / "siting.xlsx"
    run("check", PROJECTS, "-q", "-o", path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["汇总", "结论", "规则与实测", "录入问题", "口径与来源"]
    for name in book.sheetnames:
        page = book[name]
        assert page.freeze_panes is not None
        assert page.auto_filter.ref
        assert min(page.column_dimensions[c].width for c in page.column_dimensions) >= 6
    assert book["规则与实测"].max_row == 1 + 26 * 7
    assert book["录入问题"].max_row >= 1 + UNLOCATED
    said = {str(cell.value) for row in book["口径与来源"].iter_rows() for cell in row}
    layers = open_plan().areas["sha256"].dropna()
    assert set(layers) <= said
    assert {"示意", "无数据", "EPSG:4547"} <= said
    reasons = [row[8].value for row in book["结论"].iter_rows(min_row=2)]
    assert any("三、2" in one and "图层：" in one for one in reasons)


def test_english_output_has_no_chinese_but_the_users_own(tmp_path):
    path = tmp_path / "siting.xlsx"
    done = run("check", PROJECTS, "-o", path, "--lang", "en")
    own = set("".join(PROJECTS.read_text("utf-8-sig").split()))
    own |= set((example_folder() / "plan.toml").read_text("utf-8"))
    for text in (done.stdout, done.stderr):
        assert not [c for c in text if "\u4e00" <= c <= "\u9fff" and c not in own]
    assert openpyxl.load_workbook(path).sheetnames[1] == "Verdicts"
    assert "complies" in done.stdout or "needs review" in done.stdout


@pytest.fixture
def spoiled(tmp_path):
    """Files that cannot be used, by name."""
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "header.csv").write_text("项目名称,经度,纬度\n", "utf-8")
    (tmp_path / "strange.csv").write_text("甲,乙\n1,2\n", "utf-8")
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (tmp_path / "fine.csv").write_text("项目名称,经度,纬度\n一,114.35,36.09\n", "utf-8")
    (tmp_path / "folder.csv").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["check", "nowhere.csv"], "nowhere.csv"),
        (["check", "folder.csv"], "folder.csv"),
        (["check", "empty.csv"], "empty.csv"),
        (["check", "header.csv"], "header.csv"),
        (["check", "strange.csv"], "strange.csv"),
        (["check", "broken.xlsx"], "broken.xlsx"),
        (["check", "fine.csv", "--crs", "mars"], "mars"),
        (["check", "fine.csv", "--plan", "nowhere"], "plan.toml"),
        (["check", "fine.csv", "-o", "out.docx"], ".docx"),
        (["check", "fine.csv", "-o", "fine.csv"], "fine.csv"),
        (["check", "fine.csv", "--bogus"], "--bogus"),
        (["check"], "PROJECTS"),
        (["map", "fine.csv", "-o", "map.jpg"], "map.jpg"),
        (["convert", "fine.csv", "-o", "out.csv", "--to", "venus"], "venus"),
        (["init", "."], "."),
        (["frobnicate"], "frobnicate"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_users_mistake_is_one_line_exit_2_and_no_output(spoiled, words, named, language):
    if words[0] not in ("init", "frobnicate", "convert") and "-o" not in words:
        words = [*words, "-o", "out.xlsx"]
    before = sorted(spoiled.iterdir())
    done = run(
        *words,
        *(["--lang", language] if words[0] != "frobnicate" else []),
        cwd=spoiled,
        GISPLAN_LANG=language,
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    mistakes = [line for line in done.stderr.splitlines() if line.startswith("gisplan: ")]
    assert len(mistakes) == 1
    assert named in mistakes[0]
    assert sorted(spoiled.iterdir()) == before


def test_a_fault_of_ours_is_a_traceback_with_a_request(tmp_path):
    script = (
        "import sys, gisplan.cli as cli, gisplan.plan as plan\n"
        "def boom(folder): raise RuntimeError('boom')\n"
        "plan.open_plan = boom\n"
        "sys.argv = ['gisplan', 'info']\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False,
    )  # fmt: skip
    assert done.returncode == 70
    assert "Traceback" in done.stderr
    assert "报告" in done.stderr


def test_tightening_the_accuracy_gives_firm_verdicts(tmp_path):
    """The same list against a copy of the plan drawn to 1 m instead of 120 to 1500 m."""
    import re

    folder = Path(shutil.copytree(example_folder(), tmp_path / "plan"))
    text = (folder / "plan.toml").read_text("utf-8")
    (folder / "plan.toml").write_text(re.sub(r"(?m)^accuracy = \d+", "accuracy = 1", text), "utf-8")
    exact = pd.read_csv(PROJECTS)
    exact["坐标中误差(米)"] = 1.0
    exact.to_csv(tmp_path / "exact.csv", index=False)
    loose = json.loads(run("check", PROJECTS, "--json").stdout)["projects"]
    firm = json.loads(run("check", tmp_path / "exact.csv", "--plan", folder, "--json").stdout)[
        "projects"
    ]
    assert sum(row["outcome"] == "review" for row in loose) == 9
    assert sum(row["outcome"] == "review" for row in firm) == 0
    # Besides those without a place: 文化 and 体育 are too coarse to tell a public service.
    unknown = {row["id"] for row in firm if row["outcome"] == "unknown"}
    coarse = {row["id"] for row in firm if row["industry_fit"] == "unknown" and row["lon"]}
    assert coarse == {"P01", "P24", "P25"}
    assert len(unknown) == UNLOCATED + len(coarse)


def test_info_and_validate_say_what_the_plan_holds():
    done = run("info")
    for word in ("老城区", "文峰大道", "生态保护红线", "无数据", "EPSG:4547"):
        assert word in done.stdout
    layers = json.loads(run("info", "--json").stdout)["layers"]
    assert len(layers) == 11
    assert run("validate").returncode == 0


def test_validate_ends_with_one_and_lists_the_mistakes(tmp_path):
    folder = Path(shutil.copytree(example_folder(), tmp_path / "plan"))
    text = (folder / "plan.toml").read_text("utf-8").replace("accuracy = 120", "accuracy = -1")
    (folder / "plan.toml").write_text(text, "utf-8")
    done = run("validate", "--plan", folder)
    assert done.returncode == 1
    assert "zones.laocheng.accuracy" in done.stdout


def test_init_makes_a_plan_that_is_sound_and_can_be_used(tmp_path):
    assert run("init", tmp_path / "mine").returncode == 0
    assert run("validate", "--plan", tmp_path / "mine").returncode == 0
    (tmp_path / "list.csv").write_text(
        "项目名称,经度,纬度,行业代码\n甲,114.03,36.03,J66\n", "utf-8"
    )
    done = run("check", tmp_path / "list.csv", "--plan", tmp_path / "mine", "--json")
    assert json.loads(done.stdout)["projects"][0]["zone"] == "zone-1"


def test_convert_moves_every_row_there_and_back(tmp_path):
    there, back = tmp_path / "gcj.csv", tmp_path / "back.csv"
    assert run("convert", PROJECTS, "-o", there, "--from", "wgs84", "--to", "gcj02").returncode == 0
    # The header says GCJ-02, so no --from is needed to find the way back.
    assert run("convert", there, "-o", back, "--to", "wgs84").returncode == 0
    first, last = pd.read_csv(PROJECTS), pd.read_csv(back)
    moved = pd.read_csv(there)
    assert len(first) == len(moved) == len(last) == 26
    lon, lat = "经度(WGS 84)", "纬度(WGS 84)"
    assert (first["经度"] - last[lon]).abs().max() < 1e-8
    assert (first["纬度"] - last[lat]).abs().max() < 1e-8
    # GCJ-02 lies 545 to 549 m east here: 0.00605 to 0.0061 degrees.
    assert (moved["经度(GCJ-02)"] - first["经度"]).dropna().between(0.0059, 0.0063).all()


def test_convert_to_metres(tmp_path):
    (tmp_path / "one.csv").write_text("项目名称,经度,纬度\n甲,114.35,36.09\n", "utf-8")
    run("convert", tmp_path / "one.csv", "-o", tmp_path / "out.xlsx", "--to", "EPSG:4526")
    row = pd.read_excel(tmp_path / "out.xlsx", engine="calamine").iloc[0]
    assert row.to_dict().items() >= {"项目名称": "甲"}.items()
    numbers = sorted(value for value in row if isinstance(value, float) and value > 1e6)
    assert numbers == pytest.approx([3995585.768, 38531521.456], abs=0.001)


def test_formulas_in_a_users_text_stay_text(tmp_path):
    hostile = '=HYPERLINK("http://x")', "+1+1", "@SUM(A1)", "-2+3"
    lines = "".join(f'"{text.replace(chr(34), chr(34) * 2)}",114.35,36.09\n' for text in hostile)
    (tmp_path / "list.csv").write_text("项目名称,经度,纬度\n" + lines, "utf-8")
    run("check", tmp_path / "list.csv", "-q", "-o", tmp_path / "out.xlsx")
    run("check", tmp_path / "list.csv", "-q", "-o", tmp_path / "out.csv")
    page = openpyxl.load_workbook(tmp_path / "out.xlsx")["结论"]
    cells = [row[1] for row in page.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == list(hostile)
    assert {cell.data_type for cell in cells} == {"s"}
    rows = list(csv.reader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines(keepends=True)))
    assert [row[1] for row in rows[1:]] == ["'" + text for text in hostile]


def test_help_loads_nothing_heavy():
    script = (
        "import sys, gisplan.cli\n"
        "heavy = {'numpy', 'pandas', 'geopandas', 'shapely', 'pyproj', 'folium', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert "check" in run("--help").stdout


def test_a_check_does_not_load_what_only_draws():
    script = (
        "import sys, gisplan.cli as cli\n"
        f"sys.argv = ['gisplan', 'check', {str(PROJECTS)!r}, '-q']\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'folium', 'rasterio', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_output_survives_a_gbk_console(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gisplan", "check", str(PROJECTS), "--lang", "en"],
        capture_output=True, env={**os.environ, "PYTHONIOENCODING": "gbk"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "安阳东站".encode("gbk") in done.stdout


def test_what_a_console_lacks_is_written_in_its_plain_form():
    codecs.register_error("gisplan-test", _nearest)
    told = "面积 12 m²，L(r)−r，𠮷\ud800".encode("gbk", "gisplan-test").decode("gbk")
    assert told == r"面积 12 m2，L(r)-r，\U00020bb7\ud800"


def test_ids_of_layers_are_not_headed_as_those_of_projects():
    for language, wrong in (("zh", "项目编号"), ("en", "Project ID")):
        head = run("info", "--lang", language).stdout.splitlines()[1]
        assert wrong not in head


def test_help_and_mistakes_are_in_the_language_that_was_asked_for():
    told = run("layers", "--help").stdout
    for word in ("用法：", "选项：", "命令：", "显示本说明后退出"):
        assert word in told
    assert "显示版本后退出" in run("--help").stdout
    assert not re.search("Usage|Options|Commands|Show", run("layers", "add", "--help").stdout)
    assert "[必填]" in run("convert", "--help").stdout
    english = run("layers", "--help", GISPLAN_LANG="en").stdout
    assert not re.search("[\u3400-\u9fff]", english)
    for word in ("Usage: ", "Options:\n", "Commands:\n", "Show this message and exit."):
        assert word in english


def test_a_day_of_the_environment_that_is_none_is_one_line():
    for lang, told in (("zh", "SOURCE_DATE_EPOCH 应是秒数"), ("en", "has to be seconds")):
        done = run("info", "--lang", lang, SOURCE_DATE_EPOCH="abc")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert told in done.stderr


def test_help_lists_every_command_once_under_what_is_asked():
    told = run("--help").stdout
    for name in gisplan.commands:
        assert len(re.findall(rf"^  {name} ", told, re.MULTILINE)) == 1, name
    headings = [line for line in told.splitlines() if line.endswith("：") and line[0] != " "]
    assert "命令：" not in headings
    assert len(headings) == 6  # the options, and five kinds of questions
    assert "..." not in told.partition("\n")[2]


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("check",), "缺少 PROJECTS", "PROJECTS is missing"),
        (("chek",), "没有命令 chek", "there is no command chek"),
        (("check", "--nope"), "没有选项 --nope", "there is no option --nope"),
        (("check", "a.csv", "-o"), "-o 后面要有一个值", "-o needs a value after it"),
        (("overlay", "--cap", "x"), "--cap 的值不对：只能是 round flat",
         "the value of --cap is wrong: it must be one of round flat"),
        (("check", "a.csv", "b.csv"), "多了 b.csv", "there is no place for b.csv"),
        (("check", "a.csv", "--strict=3"), "--strict 后面不带值", "--strict takes no value"),
        (("density", "a.csv", "--bandwidth", "x"), "--bandwidth 的值不对：应为数字\n",
         "the value of --bandwidth is wrong: it must be a number\n"),
        (("sites", "a.csv", "-k", "99"), "-k / --count 的值不对：应为整数，不小于 1，不大于 50",
         "the value of -k / --count is wrong: it must be a whole number, at least 1, at most 50"),
    ],
)  # fmt: skip
def test_a_mistaken_command_line_is_one_line_in_one_language(words, zh, en):
    for lang, told in (("zh", f"参数有误：{zh}"), ("en", f"bad option: {en}")):
        done = run(words[0], "--lang", lang, *words[1:])
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert done.stderr.startswith(f"gisplan: {told}")


def test_intake_shows_what_would_be_read_without_judging(tmp_path):
    done = run("intake", PROJECTS, "-o", tmp_path / "read.xlsx")
    assert done.returncode == 0
    assert "GP-INT-001 [警告] 没有坐标：第 5, 8, 9," in done.stdout
    assert "需复核" not in done.stdout
    # Each column by what it means in the reader's language, with the header it was found in.
    assert "编号“项目编号”、项目名称“项目名称”、行业“行业”、投资额“投资额(亿元)”" in done.stdout
    english = run("intake", PROJECTS, "--lang", "en").stdout
    assert 'id "项目编号", name "项目名称", industry "行业", investment "投资额(亿元)"' in english
    book = openpyxl.load_workbook(tmp_path / "read.xlsx")
    assert book["项目"].max_row == 27
    told = [row[0] for row in book.worksheets[2].iter_rows(values_only=True)]
    assert any("经度“经度”、纬度“纬度”" in line for line in told)
    # The row named is the row that Excel shows.
    lines = PROJECTS.read_text("utf-8-sig").splitlines()
    assert lines[5 - 1].startswith("P04")


def test_overlay_writes_tables_that_reconcile(tmp_path):
    book, layers = tmp_path / "overlay.xlsx", tmp_path / "overlay.gpkg"
    assert run("overlay", "-q", "-o", book, "--rings", "300,500").returncode == 0
    assert run("overlay", "-q", "-o", layers, "--rings", "300,500").returncode == 0
    sheets = pd.read_excel(book, sheet_name=None, engine="calamine")
    assert list(sheets) == [
        "面积",
        "缓冲带",
        "片区×走廊×环",
        "片区两两",
        "宽度试算",
        "沿线次序",
        "串联关系",
        "连通性",
        "口径",
    ]
    shares = sheets["片区×走廊×环"]
    assert len(shares) == 4 * (3 + 1) * 2  # zones x (corridors and their union) x rings
    assert shares["占片区"].between(0, 1).all()
    drawn = gpd.read_file(layers, layer="zone_shares")
    assert drawn["hectares"].sum() == pytest.approx(shares["公顷"].sum())
    assert run("overlay", "--rings", "500,300").returncode == 2


def test_stats_reconcile_with_the_list(tmp_path):
    path = tmp_path / "stats.xlsx"
    done = run("stats", PROJECTS, "-o", path)
    assert done.returncode == 0
    assert "老城区" in done.stdout
    sheets = pd.read_excel(path, sheet_name=None, engine="calamine")
    listed = pd.read_csv(PROJECTS)["投资额(亿元)"]
    for name in ("按片区", "按走廊"):
        assert sheets[name]["项目数"].sum() == 26
        assert sheets[name]["投资额（元）"].sum() == pytest.approx(listed.sum() * 1e8)
        assert sheets[name]["未填投资额"].sum() == listed.isna().sum()
    assert sheets["按片区"].set_index("区域").loc["（无位置）", "项目数"] == UNLOCATED


def test_the_datum_detective_does_not_claim_what_it_cannot_tell():
    done = run("datum", PROJECTS)
    assert done.returncode == 0
    assert "不足以判断坐标系" in done.stdout
    assert "BD-09" in done.stdout


def test_footprints_are_not_squeezed_into_a_table_of_points(tmp_path):
    square = {
        "type": "Polygon",
        "coordinates": [[[114.35, 36.09], [114.36, 36.09], [114.36, 36.1], [114.35, 36.09]]],
    }
    feature = {"type": "Feature", "properties": {"name": "x"}, "geometry": square}
    path = tmp_path / "parcels.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    done = run("convert", path, "-o", tmp_path / "out.csv", "--to", "EPSG:4547")
    assert done.returncode == 2
    assert not (tmp_path / "out.csv").exists()
    corners = tmp_path / "corners.txt"
    assert run("convert", path, "-o", corners, "--to", "EPSG:4526").returncode == 0
    assert "[地块坐标]" in corners.read_text("gb18030")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_column_a_list_may_have_is_worded_on_the_map(tmp_path, language):
    (tmp_path / "list.csv").write_text(
        "项目编号,项目名称,行业,行业代码,经度,纬度,坐标中误差（米）,投资额（亿元）,位置,阶段,年份,来源,备注\n"
        "1,甲,文旅,R88,114.3495,36.097,5,1,老城,在建,2024,本单位,无\n",
        "utf-8",
    )
    done = run("map", tmp_path / "list.csv", "-o", tmp_path / "m.html", "--lang", language)
    assert done.returncode == 0, done.stderr


def test_a_plan_of_ones_own_and_a_list_without_ids_go_through_every_command(tmp_path):
    run("init", tmp_path / "mine")
    path = tmp_path / "list.csv"
    path.write_text("项目名称,经度,纬度,行业代码\n甲,114.03,36.03,J66\n乙,,,\n", "utf-8")
    for words in (
        ("check", path, "-o", tmp_path / "a.xlsx"),
        ("stats", path, "-o", tmp_path / "b.xlsx"),
        ("map", path, "-o", tmp_path / "c.html"),
        ("map", path, "-o", tmp_path / "d.pdf"),
        ("datum", path),
        ("overlay", "-o", tmp_path / "e.gpkg"),
        ("info",),
    ):
        done = run(*words, "--plan", tmp_path / "mine")
        assert done.returncode == 0, (words, done.stderr)
