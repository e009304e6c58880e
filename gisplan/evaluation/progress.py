"""Mid-term evaluation: the project library, and targets against the time that has passed.

What cannot be computed is ``unknown`` with what would be needed; a missing comparator is
never a target reached.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from gisplan.definition import PlanDefinition
from gisplan.definition.goals import Indicator, Pace
from gisplan.evaluation.amounts import MEASURES, Amount
from gisplan.industries import standing
from gisplan.inference import wilson
from gisplan.stages import Stage
from gisplan.terms import SEPARATOR

NONE: Final = "-"
"""The group of projects that belong to none."""

RESULTS: Final = ("early", "faster", "expected", "behind", "met", "missed", "unknown")
"""提前实现 / 快于预期 / 符合预期 / 滞后, 已实现 / 未实现 once the date is reached, 资料缺失."""

TARGET_COLUMNS: Final = (
    "name", "kind", "unit", "base", "base_date", "target", "due", "current", "current_date",
    "province", "city",
)  # fmt: skip
"""Columns of a table of targets: ``name``, ``kind``, ``unit`` text, dates ``datetime64``,
the rest numbers in ``unit``; what is not known is missing."""

BUILDING_COLUMNS: Final = ("name", "of", "tax", "revenue", "output")
"""Columns of a table of office buildings and clusters; amounts in yuan, each its own."""


def fields_of(codes: pd.Series, definition: PlanDefinition) -> pd.Series:
    """Tell the fields (领域) of each project by its industries.

    Returns
    -------
    Series
        Ids of ``[goals.fields]`` joined by ``|``, ``-`` for none, ``?`` where the industry
        is unknown or too coarse to tell.
    """
    subjects = definition.goals.fields
    told = codes.fillna("")
    known = {text: _fields(text, subjects) for text in told.unique()}
    return told.map(known).astype("str")


def _fields(text: str, subjects: Mapping[str, Any]) -> str:
    stands = {key: standing(text, one.industries) for key, one in subjects.items()}
    held = [key for key, stand in stands.items() if stand == "fits"]
    if held:
        return SEPARATOR.join(held)
    return "?" if not text or "coarse" in stands.values() else NONE


def library(
    projects: pd.DataFrame,
    group: pd.Series,
    stage: pd.Series,
    *,
    located: pd.Series,
    order: Sequence[str] = (),
) -> pd.DataFrame:
    """Count the project library by any grouping.

    Parameters
    ----------
    projects
        For ``investment`` in yuan, where there is such a column.
    group
        The group of each project: zone, corridor, field or stage. Ids joined by ``|`` are
        a row of their own, so that every project is counted once.
    stage
        ``stage_code`` of `gisplan.stages.read_stages`.
    located
        Which projects have a place.
    order
        Groups to show first, also without a project.

    Returns
    -------
    DataFrame
        ``group``, ``projects``, ``located``, ``placed_share`` (落位率: placed on the map /
        all; NaN without a project) with ``low`` and ``high`` (95 %, Wilson), one count per
        stage, ``investment`` (yuan, of those that state one; NaN where none does),
        ``without_investment``. Columns add up to the list.
    """
    held = group.to_numpy()
    keys = list(dict.fromkeys([*order, *sorted(set(held) - set(order))]))
    counts = pd.crosstab(held, stage.to_numpy())
    counts = counts.reindex(index=keys, columns=[one.value for one in Stage], fill_value=0)
    money = (
        projects["investment"] if "investment" in projects else pd.Series(np.nan, projects.index)
    )
    money = pd.to_numeric(money)
    stated, silent = money.groupby(held).sum(min_count=1), money.isna().groupby(held).sum()
    number = counts.sum(axis=1).to_numpy()
    placed = located.groupby(held).sum().reindex(keys, fill_value=0).to_numpy(dtype=int)
    pairs = [wilson(a, b) for a, b in zip(placed, number, strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(number > 0, placed / number, np.nan)
    return pd.DataFrame(
        {
            "group": pd.array(keys, dtype="str"), "projects": number, "located": placed,
            "placed_share": share, "low": [low for low, _ in pairs],
            "high": [high for _, high in pairs],
            **{one.value: counts[one.value].to_numpy() for one in Stage},
            # What nobody states is not known, which is not the same as nothing.
            "investment": stated.reindex(keys, fill_value=0.0).to_numpy(),
            "without_investment": silent.reindex(keys, fill_value=0).to_numpy(dtype=int),
        }
    )  # fmt: skip


def evaluate(targets: pd.DataFrame, definition: PlanDefinition) -> pd.DataFrame:
    """Hold what was reached against the target and the time that has passed.

    Parameters
    ----------
    targets
        `TARGET_COLUMNS`; may be empty. A row is that of an indicator of the plan if its
        name is the indicator's id or title, else an indicator of its own.
    definition
        ``goals.indicators`` and ``goals.pace``, whose period stands in for missing dates.

    Returns
    -------
    DataFrame
        The plan's indicators in order, then the table's own: ``indicator`` (id, or ``""``),
        ``name``, ``kind``, ``unit``, ``base``, ``target``, ``current``, ``province``,
        ``city``, ``base_date``, ``current_date``, ``due``, ``progress`` (share of the way
        from base to target), ``elapsed`` (share of the time), ``ratio`` of the two,
        ``result`` (`RESULTS`) and ``missing`` (codes of what would be needed, ``|``).
    """
    goals = definition.goals
    table = targets.reindex(columns=list(TARGET_COLUMNS))
    rows = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    found: list[dict[str, Any]] = []
    used: set[int] = set()
    for key, one in goals.indicators.items():
        names = {key, one.title.zh, one.title.en}
        own = [at for at, row in enumerate(rows) if row["name"] in names]
        used |= set(own)
        found += [_judged(key, one, rows[at], goals.pace) for at in own] or [
            _judged(key, one, dict.fromkeys(TARGET_COLUMNS), goals.pace)
        ]
    found += [_judged("", None, r, goals.pace) for at, r in enumerate(rows) if at not in used]
    frame = pd.DataFrame(found, columns=list(_EVALUATED))
    texts = ("indicator", "name", "kind", "unit", "result", "missing")
    return frame.astype({**dict.fromkeys(texts, "str"), **dict.fromkeys(_NUMBERS, "float64")})


_NUMBERS: Final = (
    "base", "target", "current", "province", "city", "progress", "elapsed", "ratio",
)  # fmt: skip
_EVALUATED: Final = (
    "indicator", "name", "kind", "unit", "base", "target", "current", "province", "city",
    "base_date", "current_date", "due", "progress", "elapsed", "ratio", "result", "missing",
)  # fmt: skip


def _judged(
    key: str, one: Indicator | None, given: Mapping[str, Any], pace: Pace
) -> dict[str, Any]:
    row = {
        name: None if value is None or value != value else value for name, value in given.items()
    }
    kind = one.kind if one else (row["kind"] or "level")
    unit = (one.unit if one else None) or row["unit"]
    told = {
        **row, "indicator": key, "name": row["name"] or (one.title.zh if one else ""),
        "kind": kind, "unit": unit,
        "base": _first(row["base"], one.base if one else None),
        "target": _first(row["target"], one.target if one else None),
        "base_date": _first(row["base_date"], pace.start if kind == "level" else None),
        "due": _first(row["due"], pace.end if kind == "level" else None),
        "progress": None, "elapsed": None, "ratio": None,
    }  # fmt: skip
    if one is not None and one.unit and row["unit"] and not _same_unit(one.unit, row["unit"]):
        return told | {"result": "unknown", "missing": "unit"}
    if kind == "quality":
        return told | {"result": "unknown", "missing": "measure"}
    if kind == "rate":
        return told | _rate(told, one.above if one else ())
    return told | _level(told, pace)


def _same_unit(one: str, other: str) -> bool:
    """Tell whether two units are one, ``％`` and ``%``; 万元 and 亿元 are not."""
    plain = ("".join(unicodedata.normalize("NFKC", unit).split()).lower() for unit in (one, other))
    return len(set(plain)) == 1


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _rate(row: Mapping[str, Any], above: Sequence[str]) -> dict[str, Any]:
    """A rate is to stay above its comparators and not below its own target."""
    compared = above or tuple(name for name in ("province", "city") if row[name] is not None)
    missing = [name for name in ("current", *compared) if row[name] is None]
    if not compared and row["target"] is None:
        missing.append("target")
    if row["current"] is None:
        return {"result": "unknown", "missing": SEPARATOR.join(missing)}
    below = any(row[name] is not None and row["current"] <= row[name] for name in compared)
    below |= row["target"] is not None and row["current"] < row["target"]
    result = "behind" if below else "unknown" if missing else "expected"
    return {"result": result, "missing": SEPARATOR.join(missing)}


def _level(row: Mapping[str, Any], pace: Pace) -> dict[str, Any]:
    wanted = ("base", "target", "current", "base_date", "current_date", "due")
    missing = [name for name in wanted if row[name] is None]
    if missing:
        return {"result": "unknown", "missing": SEPARATOR.join(missing)}
    start, now, due = (_day(row[name]) for name in ("base_date", "current_date", "due"))
    if not start < due or now < start:
        return {"result": "unknown", "missing": "dates"}
    if row["target"] == row["base"]:
        return {"result": "unknown", "missing": "path"}
    progress = (row["current"] - row["base"]) / (row["target"] - row["base"])
    elapsed = min(1.0, (now - start).days / (due - start).days)
    ratio = progress / elapsed if elapsed > 0 else None
    known = {"progress": progress, "elapsed": elapsed, "ratio": ratio, "missing": ""}
    return known | {"result": _named(progress, ratio, now >= due, pace)}


def _named(progress: float, ratio: float | None, over: bool, pace: Pace) -> str:
    if over:
        return "met" if progress >= 1 else "missed"
    if progress >= 1:
        return "early"
    if ratio is None:
        return "unknown"
    return "faster" if ratio >= pace.fast else "expected" if ratio >= pace.slow else "behind"


def _day(value: Any) -> dt.date:
    return pd.Timestamp(value).date()


def tiers(buildings: pd.DataFrame, definition: PlanDefinition) -> pd.DataFrame:
    """Count clusters and office buildings by the classes of the plan (双百千).

    Parameters
    ----------
    buildings
        `BUILDING_COLUMNS`; may be empty. A blank amount is not known, never nothing.

    Returns
    -------
    DataFrame
        One row per tier: ``tier``, ``of``, ``measure``, ``least`` (yuan), ``listed``
        (buildings or clusters in the table), ``known`` (that state this measure), ``reaching``
        (that reach it; missing where none is known), ``silent`` (listed - known), ``amount``
        (yuan, of those that reach it), ``result`` (``known``, ``partly``, ``unknown``) and
        ``missing``. Tax and revenue are never compared (`gisplan.evaluation.amounts`).
    """
    rows = []
    for key, tier in definition.goals.tiers.items():
        listed = buildings[buildings["of"] == tier.of] if len(buildings) else buildings
        kind = MEASURES.get(tier.measure)
        held = _amounts(listed.get(tier.measure, ()), kind) if kind else []
        reached = [one for one in held if kind is not None and one >= kind(tier.least)]
        missing = "" if held else ("measure" if kind is None else f"{tier.of}_{tier.measure}")
        silent = len(listed) - len(held)
        result = "unknown" if not held else "partly" if silent else "known"
        rows.append(
            (key, tier.of, tier.measure, tier.least, len(listed), len(held),
             len(reached) if held else pd.NA, silent,
             _sum(reached) if held else np.nan, result, missing)
        )  # fmt: skip
    columns = ["tier", "of", "measure", "least", "listed", "known", "reaching", "silent", "amount",
               "result", "missing"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"reaching": "Int64"})


def _amounts(values: Iterable[float], kind: type[Amount]) -> list[Amount]:
    return [kind(float(value)) for value in values if value == value]


def _sum(amounts: Sequence[Amount]) -> float:
    if not amounts:
        return 0.0
    total = amounts[0]
    for one in amounts[1:]:
        total = total + one
    return total.yuan
