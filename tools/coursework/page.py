"""Makes the book's pages of assignments: statements, stubs and public checks, and nothing else.

Sphinx copies the sources of its pages into the site. So what it reads here is written by this
module, which never touches a solution, a rubric or a hidden check.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tools.coursework import rules
from tools.coursework.notebook import blank, points, with_links
from tools.coursework.source import Assignment, Cell, Proof, Prose, sources
from tools.notebooks import write
from tools.pages import Book, Page

FOLDER = Path("chapters", "assignments")
PREFIX = "assignments/"  # of the names of these pages
BY_HAND = "index.md"
TABLE = "table.txt"  # what index.md includes
ABOUT = """\
:::{{admonition}} About this assignment
- **Needs** {needs}.
- **Takes** {minutes} minutes, and **gives** {total} points: {code} for code, {proofs} for proofs.
- **To get it**, download this page as a notebook, at the top. In a course, your lecturer hands out
  copies, each with numbers of its own; the numbers on this page are an example.
- **To check it**, run the cells of checks below your answers. With the repository of this book,
  `make check ASSIGNMENT={name}` runs them all and says which hold.
:::
"""
HEADINGS = "| assignment | needs | minutes | points |\n|---|---|--:|--:|\n"


def source_of(page: Page) -> Path | None:
    """The assignment that a page of the book is made from, or None for every other page."""
    path = page.root / f"{page.name}.md"
    return path if page.name.startswith(PREFIX) and path.exists() else None


def code_points(assignment: Assignment) -> int:
    return sum(points(assignment, question) for question in assignment.questions())


def proof_points(assignment: Assignment) -> int:
    return sum(proof.points for proof in assignment.proofs())


def page_text(assignment: Assignment) -> str:
    """The page, in the Markdown of the book."""
    header = yaml.safe_dump(
        {"description": assignment.header["description"]}, width=1000, allow_unicode=True
    )
    first, *others = assignment.blocks
    assert isinstance(first, Prose)
    before, heading, after = re.split(r"(?m)(^## |\Z)", first.text, maxsplit=1)
    opening = "\n\n".join([_prose(before.strip()), _about(assignment), _prose(heading + after)])
    blocks = [opening.strip(), *(_block(block) for block in others)]
    return f"---\n{header}---\n\n" + "\n\n".join(blocks) + "\n"


def _about(assignment: Assignment) -> str:
    code, proofs = code_points(assignment), proof_points(assignment)
    return ABOUT.format(
        needs=_needs(assignment),
        minutes=assignment.header["minutes"],
        total=code + proofs,
        code=code,
        proofs=proofs,
        name=assignment.name,
    ).strip()


def _needs(assignment: Assignment) -> str:
    return ", ".join(f"{{doc}}`../{page}`" for page in assignment.header["needs"])


def _block(block: Cell | Proof | Prose) -> str:
    if isinstance(block, Prose):
        return _prose(block.text)
    if isinstance(block, Proof):
        return "Write the proof in the notebook, or on paper."
    if block.role == "answer":
        return _python(blank(block))
    if block.role == "checks":
        return f"Checks to run:\n\n{_python(block.body)}"
    return _python(block.body)


def _python(body: str) -> str:
    body = body.strip("\n")
    return f"```python\n{body}\n```"


def _prose(text: str) -> str:
    """Prose whose links lead to pages of the book, or to places on the pages that the build makes.

    Sphinx finds no statement by its label without printing its number; `{.external}` lets a link
    through as it is. That its target exists is looked up by tools/coursework/rules.py.
    """
    text = with_links(text, lambda page, label: f"../{page}.{f'html#{label}' if label else 'md'}")
    return re.sub(r"(\]\(\.\./[\w/-]+\.html#[\w-]+\))", r"\1{.external}", text)


def table(assignments: list[Assignment]) -> str:
    """One row an assignment: what it needs, how long it takes, what it gives."""
    rows = [
        f"| {{doc}}`{a.name}` | {_needs(a)} | {a.header['minutes']} "
        f"| {code_points(a)} + {proof_points(a)} |\n"
        for a in assignments
    ]
    return HEADINGS + "".join(rows)


def write_pages(book: Book) -> list[str]:
    """Write the pages and their table, or say, as `file:line: sentence`, why they cannot be made.

    Pages whose source is gone go as well.
    """
    if not (book.root / "assignments").is_dir():
        return []
    if found := rules.problems(book):
        return found
    assignments = in_order_of(book, sources(book.root))
    texts = {f"{a.name}.md": page_text(a) for a in assignments} | {TABLE: table(assignments)}
    folder = book.root / FOLDER
    for name, text in texts.items():
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text:
            write(folder / name, text.encode())
    for path in folder.glob("*.md"):
        if path.name not in (BY_HAND, *texts):
            path.unlink()
    return []


def in_order_of(book: Book, assignments: list[Assignment]) -> list[Assignment]:
    """The assignments in the order of the book's contents."""
    order = [page.name for page in book.pages]
    return sorted(assignments, key=lambda a: order.index(PREFIX + a.name))
