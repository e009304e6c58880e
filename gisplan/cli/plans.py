"""``info``, ``validate``, ``init``: the plan folder itself."""

from __future__ import annotations

from pathlib import Path

import click

from gisplan.cli.options import PATH, as_json, gisplan, language, opened, plan_folder, say
from gisplan.errors import OutputError
from gisplan.labels import Labels


@gisplan.command(help=say("cli.info_help"))
@plan_folder
@language
@as_json
def info(plan_folder: Path | None, labels: Labels, as_json: bool) -> int:
    """List what a plan holds."""
    plan = opened(plan_folder, labels, quiet=as_json)
    from gisplan.printout import layers_json, layers_table

    click.echo(layers_json(plan) if as_json else layers_table(plan, labels))
    return 0


@gisplan.command(help=say("cli.validate_help"))
@plan_folder
@language
@as_json
def validate(plan_folder: Path | None, labels: Labels, as_json: bool) -> int:
    """Check a plan folder: 0 sound, 1 with errors in it, 2 where there is none."""
    from gisplan.errors import PlanError
    from gisplan.printout import findings_json

    try:
        findings = opened(plan_folder, labels, quiet=True).findings
    except PlanError as error:
        if not error.findings:
            raise
        findings = error.findings
    if as_json:
        click.echo(findings_json(findings, labels))
    else:
        for one in findings:
            click.echo(f"[{labels(f'level.{one.level}')}] {one.word(labels.language)}")
    levels = [one.level for one in findings]
    tally = {f"{level}s": levels.count(level) for level in ("error", "warning", "info")}
    click.echo(labels("cli.validated", **tally), err=True)
    return int(tally["errors"] > 0)


@gisplan.command(help=say("cli.init_help"))
@click.argument("folder", metavar="DIR", type=PATH)
@language
def init(folder: Path, labels: Labels) -> int:
    """Make a plan folder to edit."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("init_exists", path=folder)
    from importlib.resources import files

    from gisplan.io.writing import write_bytes

    template = files("gisplan").joinpath("data", "template")
    for part in sorted(template.iterdir(), key=lambda one: one.name):
        write_bytes(folder / part.name, part.read_bytes())
    click.echo(labels("cli.init_done", path=folder), err=True)
    return 0
