"""axe-core, and what it does not look at: width on a phone, and whether a wide box says so."""

import pytest
from reading import PAGES, unfold, visit, window

WIDTHS, MODES = (1280, 390), ("light", "dark")
# one page of each kind: prose, statements and experiments, generated table and reference, search
KINDS = [
    name
    for name in (
        "chapters/index",
        "chapters/approximation/barron-space",
        "chapters/appendix/ledger",
        "chapters/appendix/library",
        "search",
    )
    if name in [*PAGES, "search"]
]
REST = [name for name in [*PAGES, "404"] if name not in KINDS]
MATRIX = [(name, width, mode) for width in WIDTHS for mode in MODES for name in KINDS]
MATRIX += [(name, 390, "dark") for name in REST]


@pytest.fixture(scope="module")
def windows(browser, address):
    """A function that gives the one page of a width and a mode."""
    with (
        window(browser, address, 1280, "light") as (a, _),
        window(browser, address, 1280, "dark") as (b, _),
        window(browser, address, 390, "light") as (c, _),
        window(browser, address, 390, "dark") as (d, _),
    ):
        yield {(1280, "light"): a, (1280, "dark"): b, (390, "light"): c, (390, "dark"): d}


@pytest.mark.parametrize(("name", "width", "mode"), MATRIX)
def test_axe_finds_no_violation(windows, address, name, width, mode):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = windows[width, mode]
    query = "?q=theorem" if name == "search" else ""
    visit(page, f"{address}{name}.html{query}")
    assert page.evaluate("document.documentElement.dataset.theme") == mode
    unfold(page)
    violations = axe.run(page).response["violations"]
    assert [
        f"{found['id']}: {node['html'][:150]}" for found in violations for node in found["nodes"]
    ] == []


@pytest.mark.parametrize("name", [*PAGES, "search", "404"])
def test_phone_page_does_not_scroll_sideways(windows, address, name):
    page = windows[390, "light"]
    visit(page, f"{address}{name}.html")
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("scrollTo(1000, 0)")
    assert page.evaluate("scrollX") == 0


@pytest.mark.parametrize("name", PAGES)
def test_what_scrolls_shows_it_and_can_be_reached(windows, address, name):
    page = windows[390, "dark"]
    visit(page, f"{address}{name}.html")
    unfold(page)
    silent = page.evaluate(
        """() => [...document.querySelectorAll("article *")].filter((box) => {
          if (box.closest("mjx-assistive-mml, mjx-math") || box.clientWidth === 0) return false;
          const scrolls = ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
          if (!scrolls || box.scrollWidth <= box.clientWidth + 1) return false;
          const mask = getComputedStyle(box).maskImage;
          return !(mask.includes("gradient") && box.tabIndex === 0 && box.ariaLabel);
        }).map((box) => box.outerHTML.slice(0, 120))"""
    )
    assert silent == []


@pytest.mark.parametrize("name", PAGES)
def test_no_formula_is_cut_off(windows, address, name):
    page = windows[390, "dark"]
    visit(page, f"{address}{name}.html")
    unfold(page)
    cut = page.evaluate(
        """() => [...document.querySelectorAll("article .math")].filter((box) => {
          const formula = box.querySelector("mjx-math").getBoundingClientRect();
          const scroller = box.matches("div") ? box.querySelector("mjx-container") : box;
          const hidden = getComputedStyle(scroller).overflowX === "hidden";
          return hidden && formula.width > scroller.clientWidth + 2;
        }).map((box) => box.outerHTML.slice(0, 120))"""
    )
    assert cut == []


def test_cue_comes_and_goes_with_the_width(windows, address):
    page = windows[1280, "light"]
    visit(page, f"{address}chapters/approximation/barron-space.html")
    marked = "document.querySelectorAll('article .scrolls[tabindex][aria-label]').length"
    wide = page.evaluate(marked)
    page.evaluate("document.querySelector('article').style.width = '160px'")
    page.wait_for_function(f"{marked} > {wide}")
    page.evaluate("document.querySelector('article').style.width = ''")
    page.wait_for_function(f"{marked} === {wide}")
