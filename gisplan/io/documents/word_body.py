"""A document -> the body of a Word file: paragraphs, tables, figures and sections in order."""

from __future__ import annotations

import copy
import io
from typing import Any, Final

from gisplan.io.documents.blocks import (
    Block,
    Break,
    Card,
    Cell,
    Contents,
    Document,
    Figure,
    Heading,
    Items,
    Paragraph,
    Ref,
    Table,
    Text,
    Wide,
    led,
)
from gisplan.io.documents.wordml import (
    W,
    bookmarked,
    cell,
    el,
    field,
    field_end,
    field_start,
    legal,
    link,
    paragraph,
    row,
    run,
    table,
    twips,
)
from gisplan.symbology import OUTCOME_SYMBOLS

PORTRAIT: Final = {"w": 210.0, "h": 297.0, "top": 37.0, "right": 26.0, "bottom": 35.0, "left": 28.0}
LANDSCAPE: Final = {
    "w": 297.0,
    "h": 210.0,
    "top": 22.0,
    "right": 35.0,
    "bottom": 20.0,
    "left": 37.0,
}
"""Paper and margins in millimetres; the wide page is the tall one turned, its binding on top."""

NARROW: Final = PORTRAIT["w"] - PORTRAIT["left"] - PORTRAIT["right"]
BROAD: Final = LANDSCAPE["w"] - LANDSCAPE["left"] - LANDSCAPE["right"]
"""Widths of the text in millimetres: 156 and 225."""

_DENSE: Final = 7
"""Columns from which a table without a caption, that of a card, is set smaller."""

_STYLES: Final = {"body": "Normal", "note": "Note", "lead": "Lead", "brief": "Brief"}


class Body:
    """Lays blocks into the body of a file, section after section."""

    def __init__(self, file: Any, document: Document) -> None:
        self._file, self._document = file, document
        self._body = file.element.body
        self._last = self._body.sectPr
        self._body.remove(self._last)
        self._marks: dict[str, int] = {}
        self._width = NARROW
        self._break = False
        self._drawn = 0

    def write(self) -> None:
        """Lay out the whole document."""
        self._cover()
        for block, leads in led(self._document.blocks):
            self._put(block, keep=leads)
        self._body.append(self._last)

    def _add(self, *made: Any) -> None:
        """Append elements; a break that is due goes onto the first paragraph."""
        for one in made:
            if self._break and one.tag == f"{{{W}}}p":
                self._break = False
                properties = one.find(f"{{{W}}}pPr")
                at = 2 if properties.find(f"{{{W}}}keepNext") is not None else 1
                properties.insert(at, el("pageBreakBefore"))
            self._body.append(one)

    def _put(self, block: Block, *, keep: bool = False) -> None:
        match block:
            case Heading():
                self._add(self._heading(block))
            case Paragraph():
                self._add(paragraph(_STYLES[block.style], *self._text(block.parts), keep=keep))
            case Items():
                self._items(block)
            case Table():
                self._table(block)
            case Figure():
                self._add(*self._figure(block))
            case Card():
                self._card(block)
            case Wide():
                self._wide(block)
            case Contents():
                self._contents(block)
            case Break():
                self._break = True

    def _cover(self) -> None:
        of = self._document
        self._add(paragraph("Title", run(of.title)), paragraph("Title", run(of.kind)))
        self._add(*(paragraph("Subtitle", run(line)) for line in of.lines))
        self._add(paragraph("Scope", run(of.scope)))

    def _mark(self, anchor: str, content: list[Any], prefix: str = "_Ref") -> list[Any]:
        name = self._name(anchor, prefix)
        self._marks[name] = len(self._marks) + 1
        return bookmarked(name, self._marks[name], content)

    def _name(self, anchor: str, prefix: str = "_Ref") -> str:
        return f"{prefix}_{anchor}"[:40]

    def _text(self, parts: Text) -> list[Any]:
        made: list[Any] = []
        for part in parts:
            if isinstance(part, Ref):
                shown = self._document.names[part.target]
                made += field(f"REF {self._name(part.target)} \\h", shown)
            else:
                made.append(run(part))
        return made

    def _heading(self, block: Heading) -> Any:
        shown = self._document.names[block.anchor]
        # What a reference quotes is marked apart: the number without its stop.
        before, _, after = block.whole.partition(shown)
        inner = [*([run(before)] if before else []), *self._mark(block.anchor, [run(shown)]),
                 *([run(after)] if after else [])]  # fmt: skip
        return paragraph(f"Heading{block.level}", *self._mark(block.anchor, inner, "_Toc"))

    def _items(self, block: Items) -> None:
        for n, item in enumerate(block.items, start=1):
            style = "ListBrief" if block.brief else "ListNumber"
            self._add(paragraph(style, run(f"{n}."), el("r", el("tab")), *self._text(item)))

    def _caption(self, block: Table | Figure, *, keep: bool) -> Any:
        label = self._document.label(block)
        number = str(self._document.numbers[block.anchor])
        before, _, after = label.rpartition(number)
        kind = "Table" if isinstance(block, Table) else "Figure"
        inner = [run(before), *field(f"SEQ {kind} \\* ARABIC", number)]
        inner += [run(after)] if after else []
        content = [*self._mark(block.anchor, inner), run(f"　{block.caption}")]
        return paragraph("Caption", *content, keep=keep)

    def _table(self, block: Table, *, keep: bool = False) -> None:
        if block.caption:
            self._add(self._caption(block, keep=True))
        self._add(self._grid(block, keep=keep))
        if not keep:  # after a card a heading follows, and a gap could fill a page of its own
            self._add(paragraph("Gap"))

    def _grid(self, block: Table, *, keep: bool = False) -> Any:
        whole = sum(one.width for one in block.columns)
        widths = [one.width / whole * self._width for one in block.columns]
        head = row(
            (cell(width, paragraph("TableHead", run(one.title)))
             for width, one in zip(widths, block.columns, strict=True)),
            header=True,
        )  # fmt: skip
        rows = [head]
        last = len(block.rows) - 1
        for at, given in enumerate(block.rows):
            # The last row but one stays with a sum, and a card with its first rows.
            held = (keep and at < min(last, 2)) or (block.total and at == last - 1)
            rows.append(self._row(block, widths, given, keep=held))
        return table("GisplanTable", widths, rows, title=block.caption, total=block.total)

    def _row(
        self, block: Table, widths: list[float], given: tuple[Cell, ...], *, keep: bool
    ) -> Any:
        style = "TableText" if block.caption or len(widths) < _DENSE else "CardText"
        made = []
        for width, column, one in zip(widths, block.columns, given, strict=True):
            align = {"left": "", "right": "right", "center": "center"}[column.align]
            content = self._cell(one)
            made.append(cell(width, paragraph(style, *content, align=align, keep=keep)))
        return row(made)

    def _cell(self, one: Cell) -> list[Any]:
        symbol = OUTCOME_SYMBOLS.get(one.outcome)
        mark = [run(f"{symbol.glyph} ", color=symbol.color[1:])] if symbol else []
        text = run(one.text)
        if one.target in self._document.names:
            text = link(self._name(one.target), text)
        return [*mark, text]

    def _picture(self, block: Figure) -> Any:
        from docx.shared import Mm

        self._drawn += 1
        held = io.BytesIO(block.picture)
        inline = self._file.part.new_pic_inline(held, Mm(block.width), Mm(block.height))
        inline.docPr.set("id", str(self._drawn))
        inline.docPr.set("name", f"Figure {self._drawn}")
        inline.docPr.set("descr", legal(block.alt))
        return el("r", el("drawing", inline))

    def _figure(self, block: Figure) -> list[Any]:
        made = [paragraph("Figure", self._picture(block))]
        return [*made, self._caption(block, keep=False)] if block.caption else made

    def _card(self, block: Card) -> None:
        # A whole card is about a page, and neither Word nor LibreOffice keeps two tables together.
        self._break = self._break or block.table is not None
        self._add(self._heading(block.heading))
        facts = [self._fact(label, one) for label, one in block.facts]
        if block.figure is None:
            self._add(*facts)
        else:
            side = block.figure.width + 4  # LibreOffice keeps 1.9 mm free on either side
            widths = [self._width - side, side]
            halves = [
                cell(widths[0], *facts, middle=False),
                cell(widths[1], *self._figure(block.figure), middle=False),
            ]
            self._add(table("GisplanCard", widths, [row(halves)], title=block.figure.alt))
        for note in block.notes:
            keep = block.table is not None
            self._add(paragraph("Note", *self._text(note), keep=keep))
        if block.table is not None:
            self._table(block.table, keep=True)

    def _fact(self, label: str, one: Cell) -> Any:
        return paragraph("CardText", run(f"{label}　", font="黑体"), *self._cell(one), keep=True)

    def _contents(self, block: Contents) -> None:
        shown = [one for one in self._document.headings if one.level <= block.depth]
        entries = []
        for at, one in enumerate(shown):
            opening = field_start(f'TOC \\o "1-{block.depth}" \\h \\z \\u') if at == 0 else []
            closing = [field_end()] if at == len(shown) - 1 else []
            inner = link(self._name(one.anchor, "_Toc"), run(one.whole))
            entries.append(paragraph(f"TOC{one.level}", *opening, inner, *closing))
        heading = paragraph("TOCHeading", run(block.title))
        made = el("sdtContent", heading, *entries)
        gallery = el("docPartObj", el("docPartGallery", val="Table of Contents"),
                     el("docPartUnique"))  # fmt: skip
        if self._break:
            heading.find(f"{{{W}}}pPr").insert(1, el("pageBreakBefore"))
            self._break = False
        self._body.append(el("sdt", el("sdtPr", gallery), made))

    def _wide(self, block: Wide) -> None:
        self._close(PORTRAIT)
        self._break = False
        self._width = BROAD
        for inner, leads in led(block.blocks):
            self._put(inner, keep=leads)
        self._width = NARROW
        self._close(LANDSCAPE)

    def _close(self, page: dict[str, float]) -> None:
        """End the section here: its page is told in its last paragraph."""
        ending = paragraph("Gap")
        ending.find(f"{{{W}}}pPr").append(_section(self._last, page))
        last = self._body[-1]
        # Not in a caption: LibreOffice then loses what refers to it.
        if (
            last.tag == f"{{{W}}}p"
            and last.find(f"{{{W}}}pPr/{{{W}}}pStyle").get(f"{{{W}}}val") == "Gap"
        ):
            last.find(f"{{{W}}}pPr").append(_section(self._last, page))
            return
        self._body.append(ending)


def _section(last: Any, page: dict[str, float]) -> Any:
    """Return a copy of the section's properties, headers and all, for a page."""
    made = copy.deepcopy(last)
    turn(made, page)
    # Only the document's own first page goes without a header.
    for first in last.findall(f"{{{W}}}titlePg"):
        last.remove(first)
    return made


def turn(section: Any, page: dict[str, float]) -> None:
    """Give a section the paper and margins of a page."""
    size, margin = section.find(f"{{{W}}}pgSz"), section.find(f"{{{W}}}pgMar")
    size.set(f"{{{W}}}w", twips(page["w"]))
    size.set(f"{{{W}}}h", twips(page["h"]))
    size.attrib.pop(f"{{{W}}}orient", None)
    if page["w"] > page["h"]:
        size.set(f"{{{W}}}orient", "landscape")
    for side in ("top", "right", "bottom", "left"):
        margin.set(f"{{{W}}}{side}", twips(page[side]))
    margin.set(f"{{{W}}}header", twips(15))
    margin.set(f"{{{W}}}footer", twips(22 if page["w"] < page["h"] else 12))
    margin.set(f"{{{W}}}gutter", "0")
