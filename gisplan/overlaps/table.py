"""Two frames -> the area of each pair that has ground in common."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisplan.crs import require_metric
from gisplan.errors import CrsError
from gisplan.overlaps.ground import Ground


def overlap_table(wholes: gpd.GeoDataFrame, polygons: gpd.GeoDataFrame) -> pd.DataFrame:
    """Tell what each footprint has in common with each of some polygons.

    Parameters
    ----------
    wholes, polygons
        Frames in one CRS, in metres.

    Returns
    -------
    DataFrame
        One row per pair with more than nothing in common: ``footprint`` and ``polygon`` (labels
        of the two frames), ``area`` (m², planar), ``share`` of the footprint. As
        ``geopandas.overlay(wholes, polygons).area``, without the geometry.

    Raises
    ------
    CrsError
        Where the two frames differ in CRS or it is not in metres.
    """
    if wholes.crs is None or wholes.crs != polygons.crs:
        raise CrsError("crs_differs", found=wholes.crs, wanted=polygons.crs)
    require_metric(wholes.crs)
    shapes = np.asarray(wholes.geometry.array, dtype=object)
    found = Ground(np.asarray(polygons.geometry.array, dtype=object)).overlaps(shapes)
    size = shapely.area(shapes)[found.whole]
    return pd.DataFrame(
        {
            "footprint": wholes.index.take(found.whole),
            "polygon": polygons.index.take(found.polygon),
            "area": found.area,
            "share": np.minimum(1.0, found.area / size),
        }
    )
