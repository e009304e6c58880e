"""What has to be said with every answer of a plan: no answer is surer than the layers."""

from __future__ import annotations

from gisplan.frames import table_of
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.terms import Kind
from gisplan.today import today


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
    named = "{}（{}）" if language == "zh" else "{} ({})"
    return [
        named.format(one.title.get(language), one.valid_until)
        for _, _, one in plan.definition.layers()
        if one.valid_until is not None and one.valid_until < today()
    ]


def _schematic(plan: Plan) -> list[float]:
    """Accuracies, in metres, of the areas whose geometry is a schematic."""
    areas = table_of(plan, "areas").columns
    names = (areas.texts("kind"), areas.texts("status"), areas.numbers("accuracy").tolist())
    return [
        accuracy
        for kind, status, accuracy in zip(*names, strict=True)
        if kind != Kind.COVERAGE and status == "schematic"
    ]
