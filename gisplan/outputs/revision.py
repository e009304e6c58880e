"""A plan revision -> a workbook, an offline page with the swipe map, a one-page figure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gisplan import __version__
from gisplan.io.provenance import picture_text, signed, stamp_page
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.io.writing import write_bytes, write_text
from gisplan.labels import Labels
from gisplan.outputs.map_layers import change_layer
from gisplan.plan import Plan
from gisplan.printout.revision import (
    revision_lines,
    word_areas,
    word_effects,
    word_fields,
    word_projects,
)
from gisplan.results import Run
from gisplan.revision import Revision

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Compared:
    """Two plans, what the newer changes, the list that was judged, and the files of lists."""

    old: Plan
    new: Plan
    revision: Revision
    projects: gpd.GeoDataFrame | None = None
    files: tuple[Path, ...] = ()


AREA_SHEET = (
    "kind", "name", "area_id", "change", "old_area", "new_area", "area_change", "gained",
    "given_up", "symmetric", "moved", "farthest", "error", "within_accuracy", "alike",
)  # fmt: skip
STATUS_SHEET = (
    "kind", "name", "area_id", "old_status", "new_status", "old_accuracy", "new_accuracy",
    "old_as_of", "new_as_of", "old_sha256", "new_sha256",
)  # fmt: skip
PROJECT_SHEET = (
    "project_id", "project_name", "old_outcome", "new_outcome", "changed", "basis", "causes",
    "needed", "areas", "rules", "old_zone", "new_zone", "old_confidence", "new_confidence",
    "residue_old", "residue_new",
)  # fmt: skip
EFFECT_SHEET = (
    "project_id", "project_name", "factor", "alone", "reaches", "without", "undoes", "share",
)  # fmt: skip
"""Columns of the sheets, in order; their headers are ``revision_column.<code>``."""


def save_revision(
    path: Path, compared: Compared, labels: Labels, *, run: Mapping[str, Any] | None = None
) -> None:
    """Write a revision in the format of the suffix; *run* is what the command was asked."""
    suffix, about = path.suffix.lower(), signed({**(run or {}), **provenance(compared)})
    if suffix == ".xlsx":
        title = labels("revision.title")
        write_workbook(path, revision_sheets(compared, labels), labels, title=title, about=about)
    elif suffix == ".html":
        write_text(path, stamp_page(revision_page(compared, labels), about))
    else:
        from gisplan.plotting import render

        figure = revision_figure(compared, labels)
        write_bytes(path, render(figure, suffix, about=picture_text(about)))


def provenance(compared: Compared) -> dict[str, Any]:
    """Gather what a comparison rests on: the newer plan's facts, and the older's beside them."""
    older = Run.of_plan(compared.old).facts
    names = ("plan", "plan_version", "plan_sha256", "rules_sha256", "crs", "layers")
    return {
        **Run.of_plan(compared.new).facts,
        "older": {name: older[name] for name in names},
        "lists": {path.name: file_hash(path) for path in compared.files},
    }


def revision_sheets(compared: Compared, labels: Labels) -> list[Sheet]:
    """Lay out a revision as sheets: summary, layers, fields, projects, causes, sources."""
    old, new, revision = compared.old, compared.new, compared.revision
    lines = revision_lines(revision, old, new, labels)
    areas = word_areas(revision, old, new, labels)
    sheets = [
        _texts(lines, "summary", labels),
        _sheet(areas, AREA_SHEET, "areas", labels, freeze=2),
        _sheet(areas, STATUS_SHEET, "status", labels, freeze=2),
        _sheet(word_fields(revision, labels), None, "fields", labels),
    ]
    if len(revision.projects):
        told = word_projects(revision, old, new, labels)
        order = revision.projects["changed"].astype(int) * 2 + (revision.projects["basis"] != "")
        told = told.iloc[(-order.to_numpy()).argsort(kind="stable")]
        outcomes = ("old_outcome", "new_outcome")
        sheets.append(_sheet(told, PROJECT_SHEET, "projects", labels, freeze=2, outcomes=outcomes))
    if len(revision.effects):
        sheets += [
            _sheet(word_effects(revision, labels), EFFECT_SHEET, "effects", labels, freeze=2,
                   outcomes=("alone", "without")),
        ]  # fmt: skip
    notes = [labels(f"revision.note_{k}") for k in range(1, 7)]
    return [*sheets, _sources(compared, labels), _texts(notes, "notes", labels)]


def _texts(lines: list[str], name: str, labels: Labels) -> Sheet:
    frame = pd.DataFrame({"value": lines}, dtype="str")
    title = labels(f"revision.sheet_{name}")
    return Sheet(title, frame, headers={"value": title})


def _sheet(
    frame: pd.DataFrame,
    columns: tuple[str, ...] | None,
    name: str,
    labels: Labels,
    *,
    freeze: int = 0,
    outcomes: tuple[str, ...] = (),
) -> Sheet:
    shown = frame.reindex(columns=list(columns)) if columns is not None else frame
    heads = {str(code): labels(f"revision_column.{code}") for code in shown}
    # The formats of a workbook go by column codes, so a column of the same nature lends its own.
    alike = {code: _ALIKE[code] for code in shown if code in _ALIKE}
    heads = {alike.get(code, code): text for code, text in heads.items()}
    return Sheet(
        labels(f"revision.sheet_{name}"), shown.rename(columns=alike), freeze, outcomes, heads
    )


_ALIKE = {
    "old_area": "area", "new_area": "area_ellipsoid", "area_change": "cut", "gained": "outside",
    "given_up": "length", "symmetric": "start", "moved": "end", "farthest": "distance",
    "old_accuracy": "accuracy", "old_confidence": "confidence", "new_confidence": "same",
    "project_name": "name", "rules": "reasons", "path": "basis", "old": "clause", "new": "text",
    "new_accuracy": "flip_distance", "old_as_of": "as_of", "project_id": "id",
}  # fmt: skip


def _sources(compared: Compared, labels: Labels) -> Sheet:
    """Name every file of both versions with its hash, so that the comparison can be repeated."""
    rows: list[tuple[str, str, str, str]] = []
    for version, plan in (("old", compared.old), ("new", compared.new)):
        side = labels(f"revision_column.{version}")
        named = "{}（{}）" if labels.language == "zh" else "{} ({})"
        title = named.format(plan.definition.title.get(labels.language), plan.definition.version)
        rows.append((side, title, "plan.toml", plan.sha256))
        held = plan.areas.drop_duplicates(["source", "sha256"])
        held = held[held["sha256"].notna()]
        rows += [
            (side, "", str(a), str(b)) for a, b in zip(held["source"], held["sha256"], strict=True)
        ]
    rows += [
        ("", labels("run.projects_file"), path.name, file_hash(path)) for path in compared.files
    ]
    rows.append(("", labels("run.tool"), __version__, ""))
    heads = {
        "item": labels("revision_column.item"), "name": labels("revision_column.name"),
        "source": labels("column.source"), "sha256": labels("column.sha256"),
    }  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(heads), dtype="str")
    return Sheet(labels("revision.sheet_sources"), frame, headers=heads)


def file_hash(path: Path) -> str:
    """Return the sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- the page ---------------------------------------------------------------------------------

_STYLE = """
.gp-changes { font: 14px/1.5 "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "Gisplan Sans SC",
 system-ui, sans-serif; color: #1c2733; padding: 18px 22px 40px; border-top: 3px solid #1f5f8b; }
.gp-changes h2 { font-size: 18px; margin: 0 0 6px; } .gp-changes h3 { font-size: 15px;
 margin: 20px 0 6px; } .gp-changes p { margin: 2px 0; }
.gp-changes .gp-scroll { overflow-x: auto; }
.gp-changes table { border-collapse: collapse; font-size: 13px; }
.gp-changes th, .gp-changes td { border: 1px solid #d5dbe0; padding: 4px 8px; text-align: left;
 vertical-align: top; white-space: pre-line; min-width: 4em; max-width: 34em; }
.gp-changes th { background: #e7ecf2; } .gp-changes td.n { text-align: right;
 font-variant-numeric: tabular-nums; white-space: nowrap; }
.gp-jump { position: absolute; left: 12px; top: calc(100vh - 108px);
 z-index: 1200; background: #1f5f8b; color: #fff; padding: 4px 12px;
 border-radius: 4px; text-decoration: none; font: 14px/1.5
 "Noto Sans SC", "Microsoft YaHei", "Gisplan Sans SC", system-ui, sans-serif; }
@media print { .gp-jump { display: none; } }
"""


def revision_page(compared: Compared, labels: Labels) -> str:
    """Put the tables of changes below the map of both versions, in one file without network.

    They are added to the finished page as escaped text, which no template reads again.
    """
    drawn = change_layer(compared.revision, compared.old, compared.new, labels)
    explored = compared.old.explore(
        compared.projects, language=labels.language, other=compared.new, layers=[drawn]
    )
    page = explored.get_root().render()
    nonce = re.search(r'<style nonce="([A-Za-z0-9+/=]+)">', page)
    assert nonce is not None
    body = _changes(compared, labels)
    jump = escape(labels("revision.page_jump"))
    added = (
        f'<style nonce="{nonce[1]}">{_STYLE}</style>\n'
        f'<a class="gp-jump" href="#gp-changes">{jump}</a>\n{body}\n'
    )
    head, _, tail = page.rpartition("</body>")
    return f"{head}{added}</body>{tail}"


def _changes(compared: Compared, labels: Labels) -> str:
    old, new, revision = compared.old, compared.new, compared.revision
    parts = [f"<h2>{escape(labels('revision.page_heading'))}</h2>"]
    lines = [*revision_lines(revision, old, new, labels), labels("revision.page_note")]
    parts += [f"<p>{escape(line)}</p>" for line in lines]
    areas = word_areas(revision, old, new, labels)
    tables: list[tuple[str, pd.DataFrame, tuple[str, ...] | None]] = [
        ("areas", areas[(revision.areas["change"] != "same").to_numpy()], AREA_SHEET)
    ]
    if len(revision.projects):
        told = word_projects(revision, old, new, labels)
        order = (-(revision.projects["changed"].to_numpy().astype(int))).argsort(kind="stable")
        tables.append(("projects", told.iloc[order], PROJECT_SHEET[:12]))
        tables.append(("effects", word_effects(revision, labels), EFFECT_SHEET))
    tables.append(("fields", word_fields(revision, labels), None))
    for name, frame, columns in tables:
        if len(frame):
            shown = frame[list(columns)] if columns is not None else frame
            parts.append(f"<h3>{escape(labels(f'revision.sheet_{name}'))}</h3>")
            parts.append(f'<div class="gp-scroll">{_html_table(shown, labels)}</div>')
    notes = [labels(f"revision.note_{k}") for k in range(1, 7)]
    parts += [f"<h3>{escape(labels('revision.sheet_notes'))}</h3>"]
    parts += [f"<p>{escape(note)}</p>" for note in notes]
    return '<section class="gp-changes" id="gp-changes">\n' + "\n".join(parts) + "\n</section>"


def _html_table(frame: pd.DataFrame, labels: Labels) -> str:
    heads = "".join(f"<th>{escape(labels(f'revision_column.{code}'))}</th>" for code in frame)
    rows = [
        "<tr>" + "".join(_html_cell(value) for value in row) + "</tr>"
        for row in frame.itertuples(index=False, name=None)
    ]
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _html_cell(value: Any) -> str:
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return "<td></td>"
    if isinstance(value, float):
        said = f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"
        return f'<td class="n">{said}</td>'
    return f"<td>{escape(str(value))}</td>"


# --- the figure -------------------------------------------------------------------------------


def revision_figure(compared: Compared, labels: Labels) -> Any:
    """Draw both versions side by side, with what changed and whose outcome."""
    from gisplan.plotting.charts_revision import plot_revision

    old, new, revision = compared.old, compared.new, compared.revision
    return plot_revision(
        (old.definition, old.areas), (new.definition, new.areas), revision.areas,
        revision.projects, effects=revision.effects,
        lines=revision_lines(revision, old, new, labels), labels=labels,
    )  # fmt: skip
