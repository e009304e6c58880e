"""What became of a result since it was written: read again, run again, compared cell by cell."""

from __future__ import annotations

from gisplan.custody.again import Verified, verify, verify_table
from gisplan.custody.telling import tell

__all__ = ["Verified", "tell", "verify", "verify_table"]
