"""What differs between two versions: layer by layer, and field by field of the plan file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan.crs import ellipsoidal_area, transform
from gisplan.definition import Layer, PlanDefinition
from gisplan.revision.versions import POLICY, Version
from gisplan.terms import SEPARATOR, Kind
from gisplan.uncertainty import DOUBT

ROUNDING: Final = 1e-3
"""Metres: outlines that are nearer everywhere are the same, brought from one CRS to another."""


def compare_areas(old: Version, new: Version) -> gpd.GeoDataFrame:
    """Compare the layers of two versions one by one.

    Returns
    -------
    GeoDataFrame
        One row per layer of either version, in the newer order and CRS: ``kind``,
        ``area_id``, ``change`` (``added``, ``removed``, ``moved``: drawn otherwise,
        ``supplied`` and ``withdrawn``: its data came or went, ``same``), ``old_area``,
        ``new_area``, ``area_change`` (m², ellipsoidal; for corridors the m of their length),
        ``gained``, ``given_up``, ``symmetric`` (the same of new less old, old less new, and
        both), ``moved`` (m between the centroids), ``farthest`` (m: the largest distance from
        one outline to the other, Hausdorff), ``error`` (σ of the two, m),
        ``within_accuracy`` (``farthest`` at most 1.645 σ: may be no change on the ground),
        ``alike`` (id of a layer of the other version with the very same shape), status,
        accuracy, date and hash of both (``old_…``, ``new_…``), geometry of what differs.
    """
    theirs = replace(old, areas=transform(old.areas, new.crs))
    before, after = theirs.layers(), new.layers()
    drawn = [dict(_shapes(one)) for one in (theirs, new)]
    rows = [
        _area_row(key, (before, after), drawn, (theirs, new))
        for key in dict.fromkeys([*after, *before])
    ]
    frame = gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=new.crs)
    for name, shapes in _MEASURED.items():
        frame[name] = _sizes(frame.pop(shapes), frame["kind"], new.crs)
    frame["area_change"] = frame["new_area"].fillna(0) - frame["old_area"].fillna(0)
    undrawn = frame["old_area"].isna() & frame["new_area"].isna()
    frame.loc[undrawn, "area_change"] = np.nan
    tail = [name for name in frame if name not in _AREA_COLUMNS and name != "geometry"]
    return frame[[*_AREA_COLUMNS, *tail, "geometry"]]


_AREA_COLUMNS = [
    "kind", "area_id", "change", "old_area", "new_area", "area_change", "gained", "given_up",
    "symmetric", "moved", "farthest", "error", "within_accuracy", "alike",
]  # fmt: skip
_MEASURED = {
    "old_area": "_old", "new_area": "_new", "gained": "_gained", "given_up": "_given_up",
    "symmetric": "_symmetric",
}  # fmt: skip


def _area_row(
    key: str,
    layers: tuple[Mapping[str, tuple[Kind, Layer]], ...],
    drawn: list[dict[str, Any]],
    versions: tuple[Version, Version],
) -> dict[str, Any]:
    old, new = (shapes.get(key) for shapes in drawn)
    kind, layer = (layers[1].get(key) or layers[0][key])[0], [one.get(key) for one in layers]
    first, *rest = [one[1].error for one in layer if one is not None]
    error = math.hypot(first, *(rest or [first])) / math.sqrt(2)
    gained, given_up = _difference(new, old), _difference(old, new)
    farthest, moved = _movement(old, new)
    both = farthest == farthest
    return {
        "kind": kind.value,
        "area_id": key,
        "change": _change(layer, old, new),
        "moved": moved,
        "farthest": farthest,
        "error": error if both else np.nan,
        "within_accuracy": farthest <= DOUBT * error if both and farthest > 0 else pd.NA,
        "alike": _twin(key, old if new is None else new, drawn[1 if new is None else 0]),
        "geometry": shapely.union_all([one for one in (gained, given_up) if one is not None]),
        "_old": old, "_new": new, "_gained": gained, "_given_up": given_up,
        "_symmetric": shapely.union_all([one for one in (gained, given_up) if one is not None]),
        **_provenance(key, layer, versions),
    }  # fmt: skip


def _movement(old: Any, new: Any) -> tuple[float, float]:
    """Metres from outline to outline (the largest), and from centroid to centroid."""
    if old is None or new is None:
        return math.nan, math.nan
    return float(old.hausdorff_distance(new)), float(old.centroid.distance(new.centroid))


def _change(layer: list[Any], old: Any, new: Any) -> str:
    if layer[0] is None or layer[1] is None:
        return "added" if layer[0] is None else "removed"
    if old is None or new is None:
        return "same" if old is new else "supplied" if old is None else "withdrawn"
    return "same" if alike(old, new) else "moved"


def alike(old: Any, new: Any) -> bool:
    """Tell whether two shapes are one, but for the rounding of coordinates."""
    return bool(old.equals(new) or old.hausdorff_distance(new) < ROUNDING)


def _difference(one: Any, other: Any) -> Any:
    if one is None:
        return None
    if other is None:
        return one
    if alike(one, other):
        return one.difference(one)
    # A line has no width to overlap with: what runs along the other is taken off it.
    return one.difference(other.buffer(ROUNDING) if one.length and not one.area else other)


def _twin(key: str, shape: Any, others: Mapping[str, Any]) -> str:
    if shape is None or key in others:
        return ""
    return SEPARATOR.join(other for other, held in others.items() if alike(held, shape))


def _provenance(key: str, layer: list[Any], versions: tuple[Version, Version]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, one, version in zip(("old", "new"), layer, versions, strict=True):
        rows = version.areas[version.areas["id"] == key] if one is not None else None
        known = rows[rows["kind"] != Kind.COVERAGE.value] if rows is not None else None
        digest = known["sha256"].iloc[0] if known is not None and len(known) else None
        told[f"{name}_status"] = one[1].status.value if one and one[1].source else ""
        told[f"{name}_accuracy"] = one[1].accuracy if one else np.nan
        told[f"{name}_as_of"] = pd.Timestamp(one[1].as_of) if one and one[1].as_of else pd.NaT
        told[f"{name}_sha256"] = digest if isinstance(digest, str) else ""
    return told


def _sizes(shapes: pd.Series, kinds: pd.Series, crs: pyproj.CRS) -> pd.Series:
    """m² on the ellipsoid; of a line its m."""
    series = gpd.GeoSeries(shapes.to_numpy(dtype=object), index=shapes.index, crs=crs)
    long = kinds == Kind.CORRIDOR.value
    return ellipsoidal_area(series).where(~long, series.length)


def _shapes(version: Version) -> Iterator[tuple[str, Any]]:
    held = version.areas[version.areas["kind"] != Kind.COVERAGE.value]
    yield from (
        (key, shape) for key, shape in zip(held["id"], held.geometry, strict=True)
        if shape is not None
    )  # fmt: skip


# --- what the plan says -----------------------------------------------------------------------


def compare_definitions(old: PlanDefinition, new: PlanDefinition) -> pd.DataFrame:
    """Compare two plan files field by field: everything that the models hold.

    Returns
    -------
    DataFrame
        One row per field that differs: ``path`` (such as ``zones.laocheng.accuracy``),
        ``topic`` (``clause``, ``accuracy``, ``status``, ``policy``, ``rule``, ``industry``,
        ``source``, ``appearance``, ``text``, ``goal``, ``other``), ``change`` (``added``,
        ``removed``, ``changed``), ``old``, ``new`` (text; lists as JSON writes them).
        Putting ``new`` in the place of ``old`` at every path turns one file into the other.
    """
    before, after = flat(old), flat(new)
    rows = [
        (path, topic_of(path), _kind_of_change(path, before, after), before.get(path),
         after.get(path))
        for path in dict.fromkeys([*before, *after])
        if before.get(path) != after.get(path) or (path in before) != (path in after)
    ]  # fmt: skip
    columns = ["path", "topic", "change", "old", "new"]
    return pd.DataFrame(rows, columns=columns, dtype="object")


def flat(definition: PlanDefinition) -> dict[str, Any]:
    """Return every value of a definition by its path; what is not given is not there."""
    return dict(_leaves(definition.model_dump(mode="json"), ""))


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif node is not None:
        yield path, node


def _kind_of_change(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if path not in before:
        return "added"
    return "changed" if path in after else "removed"


_TOPICS: Final = {
    "clause": "clause", "accuracy": "accuracy", "default_accuracy": "accuracy",
    "status": "status", "as_of": "status", "basis": "status", "owner": "status",
    "valid_until": "status",
    "industries": "industry", "public_services": "industry", "aliases": "text",
    "within": "rule", "rings": "rule", "setback": "rule", "effect": "rule", "required": "rule",
    "source": "source", "where": "source", "layer": "source", "coverage": "source",
    "color": "appearance", "title": "text", "version": "text", "document": "text", "id": "text",
    "goals": "goal",
}  # fmt: skip


def topic_of(path: str) -> str:
    """Return what a field is about."""
    first, *rest = path.split(".")
    if first in ("zones", "corridors", "constraints"):
        return _TOPICS.get(rest[1], "other")
    if first == POLICY:
        return _TOPICS.get(rest[0], POLICY)
    # A layer of its own, or a value of the plan itself.
    return _TOPICS.get(rest[0] if first == Kind.STUDY_AREA.value else first, "other")
