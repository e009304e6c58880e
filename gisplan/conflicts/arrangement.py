"""The ground cut along every edge: which areas lie on each cell, and what that makes of it."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisplan.crs import ellipsoidal_area

AREAS: Final = (
    "set", "area_id", "class", "class_title", "owner", "accuracy", "effect", "geometry",
)  # fmt: skip
"""Columns of the areas to compare: the set each is of; its id there; its class, which is
compared, and as people read it; who answers for it; point mean square error M in metres, NaN
where unknown; ``prohibit`` or ``review`` for an area to keep clear of, else ``""``; a polygon
in a projected CRS in metres."""

ENCROACHMENT: Final = "encroachment"
DOUBLE: Final = "double"
OVERLAP: Final = "overlap"
KINDS: Final = (ENCROACHMENT, DOUBLE, OVERLAP)
"""Conflicts of ground that is claimed more than once, the gravest first: each cell counts as
the gravest that it is."""

AGREE: Final = "agree"
ONE: Final = "one"
BESIDES: Final = (AGREE, ONE)
"""Ground that several sets give the same class, and ground that only one area claims."""


def arrange(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut the ground along the edges of all areas.

    Returns
    -------
    GeoDataFrame
        One row per cell: ``cover`` (tuple of positions in *areas*), ``kind`` (of `KINDS` or
        `BESIDES`), ``also`` (other kinds that hold as well), geometry. Cells do not overlap
        and add up to the union of the areas. Cells that no area covers are left out.
    """
    shapes = areas.geometry.to_numpy()
    edges = shapely.union_all(shapely.boundary(shapes)) if len(shapes) else None
    faces = shapely.get_parts(shapely.polygonize([edges])) if len(shapes) else np.array([])
    cover: list[list[int]] = [[] for _ in faces]
    if len(faces):
        inside = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), predicate="within")
        for cell, area in inside.T.tolist():
            cover[cell].append(area)
    claims = list(zip(areas["set"], areas["class"], areas["effect"], strict=True))
    told = [_kinds([claims[at] for at in held]) for held in cover if held]
    frame = pd.DataFrame(
        {
            "cover": [tuple(sorted(held)) for held in cover if held],
            "kind": [kinds[0] for kinds in told],
            "also": [kinds[1:] for kinds in told],
        },
        dtype="object",
    )
    held = [face for face, one in zip(faces, cover, strict=True) if one]
    return gpd.GeoDataFrame(frame, geometry=held, crs=areas.crs)


def _kinds(held: list[tuple[str, str, str]]) -> tuple[str, ...]:
    """Say what a cell with these sets, classes and effects is: the gravest kind first."""
    claims = [(name, kind) for name, kind, effect in held if effect == ""]
    found = []
    if claims and len(claims) < len(held):
        found.append(ENCROACHMENT)
    sets = {name for name, _ in claims}
    if len(sets) > 1 and len({kind for _, kind in claims}) > 1:
        found.append(DOUBLE)
    if len(sets) < len(claims):
        found.append(OVERLAP)
    return tuple(found) or (AGREE if len({name for name, _, _ in held}) > 1 else ONE,)


def balance(areas: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> pd.DataFrame:
    """Account for all the ground: every kind, what only one set claims, and their sum.

    Returns
    -------
    DataFrame
        ``kind`` (of `KINDS`, ``agree``, ``one`` with its set in ``set``, ``sum`` of these,
        ``union`` measured apart, and ``areas`` for the sum of each set's own areas, overlaps
        counted twice), ``set``, ``cells``, ``area``, ``area_ellipsoid`` (m²), ``hectares``,
        ``share`` (of the union). ``sum`` and ``union`` are one and the same ground.
    """
    sets = areas["set"].tolist()
    parts = cells.assign(set=[sets[cover[0]] for cover in cells["cover"]])
    parts["set"] = parts["set"].where(parts["kind"] == ONE, "")
    parts["area"], parts["area_ellipsoid"] = parts.geometry.area, ellipsoidal_area(parts.geometry)
    rows: list[dict[str, Any]] = []
    for kind in (*KINDS, AGREE, ONE):
        mine = parts[parts["kind"] == kind]
        names = list(dict.fromkeys(areas["set"])) if kind == ONE else [""]
        rows += [_summed(kind, name, mine[mine["set"] == name]) for name in names]
    rows.append(_summed("sum", "", parts))
    union = gpd.GeoSeries([shapely.union_all(areas.geometry.to_numpy())], crs=areas.crs)
    rows.append(_measured("union", "", 1, union.area.iloc[0], ellipsoidal_area(union).iloc[0]))
    for name in dict.fromkeys(areas["set"]):
        own = areas[areas["set"] == name].geometry
        rows.append(_measured("areas", name, len(own), own.area.sum(), ellipsoidal_area(own).sum()))
    frame = pd.DataFrame(rows)
    whole = frame.loc[frame["kind"] == "union", "area_ellipsoid"].iloc[0]
    frame["hectares"] = frame["area_ellipsoid"] / 10_000
    frame["share"] = frame["area_ellipsoid"] / whole if whole else np.nan
    return frame


def _summed(kind: str, name: str, parts: gpd.GeoDataFrame) -> dict[str, Any]:
    area, ellipsoid = parts["area"].sum(), parts["area_ellipsoid"].sum()
    return _measured(kind, name, len(parts), area, ellipsoid)


def _measured(kind: str, name: str, cells: int, area: float, ellipsoid: float) -> dict[str, Any]:
    return {
        "kind": kind, "set": name, "cells": cells, "area": float(area),
        "area_ellipsoid": float(ellipsoid),
    }  # fmt: skip
