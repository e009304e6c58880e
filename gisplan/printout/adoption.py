"""An adoption -> lines for a terminal: evidence, topology, what changes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from gisplan.adoption import Adoption, compare_areas
from gisplan.io.layers import PLAN_FILE
from gisplan.io.official import Official
from gisplan.io.text import decode
from gisplan.labels import Labels
from gisplan.wording import metres

_MOST = 20


def adoption_lines(adoption: Adoption, file: str, labels: Labels) -> list[str]:
    """Say what was read, what it is like, and what of the plan changes."""
    lines = [labels("adopt.heading", place=".".join(adoption.place), file=file)]
    lines += [labels(f"adopt.{code}", value=value) for code, value in adoption.official.evidence]
    lines += [labels(f"adopt.{code}", **_worded(values)) for code, values in adoption.topology]
    for found in adoption.findings:
        if found.level != "info":
            level = labels(f"level.{found.level}")
            lines.append(f"[{level}] {found.word(labels.language)}")
    lines += _sizes(adoption, labels)
    lines.append(labels("adopt.diff"))
    lines += [f"  {line}" for line in _diff(adoption)]
    return lines


def coverage_line(coverage: Official | str | None, labels: Labels) -> str:
    """Say where a constraint's new layer has data, by whose word."""
    if not isinstance(coverage, Official):
        return labels(f"adopt.coverage_{coverage or 'all'}")
    told = [labels(f"adopt.{code}", value=value) for code, value in coverage.evidence]
    return labels("adopt.coverage_file", file=coverage.file, evidence=" · ".join(told))


def verdict_lines(changed: pd.DataFrame, file: str, total: int, labels: Labels) -> list[str]:
    """Say which projects would be judged otherwise."""
    if changed.empty:
        return [labels("adopt.verdicts_same", file=file, total=total)]
    lines = [labels("adopt.verdicts", file=file, total=total, n=len(changed))]
    for row in changed.head(_MOST).itertuples(index=False):
        before, after = (labels(f"outcome.{one!s}") for one in (row.before, row.after))
        lines.append(
            labels("adopt.verdict", id=_text(row.id), name=_text(row.name), before=before,
                   after=after)
        )  # fmt: skip
    if len(changed) > _MOST:
        lines.append(labels("adopt.verdict_more", n=len(changed) - _MOST))
    return lines


def _sizes(adoption: Adoption, labels: Labels) -> Iterator[str]:
    found = compare_areas(adoption)
    before, after = found["before"], found["after"]
    line = found["shared"] != found["shared"]
    if before != before:
        yield labels("adopt.new")
        return
    change = f"{(after - before) / before:+.1%}".replace("-0.0%", "+0.0%") if before else "—"
    code = "adopt.length" if line else "adopt.size"
    yield labels(code, before=f"{before:,.0f}", after=f"{after:,.0f}", change=change)
    told = {"moved": metres(found["moved"]), "apart": metres(found["apart"])}
    if line:
        yield labels("adopt.moved_line", **told)
    else:
        yield labels("adopt.moved", **told, shared=f"{found['shared']:.1%}")


def _diff(adoption: Adoption) -> Iterator[str]:
    folder = adoption.old.folder
    if folder is None:
        return
    old = decode((folder / PLAN_FILE).read_bytes()).text.splitlines()
    new = decode(adoption.text).text.splitlines()
    for line in difflib.unified_diff(old, new, n=1, lineterm=""):
        if not line.startswith(("---", "+++")):
            yield line


def _worded(values: Mapping[str, Any]) -> dict[str, str]:
    shown = {}
    for name, value in values.items():
        if isinstance(value, float):
            shown[name] = metres(value)
        else:
            shown[name] = str(value)
    return shown


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "—"
