"""Areas against areas: zones that overlap or leave gaps, and two versions of a plan."""

# ruff: noqa: ARG002 - every theme answers to the same calls, whether it needs them or not

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import pyproj
import shapely
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from gisplan.crs import ellipsoidal_area, transform
from gisplan.errors import GisplanError
from gisplan.plotting.column import Column, Head
from gisplan.plotting.drawing import add_shape, draw_areas, hatch
from gisplan.plotting.ground import Area, Ground, areas_to_draw
from gisplan.plotting.page import INK, MM, PALE, Page, extent
from gisplan.plotting.placing import Room
from gisplan.plotting.themes.base import HECTARE, Content, Theme, figure
from gisplan.symbology import CONFLICT_COLORS
from gisplan.terms import Kind

GAINED: Final = "#1b7837"
LOST: Final = "#b2182b"


class ConflictsTheme(Theme):
    """Where zones overlap, and how far apart the others are.

    ``content.against`` are the pairs of zones, `gisplan.overlay.zone_pairs`.
    """

    name = "conflicts"
    rings = False

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        if content.against is None:
            raise GisplanError("plot_against", theme=self.name)
        self.pairs: list[Any] = list(content.against.itertuples(index=False))
        self.titles = {area.key: area.title for area in content.zones}

    @property
    def overlaps(self) -> list[Any]:
        """The pairs that have an area in common, slivers with them."""
        return [pair for pair in self.pairs if pair.relation in ("overlap", "sliver")]

    @property
    def gaps(self) -> list[Any]:
        """For every zone that touches no other, the pair with its nearest neighbour."""
        nearest: dict[str, Any] = {}
        for pair in self.pairs:
            gap = pair.width if pair.relation in ("gap", "apart") else 0.0
            for key in (pair.zone, pair.other):
                if key not in nearest or gap < nearest[key][0]:
                    nearest[key] = (gap, pair)
        kept = [pair for gap, pair in nearest.values() if gap > 0]
        return [pair for k, pair in enumerate(kept) if pair not in kept[:k]]

    def draw(self, page: Page, ground: Ground) -> None:
        """Draw zones, the common parts across them, and the ways between."""
        draw_areas(ground, self.content.drawn, rings=False)
        unit = ground.scale / 1000
        for pair in self.overlaps:
            color = CONFLICT_COLORS[pair.relation]
            add_shape(
                ground.axes, pair.geometry, facecolor=color, alpha=0.4, linewidth=0, zorder=3.3,
                gid=f"conflict-{pair.zone}-{pair.other}",
            )  # fmt: skip
            lines = hatch(pair.geometry, 20.0, 0.8 * unit)
            add_shape(ground.axes, lines, edgecolor=color, linewidth=0.45, zorder=3.4)
            add_shape(ground.axes, pair.geometry, edgecolor=color, linewidth=1.3, zorder=3.5)

    def place(self, page: Page, ground: Ground, room: Room) -> None:
        """Number the common parts, and write the metres between zones apart."""
        for number, pair in enumerate(self.overlaps, start=1):
            place = pair.geometry.representative_point()
            if ground.frame.contains(place):
                self._tell(page, room, ground.point(place), str(number), bold=True)
        shapes = {area.key: area.geometry for area in self.content.zones}
        for pair in self.gaps:
            way = shapely.shortest_line(shapes[pair.zone], shapes[pair.other])
            if not ground.frame.contains(way):
                continue
            line = ground.to_paper(way)
            ends = [tuple(one) for one in shapely.get_coordinates(line)]
            color = _way_color(pair.relation)
            page.line(ends, width=0.9, color=color, zorder=4, linestyle=(0, (2, 1.5)))
            middle = line.interpolate(0.5, normalized=True)
            text = f"{figure(pair.width, 0)} {self.labels('plot.m')}"
            self._tell(page, room, (middle.x, middle.y), text, bold=False)

    def _tell(
        self, page: Page, room: Room, at: tuple[float, float], text: str, *, bold: bool
    ) -> None:
        size = 6.4
        wide, high = extent(text, size) / 2 + 0.3, 0.55 * size / MM
        page.write(
            at[0], at[1] - 0.36 * size / MM, text, size=size, across="center", halo="#ffffff",
            bold=bold, gid="conflict",
        )  # fmt: skip
        room.take(box(at[0] - wide, at[1] - high, at[0] + wide, at[1] + high))

    def legend(self, column: Column) -> None:
        """Explain what an overlap, a sliver and a way between zones look like."""
        column.heading(self.labels("plot.conflicts"))
        relations = {pair.relation for pair in self.pairs}
        k = column.scale
        for relation in ("overlap", "sliver", "gap", "apart"):
            if relation not in relations:
                continue
            middle = column.row(self.labels(f"plot.relation_{relation}"))
            left, right = column.left, column.left + 8.4 * k
            if relation in ("gap", "apart"):
                ends = [(left, middle), (right, middle)]
                column.page.line(
                    ends, width=0.9, color=_way_color(relation), linestyle=(0, (2, 1.5))
                )
                continue
            swatch = box(left, middle - 1.5 * k, right, middle + 1.5 * k)
            color = CONFLICT_COLORS[relation]
            paper = column.page.paper
            add_shape(paper, swatch, facecolor=color, alpha=0.4, linewidth=0)
            add_shape(paper, hatch(swatch, 20.0, 0.8), edgecolor=color, linewidth=0.45)
            add_shape(paper, swatch, edgecolor=color, linewidth=1.3)

    def table(self) -> tuple[list[Head], list[list[str]]] | None:
        """Give every pair: the common area, or the distance."""
        if not self.pairs:
            return None
        ordered = [*self.overlaps, *(p for p in self.pairs if p not in self.overlaps)]
        rows = []
        for number, pair in enumerate(ordered, start=1):
            names = self.labels("plot.pair", one=self._title(pair.zone),
                                other=self._title(pair.other))  # fmt: skip
            common = pair.area > 0
            named = f"{number} {names}" if common else names
            away = "0" if pair.relation == "touch" else figure(pair.width, 0)
            size = figure(pair.hectares, 2) if common else "—"
            rows.append([named, size, "—" if common else away, figure(pair.error, 0)])
        heads: list[Head] = [
            self.labels("plot.pairs"), self.labels("plot.common"), self.labels("plot.gap"),
            self.labels("plot.sigma"),
        ]  # fmt: skip
        return heads, rows

    def _title(self, key: str) -> str:
        return self.titles.get(key, key)

    def notes(self, ground: Ground) -> list[str]:
        """Say what was compared, and that an overlap narrower than the error may be none."""
        key = "plot.note_conflicts" if self.overlaps else "plot.note_no_conflicts"
        notes = [self.labels(key, count=len(self.overlaps), pairs=len(self.pairs))]
        notes.append(self.labels("plot.note_conflict_error"))
        absent = len(self.content.definition.zones) - len(self.content.zones)
        if absent:
            notes.append(self.labels("plot.note_not_compared", count=absent))
        return notes


class ChangeTheme(Theme):
    """Two versions of a plan: what was gained, what was lost, outline over outline.

    ``content.against`` is definition and areas of the earlier version.
    """

    name = "change"
    rings = False

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        if content.against is None:
            raise GisplanError("plot_against", theme=self.name)
        definition, areas = content.against
        moved = transform(areas, pyproj.CRS(content.areas.crs))
        self.version = definition.version
        self.before = areas_to_draw(definition, moved, content.labels.language)
        self.unlike = self._compare()

    def _compare(self) -> list[tuple[str, str, BaseGeometry | None, BaseGeometry | None]]:
        """Pair the areas of the two versions by kind and id."""
        old = {(a.kind, a.key): a for a in self.before}
        new = {(a.kind, a.key): a for a in self.content.drawn}
        pairs = []
        for key in dict.fromkeys([*new, *old]):
            one, other = old.get(key), new.get(key)
            named = other or one
            if named is not None:
                shapes = (one.geometry if one else None, other.geometry if other else None)
                pairs.append((named.kind, named.title, *shapes))
        return pairs

    def draw(self, page: Page, ground: Ground) -> None:
        """Draw the new version, what changed, and the outlines of the old one."""
        draw_areas(ground, self.content.drawn, rings=False)
        unit = ground.scale / 1000
        for kind, _, before, after in self.unlike:
            if kind == Kind.CORRIDOR or kind == Kind.STUDY_AREA:
                continue
            for color, part, angle in (
                (GAINED, _minus(after, before), 60.0), (LOST, _minus(before, after), 120.0)
            ):  # fmt: skip
                if part is None or part.is_empty:
                    continue
                add_shape(ground.axes, part, facecolor=color, alpha=0.35, linewidth=0, zorder=3.3)
                lines = hatch(part, angle, 1.0 * unit)
                add_shape(ground.axes, lines, edgecolor=color, linewidth=0.4, zorder=3.35)
        for area in self.before:
            add_shape(
                ground.axes, area.geometry, edgecolor=INK, linewidth=0.8, zorder=3.4,
                linestyle=(0, (1, 1.4)), gid=f"before-{area.key}",
            )  # fmt: skip

    def legend(self, column: Column) -> None:
        """Explain gained, lost and the old outline."""
        labels, k, page = self.labels, column.scale, column.page
        column.heading(labels("plot.change"))
        for key, color, angle in (("gained", GAINED, 60.0), ("lost", LOST, 120.0)):
            middle = column.row(labels(f"plot.{key}"))
            swatch = box(column.left, middle - 1.5 * k, column.left + 8.4 * k, middle + 1.5 * k)
            add_shape(page.paper, swatch, facecolor=color, alpha=0.35, linewidth=0)
            add_shape(page.paper, hatch(swatch, angle, 1.0), edgecolor=color, linewidth=0.4)
        middle = column.row(labels("plot.before", version=self.version))
        ends = [(column.left, middle), (column.left + 8.4 * k, middle)]
        page.line(ends, width=0.8, linestyle=(0, (1, 1.4)))

    def table(self) -> tuple[list[Head], list[list[str]]] | None:
        """Give hectares (kilometres of a corridor) before and after, gained and lost."""
        rows = [
            [title, *self._figures(kind, before, after)]
            for kind, title, before, after in self.unlike
            if not _same(before, after)
        ]
        heads: list[Head] = [
            self.labels("plot.area"), self.labels("plot.was"), self.labels("plot.is"),
            f"+ {self.labels('plot.ha')}", f"− {self.labels('plot.ha')}",
        ]  # fmt: skip
        return (heads, rows) if rows else None

    def _figures(
        self, kind: str, before: BaseGeometry | None, after: BaseGeometry | None
    ) -> Sequence[str]:
        if kind == Kind.CORRIDOR:
            km = [f"{one.length / 1000:.2f} {self.labels('plot.km')}" if one is not None else "—"
                  for one in (before, after)]  # fmt: skip
            return [*km, "—", "—"]
        shapes: Any = [before, after, _minus(after, before), _minus(before, after)]
        sizes = ellipsoidal_area(gpd.GeoSeries(shapes, crs=self.content.areas.crs)) / HECTARE
        return [figure(float(one), 1) if one == one else "—" for one in sizes]

    def notes(self, ground: Ground) -> list[str]:
        """Say how many areas changed, and that their data are only so good."""
        changed = sum(not _same(before, after) for _, _, before, after in self.unlike)
        total = len(self.unlike)
        key = "plot.note_change" if changed else "plot.note_no_change"
        return [
            self.labels(key, count=changed, total=total, version=self.version),
            self.labels("plot.note_change_error"),
        ]


def _way_color(relation: str) -> str:
    """Return the colour of a way between zones: that of doubt where it may be none."""
    return CONFLICT_COLORS["sliver"] if relation == "gap" else PALE


def _minus(one: BaseGeometry | None, other: BaseGeometry | None) -> BaseGeometry | None:
    if one is None or other is None:
        return one
    return one.difference(other)


def _same(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    return one is not None and other is not None and bool(one.normalize() == other.normalize())


__all__ = ["Area", "ChangeTheme", "ConflictsTheme"]
