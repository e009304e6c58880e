"""Tables of the analyses -> words, and a terminal table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.printout.cells import cell
from gisplan.wording import DASH, names


def overlay_table(plan: Plan, shares: pd.DataFrame, labels: Labels) -> str:
    """Lay out the zone x ring shares that are not zero for a terminal."""
    told = word_overlay(shares[shares["area"] > 0], plan, labels)
    shown = ("zone_name", "corridor_name", "ring", "hectares", "share_of_zone", "share_of_ring")
    rows = [
        [
            f"{row[code]:.1%}" if code.startswith("share") else cell(code, row[code])
            for code in shown
        ]
        for row in told.to_dict("records")
    ]
    return aligned([labels(f"column.{code}") for code in shown], rows, right=(2, 3, 4, 5))


def word_overlay(frame: pd.DataFrame, plan: Plan, labels: Labels) -> pd.DataFrame:
    """Put an overlay table into words: names for ids, one column for the bounds of a ring."""
    told = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    for column in ("zone", "other", "corridor", "area_id", "cut_corridor", "lost"):
        if column in told:
            told[column] = [_area_name(key, plan, labels) for key in told[column]]
    if "groups" in told:
        groups = [text.split(";") for text in told["groups"]]
        apart = " ／ " if labels.language == "zh" else " / "
        told["groups"] = [apart.join(_area_name(g, plan, labels) for g in one) for one in groups]
    if "case" in told:
        told["case"] = [labels(f"overlay.case_{code}") for code in told["case"]]
    for column in told.columns[told.dtypes.isin([np.dtype(bool), pd.BooleanDtype()])]:
        told[column] = [_yes_no(value, labels) for value in told[column]]
    if "relation" in told:
        told["relation"] = [labels(f"relation.{code}") for code in told["relation"]]
    if "inner" in told:
        ring = [f"{a:g}–{b:g}" for a, b in zip(told["inner"], told["outer"], strict=True)]
        told.insert(list(told).index("inner"), "ring", ring)
        told = told.drop(columns=["inner", "outer"])
    return told.rename(columns={"zone": "zone_name", "corridor": "corridor_name"})


def _yes_no(value: Any, labels: Labels) -> str:
    return DASH if value is pd.NA else labels("overlay.yes" if value else "overlay.no")


def _area_name(key: str, plan: Plan, labels: Labels) -> str:
    if key == "":
        return DASH
    if key in ("*", "union", "rest"):
        return labels(f"overlay.{'every' if key == '*' else key}")
    return names(key, plan.definition, labels.language)
