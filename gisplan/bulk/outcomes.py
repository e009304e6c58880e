"""Outcomes alone, of very many points straight from their coordinates: by table where proven."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyproj
from numpy.typing import ArrayLike

from gisplan.bulk.kernel import Kernel, moved_points
from gisplan.columns import Coded, Column, Columns
from gisplan.crs import is_one_operation, parse_crs, wgs84_from_bd09, wgs84_from_gcj02
from gisplan.index import PlanIndex, Store
from gisplan.io.batches import PARQUET, Batch, need_arrow
from gisplan.io.text import match_headers
from gisplan.siting import (
    MARGIN_COLUMNS,
    OUTCOME_COLUMNS,
    Ground,
    Outcomes,
    Places,
    known_areas,
    listed_of,
    margins_at,
)
from gisplan.terms import Kind

_FIELDS: Final = (
    "id", "industry", "industry_code", "accuracy",
    "lon", "lat", "lonlat", "east", "north", "x", "y",
)  # fmt: skip
_SAID: Final = ("industry", "industry_code", "accuracy")
_BEYOND: Final = 0.3
"""Share of the study area's size by which tables reach beyond it on each side."""
_AROUND: Final = (5.0, 500_000.0)
"""Degrees and metres round a table within which any projection tells places apart."""
_ROWS: Final = 1 << 19
"""Rows read at a time."""
_MEASURED: Final = 1 << 18
"""The same where each of them is measured, which takes more memory."""
_ROW: Final = 80
"""Bytes of a row of text, about."""
_WIDEST, _POLEWARD = 20.0, 80.0
"""Degrees: no table is made over more, nor nearer to a pole."""


def count_rows(sources: Sequence[Path]) -> int:
    """Tell how many rows there will be; of text, about."""
    found = 0
    for one in sources:
        inside = sorted(one.glob("*.parquet")) if one.is_dir() else [one]
        for file in inside:
            if file.suffix.lower() in PARQUET:
                arrow = need_arrow(file.suffix)
                with contextlib.suppress(arrow.ArrowException, OSError):
                    found += arrow.parquet.read_metadata(file).num_rows
            elif file.is_file():
                found += file.stat().st_size // _ROW
    return found


def ground_of(areas: Columns, start: pyproj.CRS, goal: pyproj.CRS) -> Ground:
    """Find the rectangle that tables cover: the study area and what lies round it.

    Parameters
    ----------
    areas
        ``kind``, ``id`` and ``geometry``, in *goal*.
    start
        System of the points.
    goal
        System of the plan, in metres.
    """

    def project(x: Any, y: Any) -> tuple[Any, Any]:
        return moved_points(x, y, start, goal)

    name = f"{start.to_wkt()}\0{goal.to_wkt()}\0{pyproj.proj_version_str}"
    known = known_areas(areas)
    if not known or not is_one_operation(start, goal):
        return Ground(None, project, name)
    study = known.get((Kind.STUDY_AREA, Kind.STUDY_AREA.value))
    bounds = [one.bounds for one in ([study] if study is not None else known.values())]
    low, high = np.min(bounds, axis=0)[:2], np.max(bounds, axis=0)[2:]
    pad = _BEYOND * (high - low).max()
    edge = np.linspace(low - pad, high + pad, 9)
    x, y = (one.ravel() for one in np.meshgrid(edge[:, 0], edge[:, 1]))
    # Whole metres or millionths of a degree: the same rectangle on every machine.
    digits = 6 if start.is_geographic else 0
    west, south, east, north = (
        round(float(at), digits)
        for part in (np.min, np.max)
        for at in part(np.stack(moved_points(x, y, goal, start)), axis=1)
    )
    frame = np.array([west, south, east - west, north - south])
    fits = bool(np.isfinite(frame).all() and (frame[2:] > 0).all())
    if start.is_geographic:
        fits &= bool((frame[2:] < _WIDEST).all()) and max(abs(south), abs(north)) < _POLEWARD
    around = _AROUND[0] if start.is_geographic else _AROUND[1]
    return Ground(frame if fits else None, project, name, around)


def outcomes_of(
    plan: Any, index: PlanIndex, areas: Columns, start: pyproj.CRS, *, expected: int = 0
) -> Outcomes:
    """Prepare a plan (its definition and ``crs``) for points in a system."""
    goal = pyproj.CRS(plan.areas.crs)
    ground = ground_of(areas, start, goal)
    return Outcomes(plan.definition, areas, index, ground, Store.of_user(), expected)


@dataclass
class OutcomesKernel(Kernel):
    """A plan as a worker needs it to tell outcomes alone: see `gisplan.siting.Outcomes`.

    ``expected`` is how many rows there will be in all, ``margins`` whether it is also told how
    far they are from zones and corridors (`gisplan.siting.MARGIN_COLUMNS`).
    """

    expected: int = 0
    margins: bool = False
    _prepared: dict[str, Outcomes] = field(default_factory=dict, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Travel light; see `Kernel`."""
        return {**super().__getstate__(), "expected": self.expected, "margins": self.margins}

    @property
    def fields(self) -> tuple[str, ...]:
        """What is read of a list: an id, the place, industry and accuracy."""
        return _FIELDS

    @property
    def columns(self) -> tuple[str, ...]:
        """What is told of a project."""
        return (*OUTCOME_COLUMNS, *(MARGIN_COLUMNS if self.margins else ()))

    @property
    def rows(self) -> int:
        """Many at a time: few of them are not in a table, and asking for those costs a call."""
        return _MEASURED if self.margins else _ROWS

    def passing(self, table: Any) -> Any:
        """Pass on the id, where the list has one; rows are in its order."""
        fields = match_headers(table.column_names)
        ids = [table.column_names[fields["id"]]] if "id" in fields else []
        return table.select(ids).replace_schema_metadata(None)

    def check(self, batch: Batch) -> Columns:
        """Judge a batch: outcome, nominal outcome and zone, as `Kernel.check` has them."""
        if batch.geometries is not None:
            whole = super().check(batch)
            return Columns({name: whole[name] for name in self.columns}, whole.rows)
        return self._told(batch.x, batch.y, batch.crs, batch.listed, margins=self.margins)

    def _told(self, x: Any, y: Any, crs: pyproj.CRS, listed: Columns, *, margins: bool) -> Columns:
        told = self.prepared(crs).of(x, y, listed)
        if not margins:
            return told
        areas, goal = self._known
        places = Places.at_points(*moved_points(x, y, crs, goal))
        # Every point is measured, not only those that no table answers.
        self.index.expected = max(self.expected, len(x))
        far = margins_at(places, listed, (areas, self.definition), self.index)
        self.index.expected = self.index.least
        return told.also(**far)

    def at(
        self, x: ArrayLike, y: ArrayLike, crs: str | pyproj.CRS, listed: Mapping[str, Any],
        *, margins: bool = False,
    ) -> Columns:  # fmt: skip
        """Judge points as they are named, without reading a list.

        Parameters
        ----------
        x, y
            Longitudes and latitudes, or eastings and northings.
        crs
            Their system, as `gisplan.crs.parse_crs` reads it.
        listed
            ``industry``, ``industry_code`` and ``accuracy``, one for all points or one for
            each; ``None`` says nothing.
        margins
            Whether it is also told how far they are from zones and corridors.

        Raises
        ------
        ValueError
            Where there are not as many of one as of another.
        """
        named = parse_crs(crs)
        east, north = (np.atleast_1d(np.asarray(one, dtype=float)) for one in (x, y))
        several = {"x": east, "y": north, **{k: one for k, one in listed.items() if np.ndim(one)}}
        shapes = {name: np.shape(one) for name, one in several.items()}
        if set(shapes.values()) != {(len(east),)}:
            raise ValueError(f"not one value of each for each point: {shapes}")
        if named.offset != "none":
            east, north = _TRUE[named.offset](east, north)
        if unknown := set(listed) - set(_SAID):
            raise TypeError(f"not one of {', '.join(_SAID)}: {', '.join(sorted(unknown))}")
        told = {k: _column(k, one, len(east)) for k, one in listed.items() if one is not None}
        listed = Columns(told, len(east))
        return self._told(east, north, named.crs, listed, margins=margins)

    def prepared(self, crs: pyproj.CRS) -> Outcomes:
        """Return the plan prepared for points in a system, once for each."""
        name = crs.to_wkt()
        if name not in self._prepared:
            areas, _ = self._known
            # Most points are looked up; how many are not, the tables know.
            self.index.least = 0
            self._prepared[name] = outcomes_of(self, self.index, areas, crs, expected=self.expected)
        return self._prepared[name]


_TRUE: Final = {"gcj02": wgs84_from_gcj02, "bd09": wgs84_from_bd09}


def _column(name: str, said: Any, rows: int) -> Column:
    """Lay out what is said of one point or of each, read as a check reads a column of a list."""
    import pandas as pd

    one = np.ndim(said) == 0
    column = listed_of(pd.DataFrame({name: [said] if one else said}))[name]
    every = np.zeros(rows, dtype=np.int64)
    if isinstance(column, Coded):
        return column.take(every) if one else column
    return column[every] if one else column
