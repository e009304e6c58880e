"""Is a project where the plan wants it? Measure, judge, explain, with how sure it is."""

from __future__ import annotations

from gisplan.siting.explain import explain
from gisplan.siting.judge import judge
from gisplan.siting.measure import Places, index_of, measure, measure_places
from gisplan.siting.noted import note_issues
from gisplan.siting.tiles import check_places

__all__ = [
    "Places",
    "check_places",
    "explain",
    "index_of",
    "judge",
    "measure",
    "measure_places",
    "note_issues",
]
