"""Results of raster analyses -> words, and terminal tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.surface import Surface
from gisplan.wording import DASH, names
from gisplan.zonal import Zonal

_STATISTICS = ("mean", "stdev", "min", "max", "sum", "count")


def word_zonal(frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    """Put a table by area into words: titles for ids, one column for the bounds of a ring."""
    told = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    known = {key for _, key, _ in plan.definition.layers()}
    titles = [
        names(key, plan.definition, labels.language) if key in known else key
        for key in told["unit"]
    ]
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


def _ring(inner: float, outer: float) -> str:
    return "" if inner != inner else f"{inner:g}–{outer:g}"


def zonal_table(plan: Plan, found: Zonal, labels: Labels) -> str:
    """Lay out the statistics by area, or the shares of classes, for a terminal."""
    told = word_zonal(found.stats if found.classes is None else found.classes, plan, labels)
    wanted = ["unit_name", "ring", *_STATISTICS, "value", "share", "share_of_area", "covered",
              "nodata", "off"]  # fmt: skip
    shown = [code for code in wanted if code in told]
    rows = [[_number(code, row[code]) for code in shown] for row in told.to_dict("records")]
    first = 2 if "ring" in shown else 1
    headers = [labels(f"column.{_HEADERS.get(code, code)}") for code in shown]
    return aligned(headers, rows, right=range(first, len(shown)))


_HEADERS = {"value": "class_value", "share": "class_share"}


def _number(code: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return DASH
    if code in ("covered", "nodata", "off", "share", "share_of_area"):
        return f"{value:.1%}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.5g}"


def zonal_lines(found: Zonal, labels: Labels) -> list[str]:
    """Say what raster it was, what was decided on reading it, and what is odd."""
    return [
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
