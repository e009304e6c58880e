"""``check --engine``: a list longer than memory, part after part or on Dask."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import click

from gisplan.cli.options import Listing, opened, wrote
from gisplan.errors import OutputError
from gisplan.labels import Labels

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
    *, scheduler: str | None, dask: bool, strict: bool, quiet: bool,
) -> int:  # fmt: skip
    """Judge a list part after part, or on Dask; the verdicts go to Parquet, as codes."""
    if output is None or output.suffix.lower() not in ("", ".parquet"):
        raise OutputError("bulk_output", path=output or "-")
    if output.exists() and projects.path.exists() and output.samefile(projects.path):
        raise OutputError("output_is_input", path=output)
    plan = opened(plan_folder, labels, quiet=quiet)
    from gisplan import __version__
    from gisplan.bulk import Kernel, check_files, check_partitions

    kernel = Kernel(plan.definition, plan.areas, plan.sha256, __version__)
    tell = _Teller(labels, quiet)
    if dask:
        tally = check_partitions(
            kernel, [projects.path], output, scheduler=scheduler, crs=projects.crs, progress=tell
        )
    else:
        tally = check_files(
            kernel, [projects.path], output,
            crs=projects.crs, encoding=projects.encoding, progress=tell,
        )  # fmt: skip
    if not quiet:
        counts = "，".join(f"{labels(f'outcome.{one}')} {count}" for one, count in tally.items())
        counts = counts if labels.language == "zh" else counts.replace("，", ", ")
        click.echo(labels("bulk.counts", rows=f"{sum(tally.values()):,}", counts=counts), err=True)
    wrote(output, labels, quiet=quiet)
    return int(strict and tally["fail"] > 0)


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
