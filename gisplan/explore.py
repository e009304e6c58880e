"""The interactive map: a plan, its projects and their verdicts as one offline HTML page."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

import folium
from folium.template import Template

from gisplan.errors import GisplanError, OutputError
from gisplan.io.writing import write_bytes
from gisplan.labels import Labels
from gisplan.map_payload import PAGE_WORDS, MapImage, MapLayer, map_payload
from gisplan.map_payload.values import columnar
from gisplan.offline import OfflineFigure, catalogue, island, own_links

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gisplan.definition import PlanDefinition

_PRIVATE_TILES = re.compile(r"(https?://[\w.\-:\[\]]+)/[^\s\"'<>]*$")
_PLACES = {"{x}", "{y}", "{-y}", "{z}", "{tk}"}
_WMTS = {"TileMatrix": "z", "TileRow": "y", "TileCol": "x"}
_STILL = "display:block;width:100%"
_CAPTION = "color:#565656;font-size:13px"
_WORDS = "width:100%;height:0;padding-bottom:70%;color:#565656"
_FRAME = "position:absolute;left:0;top:0;width:100%;height:100%;border:0"
"""The page is transparent until its script has drawn it, so what is behind shows till then."""

_SHIFTED = "gcj02:"
_SECRET = re.compile(r"[?&](?:tk|key|ak|token|access_token|api_?key)=(?!\{tk\})[^&]", re.IGNORECASE)


class PlanMap(folium.Map):
    """A `folium.Map` whose page is gisplan's own and whose data no template ever sees.

    Everything a user wrote travels in one block of JSON and is shown as text. Layers of
    folium's own can be added and are drawn above; what they load has to be shipped with
    gisplan, else `save` and the display in a notebook raise `MissingAsset`.

    Parameters
    ----------
    payload
        What the page shows, from `gisplan.map_payload.map_payload`.
    title
        Title of the page.
    language
        ``"zh"`` or ``"en"``.
    origins
        Origins of map tiles the page may load; empty for a page that asks for nothing.

    Attributes
    ----------
    still
        Draws the same run as a PNG for a notebook that does not run the page: one that is not
        trusted, a viewer that strips frames or forbids scripts. ``None`` for no picture.
    """

    _template = Template(
        """
        {% macro header(this, kwargs) %}
        <meta name="viewport" content="width=device-width, initial-scale=1">
        {% endmacro %}
        {% macro html(this, kwargs) %}
        <div class="gp" id="gisplan"><header class="gp-head"></header>
        <main class="gp-main"><div class="gp-stage">
        <div class="folium-map" id="{{ this.get_name() }}"></div></div>
        <aside class="gp-panel"></aside></main><footer class="gp-foot"></footer></div>
        <noscript>{{ this.no_script|e }}</noscript>
        {{ this.island }}
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = Gisplan.start("{{ this.get_name() }}", "gisplan-data");
        {% endmacro %}
        """
    )

    def __init__(
        self,
        payload: Mapping[str, Any],
        *,
        title: str,
        language: str,
        origins: tuple[str, ...] = (),
    ) -> None:
        south, west, north, east = payload["bounds"]
        super().__init__(
            location=((south + north) / 2, (west + east) / 2), tiles=None, zoom_start=13
        )
        self.still: Callable[[], bytes] | None = None
        self.language = language
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._id = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.no_script = Labels(language)("map.no_script")
        self.island = island(text, "gisplan-data")
        # On the object, as folium's own lists belong to the class and are shared by all maps.
        self.default_js, self.default_css = own_links(
            *(part for part in ("packed", "swipe", "layers", "basemap") if payload[part])
        )
        self._bounds = [[south, west], [north, east]]
        OfflineFigure(title=title, language=language, origins=origins).add_child(self)

    def save(
        self,
        outfile: str | bytes | Path | BinaryIO,
        close_file: bool = True,
        **kwargs: Any,
    ) -> None:
        """Write the page to a path or an open binary file, as `folium.Map.save` does.

        The page is rendered first: where that fails, no file is touched. A file appears whole
        or not at all.

        Raises
        ------
        MissingAsset
            Where an object on the map asks for what is not shipped.
        OutputError
            Where the file cannot be written.
        """
        page = self.get_root().render(**kwargs).encode()
        if isinstance(outfile, (str, bytes, Path)):
            write_bytes(Path(os.fsdecode(outfile)), page)
            return
        outfile.write(page)
        if close_file:
            outfile.close()

    def _repr_html_(self, **kwargs: Any) -> str:
        """Show the page in a frame; behind it what is seen where a notebook does not run it."""
        return self._framed(self._picture(), **kwargs)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Return the page and, for viewers that take no HTML, the picture."""
        picture = self._picture()
        shown: dict[str, Any] = {"text/html": self._framed(picture), "text/plain": repr(self)}
        return shown | ({"image/png": picture} if isinstance(picture, bytes) else {})

    def _picture(self) -> bytes | str:
        """Return the still, or the words that stand in its place."""
        told = Labels(self.language)("map.untrusted")
        if self.still is None:
            return told
        try:
            return self.still()
        except GisplanError as error:  # a name without glyphs must not cost the map itself
            return f"{told} {error}"

    def _framed(self, picture: bytes | str, **kwargs: Any) -> str:
        figure = self.get_root()
        if getattr(figure, "height", None) is not None:  # the user asked for a size
            return str(super()._repr_html_(**kwargs))
        told = escape(Labels(self.language)("map.untrusted"))
        if isinstance(picture, bytes):
            data = base64.b64encode(picture).decode("ascii")
            behind = f'<img src="data:image/png;base64,{data}" alt="" style="{_STILL}">'
            behind += f'<div style="{_CAPTION}">{told}</div>'
        else:
            behind = f'<div style="{_WORDS}">{escape(picture)}</div>'
        page = escape(figure.render(**kwargs))
        frame = f'<iframe srcdoc="{page}" style="{_FRAME}" allowfullscreen></iframe>'
        return f'<div style="position:relative;width:100%">{behind}{frame}</div>'

    def _get_self_bounds(self) -> list[list[float | None]]:
        return [[*corner] for corner in self._bounds]


def explore(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame | None = None,
    verdicts: pd.DataFrame | None = None,
    rules: pd.DataFrame | None = None,
    *,
    language: str | None = None,
    basemap: str | None = None,
    review_number: str | None = None,
    other: tuple[PlanDefinition, gpd.GeoDataFrame] | None = None,
    layers: Sequence[MapLayer | MapImage] = (),
) -> PlanMap:
    """Draw a plan and the verdicts on its projects as an interactive map.

    Parameters
    ----------
    definition
        The plan file.
    areas
        Areas of the plan in its CRS (`gisplan.terms.AREA_COLUMNS`); an area without
        geometry is listed on the page as unchecked.
    projects
        Projects in any CRS (`gisplan.terms.PROJECT_COLUMNS`); those without geometry are
        listed and counted on the page.
    verdicts
        Verdicts on the same index as ``projects``.
    rules
        One row per project and rule: ``project`` (label of its row), ``rule``,
        ``outcome`` and, already worded, ``text`` and ``clause``. Where labels occur twice,
        each project has the same number of rows, in the order of ``projects``.
    language
        ``"zh"`` or ``"en"``.
    basemap
        ``None`` for none: the page then asks for nothing. ``"osm"`` (answers pages that come
        from a server, not from a file); ``"tianditu"`` (the reader types the key or opens
        the page once by the address that `address_with_key` makes of ``TIANDITU_TK``; it is
        never in the file);
        ``"gaode"``; or an address of an XYZ service with ``{z}``, ``{x}``, ``{y}`` (``{-y}``
        for TMS) or of a WMTS with ``{TileMatrix}``, ``{TileRow}``, ``{TileCol}`` in Web
        Mercator, and ``{tk}`` in place of a key. See the notes on 高德.
    review_number
        Number of the map review (审图号) to print on the page; without it the page says that
        it is for internal use.
    other
        Definition and areas of a second plan, drawn on the right of a divider; verdicts
        belong to the first.
    layers
        Layers of an analysis: shapes with cards (`gisplan.map_payload.MapLayer`) and pictures
        with legends (`gisplan.map_payload.MapImage`), each a row of the layer list, the later
        above the earlier.

    Returns
    -------
    PlanMap
        A `folium.Map`: ``save(path)`` writes the file, a notebook shows it.

    Raises
    ------
    OutputError
        ``map_basemap_unknown`` if ``basemap`` is none of these; ``map_layer_twice`` if two
        layers have one id; ``map_basemap_key`` for an address with a key in it.

    Notes
    -----
    高德 and others draw their tiles in GCJ-02, some 545 m from WGS 84 at 安阳. The page undoes
    the shift tile by tile, by the published formula (`gisplan.crs.gcj02_from_wgs84`), and
    says so on the map. Measured at 安阳 (114.35° E, 36.10° N) with tiles of a server that draws
    known GCJ-02 places: 15 landmarks on the screen lie 0.3 pixels on average and at most 0.7
    from their places in WGS 84, at zoom 8, 10, 13, 16 and 18, which at zoom 18 is 0.3 m
    (`tests/test_explore_basemap.py`; the rounding of the screen is in it). The formula itself
    could be compared with no official source. Tiles of one's own server that are shifted so
    are named ``"gcj02:https://host/{z}/{x}/{y}"``.
    """
    labels = Labels(language)
    online, origins = _basemap(basemap)
    payload = map_payload(
        definition,
        areas,
        projects,
        verdicts,
        rules,
        labels=labels,
        review_number=review_number,
        other=other,
        layers=layers,
    )
    payload["basemap"] = online
    payload["words"] = {name: labels(f"map.{name}") for name in PAGE_WORDS}
    payload["projects"] = columnar(payload["projects"])
    payload["areas"] = columnar(payload["areas"])
    return PlanMap(payload, title=payload["title"], language=labels.language, origins=origins)


def address_with_key(path: Path) -> str | None:
    """Return the address that hands 天地图's key to the browser, ``None`` without a key.

    The key is that of the environment variable ``TIANDITU_TK``. It stands after the ``#``,
    which no browser sends anywhere; the page keeps it in that browser and takes it out of the
    address. It is for a terminal or for ``webbrowser.open``, never for a file: the output of a
    notebook is one.
    """
    key = os.environ.get("TIANDITU_TK", "").strip()
    return f"{path.absolute().as_uri()}#tk={quote(key, safe='')}" if key else None


def _basemap(name: str | None) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    if name is None:
        return None, ()
    known = catalogue()["basemap"]
    if name in known:
        chosen = {"id": name, **known[name]}
        return chosen, tuple(chosen.pop("origins"))
    address = _in_our_words(name.removeprefix(_SHIFTED))
    private, places = _PRIVATE_TILES.match(address), set(re.findall(r"\{[^}]*\}?", address))
    rows = places & {"{y}", "{-y}"}
    if not private or not {"{x}", "{z}"} <= places <= _PLACES or len(rows) != 1:
        raise OutputError("map_basemap_unknown", value=name)
    if _SECRET.search(address):
        raise OutputError("map_basemap_key", value=private[1])
    # The host is spelled out in the policy, so a host made of place holders is refused above.
    chosen = {"id": "private", "layers": [address], "attribution": "", "max_zoom": 22}
    return chosen | ({"shift": "gcj02"} if name.startswith(_SHIFTED) else {}), (private[1],)


def _in_our_words(address: str) -> str:
    """Write the place holders of a WMTS template as those of an XYZ service."""
    for theirs, ours in _WMTS.items():
        address = re.sub(rf"\{{{theirs}\}}", f"{{{ours}}}", address, flags=re.IGNORECASE)
    return address
