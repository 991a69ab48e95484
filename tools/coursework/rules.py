"""What the source of an assignment must hold, as far as it can be seen without running it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.coursework.notebook import BOOK_LINK, blank, with_links
from tools.coursework.source import Assignment, Cell, Proof, Prose, read
from tools.pages import Book, Page

HEADER = ("description", "needs", "minutes")


def problems(book: Book) -> list[str]:
    """What is wrong with the sources of the assignments, as `file:line: sentence`."""
    found = []
    for path in sorted((book.root / "assignments").glob("*.md")):
        if path.stem != "README":
            name = path.relative_to(book.root).as_posix()
            found += [f"{name}:{line}: {text}" for line, text in source_problems(book, path)]
    return found


def source_problems(book: Book, path: Path) -> Iterator[tuple[int, str]]:
    if f"chapters/assignments/{path.stem}" not in [page.document for page in book.pages]:
        yield 1, f"this assignment is not in _toc.yml: add chapters/assignments/{path.stem} there."
    try:
        assignment = read(path)
    except Exception as error:  # whatever a broken source does to its reader
        yield 1, f"this source cannot be read ({type(error).__name__}: {error})."
        return
    for key in HEADER:
        if not assignment.header.get(key):
            yield 1, f"no `{key}:` in the front matter: add it."
    if not (assignment.blocks and isinstance(assignment.blocks[0], Prose)):
        yield 1, "no title: begin with a label and a heading."
    lines = path.read_text(encoding="utf-8").splitlines()
    for name in assignment.header.get("needs") or []:
        yield from _link_problems(book, lines, name, "")
    for block in assignment.blocks:
        yield from _block_problems(book, lines, block)
    yield from _missing_modules(book, assignment)


def _block_problems(
    book: Book, lines: list[str], block: Prose | Cell | Proof
) -> Iterator[tuple[int, str]]:
    if isinstance(block, Cell):
        if block.role == "answer":
            yield from _raised(lambda: blank(block))
        return
    texts = (
        [block.text]
        if isinstance(block, Prose)
        else [block.solution, block.rubric, block.false_proofs]
    )
    for text in texts:
        yield from _raised(lambda text=text: with_links(text, lambda page, label: page))
        for _, name, label in BOOK_LINK.findall(text):
            yield from _link_problems(book, lines, name, label)


def _raised(act) -> Iterator[tuple[int, str]]:
    """The words of a ValueError that `act` raises."""
    try:
        act()
    except ValueError as error:
        yield 1, str(error)


def _link_problems(
    book: Book, lines: list[str], name: str, label: str
) -> Iterator[tuple[int, str]]:
    """A page that is not in the book, or a label that is not on its page."""
    at = next((i for i, line in enumerate(lines, 1) if name in line and label in line), 1)
    page = next((page for page in book.pages if page.name == name), None)
    if page is None:
        yield at, f"{name} is no page of the book: name one as in _toc.yml, without chapters/."
    elif label and label not in anchors(page):
        yield at, f"{name} has no label `{label}`: name a statement, an exercise or a heading."


def anchors(page: Page) -> set[str]:
    """The labels of a page that an address can end in."""
    labels = {d.label for d in page.directives if d.label and d.name != "code-cell"}
    return labels | set(re.findall(r"(?m)^\(([\w-]+)\)=", page.text))


def _missing_modules(book: Book, assignment: Assignment) -> Iterator[tuple[int, str]]:
    module = assignment.name.replace("-", "_")
    for folder in ("checks", "answers"):
        if not (assignment.path.parent / folder / f"{module}.py").exists():
            yield 1, f"assignments/{folder}/{module}.py does not exist: write it."
