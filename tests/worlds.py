"""A small square world whose answers are mental arithmetic, for every test of siting.

Metres east and north of (500 000, 4 000 000) in EPSG:4547::

    10 000 ┌──────────────────────────────┐ study area 0..10 000
           │                      ┌─────┐ │
           │                      │ red │ │ red: 8000..9000, prohibited, setback 100
     6 000 ╞══════════ axis ══════╪═════╪═╡ axis: y = 6000, near = 500
     3 000 │   ┌──────┬──────┐            │
           │   │ west │ east │            │ west: x 1000..3000, east: x 3000..5000
     1 000 │   └──────┴──────┘            │ (y 1000..3000)
         0 └──────────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.affinity import translate
from shapely.geometry import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from gisplan.definition import PlanDefinition
from gisplan.plan import Plan
from gisplan.terms import AREA_COLUMNS

EAST, NORTH, CRS = 500_000.0, 4_000_000.0, "EPSG:4547"

SHAPES: Mapping[str, tuple[str, BaseGeometry]] = {
    "study_area": ("study_area", box(0, 0, 10_000, 10_000)),
    "west": ("zone", box(1000, 1000, 3000, 3000)),
    "east": ("zone", box(3000, 1000, 5000, 3000)),
    "axis": ("corridor", LineString([(0, 6000), (10_000, 6000)])),
    "red": ("constraint", box(8000, 8000, 9000, 9000)),
}


def definition(accuracy: float = 0.0, **changes: Any) -> PlanDefinition:
    """The plan of the square world, all layers drawn to the same accuracy M."""
    layer = {"source": "world", "accuracy": accuracy, "status": "schematic"}
    clause = {"quote": "重点发展金融", "place": "一", "kind": "clause"}
    base: dict[str, Any] = {
        "id": "square",
        "version": "1",
        "title": {"zh": "方格区", "en": "Square"},
        "crs": CRS,
        "study_area": {**layer, "title": {"zh": "范围"}},
        "zones": {
            "west": {
                **layer,
                "title": {"zh": "西区", "en": "West"},
                "industries": ["J66"],
                "clause": clause,
            },
            "east": {**layer, "title": {"zh": "东区", "en": "East"}, "industries": ["R88"]},
        },
        "corridors": {
            "axis": {
                **layer,
                "title": {"zh": "轴线", "en": "Axis"},
                "industries": ["J66"],
                "within": 500,
            },
        },
        "constraints": {
            "red": {
                **layer,
                "title": {"zh": "红线", "en": "Red"},
                "effect": "prohibit",
                "setback": 100,
            },
        },
        "policy": {"default_accuracy": 0, "public_services": ["E48"]},
    }
    return PlanDefinition.model_validate({**base, **changes})


def world(accuracy: float = 0.0, *, without: Sequence[str] = (), **changes: Any) -> Plan:
    """The plan with its areas; layers named in *without* are declared but have no data."""
    plan = definition(accuracy, **changes)
    rows = [
        {
            "id": key, "kind": kind, "status": "schematic", "accuracy": accuracy, "as_of": pd.NaT,
            "basis": "", "source": "world", "sha256": "0" * 64,
            "geometry": None if key in without else translate(shape, EAST, NORTH),
        }
        for key, (kind, shape) in SHAPES.items()
    ]  # fmt: skip
    return Plan(plan, gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)[list(AREA_COLUMNS)])


def projects(
    *shapes: BaseGeometry | tuple[float, float] | None, industry: str = "J66", accuracy: float = 0.0
) -> gpd.GeoDataFrame:
    """Projects at places of the square world; ``None`` is a project without a place."""
    drawn = [Point(one) if isinstance(one, tuple) else one for one in shapes]
    geometry = [translate(one, EAST, NORTH) if one is not None else None for one in drawn]
    frame = pd.DataFrame(
        {
            "id": [f"P{at}" for at in range(len(drawn))],
            "name": [f"项目{at}" for at in range(len(drawn))],
            "industry": "",
            "industry_code": industry,
            "accuracy": np.full(len(drawn), accuracy),
            "intake_issues": "",
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(geometry, crs=CRS), crs=CRS)
