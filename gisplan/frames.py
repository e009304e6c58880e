"""One table in two forms: the columns that are computed on, and the frame of those who ask for it.

Pandas and geopandas cost more to load than a list takes to check, so a frame is made when
somebody asks for it and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gisplan.columns import Columns

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

Owner = TypeVar("Owner")


class Table:
    """Columns, with what a frame has besides.

    Parameters
    ----------
    columns
        What is in it.
    crs
        System of its column ``geometry``.
    finish
        What is done to a frame that is made of it, such as a type that columns do not know.
    """

    def __init__(
        self,
        columns: Columns | None = None,
        crs: pyproj.CRS | None = None,
        *,
        finish: Callable[[Any], Any] | None = None,
    ) -> None:
        self._columns, self._crs, self._finish = columns, crs, finish

    @classmethod
    def of(cls, frame: Any) -> Table:
        """Take a frame; it is what `frame` will give back."""
        table = cls()
        table.__dict__["frame"] = frame
        return table

    @cached_property
    def frame(self) -> Any:
        """The DataFrame, or GeoDataFrame where there is geometry."""
        made = self.columns.to_frame(crs=self._crs)
        return self._finish(made) if self._finish is not None else made

    @property
    def columns(self) -> Columns:
        """The columns; of a frame that was handed out, as they are now."""
        if "frame" not in self.__dict__ and self._columns is not None:
            return self._columns
        frame = self.frame
        columns = Columns.of(frame)
        if not hasattr(frame, "geometry"):
            return columns
        named = frame.geometry.name
        kept = {name: columns[name] for name in columns if name != named}
        drawn = np.asarray(frame.geometry.array, dtype=object)
        return Columns({**kept, "geometry": drawn}, len(frame))

    @property
    def crs(self) -> pyproj.CRS | None:
        """The system of the geometry."""
        if "frame" not in self.__dict__:
            return self._crs
        import pyproj

        found = self.frame.crs
        return pyproj.CRS(found) if found is not None else None

    @property
    def geometry(self) -> NDArray[np.object_]:
        """The column ``geometry``."""
        if "frame" in self.__dict__:
            return np.asarray(self.frame.geometry.array, dtype=object)
        return self.columns.array("geometry")

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which rows have a geometry that is not empty."""
        import shapely

        drawn = self.geometry
        return np.asarray(~(shapely.is_missing(drawn) | shapely.is_empty(drawn)))


class _Framed:
    """A field that is set as a frame or a `Table` and read as a frame."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, _: type | None = None) -> Any:
        if owner is None:
            return self
        held = owner.__dict__[self.name]
        return held.frame if isinstance(held, Table) else held

    def __set__(self, owner: Any, value: Any) -> None:
        table = value is None or isinstance(value, Table)
        owner.__dict__[self.name] = value if table else Table.of(value)


def framed(*names: str) -> Callable[[type[Owner]], type[Owner]]:
    """Let fields of a dataclass hold frames that are made when they are asked for."""

    def put(owner: type[Owner]) -> type[Owner]:
        for name in names:
            setattr(owner, name, _Framed(name))
        return owner

    return put


def table_of(owner: Any, name: str) -> Table:
    """Return a field of a `framed` class as the table that it holds, without making a frame."""
    held: Table = vars(owner)[name]
    return held


def texts(values: Any) -> NDArray[np.object_]:
    """Return texts, or a column of a frame as text, as columns hold them: ``None`` for none."""
    if hasattr(values, "astype"):
        values = values.astype("str").tolist()
    return np.array([one if isinstance(one, str) else None for one in values], dtype=object)
