"""The map of results in words: three sentences for the front page, and a page with the table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tools import ledger
from tools.pages import Book
from tools.results_map import Result, ResultsMap, results_map

OPENING = """---
description: Every statement of the book - what is known of it, which statements its proof uses, and which proofs use it.
---

(results-at-a-glance)=
# Results at a glance

This is the map of {{ref}}`index` as a table, made from the sources when the book is built. {sentences}

- **Proved**: the proof stands in this book, and so do the proofs of all statements that it uses.
- **Proved from a citation**: the proof stands here, and somewhere below it uses a statement whose proof does not.
- **Cited**: the proof is a reference to the literature.
- **Open**: nobody has proved it as far as we know, and no proof uses it. It starts where other statements end.

A proof *uses* a statement if it refers to it. Proofs that quote the literature for a single step say so where they do.
"""  # noqa: E501
HEADS = "| result | known | uses | used by |\n|:--|:--|:--|:--|\n"
KNOWN = {
    "proved": "proved",
    "conditional": "proved from a citation",
    "cited": "cited",
    "open": "open",
}
NOTHING = "–"


def write_page(path: Path, book: Book) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(results_page(book), encoding="utf-8")


def results_page(book: Book) -> str:
    """The Markdown of the page."""
    found = results_map(book)
    parts = [OPENING.format(sentences=sentences(found))]
    for name, results in groupby(found.results.values(), key=lambda result: result.page):
        rows = "".join(_row(result, found) for result in results)
        parts.append(f"## {ledger.title_of(book.page(name))}\n\n{HEADS}{rows}")
    return "\n".join(parts)


def _row(result: Result, found: ResultsMap) -> str:
    title = result.title.replace("|", r"\vert ")
    name = f"{{ref}}`{result.label}`" if result.state == "open" else _link(result.label, title)
    starts = [used for used, problem in found.starts if problem == result.label]
    uses = _links(found.uses[result.label])
    if starts:
        uses = f"starts from {_links(starts)}"
    cells = [name, KNOWN[result.state], uses, _links(found.used_by[result.label])]
    return f"| {' | '.join(cells)} |\n"


def _link(label: str, title: str = "") -> str:
    return f"{{prf:ref}}`{label}`" + (f": {title}" if title else "")


def _links(labels: list[str]) -> str:
    return ", ".join(map(_link, labels)) or NOTHING


def sentences(found: ResultsMap) -> str:
    """What the map shows, in three sentences of Markdown whose numbers are counted."""
    return " ".join(_sentences(found))


def _sentences(found: ResultsMap) -> Iterator[str]:
    most, chain = found.most_used(), found.longest_chain()
    if most:
        times = len(found.used_by[most.label])
        proofs = "one proof uses" if times == 1 else f"{times} proofs use"
        yield f"The statement that is used most is {_link(most.label)}{_named(most)}: {proofs} it."
    if len(chain) > 1:
        yield (
            f"The longest chain, in which each proof uses the one before it, has {len(chain)} "
            f"statements and leads from {_link(chain[0].label)}{_named(chain[0])} to "
            f"{_link(chain[-1].label)}{_named(chain[-1])}."
        )
    stated = len(found.results) - len(found.in_state("open"))
    cited, through = len(found.in_state("cited")), len(found.in_state("conditional"))
    rest = f"Of {stated} statements {cited + through or 'none'} rest on a citation"
    if cited:
        rest += f": {_are(cited)} cited"
    if through:
        rest += f", and {_are(through)} proved here from {'a cited one' if cited == 1 else 'these'}"
    others = f"the other {stated - cited - through}" if cited else "all"
    yield f"{rest}; the proofs of {others} stand in this book."


def _are(number: int) -> str:
    return f"{number} is" if number == 1 else f"{number} are"


def _named(result: Result) -> str:
    return f" ({result.title})" if result.title else ""
