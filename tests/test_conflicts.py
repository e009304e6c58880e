"""The ground that layers dispute, and a ledger whose numbers last: squares of 1 km.

Two sets: ``A`` builds on x 0..1000 and farms x 990..2000 (they overlap by 10 m); ``B`` keeps
forest on x 500..1500, y 500..1500, and on x 2050..3000; between 2000 and 2050 is a gap. ``C``
is a square of 200 m to keep clear of, half of it (100 x 100 m of it) on A's ground.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

from gisplan.casebook import Found
from gisplan.cli.options import gisplan
from gisplan.conflicts import AREAS, LEDGER, arrange, balance, close, conflicts, renew
from gisplan.errors import GisplanError
from gisplan.labels import Labels
from gisplan.outputs.map_layers import dispute_layer

ROOT = Path(__file__).resolve().parents[1]
EAST, NORTH, CRS = 500_000, 4_000_000, "EPSG:4547"

SETS = (
    ("A", "build", "建设", "住建局", "", box(0, 0, 1000, 1000)),
    ("A", "farm", "农业", "农业局", "", box(990, 0, 2000, 1000)),
    ("B", "wood", "林地", "林业局", "", box(500, 500, 1500, 1500)),
    ("B", "wood2", "林地", "林业局", "", box(2050, 0, 3000, 1000)),
    ("C", "red", "红线", "自规局", "prohibit", box(-100, -100, 100, 100)),
)


def areas(*rows, accuracy=0.0) -> gpd.GeoDataFrame:
    """Areas of sets: (set, id, class, owner, effect, shape)."""
    table = [
        (name, key, kind, kind, owner, accuracy, effect, translate(shape, EAST, NORTH))
        for name, key, kind, owner, effect, shape in (rows or SETS)
    ]
    frame = pd.DataFrame(table, columns=list(AREAS))
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS)


def found(held: gpd.GeoDataFrame, **options) -> gpd.GeoDataFrame:
    return conflicts(held, arrange(held), **options)


def test_every_kind_by_mental_arithmetic():
    got = found(areas(), gap=100)
    told = got[["kind", "sides", "area"]].round(3).to_records(index=False).tolist()
    assert told == [
        ("encroachment", "A:build|C:red", 10_000.0),
        ("double", "A:farm|B:wood", 250_000.0),  # 1000..1500 x 500..1000
        ("double", "A:build|B:wood", 245_000.0),  # 500..990 x 500..1000
        ("double", "A:build|A:farm|B:wood", 5_000.0),  # 10 x 500, doubly designated first
        ("overlap", "A:build|A:farm", 5_000.0),  # 10 x 500, the rest of the overlap
        ("gap", "A:farm|B:wood2", 50_000.0),  # 50 x 1000
    ]
    assert got["also"].tolist() == ["", "", "", "overlap", "", ""]
    assert got["grade"].tolist() == [
        "critical", "major", "major", "major", "moderate", "moderate"
    ]  # fmt: skip
    strip = got.iloc[4]
    assert (strip["length"], strip["width"]) == (pytest.approx(500), pytest.approx(10))
    assert strip["share"] == pytest.approx(5000 / 1e6)
    assert strip["hectares"] == pytest.approx(0.5, rel=1e-5)
    assert strip["mu"] == pytest.approx(7.5, rel=1e-5)
    assert strip["owners"] == "住建局|农业局"
    assert strip["classes"] == "建设|农业"


def test_slivers_are_told_by_width_and_accuracy_and_never_left_out():
    # σ = √((10² + 10²)/2) = 10 m: 10 m wide < 16.45 m, 490 m is not.
    got = found(areas(accuracy=10.0), gap=100).set_index("sides")
    assert got.loc["A:build|A:farm", "likely"] == "sliver"
    assert got.loc["A:build|A:farm", "grade"] == "minor"
    assert got.loc["A:build|B:wood", "likely"] == "real"
    unknown = found(areas(accuracy=np.nan), gap=100)
    assert set(unknown["likely"]) == {"unknown"}
    assert len(unknown) == len(got)


def test_sets_that_agree_have_no_conflict():
    one = [row for row in SETS if row[0] == "B"]
    both = areas(*one, *(("D", *row[1:]) for row in one))
    assert found(both, gap=0).empty
    told = balance(both, arrange(both)).set_index("kind")
    assert told.loc["agree", "area"] == pytest.approx(1e6 + 950 * 1000)
    assert told.loc["agree", "share"] == pytest.approx(1.0)


def test_a_gap_ends_where_ground_is_wide_and_a_bay_is_none():
    assert "gap" not in set(found(areas(), gap=49)["kind"])
    bay = Polygon([(0, 0), (3000, 0), (3000, 1000), (2000, 1000), (2000, 30), (1950, 30),
                   (1950, 1000), (0, 1000)])  # fmt: skip
    alone = areas(("A", "a", "x", "", "", bay), ("B", "b", "y", "", "", box(9000, 0, 9100, 100)))
    assert found(alone, gap=100).empty  # a notch of one area is not between two


_BOXES = st.lists(
    st.tuples(
        st.sampled_from("AB"), st.sampled_from("xyz"), st.sampled_from(["", "", "prohibit"]),
        st.integers(0, 20), st.integers(0, 20), st.integers(1, 12), st.integers(1, 12),
        st.booleans(),
    ), min_size=1, max_size=7,
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(_BOXES)
@example(
    [("A", "x", "", 0, 0, 10, 1, False), ("A", "x", "", 11, 0, 1, 1, False),
     ("A", "x", "prohibit", 0, 0, 11, 1, False)]
)  # fmt: skip
def test_parts_add_up_to_the_union_and_shares_stay_within_bounds(drawn):
    """Boxes and triangles on a grid of 100 m; the union is measured by shapely alone."""
    rows = []
    for at, (name, kind, effect, x, y, wide, high, cut) in enumerate(drawn):
        left, low, right, top = (100 * v for v in (x, y, x + wide, y + high))
        shape = Polygon([(left, low), (right, low), (left, top)]) if cut else (
            box(left, low, right, top)
        )  # fmt: skip
        rows.append((name, f"{at}", kind, "", effect, shape))
    held = areas(*rows)
    cells = arrange(held)
    whole = unary_union(list(held.geometry))
    assert cells.area.sum() == pytest.approx(whole.area, rel=1e-9)
    told = balance(held, cells).set_index("kind")
    assert told.loc["sum", "area"] == pytest.approx(told.loc["union", "area"], rel=1e-9)
    assert told.loc["sum", "area_ellipsoid"] == pytest.approx(
        told.loc["union", "area_ellipsoid"], rel=1e-6
    )
    got = conflicts(held, cells, gap=150)
    kinds = got[got["kind"] != "gap"]
    for kind in ("encroachment", "double", "overlap"):
        parts = kinds.loc[kinds["kind"] == kind, "area"].sum()
        assert parts == pytest.approx(told.loc[kind, "area"], abs=0.1)
    assert kinds["share"].between(0, 1).all()
    gaps = got[got["kind"] == "gap"]
    assert gaps.geometry.intersection(whole).area.max() < 1 if len(gaps) else True
    # The order of the rows does not matter.
    turned = held.iloc[::-1].reset_index(drop=True)
    again = found(turned, gap=150)
    assert sorted(again["area"].round(2)) == sorted(got["area"].round(2))


# --- numbers that last ------------------------------------------------------------------------


def test_numbers_last_whatever_comes_and_goes():
    first = renew(found(areas(), gap=100))
    assert first["number"].tolist() == [f"C{n:04d}" for n in range(1, 7)]
    assert set(first["change"]) == {"new"}
    same = renew(found(areas(), gap=100), first)
    assert set(same["change"]) == {"same"}
    assert same["sides"].tolist() == first["sides"].tolist()
    # The red square grows, the wood in the east moves away, and there is a second red square.
    rows = [row for row in SETS if row[1] not in ("red", "wood2")]
    grown = ("C", "red", "红线", "自规局", "prohibit", box(-100, -100, 150, 100))
    other = ("C", "red2", "红线", "自规局", "prohibit", box(1800, -100, 2100, 100))
    second = renew(found(areas(*rows, grown, other), gap=100), same).set_index("number")
    assert second["change"].to_dict() == {
        "C0001": "changed", "C0002": "same", "C0003": "same", "C0004": "same", "C0005": "same",
        "C0006": "gone", "C0007": "new",
    }  # fmt: skip
    assert second.loc["C0006", "area"] == pytest.approx(50_000)
    assert second.geometry.isna().tolist() == [False] * 5 + [True, False]
    # What is gone comes back under its number, told as changed; no number is used twice.
    third = renew(found(areas(), gap=100), second.reset_index()).set_index("number")
    assert third.loc["C0006", "change"] == "changed"
    assert third.loc["C0007", "change"] == "gone"


def test_numbers_do_not_hang_on_the_order_of_the_sets_nor_on_the_numbers_of_features():
    first = renew(found(areas(), gap=100))
    close(first, ["C0001", "C0005"], "已核", dt.date(2026, 11, 24))

    def numbered(ledger: gpd.GeoDataFrame) -> dict[tuple[float, float], tuple[str, str, str]]:
        told = ledger[["number", "change", "state"]].itertuples(index=False, name=None)
        places = zip(ledger["lon"].round(6), ledger["lat"].round(6), strict=True)
        return dict(zip(places, told, strict=True))

    expected = {
        place: (number, "same", state) for place, (number, _, state) in numbered(first).items()
    }
    # The sets are named the other way round.
    assert numbered(renew(found(areas(*reversed(SETS)), gap=100), first)) == expected
    # A feature more at the top of a file: all below it are counted anew.
    shifted = [(name, f"{key}-next", *rest) for name, key, *rest in SETS]
    far = ("A", "build", "建设", "住建局", "", box(-9000, 0, -8000, 1000))
    assert numbered(renew(found(areas(far, *shifted), gap=100), first)) == expected
    # A new edition of a file has another name.
    edition = [(f"{name}2027", *rest) for name, *rest in SETS]
    assert numbered(renew(found(areas(*edition), gap=100), first)) == expected


def test_two_triangles_of_one_square_are_not_taken_for_each_other():
    low = Polygon([(0, 0), (1000, 0), (0, 1000)])
    high = Polygon([(1000, 1000), (1000, 0), (0, 1000)])
    one = [("A", "1", "甲", "", "", low), ("B", "1", "乙", "", "", low)]
    other = [("A", "2", "甲", "", "", high), ("B", "2", "乙", "", "", high)]
    ledger = renew(found(areas(*one)))
    assert renew(found(areas(*other)), ledger)["change"].tolist() == ["gone", "new"]


def test_a_case_is_closed_with_a_reason_and_a_date_and_opened_when_its_ground_changes():
    ledger = renew(found(areas(), gap=100))
    assert close(ledger, ["C0001", "c5", "C0099"], "已调整边界", dt.date(2026, 11, 24)) == ["C0099"]
    assert ledger["state"].tolist() == ["closed", *["open"] * 3, "closed", "open"]
    later = renew(found(areas(), gap=100), ledger)
    assert later["state"].tolist() == ledger["state"].tolist()
    assert later.loc[0, ["reason", "closed_on"]].tolist() == ["已调整边界", "2026-11-24"]
    rows = [row for row in SETS if row[1] != "red"]
    grown = ("C", "red", "红线", "自规局", "prohibit", box(-100, -100, 150, 100))
    again = renew(found(areas(*rows, grown), gap=100), later)
    assert again.loc[0, ["change", "state", "reason"]].tolist() == [
        "changed", "reopened", "已调整边界",
    ]  # fmt: skip


@pytest.mark.parametrize(("reason", "day"), [("有理由", ""), ("", "2026-11-24"), ("理由", "明天")])
def test_half_a_closing_is_none(reason, day):
    ledger = renew(found(areas(), gap=100))
    ledger.loc[0, ["reason", "closed_on"]] = [reason, day]
    later = renew(found(areas(), gap=100), ledger)
    assert later.loc[0, "state"] == "open"
    assert later.loc[0, ["reason", "closed_on"]].tolist() == [reason, day]


def test_a_spoilt_ledger_gives_no_number_twice():
    ledger = renew(found(areas(), gap=100))
    spoilt = pd.DataFrame(ledger.drop(columns="geometry")).astype("object")
    spoilt.loc[1, "number"] = "C0001"  # twice
    spoilt.loc[2, "number"] = "甲"
    spoilt.loc[3, ["west", "east"]] = ["", "x"]
    later = renew(found(areas(), gap=100), spoilt)
    assert later["number"].is_unique
    assert (later["change"] != "gone").sum() == 6


# --- files ------------------------------------------------------------------------------------


def run(*words) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gisplan", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture
def files(tmp_path) -> list[Path]:
    """The sets as files: a GeoPackage, a GeoJSON in degrees and a second GeoPackage."""
    evil = {"建设": "=1+1<script>{{7*7}}", "林地": "林地", "农业": "农业", "红线": "红线"}
    held = areas().rename(columns={"class": "类别"})[["set", "类别", "owner", "geometry"]]
    held["类别"] = held["类别"].map(evil)
    paths = []
    for name, suffix in (("A", "gpkg"), ("B", "geojson"), ("C", "gpkg")):
        part = held[held["set"] == name]
        path = tmp_path / f"{name}.{suffix}"
        (part.to_crs("EPSG:4326") if suffix == "geojson" else part).to_file(path)
        paths.append(path)
    return paths


def test_files_a_second_run_and_a_closing_through_excel(tmp_path, files):
    a, b, c = files
    ledger = tmp_path / "台账.xlsx"
    words = (a, b, "--restrictive", c, "--class", "类别", "--owner", "owner", "--gap", 100)
    done = run("conflicts", *words, "-o", ledger, "--lang", "zh")
    assert done.returncode == 0, done.stderr
    book = openpyxl.load_workbook(ledger)
    page = book["台账"]
    heads = [cell.value for cell in page[1]]
    assert [page.cell(r, 1).value for r in range(2, 8)] == [f"C{n:04d}" for n in range(1, 7)]
    kinds = [page.cell(r, heads.index("类型") + 1).value for r in range(2, 8)]
    assert kinds == ["压占", "双重定位", "双重定位", "双重定位", "重叠", "缝隙"]
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert any(str(cell.value).startswith("=1+1<script>{{7*7}}") for cell in cells)
    # A planner closes a case in Excel, and another from the command line.
    page.cell(2, heads.index("销号理由") + 1).value = "已退让"
    page.cell(2, heads.index("销号日期") + 1).value = dt.datetime(2026, 11, 20)
    page.cell(3, heads.index("销号理由") + 1).value = "只有理由"
    book.save(ledger)
    second = tmp_path / "second.gpkg"
    closing = ("--close", "C0005", "--reason", "已核", "--date", "2026-11-24")
    done = run("conflicts", *words, "--ledger", ledger, *closing, "-o", second, "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "C0002" in done.stderr  # half a closing is told
    got = gpd.read_file(second, layer="ledger")
    assert set(got["change"]) == {"same"}
    assert got["state"].tolist() == ["closed", "open", "open", "open", "closed", "open"]
    assert got["closed_on"].tolist() == ["2026-11-20", "", "", "", "2026-11-24", ""]
    third = tmp_path / "third.xlsx"
    done = run("conflicts", *words, "--ledger", second, "-o", third, "-q", "--lang", "en")
    assert done.returncode == 0, done.stderr
    page = openpyxl.load_workbook(third)["Ledger"]
    states = [page.cell(r, 3).value for r in range(2, 8)]
    assert states == ["closed", "open", "open", "open", "closed", "open"]


def test_the_shipped_plan_and_its_version_reconcile(tmp_path):
    path = tmp_path / "c.xlsx"
    done = run("conflicts", "layers/versions/three-zones", "layers", "-o", path, "--lang", "zh")
    assert done.returncode == 0, done.stderr
    page = openpyxl.load_workbook(path)["面积平衡"]
    rows = {(r[0].value, r[1].value): r[3].value for r in page.iter_rows(min_row=2)}
    total, union = rows["以上合计", None], rows["合并面积（另行量算）", None]
    assert total == pytest.approx(union, rel=1e-9)
    one = rows["单方划定", "layers"]
    from gisplan.overlay import coverage
    from gisplan.plan import open_plan

    zones = coverage(open_plan().areas).set_index("area_id")["area_ellipsoid"]
    assert union == pytest.approx(zones["union"], rel=1e-9)
    assert one == pytest.approx(zones["honghe"], rel=1e-6)


def test_the_ledger_names_every_file_it_rests_on(tmp_path):
    path = tmp_path / "c.xlsx"
    done = run("conflicts", "layers/versions/three-zones", "layers", "-o", path, "--lang", "zh")
    assert done.returncode == 0, done.stderr
    told = {
        cell.value
        for sheet in openpyxl.load_workbook(path)
        for row in sheet
        for cell in row
        if isinstance(cell.value, str)
    }
    for folder in ("layers", "layers/versions/three-zones"):
        for name in ("plan.toml", "zones.geojson"):
            digest = hashlib.sha256((ROOT / folder / name).read_bytes()).hexdigest()
            assert digest in told, (folder, name)


def test_the_map_draws_the_ledger_that_the_command_writes(tmp_path):
    page = tmp_path / "m.html"
    done = run("map", "--plan", ROOT / "layers", "--with", "conflicts", "-o", page, "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert Labels("zh")("conflicts.title") in page.read_text("utf-8")
    # Two sets of one square, of different kinds: one patch of 100 ha, on the map by its number.
    one = [("A", "1", "甲", "", "", box(0, 0, 1000, 1000)),
           ("B", "1", "乙", "", "", box(0, 0, 1000, 1000))]  # fmt: skip
    held = areas(*one)
    cells = arrange(held)
    ledger = renew(conflicts(held, cells))
    layer = dispute_layer(Found(ledger, balance(held, cells), held, cells, (), {}), Labels("zh"))
    (row,) = layer.frame.drop(columns="geometry").astype("str").to_numpy().tolist()
    assert row[0] == "C0001"
    # Nothing to keep clear of was there: that none of it is encroached on is not said.
    assert "压占" not in [one.title for one in layer.classes]
    lost = Found(ledger, balance(held, cells), held, cells, (("A", "no_data", 3),), {})
    assert "无图形 3 个" in dispute_layer(lost, Labels("zh")).note
    assert layer.frame.geometry.area.tolist() == pytest.approx([1e6])


def test_mistakes_are_one_line_and_nothing_is_written(tmp_path, files):
    a, b, _ = files
    out = tmp_path / "no.xlsx"
    for words in (
        (a,),
        (a, tmp_path / "none.gpkg"),
        (a, b, "--class", "no such column"),
        (a, b, "--gap", -1),
        (a, b, "--ledger", a),
        (a, b, "--close", "C0001"),
        (a, b, "--close", "C0001", "--reason", "x", "--date", "明天"),
        (a, b, "--close", "C0999", "--reason", "x", "--date", "2026-11-24"),
        (a, ROOT / "layers" / "projects.csv"),
        (a, b, "--crs", "EPSG:4326"),
    ):
        with pytest.raises(GisplanError) as caught:
            gisplan.main(["conflicts", *map(str, words), "-o", str(out)], standalone_mode=False)
        assert len(caught.value.word("zh").splitlines()) == 1
    assert not out.exists()
    done = run("conflicts", a, b, "--gap", -1, "-o", out)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_every_column_has_a_header_by_which_it_is_read_again():
    for language in ("zh", "en"):
        heads = [Labels(language)(f"ledger_column.{code}") for code in LEDGER]
        assert len(set(heads)) == len(LEDGER)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_names_every_patch(language):
    from gisplan.plotting.charts_conflicts import plot_conflicts
    from gisplan.printout.conflicts import word_ledger

    held, labels = areas(), Labels(language)
    cells = arrange(held)
    ledger = renew(conflicts(held, cells, gap=100))
    figure = plot_conflicts(
        held, ledger, word_ledger(ledger, labels), balance(held, cells), lines=["a", "b"],
        labels=labels,
    )  # fmt: skip
    said = [text.get_text() for text in figure.axes[0].texts]
    for number in ledger["number"]:
        assert said.count(number) >= 2  # on the map and in the list
