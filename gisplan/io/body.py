"""The lines of a table around and below its header: which are projects, and what the rest is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gisplan.io.column_text import are_decimals, bared, normalised, titles_among
from gisplan.io.dates import is_date_title, serial_date
from gisplan.io.header import Heading, holds_number
from gisplan.io.phrases import (
    is_enumerated,
    is_enumerator,
    is_remark,
    is_total,
    may_enumerate,
    remark_beginnings,
    total_words,
)
from gisplan.io.rows import Grid, IssueLog, Rows
from gisplan.io.sums import Totals
from gisplan.io.text import is_blank, match_headers, normalise, parse_number

_PLACES: Final = ("lon", "lat", "lonlat", "x", "y", "east", "north")


def take_table(grid: Grid, heading: Heading, file: str) -> tuple[Rows, IssueLog]:
    """Take the rows below a header; wholly blank ones go, all others are accounted for.

    Rows of totals, repeated headers, headings of sections, units and remarks are no
    projects: they are left out, and each is noted as an issue with its row. So are the
    rows above the header. Totals are compared with the rows they add up.
    """
    width = max((len(row) for row in grid.cells[heading.first :]), default=0)
    titles = heading.titles + [""] * (width - len(heading.titles))
    rows = Rows(file, grid.name, titles, [], [])
    log = IssueLog(file, grid.name)
    first = heading.last + 1
    below = [
        cells if len(cells) == width else cells + [""] * (width - len(cells))
        for cells in grid.cells[first:]
    ]
    lines = _Lines(grid, heading, titles)
    suspects = lines.suspects(below)
    totals = Totals()
    _note_above(grid, heading, log)
    marked = bool(grid.hidden_rows or grid.unread) or grid.width is not None
    for index, cells in enumerate(below, start=first):
        unread = grid.unread.get(index, {})
        if not any(cells) and not unread:
            continue
        if marked:
            _note_cells(grid, index, unread, titles, log)
        reason = lines.not_a_project(index, cells) if index - first in suspects else ""
        if reason == "GP-INT-040":
            totals.note(index + 1, cells, len(rows.cells))
        if reason:
            log.add(reason, index + 1, value=" ".join(dict.fromkeys(filter(None, cells))))
            continue
        if grid.merged:
            here = len(rows.cells)
            rows.merged.update((here, column) for column in grid.merged_in(index))
        rows.cells.append(cells)
        rows.numbers.append(index + 1)
    totals.check(rows, log)
    _note_columns(grid, rows, log)
    _read_serial_dates(grid, rows)
    return rows, log


class _Lines:
    """What the header of a table says about the lines below it."""

    def __init__(self, grid: Grid, heading: Heading, titles: list[str]) -> None:
        fields = match_headers(titles)
        self._heading = heading
        self._titles = titles
        self._headers = [grid.cells[row] for row in range(heading.first, heading.last + 1)]
        self._keys = [fields[field] for field in ("id", "name") if field in fields]
        self._places = [fields[field] for field in _PLACES if field in fields]
        self._numbers = [fields[field] for field in (*_PLACES, "investment") if field in fields]
        self._first = fields.get("id", 0)
        below = grid.cells[heading.last + 1 :]
        numbers = normalised([row[self._first] for row in below if self._first < len(row)])
        self._numbered = any(one and parse_number(one) is not None for one in numbers)

    def suspects(self, below: Sequence[Sequence[str]]) -> set[int]:
        """Return the lines below the header that may be no projects, by a look at each column.

        All others are projects: `not_a_project` need not be asked.
        """
        found = {row - self._heading.last - 1 for row in self._heading.units}
        keys = {0, self._first, *self._keys}
        for position, column in enumerate(zip(*below, strict=True)):
            odd = self._odd_cells(position, list(dict.fromkeys(column)), key=position in keys)
            if odd:
                found |= {row for row, cell in enumerate(column) if cell in odd}
        return found

    def _odd_cells(self, position: int, cells: list[str], *, key: bool) -> set[str]:
        """Return the different cells of a column with which a line may be no project."""
        held = [cell for cell in cells if cell]
        odd = {row[position] for row in (self._titles, *self._headers) if position < len(row)}
        if are_decimals(held):
            return odd - {""}  # numbers say nothing else
        bare = bared(held)
        odd |= titles_among(held, bare)
        begun = remark_beginnings()
        odd |= {
            cell
            for cell, one in zip(held, bare, strict=True)
            if one[:2] in begun or one[:1] in begun
        }
        if key and total_words().search("\n".join(bare)):
            odd |= {cell for cell in held if is_total(cell)}
        if position == self._first:
            odd |= {cell for cell, one in zip(held, bare, strict=True) if may_enumerate(one)}
        return odd - {""}

    def not_a_project(self, index: int, cells: list[str]) -> str:
        """Return the code of a line that is no project, ``""`` for a project."""
        if index in self._heading.units:
            return "GP-INT-064"
        filled = [(position, cell) for position, cell in enumerate(cells) if cell]
        if any(is_total(cells[position]) for position in {0, *self._keys}):
            return "GP-INT-040"
        if self._is_header(filled, self._titles):
            return "GP-INT-041"
        if any(self._is_header(filled, row) for row in self._headers):
            return "GP-INT-041"
        if self._is_remark(filled):
            return "GP-INT-042"
        if self._is_other_header(cells, len(filled)):
            return "GP-INT-062"
        return "GP-INT-063" if self._is_section(cells, filled) else ""

    @staticmethod
    def _is_header(filled: list[tuple[int, str]], titles: Sequence[str]) -> bool:
        return len(filled) > 1 and all(
            position < len(titles) and cell == titles[position] for position, cell in filled
        )

    def _is_remark(self, filled: list[tuple[int, str]]) -> bool:
        if not filled or not is_remark(filled[0][1]):
            return False
        if len({cell for _, cell in filled}) == 1:
            return True
        # 制表人：| 张三 | 审核人：| 李四: a line of signatures, not of amounts and places.
        return filled[0][0] in {0, *self._keys} and not any(
            holds_number(cell) for position, cell in filled if position in self._numbers
        )

    def _is_other_header(self, cells: list[str], filled: int) -> bool:
        # Half of the filled cells have to be titles, so half of them tell that it is none.
        half = [cell for cell in cells if cell][: filled // 2 + 1]
        if not match_headers(half):
            return False
        found = match_headers(cells)
        named = "name" in found or "id" in found
        return named and len(found) >= 3 and 2 * len(found) >= filled

    def _is_section(self, cells: list[str], filled: list[tuple[int, str]]) -> bool:
        """Tell whether a line is 一、文旅类: numbered in Chinese where projects have digits."""
        if not self._numbered or sum(map(bool, self._titles)) < 3 or not filled:
            return False
        text = cells[self._first]
        if filled[0][0] != self._first:
            return False
        if len({cell for _, cell in filled}) == 1:
            return is_enumerated(text) or is_enumerator(text)
        placed = any(not is_blank(cells[position]) for position in self._places)
        return is_enumerator(text) and not placed


# --- notes ----------------------------------------------------------------------------------


def _note_above(grid: Grid, heading: Heading, log: IssueLog) -> None:
    for index in range(heading.first):
        filled = list(dict.fromkeys(cell for cell in grid.cells[index] if cell))
        if not filled:
            continue
        plain = [cell for cell in filled if not is_remark(cell)]
        if index in heading.units:
            code = "GP-INT-064"
        elif len(plain) > 2 or any(holds_number(cell) for cell in plain[1:]):
            code = "GP-INT-061"
        else:
            code = "GP-INT-060"
        log.add(code, index + 1, value=" ".join(filled))


def _note_cells(
    grid: Grid, index: int, unread: Mapping[int, str], titles: Sequence[str], log: IssueLog
) -> None:
    if index in grid.hidden_rows:
        log.add("GP-INT-066", index + 1)
    for column, text in unread.items():
        title = titles[column] if column < len(titles) else ""
        log.add("GP-INT-067", index + 1, column=title, value=text)
    if grid.width is not None and any(grid.cells[index][grid.width :]):
        log.add("GP-INT-069", index + 1, value=" ".join(grid.cells[index][grid.width :]))


def _note_columns(grid: Grid, rows: Rows, log: IssueLog) -> None:
    for position, title in enumerate(rows.titles):
        if position in grid.hidden_columns and (title or any(rows.column(position))):
            log.add("GP-INT-066", None, column=title or f"column {position + 1}")
    known = [title for title in rows.titles if match_headers([title])]
    plain = [normalise(title).lower() for title in known]
    twice = [title for title, key in zip(known, plain, strict=True) if plain.count(key) > 1]
    if twice:
        rows.evidence.append(("titles_twice", "、".join(dict.fromkeys(twice))))


def _read_serial_dates(grid: Grid, rows: Rows) -> None:
    """Turn serial numbers below a title of dates into ISO dates; all else stays as text."""
    read: list[str] = []
    for position, title in enumerate(rows.titles):
        if grid.from_1904 or not is_date_title(title):
            continue
        column = rows.column(position)
        dates = [serial_date(cell) for cell in column]
        if any(dates):
            told = zip(dates, column, strict=True)
            rows.rewrite(position, [date or cell for date, cell in told])
            read.append(title)
    if read:
        rows.evidence.append(("dates_serial", "、".join(read)))
