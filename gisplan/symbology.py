"""Colours, marker shapes, hatch and draw order that the interactive and the print map share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gisplan.terms import Kind, Outcome, Status

Vertices = tuple[tuple[float, float], ...]


def _regular(corners: int, *, radius: float = 1.0, turn: float = 90.0) -> Vertices:
    steps = (math.radians(turn + 360.0 * k / corners) for k in range(corners))
    return tuple((round(radius * math.cos(a), 3), round(radius * math.sin(a), 3)) for a in steps)


def _cross(arm: float = 0.34, reach: float = 1.0) -> Vertices:
    """Return a multiplication sign: a plus of twelve corners turned by 45 degrees."""
    plus = (
        (-arm, reach), (arm, reach), (arm, arm), (reach, arm), (reach, -arm), (arm, -arm),
        (arm, -reach), (-arm, -reach), (-arm, -arm), (-reach, -arm), (-reach, arm), (-arm, arm),
    )  # fmt: skip
    half = math.sqrt(0.5)
    return tuple((round((x - y) * half, 3), round((x + y) * half, 3)) for x, y in plus)


SHAPES: Final[dict[str, Vertices]] = {
    "circle": _regular(24, radius=0.92),
    "square": ((-0.82, -0.82), (0.82, -0.82), (0.82, 0.82), (-0.82, 0.82)),
    "triangle": ((0.0, 1.05), (1.05, -0.78), (-1.05, -0.78)),
    "wedge": ((0.0, -1.05), (-1.05, 0.78), (1.05, 0.78)),
    "diamond": ((0.0, 1.12), (1.12, 0.0), (0.0, -1.12), (-1.12, 0.0)),
    "cross": _cross(),
    "pentagon": _regular(5),
}
"""Marker outlines in a box of about ±1, y upwards: matplotlib takes them as they are."""


@dataclass(frozen=True)
class Symbol:
    """How an outcome looks: a colour, a shape (the second cue) and a glyph for lists.

    ``order`` is the draw order: the worse the outcome, the higher it lies.
    """

    color: str
    shape: str
    glyph: str
    order: int

    @property
    def vertices(self) -> Vertices:
        """The outline of the marker, see `SHAPES`."""
        return SHAPES[self.shape]

    @property
    def ink(self) -> str:
        """Black or white, whichever reads better on the colour."""
        return ink(self.color)


OUTCOME_SYMBOLS: Final[dict[str, Symbol]] = {
    Outcome.FAIL: Symbol("#d55e00", "cross", "✘", 6),
    Outcome.UNKNOWN: Symbol("#6e6e6e", "diamond", "？", 3),
    Outcome.REVIEW: Symbol("#e69f00", "triangle", "！", 5),
    Outcome.CONDITIONAL: Symbol("#56b4e9", "square", "△", 4),
    Outcome.PASS: Symbol("#009e73", "circle", "✔", 2),
    Outcome.NOT_APPLICABLE: Symbol("#b4b4b4", "pentagon", "–", 1),
}
"""Okabe-Ito colours (safe for all three kinds of colour blindness) and a shape for each."""

ZONE_COLORS: Final = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#9c755f", "#edc948")
CORRIDOR_COLORS: Final = ("#0072b2", "#a3195b", "#00838f", "#5b5ea6")
CONSTRAINT_COLOR: Final = "#b00020"
STUDY_AREA_COLOR: Final = "#3c3c3c"

FILL_OPACITY: Final[dict[str, float]] = {
    Kind.STUDY_AREA: 0.0, Kind.ZONE: 0.22, Kind.CORRIDOR: 0.10, Kind.CONSTRAINT: 0.35,
}  # fmt: skip

LINE_WIDTH: Final[dict[str, float]] = {
    Kind.STUDY_AREA: 2.2, Kind.ZONE: 1.8, Kind.CORRIDOR: 3.6, Kind.CONSTRAINT: 1.6,
}  # fmt: skip

DASHES: Final[dict[str, tuple[int, ...]]] = {
    Status.SCHEMATIC: (7, 5),
    Status.DERIVED: (12, 3),
    Status.AUTHORITATIVE: (),
}
"""Outline by status, in points: only an authoritative line is drawn solid."""

HATCHES: Final = ((45.0, 1.7), (135.0, 1.7), (0.0, 1.7), (90.0, 1.7), (45.0, 3.2), (135.0, 3.2))
"""Angle in degrees and distance in millimetres of the lines in each zone: the cue that
remains in grey."""

CONFLICT_COLORS: Final[dict[str, str]] = {
    "overlap": "#b2182b", "sliver": "#d6604d", "uncovered": "#6e6e6e", "apart": "#6e6e6e",
}  # fmt: skip
"""Colours of what is wrong between areas, by relation (`gisplan.overlay.zone_pairs`)."""

SURFACE_COLORS: Final = ("#fff7bc", "#fec44f", "#fe9929", "#cc4c02", "#662506")
"""Classes of a surface from low to high: lightness falls evenly, so grey print reads too."""

DRAW_ORDER: Final = (
    "basemap", "ring", Kind.ZONE, "analysis", Kind.CONSTRAINT, Kind.CORRIDOR, Kind.STUDY_AREA,
    "conflict", "graticule", "footprint", "project", "label",
)  # fmt: skip
"""From the bottom to the top."""


def ink(color: str) -> str:
    """Return ``#000000`` or ``#ffffff``: the text colour with more contrast (WCAG 2)."""
    return "#000000" if contrast(color, "#000000") >= contrast(color, "#ffffff") else "#ffffff"


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#rrggbb`` colours by WCAG 2, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def hatch_of(kind: str, position: int) -> tuple[float, float]:
    """Return angle (degrees) and distance (mm) of the lines in an area of a kind."""
    angle, distance = HATCHES[position % len(HATCHES)]
    return angle, 0.9 if kind == Kind.CONSTRAINT else distance


def color_of(kind: str, position: int, chosen: str | None) -> str:
    """Return the plan's own colour of an area, else the one for its kind and place in it."""
    if chosen:
        return chosen
    palette: dict[str, Sequence[str]] = {Kind.ZONE: ZONE_COLORS, Kind.CORRIDOR: CORRIDOR_COLORS}
    if kind in palette:
        return palette[kind][position % len(palette[kind])]
    return STUDY_AREA_COLOR if kind == Kind.STUDY_AREA else CONSTRAINT_COLOR


def _luminance(color: str) -> float:
    channels = (int(color[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
