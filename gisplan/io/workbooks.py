"""Workbooks as grids of text, with what is merged, hidden or not calculated."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gisplan.errors import ProjectsError
from gisplan.io.cells import MOST_CELLS, Area, Cells, read_book, read_book_apart
from gisplan.io.extent import check_parts
from gisplan.io.limits import LIMIT_MB, MEGABYTE, check_archive
from gisplan.io.marks import Marks, read_marks
from gisplan.io.rows import Evidence, Grid

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0"
"""First bytes of .xls, and of an .xlsx under a password."""


def read_workbook(path: Path, *, sheet: str | None, evidence: list[Evidence]) -> list[Grid]:
    """Read the visible sheets of a workbook, or the one named, hidden or not.

    Hidden sheets that are not read are named in ``evidence``, and whether hidden rows and
    columns could be told.

    Raises
    ------
    ProjectsError
        Where the file is damaged, protected, too big, or has no such sheet.
    """
    if path.stat().st_size > LIMIT_MB * MEGABYTE:
        raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
    if zipfile.is_zipfile(path):
        check_archive(path, path.name)
        check_parts(path)
        book = read_book(path, sheet)
    else:
        book = read_book_apart(path, sheet)
    if book.hidden:
        evidence.append(("sheets_hidden", "、".join(book.hidden)))
    grids = [_grid(cells, path) for cells in book.sheets]
    if not all(grid.marked for grid in grids):
        evidence.append(("hidden_unknown", path.suffix.lstrip(".")))
    return grids


def _grid(read: Cells, path: Path) -> Grid:
    grid = Grid(read.name, read.cells)
    marks = read_marks(path, read.name, height=len(read.cells))
    if marks is None:
        grid.marked = False
    else:
        _mark(grid, marks)
    _fill_merged(grid, read.merged or (marks.merged if marks else []), path)
    return grid


def _mark(grid: Grid, marks: Marks) -> None:
    """Add to a sheet what its file hides, and blank the cells that no program calculated."""
    grid.hidden_rows = frozenset(marks.hidden_rows)
    grid.hidden_columns = frozenset(marks.hidden_columns)
    grid.unread = marks.unread
    grid.from_1904 = marks.from_1904
    for row, cells in marks.unread.items():
        for column in cells:
            if row < len(grid.cells) and column < len(grid.cells[row]):
                grid.cells[row][column] = ""


def _fill_merged(grid: Grid, areas: Sequence[Area], path: Path) -> None:
    """Write the text of a merged cell into all its places, and no further."""
    cells, merged, filled = grid.cells, dict[int, set[int]](), 0
    for top, left, bottom, right in areas:
        last = min(bottom + 1, len(cells))
        filled += max(last - top, 0) * (right + 1 - left)
        if filled > MOST_CELLS:
            raise ProjectsError("projects_too_wide", file=path.name, limit=MOST_CELLS)
        if top >= last or left >= len(cells[top]) or not cells[top][left]:
            continue
        for row in range(top, last):
            for column in range(left, min(right + 1, len(cells[row]))):
                if (row, column) != (top, left):
                    cells[row][column] = cells[top][left]
                    merged.setdefault(row, set()).add(column)
    grid.merged = {row: frozenset(columns) for row, columns in merged.items()}
