"""A document -> one offline HTML page: text readable without scripts, the map in a sealed frame."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Final

from gisplan.io.documents.blocks import (
    Block,
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
)
from gisplan.symbology import OUTCOME_SYMBOLS

_NONCE: Final = re.compile(r"script-src 'nonce-([A-Za-z0-9+/=]+)'")
_UNSEEN: Final = ("Cc", "Cs")


def page_text(document: Document) -> str:
    """Return a document as an HTML page that asks for nothing.

    The interactive map stands in a frame without an origin of its own, so that nothing in it
    can reach the text. A frame obeys the policy of its page as well as its own: the one
    script allowed is the map's, by its nonce.
    """
    body = "".join(_Page(document).whole())
    css = _css()
    map_page = document.map_page() if document.map_page is not None else ""
    found = _NONCE.search(map_page)
    nonce = found[1] if found else _digest(body)
    frame = _frame(map_page, document) if map_page else ""
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    language = "zh-CN" if document.language == "zh" else "en"
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="{_said(document.words["tool"])}">\n'
        f"<title>{_said(document.words['title'])}</title>\n"
        f'<style nonce="{nonce}">\n{css}</style>\n</head>\n<body>\n<main>\n'
        f"{body.replace(_PLACE, frame)}</main>\n</body>\n</html>\n"
    )


_PLACE: Final = "<!--map-->"
"""Where the map goes: no text of a user can say it, as theirs is escaped."""


def _css() -> str:
    held = files("gisplan").joinpath("assets", "documents", "report.css").read_text("utf-8")
    colours = "".join(
        f".o-{code} .mark {{ color: {symbol.color}; }}\n"
        for code, symbol in OUTCOME_SYMBOLS.items()
    )
    # No attribute may style, by the page's policy; so a class stands for each width.
    return held + colours + "".join(f".w{n} {{ width: {n}%; }}\n" for n in range(1, 101))


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:18]).decode()


def _frame(map_page: str, document: Document) -> str:
    title, told = (_said(document.words[key]) for key in ("map", "map_help"))
    return (
        f'<section class="map"><h3>{title}</h3><p>{told}</p>'
        f'<iframe title="{title}" sandbox="allow-scripts allow-downloads" '
        f'srcdoc="{escape(map_page)}"></iframe></section>\n'
    )


def _said(text: str) -> str:
    """Return text for the page: never markup, and no character that is not text."""
    seen = (" " if unicodedata.category(one) in _UNSEEN else one for one in text)
    return escape("".join(seen))


class _Page:
    """The blocks of a document as HTML."""

    def __init__(self, document: Document) -> None:
        self._of = document

    def whole(self) -> Iterator[str]:
        of = self._of
        yield f'<header><h1>{_said(of.title)} <span class="kind">{_said(of.kind)}</span></h1>\n'
        yield from (f"<p>{_said(line)}</p>\n" for line in of.lines)
        yield f'<p class="scope">{_said(of.scope)}</p></header>\n'
        for block in of.blocks:
            yield from self._put(block)

    def _put(self, block: Block) -> Iterator[str]:
        match block:
            case Heading():
                yield self._heading(block)
            case Paragraph():
                yield f'<p class="{block.style}">{self._text(block.parts)}</p>\n'
            case Items():
                yield self._items(block)
            case Table():
                yield self._table(block)
            case Figure():
                yield self._figure(block)
            case Card():
                yield from self._card(block)
            case Wide():
                yield '<div class="wide">\n'
                for inner in block.blocks:
                    yield from self._put(inner)
                yield "</div>\n"
            case Contents():
                yield from self._contents(block)

    def _items(self, block: Items) -> str:
        told = "".join(f"<li>{self._text(one)}</li>\n" for one in block.items)
        return f"<ol>\n{told}</ol>\n"

    def _text(self, parts: Text) -> str:
        return "".join(
            f'<a href="#{part.target}">{_said(self._of.names[part.target])}</a>'
            if isinstance(part, Ref)
            else _said(part)
            for part in parts
        )

    def _heading(self, block: Heading) -> str:
        level = block.level + 1
        return f'<h{level} id="{block.anchor}">{_said(block.whole)}</h{level}>\n'

    def _contents(self, block: Contents) -> Iterator[str]:
        yield f"<nav><h2>{_said(block.title)}</h2>\n<ul>\n"
        for one in self._of.headings:
            if one.level <= block.depth:
                link = f'<a href="#{one.anchor}">{_said(one.whole)}</a>'
                yield f'<li class="d{one.level}">{link}</li>\n'
        yield "</ul></nav>\n"

    def _table(self, block: Table) -> str:
        caption = ""
        if block.caption:
            caption = f"<caption>{_said(self._of.label(block))}　{_said(block.caption)}</caption>"
        whole = sum(one.width for one in block.columns)
        head = "".join(
            f'<th scope="col" class="{one.align} w{round(one.width / whole * 100)}">'
            f"{_said(one.title)}</th>"
            for one in block.columns
        )
        rows = []
        for at, row in enumerate(block.rows):
            sum_ = ' class="total"' if block.total and at == len(block.rows) - 1 else ""
            told = "".join(
                f'<td class="{column.align}">{self._cell(one)}</td>'
                for column, one in zip(block.columns, row, strict=True)
            )
            rows.append(f"<tr{sum_}>{told}</tr>\n")
        return (
            f'<div class="table"><table id="{block.anchor}">{caption}\n'
            f"<thead><tr>{head}</tr></thead>\n"
            f"<tbody>\n{''.join(rows)}</tbody></table></div>\n"
        )

    def _cell(self, one: Cell) -> str:
        text = _said(one.text)
        if one.target in self._of.names:
            text = f'<a href="#{one.target}">{text}</a>'
        symbol = OUTCOME_SYMBOLS.get(one.outcome)
        if symbol is None:
            return text
        mark = f'<span class="mark" aria-hidden="true">{symbol.glyph}</span>'
        return f'<span class="o-{one.outcome}">{mark}{text}</span>'

    def _figure(self, block: Figure) -> str:
        data = base64.b64encode(block.picture).decode()
        caption = ""
        if block.caption:
            label = _said(self._of.label(block))
            caption = f"<figcaption>{label}　{_said(block.caption)}</figcaption>"
        # On paper a pixel of a page is 1/96 inch: the scale of a map is true there too.
        width = round(block.width * 96 / 25.4)
        made = (
            f'<figure id="{block.anchor}"><img width="{width}" alt="{_said(block.alt)}" '
            f'src="data:image/png;base64,{data}">{caption}</figure>\n'
        )
        return made + (_PLACE if block.map else "")

    def _card(self, block: Card) -> Iterator[str]:
        yield f'<section class="card">{self._heading(block.heading)}<div class="top"><dl>\n'
        for label, one in block.facts:
            yield f"<dt>{_said(label)}</dt><dd>{self._cell(one)}</dd>\n"
        yield "</dl>"
        if block.figure is not None:
            yield self._figure(block.figure)
        yield "</div>\n"
        yield from (f'<p class="note">{self._text(note)}</p>\n' for note in block.notes)
        if block.table is not None:
            yield self._table(block.table)
        yield "</section>\n"
