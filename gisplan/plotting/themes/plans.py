"""The plan itself: zones with what they are to become, corridors with their widths."""

# ruff: noqa: ARG002 - every theme answers to the same calls, whether it needs them or not

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from shapely.geometry import box

from gisplan.around import around
from gisplan.industries import title as industry_title
from gisplan.plotting.column import Column, Head
from gisplan.plotting.drawing import add_shape, draw_areas
from gisplan.plotting.entries import Entry
from gisplan.plotting.ground import Area, Ground
from gisplan.plotting.page import MM, Page, extent
from gisplan.plotting.placing import Room
from gisplan.plotting.themes.base import Theme, figure


class ZonesTheme(Theme):
    """Zones, and what the plan wants them to become."""

    name = "zones"
    rings = False

    def legend(self, column: Column) -> None:
        """Add, for every zone, its industries and the clause that they come from."""
        column.heading(self.labels("plot.orientation"))
        for area in self.content.zones:
            column.paragraph(orientation(area, self.labels), must=True)

    def table(self) -> tuple[list[Head], list[list[str]]] | None:
        """Give the ellipsoidal area of every zone."""
        sizes = self.content.square_kilometres()
        heads: list[Head] = [self.labels("plot.zone"), self.labels("plot.square_kilometres")]
        rows = [[area.title, figure(sizes[area.key], 2)] for area in self.content.zones]
        return (heads, rows) if rows else None

    def notes(self, ground: Ground) -> list[str]:
        """Name zones that the plan speaks of without saying where they are."""
        drawn = {area.key for area in self.content.zones}
        language = self.labels.language
        absent = [
            zone.title.get(language)
            for key, zone in self.content.definition.zones.items()
            if key not in drawn
        ]
        notes = [self.labels("plot.note_area")] if drawn else []
        if absent:
            between = self.labels("plot.between")
            notes.append(
                self.labels("plot.note_absent", count=len(absent), names=between.join(absent))
            )
        return notes


class CorridorsTheme(Theme):
    """Corridors with their rings in metres, and how many projects each ring holds."""

    name = "corridors"

    def draw(self, page: Page, ground: Ground) -> None:
        """Draw the width that counts as near with a firm line."""
        draw_areas(ground, self.content.drawn)
        for area in self.content.corridors:
            layer: Any = area.layer
            edge = around(area.geometry, layer.within)
            add_shape(
                ground.axes, edge, edgecolor=area.color, linewidth=1.0, zorder=2.9,
                gid=f"within-{area.key}",
            )  # fmt: skip

    def place(self, page: Page, ground: Ground, room: Room) -> None:
        """Write its metres on every ring, and mark projects without naming them."""
        for entry in self.content.entries:
            if entry.geometry is not None and ground.frame.contains(entry.place):
                x, y = ground.point(entry.place)
                page.mark(x, y, entry.symbol, half=0.9, gid=f"project-{entry.number}")
                room.take(box(x - 0.9, y - 0.9, x + 0.9, y + 0.9))
        for area in self.content.corridors:
            for metres in _widths(area):
                self._label_ring(page, ground, room, area, metres)

    def _label_ring(
        self, page: Page, ground: Ground, room: Room, area: Area, metres: float
    ) -> None:
        size, text = 5.4, f"{metres:g} {self.labels('plot.m')}"
        drawn: Any = ground.to_paper(around(area.geometry, metres))
        ring = max(shapely.get_parts(drawn), key=lambda part: part.area).exterior
        wide, high = extent(text, size) + 0.6, 1.1 * size / MM
        for k in range(24):
            at = ring.interpolate(((7 * k) % 24) / 24, normalized=True)
            shape = box(at.x - wide / 2, at.y - high / 2, at.x + wide / 2, at.y + high / 2)
            if room.is_free(shape):
                room.take(shape)
                page.write(
                    at.x, at.y - 0.35 * size / MM, text, size=size, across="center",
                    color=area.color, halo="#ffffff", gid="label-ring",
                )  # fmt: skip
                return

    def table(self) -> tuple[list[Head], list[list[str]]] | None:
        """Count projects by corridor and ring, a project once for each corridor."""
        if not self.content.entries:
            return None
        bounds = sorted({metres for area in self.content.corridors for metres in _widths(area)})
        heads: list[Head] = [self.labels("plot.corridor"), *(f"≤{metres:g}" for metres in bounds)]
        heads.append(self.labels("plot.beyond"))
        shapes = [e.geometry for e in self.content.entries if e.geometry is not None]
        rows = []
        for area in self.content.corridors:
            away: Any = shapely.distance(shapes, area.geometry) if shapes else []
            inside = [sum(one <= metres for one in away) for metres in bounds]
            counts = [now - before for now, before in zip(inside, [0, *inside], strict=False)]
            rows.append([area.title, *map(str, counts), str(len(shapes) - inside[-1])])
        return (heads, rows) if rows else None

    def notes(self, ground: Ground) -> list[str]:
        """Say which width counts, that it is the plan file's, and who is not counted."""
        notes = [
            self.labels("plot.note_within", name=area.title, metres=f"{self._within(area):g}")
            for area in self.content.corridors
        ]
        notes.append(self.labels("plot.note_rings"))
        return [*notes, *without_place(self.content.entries, self)]

    @staticmethod
    def _within(area: Area) -> float:
        layer: Any = area.layer
        return float(layer.within)


def orientation(area: Area, labels: Any) -> str:
    """Say what an area is to become: its industries, and the words of the plan."""
    layer: Any = area.layer
    between = labels("plot.between")
    titles = dict.fromkeys(industry_title(code, labels.language) for code in layer.industries)
    said = between.join(titles) or labels("plot.no_industries")
    text = labels("plot.zone_industries", name=area.title, industries=said)
    if layer.clause is None:
        return text
    kind = labels(f"clause.{layer.clause.kind}")
    return text + labels(
        "plot.zone_clause", kind=kind, quote=layer.clause.quote, place=layer.clause.place
    )


def without_place(entries: Sequence[Entry], theme: Theme) -> list[str]:
    """Say how many projects have no place, where there are any."""
    count = sum(entry.geometry is None for entry in entries)
    total = len(entries)
    return [theme.labels("plot.note_unlocated", count=count, total=total)] if count else []


def _widths(area: Area) -> list[float]:
    layer: Any = area.layer
    return sorted({*layer.rings, layer.within})
