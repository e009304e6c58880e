"""What a document is made of, whatever its format: headings, paragraphs, tables, figures, cards.

All of it is data and text; nothing here knows Word, typst or HTML.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal


@dataclass(frozen=True)
class Ref:
    """A reference, in running text, to a table, figure or heading by its anchor."""

    target: str


Part = str | Ref
Text = tuple[Part, ...]


@dataclass(frozen=True)
class Heading:
    """A heading: level 1 to 3, its number as written (一、 or 1.1) and its text."""

    level: int
    text: str
    anchor: str
    number: str = ""

    @property
    def whole(self) -> str:
        """Number and text as they stand on the page."""
        return f"{self.number}{self.text}"


@dataclass(frozen=True)
class Paragraph:
    """Running text; a ``note`` is set smaller, ``brief`` closer, a ``lead`` stands out."""

    parts: Text
    style: Literal["body", "note", "lead", "brief"] = "body"


@dataclass(frozen=True)
class Items:
    """A numbered list, set closer where it is ``brief``."""

    items: tuple[Text, ...]
    brief: bool = False


@dataclass(frozen=True)
class Cell:
    """Text of a cell; where it tells an outcome, its code for mark and colour.

    ``target`` is the anchor it leads to, if the document has it.
    """

    text: str
    outcome: str = ""
    target: str = ""


@dataclass(frozen=True)
class Column:
    """Header, share of the width (any unit) and alignment of a column."""

    title: str
    width: float
    align: Literal["left", "right", "center"] = "left"


@dataclass(frozen=True)
class Table:
    """A table; with ``total`` its last row is a sum. Without a caption it has no number."""

    anchor: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: bool = False


@dataclass(frozen=True)
class Figure:
    """A picture (PNG) with its size on paper in millimetres; *alt* is its text alternative."""

    anchor: str
    caption: str
    picture: bytes = field(repr=False)
    width: float
    height: float
    alt: str
    map: bool = False
    """Whether the interactive map may stand here in a format that can hold it."""


@dataclass(frozen=True)
class Card:
    """One thing on one card: what it is, where, and a table."""

    heading: Heading
    facts: tuple[tuple[str, Cell], ...]
    figure: Figure | None
    table: Table | None
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Wide:
    """Blocks that need a page in landscape."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Contents:
    """The place of the table of contents, under its title."""

    title: str
    depth: int = 2


@dataclass(frozen=True)
class Break:
    """A new page."""


Block = Heading | Paragraph | Items | Table | Figure | Card | Wide | Contents | Break


@dataclass(frozen=True)
class Document:
    """A whole document.

    Attributes
    ----------
    title, kind
        The two lines of the title: of what, and what it is.
    lines
        What stands under the title: list, version, date.
    scope
        The note on what the document is worth.
    language
        ``"zh"`` or ``"en"``.
    date
        Its day, which is also that of the file.
    words
        The writers' own words: ``table`` and ``figure`` (with ``{n}``), ``page``, ``map``,
        ``map_help``, ``title``, ``header``, ``subject``, ``keywords``, ``tool``.
    blocks
        The text, in order.
    map_page
        Returns the page of the interactive map, where there is one.
    """

    title: str
    kind: str
    lines: tuple[str, ...]
    scope: str
    language: str
    date: dt.date
    words: Mapping[str, str]
    blocks: tuple[Block, ...]
    map_page: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    def walk(self) -> Iterator[Block]:
        """Yield every block in reading order, those within others too."""
        yield from _walk(self.blocks)

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """Every heading, in order."""
        return tuple(one for one in self.walk() if isinstance(one, Heading))

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Number of each captioned table and figure by anchor, each kind counted from 1."""
        numbers: dict[str, int] = {}
        for kind in (Table, Figure):
            shown = [one for one in self.walk() if isinstance(one, kind) and one.caption]
            numbers |= {one.anchor: n for n, one in enumerate(shown, start=1)}
        return numbers

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What a reference to each anchor reads: ``表 3``, ``图 1``, the number of a heading."""
        named = {one.anchor: one.number.strip(" 、.") or one.text for one in self.headings}
        for one in self.walk():
            if isinstance(one, (Table, Figure)) and one.caption:
                named[one.anchor] = self.label(one)
        return named

    def label(self, one: Table | Figure) -> str:
        """Return the label of a caption, such as ``表 3``."""
        kind = "table" if isinstance(one, Table) else "figure"
        return self.words[kind].format(n=self.numbers[one.anchor])


def _walk(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Wide):
            yield from _walk(block.blocks)
        elif isinstance(block, Card):
            inner = (block.heading, block.figure, block.table)
            yield from (one for one in inner if one is not None)


def plain(text: Text, names: Mapping[str, str]) -> str:
    """Return running text with its references written out."""
    return "".join(part if isinstance(part, str) else names[part.target] for part in text)


def led(blocks: Sequence[Block]) -> Iterator[tuple[Block, bool]]:
    """Yield blocks, and whether each is a paragraph that leads over to the one after it.

    Such a paragraph stays on the page of what it announces.
    """
    for at, block in enumerate(blocks):
        after = blocks[at + 1] if at + 1 < len(blocks) else None
        announced = isinstance(after, Table | Figure | Card | Items)
        yield block, isinstance(block, Paragraph) and announced


__all__ = [
    "Block", "Break", "Card", "Cell", "Column", "Contents", "Document", "Figure", "Heading",
    "Items", "Paragraph", "Part", "Ref", "Table", "Text", "Wide", "led", "plain",
]  # fmt: skip
