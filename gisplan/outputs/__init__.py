"""Results -> files, one file per kind of result; every file appears whole or not at all.

Names are loaded when they are used: a check does not pay for what only draws or reports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gisplan.outputs.analyses import overlaid, save_overlay
    from gisplan.outputs.lists import save_converted, save_intake, word_issues
    from gisplan.outputs.pictures import save_figure, save_pictures
    from gisplan.outputs.report import save_report
    from gisplan.outputs.siting import json_document, save
    from gisplan.outputs.stats import save_stats

_HOMES = {
    "json_document": "gisplan.outputs.siting",
    "overlaid": "gisplan.outputs.analyses",
    "save": "gisplan.outputs.siting",
    "save_converted": "gisplan.outputs.lists",
    "save_figure": "gisplan.outputs.pictures",
    "save_intake": "gisplan.outputs.lists",
    "save_overlay": "gisplan.outputs.analyses",
    "save_pictures": "gisplan.outputs.pictures",
    "save_report": "gisplan.outputs.report",
    "save_stats": "gisplan.outputs.stats",
    "word_issues": "gisplan.outputs.lists",
}

__all__ = [
    "json_document",
    "overlaid",
    "save",
    "save_converted",
    "save_figure",
    "save_intake",
    "save_overlay",
    "save_pictures",
    "save_report",
    "save_stats",
    "word_issues",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
