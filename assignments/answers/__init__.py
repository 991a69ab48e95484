"""Answers that students are likely to give and that are wrong, with the points they must keep."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WrongAnswer:
    """The code of an answer cell that goes wrong in one plausible way."""

    question: str
    points: int  # that it keeps
    because: str  # the misconception, one sentence
    code: str  # what the student writes in the place of the answer cell
