"""Parts of a list: how it is cut, and the one function that reads, checks and writes a part."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from gisplan.bulk.kernel import Kernel
from gisplan.columns import Coded, Column, Columns
from gisplan.errors import ProjectsError
from gisplan.io.arrow import arrow_batches, layout_of
from gisplan.io.batches import PARQUET, TEXT, Batch, need_arrow, text_batches
from gisplan.io.writing import write_whole
from gisplan.terms import Outcome

PART: Final = 1_000_000
"""Rows of a part, at least: what is lost where a process is killed."""


_WRITTEN: Final = 1 << 16
"""Cells of a column that are encoded at a time."""


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
    if not found:
        raise ProjectsError("projects_empty", file=", ".join(one.name for one in sources))
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
    tally = np.zeros(len(Outcome), dtype=np.int64)

    def write(beside: Path) -> None:
        writer, done = None, 0
        try:
            for batch in _batches(part, kernel):
                verdicts = kernel.check(batch)
                outcome = verdicts["outcome"]
                assert isinstance(outcome, Coded)
                tally[:] += np.bincount(outcome.codes, minlength=len(Outcome))
                table = joined(kernel.passing(batch.passing), verdicts)
                if writer is None:
                    writer = parquet_writer(beside, table, bare=list(verdicts))
                writer.write_table(table)
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


def _batches(part: Part, kernel: Kernel) -> Iterator[Batch]:
    """Read a part; damage to its source is told as that, and not as a mistake of the target."""
    arrow = need_arrow(".parquet")
    try:
        yield from _read(part, kernel)
    except (arrow.ArrowException, OSError) as error:
        raise ProjectsError("projects_broken", file=part.source.name, reason=error) from None


def _read(part: Part, kernel: Kernel) -> Iterator[Batch]:
    if part.source.suffix.lower() in TEXT:
        return text_batches(part.source, crs=part.crs, encoding=part.encoding)
    return arrow_batches(
        part.source, crs=part.crs, groups=part.groups, rows=kernel.rows, fields=kernel.fields
    )


def joined(passing: Any, verdicts: Columns) -> Any:
    """Put an Arrow table and its verdicts side by side; own columns keep their names.

    A column of the list that is called like one of a verdict gets `` (2)`` behind its name.
    """
    described = (passing.schema.metadata or {}).get(b"geo")
    own = [f"{name} (2)" if name in verdicts else name for name in passing.column_names]
    passing = passing.rename_columns(own)
    for name, column in verdicts.items():
        told = _in_arrow(column)
        # A table without columns has no rows either.
        some = bool(passing.num_columns)
        passing = passing.append_column(name, told) if some else _table(name, told)
    return passing.replace_schema_metadata({b"geo": described} if described else None)


def _table(name: str, column: Any) -> Any:
    return need_arrow(".parquet").table({name: column})


def _in_arrow(column: Column) -> Any:
    """Hand a column to Arrow as it is: what is told once stays told once."""
    arrow = need_arrow(".parquet")
    if not isinstance(column, Coded):
        # As a frame would: a number that is none is missing.
        return arrow.array(column, mask=np.isnan(column))
    missing = column.codes < 0
    width = np.int8 if column.ordered else np.int32
    codes = column.codes.astype(width, copy=False)
    codes = arrow.array(codes, mask=missing if missing.any() else None)
    texts = arrow.array(column.categories, arrow.string())
    return arrow.DictionaryArray.from_arrays(codes, texts, ordered=column.ordered)


def parquet_writer(path: Path, table: Any, *, bare: Sequence[str] = ()) -> Any:
    """Open a file for tables like this one, in which a reader finds text as text.

    Texts that come told once are written so, and doubles are not searched for repetitions:
    nothing is hashed, nor compared. Whole numbers, most of them ids, are told by their steps.
    What a reader finds is written beside (``ARROW:schema``). Columns that are *bare* are not
    compressed: of verdicts, which are codes packed to their bits and metres, a tenth would go.
    """
    arrow = need_arrow(".parquet")
    plain = [one.name for one in table.schema if not arrow.types.is_dictionary(one.type)]
    told = base64.b64encode(schema_of(table).serialize())
    repeated = [name for name in table.column_names if _repeats(table.column(name))]
    whole = [one.name for one in table.schema if arrow.types.is_integer(one.type)]
    codecs = {name: "NONE" if name in bare else "ZSTD" for name in table.column_names}
    writer = arrow.parquet.ParquetWriter(
        path, table.schema, compression=codecs, use_dictionary=repeated, store_schema=False,
        write_statistics=plain, column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
        write_batch_size=_WRITTEN,
    )  # fmt: skip
    writer.add_key_value_metadata({**(table.schema.metadata or {}), b"ARROW:schema": told})
    return writer


def _repeats(column: Any) -> bool:
    """Tell whether it pays to look for repetitions in a column: in few different texts it does."""
    arrow = need_arrow(".parquet")
    kind = column.type
    if not (arrow.types.is_string(kind) or arrow.types.is_large_string(kind)):
        return bool(arrow.types.is_dictionary(kind))
    import pyarrow.compute as pc

    return bool(pc.count_distinct(column).as_py() * 2 <= len(column))


def schema_of(table: Any) -> Any:
    """Return the columns that a result has for a reader: only outcomes are a vocabulary."""
    arrow = need_arrow(".parquet")
    plain = [
        one.with_type(one.type.value_type)
        if arrow.types.is_dictionary(one.type) and not one.type.ordered
        else one
        for one in table.schema
    ]
    return arrow.schema(plain, table.schema.metadata)


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
