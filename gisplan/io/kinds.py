"""Values that a file has no kind for -> text: whole, dates with their offset, lists as JSON."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

MOST_DIGITS: Final = 10**15
"""Whole numbers from here on do not fit into a spreadsheet's 15 digits."""
_WHOLE_64: Final = 2**63 - 1
_WHOLE_FLOAT: Final = 2**53
"""Whole numbers up to here are floats, too: as such GDAL takes a column that misses some."""


def told(value: Any) -> str:
    """Write any value as text from which nothing is left out.

    A list, dict or array is JSON (``str`` of a long array would leave its middle out), anything
    else its ``str``: a moment has the offset it was noted with.
    """
    if isinstance(value, list | tuple | dict) or (hasattr(value, "tolist") and _many(value)):
        try:
            return json.dumps(value, ensure_ascii=False, default=_part)
        except (TypeError, ValueError, RecursionError):
            return str(value)
    return str(value)


def storable(frame: gpd.GeoDataFrame, *, parquet: bool = False) -> gpd.GeoDataFrame:
    """Turn columns into text that a GIS file could not hold, or only with a loss.

    Parameters
    ----------
    frame
        Any frame; its geometry is left alone.
    parquet
        GeoParquet keeps moments with one zone, decimals, lists and bytes as they are; GDAL's
        formats keep moments to the millisecond and without a zone, and no spans of time.

    Returns
    -------
    GeoDataFrame
        The same rows and columns; missing stays missing.
    """
    kept = _arrow_keeps if parquet else _gdal_keeps
    own = [one for one in range(frame.shape[1]) if frame.columns[one] != frame.geometry.name]
    odd = [one for one in own if not kept(frame.iloc[:, one])]
    if not odd:
        return frame
    frame = frame.copy(deep=False)
    for at in odd:
        frame.isetitem(at, _as_text(frame.iloc[:, at]).array)
    return frame


def _many(value: Any) -> bool:
    return bool(getattr(value, "ndim", 0))


def _part(value: Any) -> Any:
    """What stands inside a list and is no JSON."""
    return value.tolist() if hasattr(value, "tolist") else _for_machines(value)


def _for_machines(value: Any) -> str:
    # ISO 8601 to the letter, which drivers know; a pandas Timestamp is a date, too.
    return value.isoformat() if isinstance(value, dt.date | dt.time) else told(value)


def _as_text(column: pd.Series) -> pd.Series:
    import pandas as pd

    cells = [None if lost else _for_machines(one)
             for one, lost in zip(column.astype("object"), column.isna(), strict=True)]  # fmt: skip
    return pd.Series(cells, index=column.index, dtype="object")


def _gdal_keeps(column: pd.Series) -> bool:
    import pandas as pd

    kind, known = column.dtype, column.dropna()
    if pd.api.types.is_datetime64_any_dtype(kind):
        if getattr(kind, "tz", None) is not None:
            return False
        return bool((known == known.dt.floor("ms")).all())
    if pd.api.types.is_integer_dtype(kind):
        most = _WHOLE_64 if len(known) == len(column) else _WHOLE_FLOAT
        return known.empty or (int(known.max()) <= most and int(known.min()) >= -most)
    if kind == "float16" or isinstance(kind, pd.SparseDtype):
        return False
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_float_dtype(kind):
        return True
    if isinstance(kind, pd.StringDtype):
        return True
    if kind != "object":
        return False
    said = pd.api.types.infer_dtype(known, skipna=True)
    return said in ("string", "empty", "date")


def _arrow_keeps(column: pd.Series) -> bool:
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype | pd.IntervalDtype | pd.SparseDtype):
        return False  # only pandas would know them again, and it does not write the last
    if column.dtype.kind == "c":
        return False
    if column.dtype != "object":
        return True
    zones = {one.utcoffset() for one in column.dropna() if isinstance(one, dt.datetime)}
    if len(zones) > 1:
        return False  # Arrow would move them all into the zone of the first
    import pyarrow as pa

    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return False
    return True
