"""Every notebook runs from top to bottom, says what it should, and is kept without outputs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from gisplan.labels import Labels

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


class ThisPython(AsyncKernelManager):
    """A kernel of the Python that runs the tests, whatever kernels the machine knows."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", self.connection_file]
        return command + (extra_arguments or [])


def run(path: Path) -> nbformat.NotebookNode:
    """Run a notebook in its own folder and return it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=180,
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(path.parent)}},
    )
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    client.execute(env=os.environ | {"PYTHONPATH": paths, "GISPLAN_LANG": "zh"})
    return notebook


def outputs(notebook: nbformat.NotebookNode) -> dict[str, list[Any]]:
    """The outputs of each code cell by the cell's id."""
    return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def test_there_is_a_notebook() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01_explore", "02_siting", "03_surfaces", "04_analyses", "05_report",
    ]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert cell.metadata == {}, cell.id
        if cell.cell_type == "code":
            assert cell.outputs == [], cell.id
            assert cell.execution_count is None, cell.id


@pytest.fixture(scope="module")
def ran() -> dict[Path, nbformat.NotebookNode]:
    return {path: run(path) for path in NOTEBOOKS}


def test_every_notebook_runs_without_a_line_on_stderr(
    ran: dict[Path, nbformat.NotebookNode],
) -> None:
    for path, notebook in ran.items():
        for cell, given in outputs(notebook).items():
            for output in given:
                assert output.output_type != "error", (path.name, cell)
                assert output.get("name") != "stderr", (path.name, cell, output.get("text"))


def test_the_first_notebook_shows_plan_verdicts_map_and_sheet(
    ran: dict[Path, nbformat.NotebookNode],
) -> None:
    shown = outputs(ran[NOTEBOOKS[0]])
    plan = shown["plan"][0].data["text/html"]
    for name in ("老城区", "东部CBD", "南部商务区", "洪河科技创新区", "文峰大道", "中华路"):
        assert name in plan
    told = shown["tell"][0].data["text/html"]
    assert "安阳东站" in told
    assert "不符合" in told
    page = shown["explore"][0].data["text/html"]
    assert "iframe" in page
    assert shown["explore"][0].data["image/png"].startswith("iVBOR")
    assert "安阳东站" in page or "\\u5b89\\u9633\\u4e1c\\u7ad9" in page
    assert shown["plot"][0].data["image/png"].startswith("iVBOR")


def test_tightening_the_accuracy_leaves_fewer_to_review(
    ran: dict[Path, nbformat.NotebookNode],
) -> None:
    shown = outputs(ran[NOTEBOOKS[0]])
    before, after = (shown[cell][0].data["text/plain"] for cell in ("check", "tighten"))
    assert _count(before, "review") > _count(after, "review")


def test_the_second_notebook_says_what_to_survey_first(
    ran: dict[Path, nbformat.NotebookNode],
) -> None:
    shown = outputs(ran[NOTEBOOKS[1]])
    why = shown["why"][0].data["text/html"]
    assert "换图层：" in why
    assert "实测项目坐标" in why
    left = [int(row.split()[-1]) for row in shown["layer"][0].data["text/plain"].splitlines()[1:]]
    assert min(left) < max(left)


def test_the_sheet_of_density_has_a_title_of_its_own(monkeypatch) -> None:
    """The sheet of siting, on which the surface is laid, is called 项目选址图."""
    monkeypatch.chdir(ROOT / "notebooks")
    cells = [one for one in nbformat.read(NOTEBOOKS[2], 4).cells if one.cell_type == "code"]
    names: dict[str, Any] = {}
    for cell in cells[:3]:
        exec(cell.source, names)
    titles = [text.get_text() for one in names["sheet"].axes for text in one.texts
              if text.get_gid() == "title"]  # fmt: skip
    assert titles == ["文峰区“十四五”四区三线项目密度图"]


def test_the_fourth_notebook_answers_with_tables_and_a_map(
    ran: dict[Path, nbformat.NotebookNode],
) -> None:
    shown = outputs(ran[NOTEBOOKS[3]])
    assert "honghe" in shown["diff"][0].data["text/html"]
    assert "added" in shown["diff"][0].data["text/html"]
    assert "iframe" in shown["map"][0].data["text/html"]
    overlay = shown["overlay"][0].data["text/html"]
    assert Labels("zh")("column.share_low") in overlay
    assert "%" in overlay


def test_the_fifth_notebook_makes_a_report_in_three_formats(
    ran: dict[Path, nbformat.NotebookNode],
) -> None:
    shown = outputs(ran[NOTEBOOKS[4]])
    for name in ("report.docx", "report.pdf", "report.html"):
        assert name in shown["report"][0].data["text/plain"]
    for cell in ("sheet", "atlas"):
        assert shown[cell][0].data["image/png"].startswith("iVBOR")


def _count(text: str, outcome: str) -> int:
    rows = [line.split() for line in text.splitlines()]
    return sum(int(row[1]) for row in rows if row and row[0] == outcome)
