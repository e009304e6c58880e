"""Frames -> an Excel workbook that people read, filter and print. All text is text."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xlsxwriter

from gisplan.columns import Columns
from gisplan.errors import OutputError
from gisplan.io.cellwise import ByColumn
from gisplan.io.page import Page, Texts, packed
from gisplan.io.provenance import custom_properties
from gisplan.io.sheet_cells import Cells, cells_of, clean, fitted, lines_of
from gisplan.io.writing import write_whole
from gisplan.labels import Labels
from gisplan.symbology import OUTCOME_SYMBOLS
from gisplan.terms import Outcome

if TYPE_CHECKING:
    import pandas as pd

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

MOST_ROWS = 1_048_576
"""Rows of a sheet; what stands below them no program reads."""

LINE = 15
"""Height of a line of text in points."""

NUMBER_FORMATS = {
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
    """One sheet: a title, a table whose columns are codes, and how many columns to freeze.

    ``outcome_columns`` hold outcomes in words, to be coloured beside their word.
    """

    title: str
    frame: pd.DataFrame | Columns
    freeze: int = 0
    outcome_columns: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def cells(self) -> tuple[list[Cells], list[bool]]:
        """Its columns as cells, and which of them hold fractions."""
        return cells_of(self.frame)

    @property
    def rows(self) -> int:
        """How many rows it has below its header."""
        return self.frame.rows if isinstance(self.frame, Columns) else len(self.frame)


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

    Raises
    ------
    OutputError
        ``output_rows`` where a sheet has more rows than Excel holds.
    """
    for sheet in sheets:
        if sheet.rows >= MOST_ROWS:  # one is the header's
            told = {"sheet": sheet.title, "rows": f"{sheet.rows:,}", "limit": f"{MOST_ROWS - 1:,}"}
            raise OutputError("output_rows", path=path, **told)

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
            Texts.of(book)
            styles = _Styles(book, labels)
            pages = [_write_sheet(book, sheet, styles, labels) for sheet in sheets]
        beside.write_bytes(packed(content, pages).getbuffer())

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

    def cell(self, column: str, fraction: bool, dated: bool) -> Any:
        plain = "@" if column in ("id", "code") else "0.00" if fraction else "General"
        plain = "yyyy-mm-dd" if dated else plain
        number = NUMBER_FORMATS.get(column, plain)
        # Text keeps off the number that ends beside it.
        aligned = {"align": "left", "indent": 1} if number in ("General", "@") else {}
        key = number + str(aligned)
        if key not in self.made:
            self.made[key] = self.book.add_format({**self.base, **aligned, "num_format": number})
        return self.made[key]


def _write_sheet(book: Any, sheet: Sheet, styles: _Styles, labels: Labels) -> Page:
    page: Page = book.add_worksheet(sheet_name(sheet.title), worksheet_class=Page)
    codes, (columns, fractions) = [str(code) for code in sheet.frame], sheet.cells
    headers = [_title(sheet, code, labels) for code in codes]
    for at, header in enumerate(headers):
        page.write_string(0, at, header, styles.header)
    page.set_row(0, 2.2 * LINE)
    lines = np.ones(sheet.rows, dtype=np.int64)
    for at, (code, header, cells) in enumerate(zip(codes, headers, columns, strict=True)):
        width = fitted(header, cells, NARROWEST, _WIDE.get(code, WIDEST))
        page.set_column(at, at, width)
        lines = np.maximum(lines, lines_of(cells, width))
    dated = [isinstance(one, list) and any(isinstance(value, dt.date) for value in one)
             for one in columns]  # fmt: skip
    kinds = map(styles.cell, codes, fractions, dated)
    # Excel fits rows when it opens a file, LibreOffice and viewers do not.
    page.fill(list(zip(columns, kinds, strict=True)), np.minimum(LINE * lines, 400))
    last_row, last_column = max(sheet.rows, 1), max(len(codes) - 1, 0)
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
    return page


def sheet_grid(sheet: Sheet, labels: Labels) -> ByColumn:
    """Return the cells of a sheet as they will be read back from the file."""
    titles = [_title(sheet, str(code), labels) for code in sheet.frame]
    return ByColumn(titles, sheet.cells[0], sheet.rows)


def _title(sheet: Sheet, code: str, labels: Labels) -> str:
    return clean(sheet.headers.get(code, labels.get(f"column.{code}") or code))


def sheet_name(title: str) -> str:
    r"""Make a legal sheet name: no ``[]:*?/\\`` and at most 31 characters."""
    name = "".join("_" if c in "[]:*?/\\'\n\t" else c for c in clean(title))[:31] or "-"
    return f"{name}_" if name.lower() == "history" else name  # Excel keeps that one for itself
