"""A list that was read -> text: what was found in it, and which coordinates it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gisplan.datum import conclude
from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.printout.cells import cell, degrees, number
from gisplan.results import read_rows
from gisplan.wording import DASH

if TYPE_CHECKING:
    from gisplan.io.projects import Intake


def intake_text(file: str, read: Intake, labels: Labels) -> str:
    """Tell what was read of a list: how, which rows, and what is wrong with them."""
    table = read_rows(read)
    shown = ("row", "id", "name", "industry", "lon", "lat", "accuracy", "issues")
    rows = [
        [degrees(row[code]) if code in ("lon", "lat") else cell(code, row[code]) for code in shown]
        for row in table.to_dict("records")
    ]
    located = int(table["lon"].notna().sum())
    parts = [
        aligned([labels(f"column.{code}") for code in shown], rows, right=(0, 4, 5, 6)),
        labels("cli.read_line", file=file, rows=len(table), located=located),
        *(labels(f"evidence.{code}", value=value) for code, value in read.evidence),
    ]
    for code, group in read.issues.groupby("code", sort=True):
        told = {part: labels(f"issue.{code}.{part}") for part in ("message", "remedy")}
        level = labels(f"level.{group['level'].iloc[0]}")
        where = ", ".join(str(row) for row in group["row"].dropna().astype(int).unique()) or DASH
        parts.append(labels("cli.issue_rows", code=code, level=level, rows=where, **told))
    return "\n".join(parts)


def datum_text(hypotheses: pd.DataFrame, labels: Labels) -> str:
    """Tell what the datum detective found: one line of conclusion, one row per hypothesis."""
    call, name = conclude(hypotheses)
    found = hypotheses.set_index("hypothesis").loc[name]
    counted = {key: number(found[key]) for key in ("points", "landmarks", "changes")}
    posterior = f"{found['posterior']:.3f}"
    said = labels(
        f"datum.{call}", hypothesis=labels(f"datum.{name}"), posterior=posterior, **counted
    )
    shown = ("hypothesis", "posterior", "inside", "landmark_distance", "changes")
    rows = [
        [
            labels(f"datum.{row['hypothesis']}"),
            f"{row['posterior']:.3f}",
            f"{row['inside']:.0%}" if row["inside"] == row["inside"] else DASH,
            cell("landmark_distance", row["landmark_distance"]),
            number(row["changes"]),
        ]
        for row in hypotheses.to_dict("records")
    ]
    headers = [labels(f"column.{code}") for code in shown]
    return aligned(headers, rows, right=(1, 2, 3, 4)) + "\n" + said
