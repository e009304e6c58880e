"""A long list of projects as packed bytes: places, codes and names, drawn on one canvas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisplan.crs import WGS84, transform
from gisplan.labels import Labels
from gisplan.map_payload.planes import WORLD, mercator, split, steps, zip_planes, zip_text
from gisplan.map_payload.prints import pack_prints
from gisplan.map_payload.projects import issue_texts
from gisplan.map_payload.values import ids, plain, text, year_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMIT: Final = 2000
"""Up to so many projects each has its own symbol on the page, above they are packed."""

CHUNK: Final = 4096
"""Names are unzipped so many at a time, when they are asked for."""

_IDS_LIMIT: Final = 300_000
_OCTAVE, _UNIT = 12, 10.0
"""Lengths become bytes by their logarithm: 12 steps to an octave above 10 m, 6 % apart."""

_P_STEPS: Final = 200


@dataclass
class Packed:
    """What the page needs of a long list, and where it lies.

    Attributes
    ----------
    told
        For JSON: ``size``, ``located`` (these come first), ``columns`` (name, number of
        bytes, ``delta``, and the table of values a code stands for), ``body``, ``prints``,
        ``names`` and ``ids`` as base64 of gzip.
    lon_lat
        Places of the located projects in degrees, shape (n, 2).
    """

    told: dict[str, Any]
    lon_lat: NDArray[np.float64]


@dataclass
class _Planes:
    order: NDArray[np.intp]
    columns: list[dict[str, Any]] = field(default_factory=list)
    bytes: list[NDArray[np.uint8]] = field(default_factory=list)

    def codes(self, name: str, column: pd.Series[Any] | None, word: Callable[[Any], Any]) -> None:
        """Add a column of few values as the place of each in a table."""
        if column is None:
            return
        numbers, found = pd.factorize(column)
        words = [word(None), *(word(value) for value in found)]
        table = list({json.dumps(one): one for one in words}.values())
        place = {json.dumps(one): k for k, one in enumerate(table)}
        lookup = np.array([place[json.dumps(one)] for one in words], dtype=np.uint32)
        codes = lookup[numbers + 1][self.order]
        wide = 1 if len(table) <= 1 << 8 else 2 if len(table) <= 1 << 16 else 4
        self.columns.append({"name": name, "bytes": wide, "table": table})
        self.bytes.extend(split(codes, wide))

    def lengths(self, name: str, column: pd.Series[Any] | None) -> None:
        """Add metres as signed logarithms; neighbours are alike, so steps between them."""
        if column is None:
            return
        metres = column.to_numpy(dtype="float64", na_value=np.nan)[self.order]
        size = np.rint(_OCTAVE * np.log2(1 + np.abs(metres) / _UNIT))
        code = 128 + np.sign(metres) * np.minimum(size, 127)
        code = np.where(np.isfinite(metres), code, 0).astype(np.uint8)
        self._steps(name, code)

    def chances(self, name: str, column: pd.Series[Any] | None) -> None:
        """Add probabilities in steps of half a percent, never more than they are."""
        if column is None:
            return
        p = column.to_numpy(dtype="float64", na_value=np.nan)[self.order]
        code = np.where(np.isfinite(p), 1 + np.floor(np.clip(p, 0, 1) * _P_STEPS + 1e-9), 0)
        self._steps(name, code.astype(np.uint8))

    def _steps(self, name: str, code: NDArray[np.uint8]) -> None:
        self.columns.append({"name": name, "bytes": 1, "delta": True})
        self.bytes.append(np.diff(code, prepend=np.uint8(0)))

    def places(self, name: str, values: NDArray[np.int64]) -> None:
        """Add integers as zig-zag steps."""
        self.columns.append({"name": name, "bytes": 4})
        self.bytes.extend(steps(values))


def pack(projects: gpd.GeoDataFrame, verdicts: pd.DataFrame | None, labels: Labels) -> Packed:
    """Pack a long list of projects and the numbers of their verdicts.

    Parameters
    ----------
    projects, verdicts
        As for `gisplan.explore.explore`, on the same index.
    labels
        The words of one language.
    """
    shapes = np.asarray(projects.geometry.array, dtype=object)
    lon_lat = _lon_lat(shapes, projects.crs)
    found = np.isfinite(lon_lat).all(axis=1)
    x, y = mercator(lon_lat)
    along = np.argsort(_morton(x[found], y[found]), kind="stable")
    order = np.concatenate([np.flatnonzero(found)[along], np.flatnonzero(~found)])
    located = int(found.sum())
    planes = _Planes(order)
    planes.places("x", x[order[:located]])
    planes.places("y", y[order[:located]])
    _columns(planes, projects, verdicts, labels)
    long = len(projects) > _IDS_LIMIT
    told = {
        "size": len(projects),
        "located": located,
        "world": WORLD,
        "chunk": CHUNK,
        "columns": planes.columns,
        "body": zip_planes(planes.bytes),
        "prints": pack_prints(shapes[order[:located]], projects.crs),
        "names": _texts(projects["name"], order),
        "ids": None if long else _texts(projects["id"], order),
    }
    return Packed(told, lon_lat[found])


def _columns(
    planes: _Planes, projects: gpd.GeoDataFrame, verdicts: pd.DataFrame | None, labels: Labels
) -> None:
    planes.codes("industry", projects.get("industry"), text)
    planes.codes("stage", projects.get("stage"), text)
    planes.codes("year", projects.get("year"), year_of)
    planes.codes("accuracy", projects.get("accuracy"), lambda value: plain(value, 1))
    if verdicts is None:
        return
    planes.codes("outcome", verdicts.get("outcome"), lambda value: text(value) or "unknown")
    planes.codes("nominal", verdicts.get("nominal"), text)
    planes.codes("zones", verdicts.get("zone"), ids)
    planes.codes("corridor", verdicts.get("corridor"), text)
    planes.codes("unchecked", verdicts.get("unchecked"), ids)
    planes.codes("issues", verdicts.get("issues"), lambda value: issue_texts(value, labels))
    planes.lengths("zoneMargin", verdicts.get("zone_margin"))
    planes.lengths("corridorDistance", verdicts.get("corridor_distance"))
    planes.lengths("flip", verdicts.get("flip_distance"))
    planes.chances("confidence", verdicts.get("confidence"))


def _lon_lat(shapes: NDArray[Any], crs: Any) -> NDArray[np.float64]:
    """Return a place in degrees for each shape, NaN where there is none."""
    raw, kinds = shapes.copy(), shapely.get_type_id(shapes)
    areas, lines = kinds > 1, kinds == 1
    raw[areas] = shapely.point_on_surface(raw[areas])
    raw[lines] = shapely.line_interpolate_point(raw[lines], 0.5, normalized=True)
    if crs is not None:
        raw = np.asarray(transform(gpd.GeoSeries(raw, crs=crs), WGS84).array, dtype=object)
    return np.column_stack([shapely.get_x(raw), shapely.get_y(raw)])


def _morton(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Interleave the bits, so that neighbours on the ground are neighbours in the file."""
    return _spread(x) | (_spread(y) << np.uint64(1))


def _spread(values: NDArray[np.int64]) -> NDArray[np.uint64]:
    out = values.astype(np.uint64)
    for shift, mask in (
        (32, 0x00000000FFFFFFFF), (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333), (1, 0x5555555555555555),
    ):  # fmt: skip
        out = (out | (out << np.uint64(shift))) & np.uint64(mask)
    return out


def _texts(column: pd.Series[Any], order: NDArray[np.intp]) -> list[str]:
    """Zip a column of texts in chunks, each a JSON list."""
    cells = column.to_numpy(dtype=object)[order]
    words = [cell if type(cell) is str else text(cell) for cell in cells]
    return [
        zip_text(json.dumps(words[k : k + CHUNK], ensure_ascii=False).encode("utf-8", "replace"))
        for k in range(0, len(words), CHUNK)
    ]
