"""A column of cells at once: what `gisplan.io.text` says of each cell, in a fraction of the time.

Tests hold every function equal to the one for a single cell that it stands for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gisplan.io.text import DASH_TABLE, MARK_TABLE, known_titles, match_headers, normalise

DECIMAL: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{0,18})?")
"""A number in the plainest writing, which needs no interpreting."""
_DECIMALS: Final = re.compile(rf"(?:{DECIMAL.pattern}\n)*")
_MARKS: Final = frozenset("([【{〔/:")
_PARTED: Final = re.compile(f"[{re.escape(''.join(sorted(_MARKS)))}]")
"""Marks by which a title may be taken apart; others are titles as a whole."""


def normalised(cells: Sequence[str]) -> list[str]:
    """Return each of many cells as `gisplan.io.text.normalise` does."""
    whole = "\n".join(cells)
    if whole.count("\n") != len(cells) - 1:  # an end of line within a cell
        return list(map(normalise, cells))
    if not whole.isascii() or "`" in whole:
        marked = _translated(whole, MARK_TABLE)
        whole = _translated(unicodedata.normalize("NFKC", marked), DASH_TABLE)
    return [" ".join(one.split()) for one in whole.split("\n")]


def _translated(whole: str, table: Mapping[int, str | None]) -> str:
    """Translate a long text, of which few have any of the characters."""
    return whole.translate(table) if any(chr(one) in whole for one in table) else whole


def decimals(cells: Sequence[str]) -> NDArray[np.float64]:
    """Read numbers in the plainest writing; NaN for all else."""
    if are_decimals(cells):
        return np.array(list(map(float, cells)), dtype=np.float64)
    plain = DECIMAL.fullmatch
    read = [float(cell) if cell and plain(cell) else np.nan for cell in cells]
    return np.array(read, dtype=np.float64)


def are_decimals(cells: Sequence[str]) -> bool:
    """Tell whether all cells are numbers in the plainest writing."""
    whole = "\n".join([*cells, ""])
    return bool(_DECIMALS.fullmatch(whole)) and whole.count("\n") == len(cells)


def bared(cells: Sequence[str]) -> list[str]:
    """Return each of many cells as `normalise` does, without blanks and in lower case."""
    whole = "\n".join(normalised(cells)).replace(" ", "").lower()
    return whole.split("\n") if cells else []


def titles_among(cells: Sequence[str], bare: Sequence[str]) -> set[str]:
    """Return those of some cells that read like the title of a field.

    *bare* is what `bared` makes of them.
    """
    known = known_titles()
    stripped = [one.strip("*:#.") for one in bare]
    found = [cell for cell, one in zip(cells, stripped, strict=True) if one in known]
    if _PARTED.search("\n".join(bare)):
        # Taken apart, it is a title by what stands before the mark.
        begun = {one[:2] for one in known}
        found += [
            cell
            for cell, one in zip(cells, stripped, strict=True)
            if (one[:2] in begun or one[:1] in begun or one[1:2] in _MARKS) and _PARTED.search(one)
        ]
    return {cell for cell in found if match_headers([cell])}
