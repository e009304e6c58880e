"""``report``: the siting report of a list of projects."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

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
    from gisplan.zonal import Zonal

REPORT_SUFFIXES = (".docx", ".html", ".pdf", ".xlsx")
CARDS = ("auto", "all", "fragile", "none")
SITES = ("auto", "all", "none")


@gisplan.command(help=say("cli.report_help"))
@listing()
@output
@plan_folder
@language
@option("--overrules", key="overrules", type=PATH)
@option("--cards", key="cards", type=click.Choice(CARDS), default="auto")
@option("--sites", key="sites", type=click.Choice(SITES), default="auto")
@option("--raster", key="raster", type=PATH)
@option("--band", key="band", type=click.IntRange(min=1))
@option("--raster-crs", "raster_crs", key="raster_crs")
@option("--nodata", key="nodata", type=float)
@option("--classes", key="classes", is_flag=True)
@option("--jobs", key="jobs", type=click.IntRange(1, 64), default=None)
@quiet
def report(
    projects: Listing, output: Path | None, plan_folder: Path | None, labels: Labels,
    overrules: Path | None, cards: str, sites: str, raster: Path | None, band: int | None,
    raster_crs: str | None, nodata: float | None, classes: bool, jobs: int | None, quiet: bool,
) -> int:  # fmt: skip
    """Write the siting report."""
    path = output or Path("report.docx")
    writable(path, REPORT_SUFFIXES, projects.path)
    writable(path, REPORT_SUFFIXES, raster)
    plan = opened(plan_folder, labels, quiet=quiet)
    read = projects.read()
    from gisplan.outputs import save_report
    from gisplan.overrules import read_overrules
    from gisplan.results import checked

    decided = read_overrules(overrules, read.projects) if overrules is not None else None
    run = recorded(plan, labels, projects, read, overrules=overrules)
    result = checked(plan, projects.path, read, decided)
    zonal: Zonal | None = None
    if raster is not None:
        from gisplan.outputs.report import summary_of

        zonal = summary_of(plan, raster, band=band, crs=raster_crs, nodata=nodata, classes=classes)
    with _Progress(labels, hidden=quiet) as shown:
        save_report(
            path, result, run, labels,
            zonal=zonal, sites=sites, cards=cards, jobs=jobs or min(os.cpu_count() or 1, 4),
            progress=shown.tell,
        )  # fmt: skip
    told = (labels("cli.toc_line"),) if path.suffix.lower() == ".docx" else ()
    wrote(path, labels, told=told, quiet=quiet)
    return 0


class _Progress:
    """How many of the maps are drawn, on standard error and only while there is work."""

    def __init__(self, labels: Labels, *, hidden: bool) -> None:
        self._labels, self._hidden = labels, hidden
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo(err=True)

    def tell(self, done: int, whole: int) -> None:
        """Show the count, in place on a terminal and as a line at the end elsewhere."""
        if self._hidden or not sys.stderr.isatty():
            return
        self._shown = True
        click.echo(f"\r{self._labels('cli.drawing')} {done}/{whole}", nl=False, err=True)
