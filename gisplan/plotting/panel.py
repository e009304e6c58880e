"""The column beside the map: north, scale, legend with counts, what is not shown, sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import shapely.affinity
from shapely.geometry import LineString, Polygon, box

from gisplan.fonts import drawable, wrap
from gisplan.labels import Labels
from gisplan.plotting.ground import Area, Ground, add_shape, convergence, draw_line, fill_area
from gisplan.plotting.naming import PLAIN, Entry
from gisplan.plotting.page import ASCENT, BODY, INK, LEADING, MM, PALE, RULE, Page, extent
from gisplan.symbology import OUTCOME_SYMBOLS
from gisplan.terms import OUTCOMES, Kind, Status

if TYPE_CHECKING:
    from gisplan.definition import Layer, PlanDefinition

BAR: Final = (1.0, 2.0, 2.5, 5.0)
"""Leading figures of a length on the scale bar."""


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


class Column:
    """A column that is filled from the top; ``y`` is where the next thing goes."""

    def __init__(
        self, page: Page, labels: Labels, *, left: float, top: float, width: float, scale: float
    ) -> None:
        self.page, self.labels = page, labels
        self.left, self.y, self.width, self.scale = left, top, width, scale

    @property
    def size(self) -> float:
        """Size of running text in points."""
        return BODY * self.scale

    @property
    def step(self) -> float:
        """Height of a legend row in millimetres."""
        return 4.7 * self.scale

    def heading(self, text: str) -> None:
        """Set a heading."""
        self.y -= 2.2 * self.scale
        size = 1.2 * self.size
        self.page.write(self.left, self.y - ASCENT * size / MM, text, size=size, bold=True)
        self.y -= self.step

    def row(self, text: str, *, gid: str | None = None) -> float:
        """Set a legend text beside its swatch; return the middle of the row."""
        indent, size = 11 * self.scale, self.size
        lines = wrap(drawable(text), size, (self.width - indent) * MM)
        middle = self.y - self.step / 2
        for line in lines:
            y = self.y - self.step / 2 - 0.36 * size / MM
            self.page.write(self.left + indent, y, line, size=size, gid=gid)
            self.y -= self.step if line is lines[-1] else LEADING * size / MM
        return middle

    def paragraph(self, text: str, *, floor: float, color: str = INK) -> bool:
        """Set small wrapped text if it ends above ``floor``; say whether it did."""
        size = 0.88 * self.size
        lines = wrap(drawable(text), size, self.width * MM)
        if self.y - len(lines) * LEADING * size / MM < floor:
            return False
        self.y = self.page.write_lines(
            self.left, self.y, text, width=self.width, size=size, color=color
        )
        self.y -= 0.7 * self.scale
        return True


def draw_compass_and_scale(column: Column, ground: Ground) -> None:
    """Draw the arrow to true north and the scale in figures and as a bar."""
    page, labels, k = column.page, column.labels, column.scale
    angle = convergence(ground)
    x, y = column.left + 7 * k, column.y - 12.5 * k
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
    _scale_bar(column, ground, left=column.left + 21 * k, y=column.y - 14 * k)
    column.y -= 23.5 * k


def _scale_bar(column: Column, ground: Ground, *, left: float, y: float) -> None:
    page, k = column.page, column.scale
    room = column.left + column.width - left - 5 * k
    step = bar_step(room / 4 * ground.scale / 1000)
    length = step * 1000 / ground.scale
    unit, worth = ("plot.km", 1000) if step >= 250 else ("plot.m", 1)
    text = column.labels("plot.scale", scale=f"{ground.scale:,.0f}".replace(",", " "))
    page.write(left, y + 6.2 * k, text, size=9.5 * k, bold=True, gid="scale")
    for number in range(4):
        color = INK if number % 2 == 0 else "white"
        page.box(left + number * length, y, length, 1.3 * k, facecolor=color, line=0.5, gid="bar")
    for number in range(5):
        mark = f"{number * step / worth:g}"
        at = left + number * length
        page.write(at, y + 2.2 * k, mark, size=6 * k, across="center")
    page.write(left + 4 * length, y - 3 * k, column.labels(unit), size=6 * k, across="center")


def bar_step(longest: float) -> float:
    """Return the longest round length in metres not above ``longest``."""
    power = 1.0
    while power * 10 <= longest:
        power *= 10
    return max(figure * power for figure in BAR if figure * power <= max(longest, 1.0))


def draw_legend(column: Column, areas: Sequence[Area], shown: Shown) -> None:
    """Draw a row for every area and, with its count, every outcome that occurs."""
    labels, page = column.labels, column.page
    column.heading(labels("plot.legend"))
    for area in areas:
        rings = getattr(area.layer, "rings", ())
        said = area.title
        if rings:
            widths = "/".join(f"{ring:g}" for ring in rings)
            said = labels("plot.rings", name=said, rings=widths)
        middle = column.row(said)
        _swatch(column, area, middle)
    if not shown.entries:
        return
    column.heading(labels("plot.outcomes"))
    counts = Counter(entry.outcome for entry in shown.entries)
    for outcome in (*OUTCOMES, ""):
        if not counts[outcome]:
            continue
        title = labels(f"outcome.{outcome}") if outcome else labels("plot.unjudged")
        text = labels("plot.count", title=title, count=counts[outcome])
        middle = column.row(text, gid=f"count-{outcome or 'unjudged'}")
        symbol = OUTCOME_SYMBOLS[outcome] if outcome else PLAIN
        page.mark(column.left + 4.2 * column.scale, middle, symbol, half=1.3 * column.scale)


def _swatch(column: Column, area: Area, middle: float) -> None:
    k, paper = column.scale, column.page.paper
    left, wide, half = column.left, 8.4 * k, 1.55 * k
    if area.kind == Kind.CORRIDOR:
        line = LineString([(left, middle), (left + wide, middle)])
        ring = box(left, middle - half, left + wide, middle + half)
        add_shape(paper, ring, facecolor=area.color, alpha=0.15, linewidth=0)
        draw_line(paper, area, line)
    elif area.kind == Kind.STUDY_AREA:
        line = LineString([(left, middle), (left + wide, middle)])
        add_shape(paper, line, edgecolor=area.color, linewidth=1.5, linestyle=area.dashes)
    else:
        swatch = box(left, middle - half, left + wide, middle + half)
        fill_area(paper, area, unit=1.0, shape=swatch)


def draw_account(column: Column, shown: Shown, *, floor: float) -> None:
    """Say in full what the map does not show: without a place, off the sheet, unnamed."""
    labels, unlocated = column.labels, shown.unlocated
    column.y -= 1.2 * column.scale
    if shown.unnamed:
        _account(column, "unnamed", shown.unnamed, floor)
    if not shown.entries:
        return
    total = labels(
        "plot.total", total=len(shown.entries), on=len(shown.on), unlocated=len(unlocated),
        off=len(shown.off),
    )  # fmt: skip
    column.paragraph(total, floor=0.0)
    for key, entries in (("unlocated", unlocated), ("off", shown.off), ("left", shown.left)):
        if entries:
            _account(column, key, [entry.called for entry in entries], floor)
    if shown.numbered:
        _account(column, "numbered", [f"{e.number} {e.name}" for e in shown.numbered], floor)


def _account(column: Column, key: str, names: Sequence[str], floor: float) -> None:
    """Set the longest list of names that finds room, and always their number."""
    labels = column.labels
    between = labels("plot.between")
    for kept in range(len(names), 0, -1):
        listed = between.join(names[:kept])
        rest = labels("plot.more", count=len(names) - kept) if kept < len(names) else ""
        said = labels(f"plot.{key}", count=len(names), names=listed + rest)
        if column.paragraph(said, floor=floor):
            return
    column.paragraph(labels(f"plot.{key}_count", count=len(names)), floor=0.0)


def title_block(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    ground: Ground,
    labels: Labels,
    *,
    author: str,
    review: str,
) -> list[tuple[str, str]]:
    """Return the rows of the title block: what the sheet rests on and what it left out."""
    has = areas[areas.geometry.notna() & (areas["kind"] != Kind.COVERAGE)]
    errors = sorted({float(one) for one in has["accuracy"].dropna()})
    dates = sorted({str(one)[:10] for one in has["as_of"].dropna()})
    states = Counter(str(one) for one in has["status"].dropna())
    stated = [
        labels("plot.state", state=labels(f"status.{one}"), count=states[one])
        for one in Status
        if states[one]
    ]
    located = set(has["id"])
    unchecked = [
        _owned(one, labels) for key, one in definition.constraints.items() if key not in located
    ]
    between = labels("plot.between")
    rows = [
        ("plan", f"{definition.id} · {definition.version}"),
        ("crs", f"{definition.crs} {ground.crs.name}"),
        ("status", between.join(stated)),
        ("accuracy", "–".join(f"{one:g}" for one in dict.fromkeys((errors[0], errors[-1]))) + " m"
         if errors else ""),
        ("as_of", "–".join(dict.fromkeys((dates[0], dates[-1]))) if dates else ""),
        ("unchecked", between.join(unchecked)),
        ("author", author),
        ("review", review),
    ]  # fmt: skip
    slots = ("author", "review")
    return [(labels(f"plot.{key}"), text) for key, text in rows if text or key in slots]


def _owned(layer: Layer, labels: Labels) -> str:
    title = layer.title.get(labels.language)
    return labels("plot.owner", title=title, owner=layer.owner) if layer.owner else title


def block_height(rows: Sequence[tuple[str, str]], *, width: float, scale: float) -> float:
    """Return the height in millimetres of the title block."""
    return sum(height for _, _, height in _cells(rows, width, scale))


def draw_block(
    page: Page,
    rows: Sequence[tuple[str, str]],
    *,
    left: float,
    bottom: float,
    width: float,
    scale: float,
) -> None:
    """Draw the title block with its foot at ``bottom``."""
    size, first = 0.88 * BODY * scale, _first(rows, scale)
    y = bottom + block_height(rows, width=width, scale=scale)
    page.box(left, bottom, width, y - bottom, line=0.7)
    page.line([(left + first, bottom), (left + first, y)], width=0.35, color=RULE)
    for title, lines, height in _cells(rows, width, scale):
        middle = y - height / 2 - 0.36 * size / MM
        page.write(left + first / 2, middle, title, size=size, across="center", color=PALE)
        line = middle + (len(lines) - 1) / 2 * LEADING * size / MM
        for text in lines:
            page.write(left + first + 1.2, line, text, size=size)
            line -= LEADING * size / MM
        y -= height
        if y > bottom + 0.1:
            page.line([(left, y), (left + width, y)], width=0.35, color=RULE)


def _first(rows: Sequence[tuple[str, str]], scale: float) -> float:
    return max(extent(title, 0.88 * BODY * scale) for title, _ in rows) + 3.0


def _cells(
    rows: Sequence[tuple[str, str]], width: float, scale: float
) -> list[tuple[str, list[str], float]]:
    size, first = 0.88 * BODY * scale, _first(rows, scale)
    cells = []
    for title, text in rows:
        lines = wrap(drawable(text), size, (width - first - 2.2) * MM)
        cells.append((title, lines, len(lines) * LEADING * size / MM + 1.5 * scale))
    return cells
