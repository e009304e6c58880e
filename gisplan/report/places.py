"""The chapter of places: where each project that does not comply would, as a hint and no more."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.crs import transform
from gisplan.io.documents.blocks import Block, Column, Figure, Paragraph, Ref, Table, Text, Wide
from gisplan.report.findings import FEW, ROWS
from gisplan.report.front import owned
from gisplan.report.material import Material
from gisplan.report.outline import Outline
from gisplan.report.phrasing import (
    cells,
    counted,
    exact,
    listed,
    number,
    outcome_cell,
    probability,
    spoken,
)
from gisplan.sites import nearest
from gisplan.sites.words import word_nearest
from gisplan.terms import OUTCOMES, Outcome, Shape, Status
from gisplan.wording import metres

MOST: Final = 120
"""Points for which a place is looked for unless asked for all: a twentieth of a second each."""

FOOTPRINTS: Final = 20
"""The same of footprints and lines: a second each, two where there is no place."""

SHOWN: Final = 20
"""Places in the chapter and on its map; of more, all are in an annex."""

_FINE: Final = (Outcome.PASS.value, Outcome.NOT_APPLICABLE.value)


@dataclass(frozen=True)
class Places:
    """The nearest places where projects would comply.

    Attributes
    ----------
    found
        What `gisplan.sites.nearest` returns, of those that were looked for; its index are
        their positions in the list.
    told
        The same in words (`gisplan.sites.words.word_nearest`).
    left
        How many that do not comply were not looked for.
    """

    found: gpd.GeoDataFrame
    told: pd.DataFrame
    left: int

    @cached_property
    def moves(self) -> gpd.GeoDataFrame:
        """Those with a place, nearest first."""
        held = self.found[self.found["situation"] == "found"]
        return held.sort_values("distance", kind="stable")

    @property
    def stuck(self) -> gpd.GeoDataFrame:
        """Those without one."""
        return self.found[self.found["situation"] == "none"]

    @property
    def cut(self) -> bool:
        """Whether the chapter cannot hold all of them."""
        return max(len(self.moves), len(self.stuck)) > SHOWN


def wanting(of: Material) -> NDArray[np.int64]:
    """Positions of the projects with a place that do not comply, worst outcomes first."""
    outcome = of.judged["outcome"].astype("str")
    held = _placed(of) & ~outcome.isin(_FINE).to_numpy()
    rank = outcome.map({code: at for at, code in enumerate(OUTCOMES)}).to_numpy(dtype=float)
    at = np.flatnonzero(held)
    return at[np.argsort(rank[at], kind="stable")]


def _placed(of: Material) -> NDArray[np.bool_]:
    """Which projects have a shape that can be measured, and so moved."""
    return (of.facts["shape"] != Shape.NONE.value).to_numpy()


def find(of: Material, sites: str = "auto") -> Places:
    """Look for the nearest place of each project that does not comply.

    Parameters
    ----------
    of
        The run.
    sites
        ``"all"``, ``"none"``, or ``"auto"``: at most `MOST` points and `FOOTPRINTS`
        footprints, worst outcomes first.
    """
    every = wanting(of)
    some = every[:0] if sites == "none" else every
    if sites == "auto":
        point = (of.facts["shape"] == Shape.POINT.value).to_numpy()[every]
        some = np.concatenate([every[point][:MOST], every[~point][:FOOTPRINTS]])
    listed_ = of.projects.iloc[np.sort(some)].set_axis(np.sort(some))
    moved = transform(listed_, pyproj.CRS(of.areas.crs))
    found = nearest(moved, of.areas, of.definition)
    told = word_nearest(of.definition, moved, found, of.labels)
    return Places(found, told, len(every) - len(some))


def starts(of: Material, places: Places) -> Any:
    """Points from which the moves start, in the plan's CRS, in their order."""
    listed_ = of.projects.iloc[places.moves.index]
    return shapely.centroid(transform(listed_, pyproj.CRS(of.areas.crs)).geometry.to_numpy())


def chapter(
    of: Material, outline: Outline, places: Places, figure: Figure | None
) -> Iterator[Block]:
    """Tell where each project that does not comply would, or why there is no such place."""
    yield outline.chapter("places")
    if places.found.empty:
        yield Paragraph((_nothing(of, places),))
        return
    yield Paragraph(_asked(of, places))
    yield from (Paragraph((one,), style) for one, style in _worth(of))
    moves, stuck = places.moves.index, places.stuck.index
    if len(stuck):
        if len(stuck) > SHOWN:
            yield Paragraph(_cut(of, "stuck_cut", "table_stuck", len(stuck)))
        yield _stuck_table(of, places, list(stuck[:SHOWN]), "table_stuck")
    if len(moves):
        table: tuple[Block, ...] = tuple(_moves(of, places))
        wide: tuple[Block, ...] = (figure,) if figure is not None else ()
        if len(moves) <= FEW:  # else it would have a page in landscape to itself
            yield from table
        else:
            wide += table
        if wide:
            yield Wide(wide)


def annex(of: Material, outline: Outline, places: Places) -> Iterator[Block]:
    """List all of them, where the chapter could not."""
    if not places.cut:
        return
    labels, every = of.labels, [*places.moves.index, *places.stuck.index]
    yield outline.annex("annex_moves")
    key = "annex_moves_cut" if len(every) > ROWS else "annex_moves_text"
    yield Paragraph(spoken(labels, key, ref=Ref("table_moves_all"), n=len(every), shown=ROWS,
                           left=len(every) - ROWS))  # fmt: skip
    yield _stuck_table(of, places, every[:ROWS], "table_moves_all")


def _nothing(of: Material, places: Places) -> str:
    """Why no place was looked for: none had to, none could, none was asked for."""
    labels, located = of.labels, int(_placed(of).sum())
    if places.left:
        return counted(labels, "places_not_asked", places.left)
    if not len(of.projects):
        return labels("report.places_empty")
    if not located:
        return labels("report.places_nowhere")
    return counted(labels, "places_fine", located)


def _asked(of: Material, places: Places) -> Text:
    labels = of.labels
    threshold = exact(of.definition.policy.threshold)
    said: Text = (counted(labels, "places_asked", len(places.found), p=threshold),)
    for key, part, ref in (("places_found", places.moves, "table_moves"),
                           ("places_lost", places.stuck, "table_stuck")):  # fmt: skip
        if len(part):
            one = "_one" if len(part) == 1 else ""
            said += spoken(labels, f"{key}{one}", n=len(part), ref=Ref(ref))
    said += (labels("report.stop"),)
    if places.left:
        said += (counted(labels, "places_left", places.left, most=MOST, few=FOOTPRINTS),)
    lost = ~_placed(of) & ~of.judged["outcome"].isin(_FINE).to_numpy()
    if lost.any():
        said += (counted(labels, "places_unlocated", int(lost.sum())),)
    return said


def _worth(of: Material) -> Iterator[tuple[str, Literal["lead", "body"]]]:
    """What such a place is worth: no more than the layers, and nothing of what is not in them."""
    labels = of.labels
    yield labels("report.places_hint"), "lead"
    schematic = of.layers[of.layers["status"] == Status.SCHEMATIC]
    said = ""
    if len(schematic):
        low, high = schematic["accuracy"].min(), schematic["accuracy"].max()
        said = counted(
            labels, "places_schematic", len(schematic), low=metres(low), high=metres(high)
        )
    said += labels("report.places_beyond")
    if of.definition.unchecked:
        names = listed((owned(of, key) for key in of.definition.unchecked), labels)
        said += labels("report.places_unchecked", names=names)
    yield said, "body"


def _cut(of: Material, key: str, ref: str, count: int) -> Text:
    return spoken(of.labels, key, ref=Ref(ref), all=Ref("table_moves_all"), n=count, shown=SHOWN)


def _moves(of: Material, places: Places) -> Iterator[Block]:
    labels, every = of.labels, places.moves
    shown = every.head(SHOWN)
    if len(every) > SHOWN:
        yield Paragraph(_cut(of, "moves_cut", "table_moves", len(every)))
    columns = (
        Column(labels("column.id"), 15), Column(labels("column.name"), 37),
        Column(labels("column.outcome"), 27), Column(labels("report.move"), 28),
        Column(labels("report.move_metres"), 20, "right"),
        Column(labels("column.binding_rules"), 30),
        Column(labels("report.there_margin"), 20, "right"), Column(labels("report.p"), 15, "right"),
        Column(labels("report.there_lonlat"), 33),
    )  # fmt: skip
    rows = tuple(_move(row, of, places) for row in shown.itertuples())
    yield Table("table_moves", labels("report.table_moves"), columns, rows)
    said = labels("report.places_note")
    if not shown["proved"].all():
        said += labels("report.places_bound")
    yield Paragraph((said,), "note")


def _move(row: Any, of: Material, places: Places) -> tuple[Any, ...]:
    told, labels = places.told.loc[row.Index], of.labels
    away = f"{math.ceil(row.distance):,}"
    return cells(
        told["id"], told["name"], outcome_cell(row.outcome, labels),
        labels("report.move_told", direction=told["direction_word"],
               bearing=f"{row.bearing % 360:.1f}"),
        away if row.proved else labels("report.at_least", metres=away), told["binding_rules"],
        number(row.margin), probability(row.confidence), f"{told['lon']:.6f}, {told['lat']:.6f}",
    )  # fmt: skip


def _stuck_table(of: Material, places: Places, at: list[int], anchor: str) -> Table:
    """One row each, with the advice in full."""
    labels = of.labels
    last = "why_none" if anchor == "table_stuck" else "move"
    columns = (
        Column(labels("column.id"), 15), Column(labels("column.name"), 38),
        Column(labels("column.outcome"), 22), Column(labels(f"report.{last}"), 81),
    )  # fmt: skip
    rows = tuple(
        cells(told["id"], told["name"], outcome_cell(found["outcome"], labels), told["advice"])
        for found, told in (
            (places.found.loc[one], places.told.loc[one]) for one in at
        )
    )  # fmt: skip
    return Table(anchor, labels(f"report.{anchor}"), columns, rows)


def places_frame(of: Material, places: Places) -> pd.DataFrame:
    """Lay out every place that was looked for, as numbers and words, nearest first.

    Each row says itself that it is a hint: rows are copied out of workbooks.
    """
    order = [*places.moves.index, *places.stuck.index]
    kept = ["id", "name", "outcome", "advice", "distance_moved", "direction_word", "bearing",
            "binding_rules", "margin", "confidence", "east", "north", "lon", "lat",
            "needed"]  # fmt: skip
    frame = places.told.loc[order, kept].reset_index(drop=True)
    frame.insert(4, "note", of.labels("report.key_note"))
    return frame
