"""Words by which a line of a table shows that it holds no project."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from gisplan.io.text import normalise, units
from gisplan.labels import LANGUAGES, Labels

_NUMERAL: Final = "[一二三四五六七八九十百]{1,3}"
_ENUMERATING: Final = frozenset("(一二三四五六七八九十百IVX")
_ENUMERATOR: Final = re.compile(rf"\(?{_NUMERAL}\)?[、.,:]?|[IVX]{{1,4}}[、.,]?")
_ENUMERATED: Final = re.compile(rf"(?:\({_NUMERAL}\)|{_NUMERAL}[、.,])\D*.*")
_COUNTED: Final = re.compile(r"\d+(?=[项个宗件])")


def is_total(text: str) -> bool:
    """Tell whether a cell begins a row of sums: ``合 计``, ``小计：``, ``全市合计``, ``Total``."""
    plain = _plain(text)
    return bool(_totals().match(plain) or _total_endings().fullmatch(plain))


@cache
def total_words() -> re.Pattern[str]:
    """Match any word of sums in plain text, blanks within it or not; without one, no cell is."""
    words = [re.escape(one) for one in map(_plain, _words("total"))]
    return re.compile("|".join(r"\s*".join(one) for one in words), re.IGNORECASE)


def is_subtotal(text: str) -> bool:
    """Tell whether a row of sums adds up its section only: ``小计``, ``Subtotal``."""
    return any(normalise(word).lower() in _plain(text) for word in _words("subtotal"))


def counted(text: str) -> int | None:
    """Return the number of projects that a row of sums names: ``合计（26项）``."""
    found = _COUNTED.search(_plain(text))
    return int(found[0]) if found and len(found[0]) < 9 else None


def is_remark(text: str) -> bool:
    """Tell whether a cell is a line beside a table: ``注1：…``, ``填表人：…``."""
    return bool(_remarks().match(_plain(text)))


@cache
def remark_beginnings() -> frozenset[str]:
    """Return the first one or two characters of all remarks, without blanks and in lower case."""
    return frozenset(_plain(word)[:2] for word in _words("remark"))


def may_enumerate(bare: str) -> bool:
    """Tell whether text without blanks, in lower case, is an enumerator or something enumerated."""
    upper = bare.upper()
    found = upper[:1] in _ENUMERATING
    return found and bool(_ENUMERATOR.fullmatch(upper) or _ENUMERATED.fullmatch(bare))


def is_enumerator(text: str) -> bool:
    """Tell whether a cell numbers a section, not a project: ``一``, ``（二）``, ``三、``."""
    return bool(_ENUMERATOR.fullmatch(_plain(text).upper()))


def is_enumerated(text: str) -> bool:
    """Tell whether a cell is the heading of a section: ``一、文旅类``, ``（二）水利``."""
    return bool(_ENUMERATED.fullmatch(_plain(text)))


def unit_in(cell: str) -> str:
    """Return what a cell says in brackets, or the unit that is all it says; else ``""``."""
    plain = re.sub(r"\s+", "", normalise(cell))
    bracket = re.fullmatch(r"[(\[【]([^()\[\]【】]{1,12})[)\]】]", plain)
    if bracket:
        return bracket[1]
    return plain if is_unit(plain) else ""


def is_unit(word: str) -> bool:
    """Tell whether a word is a unit that gisplan knows: ``万元``, ``亩``, ``km2``."""
    return _plain(word) in _units()


def is_unit_label(cell: str) -> bool:
    """Tell whether a cell is the title of a row of units: ``单位``."""
    return _plain(cell).rstrip(":") in {normalise(word).lower() for word in _words("unit_label")}


def stated_money_unit(cells: Sequence[str]) -> str:
    """Return the one unit of money that a line above a table states: ``单位：万元``."""
    worths: dict[float, str] = {}
    for cell in cells:
        for stated in _unit_line().findall(_plain(cell)):
            for word in re.split(r"[、,;/和]", stated):
                if word in units("money"):
                    worths.setdefault(units("money")[word], word)
    return next(iter(worths.values())) if len(worths) == 1 else ""


# --- inner workings -----------------------------------------------------------------------


def _plain(text: str) -> str:
    return normalise(text).replace(" ", "").lower()  # no other blank is left in it


def _words(kind: str) -> list[str]:
    return [word for language in LANGUAGES for word in Labels(language).section("sheet_word")[kind]]


def _any_of(words: Sequence[str]) -> str:
    return "|".join(re.escape(_plain(word)) for word in words)


@cache
def _totals() -> re.Pattern[str]:
    # 合计 alone or followed by a mark or a number; 合计花园 is a project.
    after = r"(?:$|[:(\[/,、=-].*|\d+[项个宗件]?$)"
    return re.compile(f"(?:{_any_of(_words('total'))}){after}")


@cache
def _total_endings() -> re.Pattern[str]:
    # 全市合计, 文旅类小计; only words that end no name. English ones do (Possum).
    words = [word for word in _words("total") if not word.isascii() and word.endswith("计")]
    return re.compile(f".{{1,8}}(?:{_any_of(words)})")


@cache
def _remarks() -> re.Pattern[str]:
    return re.compile(rf"(?:{_any_of(_words('remark'))})\d{{0,2}}(?::|(?<=\d)[、.])")


@cache
def _units() -> frozenset[str]:
    return (
        frozenset({_plain(word) for word in _words("unit")})
        | set(units("money"))
        | set(units("length"))
    )


@cache
def _unit_line() -> re.Pattern[str]:
    # Not within a longer word: 建设单位：… names a company.
    return re.compile(rf"(?<!\w)(?:{_any_of(_words('unit_label'))}):([^()]+)")
