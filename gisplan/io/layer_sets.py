"""Plan folders and GIS files -> sets of areas to compare, in one system of metres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan.crs import WGS84, parse_crs, require_metric, transform, zone_of
from gisplan.definition import Constraint, PlanDefinition
from gisplan.errors import CrsError, OutputError, PlanError, ProjectsError
from gisplan.io.formats import VECTORS
from gisplan.io.layers import PLAN_FILE, read_areas, read_definition
from gisplan.io.text import normalise
from gisplan.io.vectors import read_layer
from gisplan.terms import Kind

_COLUMNS = ["area_id", "class", "class_title", "owner", "accuracy", "effect", "geometry"]
_POLYGONS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class SetOptions:
    """How files are read that say less of themselves than a plan does.

    Attributes
    ----------
    class_column, owner_column
        Columns of a file that hold the class, and who answers for it.
    accuracy
        Point mean square error M of the files in metres; ``None`` where it is not known.
    restrictive
        Paths of files whose areas are to be kept clear of.
    crs
        In which to measure; by default that of the first set whose system is in metres.
    """

    class_column: str | None = None
    owner_column: str | None = None
    accuracy: float | None = None
    restrictive: tuple[Path, ...] = ()
    crs: str | None = None


@dataclass(frozen=True)
class LayerSets:
    """Areas of all sets in one frame (`gisplan.conflicts.AREAS`), and what was left out.

    ``left_out`` tells of features without an area, by set: ``(set, code, count)`` with the
    codes ``lines``, ``study_area``, ``no_data`` and ``repaired``.
    """

    areas: gpd.GeoDataFrame
    left_out: tuple[tuple[str, str, int], ...]
    sources: Mapping[str, Path]


def read_sets(
    paths: Sequence[Path], options: SetOptions | None = None, *, language: str = "zh"
) -> LayerSets:
    """Read the sets to compare: plan folders, or GIS files with a column of classes.

    Raises
    ------
    PlanError, ProjectsError
        What cannot be read.
    CrsError
        A file without CRS, or one that cannot be brought into metres.
    """
    options = options or SetOptions()
    names = _names(paths)
    read = [_read(path, options, language) for path in paths]
    crs = _measuring(options, [frame for frame, _ in read])
    frames = []
    for name, (frame, _) in zip(names, read, strict=True):
        there = transform(frame, crs)
        frames.append(there.assign(set=name)[["set", *_COLUMNS]])
    areas = pd.concat(frames, ignore_index=True)
    left = [(name, *one) for name, (_, told) in zip(names, read, strict=True) for one in told]
    if areas.empty:
        raise ProjectsError("no_areas_to_compare")
    return LayerSets(areas, tuple(left), dict(zip(names, paths, strict=True)))


def _names(paths: Sequence[Path]) -> list[str]:
    """Name sets by their files, apart where two are called the same."""
    names: list[str] = []
    for path in paths:
        plain = path.resolve().name if path.is_dir() else path.stem
        # These two join names in the ledger, by which a later run knows a patch again.
        name = known = plain.replace("|", "_").replace(":", "_") or "-"
        count = 1
        while name in names:
            count += 1
            name = f"{known} ({count})"
        names.append(name)
    return names


def _read(
    path: Path, options: SetOptions, language: str
) -> tuple[gpd.GeoDataFrame, list[tuple[str, int]]]:
    if path.is_dir():
        return _from_plan(path, language)
    if not path.exists():
        raise ProjectsError("projects_missing", file=path)
    if path.suffix.lower() not in VECTORS:
        raise OutputError("set_suffix", path=path, allowed=" ".join(VECTORS))
    return _from_file(path, options)


def _from_plan(folder: Path, language: str) -> tuple[gpd.GeoDataFrame, list[tuple[str, int]]]:
    if not (folder / PLAN_FILE).is_file():
        raise PlanError("plan_missing", path=folder / PLAN_FILE)
    definition = read_definition(folder)
    areas, _ = read_areas(folder, definition)
    kinds = areas["kind"]
    wanted = areas[kinds.isin([Kind.ZONE.value, Kind.CONSTRAINT.value])]
    held = wanted[wanted.geometry.notna()]
    rows = [_plan_row(row, definition, language) for row in held.itertuples(index=False)]
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=_COLUMNS), geometry="geometry", crs=areas.crs
    )
    left = [
        ("lines", int((kinds == Kind.CORRIDOR.value).sum())),
        ("study_area", int((kinds == Kind.STUDY_AREA.value).sum())),
        ("no_data", len(wanted) - len(held)),
    ]
    return frame, [(code, count) for code, count in left if count]


def _plan_row(row: Any, definition: PlanDefinition, language: str) -> tuple[Any, ...]:
    layer = definition.layer(row.id)
    effect = layer.effect if isinstance(layer, Constraint) else ""
    title = layer.title.get(language)
    # Two versions of a plan agree by id, whatever each calls the area.
    return row.id, row.id, title, layer.owner or "", row.accuracy, effect, row.geometry


def _from_file(path: Path, options: SetOptions) -> tuple[gpd.GeoDataFrame, list[tuple[str, int]]]:
    frame = read_layer(path)
    if frame.crs is None:
        raise CrsError("crs_missing", file=path.name, target="")
    shapes = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
    drawn = np.array([shape is not None and not shape.is_empty for shape in shapes], dtype=bool)
    flat = np.isin([shape.geom_type if shape is not None else "" for shape in shapes], _POLYGONS)
    kept = drawn & flat
    sound = shapely.make_valid(shapes[kept], method="structure", keep_collapsed=False)
    left = [
        ("no_data", int((~drawn).sum())),
        ("lines", int((drawn & ~flat).sum())),
        ("repaired", int((~shapely.is_valid(shapes[kept])).sum())),
    ]
    held = frame[kept]
    classes = _texts(held, options.class_column, path) or [path.stem] * len(held)
    owners = _texts(held, options.owner_column, path) or [""] * len(held)
    restrictive = path in options.restrictive
    told = pd.DataFrame(
        {
            "area_id": [str(number) for number in np.flatnonzero(kept) + 1],
            "class": [normalise(text) for text in classes],
            "class_title": classes,
            "owner": owners,
            "accuracy": np.nan if options.accuracy is None else options.accuracy,
            "effect": "prohibit" if restrictive else "",
        }
    )
    read = gpd.GeoDataFrame(told, geometry=sound, crs=frame.crs)[_COLUMNS]
    return read, [(code, count) for code, count in left if count]


def _texts(frame: gpd.GeoDataFrame, column: str | None, path: Path) -> list[str]:
    if column is None:
        return []
    if column not in frame or column == frame.geometry.name:
        found = ", ".join(str(name) for name in frame if name != frame.geometry.name)
        raise ProjectsError("set_column", path=path.name, column=column, found=found)
    return ["" if pd.isna(value) else str(value).replace("|", "/") for value in frame[column]]


def _measuring(options: SetOptions, frames: list[gpd.GeoDataFrame]) -> pyproj.CRS:
    """Choose the system in which to measure: named, else of the first set in metres."""
    if options.crs is not None:
        return require_metric(parse_crs(options.crs).crs)
    for frame in frames:
        try:
            return require_metric(pyproj.CRS(frame.crs))
        except CrsError:
            continue
    west, _, east, _ = transform(frames[0][["geometry"]], WGS84).total_bounds
    zone = zone_of(round((west + east) / 6), 3, prefixed=False)
    if zone is None:
        raise CrsError("crs_not_metric", crs=str(frames[0].crs))
    return zone.crs.crs
