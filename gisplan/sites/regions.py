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
from gisplan.sites.choice import Place, best_set
from gisplan.sites.ground import Ground, Terrain
from gisplan.siting import judge, judge_facts, listed_of, measure
from gisplan.siting.judge import judge_outcomes
from gisplan.siting.rules import wanted as stand
from gisplan.terms import Outcome

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Score = Callable[[Floats, Floats], Floats]

ACROSS: Final = (8, 16, 32)
"""Cells along the side of a square of the wanted area; finer where too few places are found."""

MOST_CELLS: Final = 400_000
MOST_TRIES: Final = 200

MOST_GROWN: Final = 25_000
"""Cells of all places that are offered on a grid, once as squares and once grown from seeds."""

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
    Places are offered all over what is usable: squares of cells, and cells joined to a seed,
    nearest first, until the area is reached. Of these the most that are ``apart``, up to
    ``count``, and of as many those with the highest sum of scores are chosen by branch and
    bound; what is left free is tried once more, greedily. So the choice is exact among what
    is offered (`best_set`), but a place of another shape may be better, and fewer than
    ``count`` (or none) does not prove that there are no more. The real check then judges
    each place as it is drawn.
    """
    require_metric(pyproj.CRS(areas.crs))
    probe = _probe(areas, wanted.industry)
    ground = Ground.of(listed_of(probe), probe.geometry.iloc[0], Terrain.of(areas), definition)
    _refuse_coarse(ground, wanted.industry)
    grids = [_grid(ground, wanted, pyproj.CRS(areas.crs))]
    grids += [grid for across in ACROSS[1:] if (grid := _finer(grids[0], wanted, across))]
    found: list[Place] = []
    for grid in grids:
        # Coarse cells lose a rim of what is usable, so a place that just fits may need finer.
        more = _on_grid(ground, grid, wanted, score)
        found = more if len(more) > len(found) else found
        if len(found) == wanted.count:
            break
    return _judged(found, probe, areas, definition)


def _on_grid(ground: Ground, grid: Grid, wanted: Wanted, score: Score | None) -> list[Place]:
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
    want = stand([ground.industry], ground.definition)
    if want.may.any() and not want.fits.any() and not want.public.any():
        raise RasterError("sites_coarse", value=industry)


def _grid(ground: Ground, wanted: Wanted, crs: pyproj.CRS) -> Grid:
    cell = float(np.sqrt(wanted.area)) / ACROSS[0]
    west, south, east, north = ground.bounds
    if (east - west) * (north - south) / cell**2 > MOST_CELLS:
        cell = float(np.sqrt((east - west) * (north - south) / MOST_CELLS))
        if cell > np.sqrt(wanted.area) / 2:
            raise RasterError("sites_cells", area=f"{wanted.area:,.0f}")
    return Grid.over(ground.bounds, cell, crs)


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
    facts = ground.about(places)
    worse = judge_outcomes(ground.better(facts, -cell / np.sqrt(2), places), ground.definition)
    usable = worse.coded("nominal").reads(Outcome.PASS.value)
    values = np.full(len(x), np.nan)
    if score is None:
        here = judge_facts(facts.take(np.flatnonzero(usable)), ground.definition)
        values[usable] = here.numbers("confidence")
    else:
        values = score(x, y)
    return usable & np.isfinite(values), np.nan_to_num(values)


def _grown(usable: Bools, values: Floats, grid: Grid, wanted: Wanted) -> list[Place]:
    """Choose places that hang together, the most of them and then the best."""
    # The area wanted is one on the ground: cells enough for it on the ellipsoid.
    west, south, east, north = grid.bounds
    whole = gpd.GeoSeries([shapely.box(west, south, east, north)], crs=grid.crs)
    scale = float(np.asarray(ellipsoidal_area(whole))[0]) / whole.area.iloc[0]
    needed = int(np.ceil(wanted.area / scale / grid.cell**2 * (1 + 1e-6)))
    greedy = _greedy(usable, values, grid, wanted, needed, [])
    if len(greedy) == wanted.count == 1:
        return greedy
    offered = [*candidates(usable, values, grid, wanted, needed), *greedy]
    chosen = best_set(offered, wanted.count, wanted.apart)
    # What the candidates leave free may hold one more of a shape that fits in there.
    more = _greedy(usable, values, grid, wanted, needed, chosen)
    return max((greedy, more), key=lambda one: (len(one), sum(place.score for place in one)))


def _greedy(
    usable: Bools, values: Floats, grid: Grid, wanted: Wanted, needed: int, given: list[Place]
) -> list[Place]:
    """Add places to some that are given, the best surroundings first."""
    half = max(1, round(np.sqrt(needed) / 2))
    found = list(given)
    # The mean over a window, where what is not usable counts nothing: edges are worth less.
    around = _window_mean(np.where(usable, values, 0.0), half)
    open_ = usable.copy()
    for place in given:
        open_ &= ~_near(place.shape, grid, wanted.apart)
    for _ in range(MOST_TRIES):
        if len(found) == wanted.count or not open_.any():
            break
        seed = np.unravel_index(int(np.where(open_, around, -1.0).argmax()), open_.shape)
        cells = _joined(open_, (int(seed[0]), int(seed[1])), needed)
        if len(cells) < needed:
            open_[cells[:, 0], cells[:, 1]] = False  # too small a piece of ground
            continue
        place = _place(cells, values, grid)
        if place.compact < wanted.compactness:
            open_[seed] = False
        else:
            found.append(place)
            open_ &= ~_near(place.shape, grid, wanted.apart)
    return found


def candidates(
    usable: Bools, values: Floats, grid: Grid, wanted: Wanted, needed: int
) -> list[Place]:
    """Offer places of the area wanted all over what is usable: squares, and grown from seeds.

    So many of each, at even steps, that their cells are not more than `MOST_GROWN`.
    """
    side, most = int(np.ceil(np.sqrt(needed))), max(60, MOST_GROWN // needed)
    squares = _all_usable(usable, side)
    found: dict[bytes, Place] = {}
    for row, column in _spread_out(squares, most):
        cells = np.stack(np.meshgrid(range(row, row + side), range(column, column + side)), -1)
        found.setdefault(_key(cells.reshape(-1, 2)), _place(cells.reshape(-1, 2), values, grid))
    small = np.zeros(usable.shape, dtype=bool)
    for row, column in _spread_out(usable, most):
        cells = np.empty((0, 2), dtype=np.int64)
        if not small[row, column]:
            cells = _joined(usable, (row, column), needed)
        if len(cells) == needed:
            found.setdefault(_key(cells), _place(cells, values, grid))
        elif len(cells):
            small[cells[:, 0], cells[:, 1]] = True  # a piece of ground that holds none
    return [one for one in found.values() if one.compact >= wanted.compactness]


def _all_usable(usable: Bools, side: int) -> Bools:
    """Tell of which cells all of the square south-east of them is usable."""
    if min(usable.shape) < side:
        return np.zeros((0, 0), dtype=bool)
    total = np.pad(usable.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[side:, side:] - total[:-side, side:] - total[side:, :-side]
    return np.asarray(sums + total[:-side, :-side] == side * side)


def _spread_out(mask: Bools, most: int) -> list[tuple[int, int]]:
    """Return cells of a mask at even steps: all of a few, no more than may be offered of many."""
    step = 1
    while mask[::step, ::step].sum() > most:
        step += 1
    return [(int(row) * step, int(column) * step) for row, column in
            zip(*np.nonzero(mask[::step, ::step]), strict=True)]  # fmt: skip


def _key(cells: NDArray[np.int64]) -> bytes:
    return cells[np.lexsort(cells.T)].tobytes()


def _place(cells: NDArray[np.int64], values: Floats, grid: Grid) -> Place:
    shape = _outline(cells, grid)
    compact = float(shape.area / shapely.area(shapely.minimum_bounding_circle(shape)))
    return Place(shape, float(values[cells[:, 0], cells[:, 1]].mean()), compact)


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
    """Join cells into one outline; neighbours share their corners to the last bit."""
    x = grid.west + np.arange(grid.columns + 1) * grid.cell
    y = grid.north - np.arange(grid.rows + 1) * grid.cell
    rows, columns = cells.T
    return shapely.coverage_union_all(shapely.box(x[columns], y[rows + 1], x[columns + 1], y[rows]))


def _near(place: Any, grid: Grid, apart: float) -> Bools:
    """Cells of which any part is closer to a place than the distance wanted."""
    x, y = grid.centres(0, 0, grid.rows, grid.columns)
    shapely.prepare(place)
    reach = apart + grid.cell / np.sqrt(2)
    west, south, east, north = place.bounds
    columns = np.flatnonzero((x >= west - reach - 1) & (x <= east + reach + 1))
    rows = np.flatnonzero((y >= south - reach - 1) & (y <= north + reach + 1))
    near = np.zeros((grid.rows, grid.columns), dtype=bool)
    here = shapely.points(*np.meshgrid(x[columns], y[rows]))
    near[np.ix_(rows, columns)] = shapely.dwithin(place, here, reach)
    return near


def _judged(
    found: list[Place], probe: gpd.GeoDataFrame, areas: gpd.GeoDataFrame,
    definition: PlanDefinition,
) -> gpd.GeoDataFrame:  # fmt: skip
    shapes = gpd.GeoSeries([one.shape for one in found], crs=areas.crs)
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
    frame["score"] = [one.score for one in found]
    sure = frame["outcome"].astype("str").map(_ORDER).fillna(len(_ORDER))
    order = np.lexsort((-frame["score"].to_numpy(dtype=float), sure.to_numpy(dtype=float)))
    frame = frame.iloc[order].reset_index(drop=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame[list(COLUMNS)]


_ORDER: Final = {Outcome.PASS.value: 0, Outcome.REVIEW.value: 1, Outcome.CONDITIONAL.value: 2}
