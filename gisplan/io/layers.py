"""A plan folder -> its definition and its areas: reads, checks, repairs only with a word."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydantic
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.columns import Columns
from gisplan.crs import moved, parse_crs, require_metric
from gisplan.definition import Layer, PlanDefinition
from gisplan.errors import CrsError, Finding, GisplanError, PlanError
from gisplan.frames import Table
from gisplan.io.address import Address
from gisplan.io.address import Table as StoredTable
from gisplan.io.geojson import GEOJSON, PlainFeatures, plain_features, read_content
from gisplan.io.limits import LIMIT_MB, MEGABYTE
from gisplan.io.text import decode
from gisplan.terms import AREA_COLUMNS, Kind

if TYPE_CHECKING:
    import geopandas as gpd

PLAN_FILE = "plan.toml"
SLIVER = 1.0
"""m². Overlaps below this are rounding, not findings."""

Geometries = NDArray[np.object_]

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
    """Read every layer that a definition names as a frame; see `read_area_table`."""
    areas, findings = read_area_table(folder, definition)
    return areas.frame, findings


def read_area_table(folder: Path, definition: PlanDefinition) -> tuple[Table, tuple[Finding, ...]]:
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
    columns = {name: _column([row[name] for row in rows]) for name in AREA_COLUMNS}
    columns["accuracy"] = columns["accuracy"].astype(float)
    columns["as_of"] = columns["as_of"].astype("datetime64[s]")
    areas = Columns(columns)
    return Table(areas, crs), (*findings, *_topology(areas), *_notes(definition))


def _column(values: list[Any]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


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
        "as_of": layer.as_of,
        "basis": layer.basis,
        "source": source,
        "sha256": digest,
        "geometry": geometry,
    }


class _Reader:
    """Reads each file of a plan once, and gathers what is wrong with it."""

    def __init__(self, folder: Path, crs: Any, findings: list[Finding]) -> None:
        self.folder, self.crs, self.findings = folder, crs, findings
        self.read: dict[tuple[str, str | None], _Features | None] = {}

    def area(
        self, kind: Kind, key: str, source: str, where: str | None, layer: str | None
    ) -> tuple[Any, str | None]:
        """Return the dissolved geometry of an area and the sha256 of its file."""
        place = f"{kind.value}.{key}" if kind is not Kind.STUDY_AREA else key
        features = self._features(place, source, layer)
        if features is None:
            return None, None
        digest = hashlib.sha256((self.folder / source).read_bytes()).hexdigest()
        chosen = self._chosen(place, source, features, where)
        if chosen is None:
            return None, digest
        return self._geometry(place, kind, source, chosen), digest

    def stored(self, kind: Kind, key: str, layer: Layer) -> tuple[Any, str | None, str]:
        """Return what `area` does of a table in a database, and its address without secrets."""
        from gisplan.io.postgis import read_table

        place = f"{kind.value}.{key}" if kind is not Kind.STUDY_AREA else key
        shown = "postgresql://"
        try:
            address = Address.parse(layer.source or "")
            table = StoredTable.parse(layer.table or "")
            shown = address.shown(table)
            column, _, value = (layer.where or "").partition("=")
            where = (column.strip(), value.strip().strip("'")) if layer.where else None
            read = read_table(address, table, where=where)
            drawn = np.asarray(read.frame.geometry.array, dtype=object)
            shapes = moved(drawn, read.frame.crs, self.crs)[0] if len(drawn) else drawn
        except GisplanError as error:
            self._fault(place, "source_unreadable", path=shown, detail=error)
            return None, None, shown
        return self._geometry(place, kind, shown, shapes), read.sha256, shown

    def _features(self, place: str, source: str, layer: str | None) -> _Features | None:
        if (source, layer) in self.read:
            return self.read[source, layer]
        features = None
        path = self.folder / source
        if "://" in source or source.startswith("/vsi") or "\0" in source:
            self._fault(place, "source_refused", path=source)
        elif not path.is_file():
            self._fault(place, "source_missing", path=path)
        else:
            features = self._opened(place, path, layer)
        self.read[source, layer] = features
        return features

    def _opened(self, place: str, path: Path, layer: str | None) -> _Features | None:
        try:
            features = _Features(path, layer)
            if features.crs is None:
                self._fault(place, "no_crs", path=path.name)
                return None
            features.geometry, _ = moved(features.geometry, features.crs, self.crs)
        except GisplanError as error:
            self._fault(place, "source_unreadable", path=path.name, detail=error)
            return None
        return features

    def _chosen(
        self, place: str, source: str, features: _Features, where: str | None
    ) -> Geometries | None:
        if where is None:
            return features.geometry
        column, value = (part.strip() for part in where.split("=", 1))
        texts = features.texts(column)
        if texts is None:
            found = ", ".join(features.names())
            self._fault(place, "no_column", path=source, column=column, found=found)
            return None
        wanted = value.strip("'")
        return features.geometry[[text == wanted for text in texts]]

    def _geometry(self, place: str, kind: Kind, source: str, drawn: Geometries) -> Any:
        held = drawn[~(shapely.is_missing(drawn) | shapely.is_empty(drawn))]
        if not len(held):
            self._fault(place, "no_feature", path=source, where=place)
            return None
        wanted, code = (
            _WANTED.get(kind, _POLYGONS),
            "not_line" if kind in _WANTED else "not_polygon",
        )
        others = sorted({shape.geom_type for shape in held} - wanted)
        if others:
            self._fault(place, code, path=source, found=", ".join(others))
            return None
        parts = shapely.force_2d(held)
        sound = shapely.make_valid(parts, method="structure", keep_collapsed=False)
        if not shapely.is_valid(parts).all():
            before, after = shapely.area(parts).sum(), shapely.area(sound).sum()
            values = {"before": f"{before:.1f}", "after": f"{after:.1f}"}
            self.findings.append(Finding("warning", place, "repaired", values))
        return shapely.union_all(sound)

    def _fault(self, place: str, code: str, **values: Any) -> None:
        self.findings.append(_error(place, code, **values))


class _Features:
    """The features of one file; GDAL is loaded for what only it can read."""

    def __init__(self, path: Path, layer: str | None) -> None:
        self._path, self._layer = path, layer
        self.crs: pyproj.CRS | None
        self._plain = self._plainly()
        if self._plain is not None:
            self.geometry, self.crs = self._plain.geometry, self._plain.crs
        else:
            frame = self._frame
            self.geometry = np.asarray(frame.geometry.array, dtype=object)
            self.crs = pyproj.CRS(frame.crs) if frame.crs is not None else None

    def _plainly(self) -> PlainFeatures | None:
        small = self._path.stat().st_size <= LIMIT_MB * MEGABYTE
        if self._path.suffix.lower() not in GEOJSON or not small:
            return None
        return plain_features(read_content(self._path, None, []))

    @cached_property
    def _frame(self) -> gpd.GeoDataFrame:
        from gisplan.io.vectors import read_layer

        return read_layer(self._path, layer=self._layer)

    def texts(self, column: str) -> list[Any] | None:
        """Return a column as text; ``None`` where there is no such column."""
        plain = self._plain.texts(column) if self._plain is not None else None
        if plain is not None:
            return plain
        return self._frame[column].astype("str").tolist() if column in self._frame else None

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return [str(name) for name in self._frame.columns if name != "geometry"]


def _topology(areas: Columns) -> Iterator[Finding]:
    """Overlaps between zones, and what of them lies outside the study area."""
    rows = zip(areas.texts("kind"), areas.texts("id"), areas.array("geometry"), strict=True)
    known = [(kind, key, shape) for kind, key, shape in rows if shape is not None]
    shapes = [(key, shape) for kind, key, shape in known if kind == Kind.ZONE]
    for at, (key, shape) in enumerate(shapes):
        for other, against in shapes[at + 1 :]:
            area = shape.intersection(against).area
            if area > SLIVER:
                yield Finding(
                    "warning", f"zone.{key}", "overlap", {"other": other, "area": f"{area:.0f}"}
                )
    study = [shape for kind, _, shape in known if kind == Kind.STUDY_AREA]
    for key, shape in shapes if study else ():
        area = shape.difference(study[0]).area
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
