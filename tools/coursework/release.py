"""Packs an assignment for each student of a list, with that student's numbers.

python -m tools.coursework.release --assignment approximation --students students.csv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from tools import notebooks
from tools.address import base_url
from tools.coursework import course as courses
from tools.coursework.course import CourseError, Student
from tools.coursework.notebook import student_notebook
from tools.coursework.source import Assignment, numbers
from tools.coursework.submission import given

README = """{title}

This bundle is for {name} ({id}). The numbers in its notebook are yours alone.

How to run it. With Python 3.11, 3.12 or 3.13, in this folder:

    python -m venv .venv
    .venv/bin/python -m pip install jupyterlab ./{wheel}
    .venv/bin/python -m jupyter lab {notebook}

On Windows write .venv\\Scripts\\python for .venv/bin/python. The second line also installs PyTorch.
Where Python already has PyTorch and Jupyter, open the notebook right away: its first code cell
installs the library from this folder. The exact versions with which your lecturer grades stand in
requirements.txt; they matter only if something fails without them.

How to check it. Write your answers in the cells that say so, then choose "Restart kernel and run
all cells". Below each answer stands a cell of checks: it says nothing, or what went wrong.

How to hand in. Save the notebook and hand in {notebook}, nothing else,
under this name. Leave the locked cells as they are; cells that you add may stay.

What is checked. The checks in the notebook try easy examples. After you have handed in, further
checks try properties that each question names, on random inputs and with your numbers; each
property earns its own points, and you are told which ones failed. A cell that crashes or runs for
more than a minute costs its own question only.

What is not checked. No program reads your proofs: a person does, step by step. The outputs in your
notebook do not count, since your code runs anew; nor do files that you put beside it.
"""


def title(assignment: Assignment) -> str:
    """The heading of the assignment."""
    texts = (getattr(block, "text", "") for block in assignment.blocks)
    headings = (line[2:] for text in texts for line in text.splitlines() if line.startswith("# "))
    return next(headings, assignment.name)


def bundle(
    assignment: Assignment, student: Student, notebook: NotebookNode, library: dict[str, bytes]
) -> bytes:
    """The zip of one student; the same notebook and library give the same bytes."""
    name = f"{assignment.name}.ipynb"
    (wheel,) = (file for file in library if file.endswith(".whl"))
    readme = README.format(
        title=title(assignment), name=student.name, id=student.id, notebook=name, wheel=wheel
    )
    content = {name: (nbformat.writes(notebook) + "\n").encode(), "README.txt": readme.encode()}
    return notebooks.zipped(assignment.name, content | library)


def release(
    assignment: Assignment, listed: list[Student], course: Path, library: dict[str, bytes]
) -> dict[str, str]:
    """Write a bundle for each student; what happened to it: "new", "changed" or "as it was".

    A second call, after a kill or with students added, writes only what is missing or differs.
    """
    salt = courses.make_secrets(course).salt
    courses.write_class_list(course, listed)
    made = {
        student.id: student_notebook(
            assignment, student.id, numbers(assignment, student.id, salt), base_url()
        )
        for student in listed
    }
    cells = {given(cell) for notebook in made.values() for cell in notebook.cells}
    courses.add_given_out(course, assignment.name, cells)
    done = {}
    for student in tqdm(listed, desc=assignment.name, unit="bundle", disable=None):
        path = course / "released" / assignment.name / f"{student.id}.zip"
        content = bundle(assignment, student, made[student.id], library)
        kept = path.read_bytes() if path.exists() else None
        done[student.id] = "as it was" if kept == content else "changed" if kept else "new"
        if kept != content:
            courses.write_private(path, content)
    return done


def no_longer_listed(course: Path, listed: list[Student]) -> list[str]:
    """The ids of the course's list that are not in the list given now."""
    if not (course / "students.csv").exists():
        return []
    ids = {student.id for student in listed}
    return [s.id for s in courses.class_list(course) if s.id not in ids]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assignment", required=True)
    parser.add_argument("--students", type=Path, help="CSV file; default: the course's own list")
    parser.add_argument("--course", type=Path, default=Path("course"))
    given = parser.parse_args(arguments)
    try:
        assignment = courses.assignment(given.assignment)
        kept = given.course / "students.csv"
        if not (given.students or kept.exists()):
            raise CourseError("Give STUDENTS=, a CSV file with the columns id, name and email.")
        listed = courses.students(given.students or kept)
        gone = no_longer_listed(given.course, listed)
        if gone:
            raise CourseError(
                f"The list lacks {', '.join(gone)} of {given.course / 'students.csv'}: add them, "
                "or delete them there first if they have left the course."
            )
        done = release(assignment, listed, given.course, notebooks.library(courses.ROOT))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    counts = {what: list(done.values()).count(what) for what in ("new", "changed", "as it was")}
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    print(f"{len(done)} bundles in {given.course / 'released' / assignment.name}: {said}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
