"""Puts what benchmarks/results.json holds into docs/scale.md: no figure there is copied by hand.

    python -m benchmarks.tables           write the tables and the picture
    python -m benchmarks.tables --check   fail where the page says otherwise than the results

A table stands between ``<!-- table: NAME LANGUAGE -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

from benchmarks import results
from benchmarks.goals import Goal, goals
from benchmarks.results import Results, by_way
from benchmarks.topics import topics

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
_PLACE: Final = re.compile(r"(<!-- table: ([\w ]+?) (zh|en) -->\n).*?(\n<!-- end -->)", re.DOTALL)
WORDS: Final = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def say(group: str, name: str, language: str, **values: object) -> str:
    """Return a word or sentence; a name that has none stands for itself."""
    told = WORDS[group].get(name)
    return (told[language] if told else name).format(**values)


def number(value: float) -> str:
    """Write a figure with three digits that count."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    if value < 0.001:
        return f"{value:.0e}"
    return f"{value:#.3g}" if value < 100 else f"{value:.0f}"


def table(held: Results, work: str, language: str) -> str:
    """Write the table of a work."""
    rows = by_way(held, work)
    names = ["way", "count", "setup", "cpu", "each", "peak"]
    compared = any("digests" in row or "compared" in row for row in rows.values())
    names += ["differing"] if compared else []
    lines = _head([say("head", name, language) for name in names])
    for way, row in rows.items():
        first = say("way", way, language)
        if "cpu" not in row:
            why = row["failed"].removeprefix("not installed: ")
            told = say("say", "missing" if row.get("missing") else "failed", language)
            lines.append(_row([first, f"{told}: {why}", *[""] * (len(names) - 2)]))
            continue
        cells = [first, f"{row['size']:,}", number(row["start"] + row["setup"])]
        cells += [number(row["cpu"]), number(row["cpu"] / row["size"] * 1e6)]
        cells += [number(row["peak"]), *([differing(rows, way, language)] if compared else [])]
        lines.append(_row(cells))
    return "\n".join(lines)


def differing(rows: dict[str, dict[str, Any]], way: str, language: str) -> str:
    """Tell how a way agrees with GEOS and how many were compared."""
    row = rows[way]
    if "wrong" not in row:
        return say("say", "not_run", language)
    if row.get("apart"):
        return say("say", "close", language, x=f"{row['apart']:.0e}")
    same = [
        int(size)
        for other, one in rows.items()
        for size, digest in one.get("digests", {}).items()
        if other != way and row.get("digests", {}).get(size) == digest
    ]
    told = f"{row['wrong']:,}"
    if "compared" in row:
        return f"{told} / {row['compared']:,}"
    return told + (say("say", "all_of", language, n=f"{max(same):,}") if same else "")


def goal_table(held: Results, language: str) -> str:
    """Write the table of goals."""
    names = ("goal", "wanted", "found", "met", "shown")
    lines = _head([say("head", name, language) for name in names])
    for one in goals(held):
        lines.append(_row(_goal(one, language)))
    return "\n".join(lines)


def _goal(one: Goal, language: str) -> list[str]:
    sign = "≤" if one.most else "≥"
    unit = {"x": "×", "M/s": "", "": ""}.get(one.unit, f" {one.unit}")
    met = {True: "yes", False: "no", None: "unmeasured"}[one.met]
    found = "" if one.found is None else number(one.found) + unit
    command = f'"{one.work}"' if one.work in topics() and " " in one.work else one.work
    return [
        say("goal", one.name, language), f"{sign} {number(one.wanted)}{unit}", found,
        say("say", met, language), f"`--only {command}`",
    ]  # fmt: skip


def machine(held: Results, language: str) -> str:
    """Tell where and when it was measured."""
    told = held["machine"]
    versions = ", ".join(f"{name} {one}" for name, one in told["versions"].items() if one)
    measured = [row for row in held["rows"] if "load" in row]
    loads = [row["load"] for row in measured]
    dates = sorted({row["date"] for row in measured})
    when = "–".join(dict.fromkeys((dates[0], dates[-1])))
    return say(
        "say", "machine", language, **(told | {"versions": versions}), date=when,
        load=f"{min(loads):.1f}–{max(loads):.1f}",
    )  # fmt: skip


def curve_table(held: Results, work: str, language: str) -> str:
    """Write a curve: a row for each size, a column for each way; microseconds each."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, row in by_way(held, work).items():
        who, _, size = name.partition(" @ ")
        found.setdefault(size, {})[who] = row
    who = list(dict.fromkeys(name for one in found.values() for name in one))
    lines = _head([say("head", "count", language), *(say("way", one, language) for one in who)])
    for size, one in found.items():
        cells = [number(one[w]["cpu"] / one[w]["size"] * 1e6) if "cpu" in one.get(w, {}) else ""
                 for w in who]  # fmt: skip
        lines.append(_row([f"{float(size):,g}", *cells]))
    return "\n".join(lines)


def _head(names: list[str]) -> list[str]:
    return [_row(names), "|" + "---|" * len(names)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def render(held: Results, name: str, language: str) -> str:
    """Write what stands at a place."""
    if name == "goals":
        return goal_table(held, language)
    if name == "machine":
        return machine(held, language)
    if any(" @ " in way for way in by_way(held, name)):
        return curve_table(held, name, language)
    return table(held, name, language)


def filled(page: str, held: Results) -> str:
    """Return the page with every table as the results have it."""
    return _PLACE.sub(lambda m: f"{m[1]}\n{render(held, m[2], m[3])}\n{m[4]}", page)


def main() -> None:
    """Write or check the page."""
    held, page = results.read(), PAGE.read_text("utf-8")
    made = filled(page, held)
    if "--check" in sys.argv[1:]:
        sys.exit(0 if made == page else "docs/scale.md: run python -m benchmarks.tables")
    PAGE.write_text(made, "utf-8")
    from benchmarks.picture import draw

    draw(held, PAGE.parent / "scale.png")


if __name__ == "__main__":
    main()
