"""Two versions of a plan: what changed, whose outcome changed with it, and which change did it.

Works on definitions and areas; a version is a pair of both, and never a `Plan`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from gisplan.revision.causes import JOINT, Causes, shapley, smallest, trace
from gisplan.revision.compare import compare_areas, compare_definitions, flat, topic_of
from gisplan.revision.versions import FACTORS, POLICY, Factor, Version, mixed


@dataclass(frozen=True)
class Revision:
    """What a revision of a plan changes.

    Attributes
    ----------
    areas
        One row per layer (`compare_areas`).
    fields
        One row per field of the plan file that differs (`compare_definitions`).
    projects, effects
        What happens to each project, and which input did it (`trace`); without rows where
        no list was given.
    """

    areas: gpd.GeoDataFrame = field(repr=False)
    fields: pd.DataFrame = field(repr=False)
    projects: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    effects: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)


def revise(old: Version, new: Version) -> Revision:
    """Compare two versions, and their projects where lists are given."""
    areas, fields = compare_areas(old, new), compare_definitions(old.definition, new.definition)
    if old.projects is None and new.projects is None:
        return Revision(areas, fields)
    return Revision(areas, fields, *trace(old, new))


__all__ = [
    "FACTORS",
    "JOINT",
    "POLICY",
    "Causes",
    "Factor",
    "Revision",
    "Version",
    "compare_areas",
    "compare_definitions",
    "flat",
    "mixed",
    "revise",
    "shapley",
    "smallest",
    "topic_of",
    "trace",
]
