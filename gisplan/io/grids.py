"""Grids of square cells -> Cloud-Optimised GeoTIFFs, by windows, whole or not at all."""

from __future__ import annotations

import glob
import math
import secrets
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyproj
from numpy.typing import NDArray

from gisplan.io.rasters import CACHE_MB
from gisplan.io.writing import write_whole

TILE: Final = 512


@dataclass(frozen=True)
class Grid:
    """Square cells, north up, in a projected CRS: west and north edge, cell size in metres."""

    west: float
    north: float
    cell: float
    rows: int
    columns: int
    crs: pyproj.CRS

    @classmethod
    def over(cls, bounds: tuple[float, float, float, float], cell: float, crs: pyproj.CRS) -> Grid:
        """Return the grid that holds bounds, its edges at whole multiples of the cell."""
        west, south = (math.floor(one / cell) * cell for one in bounds[:2])
        east, north = (math.ceil(one / cell) * cell for one in bounds[2:])
        rows, columns = round((north - south) / cell), round((east - west) / cell)
        return cls(west, north, cell, max(rows, 1), max(columns, 1), crs)

    def centres(self, row: int, column: int, rows: int, columns: int) -> tuple[Any, Any]:
        """Return easting of columns and northing of rows of a window, at cell centres."""
        x = self.west + (column + np.arange(columns) + 0.5) * self.cell
        y = self.north - (row + np.arange(rows) + 0.5) * self.cell
        return x, y

    def inside(
        self, shape: Any, window: tuple[int, int, int, int] | None = None
    ) -> NDArray[np.bool_]:
        """Tell which cells (of a window) have their centre in a shape."""
        import rasterio
        from rasterio.features import rasterize

        row, column, rows, columns = window or (0, 0, self.rows, self.columns)
        west, north = self.west + column * self.cell, self.north - row * self.cell
        place = rasterio.Affine(self.cell, 0, west, 0, -self.cell, north)
        burnt = rasterize([shape], out_shape=(rows, columns), transform=place, dtype="uint8")
        return np.asarray(burnt, dtype=bool)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return (
            self.west, self.north - self.rows * self.cell,
            self.west + self.columns * self.cell, self.north,
        )  # fmt: skip

    def windows(self, size: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield row, column, rows, columns of square windows, row by row."""
        for row in range(0, self.rows, size):
            for column in range(0, self.columns, size):
                yield row, column, min(size, self.rows - row), min(size, self.columns - column)


@dataclass(frozen=True)
class Band:
    """What a band of a written raster is: a name, a unit and a sentence."""

    name: str
    unit: str


def write_cog(
    path: Path,
    grid: Grid,
    parts: Iterator[tuple[tuple[int, int, int, int], NDArray[Any]]],
    *,
    bands: tuple[Band, ...],
    tags: Mapping[str, str],
) -> None:
    """Write windows as one Cloud-Optimised GeoTIFF, float32 with NaN for no data.

    Parameters
    ----------
    path
        The file; it appears whole or not at all.
    grid
        Where the cells are.
    parts
        A window (row, column, rows, columns) and its values (bands x rows x columns), in
        any order; memory does not grow with their number.
    bands
        Name and unit of each band.
    tags
        Provenance, as plain text.
    """
    import rasterio
    from rasterio.shutil import copy
    from rasterio.windows import Window

    profile = {
        "driver": "GTiff", "width": grid.columns, "height": grid.rows, "count": len(bands),
        "dtype": "float32", "nodata": float("nan"), "crs": rasterio.CRS.from_wkt(grid.crs.to_wkt()),
        "transform": rasterio.Affine(grid.cell, 0, grid.west, 0, -grid.cell, grid.north),
        "tiled": True, "blockxsize": TILE, "blockysize": TILE, "compress": "deflate",
        "zlevel": 1, "interleave": "band", "bigtiff": "IF_SAFER",
    }  # fmt: skip

    def write(beside: Path) -> None:
        # Named as `write_whole` names its own, so that what a killed run leaves is found.
        plain = beside.with_name(f"{beside.stem[:-8]}{secrets.token_hex(4)}{beside.suffix}")
        try:
            with rasterio.open(plain, "w", **profile) as made:
                for (row, column, rows, columns), values in parts:
                    made.write(values.astype(np.float32), window=Window(column, row, columns, rows))
                for at, band in enumerate(bands, start=1):
                    made.set_band_description(at, band.name)
                made.units = tuple(band.unit for band in bands)
                made.update_tags(**tags)
            copy(
                plain, beside, driver="COG", COMPRESS="DEFLATE", BLOCKSIZE=str(TILE),
                OVERVIEW_RESAMPLING="NEAREST", BIGTIFF="IF_SAFER", NUM_THREADS="2", LEVEL="1",
            )  # fmt: skip
            _confirm(beside, grid)
        except rasterio.errors.RasterioError as error:
            raise OSError(5, str(error.__cause__ or error)) from error
        finally:
            for left in (plain, *beside.parent.glob(f"{glob.escape(beside.name)}.*")):
                left.unlink(missing_ok=True)

    with rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
        write_whole(path, write)


def read_tag(path: Path, name: str) -> str:
    """Return a tag of a GeoTIFF, ``""`` where it has none of that name.

    Raises
    ------
    ValueError
        Where it is no GeoTIFF.
    """
    import rasterio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(path.absolute(), driver="GTiff") as held:
                return str(held.tags().get(name, ""))
    except rasterio.errors.RasterioError as error:
        raise ValueError(error) from None


def _confirm(path: Path, grid: Grid) -> None:
    """Read back the shape and the last corner: some writers report success on a full disk."""
    import rasterio
    from rasterio.windows import Window

    with rasterio.open(path, driver="GTiff") as made:
        if made.shape != (grid.rows, grid.columns) or made.crs is None:
            raise OSError(5, path.name)
        made.read(made.count, window=Window(grid.columns - 1, grid.rows - 1, 1, 1))
