"""What the interactive map shows, as plain values for JSON: plan, projects, legend, words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import shape

from gisplan.crs import gauss_kruger_parameters
from gisplan.errors import CrsError
from gisplan.labels import Labels
from gisplan.map_payload.areas import area_values
from gisplan.map_payload.conflicts import conflict_layers
from gisplan.map_payload.layers import MapClass, MapImage, MapLayer, layer_values
from gisplan.map_payload.packed import LIMIT, pack
from gisplan.map_payload.projects import Seen, project_values
from gisplan.map_payload.values import text, year_of
from gisplan.symbology import DRAW_ORDER, OUTCOME_SYMBOLS, SHAPES
from gisplan.terms import OUTCOMES, Outcome, Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gisplan.definition import PlanDefinition

PAGE_WORDS: Final = (
    "accuracy", "added", "all", "all_view", "analysis", "approx", "area_told", "as_of", "basemap",
    "basemap_failed", "basemap_shift", "basis", "buffer_rings", "card", "changed", "circles",
    "clause", "close", "coarse", "confidence", "conflict_layers", "constraints", "copied",
    "corridor", "corridor_distance", "corridor_lines", "csv", "density", "distance_to", "exact_if",
    "facts", "flip_distance", "footprints", "graticule", "hint_coords", "industry", "inferred",
    "inside_by", "intake_issues", "key_prompt", "kilometres", "labels", "layer_count",
    "layer_items", "layer_more", "layer_none", "layer_other", "layer_undrawn", "layers", "legend",
    "link", "measure", "measure_area", "measure_hint", "measure_length", "metres", "name", "next",
    "no_hits", "no_verdict", "none", "number", "old_browser", "opacity", "outcome", "outside_by",
    "owner", "panel", "paper", "pause", "perimeter", "place_count", "place_hover", "plan_layers",
    "play", "previous", "print", "projects", "quote", "removed", "reset", "ring_widths", "rules",
    "search", "search_hint", "shown", "source", "sources", "stage", "study_area", "swipe",
    "swipe_note", "table", "table_more", "unchecked", "unchecked_note", "unlocated",
    "unlocated_hint", "unnamed", "within", "year", "year_from", "year_step", "year_to", "yearless",
    "zone", "zone_margin", "zones", "zoom_in", "zoom_out", "zoom_to",
)  # fmt: skip
"""Texts of the page itself: ``map.<name>`` in the language files."""

__all__ = [
    "PAGE_WORDS", "MapClass", "MapImage", "MapLayer", "conflict_layers", "map_payload",
]  # fmt: skip


def map_payload(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame | None,
    verdicts: pd.DataFrame | None,
    rules: pd.DataFrame | None,
    *,
    labels: Labels,
    review_number: str | None = None,
    other: tuple[PlanDefinition, gpd.GeoDataFrame] | None = None,
    layers: Sequence[MapLayer | MapImage] = (),
) -> dict[str, Any]:
    """Gather everything the page shows.

    Parameters
    ----------
    definition, areas, projects, verdicts, rules
        As for `gisplan.explore.explore`.
    labels
        The words of one language.
    review_number, other, layers
        As for `gisplan.explore.explore`.

    Returns
    -------
    dict
        Only strings, numbers, booleans, ``None``, lists and dicts; degrees are WGS 84 with
        six decimals, lengths metres.
    """
    drawn = area_values(definition, areas, labels)
    swipe = _swipe(drawn, other, labels)
    seen = Seen()
    if projects is not None and verdicts is not None and not verdicts.index.equals(projects.index):
        verdicts = verdicts.reindex(projects.index)
    long = projects is not None and len(projects) > LIMIT
    packed = pack(projects, verdicts, labels) if projects is not None and long else None
    listed = None if long else projects
    shown = project_values(definition, listed, verdicts, rules, labels, seen)
    places = packed.lon_lat if packed else _lon_lat(shown)
    years = _years(projects)
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
        "packed": packed and packed.told,
        "swipe": swipe,
        "layers": layer_values(layers),
        "order": [str(name) for name in DRAW_ORDER],
        "rules": seen.rules.values(),
        "clauses": seen.clauses.values(),
        "lines": seen.lines.values(),
        "columns": seen.columns.values(),
        "judged": verdicts is not None,
        "years": [min(known), max(known)] if (known := set(years) - {None}) else None,
        "yearless": years.get(None, 0) if known else 0,
        "review": _review(review_number, labels),
        "outcomes": _outcomes(verdicts, labels),
        "shapes": {name: list(corners) for name, corners in SHAPES.items()},
        "bounds": _bounds([*drawn, *(swipe["areas"] if swipe else [])], places),
    }


def _swipe(
    drawn: list[dict[str, Any]],
    other: tuple[PlanDefinition, gpd.GeoDataFrame] | None,
    labels: Labels,
) -> dict[str, Any] | None:
    """Return the areas of a second plan; both plans' areas are told what changed."""
    if other is None:
        return None
    areas = area_values(*other, labels, like=drawn)
    mine, theirs = ({(one["kind"], one["id"]): one for one in side} for side in (drawn, areas))
    for key, one in mine.items():
        if one["geo"] and not theirs.get(key, {}).get("geo"):
            one["change"] = "removed"
    for key, one in theirs.items():
        now, before = one["geo"], mine.get(key, {}).get("geo")
        if now and not before:
            one["change"] = "added"
        elif now and before and not shape(now).equals(shape(before)):
            one["change"] = "changed"
    return {"version": other[0].version, "areas": areas}


def _years(projects: gpd.GeoDataFrame | None) -> dict[Any, int]:
    """Count the projects of each year; those that tell none are under ``None``."""
    out: dict[Any, int] = {}
    if projects is None or "year" not in projects:
        return out
    for cell, count in projects["year"].value_counts(dropna=False).items():
        year = year_of(cell)
        out[year] = out.get(year, 0) + int(count)
    return out


def _review(number: str | None, labels: Labels) -> str:
    return labels("map.review_given", number=number) if number else labels("map.review_number")


def _outcomes(verdicts: pd.DataFrame | None, labels: Labels) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    if verdicts is not None:
        for cell, count in verdicts["outcome"].value_counts(dropna=False).items():
            code = text(cell) or Outcome.UNKNOWN.value
            counts[code] = counts.get(code, 0) + int(count)
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


def _lon_lat(shown: list[dict[str, Any]]) -> NDArray[np.float64]:
    at = [one["at"] for one in shown if "at" in one]
    return np.array(at, dtype="float64").reshape(-1, 2)[:, ::-1]


def _bounds(drawn: list[dict[str, Any]], places: NDArray[np.float64]) -> list[float]:
    """Return south, west, north, east of what is worth seeing first.

    A project further from the plan than half its extent must not shrink the plan to a dot.
    """
    corners = [p for one in drawn if one["geo"] for p in _positions(one["geo"]["coordinates"])]
    plan = np.array(corners, dtype="float64").reshape(-1, 2)
    if not len(plan) and not len(places):
        return [-60.0, -180.0, 60.0, 180.0]
    seen = plan if len(plan) else places
    low, high = seen.min(axis=0), seen.max(axis=0)
    half = (high - low) / 2
    near = places[((places >= low - half) & (places <= high + half)).all(axis=1)]
    seen = np.vstack([seen, near])
    (west, south), (east, north) = seen.min(axis=0).tolist(), seen.max(axis=0).tolist()
    return [south, west, north, east]


def _positions(coordinates: Any) -> Iterable[Any]:
    if coordinates and isinstance(coordinates[0], (int, float)):
        yield coordinates
        return
    for part in coordinates:
        yield from _positions(part)
