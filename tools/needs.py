"""Which page needs which: read off the sentence in which every page says so.

Pages that prove something say in their opening, in a sentence that begins with "The page" or "It"
and one of the verbs below, what a reader should know. The pages that this sentence links to are
needed; those after the words "for its" ("and, for its second half, ...") for a part only. A page
that needs none says "No other page is needed", or names no page in that sentence.

The sentence must be complete: a proof may use statements of needed pages only, and of those that
these need. And no arrow may close a circle. The pages of background hold the tools of all proofs:
every page may use them without a word, and they need no page but each other.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from tools.pages import Book, Page

SAYS = re.compile(
    r"(?:The page|This page|It) (?:needs|uses|continues|assumes)\b|No other page is needed"
)
TOOLS = "appendix/background"  # how the names of the pages of background begin
PART = re.compile(r"\bfor its\b")
LINK = re.compile(r"\{(doc|ref|prf:ref)\}`(?:[^`<]*<)?([^`<>]+)>?`")


@dataclass(frozen=True)
class Need:
    """An arrow: the page `of` needs the page `on`, in `part` or as a whole."""

    of: str
    on: str
    part: bool


def lectures(book: Book) -> list[Page]:
    """The pages that prove something or ask what nobody has proved, in reading order."""
    return [p for p in book.pages if p.path.exists() and (p.statements or p.open_problems)]


def needs(book: Book) -> list[Need]:
    """All arrows, in reading order; what is needed as a whole is not needed in part as well."""
    known = {page.name for page in lectures(book)}
    owners = owners_of_labels(book)
    found: dict[tuple[str, str], bool] = {}
    for page in lectures(book):
        for sentence in sentences(page):
            cut = PART.search(sentence)
            for link in LINK.finditer(sentence):
                target = _target(page, link[1], link[2], owners)
                if target in known and target != page.name:
                    part = cut is not None and link.start() > cut.start()
                    found[page.name, target] = found.get((page.name, target), True) and part
    return [Need(of, on, part) for (of, on), part in found.items()]


def problems(book: Book) -> list[str]:
    """Pages that do not say what they need, or not all of it, and a circle if there is one."""
    found = [
        f"{page.document}.md:1: the opening does not say which pages it needs: write "
        "`The page needs ...` or `No other page is needed.`"
        for page in lectures(book)
        if not sentences(page)
    ]
    order: TopologicalSorter[str] = TopologicalSorter()
    for need in needs(book):
        order.add(need.of, need.on)
    try:
        order.prepare()
    except CycleError as error:
        circle = error.args[1]
        text = ", which ".join(f"needs {name}" for name in reversed(circle[:-1]))
        return [*found, f"chapters/{circle[0]}.md:1: the page {text}: take one arrow away."]
    found += [
        f"chapters/{need.of}.md:1: every page may use a page of background, so it needs none "
        f"of the others: do without {need.on}."
        for need in needs(book)
        if need.of.startswith(TOOLS) and not need.on.startswith(TOOLS)
    ]
    return found + _unsaid(book)


def _unsaid(book: Book) -> list[str]:
    """The proofs that use a statement of a page which is not needed."""
    owners, reached = owners_of_labels(book), all_needed(book)
    found = []
    for page in lectures(book):
        for proof in page.directives:
            for role, target in LINK.findall(proof.body) if proof.name == "prf:proof" else []:
                owner = owners.get(target, page.name)
                if owner.startswith(TOOLS) and not page.name.startswith(TOOLS):
                    continue
                if role == "prf:ref" and owner not in (page.name, *reached[page.name]):
                    found.append(
                        f"{page.document}.md:{proof.line}: the proof uses `{target}`, and the "
                        f"opening does not say that the page needs {owner}: name it there."
                    )
    return found


def all_needed(book: Book) -> dict[str, set[str]]:
    """Of each page all that it needs, and what these need, and so on; there is no circle."""
    direct: dict[str, set[str]] = {page.name: set() for page in lectures(book)}
    for need in needs(book):
        direct[need.of].add(need.on)
    reached: dict[str, set[str]] = {}
    for name in TopologicalSorter(direct).static_order():
        reached[name] = direct[name].union(*(reached[on] for on in direct[name]))
    return reached


def sentences(page: Page) -> list[str]:
    """The sentences of a page's opening that say what it needs."""
    text = re.split(r"(?m)^# .*$", page.text, maxsplit=1)[-1]
    opening = re.split(r"(?m)^(?:```|~~~|:::|##)", text, maxsplit=1)[0]
    paragraphs = (" ".join(p.split()) for p in re.split(r"\n\s*\n", opening))
    every = (s for p in paragraphs for s in re.split(r"(?<=[.!?]) (?=[A-Z])", p))
    return [sentence for sentence in every if SAYS.match(sentence)]


def owners_of_labels(book: Book) -> dict[str, str]:
    """Of each label that a reference can name, the page it stands on."""
    owners: dict[str, str] = {}
    for page in book.pages:
        if page.path.exists():
            labels = [d.label for d in page.directives if d.label and d.name != "code-cell"]
            labels += re.findall(r"(?m)^\(([\w:-]+)\)=\s*$", page.text)
            owners |= dict.fromkeys(labels, page.name)
    return owners


def _target(page: Page, role: str, target: str, owners: dict[str, str]) -> str:
    """The name of the page that a reference leads to; empty where it leads nowhere."""
    if role != "doc":
        return owners.get(target, "")
    return document(page, target)


def document(page: Page, target: str) -> str:
    """The name of the page that `{doc}` with this target means, on that page."""
    if target.startswith("/"):
        return target.removeprefix("/chapters/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page.name), target))
