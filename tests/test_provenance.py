"""Every output of every command tells what it rests on, and is verified: none is left out."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import click
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import typst
from click.testing import CliRunner
from matplotlib.figure import Figure

import gisplan.cli as commands
from gisplan.cli.options import gisplan
from gisplan.io.pdf_properties import pdf_property, with_property
from gisplan.io.provenance import facts_sha256, read_provenance, signed, stamp_page
from gisplan.plan import open_plan
from gisplan.plotting import render
from tests.second_plan import EAST, NORTH, write_second_plan

MODEL = """
[suitability.any]
title = { zh = "试算（虚构）", en = "Trial (synthetic)" }
basis = { zh = "虚构", en = "synthetic" }
industry = "M73"
cell = 500
[suitability.any.criteria.zone]
kind = "zone_fit"
title = { zh = "片区", en = "zone" }
weight = 1
fits = 1.0
differs = 0.3
outside = 0.0
"""

P, OLD = "短.csv", "旧版"
OUTPUTS = {  # command -> what it is asked, beside the list; the suffixes are its own
    "check": ([P], "siting.CHECK_SUFFIXES"),
    "check --engine parts": ([P, "--engine", "parts"], (".parquet", "")),
    "intake": ([P], "siting.INTAKE_SUFFIXES"),
    "map": ([P], "maps.MAP_SUFFIXES"),
    "map --against": (["--against", OLD], (".html",)),
    "map --overrules": ([P, "--overrules", "o.csv"], (".html",)),
    "atlas": ([P], "maps.ATLAS_SUFFIXES"),
    "report": ([P, "--cards", "none"], "report.REPORT_SUFFIXES"),
    "overlay": (["--rings", "300,800", "--cap", "flat"], "analyses.OVERLAY_SUFFIXES"),
    "stats": ([P], "stats.STATS_SUFFIXES"),
    "midterm": ([P, "--targets", "指标.csv"], "stats.SUFFIXES"),
    "diff": ([OLD, "青禾", P], "revision.DIFF_SUFFIXES"),
    "conflicts": ([OLD, "青禾"], "revision.CONFLICT_SUFFIXES"),
    "zonal": (["r.tif"], "rasters.ZONAL_SUFFIXES"),
    "zonal PROJECTS": (["r.tif", P], (".csv",)),
    "density": ([P, "--bandwidth", "2000"], "rasters.SURFACE_SUFFIXES"),
    "suitability": (["any"], "rasters.SURFACE_SUFFIXES"),
    "suitability PROJECTS": (["any", P], "rasters.RANK_SUFFIXES"),
    "sites": ([P], "rasters.MOVES_SUFFIXES"),
    "sites --industry": (
        ["--industry", "M73", "--area", "40", "-k", "1"],
        "rasters.SITES_SUFFIXES",
    ),
    "convert": ([P, "--to", "EPSG:4549"], "coordinates.CONVERT_SUFFIXES"),
}
NO_PLAN = ("intake", "convert", "conflicts")
PICTURES = (".png", ".svg", ".pdf")
DRAWN = (*PICTURES, ".html", ".docx")
"""Made again a few times only: a command that is verified in a table is run again the same way."""
DRAWN_AGAIN = {("map", ".png"), ("map --against", ".html"), ("map --overrules", ".html"),
               ("atlas", ".pdf"), ("overlay", ".svg"), ("report", ".html")}  # fmt: skip


def run(*words):
    done = CliRunner().invoke(gisplan, [str(word) for word in words], standalone_mode=False)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.return_value, done.output


def suffixes(told):
    if isinstance(told, tuple):
        return told
    module, _, name = told.partition(".")
    return getattr(importlib.import_module(f"gisplan.cli.{module}"), name)


def cases():
    """Walk over all; of the pictures of a command one, in turn, for one door draws all three."""
    drawn = [name for name, (_, told) in OUTPUTS.items() if set(PICTURES) <= set(suffixes(told))]
    for name, (_, told) in OUTPUTS.items():
        for suffix in suffixes(told):
            turn = suffix not in PICTURES or name == "map" or name not in drawn
            if turn or suffix == PICTURES[drawn.index(name) % 3]:
                yield name, suffix


CASES = list(cases())


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A plan and its older version, a list, decisions, targets and a raster, all synthetic."""
    folder = tmp_path_factory.mktemp("outputs")
    plan, listed = write_second_plan(folder)
    lines = listed.read_text("utf-8").splitlines(keepends=True)
    (folder / P).write_text("".join(lines[at] for at in (0, 1, 4)), "utf-8")
    text = (plan / "plan.toml").read_text("utf-8")
    (plan / "plan.toml").write_text(text + MODEL, "utf-8")
    old = folder / OLD
    old.mkdir()
    for part in plan.iterdir():
        (old / part.name).write_bytes(part.read_bytes())
    older = text.replace("within = 800", "within = 400").replace("虚构-2035", "虚构-2030")
    (old / "plan.toml").write_text(older, "utf-8")
    rows = "id,outcome,reason,by,date\nQ1,review,虚构理由,虚构局,2025-12-31\n"
    (folder / "o.csv").write_text(rows, "utf-8")
    (folder / "指标.csv").write_text(
        "指标,单位,基期值,目标值,现状值,基期,目标期,现状期\n"
        "亩均税收（虚构）,万元,10,20,15,2020-12-31,2025-12-31,2023-06-30\n", "utf-8",
    )  # fmt: skip
    with rasterio.open(
        folder / "r.tif", "w", driver="GTiff", width=60, height=40, count=1, dtype="float32",
        crs="EPSG:4549", transform=rasterio.Affine(200, 0, EAST, 0, -200, NORTH + 8000),
    ) as made:  # fmt: skip
        made.write(np.arange(2400, dtype="float32").reshape(40, 60), 1)
    return folder


@pytest.fixture(autouse=True)
def here(world, monkeypatch):
    monkeypatch.chdir(world)
    monkeypatch.setenv("GISPLAN_LANG", "zh")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")


def make(name, suffix):
    """Run a command; return its output."""
    command, (words, _) = name.split()[0], OUTPUTS[name]
    place = Path(f"{name.replace(' ', '')}{suffix}")
    known = {one.name for one in gisplan.commands[command].params}
    more = [*(["--plan", "青禾"] if "plan_folder" in known else []),
            *(["-q"] if "quiet" in known else [])]  # fmt: skip
    assert run(command, *words, *more, "-o", place)[0] == 0
    return place


def test_the_table_names_every_command_and_format_that_writes():
    written = {
        one.name for one in gisplan.commands.values()
        if isinstance(one, click.Command) and "output" in {p.name for p in one.params}
    }  # fmt: skip
    assert {name.split()[0] for name in OUTPUTS} == written - {"demo"}
    told = {of for _, of in OUTPUTS.values() if isinstance(of, str)}
    for module in pkgutil.iter_modules(commands.__path__):
        held = importlib.import_module(f"gisplan.cli.{module.name}")
        names = {f"{module.name}.{name}" for name in vars(held) if name.endswith("SUFFIXES")}
        assert names <= told, "a list of formats that no test walks over"


def test_every_picture_leaves_by_the_door_that_writes_its_record():
    home = Path(commands.__file__).parents[1]
    for path in (*home.glob("cli/*.py"), *home.glob("outputs/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in ("render", "render_pages"):
                assert "about" in {word.arg for word in node.keywords}, f"{path}:{node.lineno}"


@pytest.mark.parametrize(("name", "suffix"), CASES, ids=[f"{a}{b}" for a, b in CASES])
def test_an_output_tells_what_it_rests_on_and_is_verified(world, name, suffix):
    place = make(name, suffix)
    facts = read_provenance(place)
    assert facts_sha256(facts) == facts["run_sha256"]
    assert facts["tool"]
    command = name.split()[0]
    if command not in NO_PLAN:
        plan = open_plan("青禾")
        assert facts["plan"] == "qinghe"
        assert facts["plan_version"] == "虚构-2035"
        assert facts["plan_sha256"] == plan.sha256
        assert facts["rules_version"] == "虚构规则-1"
        assert facts["crs"] == "EPSG:4549"
        assert facts["layers"].keys() >= {"zone.keji", "corridor.canal", "coverage.wetland"}
        assert facts["libraries"].keys() >= {"geos", "proj"}
    words = OUTPUTS[name][0]
    if P in words and command != "check":
        assert "projects_sha256" in facts or "source" in facts["inputs"] or facts["lists"]
    if suffix in DRAWN and (name, suffix) not in DRAWN_AGAIN:
        return
    status, said = run("verify", place, "--plan", "青禾")
    assert status == 0, said
    assert "一致：" in said


# --- and is caught where it is not what it says --------------------------------------------------


def forged(place, **facts):
    """Write a page anew whose record says something else, signed as gisplan would."""
    text = place.read_text("utf-8")
    told = {**read_provenance(place), **facts}
    told["run_sha256"] = facts_sha256(told)
    held = re.sub(r'<meta name="gisplan" content="[^"]*">', "", text)
    place.write_text(stamp_page(held, told), "utf-8")


def test_an_edited_picture_and_an_edited_table_are_caught():
    place = make("map", ".png")
    data = place.read_bytes()
    at = data.index(b"IDAT") + 40
    place.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    status, said = run("verify", place, "--plan", "青禾")
    assert status == 1
    assert "与原文件不同" in said
    assert "文件写出后被改过" in said
    place = make("overlay", ".xlsx")
    book = openpyxl.load_workbook(place)
    page = book.worksheets[2]
    page["D3"] = 1234.5
    book.save(place)
    status, said = run("verify", place, "--plan", "青禾")
    assert status == 1
    assert f"{page.title} · 第 3 行" in said
    assert "1234.5" in said


def test_an_input_that_changed_or_is_gone_is_named(world):
    place = make("zonal", ".csv")
    raster = Path("r.tif").read_bytes()
    with rasterio.open("r.tif", "r+") as held:
        held.write(np.zeros((40, 60), "float32"), 1)
    status, said = run("verify", place, "--plan", "青禾")
    assert status == 1
    assert "r.tif 变了" in said
    Path("r.tif").unlink()
    status, said = run("verify", place, "--plan", "青禾", "--lang", "en")
    assert "recorded input r.tif not found" in said
    aside = world / "aside"
    aside.mkdir(exist_ok=True)
    (aside / "r.tif").write_bytes(raster)
    assert run("verify", place, "--plan", "青禾", "--look-in", aside)[0] == 0
    Path("r.tif").write_bytes(raster)


@pytest.mark.parametrize(
    "facts",
    [{"kind": "init"}, {"kind": "layers"}, {"kind": "demo"}, {"kind": "rm -rf"}, {"kind": None},
     {"asked": None}, {"kind": "verify"}],
    ids=str,
)  # fmt: skip
def test_a_record_of_no_command_that_writes_is_only_held_to_its_inputs(facts):
    place = make("overlay", ".xlsx").with_suffix(".html")
    place.write_text("<html><head></head></html>", "utf-8")
    told = read_provenance(make("overlay", ".xlsx"))
    place.write_text(stamp_page(place.read_text("utf-8"), {**told, **facts}), "utf-8")
    before = sorted(Path().iterdir())
    _, said = run("verify", place, "--plan", "青禾")
    assert "只核对了来源" in said or "来源有出入" in said
    assert sorted(Path().iterdir()) == before


def test_what_a_record_asks_for_goes_nowhere_but_a_passing_folder(world):
    """A page may record any options: no path of it is written, read from elsewhere, or a flag."""
    place = make("map", ".html")
    secret = world.parent / "secret.csv"
    secret.write_text("项目编号,项目名称,经度,纬度\n密,密,114,36\n", "utf-8")
    victim = world / "victim.txt"
    victim.write_text("x", "utf-8")
    for facts in (
        {"asked": {"output": str(victim)}},
        {"output_file": "../../victim.txt"},
        {"output_file": str(victim)},
        {"asked": {"projects_file": str(secret)}},
        {"inputs": {"projects_file": {"file": "../secret.csv", "sha256": ""}}},
        {"inputs": {"plan_folder": {"file": "旧版", "sha256": ""}}},
        {"asked": {"plan_folder": "旧版"}},
    ):
        forged(place, **{"inputs": {}, **facts})
        before = sorted(world.iterdir())
        run("verify", place, "--plan", "青禾")
        assert sorted(world.iterdir()) == before
        assert victim.read_text("utf-8") == "x"


def test_a_long_list_is_verified_in_parts_and_an_edited_row_is_named(world):
    rows = 3000
    lines = [f"L{at},虚构,M73,{120.2 + at * 1e-5:.6f},33.0" for at in range(rows)]
    Path("long.csv").write_text(
        "项目编号,项目名称,行业代码,经度,纬度\n" + "\n".join(lines), "utf-8"
    )
    words = ("check", "long.csv", "--plan", "青禾", "-q", "--engine", "parts")
    for place in (Path("long.parquet"), Path("long")):
        assert run(*words, "-o", place)[0] == 0
        status, said = run("verify", place, "--plan", "青禾")
        assert status == 0, said
        assert "3,000 行" in said
        held = next(place.glob("*.parquet")) if place.is_dir() else place
        file = pq.ParquetFile(held)
        table, told = file.read(), file.metadata.metadata
        outcome = table.column("outcome").to_pylist()
        outcome[1234] = "pass" if outcome[1234] != "pass" else "fail"
        at = table.column_names.index("outcome")
        kind = table.schema.field("outcome").type
        edited = table.set_column(at, "outcome", pa.array(outcome, pa.string()).cast(kind))
        with pq.ParquetWriter(held, edited.schema) as writer:
            writer.write_table(edited, row_group_size=700)
            own = {k: v for k, v in told.items() if k == b"PANDAS_ATTRS"}
            writer.add_key_value_metadata(own)
        status, said = run("verify", place, "--plan", "青禾")
        assert status == 1
        assert "L1234 · outcome" in said
        assert "被改动过" in said
        assert said.count("文件中为") == 1


@pytest.mark.parametrize(
    "text", ["plain (x) \\ y", "规划（a)(b\\", '/gisplan <FEFF0041> ("', "𠮷", ""]
)
def test_a_property_of_a_pdf_is_any_text_and_the_file_stays_as_it_was(text):
    plain = typst.compile(b'#set document(title: "(t) \\\\ /gisplan <FEFF0042>")\nx', format="pdf")
    told = with_property(plain, "gisplan", text)
    assert told.startswith(plain)
    assert pdf_property(told, "gisplan") == text
    twice = with_property(told, "gisplan", "2")
    assert pdf_property(twice, "gisplan") == "2"
    figure = Figure(figsize=(1, 1))
    drawn = render(figure, ".pdf", about=text)
    assert pdf_property(drawn, "Subject") == text
    for other in (b"", b"%PDF-1.7", plain[:-40], b"x" * 5000):
        with pytest.raises(ValueError):  # noqa: PT011
            with_property(other, "gisplan", text)


def test_what_cannot_be_made_again_is_held_to_its_inputs_and_it_is_said(world):
    """A picture of the demo records its list and plan, and no command of its own."""
    place = make("map", ".html")
    told = read_provenance(place)
    facts = {key: told[key] for key in told if key not in ("kind", "asked", "inputs")}
    place.write_text(stamp_page("<html><head></head></html>", signed(facts)), "utf-8")
    status, said = run("verify", place, "--plan", "青禾")
    assert status == 0
    assert "只核对了来源" in said
    listed = Path(P).read_bytes()
    Path(P).write_bytes(listed + b"\n")
    status, said = run("verify", place, "--plan", "青禾")
    Path(P).write_bytes(listed)
    assert status == 1
    assert f"{P} 变了" in said
