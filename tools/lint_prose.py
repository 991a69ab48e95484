"""Rules about the words of a page: no result typed by hand, no path of one machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

from tools.pages import Page

# Directives whose content is mathematics, code or data rather than prose.
NO_PROSE = {
    "code-cell", "code", "code-block", "literalinclude", "math", "figure", "image", "bibliography",
    "raw", "prf:definition", "prf:proof", "prf:theorem", "prf:proposition", "prf:lemma",
    "prf:corollary",
}  # fmt: skip
ABSOLUTE = re.compile(r"(?<![\w.:/])(?:/(?:home|mnt|root|scratch|tmp|work|Users)/|[A-Z]:\\)")
RELATIVE = re.compile(r"(?<![\w./])(?:\.\./)+[\w./-]*\w")
DECIMAL = re.compile(r"(?<![\w.,])\d+\.\d+(?!\.?\d)")
# Numbers that are names: Theorem 2.12, Python 3.11, Section 4.13, arXiv 1906.08039.
NAMED = re.compile(
    r"(?:theorems?|propositions?|prop\.|lemmas?|corollar(?:y|ies)|definitions?|remarks?|examples?|"
    r"exercises?|equations?|eqs?\.|sections?|sec\.|chapters?|§|figures?|fig\.|tables?|inequality|"
    r"thm\.|python|version|v\.|licen[sc]e|wcag|arxiv:?|doi:?)[\s~(]*"
    r"(?:[\d.]+(?:,|\sand|,\sand|\sto|–)\s*)*$",  # Theorems 2.11, 2.12 and 2.13
    re.IGNORECASE,
)

_parser = (
    MarkdownIt("commonmark")
    .enable("table")
    .use(front_matter_plugin)
    .use(colon_fence_plugin)
    .use(dollarmath_plugin, allow_labels=True)
    .use(amsmath_plugin)
    .use(myst_block_plugin)
    .use(myst_role_plugin)
)


def prose_problems(page: Page) -> Iterator[tuple[int, str]]:
    """Typed results, and paths that exist on one machine only."""
    for line, text in prose(page):
        for start, typed in typed_results(text):
            yield (
                line + text[:start].count("\n"),
                f"the number {typed} is typed by hand: glue it from the cell that computes it.",
            )
    for number, source in enumerate(page.text.splitlines(), 1):
        for path in ABSOLUTE.findall(source):
            yield number, f"the path {path} exists on one machine only."
        for path in RELATIVE.findall(source):
            target = page.path.parent / path.removesuffix(".html")
            if not any(target.with_name(target.name + end).exists() for end in ("", ".md")):
                yield number, f"the path {path} is not in the book."


def typed_results(text: str) -> list[tuple[int, str]]:
    """The decimals of three or more significant digits that are not numbers of theorems.

    >>> typed_results("The error is 0.0312, about half of 0.06.")
    [(13, '0.0312')]
    >>> typed_results("See Theorems 26.12 and 26.13, and Python 3.11.")
    []
    """
    found = []
    for match in DECIMAL.finditer(text):
        digits = match[0].replace(".", "").lstrip("0")
        if len(digits) >= 3 and not NAMED.search(text[: match.start()]):
            found.append((match.start(), match[0]))
    return found


def prose(page: Page) -> Iterator[tuple[int, str]]:
    """The paragraphs of a page with their lines: no code, mathematics, roles, statements."""
    yield from _texts(page.text, 1)
    skip_below: int | None = None  # the depth of a directive that holds no prose
    for directive in page.directives:
        if skip_below is not None and directive.depth > skip_below:
            continue
        skip_below = directive.depth if directive.name in NO_PROSE else None
        if skip_below is None:
            yield from _texts(directive.body, directive.body_line)


def _texts(source: str, first_line: int) -> Iterator[tuple[int, str]]:
    """The text of the paragraphs of a source, without the directives inside it."""
    for token in _parser.parse(source):
        if token.type != "inline":
            continue
        text = ""
        for child in token.children or []:
            if child.type in ("text", "text_special"):
                text += child.content
            elif child.type in ("softbreak", "hardbreak"):
                text += "\n"
            elif not child.type.endswith(("_open", "_close")):
                text += "¤"  # code, mathematics or a role stood here
        yield first_line + (token.map[0] if token.map else 0), text
