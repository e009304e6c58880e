"""Geometry -> facts: margins, distances and shares of each project to each area.

Nothing is decided here. A fact is a number in the plan's CRS; an area without data
gives NaN, never zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisplan.crs import require_metric
from gisplan.definition import Constraint, PlanDefinition
from gisplan.errors import CrsError
from gisplan.index import PlanIndex, Points, Store
from gisplan.industries import classify
from gisplan.siting.footprints import Target, shares, touching
from gisplan.terms import Kind, Shape
from gisplan.uncertainty import DOUBT, axis_error

EDGE = 1e-6
"""Metres. A point this near to an edge is on it: far below any survey, far above the
rounding of a coordinate transformation (about 1e-9 m)."""

Floats = NDArray[np.float64]
Geometries = NDArray[Any]


@dataclass(frozen=True)
class Places:
    """Where projects are: what each is drawn as, and the points among them as arrays.

    ``at`` are the positions of the points; ``geometries`` is ``None`` where all that has a
    place is a point.
    """

    shape: NDArray[np.str_]
    at: NDArray[np.int64]
    points: Points
    geometries: Geometries | None = None

    @classmethod
    def of(cls, geometries: Geometries) -> Places:
        """Sort geometries by what they are."""
        shape = shapes(geometries)
        at = np.flatnonzero(shape == Shape.POINT.value)
        here = geometries[at]
        points = Points(shapely.get_x(here), shapely.get_y(here))
        drawn = bool(np.isin(shape, (Shape.LINE.value, Shape.POLYGON.value)).any())
        return cls(shape, at, points, geometries if drawn else None)

    @classmethod
    def within(cls, projects: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> Places:
        """Take the places of projects in the CRS of areas, which has to be in metres."""
        if areas.crs is None or projects.crs != areas.crs:
            raise CrsError("crs_differs", found=projects.crs, wanted=areas.crs)
        require_metric(areas.crs)
        return cls.of(np.asarray(projects.geometry.array, dtype=object))

    @classmethod
    def at_points(cls, x: Floats, y: Floats) -> Places:
        """Take points in metres; what is not finite has no place."""
        at = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        shape = np.full(len(x), Shape.NONE.value, dtype="<U8")
        shape[at] = Shape.POINT.value
        return cls(shape, at, Points(x[at], y[at]))

    @cached_property
    def drawn(self) -> NDArray[np.int64]:
        """Positions of the lines and footprints."""
        if self.geometries is None:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(np.isin(self.shape, (Shape.LINE.value, Shape.POLYGON.value)))

    @cached_property
    def wholes(self) -> Geometries:
        """The lines and footprints themselves."""
        return np.empty(0, dtype=object) if self.geometries is None else self.geometries[self.drawn]

    @property
    def located(self) -> NDArray[np.bool_]:
        """Which projects have a place."""
        return self.shape != Shape.NONE.value

    def take(self, rows: NDArray[np.int64]) -> Places:
        """Return some of the places, in the order of *rows*."""
        shape = self.shape[rows]
        where = np.full(len(self.shape), -1)
        where[self.at] = np.arange(len(self.at))
        at = np.flatnonzero(shape == Shape.POINT.value)
        own = where[rows[at]]
        here = None if self.geometries is None else self.geometries[rows]
        return Places(shape, at, Points(self.points.x[own], self.points.y[own]), here)

    def nan(self) -> Floats:
        """Start a fact of which nothing is known."""
        return np.full(len(self.shape), np.nan)


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
    return measure_places(places, projects, areas, definition, index=index)


def measure_places(
    places: Places,
    projects: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    *,
    index: PlanIndex | None = None,
) -> pd.DataFrame:
    """Measure places; see `measure`. Of *projects* only accuracy and industry are read."""
    index = index or index_of(areas)
    facts: dict[str, Any] = {"shape": pd.array(places.shape, dtype="str")}
    stated = _column(projects, "accuracy")
    stated = np.where(stated >= 0, stated, np.nan)
    facts["accuracy"] = np.where(np.isnan(stated), definition.policy.default_accuracy, stated)
    facts["accuracy_assumed"] = np.isnan(stated)
    known = known_areas(areas)
    for kind, key, layer in definition.layers():
        area = known.get((kind, key))
        columns = _AGAINST[kind](places, index, area, key, layer, definition)
        facts |= {f"{name}:{key}": values for name, values in columns.items()}
        if isinstance(layer, Constraint) and layer.coverage is not None:
            coverage = known.get((Kind.COVERAGE, key))
            # What lies within the setback beyond the coverage would count as well, and the edge
            # of the coverage is no better known than the layer.
            reach = layer.setback + DOUBT * axis_error(layer.error, facts["accuracy"])
            facts[f"covered:{key}"] = _covered(places, coverage, reach)
    facts |= _industries(projects)
    return pd.DataFrame(facts, index=projects.index)


def _industries(projects: pd.DataFrame) -> dict[str, Any]:
    """Find the industry codes; lists are long and hold few different words."""
    text, codes = _text(projects, "industry"), _text(projects, "industry_code")
    (word, words), (code, coded) = pd.factorize(text), pd.factorize(codes)
    pair = (word + 1) * (len(coded) + 1) + code + 1
    which, unique = pd.factorize(pair)
    words = words.append(pd.Index([None], dtype="str"))
    coded = coded.append(pd.Index([None], dtype="str"))
    found = classify(
        pd.Series(words[unique // len(coded) - 1]), pd.Series(coded[unique % len(coded) - 1])
    )
    return {name: found[name].array.take(which) for name in ("industry_codes", "industry_match")}


def index_of(areas: gpd.GeoDataFrame, store: Store | None = None) -> PlanIndex:
    """Prepare the areas of a plan for many points; nothing is built before it is needed."""
    known = known_areas(areas)
    study = known.get((Kind.STUDY_AREA, Kind.STUDY_AREA.value))
    around = study.bounds if study is not None else areas.total_bounds
    return PlanIndex(known, around, store=store)


def shapes(geometries: Geometries) -> NDArray[np.str_]:
    """Tell what each project is drawn as, by the dimension of its geometry."""
    names = np.array([Shape.NONE, Shape.POINT, Shape.LINE, Shape.POLYGON], dtype="<U8")
    kind = shapely.get_type_id(geometries)
    dimension = shapely.get_dimensions(geometries)
    nothing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    # What has no area or length, crosses itself or is several things at once cannot be measured.
    nothing |= ~shapely.is_valid(geometries) | np.isin(kind, (4, 7))
    nothing |= (dimension == 2) & (shapely.area(geometries) == 0)
    nothing |= (dimension == 1) & (shapely.length(geometries) == 0)
    dimension = np.where(nothing, -1, dimension)
    return names[dimension + 1]


def known_areas(areas: gpd.GeoDataFrame) -> dict[tuple[Kind, str], Any]:
    """Return the areas that have data, by kind and id."""
    rows = zip(areas["kind"], areas["id"], areas.geometry, strict=True)
    return {
        (Kind(kind), key): geometry
        for kind, key, geometry in rows
        if geometry is not None and not geometry.is_empty
    }


def _column(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _text(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    return frame[name].astype("str")


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
    distance = places.nan()
    if area is not None:
        distance[places.at] = index.distance((Kind.CORRIDOR, key), places.points)
        distance[places.drawn] = shapely.distance(places.wholes, area)
    return {"distance": distance}


def _against_constraint(
    places: Places, index: PlanIndex, area: Any, key: str, layer: Any, plan: PlanDefinition
) -> dict[str, Floats]:
    margin, touch = places.nan(), places.nan()
    if area is None:
        return {"margin": margin, "touch": touch}
    inside = _point_margin(index, (Kind.CONSTRAINT, key), places.points)
    margin[places.at] = -inside - layer.setback
    touch[places.at] = (margin[places.at] <= EDGE).astype(float)
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
    margin, share = places.nan(), places.nan()
    if area is None:
        return {"margin": margin, "share": share}
    margin[places.at] = _point_margin(index, key, places.points)
    share[places.at] = (margin[places.at] >= 0).astype(float)
    if len(places.drawn):
        target = index.kept(key, Target)
        margin[places.drawn], share[places.drawn] = shares(places.wholes, target, wanted)
    return {"margin": margin, "share": share}


def _point_margin(index: PlanIndex, key: tuple[Kind, str], points: Points) -> Floats:
    """Distance to the edge in metres: positive inside, negative outside, zero on it."""
    margin = index.signed(key, points)
    return np.where(np.abs(margin) <= EDGE, 0.0, margin)


def _covered(places: Places, coverage: Any, reach: Floats) -> Floats:
    covered, located = places.nan(), places.located
    covered[located] = 0.0
    if coverage is not None:
        here = places.geometries
        if here is None:
            here = np.full(len(located), None, dtype=object)
            here[places.at] = places.points.drawn
        shapely.prepare(coverage)
        around = shapely.buffer(here[located], reach[located])
        around = np.where(reach[located] > 0, around, here[located])
        covered[located] = shapely.covers(coverage, around).astype(float)
    return covered
