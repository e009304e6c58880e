"""One run of a check: what was read, judged and relied on."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gisplan import __version__
from gisplan.columns import Coded, Columns
from gisplan.frames import Table, framed, table_of
from gisplan.io.flat import places_of
from gisplan.io.hashes import file_sha256
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.terms import OUTCOMES, OVERRULE_COLUMNS
from gisplan.today import today
from gisplan.wording import mapped, verdicts_in_words

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

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
        listed = cls.of_list(
            projects_file, read, crs, sheet=sheet, encoding=encoding, overrules=overrules
        )
        return cls({**cls.of_plan(plan).facts, **listed.facts})

    @classmethod
    def of_list(
        cls, projects_file: Path, read: Intake, crs: str | None,
        *, sheet: str | None = None, encoding: str | None = None, overrules: Path | None = None,
    ) -> Run:  # fmt: skip
        """Gather which list was read, how, and what a person decided about it."""
        system = table_of(read, "projects").crs
        return cls(
            {
                "projects_file": projects_file.name,
                "projects_sha256": file_sha256(projects_file),
                "projects_crs": crs or (system.to_string() if system is not None else None),
                "projects_read": {"crs": crs, "sheet": sheet, "encoding": encoding},
                "overrules_file": overrules.name if overrules else None,
                "overrules_sha256": file_sha256(overrules) if overrules else None,
            }
        )

    @classmethod
    def of_tool(cls) -> Run:
        """Gather what every result rests on, whether or not a plan has part in it."""
        return cls({"tool": __version__, "date": today().isoformat(), "libraries": _libraries()})

    @classmethod
    def of_plan(cls, plan: Plan) -> Run:
        """Gather the provenance of what was made of a plan alone."""
        definition = plan.definition
        layers = zip(*(plan.layer_columns.texts(one) for one in _LAYER_KEYS), strict=True)
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
                "layers": {f"{kind}.{key}": one for kind, key, one in layers if one is not None},
                "unchecked": list(definition.unchecked),
                "libraries": _libraries(),
            }
        )


_LAYER_KEYS = ("kind", "id", "sha256")
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


@framed("verdicts", "overrules")
@dataclass(frozen=True)
class Result:
    """A plan, the list that was read, and the verdicts on it; frames are made when asked for."""

    plan: Plan
    file: str
    read: Intake
    verdicts: pd.DataFrame
    overrules: pd.DataFrame | None = None
    projects_sha256: str | None = None
    # Every table and sheet asks for the same words, which cost a measuring of all projects.
    _worded: dict[tuple[str, str], Columns] = field(default_factory=dict, repr=False, compare=False)

    def rules(self, language: str) -> pd.DataFrame:
        """Return each project's rules in words (``plan.explain``)."""
        return self.rule_columns(language).to_frame()

    def rule_columns(self, language: str) -> Columns:
        """Return each project's rules in words, worked out once."""
        if ("rules", language) not in self._worded:
            facts, labels = self._facts, Labels(language)
            self._worded["rules", language] = self.plan.rules_of(self.listed, facts, labels)
        return self._worded["rules", language]

    def told(self, language: str) -> pd.DataFrame:
        """Return the verdicts in words (``plan.tell``), beside them what a person decided."""
        return self.told_columns(language).to_frame(self.projects.index)

    def told_columns(self, language: str) -> Columns:
        """Return the verdicts in words, worked out once."""
        if ("told", language) not in self._worded:
            labels = Labels(language)
            told = verdicts_in_words(
                self.listed, self.judged, self.rule_columns(language), self.plan.definition, labels
            )
            if self.decided is not None:
                told = _beside(told, self.decided, labels)
            self._worded["told", language] = told
        return self._worded["told", language]

    @cached_property
    def _facts(self) -> Columns:
        return self.plan.facts_of(table_of(self.read, "projects"))

    @property
    def listed(self) -> Columns:
        """The projects as columns."""
        return table_of(self.read, "projects").columns

    @property
    def judged(self) -> Columns:
        """The verdicts as columns."""
        return table_of(self, "verdicts").columns

    @property
    def decided(self) -> Columns | None:
        """What a person decided, as columns."""
        return table_of(self, "overrules").columns if vars(self)["overrules"] is not None else None

    @property
    def places(self) -> dict[str, NDArray[np.float64]]:
        """``lon`` and ``lat`` of each project in WGS 84 (a point of a footprint)."""
        table = table_of(self.read, "projects")
        return dict(zip(("lon", "lat"), places_of(table.geometry, table.crs), strict=True))

    @property
    def about(self) -> dict[str, Any]:
        """The provenance of a table or picture made of this result."""
        own = {"projects_file": self.file, "projects_sha256": self.projects_sha256}
        return {**Run.of_plan(self.plan).facts, **own}

    @property
    def recorded(self) -> pd.DataFrame:
        """The verdicts, and beside them what a person decided where overrules were given."""
        return self.recorded_columns.to_frame(self.projects.index)

    @property
    def recorded_columns(self) -> Columns:
        """The same as `recorded`, as columns."""
        return Columns({**self.judged, **(self.decided or {})}, self.judged.rows)

    @property
    def standing(self) -> pd.Series:
        """The outcome that stands of each project: a person's, where one decided."""
        frame: pd.DataFrame = Columns({"standing": self.stands}).to_frame(self.projects.index)
        return frame["standing"]

    @property
    def stands(self) -> Coded:
        """The same as `standing`, as a column."""
        own = self.judged.coded("outcome")
        if self.decided is None:
            return Coded(own.codes, own.categories)
        said = self.decided.texts("overruled")
        told = np.where(said == "", own.texts(), said)
        return Coded(np.array([OUTCOMES.index(one) for one in told], dtype=np.int8), OUTCOMES)

    @property
    def projects(self) -> gpd.GeoDataFrame:
        """The projects, in the order of the list."""
        return self.read.projects

    @cached_property
    def located(self) -> NDArray[np.bool_]:
        """Which projects have a place."""
        return table_of(self.read, "projects").held


def _beside(told: Columns, decided: Columns, labels: Labels) -> Columns:
    """Set what a person decided, in words, right of the outcome, which stays."""
    said = decided.coded("overruled")
    own = {name: decided[name] for name in OVERRULE_COLUMNS}
    own["overruled"] = mapped(said, lambda one: labels(f"outcome.{one}") if one else "")
    columns = {}
    for name in told:
        columns[name] = told[name]
        if name == "outcome":
            columns |= own
    return Columns(columns, told.rows)


def checked(
    plan: Plan, file: Path, read: Intake, overrules: pd.DataFrame | Columns | None = None
) -> Result:
    """Judge a list that was read from a file; *overrules* as `gisplan.overrules` reads them."""
    digest = file_sha256(file) if file.is_file() else None
    listed = table_of(read, "projects")
    facts = plan.facts_of(listed)
    verdicts: Any = Table(
        plan.verdicts_of(listed, facts),
        finish=lambda frame: frame.set_axis(read.projects.index),
    )
    decided: Any = Table(overrules) if isinstance(overrules, Columns) else overrules
    result = Result(plan, file.name, read, verdicts, decided, digest)
    # What the words are made of was measured a moment ago.
    vars(result)["_facts"] = facts
    return result


def read_columns(read: Intake) -> Columns:
    """Lay out the projects of a list with their place in WGS 84, before any judging."""
    table = table_of(read, "projects")
    columns = {one: table.columns[one] for one in table.columns if one != "geometry"}
    lon, lat = places_of(table.geometry, table.crs)
    named = {"issues" if one == "intake_issues" else one: columns[one] for one in columns}
    return Columns({**named, "lon": lon, "lat": lat}, table.columns.rows)
