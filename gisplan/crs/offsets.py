"""The deliberate offsets of Chinese web maps, GCJ-02 and BD-09: degrees in, degrees out."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Offset = Literal["none", "gcj02", "bd09"]

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
