"""The pages of an atlas: cover with the list of sheets, map with table, table alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import pyproj
from matplotlib.figure import Figure

from gisplan.crs import ellipsoidal_area
from gisplan.fonts import drawable, wrap
from gisplan.plotting.column import Column
from gisplan.plotting.drawing import draw_areas, draw_footprint
from gisplan.plotting.entries import Entry
from gisplan.plotting.form import Form, Frame
from gisplan.plotting.grid import draw_graticule
from gisplan.plotting.ground import Area, lay_out, round_scale
from gisplan.plotting.listing import Line, Listing
from gisplan.plotting.naming import free_room, name_projects
from gisplan.plotting.page import ASCENT, BODY, MM, PALE, Nowhere, Page, extent
from gisplan.plotting.panel import COMPASS, WARNING, draw_compass_and_scale
from gisplan.plotting.sheet import focus_bounds, is_on
from gisplan.plotting.themes import Content
from gisplan.plotting.themes.plans import orientation
from gisplan.symbology import OUTCOME_SYMBOLS
from gisplan.terms import OUTCOMES, Kind, Status
from gisplan.wording import status_of

HEAD: Final = 14.0
FOOT: Final = 7.0
TABLE: Final = 102.0
"""Millimetres of the title, of the line at the foot, and of the table beside a map (A4)."""

SHEET_ROW: Final = 5.2
"""Height of a row in the list of sheets, in millimetres (A4)."""


@dataclass(frozen=True)
class Leaf:
    """What stands on one page.

    Attributes
    ----------
    kind
        ``"cover"``, ``"overview"``, ``"area"`` or ``"list"``.
    title
        Of the sheet; its further pages have the same.
    part
        0 for the first page of a sheet.
    area
        The zone or corridor on it.
    lines
        The rows of its table.
    entries
        The projects of the whole sheet, to be named on its map.
    start, total
        How many rows came before, and how many there are in all.
    corridor
        Whether the metres are distances to a corridor.
    page, pages
        Its number, and how many there are.
    """

    kind: str
    title: str
    part: int = 0
    area: Area | None = None
    lines: tuple[Line, ...] = ()
    entries: tuple[Entry, ...] = ()
    start: int = 0
    total: int = 0
    corridor: bool = False
    page: int = 0
    pages: int = 0


def listing_of(content: Content, form: Form, *, narrow: bool, corridor: bool) -> Listing:
    """Return how the table of projects is set: beside a map, or over the whole page."""
    k, labels = form.factor, content.labels
    width = TABLE * k if narrow else _inner(form).width
    fixed = [9.0 * k, 17.0 * k, (23.0 if narrow else 40.0) * k, 15.0 * k, 12.0 * k]
    name = width - sum(fixed)
    metres = "atlas.distance" if corridor else "atlas.margin"
    heads = (
        labels("atlas.row"), labels("atlas.id"), labels("atlas.name"), labels("atlas.outcome"),
        labels(metres), labels("atlas.same"),
    )  # fmt: skip
    widths = (fixed[0], fixed[1], name, *fixed[2:])
    return Listing(heads, widths, frozenset({0, 4, 5}), 3, 6.6 * k)


def room_of_list(form: Form) -> float:
    """Return the height in millimetres that a page has for a table alone."""
    return _inner(form).height - 6.0 * form.factor


def area_room(content: Content, form: Form, area: Area) -> float:
    """Return the height in millimetres that is left for the table beside a map."""
    column = _column(Nowhere(Page(1, 1)), content, form)
    column.y -= COMPASS * form.factor
    _facts(column, content, area)
    return column.y - column.floor - 7.0 * form.factor


def rooms_of_cover(content: Content, form: Form, sheets: int) -> int:
    """Return how many pages the list of sheets takes."""
    first, more = _sheets_on_cover(content, form)
    return 1 + max(0, -(-(sheets - first) // more))


def draw_area(content: Content, form: Form, leaf: Leaf) -> Figure:
    """Draw the page of a zone or a corridor: its map, what is known of it, its projects."""
    if leaf.area is None:
        raise ValueError(leaf.title)
    page, inner = _page(content, form, leaf), _inner(form)
    k, right = form.factor, inner.right - TABLE * form.factor
    frame = Frame(
        inner.left + 6 * k, inner.bottom + 6 * k, right - inner.left - 17 * k, inner.height - 10 * k
    )
    bounds = focus_bounds(leaf.area)
    scale = round_scale(frame.width, frame.height, bounds)
    ground = lay_out(page, frame, bounds, scale=scale, crs=pyproj.CRS(content.areas.crs))
    draw_areas(ground, content.drawn)
    draw_graticule(page, ground, size=5.2 * k)
    # Its own projects are named; others in the frame are marked.
    own = {entry.number for entry in leaf.entries}
    seen = sorted(
        (entry for entry in content.entries if is_on(entry, ground)),
        key=lambda entry: (-entry.symbol.order, entry.number),
    )
    for entry in seen:
        draw_footprint(ground, entry)
    mine, others = ([e for e in seen if (e.number in own) is wanted] for wanted in (True, False))
    _, numbered, left = name_projects(
        page, ground, free_room(ground), content.drawn, mine, scale=0.95 * k, silent=others
    )
    page.box(ground.left, ground.bottom, ground.width, ground.height, line=0.7)
    column = _column(page, content, form)
    draw_compass_and_scale(column, ground, content.drawn)
    _facts(column, content, leaf.area)
    column.paragraph(_part(content, leaf), must=True, gid="part")
    if leaf.lines:
        listing = listing_of(content, form, narrow=True, corridor=leaf.corridor)
        column.y = listing.draw(page, column.left, column.y, leaf.lines) - 1.5 * k
    if numbered or left or others:
        column.paragraph(content.labels("atlas.numbered"))
    return page.figure


def draw_list(content: Content, form: Form, leaf: Leaf) -> Figure:
    """Draw a page with a table alone."""
    page, inner = _page(content, form, leaf), _inner(form)
    size = BODY * form.factor
    page.write(
        inner.left, inner.top - ASCENT * size / MM, _part(content, leaf), size=size, gid="part"
    )
    listing = listing_of(content, form, narrow=False, corridor=leaf.corridor)
    listing.draw(page, inner.left, inner.top - 6.0 * form.factor, leaf.lines)
    return page.figure


def draw_cover(content: Content, form: Form, leaf: Leaf, leaves: Sequence[Leaf]) -> Figure:
    """Draw the cover, or a further page of the list of sheets."""
    page, inner = _page(content, form, leaf), _inner(form)
    sheets = [one for one in leaves if one.part == 0 and one.kind != "cover"]
    first, more = _sheets_on_cover(content, form)
    start = 0 if leaf.part == 0 else first + (leaf.part - 1) * more
    stop = first + leaf.part * more
    top = _summary(page, content, form) if leaf.part == 0 else inner.top
    _sheets(page, content, form, sheets[start:stop], top=top)
    return page.figure


def _summary(page: Page, content: Content, form: Form) -> float:
    """Set title, sources and counts; return where they end."""
    inner, labels, k = _inner(form), content.labels, form.factor
    definition = content.definition
    y = inner.top - 6 * k
    size = 24.0 * k
    title = definition.title.get(labels.language)
    for line in wrap(drawable(title), size, inner.width * MM):
        y -= 1.25 * size / MM
        page.write(inner.left, y, line, size=size, bold=True, gid="title")
    y -= 10 * k
    page.write(inner.left, y, labels("atlas.title"), size=15 * k, color=PALE)
    y -= 6 * k
    page.line([(inner.left, y), (inner.right, y)], width=0.8)
    y -= 2 * k
    for text in _sayings(content, form):
        y = page.write_lines(inner.left, y, text, width=inner.width, size=9 * k)
    y = _counts(page, content, form, y - 4 * k)
    return y - 4 * k


def _sayings(content: Content, form: Form) -> list[str]:
    definition, labels = content.definition, content.labels
    crs = pyproj.CRS(content.areas.crs)
    said = [labels("atlas.about", version=definition.version, crs=f"{definition.crs} {crs.name}")]
    if definition.document:
        said.append(labels("atlas.document", document=definition.document))
    if form.author:
        said.append(labels("atlas.author", author=form.author))
    if form.review_number:
        said.append(labels("atlas.review", number=form.review_number))
    drawn = {area.key for area in content.drawn}
    absent = [
        layer.title.get(labels.language)
        for kind, key, layer in definition.layers()
        if key not in drawn and kind != Kind.STUDY_AREA
    ]
    if absent:
        names = labels("plot.between").join(absent)
        said.append(labels("atlas.absent", count=len(absent), names=names))
    return [*said, labels("atlas.scope")]


def _counts(page: Page, content: Content, form: Form, y: float) -> float:
    inner, labels, k = _inner(form), content.labels, form.factor
    total = len(content.entries)
    located = sum(entry.geometry is not None for entry in content.entries)
    text = labels("atlas.total", total=total, located=located, unlocated=total - located)
    page.write(inner.left, y - 4 * k, text, size=11 * k, bold=True, gid="total")
    counts = Counter(entry.outcome for entry in content.entries)
    x, y = inner.left, y - 11 * k
    for outcome in OUTCOMES:
        if counts[outcome]:
            said = labels("plot.count", title=labels(f"outcome.{outcome}"), count=counts[outcome])
            page.mark(x + 1.6 * k, y + 1.1 * k, OUTCOME_SYMBOLS[outcome], half=1.5 * k)
            page.write(x + 4.6 * k, y, said, size=9 * k)
            x += 12 * k + extent(said, 9 * k)
    return y


def _sheets_on_cover(content: Content, form: Form) -> tuple[int, int]:
    """Return how many sheets the list holds on the first page and on each further one."""
    bottom = _summary(Nowhere(Page(1, 1)), content, form)
    inner, row = _inner(form), SHEET_ROW * form.factor
    # Two columns, below a heading.
    head = 8.0 * form.factor
    first = int((bottom - inner.bottom - head) // row)
    return 2 * max(first, 0), 2 * int((inner.height - head) // row)


def _sheets(
    page: Page, content: Content, form: Form, sheets: Sequence[Leaf], *, top: float
) -> None:
    inner, labels, k = _inner(form), content.labels, form.factor
    if not sheets:
        return
    page.write(inner.left, top - 5 * k, labels("atlas.sheets"), size=11 * k, bold=True)
    row, size, width = SHEET_ROW * k, 8.5 * k, (inner.width - 10 * k) / 2
    half = -(-len(sheets) // 2)
    for number, sheet in enumerate(sheets):
        x = inner.left + (number // half) * (width + 10 * k)
        y = top - 8 * k - (number % half + 1) * row + 1.5 * k
        name = sheet.title
        if sheet.kind != "overview":
            name = labels("atlas.sheet", title=sheet.title, count=sheet.total)
        page.write(x, y, wrap(drawable(name), size, (width - 12 * k) * MM)[0], size=size)
        page.write(x + width, y, str(sheet.page), size=size, across="right", gid="sheet-page")
        page.line([(x, y - 1.2 * k), (x + width, y - 1.2 * k)], width=0.2, color=PALE)


def _facts(column: Column, content: Content, area: Area) -> None:
    """Say what the area is to become, how large it is, and how well its edge is known."""
    labels, layer = content.labels, area.layer
    column.y -= 1.0 * column.scale
    size: Any = ""
    if area.kind == Kind.ZONE:
        held = ellipsoidal_area(gpd.GeoSeries([area.geometry], crs=content.areas.crs)).iloc[0]
        size = labels("atlas.size", km2=f"{held / 1e6:.2f}")
    else:
        near: Any = layer
        size = labels(
            "atlas.length", km=f"{area.geometry.length / 1000:.2f}", within=f"{near.within:g}"
        )
    column.paragraph(orientation(area, labels), must=True)
    told = area.status in set(Status)
    status = status_of(area.status, layer.valid_until, labels) if told else ""
    known = labels("atlas.known", status=status, error=f"{layer.error:g}", size=size)
    color = WARNING if area.status == Status.SCHEMATIC else PALE
    column.paragraph(known, must=True, color=color)


def _part(content: Content, leaf: Leaf) -> str:
    """Say which rows of how many stand here."""
    if not leaf.total:
        return content.labels("atlas.nobody")
    first, last = leaf.start + 1, leaf.start + len(leaf.lines)
    return content.labels("atlas.part", first=first, last=last, total=leaf.total)


def _column(page: Page, content: Content, form: Form) -> Column:
    inner, k = _inner(form), form.factor
    frame = Frame(inner.right - TABLE * k, inner.bottom, TABLE * k, inner.height - 1 * k)
    return Column(page, content.labels, frame, scale=k)


def _inner(form: Form) -> Frame:
    neat, k = form.neat, form.factor
    return Frame(
        neat.left + 5 * k, neat.bottom + FOOT * k, neat.width - 10 * k,
        neat.height - (HEAD + FOOT) * k,
    )  # fmt: skip


def _page(content: Content, form: Form, leaf: Leaf) -> Page:
    """Make a page with its frame, title and foot."""
    page, neat, k = Page(*form.size), form.neat, form.factor
    labels = content.labels
    page.box(neat.left, neat.bottom, neat.width, neat.height, line=1.2)
    plan = content.definition.title.get(labels.language)
    if leaf.kind != "cover" or leaf.part:
        title = labels("atlas.continued", title=leaf.title) if leaf.part else leaf.title
        y = neat.top - 9.5 * k
        size = 15.0 * k
        while extent(title, size) > neat.width - 12 * k and size > 7:
            size -= 0.5
        page.write(neat.left + 5 * k, y, title, size=size, bold=True, gid="title")
    y, size = neat.bottom + 2.4 * k, 6.5 * k
    schematic = any(area.status == Status.SCHEMATIC for area in content.drawn)
    foot = labels("atlas.foot_schematic" if schematic else "atlas.foot", plan=plan)
    line = wrap(drawable(foot), size, (neat.width - 40 * k) * MM)[0]
    page.write(neat.left + 5 * k, y, line, size=size, color=PALE)
    number = labels("atlas.page", page=leaf.page, pages=leaf.pages)
    page.write(neat.right - 5 * k, y, number, size=size, across="right", color=PALE, gid="page")
    return page
