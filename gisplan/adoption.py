"""An official layer takes the place of a schematic: weighed first, then all of it or nothing."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan import __version__
from gisplan.areas import drawn, strip
from gisplan.crs import WGS84, ellipsoidal_area, outside_area_of_use, transform
from gisplan.errors import AdoptionError, Finding, PlanError
from gisplan.io.frozen import copy_source, keep_version, plan_sources, stored_layers
from gisplan.io.hashes import PLAN_FILE
from gisplan.io.official import Official
from gisplan.io.planfile import append_table, edit_table, has_table
from gisplan.io.provenance import signed
from gisplan.io.tables import apart, write_layers
from gisplan.io.text import decode
from gisplan.io.writing import write_bytes
from gisplan.plan import Plan, open_plan
from gisplan.terms import Kind, Status
from gisplan.today import today

GROUPS: Final = {"zones": Kind.ZONE, "corridors": Kind.CORRIDOR, "constraints": Kind.CONSTRAINT}
VERSIONS: Final = "versions"
"""Folder of the plan that keeps every plan that an adoption has replaced, each whole."""

_FAR: Final = 50_000.0
"""Metres from the study area at which a layer is in a wrong zone, not merely outside."""


@dataclass(frozen=True)
class Statement:
    """What the person who adopts a layer says of it; nothing of it can be found in the file."""

    accuracy: float
    source: str
    as_of: dt.date
    status: Status
    title: str | None = None
    extra: Mapping[str, Any] | None = None
    coverage: Official | Literal["all", "keep"] | None = None


@dataclass(frozen=True)
class Adoption:
    """What an adoption would do.

    Attributes
    ----------
    place
        ``("zones", "old-town")`` or ``("study_area",)``.
    official
        The layer as it was read.
    old, new
        The plan before and after.
    files
        Name and bytes of the layer's file in the plan folder, and of its coverage's, if any.
    text
        The new ``plan.toml``.
    topology
        What the new geometry is like, as (code, values); ``adopt.<code>``.
    """

    place: tuple[str, ...]
    official: Official
    old: Plan
    new: Plan
    files: tuple[tuple[str, bytes], ...]
    text: bytes
    topology: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def area_id(self) -> str:
        """The id of the area."""
        return self.place[-1]

    @property
    def stored(self) -> tuple[str, ...]:
        """Layers of the old plan that live in a database, and are frozen in its version."""
        return tuple(".".join(place) for place in stored_layers(self.old.definition))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What reading the new plan turned up that reading the old one did not."""
        return tuple(one for one in self.new.findings if one not in self.old.findings)


def parse_place(text: str, plan: Plan) -> tuple[str, ...]:
    """Read ``zones.<id>``, ``corridors.<id>``, ``constraints.<id>`` or ``study_area``.

    Raises
    ------
    AdoptionError
        ``adopt_place`` for anything else.
    """
    parts = tuple(text.strip().split("."))
    if parts == (Kind.STUDY_AREA.value,):
        return parts
    if len(parts) != 2 or parts[0] not in GROUPS or not parts[1]:
        known = [f"{name}.{key}" for name in GROUPS for key in getattr(plan.definition, name)]
        known.append(Kind.STUDY_AREA.value)
        raise AdoptionError("adopt_place", value=text, known=", ".join(known))
    return parts


def adopt(plan: Plan, place: tuple[str, ...], official: Official, said: Statement) -> Adoption:
    """Weigh an official layer against the plan that it is to enter; nothing is written.

    Parameters
    ----------
    plan
        As opened from its folder.
    place
        As `parse_place` reads it. A new id needs a title.
    official
        The layer.
    said
        What only a person can know.

    Raises
    ------
    AdoptionError
        For a layer far from the study area, a new id without a title, a constraint whose old
        coverage would be taken for that of the new layer, or a ``plan.toml`` that has to be
        edited by hand.
    PlanError
        Where the plan would not be sound afterwards.
    """
    folder = _folder(plan)
    _refuse_elsewhere(plan, place, official)
    _refuse_stale(plan, place, said)
    layers = {_named(place[-1], official, said): official}
    if isinstance(said.coverage, Official):
        _refuse_elsewhere(plan, place, said.coverage)
        layers[_named(f"{place[-1]}-coverage", said.coverage, said)] = said.coverage
    text = _edited(folder, place, list(layers), said)
    with tempfile.TemporaryDirectory(prefix="gisplan-") as name:
        trial = Path(name)
        for source in plan_sources(plan.definition):
            copy_source(folder, trial, source)
        for file, one in layers.items():
            frame = one.frame.rename(columns=apart(one.frame))
            frame.geometry = gpd.GeoSeries(_united(frame), crs=frame.crs)
            write_layers(trial / file, {place[-1]: frame}, about=_about(place, one, said))
        write_bytes(trial / PLAN_FILE, text)
        new = _opened(trial, folder)
        files = tuple((file, (trial / file).read_bytes()) for file in layers)
    topology = tuple(_topology(plan, new, place[-1], official))
    return Adoption(place, official, plan, new, files, text, topology)


def commit(adoption: Adoption) -> tuple[Path, Path]:
    """Write an adoption: the old plan as a version, the layer, and last the plan file.

    Returns
    -------
    layer, version
        The new layer's file and the folder that holds the old plan, whole.

    Raises
    ------
    AdoptionError
        ``adopt_changed`` where ``plan.toml`` changed since it was weighed.
    OutputError
        Where the folder cannot be written; then it is as it was.
    """
    plan, folder = adoption.old, _folder(adoption.old)
    if open_plan(folder).sha256 != plan.sha256:
        raise AdoptionError("adopt_changed", path=folder / PLAN_FILE)
    version = folder / VERSIONS / f"{today():%Y%m%d}-{plan.sha256[:8]}"
    layers = [folder / name for name, _ in adoption.files]
    made = [one for one in (version, *layers) if not one.exists()]
    try:
        keep_version(folder, plan.definition, plan.areas, version, tool=__version__)
        for layer, (_, content) in zip(layers, adoption.files, strict=True):
            write_bytes(layer, content)
        write_bytes(folder / PLAN_FILE, adoption.text)
    except BaseException:
        for one in made:
            shutil.rmtree(one, ignore_errors=True) if one.is_dir() else one.unlink(missing_ok=True)
        raise
    return layers[0], version


def compare_areas(adoption: Adoption) -> dict[str, float]:
    """Measure how the area changed.

    Returns
    -------
    dict
        ``before`` and ``after`` (ellipsoidal m², or m of a corridor), ``moved`` (m between
        the centroids), ``apart`` (Hausdorff distance of the outlines, m), ``shared`` (area in
        common by the area of both; NaN for lines); NaN where there was nothing before.
    """
    old, new = (_shape(plan, adoption.area_id) for plan in (adoption.old, adoption.new))
    crs = adoption.new.crs
    after = _size(new, crs)
    if old is None or new is None:
        return {"before": np.nan, "after": after, "moved": np.nan, "apart": np.nan,
                "shared": np.nan}  # fmt: skip
    both = old.union(new).area
    return {
        "before": _size(old, crs),
        "after": after,
        "moved": float(old.centroid.distance(new.centroid)),
        "apart": float(shapely.hausdorff_distance(_outline(old), _outline(new), densify=0.1)),
        "shared": float(old.intersection(new).area / both) if both else np.nan,
    }


def compare_verdicts(adoption: Adoption, projects: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the projects whose outcome changes: ``id``, ``name``, ``before``, ``after``."""
    before = adoption.old.check(projects)["outcome"].astype("str")
    after = adoption.new.check(projects)["outcome"].astype("str")
    told = pd.DataFrame({"id": projects.get("id"), "name": projects.get("name")})
    told["before"], told["after"] = before, after
    return told[(before != after).to_numpy()]


# --- inner workings -------------------------------------------------------------------------


def _folder(plan: Plan) -> Path:
    if plan.folder is None:
        raise AdoptionError("adopt_no_folder")
    return plan.folder


def _opened(trial: Path, folder: Path) -> Plan:
    """Open the plan as it would be; mistakes are told of the user's file, not of the trial."""
    try:
        return open_plan(trial)
    except PlanError as error:
        values = {**error.values, "path": folder / PLAN_FILE}
        raise PlanError(error.code, error.findings, **values) from None


def _named(stem: str, official: Official, said: Statement) -> str:
    return f"{stem}-{said.as_of:%Y%m%d}-{official.sha256[:8]}.gpkg"


def _about(place: tuple[str, ...], official: Official, said: Statement) -> dict[str, Any]:
    """Gather what the file of an adopted layer tells of itself."""
    return signed({
        "tool": __version__, "kind": "layers add", "date": said.as_of.isoformat(),
        "as": ".".join(place), "crs": pyproj.CRS(official.frame.crs).to_string(),
        "basis": said.source, "accuracy": said.accuracy, "status": said.status.value,
        "inputs": {"file": {"file": official.file, "sha256": official.sha256}},
    })  # fmt: skip


def _refuse_stale(plan: Plan, place: tuple[str, ...], said: Statement) -> None:
    """Refuse to let the old layer's coverage speak for the new one, unless somebody says so."""
    known = {key: layer for _, key, layer in plan.definition.layers()}
    held = getattr(known.get(place[-1]), "coverage", None)
    if place[0] != "constraints":
        if said.coverage is not None:
            raise AdoptionError("adopt_coverage_of", place=".".join(place))
    elif held is not None and said.coverage is None:
        raise AdoptionError("adopt_coverage", place=".".join(place), file=held)


def _edited(folder: Path, place: tuple[str, ...], files: Sequence[str], said: Statement) -> bytes:
    data = (folder / PLAN_FILE).read_bytes()
    read = decode(data)
    put: dict[str, Any] = {
        "source": files[0], "status": said.status.value, "accuracy": said.accuracy,
        "as_of": said.as_of, "basis": said.source,
    }  # fmt: skip
    if len(files) > 1:
        put["coverage"] = files[1]
    if has_table(read.text, place):
        stale = ("coverage",) if said.coverage == "all" else ()
        stale = ("valid_until", *stale)  # it was of the data that are replaced
        text = edit_table(read.text, place, put, ("where", "layer", "table", *stale))
    elif said.title is None:
        raise AdoptionError("adopt_title", place=".".join(place))
    else:
        new = {"title": {"zh": said.title}, **(said.extra or {}), **put}
        text = append_table(read.text, place, new)
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        return mark + text.encode(read.encoding.removesuffix("-sig"))
    except UnicodeEncodeError:
        raise AdoptionError("adopt_by_hand", table=".".join(place)) from None


def _refuse_elsewhere(plan: Plan, place: tuple[str, ...], official: Official) -> None:
    """Refuse a layer so far off that its system or zone must be another one."""
    points = official.frame.geometry.representative_point()
    there = transform(gpd.GeoSeries(points, crs=official.frame.crs), WGS84)
    lost = there.isna() | there.is_empty
    far = outside_area_of_use(there.x.fillna(0), there.y.fillna(0), plan.crs) | lost
    studied = dict(drawn(plan.areas, Kind.STUDY_AREA)).get(Kind.STUDY_AREA.value)
    if not far.any() and studied is not None and place != (Kind.STUDY_AREA.value,):
        here = transform(gpd.GeoSeries(points, crs=official.frame.crs), plan.crs)
        far = (here.distance(studied) > _FAR).to_numpy()
    if far.any():
        lon, lat = there.x.median(), there.y.median()
        raise AdoptionError("adopt_elsewhere", lon=f"{lon:.3f}", lat=f"{lat:.3f}",
                            crs=pyproj.CRS(official.frame.crs).name)  # fmt: skip


def _united(frame: gpd.GeoDataFrame) -> Any:
    """Make all features of one kind, as a table of a GeoPackage is."""
    shapes = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
    many: Callable[..., Any] = (
        shapely.multilinestrings if "Line" in shapes[0].geom_type else shapely.multipolygons
    )
    return [one if one.geom_type.startswith("Multi") else many([one]) for one in shapes]


def _shape(plan: Plan, area_id: str) -> Any:
    held = plan.areas[(plan.areas["id"] == area_id) & (plan.areas["kind"] != Kind.COVERAGE)]
    return held.geometry.iloc[0] if len(held) else None


def _outline(shape: Any) -> Any:
    return shape.boundary if shape.geom_type.endswith("Polygon") else shape


def _size(shape: Any, crs: pyproj.CRS) -> float:
    if shape is None:
        return float("nan")
    if "Line" in shape.geom_type:
        return float(shape.length)
    return float(ellipsoidal_area(gpd.GeoSeries([shape], crs=crs)).iloc[0])


def _topology(
    old: Plan, new: Plan, area_id: str, official: Official
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Say what the new geometry is like, alone and beside its neighbours."""
    shape, before = _shape(new, area_id), _shape(old, area_id)
    repairs = official.repairs
    mended = repairs[repairs["code"] == "GP-INT-012"]
    yield "features", {"n": len(official.frame), "repaired": len(mended)}
    yield from (("repair", {"row": row.row, "value": row.value}) for row in mended.itertuples())
    count = 0 if before is None else int(shapely.get_num_coordinates(before))
    yield "vertices", {"before": count, "after": int(shapely.get_num_coordinates(shape))}
    if "Line" in shape.geom_type:
        return
    parts = list(getattr(shape, "geoms", [shape]))
    holes = [shapely.Polygon(ring) for part in parts for ring in part.interiors]
    yield "parts", {"parts": len(parts), "holes": len(holes)}
    error = new.definition.layer(area_id).error
    for code, pieces in (("narrow_part", parts), ("narrow_hole", holes)):
        thin = [one for one in pieces if strip(one)[1] < error]
        if thin:
            yield code, {"n": len(thin), "area": sum(one.area for one in thin), "error": error}
    if area_id in new.definition.zones:
        yield from _beside(new, area_id, shape, error)


def _beside(
    plan: Plan, area_id: str, shape: Any, error: float
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Overlaps with the other zones, told from slivers by their width, and closed gaps."""
    zones = [(key, other) for key, other in drawn(plan.areas, Kind.ZONE) if key != area_id]
    for key, other in zones:
        common = shape.intersection(other)
        if common.area > 1.0:
            width = strip(common)[1]
            code = "sliver" if width < error + plan.definition.layer(key).error else "overlap"
            yield code, {"other": key, "area": common.area, "width": width}
    whole = shapely.union_all([shape, *(other for _, other in zones)])
    own = {ring.wkb for part in getattr(shape, "geoms", [shape]) for ring in part.interiors}
    gaps = [
        shapely.Polygon(ring)
        for part in getattr(whole, "geoms", [whole])
        for ring in part.interiors
        if ring.wkb not in own
    ]
    touching = [one for one in gaps if one.intersects(shape.boundary)]
    if touching:
        yield "gap", {"n": len(touching), "area": sum(one.area for one in touching)}
