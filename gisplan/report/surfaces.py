"""The chapter of surfaces: where projects gather, what a model says of the ground, a raster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from gisplan.crs import transform
from gisplan.definition.criteria import (
    AnyCriterion,
    CorridorDistance,
    Suitability,
    ZoneFit,
)
from gisplan.errors import GisplanError
from gisplan.io.documents.blocks import Block, Column, Figure, Items, Paragraph, Ref, Table, Wide
from gisplan.report.material import Material
from gisplan.report.outline import Outline
from gisplan.report.phrasing import cells, counted, listed, spoken
from gisplan.report.pictures import surface_sheet
from gisplan.surface import density
from gisplan.surface.suitability import Scorer, candidates, grid_of, scorer, surface_of
from gisplan.surface.words import model_lines, surface_lines
from gisplan.terms import Status
from gisplan.wording import DASH
from gisplan.zonal import Zonal
from gisplan.zonal.words import word_classes, word_zonal, zonal_lines

FEW: Final = 30
"""Projects below which the shape of a density hangs on its bandwidth, and that is said."""

MOST_CELLS: Final = 1_000_000
"""Cells of a model's picture; a larger district gets larger cells, and that is said."""

RANKED: Final = 10
"""Places of the list that are compared by a model in the document."""

TRACE: Final = 1e-6
"""A share of an area that rounding makes."""

_STATISTICS: Final = ("mean", "stdev", "min", "max", "sum")
_PARTS: Final = ("covered", "nodata", "off")


def chapter(of: Material, outline: Outline) -> Iterator[Block]:
    """Show the density, each suitability model of the plan, and the raster where one is given.

    What cannot be drawn is said with its reason, an optional library by its name.
    """
    figures: list[Figure] = []
    yield outline.chapter("surfaces")
    yield outline.section("density_section")
    for block in _density(of):
        if isinstance(block, Figure):
            figures.append(block)
        else:
            yield block
    yield outline.section("suitability_section")
    for block in _models(of):
        if isinstance(block, Figure):
            figures.append(block)
        else:
            yield block
    if of.zonal is not None:
        yield outline.section("zonal_section")
        yield from _zonal(of, of.zonal)
    if figures:  # each a page of its own in landscape, after the text that refers to them
        yield Wide(tuple(figures))


def _projects(of: Material) -> gpd.GeoDataFrame:
    return transform(of.projects, pyproj.CRS(of.areas.crs))


def _density(of: Material) -> Iterator[Block]:
    labels = of.labels
    try:
        surface = density(_projects(of), of.areas, of.definition)
    except GisplanError as error:
        key = {"density_empty": "density_none", "density_bandwidth": "density_one"}.get(error.code)
        if key is None:
            said = labels("report.density_failed", reason=error.word(of.language))
        else:
            said = labels(f"report.{key}")
        yield Paragraph((said,))
        return
    count, bandwidth = surface.facts["projects"], f"{surface.facts['bandwidth_m']:,.0f}"
    yield Paragraph(spoken(labels, "density_text", ref=Ref("figure_density")))
    lines = [counted(labels, "density_sites", count), *surface_lines(surface, labels)]
    yield Items(tuple((f"{line}{labels('report.stop')}",) for line in lines))
    said = labels("report.density_not", bandwidth=bandwidth)
    if count < FEW:
        said += labels("report.space") + labels("report.density_few", n=count)
    yield Paragraph((said,))
    most = float(np.nanmax(surface.values))
    words = (
        labels("surface.title_count"), labels("report.figure_density"),
        labels("report.alt_density", bandwidth=bandwidth, most=f"{most:.3g}"),
    )  # fmt: skip
    yield surface_sheet(of, surface, "figure_density", words, projects=True)


def _models(of: Material) -> Iterator[Block]:
    labels, models = of.labels, of.definition.suitability
    if not models:
        yield Paragraph((labels("report.suitability_none"),))
        return
    yield Paragraph((labels("report.suitability_text", n=len(models)),))
    for key, model in models.items():
        try:
            yield from _model(of, key, model)
        except GisplanError as error:
            title, reason = model.title.get(of.language), error.word(of.language)
            yield Paragraph(
                (labels("report.suitability_failed", title=title, reason=reason),)
            )  # fmt: skip


def _model(of: Material, key: str, model: Suitability) -> Iterator[Block]:
    """Tell one model: everything is computed before the first word of it is written."""
    labels, title = of.labels, model.title.get(of.language)
    with scorer(of.areas, of.definition, key, folder=of.folder) as asked:
        cell = _cell(asked)
        surface = surface_of(asked, cell)
        ranking = candidates(asked, _projects(of))
        lines = model_lines(of.definition, asked, labels, surface.facts)
        weights = dict(zip(model.criteria, asked.weights, strict=True))
    if cell != model.cell:
        lines.append(labels("report.suitability_coarse", own=f"{model.cell:g}", cell=f"{cell:g}"))
    drawn = Ref(f"figure_model_{key}")
    opening = "suitability_model" if asked.industry else "suitability_model_plain"
    yield Paragraph(
        spoken(labels, opening, title=title, industry=asked.industry or "",
               ref=Ref(f"table_model_{key}"), figure=drawn)
    )  # fmt: skip
    yield _criteria(of, key, model, weights)
    yield Items(tuple((f"{line}{labels('report.stop')}",) for line in lines))
    yield from _ranked(of, key, model, ranking)
    said = labels("report.suitability_not")
    if (of.layers["status"] == Status.SCHEMATIC).any():
        said += labels("report.space") + labels("report.suitability_schematic")
    yield Paragraph((said,))
    shares = {one: f"{surface.facts[one]:.1%}" for one in ("usable", "excluded", "unknown")}
    words = (
        title, labels("report.figure_suitability", title=title),
        labels("report.alt_suitability", title=title, **shares),
    )  # fmt: skip
    yield surface_sheet(of, surface, drawn.target, words)


def _cell(asked: Scorer) -> float:
    grid = grid_of(asked)
    times = math.ceil(math.sqrt(grid.rows * grid.columns / MOST_CELLS))
    return float(asked.model.cell * max(times, 1))


def _criteria(of: Material, key: str, model: Suitability, weights: dict[str, float]) -> Table:
    labels = of.labels
    columns = (
        Column(labels("report.criterion"), 40), Column(labels("report.weight"), 16, "right"),
        Column(labels("report.scoring"), 100),
    )  # fmt: skip
    rows = tuple(
        cells(one.title.get(of.language), f"{weights[name]:.3f}", _scoring(of, one))
        for name, one in model.criteria.items()
    )
    caption = labels("report.table_criteria", title=model.title.get(of.language))
    return Table(f"table_model_{key}", caption, columns, rows)


def _scoring(of: Material, one: AnyCriterion) -> str:
    labels = of.labels
    if isinstance(one, ZoneFit):
        given = {name: f"{getattr(one, name):g}" for name in ("fits", "differs", "outside")}
        return labels("report.scores_zone", **given)
    if isinstance(one, CorridorDistance):
        points = _points(of, "scores_point", one.scores)
        return labels("report.scores_distance", points=points)
    if one.scores is not None:
        points = _points(of, "scores_pair", one.scores)
        return labels("report.scores_value", file=one.source, points=points)
    points = _points(of, "scores_pair", tuple(one.classes.items()))
    return labels("report.scores_classes", file=one.source, points=points)


def _points(of: Material, key: str, pairs: Any) -> str:
    return listed(
        (
            of.labels(
                f"report.{key}",
                value=value if isinstance(value, str) else f"{value:g}",
                score=f"{score:g}",
            )
            for value, score in pairs
        ),
        of.labels,
    )


def _ranked(of: Material, key: str, model: Suitability, ranking: pd.DataFrame) -> Iterator[Block]:
    """Compare the places of the list by the model, with how far the ranks hang on the weights."""
    labels = of.labels
    tally = ranking["state"].value_counts()
    counts = {one: int(tally.get(one, 0)) for one in ("usable", "excluded", "unknown", "unlocated")}
    if not counts["usable"]:
        del counts["usable"]
        yield Paragraph((labels("report.ranking_none", **counts),))
        return
    ref = f"table_ranking_{key}"
    runs = labels("suitability.runs", spread=f"{model.spread:.0%}", runs=model.runs)
    yield Paragraph(spoken(labels, "ranking_text", ref=Ref(ref), runs=runs, **counts))
    ranks = ranking["rank"].to_numpy(dtype=float)
    order = np.argsort(ranks, kind="stable")[: min(counts["usable"], RANKED)]
    if counts["usable"] > RANKED:
        left = counts["usable"] - RANKED
        yield Paragraph((labels("report.ranking_cut", shown=RANKED, left=left),))
    columns = (
        Column(labels("column.rank"), 12, "right"), Column(labels("column.id"), 18),
        Column(labels("column.name"), 62), Column(labels("column.score"), 16, "right"),
        Column(labels("column.mean_score"), 16, "right"), Column(labels("column.sd"), 16, "right"),
        Column(labels("report.ranks"), 16, "center"),
    )  # fmt: skip
    rows = tuple(_rank(of, int(at), ranking.iloc[at]) for at in order)
    caption = labels("report.table_ranking", title=model.title.get(of.language))
    yield Table(ref, caption, columns, rows)


def _rank(of: Material, at: int, row: pd.Series) -> tuple[Any, ...]:
    told = of.told.iloc[at]
    best, worst = f"{row['rank_best']:.0f}", f"{row['rank_worst']:.0f}"
    ranks = best if best == worst else of.labels("report.rank_range", best=best, worst=worst)
    numbers = (f"{row[one]:.3f}" for one in ("score", "mean", "sd"))
    return cells(f"{row['rank']:.0f}", told["id"], told["name"], *numbers, ranks)


def _zonal(of: Material, found: Zonal) -> Iterator[Block]:
    labels = of.labels
    ref = "table_classes" if found.classes is not None else "table_zonal"
    yield Paragraph(spoken(labels, "zonal_text", ref=Ref(ref)))
    stop = labels("report.stop")
    lines = (line.removesuffix(stop) + stop for line in zonal_lines(found, labels))
    yield Items(tuple((line,) for line in lines))
    if found.classes is not None:
        yield _class_table(of, found, found.classes)
    else:
        yield _zonal_table(of, found)
    yield Paragraph((labels("report.zonal_not"),), "note")


def _zonal_table(of: Material, found: Zonal) -> Table:
    labels, told = of.labels, word_zonal(found.stats, of.definition, of.labels)
    columns = (
        Column(labels("column.unit_name"), 34),
        *(Column(labels(f"column.{one}"), 17, "right") for one in _STATISTICS),
        *(Column(labels(f"column.{one}"), 15, "right") for one in _PARTS),
    )
    rows = tuple(
        cells(_unit(row), *(_value(row[one]) for one in _STATISTICS),
              *(_share(row[one]) for one in _PARTS))
        for row in told.to_dict("records")
    )  # fmt: skip
    caption = labels("report.table_zonal", file=found.facts["file"])
    return Table("table_zonal", caption, columns, rows)


def _class_table(of: Material, found: Zonal, classes: pd.DataFrame) -> Table:
    labels, told = of.labels, word_classes(classes, of.definition, of.labels)
    columns = (
        Column(labels("column.unit_name"), 50), Column(labels("column.class_value"), 20, "right"),
        Column(labels("column.class_share"), 24, "right"),
        Column(labels("column.share_of_area"), 24, "right"),
        Column(labels("report.square_km"), 34, "right"),
    )  # fmt: skip
    rows = tuple(
        cells(_unit(row), f"{row['class_value']:g}", _share(row["class_share"]),
              _share(row["share_of_area"]), f"{row['area_ellipsoid'] / 1e6:,.3f}")
        for row in told.to_dict("records")
    )  # fmt: skip
    caption = labels("report.table_zonal_classes", file=found.facts["file"])
    return Table("table_classes", caption, columns, rows)


def _unit(row: dict[Any, Any]) -> str:
    ring = row.get("ring")
    return f"{row['unit_name']} {ring} m" if isinstance(ring, str) and ring else row["unit_name"]


def _value(value: float) -> str:
    if value != value:
        return DASH
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.5g}"


def _share(value: float) -> str:
    """Return a share, cut after a tenth of a percent: what is not all of it is not 100 %."""
    if value != value:
        return DASH
    if value < TRACE or value > 1 - TRACE:
        return f"{value:.0%}"
    return f"{math.floor(value * 1000) / 10:.1f}%"
