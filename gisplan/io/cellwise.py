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
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gisplan.columns import Coded, Columns
from gisplan.errors import ProjectsError, VerifyError
from gisplan.io.extent import check_parts
from gisplan.io.flat import cells_of, len_of, plain_cells
from gisplan.io.limits import check_archive
from gisplan.io.pieces import Piece, joined, numbers_told
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

    def said(self) -> Iterator[bytes]:
        """Write the rows as `digest` tells them: lists of JSON, up to the last that says anything.

        What is blank at the end of a row or of the table a reader may or may not give.
        """
        quoted = [_quoted_cells(one, "," if at else "") for at, one in enumerate(self.columns)]
        there = np.array([one.codes != len(one.texts) - 2 for one in quoted], dtype=bool)
        there = there.reshape(len(quoted), self.rows)
        head = _line([_quoted(plain(one)) for one in self.titles])
        filled = np.flatnonzero(there.any(axis=0))
        rows = int(filled[-1]) + 1 if len(filled) else 0
        if rows or head != "[]":
            yield head.encode("utf-8", "replace")
        if rows:
            yield from joined(_lists(quoted, there[:, :rows]), rows)

    def _rows(self, told: Callable[[Cells], list[Any]]) -> Iterable[Sequence[Any]]:
        if not self.columns:
            return [()] * self.rows
        return zip(*map(told, self.columns), strict=True)


def _lists(quoted: Sequence[Piece], there: NDArray[np.bool_]) -> list[bytes | Piece]:
    """Make lists of JSON of quoted cells, each up to its last cell that says anything."""
    reaching = np.logical_or.accumulate(there[::-1], axis=0)[::-1]
    told = [
        Piece(one.texts, np.where(here, one.codes[: len(here)], -1))
        for one, here in zip(quoted, reaching, strict=True)
    ]
    return [b",[", *told, b"]"]


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
    told = hashlib.sha256()
    for at, (name, grid) in enumerate(grids.items()):
        title = f"{',' if at else '['}[{json.dumps(name, ensure_ascii=False)},["
        told.update(title.encode("utf-8", "replace"))
        for part in grid.said() if isinstance(grid, ByColumn) else _said(grid):
            told.update(part)
        told.update(b"]]")
    told.update(b"]" if grids else b"[]")
    return told.hexdigest()


def _said(grid: Grid) -> Iterator[bytes]:
    lines = [_line([_quoted(cell) for cell in row]) for row in grid]
    while lines and lines[-1] == "[]":
        lines.pop()
    yield ",".join(lines).encode("utf-8", "replace")


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


def _quoted_cells(cells: Cells, mark: str) -> Piece:
    """Quote the cells of a column behind a mark; the last text but one is that of a blank."""
    if isinstance(cells, list):
        told, codes = [_quoted(plain(one)) for one in cells], np.arange(len(cells))
    elif isinstance(cells, Coded):
        told = [
            encode_basestring("t" + one) if one else _BLANK for one in map(plain, cells.categories)
        ]
        codes = cells.codes
    else:
        some, none = f'{mark}"n%.9g"'.encode(), f'{mark}"n0"'.encode()
        numbers = numbers_told(cells, lambda one: some % one if one else none)
        return _with_blanks(numbers.texts[:-1].tolist(), numbers.codes, mark)
    blank = np.array([one == _BLANK for one in [*told, _BLANK]])
    # All at once: no end of line is left in what is quoted.
    whole = mark + f"\n{mark}".join(told)
    texts = whole.encode("utf-8", "replace").split(b"\n") if told else []
    return _with_blanks(texts, np.where(blank[codes], -1, codes), mark)


def _with_blanks(texts: Sequence[bytes], codes: NDArray[Any], mark: str) -> Piece:
    blank = f"{mark}{_BLANK}".encode()
    return Piece.of([*texts, blank], np.where(codes < 0, len(texts), codes.astype(np.int32)))


def _line(cells: Sequence[str]) -> str:
    """Join the cells of a row; what is blank at its end a reader may or may not give."""
    end = len(cells)
    while end and cells[end - 1] == _BLANK:
        end -= 1
    return f"[{','.join(cells[:end])}]"
