"""The title block: what a sheet rests on, what was not checked, and who answers for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd

from gisplan.definition.table import out_of_date
from gisplan.fonts import drawable, wrap
from gisplan.labels import Labels
from gisplan.plotting.form import Form
from gisplan.plotting.ground import Ground
from gisplan.plotting.page import BODY, LEADING, MM, PALE, RULE, Page, extent
from gisplan.terms import Kind, Status

if TYPE_CHECKING:
    from gisplan.definition import Layer, PlanDefinition

Row = tuple[tuple[str, str], ...]
"""One row of the block: one cell with its title, or two side by side."""


def title_block(
    definition: PlanDefinition,
    areas: gpd.GeoDataFrame,
    ground: Ground,
    labels: Labels,
    *,
    form: Form,
) -> list[Row]:
    """Return the rows of the title block; the cells of the office stay where they are empty."""
    between = labels("plot.between")
    said = [
        ("plan", f"{definition.id} · {definition.version}"),
        ("document", definition.document or ""),
        ("crs", f"{definition.crs} {ground.crs.name}"),
        ("heights", definition.height_datum or labels("plot.no_heights")),
        *_layers(definition, areas, labels),
        ("unchecked", between.join(_unchecked(definition, areas, labels))),
    ]
    rows: list[Row] = [((labels(f"plot.{key}"), text),) for key, text in said if text]
    rows.append(((labels("plot.author"), form.author),))
    slots = (("number", form.number), ("review", form.review_number))
    return [*rows, tuple((labels(f"plot.{key}"), text) for key, text in slots)]


def _layers(
    definition: PlanDefinition, areas: gpd.GeoDataFrame, labels: Labels
) -> list[tuple[str, str]]:
    has = areas[areas.geometry.notna() & (areas["kind"] != Kind.COVERAGE)]
    errors = sorted({float(one) for one in has["accuracy"].dropna()})
    dates = sorted({str(one)[:10] for one in has["as_of"].dropna()})
    states = Counter(str(one) for one in has["status"].dropna())
    stated = [
        labels("plot.state", state=labels(f"status.{one}"), count=states[one])
        for one in Status
        if states[one]
    ]
    between = (
        "–".join(f"{one:g}" for one in dict.fromkeys((errors[0], errors[-1]))) if errors else ""
    )
    known = set(zip(has["kind"].astype(str), has["id"], strict=True))
    old = out_of_date(definition, known, labels.language)
    return [
        ("status", labels("plot.between").join(stated)),
        ("expired", labels("plot.between").join(old)),
        ("accuracy", between and f"{between} m"),
        ("as_of", "–".join(dict.fromkeys((dates[0], dates[-1]))) if dates else ""),
    ]


def _unchecked(definition: PlanDefinition, areas: gpd.GeoDataFrame, labels: Labels) -> list[str]:
    has = areas[areas.geometry.notna() & (areas["kind"] != Kind.COVERAGE)]
    located = set(has["id"])
    return [
        _owned(one, labels) for key, one in definition.constraints.items() if key not in located
    ]


def _owned(layer: Layer, labels: Labels) -> str:
    title = layer.title.get(labels.language)
    return labels("plot.owner", title=title, owner=layer.owner) if layer.owner else title


def block_height(rows: Sequence[Row], *, width: float, scale: float) -> float:
    """Return the height in millimetres of the title block."""
    return sum(height for _, height in _cells(rows, width, scale))


def draw_block(
    page: Page,
    rows: Sequence[Row],
    *,
    left: float,
    bottom: float,
    width: float,
    scale: float,
) -> None:
    """Draw the title block with its foot at ``bottom``."""
    y = bottom + block_height(rows, width=width, scale=scale)
    page.box(left, bottom, width, y - bottom, line=0.7)
    for cells, height in _cells(rows, width, scale):
        part = width / len(cells)
        for number, (title, lines) in enumerate(cells):
            edge = left + number * part
            _draw_cell(
                page, title, lines, (edge, y, height), first=_first(rows, scale), scale=scale
            )
            if number:
                page.line([(edge, y), (edge, y - height)], width=0.35, color=RULE)
        y -= height
        if y > bottom + 0.1:
            page.line([(left, y), (left + width, y)], width=0.35, color=RULE)


def _draw_cell(
    page: Page, title: str, lines: Sequence[str], place: tuple[float, float, float], *,
    first: float, scale: float,
) -> None:  # fmt: skip
    left, top, height = place
    size = 0.88 * BODY * scale
    middle = top - height / 2 - 0.36 * size / MM
    page.line([(left + first, top), (left + first, top - height)], width=0.35, color=RULE)
    page.write(left + first / 2, middle, title, size=size, across="center", color=PALE)
    line = middle + (len(lines) - 1) / 2 * LEADING * size / MM
    for text in lines:
        page.write(left + first + 1.2, line, text, size=size)
        line -= LEADING * size / MM


def _first(rows: Sequence[Row], scale: float) -> float:
    """Return the width of the titles' column in millimetres."""
    return max(extent(title, 0.88 * BODY * scale) for row in rows for title, _ in row) + 2.4


def _cells(
    rows: Sequence[Row], width: float, scale: float
) -> list[tuple[list[tuple[str, list[str]]], float]]:
    size, first = 0.88 * BODY * scale, _first(rows, scale)
    laid = []
    for row in rows:
        room = (width / len(row) - first - 2.2) * MM
        cells = [(title, wrap(drawable(text), size, room)) for title, text in row]
        most = max(len(lines) for _, lines in cells)
        laid.append((cells, most * LEADING * size / MM + 1.3 * scale))
    return laid
