"""Projects -> a kernel density: binned and filtered, so that cost is points plus cells."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.areas import drawn
from gisplan.crs import require_metric
from gisplan.definition import PlanDefinition
from gisplan.errors import MissingExtra, RasterError
from gisplan.io.grids import Grid
from gisplan.surface.model import Surface
from gisplan.terms import Kind

Floats = NDArray[np.float64]

REACH: Final = 6.0
"""Standard deviations at which the kernel is cut off: 2e-9 of its mass lies beyond."""

FINEST: Final = 3.0
"""Cells to a bandwidth, at least; by default 8."""

MOST_CELLS: Final = 36_000_000


def density(
    projects: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    *,
    weight: Literal["count", "investment"] = "count",
    bandwidth: float | None = None,
    cell: float | None = None,
    edge: bool = True,
) -> Surface:
    """Spread projects over their surroundings with a Gaussian kernel.

    Parameters
    ----------
    projects
        In the CRS of *areas*; a footprint counts at its centroid. Those without a place (or,
        for ``investment``, without an amount) are counted in ``told``.
    areas, definition
        The plan's areas in a projected CRS in metres, and the plan.
    weight
        ``count`` gives projects per km², ``investment`` yuan per km².
    bandwidth
        Standard deviation of the kernel in metres. By default Silverman's rule for two
        dimensions, σ·n^(-1/6) with σ² the mean of the variances east and north and n
        Kish's effective number (Σw)²/Σw², but not below the root mean square error of the
        coordinates: finer detail would be noise.
    cell
        Metres; by default an eighth of the bandwidth, rounded down to 1, 2 or 5 · 10^k.
    edge
        Whether the kernel of a project near the edge of the study area is scaled up so
        that all of it lies within (Diggle 1985); then projects outside are left out and
        told. Without, the surface goes on as far as any kernel reaches.

    Returns
    -------
    Surface
        ``mass`` is the number of projects (or the yuan) that were spread.

    Raises
    ------
    RasterError
        ``density_empty`` without any place, ``density_bandwidth`` where none can be
        estimated or it is not positive, ``density_cells`` where the grid would be too large
        or too coarse for the bandwidth.

    Notes
    -----
    Points are shared out linearly among the four nearest cells, which adds cell²/6 to the
    variance; the filter takes it off again. Diggle, P. (1985), A kernel method for smoothing
    point process data, Applied Statistics 34, 138-147. Silverman, B. W. (1986), Density
    Estimation for Statistics and Data Analysis, eq. 4.14 (d = 2).
    """
    crs = pyproj.CRS(areas.crs)
    require_metric(crs)
    held = drawn(areas, Kind.STUDY_AREA)
    study = held[0][1] if held and edge else None
    points, weights, told = _gathered(projects, weight, study)
    if edge and study is None:
        told.append(("no_edge", {}))
    chosen, rule = _bandwidth(points, weights, projects, definition, bandwidth)
    size = cell if cell is not None else _round_down(chosen / 8)
    if not (math.isfinite(size) and 0 < size <= chosen / FINEST):
        raise RasterError("density_cell", cell=f"{size:g}", most=f"{chosen / FINEST:.4g}")
    bounds = study.bounds if study is not None else _reach(points, chosen)
    grid = _grid(bounds, size, crs)
    values = _spread(points, weights, grid, chosen, study) / (size / 1000) ** 2
    facts = {
        "kernel": "gaussian", "bandwidth_m": round(chosen, 3), "bandwidth_rule": rule,
        "cell_m": size, "edge_correction": "diggle" if study is not None else "none",
        "projects": len(points), "weight": weight,
    }  # fmt: skip
    unit = "1/km2" if weight == "count" else "yuan/km2"
    return Surface(weight, unit, values, grid, facts, tuple(told))


def _gathered(
    projects: gpd.GeoDataFrame, weight: str, study: Any
) -> tuple[Floats, Floats, list[tuple[str, dict[str, Any]]]]:
    """Return places, weights, and what was left out and why."""
    shapes = projects.geometry.to_numpy()
    located = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    told: list[tuple[str, dict[str, Any]]] = []
    kept = located.copy()
    weights = np.ones(len(projects))
    if weight == "investment":
        stated = projects["investment"] if "investment" in projects else np.nan
        amounts = pd.to_numeric(pd.Series(stated, index=projects.index), errors="coerce")
        weights = amounts.to_numpy(dtype=float, na_value=np.nan)
        kept &= weights > 0
    if (~located).any():
        told.append(("unlocated", {"n": int((~located).sum()), "of": len(projects)}))
    if (located & ~kept).any():
        told.append(("no_investment", {"n": int((located & ~kept).sum()), "of": len(projects)}))
    centres = shapely.centroid(shapes)
    if study is not None:
        inside = shapely.intersects(study, centres)
        if (kept & ~inside).any():
            told.append(("outside", {"n": int((kept & ~inside).sum()), "of": len(projects)}))
        kept &= inside
    if not kept.any():
        raise RasterError("density_empty", of=len(projects))
    return shapely.get_coordinates(centres[kept]), weights[kept], told


def _bandwidth(
    points: Floats, weights: Floats, projects: pd.DataFrame, plan: PlanDefinition,
    given: float | None,
) -> tuple[float, str]:  # fmt: skip
    if given is not None:
        if not (math.isfinite(given) and given > 0):
            raise RasterError("density_bandwidth")
        return float(given), "given"
    share = weights / weights.sum()
    number = 1 / float((share**2).sum())
    middle = share @ points
    variance = float((share @ (points - middle) ** 2).mean())
    if variance <= 0:
        raise RasterError("density_bandwidth")
    rule = math.sqrt(variance) * number ** (-1 / 6)
    least = _coordinate_error(projects, plan)
    return (rule, "silverman") if rule >= least else (least, "coordinate_error")


def _coordinate_error(projects: pd.DataFrame, plan: PlanDefinition) -> float:
    """Return the root mean square M of the coordinates, as one axis: M/√2."""
    stated = projects["accuracy"] if "accuracy" in projects else pd.Series(dtype=float)
    known = pd.to_numeric(stated, errors="coerce").reindex(projects.index)
    errors = known.fillna(plan.policy.default_accuracy).to_numpy(dtype=float)
    held = ~projects["geometry"].isna().to_numpy()
    return float(np.sqrt((errors[held] ** 2).mean() / 2)) if held.any() else 0.0


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return max(step for step in (1.0, 2.0, 5.0) if step * power <= value * (1 + 1e-12)) * power


def _reach(points: Floats, bandwidth: float) -> tuple[float, float, float, float]:
    low, high = points.min(axis=0) - REACH * bandwidth, points.max(axis=0) + REACH * bandwidth
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _grid(bounds: tuple[float, float, float, float], cell: float, crs: pyproj.CRS) -> Grid:
    wide, high = bounds[2] - bounds[0], bounds[3] - bounds[1]
    if (wide / cell + 3) * (high / cell + 3) > MOST_CELLS:
        raise RasterError("density_cells", most=f"{MOST_CELLS:,}", cell=f"{cell:g}")
    # A cell more on each side, so that every project has four cells to be shared among.
    margin = (bounds[0] - cell, bounds[1] - cell, bounds[2] + cell, bounds[3] + cell)
    return Grid.over(margin, cell, crs)


def _spread(points: Floats, weights: Floats, grid: Grid, bandwidth: float, study: Any) -> Floats:
    """Mass per cell. With a study area, each cell's mass is scaled so that all stays within."""
    sigma = math.sqrt((bandwidth / grid.cell) ** 2 - 1 / 6)
    binned = _binned(points, weights, grid)
    if study is None:
        return _filtered(binned, sigma)
    inside = grid.inside(study)
    kept = _filtered(inside.astype(float), sigma)
    # On ground smaller than a cell no centre lies within: the cells of the project stand for it.
    alone = (binned > 0) & (kept < 1e-6)
    if alone.any():
        inside = inside | alone
        kept = _filtered(inside.astype(float), sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where(binned > 0, binned / kept, 0.0)
    return np.where(inside, _filtered(scaled, sigma), np.nan)


def _binned(points: Floats, weights: Floats, grid: Grid) -> Floats:
    """Share each weight among the four cells whose centres surround the point."""
    x = (points[:, 0] - grid.west) / grid.cell - 0.5
    y = (grid.north - points[:, 1]) / grid.cell - 0.5
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right, down = x - column, y - row
    total = np.zeros(grid.rows * grid.columns)
    for below in (0, 1):
        for beside in (0, 1):
            part = np.where(below, down, 1 - down) * np.where(beside, right, 1 - right) * weights
            at = (row + below) * grid.columns + column + beside
            total += np.bincount(at, weights=part, minlength=len(total))
    return total.reshape(grid.rows, grid.columns)


def _filtered(values: Floats, sigma: float) -> Floats:
    try:
        from scipy.ndimage import gaussian_filter
    except ImportError as error:
        raise MissingExtra("raster_extra", name="scipy") from error
    return np.asarray(gaussian_filter(values, sigma, mode="constant", truncate=REACH))
