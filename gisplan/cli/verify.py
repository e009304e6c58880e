"""``verify``: is a result still what its inputs give, cell by cell?"""

from __future__ import annotations

from pathlib import Path

import click

from gisplan.cli.options import PATH, gisplan, language, opened, option, plan_folder, say
from gisplan.cli.targets import Store, Target
from gisplan.labels import Labels


@gisplan.command(help=say("cli.verify_help"))
@click.argument("result", metavar="OUT", type=Target())
@option("--projects", key="verify_projects", type=PATH)
@option("--overrules", key="verify_overrules", type=PATH)
@option("--look-in", "folders", key="verify_look_in", type=PATH, multiple=True)
@option("--all", "every", key="verify_all", is_flag=True)
@plan_folder
@language
def verify(
    result: Path | Store, projects: Path | None, overrules: Path | None,
    folders: tuple[Path, ...], every: bool, plan_folder: Path | None, labels: Labels,
) -> int:  # fmt: skip
    """Run a command again and compare: 0 same, 1 differs, 2 cannot be verified."""
    from gisplan.custody import tell, verify_table
    from gisplan.custody import verify as run_again
    from gisplan.custody.inputs import Hands, require_plan
    from gisplan.custody.recorded import FORMATS
    from gisplan.io.provenance import IN_PARTS, read_provenance
    from gisplan.outputs.siting import CHECK

    if isinstance(result, Store):
        plan = opened(plan_folder, labels, quiet=True)
        told = verify_table(*result, plan, projects=projects, overrules=overrules, folders=folders)
    elif (facts := read_provenance(result)).get("kind") == IN_PARTS or (
        facts.get("kind") == CHECK and result.suffix.lower() in FORMATS
    ):
        plan = opened(plan_folder, labels, quiet=True)
        told = run_again(result, plan, projects=projects, overrules=overrules, folders=folders)
    else:
        from gisplan.cli.again import remade

        asked = {"projects_file": projects, "overrules": overrules, "source": projects}
        command = gisplan.commands.get(str(facts.get("kind")))
        without = command is not None and "plan_folder" not in {p.name for p in command.params}
        own = None if without or "plan" not in facts else opened(plan_folder, labels, quiet=True)
        if own is not None:
            require_plan(result, facts, own)
        told = remade(facts, Hands(result, own, asked, folders))
    for line in tell(told, labels, every=every):
        click.echo(line)
    return int(not told.same)
