"""What every model of the plan file is made of: strict base, ids, texts, clauses.

Nothing here opens a file. ``extra="forbid"`` makes a misspelt key a mistake with a place.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
IndustryCode = Annotated[str, StringConstraints(pattern=r"^[A-T]\d{0,4}$")]
"""A GB/T 4754-2017 code: letter of the section and up to four digits; matched by prefix."""


class Model(BaseModel):
    """Strict, frozen base of everything in the plan file."""

    # Built when it is read into: parts within a whole need not be built by themselves as well.
    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", str_strip_whitespace=True
    )


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
