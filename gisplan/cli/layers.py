"""``layers``: official layers adopted into a plan."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gisplan.cli.options import PATH, gisplan, language, opened, option, plan_folder, say
from gisplan.errors import AdoptionError
from gisplan.labels import Labels
from gisplan.terms import Status

if TYPE_CHECKING:
    from gisplan.adoption import Adoption, Statement
    from gisplan.plan import Plan


@gisplan.group(help=say("cli.layers_help"))
def layers() -> None:
    """Hold the commands about layers."""


@layers.command(help=say("cli.layers_add_help"))
@click.argument("file", metavar="FILE", type=PATH)
@option("--as", "place", key="as", required=True)
@option("--accuracy", key="adopt_accuracy", type=float)
@option("--source", key="adopt_source")
@option("--as-of", "as_of", key="as_of", type=click.DateTime(["%Y-%m-%d"]))
@option("--status", key="status", type=click.Choice([one.value for one in Status]))
@option("--where", key="adopt_where")
@option("--layer", key="adopt_layer")
@option("--crs", key="adopt_crs")
@option("--title", key="adopt_title")
@option("--within", key="adopt_within", type=float)
@option("--effect", key="adopt_effect", type=click.Choice(["prohibit", "review"]))
@option("--coverage", key="adopt_coverage")
@option("--projects", key="adopt_projects", type=PATH)
@option("--dry-run", "dry_run", key="dry_run", is_flag=True)
@plan_folder
@language
def add(file: Path, plan_folder: Path | None, labels: Labels, dry_run: bool, **asked: Any) -> int:
    """Adopt an official layer: all of it or nothing."""
    _refuse_unsaid(asked)
    from gisplan.adoption import adopt, commit, parse_place
    from gisplan.io.official import read_official

    plan = opened(plan_folder, labels, quiet=True)
    _refuse_example(plan)
    place = parse_place(asked["place"], plan)
    official = read_official(
        file, crs=asked["crs"], layer=asked["layer"], where=_where(asked["where"]),
        lines=place[0] == "corridors",
    )  # fmt: skip
    said = _statement(asked, place, plan, labels, (file.name, official.sha256))
    adoption = adopt(plan, place, official, said)
    _tell(adoption, said, asked["projects"], labels)
    if dry_run:
        click.echo(labels("adopt.dry"))
        return 0
    layer, version = commit(adoption)
    if adoption.stored:
        click.echo(labels("adopt.frozen", layers=", ".join(adoption.stored), version=version))
    click.echo(labels("adopt.wrote", layer=layer, version=version))
    return 0


def _refuse_unsaid(asked: dict[str, Any]) -> None:
    """Refuse to go on without what no file can tell."""
    needed = ("accuracy", "source", "as_of", "status")
    unsaid = [f"--{name.replace('_', '-')}" for name in needed if asked[name] in (None, "")]
    if unsaid:
        raise AdoptionError("adopt_needed", options=", ".join(unsaid))
    if not 0 < asked["accuracy"] <= 1e6:
        raise AdoptionError("adopt_accuracy")


def _refuse_example(plan: Plan) -> None:
    from gisplan.plan import example_folder

    if plan.folder is not None and plan.folder.resolve() == example_folder().resolve() \
            and not Path("layers").resolve() == plan.folder.resolve():  # fmt: skip
        raise AdoptionError("adopt_example")


def _where(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\w+)\s*=\s*'([^']*)'\s*", text)
    if not found:
        raise AdoptionError("adopt_where", value=text)
    return found[1], found[2]


def _statement(
    asked: dict[str, Any], place: tuple[str, ...], plan: Plan, labels: Labels,
    original: tuple[str, str],
) -> Statement:  # fmt: skip
    from gisplan.adoption import Statement

    known = [key for _, key, _ in plan.definition.layers()]
    extra: dict[str, Any] = {}
    if place[-1] not in known and asked["title"]:
        wanted = {"corridors": "within", "constraints": "effect"}.get(place[0])
        if wanted is not None:
            if asked[wanted] is None:
                name = ".".join(place)
                raise AdoptionError("adopt_extra", place=name, option=f"--{wanted}")
            extra[wanted] = asked[wanted]
    file, sha256 = original
    basis = labels("adopt.basis", source=asked["source"], file=file, sha256=sha256[:16])
    day = asked["as_of"]
    return Statement(
        asked["accuracy"], basis, dt.date(day.year, day.month, day.day), Status(asked["status"]),
        asked["title"], extra, _coverage(asked["coverage"], asked["crs"]),
    )  # fmt: skip


def _coverage(text: str | None, crs: str | None) -> Any:
    """Read where a constraint's layer has data: all of the plan, as before, or a file says."""
    from gisplan.io.official import read_official

    return text if text in (None, "all", "keep") else read_official(Path(text), crs=crs)


def _tell(adoption: Adoption, said: Statement, projects: Path | None, labels: Labels) -> None:
    from gisplan.adoption import compare_verdicts
    from gisplan.io.projects import read_projects
    from gisplan.printout.adoption import adoption_lines, coverage_line, verdict_lines

    lines = adoption_lines(adoption, adoption.official.file, labels)
    if adoption.place[0] == "constraints":
        lines.insert(1, coverage_line(said.coverage, labels))
    for line in lines:
        click.echo(line)
    if projects is not None:
        listed = read_projects(projects)
        changed = compare_verdicts(adoption, listed)
        for line in verdict_lines(changed, projects.name, len(listed), labels):
            click.echo(line)
