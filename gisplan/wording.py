"""Codes -> words: what a verdict, a rule and a layer say to a person, in one language."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.definition import Layer, PlanDefinition
from gisplan.labels import Labels
from gisplan.terms import NO_PLACE, OUTCOMES, SEPARATOR, Kind, Outcome

DASH = "—"


def metres(value: float) -> str:
    """Write metres as precisely as they are worth reading: 0.4, 12.3, 1,680."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"


def metres_beside(value: float, limit: float) -> str:
    """Write metres so that they read differently from a limit which they are not.

    500.3 m beyond a limit of 500 m must not read as 500 beyond 500.
    """
    text = metres(value)
    for digits in range(1, 7):
        if value == limit or float(text.replace(",", "")) != limit:
            break
        text = f"{value:,.{digits}f}"
    return text


def names(ids: str, definition: PlanDefinition, language: str) -> str:
    """Write the titles of ids joined by ``|``."""
    titles = (definition.name(one, language) for one in ids.split(SEPARATOR) if one)
    return ("、" if language == "zh" else ", ").join(titles)


def rule_title(rule: str, definition: PlanDefinition, labels: Labels) -> str:
    """Write the title of a rule, naming the constraint of ``clear_of:<id>``."""
    head, _, key = rule.partition(":")
    if not key:
        return labels(f"rule.{head}")
    return labels(f"rule.{head}", name=definition.name(key, labels.language))


def word_rules(
    rules: pd.DataFrame,
    projects: pd.DataFrame,
    definition: PlanDefinition,
    layers: pd.DataFrame,
    labels: Labels,
) -> pd.DataFrame:
    """Put the rows of `gisplan.siting.explain` into words.

    Parameters
    ----------
    rules
        What ``explain`` returns.
    projects
        The projects, for their names and their own words for their industry.
    definition
        Titles and clauses.
    layers
        One row per area with ``id``, ``status``, ``as_of`` and ``sha256``.
    labels
        The language.

    Returns
    -------
    DataFrame
        The same rows: ``project``, ``rule`` and ``outcome`` as codes; ``id``, ``name``,
        ``rule_title``, ``outcome_title``, ``subject_title``, ``text``, ``clause``,
        ``place``, ``clause_kind``, ``layer`` (id, status, date, hash) in words;
        ``measured``, ``unit``, ``threshold``, ``margin``, ``sigma``, ``same`` as numbers.
    """
    # By position: an index may hold a label twice. Each project has the same number of rows.
    times = len(rules) // max(len(projects), 1)
    columns = ("industry", "id", "name")
    said, ids, titles = (np.repeat(_texts(projects, column), times) for column in columns)
    cited = {
        str(row.id): _cited(row, labels)
        for row in layers.itertuples(index=False)
        if row.kind != Kind.COVERAGE
    }
    # Few rules and subjects stand in many rows: each is worded once.
    rows = rules.astype("object").itertuples(index=False)  # Arrow strings are slow to walk
    about = {one: _about(one, definition, cited, labels) for one in rules["subject"].unique()}
    rule_titles = {one: rule_title(one, definition, labels) for one in rules["rule"].unique()}
    units = {one: labels(f"unit.{one}") if one else "" for one in rules["unit"].unique()}
    outcomes = rules["outcome"].astype("str")
    worded = pd.DataFrame(
        {
            "project": rules["project"],
            "rule": rules["rule"],
            "outcome": outcomes,
            "rule_title": rules["rule"].map(rule_titles),
            "outcome_title": outcomes.map({o: labels(f"outcome.{o}") for o in OUTCOMES}),
            "unit": rules["unit"].map(units),
            "text": [
                _text(row, words, definition, labels) for row, words in zip(rows, said, strict=True)
            ],
        }
    )
    for at, column in enumerate(_ABOUT):
        worded[column] = rules["subject"].map({one: told[at] for one, told in about.items()})
    worded["id"], worded["name"] = ids, titles
    numbers = ["measured", "threshold", "margin", "sigma", "same"]
    worded[numbers] = rules[numbers].to_numpy()
    return worded


def _texts(projects: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """A column as text, blank where it or the value is missing."""
    if column not in projects:
        return np.full(len(projects), "", dtype=object)
    return projects[column].astype("str").fillna("").to_numpy(dtype=object)


_ABOUT = ("subject_title", "clause", "place", "clause_kind", "layer")


def _cited(layer: Any, labels: Labels) -> str:
    """Name a layer so that it can be found again: id, status, date, hash."""
    status = labels(f"status.{layer.status if isinstance(layer.status, str) else 'none'}")
    date = layer.as_of.date().isoformat() if layer.as_of is not pd.NaT else ""
    digest = layer.sha256[:8] if isinstance(layer.sha256, str) else ""
    return " ".join(filter(None, (layer.id, status, date, digest)))


def _about(
    subject: str, plan: PlanDefinition, cited: dict[str, str], labels: Labels
) -> tuple[str, ...]:
    """Name the areas that a rule speaks of, their clauses and their layers."""
    areas = [one for one in subject.split(SEPARATOR) if one]
    clauses = [layer.clause for one in areas if (layer := plan.layer(one)).clause is not None]
    return (
        names(subject, plan, labels.language),
        " / ".join(clause.quote for clause in clauses),
        " / ".join(clause.place for clause in clauses),
        " / ".join(labels(f"clause.{clause.kind}") for clause in clauses),
        " / ".join(cited[one] for one in areas if one in cited),
    )


def _share(value: float) -> str:
    """Write a share in whole per cent, rounded down: 99.6 % is not all of it, nor 49.9 % half."""
    return f"{value:.0%}" if value != value else f"{math.floor(value * 100 + 1e-9)}%"


def _text(row: Any, industry: str, plan: PlanDefinition, labels: Labels) -> str:
    _, _, key = row.rule.partition(":")
    first = key or row.subject.partition(SEPARATOR)[0]
    layer: Layer | None = plan.layer(first) if first else None
    codes, _, match = row.detail.partition(";")
    values = {
        "name": names(row.subject, plan, labels.language) or DASH,
        "owner": (layer.owner if layer else None) or DASH,
        "margin": metres(abs(row.margin)),
        "share": _share(row.share),
        "distance": metres_beside(row.measured, row.threshold),
        "touch": metres(row.measured),
        "within": metres(row.threshold),
        "setback": metres(getattr(layer, "setback", 0.0)),
        "codes": codes.replace(SEPARATOR, " "),
        "match": match.replace(SEPARATOR, " ") or DASH,
        "value": industry,
    }
    said = labels(f"text.{row.situation}", **values)
    if row.detail == "other_fact" and row.outcome == Outcome.NOT_APPLICABLE:
        said += labels("text.other_fact")
    return said


def word_verdicts(
    projects: pd.DataFrame,
    verdicts: pd.DataFrame,
    told_rules: pd.DataFrame,
    definition: PlanDefinition,
    labels: Labels,
) -> pd.DataFrame:
    """Lay out verdicts for people: same index, text and numbers, in reading order.

    Parameters
    ----------
    projects, verdicts
        The two frames, of one index.
    told_rules
        What `word_rules` returns for them.

    Returns
    -------
    DataFrame
        ``id``, ``name``, ``industry``, ``investment``, ``outcome`` and ``nominal`` in
        words, ``confidence``, ``flip_distance``, ``zone``, ``zone_margin``, ``corridor``,
        ``corridor_distance``, ``because`` (titles of the deciding rules), ``reasons``
        (what each found, its clause and its layer), ``unchecked``, ``issues``.
    """
    if not verdicts.index.equals(projects.index):
        verdicts = verdicts.reindex(projects.index)  # sorted or filtered verdicts: by label
    language = labels.language
    told = pd.DataFrame(index=projects.index)
    for column in ("id", "name", "industry", "investment"):
        told[column] = projects[column] if column in projects else None
    for column in ("outcome", "nominal"):
        told[column] = [labels(f"outcome.{code}") for code in verdicts[column]]
    for column in ("confidence", "flip_distance"):
        told[column] = verdicts[column]
    for column in ("zone", "corridor"):
        told[column] = [names(ids, definition, language) for ids in verdicts[column].fillna("")]
        number = "zone_margin" if column == "zone" else "corridor_distance"
        told[number] = verdicts[number]
    why = {c: _because(c, definition, labels) for c in verdicts["reasons"].unique()}
    told["because"] = [why[codes] for codes in verdicts["reasons"]]
    found = list(told_rules.astype("object").itertuples(index=False))
    times = len(found) // max(len(projects), 1)
    told["reasons"] = [
        _reasons(codes, found[at * times : (at + 1) * times], labels)
        for at, codes in enumerate(verdicts["reasons"])
    ]
    told["unchecked"] = [names(ids, definition, language) for ids in verdicts["unchecked"]]
    told["issues"] = verdicts["issues"].fillna("").str.replace(SEPARATOR, " ")
    return told


def _deciding(codes: str) -> list[str]:
    return [one.rpartition("=")[0] for one in codes.split(SEPARATOR) if one]


def _because(codes: str, plan: PlanDefinition, labels: Labels) -> str:
    titles = (rule_title(rule, plan, labels) for rule in _deciding(codes))
    return ("、" if labels.language == "zh" else ", ").join(titles)


def _reasons(codes: str, rules: Sequence[Any], labels: Labels) -> str:
    """What each deciding rule found, with clause and layer."""
    if codes == NO_PLACE:
        return labels("text.unlocated")
    found = {row.rule: row for row in rules}
    return "\n".join(_reason(found[rule], labels) for rule in _deciding(codes) if rule in found)


def _reason(row: Any, labels: Labels) -> str:
    said = labels("text.reason", rule=row.rule_title, text=row.text)
    if row.clause:
        said += labels("text.by_clause", kind=row.clause_kind, quote=row.clause, place=row.place)
    if row.layer:
        said += labels("text.by_layer", layer=row.layer)
    return said


def counts(outcomes: Iterable[str], labels: Labels) -> str:
    """Count outcomes in one line, worst first, leaving out those that do not occur."""
    values = pd.Series(list(outcomes), dtype="object").value_counts()
    shown = [f"{labels(f'outcome.{o}')} {values[o]}" for o in Outcome if o.value in values]
    return ("，" if labels.language == "zh" else ", ").join(shown)
