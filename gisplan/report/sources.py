"""The chapters of sources: the map, the plan and its layers, the list, how it was judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from gisplan.io.documents.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Items,
    Paragraph,
    Ref,
    Table,
    Text,
    Wide,
)
from gisplan.io.evidence import evidence_line
from gisplan.report.material import Material
from gisplan.report.outline import Outline
from gisplan.report.phrasing import cells, counted, exact, listed, number, spoken
from gisplan.terms import ASSUMED, Rule, Shape
from gisplan.wording import status_of


def overview(outline: Outline, figure: Figure | None) -> Iterator[Block]:
    """Show the plan and its projects on one sheet."""
    if figure is None:
        return
    yield Wide((outline.chapter("map"), figure))


def method(of: Material, outline: Outline) -> Iterator[Block]:
    """Tell what the check rests on: plan, layers, list, and the rules with their limits."""
    yield outline.chapter("method")
    yield outline.section("layers")
    yield from _plan(of)
    yield outline.section("list")
    yield from _list(of)
    yield outline.section("judging")
    yield from _judging(of)


def _plan(of: Material) -> Iterator[Block]:
    labels, plan = of.labels, of.definition
    said = labels(
        "report.plan_text", plan=plan.title.get(of.language), version=plan.version, crs=plan.crs
    )
    if plan.document:
        said += labels("report.plan_document", document=plan.document)
    yield Paragraph((said,))
    yield Paragraph(spoken(labels, "layers_text", ref=Ref("table_layers"), n=len(of.layers)))
    columns = (
        Column(labels("column.kind"), 23), Column(labels("column.title"), 30),
        Column(labels("column.status"), 21), Column(labels("report.error"), 17, "right"),
        Column(labels("column.as_of"), 24, "center"), Column(labels("column.owner"), 24),
        Column(labels("column.basis"), 44),
    )  # fmt: skip
    rows = tuple(_layer(row, of) for row in of.layers.itertuples(index=False))
    yield Table("table_layers", labels("report.table_layers"), columns, rows)


def _layer(row: Any, of: Material) -> tuple[Cell, ...]:
    labels = of.labels
    status = status_of(row.status, row.valid_until, labels)
    as_of = row.as_of
    return cells(
        labels(f"kind.{row.kind}"),
        of.definition.name(row.id, of.language),
        status,
        number(row.accuracy),
        as_of.date().isoformat() if as_of is not pd.NaT and as_of is not None else None,
        row.owner,
        row.basis,
    )


def _list(of: Material) -> Iterator[Block]:
    labels, count, located = of.labels, len(of.projects), int(of.located.sum())
    said = counted(labels, "list_rows", count)
    if "projects_file" in of.run:
        said = counted(labels, "list_file", count, file=of.run["projects_file"])
    said += counted(labels, "list_located" if located < count else "list_all", located)
    yield Paragraph((said,))
    if of.evidence:
        yield Paragraph((labels("report.list_read"),))
        told = (evidence_line(code, value, labels) for code, value in of.evidence)
        yield Items(tuple((line,) for line in told))


def _judging(of: Material) -> Iterator[Block]:
    labels = of.labels
    yield Paragraph(spoken(labels, "judging_text", ref=Ref("table_rules")))
    columns = (
        Column(labels("column.rule"), 34), Column(labels("report.asked"), 84),
        Column(labels("report.unmet"), 38),
    )  # fmt: skip
    yield Table("table_rules", labels("report.table_rules"), columns, tuple(_rules(of)))
    yield Items(tuple(_limits(of)))


def _rules(of: Material) -> Iterator[tuple[Cell, ...]]:
    labels, plan = of.labels, of.definition
    unmet = plan.policy.unmet

    def row(rule: str, asked: str, outcome: str) -> tuple[Cell, ...]:
        return cells(rule, asked, labels(f"outcome.{outcome}"))

    yield row(labels(f"rule.{Rule.IN_STUDY_AREA}"), labels("report.asks_study_area"),
              unmet.in_study_area)  # fmt: skip
    widths = [
        labels("report.width", name=one.title.get(of.language), within=exact(one.within))
        for one in plan.corridors.values()
    ]
    key = "asks_either" if plan.zones and widths else "asks_zone" if plan.zones else "asks_corridor"
    yield row(labels("report.rule_location"),
              labels(f"report.{key}", widths=listed(widths, labels)), unmet.location)  # fmt: skip
    yield row(labels(f"rule.{Rule.INDUSTRY_FIT}"), labels("report.asks_industry"),
              unmet.industry_fit)  # fmt: skip
    for key, one in plan.constraints.items():
        if key in plan.unchecked:
            continue
        name = one.title.get(of.language)
        told = "asks_setback" if one.setback else "asks_clear"
        asked = labels(f"report.{told}", name=name, setback=exact(one.setback))
        yield row(labels("rule.clear_of", name=name), asked,
                  unmet.prohibit if one.effect == "prohibit" else unmet.review)  # fmt: skip


def _limits(of: Material) -> Iterator[Text]:
    labels, policy = of.labels, of.definition.policy
    order = labels("report.worse").join(labels(f"outcome.{one}") for one in policy.cascade)
    yield (labels("report.cascade", order=order),)
    yield (labels("report.formula", p=exact(policy.threshold)),)
    assumed = int(of.judged["issues"].str.contains(ASSUMED, regex=False).sum())
    if assumed:
        limit = exact(policy.default_accuracy)
        yield (counted(labels, "assumed", assumed, m=limit),)
    shapes = set(of.facts["shape"])
    if Shape.POLYGON in shapes:
        yield (labels("report.shares", study=_share(policy.study_area_share),
                      zone=_share(policy.zone_share)),)  # fmt: skip
    checked = set(of.definition.constraints) - set(of.definition.unchecked)
    if checked and Shape.POLYGON in shapes:
        yield (labels("report.touch_area", m2=exact(policy.touch_area)),)
    if policy.public_services:
        yield (labels("report.public"),)


def _share(value: float) -> str:
    return f"{value * 100:g}%"


def clauses(of: Material, outline: Outline) -> Iterator[Block]:
    """Quote the clauses that the plan file cites, word for word, with their places."""
    labels = of.labels
    yield outline.chapter("clauses")
    cited = [(key, one) for _, key, one in of.definition.layers() if one.clause is not None]
    if not cited:
        yield Paragraph((labels("report.clauses_none"),))
        return
    yield Paragraph(spoken(labels, "clauses_text", ref=Ref("table_clauses"), n=len(cited)))
    columns = (
        Column(labels("report.area"), 30), Column(labels("report.quote"), 78),
        Column(labels("column.place"), 28), Column(labels("column.clause_kind"), 20),
    )  # fmt: skip
    rows = tuple(
        cells(one.title.get(of.language), one.clause.quote, one.clause.place,
              labels(f"clause.{one.clause.kind}"))
        for _, one in cited
        if one.clause is not None
    )  # fmt: skip
    yield Table("table_clauses", labels("report.table_clauses"), columns, rows)
    kinds = {one.clause.kind for _, one in cited if one.clause is not None}
    for kind in ("clause", "inferred"):
        if kind in kinds:
            yield Paragraph((labels(f"report.kind_{kind}"),), "note")
