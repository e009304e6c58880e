"""Drawn features: geometry that is unsound, and files that are not what their name says."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely.geometry import Point

from tests.intake.make_corpus import nasty

NAMES = ("文峰文化馆", "漳河水厂", "高新产业园")


def geojson(*shapes: dict[str, Any] | None, **members: Any) -> str:
    features = [
        {"type": "Feature", "properties": {"项目名称": name}, "geometry": shape}
        for name, shape in zip(NAMES, shapes, strict=False)
    ]
    return json.dumps({"type": "FeatureCollection", **members, "features": features})


def polygon(*rings: list[tuple[float, float]]) -> dict[str, Any]:
    """Give a polygon in hundredths of a degree from 114.30, 36.00."""
    placed = [[[114.3 + x / 100, 36 + y / 100] for x, y in ring] for ring in rings]
    return {"type": "Polygon", "coordinates": placed}


# --- geometry -------------------------------------------------------------------------------


@nasty("bow_tie.geojson")
def bow_tie() -> str:
    return geojson(polygon([(0, 0), (2, 2), (2, 0), (0, 2), (0, 0)]))


@nasty("outline_twice.geojson")
def outline_twice() -> str:
    ring = [(0, 0), (4, 0), (4, 4), (1, 4), (1, 1), (3, 1), (3, 3), (0, 3), (0, 0)]
    return geojson(polygon(ring), polygon([(5, 5), (6, 5), (6, 6), (5, 5)]))


@nasty("hole_outside.geojson")
def hole_outside() -> str:
    hole = [(6, 0), (8, 0), (8, 2), (6, 0)]
    return geojson(polygon([(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)], hole))


@nasty("repeated_vertices.geojson")
def repeated_vertices() -> str:
    return geojson(polygon([(0, 0), (0, 0), (4, 0), (4, 4), (4, 4), (0, 4), (0, 0)]))


@nasty("open_ring.geojson")
def open_ring() -> str:
    return geojson(polygon([(0, 0), (4, 0), (4, 4), (0, 4)]))


@nasty("antimeridian.geojson")
def antimeridian() -> str:
    line = {"type": "LineString", "coordinates": [[-179, 36], [179, 37]]}
    return geojson(line, {"type": "Point", "coordinates": [114.35, 36.09, 75.5]})


@nasty("kinds.geojson")
def kinds() -> str:
    point = {"type": "Point", "coordinates": [114.35, 36.09]}
    line = {"type": "LineString", "coordinates": [[114.3, 36.0], [114.4, 36.1]]}
    return geojson(None, {"type": "GeometryCollection", "geometries": [point, line]}, point)


@nasty("coordinates_unread.kml")
def coordinates_unread() -> str:
    good = "<Point><coordinates>114.35,36.09,0</coordinates></Point>"
    bad = "<Point><coordinates>114.36;36.10</coordinates></Point>"
    marks = "".join(
        f"<Placemark><name>{name}</name>{shape}</Placemark>"
        for name, shape in zip(NAMES, (good, bad, ""), strict=True)
    )
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'


# --- hostile --------------------------------------------------------------------------------


@nasty("vrt_named.geojson")
def vrt_named() -> str:
    source = "<SrcDataSource>/vsicurl/http://127.0.0.1:9/a.csv</SrcDataSource>"
    layer = f'<OGRVRTLayer name="a">{source}</OGRVRTLayer>'
    return f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"


@nasty("vrt_named.gpkg")
def vrt_named_gpkg() -> str:
    return vrt_named()


@nasty("crs_by_address.geojson")
def crs_by_address() -> str:
    crs = {"type": "link", "properties": {"href": "http://127.0.0.1:9/a.prj", "type": "proj4"}}
    return geojson({"type": "Point", "coordinates": [114.35, 36.09]}, crs=crs)


@nasty("entities.kml")
def entities() -> str:
    return '<!DOCTYPE k [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml>&a;</kml>'


@nasty("slip.kmz")
def slip() -> bytes:
    return zipped({"../../slip.kml": coordinates_unread().encode()})


@nasty("bomb.kmz")
def bomb() -> bytes:
    return zipped({"doc.kml": b"<kml>" + b"<Placemark/>" * 4_000_000})


@nasty("nothing_inside.zip")
def nothing_inside() -> bytes:
    return zipped({"说明.txt": b"empty"})


@nasty("nested_deep.geojson")
def nested_deep() -> str:
    return '{"type": "FeatureCollection", "features": ' + "[" * 50_000


@nasty("endless_view.gpkg")
def endless_view() -> bytes:
    """A view that never ends, and a count of rows that leaves two out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gpkg"
        places = [Point(114.35 + at / 100, 36.09) for at in range(3)]
        frame = gpd.GeoDataFrame({"name": list(NAMES)}, geometry=places, crs=4326)
        frame.to_file(path, layer="a")
        database = sqlite3.connect(path)
        database.execute(
            "CREATE VIEW endless AS WITH RECURSIVE t(name) AS"
            " (SELECT 1 UNION ALL SELECT name + 1 FROM t) SELECT name FROM t"
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier)"
            " VALUES ('endless', 'attributes', 'endless')"
        )
        database.execute("UPDATE gpkg_contents SET last_change = '2026-01-01T00:00:00.000Z'")
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = 1")
        database.commit()
        database.close()
        return path.read_bytes()


def zipped(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return held.getvalue()
