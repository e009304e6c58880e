"""Areas on the ellipsoid, for reporting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyproj
import shapely

from gisplan.crs.systems import name_of
from gisplan.errors import CrsError

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoSeries

MU: Final = 2000 / 3
"""Square metres of one 亩 (mu)."""


def ellipsoidal_area(geometries: GeoSeries) -> pd.Series[float]:
    """Return areas on the ellipsoid (椭球面积), for reporting.

    Parameters
    ----------
    geometries
        Geometries in any CRS; the ellipsoid is that of the CRS.

    Returns
    -------
    Series
        ``float64``, square metres, same index. Holes are taken off, parts are added,
        points and lines have 0, missing geometry has NaN.

    Notes
    -----
    Geodesic polygon area after C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87
    (2013), as in :class:`pyproj.Geod`. Edges are drawn straight in the CRS, so they are
    densified to about 1 km before they become geodesics.
    """
    import pandas as pd

    if geometries.crs is None:
        raise CrsError("crs_missing", file="", target="")
    crs = pyproj.CRS(geometries.crs)
    geod, geodetic = crs.get_geod(), crs.geodetic_crs
    if geod is None or geodetic is None:
        raise CrsError("crs_unknown", value=name_of(crs))
    degrees = crs.is_geographic
    dense = geometries.force_2d().segmentize(0.01 if degrees else 1000.0)
    flat = dense if degrees else dense.to_crs(geodetic)
    areas = [_polygon_area(geometry, geod) for geometry in flat]
    return pd.Series(areas, index=geometries.index, dtype="float64", name="area")


def _polygon_area(geometry: Any, geod: pyproj.Geod) -> float:
    if geometry is None:
        return float("nan")
    parts = shapely.get_parts(geometry)
    if any(part.geom_type == "GeometryCollection" for part in parts):
        return sum(_polygon_area(part, geod) for part in parts)
    polygons = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return sum(_ring_area(p.exterior, geod) - _holes_area(p, geod) for p in polygons)


def _holes_area(polygon: Any, geod: pyproj.Geod) -> float:
    return sum(_ring_area(ring, geod) for ring in polygon.interiors)


def _ring_area(ring: Any, geod: pyproj.Geod) -> float:
    return abs(float(geod.geometry_area_perimeter(ring)[0]))
