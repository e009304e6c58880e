"""What click says of its own, in the reader's language: headings, its own options, mistakes."""

from __future__ import annotations

import re
import sys
from typing import Any, Final

import click

from gisplan.labels import LANGUAGES, Labels

_ASKED: Final = {
    "siting": ("intake", "check", "sites", "datum", "convert", "verify"),
    "shown": ("map", "atlas", "report"),
    "analysed": ("stats", "overlay", "midterm", "diff", "conflicts"),
    "surfaces": ("zonal", "density", "suitability"),
    "plan": ("demo", "init", "info", "validate", "layers"),
}
"""Commands by what is asked, in the order in which they are met."""
_EXTRA: Final = re.compile(r"unexpected extra arguments? \((.*)\)", re.DOTALL)
_TOO_MUCH: Final = "does not take a value"
"""What click says of a word too many and of a flag with a value; they are no kinds of their own."""


def asked_language() -> str | None:
    """Return the language asked for with --lang, even where the command did not get to run."""
    words = sys.argv[1:]
    for at, word in enumerate(words):
        wanted = word.partition("=")[2] if word.startswith("--lang=") else ""
        if word == "--lang" and at + 1 < len(words):
            wanted = words[at + 1]
        if wanted in LANGUAGES:
            return wanted
    return None


class Formatter(click.HelpFormatter):
    """Help with its headings in words of ours."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that says how a command is called."""
        own = Labels(asked_language())("cli.click.usage")
        super().write_usage(prog, args, own if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """Write the heading of the options or of the commands."""
        said = Labels(asked_language())(f"cli.click.{heading.lower()}")
        self.write(f"{'':>{self.current_indent}}{said}\n")


class Context(click.Context):
    """Where help is laid out by our formatter."""

    formatter_class = Formatter


class Command(click.Command):
    """A command whose ``--help`` says in words of ours what it does."""

    context_class = Context

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the help option."""
        return _worded(super().get_help_option(ctx))

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - click's own signature
        """Return the first sentence whole: click would cut it at a space, and Chinese has none."""
        told = " ".join((self.help or "").split())
        return re.split(r"(?<=。)|(?<=\.) ", told, maxsplit=1)[0]


class Option(click.Option):
    """An option of which help says in words of ours that it has to be given."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the name of the option and what it is for."""
        told = super().get_help_record(ctx)
        if told is None or not told[1].endswith("required]"):
            return told
        own = Labels(asked_language())("cli.click.required")
        return told[0], f"{told[1].removesuffix('required]')}{own}]"


class Group(click.Group):
    """A group of such commands."""

    context_class = Context
    command_class = Command
    group_class = type

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the help option."""
        return _worded(super().get_help_option(ctx))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what is asked; a group within the group is short enough."""
        if set(self.commands) != {name for names in _ASKED.values() for name in names}:
            return super().format_commands(ctx, formatter)
        room = formatter.width - 6 - max(map(len, self.commands))
        for asked, names in _ASKED.items():
            with formatter.section(asked):
                formatter.write_dl(
                    [(name, self.commands[name].get_short_help_str(room)) for name in names]
                )
        return None


def _worded(option: click.Option | None) -> click.Option | None:
    if option is not None:
        option.help = Labels(asked_language())("cli.click.help")
    return option


def mistake(error: click.ClickException, labels: Labels) -> str:
    """Say in one line what was wrong with a command line."""
    told: Any = error
    if isinstance(error, click.MissingParameter):
        said = labels("cli.click.missing", name=_name(told))
    elif isinstance(error, click.BadParameter):
        said = _value(told, labels)
    elif isinstance(error, click.BadOptionUsage):
        key = "no_value" if _TOO_MUCH in told.message else "needs"
        said = labels(f"cli.click.{key}", name=told.option_name)
    elif isinstance(error, click.NoSuchOption):
        said = labels("cli.click.no_option", name=told.option_name)
    elif hasattr(error, "command_name"):  # a class of its own only since click 8.4
        said = labels("cli.click.no_command", name=told.command_name)
    elif extra := _EXTRA.search(told.message):
        said = labels("cli.click.extra", names=extra[1])
    else:
        return error.format_message()
    like = getattr(error, "possibilities", None)
    return said + (labels("cli.click.meant", names=" ".join(like)) if like else "")


def _name(error: Any) -> str:
    """Return the parameter as it is typed."""
    if error.param is None:
        return str(error.param_hint or error.message)
    option = isinstance(error.param, click.Option)
    return " / ".join(error.param.opts) if option else str(error.param.make_metavar(error.ctx))


def _value(error: Any, labels: Labels) -> str:
    kind = error.param.type if error.param is not None else None
    wanted = _wanted(kind, labels) or error.message.rstrip(".")
    return labels("cli.click.value", name=_name(error), wanted=wanted)


def _wanted(kind: Any, labels: Labels) -> str:
    """Say which values an option takes, ``""`` where click has to say it."""
    if isinstance(kind, click.Choice):
        return labels("cli.click.one_of", choices=" ".join(map(str, kind.choices)))
    if isinstance(kind, click.DateTime):
        return labels("cli.click.day")
    if not isinstance(kind, (click.types.IntParamType, click.types.FloatParamType)):
        return ""
    said = labels(
        f"cli.click.{'whole' if isinstance(kind, click.types.IntParamType) else 'number'}"
    )
    for key, end in (("at_least", "min"), ("at_most", "max")):
        limit = getattr(kind, end, None)
        said += "" if limit is None else labels(f"cli.click.{key}", limit=f"{limit:g}")
    return said
