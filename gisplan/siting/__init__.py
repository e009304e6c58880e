"""Is a project where the plan wants it? Measure, judge, explain, with how sure it is."""

from __future__ import annotations

from gisplan.siting.explain import explain
from gisplan.siting.judge import judge
from gisplan.siting.measure import measure

__all__ = ["explain", "judge", "measure"]
