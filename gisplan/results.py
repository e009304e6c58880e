"""One run of a check: what was read, judged and relied on."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gisplan import __version__
from gisplan.io.tables import lon_lat
from gisplan.labels import Labels
from gisplan.overrules import today
from gisplan.plan import Plan
from gisplan.terms import OVERRULE_COLUMNS
from gisplan.wording import word_verdicts

if TYPE_CHECKING:
    import geopandas as gpd

    from gisplan.io.projects import Intake


@dataclass(frozen=True)
class Run:
    """What a result rests on, so that it can be made again: provenance, as codes."""

    facts: dict[str, Any]

    @classmethod
    def of(
        cls, plan: Plan, projects_file: Path, read: Intake, crs: str | None,
        *, sheet: str | None = None, encoding: str | None = None, overrules: Path | None = None,
    ) -> Run:  # fmt: skip
        """Gather the provenance of a check of one project list.

        ``crs``, ``sheet`` and ``encoding`` are how the list was asked to be read.
        """
        return cls(
            {
                **cls.of_plan(plan).facts,
                "projects_file": projects_file.name,
                "projects_sha256": _sha256(projects_file),
                "projects_crs": crs or str(read.projects.crs),
                "projects_read": {"crs": crs, "sheet": sheet, "encoding": encoding},
                "overrules_file": overrules.name if overrules else None,
                "overrules_sha256": _sha256(overrules) if overrules else None,
            }
        )

    @classmethod
    def of_plan(cls, plan: Plan) -> Run:
        """Gather the provenance of what was made of a plan alone."""
        definition = plan.definition
        layers = plan.areas[plan.areas["sha256"].notna()]
        return cls(
            {
                "tool": __version__,
                "date": today().isoformat(),
                "plan": definition.id,
                "plan_version": definition.version,
                "plan_sha256": plan.sha256,
                "rules_version": definition.policy.version or definition.version,
                "rules_sha256": _rules_sha256(plan),
                "crs": definition.crs,
                "threshold": definition.policy.threshold,
                "layers": {f"{r.kind}.{r.id}": r.sha256 for r in layers.itertuples(index=False)},
                "unchecked": list(definition.unchecked),
                "libraries": _libraries(),
            }
        )


_RULE_KEYS = ("industries", "within", "effect", "setback", "required", "accuracy")
"""What of a layer, besides its geometry, decides a verdict."""


def _rules_sha256(plan: Plan) -> str:
    """Hash the rules alone: policy and what decides of each layer, not titles and colours."""
    definition = plan.definition
    layers = {
        key: {name: getattr(layer, name) for name in _RULE_KEYS if hasattr(layer, name)}
        for _, key, layer in definition.layers()
    }
    policy = definition.policy.model_dump(mode="json", exclude={"version"})
    rules = {"policy": policy, "layers": layers}
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def _libraries() -> dict[str, str]:
    """Versions of what measures: another GEOS or PROJ may round otherwise."""
    import pyproj
    import shapely

    return {
        "python": platform.python_version(),
        "shapely": shapely.__version__,
        "geos": shapely.geos_version_string,
        "pyproj": pyproj.__version__,
        "proj": pyproj.proj_version_str,
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Result:
    """A plan, the list that was read, and the verdicts on it."""

    plan: Plan
    file: str
    read: Intake
    verdicts: pd.DataFrame
    overrules: pd.DataFrame | None = None
    projects_sha256: str | None = None
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
            if self.overrules is not None:
                told = _beside(told, self.overrules, Labels(language))
            self._worded["told", language] = told
        return self._worded["told", language].copy()

    @property
    def about(self) -> dict[str, Any]:
        """The provenance of a table or picture made of this result."""
        own = {"projects_file": self.file, "projects_sha256": self.projects_sha256}
        return {**Run.of_plan(self.plan).facts, **own}

    @property
    def recorded(self) -> pd.DataFrame:
        """The verdicts, and beside them what a person decided where overrules were given."""
        if self.overrules is None:
            return self.verdicts
        return pd.concat([self.verdicts, self.overrules], axis=1)

    @property
    def standing(self) -> pd.Series:
        """The outcome that stands of each project: a person's, where one decided."""
        own = self.verdicts["outcome"].astype("str")
        if self.overrules is None:
            return own
        return own.mask((self.overrules["overruled"] != "").to_numpy(), self.overrules["overruled"])

    @property
    def projects(self) -> gpd.GeoDataFrame:
        """The projects, in the order of the list."""
        return self.read.projects

    @cached_property
    def located(self) -> pd.Series:
        """Which projects have a place."""
        return self.projects.geometry.notna() & ~self.projects.geometry.is_empty


def _beside(told: pd.DataFrame, overrules: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Set what a person decided, in words, right of the outcome, which stays."""
    at = list(told).index("outcome") + 1
    for column in reversed(OVERRULE_COLUMNS):
        cells = overrules[column]
        if column == "overruled":
            cells = pd.Series([labels(f"outcome.{one}") if one else "" for one in cells])
        told.insert(at, column, cells.to_numpy())
    return told


def checked(plan: Plan, file: Path, read: Intake, overrules: pd.DataFrame | None = None) -> Result:
    """Judge a list that was read from a file; *overrules* as `gisplan.overrules` reads them."""
    digest = _sha256(file) if file.is_file() else None
    return Result(plan, file.name, read, plan.check(read.projects), overrules, digest)


def read_rows(read: Intake) -> pd.DataFrame:
    """Lay out the projects of a list with their place in WGS 84, before any judging."""
    table = pd.DataFrame(read.projects.drop(columns=read.projects.geometry.name))
    place = lon_lat(read.projects)
    table["lon"], table["lat"] = place["lon"], place["lat"]
    return table.rename(columns={"intake_issues": "issues"})
