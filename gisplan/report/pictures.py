"""The maps of a report as PNG: the sheet of the plan, and one small map per card."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisplan.definition import PlanDefinition
from gisplan.fonts import printable, spelled
from gisplan.io.documents.blocks import Figure
from gisplan.report.material import Material
from gisplan.report.phrasing import plain_text
from gisplan.report.places import SHOWN, Places, starts
from gisplan.surface import Surface, draw
from gisplan.symbology import OUTCOME_SYMBOLS
from gisplan.terms import Outcome

Progress = Callable[[int, int], None]

DPI: Final = 200
CHUNK: Final = 8
"""Cards that one process draws at a time."""

WORTH: Final = 4
"""Chunks from which it pays to start processes, which takes them seconds."""


def drawable(projects: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return projects whose ids and names the shipped font can draw."""
    drawn = projects.copy()
    for column in ("id", "name"):
        if column in drawn:
            texts = drawn[column].astype("str")
            clean = [spelled(printable(one)) if isinstance(one, str) else one for one in texts]
            drawn[column] = pd.array(clean, dtype="str")
    return drawn


def sheet(of: Material) -> Figure | None:
    """Draw the plan and its projects; ``None`` where no area of the plan has a geometry."""
    from gisplan.plotting import PAPERS, plot, render

    if of.areas.geometry.isna().all():
        return None
    labels = of.labels
    figure = plot(
        of.definition, of.areas, drawable(of.projects), of.verdicts,
        language=of.language, paper="plate",
    )  # fmt: skip
    # Set at the size at which it is drawn: its scale is true on the page.
    return Figure(
        "figure_map", labels("report.figure_map"), render(figure, ".png", dpi=DPI),
        *PAPERS["plate"],
        labels("report.alt_map", plan=of.definition.title.get(of.language),
               on=int(of.located.sum())),
        map=True,
    )  # fmt: skip


def moves_sheet(of: Material, places: Places) -> Figure | None:
    """Draw the nearest moves as arrows, of the projects that have one, nearest first."""
    from gisplan.plotting import PAPERS, plot, render
    from gisplan.plotting.moves import lay_moves

    shown = places.moves.head(SHOWN)
    if shown.empty:
        return None
    labels, at = of.labels, np.sort(shown.index.to_numpy())
    figure = plot(
        of.definition, of.areas, drawable(of.projects.iloc[at]), of.verdicts.iloc[at],
        language=of.language, paper="plate",
    )  # fmt: skip
    ends = shapely.centroid(shown.geometry.to_numpy())
    ways = list(zip(starts(of, places)[: len(shown)], ends, strict=True))
    title = of.definition.title.get(of.language)
    lay_moves(
        figure, ways, color=OUTCOME_SYMBOLS[Outcome.PASS].color, title=labels("report.key_moves"),
        words=labels("report.key_move"), note=labels("report.key_note"),
        heading=labels("surface.sheet_title", plan=title, title=labels("report.places")),
    )  # fmt: skip
    return Figure(
        "figure_moves", labels("report.figure_moves"), render(figure, ".png", dpi=DPI),
        *PAPERS["plate"], labels("report.alt_moves", n=len(shown)),
    )  # fmt: skip


def surface_sheet(
    of: Material, surface: Surface, anchor: str, words: tuple[str, str, str],
    *, projects: bool = False,
) -> Figure:  # fmt: skip
    """Draw a surface with the plan, and its projects where they are what it is made of.

    *words* are the sheet's title, the caption and the text alternative.
    """
    from gisplan.plotting import PAPERS, plot, render
    from gisplan.plotting.surface import lay_surface

    labels, picture = of.labels, draw(surface, of.labels)
    shown = (drawable(of.projects), of.verdicts) if projects else (None, None)
    figure = plot(of.definition, of.areas, *shown, language=of.language, paper="plate")
    title = of.definition.title.get(of.language)
    lay_surface(
        figure, picture.rgba, picture.extent, title=picture.title, legend=picture.legend,
        note=picture.note,
        heading=labels("surface.sheet_title", plan=title, title=words[0]),
    )  # fmt: skip
    picture_ = render(figure, ".png", dpi=DPI)
    return Figure(anchor, words[1], picture_, *PAPERS["plate"], words[2])


def card_maps(
    of: Material,
    positions: Sequence[int],
    size: tuple[float, float],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> dict[int, Figure]:
    """Draw the card map of each of some projects that have a place.

    With more than one of *jobs* they are shared out among processes; the pictures are the
    same, byte for byte.
    """
    wanted = [at for at in positions if of.located.iloc[at]]
    parts = [tuple(wanted[k : k + CHUNK]) for k in range(0, len(wanted), CHUNK)]
    given = (of.definition, of.areas, drawable(of.projects), of.verdicts, of.language, size)
    figures: dict[int, Figure] = {}
    for drawn in _drawn(given, parts, jobs):
        for at, picture in drawn:
            figures[at] = _figure(at, picture, size, of)
        if progress is not None:
            progress(len(figures), len(wanted))
    return figures


def _drawn(
    given: tuple[Any, ...], parts: list[tuple[int, ...]], jobs: int
) -> Iterator[list[tuple[int, bytes]]]:
    if jobs <= 1 or len(parts) < WORTH:
        yield from (_draw(given, part) for part in parts)
        return
    # Spawned, not forked: a process that holds threads must not be copied.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(jobs, len(parts)), mp_context=context, initializer=_hold, initargs=given
    ) as pool:
        yield from pool.map(_draw_held, parts)


_HELD: dict[str, tuple[Any, ...]] = {}
"""What a drawing process was given at its start, so that it is sent once."""


def _hold(*given: Any) -> None:
    _HELD["given"] = given


def _draw_held(part: tuple[int, ...]) -> list[tuple[int, bytes]]:
    return _draw(_HELD["given"], part)


def _draw(given: tuple[Any, ...], part: Sequence[int]) -> list[tuple[int, bytes]]:
    from gisplan.plotting import plot_project, render

    definition: PlanDefinition
    definition, areas, projects, verdicts, language, size = given
    drawn = []
    for at in part:
        figure = plot_project(
            definition, areas, projects, verdicts, at, language=language, size=size
        )
        drawn.append((at, render(figure, ".png", dpi=DPI)))
    return drawn


def _figure(at: int, picture: bytes, size: tuple[float, float], of: Material) -> Figure:
    name = of.told["name"].iloc[at] or of.told["id"].iloc[at]
    title, alt = (of.labels(f"report.{key}", name=plain_text(name)) for key in _CARD)
    return Figure(f"map_{at}", title, picture, *size, alt)


_CARD = ("figure_card", "alt_card")
