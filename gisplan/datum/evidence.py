"""What witnesses say: log-likelihoods of places against the plan and against landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.definition import PlanDefinition
from gisplan.terms import Kind
from gisplan.uncertainty import phi

Floats = NDArray[np.float64]

_CELL: Final = 0.005
"""Degrees, about 500 m. Projects of one neighbourhood are one witness, not many."""
_SHARES: Final = (0.5, 0.7, 0.85, 0.95, 0.99)
"""Shares of a batch that may lie inside the study area."""
_FAR: Final = 0.1
"""Share of the outside points that may lie anywhere within _EVERYWHERE."""
_EVERYWHERE: Final = 4.0e12
_AREA_TRUST: Final = 0.7
"""Exponent of the area's likelihood: real lists are not spread as evenly as the model's."""
_ZONE_TRUST: Final = 0.25
_ZONE_LIMIT: Final = 1.0
"""Nats: nearness to zones and corridors alone never decides."""
_ZONE_LEAN: Final = 0.3
_NAME_ERROR: Final = 100.0
"""Metres of M between two points of one name: a gate and a centre."""
_WRONG_NAME: Final = 0.2
_WRONG_NAME_AREA: Final = np.pi * 1.0e8
_LANDMARK_TIE: Final = 0.1
"""Correlation of two landmarks' errors: many are worth ten at most."""


class Evidence(NamedTuple):
    """What the witnesses say of one hypothesis; ``inside`` and ``distance`` are to be shown."""

    log_likelihood: float
    inside: float
    landmarks: int
    distance: float


class Landmarks(NamedTuple):
    """Pairs of a project and a landmark of the same name: row, place and M of both."""

    rows: NDArray[np.int64]
    places: Floats
    accuracy: Floats


def weigh(
    places: Mapping[str, Floats],
    accuracy: Floats,
    weights: Floats,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    pairs: Landmarks,
) -> dict[str, Evidence]:
    """Weigh the places under each hypothesis, in the plan's metres, by all witnesses.

    Parameters
    ----------
    places
        For each hypothesis an array (n, 2), NaN where a project would be nowhere.
    accuracy, weights
        M of each project in metres, and how far it is a witness of its own.
    areas, definition
        The plan.
    pairs
        Projects and landmarks of the same name.
    """
    study = areas[(areas["kind"] == Kind.STUDY_AREA) & areas.geometry.notna()]
    border: Any = study.geometry.iloc[0] if len(study) and len(weights) else None
    error = float(study["accuracy"].fillna(0).iloc[0]) / np.sqrt(2) if len(study) else 0.0
    told = np.zeros(len(places))
    if border is not None:
        told += _AREA_TRUST * _area_evidence(
            list(places.values()), accuracy, weights, border, error
        )
    found: dict[str, Evidence] = {}
    for at, (name, here) in enumerate(places.items()):
        distances = np.hypot(*(here[pairs.rows] - pairs.places).T)
        told[at] += _landmark_evidence(distances, accuracy[pairs.rows], pairs.accuracy)
        inside = float("nan")
        if border is not None:
            told[at] += _zone_evidence(here, weights, areas, definition, border)
            inside = float(np.mean(_signed(here, border) >= 0))
        near = float(np.median(distances)) if distances.size else float("nan")
        found[name] = Evidence(float(told[at]), inside, int(distances.size), near)
    return found


def independent(witnesses: gpd.GeoDataFrame) -> Floats:
    """Return weights: projects in one cell of _CELL degrees share the weight of one.

    They are those of the places as read, whatever the hypothesis: a sum of weights that
    changed with it would be evidence of its own.
    """
    bounds = np.floor(witnesses.geometry.bounds.to_numpy()[:, :2] / _CELL)
    _, cell, count = np.unique(bounds, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[cell.ravel()], dtype=np.float64)


def _area_evidence(
    places: Sequence[Floats], accuracy: Floats, weights: Floats, border: Any, error: float
) -> Floats:
    """Return log P(places | study area) of each hypothesis, at the border's likeliest error.

    The border's error moves all of it at once, so it is not noise that a long list averages
    out: a border of M = 500 m may lie as far off as GCJ-02 does. A hypothesis is therefore
    granted every displacement of the border, those that would make it look like another
    hypothesis included, at the price of that displacement's own probability.
    """
    steps = np.arange(-2.0, 3.0) * error if error > 0 else np.zeros(1)
    nodes = np.array([(x, y) for x in steps for y in steps])
    shapely.prepare(border)
    fits = [_fit(one - nodes[:, None, :], accuracy, weights, border) for one in places]
    told = np.full(len(places), -np.inf)
    for at, here in enumerate(places):
        for other, there in enumerate(places):
            apart = np.zeros(2) if at == other else _apart(here, there)
            moved = np.hypot(*(nodes + apart).T)
            price = (moved / error) ** 2 / 2 if error > 0 else np.where(moved > 0, np.inf, 0.0)
            told[at] = max(told[at], float(np.max(fits[other] - price)))
    return told


def _apart(here: Floats, there: Floats) -> Floats:
    """Return the mean step from one hypothesis's places to another's; inf where none is."""
    step = here - there
    both = np.isfinite(step).all(axis=1)
    return np.asarray(step[both].mean(axis=0) if both.any() else np.full(2, np.inf))


def _fit(places: Floats, accuracy: Floats, weights: Floats, border: Any) -> Floats:
    """Return log P(places | border) for each displacement, at the likeliest share inside.

    Inside, places are spread evenly; outside they thin out over half the width of the area.
    """
    reach = 0.5 * np.sqrt(border.area)
    ring = border.length * reach + 2 * np.pi * reach**2
    margin = _signed(places, border)
    spread = np.maximum(accuracy / np.sqrt(2), 1.0)
    within = phi(np.where(np.isnan(margin), -np.inf, margin / spread))
    beyond = np.maximum(-np.nan_to_num(margin, nan=-np.inf), 0.0)
    outside = (1 - _FAR) * np.exp(-beyond / reach) / ring + _FAR / _EVERYWHERE
    outside = (1 - within) * outside + 1e-6 / _EVERYWHERE
    told = [
        np.log(share * within / border.area + (1 - share) * outside) @ weights for share in _SHARES
    ]
    return np.asarray(np.max(told, axis=0))


def _zone_evidence(
    places: Floats,
    weights: Floats,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    border: Any,
) -> float:
    """Return the weak evidence of nearness to zones and corridors, at most _ZONE_LIMIT."""
    shapes = [
        shape.buffer(definition.corridors[one].within) if kind == Kind.CORRIDOR else shape
        for one, kind, shape in zip(areas["id"], areas["kind"], areas.geometry, strict=True)
        if shape is not None and kind in (Kind.ZONE, Kind.CORRIDOR)
    ]
    aimed = shapely.union_all(shapes).intersection(border) if shapes else shapely.Polygon()
    share = aimed.area / border.area
    if not 0 < share < 1:
        return 0.0
    hit: Any = shapely.intersects_xy(aimed, places[:, 0], places[:, 1])
    lean = np.log(1 - _ZONE_LEAN + np.where(hit, _ZONE_LEAN / share, 0.0))
    return float(np.clip(_ZONE_TRUST * (weights @ lean), -_ZONE_LIMIT / 2, _ZONE_LIMIT / 2))


def _landmark_evidence(distances: Floats, ours: Floats, theirs: Floats) -> float:
    """Return log P(distances to landmarks of the same name); some names are another place's."""
    if not distances.size:
        return 0.0
    axis = np.sqrt((ours**2 + theirs**2 + _NAME_ERROR**2) / 2)
    far = np.nan_to_num(distances, nan=np.inf)
    right = np.exp(-(far**2) / (2 * axis**2)) / (2 * np.pi * axis**2)
    told = np.log((1 - _WRONG_NAME) * right + _WRONG_NAME / _WRONG_NAME_AREA)
    return float(told.sum()) / (1 + _LANDMARK_TIE * (distances.size - 1))


def _signed(places: Floats, border: Any) -> Floats:
    """Return metres to the border, inside > 0, NaN for a place that is nowhere."""
    lost: Any = np.isnan(places).any(axis=-1)
    points: Any = shapely.points(np.where(lost[..., None], 0.0, places))
    reach = np.where(lost, np.nan, shapely.distance(points, border.boundary))
    there: Any = shapely.intersects(border, points)
    return np.asarray(np.where(there, reach, -reach))
