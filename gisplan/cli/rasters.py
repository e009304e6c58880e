"""``zonal``, ``density``, ``suitability``, ``sites``: rasters in, rasters out, better places."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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
from gisplan.errors import RasterError
from gisplan.labels import Labels

ZONAL_SUFFIXES = (".xlsx", ".csv", ".gpkg")
_OVER = ("zones", "rings", "corridors", "constraints", "study_area", "footprints")


@gisplan.command(help=say("cli.zonal_help"))
@click.argument("raster", type=PATH)
@listing(required=False)
@output
@plan_folder
@option("--over", key="over", type=click.Choice(_OVER), default="zones")
@option("--band", key="band", type=click.IntRange(min=1))
@option("--raster-crs", "raster_crs", key="raster_crs")
@option("--nodata", key="nodata", type=float)
@option("--classes", key="classes", is_flag=True)
@language
@quiet
def zonal(
    raster: Path, projects: Listing | None, output: Path | None, plan_folder: Path | None,
    over: str, band: int | None, raster_crs: str | None, nodata: float | None, classes: bool,
    labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Summarise a raster over the plan's areas."""
    writable(output, ZONAL_SUFFIXES, raster)
    plan = opened(plan_folder, labels, quiet=quiet)
    read = projects.read() if projects else None
    listed = read.projects if read else None
    from gisplan.outputs.rasters import save_zonal
    from gisplan.printout.rasters import zonal_table
    from gisplan.zonal.words import zonal_lines

    over = "footprints" if projects is not None and over == "zones" else over
    found = plan.zonal(
        raster, listed, over=over, band=band, crs=raster_crs, nodata=nodata, classes=classes
    )
    if output is not None:
        about = recorded(plan, labels, projects, read).facts
        beside = save_zonal(output, plan, found, labels, about=about)
    if not quiet:
        click.echo(zonal_table(plan, found, labels))
        for line in zonal_lines(found, labels):
            click.echo(line, err=True)
    if output is not None:
        wrote(output, labels, told=beside, quiet=quiet)
    return 0


SURFACE_SUFFIXES = (".tif", ".html", ".png", ".pdf", ".svg")


@gisplan.command(help=say("cli.density_help"))
@listing()
@output
@plan_folder
@option("--weight", key="weight", type=click.Choice(["count", "investment"]), default="count")
@option("--bandwidth", key="bandwidth", type=float)
@option("--cell", key="cell", type=float)
@option("--no-edge", "no_edge", key="no_edge", is_flag=True)
@language
@quiet
def density(
    projects: Listing, output: Path | None, plan_folder: Path | None,
    weight: Literal["count", "investment"], bandwidth: float | None, cell: float | None,
    no_edge: bool, labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Spread projects over their surroundings."""
    path = output or Path("density.tif")
    writable(path, SURFACE_SUFFIXES, projects.path)
    plan = opened(plan_folder, labels, quiet=quiet)
    read = projects.read()
    from gisplan.outputs.rasters import save_surface
    from gisplan.surface.words import surface_lines

    surface = plan.density(
        read.projects, weight=weight, bandwidth=bandwidth, cell=cell, edge=not no_edge
    )
    run = recorded(plan, labels, projects, read)
    save_surface(path, plan, read.projects, surface, run, labels)
    if not quiet:
        for line in surface_lines(surface, labels):
            click.echo(line, err=True)
    wrote(path, labels, quiet=quiet)
    return 0


SITES_SUFFIXES = (".xlsx", ".csv", ".gpkg", ".html")
MOVES_SUFFIXES = (*SITES_SUFFIXES, ".png", ".pdf", ".svg")


@gisplan.command(help=say("cli.sites_help"))
@listing(required=False)
@output
@plan_folder
@option("--industry", key="sites_industry")
@option("--area", "hectares", key="sites_area", type=float)
@option("-k", "--count", "count", key="sites_count", type=click.IntRange(1, 50), default=3)
@option("--apart", key="sites_apart", type=float, default=300.0)
@option("--compactness", key="sites_compactness", type=float, default=0.45)
@option("--model", key="model")
@language
@quiet
def sites(
    projects: Listing | None, output: Path | None, plan_folder: Path | None,
    industry: str | None, hectares: float | None, count: int, apart: float, compactness: float,
    model: str | None, labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Find better places for projects, or the best for a new one."""
    if (projects is None) == (industry is None) or (industry is None) != (hectares is None):
        raise RasterError("sites_asked")
    suffixes = MOVES_SUFFIXES if projects else SITES_SUFFIXES
    writable(output, suffixes, projects.path if projects else None)
    plan = opened(plan_folder, labels, quiet=quiet)
    from gisplan.outputs.sites import save_nearest, save_regions
    from gisplan.printout.caveats import caveats
    from gisplan.printout.sites import fewer, nearest_table, regions_table

    told: list[str] = []
    beside: tuple[str, ...] = ()
    read = projects.read() if projects is not None else None
    about = recorded(plan, labels, projects, read).facts
    if read is not None:
        listed = read.projects
        found = plan.nearest_sites(listed)
        table = nearest_table(plan, listed, found, labels)
        if output is not None:
            beside = save_nearest(output, plan, listed, found, labels, about=about)
    else:
        found = plan.best_sites(
            industry or "", (hectares or 0.0) * 1e4, count=count, apart=apart,
            compactness=compactness, model=model,
        )  # fmt: skip
        table, told = regions_table(plan, found, labels), fewer(found, count, labels)
        if output is not None:
            beside = save_regions(output, plan, found, labels, told=told, about=about)
    if not quiet:
        click.echo(table)
        note = labels("sites.note" if projects else "sites.note_new")
        for line in (*told, note, *caveats(plan, labels)):
            click.echo(line, err=True)
    if output is not None:
        wrote(output, labels, told=beside, quiet=quiet)
    return 0


RANK_SUFFIXES = (".xlsx", ".csv")


@gisplan.command(help=say("cli.suitability_help"))
@click.argument("model")
@listing(required=False)
@output
@plan_folder
@option("--industry", key="suitability_industry")
@option("--cell", key="cell", type=float)
@language
@quiet
def suitability(
    model: str, projects: Listing | None, output: Path | None, plan_folder: Path | None,
    industry: str | None, cell: float | None, labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Score the ground, or a list of candidates, by a model of the plan file."""
    if projects is None:
        output = output or Path("suitability.tif")
    writable(output, RANK_SUFFIXES if projects else SURFACE_SUFFIXES,
             projects.path if projects else None)  # fmt: skip
    plan = opened(plan_folder, labels, quiet=quiet)
    from gisplan.outputs.suitability import save_ranking, save_suitability
    from gisplan.printout.suitability import ranking_table
    from gisplan.surface.words import model_lines

    beside: tuple[str, ...] = ()
    read = projects.read() if projects is not None else None
    about = recorded(plan, labels, projects, read).facts
    with plan.scorer(model, industry=industry) as asked:
        if read is None:
            assert output is not None
            told = save_suitability(output, plan, asked, cell, labels, about=about)
        else:
            listed = read.projects
            ranking = plan.rank(listed, model, industry=industry)
            told = model_lines(plan.definition, asked, labels)
            if not quiet:
                click.echo(ranking_table(plan, asked, listed, ranking, labels))
            if output is not None:
                beside = save_ranking(output, plan, asked, listed, ranking, labels, about=about)
        if not quiet:
            for line in told:
                click.echo(line, err=True)
    if output is not None:
        wrote(output, labels, told=beside, quiet=quiet)
    return 0
