"""The command line: parse, ask the plan one thing, write or print the answer."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from gisplan import __version__
from gisplan.errors import GisplanError, OutputError
from gisplan.labels import LANGUAGES, Labels

if TYPE_CHECKING:
    from gisplan.io.projects import Intake
    from gisplan.plan import Plan

USER_MISTAKE, OUR_MISTAKE = 2, 70
CHECK_SUFFIXES = (".xlsx", ".csv", ".json", ".gpkg", ".geojson", ".parquet", ".shp")
MAP_SUFFIXES = (".html", ".png", ".pdf", ".svg")
INTAKE_SUFFIXES = (".xlsx",)
STATS_SUFFIXES = (".xlsx",)
OVERLAY_SUFFIXES = (".xlsx", ".gpkg")
CONVERT_SUFFIXES = (".xlsx", ".csv", ".gpkg", ".geojson", ".parquet", ".shp", ".txt")


def _language() -> str | None:
    """Return the language asked for with --lang, even where the command did not get to run."""
    words = sys.argv[1:]
    for at, word in enumerate(words):
        wanted = word.partition("=")[2] if word.startswith("--lang=") else ""
        if word == "--lang" and at + 1 < len(words):
            wanted = words[at + 1]
        if wanted in LANGUAGES:
            return wanted
    return None


_say = Labels(_language())
"""Help is worded when the commands are declared, so the language is looked for beforehand."""


def main() -> None:
    """Run the command line; a user's mistake is one line and exit 2, ours a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A GBK console or pipe must not turn ㎡ into a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    _guard_environment()
    try:
        sys.exit(gisplan.main(standalone_mode=False) or 0)
    except GisplanError as error:
        click.echo(f"gisplan: {error.word(_language())}", err=True)
        sys.exit(USER_MISTAKE)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(USER_MISTAKE)
    except click.ClickException as error:
        detail = " ".join(error.format_message().split())
        click.echo(f"gisplan: {Labels(_language())('error.bad_option', detail=detail)}", err=True)
        sys.exit(USER_MISTAKE)
    except click.exceptions.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last door: whatever is left is our fault
        text = Labels(_language())("error.unexpected", detail=f"{type(error).__name__}: {error}")
        click.echo(f"gisplan: {text}", err=True)
        traceback.print_exc()
        sys.exit(OUR_MISTAKE)


def _guard_environment() -> None:
    """Keep foreign PROJ data and GDAL's network drivers out, before GDAL is loaded.

    ``PROJ_LIB`` left by PostGIS, QGIS or OSGeo4W breaks the wheels of pyproj and rasterio.
    """
    if "CONDA_PREFIX" not in os.environ:
        os.environ.pop("PROJ_LIB", None)
        os.environ.pop("PROJ_DATA", None)
    os.environ.setdefault("PROJ_NETWORK", "OFF")
    os.environ.setdefault("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".none")
    os.environ.setdefault("GDAL_HTTP_TIMEOUT", "1")


def _option(*names: str, key: str, **settings: Any) -> Callable[[Any], Any]:
    return click.option(*names, help=_say(f"cli.{key}_option"), **settings)


_plan = _option("--plan", "plan_folder", key="plan", type=click.Path(path_type=Path))
_crs = _option("--crs", key="crs")
_lang = _option("--lang", key="lang", type=click.Choice(LANGUAGES), default=None)
_quiet = _option("-q", "--quiet", key="quiet", is_flag=True)
_output = _option("-o", "--output", key="output", type=click.Path(path_type=Path))
_encoding = _option("--encoding", key="encoding")
_sheet = _option("--sheet", key="sheet")
_projects = click.argument("projects_file", metavar="PROJECTS", type=click.Path(path_type=Path))


@click.group(help=_say("cli.help"), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gisplan")
def gisplan() -> None:
    """Hold the commands."""


@gisplan.command(help=_say("cli.check_help"))
@_projects
@_output
@_plan
@_crs
@_encoding
@_sheet
@_lang
@_option("--strict", key="strict", is_flag=True)
@_option("--json", "as_json", key="json", is_flag=True)
@_quiet
def check(
    projects_file: Path, output: Path | None, plan_folder: Path | None, crs: str | None,
    encoding: str | None, sheet: str | None, lang: str | None, strict: bool, as_json: bool,
    quiet: bool,
) -> int:  # fmt: skip
    """Judge a list of projects."""
    labels = Labels(lang)
    _writable(output, CHECK_SUFFIXES, projects_file)
    from gisplan.io.projects import intake

    plan = _open(plan_folder, labels, quiet=quiet or as_json)
    read = intake(projects_file, crs=crs, encoding=encoding, sheet=sheet)
    from gisplan.outputs import json_document, save
    from gisplan.printout import summary_lines, terminal_table
    from gisplan.results import Run, checked

    run = Run.of(plan, projects_file, read, crs)
    result = checked(plan, projects_file, read)
    told = save(output, result, run, labels) if output is not None else ()
    if as_json:
        click.echo(json_document(result, run), nl=False)
    elif not quiet:
        click.echo(terminal_table(result, labels))
        for line in summary_lines(result, labels):
            click.echo(line, err=True)
    if output is not None and not quiet:
        _wrote(output, told, labels)
    return int(strict and bool((result.verdicts["outcome"] == "fail").any()))


@gisplan.command("intake", help=_say("cli.intake_help"))
@_projects
@_output
@_crs
@_encoding
@_sheet
@_lang
def intake_(
    projects_file: Path, output: Path | None, crs: str | None,
    encoding: str | None, sheet: str | None, lang: str | None,
) -> int:  # fmt: skip
    """Show what would be read of a list, without judging it."""
    labels = Labels(lang)
    _writable(output, INTAKE_SUFFIXES, projects_file)
    from gisplan.io.projects import intake
    from gisplan.outputs import save_intake
    from gisplan.printout import intake_text

    read = intake(projects_file, crs=crs, encoding=encoding, sheet=sheet)
    if output is not None:
        save_intake(output, read, labels)
        click.echo(labels("cli.wrote", path=output), err=True)
    click.echo(intake_text(projects_file.name, read, labels))
    return 0


@gisplan.command("map", help=_say("cli.map_help"))
@click.argument(
    "projects_file", metavar="[PROJECTS]", required=False, type=click.Path(path_type=Path)
)
@_output
@_plan
@_crs
@_encoding
@_sheet
@_lang
@_option("--basemap", key="basemap")
@_option("--against", key="against", type=click.Path(path_type=Path))
@_option("--review-number", key="review_number")
@_quiet
def map_(
    projects_file: Path | None, output: Path | None, plan_folder: Path | None, crs: str | None,
    encoding: str | None, sheet: str | None, lang: str | None, basemap: str | None,
    against: Path | None, review_number: str | None, quiet: bool,
) -> int:  # fmt: skip
    """Draw the plan, with projects where a list is given."""
    labels = Labels(lang)
    path = output or Path("map.html")
    _writable(path, MAP_SUFFIXES, projects_file)
    plan = _open(plan_folder, labels, quiet=quiet)
    read = _read(projects_file, crs, encoding, sheet)
    other = _open(against, labels, quiet=True) if against is not None else None
    _draw(plan, read, path, labels, basemap=basemap, other=other, review_number=review_number)
    if not quiet:
        click.echo(labels("cli.wrote", path=path), err=True)
    return 0


def _draw(
    plan: Plan, read: Intake | None, path: Path, labels: Labels, *,
    basemap: str | None = None, other: Plan | None = None, review_number: str | None = None,
) -> None:  # fmt: skip
    from gisplan.io.writing import write_bytes, write_text

    projects = read.projects if read is not None else None
    if path.suffix.lower() == ".html":
        page = plan.explore(
            projects, language=labels.language, basemap=basemap,
            other=other, review_number=review_number,
        )  # fmt: skip
        write_text(path, page.get_root().render())
        return
    from gisplan.plotting import render

    figure = plan.plot(projects, language=labels.language, review_number=review_number or "")
    write_bytes(path, render(figure, path.suffix.lower()))


@gisplan.command(help=_say("cli.overlay_help"))
@_output
@_plan
@_option("--rings", "widths", key="rings")
@_option("--cap", key="cap", type=click.Choice(["round", "flat"]), default="round")
@_lang
@_quiet
def overlay(
    output: Path | None, plan_folder: Path | None, widths: str | None,
    cap: Literal["round", "flat"], lang: str | None, quiet: bool,
) -> int:  # fmt: skip
    """Overlay zones with the rings of corridors."""
    labels = Labels(lang)
    _writable(output, OVERLAY_SUFFIXES, None)
    chosen = _widths(widths)
    plan = _open(plan_folder, labels, quiet=quiet)
    from gisplan.outputs import overlaid, save_overlay
    from gisplan.printout import overlay_table

    frames = overlaid(plan, chosen, cap)
    if not quiet:
        click.echo(overlay_table(plan, frames["zone_shares"], labels))
    if output is not None:
        save_overlay(output, plan, frames, labels)
    if output is not None and not quiet:
        click.echo(labels("cli.wrote", path=output), err=True)
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


@gisplan.command(help=_say("cli.stats_help"))
@_projects
@_output
@_plan
@_crs
@_encoding
@_sheet
@_lang
@_quiet
def stats(
    projects_file: Path, output: Path | None, plan_folder: Path | None, crs: str | None,
    encoding: str | None, sheet: str | None, lang: str | None, quiet: bool,
) -> int:  # fmt: skip
    """Summarise a list by zone and corridor."""
    labels = Labels(lang)
    _writable(output, STATS_SUFFIXES, projects_file)
    from gisplan.io.projects import intake
    from gisplan.outputs import save_stats
    from gisplan.printout import stats_table, summary_lines
    from gisplan.results import checked
    from gisplan.summary import summarise

    plan = _open(plan_folder, labels, quiet=quiet)
    read = intake(projects_file, crs=crs, encoding=encoding, sheet=sheet)
    result = checked(plan, projects_file, read)
    frames = summarise(result)
    if output is not None:
        save_stats(output, result, frames, labels)
    if not quiet:
        click.echo(stats_table(plan, frames, labels))
        for line in summary_lines(result, labels):
            click.echo(line, err=True)
        if output is not None:
            click.echo(labels("cli.wrote", path=output), err=True)
    return 0


@gisplan.command(help=_say("cli.info_help"))
@_plan
@_lang
@_option("--json", "as_json", key="json", is_flag=True)
def info(plan_folder: Path | None, lang: str | None, as_json: bool) -> int:
    """List what a plan holds."""
    labels = Labels(lang)
    plan = _open(plan_folder, labels, quiet=as_json)
    from gisplan.printout import layers_json, layers_table

    click.echo(layers_json(plan) if as_json else layers_table(plan, labels))
    return 0


@gisplan.command(help=_say("cli.validate_help"))
@_plan
@_lang
@_option("--json", "as_json", key="json", is_flag=True)
def validate(plan_folder: Path | None, lang: str | None, as_json: bool) -> int:
    """Check a plan folder: 0 sound, 1 with errors in it, 2 where there is none."""
    labels = Labels(lang)
    from gisplan.errors import PlanError
    from gisplan.printout import findings_json

    try:
        findings = _open(plan_folder, labels, quiet=True).findings
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


@gisplan.command(help=_say("cli.init_help"))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_lang
def init(folder: Path, lang: str | None) -> int:
    """Make a plan folder to edit."""
    labels = Labels(lang)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("init_exists", path=folder)
    from importlib.resources import files

    from gisplan.io.writing import write_bytes

    for part in sorted(
        files("gisplan").joinpath("data", "template").iterdir(), key=lambda p: p.name
    ):
        write_bytes(folder / part.name, part.read_bytes())
    click.echo(labels("cli.init_done", path=folder), err=True)
    return 0


@gisplan.command(help=_say("cli.datum_help"))
@_projects
@_option("--landmarks", key="landmarks", type=click.Path(path_type=Path))
@_plan
@_crs
@_encoding
@_sheet
@_lang
def datum(
    projects_file: Path, landmarks: Path | None, plan_folder: Path | None, crs: str | None,
    encoding: str | None, sheet: str | None, lang: str | None,
) -> int:  # fmt: skip
    """Weigh whether the coordinates are what they were read as."""
    labels = Labels(lang)
    from gisplan.crs import parse_crs
    from gisplan.io.projects import intake
    from gisplan.printout import datum_text

    plan = _open(plan_folder, labels, quiet=False)
    declared = parse_crs(crs).offset if crs else "none"
    read = intake(projects_file, crs=crs, encoding=encoding, sheet=sheet)
    known = intake(landmarks).projects if landmarks is not None else None
    told = plan.suspect_datum(
        read.projects, known, declared="wgs84" if declared == "none" else declared
    )
    click.echo(datum_text(told, labels))
    return 0


@gisplan.command(help=_say("cli.convert_help"))
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@_option("-o", "--output", key="output", required=True, type=click.Path(path_type=Path))
@_option("--from", "from_", key="from")
@_option("--to", key="to", required=True)
@_encoding
@_sheet
@_lang
@_quiet
def convert(
    source: Path, output: Path, from_: str | None, to: str, encoding: str | None,
    sheet: str | None, lang: str | None, quiet: bool,
) -> int:  # fmt: skip
    """Convert the coordinates of a table."""
    labels = Labels(lang)
    _writable(output, CONVERT_SUFFIXES, source)
    from gisplan.crs import parse_crs, transform
    from gisplan.outputs import save_converted

    target = parse_crs(to)
    if target.offset != "none" and output.suffix.lower() not in (".xlsx", ".csv"):
        raise OutputError("output_no_crs", path=output, crs=target.name)
    from gisplan.io.projects import intake

    read = intake(source, crs=from_, encoding=encoding, sheet=sheet)
    moved = transform(read.projects, target)
    told = save_converted(output, moved, target, labels)
    if not quiet:
        located = int(moved.geometry.notna().sum())
        click.echo(labels("cli.converted", rows=len(moved), located=located), err=True)
        _wrote(output, told, labels)
    return 0


@gisplan.command(help=_say("cli.demo_help"))
@_option("-o", "--output", key="output", default=Path("maps"), type=click.Path(path_type=Path))
@_lang
def demo(output: Path, lang: str | None) -> int:
    """Run everything on the shipped plan and projects."""
    labels = Labels(lang)
    from gisplan.io.projects import intake
    from gisplan.outputs import pictures, save
    from gisplan.plan import example_folder, open_plan
    from gisplan.printout import summary_lines, terminal_table
    from gisplan.results import Run, checked

    plan = open_plan()
    projects_file = example_folder() / "projects.csv"
    read = intake(projects_file)
    result = checked(plan, projects_file, read)
    run = Run.of(plan, projects_file, read, None)
    page = output / f"{plan.definition.id}.html"
    save(output / "siting.xlsx", result, run, labels)
    _draw(plan, read, page, labels)
    written = [output / "siting.xlsx", page, *pictures(output, result, labels)]
    click.echo(terminal_table(result, labels))
    for line in summary_lines(result, labels):
        click.echo(line)
    for path in written:
        click.echo(labels("cli.wrote", path=path))
    click.echo(labels("cli.demo_done", path=page))
    return 0


def _read(
    path: Path | None, crs: str | None, encoding: str | None, sheet: str | None
) -> Intake | None:
    if path is None:
        return None
    from gisplan.io.projects import intake

    return intake(path, crs=crs, encoding=encoding, sheet=sheet)


def _open(folder: Path | None, labels: Labels, *, quiet: bool) -> Plan:
    """Open the plan asked for, that of ``layers`` here, or the shipped example."""
    from gisplan.plan import example_folder, open_plan

    if folder is None and (Path("layers") / "plan.toml").is_file():
        folder = Path("layers")
    if folder is None and not quiet:
        click.echo(labels("cli.using_example", path=example_folder()), err=True)
    return open_plan(folder)


def _wrote(path: Path, told: tuple[str, ...], labels: Labels) -> None:
    """Name the file that was written, and what its format could not hold."""
    for line in (labels("cli.wrote", path=path), *told):
        click.echo(line, err=True)


def _writable(output: Path | None, suffixes: tuple[str, ...], source: Path | None) -> None:
    """Refuse an output that could not be written, before any work is done."""
    if output is None:
        return
    if output.suffix.lower() not in suffixes:
        raise OutputError("output_suffix", path=output, allowed=" ".join(suffixes))
    if source is not None and output.exists() and source.exists() and output.samefile(source):
        raise OutputError("output_is_input", path=output)
    if output.is_dir():
        raise OutputError("output_folder", path=output, reason=os.strerror(21))


if __name__ == "__main__":
    main()
