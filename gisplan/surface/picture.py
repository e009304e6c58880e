"""A surface -> colours: classes with round limits, a picture, and a picture for web maps."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyproj
from numpy.typing import NDArray

from gisplan.crs import WEB_MERCATOR, WGS84
from gisplan.labels import Labels
from gisplan.map_payload import MapImage
from gisplan.surface.model import Surface
from gisplan.symbology import SURFACE_COLORS

SIZE: Final = 900
"""Longer side of a picture for web maps, in pixels."""

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Picture:
    """Colours of a surface, and the legend that reads them in real units.

    ``rgba`` is rows x columns x 4, ``extent`` west, east, south, north in metres of the grid's
    CRS, ``legend`` pairs of ``#rrggbb`` and words, ``note`` what no colour means.
    """

    rgba: NDArray[np.uint8] = field(repr=False)
    extent: tuple[float, float, float, float]
    legend: tuple[tuple[str, str], ...]
    title: str
    note: str


def draw(surface: Surface, labels: Labels) -> Picture:
    """Colour a surface by classes with round limits."""
    limits = _limits(surface)
    west, south, east, north = surface.grid.bounds
    return Picture(
        _colours(surface.values, limits), (west, east, south, north),
        _legend(surface, limits, labels), labels(f"surface.title_{surface.kind}"),
        _note(surface, limits, labels),
    )  # fmt: skip


def map_image(surface: Surface, labels: Labels) -> MapImage:
    """Warp a surface into Web Mercator, by the nearest cell, for the interactive map."""
    limits = _limits(surface)
    grid = surface.grid
    box = _mercator_bounds(surface)
    rate = max(box[2] - box[0], box[3] - box[1]) / SIZE
    columns, rows = (math.ceil((box[k + 2] - box[k]) / rate) for k in (0, 1))
    x = box[0] + (np.arange(columns) + 0.5) * rate
    y = box[3] - (np.arange(rows) + 0.5) * rate
    back = pyproj.Transformer.from_crs(WEB_MERCATOR, grid.crs, always_xy=True)
    east, north = back.transform(*np.meshgrid(x, y))
    column = np.floor((east - grid.west) / grid.cell)
    row = np.floor((grid.north - north) / grid.cell)
    on = (column >= 0) & (column < grid.columns) & (row >= 0) & (row < grid.rows)
    values = np.full((rows, columns), np.nan)
    values[on] = surface.values[row[on].astype(int), column[on].astype(int)]
    degrees = pyproj.Transformer.from_crs(WEB_MERCATOR, WGS84, always_xy=True)
    west, south = degrees.transform(box[0], box[3] - rows * rate)
    right, top = degrees.transform(box[0] + columns * rate, box[3])
    return MapImage(
        id=f"surface-{surface.kind}", title=labels(f"surface.title_{surface.kind}"),
        png=png(_colours(values, limits)), bounds=(west, south, right, top),
        legend=_legend(surface, limits, labels), opacity=0.75, note=_note(surface, limits, labels),
    )  # fmt: skip


def png(rgba: NDArray[np.uint8]) -> bytes:
    """Encode a picture (rows x columns x 4) as PNG; the same bytes for the same picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows, columns, _ = rgba.shape
    lines = np.zeros((rows, columns * 4 + 1), dtype=np.uint8)
    lines[:, 1:] = rgba.reshape(rows, -1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)) + chunk(b"IEND", b"")
    )  # fmt: skip


def _limits(surface: Surface) -> tuple[float, ...]:
    """Return lower limits of the classes and the upper end: round numbers, evenly spaced."""
    count = len(SURFACE_COLORS)
    if surface.kind == "suitability":
        return tuple(k / count for k in range(count + 1))
    known = surface.values[np.isfinite(surface.values)]
    most = float(known.max()) if known.size else 0.0
    if most <= 0:
        return (0.0, 1.0)
    power = 10.0 ** math.floor(math.log10(most / count))
    step = next(s * power for s in _STEPS if s * power * count >= most * (1 - 1e-12))
    # What is next to nothing stays clear, so that the map below can be read.
    return (step / 10, *(step * k for k in range(1, count + 1) if step * (k - 1) < most))


def _colours(values: NDArray[np.float64], limits: tuple[float, ...]) -> NDArray[np.uint8]:
    palette = np.zeros((len(limits) + 1, 4), dtype=np.uint8)
    for at, color in enumerate(SURFACE_COLORS[: len(limits) - 1], start=1):
        palette[at] = (*bytes.fromhex(color[1:]), 255)
    palette[-1] = palette[-2]  # the highest value itself
    classes = np.digitize(np.nan_to_num(values, nan=-np.inf), limits)
    return palette[classes]


def _legend(
    surface: Surface, limits: tuple[float, ...], labels: Labels
) -> tuple[tuple[str, str], ...]:
    rate = 1e8 if surface.unit == "yuan/km2" else 1.0
    unit = labels(f"surface.unit_{surface.kind}")
    return tuple(
        (color, f"{low / rate:g}–{high / rate:g} {unit}".strip())
        for color, low, high in zip(SURFACE_COLORS, limits, limits[1:], strict=False)
    )


def _note(surface: Surface, limits: tuple[float, ...], labels: Labels) -> str:
    if surface.kind == "suitability":
        note = labels("surface.note_suitability")
        return note + labels("surface.note_upper") if surface.facts.get("unchecked") else note
    rate = 1e8 if surface.unit == "yuan/km2" else 1.0
    unit = labels(f"surface.unit_{surface.kind}")
    return labels(
        "surface.note_density", least=f"{limits[0] / rate:g}", unit=unit,
        bandwidth=f"{surface.facts['bandwidth_m']:,.0f}", n=surface.facts["projects"],
    )  # fmt: skip


def _mercator_bounds(surface: Surface) -> tuple[float, float, float, float]:
    there = pyproj.Transformer.from_crs(surface.grid.crs, WEB_MERCATOR, always_xy=True)
    west, south, east, north = there.transform_bounds(*surface.grid.bounds, densify_pts=21)
    return float(west), float(south), float(east), float(north)
