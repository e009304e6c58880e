"""Projects one by one: by the outcome of their siting, by their stage."""

# ruff: noqa: ARG002 - every theme answers to the same calls, whether it needs them or not

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from gisplan.plotting.column import Column, Head
from gisplan.plotting.entries import PLAIN, Entry
from gisplan.plotting.ground import Ground
from gisplan.plotting.themes.base import Content, Theme, figure
from gisplan.stages import Stage, read_stages
from gisplan.symbology import OUTCOME_SYMBOLS, Symbol
from gisplan.terms import OUTCOMES

STAGE_SYMBOLS: Final = {
    Stage.PLANNED.value: Symbol("#cc79a7", "diamond", "◇", 2),
    Stage.STARTED.value: Symbol("#e69f00", "triangle", "△", 3),
    Stage.BUILDING.value: Symbol("#0072b2", "square", "□", 4),
    Stage.DONE.value: Symbol("#009e73", "circle", "●", 1),
    Stage.STOPPED.value: Symbol("#d55e00", "wedge", "▽", 5),
    Stage.UNCLEAR.value: Symbol("#6e6e6e", "cross", "×", 6),
    "": Symbol("#b4b4b4", "pentagon", "–", 7),
}
"""Colour and shape by stage; ``""`` where the list says nothing."""


class SitingTheme(Theme):
    """The areas, and every project by the outcome of its siting."""

    name = "siting"
    marks = True

    def title(self, plan: str) -> str:
        """Return the title of the sheet; without projects it is one of areas."""
        key = "plot.title_projects" if self.content.entries else "plot.title_areas"
        return self.labels(key, title=plan)

    def legend(self, column: Column) -> None:
        """Add a row, with its count, for every outcome that occurs."""
        entries, labels = self.content.entries, self.labels
        if not entries:
            return
        column.heading(labels("plot.outcomes"))
        counts = Counter(entry.outcome for entry in entries)
        for outcome in (*OUTCOMES, ""):
            if not counts[outcome]:
                continue
            title = labels(f"outcome.{outcome}") if outcome else labels("plot.unjudged")
            text = labels("plot.count", title=title, count=counts[outcome])
            symbol = OUTCOME_SYMBOLS[outcome] if outcome else PLAIN
            column.marked_row(text, symbol, gid=f"count-{outcome or 'unjudged'}")

    def table(self) -> tuple[list[Head], list[list[str]]] | None:
        """Count areas and outcomes by zone; a project on a shared edge counts in both."""
        content = self.content
        sizes = content.square_kilometres()
        found = [o for o in (*OUTCOMES, "") if any(e.outcome == o for e in content.entries)]
        heads: list[Head] = [self.labels("plot.zone"), self.labels("plot.square_kilometres")]
        heads += [OUTCOME_SYMBOLS[one] if one else PLAIN for one in found]
        rows = [
            [area.title, figure(sizes[area.key], 2),
             *_counts([e for e in content.entries if area.key in content.zone_ids(e)], found)]
            for area in content.zones
        ]  # fmt: skip
        if not rows:
            return None
        if content.entries:
            outside = [e for e in content.entries if e.geometry is not None]
            nowhere = [e for e in outside if not content.zone_ids(e)]
            unlocated = [e for e in content.entries if e.geometry is None]
            rows.append([self.labels("plot.no_zone"), "", *_counts(nowhere, found)])
            rows.append([self.labels("plot.no_place"), "", *_counts(unlocated, found)])
            rows.append([self.labels("plot.all"), "", *_counts(content.entries, found)])
        return heads, rows


class StageTheme(Theme):
    """Every project by the stage that the list gives it."""

    name = "stage"
    marks = True
    needs_projects = True

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        self.said = [str(one or "").strip() for one in content.column("stage")]
        read = read_stages(pd.Series(self.said, dtype="str"))["stage_code"]
        self.stages = [code if said else "" for code, said in zip(read, self.said, strict=True)]

    @property
    def entries(self) -> Sequence[Entry]:
        """The projects with the symbols of their stage."""
        pairs = zip(self.content.entries, self.stages, strict=True)
        return [replace(entry, look=STAGE_SYMBOLS[stage]) for entry, stage in pairs]

    def legend(self, column: Column) -> None:
        """Add a row, with its count, for every stage that occurs."""
        column.heading(self.labels("plot.stages"))
        for stage, symbol in STAGE_SYMBOLS.items():
            if count := self.stages.count(stage):
                title = self.labels(f"stage.{stage}" if stage else "plot.stage_none")
                text = self.labels("plot.count", title=title, count=count)
                column.marked_row(text, symbol, gid=f"count-{stage or 'none'}")

    def table(self) -> tuple[list[Head], list[list[str]]] | None:
        """Count stages by zone."""
        content = self.content
        found = [stage for stage in STAGE_SYMBOLS if stage in self.stages]
        heads: list[Head] = [self.labels("plot.zone"), *(STAGE_SYMBOLS[one] for one in found)]
        held = [content.zone_ids(entry) for entry in content.entries]

        def row(title: str, chosen: Sequence[bool]) -> list[str]:
            stages = [s for s, one in zip(self.stages, chosen, strict=True) if one]
            return [title, *(str(stages.count(stage)) for stage in found)]

        rows = [row(area.title, [area.key in ids for ids in held]) for area in content.zones]
        located = [entry.geometry is not None for entry in content.entries]
        nowhere = [at and not ids for at, ids in zip(located, held, strict=True)]
        rows.append(row(self.labels("plot.no_zone"), nowhere))
        rows.append(row(self.labels("plot.no_place"), [not at for at in located]))
        rows.append(row(self.labels("plot.all"), [True] * len(held)))
        return heads, rows

    def notes(self, ground: Ground) -> list[str]:
        """Say by what words stages were told, and which words told none."""
        unclear = dict.fromkeys(
            said
            for said, stage in zip(self.said, self.stages, strict=True)
            if stage == Stage.UNCLEAR
        )
        notes = [self.labels("plot.note_stage")]
        if unclear:
            between = self.labels("plot.between")
            notes.append(self.labels("plot.note_stage_unclear", words=between.join(unclear)))
        return notes


def _counts(entries: Sequence[Entry], outcomes: Sequence[str]) -> list[str]:
    """Count entries by outcome, in the order given."""
    tally = Counter(entry.outcome for entry in entries)
    return [str(tally[outcome]) for outcome in outcomes]
