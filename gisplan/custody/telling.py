"""What a verification found -> lines for a person."""

from __future__ import annotations

import datetime as dt
from typing import Any

from shapely.geometry.base import BaseGeometry

from gisplan.custody.compare import Difference
from gisplan.custody.verified import Verified
from gisplan.labels import Labels

SHOWN = 20
"""Differences that are listed where not all are asked for."""
_LONGEST = 80


def tell(told: Verified, labels: Labels, *, every: bool = False) -> list[str]:
    """Say whether a file is what its inputs give, what differs, and why."""
    lines = [_verdict(told, labels), *_why(told, labels)]
    shown = told.differences if every else told.differences[:SHOWN]
    lines += [_difference(one, labels) for one in shown]
    if left := len(told.differences) - len(shown):
        lines.append(labels("verify.more", n=left))
    if told.more:
        lines.append(labels("verify.beyond", n=told.more))
    return lines


def _verdict(told: Verified, labels: Labels) -> str:
    """Say in one line what was compared, and how it came out."""
    file = told.path.name
    if told.how == "inputs":
        return labels("verify.inputs_only" if told.same else "verify.inputs_differ", file=file)
    if not (told.same or told.differences or told.more):
        return labels("verify.same_but", file=file)  # never "same" where the exit code is 1
    if told.how == "bytes":
        return labels("verify.bytes_differ" if told.differences else "verify.bytes_same", file=file)
    if told.differences or told.more:
        n = len(told.differences) + told.more
        rows = {(one.table, one.row) for one in told.differences}
        return labels("verify.differs", file=file, cells=n, rows=len(rows))
    if told.rows and told.cells:
        return labels("verify.same", file=file, cells=told.cells, rows=told.rows)
    code = "verify.same_rows" if told.rows else "verify.same_cells"
    return labels(code, file=file, rows=f"{told.rows:,}", cells=f"{told.cells:,}")


def _why(told: Verified, labels: Labels) -> list[str]:
    lines = [
        labels(f"verify.{one.code}", then=one.then, now=one.now, **_named(one.code, one.name))
        for one in told.changes
    ] or [labels("verify.inputs_same")]
    lines += [labels("verify.not_at_hand", file=one) for one in told.missing]
    if told.edited is not None:
        lines.append(labels("verify.edited" if told.edited else "verify.untouched"))
    mine = [one for one in told.changes if one.code not in ("tool", "library")]
    if told.differences and told.edited is None:
        lines.append(labels("verify.by_unknown" if not mine else "verify.by_inputs_or_hand"))
    elif told.differences and not mine:
        lines.append(labels("verify.by_hand" if told.edited else "verify.by_libraries"))
    elif told.differences:
        lines.append(labels("verify.by_either" if told.edited else "verify.by_inputs"))
    heading = "verify.basis" if told.same else "verify.why"
    return [labels(heading), *(f"  {line}" for line in lines)]


def _named(code: str, name: str) -> dict[str, str]:
    key = {
        "projects": "file",
        "overrules": "file",
        "layer": "layer",
        "input": "file",
        "library": "name",
        "fact": "name",
    }.get(code)
    return {key: name} if key else {}


def _difference(one: Difference, labels: Labels) -> str:
    parts = [one.table]
    if one.row is not None:
        parts.append(labels("verify.title") if one.row == 1 else labels("verify.row", n=one.row))
    parts += [part for part in (one.key, one.column) if part]
    values: dict[str, Any] = {"place": " · ".join(parts)}
    if one.what == "cell":
        values |= {"found": _cell(one.found, labels), "expected": _cell(one.expected, labels)}
    return labels(f"verify.{one.what}", **values)


def _cell(value: Any, labels: Labels) -> str:
    if value is None:
        return labels("verify.blank")
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, BaseGeometry):
        return value.wkt[:_LONGEST]
    text = value.isoformat() if isinstance(value, dt.date) else " ".join(str(value).split())
    shown = "".join(c for c in text if c.isprintable())
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
