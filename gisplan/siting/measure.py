"""Geometry -> facts: margins, distances and shares of each project to each area.

Nothing is decided here. A fact is a number in the plan's CRS; an area without data
gives NaN, never zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisplan.crs import require_metric
from gisplan.definition import Constraint, PlanDefinition
from gisplan.errors import CrsError
from gisplan.industries import classify
from gisplan.terms import Kind, Shape
from gisplan.uncertainty import axis_error

EDGE = 1e-6
"""Metres. A point this near to an edge is on it: far below any survey, far above the
rounding of a coordinate transformation (about 1e-9 m)."""

DOUBT = 1.645
"""Standard errors within which an edge may lie elsewhere with P = 0.05 on that side."""

BISECTIONS = 14
"""Halvings of the search for a footprint's margin: its diameter / 16 384."""

Floats = NDArray[np.float64]
Geometries = NDArray[Any]


def measure(
    projects: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, definition: PlanDefinition
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
    if areas.crs is None or projects.crs != areas.crs:
        raise CrsError("crs_differs", found=projects.crs, wanted=areas.crs)
    require_metric(areas.crs)
    geometries = np.asarray(projects.geometry.array, dtype=object)
    shape = shapes(geometries)
    facts: dict[str, Any] = {"shape": pd.array(shape, dtype="str")}
    stated = _column(projects, "accuracy")
    stated = np.where(stated >= 0, stated, np.nan)
    facts["accuracy"] = np.where(np.isnan(stated), definition.policy.default_accuracy, stated)
    facts["accuracy_assumed"] = np.isnan(stated)
    known = {(kind, key): geometry for kind, key, geometry in _known(areas)}
    for kind, key, layer in definition.layers():
        area = known.get((kind, key))
        columns = _AGAINST[kind](geometries, shape, area, key, layer, definition)
        facts |= {f"{name}:{key}": values for name, values in columns.items()}
        if isinstance(layer, Constraint) and layer.coverage is not None:
            coverage = known.get((Kind.COVERAGE, key))
            # What lies within the setback beyond the coverage would count as well, and the edge
            # of the coverage is no better known than the layer.
            reach = layer.setback + DOUBT * axis_error(layer.error, facts["accuracy"])
            facts[f"covered:{key}"] = _covered(geometries, shape, coverage, reach)
    matched = classify(_text(projects, "industry"), _text(projects, "industry_code"))
    facts["industry_codes"] = matched["industry_codes"].to_numpy()
    facts["industry_match"] = matched["industry_match"].to_numpy()
    frame = pd.DataFrame(facts, index=projects.index)
    return frame.astype({"industry_codes": "str", "industry_match": "str"})


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


def _known(areas: gpd.GeoDataFrame) -> list[tuple[Kind, str, Any]]:
    rows = zip(areas["kind"], areas["id"], areas.geometry, strict=True)
    return [
        (Kind(kind), key, geometry)
        for kind, key, geometry in rows
        if geometry is not None and not geometry.is_empty
    ]


def _column(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _text(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    return frame[name].astype("str")


def _against_study_area(
    geometries: Geometries, shape: Any, area: Any, _key: str, _layer: Any, plan: PlanDefinition
) -> dict[str, Floats]:
    return _inside(geometries, shape, area, plan.policy.study_area_share)


def _against_zone(
    geometries: Geometries, shape: Any, area: Any, _key: str, _layer: Any, plan: PlanDefinition
) -> dict[str, Floats]:
    return _inside(geometries, shape, area, plan.policy.zone_share)


def _against_corridor(
    geometries: Geometries, shape: Any, area: Any, _key: str, _layer: Any, _plan: PlanDefinition
) -> dict[str, Floats]:
    distance = _nan(geometries)
    if area is not None:
        located = shape != Shape.NONE
        distance[located] = shapely.distance(geometries[located], area)
    return {"distance": distance}


def _against_constraint(
    geometries: Geometries, shape: Any, area: Any, _key: str, layer: Any, plan: PlanDefinition
) -> dict[str, Floats]:
    margin, touch = _nan(geometries), _nan(geometries)
    if area is None:
        return {"margin": margin, "touch": touch}
    points = shape == Shape.POINT
    margin[points] = -_point_margin(geometries[points], area) - layer.setback
    touch[points] = (margin[points] <= EDGE).astype(float)
    # 256 sides: the polygon lies within 0.01 % of the setback of its round edge.
    kept_clear = area.buffer(layer.setback, quad_segs=64) if layer.setback else area
    for row in np.flatnonzero((shape == Shape.LINE) | (shape == Shape.POLYGON)):
        whole, size = geometries[row], _size_of(geometries[row])
        touch[row] = size(whole.intersection(kept_clear))
        # Met while no more than touch_area lies on it; a tiny footprint, or a tiny constraint
        # within it, may not hide below that.
        smallest = min(size(whole), area.area if shape[row] == Shape.POLYGON else np.inf)
        limit = min(plan.policy.touch_area, smallest / 2)
        margin[row] = -_offset(whole, kept_clear, _more_than(size, limit))
    return {"margin": margin, "touch": touch}


_AGAINST: dict[Kind, Callable[..., dict[str, Floats]]] = {
    Kind.STUDY_AREA: _against_study_area,
    Kind.ZONE: _against_zone,
    Kind.CORRIDOR: _against_corridor,
    Kind.CONSTRAINT: _against_constraint,
}


def _inside(geometries: Geometries, shape: Any, area: Any, wanted: float) -> dict[str, Floats]:
    """Signed margin to the edge of an area, and the share that lies inside."""
    margin, share = _nan(geometries), _nan(geometries)
    if area is None:
        return {"margin": margin, "share": share}
    points = shape == Shape.POINT
    margin[points] = _point_margin(geometries[points], area)
    share[points] = (margin[points] >= 0).astype(float)
    for row in np.flatnonzero((shape == Shape.LINE) | (shape == Shape.POLYGON)):
        whole, size = geometries[row], _size_of(geometries[row])
        share[row] = min(1.0, size(whole.intersection(area)) / size(whole))
        # The smallest float below the wanted size, so that "at least" is "more than".
        margin[row] = _offset(whole, area, _more_than(size, wanted * size(whole) * (1 - 1e-12)))
    return {"margin": margin, "share": share}


def _point_margin(points: Geometries, area: Any) -> Floats:
    """Distance to the edge in metres: positive inside, negative outside, zero on it."""
    shapely.prepare(area)
    distance = shapely.distance(shapely.boundary(area), points)
    margin = np.where(shapely.intersects(area, points), distance, -distance)
    return np.where(np.abs(margin) <= EDGE, 0.0, margin)


def _offset(whole: Any, area: Any, holds: Callable[[Any], bool]) -> float:
    """How far the area's edge must move for ``holds(whole ∩ area)`` to change.

    Positive where it holds now (the area would have to shrink by so much), negative where
    it does not (it would have to grow). This is the margin of a footprint: comparing it
    with 1.645 σ is judging again with the layer shrunk and grown by 1.645 σ.
    """
    now = holds(whole.intersection(area))
    low = shapely.distance(whole, shapely.boundary(area))
    # Past the nearest edge, the edge sweeps the footprint within one diameter of it.
    high = low + shapely.minimum_bounding_radius(whole) * 2 + 1.0
    sign = -1.0 if now else 1.0
    nearby = area.intersection(whole.buffer(3 * high + 1, quad_segs=2).envelope)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        moved = nearby.buffer(sign * middle, quad_segs=16)
        low, high = (middle, high) if holds(whole.intersection(moved)) == now else (low, middle)
    # The last edge known to leave the answer where it is met, the first to change it where
    # it is not: an unmet footprint never comes out as exactly on the edge, which is met.
    return low if now else -high


def _size_of(whole: Any) -> Callable[[Any], float]:
    """Area of a footprint's parts, length of a line's: an edge in common has no area."""
    measured = shapely.area if shapely.get_dimensions(whole) == 2 else shapely.length
    return lambda part: float(measured(part))


def _more_than(size: Callable[[Any], float], limit: float) -> Callable[[Any], bool]:
    return lambda part: size(part) > limit


def _covered(geometries: Geometries, shape: Any, coverage: Any, reach: Floats) -> Floats:
    covered = _nan(geometries)
    located = shape != Shape.NONE
    covered[located] = 0.0
    if coverage is not None:
        shapely.prepare(coverage)
        around = shapely.buffer(geometries[located], reach[located])
        around = np.where(reach[located] > 0, around, geometries[located])
        covered[located] = shapely.covers(coverage, around).astype(float)
    return covered


def _nan(geometries: Geometries) -> Floats:
    return np.full(len(geometries), np.nan)
