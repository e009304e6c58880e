"""The day of a run: every date that a result bears or depends on comes from here."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_VARIABLE: Final = "SOURCE_DATE_EPOCH"


def today() -> dt.date:
    """Today, or the day of ``SOURCE_DATE_EPOCH``, by which a result is made byte for byte again."""
    epoch = os.environ.get(_VARIABLE)
    return dt.datetime.fromtimestamp(int(epoch), dt.UTC).date() if epoch else dt.date.today()


@contextmanager
def on_the_day(date: object) -> Iterator[None]:
    """Let what is made again bear the day of the old, and judge by it what was out of date.

    Parameters
    ----------
    date
        As a file records it; of what is no date, nothing changes.
    """
    try:
        day = dt.datetime.fromisoformat(str(date)).replace(hour=12, tzinfo=dt.UTC)
    except ValueError:
        yield
        return
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = str(int(day.timestamp()))
    try:
        yield
    finally:
        os.environ.pop(_VARIABLE)
        if before is not None:
            os.environ[_VARIABLE] = before
