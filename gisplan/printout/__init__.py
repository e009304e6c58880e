"""Results -> text for a terminal, one file per kind of result."""

from __future__ import annotations

from gisplan.printout.analyses import overlay_table, word_overlay
from gisplan.printout.lists import datum_text, intake_text
from gisplan.printout.plans import findings_json, layers_json, layers_table
from gisplan.printout.siting import summary_lines, terminal_rows, terminal_table
from gisplan.printout.stats import stats_table

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
