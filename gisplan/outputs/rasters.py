"""Results of raster analyses -> workbooks, layers and GeoTIFFs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisplan.io.flat import write_csv
from gisplan.io.grids import Band, write_cog
from gisplan.io.provenance import TAG, picture_text, provenance_text, signed, stamp_page
from gisplan.io.tables import write_layers
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes, write_text
from gisplan.labels import Labels
from gisplan.outputs.lists import beside
from gisplan.plan import Plan
from gisplan.results import Run
from gisplan.surface import Surface, draw, map_image
from gisplan.zonal import Zonal
from gisplan.zonal.words import word_classes, word_zonal, zonal_lines


def save_zonal(
    path: Path, plan: Plan, found: Zonal, labels: Labels, *, about: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Write statistics by area as a workbook, a table or a layer with their geometry."""
    suffix, about = path.suffix.lower(), about or Run.of_plan(plan).facts
    if suffix == ".gpkg":
        write_layers(path, {"zonal": found.stats}, about=about)
        return ()
    told, shares = word_zonal(found.stats, plan.definition, labels), None
    if found.classes is not None:
        shares = word_classes(found.classes, plan.definition, labels)
    if suffix == ".csv":
        write_csv(path, told if shares is None else shares, labels)
        return beside(path, about, labels)
    if shares is not None:  # a mean of codes would be read as a result
        told = told.drop(columns=["mean", "stdev", "sum"])
    sheets = [Sheet(labels("sheet.zonal_stats"), told, 1)]
    if shares is not None:
        sheets.insert(0, Sheet(labels("sheet.zonal_classes"), shares, 1))
    lines = [*zonal_lines(found, labels), labels("raster.note_area")]
    notes = pd.DataFrame({"value": lines}, dtype="str")
    sheets.append(Sheet(labels("sheet.notes"), notes))
    write_workbook(path, sheets, labels, title=labels("raster.zonal_title"), about=about)
    return ()


def save_surface(
    path: Path, plan: Plan, projects: gpd.GeoDataFrame | None, surface: Surface, run: Run,
    labels: Labels,
) -> None:  # fmt: skip
    """Write a surface as a GeoTIFF, or draw it below the plan and its projects."""
    suffix = path.suffix.lower()
    if suffix == ".tif":
        grid = surface.grid
        whole = ((0, 0, grid.rows, grid.columns), np.expand_dims(surface.values, 0))
        bands = (Band(surface.kind, surface.unit),)
        write_cog(path, grid, iter([whole]), bands=bands, tags=provenance(surface.facts, run))
        return
    draw_surface(path, plan, projects, surface, labels, about={**run.facts, **surface.facts})


def draw_surface(
    path: Path, plan: Plan, projects: gpd.GeoDataFrame | None, surface: Surface, labels: Labels,
    *, about: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Draw a surface on the interactive map or on the map sheet, by the suffix."""
    suffix, about = path.suffix.lower(), signed(about or Run.of_plan(plan).facts)
    if suffix == ".html":
        page = plan.explore(projects, language=labels.language, layers=[map_image(surface, labels)])
        write_text(path, stamp_page(page.get_root().render(), about))
        return
    from gisplan.plotting import render
    from gisplan.plotting.surface import lay_surface

    picture = draw(surface, labels)
    figure = lay_surface(
        plan.plot(projects, language=labels.language), picture.rgba, picture.extent,
        title=picture.title, legend=picture.legend, note=picture.note,
        heading=labels(
            "surface.sheet_title", plan=plan.definition.title.get(labels.language),
            title=picture.title,
        ),
    )  # fmt: skip
    write_bytes(path, render(figure, suffix, about=picture_text(about)))


def provenance(facts: Mapping[str, object], run: Run) -> dict[str, str]:
    """Lay out what a raster rests on as tags of the file: upper-case names, plain text."""
    return flattened(signed({**run.facts, **facts}))


def flattened(facts: Mapping[str, object]) -> dict[str, str]:
    """Lay out facts as tags of a file: one level, upper-case names, plain text."""
    flat: dict[str, object] = {TAG: provenance_text(facts)}
    for name, value in facts.items():
        if name in ("asked", "inputs"):
            continue
        if isinstance(value, dict):
            flat |= {f"{name}_{inner}": one for inner, one in value.items()}
        else:
            flat[name] = value
    return {
        name.upper(): " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in flat.items()
        if value not in (None, "")
    }
