"""Writes a page of feedback for each student: python -m tools.coursework.feedback --assignment …

A page stands by itself, without scripts or files beside it. It says which properties failed and on
what input, so give it out after the last deadline.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.coursework import course as courses
from tools.coursework.course import CourseError, Student
from tools.coursework.gradebook import (
    GRADED,
    NOTHING,
    Column,
    Standing,
    columns,
    results,
    standings,
    update,
)
from tools.coursework.html import rendered
from tools.coursework.marks import number
from tools.coursework.notebook import with_links
from tools.coursework.proof_copies import answer
from tools.coursework.release import title
from tools.coursework.safe_markdown import with_mathml
from tools.coursework.source import Assignment

STOPPED = "The grader stopped at your notebook, which may not be your fault; your lecturer knows."


def page(
    assignment: Assignment,
    student: Student,
    standing: Standing,
    result: dict,
    notebook: NotebookNode | None,
    rubric: bool = False,
) -> str:
    """The feedback of one student as HTML; `rubric` shows the rubrics of the proofs as well."""
    asked = columns(assignment)
    rubrics = {p.question: p.rubric for p in assignment.proofs()} if rubric else {}
    return rendered(
        "feedback.html",
        title=title(assignment),
        student=student,
        status=standing.status,
        told="" if "questions" in result else result.get("told") or STOPPED,
        total=number(standing.total),
        maximum=sum(column.points for column in asked),
        events=result.get("events", []),  # what collecting noticed may name other students
        parts=[_part(assignment, c, standing, result, notebook, rubrics) for c in asked]
        if notebook
        else [],
    )


def reason(mark: dict) -> str:
    """Why a property was lost, without the property, which stands above it on the page."""
    said = mark["message"].removeprefix(f"Not so: {mark['text']}. ")
    stopped = f"Not tested: {mark['text']}. "
    if not said.startswith(stopped):
        return said
    return f"Your code gave no answer: {said.removeprefix(stopped).removeprefix('StudentError: ')}"


def _part(
    assignment: Assignment,
    column: Column,
    standing: Standing,
    result: dict,
    notebook: NotebookNode,
    rubrics: dict,
) -> dict:
    """What the page shows of one question."""
    question = column.question
    cell = answer(notebook, question)
    text = cell.source if cell else ""
    comment = standing.comments.get(question, "")
    rubric = with_links(rubrics.get(question, ""), lambda page, label: None)
    asked = None if column.proof else result["questions"][question]
    return {
        "heading": assignment.heading(question),
        "blank": asked is not None and asked["state"] == "not answered",
        "points": number(standing.points.get(question)),
        "out_of": column.points,
        "proof": column.proof,
        "answer": text,
        "html": with_mathml(text, cell.get("attachments") if cell else None)
        if column.proof
        else "",
        "properties": [m | {"reason": reason(m)} for m in asked["properties"]] if asked else [],
        "public": asked["public"].removeprefix("AssertionError: ") if asked else "",
        "comment": with_mathml(comment),
        "rubric": with_mathml(rubric),
    }


def write(course: Path, assignment: Assignment, rubric: bool = False) -> list[Path]:
    """Write the pages of all who handed in; nobody else has one."""
    update(course, assignment)
    found, standing = results(course, assignment.name), standings(course, assignment)
    written = []
    for student in courses.class_list(course):
        path = course / "feedback" / assignment.name / f"{student.id}.html"
        mine = standing[student.id]
        if mine.status == NOTHING:
            path.unlink(missing_ok=True)
            continue
        result, notebook = found[student.id], None
        if result["status"] == GRADED:
            graded = course / "graded" / assignment.name / f"{student.id}.ipynb"
            notebook = nbformat.read(graded, as_version=4)
        html = page(assignment, student, mine, result, notebook, rubric)
        courses.write_private(path, html.encode())
        written.append(path)
    return written


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--assignment", required=True)
    parser.add_argument("--course", type=Path, default=Path("course"))
    parser.add_argument("--rubric", action="store_true", help="show the rubrics of the proofs")
    given = parser.parse_args(arguments)
    try:
        assignment = courses.assignment(given.assignment)
        written = write(given.course, assignment, given.rubric)
        standing = standings(given.course, assignment).values()
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(written)} pages in {given.course / 'feedback' / assignment.name}.")
    if waiting := sum(s.status not in (GRADED, NOTHING) for s in standing):
        print(f"{waiting} of them have no grade yet, and say so.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
