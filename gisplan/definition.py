"""The plan file as frozen typed models: what a plan says, without its geometry.

Nothing here opens a file. ``extra="forbid"`` makes a misspelt key a mistake with a place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gisplan.terms import OUTCOMES, Kind, Outcome, Status

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
Metres = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Where = Annotated[str, StringConstraints(pattern=r"^\s*\w+\s*=\s*'[^']*'\s*$")]
IndustryCode = Annotated[str, StringConstraints(pattern=r"^[A-T]\d{0,4}$")]
"""A GB/T 4754-2017 code: letter of the section and up to four digits; matched by prefix."""


class Model(BaseModel):
    """Strict, frozen base of everything in the plan file."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Text(Model):
    """A text for readers in Chinese and, where given, in English."""

    zh: Annotated[str, StringConstraints(min_length=1)]
    en: str | None = None

    def get(self, language: str) -> str:
        """Return the text in a language, falling back to Chinese."""
        return (self.en if language == "en" else None) or self.zh


class Clause(Model):
    """Where a statement comes from: the plan's own words, or our reading of them."""

    quote: Annotated[str, StringConstraints(min_length=1)]
    place: Annotated[str, StringConstraints(min_length=1)]
    kind: Literal["clause", "inferred"]


class Layer(Model):
    """What is known of one area: its data, and how good they are.

    ``accuracy`` is the point mean square error M (点位中误差) in metres; the error along
    one axis is M/√2.
    """

    title: Text
    source: str | None = None
    where: Where | None = None
    layer: str | None = None
    status: Status = Status.SCHEMATIC
    accuracy: Metres | None = None
    as_of: dt.date | None = None
    basis: str | None = None
    owner: str | None = None
    clause: Clause | None = None
    color: Colour | None = None

    @property
    def error(self) -> float:
        """M in metres; 0 where the layer has no data to be inaccurate."""
        return self.accuracy or 0.0

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
    does not apply.
    """

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
    zones, corridors, constraints
        Layers by id; an id is unique in the whole plan.
    """

    id: Id
    version: Annotated[str, StringConstraints(min_length=1)]
    title: Text
    crs: Annotated[str, StringConstraints(min_length=1)]
    document: str | None = None
    study_area: StudyArea
    zones: Mapping[Id, Zone] = Field(default_factory=dict)
    corridors: Mapping[Id, Corridor] = Field(default_factory=dict)
    constraints: Mapping[Id, Constraint] = Field(default_factory=dict)
    policy: Policy = Policy()

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

    def layers(self) -> Iterator[tuple[Kind, str, Layer]]:
        """Yield kind, id and layer of everything in the plan, in drawing order."""
        yield Kind.STUDY_AREA, Kind.STUDY_AREA.value, self.study_area
        yield from ((Kind.ZONE, key, zone) for key, zone in self.zones.items())
        yield from ((Kind.CORRIDOR, key, line) for key, line in self.corridors.items())
        yield from ((Kind.CONSTRAINT, key, area) for key, area in self.constraints.items())

    def layer(self, area_id: str) -> Layer:
        """Return the layer with an id; ``KeyError`` where there is none."""
        return next(layer for _, key, layer in self.layers() if key == area_id)

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
