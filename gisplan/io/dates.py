"""Dates in cells: only what can be nothing else is read, the rest stays as written."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Final

from gisplan.io.text import normalise, split_header
from gisplan.labels import LANGUAGES, Labels

_DAY_ZERO: Final = dt.date(1899, 12, 30)
_SERIAL: Final = re.compile(r"[2-7][0-9]{4}(?:\.[0-9]+)?")
"""Days of 1954 to 2119, as Excel counts them; a year or a compact date has other lengths."""


def is_date_title(title: str) -> bool:
    """Tell whether a column title ends with a word for a date: ``开工日期``, ``Start date``."""
    return split_header(title).name.endswith(_endings())


def serial_date(cell: str) -> str:
    """Return the ISO date of a serial number of Excel, ``""`` where a cell is anything else."""
    text = normalise(cell)
    if not _SERIAL.fullmatch(text):
        return ""
    return (_DAY_ZERO + dt.timedelta(days=int(float(text)))).isoformat()


@cache
def _endings() -> tuple[str, ...]:
    return tuple(
        normalise(word).lower()
        for language in LANGUAGES
        for word in Labels(language).section("sheet_word")["date"]
    )
