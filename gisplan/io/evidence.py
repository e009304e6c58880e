"""What was recognised or inferred of a list -> words: how it was read decides everything."""

from __future__ import annotations

import json

from gisplan.labels import Labels


def evidence_line(code: str, value: str, labels: Labels) -> str:
    """Write what was recognised or inferred of a list; see `gisplan.io.projects.Intake`."""
    if code == "columns":
        told = (
            labels("evidence.column", meaning=labels(f"field.{field}"), title=title)
            for field, title in json.loads(value).items()
        )
        value = ("、" if labels.language == "zh" else ", ").join(told)
    return labels(f"evidence.{code}", value=value)
