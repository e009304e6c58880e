"""``datum`` and ``convert``: which coordinates these are, and in which they are wanted."""

from __future__ import annotations

from pathlib import Path

import click

from gisplan.cli.options import (
    PATH,
    Listing,
    gisplan,
    language,
    listing,
    opened,
    option,
    plan_folder,
    quiet,
    say,
    writable,
    wrote,
)
from gisplan.cli.recorded import recorded
from gisplan.errors import OutputError
from gisplan.labels import Labels

CONVERT_SUFFIXES = (".xlsx", ".csv", ".gpkg", ".geojson", ".parquet", ".shp", ".txt")


@gisplan.command(help=say("cli.datum_help"))
@listing()
@option("--landmarks", key="landmarks", type=PATH)
@plan_folder
@language
def datum(
    projects: Listing, landmarks: Path | None, plan_folder: Path | None, labels: Labels
) -> int:
    """Weigh whether the coordinates are what they were read as."""
    from gisplan.crs import parse_crs
    from gisplan.io.projects import intake
    from gisplan.printout import datum_text

    plan = opened(plan_folder, labels, quiet=False)
    declared = parse_crs(projects.crs).offset if projects.crs else "none"
    read = projects.read()
    known = intake(landmarks).projects if landmarks is not None else None
    told = plan.suspect_datum(
        read.projects, known, declared="wgs84" if declared == "none" else declared
    )
    click.echo(datum_text(told, labels))
    return 0


@gisplan.command(help=say("cli.convert_help"))
@click.argument("source", metavar="IN", type=PATH)
@option("-o", "--output", key="output", required=True, type=PATH)
@option("--from", "from_", key="from")
@option("--to", key="to", required=True)
@option("--encoding", key="encoding")
@option("--sheet", key="sheet")
@language
@quiet
def convert(
    source: Path, output: Path, from_: str | None, to: str, encoding: str | None,
    sheet: str | None, labels: Labels, quiet: bool,
) -> int:  # fmt: skip
    """Convert the coordinates of a table."""
    writable(output, CONVERT_SUFFIXES, source)
    from gisplan.crs import parse_crs, transform
    from gisplan.io.provenance import signed
    from gisplan.outputs import save_converted

    target = parse_crs(to)
    if target.offset != "none" and output.suffix.lower() not in (".xlsx", ".csv"):
        raise OutputError("output_no_crs", path=output, crs=target.name)
    listed = Listing(source, from_, encoding, sheet)
    read = listed.read()
    about = signed({**recorded(None, labels, listed, read).facts, "crs": target.name})
    moved = transform(read.projects, target)
    told = save_converted(output, moved, target, labels, about=about)
    if not quiet:
        located = int(moved.geometry.notna().sum())
        click.echo(labels("cli.converted", rows=len(moved), located=located), err=True)
    wrote(output, labels, told=told, quiet=quiet)
    return 0
