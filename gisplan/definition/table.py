"""The layers of a plan: what its file says of each, beside what was read of it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from gisplan.columns import Columns
from gisplan.definition.plan import PlanDefinition
from gisplan.frames import texts
from gisplan.today import today


def layer_table(areas: Columns, definition: PlanDefinition) -> Columns:
    """Lay out the layers, one row each.

    Parameters
    ----------
    areas
        `gisplan.terms.AREA_COLUMNS`.
    definition
        The plan file that they were read for.

    Returns
    -------
    Columns
        ``id``, ``kind``, ``title``, ``title_en``; ``status`` (missing where there are no data),
        ``accuracy`` (M in metres), ``as_of``, ``valid_until``, ``source``, ``sha256``, ``owner``,
        ``basis``; ``clause``, ``place`` and ``clause_kind``.
    """
    layers = [definition.layer(key) for key in areas.texts("id")]
    clauses = [layer.clause for layer in layers]
    known = [shape is not None for shape in areas.array("geometry")]
    status = [one if at else None for one, at in zip(areas.texts("status"), known, strict=True)]
    return Columns(
        {
            "id": areas.texts("id"),
            "kind": areas.texts("kind"),
            "title": texts([layer.title.zh for layer in layers]),
            "title_en": texts([layer.title.get("en") for layer in layers]),
            "status": texts(status),
            "accuracy": areas.numbers("accuracy"),
            "as_of": areas.array("as_of").astype("datetime64[s]"),
            "valid_until": np.array([layer.valid_until for layer in layers], "datetime64[s]"),
            "source": areas.texts("source"),
            "sha256": areas.texts("sha256"),
            "owner": texts([layer.owner for layer in layers]),
            "basis": texts([layer.basis for layer in layers]),
            "clause": texts([one.quote if one else None for one in clauses]),
            "place": texts([one.place if one else None for one in clauses]),
            "clause_kind": texts([one.kind if one else None for one in clauses]),
        },
        areas.rows,
    )


def out_of_date(
    definition: PlanDefinition, known: Collection[tuple[str, str]], language: str
) -> list[str]:
    """Titles, with their last day, of the layers that do not hold any more.

    Parameters
    ----------
    definition
        The plan.
    known
        Kinds and ids of the layers that have data: no answer rests on others.
    """
    named = "{}（{}）" if language == "zh" else "{} ({})"
    return [
        named.format(layer.title.get(language), layer.valid_until)
        for kind, key, layer in definition.layers()
        if (kind, key) in known and layer.valid_until is not None and layer.valid_until < today()
    ]
