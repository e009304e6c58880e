"""Layer sets -> their conflict ledger: read, compare, carry the numbers of the last one on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gisplan.conflicts import arrange, balance, close, conflicts, renew
from gisplan.errors import OutputError
from gisplan.io.layer_sets import SetOptions, read_sets
from gisplan.io.ledgers import read_ledger
from gisplan.labels import Labels


@dataclass
class Found:
    """What comparing layer sets found, and all that it rests on."""

    ledger: gpd.GeoDataFrame
    balance: pd.DataFrame
    areas: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    left_out: tuple[tuple[str, str, int], ...]
    sources: Mapping[str, Path]
    previous: Path | None = None

    def close(self, closing: tuple[Sequence[str], str, dt.date] | None) -> None:
        """Close numbers with a reason and a day.

        Raises
        ------
        OutputError
            ``close_unknown`` naming the numbers that the ledger does not hold.
        """
        if closing is None:
            return
        missing = close(self.ledger, *closing)
        if missing:
            raise OutputError("close_unknown", numbers=", ".join(missing))


def find(
    paths: Sequence[Path],
    options: SetOptions,
    labels: Labels,
    *,
    gap: float | None = None,
    ledger: Path | None = None,
) -> Found:
    """Compare layer sets and carry an earlier ledger on."""
    previous = read_ledger(ledger) if ledger is not None else None
    read = read_sets(paths, options, language=labels.language)
    cells = arrange(read.areas)
    patches = conflicts(read.areas, cells, gap=gap)
    return Found(
        renew(patches, previous), balance(read.areas, cells), read.areas, cells, read.left_out,
        read.sources, ledger,
    )  # fmt: skip
