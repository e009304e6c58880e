"""The ranking of candidates -> a terminal table."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.surface.suitability import Scorer
from gisplan.surface.words import word_ranking
from gisplan.wording import DASH


def ranking_table(
    plan: Plan, asked: Scorer, projects: gpd.GeoDataFrame, ranking: pd.DataFrame, labels: Labels
) -> str:
    """Lay out the ranking for a terminal."""
    told = word_ranking(plan.definition, asked, projects, ranking, labels)
    shown = ("rank", "id", "name", "state", "score", "sd", "rank_best", "rank_worst",
             "excluded_by", "missing")  # fmt: skip
    rows = [[_cell(code, row[code]) for code in shown] for row in told.to_dict("records")]
    return aligned([labels(f"column.{code}") for code in shown], rows, right=(0, 4, 5, 6, 7))


def _cell(code: str, value: Any) -> str:
    if pd.isna(value) or value == "":
        return DASH
    if code in ("rank", "rank_best", "rank_worst"):
        return str(int(value))
    return f"{value:.3f}" if isinstance(value, float) else str(value)
