"""A document -> Word (.docx), where python-docx is installed."""

from __future__ import annotations

from gisplan.errors import MissingExtra
from gisplan.io.documents.blocks import Document


def docx_bytes(document: Document) -> bytes:
    """Return a document as a Word file; the same document is the same bytes.

    Raises
    ------
    MissingExtra
        Where python-docx is not installed.
    """
    try:
        import docx  # noqa: F401
    except ImportError as error:
        raise MissingExtra("extra_missing", name="python-docx", extra="report") from error
    # python-docx brings lxml, of which these rooms are made.
    from gisplan.io.documents.word import word_file

    return word_file(document)
