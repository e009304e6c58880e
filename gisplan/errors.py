"""What can go wrong, named by who can put it right."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from gisplan.labels import Labels

_UNSEEN = ("Cc", "Cf")


class Finding(NamedTuple):
    """One thing found in a plan: its level, its place, a code and the values to name.

    ``level`` is ``error``, ``warning`` or ``info``; the text is ``problem.<code>`` in the
    language files.
    """

    level: str
    place: str
    code: str
    values: Mapping[str, Any]

    def word(self, language: str | None = None) -> str:
        """Say it in one line: the place, then what is wrong there."""
        labels = Labels(language)
        key = self.code if labels.get(f"problem.{self.code}") else "other"
        shown = {name: _one_line(value) for name, value in self.values.items()}
        return f"{self.place}: {labels(f'problem.{key}', **shown)}"


class GisplanError(Exception):
    """A mistake that the user can mend: a code, the values to name, and a remedy.

    Parameters
    ----------
    code
        Key below ``error.`` in the language files, such as ``"file_missing"``.
    **values
        What the text names: the place (file, sheet, row) and the offending value.
    """

    def __init__(self, code: str, /, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def word(self, language: str | None = None) -> str:
        """Say it in one line in the given language; values that are tuples are lists of words."""
        labels = Labels(language)
        comma = "、" if labels.language == "zh" else ", "
        shown = {
            name: _one_line(comma.join(map(str, one)) if isinstance(one, list | tuple) else one)
            for name, one in self.values.items()
        }
        return labels(f"error.{self.code}", **shown)

    def __str__(self) -> str:
        return self.word()


class PlanError(GisplanError):
    """The plan folder has to be mended: its ``plan.toml`` or one of its layers.

    ``findings`` holds every mistake found, each with its place.
    """

    def __init__(self, code: str, /, findings: tuple[Finding, ...] = (), **values: Any) -> None:
        super().__init__(code, **values)
        self.findings = findings

    def word(self, language: str | None = None) -> str:
        """Say how many mistakes there are, and then each of them with its place."""
        first = super().word(language)
        return "; ".join([first, *(finding.word(language) for finding in self.findings)])


class ProjectsError(GisplanError):
    """The list of projects has to be mended or named otherwise."""


class OverruleError(PlanError):
    """The list of overrules has to be mended: each mistake with its row."""


class StoreError(GisplanError):
    """A database does not answer, does not let us in, or does not hold what was asked for."""


class AdoptionError(GisplanError):
    """A layer cannot be adopted: its file, its place or what is said of it must be mended."""


class VerifyError(GisplanError):
    """A file cannot be verified: what it rests on is not told, or not at hand."""


class CrsError(GisplanError):
    """A coordinate system is unknown, missing or cannot be transformed exactly."""


class RasterError(GisplanError):
    """A raster is damaged, too large, or lacks what places it on the ground."""


class OutputError(GisplanError):
    """The place or the format of an output has to be chosen otherwise."""


class MissingExtra(GisplanError):
    """An optional library has to be installed for this."""


class MissingAsset(GisplanError):
    """A map asks for a script, style or image that is not shipped with gisplan."""


def _one_line(value: Any) -> str:
    # A file name may hold escapes that colour a terminal or marks that turn text round.
    seen = "".join(c for c in str(value) if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    return _without_secrets(" ".join(seen.split()))[:300]


_USER: Final = re.compile(r"(:/+)[^\s:@]*:\S*@")
_WORD: Final = re.compile(r"(?i)\b(passw(?:or)?d|pwd)(\s*=\s*)('[^']*'?|\"[^\"]*\"?|[^\s&;]+)")


def _without_secrets(text: str) -> str:
    """Take out what is written where an address has its password, whatever it was meant as."""
    return _WORD.sub(r"\1\2***", _USER.sub(r"\1***@", text))
