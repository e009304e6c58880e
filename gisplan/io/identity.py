"""Names and ids of projects: what is missing, and what may be one project twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from gisplan.io.column_text import normalised
from gisplan.io.rows import IssueLog, Rows
from gisplan.io.text import is_blank, match_headers, normalise, nothing
from gisplan.labels import LANGUAGES, Labels

_SHOWN: Final = 5
"""How many rows of one name an issue lists."""


def note_names_and_ids(rows: Rows, log: IssueLog) -> None:
    """Note rows without a name, ids given twice, and names that are the same or nearly so.

    Nothing is merged: all rows stay, whatever they look like.
    """
    found = match_headers(rows.titles)
    name, code = found.get("name"), found.get("id")
    if name is not None:
        cells = rows.column(name)
        keys = name_keys(cells)
        for number, key in zip(rows.numbers, keys, strict=True):
            if not key:
                log.add("GP-INT-020", number, column=rows.titles[name])
        _note_twice(rows, log, name, "GP-INT-068", keys)
    if code is not None:
        _note_twice(rows, log, code, "GP-INT-021", id_keys(rows.column(code)))


def id_keys(cells: Sequence[str]) -> list[str]:
    """Return `id_key` of each of many cells."""
    whole = re.sub("[—―_]", "-", "\n".join(normalised(cells)))
    return re.sub(r"[^\S\n]+", "", whole).lower().split("\n") if cells else []


def name_keys(cells: Sequence[str]) -> list[str]:
    """Return `name_key` of each of many cells, ``""`` for a blank one."""
    texts = normalised(cells)
    bare = re.sub(r"(?:[^\w\n]|_)+", "", "\n".join(texts)).lower().split("\n")
    none, endings = nothing(), _endings()
    keys = []
    for text, key in zip(texts, bare, strict=False):
        lower = text.lower()
        if lower in none:
            keys.append("")
        elif len(key) < 2 or key.isdecimal():
            keys.append(lower)
        else:
            keys.append(_without_ending(key) if key.endswith(endings) else key)
    return keys


def id_key(cell: str) -> str:
    """Return what tells ids apart: not width, case, blanks or kinds of dash."""
    return re.sub(r"\s+", "", re.sub("[—―_]", "-", normalise(cell))).lower()


def name_key(cell: str) -> str:
    """Return what tells names apart: not punctuation, width, case, or 项目 at the end."""
    if is_blank(cell):
        return ""
    plain = re.sub(r"[\W_]+", "", normalise(cell)).lower()
    if len(plain) < 2 or plain.isdecimal():
        return normalise(cell).lower()
    return _without_ending(plain)


def _without_ending(plain: str) -> str:
    for ending in _endings():
        if plain.endswith(ending) and len(plain) > len(ending) + 1:
            return plain.removesuffix(ending)
    return plain


def _note_twice(rows: Rows, log: IssueLog, position: int, issue: str, keys: Sequence[str]) -> None:
    same: dict[str, list[int]] = {}
    for number, key in zip(rows.numbers, keys, strict=True):
        same.setdefault(key, []).append(number)
    if len(same) == len(keys):
        return
    for number, key, cell in zip(rows.numbers, keys, rows.column(position), strict=True):
        others = [other for other in same[key][: _SHOWN + 1] if other != number][:_SHOWN]
        if key and others:
            shown = ", ".join(map(str, others))
            log.add(issue, number, column=rows.titles[position], value=f"{cell} = {shown}")


@cache
def _endings() -> tuple[str, ...]:
    # The longest first, so that 建设项目 goes as a whole.
    words = {
        normalise(word).lower()
        for language in LANGUAGES
        for word in Labels(language).section("sheet_word")["project_ending"]
    }
    return tuple(sorted(words, key=len, reverse=True))
