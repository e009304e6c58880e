"""The projects as the page shows them: place, verdict, rules in words, what the list says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from gisplan.crs import WGS84, transform
from gisplan.labels import Labels
from gisplan.map_payload.values import drawable, geojson, ids, lat_lon, plain, text, year_of
from gisplan.terms import OVERRULE_COLUMNS, VERDICT_COLUMNS, VERDICT_TAIL, Outcome
from gisplan.wording import rule_title

if TYPE_CHECKING:
    from gisplan.definition import PlanDefinition

_CARD_COLUMNS: Final = ("industry", "industry_code", "investment", "location", "stage", "year",
                        "accuracy", "source", "note")  # fmt: skip


class Lookup:
    """Values that occur again and again, each written into the page once."""

    def __init__(self) -> None:
        self.places: dict[tuple[Any, ...], int] = {}

    def number(self, *value: Any) -> int:
        """Return the place of a value, adding it where it is new."""
        return self.places.setdefault(value, len(self.places))

    def values(self) -> list[list[Any]]:
        """Return the values in the order of their numbers."""
        return [list(value) for value in self.places]


class Seen:
    """What the projects of a page share."""

    def __init__(self) -> None:
        self.rules, self.clauses, self.columns, self.lines = (Lookup() for _ in range(4))


def project_values(
    definition: PlanDefinition,
    projects: gpd.GeoDataFrame | None,
    verdicts: pd.DataFrame | None,
    rules: pd.DataFrame | None,
    labels: Labels,
    seen: Seen,
) -> list[dict[str, Any]]:
    """Return every project in the order of the list; ``at`` is ``None`` without a place."""
    if projects is None:
        return []
    web = projects.geometry
    if web.crs is not None:
        web = transform(web, WGS84)
    told = _told(rules, projects.index, seen)
    titles = _rule_titles(verdicts, definition, labels)
    facts = projects.drop(columns=projects.geometry.name).to_dict("records")
    judged = None if verdicts is None else _aligned(verdicts, projects.index).to_dict("records")
    out = []
    for k, shape in enumerate(web):
        one = _project(facts[k], shape, labels, seen)
        if judged is not None:
            one |= _verdict(judged[k], labels)
            one["rules"] = told.get(k) or _rules_of(judged[k], titles, seen)
        out.append({key: value for key, value in one.items() if value not in (None, "", [])})
    return out


def _aligned(verdicts: pd.DataFrame, index: pd.Index[Any]) -> pd.DataFrame:
    return verdicts if verdicts.index.equals(index) else verdicts.reindex(index)


def _project(
    row: Mapping[Any, Any], shape: BaseGeometry | None, labels: Labels, seen: Seen
) -> dict[str, Any]:
    fields = [
        [seen.columns.number(labels.get(f"map.field_{c}") or labels(f"column.{c}")), said]
        for c in _CARD_COLUMNS
        if (said := _field(c, row.get(c), labels))
    ]
    here = shape if drawable(shape) else None
    return {
        "id": text(row.get("id")),
        "name": text(row.get("name")),
        "industry": text(row.get("industry")),
        "stage": text(row.get("stage")),
        "year": year_of(row.get("year")),
        "fields": fields,
        "accuracy": plain(row.get("accuracy"), 1),
        "issues": issue_texts(row.get("intake_issues"), labels),
        "at": lat_lon(_marker_place(here)) if here is not None else None,
        "geo": geojson(here) if here is not None and here.geom_type != "Point" else None,
    }


def _verdict(row: Mapping[Any, Any], labels: Labels) -> dict[str, Any]:
    return {
        "outcome": text(row.get("outcome")) or Outcome.UNKNOWN.value,
        "nominal": text(row.get("nominal")),
        "confidence": plain(row.get("confidence"), 3),
        "flip": plain(row.get("flip_distance"), 1),
        "zones": ids(row.get("zone")),
        "zoneMargin": plain(row.get("zone_margin"), 1),
        "corridor": text(row.get("corridor")),
        "corridorDistance": plain(row.get("corridor_distance"), 1),
        "unchecked": ids(row.get("unchecked")),
        "issues": issue_texts(row.get("issues"), labels),
        "overrule": overrule_text(row, labels),
    }


def overrule_text(row: Mapping[Any, Any], labels: Labels) -> str:
    """Word what a person decided against the verdict, which stays; ``""`` where nobody did."""
    overruled, reason, by, day = (text(row.get(name)) for name in OVERRULE_COLUMNS)
    if not overruled:
        return ""
    return labels(
        "overrule.card", outcome=labels(f"outcome.{overruled}"), reason=reason, by=by, date=day,
        original=labels(f"outcome.{text(row.get('outcome')) or Outcome.UNKNOWN.value}"),
    )  # fmt: skip


def _rules_of(row: Mapping[Any, Any], titles: Mapping[str, str], seen: Seen) -> list[int]:
    return [
        seen.lines.number(seen.rules.number(code, title), text(row.get(code)), "", -1)
        for code, title in titles.items()
        if text(row.get(code))
    ]


def _told(rules: pd.DataFrame | None, index: pd.Index[Any], seen: Seen) -> dict[int, list[int]]:
    """Group the worded rules by the place of their project: numbers of lines."""
    out: dict[int, list[int]] = {}
    if rules is None or not len(index):
        return out
    for place, row in zip(_places(rules, index), rules.to_dict("records"), strict=True):
        code, quote = text(row.get("rule")), text(row.get("clause"))
        clause = (quote, text(row.get("place")), text(row.get("clause_kind")))
        line = seen.lines.number(
            seen.rules.number(code, text(row.get("rule_title")) or code),
            text(row.get("outcome")),
            text(row.get("text")),
            seen.clauses.number(*clause) if quote else -1,
        )
        out.setdefault(place, []).append(line)
    return out


def _places(rules: pd.DataFrame, index: pd.Index[Any]) -> list[int]:
    """Return the place in the list that each row of the rules speaks of, -1 for none.

    Labels say it; where one stands twice in the list, the order does.
    """
    if index.is_unique:
        return [int(place) for place in index.get_indexer(pd.Index(rules["project"]))]
    return [k // (len(rules) // len(index)) for k in range(len(rules))]


def _rule_titles(
    verdicts: pd.DataFrame | None, definition: PlanDefinition, labels: Labels
) -> dict[str, str]:
    """Title the columns of the verdicts that hold the outcome of a rule."""
    if verdicts is None:
        return {}
    known = {*VERDICT_COLUMNS, *VERDICT_TAIL, *OVERRULE_COLUMNS}
    codes = [str(column) for column in verdicts.columns if column not in known]
    return {code: rule_title(code, definition, labels) for code in codes}


def _marker_place(shape: BaseGeometry) -> BaseGeometry:
    if shape.geom_type == "LineString":
        return shape.interpolate(0.5, normalized=True)
    return shape.representative_point()


def _field(column: str, value: Any, labels: Labels) -> str:
    number = plain(value, 2)
    if number is None or number == "":
        return ""
    if column == "investment" and isinstance(number, (int, float)):
        return labels("map.money", amount=_money(number, labels.language))
    if column == "accuracy" and isinstance(number, (int, float)):
        return labels("map.plus_minus", metres=f"{number:,.0f}")
    return text(value)


def _money(yuan: float, language: str) -> str:
    """Write yuan in 亿元 or in millions, without idle zeros."""
    amount = yuan / (1e8 if language == "zh" else 1e6)
    return f"{amount:,.4f}".rstrip("0").rstrip(".")


def issue_texts(cell: Any, labels: Labels) -> list[str]:
    """Word the intake issues of a row: what it is and what to do."""
    said = ((labels.get(f"issue.{code}.message"), labels.get(f"issue.{code}.remedy"), code)
            for code in ids(cell))  # fmt: skip
    return [
        "  ".join(part for part in (message or code, remedy) if part)
        for message, remedy, code in said
    ]
