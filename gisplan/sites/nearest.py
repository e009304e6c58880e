"""Projects that do not comply -> the nearest place where they would, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan.crs import require_metric
from gisplan.definition import PlanDefinition
from gisplan.sites.ground import Ground, Terrain
from gisplan.sites.search import Found, search, searched
from gisplan.sites.why import Why, why_none
from gisplan.siting import Places, listed_of, measure_places
from gisplan.siting.judge import judge_outcomes
from gisplan.terms import SEPARATOR, Outcome

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
    terrain, listed = Terrain.of(areas), listed_of(projects)
    where = Places.within(projects, areas)
    facts = measure_places(where, listed, terrain.areas, definition, index=terrain.index)
    outcomes = judge_outcomes(facts, definition).texts("outcome")
    shapes = np.asarray(projects.geometry.array, dtype=object)
    rows: list[dict[str, Any]] = [dict.fromkeys(COLUMNS) | {"outcome": one} for one in outcomes]
    wanting: dict[int, Ground] = {}
    for at, row in enumerate(rows):
        if not where.located[at]:
            row["situation"] = "unlocated"
        elif row["outcome"] in _FINE:
            row["situation"] = "complies"
        else:
            own = listed.take(np.array([at]))
            wanting[at] = Ground.of(own, shapes[at], terrain, definition)
    for at, told in _all(wanting, definition):
        rows[at] |= told
    return _framed(rows, projects, areas)


def _all(
    wanting: dict[int, Ground], definition: PlanDefinition
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Describe the nearest place of each project, or why there is none."""
    # Whether there is any place does not depend on where a point is now: of those that are
    # alike, the first is asked, and the others only if it has one.
    keys = {at: (one.industry, one.accuracy, _size(one.shape)) for at, one in wanting.items()}
    first = {keys[at]: at for at in reversed(wanting)}
    alike = {at: one for at, one in wanting.items() if first[keys[at]] != at}
    found = _searched({at: wanting[at] for at in sorted(first.values())}, definition)
    found |= _searched(
        {at: one for at, one in alike.items() if found[first[keys[at]]] is not None}, definition
    )
    causes: dict[Any, Why] = {}
    for at, ground in wanting.items():
        place = found.get(at)
        if place is not None:
            yield at, _described(ground, place)
            continue
        if keys[at] not in causes:
            causes[keys[at]] = why_none(ground)
        yield at, {"situation": "none", **causes[keys[at]]._asdict()}


def _searched(grounds: dict[int, Ground], definition: PlanDefinition) -> dict[int, Found | None]:
    searches = [search(one, tolerance=FINE if one.point else 1.0) for one in grounds.values()]
    return dict(zip(grounds, searched(searches, definition), strict=True))


def _size(shape: Any) -> Any:
    west, south, _, _ = shape.bounds
    return shapely.to_wkb(shapely.transform(shape, lambda points: points - [west, south]))


def _described(ground: Ground, found: Found) -> dict[str, Any]:
    found = _rounded(ground, found)
    there = ground.verdicts(found.place[None])
    shift = found.place - ground.origin
    bearing = float(np.degrees(np.arctan2(shift[0], shift[1])) % 360)
    return {
        "situation": "found", "distance": found.distance, "bearing": bearing,
        "direction": _POINTS[round(bearing / 45) % 8], "east": float(found.place[0]),
        "north": float(found.place[1]), "binding": _binding(ground, found),
        "margin": float(there.numbers("flip_distance")[0]),
        "confidence": float(there.numbers("confidence")[0]),
        "zone": there.texts("zone")[0], "corridor": there.texts("corridor")[0],
        "proved": found.proved, "geometry": ground.moved(found.place[None])[0],
    }  # fmt: skip


def _rounded(ground: Ground, found: Found) -> Found:
    """Take the nearest place in round decimetres that complies with a decimetre to spare.

    The place found lies on the very edge of what complies; rounded, it could lie beyond.
    """
    steps = np.arange(-4, 5) * FINE
    around = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    places = np.round(np.round(found.place / FINE) * FINE + around, 1)
    away = np.hypot(*(places - ground.origin).T)
    order = np.argsort(away, kind="stable")
    # The nearest that is good: of footprints few are measured at a time.
    for at in np.split(order, range(9, len(order), 9)) if not ground.point else [order]:
        facts = ground.ask(places[at])
        worse = ground.better(facts, -FINE, places[at])
        good = ground.complies(facts) & ground.complies(worse)
        if good.any():
            best = int(at[good.argmax()])
            return replace(found, place=places[best], distance=float(away[best]))
    return found  # ground of less than two decimetres


def _binding(ground: Ground, found: Found) -> str:
    """Name the rules that are not met a step back: of several steps the first that says so."""
    back = (ground.origin - found.place) / max(found.distance, 1e-9)
    steps = [min(step, found.distance) for step in (ROUNDS, 5.0, 25.0, found.distance)]
    verdicts = ground.verdicts(found.place + back * np.array(steps)[:, None])
    unchecked = {f"clear_of:{key}" for key in ground.definition.unchecked}
    rules = [name for name in verdicts if name.startswith(_RULES) and name not in unchecked]
    for at, outcome in enumerate(verdicts.texts("outcome")):
        if outcome not in _FINE:
            return SEPARATOR.join(rule for rule in rules if verdicts.texts(rule)[at] == outcome)
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
