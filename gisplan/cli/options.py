"""What commands have in common: options, the list to read, the plan to open, the file to write."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gisplan import __version__
from gisplan.cli.help import Group, Option, asked_language
from gisplan.errors import OutputError
from gisplan.labels import LANGUAGES, Labels

if TYPE_CHECKING:
    from gisplan.io.projects import Intake
    from gisplan.plan import Plan

PATH: Any = click.Path(path_type=Path)


say = Labels(asked_language())
"""Help is worded when the commands are declared, so the language is looked for beforehand."""


@click.group(
    cls=Group, help=say("cli.help"), context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="gisplan", help=say("cli.click.version"))
def gisplan() -> None:
    """Hold the commands."""


def option(*names: str, key: str, **settings: Any) -> Callable[[Any], Any]:
    """Declare an option whose help is the text ``cli.<key>_option``."""
    return click.option(*names, cls=Option, help=say(f"cli.{key}_option"), **settings)


language = option(
    "--lang", "labels", key="lang", type=click.Choice(LANGUAGES), default=None,
    callback=lambda _context, _option, chosen: Labels(chosen),
)  # fmt: skip
"""``--lang``; the command is given ``labels``, the words of that language."""

plan_folder = option("--plan", "plan_folder", key="plan", type=PATH)
output = option("-o", "--output", key="output", type=PATH)
quiet = option("-q", "--quiet", key="quiet", is_flag=True)
as_json = option("--json", "as_json", key="json", is_flag=True)


@dataclass(frozen=True)
class Listing:
    """A list of projects as it was asked for on the command line."""

    path: Path
    crs: str | None
    encoding: str | None
    sheet: str | None

    def read(self) -> Intake:
        """Read it."""
        from gisplan.io.projects import intake

        return intake(self.path, crs=self.crs, encoding=self.encoding, sheet=self.sheet)


def listing(*, required: bool = True) -> Callable[[Any], Any]:
    """Declare the list of projects and how to read it.

    The command is given ``projects``: a `Listing`, or ``None`` where none was named.
    """

    def declare(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gathered(
            *, projects_file: Path | None, crs: str | None, encoding: str | None,
            sheet: str | None, **rest: Any,
        ) -> Any:  # fmt: skip
            asked = Listing(projects_file, crs, encoding, sheet) if projects_file else None
            return command(projects=asked, **rest)

        metavar = "PROJECTS" if required else "[PROJECTS]"
        for one in (
            option("--sheet", key="sheet"),
            option("--encoding", key="encoding"),
            option("--crs", key="crs"),
            click.argument("projects_file", metavar=metavar, required=required, type=PATH),
        ):
            gathered = one(gathered)
        return gathered

    return declare


def opened(folder: Path | None, labels: Labels, *, quiet: bool) -> Plan:
    """Open the plan asked for, that of ``layers`` here, or the shipped example."""
    from gisplan.plan import example_folder, open_plan

    if folder is None and (Path("layers") / "plan.toml").is_file():
        folder = Path("layers")
    if folder is None and not quiet:
        click.echo(labels("cli.using_example", path=example_folder()), err=True)
    return open_plan(folder)


def wrote(path: Path, labels: Labels, *, told: Iterable[str] = (), quiet: bool = False) -> None:
    """Name the file that was written, and what its format could not hold."""
    if quiet:
        return
    for line in (labels("cli.wrote", path=path), *told):
        click.echo(line, err=True)


def writable(path: Path | None, suffixes: tuple[str, ...], source: Path | None = None) -> None:
    """Refuse an output that could not be written, before any work is done.

    Raises
    ------
    OutputError
        A suffix that the command does not write, the input itself, a folder.
    """
    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        raise OutputError("output_suffix", path=path, allowed=" ".join(suffixes))
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise OutputError("output_is_input", path=path)
    if path.is_dir():
        raise OutputError("output_folder", path=path, reason=os.strerror(21))
