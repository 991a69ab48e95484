"""axe-core, and what it does not look at: width on a phone, and whether a wide box says so."""

import pytest
from contrast import violations
from reading import PAGES, unfold, visit, window

# one page of each kind: prose, statements and experiments, generated table and reference, search
KINDS = (
    "chapters/index",
    "chapters/approximation/barron-space",
    "chapters/appendix/ledger",
    "chapters/appendix/library",
    "search",
)
EVERYWHERE = [*PAGES, "search", "404"]
MATRIX = [
    *((name, 1280, mode) for mode in ("light", "dark") for name in KINDS),
    *((name, 390, "light") for name in KINDS),
    *((name, 390, "dark") for name in EVERYWHERE),
]
# boxes that scroll, and do not show it or cannot be reached with the keyboard
SILENT = """() => [...document.querySelectorAll("article *")].filter((box) => {
  if (box.closest("mjx-assistive-mml, mjx-math") || box.clientWidth === 0) return false;
  if (box.scrollWidth <= box.clientWidth + 1) return false;
  const style = getComputedStyle(box);
  if (!["auto", "scroll"].includes(style.overflowX)) return false;
  return !(style.maskImage.includes("gradient") && box.tabIndex === 0 && box.ariaLabel);
}).map((box) => box.outerHTML.slice(0, 120))"""
# formulas whose end is neither on the page nor to be scrolled to
CUT = """() => [...document.querySelectorAll("article .math")].filter((box) => {
  const formula = box.querySelector("mjx-math").getBoundingClientRect();
  const scroller = box.matches("div") ? box.querySelector("mjx-container") : box;
  const hidden = getComputedStyle(scroller).overflowX === "hidden";
  return hidden && formula.width > scroller.clientWidth + 2;
}).map((box) => box.outerHTML.slice(0, 120))"""
SIDEWAYS = "scrollTo(1000, 0), [document.documentElement.scrollWidth, scrollX]"


@pytest.fixture(scope="module")
def seen(browser, address):
    """Each page opened once in each width and mode of the matrix, and what was found there."""
    found = {}
    for look in dict.fromkeys((width, mode) for _, width, mode in MATRIX):
        with window(browser, address, *look) as (page, _):
            for name in (name for name, *other in MATRIX if tuple(other) == look):
                query = "?q=theorem" if name == "search" else ""
                visit(page, f"{address}{name}.html{query}")
                unfold(page)
                found[name, *look] = {
                    "mode": page.evaluate("document.documentElement.dataset.theme"),
                    "silent": page.evaluate(SILENT),
                    "cut": page.evaluate(CUT),
                    "sideways": page.evaluate(SIDEWAYS),
                    "violations": violations(page),
                }
    return found


@pytest.mark.parametrize(("name", "width", "mode"), MATRIX)
def test_axe_finds_no_violation(seen, name, width, mode):
    assert seen[name, width, mode]["mode"] == mode
    assert seen[name, width, mode]["violations"] == []


@pytest.mark.parametrize("name", EVERYWHERE)
def test_phone_page_does_not_scroll_sideways(seen, name):
    assert seen[name, 390, "dark"]["sideways"] == [390, 0]


@pytest.mark.parametrize(("name", "width", "mode"), MATRIX)
def test_what_scrolls_shows_it_and_can_be_reached(seen, name, width, mode):
    assert seen[name, width, mode]["silent"] == []


@pytest.mark.parametrize(("name", "width", "mode"), MATRIX)
def test_no_formula_is_cut_off(seen, name, width, mode):
    assert seen[name, width, mode]["cut"] == []


def test_cue_comes_and_goes_with_the_width(browser, address):
    with window(browser, address) as (page, _):
        visit(page, f"{address}chapters/appendix/notation.html")
        marked = "document.querySelectorAll('article .scrolls[tabindex][aria-label]').length"
        wide = page.evaluate(marked)
        page.evaluate("document.querySelector('article').style.width = '160px'")
        page.wait_for_function(f"{marked} > {wide}")
        page.evaluate("document.querySelector('article').style.width = ''")
        page.wait_for_function(f"{marked} === {wide}")


@pytest.mark.parametrize(
    ("width", "opens"),
    [(390, "Pages of the book"), (390, "Search"), (390, "Download"), (1280, "Search")],
)
def test_axe_finds_no_violation_in_what_opens(browser, address, width, opens):
    with window(browser, address, width, "dark") as (page, trouble):
        visit(page, f"{address}chapters/index.html")
        page.get_by_role("button", name=opens, exact=True).locator("visible=true").first.click()
        page.wait_for_timeout(100)
        assert trouble.found == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations(page) == []


PALE = """() => {
  const names = [...document.querySelectorAll("article .highlight span.n")];
  names.filter((name) => name.textContent.length > 1).at(-9).style.color = "#777";
}"""


def test_axe_sees_one_pale_name_among_hundreds(browser, address):
    with window(browser, address, mode="dark") as (page, _):
        visit(page, f"{address}chapters/approximation/index.html")
        unfold(page)
        page.evaluate(PALE)
        assert [one.split(" ")[:2] for one in violations(page)] == [["color-contrast:", "<span"]]
