"""What a plan wants besides places: roles, chains, fields, indicators, how progress is judged.

Part of the plan file, all of it optional. A goal that the plan does not measure is still a
goal: what would be needed to measure it is then told, and nothing is put in its place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gisplan.definition.model import Clause, Id, IndustryCode, Model, Text

Number = Annotated[float, Field(allow_inf_nan=False)]
Yuan = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Comparator = Literal["province", "city"]


class Goal(Model):
    """Something the plan names, with its words and the group that it is counted in.

    ``basis`` says how areas, industries or measures were read where the plan gives none.
    """

    title: Text
    group: Text | None = None
    clause: Clause | None = None
    basis: Text | None = None


class Role(Goal):
    """What the district, or a part of it, is to be (三区五中心).

    ``areas`` are the zones and corridors that carry it, ``industries`` what serves it. With
    neither, only projects that name the role themselves can be counted.
    """

    areas: tuple[Id, ...] = ()
    industries: tuple[IndustryCode, ...] = ()


class Subject(Goal):
    """A field (领域) that projects are planned in, told by their industries."""

    industries: tuple[IndustryCode, ...] = ()


class Chain(Goal):
    """A chain (链条) and its stages in order; without stages none can be missing."""

    stages: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = ()

    @model_validator(mode="after")
    def _stages_are_unique(self) -> Self:
        if len(set(self.stages)) != len(self.stages):
            raise PydanticCustomError("stages_twice", "a chain names each stage once")
        return self


class Indicator(Goal):
    """An indicator of the plan.

    ``kind`` is ``level`` (from a base to a target), ``rate`` (to hold every year) or
    ``quality`` (the plan gives no measure). ``above`` names with whom a rate is compared.
    """

    kind: Literal["level", "rate", "quality"]
    unit: str | None = None
    base: Number | None = None
    target: Number | None = None
    above: tuple[Comparator, ...] = ()


class Tier(Goal):
    """A class of clusters or office buildings, by one measure: tax is never revenue.

    ``measure`` ``unstated`` is for a plan that names an amount and not of what; ``wanted``
    is how many there are to be, where the plan says.
    """

    of: Literal["building", "cluster"]
    measure: Literal["tax", "revenue", "output", "unstated"]
    least: Yuan
    wanted: Annotated[int, Field(ge=1)] | None = None


class Pace(Model):
    """How progress against elapsed time is named, and on what basis.

    ``ratio`` = share of the way to the target / share of the time. From ``fast`` on it is
    faster than expected, below ``slow`` it is behind.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    fast: Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)] = 1.1
    slow: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.9
    basis: Text | None = None

    @model_validator(mode="after")
    def _period_runs_forward(self) -> Self:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise PydanticCustomError("period_order", "the period ends before it begins")
        return self


class Goals(Model):
    """Everything a plan wants: the table ``[goals]`` of a plan file."""

    roles: Mapping[Id, Role] = Field(default_factory=dict)
    fields: Mapping[Id, Subject] = Field(default_factory=dict)
    chains: Mapping[Id, Chain] = Field(default_factory=dict)
    indicators: Mapping[Id, Indicator] = Field(default_factory=dict)
    tiers: Mapping[Id, Tier] = Field(default_factory=dict)
    pace: Pace = Pace()
