"""Gauss-Krüger zones of China: told from numbers, named as EPSG codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import numpy as np
import pyproj
from numpy.typing import ArrayLike

from gisplan.crs.systems import EQUAL_DATUMS, NamedCrs, datum_of, name_of, parse_crs
from gisplan.errors import CrsError

MERIDIANS: Final = tuple(range(75, 136, 3))
"""Central meridians of the 3-degree zones of China, in degrees east."""

Datum = Literal["cgcs2000", "xian80", "beijing54"]

_FIRST_NUMBER: Final = {3: 25, 6: 13}
_COUNT: Final = {3: 21, 6: 11}
_CODES: Final[Mapping[tuple[str, int], tuple[int, int]]] = {
    ("cgcs2000", 3): (4513, 4534), ("cgcs2000", 6): (4491, 4502),
    ("xian80", 3): (2349, 2370), ("xian80", 6): (2327, 2338),
    ("beijing54", 3): (2401, 2422), ("beijing54", 6): (21413, 21453),
}  # fmt: skip
"""EPSG codes of the first zone, with its number before eastings and without."""

_ZONE_MARGIN: Final = 1.5
"""By how much coordinates may leave a zone and still be believed to be in it."""


class GaussKruger(NamedTuple):
    """What is needed to compute metres on a page without PROJ: degrees and metres."""

    central_meridian: float
    latitude_of_origin: float
    scale: float
    false_easting: float
    false_northing: float
    semi_major: float
    flattening: float


class Zone(NamedTuple):
    """A Gauss-Krüger zone: width in degrees, number, whether eastings carry it, and datum."""

    width: int
    number: int
    prefixed: bool
    datum: Datum = "cgcs2000"

    @property
    def meridian(self) -> int:
        """Central meridian in degrees east."""
        return 3 * self.number if self.width == 3 else 6 * self.number - 3

    @property
    def crs(self) -> NamedCrs:
        """The system of the zone."""
        with_number, without = _CODES[self.datum, self.width]
        first = with_number if self.prefixed else without
        return parse_crs(f"EPSG:{first + self.number - _FIRST_NUMBER[self.width]}")


def gauss_kruger_parameters(crs: pyproj.CRS) -> GaussKruger:
    """Return the numbers of a transverse Mercator CRS, for the map's coordinate read-out.

    Raises
    ------
    CrsError
        ``crs_not_gauss_kruger`` for any other projection.
    """
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        raise CrsError("crs_not_gauss_kruger", crs=name_of(crs))
    values = {parameter.name: float(parameter.value) for parameter in operation.params}
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        raise CrsError("crs_not_gauss_kruger", crs=name_of(crs))
    return GaussKruger(
        central_meridian=values["Longitude of natural origin"],
        latitude_of_origin=values["Latitude of natural origin"],
        scale=values["Scale factor at natural origin"],
        false_easting=values["False easting"],
        false_northing=values["False northing"],
        semi_major=float(ellipsoid.semi_major_metre),
        flattening=1.0 / float(ellipsoid.inverse_flattening),
    )


def zone_of(number: int, width: int, *, prefixed: bool, datum: Datum = "cgcs2000") -> Zone | None:
    """Return the zone of a number, ``None`` where China has none of that number."""
    first = _FIRST_NUMBER.get(width)
    inside = first is not None and first <= number < first + _COUNT[width]
    return Zone(width, number, prefixed, datum) if inside else None


def zone_of_meridian(
    meridian: float, width: int, *, prefixed: bool, datum: Datum = "cgcs2000"
) -> Zone | None:
    """Return the zone with a central meridian, ``None`` where there is none."""
    number = meridian / 3 if width == 3 else (meridian + 3) / 6
    if number != int(number):
        return None
    return zone_of(int(number), width, prefixed=prefixed, datum=datum)


def zone_in_easting(easting: float) -> Zone | None:
    """Return the zone whose number stands before an easting (38 531 521 is zone 38).

    The rest has to lie within half a zone of the false easting, taken at the equator.
    """
    number, rest = divmod(easting, 1e6)
    width = 3 if number >= 24 else 6
    zone = zone_of(int(number), width, prefixed=True)
    return zone if abs(rest - 5e5) <= width / 2 * 111_320 * _ZONE_MARGIN else None


def zone_of_crs(crs: pyproj.CRS) -> Zone | None:
    """Return the Gauss-Krüger zone of a CGCS2000 system, ``None`` for any other."""
    try:
        numbers = gauss_kruger_parameters(crs)
    except CrsError:
        return None
    if numbers.scale != 1 or not EQUAL_DATUMS.search(datum_of(crs)):
        return None
    prefix, rest = divmod(numbers.false_easting, 1e6)
    if rest != 5e5:
        return None
    if prefix:
        return zone_of(int(prefix), 3 if prefix >= 24 else 6, prefixed=True)
    width = 3 if re.search(r"3[-_ ]degree", crs.name, re.IGNORECASE) else 6
    return zone_of_meridian(numbers.central_meridian, width, prefixed=False)


def suggest_systems(east: ArrayLike, north: ArrayLike) -> tuple[str, ...]:
    """Name the systems that such metres may be in, in the order of what is common in China.

    Parameters
    ----------
    east, north
        Eastings and northings in metres.

    Returns
    -------
    tuple of str
        One name where the numbers leave one reading, several where they do not (a range
        as ``EPSG:4534-4554``), none where no system of China has such numbers. Datums
        cannot be told from numbers: CGCS2000 is the one in force, so it is named.
    """
    x, y = np.asarray(east, dtype=float), np.asarray(north, dtype=float)
    if not x.size or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return ()
    found: list[str] = []
    zones = {zone_in_easting(float(one)) for one in x}
    grid = bool(((y >= 3.0e5) & (y <= 6.1e6)).all())
    if grid and len(zones) == 1 and None not in zones:
        found.extend(zone.crs.name for zone in zones if zone is not None)
    if grid and bool(((x >= 1.0e5) & (x <= 9.0e5)).all()):
        found += ["EPSG:4534-4554", "EPSG:4502-4512", "EPSG:32643-32653"]
    if bool(((x >= 8.1e6) & (x <= 15.1e6) & (y >= 3.0e5) & (y <= 7.2e6)).all()):
        # Baidu's own Mercator has numbers of the same size and no code at all.
        found += ["EPSG:3857", "BD-09MC"]
    return tuple(found)
