"""The atlas: an overview, a sheet for every zone and corridor, and nobody left out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely
from matplotlib.figure import Figure

from gisplan.errors import GisplanError
from gisplan.labels import Labels
from gisplan.plotting.atlas_pages import (
    Leaf,
    area_room,
    draw_area,
    draw_cover,
    draw_list,
    listing_of,
    room_of_list,
    rooms_of_cover,
)
from gisplan.plotting.entries import Entry, entries_of
from gisplan.plotting.form import Form
from gisplan.plotting.ground import Area, areas_to_draw
from gisplan.plotting.listing import Line
from gisplan.plotting.sheet import plot
from gisplan.plotting.themes import Content
from gisplan.terms import Kind
from gisplan.wording import DASH

if TYPE_CHECKING:
    from gisplan.definition import PlanDefinition


@dataclass(frozen=True)
class Atlas:
    """The pages of an atlas, each of which can be drawn by itself.

    Attributes
    ----------
    content
        Plan, projects and verdicts.
    form
        Paper and the cells of the office; always landscape.
    leaves
        What stands on each page, in order.
    """

    content: Content
    form: Form
    leaves: tuple[Leaf, ...]

    def draw(self, number: int) -> Figure:
        """Draw the page with a number, from 0."""
        leaf = self.leaves[number]
        if leaf.kind == "cover":
            return draw_cover(self.content, self.form, leaf, self.leaves)
        if leaf.kind == "overview":
            content = self.content
            form = replace(self.form, number=f"{leaf.page}/{leaf.pages}")
            return plot(
                content.definition, content.areas, content.projects, content.verdicts,
                language=content.labels.language, **_fields(form),
            )  # fmt: skip
        if leaf.area is not None and leaf.part == 0:
            return draw_area(self.content, self.form, leaf)
        return draw_list(self.content, self.form, leaf)

    def figures(self, *, jobs: int = 1) -> Any:
        """Yield the pages in order; with ``jobs`` > 1 they are drawn in as many processes.

        The figures are the same either way: a page depends on nothing but the atlas.
        """
        numbers = range(len(self.leaves))
        if jobs <= 1:
            yield from map(self.draw, numbers)
            return
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            yield from pool.map(self.draw, numbers)


def atlas(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame | None = None,
    verdicts: pd.DataFrame | None = None,
    *,
    language: str = "zh",
    **form: Any,
) -> Atlas:
    """Lay out the atlas of a plan and its projects.

    Parameters
    ----------
    definition, areas, projects, verdicts, language
        As for `gisplan.plotting.plot`.
    **form
        ``paper``, ``author`` and ``review_number`` of `Form`; sheets are landscape, numbered
        by their page, and choose their own scales.

    Returns
    -------
    Atlas
        A cover with the list of sheets, the map of all, a page for every zone and corridor
        with its projects, then the projects in no zone and those without a place. Tables go
        on over as many pages as they need. A project may be on several pages (a zone and a
        corridor), and is on one at least.

    Raises
    ------
    GisplanError
        As for `gisplan.plotting.plot`.
    """
    wanted, labels = Form(**form), Labels(language)
    drawn = areas_to_draw(definition, areas, language)
    if not drawn:
        raise GisplanError("plot_empty")
    entries = entries_of(projects, verdicts, areas.crs)
    content = Content(definition, areas, projects, verdicts, drawn, entries, labels)
    form_of = replace(wanted, portrait=False, scale=None)
    parts = [*_area_leaves(content, form_of), *_rest_leaves(content, form_of)]
    return Atlas(content, form_of, _numbered(content, form_of, parts))


def _numbered(content: Content, form: Form, parts: Sequence[Leaf]) -> tuple[Leaf, ...]:
    """Put cover and overview before the parts, and count the pages."""
    sheets = 1 + sum(leaf.part == 0 for leaf in parts)
    covers = rooms_of_cover(content, form, sheets)
    first = [Leaf("cover", content.labels("atlas.cover"), part=k) for k in range(covers)]
    whole = [*first, Leaf("overview", content.labels("atlas.overview")), *parts]
    return tuple(
        replace(leaf, page=number, pages=len(whole)) for number, leaf in enumerate(whole, start=1)
    )


def _area_leaves(content: Content, form: Form) -> list[Leaf]:
    leaves = []
    for area in content.drawn:
        if area.kind in (Kind.ZONE, Kind.CORRIDOR):
            entries, far = _members(content, area)
            rooms = chain([area_room(content, form, area)], repeat(room_of_list(form)))
            leaves += _leaves(content, form, area.title, entries, rooms, area=area, far=far)
    return leaves


def _rest_leaves(content: Content, form: Form) -> list[Leaf]:
    """Give those in no zone, and those without a place, pages of their own."""
    located = [e for e in content.entries if e.geometry is not None]
    groups = (
        ("nowhere", [e for e in located if not content.zone_ids(e)]),
        ("unlocated", [e for e in content.entries if e.geometry is None]),
    )
    leaves = []
    for key, entries in groups:
        if entries:
            title, rooms = content.labels(f"atlas.{key}"), repeat(room_of_list(form))
            leaves += _leaves(content, form, title, entries, rooms)
    return leaves


def _leaves(
    content: Content, form: Form, title: str, entries: Sequence[Entry], rooms: Any, *,
    area: Area | None = None, far: Sequence[float] = (),
) -> list[Leaf]:  # fmt: skip
    """Part the table of a group over its pages."""
    lines = _lines(content, entries, far)
    pages: list[list[Line]] = []
    narrow = listing_of(content, form, narrow=area is not None, corridor=bool(far))
    wide = listing_of(content, form, narrow=False, corridor=bool(far))
    if area is None:
        pages = wide.split(lines, iter(rooms))
    else:
        first = narrow.split(lines, iter(rooms))[0]
        rest = lines[len(first) :]
        pages = [first, *(wide.split(rest, repeat(room_of_list(form))) if rest else [])]
        far = far or ()
    starts = [sum(len(page) for page in pages[:k]) for k in range(len(pages))]
    return [
        Leaf("area" if area else "list", title, part=k, area=area, lines=tuple(page),
             entries=tuple(entries) if k == 0 else (), start=start, total=len(lines),
             corridor=bool(area and area.kind == Kind.CORRIDOR))
        for k, (page, start) in enumerate(zip(pages, starts, strict=True))
    ]  # fmt: skip


def _members(content: Content, area: Area) -> tuple[list[Entry], list[float]]:
    """Return the projects in a zone, or those near a corridor and their distances to it."""
    if area.kind == Kind.ZONE:
        return [e for e in content.entries if area.key in content.zone_ids(e)], []
    layer: Any = area.layer
    away = [
        (entry, float(shapely.distance(entry.geometry, area.geometry)))
        for entry in content.entries
        if entry.geometry is not None
    ]
    near = [(entry, metres) for entry, metres in away if metres <= layer.within]
    return [entry for entry, _ in near], [metres for _, metres in near]


def _lines(content: Content, entries: Sequence[Entry], far: Sequence[float]) -> list[Line]:
    labels, verdicts, projects = content.labels, content.verdicts, content.projects
    told = None
    if verdicts is not None and projects is not None:
        told = verdicts.reindex(projects.index)
    lines = []
    for number, entry in enumerate(entries):
        row: Any = {} if told is None else told.iloc[entry.number - 1]
        metres = far[number] if far else row.get("zone_margin")
        word = labels(f"outcome.{entry.outcome}") if entry.outcome else labels("plot.unjudged")
        lines.append(
            Line(
                (str(entry.number), entry.key or DASH, entry.name or DASH, word,
                 _figure(metres, 0), _figure(row.get("confidence"), 2)),
                entry.symbol,
            )
        )  # fmt: skip
    return lines


def _figure(value: Any, digits: int) -> str:
    if value is None or pd.isna(value):
        return DASH
    return f"{float(value):,.{digits}f}".replace(",", " ").replace("-", "−")


def _fields(form: Form) -> dict[str, Any]:
    return {name: getattr(form, name) for name in form.__dataclass_fields__}


__all__ = ["Atlas", "atlas"]
