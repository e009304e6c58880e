"""What makes a workbook show something else than its cells hold."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gisplan.custody.compare import Difference
from gisplan.errors import VerifyError

_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CODE: Final = re.compile(r'formatCode="([^"]*)"')
_CELLS: Final = re.compile(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_CONDITIONS: Final = re.compile(r"<(?:\w+:)?dxfs\b.*?</(?:\w+:)?dxfs>", re.DOTALL)
_SHEET: Final = re.compile(r'<(?:\w+:)?sheet\b[^>]*\bname="([^"]*)"[^>]*\br:id="([^"]*)"')
_TARGET: Final = re.compile(r"<Relationship\b[^>]*>")
_WORDS: Final = re.compile(r'"[^"]*\w|[^\x00-\x7f]|;;')
"""Letters in quotes or of other scripts, and sections left out: ``;;;"passed"`` hides a cell."""

_LAID_ON: Final = (
    "xl/comments", "xl/threadedComments", "xl/drawings", "xl/media", "xl/embeddings", "xl/charts",
    "xl/externalLinks", "xl/vbaProject", "xl/activeX", "xl/ctrlProps",
)  # fmt: skip
"""Parts that gisplan never writes, and that lie over cells or run."""


def disguises(path: Path) -> Iterator[Difference]:
    """Yield formulas, number formats with words, and what is laid over the cells.

    Parameters
    ----------
    path
        An .xlsx whose size was looked at before (`gisplan.io.cellwise.read_grids`).

    Raises
    ------
    VerifyError
        ``verify_broken`` where a part cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _found(archive)
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, NotImplementedError) as error:
        raise VerifyError("verify_broken", path=path, reason=error) from None


def _found(archive: zipfile.ZipFile) -> Iterator[Difference]:
    titles = _titles(archive)
    for name in archive.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            if _FORMULA.search(archive.read(name)):
                yield Difference("formula", titles.get(name, name))
        elif name.startswith(_LAID_ON):
            yield Difference("laid_on", name)
    if "xl/styles.xml" not in archive.namelist():
        return
    for code in _formats(archive.read("xl/styles.xml").decode("utf-8")):
        if _WORDS.search(re.sub(r"\[[^\]]*\]", "", code)):
            yield Difference("format", code)


def _formats(styles: str) -> Iterator[str]:
    """Yield the number formats of cells and conditions; programs write others that none has."""
    used: set[str] = set()
    for block in _CELLS.findall(styles):
        used.update(re.findall(r'numFmtId="(\d+)"', block))
    conditions = "".join(_CONDITIONS.findall(styles))
    for element in re.findall(r"<(?:\w+:)?numFmt\b[^>]*>", styles):
        number, code = re.search(r'numFmtId="(\d+)"', element), _CODE.search(element)
        if code and (element in conditions or (number and number[1] in used)):
            yield html.unescape(code[1])


def _titles(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the title of each sheet by the part that it stands in."""
    book = archive.read("xl/workbook.xml").decode("utf-8")
    relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8")
    parts: dict[str, str] = {}
    for found in _TARGET.findall(relations):
        values = dict(re.findall(r'\b(Id|Target)="([^"]*)"', found))
        target = values.get("Target", "")
        parts[values.get("Id", "")] = target[1:] if target[:1] == "/" else f"xl/{target}"
    return {parts[key]: html.unescape(name) for name, key in _SHEET.findall(book) if key in parts}
