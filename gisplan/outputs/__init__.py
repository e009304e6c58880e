"""Results -> files, one file per kind of result; every file appears whole or not at all."""

from __future__ import annotations

from gisplan.outputs.analyses import overlaid, save_overlay
from gisplan.outputs.lists import save_converted, save_intake, word_issues
from gisplan.outputs.pictures import pictures, save_figure
from gisplan.outputs.report import save_report
from gisplan.outputs.siting import json_document, save
from gisplan.outputs.stats import save_stats

__all__ = [
    "json_document",
    "overlaid",
    "pictures",
    "save",
    "save_converted",
    "save_figure",
    "save_intake",
    "save_overlay",
    "save_report",
    "save_stats",
    "word_issues",
]
