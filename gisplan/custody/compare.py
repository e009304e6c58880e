"""Two sets of grids -> the cells, rows and tables in which they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from gisplan.io.cellwise import Grid, same
from gisplan.labels import LANGUAGES, Labels

What = Literal[
    "cell",
    "missing_row",
    "extra_row",
    "missing_sheet",
    "extra_sheet",
    "formula",
    "format",
    "laid_on",
    "bytes",
]  # as worded by ``verify.<what>``


class Difference(NamedTuple):
    """One place at which a file is not what a new run gives.

    ``row`` counts as Excel does (titles = 1); it is that of the file, or of the new run for a
    row that the file lacks. ``key`` is the id of the project where the row has one.
    """

    what: What
    table: str
    row: int | None = None
    key: str = ""
    column: str = ""
    found: Any = None
    expected: Any = None


def compare(found: Mapping[str, Grid], expected: Mapping[str, Grid]) -> Iterator[Difference]:
    """Yield every difference; rows are matched by project id, so sorting is none."""
    for name, grid in expected.items():
        if name in found:
            yield from _tables(name, found[name], grid)
        else:
            yield Difference("missing_sheet", name)
    yield from (Difference("extra_sheet", name) for name in found if name not in expected)


def count_cells(grids: Mapping[str, Grid]) -> int:
    """Count the cells that a comparison looks at, titles included."""
    return sum(len(row) for grid in grids.values() for row in grid)


_NO_TITLES: Final[list[Any]] = []


def _tables(name: str, found: Grid, expected: Grid) -> Iterator[Difference]:
    ours = expected[0] if expected else _NO_TITLES
    theirs = found[0] if found else _NO_TITLES
    places, extra = _columns(ours, theirs)
    for at, place in enumerate(places):
        got = _at(theirs, place)
        if not same(got, ours[at]):
            yield Difference("cell", name, 1, "", "", got, ours[at])
    for place in extra:
        if theirs[place] is not None:
            yield Difference("cell", name, 1, "", "", theirs[place], None)
    at_id = _id_column(ours)
    rows = dict(_keyed(found, places[at_id] if at_id is not None else None))
    for key, (number, row) in _keyed(expected, at_id):
        match = rows.pop(key, None)
        shown = str(key[0]) if at_id is not None and key[0] is not None else ""
        if match is None:
            yield Difference("missing_row", name, number, shown)
            continue
        pairs = [(ours[at], _at(match[1], place), _at(row, at)) for at, place in enumerate(places)]
        pairs += [(theirs[place], _at(match[1], place), None) for place in extra]
        for title, got, want in pairs:
            if not same(got, want):
                yield Difference("cell", name, match[0], shown, str(title or ""), got, want)
    for key, (number, _) in rows.items():
        yield Difference("extra_row", name, number, str(key[0]) if at_id is not None else "")


def _columns(ours: Sequence[Any], theirs: Sequence[Any]) -> tuple[list[int | None], list[int]]:
    """Find each of our columns in theirs, and what they have besides.

    A column goes by its title, wherever it was moved; what is left over on both sides was
    given another title, in order.
    """
    there = _counted(theirs)
    places: list[int | None] = [there.pop(key, None) for key in _counted(ours)]
    left = list(there.values())
    for at, place in enumerate(places):
        if place is None and left:
            places[at] = left.pop(0)
    return places, left


def _keyed(grid: Grid, at: int | None) -> Iterator[tuple[tuple[Any, int], tuple[int, list[Any]]]]:
    """Give each row that is not blank with its key: the id and how often it stood above."""
    seen: Counter[Any] = Counter()
    for number, row in enumerate(grid[1:], start=2):
        if all(cell is None for cell in row):
            continue
        key = None if at is None else _at(row, at)
        yield (key, seen[key]), (number, row)
        seen[key] += 1


def _id_column(titles: Sequence[Any]) -> int | None:
    names = {"id", *(Labels(one)("column.id") for one in LANGUAGES)}
    return next((at for at, title in enumerate(titles) if title in names), None)


def _counted(titles: Sequence[Any]) -> dict[tuple[Any, int], int]:
    """Return the place of each title and its how-many-eth occurrence."""
    seen: Counter[Any] = Counter()
    places = {}
    for at, title in enumerate(titles):
        places[title, seen[title]] = at
        seen[title] += 1
    return places


def _at(row: Sequence[Any], place: int | None) -> Any:
    return row[place] if place is not None and place < len(row) else None
