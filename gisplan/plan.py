"""The one noun: a plan is a definition and its areas, and everything is asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyproj

from gisplan.columns import Columns
from gisplan.crs import moved, require_metric, transform
from gisplan.definition import PlanDefinition
from gisplan.definition.table import layer_table
from gisplan.errors import Finding
from gisplan.frames import Table, framed, table_of, texts
from gisplan.index import PlanIndex, Store
from gisplan.io.layers import PLAN_FILE, read_area_table, read_definition
from gisplan.labels import Labels
from gisplan.siting import (
    Places,
    check_places,
    explain_facts,
    index_of,
    judge_facts,
    listed_of,
    measure_places,
    note_issues,
)
from gisplan.wording import rules_in_words, word_verdicts

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import folium
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from gisplan.bulk import OutcomesKernel
    from gisplan.io.documents.blocks import Document
    from gisplan.io.projects import Intake
    from gisplan.map_payload import MapImage, MapLayer
    from gisplan.plotting import Atlas
    from gisplan.revision import Revision
    from gisplan.summary import Evidence
    from gisplan.surface import Surface
    from gisplan.surface.suitability import Scorer
    from gisplan.zonal import Zonal


@framed("areas")
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
        table = Table.of(projects)
        places, listed = self._places(table.geometry, table.crs), listed_of(projects)
        areas = table_of(self, "areas").columns
        told = check_places(places, listed, table.held, areas, self.definition, self._index)
        return told.to_frame(projects.index)

    def outcomes(
        self, x: ArrayLike, y: ArrayLike, *, crs: str | pyproj.CRS = "wgs84",
        margins: bool = False, **listed: Any,
    ) -> pd.DataFrame:  # fmt: skip
        """Tell outcome, nominal outcome and zone alone, of very many points and very quickly.

        The same as `check` tells of points there; with *margins* also ``zone_margin``,
        ``corridor`` and ``corridor_distance``. ``industry``, ``industry_code`` and ``accuracy``
        hold for all points, or are one for each.
        """
        return self._quick.at(x, y, crs, listed, margins=margins).to_frame()

    def measure(self, projects: gpd.GeoDataFrame) -> pd.DataFrame:
        """Measure every project against every area; see `gisplan.siting.measure`."""
        table = Table.of(projects)
        facts = self._facts(table.geometry, table.crs, listed_of(projects))
        return facts.to_frame(projects.index)

    def explain(self, projects: gpd.GeoDataFrame, *, language: str | None = None) -> pd.DataFrame:
        """Tell each project's rules in words: finding, clause, margin, P(same)."""
        return self._explain(projects, self.measure(projects), Labels(language))

    def facts_of(self, listed: Table) -> Columns:
        """Do what `measure` does with a list that no frame was made of."""
        return self._facts(listed.geometry, listed.crs, listed.columns)

    def verdicts_of(self, listed: Table, facts: Columns) -> Columns:
        """Do what `check` does with what `facts_of` found."""
        known = listed.columns.get("intake_issues")
        issues = note_issues(known, listed.held, facts)
        return judge_facts(facts, self.definition).also(issues=issues)

    def rules_of(self, listed: Columns, facts: Columns, labels: Labels) -> Columns:
        """Do what `explain` does with what `facts_of` found."""
        rules = explain_facts(facts, self.definition)
        return rules_in_words(rules, listed, self.definition, self.layer_columns, labels)

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
        layers: Sequence[MapLayer | MapImage] = (),
    ) -> folium.Map:
        """Draw the interactive map: one offline file, also shown inline in Jupyter.

        Projects without *verdicts* are checked first. ``basemap`` is ``None`` (offline),
        ``"osm"``, ``"tianditu"``, ``"gaode"`` (its shift taken off, with a warning) or the
        address of an XYZ or WMTS service; *other* a second version of the plan to swipe
        against; *review_number* the 审图号 to print; *layers* what an analysis found
        (`gisplan.map_payload.MapLayer`, `gisplan.map_payload.MapImage`), drawn above the
        overlaps and gaps of the plan's own zones, which are always there.
        """
        from gisplan.interactive import Side, interactive
        from gisplan.map_payload.packed import LIMIT

        labels, rules = Labels(language), None
        explained = projects is not None and len(projects) <= LIMIT  # a longer list has no room
        if projects is not None and (verdicts is None or explained):
            facts = self.measure(projects)
            verdicts = self._judge(projects, facts) if verdicts is None else verdicts
            rules = self._explain(projects, facts, labels) if explained else None
        swiped = Side(other.definition, other.areas) if other is not None else None
        page = interactive(
            (Side(self.definition, self.areas), swiped), (projects, verdicts, rules), labels,
            layers=layers, basemap=basemap, review_number=review_number,
        )  # fmt: skip

        def still() -> bytes:
            from gisplan.plotting import render

            return render(self.plot(projects, verdicts, language=labels.language), ".png", dpi=96)

        page.still = still if projects is None or explained else None
        return page

    def plot(
        self,
        projects: gpd.GeoDataFrame | None = None,
        verdicts: pd.DataFrame | None = None,
        *,
        language: str | None = None,
        theme: str = "siting",
        against: Plan | None = None,
        **options: Any,
    ) -> Figure:
        """Draw a map sheet for print; themes and options as `gisplan.plotting.plot`.

        Projects without *verdicts* are checked first. ``against`` is the earlier version for
        the theme ``"change"``; the theme ``"conflicts"`` compares the plan's own zones.
        """
        from gisplan.overlay import zone_pairs
        from gisplan.plotting import plot

        if projects is not None and verdicts is None:
            verdicts = self.check(projects)
        other: Any = (against.definition, against.areas) if against is not None else None
        if theme == "conflicts":
            other = zone_pairs(self.areas, self.definition)
        return plot(
            self.definition, self.areas, projects, verdicts,
            language=Labels(language).language, theme=theme, against=other, **options,
        )  # fmt: skip

    def atlas(
        self,
        projects: gpd.GeoDataFrame | None = None,
        verdicts: pd.DataFrame | None = None,
        *,
        language: str | None = None,
        **options: Any,
    ) -> Atlas:
        """Lay out the atlas, a page for every zone and corridor; see `gisplan.plotting.atlas`."""
        from gisplan.plotting import atlas

        if projects is not None and verdicts is None:
            verdicts = self.check(projects)
        language = Labels(language).language
        return atlas(self.definition, self.areas, projects, verdicts, language=language, **options)

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

    def zonal(
        self,
        raster: str | Path,
        projects: gpd.GeoDataFrame | None = None,
        *,
        over: str = "zones",
        **options: Any,
    ) -> Zonal:
        """Summarise a raster over zones, rings, corridors…; see `gisplan.zonal.summarise`."""
        from gisplan.zonal import summarise, units

        moved = self._within(projects) if projects is not None else None
        over_ = units(self.areas, self.definition, moved, over=over)
        return summarise(over_, Path(raster), **options)

    def density(self, projects: gpd.GeoDataFrame, **options: Any) -> Surface:
        """Spread projects over their surroundings; see `gisplan.surface.density`."""
        from gisplan.surface import density

        return density(self._within(projects), self.areas, self.definition, **options)

    def diff(
        self,
        other: Plan,
        projects: gpd.GeoDataFrame | None = None,
        *,
        old_projects: gpd.GeoDataFrame | None = None,
    ) -> Revision:
        """Tell what a newer version changes, whose outcome, and why; see `gisplan.revision`.

        *old_projects* is the list of this version where it differs from that of the other.
        """
        from gisplan.revision import Version, revise

        before = projects if old_projects is None else old_projects
        return revise(
            Version(self.definition, self.areas, before),
            Version(other.definition, other.areas, projects),
        )

    def report(
        self,
        projects: gpd.GeoDataFrame,
        verdicts: pd.DataFrame | None = None,
        *,
        read: Intake | None = None,
        run: Mapping[str, Any] | None = None,
        language: str | None = None,
        zonal: Zonal | None = None,
        **options: Any,
    ) -> Document:
        """Say what a check found, as a document; options as `gisplan.report.report`.

        ``gisplan.io.documents.write_document`` writes it as .docx, .html or .pdf. What was
        read of the list (*read*), the provenance (*run*, ``Run.facts``) and what ``zonal``
        says of a raster are told where they are given.
        """
        from gisplan.report import Material, report

        facts, labels = self.measure(projects), Labels(language)
        verdicts = self._judge(projects, facts) if verdicts is None else verdicts
        of = Material(
            self.definition, self.areas, self.layers, projects, verdicts,
            self._explain(projects, facts, labels), facts, labels,
            read.issues if read else None, read.evidence if read else (), run or {},
            folder=self.folder, zonal=zonal,
        )  # fmt: skip

        def map_page() -> str:
            page = self.explore(projects, verdicts, language=labels.language)
            return str(page.get_root().render())

        return report(of, map_page=map_page, **options)

    def nearest_sites(self, projects: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Find where projects that do not comply would; see `gisplan.sites.nearest`."""
        from gisplan.sites import nearest

        return nearest(self._within(projects), self.areas, self.definition)

    def best_sites(self, industry: str, area: float, **options: Any) -> gpd.GeoDataFrame:
        """Find the best places for a new project; see `gisplan.sites.regions`."""
        from gisplan.sites import Wanted, regions

        model, score = options.pop("model", None), options.pop("score", None)
        wanted = Wanted(industry, area, **options)
        if model is None:
            return regions(self.areas, self.definition, wanted, score=score)
        with self.scorer(model, industry=industry) as asked:
            return regions(self.areas, self.definition, wanted, score=asked.at)

    def suitability(
        self, model: str, *, industry: str | None = None, cell: float | None = None
    ) -> Surface:
        """Score the ground by a model of the plan file; see `gisplan.surface.suitability`."""
        from gisplan.surface.suitability import surface_of

        with self.scorer(model, industry=industry) as asked:
            return surface_of(asked, cell)

    def rank(
        self, projects: gpd.GeoDataFrame, model: str, *, industry: str | None = None
    ) -> pd.DataFrame:
        """Score and rank projects by a model; see `gisplan.surface.suitability.candidates`."""
        from gisplan.surface.suitability import candidates

        with self.scorer(model, industry=industry) as asked:
            return candidates(asked, self._within(projects))

    def scorer(self, model: str, *, industry: str | None = None) -> AbstractContextManager[Scorer]:
        """Open a model with its rasters; see `gisplan.surface.suitability.scorer`."""
        from gisplan.surface.suitability import scorer

        return scorer(self.areas, self.definition, model, folder=self.folder, industry=industry)

    def stats(self, projects: gpd.GeoDataFrame, *, built_up: Any = None) -> dict[str, pd.DataFrame]:
        """Summarise a list: structure, fit, nearness, roles, room; see `gisplan.summary`."""
        from gisplan.summary import summarise

        return summarise(self.evidence(projects), built_up=built_up)

    def sensitivity(self, projects: gpd.GeoDataFrame, **options: Any) -> pd.DataFrame:
        """Tell whose outcome hangs on a number of the policy; see `gisplan.sensitivity`."""
        from gisplan.sensitivity import sensitivity

        here, facts = self._within(projects), self.measure(projects)
        return sensitivity(here, facts, self.areas, self.definition, **options)

    def evidence(self, projects: gpd.GeoDataFrame) -> Evidence:
        """Gather what the statistics are computed from; see `gisplan.summary.Evidence`."""
        from gisplan.summary import Evidence

        facts = self.measure(projects)
        verdicts = self._judge(projects, facts)
        return Evidence(projects, verdicts, facts, self.areas, self.definition)

    def midterm(self, projects: gpd.GeoDataFrame, **tables: Any) -> dict[str, pd.DataFrame]:
        """Evaluate how far the plan has come; tables as `gisplan.evaluation.midterm.evaluate`."""
        from gisplan.evaluation.midterm import evaluate

        facts = self.measure(projects)
        verdicts, codes = self._judge(projects, facts), facts["industry_codes"]
        return evaluate(projects, verdicts, codes, self.definition, **tables)

    def links(self) -> pd.DataFrame:
        """Tell which zones each corridor links, and how surely; see `gisplan.linkage`."""
        from gisplan.linkage import links

        return links(self.areas, self.definition)

    @property
    def crs(self) -> pyproj.CRS:
        """The projected coordinate system in which everything is measured."""
        return pyproj.CRS(table_of(self, "areas").crs)

    @cached_property
    def _quick(self) -> OutcomesKernel:
        """The plan prepared for points that are asked for their outcome alone."""
        from gisplan.bulk import OutcomesKernel

        return OutcomesKernel(self.definition, self.areas, self.sha256)

    @cached_property
    def _index(self) -> PlanIndex:
        """The areas prepared for many points; built only where there are many."""
        return index_of(table_of(self, "areas").columns, Store.of_user())

    @cached_property
    def layers(self) -> pd.DataFrame:
        """Layers with their ids, titles, status, accuracy, clause and hash, one row each."""
        return self.layer_columns.to_frame()

    @cached_property
    def layer_columns(self) -> Columns:
        """The table `layers`, without a frame."""
        return layer_table(table_of(self, "areas").columns, self.definition)

    def _judge(self, projects: gpd.GeoDataFrame, facts: pd.DataFrame) -> pd.DataFrame:
        table, found = Table.of(projects), Columns.of(facts)
        issues = note_issues(listed_of(projects).get("intake_issues"), table.held, found)
        return judge_facts(found, self.definition).also(issues=issues).to_frame(projects.index)

    def _explain(
        self, projects: gpd.GeoDataFrame, facts: pd.DataFrame, labels: Labels
    ) -> pd.DataFrame:
        said = ("id", "name", "industry")
        listed = Columns({one: texts(projects[one]) for one in said if one in projects},
                         len(projects))  # fmt: skip
        told = self.rules_of(listed, Columns.of(facts), labels)
        return told.to_frame().assign(project=facts.index.to_numpy()[told.array("project")])

    def _facts(
        self, shapes: NDArray[np.object_], crs: pyproj.CRS | None, listed: Columns
    ) -> Columns:
        places, areas = self._places(shapes, crs), table_of(self, "areas").columns
        return measure_places(places, listed, areas, self.definition, index=self._index)

    def _places(self, shapes: NDArray[np.object_], crs: pyproj.CRS | None) -> Places:
        """Bring geometry into the plan's CRS: the door to every check."""
        there, _ = moved(shapes, crs, require_metric(self.crs))
        return Places.of(there)

    def _within(self, projects: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Bring projects into the plan's CRS: the door to every analysis."""
        return transform(projects, self.crs)

    def _repr_html_(self) -> str:
        """Show the layers as a table; every text is escaped."""
        from gisplan.display import plan_html

        return plan_html(self.definition, self.layers, Labels())


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
    areas: Any
    areas, findings = read_area_table(where, definition)
    digest = hashlib.sha256((where / PLAN_FILE).read_bytes()).hexdigest()
    return Plan(definition, areas, findings, where, digest)


def example_folder() -> Path:
    """Return the folder of the shipped plan: in the package, or beside it in a checkout."""
    packed = Path(str(files("gisplan"))) / "_layers"
    return packed if packed.is_dir() else Path(str(files("gisplan"))).parent / "layers"


__all__ = ["Plan", "example_folder", "open_plan"]
