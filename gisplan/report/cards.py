"""One card per project: where it is, what each rule found, its clauses and layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from gisplan.io.documents.blocks import (
    Block,
    Card,
    Cell,
    Column,
    Figure,
    Heading,
    Paragraph,
    Table,
    Text,
)
from gisplan.report.findings import settling
from gisplan.report.material import Material
from gisplan.report.outline import Outline
from gisplan.report.phrasing import (
    cells,
    counted,
    money,
    number,
    outcome_cell,
    plain_text,
    probability,
)
from gisplan.terms import OVERRULE_COLUMNS, Outcome, Rule

MOST: Final = 120
"""Cards in a report unless all are asked for: more is not read, and 500 pages are not printed."""

SIZE: Final = (80.0, 60.0)
"""Width and height of a card's map in millimetres."""


def chosen(of: Material, cards: str) -> list[int]:
    """Positions of the projects that get a card.

    ``all`` of them, the ``fragile`` ones (an outcome that the error of the data could turn),
    or ``none``; ``auto`` takes all of a list of up to `MOST`, else the fragile ones, at most
    `MOST`, the least sure first to be taken.
    """
    everyone = list(range(len(of.projects)))
    if cards == "none":
        return []
    if cards == "all" or (cards == "auto" and len(everyone) <= MOST):
        return everyone
    fragile = of.fragile["position"].to_numpy()
    if cards == "fragile":
        return [int(at) for at in fragile]
    sure = of.judged["confidence"].to_numpy()[fragile]
    return sorted(int(at) for at in fragile[np.argsort(sure, kind="stable")][:MOST])


def cards(
    of: Material, outline: Outline, asked: str, figures: Mapping[int, Figure]
) -> Iterator[Block]:
    """Lay out the cards, and say which projects have none."""
    labels = of.labels
    positions = chosen(of, asked)
    if not positions:
        return
    yield outline.chapter("cards")
    left = len(of.projects) - len(positions)
    said = counted(labels, "cards_text", len(positions))
    if left:
        said += counted(labels, "cards_left", left)
    yield Paragraph((said,))
    rows = of.fragile.itertuples(index=False)
    settled = dict(zip(of.fragile["position"].tolist(), rows, strict=True))
    for at in positions:
        yield _card(at, of, figures.get(at), settled.get(at))


def _card(at: int, of: Material, figure: Figure | None, settles: Any) -> Card:
    told, labels = of.told.iloc[at], of.labels
    names = [plain_text(told[one]) for one in ("id", "name")]
    title = " ".join(one for one in names if one != "—") or labels("report.row", n=at + 1)
    notes: list[Text] = [(said,) for said in _decided(at, of)]
    if settles is not None:
        notes.append((labels("report.card_settles", text=settling(settles, of)),))
    if not of.located.iloc[at]:
        notes.append((labels("report.card_nowhere"),))
    # Without a place every rule says that there is none; that is said once.
    table = _rules(at, of) if of.located.iloc[at] else None
    heading = Heading(3, title, f"card_{at}")
    return Card(heading, tuple(_facts(at, of)), figure, table, tuple(notes))


def _decided(at: int, of: Material) -> Iterator[str]:
    """What a person decided of a project, beside its verdict."""
    if of.overrules is None or not of.overrules["overruled"].iloc[at]:
        return
    said, labels = of.overrules.iloc[at], of.labels
    told = {one: plain_text(said[one]) for one in OVERRULE_COLUMNS[1:]}
    outcome = labels(f"outcome.{said['overruled']}")
    yield labels("report.card_decided", outcome=outcome, **told)


def _facts(at: int, of: Material) -> Iterator[tuple[str, Cell]]:
    """What is known of a project; what is not, has no line."""
    told, judged, labels = of.told.iloc[at], of.judged.iloc[at], of.labels
    project = of.projects.iloc[at]
    yield labels("column.outcome"), outcome_cell(str(judged["outcome"]), labels)
    if judged["nominal"] != judged["outcome"]:
        yield labels("column.nominal"), outcome_cell(str(judged["nominal"]), labels)
    numbers: list[tuple[str, str]] = [
        ("report.p", probability(told["confidence"])),
        ("report.flip", number(told["flip_distance"])),
    ]
    for column in ("zone", "corridor"):
        measure = "zone_margin" if column == "zone" else "corridor_distance"
        numbers.append((f"column.{column}", plain_text(told[column])))
        numbers.append((f"report.{measure}", number(told[measure])))
    numbers.append(("report.own_error", number(of.facts["accuracy"].iloc[at])))
    own = ("industry", "industry_code")
    numbers += [(f"column.{key}", plain_text(project.get(key))) for key in own]
    numbers.append(("report.investment", money(told["investment"])))
    more = ("stage", "year", "location", "source")
    numbers += [(f"column.{key}", plain_text(project.get(key))) for key in more]
    if told["issues"]:
        numbers.append(("column.issues", plain_text(told["issues"])))
    located = bool(of.located.iloc[at])
    for key, text in numbers:
        if text != "—" and (located or key != "report.own_error"):
            yield labels(key), Cell(text)


def _rules(at: int, of: Material) -> Table:
    labels = of.labels
    columns = (
        Column(labels("column.rule"), 25), Column(labels("column.outcome"), 22),
        Column(labels("column.text"), 45), Column(labels("report.margin"), 16, "right"),
        Column(labels("report.sigma"), 14, "right"), Column(labels("report.p"), 11, "right"),
        Column(labels("report.grounds"), 46),
    )  # fmt: skip
    cited: dict[str, str] = {}
    rows = tuple(_rule(row, of, cited) for row in of.rules_of[at].itertuples(index=False))
    return Table(f"rules_{at}", "", columns, rows)


def _rule(row: Any, of: Material, cited: dict[str, str]) -> tuple[Cell, ...]:
    """One row; a clause and a layer that an earlier row of the card cites are not repeated."""
    labels = of.labels
    head, _, key = str(row.rule).partition(":")
    outcome = outcome_cell(row.outcome, labels)
    if head == Rule.CLEAR_OF and key in of.definition.unchecked:
        outcome = Cell(labels("report.not_checked"), Outcome.UNKNOWN.value)
        return cells(row.rule_title, outcome, row.text, None, None, None, None)
    grounds = [*_cited(row, of), *_layers(row, of)]
    earlier = dict.fromkeys(cited[one] for one in grounds if one in cited)
    fresh = [one for one in grounds if one not in cited]
    fresh += [labels("report.as_above", rule=rule) for rule in earlier]
    cited |= {one: row.rule_title for one in grounds if one not in cited}
    said = labels("report.semicolon").join(fresh)
    return cells(
        row.rule_title, outcome, row.text, number(row.margin),
        number(row.sigma if not pd.isna(row.margin) else None), probability(row.same), said or None,
    )  # fmt: skip


def _cited(row: Any, of: Material) -> Iterator[str]:
    """Each clause with its own place and kind, as far as the joined texts can be parted."""
    if not row.clause:
        return
    parts = [str(text).split(" / ") for text in (row.clause, row.place, row.clause_kind)]
    if len({len(one) for one in parts}) > 1:  # a quotation with a slash of its own
        parts = [[str(text)] for text in (row.clause, row.place, row.clause_kind)]
    for quote, place, kind in dict.fromkeys(zip(*parts, strict=True)):
        yield of.labels("report.by_clause", quote=quote, place=place, kind=kind)


def _layers(row: Any, of: Material) -> Iterator[str]:
    for one in str(row.layer or "").split(" / "):
        if one:
            yield of.labels("report.by_layer", layer=one)
