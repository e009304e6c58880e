"""Suitability models of the plan file: criteria, how each is scored, and what they weigh.

Nothing here opens a file. A model has to say where its weights come from (``basis``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gisplan.definition.model import Id, IndustryCode, Model, Text

Finite = Annotated[float, Field(allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Weight = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=1 / 9 - 1e-9, le=9, allow_inf_nan=False)]
Steps = Annotated[tuple[tuple[Finite, Score], ...], Field(min_length=2)]
"""Pairs of value and score, values ascending: linear between, level beyond the ends."""


class Criterion(Model):
    """Something that makes a place better or worse; ``weight`` where the model is not AHP."""

    title: Text
    weight: Weight | None = None


class CorridorDistance(Criterion):
    """Distance in metres to the nearest of some corridors (all, where none is named)."""

    kind: Literal["corridor_distance"]
    corridors: tuple[Id, ...] = ()
    scores: Steps


class ZoneFit(Criterion):
    """Whether the zone that holds a place wants the model's industry.

    A zone that says nothing counts as ``differs``; where the code is too coarse to tell, the
    score is unknown.
    """

    kind: Literal["zone_fit"]
    fits: Score = 1.0
    differs: Score = 0.0
    outside: Score = 0.0


class RasterValue(Criterion):
    """The value of a raster's cell, by ``scores``, or its class, by ``classes``.

    ``source`` is a file in the plan's folder. A class that is not listed is unknown.
    """

    kind: Literal["raster"]
    source: Annotated[str, StringConstraints(min_length=1)]
    band: Annotated[int, Field(ge=1)] | None = None
    crs: str | None = None
    nodata: float | None = None
    scores: Steps | None = None
    classes: Mapping[Annotated[str, StringConstraints(pattern=r"^-?\d+$")], Score] = Field(
        default_factory=dict
    )


AnyCriterion = Annotated[CorridorDistance | ZoneFit | RasterValue, Field(discriminator="kind")]


class Suitability(Model):
    """One model: criteria and their weights, direct or by comparison in pairs (AHP).

    Attributes
    ----------
    basis
        Where the weights and scores come from; an assumption says that it is one.
    industry
        The industry that `ZoneFit` asks for; may be given on asking instead.
    cell
        Metres.
    comparisons
        ``[a, b, ratio]``: how many times more important *a* is than *b* (1/9 to 9, Saaty),
        once for each pair of criteria; then no criterion has a weight of its own.
    accept_inconsistent
        Take comparisons with a consistency ratio above 0.1 all the same.
    order_weights
        Of an ordered weighted average, for the best criterion of a place first; equal ones
        are the weighted sum, which is also what none means.
    exclude
        Constraints that rule a place out, with their setback; all of the plan's by default.
    spread
        Part by which each weight may be wrong either way, for the Monte Carlo runs.
    """

    title: Text
    basis: Text
    industry: IndustryCode | None = None
    cell: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] = 50.0
    criteria: Annotated[Mapping[Id, AnyCriterion], Field(min_length=1)]
    comparisons: tuple[tuple[Id, Id, Ratio], ...] = ()
    accept_inconsistent: bool = False
    order_weights: tuple[Score, ...] = ()
    exclude: tuple[Id, ...] | None = None
    spread: Annotated[float, Field(ge=0, lt=1)] = 0.25
    runs: Annotated[int, Field(ge=10, le=100_000)] = 2000

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        """Find every mistake, and tell all of them at once."""
        faults = [*self._weight_faults(), *self._score_faults(), *self._order_faults()]
        if faults:
            raise PydanticCustomError("suitability", "{faults}", {"faults": "; ".join(faults)})
        return self

    def _weight_faults(self) -> Iterator[str]:
        weighed = [key for key, one in self.criteria.items() if one.weight is not None]
        if not self.comparisons:
            yield from (f"{key}.weight = ?" for key in self.criteria if key not in weighed)
            return
        yield from (f"{key}.weight + comparisons" for key in weighed)
        named = [frozenset(pair[:2]) for pair in self.comparisons]
        wanted = {frozenset(pair) for pair in combinations(self.criteria, 2)}
        yield from (
            f"comparisons: {a} / {b}" for a, b, _ in self.comparisons
            if frozenset((a, b)) not in wanted or named.count(frozenset((a, b))) > 1
        )  # fmt: skip
        yield from (f"comparisons: {' / '.join(sorted(pair))} = ?" for pair in wanted - set(named))

    def _score_faults(self) -> Iterator[str]:
        for key, one in self.criteria.items():
            scores = getattr(one, "scores", None)
            if scores and any(a >= b for (a, _), (b, _) in pairwise(scores)):
                yield f"{key}.scores: {' , '.join(f'{a:g}' for a, _ in scores)}"
            if isinstance(one, RasterValue) and bool(one.scores) == bool(one.classes):
                yield f"{key}: scores | classes"

    def _order_faults(self) -> Iterator[str]:
        weights = self.order_weights
        if weights and (len(weights) != len(self.criteria) or abs(sum(weights) - 1) > 1e-6):
            yield f"order_weights: {len(weights)} / {len(self.criteria)}, Σ = {sum(weights):g}"
