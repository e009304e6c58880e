"""What was recognised or inferred of a list -> words: how it was read decides everything."""

from __future__ import annotations

import json
from typing import Final

from gisplan.labels import Labels

_LISTS: Final = frozenset(
    ("titles_twice", "dates_serial", "parcels", "layers_left", "tables_left", "sheets_hidden",
     "crs_candidates", "crs_unknown", "crs_offset_hint", "columns_kept")
)  # fmt: skip
"""Codes of which the value is names joined by ``、``."""


def evidence_line(code: str, value: str, labels: Labels) -> str:
    """Write what was recognised or inferred of a list; see `gisplan.io.projects.Intake`."""
    if code == "columns":
        told = (
            labels("evidence.column", meaning=labels(f"field.{field}"), title=title)
            for field, title in json.loads(value).items()
        )
        value = ("、" if labels.language == "zh" else ", ").join(told)
    elif code in _LISTS and labels.language != "zh":
        value = value.replace("、", ", ")
    return labels(f"evidence.{code}", value=value)
