"""One project and a plan: what the real check says of the project wherever it would be put."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.columns import Coded, Column, Columns
from gisplan.definition import PlanDefinition
from gisplan.index import PlanIndex
from gisplan.siting import AREA, Places, index_of, judge_facts, known_areas, measure_places
from gisplan.siting.judge import judge_outcomes
from gisplan.siting.measure import industries_of
from gisplan.siting.rules import wanted
from gisplan.terms import Kind, Outcome
from gisplan.uncertainty import DOUBT, axis_error

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_KEPT: Final = 5_000_000
"""Numbers kept of places that were measured: 40 MB."""

_FINE: Final = (Outcome.PASS, Outcome.NOT_APPLICABLE)
_TOLD: Final = ("accuracy", "accuracy_assumed", "industry_codes", "industry_match")


class Measured:
    """What was measured of one shape, by place: asked again, it is not measured again."""

    def __init__(self) -> None:
        self._rows: dict[complex, int] = {}
        self._names: tuple[str, ...] = ()
        self._values = np.empty((0, 0))
        self._shapes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def places(self) -> Floats:
        """All places that were measured (k x 2), in the order in which they were."""
        at = np.fromiter(self._rows, dtype=complex, count=len(self._rows))
        return np.column_stack([at.real, at.imag])

    def at(self, places: Floats, measure: Callable[[Floats], Columns]) -> Columns:
        """Return what was measured at places, measuring those that are new."""
        keys: list[complex] = (places[:, 0] + 1j * places[:, 1]).tolist()
        rows = np.array([self._rows.get(key, -1) for key in keys], dtype=np.int64)
        new = np.flatnonzero(rows < 0)
        if not len(new) and len(keys):
            return self._told(self._values[:, rows])
        facts = measure(places[new])
        values = self._numbered(facts)
        found = np.empty((len(values), len(keys)))
        found[:, rows >= 0] = self._values[:, rows[rows >= 0]] if len(self._rows) else 0.0
        found[:, new] = values
        self._keep([keys[at] for at in new], values)
        return self._told(found)

    def _numbered(self, facts: Columns) -> Floats:
        shape = facts.coded("shape")
        self._shapes = shape.categories
        self._names = tuple(name for name in facts if name not in (*_TOLD, "shape"))
        return np.stack([shape.codes.astype(float), *(facts.array(name) for name in self._names)])

    def _told(self, values: Floats) -> Columns:
        shape = Coded(values[0].astype(np.int8), self._shapes)
        return Columns({"shape": shape, **dict(zip(self._names, values[1:], strict=True))})

    def _keep(self, keys: list[complex], values: Floats) -> None:
        if values.shape[0] * (len(self._rows) + len(keys)) > MOST_KEPT:
            self._rows, self._values = {}, np.empty((values.shape[0], 0))
        if values.size > MOST_KEPT:
            return
        start = len(self._rows)
        if self._values.shape[1] < start + len(keys):
            grown = np.empty((values.shape[0], 2 * (start + len(keys))))
            grown[:, :start] = self._values[:, :start] if start else 0.0
            self._values = grown
        # A place that is asked for twice at once is kept where it stands last.
        own = {key: at for at, key in enumerate(keys)}
        self._values[:, start : start + len(own)] = values[:, list(own.values())]
        self._rows |= {key: start + at for at, key in enumerate(own)}


Kept: TypeAlias = "dict[tuple[float, ...], Measured]"


@dataclass(frozen=True, eq=False)
class Terrain:
    """The areas of a plan, prepared once for all projects, and what points measure on them."""

    areas: Columns = field(repr=False)
    index: PlanIndex = field(repr=False)
    points: Kept = field(repr=False, default_factory=dict)

    @classmethod
    def of(cls, areas: Any) -> Terrain:
        """Take a plan's areas, a frame in metres."""
        columns = Columns.of(areas, *AREA)
        return cls(columns, index_of(columns))

    @cached_property
    def known(self) -> dict[tuple[Kind, str], Any]:
        """Areas that have data."""
        return known_areas(self.areas)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """What the study area spans, or all areas where it has no data."""
        study = self.known.get((Kind.STUDY_AREA, Kind.STUDY_AREA.value))
        held = [study] if study is not None else list(self.known.values())
        west, south, east, north = shapely.total_bounds(np.array(held, dtype=object)).tolist()
        return west, south, east, north

    @cached_property
    def _edges(self) -> dict[str, Any]:
        return {
            key: shapely.boundary(area)
            for (kind, key), area in self.known.items()
            if kind is Kind.COVERAGE
        }

    def coverage(self, key: str) -> tuple[Any, Any]:
        """Return a constraint's coverage and its edge, ``None`` where it has none."""
        return self.known.get((Kind.COVERAGE, key)), self._edges.get(key)


@dataclass(frozen=True, eq=False)
class Ground:
    """One project and the plan it is asked of.

    Attributes
    ----------
    listed
        One row: what the list says of the project (`gisplan.siting.listed_of`).
    shape
        The project as it is drawn now, in the plan's CRS.
    terrain, definition
        The plan's areas, prepared, and the plan.
    measured
        What was measured of this very shape, by the reaches of coverages; of points the
        terrain's own.
    """

    listed: Columns = field(repr=False)
    shape: Any = field(repr=False)
    terrain: Terrain = field(repr=False)
    definition: PlanDefinition = field(repr=False)
    measured: Kept = field(repr=False)

    @classmethod
    def of(
        cls, listed: Columns, shape: Any, terrain: Terrain, definition: PlanDefinition
    ) -> Ground:
        """Put a project on a terrain."""
        point = shape.geom_type == "Point"
        return cls(listed, shape, terrain, definition, terrain.points if point else {})

    @property
    def point(self) -> bool:
        """Whether the project is a point."""
        return bool(self.shape.geom_type == "Point")

    @cached_property
    def origin(self) -> Floats:
        """The point that stands for the project: of a footprint, its centroid."""
        return np.asarray(shapely.get_coordinates(shapely.centroid(self.shape))[0], dtype=float)

    def moved(self, places: Floats) -> NDArray[Any]:
        """Return the project with its origin at places (k x 2)."""
        if self.point:
            return np.asarray(shapely.points(places), dtype=object)
        copies = np.full(len(places), shapely.force_2d(self.shape), dtype=object)
        corners = shapely.get_coordinates(self.shape)
        shifted = corners[None] + (places - self.origin)[:, None, :]
        # Each takes its own copy of the shape along.
        made = shapely.set_coordinates(copies.copy(), shifted.reshape(-1, 2))
        return np.asarray(made, dtype=object)

    def ask(self, places: Floats) -> Columns:
        """Measure the project at places, as `gisplan.siting.measure_places` does."""
        facts = self._kept.at(places, self._measure)
        return facts.also(**self._told(len(places)))

    def about(self, places: Floats) -> Columns:
        """Measure the point that stands for it: all margins to within `reach` of the project's.

        Of many places at once, which are not asked for again: nothing is kept.
        """
        return self._facts(Places.at_points(*places.T)).also(**self._told(len(places)))

    @cached_property
    def reach(self) -> float:
        """Metres by which a margin of a footprint may differ from that of its centroid.

        No place of it is farther away than its farthest corner; a hundredth more for chords
        and steps of what is measured (`gisplan.siting.footprints`), a thousandth of setbacks.
        """
        if self.point:
            return 0.0
        corners = shapely.get_coordinates(self.shape) - self.origin
        setback = max((one.setback for one in self.definition.constraints.values()), default=0)
        return 1.03 * float(np.hypot(*corners.T).max()) + 1.0 + setback / 1000

    def _measure(self, places: Floats) -> Columns:
        if self.point:
            return self._facts(Places.at_points(*places.T))
        return self._facts(Places.of(self.moved(places)))

    def _facts(self, places: Places) -> Columns:
        listed = self.listed.take(np.zeros(len(places.dimension), dtype=np.int64))
        terrain = self.terrain
        return measure_places(places, listed, terrain.areas, self.definition, index=terrain.index)

    @cached_property
    def _kept(self) -> Measured:
        """Of all facts only that a coverage holds a project hangs on accuracies."""
        return self.measured.setdefault(tuple(self._reaches.values()), Measured())

    @cached_property
    def _reaches(self) -> dict[str, float]:
        """How deep in the coverage of each constraint a project has to lie to be covered."""
        accuracy = np.array([self.accuracy])
        return {
            key: one.setback + DOUBT * float(axis_error(one.error, accuracy)[0])
            for key, one in self.definition.constraints.items()
            if one.coverage is not None
        }

    @property
    def visited(self) -> Floats:
        """Places (k x 2) that were measured before, by this ground or one revised."""
        kept = [one.places for one in self.measured.values()]
        return np.concatenate(kept) if kept else np.empty((0, 2))

    @cached_property
    def _own(self) -> Columns:
        """What the list says, as facts."""
        stated = self.listed.numbers("accuracy")
        assumed = ~(stated >= 0)
        default = self.definition.policy.default_accuracy
        return Columns(
            {
                "accuracy": np.where(assumed, default, stated).astype(float),
                "accuracy_assumed": assumed,
                **industries_of(self.listed),
            }
        )

    def _told(self, rows: int) -> dict[str, Column]:
        return dict(self._own.take(np.zeros(rows, dtype=np.int64)))

    @property
    def accuracy(self) -> float:
        """M of the project's coordinates, metres."""
        return float(self._own.numbers("accuracy")[0])

    @property
    def industry(self) -> str | None:
        """Industry codes of the project, joined."""
        codes: str | None = self._own.texts("industry_codes")[0]
        return codes

    def better(self, facts: Columns, by: float, places: Floats) -> Columns:
        """Improve every margin by so many metres (worsen, where *by* is negative).

        An area that wants another industry can only harm; to be out of it is the better side.
        """
        harmful, plan = self._harmful, self.definition
        changed: dict[str, Column] = {"margin:study_area": facts.array("margin:study_area") + by}
        for at, key in enumerate((*plan.zones, *plan.corridors)):
            step = -by if harmful[at] else by
            if key in plan.zones:
                changed[f"margin:{key}"] = facts.array(f"margin:{key}") + step
            else:
                changed[f"distance:{key}"] = facts.array(f"distance:{key}") - step
        for key, one in plan.constraints.items():
            changed[f"margin:{key}"] = facts.array(f"margin:{key}") + by
            if one.coverage is not None:
                changed[f"covered:{key}"] = self._covered(facts, key, by, places)
        return facts.also(**changed)

    @cached_property
    def _harmful(self) -> Bools:
        """Zones and corridors that a project is better off outside of, by the plan's policy."""
        policy = self.definition.policy
        want = wanted(Coded.of([self.industry]), self.definition)
        missing = policy.industry_missing not in _FINE
        other = (want.stated & ~want.fits)[0]
        if self.industry is None or want.may_be_public[0]:  # any comparison is left open
            return other & missing
        may = want.may[0]
        differs = not want.public[0] and policy.unmet.industry_fit not in _FINE
        return (may & missing) | (other & ~may & differs)

    def _covered(self, facts: Columns, key: str, by: float, places: Floats) -> Floats:
        """Whether a coverage could hold the project, were it moved by so many metres."""
        said = facts.array(f"covered:{key}")
        cover, edge = self.terrain.coverage(key)
        if cover is None or by == 0 or not len(places):
            return said
        reach = self._reaches[key]
        if by < 0:
            # Moved by as much, it would still have to lie within.
            shapes = self.moved(places)
            held = shapely.covers(cover, shapes) & (shapely.distance(shapes, edge) + by >= reach)
            return np.minimum(said, held.astype(float))
        # Moved by as much, each of its corners could be so deep within.
        corners = shapely.get_coordinates(shapely.convex_hull(self.shape)) - self.origin
        depth = np.full(len(places), np.inf)
        for corner in corners:
            at = shapely.points(places + corner)
            away = shapely.distance(at, edge)
            depth = np.minimum(depth, np.where(shapely.intersects(cover, at), away, -away))
        return np.maximum(said, (depth + by >= reach).astype(float))

    def complies(self, facts: Columns) -> Bools:
        """Where the real check says that the project complies."""
        return passing(facts, self.definition)

    def verdicts(self, places: Floats) -> Columns:
        """Return the real verdicts at places."""
        return judge_facts(self.ask(places), self.definition)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Where to look: what the plan spans, and a footprint's size around it."""
        west, south, east, north = self.terrain.bounds
        reach = 2 * float(shapely.minimum_bounding_radius(self.shape))
        return west - reach, south - reach, east + reach, north + reach

    def revised(self, definition: PlanDefinition, accuracy: float | None = None) -> Ground:
        """Return the same ground with layers, or the project, surveyed to other accuracies."""
        listed = self.listed
        if accuracy is not None:
            listed = listed.also(accuracy=np.array([accuracy]))
        return replace(self, definition=definition, listed=listed)


def passing(facts: Columns, definition: PlanDefinition) -> Bools:
    """Where the real check says pass."""
    return judge_outcomes(facts, definition).coded("outcome").reads(Outcome.PASS.value)
