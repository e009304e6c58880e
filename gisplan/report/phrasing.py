"""Numbers, lists and sentences of a report: words come from locale, references stay references."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from gisplan.io.documents.blocks import Cell, Ref, Text
from gisplan.labels import Labels
from gisplan.wording import DASH, metres

MONEY = 10_000.0
"""Investments are told in 万元 (ten thousand yuan)."""


def number(value: Any) -> str:
    """Return metres as precisely as they are worth, a dash for none."""
    return DASH if value is None or pd.isna(value) else metres(float(value))


def probability(value: Any) -> str:
    """Return P cut after two digits: 0.9498 must not read 0.95, nor 0.9999 read certain."""
    if pd.isna(value):
        return DASH
    return "1.00" if value >= 1 else f"{int(value * 100) / 100:.2f}"


def money(value: Any) -> str:
    """Return yuan in 万元, with no more digits than it has."""
    if pd.isna(value):
        return DASH
    text = f"{float(value) / MONEY:,.4f}"
    return text.rstrip("0").rstrip(".")


def exact(value: float) -> str:
    """Return metres that are a limit, unrounded: 1.5, 150."""
    return f"{value:g}"


def plain_text(value: Any) -> str:
    """Return a user's text without control characters, a dash for none."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return DASH
    kept = "".join(
        " " if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or one == "\ufeff" else one
        for one in str(value)
    )
    return " ".join(kept.split()) or DASH


def cells(*values: Any) -> tuple[Cell, ...]:
    """Make a row of cells: text is cleaned, a `Cell` is taken as it is."""
    return tuple(one if isinstance(one, Cell) else Cell(plain_text(one)) for one in values)


def listed(names: Iterable[str], labels: Labels) -> str:
    """Join names as the language does."""
    return labels("report.between").join(names)


def counted(labels: Labels, key: str, n: int, **values: Any) -> str:
    """Return the text of a key for a number: ``<key>_one`` where there is one and only one."""
    one = n == 1 and labels.get(f"report.{key}_one") is not None
    return labels(f"report.{key}_one" if one else f"report.{key}", n=n, **values)


def spoken(labels: Labels, key: str, /, **values: Any) -> Text:
    """Return the text of ``report.<key>``; values that are `Ref` stay references."""
    template = labels.get(f"report.{key}")
    if template is None:
        raise KeyError(f"locale/{labels.language} has no text for 'report.{key}'")
    parts: list[str | Ref] = []
    for literal, name, _, _ in string.Formatter().parse(template):
        parts += [literal] if literal else []
        if name is not None:
            value = values[name]
            parts.append(value if isinstance(value, Ref) else str(value))
    return tuple(parts)


def outcome_cell(code: Any, labels: Labels) -> Cell:
    """Return the cell of an outcome: its word, with the code for mark and colour."""
    return Cell(labels(f"outcome.{code}"), str(code))


def only(values: Mapping[str, int], order: Iterable[str]) -> list[str]:
    """Return the keys of counts above zero, in an order."""
    return [key for key in order if values.get(key, 0)]
