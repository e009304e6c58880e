"""Numbers as planes of bytes that zip well, and the integer places of the packed page."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORLD: Final = 27
"""A place is a Web Mercator integer of so many bits: 0.3 m at the equator."""


def split(values: NDArray[Any], wide: int) -> list[NDArray[np.uint8]]:
    """Return the lowest ``wide`` bytes of each value, plane by plane."""
    parts = np.ascontiguousarray(values, dtype="<u4").view(np.uint8).reshape(-1, 4)
    return [np.ascontiguousarray(parts[:, k]) for k in range(wide)]


def steps(values: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """Return the steps from value to value, zig-zag (sign in the lowest bit), in four planes."""
    step = np.diff(values, prepend=0)
    return split(((step << 1) ^ (step >> 63)).astype(np.uint32), 4)


def zip_planes(planes: Iterable[NDArray[np.uint8]]) -> str:
    """Join planes and zip them, see `zip_text`."""
    return zip_text(b"".join(plane.tobytes() for plane in planes))


def zip_text(data: bytes) -> str:
    """Return base64 of gzip, the same for the same bytes."""
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode("ascii")


def mercator(lon_lat: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return Web Mercator integers, y southwards; what is not finite becomes 0.

    Parameters
    ----------
    lon_lat
        Degrees, shape (n, 2).
    """
    lat = np.radians(np.clip(lon_lat[:, 1], -85, 85))
    parts = ((lon_lat[:, 0] + 180) / 360, 0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi))
    top = (1 << WORLD) - 1
    x, y = (np.clip(np.nan_to_num(np.floor(p * (top + 1))), 0, top).astype(np.int64) for p in parts)
    return x, y
