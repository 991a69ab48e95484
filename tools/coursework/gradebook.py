"""Puts the results of an assignment into nbgrader's gradebook, where people grade the proofs.

The scores go straight into the database. nbgrader's own autograder would run the student's code and
read points from what it prints; here both happened elsewhere, and safely.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.api import Comment, Grade, Gradebook, MissingEntry, SubmittedNotebook

from tools.coursework import course as courses
from tools.coursework.course import CourseError
from tools.coursework.notebook import points
from tools.coursework.proof_copies import proof_copy, same_answer
from tools.coursework.source import Assignment

GRADED = "graded"


def database(course: Path) -> Path:
    return course / "gradebook.db"


@contextmanager
def opened(course: Path) -> Iterator[Gradebook]:
    """The course's gradebook, which nobody but its owner can read."""
    path = database(course)
    courses.close(course)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)
    with warnings.catch_warnings(), _tools_of_this_python():
        warnings.filterwarnings("ignore", module=r"nbgrader\.api")  # its own queries
        with Gradebook(f"sqlite:///{path.resolve()}", "course") as book:
            yield book


@contextmanager
def _tools_of_this_python() -> Iterator[None]:
    """nbgrader calls `alembic` by its name, which lies beside the interpreter."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


@dataclass(frozen=True)
class Column:
    """One thing that earns points: the checks of a question, or a proof."""

    question: str
    points: int
    proof: bool

    @property
    def cell(self) -> str:
        """The id of the cell that carries the points."""
        return self.question if self.proof else f"check-{self.question}"


def columns(assignment: Assignment) -> list[Column]:
    """What earns points, in the order of the source."""
    code = {q: Column(q, points(assignment, q), proof=False) for q in assignment.questions()}
    proofs = {p.question: Column(p.question, p.points, proof=True) for p in assignment.proofs()}
    known = code | proofs
    asked = [getattr(block, "question", None) for block in assignment.blocks]
    return [known[question] for question in dict.fromkeys(asked) if question]


def results(course: Path, assignment: str) -> dict[str, dict]:
    """What the grader found, by student; CourseError for a file that is broken."""
    found = {}
    for path in sorted((course / "graded" / assignment).glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            found[path.stem] = {"status": result["status"], **result}
        except (ValueError, KeyError, TypeError):
            raise CourseError(f"{path} cannot be read: delete it and grade again.") from None
    return found


def earned(result: dict) -> dict[str, int]:
    """The points of each question by its hidden checks."""
    return {
        question: sum(mark["earned"] for mark in found["properties"])
        for question, found in result["questions"].items()
    }


def update(course: Path, assignment: Assignment) -> None:
    """Bring the gradebook and the copies for the graders up to date with the results.

    What people have entered stays. Where the answer below it has changed since, it is marked as
    to be looked at again. Raises CourseError if afterwards gradebook and results disagree.
    """
    listed = {student.id: student for student in courses.class_list(course)}
    found = results(course, assignment.name)
    if strangers := sorted(found.keys() - listed.keys()):
        raise CourseError(
            f"Results of {', '.join(strangers)}, who are not in {course / 'students.csv'}: "
            "release with a list that has them, or delete these results."
        )
    with opened(course) as book:
        _set_up(book, assignment)
        for student in listed.values():
            book.update_or_create_student(student.id, last_name=student.name, email=student.email)
            copy = copy_path(course, assignment.name, student.id)
            result = found.get(student.id)
            if result is None or result["status"] != GRADED:
                copy.unlink(missing_ok=True)  # the pages for graders show what has a copy
                continue
            path = course / "graded" / assignment.name / f"{student.id}.ipynb"
            notebook = nbformat.read(path, as_version=4)
            before = nbformat.read(copy, as_version=4) if copy.exists() else None
            _enter(book, assignment, student.id, earned(result), before, notebook)
            made = nbformat.writes(proof_copy(assignment, result, notebook))
            courses.write_private(copy, made.encode())
        _compare(book, assignment, found)


def copy_path(course: Path, assignment: str, student: str) -> Path:
    """The notebook that nbgrader's pages show to graders."""
    return course / "nbgrader" / "autograded" / student / assignment / f"{assignment}.ipynb"


def _set_up(book: Gradebook, assignment: Assignment) -> None:
    """The rows of the assignment, as of its source now."""
    name = assignment.name
    book.update_or_create_assignment(name)
    book.update_or_create_notebook(name, name)
    wanted = columns(assignment)
    for column in wanted:
        kind = "markdown" if column.proof else "code"
        book.update_or_create_grade_cell(
            column.cell, name, name, max_score=float(column.points), cell_type=kind
        )
        book.update_or_create_solution_cell(column.question, name, name)
    known = {column.cell for column in wanted}
    for cell in list(book.find_notebook(name, name).grade_cells):
        if cell.name in known:
            continue
        if any(grade.manual_score is not None for grade in cell.grades):
            raise CourseError(
                f"{name}: people have given points for {cell.name!r}, which its source no longer "
                "asks: put the question back, or remove these points on the pages for proofs."
            )
        for row in [*cell.grades, cell]:
            book.db.delete(row)
    book.db.commit()


def _submission(book: Gradebook, name: str, student: str) -> SubmittedNotebook:
    """The student's rows, also those of cells that came into the assignment later."""
    book.update_or_create_submission(name, student)
    mine = book.find_submission_notebook(name, name, student)
    graded = {grade.cell_id for grade in mine.grades}
    commented = {comment.cell_id for comment in mine.comments}
    for cell in mine.notebook.grade_cells:
        if cell.id not in graded:
            book.db.add(Grade(cell_id=cell.id, notebook=mine))
    for cell in mine.notebook.solution_cells:
        if cell.id not in commented:
            book.db.add(Comment(cell_id=cell.id, notebook=mine))
    book.db.commit()
    return mine


def _enter(
    book: Gradebook,
    assignment: Assignment,
    student: str,
    scores: dict[str, int],
    before: nbformat.NotebookNode | None,
    now: nbformat.NotebookNode,
) -> None:
    mine = _submission(book, assignment.name, student)
    grades = {grade.cell.name: grade for grade in mine.grades}
    for column in columns(assignment):
        grade = grades[column.cell]
        if column.proof:
            changed = before is not None and not same_answer(before, now, column.question)
            grade.needs_manual_grade |= grade.manual_score is None or changed
        else:
            score = float(scores.get(column.question, 0))
            overruled = grade.manual_score is not None
            grade.needs_manual_grade = overruled and (
                grade.needs_manual_grade or grade.auto_score != score
            )
            grade.auto_score = score
    book.db.commit()


def _compare(book: Gradebook, assignment: Assignment, found: dict[str, dict]) -> None:
    """Raise CourseError unless the gradebook holds the points of the results."""
    name = assignment.name
    book.db.expire_all()
    for student, result in found.items():
        if result["status"] != GRADED:
            continue
        scores = earned(result)
        for column in columns(assignment):
            if column.proof:
                continue
            held = book.find_grade(column.cell, name, name, student).auto_score
            if held != scores.get(column.question):
                raise CourseError(
                    f"{name}: the gradebook has {held} points of {student} for {column.question}, "
                    f"the results have {scores.get(column.question)}: grade {student} again."
                )


@dataclass(frozen=True)
class Standing:
    """Where a student stands in an assignment."""

    status: str  # "graded", "nothing handed in", "not graded: …" or "to be graded by a person: …"
    points: dict[str, float]  # of what is graded, by question
    comments: dict[str, str]  # of the graders, by question

    @property
    def complete(self) -> bool:
        return self.status == GRADED

    @property
    def total(self) -> float | None:
        """The sum, if nothing is open."""
        return sum(self.points.values()) if self.complete else None


NOTHING = "nothing handed in"


def standings(course: Path, assignment: Assignment) -> dict[str, Standing]:
    """Where each student of the list stands, by id, in the order of the list."""
    found = results(course, assignment.name)
    with opened(course) as book:
        return {
            student.id: _standing(book, assignment, student.id, found.get(student.id))
            for student in courses.class_list(course)
        }


def _standing(
    book: Gradebook, assignment: Assignment, student: str, result: dict | None
) -> Standing:
    if result is None:
        return Standing(NOTHING, {}, {})
    if result["status"] != GRADED:
        return Standing(result["status"], {}, {})
    name = assignment.name
    try:
        mine = book.find_submission_notebook(name, name, student)
    except MissingEntry:
        raise CourseError(f"{name}: the gradebook lacks {student}: bring it up to date.") from None
    grades = {grade.cell.name: grade for grade in mine.grades}
    comments = {c.cell.name: c.manual_comment for c in mine.comments if c.manual_comment}
    points, unread = {}, []
    for column in columns(assignment):
        grade = grades[column.cell]
        if grade.needs_manual_grade:
            unread.append(column.question)
        else:
            points[column.question] = float(grade.score)
    status = f"to be graded by a person: {', '.join(unread)}" if unread else GRADED
    return Standing(status, points, comments)
