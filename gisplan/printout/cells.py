"""One value -> the text of one cell of a terminal table."""

from __future__ import annotations

from typing import Any

import numpy as np

from gisplan.wording import DASH, metres


def cell(code: str, value: Any) -> str:
    """Return a value as people read it: P cut after two digits, metres rounded, a dash for none."""
    if value is None or value != value or value == "":
        return DASH
    if code == "confidence":
        # Rounded down: a review at 0.9498 must not read 0.95, nor 0.9999 read certain.
        return f"{int(value * 100) / 100:.2f}" if value < 1 else "1.00"
    return metres(value) if isinstance(value, float) else str(value)


def number(value: Any) -> str:
    """Return a whole number, or a dash."""
    lost = value is None or not np.isfinite(value)
    return DASH if lost else str(int(value))


def count(value: Any) -> Any:
    """Return a large count as a float, so that its thousands are parted."""
    return float(value) if isinstance(value, (int, np.integer)) and value >= 10_000 else value


def degrees(value: float | None) -> str:
    """Return degrees to six places, about 0.1 m."""
    return DASH if value is None or value != value else f"{value:.6f}"
