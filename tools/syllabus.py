"""The syllabi of the lecturer's guide, read from its weeks and held to the graph of needs.

A week is a section `### Week 3 of 6: title` of chapters/appendix/teaching.md with items such as

- **Read** {doc}`../approximation/minimum-norm`
- **Prove** {prf:ref}`thm-line`
- **Exercises** {ref}`ex-one-neuron`
- **Hand out** {doc}`../assignments/approximation`, due in week 5.

A page is read after the pages it needs, and a statement, an exercise or an assignment comes after
the pages it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from tools.needs import LINK, document, lectures, needs, owners_of_labels
from tools.pages import Book, Page

GUIDE = "appendix/teaching"
WEEK = re.compile(r"(?m)^### Week (\d+) of (\d+): (.+)$")
ITEM = re.compile(r"(?ms)^- \*\*([\w ]+)\*\*(.*?)(?=^- \*\*|^#|^\n(?=\S)|\Z)")
DUE = re.compile(r"due in\s+week (\d+)")


@dataclass(frozen=True)
class Week:
    """One week: what is read in it, which labels it names, which assignments it hands out."""

    number: int
    of: int  # weeks of this syllabus
    title: str
    line: int
    read: tuple[str, ...]  # pages, in order
    labels: tuple[str, ...]  # of statements and exercises
    handed_out: tuple[tuple[str, int | None], ...]  # assignments, each with the week it is due


def guide(book: Book) -> Page | None:
    """The lecturer's guide, if the book has one."""
    pages = (page for page in book.pages if page.name == GUIDE and page.path.exists())
    return next(pages, None)


def weeks(page: Page) -> list[Week]:
    """All weeks of all syllabi, in the order of the page."""
    return [_week(page, found) for found in WEEK.finditer(page.text)]


def _week(page: Page, heading: re.Match[str]) -> Week:
    body = re.split(r"(?m)^#", page.text[heading.end() :], maxsplit=1)[0]
    items = ITEM.findall(body)
    links = [(item, role, target) for item, text in items for role, target in LINK.findall(text)]
    handed_out = tuple(
        (document(page, target), int(due[1]) if (due := DUE.search(text)) else None)
        for item, text in items
        if item == "Hand out"
        for role, target in LINK.findall(text)
        if role == "doc"
    )
    return Week(
        number=int(heading[1]),
        of=int(heading[2]),
        title=heading[3],
        line=page.text[: heading.start()].count("\n") + 1,
        read=tuple(document(page, t) for item, role, t in links if item == "Read"),
        labels=tuple(t for item, role, t in links if role != "doc" and item != "Hand out"),
        handed_out=handed_out,
    )


def problems(book: Book) -> list[str]:
    """What is wrong with the weeks, as `file:line: sentence`."""
    page = guide(book)
    if page is None:
        return []
    every = weeks(page)
    lengths = dict.fromkeys(week.of for week in every)
    return [
        f"{page.document}.md:{line}: {text}"
        for length in lengths
        for line, text in _of_one(book, length, [week for week in every if week.of == length])
    ]


def _of_one(book: Book, length: int, found: list[Week]) -> Iterator[tuple[int, str]]:
    """What is wrong with the weeks of one syllabus."""
    if [week.number for week in found] != list(range(1, length + 1)):
        numbers = ", ".join(str(week.number) for week in found)
        yield found[0].line, f"the syllabus of {length} weeks has the weeks {numbers}."
    known, arrows, owners = {p.name for p in lectures(book)}, needs(book), owners_of_labels(book)
    planned = {name for week in found for name in week.read}
    seen: set[str] = set()
    for week in found:
        for name in week.read:
            if name not in known:
                yield week.line, f"{name} is no page to read."
            elif name in seen:
                yield week.line, f"{name} is read a second time."
            for arrow in arrows:
                late = arrow.on not in seen and (not arrow.part or arrow.on in planned)
                if arrow.of == name and late:
                    yield week.line, f"{name} needs {arrow.on}: read that page before."
            seen.add(name)
        for label in week.labels:
            if label not in owners:
                yield week.line, f"no page has the label `{label}`."
            elif owners[label] not in seen:
                yield week.line, f"`{label}` stands on {owners[label]}: read that page before."
        for name, due in week.handed_out:
            yield from _handed_out(book, week, name, due, seen)


def _handed_out(
    book: Book, week: Week, name: str, due: int | None, seen: set[str]
) -> Iterator[tuple[int, str]]:
    source = book.root / f"{name}.md"
    if not source.exists():
        yield week.line, f"{name} is no assignment."
        return
    header = yaml.safe_load(source.read_text(encoding="utf-8").split("---")[1])
    for needed in header["needs"]:
        if needed not in seen:
            yield week.line, f"{name} needs {needed}: hand it out after that page."
    if due is None or due <= week.number:
        yield week.line, f"{name} needs `due in week N` with a later week."
