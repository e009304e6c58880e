"""Raster files -> values: opening what can be trusted, and saying in one line what cannot."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyproj
from numpy.typing import NDArray

from gisplan.crs import parse_crs
from gisplan.errors import RasterError
from gisplan.io.hashes import file_sha256

Floats = NDArray[np.float64]

LARGEST_BLOCK: Final = 512 * 2**20
"""Bytes. A block is decoded as a whole, so a file may not declare larger ones."""

MOST_AT_ONCE: Final = 8_000_000
"""Cells that are read for one question; 64 MB."""

CACHE_MB: Final = 64
"""Of GDAL's block cache, which by default grows with the machine."""

_HEAD: Final = 32
_MAGIC: Final = (
    (b"II*\0", "GTiff"), (b"MM\0*", "GTiff"), (b"II+\0", "GTiff"), (b"MM\0+", "GTiff"),
    (b"EHFA_HEADER_TAG", "HFA"), (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"),
    (b"\0\0\0\x0cjP  ", "JP2OpenJPEG"), (b"CDF\x01", "netCDF"), (b"CDF\x02", "netCDF"),
    (b"\x89HDF\r\n", "netCDF"), (b"SQLite format 3", "GPKG"), (b"DSAA", "GSAG"),
    (b"DSBB", "GSBG"), (b"DSRB", "GS7BG"),
)  # fmt: skip
_GRID_WORDS: Final = (b"ncols", b"nrows", b"xllco", b"xllce", b"dx ", b"cells")


@dataclass(frozen=True)
class Raster:
    """One band of an open raster: north up, in real values, NaN where it has none.

    Attributes
    ----------
    name
        File name, for messages.
    crs
        As the file says, or as it was declared to be.
    transform
        ``west``, ``north``, cell width and height (all positive), of the first row as it
        is read here.
    told
        Codes below ``raster.`` of the language files, with their values, of what was
        decided on reading.
    """

    name: str
    band: int
    crs: pyproj.CRS
    west: float
    north: float
    dx: float
    dy: float
    width: int
    height: int
    is_classes: bool
    unit: str
    told: tuple[tuple[str, Mapping[str, Any]], ...]
    _source: Any = field(repr=False)
    _south_up: bool = field(repr=False)
    _nodata: float | None = field(repr=False)
    _scale: tuple[float, float] = field(repr=False)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in the raster's CRS."""
        return (
            self.west, self.north - self.height * self.dy,
            self.west + self.width * self.dx, self.north,
        )  # fmt: skip

    @cached_property
    def sha256(self) -> str:
        """Of the file, read piece by piece; files beside it (.hdr, .aux.xml) are not in it."""
        with _one_error(self.name):
            return file_sha256(Path(self._source.name))

    def read(self, row: int, column: int, rows: int, columns: int) -> Floats:
        """Read a window as float64, NaN where the raster has no value.

        Raises
        ------
        RasterError
            ``raster_damaged`` where the file ends early or cannot be decoded.
        """
        from rasterio.windows import Window

        top = self.height - row - rows if self._south_up else row
        with _one_error(self.name):
            raw = self._source.read(
                self.band, window=Window(column, top, columns, rows), masked=True
            )
        lost = np.ma.getmaskarray(raw)
        if self._nodata is not None:
            lost |= raw.data == self._nodata
        scale, offset = self._scale
        values = np.asarray(raw.data, dtype=np.float64)
        if (scale, offset) != (1.0, 0.0):
            values = values * scale + offset
        values = np.where(lost | ~np.isfinite(values), np.nan, values)
        return values[::-1] if self._south_up else values

    def sample(self, x: Floats, y: Floats) -> Floats:
        """Read the cells that hold places in the raster's CRS; NaN off it. No interpolation."""
        found = np.full(np.shape(x), np.nan)
        with np.errstate(invalid="ignore"):
            column = np.floor((np.asarray(x) - self.west) / self.dx)
            row = np.floor((self.north - np.asarray(y)) / self.dy)
            on = (column >= 0) & (column < self.width) & (row >= 0) & (row < self.height)
        if not on.any():
            return found
        found[on] = self._cells(row[on].astype(np.int64), column[on].astype(np.int64))
        return found

    def _cells(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
        """Read cells one by one, by a window over all of them if it is not too large."""
        top, left = int(rows.min()), int(columns.min())
        high, wide = int(rows.max()) - top + 1, int(columns.max()) - left + 1
        if high * wide > MOST_AT_ONCE and len(rows) > 1:
            order = np.argsort(rows if high >= wide else columns, kind="stable")
            found, half = np.empty(len(rows)), len(rows) // 2
            for part in (order[:half], order[half:]):
                found[part] = self._cells(rows[part], columns[part])
            return found
        return self.read(top, left, high, wide)[rows - top, columns - left]


@contextlib.contextmanager
def open_raster(
    path: Path, *, band: int | None = None, crs: str | None = None, nodata: float | None = None
) -> Iterator[Raster]:
    """Open one band of a raster file.

    Parameters
    ----------
    path
        A file on this machine: GeoTIFF, Erdas .img, Arc/Info ASCII, PNG or JPEG with a world
        file, JPEG 2000, netCDF, GeoPackage, ENVI, EHdr, SRTM .hgt, Surfer. What refers to
        other files or hosts (VRT, WMS, ``/vsi…``) is refused.
    band
        From 1; may be left out where there is one band of data.
    crs
        Of a file that names none.
    nodata
        The value that stands for none, where the file does not declare it.

    Raises
    ------
    RasterError
        With what is wrong in one line: no such file, disguised, damaged, turned, without
        CRS, several bands, blocks too large.
    """
    import rasterio

    driver = _driver(path)
    settings = {
        "GDAL_CACHEMAX": CACHE_MB, "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "GDAL_TIFF_INTERNAL_MASK": True,
    }  # fmt: skip
    with contextlib.ExitStack() as stack:
        stack.enter_context(rasterio.Env(**settings))
        with warnings.catch_warnings(), _one_error(path.name):
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            source = stack.enter_context(rasterio.open(path.absolute(), driver=driver))
        yield _described(source, path.name, band, crs, nodata)


def _driver(path: Path) -> str:
    """Choose the driver by the first bytes, so that no other gets to see the file."""
    text = str(path)
    if "://" in text or text.startswith(("/vsi", "\\\\")) or "\0" in text:
        raise RasterError("raster_refused", path=text)
    if not path.is_file():
        raise RasterError("raster_missing", path=text)
    try:
        with path.open("rb") as opened:
            head = opened.read(_HEAD)
    except OSError as error:
        raise RasterError("raster_damaged", file=path.name, reason=error.strerror) from None
    for magic, driver in _MAGIC:
        if head.startswith(magic):
            return driver
    if head.lower().lstrip().startswith(_GRID_WORDS):
        return "AAIGrid"
    if path.suffix.lower() == ".hgt":
        return "SRTMHGT"
    for header in (path.with_suffix(".hdr"), path.with_suffix(".HDR")):
        if header.is_file():
            return "ENVI" if header.read_bytes()[:4] == b"ENVI" else "EHdr"
    raise RasterError("raster_format", file=path.name)


@contextlib.contextmanager
def _one_error(name: str) -> Iterator[None]:
    """Turn whatever GDAL says of a damaged file into one error."""
    from rasterio.errors import RasterioError
    from rasterio.errors import RasterioIOError as IoError

    try:
        yield
    except (RasterioError, IoError, ValueError, OSError, MemoryError) as error:
        cause = error.__cause__ or error
        raise RasterError("raster_damaged", file=name, reason=cause or type(error)) from None


def _described(
    source: Any, name: str, band: int | None, crs: str | None, nodata: float | None
) -> Raster:
    from rasterio.enums import ColorInterp, MaskFlags

    chosen = _band(source, name, band, ColorInterp.alpha)
    _refuse_unreadable(source, name, chosen)
    known, told = _crs(source, name, crs)
    scale = (float(source.scales[chosen - 1]), float(source.offsets[chosen - 1]))
    place = source.transform
    south_up = place.e > 0
    palette = source.colorinterp[chosen - 1] == ColorInterp.palette
    bare = MaskFlags.all_valid in source.mask_flag_enums[chosen - 1] and nodata is None
    notes: tuple[tuple[bool, str, Mapping[str, Any]], ...] = (
        (scale != (1.0, 0.0), "scaled", {"scale": f"{scale[0]:g}", "offset": f"{scale[1]:g}"}),
        (south_up, "south_up", {}),
        (bare, "no_nodata", {}),
        (palette, "palette", {}),
        (source.count > 1, "band", {"band": chosen, "count": source.count}),
    )
    told += [(code, values) for holds, code, values in notes if holds]
    north = place.f + source.height * place.e if south_up else place.f
    return Raster(
        name, chosen, known, place.c, north, place.a, abs(place.e), source.width, source.height,
        palette, source.units[chosen - 1] or "", tuple(told), source, south_up, nodata, scale,
    )  # fmt: skip


def _refuse_unreadable(source: Any, name: str, band: int) -> None:
    """Refuse what would open other files, swallow the memory, or lie anywhere."""
    if source.tags(ns="OVERVIEWS").get("OVERVIEW_FILE"):
        raise RasterError("raster_refused", path=name)
    kind = np.dtype(source.dtypes[band - 1])
    rows, columns = source.block_shapes[band - 1]
    if rows * columns * kind.itemsize > LARGEST_BLOCK:
        raise RasterError("raster_blocks", file=name, rows=rows, columns=columns)
    if kind.kind == "c":
        raise RasterError("raster_complex", file=name)
    place = source.transform
    if place.is_identity and not source.crs:
        raise RasterError("raster_no_place", file=name)
    if place.b or place.d or place.a <= 0 or place.e == 0:
        raise RasterError("raster_turned", file=name)


def _band(source: Any, name: str, band: int | None, alpha: Any) -> int:
    held = [at for at, use in enumerate(source.colorinterp, start=1) if use != alpha]
    if band is None and len(held) == 1:
        return held[0]
    if band is None or band not in held:
        found = tuple(held) or "0"
        raise RasterError("raster_bands", file=name, found=found)
    return band


def _crs(
    source: Any, name: str, declared: str | None
) -> tuple[pyproj.CRS, list[tuple[str, Mapping[str, Any]]]]:
    told: list[tuple[str, Mapping[str, Any]]] = []
    if source.crs:
        with contextlib.suppress(pyproj.exceptions.CRSError):
            found = pyproj.CRS.from_wkt(source.crs.to_wkt()).to_2d()
            if found.is_projected or found.is_geographic:
                if declared is not None and parse_crs(declared).crs != found:
                    raise RasterError("raster_crs_twice", file=name, found=found.name)
                return found, told
    if declared is None:
        raise RasterError("raster_no_crs", file=name)
    given = parse_crs(declared)
    if given.offset != "none":
        raise RasterError("raster_no_crs", file=name)
    told.append(("crs_declared", {"crs": declared}))
    return given.crs, told
