"""Frames of the analyses -> layers of the interactive map, with headers and legends in words."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gisplan.casebook import Found, find
from gisplan.conflicts import GAP, GONE, KINDS
from gisplan.conflicts.arrangement import ENCROACHMENT
from gisplan.errors import OutputError
from gisplan.io.layer_sets import SetOptions
from gisplan.labels import Labels
from gisplan.map_payload import MapLayer
from gisplan.map_payload.layers import MapClass
from gisplan.plan import Plan
from gisplan.printout import word_overlay
from gisplan.printout.conflicts import word_ledger
from gisplan.printout.revision import word_areas
from gisplan.revision import Revision
from gisplan.symbology import color_of
from gisplan.terms import Kind

_CHANGES = {
    "added": ("#1b7837", (45.0, 7.0)), "removed": ("#b2182b", (-45.0, 7.0)),
    "moved": ("#7a0177", (0.0, 7.0)), "supplied": ("#1b7837", (90.0, 7.0)),
    "withdrawn": ("#b2182b", (90.0, 7.0)),
}  # fmt: skip
_CONFLICTS = {
    "encroachment": ("#b2182b", (45.0, 5.0)), "double": ("#d55e00", (-45.0, 5.0)),
    "overlap": ("#7a0177", (0.0, 5.0)), "gap": ("#0072b2", (90.0, 5.0)),
}  # fmt: skip
"""Colour and hatch: two cues for each kind."""


def asked_layers(
    plan: Plan, asked: str | None, labels: Labels, *, other: Plan | None = None
) -> list[MapLayer]:
    """Return the layers named on the command line: ``rings``, ``links``, ``conflicts``.

    *other* is the version that the page compares the plan with, if any: the conflicts are
    then those of both, as ``gisplan conflicts`` finds them.

    Raises
    ------
    OutputError
        ``with_unknown`` for another name.
    """
    known = {"rings": ring_layer, "links": contact_layer, "conflicts": None}
    names = [name.strip() for name in (asked or "").replace("，", ",").split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise OutputError("with_unknown", value=name, allowed=", ".join(known))
    layers = []
    for name in dict.fromkeys(names):
        draw = known[name]
        layers.append(draw(plan, labels) if draw else _disputes(plan, other, labels))
    return layers


def _disputes(plan: Plan, other: Plan | None, labels: Labels) -> MapLayer:
    folders = [one.folder for one in (plan, other) if one is not None and one.folder is not None]
    return dispute_layer(find(folders, SetOptions(), labels), labels)


def ring_layer(plan: Plan, labels: Labels) -> MapLayer:
    """Draw what zones share with the rings of corridors (`gisplan.overlay.zone_shares`)."""
    shares = plan.overlay()
    shares = shares[(shares["area"] > 0) & (shares["corridor"] != "*")]
    told = word_overlay(shares, plan, labels)
    columns = ("zone_name", "corridor_name", "ring", "hectares", "mu", "share_of_zone",
               "share_low", "share_high", "share_of_ring")  # fmt: skip
    frame = _headed(told, columns, "column", shares, labels)
    classes = [
        MapClass(
            value=layer.title.get(labels.language), title=layer.title.get(labels.language),
            color=color_of(Kind.CORRIDOR, at, layer.color),
        )
        for at, layer in enumerate(plan.definition.corridors.values())
    ]  # fmt: skip
    return MapLayer(
        id="rings", title=labels("sheet.zone_shares"), frame=frame,
        name=labels("column.zone_name"), by=labels("column.corridor_name"), classes=classes,
        fill=0.25, shown=False, note=labels("overlay.note_7"),
    )  # fmt: skip


def contact_layer(plan: Plan, labels: Labels) -> MapLayer:
    """Draw the stretches of corridors that lie in zones (`gisplan.linkage.stations`)."""
    from gisplan.linkage import stations, stretch_lines

    walked = stretch_lines(plan.areas, stations(plan.areas))
    held = walked[walked["zone"] != ""]
    told = word_overlay(held, plan, labels)
    columns = ("corridor_name", "zone_name", "order", "start", "end", "length")
    return MapLayer(
        id="links", title=labels("sheet.stations"),
        frame=_headed(told, columns, "column", held, labels), name=labels("column.zone_name"),
        color="#1b7837", width=6.0, shown=False, note=labels("overlay.note_6"),
    )  # fmt: skip


def change_layer(revision: Revision, old: Plan, new: Plan, labels: Labels) -> MapLayer:
    """Draw what a revision adds, gives up or redraws, on both sides of the divider."""
    changed = revision.areas[revision.areas["change"] != "same"]
    told = word_areas(revision, old, new, labels).loc[changed.index]
    columns = ("name", "kind", "change", "old_area", "new_area", "area_change", "farthest", "error",
               "within_accuracy")  # fmt: skip
    classes = [
        MapClass(
            value=labels(f"revision_change.{code}"), title=labels(f"revision_change.{code}"),
            color=color, hatch=hatch,
        )
        for code, (color, hatch) in _CHANGES.items()
        if (changed["change"] == code).any()
    ]  # fmt: skip
    return MapLayer(
        id="changes", title=labels("revision.sheet_areas"),
        frame=_headed(told, columns, "revision_column", changed, labels),
        name=labels("revision_column.name"), by=labels("revision_column.change"),
        classes=classes, fill=0.2, width=2.4, note=labels("revision.note_2"),
    )  # fmt: skip


def dispute_layer(found: Found, labels: Labels) -> MapLayer:
    """Draw the patches of a conflict ledger by kind."""
    now = found.ledger[found.ledger["change"] != GONE]
    told = word_ledger(now, labels)
    columns = ("number", "kind", "grade", "likely", "state", "classes", "owners", "hectares", "mu",
               "length", "width", "error", "reason", "closed_on")  # fmt: skip
    classes = [
        MapClass(
            value=labels(f"conflict.{code}"), title=labels(f"conflict.{code}"), color=color,
            hatch=hatch,
        )
        for code, (color, hatch) in _CONFLICTS.items()
        if code in (*KINDS, GAP) and (code != ENCROACHMENT or (found.areas["effect"] != "").any())
    ]  # fmt: skip
    # Where nothing could be compared, "none found" would be no answer: it is said what was not.
    left = [
        labels("conflicts.left_out_line", set=name, what=labels(f"left_out.{code}"), count=count)
        for name, code, count in found.left_out
        if code == "no_data"
    ]
    return MapLayer(
        id="ledger", title=labels("conflicts.title"),
        frame=_headed(told, columns, "ledger_column", now, labels),
        name=labels("ledger_column.number"), by=labels("ledger_column.kind"), classes=classes,
        note=" ".join([labels("conflicts.note_3"), *left]),
    )  # fmt: skip


def _headed(
    told: pd.DataFrame, columns: tuple[str, ...], section: str, drawn: gpd.GeoDataFrame,
    labels: Labels,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Take columns in order under their headers, with the geometry of another frame."""
    frame = told[list(columns)].rename(columns={c: labels(f"{section}.{c}") for c in columns})
    return gpd.GeoDataFrame(frame, geometry=drawn.geometry.to_numpy(), crs=drawn.crs)
