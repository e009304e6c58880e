"""A table of ``plan.toml`` edited in place: comments, order and all else stay as they are."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gisplan.errors import AdoptionError

_HEADER: Final = re.compile(r"\s*\[\s*(?P<path>[^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY: Final = re.compile(
    r"""\s*(?:"(?P<quoted>[^"\\]+)"|'(?P<single>[^']+)'|(?P<bare>[\w-]+))\s*="""
)
_PLAIN: Final = re.compile(
    r"""(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^"'#\[{]*?)(?P<space>\s*)(?P<comment>\#.*)?$"""
)

Value = str | float | dt.date


def edit_table(
    text: str, place: Sequence[str], put: Mapping[str, Value], drop: Sequence[str] = ()
) -> str:
    """Set and drop keys of one table, and prove that nothing else changed.

    Parameters
    ----------
    text
        A whole TOML file.
    place
        Path of the table, such as ``("zones", "old-town")``.
    put
        Keys to set, replaced where they stand, else added after the last one that does.
    drop
        Keys to take out, each with its line.

    Raises
    ------
    AdoptionError
        ``adopt_by_hand`` where the table is not written as ``[zones.old-town]`` with a key
        per line, so that it cannot be edited without touching the rest.
    """
    lines = text.splitlines(keepends=True)
    first, last = _span(lines, place)
    body, left = [], dict(put)
    after = 0
    for line in lines[first:last]:
        name = _name(line)
        if name in drop:
            continue
        known = name in left
        body.append(_replaced(line, left.pop(name), place) if known else line)
        if known:
            after = len(body)
    ending = _ending(text)
    # Below the last key that was replaced, else right below the header: there a line may stand.
    added = [f"{name} = {toml_value(value)}{ending}" for name, value in left.items()]
    if after and not body[after - 1].endswith(("\n", "\r")):
        body[after - 1] += ending
    new = "".join([*lines[:first], *body[:after], *added, *body[after:], *lines[last:]])
    _prove(text, new, place, put, drop)
    return new


def append_table(text: str, place: Sequence[str], put: Mapping[str, Any]) -> str:
    """Add a table after the last one of its group, or at the end."""
    lines = text.splitlines(keepends=True)
    ending, at = _ending(text), len(lines)
    for number, line in enumerate(lines):
        header = _HEADER.match(line)
        if header and _path(header["path"])[:1] == [place[0]]:
            at = _end(lines, number + 1)
    while at and at <= len(lines) and not lines[at - 1].strip():
        at -= 1
    head = ".".join(_key(part) for part in place)
    block = [f"[{head}]", *(f"{name} = {toml_value(value)}" for name, value in put.items())]
    before = lines[:at]
    if before and not before[-1].endswith(("\n", "\r")):
        before[-1] += ending
    added = [ending, *(line + ending for line in block), *([ending] if lines[at:] else [])]
    rest = lines[at:]
    while rest and not rest[0].strip():
        rest.pop(0)
    new = "".join([*before, *added, *rest])
    _prove(text, new, place, put, ())
    return new


def toml_value(value: Any) -> str:
    """Write a value as TOML: text, number, date, or a table of texts."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(name)} = {toml_value(one)}" for name, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    # JSON's escapes are TOML's, but for DEL; half characters cannot be written at all.
    text = str(value).encode("utf-8", "replace").decode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def has_table(text: str, place: Sequence[str]) -> bool:
    """Tell whether a file has a table, however it is written."""
    node: Any = tomllib.loads(text)
    for part in place:
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def _span(lines: Sequence[str], place: Sequence[str]) -> tuple[int, int]:
    """Return where the body of a table begins and ends: before the next header."""
    for number, line in enumerate(lines):
        header = _HEADER.match(line)
        if header and _path(header["path"]) == list(place):
            return number + 1, _end(lines, number + 1)
    raise AdoptionError("adopt_by_hand", table=".".join(place))


def _end(lines: Sequence[str], start: int) -> int:
    return next(
        (at for at in range(start, len(lines)) if re.match(r"\s*\[.*\]\s*(#.*)?$", lines[at])),
        len(lines),
    )


def _path(text: str) -> list[str]:
    parts = re.findall(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*(?:\.|$)""", text)
    return ["".join(part) for part in parts]


def _name(line: str) -> str:
    found = _KEY.match(line)
    return (found["quoted"] or found["single"] or found["bare"]) if found else ""


def _replaced(line: str, value: Value, place: Sequence[str]) -> str:
    key = _KEY.match(line)
    if key is None:
        raise AdoptionError("adopt_by_hand", table=".".join(place))
    start = key.end()
    space = len(line[start:]) - len(line[start:].lstrip(" \t"))
    held = line[start + space :].rstrip("\r\n")
    ending = line[len(line.rstrip("\r\n")) :]
    found = _PLAIN.match(held)
    if found is None or held.startswith(('"""', "'''")):
        raise AdoptionError("adopt_by_hand", table=".".join(place))
    written, comment = toml_value(value), found["comment"] or ""
    gap = found["space"] if comment else ""
    return f"{line[: start + space]}{written}{gap}{comment}{ending}"


def _prove(
    old: str, new: str, place: Sequence[str], put: Mapping[str, Any], drop: Sequence[str]
) -> None:
    """Parse both: the new text must be the old one with these keys changed, and no other."""
    try:
        wanted, found = tomllib.loads(old), tomllib.loads(new)
    except tomllib.TOMLDecodeError:
        raise AdoptionError("adopt_by_hand", table=".".join(place)) from None
    node = wanted
    for part in place:
        node = node.setdefault(part, {})
    for name in drop:
        node.pop(name, None)
    node |= {name: tomllib.loads(f"x = {toml_value(value)}")["x"] for name, value in put.items()}
    if wanted != found:
        raise AdoptionError("adopt_by_hand", table=".".join(place))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
