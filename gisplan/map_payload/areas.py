"""The plan's areas as the page draws them: shape, rings, places for the name, what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry

from gisplan.crs import WGS84, transform
from gisplan.labels import Labels
from gisplan.map_payload.values import drawable, geojson, lat_lon, plain, text
from gisplan.symbology import DASHES, FILL_OPACITY, LINE_WIDTH, color_of, hatch_of
from gisplan.terms import Kind
from gisplan.wording import status_of

if TYPE_CHECKING:
    from gisplan.definition import PlanDefinition

_SPARED = 80.0
"""Metres on both sides of a corridor where the name of a zone had better not stand."""

_UNSEEN = 0.5
"""Metres that a ring may leave its line by: no pixel, and far below any accuracy."""


def area_values(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    labels: Labels,
    *,
    like: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return every area of the plan in drawing order; ``geo`` is ``None`` without data.

    Areas that another plan has as well look as they do there, given as ``like``: one zone in
    two versions is one colour. What is new takes the looks after those.
    """
    known = {(one["kind"], one["id"]): one["place"] for one in like}
    areas = areas[areas["kind"] != Kind.COVERAGE]
    geometry = dict(zip(areas["id"], areas.geometry, strict=True))
    facts = areas.drop(columns=areas.geometry.name).set_index("id").to_dict("index")
    lines = [g for k, g in geometry.items() if k in definition.corridors and drawable(g)]
    spared = shapely.union_all([line.buffer(_SPARED) for line in lines]) if lines else None
    groups = {
        Kind.STUDY_AREA: {Kind.STUDY_AREA.value: definition.study_area},
        Kind.ZONE: definition.zones,
        Kind.CORRIDOR: definition.corridors,
        Kind.CONSTRAINT: definition.constraints,
    }
    out = []
    for kind, layers in groups.items():
        held = [place for (its, _), place in known.items() if its == kind]
        fresh = count(1 + max(held, default=-1))
        for key, layer in layers.items():
            position = known[str(kind), key] if (str(kind), key) in known else next(fresh)
            shape = geometry.get(key)
            one = _area(kind, key, layer, facts.get(key, {}), labels)
            one["color"] = color_of(kind, position, layer.color)
            one["place"] = position
            one["hatch"] = _hatch(kind, position)
            one |= _area_geometry(kind, layer, shape, areas.crs, spared)
            out.append(one)
    return out


def _area(
    kind: str, key: str, layer: Any, row: Mapping[Any, Any], labels: Labels
) -> dict[str, Any]:
    status = plain(row.get("status")) or layer.status
    clause = layer.clause
    return {
        "id": key,
        "kind": str(kind),
        "title": layer.title.get(labels.language) or layer.title.get("zh") or key,
        "status": str(status),
        "statusLabel": status_of(str(status), layer.valid_until, labels),
        "accuracy": plain(row.get("accuracy"), 1),
        "asOf": text(row.get("as_of")),
        "basis": text(row.get("basis")),
        "source": text(row.get("source")),
        "sha256": text(row.get("sha256"))[:12],
        "owner": layer.owner or "",
        "within": plain(getattr(layer, "within", None), 1),
        "industries": list(getattr(layer, "industries", ())),
        "clause": clause and {"quote": clause.quote, "place": clause.place, "kind": clause.kind},
        "fill": FILL_OPACITY[kind],
        "width": LINE_WIDTH[kind],
        "dash": list(DASHES[status]) if status in DASHES else [],
    }


def _hatch(kind: str, position: int) -> list[float] | None:
    """Return angle in degrees and distance in pixels, as CSS counts them: 96 to an inch."""
    if kind not in (Kind.ZONE, Kind.CONSTRAINT):
        return None
    angle, distance = hatch_of(kind, position)
    return [angle, 9.0 if kind == Kind.CONSTRAINT else round(distance / 25.4 * 96 * 1.5, 1)]


def _area_geometry(
    kind: str, layer: Any, shape: BaseGeometry | None, crs: Any, spared: BaseGeometry | None
) -> dict[str, Any]:
    if not drawable(shape):
        return {"geo": None, "rings": [], "labelAt": []}
    rings = [
        (width, shape.buffer(width, quad_segs=8).simplify(_UNSEEN))
        for width in getattr(layer, "rings", ())
    ]
    places = _label_places(shape, spared if kind == Kind.ZONE else None)
    shapes: list[Any] = [shape, *(ring for _, ring in rings), *places]
    web = transform(gpd.GeoSeries(shapes, crs=crs), WGS84)
    rest = list(web.iloc[1:])
    return {
        "geo": geojson(web.iloc[0]),
        "rings": [{"width": width, "geo": geojson(rest[k])} for k, (width, _) in enumerate(rings)],
        "labelAt": [lat_lon(point) for point in rest[len(rings) :]],
    }


def _label_places(shape: BaseGeometry, spared: BaseGeometry | None) -> list[BaseGeometry]:
    """Return where a label may stand, the best first: the widest places free of corridors."""
    if shape.geom_type in ("LineString", "MultiLineString"):
        return [shape.interpolate(k, normalized=True) for k in (0.5, 0.25, 0.75, 0.1, 0.9)]
    free = shape.difference(spared) if spared is not None else shape
    parts = [p for p in shapely.get_parts(free) if p.geom_type == "Polygon" and p.area > 0]
    parts = sorted(parts, key=lambda part: -part.area)[:3]
    circles = [shapely.maximum_inscribed_circle(part, tolerance=20) for part in parts]
    return [shapely.get_point(c, 0) for c in circles] + [shape.representative_point()]
