"""Criteria and exclusions -> how suitable each cell or candidate is, and how sure that is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.areas import drawn
from gisplan.crs import refuse_ballpark, require_metric
from gisplan.definition import Constraint, PlanDefinition
from gisplan.definition.criteria import CorridorDistance, RasterValue, Suitability, ZoneFit
from gisplan.errors import PlanError, RasterError
from gisplan.industries import classify, normalise_codes
from gisplan.io.grids import Grid
from gisplan.io.rasters import Raster, open_raster
from gisplan.siting.rules import wanted
from gisplan.surface.model import Surface
from gisplan.surface.places import PointPlaces, Window
from gisplan.surface.weights import combined, draws, weights_of
from gisplan.terms import SEPARATOR, Kind

Floats = NDArray[Any]
Bools = NDArray[np.bool_]

WINDOW: Final = 512
"""Cells along the side of a window: about 10 MB for each criterion."""

MOST_CELLS: Final = 16_000_000
"""Of a surface in memory; a GeoTIFF is written by windows and may be of any size."""

ARC: Final = 32
"""Segments of a quarter circle of a setback: its area is right to 4 in 10 000."""


@dataclass(frozen=True)
class Scorer:
    """A suitability model, ready to be asked; made by `scorer`.

    Attributes
    ----------
    weights
        Of the criteria, adding up to 1.
    ratio
        Consistency ratio of AHP, NaN for direct weights.
    unchecked
        Constraints that are declared without data: what is suitable is so but for them.
    """

    model: Suitability
    definition: PlanDefinition
    areas: gpd.GeoDataFrame = field(repr=False)
    industry: str | None
    weights: Floats
    ratio: float
    rasters: Mapping[str, Raster] = field(repr=False)
    shapes: Mapping[tuple[str, str], Any] = field(repr=False)
    setbacks: Mapping[str, Any] = field(repr=False)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Ids of exclusions that could not be looked at."""
        return tuple(key for key in self.definition.unchecked if key in self.excluding)

    @property
    def excluding(self) -> tuple[str, ...]:
        """Ids of the constraints that rule places out."""
        every = tuple(self.definition.constraints)
        return every if self.model.exclude is None else self.model.exclude

    def scores(self, places: Any) -> Floats:
        """Score each criterion (criteria x places), NaN where it is unknown."""
        return np.stack([self._score(key, places) for key in self.model.criteria])

    def ruled_out(self, places: Any) -> tuple[dict[str, Bools], Bools]:
        """Tell by layer which places are ruled out, and which of them nothing is known."""
        out: dict[str, Bools] = {}
        study = self.shapes.get((Kind.STUDY_AREA, Kind.STUDY_AREA.value))
        share = self.definition.policy.study_area_share
        inside = None if study is None else places.lies_in(study, share)
        unknown = np.zeros(places.shape, dtype=bool)
        if inside is None:
            unknown |= True
        else:
            out[Kind.STUDY_AREA.value] = ~inside
        for key in self.excluding:
            one = self.definition.constraints[key]
            kept_clear = self.setbacks.get(key)
            if kept_clear is not None:
                out[key] = places.touches(kept_clear)
            unknown |= self._uncovered(key, one, places, out.get(key))
        return out, unknown

    def _uncovered(self, key: str, one: Constraint, places: Any, hit: Bools | None) -> Any:
        if key in self.definition.unchecked:
            return False  # told, and the result is an upper bound
        if hit is None:
            return True
        cover = self.shapes.get((Kind.COVERAGE, key))
        if one.coverage is None:
            return False
        # What lies within the setback beyond the coverage would rule a place out as well.
        known = cover.buffer(-one.setback, quad_segs=ARC) if cover is not None else None
        return ~places.lies_in(known, 1.0) if known is not None else True

    def suitable(self, places: Any) -> tuple[Floats, Floats]:
        """Return score and state of places: 1 usable, 0 ruled out (score 0), NaN unknown."""
        order = np.array(self.model.order_weights) if self.model.order_weights else None
        score = combined(self.scores(places), self.weights, order)
        out, unknown = self.ruled_out(places)
        barred = np.logical_or.reduce(list(out.values())) if out else np.zeros_like(unknown)
        state = np.where(unknown | np.isnan(score), np.nan, 1.0)
        return np.where(barred, 0.0, np.where(unknown, np.nan, score)), np.where(barred, 0.0, state)

    def at(self, x: Floats, y: Floats) -> Floats:
        """Score points of the plan's CRS; NaN where they are ruled out or unknown."""
        points = shapely.points(x, y)
        score, state = self.suitable(PointPlaces(points, points))
        return np.where(state == 1.0, score, np.nan)

    def _score(self, key: str, places: Any) -> Floats:
        one = self.model.criteria[key]
        if isinstance(one, CorridorDistance):
            return self._by_distance(one, places)
        if isinstance(one, ZoneFit):
            return self._by_zone(one, places)
        return _by_value(one, places.value(self.rasters[key], pyproj.CRS(self.areas.crs)))

    def _by_distance(self, one: CorridorDistance, places: Any) -> Floats:
        keys = one.corridors or tuple(self.definition.corridors)
        values, scores = np.array(one.scores).T
        away, missing = None, False
        for key in keys:
            line = self.shapes.get((Kind.CORRIDOR, key))
            if line is None:
                missing = True
                continue
            here = places.distance(line, float(values[-1]))
            away = here if away is None else np.minimum(away, here)
        if away is None:
            return np.full(places.shape, np.nan)
        found = np.interp(away, values, scores).astype(away.dtype)
        # A corridor without data could be nearer: known only where nearer changes nothing.
        return np.where(away <= values[0], found, np.nan) if missing else found

    def _by_zone(self, one: ZoneFit, places: Any) -> Floats:
        best = np.full(places.shape, -1.0, dtype=np.float32)
        open_ = np.zeros(places.shape, dtype=bool)
        want = wanted(pd.Series([self.industry], dtype="str"), self.definition)
        for at, (key, _) in enumerate(self.definition.zones.items()):
            shape = self.shapes.get((Kind.ZONE, key))
            score = one.fits if want.fits[0, at] else one.differs
            if shape is not None:
                inside = places.inside(shape)
                best = np.where(inside, np.maximum(best, score), best)
                open_ |= inside & want.may[0, at]
        # Too coarse a code proves neither: J may be the J66 that the zone wants.
        best = np.where(open_ & (best < max(one.fits, one.differs)), np.nan, best)
        missing = [k for k in self.definition.zones if (Kind.ZONE, k) not in self.shapes]
        # A zone without data could hold a place: known only where nothing could be better.
        if missing:
            best = np.where(best >= max(one.fits, one.differs, one.outside), best, np.nan)
        return np.where(best == -1.0, one.outside, best).astype(np.float32)


def _by_value(one: RasterValue, value: Floats) -> Floats:
    if one.scores is not None:
        values, scores = np.array(one.scores).T
        return np.where(np.isnan(value), np.nan, np.interp(value, values, scores)).astype(
            np.float32
        )
    found = np.full(value.shape, np.nan, dtype=np.float32)
    for key, score in one.classes.items():
        found[value == int(key)] = score
    return found


@contextlib.contextmanager
def scorer(
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    model_id: str,
    *,
    folder: Path | None = None,
    industry: str | None = None,
) -> Iterator[Scorer]:
    """Make a model of the plan file ready to be asked; its rasters are open meanwhile.

    Parameters
    ----------
    areas, definition
        The plan's areas in a projected CRS in metres, and the plan.
    model_id
        Which of ``[suitability.…]``.
    folder
        The plan's folder, to which the rasters' paths are relative.
    industry
        Code or name that `ZoneFit` asks for, instead of the model's own.

    Raises
    ------
    PlanError
        ``model_unknown``; ``model_industry`` where a criterion needs one and none is given;
        ``ahp_inconsistent``.
    RasterError
        Where a raster cannot be read; ``sites_industry`` where nothing is known by that name.
    """
    require_metric(pyproj.CRS(areas.crs))
    model = definition.suitability.get(model_id)
    if model is None:
        raise PlanError("model_unknown", model=model_id, found=", ".join(definition.suitability))
    asked_for = _codes(industry) if industry else model.industry
    if asked_for is None and any(isinstance(one, ZoneFit) for one in model.criteria.values()):
        raise PlanError("model_industry", model=model_id)
    weights, ratio = weights_of(model)
    kinds = (Kind.STUDY_AREA, Kind.ZONE, Kind.CORRIDOR, Kind.CONSTRAINT, Kind.COVERAGE)
    shapes = {(kind.value, key): shape for kind in kinds for key, shape in drawn(areas, kind)}
    setbacks = {
        key: _set_back(shapes[Kind.CONSTRAINT, key], one.setback)
        for key, one in definition.constraints.items() if (Kind.CONSTRAINT, key) in shapes
    }  # fmt: skip
    with contextlib.ExitStack() as stack:
        rasters: dict[str, Raster] = {}
        for key, one in model.criteria.items():
            if isinstance(one, RasterValue):
                path = (folder or Path()) / one.source
                opened = open_raster(path, band=one.band, crs=one.crs, nodata=one.nodata)
                rasters[key] = stack.enter_context(opened)
                refuse_ballpark(pyproj.CRS(areas.crs), rasters[key].crs)
        yield Scorer(model, definition, areas, asked_for, weights, ratio, rasters, shapes, setbacks)


def _codes(industry: str) -> str:
    """Return the GB/T 4754 codes of a code or a name, joined by ``|``."""
    code = normalise_codes(industry)
    if code is not None:
        return code
    named = classify(pd.Series([industry], dtype="str"), pd.Series([None], dtype="str"))
    found = named["industry_codes"].iloc[0]
    if not isinstance(found, str) or not found:
        raise RasterError("sites_industry", value=industry)
    return found


def _set_back(shape: Any, setback: float) -> Any:
    return shape.buffer(setback, quad_segs=ARC) if setback else shape


def grid_of(asked: Scorer, cell: float | None = None) -> Grid:
    """Return the grid over the study area, or over all areas where it has no data."""
    study = asked.shapes.get((Kind.STUDY_AREA, Kind.STUDY_AREA.value))
    west, south, east, north = study.bounds if study is not None else asked.areas.total_bounds
    bounds = float(west), float(south), float(east), float(north)
    return Grid.over(bounds, cell or asked.model.cell, pyproj.CRS(asked.areas.crs))


def cells(asked: Scorer, grid: Grid) -> Iterator[tuple[tuple[int, int, int, int], Floats]]:
    """Yield windows and their score and state (2 x rows x columns), as `write_cog` wants."""
    for window in grid.windows(WINDOW):
        score, state = asked.suitable(Window(grid, *window))
        yield window, np.stack([score, state])


def facts_of(asked: Scorer, grid: Grid) -> dict[str, Any]:
    """Return what a suitability rests on, as codes and numbers."""
    model = asked.model
    weights = dict(zip(model.criteria, np.round(asked.weights, 6).tolist(), strict=True))
    return {
        "weights": weights, "consistency_ratio": None if asked.ratio != asked.ratio
        else round(asked.ratio, 4), "order_weights": list(model.order_weights) or None,
        "industry": asked.industry, "cell_m": grid.cell, "unchecked": list(asked.unchecked),
        "raster_files": {key: one.name for key, one in asked.rasters.items()},
        "raster_sha256": {key: one.sha256 for key, one in asked.rasters.items()},
    }  # fmt: skip


def surface_of(asked: Scorer, cell: float | None = None) -> Surface:
    """Score the ground as a surface in memory: NaN where ruled out or unknown.

    Raises
    ------
    RasterError
        ``model_cells`` where a picture of so many cells would not fit.
    """
    grid = grid_of(asked, cell)
    if grid.rows * grid.columns > MOST_CELLS:
        raise RasterError("model_cells", cell=f"{grid.cell:g}", most=f"{MOST_CELLS:,}")
    values = np.empty((2, grid.rows, grid.columns))
    for (row, column, rows, columns), part in cells(asked, grid):
        values[:, row : row + rows, column : column + columns] = part
    score, state = values
    shares = {
        "usable": float((state == 1).mean()), "excluded": float((state == 0).mean()),
        "unknown": float(np.isnan(state).mean()),
    }  # fmt: skip
    facts = facts_of(asked, grid) | shares
    return Surface("suitability", "1", np.where(state == 1, score, np.nan), grid, facts)


def candidates(asked: Scorer, projects: gpd.GeoDataFrame) -> pd.DataFrame:
    """Score projects as candidates, and tell how far that hangs on the weights.

    Parameters
    ----------
    asked
        The model.
    projects
        In the CRS of the plan; criteria are asked at a point of a footprint, exclusions of
        all of it.

    Returns
    -------
    DataFrame
        Index of *projects*: ``state`` (``usable``, ``excluded``, ``unknown``,
        ``unlocated``); ``score``, ``rank`` (1 the best of the usable); over Monte Carlo
        runs of the weights ``mean``, ``sd``, ``rank_best``, ``rank_worst``; ``excluded_by``
        and ``missing`` (layers, criteria; joined by ``|``); one ``score:<criterion>`` each.
        Of what is not usable only the criteria are given: unknown is not zero.
    """
    geometry = np.asarray(projects.geometry.array, dtype=object)
    held = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    count, keys = len(projects), list(asked.model.criteria)
    scores = np.full((len(keys), count), np.nan)
    state = np.where(held, "usable", "unlocated").astype(object)
    barred = np.full(count, "", dtype=object)
    if held.any():
        places = PointPlaces(shapely.point_on_surface(geometry[held]), geometry[held])
        scores[:, held] = asked.scores(places)
        out, unknown = asked.ruled_out(places)
        barred[held] = [SEPARATOR.join(k for k in out if out[k][at]) for at in range(held.sum())]
        state[held] = np.where(unknown | np.isnan(scores[:, held]).any(axis=0), "unknown", "usable")
        state = np.where(barred != "", "excluded", state)
    missing = [
        SEPARATOR.join(k for k, one in zip(keys, own, strict=True) if np.isnan(one)) if at else ""
        for at, own in zip(held, scores.T, strict=True)
    ]  # fmt: skip
    usable = state == "usable"
    states = {"state": pd.array(state, dtype="str")}
    frame = pd.DataFrame(states | _spread(asked, scores, usable), index=projects.index)
    frame["excluded_by"] = pd.array(barred, dtype="str")
    frame["missing"] = pd.array(missing, dtype="str")
    for at, key in enumerate(keys):
        frame[f"score:{key}"] = scores[at]
    return frame


def _spread(asked: Scorer, scores: Floats, usable: Bools) -> dict[str, Floats]:
    """Score, rank, and their spread over runs of the weights; NaN for what is not usable."""
    names = ("score", "rank", "mean", "sd", "rank_best", "rank_worst")
    table = {name: np.full(scores.shape[1], np.nan) for name in names}
    if not usable.any():
        return table
    order = np.array(asked.model.order_weights) if asked.model.order_weights else None
    own = scores[:, usable]
    table["score"][usable] = combined(own, asked.weights, order)
    table["rank"][usable] = _ranks(table["score"][usable][None])[0]
    drawn = draws(asked.weights, asked.model.spread, asked.model.runs)
    runs = np.stack([combined(own, one, order) for one in drawn])
    ranks = _ranks(runs)
    table["mean"][usable], table["sd"][usable] = runs.mean(axis=0), runs.std(axis=0)
    table["rank_best"][usable], table["rank_worst"][usable] = ranks.min(axis=0), ranks.max(axis=0)
    return table


def _ranks(runs: Floats) -> Floats:
    """Rank in each run, 1 the best; equal scores (to 1e-12) share the better rank."""
    rounded = np.round(runs, 12)
    ordered = np.sort(-rounded, axis=1)
    return np.stack(
        [np.searchsorted(row, -one) + 1 for row, one in zip(ordered, rounded, strict=True)]
    ).astype(float)
