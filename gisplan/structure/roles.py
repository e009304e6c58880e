"""Roles, chains and functions: what the plan says each part is to be, and which projects serve it.

A role without a project is named as such; a goal that cannot be told from the list is
``unknown``, with what would be needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from gisplan.definition import PlanDefinition
from gisplan.definition.goals import Role
from gisplan.industries import functions, standing
from gisplan.terms import SEPARATOR

ALL: Final = "*"
"""The area of rows that speak of the whole list, placed or not."""

UNPLACED: Final = "?"


def served_roles(
    codes: pd.Series, named: pd.Series | None, definition: PlanDefinition
) -> pd.DataFrame:
    """Tell which role each project serves.

    Parameters
    ----------
    codes
        ``industry_codes`` of the facts.
    named
        The roles that projects name themselves (a column 定位 of the list): titles or ids,
        several in a cell; ``None`` without such a column.
    definition
        The roles, their titles and their industries.

    Returns
    -------
    DataFrame
        Index of *codes*, a column per role: ``named``, ``industry``, ``coarse`` (a code
        too coarse to tell) or ``""``.
    """
    told = codes.fillna("")
    said = named.fillna("") if named is not None else pd.Series("", index=codes.index)
    goals = definition.goals.roles
    found = {words: _named(str(words), goals) for words in said.unique()}
    columns = {
        key: [
            "named" if key in found[words] else _by_industry(role, own)
            for words, own in zip(said, told, strict=True)
        ]
        for key, role in goals.items()
    }
    return pd.DataFrame(columns, index=codes.index, dtype="str")


def _named(words: str, roles: Mapping[str, Role]) -> set[str]:
    """Find the roles that a cell names: by a title anywhere in it, by an id as a word."""
    titles = {
        title: key
        for key, role in roles.items()
        for title in (role.title.zh, role.title.en)
        if title
    }
    found: set[str] = set()
    # Longest first, and once read no more: to name 区域文化中心 is not to name 文化中心.
    for title in sorted(titles, key=len, reverse=True):
        if title in words:
            found |= {key for key, role in roles.items() if title in (role.title.zh, role.title.en)}
            words = words.replace(title, " ")
    return found | (set(re.split(r"[^\w-]+", words)) & set(roles))


def _by_industry(role: Role, codes: str) -> str:
    stand = standing(codes, role.industries) if role.industries else ""
    return {"fits": "industry", "coarse": "coarse"}.get(stand, "")


def role_coverage(
    served: pd.DataFrame, membership: Sequence[pd.Series], definition: PlanDefinition
) -> pd.DataFrame:
    """Lay out roles against zones and corridors: who carries a role, and what serves it there.

    Parameters
    ----------
    served
        What `served_roles` returns.
    membership
        What `gisplan.structure.mix.membership` returns for zones and for corridors: ids joined by
        ``|``, ``-`` for none, ``?`` without a place.
    definition
        The roles with the areas that carry them.

    Returns
    -------
    DataFrame
        One row per role and area, and per role for ``*`` (the whole list): ``role``,
        ``area_id``, ``carries`` (the plan, as read, puts the role there), ``projects``
        that serve it, of these ``named`` by the list and by ``industry``; ``coarse``
        (too coarse to tell); ``result``: ``served``, ``empty`` (a role without a project;
        for an area only where it carries the role), ``unknown`` (nothing to tell it by, or
        only coarse codes), ``""`` where the area need not serve it.
    """
    areas = [*definition.zones, *definition.corridors]
    rows = []
    for key, role in definition.goals.roles.items():
        own = served[key].to_numpy()
        for area in (ALL, *areas):
            inside = _inside(area, membership, len(own))
            count = {kind: int((own[inside] == kind).sum()) for kind in _KINDS}
            carries = area in role.areas
            told = _result(role, count, needed=area == ALL or carries)
            projects = count["named"] + count["industry"]
            rows.append((key, area, carries, projects, *count.values(), told))
    columns = ["role", "area_id", "carries", "projects", *_KINDS, "result"]
    return pd.DataFrame(rows, columns=columns)


_KINDS: Final = ("named", "industry", "coarse")


def _inside(
    area: str, membership: Sequence[pd.Series], n: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if area == ALL:
        return np.ones(n, dtype=bool)
    inside = np.zeros(n, dtype=bool)
    for one in membership:
        which, texts = pd.factorize(one)  # long lists have few different texts
        inside |= np.array([area in held.split(SEPARATOR) for held in texts], dtype=bool)[which]
    return inside


def _result(role: Role, count: dict[str, int], *, needed: bool) -> str:
    if count["named"] + count["industry"]:
        return "served"
    if not needed:
        return ""
    return "unknown" if count["coarse"] or not role.industries else "empty"


def chain_stages(
    chain: pd.Series | None, stage: pd.Series | None, membership: pd.Series,
    definition: PlanDefinition,
) -> pd.DataFrame:  # fmt: skip
    """Tell which stages of each chain (链条) are held in each zone, and which are missing.

    Parameters
    ----------
    chain, stage
        Columns 链条 and 环节 of the list, as texts; ``None`` where the list has none.
    membership
        Zones of each project, as `gisplan.structure.mix.membership` gives them.
    definition
        The chains and their stages.

    Returns
    -------
    DataFrame
        One row per chain and zone, and for ``*``: ``chain``, ``area_id``, ``projects``,
        ``held`` and ``missing_stages`` (stages joined by ``|``, in the plan's order),
        ``unlisted`` (stages that projects name and the plan does not), ``result``:
        ``complete``, ``gaps``, ``unknown``; ``missing``: ``stages`` (the plan names none),
        ``columns`` (the list names none).
    """
    rows = []
    blank = pd.Series("", index=membership.index)
    said = blank if chain is None else chain.fillna("").astype("str").str.strip()
    at = blank if stage is None else stage.fillna("").astype("str").str.strip()
    silent = chain is None or stage is None
    for key, one in definition.goals.chains.items():
        titles = {key, one.title.zh, one.title.en or one.title.zh}
        own = pd.Series([bool(titles & _parts(text)) for text in said], index=said.index)
        for area in (ALL, *definition.zones):
            here = own & _inside(area, (membership,), len(own))
            named = {part for text in at[here] for part in _parts(text)}
            held = [part for part in one.stages if part in named]
            gaps = [part for part in one.stages if part not in named]
            lacking = [*(["stages"] if not one.stages else []), *(["columns"] if silent else [])]
            result = "unknown" if lacking else "gaps" if gaps else "complete"
            shown = "" if lacking else SEPARATOR.join(gaps)
            more = SEPARATOR.join(sorted(named - set(one.stages)))
            rows.append((key, area, int(here.sum()), SEPARATOR.join(held), shown, more, result,
                         SEPARATOR.join(lacking)))  # fmt: skip
    columns = ["chain", "area_id", "projects", "held", "missing_stages", "unlisted", "result",
               "missing"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _parts(text: str) -> set[str]:
    """Cut a cell that names several chains or stages."""
    return {part.strip() for part in re.split(r"[、，,；;|/\n]", text)} - {""}


def function_mix(structure: pd.DataFrame) -> pd.DataFrame:
    """Tell how far each area mixes the functions of a town (产城融合).

    Parameters
    ----------
    structure
        Areas x sections (门类), as `gisplan.structure.mix.structure` returns.

    Returns
    -------
    DataFrame
        One row per area: ``area_id``, ``projects`` (classified), the parts of each function
        (``production``, ``business``, ``living``, ``public``, ``network``), ``entropy``
        (-Σ s ln s / ln 5: 0 one function, 1 all five alike; NaN without a project) and
        ``functions`` (how many occur).

    Notes
    -----
    Which section serves which function is our grouping, not the standard's; it stands in
    ``data/industries.toml``. The index is by numbers of projects, not by floor space.
    """
    grouped = functions()
    parts = pd.DataFrame(
        {
            name: structure.reindex(columns=list(sections), fill_value=0.0).sum(axis=1)
            for name, sections in grouped.items()
        }
    )
    number = parts.sum(axis=1)
    shares = parts.div(number.replace(0, np.nan), axis=0).to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(shares > 0, -shares * np.log(shares), 0.0)
    entropy = np.where(number > 0, np.abs(terms.sum(axis=1)) / np.log(len(grouped)), np.nan)
    table = pd.DataFrame({"area_id": pd.array(list(structure.index), dtype="str")})
    table["projects"] = number.to_numpy()
    for name in grouped:
        table[name] = parts[name].to_numpy()
    table["entropy"] = entropy
    table["functions"] = (parts > 0).sum(axis=1).to_numpy()
    return table
