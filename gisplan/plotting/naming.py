"""Names on the map: zones, corridors and projects, and the numbers of what finds no room."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import shapely
import shapely.affinity
from shapely.geometry import LineString, Point, box

from gisplan.fonts import drawable, longest_word, wrap_evenly
from gisplan.plotting.entries import Entry
from gisplan.plotting.ground import Area, Ground
from gisplan.plotting.page import ASCENT, DESCENT, MM, Page, extent
from gisplan.plotting.placing import Room, Spot, along, around, beside, inside
from gisplan.terms import Kind

HALF = 1.2
"""Half width of a marker in millimetres."""


def name_projects(
    page: Page,
    ground: Ground,
    room: Room,
    areas: Sequence[Area],
    entries: Sequence[Entry],
    *,
    scale: float,
    silent: Sequence[Entry] = (),
) -> tuple[list[Area], list[Entry], list[Entry]]:
    """Mark projects and name what is on the map without covering anything.

    Parameters
    ----------
    room
        What is free; it is filled.
    scale
        Factor of the type sizes of the paper.
    silent
        Projects that are marked and not named.

    Returns
    -------
    areas
        Zones and corridors that found no room for their name (the legend has them).
    numbered
        Projects that stand on the map as a number.
    left
        Projects with a marker and no text.
    """
    for entry in (*entries, *silent):
        _mark(page, ground, room, entry)
    unnamed = name_areas(page, ground, room, areas, scale=scale)
    edges = [ground.to_paper(area.geometry).boundary for area in areas if area.kind == Kind.ZONE]
    room.lines += edges
    tight = [entry for entry in entries if not _name_project(page, ground, room, entry, scale)]
    left = [entry for entry in tight if not _number_project(page, ground, room, entry, scale)]
    return unnamed, [entry for entry in tight if entry not in left], left


def free_room(ground: Ground) -> Room:
    """Return the frame as room for labels, with nothing in it yet."""
    return Room(ground.to_paper(ground.frame).buffer(-0.8, join_style="mitre"))


def name_areas(
    page: Page, ground: Ground, room: Room, areas: Sequence[Area], *, scale: float
) -> list[Area]:
    """Name zones and corridors in the frame where there is room; return the others of them."""
    areas = [area for area in areas if area.geometry.intersects(ground.frame)]
    lines = [ground.to_paper(area.geometry) for area in areas if area.kind == Kind.CORRIDOR]
    room.lines = [line.buffer(0.5) for line in lines]
    unnamed = [
        area for area in areas
        if area.kind == Kind.ZONE and not _name_zone(page, ground, room, area, scale)
    ]  # fmt: skip
    unnamed += [
        area for area in areas
        if area.kind == Kind.CORRIDOR and not _name_corridor(page, ground, room, area, scale)
    ]  # fmt: skip
    return unnamed


def _mark(page: Page, ground: Ground, room: Room, entry: Entry) -> None:
    x, y = ground.point(entry.place)
    page.mark(x, y, entry.symbol, half=HALF, gid=f"project-{entry.number}")
    room.take(box(x - HALF, y - HALF, x + HALF, y + HALF))


def _name_zone(page: Page, ground: Ground, room: Room, area: Area, scale: float) -> bool:
    shape = ground.to_paper(area.geometry).intersection(ground.to_paper(ground.frame))
    roomy = shape.buffer(-0.8)
    for size in (10.0 * scale, 8.5 * scale, 7.0 * scale):
        for lines in _layouts(area.title, size, columns=(99, 10, 7, 5)):
            width, height = _block(lines, size)
            spot = room.best(inside(roomy, width, height), across=False)
            if spot is not None:
                _write_block(page, spot, lines, size, bold=True, gid="label-zone")
                return True
    for lines in _layouts(area.title, 7.5 * scale, columns=(99, 10, 7)):
        width, height = _block(lines, 7.5 * scale)
        spot = room.best(beside(shape, width, height), across=False)
        if spot is not None:
            _write_block(page, spot, lines, 7.5 * scale, bold=True, gid="label-zone")
            return True
    return False


def _name_corridor(page: Page, ground: Ground, room: Room, area: Area, scale: float) -> bool:
    drawn = shapely.line_merge(ground.to_paper(area.geometry.intersection(ground.frame)))
    parts = [part for part in shapely.get_parts(drawn) if isinstance(part, LineString)]
    if not parts:
        return False
    line = max(parts, key=lambda part: part.length)
    size, title = 7.5 * scale, drawable(area.title)
    # The name lies on its own line, so only names and markers are in its way.
    free = Room(room.frame, room.taken)
    width, height = _block([title], size)
    spot = free.best(along(line, width, height))
    if spot is None:
        return False
    look: dict[str, Any] = {"color": area.color, "bold": True, "gid": "label-corridor"}
    if abs(spot.angle) > 55 and all(_is_wide(one) for one in title):
        _write_stacked(page, spot, title, size, width, height, **look)
    else:
        _write_block(page, spot, [title], size, rotation=spot.angle, **look)
    return True


def _name_project(page: Page, ground: Ground, room: Room, entry: Entry, scale: float) -> bool:
    size, point = 6.2 * scale, ground.point(entry.place)
    for lines in _layouts(entry.name, size, columns=(12, 8)):
        if len(lines) > 3 or not lines[0]:
            continue
        width, height = _block(lines, size)
        spots = around(point, width, height, reach=HALF)
        spot = room.best(spots)
        if spot is not None:
            flush = "right" if spot.x + width < point[0] else "left"
            _write_block(page, spot, lines, size, flush=flush, gid=f"label-{entry.number}")
            return True
    return False


def _number_project(page: Page, ground: Ground, room: Room, entry: Entry, scale: float) -> bool:
    size, point, text = 6.2 * scale, ground.point(entry.place), str(entry.number)
    width, height = _block([text], size)
    spot = room.best(around(point, width, height, reach=HALF))
    if spot is None:
        return False
    _write_block(page, spot, [text], size, bold=True, gid=f"label-{entry.number}")
    return True


def _layouts(text: str, size: float, *, columns: tuple[int, ...]) -> list[list[str]]:
    """Break a name in one or several ways, the widest first, without saying one twice."""
    clean = drawable(text)
    layouts: list[list[str]] = []
    for column in columns:
        lines = wrap_evenly(clean, size, max((column + 0.01) * size, longest_word(clean, size)))
        if lines not in layouts:
            layouts.append(lines)
    return layouts


def _block(lines: Sequence[str], size: float) -> tuple[float, float]:
    """Width and height in millimetres of lines of text."""
    height = (ASCENT + DESCENT + (len(lines) - 1) * 1.12) * size / MM
    return max(extent(line, size) for line in lines), height


def _write_block(
    page: Page, spot: Spot, lines: Sequence[str], size: float, *, flush: str = "left", **look: Any
) -> None:
    width, height = _block(lines, size)
    if "rotation" in look:
        turn = shapely.affinity.rotate(Point(0, DESCENT * size / MM), spot.angle, origin=(0, 0))
        page.write(spot.x + turn.x, spot.y + turn.y, lines[0], size=size, halo="#ffffff", **look)
        return
    x = spot.x if flush == "left" else spot.x + width
    for number, line in enumerate(lines):
        y = spot.y + height - (ASCENT + 1.12 * number) * size / MM
        page.write(x, y, line, size=size, across=flush, halo="#ffffff", **look)


def _write_stacked(
    page: Page, spot: Spot, text: str, size: float, width: float, height: float, **look: Any
) -> None:
    """Set Chinese upright, one character below the other, down a steep line."""
    downwards = -1 if spot.angle > 0 else 1
    step = width / len(text)
    for number, character in enumerate(text):
        order = number if downwards > 0 else len(text) - 1 - number
        middle = Point((order + 0.5) * step, height / 2)
        at = shapely.affinity.rotate(middle, spot.angle, origin=(0, 0))
        y = spot.y + at.y - (ASCENT - DESCENT) / 2 * size / MM
        page.write(spot.x + at.x, y, character, size=size, across="center", halo="#ffffff", **look)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
