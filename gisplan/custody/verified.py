"""What a verification found: inputs that changed, cells that differ, how much was compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from gisplan.custody.compare import Difference

How = Literal["cells", "bytes", "inputs"]
"""What a verdict on a file rests on: its cells run again, its bytes made again, or only whether
its inputs are those recorded."""


class Change(NamedTuple):
    """One input that is not the one recorded; ``code`` is worded by ``verify.<code>``."""

    code: str
    then: str
    now: str
    name: str = ""


@dataclass(frozen=True)
class Verified:
    """What a verification found.

    Attributes
    ----------
    path
        The file.
    changes
        Inputs that differ from those recorded.
    edited
        Whether the file was changed after it was written; ``None`` where only a hash in it
        could tell and it holds none.
    differences
        Cells, rows and tables that are not what the new run gives.
    more
        How many there are besides, counted and not held.
    cells, rows
        How many cells and projects were compared.
    how
        What was compared.
    missing
        Recorded inputs that are not at hand, without which nothing could be run again.
    """

    path: Path
    changes: tuple[Change, ...]
    edited: bool | None
    differences: tuple[Difference, ...]
    more: int = 0
    cells: int = 0
    rows: int = 0
    how: How = "cells"
    missing: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether file and inputs are as recorded; other libraries alone do not count."""
        mine = [one for one in self.changes if one.code not in ("tool", "library")]
        return not (self.differences or self.more or self.edited or mine)
