"""Page one: what was checked, what came out, what is open, and what has to be done."""

from __future__ import annotations

from collections.abc import Iterator

from gisplan.definition.table import out_of_date
from gisplan.io.documents.blocks import Cell, Column, Heading, Items, Paragraph, Ref, Table, Text
from gisplan.report.findings import touching
from gisplan.report.material import Material
from gisplan.report.phrasing import (
    counted,
    exact,
    listed,
    spoken,
)
from gisplan.report.settling import NONE, SURVEY
from gisplan.terms import NO_PLACE, Outcome, Status
from gisplan.wording import metres

Block = Heading | Paragraph | Items | Table


def summary(of: Material, chapters: frozenset[str]) -> tuple[Block, ...]:
    """Lay out the summary; *chapters* are the anchors that the report has."""
    labels = of.labels
    blocks: list[Block] = [
        Heading(3, labels("report.summary"), "summary"),
        Paragraph((_total(of),), "lead"),
        _counts(of),
    ]
    blocks += [Paragraph(text, "brief") for text in _said(of, chapters)]
    asked = tuple(_asks(of))
    if asked:
        blocks += [Heading(3, labels("report.asks"), "asks"), Items(asked, brief=True)]
    return tuple(blocks)


def _total(of: Material) -> str:
    name = of.definition.title.get(of.language)
    count, located = len(of.projects), int(of.located.sum())
    placed = counted(of.labels, "placed" if located < count else "placed_all", located)
    return counted(of.labels, "checked", count, plan=name) + placed


def _counts(of: Material) -> Table:
    tally = of.judged["outcome"].value_counts()
    labels = of.labels
    # Those a planner acts on stand there also where there are none: that is an answer, too.
    always = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.REVIEW, Outcome.PASS)
    shown = [one for one in Outcome if tally.get(one, 0) or one in always]
    columns = [Column(labels("report.total"), 1, "center")]
    row = [Cell(str(len(of.judged)))]
    for one in shown:
        columns.append(Column(labels(f"outcome.{one}"), 1, "center"))
        row.append(Cell(str(int(tally.get(one, 0))), one.value))
    return Table("counts", "", tuple(columns), (tuple(row),))


def _said(of: Material, chapters: frozenset[str]) -> Iterator[Text]:
    labels, threshold = of.labels, of.definition.policy.threshold
    firm = int((of.judged["confidence"] >= threshold).sum())
    first: Text = ()
    if firm:
        first = (counted(labels, "firm", firm, p=exact(threshold)) + labels("report.stop"),)
    if of.overrules is not None and (decided := int((of.overrules["overruled"] != "").sum())):
        # Whoever reads this page alone must not take an overruled verdict for the last word.
        said = counted(labels, "sum_decided", decided)
        first += (said, *_see(of, "decisions", chapters))
    if first:
        yield first
    if len(of.fragile):
        needs = of.fragile["needs"]
        said = counted(labels, "sum_fragile", len(of.fragile), p=exact(threshold))
        for key, rows in (("by_survey", needs == SURVEY), ("by_edge", ~needs.isin([SURVEY, NONE])),
                          ("by_none", needs == NONE)):  # fmt: skip
            if rows.any():
                said += labels("report.then") + counted(labels, key, int(rows.sum()))
        yield (said, *_see(of, "fragile", chapters))
    unknown = int((of.judged["outcome"] == Outcome.UNKNOWN).sum())
    if unknown:
        why = counted(labels, "unjudged", unknown, why=_why(of))
        yield (why, *_see(of, "missing", chapters))
    yield from _constraints(of, chapters)
    held = of.layers.loc[of.layers["status"].notna(), ["kind", "id"]]
    old = out_of_date(of.definition, set(held.itertuples(index=False, name=None)), of.language)
    if old:
        said = counted(labels, "expired", len(old), names=listed(old, labels))
        yield (said, *spoken(labels, "see", ref=Ref("table_layers")), labels("report.stop"))
    schematic = of.layers[of.layers["status"] == Status.SCHEMATIC]
    if len(schematic):
        errors = schematic["accuracy"]
        with_data = int(of.layers["status"].notna().sum())
        low, high = metres(errors.min()), metres(errors.max())
        key = "schematic_all" if len(schematic) == with_data else "schematic"
        key = key if low != high else "schematic_alike"
        said = counted(labels, key, len(schematic), layers=with_data, low=low, high=high)
        yield (said, *spoken(labels, "see", ref=Ref("table_layers")), labels("report.stop"))


def _see(of: Material, anchor: str, chapters: frozenset[str]) -> Text:
    stop = of.labels("report.stop")
    if anchor not in chapters:
        return (stop,)
    return (*spoken(of.labels, "see_chapter", ref=Ref(anchor)), stop)


def _why(of: Material) -> str:
    """Count the reasons for which projects cannot be judged, as the terminal does."""
    unknown = of.judged["outcome"] == Outcome.UNKNOWN
    nowhere = unknown & (of.judged["reasons"] == NO_PLACE)
    parts = [(of.labels("rule.place"), int(nowhere.sum()))]
    others = of.told.loc[unknown & ~nowhere, "because"].value_counts()
    parts += [(str(name), int(n)) for name, n in others.items()]
    told = [of.labels("report.reason_count", reason=name, n=n) for name, n in parts if n]
    return listed(told, of.labels)


def _constraints(of: Material, chapters: frozenset[str]) -> Iterator[Text]:
    labels, plan = of.labels, of.definition
    compared = [key for key, count in of.compared.items() if count]
    if compared:
        touched = int(touching(of)["project"].nunique())
        names = listed((plan.name(key, of.language) for key in compared), labels)
        key = "touched" if touched else "touched_none"
        said = counted(labels, key, touched, names=names)
        if of.partly:
            said += counted(labels, "uncompared_projects", of.partly)
        yield (said, *_see(of, "constraints", chapters))
    if of.uncompared:
        names = listed((owned(of, key) for key in of.uncompared), labels)
        yield (labels("report.uncompared", names=names),)
    if plan.unchecked:
        names = listed((owned(of, key) for key in plan.unchecked), labels)
        yield (counted(labels, "unchecked", len(plan.unchecked), names=names),)


def owned(of: Material, key: str) -> str:
    """Return the title of a layer with the office in charge, where the plan names one."""
    layer = of.definition.layer(key)
    title = layer.title.get(of.language)
    return of.labels("report.owned", title=title, owner=layer.owner) if layer.owner else title


def _asks(of: Material) -> Iterator[Text]:
    """What has to be done next, most telling first; each line follows from a count above zero."""
    labels, plan = of.labels, of.definition
    owners: dict[str, list[str]] = {}
    # One that is required and has no data is asked for like those that were not checked.
    for layer in plan.constraints.values():
        if layer.source is not None:
            continue
        owners.setdefault(layer.owner or "", []).append(layer.title.get(of.language))
    for owner, titles in owners.items():
        names = listed(titles, labels)
        key = "ask_data" if owner else "ask_data_of_none"
        yield (labels(f"report.{key}", owner=owner, names=names),)
    nowhere = int((of.judged["reasons"] == NO_PLACE).sum())
    if nowhere:
        yield (counted(labels, "ask_place", nowhere),)
    lost = of.rules[(of.rules["rule"] == "industry_fit") & (of.rules["outcome"] == "unknown")]
    located = of.located[of.located].index
    times = max(len(of.rules) // max(len(of.projects), 1), 1)
    unnamed = {at // times for at in _positions(of, lost)} & set(located)
    if unnamed:
        yield (counted(labels, "ask_industry", len(unnamed)),)
    yield from _ask_exactness(of)


def _positions(of: Material, rows: object) -> list[int]:
    """Positions, in the worded rules, of some of their rows."""
    index = of.rules.index.get_indexer(rows.index)  # type: ignore[attr-defined]
    return [int(at) for at in index]


def _ask_exactness(of: Material) -> Iterator[Text]:
    labels, found = of.labels, of.fragile
    survey = found[found["needs"] == SURVEY]
    if len(survey):
        least = exact(survey["accuracy"].min())
        yield (counted(labels, "ask_survey", len(survey), m=least),)
    edges = found[found["edges"] != ""]
    ids = list(dict.fromkeys(one for joined in edges["edges"] for one in joined.split("|")))
    if ids:
        order = [key for _, key, _ in of.definition.layers() if key in ids]
        names = listed((of.definition.name(key, of.language) for key in order), labels)
        yield (counted(labels, "ask_edges", len(edges), names=names),)
