"""Text of a user's file: its encoding, and strict parsers for numbers, angles, money, headers."""

from __future__ import annotations

import codecs
import datetime as dt
import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from gisplan.errors import ProjectsError
from gisplan.io.kinds import told
from gisplan.labels import LANGUAGES, Labels

Axis = Literal["lon", "lat"]


class Decoded(NamedTuple):
    """Text of a file, the encoding it was read in, and how that was known."""

    text: str
    encoding: str
    basis: Literal["declared", "bom", "inferred"]


class Header(NamedTuple):
    """A column title taken apart: the name to look up, and what stood in brackets."""

    title: str
    name: str
    note: str


# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes, *, encoding: str | None = None, place: str = "") -> Decoded:
    """Turn the bytes of a table into text, never by a guess that cannot fail.

    The chain is byte-order mark, UTF-16 without mark (every second byte of the beginning
    is zero), strict UTF-8, strict GB18030 (which contains GBK and GB2312); there is no
    Latin-1 to fall back on, because that would read anything as something.

    Parameters
    ----------
    data
        The whole file.
    encoding
        What the user says it is; then nothing is guessed.
    place
        Name of the file for the error.

    Raises
    ------
    ProjectsError
        ``encoding_name`` for an unknown name, ``encoding_wrong`` where the bytes are not
        in the encoding declared, ``encoding_broken`` for UTF-8 or GB18030 with damaged
        bytes, with the line, ``encoding_unknown`` where none fits.
    """
    if encoding is not None:
        return _decode_declared(data, encoding, place)
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _decode_marked(data, mark, name, place)
    for name in (*_utf16_without_mark(data), "utf-8"):
        text = _try(data, name)
        if text is not None and (name == "utf-8" or _is_table(text)):
            return Decoded(text, name, "inferred")
    _refuse_broken(data, "utf-8", place)
    text = _try(data, "gb18030")
    if text is not None:
        return Decoded(text, "gb18030", "inferred")
    _refuse_broken(data, "gb18030", place)
    raise ProjectsError("encoding_unknown", file=place)


def normalise(cell: object) -> str:
    """Return a cell as plain text for parsing: NFKC, one kind of space, dash and mark.

    Full-width digits and punctuation become ASCII, zero-width characters go. Names shown
    to people are not treated so: :func:`cell_text` keeps them as written.
    """
    return _normalised(str(cell))


@lru_cache(maxsize=100_000)  # a cell is looked at many times, and columns repeat themselves
def _normalised(cell: str) -> str:
    if cell.isascii() and "`" not in cell:  # nothing below changes any other of these
        return " ".join(cell.split())
    text = unicodedata.normalize("NFKC", cell.translate(MARK_TABLE))
    return " ".join(text.translate(DASH_TABLE).split())


def cell_text(value: object) -> str:
    """Return what a cell says, as a person would copy it: ``3.0`` is ``3``, blanks are ``""``."""
    if value is None:
        return ""
    if type(value) is str:  # most cells are
        return value.replace("\u00a0", " ").strip(_EDGES)
    if type(value) is float:
        return _float_text(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return told(value).replace("\u00a0", " ").strip(_EDGES)


def is_blank(text: str) -> bool:
    """Tell whether a cell holds nothing, or a word that says there is nothing."""
    return normalise(text).lower() in nothing()


def parse_number(cell: object) -> float | None:
    """Read a plain decimal number; ``None`` where it is anything else.

    Full-width digits and thousands separators in their places are read; ``nan``, ``inf``,
    ``1_000``, ``约3``, ranges and digits of other scripts are not.
    """
    text = normalise(cell)
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.replace(",", ""))
    return number if math.isfinite(number) else None


def parse_angle(cell: object, *, axis: Axis) -> float | None:
    """Read a longitude or latitude in decimal degrees or in degrees, minutes and seconds.

    Accepts ``114.35``, ``114.35°``, ``E114.35``, ``东经114°21′0.5″``, ``114度21分0.5秒``,
    ``114°21.5'N``-like endings and ``114:21:00.5``. Minutes and seconds stay below 60,
    only the last part has decimals, a direction has to fit the axis. Anything else is
    ``None``: nothing is guessed. ``D.MMSS`` cannot be told from decimal degrees.
    """
    found = _strip_direction(normalise(cell), axis)
    if found is None:
        return None
    sign, text = found
    degrees = parse_number(text.removesuffix("°").removesuffix("度").strip())
    if degrees is None:
        degrees = _parse_dms(text)
    if degrees is None or (sign < 0 and text.startswith("-")):
        return None
    degrees *= sign
    return degrees if abs(degrees) <= (180.0 if axis == "lon" else 90.0) else None


def parse_pair(cell: object) -> tuple[float, float] | None:
    """Read ``lon,lat`` from one cell; ``lat,lon`` only where the numbers leave no doubt."""
    parts = [part for part in re.split(r"[,;、\s]+", normalise(cell)) if part]
    if len(parts) != 2:
        return None
    for first, second in ((parts[0], parts[1]), (parts[1], parts[0])):
        lon, lat = parse_angle(first, axis="lon"), parse_angle(second, axis="lat")
        if lon is not None and lat is not None:
            return lon, lat
    return None


def parse_money(cell: object, *, unit: float | None) -> tuple[float | None, str]:
    """Read an amount of money in yuan.

    Parameters
    ----------
    cell
        Such as ``33.9``, ``1.2亿元`` or ``5,000 万``.
    unit
        Yuan per one of the header's unit, ``None`` where the header has none.

    Returns
    -------
    amount, problem
        Yuan and ``""``; or ``None`` and ``"unit"`` (no unit anywhere) or ``"amount"``.
        A unit in the cell wins over that of the header.
    """
    return _parse_measure(cell, unit, units("money"))


def parse_length(cell: object, *, unit: float | None) -> tuple[float | None, str]:
    """Read a length in metres, in the manner of :func:`parse_money`; ``±`` is ignored."""
    return _parse_measure(normalise(cell).removeprefix("±"), unit, units("length"))


def split_header(cell: object) -> Header:
    """Take a column title apart: ``投资额（亿元）`` is ``投资额`` and ``亿元``."""
    title = cell_text(cell)
    text = _bare(title)
    bracket = re.fullmatch(r"(.+?)[(\[【{〔](.*?)[)\]】}〕]", text)
    if bracket:
        return Header(title, bracket[1], bracket[2])
    name, mark, note = text.rpartition("/") if "/" in text else text.rpartition(":")
    if mark and name and (note in units("money") or note in units("length")):
        return Header(title, name, note)
    return Header(title, text, "")


def match_headers(cells: Sequence[object]) -> dict[str, int]:
    """Say which column of a row of titles holds which field.

    Returns
    -------
    dict
        Field (a key of ``[alias]`` in the language files) to position. Where several
        titles mean the same field, the one earlier in the alias list wins, then the left.
    """
    best: dict[str, tuple[int, int]] = {}
    for position, cell in enumerate(cells):
        meant = _meaning(str(cell)) if cell else None
        if meant is not None:
            field, rank = meant
            best[field] = min(best.get(field, (rank, position)), (rank, position))
    return {field: position for field, (_, position) in best.items()}


def closest_titles(wanted: Iterable[str], titles: Sequence[str]) -> list[str]:
    """Return the titles that look most like an alias of the wanted fields."""
    fields = set(wanted)
    aliases = [name for name, (field, _) in _aliases().items() if field in fields]
    scored = [
        (difflib.SequenceMatcher(None, split_header(title).name, alias).ratio(), title)
        for title in titles
        for alias in aliases
    ]
    near = sorted((score, title) for score, title in scored if score >= 0.6)
    return list(dict.fromkeys(title for _, title in reversed(near)))[:3]


@cache
def units(kind: Literal["money", "length"]) -> Mapping[str, float]:
    """Return what one of each unit is worth in yuan or in metres."""
    return {
        normalise(name).replace(" ", "").lower(): float(worth)
        for language in LANGUAGES
        for name, worth in Labels(language).section(f"worth.{kind}").items()
    }


@cache
def known_titles() -> frozenset[str]:
    """Return all titles that mean a field, as a title without brackets is compared with them."""
    return frozenset(_aliases())


@cache
def nothing() -> frozenset[str]:
    """Return the words, and the blank, that say there is nothing; normalised, lower case."""
    return frozenset({""} | {normalise(word).lower() for word in _words("nothing")})


# --- inner workings -----------------------------------------------------------------------

# Before NFKC, which would turn ´ into a blank with an accent and º into the letter o.
MARK_TABLE: Final = str.maketrans(
    {**dict.fromkeys("º˚˚ᵒ", "°"), **dict.fromkeys("′’‘´`＇", "'"), **dict.fromkeys("″”“˝＂", '"')}
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff")
)
_LONGEST_TITLE: Final = 80
_EDGES: Final = " \t\r\n\u3000\u200b\ufeff"
"""What may stand around a text without being part of it."""
DASH_TABLE: Final = str.maketrans(dict.fromkeys("−‐‑‒–", "-"))
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?"
    r"|[+-]?\.[0-9]+"
)
_DMS: Final = re.compile(
    r"(?P<d>[0-9]{1,3})\s*[°度:]\s*(?P<m>[0-9]{1,2}(?:\.[0-9]+)?)\s*(?:'|分|:(?=.))\s*"
    r"(?:(?P<s>[0-9]{1,2}(?:\.[0-9]+)?)\s*(?:\"|''|秒)?)?"
)
# Without marks all three parts have to be there: 114 21 00.5, 114-21-00.5.
_BARE_DMS: Final = re.compile(r"([0-9]{1,3})[ -]([0-9]{1,2})[ -]([0-9]{1,2}(?:\.[0-9]+)?)")
_DIRECTIONS: Final = {
    "lon": {"东经": 1, "西经": -1, "e": 1, "w": -1},
    "lat": {"北纬": 1, "南纬": -1, "n": 1, "s": -1},
}


def _decode_declared(data: bytes, encoding: str, place: str) -> Decoded:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ProjectsError("encoding_name", encoding=encoding) from None
    if name == "utf-8":
        name, data = "utf-8", data.removeprefix(codecs.BOM_UTF8)
    text = _try(data, name)
    if text is None:
        raise ProjectsError("encoding_wrong", file=place, encoding=encoding)
    return Decoded(text, name, "declared")


def _decode_marked(data: bytes, mark: bytes, name: str, place: str) -> Decoded:
    text = _try(data.removeprefix(mark) if name == "utf-8" else data, name)
    if text is None:
        _refuse_broken(data, name, place)
        raise ProjectsError("encoding_wrong", file=place, encoding=name)
    return Decoded(text, name, "bom")


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError, AssertionError):
        return None


def _refuse_broken(data: bytes, encoding: str, place: str) -> None:
    """Name the line of damaged bytes where what stands before them shows the encoding.

    Chinese in UTF-8 with one byte cut off often is valid GB18030, as nonsense; several
    Chinese characters that are valid UTF-8 do not occur in a GB18030 text by chance.
    """
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "ignore")
        if sum("\u4e00" <= character <= "\u9fff" for character in before) >= 4:
            shown = {"utf-8": "UTF-8", "gb18030": "GB18030"}.get(encoding, encoding)
            line = before.count("\n") + 1
            raise ProjectsError("encoding_broken", file=place, line=line, encoding=shown) from None


def _utf16_without_mark(data: bytes) -> tuple[str, ...]:
    head = data[:64]
    if len(data) % 2 or len(head) < 4 or b"\0" not in head:
        return ()
    return ("utf-16-le",) if head[1::2].count(0) >= head[0::2].count(0) else ("utf-16-be",)


def _is_table(text: str) -> bool:
    # Other bytes with a zero among them decode too, as far-fetched characters.
    return "\0" not in text and any(mark in text for mark in ",;\t\n")


def _float_text(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _strip_direction(text: str, axis: Axis) -> tuple[int, str] | None:
    plain = text.lower()
    for word, sign in (*_DIRECTIONS["lon"].items(), *_DIRECTIONS["lat"].items()):
        for rest in (plain.removeprefix(word), plain.removesuffix(word)):
            if rest != plain:
                fits = word in _DIRECTIONS[axis]
                return (sign, rest.strip(" :")) if fits else None
    return 1, plain


def _parse_dms(text: str) -> float | None:
    sign = -1 if text.startswith("-") else 1
    plain = _BARE_DMS.sub(r"\1:\2:\3", text.removeprefix("-").removeprefix("+"))
    found = _DMS.fullmatch(plain)
    if not found:
        return None
    degrees, minutes = float(found["d"]), float(found["m"])
    seconds = float(found["s"] or 0)
    if minutes >= 60 or seconds >= 60 or (found["s"] and "." in found["m"]):
        return None
    return sign * (degrees + minutes / 60 + seconds / 3600)


def _parse_measure(
    cell: object, unit: float | None, worths: Mapping[str, float]
) -> tuple[float | None, str]:
    text = normalise(cell).lower()
    number = re.match(_NUMBER, text)
    if not number or text.startswith("-"):
        return None, "amount"
    rest = text[number.end() :].replace(" ", "")
    worth = worths.get(rest) if rest else unit
    amount = parse_number(number[0])
    if amount is None or (rest and worth is None):
        return None, "amount"
    if worth is None:
        return None, "unit"
    # Through decimal text, so that 33.9 亿 is 3390000000 and not 3389999999.9999995.
    return round(amount * worth, 6), ""


@lru_cache(maxsize=2**16)
def _meaning(title: str) -> tuple[str, int] | None:
    """Return the field that a title means and its rank among the titles of that field."""
    if len(title) > _LONGEST_TITLE or _bare(title)[:1] not in _beginnings():
        return None
    header = split_header(title)
    return _aliases().get(header.name + header.note) or _aliases().get(header.name)


@cache
def _aliases() -> Mapping[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for language in LANGUAGES:
        for field, names in Labels(language).section("alias").items():
            for rank, name in enumerate(names):
                header = split_header(name)
                found.setdefault(header.name + header.note, (field, rank))
    return found


@cache
def _beginnings() -> frozenset[str]:
    """First characters of all titles that are known: most cells begin otherwise."""
    return frozenset(name[:1] for name in _aliases())


def _bare(title: str) -> str:
    return normalise(title).replace(" ", "").lower().strip("*:#.")


def _words(kind: str) -> list[str]:
    return [word for language in LANGUAGES for word in Labels(language).section("sheet_word")[kind]]
