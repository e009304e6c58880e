"""Projects that do not comply -> the nearest place where they would, or why there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan.crs import require_metric
from gisplan.definition import PlanDefinition
from gisplan.sites.search import Found, Ground, asked, search
from gisplan.sites.why import Why, why_none
from gisplan.siting import judge, measure
from gisplan.siting.measure import shapes
from gisplan.terms import SEPARATOR, Outcome, Shape

COLUMNS: Final = (
    "situation", "outcome", "distance", "bearing", "direction", "east", "north", "binding",
    "margin", "confidence", "zone", "corridor", "cause", "layers", "needed", "needed_each",
    "proved", "geometry",
)  # fmt: skip

_POINTS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_FINE: Final = (Outcome.PASS.value, Outcome.NOT_APPLICABLE.value)

TOLERANCE = 0.5
"""Metres by which a nearer place of a point may be missed; of a footprint, a metre and a half."""

FINE = 0.1
"""Metres to which places are searched, rounded, and kept within what complies: coordinates as
they are printed (0.1 m, six places of a degree) then comply as well."""

ROUNDS = 1.0
"""Metres by which the step back is taken that shows which rule binds."""


def nearest(
    projects: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, definition: PlanDefinition
) -> gpd.GeoDataFrame:
    """Find for each project that does not comply the nearest place where it would.

    Parameters
    ----------
    projects
        `gisplan.terms.PROJECT_COLUMNS`, in the CRS of *areas* (metres).
    areas, definition
        The plan's areas and the plan. The place has to be surely good: ``pass`` by the
        policy's own threshold, the errors of layers and coordinates counted.

    Returns
    -------
    GeoDataFrame
        Index of *projects*. ``situation``: ``complies`` already, ``found``, ``none``,
        ``unlocated``; ``outcome`` now; ``distance`` (m), ``bearing`` (degrees from grid
        north) and ``direction`` (one of eight); ``east``, ``north`` (m) of the new place;
        ``binding``: rules that stop being met a step back towards the project, joined by
        ``|``; ``margin`` (m) to the nearest edge that would change the answer there and
        ``confidence``; ``zone``, ``corridor`` there; where there is none, ``cause``
        (``rules``, ``unknown``, ``layer``, ``layers``, ``project``, ``both``), ``layers`` (rules or
        layers, joined by ``|``), ``needed`` (the M in metres to which they would have
        to be surveyed; of ``layer`` the first alone) and ``needed_each`` (where any one of
        ``layers`` would do, the M of each, joined by ``|``); ``proved``: no nearer
        place exists, to `TOLERANCE`; geometry of the project at the new place.
    """
    require_metric(pyproj.CRS(areas.crs))
    verdicts = judge(measure(projects, areas, definition), definition)
    drawn_as = shapes(np.asarray(projects.geometry.array, dtype=object))
    causes: dict[Any, Why] = {}
    rows = []
    for at in range(len(projects)):
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row["outcome"] = str(verdicts["outcome"].iloc[at])
        if drawn_as[at] == Shape.NONE.value:
            row["situation"] = "unlocated"
        elif row["outcome"] in _FINE:
            row["situation"] = "complies"
        else:
            row |= _one(Ground(projects.iloc[[at]], areas, definition), causes)
        rows.append(row)
    return _framed(rows, projects, areas)


def _one(ground: Ground, causes: dict[Any, Why]) -> dict[str, Any]:
    point = ground.shape.geom_type == "Point"
    # Whether there is any place does not depend on where a point is now.
    facts = ground.ask(ground.origin[None])
    key = (facts["industry_codes"].iloc[0], facts["accuracy"].iloc[0], _size(ground.shape))
    tolerance = FINE if point else 1.0
    found = None if key in causes else search(ground, tolerance=tolerance)
    if found is not None:
        return _described(ground, found)
    if key not in causes:
        causes[key] = why_none(ground)
    return {"situation": "none", **causes[key]._asdict()}


def _size(shape: Any) -> Any:
    west, south, _, _ = shape.bounds
    return shapely.to_wkb(shapely.transform(shape, lambda points: points - [west, south]))


def _described(ground: Ground, found: Found) -> dict[str, Any]:
    found = _rounded(ground, found)
    there = asked(ground, found.place[None]).iloc[0]
    shift = found.place - ground.origin
    bearing = float(np.degrees(np.arctan2(shift[0], shift[1])) % 360)
    return {
        "situation": "found", "distance": found.distance, "bearing": bearing,
        "direction": _POINTS[round(bearing / 45) % 8], "east": float(found.place[0]),
        "north": float(found.place[1]), "binding": _binding(ground, found),
        "margin": float(there["flip_distance"]), "confidence": float(there["confidence"]),
        "zone": there["zone"], "corridor": there["corridor"], "proved": found.proved,
        "geometry": ground.moved(found.place[None]).geometry.iloc[0],
    }  # fmt: skip


def _rounded(ground: Ground, found: Found) -> Found:
    """Take the nearest place in round decimetres that complies with a decimetre to spare.

    The place found lies on the very edge of what complies; rounded, it could lie beyond.
    """
    steps = np.arange(-4, 5) * FINE
    around = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    places = np.round(np.round(found.place / FINE) * FINE + around, 1)
    facts = ground.ask(places)
    good = ground.complies(facts) & ground.complies(ground.better(facts, -FINE, places))
    if not good.any():  # ground of less than two decimetres
        return found
    away = np.where(good, np.hypot(*(places - ground.origin).T), np.inf)
    best = int(away.argmin())
    return replace(found, place=places[best], distance=float(away[best]))


def _binding(ground: Ground, found: Found) -> str:
    """Name the rules that are not met a step back: of several steps the first that says so."""
    back = (ground.origin - found.place) / max(found.distance, 1e-9)
    steps = [min(step, found.distance) for step in (ROUNDS, 5.0, 25.0, found.distance)]
    verdicts = asked(ground, found.place + back * np.array(steps)[:, None])
    rules = [name for name in verdicts.columns.astype("str") if name.startswith(_RULES)]
    unchecked = {f"clear_of:{key}" for key in ground.definition.unchecked}
    for _, verdict in verdicts.iterrows():
        if verdict["outcome"] not in _FINE:
            held = [r for r in rules if verdict[r] == verdict["outcome"] and r not in unchecked]
            return SEPARATOR.join(held)
    return ""


_RULES = ("in_study_area", "in_zone", "near_corridor", "industry_fit", "clear_of:")


def _framed(
    rows: list[dict[str, Any]], projects: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(rows, index=projects.index, columns=list(COLUMNS))
    texts = ("situation", "outcome", "direction", "binding", "zone", "corridor", "cause", "layers",
             "needed_each")  # fmt: skip
    numbers = ("distance", "bearing", "east", "north", "margin", "confidence", "needed")
    types = {**dict.fromkeys(texts, "str"), **dict.fromkeys(numbers, "float64")}
    shapes_ = gpd.GeoSeries(list(frame.pop("geometry")), index=projects.index, crs=areas.crs)
    frame["proved"] = frame["proved"].astype("boolean")
    return gpd.GeoDataFrame(frame.astype(types), geometry=shapes_, crs=areas.crs)
