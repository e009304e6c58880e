"""Documents -> files: Word, PDF and HTML; each appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from gisplan.errors import OutputError
from gisplan.io.documents.about import with_about
from gisplan.io.documents.blocks import Document
from gisplan.io.documents.docx import docx_bytes
from gisplan.io.documents.page import page_text
from gisplan.io.documents.pdf import pdf_bytes
from gisplan.io.provenance import write_sidecar
from gisplan.io.writing import write_bytes

_WRITERS: Final[dict[str, Callable[[Document], bytes]]] = {
    ".docx": docx_bytes,
    ".html": lambda document: page_text(document).encode("utf-8", "replace"),
    ".pdf": pdf_bytes,
}
SUFFIXES: Final = tuple(_WRITERS)


def write_document(
    path: Path, document: Document, *, about: Mapping[str, Any] | None = None
) -> None:
    """Write a document; the suffix of *path* is the format, *about* what it rests on.

    Raises
    ------
    OutputError
        For another suffix, or where the file cannot be written.
    MissingExtra
        Where the library for the format is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise OutputError("output_suffix", path=path, allowed=" ".join(SUFFIXES))
    content = _WRITERS[suffix](document)
    try:
        told = with_about(suffix, content, about)
    except ValueError:  # a later typst may build a PDF otherwise: then it is told beside it
        write_bytes(path, content)
        write_sidecar(path, about or {})
        return
    write_bytes(path, told)


__all__ = ["SUFFIXES", "Document", "docx_bytes", "page_text", "pdf_bytes", "write_document"]
