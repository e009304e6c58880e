"""Words for codes: one folder of tables per language, looked up by dotted key."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")


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
        self._words = _load(self.language)

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
        return _texts(self.language).get(key)

    def section(self, key: str) -> Mapping[str, Any]:
        """Return one table of the language file (such as ``alias`` or ``map``)."""
        node: Any = self._words
        for part in key.split("."):
            node = node[part]
        return node

    def pick(self, title: Mapping[str, str] | None, fallback: str = "") -> str:
        """Choose this language from a ``{zh = …, en = …}`` text of the plan file."""
        if not title:
            return fallback
        return title.get(self.language) or next(iter(title.values()))


@cache
def _load(language: str) -> Mapping[str, Any]:
    if language not in LANGUAGES:
        raise KeyError(f"no language {language!r}; there are {', '.join(LANGUAGES)}")
    merged: dict[str, Any] = {}
    folder = files("gisplan").joinpath("locale", language)
    for part in sorted(folder.iterdir(), key=lambda one: one.name):
        if part.name.endswith(".toml"):
            _merge(merged, tomllib.loads(part.read_text("utf-8")), part.name)
    return merged


@cache
def _texts(language: str) -> Mapping[str, str]:
    """The texts of a language by their dotted keys."""
    found: dict[str, str] = {}
    tables: list[tuple[str, Mapping[str, Any]]] = [("", _load(language))]
    for prefix, table in tables:
        for key, value in table.items():
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
