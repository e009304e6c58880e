"""A toy plan for the map tests: squares, one road, and names that try to run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import pandas as pd
from playwright.sync_api import Page, expect
from shapely.geometry import LineString, Point, box

from gisplan.definition import PlanDefinition
from gisplan.explore import PlanMap, explore
from gisplan.terms import OUTCOMES
from tests.conftest import OfflinePage

CRS = "EPSG:4547"
EAST, NORTH = 530_000, 3_990_000

HOSTILE = (
    "{{cycler.__init__.__globals__.os.mkdir(dict(PWNED=1)|first)}}",
    "{% 规划 %} A{{ {# 注 #}",
    "<img src=x onerror=window.__pwned=1>",
    "</script><script>window.__pwned=1</script>",
    "`;window.__pwned=1;`",
    "${window.__pwned=1}",
    "\\`${window.__pwned=1}\\",
    "&quot;&lt;b&gt;",
    "--><!--<script>",
    "'\"><svg onload=window.__pwned=1>",
    "=cmd|' /C calc'!A0",
    "\u2028\u2029",
    "正常中文，第二中学",
)


def definition(**changes: Any) -> PlanDefinition:
    """Two zones, one corridor, one constraint with and one without data."""
    told = {"status": "schematic", "accuracy": 100, "as_of": "2026-01-02"}
    plan: dict[str, Any] = {
        "id": "toy",
        "version": "v1",
        "title": {"zh": "小世界", "en": "Toy world"},
        "crs": CRS,
        "study_area": {"source": "s", **told},
        "zones": {
            "west": {
                "title": {"zh": "西区", "en": "West"},
                "source": "z",
                "clause": {"quote": "西区发展教育", "place": "三、2", "kind": "clause"},
                **told,
            },
            "east": {"title": {"zh": "东区", "en": "East"}, "source": "z", **told},
        },
        "corridors": {
            "road": {
                "title": {"zh": "大道", "en": "Avenue"},
                "source": "c",
                "within": 500,
                "rings": [300, 500],
                **told,
            }
        },
        "constraints": {
            "marsh": {"title": {"zh": "湿地"}, "source": "m", "effect": "prohibit", **told},
            "redline": {"title": {"zh": "红线"}, "owner": "自然资源局", "effect": "prohibit"},
        },
    }
    return PlanDefinition.model_validate(plan | changes)


def place(x: float, y: float) -> Point:
    return Point(EAST + x, NORTH + y)


def areas() -> gpd.GeoDataFrame:
    """A study area of 8 by 8 km with two zones of 2 km and a road of 6 km through its middle."""
    shapes = {
        "study_area": ("study_area", box(-4000, -4000, 4000, 4000)),
        "west": ("zone", box(-3000, 1000, -1000, 3000)),
        "east": ("zone", box(1000, 1000, 3000, 3000)),
        "road": ("corridor", LineString([(-3000, 0), (3000, 0)])),
        "marsh": ("constraint", box(-500, -3000, 500, -2000)),
        "redline": ("constraint", None),
    }
    rows = [
        {"id": key, "kind": kind, "status": "schematic", "accuracy": 100.0, "as_of": "2026-01-02",
         "basis": "", "source": "x.geojson", "sha256": "0" * 64}
        for key, (kind, _) in shapes.items()
    ]  # fmt: skip
    geometry = gpd.GeoSeries([shape for _, shape in shapes.values()], crs=CRS)
    return gpd.GeoDataFrame(rows, geometry=geometry.translate(EAST, NORTH), crs=CRS)


def projects(names: tuple[str, ...] = HOSTILE, *, unlocated: int = 2) -> gpd.GeoDataFrame:
    """Projects 500 m apart, the second a footprint; after them some without a place."""
    count = len(names)
    shapes: list[Any] = [place(-3000 + 500 * k, 2000) for k in range(count)]
    if count > 1:
        shapes[1] = shapes[1].buffer(150, quad_segs=2)
    shown = [*names, *(f"无坐标{k}" for k in range(unlocated))]
    rows = pd.DataFrame(
        {
            "id": [f"P{k:02d}" for k in range(len(shown))],
            "name": shown,
            "industry": shown,
            "industry_code": "",
            "investment": 1.5e8,
            "location": shown,
            "accuracy": 100.0,
            "stage": "在建",
            "year": "2026",
            "source": "",
            "note": shown,
            "sheet": "",
            "row": range(2, len(shown) + 2),
            "issues": "",
        }
    )
    geometry = gpd.GeoSeries(shapes + [None] * unlocated, crs=CRS)
    return gpd.GeoDataFrame(rows, geometry=geometry, crs=CRS)


def verdicts(rows: gpd.GeoDataFrame) -> pd.DataFrame:
    """Outcomes in turn; ``unknown`` where there is no place."""
    turn = [code for code in OUTCOMES if code != "unknown"]
    found = rows.geometry.notna().to_numpy()
    outcome = [turn[k % 5] if found[k] else "unknown" for k in range(len(rows))]
    return pd.DataFrame(
        {
            "outcome": outcome,
            "nominal": ["pass" if one else "unknown" for one in found],
            "confidence": [0.5 if one else math.nan for one in found],
            "flip_distance": [250.0 if one else math.nan for one in found],
            "zone": ["west" if k < 5 else None for k in range(len(rows))],
            "zone_margin": [250.0 if one else math.nan for one in found],
            "corridor": "road",
            "corridor_distance": [2000.0 if one else math.nan for one in found],
            "in_zone": outcome,
            "near_corridor": outcome,
            "clear_of:redline": "unknown",
            "reasons": "",
            "unchecked": "redline",
            "issues": ["" if one else "GP-INT-001" for one in found],
        },
        index=rows.index,
    )


def toy_map(**options: Any) -> PlanMap:
    rows = projects()
    return explore(definition(), areas(), rows, verdicts(rows), **options)


def show(offline: OfflinePage, drawn: folium.Map, folder: Path) -> Page:
    """Open a map and wait until it is drawn."""
    drawn.save(folder / "map.html")
    offline.page.set_default_timeout(15_000)
    offline.page.goto((folder / "map.html").as_uri())
    expect(offline.page.locator("#gisplan[data-ready]")).to_be_visible()
    return offline.page


def assert_quiet(offline: OfflinePage) -> None:
    """Nothing was asked for, nothing was complained of, nothing of a user's was run."""
    assert offline.requests == []
    assert offline.faults == []
    assert offline.page.evaluate("window.__pwned") is None


def shown_count(page: Page) -> int:
    return int(page.locator(".gp-count").get_attribute("data-shown") or -1)
