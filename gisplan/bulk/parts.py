"""Parts of a list: how it is cut, and the one function that reads, checks and writes a part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from gisplan.bulk.kernel import Kernel
from gisplan.errors import ProjectsError
from gisplan.io.arrow import arrow_batches, layout_of
from gisplan.io.batches import PARQUET, TEXT, Batch, need_arrow, text_batches
from gisplan.io.writing import write_whole
from gisplan.terms import Outcome

PART: Final = 1_000_000
"""Rows of a part, at least: what is lost where a process is killed."""


@dataclass(frozen=True)
class Part:
    """Some row groups of a Parquet file, or a whole text file, and where its verdicts go."""

    source: Path
    groups: tuple[int, ...] | None
    target: Path
    crs: str | None = None
    encoding: str | None = None


def parts_of(
    sources: Sequence[Path], folder: Path, *, crs: str | None = None, encoding: str | None = None,
    rows: int = PART,
) -> list[Part]:  # fmt: skip
    """Cut files into parts of about *rows* rows, each whole row groups; text is one part."""
    found: list[tuple[Path, tuple[int, ...] | None]] = []
    for source in sources:
        if source.suffix.lower() in TEXT:
            found.append((source, None))
        elif source.suffix.lower() in PARQUET:
            found += [(source, groups) for groups in _grouped(source, rows)]
        else:
            allowed = " ".join((*TEXT, *PARQUET))
            raise ProjectsError(
                "projects_suffix", file=source, suffix=source.suffix or "-", allowed=allowed
            )
    return [
        Part(source, groups, folder / f"part-{at:05d}.parquet", crs, encoding)
        for at, (source, groups) in enumerate(found)
    ]


def _grouped(source: Path, rows: int) -> Iterator[tuple[int, ...]]:
    arrow = need_arrow(source.suffix)
    layout_of(source)  # refuses what holds no places
    with arrow.parquet.ParquetFile(source) as file:
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    waiting: list[int] = []
    for at, _ in enumerate(sizes):
        waiting.append(at)
        if sum(sizes[one] for one in waiting) >= rows:
            yield tuple(waiting)
            waiting = []
    if waiting:
        yield tuple(waiting)


def check_part(
    kernel: Kernel, part: Part, progress: Callable[[int], None] | None = None
) -> dict[str, int]:
    """Check one part and write its verdicts; return how many rows have which outcome.

    The file appears whole or not at all. Made again, it has the same bytes.
    """
    arrow = need_arrow(".parquet")
    tally = np.zeros(len(Outcome), dtype=np.int64)

    def write(beside: Path) -> None:
        writer, done = None, 0
        try:
            for batch in _batches(part):
                verdicts = kernel.check(batch)
                tally[:] += np.bincount(verdicts["outcome"].cat.codes, minlength=len(Outcome))
                table = joined(batch.passing, verdicts)
                if writer is None:
                    schema = table.schema
                    writer = arrow.parquet.ParquetWriter(beside, schema, compression="zstd")
                writer.write_table(table.cast(writer.schema))
                done += len(table)
                if progress is not None:
                    progress(done)
        finally:
            if writer is not None:
                writer.close()
        if writer is None:
            raise ProjectsError("projects_empty", file=part.source.name)

    write_whole(part.target, write)
    return dict(zip((one.value for one in Outcome), tally.tolist(), strict=True))


def _batches(part: Part) -> Iterator[Batch]:
    if part.source.suffix.lower() in TEXT:
        return text_batches(part.source, crs=part.crs, encoding=part.encoding)
    return arrow_batches(part.source, crs=part.crs, groups=part.groups)


def joined(passing: Any, verdicts: pd.DataFrame) -> Any:
    """Put an Arrow table and its verdicts side by side; own columns keep their names.

    A column of the list that is called like one of a verdict gets `` (2)`` behind its name.
    """
    arrow = need_arrow(".parquet")
    described = (passing.schema.metadata or {}).get(b"geo")
    names = {str(name) for name in verdicts}
    own = [f"{name} (2)" if name in names else name for name in passing.column_names]
    passing = passing.rename_columns(own)
    told = arrow.Table.from_pandas(verdicts, preserve_index=False).replace_schema_metadata(None)
    for at, one in enumerate(told.schema):
        column = told.column(at)
        if arrow.types.is_large_string(one.type):
            column = column.cast(arrow.string())
        passing = passing.append_column(one.name, column)
    return passing.replace_schema_metadata({b"geo": described} if described else None)


def made(part: Part) -> dict[str, int] | None:
    """Count the outcomes of a part that is there already, whole; ``None`` where it is not."""
    if not part.target.is_file():
        return None
    arrow = need_arrow(".parquet")
    try:
        with arrow.parquet.ParquetFile(part.target) as file:
            tally = dict.fromkeys((one.value for one in Outcome), 0)
            for batch in file.iter_batches(columns=["outcome"]):
                for one in batch.column(0).value_counts():
                    tally[one["values"].as_py()] += one["counts"].as_py()
    except (arrow.ArrowException, OSError, KeyError, IndexError):
        return None
    return tally
