"""Which file holds which work."""

from __future__ import annotations

import importlib
from typing import Final

from benchmarks.measuring import Work

FILES: Final = {
    "facts": "facts",
    "questions": "questions",
    "membership": "membership",
    "shares": "parcels",
    "pieces": "parcels",
    "rings": "parcels",
    "smooth rings": "parcels",
    "few": "curves",
    "with points": "curves",
    "with vertices": "curves",
    "with zones": "curves",
    "outcomes": "streams",
    "stream": "streams",
    "two workers": "streams",
    "hundred million": "streams",
    "cold": "commands",
    "limits": "limits",
}


def topics() -> list[str]:
    """Return the names of all works."""
    return list(FILES)


def load_topic(name: str) -> Work:
    """Return a work by its name."""
    return importlib.import_module(f"benchmarks.{FILES[name]}").WORKS[name]
