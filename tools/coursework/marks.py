"""Exports the marks: python -m tools.coursework.marks --format csv|canvas|moodle

Nobody gets a zero in silence: who handed in nothing, could not be graded or waits for a person has
an empty grade, is listed on the screen, and the exit status is 3. MISSING=0 gives zeros to those
who handed in nothing, and only to them.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tools.coursework import course as courses
from tools.coursework import lms
from tools.coursework.course import CourseError, Student
from tools.coursework.gradebook import NOTHING, Standing, columns, standings, update
from tools.coursework.proofs import graded
from tools.coursework.release import title
from tools.coursework.source import Assignment

FORMATS = ("csv", "canvas", "moodle")
SOME_WITHOUT_GRADE = 3


@dataclass(frozen=True)
class Row:
    """The marks of one student in one assignment."""

    student: Student
    standing: Standing
    total: float | None  # None: no grade

    @property
    def grade(self) -> str:
        return number(self.total)


def number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def rows(course: Path, assignment: Assignment, missing: bool) -> list[Row]:
    """All students of the list; with `missing`, who handed in nothing gets 0 points."""
    update(course, assignment)
    found = standings(course, assignment)
    made = []
    for student in courses.class_list(course):
        standing = found[student.id]
        zero = missing and standing.status == NOTHING
        made.append(Row(student, standing, 0.0 if zero else standing.total))
    return made


def table(assignment: Assignment, found: list[Row]) -> list[list[str]]:
    """The marks for people: a column for each question and proof."""
    asked = columns(assignment)
    header = ["id", "name", "email", *(c.question for c in asked), "total", "maximum", "status"]
    lines = [header]
    for row in found:
        s, standing = row.student, row.standing
        points = [number(standing.points.get(column.question)) for column in asked]
        maximum = number(sum(column.points for column in asked))
        lines.append([s.id, s.name, s.email, *points, row.grade, maximum, standing.status])
    return lines


def comment(assignment: Assignment, row: Row) -> str:
    """What the learning platform may show beside a grade, as HTML."""
    said = []
    for column in columns(assignment) if row.standing.complete else []:
        points = number(row.standing.points[column.question])
        words = row.standing.comments.get(column.question, "")
        line = f"{column.question}: {points} of {column.points}. {words}".strip()
        said.append(escape(line, quote=False))
    return "<br>".join(said)


def export(
    course: Path, assignment: Assignment, form: str, missing: bool, template: Path | None
) -> tuple[Path, list[str]]:
    """Write the marks of one assignment; gives the file, and what a person should know."""
    found = rows(course, assignment, missing)
    maximum = number(sum(column.points for column in columns(assignment)))
    notes = [f"{r.student.id} ({r.student.name}): {r.standing.status}" for r in without(found)]
    notes += unclaimed(course, assignment)
    if form == "csv":
        lines = table(assignment, found)
    else:
        entries = [
            lms.Entry(row.student, row.grade, comment(assignment, row), row.standing.status)
            for row in found
        ]
        write = lms.canvas if form == "canvas" else lms.moodle
        names = (assignment.name, title(assignment))
        lines, said = write(entries, names, maximum, template)
        notes += said
    kind = "" if form == "csv" else f"-{form}"
    path = course / "marks" / f"{assignment.name}{kind}.csv"
    courses.write_private(path, lms.as_csv(lines))
    return path, notes


def unclaimed(course: Path, assignment: Assignment) -> list[str]:
    """The files that somebody handed in, nobody knows who: look at them before you give zeros."""
    report = course / f"report-{assignment.name}.json"
    if not report.exists():
        return []
    kept = json.loads(report.read_text(encoding="utf-8"))["kept"]
    return [f"{row['path']} is nobody's: {row['why']}" for row in kept if not row["student"]]


def without(found: list[Row]) -> list[Row]:
    """Those who have no grade."""
    return [row for row in found if row.total is None]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--format", default="csv", choices=FORMATS)
    parser.add_argument("--assignment", help="default: all that have results")
    parser.add_argument("--course", type=Path, default=Path("course"))
    parser.add_argument("--template", type=Path, help="what Canvas or Moodle exported")
    parser.add_argument("--missing", choices=["0"], help="0: zeros for who handed in nothing")
    given = parser.parse_args(arguments)
    status = 0
    try:
        name = given.assignment
        found = [courses.assignment(name)] if name else graded(given.course)
        if not found:
            raise CourseError(f"{given.course} has no results: run `make grade` first.")
        for assignment in found:
            missing = given.missing == "0"
            path, notes = export(given.course, assignment, given.format, missing, given.template)
            print(f"{assignment.name}: {path}" + ("; to know:" if notes else ""))
            for note in notes:
                print(f"  {note}")
            status = SOME_WITHOUT_GRADE if notes else status
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
