"""The batch: its journal, what it says and keeps, with a sandbox that runs in this process."""

import json
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import classroom
import nbformat
import pytest
import torch

from tools.coursework import grade, grading, results
from tools.coursework.course import CourseError, add_given_out, secrets
from tools.coursework.results import digest
from tools.coursework.sandbox import CellRun
from tools.coursework.source import Prose
from tools.coursework.submission import given

CLASS = ["anna", "bob", "cy"]
XSS = "<script>alert(1)</script>"


class Open:
    """The interface of the sandbox without its walls: for answers that we wrote ourselves."""

    level = "limits only"

    def __init__(self):
        self.opened = 0

    def open_notebook(self, cells):
        self.opened += 1
        names = {}
        ran = [self.run(cell, names) for cell in cells]
        return Session(ran, SimpleNamespace(**names))

    def run(self, cell, names):
        try:
            exec(cell, names)
        except Exception as error:
            return CellRun(False, f"{type(error).__name__}: {error}")
        return CellRun(True, output="printed")


class Session:
    level = "limits only"

    def __init__(self, ran, student):
        self.ran, self.student = ran, student

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


class Class:
    """A course with an assignment, a folder of hand-ins, and the sandbox that counts."""

    def __init__(self, folder):
        self.assignment = classroom.classroom(folder)
        self.course = classroom.course(folder, CLASS)
        self.folder = folder / "handed-in"
        self.folder.mkdir()
        self.sandbox = Open()

    def hand_in(self, student, answers=None, name="classroom.ipynb", **more):
        made = classroom.notebook(self.assignment, student, answers or {})
        classroom.hand_in(self.folder, f"{student}/{name}", made, **more)

    def grade(self, wanted="classroom"):
        known = [self.assignment]
        return grade.grade_folder(self.folder, self.course, known, wanted, self.sandbox)

    def result(self, student):
        path = self.course / "graded" / "classroom" / f"{student}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def report(self):
        return json.loads((self.course / "report-classroom.json").read_text())

    def row(self, student):
        return next(row for row in self.report()["students"] if row["id"] == student)


@pytest.fixture
def room(tmp_path):
    return Class(tmp_path)


def test_points_property_by_property(room, capsys):
    room.hand_in("anna")
    room.hand_in("bob", {"path-norm": "def path_norm(a, W, b):\n    return 3.0", "weights": None})
    assert room.grade() == 0
    assert room.result("anna")["points"] == room.result("anna")["out_of"] == 6
    bob = room.result("bob")
    assert [m["earned"] for m in bob["questions"]["path-norm"]["properties"]] == [0, 1]
    assert "Not so: the path norm is" in bob["questions"]["path-norm"]["properties"][0]["message"]
    assert bob["questions"]["weights"]["state"] == "not answered"
    assert bob["questions"]["weights"]["properties"][0]["message"] == "Not answered."
    assert bob["questions"]["path-norm"]["public"].startswith("AssertionError")
    assert bob["proofs"] == {"subadditive": {"out_of": 3, "answered": True}}
    lost = {p["text"]: (p["lost"], p["answered"]) for p in room.report()["properties"]}
    assert lost["the path norm is the sum of the neurons' products"] == (1, 2)
    assert lost["the weights of this student's network are counted"] == (0, 1)
    assert "Graded: 2. Not graded: 0." in capsys.readouterr().out


def test_whoever_handed_in_nothing_has_no_mark(room):
    room.hand_in("anna")
    room.grade()
    assert room.result("cy") is None
    assert room.row("cy")["status"] == "handed in nothing" and "points" not in room.row("cy")


def test_nothing_is_graded_twice(room):
    room.hand_in("anna")
    room.hand_in("bob")
    room.grade()
    path = room.course / "graded" / "classroom" / "anna.json"
    before = path.stat().st_mtime_ns
    assert room.grade() == 0 and room.sandbox.opened == 2
    assert path.stat().st_mtime_ns == before
    room.hand_in("bob", {"balance": "def balance(W, b):\n    return 0"})
    room.grade()
    assert room.sandbox.opened == 3 and room.result("bob")["points"] == 4
    assert path.stat().st_mtime_ns == before


def test_another_seed_numbers_or_source_grades_anew(room, monkeypatch):
    drawn = {"d": 4, "m": 20}
    first = digest(room.assignment, drawn, 7)
    assert digest(room.assignment, drawn, 8) != first
    assert digest(room.assignment, drawn | {"d": 5}, 7) != first
    room.assignment.header["minutes"] = 91
    assert digest(room.assignment, drawn, 7) != first
    room.hand_in("anna")
    room.grade()
    monkeypatch.setenv("GRADE_SEED", "8")
    room.grade()
    assert room.sandbox.opened == 2
    assert room.result("anna")["seed"] == secrets(room.course).grade_seed == 8


def test_what_a_check_imports_grades_anew(room, monkeypatch, tmp_path):
    folder = tmp_path / "checks"
    folder.mkdir()
    (folder / "helper.py").write_text("RIGHT = 1")
    monkeypatch.setattr(results, "CHECKS", folder)
    first = digest(room.assignment, {}, 7)
    (folder / "helper.py").write_text("RIGHT = 2")
    assert digest(room.assignment, {}, 7) != first


def test_what_is_said_of_the_files_is_kept_up_to_date_without_grading_again(room):
    room.hand_in("anna")
    room.grade()
    room.hand_in("anna", {"weights": None}, name="early.ipynb", time=1_600_000_000)
    assert room.grade() == 0 and room.sandbox.opened == 1
    assert "Handed in 2 times" in room.result("anna")["intake"][0]
    (kept,) = room.report()["kept"]
    assert kept["path"] == "anna/early.ipynb" and "came later" in kept["why"]
    original = (room.folder / "anna" / "early.ipynb").read_bytes()
    assert (room.course / kept["kept"]).read_bytes() == original


def test_an_interrupt_keeps_what_is_done(room, monkeypatch, capsys):
    for student in CLASS:
        room.hand_in(student)
    real = grade.grade_one

    def interrupted(assignment, one, *rest):
        if one.student == "bob":
            raise KeyboardInterrupt
        return real(assignment, one, *rest)

    monkeypatch.setattr(grade, "grade_one", interrupted)
    assert room.grade() == grade.INTERRUPTED
    assert room.result("anna")["points"] == 6 and room.result("bob") is None
    assert "goes on where it stopped" in capsys.readouterr().out
    monkeypatch.setattr(grade, "grade_one", real)
    assert room.grade() == 0 and room.sandbox.opened == 3


def test_an_error_of_the_grader_is_no_zero(room, monkeypatch, capsys):
    room.hand_in("anna")
    room.hand_in("bob")
    real = room.sandbox.open_notebook

    def fails_once(cells):
        if room.sandbox.opened == 0:
            room.sandbox.opened += 1
            raise RuntimeError("the worker does not start")
        return real(cells)

    monkeypatch.setattr(room.sandbox, "open_notebook", fails_once)
    assert room.grade() == grade.SOME_LEFT
    assert room.result("anna")["status"].startswith("not graded: RuntimeError: the worker")
    assert "points" not in room.result("anna") and room.result("bob")["points"] == 6
    assert "anna/classroom.ipynb (anna): RuntimeError" in capsys.readouterr().out
    (kept,) = room.report()["kept"]
    assert (room.course / kept["kept"]).exists()
    assert room.grade() == 0 and room.result("anna")["points"] == 6


def test_an_error_of_the_grader_takes_no_points_away(room, monkeypatch):
    room.hand_in("anna")
    room.grade()
    room.hand_in("anna", {"weights": None})
    monkeypatch.setattr(grade, "grade_one", lambda *given: 1 / 0)
    assert room.grade() == grade.SOME_LEFT
    assert room.result("anna")["points"] == 6
    assert any("ZeroDivisionError" in kept["why"] for kept in room.report()["kept"])


def test_a_full_disk_is_said_in_a_sentence(room, monkeypatch, capsys):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(grade, "write_private", full)
    monkeypatch.setattr(grade, "write_result", full)
    monkeypatch.setattr(grade, "sources", lambda root: [room.assignment])
    monkeypatch.setattr(grade, "Sandbox", Open)
    room.hand_in("anna")
    given = ["--submissions", str(room.folder), "--course", str(room.course)]
    assert grade.main(given) == 1
    said = capsys.readouterr().err
    assert "No space left on device" in said and "run the same command again" in said


def test_a_file_that_cannot_be_graded_takes_no_points_away(room):
    room.hand_in("anna")
    room.grade()
    (room.folder / "anna" / "classroom.ipynb").write_bytes(b"{broken")
    assert room.grade() == grade.SOME_LEFT
    assert room.result("anna")["points"] == 6
    (room.folder / "bob_classroom.ipynb").write_bytes(b"")
    assert room.grade() == grade.SOME_LEFT
    assert room.result("bob")["status"] == "not graded: the file is empty."
    assert room.result("bob")["told"].endswith("save it, and hand in the file that was saved.")
    assert "points" not in room.row("bob")


def test_an_empty_folder_is_a_mistake(room):
    with pytest.raises(CourseError, match="holds no file: name the folder or zip"):
        room.grade()


def test_a_source_that_changed_after_the_release_makes_no_noise(room):
    room.hand_in("anna")
    blanks = dict.fromkeys(classroom.GOOD)
    given_out = {given(c) for c in classroom.notebook(room.assignment, "anna", blanks).cells}
    room.assignment = replace(
        room.assignment,
        blocks=tuple(
            replace(b, text=f"{b.text} (Mended.)") if isinstance(b, Prose) else b
            for b in room.assignment.blocks
        ),
    )
    room.grade()
    assert "added" in " ".join(room.result("anna")["events"])
    add_given_out(room.course, "classroom", given_out)
    (room.course / "graded" / "classroom" / "anna.json").unlink()
    room.grade()
    assert room.result("anna")["events"] == [] and room.result("anna")["points"] == 6


def test_the_report_says_what_files_are_not_graded_and_keeps_them(room):
    (room.folder / "stranger.ipynb").write_bytes(b"not JSON")
    (room.folder / "scan.pdf").write_bytes(b"%PDF")
    (room.folder / "link.ipynb").symlink_to("/etc/passwd")
    assert room.grade() == grade.SOME_LEFT
    rows = {row["path"]: row for row in room.report()["kept"]}
    assert "not JSON" in rows["stranger.ipynb"]["why"]
    assert "person to look at" in rows["scan.pdf"]["why"]
    for name in ("stranger.ipynb", "scan.pdf"):
        assert (room.course / rows[name]["kept"]).read_bytes() == (room.folder / name).read_bytes()
    assert rows["link.ipynb"]["kept"] == ""
    assert not any("root:" in p.read_text("latin-1") for p in (room.course / "kept").rglob("*.*"))


def test_hostile_text_is_text_in_the_report(room):
    code = f"raise ValueError({XSS!r})\nimport ctypes  # {XSS}"
    room.hand_in("anna", {"path-norm": code, "subadditive": XSS})
    classroom.hand_in(room.folder, f"bob/{XSS.replace('/', '')}.ipynb", b"{")
    room.grade()
    page = (room.course / "report-classroom.html").read_text()
    assert "<script" not in page and page.count("&lt;script&gt;") >= 2
    assert "import ctypes" in page


def test_answers_that_are_alike_are_listed(room):
    code = "def path_norm(a, W, b):\n    total = 0.0\n    for i in range(len(a)):\n"
    code += "        inner = W[i].abs().sum() + b[i].abs()\n        total = total + inner * a[i]\n"
    code += "    if total < 0:\n        raise ValueError('negative')\n    return total"
    room.hand_in("anna", {"path-norm": code})
    room.hand_in("bob", {"path-norm": code.replace("total", "s").replace("inner", "t")})
    room.hand_in("cy")
    room.grade()
    assert room.report()["twins"] == [{"cell": "path-norm", "students": ["anna", "bob"]}]


def test_the_notebook_is_kept_as_it_was_run(room):
    room.hand_in("anna", {"path-norm": "def path_norm(a, W, b):\n    return 3.0"})
    room.grade()
    notebook = nbformat.read(room.course / "graded" / "classroom" / "anna.ipynb", 4)
    nbformat.validate(notebook)
    assert classroom.cell(notebook, "path-norm").outputs[0].text == "printed"
    assert "AssertionError" in classroom.cell(notebook, "check-path-norm").outputs[0].text
    assert [cell for cell in notebook.cells if "rubric" in cell.source] == []


def test_a_question_has_its_own_time(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(grading.time, "monotonic", lambda: clock[0])

    def slow():
        clock[0] += 40
        return 1

    budget = grading.Budget(SimpleNamespace(slow=slow, value=3), 60)
    assert budget.slow() == budget.slow() == 1
    with pytest.raises(grading.OutOfTime):
        budget.slow()
    with pytest.raises(grading.OutOfTime):
        _ = budget.value
    assert grading.Budget(SimpleNamespace(value=3), 60).value == 3


def test_two_graders_do_not_work_on_one_course(room):
    room.hand_in("anna")
    with grade._alone(room.course), pytest.raises(CourseError, match="Another `make grade`"):
        room.grade()
    assert room.grade() == 0


def test_the_course_is_for_its_owner_only(room):
    room.hand_in("anna")
    room.grade()
    assert room.course.stat().st_mode & 0o77 == 0
    assert all(p.stat().st_mode & 0o77 == 0 for p in (room.course / "graded").rglob("*.*"))
    left = {p.name for p in room.course.rglob(".*")}
    assert left <= {".grading.lock", ".gitignore"}


def test_wrong_calls(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COURSE_SALT", raising=False)
    course = ["--course", str(tmp_path)]
    assert grade.main(course) == 1 and "SUBMISSIONS=" in capsys.readouterr().err
    assert grade.main(["--submissions", str(tmp_path), *course]) == 1
    assert "run `make release` first" in capsys.readouterr().err
    assert grade.main(["--submissions", "x", "--assignment", "none", *course]) == 1
    assert "ASSIGNMENT" in capsys.readouterr().err


def test_a_check_cannot_exhaust_the_memory_of_the_grader():
    with grading.bounded(1 << 30), pytest.raises(RuntimeError, match="allocate"):
        torch.empty(2 << 30, dtype=torch.uint8)
    assert torch.empty(2 << 30, dtype=torch.uint8).numel() == 2 << 30  # never touched


def test_a_zip_that_unpacks_to_a_disk_full_is_kept_once_and_packed(room):
    with zipfile.ZipFile(room.folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"{number}.ipynb", bytes(19 << 20 if number < 6 else 1))
        archive.writestr("large.ipynb", bytes(21 << 20))
    assert room.grade() == grade.SOME_LEFT
    assert len(room.report()["kept"]) == 31
    (copy,) = (room.course / "kept").rglob("*.*")
    assert copy.read_bytes() == (room.folder / "bomb.zip").read_bytes()
