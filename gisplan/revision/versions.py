"""A version of a plan, and the plan made of some inputs of one version and the rest of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from gisplan.crs import transform
from gisplan.definition import Layer, PlanDefinition, Policy
from gisplan.terms import AREA_COLUMNS, Kind


class Factor(StrEnum):
    """An input of a verdict that a revision may change.

    ``geometry`` is which areas there are and where; ``rule`` the policy, distances and
    industries; ``status`` whether a layer has data (and over what coverage); ``accuracy``
    how well layers and projects are known; ``project`` the list of projects.
    """

    GEOMETRY = "geometry"
    RULE = "rule"
    STATUS = "status"
    ACCURACY = "accuracy"
    PROJECT = "project"


FACTORS: Final = tuple(Factor)
POLICY: Final = "policy"
"""The key that stands for the policy of a plan, where the others are ids of areas."""

Chosen = Callable[[str, Factor], bool]
"""Whether the newer version's value is taken, by area id (or ``policy``) and factor."""


@dataclass(frozen=True)
class Version:
    """One version of a plan, with the list of projects that is judged by it."""

    definition: PlanDefinition
    areas: gpd.GeoDataFrame
    projects: gpd.GeoDataFrame | None = None

    @property
    def crs(self) -> pyproj.CRS:
        """The system in which this version is measured."""
        return pyproj.CRS(self.areas.crs)

    def layers(self) -> dict[str, tuple[Kind, Layer]]:
        """Return kind and layer by id, in drawing order."""
        return {key: (kind, layer) for kind, key, layer in self.definition.layers()}


def mixed(old: Version, new: Version, chosen: Chosen) -> Version:
    """Build the plan that takes some inputs of the newer version and the rest of the older.

    Parameters
    ----------
    old, new
        The two versions.
    chosen
        Which value to take. ``geometry`` decides whether an area is there at all: what only
        one version has brings its own rules and accuracy with it.

    Returns
    -------
    Version
        In the CRS of the version whose geometry the study area has. With nothing chosen it
        is the older version, with everything the newer.
    """
    sides = (old.layers(), new.layers())
    base = new if chosen(Kind.STUDY_AREA.value, Factor.GEOMETRY) else old
    kept = [key for key in dict.fromkeys([*sides[1], *sides[0]])
            if key in sides[chosen(key, Factor.GEOMETRY)]]  # fmt: skip
    if all(key in sides[0] for key in kept):
        kept = [key for key in sides[0] if key in kept]
    groups: dict[str, dict[str, Layer]] = {kind.value: {} for kind in Kind}
    rows = []
    for key in kept:
        kind, layer, held = _mixed_layer(key, (old, new), sides, chosen, base.crs)
        groups[kind.value][key] = layer
        rows += held
    policy = (old, new)[chosen(POLICY, Factor.RULE)].definition.policy
    known: Policy = (old, new)[chosen(POLICY, Factor.ACCURACY)].definition.policy
    definition = base.definition.model_copy(
        update={
            "study_area": groups[Kind.STUDY_AREA.value][Kind.STUDY_AREA.value],
            "zones": groups[Kind.ZONE.value],
            "corridors": groups[Kind.CORRIDOR.value],
            "constraints": groups[Kind.CONSTRAINT.value],
            "policy": policy.model_copy(update={"default_accuracy": known.default_accuracy}),
        }
    )
    frame = gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=base.crs)
    return Version(definition, frame.reindex(columns=list(AREA_COLUMNS)))


def _mixed_layer(
    key: str,
    versions: tuple[Version, Version],
    sides: tuple[Mapping[str, tuple[Kind, Layer]], ...],
    chosen: Chosen,
    crs: pyproj.CRS,
) -> tuple[Kind, Layer, list[dict[str, Any]]]:
    """Return kind, layer and rows of areas of one layer, each part from the side it is to be."""
    drawn = int(chosen(key, Factor.GEOMETRY))
    kind = sides[drawn][key][0]

    def side(factor: Factor) -> int:
        at = int(chosen(key, factor))
        there = sides[at].get(key)
        return at if there is not None and there[0] is kind else drawn

    told, known = side(Factor.STATUS), side(Factor.ACCURACY)
    supplied, accurate = sides[told][key][1], sides[known][key][1].accuracy
    if supplied.source is not None and accurate is None:
        accurate = supplied.accuracy  # the other side had no data to be accurate
    given = ("source", "where", "layer", "status", "as_of", "valid_until", "basis", "owner",
             "coverage")  # fmt: skip
    update = {name: getattr(supplied, name) for name in given if hasattr(supplied, name)}
    layer = sides[side(Factor.RULE)][key][1].model_copy(update={**update, "accuracy": accurate})
    rows = []
    for row in _rows(versions[told], key):
        shape = row["geometry"]
        other = _rows(versions[drawn], key, row["kind"])
        if shape is not None and other and other[0]["geometry"] is not None:
            shape, told_crs = other[0]["geometry"], versions[drawn].crs
        else:
            told_crs = versions[told].crs
        rows.append({**row, "accuracy": accurate if accurate is not None else np.nan,
                     "geometry": _moved(shape, told_crs, crs)})  # fmt: skip
    return kind, layer, rows


def _rows(version: Version, key: str, kind: str | None = None) -> list[dict[Any, Any]]:
    held = version.areas[version.areas["id"] == key]
    return (held if kind is None else held[held["kind"] == kind]).to_dict("records")


def _moved(shape: Any, start: pyproj.CRS, goal: pyproj.CRS) -> Any:
    if shape is None or start == goal:
        return shape
    return transform(gpd.GeoSeries([shape], crs=start), goal).iloc[0]
