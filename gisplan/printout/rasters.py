"""Statistics of a raster -> a terminal table."""

from __future__ import annotations

from typing import Any

from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.wording import DASH
from gisplan.zonal import Zonal
from gisplan.zonal.words import word_zonal

_STATISTICS = ("mean", "stdev", "min", "max", "sum", "count")


def zonal_table(plan: Plan, found: Zonal, labels: Labels) -> str:
    """Lay out the statistics by area, or the shares of classes, for a terminal."""
    frame = found.stats if found.classes is None else found.classes
    told = word_zonal(frame, plan.definition, labels)
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
