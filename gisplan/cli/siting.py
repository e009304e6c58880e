"""``check`` and ``intake``: a list, its verdicts, and what was read of it."""

from __future__ import annotations

from pathlib import Path

import click

from gisplan.cli.options import (
    Listing,
    as_json,
    gisplan,
    language,
    listing,
    opened,
    option,
    output,
    plan_folder,
    quiet,
    say,
    writable,
    wrote,
)
from gisplan.labels import Labels

CHECK_SUFFIXES = (".xlsx", ".csv", ".json", ".gpkg", ".geojson", ".parquet", ".shp")
INTAKE_SUFFIXES = (".xlsx",)


@gisplan.command(help=say("cli.check_help"))
@listing()
@output
@plan_folder
@language
@option("--strict", key="strict", is_flag=True)
@as_json
@quiet
def check(
    projects: Listing, output: Path | None, plan_folder: Path | None, labels: Labels,
    strict: bool, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Judge a list of projects."""
    writable(output, CHECK_SUFFIXES, projects.path)
    plan = opened(plan_folder, labels, quiet=quiet or as_json)
    read = projects.read()
    from gisplan.outputs import json_document, save
    from gisplan.printout import summary_lines, terminal_table
    from gisplan.results import Run, checked

    run = Run.of(plan, projects.path, read, projects.crs)
    result = checked(plan, projects.path, read)
    told = save(output, result, run, labels) if output is not None else ()
    if as_json:
        click.echo(json_document(result, run), nl=False)
    elif not quiet:
        click.echo(terminal_table(result, labels))
        for line in summary_lines(result, labels):
            click.echo(line, err=True)
    if output is not None:
        wrote(output, labels, told=told, quiet=quiet)
    return int(strict and bool((result.verdicts["outcome"] == "fail").any()))


@gisplan.command(help=say("cli.intake_help"))
@listing()
@output
@language
def intake(projects: Listing, output: Path | None, labels: Labels) -> int:
    """Show what would be read of a list, without judging it."""
    writable(output, INTAKE_SUFFIXES, projects.path)
    from gisplan.outputs import save_intake
    from gisplan.printout import intake_text

    read = projects.read()
    if output is not None:
        save_intake(output, read, labels)
        wrote(output, labels)
    click.echo(intake_text(projects.path.name, read, labels))
    return 0
