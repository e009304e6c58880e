"""The inset: where the sheet lies in the whole plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import shapely
import shapely.affinity
from shapely.geometry.base import BaseGeometry

from gisplan.plotting.drawing import add_shape
from gisplan.plotting.form import Frame
from gisplan.plotting.ground import Area, Ground
from gisplan.plotting.page import INK, PALE, RULE, Page
from gisplan.terms import Kind

RED: Final = "#b00020"


def draw_inset(
    page: Page, ground: Ground, areas: Sequence[Area], frame: Frame, *, title: str, size: float
) -> None:
    """Draw all areas small, and the frame of the sheet among them, below a short title."""
    page.write(
        frame.left + frame.width / 2, frame.top + 0.8, title, size=size, across="center",
        color=PALE,
    )  # fmt: skip
    bounds = shapely.total_bounds([*(area.geometry for area in areas), ground.frame])
    west, south, east, north = (float(one) for one in bounds)
    rate = 0.94 * min(frame.width / (east - west), frame.height / (north - south))
    shift = (
        frame.left + frame.width / 2 - rate * (west + east) / 2,
        frame.bottom + frame.height / 2 - rate * (south + north) / 2,
    )

    def small(shape: BaseGeometry) -> BaseGeometry:
        there = shapely.affinity.affine_transform(shape, [rate, 0, 0, rate, *shift])
        return shapely.simplify(there, 0.05)

    page.box(frame.left, frame.bottom, frame.width, frame.height, line=0.4, facecolor="#f7f7f5")
    looks: dict[Kind, dict[str, Any]] = {
        Kind.STUDY_AREA: {"facecolor": "white", "edgecolor": PALE, "linewidth": 0.5},
        Kind.ZONE: {"facecolor": "#c9ced6", "edgecolor": "#8a8f98", "linewidth": 0.25},
        Kind.CORRIDOR: {"edgecolor": RULE, "linewidth": 0.6},
        Kind.CONSTRAINT: {"facecolor": "#e3c9c9", "linewidth": 0},
    }
    for area in areas:
        add_shape(page.paper, small(area.geometry), **looks[Kind(area.kind)])
    add_shape(
        page.paper, small(ground.frame), edgecolor=RED, linewidth=0.8, gid="inset-frame",
        joinstyle="miter",
    )  # fmt: skip
    page.box(frame.left, frame.bottom, frame.width, frame.height, line=0.4, edgecolor=INK)
