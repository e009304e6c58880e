"""Tables as grids of typed tokens: to hash what was written and to compare it with what is read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj
import python_calamine as calamine
import shapely
from shapely.geometry.base import BaseGeometry

from gisplan.columns import Coded, Columns
from gisplan.errors import ProjectsError, VerifyError
from gisplan.io.extent import check_parts
from gisplan.io.flat import cells_of, len_of, plain_cells
from gisplan.io.limits import check_archive
from gisplan.io.sheet_cells import Cells

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Grid = list[list[Any]]
"""Rows of plain values: text, float, bool, date, geometry or ``None``; first the titles."""

RELATIVE, ABSOLUTE = 1e-8, 1e-6
"""By how much two numbers may differ and be one: other builds of GEOS and PROJ round otherwise.

Of a longitude of 114° that is 0.13 m; a millionth would be 13 m.
"""


def plain(value: Any) -> Any:
    """Return a cell as one of the types of a `Grid`, whatever library it comes from."""
    if type(value) is str:  # most cells are
        return (value.replace("\r\n", "\n") if "\r" in value else value) or None
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else value.replace(microsecond=0)
    if isinstance(value, (dt.date, BaseGeometry)):
        return value
    text = str(value).replace("\r\n", "\n")
    return text or None


def grid_of(table: pd.DataFrame | Columns, titles: Sequence[str]) -> Grid:
    """Lay out a table, titles first."""
    head = [plain(one) for one in titles]
    columns = [[plain(value) for value in column] for column in cells_of(table)]
    if not columns:
        return [head, *([] for _ in range(len_of(table)))]
    return [head, *map(list, zip(*columns, strict=True))]


@dataclass(frozen=True)
class ByColumn:
    """A `Grid` that is told by its columns, each text once, however many rows it stands in."""

    titles: Sequence[str]
    columns: Sequence[Cells]
    rows: int

    @classmethod
    def of(cls, table: Columns) -> ByColumn:
        """Take columns of texts and numbers under their own names."""
        cells = [
            one if isinstance(one, Coded) or one.dtype.kind == "f" else Coded.of(one)
            for one in table.values()
        ]
        return cls(list(table), cells, table.rows)

    def grid(self) -> Grid:
        """Lay out the rows, titles first."""
        return [[plain(cell) for cell in row] for row in (self.titles, *self._rows(plain_cells))]

    def said(self) -> Iterator[str]:
        """Write the rows as `digest` tells them, each as a list of JSON."""
        yield _line([_quoted(plain(one)) for one in self.titles])
        yield from map(_line, self._rows(_quoted_cells))

    def _rows(self, told: Callable[[Cells], list[Any]]) -> Iterable[Sequence[Any]]:
        if not self.columns:
            return [()] * self.rows
        return zip(*map(told, self.columns), strict=True)


def system(frame: gpd.GeoDataFrame) -> Grid:
    """Name the system that the numbers of a frame are in, as a grid of one cell."""
    crs = pyproj.CRS(frame.crs) if frame.crs is not None else None
    if crs is None:
        return [[None]]
    known = crs.to_authority()
    if known is not None:
        return [[":".join(known)]]
    projected = crs.coordinate_operation
    numbers = [f"{one.name}={one.value:.9g}" for one in projected.params] if projected else []
    return [["; ".join([crs.name, *numbers])]]


def digest(grids: Mapping[str, Grid | ByColumn]) -> str:
    """Return the sha256 of what tables say, whatever file they stand in."""
    said = []
    for name, grid in grids.items():
        if isinstance(grid, ByColumn):
            lines = list(grid.said())
        else:
            lines = [_line([_quoted(cell) for cell in row]) for row in grid]
        while lines and lines[-1] == "[]":
            lines.pop()
        said.append(f"[{json.dumps(name, ensure_ascii=False)},[{','.join(lines)}]]")
    return hashlib.sha256(f"[{','.join(said)}]".encode("utf-8", "replace")).hexdigest()


def same(one: Any, other: Any) -> bool:
    """Tell whether two cells say the same."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    if isinstance(one, BaseGeometry) and isinstance(other, BaseGeometry):
        return bool(shapely.equals_exact(_single(one), _single(other), tolerance=ABSOLUTE))
    return type(one) is type(other) and bool(one == other)


def read_grids(path: Path) -> dict[str, Grid]:
    """Read every sheet of an .xlsx with its types, hidden ones too.

    Raises
    ------
    VerifyError
        ``verify_broken`` where it is no workbook or a damaged one.
    """
    if not zipfile.is_zipfile(path):
        raise VerifyError("verify_broken", path=path, reason="zip")
    try:
        check_archive(path, path.name)
        check_parts(path)
        with path.open("rb") as opened, calamine.load_workbook(opened) as book:
            return {
                name: [
                    [plain(cell) for cell in row]
                    for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                ]
                for name in book.sheet_names
            }
    except (calamine.CalamineError, ProjectsError) as error:
        raise VerifyError("verify_broken", path=path, reason=error) from None


def _token(cell: Any) -> str:
    if cell is None:
        return ""
    if type(cell) is str:
        return "t" + cell
    if isinstance(cell, bool):
        return f"b{cell:d}"
    if isinstance(cell, float):
        return f"n{cell:.9g}" if cell else "n0"
    if isinstance(cell, BaseGeometry):
        return f"g{shapely.to_wkt(_single(cell), rounding_precision=6)}"
    return f"d{cell.isoformat()}" if isinstance(cell, dt.date) else f"t{cell}"


def _single(shape: BaseGeometry) -> BaseGeometry:
    """Take the one part out of a collection of one: some formats know collections only."""
    parts = getattr(shape, "geoms", None)
    return parts[0] if parts is not None and len(parts) == 1 else shape


_BLANK: Final = '""'


def _quoted(cell: Any) -> str:
    return encode_basestring(_token(cell))


def _quoted_cells(cells: Cells) -> list[str]:
    if isinstance(cells, list):
        return [_quoted(plain(one)) for one in cells]
    if isinstance(cells, Coded):
        told = [_quoted(plain(text)) for text in cells.categories]
        return list(map([*told, _BLANK].__getitem__, cells.codes.tolist()))
    known = np.where(np.isfinite(cells), cells, np.nan)
    return [
        (f'"n{one:.9g}"' if one else '"n0"') if one == one else _BLANK for one in known.tolist()
    ]


def _line(cells: Sequence[str]) -> str:
    """Join the cells of a row; what is blank at its end a reader may or may not give."""
    end = len(cells)
    while end and cells[end - 1] == _BLANK:
        end -= 1
    return f"[{','.join(cells[:end])}]"
