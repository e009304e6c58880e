"""A list and a table of targets -> the tables of ``gisplan midterm``, and what is missing."""

from __future__ import annotations

import pandas as pd

from gisplan.definition import PlanDefinition
from gisplan.evaluation import progress
from gisplan.stages import Stage, read_stages
from gisplan.structure import mix
from gisplan.terms import NO_PLACE, SEPARATOR


def evaluate(
    projects: pd.DataFrame,
    verdicts: pd.DataFrame,
    codes: pd.Series,
    definition: PlanDefinition,
    *,
    targets: pd.DataFrame | None = None,
    buildings: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """Compute every table of the mid-term evaluation, by name.

    Parameters
    ----------
    projects, verdicts
        The project library and what ``plan.check`` says of it.
    codes
        ``industry_codes`` of what ``plan.measure`` returns.
    definition
        What the plan wants.
    targets, buildings
        What `gisplan.io.targets` reads; ``None`` where no table is given.

    Returns
    -------
    dict of DataFrame
        ``library_zone``, ``library_corridor``, ``library_field``, ``library_stage``
        (`gisplan.evaluation.progress.library`: each adds up to the list); ``stages`` (what each
        stage was read from); ``indicators`` (`gisplan.evaluation.progress.evaluate`); ``tiers``
        (`gisplan.evaluation.progress.tiers`); ``lacking`` (what could not be computed: ``topic``,
        ``subject``, ``missing``).
    """
    blank = pd.Series(pd.NA, index=projects.index, dtype="str")
    read = read_stages(projects.get("stage", blank))
    stage, located = read["stage_code"], verdicts["reasons"] != NO_PLACE
    goals = definition.goals
    groups = {
        "zone": (mix.membership(verdicts, definition, "zone"), [*definition.zones]),
        "corridor": (mix.membership(verdicts, definition, "corridor"), [*definition.corridors]),
        "field": (progress.fields_of(codes, definition), [*goals.fields]),
        "stage": (stage, [one.value for one in Stage]),
    }
    # Of zones and corridors, "in none" and "without a place" close the table.
    last = {"zone": ["-", "?"], "corridor": ["-", "?"], "field": ["-", "?"], "stage": []}
    frames = {}
    for by, (group, order) in groups.items():
        table = progress.library(projects, group, stage, located=located, order=[*order, *last[by]])
        frames[f"library_{by}"] = _ordered(table, order, last[by])
    own = pd.DataFrame(
        {"id": projects.get("id"), "name": projects.get("name"), "stage": projects.get("stage")},
        index=projects.index,
    )
    frames["stages"] = pd.concat([own, read], axis=1)
    empty_targets = pd.DataFrame(columns=list(progress.TARGET_COLUMNS))
    empty_buildings = pd.DataFrame(columns=list(progress.BUILDING_COLUMNS))
    frames["indicators"] = progress.evaluate(
        targets if targets is not None else empty_targets, definition
    )
    frames["tiers"] = progress.tiers(
        buildings if buildings is not None else empty_buildings, definition
    )
    frames["lacking"] = _lacking(projects, located, definition, frames)
    return frames


def _ordered(table: pd.DataFrame, first: list[str], last: list[str]) -> pd.DataFrame:
    keys = list(table["group"])
    between = [key for key in keys if key not in (*first, *last)]
    return table.set_index("group").loc[[*first, *between, *last]].reset_index()


def _lacking(
    projects: pd.DataFrame,
    located: pd.Series,
    definition: PlanDefinition,
    frames: dict[str, pd.DataFrame],
) -> pd.DataFrame:
    """List what could not be computed, one row per subject and missing thing."""
    rows: list[tuple[str, str, str]] = []
    for row in frames["indicators"].itertuples():
        rows += [("indicator", str(row.name), one) for one in str(row.missing).split(SEPARATOR)]
    for row in frames["tiers"].itertuples():
        rows += [("tier", str(row.tier), one) for one in str(row.missing).split(SEPARATOR)]
    for key, chain in definition.goals.chains.items():
        rows += [("chain", key, "stages")] if not chain.stages else []
    stated = projects["investment"].notna().sum() if "investment" in projects else 0
    counts = {
        "place": int((~located).sum()),
        "investment": int(len(projects) - stated),
        "stage": int((frames["stages"]["stage_code"] == Stage.UNCLEAR).sum()),
        "field": int(frames["library_field"].set_index("group")["projects"].get("?", 0)),
    }
    rows += [("projects", str(count), one) for one, count in counts.items() if count]
    kept = [row for row in rows if row[2]]
    return pd.DataFrame(kept, columns=["topic", "subject", "missing"], dtype="str")
