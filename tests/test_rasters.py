"""Rasters as they come: what can be read is read rightly, what cannot ends in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pyproj
import pytest
import rasterio
import shapely

from gisplan.errors import GisplanError, MissingExtra, OutputError, RasterError
from gisplan.io.grids import Band, Grid, write_cog
from gisplan.io.rasters import open_raster
from tests.test_zonal import COUNTING, from_origin, over, raster, stats
from tests.worlds import CRS, EAST, NORTH

ROOT = Path(__file__).resolve().parents[1]
ALL = (0, 0, 10, 10)


def values(path, window=ALL, **options):
    with open_raster(path, **options) as opened:
        return opened.read(*window)


def code(path, window=ALL, **options):
    with pytest.raises(GisplanError) as caught:
        values(path, window, **options)
    for language in ("zh", "en"):
        assert "\n" not in caught.value.word(language)
    return caught.value.code


# --- read rightly ---------------------------------------------------------------------------


def test_a_raster_stored_south_up_is_read_north_up(tmp_path):
    upside = rasterio.Affine(100, 0, EAST, 0, 100, NORTH)
    path = raster(tmp_path / "a.tif", COUNTING[::-1].copy(), transform=upside)
    assert (values(path) == COUNTING).all()
    assert (values(path, (2, 3, 4, 5)) == COUNTING[2:6, 3:8]).all()
    row = stats(path, over(shapely.box(0, 0, 1000, 100))).iloc[0]
    assert row["sum"] == 955


def test_scale_and_offset_are_applied_and_told(tmp_path):
    path = raster(tmp_path / "a.tif", np.array([[10, 0]], dtype="int16"), nodata=0)
    with rasterio.open(path, "r+") as made:
        made.scales, made.offsets = (0.5,), (100.0,)
    with open_raster(path) as opened:
        got = opened.read(0, 0, 1, 2)
        assert got[0, 0] == 105
        assert np.isnan(got[0, 1])  # no data is looked for in what is stored
        assert ("scaled", {"scale": "0.5", "offset": "100"}) in opened.told


def test_nan_is_no_value_whether_declared_or_not(tmp_path):
    path = raster(tmp_path / "a.tif", np.array([[np.nan, np.inf, 0.0]], dtype="float32"))
    assert np.isnan(values(path, (0, 0, 1, 3))).tolist() == [[True, True, False]]


def test_a_mask_band_counts(tmp_path):
    path = tmp_path / "a.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(
        path, "w", driver="GTiff", height=1, width=2, count=1, dtype="uint8", crs=CRS,
        transform=from_origin(EAST, NORTH, 1, 1),
    ) as made:  # fmt: skip
        made.write(np.array([[[0, 7]]], dtype="uint8"))
        made.write_mask(np.array([[255, 0]], dtype="uint8"))
    got = values(path, (0, 0, 1, 2))
    assert got[0, 0] == 0
    assert np.isnan(got[0, 1])


def test_several_bands_have_to_be_chosen_from(tmp_path):
    path = raster(tmp_path / "a.tif", np.stack([COUNTING, COUNTING * 2]))
    assert code(path) == "raster_bands"
    assert code(path, band=3) == "raster_bands"
    assert values(path, band=2)[0, 0] == 2


def test_an_alpha_band_is_a_mask_and_no_band(tmp_path):
    path = raster(tmp_path / "a.tif", np.array([[[5, 6]], [[255, 0]]], dtype="uint8"), alpha="yes")
    got = values(path, (0, 0, 1, 2))
    assert got[0, 0] == 5
    assert np.isnan(got[0, 1])


def test_a_palette_makes_classes(tmp_path):
    path = raster(tmp_path / "a.tif", np.ones((10, 10), dtype="uint8"))
    with rasterio.open(path, "r+") as made:
        made.write_colormap(1, {1: (255, 0, 0, 255)})
    with open_raster(path) as opened:
        assert opened.is_classes
        assert ("palette", {}) in opened.told


def test_a_text_grid_is_read_with_a_declared_system(tmp_path):
    path = tmp_path / "grid.asc"
    path.write_text("ncols 2\nnrows 1\nxllcorner 500000\nyllcorner 4000000\ncellsize 10\n"
                    "NODATA_value -9999\n3 -9999\n")  # fmt: skip
    assert code(path) == "raster_no_crs"
    got = values(path, (0, 0, 1, 2), crs="EPSG:4547")
    assert got[0, 0] == 3
    assert np.isnan(got[0, 1])


@pytest.mark.parametrize("name", [
    "人口 密度.tif", "a!b.tif", "a;b.tif", "a?b=c#d.tif", "{x}%41.tif", "'; drop.tif",
    "GTIFF_DIR:1:x.tif", "-o.tif", "zip+file.tif", "$(touch x).tif",
])  # fmt: skip
def test_a_name_is_only_a_name(tmp_path, name):
    path = raster(tmp_path / "plain.tif", COUNTING).rename(tmp_path / name)
    assert values(path)[0, 0] == 1


def test_cells_far_apart_are_read_in_parts(tmp_path, monkeypatch):
    path = raster(tmp_path / "a.tif", COUNTING)
    random = np.random.default_rng(0)
    x, y = EAST + random.uniform(-200, 1200, 300), NORTH + random.uniform(-200, 1200, 300)
    with open_raster(path) as opened:
        whole = opened.sample(x, y)
        monkeypatch.setattr("gisplan.io.rasters.MOST_AT_ONCE", 4)
        assert np.array_equal(opened.sample(x, y), whole, equal_nan=True)
    inside = (x >= EAST) & (x < EAST + 1000) & (y > NORTH) & (y <= NORTH + 1000)
    assert (np.isfinite(whole) == inside).all()
    column = ((x - EAST) // 100)[inside]
    row = ((NORTH + 1000 - y) // 100)[inside]
    assert whole[inside].tolist() == (row * 10 + column + 1).tolist()


# --- refused in one line --------------------------------------------------------------------


def test_files_that_are_none(tmp_path):
    assert code(tmp_path / "none.tif") == "raster_missing"
    assert code(tmp_path) == "raster_missing"
    text = tmp_path / "text.tif"
    text.write_text("no raster at all")
    assert code(text) == "raster_format"
    empty = tmp_path / "empty.tif"
    empty.touch()
    assert code(empty) == "raster_format"


@pytest.mark.parametrize("address", [
    "/vsicurl/http://127.0.0.1:9/x.tif", "/vsizip/a.zip/x.tif", "http://127.0.0.1:9/x.tif",
    "\\\\host\\share\\x.tif", "/vsimem/x",
])  # fmt: skip
def test_addresses_are_not_opened(address):
    assert code(address if isinstance(address, Path) else Path(address)) in (
        "raster_refused", "raster_missing",
    )  # fmt: skip


def test_a_virtual_raster_disguised_as_a_tiff_reads_nothing(tmp_path):
    secret = raster(tmp_path / "secret.tif", COUNTING)
    path = tmp_path / "dem.tif"
    path.write_text(
        '<VRTDataset rasterXSize="10" rasterYSize="10"><VRTRasterBand dataType="Float64" '
        f'band="1"><SimpleSource><SourceFilename>{secret}</SourceFilename></SimpleSource>'
        "</VRTRasterBand></VRTDataset>"
    )
    assert code(path) == "raster_format"


def test_overviews_may_not_lie_in_another_file(tmp_path):
    path = raster(tmp_path / "a.tif", COUNTING)
    (tmp_path / "a.tif.aux.xml").write_text(
        '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">/etc/passwd</MDI>'
        "</Metadata></PAMDataset>"
    )
    assert code(path) == "raster_refused"


def test_a_truncated_file(tmp_path):
    path = raster(tmp_path / "a.tif", np.random.default_rng(0).uniform(size=(200, 200)))
    whole = path.read_bytes()
    for kept in (10, 100, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:kept])
        assert code(path, (0, 0, 200, 200)) == "raster_damaged", kept


def test_a_corrupted_file(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (200, 200)).astype("uint8")
    path = raster(tmp_path / "a.tif", noise, compress="deflate")
    content = bytearray(path.read_bytes())
    for spot in range(len(content) // 3, len(content) // 3 + 4000):
        content[spot] ^= 0x5A
    path.write_bytes(bytes(content))
    assert code(path, (0, 0, 200, 200)) == "raster_damaged"


def test_a_file_that_declares_to_be_huge_is_read_by_windows(tmp_path):
    huge = tmp_path / "huge.tif"
    with rasterio.open(
        huge, "w", driver="GTiff", width=300_000, height=300_000, count=1, dtype="float32", crs=CRS,
        transform=from_origin(EAST, NORTH + 300_000, 1, 1), tiled=True, sparse_ok=True,
        blockxsize=8192, blockysize=8192,
    ):  # fmt: skip
        pass
    assert huge.stat().st_size < 40_000_000
    assert values(huge).tolist() == np.zeros((10, 10)).tolist()


def test_blocks_too_large_to_decode_are_refused(tmp_path):
    path = tmp_path / "block.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=20_000, height=20_000, count=1, dtype="float32", crs=CRS,
        transform=from_origin(EAST, NORTH, 1, 1), tiled=True, blockxsize=16_384,
        blockysize=16_384, sparse_ok=True,
    ):  # fmt: skip
        pass
    assert code(path) == "raster_blocks"


def test_without_a_place_or_turned(tmp_path):
    turned = rasterio.Affine(70, 70, EAST, 70, -70, NORTH)
    assert code(raster(tmp_path / "a.tif", COUNTING, transform=turned)) == "raster_turned"
    assert code(raster(tmp_path / "b.tif", COUNTING, crs=None)) == "raster_no_crs"
    path = tmp_path / "c.png"
    matplotlib.image.imsave(path, np.ones((9, 9)))
    assert code(path, band=1) == "raster_no_place"


def test_a_system_is_not_declared_twice(tmp_path):
    path = raster(tmp_path / "a.tif", COUNTING)
    assert code(path, crs="EPSG:4490") == "raster_crs_twice"
    assert values(path, crs="EPSG:4547")[0, 0] == 1


def test_complex_numbers_are_no_measurements(tmp_path):
    assert code(raster(tmp_path / "a.tif", COUNTING.astype("complex64"))) == "raster_complex"


def test_without_the_extra_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "exactextract", None)
    path = raster(tmp_path / "a.tif", COUNTING)
    with pytest.raises(MissingExtra, match=r"gisplan\[raster\]"):
        stats(path, over(shapely.box(0, 0, 100, 100)))


# --- written whole --------------------------------------------------------------------------


GRID = Grid(EAST, NORTH + 1000, 10.0, 100, 130, pyproj.CRS(CRS))


def parts():
    for window in GRID.windows(64):
        row, column, rows, columns = window
        south, east = np.arange(row, row + rows), np.arange(column, column + columns)
        block = np.add.outer(south * 1000.0, east)
        block[0, 0] = np.nan
        yield window, block[None]


def test_a_written_raster_is_a_cog_and_says_what_it_is(tmp_path):
    path = tmp_path / "surface.tif"
    write_cog(path, GRID, parts(), bands=(Band("density", "1/km2"),), tags={"PLAN": "文峰"})
    assert [one.name for one in tmp_path.iterdir()] == ["surface.tif"]
    with rasterio.open(path) as made:
        assert made.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert made.crs.to_epsg() == 4547
        assert np.isnan(made.nodata)
        assert made.units == ("1/km2",)
        assert made.descriptions == ("density",)
        assert made.tags()["PLAN"] == "文峰"
        got = made.read(1)
        assert got[99, 129] == 99_129
        assert np.isnan(got[0, 0])
        assert made.transform == from_origin(EAST, NORTH + 1000, 10, 10)


def test_a_failing_computation_leaves_the_old_file(tmp_path):
    path = tmp_path / "surface.tif"
    path.write_bytes(b"old")

    def failing():
        yield from list(parts())[:1]
        raise RasterError("raster_missing", path="x")

    with pytest.raises(RasterError):
        write_cog(path, GRID, failing(), bands=(Band("a", ""),), tags={})
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["surface.tif"]


def test_a_folder_is_no_target(tmp_path):
    with pytest.raises(OutputError):
        write_cog(tmp_path, GRID, parts(), bands=(Band("a", ""),), tags={})


# --- on the command line --------------------------------------------------------------------


def run(*words, cwd):
    done = subprocess.run(
        [sys.executable, "-m", "gisplan", *map(str, words)], cwd=cwd, capture_output=True,
        text=True, encoding="utf-8", check=False, env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_zonal_writes_a_workbook_and_a_mistake_is_one_line(tmp_path):
    good = raster(tmp_path / "a.tif", np.ones((400, 400), dtype="float32"), cell=100,
                  west=25_000, top=20_000)  # fmt: skip
    status, out, told = run("zonal", good, "-o", "z.xlsx", cwd=tmp_path)
    assert status == 0, told
    assert "老城区" in out
    assert (tmp_path / "z.xlsx").stat().st_size > 5000
    bad = raster(tmp_path / "b.tif", COUNTING, crs=None)
    status, out, told = run("zonal", bad, "-o", "b.xlsx", "--lang", "en", cwd=tmp_path)
    assert (status, out) == (2, "")
    lines = [line for line in told.splitlines() if not line.startswith("no plan")]
    assert "--raster-crs" in lines[-1]
    assert not (tmp_path / "b.xlsx").exists()


def asked(*words):
    """Run a command in this process, and give back what it printed."""
    from click.testing import CliRunner

    from gisplan.cli.options import gisplan

    plan = ["--plan", str(ROOT / "layers")]
    done = CliRunner().invoke(gisplan, [*map(str, words), *plan], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.output


LIST = ROOT / "layers" / "projects.csv"


def test_density_says_what_it_left_out_and_tags_its_provenance(tmp_path):
    told = asked("density", LIST, "-o", tmp_path / "d.tif")
    assert "16" in told  # without a place
    with rasterio.open(tmp_path / "d.tif") as made:
        tags = made.tags()
        assert tags["PROJECTS_FILE"] == "projects.csv"
        assert len(tags["PROJECTS_SHA256"]) == 64
        assert tags["KERNEL"] == "gaussian"
        assert made.units == ("1/km2",)


def test_a_surface_lies_on_the_interactive_map_with_its_legend(tmp_path):
    asked("density", LIST, "-o", tmp_path / "d.html", "-q")
    page = (tmp_path / "d.html").read_text("utf-8")
    assert "surface-count" in page
    assert "data:image/png;base64" in page


def test_a_surface_on_the_sheet_leaves_its_scale_alone(tmp_path):
    from gisplan.labels import Labels
    from gisplan.plan import open_plan
    from gisplan.plotting.surface import lay_surface
    from gisplan.surface import draw

    plan = open_plan(ROOT / "layers")
    picture = draw(plan.suitability("finance", cell=200), Labels("zh"))
    figure = plan.plot()
    ground = next(one for one in figure.axes if one.get_label() == "map")
    before = (ground.get_xlim(), ground.get_ylim())
    lay_surface(figure, picture.rgba, picture.extent, title=picture.title,
                legend=picture.legend, note=picture.note)  # fmt: skip
    assert (ground.get_xlim(), ground.get_ylim()) == before
    assert len(ground.images) == 1
    words = {text.get_text() for one in figure.axes for text in one.texts
             if text.get_gid() == "surface-legend"}  # fmt: skip
    assert {"0–0.2", "0.8–1"} <= words


def test_suitability_of_the_shipped_plan_says_that_its_weights_are_assumed(tmp_path):
    told = asked("suitability", "finance", "-o", tmp_path / "s.tif", "--cell", 200, "--lang", "en")
    assert "assumed" in told
    assert "upper bound" in told
    ranked = asked("suitability", "finance", LIST, "-o", tmp_path / "s.xlsx")
    assert "易园" in ranked


def test_sites_of_a_list_and_of_a_new_project(tmp_path):
    one = tmp_path / "one.csv"
    one.write_text("项目名称,行业,经度,纬度,坐标中误差(米)\n甲,餐饮,114.33,36.0966,10\n", "utf-8")
    told = asked("sites", one, "-o", tmp_path / "s.csv")
    assert "向东北（方位角 61.5°）移 100 米 → 符合" in told
    assert "nan" not in told.replace("provenance", "")
    table = (tmp_path / "s.csv").read_text("utf-8-sig")
    assert "甲" in table
    with pytest.raises(RasterError):
        asked("sites")
    with pytest.raises(RasterError):
        asked("sites", one, "--industry", "J66", "--area", "1")


@pytest.mark.parametrize("industry", ["J", "nothing known", "{x}"])
def test_an_industry_that_says_too_little_is_refused(industry):
    with pytest.raises(RasterError):
        asked("sites", "--industry", industry, "--area", "10")
