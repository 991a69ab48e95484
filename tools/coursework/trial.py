"""What wrong answers earn: the code of an assignment runs here, in this process and unprotected.

For what the repository holds, and never for what students wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import torch

from assignments.answers import WrongAnswer
from assignments.checks import Mark, grade, properties
from tools.coursework.source import Assignment, Cell, with_numbers


def wrong_marks(
    assignment: Assignment, drawn: dict[str, int], seed: int, only: set[str] | None = None
) -> Iterator[tuple[WrongAnswer, list[Mark]]]:
    """Each wrong answer with its marks; all questions above it have the model answers.

    drawn: the numbers of a student
    seed: of the inputs (GRADE_SEED)
    only: the questions whose wrong answers are tried; all if None
    """
    wanted = [w for w in assignment.wrong_answers if only is None or w.question in only]
    left = {w.question for w in wanted}
    known: dict = {}
    dtype = torch.get_default_dtype()  # which some assignments set
    try:
        for block in assignment.blocks:
            if not left:
                return
            if not isinstance(block, Cell) or block.role == "checks":
                continue
            if block.role == "answer" and block.question in left:
                left.remove(block.question)
                for wrong in wanted:
                    if wrong.question == block.question:
                        yield (
                            wrong,
                            marks(assignment, wrong.question, known, wrong.code, drawn, seed),
                        )
            exec(with_numbers(block.body, drawn) if block.role == "numbers" else block.body, known)
    finally:
        torch.set_default_dtype(dtype)


def marks(
    assignment: Assignment, question: str, known: dict, code: str, drawn: dict[str, int], seed: int
) -> list[Mark]:
    """What `code` earns as the answer of a question; `known` is what the cells above it define."""
    found = dict(known)
    dtype = torch.get_default_dtype()
    try:
        exec(code, found)
        student, numbers = SimpleNamespace(**found), SimpleNamespace(**drawn)
        asked = properties(assignment.checks, question)
        return [grade(one, student, seed, numbers) for one in asked]
    finally:
        torch.set_default_dtype(dtype)
