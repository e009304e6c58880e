"""Codes -> words: what a verdict, a rule and a layer say to a person, in one language."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from string import Formatter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded, Column, Columns
from gisplan.definition import Layer, PlanDefinition
from gisplan.labels import Labels
from gisplan.terms import NO_PLACE, SEPARATOR, Kind, Outcome, Rule
from gisplan.today import today

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

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


def status_of(status: object, valid_until: Any, labels: Labels) -> str:
    """Write how far a layer can be relied on, and until when: silence would pass it for current.

    Parameters
    ----------
    status
        A code of `gisplan.terms.Status`; anything else is a layer without data.
    valid_until
        A day in whatever form, or a missing value.
    """
    told = labels(f"status.{status if isinstance(status, str) else 'none'}")
    if valid_until is None or valid_until != valid_until:
        return told
    day = np.datetime64(valid_until, "D")
    key = "valid_until" if day >= np.datetime64(today(), "D") else "expired"
    return told + labels(f"status.{key}", day=day)


def rule_title(rule: str, definition: PlanDefinition, labels: Labels) -> str:
    """Write the title of a rule, naming the constraint of ``clear_of:<id>``."""
    head, _, key = rule.partition(":")
    if not key:
        return labels(f"rule.{head}")
    return labels(f"rule.{head}", name=definition.name(key, labels.language))


def rules_in_words(
    rules: Columns, listed: Columns, definition: PlanDefinition, layers: Columns, labels: Labels
) -> Columns:
    """Put the rows of `gisplan.siting.explain_facts` into words.

    Parameters
    ----------
    rules
        What ``explain_facts`` returns.
    listed
        ``id``, ``name`` and ``industry`` (their own words) of the projects, as text.
    definition
        Titles and clauses.
    layers
        One row per area, as `gisplan.definition.table.layer_table` lays them out.
    labels
        The language.

    Returns
    -------
    Columns
        The same rows: ``project``, ``rule`` and ``outcome`` as codes; ``id``, ``name``,
        ``rule_title``, ``outcome_title``, ``subject_title``, ``text``, ``clause``,
        ``place``, ``clause_kind``, ``layer`` (id, status, date, hash) in words;
        ``measured``, ``unit``, ``threshold``, ``margin``, ``sigma``, ``same`` as numbers.
    """
    # Each project has the same number of rows, one after another.
    times = rules.rows // max(listed.rows, 1)
    cited = _cited(layers, labels)
    # Few rules and subjects stand in many rows: each is worded once.
    rule, subject, outcome = (rules.coded(name) for name in ("rule", "subject", "outcome"))
    about = {one: _about(one, definition, cited, labels) for one in subject.categories}
    told: dict[str, Column] = {
        "project": rules["project"],
        "rule": rule,
        "outcome": Coded(outcome.codes, outcome.categories),
        "rule_title": mapped(rule, lambda one: rule_title(one, definition, labels)),
        "outcome_title": _outcomes(rules, definition, labels),
        "unit": mapped(rules.coded("unit"), lambda one: labels(f"unit.{one}") if one else ""),
        "text": _texts(rules, _repeated(listed, "industry", times), definition, labels),
    }
    for at, column in enumerate(_ABOUT):
        told[column] = mapped(subject, lambda one, at=at: about[one][at])  # type: ignore[misc]
    told |= {name: _repeated(listed, name, times) for name in ("id", "name")}
    told |= {name: rules[name] for name in ("measured", "threshold", "margin", "sigma", "same")}
    return Columns(told, rules.rows)


def _outcomes(rules: Columns, plan: PlanDefinition, labels: Labels) -> Coded:
    """Word each rule's outcome; a constraint that nothing was compared with is told as such.

    It does not count in the cascade, so "data missing" beside a project that complies would
    read as a contradiction.
    """
    rule, outcome = rules.coded("rule"), rules.coded("outcome")
    silent = [f"{Rule.CLEAR_OF}:{key}" for key in plan.unchecked]
    unseen = np.isin(np.array(rule.categories, dtype=str), silent)[rule.codes]
    titles = tuple(labels(f"outcome.{one}") for one in outcome.categories)
    codes = np.where(unseen, len(titles), outcome.codes).astype(np.int32)
    return Coded(codes, (*titles, labels("report.not_checked")))


def mapped(column: Coded, word: Callable[[str], str], missing: str | None = None) -> Coded:
    """Put each text of a column into other words; *missing* stands where there is none."""
    known: dict[str, int] = {}
    codes = [known.setdefault(word(one), len(known)) for one in column.categories]
    codes.append(-1 if missing is None else known.setdefault(missing, len(known)))
    return Coded(np.array(codes, dtype=np.int32)[column.codes], tuple(known))


def _repeated(listed: Columns, name: str, times: int) -> Coded:
    """A column of the list as text, blank where it or a value is missing, for every rule."""
    column = mapped(listed.coded(name), str, "")
    return Coded(np.repeat(column.codes, times), column.categories)


_ABOUT = ("subject_title", "clause", "place", "clause_kind", "layer")


def _cited(layers: Columns, labels: Labels) -> dict[str, str]:
    """Name each layer so that it can be found again: id, status, date, hash."""
    names_ = ("id", "kind", "status", "valid_until", "as_of", "sha256")
    told: dict[str, str] = {}
    for key, kind, status, until, as_of, sha256 in zip(
        *(layers.array(name) for name in names_), strict=True
    ):
        if kind != Kind.COVERAGE:
            state = status_of(status, until, labels)
            date = "" if np.isnat(as_of) else str(as_of.astype("datetime64[D]"))
            digest = sha256[:8] if isinstance(sha256, str) else ""
            told[str(key)] = " ".join(filter(None, (key, state, date, digest)))
    return told


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


def _each_share(told: str, plan: PlanDefinition, labels: Labels) -> str:
    """Write how much of a footprint lies on each of several zones."""
    parts = []
    for one in told.split(SEPARATOR):
        key, _, share = one.partition("=")
        said = _share(float(share)) if float(share) >= 0.01 else "<1%"
        parts.append(labels("text.share_on", share=said, name=plan.name(key, labels.language)))
    return ("、" if labels.language == "zh" else ", ").join(parts)


def _texts(rules: Columns, industries: Coded, plan: PlanDefinition, labels: Labels) -> Coded:
    """What each rule found: rows that differ in numbers alone share all but these."""
    parts = [rules.coded(name) for name in ("rule", "subject", "situation", "detail", "outcome")]
    keys = np.zeros(rules.rows, dtype=np.int64)
    for part in parts:
        keys = keys * (len(part.categories) + 1) + part.codes
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    numbers = {name: rules.numbers(name) for name in ("margin", "share", "measured", "threshold")}
    known: dict[str, int] = {}
    codes = np.empty(rules.rows, dtype=np.int32)
    for rows in np.split(order, starts[1:]):
        if len(rows):
            said = [part.categories[part.codes[rows[0]]] for part in parts]
            here = {name: column[rows] for name, column in numbers.items()}
            texts = _texts_alike(said, here, industries.take(rows), plan, labels)
            codes[rows] = [known.setdefault(text, len(known)) for text in texts]
    return Coded(codes, tuple(known))


def _texts_alike(
    said: Sequence[str], numbers: Mapping[str, Floats], industries: Coded,
    plan: PlanDefinition, labels: Labels,
) -> Iterable[str]:  # fmt: skip
    """Word rows that differ in numbers and in the project's own words alone."""
    rule, subject, situation, detail, outcome = said
    _, _, key = rule.partition(":")
    first = key or subject.partition(SEPARATOR)[0]
    layer: Layer | None = plan.layer(first) if first else None
    codes, _, match = detail.partition(";")
    values = {
        "name": names(subject, plan, labels.language) or DASH,
        "owner": (layer.owner if layer else None) or DASH,
        "setback": metres(getattr(layer, "setback", 0.0)),
        "codes": codes.replace(SEPARATOR, " "),
        "match": match.replace(SEPARATOR, " ") or DASH,
        "shares": _each_share(match, plan, labels) if situation == "zone_shares" else "",
    }
    template = labels(f"text.{situation}")
    if codes == "other_fact" and outcome == Outcome.NOT_APPLICABLE:
        template += labels("text.other_fact")
    margin, share, measured, threshold = (one.tolist() for one in numbers.values())
    own: dict[str, Callable[[], Iterable[str]]] = {
        "margin": lambda: (metres(abs(one)) for one in margin),
        "share": lambda: map(_share, share),
        "distance": lambda: map(metres_beside, measured, threshold),
        "touch": lambda: map(metres, measured),
        "within": lambda: map(metres, threshold),
        "value": lambda: industries.texts().tolist(),
    }
    used = [name for name in own if f"{{{name}}}" in template]
    if not used:
        return repeat(template.format_map(values), len(margin))
    return _filled(template, values, {name: own[name]() for name in used})


def _filled(
    template: str, values: Mapping[str, str], own: Mapping[str, Iterable[str]]
) -> Iterable[str]:
    """Fill a template with the same values in every row, and with *own* ones of each."""
    parts: list[Iterable[str]] = []
    columns = {name: list(column) for name, column in own.items()}
    for text, name, _, _ in Formatter().parse(template):
        parts.append(repeat(text))
        if name is not None:
            parts.append(columns[name] if name in columns else repeat(values[name]))
    return map("".join, zip(*parts, strict=False))


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
        Their rules in words, as `gisplan.plan.Plan.explain` returns them.

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
    tables = Columns.of(projects, *_OWN), Columns.of(verdicts), Columns.of(told_rules)
    told = verdicts_in_words(*tables, definition, labels).to_frame(projects.index)
    for column in _OWN:
        told[column] = projects[column] if column in projects else None
    return told


_OWN = ("id", "name", "industry", "investment")


def verdicts_in_words(
    listed: Columns, verdicts: Columns, rules: Columns, definition: PlanDefinition, labels: Labels
) -> Columns:
    """Lay out verdicts for people; see `word_verdicts`.

    Parameters
    ----------
    listed
        ``id``, ``name``, ``industry`` and ``investment`` of the projects.
    verdicts
        What `gisplan.siting.check_places` returns of them.
    rules
        What `rules_in_words` does.
    """
    language = labels.language
    told: dict[str, Column] = {
        name: listed[name] if name in listed else listed.texts(name) for name in _OWN
    }
    for name in ("outcome", "nominal"):
        told[name] = mapped(verdicts.coded(name), lambda code: labels(f"outcome.{code}"))
    told |= {name: verdicts[name] for name in ("confidence", "flip_distance")}
    for name, number in (("zone", "zone_margin"), ("corridor", "corridor_distance")):
        ids = verdicts.coded(name)
        told[name] = mapped(ids, lambda one: names(one, definition, language), "")
        told[number] = verdicts[number]
    why = verdicts.coded("reasons")
    told["because"] = mapped(why, lambda codes: _because(codes, definition, labels))
    told["reasons"] = np.array(_reasons(why, rules, labels), dtype=object)
    unchecked = verdicts.coded("unchecked")
    told["unchecked"] = mapped(unchecked, lambda ids: names(ids, definition, language), "")
    told["issues"] = mapped(
        verdicts.coded("issues"), lambda codes: codes.replace(SEPARATOR, " "), ""
    )
    return Columns(told, verdicts.rows)


def _deciding(codes: str) -> list[str]:
    return [one.rpartition("=")[0] for one in codes.split(SEPARATOR) if one]


def _because(codes: str, plan: PlanDefinition, labels: Labels) -> str:
    titles = (rule_title(rule, plan, labels) for rule in _deciding(codes))
    return ("、" if labels.language == "zh" else ", ").join(titles)


def _reasons(why: Coded, rules: Columns, labels: Labels) -> list[str]:
    """What each deciding rule of each project found, with clause and layer."""
    times = rules.rows // max(len(why), 1)
    position = {rule: at for at, rule in enumerate(rules.texts("rule")[:times])}
    deciding = [
        [position[rule] for rule in _deciding(codes) if rule in position]
        for codes in why.categories
    ]
    lost = labels("text.unlocated")
    texts = rules.texts("text").tolist()
    titles = rules.texts("rule_title").tolist()
    sources = _sources(rules, labels)
    told = []
    for row, code in enumerate(why.codes.tolist()):
        if why.categories[code] == NO_PLACE:
            told.append(lost)
            continue
        found = [row * times + at for at in deciding[code]]
        told.append(
            "\n".join(
                labels("text.reason", rule=titles[at], text=texts[at]) + sources[at] for at in found
            )
        )
    return told


def _sources(rules: Columns, labels: Labels) -> list[str]:
    """Name clause and layer of every rule, those that are alike once."""
    parts = [rules.coded(name) for name in ("clause_kind", "clause", "place", "layer")]
    keys = np.zeros(rules.rows, dtype=np.int64)
    for part in parts:
        keys = keys * (len(part.categories) + 1) + part.codes
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    said = []
    for at in first:
        kind, clause, place, layer = (part.categories[part.codes[at]] for part in parts)
        text = labels("text.by_clause", kind=kind, quote=clause, place=place) if clause else ""
        said.append(text + (labels("text.by_layer", layer=layer) if layer else ""))
    return [said[at] for at in which.tolist()]


def counts(outcomes: Iterable[str], labels: Labels) -> str:
    """Count outcomes in one line, worst first, leaving out those that do not occur."""
    values = Counter(outcomes)
    shown = [f"{labels(f'outcome.{o}')} {values[o]}" for o in Outcome if values[o]]
    return ("，" if labels.language == "zh" else ", ").join(shown)
