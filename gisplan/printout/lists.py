"""A list that was read -> text: what was found in it, and which coordinates it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gisplan.columns import Columns
from gisplan.frames import table_of
from gisplan.io.evidence import evidence_line
from gisplan.io.flat import plain_cells
from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.printout.cells import cell, degrees, number
from gisplan.results import read_columns
from gisplan.wording import DASH

if TYPE_CHECKING:
    import pandas as pd

    from gisplan.io.projects import Intake


def intake_text(file: str, read: Intake, labels: Labels) -> str:
    """Tell what was read of a list: how, which rows, and what is wrong with them."""
    table = read_columns(read)
    shown = ("row", "id", "name", "industry", "lon", "lat", "accuracy", "issues")
    columns = [
        [degrees(one) if code in ("lon", "lat") else cell(code, one) for one in cells]
        for code, cells in ((code, plain_cells(table[code])) for code in shown)
    ]
    located = int(np.isfinite(table.numbers("lon")).sum())
    parts = [
        aligned(
            [labels(f"column.{code}") for code in shown],
            list(zip(*columns, strict=True)),
            right=(0, 4, 5, 6),
        ),
        labels("cli.read_line", file=file, rows=table.rows, located=located),
        *(evidence_line(code, value, labels) for code, value in read.evidence),
    ]
    parts += _issue_lines(table_of(read, "issues").columns, labels)
    return "\n".join(parts)


def _issue_lines(issues: Columns, labels: Labels) -> Iterator[str]:
    rows: dict[str, list[int]] = {}
    level = dict(zip(issues.texts("code")[::-1], issues.texts("level")[::-1], strict=True))
    for code, row in zip(issues.texts("code"), issues.numbers("row").tolist(), strict=True):
        rows.setdefault(code, []).extend([int(row)] if row == row else [])
    for code, found in sorted(rows.items()):
        told = {part: labels(f"issue.{code}.{part}") for part in ("message", "remedy")}
        where = ", ".join(map(str, dict.fromkeys(found))) or DASH
        named = labels(f"level.{level[code]}")
        yield labels("cli.issue_rows", code=code, level=named, rows=where, **told)


def datum_text(hypotheses: pd.DataFrame, labels: Labels) -> str:
    """Tell what the datum detective found: one line of conclusion, one row per hypothesis."""
    from gisplan.datum import conclude

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
