"""Bundles: each student's own numbers, the same bytes again, and clear words about a bad list."""

import io
import os
import stat
import subprocess
import zipfile
from dataclasses import replace

import nbformat
import pytest
import toy

from tools import notebooks
from tools.coursework import course as courses
from tools.coursework import release
from tools.coursework.course import CourseError, Student
from tools.coursework.source import numbers
from tools.coursework.submission import given

LIBRARY = {
    "mathdl-0-py3-none-any.whl": b"wheel",
    "requirements.txt": b"./mathdl",
    "LICENSE": b"MIT",
}
LISTED = [
    Student("anna", "Ånna Ünïcode 李", "anna@example.org"),
    Student("bob.b", "=Bob", "bob@example.org", {"group": "2"}),
]


@pytest.fixture(autouse=True)
def no_secrets_from_outside(monkeypatch):
    for name in ("COURSE_SALT", "GRADE_SEED", "BOOK_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def assignment(tmp_path, monkeypatch):
    return toy.toy(tmp_path, monkeypatch)


@pytest.fixture
def course(tmp_path):
    return tmp_path / "course"


def bundle(course, student):
    return (course / "released" / "toy" / f"{student}.zip").read_bytes()


def opened(course, student) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle(course, student))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def listed(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return courses.students(path)


def test_a_bundle_holds_the_students_notebook_and_all_it_needs(assignment, course):
    release.release(assignment, LISTED, course, LIBRARY)
    salt = courses.secrets(course).salt
    for student in LISTED:
        files = opened(course, student.id)
        expected = {"toy.ipynb", "README.txt", *LIBRARY}
        assert set(files) == {f"toy/{name}" for name in expected}
        readme = files["toy/README.txt"].decode()
        assert student.name in readme and student.id in readme and "toy.ipynb" in readme
        notebook = nbformat.reads(files["toy/toy.ipynb"].decode(), as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.coursework == {"assignment": "toy", "student": student.id}
        drawn = numbers(assignment, student.id, salt)
        (cell,) = [c for c in notebook.cells if c.id == "numbers"]
        assert f"d = {drawn['d']}  " in cell.source and f"m = {drawn['m']}  " in cell.source


def test_no_solution_check_or_secret_is_in_a_bundle(assignment, course):
    release.release(assignment, LISTED, course, LIBRARY)
    text = b"".join(opened(course, "anna").values()).decode()
    secret = courses.secrets(course)
    for word in ("of_each_neuron", "SOLUTION", "after rescaling", "gets no point", secret.salt):
        assert word not in text


def test_a_rerun_gives_the_same_bytes_and_a_late_student_gets_a_bundle(assignment, course):
    assert set(release.release(assignment, LISTED, course, LIBRARY).values()) == {"new"}
    before = bundle(course, "anna")
    late = [*LISTED, Student("zoe", "Zoe", "")]
    done = release.release(assignment, late, course, LIBRARY)
    assert done == {"anna": "as it was", "bob.b": "as it was", "zoe": "new"}
    assert bundle(course, "anna") == before
    assert [s.id for s in courses.class_list(course)] == ["anna", "bob.b", "zoe"]


def test_a_bundle_follows_the_library_and_keeps_its_numbers(assignment, course):
    release.release(assignment, LISTED, course, LIBRARY)
    before = opened(course, "anna")
    done = release.release(assignment, LISTED, course, LIBRARY | {"LICENSE": b"another"})
    assert set(done.values()) == {"changed"}
    after = opened(course, "anna")
    assert after["toy/LICENSE"] == b"another" and after["toy/toy.ipynb"] == before["toy/toy.ipynb"]


def test_a_release_adds_to_the_cells_that_students_ever_got(assignment, course):
    assert courses.given_out(course, "toy") == frozenset()
    release.release(assignment, LISTED, course, LIBRARY)
    first = courses.given_out(course, "toy")
    notebook = nbformat.reads(opened(course, "anna")["toy/toy.ipynb"].decode(), as_version=4)
    assert {given(cell) for cell in notebook.cells} < first
    text = assignment.blocks[0]
    edited = replace(assignment, blocks=(replace(text, text="# New"), *assignment.blocks[1:]))
    release.release(edited, LISTED, course, LIBRARY)
    assert first < courses.given_out(course, "toy")
    (course / "released" / "toy" / "cells.json").write_text("{")
    with pytest.raises(CourseError, match=r"cells.json cannot be read: delete it and run"):
        courses.given_out(course, "toy")


def test_a_killed_release_goes_on_where_it_was(assignment, course, monkeypatch):
    write = courses.write_private

    def killed(path, content):
        if path.name == "bob.b.zip":
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(courses, "write_private", killed)
    with pytest.raises(KeyboardInterrupt):
        release.release(assignment, LISTED, course, LIBRARY)
    monkeypatch.undo()
    toy.toy(course, monkeypatch)
    done = release.release(assignment, LISTED, course, LIBRARY)
    assert done == {"anna": "as it was", "bob.b": "new"}


def test_secrets_are_private_and_never_overwritten(assignment, course):
    first = courses.make_secrets(course)
    path = course / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.salt) == 32 and courses.make_secrets(course) == first
    assert sorted(p.name for p in course.iterdir()) == [".gitignore", "secrets.json"]
    path.write_text("{")
    with pytest.raises(CourseError, match=r"secrets.json has no salt .* restore it"):
        courses.make_secrets(course)
    assert path.read_text() == "{"


def test_two_courses_have_different_secrets(tmp_path):
    first, second = (courses.make_secrets(tmp_path / name) for name in "ab")
    assert first.salt != second.salt and first.grade_seed != second.grade_seed


def test_the_environment_wins(course, monkeypatch):
    courses.make_secrets(course)
    monkeypatch.setenv("COURSE_SALT", "pepper")
    monkeypatch.setenv("GRADE_SEED", "12")
    assert courses.secrets(course) == courses.Secrets("pepper", 12)
    monkeypatch.setenv("GRADE_SEED", "twelve")
    with pytest.raises(CourseError, match="GRADE_SEED is 'twelve': give a whole number"):
        courses.secrets(course)


def test_what_the_environment_said_first_is_kept(course, monkeypatch):
    monkeypatch.setenv("COURSE_SALT", "pepper")
    monkeypatch.setenv("GRADE_SEED", "0")
    courses.make_secrets(course)
    monkeypatch.delenv("COURSE_SALT")
    monkeypatch.delenv("GRADE_SEED")
    assert courses.secrets(course) == courses.Secrets("pepper", 0)


def test_lost_secrets_are_not_replaced_by_others(assignment, course):
    release.release(assignment, LISTED, course, LIBRARY)
    (course / "secrets.json").unlink()
    with pytest.raises(CourseError, match="restore the file"):
        release.release(assignment, LISTED, course, LIBRARY)
    with pytest.raises(CourseError, match="secrets.json is missing: run `make release`"):
        courses.secrets(course)


def test_nobody_else_can_read_a_course(assignment, course):
    before = os.umask(0)
    try:
        release.release(assignment, LISTED, course, LIBRARY)
    finally:
        os.umask(before)
    files = [path for path in course.rglob("*") if path.is_file()]
    assert len(files) == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(course.stat().st_mode) == 0o700  # names of students are names of files


def test_git_sees_nothing_of_a_course(assignment, tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path / "fork"], check=True)
    release.release(assignment, LISTED, tmp_path / "fork" / "spring", LIBRARY)
    status = ["git", "-C", tmp_path / "fork", "status", "--porcelain", "-uall"]
    assert subprocess.run(status, check=True, capture_output=True).stdout == b""
    with pytest.raises(CourseError, match="is a repository: name a folder of its own"):
        release.release(assignment, LISTED, tmp_path / "fork", LIBRARY)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_lists_as_spreadsheets_save_them(tmp_path, encoding, separator):
    header = ["ID", " Name", "e-mail", "Email"]
    lines = [header, ["1", "Ünal Ö", "", "u@x.org"], ["2", "李", "", ""]]
    text = "\r\n".join(separator.join(line) for line in lines) + "\r\n\r\n"
    assert listed(tmp_path, text, encoding) == [
        Student("1", "Ünal Ö", "u@x.org", {"e-mail": ""}),
        Student("2", "李", "", {"e-mail": ""}),
    ]


def test_the_kept_list_reads_back(course):
    strange = [Student("a", 'Quote " comma, \nline', "", {"x": "1"}), Student("b", "B;b", "b@c")]
    courses.write_class_list(course, strange)
    assert [(s.id, s.name, s.email) for s in courses.class_list(course)] == [
        (s.id, s.name, s.email) for s in strange
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty: give a header"),
        ("id,name,email\n", "names no student"),
        ("id;mail\n1;x\n", "has no column name, email: its first line must name id, name and"),
        ("id,name,email\n1,A,\n2,B,\n1,C,\n", "line 4: the id '1' stands in line 2 already"),
        ("id,name,email\nAnna,A,\nanna,B,\n", "line 3: the id 'anna' stands in line 2 already"),
        ("id,name,email\n,A,\n", "line 2: no id: give each student one"),
        ("id,name,email\n../x,A,\n", "line 2: the id '../x' cannot name a file: use 1 to 64"),
        ("id,name,email\nnul,A,\n", "the id 'nul' cannot name a file"),
        ("id,name,email\n.x,A,\nÄ,B,\n", "line 3: the id 'Ä' cannot name a file"),
        ("id,name,email\nx" + 64 * "x" + ",A,\n", "cannot name a file"),
        ("id,name,email\n1,Doe, John,j@x\n", "line 2 has more fields than the header"),
    ],
)
def test_a_bad_list_is_refused_in_words(tmp_path, text, words):
    with pytest.raises(CourseError) as refused:
        listed(tmp_path, text)
    assert words in str(refused.value)


def test_a_list_in_another_encoding_or_nowhere_is_refused(tmp_path):
    with pytest.raises(CourseError, match="is not in UTF-8: save it as"):
        listed(tmp_path, "id,name,email\n1,Ä,\n", "latin-1")
    with pytest.raises(CourseError, match=r"nowhere.csv is missing"):
        courses.students(tmp_path / "nowhere.csv")


def test_the_command_says_what_it_did(assignment, course, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(courses, "assignment", lambda name: assignment)
    monkeypatch.setattr(notebooks, "library", lambda root: LIBRARY)
    path = tmp_path / "list.csv"
    path.write_text("id,name,email\nanna,A,\nbob,B,\n")
    command = ["--assignment", "toy", "--students", str(path), "--course", str(course)]
    assert release.main(command) == 0
    assert capsys.readouterr().out == f"2 bundles in {course}/released/toy: 2 new.\n"
    assert release.main(["--assignment", "toy", "--course", str(course)]) == 0
    path.write_text("id,name,email\nanna,A,\n")
    assert release.main(command) == 2
    assert "The list lacks bob" in capsys.readouterr().err


def test_what_is_missing_is_asked_for_by_the_name_that_make_knows(
    assignment, course, monkeypatch, capsys
):
    with pytest.raises(CourseError, match="^Give ASSIGNMENT=, one of approximation"):
        courses.assignment("")
    with pytest.raises(CourseError, match="is no course yet: run `make release` first"):
        courses.class_list(course)
    monkeypatch.setattr(courses, "assignment", lambda name: assignment)
    assert release.main(["--assignment", "toy", "--course", str(course)]) == 2
    assert capsys.readouterr().err.startswith("Give STUDENTS=, a CSV file with the columns id,")


def test_an_assignment_that_does_not_exist_is_named():
    with pytest.raises(CourseError, match="There is no assignment 'nonesuch': give ASSIGNMENT="):
        courses.assignment("nonesuch")


def test_the_library_of_a_bundle_is_that_of_the_sites_zip():
    files = notebooks.library(toy.ROOT)
    assert notebooks.wheel_name(toy.ROOT) in files and "LICENSE" in files
    assert f"./{notebooks.wheel_name(toy.ROOT)}" in files["requirements.txt"].decode()
    packed = notebooks.zipped("x", files)
    assert packed == notebooks.zipped("x", files)
