"""A class for tests: an assignment of three questions and a proof, its course, and hand-ins."""

from __future__ import annotations

import csv
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import nbformat
import toy
from nbformat import NotebookNode, v4

from assignments.checks import network, prop, same
from tools.coursework.notebook import student_notebook
from tools.coursework.source import Assignment, numbers, read

SALT = "salt"
BALANCE = '''\
## Question 2: balance

The inner norm $\\\\|w_i\\\\|_1 + |b_i|$ of each neuron.

```{code-cell} python
:answer: balance
def balance(W, b):
    """The inner norm of each neuron."""
    ### BEGIN SOLUTION
    return W.abs().sum(1) + b.abs()
    ### END SOLUTION
```

```{code-cell} python
:checks: balance
assert torch.allclose(balance(torch.ones(1, 2), torch.ones(1)), torch.tensor([3.0])), "One neuron"
```

'''
GOOD = {
    "path-norm": "def path_norm(a, W, b):\n    return (a.abs() * (W.abs().sum(1) + b.abs())).sum()",
    "balance": "def balance(W, b):\n    return W.abs().sum(1) + b.abs()",
    "weights": "weights = m * (d + 2)",
    "subadditive": "Put the neurons beside each other.",
}
WORTH = {"path-norm": 3, "balance": 2, "weights": 1}


def checks() -> ModuleType:
    """The module of the hidden checks."""
    module = ModuleType("assignments.checks.classroom")

    @prop("path-norm", points=2)
    def value(student, rng, numbers):
        """the path norm is the sum of the neurons' products"""
        a, W, b = network(rng, m=5, d=3)
        same(student.path_norm(a, W, b), (a.abs() * (W.abs().sum(1) + b.abs())).sum(), "path_norm")

    @prop("path-norm", points=1)
    def rescaling(student, rng, numbers):
        """rescaling a neuron leaves the path norm"""
        a, W, b = network(rng, m=5, d=3)
        same(student.path_norm(a / 2, 2 * W, 2 * b), student.path_norm(a, W, b), "path_norm")

    @prop("balance", points=2)
    def inner(student, rng, numbers):
        """each neuron has its inner norm"""
        _, W, b = network(rng, m=5, d=3)
        same(student.balance(W, b), W.abs().sum(1) + b.abs(), "balance")

    @prop("weights", points=1)
    def counted(student, rng, numbers):
        """the weights of this student's network are counted"""
        same(student.weights, numbers.m * (numbers.d + 2), "weights")

    made = {"value": value, "rescaling": rescaling, "inner": inner, "counted": counted}
    module.__dict__.update(made)
    return module


def classroom(folder: Path) -> Assignment:
    """The assignment, read from a file in `folder`."""
    sys.modules["assignments.checks.classroom"] = checks()
    path = folder / "classroom.md"
    path.write_text(toy.SOURCE.replace("## Question 2", f"{BALANCE}## Question 2", 1))
    return replace(read(path), path=toy.ROOT / "assignments" / "classroom.md")


def other(folder: Path) -> Assignment:
    """A second assignment: the toy."""
    name = "assignments.checks.toy"
    sys.modules[name] = toy.module(name, toy.CHECKS)
    path = folder / "toy.md"
    path.write_text(toy.SOURCE)
    return replace(read(path), path=toy.ROOT / "assignments" / "toy.md")


def course(folder: Path, students: list[str]) -> Path:
    """The folder of a course with these students."""
    made = folder / "course"
    made.mkdir()
    with open(made / "students.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [["id", "name", "email"], *([s, s.title(), f"{s}@x.org"] for s in students)]
        )
    (made / "secrets.json").write_text(json.dumps({"salt": SALT, "grade_seed": 7}))
    return made


def notebook(assignment: Assignment, student: str, answers: dict[str, str]) -> NotebookNode:
    """What a student hands in; a question without an answer here is answered well."""
    drawn = numbers(assignment, student, SALT)
    made = student_notebook(assignment, student, drawn, "https://example.org/")
    for question, text in (GOOD | answers).items():
        if text is not None:
            cell(made, question).source = text
    return made


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def added(notebook: NotebookNode, code: str) -> NotebookNode:
    """With a cell of the student's own before the first question."""
    notebook.cells.insert(notebook.cells.index(cell(notebook, "path-norm")), v4.new_code_cell(code))
    return notebook


def hand_in(folder: Path, name: str, content: NotebookNode | bytes, time: int = 1_700_000_000):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content if isinstance(content, bytes) else nbformat.writes(content).encode()
    path.write_bytes(raw)
    os.utime(path, (time, time))
