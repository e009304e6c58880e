"""Statistics of a raster -> words: titles for ids, what raster it was, and what is odd."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.wording import names
from gisplan.zonal.statistics import Zonal


def word_zonal(frame: pd.DataFrame, plan: PlanDefinition, labels: Labels) -> pd.DataFrame:
    """Put a table by area into words: titles for ids, one column for the bounds of a ring."""
    told = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    known = {key for _, key, _ in plan.layers()}
    titles = [names(key, plan, labels.language) if key in known else key for key in told["unit"]]
    told.insert(0, "unit_name", titles)
    bounds = told[["inner", "outer"]].to_numpy(dtype=float)
    ring = [_ring(inner, outer) for inner, outer in bounds]
    if any(ring):
        told.insert(1, "ring", ring)
    told = told.drop(columns=["unit", "inner", "outer"])
    if "situation" in told:
        words = [labels(f"raster.situation.{code}") for code in told["situation"]]
        told = told.drop(columns="situation").assign(situation_title=words)
    return told


def word_classes(frame: pd.DataFrame, plan: PlanDefinition, labels: Labels) -> pd.DataFrame:
    """Put shares of classes into words; their value and share have headers of their own."""
    told = word_zonal(frame, plan, labels)
    return told.rename(columns={"value": "class_value", "share": "class_share"})


def _ring(inner: float, outer: float) -> str:
    return "" if inner != inner else f"{inner:g}–{outer:g}"


def zonal_lines(found: Zonal, labels: Labels) -> list[str]:
    """Say what raster it was, what was decided on reading it, and what is odd."""
    return [
        *((labels("raster.no_units"),) if found.stats.empty else ()),
        *raster_facts(found.facts, labels),
        *(labels(f"raster.{code}", **values) for code, values in found.told),
        labels("raster.note_cells"),
        labels("raster.note_shares"),
    ]


def raster_facts(facts: Any, labels: Labels) -> list[str]:
    """Name a raster in one line: size, cells, system; and its unit where it has one."""
    dx, dy = facts["cell"]
    columns, rows = facts["size"]
    values = {
        "file": facts["file"], "columns": f"{columns:,}", "rows": f"{rows:,}", "crs": facts["crs"],
        "band": facts["band"], "dx": f"{dx:.6g}", "dy": f"{dy:.6g}",
        "unit_of_cell": _unit_of_cell(facts["cell_unit"], labels),
    }  # fmt: skip
    told = [labels("raster.facts", **values)]
    return [*told, labels("raster.unit", unit=facts["unit"])] if facts["unit"] else told


def _unit_of_cell(unit: str, labels: Labels) -> str:
    known = {"degree": "degrees", "metre": "metres", "foot": "feet", "US survey foot": "us_feet"}
    return labels(f"raster.{known[unit]}") if unit in known else unit
