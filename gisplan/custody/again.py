"""A result is run again from the inputs that it records, and what changed since is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gisplan.custody.compare import Difference, compare, count_cells
from gisplan.custody.disguise import disguises
from gisplan.custody.recorded import read_content, require_format
from gisplan.errors import VerifyError
from gisplan.io.address import Address, Table
from gisplan.io.cellwise import Grid, digest, plain
from gisplan.io.postgis_store import read_stored
from gisplan.io.projects import intake
from gisplan.io.provenance import facts_sha256, read_provenance
from gisplan.labels import LANGUAGES, Labels
from gisplan.outputs.siting import CHECK, content
from gisplan.overrules import read_overrules
from gisplan.plan import Plan
from gisplan.results import Run, checked


class Change(NamedTuple):
    """One input that is not the one recorded; ``code`` is worded by ``verify.<code>``."""

    code: str
    then: str
    now: str
    name: str = ""


@dataclass(frozen=True)
class Verified:
    """What a verification found.

    Attributes
    ----------
    path
        The file.
    changes
        Inputs that differ from those recorded.
    edited
        Whether the file was changed after it was written, by the hash recorded in it.
    differences
        Every cell, row and table that is not what the new run gives.
    cells, rows
        How many cells and projects were compared.
    """

    path: Path
    changes: tuple[Change, ...]
    edited: bool
    differences: tuple[Difference, ...]
    cells: int
    rows: int

    @property
    def same(self) -> bool:
        """Whether file and inputs are as recorded; other libraries alone do not count."""
        mine = [one for one in self.changes if one.code not in ("tool", "library")]
        return not (self.differences or self.edited or mine)


def verify(
    path: Path, plan: Plan, *, projects: Path | None = None, overrules: Path | None = None
) -> Verified:
    """Run a check again and compare it with the file that records it.

    Parameters
    ----------
    path
        An output of ``gisplan check`` in a format of `gisplan.custody.recorded.FORMATS`.
    plan
        The plan to judge by.
    projects, overrules
        The lists; by default the recorded names beside *path*, here, or in the plan folder.

    Raises
    ------
    VerifyError
        Where the file records nothing, is no check, is of another plan, or an input is not
        at hand.
    """
    suffix = require_format(path)
    facts = read_provenance(path)
    found = read_content(path)
    return _verified(path, suffix, facts, found, (plan, projects, overrules))


def verify_table(
    address: Address, table: Table, plan: Plan,
    *, projects: Path | None = None, overrules: Path | None = None,
) -> Verified:  # fmt: skip
    """Do what `verify` does for a table that ``gisplan check`` wrote into a database."""
    facts, rows = read_stored(address, table)
    found = {"verdicts": [[plain(cell) for cell in row] for row in rows]}
    return _verified(Path(str(table)), "", facts, found, (plan, projects, overrules))


def _verified(
    path: Path, suffix: str, facts: Mapping[str, Any], found: Mapping[str, Grid],
    asked: tuple[Plan, Path | None, Path | None],
) -> Verified:  # fmt: skip
    plan, projects, overrules = asked
    if facts.get("kind") != CHECK or facts.get("language") not in LANGUAGES:
        raise VerifyError("verify_no_list", path=path)
    now = plan.definition.id
    if facts.get("plan") != now:
        raise VerifyError("verify_other_plan", path=path, then=facts.get("plan"), now=now)
    listed = _at_hand(path, plan, str(facts.get("projects_file")), projects)
    if listed is None:
        raise VerifyError("verify_no_projects", path=path, file=facts.get("projects_file"))
    decided = None
    if facts.get("overrules_file"):
        decided = _at_hand(path, plan, str(facts["overrules_file"]), overrules)
        if decided is None:
            raise VerifyError("verify_no_overrules", path=path, file=facts["overrules_file"])
    run, expected = _again(suffix, plan, facts, listed, decided)
    shown = tuple(disguises(path)) if suffix == ".xlsx" else ()
    as_written = digest(found) == facts.get("content_sha256")
    as_recorded = facts_sha256(facts) == facts.get("run_sha256")
    return Verified(
        path,
        tuple(_changes(facts, run.facts)),
        bool(shown) or not (as_written and as_recorded),
        (*compare(found, expected), *shown),
        count_cells(expected),
        _projects(expected),
    )


def _projects(expected: Mapping[str, Any]) -> int:
    """Count the projects: rows of the verdict table, the second sheet of a workbook."""
    grids = list(expected.values())
    return len(grids[1 if len(grids) > 1 else 0]) - 1


def _at_hand(path: Path, plan: Plan, name: str, asked: Path | None) -> Path | None:
    """Return the file asked for, or the one of a recorded name where it may lie."""
    if asked is not None:
        return asked
    plain = Path(name).name  # a recorded name is a name, never a way out of a folder
    folders = [path.parent, Path(), *([plan.folder] if plan.folder else [])]
    places = (folder / plain for folder in folders)
    return next((place for place in places if plain and place.is_file()), None)


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


_HASHES = (
    ("projects", "projects_sha256", "projects_file"),
    ("overrules", "overrules_sha256", "overrules_file"),
    ("plan", "plan_sha256", ""),
    ("rules", "rules_sha256", ""),
)


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for code, key, name in _HASHES:
        if then.get(key) != now.get(key):
            file = str(now.get(name, "")) if name else ""
            yield Change(code, _short(then.get(key)), _short(now.get(key)), file)
    before, after = then.get("layers") or {}, now.get("layers") or {}
    for layer in dict.fromkeys([*before, *after]):
        if before.get(layer) != after.get(layer):
            yield Change("layer", _short(before.get(layer)), _short(after.get(layer)), layer)
    for name in _TOLD:
        if then.get(name) != now.get(name):
            yield Change("fact", _text(then.get(name)), _text(now.get(name)), name)
    if then.get("tool") != now.get("tool"):
        yield Change("tool", str(then.get("tool")), str(now.get("tool")))
    versions = then.get("libraries") or {}
    for name, version in now["libraries"].items():
        if versions.get(name) != version:
            yield Change("library", str(versions.get(name)), version, name)


_TOLD = ("plan_version", "rules_version", "crs", "threshold", "unchecked", "projects_crs")
"""Facts that are no hashes, and follow from the plan and the list."""


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _short(digest_: Any) -> str:
    return digest_[:8] if isinstance(digest_, str) and digest_ else "—"
