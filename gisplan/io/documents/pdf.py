"""A document -> PDF by typst, with the shipped font: tagged, bookmarked, same bytes each time.

The template is ours; the document is handed over as JSON and its text is never markup.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from gisplan.errors import MissingExtra
from gisplan.fonts import chinese_font, printable, spelled
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
from gisplan.symbology import OUTCOME_SYMBOLS

FAMILY: Final = "Gisplan Sans SC"


def pdf_bytes(document: Document) -> bytes:
    """Return a document as a PDF.

    Raises
    ------
    MissingExtra
        Where typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        raise MissingExtra("extra_missing", name="typst", extra="report") from error
    template = files("gisplan").joinpath("assets", "documents", "report.typ").read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="gisplan-") as folder:
        root = Path(folder)
        (root / "report.typ").write_text(template, encoding="utf-8")
        data = _Data(document, root).whole()
        made = typst.compile(
            str(root / "report.typ"),
            root=folder,
            font_paths=[str(chinese_font().parent)],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            timestamp=dt.datetime.combine(document.date, dt.time(), dt.UTC),
        )
    return bytes(made)


class _Data:
    """The document as plain data for the template; its pictures as files beside it."""

    def __init__(self, document: Document, root: Path) -> None:
        self._of, self._root, self._pictures = document, root, 0

    def whole(self) -> dict[str, Any]:
        of = self._of
        words = {name: _text(text) for name, text in of.words.items()}
        return {
            "plan": _text(of.title), "title": words["title"], "kind": _text(of.kind),
            "lines": [_text(line) for line in of.lines], "scope": _text(of.scope),
            "header": words["header"], "page": of.words["page"],
            "tool": words["tool"], "keywords": words["keywords"], "font": FAMILY,
            "lang": of.language, "region": "cn" if of.language == "zh" else "us",
            "names": {anchor: _text(name) for anchor, name in of.names.items()},
            "blocks": [self._block(block, leads=leads) for block, leads in led(of.blocks)],
        }  # fmt: skip

    def _block(self, block: Block, *, leads: bool = False) -> dict[str, Any]:
        match block:
            case Heading():
                return {"type": "heading", **_heading(block)}
            case Paragraph():
                return {"type": "paragraph", "style": block.style, "leads": leads,
                        "parts": _parts(block.parts)}  # fmt: skip
            case Items():
                return {"type": "items", "items": [_parts(one) for one in block.items]}
            case Table():
                return {"type": "table", **self._table(block)}
            case Figure():
                return {"type": "figure", **self._figure(block)}
            case Card():
                return {"type": "card", **self._card(block)}
            case Wide():
                inner = [self._block(one, leads=leads) for one, leads in led(block.blocks)]
                return {"type": "wide", "blocks": inner}
            case Contents():
                return {"type": "contents", "title": block.title, "depth": block.depth}
            case Break():
                return {"type": "break"}

    def _table(self, block: Table) -> dict[str, Any]:
        return {
            "anchor": block.anchor, "caption": _text(block.caption), "total": block.total,
            "label": self._of.label(block) if block.caption else "",
            "columns": [{"title": _text(one.title), "width": one.width, "align": one.align}
                        for one in block.columns],
            "rows": [[_cell(one) for one in row] for row in block.rows],
        }  # fmt: skip

    def _figure(self, block: Figure) -> dict[str, Any]:
        self._pictures += 1
        name = f"{self._pictures}.png"
        (self._root / name).write_bytes(block.picture)
        return {
            "anchor": block.anchor, "caption": _text(block.caption), "file": name,
            "label": self._of.label(block) if block.caption else "",
            "width": block.width, "height": block.height, "alt": _text(block.alt),
        }  # fmt: skip

    def _card(self, block: Card) -> dict[str, Any]:
        return {
            "heading": _heading(block.heading),
            "facts": [{"label": label, "cell": _cell(one)} for label, one in block.facts],
            "figure": self._figure(block.figure) if block.figure else None,
            "table": self._table(block.table) if block.table else None,
            "notes": [_parts(note) for note in block.notes],
        }


def _text(text: str) -> str:
    if not text.strip():
        return text
    # A word wider than any column could not break: it may, at these places that nobody sees.
    return _ENDLESS.sub(_breakable, spelled(printable(text)))


def _breakable(word: re.Match[str]) -> str:
    return _BREAK.sub(lambda part: f"{part[0]}\u200b", word[0])


_ENDLESS: Final = re.compile(r"[!-~]{66,}")
_BREAK: Final = re.compile(r".{20}")


def _parts(text: Text) -> list[Any]:
    return [{"ref": one.target} if isinstance(one, Ref) else _piece(one) for one in text]


def _piece(text: str) -> str:
    """A piece of running text, whose blanks at the ends part it from its neighbours."""
    before = " " if text[:1] == " " else ""
    after = " " if len(text) > 1 and text[-1] == " " else ""
    return before + _text(text.strip(" ")) + after


def _heading(block: Heading) -> dict[str, Any]:
    return {"level": block.level, "whole": _text(block.whole), "anchor": block.anchor}


def _cell(one: Cell) -> dict[str, Any]:
    symbol = OUTCOME_SYMBOLS.get(one.outcome)
    return {
        "text": _text(one.text), "target": one.target,
        "mark": symbol.glyph if symbol else "", "color": symbol.color if symbol else "",
    }  # fmt: skip
