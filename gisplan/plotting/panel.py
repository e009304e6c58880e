"""The panel of a sheet: north, scale, inset, legend, table, account, title block; and its fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import shapely.affinity
from shapely.geometry import LineString, Polygon, box

from gisplan.labels import Labels
from gisplan.plotting.block import Row, block_height, draw_block
from gisplan.plotting.column import Column
from gisplan.plotting.drawing import add_shape, draw_line, fill_area
from gisplan.plotting.entries import Entry
from gisplan.plotting.form import Form, Frame
from gisplan.plotting.grid import convergence
from gisplan.plotting.ground import Area, Ground
from gisplan.plotting.inset import draw_inset
from gisplan.plotting.page import INK, PALE, Nowhere, Page
from gisplan.plotting.themes import Theme
from gisplan.terms import Kind, Status

BAR: Final = (1.0, 2.0, 2.5, 5.0)
"""Leading figures of a length on the scale bar."""

STEPS: Final = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7)
"""Factors of the type sizes that are tried until the panel holds everything."""

COMPASS: Final = 23.5
"""Height in millimetres of north, scale and inset, times the factor of the type."""

WARNING: Final = "#b00020"


@dataclass(frozen=True)
class Shown:
    """What became of the projects on this sheet.

    Attributes
    ----------
    entries
        All of them.
    on, off
        Those inside the frame and those beyond it; the others have no place.
    numbered, left
        Those named by a number, and those with a marker only.
    unnamed
        Titles of zones and corridors whose name found no room on the map.
    """

    entries: Sequence[Entry]
    on: Sequence[Entry]
    off: Sequence[Entry]
    numbered: Sequence[Entry]
    left: Sequence[Entry]
    unnamed: Sequence[str]

    @property
    def unlocated(self) -> list[Entry]:
        """Projects without a place."""
        return [entry for entry in self.entries if entry.geometry is None]


@dataclass(frozen=True)
class Panel:
    """What the panel of a sheet holds."""

    form: Form
    ground: Ground
    theme: Theme
    shown: Shown
    rows: Sequence[Row]
    focused: bool

    def draw(self, page: Page) -> None:
        """Draw it in the largest type in which everything has room."""
        sizes = [self.form.factor * step for step in STEPS]
        tried = [(size, *self._lay(Nowhere(page), size)) for size in sizes]
        whole = [size for size, fits, cut in tried if fits and not cut]
        room = [size for size, fits, _ in tried if fits]
        # A list that no type could hold in full is cut in one that can still be read well.
        self._lay(page, max(whole) if whole else room[len(room) // 2] if room else sizes[-1])

    def _lay(self, page: Page, scale: float) -> tuple[bool, bool]:
        """Draw the panel; say whether everything fits, and whether anything was shortened."""
        labels, theme = self.theme.labels, self.theme
        columns = [Column(page, labels, frame, scale=scale) for frame in self.form.columns]
        first, middle, last = (columns * 3)[:3]
        floor = self._block(page, last, scale)
        last.floor = floor
        draw_compass_and_scale(first, self.ground, theme.content.drawn)
        legend = middle if self.form.portrait else first
        draw_legend(legend, theme.content.drawn, rings=theme.rings, filled=theme.filled)
        theme.legend(legend)
        table = theme.table()
        if table is not None:
            first.y -= 1.4 * scale
            first.table(*table)
        draw_account(last, self.shown, theme, self.ground, focused=self.focused)
        return all(one.fits for one in columns), any(one.cut for one in columns)

    def _block(self, page: Page, column: Column, scale: float) -> float:
        """Draw the title block at the foot of a column; return where it ends above."""
        left, width, bottom = column.left, column.width, column.floor
        draw_block(page, self.rows, left=left, bottom=bottom, width=width, scale=scale)
        top = bottom + block_height(self.rows, width=width, scale=scale) + 1.6 * scale
        if any(area.status == Status.SCHEMATIC for area in self.theme.content.drawn):
            page.write(
                left, top, self.theme.labels("plot.schematic"), size=8.5 * scale, bold=True,
                color=WARNING, gid="schematic",
            )  # fmt: skip
            top += 4.6 * scale
        return top


def draw_compass_and_scale(column: Column, ground: Ground, areas: Sequence[Area]) -> None:
    """Draw the arrow to true north, the scale in figures and as a bar, and the inset."""
    page, labels, k = column.page, column.labels, column.scale
    angle = convergence(ground)
    x, y = column.left + 6 * k, column.y - 12.5 * k
    for side, filled in ((-1, True), (1, False)):
        half = Polygon([(0, 7.5 * k), (side * 2.7 * k, -5.5 * k), (0, -2.8 * k)])
        turned = shapely.affinity.translate(
            shapely.affinity.rotate(half, angle, origin=(0, 0)), x, y
        )
        add_shape(
            page.paper, turned, facecolor=INK if filled else "white", edgecolor=INK, linewidth=0.5
        )
    page.write(x, column.y - 3.2 * k, labels("plot.north"), size=9 * k, across="center", bold=True)
    seconds = round(abs(angle) * 3600)
    sign = "+" if angle >= 0 else "−"
    text = labels("plot.convergence", angle=f"{sign}{seconds // 3600}°{seconds % 3600 / 60:04.1f}′")
    page.write(column.left, column.y - 21.5 * k, text, size=5.6 * k, color=PALE)
    wide = 18.0 * k
    frame = Frame(column.left + column.width - wide, column.y - 22 * k, wide, wide)
    draw_inset(page, ground, areas, frame, title=labels("plot.inset"), size=5.6 * k)
    _scale_bar(column, ground, left=column.left + 13.5 * k, y=column.y - 14 * k, end=frame.left)
    column.y -= COMPASS * k


def _scale_bar(column: Column, ground: Ground, *, left: float, y: float, end: float) -> None:
    page, k = column.page, column.scale
    step = bar_step((end - left - 2.2 * k) / 4 * ground.scale / 1000)
    length = step * 1000 / ground.scale
    unit, worth = ("plot.km", 1000.0) if step >= 250 else ("plot.m", 1.0)
    text = column.labels("plot.scale", scale=f"{ground.scale:,.0f}".replace(",", " "))
    page.write(left, y + 6.2 * k, text, size=9.5 * k, bold=True, gid="scale")
    for number in range(4):
        color = INK if number % 2 == 0 else "white"
        page.box(left + number * length, y, length, 1.3 * k, facecolor=color, line=0.5, gid="bar")
    # Five figures where they do not touch, else the two ends.
    shown = range(5) if length >= 4.6 * k else (0, 2, 4) if length >= 2.6 * k else (0, 4)
    for number in shown:
        mark = f"{number * step / worth:g}"
        at = left + number * length
        page.write(at, y + 2.2 * k, mark, size=6 * k, across="center", gid="bar-figure")
    page.write(left + 4 * length, y - 3 * k, column.labels(unit), size=6 * k, across="center")


def bar_step(longest: float) -> float:
    """Return the longest round length in metres not above ``longest``."""
    power = 1.0
    while power * 10 <= longest:
        power *= 10
    return max(figure * power for figure in BAR if figure * power <= max(longest, 1.0))


def draw_legend(
    column: Column, areas: Sequence[Area], *, rings: bool = True, filled: bool = True
) -> None:
    """Draw a row for every area, as it is drawn on this sheet."""
    labels = column.labels
    column.heading(labels("plot.legend"))
    for area in areas:
        widest = getattr(area.layer, "rings", ()) if rings else ()
        said = area.title
        if widest:
            widths = "/".join(f"{ring:g}" for ring in widest)
            said = labels("plot.rings", name=said, rings=widths)
        middle = column.row(said)
        _swatch(column, area, middle, rings=bool(widest), filled=filled)


def _swatch(column: Column, area: Area, middle: float, *, rings: bool, filled: bool) -> None:
    k, paper = column.scale, column.page.paper
    left, wide, half = column.left, 8.4 * k, 1.55 * k
    if area.kind == Kind.CORRIDOR:
        line = LineString([(left, middle), (left + wide, middle)])
        ring = box(left, middle - half, left + wide, middle + half)
        if rings:
            add_shape(paper, ring, facecolor=area.color, alpha=0.15, linewidth=0)
        draw_line(paper, area, line)
    elif area.kind == Kind.STUDY_AREA:
        line = LineString([(left, middle), (left + wide, middle)])
        add_shape(paper, line, edgecolor=area.color, linewidth=1.5, linestyle=area.dashes)
    else:
        swatch = box(left, middle - half, left + wide, middle + half)
        if filled:
            fill_area(paper, area, unit=1.0, shape=swatch)
        else:
            look = {"edgecolor": area.color, "linewidth": 1.1, "linestyle": area.dashes}
            add_shape(paper, swatch, **look)


def draw_account(
    column: Column, shown: Shown, theme: Theme, ground: Ground, *, focused: bool
) -> None:
    """Say in full what the map does not show: without a place, off the sheet, unnamed."""
    labels = column.labels
    column.y -= 1.2 * column.scale
    for note in theme.notes(ground):
        column.paragraph(note, must=True, gid="note")
    if shown.unnamed:
        column.listing("unnamed", shown.unnamed)
    if shown.entries and theme.marks:
        _account_of_projects(column, shown, labels, focused=focused)


def _account_of_projects(column: Column, shown: Shown, labels: Labels, *, focused: bool) -> None:
    unlocated = shown.unlocated
    total = labels(
        "plot.total", total=len(shown.entries), on=len(shown.on), unlocated=len(unlocated),
        off=len(shown.off),
    )  # fmt: skip
    column.paragraph(total, must=True)
    lists = [("unlocated", unlocated), ("off", shown.off)]
    # On the sheet of one area most projects are elsewhere: their number is enough.
    for key, entries in [] if focused else lists:
        if entries:
            column.listing(key, [entry.called for entry in entries])
    if shown.left:
        column.listing("left", [entry.called for entry in shown.left])
    if shown.numbered:
        column.listing("numbered", [f"{e.number} {e.name}" for e in shown.numbered])
