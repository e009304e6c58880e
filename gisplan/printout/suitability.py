"""Suitability -> words: what weighs what, what is not known, and the ranking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan, unchecked_names
from gisplan.surface.suitability import Scorer
from gisplan.surface.weights import ACCEPTABLE
from gisplan.terms import SEPARATOR
from gisplan.wording import DASH, names


def model_lines(
    plan: Plan, asked: Scorer, labels: Labels, facts: Mapping[str, Any] | None = None
) -> list[str]:
    """Say where the weights come from, how consistent they are, and what was not checked."""
    model, language = asked.model, labels.language
    weights = (
        f"{one.title.get(language)} {weight:.3f}"
        for one, weight in zip(model.criteria.values(), asked.weights, strict=True)
    )
    joined = ("，" if language == "zh" else ", ").join(weights)
    told = [labels("suitability.weights", basis=model.basis.get(language), weights=joined)]
    if asked.ratio == asked.ratio:
        told.append(labels("suitability.ratio", ratio=f"{asked.ratio:.3f}"))
        if asked.ratio > ACCEPTABLE:
            told.append(labels("suitability.inconsistent"))
    if model.order_weights:
        order = " ".join(f"{one:g}" for one in model.order_weights)
        told.append(labels("suitability.owa", order=order))
    for key, raster in asked.rasters.items():
        title = model.criteria[key].title.get(language)
        facts_ = f"{raster.name}, {raster.dx:.6g} × {raster.dy:.6g}"
        told.append(labels("suitability.raster", name=title, facts=facts_))
    if facts is None:
        spread = f"{model.spread:.0%}"
        told.append(labels("suitability.runs", spread=spread, runs=model.runs))
    else:
        shares = {k: f"{facts[k]:.1%}" for k in ("usable", "excluded", "unknown")}
        told.append(labels("suitability.cells", cell=f"{facts['cell_m']:g}", **shares))
    if asked.unchecked:
        named = unchecked_names(plan, language)
        every = ("、" if language == "zh" else ", ").join(named)
        told.append(labels("suitability.upper", names=every))
    return told


def word_ranking(
    plan: Plan, asked: Scorer, projects: gpd.GeoDataFrame, ranking: pd.DataFrame, labels: Labels
) -> pd.DataFrame:
    """Lay out candidates for people, best first; what is not usable follows in list order."""
    language, model = labels.language, asked.model
    told = pd.DataFrame(index=ranking.index)
    for column in ("id", "name"):
        told[column] = projects[column].astype("str").fillna("") if column in projects else ""
    told["state"] = [labels(f"suitability.state_{code}") for code in ranking["state"]]
    for name, column in (
        ("rank", "rank"),
        ("score", "score"),
        ("mean_score", "mean"),
        ("sd", "sd"),
        ("rank_best", "rank_best"),
        ("rank_worst", "rank_worst"),
    ):
        told[name] = ranking[column].astype("Int64") if "rank" in name else ranking[column]
    told["excluded_by"] = [names(ids, plan.definition, language) for ids in ranking["excluded_by"]]
    titles = {key: one.title.get(language) for key, one in model.criteria.items()}
    comma = "、" if language == "zh" else ", "
    told["missing"] = [
        comma.join(titles[key] for key in keys.split(SEPARATOR) if key)
        for keys in ranking["missing"]
    ]
    for key, title in titles.items():
        told[title if title not in told else f"{title} ({key})"] = ranking[f"score:{key}"]
    return told.iloc[np.argsort(ranking["rank"].to_numpy(dtype=float), kind="stable")]


def ranking_table(
    plan: Plan, asked: Scorer, projects: gpd.GeoDataFrame, ranking: pd.DataFrame, labels: Labels
) -> str:
    """Lay out the ranking for a terminal."""
    told = word_ranking(plan, asked, projects, ranking, labels)
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
