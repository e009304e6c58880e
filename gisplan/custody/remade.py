"""Any other output: its inputs looked up, and the file held to one that was made again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from gisplan.custody.compare import Difference, compare, count_cells
from gisplan.custody.disguise import disguises
from gisplan.custody.inputs import Hands, changes, short
from gisplan.custody.recorded import layer_names, read_content
from gisplan.custody.verified import Change, Verified
from gisplan.errors import GisplanError, VerifyError
from gisplan.io.cellwise import Grid, grid_of, plain, read_grids, system
from gisplan.io.hashes import input_sha256
from gisplan.io.provenance import facts_sha256
from gisplan.io.text import decode
from gisplan.io.vectors import read_layer
from gisplan.results import Run

TABLES: Final = (".xlsx", ".csv", ".gpkg", ".parquet", ".geojson", ".shp", ".txt")
"""Formats in which it can be told where two files differ; of others, only that they do."""


def inputs_of(facts: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Return the files that a record names, by the parameter of the command; nothing else of it."""
    told: dict[str, list[dict[str, str]]] = {}
    held = facts.get("inputs")
    for name, given in held.items() if isinstance(held, dict) else ():
        several = given if isinstance(given, list) else [given]
        if all(isinstance(one, dict) and isinstance(one.get("file"), str) for one in several):
            told[str(name)] = [{"file": one["file"], "sha256": str(one.get("sha256", ""))}
                               for one in several]  # fmt: skip
    named = {one["file"] for given in told.values() for one in given}
    for parameter, key in (("projects_file", "projects"), ("overrules", "overrules")):
        file, digest = facts.get(f"{key}_file"), facts.get(f"{key}_sha256")
        if isinstance(file, str) and isinstance(digest, str) and file not in named:
            told[parameter] = [{"file": file, "sha256": digest}]
    return told


def verify_inputs(facts: Mapping[str, Any], hands: Hands) -> Verified:
    """Compare what a file records of its inputs with what is at hand; nothing is run."""
    told, missing = list(_plan_changes(facts, hands)), []
    for name, given in inputs_of(facts).items():
        for one in given:
            place = hands.find(name, one["file"])
            if place is None or not place.exists():
                missing.append(one["file"])
            elif (now := input_sha256(place)) != one["sha256"]:
                told.append(Change("input", short(one["sha256"]), short(now), one["file"]))
    return Verified(hands.path, tuple(told), _edited(hands.path, facts), (), how="inputs",
                    missing=tuple(missing))  # fmt: skip


def verify_remade(facts: Mapping[str, Any], hands: Hands, again: Path) -> Verified:
    """Compare a file with one that the same command has made of the same inputs.

    The same bytes are the same file. Of others it is told where they differ, if the format
    has cells; a picture or a page is drawn otherwise, or is not.
    """
    known = verify_inputs(facts, hands)
    path, suffix = hands.path, again.suffix.lower()
    if _same_bytes(path, again):
        return Verified(path, known.changes, known.edited, (), how="bytes")
    if suffix not in TABLES:
        found = (Difference("bytes", path.name),)
        return Verified(path, known.changes, known.edited, found, how="bytes")
    expected, held = (_tables(one, suffix) for one in (again, path))
    shown = tuple(disguises(path)) if suffix == ".xlsx" else ()
    return Verified(
        path, known.changes, known.edited, (*compare(held, expected), *shown),
        cells=count_cells(expected),
    )  # fmt: skip


def _plan_changes(facts: Mapping[str, Any], hands: Hands) -> Iterator[Change]:
    if hands.plan is None or "plan" not in facts:
        return
    lists = ("projects_sha256", "projects_file", "overrules_sha256", "overrules_file",
             "projects_crs")  # fmt: skip
    now = {**Run.of_plan(hands.plan).facts, **{key: facts[key] for key in lists if key in facts}}
    yield from changes(facts, now)


def _edited(path: Path, facts: Mapping[str, Any]) -> bool | None:
    """Tell whether record or file were edited, as far as hashes tell."""
    if "run_sha256" in facts and facts_sha256(facts) != facts["run_sha256"]:
        return True
    return input_sha256(path) != facts["file_sha256"] if "file_sha256" in facts else None


def _same_bytes(path: Path, again: Path) -> bool:
    return input_sha256(path) == input_sha256(again)


def _tables(path: Path, suffix: str) -> dict[str, Grid]:
    """Read every table of a file.

    Raises
    ------
    VerifyError
        ``verify_broken`` where it cannot be read.
    """
    try:
        if suffix == ".xlsx":
            return read_grids(path)
        if suffix == ".txt":
            return {"txt": [[plain(line)] for line in decode(path.read_bytes()).text.split("\n")]}
        if suffix == ".csv":
            rows = csv.reader(io.StringIO(decode(path.read_bytes()).text, newline=""), strict=True)
            return {"csv": [[plain(cell) for cell in row] for row in rows]}
        if suffix != ".gpkg":
            return read_content(path) if suffix != ".shp" else _layer(path, None)
        whole: dict[str, Grid] = {}
        for name in layer_names(path):
            told = _layer(path, name)
            whole |= {name: told["table"], f"{name} · CRS": told["crs"]}
        return whole
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise VerifyError("verify_broken", path=path, reason=error) from None
    except GisplanError as error:
        raise VerifyError("verify_broken", path=path, reason=error.word()) from None


def _layer(path: Path, name: str | None) -> dict[str, Grid]:
    frame = read_layer(path, layer=name)
    crs = system(frame) if hasattr(frame, "crs") else [[None]]
    return {"table": grid_of(pd.DataFrame(frame), [str(one) for one in frame]), "crs": crs}
