"""A list and its verdicts -> the tables of ``gisplan stats``: structure, fit, nearness, room."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from gisplan import capacity, linkage
from gisplan.areas import drawn
from gisplan.crs import transform
from gisplan.definition import PlanDefinition
from gisplan.industries import matches
from gisplan.labels import LANGUAGES, Labels
from gisplan.pattern import gathering, proximity, random_siting
from gisplan.sensitivity import sensitivity
from gisplan.structure import fit, mix, roles
from gisplan.terms import SEPARATOR, Kind

SERVICES = ("P", "Q", "R")
"""Sections whose projects are services to people: education, health, culture and sport."""

REACH = (500.0, 1000.0)
"""Metres within which a service is near: about 8 and 15 minutes on foot."""


@dataclass(frozen=True)
class Evidence:
    """What every table is computed from.

    Attributes
    ----------
    projects, verdicts, facts
        One row per project, of one index: the list, what ``plan.check`` and
        ``plan.measure`` return.
    areas, definition
        The plan's areas and what it says.
    """

    projects: gpd.GeoDataFrame
    verdicts: pd.DataFrame
    facts: pd.DataFrame
    areas: gpd.GeoDataFrame
    definition: PlanDefinition

    @cached_property
    def here(self) -> gpd.GeoDataFrame:
        """The projects in the CRS of the plan."""
        return transform(self.projects, pyproj.CRS(self.areas.crs))

    @cached_property
    def codes(self) -> pd.Series:
        """Industry codes of each project."""
        return self.facts["industry_codes"]

    @cached_property
    def in_zone(self) -> pd.Series:
        """The zone that each project is counted in."""
        return mix.membership(self.verdicts, self.definition, "zone")

    @cached_property
    def near(self) -> pd.Series:
        """The corridor that each project is counted near."""
        return mix.membership(self.verdicts, self.definition, "corridor")

    @cached_property
    def services(self) -> gpd.GeoSeries:
        """Where the projects that serve people lie."""
        told = self.codes.fillna("")
        serves = [any(c.startswith(SERVICES) for c in text.split(SEPARATOR)) for text in told]
        return gpd.GeoSeries(self.here.geometry[np.array(serves, dtype=bool)])

    @cached_property
    def room(self) -> gpd.GeoDataFrame:
        """What is left of each zone, with its shape."""
        return capacity.capacity(self.here, self.areas, self.definition)


def summarise(found: Evidence, *, built_up: Any = None) -> dict[str, pd.DataFrame]:
    """Compute every table, by name, with codes for areas, outcomes and sections.

    Parameters
    ----------
    found
        The list, its verdicts and the plan.
    built_up
        The built-up area in the plan's CRS, or ``None``.

    Returns
    -------
    dict of DataFrame
        ``by_zone`` and ``by_corridor`` (`gisplan.structure.mix.tally`); ``matches`` (what each
        industry was read from); ``structure``, ``divisions``, ``quotient``, ``shares``,
        ``corridor_shares``, ``dissimilarity``, ``concentration``, ``functions``, ``test``;
        ``fit``, ``sensitivity``;
        ``neighbours``, ``gathering``, ``bands``, ``nearness``, ``services``; ``roles``,
        ``chains``; ``capacity``, ``built_up``; ``stations``, ``links``, ``connectivity``.
    """
    listed = (found.projects, found.verdicts, found.definition)
    inside = capacity.inside_built_up(found.here, built_up, group=found.in_zone)
    links = linkage.links(found.areas, found.definition)
    return {
        "by_zone": mix.tally(*listed, by="zone"),
        "by_corridor": mix.tally(*listed, by="corridor"),
        **_structure(found),
        "fit": fit.fit_by_width(found.facts, found.definition),
        "sensitivity": sensitivity(found.here, found.facts, found.areas, found.definition),
        **_proximity(found),
        **_goals(found),
        "capacity": pd.DataFrame(found.room.drop(columns="geometry")),
        "built_up": inside,
        "stations": linkage.stations(found.areas),
        "links": links,
        "connectivity": linkage.connectivity(links),
    }


def _structure(found: Evidence) -> dict[str, pd.DataFrame]:
    codes, zones = found.codes, list(found.definition.zones)
    corridors = list(found.definition.corridors)
    sections = mix.structure(found.in_zone, codes, zones)
    tests = {"zone": (found.in_zone, zones), "corridor": (found.near, corridors)}
    return {
        "matches": _matches(found.projects),
        "structure": _flat(sections),
        "divisions": _flat(mix.structure(found.in_zone, codes, zones, level="division")),
        "quotient": _flat(mix.location_quotient(sections)),
        "shares": mix.shares(found.in_zone, codes, zones),
        "corridor_shares": mix.shares(found.near, codes, corridors),
        "dissimilarity": mix.dissimilarity(sections),
        "concentration": mix.concentration(sections),
        "functions": roles.function_mix(sections),
        "test": pd.DataFrame(
            [{"by": by, **mix.permutation_test(a, codes, ids)} for by, (a, ids) in tests.items()]
        ),
    }


def _matches(projects: pd.DataFrame) -> pd.DataFrame:
    blank = pd.Series(pd.NA, index=projects.index, dtype="str")
    text, codes = (projects.get(name, blank) for name in ("industry", "industry_code"))
    own = pd.DataFrame({name: projects.get(name) for name in ("id", "name")}, index=projects.index)
    return pd.concat([own, text.rename("industry"), matches(text, codes)], axis=1)


def _proximity(found: Evidence) -> dict[str, pd.DataFrame]:
    areas, definition = found.areas, found.definition
    seen = random_siting.sites(found.here, areas, definition)
    lines = [line for _, line in drawn(areas, Kind.CORRIDOR)]
    curves = [gathering.gathering(seen).assign(null="random")]
    if lines:
        kept = gathering.gathering(seen, null="same_distance", lines=lines)
        curves.append(kept.assign(null="same_distance"))
    bands, tests = proximity.along_corridors(seen, areas, definition)
    told = {**gathering.nearest_neighbours(seen), "outside_area": float(seen.outside),
            "unplaced": float(seen.unplaced), "coincident": float(seen.coincident)}  # fmt: skip
    return {
        "neighbours": pd.DataFrame([told]),
        "gathering": pd.concat(curves, ignore_index=True),
        "bands": bands,
        "nearness": tests,
        "services": proximity.service_coverage(found.services, areas, distances=REACH),
    }


def _goals(found: Evidence) -> dict[str, pd.DataFrame]:
    said = {name: _own_column(found.projects, name) for name in ("role", "chain", "link")}
    served = roles.served_roles(found.codes, said["role"], found.definition)
    return {
        "roles": roles.role_coverage(served, (found.in_zone, found.near), found.definition),
        "chains": roles.chain_stages(said["chain"], said["link"], found.in_zone, found.definition),
    }


def _own_column(projects: pd.DataFrame, meaning: str) -> pd.Series | None:
    """Find a column of the user's own by the titles that ``[goal_header]`` lists."""
    titles = {
        title.lower()
        for language in LANGUAGES
        for title in Labels(language).section("goal_header")[meaning]
    }
    held = next((name for name in projects if str(name).strip().lower() in titles), None)
    return None if held is None else projects[held]


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename_axis("area_id").rename_axis(columns=None).reset_index()
