"""Another district, other names, another zone: every command, and no district in the code."""

from __future__ import annotations

import ast
import io
import json
import re
import shutil
import tokenize
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import rasterio
from click.testing import CliRunner

import gisplan as package
from gisplan.cli.options import gisplan
from gisplan.plan import open_plan
from tests.second_plan import CRS, EAST, NORTH, PROJECTS, write_second_plan

PACKAGE = Path(package.__file__).parent


def run(*words):
    done = CliRunner().invoke(gisplan, [str(word) for word in words], standalone_mode=False)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.return_value, done.output


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    return write_second_plan(tmp_path_factory.mktemp("second"))


def test_its_verdicts_are_mental_arithmetic(second):
    plan, projects = second
    told = open_plan(plan).check(package.read_projects(projects))
    assert list(told["outcome"]) == [outcome for *_, outcome in PROJECTS]
    assert told["zone_margin"].iloc[0] == pytest.approx(1500, abs=0.01)
    assert told["corridor_distance"].iloc[0] == pytest.approx(2500, abs=0.01)
    assert {"clear_of:wetland"} <= set(told.columns)


COMMANDS = [
    ("info",),
    ("validate",),
    ("check", "P", "-o", "a.xlsx"),
    ("check", "P", "-o", "a.csv"),
    ("check", "P", "-o", "a.json"),
    ("check", "P", "-o", "a.gpkg"),
    ("check", "P", "-o", "a.shp"),
    ("map", "P", "-o", "m.html"),
    ("map", "P", "-o", "m.png"),
    ("map", "P", "-o", "m.pdf"),
    ("overlay", "-o", "o.xlsx"),
    ("overlay", "-o", "o.gpkg"),
    ("stats", "P", "-o", "s.xlsx"),
    ("datum", "P"),
    ("report", "P", "-o", "r.docx"),
    ("atlas", "P", "-o", "at.pdf"),
    ("demo", "P", "-o", "out"),
    ("intake", "P"),
    ("convert", "P", "-o", "moved.csv", "--to", "EPSG:4549"),
    ("sites", "P", "-o", "si.xlsx"),
    ("sites", "--industry", "M73", "--area", "10", "-o", "re.xlsx"),
    ("density", "P", "-o", "d.tif"),
    ("suitability", "labs", "-o", "su.tif"),
    ("suitability", "labs", "P", "-o", "ra.xlsx"),
    ("zonal", "R", "-o", "z.xlsx"),
    ("midterm", "P", "-o", "mt.xlsx"),
    ("diff", "V", "S", "P", "-o", "di.xlsx"),
    ("conflicts", "V", "S", "-o", "co.xlsx"),
]
ELSEWHERE = {"init", "layers", "verify"}
"""Walked through in tests of their own below and above."""


@pytest.fixture(scope="module")
def places(second, tmp_path_factory):
    """What the words of `COMMANDS` stand for: plan, list, an earlier version, a raster."""
    plan, projects = second
    folder = tmp_path_factory.mktemp("places")
    earlier = shutil.copytree(plan, folder / "earlier")
    text = (earlier / "plan.toml").read_text("utf-8").replace("within = 800", "within = 400")
    (earlier / "plan.toml").write_text(text, "utf-8")
    raster = folder / "people.tif"
    with rasterio.open(
        raster, "w", driver="GTiff", height=16, width=24, count=1, dtype="float32", crs=CRS,
        transform=rasterio.Affine(500, 0, EAST, 0, -500, NORTH + 8000),
    ) as made:  # fmt: skip
        made.write(np.ones((16, 24), "float32"), 1)
    return {"P": projects, "S": plan, "V": earlier, "R": raster}


def test_every_command_is_walked_through():
    assert {words[0] for words in COMMANDS} | ELSEWHERE == set(gisplan.commands)


def _id(words):
    return f"{words[0]}{Path(words[-1]).suffix if '-o' in words else ''}"


@pytest.mark.parametrize("words", COMMANDS, ids=_id)
def test_every_command_takes_it_without_a_change_of_code(
    second, places, tmp_path, words, monkeypatch
):
    plan, projects = second
    monkeypatch.chdir(tmp_path)
    asked = [places.get(word, word) for word in words]
    known = {option.name for option in gisplan.commands[words[0]].params}
    asked += ["--plan", plan] if "plan_folder" in known else []
    status, said = run(*asked, "--lang", "zh")
    assert status == 0, said
    for word in ("文峰", "安阳", "老城"):
        assert word not in said
    assert not re.search(r"\bnan\b", said)
    for path in tmp_path.iterdir():
        assert path.stat().st_size > 0
    if words[0] == "demo":
        assert (tmp_path / "out" / "qinghe.html").exists()
    if words[0] == "check" and words[-1] == "a.json":
        assert json.loads(Path("a.json").read_text("utf-8"))["run"]["rules_version"] == "虚构规则-1"
        assert run("verify", "a.json", "--plan", plan, "--projects", projects)[0] == 0


def test_the_workbook_names_its_own_places(second, tmp_path):
    plan, projects = second
    run("check", projects, "--plan", plan, "-q", "-o", tmp_path / "a.xlsx", "--lang", "zh")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    said = " ".join(
        str(cell.value) for name in book.sheetnames for row in book[name].iter_rows()
        for cell in row if cell.value is not None
    )  # fmt: skip
    for words in ("临港区（虚构）", "运河（虚构）", "湿地（虚构）", "EPSG:4549", "虚构规则-1"):
        assert words in said
    assert not re.search("文峰|安阳|老城|洪河", said)


def test_a_new_district_in_a_few_commands(second, tmp_path, monkeypatch):
    """The walk of docs/new-district.md: init, adopt, check; the example's geometry is gone."""
    plan, projects = second
    monkeypatch.chdir(tmp_path)
    assert run("init", "mine")[0] == 0
    text = Path("mine/plan.toml").read_text("utf-8")
    text = text.replace('id = "my-plan"', 'id = "qinghe"').replace("EPSG:4547", "EPSG:4549")
    Path("mine/plan.toml").write_text(text, "utf-8")
    shutil.copytree(plan, "official")
    said = ("--accuracy", "5", "--source", "虚构局", "--as-of", "2026-01-01", "--status", "derived",
            "--plan", "mine")  # fmt: skip
    steps = (
        ("official/county.geojson", "--as", "study_area"),
        ("official/zones.gpkg", "--as", "zones.zone-1", "--where", "code = 'gangqu'"),
        ("official/zones.gpkg", "--as", "zones.keji", "--where", "code = 'keji'",
         "--title", "科技园（虚构）"),
        ("official/canal.shp", "--as", "corridors.corridor-1"),
        ("official/wetland.geojson", "--as", "constraints.redline"),
    )  # fmt: skip
    for words in steps:
        assert run("layers", "add", *words, *said)[0] == 0
    assert run("validate", "--plan", "mine")[0] == 0
    told = open_plan("mine").check(package.read_projects(projects))
    assert list(told["zone"])[:2] == ["zone-1", "keji"]
    assert told["clear_of:redline"].iloc[3] == "fail"
    assert len(list(Path("mine/versions").iterdir())) == 5


# --- the law ------------------------------------------------------------------------------------

DISTRICT = re.compile(
    "文峰|安阳|殷都|北关|龙安|老城|洪河|彰德|殷墟|中华路|wenfeng|anyang|laocheng|honghe|zhonghua"
    "|dongbu|nanbu",
    re.IGNORECASE,
)


def code_of(path: Path) -> str:
    """A file without comments and docstrings: what the program does, not what is said of it."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        told = ast.get_docstring(ast.parse(text), clean=False) or ""
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        kept = [
            one.string
            for one in tokens
            if one.type != tokenize.COMMENT
            and not (one.type == tokenize.STRING and one.string.startswith('"""'))
        ]
        return " ".join(kept).replace(told, "")
    if path.suffix == ".toml":
        return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    "pattern", ["**/*.py", "locale/**/*.toml", "data/**/*", "assets/web/app/*"]
)
def test_no_district_stands_in_the_code(pattern):
    files = [
        path
        for path in sorted(PACKAGE.glob(pattern))
        if path.is_file() and "_layers" not in path.parts and "__pycache__" not in path.parts
    ]
    assert files
    found = {str(path.relative_to(PACKAGE)): DISTRICT.findall(code_of(path)) for path in files}
    assert {name: words for name, words in found.items() if words} == {}


def test_the_law_would_see_a_district():
    assert DISTRICT.search('name = "文峰区"')
    assert DISTRICT.search("Wenfeng")
