"""An official layer in whatever format an office hands out -> a frame, its system, its evidence."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from gisplan.crs import NamedCrs, parse_crs, transform
from gisplan.errors import AdoptionError, ProjectsError
from gisplan.io.formats import VECTORS
from gisplan.io.geopackage import list_tables
from gisplan.io.hashes import input_sha256
from gisplan.io.parcels import is_parcels, read_parcels
from gisplan.io.rows import Evidence, IssueLog
from gisplan.io.shapes import REFUSED, mend_shapes
from gisplan.io.tables import GIS_WRITE_ERRORS
from gisplan.io.vectors import read_layer

FORMATS: Final = (*VECTORS, ".gdb", ".dxf", ".txt")

_DXF_HEAD: Final = 4096


class Official(NamedTuple):
    """A layer as an office gave it.

    Attributes
    ----------
    frame
        The chosen features with their attributes, mended where only one repair is possible,
        in the file's own system (true coordinates where the file's were offset).
    evidence
        How its system is known and what was left out, as (code, value); ``adopt.<code>``.
    repairs
        Row, code and value of each feature that was repaired.
    sha256
        Of the file, of the parts of a shapefile, or of the files of a folder.
    file
        Its name.
    """

    frame: gpd.GeoDataFrame
    evidence: tuple[Evidence, ...]
    repairs: pd.DataFrame
    sha256: str
    file: str = ""


def read_official(
    path: Path,
    *,
    crs: str | None = None,
    layer: str | None = None,
    where: tuple[str, str] | None = None,
    lines: bool = False,
) -> Official:
    """Read a layer that is to become one of a plan.

    Parameters
    ----------
    path
        One of `FORMATS`; a file geodatabase is a folder ``*.gdb``.
    crs
        What the user says the coordinates are; needed where the file does not say, and
        refused where it says otherwise.
    layer
        Name of the layer where the file has several.
    where
        Column and value, as text, of the features that are meant.
    lines
        Whether lines are wanted (a corridor), else polygons.

    Raises
    ------
    AdoptionError
        Where the file is none of these, says nothing of its system or another one than the
        user, has no such layer or features, or geometry that can be repaired in two ways.
    """
    evidence: list[Evidence] = []
    frame = _read(path, layer, evidence)
    asked = parse_crs(crs) if crs is not None else None
    frame = _placed(frame, asked, path, evidence)
    frame = _chosen(frame, where, path)
    frame = _wanted(frame, path, evidence, lines=lines)
    frame, repairs = _mended(frame, path)
    if asked is not None and asked.offset != "none":
        frame = transform(frame, asked.crs, source=asked)
        evidence.append(("offset_taken_off", asked.name))
    return Official(frame.reset_index(drop=True), tuple(evidence), repairs, input_sha256(path),
                    path.name)  # fmt: skip


# --- by format ------------------------------------------------------------------------------


def _read(path: Path, layer: str | None, evidence: list[Evidence]) -> gpd.GeoDataFrame:
    text, suffix = str(path), path.suffix.lower()
    if text.startswith("/vsi") or "://" in text or not path.exists():
        raise AdoptionError("adopt_missing", path=path)
    if suffix not in FORMATS or (path.is_dir() != (suffix == ".gdb")):
        raise AdoptionError("adopt_format", path=path, allowed=" ".join(FORMATS))
    try:
        if suffix == ".gdb":
            return _from_geodatabase(path, layer, evidence)
        if suffix == ".dxf":
            return _from_drawing(path, evidence)
        if suffix == ".txt":
            return _from_corners(path, evidence)
        if suffix == ".gpkg":
            layer = _one_of(path, list(list_tables(path)), layer)
        return read_layer(path, layer=layer)
    except ProjectsError as error:
        raise AdoptionError("adopt_unreadable", path=path, reason=error.word()) from None
    except (*GIS_WRITE_ERRORS, ValueError, RuntimeError, OSError) as error:
        raise AdoptionError("adopt_unreadable", path=path, reason=error) from None


def _from_geodatabase(path: Path, layer: str | None, evidence: list[Evidence]) -> gpd.GeoDataFrame:
    if not any(path.glob("a*.gdbtable")) or any(set("!;") & set(str(path.absolute()))):
        raise AdoptionError("adopt_format", path=path, allowed=" ".join(FORMATS))
    names = [str(name) for name, kind in pyogrio.list_layers(path.absolute()) if kind]
    chosen = _one_of(path, names, layer)
    evidence.append(("layer", chosen))
    return _through_gdal(path, layer=chosen)


def _from_drawing(path: Path, evidence: list[Evidence]) -> gpd.GeoDataFrame:
    """Read a drawing: it knows no systems, and its areas are often closed polylines."""
    with path.open("rb") as opened:
        head = opened.read(_DXF_HEAD)
    if b"SECTION" not in head and not head.startswith(b"AutoCAD Binary DXF"):
        raise AdoptionError("adopt_format", path=path, allowed=" ".join(FORMATS))
    frame = _through_gdal(path)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    closed = (shapely.get_type_id(shapes) == 1) & shapely.is_closed(shapes)
    closed &= shapely.get_num_coordinates(shapes) > 3
    if closed.any():
        for at in np.flatnonzero(closed).tolist():
            shapes[at] = shapely.Polygon(shapely.get_coordinates(shapes[at]))
        evidence.append(("closed_lines", str(int(closed.sum()))))
    cells = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return gpd.GeoDataFrame(cells, geometry=gpd.GeoSeries(shapes))


def _from_corners(path: Path, evidence: list[Evidence]) -> gpd.GeoDataFrame:
    if not is_parcels(path):
        raise AdoptionError("adopt_format", path=path, allowed=" ".join(FORMATS))
    rows, log = read_parcels(path, declared=True)
    issues = log.frame()
    lost = issues[issues["code"].isin(REFUSED)]
    if len(lost):
        told = ", ".join(map(str, lost["row"].dropna()))
        raise AdoptionError("adopt_ambiguous", path=path, rows=told)
    evidence += [one for one in rows.evidence if one[0] == "parcels"]
    frame = pd.DataFrame(rows.cells, columns=rows.titles, dtype="str")
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(rows.geometry, crs=rows.crs))


def _through_gdal(path: Path, layer: str | None = None) -> gpd.GeoDataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # curves, measures: told by what is left out below
        frame = pyogrio.read_dataframe(path.absolute(), layer=layer, use_arrow=False)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise AdoptionError("adopt_no_feature", path=path)
    return frame


def _one_of(path: Path, names: list[str], layer: str | None) -> str:
    if layer is not None and layer in names:
        return layer
    if layer is None and len(names) == 1:
        return names[0]
    raise AdoptionError("adopt_layer", path=path, found=", ".join(names) or "-")


# --- what is meant --------------------------------------------------------------------------


def _placed(
    frame: gpd.GeoDataFrame, asked: NamedCrs | None, path: Path, evidence: list[Evidence]
) -> gpd.GeoDataFrame:
    """Give the frame its system: the file's word, or the user's where the file says none."""
    if frame.crs is None:
        if asked is None:
            raise AdoptionError("adopt_no_crs", path=path)
        evidence.append(("crs_said", asked.name))
        return frame.set_crs(asked.crs)
    own = parse_crs(pyproj.CRS(frame.crs))
    if asked is not None and asked.offset == "none" and not _equal(own.crs, asked.crs):
        raise AdoptionError("adopt_crs_differs", path=path, found=own.name, asked=asked.name)
    evidence.append(("crs_declared", own.name))
    return frame


def _equal(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    if one.equals(other, ignore_axis_order=True):
        return True
    return one.to_wkt("WKT1_ESRI") == other.to_wkt("WKT1_ESRI")


def _chosen(frame: gpd.GeoDataFrame, where: tuple[str, str] | None, path: Path) -> gpd.GeoDataFrame:
    if where is None:
        return frame
    column, value = where
    if column not in frame or column == frame.geometry.name:
        found = ", ".join(str(one) for one in frame.columns if one != frame.geometry.name)
        raise AdoptionError("adopt_column", path=path, column=column, found=found)
    return frame[frame[column].astype("str") == value]


def _wanted(
    frame: gpd.GeoDataFrame, path: Path, evidence: list[Evidence], *, lines: bool
) -> gpd.GeoDataFrame:
    """Keep polygons, or lines; what else the file holds is counted and left out."""
    shapes = frame.geometry
    held = frame[shapes.notna() & ~shapes.is_empty]
    kinds = held.geometry.geom_type
    right = kinds.isin(["LineString", "MultiLineString"] if lines else ["Polygon", "MultiPolygon"])
    left = kinds[~right].value_counts()
    if not right.any():
        found = ", ".join(f"{kind} {count}" for kind, count in left.items()) or "-"
        raise AdoptionError("adopt_kind" if len(held) else "adopt_no_feature", path=path,
                            found=found)  # fmt: skip
    if len(left):
        told = ", ".join(f"{kind} {count}" for kind, count in left.items())
        evidence.append(("kinds_left", told))
    if without := len(frame) - len(held):
        evidence.append(("empty_left", str(without)))
    return held[right]


def _mended(frame: gpd.GeoDataFrame, path: Path) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    log = IssueLog(path.name, "")
    numbers = list(range(1, len(frame) + 1))
    shapes: Any = np.array([*frame.geometry, None], dtype=object)[:-1]
    mended = mend_shapes(shapes, pyproj.CRS(frame.crs), log, numbers)
    issues = log.frame()
    lost = issues[issues["code"].isin(REFUSED)]
    if len(lost):
        told = ", ".join(map(str, lost["row"]))
        raise AdoptionError("adopt_ambiguous", path=path, rows=told)
    crs = frame.crs
    cells = pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index(drop=True)
    series = gpd.GeoSeries(mended, crs=crs)
    return gpd.GeoDataFrame(cells, geometry=series), issues[["row", "code", "value"]]
