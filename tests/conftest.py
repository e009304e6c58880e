"""What several test files share: the browser, a page without network, and its fonts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright

import dev

ROOT = Path(__file__).resolve().parents[1]

# CI answers the same twice; a developer's run looks for new examples each time.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

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
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    offline = OfflinePage(context.new_page())

    def note_request(address: str) -> None:
        if not address.startswith(("file:", "data:", "blob:")):
            offline.requests.append(address)

    offline.page.on("console", lambda line: offline.faults.append(f"{line.type}: {line.text}"))
    offline.page.on("pageerror", lambda error: offline.faults.append(f"pageerror: {error}"))
    context.on("request", lambda request: note_request(request.url))
    yield offline
    context.close()


def _browser_program() -> Path:
    found = dev.find_browser()
    if found is None:
        pytest.fail("no browser: run `python3 dev.py test`, which installs one")
    return found
