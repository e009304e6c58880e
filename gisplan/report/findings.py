"""The chapters of results: by outcome, area and project; restricting factors; fragile verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from gisplan.io.documents.blocks import (
    Block,
    Cell,
    Column,
    Heading,
    Paragraph,
    Ref,
    Table,
    Wide,
)
from gisplan.report.material import Material
from gisplan.report.outline import Outline
from gisplan.report.phrasing import (
    cells,
    counted,
    exact,
    listed,
    money,
    number,
    only,
    outcome_cell,
    plain_text,
    probability,
    spoken,
)
from gisplan.report.settling import NONE
from gisplan.structure import mix
from gisplan.terms import OUTCOMES, SEPARATOR, Outcome, Rule
from gisplan.wording import names, rule_title

ROWS: Final = 500
"""Rows of a list of projects in a document; a longer one is told to be cut, and where it is."""


FEW: Final = 6
"""Projects whose list stands on an upright page."""


def results(of: Material, outline: Outline) -> Iterator[Block]:
    """Tell the outcomes of the run: all, by zone, by corridor, by project."""
    labels = of.labels
    yield outline.chapter("results")
    yield outline.section("by_outcome")
    yield Paragraph(spoken(labels, "by_outcome_text", ref=Ref("outcomes"), n=len(of.judged)))
    yield _by_outcome(of)
    for by, layers in (("zone", of.definition.zones), ("corridor", of.definition.corridors)):
        yield outline.section(f"by_{by}")
        if not layers:
            yield Paragraph((labels(f"text.no_{by}s") + labels("report.stop"),))
            continue
        yield Paragraph(spoken(labels, f"by_{by}_text", ref=Ref(f"table_{by}")))
        yield tally_table(of, by)
    by_project = tuple(_by_project(of, outline))
    # A page in landscape for a row or two would be left nearly empty.
    yield from by_project if len(of.told) <= FEW else (Wide(by_project),)


def _by_outcome(of: Material) -> Table:
    labels = of.labels
    frame = outcomes(of)
    rows = [
        cells(outcome_cell(row.outcome, labels), row.projects, money(row.investment),
              row.without_investment, labels(f"report.meaning_{row.outcome}"))
        for row in frame.itertuples(index=False)
    ]  # fmt: skip
    total = money(frame["investment"].sum(min_count=1))
    silent = int(frame["without_investment"].sum())
    rows.append(cells(labels("report.total"), len(of.judged), total, silent, ""))
    columns = (
        Column(labels("column.outcome"), 34),
        Column(labels("column.projects"), 17, "right"),
        Column(labels("report.investment"), 24, "right"),
        Column(labels("column.without_investment"), 20, "right"),
        Column(labels("report.meaning"), 72),
    )
    return Table("outcomes", labels("report.table_outcomes"), columns, tuple(rows), total=True)


def outcomes(of: Material) -> pd.DataFrame:
    """Count projects and investment by outcome: one row for each that occurs, worst first."""
    outcome = of.judged["outcome"].astype("str")
    stated = of.projects["investment"] if "investment" in of.projects else None
    numbers = pd.Series(float("nan"), outcome.index)
    if stated is not None:
        numbers = pd.to_numeric(stated).reset_index(drop=True).astype(float)
    grouped = numbers.groupby(outcome)
    frame = pd.DataFrame(
        {
            "projects": outcome.value_counts(),
            "investment": grouped.sum(min_count=1),
            "without_investment": numbers.isna().groupby(outcome).sum(),
        }
    )
    order = [one for one in OUTCOMES if one in frame.index]
    return frame.loc[order].rename_axis("outcome").reset_index()


def tally_table(of: Material, by: str) -> Table:
    """Lay out the table of ``gisplan stats`` by zone or corridor, with a sum."""
    labels = of.labels
    frame = mix.tally(of.projects, of.verdicts, of.definition, by=by)
    # A combination of areas, or no area, is told where a project is in it.
    own = [*(of.definition.zones if by == "zone" else of.definition.corridors)]
    frame = frame[(frame["projects"] > 0) | frame["area_id"].isin(own)]
    shown = only({one: int(frame[one].sum()) for one in OUTCOMES}, OUTCOMES)
    rows = [_tally_row(row, shown, of) for row in frame.to_dict("records")]
    sums = frame[["projects", *shown, "without_investment"]].sum()
    total = money(frame["investment"].sum(min_count=1))
    rows.append(
        cells(labels("report.total"), int(sums["projects"]), *(int(sums[one]) for one in shown),
              total, int(sums["without_investment"]))
    )  # fmt: skip
    columns = (
        Column(labels(f"column.{by}_name"), 34),
        Column(labels("column.projects"), 15, "right"),
        *(Column(labels(f"outcome.{one}"), 17, "right") for one in shown),
        Column(labels("report.investment"), 24, "right"),
        Column(labels("column.without_investment"), 18, "right"),
    )
    caption = labels(f"report.table_{by}")
    return Table(f"table_{by}", caption, columns, tuple(rows), total=True)


def _tally_row(row: dict[Any, Any], shown: list[str], of: Material) -> tuple[Cell, ...]:
    key = str(row["area_id"])
    special = {mix.NOWHERE: "nowhere", mix.UNLOCATED: "unlocated"}
    name = (
        of.labels(f"stats.{special[key]}")
        if key in special
        else names(key, of.definition, of.language)
    )
    counts = (int(row[one]) for one in shown)
    spent = money(row["investment"]) if row["projects"] else "0"
    return cells(name, int(row["projects"]), *counts, spent, int(row["without_investment"]))


def _by_project(of: Material, outline: Outline) -> Iterator[Block]:
    labels = of.labels
    yield outline.section("by_project")
    order = list(range(len(of.told)))
    if len(order) > ROWS:
        codes = of.judged["outcome"].cat.codes.to_numpy()
        order = sorted(sorted(order, key=lambda at: (codes[at], at))[:ROWS])
        yield Paragraph(spoken(labels, "by_project_cut", ref=Ref("projects"), n=len(of.told),
                               shown=ROWS, left=len(of.told) - ROWS))  # fmt: skip
    else:
        yield Paragraph(spoken(labels, "by_project_text", ref=Ref("projects"), n=len(of.told)))
    yield Table(
        "projects", labels("report.table_projects"), _PROJECT_COLUMNS(labels),
        tuple(_project_row(at, of) for at in order),
    )  # fmt: skip


def _PROJECT_COLUMNS(labels: Any) -> tuple[Column, ...]:  # noqa: N802
    return (
        Column(labels("column.id"), 16),
        Column(labels("column.name"), 50),
        Column(labels("column.outcome"), 24),
        Column(labels("report.p"), 12, "right"),
        Column(labels("column.zone"), 24),
        Column(labels("report.zone_margin"), 19, "right"),
        Column(labels("column.corridor"), 22),
        Column(labels("report.corridor_distance"), 19, "right"),
        Column(labels("report.because"), 32),
    )


def _project_row(at: int, of: Material) -> tuple[Cell, ...]:
    row = of.told.iloc[at]
    code = str(of.judged["outcome"].iloc[at])
    return cells(
        Cell(plain_text(row["id"]), "", f"card_{at}"), row["name"],
        outcome_cell(code, of.labels), probability(row["confidence"]),
        row["zone"], number(row["zone_margin"]), row["corridor"],
        number(row["corridor_distance"]), row["because"],
    )  # fmt: skip


def touching(of: Material) -> pd.DataFrame:
    """Rows of the worded rules that tell of a constraint being touched, or of doubt about it."""
    checked = [f"{Rule.CLEAR_OF}:{key}" for key in of.definition.constraints
               if key not in of.definition.unchecked]  # fmt: skip
    hit = of.rules["rule"].isin(checked) & of.rules["outcome"].isin(
        [Outcome.FAIL, Outcome.REVIEW, Outcome.CONDITIONAL]
    )
    return of.rules[hit]


def constraints(of: Material, outline: Outline) -> Iterator[Block]:
    """List the restricting factors: touched, clear, or not checked for want of data."""
    labels, plan = of.labels, of.definition
    yield outline.chapter("constraints")
    if not plan.constraints:
        yield Paragraph((labels("report.constraints_none"),))
        return
    yield Paragraph(spoken(labels, "constraints_text", ref=Ref("table_constraints")))
    yield _constraint_table(of)
    if set(plan.constraints) == set(plan.unchecked):
        yield Paragraph((counted(labels, "constraints_unchecked", len(plan.unchecked)),))
        return
    hit = touching(of)
    if of.uncompared:
        named = listed((plan.name(key, of.language) for key in of.uncompared), labels)
        yield Paragraph((labels("report.uncompared", names=named),))
    if hit.empty:
        if len(of.uncompared) < len(of.compared):
            said = labels("report.touching_none")
            if of.partly:
                said += counted(labels, "uncompared_projects", of.partly)
            yield Paragraph((said + labels("report.stop"),))
        return
    cut = len(hit) > ROWS
    yield Paragraph(
        spoken(labels, "touching_cut" if cut else "touching_text", ref=Ref("touching"), n=len(hit),
               shown=ROWS, left=len(hit) - ROWS)
    )  # fmt: skip
    rows = tuple(
        cells(row.id, row.name, row.subject_title, outcome_cell(row.outcome, labels), row.text)
        for row in hit.head(ROWS).itertuples(index=False)
    )
    columns = (
        Column(labels("column.id"), 16), Column(labels("column.name"), 40),
        Column(labels("kind.constraint"), 30), Column(labels("column.outcome"), 22),
        Column(labels("column.text"), 48),
    )  # fmt: skip
    yield Table("touching", labels("report.table_touching"), columns, rows)


def _constraint_table(of: Material) -> Table:
    labels = of.labels
    columns = (
        Column(labels("kind.constraint"), 34),
        Column(labels("report.effect"), 22),
        Column(labels("report.data"), 22),
        Column(labels("outcome.fail"), 15, "right"),
        Column(labels("outcome.review"), 15, "right"),
        Column(labels("outcome.unknown"), 15, "right"),
        Column(labels("report.clear"), 15, "right"),
        Column(labels("column.owner"), 30),
    )
    rows = tuple(
        cells(*(None if pd.isna(one) else int(one) if isinstance(one, float) else one
                for one in row))
        for row in constraint_frame(of).itertuples(index=False)
    )  # fmt: skip
    caption = labels("report.table_constraints")
    return Table("table_constraints", caption, columns, rows)


def constraint_frame(of: Material) -> pd.DataFrame:
    """Count the projects by what each restricting factor says of them.

    Returns
    -------
    DataFrame
        One row per constraint: ``title``, ``effect``, ``data`` in words; ``fail`` (touched
        for certain), ``review``, ``unknown``, ``clear`` as numbers of projects that add up to
        the list, NaN where the constraint has no data; ``owner``.
    """
    labels, plan = of.labels, of.definition
    rows: list[dict[str, Any]] = []
    for key, one in plan.constraints.items():
        counts: dict[str, float] = dict.fromkeys(("fail", "review", "unknown", "clear"), math.nan)
        if key not in plan.unchecked:
            tally = of.judged[f"{Rule.CLEAR_OF}:{key}"].value_counts()
            number = {outcome: float(tally.get(outcome, 0)) for outcome in Outcome}
            # A policy may let a touched constraint be conditional; it is touched all the same.
            counts["fail"] = number[Outcome.FAIL] + number[Outcome.CONDITIONAL]
            counts["review"], counts["unknown"] = number[Outcome.REVIEW], number[Outcome.UNKNOWN]
            counts["clear"] = number[Outcome.PASS] + number[Outcome.NOT_APPLICABLE]
        words = {
            "title": one.title.get(of.language),
            "effect": labels(f"report.effect_{one.effect}"),
            "data": _status(of, key),
        }
        rows.append({**words, **counts, "owner": one.owner})
    columns = ["title", "effect", "data", "fail", "review", "unknown", "clear", "owner"]
    return pd.DataFrame(rows, columns=columns)


def fragile_frame(of: Material) -> pd.DataFrame:
    """Lay out the fragile verdicts with what would settle each, one row each.

    Returns
    -------
    DataFrame
        ``id``, ``name``, ``nominal`` in words, ``confidence``, ``flip_distance`` (m),
        ``reasons`` (titles of the open rules), ``needs`` in words, ``needed_accuracy`` (m).
    """
    told = of.told.iloc[of.fragile["position"]].reset_index(drop=True)
    frame = told[["id", "name", "nominal", "confidence", "flip_distance", "because"]].copy()
    frame["needs"] = [settling(row, of) for row in of.fragile.itertuples(index=False)]
    frame["needed_accuracy"] = of.fragile["accuracy"].to_numpy()
    return frame.rename(columns={"because": "reasons"})


def _status(of: Material, key: str) -> str:
    if key in of.definition.unchecked:
        return of.labels("report.not_checked")
    row = of.layers[of.layers["id"] == key]
    status = row["status"].iloc[0] if len(row) else None
    return of.labels(f"status.{status if isinstance(status, str) else 'none'}")


def fragile(of: Material, outline: Outline) -> Iterator[Block]:
    """List the verdicts that the error of the data could turn, and what would settle each."""
    labels, found = of.labels, of.fragile
    yield outline.chapter("fragile")
    threshold = exact(of.definition.policy.threshold)
    if found.empty:
        judged = int(of.judged["confidence"].notna().sum())
        if judged:
            yield Paragraph((counted(labels, "fragile_none", judged, p=threshold),))
        else:
            yield Paragraph((labels("report.fragile_unasked"),))
        return
    yield Paragraph(
        spoken(labels, "fragile_text", ref=Ref("table_fragile"), n=len(found), p=threshold)
    )
    if len(found) > ROWS:
        left = len(found) - ROWS
        yield Paragraph((labels("report.rows_cut", shown=ROWS, left=left),))
    rows = tuple(_fragile_row(row, of) for row in found.head(ROWS).itertuples(index=False))
    columns = (
        Column(labels("column.id"), 14), Column(labels("column.name"), 36),
        Column(labels("column.nominal"), 22), Column(labels("report.p"), 11, "right"),
        Column(labels("report.flip"), 17, "right"), Column(labels("report.because"), 22),
        Column(labels("report.settles"), 40),
    )  # fmt: skip
    yield Table("table_fragile", labels("report.table_fragile"), columns, rows)
    yield Paragraph((labels("report.fragile_note"),), "note")


def _fragile_row(row: Any, of: Material) -> tuple[Cell, ...]:
    told = of.told.iloc[row.position]
    nominal = str(of.judged["nominal"].iloc[row.position])
    return cells(
        told["id"], told["name"], outcome_cell(nominal, of.labels),
        probability(told["confidence"]), number(told["flip_distance"]), told["because"],
        settling(row, of),
    )  # fmt: skip


def settling(row: Any, of: Material) -> str:
    """Say what would settle one fragile verdict."""
    labels, plan = of.labels, of.definition
    edges = listed((plan.name(one, of.language) for one in row.edges.split(SEPARATOR) if one),
                   labels)  # fmt: skip
    limit = "" if row.needs == NONE else exact(row.accuracy)
    said = labels(f"report.settle_{row.needs}", m=limit, edges=edges)
    if row.lacking:
        rules = (one.rpartition("=")[0] for one in row.lacking.split(SEPARATOR))
        lacking = listed((rule_title(one, plan, labels) for one in rules), labels)
        said += labels("report.settle_lacking", names=lacking)
    return said


__all__ = ["Heading", "constraints", "fragile", "outcomes", "results", "settling", "touching"]
