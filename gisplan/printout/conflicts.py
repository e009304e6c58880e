"""A conflict ledger -> words: tables for a workbook or a terminal, and the lines that sum it up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from gisplan.casebook import Found
from gisplan.conflicts import AGREE, GAP, GONE, KINDS, ONE, OPEN
from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.terms import SEPARATOR
from gisplan.wording import DASH

_SHOWN = (
    "number", "change", "state", "kind", "grade", "likely", "classes", "hectares", "length",
    "width",
)  # fmt: skip


def conflict_table(ledger: pd.DataFrame, labels: Labels) -> str:
    """Lay out the ledger for a terminal."""
    told = word_ledger(ledger, labels)
    rows = [[_cell(row[code], code) for code in _SHOWN] for row in told.to_dict("records")]
    heads = [labels(f"ledger_column.{code}") for code in _SHOWN]
    return aligned(heads, rows, right=(7, 8, 9))


def _cell(value: Any, code: str) -> str:
    if value is None or value != value or value == "":
        return DASH
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.2f}" if code == "hectares" else f"{value:,.0f}"


def word_ledger(ledger: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Put the ledger into words: codes by name, sides and owners on lines of their own."""
    told = pd.DataFrame(ledger.drop(columns="geometry", errors="ignore")).copy()
    sections = {
        "change": "ledger_change", "state": "ledger_state", "kind": "conflict", "grade": "grade",
        "likely": "likely",
    }  # fmt: skip
    for column, section in sections.items():
        told[column] = [_word(section, code, labels) for code in told[column]]
    comma = "、" if labels.language == "zh" else ", "
    told["also"] = [
        comma.join(_word("conflict", code, labels) for code in str(text).split(SEPARATOR) if code)
        for text in told["also"]
    ]
    apart = " ｜ " if labels.language == "zh" else " | "
    for column in ("classes", "owners"):
        told[column] = [
            apart.join(one or DASH for one in str(text).split(SEPARATOR)) for text in told[column]
        ]
    return told


def _word(section: str, code: Any, labels: Labels) -> str:
    # A ledger that a planner gives back may hold a word of their own.
    return labels.get(f"{section}.{code}") or str(code)


def word_balance(balance: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Put the balance of areas into words."""
    told = balance[["kind", "set", "cells", "area_ellipsoid", "area", "hectares", "share"]].copy()
    told["kind"] = [labels(f"conflict.{code}") for code in told["kind"]]
    return told


def conflict_lines(found: Found, labels: Labels) -> list[str]:
    """Sum a ledger up: patches, the balance of areas, changes, what was left out."""
    ledger, now = found.ledger, found.ledger[found.ledger["change"] != GONE]
    lines = [labels("conflicts.none_line")]
    if len(now):
        tally = _tally(now["kind"], "conflict", labels)
        grades = _tally(now["grade"], "grade", labels)
        slivers = _tally(now["likely"], "likely", labels)
        told = labels("conflicts.found_line", count=len(now), tally=tally)
        lines = [_sentence((told, grades, slivers), labels)]
    lines.append(_balance_line(found, labels))
    if found.previous is not None and len(ledger):
        tally = _tally(ledger["change"], "ledger_change", labels)
        lines.append(labels("conflicts.changes_line", tally=tally))
        lines.append(
            labels("conflicts.states_line", tally=_tally(ledger["state"], "ledger_state", labels))
        )
    lines += [
        labels("conflicts.left_out_line", set=name, what=labels(f"left_out.{code}"), count=count)
        for name, code, count in found.left_out
    ]
    for row in ledger.itertuples():
        if row.state == OPEN and (row.reason or row.closed_on):
            lines.append(labels("conflicts.unsound_line", number=row.number))
    return lines


def _balance_line(found: Found, labels: Labels) -> str:
    balance, ledger = found.balance.set_index("kind")["hectares"], found.ledger
    gaps = ledger[(ledger["kind"] == GAP) & (ledger["change"] != GONE)]

    def hectares(*kinds: str) -> str:
        return f"{balance[balance.index.isin(kinds)].sum():,.2f}"

    return labels(
        "conflicts.union_line", union=hectares("union"), conflict=hectares(*KINDS),
        agree=hectares(AGREE), one=hectares(ONE), gap=f"{gaps['hectares'].sum():,.2f}",
    )  # fmt: skip


def _tally(codes: Iterable[str], section: str, labels: Labels) -> str:
    counts = pd.Series(list(codes), dtype="object").value_counts(sort=False)
    told = [
        labels("conflicts.tally", name=_word(section, code, labels), count=count)
        for code, count in counts.items()
    ]
    return ("、" if labels.language == "zh" else ", ").join(told)


def _sentence(parts: Iterable[str], labels: Labels) -> str:
    return ("；" if labels.language == "zh" else "; ").join(parts)
