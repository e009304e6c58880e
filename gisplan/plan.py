"""The one noun: a plan is a definition and its areas, and everything is asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyproj

from gisplan.crs import transform
from gisplan.definition import PlanDefinition
from gisplan.errors import Finding
from gisplan.io.layers import PLAN_FILE, read_areas, read_definition
from gisplan.labels import Labels
from gisplan.siting import explain, judge, measure
from gisplan.terms import ASSUMED, SEPARATOR, UNMEASURED, Kind, Shape
from gisplan.wording import word_rules, word_verdicts

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plan:
    """A spatial plan: what it says and where.

    Attributes
    ----------
    definition
        The plan file.
    areas
        Zones, corridors, constraints and the study area (`gisplan.terms.AREA_COLUMNS`),
        in the projected CRS in which everything is measured.
    findings
        What reading it turned up: overlaps, repairs, schematic and absent layers.
    folder
        Where it was read from.
    sha256
        Of the plan file, ``""`` for a plan made in memory.

    Examples
    --------
    >>> plan = open_plan()  # the shipped example
    >>> verdicts = plan.check(read_projects("projects.xlsx"))  # doctest: +SKIP
    """

    definition: PlanDefinition
    areas: gpd.GeoDataFrame = field(repr=False)
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    folder: Path | None = None
    sha256: str = field(default="", repr=False)

    def check(self, projects: gpd.GeoDataFrame) -> pd.DataFrame:
        """Judge every project: one row each, same index, same order.

        Parameters
        ----------
        projects
            `gisplan.terms.PROJECT_COLUMNS` (only geometry is needed), in any CRS.

        Returns
        -------
        DataFrame
            The verdicts; see `gisplan.siting.judge`. A row depends on its own project
            and the plan alone, so parts may be checked apart and put together.
        """
        facts = self.measure(projects)
        verdicts = judge(facts, self.definition)
        verdicts["issues"] = self._issues(projects, facts)
        return verdicts

    def measure(self, projects: gpd.GeoDataFrame) -> pd.DataFrame:
        """Measure every project against every area; see `gisplan.siting.measure`."""
        return measure(self._within(projects), self.areas, self.definition)

    def explain(self, projects: gpd.GeoDataFrame, *, language: str | None = None) -> pd.DataFrame:
        """Tell each project's rules in words: finding, clause, margin, P(same)."""
        rules = explain(self.measure(projects), self.definition)
        return word_rules(rules, projects, self.definition, self.layers, Labels(language))

    def tell(
        self, projects: gpd.GeoDataFrame, verdicts: pd.DataFrame, *, language: str | None = None
    ) -> pd.DataFrame:
        """Put verdicts into words, in reading order, for a table that people read."""
        rules = self.explain(projects, language=language)
        return word_verdicts(projects, verdicts, rules, self.definition, Labels(language))

    def explore(
        self,
        projects: gpd.GeoDataFrame | None = None,
        verdicts: pd.DataFrame | None = None,
        *,
        language: str | None = None,
        basemap: str | None = None,
        other: Plan | None = None,
        review_number: str | None = None,
    ) -> folium.Map:
        """Draw the interactive map: one offline file, also shown inline in Jupyter.

        Projects without *verdicts* are checked first. ``basemap`` is ``None`` (offline),
        ``"osm"``, ``"tianditu"`` or an XYZ address; *other* a second version of the plan to
        swipe against; *review_number* the 审图号 to print.
        """
        from gisplan.explore import explore
        from gisplan.map_payload.packed import LIMIT

        rules = None
        if projects is not None:
            verdicts = self.check(projects) if verdicts is None else verdicts
            if len(projects) <= LIMIT:  # the card of a longer list has no room for them
                rules = self.explain(projects, language=language)
        language = Labels(language).language
        return explore(
            self.definition,
            self.areas,
            projects,
            verdicts,
            rules,
            language=language,
            basemap=basemap,
            review_number=review_number,
            other=(other.definition, other.areas) if other is not None else None,
        )

    def plot(
        self,
        projects: gpd.GeoDataFrame | None = None,
        verdicts: pd.DataFrame | None = None,
        *,
        language: str | None = None,
        **options: Any,
    ) -> Figure:
        """Draw the map sheet for print; options as `gisplan.plotting.plot`."""
        from gisplan.plotting import plot

        if projects is not None and verdicts is None:
            verdicts = self.check(projects)
        language = Labels(language).language
        return plot(self.definition, self.areas, projects, verdicts, language=language, **options)

    def suspect_datum(
        self,
        projects: gpd.GeoDataFrame,
        landmarks: gpd.GeoDataFrame | None = None,
        *,
        declared: str = "wgs84",
    ) -> pd.DataFrame:
        """Weigh whether coordinates are what they were read as; see `gisplan.datum.suspect`."""
        from gisplan.datum import suspect

        return suspect(
            projects, self.areas, self.definition, landmarks, declared=declared, check=self.check
        )

    def overlay(
        self, *, widths: Sequence[float] | None = None, cap: Literal["round", "flat"] = "round"
    ) -> gpd.GeoDataFrame:
        """Share zones and corridor rings out; see `gisplan.overlay.zone_shares`.

        The other tables are functions of the same room: ``rings``, ``zone_pairs``,
        ``coverage``, ``sweep``.
        """
        from gisplan.overlay import zone_shares

        return zone_shares(self.areas, self.definition, widths=widths, cap=cap)

    def links(self) -> pd.DataFrame:
        """Tell which zones each corridor links, and how surely; see `gisplan.linkage`."""
        from gisplan.linkage import links

        return links(self.areas, self.definition)

    @property
    def crs(self) -> pyproj.CRS:
        """The projected coordinate system in which everything is measured."""
        return pyproj.CRS(self.areas.crs)

    @cached_property
    def layers(self) -> pd.DataFrame:
        """Layers with their ids, titles, status, accuracy, clause and hash, one row each."""
        import pandas as pd

        return pd.DataFrame([self._layer(row) for row in self.areas.itertuples(index=False)])

    def _layer(self, row: Any) -> dict[str, Any]:
        layer = self.definition.layer(row.id)
        clause = layer.clause
        return {
            "id": row.id,
            "kind": row.kind,
            "title": layer.title.zh,
            "title_en": layer.title.get("en"),
            "status": row.status if row.geometry is not None else None,
            "accuracy": row.accuracy,
            "as_of": row.as_of,
            "source": row.source,
            "sha256": row.sha256,
            "owner": layer.owner,
            "basis": layer.basis,
            "clause": clause.quote if clause else None,
            "place": clause.place if clause else None,
            "clause_kind": clause.kind if clause else None,
        }

    def _within(self, projects: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Bring projects into the plan's CRS: the door to every analysis."""
        return transform(projects, self.crs)

    def _issues(self, projects: gpd.GeoDataFrame, facts: pd.DataFrame) -> Any:
        """Join the issues of intake with what the check itself had to assume."""
        import pandas as pd

        own = projects["intake_issues"].astype("str") if "intake_issues" in projects else None
        known = [""] * len(projects) if own is None else own.fillna("").tolist()
        held = (projects.geometry.notna() & ~projects.geometry.is_empty).to_numpy()
        measured = (facts["shape"] != Shape.NONE).to_numpy()
        guessed = facts["accuracy_assumed"].to_numpy() & measured
        joined = [
            SEPARATOR.join(filter(None, (said, ASSUMED * bool(guess), UNMEASURED * bool(lost))))
            for said, guess, lost in zip(known, guessed, held & ~measured, strict=True)
        ]
        return pd.array(joined, dtype="str")

    def _repr_html_(self) -> str:
        """Show the layers as a table; every text is escaped."""
        labels = Labels()
        told = self.layers.assign(
            kind=[labels(f"kind.{kind}") for kind in self.layers["kind"]],
            status=[
                labels(f"status.{status if isinstance(status, str) else 'none'}")
                for status in self.layers["status"]
            ],
        )
        columns = ["kind", "id", "title", "status", "accuracy", "as_of", "clause", "place"]
        shown = told[columns].rename(columns={name: labels(f"column.{name}") for name in columns})
        table = shown.to_html(index=False, escape=True, na_rep="—", border=0)
        from html import escape

        title = escape(self.definition.title.get(labels.language))
        version, crs = escape(self.definition.version), escape(self.definition.crs)
        return f"<b>{title}</b> · {version} · {crs}{table}"


def open_plan(folder: str | Path | None = None) -> Plan:
    """Open a plan folder.

    Parameters
    ----------
    folder
        A folder with ``plan.toml``; by default the example that ships with gisplan.

    Raises
    ------
    PlanError
        With every mistake in the plan file or its layers, each with its place.
    """
    where = Path(folder) if folder is not None else example_folder()
    definition = read_definition(where)
    areas, findings = read_areas(where, definition)
    digest = hashlib.sha256((where / PLAN_FILE).read_bytes()).hexdigest()
    return Plan(definition, areas, findings, where, digest)


def example_folder() -> Path:
    """Return the folder of the shipped plan: in the package, or beside it in a checkout."""
    packed = Path(str(files("gisplan"))) / "_layers"
    return packed if packed.is_dir() else Path(str(files("gisplan"))).parent / "layers"


def schematic_layers(plan: Plan) -> gpd.GeoDataFrame:
    """Return the areas whose geometry is a schematic."""
    areas = plan.areas[plan.areas["kind"] != Kind.COVERAGE]
    return areas[areas["status"] == "schematic"]


def unchecked_names(plan: Plan, language: str) -> list[str]:
    """Return the titles, with owners, of what was declared without data."""
    layers = ((key, plan.definition.layer(key)) for key in plan.definition.unchecked)
    return [
        f"{layer.title.get(language)}（{layer.owner}）"
        if layer.owner
        else layer.title.get(language)
        for _, layer in layers
    ]


__all__ = ["Plan", "example_folder", "open_plan", "schematic_layers", "unchecked_names"]
