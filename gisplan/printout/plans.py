"""A plan's layers and findings -> a terminal table or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from gisplan.errors import Finding
from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.printout.cells import cell
from gisplan.wording import DASH, status_of


def layers_table(plan: Plan, labels: Labels) -> str:
    """Lay out the layers of a plan for a terminal."""
    columns = (
        "kind",
        "layer",
        "title",
        "status",
        "accuracy",
        "as_of",
        "sha256",
        "clause_kind",
        "clause",
    )
    layers = plan.layers
    rows = []
    for row in layers.to_dict("records"):
        kind = row["clause_kind"] if isinstance(row["clause_kind"], str) else "none"
        rows.append(
            [
                labels(f"kind.{row['kind']}"),
                row["id"],
                plan.definition.name(row["id"], labels.language),
                status_of(row["status"], row["valid_until"], labels),
                cell("accuracy", row["accuracy"]),
                str(row["as_of"].date()) if row["as_of"] is not pd.NaT else DASH,
                row["sha256"][:8] if isinstance(row["sha256"], str) else DASH,
                labels(f"clause.{kind}"),
                next((row[k] for k in ("clause", "owner") if isinstance(row[k], str)), DASH),
            ]
        )
    title = plan.definition.title.get(labels.language)
    head = f"{title} · {plan.definition.version} · {plan.definition.crs} · {plan.sha256[:8]}"
    return head + "\n" + aligned([labels(f"column.{code}") for code in columns], rows, right=(4,))


def layers_json(plan: Plan) -> str:
    """Return the layers of a plan as JSON."""
    days = {one: plan.layers[one].dt.strftime("%Y-%m-%d") for one in ("as_of", "valid_until")}
    layers = plan.layers.assign(**days)
    rows = [
        {k: v if isinstance(v, str) or v == v else None for k, v in row.items()}
        for row in layers.to_dict("records")
    ]
    head = {
        "plan": plan.definition.id,
        "version": plan.definition.version,
        "crs": plan.definition.crs,
        "sha256": plan.sha256,
    }
    return json.dumps({**head, "layers": rows}, ensure_ascii=False, indent=1)


def findings_json(findings: Sequence[Finding], labels: Labels) -> str:
    """Return what was found in a plan as JSON."""
    rows = [
        {
            "level": one.level,
            "place": one.place,
            "code": one.code,
            "text": one.word(labels.language),
        }
        for one in findings
    ]
    return json.dumps({"findings": rows}, ensure_ascii=False, indent=1)
