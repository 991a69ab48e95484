"""Reference answers earn all points, blanks none, and each wrong answer keeps what it should.

The headings say how long a question takes and what it gives; both must add up.
"""

import inspect
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from assignments.checks import grade, properties
from tools.coursework.source import (
    Assignment,
    Cell,
    Proof,
    Prose,
    numbers,
    sources,
    stub,
    with_numbers,
)
from tools.coursework.trial import wrong_marks

ROOT = Path(__file__).parents[2]
ASSIGNMENTS = sources(ROOT)
SEED = int(os.environ.get("GRADE_SEED", "0"))
HEADING = re.compile(
    r"^## (?:Question|Proof) \d+: [^\n]+ ([⌨✍])\n\n\*(\d+) minutes · (\d+) points?\*$", re.MULTILINE
)
WRONG = [(a, w) for a in ASSIGNMENTS for w in a.wrong_answers]


@pytest.fixture(autouse=True)
def _dtype_of_an_assignment_ends_with_it():
    yield
    torch.set_default_dtype(torch.float32)


def namespace(assignment: Assignment, drawn: dict, question: str = "", code: str = "") -> dict:
    """What a notebook knows in the end, or after the answer of `question` if `code` replaces it."""
    found: dict = {}
    for block in assignment.blocks:
        if not isinstance(block, Cell) or block.role == "checks":
            continue
        body = with_numbers(block.body, drawn) if block.role == "numbers" else block.body
        replaced = block.role == "answer" and block.question == question
        exec(code if replaced else body, found)
        if replaced:
            break
    return found


def earned(assignment: Assignment, question: str, code: str, student: str = "anna") -> int:
    drawn = numbers(assignment, student, salt="test")
    try:
        found = namespace(assignment, drawn, question, code)
    except NotImplementedError:
        found = {}
    marks = [
        grade(p, SimpleNamespace(**found), SEED, SimpleNamespace(**drawn))
        for p in properties(assignment.checks, question)
    ]
    return sum(mark.earned for mark in marks)


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_reference_answers_pass_their_public_and_hidden_checks(assignment):
    for student in ("anna", "bob", "carol"):
        drawn = numbers(assignment, student, salt="test")
        found = namespace(assignment, drawn)
        for question in assignment.questions():
            if student == "anna":
                exec(assignment.cell(question, "checks").body, found)
            for one in properties(assignment.checks, question):
                mark = grade(one, SimpleNamespace(**found), SEED, SimpleNamespace(**drawn))
                assert mark.earned == one.points, mark.message


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_blanks_earn_nothing(assignment):
    for question in assignment.questions():
        assert earned(assignment, question, stub(assignment.cell(question, "answer").body)) == 0


@pytest.mark.parametrize(
    ("assignment", "wrong"),
    WRONG,
    ids=[f"{a.name}-{w.question}-{i}" for i, (a, w) in enumerate(WRONG)],
)
def test_wrong_answers_keep_exactly_their_points(assignment, wrong):
    total = sum(p.points for p in properties(assignment.checks, wrong.question))
    assert 0 <= wrong.points < total
    assert earned(assignment, wrong.question, wrong.code) == wrong.points, wrong.because


def personal(assignment: Assignment) -> set[str]:
    """The questions whose hidden checks look at the student's numbers."""
    found = set()
    for one in properties(assignment.checks):
        (_, _, name), code = inspect.signature(one.test).parameters, inspect.getsource(one.test)
        if len(re.findall(rf"\b{name}\b", code)) > 1:
            found.add(one.question)
    return found


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_wrong_answers_keep_their_points_with_the_numbers_of_somebody_else(assignment):
    """Somebody whom another GRADE_SEED replaces by another one."""
    asked = personal(assignment)
    assert asked
    drawn = numbers(assignment, f"student {SEED}", salt="test")
    found = list(wrong_marks(assignment, drawn, SEED + 1, only=asked))
    assert {w.because for w, _ in found} == {
        w.because for w in assignment.wrong_answers if w.question in asked
    }
    for wrong, marks in found:
        assert sum(mark.earned for mark in marks) == wrong.points, (drawn, wrong.because)
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_an_assignment_is_complete(assignment):
    assert len(assignment.questions()) >= 3
    assert 1 <= len(assignment.proofs()) <= 2
    for question in assignment.questions():
        assert sum(w.question == question for w in assignment.wrong_answers) >= 3
        assert properties(assignment.checks, question)
    assert {p.question for p in properties(assignment.checks)} == set(assignment.questions())


def headings(assignment: Assignment) -> list[tuple[str, int, int]]:
    """Of each question, in order, as its heading has it: the sign, the minutes and the points."""
    found = []
    open_heading = None
    for block in assignment.blocks:
        if isinstance(block, Prose):
            for sign, minutes, points in HEADING.findall(block.text):
                assert open_heading is None, f"two headings before an answer, at {sign} {points}"
                open_heading = sign, int(minutes), int(points)
        elif isinstance(block, Proof) or block.role == "answer":
            assert open_heading is not None, (
                f"{block.question} needs a heading of its own: `## Question 3: the title ⌨` "
                "(✍ for a proof), an empty line, `*20 minutes · 4 points*`"
            )
            found.append(open_heading)
            open_heading = None
    assert open_heading is None, "the last heading has no answer"
    return found


def signs_and_points(assignment: Assignment) -> list[tuple[str, int]]:
    """Of each question, in order: code or proof, and the points that its checks or rubric give."""
    found = []
    for block in assignment.blocks:
        if isinstance(block, Proof):
            found.append(("✍", block.points))
        elif isinstance(block, Cell) and block.role == "answer":
            checks = properties(assignment.checks, block.question)
            found.append(("⌨", sum(p.points for p in checks)))
    return found


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_headings_say_the_points_of_their_questions_and_minutes_that_add_up(assignment):
    found = headings(assignment)
    assert [(sign, points) for sign, _, points in found] == signs_and_points(assignment)
    assert sum(minutes for _, minutes, _ in found) == assignment.header["minutes"]
    assert 60 <= assignment.header["minutes"] <= 120
