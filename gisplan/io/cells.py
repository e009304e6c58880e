"""Cells of a workbook through the compiled reader, in this process or in one of its own.

A damaged .xls can make that reader ask for a terabyte, which ends the process. So what is not
made of checked XML is read in a child process, with a limit of memory where there is one.
This module imports little, because the child pays for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import python_calamine as calamine

from gisplan.errors import ProjectsError
from gisplan.io.text import cell_text

MOST_CELLS: Final = 20_000_000
_MEMORY: Final = 4 * 2**30
_SECONDS: Final = 300
_CHILD: Final = "from gisplan.io.cells import answer; answer()"

Area = tuple[int, int, int, int]
"""Top, left, bottom and right of a merged cell, from 0."""


class Cells(NamedTuple):
    """One sheet: its name, its cells as text from A1, its merged areas."""

    name: str
    cells: list[list[str]]
    merged: list[Area]


class Book(NamedTuple):
    """The sheets that were read, and the names of hidden ones that were not."""

    sheets: list[Cells]
    hidden: list[str]


def read_book(path: Path, sheet: str | None) -> Book:
    """Read the visible sheets of a workbook, or the one named, hidden or not.

    Raises
    ------
    ProjectsError
        ``projects_no_sheet``, ``projects_password``, ``projects_too_wide``, and
        ``projects_broken`` for whatever the reader cannot read.
    """
    try:
        # Not by the path: the format would be taken from its suffix, not from the content.
        with _quiet(), path.open("rb") as opened, _open(opened) as book:
            names, hidden = _choose(book, sheet, path)
            return Book([_read_sheet(book, name, path) for name in names], hidden)
    except calamine.PasswordError:
        raise ProjectsError("projects_password", file=path.name) from None
    except (ProjectsError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  a panic of the compiled reader is no Exception
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None


def read_book_apart(path: Path, sheet: str | None) -> Book:
    """Do what :func:`read_book` does in a process of its own, if Python can be started."""
    if not Path(sys.executable or "").name.lower().startswith("python"):
        return read_book(path, sheet)  # inside another program, which would start itself
    home = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-P", "-X", "utf8", "-c", _CHILD, str(path.resolve())]
    try:
        child = subprocess.run(  # noqa: S603  our own interpreter, no shell
            command if sheet is None else [*command, sheet],
            env=os.environ | {"PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProjectsError(
            "projects_broken", file=path.name, reason=type(error).__name__
        ) from None
    if child.returncode != 0:
        raise ProjectsError("projects_broken", file=path.name, reason=f"({child.returncode})")
    said = json.loads(child.stdout)
    if "code" in said:
        raise ProjectsError(said["code"], **said["values"])
    sheets = [Cells(name, cells, [tuple(area) for area in merged])
              for name, cells, merged in said["sheets"]]  # fmt: skip
    return Book(sheets, said["hidden"])


def answer() -> None:
    """Read the workbook named on the command line and write it to the output as JSON."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    path, sheet = Path(sys.argv[1]), (sys.argv[2] if len(sys.argv) > 2 else None)
    try:
        said: dict[str, Any] = read_book(path, sheet)._asdict()
    except ProjectsError as error:
        listed = (list, tuple)
        values = {
            name: one if isinstance(one, listed) else str(one) for name, one in error.values.items()
        }
        said = {"code": error.code, "values": values}
    json.dump(said, sys.stdout)


# --- inner workings -----------------------------------------------------------------------


def _open(opened: Any) -> calamine.CalamineWorkbook:
    return calamine.CalamineWorkbook.from_filelike(opened)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep off the screen what the compiled reader prints of its own panics; they are caught."""
    try:
        screen = os.dup(2)
    except OSError:  # a program without a console has none
        yield
        return
    try:
        with Path(os.devnull).open("wb") as sink:
            os.dup2(sink.fileno(), 2)
        yield
    finally:
        os.dup2(screen, 2)
        os.close(screen)


def _choose(
    book: calamine.CalamineWorkbook, sheet: str | None, path: Path
) -> tuple[list[str], list[str]]:
    if sheet is not None:
        if sheet not in book.sheet_names:
            found = tuple(book.sheet_names)
            raise ProjectsError("projects_no_sheet", file=path.name, sheet=sheet, found=found)
        return [sheet], []
    sheets = [m for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = calamine.SheetVisibleEnum.Visible
    hidden = [meta.name for meta in sheets if meta.visible != visible]
    return [meta.name for meta in sheets if meta.visible == visible], hidden


def _read_sheet(book: calamine.CalamineWorkbook, name: str, path: Path) -> Cells:
    found = book.get_sheet_by_name(name)
    if found.total_height * found.total_width > MOST_CELLS:
        raise ProjectsError("projects_too_wide", file=path.name, limit=MOST_CELLS)
    cells = [list(map(cell_text, row)) for row in found.to_python(skip_empty_area=False)]
    areas = [(*first, *last) for first, last in found.merged_cell_ranges or []]
    return Cells(name, cells, areas)
