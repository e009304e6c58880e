"""Coordinates in the cells of a table: how they are written, which axis each column is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gisplan.io.column_text import DECIMAL, decimals
from gisplan.io.text import (
    Axis,
    is_blank,
    match_headers,
    normalise,
    parse_angle,
    parse_number,
)
from gisplan.labels import LANGUAGES, Labels

LON_OF_CHINA: Final = (73.0, 136.0)
LAT_OF_CHINA: Final = (3.0, 54.0)
"""The two ranges do not meet, so within China the order of a pair is never in doubt."""

_EASTINGS: Final = ((1.0e5, 9.0e5), (8.0e6, 46.0e6))
"""Eastings without, and with a zone number in front or in Web Mercator."""
_NORTH_APART: Final = (1.5e6, 6.5e6)
"""Northings that cannot be eastings: south of 13.5° N the two have numbers of one size."""
_DEGREES: Final = (("lon", "lat"), ("lonlat", "lonlat"), ("x", "y"), ("east", "north"))
_METRES: Final = (("east", "north"), ("x", "y"), ("lon", "lat"), ("lonlat", "lonlat"))

_MOST: Final = {"lon": 180.0, "lat": 90.0}

Pair = tuple[float, float]
Pairs = NDArray[np.float64]
"""Pairs of numbers, n x 2."""
Order = Literal["written", "turned", "open"]


class Axes(NamedTuple):
    """Two columns of cells that should hold coordinates; ``lonlat`` was one column, split."""

    kind: str
    titles: tuple[str, str]
    first: list[str]
    second: list[str]
    shown: list[str]

    @property
    def label(self) -> str:
        """The columns as the user sees them."""
        return "/".join(dict.fromkeys(self.titles))

    def turned(self) -> Axes:
        """Return the same cells with the columns in the other order."""
        titles = (self.titles[1], self.titles[0])
        return self._replace(titles=titles, first=self.second, second=self.first)


def choose_axes(
    titles: Sequence[str], columns: Sequence[list[str]], *, metric: bool
) -> Axes | None:
    """Choose the first pair of columns that holds anything, degrees before metres or not."""
    found = match_headers(titles)
    pairs = [
        _axes(first, (titles[found[first]], titles[found[second]]),
              columns[found[first]], columns[found[second]])
        for first, second in (_METRES if metric else _DEGREES)
        if first in found and second in found
    ]  # fmt: skip
    filled = (axes for axes in pairs if not all(map(is_blank, axes.shown)))
    return next(filled, pairs[0] if pairs else None)


def _axes(kind: str, titles: tuple[str, str], first: list[str], second: list[str]) -> Axes:
    if kind != "lonlat":
        shown = [", ".join(filter(None, pair)) for pair in zip(first, second, strict=True)]
        return Axes(kind, titles, first, second, shown)
    parts = [split_pair(cell) or (cell, "") for cell in first]
    return Axes(kind, titles, [one for one, _ in parts], [two for _, two in parts], list(first))


# --- how coordinates are written -----------------------------------------------------------

_MARKS: Final = str.maketrans({"∘": "°", "ˊ": "'", "〞": '"', "〃": '"', "ˋ": "'"})
_LABELS: Final = (
    (re.compile(r"(?:东经|经度|longitude|lng|lon)\s*[:=]?\s*(?:东经|e)?\s*", re.IGNORECASE), "E"),
    (re.compile(r"(?:北纬|纬度|latitude|lat)\s*[:=]?\s*(?:北纬|n)?\s*", re.IGNORECASE), "N"),
)
_LETTERS_FOR_MARKS: Final = re.compile(
    r"(\d{1,3})\s*d\s*(\d{1,2}(?:\.\d+)?)\s*(?:m|')\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:s|\")?)?",
    re.IGNORECASE,
)
_FRAME: Final = re.compile(
    r"(?:point\s*z?\s*)?[(\[{<【〔]\s*(.+?)\s*[)\]}>】〕]|(.+)", re.IGNORECASE
)
_SPLITS: Final = (
    re.compile(r"([^,;、|/]+)[,;、|/]\s*([^,;、|/]+)"),
    re.compile(r"([EWNS][^EWNS]+)([EWNS][^EWNS]+)", re.IGNORECASE),
    re.compile(r"([^EWNS]+[EWNS])([^EWNS]+[EWNS])", re.IGNORECASE),
    re.compile(r"(\S+) (\S+)"),
    re.compile(r"([^°度]+[°度][^°度]*?) (\d+ ?[°度][^°度]*)"),
    re.compile(r"(\d+ \d+ [\d.]+) (\d+ \d+ [\d.]+)"),
)


def plain_angle(cell: object) -> str:
    """Return an angle in the writing that :func:`gisplan.io.text.parse_angle` knows.

    ``经度114.35``, ``114d21m0.5s`` and rare marks become ``E114.35`` and ``114°21'0.5"``.
    """
    text = normalise(str(cell).translate(_MARKS))
    for words, letter in _LABELS:
        text = words.sub(letter, text)
    return _LETTERS_FOR_MARKS.sub(_with_marks, text)


def _with_marks(found: re.Match[str]) -> str:
    seconds = f'{found[3]}"' if found[3] else ""
    return f"{found[1]}°{found[2]}'{seconds}"


def _plain_number(cell: object) -> float | None:
    """Read a number in the plainest writing, which needs no interpreting."""
    if not isinstance(cell, str) or not DECIMAL.fullmatch(cell):
        return None
    return float(cell)


def read_angle(cell: object, axis: Axis) -> float | None:
    """Read one longitude or latitude in any of the common writings, ``None`` if it is none."""
    plain = _plain_number(cell)
    if plain is not None:
        return plain if abs(plain) <= _MOST[axis] else None
    return parse_angle(plain_angle(cell), axis=axis)


def read_metres(cell: object) -> float | None:
    """Read one coordinate in metres, with or without the unit behind it."""
    plain = _plain_number(cell)
    if plain is not None:
        return plain
    text = normalise(cell).lower()
    text = re.sub(r"^[xy]\s*[:=]\s*", "", text)
    return parse_number(text.removesuffix("米").removesuffix("m"))


def split_pair(cell: object) -> tuple[str, str] | None:
    """Take a cell with both coordinates apart, in the order written.

    Understands commas, semicolons, slashes, blanks and direction letters between the
    two, brackets and ``POINT(…)`` round them; anything with more parts is ``None``.
    """
    frame = _FRAME.fullmatch(plain_angle(cell))
    text = (frame[1] or frame[2]) if frame else ""
    for pattern in _SPLITS:
        found = pattern.fullmatch(text)
        if found:
            return found[1].strip(), found[2].strip()
    return None


# --- which axis is which -------------------------------------------------------------------


def numbers_of(axes: Axes) -> Pairs:
    """Return the pairs that can be read, in the order of the columns; 0,0 is a blank."""
    found = np.column_stack([decimals(axes.first), decimals(axes.second)])
    for row in np.flatnonzero(np.isnan(found).any(axis=1)).tolist():
        found[row] = _numbers(axes.first[row], axes.second[row]) or np.nan
    held: Pairs = found[~np.isnan(found).any(axis=1) & (found != 0).any(axis=1)]
    return held


def _numbers(first: str, second: str) -> Pair | None:
    values = [_number(first), _number(second)]
    return (values[0], values[1]) if values[0] is not None and values[1] is not None else None


def _number(cell: str) -> float | None:
    plain = read_metres(cell)
    if plain is not None:
        return plain
    angle = read_angle(cell, "lon")
    return angle if angle is not None else read_angle(cell, "lat")


def order_of(pairs: Pairs) -> Order:
    """Tell whether pairs are (longitude, latitude) or (east, north), or the other way.

    Every pair has to say the same, in degrees by the ranges of China, in metres by
    magnitude; else, or where numbers of both axes have one size, the order stays open.
    """
    x, y = pairs.T
    if len(pairs) and _are_written(x, y).all():
        return "written"
    return "turned" if len(pairs) and _are_written(y, x).all() else "open"


def are_degrees(pairs: Pairs) -> bool:
    """Tell whether all pairs are degrees in China, in either order."""
    x, y = pairs.T
    return bool(len(pairs)) and bool((are_in_china(x, y) | are_in_china(y, x)).all())


def are_metres(pairs: Pairs) -> bool:
    """Tell whether all pairs are far too big for degrees."""
    return bool(len(pairs)) and bool((np.abs(pairs) > 1000).all())


def in_china(lon: float, lat: float) -> bool:
    """Tell whether degrees lie within the ranges of China."""
    return bool(are_in_china(lon, lat))


def are_in_china(lon: Any, lat: Any) -> Any:
    """Tell it of many degrees at once."""
    return _within(lon, LON_OF_CHINA) & _within(lat, LAT_OF_CHINA)


def _are_written(x: Any, y: Any) -> Any:
    metres = _within(y, _NORTH_APART) & (_within(x, _EASTINGS[0]) | _within(x, _EASTINGS[1]))
    return are_in_china(x, y) | metres


def _within(value: Any, span: Sequence[float]) -> Any:
    return (span[0] <= value) & (value <= span[1])


@cache
def map_services() -> tuple[str, ...]:
    """Return the names of map services whose coordinates carry an offset, lower case."""
    words = [one for lang in LANGUAGES for one in Labels(lang).section("sheet_word")["offset_map"]]
    return tuple(dict.fromkeys(word.lower() for word in words))
