"""Where a project would comply: the real check, asked at moved places, with proof of nearness.

All that a verdict rests on are margins, and moving a project by d metres changes no margin by
more than d. So a square of half diagonal h may be left aside where the check, asked at its
centre with every margin better by h, still says no: branch and bound, and nothing is assumed
of the shape of the ground.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisplan.areas import drawn
from gisplan.definition import Constraint, PlanDefinition
from gisplan.siting import judge, measure
from gisplan.siting.rules import wanted
from gisplan.terms import Kind, Outcome
from gisplan.uncertainty import DOUBT, axis_error

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

START = 12
"""Squares along the longer side of the ground to begin with."""

_FINE = (Outcome.PASS, Outcome.NOT_APPLICABLE)

MOST = 40_000
"""Squares held at once. Beyond, the nearest are kept, and the answer is called a bound."""


@dataclass(frozen=True)
class Ground:
    """One project and the plan it is asked of.

    Attributes
    ----------
    project
        One row (`gisplan.terms.PROJECT_COLUMNS`), in the CRS of *areas*.
    areas, definition
        The plan's areas and the plan.
    """

    project: gpd.GeoDataFrame = field(repr=False)
    areas: gpd.GeoDataFrame = field(repr=False)
    definition: PlanDefinition = field(repr=False)

    @cached_property
    def shape(self) -> Any:
        """The project as it is drawn now."""
        return self.project.geometry.iloc[0]

    @cached_property
    def origin(self) -> Floats:
        """The point that stands for the project: of a footprint, its centroid."""
        return np.asarray(shapely.get_coordinates(shapely.centroid(self.shape))[0], dtype=float)

    def moved(self, places: Floats) -> gpd.GeoDataFrame:
        """Return copies of the project with their origin at places (k x 2)."""
        if self.shape.geom_type == "Point":
            shapes = shapely.points(places)
        else:
            shapes = np.array(
                [_shifted(self.shape, shift) for shift in places - self.origin], dtype=object
            )
        rows = pd.DataFrame(self.project.drop(columns=self.project.geometry.name))
        copies = rows.iloc[np.zeros(len(places), dtype=int)].reset_index(drop=True)
        return gpd.GeoDataFrame(copies, geometry=shapes, crs=self.areas.crs)

    def ask(self, places: Floats) -> pd.DataFrame:
        """Measure the project at places."""
        return measure(self.moved(places), self.areas, self.definition)

    def better(self, facts: pd.DataFrame, by: float, places: Floats) -> pd.DataFrame:
        """Improve every margin by so many metres (worsen, where *by* is negative).

        An area that wants another industry can only harm; to be out of it is the better side.
        """
        harmful = self._harmful(facts["industry_codes"].iloc[:1])
        changed = {"margin:study_area": facts["margin:study_area"] + by}
        for at, key in enumerate((*self.definition.zones, *self.definition.corridors)):
            step = -by if harmful[at] else by
            if key in self.definition.zones:
                changed[f"margin:{key}"] = facts[f"margin:{key}"] + step
            else:
                changed[f"distance:{key}"] = facts[f"distance:{key}"] - step
        for key, one in self.definition.constraints.items():
            changed[f"margin:{key}"] = facts[f"margin:{key}"] + by
            if one.coverage is not None:
                changed[f"covered:{key}"] = self._covered(facts, key, one, by, places)
        return facts.assign(**changed)

    def _harmful(self, codes: pd.Series) -> Bools:
        """Zones and corridors that a project is better off outside of, by the plan's policy."""
        want, policy = wanted(codes, self.definition), self.definition.policy
        missing = policy.industry_missing not in _FINE
        other = (want.stated & ~want.fits)[0]
        if codes.isna().iloc[0] or want.may_be_public[0]:  # any comparison is left open
            return other & missing
        may = want.may[0]
        differs = not want.public[0] and policy.unmet.industry_fit not in _FINE
        return (may & missing) | (other & ~may & differs)

    def _covered(
        self, facts: pd.DataFrame, key: str, one: Constraint, by: float, places: Floats
    ) -> Any:
        """Whether a coverage could hold the project, were it moved by so many metres."""
        held = self.areas[(self.areas["kind"] == Kind.COVERAGE) & (self.areas["id"] == key)]
        cover = held.geometry.iloc[0] if len(held) else None
        if cover is None or by == 0:
            return facts[f"covered:{key}"]
        reach = one.setback + DOUBT * axis_error(one.error, facts["accuracy"].to_numpy())
        # A copy within reach of the edge of the coverage could be moved inside it.
        depth = shapely.distance(shapely.points(places), shapely.boundary(cover))
        inside = shapely.intersects(cover, shapely.points(places))
        signed = np.where(inside, depth, -depth)
        whole = float(shapely.minimum_bounding_radius(self.shape)) * 2
        if by < 0:  # moved by as much, it would still have to lie within
            return np.minimum(facts[f"covered:{key}"], (signed + by - whole >= reach).astype(float))
        return np.maximum(facts[f"covered:{key}"], (signed + by + whole >= reach).astype(float))

    def complies(self, facts: pd.DataFrame) -> Bools:
        """Where the real check says that the project complies."""
        return np.asarray(judge(facts, self.definition)["outcome"] == Outcome.PASS.value)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """What the study area spans, or all areas where it has no data."""
        held = drawn(self.areas, Kind.STUDY_AREA)
        box = held[0][1].bounds if held else tuple(self.areas.total_bounds)
        reach = 2 * float(shapely.minimum_bounding_radius(self.shape))
        west, south, east, north = box
        return west - reach, south - reach, east + reach, north + reach

    def revised(self, definition: PlanDefinition, accuracy: float | None = None) -> Ground:
        """Return the same ground with layers, or the project, surveyed to other accuracies."""
        project = self.project
        if accuracy is not None:
            project = project.assign(accuracy=accuracy)
        return replace(self, definition=definition, project=project)


@dataclass(frozen=True)
class Found:
    """The nearest place, how far, and whether it is proved that none is nearer."""

    place: Floats
    distance: float
    proved: bool


def _shifted(shape: Any, shift: Floats) -> Any:
    return shapely.transform(shape, lambda points: points + shift)


def search(ground: Ground, *, tolerance: float = 0.1, any_place: bool = False) -> Found | None:
    """Find the nearest place where the project complies.

    Parameters
    ----------
    ground
        The project and the plan.
    tolerance
        Metres by which a nearer place may be missed.
    any_place
        Stop at the first place: whether there is one at all.
    """
    cells, half = _squares(ground.bounds)
    best, at, proved = np.inf, None, True
    # Many points are measured as fast as one, footprints one by one.
    parts = 4 if ground.shape.geom_type == "Point" else 2
    while len(cells) and half * 4 > tolerance:
        diagonal = half * np.sqrt(2)
        facts = ground.ask(cells)
        good = ground.complies(facts)
        away = np.hypot(*(cells - ground.origin).T)
        if good.any():
            nearest = int(np.flatnonzero(good)[away[good].argmin()])
            gain = best - float(away[nearest])
            if gain > 0:
                best, at = float(away[nearest]), cells[nearest]
            if any_place:
                break
            if gain > 4 * tolerance:
                best, at = _closer(ground, at, best, tolerance)
        least = _least(cells, half, ground.origin)
        near = least < best - tolerance
        possible = near & ground.complies(ground.better(facts, float(diagonal), cells))
        cells, least = cells[possible], least[possible]
        if len(cells) * parts**2 > MOST:
            proved = False
            # Where there is none yet, the likeliest first; else the nearest.
            order = least if at is not None else -_sureness(ground, cells)
            cells = cells[np.argsort(order, kind="stable")[: MOST // parts**2]]
        half /= parts
        cells = (cells[:, None, :] + half * _middles(parts)).reshape(-1, 2)
    return None if at is None else Found(at, best, proved)


def _sureness(ground: Ground, cells: Floats) -> Floats:
    sure = asked(ground, cells)["confidence"].to_numpy(dtype=float)
    return np.nan_to_num(sure)


def _middles(parts: int) -> Floats:
    """Middles of the parts of a square, in halves of a part from its own middle."""
    steps = np.arange(1 - parts, parts, 2, dtype=float)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(1, -1, 2)


def _squares(bounds: tuple[float, float, float, float]) -> tuple[Floats, float]:
    west, south, east, north = bounds
    half = max(east - west, north - south) / START / 2
    x = np.arange(west + half, east + half, 2 * half)
    y = np.arange(south + half, north + half, 2 * half)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2), half


def _least(cells: Floats, half: float, origin: Floats) -> Floats:
    """Distance from a place to the nearest point of each square."""
    away = np.maximum(np.abs(cells - origin) - half, 0.0)
    return np.hypot(away[:, 0], away[:, 1])


def _closer(ground: Ground, at: Any, best: float, tolerance: float) -> tuple[float, Any]:
    """Walk from a place that complies towards the project while it does."""
    low, high, line = 0.0, 1.0, at - ground.origin
    steps = 49 if ground.shape.geom_type == "Point" else 13
    while best * (high - low) > tolerance / 4:
        shares = np.linspace(low, high, steps)
        good = ground.complies(ground.ask(ground.origin + line * shares[1:-1, None]))
        first = int(good.argmax()) if good.any() else steps - 2
        low, high = float(shares[first]), float(shares[first + 1])
    return best * high, ground.origin + line * high


def asked(ground: Ground, places: Floats) -> pd.DataFrame:
    """Return the real verdicts at places."""
    return judge(ground.ask(places), ground.definition)


def exists(ground: Ground) -> bool:
    """Whether there is any place at all where the project complies."""
    return search(ground, tolerance=1.0, any_place=True) is not None
