"""The dossier in a real browser: nothing leaves, nothing complains, nothing overflows, and it prints."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from assessment_fixtures import link, who
from consilience.report.dossier import render

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}: set CHROMIUM to its path")


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module", params=["who-fr", "link-en"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dossier as a file, as a reader would open it."""
    question, lang = request.param.split("-")
    assessment = who() if question == "who" else link()
    path: Path = tmp_path_factory.mktemp("dossier") / f"{request.param}.html"
    path.write_text(render(assessment, lang), encoding="utf-8")
    return path


def test_nothing_leaves_and_nothing_complains(browser: playwright.Browser, file: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(file.as_uri(), wait_until="networkidle")
    assert asked == [file.as_uri()]
    assert said == []
    assert page.evaluate("document.scripts.length") == 0
    page.close()


@pytest.mark.parametrize("width", [375, 768, 1200])
def test_the_page_never_scrolls_sideways(browser: playwright.Browser, file: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    outside = page.evaluate(
        """() => [...document.querySelectorAll('p, h1, h2, h3, li, blockquote, dd, figcaption')]
            .filter(each => !each.closest('.scroll, .vh, .skip') && each.getBoundingClientRect().right > innerWidth + 1)
            .map(each => each.textContent.slice(0, 60))"""
    )
    assert outside == []
    page.close()


def test_no_text_of_a_drawing_leaves_it_or_covers_another(browser: playwright.Browser, file: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(file.as_uri())
    faults = page.evaluate(
        """() => [...document.querySelectorAll('svg')].flatMap(drawing => {
            const room = drawing.getBoundingClientRect();
            const texts = [...drawing.querySelectorAll('text')].map(each => [each, each.getBoundingClientRect()]);
            const outside = texts.filter(([, box]) =>
                box.left < room.left - 1 || box.right > room.right + 1 || box.bottom > room.bottom + 1);
            const covered = texts.filter(([, one], index) => texts.slice(index + 1).some(([, other]) =>
                one.left < other.right - 2 && other.left < one.right - 2 &&
                one.top < other.bottom - 6 && other.top < one.bottom - 6));
            const name = drawing.getAttribute('aria-labelledby');
            return [...outside, ...covered].map(([each]) => `${name}: ${each.textContent}`);
        })"""
    )
    assert faults == []
    page.close()


def test_what_is_wider_than_the_screen_can_be_scrolled_by_keyboard(browser: playwright.Browser, file: Path) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.goto(file.as_uri())
    unreachable = page.evaluate(
        """() => [...document.querySelectorAll('*')]
            .filter(each => getComputedStyle(each).overflowX === 'auto' && each.scrollWidth > each.clientWidth)
            .filter(each => each.tabIndex !== 0 || !each.getAttribute('aria-label'))
            .map(each => each.outerHTML.slice(0, 80))"""
    )
    assert unreachable == []
    page.close()


def test_it_prints_on_a4_with_its_marking_and_all_that_is_folded_on_screen(
    browser: playwright.Browser, file: Path
) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    pdf = pypdfium2.PdfDocument(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    page.close()
    texts = [sheet.get_textpage().get_text_bounded() for sheet in pdf]
    width, height = pdf[0].get_size()
    assert (round(width), round(height)) == (595, 842)
    assert 4 <= len(texts) <= 16
    marking = "TLP:AMBER" if file.stem.startswith("who") else "TLP:CLEAR"
    assert all(marking in text for text in texts)
    whole = " ".join(" ".join(texts).split())
    step = {
        "who-fr": "Limité\u202f: la source a pu être trompée ou la trace fabriquée (1\u00a0%)",
        "link-en": "30 days lie between the two uses",
    }
    assert " ".join(step[file.stem].split()) in whole
    for sheet in pdf:  # nothing reaches into the margins at the sides
        text = sheet.get_textpage()
        boxes = [text.get_rect(index) for index in range(text.count_rects())]
        assert min(left for left, *_ in boxes) >= 14 / 25.4 * 72 - 1
        assert max(right for _, _, right, _ in boxes) <= (210 - 14) / 25.4 * 72 + 1
    pdf.close()
