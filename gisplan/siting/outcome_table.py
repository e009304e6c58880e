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
from gisplan.siting.beyond import outcomes_at
from gisplan.siting.certain import Asked, Project, Proof, listed_as
from gisplan.siting.measure import AREA, Places
from gisplan.siting.surroundings import Surroundings, different
from gisplan.terms import OUTCOMES, SEPARATOR

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
_Plan = tuple[PlanDefinition, Columns, PlanIndex]

_SPOTS: Final = 100
"""Places where a table that was kept is compared with the check: so many all over, and so many
where there are edges."""
_FORMAT: Final = "gisplan outcomes 2"
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
    zones that hold the point, joined, ``None`` for none. ``beside`` says for each row of
    ``cells.fine`` which of the surroundings it has.
    """

    cells: Cells
    outcome: NDArray[np.int8]
    nominal: NDArray[np.int8]
    zones: tuple[str | None, ...]
    beside: NDArray[np.int32]
    surroundings: Surroundings
    proof: Proof

    @classmethod
    def of(
        cls, cells: Cells, said: NDArray[np.uint8], beside: NDArray[np.int32],
        surroundings: Surroundings, proof: Proof,
    ) -> Table:  # fmt: skip
        """Word what the numbers of cells stand for: ranks of outcome and nominal, bits of zones."""
        plan = proof.plan
        places = [OUTCOMES.index(one.value) for one in plan.policy.cascade]
        outcome, nominal = np.array(places, dtype=np.int8)[said[:, :2]].T
        held = np.unpackbits(said[:, 2:], axis=1, count=len(plan.zones)).astype(bool)
        names = np.array(list(plan.zones), dtype=object)
        zones = tuple(SEPARATOR.join(names[row]) or None for row in held)
        return cls(
            cells, outcome.copy(), nominal.copy(), zones, beside, surroundings, proof
        )  # fmt: skip

    def around(self, x: Floats, y: Floats) -> Rows:
        """Return which surroundings places have that are not known by their cell."""
        row = self.cells.rows(x, y)
        last = len(self.surroundings.sides) - 1
        if not len(self.beside):
            return np.full(len(row), last)
        return np.where(row < 0, last, self.beside.take(row, mode="clip")).astype(np.int64)


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
    proof = Proof(definition, areas, index, ground.project, asked)
    name = _name(definition, areas, asked, ground, levels) if store is not None else None
    if store is not None and name is not None:
        table = _trusted(store.load_arrays(name), plan, proof, ground)
        if table is not None:
            return table
    if not make:
        return None
    expected, index.expected = index.expected, max(index.expected, 1 << 20)
    cells = build_cells(ground.frame, proof, levels)
    cells = replace(cells, beyond=proof.beyond(ground.frame), around=ground.around)
    beside, surroundings = _surroundings(cells, proof)
    index.expected = expected
    said = proof.said()
    if store is not None and name is not None:
        held = {**cells.arrays(), **surroundings.arrays(), "said": said, "beside": beside}
        store.save_arrays(name, held)
    return Table.of(cells, said, beside, surroundings, proof)


def _surroundings(cells: Cells, proof: Proof) -> tuple[NDArray[np.int32], Surroundings]:
    """Tell on which side of each area the mixed coarse cells are; many are alike."""
    half_x, half_y = cells.frame[2:] / (2 << cells.levels.coarse)
    found = proof.sides(*cells.middles(), float(half_x), float(half_y))
    sides, beside = different(np.ascontiguousarray(found.T))
    fine = np.bincount(beside, minlength=len(sides)) << (2 * cells.levels.fine)
    return beside.astype(np.int32), Surroundings.proven(proof, sides, fine)


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
    held: Mapping[str, NDArray[Any]] | None, plan: _Plan, proof: Proof, ground: Ground
) -> Table | None:
    """Take what was kept where it fits together, and says what the check says."""
    definition, areas, index = plan
    table = _fitting(held, proof) if held is not None else None
    if table is None or not np.array_equal(table.cells.frame, ground.frame):  # type: ignore[arg-type]
        return None
    x, y = _spots(table.cells)
    places = Places.at_points(*ground.project(x, y))
    listed = listed_as(proof.asked, len(x))
    truth = outcomes_at(places, listed, (areas, definition), index)
    around, codes = table.around(x, y), table.cells.at(x, y)
    at = np.flatnonzero((codes == 0) & places.located)
    codes[at] = table.surroundings.told(around[at], places.take(at).points, proof)
    sure = codes > 0
    for name, mine in (("outcome", table.outcome), ("nominal", table.nominal)):
        if (mine[codes] != truth.coded(name).codes)[sure].any():
            return None
    zones = np.array(table.zones, dtype=object)[codes]
    if (zones != truth.texts("zone"))[sure].any():
        return None
    sides = dict(zip(proof.keys, table.surroundings.settled[around].T, strict=True))
    beside = outcomes_at(places, listed, (areas, definition), index, sides)
    same = (np.array_equal(beside.texts(name), truth.texts(name)) for name in truth)
    return table if all(same) else None


def _fitting(held: Mapping[str, NDArray[Any]], proof: Proof) -> Table | None:
    """Take what was kept where what its numbers stand for is there for each of them."""
    cells, surroundings = Cells.of(held), Surroundings.of(held, proof)
    if cells is None or surroundings is None or not {"said", "beside"} <= set(held):
        return None
    said, beside = held["said"], held["beside"]
    bytes_ = 2 + (len(proof.plan.zones) + 7) // 8
    if said.dtype != np.uint8 or said.ndim != 2 or said.shape[1] != bytes_:
        return None
    largest = max(cells.largest, int(surroundings.scales.max(initial=0)))
    if largest >= len(said) or said[:, :2].max(initial=0) >= len(OUTCOMES):
        return None
    if beside.dtype != np.int32 or beside.shape != (len(cells.fine),):
        return None
    if len(beside) and not 0 <= beside.min() <= beside.max() < len(surroundings.sides):
        return None
    return Table.of(cells, said, beside, surroundings, proof)


def _spots(cells: Cells) -> tuple[Floats, Floats]:
    """Choose places to try: all over the rectangle and about it, and where edges are."""
    frame, random = cells.frame, np.random.default_rng(cells.largest)
    x, y = frame[:2, None] + frame[2:, None] * random.uniform(-0.1, 1.1, (2, _SPOTS))
    if not len(cells.fine):
        return x, y
    at = random.integers(0, len(cells.fine), _SPOTS)
    step = frame[2:, None] / (1 << cells.levels.coarse)
    near = np.stack(cells.middles())[:, at] + step * random.uniform(-0.5, 0.5, (2, _SPOTS))
    return np.append(x, near[0]), np.append(y, near[1])
