"""The documentation is true: it builds without a warning, and every command line in it runs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
import rasterio

from gisplan.cli.options import gisplan as group
from gisplan.errors import GisplanError
from gisplan.plan import open_plan

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")])


def commands(page: Path) -> list[str]:
    """The command lines of a page: lines of its code blocks that begin with ``gisplan``.

    A block marked ``text`` shows what needs another machine (a database, an official layer).
    """
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```(?!text)\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("gisplan ")]


OVERRULES = "项目编号,结论,理由,批准人,日期\nP11,符合,已现场踏勘,合成示例,2026-11-20\n"
WITH_COMMANDS = [page for page in PAGES if commands(page)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a planner has it: the list under the names that the pages use."""
    folder = tmp_path_factory.mktemp("office")
    listed = pd.read_csv(ROOT / "layers" / "projects.csv", dtype="str")
    listed.to_excel(folder / "projects.xlsx", index=False)
    for name in ("list.csv", "projects.csv"):
        shutil.copy(ROOT / "layers" / "projects.csv", folder / name)
    shutil.copytree(ROOT / "layers", folder / "layers")
    (folder / "overrules.csv").write_text(OVERRULES, "utf-8")
    _population(folder / "population.tif")
    return folder


def _population(path: Path) -> None:
    """A synthetic raster over the shipped plan: one person a cell of 500 m."""
    areas = open_plan(ROOT / "layers").areas
    west, south, east, north = areas.total_bounds
    shape = (int((north - south) / 500) + 1, int((east - west) / 500) + 1)
    with rasterio.open(
        path, "w", driver="GTiff", height=shape[0], width=shape[1], count=1, dtype="float32",
        crs=areas.crs, transform=rasterio.Affine(500, 0, west, 0, -500, north), nodata=-1,
    ) as raster:  # fmt: skip
        raster.write(np.ones(shape, "float32"), 1)


DONE: set[str] = set()
"""Lines that ran already: several pages say the same, and once is proof enough."""


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_every_command_line_runs(page: Path, office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(office)
    for line in commands(page):
        words = shlex.split(line, comments=True)[1:]
        if " ".join(words) in DONE:
            continue
        DONE.add(" ".join(words))
        if words[0] == "init":
            shutil.rmtree(office / words[1], ignore_errors=True)
        try:
            code = group.main(words, standalone_mode=False) or 0
        except (GisplanError, click.ClickException) as error:
            pytest.fail(f"{page.name}: {line}\n{error}")
        assert code in (0, 1), line
        for at, word in enumerate(words):
            if word == "-o" and not Path(words[at + 1]).exists():
                pytest.fail(f"{page.name}: {line}\nwrote no {words[at + 1]}")


def test_the_pages_name_every_command() -> None:
    pages = (page for page in PAGES if page.name != "commands.md")
    told = "\n".join(page.read_text("utf-8") for page in pages)
    silent = [name for name in group.commands if not re.search(rf"gisplan {name}\b", told)]
    assert silent == []


def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html",
         "-d", str(tmp_path / "trees"), str(ROOT / "docs"), str(site)],
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        fetched = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(https?:[^"]*)"', text)
        assert fetched == [], page


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), (page.name, target)
