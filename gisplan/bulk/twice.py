"""Ids given to more than one row of a list that was checked in parts: exact, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gisplan.io.batches import BATCH, need_arrow
from gisplan.io.identity import id_key
from gisplan.io.text import cell_text, match_headers

MOST: Final = 10_000_000
"""Rows up to which ids are compared: 8 bytes each, and as much again to join them."""
_SIMPLE: Final = r"^[0-9A-Za-z.\-]*$"


class Repeated(NamedTuple):
    """Rows whose id another row has too, some of these ids, and whether anyone looked."""

    rows: int
    ids: tuple[str, ...]
    looked: bool


def repeated_ids(target: Path, *, most: int = MOST) -> Repeated:
    """Find ids that a list gives twice, told apart as `gisplan.io.identity.id_key` does.

    Parameters
    ----------
    target
        What `gisplan.bulk.check_files` wrote: a file or a folder of parts.
    most
        Rows beyond which nothing is compared.

    Notes
    -----
    Hashes of 64 bits are compared first; the ids of those that are equal are then compared
    themselves, so an accident of two hashes is no finding.
    """
    files = sorted(target.glob("part-*.parquet")) if target.is_dir() else [target]
    arrow = need_arrow(".parquet")
    rows = sum(arrow.parquet.read_metadata(one).num_rows for one in files)
    if rows > most:
        return Repeated(0, (), looked=False)
    parts = (_hashes(keys) for keys in _keys(files))
    found = np.concatenate([np.empty(0, dtype=np.uint64), *parts])
    found.sort()
    alike = np.unique(found[1:][found[1:] == found[:-1]])
    if not len(alike):
        return Repeated(0, (), looked=True)
    counts: Counter[str] = Counter()
    for keys in _keys(files):
        counts.update(keys[np.isin(_hashes(keys), alike)].tolist())
    twice = [key for key, count in counts.items() if count > 1]
    return Repeated(sum(counts[key] for key in twice), tuple(twice[:5]), looked=True)


def _keys(files: Sequence[Path]) -> Iterator[NDArray[np.object_]]:
    """Yield what tells the ids of a list apart, without rows that have none."""
    arrow = need_arrow(".parquet")
    for one in files:
        with arrow.parquet.ParquetFile(one) as file:
            names = file.schema_arrow.names
            field = match_headers(names).get("id")
            if field is None:
                continue
            for batch in file.iter_batches(BATCH, columns=[names[field]], use_threads=False):
                yield _plain(batch.column(0))


def _plain(column: Any) -> NDArray[np.object_]:
    """Return the ids as they are compared; what has no marks or blanks needs no more than case."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = pa.array([cell_text(one) for one in column.to_pylist()], pa.string())
    column = column.drop_null()
    lower = np.array(pc.ascii_lower(column).to_pylist(), dtype=object)
    simple = pc.match_substring_regex(column, _SIMPLE).to_pylist()
    for at in np.flatnonzero(~np.array(simple, dtype=bool)):
        lower[at] = id_key(cell_text(column[int(at)].as_py()))
    return lower[lower != ""]


def _hashes(keys: NDArray[np.object_]) -> NDArray[np.uint64]:
    import pandas as pd

    return pd.util.hash_array(keys, categorize=False)
