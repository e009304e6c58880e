"""The plan file as frozen typed models: what a plan says, without its geometry.

Nothing here opens a file. What the models are made of is in `gisplan.definition.model`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gisplan.definition.criteria import CorridorDistance, Suitability
from gisplan.definition.goals import Goals
from gisplan.definition.model import Clause, Id, IndustryCode, Model, Text
from gisplan.terms import OUTCOMES, Kind, Outcome, Status

Metres = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Where = Annotated[str, StringConstraints(pattern=r"^\s*\w+\s*=\s*'[^']*'\s*$")]


class Layer(Model):
    """What is known of one area: its data, and how good they are.

    ``accuracy`` is the point mean square error M (点位中误差) in metres; the error along
    one axis is M/√2. ``source`` is a file of the plan folder (``layer`` chooses in it) or the
    address of a database, ``postgresql://host/database``, and then ``table`` names the table.
    ``valid_until`` is the last day on which it holds: after it every answer says so, and no
    outcome changes, for what holds instead is not known.
    """

    title: Text
    source: str | None = None
    where: Where | None = None
    layer: str | None = None
    table: str | None = None
    status: Status = Status.SCHEMATIC
    accuracy: Metres | None = None
    as_of: dt.date | None = None
    valid_until: dt.date | None = None
    basis: str | None = None
    owner: str | None = None
    clause: Clause | None = None
    color: Colour | None = None

    @property
    def error(self) -> float:
        """M in metres; 0 where the layer has no data to be inaccurate."""
        return self.accuracy or 0.0

    @model_validator(mode="after")
    def _a_database_has_a_table(self) -> Self:
        asked = re.match(r"\s*postgres(ql)?://(?P<who>[^/?#]*@)?", self.source or "")
        if asked and ":" in (asked["who"] or ""):
            # Said without repeating it: this text goes to a terminal and into logs.
            raise PydanticCustomError("source_password", "a password stands in source")
        if bool(asked) != (self.table is not None):
            raise PydanticCustomError("source_table", "source of a database and table go together")
        return self

    @model_validator(mode="after")
    def _data_have_an_accuracy(self) -> Self:
        if self.source is not None and self.accuracy is None:
            raise PydanticCustomError("accuracy_missing", "a layer with a source needs accuracy")
        return self


class StudyArea(Layer):
    """The district that the plan is for."""

    title: Text = Text(zh="规划范围", en="Study area")


class Oriented(Layer):
    """An area that is to develop industries of its own."""

    aliases: tuple[str, ...] = ()
    industries: tuple[IndustryCode, ...] = ()


class Zone(Oriented):
    """A zone and the industries it is to develop."""


class Corridor(Oriented):
    """A corridor: an axis, the rings drawn round it and the distance that counts as near."""

    rings: tuple[Metres, ...] = ()
    within: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]

    @field_validator("rings")
    @classmethod
    def _rings_grow(cls, rings: tuple[float, ...]) -> tuple[float, ...]:
        if any(width <= 0 for width in rings) or list(rings) != sorted(set(rings)):
            raise PydanticCustomError("rings_order", "rings must be positive and ascending")
        return rings


class Constraint(Layer):
    """A line that projects keep clear of.

    A constraint with a ``source`` is relied on: where its data are missing, or outside its
    ``coverage``, the answer is ``unknown``. One without a source is named as unchecked
    with its ``owner``, or ``unknown`` as well if it is ``required``.
    """

    effect: Literal["prohibit", "review"]
    setback: Metres = 0.0
    coverage: str | None = None
    required: bool = False


class Unmet(Model):
    """The outcome of each rule when it is not met."""

    in_study_area: Outcome = Outcome.FAIL
    location: Outcome = Outcome.CONDITIONAL
    industry_fit: Outcome = Outcome.CONDITIONAL
    prohibit: Outcome = Outcome.FAIL
    review: Outcome = Outcome.REVIEW


class Policy(Model):
    """How facts become outcomes; all of it belongs to the plan, none to the code.

    ``threshold`` is the P(same) below which an answer needs review; shares are of the area
    of a footprint (of the length of a line); ``touch_area`` in m² (m for a line) is what a
    footprint may touch of a constraint; ``default_accuracy`` in metres stands for a project
    whose list gives none. ``public_services`` are the industry codes to which industry fit
    does not apply. ``version`` names the rule set in every output; without it that of the
    plan does.
    """

    version: str | None = None
    threshold: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    default_accuracy: Metres = 100.0
    study_area_share: Share = 0.95
    zone_share: Share = 0.5
    touch_area: Metres = 1.0
    unmet: Unmet = Unmet()
    industry_missing: Outcome = Outcome.UNKNOWN
    public_services: tuple[IndustryCode, ...] = ()
    cascade: tuple[Outcome, ...] = tuple(Outcome)

    @field_validator("cascade")
    @classmethod
    def _cascade_is_complete(cls, cascade: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        if sorted(cascade) != sorted(OUTCOMES):
            raise PydanticCustomError("cascade", "the cascade names each outcome once")
        at = cascade.index
        doubt = max(at(Outcome.FAIL), at(Outcome.UNKNOWN), at(Outcome.REVIEW))
        good = min(at(Outcome.CONDITIONAL), at(Outcome.PASS))
        if doubt > good or at(Outcome.NOT_APPLICABLE) != len(cascade) - 1:
            raise PydanticCustomError("cascade_order", "a cascade may not hide doubt")
        return cascade

    def rank(self, outcome: str) -> int:
        """Return the place of an outcome in the cascade: 0 is the worst."""
        return self.cascade.index(Outcome(outcome))


class PlanDefinition(Model):
    """A whole ``plan.toml``.

    Attributes
    ----------
    crs
        The projected coordinate system, in metres, in which everything is measured.
    height_datum
        高程基准 of the heights on its sheets; none where no heights are used.
    zones, corridors, constraints
        Layers by id; an id is unique in the whole plan.
    goals
        What the plan wants besides places; see `gisplan.definition.goals`.
    suitability
        Models of where something could go, by id; see `gisplan.definition.criteria`.
    """

    id: Id
    version: Annotated[str, StringConstraints(min_length=1)]
    title: Text
    crs: Annotated[str, StringConstraints(min_length=1)]
    document: str | None = None
    height_datum: str | None = None
    study_area: StudyArea
    zones: Mapping[Id, Zone] = Field(default_factory=dict)
    corridors: Mapping[Id, Corridor] = Field(default_factory=dict)
    constraints: Mapping[Id, Constraint] = Field(default_factory=dict)
    policy: Policy = Policy()
    goals: Goals = Goals()
    suitability: Mapping[Id, Suitability] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [*self.zones, *self.corridors, *self.constraints]
        twice = sorted({one for one in ids if ids.count(one) > 1 or one == Kind.STUDY_AREA})
        if twice:
            raise PydanticCustomError(
                "ids_twice", "ids used twice: {ids}", {"ids": ", ".join(twice)}
            )
        if not (self.zones or self.corridors):
            raise PydanticCustomError("no_areas", "a plan needs a zone or a corridor")
        return self

    @model_validator(mode="after")
    def _roles_name_areas(self) -> Self:
        named = {area for role in self.goals.roles.values() for area in role.areas}
        unknown = sorted(named - {*self.zones, *self.corridors})
        if unknown:
            raise PydanticCustomError(
                "role_areas", "roles name unknown areas: {ids}", {"ids": ", ".join(unknown)}
            )
        return self

    @model_validator(mode="after")
    def _models_name_layers(self) -> Self:
        named: set[str] = set()
        for model in self.suitability.values():
            named |= {*(model.exclude or ())} - {*self.constraints}
            for one in model.criteria.values():
                if isinstance(one, CorridorDistance):
                    named |= {*one.corridors} - {*self.corridors}
        if named:
            ids = ", ".join(sorted(named))
            raise PydanticCustomError("model_layers", "no such layers: {ids}", {"ids": ids})
        return self

    def layers(self) -> Iterator[tuple[Kind, str, Layer]]:
        """Yield kind, id and layer of everything in the plan, in drawing order."""
        yield Kind.STUDY_AREA, Kind.STUDY_AREA.value, self.study_area
        yield from ((Kind.ZONE, key, zone) for key, zone in self.zones.items())
        yield from ((Kind.CORRIDOR, key, line) for key, line in self.corridors.items())
        yield from ((Kind.CONSTRAINT, key, area) for key, area in self.constraints.items())

    def layer(self, area_id: str) -> Layer:
        """Return the layer with an id; ``KeyError`` where there is none."""
        return self._by_id[area_id]

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """Copy with changes; what was looked up before them is looked up anew."""
        copied = super().model_copy(update=update, deep=deep)
        vars(copied).pop("_by_id", None)
        return copied

    @cached_property
    def _by_id(self) -> dict[str, Layer]:
        return {key: layer for _, key, layer in self.layers()}

    def name(self, area_id: str, language: str = "zh") -> str:
        """Return the title of an area in a language."""
        return self.layer(area_id).title.get(language)

    @property
    def oriented(self) -> tuple[Oriented, ...]:
        """Zones, then corridors: the areas whose industries are compared."""
        return (*self.zones.values(), *self.corridors.values())

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Ids of constraints that are declared without data and not required."""
        return tuple(
            key for key, one in self.constraints.items() if one.source is None and not one.required
        )
