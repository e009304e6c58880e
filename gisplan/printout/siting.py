"""Verdicts -> a terminal table, and the lines that say what was done and what not."""

from __future__ import annotations

from collections import Counter

from gisplan.frames import table_of
from gisplan.io.evidence import evidence_line
from gisplan.io.flat import plain_cells
from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.printout.caveats import caveats
from gisplan.printout.cells import cell
from gisplan.results import Result
from gisplan.terms import Outcome
from gisplan.wording import counts

_SHOWN = (
    "id",
    "name",
    "outcome",
    "confidence",
    "zone",
    "zone_margin",
    "corridor",
    "corridor_distance",
    "because",
)


_NUMBERS = (3, 5, 7)


def terminal_rows(result: Result, labels: Labels) -> tuple[list[str], list[list[str]]]:
    """Headers and cells of the verdict table as people read it."""
    told = result.told_columns(labels.language)
    headers = [labels(f"terminal.{code}") for code in _SHOWN]
    columns = [[cell(code, value) for value in plain_cells(told[code])] for code in _SHOWN]
    rows = [list(row) for row in zip(*columns, strict=True)]
    if result.decided is not None:
        at = _SHOWN.index("outcome")
        for row, overruled in zip(rows, told.texts("overruled"), strict=True):
            if overruled:
                row[at] = labels("overrule.cell", outcome=row[at], overruled=overruled)
    return headers, rows


def terminal_table(result: Result, labels: Labels) -> str:
    """Lay out the verdicts for a terminal."""
    headers, rows = terminal_rows(result, labels)
    return aligned(headers, rows, right=_NUMBERS)


def summary_lines(result: Result, labels: Labels) -> list[str]:
    """Say what was done, what could not be judged and why, and what was not checked."""
    plan, verdicts = result.plan, result.judged
    title = plan.definition.title.get(labels.language)
    located = int(result.located.sum())
    lines = [
        labels(
            "cli.plan_line",
            title=title,
            version=plan.definition.version,
            count=plan.layer_columns.rows,
        ),
        labels("cli.read_line", file=result.file, rows=verdicts.rows, located=located),
        labels("cli.result_line", counts=counts(verdicts.texts("outcome"), labels)),
    ]
    if result.decided is not None:
        n = int((result.decided.texts("overruled") != "").sum())
        lines.append(labels("overrule.line", n=n, counts=counts(result.stands.texts(), labels)))
    # How the coordinates were read decides everything, so it is said each time.
    lines += [
        evidence_line(code, value, labels)
        for code, value in result.read.evidence
        if code.startswith(("crs_", "axes_", "layers_left"))
    ]
    if unknown := int(verdicts.coded("outcome").reads(Outcome.UNKNOWN).sum()):
        lines.append(labels("cli.unlocated_line", n=unknown, why=_why(result, labels)))
    fragile = int((verdicts.numbers("confidence") < plan.definition.policy.threshold).sum())
    if fragile:
        lines.append(labels("cli.fragile_line", n=fragile))
    lines += caveats(plan, labels)
    for code, count in Counter(table_of(result.read, "issues").columns.texts("code")).items():
        message = labels(f"issue.{code}.message")
        lines.append(labels("cli.issue_line", code=code, n=count, message=message))
    return lines


def _why(result: Result, labels: Labels) -> str:
    """Count the reasons for which projects could not be judged."""
    unknown = result.judged.coded("outcome").reads(Outcome.UNKNOWN)
    no_place = int((unknown & ~result.located).sum())
    parts = [f"{labels('run.unlocated')} {no_place}"] if no_place else []
    told = result.told_columns(labels.language).coded("because").take(unknown & result.located)
    parts += [f"{rule} {n}" for rule, n in Counter(told.texts()).most_common()]
    return ("、" if labels.language == "zh" else ", ").join(parts)
