"""A plan or a frame of results -> a table in a notebook: worded headings, text as text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pandas as pd

from gisplan.definition import PlanDefinition
from gisplan.io.workbook import NUMBER_FORMATS
from gisplan.labels import Labels
from gisplan.symbology import OUTCOME_SYMBOLS
from gisplan.terms import OUTCOMES, Rule
from gisplan.wording import DASH, status_of

_PLACE = "vertical-align:top;padding:3px 10px;white-space"
_NUMBER = f"text-align:right;{_PLACE}:nowrap"
_SHORT = f"text-align:left;{_PLACE}:nowrap"
_TEXT = f"text-align:left;{_PLACE}:normal;min-width:8em;max-width:40em"
_LONG = f"text-align:left;{_PLACE}:normal;min-width:26em;max-width:40em"


@dataclass(frozen=True)
class Shown:
    """A table as a notebook shows it; the frame itself is not changed.

    Styles stand on the cells: a notebook that is not trusted keeps them, style sheets it drops.
    """

    html: str = field(repr=False)
    text: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def show(frame: pd.DataFrame, *, language: str | None = None, rows: int = 200) -> Shown:
    """Show a frame of results with worded headings, in a notebook.

    Parameters
    ----------
    frame
        What a method of `gisplan.Plan` returned; columns that gisplan has no word for keep
        their name.
    language
        ``"zh"`` or ``"en"``, by default that of ``GISPLAN_LANG``, else ``"zh"``.
    rows
        The first so many are shown; how many there are is told below.

    Returns
    -------
    Shown
        Displays itself; every text of a user is escaped.

    Examples
    --------
    >>> show(plan.tell(projects, plan.check(projects)))  # doctest: +SKIP
    """
    labels = Labels(language)
    named = [str(name) for name in frame.index.names if name is not None]
    head = frame.head(rows).reset_index() if named else frame.head(rows)
    titles = [_title(str(code), labels) for code in head]
    words = {str(code): labels(f"outcome.{code}") for code in OUTCOMES}
    columns = [[_cell(str(code), one, words, labels) for one in head[code]] for code in head]
    body = list(zip(*columns, strict=True)) if columns else []
    key = "first" if len(frame) > rows else "rows"
    note = labels(f"notebook.{key}", rows=f"{len(frame):,}", shown=f"{rows:,}")
    plain = pd.DataFrame(body, columns=titles).to_string(index=False)
    return Shown("".join(_html(head, titles, body, note, words)), f"{plain}\n{note}")


def plan_html(definition: PlanDefinition, layers: pd.DataFrame, labels: Labels) -> str:
    """Show a plan: its title, version and system, and its layers; every text is escaped."""
    told = layers.assign(
        kind=[labels(f"kind.{kind}") for kind in layers["kind"]],
        status=[
            status_of(one, until, labels)
            for one, until in zip(layers["status"], layers["valid_until"], strict=True)
        ],
    )
    columns = ["kind", "id", "title", "status", "accuracy", "as_of", "clause", "place"]
    shown = told[columns].rename(columns={name: labels(f"column.{name}") for name in columns})
    table = shown.to_html(index=False, escape=True, na_rep=DASH, border=0)
    title = escape(definition.title.get(labels.language))
    return f"<b>{title}</b> · {escape(definition.version)} · {escape(definition.crs)}{table}"


def _title(code: str, labels: Labels) -> str:
    """Word a column: a heading of its own, a rule, or the name that it has."""
    rule, _, of = code.partition(":")
    worded = labels.get(f"rule.{rule}") if rule in set(Rule) else None
    if worded is not None:
        return worded.format(name=of) if of else worded
    if code in OUTCOMES:
        return labels(f"outcome.{code}")
    return labels.get(f"column.{code}") or labels.get(f"notebook.column.{code}") or code


def _cell(code: str, value: Any, words: dict[str, str], labels: Labels) -> str:
    if hasattr(value, "geom_type"):
        return str(value.geom_type)
    if isinstance(value, str):
        if code == "sha256":
            return value[:8]
        worded = labels.get(f"{code}.{value}") if code in ("kind", "level", "status") else None
        return worded or words.get(value) or value or DASH
    if pd.api.types.is_bool(value):
        return labels("overlay.yes" if value else "overlay.no")
    if pd.api.types.is_list_like(value):
        return str(value)
    if pd.isna(value):
        return DASH
    if code in ("confidence", "same"):  # cut: a review at 0.9498 must not read 0.95
        return f"{math.floor(value * 100) / 100:.2f}"
    if isinstance(value, pd.Timestamp):
        return str(value.date()) if value == value.normalize() else str(value)
    if pd.api.types.is_float(value):
        return _number(float(value), NUMBER_FORMATS.get(code, "0.00"))
    return str(value)


def _number(value: float, written: str) -> str:
    """Write a number by the format that its column has in a workbook."""
    places = len(written.rstrip("%").partition(".")[2])
    comma = "," if written.startswith("#") else ""
    return f"{value:{comma}.{places}{'%' if written.endswith('%') else 'f'}}"


def _html(
    head: pd.DataFrame,
    titles: list[str],
    body: list[tuple[str, ...]],
    note: str,
    words: dict[str, str],
) -> Iterator[str]:
    colors = {words[str(code)]: symbol for code, symbol in OUTCOME_SYMBOLS.items()}
    numeric = [pd.api.types.is_numeric_dtype(head[code].dtype) for code in head]
    yield '<table style="border-collapse:collapse"><thead><tr>'
    for title, number in zip(titles, numeric, strict=True):
        yield f'<th style="{_NUMBER if number else _SHORT}">{escape(title)}</th>'
    yield "</tr></thead><tbody>"
    for row in body:
        yield "<tr>"
        for text, number in zip(row, numeric, strict=True):
            style = _NUMBER if number else _style(text)
            told = escape(text)
            if text in colors:
                edge = f"border-left:.6em solid {colors[text].color};padding-left:.4em"
                told = f'<span style="{edge}">{told}</span>'
            yield f'<td style="{style}">{told}</td>'
        yield "</tr>"
    yield f"</tbody></table><p>{escape(note)}</p>"


def _style(text: str) -> str:
    """A word stays on its line, a sentence gets room."""
    return _SHORT if len(text) <= 12 else _TEXT if len(text) <= 60 else _LONG
