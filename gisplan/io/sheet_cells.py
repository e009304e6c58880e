"""A column of a table as cells of a sheet: what fits in one, how wide and how high it is.

Texts are looked at once each, however many rows they stand in.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded, Columns
from gisplan.io.characters import Lines, fit_xml, lines_of_texts
from gisplan.io.kinds import MOST_DIGITS, told

if TYPE_CHECKING:
    import pandas as pd

Cells: TypeAlias = "Coded | NDArray[np.float64] | list[Any]"
"""Texts, numbers (NaN where there is none), or a list of values of any kind and ``None``."""

CELL: Final = 32_767
"""The longest text of a cell, in UTF-16 code units."""
_FIRST_MONTH: Final = (1900, 3)
"""Excel's days are right from here on: it takes 1900 for a leap year, and knows none before."""
_LOOKED_AT: Final = 2000
"""Rows by which the width of a column is chosen."""
_NOT_XML: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
    + "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)
"""What XML cannot hold: control characters, half characters, no characters."""


def cells_of(table: pd.DataFrame | Columns) -> tuple[list[Cells], list[bool]]:
    """Return the columns of a table as cells, and which of them hold fractions."""
    if isinstance(table, Columns):
        columns = list(table.values())
        fractions = [not isinstance(one, Coded) and one.dtype.kind == "f" for one in columns]
        return [_cells(one) for one in columns], fractions
    import pandas as pd

    series = [table.iloc[:, at] for at in range(table.shape[1])]
    fractions = [bool(pd.api.types.is_float_dtype(one)) for one in series]
    return [_cells(_values(one)) for one in series], fractions


def clean(text: str) -> str:
    """Take out what XML cannot hold."""
    return _NOT_XML.sub("", text)


def fitting(text: str) -> str:
    """Cut a text to what a cell holds, counted as Excel does, and show that it was cut."""
    if len(text) <= CELL // 2 or len(text.encode("utf-16-le")) // 2 <= CELL:
        return text
    return text.encode("utf-16-le")[: 2 * (CELL - 1)].decode("utf-16-le", "ignore") + "…"


def places_of(cells: Cells) -> int:
    """Return how many places the longest of the first cells takes."""
    if isinstance(cells, Coded):
        shown = np.unique(cells.codes[:_LOOKED_AT])
        shown = shown[shown >= 0]
        if not len(shown):
            return 0
        lines = _lines_of(cells.categories)
        if lines is None:
            return max(places(cells.categories[code]) for code in shown.tolist())
        return int(lines.longest()[shown].max())
    if isinstance(cells, list):
        return max(map(places, cells[:_LOOKED_AT]), default=0)
    known = cells[:_LOOKED_AT][~np.isnan(cells[:_LOOKED_AT])]
    return max(places(float(known.min())), places(float(known.max()))) if len(known) else 0


def lines_of(cells: Cells, width: float) -> NDArray[np.int64]:
    """Return how many lines each cell takes in a column of a width."""
    if isinstance(cells, Coded):
        texts = cells.categories
        lines = _lines_of(texts) if texts else None
        counts = lines.wrapped(width) if lines else [_lines(text, width) for text in texts]
        return np.array([*counts, 1])[cells.codes]
    if isinstance(cells, list):
        return np.array([_lines(one, width) if isinstance(one, str) else 1 for one in cells], int)
    return np.ones(len(cells), dtype=np.int64)


def places(value: Any) -> int:
    """Return how many places a cell takes: a Chinese character two (openpyxl counts one)."""
    if value is None:
        return 0
    if isinstance(value, float):
        return len(f"{value:,.0f}") + 1
    if isinstance(value, dt.datetime):
        return 10
    return max(_long(line) for line in str(value).splitlines() or [""])


def fitted(header: str, cells: Cells, least: int, widest: int) -> float:
    """Fit the width of a column to its header and its cells."""
    return min(max(places_of(cells), min(places(header), 14), least), widest) + 2


# --- inner workings -----------------------------------------------------------------------


def _values(series: pd.Series) -> NDArray[Any]:
    """The values of a column of a frame, ``None`` for what is missing unless it is a number."""
    if isinstance(series.dtype, np.dtype) and series.dtype.kind == "f":
        return series.to_numpy()
    # Through numpy: a column of Arrow strings is slow to walk.
    values = np.array(series.array, dtype=object)
    values[series.isna().to_numpy()] = None
    return values


def _cells(column: NDArray[Any] | Coded) -> Cells:
    if isinstance(column, Coded):
        return _said(column)
    if column.dtype.kind == "f":
        numbers = column.astype(np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    if column.dtype.kind == "M":
        return [_day(one) for one in column.astype("datetime64[s]").tolist()]
    if column.dtype.kind in "biu":
        return [_whole(one) for one in column.tolist()]
    if all(one is None or type(one) is str for one in column):
        return _said(Coded.of(column))
    if all(isinstance(one, dt.date | None) or _nan(one) for one in column):
        return [_day(one) for one in column]  # dates, shown as such
    return [_plain(value) for value in column]


def _said(column: Coded) -> Coded:
    """Texts as cells hold them, in the order in which they come; a blank one is none."""
    there = _as_they_come(column.codes, len(column.categories))
    texts = [column.categories[code] for code in there.tolist()]
    codes = np.full(len(column.categories) + 1, -1, dtype=np.int32)
    if all(texts) and max(map(len, texts), default=0) <= CELL // 2 and fit_xml(texts):
        codes[there] = np.arange(len(there))
        return Coded(codes[column.codes], tuple(texts))
    known: dict[str, int] = {}
    for code, text in zip(there.tolist(), map(fitting, map(clean, texts)), strict=True):
        if text:
            codes[code] = known.setdefault(text, len(known))
    return Coded(codes[column.codes], tuple(known))


def _as_they_come(codes: NDArray[Any], limit: int) -> NDArray[np.int64]:
    """Return the different codes below a limit in the order in which they come, but not -1."""
    first = np.full(limit + 1, len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of several the last one stays
    there = np.flatnonzero(first[:-1] < len(codes))
    return there[np.argsort(first[there])]


def _nan(value: Any) -> bool:
    return isinstance(value, float) and value != value


def _day(value: Any) -> Any:
    """A date as Excel holds one; with an offset, or of before its calendar, as text."""
    if value is None or value != value:
        return None
    value = value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value
    zoned = isinstance(value, dt.datetime) and value.tzinfo is not None
    return told(value) if zoned or (value.year, value.month) < _FIRST_MONTH else value


def _whole(value: int) -> int | str:
    """A whole number; Excel would put zeros where it has more than 15 digits."""
    return value if abs(value) < MOST_DIGITS else str(value)


def _plain(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return fitting(clean(value)) or None
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return _whole(int(value))
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    # A date among other things, too: their format would show it as a number of days.
    return fitting(clean(told(value)))


@lru_cache(maxsize=1)  # first the width of a column is asked, then the heights of its rows
def _lines_of(texts: tuple[str, ...]) -> Lines | None:
    return lines_of_texts(texts)


@lru_cache(maxsize=20_000)
def _lines(text: str, width: float) -> int:
    if len(text) * 2 < width and text.isprintable():
        return 1
    return sum(max(1, math.ceil(_long(line) / (width - 1))) for line in text.splitlines() or [""])


def _long(line: str) -> int:
    """How many places a line takes: two for a Chinese character."""
    if line.isascii():
        return len(line)
    return len(line) + len(line.translate(_narrow()))


class _Wide(dict[int, str | None]):
    """Which characters take two places, found out once each; the others are dropped."""

    def __missing__(self, code: int) -> str | None:
        wide = unicodedata.east_asian_width(chr(code)) in "WF"
        self[code] = chr(code) if wide else None
        return self[code]


@lru_cache(maxsize=1)
def _narrow() -> _Wide:
    return _Wide()
