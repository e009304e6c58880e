"""Surfaces -> words: what they rest on, what they add up to, and the ranking of candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.surface.model import Surface
from gisplan.surface.suitability import Scorer
from gisplan.surface.weights import ACCEPTABLE
from gisplan.terms import SEPARATOR
from gisplan.wording import names


def surface_lines(surface: Surface, labels: Labels) -> list[str]:
    """Say how a density was made, what it adds up to, and what is not in it."""
    facts = surface.facts
    rate = 1e8 if surface.unit == "yuan/km2" else 1.0
    most = float(np.nanmax(surface.values)) / rate
    bandwidth, cell = f"{facts['bandwidth_m']:,.0f}", f"{facts['cell_m']:g}"
    return [
        labels(f"surface.bandwidth_{facts['bandwidth_rule']}", bandwidth=bandwidth, cell=cell),
        labels(f"surface.edge_{facts['edge_correction']}"),
        labels(
            f"surface.mass_{surface.kind}", mass=f"{surface.mass / rate:.6g}", most=f"{most:.3g}"
        ),
        *(labels(f"surface.{code}", **values) for code, values in surface.told),
        labels("surface.spread"),
    ]


def model_lines(
    plan: PlanDefinition, asked: Scorer, labels: Labels, facts: Mapping[str, Any] | None = None
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
        named = (_owned(plan, key, language) for key in asked.unchecked)
        every = ("、" if language == "zh" else ", ").join(named)
        told.append(labels("suitability.upper", names=every))
    return told


def _owned(plan: PlanDefinition, key: str, language: str) -> str:
    layer = plan.layer(key)
    title = layer.title.get(language)
    if not layer.owner:
        return title
    return f"{title}（{layer.owner}）" if language == "zh" else f"{title} ({layer.owner})"


def word_ranking(
    plan: PlanDefinition,
    asked: Scorer,
    projects: gpd.GeoDataFrame,
    ranking: pd.DataFrame,
    labels: Labels,
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
    told["excluded_by"] = [names(ids, plan, language) for ids in ranking["excluded_by"]]
    titles = {key: one.title.get(language) for key, one in model.criteria.items()}
    comma = "、" if language == "zh" else ", "
    told["missing"] = [
        comma.join(titles[key] for key in keys.split(SEPARATOR) if key)
        for keys in ranking["missing"]
    ]
    for key, title in titles.items():
        told[title if title not in told else f"{title} ({key})"] = ranking[f"score:{key}"]
    return told.iloc[np.argsort(ranking["rank"].to_numpy(dtype=float), kind="stable")]
