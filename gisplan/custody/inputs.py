"""The inputs that an output records: where they are at hand, and which of them changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from gisplan.custody.verified import Change
from gisplan.errors import VerifyError
from gisplan.plan import Plan


class Hands(NamedTuple):
    """Where to look for an input: what the user named, else where its recorded name may lie.

    Attributes
    ----------
    path
        The output; its folder is looked in first, then the folder we are in.
    plan
        The plan; its folder comes third.
    asked
        Files that the user named, by the parameter of the command that reads them.
    folders
        Folders that the user named.
    """

    path: Path
    plan: Plan | None
    asked: Mapping[str, Path | None]
    folders: tuple[Path, ...] = ()

    def find(self, parameter: str, name: str) -> Path | None:
        """Return the file asked for, or the one of a recorded name where it may lie."""
        if (asked := self.asked.get(parameter)) is not None:
            return asked
        plain = Path(name).name  # a recorded name is a name, never a way out of a folder
        own = self.plan.folder if self.plan is not None else None
        folders = [*self.folders, self.path.parent, Path(), *([own] if own else [])]
        places = (folder / plain for folder in folders)
        return next((place for place in places if plain and place.exists()), None)

    def require(self, parameter: str, name: str, code: str) -> Path:
        """Return the file, or say that it is not at hand.

        Raises
        ------
        VerifyError
            *code*.
        """
        found = self.find(parameter, name)
        if found is None or not found.exists():
            raise VerifyError(code, path=self.path, file=name)
        return found


def require_plan(path: Path, facts: Mapping[str, Any], plan: Plan) -> None:
    """Refuse to hold a file to another plan than its own.

    Raises
    ------
    VerifyError
        ``verify_other_plan``.
    """
    now = plan.definition.id
    if facts.get("plan") != now:
        raise VerifyError("verify_other_plan", path=path, then=facts.get("plan"), now=now)


_HASHES: Final = (
    ("projects", "projects_sha256", "projects_file"),
    ("overrules", "overrules_sha256", "overrules_file"),
    ("plan", "plan_sha256", ""),
    ("rules", "rules_sha256", ""),
)

_TOLD: Final = ("plan_version", "rules_version", "crs", "threshold", "unchecked", "projects_crs")
"""Facts that are no hashes, and follow from the plan and the list."""


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what of a record is not what it would say now; what it does not speak of is none."""
    for code, key, name in _HASHES:
        if then.get(key) != now.get(key):
            file = str(now.get(name, "")) if name else ""
            yield Change(code, short(then.get(key)), short(now.get(key)), file)
    before, after = then.get("layers") or {}, now.get("layers") or {}
    for layer in dict.fromkeys([*before, *after]):
        if before.get(layer) != after.get(layer):
            yield Change("layer", short(before.get(layer)), short(after.get(layer)), layer)
    for name in _TOLD:
        if then.get(name) != now.get(name):
            yield Change("fact", _text(then.get(name)), _text(now.get(name)), name)
    if then.get("tool") != now.get("tool"):
        yield Change("tool", str(then.get("tool")), str(now.get("tool")))
    versions = then.get("libraries") or {}
    for name, version in now["libraries"].items():
        if versions.get(name) != version:
            yield Change("library", str(versions.get(name)), version, name)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def short(digest: Any) -> str:
    """Return the beginning of a hash, as it is shown."""
    return digest[:8] if isinstance(digest, str) and digest else "—"
