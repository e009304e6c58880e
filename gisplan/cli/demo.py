"""``demo``: everything, on the shipped plan and its projects."""

from __future__ import annotations

from pathlib import Path

import click

from gisplan.cli.options import PATH, gisplan, language, option, say
from gisplan.labels import Labels


@gisplan.command(help=say("cli.demo_help"))
@option("-o", "--output", key="output", default=Path("maps"), type=PATH)
@language
def demo(output: Path, labels: Labels) -> int:
    """Run everything on the shipped plan and projects."""
    from gisplan.io.projects import intake
    from gisplan.io.writing import write_text
    from gisplan.outputs import pictures, save
    from gisplan.plan import example_folder, open_plan
    from gisplan.printout import summary_lines, terminal_table
    from gisplan.results import Run, checked

    plan = open_plan()
    projects_file = example_folder() / "projects.csv"
    read = intake(projects_file)
    result = checked(plan, projects_file, read)
    run = Run.of(plan, projects_file, read, None)
    page = output / f"{plan.definition.id}.html"
    save(output / "siting.xlsx", result, run, labels)
    explored = plan.explore(result.projects, result.verdicts, language=labels.language)
    write_text(page, explored.get_root().render())
    written = [output / "siting.xlsx", page, *pictures(output, result, labels)]
    click.echo(terminal_table(result, labels))
    for line in summary_lines(result, labels):
        click.echo(line)
    for path in written:
        click.echo(labels("cli.wrote", path=path))
    click.echo(labels("cli.demo_done", path=page))
    return 0
