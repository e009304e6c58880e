"""Results -> text for a terminal, one file per kind of result.

Names are loaded when they are used: a check does not pay for what only draws or reports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gisplan.printout.analyses import overlay_table, word_overlay
    from gisplan.printout.lists import datum_text, intake_text
    from gisplan.printout.plans import findings_json, layers_json, layers_table
    from gisplan.printout.siting import summary_lines, terminal_rows, terminal_table
    from gisplan.printout.stats import stats_table

_HOMES = {
    "datum_text": "gisplan.printout.lists",
    "findings_json": "gisplan.printout.plans",
    "intake_text": "gisplan.printout.lists",
    "layers_json": "gisplan.printout.plans",
    "layers_table": "gisplan.printout.plans",
    "overlay_table": "gisplan.printout.analyses",
    "stats_table": "gisplan.printout.stats",
    "summary_lines": "gisplan.printout.siting",
    "terminal_rows": "gisplan.printout.siting",
    "terminal_table": "gisplan.printout.siting",
    "word_overlay": "gisplan.printout.analyses",
}

__all__ = [
    "datum_text",
    "findings_json",
    "intake_text",
    "layers_json",
    "layers_table",
    "overlay_table",
    "stats_table",
    "summary_lines",
    "terminal_rows",
    "terminal_table",
    "word_overlay",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
