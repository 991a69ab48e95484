"""Exported marks: empty where there is no grade, and what Canvas and Moodle can import."""

import csv
import io
import stat

import pytest
import written
from written import BOB, CLASS

from tools.coursework import course as courses
from tools.coursework import lms, marks
from tools.coursework.course import CourseError, Student

EXPECTED = {"anna": "6.5", "bob": "", "carl": "", "dora": "", "eve": "0"}
CANVAS_HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,Toy (77),Other (78),Final Score"
CANVAS = f"""\ufeff{CANVAS_HEADER}
    Points Possible,,,,,7.00,9.00,(read only)
"李, Ånna",11,S1,login1,A,,5,50
Bob,12,,bob@example.org,A,3,5,50
Carl,13,CARL,,A,EX,5,50
Eve,dora,,eve,A,,5,50
"Student, Test",15,,,A,,,
"""
MOODLE_HEADER = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (grade),"
    "Feedback comments"
)
MOODLE = f"""{MOODLE_HEADER}
Participant 1,李 Ånna,ANNA@example.org,Submitted,,7.00,-,
Participant 2,Bob,bob@example.org,Submitted,5,7.00,"Monday, 2 November 2026",old
Participant 3,Eve,eve@example.org,Submitted,,7.00,-,
"""


@pytest.fixture
def export(course, assignment):
    def export(form, template=None, missing=False):
        path = course / "template.csv"
        path.write_text(template or "", encoding="utf-8")
        made, notes = marks.export(course, assignment, form, missing, path if template else None)
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
        return list(csv.reader(io.StringIO(made.read_text(encoding="utf-8")))), notes

    return export


def column(lines, name, key=0):
    at = lines[0].index(name)
    return {line[key]: line[at] for line in lines[1:]}


def test_the_table_has_every_question_and_no_silent_zero(export):
    lines, notes = export("csv")
    assert lines[0] == [
        *("id", "name", "email", "path-norm", "weights", "subadditive"),
        *("total", "maximum", "status"),
    ]
    assert column(lines, "total") == EXPECTED
    assert column(lines, "path-norm") == {
        "anna": "3",
        "bob": "1",
        "carl": "",
        "dora": "",
        "eve": "0",
    }
    assert column(lines, "subadditive") == dict(EXPECTED, anna="2.5")
    assert set(column(lines, "maximum").values()) == {"7"}
    assert column(lines, "status")["dora"] == "nothing handed in"
    assert [line[1] for line in lines[1:]] == ["Ånna Ünïcode 李", "'=Bob", "Carl", "Dora", "Eve"]
    assert notes == [
        "bob (=Bob): to be graded by a person: subadditive",
        "carl (Carl): not graded: it is no notebook.",
        "dora (Dora): nothing handed in",
    ]


def test_zeros_are_only_for_those_who_handed_in_nothing(export):
    for form, name, key in (("csv", "total", 0), ("canvas", "toy", 3), ("moodle", "Grade", 0)):
        lines, notes = export(form, missing=True)
        found = {who: grade for who, grade in column(lines, name, key).items() if who}
        assert found == dict(EXPECTED, dora="0")
        assert not any(note.startswith("dora") for note in notes)


def test_files_that_are_nobodys_are_named(course, export):
    report = '{"kept": [{"path": "x.ipynb", "student": "", "why": "no name."}]}'
    (course / "report-toy.json").write_text(report)
    assert export("csv", missing=True)[1][-1] == "x.ipynb is nobody's: no name."


def test_canvas_without_an_export(export):
    lines, _ = export("canvas")
    assert lines[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "toy"]
    assert lines[1] == ["    Points Possible", "", "", "", "", "7"]
    assert column(lines[1:2] and [lines[0], *lines[2:]], "toy", 3) == EXPECTED


def test_canvas_with_its_own_export(export):
    lines, notes = export("canvas", CANVAS)
    assert lines == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Toy (77)"],
        ["    Points Possible", "", "", "", "", "7.00"],
        ["李, Ånna", "11", "S1", "login1", "A", "6.5"],  # by a column of our list
        ["Bob", "12", "", "bob@example.org", "A", ""],  # no grade, so the old one does not stay
        ["Carl", "13", "CARL", "", "A", "EX"],  # excused in Canvas
        ["Eve", "dora", "", "eve", "A", "0"],  # Canvas's own ID is not ours
        ["Student, Test", "15", "", "", "A", ""],
    ]
    assert "In TEMPLATE, 'Student, Test 15' is nobody of our list: no grade." in notes
    assert "dora (Dora) is not in TEMPLATE: no grade." in notes
    assert [note for note in notes if "importing may delete it" in note] == [
        "Bob has 3 in Canvas and no grade here: importing may delete it."
    ]


def test_canvas_with_other_points_or_without_the_assignment(export):
    _, notes = export("canvas", CANVAS.replace("7.00", "20"))
    assert (
        "Canvas gives 20 points, the assignment 7: make them equal there, before you import."
        in notes
    )
    lines, notes = export("canvas", CANVAS.replace("Toy (77)", "Homework 1 (77)"))
    assert lines[0][-1] == "toy" and lines[1][-1] == "7"
    assert any("has no column toy: Canvas makes one" in note for note in notes)
    with pytest.raises(CourseError, match="2 columns for toy: leave one"):
        export("canvas", CANVAS.replace("Other (78)", "toy (78)"))


def test_two_lines_or_two_students_that_fit_get_no_grade(export):
    twice = CANVAS + "Eve,99,,EVE,B,,,\n"
    lines, notes = export("canvas", twice)
    assert [line[-1] for line in lines if line[0] == "Eve"] == ["", ""]
    assert sum("could be several students" in note for note in notes) == 2
    both = CANVAS.replace("dora,,eve", "16,anna,eve")
    lines, notes = export("canvas", both)
    assert [line[-1] for line in lines if line[0] == "Eve"] == [""]


def test_canvas_by_its_own_number_of_a_person(course, assignment, export):
    numbered = Student("eve", "Eve", "", {"canvas id": "14"})
    courses.write_class_list(course, [numbered if s.id == "eve" else s for s in CLASS])
    lines, _ = export("canvas", CANVAS.replace("Eve,dora,,eve", "Eve,14,,"))
    assert [line[-1] for line in lines if line[0] == "Eve"] == ["0"]


def test_moodle_without_an_export(export):
    lines, _ = export("moodle")
    assert lines[0] == list(lms.MOODLE)
    assert column(lines, "Grade") == EXPECTED
    words = column(lines, "Feedback comments")
    assert words["anna"] == (
        "path-norm: 3 of 3.<br>weights: 1 of 1.<br>subadditive: 2.5 of 3. "
        "Step 3 is *missing*: $a&lt;b$."
    )
    assert words["bob"] == ""


def test_moodle_with_its_own_worksheet(export):
    lines, notes = export("moodle", MOODLE)
    assert lines[0] == MOODLE_HEADER.split(",")
    assert column(lines, "Grade") == {
        "Participant 1": "6.5",
        "Participant 2": "",
        "Participant 3": "0",
    }
    assert column(lines, "Last modified (grade)")["Participant 2"] == "Monday, 2 November 2026"
    assert column(lines, "Last modified (grade)")["Participant 1"] == "-"
    assert column(lines, "Feedback comments")["Participant 2"] == ""
    assert "carl (Carl) is not in TEMPLATE: no grade." in notes


def test_an_export_in_another_language_is_refused(export):
    with pytest.raises(
        CourseError, match="has no column Grade: export it again, with the platform"
    ):
        export("moodle", MOODLE.replace("Grade", "Bewertung"))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+cmd", "-2+3", "@SUM(A1)", " =1", "\t=1", "\r=1", "=-"]
)
def test_formulas_are_made_harmless(text):
    assert lms.harmless(text) == "'" + text
    assert lms.as_csv([[text]]).decode().lstrip('"')[0] == "'"


@pytest.mark.parametrize(
    "text", ["", "-", "-1.5", "+3", "2,5", "50%", "    Points Possible", "a=b"]
)
def test_other_cells_stay(text):
    assert lms.harmless(text) == text


def test_the_command_says_who_has_no_grade(course, assignment, monkeypatch, capsys):
    monkeypatch.setattr(courses, "assignment", lambda name: assignment)
    command = ["--assignment", "toy", "--course", str(course)]
    assert marks.main(command) == 3
    said = capsys.readouterr().out
    assert "toy.csv; to know:" in said and "dora (Dora): nothing handed in" in said
    courses.write_class_list(course, [s for s in CLASS if s.id in ("anna", "eve")])
    for student in ("bob", "carl"):
        (course / "graded" / "toy" / f"{student}.json").unlink()
    assert marks.main(command) == 0
    assert capsys.readouterr().out.endswith("toy.csv\n")


def test_a_course_without_results_says_so(tmp_path, capsys):
    assert marks.main(["--course", str(tmp_path)]) == 2
    assert "run `make grade` first" in capsys.readouterr().err


def test_a_name_that_is_a_formula_is_harmless_in_every_format(export):
    for form in marks.FORMATS:
        lines, _ = export(form)
        assert any("'=Bob" in line for line in lines) and not any("=Bob" in line for line in lines)


def test_a_comment_of_a_grader_is_harmless(course, assignment, export):
    written.read_proof(course, "bob", 1, "=1+1")
    lines, _ = export("moodle")
    assert BOB.id in column(lines, "Grade")
    for line in lines:
        assert not any(cell.startswith(("=", "+", "@")) for cell in line)


def test_an_email_of_two_students_is_nobodys(course, assignment, export):
    twin = Student("zoe", "Zoe", "eve@example.org")
    courses.write_class_list(course, [*CLASS, twin])
    lines, notes = export("moodle", MOODLE)
    assert column(lines, "Grade")["Participant 3"] == ""
    assert any("Participant 3 Eve eve@example.org" in note for note in notes)
