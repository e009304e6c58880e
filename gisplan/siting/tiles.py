"""Check very many projects or zones: in blocks, or neighbours by the zones that matter to them.

A verdict depends on an area far away in two ways only: as the nearest of those that are alike
(same kind, industries, width and accuracy), or through a P of entering it that is not zero.
Distance changes by no more than one goes; so for a tile of points, whoever is farther from its
middle than the nearest of its kind by a diameter, and beyond the reach of any error, cannot be
either. What is left is judged as any plan is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.columns import Columns
from gisplan.definition import PlanDefinition
from gisplan.index import PlanIndex
from gisplan.siting.fast import WORTH, judge_fast
from gisplan.siting.judge import judge_facts
from gisplan.siting.measure import Places, known_areas, measure_places
from gisplan.siting.nearby import NOWHERE, SLACK, Nearby, alike, can_matter
from gisplan.siting.noted import note_issues
from gisplan.terms import Kind
from gisplan.uncertainty import SETTLED, axis_error

MANY: Final = 100
"""Zones and corridors from which a plan is judged tile by tile."""
_TILE, _FEWEST = 4096, 128
"""Most points of a tile, and fewest: with fewer, the tiles cost more than they save."""
_BLOCK: Final = 1 << 16
"""Projects judged at a time, so that memory is bounded and stays in the processor's cache."""
Floats = NDArray[np.float64]
_Plan = tuple[Columns, PlanDefinition]
_Tile = tuple[NDArray[np.int64], Columns, PlanDefinition]
_ORIENTED: Final = (Kind.ZONE.value, Kind.CORRIDOR.value)


def check_places(
    places: Places, listed: Columns, held: NDArray[np.bool_], areas: Columns,
    definition: PlanDefinition, index: PlanIndex,
) -> Columns:  # fmt: skip
    """Measure and judge projects, however many they and the areas are, in bounded memory.

    Parameters
    ----------
    places
        Where the projects are, in the CRS of *areas*.
    listed
        ``accuracy``, ``industry``, ``industry_code`` and ``intake_issues`` of the projects,
        as far as their list has them.
    held
        Which projects have a geometry, measurable or not.
    areas, definition, index
        The plan.

    Returns
    -------
    Columns
        The verdicts, as `gisplan.siting.judge`, with ``issues``.
    """
    index.expected = max(index.least, len(places.at))
    many = len(definition.oriented) > MANY
    nearby = None if many else _nearby(areas, definition, index)
    if not len(held) or (not many and nearby is None and len(held) <= _BLOCK):
        return _checked(places, listed, held, (areas, definition, index), None)
    parts, order = [], []
    for rows, here, plan in _parts(places, listed, (areas, definition), nearby):
        parts.append(_checked(here, listed.take(rows), held[rows], (*plan, index), nearby))
        order.append(rows)
    index.expected = index.least
    return Columns.joined(parts, order)


def _parts(
    places: Places, listed: Columns, plan: _Plan, nearby: Nearby | None
) -> Iterator[tuple[NDArray[np.int64], Places, _Plan]]:
    """Cut projects into parts that are judged at a time, with what of the plan matters to each."""
    everyone = np.arange(len(places.dimension))
    if nearby is None and len(plan[1].oriented) <= MANY:
        for rows in _blocks(everyone, _BLOCK):
            yield rows, places.take(rows), plan
        return
    if nearby is not None:
        yield from ((rows, here, plan) for rows, here in nearby.blocks(places))
    else:
        near = _Near(*plan, _worst_accuracy(listed, plan[1]))
        for rows, fewer, smaller in _tiles(places, near):
            yield rows, places.take(rows), (fewer, smaller)
    drawn = np.ones(len(everyone), dtype=bool)
    drawn[places.at] = False
    others = np.flatnonzero(drawn)
    for rows in _blocks(others, _BLOCK if nearby is not None else _FEWEST):
        yield rows, places.take(rows), plan


def _checked(
    places: Places, listed: Columns, held: NDArray[np.bool_],
    plan: tuple[Columns, PlanDefinition, PlanIndex], nearby: Nearby | None,
) -> Columns:  # fmt: skip
    areas, definition, index = plan
    near = None
    if nearby is not None and len(places.at) == len(held):
        facts, near = nearby.facts(places, listed)
    else:
        facts = measure_places(places, listed, areas, definition, index=index)
    verdicts = judge_fast(facts, definition, near) if index.expected >= WORTH else None
    verdicts = judge_facts(facts, definition) if verdicts is None else verdicts
    return verdicts.also(issues=note_issues(listed.get("intake_issues"), held, facts))


def _nearby(areas: Columns, definition: PlanDefinition, index: PlanIndex) -> Nearby | None:
    """Return the plan's grid, made once, where so many points are worth it."""
    if index.expected < WORTH:
        return None
    made: Nearby = index.made(("nearby", id(definition)), lambda: Nearby(areas, definition, index))
    return made if made.possible else None


def _worst_accuracy(listed: Columns, definition: PlanDefinition) -> float:
    stated = np.append(listed.numbers("accuracy"), 0.0)
    return min(max(float(np.nanmax(stated)), definition.policy.default_accuracy), NOWHERE)


def _blocks(rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    return (rows[at : at + size] for at in range(0, len(rows), size))


class _Near:
    """Which zones and corridors can matter to points of a tile."""

    def __init__(self, areas: Columns, definition: PlanDefinition, accuracy: float) -> None:
        self._areas, self._definition = areas, definition
        known = known_areas(areas)
        layers = [(kind, key, one) for kind, key, one in definition.layers() if kind in _ORIENTED]
        self._keys = [(kind.value, key) for kind, key, _ in layers]
        shapes = [known.get((kind, key)) for kind, key, _ in layers]
        self._shapes = np.array(shapes, dtype=object)
        polygon = np.array([kind == Kind.ZONE for kind, _, _ in layers])
        self._edges = np.where(polygon, shapely.boundary(self._shapes), self._shapes)
        self._polygon = polygon
        self._within = np.array([getattr(one, "within", 0.0) for _, _, one in layers])
        self._error = np.array([one.error for _, _, one in layers])
        self._alike = alike(layers)
        self._reach = SETTLED * axis_error(self._error, np.full(len(layers), accuracy))
        shapely.prepare(self._shapes)

    def of(self, x: Floats, y: Floats) -> tuple[Columns, PlanDefinition]:
        """Return the areas that matter to these points, and the plan with only these."""
        west, east, south, north = x.min(), x.max(), y.min(), y.max()
        middle = shapely.Point((west + east) / 2, (south + north) / 2)
        radius = float(np.hypot(east - west, north - south)) / 2 + SLACK
        margin = -shapely.distance(self._edges, middle)
        inside = shapely.intersects(self._shapes, middle)
        margin = np.where(self._polygon & inside, -margin, margin) + self._within
        missing = np.isnan(margin)
        known = np.where(missing, -np.inf, margin)
        kept = can_matter(known[:, None], radius, self._alike, self._reach)[:, 0] & ~missing
        # An area without data is what could hold the project: one of those alike says so.
        lost = np.flatnonzero(missing)
        kept[lost[np.unique(self._alike[lost], return_index=True)[1]]] = True
        chosen = {key for key, is_kept in zip(self._keys, kept, strict=True) if is_kept}
        return self._only(chosen)

    def _only(self, chosen: set[tuple[str, str]]) -> tuple[Columns, PlanDefinition]:
        named = zip(self._areas.array("kind"), self._areas.array("id"), strict=True)
        rows = np.flatnonzero(
            [kind not in _ORIENTED or (kind, key) in chosen for kind, key in named]
        )
        plan = self._definition
        fewer = plan.model_copy(
            update={
                "zones": {k: one for k, one in plan.zones.items() if ("zone", k) in chosen},
                "corridors": {
                    k: one for k, one in plan.corridors.items() if ("corridor", k) in chosen
                },
            }
        )
        return self._areas.take(rows), fewer


def _tiles(places: Places, near: _Near) -> Iterator[_Tile]:
    """Yield neighbouring points with what matters to them, halved until that is little."""
    points = places.at
    waiting = [np.arange(len(points))]
    while waiting:
        rows = waiting.pop()
        x, y = places.points.x[rows], places.points.y[rows]
        if len(rows) <= _TILE:
            if not len(rows):
                continue
            fewer, plan = near.of(x, y)
            if len(rows) <= _FEWEST or len(plan.oriented) <= MANY:
                yield points[rows], fewer, plan
                continue
        along = x if np.ptp(x) >= np.ptp(y) else y
        half = np.argpartition(along, len(rows) // 2)
        waiting += [np.sort(rows[half[len(rows) // 2 :]]), np.sort(rows[half[: len(rows) // 2]])]
