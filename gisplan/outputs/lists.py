"""A list that was read or converted -> a file, with every row and column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from gisplan.crs import NamedCrs
from gisplan.errors import OutputError
from gisplan.io.parcels import write_parcels
from gisplan.io.shapefile import FieldName, write_shapefile
from gisplan.io.tables import (
    write_csv,
    write_vector,
)
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels
from gisplan.results import read_rows

if TYPE_CHECKING:
    from gisplan.io.projects import Intake


def save_intake(path: Path, read: Intake, labels: Labels) -> None:
    """Write what was read of a list as a workbook: projects, issues, and the evidence."""
    evidence = [labels(f"evidence.{code}", value=value) for code, value in read.evidence]
    sheets = [
        Sheet(labels("sheet.projects"), read_rows(read), 2),
        Sheet(labels("sheet.issues"), word_issues(read.issues, labels)),
        Sheet(labels("sheet.sources"), pd.DataFrame({"value": evidence}, dtype="str")),
    ]
    write_workbook(path, sheets, labels, title=labels("sheet.projects"))


def save_converted(
    path: Path, projects: gpd.GeoDataFrame, target: NamedCrs, labels: Labels
) -> tuple[str, ...]:
    """Write a converted table: every row and column, with the new coordinates.

    The headers of the coordinates name their system, so that the file is read right again.

    Raises
    ------
    OutputError
        Where lines or footprints would have to go into a table of points.
    """
    suffix = path.suffix.lower()
    if suffix == ".shp":
        return shapefile_lines(path, write_shapefile(path, projects, labels), labels)
    if suffix == ".txt":
        left = write_parcels(path, projects)
        return (labels("cli.parcels_left", n=len(left)),) if len(left) else ()
    if suffix not in (".xlsx", ".csv"):
        write_vector(path, projects, pd.DataFrame(index=projects.index))
        return ()
    if set(projects.geometry.geom_type.dropna()) - {"Point"}:
        raise OutputError("output_points_only", path=path)
    table = pd.DataFrame(projects.drop(columns=projects.geometry.name))
    degrees = target.offset != "none" or target.crs.is_geographic
    first, second = ("lon", "lat") if degrees else ("east", "north")
    digits, title = 9 if degrees else 4, _TITLES.get(target.name, target.name)
    for code, values in ((first, projects.geometry.x), (second, projects.geometry.y)):
        table[labels(f"convert.{code}", crs=title)] = values.round(digits)
    if suffix == ".csv":
        write_csv(path, table, labels)
    else:
        write_workbook(path, [Sheet(path.stem, table, freeze=2)], labels, title=path.stem)
    return ()


_TITLES = {"wgs84": "WGS 84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}


def word_issues(issues: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Put intake issues into words: what was found where, and what to do about it."""
    told = issues.copy()
    told["level"] = [labels(f"level.{level}") for level in issues["level"]]
    for column in ("message", "remedy"):
        told[column] = [labels.get(f"issue.{code}.{column}") or "" for code in issues["code"]]
    return told[["code", "level", "message", "remedy", "file", "sheet", "row", "column", "value"]]


def shapefile_lines(path: Path, fields: tuple[FieldName, ...], labels: Labels) -> tuple[str, ...]:
    """Say what a shapefile changed: names of columns, texts that were cut."""
    table = path.with_name(f"{path.stem}_fields.csv")
    renamed = sum(one.field != one.column for one in fields)
    lines = [labels("cli.shp_line", encoding="UTF-8", n=renamed, table=table)]
    lines += [labels("cli.shp_cut_line", column=one.column, n=one.cut) for one in fields if one.cut]
    return tuple(lines)
