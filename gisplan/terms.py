"""Closed vocabularies: kinds, rules, outcomes and the columns of the four tables."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What an area of the plan is."""

    STUDY_AREA = "study_area"
    ZONE = "zone"
    CORRIDOR = "corridor"
    CONSTRAINT = "constraint"
    COVERAGE = "coverage"


class Status(StrEnum):
    """How far the geometry of a layer can be relied on."""

    SCHEMATIC = "schematic"
    DERIVED = "derived"
    AUTHORITATIVE = "authoritative"


class Outcome(StrEnum):
    """The answer to a rule and to a project, worst first."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    REVIEW = "review"
    CONDITIONAL = "conditional"
    PASS = "pass"
    NOT_APPLICABLE = "not_applicable"


class Rule(StrEnum):
    """What is asked of a project; ``clear_of`` is followed by ``:`` and a constraint id."""

    IN_STUDY_AREA = "in_study_area"
    IN_ZONE = "in_zone"
    NEAR_CORRIDOR = "near_corridor"
    INDUSTRY_FIT = "industry_fit"
    CLEAR_OF = "clear_of"


class Shape(StrEnum):
    """What a project is drawn as; ``none`` is a project without a place."""

    NONE = "none"
    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"


class Level(StrEnum):
    """How grave an intake issue is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


OUTCOMES: Final = tuple(outcome.value for outcome in Outcome)
"""Outcomes in the order of the default cascade, worst first."""

SEPARATOR: Final = "|"
"""Joins several ids or codes in one cell of a table."""

NO_PLACE: Final = "place=unknown"
"""The one reason of a project that has no usable place."""

ASSUMED: Final = "GP-SIT-001"
"""Issue code of a project for whose coordinates the policy's default accuracy was taken."""

UNMEASURED: Final = "GP-SIT-002"
"""Issue code of a project whose geometry crosses itself, is flat, or is several things."""

AREA_COLUMNS: Final = (
    "id", "kind", "status", "accuracy", "as_of", "basis", "source", "sha256", "geometry",
)  # fmt: skip
"""Columns of *areas*: one row per zone, corridor, constraint, coverage and study area.

``accuracy`` is the point mean square error M in metres; geometry is in the plan's CRS
and ``None`` where the plan declares a layer without data.
"""

PROJECT_COLUMNS: Final = (
    "id", "name", "industry", "industry_code", "investment", "location", "accuracy",
    "stage", "year", "source", "note", "sheet", "row", "intake_issues", "geometry",
)  # fmt: skip
"""Columns of *projects*: text as ``str``, ``investment`` in yuan (元), ``accuracy`` in
metres (point mean square error M, NaN where the list does not say), ``row`` as the user
sees it in Excel (header = 1), ``intake_issues`` as codes joined by ``|``."""

VERDICT_COLUMNS: Final = (
    "outcome", "nominal", "confidence", "flip_distance", "zone", "zone_margin",
    "corridor", "corridor_distance",
)  # fmt: skip
"""First columns of *verdicts*; one column per rule and the three below follow."""

VERDICT_TAIL: Final = ("reasons", "unchecked", "issues")

OVERRULE_COLUMNS: Final = ("overruled", "overrule_reason", "overruled_by", "overruled_on")
"""Columns that follow a verdict where a list of overrules was given: the outcome that a person
decided, why, who, and on which day (ISO); all ``""`` where nobody did. ``outcome`` stays."""

ISSUE_COLUMNS: Final = ("code", "level", "file", "sheet", "row", "column", "value")
"""Columns of the intake issue table: where the user finds it, and what stood there."""
