"""Coordinate systems by name, and the one door through which coordinates are converted."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj.exceptions import CRSError as PyprojCrsError
from pyproj.transformer import TransformerGroup

from gisplan.crs.offsets import Offset, offset_geometries, true_geometries
from gisplan.errors import CrsError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame, GeoSeries

Frame = TypeVar("Frame", "GeoDataFrame", "GeoSeries")

WGS84: Final = pyproj.CRS.from_epsg(4326)
CGCS2000: Final = pyproj.CRS.from_epsg(4490)
WEB_MERCATOR: Final = pyproj.CRS.from_epsg(3857)

_NAMES: Final = {
    "wgs84": "wgs84", "gps": "wgs84", "crs84": "wgs84",
    "cgcs2000": "cgcs2000", "国家2000": "cgcs2000", "2000国家大地坐标系": "cgcs2000",
    "gcj02": "gcj02", "gcj": "gcj02", "火星坐标": "gcj02", "高德": "gcj02", "腾讯": "gcj02",
    "bd09": "bd09", "bd09ll": "bd09", "百度": "bd09",
}  # fmt: skip
# Datums whose realisations agree to a few decimetres in China; PROJ has no parameters between
# them and calls the null shift "ballpark", which is right here and nowhere else.
EQUAL_DATUMS: Final = re.compile(
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
        return NamedCrs("EPSG:4326", WGS84) if same else NamedCrs(name_of(text), text)
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
        raise CrsError("crs_not_metric", crs=name_of(crs))
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
    before = _geometry(frame)
    own = pyproj.CRS(frame.crs) if frame.crs is not None else None
    after, crs = moved(before, own, target, source=source)
    return frame if after is before and source is None else _replace(frame, after, crs)


def moved(
    geometries: NDArray[np.object_],
    start: pyproj.CRS | None,
    target: str | pyproj.CRS | NamedCrs,
    *,
    source: NamedCrs | None = None,
) -> tuple[NDArray[np.object_], pyproj.CRS | None]:
    """Do what `transform` does with the geometries alone.

    Parameters
    ----------
    geometries
        ``object`` array, ``None`` where there is none.
    start
        The system that they are in.
    target, source
        As for `transform`.

    Returns
    -------
    geometries, crs
        The very array where nothing had to be changed; ``None`` for a system that none
        describes.
    """
    goal = parse_crs(target)
    if source is not None:
        start = source.crs
        if source.offset != "none":
            geometries = true_geometries(geometries, source.offset)
    if start is None:
        raise CrsError("crs_missing", file="", target=goal.name)
    crs: pyproj.CRS | None = start
    if start != goal.crs:
        refuse_ballpark(start, goal.crs)
        geometries, crs = _converted(geometries, _transformer(start, goal.crs)), goal.crs
    if goal.offset != "none":
        geometries, crs = offset_geometries(geometries, goal.offset), None
    return _without_infinite(geometries), crs


def refuse_ballpark(start: pyproj.CRS, goal: pyproj.CRS) -> None:
    """Raise where PROJ would shift between two datums by guess.

    Xian 1980 and Beijing 1954 to CGCS2000 is a shift of zero metres in PROJ, wrong by
    tens of metres to over a hundred; WGS 84 to CGCS2000 is the one harmless case.

    Raises
    ------
    CrsError
        ``crs_ballpark``, naming both systems.
    """
    ours, theirs = datum_of(start), datum_of(goal)
    if ours == theirs or (EQUAL_DATUMS.search(ours) and EQUAL_DATUMS.search(theirs)):
        return
    local = _LOCAL_DATUMS.search(ours) or _LOCAL_DATUMS.search(theirs)
    if local or not _has_known_operation(start, goal):
        raise CrsError("crs_ballpark", source=name_of(start), target=name_of(goal))


def is_one_operation(start: pyproj.CRS, goal: pyproj.CRS) -> bool:
    """Tell whether one smooth formula leads from one system to the other, everywhere.

    Between two datums PROJ may choose among several by place, or read a grid: then places that
    are neighbours in one system may be metres apart in the other.
    """
    if start == goal:
        return True
    ours, theirs = datum_of(start), datum_of(goal)
    if ours != theirs and not (EQUAL_DATUMS.search(ours) and EQUAL_DATUMS.search(theirs)):
        return False
    return len(TransformerGroup(start, goal, always_xy=True).transformers) == 1


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


# --- inner workings -----------------------------------------------------------------------


def _from_epsg(code: int, text: object) -> pyproj.CRS:
    try:
        crs = pyproj.CRS.from_epsg(code).to_2d()
    except PyprojCrsError:
        raise CrsError("crs_unknown", value=text) from None
    if not (crs.is_geographic or crs.is_projected):
        raise CrsError("crs_unknown", value=text)
    return crs


def name_of(crs: pyproj.CRS) -> str:
    """Return the code of a system, or its name where it has none."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.name)


def datum_of(crs: pyproj.CRS) -> str:
    """Return the name of the datum a system rests on."""
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


def _converted(
    geometries: NDArray[np.object_], transformer: pyproj.Transformer
) -> NDArray[np.object_]:
    """Convert every vertex, heights where there are any."""
    found = np.empty_like(geometries)
    high = shapely.has_z(geometries)
    for rows, heights in ((~high, False), (high, True)):
        if rows.any():
            vertices = shapely.get_coordinates(geometries[rows], include_z=heights)
            there = np.array(transformer.transform(*vertices.T)).T
            # The copy, because the vertices are put into the array that is given.
            found[rows] = shapely.set_coordinates(geometries[rows].copy(), there)
    return found


@lru_cache(maxsize=64)
def _transformer(start: pyproj.CRS, goal: pyproj.CRS) -> pyproj.Transformer:
    """Return the way from one system to the other, longitude or east first.

    From WGS 84 to the metres of CGCS2000 PROJ searches its database for longer than a list
    takes to check, and finds that the two datums are one (tested, bit by bit). So it is asked
    for the way within CGCS2000, which it need not search for. A system that carries a shift to
    WGS 84 of its own is not that datum.
    """
    if start.is_bound or goal.is_bound:
        return pyproj.Transformer.from_crs(start, goal, always_xy=True)
    if _is_wgs84(start) and goal.is_projected and datum_of(goal) == datum_of(CGCS2000):
        start = CGCS2000
    elif _is_wgs84(goal) and start.is_projected and datum_of(start) == datum_of(CGCS2000):
        goal = CGCS2000
    return pyproj.Transformer.from_crs(start, goal, always_xy=True)


def _is_wgs84(crs: pyproj.CRS) -> bool:
    return crs.is_geographic and crs.equals(WGS84, ignore_axis_order=True)


def _without_infinite(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    bad = owner[~np.isfinite(coordinates).all(axis=1)]
    if not bad.size:
        return geometries
    kept = geometries.copy()
    kept[bad] = None
    return kept
