"""Industries: free words and written codes to GB/T 4754-2017 codes, and what matched."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from gisplan.terms import SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

BY_CODE: Final = "code"
"""What ``industry_match`` says where the user gave the code."""


def classify(text: pd.Series, codes: pd.Series) -> pd.DataFrame:
    """Find the industry codes of projects, row by row.

    Parameters
    ----------
    text
        Free words of each project, such as ``文旅/水利``; missing where none.
    codes
        Codes the user gave, joined by ``|``, missing where none; same index. They win.

    Returns
    -------
    DataFrame
        Same index, ``str`` columns ``industry_codes`` (GB/T 4754-2017 codes such as
        ``N786|R88``, in order, missing where nothing matched) and ``industry_match``
        (``code``, or the words that matched joined by ``|``).
    """
    import pandas as pd

    pairs = [
        tuple(one if isinstance(one, str) else None for one in pair)
        for pair in zip(text.tolist(), codes.tolist(), strict=True)
    ]
    known = {pair: classified(*pair) for pair in dict.fromkeys(pairs)}
    found = [known[pair] for pair in pairs]
    return pd.DataFrame(
        {
            "industry_codes": pd.Series([code for code, _ in found], text.index, dtype="str"),
            "industry_match": pd.Series([word for _, word in found], text.index, dtype="str"),
        }
    )


def classified(text: str | None, code: str | None) -> tuple[str | None, str | None]:
    """Find the industry codes of one project and what they were read from; see `classify`."""
    given = normalise_codes(code) if code is not None else None
    if given:
        return given, BY_CODE
    return _match(text) if text is not None else (None, None)


def normalise_codes(text: str) -> str | None:
    """Read one or more written codes; ``None`` where any of them is no code.

    ``8810``, ``r88`` and ``R8810、P83`` are read; a letter that does not own the division
    (``J88``) is refused. A code is a letter with up to four digits, or two to four digits.
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    parts = [part for part in re.split(r"[|,;/、\s]+", plain) if part]
    found = [_normalise_code(part) for part in parts]
    if not found or any(code is None for code in found):
        return None
    return SEPARATOR.join(dict.fromkeys(code for code in found if code))


def section_title(code: str, language: str) -> str:
    """Return the title of the section (门类) that a code belongs to."""
    return str(_data()["title"][language][code[:1]])


def divisions() -> pd.DataFrame:
    """Return the 97 divisions (大类) of GB/T 4754-2017.

    Returns
    -------
    DataFrame
        In order: ``section`` (letter), ``code`` (``J66``), ``zh`` and ``en`` (titles; the
        English is a translation, the Chinese the standard's).
    """
    import pandas as pd

    rows = [(code[0], code, one["zh"], one["en"]) for code, one in _data()["division"].items()]
    return pd.DataFrame(rows, columns=["section", "code", "zh", "en"], dtype="str")


def title(code: str, language: str) -> str:
    """Return the title of a section or division; of a finer code, that of its division."""
    if len(code) < 3:
        return section_title(code, language)
    return str(_data()["division"][code[:3]][language])


def specificity(codes: str) -> str:
    """Tell how fine the coarsest of some codes is, joined by ``|``.

    ``section`` (门类, J), ``division`` (大类, J66), ``group`` (中类, J661), ``class`` (小类,
    J6610); ``""`` for none. A keyword can lead no finer than its own meaning.
    """
    digits = min((len(code) - 1 for code in codes.split(SEPARATOR) if code), default=-1)
    return {-1: "", 0: "section", 2: "division", 3: "group", 4: "class"}[digits]


def standing(codes: str, wanted: Sequence[str]) -> str:
    """Compare the codes of a project, joined by ``|``, with codes that are wanted.

    Returns
    -------
    str
        ``fits`` where one of them is wanted; ``coarse`` where one is wanted only in part
        (``J`` where ``J66`` is wanted: proves neither); ``differs``; ``""`` without a code.
    """
    own = [code for code in codes.split(SEPARATOR) if code]
    if any(code.startswith(prefix) for code in own for prefix in wanted):
        return "fits"
    if any(prefix.startswith(code) for code in own for prefix in wanted):
        return "coarse"
    return "differs" if own else ""


def functions() -> Mapping[str, Sequence[str]]:
    """Return the sections that serve each function of a town (生产、商务、居住、公共、网络)."""
    grouped: Mapping[str, Sequence[str]] = _data()["function"]
    return grouped


def matches(text: pd.Series, codes: pd.Series) -> pd.DataFrame:
    """Lay out what each project's industry was read from, for people to check.

    Parameters
    ----------
    text, codes
        As for `classify`.

    Returns
    -------
    DataFrame
        Same index: ``industry_codes``, ``industry_match`` and ``specificity``, all texts,
        blank where nothing matched.
    """
    found = classify(text, codes).fillna("")
    found["specificity"] = [specificity(own) for own in found["industry_codes"]]
    return found.astype("str")


def _normalise_code(part: str) -> str | None:
    written = re.fullmatch(r"([A-T]?)([0-9]{2,4})?", part)
    if not written:
        return None
    letter, digits = written[1], written[2] or ""
    if not digits:
        return letter or None
    owner = _section_of(int(digits[:2]))
    return owner + digits if owner and letter in ("", owner) else None


def _section_of(division: int) -> str | None:
    sections: Mapping[str, list[int]] = _data()["section"]
    return next((s for s, (first, last) in sections.items() if first <= division <= last), None)


def _match(text: str) -> tuple[str | None, str | None]:
    plain = unicodedata.normalize("NFKC", text).lower()
    words = list(dict.fromkeys(_pattern().findall(plain)))
    codes = sorted({code for word in words for code in _data()["keyword"][word]})
    return (SEPARATOR.join(codes), SEPARATOR.join(words)) if codes else (None, None)


@cache
def _pattern() -> re.Pattern[str]:
    # Longest first, so that 文化旅游 is not read as 文化 and 旅游; Latin words whole only.
    words = sorted(_data()["keyword"], key=lambda word: (-len(word), word))
    return re.compile("|".join(rf"\b{w}\b" if w.isascii() else re.escape(w) for w in words))


@cache
def _data() -> Mapping[str, Any]:
    text = files("gisplan").joinpath("data").joinpath("industries.toml").read_text("utf-8")
    return tomllib.loads(text)
