"""Scripts without their remarks and idle spaces: for our own files, whose style is known."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
    r"""|(?P<remark>//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<regex>/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*)"""
    r"""|(?P<gap>\s+)|(?P<word>[\w$]+)|(?P<sign>.)""",
    re.DOTALL,
)
_OPENS: Final = frozenset("(,=:[!&|?{};+-*%<>~^")
"""Signs after which a slash starts a regular expression; elsewhere it divides."""

_JOINS_NEXT: Final = frozenset("(,=:[!&|?{;+-*%<>.")
_JOINS_LAST: Final = frozenset("),=:]&|?};+-*%<>.")


def minify(script: str) -> str:
    """Drop remarks, indents and spaces that part nothing; lines that may end a statement stay.

    Parameters
    ----------
    script
        JavaScript in which a slash after a word other than ``return`` divides.
    """
    out: list[str] = []
    last, gap, at = "", "", 0
    while at < len(script):
        found = _TOKEN.match(script, at)
        if found is None:  # pragma: no cover - the last branch takes any character
            break
        kind, token = found.lastgroup, found[0]
        if kind == "regex" and not (last[-1:] in _OPENS or last in ("", "return")):
            kind, token = "sign", "/"
        at += len(token)
        if kind in ("gap", "remark"):
            gap += token if kind == "gap" else ""
            continue
        out.append(_between(last, gap, token))
        out.append(token)
        last, gap = token, ""
    return "".join(out)


def _between(last: str, gap: str, token: str) -> str:
    if not gap or not last:
        return ""
    if "\n" in gap:
        return "" if last[-1] in _JOINS_NEXT or token[0] in _JOINS_LAST else "\n"
    both_words = re.match(r"[\w$]", last[-1]) and re.match(r"[\w$]", token[0])
    return " " if both_words or (last[-1] in "+-" and last[-1] == token[0]) else ""
