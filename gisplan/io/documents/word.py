"""A document -> a whole Word file: styles, fonts, header, footer, properties, steady bytes.

The page is that of official documents (GB/T 9704-2012): A4, 37/28/35/26 mm.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from importlib.resources import files
from typing import Any, Final

import docx
from lxml import etree

from gisplan.io.documents.blocks import Document
from gisplan.io.documents.word_body import PORTRAIT, Body, turn
from gisplan.io.documents.wordml import W, field, legal, paragraph, run


def word_file(document: Document) -> bytes:
    """Return a document as the bytes of a .docx."""
    file = docx.Document()
    _equip(file, document)
    Body(file, document).write()
    held = io.BytesIO()
    file.save(held)
    return _steady(held.getvalue())


def _equip(file: Any, document: Document) -> None:
    """Give the file its styles, fonts, header, footer and properties."""
    held = files("gisplan").joinpath("assets", "documents")
    styles = etree.fromstring(held.joinpath("word_styles.xml").read_bytes())
    if document.language == "en":
        _unindent(styles)
    root = file.styles.element
    for child in list(root):
        root.remove(child)
    root.extend(list(styles))
    package = file.part.package
    for part in package.iter_parts():
        if str(part.partname) == "/word/fontTable.xml":
            part._blob = held.joinpath("word_fonts.xml").read_bytes()  # noqa: SLF001
    for key, relation in list(package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[key]
    for one in file.settings.element.iter(f"{{{W}}}compatSetting"):
        if one.get(f"{{{W}}}name") == "compatibilityMode":
            one.set(f"{{{W}}}val", "15")
    _margins(file, document)
    _properties(file, document)


def _unindent(styles: Any) -> None:
    """Latin text begins at the edge, with room between paragraphs instead."""
    for style in styles.iter(f"{{{W}}}style"):
        name = style.get(f"{{{W}}}styleId")
        if name not in _LATIN:
            continue
        for indent in style.iter(f"{{{W}}}ind"):
            if name not in ("ListBrief", "ListNumber"):
                indent.set(f"{{{W}}}firstLineChars", "0")
                indent.set(f"{{{W}}}firstLine", "0")
        line, size = _LATIN[name]
        for spacing in style.iter(f"{{{W}}}spacing"):
            spacing.set(f"{{{W}}}after", "80")
            spacing.set(f"{{{W}}}line", line)
            spacing.set(f"{{{W}}}lineRule", "atLeast")
        for letters in (*style.iter(f"{{{W}}}sz"), *style.iter(f"{{{W}}}szCs")):
            letters.set(f"{{{W}}}val", size)


_LATIN: Final = {
    "Normal": ("290", "24"), "Note": ("240", "20"), "Brief": ("260", "22"),
    "ListBrief": ("260", "22"), "ListNumber": ("270", "24"), "Title": ("440", "36"),
    "Lead": ("270", "24"),
}  # fmt: skip
"""Line (twips) and size (half points) of what Latin text needs otherwise."""


def _margins(file: Any, document: Document) -> None:
    """Header with the title from the second page on, footer with the page's number."""
    section = file.sections[0]
    section.different_first_page_header_footer = True
    _fill(section.header, [run(document.words["header"])], "Header")
    _fill(section.first_page_header, [], "Normal")
    before, after = document.words["page"].split("{n}")
    for footer in (section.footer, section.first_page_footer):
        _fill(footer, [run(before), *field("PAGE", "1"), run(after)], "Footer")
    turn(section._sectPr, PORTRAIT)  # noqa: SLF001


def _fill(part: Any, content: list[Any], style: str) -> None:
    part.is_linked_to_previous = False
    root = part._element  # noqa: SLF001
    for child in list(root):
        root.remove(child)
    root.append(paragraph(style, *content))


def _properties(file: Any, document: Document) -> None:
    day = dt.datetime.combine(document.date, dt.time())
    about = file.core_properties
    about.title, about.subject = legal(document.words["title"]), document.words["subject"]
    about.author = about.last_modified_by = document.words["tool"]
    about.keywords, about.comments = document.words["keywords"], legal(document.scope)
    about.created = about.modified = day
    about.language = "zh-CN" if document.language == "zh" else "en"
    about.revision, about.category = 1, ""


def _steady(content: bytes) -> bytes:
    """Pack again with a fixed day, so that the same document is the same bytes."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(held, "w") as packed:
        for name in given.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, given.read(name))
    return held.getvalue()
