"""A result -> the tables of ``gisplan stats``: counts, industry structure, linkage."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gisplan import linkage, mix
from gisplan.industries import section_title
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.results import Result
from gisplan.terms import OUTCOMES
from gisplan.wording import names

_SPECIAL = {mix.NOWHERE: "nowhere", mix.UNLOCATED: "unlocated"}


def summarise(result: Result) -> dict[str, pd.DataFrame]:
    """Compute every table, by name, with codes for areas, outcomes and sections.

    Returns
    -------
    dict of DataFrame
        ``by_zone`` and ``by_corridor`` (`gisplan.mix.tally`), ``structure`` (projects by
        zone and section), ``quotient`` (LQ), ``dissimilarity``, ``concentration``,
        ``test`` (one row), ``stations``, ``links``, ``connectivity``.
    """
    plan, projects, verdicts = result.plan, result.projects, result.verdicts
    definition, zones = plan.definition, list(plan.definition.zones)
    codes = plan.measure(projects)["industry_codes"]
    area = mix.membership(verdicts, definition, "zone")
    structure = mix.structure(area, codes, zones)
    links = plan.links()
    return {
        "by_zone": mix.tally(projects, verdicts, definition, by="zone"),
        "by_corridor": mix.tally(projects, verdicts, definition, by="corridor"),
        "structure": _flat(structure),
        "quotient": _flat(mix.location_quotient(structure)),
        "dissimilarity": mix.dissimilarity(structure),
        "concentration": mix.concentration(structure),
        "test": pd.DataFrame([mix.permutation_test(area, codes, zones)]),
        "stations": linkage.stations(plan.areas),
        "links": links,
        "connectivity": linkage.connectivity(links),
    }


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename_axis("area_id").rename_axis(columns=None).reset_index()


def word_summary(frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    """Put a table of counts or structure into words: areas, outcomes and sections by name."""
    told = frame.copy()
    for column in ("area_id", "other"):
        if column in told:
            told[column] = [_area(key, plan, labels) for key in told[column]]
    renamed: dict[Any, str] = {code: labels(f"outcome.{code}") for code in OUTCOMES}
    renamed[mix.UNCLASSIFIED] = labels("stats.unclassified")
    letters = [c for c in told if len(str(c)) == 1 and str(c).isalpha()]
    renamed |= {c: f"{c} {section_title(str(c), labels.language)}" for c in letters}
    return told.rename(columns=renamed)


def _area(key: str, plan: Plan, labels: Labels) -> str:
    if key in _SPECIAL:
        return labels(f"stats.{_SPECIAL[key]}")
    return names(key, plan.definition, labels.language)
