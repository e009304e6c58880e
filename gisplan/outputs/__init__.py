"""Results -> files, one file per kind of result; every file appears whole or not at all."""

from __future__ import annotations

from gisplan.outputs.analyses import overlaid, save_overlay, save_stats
from gisplan.outputs.lists import save_converted, save_intake, word_issues
from gisplan.outputs.pictures import pictures
from gisplan.outputs.siting import json_document, save

__all__ = [
    "json_document",
    "overlaid",
    "pictures",
    "save",
    "save_converted",
    "save_intake",
    "save_overlay",
    "save_stats",
    "word_issues",
]
