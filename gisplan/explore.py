"""The interactive map: a plan, its projects and their verdicts as one offline HTML page."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import folium
from folium.template import Template

from gisplan.errors import OutputError
from gisplan.labels import Labels
from gisplan.map_payload import PAGE_WORDS, map_payload
from gisplan.offline import OfflineFigure, catalogue, island, own_links

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gisplan.definition import PlanDefinition

_PRIVATE_TILES = re.compile(r"(https?://[\w.\-:\[\]]+)/[^\s\"'<>]*$")


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
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._id = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.no_script = Labels(language)("map.no_script")
        self.island = island(text, "gisplan-data")
        # On the object, as folium's own lists belong to the class and are shared by all maps.
        self.default_js, self.default_css = own_links(
            *(part for part in ("packed", "swipe") if payload[part])
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

        The page is rendered first: where that fails, no file is touched.
        """
        page = self.get_root().render(**kwargs).encode()
        if isinstance(outfile, (str, bytes, Path)):
            Path(os.fsdecode(outfile)).write_bytes(page)
            return
        outfile.write(page)
        if close_file:
            outfile.close()

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
        ``outcome`` and, already worded, ``text`` and ``clause``.
    language
        ``"zh"`` or ``"en"``.
    basemap
        ``None`` for none: the page then asks for nothing. ``"osm"``, ``"tianditu"`` (the
        reader types the key, it is never in the file) or an address with ``{z}/{x}/{y}``.
    review_number
        Number of the map review (审图号) to print on the page; without it the page says that
        it is for internal use.
    other
        Definition and areas of a second plan, drawn on the right of a divider; verdicts
        belong to the first.

    Returns
    -------
    PlanMap
        A `folium.Map`: ``save(path)`` writes the file, a notebook shows it.

    Raises
    ------
    OutputError
        ``map_basemap_unknown`` if ``basemap`` is none of these.
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
    )
    payload["basemap"] = online
    payload["words"] = {name: labels(f"map.{name}") for name in PAGE_WORDS}
    return PlanMap(payload, title=payload["title"], language=labels.language, origins=origins)


def _basemap(name: str | None) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    if name is None:
        return None, ()
    known = catalogue()["basemap"]
    if name in known:
        chosen = {"id": name, **known[name]}
        return chosen, tuple(chosen.pop("origins"))
    private = _PRIVATE_TILES.match(name)
    if not private or not all(part in name for part in ("{z}", "{x}", "{y}")):
        raise OutputError("map_basemap_unknown", value=name)
    # The host is spelled out in the policy, so a host made of place holders is refused above.
    return {"id": "private", "layers": [name], "attribution": "", "max_zoom": 22}, (private[1],)
