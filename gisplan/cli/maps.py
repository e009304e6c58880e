"""``map`` and ``atlas``: the plan and its projects, to look at and to print."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
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
from gisplan.errors import GisplanError
from gisplan.labels import Labels

if TYPE_CHECKING:
    import pandas as pd

    from gisplan.io.projects import Intake
    from gisplan.plan import Plan

MAP_SUFFIXES = (".html", ".png", ".pdf", ".svg")
ATLAS_SUFFIXES = (".pdf",)

PAYS = 80
"""Pages from which more processes are faster: starting one takes as long as drawing forty."""

THEMES = ("siting", "zones", "corridors", "investment", "stage", "density", "conflicts", "change")
"""As in `gisplan.plotting.THEMES`, which is not imported to print help."""

_FORM = {
    "paper": ("--paper", {"type": click.Choice(["a4", "a3"], case_sensitive=False)}),
    "author": ("--unit", {}),
    "review_number": ("--review-number", {}),
}
_SHEET = {
    "theme": ("--theme", {"type": click.Choice(THEMES)}),
    "portrait": ("--portrait", {"is_flag": True, "default": None}),
    "scale": ("--scale", {"type": float}),
    "grid": ("--grid", {"type": click.Choice(["degrees", "km"])}),
    "focus": ("--focus", {}),
    "number": ("--number", {}),
}
_KEYS = {"review_number": "review_number", "author": "unit", "number": "sheet_number"}


def printed(options: dict[str, Any]) -> Callable[[Any], Any]:
    """Declare the options of a printed sheet; the command is given those set, as ``form``."""

    def declare(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gathered(**given: Any) -> Any:
            form = {name: given.pop(name) for name in options}
            kept = {name: value for name, value in form.items() if value is not None}
            if "paper" in kept:
                kept["paper"] = kept["paper"].upper()
            return command(form=kept, **given)

        for name in reversed(options):
            flag, settings = options[name]
            key = _KEYS.get(name, name)
            gathered = option(flag, name, key=key, **{"default": None, **settings})(gathered)
        return gathered

    return declare


@gisplan.command("map", help=say("cli.map_help"))
@listing(required=False)
@output
@plan_folder
@language
@option("--basemap", key="basemap")
@option("--against", key="against", type=PATH)
@option("--with", "asked", key="with")
@option("--overrules", key="overrules", type=PATH)
@printed({**_SHEET, **_FORM})
@quiet
def map_(
    projects: Listing | None, output: Path | None, plan_folder: Path | None, labels: Labels,
    basemap: str | None, against: Path | None, asked: str | None, overrules: Path | None,
    form: dict[str, Any], quiet: bool,
) -> int:  # fmt: skip
    """Draw the plan, with projects where a list is given."""
    path = output or Path("map.html")
    writable(path, MAP_SUFFIXES, projects.path if projects else None)
    screen = path.suffix.lower() == ".html"
    only_print = [name for name in form if name != "review_number"]
    if screen and only_print:
        flag = {**_SHEET, **_FORM}[only_print[0]][0]
        raise GisplanError("print_option", option=flag)
    if not screen and (asked or overrules):
        raise GisplanError("screen_option", option="--with" if asked else "--overrules")
    plan = opened(plan_folder, labels, quiet=quiet)
    read = projects.read() if projects else None
    listed = read.projects if read else None
    other = opened(against, labels, quiet=True) if against is not None else None
    from gisplan.io.provenance import picture_text, stamp_page
    from gisplan.io.writing import write_bytes, write_text

    run = recorded(plan, labels, projects, read, overrules=overrules)
    verdicts = _decided(plan, projects, read, overrules)
    if screen:
        from gisplan.outputs.map_layers import asked_layers

        page = plan.explore(
            listed, verdicts, language=labels.language, basemap=basemap, other=other,
            layers=asked_layers(plan, asked, labels, other=other), **form,
        )  # fmt: skip
        write_text(path, stamp_page(page.get_root().render(), run.facts))
    else:
        from gisplan.plotting import render

        if other is not None:
            form.setdefault("theme", "change")
        figure = plan.plot(listed, language=labels.language, against=other, **form)
        write_bytes(path, render(figure, path.suffix, about=picture_text(run.facts)))
    told = _key_handed_over(path, labels) if basemap == "tianditu" and screen else ()
    wrote(path, labels, told=told, quiet=quiet)
    return 0


def _key_handed_over(path: Path, labels: Labels) -> tuple[str, ...]:
    """Tell how the key gets into the browser; itself only on a terminal, never into a log."""
    from gisplan.explore import address_with_key

    address = address_with_key(path)
    if address is None:
        return ()
    if not sys.stderr.isatty():
        return (labels("map.key_hidden"),)
    return (labels("map.key_address", address=address),)


@gisplan.command("atlas", help=say("cli.atlas_help"))
@listing(required=False)
@output
@plan_folder
@language
@option("--jobs", key="atlas_jobs", type=click.IntRange(1, 64), default=1)
@printed(_FORM)
@quiet
def atlas(
    projects: Listing | None, output: Path | None, plan_folder: Path | None, labels: Labels,
    jobs: int, form: dict[str, Any], quiet: bool,
) -> int:  # fmt: skip
    """Draw the atlas: an overview, a page for every zone and corridor, and the others."""
    path = output or Path("atlas.pdf")
    writable(path, ATLAS_SUFFIXES, projects.path if projects else None)
    plan = opened(plan_folder, labels, quiet=quiet)
    read = projects.read() if projects else None
    from gisplan.io.provenance import picture_text
    from gisplan.io.writing import write_bytes
    from gisplan.plotting import render_pages

    run = recorded(plan, labels, projects, read)
    pages = plan.atlas(read.projects if read else None, language=labels.language, **form)
    count = len(pages.leaves)
    drawn = pages.figures(jobs=jobs if count >= PAYS else 1)
    figures = _counted(drawn, count, labels, quiet=quiet)
    write_bytes(path, render_pages(figures, about=picture_text(run.facts)))
    wrote(path, labels, quiet=quiet)
    return 0


def _counted(figures: Iterator[Any], pages: int, labels: Labels, *, quiet: bool) -> Iterator[Any]:
    """Say on stderr which page is being drawn."""
    for page, figure in enumerate(figures, start=1):
        if not quiet:
            click.echo(labels("atlas.progress", page=page, pages=pages), err=True)
        yield figure


def _decided(
    plan: Plan, projects: Listing | None, read: Intake | None, overrules: Path | None
) -> pd.DataFrame | None:
    """Return the verdicts with what a person decided beside them; ``None`` where nobody did."""
    if overrules is None:
        return None
    if projects is None or read is None:
        raise GisplanError("overrules_alone")
    from gisplan.map_payload.packed import LIMIT
    from gisplan.overrules import read_overrules
    from gisplan.results import checked

    if len(read.projects) > LIMIT:
        raise GisplanError("overrules_long", limit=LIMIT)  # symbols of a long list have no room
    return checked(plan, projects.path, read, read_overrules(overrules, read.projects)).recorded
