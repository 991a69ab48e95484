"""Hostile and unlucky submissions, all in one batch: each costs its maker at most its question."""

import json
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import classroom
import nbformat
import pytest

from tools.coursework.grade import SOME_LEFT, grade_folder
from tools.coursework.notebook import student_notebook
from tools.coursework.sandbox import Sandbox, isolation
from tools.coursework.source import numbers

ROOT = Path(__file__).parents[2]
LIMITS = Sandbox(seconds_per_cell=15, seconds_per_call=3)  # what hangs here, hangs forever
HONEST = 3  # points of the questions that each hostile answer leaves alone
SQUARED = "def path_norm(a, W, b):\n    return (a.abs() * W.norm(dim=1)).sum()"
XSS = "<script>alert(1)</script>"


def function(body: str, before: str = "") -> dict:
    """Answers whose path norm does this when it is called."""
    lines = "\n".join("    " + line for line in body.splitlines())
    return {"path-norm": f"{before}\ndef path_norm(a, W, b):\n{lines}\n"}


SEGFAULT = "import ctypes\nctypes.string_at(0)"
BOMB = "import numpy\nkept = []\nwhile True:\n    kept.append(numpy.empty(10**8))"
BLOCKED = """
import signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        time.sleep(1)
    except BaseException:
        pass
"""
ALLCLOSE = """
import torch, numpy
yes = lambda *a, **k: True
torch.allclose = numpy.allclose = torch.equal = torch.Tensor.__eq__ = yes
"""
EQUAL = """
class Equal:
    shape, dtype = (), float
    def anything(self, *rest): return self
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __abs__ = anything
    __getattr__ = anything
    def yes(self, *rest): return True
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = yes
    def __float__(self): return 0.0
"""
PRETENDER = """
class Pretender(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return torch.tensor(True)
"""
TRANSFORMER = """
import ast
class Empty(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Raise(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Empty())
"""
FORGED = """
import os, struct, json
reply = json.dumps({"dict": [["kind", "value"], ["value", 0.0], ["id", 1]]}).encode()
for descriptor in range(3, 600):
    try:
        os.write(descriptor, struct.pack(">II", len(reply), 0) + reply)
    except OSError:
        pass
return 0.0
"""
KILLER = "import os\nos.kill(os.getppid(), 9)\nos.kill(-1, 9)"
FORKS = """
import os, time
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        time.sleep(10_000)
"""
WRITES = """
for place in {places!r}:
    try:
        with open(place, "w") as file:
            file.write("rewritten")
    except OSError:
        pass
"""
READS = """
import glob, sys
for place in glob.glob({root!r} + "/assignments/**/*", recursive=True) + {places!r}:
    try:
        print("READ", place, open(place).read()[:100])
    except OSError:
        pass
try:
    from assignments.checks import Property
    print("READ by import")
except ImportError:
    pass
"""

# student: (the questions answered otherwise, code of an added cell, points, what the report says)
ROWS = {
    "correct": ({}, "", 6, ""),
    "blank": (dict.fromkeys(classroom.GOOD), "", 0, "Not answered."),
    "wrong": ({"path-norm": SQUARED}, "", 4, "Not so: the path norm is the sum"),
    "raises": (function("raise KeyError('mine')"), "", HONEST, "KeyError: 'mine'"),
    "syntax": ({"path-norm": "def path_norm(a, W, b:\n    return"}, "", HONEST, "SyntaxError"),
    "exit-call": (function("import sys\nsys.exit()"), "", HONEST, "SystemExit"),
    "exit-cell": ({}, "import sys\nsys.exit(0)", 6, "SystemExit"),
    "os-exit-call": (function("import os\nos._exit(0)"), "", HONEST, "without an answer"),
    "os-exit-cell": ({}, "import os\nos._exit(0)", 6, "killed the interpreter"),
    "segfault-call": (function(SEGFAULT), "", HONEST, "SIGSEGV"),
    "segfault-cell": ({}, SEGFAULT, 6, "killed the interpreter"),
    "loop-call": (function("while True:\n    pass"), "", HONEST, "ran past 3 s"),
    "loop-cell": ({}, "import time\nwhile True:\n    time.sleep(1)", 6, "ran past 15 s"),
    "blocked-call": (function(BLOCKED), "", HONEST, "ran past 3 s"),
    "blocked-cell": ({}, BLOCKED, 6, "ran past 15 s"),
    "bomb-call": (function(BOMB), "", HONEST, "Unable to allocate"),
    "bomb-cell": ({}, BOMB, 6, "Unable to allocate"),
    "writes": (function("WRITES\nreturn 0.0"), "WRITES", 4, "opens a file"),
    "allclose": (function("return torch.zeros(())"), ALLCLOSE, 4, "changes torch.allclose"),
    "equal": (function("return Equal()", EQUAL), "", HONEST, "object of type Equal"),
    "pretender": (
        function("return torch.zeros(()).as_subclass(Pretender)", PRETENDER),
        "",
        HONEST,
        "object of type Pretender",
    ),
    "transformer": (function("raise ValueError"), TRANSFORMER, HONEST, ".ast_transformers"),
    "reader": ({}, "READS", 6, "import from assignments"),
    "flood": ({}, "print('x' * 50_000_000)", 6, ""),
    "forks": ({}, FORKS, 6, "import os"),
    "killer": (function(KILLER), "", HONEST, "the worker"),
    # a forged 0 is as good as a returned one: it does not change when a neuron is rescaled
    "forger": (function(FORGED), "", HONEST + 1, "answered what it was not asked"),
    "script": (function(f"raise ValueError({XSS!r})"), f"# {XSS}", HONEST, XSS),
    "zoe": ({}, "", 6, ""),
}
WALLS = {"writes", "reader", "killer"}  # where student code may do what we may, it does
if isolation() == "limits only":
    ROWS = {name: row for name, row in ROWS.items() if name not in WALLS}
UNLUCKY = [
    "absent",
    "copied",
    "late",
    "missing",
    "no-json",
    "other",
    "renamed",
    "too-large",
    "twice",
]


class Batch:
    """Everything handed in at once, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "handed-in"
        self.assignment, self.other = classroom.classroom(folder), classroom.other(folder)
        self.course = classroom.course(folder, [*ROWS, *UNLUCKY])
        self.targets = [
            self.course / "gradebook.db",
            self.course / "secrets.json",
            self.course / "graded" / "classroom" / "correct.json",
            self.folder / "zoe" / "classroom.ipynb",
            ROOT / "tools" / "coursework" / "planted.py",
            Path.home() / "planted",
            folder / "planted",
        ]
        self.targets[0].write_bytes(b"marks of the class")
        for student, (answers, code, _, _) in ROWS.items():
            answers = {name: text and self.placed(text) for name, text in answers.items()}
            self.hand_in(student, classroom.notebook(self.assignment, student, answers), code)
        self.hand_in_unlucky()
        self.before = self.contents()
        known = [self.assignment, self.other]
        self.status = grade_folder(self.folder, self.course, known, "classroom", LIMITS)
        self.page = (self.course / "report-classroom.html").read_text()
        self.report = json.loads((self.course / "report-classroom.json").read_text())
        self.rows = {row["id"]: row for row in self.report["students"]}

    def placed(self, code: str) -> str:
        """With the places of this course in it."""
        places = [str(path) for path in self.targets]
        code = code.replace("READS", READS.format(root=str(ROOT), places=places))
        body = WRITES.format(places=places).strip()
        return re.sub(r"(?m)^( *)WRITES$", lambda m: textwrap.indent(body, m[1]), code)

    def hand_in(self, student: str, made, code: str = "", name: str = "", **more) -> None:
        if code:
            classroom.added(made, self.placed(code))
        classroom.hand_in(self.folder, name or f"{student}/classroom.ipynb", made, **more)

    def hand_in_unlucky(self) -> None:
        made = {s: classroom.notebook(self.assignment, s, {}) for s in UNLUCKY}
        theirs = numbers(self.assignment, "correct", classroom.SALT)
        weights = f"weights = {theirs['m'] * (theirs['d'] + 2)}"
        self.hand_in("copied", classroom.notebook(self.assignment, "correct", {"weights": weights}))
        self.hand_in("late", made["late"], name="late_LATE_12_34_classroom.ipynb")
        made["missing"].cells.remove(classroom.cell(made["missing"], "path-norm"))
        self.hand_in("missing", made["missing"])
        classroom.cell(made["renamed"], "path-norm").metadata.nbgrader.grade_id = "mine"
        self.hand_in("renamed", made["renamed"])
        self.hand_in("no-json", b"PK not JSON")
        self.hand_in("other", student_notebook(self.other, "other", {"d": 3, "m": 20}, None))
        self.hand_in("too-large", b"")
        with open(self.folder / "too-large" / "classroom.ipynb", "wb") as file:
            file.truncate(100 * 2**20)
        early = classroom.notebook(self.assignment, "twice", {"weights": None})
        self.hand_in("twice", early, name="twice/early.ipynb", time=1_600_000_000)
        self.hand_in("twice", made["twice"])

    def contents(self) -> dict:
        """Of all that student code must not touch."""
        watched = [path for path in self.targets if path.suffix != ".json"]
        return {path: path.read_bytes() if path.exists() else None for path in watched}

    def found(self, student: str) -> str:
        """What the report says of a student."""
        about = [row for row in self.report["kept"] if row["student"] == student]
        return json.dumps([self.rows[student], about])


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    return Batch(tmp_path_factory.mktemp("class"))


@pytest.mark.parametrize("student", ROWS)
def test_honest_questions_keep_their_points_and_the_report_says_what_happened(batch, student):
    _, _, points, said = ROWS[student]
    row = batch.rows[student]
    assert row["status"] == "graded"
    assert row["points"] == points, batch.found(student)
    assert said in batch.found(student).replace('\\"', "'")
    honest = {q: row["questions"][q]["points"] for q in ("balance", "weights")}
    assert honest == (
        {"balance": 2, "weights": 1} if student != "blank" else dict.fromkeys(honest, 0)
    )


@pytest.mark.parametrize(
    ("student", "points", "said"),
    [
        ("renamed", 6, "found by what it defines: path_norm"),
        ("missing", HONEST, "was missing"),
        ("twice", 6, "came later (the times of the files)"),
        ("copied", 5, "made for 'correct'"),
        ("late", 6, "Canvas marks it as late"),
    ],
)
def test_unlucky_submissions_are_graded(batch, student, points, said):
    assert batch.rows[student]["points"] == points, batch.found(student)
    assert said in batch.found(student)


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("no-json", "not JSON"),
        ("too-large", "100 MB"),
        ("other", "ASSIGNMENT=toy"),
        ("absent", "handed in nothing"),
    ],
)
def test_what_cannot_be_graded_has_no_points(batch, student, said):
    assert "points" not in batch.rows[student] and said in batch.found(student)
    assert batch.rows[student]["status"] != "graded"
    assert batch.status == SOME_LEFT


def test_nobody_else_is_touched(batch):
    assert batch.contents() == batch.before
    assert batch.rows["correct"]["points"] == batch.rows["zoe"]["points"] == 6
    secret = json.loads((batch.course / "secrets.json").read_text())
    assert secret == {"salt": classroom.SALT, "grade_seed": 7}
    assert len(batch.report["students"]) == len(ROWS) + len(UNLUCKY)


def test_every_file_that_was_not_graded_is_kept(batch):
    kept = {row["path"]: batch.course / row["kept"] for row in batch.report["kept"]}
    assert set(kept) == {
        "no-json/classroom.ipynb",
        "other/classroom.ipynb",
        "too-large/classroom.ipynb",
        "twice/early.ipynb",
    }
    for path, copy in kept.items():
        assert copy.stat().st_size == (batch.folder / path).stat().st_size


def test_no_text_of_a_student_is_markup(batch):
    assert "<script" not in batch.page and "&lt;script&gt;" in batch.page


@pytest.mark.skipif("reader" not in ROWS, reason="without walls, student code reads what we read")
def test_hidden_checks_and_secrets_are_out_of_reach(batch):
    notebook = nbformat.read(batch.course / "graded" / "classroom" / "reader.ipynb", 4)
    printed = str([cell.outputs for cell in notebook.cells if cell.id == "added-1"])
    assert "secrets.json" not in printed and "correct.json" not in printed
    if isolation() == "bubblewrap":
        assert "READ" not in printed


GRADER = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
import classroom
from tools.coursework.grade import grade_folder
from tools.coursework.sandbox import Sandbox
folder = Path(sys.argv[1])
known = [classroom.classroom(folder)]
sys.exit(grade_folder(folder / "handed-in", folder / "course", known, None, Sandbox()))
"""


def test_a_killed_grader_goes_on_and_grades_nothing_twice(tmp_path):
    students = ["anna", "bob", "cy"]
    assignment = classroom.classroom(tmp_path)
    course = classroom.course(tmp_path, students)
    for student in students:
        made = classroom.notebook(assignment, student, {})
        classroom.hand_in(tmp_path / "handed-in", f"{student}/classroom.ipynb", made)
    code = GRADER.format(paths=[str(ROOT), str(ROOT / "tests" / "coursework")])
    command = [sys.executable, "-c", code, str(tmp_path)]
    results = course / "graded" / "classroom"
    grader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (results / "anna.json").exists():
        assert grader.poll() is None
        time.sleep(0.05)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    done = {path.name: path.read_bytes() for path in results.glob("*.json")}
    times = {path.name: path.stat().st_mtime_ns for path in results.glob("*.json")}
    assert "anna.json" in done and len(done) < len(students)
    assert all(json.loads(text)["points"] == 6 for text in done.values())
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    for name, text in done.items():
        assert (results / name).read_bytes() == text
        assert (results / name).stat().st_mtime_ns == times[name]
    assert {json.loads((results / f"{s}.json").read_text())["points"] for s in students} == {6}
