"""axe-core, made several times faster: of the texts that look alike, it measures three.

The contrast of a text follows from its look and the looks of all boxes around it. Texts that agree
in them form a group, and of each group axe measures the first, the middle and the last one. What
else axe checks, it checks everywhere; only keywords that stand for nothing else and the glyphs of
formulas, which are no text, are taken out before.
"""

import functools

import pytest

# no rule that is on reads the style sheets, which axe would fetch once more
OPTIONS = {"resultTypes": ["violations"], "preload": False}
MEASURED_ONLY = """
axe.configure({ rules: [{ id: "color-contrast", selector: "[data-measured]" }] });
"""
THIN_OUT = """() => {
  for (const formula of document.querySelectorAll("mjx-math")) {
    const { width, height } = formula.getBoundingClientRect();
    formula.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px`;
    formula.replaceChildren();
  }
  for (const spoken of document.querySelectorAll("mjx-assistive-mml > math")) {
    spoken.replaceChildren(spoken.textContent);
  }
}"""
MARK = """() => {
  const numbers = new Map(), looks = new Map(), groups = new Map();
  const number = (key) => numbers.get(key) ?? numbers.set(key, numbers.size).get(key);
  const look = (box) => {
    if (box === null) return "page";
    if (looks.has(box)) return looks.get(box);
    const style = getComputedStyle(box);
    looks.set(box, number([
      look(box.parentElement), box.localName, box.getAttribute("class"), style.display,
      style.visibility, style.position, style.zIndex, style.transform, style.overflow,
      style.color, style.opacity, style.filter, style.mixBlendMode, style.textShadow,
      style.backgroundColor, style.backgroundImage, style.fontSize, style.fontWeight,
    ].join("|")));
    return looks.get(box);
  };
  const isText = (node) => node.nodeType === Node.TEXT_NODE;
  for (const box of document.body.querySelectorAll("*")) {
    const text = [...box.childNodes].filter(isText).map((node) => node.data.trim()).join("");
    if (!text && !box.matches("input, select, textarea")) continue;
    const key = `${look(box)}|${text.length > 1}`;  // axe judges no single character
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(box);
  }
  for (const boxes of groups.values()) {
    const [first, middle, last] = [0, boxes.length >> 1, boxes.length - 1];
    for (const at of [first, middle, last]) boxes[at].dataset.measured = "";
  }
  const spans = [...document.querySelectorAll("article span:not([data-measured])")];
  for (const span of spans.reverse()) {  // what is inside comes first
    const isPlain = [...span.attributes].every(({ name }) => name === "class");
    if (isPlain && !span.children.length) span.replaceWith(span.textContent);
  }
}"""


@functools.cache
def axe():
    runner = pytest.importorskip("axe_playwright_python.sync_playwright").Axe
    script = pytest.importorskip("axe_playwright_python.base").AXE_SCRIPT
    return runner(script + MEASURED_ONLY)


def violations(page) -> list[str]:
    """What axe finds on the page, which it leaves thinned out."""
    runner = axe()
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(THIN_OUT)
    page.evaluate(MARK)
    return [
        f"{found['id']}: {node['html'][:150]}"
        for found in runner.run(page, options=OPTIONS).response["violations"]
        for node in found["nodes"]
    ]
