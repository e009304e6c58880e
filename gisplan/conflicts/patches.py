"""Cells of one kind and the same areas -> patches with their measures, sides and grade."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisplan.areas import strip
from gisplan.conflicts.arrangement import KINDS
from gisplan.crs import MU, WGS84, ellipsoidal_area, transform
from gisplan.terms import SEPARATOR
from gisplan.uncertainty import DOUBT

GAP: Final = "gap"
"""Narrow ground between areas, which none of them claims."""

NOISE: Final = 1e-3
"""m². What cutting leaves of an edge by rounding; less than a sheet of A4 is no patch."""

_TOUCH: Final = 0.01


def conflicts(
    areas: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, *, gap: float | None = None
) -> gpd.GeoDataFrame:
    """Gather cells into patches, and find the gaps between areas.

    Parameters
    ----------
    areas, cells
        The areas and what `gisplan.conflicts.arrange` makes of them.
    gap
        Metres: ground between areas that is narrower than this is a gap; by default that of
        ``data/conflicts.toml``.

    Returns
    -------
    GeoDataFrame
        One row per patch, the gravest kind and the largest first: ``kind``, ``also``,
        ``sides`` (``set:id`` of the areas, joined by ``|``), ``classes``, ``owners`` (of one
        order, each pair once), ``grade``, ``likely`` (``real``; ``sliver``: narrower than
        1.645 σ of its edges; ``unknown`` where a side states no accuracy), ``area``,
        ``area_ellipsoid`` (m²), ``hectares``, ``mu``, ``share`` (of the smallest area
        concerned), ``length``, ``width`` (m, `gisplan.areas.strip`), ``error`` (σ, m),
        ``lon``, ``lat`` (a point of it), ``west``, ``south``, ``east``, ``north`` (degrees,
        by which a later run knows it again), geometry.
    """
    rules = _rules()
    width = float(rules["gap"]) if gap is None else gap
    shapes = [
        *((kind, tuple(sorted(also)), part, cover) for kind, also, cover, part in _merged(cells)),
        *((GAP, (), part, cover) for cover, part in _gaps(areas, width)),
    ]
    held: list[dict[Any, Any]] = areas.drop(columns="geometry").to_dict("records")
    for row, size in zip(held, areas.geometry.area, strict=True):
        row["size"] = float(size)
    rows = [_patch([held[at] for at in cover], *rest) for *rest, cover in shapes]
    columns = ["kind", "also", "sides", "classes", "owners", "effects", "share", "length",
               "width", "error", "geometry"]  # fmt: skip
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=columns), geometry="geometry", crs=areas.crs
    )
    frame["area"], frame["area_ellipsoid"] = frame.geometry.area, ellipsoidal_area(frame.geometry)
    frame["hectares"], frame["mu"] = (frame["area_ellipsoid"] / one for one in (10_000, MU))
    doubt = frame["width"] < DOUBT * frame["error"]
    frame["likely"] = np.where(frame["error"].isna(), "unknown", np.where(doubt, "sliver", "real"))
    frame["grade"] = grades(frame)
    frame = _placed(frame)
    frame["_rank"] = [(*KINDS, GAP).index(kind) for kind in frame["kind"]]
    frame["_size"] = -frame["area"].round(3)
    frame = frame.sort_values(["_rank", "_size", "west", "south"], ignore_index=True)
    return frame[[*PATCH, "geometry"]]


PATCH: Final = (
    "kind", "also", "grade", "likely", "classes", "owners", "sides", "area_ellipsoid", "area",
    "hectares", "mu", "share", "length", "width", "error", "lon", "lat", "west", "south", "east",
    "north",
)  # fmt: skip
"""Columns of a patch, before the ledger numbers it."""


def _merged(
    cells: gpd.GeoDataFrame,
) -> Iterator[tuple[str, tuple[str, ...], tuple[int, ...], Any]]:
    """Join the cells of the same areas, and part what does not hang together."""
    graver = cells[cells["kind"].isin(KINDS)]
    groups: Any = graver.groupby(["kind", "cover"], sort=True)
    for (kind, cover), group in groups:
        whole = shapely.union_all(group.geometry.to_numpy())
        for part in shapely.get_parts(whole):
            if part.area > NOISE:
                yield kind, group["also"].iloc[0], cover, part


def _gaps(areas: gpd.GeoDataFrame, width: float) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Ground that growing the areas by half the width and shrinking them again would fill.

    Corners are kept square (mitred), so that a bay is no gap; what borders on a single area
    is a notch of it, and none either.
    """
    claims = areas[areas["effect"] == ""]
    if claims.empty or width <= 0:
        return
    whole = shapely.union_all(claims.geometry.to_numpy())
    grown = shapely.buffer(whole, width / 2, join_style="mitre", mitre_limit=5)
    closed = shapely.buffer(grown, -width / 2, join_style="mitre", mitre_limit=5)
    tree, effects = shapely.STRtree(areas.geometry.to_numpy()), areas["effect"].tolist()
    # Growing and shrinking leaves films of rounding along every edge; opening takes them off.
    kept = shapely.buffer(closed.difference(whole), -_TOUCH / 2, join_style="mitre")
    kept = shapely.buffer(kept, _TOUCH / 2, join_style="mitre")
    # Ground to be kept clear of is spoken for: it is no gap, and counts in the union.
    spoken = shapely.union_all(areas.geometry.to_numpy())
    for part in shapely.get_parts(kept.difference(spoken)):
        if part.geom_type != "Polygon" or part.area <= NOISE or strip(part)[1] < _TOUCH:
            continue
        near = tree.query(part, predicate="dwithin", distance=2 * _TOUCH)
        beside = sorted(int(k) for k in near)
        beside = [k for k in beside if effects[k] == ""]
        if len(beside) > 1:
            yield tuple(beside), part


def _patch(
    held: list[dict[Any, Any]], kind: str, also: tuple[str, ...], part: Any
) -> dict[str, Any]:
    long, wide = strip(part)
    # Sets that agree on a side are one side to a reader.
    told = dict.fromkeys((row["class_title"], row["owner"]) for row in held)
    worst = sorted(float(row["accuracy"]) for row in held)[-2:]
    known = not any(np.isnan(float(row["accuracy"])) for row in held)
    return {
        "kind": kind,
        "also": SEPARATOR.join(also),
        "sides": SEPARATOR.join(f"{row['set']}:{row['area_id']}" for row in held),
        "classes": SEPARATOR.join(name for name, _ in told),
        "owners": SEPARATOR.join(owner for _, owner in told),
        "effects": SEPARATOR.join(sorted({row["effect"] for row in held} - {""})),
        "share": np.nan if kind == GAP else min(1.0, part.area / min(r["size"] for r in held)),
        "length": long,
        "width": wide,
        "error": math.hypot(*worst) / math.sqrt(2) if known else np.nan,
        "geometry": part,
    }


def _placed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add a point and the bounds of each patch in degrees."""
    web = transform(frame[["geometry"]], WGS84).geometry
    points = shapely.point_on_surface(web.to_numpy())
    frame["lon"], frame["lat"] = shapely.get_x(points), shapely.get_y(points)
    bounds = shapely.bounds(web.to_numpy()).reshape(-1, 4)
    for at, name in enumerate(("west", "south", "east", "north")):
        frame[name] = np.round(bounds[:, at], 8)
    return frame


def grades(patches: pd.DataFrame) -> list[str]:
    """Grade patches by the first rule of ``data/conflicts.toml`` that each answers."""
    rules = _rules()["grade"]
    return [
        next(str(rule["name"]) for rule in rules if _answers(rule, row))
        for row in patches.to_dict("records")
    ]


def _answers(rule: Mapping[str, Any], row: Mapping[Any, Any]) -> bool:
    kinds, likely, effect = (rule.get(key) for key in ("kinds", "likely", "effect"))
    return (
        (kinds is None or row["kind"] in kinds)
        and (likely is None or row["likely"] in likely)
        and (effect is None or effect in str(row["effects"]).split(SEPARATOR))
    )


@cache
def _rules() -> Mapping[str, Any]:
    text = files("gisplan").joinpath("data").joinpath("conflicts.toml").read_text("utf-8")
    return tomllib.loads(text)
