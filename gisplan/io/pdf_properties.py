"""The properties of a PDF: one more put at its end, as the format has it, and found again."""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_TRAILER: Final = re.compile(
    rb"trailer\s*<<(?P<entries>.*?)>>\s*startxref\s+(?P<start>\d+)\s+%%EOF\s*$", re.DOTALL
)


def with_property(pdf: bytes, name: str, text: str) -> bytes:
    """Add a property to a PDF as programs show it among those of the document.

    It is an incremental update (ISO 32000-1, 7.5.6): nothing of the file changes, an object
    takes the place of the one that describes the document, and a table says where it is.

    Parameters
    ----------
    pdf
        As typst writes it: a plain table of objects and a description that is no stream.
    name
        Of the property, letters only.
    text
        Any text.

    Raises
    ------
    ValueError
        Where the file is built otherwise.
    """
    end = _TRAILER.search(pdf, max(0, pdf.rfind(b"trailer")))
    info = re.search(rb"/Info (\d+) 0 R", end["entries"]) if end else None
    if end is None or info is None:
        raise ValueError(pdf[-64:])
    number = info[1]
    found = re.findall(rb"(?:^|[\r\n])%b 0 obj\s*<<(.*?)>>\s*endobj" % number, pdf, re.DOTALL)
    if not found:
        raise ValueError(info[0])
    held = re.sub(rb"/%b <FEFF[0-9A-F]*>$" % name.encode(), b"", found[-1])
    value = ("\ufeff" + text).encode("utf-16-be", "replace").hex().upper().encode()
    at = len(pdf) + 1
    body = b"%b 0 obj\n<<%b/%b <%b>>>\nendobj\n" % (number, held, name.encode(), value)
    table = b"xref\n%b 1\n%010d 00000 n\r\n" % (number, at)
    trailer = b"trailer\n<<%b/Prev %b>>\n" % (end["entries"], end["start"])
    place = b"startxref\n%d\n%%%%EOF\n" % (at + len(body))
    return b"%b\n%b%b%b%b" % (pdf, body, table, trailer, place)


def pdf_property(pdf: bytes, name: str) -> str:
    """Find a property where it is written as `with_property` or matplotlib writes it, else ``""``.

    The last of that name counts: within another text its opening bracket would be escaped.
    """
    key = b"/" + name.encode() + b" "
    at = max(pdf.rfind(key + b"<FEFF"), pdf.rfind(key + b"("))
    if at < 0:
        return ""
    start = at + len(key)
    if pdf[start : start + 1] == b"<":
        return bytes.fromhex(pdf[start + 5 : pdf.index(b">", start)].decode()).decode("utf-16-be")
    raw = re.compile(rb"\(((?:\\.|[^\\)])*+)\)", re.DOTALL).match(pdf, start)
    if raw is None:
        return ""
    plain = re.sub(rb"\\(.)", lambda c: _ESCAPES.get(c[1], c[1]), raw[1], flags=re.DOTALL)
    marked = plain.startswith(b"\xfe\xff")
    return plain[2:].decode("utf-16-be") if marked else plain.decode("latin-1")
