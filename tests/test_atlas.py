"""The atlas read back from its file: every page, every row, every total."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from click.testing import CliRunner

from gisplan.cli.options import gisplan
from gisplan.errors import GisplanError
from gisplan.plotting import render_pages
from gisplan.plotting.listing import Line, Listing
from tests.pdf_text import page_texts
from tests.worlds import projects, world

ROOM = Listing(("n", "text"), (8.0, 40.0), frozenset({0}), 9, 7.0)


def synthetic(count: int) -> gpd.GeoDataFrame:
    """Projects over the whole square world: most in ``west``, some nowhere, some unlocated."""
    rng = np.random.default_rng(1)
    west = [tuple(map(float, xy)) for xy in rng.uniform(1100, 2900, (count, 2))]
    places = [*west, (8500.0, 2000.0), (2000.0, 6100.0), None, None, (90_000.0, 0.0)]
    listed = projects(*places)
    listed["name"] = [f"合成项目第{k:03d}号" for k in range(len(listed))]
    listed["id"] = [f"S-{k:03d}" for k in range(len(listed))]
    return listed


def pages_of(pdf: bytes) -> list[str]:
    return ["".join("".join(lines).split()) for lines in page_texts(pdf)]


@pytest.fixture(scope="module")
def long_pdf() -> tuple[gpd.GeoDataFrame, bytes]:
    listed = synthetic(90)
    return listed, render_pages(world(50).atlas(listed).figures())


def test_every_project_is_found_again_and_the_totals_are_those_of_the_input(
    long_pdf: tuple[gpd.GeoDataFrame, bytes],
) -> None:
    listed, pdf = long_pdf
    rows = [line for lines in page_texts(pdf) for line in lines]
    for key in listed["id"]:
        assert key in rows
    pages = pages_of(pdf)
    assert "共95个项目：有位置93个，无位置2个" in pages[0]
    assert "西区（90个项目）" in pages[0]
    assert "东区（0个项目）" in pages[0]
    assert "轴线（1个项目）" in pages[0]
    assert "不在任何片区的项目（3个项目）" in pages[0]
    assert "无位置的项目（2个项目）" in pages[0]


def test_a_table_that_goes_on_over_pages_loses_no_row_and_repeats_none(
    long_pdf: tuple[gpd.GeoDataFrame, bytes],
) -> None:
    _, pdf = long_pdf
    found: list[str] = []
    parts = []
    for lines in page_texts(pdf):
        title = next((one for one in lines if one.startswith("西区")), "")
        part = re.findall(r"第 (\d+)–(\d+) 个，共 90 个项目", "\n".join(lines))
        if title and part:
            first, last = map(int, part[0])
            keys = [one for one in lines if re.fullmatch(r"S-\d{3}", one)]
            assert len(keys) == last - first + 1
            parts.append((first, last))
            found += keys
    assert len(parts) >= 2
    assert [first for first, _ in parts] == [1, *(last + 1 for _, last in parts[:-1])]
    assert parts[-1][1] == 90
    assert found == [f"S-{k:03d}" for k in range(90)]


def test_pages_are_numbered_and_the_list_of_sheets_names_them(
    long_pdf: tuple[gpd.GeoDataFrame, bytes],
) -> None:
    _, pdf = long_pdf
    pages = pages_of(pdf)
    count = len(pages)
    for number, page in enumerate(pages, start=1):
        wanted = f"第{number}页/共{count}页" if number != 2 else f"{number}/{count}"
        assert wanted in page
    cover = page_texts(pdf)[0]
    for title in ("总图", "东区", "轴线", "不在任何片区的项目", "无位置的项目"):
        at = next(k for k, line in enumerate(cover) if line.startswith(title))
        number = int(cover[at + 1])
        assert title in pages[number - 1] or number == 2


def test_a_plan_without_projects_has_cover_overview_and_a_page_an_area() -> None:
    made = world(50).atlas(language="en")
    kinds = [(leaf.kind, leaf.title) for leaf in made.leaves]
    assert [kind for kind, _ in kinds] == ["cover", "overview", "area", "area", "area"]
    pages = pages_of(render_pages(made.figures()))
    assert "Noprojectofthelistlieshere." in pages[2]
    assert "Page5of5" in pages[4]


def test_a_scale_of_its_own_stands_on_every_area_page() -> None:
    made = world(50).atlas()
    texts = page_texts(render_pages(made.figures()))
    scales = [next(one for one in page if one.startswith("1:")) for page in texts[1:]]
    # Zones of 2 km want a larger scale than a corridor of 10 km.
    assert scales[1] == scales[2] != scales[3]
    assert int(scales[1][2:].replace(" ", "")) < int(scales[3][2:].replace(" ", ""))


def test_the_same_atlas_gives_the_same_bytes_in_one_process_or_two() -> None:
    made = world(50).atlas(synthetic(3))
    alone = render_pages(made.figures())
    assert render_pages(made.figures(jobs=2)) == alone  # drawn again, and by others
    assert not re.search(rb"CreationDate|ModDate", alone)


def test_areas_of_one_title_are_two_sheets() -> None:
    layer = {"source": "world", "accuracy": 100, "title": {"zh": "同名区"}}
    plan = world(100, zones={"west": layer, "east": layer})
    made = plan.atlas()
    assert [leaf.title for leaf in made.leaves].count("同名区") == 2
    cover = pages_of(render_pages(made.figures()))[0]
    assert cover.count("同名区（0个项目）") == 2


def test_many_zones_take_a_further_page_of_the_list_and_none_is_left_out() -> None:
    layer = {"source": "world", "accuracy": 100}
    zones = {f"z{k}": {**layer, "title": {"zh": f"第{k}片区"}} for k in range(150)}
    plan = world(100, zones=zones)
    row = plan.areas[plan.areas["id"] == "west"].iloc[0]
    import pandas as pd

    rows = [{**row, "id": key, "geometry": row.geometry} for key in zones]
    others = plan.areas[plan.areas["kind"] != "zone"]
    areas = gpd.GeoDataFrame(pd.concat([others, gpd.GeoDataFrame(rows, crs=plan.areas.crs)]))
    from dataclasses import replace

    made = replace(plan, areas=areas.set_crs(plan.areas.crs)).atlas()
    covers = [k for k, leaf in enumerate(made.leaves) if leaf.kind == "cover"]
    assert len(covers) > 1
    text = "".join(pages_of(render_pages([made.draw(k) for k in covers])))
    assert all(f"第{k}片区（0个项目）" in text for k in range(150))


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(GisplanError) as caught:
        world(100, without=["study_area", "west", "east", "axis", "red"]).atlas()
    assert caught.value.code == "plot_empty"


def test_rows_are_parted_without_loss_whatever_the_room() -> None:
    lines = [Line((str(k), "很长的名称" * (1 + k % 7))) for k in range(60)]
    for high in (12.0, 30.0, 200.0):
        pages = ROOM.split(lines, iter([high] * 100))
        assert [line for page in pages for line in page] == lines
        for page in pages:
            used = ROOM.head_height + sum(ROOM.height(line) for line in page)
            assert used <= high + 1e-9 or len(page) == 1


def test_the_command_writes_the_atlas_and_counts_its_pages(tmp_path: Path) -> None:
    listed = synthetic(2)
    source = tmp_path / "list.geojson"
    listed.to_crs(4490).to_file(source, driver="GeoJSON")
    target = tmp_path / "a.pdf"
    result = CliRunner().invoke(
        gisplan, ["atlas", str(source), "-o", str(target), "--unit", "合成单位", "--lang", "zh"],
        standalone_mode=False,
    )  # fmt: skip
    assert result.return_value == 0
    pages = pages_of(target.read_bytes())
    assert "编制单位：合成单位" in pages[0]
    assert f"第 {len(pages)} 页，共 {len(pages)} 页" in result.stderr


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not installed")
def test_the_reader_of_these_tests_agrees_with_poppler(
    long_pdf: tuple[gpd.GeoDataFrame, bytes], tmp_path: Path
) -> None:
    _, pdf = long_pdf
    place = tmp_path / "a.pdf"
    place.write_bytes(pdf)
    told = subprocess.run(["pdftotext", place, "-"], capture_output=True, check=True).stdout
    others = told.decode().split("\f")
    for own, other in zip(page_texts(pdf), others, strict=False):
        # Poppler orders by place on the page, so the characters are compared and not the lines.
        assert sorted("".join("".join(own).split())) == sorted("".join(other.split()))


def test_the_reader_of_these_tests_reads_escaped_codes() -> None:
    plan = world(100)
    listed = projects((2000, 2000))
    listed["name"] = ["()\\[]<>{}%$"]
    lines = page_texts(render_pages([plan.plot(listed)]))[0]
    assert "()\\[]<>{}%$" in "".join(lines)
