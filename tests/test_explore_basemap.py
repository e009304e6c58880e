"""Online base maps: asked for only by option, only at their own host, and drawn in their place."""

from __future__ import annotations

import io
import json
import math
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from gisplan.crs import gcj02_from_wgs84
from gisplan.errors import OutputError
from gisplan.explore import address_with_key, explore
from gisplan.labels import LANGUAGES, Labels
from tests.conftest import OfflinePage
from tests.map_world import areas, assert_quiet, definition, show, toy_map

WORDS = Labels("zh")
ANYANG = (114.35, 36.10)
STEP = 150
"""Pixels from one landmark to the next, about."""

SPREAD = 2.0
"""Pixels: each landmark is a spot of this standard deviation, so that its middle is sharp."""

XYZ = re.compile(r"/(?P<z>\d+)/(?P<x>\d+)/(?P<y>\d+)")
WMTS = re.compile(r"TILEMATRIX=(?P<z>\d+)&TILEROW=(?P<y>\d+)&TILECOL=(?P<x>\d+)")


def world(lon: Any, lat: Any, zoom: int) -> tuple[Any, Any]:
    """Web-Mercator pixels at a zoom level."""
    size = 256 * 2**zoom
    lat = np.radians(lat)
    return (lon + 180) / 360 * size, (0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi)) * size


def landmarks(zoom: int) -> tuple[Any, Any]:
    """Places in WGS 84, some 150 pixels apart, around Anyang."""
    step = STEP * 360 / (256 * 2**zoom)
    lon, lat = np.meshgrid(
        ANYANG[0] + step * np.arange(-6, 7), ANYANG[1] + step * np.arange(-6, 7), indexing="ij"
    )
    return lon.ravel(), lat.ravel()


def tile(zoom: int, column: int, row: int) -> bytes:
    """Draw the landmarks of a tile where a map in GCJ-02 has them: black spots on white."""
    x, y = world(*gcj02_from_wgs84(*landmarks(zoom)), zoom)
    along = np.arange(256) + 0.5
    ink = np.zeros((256, 256))
    for px, py in zip(x - 256 * column, y - 256 * row, strict=True):
        if -20 < px < 276 and -20 < py < 276:
            across = np.exp(-(((along - px) / SPREAD) ** 2) / 2)
            down = np.exp(-(((along - py) / SPREAD) ** 2) / 2)
            ink += np.outer(down, across)
    picture = Image.fromarray((255 * (1 - np.clip(ink, 0, 1))).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


class Tiles:
    """A tile server on this machine; ``asked`` are the paths it was asked for."""

    def __init__(self) -> None:
        tiles = self
        self.asked: list[str] = []
        self.broken = False

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tiles.asked.append(self.path)
                found = XYZ.search(self.path) or WMTS.search(self.path)
                if tiles.broken or not found:
                    self.send_error(403)
                    return
                zoom, column, row = (int(found[name]) for name in "zxy")
                self.send_response(200)
                self.send_header("Content-Type", "image/png")
                self.end_headers()
                self.wfile.write(tile(zoom, column, row))

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def tiles() -> Iterator[Tiles]:
    started = Tiles()
    yield started
    started.server.shutdown()
    started.server.server_close()


def bare(local_page: OfflinePage, folder: Path, basemap: str) -> Page:
    """Open a map of the plan alone and hide all of it but the base map."""
    page = show(local_page, explore(definition(), areas(), basemap=basemap, language="zh"), folder)
    page.evaluate(
        "document.querySelectorAll('.leaflet-pane[class*=gp-]').forEach(n => {"
        "if (!n.className.match(/basemap/)) n.style.display = 'none'; })"
    )
    page.evaluate("document.querySelectorAll('.gp-grid').forEach(n => n.style.display = 'none')")
    return page


def errors_in_pixels(page: Page, zoom: float) -> Any:
    """Return how far from its place in WGS 84 each landmark in view is drawn, in pixels."""
    page.evaluate(
        "([lat, lon, zoom]) => window[document.querySelector('.folium-map').id]"
        ".setView([lat, lon], zoom, {animate: false})",
        [ANYANG[1], ANYANG[0], zoom],
    )
    page.wait_for_function(
        """() => {
          const all = [...document.querySelectorAll('.leaflet-gp-basemap-pane .leaflet-tile')];
          return all.length > 3 && all.every(n => n.classList.contains('leaflet-tile-loaded'));
        }"""
    )
    page.wait_for_timeout(350)  # tiles fade in
    lon, lat = landmarks(round(zoom))
    spots = page.evaluate(
        """places => {
          const map = window[document.querySelector('.folium-map').id];
          const box = map.getContainer().getBoundingClientRect();
          return places.map(p => { const q = map.project(p, map.getZoom())
            .subtract(map.getPixelOrigin());
            const r = map.layerPointToContainerPoint(q); return [box.x + r.x, box.y + r.y]; });
        }""",
        np.column_stack([lat, lon]).tolist(),
    )
    seen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"), dtype=float)
    box = page.locator(".leaflet-container").bounding_box()
    assert box
    off = []
    for x, y in spots:
        if not (box["x"] + 70 < x < box["x"] + box["width"] - 70):
            continue
        if not (box["y"] + 60 < y < box["y"] + box["height"] - 110):
            continue
        left, top, reach = int(x) - 14, int(y) - 14, 29
        ink = 255 - seen[top : top + reach, left : left + reach]
        ink[ink < 25] = 0
        if ink.sum() == 0:
            off.append(math.inf)
            continue
        along = np.arange(reach) + 0.5
        found = (
            ink.sum(axis=0) @ along / ink.sum() + left,
            ink.sum(axis=1) @ along / ink.sum() + top,
        )
        off.append(math.hypot(found[0] - x, found[1] - y))
    return np.array(off)


@pytest.mark.parametrize("zoom", [8, 10, 13, 16, 18])
def test_shifted_tiles_are_drawn_at_their_place_in_wgs84(
    zoom: int, local_page: OfflinePage, tiles: Tiles, tmp_path: Path
) -> None:
    page = bare(local_page, tmp_path, f"gcj02:{tiles.address}/{{z}}/{{x}}/{{y}}.png")
    off = errors_in_pixels(page, zoom)
    print(f"zoom {zoom}: {len(off)} landmarks, worst {off.max():.2f} px, mean {off.mean():.2f} px")
    assert len(off) >= 12
    assert off.max() < 1
    note = page.locator(".gp-basemap-note")
    expect(note).to_be_visible()
    metres = int(re.search(r"(\d+) 米", note.inner_text())[1])
    assert metres == pytest.approx(545, abs=5)
    assert all(one.startswith(tiles.address) for one in local_page.requests)
    assert local_page.faults == []


def test_the_same_tiles_without_the_correction_are_elsewhere(
    local_page: OfflinePage, tiles: Tiles, tmp_path: Path
) -> None:
    """So the test above can fail: 545 m are 14 pixels at zoom 12."""
    page = bare(local_page, tmp_path, f"{tiles.address}/{{z}}/{{x}}/{{y}}.png")
    off = errors_in_pixels(page, 12)
    assert off.min() > 5
    expect(page.locator(".gp-basemap-note")).to_be_hidden()


def test_shift_on_the_page_is_the_shift_of_python(
    offline_page: OfflinePage, tmp_path: Path
) -> None:
    page = show(offline_page, toy_map(basemap="gcj02:http://127.0.0.1:9/{z}/{x}/{y}"), tmp_path)
    lon = np.array([ANYANG[0], 73.5, 135.0, 114.17, 100.0, 139.0])
    lat = np.array([ANYANG[1], 39.5, 53.0, 22.3, 0.5, 36.0])
    there = np.column_stack(gcj02_from_wgs84(lon, lat))
    places = np.column_stack([lon, lat]).tolist()
    found = page.evaluate("all => all.map(p => Gisplan.gcj02(...p))", places)
    assert np.asarray(found) == pytest.approx(there, abs=1e-12)
    back = page.evaluate("all => all.map(p => Gisplan.fromGcj02(...p))", there[:4].tolist())
    assert np.asarray(back) == pytest.approx(np.asarray(places[:4]), abs=1e-12)


def test_nothing_is_asked_for_without_the_option(
    local_page: OfflinePage, tiles: Tiles, tmp_path: Path
) -> None:
    """With the network up, too: the page of a plan has no address to ask."""
    page = show(local_page, toy_map(), tmp_path)
    page.wait_for_timeout(300)
    assert_quiet(local_page)
    assert tiles.asked == []
    assert page.locator('[data-tool="basemap"]').count() == 0
    html = (tmp_path / "map.html").read_text("utf-8")
    assert "autonavi" not in html
    assert "tianditu" not in html


@pytest.mark.parametrize(
    "address",
    [
        "/wmts?SERVICE=WMTS&REQUEST=GetTile&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}",
        "/wmts?REQUEST=GetTile&TILEMATRIX={TileMatrix}&TILEROW={TileRow}&TILECOL={TileCol}",
        "/xyz/{z}/{x}/{y}.png",
    ],
)
def test_intranet_services_are_asked_for_the_right_tiles(
    address: str, local_page: OfflinePage, tiles: Tiles, tmp_path: Path
) -> None:
    page = bare(local_page, tmp_path, tiles.address + address)
    zoom = 12
    errors_in_pixels(page, zoom)
    x, y = world(*ANYANG, zoom)
    wanted = {"z": zoom, "x": int(x // 256), "y": int(y // 256)}
    for name, ours in (("TileMatrix", "z"), ("TileRow", "y"), ("TileCol", "x")):
        address = address.replace(f"{{{name}}}", f"{{{ours}}}")
    assert address.format(**wanted) in tiles.asked
    assert local_page.requests
    assert all(one.startswith(tiles.address) for one in local_page.requests)
    page.locator('[data-tool="basemap"]').uncheck()
    expect(page.locator(".leaflet-gp-basemap-pane .leaflet-tile")).to_have_count(0)
    assert local_page.faults == []


def test_a_base_map_that_fails_says_so(
    local_page: OfflinePage, tiles: Tiles, tmp_path: Path
) -> None:
    tiles.broken = True
    page = show(
        local_page, toy_map(basemap=tiles.address + "/{z}/{x}/{y}", language="zh"), tmp_path
    )
    expect(page.locator(".gp-basemap-note")).to_have_text(WORDS("map.basemap_failed"))
    page.locator('[data-tool="basemap"]').uncheck()
    expect(page.locator(".gp-basemap-note")).to_be_hidden()


def test_the_key_is_typed_by_the_reader_and_in_no_file(
    offline_page: OfflinePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIANDITU_TK", "secret-of-this-office")
    page = show(offline_page, toy_map(basemap="tianditu", language="zh"), tmp_path)
    assert "secret-of-this-office" not in (tmp_path / "map.html").read_text("utf-8")
    page.wait_for_timeout(200)
    assert offline_page.requests == []  # nothing before the reader asks for it
    asked: list[str] = []
    page.once("dialog", lambda box: (asked.append(box.message), box.dismiss()))
    page.locator('[data-tool="basemap"]').click()
    expect(page.locator('[data-tool="basemap"]')).not_to_be_checked()
    assert asked == [WORDS("map.key_prompt")]
    assert offline_page.requests == []
    page.once("dialog", lambda box: box.accept("office&key"))
    page.locator('[data-tool="basemap"]').check()
    page.wait_for_timeout(200)
    assert offline_page.requests
    host = re.compile(r"https://t[0-7]\.tianditu\.gov\.cn/(?:vec|cva)_w/wmts\?")
    assert all(host.match(one) and one.endswith("tk=office%26key") for one in offline_page.requests)
    assert "office" not in page.url


def test_a_key_after_the_hash_is_kept_and_leaves_the_address(
    offline_page: OfflinePage, tmp_path: Path
) -> None:
    page = show(offline_page, toy_map(basemap="tianditu"), tmp_path)
    page.goto("about:blank")
    page.goto((tmp_path / "map.html").as_uri() + "#tk=handed-over")
    expect(page.locator("#gisplan[data-ready]")).to_be_visible()
    assert "handed-over" not in page.url
    page.locator('[data-tool="basemap"]').check()
    page.wait_for_timeout(200)
    assert offline_page.requests
    assert all(one.endswith("tk=handed-over") for one in offline_page.requests)


def test_the_key_of_the_environment_gets_into_the_browser_and_into_no_file(
    offline_page: OfflinePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIANDITU_TK", " office&key#1 ")
    drawn = toy_map(basemap="tianditu")
    page = show(offline_page, drawn, tmp_path)
    address = address_with_key(tmp_path / "map.html")
    assert address is not None
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("#gisplan[data-ready]")).to_be_visible()
    page.locator('[data-tool="basemap"]').check()  # no question is asked
    page.wait_for_timeout(200)
    assert offline_page.requests
    assert all(one.endswith("tk=office%26key%231") for one in offline_page.requests)
    for text in (page.url, drawn._repr_html_(), (tmp_path / "map.html").read_text("utf-8")):
        assert "office" not in text


@pytest.mark.parametrize("terminal", [True, False])
def test_the_command_tells_the_key_on_a_terminal_and_into_no_log(
    tmp_path: Path, terminal: bool
) -> None:
    command = [sys.executable, "-m", "gisplan", "map", "-o", "map.html", "--basemap", "tianditu"]
    told, seen = os.openpty() if terminal else os.pipe()
    environment = {**os.environ, "TIANDITU_TK": "office-key", "PYTHONPATH": str(Path.cwd())}
    subprocess.run(command, cwd=tmp_path, env=environment, stderr=seen, check=True)
    said = os.read(told, 65536).decode()
    os.close(seen)
    os.close(told)
    address = (tmp_path / "map.html").as_uri() + "#tk=office-key"
    assert (address in said) == terminal
    assert ("office-key" in said) == terminal
    assert "TIANDITU_TK" in said
    assert "office-key" not in (tmp_path / "map.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("osm", r"https://tile\.openstreetmap\.org/"),
        ("gaode", r"https://webrd0[1-4]\.is\.autonavi\.com/"),
    ],
)
def test_named_base_maps_ask_their_own_host_alone(
    name: str, host: str, offline_page: OfflinePage, tmp_path: Path
) -> None:
    page = show(offline_page, toy_map(basemap=name, language="zh"), tmp_path)
    page.wait_for_timeout(300)
    assert offline_page.requests
    assert all(re.match(host, one) for one in offline_page.requests)
    credit = {"osm": "OpenStreetMap", "gaode": "高德"}[name]
    expect(page.locator(".leaflet-control-attribution")).to_contain_text(credit)


def test_policy_opens_for_the_chosen_tiles_only() -> None:
    def policy(basemap: str) -> str:
        found = re.search(r"img-src ([^;]*);", toy_map(basemap=basemap).get_root().render())
        assert found
        return found[1]

    assert policy("tianditu") == "data: https://*.tianditu.gov.cn"
    assert policy("gaode") == "data: https://*.is.autonavi.com"
    assert (
        policy("https://maps.example.cn:8443/{z}/{x}/{y}") == "data: https://maps.example.cn:8443"
    )
    assert policy("gcj02:http://10.0.0.8/{z}/{x}/{-y}") == "data: http://10.0.0.8"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("gaode2", "map_basemap_unknown"),
        ("https://example.cn/", "map_basemap_unknown"),
        ("https://example.cn/{z}/{x}", "map_basemap_unknown"),
        ("https://example.cn/{z}/{x}/{y}/{other}", "map_basemap_unknown"),
        ("https://example.cn/{z}/{x}/{y}{", "map_basemap_unknown"),
        ("https://{x}.example.cn/{z}/{x}/{y}", "map_basemap_unknown"),
        ("javascript:{z}{x}{y}", "map_basemap_unknown"),
        ("https://a b/{z}/{x}/{y}", "map_basemap_unknown"),
        ("gcj02:", "map_basemap_unknown"),
        ("https://t0.tianditu.gov.cn/w?Z={z}&X={x}&Y={y}&tk=0123456789abcdef", "map_basemap_key"),
        ("https://example.cn/{z}/{x}/{y}?access_token=0123456789abcdef", "map_basemap_key"),
    ],
)
def test_other_names_are_refused_and_no_key_is_repeated(wrong: str, code: str) -> None:
    with pytest.raises(OutputError) as told:
        toy_map(basemap=wrong)
    assert told.value.code == code
    for language in LANGUAGES:
        assert "0123456789abcdef" not in told.value.word(language)


def test_a_key_s_place_is_allowed_and_asked_for(offline_page: OfflinePage, tmp_path: Path) -> None:
    drawn = toy_map(basemap="https://maps.example.cn/{z}/{x}/{y}?tk={tk}")
    assert json.dumps("{tk}")[1:-1] in drawn.get_root().render()
    page = show(offline_page, drawn, tmp_path)
    page.once("dialog", lambda box: box.accept("mine"))
    page.locator('[data-tool="basemap"]').check()
    page.wait_for_timeout(200)
    assert offline_page.requests
    assert all(one.endswith("?tk=mine") for one in offline_page.requests)
