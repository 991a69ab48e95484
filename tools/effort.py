"""How long it takes to read a page: an estimate from its source, by a rule that the book states."""

from __future__ import annotations

import re

from tools.pages import Page

WORDS_A_MINUTE = 130  # a formula in the text counts as one word
MINUTES_A_FORMULA = 0.5  # displayed
MINUTES_A_CELL = 1.0  # shown, not folded
STEP = 5  # minutes; anything finer would claim to know
RULE = (
    f"{WORDS_A_MINUTE} words a minute, half a minute for each displayed formula, a minute for each "
    f"cell of code that is shown, rounded to {STEP} minutes"
)


def minutes(page: Page) -> int:
    """Minutes to read a page up to its exercises, by `RULE`."""
    text = re.split(r"(?m)^## Exercises", page.text, maxsplit=1)[0]
    last = text.count("\n")
    shown = sum(
        not any(tag.startswith(("hide", "remove")) for tag in cell.tags)
        for cell in page.cells
        if cell.line <= last
    )
    text = re.sub(r"(?s)\A---\n.*?\n---\n", "", text)
    text = re.sub(r"(?ms)^(`{3,}|:{3,})\{code-cell\}.*?^\1", "", text)
    text, displayed = re.subn(r"(?s)\$\$.*?\$\$", " ", text)
    words = len(re.sub(r"(?s)\$[^$]+\$", "x", text).split())
    spent = words / WORDS_A_MINUTE + displayed * MINUTES_A_FORMULA + shown * MINUTES_A_CELL
    return STEP * max(1, round(spent / STEP))
