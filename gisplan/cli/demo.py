"""``demo``: everything, on the shipped plan and its projects or on a plan of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gisplan.cli.options import PATH, gisplan, language, option, plan_folder, say
from gisplan.labels import Labels

if TYPE_CHECKING:
    from gisplan.results import Result, Run


@gisplan.command(help=say("cli.demo_help"))
@click.argument("projects", required=False, type=PATH)
@option("-o", "--output", key="output", default=Path("maps"), type=PATH)
@plan_folder
@language
def demo(projects: Path | None, output: Path, plan_folder: Path | None, labels: Labels) -> int:
    """Run everything on the shipped plan and projects, or on those of another folder."""
    from gisplan.io.projects import intake
    from gisplan.plan import example_folder, open_plan
    from gisplan.printout import summary_lines, terminal_table
    from gisplan.results import Run, checked

    folder = plan_folder or example_folder()
    plan = open_plan(folder)
    projects_file = projects or folder / "projects.csv"
    read = intake(projects_file)
    result = checked(plan, projects_file, read)
    run = Run.of(plan, projects_file, read, None)
    click.echo(terminal_table(result, labels))
    for line in summary_lines(result, labels):
        click.echo(line)
    # One by one, so that a slow machine is seen to be at work.
    for path in _written(output, result, run, labels):
        click.echo(labels("cli.wrote", path=path))
    click.echo(labels("cli.demo_done", path=output / f"{plan.definition.id}.html"))
    return 0


def _written(folder: Path, result: Result, run: Run, labels: Labels) -> Iterator[Path]:
    """Write the verdicts, both maps, the atlas and the report; yield each file when it is there."""
    from gisplan.io.provenance import picture_text, stamp_page
    from gisplan.io.writing import write_bytes, write_text
    from gisplan.outputs import save, save_figure, save_pictures, save_report
    from gisplan.plotting import render_pages

    plan, projects, verdicts = result.plan, result.projects, result.verdicts
    language = labels.language
    save(folder / "siting.xlsx", result, run, labels)
    yield folder / "siting.xlsx"
    explored = plan.explore(projects, verdicts, language=language)
    page = folder / f"{plan.definition.id}.html"
    write_text(page, stamp_page(explored.get_root().render(), run.facts))
    yield page
    yield from save_pictures(folder, result, labels, about=run.facts)
    zones = plan.plot(projects, verdicts, language=language, theme="zones")
    about = picture_text(run.facts)
    yield save_figure(zones, folder / "zones.png", dpi=90, about=about)
    yield save_figure(zones, folder / "zones.pdf", about=about)
    atlas = plan.atlas(projects, verdicts, language=language)
    write_bytes(folder / "atlas.pdf", render_pages(atlas.figures(), about=about))
    yield folder / "atlas.pdf"
    for name in ("report.docx", "report.html"):
        save_report(folder / name, result, run, labels)
        yield folder / name
