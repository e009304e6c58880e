"""Industry structure: who is where, how special each place is, how different two places are.

A project in several industries counts in equal parts, so that parts add up to projects.
The indices are written out here: a library for them is 190 MB (see PACKAGES), and each is a
line of algebra, tested against published values.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.definition import PlanDefinition
from gisplan.inference import least_p, monte_carlo_p, wilson
from gisplan.terms import NO_PLACE, OUTCOMES, SEPARATOR

NOWHERE, UNLOCATED, UNCLASSIFIED = "-", "?", "?"
"""Row of projects in no area, row of projects without a place, column without an industry."""

SHUFFLES = 999
SEED = 20211210

Level = Literal["section", "division"]

Floats = NDArray[np.float64]


def membership(verdicts: pd.DataFrame, definition: PlanDefinition, by: str) -> pd.Series:
    """Find the area that each project is counted in.

    Parameters
    ----------
    verdicts
        What ``plan.check`` returns.
    definition
        Gives the distance within which a project is near a corridor.
    by
        ``"zone"`` or ``"corridor"``.

    Returns
    -------
    Series
        Index of *verdicts*: ids (joined by ``|`` where a project is in two, which is a row
        of its own), ``-`` for no area, ``?`` for a project without a place.
    """
    located = verdicts["reasons"] != NO_PLACE
    if by == "zone":
        held = verdicts["zone"].fillna(NOWHERE)
    else:
        first = verdicts["corridor"].fillna("").str.split(SEPARATOR, regex=False).str[0]
        near = {key: one.within for key, one in definition.corridors.items()}
        within = first.map(near).astype(float)
        held = verdicts["corridor"].where(verdicts["corridor_distance"] <= within, NOWHERE)
    return held.where(located, UNLOCATED).astype("str")


def tally(
    projects: pd.DataFrame, verdicts: pd.DataFrame, definition: PlanDefinition, *, by: str
) -> pd.DataFrame:
    """Count projects and add up their investment by zone or corridor.

    Returns
    -------
    DataFrame
        One row per area of the plan (also those without a project), per combination that
        occurs, ``-`` (in none) and ``?`` (without a place): ``area_id``, ``projects``, one
        column per outcome, ``investment`` (yuan, of the projects that state one; NaN where
        none does) and ``without_investment`` (how many state none). Columns add up to the
        whole list.
    """
    area = membership(verdicts, definition, by)
    ids = [*(definition.zones if by == "zone" else definition.corridors)]
    extra = [key for key in dict.fromkeys(area) if key not in (*ids, NOWHERE, UNLOCATED)]
    order = [*ids, *extra, NOWHERE, UNLOCATED]
    counts = pd.crosstab(area, verdicts["outcome"].astype("str"))
    counts = counts.reindex(index=order, columns=list(OUTCOMES), fill_value=0)
    money = pd.to_numeric(projects["investment"]) if "investment" in projects else None
    table = pd.DataFrame({"area_id": order, "projects": counts.sum(axis=1).to_numpy()})
    table = pd.concat([table, counts.reset_index(drop=True)], axis=1)
    if money is None:
        money = pd.Series(np.nan, index=projects.index)
    grouped = money.groupby(area.to_numpy())
    # Where projects state nothing the sum is not known, which is not the same as nothing.
    table["investment"] = grouped.sum(min_count=1).reindex(order, fill_value=0.0).to_numpy()
    silent = money.isna().groupby(area.to_numpy()).sum()
    table["without_investment"] = silent.reindex(order, fill_value=0).to_numpy(dtype=int)
    return table


def structure(
    area: pd.Series, codes: pd.Series, areas: list[str], *, level: Level = "section"
) -> pd.DataFrame:
    """Count projects by area and section (门类) or division (大类) of GB/T 4754-2017.

    Parameters
    ----------
    area
        What `membership` returns.
    codes
        ``industry_codes`` of the facts: codes joined by ``|``, missing where none.
    areas
        Ids to show, in this order, also without a project.
    level
        ``section`` or ``division``; a code that is coarser than a division keeps its letter,
        a column of its own.

    Returns
    -------
    DataFrame
        Index ``areas``, a column per code that occurs and ``?`` for projects without an
        industry. A project in k industries adds 1/k to each, in every area that it is in
        (1/m to each of m areas), so that the table adds up to projects.
    """
    weights, sections = _code_weights(codes, level)
    table = _area_weights(area, areas).T @ weights
    return pd.DataFrame(table, index=pd.Index(areas, name="area"), columns=sections)


def kinds(codes: pd.Series, level: Level) -> list[list[str]]:
    """Cut each project's codes down to a level; ``?`` for a project without any."""
    digits = 1 if level == "section" else 3
    return [
        sorted({code[:digits] for code in text.split(SEPARATOR) if code}) or [UNCLASSIFIED]
        for text in codes.fillna("")
    ]


def _code_weights(codes: pd.Series, level: Level) -> tuple[Floats, list[str]]:
    """Projects x codes: 1/k for each of a project's k codes."""
    own = kinds(codes, level)
    sections = sorted({section for held in own for section in held})
    weights = np.array([[(one in held) / len(held) for one in sections] for held in own])
    return weights.reshape(len(own), len(sections)), sections


def _area_weights(area: pd.Series, areas: list[str]) -> Floats:
    """Projects x areas: 1/m for each of the m areas that a project is in."""
    held = [text.split(SEPARATOR) for text in area]
    weights = np.array([[(one in inside) / len(inside) for one in areas] for inside in held])
    return weights.reshape(len(held), len(areas))


def location_quotient(table: pd.DataFrame) -> pd.DataFrame:
    """Divide each section's share in an area by its share in the whole (LQ; Florence 1939).

    1 is the average; an area without projects is NaN, never 0.
    """
    known = _classified(table)
    own = known.div(known.sum(axis=1).replace(0, np.nan), axis=0)
    whole = known.sum(axis=0) / known.to_numpy().sum()
    return own.div(whole.replace(0, np.nan), axis=1)


def dissimilarity(table: pd.DataFrame) -> pd.DataFrame:
    """Compare areas two by two.

    Returns
    -------
    DataFrame
        One row per pair: ``area_id``, ``other``, ``krugman`` (Σ|sᵢ-sⱼ|, 0 alike to 2
        disjoint; Krugman 1991), ``jensen_shannon`` (divergence in bits, 0 to 1; Lin 1991),
        ``projects`` (of the smaller side). NaN where a side has no classified project.
    """
    known = _classified(table)
    shares = known.div(known.sum(axis=1).replace(0, np.nan), axis=0)
    rows = []
    for one, other in combinations(table.index, 2):
        p, q = shares.loc[one].to_numpy(), shares.loc[other].to_numpy()
        few = float(min(known.loc[one].sum(), known.loc[other].sum()))
        rows.append((one, other, float(np.abs(p - q).sum()), jensen_shannon(p, q), few))
    columns = ["area_id", "other", "krugman", "jensen_shannon", "projects"]
    return pd.DataFrame(rows, columns=columns).astype({"area_id": "str", "other": "str"})


def jensen_shannon(p: Any, q: Any) -> float:
    """Jensen-Shannon divergence of two distributions in bits: 0 alike, 1 disjoint."""
    mean = (p + q) / 2
    if np.isnan(mean).any():
        return float("nan")
    return float((_relative_entropy(p, mean) + _relative_entropy(q, mean)) / 2)


def _relative_entropy(p: Any, q: Any) -> float:
    held = p > 0
    return float((p[held] * np.log2(p[held] / q[held])).sum())


def concentration(table: pd.DataFrame) -> pd.DataFrame:
    """Tell how mixed each area is.

    Returns
    -------
    DataFrame
        One row per area: ``area_id``, ``projects`` (classified), ``hhi`` (Σs², 1/k for k
        equal sections to 1 for one; Herfindahl), ``entropy`` (-Σ s ln s / ln k over the k
        sections of the whole, 0 one section to 1 all alike; Shannon, Pielou).
    """
    known = _classified(table)
    shares = known.div(known.sum(axis=1).replace(0, np.nan), axis=0)
    sections = int((known.sum(axis=0) > 0).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(shares > 0, -shares * np.log(shares), 0.0)
        entropy = terms.sum(axis=1) / np.log(sections) if sections > 1 else np.zeros(len(known))
    empty = known.sum(axis=1).to_numpy() == 0
    return pd.DataFrame(
        {
            "area_id": pd.array(list(table.index), dtype="str"),
            "projects": known.sum(axis=1).to_numpy(),
            "hhi": np.where(empty, np.nan, (shares**2).sum(axis=1)),
            "entropy": np.where(empty, np.nan, entropy),
        }
    )


def permutation_test(
    area: pd.Series, codes: pd.Series, areas: list[str], *, shuffles: int = SHUFFLES
) -> dict[str, float]:
    """Ask whether areas differ more than if the same projects lay in them at random.

    The statistic is the mean Jensen-Shannon divergence of all pairs of areas that have a
    classified project; place labels are shuffled among the projects that lie in an area.

    Returns
    -------
    dict
        ``observed`` and ``expected`` (mean of the shuffles) in bits, ``p_value`` =
        (1 + #{shuffled ≥ observed}) / (1 + shuffles) (Davison and Hinkley 1997),
        ``projects``, ``shuffles`` and ``least_p``, below which p cannot get with so few
        projects: above 0.05 nothing can be concluded. NaN where fewer than two areas can be
        compared.
    """
    places, weights, _ = _comparable(area, codes, areas, "section")
    least = _least(places, weights)
    told = {"projects": float(len(weights)), "shuffles": float(shuffles), "least_p": least}
    observed = _mean_divergence(places.T @ weights)
    if np.isnan(observed):
        return {"observed": observed, "expected": observed, "p_value": observed, **told}
    random = np.random.default_rng(SEED)
    shuffled = np.array(
        [_mean_divergence(random.permutation(places).T @ weights) for _ in range(shuffles)]
    )
    p_value = max(monte_carlo_p(observed, shuffled), least)  # draws alone may fall below it
    return {"observed": observed, "expected": float(shuffled.mean()), "p_value": p_value, **told}


def _comparable(
    area: pd.Series, codes: pd.Series, areas: list[str], level: Level
) -> tuple[Floats, Floats, list[str]]:
    """Places and codes of the projects that have both: projects x areas, projects x codes."""
    places = _area_weights(area, areas)
    known = codes.notna().to_numpy() & (places.sum(axis=1) > 0)
    weights, columns = _code_weights(codes[known], level)
    return places[known], weights, columns


def _least(places: Floats, weights: Floats) -> float:
    """The least p that a shuffling of these projects could give."""
    sizes, own = (np.unique(one, axis=0, return_counts=True)[1] for one in (places, weights))
    return least_p([int(n) for n in sizes], [int(n) for n in own])


def shares(
    area: pd.Series,
    codes: pd.Series,
    areas: list[str],
    *,
    level: Level = "section",
    shuffles: int = SHUFFLES,
) -> pd.DataFrame:
    """Tell the share and location quotient of each code in each area, and how sure they are.

    Parameters
    ----------
    area, codes, areas, level
        As for `structure`.
    shuffles
        Of place labels among the projects that have both a place and a code.

    Returns
    -------
    DataFrame
        One row per area and code: ``area_id``, ``code``, ``projects`` (in parts), ``cases``
        (classified projects in the area), ``share`` with ``low`` and ``high`` (95 %,
        Wilson), ``share_all`` (of all areas), ``quotient`` (LQ = share / share_all) and
        ``p_value``: of a difference from the mean as large as this anywhere in the table
        (Westfall, Young 1993: one look at all cells is one test). NaN without a case.
    """
    places, weights, columns = _comparable(area, codes, areas, level)
    table = places.T @ weights
    random = np.random.default_rng(SEED)
    greatest = np.array(
        [_deviations(random.permutation(places).T @ weights).max(initial=0.0)
         for _ in range(shuffles if len(places) else 0)]
    )  # fmt: skip
    away, least = _deviations(table), _least(places, weights)
    cases, whole = table.sum(axis=1), table.sum(axis=0) / max(table.sum(), 1e-300)
    rows = []
    for (row, area_id), (column, code) in product(enumerate(areas), enumerate(columns)):
        count, of = float(table[row, column]), float(cases[row])
        share = count / of if of > 0 else np.nan
        reached = max(monte_carlo_p(float(away[row, column]), greatest), least)
        p_value = reached if of > 0 else np.nan
        quotient = share / whole[column] if whole[column] > 0 else np.nan
        low, high = wilson(count, of)
        rows.append((area_id, code, count, of, share, low, high, whole[column], quotient, p_value))
    names = ["area_id", "code", "projects", "cases", "share", "low", "high", "share_all",
             "quotient", "p_value"]  # fmt: skip
    return pd.DataFrame(rows, columns=names).astype({"area_id": "str", "code": "str"})


def _deviations(table: Floats) -> Floats:
    """How far each cell is from what its margins let expect, in standard errors."""
    cases, whole = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = cases * whole / whole.sum()
        scale = np.sqrt(expected * (1 - whole / whole.sum()))
        return np.nan_to_num(np.abs(table - expected) / scale, posinf=0.0)


def _mean_divergence(table: Floats) -> float:
    """Mean Jensen-Shannon divergence of all pairs of rows that hold a project."""
    held = table[table.sum(axis=1) > 0]
    shares = held / held.sum(axis=1, keepdims=True)
    pairs = [jensen_shannon(p, q) for p, q in combinations(shares, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _classified(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=UNCLASSIFIED, errors="ignore")
