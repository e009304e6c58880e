"""Footprints of a long list: rings simplified to what a screen can show, as packed bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import shapely

from gisplan.crs import WGS84, transform
from gisplan.map_payload.planes import mercator, split, steps, zip_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE: Final = 1e-5
"""Degrees: 1 m, a pixel at the closest zoom levels."""

_POLYGON, _MULTIPOLYGON = 3, 6


def pack_prints(shapes: NDArray[Any], crs: Any) -> dict[str, Any] | None:
    """Pack the outlines of the polygons among ``shapes``, ``None`` if there are none.

    Parameters
    ----------
    shapes
        Geometries of the located projects in the order of the packed list.
    crs
        Their CRS; without one they are degrees.

    Returns
    -------
    dict
        ``rings``, ``corners`` (how many) and ``body``: for each ring the place of its project
        in the list (as steps) and its number of corners, then x and y as steps.
    """
    polygons = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (_POLYGON, _MULTIPOLYGON)))
    if not len(polygons):
        return None
    web = shapes[polygons]
    if crs is not None:
        web = np.asarray(transform(gpd.GeoSeries(web, crs=crs), WGS84).array, dtype=object)
    parts, project = shapely.get_parts(simplified(web), return_index=True)
    # Shells one way round and holes the other: overlapping neighbours are then both filled.
    rings, part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    open_end = np.append(ring[1:] == ring[:-1], False)  # the last corner repeats the first
    x, y = mercator(corners[open_end])
    owners = polygons[project[part]].astype(np.int64)
    counts = np.bincount(ring[open_end], minlength=len(rings))
    planes = [*steps(owners), *split(counts, 4), *steps(x), *steps(y)]
    return {"rings": len(rings), "corners": len(x), "body": zip_planes(planes)}


def simplified(shapes: NDArray[Any]) -> NDArray[Any]:
    """Drop the corners that no screen can show; edges that two parcels share stay one edge.

    Parameters
    ----------
    shapes
        Polygons and multipolygons in degrees.

    Notes
    -----
    Each simplified for itself, neighbours would part with slits and overlaps along their
    common edge. Where no two of them have a corner in common there is none, and the plain way
    takes a sixth of the time.
    """
    corners = shapely.get_coordinates(shapes)
    rings = len(shapely.get_rings(shapely.get_parts(shapes)))
    touching = len(np.unique(corners.view(np.complex128))) < len(corners) - rings
    if touching:
        return np.asarray(shapely.coverage_simplify(shapes, TOLERANCE), dtype=object)
    return np.asarray(shapely.simplify(shapes, TOLERANCE), dtype=object)
