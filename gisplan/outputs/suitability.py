"""Suitability -> GeoTIFF by windows, maps, and the ranking of candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisplan.definition.criteria import RasterValue
from gisplan.errors import OutputError
from gisplan.io.flat import write_csv
from gisplan.io.grids import Band, write_cog
from gisplan.io.provenance import signed
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels
from gisplan.outputs.lists import beside
from gisplan.outputs.rasters import draw_surface, flattened
from gisplan.plan import Plan
from gisplan.results import Run
from gisplan.surface.suitability import Scorer, cells, facts_of, grid_of, surface_of
from gisplan.surface.words import model_lines, word_ranking


def save_suitability(
    path: Path, plan: Plan, asked: Scorer, cell: float | None, labels: Labels,
    *, about: Mapping[str, Any] | None = None,
) -> list[str]:  # fmt: skip
    """Write the ground's suitability; return what there is to tell of it.

    Raises
    ------
    OutputError
        Where the file would replace a raster that the model reads.
    """
    for one in asked.model.criteria.values():
        source = (plan.folder or Path()) / one.source if isinstance(one, RasterValue) else None
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise OutputError("output_is_input", path=path)
    if path.suffix.lower() != ".tif":
        surface = surface_of(asked, cell)
        draw_surface(path, plan, None, surface, labels,
                     about={**(about or Run.of_plan(plan).facts), **surface.facts})  # fmt: skip
        return model_lines(plan.definition, asked, labels, surface.facts)
    grid = grid_of(asked, cell)
    counts = {"usable": 0, "excluded": 0, "unknown": 0}

    def counted() -> Iterator[tuple[tuple[int, int, int, int], Any]]:
        for window, part in cells(asked, grid):
            counts["usable"] += int((part[1] == 1).sum())
            counts["excluded"] += int((part[1] == 0).sum())
            counts["unknown"] += int(np.isnan(part[1]).sum())
            yield window, part

    facts = facts_of(asked, grid)
    tags = flattened(signed({**(about or Run.of_plan(plan).facts), **facts}))
    bands = (Band("score", "1"), Band("state: 1 usable, 0 ruled out", "1"))
    write_cog(path, grid, counted(), bands=bands, tags=tags)
    shares = {name: count / (grid.rows * grid.columns) for name, count in counts.items()}
    return model_lines(plan.definition, asked, labels, facts | shares)


def save_ranking(
    path: Path, plan: Plan, asked: Scorer, projects: gpd.GeoDataFrame, ranking: pd.DataFrame,
    labels: Labels, *, about: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Write the ranking of candidates with the notes that it needs."""
    about = about or Run.of_plan(plan).facts
    told = word_ranking(plan.definition, asked, projects, ranking, labels)
    if path.suffix.lower() == ".csv":
        write_csv(path, told, labels)
        return beside(path, about, labels)
    notes = pd.DataFrame({"value": model_lines(plan.definition, asked, labels)}, dtype="str")
    title = labels("sheet.suitability")
    sheets = [Sheet(title, told, 2), Sheet(labels("sheet.notes"), notes)]
    write_workbook(path, sheets, labels, title=title, about=about)
    return ()
