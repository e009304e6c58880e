"""``stats`` and ``midterm``: what a list amounts to, and how far the plan has come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gisplan.cli.options import (
    PATH,
    Listing,
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
from gisplan.labels import Labels

if TYPE_CHECKING:
    from gisplan.plan import Plan

SUFFIXES = (".xlsx", ".png", ".pdf", ".svg")
STATS_SUFFIXES = (*SUFFIXES, ".html")


@gisplan.command(help=say("cli.stats_help"))
@listing()
@output
@plan_folder
@option("--built-up", "built_up", key="built_up", type=PATH)
@language
@quiet
def stats(
    projects: Listing, output: Path | None, plan_folder: Path | None, built_up: Path | None,
    labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Summarise a list by zone and corridor."""
    writable(output, STATS_SUFFIXES, projects.path)
    from gisplan.outputs.stats import save_map, save_stats
    from gisplan.printout.siting import summary_lines
    from gisplan.printout.stats import findings, stats_table
    from gisplan.results import checked
    from gisplan.summary import summarise

    plan = opened(plan_folder, labels, quiet=quiet)
    read = projects.read()
    result = checked(plan, projects.path, read)
    about = recorded(plan, labels, projects, read).facts
    found = plan.evidence(result.projects)
    frames = summarise(found, built_up=_polygons(built_up, plan))
    if output is not None and output.suffix.lower() == ".html":
        save_map(output, result, found, labels, about=about)
    elif output is not None:
        save_stats(output, result, frames, labels, about=about)
    if not quiet:
        click.echo(stats_table(plan, frames, labels))
        click.echo()
        for line in findings(result, frames, labels):
            click.echo(line)
        for line in summary_lines(result, labels):
            click.echo(line, err=True)
    if output is not None:
        wrote(output, labels, quiet=quiet)
    return 0


def _polygons(path: Path | None, plan: Plan) -> Any:
    """Read a layer of polygons as one geometry in the plan's CRS."""
    if path is None:
        return None
    from gisplan.crs import transform
    from gisplan.errors import ProjectsError
    from gisplan.io.vectors import read_layer

    layer = read_layer(path)
    shapes = layer[layer.geometry.notna()].geometry
    kinds = set(shapes.geom_type)
    if not kinds or kinds - {"Polygon", "MultiPolygon"}:
        raise ProjectsError("built_up_polygons", file=path.name, found=", ".join(sorted(kinds)))
    if not shapes.is_valid.all():
        raise ProjectsError("built_up_invalid", file=path.name)
    return transform(layer, plan.crs).geometry.union_all()


@gisplan.command(help=say("cli.midterm_help"))
@listing()
@output
@option("--targets", "targets", key="targets", type=PATH)
@option("--buildings", "buildings", key="buildings", type=PATH)
@plan_folder
@language
@quiet
def midterm(
    projects: Listing, output: Path | None, targets: Path | None, buildings: Path | None,
    plan_folder: Path | None, labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Evaluate how far a plan has come."""
    writable(output, SUFFIXES, projects.path)
    for own in (targets, buildings):
        if own is not None:
            writable(output, SUFFIXES, own)
    from gisplan.io.targets import read_buildings, read_targets
    from gisplan.outputs.midterm import save_midterm
    from gisplan.printout.midterm import midterm_findings, midterm_text
    from gisplan.results import checked

    wanted = read_targets(targets) if targets is not None else None
    listed = read_buildings(buildings) if buildings is not None else None
    plan = opened(plan_folder, labels, quiet=quiet)
    read = projects.read()
    result = checked(plan, projects.path, read)
    frames = plan.midterm(result.projects, targets=wanted, buildings=listed)
    if output is not None:
        tables = {"targets": targets, "buildings": buildings}
        about = recorded(plan, labels, projects, read).facts
        save_midterm(output, result, frames, labels, tables=tables, about=about)
    if not quiet:
        shown = ("library_field", "library_stage", "indicators", "tiers")
        click.echo(midterm_text(plan, frames, labels, tables=shown))
        click.echo()
        for line in midterm_findings(result, frames, labels):
            click.echo(line)
    if output is not None:
        wrote(output, labels, quiet=quiet)
    return 0
