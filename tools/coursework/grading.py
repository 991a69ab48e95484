"""Grades one submission: runs it in the sandbox, asks it questions, and writes down the marks."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from nbformat import NotebookNode, v4

from assignments.checks import Mark, grade, properties
from tools.coursework.collect import HandedIn
from tools.coursework.flags import fingerprints, flags
from tools.coursework.notebook import student_notebook
from tools.coursework.reading import clean
from tools.coursework.sandbox import CellRun, Sandbox
from tools.coursework.source import Assignment
from tools.coursework.submission import Filled, fill

SECONDS_PER_QUESTION = 60  # that the student's functions may run in all its properties
MEMORY = 2 << 30  # bytes that a check may take, beyond what this process has: shapes are students'
LONGEST = 1000  # characters of a message: student code writes some of them


class OutOfTime(Exception):
    """The calls of one question took too long together."""


class Budget:
    """The student's functions, as long as their calls for one question take no longer together."""

    def __init__(self, student: object, seconds: float):
        self._student, self._left = student, seconds

    def __getattr__(self, name: str) -> object:
        if self._left <= 0:
            raise OutOfTime("the calls before took all the time that a question has.")
        started = time.monotonic()
        try:
            found = getattr(self._student, name)
        finally:
            self._left -= time.monotonic() - started
        if not callable(found):
            return found

        def call(*arguments: object, **named: object) -> object:
            started = time.monotonic()
            try:
                return found(*arguments, **named)
            finally:
                self._left -= time.monotonic() - started

        return call


def grade_one(
    assignment: Assignment,
    one: HandedIn,
    drawn: dict[str, int],
    seed: int,
    sandbox: Sandbox,
    released: frozenset[str] = frozenset(),
) -> tuple[dict, NotebookNode]:
    """The result of a submission, and its notebook as it was run.

    released: digests of the cells that students were given
    """
    started = time.monotonic()
    trusted = student_notebook(assignment, one.student, drawn, None)
    filled = fill(trusted, one.notebook(), released)
    cells = [cell for cell in filled.notebook.cells if cell.cell_type == "code"]
    with sandbox.open_notebook([cell.source for cell in cells]) as session:
        runs = {cell.id: run for cell, run in zip(cells, session.ran, strict=True)}
        questions = {
            question: _question(assignment, question, session.student, drawn, seed, filled, runs)
            for question in assignment.questions()
        }
    result = {
        "assignment": assignment.name,
        "student": one.student,
        "status": "graded",
        "file": one.path,
        "sha256": one.sha256,
        "seed": seed,
        "numbers": drawn,
        "points": sum(q["points"] for q in questions.values()),
        "out_of": sum(q["out_of"] for q in questions.values()),
        "questions": questions,
        "proofs": {
            p.question: {"out_of": p.points, "answered": p.question not in filled.blank}
            for p in assignment.proofs()
        },
        "intake": list(one.events),
        "events": filled.events + _trouble(filled, runs),
        "flags": flags(filled.written),
        "fingerprints": fingerprints(filled.written),
        "isolation": session.level,
        "seconds": round(time.monotonic() - started, 1),
    }
    return result, _executed(filled.notebook, runs)


def _question(
    assignment: Assignment,
    question: str,
    student: object,
    drawn: dict[str, int],
    seed: int,
    filled: Filled,
    runs: dict,
) -> dict:
    """The marks of one question, property by property.

    A cell that looks blank is tested as well: whatever defines the answer, it counts.
    """
    budget = Budget(student, SECONDS_PER_QUESTION)
    numbers = SimpleNamespace(**drawn)
    with bounded(MEMORY):
        marks = [grade(p, budget, seed, numbers) for p in properties(assignment.checks, question)]
    points = sum(mark.earned for mark in marks)
    blank = question in filled.blank and points == 0
    public = runs[f"check-{question}"]
    return {
        "points": points,
        "out_of": sum(mark.property.points for mark in marks),
        "state": "not answered" if blank else "answered",
        "public": "passed" if public.ok else shortened(public.message),
        "properties": [_mark(mark, blank) for mark in marks],
    }


@contextlib.contextmanager
def bounded(more: int) -> Iterator[None]:
    """Let this process take so many further bytes; what needs more raises. Linux only.

    A check may add up tensors of shapes that the student chose, and without a bound the system
    would end the batch. Workers set a limit of their own when they have started.
    """
    pages = Path("/proc/self/statm")
    before = resource.getrlimit(resource.RLIMIT_AS)
    if not pages.exists() or before[0] != resource.RLIM_INFINITY:
        yield
        return
    now = int(pages.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _mark(mark: Mark, blank: bool) -> dict:
    return {
        "name": mark.property.name,
        "text": mark.property.text,
        "points": mark.property.points,
        "earned": mark.earned,
        "message": "Not answered." if blank else shortened(mark.message),
    }


def _trouble(filled: Filled, runs: dict) -> list[str]:
    """What went wrong in the student's cells."""
    return [
        f"The cell {name!r} failed: {shortened(runs[name].message)}"
        for name in filled.written
        if not runs[name].ok
    ]


def _executed(notebook: NotebookNode, runs: dict) -> NotebookNode:
    """The notebook with what its code printed when the grader ran it."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code":
            cell.execution_count = number
            cell.outputs = _printed(runs[cell.id])
    return notebook


def _printed(run: CellRun) -> list[NotebookNode]:
    text = shortened(run.output, 10_000)
    outputs = [v4.new_output("stream", name="stdout", text=text)] if text else []
    if not run.ok:
        outputs.append(v4.new_output("stream", name="stderr", text=shortened(run.message) + "\n"))
    return outputs


def shortened(text: str, longest: int = LONGEST) -> str:
    """Text that may be hostile, without control characters and not too long."""
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in clean(text))
    return text if len(text) <= longest else text[:longest] + " …"
