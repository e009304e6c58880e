"""Delimited text: its encoding, its delimiter, its records."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Final

from gisplan.errors import ProjectsError
from gisplan.io.header import find_heading
from gisplan.io.limits import LIMIT_MB, MEGABYTE
from gisplan.io.rows import Evidence, Grid, header_score
from gisplan.io.text import cell_text, decode

_DELIMITERS: Final = (",", "\t", ";", "|", "，")
HEAD_LINES: Final = 60
# What Excel itself writes into a first line, and does not show as a row.
SEP_LINE: Final = re.compile(r"sep=(?P<mark>[,;|\t])\r?\n", re.IGNORECASE)


def read_delimited(path: Path, encoding: str | None, evidence: list[Evidence]) -> Grid:
    """Read delimited text of any delimiter and encoding, strictly.

    Raises
    ------
    ProjectsError
        ``projects_too_big``; ``projects_broken`` for a quote that does not end;
        ``encoding_nul`` for zero bytes, and what :func:`gisplan.io.text.decode` raises.
    """
    if path.stat().st_size > LIMIT_MB * MEGABYTE:
        raise ProjectsError("projects_too_big", file=path.name, limit=LIMIT_MB)
    decoded = decode(path.read_bytes(), encoding=encoding, place=path.name)
    evidence.append((f"encoding_{decoded.basis}", decoded.encoding))
    text = decoded.text
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ProjectsError("encoding_nul", file=path.name, line=line)
    stated = SEP_LINE.match(text)
    if stated:
        text = text[stated.end() :]
    delimiter = stated["mark"] if stated else find_delimiter(text, path)
    if delimiter != ",":
        evidence.append(("delimiter", {"\t": "TAB"}.get(delimiter, delimiter)))
    raw = _records(text, delimiter, path)
    cells = [[cell_text(cell) for cell in row] for row in raw]
    heading = find_heading(cells)
    if heading is None:
        return Grid("", cells)
    titles = cells[heading.first : heading.last + 1]
    return Grid("", cells, width=max(map(len, titles)))


def find_delimiter(text: str, path: Path) -> str:
    """Choose the delimiter under which some row names most fields."""
    head = "".join(text.splitlines(keepends=True)[:HEAD_LINES])

    def fields(delimiter: str) -> int:
        try:
            records = _records(head, delimiter, path)
        except ProjectsError:  # the head may end inside quotes
            return 0
        return max(map(header_score, records), default=0)

    return max(_DELIMITERS, key=fields)


def _records(text: str, delimiter: str, path: Path) -> list[list[str]]:
    # strict: an opening quote without its end would swallow all rows after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        reason = f"{error} ({reader.line_num})"
        raise ProjectsError("projects_broken", file=path.name, reason=reason) from None
