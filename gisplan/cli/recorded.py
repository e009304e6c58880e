"""What a command was asked, and of which files: the record that its outputs carry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from gisplan.cli.options import Listing
    from gisplan.io.projects import Intake
    from gisplan.labels import Labels
    from gisplan.plan import Plan
    from gisplan.results import Run

NOT_ASKED: Final = frozenset(
    ("output", "plan_folder", "labels", "quiet", "jobs", "as_json", "strict", "scheduler", "engine")
)
"""Parameters that do not decide what an output says, or are recorded as facts of their own."""


def recorded(
    plan: Plan | None,
    labels: Labels,
    projects: Listing | None = None,
    read: Intake | None = None,
    *,
    overrules: Path | None = None,
) -> Run:
    """Gather the provenance of what the command that runs will write.

    Parameters
    ----------
    plan
        The plan that was opened; ``None`` for a command that needs none.
    labels
        The words of the output.
    projects, read
        The list and what was read of it.
    overrules
        A person's decisions.

    Returns
    -------
    Run
        The facts of `gisplan.results.Run`; ``kind`` (the command), ``language``, ``asked``
        (the options that were given) and ``inputs`` (each file or folder by the name of its
        parameter, with its sha256), by which ``gisplan verify`` runs the command again.
    """
    from gisplan.io.provenance import facts_sha256
    from gisplan.results import Run

    facts = Run.of_tool().facts if plan is None else Run.of_plan(plan).facts
    if projects is not None and read is not None:
        listed = Run.of_list(
            projects.path, read, projects.crs,
            sheet=projects.sheet, encoding=projects.encoding, overrules=overrules,
        )  # fmt: skip
        facts = {**facts, **listed.facts}
    context = click.get_current_context()
    asked, inputs = _given(context)
    facts |= {
        "kind": context.command.name, "language": labels.language, "asked": asked, "inputs": inputs
    }  # fmt: skip
    if isinstance(written := context.params.get("output"), Path):
        facts["output_file"] = written.name  # titles are made of it
    return Run({**facts, "run_sha256": facts_sha256(facts)})


def _given(context: click.Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what was given into values and files; a file is told by its name, not its folder."""
    asked: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    for name, value in context.params.items():
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        if name in NOT_ASKED or not given or value is None:
            continue
        several = list(value) if isinstance(value, tuple) else [value]
        if any(isinstance(one, Path) for one in several):
            told = [_file(one) for one in several]
            inputs[name] = told if isinstance(value, tuple) else told[0]
        else:
            asked[name] = several if isinstance(value, tuple) else value
    return asked, inputs


def _file(path: Path) -> dict[str, str]:
    """Tell a file; one that is not there is told so by the command, in its own words."""
    from gisplan.io.hashes import input_sha256

    digest = input_sha256(path) if path.exists() else ""
    return {"file": path.name or path.resolve().name, "sha256": digest}
