"""Coordinate systems: the only room that names an EPSG code or converts a coordinate."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar, cast

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj.exceptions import CRSError as PyprojCrsError
from pyproj.transformer import TransformerGroup

from gisplan.errors import CrsError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame, GeoSeries

Frame = TypeVar("Frame", "GeoDataFrame", "GeoSeries")
Floats = NDArray[np.float64]
Offset = Literal["none", "gcj02", "bd09"]

WGS84: Final = pyproj.CRS.from_epsg(4326)
CGCS2000: Final = pyproj.CRS.from_epsg(4490)
MU: Final = 2000 / 3
"""Square metres of one 亩 (mu)."""

_NAMES: Final = {
    "wgs84": "wgs84", "gps": "wgs84", "crs84": "wgs84",
    "cgcs2000": "cgcs2000", "国家2000": "cgcs2000", "2000国家大地坐标系": "cgcs2000",
    "gcj02": "gcj02", "gcj": "gcj02", "火星坐标": "gcj02", "高德": "gcj02", "腾讯": "gcj02",
    "bd09": "bd09", "bd09ll": "bd09", "百度": "bd09",
}  # fmt: skip
# Datums whose realisations agree to a few decimetres in China; PROJ has no parameters between
# them and calls the null shift "ballpark", which is right here and nowhere else.
_EQUAL_DATUMS: Final = re.compile(
    r"World Geodetic System 1984|WGS.?(19)?84|China.?2000|China Geodetic|CGCS.?2000", re.IGNORECASE
)
# PROJ knows operations from these to WGS 84 for oil fields at sea only: on land they are wrong.
_LOCAL_DATUMS: Final = re.compile(r"Xian|Xi'?an|Beijing", re.IGNORECASE)
_USE_MARGIN: Final = 1.5
"""Degrees by which a coordinate may leave its CRS's area of use and still be believed."""


@dataclass(frozen=True)
class NamedCrs:
    """A coordinate system as a user names it.

    Attributes
    ----------
    name
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` or ``EPSG:nnnn``.
    crs
        The system of the true coordinates; for GCJ-02 and BD-09 that is WGS 84, which
        holds only once the offset is taken off.
    offset
        Which deliberate offset the stored longitudes and latitudes carry.
    """

    name: str
    crs: pyproj.CRS
    offset: Offset = "none"

    @property
    def is_geographic(self) -> bool:
        """Whether coordinates are degrees."""
        return bool(self.crs.is_geographic)


class GaussKruger(NamedTuple):
    """What is needed to compute metres on a page without PROJ: degrees and metres."""

    central_meridian: float
    latitude_of_origin: float
    scale: float
    false_easting: float
    false_northing: float
    semi_major: float
    flattening: float


def parse_crs(text: str | int | pyproj.CRS | NamedCrs) -> NamedCrs:
    """Understand the name of a coordinate system.

    Parameters
    ----------
    text
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` (any case, hyphen or full width),
        ``EPSG:4547`` or ``4547``; or a system already understood.

    Raises
    ------
    CrsError
        ``crs_unknown`` where the name is none of these or not a system on the ground.
    """
    if isinstance(text, NamedCrs):
        return text
    if isinstance(text, pyproj.CRS):
        # Files call WGS 84 also OGC:CRS84 or give it heights; here that is one system.
        same = text.is_geographic and text.to_2d().equals(WGS84, ignore_axis_order=True)
        return NamedCrs("EPSG:4326", WGS84) if same else NamedCrs(_name(text), text)
    plain = unicodedata.normalize("NFKC", str(text)).strip()
    known = _NAMES.get(re.sub(r"[\s_-]", "", plain).lower())
    if known in ("gcj02", "bd09"):
        return NamedCrs(known, WGS84, cast("Offset", known))
    if known:
        return NamedCrs(known, WGS84 if known == "wgs84" else CGCS2000)
    numbered = re.fullmatch(r"(?:EPSG\s*:{1,2}\s*)?(\d{3,6})", plain, re.IGNORECASE)
    if not numbered:
        raise CrsError("crs_unknown", value=text)
    return NamedCrs(f"EPSG:{int(numbered[1])}", _from_epsg(int(numbered[1]), text))


def require_metric(crs: pyproj.CRS) -> pyproj.CRS:
    """Return a CRS in which metres may be measured, else raise.

    Raises
    ------
    CrsError
        ``crs_not_metric`` where it is not projected, not in metres, or Web Mercator,
        whose metres are 1.24 times too long at 36° N.
    """
    metres = crs.is_projected and all(axis.unit_name == "metre" for axis in crs.axis_info)
    operation = crs.coordinate_operation
    mercator = operation is not None and "Mercator" in operation.method_name
    pseudo = mercator and "Transverse" not in operation.method_name if operation else False
    if not metres or pseudo:
        raise CrsError("crs_not_metric", crs=_name(crs))
    return crs


def transform(
    frame: Frame,
    target: str | pyproj.CRS | NamedCrs,
    *,
    source: NamedCrs | None = None,
) -> Frame:
    """Bring a frame into another coordinate system, the one door for every conversion.

    Parameters
    ----------
    frame
        Frame or series of geometries with a CRS, or any frame with ``source`` given.
    target
        System to go to. With GCJ-02 or BD-09 the result has no CRS, as none describes it.
    source
        How the stored coordinates are to be read; overrides the frame's own CRS.

    Returns
    -------
    GeoDataFrame or GeoSeries
        The same rows. A geometry that cannot be represented in ``target`` is ``None``
        (PROJ would give ``inf`` without a word): compare ``isna()`` before and after.

    Raises
    ------
    CrsError
        ``crs_missing`` without a CRS, ``crs_ballpark`` where only parameters of the
        local survey office lead from one datum to the other.
    """
    goal = parse_crs(target)
    if source is not None:
        frame = _take_off_offset(frame, source)
    if frame.crs is None:
        raise CrsError("crs_missing", file="", target=goal.name)
    start = pyproj.CRS(frame.crs)
    if start != goal.crs:
        refuse_ballpark(start, goal.crs)
        frame = frame.to_crs(goal.crs)
    if goal.offset != "none":
        frame = _replace(frame, offset_geometries(_geometry(frame), goal.offset), None)
    return _drop_infinite(frame)


def refuse_ballpark(start: pyproj.CRS, goal: pyproj.CRS) -> None:
    """Raise where PROJ would shift between two datums by guess.

    Xian 1980 and Beijing 1954 to CGCS2000 is a shift of zero metres in PROJ, wrong by
    tens of metres to over a hundred; WGS 84 to CGCS2000 is the one harmless case.

    Raises
    ------
    CrsError
        ``crs_ballpark``, naming both systems.
    """
    ours, theirs = _datum(start), _datum(goal)
    if ours == theirs or (_EQUAL_DATUMS.search(ours) and _EQUAL_DATUMS.search(theirs)):
        return
    local = _LOCAL_DATUMS.search(ours) or _LOCAL_DATUMS.search(theirs)
    if local or not _has_known_operation(start, goal):
        raise CrsError("crs_ballpark", source=_name(start), target=_name(goal))


def outside_area_of_use(lon: ArrayLike, lat: ArrayLike, crs: pyproj.CRS) -> NDArray[np.bool_]:
    """Tell which WGS 84 positions lie far from where a CRS is meant to be used.

    This finds swapped axes, a wrong zone and lost decimal points, which PROJ computes
    without complaint. A CRS without a stated area of use is believed everywhere.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    use = crs.area_of_use
    if use is None or use.west > use.east:
        return np.zeros(np.broadcast(x, y).shape, dtype=bool)
    inside = (x >= use.west - _USE_MARGIN) & (x <= use.east + _USE_MARGIN)
    inside &= (y >= use.south - _USE_MARGIN) & (y <= use.north + _USE_MARGIN)
    return np.asarray(~inside, dtype=bool)


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
    if geometries.crs is None:
        raise CrsError("crs_missing", file="", target="")
    crs = pyproj.CRS(geometries.crs)
    geod, geodetic = crs.get_geod(), crs.geodetic_crs
    if geod is None or geodetic is None:
        raise CrsError("crs_unknown", value=_name(crs))
    degrees = crs.is_geographic
    dense = geometries.force_2d().segmentize(0.01 if degrees else 1000.0)
    flat = dense if degrees else dense.to_crs(geodetic)
    areas = [_polygon_area(geometry, geod) for geometry in flat]
    return pd.Series(areas, index=geometries.index, dtype="float64", name="area")


def gauss_kruger_parameters(crs: pyproj.CRS) -> GaussKruger:
    """Return the numbers of a transverse Mercator CRS, for the map's coordinate read-out.

    Raises
    ------
    CrsError
        ``crs_not_gauss_kruger`` for any other projection.
    """
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        raise CrsError("crs_not_gauss_kruger", crs=_name(crs))
    values = {parameter.name: float(parameter.value) for parameter in operation.params}
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        raise CrsError("crs_not_gauss_kruger", crs=_name(crs))
    return GaussKruger(
        central_meridian=values["Longitude of natural origin"],
        latitude_of_origin=values["Latitude of natural origin"],
        scale=values["Scale factor at natural origin"],
        false_easting=values["False easting"],
        false_northing=values["False northing"],
        semi_major=float(ellipsoid.semi_major_metre),
        flattening=1.0 / float(ellipsoid.inverse_flattening),
    )


# --- the offsets of Chinese web maps -----------------------------------------------------

_KRASSOVSKY_A: Final = 6378245.0
_KRASSOVSKY_F: Final = 1 / 298.3
_KRASSOVSKY_E2: Final = 1 - (1 - _KRASSOVSKY_F) ** 2
_BD_WAVE: Final = np.pi * 3000.0 / 180.0
# A fixed number of steps, so that a row's result never depends on the rows beside it.
# The GCJ-02 shift changes by under 1 % of a displacement, the BD-09 shift by under 3 %.
_GCJ_STEPS: Final = 8
_BD_STEPS: Final = 12


def gcj02_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Add the GCJ-02 offset (高德, 腾讯) to WGS 84 or CGCS2000 degrees.

    Identity outside lon 72.004–137.8347, lat 0.8293–55.8271, as in the published code.
    Formula: the leaked "China Map Deviation" algorithm (E. Q. Liao and others, 2010), in
    the form of npm gcoord 1.0.7 (MIT); equal to it within 1e-9 m.
    """
    x, y = _pair(lon, lat)
    inside = _in_box(x, y)
    shifted_x, shifted_y = _add_gcj(x, y)
    return np.where(inside, shifted_x, x), np.where(inside, shifted_y, y)


def wgs84_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Take the GCJ-02 offset off, by fixed-point iteration; exact within 1e-8 m."""
    return _invert(_add_gcj, lon, lat, _GCJ_STEPS)


def bd09_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Add the BD-09 offset (百度) to GCJ-02 degrees.

    Formula as in npm gcoord 1.0.7 (MIT); identity outside the box of GCJ-02.
    """
    x, y = _pair(lon, lat)
    inside = _in_box(x, y)
    shifted_x, shifted_y = _add_bd(x, y)
    return np.where(inside, shifted_x, x), np.where(inside, shifted_y, y)


def gcj02_from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Take the BD-09 offset off, by fixed-point iteration; exact within 1e-8 m."""
    return _invert(_add_bd, lon, lat, _BD_STEPS)


def bd09_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Add both offsets (百度) to WGS 84 or CGCS2000 degrees."""
    return bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))


def wgs84_from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Take both offsets off BD-09 degrees."""
    return wgs84_from_gcj02(*gcj02_from_bd09(lon, lat))


def offset_geometries(geometries: ArrayLike, offset: Offset) -> NDArray[np.object_]:
    """Add the offset of a web map to every vertex of WGS 84 geometries."""
    add = {"gcj02": gcj02_from_wgs84, "bd09": bd09_from_wgs84}
    return _each_vertex(geometries, add[offset])


def true_geometries(geometries: ArrayLike, offset: Offset) -> NDArray[np.object_]:
    """Take the offset of a web map off every vertex; the result is WGS 84."""
    take = {"gcj02": wgs84_from_gcj02, "bd09": wgs84_from_bd09}
    return _each_vertex(geometries, take[offset])


def _each_vertex(geometries: ArrayLike, change: Any) -> NDArray[np.object_]:
    array = np.asarray(geometries, dtype=object)
    return np.asarray(shapely.transform(array, change, interleaved=False), dtype=object)


def _pair(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _in_box(x: Floats, y: Floats) -> NDArray[np.bool_]:
    return np.asarray((x >= 72.004) & (x <= 137.8347) & (y >= 0.8293) & (y <= 55.8271))


def _add_gcj(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    pi = np.pi
    ripple = (20.0 * np.sin(6.0 * pi * x) + 20.0 * np.sin(2.0 * pi * x)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20.0 * np.sin(pi * y) + 40.0 * np.sin(pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(pi / 12.0 * y) + 320.0 * np.sin(pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20.0 * np.sin(pi * x) + 40.0 * np.sin(pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(pi / 12.0 * x) + 300.0 * np.sin(pi / 30.0 * x)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - _KRASSOVSKY_E2 * np.sin(phi) ** 2
    meridian = _KRASSOVSKY_A * (1.0 - _KRASSOVSKY_E2) / (magic * np.sqrt(magic))
    parallel = _KRASSOVSKY_A / np.sqrt(magic) * np.cos(phi)
    return lon + np.degrees(east / parallel), lat + np.degrees(north / meridian)


def _add_bd(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_WAVE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_WAVE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _invert(add: Any, lon: ArrayLike, lat: ArrayLike, steps: int) -> tuple[Floats, Floats]:
    x, y = _pair(lon, lat)
    # Start and result are kept only where the result lies in the box, because the box is
    # defined before the offset: this undoes the forward step up to its very edge.
    near = (x >= 71.9) & (x <= 138.0) & (y >= 0.7) & (y <= 56.0)
    true_x, true_y = np.where(near, x, 105.0), np.where(near, y, 35.0)
    for _ in range(steps):
        forward_x, forward_y = add(true_x, true_y)
        true_x = np.where(near, true_x + (x - forward_x), true_x)
        true_y = np.where(near, true_y + (y - forward_y), true_y)
    inside = near & _in_box(true_x, true_y)
    return np.where(inside, true_x, x), np.where(inside, true_y, y)


# --- inner workings -----------------------------------------------------------------------


def _from_epsg(code: int, text: object) -> pyproj.CRS:
    try:
        crs = pyproj.CRS.from_epsg(code).to_2d()
    except PyprojCrsError:
        raise CrsError("crs_unknown", value=text) from None
    if not (crs.is_geographic or crs.is_projected):
        raise CrsError("crs_unknown", value=text)
    return crs


def _name(crs: pyproj.CRS) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.name)


def _datum(crs: pyproj.CRS) -> str:
    geodetic = crs.geodetic_crs
    return str(geodetic.datum.name) if geodetic is not None and geodetic.datum else str(crs.name)


def _has_known_operation(start: pyproj.CRS, goal: pyproj.CRS) -> bool:
    operations = TransformerGroup(start, goal, always_xy=True, allow_ballpark=False).transformers
    return any(operation.accuracy >= 0 for operation in operations)


def _geometry(frame: Any) -> NDArray[np.object_]:
    return np.asarray(frame.geometry.array, dtype=object)


def _replace(frame: Any, geometries: NDArray[np.object_], crs: pyproj.CRS | None) -> Any:
    from geopandas import GeoSeries

    if isinstance(frame, GeoSeries):
        return GeoSeries(geometries, index=frame.index, crs=crs, name=frame.name)
    column = GeoSeries(geometries, index=frame.index, crs=crs)
    return frame.set_geometry(column.rename(frame.geometry.name))


def _take_off_offset(frame: Frame, source: NamedCrs) -> Frame:
    geometries = _geometry(frame)
    if source.offset != "none":
        geometries = true_geometries(geometries, source.offset)
    return cast("Frame", _replace(frame, geometries, source.crs))


def _drop_infinite(frame: Frame) -> Frame:
    geometries = _geometry(frame)
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    bad = np.unique(owner[~np.isfinite(coordinates).all(axis=1)])
    if not bad.size:
        return frame
    geometries = geometries.copy()
    geometries[bad] = None
    return cast("Frame", _replace(frame, geometries, frame.crs))


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
