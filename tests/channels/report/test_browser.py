"""The report as a browser shows and prints it; what only a browser can tell."""

import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader

from channels.planning.drawings import draw_criticality
from channels.planning.opening import open_planned
from channels.planning.rows import severity
from channels.report.html import to_html
from graphs.state_directory import StateDirectory
from tests.channels.report.test_report import COMPARISONS, facts_of
from twin.whatif.survey import survey

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

LONG_TITLE = "adjacency down: " + "Fulda--Kassel, Giessen--Kassel, " * 6 + "x" * 150

TELEPHONE = {"width": 500, "height": 900}
A4_BETWEEN_MARGINS = {"width": 703, "height": 1000}

TOO_WIDE = """() => [...document.body.querySelectorAll('*')].filter(e => {
    const r = e.getBoundingClientRect();
    return r.width > 0 && (r.right > innerWidth + 0.5 || r.left < -0.5);
}).map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 60)}`)"""

SCROLLED = """() => [...document.body.querySelectorAll('*')].filter(
    e => getComputedStyle(e).overflowX != 'visible' && e.scrollWidth > e.clientWidth + 1
).map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 60)}`)"""

OVERLAPPING = """svg => {
    const texts = [...svg.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()]);
    const found = [];
    texts.forEach(([a, p], i) => texts.slice(i + 1).forEach(([b, q]) => {
        const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
        const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
        if (x > 1 && y > 1) found.push(`${a.textContent} / ${b.textContent}`);
    }));
    return found;
}"""

SMALLEST_TEXT = """() => Math.min(...[...document.querySelectorAll('svg text')].map(
    t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing = f"none of {', '.join(PROGRAMS)} is here; on Debian: apt-get install chromium"
        # Continuous integration installs one, and without it would check nothing here.
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, timeout=300_000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(browser: Browser, resolved: Path) -> Iterator[Page]:
    """The report of a resolved incident with a long title, and two links that have a parallel."""
    facts = facts_of(resolved, COMPARISONS)
    twins = [
        link.model_copy(update={"id": f"{link.id}#2", "a": link.b, "b": link.a, "down": True})
        for link in facts.topology.links[:2]
    ]
    topology = facts.topology.model_copy(update={"links": (*facts.topology.links, *twins)})
    incident = facts.incident.model_copy(update={"title": LONG_TITLE})
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.set_content(to_html(facts.model_copy(update={"topology": topology, "incident": incident})))
    yield page
    page.close()


def _show(page: Page, media: str, size: dict[str, int]) -> None:
    page.emulate_media(media="print" if media == "print" else "screen")
    page.set_viewport_size({"width": size["width"], "height": size["height"]})


@pytest.mark.slow
@pytest.mark.parametrize(("media", "size"), [("screen", TELEPHONE), ("print", A4_BETWEEN_MARGINS)])
def test_nothing_is_wider_than_a_telephone_or_a_printed_page(
    report: Page, media: str, size: dict[str, int]
) -> None:
    _show(report, media, size)
    assert report.evaluate(TOO_WIDE) == []
    assert report.evaluate(SCROLLED) == []
    assert report.evaluate("innerWidth") == size["width"]
    assert report.locator("h1").evaluate("e => e.innerText") == LONG_TITLE
    assert report.evaluate(SMALLEST_TEXT) >= 9.0


@pytest.mark.slow
@pytest.mark.parametrize(("width", "columns"), [(500, 1), (1300, 3)])
def test_no_name_on_a_map_lies_over_another(report: Page, width: int, columns: int) -> None:
    _show(report, "screen", {"width": width, "height": 900})
    maps = report.locator(".maps svg")
    assert maps.count() == 3
    lefts = maps.evaluate_all("all => all.map(e => Math.round(e.getBoundingClientRect().left))")
    assert len(set(lefts)) == columns
    for i in range(maps.count()):
        assert maps.nth(i).locator("text").count() >= 4
        assert maps.nth(i).evaluate(OVERLAPPING) == []


def test_a_row_of_many_columns_says_on_a_telephone_what_each_figure_is(report: Page) -> None:
    _show(report, "screen", TELEPHONE)
    row = report.locator("#comparison tbody tr").first
    said = row.locator("td").evaluate_all(
        "all => all.map(e => getComputedStyle(e, '::before').content + ' ' + e.innerText)"
    )
    assert said[1:3] == ['"SLO minutes lost" 12.5', '"Services hit" 3']
    _show(report, "print", A4_BETWEEN_MARGINS)
    assert report.locator("#comparison thead").is_visible()
    assert row.locator("td").nth(1).evaluate("e => getComputedStyle(e, '::before').content") == (
        "none"
    )


@pytest.mark.slow
def test_print_cuts_no_row_of_a_table_and_repeats_the_heads(report: Page) -> None:
    _show(report, "print", A4_BETWEEN_MARGINS)
    assert not report.locator("nav").is_visible()
    rows = report.locator("tbody tr").evaluate_all("all => all.map(e => e.innerText)")
    pages = [_squashed(p.extract_text()) for p in PdfReader(BytesIO(report.pdf(format="A4"))).pages]
    assert len(pages) > 3
    assert [row for row in rows if not any(_squashed(row) in page for page in pages)] == []
    first, last = (
        _page_of(report.locator("#timeline tbody tr").nth(i).inner_text(), pages) for i in (0, -1)
    )
    for page in pages[first : last + 1]:
        assert "UTCWhoWhat" in page


def _squashed(text: str) -> str:
    """Without spaces, ligatures and the bullets of lists."""
    return re.sub(r"[\s•]", "", unicodedata.normalize("NFKC", text))


def _page_of(row: str, pages: list[str]) -> int:
    return next(i for i, page in enumerate(pages) if _squashed(row) in page)


@pytest.mark.slow
@pytest.mark.parametrize("depth", ["1", "node"])
def test_no_text_of_a_planner_s_map_lies_over_another(
    browser: Browser, tmp_path: Path, depth: str
) -> None:
    planned = open_planned(StateDirectory(tmp_path), "sndlib/germany50", "peak", seed=1)
    found = survey(planned.twin, planned.state, "node" if depth == "node" else "1")
    file = tmp_path / "map.svg"
    worst = found.ranking()[:10].tolist()
    draw_criticality(file, planned, found, severity(found, None), worst)
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(file.as_uri(), timeout=300_000)
    texts = page.locator("text").all_text_contents()
    assert {node.id for node in planned.state.topology.nodes} <= set(texts)
    assert {str(rank) for rank in range(1, 11)} <= set(texts)
    assert page.locator("svg").first.evaluate(OVERLAPPING) == []
    page.close()
