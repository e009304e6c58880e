"""Patches -> a ledger whose numbers last: same, new, changed or gone; open or closed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from gisplan.conflicts.patches import PATCH
from gisplan.terms import SEPARATOR

OPEN: Final = "open"
CLOSED: Final = "closed"
REOPENED: Final = "reopened"
"""States of a number: a closed one whose patch changed is to be looked at again."""

NEW: Final = "new"
SAME: Final = "same"
CHANGED: Final = "changed"
GONE: Final = "gone"
"""What became of a patch since the last run."""

LEDGER: Final = ("number", "change", "state", "reason", "closed_on", *PATCH)
"""Columns of a ledger; ``closed_on`` is an ISO date or ``""``."""

_NUMBER: Final = re.compile(r"C?0*(\d{1,9})", re.IGNORECASE)
_BOUNDS: Final = ("west", "south", "east", "north")
_STILL: Final = 3e-7
"""Degrees, about 3 cm: bounds that differ by less are the same bounds."""

_PLACE: Final = 1e-5
"""Degrees, about 1 m: two triangles of one square have the same bounds, and other places."""


def renew(patches: gpd.GeoDataFrame, previous: pd.DataFrame | None = None) -> gpd.GeoDataFrame:
    """Number patches, keeping the numbers of a previous ledger.

    Parameters
    ----------
    patches
        What `gisplan.conflicts.conflicts` returns.
    previous
        The ledger of the last run: columns of `LEDGER`, of which ``number``, ``sides`` and
        the four bounds are needed.

    Returns
    -------
    GeoDataFrame
        Columns of `LEDGER` and geometry, by number. A patch with the same sides, bounds and
        area keeps its number (``same``); one of the same sides whose bounds overlap keeps it
        as ``changed``, the largest overlap first; one with other sides (features counted
        anew, another file name) but the same kind, bounds, place and area keeps it too
        (``same``); others are ``new`` and get numbers that were never used. The order of
        the sides does not matter. Numbers without a patch stay as ``gone``, with the
        measures they had and no geometry. A number is ``closed`` where it has a reason and
        a date, and ``reopened`` where its patch changed after that.
    """
    before = _sound(previous)
    taken, how = _pair(patches, before)
    rows: list[dict[Any, Any]] = []
    fresh = max((n for n in before["_number"]), default=0)
    records: list[dict[Any, Any]] = patches.to_dict("records")
    for at, row in enumerate(records):
        old = taken.get(at)
        if old is None:
            fresh += 1
            rows.append({**row, **_entry(fresh, NEW, {})})
        else:
            known = before.loc[old].to_dict()
            rows.append({**row, **_entry(int(known["_number"]), how[at], known)})
    for label in before.index.difference(list(taken.values())):
        known = before.loc[label].to_dict()
        kept = {name: known.get(name) for name in PATCH}
        rows.append({**kept, "geometry": None, **_entry(int(known["_number"]), GONE, known)})
    frame = pd.DataFrame(rows, columns=[*LEDGER, "geometry"])
    frame = frame.sort_values("number", ignore_index=True)
    numbers = [name for name in PATCH if name not in _TEXTS]
    # A ledger that a planner gives back may hold anything in the row of what is gone.
    frame[numbers] = frame[numbers].apply(pd.to_numeric, errors="coerce").astype(float)
    texts = [name for name in LEDGER if name not in numbers]
    frame[texts] = frame[texts].astype("object").fillna("").astype("str")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=patches.crs)


_TEXTS: Final = ("kind", "also", "grade", "likely", "classes", "owners", "sides")


def close(ledger: gpd.GeoDataFrame, numbers: Sequence[str], reason: str, day: dt.date) -> list[str]:
    """Close numbers in place with a reason and a date; return those that are not there."""
    known = {_of(number): label for label, number in ledger["number"].items()}
    missing = [number for number in numbers if _of(number) not in known]
    labels = [known[_of(number)] for number in numbers if _of(number) in known]
    ledger.loc[labels, ["state", "reason", "closed_on"]] = [CLOSED, reason, day.isoformat()]
    return missing


def _entry(number: int, change: str, known: Mapping[Any, Any]) -> dict[str, Any]:
    reason, day = (_text(known.get(name)) for name in ("reason", "closed_on"))
    state = CLOSED if reason and _is_date(day) else OPEN
    if state == CLOSED and (change == CHANGED or _text(known.get("state")) == REOPENED):
        state = REOPENED
    return {
        "number": f"C{number:04d}", "change": change, "state": state, "reason": reason,
        "closed_on": day,
    }  # fmt: skip


def _pair(patches: gpd.GeoDataFrame, before: pd.DataFrame) -> tuple[dict[int, Any], dict[int, str]]:
    """Find for each patch the number it had: by position of the patch, label and how."""
    taken: dict[int, Any] = {}
    how: dict[int, str] = {}
    found: list[tuple[float, int, Any]] = []
    known: dict[tuple[str, ...], list[Any]] = {}
    for label, sides in before["sides"].items():
        known.setdefault(_sides(sides), []).append(label)
    boxes = patches[list(_BOUNDS)].to_numpy(dtype=float)
    old_boxes = before[list(_BOUNDS)].apply(pd.to_numeric, errors="coerce")
    old_areas = pd.to_numeric(before["area_ellipsoid"], errors="coerce")
    for at, (sides, kind, area) in enumerate(
        zip(patches["sides"], patches["kind"], patches["area_ellipsoid"], strict=True)
    ):
        for label in known.get(_sides(sides), ()):
            box = old_boxes.loc[label].to_numpy(dtype=float)
            shared = _overlap(boxes[at], box)
            still = bool(np.abs(boxes[at] - box).max() < _STILL)
            still &= before.loc[label, "kind"] == kind
            still &= bool(abs(old_areas[label] - area) <= 1e-4 * max(area, 1.0))
            if still or shared > 0:
                found.append((-2.0 if still else -shared, at, label))
    used: set[Any] = set()
    for shared, at, label in sorted(found):
        if at in taken or label in used:
            continue
        taken[at], how[at] = label, _since(before, label, still=shared == -2.0)
        used.add(label)
    for at, label in _moved_ids(patches, before, taken, used):
        taken[at], how[at] = label, _since(before, label, still=True)
    return taken, how


def _since(before: pd.DataFrame, label: Any, *, still: bool) -> str:
    """What became of a patch: one that comes back is to be looked at again."""
    back = _text(before.loc[label, "change"]) == GONE
    return SAME if still and not back else CHANGED


def _moved_ids(
    patches: gpd.GeoDataFrame, before: pd.DataFrame, taken: Mapping[int, Any], used: set[Any]
) -> Iterator[tuple[int, Any]]:
    """Find patches whose ground stands where it was, though its sides are called otherwise.

    A feature more at the top of a file counts all below it anew, and a new edition has a new
    file name: neither makes a new case of ground that has the same bounds, area and place.
    """
    free = before[~before.index.isin(list(used))]
    names = [*_BOUNDS, "lon", "lat", "area_ellipsoid"]
    old = free[names].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    kinds, open_ = free["kind"].map(_text).to_numpy(), np.ones(len(free), dtype=bool)
    mine = patches[names].to_numpy(dtype=float)
    for at, kind in enumerate(patches["kind"]):
        if at in taken or not len(free):
            continue
        apart = np.abs(old - mine[at])
        there = open_ & (kinds == kind) & (apart[:, :4].max(axis=1) < _STILL)
        there &= (apart[:, 4:6].max(axis=1) < _PLACE) & (
            apart[:, 6] <= 1e-4 * max(mine[at, 6], 1.0)
        )
        for one in np.flatnonzero(there)[:1]:
            open_[one] = False
            yield at, free.index[one]


def _overlap(mine: Any, theirs: Any) -> float:
    """Share of two boxes' common part in both together."""
    low, high = np.maximum(mine[:2], theirs[:2]), np.minimum(mine[2:], theirs[2:])
    common = float(np.prod(np.clip(high - low, 0, None)))
    whole = sum(float(np.prod(one[2:] - one[:2])) for one in (mine, theirs)) - common
    return common / whole if whole > 0 else 0.0


def _sound(previous: pd.DataFrame | None) -> pd.DataFrame:
    """Keep the rows of an earlier ledger that carry a number, each number once."""
    if previous is None:
        return pd.DataFrame(columns=[*LEDGER, "_number"])
    frame = pd.DataFrame(previous).reindex(columns=list(LEDGER)).reset_index(drop=True)
    frame["_number"] = [_of(number) for number in frame["number"]]
    return frame[(frame["_number"] > 0) & ~frame["_number"].duplicated()]


def _of(number: Any) -> int:
    found = _NUMBER.fullmatch(_text(number))
    return int(found[1]) if found else 0


def _sides(value: Any) -> tuple[str, ...]:
    """Whose ground it is, in whichever order the sets were named in a run."""
    return tuple(sorted(_text(value).split(SEPARATOR)))


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    return "" if value is None or value != value or value is pd.NA else str(value).strip()
