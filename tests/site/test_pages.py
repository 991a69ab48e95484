"""Every page at a desk: nothing missing, nothing foreign, not heavy, and nothing cut on paper."""

from dataclasses import dataclass

import pytest
from reading import PAGES, file_of, gzipped, visit, window

FIRST_VIEW = 1_500_000  # bytes, gzipped
FACTS = """() => {
  const formulas = [...document.querySelectorAll("article .math")];
  const broken = "mjx-merror, [data-mjx-error], mjx-mtext[style*='color: red']";
  const images = [...document.querySelectorAll("img")];
  return {
    formulas: formulas.length,
    untypeset: formulas.filter((box) => !box.querySelector("mjx-container")).length,
    broken: [...document.querySelectorAll(broken)].map((box) => box.textContent),
    fonts: [...document.fonts].filter((font) => font.status === "error").map((f) => f.family),
    silent: [...document.querySelectorAll("article img")].filter((image) => !image.alt.trim())
      .map((image) => image.src.slice(0, 80)),
    blank: images.filter((image) => image.complete && !image.naturalWidth)
      .map((image) => image.src.slice(0, 80)),
    sliders: [...document.querySelectorAll("input[type=range]")].map((slider) => slider.id),
  };
}"""

PAPER = 642  # CSS pixels across an A4 page with margins of 2 cm
OUTSIDE = """(width) => [...document.querySelectorAll(
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
}).map((box) => box.outerHTML.slice(0, 120))"""
MASKED = """[...document.querySelectorAll('.scrolls')].filter(
  box => getComputedStyle(box).maskImage !== 'none').length"""
FURNITURE = (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer")
CONTENT = (".bd-article", ".provenance")


@dataclass
class Seen:
    trouble: list[str]
    weight: int
    facts: dict
    stuck: list[str]
    paper: dict


@pytest.fixture(scope="module")
def seen(browser, address):
    """Each page opened once: what went wrong, what it asked for, what it shows and prints."""
    found = {}
    with window(browser, address) as (page, trouble):
        for name in [*PAGES, "search", "404"]:
            visit(page, f"{address}{name}.html")
            files = {file_of(url) for url in trouble.addresses if url.startswith(address)}
            weight = sum(gzipped(file) for file in files if file.is_file())
            facts = page.evaluate(FACTS)
            wrong = stuck(page, facts["sliders"])
            paper = on_paper(page) if name in PAGES else {}
            found[name] = Seen(trouble.found.copy(), weight, facts, wrong, paper)
            trouble.forget()
    return found


@pytest.mark.parametrize("name", [*PAGES, "search", "404"])
def test_page_opens_without_trouble(seen, name):
    assert seen[name].trouble == []


@pytest.mark.parametrize("name", PAGES)
def test_mathematics_is_typeset(seen, site, name):
    facts = seen[name].facts
    source = (site / f"{name}.html").read_text("utf-8")
    assert facts["formulas"] > 0 or 'class="math' not in source
    assert facts["untypeset"] == 0
    assert facts["broken"] == []
    assert facts["fonts"] == []


@pytest.mark.parametrize("name", PAGES)
def test_images_load_and_speak(seen, name):
    assert seen[name].facts["silent"] == []
    assert seen[name].facts["blank"] == []


@pytest.mark.parametrize("name", PAGES)
def test_first_view_is_light(seen, name):
    assert 100_000 < seen[name].weight <= FIRST_VIEW  # below: the measurement missed the scripts


@pytest.mark.parametrize("name", PAGES)
def test_sliders_move_by_keyboard(seen, name):
    assert seen[name].stuck == []


@pytest.mark.parametrize("name", PAGES)
def test_print_cuts_nothing_but_the_furniture(seen, name):
    assert seen[name].paper == {
        "outside": [],
        "still folded": 0,
        "masked": 0,
        "furniture": dict.fromkeys(FURNITURE, False),
        "content": dict.fromkeys(CONTENT, True),
        "headings": 1,
        "left open": 0,
    }


def test_the_book_has_sliders(seen):
    assert any(page.facts["sliders"] for page in seen.values())


def stuck(page, sliders: list[str]) -> list[str]:
    """What is wrong with the page's sliders for a reader who has only a keyboard."""
    if not sliders:
        return []
    page.evaluate(
        "window.reached = []; addEventListener('focusin', e => { reached.push(e.target.id) })"
    )
    reached = []
    for _ in range(20):
        for _ in range(30):
            page.keyboard.press("Tab")
        reached = page.evaluate("window.reached")
        if set(sliders) <= set(reached):
            break
    found = [f"{slider}: the Tab key does not reach it" for slider in set(sliders) - set(reached)]
    for slider in sliders:
        page.focus(f"#{slider}")
        before = look(page, slider)
        page.keyboard.press("ArrowRight")
        after = look(page, slider)
        found += [f"{slider}: its {part} stays" for part in before if before[part] == after[part]]
    return found


def look(page, slider: str) -> dict[str, str]:
    """What a reader gets from a slider."""
    return page.evaluate(
        """(id) => {
          const slider = document.getElementById(id);
          const image = slider.closest(".mathdl-explore").querySelector("img");
          return {
            picture: image.src,
            description: image.alt,
            "shown value": slider.nextElementSibling.textContent,
            "spoken value": slider.getAttribute("aria-valuetext"),
          };
        }""",
        slider,
    )


def on_paper(page) -> dict:
    """What the page looks like in print, and whether it folds again afterwards."""
    desk = page.viewport_size
    page.set_viewport_size({"width": PAPER, "height": desk["height"]})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    folded = "document.querySelectorAll('article details:not([open])').length"
    headings = page.locator("article h1, #jb-print-docs-body h1")
    found = {
        "outside": page.evaluate(OUTSIDE, PAPER),
        "still folded": page.evaluate(folded),
        "masked": page.evaluate(MASKED),
        "furniture": {name: page.locator(name).first.is_visible() for name in FURNITURE},
        "content": {name: page.locator(name).is_visible() for name in CONTENT},
        "headings": headings.locator("visible=true").count(),
    }
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    found["left open"] = page.evaluate("document.querySelectorAll('article details[open]').length")
    page.emulate_media(media="null")
    page.set_viewport_size(desk)
    return found
