"""Rows of totals, checked against the rows they add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from gisplan.io.phrases import counted, is_subtotal, is_total
from gisplan.io.rows import IssueLog, Rows
from gisplan.io.text import is_blank, match_headers, parse_money, parse_number, split_header, units

# What a column of these fields holds is never added up.
_NEVER: Final = frozenset(
    ("id", "name", "industry_code", "lon", "lat", "lonlat", "x", "y", "east", "north",
     "accuracy", "year", "location", "stage", "source", "note")
)  # fmt: skip


class _Total(NamedTuple):
    number: int
    cells: list[str]
    label: str
    section: int
    above: int


class Totals:
    """The rows of totals of a table, in order; :meth:`check` notes those that do not add up.

    A subtotal counts the rows since the last row of totals, any other total those or all;
    totals that stand above their rows count what follows them.
    """

    def __init__(self) -> None:
        self._found: list[_Total] = []
        self._section = 0

    def note(self, number: int, cells: list[str], above: int) -> None:
        """Note a row of totals that stands below so many projects."""
        label = next(cell for cell in cells if is_total(cell))
        self._found.append(_Total(number, cells, label, self._section, above))
        self._section = above

    def check(self, rows: Rows, log: IssueLog) -> None:
        """Compare each total with the sum of its rows; a difference is an issue."""
        for total in self._found:
            section, whole = (total.section, total.above), (0, total.above)
            if is_subtotal(total.label):
                spans = [section]
            elif total.above:
                spans = [whole, section]
            else:
                spans = [(0, len(rows.cells))]
            spans = [span for span in spans if span[0] < span[1]]
            if spans:
                _check_count(total, spans, log)
                _check_sums(total, spans, rows, log)


def _check_count(total: _Total, spans: Sequence[tuple[int, int]], log: IssueLog) -> None:
    said = counted(total.label)
    if said is not None and all(said != end - start for start, end in spans):
        start, end = spans[0]
        log.add("GP-INT-065", total.number, value=f"{said} ≠ {end - start}")


def _check_sums(total: _Total, spans: Sequence[tuple[int, int]], rows: Rows, log: IssueLog) -> None:
    fields = {position: field for field, position in match_headers(rows.titles).items()}
    for position, title in enumerate(rows.titles[: len(total.cells)]):
        if fields.get(position) in _NEVER or not title or is_blank(total.cells[position]):
            continue
        money = fields.get(position) == "investment"
        unit = units("money").get(split_header(title).note) if money else None
        said = _amount(total.cells[position], unit)
        sums = [_sum(rows, position, span, unit) for span in spans]
        if said is None or any(found is None for found in sums):
            continue
        slack = 0.5 * 10.0 ** -_decimals(total.cells[position]) * (unit or 1.0)
        if all(found is None or abs(found - said) > slack + 1e-9 * abs(said) for found in sums):
            worth = unit or 1.0
            shown = f"{_shown(said / worth)} ≠ {_shown((sums[0] or 0.0) / worth)}"
            log.add("GP-INT-065", total.number, column=title, value=shown)


def _sum(rows: Rows, position: int, span: tuple[int, int], unit: float | None) -> float | None:
    """Add up a column; ``None`` where a cell is no number. A merged cell counts once."""
    amounts = []
    for here in range(*span):
        cell = rows.cells[here][position]
        if is_blank(cell) or (here, position) in rows.merged:
            continue
        amounts.append(_amount(cell, unit))
    if not amounts or any(amount is None for amount in amounts):
        return None
    return math.fsum(amount for amount in amounts if amount is not None)


def _amount(cell: str, unit: float | None) -> float | None:
    return parse_number(cell) if unit is None else parse_money(cell, unit=unit)[0]


def _decimals(cell: str) -> int:
    _, point, after = cell.partition(".")
    digits = len(after) - len(after.lstrip("0123456789"))
    return min(digits, 9) if point else 0


def _shown(amount: float) -> str:
    return f"{amount:.12g}"
