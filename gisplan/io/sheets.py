"""Tables of a user, read into rows: which reader, which sheet, which header."""

from __future__ import annotations

from pathlib import Path

from gisplan.errors import ProjectsError
from gisplan.io.body import take_table
from gisplan.io.delimited import read_delimited
from gisplan.io.formats import DELIMITED, WORKBOOKS
from gisplan.io.header import Heading, find_heading
from gisplan.io.limits import LIMIT_MB, MEGABYTE, check_archive
from gisplan.io.rows import Evidence, Grid, IssueLog, Rows, refuse_headless
from gisplan.io.webpage import is_webpage, read_webpage
from gisplan.io.workbooks import OLE, ZIP, read_workbook

__all__ = ["DELIMITED", "LIMIT_MB", "MEGABYTE", "WORKBOOKS", "check_archive", "read_table"]


def read_table(
    path: Path, *, encoding: str | None = None, sheet: str | None = None
) -> tuple[Rows, IssueLog]:
    """Read a workbook or delimited text into rows of text.

    What the file is, is told by its first bytes, not by its name: many systems export web
    pages and text as ``.xls``.

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
    evidence: list[Evidence] = []
    grids = _read_grids(path, encoding, sheet, evidence)
    headed = [(grid, find_heading(grid.cells)) for grid in grids]
    chosen = next(((grid, found) for grid, found in headed if found is not None), None)
    if chosen is None:
        raise _refuse(path, grids)
    grid, heading = chosen
    rows, log = take_table(grid, heading, path.name)
    rows.evidence = [*evidence, *_told(headed, grid, heading), *rows.evidence]
    return rows, log


def _read_grids(
    path: Path, encoding: str | None, sheet: str | None, evidence: list[Evidence]
) -> list[Grid]:
    workbook = path.suffix.lower() in WORKBOOKS
    with path.open("rb") as opened:
        head = opened.read(4096)
    if head.startswith((ZIP, OLE)):
        if not workbook:
            evidence.append(("format_found", "xlsx" if head.startswith(ZIP) else "xls"))
        return read_workbook(path, sheet=sheet, evidence=evidence)
    if is_webpage(head):
        evidence.append(("format_found", "HTML"))
        return read_webpage(path, encoding, evidence)
    if workbook:
        if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            # Workbooks of before 1997 begin in another way; calamine knows some of them.
            return read_workbook(path, sheet=sheet, evidence=evidence)
        evidence.append(("format_found", "csv"))
    return [read_delimited(path, encoding, evidence)]


def _told(
    headed: list[tuple[Grid, Heading | None]], chosen: Grid, heading: Heading
) -> list[Evidence]:
    told: list[Evidence] = []
    if chosen.name:
        told.append(("sheet", chosen.name))
    others = [(grid, found) for grid, found in headed if grid is not chosen]
    tables = [grid.name for grid, found in others if found is not None]
    left = [grid.name for grid, found in others if found is None and any(map(any, grid.cells))]
    if tables:
        told.append(("tables_left", "、".join(tables)))
    if left:
        told.append(("layers_left", "、".join(left)))
    if heading.first == heading.last:
        told.append(("header_row", str(heading.first + 1)))
    else:
        told.append(("header_rows", f"{heading.first + 1}-{heading.last + 1}"))
    return told


def _refuse(path: Path, grids: list[Grid]) -> ProjectsError:
    if not any(any(row) for grid in grids for row in grid.cells):
        return ProjectsError("projects_empty", file=path.name)
    rows = [row for grid in grids for row in grid.cells[:20] if any(row)]
    if not rows:
        rows = [row for grid in grids for row in grid.cells if any(row)][:1]
    widest = max(rows, key=lambda row: sum(map(bool, row)))
    return refuse_headless(path.name, widest)
