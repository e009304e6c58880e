"""The demo as a newcomer runs it: what it writes, and its page in a browser without network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import OfflinePage


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the demo filled, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "gisplan", "demo", "-o", str(folder)],
        capture_output=True, text=True, encoding="utf-8", check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "HOME": str(folder / "home")},
    )  # fmt: skip
    return folder, done.stdout


def test_it_writes_the_map_the_workbook_the_pictures_the_atlas_and_the_report(demo):
    folder, _ = demo
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    assert set(sizes) == {
        "wenfeng.html", "siting.xlsx", "wenfeng.png", "verdicts.png", "zones.png", "zones.pdf",
        "atlas.pdf", "report.docx", "report.html",
    }  # fmt: skip
    assert sizes["wenfeng.html"] < 300_000
    assert max(sizes["wenfeng.png"], sizes["verdicts.png"]) < 300_000


def test_it_says_what_it_did_and_what_it_could_not_judge_and_why(demo):
    _, said = demo
    for words in (
        "26 行，10 行有位置",
        "无法判断 16 项：无位置 16",
        "需复核 9 项",
        "未核查：生态保护红线（自然资源局）",
        "示意图，非法定界线",
        "GP-INT-001",
    ):
        assert words in said


def test_pictures_and_printed_maps_are_the_same_bytes_on_another_day(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    from gisplan.cli.options import gisplan
    from gisplan.io.projects import intake
    from gisplan.labels import Labels
    from gisplan.outputs import save_figure, save_pictures
    from gisplan.plan import example_folder, open_plan
    from gisplan.results import checked

    plan, listed = open_plan(), example_folder() / "projects.csv"
    result = checked(plan, listed, intake(listed))
    days = ("1764000000", "1780000000")  # 2025-11-24 and 2026-05-28
    dated = set()
    for day in days:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", day)
        dated.add(result.about["date"])
        save_pictures(tmp_path / day, result, Labels("zh"))
        zones = plan.plot(result.projects, result.verdicts, theme="zones")
        save_figure(zones, tmp_path / day / "zones.png", dpi=90)
        for name in ("map.png", "map.pdf", "map.svg"):
            words = ["map", str(listed), "-o", str(tmp_path / day / name), "-q"]
            gisplan.main(words, standalone_mode=False)
        gisplan.main(
            ["atlas", "-o", str(tmp_path / day / "atlas.pdf"), "-q"], standalone_mode=False
        )
    assert len(dated) == 2
    one, other = ({p.name: p.read_bytes() for p in (tmp_path / day).iterdir()} for day in days)
    assert set(one) == {"wenfeng.png", "verdicts.png", "zones.png", "map.png", "map.pdf",
                        "map.svg", "atlas.pdf"}  # fmt: skip
    assert [name for name in one if one[name] != other[name]] == []


def test_the_page_draws_everything_with_the_network_cut(demo, offline_page: OfflinePage):
    folder, _ = demo
    page = offline_page.page
    page.goto((folder / "wenfeng.html").as_uri())
    expect(page.locator("[data-project]")).to_have_count(10)
    assert _ids(page, "zone") == {"laocheng", "dongbu-cbd", "nanbu", "honghe"}
    assert _ids(page, "corridor") == {"wenfeng", "zhonghua", "honghe-river"}
    for words in ("示意图，非法定界线", "16 项无坐标，未上图", "老城区", "洪河", "生态保护红线"):
        expect(page.get_by_text(words).first).to_be_attached()
    page.locator("[data-project]").first.dispatch_event("click")
    expect(page.get_by_text("中华路主要发展现代金融、现代商贸业").first).to_be_visible()
    assert offline_page.requests == []
    assert offline_page.faults == []


def _ids(page: Page, kind: str) -> set[str | None]:
    """Ids of the areas of a kind that are drawn."""
    return {one.get_attribute(f"data-{kind}") for one in page.locator(f"path[data-{kind}]").all()}
