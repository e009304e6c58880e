"""A plan revision -> words: tables for a workbook or a terminal, and the lines that sum it up."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from gisplan.io.terminal import aligned
from gisplan.labels import Labels
from gisplan.plan import Plan
from gisplan.revision import JOINT, POLICY, Revision
from gisplan.terms import SEPARATOR, Kind
from gisplan.wording import DASH, rule_title

_SHOWN = (
    "project_id", "project_name", "old_outcome", "new_outcome", "basis", "causes", "areas", "rules",
)  # fmt: skip


def revision_table(revision: Revision, old: Plan, new: Plan, labels: Labels) -> str:
    """Lay out the projects whose outcome changed, or else the layers that did."""
    told = word_projects(revision, old, new, labels)
    if len(told):
        said = revision.projects["changed"] | (revision.projects["basis"] != "")
        shown = told[said.to_numpy()]
        if len(shown):
            return _laid_out(shown, _SHOWN, labels)
    areas = word_areas(revision, old, new, labels)
    changed = areas[(revision.areas["change"] != "same").to_numpy()]
    columns = ("kind", "name", "change", "old_area", "new_area", "area_change", "farthest")
    return _laid_out(changed, columns, labels, right=(3, 4, 5, 6))


def _laid_out(
    frame: pd.DataFrame, columns: Iterable[str], labels: Labels, right: tuple[int, ...] = ()
) -> str:
    heads = [labels(f"revision_column.{code}") for code in columns]
    rows = [[_cell(row[code]) for code in columns] for row in frame.to_dict("records")]
    return aligned(heads, rows, right=right)


def _cell(value: Any) -> str:
    if value is None or value != value or value == "":
        return DASH
    return f"{value:,.0f}" if isinstance(value, float) else str(value)


def revision_lines(revision: Revision, old: Plan, new: Plan, labels: Labels) -> list[str]:
    """Sum a revision up: layers, fields, projects, residue."""
    language = labels.language
    plans = {
        f"{name}{part}": text
        for name, plan in (("old", old), ("new", new))
        for part, text in (
            ("", plan.definition.title.get(language)), ("_version", plan.definition.version),
        )
    }  # fmt: skip
    lines = [labels("revision.plans_line", **plans)]
    changes = revision.areas["change"]
    tally = _tally(changes, "revision_change", labels)
    lines.append(labels("revision.areas_line", count=len(changes), tally=tally))
    lines += [
        _area_line(row, name, labels)
        for row, name in zip(
            revision.areas.to_dict("records"), _names(revision, old, new, labels), strict=True
        )
        if row["change"] != "same"
    ]
    topics = _tally(revision.fields["topic"], "revision_topic", labels)
    lines.append(labels("revision.fields_line", count=len(revision.fields), tally=topics))
    return lines + _project_lines(revision, labels)


def _project_lines(revision: Revision, labels: Labels) -> list[str]:
    projects = revision.projects
    if projects.empty:
        return [labels("revision.no_projects_line")]
    changed = projects[projects["changed"]]
    lines = [labels("revision.unchanged_line", count=len(projects))]
    if len(changed):
        tally = _tally(changed["basis"], "revision_basis", labels)
        lines = [
            labels("revision.projects_line", count=len(projects), changed=len(changed), tally=tally)
        ]
    cancelled = projects["basis"] == "cancelled"
    if cancelled.any():
        lines.append(_tally(projects.loc[cancelled, "basis"], "revision_basis", labels))
    shift = (projects["new_confidence"] - projects["old_confidence"]).abs()
    surer = projects[~projects["changed"] & (shift > 5e-4)]
    if len(surer):
        names = _and([one or DASH for one in surer["name"]], labels)
        lines.append(labels("revision.surer_line", count=len(surer), names=names))
    residue = (changed[["residue_old", "residue_new"]].fillna(0) != 0).any(axis=1)
    if residue.any():
        lines.append(labels("revision.residue_line", count=int(residue.sum())))
    return lines


def _area_line(row: dict[Any, Any], name: str, labels: Labels) -> str:
    line = row["kind"] == Kind.CORRIDOR
    unit = labels("revision.metres" if line else "revision.square_metres")
    kind = labels(f"kind.{row['kind']}")
    if row["change"] == "moved":
        within = row["within_accuracy"] is not pd.NA and bool(row["within_accuracy"])
        return labels(
            "revision.moved_line", kind=kind, name=name, farthest=_cell(row["farthest"]),
            error=_cell(row["error"]), unit=unit, gained=_cell(row["gained"]),
            given_up=_cell(row["given_up"]),
            verdict=labels(f"revision.{'within' if within else 'beyond'}"),
        )  # fmt: skip
    return labels(
        "revision.area_line", kind=kind, name=name, unit=unit, before=_cell(row["old_area"]),
        change=labels(f"revision_change.{row['change']}"), after=_cell(row["new_area"]),
        difference=signed(row["area_change"]),
    )  # fmt: skip


def signed(value: float) -> str:
    """Return a whole number with its sign, a dash for none."""
    return DASH if value != value else f"{value:+,.0f}"


def _tally(codes: Iterable[str], section: str, labels: Labels) -> str:
    counts = pd.Series(list(codes), dtype="object").value_counts(sort=False)
    told = [
        labels("revision.tally", name=labels(f"{section}.{code}"), count=count)
        for code, count in counts.items()
    ]
    return _and(told, labels) or labels("revision.none")


def _and(texts: Iterable[str], labels: Labels) -> str:
    return ("、" if labels.language == "zh" else ", ").join(texts)


def _named(key: str, old: Plan, new: Plan, labels: Labels) -> str:
    if key == POLICY:
        return labels("revision_column.policy")
    for plan in (new, old):
        try:
            return plan.definition.name(key, labels.language)
        except StopIteration:
            continue
        except KeyError:
            continue
    return key


def _names(revision: Revision, old: Plan, new: Plan, labels: Labels) -> list[str]:
    return [_named(key, old, new, labels) for key in revision.areas["area_id"]]


def word_areas(revision: Revision, old: Plan, new: Plan, labels: Labels) -> pd.DataFrame:
    """Put the table of layers into words."""
    told = pd.DataFrame(revision.areas.drop(columns="geometry"))
    told["kind"] = [labels(f"kind.{code}") for code in told["kind"]]
    told.insert(1, "name", _names(revision, old, new, labels))
    told["change"] = [labels(f"revision_change.{code}") for code in told["change"]]
    told["within_accuracy"] = [
        "" if one is pd.NA else labels("overlay.yes" if one else "overlay.no")
        for one in told["within_accuracy"]
    ]
    for name in ("old_status", "new_status"):
        told[name] = [labels(f"status.{code or 'none'}") for code in told[name]]
    told["alike"] = [
        _and([_named(key, old, new, labels) for key in text.split(SEPARATOR) if key], labels)
        for text in told["alike"]
    ]
    return told


def word_fields(revision: Revision, labels: Labels) -> pd.DataFrame:
    """Put the table of fields into words; lists are written as in the plan file."""
    told = revision.fields[["topic", "path", "change", "old", "new"]].copy()
    told["topic"] = [labels(f"revision_topic.{code}") for code in told["topic"]]
    told["change"] = [labels(f"revision_change.{code}") for code in told["change"]]
    for name in ("old", "new"):
        told[name] = [_value(one) for one in told[name]]
    return told


def _value(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def word_projects(revision: Revision, old: Plan, new: Plan, labels: Labels) -> pd.DataFrame:
    """Put the table of projects into words, the changed ones first."""
    told = revision.projects.copy()
    if told.empty:
        return told
    for name in ("old_outcome", "new_outcome", "old_nominal", "new_nominal"):
        told[name] = [labels(f"outcome.{code}") if code else DASH for code in told[name]]
    told["changed"] = [labels(f"overlay.{'yes' if one else 'no'}") for one in told["changed"]]
    told["basis"] = [labels(f"revision_basis.{code}") if code else "" for code in told["basis"]]
    for name in ("causes", "needed"):
        told[name] = [word_causes(text, labels) for text in told[name]]
    for name in ("areas", "old_zone", "new_zone", "old_corridor", "new_corridor"):
        told[name] = [
            _and([_named(key, old, new, labels) for key in str(text).split(SEPARATOR) if key],
                 labels) for text in told[name]
        ]  # fmt: skip
    told["rules"] = [
        "\n".join(_rule_change(one, old, new, labels) for one in text.split(SEPARATOR) if one)
        for text in told["rules"]
    ]
    return told.rename(columns={"id": "project_id", "name": "project_name"})


def word_causes(text: str, labels: Labels) -> str:
    """Put sets of inputs into words: ``＋`` within a set, ``；`` between sets."""
    between, within = ("；", "＋") if labels.language == "zh" else ("; ", " + ")
    return between.join(
        within.join(labels(f"revision_factor.{code}") for code in one.split(JOINT))
        for one in text.split(SEPARATOR)
        if one
    )


def _rule_change(text: str, old: Plan, new: Plan, labels: Labels) -> str:
    rule, _, codes = text.rpartition("=")
    subject = rule.partition(":")[2]
    known = new if not subject or subject in new.definition.constraints else old
    title = rule_title(rule, known.definition, labels)
    before, after = (
        labels(f"outcome.{code}") if code else DASH for code in codes.split(">", maxsplit=1)
    )
    return (
        f"{title}：{before} → {after}"
        if labels.language == "zh"
        else (f"{title}: {before} → {after}")
    )


def word_effects(revision: Revision, labels: Labels) -> pd.DataFrame:
    """Put the table of swapped inputs into words."""
    told = revision.effects.copy()
    if told.empty:
        return told.rename(columns={"id": "project_id", "name": "project_name"})
    told["factor"] = [labels(f"revision_factor.{code}") for code in told["factor"]]
    for name in ("alone", "without"):
        told[name] = [labels(f"outcome.{code}") for code in told[name]]
    for name in ("reaches", "undoes"):
        told[name] = [labels(f"overlay.{'yes' if one else 'no'}") for one in told[name]]
    return told.rename(columns={"id": "project_id", "name": "project_name"})
