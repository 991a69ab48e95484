"""A whole course, one command after the other: 40 hand-ins of 20 students, every point as expected.

The answers are references, blanks, wrong answers and mixtures. A question on which another one
builds stays right in a mixture, or the points of that other one would not be known.
"""

import ast
import csv
import io
import os
import re
import zipfile

import nbformat
import numpy as np
import pytest

from assignments.checks import properties
from tools import notebooks
from tools.coursework import course as courses
from tools.coursework import feedback, grade, gradebook, marks, release
from tools.coursework.notebook import MARKS
from tools.coursework.submission import defined

ASSIGNMENTS = ("estimation", "optimization")
STUDENTS = 20
ABSENT = "s20"
BLANK = None


def worth(assignment, question):
    return sum(p.points for p in properties(assignment.checks, question))


def reference(assignment, question):
    return MARKS.sub("", assignment.cell(question, "answer").body)


def leaves(assignment) -> list[str]:
    """The questions on which no other answer builds."""
    codes = {q: assignment.cell(q, "answer").body for q in assignment.questions()}
    used = {
        q: {n.id for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name)}
        for q, code in codes.items()
    }
    return [
        q
        for q in codes
        if not any(defined(codes[q]) & used[other] for other in codes if other != q)
    ]


def answers(assignment, number) -> dict[str, tuple[str | None, int]]:
    """What student `number` writes, and what each question must earn."""
    found = {q: (reference(assignment, q), worth(assignment, q)) for q in assignment.questions()}
    if number == 0:
        return found
    if number == 1:
        return dict.fromkeys(found, (BLANK, 0))
    wrong = {q: [w for w in assignment.wrong_answers if w.question == q] for q in found}
    rng = np.random.default_rng(number)
    for question in leaves(assignment):
        choice = int(rng.integers(-2, len(wrong[question])))
        if choice == -1:
            found[question] = (BLANK, 0)
        elif choice >= 0:
            found[question] = (wrong[question][choice].code, wrong[question][choice].points)
    return found


def fill_in(bundle, assignment, number, folder):
    """What a student does with a bundle."""
    with zipfile.ZipFile(bundle) as archive:
        name = f"{assignment.name}/{assignment.name}.ipynb"
        notebook = nbformat.reads(archive.read(name).decode(), as_version=4)
    given = answers(assignment, number)
    for cell in notebook.cells:
        marked = cell.metadata.get("nbgrader", {})
        if marked.get("solution") and cell.cell_type == "markdown":
            cell.source = f"A proof of {bundle.stem}, with $a<b$."
        elif marked.get("solution") and given[marked["grade_id"]][0] is not BLANK:
            cell.source = given[marked["grade_id"]][0]
    place = folder / bundle.stem / f"{assignment.name}.ipynb"
    place.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, place)


def proof_points(proof, number) -> float:
    """What a person gives for a proof: everything from nothing to full marks, and halves."""
    return (number % (2 * proof.points + 1)) / 2


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Released, filled in, handed in and graded, one command each."""
    folder = tmp_path_factory.mktemp("course")
    course, listed, handed_in = folder / "course", folder / "list.csv", folder / "handed-in"
    people = [f"s{number:02};Stüdent {number};s{number:02}@example.org" for number in range(21)]
    listed.write_text("\n".join(["id;name;email", *people]), encoding="utf-8-sig")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_SALT", "test")
        patch.setenv("GRADE_SEED", os.environ.get("GRADE_SEED", "0"))
        patch.setattr(notebooks, "wheel", lambda root: b"wheel")
        for name in ASSIGNMENTS:
            command = ["--assignment", name, "--students", str(listed), "--course", str(course)]
            assert release.main(command) == 0
            for number in range(STUDENTS):
                bundle = course / "released" / name / f"s{number:02}.zip"
                fill_in(bundle, courses.assignment(name), number, handed_in)
        command = ["--submissions", str(handed_in), "--course", str(course)]
        assert grade.main(command) == 0
        yield course


@pytest.fixture(params=ASSIGNMENTS)
def assignment(request):
    return courses.assignment(request.param)


def exported(course, assignment, form, status) -> list[list[str]]:
    command = ["--format", form, "--assignment", assignment.name, "--course", str(course)]
    assert marks.main(command) == status
    kind = "" if form == "csv" else f"-{form}"
    path = course / "marks" / f"{assignment.name}{kind}.csv"
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def expected(assignment, number) -> float:
    code = sum(points for _, points in answers(assignment, number).values())
    return code + sum(proof_points(proof, number) for proof in assignment.proofs())


def test_there_are_forty_of_every_kind(assignment):
    every = [answers(assignment, number) for number in range(STUDENTS)]
    assert len(ASSIGNMENTS) * len(every) == 40
    totals = {sum(points for _, points in one.values()) for one in every}
    assert len(totals) >= 7 and 0 in totals


def test_every_question_of_everybody_earns_what_it_should(course, assignment):
    found = gradebook.results(course, assignment.name)
    assert len(found) == STUDENTS
    for number in range(STUDENTS):
        earned = gradebook.earned(found[f"s{number:02}"])
        wanted = {q: points for q, (_, points) in answers(assignment, number).items()}
        assert earned == wanted, f"s{number:02}"


def test_points_go_from_the_proofs_to_marks_and_feedback(course, assignment, capsys):
    table = exported(course, assignment, "csv", 3)
    assert all(line[-3] == "" for line in table[1:])  # the proofs are not read yet
    assert feedback.main(["--assignment", assignment.name, "--course", str(course)]) == 0
    assert "20 of them have no grade yet" in capsys.readouterr().out

    name = assignment.name
    with gradebook.opened(course) as book:
        for number in range(STUDENTS):
            for proof in assignment.proofs():
                one = book.find_grade(proof.question, name, name, f"s{number:02}")
                one.manual_score, one.needs_manual_grade = proof_points(proof, number), False
        book.db.commit()
        scores = {s.student.id: s.score for s in book.assignment_submissions(name)}
    wanted = {f"s{number:02}": expected(assignment, number) for number in range(STUDENTS)}
    assert scores == wanted

    graded = {**{who: f"{points:g}" for who, points in wanted.items()}, ABSENT: ""}
    table = exported(course, assignment, "csv", 3)
    assert {line[0]: line[-3] for line in table[1:]} == graded
    assert {line[-1] for line in table[1:]} == {"graded", "nothing handed in"}
    table = exported(course, assignment, "canvas", 3)
    assert {line[3]: line[-1] for line in table[2:]} == graded
    table = exported(course, assignment, "moodle", 3)
    assert {line[0]: line[3] for line in table[1:]} == graded

    assert feedback.main(["--assignment", name, "--course", str(course)]) == 0
    pages = sorted((course / "feedback" / name).glob("*.html"))
    totals = [
        re.search(r"<strong>([\d.]+) of (\d+) points", page.read_text("utf-8")) for page in pages
    ]
    assert {page.stem: total[1] for page, total in zip(pages, totals, strict=True) if total} == {
        who: points for who, points in graded.items() if points
    }
