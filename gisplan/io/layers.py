"""A plan folder -> its definition and its areas: reads, checks, repairs only with a word."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pydantic
import shapely

from gisplan.crs import parse_crs, require_metric, transform
from gisplan.definition import Layer, PlanDefinition
from gisplan.errors import CrsError, Finding, GisplanError, PlanError
from gisplan.io.address import Address, Table
from gisplan.io.text import decode
from gisplan.io.vectors import read_layer
from gisplan.terms import AREA_COLUMNS, Kind

PLAN_FILE = "plan.toml"
SLIVER = 1.0
"""m². Overlaps below this are rounding, not findings."""

_WANTED = {Kind.CORRIDOR: {"LineString", "MultiLineString"}}
_POLYGONS = {"Polygon", "MultiPolygon"}


def read_definition(folder: Path) -> PlanDefinition:
    """Read ``plan.toml`` of a folder.

    Raises
    ------
    PlanError
        Where there is none, or with every mistake in it, each with its line.
    """
    path = folder / PLAN_FILE
    if not path.is_file():
        raise PlanError("plan_missing", path=path)
    text = decode(path.read_bytes()).text
    try:
        return PlanDefinition.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        findings: tuple[Finding, ...] = (Finding("error", PLAN_FILE, "toml", {"detail": error}),)
    except pydantic.ValidationError as error:
        findings = tuple(_finding(one, text) for one in error.errors())
    raise PlanError("plan_invalid", findings, path=path, count=len(findings))


def read_areas(
    folder: Path, definition: PlanDefinition
) -> tuple[gpd.GeoDataFrame, tuple[Finding, ...]]:
    """Read every layer that a definition names, in the plan's CRS.

    Parameters
    ----------
    folder
        The plan folder; sources are relative to it.
    definition
        What to read.

    Returns
    -------
    areas
        `gisplan.terms.AREA_COLUMNS`, one row per area, geometry ``None`` for a layer
        declared without data.
    findings
        What a planner should know: repaired geometry, overlaps, schematic or absent data.

    Raises
    ------
    PlanError
        With every layer that cannot be read, each with its place.
    """
    findings: list[Finding] = []
    try:
        crs = parse_crs(definition.crs).crs
        require_metric(crs)
    except CrsError as error:
        raise _invalid(folder, [_error("crs", "crs", detail=error)]) from None
    reader = _Reader(folder, crs, findings)
    rows = [
        _row(reader, kind, key, layer, source) for kind, key, layer, source in _sources(definition)
    ]
    if any(finding.level == "error" for finding in findings):
        raise _invalid(folder, [one for one in findings if one.level == "error"])
    geometry = gpd.GeoSeries([row.pop("geometry") for row in rows], crs=crs)
    frame = pd.DataFrame(rows).astype(dict.fromkeys(AREA_COLUMNS[:3] + AREA_COLUMNS[5:8], "str"))
    areas = gpd.GeoDataFrame(frame, geometry=geometry, crs=crs)[list(AREA_COLUMNS)]
    return areas, (*findings, *_topology(areas), *_notes(definition))


def _sources(definition: PlanDefinition) -> Iterator[tuple[Kind, str, Layer, str | None]]:
    for kind, key, layer in definition.layers():
        yield kind, key, layer, layer.source
    for key, one in definition.constraints.items():
        if one.coverage is not None:
            yield Kind.COVERAGE, key, one, one.coverage


def _row(reader: _Reader, kind: Kind, key: str, layer: Layer, source: str | None) -> dict[str, Any]:
    geometry, digest = None, None
    if source is not None and layer.table is not None and kind is not Kind.COVERAGE:
        geometry, digest, source = reader.stored(kind, key, layer)
    elif source is not None:
        where = layer.where if kind is not Kind.COVERAGE else None
        geometry, digest = reader.area(kind, key, source, where, layer.layer)
    return {
        "id": key,
        "kind": kind.value,
        "status": layer.status.value if source is not None else None,
        "accuracy": layer.accuracy if layer.accuracy is not None else np.nan,
        "as_of": pd.Timestamp(layer.as_of) if layer.as_of else pd.NaT,
        "basis": layer.basis,
        "source": source,
        "sha256": digest,
        "geometry": geometry,
    }


class _Reader:
    """Reads each file of a plan once, and gathers what is wrong with it."""

    def __init__(self, folder: Path, crs: Any, findings: list[Finding]) -> None:
        self.folder, self.crs, self.findings = folder, crs, findings
        self.read: dict[tuple[str, str | None], gpd.GeoDataFrame | None] = {}

    def area(
        self, kind: Kind, key: str, source: str, where: str | None, layer: str | None
    ) -> tuple[Any, str | None]:
        """Return the dissolved geometry of an area and the sha256 of its file."""
        place = f"{kind.value}.{key}" if kind is not Kind.STUDY_AREA else key
        frame = self._frame(place, source, layer)
        if frame is None:
            return None, None
        digest = hashlib.sha256((self.folder / source).read_bytes()).hexdigest()
        chosen = self._chosen(place, source, frame, where)
        if chosen is None:
            return None, digest
        return self._geometry(place, kind, source, chosen), digest

    def stored(self, kind: Kind, key: str, layer: Layer) -> tuple[Any, str | None, str]:
        """Return what `area` does of a table in a database, and its address without secrets."""
        from gisplan.io.postgis import read_table

        place = f"{kind.value}.{key}" if kind is not Kind.STUDY_AREA else key
        shown = "postgresql://"
        try:
            address, table = Address.parse(layer.source or ""), Table.parse(layer.table or "")
            shown = address.shown(table)
            column, _, value = (layer.where or "").partition("=")
            where = (column.strip(), value.strip().strip("'")) if layer.where else None
            read = read_table(address, table, where=where)
            frame = transform(read.frame, self.crs) if len(read.frame) else read.frame
        except GisplanError as error:
            self._fault(place, "source_unreadable", path=shown, detail=error)
            return None, None, shown
        return self._geometry(place, kind, shown, frame), read.sha256, shown

    def _frame(self, place: str, source: str, layer: str | None) -> gpd.GeoDataFrame | None:
        if (source, layer) in self.read:
            return self.read[source, layer]
        frame = None
        path = self.folder / source
        if "://" in source or source.startswith("/vsi") or "\0" in source:
            self._fault(place, "source_refused", path=source)
        elif not path.is_file():
            self._fault(place, "source_missing", path=path)
        else:
            frame = self._opened(place, path, layer)
        self.read[source, layer] = frame
        return frame

    def _opened(self, place: str, path: Path, layer: str | None) -> gpd.GeoDataFrame | None:
        try:
            frame = read_layer(path, layer=layer)
        except GisplanError as error:
            self._fault(place, "source_unreadable", path=path.name, detail=error)
            return None
        if frame.crs is None:
            self._fault(place, "no_crs", path=path.name)
            return None
        try:
            return transform(frame, self.crs)
        except GisplanError as error:
            self._fault(place, "source_unreadable", path=path.name, detail=error)
            return None

    def _chosen(
        self, place: str, source: str, frame: gpd.GeoDataFrame, where: str | None
    ) -> gpd.GeoDataFrame | None:
        if where is None:
            return frame
        column, value = (part.strip() for part in where.split("=", 1))
        if column not in frame:
            found = ", ".join(name for name in frame.columns if name != "geometry")
            self._fault(place, "no_column", path=source, column=column, found=found)
            return None
        return frame[frame[column].astype("str") == value.strip("'")]

    def _geometry(self, place: str, kind: Kind, source: str, frame: gpd.GeoDataFrame) -> Any:
        held = frame.geometry
        held = gpd.GeoSeries(held[~(held.isna() | held.is_empty)])
        if held.empty:
            self._fault(place, "no_feature", path=source, where=place)
            return None
        wanted, code = (
            _WANTED.get(kind, _POLYGONS),
            "not_line" if kind in _WANTED else "not_polygon",
        )
        others = sorted(set(held.geom_type) - wanted)
        if others:
            self._fault(place, code, path=source, found=", ".join(others))
            return None
        parts = shapely.force_2d(np.asarray(held.array, dtype=object))
        sound = shapely.make_valid(parts, method="structure", keep_collapsed=False)
        if not shapely.is_valid(parts).all():
            before, after = shapely.area(parts).sum(), shapely.area(sound).sum()
            values = {"before": f"{before:.1f}", "after": f"{after:.1f}"}
            self.findings.append(Finding("warning", place, "repaired", values))
        return shapely.union_all(sound)

    def _fault(self, place: str, code: str, **values: Any) -> None:
        self.findings.append(_error(place, code, **values))


def _topology(areas: gpd.GeoDataFrame) -> Iterator[Finding]:
    """Overlaps between zones, and what of them lies outside the study area."""
    zones = areas[(areas["kind"] == Kind.ZONE) & areas.geometry.notna()]
    shapes = list(zip(zones["id"], zones.geometry, strict=True))
    for at, (key, shape) in enumerate(shapes):
        for other, against in shapes[at + 1 :]:
            area = shape.intersection(against).area
            if area > SLIVER:
                yield Finding(
                    "warning", f"zone.{key}", "overlap", {"other": other, "area": f"{area:.0f}"}
                )
    study = areas[(areas["kind"] == Kind.STUDY_AREA) & areas.geometry.notna()].geometry
    for key, shape in shapes if len(study) else ():
        area = shape.difference(study.iloc[0]).area
        if area > SLIVER:
            yield Finding("warning", f"zone.{key}", "outside", {"area": f"{area:.0f}"})


def _notes(definition: PlanDefinition) -> Iterator[Finding]:
    for kind, key, layer in definition.layers():
        place = key if kind is Kind.STUDY_AREA else f"{kind.value}.{key}"
        if layer.source is None:
            yield Finding("info", place, "no_source", {"owner": layer.owner or "—"})
        elif layer.status == "schematic":
            yield Finding("info", place, "schematic", {"accuracy": f"{layer.error:g}"})


def _error(place: str, code: str, **values: Any) -> Finding:
    return Finding("error", place, code, values)


def _invalid(folder: Path, findings: list[Finding]) -> PlanError:
    return PlanError("plan_invalid", tuple(findings), path=folder / PLAN_FILE, count=len(findings))


def _finding(error: Mapping[str, Any], text: str) -> Finding:
    place = ".".join(str(part) for part in error["loc"])
    line = _line_of(text, [str(part) for part in error["loc"]])
    named = f"{PLAN_FILE}:{line} {place}".strip() if line else f"{PLAN_FILE} {place}".strip()
    values = {**(error.get("ctx") or {}), "detail": error["msg"]}
    return _error(named, str(error["type"]), **values)


def _line_of(text: str, place: list[str]) -> int | None:
    """Line on which a key stands, or failing that the table that should hold it."""
    best, table = None, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            table = header[1].replace('"', "").replace(" ", "")
            if table and ".".join(place).startswith(table):
                best = number
        elif key := re.match(r'\s*"?([\w-]+)"?\s*=', line):
            here = f"{table}.{key[1]}".strip(".").split(".")
            if place[: len(here)] == here:
                return number
    return best
