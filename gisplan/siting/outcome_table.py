"""A table of outcomes by place: proven cell by cell, kept between runs, tried before use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.columns import Columns
from gisplan.definition import PlanDefinition
from gisplan.index import Cells, Levels, PlanIndex, Store, build_cells
from gisplan.siting.certain import Asked, Project, Proof, listed_as
from gisplan.siting.measure import AREA, Places
from gisplan.siting.tiles import check_places
from gisplan.terms import OUTCOMES, SEPARATOR

Floats = NDArray[np.float64]
_Plan = tuple[PlanDefinition, Columns, PlanIndex]

_SPOTS: Final = 200
"""Places where a table that was kept is compared with the check."""
_FORMAT: Final = "gisplan outcomes 1"
_RESTS_ON: Final = (
    "siting/*.py",
    "index/*.py",
    "definition/*.py",
    "data/industries.toml",
    "industries.py",
    "uncertainty.py",
    "columns.py",
)
"""What decides a verdict: a table that was made by another wording of it is not used."""


class Ground(NamedTuple):
    """Where points are given, and the way from there into the plan's CRS.

    ``frame`` is west, south, width and height of the rectangle that tables cover, in the
    system of the points; ``None`` where none can be made. ``name`` tells the way of the
    coordinates and its version. As far as ``around`` from the rectangle the way maps
    neighbours to neighbours.
    """

    frame: Floats | None
    project: Project
    name: str
    around: float = 0.0


@dataclass(frozen=True, eq=False)
class Table:
    """Cells, and what their numbers stand for; 0 is "not known".

    ``outcome`` and ``nominal`` are places in `gisplan.terms.OUTCOMES`, ``zones`` the ids of the
    zones that hold the point, joined, ``None`` for none.
    """

    cells: Cells
    outcome: NDArray[np.int8]
    nominal: NDArray[np.int8]
    zones: tuple[str | None, ...]

    @classmethod
    def of(cls, cells: Cells, said: NDArray[np.uint8], plan: PlanDefinition) -> Table:
        """Word what the numbers of cells stand for: ranks of outcome and nominal, bits of zones."""
        places = [OUTCOMES.index(one.value) for one in plan.policy.cascade]
        outcome, nominal = np.array(places, dtype=np.int8)[said[:, :2]].T
        held = np.unpackbits(said[:, 2:], axis=1, count=len(plan.zones)).astype(bool)
        names = np.array(list(plan.zones), dtype=object)
        zones = [SEPARATOR.join(names[row]) or None for row in held]
        return cls(cells, outcome.copy(), nominal.copy(), tuple(zones))


def kept_table(
    plan: _Plan, asked: Asked, ground: Ground, levels: Levels, store: Store | None, *, make: bool
) -> Table | None:
    """Return the table for rows of a kind.

    Parameters
    ----------
    plan
        Definition, areas and index.
    asked
        What the rows have in common.
    ground, levels
        Where, and how finely.
    store
        Where tables are kept.
    make
        Whether to make one that is not kept; else the result is ``None``.
    """
    assert ground.frame is not None
    definition, areas, index = plan
    name = _name(definition, areas, asked, ground, levels) if store is not None else None
    if store is not None and name is not None:
        table = _trusted(store.load_arrays(name), plan, asked, ground)
        if table is not None:
            return table
    if not make:
        return None
    proof = Proof(definition, areas, index, ground.project, asked)
    expected, index.expected = index.expected, max(index.expected, 1 << 20)
    cells = build_cells(ground.frame, proof, levels)
    cells = replace(cells, beyond=proof.beyond(ground.frame), around=ground.around)
    index.expected = expected
    if store is not None and name is not None:
        store.save_arrays(name, {**cells.arrays(), "said": proof.said()})
    return Table.of(cells, proof.said(), definition)


def _name(
    definition: PlanDefinition, areas: Columns, asked: Asked, ground: Ground, levels: Levels
) -> str | None:
    """Name a table by all it is made from; ``None`` where that cannot be told."""
    made_of = hashlib.sha256()
    try:
        for parts in _RESTS_ON:
            for file in sorted(Path(__file__).parents[1].glob(parts)):
                made_of.update(file.read_bytes())
    except OSError:
        return None
    assert ground.frame is not None
    told = (_FORMAT, definition.model_dump_json(), asked, ground.name, levels, np.__version__)
    made_of.update(repr((*told, shapely.geos_version)).encode() + ground.frame.tobytes())
    for kind, key, drawn in zip(*(areas.array(one) for one in AREA), strict=True):
        made_of.update(f"\0{kind}:{key}:".encode())
        made_of.update(b"" if drawn is None else bytes(shapely.to_wkb(drawn)))
    return made_of.hexdigest()[:40]


def _trusted(
    arrays: Mapping[str, NDArray[Any]] | None, plan: _Plan, asked: Asked, ground: Ground
) -> Table | None:
    """Take what was kept where it fits together, and says what the check says."""
    definition, areas, index = plan
    if arrays is None or "said" not in arrays:
        return None
    cells, said = Cells.of(arrays), arrays["said"]
    assert ground.frame is not None
    if cells is None or not np.array_equal(cells.frame, ground.frame):
        return None
    bytes_ = 2 + (len(definition.zones) + 7) // 8
    if said.dtype != np.uint8 or said.ndim != 2 or said.shape[1] != bytes_:
        return None
    if cells.largest >= len(said) or said[:, :2].max(initial=0) >= len(OUTCOMES):
        return None
    table = Table.of(cells, said, definition)
    frame, random = cells.frame, np.random.default_rng(len(said))
    x, y = frame[:2, None] + frame[2:, None] * random.uniform(-0.1, 1.1, (2, _SPOTS))
    places = Places.at_points(*ground.project(x, y))
    held = np.ones(_SPOTS, dtype=bool)
    listed = listed_as(asked, _SPOTS)
    truth = check_places(places, listed, held, areas, definition, index)
    codes = cells.at(x, y)
    sure = codes > 0
    for name, mine in (("outcome", table.outcome), ("nominal", table.nominal)):
        if (mine[codes] != truth.coded(name).codes)[sure].any():
            return None
    zones = np.array(table.zones, dtype=object)[codes]
    return table if (zones == truth.texts("zone"))[sure].all() else None
