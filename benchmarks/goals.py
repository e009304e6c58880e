"""The goals of issue 8, each measured against what benchmarks/results.json holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from benchmarks.results import Results, by_way

Rows = dict[str, dict[str, Any]]


class Goal(NamedTuple):
    """A goal: which work shows it, what was found, what is wanted, and whether it is met.

    ``found`` is NaN-free or ``None`` where nothing was measured.
    """

    name: str
    work: str
    found: float | None
    wanted: float
    most: bool
    unit: str

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; ``None`` where it was not measured."""
        if self.found is None:
            return None
        return self.found <= self.wanted if self.most else self.found >= self.wanted


def each(row: dict[str, Any]) -> float:
    """CPU seconds of one."""
    return float(row["cpu"]) / row["size"]


def whole(row: dict[str, Any], count: int) -> float:
    """CPU seconds of a whole process on *count*: start, set-up, and the work, if need be scaled."""
    return float(row["start"] + row["setup"]) + each(row) * count


def ratio(slow: str, fast: str, *, processes: bool = False) -> Callable[[Rows], float]:
    """How many times dearer one way is than another."""

    def find(rows: Rows) -> float:
        count = rows[fast]["size"]
        if processes:
            return whole(rows[slow], count) / whole(rows[fast], count)
        return each(rows[slow]) / each(rows[fast])

    return find


def few(rows: Rows) -> float:
    """The worst of our cost over that of plain trees, at any number of points."""
    counts = [name.partition(" @ ")[2] for name in rows if name.startswith("gisplan")]
    return max(each(rows[f"gisplan @ {n}"]) / each(rows[f"shapely trees @ {n}"]) for n in counts)


def rate(way: str) -> Callable[[Rows], float]:
    """Millions a second and core."""
    return lambda rows: 1e-6 / each(rows[way])


def of(way: str, field: str) -> Callable[[Rows], float]:
    """Return a figure of a way."""
    return lambda rows: float(rows[way][field])


def cpu_ratio(one: str, other: str) -> Callable[[Rows], float]:
    """CPU of a whole run over that of another."""
    return lambda rows: float(rows[one]["cpu"]) / float(rows[other]["cpu"])


GOALS: Final[tuple[tuple[str, str, Callable[[Rows], float], float, bool, str], ...]] = (
    ("facts_fast", "facts", ratio("geopandas tuned", "gisplan, fast"), 60, False, "x"),
    ("facts_numpy", "facts", ratio("geopandas tuned", "gisplan, numpy"), 15, False, "x"),
    ("facts_fast_whole", "facts",
     ratio("geopandas tuned", "gisplan, fast", processes=True), 18, False, "x"),
    ("facts_numpy_whole", "facts",
     ratio("geopandas tuned", "gisplan, numpy", processes=True), 7, False, "x"),
    ("questions_fast", "questions", ratio("geopandas tuned", "gisplan, fast"), 60, False, "x"),
    ("questions_numpy", "questions", ratio("geopandas tuned", "gisplan, numpy"), 15, False, "x"),
    ("few", "few", few, 1.0, True, "x"),
    ("outcomes", "outcomes", lambda rows: each(rows["gisplan, table"]) * 1e9, 150, True, "ns"),
    ("outcomes_wrong", "outcomes", of("gisplan, table", "wrong"), 0, True, ""),
    ("membership", "membership", ratio("shapely prepared", "gisplan"), 7, False, "x"),
    ("stream_outcomes", "stream", rate("gisplan, outcomes"), 5, False, "M/s"),
    ("stream_outcomes_memory", "stream", of("gisplan, outcomes", "peak"), 512, True, "MB"),
    ("stream_margins", "stream", rate("gisplan, margins"), 1.2, False, "M/s"),
    ("stream_margins_memory", "stream", of("gisplan, margins", "peak"), 600, True, "MB"),
    ("stream_verdicts", "stream", rate("gisplan, verdicts"), 1.2, False, "M/s"),
    ("stream_verdicts_memory", "stream", of("gisplan, verdicts", "peak"), 600, True, "MB"),
    ("stream_outcomes_shipped", "stream",
     rate("gisplan, outcomes, shipped plan"), 5, False, "M/s"),
    ("stream_verdicts_shipped", "stream",
     rate("gisplan, verdicts, shipped plan"), 1.2, False, "M/s"),
    ("dask", "hundred million", cpu_ratio("gisplan, Dask", "process pool"), 1.4, True, "x"),
    ("dask_memory", "hundred million", of("gisplan, Dask", "peak"), 1024, True, "MB"),
    ("shares_fast", "shares", ratio("gpd.overlay", "gisplan, fast"), 3.5, False, "x"),
    ("shares", "shares", ratio("gpd.overlay", "gisplan"), 3.5, False, "x"),
    ("pieces", "pieces", ratio("gpd.overlay", "gisplan"), 1.7, False, "x"),
    ("rings", "rings", ratio("geopandas", "gisplan"), 3, False, "x"),
    ("rings_area", "rings", of("gisplan", "apart"), 1e-4, True, ""),
    ("cold_300", "cold", cpu_ratio("gisplan check, 300 rows", "import geopandas"), 1.2, True, "x"),
    ("cold_5000", "cold", cpu_ratio("gisplan check, 5000 rows", "import geopandas"), 2, True, "x"),
    ("help", "cold", of("gisplan --help", "cpu"), 0.1, True, "s"),
)  # fmt: skip


def goals(held: Results) -> list[Goal]:
    """Hold the results against every goal."""
    found = []
    for name, work, find, wanted, most, unit in GOALS:
        try:
            value = find(by_way(held, work))
        except (KeyError, ValueError):
            value = None
        found.append(Goal(name, work, value, wanted, most, unit))
    exact = [row["wrong"] for row in held["rows"] if row.get("exact") and "wrong" in row]
    ours = sum(exact) if exact else None
    return [*found, Goal("exactness", "facts few questions membership outcomes", ours, 0, True, "")]
