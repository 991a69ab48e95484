"""Writes what a batch found, for a person to read: `report-<assignment>.html` and `.json`."""

from __future__ import annotations

import json
from pathlib import Path

from assignments.checks import properties
from tools.coursework.course import Student, write_private
from tools.coursework.html import rendered
from tools.coursework.results import read_result, result_path
from tools.coursework.sandbox import limits_of
from tools.coursework.source import Assignment


def write_report(
    assignment: Assignment, course: Path, listed: list[Student], kept: list[dict], isolation: str
) -> Path:
    """Write both files from the results in the course; gives the path of the page."""
    found = report(assignment, course, listed, kept, isolation)
    page = course / f"report-{assignment.name}.html"
    html = rendered("report.html", **found)
    write_private(page, html.encode())
    write_private(page.with_suffix(".json"), json.dumps(found, indent=1).encode())
    return page


def report(
    assignment: Assignment, course: Path, listed: list[Student], kept: list[dict], isolation: str
) -> dict:
    """All that the page shows."""
    rows = [
        _row(student, read_result(result_path(course, assignment.name, student.id)))
        for student in listed
    ]
    graded = [row for row in rows if row["status"] == "graded"]
    return {
        "assignment": assignment.name,
        "isolation": isolation,
        "leaves_open": limits_of(isolation),
        "questions": {
            q: sum(p.points for p in properties(assignment.checks, q))
            for q in assignment.questions()
        },
        "proofs": {p.question: p.points for p in assignment.proofs()},
        "students": rows,
        "properties": [_statistics(p, graded) for p in properties(assignment.checks)],
        "twins": _twins(graded),
        "kept": [row for row in kept if row["assignment"] in ("", assignment.name)],
    }


def _row(student: Student, result: dict | None) -> dict:
    status = result["status"] if result else "handed in nothing"
    row = {"id": student.id, "name": student.name, "status": status}
    if result and status == "graded":
        return {**result, **row}
    return {**row, "intake": result["intake"] if result else []}


def _statistics(one, graded: list[dict]) -> dict:
    """How many lost a property, and of these how many answered the question."""
    lost = []
    for row in graded:
        asked = row["questions"][one.question]
        marks = [m for m in asked["properties"] if m["name"] == one.name]
        if asked["state"] == "answered" and any(m["earned"] < m["points"] for m in marks):
            lost.append(row["id"])
    answered = [r for r in graded if r["questions"][one.question]["state"] == "answered"]
    return {
        "question": one.question,
        "text": one.text,
        "points": one.points,
        "lost": len(lost),
        "answered": len(answered),
    }


def _twins(graded: list[dict]) -> list[dict]:
    """Students whose cells are the same up to names, comments and spaces."""
    owners: dict[str, list[tuple[str, str]]] = {}
    for row in graded:
        for cell, print_ in row["fingerprints"].items():
            owners.setdefault(print_, []).append((row["id"], cell))
    groups = []
    for places in owners.values():
        students = sorted({student for student, _ in places})
        if len(students) > 1:
            groups.append({"cell": places[0][1], "students": students})
    return sorted(groups, key=lambda group: (group["cell"], group["students"]))
