"""Parcel corners as land offices exchange them (部标 .txt): read into rows, and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from gisplan.crs import (
    CGCS2000,
    Datum,
    Zone,
    zone_in_easting,
    zone_of,
    zone_of_crs,
    zone_of_meridian,
)
from gisplan.errors import CrsError, ProjectsError
from gisplan.io.coordinates import read_metres
from gisplan.io.rows import IssueLog, Rows
from gisplan.io.shapes import mend_shapes
from gisplan.io.text import decode, normalise, parse_number
from gisplan.io.writing import write_bytes

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

PARCELS: Final = "[地块坐标]"
_HEAD: Final = "[属性描述]"
_TITLES: Final = (
    "地块面积", "编号", "名称", "图形属性", "图幅号", "地块用途", "地类编码",
)  # fmt: skip
"""Fields of a parcel's first line after its number of corners; ``@`` ends it."""

_HECTARE: Final = 10_000.0
_AREA_UNITS: Final = (_HECTARE, 1.0, 2000 / 3)
"""What one of the unit of area is in m²: hectares by the format, m² and 亩 in the wild."""
_AREA_SHARE: Final = 0.01
_LIMIT: Final = 200 * 2**20
_MARK: Final = re.compile(r"^\s*[\[［]\s*地块坐标\s*[\]］]", re.MULTILINE)
_METRES: Final = frozenset({"", "米", "m", "meter", "metre"})
_DEGREES: Final = frozenset({"度", "degree"})


@dataclass
class _Parcel:
    """A parcel's first line, where it stands, and its corners by ring, (north, east)."""

    fields: list[str]
    line: int
    rings: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.fields[4] if self.fields[4] in ("点", "线") else "面"


def is_parcels(path: Path) -> bool:
    """Tell whether a text file holds parcel corners: a line ``[地块坐标]`` near its start."""
    with path.open("rb") as opened:
        head = opened.read(65_536)
    texts = (head.decode(name, errors="ignore") for name in ("utf-8", "gb18030", "utf-16"))
    return any(_MARK.search(text) for text in texts)


def read_parcels(
    path: Path, *, encoding: str | None = None, declared: bool = False
) -> tuple[Rows, IssueLog]:
    """Read parcel corners into rows with footprints.

    Parameters
    ----------
    path
        ``[属性描述]`` with ``key=value`` lines, then ``[地块坐标]`` with a line
        ``corners,area,id,name,kind,…,@`` and lines ``J1,ring,X(north),Y(east)``.
    encoding
        By default found by :func:`gisplan.io.text.decode`.
    declared
        Whether the user names the system, so that the file need not.

    Returns
    -------
    rows, log
        One row per parcel, its number the line of the parcel's first line. Rings inside
        another ring are holes, whatever their order; others are further parts. The system
        is that of 坐标系, 几度分带 and 带号 or 中央子午线, ``None`` where they name none.

    Raises
    ------
    ProjectsError
        For a file too big, of unknown encoding, without parcels or in another unit.
    CrsError
        ``parcels_system`` for a system that is none of 2000, 80 and 54.
    """
    if path.stat().st_size > _LIMIT:
        raise ProjectsError("projects_too_big", file=path.name, limit=_LIMIT // 2**20)
    decoded = decode(path.read_bytes(), encoding=encoding, place=path.name)
    head, parcels = _parse(decoded.text)
    if not parcels:
        raise ProjectsError("projects_empty", file=path.name)
    cells = [_cells(parcel) for parcel in parcels]
    rows = Rows(path.name, "", list(_TITLES), cells, [parcel.line for parcel in parcels])
    rows.evidence.append((f"encoding_{decoded.basis}", decoded.encoding))
    told = [f"{key}={head[key]}" for key in _HEAD_KEYS if head.get(key)]
    rows.evidence.append(("parcels", "、".join(told) or "-"))
    log = IssueLog(path.name, "")
    degrees = _unit(head, path.name)
    drawn = np.array([_shape(parcel) for parcel in parcels] + [None], dtype=object)[:-1]
    rows.crs = CGCS2000 if degrees else _system(head, parcels, path.name, declared=declared)
    rows.geometry = mend_shapes(drawn, rows.crs, log, rows.numbers)
    for parcel, shape in zip(parcels, rows.geometry, strict=True):
        _note(parcel, shape, log, degrees=degrees)
    return rows, log


def write_parcels(
    path: Path, frame: GeoDataFrame, *, encoding: str = "gb18030", digits: int = 4
) -> pd.Index:
    """Write footprints as parcel corners; reading them back gives the printed digits.

    Parameters
    ----------
    path
        The file, written whole or not at all.
    frame
        Footprints, lines or points with ``id`` and ``name``, in a CGCS2000 Gauss-Krüger
        zone; eastings carry the zone number where those of the CRS do. Columns titled as
        the format's own fields (图幅号, 地块用途, 地类编码) are written too.
    encoding
        GB18030 (which GBK programs read) or UTF-8.
    digits
        Decimals of a coordinate.

    Returns
    -------
    Index
        Labels of the rows without geometry, which the format cannot hold.

    Raises
    ------
    CrsError
        ``parcels_zone`` for a frame in any other system.
    OutputError
        Where the file cannot be written.
    """
    zone = zone_of_crs(pyproj.CRS(frame.crs)) if frame.crs is not None else None
    if zone is None:
        found = frame.crs.to_string() if frame.crs is not None else "-"
        raise CrsError("parcels_zone", file=path.name, crs=found)
    lines = [_HEAD, *_head_lines(zone, digits), PARCELS]
    there = frame.geometry.notna() & ~frame.geometry.is_empty
    for row, shape in zip(
        frame[there].drop(columns=frame.geometry.name).to_dict("records"),
        frame.geometry[there],
        strict=True,
    ):
        lines += _parcel_lines(row, shape, digits)
    write_bytes(path, ("\r\n".join(lines) + "\r\n").encode(encoding))
    return frame.index[~there]


# --- reading -------------------------------------------------------------------------------

_HEAD_KEYS: Final = ("坐标系", "几度分带", "带号", "中央子午线", "计量单位", "精度")


def _parse(text: str) -> tuple[dict[str, str], list[_Parcel]]:
    head: dict[str, str] = {}
    parcels: list[_Parcel] = []
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        plain = normalise(line)
        if not plain:
            continue
        if plain.startswith("["):
            section = re.sub(r"\s", "", plain)
        elif section == PARCELS:
            _take_line(plain, line, number, parcels)
        elif "=" in plain:
            key, _, value = plain.partition("=")
            head.setdefault(key.strip(), value.strip())
    return head, parcels


def _take_line(plain: str, line: str, number: int, parcels: list[_Parcel]) -> None:
    if plain.endswith("@"):
        # Names keep their full-width commas; only a line without any other is split there.
        cut = line if "," in line else plain
        fields = [one.strip() for one in cut.strip().rstrip("@＠").split(",")]
        parcels.append(_Parcel((fields + [""] * 8)[:8], number))
        return
    if not parcels:
        parcels.append(_Parcel([""] * 8, number))
    parts = [one.strip() for one in plain.split(",")]
    corner = _corner(parts)
    if corner is None:
        parcels[-1].faults.append(f"{number}: {plain[:80]}")
        return
    parcels[-1].rings.setdefault(parts[1], []).append(corner)


def _corner(parts: Sequence[str]) -> tuple[float, float] | None:
    if len(parts) < 4 or not parts[1].isdecimal():
        return None
    north, east = read_metres(parts[2]), read_metres(parts[3])
    return None if north is None or east is None else (north, east)


def _cells(parcel: _Parcel) -> list[str]:
    return [*parcel.fields[1:4], parcel.kind, *parcel.fields[5:8]]


def _unit(head: Mapping[str, str], file: str) -> bool:
    unit = head.get("计量单位", "").lower()
    if unit in _DEGREES:
        return True
    if unit not in _METRES:
        raise ProjectsError("parcels_unit", file=file, unit=unit)
    return False


def _system(
    head: Mapping[str, str], parcels: Sequence[_Parcel], file: str, *, declared: bool
) -> pyproj.CRS | None:
    """Return the system that the head names; whether eastings carry a zone, they say."""
    named = head.get("坐标系", "")
    datum = _datum(named)
    if datum is None:
        if declared or not named:
            return None
        raise CrsError("parcels_system", file=file, value=named)
    eastings = [east for one in parcels for ring in one.rings.values() for _, east in ring]
    norths = [north for one in parcels for ring in one.rings.values() for north, _ in ring]
    # A drawing with X and Y exchanged is turned later; its zone number stands in X then.
    prefixed = max(map(max, (eastings, norths)), default=0.0) > 8e6 if eastings else False
    zone = _zone(head, prefixed=prefixed)
    if zone is None and prefixed:
        found = {zone_in_easting(max(pair)) for pair in zip(norths, eastings, strict=True)}
        zone = found.pop() if len(found) == 1 else None
    return zone._replace(datum=datum).crs.crs if zone is not None else None


def _datum(named: str) -> Datum | None:
    plain = re.sub(r"[\s_-]", "", named).lower()
    if "2000" in plain:
        return "cgcs2000"
    if "80" in plain or "西安" in plain or "xian" in plain:
        return "xian80"
    return "beijing54" if "54" in plain or "北京" in plain or "beijing" in plain else None


def _zone(head: Mapping[str, str], *, prefixed: bool) -> Zone | None:
    width = 6 if head.get("几度分带", "").startswith("6") else 3
    number, meridian = parse_number(head.get("带号", "")), _meridian(head.get("中央子午线", ""))
    if number is not None:
        return zone_of(int(number), width, prefixed=prefixed)
    return None if meridian is None else zone_of_meridian(meridian, width, prefixed=prefixed)


def _meridian(text: str) -> float | None:
    return parse_number(text.lower().removeprefix("东经").rstrip("°度e"))


def _shape(parcel: _Parcel) -> BaseGeometry | None:
    if parcel.faults or not parcel.rings:
        return None
    # X is north and Y east in this format, so each pair is turned.
    parts = [[(east, north) for north, east in ring] for ring in parcel.rings.values()]
    if parcel.kind == "点":
        points = [point for part in parts for point in part]
        return shapely.Point(points[0]) if len(points) == 1 else shapely.MultiPoint(points)
    if parcel.kind == "线":
        lines = [shapely.LineString(part) for part in parts if len(part) > 1]
        return (lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)) if lines else None
    rings = [shapely.LinearRing(part) for part in parts if len(set(part)) > 2]
    return _nest(rings) if len(rings) == len(parts) else None


def _nest(rings: Sequence[shapely.LinearRing]) -> BaseGeometry:
    """Put rings together: inside an odd number of others a ring is a hole of the nearest."""
    areas = [shapely.Polygon(ring) for ring in rings]
    around = [[other for other in range(len(rings)) if _holds(areas, other, at)]
              for at in range(len(rings))]  # fmt: skip
    shells = [at for at in range(len(rings)) if len(around[at]) % 2 == 0]
    holes: dict[int, list[shapely.LinearRing]] = {at: [] for at in shells}
    for at in range(len(rings)):
        if at not in holes:
            nearest = max(around[at], key=lambda other: len(around[other]))
            holes[nearest].append(rings[at])
    parts = [shapely.Polygon(rings[at], holes[at]) for at in shells]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _holds(areas: Sequence[shapely.Polygon], other: int, at: int) -> bool:
    if other == at or not areas[other].is_valid:
        return False
    return bool(areas[other].contains(areas[at].exterior)) and areas[other].area > areas[at].area


def _note(parcel: _Parcel, shape: BaseGeometry | None, log: IssueLog, *, degrees: bool) -> None:
    for fault in parcel.faults:
        log.add("GP-INT-071", parcel.line, column=PARCELS, value=fault)
    rings = list(parcel.rings.values())
    if parcel.kind == "面" and any(ring[0] != ring[-1] for ring in rings):
        log.add("GP-INT-016", parcel.line, column=PARCELS)
    count = sum(map(len, rings))
    closing = sum(ring[0] == ring[-1] for ring in rings)
    said = parse_number(parcel.fields[0])
    if said is not None and not parcel.faults and said not in (count, count - closing):
        log.add("GP-INT-072", parcel.line, column=PARCELS, value=f"{parcel.fields[0]} ≠ {count}")
    area = parse_number(parcel.fields[1])
    if shape is None or degrees or area is None or area <= 0 or parcel.kind != "面":
        return
    if not any(abs(area * unit - shape.area) <= _AREA_SHARE * shape.area for unit in _AREA_UNITS):
        shown = f"{parcel.fields[1]} ≠ {shape.area / _HECTARE:.4f} ha"
        log.add("GP-INT-073", parcel.line, column=_TITLES[0], value=shown)


# --- writing -------------------------------------------------------------------------------


def _head_lines(zone: Zone, digits: int) -> list[str]:
    values = {
        "格式版本号": "", "数据产生单位": "", "数据产生日期": "", "坐标系": "2000国家大地坐标系",
        "几度分带": str(zone.width), "投影类型": "高斯克吕格", "计量单位": "米",
        "带号": str(zone.number), "精度": f"{10.0**-digits:.{digits}f}", "转换参数": ",,,,,,",
    }  # fmt: skip
    return [f"{key}={value}" for key, value in values.items()]


def _parcel_lines(row: Mapping[Any, Any], shape: BaseGeometry, digits: int) -> list[str]:
    kind = ("点", "线", "面")[shapely.get_dimensions(shape)]
    rings = list(_rings(shape))
    # The last corner of a closed ring is the first once more, under the same name.
    count = sum(len(ring) - (kind == "面") for ring in rings)
    area = f"{shape.area / _HECTARE:.4f}" if kind == "面" else ""
    own = [_field(row.get(title)) for title in _TITLES[4:]]
    fields = [str(count), area, _field(row.get("id")), _field(row.get("name")), kind, *own, "@"]
    lines, corner = [",".join(fields)], 1
    for number, ring in enumerate(rings, start=1):
        for at, (east, north) in enumerate(ring):
            last = kind == "面" and at == len(ring) - 1
            name = f"J{corner}" if last else f"J{corner + at}"
            lines.append(f"{name},{number},{north:.{digits}f},{east:.{digits}f}")
        corner += len(ring) - (kind == "面")
    return lines


def _rings(shape: BaseGeometry) -> Iterator[list[tuple[float, float]]]:
    for part in shapely.get_parts(shapely.force_2d(shape)):
        if part.geom_type == "Polygon":
            yield list(part.exterior.coords)
            yield from (list(ring.coords) for ring in part.interiors)
        elif part.geom_type == "GeometryCollection":
            yield from _rings(part)
        else:
            yield list(part.coords)


def _field(value: object) -> str:
    """Return a field without what would end it or its line: the format has no quotes."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return " ".join(str(value).replace(",", "，").replace("@", "＠").split())
