"""The book away from its server: printed, and opened from disk."""

import pytest
from reading import PAGES, visit, window


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
