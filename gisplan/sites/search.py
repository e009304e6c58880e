"""Where a project would comply: the real check, asked at moved places, with proof of nearness.

All that a verdict rests on are margins, and moving a project by d metres changes no margin by
more than d. So a square of half diagonal h may be left aside where the check, asked at its
centre with every margin better by h, still says no: branch and bound, and nothing is assumed
of the shape of the ground.

Of a footprint the margins are first bounded by those of its centroid, which is many times
cheaper; it is measured itself only where these do not decide.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Columns
from gisplan.definition import PlanDefinition
from gisplan.sites.ground import Ground, passing

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

START = 12
"""Squares along the longer side of the ground to begin with."""

MOST = 40_000
"""Squares held at once. Beyond, the nearest are kept, and the answer is called a bound."""

TOGETHER = 24
"""Searches that go on side by side: more would gain little and take memory."""

ALONE = 5_000
"""Rows from which what a search asks is judged by itself."""


@dataclass(frozen=True)
class Found:
    """The nearest place, how far, and whether it is proved that none is nearer."""

    place: Floats
    distance: float
    proved: bool


Search: TypeAlias = "Generator[Columns, Bools, Found | None]"
Closer: TypeAlias = "Generator[Columns, Bools, tuple[float, Any]]"
Decided: TypeAlias = "Generator[Columns, Bools, tuple[Bools, Bools]]"


def searched(searches: Sequence[Search], definition: PlanDefinition) -> list[Found | None]:
    """Run searches on one plan side by side: what they ask at a time is judged at once."""
    found: list[Found | None] = [None] * len(searches)
    for start in range(0, len(searches), TOGETHER):
        answers: dict[int, Bools | None]
        answers = dict.fromkeys(range(start, min(start + TOGETHER, len(searches))))
        while answers:
            asked: dict[int, Columns] = {}
            for at, answer in answers.items():
                try:
                    asked[at] = _go_on(searches[at], answer)
                except StopIteration as end:
                    found[at] = end.value
            answers = dict(_judged(asked, definition))
    return found


def _go_on(search: Search, answer: Bools | None) -> Columns:
    return next(search) if answer is None else search.send(answer)


def _judged(asked: dict[int, Columns], definition: PlanDefinition) -> dict[int, Bools]:
    few = {at: facts for at, facts in asked.items() if facts.rows < ALONE}
    told = {at: passing(asked[at], definition) for at in asked.keys() - few.keys()}
    if not few:
        return told
    good = passing(Columns.joined(list(few.values())), definition)
    ends = np.cumsum([facts.rows for facts in few.values()])
    return told | dict(zip(few, np.split(good, ends[:-1]), strict=True))


def search(ground: Ground, *, tolerance: float = 0.1, any_place: bool = False) -> Search:
    """Find the nearest place where the project complies; to be run by `searched`.

    Parameters
    ----------
    ground
        The project and the plan.
    tolerance
        Metres by which a nearer place may be missed.
    any_place
        Stop at the first place: whether there is one at all.

    Yields
    ------
    Columns
        Facts of which it is to be told where they comply.
    """
    cells, half = _squares(ground.bounds)
    best, at, proved = np.inf, None, True
    # Many points are measured as fast as one, footprints one by one.
    parts = 4 if ground.point else 2
    while len(cells) and half * 4 > tolerance:
        good, possible = yield from _decided(ground, cells, half * np.sqrt(2))
        away = np.hypot(*(cells - ground.origin).T)
        if good.any():
            nearest = int(np.flatnonzero(good)[away[good].argmin()])
            gain = best - float(away[nearest])
            if gain > 0:
                best, at = float(away[nearest]), cells[nearest]
            if any_place:
                break
            if gain > 4 * tolerance:
                best, at = yield from _closer(ground, at, best, tolerance)
        near = _least(cells, half, ground.origin) < best - tolerance
        cells = cells[near & possible]
        if len(cells) * parts**2 > MOST:
            proved = False
            # Where there is none yet, the likeliest first; else the nearest.
            least = _least(cells, half, ground.origin)
            order = least if at is not None else -_sureness(ground, cells)
            cells = cells[np.argsort(order, kind="stable")[: MOST // parts**2]]
        half /= parts
        cells = (cells[:, None, :] + half * _middles(parts)).reshape(-1, 2)
        # No part of these is nearer than what is found.
        cells = cells[_least(cells, half, ground.origin) < best]
    return None if at is None else Found(at, best, proved)


def _decided(ground: Ground, cells: Floats, diagonal: float) -> Decided:
    """Tell where the project complies, and where some place within a distance could do."""
    if ground.point:
        facts = ground.ask(cells)
        good = yield facts
        possible = yield ground.better(facts, diagonal, cells)
        return good, possible
    about, reach = ground.about(cells), ground.reach
    good = yield ground.better(about, -reach, cells)
    possible = good.copy()
    open_ = np.flatnonzero(~good)
    rest = about.take(open_)
    could = yield ground.better(rest, reach + diagonal, cells[open_])
    open_ = open_[could]
    if len(open_):
        facts = ground.ask(cells[open_])
        good[open_] = yield facts
        possible[open_] = yield ground.better(facts, diagonal, cells[open_])
    return good, possible


def _sureness(ground: Ground, cells: Floats) -> Floats:
    return np.nan_to_num(ground.verdicts(cells).numbers("confidence"))


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


def _closer(ground: Ground, at: Any, best: float, tolerance: float) -> Closer:
    """Walk from a place that complies towards the project while it does."""
    low, high, line = 0.0, 1.0, at - ground.origin
    steps = 49 if ground.point else 13
    while best * (high - low) > tolerance / 4:
        shares = np.linspace(low, high, steps)
        good = yield ground.ask(ground.origin + line * shares[1:-1, None])
        first = int(good.argmax()) if good.any() else steps - 2
        low, high = float(shares[first]), float(shares[first + 1])
    return best * high, ground.origin + line * high


def exists(ground: Ground) -> bool:
    """Whether there is any place at all where the project complies.

    What was measured before is judged first: places do not move when layers are surveyed.
    """
    known = ground.visited
    if len(known) and ground.complies(ground.ask(known)).any():
        return True
    one = search(ground, tolerance=1.0, any_place=True)
    return searched([one], ground.definition)[0] is not None
