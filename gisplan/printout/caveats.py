"""What has to be said with every answer of a plan: no answer is surer than the layers."""

from __future__ import annotations

from gisplan.definition.table import out_of_date
from gisplan.frames import table_of
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.terms import Kind


def caveats(plan: Plan, labels: Labels) -> list[str]:
    """Say what was not checked, and which layers are out of date or schematic."""
    told = []
    if unchecked := _unchecked(plan, labels.language):
        every = ("、" if labels.language == "zh" else ", ").join(unchecked)
        told.append(labels("cli.unchecked_line", names=every))
    if expired := _expired(plan, labels.language):
        every = ("、" if labels.language == "zh" else ", ").join(expired)
        told.append(labels("cli.expired_line", n=len(expired), names=every))
    if schematic := _schematic(plan):
        low, high = (f"{one:g}" for one in (min(schematic), max(schematic)))
        told.append(labels("cli.schematic_line", n=len(schematic), low=low, high=high))
    return told


def _unchecked(plan: Plan, language: str) -> list[str]:
    """Titles, with owners, of what was declared without data."""
    layers = (plan.definition.layer(key) for key in plan.definition.unchecked)
    named = "{}（{}）" if language == "zh" else "{} ({})"
    return [
        named.format(one.title.get(language), one.owner) if one.owner else one.title.get(language)
        for one in layers
    ]


def _expired(plan: Plan, language: str) -> list[str]:
    """Titles, with their last day, of the layers that do not hold any more."""
    areas = table_of(plan, "areas").columns
    drawn = zip(areas.texts("kind"), areas.texts("id"), areas.array("geometry"), strict=True)
    known = {(kind, key) for kind, key, shape in drawn if shape is not None}
    return out_of_date(plan.definition, known, language)


def _schematic(plan: Plan) -> list[float]:
    """Accuracies, in metres, of the areas whose geometry is a schematic."""
    areas = table_of(plan, "areas").columns
    names = (areas.texts("kind"), areas.texts("status"), areas.numbers("accuracy").tolist())
    return [
        accuracy
        for kind, status, accuracy in zip(*names, strict=True)
        if kind != Kind.COVERAGE and status == "schematic"
    ]
