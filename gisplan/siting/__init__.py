"""Is a project where the plan wants it? Measure, judge, explain, with how sure it is."""

from __future__ import annotations

from gisplan.siting.beyond import OUTCOME_COLUMNS
from gisplan.siting.explain import explain, explain_facts
from gisplan.siting.judge import judge, judge_facts
from gisplan.siting.margins import MARGIN_COLUMNS, margins_at
from gisplan.siting.measure import (
    AREA,
    Places,
    index_of,
    known_areas,
    listed_of,
    measure,
    measure_places,
)
from gisplan.siting.noted import note_issues
from gisplan.siting.outcome_table import Ground
from gisplan.siting.outcomes import Outcomes
from gisplan.siting.tiles import check_places

__all__ = [
    "AREA",
    "MARGIN_COLUMNS",
    "OUTCOME_COLUMNS",
    "Ground",
    "Outcomes",
    "Places",
    "check_places",
    "explain",
    "explain_facts",
    "index_of",
    "judge",
    "judge_facts",
    "known_areas",
    "listed_of",
    "margins_at",
    "measure",
    "measure_places",
    "note_issues",
]
