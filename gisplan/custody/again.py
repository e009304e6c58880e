"""A check is run again from the inputs that it records, and what changed since is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gisplan.custody.compare import compare, count_cells
from gisplan.custody.disguise import disguises
from gisplan.custody.inputs import Hands, changes, require_plan
from gisplan.custody.long import compare_long, edited_long
from gisplan.custody.recorded import read_content, require_format
from gisplan.custody.verified import Verified
from gisplan.errors import VerifyError
from gisplan.io.address import Address, Table
from gisplan.io.cellwise import Grid, digest
from gisplan.io.hashes import input_sha256
from gisplan.io.postgis_store import read_stored
from gisplan.io.projects import intake
from gisplan.io.provenance import IN_PARTS, facts_sha256, read_provenance
from gisplan.labels import LANGUAGES, Labels
from gisplan.outputs.siting import CHECK, content
from gisplan.overrules import read_overrules
from gisplan.plan import Plan
from gisplan.results import Run, checked
from gisplan.today import on_the_day


def verify(
    path: Path, plan: Plan, *, projects: Path | None = None, overrules: Path | None = None,
    folders: tuple[Path, ...] = (),
) -> Verified:  # fmt: skip
    """Run a check again and compare it with the file that records it.

    Parameters
    ----------
    path
        An output of ``gisplan check`` in a format of `gisplan.custody.recorded.FORMATS`, or
        of a check in parts: a ``.parquet`` or a folder of them, compared in memory that does
        not grow.
    plan
        The plan to judge by.
    projects, overrules
        The lists; by default the recorded names beside *path*, here, in the plan folder or
        in *folders*.

    Raises
    ------
    VerifyError
        Where the file records nothing, is no check, is of another plan, or an input is not
        at hand.
    """
    suffix = "" if path.is_dir() else require_format(path)
    facts = read_provenance(path)
    hands = Hands(path, plan, {"projects_file": projects, "overrules": overrules}, folders)
    if facts.get("kind") == IN_PARTS:
        return _long(facts, hands, plan)
    if path.is_dir():
        raise VerifyError("verify_no_list", path=path)
    return _verified(suffix, facts, read_content(path), (hands, plan))


def verify_table(
    address: Address, table: Table, plan: Plan,
    *, projects: Path | None = None, overrules: Path | None = None,
    folders: tuple[Path, ...] = (),
) -> Verified:  # fmt: skip
    """Do what `verify` does for a table that ``gisplan check`` wrote into a database."""
    facts, found = read_stored(address, table)
    asked = {"projects_file": projects, "overrules": overrules}
    return _verified("", facts, found, (Hands(Path(str(table)), plan, asked, folders), plan))


def _long(facts: Mapping[str, Any], hands: Hands, plan: Plan) -> Verified:
    path = hands.path
    require_plan(path, facts, plan)
    listed = hands.require("projects_file", str(facts.get("projects_file")), "verify_no_projects")
    now = {
        **Run.of_plan(plan).facts, "projects_file": listed.name,
        "projects_sha256": input_sha256(listed), "projects_crs": facts.get("projects_crs"),
    }  # fmt: skip
    with on_the_day(facts.get("date")):
        differences, more, rows = compare_long(path, facts, plan, listed)
    edited = edited_long(path, facts) or facts_sha256(facts) != facts.get("run_sha256")
    told = tuple(changes(facts, now))
    return Verified(path, told, edited, differences, more=more, rows=rows)


def _verified(
    suffix: str, facts: Mapping[str, Any], found: Mapping[str, Grid],
    at: tuple[Hands, Plan],
) -> Verified:  # fmt: skip
    hands, plan = at
    path = hands.path
    if facts.get("kind") != CHECK or facts.get("language") not in LANGUAGES:
        raise VerifyError("verify_no_list", path=path)
    require_plan(path, facts, plan)
    listed = hands.require("projects_file", str(facts.get("projects_file")), "verify_no_projects")
    decided = None
    if facts.get("overrules_file"):
        name = str(facts["overrules_file"])
        decided = hands.require("overrules", name, "verify_no_overrules")
    with on_the_day(facts.get("date")):  # a layer may have gone out of date since
        run, expected = _again(suffix, plan, facts, listed, decided)
    shown = tuple(disguises(path)) if suffix == ".xlsx" else ()
    as_written = digest(found) == facts.get("content_sha256") and _as_beside(path, facts)
    as_recorded = facts_sha256(facts) == facts.get("run_sha256")
    return Verified(
        path,
        tuple(changes(facts, run.facts)),
        bool(shown) or not (as_written and as_recorded),
        (*compare(found, expected), *shown),
        cells=count_cells(expected),
        rows=_projects(expected),
    )


def _as_beside(path: Path, facts: Mapping[str, Any]) -> bool:
    """Tell whether a file is that of which the record beside it speaks, where one does."""
    return "file_sha256" not in facts or input_sha256(path) == facts["file_sha256"]


def _projects(expected: Mapping[str, Any]) -> int:
    """Count the projects: rows of the verdict table, the second sheet of a workbook."""
    grids = [grid for name, grid in expected.items() if name != "crs"]
    return len(grids[1 if len(grids) > 1 else 0]) - 1


def _again(
    suffix: str, plan: Plan, facts: Mapping[str, Any], listed: Path, decided: Path | None
) -> tuple[Run, Mapping[str, Any]]:
    asked = facts.get("projects_read") or {}
    how = {name: asked.get(name) for name in ("crs", "sheet", "encoding")}
    read = intake(listed, **how)
    overrules = read_overrules(decided, read.projects) if decided is not None else None
    run = Run.of(
        plan, listed, read, how["crs"], sheet=how["sheet"], encoding=how["encoding"],
        overrules=decided,
    )  # fmt: skip
    # The day and the names of files are no results: those recorded are taken over.
    same = ("date", "tool", "projects_file", "overrules_file")
    told = Run({**run.facts, **{name: facts[name] for name in same if name in facts}})
    result = checked(plan, Path(str(facts["projects_file"])), read, overrules)
    return run, content(suffix, result, told, Labels(facts["language"]))
