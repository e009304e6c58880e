"""``overlay``: the plan's own questions, computed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from gisplan.cli.options import (
    gisplan,
    language,
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
from gisplan.errors import OutputError
from gisplan.labels import Labels

OVERLAY_SUFFIXES = (".xlsx", ".gpkg", ".png", ".pdf", ".svg")


@gisplan.command(help=say("cli.overlay_help"))
@output
@plan_folder
@option("--rings", "widths", key="rings")
@option("--cap", key="cap", type=click.Choice(["round", "flat"]), default="round")
@option("--figure", key="figure", type=click.Choice(["rings", "links"]), default="rings")
@language
@quiet
def overlay(
    output: Path | None, plan_folder: Path | None, widths: str | None,
    cap: Literal["round", "flat"], figure: Literal["rings", "links"], labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Overlay zones with the rings of corridors."""
    writable(output, OVERLAY_SUFFIXES)
    chosen = _widths(widths)
    plan = opened(plan_folder, labels, quiet=quiet)
    from gisplan.outputs.analyses import absent_lines, overlaid, save_overlay
    from gisplan.printout import overlay_table

    frames = overlaid(plan, chosen, cap)
    if not quiet:
        click.echo(overlay_table(plan, frames["zone_shares"], labels))
        for line in absent_lines(plan, labels):
            click.echo(line, err=True)
    if output is not None:
        about = recorded(plan, labels).facts
        save_overlay(output, plan, frames, labels, cap=cap, figure=figure, about=about)
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
