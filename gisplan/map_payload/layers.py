"""Layers that an analysis adds to the map: shapes with a card each, pictures with a legend."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.crs import WGS84, transform
from gisplan.errors import OutputError
from gisplan.map_payload.prints import TOLERANCE, simplified
from gisplan.map_payload.values import drawable, geojson, plain, text

PlanSide = Literal["both", "first", "other"]

_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MANY: Final = 2000
_DIMENSIONS: Final = ("point", "line", "polygon")


@dataclass(frozen=True, kw_only=True)
class MapClass:
    """One entry in the legend of a `MapLayer`: the rows whose ``by`` cell is ``value``.

    Attributes
    ----------
    value
        What stands in the layer's ``by`` column, compared as text.
    title
        Words for the legend.
    color
        ``#rrggbb``. Take it from `gisplan.symbology`, and tell classes apart by ``hatch`` or
        ``dash`` too: one reader in twelve does not see the difference of two colours.
    hatch
        Angle in degrees and distance in pixels of lines across the shape; ``None`` for none.
    dash
        Dashes of the outline in pixels; ``()`` for a solid one.
    """

    value: str
    title: str
    color: str
    hatch: tuple[float, float] | None = None
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class MapLayer:
    """Shapes of an analysis as a row of the map's layer list, each with a card.

    Pass it as ``plan.explore(layers=[...])``. The page lists the layer with its legend and a
    slider for its opacity; a click on a shape, or on its line below the legend, opens a card
    with the columns. Every text is shown as text, whatever stands in it.

    Attributes
    ----------
    id
        Short name, unique on the page, by which links and tests find the layer.
    title
        Words for the layer list, in the language of the page.
    frame
        One row per shape, in any CRS; points, lines and polygons. A row without geometry is
        not drawn but listed. An empty frame stays in the list as "0": looked for, none found.
    columns
        Columns of ``frame`` for the card, in order, under headers already in words (rename
        them first); ``None`` shows all. Texts stand as they are, floats with at most four
        digits, so give the unit in the header: ``面积（㎡）``.
    name
        The column that heads a card and a line of the list; without it the layer's title and
        the number of the row do.
    by, classes
        The column that tells classes apart, and the classes in the order of the legend; cells
        that meet none of them are drawn in ``color`` under the layer's title.
    color, hatch, dash
        Look of a layer without classes, as in `MapClass`.
    fill
        Opacity of the filling, 0 to 1.
    width
        Width of outlines and lines in pixels.
    shown
        Whether the layer is on when the page opens.
    note
        Where the figures come from and how sure they are, in one sentence.
    plan
        On a page that compares two plans: drawn on both sides of the divider, or only with
        the ``first`` (left) or the ``other`` (right) plan.
    first
        Whether it stands before the plan's own layers in the list, or after them.

    Raises
    ------
    OutputError
        ``map_layer_crs``, ``map_layer_column`` or ``map_layer_color`` for a frame without a
        CRS, a column that is not there, a colour that is not ``#rrggbb``.

    Notes
    -----
    Beyond 2000 shapes the browser draws them on one canvas, without hatches, and corners that
    no screen can show (1 m) are left out, common edges of polygons alike on both sides.

    Examples
    --------
    >>> gaps = gpd.GeoDataFrame({"名称": ["甲"], "面积（㎡）": [1.5e4]},
    ...                         geometry=[Point(0, 0).buffer(80)], crs="EPSG:4547")
    >>> layer = MapLayer(id="gaps", title="空隙", frame=gaps, name="名称", color="#b2182b",
    ...                  hatch=(45, 6), note="由片区图层求得，椭球面积")
    >>> plan.explore(layers=[layer]).save("map.html")  # doctest: +SKIP
    """

    id: str
    title: str
    frame: gpd.GeoDataFrame = field(repr=False)
    columns: Sequence[str] | None = None
    name: str | None = None
    by: str | None = None
    classes: Sequence[MapClass] = ()
    color: str = "#7a0177"
    hatch: tuple[float, float] | None = None
    dash: tuple[float, ...] = ()
    fill: float = 0.35
    width: float = 1.6
    shown: bool = True
    note: str = ""
    plan: PlanSide = "both"
    first: bool = True

    def __post_init__(self) -> None:
        if self.frame.crs is None:
            raise OutputError("map_layer_crs", layer=self.title)
        wanted = (*(self.columns or ()), *(c for c in (self.name, self.by) if c is not None))
        for column in wanted:
            if column not in self.frame.columns:
                raise OutputError("map_layer_column", layer=self.title, column=column)
        for color in (self.color, *(one.color for one in self.classes)):
            _check_color(color, self.title)


@dataclass(frozen=True, kw_only=True, eq=False)
class MapImage:
    """A raster of an analysis as a row of the map's layer list, with its legend.

    Attributes
    ----------
    id, title, shown, note, plan, first
        As for `MapLayer`.
    png
        A PNG file. Its rows are evenly spaced in Web Mercator, as web maps draw: warp the
        raster first (``rasterio.warp.reproject`` to the CRS of ``gisplan.crs.WEB_MERCATOR``).
        A picture in even degrees would be tens of metres off in the middle of a county.
        Cells without data are transparent.
    bounds
        West, south, east, north of its outer edges in degrees of WGS 84.
    legend
        Pairs of ``#rrggbb`` and words with the unit, in the order of the legend; say too what
        a transparent cell means.
    opacity
        0 to 1; below 1 the colours on the map are paler than those of the legend.

    Raises
    ------
    OutputError
        ``map_layer_image`` where this is no PNG or the bounds are none; ``map_layer_color``.
    """

    id: str
    title: str
    png: bytes = field(repr=False)
    bounds: tuple[float, float, float, float]
    legend: Sequence[tuple[str, str]]
    opacity: float = 1.0
    shown: bool = True
    note: str = ""
    plan: PlanSide = "both"
    first: bool = True

    def __post_init__(self) -> None:
        west, south, east, north = self.bounds
        sound = all(math.isfinite(side) for side in self.bounds)
        if not (sound and west < east and -90 < south < north < 90) or self.png[:8] != _PNG:
            raise OutputError("map_layer_image", layer=self.title)
        for color, _ in self.legend:
            _check_color(color, self.title)


def layer_values(layers: Sequence[MapLayer | MapImage]) -> list[dict[str, Any]]:
    """Return what the page needs of each layer, in the order given.

    Raises
    ------
    OutputError
        ``map_layer_twice`` where two layers have one id.
    """
    ids = [one.id for one in layers]
    for one in layers:
        if ids.count(one.id) > 1:
            raise OutputError("map_layer_twice", layer=one.id)
    return [_picture(one) if isinstance(one, MapImage) else _shapes(one) for one in layers]


def _common(layer: MapLayer | MapImage) -> dict[str, Any]:
    told = {"id": layer.id, "title": layer.title, "note": layer.note, "plan": layer.plan}
    return {name: text(said) for name, said in told.items()} | {
        "shown": layer.shown,
        "first": layer.first,
    }


def _picture(layer: MapImage) -> dict[str, Any]:
    west, south, east, north = layer.bounds
    return _common(layer) | {
        "image": "data:image/png;base64," + base64.b64encode(layer.png).decode(),
        "bounds": [[south, west], [north, east]],
        "opacity": layer.opacity,
        "classes": [{"color": color, "title": text(title)} for color, title in layer.legend],
    }


def _shapes(layer: MapLayer) -> dict[str, Any]:
    frame, geometry = layer.frame, layer.frame.geometry
    columns = layer.columns
    if columns is None:
        columns = [name for name in frame.columns if name != geometry.name]
    # By position: neither the index nor the headers need be unique.
    cells = frame[list(columns)].to_numpy(dtype=object)
    names = frame[layer.name].tolist() if layer.name is not None else [None] * len(frame)
    classes, codes = _classes(layer)
    web = _drawn(transform(geometry, WGS84))
    rows = [
        {
            "name": text(names[k]),
            "class": codes[k],
            "cells": [_cell(value) for value in cells[k]],
            "geo": geojson(shape) if drawable(shape) else None,
        }
        for k, shape in enumerate(web)
    ]
    for place, one in enumerate(classes):
        one["count"] = codes.count(place)
    return _common(layer) | {
        "fill": layer.fill,
        "width": layer.width,
        "columns": [text(name) for name in columns],
        "classes": classes,
        "rows": rows,
        "undrawn": sum(row["geo"] is None for row in rows),
    }


def _drawn(web: gpd.GeoSeries) -> NDArray[Any]:
    shapes = np.array(web.array, dtype=object)  # a copy: the frame is the caller's
    if len(shapes) <= _MANY:
        return shapes
    areas = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    shapes[~areas] = shapely.simplify(shapes[~areas], TOLERANCE)
    shapes[areas] = simplified(shapes[areas])
    return shapes


def _classes(layer: MapLayer) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the legend and, for each row, its place there."""
    form = _form(layer.frame)
    plain_look = MapClass(
        value="", title="", color=layer.color, hatch=layer.hatch, dash=layer.dash
    )  # fmt: skip
    looks = list(layer.classes)
    codes = [0] * len(layer.frame)
    if layer.by is not None:
        places: Mapping[str, int] = {one.value: k for k, one in enumerate(looks)}
        codes = [places.get(text(cell), len(looks)) for cell in layer.frame[layer.by]]
    if not looks or len(looks) in codes:
        looks.append(plain_look)
    told = [
        {
            "title": text(one.title),
            "color": one.color,
            "hatch": list(one.hatch) if one.hatch else None,
            "dash": list(one.dash),
            "form": form,
        }
        for one in looks
    ]
    return told, codes


def _form(frame: gpd.GeoDataFrame) -> str:
    """Tell what most of the shapes are: ``point``, ``line`` or ``polygon``."""
    held = [shape for shape in frame.geometry if drawable(shape)]
    if not held:
        return "polygon"
    sizes = shapely.get_dimensions(held).tolist()
    return _DIMENSIONS[max(sorted(set(sizes)), key=sizes.count)]


def _cell(value: Any) -> str:
    known = plain(value)
    if not isinstance(known, float):
        return text(value)
    return f"{known:,.0f}" if abs(known) >= 1000 else f"{known:.4g}"


def _check_color(color: str, layer: str) -> None:
    if not _COLOR.fullmatch(color):
        raise OutputError("map_layer_color", layer=layer, value=color)
