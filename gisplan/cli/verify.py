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
@option("--all", "every", key="verify_all", is_flag=True)
@plan_folder
@language
def verify(
    result: Path | Store, projects: Path | None, overrules: Path | None, every: bool,
    plan_folder: Path | None, labels: Labels,
) -> int:  # fmt: skip
    """Run a check again and compare: 0 same, 1 differs, 2 cannot be verified."""
    from gisplan.custody import tell, verify_table
    from gisplan.custody import verify as run_again

    plan = opened(plan_folder, labels, quiet=True)
    if isinstance(result, Store):
        told = verify_table(*result, plan, projects=projects, overrules=overrules)
    else:
        told = run_again(result, plan, projects=projects, overrules=overrules)
    for line in tell(told, labels, every=every):
        click.echo(line)
    return int(not told.same)
