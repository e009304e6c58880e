"""Which font can draw Chinese: the one shipped with gisplan, its glyphs and its widths."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from gisplan.errors import GisplanError

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

FONT_FILE = "GisplanSansSC-Regular.ttf"
FAMILY = "Gisplan Sans SC"


def chinese_font() -> Path:
    """Return the file of the shipped Simplified Chinese TrueType font (SIL OFL 1.1)."""
    return Path(str(files("gisplan"))) / "assets" / "fonts" / FONT_FILE


def font_properties(size: float) -> FontProperties:
    """Return matplotlib properties of the shipped font at a size in points.

    They name the file itself, so no font list of the machine and no rcParams matter.
    """
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(chinese_font()), size=size)


def missing_glyphs(text: str) -> set[str]:
    """Return the characters of a text that the shipped font cannot draw."""
    known = _characters()
    return {character for character in text if ord(character) not in known}


def require_glyphs(text: str) -> str:
    """Return the text if every character of it can be drawn.

    Raises
    ------
    GisplanError
        Naming the characters and the text they stand in; a box is never drawn.
    """
    missing = missing_glyphs(text)
    if missing:
        named = " ".join(f"{one} (U+{ord(one):04X})" for one in sorted(missing))
        raise GisplanError("glyph_missing", characters=named, text=text)
    return text


def printable(text: str) -> str:
    """Return a text as one composed line without control and format characters."""
    composed = unicodedata.normalize("NFC", text)
    kept = (one if unicodedata.category(one)[0] != "C" else " " for one in composed)
    return " ".join("".join(kept).split())


def drawable(text: str) -> str:
    """Return a text as it can be drawn; see `printable` and `require_glyphs`."""
    return require_glyphs(printable(text))


def spelled(text: str) -> str:
    """Return a text that can be drawn: what the font lacks is named by its code point.

    A name with an emoji then reads ``[U+1F600]``: no box is drawn and nothing is left out.
    """
    lacking = missing_glyphs(text)
    return "".join(f"[U+{ord(one):04X}]" if one in lacking else one for one in text)


def text_width(text: str, size: float) -> float:
    """Return the width in points of a line of text set at a size in points.

    It is the sum of the advances of the font, without hinting or kerning, and so the same
    at every resolution.
    """
    return size * sum(_advance(character) for character in text)


def wrap(text: str, size: float, width: float) -> list[str]:
    """Break a text into lines no wider than ``width`` points.

    Chinese breaks anywhere, but no line begins with a closing mark or ends with an opening
    one; Latin words and numbers stay whole unless one alone is wider than the line.
    """
    lines = [""]
    for piece in _pieces(text):
        if text_width(lines[-1] + piece.rstrip(), size) <= width or piece in _CLOSING:
            lines[-1] += piece
            continue
        lines += _cut(piece, size, width)
    return [line.strip() for line in lines if line.strip()] or [""]


def wrap_evenly(text: str, size: float, width: float) -> list[str]:
    """Break a text into as few lines as `wrap` does, of as even a width as possible.

    A word that `wrap` keeps whole stays whole.
    """
    lines = wrap(text, size, width)
    low, high = max(width / 2, min(longest_word(text, size), width)), width
    while len(lines) > 1 and high - low > size / 4:
        middle = (low + high) / 2
        tried = wrap(text, size, middle)
        fits = len(tried) == len(lines) and all(text_width(t, size) <= width for t in tried)
        lines, high, low = (tried, middle, low) if fits else (lines, high, middle)
    return lines


def longest_word(text: str, size: float) -> float:
    """Return the width in points of the widest piece in which no line may break."""
    return max((text_width(piece.strip(), size) for piece in _pieces(text)), default=0.0)


_CLOSING = frozenset("，。、；：？！）》〉」』】〕”’％…—,.;:?!)]}%")
_OPENING = frozenset("（《〈「『【〔“‘([{")


def _pieces(text: str) -> list[str]:
    """Split where a line may break: after a space and on both sides of a wide character."""
    pieces: list[str] = []
    word = ""
    for character in text:
        if character in _OPENING:
            pieces += [word] if word and word[-1] not in _OPENING else []
            word = character if not word or word[-1] not in _OPENING else word + character
            continue
        if unicodedata.east_asian_width(character) in "WF" or character in _CLOSING:
            held = bool(word) and word[-1] in _OPENING
            pieces += [word + character] if held else [word, character] if word else [character]
            word = ""
            continue
        word += character
        if character == " ":
            pieces.append(word)
            word = ""
    return [*pieces, word] if word else pieces


def _cut(piece: str, size: float, width: float) -> list[str]:
    parts = [""]
    for character in piece:
        if parts[-1] and text_width(parts[-1] + character, size) > width:
            parts.append("")
        parts[-1] += character
    return parts


@cache
def _characters() -> frozenset[int]:
    return frozenset(_face().get_charmap())


@cache
def _face() -> FT2Font:
    from matplotlib.ft2font import FT2Font

    return FT2Font(str(chinese_font()))


@cache
def _advance(character: str) -> float:
    """Return the advance of a character in em."""
    from matplotlib.ft2font import LoadFlags

    face = _face()
    glyph = face.load_char(ord(character), flags=LoadFlags.NO_SCALE)
    return float(glyph.horiAdvance) / float(face.units_per_EM)
