"""How far very many points are from zones and corridors, and nothing else of a verdict."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from gisplan.columns import Columns
from gisplan.definition import PlanDefinition
from gisplan.index import PlanIndex
from gisplan.siting.judge import by_kind, ids_of
from gisplan.siting.measure import EDGE, Floats, Places, known_areas, point_margin
from gisplan.siting.tiles import MANY, check_places
from gisplan.terms import Kind

MARGIN_COLUMNS: Final = ("zone_margin", "corridor", "corridor_distance")
"""Columns of a verdict that say how far a project is from zones and corridors."""


def margins_at(
    places: Places, listed: Columns, plan: tuple[Columns, PlanDefinition], index: PlanIndex
) -> Columns:
    """Measure points; see `MARGIN_COLUMNS`.

    Parameters
    ----------
    places
        Points alone, in the plan's CRS.
    listed
        What is said of them; no distance hangs on it.
    plan
        Areas and definition.
    index
        The areas prepared; ``index.expected`` is how many points there will be in all.

    Returns
    -------
    Columns
        ``zone_margin`` (m, inside > 0), ``corridor`` (ids, joined by ``|``), and
        ``corridor_distance`` (m): bit for bit as `check_places` has them.
    """
    areas, definition = plan
    if len(definition.oriented) > MANY:
        held = np.ones(len(places.dimension), dtype=bool)
        whole = check_places(places, listed, held, areas, definition, index)
        return Columns({name: whole[name] for name in MARGIN_COLUMNS}, whole.rows)
    known, points = known_areas(areas), places.points
    margin = places.unknown.copy()
    for key in definition.zones:
        if (Kind.ZONE, key) in known:
            inside = places.spread(point_margin(index, (Kind.ZONE, key), points))
            np.fmax(margin, inside, out=margin)
    away = [_away(places, index, known, key) for key in definition.corridors]
    nearest = places.unknown.copy()
    for one in away:
        np.fmin(nearest, one, out=nearest)
    near = [one <= nearest + EDGE for one in away]
    member = np.stack(near).T if near else np.empty((len(nearest), 0), dtype=bool)
    return Columns(
        {
            "zone_margin": margin,
            "corridor": by_kind(member, ids_of(tuple(definition.corridors))),
            "corridor_distance": nearest,
        }
    )


def _away(places: Places, index: PlanIndex, known: dict[Any, Any], key: str) -> Floats:
    if (Kind.CORRIDOR, key) not in known:
        return places.unknown
    return places.spread(index.distance((Kind.CORRIDOR, key), places.points))
