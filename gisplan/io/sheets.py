"""Cells of workbooks and delimited text, read into one grid of text."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Final

import python_calamine as calamine

from gisplan.errors import ProjectsError
from gisplan.io.rows import (
    Grid,
    IssueLog,
    Rows,
    find_header,
    header_score,
    refuse_headless,
    take_table,
)
from gisplan.io.text import cell_text, decode

WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls", ".ods")
DELIMITED: Final = (".csv", ".tsv", ".txt")
MEGABYTE: Final = 2**20
LIMIT_MB: Final = 200
_UNPACKED_MB: Final = 1000
_RATIO: Final = 200
_OLE: Final = b"\xd0\xcf\x11\xe0"
"""First bytes of .xls, and of an .xlsx under a password."""
_MOST_CELLS: Final = 20_000_000


def read_table(
    path: Path, *, encoding: str | None = None, sheet: str | None = None
) -> tuple[Rows, IssueLog]:
    """Read a workbook or delimited text into rows of text.

    Parameters
    ----------
    path
        File with a suffix of ``WORKBOOKS`` or ``DELIMITED``.
    encoding
        Of delimited text; by default found by :func:`gisplan.io.text.decode`.
    sheet
        Name of the sheet; by default the first visible one with a recognisable header.

    Raises
    ------
    ProjectsError
        Where the file cannot be read, or no sheet has a column of names or ids.
    """
    evidence: list[tuple[str, str]] = []
    if path.suffix.lower() in WORKBOOKS:
        grids = read_workbook(path, sheet=sheet)
    else:
        grids = [_read_delimited(path, encoding, evidence)]
    chosen = next((grid for grid in grids if find_header(grid.cells) is not None), None)
    if chosen is None:
        raise _refuse(path, grids)
    header = find_header(chosen.cells) or 0
    rows, log = take_table(chosen, header, path.name)
    if chosen.name:
        evidence.append(("sheet", chosen.name))
    left = [grid.name for grid in grids if grid is not chosen and any(map(any, grid.cells))]
    if left:
        evidence.append(("layers_left", "、".join(left)))
    rows.evidence = [*evidence, ("header_row", str(header + 1))]
    return rows, log


def read_workbook(path: Path, *, sheet: str | None = None) -> list[Grid]:
    """Read the visible sheets of a workbook, or the one named, hidden or not."""
    with path.open("rb") as opened:
        head = opened.read(4)
    if path.suffix.lower() != ".xls" and head not in (b"PK\x03\x04", _OLE):
        suffix = path.suffix.lstrip(".")
        raise ProjectsError("projects_disguised", file=path.name, suffix=suffix)
    if zipfile.is_zipfile(path):
        check_archive(path, path.name)
    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            return [_read_sheet(book, name, path) for name in _choose(book, sheet, path)]
    except calamine.PasswordError:
        raise ProjectsError("projects_password", file=path.name) from None
    except (ProjectsError, OSError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  a panic of the compiled reader is no Exception
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None


def check_archive(archive: Path | io.BytesIO, file: str) -> None:
    """Refuse a zip that would unpack to far more than a table or a map ever holds."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ProjectsError("projects_broken", file=file, reason=error) from None
    big = [m for m in members if m.file_size > 20 * MEGABYTE]
    swollen = any(m.file_size > _RATIO * max(m.compress_size, 1) for m in big)
    if swollen or sum(m.file_size for m in members) > _UNPACKED_MB * MEGABYTE:
        raise ProjectsError("projects_too_big", file=file, limit=_UNPACKED_MB)


def _choose(book: calamine.CalamineWorkbook, sheet: str | None, path: Path) -> list[str]:
    if sheet is not None:
        if sheet not in book.sheet_names:
            found = "、".join(book.sheet_names)
            raise ProjectsError("projects_no_sheet", file=path.name, sheet=sheet, found=found)
        return [sheet]
    return [
        meta.name
        for meta in book.sheets_metadata
        if meta.visible == calamine.SheetVisibleEnum.Visible
        and meta.typ == calamine.SheetTypeEnum.WorkSheet
    ]


def _read_sheet(book: calamine.CalamineWorkbook, name: str, path: Path) -> Grid:
    found = book.get_sheet_by_name(name)
    if found.total_height * found.total_width > _MOST_CELLS:
        raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
    cells = [list(map(cell_text, row)) for row in found.to_python(skip_empty_area=False)]
    merged = set()
    for (top, left), (bottom, right) in found.merged_cell_ranges or []:
        for row in range(top, min(bottom + 1, len(cells))):
            for column in range(left, min(right + 1, len(cells[row]))):
                if (row, column) != (top, left) and cells[top][left]:
                    cells[row][column] = cells[top][left]
                    merged.add((row, column))
    return Grid(name, cells, frozenset(merged))


def _read_delimited(path: Path, encoding: str | None, evidence: list[tuple[str, str]]) -> Grid:
    if path.stat().st_size > LIMIT_MB * MEGABYTE:
        raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
    decoded = decode(path.read_bytes(), encoding=encoding, place=path.name)
    evidence.append((f"encoding_{decoded.basis}", decoded.encoding))
    delimiter = _delimiter(decoded.text, path)
    if delimiter != ",":
        evidence.append(("delimiter", {"\t": "TAB"}.get(delimiter, delimiter)))
    return Grid("", _records(decoded.text, delimiter, path))


def _delimiter(text: str, path: Path) -> str:
    """Choose the delimiter under which some row names most fields."""
    head = "".join(text.splitlines(keepends=True)[:60])

    def fields(delimiter: str) -> int:
        try:
            records = _records(head, delimiter, path)
        except ProjectsError:  # the head may end inside quotes
            return 0
        return max(map(header_score, records), default=0)

    return max((",", "\t", ";", "|"), key=fields)


def _records(text: str, delimiter: str, path: Path) -> list[list[str]]:
    # strict: an opening quote without its end would swallow all rows after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [[cell_text(cell) for cell in row] for row in reader]
    except csv.Error as error:
        reason = f"{error} ({reader.line_num})"
        raise ProjectsError("projects_broken", file=path.name, reason=reason) from None


def _refuse(path: Path, grids: list[Grid]) -> ProjectsError:
    if not any(any(row) for grid in grids for row in grid.cells):
        return ProjectsError("projects_empty", file=path.name)
    rows = [row for grid in grids for row in grid.cells[:20] if any(row)]
    widest = max(rows, key=lambda row: sum(map(bool, row)))
    return refuse_headless(path.name, widest)
