"""Rows of long delimited text that leave nothing to interpret: read by columns, not by cells.

A row is plain where its longitude and latitude are plain decimal numbers in China and its texts
cannot be a total, a heading or a remark. Such rows are read here, many times faster, to what
`gisplan.io.projects.take_rows` makes of them; all others are left to it. Tests hold the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded, Columns
from gisplan.crs import NamedCrs, outside_area_of_use
from gisplan.io.arrow import Layout, listed_of_rows
from gisplan.io.batches import READ, Batch
from gisplan.io.coordinates import LAT_OF_CHINA, LON_OF_CHINA
from gisplan.io.header import Heading
from gisplan.io.phrases import total_words
from gisplan.io.text import match_headers

_ASKED: Final = ("id", "name", "industry", "industry_code")
_READ: Final = frozenset((*_ASKED, "accuracy", "lon", "lat", "location", "stage", "year",
                          "source", "note"))  # fmt: skip
"""Fields in which a plain row can have no issue but those that are looked for here."""
_NUMBER: Final = r"[0-9]{1,3}(?:\.[0-9]{0,18})?"
_NUMBERS: Final = re.compile(rf"(?:{_NUMBER}\n)*")
# Text that reading as text does not change, and that cannot hide a word of totals in itself:
# no compatibility forms, no marks, no blanks but single ones.
_TEXT: Final = r"(?:[0-9A-Za-z_\-.()（）\u4e00-\u9fff](?: ?[0-9A-Za-z_\-.()（）\u4e00-\u9fff])*)?"
_TEXTS: Final = re.compile(rf"(?:{_TEXT}\n)*")
_MOST_TITLES: Final = 2
"""A line with fewer cells that read like titles is no header in the middle of a list."""

Records = Sequence[Sequence[str]]


class PlainRows:
    """What the header of a list says about plain rows.

    Parameters
    ----------
    heading
        The header.
    width
        Its cells.
    named
        The system of the coordinates, as the first rows were read.
    """

    def __init__(self, heading: Heading, width: int, named: NamedCrs) -> None:
        self._titles = [*heading.titles, *[""] * (width - len(heading.titles))]
        self._fields = match_headers(self._titles)
        self._width, self._named = width, named
        self.first = self._fields.get("id", 0)
        """The column in which a list numbers its projects."""

    @classmethod
    def of(cls, heading: Heading, width: int, named: NamedCrs | None) -> PlainRows | None:
        """Return the reader of a list, ``None`` where its rows are not to be read so."""
        if named is None or named.offset != "none" or not named.is_geographic:
            return None
        rows = cls(heading, width, named)
        titles = [rows._titles[at] for at in rows._fields.values()]
        known = {"lon", "lat"} <= set(rows._fields) <= _READ
        return rows if known and len(set(titles)) == len(titles) else None

    def find(self, records: Records) -> NDArray[np.bool_]:
        """Tell which rows are plain."""
        plain = np.array([len(row) == self._width for row in records], dtype=bool)
        if not plain.any():
            return plain
        at = np.flatnonzero(plain)
        columns = list(zip(*(records[row] for row in at.tolist()), strict=True))
        for field in ("lon", "lat"):
            plain[at] &= _all(columns[self._fields[field]], _NUMBER, _NUMBERS)
        words = total_words()
        keys = {
            0,
            self.first,
            *(self._fields[one] for one in ("id", "name") if one in self._fields),
        }
        for key in keys - {self._fields["lon"], self._fields["lat"]}:
            plain[at] &= _all(columns[key], _TEXT, _TEXTS)
            if words.search("\n".join(columns[key])):
                plain[at] &= [words.search(cell) is None for cell in columns[key]]
        if self._may_be_titles(columns) > _MOST_TITLES:
            return np.zeros(len(records), dtype=bool)
        plain[plain] = self._placed([records[row] for row in np.flatnonzero(plain).tolist()])
        return plain

    def read(self, records: Records, numbers: NDArray[np.int64]) -> Batch:
        """Read rows that are all plain; *numbers* are theirs in the file."""
        import pyarrow as pa

        columns = list(zip(*records, strict=True))
        x, y = (np.array(list(map(float, columns[self._fields[one]]))) for one in ("lon", "lat"))
        fields = {one: at for one, at in self._fields.items() if one in (*READ, "name")}
        names = {one: self._titles[at] for one, at in fields.items()}
        cells = {names[one]: pa.array(columns[at]) for one, at in fields.items()}
        table = pa.table({"": pa.array(numbers), **cells})  # of the right length in any case
        layout = Layout(tuple(names.values()), {one: at for at, one in enumerate(names)}, None,
                        self._named.crs, "")  # fmt: skip
        listed = listed_of_rows(table, layout, np.ones(len(records), dtype=bool))
        passing = {"row": pa.array(numbers)}
        for field in ("id", "name"):
            told = columns[self._fields[field]] if field in self._fields else [""] * len(records)
            passing[field] = pa.array([cell or None for cell in told], pa.string())
        for field in ("industry", "industry_code"):
            passing[field] = _spelt(listed.coded(field))
        passing |= {"lon": pa.array(x), "lat": pa.array(y)}
        whole = Columns({
            "accuracy": listed.numbers("accuracy"),
            **{one: listed.coded(one) for one in READ if one != "accuracy"},
        }, len(records))  # fmt: skip
        return Batch(whole, x, y, None, self._named.crs, pa.table(passing))

    def _placed(self, records: Records) -> NDArray[np.bool_]:
        """Tell whose place can only be read one way."""
        lon, lat = (
            np.array([float(row[self._fields[one]]) for row in records]) for one in ("lon", "lat")
        )
        found = (lon >= LON_OF_CHINA[0]) & (lon <= LON_OF_CHINA[1])
        found &= (lat >= LAT_OF_CHINA[0]) & (lat <= LAT_OF_CHINA[1])
        return np.asarray(found & ~outside_area_of_use(lon, lat, self._named.crs), dtype=bool)

    def _may_be_titles(self, columns: Sequence[Sequence[str]]) -> int:
        """Count the columns that have a cell which reads like a title."""
        places = {self._fields["lon"], self._fields["lat"]}
        found = 0
        for at, column in enumerate(columns):
            if at in places:
                continue
            different = {cell for cell in set(column) if not cell.isdecimal()}
            few = len(different) < 1000
            found += not few or any(match_headers([cell]) for cell in different)
        return found


def _all(cells: Sequence[str], one: str, many: re.Pattern[str]) -> NDArray[np.bool_]:
    """Tell which cells are of a pattern, all at once where all are."""
    if many.fullmatch("\n".join(cells) + "\n") and "\n" not in "".join(cells):
        return np.ones(len(cells), dtype=bool)
    alone = _compiled(one)
    return np.array([alone.fullmatch(cell) is not None for cell in cells], dtype=bool)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _spelt(column: Coded) -> Any:
    import pyarrow as pa

    missing = column.codes < 0
    codes = pa.array(column.codes.astype(np.int32), mask=missing)
    texts = pa.array(column.categories, pa.string())
    return pa.DictionaryArray.from_arrays(codes, texts).cast(pa.string())
