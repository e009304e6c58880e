"""Words for codes: one folder of tables per language, looked up by dotted key."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")
_HEAD = re.compile(r"^\[([A-Za-z_]+)[.\]]", re.MULTILINE)
"""The first line of a table; every text of the language files stands in one."""


def default_language() -> str:
    """Return the language of ``GISPLAN_LANG``, else Chinese."""
    wanted = os.environ.get("GISPLAN_LANG", "zh")[:2].lower()
    return wanted if wanted in LANGUAGES else "zh"


class Labels:
    """The words of one language.

    Parameters
    ----------
    language
        ``"zh"`` or ``"en"``; by default that of ``GISPLAN_LANG``, else ``"zh"``.

    Examples
    --------
    >>> Labels("en")("outcome.pass")
    'complies'
    """

    def __init__(self, language: str | None = None) -> None:
        self.language = language or default_language()
        if self.language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise KeyError(f"no language {self.language!r}; there are {known}")

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return the text of a dotted key with ``{name}`` places filled in.

        Values are inserted as they are and never read as a template. An unknown key
        is a fault of gisplan, so it raises ``KeyError``.
        """
        found = self.get(key)
        if found is None:
            raise KeyError(f"locale/{self.language} has no text for {key!r}")
        return found.format_map(values) if values else found

    def get(self, key: str) -> str | None:
        """Return the raw text of a dotted key, or ``None`` where there is none."""
        return _texts(self.language, key.partition(".")[0]).get(key)

    def section(self, key: str) -> Mapping[str, Any]:
        """Return one table of the language file (such as ``alias`` or ``map``)."""
        table, *parts = key.split(".")
        node: Any = _load(self.language, table)[table]
        for part in parts:
            node = node[part]
        return node

    def pick(self, title: Mapping[str, str] | None, fallback: str = "") -> str:
        """Choose this language from a ``{zh = …, en = …}`` text of the plan file."""
        if not title:
            return fallback
        return title.get(self.language) or next(iter(title.values()))


@cache
def _load(language: str, table: str) -> Mapping[str, Any]:
    """Read one table, such as ``column``, from all files of a language that have a part of it.

    A run needs few of them, and reading all takes longer than judging a list does.
    """
    merged: dict[str, Any] = {}
    for name, text in _parts(language).get(table, ()):
        _merge(merged, tomllib.loads(text), name)
    return merged


@cache
def _parts(language: str) -> Mapping[str, list[tuple[str, str]]]:
    """Cut the files of a language where a table begins: file and text by the first key."""
    parts: dict[str, list[tuple[str, str]]] = {}
    folder = files("gisplan").joinpath("locale", language)
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            text = file.read_text("utf-8")
            heads = list(_HEAD.finditer(text))
            ends = [*(head.start() for head in heads[1:]), len(text)]
            for head, end in zip(heads, ends, strict=True):
                parts.setdefault(head[1], []).append((file.name, text[head.start() : end]))
    return parts


@cache
def _texts(language: str, table: str) -> Mapping[str, str]:
    """The texts of a table by their dotted keys."""
    found: dict[str, str] = {}
    tables: list[tuple[str, Mapping[str, Any]]] = [("", _load(language, table))]
    for prefix, held in tables:
        for key, value in held.items():
            if isinstance(value, Mapping):
                tables.append((f"{prefix}{key}.", value))
            elif isinstance(value, str):
                found[prefix + key] = value
    return found


def _merge(into: dict[str, Any], table: Mapping[str, Any], place: str) -> None:
    """Add the words of one file; a text that stands in two files is our mistake."""
    for key, value in table.items():
        if key not in into:
            into[key] = value
        elif isinstance(value, dict) and isinstance(into[key], dict):
            _merge(into[key], value, f"{place} [{key}]")
        else:
            raise KeyError(f"{place} repeats {key!r}")
