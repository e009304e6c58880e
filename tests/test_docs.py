"""The documentation is true: it builds in both languages, its search finds, its commands run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import click
import numpy as np
import pandas as pd
import pytest
import rasterio
from playwright.sync_api import expect

from gisplan.cli.options import gisplan as group
from gisplan.errors import GisplanError
from gisplan.plan import open_plan
from tests.conftest import OfflinePage
from tests.map_world import assert_quiet

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")])


def commands(page: Path) -> list[str]:
    """The command lines of a page: lines of its code blocks that begin with ``gisplan``.

    A block marked ``text`` shows what needs another machine (a database, an official layer).
    """
    text = page.read_text("utf-8")
    fences = re.findall(r"^ *```(\S*)[^\n]*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    blocks = [block for kind, block in fences if kind in ("", "sh")]
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
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
    _raster(folder / "population.tif", "float32", nodata=-1)
    _raster(folder / "landcover.tif", "uint8", nodata=0)
    return folder


def _raster(path: Path, dtype: str, *, nodata: int) -> None:
    """A synthetic raster over the shipped plan: a one in each cell of 500 m."""
    areas = open_plan(ROOT / "layers").areas
    west, south, east, north = areas.total_bounds
    shape = (int((north - south) / 500) + 1, int((east - west) / 500) + 1)
    with rasterio.open(
        path, "w", driver="GTiff", height=shape[0], width=shape[1], count=1, dtype=dtype,
        crs=areas.crs, transform=rasterio.Affine(500, 0, west, 0, -500, north), nodata=nodata,
    ) as raster:  # fmt: skip
        raster.write(np.ones(shape, dtype), 1)


DONE: set[str] = set()
"""Lines that ran already: several pages say the same, and once is proof enough."""


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_every_command_line_runs(page: Path, office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(office)
    # That a line runs does not hang on how many dots there are in its pictures.
    monkeypatch.setattr("gisplan.report.pictures.DPI", 40)
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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sites, built at once; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-t", name,
             "-d", str(folder / f"trees-{name}"), str(ROOT / "docs"), str(folder / name)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        )
        for name in ("zh", "en")
    }  # fmt: skip
    for name, build in running.items():
        told, _ = build.communicate()
        assert build.returncode == 0, f"{name}: {told}"
    return folder


def test_the_sites_fetch_nothing(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    assert len(pages) > 40
    for page in pages:
        text = page.read_text("utf-8")
        fetched = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(https?:[^"]*)"', text)
        assert fetched == [], page
    for style in site.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", style.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", text), style


def test_both_sites_have_the_same_pages_each_in_its_language(site: Path) -> None:
    names = {lang: {page.name for page in (site / lang).glob("*.html")} for lang in ("zh", "en")}
    assert names["zh"] == names["en"]
    for page in PAGES:
        if page.parent == ROOT or page.stem == "api":
            continue
        for lang in ("zh", "en"):
            text = (site / lang / f"{page.stem}.html").read_text("utf-8")
            (article,) = re.findall(r"<article.*?</article>", text, re.DOTALL)
            code = r"<[^>]+>" if page.stem == "commands" else r"<pre.*?</pre>|<[^>]+>"
            words = re.sub(code, "", article, flags=re.DOTALL)
            chinese = len(re.findall(r"[\u3400-\u9fff]", words)) / len(words)
            assert (chinese > 0.1) if lang == "zh" else (chinese < 0.06), (page.name, lang, chinese)
            other = "en" if lang == "zh" else "zh"
            assert f'href="../{other}/{page.stem}.html"' in text


def test_what_stands_around_a_page_is_in_its_language_too(site: Path) -> None:
    own = {"zh": ("下一页", "上一页", "回到顶部", "本页内容", "版权所有"),
           "en": ("Next", "Previous", "Back to top", "On this page", "Copyright")}  # fmt: skip
    for lang, other in (("zh", "en"), ("en", "zh")):
        text = (site / lang / "verdict.html").read_text("utf-8")
        around = re.sub(r"<article.*?</article>", "", text, flags=re.DOTALL)
        words = {one.strip() for one in re.findall(r">([^<>]+)<", around)}
        told = " ".join(words)
        assert [word for word in own[lang] if word not in told] == []
        assert [word for word in own[other] if word in words] == []
        assert "&#169; 2026, gisplan developers" in told


def test_no_line_break_parts_chinese_words(site: Path) -> None:
    """A browser would show it as a space."""
    for page in (site / "zh").glob("*.html"):
        text = re.sub(r"<pre.*?</pre>", "", page.read_text("utf-8"), flags=re.DOTALL)
        (article,) = re.findall(r"<article.*?</article>", text, re.DOTALL) or [""]
        assert re.findall(r"[\u3400-\u9fff，。；、]\n[\u3400-\u9fff“]", article) == [], page.name


@pytest.mark.parametrize(
    ("lang", "asked", "found"),
    [
        ("zh", "需复核", "uncertainty.html"),
        ("zh", "翻转距离", "uncertainty.html"),
        ("zh", "未核查", "no-silence.html"),
        ("zh", "default_accuracy", "plan-file.html"),
        ("en", "flip distance", "uncertainty.html"),
        ("en", "needs review", "verdict.html"),
    ],
)
def test_search_works_without_a_server(
    site: Path, offline_page: OfflinePage, lang: str, asked: str, found: str
) -> None:
    page = offline_page.page
    page.goto(f"{(site / lang / 'search.html').as_uri()}?q={quote(asked)}")
    link = page.locator(f'#search-results a[href^="{found}"]')
    expect(link.first).to_be_visible()
    assert_quiet(offline_page)


def test_pages_fit_a_phone(site: Path, offline_page: OfflinePage) -> None:
    page = offline_page.page
    page.set_viewport_size({"width": 390, "height": 800})
    for name in ("index", "plan-file", "commands", "coordinates", "analyses"):
        page.goto((site / "zh" / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    assert_quiet(offline_page)


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), (page.name, target)
