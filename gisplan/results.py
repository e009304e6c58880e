"""One run of a check: what was read, judged and relied on."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gisplan import __version__
from gisplan.io.tables import lon_lat
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.wording import word_verdicts

if TYPE_CHECKING:
    import geopandas as gpd

    from gisplan.io.projects import Intake


@dataclass(frozen=True)
class Run:
    """What a result rests on, so that it can be made again: provenance, as codes."""

    facts: dict[str, Any]

    @classmethod
    def of(cls, plan: Plan, projects_file: Path, read: Intake, crs: str | None) -> Run:
        """Gather the provenance of a check of one project list."""
        definition = plan.definition
        layers = plan.areas[plan.areas["sha256"].notna()]
        return cls(
            {
                "tool": __version__,
                "date": _today().isoformat(),
                "plan": definition.id,
                "plan_version": definition.version,
                "plan_sha256": plan.sha256,
                "crs": definition.crs,
                "threshold": definition.policy.threshold,
                "projects_file": projects_file.name,
                "projects_sha256": hashlib.sha256(projects_file.read_bytes()).hexdigest(),
                "projects_crs": crs or str(read.projects.crs),
                "layers": {f"{r.kind}.{r.id}": r.sha256 for r in layers.itertuples(index=False)},
                "unchecked": list(definition.unchecked),
            }
        )


def _today() -> dt.date:
    """Today, or the day of ``SOURCE_DATE_EPOCH``, by which a result is made byte for byte again."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return dt.datetime.fromtimestamp(int(epoch), dt.UTC).date() if epoch else dt.date.today()


@dataclass(frozen=True)
class Result:
    """A plan, the list that was read, and the verdicts on it."""

    plan: Plan
    file: str
    read: Intake
    verdicts: pd.DataFrame
    # Every table and sheet asks for the same words, which cost a measuring of all projects.
    _worded: dict[tuple[str, str], pd.DataFrame] = field(
        default_factory=dict, repr=False, compare=False
    )

    def rules(self, language: str) -> pd.DataFrame:
        """Return each project's rules in words (``plan.explain``), worked out once."""
        if ("rules", language) not in self._worded:
            rules = self.plan.explain(self.projects, language=language)
            self._worded["rules", language] = rules
        return self._worded["rules", language].copy()

    def told(self, language: str) -> pd.DataFrame:
        """Return the verdicts in words (``plan.tell``), worked out once."""
        if ("told", language) not in self._worded:
            told = word_verdicts(
                self.projects, self.verdicts, self.rules(language), self.plan.definition,
                Labels(language),
            )  # fmt: skip
            self._worded["told", language] = told
        return self._worded["told", language].copy()

    @property
    def projects(self) -> gpd.GeoDataFrame:
        """The projects, in the order of the list."""
        return self.read.projects

    @cached_property
    def located(self) -> pd.Series:
        """Which projects have a place."""
        return self.projects.geometry.notna() & ~self.projects.geometry.is_empty


def checked(plan: Plan, file: Path, read: Intake) -> Result:
    """Judge a list that was read from a file."""
    return Result(plan, file.name, read, plan.check(read.projects))


def read_rows(read: Intake) -> pd.DataFrame:
    """Lay out the projects of a list with their place in WGS 84, before any judging."""
    table = pd.DataFrame(read.projects.drop(columns=read.projects.geometry.name))
    place = lon_lat(read.projects)
    table["lon"], table["lat"] = place["lon"], place["lat"]
    return table.rename(columns={"intake_issues": "issues"})
