"""The chapters of gaps: what is missing, what was not checked and by whom, what intake found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from gisplan.io.documents.blocks import Block, Cell, Column, Paragraph, Ref, Table
from gisplan.report.findings import ROWS
from gisplan.report.material import Material
from gisplan.report.outline import Outline
from gisplan.report.phrasing import cells, counted, listed, outcome_cell, spoken
from gisplan.terms import NO_PLACE, OVERRULE_COLUMNS, SEPARATOR


def missing(of: Material, outline: Outline) -> Iterator[Block]:
    """List the projects that cannot be judged, and the constraints that were not checked."""
    labels = of.labels
    yield outline.chapter("missing")
    yield outline.section("unjudged_section")
    lost = list(of.unknown[of.unknown].index)
    if not lost:
        yield Paragraph((counted(labels, "unjudged_none", len(of.projects)),))
    else:
        yield Paragraph(spoken(labels, "unjudged_text", ref=Ref("table_missing"), n=len(lost)))
        if len(lost) > ROWS:
            yield Paragraph((labels("report.rows_cut", shown=ROWS, left=len(lost) - ROWS),))
        columns = (
            Column(labels("column.id"), 16), Column(labels("column.name"), 48),
            Column(labels("column.outcome"), 24), Column(labels("report.lacks"), 24),
            Column(labels("column.text"), 44),
        )  # fmt: skip
        rows = tuple(_missing_row(at, of) for at in lost[:ROWS])
        yield Table("table_missing", labels("report.table_missing"), columns, rows)
    yield outline.section("unchecked_section")
    yield from _unchecked(of)


def _missing_row(at: int, of: Material) -> tuple[Cell, ...]:
    told, labels = of.told.iloc[at], of.labels
    code = str(of.judged["outcome"].iloc[at])
    if of.judged["reasons"].iloc[at] == NO_PLACE:
        lacks, text = labels("rule.place"), labels("text.unlocated")
    else:
        rows = _silent(at, of)
        lacks = labels("report.between").join(rows["rule_title"])
        text = labels("report.semicolon").join(rows["text"])
    return cells(told["id"], told["name"], outcome_cell(code, labels), lacks, text)


def _silent(at: int, of: Material) -> pd.DataFrame:
    """The rules of a project that have no answer, those not counted left out."""
    found = of.fragile[of.fragile["position"] == at]
    if len(found):
        rules = [one.rpartition("=")[0] for one in found["lacking"].iloc[0].split(SEPARATOR)]
    else:
        codes = of.judged["reasons"].iloc[at].split(SEPARATOR)
        rules = [one.rpartition("=")[0] for one in codes if one.endswith("=unknown")]
    rows = of.rules_of[at]
    return rows[rows["rule"].isin(rules)]


def _unchecked(of: Material) -> Iterator[Block]:
    labels, plan = of.labels, of.definition
    if not plan.unchecked:
        silent = [one for one in plan.constraints.values() if one.source is None]
        if silent:
            names = listed((one.title.get(of.language) for one in silent), labels)
            yield Paragraph((labels("report.unchecked_required", names=names),))
            return
        key = "unchecked_none" if plan.constraints else "constraints_none"
        yield Paragraph((labels(f"report.{key}"),))
        return
    yield Paragraph(
        spoken(labels, "unchecked_text", ref=Ref("table_unchecked"), n=len(plan.unchecked))
    )
    columns = (
        Column(labels("kind.constraint"), 50), Column(labels("report.effect"), 36),
        Column(labels("column.owner"), 70),
    )  # fmt: skip
    rows = tuple(
        cells(layer.title.get(of.language), labels(f"report.effect_{layer.effect}"), layer.owner)
        for layer in (plan.constraints[key] for key in plan.unchecked)
    )
    yield Table("table_unchecked", labels("report.table_unchecked"), columns, rows)


def decisions(of: Material, outline: Outline) -> Iterator[Block]:
    """List what people decided against a verdict; it stands beside the verdict, not for it."""
    if of.overrules is None:
        return
    labels = of.labels
    yield outline.chapter("decisions")
    held = (of.overrules["overruled"] != "").to_numpy().nonzero()[0]
    if not len(held):
        yield Paragraph((labels("report.decisions_none"),))
        return
    yield Paragraph(spoken(labels, "decisions_text", ref=Ref("table_decisions"), n=len(held)))
    columns = (
        Column(labels("column.id"), 14), Column(labels("column.name"), 30),
        Column(labels("column.outcome"), 22), Column(labels("column.overruled"), 22),
        *(Column(labels(f"column.{one}"), width)
          for one, width in zip(OVERRULE_COLUMNS[1:], (38, 20, 22), strict=True)),
    )  # fmt: skip
    rows = []
    for at in held:
        told, decided = of.told.iloc[at], of.overrules.iloc[at]
        code = str(of.judged["outcome"].iloc[at])
        rows.append(
            cells(told["id"], told["name"], outcome_cell(code, labels),
                  outcome_cell(decided["overruled"], labels),
                  *(decided[one] for one in OVERRULE_COLUMNS[1:]))
        )  # fmt: skip
    yield Table("table_decisions", labels("report.table_decisions"), columns, tuple(rows))


def intake(of: Material, outline: Outline) -> Iterator[Block]:
    """List what reading the list found, by code; nothing where the list was not read here."""
    labels = of.labels
    if of.issues is None:
        return
    yield outline.chapter("intake")
    found = issue_table(of)
    if found.empty:
        yield Paragraph((counted(labels, "intake_none", len(of.projects)),))
        return
    yield Paragraph(spoken(labels, "intake_text", ref=Ref("table_intake"), n=len(of.issues)))
    columns = (
        Column(labels("column.code"), 24), Column(labels("column.level"), 18),
        Column(labels("report.times"), 12, "right"), Column(labels("report.lines"), 26),
        Column(labels("column.message"), 34), Column(labels("column.remedy"), 46),
    )  # fmt: skip
    rows = tuple(
        cells(row.code, labels(f"level.{row.level}"), row.times, row.rows,
              labels(f"issue.{row.code}.message"), labels(f"issue.{row.code}.remedy"))
        for row in found.itertuples(index=False)
    )  # fmt: skip
    yield Table("table_intake", labels("report.table_intake"), columns, rows)


def issue_table(of: Material) -> pd.DataFrame:
    """Count the intake issues by code: ``code``, ``level``, ``times``, ``rows`` as 3, 5–9."""
    if of.issues is None or of.issues.empty:
        return pd.DataFrame(columns=["code", "level", "times", "rows"])
    grouped = of.issues.groupby("code", sort=True, observed=True)
    return pd.DataFrame(
        [
            {"code": code, "level": part["level"].iloc[0], "times": len(part),
             "rows": ranges(part["row"])}
            for code, part in grouped
        ]
    )  # fmt: skip


def ranges(rows: Iterable[Any]) -> str:
    """Write row numbers with runs drawn together: ``3, 5–9``; at most twelve runs."""
    numbers = sorted({int(one) for one in rows if not pd.isna(one)})
    runs: list[list[int]] = []
    for one in numbers:
        if runs and one == runs[-1][1] + 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    told = [f"{a}" if a == b else f"{a}–{b}" for a, b in runs]
    return ", ".join(told[:_RUNS]) + (" …" if len(told) > _RUNS else "")


_RUNS = 12
