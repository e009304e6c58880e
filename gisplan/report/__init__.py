"""The siting report: what it says, as blocks of no format, from one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gisplan.io.documents.blocks import Block, Break, Contents, Document, Heading
from gisplan.report import annexes, findings, gaps, places, sources, surfaces
from gisplan.report import cards as card_pages
from gisplan.report.front import summary
from gisplan.report.material import Material
from gisplan.report.outline import Outline
from gisplan.report.pictures import Progress, card_maps, moves_sheet, sheet


def report(
    of: Material,
    *,
    cards: str = "auto",
    sites: str = "auto",
    jobs: int = 1,
    progress: Progress | None = None,
    map_page: Callable[[], str] | None = None,
) -> Document:
    """Say what a run found, as a document of no particular format.

    Parameters
    ----------
    of
        The run.
    cards
        Who gets a card with a map: ``"all"``, ``"fragile"``, ``"none"``; ``"auto"`` is all
        of a list of up to 120, else the fragile ones. Who has none is told.
    sites
        Whose nearest complying place is looked for: ``"all"`` that do not comply, ``"none"``,
        or ``"auto"``, a limited number (`gisplan.report.places.find`). Who is left out is told.
    jobs
        Processes that draw the maps of the cards.
    progress
        Called with the cards drawn and to draw.
    map_page
        Returns the page of the interactive map, for the format that can hold it.

    Returns
    -------
    Document
        Same run, same document; every sentence of it follows from a fact of the run.
    """
    outline = Outline(of.labels)
    wanted = card_pages.chosen(of, cards)
    found = places.find(of, sites)
    maps = card_maps(of, wanted, card_pages.SIZE, jobs=jobs, progress=progress)
    body: list[Block] = [
        *sources.overview(outline, sheet(of)),
        *sources.method(of, outline),
        *findings.results(of, outline),
        *findings.constraints(of, outline),
        *findings.fragile(of, outline),
        *places.chapter(of, outline, found, moves_sheet(of, found)),
        *surfaces.chapter(of, outline),
        *gaps.decisions(of, outline),
        *gaps.missing(of, outline),
        *gaps.intake(of, outline),
        *card_pages.cards(of, outline, cards, maps),
        *sources.clauses(of, outline),
        *places.annex(of, outline, found),
        *annexes.data_list(of, outline),
        *annexes.glossary(of, outline),
        *annexes.again(of, outline),
    ]
    anchors = frozenset(one.anchor for one in body if isinstance(one, Heading))
    front = (*summary(of, anchors), Break(), Contents(of.labels("report.contents")), Break())
    return _document(of, (*front, *body), map_page)


def _document(
    of: Material, blocks: tuple[Block, ...], map_page: Callable[[], str] | None
) -> Document:
    labels, plan = of.labels, of.definition
    lines = [labels("report.cover_version", version=plan.version)]
    if "projects_file" in of.run:
        lines.insert(0, labels("report.cover_list", file=of.run["projects_file"]))
    if of.run:
        day = of.date
        lines.append(labels("report.cover_date", year=day.year, month=day.month, day=day.day))
    words: dict[str, Any] = {
        name: labels(f"report.word_{name}")
        for name in ("table", "figure", "page", "map", "map_help", "subject", "keywords")
    }
    words["tool"] = f"gisplan {of.run['tool']}" if "tool" in of.run else "gisplan"
    for name in ("title", "header"):
        words[name] = labels(f"report.word_{name}", plan=plan.title.get(of.language))
    return Document(
        plan.title.get(of.language), labels("report.kind"), tuple(lines), labels("report.scope"),
        of.language, of.date, words, blocks, map_page,
    )  # fmt: skip


__all__ = ["Material", "report"]
