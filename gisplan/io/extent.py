"""The XML of a workbook, looked over before the compiled reader opens it.

That reader asks for memory for the whole rectangle between the first cell and the last: one
cell in the far corner is 550 GB, which ends the process and not only the reading. And it
passes over XML that is cut or damaged, and the rows in it.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Final
from xml.parsers import expat

from gisplan.errors import ProjectsError
from gisplan.io.cells import MOST_CELLS
from gisplan.io.marks import XmlReader, column_number

_READ: Final = re.compile(r"content\.xml|xl/(?:workbook|sharedstrings)\.xml|xl/worksheets/.*\.xml")
_SHEET: Final = re.compile(rb"<(?:\w+:)?sheetData\b")
_ROW: Final = re.compile(rb"<(?:\w+:)?row\s[^>]*?\br\s*=\s*[\"']\s*0*([0-9]{1,12})")
_CELL: Final = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,9})([0-9]{1,12})[\"']")
_LOOSE: Final = (b"'", b"\t", b"\r", b"\n", b" =", b"= ")
"""Ways to write an attribute that hardly any program uses."""
_LETTERS: Final = re.compile(rb' r="([A-Za-z]{1,9})[0-9]{1,12}"')
_NUMBERS: Final = re.compile(rb' r="[A-Za-z]{0,9}([0-9]{1,12})"')
# The compiled reader makes room for as many strings as a part says it has.
_COUNT: Final = re.compile(rb"\b(?:c|uniqueC)ount\s*=\s*[\"']\s*\+?0*([0-9]{1,30})")
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, NotImplementedError,
    EOFError, RuntimeError, ValueError, LookupError, OSError,
)  # fmt: skip


class _Doctype(Exception):
    """A part declares a document type, where entities could be."""


def check_parts(path: Path) -> None:
    """Refuse an .xlsx, .xlsm or .ods that is damaged or spreads over too many cells.

    Raises
    ------
    ProjectsError
        ``projects_too_wide`` above ``MOST_CELLS``, ``projects_broken`` where the archive or
        its XML is damaged, ``projects_dtd`` where a part declares a document type.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            spans = [_check_part(archive, member) for member in archive.infolist()]
    except _Doctype:
        raise ProjectsError("projects_dtd", file=path.name) from None
    except _BROKEN as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None
    if max(spans, default=0) > MOST_CELLS:
        raise ProjectsError("projects_too_wide", file=path.name, limit=MOST_CELLS)


def _check_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Return how many cells a part spans or how many of anything it claims to hold."""
    if not member.filename.lower().endswith(".xml"):
        return 0
    data = archive.read(member)
    counts = [int(count) for count in _COUNT.findall(data)] if b"ount" in data else []
    if max(counts, default=0) > MOST_CELLS:
        return max(counts)
    sheet = _SHEET.search(data)
    if sheet or _READ.fullmatch(member.filename.lower()):
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.Parse(data, True)
    if member.filename == "content.xml":
        return _OdsExtent().measure(data)
    return _span(data[sheet.start() : data.rfind(b"sheetData")]) if sheet else 0


def _refuse_doctype(*_: object) -> None:
    raise _Doctype


def _span(data: bytes) -> int:
    """Return the number of cells from A1 to the last of the rows of a worksheet."""
    if any(mark in data for mark in _LOOSE) or data.count(b'r="') != data.count(b' r="'):
        cells = _CELL.findall(data)
        letters, numbers = {one for one, _ in cells}, {one for _, one in cells}
        numbers |= set(_ROW.findall(data))
    else:  # as all programs write it, with no other attribute that ends so
        letters, numbers = set(_LETTERS.findall(data)), set(_NUMBERS.findall(data))
    height = max(map(int, numbers), default=1)
    return height * max((column_number(word.decode()) + 1 for word in letters), default=1)


class _OdsExtent(XmlReader):
    """How many cells the tables of an OpenDocument spreadsheet span, repeats counted."""

    def __init__(self) -> None:
        super().__init__()
        self._row, self._column = 0, 0
        self._rows_here, self._cells_here = 1, 1
        self._high, self._wide, self._most = 0, 0, 0

    def measure(self, data: bytes) -> int:
        """Return the rows times the columns of the biggest table."""
        self.read(data)
        return self._most

    def start(self, name: str, values: dict[str, str]) -> None:
        """Take the beginning of a table, row, cell or paragraph."""
        if name == "table":
            self._row, self._high, self._wide = 0, 0, 0
        elif name == "table-row":
            self._rows_here, self._column = int(values.get("number-rows-repeated", 1)), 0
        elif name in ("table-cell", "covered-table-cell"):
            self._cells_here = int(values.get("number-columns-repeated", 1))
            if "value-type" in values or "formula" in values:
                self._reach()
        elif name == "p":
            self._reach()

    def end(self, name: str) -> None:
        """Step on by a cell or a row, as often as it is repeated."""
        if name in ("table-cell", "covered-table-cell"):
            self._column += self._cells_here
        elif name == "table-row":
            self._row += self._rows_here

    def _reach(self) -> None:
        self._high = max(self._high, self._row + self._rows_here)
        self._wide = max(self._wide, self._column + self._cells_here)
        self._most = max(self._most, self._high * self._wide)
