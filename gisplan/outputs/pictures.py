"""A result -> small pictures of its map and its table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gisplan.io.provenance import picture_text
from gisplan.io.writing import write_bytes
from gisplan.labels import Labels
from gisplan.printout import terminal_rows
from gisplan.results import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: Figure, path: str | Path, *, dpi: float = 300, about: str = "") -> Path:
    """Write a figure in the format of the suffix (`gisplan.plotting.render`); return the path."""
    from gisplan.plotting import render

    place = Path(path)
    write_bytes(place, render(figure, place.suffix, dpi=dpi, about=about))
    return place


def save_pictures(
    folder: Path, result: Result, labels: Labels, *, about: Mapping[str, Any] | None = None
) -> list[Path]:
    """Draw the map and the verdict table as small pictures."""
    told = picture_text(about or result.about)
    from gisplan.plotting import plot_table, render

    paths = [folder / f"{result.plan.definition.id}.png", folder / "verdicts.png"]
    sheet = result.plan.plot(result.projects, result.verdicts, language=labels.language)
    write_bytes(paths[0], render(sheet, ".png", dpi=90, about=told))
    headers, rows = terminal_rows(result, labels)
    table = pd.DataFrame(rows, columns=headers)
    figure = plot_table(table, title=labels("run.title"), language=labels.language)
    write_bytes(paths[1], render(figure, ".png", dpi=90, about=told))
    return paths
