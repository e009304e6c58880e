"""Every control of the map page once, by pointer and by keys; pictures of it for CI to keep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import ElementHandle, Page, expect

from gisplan.explore import PlanMap, explore
from gisplan.labels import Labels
from gisplan.map_payload import conflict_layers
from gisplan.overlay import zone_pairs
from gisplan.symbology import contrast
from gisplan.terms import OUTCOMES
from tests.conftest import OfflinePage
from tests.map_world import areas, assert_quiet, definition, projects, show, shown_count, verdicts
from tests.test_explore_layers import CLASSES, picture, shapes
from tests.test_explore_swipe import second

NAMES = tuple("甲乙丙丁戊己庚辛")
CONTROLS = (
    ".gp button, .gp input, .gp select, .gp summary, .gp [role=slider], "
    ".gp [tabindex='0']:not(.leaflet-container, [role=slider])"
)


def full(language: str = "zh", *, swipe: bool = True) -> PlanMap:
    """Return a page that has everything: years, stages, layers, two plans, a list with gaps."""
    rows = projects(NAMES)
    rows["year"] = [str(2024 + k % 4) for k in range(len(rows))]
    rows["stage"] = ["在建" if k % 2 else "谋划" for k in range(len(rows))]
    rows["industry"] = ["教育" if k % 3 else "文旅" for k in range(len(rows))]
    plan, drawn = definition(), areas()
    found = conflict_layers(zone_pairs(drawn, plan), drawn, plan, Labels(language))
    hot = (replace(CLASSES[0], title="热点"), replace(CLASSES[1], title="冷点"))
    tidy = shapes(id="own", title="热点分析", name="名称", note="合成数据", classes=hot)
    tidy.frame["名称"] = ["甲处", "乙处", "丙处", "丁处", "无图形"]
    return explore(
        plan,
        drawn,
        rows,
        verdicts(rows),
        language=language,
        other=second() if swipe else None,
        layers=[*found, tidy, picture(legend=[("#c80000", "5 项/km²")])],
    )


@pytest.fixture
def everything(offline_page: OfflinePage, tmp_path: Path) -> Page:
    offline_page.page.add_init_script("window.print = () => { window.__printed = true; }")
    return show(offline_page, full(), tmp_path)


def drive(page: Page, control: ElementHandle) -> str:
    """Use a control as its kind is used, and return what was done."""
    kind = control.evaluate(
        "n => n.getAttribute('role') || (n.tagName === 'INPUT' ? n.type : n.tagName.toLowerCase())"
    )
    if kind == "checkbox":
        before = control.is_checked()
        control.click()
        assert control.is_checked() != before
        control.click()
    elif kind in ("range", "slider"):
        value = "n => n.getAttribute('aria-valuenow') || n.value"
        before = control.evaluate(value)
        control.press("ArrowLeft")
        if control.evaluate(value) == before:  # at its lower end
            control.press("ArrowRight")
        assert control.evaluate(value) != before
    elif kind == "select":
        last = control.evaluate("n => n.options[n.options.length - 1].value")
        control.select_option(last)
        assert control.input_value() == last
    elif kind == "combobox":
        control.fill("甲")
        expect(page.locator("[data-hit]")).to_have_count(1)
        control.fill("")
    elif kind == "summary":
        before = control.evaluate("n => n.parentNode.open")
        control.click()
        assert control.evaluate("n => n.parentNode.open") != before
        control.click()
    else:
        control.click()
    return str(kind)


def test_every_control_is_driven_once(everything: Page, offline_page: OfflinePage) -> None:
    """No control is left out: what is on the page is asked of the page."""
    page = everything
    page.on("dialog", lambda box: box.dismiss())
    page.evaluate("document.querySelectorAll('.gp details').forEach(n => { n.open = true; })")
    total = len(projects(NAMES))
    assert shown_count(page) == total
    reset = page.locator(".gp-filter").get_by_role("button", name=Labels("zh")("map.reset"))
    driven: dict[str, int] = {}
    for control in page.query_selector_all(CONTROLS):
        if not control.is_visible():
            continue
        kind = drive(page, control)
        driven[kind] = driven.get(kind, 0) + 1
        if kind == "button":
            if control.get_attribute("data-tool") == "play":
                control.click()  # and hold again
                reset.click()
            page.keyboard.press("Escape")
            if page.locator(".gp-table").is_visible():
                page.locator(".gp-table .gp-x").click()
        elif kind in ("range", "select"):
            reset.click()
    assert page.evaluate("window.__printed") is True
    for kind, least in (
        ("checkbox", 15),
        ("range", 10),
        ("select", 4),
        ("button", 20),
        ("slider", 1),
    ):
        assert driven[kind] >= least, (kind, driven)
    reset.click()
    assert shown_count(page) == total
    assert_quiet(offline_page)


def test_counts_of_the_run_stand_in_chips_filter_map_and_table(everything: Page) -> None:
    rows = projects(NAMES)
    counts = verdicts(rows)["outcome"].value_counts()
    page = everything
    for code in OUTCOMES:
        chip = page.locator(f'[data-chip="{code}"] b')
        if code not in counts:
            expect(chip).to_have_count(0)
            continue
        expect(chip).to_have_text(str(counts[code]))
        row = page.locator(".gp-outcome", has=page.locator(f'[data-filter="{code}"]'))
        expect(row.locator(".gp-number")).to_have_text(str(counts[code]))
        located = int((verdicts(rows)["outcome"] == code)[rows.geometry.notna()].sum())
        expect(page.locator(f'[data-project][data-outcome="{code}"]')).to_have_count(located)
    page.locator('[data-tool="table"]').click()
    expect(page.locator("[data-row]")).to_have_count(len(rows))


def test_the_focus_is_seen_wherever_the_tab_key_stops(everything: Page) -> None:
    """And every stop has a name for a screen reader."""
    page = everything
    page.evaluate("document.activeElement.blur()")
    seen = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate(
            """() => {
              const n = document.activeElement, s = getComputedStyle(n);
              if (n === document.body) return null;
              const label = n.getAttribute('aria-label') || n.title || n.textContent.trim() ||
                (n.labels && n.labels.length && n.labels[0].textContent.trim()) || '';
              return [s.outlineStyle, parseFloat(s.outlineWidth), label, n.outerHTML.slice(0, 90)];
            }"""
        )
        if told is None:
            break
        seen += 1
        style, width, label, markup = told
        assert style != "none", markup
        assert width >= 2, markup
        assert label or "leaflet-container" in markup, markup
    assert seen > 30


def test_texts_of_the_page_contrast_with_what_they_stand_on(everything: Page) -> None:
    """WCAG 2 AA: 4.5 to 1, over the panel, the head and an open card."""
    page = everything
    page.locator('[data-project="0"]').click()
    told = page.evaluate(
        """() => {
          const hex = c => '#' + c.match(/[\\d.]+/g).slice(0, 3)
            .map(v => Math.round(v).toString(16).padStart(2, '0')).join('');
          const ground = n => { for (; n; n = n.parentElement) {
            const c = getComputedStyle(n).backgroundColor;
            if (c !== 'transparent' && !/, 0\\)$/.test(c)) return hex(c); } return '#ffffff'; };
          return [...document.querySelectorAll('.gp-head *, .gp-panel *, .gp-card *, .gp-foot *')]
            .filter(n => [...n.childNodes].some(c => c.nodeType === 3 && c.textContent.trim()))
            .map(n => [hex(getComputedStyle(n).color), ground(n), n.textContent.slice(0, 30)]);
        }"""
    )
    assert len(told) > 60
    for ink, ground, text in told:
        assert contrast(ink, ground) >= 4.5, (ink, ground, text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_of_the_page_are_kept(
    language: str, offline_page: OfflinePage, tmp_path: Path, screenshots: Path
) -> None:
    page = show(offline_page, full(language), tmp_path)
    page.screenshot(path=screenshots / f"map_{language}.png")
    page.locator('[data-project="0"]').click()
    page.screenshot(path=screenshots / f"map_card_{language}.png")
    page.keyboard.press("Escape")
    page.locator('[data-tool="table"]').click()
    page.screenshot(path=screenshots / f"map_table_{language}.png")
    page.locator(".gp-table .gp-x").click()
    paper = page.pdf(path=screenshots / f"map_a4_{language}.pdf", prefer_css_page_size=True)
    assert paper.count(b"/MediaBox") == 1
    page.set_viewport_size({"width": 390, "height": 800})
    page.screenshot(path=screenshots / f"map_phone_{language}.png")
    kept = [one for one in screenshots.iterdir() if language in one.stem]
    assert len(kept) >= 5
    assert all(one.stat().st_size > 20_000 for one in kept)
    assert_quiet(offline_page)
