"""Whose outcome a revision changes, and which of its changes did it: swap one input at a time.

The outcome with every combination of the inputs that differ is computed, none is assumed:
effects of single inputs are told from both ends, and what only several do together is told
as residue.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from gisplan.crs import transform
from gisplan.revision.versions import FACTORS, POLICY, Factor, Version, mixed
from gisplan.siting import judge, measure
from gisplan.terms import SEPARATOR, Rule

JOINT: Final = "+"
"""Joins inputs that only together bring the new outcome."""

Inputs = frozenset[Factor]


class Causes(NamedTuple):
    """Projects with their old and new outcome, and the effect of each input on the changed."""

    projects: pd.DataFrame
    effects: pd.DataFrame


def trace(old: Version, new: Version) -> Causes:
    """Find for every project whether its outcome changed, and why.

    Parameters
    ----------
    old, new
        Versions with their list of projects; the lists are matched by ``id``, or row by row
        where it is one list.

    Returns
    -------
    Causes
        *projects*: one row per project of either list: ``id``, ``name``, ``old_outcome``,
        ``new_outcome`` (``""`` where it is not in that list), ``changed``, ``basis``
        (``single``: one input does it; ``each``: each of several would alone; ``joint``: only
        together; ``several``: one alone or others together; ``listed``, ``dropped``: the
        project is new or gone; ``cancelled``: unchanged, though inputs alone would change it;
        ``""``), ``causes`` (the smallest sets of inputs that bring the new outcome: joined by
        ``+`` within a set, by ``|`` between sets), ``needed`` (inputs whose taking back alone
        undoes the new outcome), ``areas`` (ids of layers, or ``policy``, that alone bring it;
        failing that, without which it is undone), ``rules`` (rules that changed, as
        ``rule=old>new``), zones, corridors, nominal outcomes and confidence of both,
        ``residue_old``, ``residue_new``.
        *effects*: one row per changed project and input that differs: ``id``, ``name``,
        ``factor``, ``alone`` (outcome of the old version with this input new), ``reaches``,
        ``without`` (outcome of the new version with this input old), ``undoes``, ``share``.

    Notes
    -----
    With v(S) = 1 where the inputs S give the new outcome and 0 elsewhere, ``residue_old`` is
    1 - Σ v({i}) and ``residue_new`` 1 - Σ (1 - v(all less i)): 0 where single inputs explain
    the change, below 0 where several would each do it, above 0 where only several together
    do. ``share`` is the Shapley value of v, the mean over all orders of swapping; the shares
    of a project add up to 1.
    """
    old, new, listing = _matched(old, new)
    ends = _Swaps(old, new)
    active = ends.active()
    before, after = ends.verdicts(frozenset()), ends.verdicts(frozenset(active))
    frame = _ends(listing, before, after)
    frame["basis"] = np.where(frame["old_outcome"] == "", "listed", "")
    frame.loc[frame["new_outcome"] == "", "basis"] = "dropped"
    told = frame["basis"] == ""
    frame.loc[~told, ["causes", "needed"]] = Factor.PROJECT.value
    changed = told & frame["changed"]
    effects = _explain(frame, ends.only(changed[told].to_numpy()), active, changed)
    _note_cancelled(frame, ends, active, told & ~frame["changed"], told)
    return Causes(frame, effects)


class _Swaps:
    """Outcomes of the matched projects with any inputs swapped."""

    def __init__(self, old: Version, new: Version) -> None:
        self.old, self.new = old, new

    def only(self, rows: Any) -> _Swaps:
        """The same for some of the projects: a verdict depends on its own row alone."""
        sides = (replace(one, projects=_frame(one)[rows]) for one in (self.old, self.new))
        return _Swaps(*sides)

    def active(self) -> list[Factor]:
        """Return the inputs that differ between the two versions."""
        every = frozenset(FACTORS)
        found = [
            factor for factor in FACTORS[:-1]
            if not self._same(frozenset({factor}), frozenset())
            or not self._same(every - {factor}, every)
        ]  # fmt: skip
        return found if self.old.projects is self.new.projects else [*found, Factor.PROJECT]

    def _same(self, one: Inputs, other: Inputs) -> bool:
        left, right = self._version(one), self._version(other)
        if left.crs != right.crs or left.definition.policy != right.definition.policy:
            return False
        if list(left.definition.layers()) != list(right.definition.layers()):
            return False
        shapes = (list(side.areas.geometry) for side in (left, right))
        return all(a is b or (a is not None and b is not None and a.equals(b))
                   for a, b in zip(*shapes, strict=True))  # fmt: skip

    def _version(self, inputs: Inputs) -> Version:
        return mixed(self.old, self.new, lambda _key, factor: factor in inputs)

    def verdicts(self, inputs: Inputs) -> pd.DataFrame:
        """Judge with these inputs new and the others old."""
        listed = self.new if Factor.PROJECT in inputs else self.old
        return _judged(self._version(inputs), _frame(listed))

    def with_areas(self, keys: frozenset[str]) -> pd.DataFrame:
        """Judge the newer list with these layers (or the policy) new and the others old."""
        return _judged(mixed(self.old, self.new, lambda key, _: key in keys), _frame(self.new))


def _frame(version: Version) -> gpd.GeoDataFrame:
    assert version.projects is not None
    return version.projects


def _judged(version: Version, projects: gpd.GeoDataFrame) -> pd.DataFrame:
    there = transform(projects, version.crs)
    return judge(measure(there, version.areas, version.definition), version.definition)


def _matched(old: Version, new: Version) -> tuple[Version, Version, pd.DataFrame]:
    """Bring two lists into one order: those in both, by id; what is in one is listed after.

    The third is ``id``, ``name`` and ``where`` (``both``, ``old``, ``new``) of every project.
    """
    mine = _frame(new) if old.projects is None else old.projects
    theirs = mine if new.projects is None else new.projects
    if mine is theirs:
        listed = mine.reset_index(drop=True)
        told = _named(listed, np.arange(len(listed)), "both")
        return replace(old, projects=listed), replace(new, projects=listed), told
    keys = [_keys(one) for one in (mine, theirs)]
    places = [{key: at for at, key in enumerate(one)} for one in keys]
    both = [key for key in keys[1] if key in places[0]]
    frames = [
        one.iloc[[place[key] for key in both]].reset_index(drop=True)
        for one, place in zip((mine, theirs), places, strict=True)
    ]
    told = _named(frames[1], np.arange(len(both)), "both")
    alone = [
        _named(one, np.array([at for at, key in enumerate(own) if key not in other], int), where)
        for one, own, other, where in (
            (theirs, keys[1], places[0], "new"), (mine, keys[0], places[1], "old"),
        )
    ]  # fmt: skip
    alone[0]["outcome"] = _outcomes(new, theirs, keys[1], places[0])
    alone[1]["outcome"] = _outcomes(old, mine, keys[0], places[1])
    listing = pd.concat([told, *alone], ignore_index=True)
    return replace(old, projects=frames[0]), replace(new, projects=frames[1]), listing


def _outcomes(
    version: Version, projects: gpd.GeoDataFrame, keys: list[Any], other: Mapping[Any, int]
) -> Any:
    rows = [at for at, key in enumerate(keys) if key not in other]
    return _judged(version, projects.iloc[rows])["outcome"].astype("str").to_numpy()


def _keys(projects: gpd.GeoDataFrame) -> list[tuple[str, int]]:
    """Ids, numbered where one stands twice; a project without one is known by its name."""
    seen: dict[str, int] = {}
    keys = []
    for key, name in zip(_texts(projects, "id"), _texts(projects, "name"), strict=True):
        known = key or name
        seen[known] = seen.get(known, 0) + 1
        keys.append((known, seen[known]))
    return keys


def _named(projects: gpd.GeoDataFrame, rows: Any, where: str) -> pd.DataFrame:
    held = projects.iloc[rows]
    columns = {name: _texts(held, name) for name in ("id", "name")}
    return pd.DataFrame({**columns, "where": where, "outcome": ""}, dtype="object")


def _texts(projects: pd.DataFrame, column: str) -> list[str]:
    if column not in projects:
        return [""] * len(projects)
    return ["" if pd.isna(value) else str(value) for value in projects[column]]


_SAID: Final = ("outcome", "nominal", "zone", "corridor")


def _ends(listing: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Lay out what both versions say of each project."""
    frame = listing[["id", "name"]].copy()
    for name, verdicts in (("old", before), ("new", after)):
        mine = listing["where"].isin(["both", name])
        frame[f"{name}_outcome"] = listing["outcome"].where(mine, "")
        for column in _SAID:
            said = verdicts[column].astype("object").fillna("").to_numpy()
            frame.loc[frame.index[: len(said)], f"{name}_{column}"] = said
        both = pd.Series(verdicts["confidence"].to_numpy(), dtype=float)
        frame[f"{name}_confidence"] = both.reindex(frame.index)
    texts = [f"{name}_{code}" for name in ("old", "new") for code in _SAID]
    frame[texts] = frame[texts].astype("object").fillna("")
    frame["changed"] = frame["old_outcome"] != frame["new_outcome"]
    frame["rules"] = _rules(before, after, len(frame))
    for column in ("basis", "causes", "needed", "areas"):
        frame[column] = ""
    frame["residue_old"], frame["residue_new"] = np.nan, np.nan
    head = ["id", "name", "old_outcome", "new_outcome", "changed", "basis", "causes", "needed",
            "areas", "rules"]  # fmt: skip
    return frame[[*head, *(name for name in frame if name not in head)]]


def _rules(before: pd.DataFrame, after: pd.DataFrame, size: int) -> list[str]:
    names = [name for name in dict.fromkeys([*after, *before]) if _is_rule(str(name))]
    sides = [
        one.reindex(columns=names).astype("object").fillna("").to_numpy() for one in (before, after)
    ]
    told = [
        SEPARATOR.join(f"{name}={a}>{b}" for name, a, b in zip(names, *row, strict=True) if a != b)
        for row in zip(*sides, strict=True)
    ]
    return told + [""] * (size - len(told))


def _is_rule(name: str) -> bool:
    return name.partition(":")[0] in [rule.value for rule in Rule]


def _explain(
    frame: pd.DataFrame, swaps: _Swaps, active: list[Factor], changed: pd.Series
) -> pd.DataFrame:
    """Fill in the causes of the changed projects; return the effects of single inputs."""
    columns = ["id", "name", "factor", "alone", "reaches", "without", "undoes", "share"]
    rows: list[tuple[Any, ...]] = []
    if not changed.any():
        return pd.DataFrame(rows, columns=columns)
    subsets = [frozenset(s) for n in range(len(active) + 1) for s in combinations(active, n)]
    outcome = {s: swaps.verdicts(s)["outcome"].astype("str").to_numpy() for s in subsets}
    areas = _by_area(swaps, outcome[frozenset()], outcome[frozenset(active)])
    for at, label in enumerate(frame.index[changed]):
        lattice = {subset: codes[at] for subset, codes in outcome.items()}
        told = _told(lattice, active)
        values = [told["basis"], told["causes"], told["needed"], areas[at], told["residue_old"],
                  told["residue_new"]]  # fmt: skip
        frame.loc[label, ["basis", "causes", "needed", "areas", "residue_old", "residue_new"]] = (
            values
        )
        who = tuple(frame.loc[label, ["id", "name"]])
        rows += [(*who, *effect) for effect in told["effects"]]
    return pd.DataFrame(rows, columns=columns)


def _told(lattice: Mapping[Inputs, str], active: list[Factor]) -> dict[str, Any]:
    """Say of one changed project which inputs did it."""
    every = frozenset(active)
    before, after = lattice[frozenset()], lattice[every]
    sets = smallest(lattice, after)
    alone = {f: lattice[frozenset({f})] for f in active}
    without = {f: lattice[every - {f}] for f in active}
    shares = shapley({s: float(code == after) for s, code in lattice.items()}, active)
    singles = sum(len(one) == 1 for one in sets)
    if singles == len(sets):
        basis = "single" if singles == 1 else "each"
    else:
        basis = "joint" if singles == 0 else "several"
    return {
        "basis": basis,
        "causes": SEPARATOR.join(JOINT.join(f.value for f in FACTORS if f in s) for s in sets),
        "needed": SEPARATOR.join(f.value for f in active if without[f] != after),
        "residue_old": 1.0 - sum(code == after for code in alone.values()),
        "residue_new": 1.0 - sum(code != after for code in without.values()),
        "effects": [
            (f.value, alone[f], alone[f] == after, without[f], without[f] == before, shares[f])
            for f in active
        ],
    }  # fmt: skip


def smallest(lattice: Mapping[Inputs, str], outcome: str) -> list[Inputs]:
    """Return the sets of inputs that give an outcome and of which no part does."""
    found: list[Inputs] = []
    for inputs in sorted(lattice, key=len):
        if lattice[inputs] == outcome and not any(part <= inputs for part in found):
            found.append(inputs)
    return found


def shapley(value: Mapping[Inputs, float], active: Iterable[Factor]) -> dict[Factor, float]:
    """Share out a value of all inputs together: the mean effect of each over all orders.

    L. S. Shapley, "A value for n-person games" (1953): the weight of a set of s of n inputs
    is s!(n-s-1)!/n!.
    """
    names = list(active)
    n = len(names)
    weight = [math.factorial(s) * math.factorial(n - s - 1) / math.factorial(n) for s in range(n)]
    return {
        one: sum(weight[len(s)] * (value[s | {one}] - value[s]) for s in value if one not in s)
        for one in names
    }


def _by_area(swaps: _Swaps, before: Any, after: Any) -> list[str]:
    """Name the layers that alone bring each new outcome, else those it is undone without."""
    keys = list(dict.fromkeys([*swaps.new.layers(), *swaps.old.layers(), POLICY]))
    every = frozenset(keys)
    alone: list[list[str]] = [[] for _ in after]
    undone: list[list[str]] = [[] for _ in after]
    for key in keys:
        if not _differs(swaps, key):
            continue
        reached = swaps.with_areas(frozenset({key}))["outcome"].astype("str").to_numpy() == after
        lost = swaps.with_areas(every - {key})["outcome"].astype("str").to_numpy() != after
        for at in np.flatnonzero(before != after):
            alone[at] += [key] if reached[at] else []
            undone[at] += [key] if lost[at] else []
    return [SEPARATOR.join(a or b) for a, b in zip(alone, undone, strict=True)]


def _differs(swaps: _Swaps, key: str) -> bool:
    if key == POLICY:
        return swaps.old.definition.policy != swaps.new.definition.policy
    if swaps.old.layers().get(key) != swaps.new.layers().get(key):
        return True
    held = (
        one.areas.loc[one.areas["id"] == key].geometry.to_list() for one in (swaps.old, swaps.new)
    )
    return not all(
        a is b or (a is not None and b is not None and a.equals(b))
        for a, b in zip(*held, strict=False)
    )


def _note_cancelled(
    frame: pd.DataFrame, swaps: _Swaps, active: list[Factor], unchanged: pd.Series, told: pd.Series
) -> None:
    """Mark projects whose outcome stands though an input alone would have changed it."""
    if len(active) < 2 or not unchanged.any():
        return
    quiet = swaps.only(unchanged[told].to_numpy())
    labels = frame.index[unchanged]
    before = frame.loc[labels, "old_outcome"].to_numpy()
    for factor in active:
        moved = quiet.verdicts(frozenset({factor}))["outcome"].astype("str").to_numpy() != before
        said = frame.loc[labels[moved], "causes"]
        frame.loc[labels[moved], "basis"] = "cancelled"
        frame.loc[labels[moved], "causes"] = [
            SEPARATOR.join(filter(None, (str(one), factor.value))) for one in said
        ]
