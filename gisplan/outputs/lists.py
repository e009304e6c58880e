"""A list that was read or converted -> a file, with every row and column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gisplan.columns import Coded, Columns
from gisplan.crs import NamedCrs
from gisplan.errors import OutputError
from gisplan.frames import table_of, texts
from gisplan.io.evidence import evidence_line
from gisplan.io.flat import write_csv
from gisplan.io.provenance import write_sidecar
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels
from gisplan.results import read_columns
from gisplan.wording import mapped

if TYPE_CHECKING:
    import geopandas as gpd

    from gisplan.io.projects import Intake
    from gisplan.io.shapefile import FieldName


def save_intake(
    path: Path, read: Intake, labels: Labels, *, about: Mapping[str, Any] | None = None
) -> None:
    """Write what was read of a list as a workbook: projects, issues, and the evidence."""
    evidence = [evidence_line(code, value, labels) for code, value in read.evidence]
    sheets = [
        Sheet(labels("sheet.projects"), read_columns(read), 2),
        Sheet(labels("sheet.issues"), word_issues(table_of(read, "issues").columns, labels)),
        Sheet(labels("sheet.sources"), Columns({"value": texts(evidence)})),
    ]
    write_workbook(path, sheets, labels, title=labels("sheet.projects"), about=about)


def save_converted(
    path: Path, projects: gpd.GeoDataFrame, target: NamedCrs, labels: Labels,
    *, about: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Write a converted table: every row and column, with the new coordinates.

    The headers of the coordinates name their system, so that the file is read right again.

    Raises
    ------
    OutputError
        Where lines or footprints would have to go into a table of points.
    """
    suffix = path.suffix.lower()
    if suffix == ".shp":
        from gisplan.io.shapefile import write_shapefile

        fields = write_shapefile(path, projects, labels, day=(about or {}).get("date"))
        return (*shapefile_lines(path, fields, labels), *beside(path, about, labels))
    if suffix == ".txt":
        from gisplan.io.parcels import write_parcels

        left = write_parcels(path, projects)
        told = (labels("cli.parcels_left", n=len(left)),) if len(left) else ()
        return (*told, *beside(path, about, labels))
    import pandas as pd

    if suffix not in (".xlsx", ".csv"):
        from gisplan.io.tables import write_vector

        write_vector(path, projects, pd.DataFrame(index=projects.index), about=about)
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
        return beside(path, about, labels)
    sheets = [Sheet(path.stem, table, freeze=2)]
    write_workbook(path, sheets, labels, title=path.stem, about=about)
    return ()


def beside(path: Path, about: Mapping[str, Any] | None, labels: Labels) -> tuple[str, ...]:
    """Write the provenance beside a file that has no room for it; return what to tell."""
    if about is None:
        return ()
    return (labels("verify.beside", path=write_sidecar(path, about)),)


_TITLES = {"wgs84": "WGS 84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}


def word_issues(issues: Columns, labels: Labels) -> Columns:
    """Put intake issues into words: what was found where, and what to do about it."""
    codes = issues.coded("code")
    rows = [None if one != one else int(one) for one in issues.numbers("row").tolist()]
    row = np.empty(issues.rows, dtype=object)
    row[:] = rows

    def word(part: str) -> Coded:
        return mapped(codes, lambda code: labels.get(f"issue.{code}.{part}") or "")

    return Columns(
        {
            "code": codes,
            "level": mapped(issues.coded("level"), lambda one: labels(f"level.{one}")),
            "message": word("message"),
            "remedy": word("remedy"),
            "file": issues["file"],
            "sheet": issues["sheet"],
            "row": row,
            "column": issues["column"],
            "value": issues["value"],
        },
        issues.rows,
    )


def shapefile_lines(path: Path, fields: tuple[FieldName, ...], labels: Labels) -> tuple[str, ...]:
    """Say what a shapefile changed: names of columns, texts that were cut."""
    table = path.with_name(f"{path.stem}_fields.csv")
    renamed = sum(one.field != one.column for one in fields)
    lines = [labels("cli.shp_line", encoding="UTF-8", n=renamed, table=table)]
    lines += [labels("cli.shp_cut_line", column=one.column, n=one.cut) for one in fields if one.cut]
    return tuple(lines)
