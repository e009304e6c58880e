"""Amounts on the ground: investment by zone, and where projects are many."""

# ruff: noqa: ARG002 - every theme answers to the same calls, whether it needs them or not

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon, box

from gisplan.plotting.column import Column, Head
from gisplan.plotting.drawing import add_shape
from gisplan.plotting.entries import Entry
from gisplan.plotting.ground import Area, Ground
from gisplan.plotting.page import INK, MM, PALE, Page, extent
from gisplan.plotting.placing import Room, beside, inside
from gisplan.plotting.themes.base import Content, Theme, figure
from gisplan.plotting.themes.plans import without_place

MONEY: Final = {"zh": 1e8, "en": 1e6}
"""Yuan in the unit of a language: 亿元, and a million."""

FILL: Final = "#f2c14e"
EDGE: Final = "#7a5b00"
WIDEST: Final = 10.0
"""Radius of the largest circle in millimetres, times the factor of the paper."""

HEXAGON: Final = 7.0
"""Width of a cell of the density map, about, in millimetres."""

SHADES: Final = ("#dbe9f6", "#a6c8e4", "#5fa2d0", "#2572b4", "#08306b")
"""Light to dark: in grey they keep their order."""


@dataclass(frozen=True)
class Amount:
    """What a zone holds: projects, those with a figure, and its sum in yuan."""

    title: str
    projects: int
    stated: int
    total: float


class InvestmentTheme(Theme):
    """Investment by zone as circles whose areas are proportional to it."""

    name = "investment"
    needs_projects = True
    rings = False
    names_zones = False

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        figures = [float(one) if one is not None else math.nan
                   for one in content.column("investment")]  # fmt: skip
        self.figures = np.array(figures, dtype=float)
        self.held = [content.zone_ids(entry) for entry in content.entries]
        self.amounts = {
            area.key: self._amount(area.title, [area.key in ids for ids in self.held])
            for area in content.zones
        }
        located = [entry.geometry is not None for entry in content.entries]
        nowhere = [at and not ids for at, ids in zip(located, self.held, strict=True)]
        self.nowhere = self._amount(self.labels("plot.no_zone"), nowhere)
        unlocated = [not at for at in located]
        self.unlocated = self._amount(self.labels("plot.no_place"), unlocated)
        self.whole = self._amount(self.labels("plot.all"), [True] * len(located))

    def _amount(self, title: str, chosen: Sequence[bool]) -> Amount:
        figures = self.figures[np.asarray(chosen, dtype=bool)]
        stated = figures[~np.isnan(figures)]
        return Amount(title, len(figures), len(stated), float(stated.sum()))

    def place(self, page: Page, ground: Ground, room: Room) -> None:
        """Draw a circle in every zone with a figure; write name, sum and counts near it."""
        most = max((one.total for one in self.amounts.values()), default=0.0)
        k = max(page.width, page.height) / 297
        lines = [ground.to_paper(area.geometry) for area in self.content.corridors]
        room.lines = [line.buffer(0.5) for line in lines]
        for area in self.content.zones:
            amount = self.amounts[area.key]
            seen = ground.to_paper(area.geometry.intersection(ground.frame))
            if seen.is_empty:
                continue
            if amount.total > 0:
                x, y = shapely.get_coordinates(seen.representative_point())[0]
                circle = Point(x, y).buffer(WIDEST * k * math.sqrt(amount.total / most))
                add_shape(
                    page.paper, circle, facecolor=FILL, alpha=0.75, edgecolor=EDGE, linewidth=0.8,
                    zorder=5, gid=f"circle-{area.key}",
                )  # fmt: skip
            self._write(page, room, seen, amount, size=7.0 * k)

    def _write(self, page: Page, room: Room, zone: Any, amount: Amount, *, size: float) -> None:
        """Write in the zone clear of corridors, else beside it, else across a corridor."""
        lines = [amount.title, self._money(amount.total), self._count(amount)]
        lines = lines if amount.stated else [lines[0], lines[2]]
        wide = max(extent(line, size) for line in lines)
        step = 1.25 * size / MM
        high = step * len(lines)
        for spots, across in (
            (inside(zone, wide, high), False), (beside(zone, wide, high), False),
            (inside(zone, wide, high), True), (beside(zone, wide, high), True),
        ):  # fmt: skip
            spot = room.best(spots, across=across)
            if spot is None:
                continue
            for number, line in enumerate(lines):
                page.write(
                    spot.x + wide / 2, spot.y + high - step * (number + 0.8), line, size=size,
                    across="center", halo="#ffffff", bold=number == 0, gid=f"amount-{number}",
                )  # fmt: skip
            return

    def _money(self, yuan: float) -> str:
        value = yuan / MONEY[self.labels.language]
        return self.labels("plot.money", amount=figure(value, 2))

    def _count(self, amount: Amount) -> str:
        if not amount.projects:
            return self.labels("plot.no_projects")
        return self.labels("plot.stated", stated=amount.stated, count=amount.projects)

    def legend(self, column: Column) -> None:
        """Explain the circles."""
        column.heading(self.labels("plot.investment"))
        column.paragraph(self.labels("plot.note_circles"), must=True)

    def table(self) -> tuple[list[Head], list[list[str]]] | None:
        """Give sum and counts by zone, outside of any and without a place."""
        heads: list[Head] = [
            self.labels("plot.zone"), self.labels("plot.sum"), self.labels("plot.with_figure"),
            self.labels("plot.projects"),
        ]  # fmt: skip
        rest = (self.nowhere, self.unlocated, self.whole)
        rows = [
            [one.title, figure(one.total / MONEY[self.labels.language], 2) if one.stated else "—",
             str(one.stated), str(one.projects)]
            for one in (*self.amounts.values(), *rest)
        ]  # fmt: skip
        return heads, rows

    def notes(self, ground: Ground) -> list[str]:
        """Say how many projects give no figure, and which are in two zones."""
        silent = self.whole.projects - self.whole.stated
        notes = [self.labels("plot.note_silent", count=silent, total=self.whole.projects)]
        twice = sum(len(ids) > 1 for ids in self.held)
        if twice:
            notes.append(self.labels("plot.note_twice", count=twice))
        return [*notes, *without_place(self.content.entries, self)]


class DensityTheme(Theme):
    """How many projects lie in each cell of a net of hexagons."""

    name = "density"
    needs_projects = True
    rings = False
    filled = False

    def draw(self, page: Page, ground: Ground) -> None:
        """Draw the cells above the ground and below outlines."""
        self.side = _round_down(HEXAGON * ground.scale / 1000)
        on = self._on(ground)
        self.cells, self.counts = count_in_hexagons(on, self.side)
        self.breaks = _breaks(int(self.counts.max()) if len(self.counts) else 0)
        add_shape(ground.axes, ground.frame, facecolor="#fbfbfa", linewidth=0)
        for cell, count in zip(self.cells, self.counts, strict=True):
            shade = SHADES[_class_of(int(count), self.breaks)]
            add_shape(
                ground.axes, cell, facecolor=shade, edgecolor="white", linewidth=0.5, zorder=1.2,
                gid="cell",
            )  # fmt: skip
        for area in self.content.drawn:
            add_shape(
                ground.axes, area.geometry, edgecolor=area.color, linewidth=1.1,
                linestyle=area.dashes, zorder=3, gid=f"area-{area.key}",
            )  # fmt: skip

    def place(self, page: Page, ground: Ground, room: Room) -> None:
        """Write its count in every cell: the cue beside the shade."""
        half = 500 * self.side / ground.scale
        size = min(6.5, 1.6 * half * MM)
        for cell, count in zip(self.cells, self.counts, strict=True):
            x, y = ground.point(cell.centroid)
            shade = SHADES[_class_of(int(count), self.breaks)]
            dark = shade in SHADES[2:]
            page.write(
                x, y - 0.36 * size / MM, str(count), size=size, across="center",
                color="#ffffff" if dark else INK, gid="cell-count",
            )  # fmt: skip
            wide = extent(str(count), size) / 2 + 0.3
            room.take(box(x - wide, y - 0.5 * size / MM, x + wide, y + 0.6 * size / MM))

    def legend(self, column: Column) -> None:
        """Add a row for every class of counts."""
        labels = self.labels
        column.heading(labels("plot.density", metres=figure(self.side, 0)))
        for number, (low, high) in enumerate(self.breaks):
            text = str(low) if low == high else f"{low}–{high}"
            said = labels("plot.density_class", counts=text)
            middle = column.row(said)
            k, left = column.scale, column.left
            column.page.box(
                left, middle - 1.5 * k, 8.4 * k, 3 * k, facecolor=SHADES[number], line=0.3,
                edgecolor=PALE,
            )  # fmt: skip

    def notes(self, ground: Ground) -> list[str]:
        """Say what a count is, how many are in it, and who is missing."""
        on = len(self._on(ground))
        total = len(self.content.entries)
        notes = [self.labels("plot.note_density", on=on, total=total)]
        off = sum(e.geometry is not None for e in self.content.entries) - on
        if off:
            notes.append(self.labels("plot.note_off", count=off))
        return [*notes, *without_place(self.content.entries, self)]

    def _on(self, ground: Ground) -> list[Point]:
        places = [e.place for e in self.content.entries if e.geometry is not None]
        return [place for place in places if ground.frame.contains(place)]


def count_in_hexagons(
    points: Sequence[Point], width: float
) -> tuple[list[Polygon], NDArray[np.int64]]:
    """Count points in a net of regular hexagons with upright edges.

    Parameters
    ----------
    points
        In metres.
    width
        Distance in metres of opposite edges.

    Returns
    -------
    cells
        Those that hold a point, from south to north and west to east.
    counts
        ``int64``, as many; their sum is the number of points.

    Notes
    -----
    A point belongs to the nearer of the two centres that the nets of even and odd rows
    offer it, as in ``matplotlib.axes.Axes.hexbin`` (after D. B. Carr et al., "Scatterplot
    matrix techniques for large N", JASA 82, 1987). The net starts at the origin of the CRS,
    so cells do not depend on the points.
    """
    if not points:
        return [], np.empty(0, dtype=np.int64)
    at = shapely.get_coordinates(np.array(points, dtype=object))
    high = width * math.sqrt(3)
    even = np.round(at / (width, high))
    odd = np.floor(at / (width, high)) + 0.5
    nearer = np.hypot(*(at - even * (width, high)).T) <= np.hypot(*(at - odd * (width, high)).T)
    index = np.where(nearer[:, None], even, odd)
    centres, counts = np.unique(index[:, ::-1], axis=0, return_counts=True)
    cells = [_hexagon(x * width, y * high, width) for y, x in centres]
    return cells, counts.astype(np.int64)


def _hexagon(x: float, y: float, width: float) -> Polygon:
    radius = width / math.sqrt(3)
    turns = (math.radians(30 + 60 * k) for k in range(6))
    return Polygon([(x + radius * math.cos(a), y + radius * math.sin(a)) for a in turns])


def _round_down(metres: float) -> float:
    power = 10.0 ** math.floor(math.log10(metres))
    return max(step * power for step in (1.0, 2.0, 2.5, 5.0) if step * power <= metres)


def _breaks(most: int) -> list[tuple[int, int]]:
    """Part the counts from 1 to the most into at most five classes, doubling in width."""
    if most <= len(SHADES):
        return [(count, count) for count in range(1, most + 1)]
    edges = np.unique(np.round(np.geomspace(1, most + 1, len(SHADES) + 1)).astype(int))
    return [(int(low), int(high) - 1) for low, high in pairwise(edges)]


def _class_of(count: int, breaks: Sequence[tuple[int, int]]) -> int:
    return next(k for k, (low, high) in enumerate(breaks) if low <= count <= high)


__all__ = ["Amount", "Area", "DensityTheme", "Entry", "InvestmentTheme", "count_in_hexagons"]
