"""Outcomes of very many points: looked up where the ground is proven, else checked one by one.

The result is that of `gisplan.siting.tiles.check_places` by construction: a table answers only
where `gisplan.siting.certain` has proven what every point of a cell is told, and every other
point is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded, Columns
from gisplan.definition import PlanDefinition
from gisplan.index import Levels, PlanIndex, Points, Store
from gisplan.index.plan import FEW
from gisplan.siting.beyond import Key, Sides, outcomes_at
from gisplan.siting.certain import Asked, keys_of, provable
from gisplan.siting.measure import Places, industries_of
from gisplan.siting.outcome_table import Ground, Table, kept_table
from gisplan.siting.rules import wanted
from gisplan.siting.tiles import MANY, check_places
from gisplan.terms import OUTCOMES

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

ENOUGH: Final = 1_000_000
"""Rows of one kind from which it pays to prove a table for them."""
LEVELS: Final = Levels(coarse=10, fine=4)
"""Cells of a 16384th of the frame: about two metres in a district."""
_WORTH_A_LOOK: Final = 50_000
"""Rows of one kind from which it pays to look whether a table was kept."""
_BLOCK: Final = 1 << 16
"""Points checked one by one at a time."""
_TABLES: Final = 48
"""Tables held at a time, a few megabytes each."""
_SAMPLE, _ACCURACIES = 4096, 8
"""Accuracies are looked for in so many rows, and so many of them get tables of their own."""


@dataclass(eq=False)
class Outcomes:
    """A plan that is asked for outcomes alone, of very many points.

    Attributes
    ----------
    definition, areas, index
        The plan.
    ground
        Where points are given.
    store
        Where tables are kept between runs; ``None``: nowhere.
    expected
        Rows that will be asked about in all, where they come in parts.
    enough
        Rows of one kind (industries that the plan does not tell apart, and accuracy) from
        which a table is made for them.
    levels
        How finely the ground is cut.
    """

    definition: PlanDefinition
    areas: Columns
    index: PlanIndex
    ground: Ground
    store: Store | None = None
    expected: int = 0
    enough: int = ENOUGH
    levels: Levels = LEVELS
    _tables: dict[tuple[int, float], Table | None] = field(default_factory=dict, repr=False)
    _kinds: _Kinds = field(init=False, repr=False)
    _seen: int = field(default=0, repr=False)
    _asked: int = field(default=0, repr=False)
    _zones: dict[str, int] = field(default_factory=dict, repr=False)
    _keys: list[Key] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._kinds = _Kinds(self.definition)
        self._keys = keys_of(self.definition, self.areas)
        fit = provable(self.areas) and len(self.definition.oriented) <= MANY
        self._possible = fit and self.ground.frame is not None

    def of(self, x: Floats, y: Floats, listed: Columns) -> Columns:
        """Judge points.

        Parameters
        ----------
        x, y
            Where they are, in the system of ``ground``; what is not finite has no place.
        listed
            Their ``accuracy``, ``industry`` and ``industry_code``, as far as there are any.

        Returns
        -------
        Columns
            ``outcome``, ``nominal`` and ``zone``, as `check_places` has them.
        """
        told = _Told(len(x), self._zones)
        nothing = np.zeros((1, len(self._keys)), dtype=np.int8)
        open_: list[tuple[Rows, Sides]] = [(np.empty(0, dtype=np.int64), nothing[:0])]
        for rows, table in self._groups(listed, len(x)):
            if table is None:
                at = np.arange(len(x)) if rows is None else rows
                open_.append((at, nothing.repeat(len(at), axis=0)))
                continue
            codes = table.cells.at(x, y) if rows is None else table.cells.at(x[rows], y[rows])
            told.look_up(rows, codes, table)
            missed = np.flatnonzero(codes == 0)
            at = missed if rows is None else rows[missed]
            open_.append(self._along_edges(told, at, x[at], y[at], table))
        self._seen += len(x)
        at, beside = (np.concatenate(one) for one in zip(*open_, strict=True))
        self._asked += int((beside == 0).sum())
        if len(at):
            told.take(at, self._checked(x[at], y[at], listed.take(at), beside))
        return told.columns()

    def _along_edges(
        self, told: _Told, rows: Rows, x: Floats, y: Floats, table: Table
    ) -> tuple[Rows, Sides]:
        """Look up points by their margin to the one edge about them; return the others.

        Of those is told on which side of each area they are beyond doubt.
        """
        around = table.around(x, y)
        east, north = self.ground.project(x, y)
        placed = np.flatnonzero(np.isfinite(east) & np.isfinite(north))
        codes = np.zeros(len(rows), dtype=np.uint16)
        self.index.expected = max(len(x), self._to_come)
        here = Points(east[placed], north[placed])
        codes[placed] = table.surroundings.told(around[placed], here, table.proof)
        self.index.expected = self.index.least
        found, left = np.flatnonzero(codes), np.flatnonzero(codes == 0)
        self._asked += len(placed)
        told.look_up(rows[found], codes[found], table)
        return rows[left], table.surroundings.settled[around[left]]

    @property
    def _to_come(self) -> int:
        """Points that each area will be asked for, about; enough to use it where it is kept."""
        share = self._asked / max(self._seen, 1) / max(len(self._keys), 1)
        return max(round(share * self.expected), FEW)

    def _checked(self, x: Floats, y: Floats, listed: Columns, beside: Sides) -> Columns:
        """Check points one by one: `check_places` without what only the other columns need."""
        places = Places.at_points(*self.ground.project(x, y))
        if len(self.definition.oriented) > MANY:
            held = np.isfinite(x) & np.isfinite(y)
            plan = self.areas, self.definition
            return check_places(places, listed, held, *plan, self.index)
        self.index.expected = max(len(x), self._to_come)
        parts = []
        for at in range(0, len(x), _BLOCK):
            rows = np.arange(at, min(at + _BLOCK, len(x)))
            sides = dict(zip(self._keys, beside[rows].T, strict=True))
            here = places.take(rows), listed.take(rows)
            parts.append(outcomes_at(*here, (self.areas, self.definition), self.index, sides))
        self.index.expected = self.index.least
        return Columns.joined(parts)

    def _groups(self, listed: Columns, rows: int) -> Iterator[tuple[Rows | None, Table | None]]:
        """Yield rows that share a table, with it; ``None`` for all rows, and for no table."""
        if not self._possible:
            yield None, None
            return
        which, kinds = self._told_apart(listed, rows)
        expected = max(self.expected, rows)
        counts = np.bincount(which + np.int32(1), minlength=len(kinds) + 1)
        for number in np.flatnonzero(counts).tolist():
            at = None if counts[number] == rows else np.flatnonzero(which == number - 1)
            if number == 0:
                yield at, None
                continue
            share = counts[number] / rows
            yield at, self._table(kinds[number - 1], share * expected)

    def _told_apart(
        self, listed: Columns, rows: int
    ) -> tuple[NDArray[np.int32], list[tuple[int, float]]]:
        """Which kind each row is of, -1 for a rare one; and the kinds: industry and accuracy."""
        industry = self._industries(listed, rows)
        default = self.definition.policy.default_accuracy
        if "accuracy" not in listed:
            return industry, [(one, default) for one in range(len(self._kinds))]
        stated = listed.numbers("accuracy")
        metres = np.where(stated >= 0, stated, default)
        found, counts = np.unique(metres[:: max(rows // _SAMPLE, 1)], return_counts=True)
        common = found[np.argsort(-counts, kind="stable")][:_ACCURACIES]
        which = np.full(rows, -1, dtype=np.int32)
        for at, one in enumerate(common):
            of_it = metres == one
            which[of_it] = industry[of_it] * np.int32(len(common)) + np.int32(at)
        kinds = [(kind, float(one)) for kind in range(len(self._kinds)) for one in common]
        return which, kinds

    def _industries(self, listed: Columns, rows: int) -> NDArray[np.int32]:
        if not {"industry", "industry_code"} & set(listed):
            return np.full(rows, self._kinds.of(None), dtype=np.int32)
        codes: Any = industries_of(listed)["industry_codes"]
        named = [self._kinds.of(one) for one in (*codes.categories, None)]
        return np.array(named, dtype=np.int32)[codes.codes]

    def _table(self, kind: tuple[int, float], rows: float) -> Table | None:
        """Return the table of a kind of rows; ``None`` where so many are not worth it."""
        if self._tables.get(kind) is not None:
            return self._tables[kind]
        enough = rows >= self.enough
        full = sum(one is not None for one in self._tables.values()) >= _TABLES
        if full or (not enough and (kind in self._tables or rows < _WORTH_A_LOOK)):
            return None
        industry, accuracy = kind
        asked = Asked(accuracy, self._kinds.examples[industry])
        plan = self.definition, self.areas, self.index
        found = kept_table(plan, asked, self.ground, self.levels, self.store, make=enough)
        self._tables[kind] = found
        return found


class _Kinds:
    """Industries by what the plan makes of them: codes that it does not tell apart are one."""

    def __init__(self, plan: PlanDefinition) -> None:
        self._plan = plan
        self._known: dict[bytes, int] = {}
        self._of: dict[str | None, int] = {}
        self.examples: list[str | None] = []
        """One of the codes of each kind."""

    def __len__(self) -> int:
        return len(self.examples)

    def of(self, codes: str | None) -> int:
        """Return the number of the kind that some codes, joined by ``|``, are of."""
        if codes not in self._of:
            want = wanted([codes], self._plan)
            made_of = (want.fits, want.may, want.public, want.may_be_public)
            made = b"".join(one.tobytes() for one in made_of) + bytes([codes is None])
            if made not in self._known:
                self._known[made] = len(self.examples)
                self.examples.append(codes)
            self._of[codes] = self._known[made]
        return self._of[codes]


class _Told:
    """The columns of the answer while they are being filled."""

    def __init__(self, rows: int, zones: dict[str, int]) -> None:
        self._outcome, self._nominal = (np.empty(rows, dtype=np.int8) for _ in range(2))
        self._zone = np.empty(rows, dtype=np.int32)
        self._zones = zones

    def look_up(self, rows: Rows | None, codes: NDArray[np.uint16], table: Table) -> None:
        """Take what the numbers of a table say."""
        at = slice(None) if rows is None else rows
        self._outcome[at] = table.outcome.take(codes)
        self._nominal[at] = table.nominal.take(codes)
        self._zone[at] = self._numbers(table.zones).take(codes)

    def take(self, rows: Rows, verdicts: Columns) -> None:
        """Take what was checked one by one."""
        outcome, nominal, zone = (verdicts.coded(n) for n in ("outcome", "nominal", "zone"))
        self._outcome[rows], self._nominal[rows] = outcome.codes, nominal.codes
        self._zone[rows] = self._numbers((*zone.categories, None)).take(zone.codes, mode="wrap")

    def _numbers(self, texts: tuple[str | None, ...]) -> NDArray[np.int32]:
        known = self._zones
        found = [-1 if one is None else known.setdefault(one, len(known)) for one in texts]
        return np.array(found, dtype=np.int32)

    def columns(self) -> Columns:
        """Return what was filled."""
        return Columns(
            {
                "outcome": Coded(self._outcome, OUTCOMES, ordered=True),
                "nominal": Coded(self._nominal, OUTCOMES, ordered=True),
                "zone": Coded(self._zone, tuple(self._zones)),
            }
        )
