"""Better places -> workbooks, tables, layers, the interactive map and the map sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from gisplan.crs import transform
from gisplan.io.flat import write_csv
from gisplan.io.provenance import picture_text, stamp_page
from gisplan.io.tables import write_layers
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes, write_text
from gisplan.labels import Labels
from gisplan.map_payload import MapLayer
from gisplan.outputs.lists import beside
from gisplan.outputs.stats import FIGURES
from gisplan.plan import Plan
from gisplan.printout.caveats import caveats
from gisplan.results import Run
from gisplan.sites.words import word_nearest, word_regions
from gisplan.symbology import OUTCOME_SYMBOLS
from gisplan.terms import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_nearest(
    path: Path, plan: Plan, projects: gpd.GeoDataFrame, found: gpd.GeoDataFrame, labels: Labels,
    *, about: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Write where each project would comply, with the move drawn on a map or in a layer."""
    about = about or Run.of_plan(plan).facts
    told = word_nearest(plan.definition, projects, found, labels)
    if path.suffix.lower() == ".gpkg":
        keyed = found.assign(id=told["id"], name=told["name"])
        write_layers(
            path,
            {"sites": keyed, "moves": _moves(plan, projects, keyed)},
            about=about,
        )
        return ()
    if path.suffix.lower() == ".html":
        layer = moves_layer(plan, projects, found, labels)
        page = plan.explore(projects, language=labels.language, layers=[layer])
        write_text(path, stamp_page(page.get_root().render(), about))
        return ()
    if path.suffix.lower() in FIGURES:
        from gisplan.plotting import render

        figure = moves_figure(plan, projects, found, labels)
        write_bytes(path, render(figure, path.suffix, about=picture_text(about)))
        return ()
    notes = (labels("sites.note"),)
    return _save_table(path, told, "sites_nearest", (notes, about), plan, labels)


def save_regions(
    path: Path, plan: Plan, found: gpd.GeoDataFrame, labels: Labels, *, told: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Write the places for a new project; *told* is noted in a workbook."""
    about = about or Run.of_plan(plan).facts
    if path.suffix.lower() == ".gpkg":
        write_layers(path, {"sites": found.astype({"outcome": "str"})}, about=about)
        return ()
    if path.suffix.lower() == ".html":
        page = plan.explore(language=labels.language, layers=[regions_layer(plan, found, labels)])
        write_text(path, stamp_page(page.get_root().render(), about))
        return ()
    if found.empty:
        told = (*told, labels("sites.nothing"))
    notes = (*told, labels("sites.note_new"))
    table = word_regions(plan.definition, found, labels)
    return _save_table(path, table, "sites_regions", (notes, about), plan, labels)


def _save_table(
    path: Path, told: pd.DataFrame, sheet: str, said: tuple[Sequence[str], Mapping[str, Any]],
    plan: Plan, labels: Labels,
) -> tuple[str, ...]:  # fmt: skip
    notes, about = said
    if path.suffix.lower() == ".csv":
        write_csv(path, told, labels)
        return beside(path, about, labels)
    lines = pd.DataFrame({"value": [*notes, *caveats(plan, labels)]}, dtype="str")
    title = labels(f"sheet.{sheet}")
    sheets = [Sheet(title, told, 2, outcome_columns=("outcome",)),
              Sheet(labels("sheet.notes"), lines)]  # fmt: skip
    write_workbook(path, sheets, labels, title=title, about=about)
    return ()


def _moves(plan: Plan, projects: gpd.GeoDataFrame, found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw each move as a line from where the project is to where it would comply."""
    moved = found[found["situation"] == "found"]
    at = (found["situation"] == "found").to_numpy()
    starts = shapely.centroid(transform(projects, plan.crs).geometry.to_numpy()[at])
    ends = shapely.centroid(moved.geometry.to_numpy())
    lines = [shapely.LineString([one, other]) for one, other in zip(starts, ends, strict=True)]
    return gpd.GeoDataFrame(moved.drop(columns="geometry"), geometry=lines, crs=plan.crs)


def moves_layer(
    plan: Plan, projects: gpd.GeoDataFrame, found: gpd.GeoDataFrame, labels: Labels
) -> MapLayer:
    """Return the moves as a layer of the interactive map."""
    told = word_nearest(plan.definition, projects, found, labels)
    lines = _moves(plan, projects, found)
    shown = ["name", "advice", "lon", "lat"]
    words = told.loc[lines.index, shown].rename(columns={c: labels(f"column.{c}") for c in shown})
    frame = gpd.GeoDataFrame(words, geometry=lines.geometry, crs=lines.crs)
    return MapLayer(
        id="sites", title=labels("sites.moves"), frame=frame, name=labels("column.name"),
        color=OUTCOME_SYMBOLS[Outcome.PASS].color, width=2.5, note=labels("sites.note"),
    )  # fmt: skip


def moves_figure(
    plan: Plan, projects: gpd.GeoDataFrame, found: gpd.GeoDataFrame, labels: Labels
) -> Figure:
    """Draw the moves as arrows on the map sheet, with who has none told in its key."""
    from gisplan.plotting.moves import lay_moves

    lines = _moves(plan, projects, found).geometry
    ways = [(line.interpolate(0), line.interpolate(1, normalized=True)) for line in lines]
    situation = found["situation"]
    return lay_moves(
        plan.plot(projects, language=labels.language), ways,
        color=OUTCOME_SYMBOLS[Outcome.PASS].color, title=labels("report.key_moves"),
        words=labels("sites.moves"),
        note=labels("sites.key", found=len(ways), none=int((situation == "none").sum())),
        heading=labels(
            "surface.sheet_title", plan=plan.definition.title.get(labels.language),
            title=labels("report.places"),
        ),
    )  # fmt: skip


def regions_layer(plan: Plan, found: gpd.GeoDataFrame, labels: Labels) -> MapLayer:
    """Return places for a new project as a layer of the interactive map."""
    told = word_regions(plan.definition, found, labels)
    shown = ["rank", "hectares", "score", "reasons"]
    words = told[shown].rename(columns={c: labels(f"column.{c}") for c in shown})
    frame = gpd.GeoDataFrame(words, geometry=found.geometry, crs=found.crs)
    return MapLayer(
        id="sites", title=labels("sites.title_regions"), frame=frame, name=labels("column.rank"),
        color=OUTCOME_SYMBOLS[Outcome.PASS].color, hatch=(45, 6), note=labels("sites.note_new"),
    )  # fmt: skip
