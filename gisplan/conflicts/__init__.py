"""Two or more sets of areas: the ground they claim twice, or leave between them, as a ledger.

Pure on frames: a set is a frame with the columns of `gisplan.conflicts.arrangement.AREAS`.
"""

from __future__ import annotations

from gisplan.conflicts.arrangement import AGREE, AREAS, KINDS, ONE, arrange, balance
from gisplan.conflicts.ledger import CLOSED, GONE, LEDGER, OPEN, REOPENED, close, renew
from gisplan.conflicts.patches import GAP, conflicts, grades

__all__ = [
    "AGREE",
    "AREAS",
    "CLOSED",
    "GAP",
    "GONE",
    "KINDS",
    "LEDGER",
    "ONE",
    "OPEN",
    "REOPENED",
    "arrange",
    "balance",
    "close",
    "conflicts",
    "grades",
    "renew",
]
