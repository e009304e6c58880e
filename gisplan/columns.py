"""Tables without pandas: named columns of equal length, and texts that are told once for many rows.

What the engine computes on. `Columns.to_frame` is the door to pandas and `Columns.of` the way
back; only they import it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Floats = NDArray[np.float64]
Rows: TypeAlias = "NDArray[Any] | slice"


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of few different texts: each once, and which of them stands in each row.

    Attributes
    ----------
    codes
        Whole numbers; -1 where the text is missing.
    categories
        The texts, each once; they need not all occur.
    ordered
        Whether the categories are a closed vocabulary in its own order (outcomes) and so
        become categories of a frame; else they become plain text.
    """

    codes: NDArray[Any]
    categories: tuple[str, ...]
    ordered: bool = False

    @classmethod
    def of(cls, texts: Iterable[Any]) -> Coded:
        """Tell texts apart, in the order in which they come; ``None`` and NaN are missing."""
        told = list(texts)
        codes: dict[Any, int] = dict.fromkeys(told, -1)
        known: list[str] = []
        for said in codes:
            if said is not None and said == said:
                codes[said] = len(known)
                known.append(said)
        return cls(np.fromiter(map(codes.__getitem__, told), np.int32, len(told)), tuple(known))

    @classmethod
    def always(cls, text: str, rows: int) -> Coded:
        """Say the same in every row."""
        return cls(np.zeros(rows, dtype=np.int8), (text,))

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Rows) -> Coded:
        """Return some of the rows; the categories stay."""
        return Coded(self.codes[rows], self.categories, self.ordered)

    def reads(self, text: str) -> NDArray[np.bool_]:
        """Where the column has this text."""
        if text not in self.categories:
            return np.zeros(len(self.codes), dtype=bool)
        return np.asarray(self.codes == self.categories.index(text), dtype=bool)

    def texts(self) -> NDArray[np.object_]:
        """Return the text of each row, ``None`` where it is missing."""
        return np.array([*self.categories, None], dtype=object)[self.codes]


@dataclass(frozen=True, eq=False)
class Keys:
    """Whole numbers from 0, told apart: the ``unique`` ones, ascending, and ``which`` each is."""

    unique: NDArray[np.int64]
    which: NDArray[Any]

    @classmethod
    def of(cls, keys: NDArray[Any], limit: int) -> Keys:
        """Tell keys apart that are all below a limit; the same, whichever way is cheaper."""
        if limit > 4 * len(keys) + 1024:
            # Neighbours are often alike, and of those only the first is looked at.
            first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
            unique, which = np.unique(keys[first], return_inverse=True)
            return cls(unique, np.repeat(which, np.diff(first, append=len(keys))))
        there = np.zeros(limit, dtype=bool)
        there[keys] = True
        unique = np.flatnonzero(there)
        small = np.int16 if len(unique) < 1 << 15 else np.int64
        return cls(unique, (np.cumsum(there) - 1).astype(small)[keys])


Column: TypeAlias = "NDArray[Any] | Coded"


class Columns(Mapping[str, Column]):
    """An ordered mapping of names to columns of equal length; nothing in it is ever changed.

    Numbers and truths are numpy arrays (NaN where a number is missing), texts object arrays
    of ``str`` or ``None``, or `Coded`; geometry is an object array called ``geometry``.

    Parameters
    ----------
    columns
        By name, in order.
    rows
        Their length, where there may be no column to tell it.
    """

    def __init__(self, columns: Mapping[str, Column], rows: int | None = None) -> None:
        self._columns = dict(columns)
        lengths = {len(one) for one in self._columns.values()}
        lengths |= {rows} if rows is not None else set()
        if len(lengths) > 1:
            raise ValueError(f"columns of different length: {sorted(lengths)}")
        self.rows = lengths.pop() if lengths else 0
        """How many rows; ``len`` counts the columns, as of any mapping."""

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def array(self, name: str) -> NDArray[Any]:
        """Return a column as an array, texts as objects."""
        column = self._columns[name]
        return column.texts() if isinstance(column, Coded) else column

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers; NaN for what is none, or where there is no such column."""
        if name not in self._columns:
            return np.full(self.rows, np.nan)
        found = self.array(name)
        if found.dtype.kind != "O":
            return np.asarray(found, dtype=float)
        told = [one if isinstance(one, int | float) else np.nan for one in found]
        return np.array(told, dtype=float)

    def coded(self, name: str) -> Coded:
        """Return a column of text, each text once; all missing where there is no such column."""
        if name not in self._columns:
            return Coded(np.full(self.rows, -1, dtype=np.int8), ())
        column = self._columns[name]
        return column if isinstance(column, Coded) else Coded.of(column)

    def texts(self, name: str) -> NDArray[np.object_]:
        """Return a column of text as ``str`` or ``None``; all ``None`` where there is none."""
        if name not in self._columns:
            return np.full(self.rows, None, dtype=object)
        return np.asarray(self.array(name), dtype=object)

    def take(self, rows: Rows) -> Columns:
        """Return some of the rows."""
        columns = {
            name: one.take(rows) if isinstance(one, Coded) else one[rows]
            for name, one in self._columns.items()
        }
        return Columns(columns, len(np.empty(self.rows, dtype=np.int8)[rows]))

    def also(self, **columns: Column) -> Columns:
        """Return the same with columns put behind, or in the place of those of that name."""
        return Columns({**self._columns, **columns}, self.rows)

    @classmethod
    def joined(
        cls, parts: Sequence[Columns], order: Sequence[NDArray[np.int64]] | None = None
    ) -> Columns:
        """Put tables of the same columns below one another.

        ``order`` tells for each part which rows of the whole its rows are.
        """
        return cls(
            {name: _joined([one[name] for one in parts], order) for name in parts[0]},
            sum(one.rows for one in parts),
        )

    def to_frame(self, index: pd.Index | None = None, *, crs: Any = None) -> Any:
        """Return a DataFrame: texts as ``str``, vocabularies as ordered categories.

        Parameters
        ----------
        index
            Labels of the rows; by default their numbers.
        crs
            System of ``geometry``; where it is given the result is a GeoDataFrame.
        """
        import pandas as pd

        index = pd.RangeIndex(self.rows) if index is None else index
        columns = {
            name: one if name == "geometry" else _for_pandas(one)
            for name, one in self._columns.items()
        }
        frame = pd.DataFrame(columns, index=index)
        if crs is None:
            return frame
        import geopandas as gpd

        drawn = gpd.GeoSeries(self.array("geometry"), index=index, crs=crs)
        return gpd.GeoDataFrame(frame.assign(geometry=drawn), geometry="geometry", crs=crs)

    @classmethod
    def of(cls, frame: pd.DataFrame | gpd.GeoDataFrame, *names: str) -> Columns:
        """Take the columns of a frame (those of *names* that it has, or all); no index, no CRS."""
        chosen = [name for name in names or map(str, frame.columns) if name in frame]
        return cls({name: _from_pandas(frame[name]) for name in chosen}, len(frame))


def _joined(parts: Sequence[Column], order: Sequence[NDArray[np.int64]] | None) -> Column:
    first = parts[0]
    if not isinstance(first, Coded):
        return _end_to_end([np.asarray(one) for one in parts], order)
    known: dict[str, int] = {}
    codes = []
    for one in parts:
        assert isinstance(one, Coded)
        own = [known.setdefault(text, len(known)) for text in one.categories]
        if own != list(range(len(own))):
            # -1 is the last of the list: missing stays missing.
            codes.append(np.array([*own, -1], dtype=np.int32)[one.codes])
        else:
            codes.append(one.codes)
    whole = _end_to_end(codes, order)
    kept = first.categories == tuple(known)
    return Coded(
        whole.astype(first.codes.dtype if kept else np.int32, copy=False),
        tuple(known), first.ordered,
    )  # fmt: skip


def _end_to_end(
    parts: Sequence[NDArray[Any]], order: Sequence[NDArray[np.int64]] | None
) -> NDArray[Any]:
    if order is None:
        return np.concatenate(parts)
    whole = np.empty(sum(map(len, parts)), dtype=np.result_type(*parts))
    for one, rows in zip(parts, order, strict=True):
        whole[rows] = one
    return whole


def _for_pandas(column: Column) -> Any:
    import pandas as pd

    if not isinstance(column, Coded):
        return pd.array(column, dtype="str") if column.dtype.kind == "O" else column
    if column.ordered:
        dtype = pd.CategoricalDtype(list(column.categories), ordered=True)
        return pd.Categorical.from_codes(column.codes, dtype=dtype)
    return pd.array([*column.categories, None], dtype="str").take(column.codes)


def _from_pandas(series: pd.Series) -> Column:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        texts = tuple(dtype.categories.tolist())
        return Coded(series.cat.codes.to_numpy(), texts, bool(dtype.ordered))
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return series.to_numpy()
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype):
        return series.to_numpy(dtype=float, na_value=np.nan)
    found = np.array(series.array, dtype=object)
    found[series.isna().to_numpy()] = None
    return found
