"""What a plan says, as frozen typed models: places, policy, goals, criteria. No file is opened."""

from __future__ import annotations

from gisplan.definition.plan import (
    Constraint,
    Corridor,
    Layer,
    PlanDefinition,
    Policy,
    StudyArea,
    Unmet,
    Zone,
)

__all__ = [
    "Constraint",
    "Corridor",
    "Layer",
    "PlanDefinition",
    "Policy",
    "StudyArea",
    "Unmet",
    "Zone",
]
