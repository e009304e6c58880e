"""The annexes: data and hashes, terms, how to do the check again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from gisplan.definition.criteria import RasterValue
from gisplan.io.documents.blocks import Block, Cell, Column, Items, Paragraph, Ref, Table
from gisplan.io.hashes import file_sha256
from gisplan.report.material import Material
from gisplan.report.outline import Outline
from gisplan.report.phrasing import cells, exact, spoken


def data_list(of: Material, outline: Outline) -> Iterator[Block]:
    """List the files the run rests on, with their hashes."""
    labels = of.labels
    rows = [*_files(of), *_layers(of), *_rasters(of)]
    if not rows:
        return
    yield outline.annex("data_list")
    yield Paragraph(spoken(labels, "data_list_text", ref=Ref("table_data")))
    columns = (
        Column(labels("report.file"), 25), Column(labels("report.serves"), 25),
        Column("sha256", 106),
    )  # fmt: skip
    yield Table("table_data", labels("report.table_data"), columns, tuple(rows))


def _files(of: Material) -> Iterator[tuple[Cell, ...]]:
    labels = of.labels
    if of.run.get("plan_sha256"):
        yield cells("plan.toml", labels("report.serves_plan"), of.run["plan_sha256"])
    if "projects_sha256" in of.run:
        name = of.run["projects_file"]
        yield cells(name, labels("report.serves_list"), of.run["projects_sha256"])


def _layers(of: Material) -> Iterator[tuple[Cell, ...]]:
    """One row a file: what several layers are read from stands there once."""
    held = of.layers[of.layers["sha256"].notna()]
    for (source, digest), part in held.groupby(["source", "sha256"], sort=False):
        names = of.labels("report.between").join(
            dict.fromkeys(of.definition.name(key, of.language) for key in part["id"])
        )
        yield cells(source, names, digest)


def _rasters(of: Material) -> Iterator[tuple[Cell, ...]]:
    """The raster that was summarised, and those that models of the plan read."""
    if of.zonal is not None:
        facts = of.zonal.facts
        yield cells(facts["file"], of.labels("report.serves_raster"), facts["sha256"])
    sources = {
        one.source: None
        for model in of.definition.suitability.values()
        for one in model.criteria.values()
        if isinstance(one, RasterValue)
    }
    for source in sources:
        path = (of.folder or Path()) / source
        digest = file_sha256(path) if path.is_file() else None
        yield cells(source, of.labels("report.serves_criterion"), digest)


def glossary(of: Material, outline: Outline) -> Iterator[Block]:
    """Explain the terms that this report uses."""
    labels = of.labels
    statuses = [one for one in ("schematic", "derived", "authoritative")
                if (of.layers["status"] == one).any()]  # fmt: skip
    kinds = {one.clause.kind for _, _, one in of.definition.layers() if one.clause is not None}
    terms = ["p", "sigma", "margin"]
    terms += ["flip"] if of.judged["flip_distance"].notna().any() else []
    terms += ["nominal"] if (of.judged["nominal"] != of.judged["outcome"]).any() else []
    terms += statuses
    terms += [one for one in ("clause", "inferred") if one in kinds]
    terms += ["not_checked"] if of.definition.unchecked else []
    yield outline.annex("glossary")
    columns = (Column(labels("report.term"), 34), Column(labels("report.meaning"), 122))
    rows = tuple(
        cells(labels(f"report.term_{one}"), labels(f"report.term_{one}_means")) for one in terms
    )
    yield Table("table_terms", labels("report.table_terms"), columns, rows)


def again(of: Material, outline: Outline) -> Iterator[Block]:
    """Tell how to make the same verdicts again from the same files."""
    if "projects_file" not in of.run:
        return
    labels = of.labels
    yield outline.annex("again")
    command = ["gisplan", "check", str(of.run["projects_file"]), "--plan", "DIR"]
    # As the list was asked to be read: with other words it may be read otherwise.
    asked = of.run.get("projects_read") or {}
    for name in ("crs", "sheet", "encoding"):
        if asked.get(name):
            command += [f"--{name}", str(asked[name])]
    command += ["-o", "siting.xlsx"]
    yield Items(
        (
            (labels("report.again_tool", version=of.run["tool"]),),
            spoken(labels, "again_hashes", ref=Ref("table_data")),
            (labels("report.again_command", command=shlex.join(command)),),
            (labels("report.again_compare", p=exact(of.definition.policy.threshold)),),
        )
    )
