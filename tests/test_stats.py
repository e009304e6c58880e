"""``stats`` and ``midterm``: totals reconcile, findings are honest, files open."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, MultiPoint, Polygon, box

from gisplan.cli import main
from gisplan.evaluation.midterm import evaluate
from gisplan.io.projects import intake
from gisplan.labels import Labels
from gisplan.outputs.midterm import save_midterm
from gisplan.outputs.stats import save_stats
from gisplan.plan import Plan, example_folder, open_plan
from gisplan.plotting.charts_stats import plot_stats
from gisplan.printout.midterm import midterm_findings, word_midterm
from gisplan.printout.stats import findings, word_stats
from gisplan.results import checked
from tests.worlds import projects, world

PROJECTS = example_folder() / "projects.csv"
ROWS, PLACED = 26, 10


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def run(*words):
    """Come in by the door of the command line, without another process's imports."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gisplan", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
    return Done(int(left.value.code), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def result():
    return checked(open_plan(), PROJECTS, intake(PROJECTS))


@pytest.fixture(scope="module")
def frames(result):
    return result.plan.stats(result.projects)


@pytest.fixture(scope="module")
def evaluated(result):
    return result.plan.midterm(result.projects)


def sheets_of(path):
    return pd.read_excel(path, sheet_name=None, engine="calamine")


def test_the_workbook_reconciles_with_the_list(tmp_path):
    path = tmp_path / "s.xlsx"
    done = run("stats", PROJECTS, "-o", path)
    assert done.returncode == 0, done.stderr
    sheets = sheets_of(path)
    listed = pd.read_csv(PROJECTS)
    money = listed["投资额(亿元)"].sum() * 1e8
    for name in ("按片区", "按走廊"):
        assert sheets[name]["项目数"].sum() == ROWS
        assert sheets[name]["投资额（元）"].sum() == pytest.approx(money)
    assert len(sheets["行业归类"]) == ROWS
    in_zones = sheets["按片区"]["项目数"].iloc[:4].sum()
    assert sheets["行业结构"].drop(columns="区域").sum().sum() == pytest.approx(in_zones)
    assert sheets["行业大类"].drop(columns="区域").sum().sum() == pytest.approx(in_zones)
    near = sheets["最近邻"].iloc[0]
    assert near["项目数"] + near["规划范围外"] + near["无位置"] == ROWS
    assert (sheets["距离带"].groupby("走廊")["项目数"].sum() == near["项目数"]).all()
    room = sheets["剩余容量"]
    parts = room[["限制占用（㎡）", "已占用（㎡）", "剩余（㎡）"]].sum(axis=1)
    assert parts.tolist() == pytest.approx(room["椭球面积（㎡）"].tolist())
    assert (room["性质"] == "上限").all()  # three control lines without data
    assert set(sheets["角色"]["结果"]) == {"有项目", "无项目", "资料缺失"}
    assert (sheets["链条"]["结果"] == "资料缺失").all()


def test_the_midterm_workbook_reconciles_and_names_what_is_missing(tmp_path):
    path = tmp_path / "m.xlsx"
    done = run("midterm", PROJECTS, "-o", path)
    assert done.returncode == 0, done.stderr
    sheets = sheets_of(path)
    money = pd.read_csv(PROJECTS)["投资额(亿元)"].sum() * 1e8
    for name in ("片区", "走廊", "领域", "阶段"):
        table = sheets[f"项目库（{name}）"]
        assert table["项目数"].sum() == ROWS, name
        assert table["已落位"].sum() == PLACED, name
        assert table["投资额（元）"].sum() == pytest.approx(money), name
    assert len(sheets["指标"]) == 12  # 三高 + 四提 + 五突破
    assert (sheets["指标"]["结果"] == "资料缺失").all()
    assert (sheets["双百千"]["结果"] == "资料缺失").all()
    lacking = sheets["资料缺失"]
    assert {"全省同期增速", "全市同期增速", "现状值"} <= set(lacking["尚缺资料"])


def test_targets_and_buildings_fill_the_evaluation(tmp_path):
    (tmp_path / "t.csv").write_text(
        "指标,单位,现状值,现状日期,全省,全市\n"
        "生产总值增速,%,6.5,2023,5.0,6.0\n财政收入增速,%,6.5,2023,5.0,\n", "utf-8",
    )  # fmt: skip
    (tmp_path / "b.csv").write_text("楼宇名称,税收(万元),营收(亿元)\n合成楼,1500,0.5\n", "utf-8")
    path = tmp_path / "m.xlsx"
    done = run("midterm", PROJECTS, "--targets", tmp_path / "t.csv", "--buildings",
               tmp_path / "b.csv", "-o", path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    sheets = sheets_of(path)
    judged = sheets["指标"].set_index("指标")["结果"]
    assert judged[["生产总值增速", "财政收入增速", "居民收入增速"]].tolist() == [
        "符合预期", "资料缺失", "资料缺失",
    ]  # fmt: skip
    tiers = sheets["双百千"].set_index("档次")["达到个数"]
    assert tiers[["税收超百万元楼宇", "税收超千万元楼宇", "营收超亿元楼宇"]].tolist() == [1, 1, 0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_is_drawn_in_both_languages(tmp_path, result, frames, evaluated, language):
    for save, own in ((save_stats, frames), (save_midterm, evaluated)):
        path = tmp_path / f"{save.__name__}.pdf"
        save(path, result, own, Labels(language))
        assert path.read_bytes().startswith(b"%PDF-")


def test_a_page_is_drawn_from_the_command_line(tmp_path):
    path = tmp_path / "m.svg"
    done = run("midterm", PROJECTS, "-q", "-o", path, "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "<svg" in path.read_text("utf-8")[:2000]


def test_the_map_holds_what_is_left_and_what_is_in_reach(tmp_path):
    path = tmp_path / "s.html"
    done = run("stats", PROJECTS, "-q", "-o", path)
    assert done.returncode == 0, done.stderr
    page = path.read_text("utf-8")
    assert "剩余用地（片区内）" in page
    assert "公共服务直线可达范围" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("stats", PROJECTS, "-o", "x.docx"), ".xlsx"),
        (("midterm", PROJECTS, "--targets", "none.csv"), "none.csv"),
        (("midterm", PROJECTS, "--targets", PROJECTS, "-o", PROJECTS.with_suffix(".xls")), ".xls"),
        (("stats", PROJECTS, "--built-up", example_folder() / "corridors.geojson"), "LineString"),
    ],
)
def test_mistakes_are_told_in_one_line_and_nothing_is_written(words, told, tmp_path):
    done = run(*words)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2  # the example is named as well


def test_the_built_up_layer_parts_projects_in_two(tmp_path):
    square = json.loads(json.dumps(box(114.30, 36.0, 114.37, 36.2).__geo_interface__))
    layer = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": square}]}  # fmt: skip
    (tmp_path / "built.geojson").write_text(json.dumps(layer), "utf-8")
    path = tmp_path / "s.xlsx"
    done = run("stats", PROJECTS, "-q", "--built-up", tmp_path / "built.geojson", "-o", path)
    assert done.returncode == 0, done.stderr
    table = sheets_of(path)["建成区内外"]
    inside = pd.read_csv(PROJECTS)["经度"].dropna().between(114.30, 114.37)
    assert table["建成区内"].sum() == inside.sum()
    assert table[["建成区内", "建成区外", "无位置"]].sum().sum() == ROWS


def test_findings_say_what_so_few_cannot_show(result, frames):
    told = "\n".join(findings(result, frames, Labels("zh")))
    assert "无从下结论" in told  # five projects in two zones: least p 0.2
    assert "精度不足以断言" in told  # corridors drawn to 200-1500 m
    assert "上限" in told
    assert "区域性现代金融中心" in told
    assert "16 个项目没有位置" in told


def test_every_code_of_every_table_is_worded(result, frames):
    for language in ("zh", "en"):
        labels = Labels(language)
        for name, frame in frames.items():
            told = word_stats(name, frame, result.plan, labels)
            assert len(told) == (8 if name == "roles" else len(frame)), name
            wordless = [
                c for c in told
                if labels.get(f"column.{c}") is None and str(c).isascii() and "_" in str(c)
            ]  # fmt: skip
            assert wordless == [], name


def test_the_plan_without_goals_zones_or_projects_is_an_answer_too():
    plan = world()
    rows = projects(None)
    frames = plan.stats(rows)
    assert frames["roles"].empty
    assert frames["gathering"].empty
    midterm = plan.midterm(rows)
    assert midterm["library_zone"]["projects"].sum() == 1
    assert midterm["indicators"].empty
    figure = plot_stats(frames, ["-"], {k: k for k in frames["by_zone"]["area_id"]} | {"J": "J"},
                        Labels("en"))  # fmt: skip
    assert figure.axes


def test_the_evaluation_takes_frames_alone(result):
    codes = pd.Series(["J66"] * ROWS, dtype="str")
    got = evaluate(result.projects, result.verdicts, codes, result.plan.definition)
    assert got["library_field"]["projects"].sum() == ROWS


def test_midterm_findings_count_the_library(result, evaluated):
    told = " ".join(midterm_findings(result, evaluated, Labels("zh")))
    assert f"项目库 {ROWS} 个，落位 {PLACED} 个（落位率 38%）" in told
    assert "资料缺失 12" in told


def test_the_quotes_of_the_goals_are_clauses_with_their_place():
    goals = open_plan().definition.goals
    held = [*goals.roles.values(), *goals.chains.values(), *goals.indicators.values(),
            *goals.tiers.values(), *goals.fields.values()]  # fmt: skip
    assert len(goals.roles) == 8
    assert len(goals.chains) == 3
    assert len(goals.indicators) == 3 + 4 + 5
    assert all(goal.clause is not None and goal.clause.kind == "clause" for goal in held)
    assert all(role.basis for role in goals.roles.values())  # areas and industries are inferred


def test_a_list_too_long_for_pairs_says_so():
    random = np.random.default_rng(1)
    rows = projects(*(tuple(one) for one in random.uniform(0, 10_000, (600, 2))))
    got = world().stats(rows)
    assert np.isnan(got["neighbours"]["p_value"].iloc[0])  # too many pairs: said, not computed
    assert got["bands"]["projects"].sum() == 1200


def bare(kind, key):
    """The square world with a plan that has no zone, or no corridor, at all."""
    plan = world(**{key: {}})
    return Plan(plan.definition, plan.areas[plan.areas["kind"] != kind])


MIXED = (
    (2000, 2000), (2000, 5900), box(1000, 1000, 1500, 1500), LineString([(0, 0), (100, 100)]), None,
)  # fmt: skip
BOW_TIE = Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])


@pytest.mark.parametrize(
    ("plan", "rows"),
    [
        (world(), projects(*MIXED)),
        (world(), projects(*MIXED).iloc[:0]),
        (world(), projects(*MIXED).set_axis([7, 7, 1, 1, 0])),
        (world(), projects(BOW_TIE, MultiPoint([(0, 0), (10, 10)]), (1, 1))),
        (world(), projects(*[(2000, 2000)] * 8)),
        (world(50_000), projects(*MIXED)),
        (world(without=("west", "east")), projects(*MIXED)),
        (world(without=("study_area",)), projects(*MIXED)),
        (world(without=("study_area", "west", "east", "axis", "red")), projects(*MIXED)),
        (bare("zone", "zones"), projects(*MIXED)),
        (bare("corridor", "corridors"), projects(*MIXED)),
    ],
    ids=["mixed", "empty", "twice the same label", "broken", "one place", "vague", "no zone drawn",
         "no study area", "nothing drawn", "no zone", "no corridor"],
)  # fmt: skip
def test_any_plan_and_any_list_is_told_and_every_project_is_counted(plan, rows):
    frames, evaluated = plan.stats(rows), plan.midterm(rows)
    for labels in (Labels("zh"), Labels("en")):
        for name, frame in frames.items():
            assert len(word_stats(name, frame, plan, labels)) <= len(frame)
        for name, frame in evaluated.items():
            assert len(word_midterm(name, frame, plan, labels)) == len(frame)
    counted = [frames[name] for name in ("by_zone", "by_corridor")]
    counted += [evaluated[f"library_{by}"] for by in ("zone", "corridor", "field", "stage")]
    assert [table["projects"].sum() for table in counted] == [len(rows)] * 6


def test_words_of_a_list_stay_words():
    rows = projects(*MIXED)
    rows["stage"] = ["{x}", "=1+1", "建成" * 2000, None, "🏗"]
    rows["链条"], rows["环节"], rows["定位"] = "{0}", [None, "b", "c", "d", "e"], "科技研发中心"
    plan = open_plan()
    told = word_midterm("stages", plan.midterm(rows)["stages"], plan, Labels("zh"))
    assert told["stage_code"].tolist() == ["不明", "不明", "建成", "不明", "不明"]
    roles = plan.stats(rows)["roles"].set_index(["role", "area_id"])
    assert roles.loc[("innovation-area", "*"), "named"] == 0  # half a title is no title


def test_an_inferred_field_says_so_in_the_data_and_in_the_sheet(result, evaluated):
    fields = result.plan.definition.goals.fields
    assert all(one.basis and one.basis.zh and one.basis.en for one in fields.values())
    for language in ("zh", "en"):
        told = word_midterm(
            "library_field", evaluated["library_field"], result.plan, Labels(language)
        )
        said = told["basis"][: len(fields)].tolist()
        assert said == [one.basis.get(language) for one in fields.values()]
        assert (told["clause"][: len(fields)] != "").all()


def test_what_nobody_states_has_no_sum(result):
    unsaid = result.projects.assign(investment=np.nan)
    silent = checked(result.plan, PROJECTS, replace(result.read, projects=unsaid))
    frames = silent.plan.midterm(silent.projects)
    told = midterm_findings(silent, frames, Labels("zh"))[0]
    assert "无从计算" in told
    assert "0.00" not in told


def test_too_many_for_pairs_is_not_called_too_few():
    rows = projects(*(tuple(one) for one in np.random.default_rng(1).uniform(0, 10_000, (401, 2))))
    plan = world()
    read = replace(intake(PROJECTS), projects=rows)
    told = findings(checked(plan, PROJECTS, read), plan.stats(rows), Labels("zh"))
    assert any("超过 400 个" in line for line in told)
    assert not any("只有 401" in line for line in told)
