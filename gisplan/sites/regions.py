"""A new project of given industry and size -> the best places for it, each with reasons."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gisplan.crs import ellipsoidal_area, require_metric
from gisplan.definition import PlanDefinition
from gisplan.errors import RasterError
from gisplan.industries import classify
from gisplan.io.grids import Grid
from gisplan.sites.search import Ground
from gisplan.siting import judge, measure
from gisplan.siting.rules import wanted as stand
from gisplan.terms import Outcome

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Score = Callable[[Floats, Floats], Floats]

ACROSS: Final = (8, 16, 32)
"""Cells along the side of a square of the wanted area; finer where too few places are found."""

MOST_CELLS: Final = 400_000
MOST_TRIES: Final = 200

COLUMNS: Final = (
    "rank", "area", "area_ellipsoid", "compactness", "score", "outcome", "confidence",
    "flip_distance", "zone", "corridor", "corridor_distance", "reasons", "geometry",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is looked for.

    Attributes
    ----------
    industry
        GB/T 4754 code of the new project, or its name.
    area
        m² it needs at least, on the ellipsoid.
    count
        How many places at most.
    apart
        Metres between the edges of two places.
    compactness
        Least area over that of the smallest circle round it: 1 a disc, 0.64 a square, 0.35
        a strip of four squares.
    """

    industry: str
    area: float
    count: int = 3
    apart: float = 300.0
    compactness: float = 0.45

    def __post_init__(self) -> None:
        sound = 0 < self.area < np.inf and self.count > 0 and 0 <= self.apart < np.inf
        if not sound or not 0 <= self.compactness < 1:
            raise RasterError("sites_wanted")


def regions(
    areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
    wanted: Wanted,
    *,
    score: Score | None = None,
) -> gpd.GeoDataFrame:
    """Find the best places for a new project that is yet to be surveyed exactly.

    Parameters
    ----------
    areas, definition
        The plan's areas, in a projected CRS in metres, and the plan.
    wanted
        Industry, area, number, distance and compactness.
    score
        East and north (m) of cells -> 0 to 1, NaN where unknown; such cells are left out.
        By default the confidence of the verdict on the cell.

    Returns
    -------
    GeoDataFrame
        Best first, at most ``count``: ``rank``; ``area`` (m²) and ``area_ellipsoid``;
        ``compactness``; ``score`` (mean over its cells); and of the real verdict on the
        place as a footprint ``outcome``, ``confidence``, ``flip_distance``, ``zone``,
        ``corridor``, ``corridor_distance``, ``reasons`` as codes; geometry. Every place is
        ``pass`` at face value; where layers are too coarse to be sure it is ``review``.

    Raises
    ------
    RasterError
        ``sites_cells`` where the area is so small that the district has too many of it.

    Notes
    -----
    Greedy: the cell with the best surroundings is taken first, and the nearest usable cells
    are joined to it until the area is reached; cells within ``apart`` of a place are closed
    to the next. The real check then judges the place as it is drawn. Fewer than ``count``
    (or none) does not prove that there are no more.
    """
    require_metric(pyproj.CRS(areas.crs))
    probe = _probe(areas, wanted.industry)
    ground = Ground(probe, areas, definition)
    _refuse_coarse(ground, wanted.industry)
    grids = [_grid(ground, wanted)]
    grids += [grid for across in ACROSS[1:] if (grid := _finer(grids[0], wanted, across))]
    found: list[tuple[Any, float]] = []
    for grid in grids:
        # Coarse cells lose a rim of what is usable, so a place that just fits may need finer.
        more = _on_grid(ground, grid, wanted, score)
        found = more if len(more) > len(found) else found
        if len(found) == wanted.count:
            break
    return _judged(found, probe, areas, definition)


def _on_grid(
    ground: Ground, grid: Grid, wanted: Wanted, score: Score | None
) -> list[tuple[Any, float]]:
    x, y = (one.ravel() for one in np.meshgrid(*grid.centres(0, 0, grid.rows, grid.columns)))
    usable, values = _usable(ground, x, y, grid.cell, score)
    shape = (grid.rows, grid.columns)
    return _grown(usable.reshape(shape), values.reshape(shape), grid, wanted)


def _probe(areas: gpd.GeoDataFrame, industry: str) -> gpd.GeoDataFrame:
    """Return a project of the industry, with coordinates that are free of error."""
    code = re.fullmatch(r"[A-T]\d{0,4}", industry) is not None
    rows = {"id": ["new"], "name": [""], "industry": ["" if code else industry],
            "industry_code": [industry if code else ""], "accuracy": [0.0]}  # fmt: skip
    named = classify(*(pd.Series(rows[k], dtype="str") for k in ("industry", "industry_code")))
    if named["industry_codes"].fillna("").iloc[0] == "":
        raise RasterError("sites_industry", value=industry)
    return gpd.GeoDataFrame(rows, geometry=[shapely.Point(0, 0)], crs=areas.crs)


def _refuse_coarse(ground: Ground, industry: str) -> None:
    """Refuse a code of which it cannot be told whether any zone wants it."""
    codes = classify(*(ground.project[k].astype("str") for k in ("industry", "industry_code")))
    want = stand(codes["industry_codes"], ground.definition)
    if want.may.any() and not want.fits.any() and not want.public.any():
        raise RasterError("sites_coarse", value=industry)


def _grid(ground: Ground, wanted: Wanted) -> Grid:
    cell = float(np.sqrt(wanted.area)) / ACROSS[0]
    west, south, east, north = ground.bounds
    if (east - west) * (north - south) / cell**2 > MOST_CELLS:
        cell = float(np.sqrt((east - west) * (north - south) / MOST_CELLS))
        if cell > np.sqrt(wanted.area) / 2:
            raise RasterError("sites_cells", area=f"{wanted.area:,.0f}")
    return Grid.over(ground.bounds, cell, pyproj.CRS(ground.areas.crs))


def _finer(coarse: Grid, wanted: Wanted, across: int) -> Grid | None:
    """Return a finer grid of the same ground, or none where it would have too many cells."""
    cell = float(np.sqrt(wanted.area)) / across
    west, south, east, north = coarse.bounds
    if (east - west) * (north - south) / cell**2 > MOST_CELLS:
        return None
    return Grid.over(coarse.bounds, cell, coarse.crs)


def _usable(
    ground: Ground, x: Floats, y: Floats, cell: float, score: Score | None
) -> tuple[Bools, Floats]:
    """Cells that comply at face value in all their parts, and their scores."""
    places = np.column_stack([x, y])
    facts = ground.ask(places)
    worse = judge(ground.better(facts, -cell / np.sqrt(2), places), ground.definition)
    usable = np.asarray(worse["nominal"] == Outcome.PASS.value)
    if score is None:
        values = judge(facts, ground.definition)["confidence"].to_numpy(dtype=float)
    else:
        values = score(x, y)
    return usable & np.isfinite(values), np.nan_to_num(values)


def _grown(usable: Bools, values: Floats, grid: Grid, wanted: Wanted) -> list[tuple[Any, float]]:
    """Grow places cell by cell, the best surroundings first."""
    # The area wanted is one on the ground: cells enough for it on the ellipsoid.
    west, south, east, north = grid.bounds
    whole = gpd.GeoSeries([shapely.box(west, south, east, north)], crs=grid.crs)
    scale = float(np.asarray(ellipsoidal_area(whole))[0]) / whole.area.iloc[0]
    needed = int(np.ceil(wanted.area / scale / grid.cell**2 * (1 + 1e-6)))
    half = max(1, round(np.sqrt(needed) / 2))
    found: list[tuple[Any, float]] = []
    # The mean over a window, where what is not usable counts nothing: edges are worth less.
    around = _window_mean(np.where(usable, values, 0.0), half)
    open_ = usable.copy()
    for _ in range(MOST_TRIES):
        if len(found) == wanted.count or not open_.any():
            break
        seed = np.unravel_index(int(np.where(open_, around, -1.0).argmax()), open_.shape)
        cells = _joined(open_, (int(seed[0]), int(seed[1])), needed)
        place = _outline(cells, grid)
        compact = place.area / shapely.minimum_bounding_circle(place).area
        if len(cells) < needed:
            open_[cells[:, 0], cells[:, 1]] = False  # too small a piece of ground
        elif compact < wanted.compactness:
            open_[seed] = False
        else:
            found.append((place, float(values[cells[:, 0], cells[:, 1]].mean())))
            open_ &= ~_near(place, grid, wanted.apart)
    return found


def _window_mean(values: Floats, half: int) -> Floats:
    padded = np.pad(values, half)
    total = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    size = 2 * half + 1
    sums = total[size:, size:] - total[:-size, size:] - total[size:, :-size]
    return (sums + total[:-size, :-size]) / size**2


def _joined(open_: Bools, seed: tuple[int, int], needed: int) -> NDArray[np.int64]:
    """Join the cells nearest to a seed that hang together with it, up to the number needed."""
    import heapq

    queue, seen = [(0.0, *seed)], {seed}
    cells: list[tuple[int, int]] = []
    while queue and len(cells) < needed:
        _, row, column = heapq.heappop(queue)
        cells.append((row, column))
        for other in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            inside = 0 <= other[0] < open_.shape[0] and 0 <= other[1] < open_.shape[1]
            if inside and other not in seen and open_[other]:
                seen.add(other)
                away = (other[0] - seed[0]) ** 2 + (other[1] - seed[1]) ** 2
                heapq.heappush(queue, (float(away), *other))
    return np.array(cells)


def _outline(cells: NDArray[np.int64], grid: Grid) -> Any:
    west = grid.west + cells[:, 1] * grid.cell
    north = grid.north - cells[:, 0] * grid.cell
    return shapely.union_all(shapely.box(west, north - grid.cell, west + grid.cell, north))


def _near(place: Any, grid: Grid, apart: float) -> Bools:
    """Cells of which any part is closer to a place than the distance wanted."""
    x, y = np.meshgrid(*grid.centres(0, 0, grid.rows, grid.columns))
    shapely.prepare(place)
    reach = apart + grid.cell / np.sqrt(2)
    return np.asarray(shapely.dwithin(place, shapely.points(x, y), reach))


def _judged(
    found: list[tuple[Any, float]], probe: gpd.GeoDataFrame, areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
) -> gpd.GeoDataFrame:  # fmt: skip
    shapes = gpd.GeoSeries([shape for shape, _ in found], crs=areas.crs)
    rows = pd.DataFrame(probe.drop(columns="geometry")).iloc[[0] * len(found)]
    drawn = gpd.GeoDataFrame(rows.reset_index(drop=True), geometry=shapes, crs=areas.crs)
    verdicts = judge(measure(drawn, areas, definition), definition)
    kept = ["outcome", "confidence", "flip_distance", "zone", "corridor", "corridor_distance",
            "reasons"]  # fmt: skip
    frame = gpd.GeoDataFrame(verdicts[kept], geometry=shapes, crs=areas.crs)
    frame["area"] = shapes.area
    frame["area_ellipsoid"] = ellipsoidal_area(shapes) if len(shapes) else np.empty(0)
    circles = shapely.area(shapely.minimum_bounding_circle(shapes.to_numpy()))
    frame["compactness"] = shapes.area.to_numpy() / circles if len(shapes) else np.empty(0)
    frame["score"] = [value for _, value in found]
    sure = frame["outcome"].astype("str").map(_ORDER).fillna(len(_ORDER))
    order = np.lexsort((-frame["score"].to_numpy(dtype=float), sure.to_numpy(dtype=float)))
    frame = frame.iloc[order].reset_index(drop=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame[list(COLUMNS)]


_ORDER: Final = {Outcome.PASS.value: 0, Outcome.REVIEW.value: 1, Outcome.CONDITIONAL.value: 2}
