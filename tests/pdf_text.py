"""Reads the text of a PDF back, page by page, through the maps of its own fonts.

It knows what matplotlib writes (plain objects, Type 0 fonts with two-byte codes) and nothing
else; where poppler is installed, a test holds it to ``pdftotext``.
"""

from __future__ import annotations

import re
import zlib

_OBJECT = re.compile(rb"\n(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\nendstream", re.DOTALL)
_TOKEN = re.compile(
    # Possessive: a bracket that is no text, such as the dashes of a line, fails at once.
    rb"/(F\d+)\s+[\d.]+\s+Tf|\[((?:\s++|\((?:\\.|[^\\)])*+\)|[-+\d.e]++)*+)\]\s+TJ|(\bET\b)",
    re.DOTALL,
)
_STRING = re.compile(rb"\(((?:\\.|[^\\)])*)\)", re.DOTALL)
_ESCAPE = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def page_texts(pdf: bytes) -> list[list[str]]:
    """Return the lines of text of every page, in the order in which they were written."""
    objects = {int(one[1]): one[2] for one in _OBJECT.finditer(pdf)}
    fonts = _fonts(objects)
    kids = next(body for body in objects.values() if b"/Kids" in body)
    numbers = [int(one) for one in re.findall(rb"(\d+) 0 R", kids.split(b"/Kids")[1])]
    pages = [objects[number] for number in numbers if b"/Contents" in objects[number]]
    return [_lines(_stream(objects[_reference(page, b"Contents")]), fonts) for page in pages]


def _fonts(objects: dict[int, bytes]) -> dict[bytes, dict[int, str]]:
    table = next(body for body in objects.values() if re.match(rb"<< /F\d+ ", body))
    return {
        name: _codes(_stream(objects[_reference(objects[int(number)], b"ToUnicode")]))
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", table)
    }


def _codes(cmap: bytes) -> dict[int, str]:
    codes = {}
    for first, _, targets in re.findall(rb"<(\w+)> <(\w+)> \[([^\]]*)\]", cmap):
        for step, target in enumerate(re.findall(rb"<(\w+)>", targets)):
            codes[int(first, 16) + step] = bytes.fromhex(target.decode()).decode("utf-16-be")
    return codes


def _lines(content: bytes, fonts: dict[bytes, dict[int, str]]) -> list[str]:
    lines, line, codes = [], "", {}
    for font, strings, end in _TOKEN.findall(content):
        if font:
            codes = fonts[font]
        elif end:
            lines.append(line)
            line = ""
        else:
            raw = b"".join(map(_unescaped, _STRING.findall(strings)))
            pairs = (raw[k] * 256 + raw[k + 1] for k in range(0, len(raw), 2))
            line += "".join(codes[code] for code in pairs)
    return lines


def _unescaped(raw: bytes) -> bytes:
    return re.sub(rb"\\(.)", lambda one: _ESCAPE.get(one[1], one[1]), raw, flags=re.DOTALL)


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found is not None
    return zlib.decompress(found[1]) if b"FlateDecode" in body else found[1]


def _reference(body: bytes, key: bytes) -> int:
    found = re.search(rb"/" + key + rb" (\d+) 0 R", body)
    assert found is not None
    return int(found[1])
