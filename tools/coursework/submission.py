"""Puts a student's answers into a fresh copy of the notebook that we trust.

What is graded is never the notebook that was handed in: locked cells, their order and their
metadata are ours, and only answers, proofs and added cells are taken over. So a changed check, a
lost cell or an edited number does no harm, whether by accident or not.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode, v4

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")  # SVG can hold scripts
PICTURE_BYTES = 10 * 2**20  # of all pictures of a notebook, as base64
DEPTH = 100  # of a syntax tree
LONGEST = 100_000  # characters of a cell whose syntax is looked at
IPYTHON = re.compile(r"(\s*)(?:(?:\w[\w.,\s]*=\s*)?(?:%|!(?!=)).*|[\w.]+\?{1,2}\s*)")
OPENING = "mathdl"  # the cell that finds the library differs from release to release


@dataclass(frozen=True)
class Filled:
    """A notebook that is safe to grade, and what had to be done for it."""

    notebook: NotebookNode
    events: list[str] = field(default_factory=list)
    blank: set[str] = field(default_factory=set)  # questions and proofs that are not answered
    written: dict[str, str] = field(default_factory=dict)  # the student's code by cell


def fill(
    trusted: NotebookNode, handed_in: NotebookNode, released: frozenset[str] = frozenset()
) -> Filled:
    """The trusted notebook with the answers of the one handed in, and with its added cells.

    An answer is found by the id of its cell; where that is lost, or holds only what was given, by
    the function or value that it defines. Of copies of a cell, the last that is answered counts.

    released: digests of cells that students were given, some of which the source has changed since
    """
    return _Filling(trusted, handed_in, released).result()


def given(cell: NotebookNode) -> str:
    """A digest of a cell that students are given, wherever its links lead."""
    return hashlib.sha256(f"{cell.cell_type}\0{_plain(cell.source)}".encode()).hexdigest()


class _Filling:
    def __init__(self, trusted: NotebookNode, handed_in: NotebookNode, released: frozenset[str]):
        self.trusted, self.released = trusted, released
        self.left = list(handed_in.cells)  # cells whose place is not found yet
        self.order = {id(cell): at for at, cell in enumerate(handed_in.cells)}
        self.anchors: list[tuple[int, int]] = []  # (place handed in, place in the trusted one)
        self.events: list[str] = []
        self.blank: set[str] = set()
        self.written: dict[str, str] = {}
        self.room = PICTURE_BYTES

    def result(self) -> Filled:
        made = [copy.deepcopy(cell) for cell in self.trusted.cells]
        for at, cell in enumerate(made):
            if not _is_answer(cell):
                self.restore(at, cell)
        for at, cell in enumerate(made):
            if _is_answer(cell):
                self.answer(at, cell)
        notebook = copy.deepcopy(self.trusted)
        notebook.cells = list(self.with_added(made))
        return Filled(notebook, self.events, self.blank, self.written)

    def restore(self, at: int, ours: NotebookNode) -> None:
        """Leave a locked cell or our text as it is, whatever became of it."""
        name = _name(ours)
        theirs = self.take(lambda c: (_name(c) if name else c.id) == (name or ours.id), at)
        if not theirs:
            theirs = self.take(lambda c: _plain(c.source) == _plain(ours.source), at)
        if not name:  # our text: what a student wrote into it may be an answer, so it is kept
            self.left += [c for c in theirs if self.changed(c, ours)]
        elif not theirs:
            self.events.append(f"The cell {name!r} was missing: it is put back.")
        elif name != OPENING and any(self.changed(c, ours) for c in theirs):
            self.events.append(f"The locked cell {name!r} was changed: it is put back.")

    def changed(self, theirs: NotebookNode, ours: NotebookNode) -> bool:
        """Whether a student changed one of our cells; we may have changed it after the release."""
        return _plain(theirs.source) != _plain(ours.source) and given(theirs) not in self.released

    def answer(self, at: int, ours: NotebookNode) -> None:
        """Put the student's answer into one of our cells."""
        name = _name(ours)
        copies = self.take(lambda c: _name(c) == name, at)
        own = [c for c in copies if not _same_answer(c.source, ours.source)]
        own = [c for c in own if given(c) not in self.released]
        if len(copies) > 1:
            self.events.append(f"The cell {name!r} stands there {len(copies)} times.")
        if not own and ours.cell_type == "code":
            own = self.by_definition(name, at, ours)
        if not own:
            self.blank.add(name)
            if not copies:
                self.events.append(f"The cell {name!r} was missing: nothing in it is answered.")
            return
        chosen = own[-1]
        if len(own) > 1:
            self.events.append(f"Of the answers {name!r} the last one is graded.")
        if chosen.cell_type != ours.cell_type:
            text = f"The cell {name!r} had become {chosen.cell_type}: it is {ours.cell_type} again."
            self.events.append(text)
        ours.source = chosen.source
        if ours.cell_type == "code":
            self.written[name] = chosen.source
        else:
            self.attach(name, ours, chosen)

    def by_definition(self, name: str, at: int, ours: NotebookNode) -> list[NotebookNode]:
        """Cells without an id of ours that define what this question asks for."""
        wanted = defined(ours.source)
        if not wanted:
            return []
        found = self.take(lambda c: c.cell_type == "code" and bool(wanted & defined(c.source)), at)
        if found:
            what = ", ".join(sorted(wanted))
            self.events.append(f"The answer {name!r} is found by what it defines: {what}.")
        return found

    def take(self, fits, at: int) -> list[NotebookNode]:
        """Take out the cells that fit; they tell where cells near them belong."""
        found = [cell for cell in self.left if fits(cell)]
        self.left = [cell for cell in self.left if not any(cell is one for one in found)]
        self.anchors += [(self.order[id(cell)], at) for cell in found]
        return found

    def attach(self, name: str, ours: NotebookNode, theirs: NotebookNode) -> None:
        """Take over the pictures of a proof that was written by hand."""
        pictures = _pictures(theirs)
        size = sum(len(data) for kinds in pictures.values() for data in kinds.values())
        if size > self.room:
            text = f"The pictures in {name!r} are larger than {PICTURE_BYTES // 2**20} MB together"
            self.events.append(f"{text}: look at them in the notebook that was handed in.")
        elif pictures:
            self.room -= size
            ours["attachments"] = pictures
        if len(pictures) < len(theirs.get("attachments", {})):
            self.events.append(f"An attachment of {name!r} is no picture and is left out.")

    def with_added(self, made: list[NotebookNode]) -> Iterator[NotebookNode]:
        """Our cells, and after each the cells that the student added after it."""
        added: dict[int, list[NotebookNode]] = {}
        for cell in sorted(self.left, key=lambda c: self.order[id(c)]):
            if cell.source.strip() and cell.cell_type != "raw" and not self.old_text(cell):
                before = [place for place in self.anchors if place[0] < self.order[id(cell)]]
                added.setdefault(max(before)[1] if before else -1, []).append(cell)
        count = 0
        for at in range(-1, len(made)):
            if at >= 0:
                yield made[at]
            for cell in added.get(at, []):
                count += 1
                yield self.new(cell, count)
        if count:
            self.events.append(f"Cells that the student added: {count}, each at its place.")

    def old_text(self, cell: NotebookNode) -> bool:
        """Whether it is text of ours that the source has no longer."""
        return cell.cell_type == "markdown" and given(cell) in self.released

    def new(self, cell: NotebookNode, number: int) -> NotebookNode:
        made = (v4.new_code_cell if cell.cell_type == "code" else v4.new_markdown_cell)(cell.source)
        made.id = f"added-{number}"
        if cell.cell_type == "code":
            self.written[made.id] = cell.source
        else:
            self.attach(made.id, made, cell)
        return made


def defined(code: str) -> set[str]:
    """The names that code binds at its top level by def, class or assignment."""
    tree = parsed(code)
    found: set[str] = set()
    for node in tree.body if tree else []:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n for target in targets for n in ast.walk(target)]
            found |= {
                n.id for n in names if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
    return found


def parsed(code: str) -> ast.Module | None:
    """The syntax tree of a cell, IPython's lines put aside; None where it has none."""
    if len(code) > LONGEST:
        return None
    for text in (lambda: code, lambda: _without_magics(code)):
        try:
            tree = ast.parse(text())
            return tree if _is_shallow(tree) else None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _without_magics(code: str) -> str:
    lines = code.split("\n")
    found = [IPYTHON.fullmatch(line) for line in lines]
    return "\n".join(m[1] + "pass" if m else x for m, x in zip(found, lines, strict=True))


def _is_shallow(tree: ast.AST) -> bool:
    """Whether functions that call themselves can walk the tree: nobody writes deeper code."""
    level: list[ast.AST] = [tree]
    for _ in range(DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return True
    return False


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _name(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _plain(text: str) -> str:
    """Text without the targets of its links, which depend on where the book is published."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).strip()


def _same_answer(one: str, other: str) -> bool:
    """Whether two answers differ at most in comments and blanks."""
    if "".join(one.split()) == "".join(other.split()):
        return True
    trees = parsed(one), parsed(other)
    return all(trees) and len({dumped(tree) for tree in trees if tree}) == 1


def dumped(tree: ast.AST) -> str:
    """A syntax tree as text; where an integer is too long for that, the memory it lies in."""
    try:
        return ast.dump(tree)
    except ValueError:
        return repr(tree)


def _pictures(cell: NotebookNode) -> dict[str, dict[str, str]]:
    """The attachments of a cell that are pictures in base64."""
    found = {}
    for name, kinds in cell.get("attachments", {}).items():
        good = {
            kind: data
            for kind, data in kinds.items()
            if kind in PICTURES and re.fullmatch(r"[\w+/=\s]*", data, re.A)
        }
        if good:
            found[name] = good
    return found
