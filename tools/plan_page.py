"""The pages at a glance, as a page of the book: what each needs and how long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools import effort, needs, syllabus
from tools.needs_figure import figure
from tools.pages import Book, Page
from tools.results_figure import short

OPENING = """---
description: Which page of the book needs which, how long each takes to read and to run, and what that makes in a week of a course.
---

(pages-at-a-glance)=
# Pages at a glance

Which pages must be read before which, and how long do they take? This page is made from the sources
and the executed pages when the book is built. {{doc}}`teaching` plans courses with it.

**Minutes** are for reading up to the exercises: {rule}. That is an estimate for somebody who
follows the proofs, not a measurement.

**Seconds** are what the cells of a page took when they last ran for this site, on one core of the
computer that built it. Together that is {total} minutes.

## What needs what

An arc leads from a page down to a page that needs it; a dashed one says that only a part of that
page does. Each page says so in its opening, and the build fails where a proof uses more than that,
or where arrows close a circle.
"""  # noqa: E501
TABLE = """\
## Page by page

*In part* marks what only a part of the page needs.

| page | needs | minutes | seconds |
|:--|:--|--:|--:|
"""
NOTHING = "–"


def write_page(path: Path, book: Book, seconds: dict[str, float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(plan_page(book, seconds), encoding="utf-8")


def plan_page(book: Book, seconds: dict[str, float]) -> str:
    """The Markdown of the page; `seconds` has those of the executed pages by name."""
    pages, arrows = needs.lectures(book), needs.needs(book)
    opening = OPENING.format(
        rule=effort.RULE, total=f"{sum(seconds.get(p.name, 0) for p in pages) / 60:.0f}"
    )
    drawing = figure([(p.name, short(p.name)) for p in pages], arrows)
    rows = "".join(_row(page, arrows, seconds) for page in pages)
    return "\n".join(
        [opening, f"```{{raw}} html\n{drawing}\n```\n", TABLE + rows, *_plans(book, seconds)]
    )


def _row(page: Page, arrows: list[needs.Need], seconds: dict[str, float]) -> str:
    own = [
        f"{{doc}}`/chapters/{a.on}`" + (" (*in part*)" if a.part else "")
        for a in arrows
        if a.of == page.name
    ]
    cells = [_link(page.name), ", ".join(own) or NOTHING, str(effort.minutes(page))]
    return f"| {' | '.join([*cells, _seconds([page.name], seconds)])} |\n"


def _link(name: str) -> str:
    return f"{{doc}}`/chapters/{name}`"


def _seconds(names: tuple[str, ...] | list[str], seconds: dict[str, float]) -> str:
    """Those of some pages together; nothing where one of them has not been executed."""
    if not all(name in seconds for name in names):
        return NOTHING
    return f"{sum(seconds[name] for name in names):.0f}"


def _plans(book: Book, seconds: dict[str, float]) -> Iterator[str]:
    """A table for each syllabus of the lecturer's guide: minutes and seconds a week."""
    page = syllabus.guide(book)
    every = syllabus.weeks(page) if page else []
    for length in dict.fromkeys(week.of for week in every):
        yield f"## A course of {length} weeks\n"
        yield "| week | pages | minutes | seconds |\n|--:|:--|--:|--:|"
        for week in every:
            if week.of == length:
                spent = sum(effort.minutes(book.page(name)) for name in week.read)
                read = ", ".join(_link(name) for name in week.read)
                yield f"| {week.number} | {read} | {spent} | {_seconds(week.read, seconds)} |"
        yield ""
