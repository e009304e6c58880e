"""Geometry -> facts: margins, distances and shares of each project to each area.

Nothing is decided here. A fact is a number in the plan's CRS; an area without data
gives NaN, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.columns import Coded, Column, Columns, Keys
from gisplan.crs import require_metric
from gisplan.definition import Constraint, PlanDefinition
from gisplan.errors import CrsError
from gisplan.index import PlanIndex, Points, Store
from gisplan.industries import classified
from gisplan.siting.footprints import Target, shares, touching
from gisplan.terms import Kind, Shape
from gisplan.uncertainty import DOUBT, axis_error

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

AREA: Final = ("kind", "id", "geometry")
"""Columns of *areas* that a check reads."""
EDGE = 1e-6
"""Metres. A point this near to an edge is on it: far below any survey, far above the
rounding of a coordinate transformation (about 1e-9 m)."""

_ANYWHERE: Final = 1e9
"""Metres: farther than any two places on Earth lie apart."""

_SQUARED: Final = 1e150
"""Metres: of what lies farther away, the square of the distance is no number."""

Floats = NDArray[np.float64]
Geometries = NDArray[Any]

SHAPES: Final = (Shape.NONE, Shape.POINT, Shape.LINE, Shape.POLYGON)
"""What a project can be drawn as, in the order of its dimension, from -1."""
_NOWHERE, _POINT, _LINE = -1, 0, 1


@dataclass(frozen=True)
class Places:
    """Where projects are: what each is drawn as, and the points among them as arrays.

    ``dimension`` is -1 without a place, 0 for a point, 1 for a line, 2 for a footprint.
    ``at`` are the positions of the points; ``geometries`` is ``None`` where all that has a
    place is a point.
    """

    dimension: NDArray[np.int8]
    at: NDArray[np.int64]
    points: Points
    geometries: Geometries | None = None

    @classmethod
    def of(cls, geometries: Geometries) -> Places:
        """Sort geometries by what they are."""
        dimension = dimensions(geometries)
        at = np.flatnonzero(dimension == _POINT)
        here = geometries[at]
        points = Points(shapely.get_x(here), shapely.get_y(here))
        if not (measured := _can_be_measured(points.x, points.y)).all():
            dimension[at[~measured]] = _NOWHERE
            at, points = at[measured], Points(points.x[measured], points.y[measured])
        drawn = bool((dimension >= _LINE).any())
        return cls(dimension, at, points, geometries if drawn else None)

    @classmethod
    def within(cls, projects: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> Places:
        """Take the places of projects in the CRS of areas, which has to be in metres."""
        if areas.crs is None or projects.crs != areas.crs:
            raise CrsError("crs_differs", found=projects.crs, wanted=areas.crs)
        require_metric(areas.crs)
        return cls.of(np.asarray(projects.geometry.array, dtype=object))

    @classmethod
    def at_points(cls, x: Floats, y: Floats) -> Places:
        """Take points in metres; what is not finite, or cannot be measured, has no place."""
        found = _can_be_measured(x, y)
        dimension = np.where(found, _POINT, _NOWHERE).astype(np.int8)
        at = np.flatnonzero(found)
        points = Points(x, y) if len(at) == len(x) else Points(x[at], y[at])
        return cls(dimension, at, points)

    @cached_property
    def drawn(self) -> NDArray[np.int64]:
        """Positions of the lines and footprints."""
        if self.geometries is None:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(self.dimension >= _LINE)

    @cached_property
    def wholes(self) -> Geometries:
        """The lines and footprints themselves."""
        return np.empty(0, dtype=object) if self.geometries is None else self.geometries[self.drawn]

    @property
    def located(self) -> NDArray[np.bool_]:
        """Which projects have a place."""
        return self.dimension > _NOWHERE

    @cached_property
    def _own(self) -> NDArray[np.int64]:
        """Where each point stands among the points."""
        where = np.full(len(self.dimension), -1)
        where[self.at] = np.arange(len(self.at))
        return where

    def take(self, rows: NDArray[np.int64]) -> Places:
        """Return some of the places, in the order of *rows*."""
        dimension = self.dimension[rows]
        at = np.flatnonzero(dimension == _POINT)
        own = self._own[rows[at]]
        here = None if self.geometries is None else self.geometries[rows]
        return Places(dimension, at, Points(self.points.x[own], self.points.y[own]), here)

    @cached_property
    def unknown(self) -> Floats:
        """A fact of which nothing is known."""
        found = np.full(len(self.dimension), np.nan)
        found.flags.writeable = False
        return found

    def spread(self, of_points: Floats) -> Floats:
        """Return a fact of the points as one of all; the others' is not known."""
        if len(self.at) == len(self.dimension):
            return of_points
        found = self.unknown.copy()
        found[self.at] = of_points
        return found


def measure(
    projects: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    *,
    index: PlanIndex | None = None,
) -> pd.DataFrame:
    """Measure every project against every area of the plan.

    Parameters
    ----------
    projects
        One row per project, in the CRS of *areas*; geometry may be missing.
    areas
        The plan's areas (`gisplan.terms.AREA_COLUMNS`), in a projected CRS in metres.
    definition
        Gives the ids, widths, setbacks and shares.
    index
        What `index_of` made of the same areas, where it is kept from call to call.

    Returns
    -------
    DataFrame
        Index of *projects*. ``shape``; ``accuracy`` (M in metres) and ``accuracy_assumed``;
        ``industry_codes`` and ``industry_match``; and, per area id,
        ``margin:<id>`` (metres; > 0 where the rule is met: inside the study area or zone,
        clear of the constraint and its setback), ``share:<id>`` (of the footprint's area,
        or of a line's length, inside), ``distance:<id>`` (metres to a corridor),
        ``touch:<id>`` (m² of a footprint, m of a line, 1 or 0 for a point, on the
        constraint) and ``covered:<id>`` (1.0 where the constraint's coverage holds it).

    Raises
    ------
    CrsError
        Where the two frames differ in CRS or it is not in metres.
    """
    places = Places.within(projects, areas)
    listed, known = listed_of(projects), Columns.of(areas, *AREA)
    return measure_places(places, listed, known, definition, index=index).to_frame(projects.index)


def measure_places(
    places: Places,
    listed: Columns,
    areas: Columns,
    definition: PlanDefinition,
    *,
    index: PlanIndex | None = None,
) -> Columns:
    """Measure places; see `measure`.

    Parameters
    ----------
    places
        Where the projects are, in the CRS of *areas*.
    listed
        What the list says of them: ``accuracy``, ``industry``, ``industry_code``; a column
        that is not there says nothing.
    areas
        ``kind``, ``id`` and ``geometry`` (``None`` without data) of the plan's areas.
    definition, index
        As for `measure`.
    """
    index = index or index_of(areas)
    said = said_of(places, listed, definition)
    industries = {name: said.pop(name) for name in ("industry_codes", "industry_match")}
    facts, known = said, known_areas(areas)
    covered = covered_facts(places, known, definition, np.asarray(said["accuracy"]))
    for kind, key, layer in definition.layers():
        area = known.get((kind, key))
        columns = _AGAINST[kind](places, index, area, key, layer, definition)
        facts |= {f"{name}:{key}": values for name, values in columns.items()}
        if (name := f"covered:{key}") in covered:
            facts[name] = covered[name]
    return Columns({**facts, **industries}, listed.rows)


def said_of(places: Places, listed: Columns, definition: PlanDefinition) -> dict[str, Column]:
    """Return the facts that no area is needed for."""
    stated = listed.numbers("accuracy")
    assumed = ~(stated >= 0)
    return {
        "shape": Coded(places.dimension + np.int8(1), tuple(one.value for one in SHAPES)),
        "accuracy": np.where(assumed, definition.policy.default_accuracy, stated),
        "accuracy_assumed": assumed,
        **industries_of(listed),
    }


def covered_facts(
    places: Places, known: Mapping[tuple[Kind, str], Any], definition: PlanDefinition,
    accuracy: Floats,
) -> dict[str, Floats]:  # fmt: skip
    """Tell which projects lie within the coverage of each constraint that has one."""
    facts = {}
    for key, layer in definition.constraints.items():
        if layer.coverage is not None:
            # What lies within the setback beyond the coverage would count as well, and the edge
            # of the coverage is no better known than the layer.
            reach = layer.setback + DOUBT * axis_error(layer.error, accuracy)
            facts[f"covered:{key}"] = _covered(places, known.get((Kind.COVERAGE, key)), reach)
    return facts


def industries_of(listed: Columns) -> dict[str, Column]:
    """Find the industry codes; lists are long and hold few different words."""
    text, code = listed.coded("industry"), listed.coded("industry_code")
    words, codes = (*text.categories, None), (*code.categories, None)
    which = (text.codes + np.int64(1)) * len(codes) + code.codes + 1
    pairs = Keys.of(which, len(words) * len(codes))
    # -1 and so the last of the words is what is missing.
    found = [
        classified(words[pair // len(codes) - 1], codes[pair % len(codes) - 1])
        for pair in pairs.unique.tolist()
    ]
    return {
        name: Coded.of([one[at] for one in found]).take(pairs.which)
        for at, name in enumerate(("industry_codes", "industry_match"))
    }


def index_of(areas: Columns | gpd.GeoDataFrame, store: Store | None = None) -> PlanIndex:
    """Prepare the areas of a plan for many points; nothing is built before it is needed."""
    known = known_areas(areas)
    study = known.get((Kind.STUDY_AREA, Kind.STUDY_AREA.value))
    drawn = np.array(list(known.values()), dtype=object)
    around: Any = (np.nan,) * 4  # where nothing is drawn
    if len(drawn):
        around = study.bounds if study is not None else shapely.total_bounds(drawn)
    return PlanIndex(known, around, store=store)


def _can_be_measured(x: Floats, y: Floats) -> NDArray[np.bool_]:
    return np.asarray((np.abs(x) < _SQUARED) & (np.abs(y) < _SQUARED), dtype=bool)


def shapes(geometries: Geometries) -> NDArray[np.str_]:
    """Tell what each project is drawn as, by the dimension of its geometry."""
    return np.array(SHAPES, dtype="<U8")[dimensions(geometries) + 1]


def dimensions(geometries: Geometries) -> NDArray[np.int8]:
    """Tell how many dimensions each geometry has: -1 where it cannot be measured."""
    kind = shapely.get_type_id(geometries)
    dimension = shapely.get_dimensions(geometries)
    nothing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    # What has no area or length, crosses itself or is several things at once cannot be measured.
    nothing |= ~shapely.is_valid(geometries) | np.isin(kind, (4, 7))
    nothing |= (dimension == 2) & (shapely.area(geometries) == 0)
    nothing |= (dimension == 1) & (shapely.length(geometries) == 0)
    return np.where(nothing, _NOWHERE, dimension).astype(np.int8)


def known_areas(areas: Columns | gpd.GeoDataFrame) -> dict[tuple[Kind, str], Any]:
    """Return the areas that have data, by kind and id."""
    columns = areas if isinstance(areas, Columns) else Columns.of(areas, *AREA)
    rows = zip(*(columns.array(name) for name in AREA), strict=True)
    return {
        (Kind(kind), key): geometry
        for kind, key, geometry in rows
        if geometry is not None and not geometry.is_empty
    }


def listed_of(projects: pd.DataFrame) -> Columns:
    """Take what the check reads of a list, as numbers and text whatever they are there."""
    import pandas as pd

    columns: dict[str, Column] = {}
    if "accuracy" in projects:
        stated = pd.to_numeric(projects["accuracy"], errors="coerce")
        columns["accuracy"] = stated.to_numpy(dtype=float, na_value=np.nan)
    for name in ("industry", "industry_code", "intake_issues"):
        if name in projects:
            codes, texts = pd.factorize(projects[name].astype("str"))
            columns[name] = Coded(codes, tuple(texts.tolist()))
    return Columns(columns, len(projects))


def _against_study_area(
    places: Places, index: PlanIndex, area: Any, key: str, _layer: Any, plan: PlanDefinition
) -> dict[str, Floats]:
    return _inside(places, index, area, (Kind.STUDY_AREA, key), plan.policy.study_area_share)


def _against_zone(
    places: Places, index: PlanIndex, area: Any, key: str, _layer: Any, plan: PlanDefinition
) -> dict[str, Floats]:
    return _inside(places, index, area, (Kind.ZONE, key), plan.policy.zone_share)


def _against_corridor(
    places: Places, index: PlanIndex, area: Any, key: str, _layer: Any, _plan: PlanDefinition
) -> dict[str, Floats]:
    if area is None:
        return {"distance": places.unknown}
    distance = places.spread(index.distance((Kind.CORRIDOR, key), places.points))
    if len(places.drawn):
        distance[places.drawn] = shapely.distance(places.wholes, area)
    return {"distance": distance}


def _against_constraint(
    places: Places, index: PlanIndex, area: Any, key: str, layer: Any, plan: PlanDefinition
) -> dict[str, Floats]:
    if area is None:
        return {"margin": places.unknown, "touch": places.unknown}
    clear = clear_of_setback(point_margin(index, (Kind.CONSTRAINT, key), places.points), layer)
    margin, touch = places.spread(clear), places.spread((clear <= EDGE).astype(float))
    if len(places.drawn):
        target = index.kept((Kind.CONSTRAINT, key), Target, layer.setback)
        kept, sizes = touching(places.wholes, target, plan.policy.touch_area)
        margin[places.drawn], touch[places.drawn] = kept, sizes
    return {"margin": margin, "touch": touch}


_AGAINST: dict[Kind, Callable[..., dict[str, Floats]]] = {
    Kind.STUDY_AREA: _against_study_area,
    Kind.ZONE: _against_zone,
    Kind.CORRIDOR: _against_corridor,
    Kind.CONSTRAINT: _against_constraint,
}


def _inside(
    places: Places, index: PlanIndex, area: Any, key: tuple[Kind, str], wanted: float
) -> dict[str, Floats]:
    """Signed margin to the edge of an area, and the share that lies inside."""
    if area is None:
        return {"margin": places.unknown, "share": places.unknown}
    inside = point_margin(index, key, places.points)
    margin, share = places.spread(inside), places.spread((inside >= 0).astype(float))
    if len(places.drawn):
        target = index.kept(key, Target)
        margin[places.drawn], share[places.drawn] = shares(places.wholes, target, wanted)
    return {"margin": margin, "share": share}


def clear_of_setback(inside: Floats, layer: Constraint) -> Floats:
    """Margin to a constraint and its setback, from that to its edge."""
    return -inside - layer.setback


def point_margin(
    index: PlanIndex, key: tuple[Kind, str], points: Points, *, sides: Any = None
) -> Floats:
    """Distance to the edge in metres: positive inside, negative outside, zero on it."""
    margin = index.signed(key, points) if sides is None else index.signed(key, points, sides=sides)
    return np.where(np.abs(margin) <= EDGE, 0.0, margin)


def _covered(places: Places, coverage: Any, reach: Floats) -> Floats:
    covered, located = places.unknown.copy(), places.located
    covered[located] = 0.0
    if coverage is not None:
        here = places.geometries
        if here is None:
            here = np.full(len(located), None, dtype=object)
            here[places.at] = places.points.drawn
        shapely.prepare(coverage)
        # No coverage holds what may be anywhere, and GEOS draws no circle round it.
        asked = located & (reach < _ANYWHERE)
        around = shapely.buffer(here[asked], reach[asked])
        # A circle smaller than what coordinates tell apart is empty, and held by nothing.
        around = np.where(reach[asked] > EDGE, around, here[asked])
        covered[asked] = shapely.covers(coverage, around).astype(float)
    return covered
