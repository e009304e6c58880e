"""What a report is made from: one run, as frames, the definition and the words of a language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from gisplan.definition import PlanDefinition
from gisplan.labels import Labels
from gisplan.report.settling import BOTH, EDGE, capped, settle
from gisplan.siting import explain, judge
from gisplan.terms import SEPARATOR, Outcome, Rule
from gisplan.today import today
from gisplan.wording import word_verdicts
from gisplan.zonal import Zonal

_Ask = tuple[str, float, tuple[str, ...]]
"""What a verdict takes: of whom, the error allowed (m), and of which boundaries."""


@dataclass(frozen=True)
class Material:
    """One run.

    Attributes
    ----------
    definition, areas
        The plan.
    layers
        What ``Plan.layers`` returns.
    projects, verdicts
        The list and what the check said, on one index.
    rules
        What ``Plan.explain`` returns: each project's rules in words.
    facts
        What ``Plan.measure`` returns.
    labels
        The language.
    issues
        What intake found, ``None`` where the projects came from no file: then nothing is
        said of it.
    evidence
        How the list was read, as (code, value).
    run
        ``Run.facts``: file, hashes, date; what is not in it is not said.
    overrules
        What people decided, as `gisplan.overrules.read_overrules` returns it.
    folder
        The plan's, to which the rasters of its suitability models are relative.
    zonal
        What ``Plan.zonal`` says of a raster.
    """

    definition: PlanDefinition
    areas: gpd.GeoDataFrame = field(repr=False)
    layers: pd.DataFrame = field(repr=False)
    projects: gpd.GeoDataFrame = field(repr=False)
    verdicts: pd.DataFrame = field(repr=False)
    rules: pd.DataFrame = field(repr=False)
    facts: pd.DataFrame = field(repr=False)
    labels: Labels
    issues: pd.DataFrame | None = field(default=None, repr=False)
    evidence: tuple[tuple[str, str], ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    overrules: pd.DataFrame | None = field(default=None, repr=False)
    folder: Path | None = None
    zonal: Zonal | None = field(default=None, repr=False)

    @cached_property
    def told(self) -> pd.DataFrame:
        """The verdicts in words, as the workbook has them, on positions 0…n-1."""
        told = word_verdicts(self.projects, self.verdicts, self.rules, self.definition, self.labels)
        return told.reset_index(drop=True)

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The verdicts on positions 0…n-1."""
        return self.verdicts.reset_index(drop=True)

    @cached_property
    def rules_of(self) -> list[pd.DataFrame]:
        """The worded rules of each project, by position."""
        times = len(self.rules) // max(len(self.projects), 1)
        return [self.rules.iloc[k : k + times] for k in range(0, len(self.rules), max(times, 1))]

    @cached_property
    def located(self) -> pd.Series:
        """Which projects have a place, by position."""
        held = self.projects.geometry.notna() & ~self.projects.geometry.is_empty
        return held.reset_index(drop=True)

    @cached_property
    def date(self) -> dt.date:
        """The day of the run, else today."""
        if "date" in self.run:
            return dt.date.fromisoformat(str(self.run["date"]))
        return today()

    @property
    def language(self) -> str:
        """The language's code."""
        return self.labels.language

    @cached_property
    def compared(self) -> dict[str, int]:
        """How many projects each constraint was compared with, of those that are to be checked.

        A constraint whose answer is unknown for a project was not compared with it: the
        project has no place, the constraint no data, or none where the project stands.
        """
        return {
            key: int((self.judged[f"{Rule.CLEAR_OF}:{key}"] != Outcome.UNKNOWN).sum())
            for key in self.definition.constraints
            if key not in self.definition.unchecked
        }

    @property
    def uncompared(self) -> list[str]:
        """Constraints that are to be checked and could not be, for any project."""
        return [key for key, count in self.compared.items() if not count]

    @property
    def partly(self) -> int:
        """How many projects a constraint compared with others was not compared with."""
        columns = [f"{Rule.CLEAR_OF}:{key}" for key, count in self.compared.items() if count]
        return int((self.judged[columns] == Outcome.UNKNOWN).any(axis=1).sum()) if columns else 0

    @cached_property
    def unknown(self) -> pd.Series:
        """Which projects cannot be judged, at all or even if all places were exact."""
        outcome = self.judged["outcome"] == Outcome.UNKNOWN
        return outcome | (self.judged["nominal"] == Outcome.UNKNOWN)

    @cached_property
    def fragile(self) -> pd.DataFrame:
        """What would settle each fragile verdict.

        `gisplan.report.settling.settle`, with ``edges`` (ids of the boundaries it takes,
        joined by ``|``), ``reasons`` (the open rules, as the verdict has them) and
        ``lacking`` (rules that stay unknown for want of other data, as ``rule=unknown``).
        """
        found = settle(self.facts, self.judged, self.definition)
        found["edges"], found["lacking"] = "", ""
        found["reasons"] = self.judged["reasons"].iloc[found["position"]].to_numpy()
        if len(found):
            found["edges"] = self._edges(found)
            found["lacking"] = self._lacking(found)
        return found

    def _edges(self, found: pd.DataFrame) -> list[str]:
        """Name the boundaries that have to be better: those of the open rules, if they suffice.

        Projects that ask the same are judged together, so a long list takes no longer.
        """
        part = self.facts.iloc[found["position"]]
        asked = explain(part.reset_index(drop=True), self.definition)
        open_ = asked[asked["outcome"] == Outcome.REVIEW]
        subjects = open_.groupby("project")["subject"].agg(SEPARATOR.join)
        named: list[tuple[str, ...]] = [()] * len(found)
        first: dict[_Ask, list[int]] = {}
        pairs = zip(found["needs"], found["accuracy"], strict=True)
        for at, (needs, limit) in enumerate(pairs):
            if needs in (EDGE, BOTH):
                own = set(str(subjects.get(at, "")).split(SEPARATOR))
                few = tuple(key for key in self._coarse(limit) if key in own)
                first.setdefault((needs, limit, few), []).append(at)
        open_asks: dict[_Ask, list[int]] = {}
        for (needs, limit, few), rows in first.items():
            enough = self._settled(found, rows, (needs, limit, few))
            for at, good in zip(rows, enough, strict=True):
                if good:
                    named[at] = few
                else:
                    every = (needs, limit, self._coarse(limit))
                    open_asks.setdefault(every, []).append(at)
        for (_, _, edges), rows in self._fewest(found, open_asks).items():
            for at in rows:
                named[at] = edges
        return [SEPARATOR.join(one) for one in named]

    def _coarse(self, limit: float) -> tuple[str, ...]:
        return tuple(key for _, key, one in self.definition.layers() if one.error > limit)

    def _fewest(self, found: pd.DataFrame, asks: dict[_Ask, list[int]]) -> dict[_Ask, list[int]]:
        """Leave out, one after the other, each boundary without which it is settled too."""
        for _, key, _ in self.definition.layers():
            fewer: dict[_Ask, list[int]] = {}
            for ask, rows in asks.items():
                needs, limit, edges = ask
                less = (needs, limit, tuple(one for one in edges if one != key))
                tried = key in edges and bool(less[2])
                enough = self._settled(found, rows, less) if tried else [False] * len(rows)
                for at, good in zip(rows, enough, strict=True):
                    fewer.setdefault(less if good else ask, []).append(at)
            asks = fewer
        return asks

    def _settled(self, found: pd.DataFrame, rows: list[int], ask: _Ask) -> list[bool]:
        needs, limit, edges = ask
        positions = found["position"].iloc[rows]
        part = self.facts.iloc[positions]
        if needs == BOTH:
            part = part.assign(accuracy=part["accuracy"].clip(upper=limit))
        again = judge(part, capped(self.definition, limit, frozenset(edges)))
        sure = ~(again["confidence"].to_numpy() < self.definition.policy.threshold)
        nominal = self.judged["nominal"].iloc[positions].to_numpy()
        return [bool(one) for one in sure & (again["outcome"].to_numpy() == nominal)]

    def _lacking(self, found: pd.DataFrame) -> list[str]:
        part = self.facts.iloc[found["position"]]
        exact = judge(part.assign(accuracy=0.0), capped(self.definition, 0.0))
        unknown = exact["outcome"] == Outcome.UNKNOWN
        return exact["reasons"].where(unknown, "").tolist()
