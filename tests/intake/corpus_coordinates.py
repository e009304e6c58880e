"""Coordinates and parcel corners: writings, orders, zones, and what contradicts itself."""

from __future__ import annotations

import json

from tests.intake.make_corpus import nasty

PLACES = ((114.35, 36.09), (114.36, 36.10), (114.37, 36.11))
EAST, NORTH = 531521.456, 3995585.768


def table(titles: str, *cells: str) -> str:
    lines = [f"P{at},项目{at},{cell}" for at, cell in enumerate(cells, start=1)]
    return "\n".join([f"项目编号,项目名称,{titles}", *lines]) + "\n"


@nasty("dms_mixed.csv")
def dms_mixed() -> str:
    return table(
        "经度,纬度",
        "114°21′00″,36°05′24″", "东经114度21分36秒,北纬36度06分", "E114-22-12,N36-06-36",
        "114d22m12s,36d6m36s", "１１４．３５,３６．０９", "114°60′,36°5′",
    )  # fmt: skip


@nasty("pairs.csv")
def pairs() -> str:
    return table(
        "坐标", '"114.35,36.09"', '"36.09,114.35"', "（114.35；36.09）", "北纬36.09°东经114.35°",
        "经度:114.35 纬度:36.09", "114°21′ 36°5′24″", "中华路北段", '"114,35,36,09"',
    )  # fmt: skip


@nasty("swapped.csv")
def swapped() -> str:
    return table("经度,纬度", *(f"{lat},{lon}" for lon, lat in PLACES))


@nasty("swapped_once.csv")
def swapped_once() -> str:
    rows = [f"{lon},{lat}" for lon, lat in PLACES]
    return table("经度,纬度", *rows[:2], "36.11,114.37")


@nasty("swapped_in_the_west.csv")
def swapped_in_the_west() -> str:
    return table("经度,纬度", "87.6,43.8", "43.9,87.7")


@nasty("zone_number.csv")
def zone_number() -> str:
    return table("X坐标,Y坐标", f"{NORTH},38{EAST}", f"{NORTH + 100},38{EAST + 100}")


@nasty("no_zone_number.csv")
def no_zone_number() -> str:
    return table("X坐标,Y坐标", f"{NORTH},{EAST}", f"{NORTH + 100},{EAST + 100}")


@nasty("two_zones.csv")
def two_zones() -> str:
    return table("X坐标,Y坐标", f"{NORTH},38{EAST}", f"{NORTH},37{EAST}")


@nasty("web_mercator.csv")
def web_mercator() -> str:
    return table("X,Y", "12729383.7,4314535.7")


@nasty("lost_decimal_point.csv")
def lost_decimal_point() -> str:
    return table("经度,纬度", "114.35,36.09", "11435,36.09", "114.35,3609")


@nasty("from_baidu.csv")
def from_baidu() -> str:
    return table("经度,纬度,来源", "114.35,36.09,百度地图拾取", "114.36,36.10,现场")


@nasty("metres.geojson")
def metres() -> str:
    feature = {
        "type": "Feature", "properties": {"name": "甲"},
        "geometry": {"type": "Point", "coordinates": [38531521.456, 3995585.768]},
    }  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


@nasty("latitude_first.geojson")
def latitude_first() -> str:
    features = [
        {"type": "Feature", "properties": {"name": f"项目{at}"},
         "geometry": {"type": "Point", "coordinates": [lat, lon]}}
        for at, (lon, lat) in enumerate(PLACES)
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features})


# --- parcel corners ------------------------------------------------------------------------

HEAD = (
    "[属性描述]\r\n坐标系=2000国家大地坐标系\r\n几度分带=3\r\n计量单位=米\r\n带号=38\r\n"
    "精度=0.001\r\n[地块坐标]\r\n"
)
FIRST = "5,2.0000,D1,一号地块,面,,住宅,,@\r\n"
RING = [(0, 0), (0, 200), (100, 200), (100, 0), (0, 0)]
HOLE = [(20, 30), (40, 30), (40, 60), (20, 60), (20, 30)]


def corners(points: list[tuple[int, int]], ring: int = 1, zone: str = "38") -> str:
    return "".join(
        f"J{at},{ring},{NORTH + y:.3f},{zone}{EAST + x:.3f}\r\n" for at, (x, y) in enumerate(points)
    )


@nasty("parcels.txt")
def parcels() -> bytes:
    first = FIRST.replace("5,2.0000", "10,1.9400")
    return (HEAD + first + corners(RING) + corners(HOLE, 2)).encode("gbk")


@nasty("parcels_open_rings.txt")
def parcels_open_rings() -> bytes:
    return (HEAD + FIRST.replace("5,", "4,", 1) + corners(RING[:-1])).encode("utf-8-sig")


@nasty("parcels_bad_line.txt")
def parcels_bad_line() -> bytes:
    broken = corners(RING).replace("J2,1,", "J2,1,约")
    good = FIRST.replace("D1,一", "D2,二") + corners(RING)
    return (HEAD + FIRST + broken + good).encode("gbk")


@nasty("parcels_other_zone.txt")
def parcels_other_zone() -> bytes:
    return (HEAD + FIRST + corners(RING, zone="39")).encode("gbk")


@nasty("parcels_local_grid.txt")
def parcels_local_grid() -> bytes:
    head = HEAD.replace("2000国家大地坐标系", "城市独立坐标系")
    return (head + FIRST + corners(RING, zone="")).encode("gbk")


@nasty("table_of_parcels.txt")
def table_of_parcels() -> str:
    return table("经度,纬度,备注", "114.35,36.09,见地块坐标").replace(",", "\t")
