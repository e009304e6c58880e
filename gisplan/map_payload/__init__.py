"""What the interactive map shows, as plain values for JSON: plan, projects, legend, words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from gisplan.crs import gauss_kruger_parameters
from gisplan.errors import CrsError
from gisplan.labels import Labels
from gisplan.map_payload.areas import area_values
from gisplan.map_payload.projects import Seen, project_values
from gisplan.symbology import OUTCOME_SYMBOLS, SHAPES
from gisplan.terms import OUTCOMES, Status

if TYPE_CHECKING:
    from gisplan.definition import PlanDefinition

PAGE_WORDS: Final = (
    "accuracy", "all", "all_view", "as_of", "basemap", "basis", "buffer_rings", "card",
    "circles", "clause", "close", "confidence", "constraints", "corridor",
    "corridor_distance", "corridor_lines", "csv", "distance_to", "exact_if", "facts",
    "flip_distance", "footprints", "graticule", "hint_coords", "industry", "inferred",
    "inside_by", "intake_issues", "key_prompt", "kilometres", "labels", "layers", "legend",
    "metres", "name", "next", "no_hits", "no_verdict", "none", "number", "opacity", "outcome",
    "outside_by", "owner", "panel", "place_count", "previous", "print", "projects", "quote",
    "reset", "review_number", "ring_widths", "rules", "search", "search_hint", "shown",
    "source", "sources", "study_area", "table", "unchecked", "unchecked_note", "unlocated",
    "unlocated_hint", "unnamed", "within", "zone", "zone_margin", "zones", "zoom_in",
    "zoom_out", "zoom_to",
)  # fmt: skip
"""Texts of the page itself: ``map.<name>`` in the language files."""


def map_payload(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame | None,
    verdicts: pd.DataFrame | None,
    rules: pd.DataFrame | None,
    *,
    labels: Labels,
) -> dict[str, Any]:
    """Gather everything the page shows.

    Parameters
    ----------
    definition, areas, projects, verdicts, rules
        As for `gisplan.explore.explore`.
    labels
        The words of one language.

    Returns
    -------
    dict
        Only strings, numbers, booleans, ``None``, lists and dicts; degrees are WGS 84 with
        six decimals, lengths metres.
    """
    drawn = area_values(definition, areas, labels)
    seen = Seen()
    shown = project_values(definition, projects, verdicts, rules, labels, seen)
    schematic = any(one["status"] == Status.SCHEMATIC for one in drawn if one["geo"])
    return {
        "language": labels.language,
        "id": definition.id,
        "title": definition.title.get(labels.language) or definition.id,
        "version": definition.version,
        "note": labels("map.schematic_note") if schematic else "",
        "crs": _metric(definition, areas),
        "areas": drawn,
        "projects": shown,
        "rules": seen.rules.values(),
        "clauses": seen.clauses.values(),
        "lines": seen.lines.values(),
        "columns": seen.columns.values(),
        "judged": verdicts is not None,
        "outcomes": _outcomes(shown, labels),
        "shapes": {name: list(corners) for name, corners in SHAPES.items()},
        "bounds": _bounds(drawn, shown),
    }


def _outcomes(shown: list[dict[str, Any]], labels: Labels) -> list[dict[str, Any]]:
    counts = pd.Series([one.get("outcome") for one in shown], dtype=object).value_counts()
    return [
        {
            "code": code,
            "label": labels.get(f"outcome.{code}") or code,
            "color": OUTCOME_SYMBOLS[code].color,
            "ink": OUTCOME_SYMBOLS[code].ink,
            "shape": OUTCOME_SYMBOLS[code].shape,
            "glyph": OUTCOME_SYMBOLS[code].glyph,
            "order": OUTCOME_SYMBOLS[code].order,
            "count": int(counts.get(code, 0)),
        }
        for code in reversed(OUTCOMES)
    ]


def _metric(definition: PlanDefinition, areas: gpd.GeoDataFrame) -> dict[str, Any] | None:
    """Return what the page needs to compute the plan's own coordinates, if it can."""
    if areas.crs is None:
        return None
    try:
        numbers = gauss_kruger_parameters(areas.crs)
    except CrsError:
        return None
    return {"code": definition.crs, "name": areas.crs.name, **numbers._asdict()}


def _bounds(drawn: list[dict[str, Any]], shown: list[dict[str, Any]]) -> list[float]:
    """Return south, west, north, east of what is worth seeing first.

    A project further from the plan than half its extent must not shrink the plan to a dot.
    """
    plan = [p for one in drawn if one["geo"] for p in _positions(one["geo"]["coordinates"])]
    places = [(one["at"][1], one["at"][0]) for one in shown if "at" in one]
    if not plan and not places:
        return [-60.0, -180.0, 60.0, 180.0]
    west, south, east, north = shapely.MultiPoint(plan or places).bounds
    wide, high = (east - west) / 2, (north - south) / 2
    near = shapely.box(west - wide, south - high, east + wide, north + high)
    seen = [(west, south), (east, north), *(p for p in places if near.covers(shapely.Point(p)))]
    west, south, east, north = shapely.MultiPoint(seen).bounds
    return [south, west, north, east]


def _positions(coordinates: Any) -> Iterable[Any]:
    if coordinates and isinstance(coordinates[0], (int, float)):
        yield coordinates
        return
    for part in coordinates:
        yield from _positions(part)
