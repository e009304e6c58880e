"""Frames -> an Excel workbook that people read, filter and print. All text is text."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xlsxwriter

from gisplan.io.cellwise import Grid, grid_of
from gisplan.io.provenance import custom_properties
from gisplan.io.writing import write_whole
from gisplan.labels import Labels
from gisplan.symbology import OUTCOME_SYMBOLS
from gisplan.terms import Outcome

WIDEST, NARROWEST = 26, 6
"""Column widths in characters of Excel's default font."""

_WIDE = {
    "reasons": 60,
    "advice": 60,
    "text": 44,
    "clause": 40,
    "value": 90,
    "remedy": 40,
    "basis": 40,
    "name": 30,
    "data_missing": 40,
}
"""Columns that hold sentences may be wider; what is longer still is wrapped."""

CELL = 32_767
"""The longest text of a cell, in UTF-16 code units."""

LINE = 15
"""Height of a line of text in points."""

_FORMATS = {
    "confidence": "0.000", "same": "0.000", "p_value": "0.000", "shuffles": "0",
    "investment": "#,##0", "flip_distance": "#,##0", "accuracy": "#,##0",
    "zone_margin": "#,##0", "corridor_distance": "#,##0", "distance": "#,##0",
    "measured": "#,##0.0", "threshold": "#,##0.0", "margin": "#,##0", "sigma": "#,##0",
    "start": "#,##0", "end": "#,##0", "length": "#,##0", "width": "#,##0.0", "error": "#,##0",
    "area": "#,##0", "area_ellipsoid": "#,##0", "cut": "#,##0", "outside": "#,##0",
    "hectares": "0.00", "mu": "#,##0.0", "share": "0.0%", "share_of_zone": "0.0%",
    "share_of_ring": "0.0%", "share_of_other": "0.0%", "share_of_study_area": "0.0%",
    "share_low": "0.0%", "share_high": "0.0%", "entry": "#,##0", "exit": "#,##0",
    "length_low": "#,##0", "length_high": "#,##0", "near": "#,##0",
    "distance_moved": "#,##0", "needed": "#,##0", "bearing": "0.0", "east": "0.0", "north": "0.0",
    "rank": "0", "rank_best": "0", "rank_worst": "0", "score": "0.000", "mean_score": "0.000",
    "sd": "0.000", "compactness": "0.00",
    "share_of_area": "0.0%", "class_share": "0.0%", "covered": "0.0%", "nodata": "0.0%",
    "off": "0.0%", "mean": "#,##0.00", "stdev": "#,##0.00", "sum": "#,##0", "class_value": "0",
    "placed_share": "0.0%", "low": "0.0%", "high": "0.0%", "share_all": "0.0%",
    "fit_share": "0.0%", "expected_share": "0.0%", "area_share": "0.0%", "share_inside": "0.0%",
    "remaining_share": "0.0%", "progress": "0.0%", "elapsed": "0.0%",
    "least_p": "0.000", "p_low": "0.000", "p_high": "0.000", "simulations": "0",
    "mean_distance": "#,##0", "expected_distance": "#,##0", "r": "#,##0", "l": "#,##0",
    "band_low": "#,##0", "band_high": "#,##0", "band_middle": "#,##0",
    "constrained": "#,##0", "restricted": "#,##0", "committed": "#,##0",
    "remaining": "#,##0", "remaining_hectares": "#,##0.0",
    "least": "#,##0", "amount": "#,##0", "outside_area": "0", "unplaced": "0", "coincident": "0",
    "base_date": "yyyy-mm-dd", "current_date": "yyyy-mm-dd", "due": "yyyy-mm-dd",
    "as_of": "yyyy-mm-dd", "lon": "0.000000", "lat": "0.000000",
}  # fmt: skip
"""Number formats by column code; a column not named here is written as it comes."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: a title, a frame whose columns are codes, and how many columns to freeze.

    ``outcome_columns`` hold outcomes in words, to be coloured beside their word.
    """

    title: str
    frame: pd.DataFrame
    freeze: int = 0
    outcome_columns: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def write_workbook(
    path: Path,
    sheets: Sequence[Sheet],
    labels: Labels,
    *,
    title: str,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write sheets with frozen header, filter, widths, number formats and print setup.

    *about* is the provenance: it goes into custom properties, which programs keep.
    """

    def write(beside: Path) -> None:
        # Formulas and links in a user's text stay text, whatever they begin with.
        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": False,
            "in_memory": True,  # else sheets lie about in the system's temporary folder
        }
        # In memory first: where a disk is full, the library would leave its file open.
        content = io.BytesIO()
        with xlsxwriter.Workbook(content, options) as book:
            book.set_properties({"title": title, "created": dt.datetime(2000, 1, 1)})
            for name, value in custom_properties(about or {}).items() if about else ():
                book.set_custom_property(name, value, "text")
            styles = _Styles(book, labels)
            for sheet in sheets:
                _write_sheet(book, sheet, styles, labels)
        beside.write_bytes(content.getbuffer())

    write_whole(path, write)


class _Styles:
    """The cell formats of one workbook, made once each."""

    def __init__(self, book: Any, labels: Labels) -> None:
        font = {"font_name": "微软雅黑" if labels.language == "zh" else "Calibri", "font_size": 10}
        self.book, self.base = book, {**font, "valign": "top", "text_wrap": True}
        self.header = book.add_format(
            {**font, "bold": True, "text_wrap": True, "valign": "vcenter", "align": "center",
             "bg_color": "#e7ecf2", "border": 1, "border_color": "#b8c2cc"}
        )  # fmt: skip
        self.made: dict[str, Any] = {}
        self.outcomes = {
            labels(f"outcome.{outcome}"): book.add_format(
                {"bg_color": symbol.color, "font_color": symbol.ink, "bold": True}
            )
            for outcome, symbol in ((one, OUTCOME_SYMBOLS[one]) for one in Outcome)
        }

    def cell(self, column: str, fraction: bool) -> Any:
        plain = "@" if column in ("id", "code") else "0.00" if fraction else "General"
        number = _FORMATS.get(column, plain)
        # Text keeps off the number that ends beside it.
        aligned = {"align": "left", "indent": 1} if number in ("General", "@") else {}
        key = number + str(aligned)
        if key not in self.made:
            self.made[key] = self.book.add_format({**self.base, **aligned, "num_format": number})
        return self.made[key]


def _write_sheet(book: Any, sheet: Sheet, styles: _Styles, labels: Labels) -> None:
    page = book.add_worksheet(sheet_name(sheet.title))
    frame, codes = sheet.frame, [str(code) for code in sheet.frame]
    headers = [_title(sheet, code, labels) for code in codes]
    for at, header in enumerate(headers):
        page.write_string(0, at, header, styles.header)
    page.set_row(0, 2.2 * LINE)
    lines = np.ones(len(frame), dtype=int)
    for at, (code, header) in enumerate(zip(codes, headers, strict=True)):
        style = styles.cell(code, pd.api.types.is_float_dtype(frame[code]))
        cells = _column(frame[code])
        width = _width(header, cells, _WIDE.get(code, WIDEST))
        page.set_column(at, at, width)
        lines = np.maximum(lines, [_lines(value, width) for value in cells])
        for row, value in enumerate(cells, start=1):
            _write_cell(page, row, at, value, style)
    for row, count in enumerate(lines, start=1):
        # Excel fits rows when it opens a file, LibreOffice and viewers do not.
        page.set_row(row, min(LINE * count, 400))
    last_row, last_column = max(len(frame), 1), max(len(frame.columns) - 1, 0)
    page.freeze_panes(1, sheet.freeze)
    page.autofilter(0, 0, last_row, last_column)
    for code in sheet.outcome_columns:
        at = codes.index(code)
        for word, style in styles.outcomes.items():
            rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": style}
            page.conditional_format(1, at, last_row, at, rule)
    page.set_landscape()
    page.set_paper(8)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.set_footer("&L&A&R&P / &N")


def sheet_grid(sheet: Sheet, labels: Labels) -> Grid:
    """Return the cells of a sheet as they will be read back from the file."""
    titles = [_title(sheet, str(code), labels) for code in sheet.frame]
    columns = {at: _column(sheet.frame.iloc[:, at]) for at in range(len(titles))}
    frame = pd.DataFrame(columns, dtype="object")
    grid = grid_of(frame, titles)
    return [[_fitting(one) if isinstance(one, str) else one for one in row] for row in grid]


def _title(sheet: Sheet, code: str, labels: Labels) -> str:
    return _clean(sheet.headers.get(code, labels.get(f"column.{code}") or code))


def _write_cell(page: Any, row: int, column: int, value: Any, style: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        page.write_boolean(row, column, value, style)
    elif isinstance(value, (int, float)):
        page.write_number(row, column, value, style)
    elif isinstance(value, (dt.datetime, dt.date)):
        page.write_datetime(row, column, value, style)
    else:
        page.write_string(row, column, _fitting(value), style)


def _column(values: pd.Series) -> list[Any]:
    """The cells of a column: missing is blank, control characters are not for Excel."""
    if pd.api.types.is_float_dtype(values) and isinstance(values.dtype, np.dtype):
        return [one if math.isfinite(one) else None for one in values.tolist()]
    # Through numpy: a column of Arrow strings is slow to walk.
    return [_plain(value) for value in values.to_numpy(dtype=object)]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return _clean(str(value))


_NOT_XML: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
    + "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)
"""What XML cannot hold: control characters, half characters, no characters."""


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _fitting(text: str) -> str:
    """Cut a text to what a cell holds, counted as Excel does, and show that it was cut."""
    if len(text) <= CELL // 2 or len(text.encode("utf-16-le")) // 2 <= CELL:
        return text
    return text.encode("utf-16-le")[: 2 * (CELL - 1)].decode("utf-16-le", "ignore") + "…"


def _lines(value: Any, width: float) -> int:
    if not isinstance(value, str):
        return 1
    return _lines_of(value, width)


@lru_cache(maxsize=20_000)
def _lines_of(text: str, width: float) -> int:
    return sum(max(1, math.ceil(_long(line) / (width - 1))) for line in text.splitlines() or [""])


def _width(header: str, cells: Sequence[Any], widest: int) -> float:
    """Fit a column to its text; a Chinese character takes two places (openpyxl counts one)."""
    longest = max((_places(value) for value in cells[:2000]), default=0)
    return min(max(longest, min(_places(header), 14), NARROWEST), widest) + 2


def _places(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, float):
        return len(f"{value:,.0f}") + 1
    if isinstance(value, dt.datetime):
        return 10
    return max(_long(line) for line in str(value).splitlines() or [""])


@lru_cache(maxsize=20_000)
def _long(line: str) -> int:
    """How many places a line takes: two for a Chinese character."""
    if line.isascii():
        return len(line)
    return len(line) + sum(unicodedata.east_asian_width(c) in "WF" for c in line)


def sheet_name(title: str) -> str:
    r"""Make a legal sheet name: no ``[]:*?/\\`` and at most 31 characters."""
    name = "".join("_" if c in "[]:*?/\\'\n\t" else c for c in _clean(title))[:31] or "-"
    return f"{name}_" if name.lower() == "history" else name  # Excel keeps that one for itself
