"""What became of a result since it was written: read again, run again, compared cell by cell."""

from __future__ import annotations

from gisplan.custody.again import verify, verify_table
from gisplan.custody.remade import inputs_of, verify_inputs, verify_remade
from gisplan.custody.telling import tell
from gisplan.custody.verified import Verified

__all__ = [
    "Verified", "inputs_of", "tell", "verify", "verify_inputs", "verify_remade", "verify_table",
]  # fmt: skip
