"""``map``: the plan and its projects, to look at and to print."""

from __future__ import annotations

from pathlib import Path

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
from gisplan.labels import Labels

MAP_SUFFIXES = (".html", ".png", ".pdf", ".svg")


@gisplan.command("map", help=say("cli.map_help"))
@listing(required=False)
@output
@plan_folder
@language
@option("--basemap", key="basemap")
@option("--against", key="against", type=PATH)
@option("--review-number", key="review_number")
@quiet
def map_(
    projects: Listing | None, output: Path | None, plan_folder: Path | None, labels: Labels,
    basemap: str | None, against: Path | None, review_number: str | None, quiet: bool,
) -> int:  # fmt: skip
    """Draw the plan, with projects where a list is given."""
    path = output or Path("map.html")
    writable(path, MAP_SUFFIXES, projects.path if projects else None)
    plan = opened(plan_folder, labels, quiet=quiet)
    listed = projects.read().projects if projects else None
    other = opened(against, labels, quiet=True) if against is not None else None
    from gisplan.io.writing import write_bytes, write_text

    suffix = path.suffix.lower()
    if suffix == ".html":
        page = plan.explore(
            listed, language=labels.language, basemap=basemap, other=other,
            review_number=review_number,
        )  # fmt: skip
        write_text(path, page.get_root().render())
    else:
        from gisplan.plotting import render

        figure = plan.plot(listed, language=labels.language, review_number=review_number or "")
        write_bytes(path, render(figure, suffix))
    wrote(path, labels, quiet=quiet)
    return 0
