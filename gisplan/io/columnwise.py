"""Long Parquet tables as columns: to hash what was written and to find where two differ.

What `gisplan.io.cellwise` does cell by cell, in memory that does not grow with the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.io.cellwise import plain, same

ROWS: Final = 1 << 16
"""Rows that are held at a time."""


class Differing(NamedTuple):
    """A cell in which two tables differ; ``row`` counts from 0, ``None`` is a whole column."""

    row: int | None
    column: str
    found: Any
    expected: Any


class ColumnHash:
    """The sha256 of what a table says, given to it in slices, however they are cut."""

    def __init__(self) -> None:
        self._columns: dict[str, tuple[str, Any, Any]] = {}
        self.rows = 0

    def update(self, table: Any) -> None:
        """Take the next rows of an Arrow table."""
        self.rows += len(table)
        for name, column in zip(table.column_names, table.columns, strict=True):
            kind = str(_plain_type(column.type))
            if name not in self._columns:
                self._columns[name] = (kind, hashlib.sha256(), hashlib.sha256())
            _, sizes, values = self._columns[name]
            for chunk in column.chunks:
                for hashed, data in zip((sizes, values), _bytes(chunk), strict=True):
                    hashed.update(data)

    def hexdigest(self) -> str:
        """Return the hash of all that was taken."""
        whole = hashlib.sha256(str(self.rows).encode())
        for name, (kind, sizes, values) in self._columns.items():
            said = f"\0{name}\0{kind}\0{sizes.hexdigest()}\0{values.hexdigest()}"
            whole.update(said.encode("utf-8", "replace"))
        return whole.hexdigest()


def parquet_hash(path: Path) -> str:
    """Return the `ColumnHash` of a Parquet file."""
    told = ColumnHash()
    for table in _slices(path):
        told.update(table)
    return told.hexdigest()


def differing(found: Path, expected: Path) -> Iterator[Differing]:
    """Yield every cell in which two Parquet files differ, row beside row in their order.

    A column that one of them lacks is told once; rows that one has more are told by their
    first column.
    """
    ours, theirs = _slices(expected), _slices(found)
    one, other, at = next(ours, None), next(theirs, None), 0
    names = list(one.column_names) if one is not None else []
    have = list(other.column_names) if other is not None else []
    yield from (Differing(None, name, None, name) for name in names if name not in have)
    yield from (Differing(None, name, name, None) for name in have if name not in names)
    shared = [name for name in names if name in have]
    while one is not None and other is not None:
        rows = min(len(one), len(other))
        for name in shared:
            yield from _cells(name, other.column(name)[:rows], one.column(name)[:rows], at)
        at += rows
        one = one.slice(rows) if len(one) > rows else next(ours, None)
        other = other.slice(rows) if len(other) > rows else next(theirs, None)
    while one is not None:
        yield from (Differing(at + row, "", None, row) for row in range(len(one)))
        at, one = at + len(one), next(ours, None)
    while other is not None:
        yield from (Differing(at + row, "", row, None) for row in range(len(other)))
        at, other = at + len(other), next(theirs, None)


def ids(path: Path, column: str, rows: list[int]) -> dict[int, str]:
    """Return the cells of one column at a few rows."""
    wanted, at = sorted(set(rows)), 0
    told: dict[int, str] = {}
    for table in _slices(path, [column]):
        inside = [row for row in wanted if at <= row < at + len(table)]
        told |= {row: str(table.column(0)[row - at].as_py() or "") for row in inside}
        at += len(table)
        if not wanted or at > wanted[-1]:
            break
    return told


def _slices(path: Path, columns: list[str] | None = None) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pa.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS, columns=columns, use_threads=False):
                if len(batch):
                    yield pa.Table.from_batches([batch])
    except pa.ArrowException as error:
        raise ValueError(error) from None


def _cells(name: str, found: Any, expected: Any, at: int) -> Iterator[Differing]:
    if found.type == expected.type and _same_column(found, expected):
        return
    got, want = found.to_pylist(), expected.to_pylist()
    for row, (one, other) in enumerate(zip(got, want, strict=True)):
        if one is other or one == other:
            continue
        left, right = _cell(one), _cell(other)
        if not same(left, right):
            yield Differing(at + row, name, left, right)


def _same_column(found: Any, expected: Any) -> bool:
    import pyarrow as pa

    if not pa.types.is_floating(found.type):
        return bool(found.equals(expected))
    one, other = (side.to_numpy() for side in (found, expected))
    return bool(np.array_equal(one, other, equal_nan=True))


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return shapely.from_wkb(value)
        except shapely.errors.GEOSException:
            return value.hex()
    return plain(value)


def _plain_type(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _bytes(chunk: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what is missing or how long each cell is, and the cells end to end."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(chunk.type):
        chunk = chunk.dictionary_decode()
    missing = chunk.is_null().to_numpy(zero_copy_only=False)
    kind = chunk.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        values = pc.fill_null(chunk, 0).to_numpy(zero_copy_only=False)
        return missing.astype("i4"), np.ascontiguousarray(values)
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        text = chunk.cast(pa.large_string()) if _has_text(kind) else pa.array(
            [None if one is None else repr(one) for one in chunk.to_pylist()], pa.large_string()
        )  # fmt: skip
        chunk = text.cast(pa.large_binary())
    filled = pc.fill_null(chunk.cast(pa.large_binary()), b"")
    lengths = pc.binary_length(filled).to_numpy(zero_copy_only=False).astype("i4")
    data = np.frombuffer(b"".join(filled.to_pylist()), np.uint8)
    return np.where(missing, -1, lengths).astype("i4"), data


def _has_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
