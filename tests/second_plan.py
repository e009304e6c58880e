"""A second plan, wholly synthetic: another district, other names, another zone of the grid.

Metres east and north of (520 000, 3 650 000) in EPSG:4549 (central meridian 120°)::

    8 000 ┌─────────────────────────┐ 青禾县（虚构）: 0..12 000 x 0..8 000
          │  ┌────────┐   ┌───────┐ │
          │  │ gangqu │   │ keji  │ │ gangqu: x 1000..5000, y 4000..7000
    4 000 │  └────────┘   └───────┘ │ keji:   x 8000..11 000, y 4000..7000
          ├═════════ canal ═════════┤ canal: y = 3000, near = 800
          │        [wetland]        │ wetland: x 5000..6000, y 500..1500, data for all of it
        0 └─────────────────────────┘
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
from shapely.affinity import translate
from shapely.geometry import LineString, Point, box

EAST, NORTH, CRS = 520_000.0, 3_650_000.0, "EPSG:4549"

PLAN = """\
# 虚构：只为证明程序中没有任何一个区的知识
id = "qinghe"
version = "虚构-2035"
title = { zh = "青禾县（虚构）产业布局", en = "Qinghe county (synthetic)" }
crs = "EPSG:4549"

[study_area]
title = { zh = "青禾县（虚构）", en = "Qinghe county (synthetic)" }
source = "county.geojson"
status = "derived"
accuracy = 10

[zones.gangqu]
title = { zh = "临港区（虚构）", en = "Harbour (synthetic)" }
source = "zones.gpkg"
where = "code = 'gangqu'"
industries = ["G59", "C"]
status = "authoritative"
accuracy = 5
as_of = 2026-01-01
clause = { quote = "虚构条文：发展仓储", place = "虚构章", kind = "clause" }

[zones.keji]
title = { zh = "科技园（虚构）", en = "Science park (synthetic)" }
source = "zones.gpkg"
where = "code = 'keji'"
industries = ["M73", "I65"]
status = "schematic"
accuracy = 50
as_of = 2026-01-01

[corridors.canal]
title = { zh = "运河（虚构）", en = "Canal (synthetic)" }
source = "canal.shp"
industries = ["N785"]
rings = [400, 800]
within = 800
status = "schematic"
accuracy = 50

[constraints.wetland]
title = { zh = "湿地（虚构）", en = "Wetland (synthetic)" }
source = "wetland.geojson"
coverage = "county.geojson"
owner = "虚构局"
effect = "prohibit"
setback = 50
accuracy = 5

[policy]
version = "虚构规则-1"

[suitability.labs]
title = { zh = "实验室选址（虚构）", en = "Sites for labs (synthetic)" }
basis = { zh = "权重为虚构", en = "The weights are synthetic" }
industry = "M73"
cell = 250
[suitability.labs.criteria.zone]
kind = "zone_fit"
title = { zh = "片区产业（虚构）", en = "Industry of the zone (synthetic)" }
weight = 2
[suitability.labs.criteria.canal]
kind = "corridor_distance"
title = { zh = "邻近运河（虚构）", en = "Near the canal (synthetic)" }
weight = 1
scores = [[0, 1], [4000, 0]]
"""

PROJECTS = (  # id, name, industry code, metres east and north, outcome by mental arithmetic
    ("Q1", "港口仓库（虚构）", "G59", (3000, 5500), "pass"),
    ("Q2", "实验楼（虚构）", "M73", (9500, 5500), "pass"),
    ("Q3", "银行（虚构）", "J66", (9500, 5500), "conditional"),  # not what keji develops
    ("Q4", "泵站（虚构）", "M73", (5500, 1000), "fail"),  # in the wetland
    ("Q5", "县外（虚构）", "M73", (14_000, 5500), "fail"),  # 2 km outside
    ("Q6", "缘上（虚构）", "M73", (8000, 5500), "review"),  # on the edge of keji
    ("Q7", "无位置（虚构）", "M73", None, "unknown"),
)


def write_second_plan(folder: Path) -> tuple[Path, Path]:
    """Write the plan and its list of projects; return both places."""
    plan = folder / "青禾"
    plan.mkdir(parents=True)
    (plan / "plan.toml").write_text(PLAN, "utf-8")
    county, wetland = box(0, 0, 12_000, 8000), box(5000, 500, 6000, 1500)
    zones = [box(1000, 4000, 5000, 7000), box(8000, 4000, 11_000, 7000)]
    frame = gpd.GeoDataFrame({"code": ["gangqu", "keji"]}, geometry=_moved(zones), crs=CRS)
    frame.to_file(plan / "zones.gpkg", layer="zones")
    for name, shape in (("county", county), ("wetland", wetland)):
        degrees = gpd.GeoSeries(_moved([shape]), crs=CRS).to_crs(4326)
        degrees.to_file(plan / f"{name}.geojson", driver="GeoJSON")
    line = gpd.GeoSeries(_moved([LineString([(0, 3000), (12_000, 3000)])]), crs=CRS)
    line.to_file(plan / "canal.shp")
    return plan, write_projects(folder)


def write_projects(folder: Path) -> Path:
    """Write the list with longitudes and latitudes."""
    path = folder / "青禾项目.csv"
    lines = ["项目编号,项目名称,行业代码,经度,纬度,坐标中误差（米）,投资额（万元）"]
    for key, name, code, place, _ in PROJECTS:
        where = ","
        if place is not None:
            point = gpd.GeoSeries(_moved([Point(*place)]), crs=CRS).to_crs(4326).iloc[0]
            where = f"{point.x:.9f},{point.y:.9f}"
        lines.append(f"{key},{name},{code},{where},5,1000")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _moved(shapes: list) -> list:
    return [translate(shape, EAST, NORTH) for shape in shapes]
