"""``diff`` and ``conflicts``: two versions of a plan, and the ground that layers dispute."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

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
    quiet,
    say,
    writable,
    wrote,
)
from gisplan.cli.recorded import recorded
from gisplan.errors import OutputError
from gisplan.labels import Labels

DIFF_SUFFIXES = (".xlsx", ".html", ".png", ".pdf", ".svg")
CONFLICT_SUFFIXES = (".xlsx", ".gpkg", ".png", ".pdf", ".svg")


@gisplan.command(help=say("cli.diff_help"))
@click.argument("old", metavar="OLD", type=PATH)
@click.argument("new", metavar="NEW", type=PATH)
@listing(required=False)
@option("--old-projects", key="old_projects", type=PATH)
@output
@language
@quiet
def diff(
    old: Path, new: Path, projects: Listing | None, old_projects: Path | None,
    output: Path | None, labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Compare two versions of a plan."""
    writable(output, DIFF_SUFFIXES, projects.path if projects else None)
    from gisplan.outputs.revision import Compared, save_revision
    from gisplan.printout.revision import revision_lines, revision_table

    plans = [opened(folder, labels, quiet=True) for folder in (old, new)]
    read = projects.read().projects if projects else None
    earlier = None
    if old_projects is not None:
        if projects is None:
            raise OutputError("old_projects_alone")
        like = Listing(old_projects, projects.crs, projects.encoding, projects.sheet)
        earlier = like.read().projects
    revision = plans[0].diff(plans[1], read, old_projects=earlier)
    lists = (old_projects, projects.path if projects else None)
    files = tuple(path for path in lists if path is not None)
    compared = Compared(plans[0], plans[1], revision, read, files)
    if not quiet:
        click.echo(revision_table(compared.revision, plans[0], plans[1], labels))
        for line in revision_lines(compared.revision, plans[0], plans[1], labels):
            click.echo(line, err=True)
    if output is not None:
        save_revision(output, compared, labels, run=recorded(None, labels).facts)
        wrote(output, labels, quiet=quiet)
    return 0


@gisplan.command(help=say("cli.conflicts_help"))
@click.argument("sets", metavar="A B …", nargs=-1, required=True, type=PATH)
@option("--class", "class_column", key="class")
@option("--owner", "owner_column", key="owner")
@option("--accuracy", key="set_accuracy", type=click.FloatRange(min=0, max=1e6))
@option("--restrictive", key="restrictive", type=PATH, multiple=True)
@option("--gap", key="gap", type=float)
@option("--crs", key="measure_crs")
@option("--ledger", key="ledger", type=PATH)
@option("--close", "closed", key="close", multiple=True)
@option("--reason", key="reason")
@option("--date", "day", key="date")
@output
@language
@quiet
def conflicts(
    sets: tuple[Path, ...], class_column: str | None, owner_column: str | None,
    accuracy: float | None, restrictive: tuple[Path, ...], gap: float | None, crs: str | None,
    ledger: Path | None, closed: tuple[str, ...], reason: str | None, day: str | None,
    output: Path | None, labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Keep a ledger of the ground that layers dispute."""
    writable(output, CONFLICT_SUFFIXES)
    # A file named as restrictive is compared, whether or not it stands among the sets.
    paths = (*sets, *(path for path in restrictive if path not in sets))
    if len(paths) < 2:
        raise OutputError("sets_few")
    if gap is not None and not 0 <= gap <= 1e5:
        raise OutputError("gap_option", value=gap)
    closing = _closing(closed, reason, day)
    from gisplan.casebook import find
    from gisplan.io.layer_sets import SetOptions
    from gisplan.outputs.conflicts import save_ledger
    from gisplan.printout.conflicts import conflict_lines, conflict_table

    options = SetOptions(class_column, owner_column, accuracy, restrictive, crs)
    found = find(paths, options, labels, gap=gap, ledger=ledger)
    found.close(closing)
    if not quiet:
        click.echo(conflict_table(found.ledger, labels))
        for line in conflict_lines(found, labels):
            click.echo(line, err=True)
    if output is not None:
        save_ledger(output, found, labels, run=recorded(None, labels).facts)
        wrote(output, labels, quiet=quiet)
    return 0


def _closing(
    numbers: tuple[str, ...], reason: str | None, day: str | None
) -> tuple[tuple[str, ...], str, dt.date] | None:
    """Check what is needed to close numbers: a reason, and the day."""
    if not numbers and not reason and not day:
        return None
    if not numbers or not (reason or "").strip() or not day:
        raise OutputError("close_reason")
    from gisplan.io.ledgers import iso_date

    try:
        when: Any = dt.date.fromisoformat(iso_date(day))
    except ValueError:
        raise OutputError("close_date", value=day) from None
    return numbers, (reason or "").strip(), when
