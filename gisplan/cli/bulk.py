"""``check --engine``: a list longer than memory, part after part or on Dask."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gisplan.cli.options import Listing, opened, wrote
from gisplan.cli.recorded import recorded
from gisplan.errors import OutputError
from gisplan.labels import Labels

if TYPE_CHECKING:
    from gisplan.plan import Plan

ENGINES: Final = ("whole", "parts", "dask")
_AT_ONCE: Final = 200 * 2**20
"""Bytes up to which a file is read at once."""
_IN_PARTS: Final = (".csv", ".tsv", ".txt", ".parquet", ".geoparquet")


def too_long(path: Path) -> bool:
    """Tell whether a list is a folder of parts, or too long to be read at once."""
    if path.is_dir():
        return any(path.glob("*.parquet"))
    return path.suffix.lower() in _IN_PARTS and path.is_file() and path.stat().st_size > _AT_ONCE


def refuse_with_engine(**asked: object) -> None:
    """Refuse options that need the whole list at once."""
    for name, value in asked.items():
        if value:
            raise OutputError("bulk_option", option=f"--{name}")


def check_in_parts(
    projects: Listing, output: Path | None, plan_folder: Path | None, labels: Labels,
    *, scheduler: str | None, dask: bool, only_outcomes: bool, margins: bool,
    strict: bool, quiet: bool,
) -> int:  # fmt: skip
    """Judge a list part after part, or on Dask; the verdicts go to Parquet, as codes."""
    if output is None or output.suffix.lower() not in ("", ".parquet"):
        raise OutputError("bulk_output", path=output or "-")
    if output.exists() and projects.path.exists() and output.samefile(projects.path):
        raise OutputError("output_is_input", path=output)
    plan = opened(plan_folder, labels, quiet=quiet)
    from gisplan import __version__
    from gisplan.bulk import Kernel, OutcomesKernel, check_files, check_partitions, count_rows

    asked = plan.definition, plan.areas, plan.sha256, __version__
    rows = count_rows([projects.path])
    kernel = Kernel(*asked, least=rows)
    if only_outcomes:
        kernel = OutcomesKernel(*asked, expected=rows, margins=margins)
    tell = _Teller(labels, quiet)
    less = {"only_outcomes": only_outcomes, "margins": margins}
    about = _about(plan, labels, projects, {name: True for name, said in less.items() if said})
    if dask:
        tally = check_partitions(
            kernel, [projects.path], output,
            scheduler=scheduler, crs=projects.crs, encoding=projects.encoding, progress=tell,
            about=about,
        )  # fmt: skip
    else:
        tally = check_files(
            kernel, [projects.path], output,
            crs=projects.crs, encoding=projects.encoding, progress=tell, about=about,
        )  # fmt: skip
    if not quiet:
        counts = "，".join(f"{labels(f'outcome.{one}')} {count}" for one, count in tally.items())
        counts = counts if labels.language == "zh" else counts.replace("，", ", ")
        click.echo(labels("bulk.counts", rows=f"{sum(tally.values()):,}", counts=counts), err=True)
        _tell_repeated(output, labels)
    wrote(output, labels, quiet=quiet)
    return int(strict and tally["fail"] > 0)


def _tell_repeated(output: Path, labels: Labels) -> None:
    """Say which ids the list gives twice, or that it was too long to look."""
    from gisplan.bulk.twice import MOST, repeated_ids

    found = repeated_ids(output)
    if not found.looked:
        click.echo(labels("bulk.ids_not_compared", most=f"{MOST:,}"), err=True)
    elif found.rows:
        ids = ", ".join(found.ids)
        click.echo(labels("bulk.ids_twice", rows=f"{found.rows:,}", ids=ids), err=True)


def _about(plan: Plan, labels: Labels, projects: Listing, less: dict[str, bool]) -> dict[str, Any]:
    """Gather the provenance; how a list of any length was asked to be read, for it is not held."""
    from gisplan.io.provenance import IN_PARTS

    facts = recorded(plan, labels).facts
    listed = facts["inputs"]["projects_file"]
    how: dict[str, Any] = {"crs": projects.crs, "sheet": None, "encoding": projects.encoding}
    how |= less
    return {
        **facts, "kind": IN_PARTS, "projects_file": listed["file"],
        "projects_sha256": listed["sha256"], "projects_read": how,
    }  # fmt: skip


class _Teller:
    """Say on stderr how far it is, every few seconds."""

    def __init__(self, labels: Labels, quiet: bool) -> None:
        self._labels, self._quiet = labels, quiet
        self._start = self._last = time.monotonic()

    def __call__(self, done: int, total: int | None, rows: int = 0) -> None:
        now = time.monotonic()
        if self._quiet or (now - self._last < 2 and done != total):
            return
        self._last = now
        seconds = round(now - self._start)
        click.echo(
            self._labels(
                "bulk.progress", done=done, total=total or "?", rows=f"{rows:,}", seconds=seconds
            ),
            err=True,
        )
