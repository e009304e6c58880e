"""A plan kept whole as a version: its files, and copies of the layers that live in databases."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import geopandas as gpd

from gisplan.definition import PlanDefinition
from gisplan.io.hashes import PLAN_FILE
from gisplan.io.planfile import edit_table
from gisplan.io.provenance import signed
from gisplan.io.tables import write_layers
from gisplan.io.text import decode
from gisplan.io.writing import write_bytes
from gisplan.terms import Kind

ORIGINAL: Final = "plan.original.toml"
"""The plan file as it was, beside the one of a version whose sources are the frozen copies."""

_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix")
_GROUPS: Final = {Kind.ZONE: "zones", Kind.CORRIDOR: "corridors", Kind.CONSTRAINT: "constraints"}


def plan_sources(definition: PlanDefinition) -> tuple[str, ...]:
    """Name the files of a plan, each once; tables of databases are none."""
    found: dict[str, None] = {}
    for _, _, layer in definition.layers():
        sources = (layer.source if layer.table is None else None, getattr(layer, "coverage", None))
        found.update((one, None) for one in sources if one is not None)
    return tuple(found)


def stored_layers(definition: PlanDefinition) -> tuple[tuple[str, ...], ...]:
    """Return the places of the layers that are read from databases."""
    return tuple(
        (_GROUPS[kind], key) if kind in _GROUPS else (key,)
        for kind, key, layer in definition.layers()
        if layer.table is not None
    )


def copy_source(folder: Path, into: Path, source: str) -> None:
    """Copy a file of a plan, and what belongs to a shapefile, to the same place elsewhere."""
    own = folder / source
    parts = [own.with_suffix(end) for end in _PARTS] if own.suffix.lower() == ".shp" else [own]
    for part in (one for one in parts if one.is_file()):
        write_bytes(into / part.relative_to(folder), part.read_bytes())


def keep_version(
    folder: Path, definition: PlanDefinition, areas: gpd.GeoDataFrame, into: Path, *, tool: str
) -> None:
    """Copy a plan so that it opens alone: what a database holds may be other tomorrow.

    Parameters
    ----------
    folder
        The plan's own folder.
    definition, areas
        The plan as it was opened. A layer of a database is frozen as it was read then: one
        feature in the plan's CRS, in ``<id>-frozen.gpkg``.
    into
        Folder of the version. Where a layer is frozen its ``plan.toml`` names the copy, and
        `ORIGINAL` holds the plan file as it was.
    tool
        Version of gisplan, for the record of a frozen layer.

    Raises
    ------
    AdoptionError
        ``adopt_by_hand`` where the table of such a layer cannot be edited safely.
    """
    for source in plan_sources(definition):
        copy_source(folder, into, source)
    data = (folder / PLAN_FILE).read_bytes()
    stored = stored_layers(definition)
    if not stored:
        write_bytes(into / PLAN_FILE, data)
        return
    read = decode(data)
    text = read.text
    for place in stored:
        file = f"{place[-1]}-frozen.gpkg"
        text = edit_table(text, place, {"source": file}, ("where", "layer", "table"))
        _freeze(areas, place[-1], into / file, tool)
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    write_bytes(into / ORIGINAL, data)
    write_bytes(into / PLAN_FILE, mark + text.encode(read.encoding.removesuffix("-sig"), "replace"))


def _freeze(areas: gpd.GeoDataFrame, key: str, path: Path, tool: str) -> None:
    """Write what was read of a table, with where it came from and its hash there."""
    one = areas[(areas["id"] == key) & (areas["kind"] != Kind.COVERAGE)].iloc[0]
    as_of = one["as_of"]
    about = {
        "tool": tool, "kind": "version", "crs": str(areas.crs), "frozen": one["source"],
        "sha256": one["sha256"], "date": "1970-01-01" if as_of != as_of else f"{as_of:%Y-%m-%d}",
    }  # fmt: skip
    frame = gpd.GeoDataFrame({"id": [key]}, geometry=[one.geometry], crs=areas.crs)
    write_layers(path, {key: frame}, about=signed(about))
