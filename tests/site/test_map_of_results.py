"""The map of results on the front page: links, a table that agrees, keyboard, finger, no script."""

import re
from urllib.parse import urldefrag, urljoin

import pytest
from reading import BOOK, unfold, visit, window

from tools import needs, results_map

FRONT, TABLE = "chapters/index.html", "chapters/appendix/results.html"
FOUND = results_map.results_map(BOOK)
LABELS = set(FOUND.results)
DOTS = """() => [...document.querySelectorAll(".results-page a")].map((dot) => ({
  label: dot.id.replace(/^map-/, ""), to: dot.href, name: dot.ariaLabel,
  uses: (dot.dataset.uses ?? "").split(" ").filter(Boolean).map(Number),
  state: dot.firstChild.classList[1],
}))"""
ROWS = """() => [...document.querySelectorAll("article tbody tr")].map((row) => {
  const targets = (at) => [...row.cells[at].querySelectorAll("a")].map((a) => a.href.split("#")[1]);
  return { label: targets(0)[0], known: row.cells[1].innerText.trim(),
           uses: targets(2), usedBy: targets(3) };
})"""
LIT = """(kind) => [...document.querySelectorAll(`.results-page a.${kind}`)]
  .map((dot) => dot.id.replace(/^map-/, ""))"""
FOCUSED = "document.activeElement.id.replace(/^map-/, '')"
USER = FOUND.longest_chain()[-1].label  # a statement with a chain below it
BELOW = [result.label for result in FOUND.longest_chain()[:-1]]


@pytest.fixture(scope="module")
def dots(browser, address):
    with window(browser, address) as (page, trouble):
        visit(page, address + FRONT)
        found = page.evaluate(DOTS)
        assert trouble.found == []
    return {dot["label"]: dot for dot in found}


def test_every_result_is_a_dot_with_a_name(dots):
    assert set(dots) == LABELS
    for label, dot in dots.items():
        assert dot["state"] == FOUND.results[label].state
        assert len(dot["name"]) > 15 and "$" not in dot["name"]


def test_every_dot_leads_to_its_statement(dots, address, site):
    files: dict[str, str] = {}
    for label, dot in dots.items():
        page, anchor = urldefrag(urljoin(address + FRONT, dot["to"]))
        file = page.removeprefix(address)
        assert file == f"chapters/{FOUND.results[label].page}.html"
        text = files.setdefault(file, (site / file).read_text("utf-8"))
        assert f'id="{anchor}"' in text, label


def test_the_built_arrows_are_those_of_the_proofs(dots):
    labels = list(dots)
    arrows = {(labels[at], label) for label, dot in dots.items() for at in dot["uses"]}
    assert arrows == set(FOUND.arrows)


def test_the_table_is_the_map(browser, address):
    with window(browser, address) as (page, _):
        visit(page, address + TABLE)
        rows = page.evaluate(ROWS)
    slug = {label.lower().replace("_", "-"): label for label in LABELS}
    assert {slug[row["label"]] for row in rows} == LABELS and len(rows) == len(LABELS)
    stated = [row for row in rows if row["known"] != "open"]
    uses = {(slug[used], slug[row["label"]]) for row in stated for used in row["uses"]}
    used_by = {(slug[row["label"]], slug[user]) for row in rows for user in row["usedBy"]}
    assert uses == used_by == set(FOUND.arrows)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_dot_shows_its_arrows_by_keyboard(browser, address, width):
    with window(browser, address, width) as (page, trouble):
        visit(page, address + FRONT)
        assert page.locator(".results-page a[tabindex='0']").count() == 1
        page.focus(f"#map-{USER}")
        direct, below = page.evaluate(LIT, "uses"), page.evaluate(LIT, "below")
        assert set(direct) == set(FOUND.uses[USER]) and set(BELOW) <= {*direct, *below}
        assert set(page.evaluate(LIT, "used-by")) == set(FOUND.used_by[USER])
        assert page.locator(".results-arrows path").count() >= len(BELOW)
        title = FOUND.results[USER].title
        assert title in page.locator(".results-shown").inner_text()
        style = "getComputedStyle(document.activeElement).outlineStyle"
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
        assert page.evaluate(style) == "solid"
        page.keyboard.press("Home")
        first = page.evaluate(FOCUSED)
        seen = {first}
        for key in ("ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft", "End"):
            page.keyboard.press(key)
            seen.add(page.evaluate(FOCUSED))
        assert len(seen) > 3 and seen <= LABELS
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED) not in LABELS
        assert page.evaluate(LIT, "shown") == []
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "#" in url)
        assert trouble.found == []


def test_the_map_can_be_skipped(browser, address):
    with window(browser, address) as (page, _):
        visit(page, address + FRONT)
        page.focus(".results-skip")
        assert page.locator(".results-skip").bounding_box()["width"] > 40
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        inside = "document.activeElement.closest('.results-map') !== null"
        assert not page.evaluate(inside)


def test_a_finger_sees_before_it_goes(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 900}, has_touch=True)
    page = context.new_page()
    visit(page, address + FRONT)
    page.tap(f"#map-{USER}")
    assert page.evaluate(LIT, "shown") == [USER] and page.url.endswith(FRONT)
    line = page.locator(".results-shown").bounding_box()
    assert 0 <= line["y"] <= 900 - line["height"]
    page.tap(f"#map-{USER}")
    page.wait_for_url(f"**/{FOUND.results[USER].page}.html#{USER}")
    context.close()


def test_without_script_every_dot_is_a_link_that_tab_reaches(browser, address):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(address + FRONT)
    dots = page.locator(".results-page a")
    assert dots.count() == len(LABELS)
    assert page.locator(".results-page a[tabindex]").count() == 0
    assert dots.first.get_attribute("title").split("\n")[0]
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_map_lies_in_the_first_third_and_in_its_frame(browser, address, width, mode):
    with window(browser, address, width, mode) as (page, _):
        visit(page, address + FRONT)
        unfold(page)
        box = page.locator(".results-map").bounding_box()
        height = page.evaluate("document.querySelector('article').scrollHeight")
        top = box["y"] - page.locator("article").bounding_box()["y"]
        assert top < height / 3
        outside = page.evaluate(
            """() => { const frame = document.querySelector(".results-map").getBoundingClientRect();
              const boxes = document.querySelectorAll(".results-page a, .results-map svg");
              return [...boxes].filter((one) => {
                const { left, right, width } = one.getBoundingClientRect();
                return width && (left < frame.left - 1 || right > frame.right + 1);
              }).map((one) => one.id); }"""
        )
        assert outside == []
        sizes = page.evaluate(
            """() => [...document.querySelectorAll(".results-page a")].map((dot) => {
              const { width, height } = dot.getBoundingClientRect();
              return [width, height]; })"""
        )
        assert min(min(size) for size in sizes) > 8 and min(max(size) for size in sizes) > 12


def test_paths_of_the_seven_questions_are_closed_and_minimal(site):
    text = (site / FRONT).read_text("utf-8")
    questions = text.split('id="seven-questions"')[1].split("</section>")[0]
    arrows = [(need.of, need.on) for need in needs.needs(BOOK)]
    paths = questions.split("Shortest path:")[1:]
    assert len(paths) == 7
    for path in paths:
        line = path.split("</p>")[0]
        pages = re.findall(r'href="([^"#]+)\.html"', line)
        ends = re.findall(r'<strong><a[^>]*href="([^"#]+)\.html"', line)
        assert ends and set(ends) <= set(pages)
        for at, name in enumerate(pages):
            assert {on for of, on in arrows if of == name} <= set(pages[:at])
            assert name in ends or any(on == name and of in pages for of, on in arrows)
