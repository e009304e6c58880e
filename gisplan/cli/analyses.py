"""``overlay`` and ``stats``: the plan's own questions, computed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from gisplan.cli.options import (
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
from gisplan.errors import OutputError
from gisplan.labels import Labels

STATS_SUFFIXES = (".xlsx",)
OVERLAY_SUFFIXES = (".xlsx", ".gpkg")


@gisplan.command(help=say("cli.overlay_help"))
@output
@plan_folder
@option("--rings", "widths", key="rings")
@option("--cap", key="cap", type=click.Choice(["round", "flat"]), default="round")
@language
@quiet
def overlay(
    output: Path | None, plan_folder: Path | None, widths: str | None,
    cap: Literal["round", "flat"], labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Overlay zones with the rings of corridors."""
    writable(output, OVERLAY_SUFFIXES)
    chosen = _widths(widths)
    plan = opened(plan_folder, labels, quiet=quiet)
    from gisplan.outputs import overlaid, save_overlay
    from gisplan.printout import overlay_table

    frames = overlaid(plan, chosen, cap)
    if not quiet:
        click.echo(overlay_table(plan, frames["zone_shares"], labels))
    if output is not None:
        save_overlay(output, plan, frames, labels)
        wrote(output, labels, quiet=quiet)
    return 0


def _widths(text: str | None) -> tuple[float, ...] | None:
    """Read ``300,500,1000``: metres, positive and ascending."""
    if text is None:
        return None
    try:
        widths = tuple(float(part) for part in text.replace("，", ",").split(","))
    except ValueError:
        widths = ()
    if not widths or widths[0] <= 0 or list(widths) != sorted(set(widths)) or widths[-1] > 1e6:
        raise OutputError("rings_option", value=text)
    return widths


@gisplan.command(help=say("cli.stats_help"))
@listing()
@output
@plan_folder
@language
@quiet
def stats(
    projects: Listing, output: Path | None, plan_folder: Path | None, labels: Labels, quiet: bool
) -> int:
    """Summarise a list by zone and corridor."""
    writable(output, STATS_SUFFIXES, projects.path)
    from gisplan.outputs import save_stats
    from gisplan.printout import stats_table, summary_lines
    from gisplan.results import checked
    from gisplan.summary import summarise

    plan = opened(plan_folder, labels, quiet=quiet)
    result = checked(plan, projects.path, projects.read())
    frames = summarise(result)
    if output is not None:
        save_stats(output, result, frames, labels)
    if not quiet:
        click.echo(stats_table(plan, frames, labels))
        for line in summary_lines(result, labels):
            click.echo(line, err=True)
    if output is not None:
        wrote(output, labels, quiet=quiet)
    return 0
