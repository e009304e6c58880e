"""A conflict ledger -> a workbook, layers of a GeoPackage, a one-page figure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gisplan import __version__
from gisplan.casebook import Found
from gisplan.conflicts import LEDGER
from gisplan.io.layers import PLAN_FILE, read_definition
from gisplan.io.provenance import picture_text, signed
from gisplan.io.tables import write_layers
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes
from gisplan.labels import Labels
from gisplan.printout.conflicts import conflict_lines, word_balance, word_ledger
from gisplan.terms import Kind
from gisplan.today import today


def save_ledger(
    path: Path, found: Found, labels: Labels, *, run: Mapping[str, Any] | None = None
) -> None:
    """Write a ledger in the format of the suffix; *run* is what the command was asked."""
    suffix, about = path.suffix.lower(), signed({**(run or {}), **provenance(found)})
    if suffix == ".xlsx":
        sheets = ledger_sheets(found, labels)
        write_workbook(path, sheets, labels, title=labels("conflicts.title"), about=about)
    elif suffix == ".gpkg":
        cells = found.cells.assign(
            sets=[
                "|".join(dict.fromkeys(found.areas["set"].iloc[list(cover)]))
                for cover in found.cells["cover"]
            ],
            also=["|".join(also) for also in found.cells["also"]],
        ).drop(columns="cover")
        areas = found.areas.rename(columns={"set": "layer_set", "class": "class_code"})
        layers = {"ledger": found.ledger, "cells": cells, "areas": areas}
        write_layers(path, layers, about=about)
    else:
        from gisplan.plotting import render
        from gisplan.plotting.charts_conflicts import plot_conflicts

        lines = conflict_lines(found, labels)
        figure = plot_conflicts(
            found.areas, found.ledger, word_ledger(found.ledger, labels), found.balance,
            lines=lines, labels=labels,
        )  # fmt: skip
        write_bytes(path, render(figure, suffix, about=picture_text(about)))


def provenance(found: Found) -> dict[str, Any]:
    """Gather what a ledger rests on: the sets and the earlier ledger with their hashes."""
    return {
        "tool": __version__,
        "date": today().isoformat(),
        "crs": str(found.areas.crs.to_string()) if found.areas.crs is not None else "",
        "sets": {
            name: {file.name: _hash(file) for file in _files(path)}
            for name, path in found.sources.items()
        },
        "previous": _hash(found.previous) if found.previous is not None else None,
    }


def ledger_sheets(found: Found, labels: Labels) -> list[Sheet]:
    """Lay out a ledger as sheets: ledger, balance, sources, notes."""
    told = word_ledger(found.ledger, labels)[list(LEDGER)]
    balanced = word_balance(found.balance, labels)
    heads = {code: labels(f"ledger_column.{code}") for code in LEDGER}
    own = {str(code): labels(f"ledger_column.{code}") for code in balanced}
    own["share"] = labels("ledger_column.balance_share")
    lines = [*conflict_lines(found, labels), *(labels(f"conflicts.note_{k}") for k in range(1, 7))]
    notes = pd.DataFrame({"value": lines}, dtype="str")
    return [
        Sheet(labels("conflicts.sheet_ledger"), told, 1, headers=heads),
        Sheet(labels("conflicts.sheet_balance"), balanced, headers=own),
        _sources(found, labels),
        Sheet(labels("conflicts.sheet_notes"), notes,
              headers={"value": labels("conflicts.sheet_notes")}),
    ]  # fmt: skip


def _sources(found: Found, labels: Labels) -> Sheet:
    rows: list[tuple[str, str, str]] = []
    for name, path in found.sources.items():
        item = f"{labels('conflicts.set_item')} {name}"
        rows += [(item, file.name, _hash(file)) for file in _files(path)]
    if found.previous is not None:
        rows.append((labels("conflicts.previous_item"), found.previous.name, _hash(found.previous)))
    crs: Any = found.areas.crs
    rows.append((labels("conflicts.crs_item"), f"{crs.name} ({crs.to_string()})"[:120], ""))
    rows.append((labels("run.tool"), __version__, ""))
    heads = {code: labels(f"ledger_column.{code}") for code in ("item", "value", "sha256")}
    frame = pd.DataFrame(rows, columns=list(heads), dtype="str")
    return Sheet(labels("conflicts.sheet_sources"), frame, headers=heads)


def _files(path: Path) -> list[Path]:
    """Return what a set was read from: of a plan its file and those of its areas."""
    if not path.is_dir():
        return [path]
    named = [
        layer.source for kind, _, layer in read_definition(path).layers()
        if kind in (Kind.ZONE, Kind.CONSTRAINT) and layer.source is not None
    ]  # fmt: skip
    return [one for one in (path / PLAN_FILE, *(path / name for name in dict.fromkeys(named)))
            if one.is_file()]  # fmt: skip


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
