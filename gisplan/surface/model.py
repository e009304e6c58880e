"""What a surface is: cells with values in a unit, and what there is to tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gisplan.io.grids import Grid


@dataclass(frozen=True)
class Surface:
    """A raster in memory.

    Attributes
    ----------
    kind
        ``count``, ``investment`` or ``suitability``: what its values are.
    unit
        ``1/km2``, ``yuan/km2`` or ``1``.
    values
        rows x columns, NaN where there is no answer.
    grid
        Where the cells are.
    facts
        What it rests on, as codes and numbers: written into the file as tags.
    told
        Codes below ``surface.`` of the language files with their values.
    """

    kind: str
    unit: str
    values: NDArray[np.float64] = field(repr=False)
    grid: Grid
    facts: Mapping[str, Any]
    told: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    @property
    def mass(self) -> float:
        """Sum of a density over its ground: projects, or yuan."""
        return float(np.nansum(self.values)) * (self.grid.cell / 1000) ** 2
