"""Reports of the square world, and how to read a document's numbers back from each format."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pandas as pd

from gisplan.io.documents.blocks import (
    Card,
    Document,
    Figure,
    Heading,
    Items,
    Paragraph,
    Table,
    plain,
)
from gisplan.io.projects import Intake
from gisplan.terms import ISSUE_COLUMNS
from tests.worlds import projects, world

Grid = list[list[str]]

RUN = {
    "tool": "9.9", "date": "2026-03-04", "plan_sha256": "a" * 64, "projects_sha256": "b" * 64,
    "projects_file": "清单.csv", "threshold": 0.95,
    "projects_read": {"crs": "EPSG:4547", "sheet": "甲 表", "encoding": None},
}  # fmt: skip


def sample(language: str = "zh", *, accuracy: float = 40.0, **options: Any) -> Document:
    """A report on five projects: inside, near an edge, nowhere, in the redline, outside."""
    places = [(2000, 2000), (2990, 2000), None, (8500, 8500), (-3000, 500)]
    listed = projects(*places, accuracy=accuracy)
    listed["investment"] = [1e8, 2.5e7, float("nan"), 3e6, float("nan")]
    return world(accuracy).report(
        listed, read=read_of(listed), run=RUN, language=language, **options
    )


def read_of(listed: Any, issues: list[tuple[Any, ...]] | None = None) -> Intake:
    """What intake would have read of a list."""
    found = issues or [("GP-INT-001", "warning", "清单.csv", "", 4, "经度", "")]
    frame = pd.DataFrame(found, columns=list(ISSUE_COLUMNS))
    return Intake(listed, frame, (("header_row", "1"), ("crs_declared", "EPSG:4547")))


def sentences(document: Document) -> Iterator[str]:
    """Every text of a document, outside the tables."""
    yield from (document.title, document.kind, *document.lines, document.scope)
    for block in document.walk():
        match block:
            case Heading():
                yield block.whole
            case Paragraph():
                yield plain(block.parts, document.names)
            case Items():
                yield from (plain(one, document.names) for one in block.items)
            case Card():
                yield from (plain(note, document.names) for note in block.notes)
                yield from (text for label, cell in block.facts for text in (label, cell.text))
            case Table():
                yield from (column.title for column in block.columns)
                yield block.caption
            case Figure():
                yield block.caption
                yield block.alt


def everything(document: Document) -> Iterator[str]:
    """Every text of a document, that of its tables too."""
    yield from sentences(document)
    for block in document.walk():
        if isinstance(block, Table):
            yield from (cell.text for row in block.rows for cell in row)


def grids(document: Document) -> dict[str, Grid]:
    """The captioned tables of a document as text, by label."""
    return {
        document.label(one): [
            [column.title for column in one.columns],
            *([cell.text for cell in row] for row in one.rows),
        ]
        for one in document.walk()
        if isinstance(one, Table) and one.caption
    }


def docx_grids(content: bytes) -> dict[str, Grid]:
    """The captioned tables of a Word file, by label, as python-docx reads them."""
    import docx
    from docx.table import Table as WordTable

    found: dict[str, Grid] = {}
    label = ""
    for one in docx.Document(io.BytesIO(content)).iter_inner_content():
        if isinstance(one, WordTable):
            if label:
                found[label] = [[unmarked(cell.text) for cell in row.cells] for row in one.rows]
            label = ""
        elif one.style.name == "Caption":
            label = one.text.partition("　")[0]
        elif one.text:
            label = ""
    return found


def unmarked(text: str) -> str:
    """Text of a cell without the mark of its outcome."""
    return re.sub(r"^[✘？！△✔–] ?(?=\S)", "", text)


class PageReader(HTMLParser):
    """Tables, headings, texts and frames of a page, read by the standard library."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.grids: dict[str, Grid] = {}
        self.text: list[str] = []
        self.frames: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._label, self._rows, self._cell, self._silent = "", None, None, 0  # type: ignore[var-annotated]
        self._caption = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "iframe":
            self.frames.append(dict(attrs)["srcdoc"] or "")
        elif tag == "table":
            self._rows, self._label = [], ""
        elif tag == "caption":
            self._caption = True
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = []
        elif (tag == "span" and ("class", "mark") in attrs) or tag == "style":
            self._silent += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in ("span", "style") and self._silent:
            self._silent -= 1
        elif tag == "caption":
            self._caption = False
        elif tag in ("td", "th"):
            self._rows[-1].append("".join(self._cell))
            self._cell = None
        elif tag == "table":
            if self._label:
                self.grids[self._label.partition("　")[0]] = self._rows
            self._rows = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text.append(data)
        if self._caption:
            self._label += data
        elif self._cell is not None:
            self._cell.append(data)


def read_page(page: str) -> PageReader:
    """Read an HTML report."""
    reader = PageReader()
    reader.feed(page)
    reader.close()
    return reader


def island(page: str) -> Any:
    """The data of the interactive map inside an HTML report, as its frame holds them."""
    found = re.search(
        r'<script[^>]*type="application/json"[^>]*>(.*?)</script>',
        read_page(page).frames[0],
        re.DOTALL,
    )
    assert found, "no island"
    return json.loads(html.unescape(found[1]) if "&quot;" in found[1][:200] else found[1])
