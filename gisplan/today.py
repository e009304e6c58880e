"""The day of a run: every date that a result bears or depends on comes from here."""

from __future__ import annotations

import datetime as dt
import os


def today() -> dt.date:
    """Today, or the day of ``SOURCE_DATE_EPOCH``, by which a result is made byte for byte again."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return dt.datetime.fromtimestamp(int(epoch), dt.UTC).date() if epoch else dt.date.today()
