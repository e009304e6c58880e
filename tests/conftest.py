"""What several test files share: the browser, a page without network, and its fonts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright

import dev

ROOT = Path(__file__).resolve().parents[1]
SCREENSHOTS = ROOT / "build" / "screenshots"
"""Pictures of the pages, an artefact of CI; `.gitignore` leaves it out."""

# The suite answers the same twice, wherever it runs: whether a change may land must not depend
# on luck. `dev.py test --hypothesis-profile search` looks for new examples each time.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=300, print_blob=True)
settings.load_profile("repeatable")

BROWSER_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class OfflinePage:
    """A page with the network cut.

    ``faults`` are its console lines and page errors, ``requests`` the addresses it asked
    for outside the file itself (``file:``, ``data:`` and ``blob:`` are inside).
    """

    page: Page
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser_fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fontconfig file: the machine's fonts and gisplan's own Chinese one."""
    folder = tmp_path_factory.mktemp("fontconfig")
    place = folder / "fonts.conf"
    place.write_text(
        "<fontconfig>"
        '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        f"<dir>{escape(str(ROOT / 'gisplan' / 'assets' / 'fonts'))}</dir>"
        f"<cachedir>{escape(str(folder / 'cache'))}</cachedir>"
        "</fontconfig>",
        encoding="utf-8",
    )
    return place


@pytest.fixture(scope="session")
def browser(browser_fonts: Path) -> Iterator[Browser]:
    """Start the Chromium, Chrome or Edge that ``dev.py`` finds; none is a failure."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=_browser_program(),
            args=BROWSER_ARGUMENTS,
            env=os.environ | {"FONTCONFIG_FILE": str(browser_fonts)},
        )
        yield started
        started.close()


@pytest.fixture
def offline_page(browser: Browser) -> Iterator[OfflinePage]:
    """Give a page whose network is cut and that writes down what went wrong."""
    yield from _page(browser, offline=True)


@pytest.fixture
def local_page(browser: Browser) -> Iterator[OfflinePage]:
    """Give such a page that reaches servers on this machine, and no other."""
    yield from _page(browser, offline=False)


@pytest.fixture
def open_map(offline_page: OfflinePage, tmp_path: Path) -> Iterator[Callable[[Any], Page]]:
    """Give a function that opens a map; at the end its page must have kept quiet."""
    from tests.map_world import assert_quiet, show

    yield lambda drawn: show(offline_page, drawn, tmp_path)
    assert_quiet(offline_page)


@pytest.fixture
def toy(open_map: Callable[[Any], Page]) -> Page:
    """Give the page of the toy map."""
    from tests.map_world import toy_map

    return open_map(toy_map(language="zh"))


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Return the folder where CI finds what the pages looked like."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS


def _page(browser: Browser, *, offline: bool) -> Iterator[OfflinePage]:
    context = browser.new_context(offline=offline, viewport={"width": 1280, "height": 800})
    watched = OfflinePage(context.new_page())
    if not offline:
        elsewhere = re.compile(r"^(?!file:|data:|blob:|http://127\.0\.0\.1[:/])")
        context.route(elsewhere, lambda route: route.abort())

    def note_request(address: str) -> None:
        if not address.startswith(("file:", "data:", "blob:")):
            watched.requests.append(address)

    watched.page.on("console", lambda line: watched.faults.append(f"{line.type}: {line.text}"))
    watched.page.on("pageerror", lambda error: watched.faults.append(f"pageerror: {error}"))
    context.on("request", lambda request: note_request(request.url))
    yield watched
    context.close()


def _browser_program() -> Path:
    found = dev.find_browser()
    if found is None:
        pytest.fail("no browser: run `python3 dev.py test`, which installs one")
    return found
