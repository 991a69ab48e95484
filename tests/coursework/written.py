"""A course with results as the grader writes them, made without running any student's code."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

from assignments.checks import properties
from tools.coursework import course as courses
from tools.coursework import gradebook
from tools.coursework.course import Student
from tools.coursework.notebook import student_notebook
from tools.coursework.source import Assignment, numbers

PROOF = "By the **triangle inequality**, $a<b$ and\n\n$$\n\\sum_i |a_i|.\n$$"

ANNA = Student("anna", "Ånna Ünïcode 李", "anna@example.org", {"sis user id": "S1"})
BOB = Student("bob", "=Bob", "bob@example.org")
CARL = Student("carl", "Carl", "")
DORA = Student("dora", "Dora", "dora@example.org")
EVE = Student("eve", "Eve", "eve@example.org")
CLASS = [ANNA, BOB, CARL, DORA, EVE]


def result(
    assignment: Assignment,
    student: Student,
    course: Path,
    lost: tuple[str, ...] = (),
    proof: str = PROOF,
    picture: str = "",
) -> dict:
    """Write the result and the notebook of a student who lost the named properties."""
    drawn = numbers(assignment, student.id, courses.make_secrets(course).salt)
    notebook = student_notebook(assignment, student.id, drawn, None)
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution"):
            cell.source = proof if cell.cell_type == "markdown" else f"answer = '{student.id}'"
            if picture and cell.cell_type == "markdown":
                cell["attachments"] = {picture: {"image/png": "AAAA"}}
    questions = {}
    for question in assignment.questions():
        marks = [
            {
                "name": p.name,
                "text": p.text,
                "points": p.points,
                "earned": 0 if p.name in lost else p.points,
                "message": f"Not so: {p.text}. It is <b>5</b>." if p.name in lost else "",
            }
            for p in properties(assignment.checks, question)
        ]
        questions[question] = {
            "points": sum(m["earned"] for m in marks),
            "out_of": sum(m["points"] for m in marks),
            "state": "answered",
            "public": "passed",
            "properties": marks,
        }
    found = {
        "assignment": assignment.name,
        "student": student.id,
        "status": "graded",
        "questions": questions,
        "proofs": {p.question: {"out_of": p.points, "answered": True} for p in assignment.proofs()},
        "intake": [],
        "events": ["The locked cell 'numbers' was changed: it is put back."],
        "flags": [{"cell": "weights", "line": 1, "what": "uses ctypes", "code": "import ctypes"}],
    }
    place = course / "graded" / assignment.name / student.id
    courses.write_private(
        place.with_name(f"{student.id}.ipynb"), nbformat.writes(notebook).encode()
    )
    courses.write_private(place.with_name(f"{student.id}.json"), json.dumps(found).encode())
    return found


def not_graded(
    assignment: Assignment, student: Student, course: Path, why: str, told: str = ""
) -> None:
    """Write the result of a submission that could not be graded; its student is told `told`."""
    found = {"assignment": assignment.name, "student": student.id, "intake": []}
    found |= {"status": f"not graded: {why}", "told": told}
    path = course / "graded" / assignment.name / f"{student.id}.json"
    courses.write_private(path, json.dumps(found).encode())


def read_proof(course, student, points, comment=None):
    """What nbgrader's page does when a person types points and a comment."""
    with gradebook.opened(course) as book:
        grade = book.find_grade("subadditive", "toy", "toy", student)
        grade.manual_score, grade.needs_manual_grade = points, False
        book.find_comment("subadditive", "toy", "toy", student).manual_comment = comment
        book.db.commit()
