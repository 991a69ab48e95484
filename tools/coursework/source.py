"""Reads the source of an assignment: its prose, its cells, and which of them answer what."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import yaml

from tools.pages import Directive, directives

SOLUTION = re.compile(r"( *)### BEGIN SOLUTION\n.*?### END SOLUTION *\n?", re.DOTALL)
STUB = "# YOUR CODE HERE\nraise NotImplementedError"


@dataclass(frozen=True)
class Prose:
    """Markdown between two cells."""

    text: str


@dataclass(frozen=True)
class Cell:
    """A code cell: given, the student's numbers, an answer, or the public checks of an answer."""

    body: str
    role: str  # "given", "numbers", "answer" or "checks"
    question: str | None  # that it answers or checks
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """A question to be answered on paper or in Markdown, and how a person grades it."""

    question: str
    points: int
    solution: str
    rubric: str
    false_proofs: str


Block = Prose | Cell | Proof


@dataclass(frozen=True)
class Assignment:
    """One source below `assignments/`, with its hidden checks."""

    path: Path
    header: dict
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def checks(self) -> ModuleType:
        """The module with the hidden checks."""
        return import_module(f"assignments.checks.{self.name.replace('-', '_')}")

    @property
    def wrong_answers(self) -> list:
        module = import_module(f"assignments.answers.{self.name.replace('-', '_')}")
        return module.WRONG_ANSWERS

    def cell(self, question: str, role: str) -> Cell:
        """The cell of that role for a question; each question has one of each."""
        found = [b for b in self.blocks if isinstance(b, Cell) and b.question == question]
        (one,) = [b for b in found if b.role == role]
        return one

    def questions(self) -> list[str]:
        """The questions answered in code, in their order."""
        return [
            b.question
            for b in self.blocks
            if isinstance(b, Cell) and b.role == "answer" and b.question
        ]

    def heading(self, question: str) -> str:
        """The heading below which a question stands, or its own name."""
        found = question
        for block in self.blocks:
            if isinstance(block, Prose):
                found = [found, *re.findall(r"(?m)^## (.+)$", block.text)][-1]
            elif block.question == question:
                break
        return found

    def proofs(self) -> list[Proof]:
        return [b for b in self.blocks if isinstance(b, Proof)]


def stub(body: str) -> str:
    """An answer cell as students get it: each solution replaced by a place to write."""

    def blank(match: re.Match) -> str:
        return "".join(f"{match[1]}{line}\n" for line in STUB.splitlines())

    return SOLUTION.sub(blank, body)


def numbers(assignment: Assignment, student: str, salt: str) -> dict[str, int]:
    """The student's own numbers, each in the range that the source gives, both ends included."""
    drawn = {}
    for name, (low, high) in assignment.header.get("numbers", {}).items():
        key = f"{salt}/{assignment.name}/{student}/{name}".encode()
        drawn[name] = low + int.from_bytes(hashlib.sha256(key).digest()[:8]) % (high - low + 1)
    return drawn


def with_numbers(body: str, drawn: dict[str, int]) -> str:
    """The numbers cell with these values; names and comments stay as they are in the source."""
    for name, value in drawn.items():
        body, count = re.subn(rf"(?m)^{name} = \d+", f"{name} = {value}", body)
        if count != 1:
            raise ValueError(f"the numbers cell must have one line `{name} = …`: write it.")
    return body


def read(path: Path) -> Assignment:
    """The assignment whose source lies at `path`."""
    text = path.read_text(encoding="utf-8")
    _, front, text = re.split(r"(?m)^---\n", text, maxsplit=2)
    lines = text.splitlines()
    blocks: list[Block] = []
    proofs: dict[str, dict] = {}
    after = 0

    def prose_until(end: int) -> None:
        if kept := "\n".join(lines[after:end]).strip():
            blocks.append(Prose(kept))

    for directive in directives(text):
        if directive.depth or directive.name not in ("code-cell", *PROOF_PARTS):
            continue
        prose_until(directive.line - 1)
        after = _end(lines, directive)
        if directive.name == "code-cell":
            blocks.append(_cell(directive))
        else:
            part = proofs.setdefault(directive.argument, {})
            part[directive.name] = directive.body.strip()
            if directive.name == "proof-answer":
                part["points"] = int(directive.options["points"])
                blocks.append(Proof(directive.argument, 0, "", "", ""))  # its place
    prose_until(len(lines))
    finished = tuple(_proof(b.question, proofs) if isinstance(b, Proof) else b for b in blocks)
    return Assignment(path, yaml.safe_load(front), finished)


PROOF_PARTS = ("proof-answer", "rubric", "false-proofs")


def _proof(question: str, parts: dict[str, dict]) -> Proof:
    found = parts[question]
    return Proof(
        question, found["points"], found["proof-answer"], found["rubric"], found["false-proofs"]
    )


def _cell(directive: Directive) -> Cell:
    for role in ("answer", "checks"):
        if role in directive.options:
            return Cell(directive.body, role, directive.options[role], tuple(directive.tags))
    role = "numbers" if "numbers" in directive.tags else "given"
    return Cell(directive.body, role, None, tuple(directive.tags))


def _end(lines: list[str], directive: Directive) -> int:
    """The index of the first line after a directive."""
    fence = re.match(r"[`:]+", lines[directive.line - 1])
    assert fence is not None
    at = directive.body_line - 1
    while lines[at].strip() != fence[0]:
        at += 1
    return at + 1


def sources(root: Path) -> list[Assignment]:
    """All assignments of the repository."""
    return [
        read(path) for path in sorted((root / "assignments").glob("*.md")) if path.stem != "README"
    ]
