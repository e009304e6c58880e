"""``check`` and ``intake``: a list, its verdicts, and what was read of it."""

from __future__ import annotations

from pathlib import Path

import click

from gisplan.cli.bulk import ENGINES, check_in_parts, refuse_with_engine, too_long
from gisplan.cli.options import (
    PATH,
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
from gisplan.cli.recorded import recorded
from gisplan.cli.targets import Store, keep, target
from gisplan.errors import OutputError
from gisplan.labels import Labels

CHECK_SUFFIXES = (".xlsx", ".csv", ".json", ".gpkg", ".geojson", ".parquet", ".shp")
INTAKE_SUFFIXES = (".xlsx",)


@gisplan.command(help=say("cli.check_help"))
@listing()
@target
@plan_folder
@language
@option("--overrules", key="overrules", type=PATH)
@option("--engine", key="engine", type=click.Choice(ENGINES), default=None)
@option("--scheduler", key="scheduler")
@option("--only-outcomes", "only_outcomes", key="only_outcomes", is_flag=True)
@option("--margins", key="margins", is_flag=True)
@option("--strict", key="strict", is_flag=True)
@as_json
@quiet
def check(
    projects: Listing, output: Path | Store | None, plan_folder: Path | None, labels: Labels,
    overrules: Path | None, engine: str | None, scheduler: str | None, only_outcomes: bool,
    margins: bool, strict: bool, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Judge a list of projects."""
    if margins and not only_outcomes:
        raise OutputError("bulk_margins")
    in_parts = only_outcomes or too_long(projects.path)
    engine = engine or ("dask" if scheduler else "parts" if in_parts else "whole")
    file = output if isinstance(output, Path) else None
    if engine != "whole":
        table = isinstance(output, Store)
        refuse_with_engine(overrules=overrules, json=as_json, sheet=projects.sheet, output=table)
        return check_in_parts(
            projects, file, plan_folder, labels,
            scheduler=scheduler, dask=engine == "dask", only_outcomes=only_outcomes,
            margins=margins, strict=strict, quiet=quiet,
        )  # fmt: skip
    if only_outcomes:
        raise OutputError("bulk_only_outcomes")
    writable(file, CHECK_SUFFIXES, projects.path)
    plan = opened(plan_folder, labels, quiet=quiet or as_json)
    read = projects.read()
    from gisplan.frames import table_of
    from gisplan.outputs import json_document, save
    from gisplan.overrules import decisions
    from gisplan.printout import summary_lines, terminal_table
    from gisplan.results import checked

    decided = None
    if overrules is not None:
        decided = decisions(overrules, table_of(read, "projects").columns.texts("id"))
    run = recorded(plan, labels, projects, read, overrules=overrules)
    result = checked(plan, projects.path, read, decided)
    told = save(file, result, run, labels) if file is not None else ()
    stored = keep(output, result, run, labels) if isinstance(output, Store) else ()
    if as_json:
        click.echo(json_document(result, run, labels), nl=False)
    elif not quiet:
        click.echo(terminal_table(result, labels))
        for line in summary_lines(result, labels):
            click.echo(line, err=True)
    if file is not None:
        wrote(file, labels, told=told, quiet=quiet)
    for line in () if quiet else stored:
        click.echo(line, err=True)
    return int(strict and bool(result.stands.reads("fail").any()))


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
        save_intake(output, read, labels, about=recorded(None, labels, projects, read).facts)
        wrote(output, labels)
    click.echo(intake_text(projects.path.name, read, labels))
    return 0
