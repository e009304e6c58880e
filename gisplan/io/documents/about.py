"""The provenance of a document put into it, where Word and a page keep such things."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from gisplan.io.pdf_properties import with_property
from gisplan.io.provenance import KEY, custom_properties, provenance_text, stamp_page

_PART: Final = "docProps/custom.xml"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006"
_TYPE: Final = (
    f'<Override PartName="/{_PART}"'
    ' ContentType="application/vnd.openxmlformats-officedocument.custom-properties+xml"/>'
)
_RELATION: Final = (
    '<Relationship Id="rIdGisplan"'
    f' Type="{_OFFICE}/relationships/custom-properties" Target="{_PART}"/>'
)
_FORMAT: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
"""The set of properties that a user defines, as Office names it."""


def with_about(suffix: str, content: bytes, facts: Mapping[str, Any] | None) -> bytes:
    """Return a document with its provenance; a format without room for it stays as it is."""
    if facts is None:
        return content
    if suffix == ".html":
        return stamp_page(content.decode("utf-8"), facts).encode("utf-8", "replace")
    if suffix == ".pdf":
        return with_property(content, KEY, provenance_text(facts))
    return _with_properties(content, facts) if suffix == ".docx" else content


def _with_properties(content: bytes, facts: Mapping[str, Any]) -> bytes:
    """Pack a Word document again with one more part, in the order and of the day it had."""
    put = {
        "[Content_Types].xml": (b"</Types>", _TYPE.encode()),
        "_rels/.rels": (b"</Relationships>", _RELATION.encode()),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(held, "w") as packed:
        for entry in given.infolist():
            data = given.read(entry.filename)
            end, more = put.get(entry.filename, (b"", b""))
            packed.writestr(entry, data.replace(end, more + end) if more else data)
        part = zipfile.ZipInfo(_PART, (1980, 1, 1, 0, 0, 0))
        part.compress_type, part.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        part.create_system = 3
        packed.writestr(part, _properties(facts))
    return held.getvalue()


def _properties(facts: Mapping[str, Any]) -> str:
    """Write custom properties; what is not ASCII is escaped, so that XML can hold all of it."""
    rows = "".join(
        f'<property fmtid="{_FORMAT}" pid="{number}" name="{name}">'
        f"<vt:lpwstr>{escape(_ascii(text))}</vt:lpwstr></property>"
        for number, (name, text) in enumerate(custom_properties(facts).items(), start=2)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<Properties xmlns="{_OFFICE}/custom-properties" xmlns:vt="{_OFFICE}/docPropsVTypes">'
        f"{rows}</Properties>"
    )


def _ascii(text: str) -> str:
    # Within the strings of JSON an escape stands for its character; all else of it is ASCII.
    return "".join(c if " " <= c <= "~" else json.dumps(c)[1:-1] for c in text)
