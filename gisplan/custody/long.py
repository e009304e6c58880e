"""A list that was checked part after part is checked so again, in memory that does not grow."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gisplan.bulk import Kernel, OutcomesKernel, check_files, count_rows
from gisplan.custody.compare import Difference, What
from gisplan.io.columnwise import Differing, differing, ids, parquet_hash
from gisplan.io.text import match_headers
from gisplan.plan import Plan

KEPT: Final = 1000
"""Differences that are held to be listed; beyond it they are counted."""


def compare_long(
    path: Path, facts: Mapping[str, Any], plan: Plan, listed: Path
) -> tuple[tuple[Difference, ...], int, int]:
    """Check a long list again into a passing folder and compare it row by row.

    Returns
    -------
    differences, more, rows
        The first `KEPT` differences, how many there are besides, and the rows compared.
    """
    asked = facts.get("projects_read") or {}
    with tempfile.TemporaryDirectory(prefix="gisplan-") as name:
        whole = not path.is_dir()
        again = Path(name) / ("again.parquet" if whole else "again")
        made_of = plan.definition, plan.areas, plan.sha256, str(facts.get("tool"))
        kernel = Kernel(*made_of)
        if asked.get("only_outcomes"):
            kernel = OutcomesKernel(
                *made_of, expected=count_rows([listed]), margins=bool(asked.get("margins"))
            )
        check_files(kernel, [listed], again, crs=asked.get("crs"), encoding=asked.get("encoding"))
        return _compared([(path, again)] if whole else _pairs(path, again))


def _compared(files: Sequence[tuple[Path, Path]]) -> tuple[tuple[Difference, ...], int, int]:
    import pyarrow.parquet

    found: list[Difference] = []
    more = rows = 0
    for theirs, ours in files:
        if not theirs.is_file() or not ours.is_file():
            kind: What = "missing_sheet" if ours.is_file() else "extra_sheet"
            found.append(Difference(kind, theirs.name))
            continue
        titles = pyarrow.parquet.read_schema(ours).names
        kept: list[Differing] = []
        for one in differing(theirs, ours):
            if len(found) + len(kept) < KEPT:
                kept.append(one)
            else:
                more += 1
        found += _told(kept, theirs, titles)
        rows += pyarrow.parquet.read_metadata(ours).num_rows
    return tuple(found), more, rows


def edited_long(path: Path, facts: Mapping[str, Any]) -> bool:
    """Tell whether a long result is not as it was written, by the hash that it records."""
    if path.is_dir():
        from gisplan.io.hashes import input_sha256

        return input_sha256(path) != facts.get("file_sha256")
    return parquet_hash(path) != facts.get("content_sha256")


def _pairs(path: Path, again: Path) -> list[tuple[Path, Path]]:
    names = sorted({one.name for folder in (path, again) for one in folder.glob("*.parquet")})
    return [(path / name, again / name) for name in names]


def _told(kept: list[Differing], path: Path, titles: list[str]) -> list[Difference]:
    at = match_headers(tuple(titles)).get("id")
    rows = [one.row for one in kept if one.row is not None]
    try:
        keys = ids(path, titles[at], rows) if at is not None and rows else {}
    except ValueError:
        keys = {}
    told = []
    for one in kept:
        number = None if one.row is None else one.row + 2
        key = keys.get(one.row, "") if one.row is not None else ""
        if one.row is not None and not one.column:
            what: What = "missing_row" if one.found is None else "extra_row"
            told.append(Difference(what, path.name, number, key))
        else:
            told.append(
                Difference("cell", path.name, number, key, one.column, one.found, one.expected)
            )
    return told
