"""Industry structure: who is where, how special each place is, how different two places are.

A project in several industries counts in equal parts, so that parts add up to projects.
The indices are written out here: a library for them is 190 MB (see PACKAGES), and each is a
line of algebra, tested against published values.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.definition import PlanDefinition
from gisplan.terms import NO_PLACE, OUTCOMES, SEPARATOR

NOWHERE, UNLOCATED, UNCLASSIFIED = "-", "?", "?"
"""Row of projects in no area, row of projects without a place, column without an industry."""

SHUFFLES = 999
SEED = 20211210

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


def structure(area: pd.Series, codes: pd.Series, areas: list[str]) -> pd.DataFrame:
    """Count projects by area and section (门类) of GB/T 4754-2017.

    Parameters
    ----------
    area
        What `membership` returns.
    codes
        ``industry_codes`` of the facts: codes joined by ``|``, missing where none.
    areas
        Ids to show, in this order, also without a project.

    Returns
    -------
    DataFrame
        Index ``areas``, a column per section letter that occurs and ``?`` for projects
        without an industry. A project in k industries adds 1/k to each, in every area that
        it is in (1/m to each of m areas), so that the table adds up to projects.
    """
    weights, sections = _section_weights(codes)
    table = _area_weights(area, areas).T @ weights
    return pd.DataFrame(table, index=pd.Index(areas, name="area"), columns=sections)


def _section_weights(codes: pd.Series) -> tuple[Floats, list[str]]:
    """Projects x sections: 1/k for each of a project's k sections."""
    own = [
        sorted({code[0] for code in text.split(SEPARATOR) if code}) or [UNCLASSIFIED]
        for text in codes.fillna("")
    ]
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
        ``projects`` and ``shuffles``. NaN where fewer than two areas can be compared.
    """
    weights, _ = _section_weights(codes[codes.notna()])
    places = _area_weights(area[codes.notna()], areas)
    inside = places.sum(axis=1) > 0
    weights, places = weights[inside], places[inside]
    told = {"projects": float(inside.sum()), "shuffles": float(shuffles)}
    observed = _mean_divergence(places.T @ weights)
    if np.isnan(observed):
        return {"observed": observed, "expected": observed, "p_value": observed, **told}
    random = np.random.default_rng(SEED)
    shuffled = np.array(
        [_mean_divergence(random.permutation(places).T @ weights) for _ in range(shuffles)]
    )
    reached = int((shuffled >= observed - 1e-12).sum())
    p_value = (1 + reached) / (1 + shuffles)
    return {"observed": observed, "expected": float(shuffled.mean()), "p_value": p_value, **told}


def _mean_divergence(table: Floats) -> float:
    """Mean Jensen-Shannon divergence of all pairs of rows that hold a project."""
    held = table[table.sum(axis=1) > 0]
    shares = held / held.sum(axis=1, keepdims=True)
    pairs = [jensen_shannon(p, q) for p, q in combinations(shares, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _classified(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=UNCLASSIFIED, errors="ignore")
