"""What a workbook marks and calamine does not tell: what is hidden, what is not calculated."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

_MOST_COLUMNS: Final = 16_384
# What a sheet without any mark has not: then its XML need not be read element by element.
_TRACES: Final = re.compile(rb"hidden=|[<:]f[ >/]|t=[\"']e[\"']|^\xff\xfe|^\xfe\xff")
_GLANCES: Final = (b"hidden=", b"<f", b":f", b't="e', b"t='e")
_CELL: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ERROR: Final = re.compile(r"#(?:REF|DIV/0|VALUE|NAME|NULL|NUM|N/A|SPILL|CALC)[!?]?")

_NOT_TOLD: Final = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError,
    LookupError, ValueError, OSError, RuntimeError,
)  # fmt: skip
_RESULTS: Final = frozenset(("value", "string-value", "date-value", "boolean-value", "time-value"))


@dataclass
class Marks:
    """Positions, from 0, of what a sheet hides and of formulas without a result."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    unread: dict[int, dict[int, str]] = field(default_factory=dict)
    from_1904: bool = False
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Top, left, bottom, right; of an .ods only, because calamine tells the others."""


def read_marks(path: Path, sheet: str, *, height: int) -> Marks | None:
    """Read the marks of a sheet of an .xlsx, .xlsm or .ods; ``None`` where none can be told.

    ``height`` is the number of rows that hold anything; nothing is told of rows below.

    The cells are read by calamine, which does not say these things; so the XML is read
    once more, for attributes only. A document type is never read. Archives have passed
    ``check_archive`` before.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "content.xml" in names:
                return _OdsSheet(sheet, height).read(archive.read("content.xml"))
            book = _Elements(("sheet", "workbookPr", "calcPr"))
            book.read(archive.read("xl/workbook.xml"))
            part = _find_part(archive, names, book, sheet)
            if part is None:
                return None
            data = archive.read(part)
    except _NOT_TOLD:
        return None
    reader = _XlsxSheet(uncalculated=book.says("calcPr", "fullCalcOnLoad"))
    if _may_mark(data) and _TRACES.search(data):
        try:
            reader.read(data)
        except _NOT_TOLD:
            return None
    reader.marks.from_1904 = book.says("workbookPr", "date1904")
    return reader.marks


def _may_mark(data: bytes) -> bool:
    """Tell at a glance whether a sheet may have a trace of a mark; most have none."""
    return data[:1] in (b"\xff", b"\xfe") or any(mark in data for mark in _GLANCES)


class XmlReader(ABC):
    """Elements of an XML part by their local names, without document types."""

    def __init__(self) -> None:
        self.marks = Marks()
        self._text: list[str] | None = None

    def read(self, data: bytes) -> Marks:
        """Read a part to its end and return what was marked in it."""
        parser = expat.ParserCreate(namespace_separator="}")
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = lambda name, values: self.start(
            _local(name), {_local(key): value for key, value in values.items()}
        )
        parser.EndElementHandler = lambda name: self.end(_local(name))
        parser.CharacterDataHandler = self.hear
        parser.Parse(data, True)
        return self.marks

    @abstractmethod
    def start(self, name: str, values: dict[str, str]) -> None:
        """Take the beginning of an element."""

    @abstractmethod
    def end(self, name: str) -> None:
        """Take the end of an element."""

    def hear(self, text: str) -> None:
        """Take text; it is kept where an element asked for it."""
        if self._text is not None:
            self._text.append(text)

    def heard(self) -> str:
        """Return the text kept, and keep no more."""
        said, self._text = "".join(self._text or ()), None
        return said

    def unread(self, row: int, column: int, formula: str) -> None:
        """Mark a formula without a result."""
        self.marks.unread.setdefault(row, {})[column] = formula


class _XlsxSheet(XmlReader):
    """A worksheet of Office Open XML; positions may be left out and then count on.

    ``uncalculated`` is a workbook that no program has calculated yet: its writer put a 0
    where a result belongs.
    """

    def __init__(self, *, uncalculated: bool) -> None:
        super().__init__()
        self._placeholders = ("", "0") if uncalculated else ("",)
        self._row, self._column = -1, -1
        self._formula: str | None = None
        self._value, self._kind = "", ""

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "row":
            self._row = int(values.get("r", self._row + 2)) - 1
            self._column = -1
            if values.get("hidden") in ("1", "true"):
                self.marks.hidden_rows.add(self._row)
        elif name == "col" and values.get("hidden") in ("1", "true"):
            first, last = int(values["min"]) - 1, min(int(values["max"]), _MOST_COLUMNS)
            self.marks.hidden_columns.update(range(first, last))
        elif name == "c":
            found = _CELL.fullmatch(values.get("r", ""))
            self._column = column_number(found[1]) if found else self._column + 1
            self._formula, self._value, self._kind = None, "", values.get("t", "")
        elif name in ("f", "v"):
            self._text = []

    def end(self, name: str) -> None:
        if name == "f":
            self._formula = self.heard()
        elif name == "v":
            self._value = self.heard()
        elif name == "c" and self._kind == "e":
            self.unread(self._row, self._column, self._value)
        elif name == "c" and self._lacks_result():
            self.unread(self._row, self._column, f"={self._formula}")

    def _lacks_result(self) -> bool:
        # t="str" with an empty value is a formula whose result is the empty text.
        formula = self._formula is not None and self._kind != "str"
        return formula and self._value in self._placeholders


class _OdsSheet(XmlReader):
    """One table of an OpenDocument spreadsheet; rows, columns and cells may be repeated."""

    def __init__(self, sheet: str, height: int) -> None:
        super().__init__()
        self._sheet, self._height = sheet, height
        self._inside, self._depth = False, 0
        self._row, self._column, self._columns = 0, 0, 0
        self._rows_here, self._repeat = 1, 1
        self._formula = ""

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "table":
            self._depth += 1
            self._inside = self._inside or values.get("name") == self._sheet
        if not self._inside or self._depth > 1:
            return
        hidden = values.get("visibility") in ("collapse", "filter")
        if name == "table-column":
            count = int(values.get("number-columns-repeated", 1))
            if hidden:
                last = min(self._columns + count, _MOST_COLUMNS)
                self.marks.hidden_columns.update(range(self._columns, last))
            self._columns += count
        elif name == "table-row":
            self._rows_here, self._column = int(values.get("number-rows-repeated", 1)), 0
            if hidden:
                last = min(self._row + self._rows_here, self._height)
                self.marks.hidden_rows.update(range(self._row, last))
        elif name in ("table-cell", "covered-table-cell"):
            self._formula = "" if _RESULTS & set(values) else values.get("formula", "")
            self._text = []
            self._repeat = int(values.get("number-columns-repeated", 1))
            high = int(values.get("number-rows-spanned", 1))
            wide = int(values.get("number-columns-spanned", 1))
            if high > 1 or wide > 1:
                place = (self._row, self._column)
                area = (*place, self._row + high - 1, self._column + wide - 1)
                self.marks.merged.append(area)

    def end(self, name: str) -> None:
        if name == "table":
            self._depth -= 1
            self._inside = self._inside and self._depth > 0
        if not self._inside or self._depth > 1:
            return
        if name in ("table-cell", "covered-table-cell"):
            said = self.heard().strip()
            if self._formula and (not said or _ERROR.fullmatch(said)):
                self.unread(self._row, self._column, self._formula)
            self._column += self._repeat
        elif name == "table-row":
            self._row += self._rows_here


class _Elements(XmlReader):
    """The attributes of all elements of some names."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        self.found: list[tuple[str, dict[str, str]]] = []

    def start(self, name: str, values: dict[str, str]) -> None:
        if name in self._names:
            self.found.append((name, values))

    def end(self, name: str) -> None:
        """Take nothing: attributes stand where an element begins."""
        del name

    def says(self, element: str, attribute: str) -> bool:
        return any(
            values.get(attribute) in ("1", "true") for name, values in self.found if name == element
        )


def _find_part(
    archive: zipfile.ZipFile, names: set[str], book: _Elements, sheet: str
) -> str | None:
    """Return the member of an archive that holds a sheet."""
    links = _Elements(("Relationship",))
    links.read(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {values.get("Id"): values.get("Target", "") for _, values in links.found}
    for name, values in book.found:
        if name == "sheet" and values.get("name") == sheet:
            target = targets.get(values.get("id"), "")
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            return part if part in names else None
    return None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def column_number(letters: str) -> int:
    """Return the position of a column from 0: ``A`` is 0, ``XFD`` is 16383."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _refuse_doctype(*_: object) -> None:
    raise ValueError
