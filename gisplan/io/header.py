"""Where a table begins: its row of titles, a second row of titles, and its rows of units."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from gisplan.io.phrases import is_unit, is_unit_label, stated_money_unit, unit_in
from gisplan.io.rows import header_score
from gisplan.io.text import (
    match_headers,
    normalise,
    parse_angle,
    parse_money,
    parse_number,
    parse_pair,
    split_header,
    units,
)

_SEARCHED: Final = 50
"""How many rows of titles, units and remarks may stand above a header."""
_DEEPEST: Final = 3
"""Most rows that a header of groups and titles has."""


class Heading(NamedTuple):
    """Rows ``first`` to ``last`` of titles, the titles they make, and the rows of units."""

    first: int
    last: int
    titles: list[str]
    units: tuple[int, ...] = ()


def find_heading(cells: Sequence[Sequence[str]]) -> Heading | None:
    """Find the rows of titles that name most fields; the first of equals, else ``None``.

    A row below that only divides the titles above (``坐标`` into ``经度``, ``纬度``) is
    joined to them. Units of a row of units, or of a line ``单位：万元`` above, go into the
    titles, so that everything after this sees one row of titles.
    """
    best, best_score, joined = None, 0, -1
    for first in range(min(len(cells), _SEARCHED)):
        if first <= joined or not header_score(cells[first]):
            continue
        found = _heading_at(cells, first)
        joined = found.last
        score = header_score(found.titles)
        if score > best_score:
            best, best_score = found, score
    return _with_units(cells, best) if best else None


def holds_number(cell: str) -> bool:
    """Tell whether a cell is a number, an amount or a coordinate, so no title."""
    return (
        parse_number(cell) is not None
        or parse_money(cell, unit=1.0)[0] is not None
        or parse_angle(cell, axis="lon") is not None
        or parse_angle(cell, axis="lat") is not None
        or parse_pair(cell) is not None
    )


# --- several rows of titles -----------------------------------------------------------------


def _heading_at(cells: Sequence[Sequence[str]], first: int) -> Heading:
    titles, last = list(cells[first]), first
    while last + 1 < len(cells) and last + 1 < first + _DEEPEST:
        joined = _join(titles, cells[last + 1])
        if joined is None:
            break
        titles, last = joined, last + 1
    return Heading(first, last, titles)


def _join(upper: list[str], below: Sequence[str]) -> list[str] | None:
    """Join a second row of titles to the first; ``None`` where it is no row of titles."""
    width = max(len(upper), len(below))
    if width > 2000 or len({cell for cell in upper if cell}) < 2:
        return None
    up = upper + [""] * (width - len(upper))
    low = [*below, *[""] * (width - len(below))]
    new = [position for position in range(width) if low[position] not in ("", up[position])]
    if not new or any(holds_number(low[position]) for position in new):
        return None
    if all(unit_in(low[position]) for position in new):
        return None
    keys = [position for field, position in match_headers(up).items() if field in ("id", "name")]
    if any(position in new and not match_headers([low[position]]) for position in keys):
        return None
    joined = [_join_titles(*pair) for pair in zip(_spread(up, low), up, low, strict=True)]
    joined = _told_apart(joined, _spread(up, low))
    gain = header_score(joined) - header_score(up)
    return joined if gain > 0 or (gain == 0 and _divides(up, low)) else None


def _divides(up: list[str], low: list[str]) -> bool:
    """Tell whether two neighbours stand below one title, and below nothing else."""
    spread = _spread(up, low)
    return any(
        low[a] and low[b] and low[a] != low[b] and spread[a] == spread[b] != ""
        for a, b in pairwise(range(len(low)))
    )


def _spread(up: list[str], low: list[str]) -> list[str]:
    """Return the title above each cell; a blank one belongs to the group on its left."""
    spread: list[str] = []
    for position, title in enumerate(up):
        open_group = bool(position) and bool(spread[-1]) and bool(low[position - 1])
        carried = not title and bool(low[position]) and open_group
        spread.append(spread[-1] if carried else title)
    return spread


def _join_titles(group: str, up: str, low: str) -> str:
    if not low or low == group:
        return up
    if not group:
        return low
    if not match_headers([low]):
        return f"{group} {low}"
    note = split_header(group).note
    has_unit = note in units("money") or note in units("length")
    return f"{low}（{note}）" if has_unit and not split_header(low).note else low


def _told_apart(titles: list[str], groups: list[str]) -> list[str]:
    """Keep the group in titles that occur twice: 起点 经度, 终点 经度 are no one's place."""
    return [
        f"{group} {title}" if title and group != title and titles.count(title) > 1 else title
        for group, title in zip(groups, titles, strict=True)
    ]


# --- units ----------------------------------------------------------------------------------


def _with_units(cells: Sequence[Sequence[str]], found: Heading) -> Heading:
    titles: list[str] = found.titles
    rows: list[int] = []
    for row in (found.first - 1, found.last + 1):
        joined = _join_units(titles, cells[row]) if 0 <= row < len(cells) else None
        if joined is not None:
            titles, rows = joined, [*rows, row]
    for row in range(found.first - 1, -1, -1):
        joined = _join_money_unit(titles, stated_money_unit(cells[row]))
        if joined is not None:
            titles, rows = joined, [*rows, row]
            break
    return Heading(found.first, found.last, titles, tuple(rows))


def _join_units(titles: list[str], row: Sequence[str]) -> list[str] | None:
    """Put a row of units into the titles; ``None`` where it holds anything else.

    One known unit makes others in brackets credible: （立方米每日）.
    """
    joined = list(titles) + [""] * (len(row) - len(titles))
    keys = [p for field, p in match_headers(joined).items() if field in ("id", "name")]
    known = False
    for position, cell in enumerate(row):
        if not cell or cell == joined[position] or is_unit_label(cell):
            continue
        unit = unit_in(cell)
        if not unit or position in keys or not joined[position]:
            return None
        joined[position] = _title_with(joined[position], unit)
        known = known or is_unit(unit)
    return joined if known else None


def _title_with(title: str, unit: str) -> str:
    header = split_header(title)
    if not header.note:
        return f"{title}（{unit}）"
    worths = units("money")
    said, added = worths.get(header.note), worths.get(normalise(unit).lower())
    if said is None or added is None or said == added:
        return title
    # Two units that contradict each other are none: every amount is then listed.
    return f"{header.name}（{header.note}?{unit}）"


def _join_money_unit(titles: list[str], unit: str) -> list[str] | None:
    position = match_headers(titles).get("investment")
    if not unit or position is None or split_header(titles[position]).note:
        return None
    return [*titles[:position], f"{titles[position]}（{unit}）", *titles[position + 1 :]]
