"""The book away from its server: on paper, and opened from disk."""

import pytest
from reading import PAGES, visit, window

PAPER = 642  # CSS pixels across an A4 page with margins of 2 cm


@pytest.fixture(scope="module")
def paper(browser, address):
    with window(browser, address, PAPER) as (page, _):
        page.emulate_media(media="print")
        yield page


@pytest.mark.parametrize("name", PAGES)
def test_print_cuts_nothing_but_the_furniture(paper, address, name):
    visit(paper, f"{address}{name}.html")
    paper.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    outside = paper.evaluate(
        """(width) => [...document.querySelectorAll(
          "article mjx-math, article pre, article img, article table, article .admonition"
        )].filter((box) => {
          const { left, right } = box.getBoundingClientRect();
          return right - left > 0 && (right > width + 1 || left < -1 || hidden(box));
          function hidden(box) {
            const frame = box.closest("mjx-container[display], pre, .math");
            const style = frame && getComputedStyle(frame);
            if (!style || style.overflowX === "visible") return false;
            return right > frame.getBoundingClientRect().right + 1;
          }
        }).map((box) => box.outerHTML.slice(0, 120))""",
        PAPER,
    )
    assert outside == []
    assert paper.evaluate("document.querySelectorAll('article details:not([open])').length") == 0
    masked = "[...document.querySelectorAll('.scrolls')].filter("
    masked += "box => getComputedStyle(box).maskImage !== 'none').length"
    assert paper.evaluate(masked) == 0
    for furniture in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer"):
        assert not paper.locator(furniture).first.is_visible(), furniture
    for content in (".bd-article", ".provenance"):
        assert paper.locator(content).is_visible(), content
    headings = paper.locator("article h1, #jb-print-docs-body h1")
    assert headings.locator("visible=true").count() == 1
    paper.evaluate("dispatchEvent(new Event('afterprint'))")
    assert paper.evaluate("document.querySelectorAll('article details[open]').length") == 0


def test_printing_opens_folded_solutions_on_white(browser, address):
    """A real print, not only the style of one, by a reader in the dark."""
    with window(browser, address, mode="dark") as (page, _):
        visit(page, f"{address}chapters/approximation/barron-space.html")
        folded = page.locator("article details").count()
        assert folded > 0
        page.evaluate(
            """() => matchMedia("print").addEventListener("change", (event) => {
              const open = document.querySelectorAll("article details[open]").length;
              const theme = document.documentElement.dataset.theme;
              if (event.matches) document.body.dataset.printed = `${open} open, ${theme}`;
            })"""
        )
        assert page.pdf(format="A4")[:5] == b"%PDF-"
        assert page.evaluate("document.body.dataset.printed") == f"{folded} open, light"
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.locator("article details[open]").count() == 0


@pytest.mark.parametrize("name", PAGES[:3])
def test_page_opens_from_disk(browser, site, name):
    with window(browser, site.as_uri()) as (page, trouble):
        visit(page, (site / f"{name}.html").as_uri())
        typeset = "[...document.querySelectorAll('article .math')].every("
        typeset += "box => box.querySelector('mjx-container'))"
        assert page.evaluate(typeset)
        failed = "[...document.fonts].filter(font => font.status === 'error').length"
        assert page.evaluate(failed) == 0
        assert trouble.found == []


def test_front_door_leads_to_the_first_page(browser, site):
    with window(browser, site.as_uri()) as (page, trouble):
        page.goto((site / "index.html").as_uri())
        page.wait_for_url("**/chapters/index.html")
        assert trouble.found == []
