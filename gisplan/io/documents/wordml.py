"""Elements of WordprocessingML: runs, fields, bookmarks, tables. Text is always text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from lxml import etree

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
XML: Final = "http://www.w3.org/XML/1998/namespace"
TWIPS: Final = 1440 / 25.4
"""Twentieths of a point in a millimetre."""

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Element = Any


def legal(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _ILLEGAL.sub(" ", text)


def twips(millimetres: float) -> str:
    """Return a length as Word counts it."""
    return str(round(millimetres * TWIPS))


def el(tag: str, /, *children: Element, **attributes: str) -> Element:
    """Return a ``w:`` element with ``w:`` attributes and children."""
    made = etree.Element(
        f"{{{W}}}{tag}", {f"{{{W}}}{k.rstrip('_')}": v for k, v in attributes.items()}
    )
    made.extend(children)
    return made


def run(text: str, *, color: str = "", font: str = "") -> Element:
    """Return a run of text."""
    properties = []
    if font:
        properties.append(el("rFonts", eastAsia=font))
    if color:
        properties.append(el("color", val=color))
    letters = el("t")
    letters.text = legal(text)
    letters.set(f"{{{XML}}}space", "preserve")
    return el("r", *([el("rPr", *properties)] if properties else []), letters)


def paragraph(
    style: str, *content: Element, align: str = "", keep: bool = False, new_page: bool = False
) -> Element:
    """Return a paragraph of a style."""
    properties = [el("pStyle", val=style)]
    if keep:
        properties.append(el("keepNext"))
    if new_page:
        properties.append(el("pageBreakBefore"))
    if align:
        properties.append(el("jc", val=align))
    return el("p", el("pPr", *properties), *content)


def field(instruction: str, shown: str) -> list[Element]:
    """Return the runs of a field with its result filled in."""
    return [*field_start(instruction), run(shown), field_end()]


def field_start(instruction: str) -> list[Element]:
    """Return the runs that open a field, up to its result."""
    code = el("instrText")
    code.text = f" {instruction} "
    code.set(f"{{{XML}}}space", "preserve")
    return [
        el("r", el("fldChar", fldCharType="begin")), el("r", code),
        el("r", el("fldChar", fldCharType="separate")),
    ]  # fmt: skip


def field_end() -> Element:
    """Return the run that closes a field."""
    return el("r", el("fldChar", fldCharType="end"))


def bookmarked(name: str, number: int, content: Iterable[Element]) -> list[Element]:
    """Return content inside a bookmark."""
    start = el("bookmarkStart", id=str(number), name=name)
    return [start, *content, el("bookmarkEnd", id=str(number))]


def link(anchor: str, *content: Element) -> Element:
    """Return content that leads to a bookmark."""
    return el("hyperlink", *content, anchor=anchor, history="1")


def table(
    style: str,
    widths: Sequence[float],
    rows: Iterable[Element],
    *,
    title: str = "",
    total: bool = False,
) -> Element:
    """Return a table of fixed widths (millimetres)."""
    look = {"val": "0420" if not total else "0460", "firstRow": "1", "lastRow": str(int(total)),
            "firstColumn": "0", "lastColumn": "0", "noHBand": "1", "noVBand": "1"}  # fmt: skip
    properties = [
        el("tblStyle", val=style),
        el("tblW", w=twips(sum(widths)), type="dxa"),
        el("jc", val="center"),
        el("tblLayout", type="fixed"),
        el("tblLook", **look),
    ]
    if title:
        properties.append(el("tblCaption", val=legal(title)))
    grid = el("tblGrid", *(el("gridCol", w=twips(width)) for width in widths))
    return el("tbl", el("tblPr", *properties), grid, *rows)


def row(cells: Iterable[Element], *, header: bool = False) -> Element:
    """Return a row that does not split, repeated on each page where it is a header."""
    properties = [el("cantSplit"), *([el("tblHeader")] if header else [])]
    return el("tr", el("trPr", *properties), *cells)


def cell(width: float, *content: Element, middle: bool = True) -> Element:
    """Return a cell of a width in millimetres."""
    properties = [el("tcW", w=twips(width), type="dxa")]
    if middle:
        properties.append(el("vAlign", val="center"))
    return el("tc", el("tcPr", *properties), *content)
