"""A command is run again as its output records it: by the options and files of that record."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gisplan.cli.options import gisplan
from gisplan.cli.recorded import NOT_ASKED
from gisplan.errors import GisplanError
from gisplan.today import on_the_day

if TYPE_CHECKING:
    from gisplan.custody.inputs import Hands
    from gisplan.custody.verified import Verified

REMADE: Final = (
    "atlas", "check", "conflicts", "convert", "density", "diff", "intake", "map", "midterm",
    "overlay", "report", "sites", "stats", "suitability", "zonal",
)  # fmt: skip
"""Commands whose outputs are made again; of ``check`` a shapefile alone: all other formats hold
each verdict as it was and are compared with a run that writes nothing."""


def remade(facts: Mapping[str, Any], hands: Hands) -> Verified:
    """Make a file again by what it records, and compare; else compare its inputs alone.

    A record is a stranger's text: its command must be one of `REMADE`, its options those of
    that command, its files are looked for by name where `Hands` looks, and the new file goes
    into a passing folder.
    """
    from gisplan.custody import verify_inputs, verify_remade

    known = verify_inputs(facts, hands)
    command = gisplan.commands.get(str(facts.get("kind")))
    if command is None or command.name not in REMADE or known.missing:
        return known
    with tempfile.TemporaryDirectory(prefix="gisplan-") as folder:
        target = Path(folder) / _name(facts, hands.path)
        words = _words(command, facts, hands, target)
        if words is None:
            return known
        try:
            told = io.StringIO()  # of the passing folder, which is of no use to anybody
            with on_the_day(facts.get("date")), redirect_stdout(told), redirect_stderr(told):
                command.main([*words], prog_name="gisplan", standalone_mode=False)
        except click.ClickException as error:
            raise GisplanError("bad_option", detail=error.format_message()) from None
        return verify_remade(facts, hands, target) if target.exists() else known


def _name(facts: Mapping[str, Any], path: Path) -> str:
    """Name the new file as the old one was: some titles are made of it."""
    name = Path(str(facts.get("output_file") or path.name)).name
    return name if Path(name).suffix.lower() == path.suffix.lower() else path.name


def _words(
    command: click.Command, facts: Mapping[str, Any], hands: Hands, target: Path
) -> list[str] | None:
    """Return the command line; ``None`` where the record is not of this command."""
    from gisplan.custody import inputs_of

    asked, inputs = facts.get("asked"), inputs_of(facts)
    if not isinstance(asked, dict):
        return None
    options: list[str] = []
    arguments: list[str] = []
    for one in command.params:
        values = _values(one, asked, inputs, hands)
        if isinstance(one, click.Argument):
            arguments += values
        elif isinstance(one, click.Option) and one.is_flag:
            options += [_flag(one)] if values == ["True"] else []
        else:
            options += [f"{_flag(one)}={value}" for value in values]
    told = {"output": str(target), "labels": str(facts.get("language"))}
    if hands.plan is not None and hands.plan.folder is not None:
        told["plan_folder"] = str(hands.plan.folder)
    own = {one.name: one for one in command.params}
    options += [f"{_flag(own[name])}={value}" for name, value in told.items() if name in own]
    return [*options, *(["--quiet"] if "quiet" in own else []), "--", *arguments]


def _values(
    one: click.Parameter, asked: Mapping[str, Any], inputs: Mapping[str, Any], hands: Hands
) -> list[str]:
    """Return what a parameter was given: a path only of the inputs, anything else only asked."""
    name = str(one.name)
    if name in NOT_ASKED:
        return []
    if isinstance(one.type, click.Path):
        found = [hands.find(name, given["file"]) for given in inputs.get(name, ())]
        return [str(place) for place in found if place is not None]
    value = asked.get(name)
    if value is None:
        return []
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


def _flag(one: click.Parameter) -> str:
    return max(one.opts, key=len)
