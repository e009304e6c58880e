"""Whole lists, part after part in one process or on Dask: the same files, byte for byte."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import shapely

from gisplan.bulk.footers import join_files
from gisplan.bulk.kernel import Kernel
from gisplan.bulk.parts import PART, Part, check_part, made, parts_of
from gisplan.errors import GisplanError, MissingExtra, OutputError, ProjectsError
from gisplan.io.batches import need_arrow
from gisplan.io.columnwise import ColumnHash
from gisplan.io.provenance import parquet_metadata, signed, write_sidecar
from gisplan.io.writing import write_text, write_whole

NOTE: Final = "_gisplan.json"
"""File in a folder of parts that tells what they were made from."""

REACHING: Final = 10
"""Seconds in which a scheduler has to answer."""

_QUIET: Final = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "2s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing": False,
    "distributed.diagnostics.nvml": False,
    # Handing back every page and asking for it again costs a fifth of the work.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}
"""What our own workers need not look at: each task takes a second and holds little memory."""

Progress = Callable[[int, int, int], None]
"""Told parts done, all parts, and rows done."""


def check_files(
    kernel: Kernel,
    sources: Sequence[Path],
    target: Path,
    *,
    crs: str | None = None,
    encoding: str | None = None,
    rows: int = PART,
    progress: Progress | None = None,
    about: Mapping[str, Any] | None = None,
) -> dict[str, int]:
    """Check lists of any length, part after part, in memory that does not grow.

    Parameters
    ----------
    kernel
        The plan.
    sources
        CSV in any encoding, Parquet with longitude and latitude, or GeoParquet.
    target
        A ``.parquet`` file, or a folder that gets one file per part. Parts of a run that
        was cut off are kept beside (``<target>.parts``) and used again, if source, plan and
        version of gisplan are the same.
    crs, encoding
        As in `gisplan.io.projects.intake`.
    rows
        Rows of a part, at least.
    progress
        Called with parts done, their number, and rows done.
    about
        Provenance, for the metadata of a ``.parquet`` or the file beside a folder.

    Returns
    -------
    dict
        Rows by outcome.

    Raises
    ------
    ProjectsError, CrsError, OutputError, MissingExtra
        As for a list that is read at once.
    """
    with _refused_whole(target):
        folder, parts = _prepared(kernel, sources, target, (crs, encoding, rows))
        total: dict[str, int] = {}
        for at, part in enumerate(parts):
            done = sum(total.values())
            tell = partial(_within_part, progress, at, len(parts), done) if progress else None
            _add(total, made(part) or check_part(kernel, part, tell))
            if progress is not None:
                progress(at + 1, len(parts), sum(total.values()))
        _finish(folder, parts, target, about)
        return total


def _folder_of(target: Path) -> Path:
    return target if target.suffix == "" else target.with_name(target.name + ".parts")


@contextlib.contextmanager
def _refused_whole(target: Path) -> Iterator[None]:
    """Leave nothing of a list that is refused before it gave a part; parts are kept."""
    folder = _folder_of(target)
    new = not folder.exists()
    try:
        yield
    except GisplanError:
        if new and folder.is_dir() and [one.name for one in folder.iterdir()] == [NOTE]:
            (folder / NOTE).unlink()
            folder.rmdir()
        raise


def _within_part(progress: Progress, at: int, parts: int, before: int, rows: int) -> None:
    progress(at, parts, before + rows)


def check_partitions(
    kernel: Kernel,
    sources: Sequence[Path],
    target: Path,
    *,
    scheduler: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    rows: int = PART,
    progress: Progress | None = None,
    about: Mapping[str, Any] | None = None,
) -> dict[str, int]:
    """Check the parts of lists on Dask; the same files as `check_files`, byte for byte.

    Parameters
    ----------
    kernel, sources, target, crs, encoding, rows, progress, about
        As `check_files`; all workers must see the files under the same paths.
    scheduler
        Address of a Dask scheduler; by default two workers are started on this machine.

    Raises
    ------
    MissingExtra
        Without the extra ``distributed``.
    """
    try:
        import distributed
    except ImportError:
        raise MissingExtra("extra_missing", name="distributed", extra="distributed") from None
    with _refused_whole(target):
        folder, parts = _prepared(kernel, sources, target, (crs, encoding, rows))
        total: dict[str, int] = {}
        waiting = []
        for part in parts:
            before = made(part)
            if before is None:
                waiting.append(part)
            else:
                _add(total, before)
        with _client(distributed, scheduler) as client:
            plan = client.scatter(kernel, broadcast=True)
            # A worker that dies is replaced without these; they are for what a machine does wrong.
            tasks = client.map(_part, [plan] * len(waiting), waiting, pure=False, retries=3)
            finished: Any = distributed.as_completed
            for at, done in enumerate(finished(tasks, loop=client.loop)):
                _add(total, _counted(done.result()))
                if progress is not None:
                    made_before = len(parts) - len(waiting)
                    progress(made_before + at + 1, len(parts), sum(total.values()))
        _finish(folder, parts, target, about)
        return total


def _part(kernel: Kernel, part: Part) -> dict[str, int] | GisplanError:
    """Check a part on a worker; a user's mistake is a result: tried again, it stays one."""
    try:
        return check_part(kernel, part)
    except GisplanError as error:
        return error


def _counted(told: dict[str, int] | GisplanError) -> dict[str, int]:
    if isinstance(told, GisplanError):
        raise told
    return told


@contextlib.contextmanager
def _client(distributed: Any, scheduler: str | None) -> Iterator[Any]:
    """Connect to a scheduler, or start one with two workers that nobody else can reach."""
    import dask

    with contextlib.ExitStack() as stack:
        if scheduler is None:
            stack.enter_context(dask.config.set(_QUIET))
            scheduler = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0,
                    host="127.0.0.1", silence_logs=logging.CRITICAL,
                )
            )  # fmt: skip
        try:
            client = distributed.Client(scheduler, set_as_default=False, timeout=REACHING)
        except (OSError, ValueError):
            raise OutputError("scheduler_unreachable", address=scheduler) from None
        yield stack.enter_context(client)


def _prepared(
    kernel: Kernel, sources: Sequence[Path], target: Path, asked: tuple[Any, ...]
) -> tuple[Path, list[Part]]:
    """Lay out the parts, and throw away those of another run."""
    crs, encoding, rows = asked
    sources = [one.absolute() for one in _files(sources)]
    folder = _folder_of(target)
    if target.suffix not in ("", ".parquet"):
        raise OutputError("output_suffix", path=target, allowed=".parquet")
    # Parts of another run are thrown away: a list must not be among them.
    if folder.resolve() in {one.resolve().parent for one in sources}:
        raise OutputError("output_is_input", path=target)
    parts = parts_of(sources, folder.absolute(), crs=crs, encoding=encoding, rows=rows)
    note = json.dumps(_made_from(kernel, sources, asked), indent=1, sort_keys=True)
    beside = folder / NOTE
    if folder.is_dir() and (not beside.is_file() or beside.read_text("utf-8") != note):
        strange = [one for one in folder.iterdir() if not one.match("part-*.parquet")]
        if any(one.name != NOTE for one in strange) or (not strange and any(folder.iterdir())):
            raise OutputError("output_folder_used", path=folder)
        for old in folder.glob("part-*.parquet"):
            old.unlink()
    write_text(beside, note)
    return folder, parts


def _files(sources: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for one in sources:
        inside = sorted(one.glob("*.parquet")) if one.is_dir() else [one]
        if not inside or not all(file.is_file() for file in inside):
            raise ProjectsError("projects_missing", file=one)
        found += inside
    return found


def _made_from(kernel: Kernel, sources: Sequence[Path], asked: tuple[Any, ...]) -> dict[str, Any]:
    plan = hashlib.sha256(kernel.definition.model_dump_json().encode())
    row: Any
    for row in kernel.areas.itertuples(index=False):
        plan.update(f"{row.kind}:{row.id}:".encode())
        plan.update(b"" if row.geometry is None else bytes(shapely.to_wkb(row.geometry)))
    # The folders of one's machine are nobody else's business: a hash tells them apart.
    stats = [
        (one.name, hashlib.sha256(str(one).encode()).hexdigest()[:16], one.stat().st_size,
         one.stat().st_mtime_ns)
        for one in sources
    ]  # fmt: skip
    return {
        "gisplan": kernel.version, "plan": plan.hexdigest(), "plan_sha256": kernel.sha256,
        "sources": stats, "asked": list(asked), "fields": kernel.fields,
        "columns": kernel.columns,
    }  # fmt: skip


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for outcome, count in more.items():
        total[outcome] = total.get(outcome, 0) + count


def _finish(
    folder: Path, parts: Sequence[Part], target: Path, about: Mapping[str, Any] | None
) -> None:
    """Join the parts into one file where one was asked for, row group by row group."""
    if target.suffix == "":
        if about is not None:
            write_sidecar(target, signed(about))
        return
    files = [part.target for part in parts]

    def write(beside: Path) -> None:
        told: dict[str, str] = {}
        if about is not None:
            hashed = ColumnHash()
            for table in _tables(files):
                hashed.update(table)
            told = parquet_metadata(signed({**about, "content_sha256": hashed.hexdigest()}))
        if not join_files(files, beside, {k.encode(): v.encode() for k, v in told.items()}):
            _join_values(files, beside, told)

    write_whole(target, write)
    for part in parts:
        part.target.unlink()
    (folder / NOTE).unlink()
    folder.rmdir()


def _tables(files: Sequence[Path]) -> Iterator[Any]:
    """Read the row groups of all parts, in the columns of the first."""
    arrow = need_arrow(".parquet")
    schema = None
    for one in files:
        with arrow.parquet.ParquetFile(one) as file:
            schema = schema or file.schema_arrow
            for at in range(file.num_row_groups):
                yield file.read_row_group(at).cast(schema)


def _join_values(files: Sequence[Path], target: Path, told: Mapping[str, str]) -> None:
    """Join parts whose columns differ in how they are stored, value by value."""
    arrow, tables = need_arrow(".parquet"), _tables(files)
    first = next(tables)
    with arrow.parquet.ParquetWriter(target, first.schema, compression="zstd") as writer:
        for table in itertools.chain([first], tables):
            writer.write_table(table)
        if told:
            writer.add_key_value_metadata(dict(told))
