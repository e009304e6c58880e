"""The datum detective: what the places of a batch say about the system they were noted in."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan.crs import (
    WGS84,
    bd09_from_wgs84,
    gcj02_from_wgs84,
    transform,
    wgs84_from_bd09,
    wgs84_from_gcj02,
    zone_of_crs,
)
from gisplan.datum.evidence import Evidence, Floats, Landmarks, independent, weigh
from gisplan.definition import PlanDefinition
from gisplan.terms import SEPARATOR

Move = Callable[[Floats, Floats], tuple[Floats, Floats]]
Check = Callable[[gpd.GeoDataFrame], pd.DataFrame]

COLUMNS: Final = (
    "hypothesis", "prior", "log_likelihood", "posterior", "points", "inside", "landmarks",
    "landmark_distance", "changes", "changed", "call",
)  # fmt: skip
"""Columns of the hypotheses, see :func:`suspect`."""

THRESHOLD: Final = 0.99
"""Posterior from which another system than the declared one is suspected."""

SUPPORT: Final = 0.999
"""Posterior from which the declared one is called supported: it has the better prior."""

# Prior odds: most lists are what they say; web-map coordinates are the common exception.
_PRIORS: Final = {"wgs84": 0.03, "gcj02": 0.06, "bd09": 0.03, "swapped": 0.02, "zone": 0.01}
_MOST_POINTS: Final = 400


def suspect(
    projects: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    landmarks: gpd.GeoDataFrame | None = None,
    *,
    declared: str = "wgs84",
    check: Check | None = None,
) -> pd.DataFrame:
    """Weigh what a batch of coordinates may really be against what the plan knows.

    Parameters
    ----------
    projects
        As read, in any CRS; ``name``, ``location`` and ``accuracy`` are used where given.
    areas, definition
        The plan; its study area with its accuracy is the main witness.
    landmarks
        Places of known name: ``name``, geometry and, in metres, ``accuracy`` (M). Compared
        with projects whose name or location is the same; they must be right themselves.
    declared
        What the coordinates were read as: ``wgs84`` (also CGCS2000), ``gcj02``, ``bd09``.
    check
        Judges a frame of projects; then the verdicts that would change are counted.

    Returns
    -------
    DataFrame
        One row per hypothesis, the declared one first: ``hypothesis`` (``wgs84``,
        ``gcj02``, ``bd09``, ``swapped``, and for projected input ``zone_west`` and
        ``zone_east``), ``prior``, ``log_likelihood`` (natural, relative to declared),
        ``posterior``, ``points`` used, share ``inside`` the study area, ``landmarks``
        matched and their median ``landmark_distance`` in metres, ``changes`` (number of
        outcomes that differ from those as declared, missing without *check*), ``changed``
        (their ids joined by ``|``) and ``call``: ``suspected``, ``supported``,
        ``excluded`` or ``open``.

    Notes
    -----
    A Bayesian comparison; docs/coordinates.md has the model and the rates measured by
    injection. A shift of 545 m is mostly invisible inside a big district: then all calls
    stay ``open``. So they do for a single point without a landmark, whatever it says.
    """
    there = transform(projects, WGS84)
    moves = _hypotheses(declared, projects.crs)
    witnesses, accuracy = _witnesses(there, definition)
    plan = pyproj.CRS(areas.crs)
    pairs = _match(witnesses, landmarks, plan, definition)
    weights = independent(witnesses)
    places = {name: _places(witnesses, move, plan) for name, move in moves.items()}
    found = weigh(places, accuracy, weights, areas, definition, pairs)
    table = _posteriors(found, declared, points=len(witnesses))
    table["changes"], table["changed"] = _changes(there, moves, declared, check)
    table["call"] = _calls(table, declared)
    return table[list(COLUMNS)]


def conclude(hypotheses: pd.DataFrame) -> tuple[str, str]:
    """Say in one code what :func:`suspect` found, and of which hypothesis.

    ``suspected`` another system, ``supported`` the declared one, or ``cannot_tell``.
    """
    for call in ("suspected", "supported"):
        named = hypotheses.loc[hypotheses["call"] == call, "hypothesis"]
        if len(named):
            return call, str(named.iloc[0])
    return "cannot_tell", str(hypotheses["hypothesis"].iloc[0])


# --- hypotheses ----------------------------------------------------------------------------


def _hypotheses(declared: str, crs: Any) -> Mapping[str, Move]:
    """Return for each hypothesis how places as read become places as they would be."""
    add: dict[str, Move] = {
        "wgs84": lambda x, y: (x, y), "gcj02": gcj02_from_wgs84, "bd09": bd09_from_wgs84,
    }  # fmt: skip
    take: dict[str, Move] = {
        "wgs84": lambda x, y: (x, y), "gcj02": wgs84_from_gcj02, "bd09": wgs84_from_bd09,
    }  # fmt: skip
    stored = add[declared]

    def instead(name: str) -> Move:
        return lambda x, y: take[name](*stored(x, y))

    moves: dict[str, Move] = {declared: lambda x, y: (x, y)}
    moves |= {name: instead(name) for name in take if name != declared}
    moves["swapped"] = lambda x, y: (y, x)
    zone = zone_of_crs(pyproj.CRS(crs)) if crs is not None else None
    if zone is not None:
        width = float(zone.width)
        moves["zone_west"] = lambda x, y: (x - width, y)
        moves["zone_east"] = lambda x, y: (x + width, y)
    return moves


def _prior(name: str, declared: str, names: Mapping[str, Any]) -> float:
    others = {one: _PRIORS["zone" if one.startswith("zone") else one] for one in names}
    others.pop(declared)
    return others[name] if name != declared else 1.0 - sum(others.values())


def _posteriors(found: Mapping[str, Evidence], declared: str, *, points: int) -> pd.DataFrame:
    names = list(found)
    priors = np.array([_prior(name, declared, found) for name in names])
    weights = np.array([found[name].log_likelihood for name in names])
    weights -= weights[names.index(declared)]
    told = np.log(priors) + weights
    told = np.exp(told - told.max())
    return pd.DataFrame(
        {
            "hypothesis": pd.Series(names, dtype="str"),
            "prior": priors,
            "log_likelihood": weights,
            "posterior": told / told.sum(),
            "points": points,
            "inside": [found[name].inside for name in names],
            "landmarks": [found[name].landmarks for name in names],
            "landmark_distance": [found[name].distance for name in names],
        }
    )


def _calls(table: pd.DataFrame, declared: str) -> pd.Series:
    enough = table["points"] > np.where(table["landmarks"] > 0, 0, 1)
    is_declared = table["hypothesis"] == declared
    certain = table["posterior"] >= np.where(is_declared, SUPPORT, THRESHOLD)
    call = np.select(
        [~enough, certain & is_declared, certain, table["posterior"] <= 1 - THRESHOLD],
        ["open", "supported", "suspected", "excluded"],
        "open",
    )
    return pd.Series(call, index=table.index, dtype="str")


def _changes(
    there: gpd.GeoDataFrame, moves: Mapping[str, Move], declared: str, check: Check | None
) -> tuple[pd.Series, pd.Series]:
    """Judge the batch once under each hypothesis and name the projects judged otherwise."""
    if check is None:
        none = pd.Series(pd.NA, index=range(len(moves)), dtype="Int64")
        return none, pd.Series("", index=none.index, dtype="str")
    before = check(there)["outcome"].astype("str")
    names = there["id"] if "id" in there else pd.Series(there.index, index=there.index)
    counts, told = [], []
    for name, move in moves.items():
        after = before if name == declared else check(_moved(there, move))["outcome"].astype("str")
        other = after.ne(before)
        counts.append(int(other.sum()))
        told.append(SEPARATOR.join(names[other].astype("str").fillna("")))
    return pd.Series(counts, dtype="Int64"), pd.Series(told, dtype="str")


def _moved(there: gpd.GeoDataFrame, move: Move) -> gpd.GeoDataFrame:
    drawn: Any = there.geometry.to_numpy()
    by_axis: Any = move
    moved = shapely.transform(drawn, by_axis, interleaved=False)
    column = gpd.GeoSeries(moved, index=there.index, crs=WGS84, name=there.geometry.name)
    return there.set_geometry(column)


# --- witnesses -----------------------------------------------------------------------------


def _witnesses(
    there: gpd.GeoDataFrame, definition: PlanDefinition
) -> tuple[gpd.GeoDataFrame, Floats]:
    """Return the projects with a place and their M, _MOST_POINTS evenly through the list."""
    located = there[there.geometry.notna() & ~there.geometry.is_empty]
    located = located.iloc[:: max(1, -(-len(located) // _MOST_POINTS))]
    given = located["accuracy"] if "accuracy" in located else pd.Series(np.nan, located.index)
    filled = given.astype(float).fillna(definition.policy.default_accuracy)
    return located, np.array(filled, dtype=np.float64)


def _places(witnesses: gpd.GeoDataFrame, move: Move, plan: pyproj.CRS) -> Floats:
    """Return places under a hypothesis in the plan's metres, NaN where there is none such."""
    points = witnesses.geometry.representative_point()
    lon, lat = move(np.array(points.x, dtype=np.float64), np.array(points.y, dtype=np.float64))
    real = (np.abs(lat) <= 90) & (np.abs(lon) <= 180)
    drawn: Any = shapely.points(lon, lat)
    moved = np.where(real, drawn, None)
    metric: Any = transform(gpd.GeoSeries(moved, crs=WGS84), plan).array
    return np.column_stack([shapely.get_x(metric), shapely.get_y(metric)])


def _match(
    projects: gpd.GeoDataFrame,
    landmarks: gpd.GeoDataFrame | None,
    plan: pyproj.CRS,
    definition: PlanDefinition,
) -> Landmarks:
    """Pair projects with landmarks whose name is their own name or location."""
    rows: list[int] = []
    places: list[tuple[float, float]] = []
    accuracy: list[float] = []
    if landmarks is not None and len(landmarks):
        known = transform(landmarks[landmarks.geometry.notna()], plan)
        centres = known.geometry.representative_point()
        default = definition.policy.default_accuracy
        given = known["accuracy"] if "accuracy" in known else pd.Series(np.nan, known.index)
        by_name: dict[str, tuple[float, float, float] | None] = {}
        for name, x, y, error in zip(
            known["name"], centres.x, centres.y, given.astype(float).fillna(default), strict=True
        ):
            # A name that several landmarks bear is no witness.
            by_name[_plain(name)] = None if _plain(name) in by_name else (x, y, error)
        by_name.pop("", None)
        for at, names in enumerate(_names(projects)):
            hit = next((by_name[one] for one in names if by_name.get(one)), None)
            if hit is not None:
                rows.append(at)
                places.append(hit[:2])
                accuracy.append(hit[2])
    return Landmarks(np.array(rows, dtype=np.int64), np.array(places, dtype=float).reshape(-1, 2),
                      np.array(accuracy, dtype=float))  # fmt: skip


def _names(projects: gpd.GeoDataFrame) -> list[list[str]]:
    columns = [projects[one] for one in ("name", "location") if one in projects]
    return [[_plain(cell) for cell in cells] for cells in zip(*columns, strict=True)]


def _plain(name: object) -> str:
    text = unicodedata.normalize("NFKC", name) if isinstance(name, str) else ""
    return "".join(text.split()).lower()
