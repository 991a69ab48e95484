"""A student's answers in the notebook that we trust, whatever became of the one handed in."""

import nbformat
import pytest
import toy
from nbformat import v4

from tools.coursework.flags import fingerprints, flags
from tools.coursework.notebook import student_notebook
from tools.coursework.reading import read_notebook
from tools.coursework.submission import PICTURE_BYTES, defined, fill, given

ANSWER = "def path_norm(a, W, b):\n    return 7"
DOT = "iVBORw0KGgo="


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    return student_notebook(toy.toy(tmp_path, monkeypatch), "anna", {"d": 4, "m": 20}, None)


@pytest.fixture
def student(tmp_path, monkeypatch):
    assignment = toy.toy(tmp_path, monkeypatch)
    return student_notebook(assignment, "anna", {"d": 4, "m": 20}, "https://example.org/")


def at(notebook, name):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def handed(notebook):
    """As it arrives: written, and read by our reader."""
    return read_notebook(nbformat.writes(notebook).encode())


def filled(trusted, student):
    return fill(trusted, handed(student))


def sources(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


def test_an_untouched_notebook_is_the_trusted_one(trusted, student):
    found = filled(trusted, student)
    assert sources(found.notebook) == sources(trusted)
    assert found.events == [] and found.blank == {"path-norm", "weights", "subadditive"}
    assert found.written == {}


def test_answers_are_taken_over_and_outputs_are_not(trusted, student):
    at(student, "path-norm").source = ANSWER
    at(student, "path-norm").outputs = [v4.new_output("stream", text="<script>")]
    at(student, "subadditive").source = "It follows."
    found = filled(trusted, student)
    assert at(found.notebook, "path-norm").source == ANSWER
    assert at(found.notebook, "path-norm").outputs == []
    assert at(found.notebook, "subadditive").source == "It follows."
    assert found.blank == {"weights"} and found.events == []
    assert found.written == {"path-norm": ANSWER}


def test_comments_alone_are_no_answer(trusted, student):
    at(student, "path-norm").source += "\n# I do not know.\n"
    assert "path-norm" in filled(trusted, student).blank


def test_locked_cells_and_numbers_are_restored(trusted, student):
    at(student, "numbers").source = "d = 1\nm = 1"
    at(student, "check-weights").source = "assert True"
    student.cells.remove(at(student, "check-path-norm"))
    found = filled(trusted, student)
    assert sources(found.notebook) == sources(trusted)
    assert len(found.events) == 3
    assert any("'numbers' was changed" in event for event in found.events)
    assert any("'check-path-norm' was missing" in event for event in found.events)


@pytest.mark.parametrize("change", ["rename", "no metadata", "another cell"])
def test_an_answer_is_found_by_the_function_it_defines(trusted, student, change):
    cell = at(student, "path-norm")
    if change == "another cell":
        student.cells.append(v4.new_code_cell(ANSWER))
    else:
        cell.source = ANSWER
        cell.metadata = {} if change == "no metadata" else {"nbgrader": {"grade_id": "mine"}}
    found = filled(trusted, student)
    assert at(found.notebook, "path-norm").source == ANSWER
    assert sources(found.notebook).count(ANSWER) == 1
    assert "found by what it defines: path_norm" in " ".join(found.events)


def test_a_missing_cell_is_an_open_question(trusted, student):
    student.cells.remove(at(student, "weights"))
    student.cells.remove(at(student, "subadditive"))
    found = filled(trusted, student)
    assert {"weights", "subadditive"} <= found.blank
    assert sum("was missing" in event for event in found.events) == 2


def test_of_copies_the_last_that_is_answered_counts(trusted, student):
    here = student.cells.index(at(student, "path-norm"))
    for text in (ANSWER.replace("7", "8"), ANSWER, student.cells[here].source):
        copy = v4.new_code_cell(text, metadata=at(student, "path-norm").metadata)
        student.cells.insert(here + 1, copy)
        here += 1
    found = filled(trusted, student)
    assert at(found.notebook, "path-norm").source == ANSWER
    assert "4 times" in found.events[0] and "last one" in found.events[1]


def test_added_cells_stay_at_their_place(trusted, student):
    here = student.cells.index(at(student, "path-norm"))
    at(student, "path-norm").source = ANSWER
    student.cells.insert(here, v4.new_code_cell("def helper():\n    return 1"))
    student.cells.insert(here + 2, v4.new_markdown_cell("A note."))
    student.cells.insert(0, v4.new_code_cell("first = 1"))
    student.cells.append(v4.new_code_cell(""))
    found = filled(trusted, student)
    order = sources(found.notebook)
    assert order[0] == "first = 1"
    start = order.index("def helper():\n    return 1")
    assert order[start : start + 3] == ["def helper():\n    return 1", ANSWER, "A note."]
    assert "added: 3" in found.events[-1]
    assert set(found.written) == {"path-norm", "added-1", "added-2"}
    assert len({cell.id for cell in found.notebook.cells}) == len(order)
    nbformat.validate(found.notebook)


def test_an_answer_whose_cell_became_markdown_is_code_again(trusted, student):
    cell = at(student, "path-norm")
    student.cells[student.cells.index(cell)] = v4.new_markdown_cell(ANSWER, metadata=cell.metadata)
    found = filled(trusted, student)
    assert at(found.notebook, "path-norm").cell_type == "code"
    assert at(found.notebook, "path-norm").source == ANSWER
    assert "had become markdown" in found.events[0]


def test_text_that_a_student_wrote_into_ours_is_kept(trusted, student):
    text = next(c for c in student.cells if "Question 3" in c.source)
    text.source += "\n\nMy proof is here."
    found = filled(trusted, student)
    assert any("My proof is here." in source for source in sources(found.notebook))
    assert trusted.cells[-2].source in sources(found.notebook)


def test_what_the_source_changed_after_the_release_is_no_work_of_the_student(trusted, student):
    """Texts, a check and a stub: no event names them. What the student wrote still counts."""
    released = frozenset(map(given, student.cells))
    reworded = next(c for c in trusted.cells if "Question 3" in c.source)
    reworded.source += "\n\nA hint."
    removed = next(c for c in trusted.cells if "Your numbers" in c.source)
    trusted.cells.remove(removed)
    at(trusted, "check-weights").source = "assert weights > 1"
    at(trusted, "path-norm").source += "\npass"
    assert len(filled(trusted, student).events) > 1
    assert "path-norm" in filled(trusted, student).written
    found = fill(trusted, handed(student), released)
    assert found.events == [] and found.written == {} and "path-norm" in found.blank
    assert sources(found.notebook) == sources(trusted)
    text = next(c for c in student.cells if "Question 3" in c.source)
    text.source += "\n\nMy proof is here."
    at(student, "numbers").source = "d = 1\nm = 1"
    found = fill(trusted, handed(student), released)
    assert any("My proof is here." in source for source in sources(found.notebook))
    assert len(found.events) == 2 and "'numbers' was changed" in found.events[0]


def test_pictures_of_proofs_are_kept_and_nothing_else(trusted, student):
    proof = at(student, "subadditive")
    proof.source = "![](attachment:scan.png)"
    proof["attachments"] = {
        "scan.png": {"image/png": DOT},
        "evil.svg": {"image/svg+xml": "PHN2Zz4="},
        "evil.png": {"image/png": '"><script>'},
    }
    found = filled(trusted, student)
    assert at(found.notebook, "subadditive")["attachments"] == {"scan.png": {"image/png": DOT}}
    assert "no picture" in found.events[0]
    proof["attachments"] = {"scan.png": {"image/png": "A" * (PICTURE_BYTES + 1)}}
    found = filled(trusted, student)
    assert "attachments" not in at(found.notebook, "subadditive")
    assert "larger than" in found.events[0]


def test_what_a_cell_defines():
    code = "import os\ndef f(): pass\nclass G: pass\na, (b, c) = 1, (2, 3)\nx.y = 1\nif a: q = 1"
    assert defined(code) == {"f", "G", "a", "b", "c"}
    assert defined("def f(:") == defined("x = '\0'") == defined("-" * 5000 + "1") == set()
    assert defined("a" + ".a" * 5000) == set()


def test_deep_code_costs_nobody_the_batch(trusted, student):
    deep = "a = 1 " + "+ 1 " * 900
    assert fingerprints({"q": deep}) == {} and defined(deep) == set()
    at(student, "path-norm").source = deep
    assert at(filled(trusted, student).notebook, "path-norm").source == deep


HARMLESS = '''
import numpy as np
import torch
def f(x):
    """Doc."""
    y = np.zeros(3)
    y[0] = x.sum().item()
    x.requires_grad = True
    with open("numbers.txt") as file:
        return file.read()
'''


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("get_ipython()", "get_ipython"),
        ("import ctypes as c", "import ctypes"),
        ("from subprocess import run", "import from subprocess"),
        ("x = 1\ntorch.allclose = lambda *a: True", "changes torch.allclose"),
        ("import numpy as n\nn.linalg.norm = f", "changes numpy.linalg.norm"),
        ("import builtins\nbuiltins.abs = f", "changes builtins.abs"),
        ("class A:\n    def __eq__(self, o): return True", "defines __eq__"),
        ("class A(torch.Tensor):\n    def __torch_function__(self): 1", "__torch_function__"),
        ("import os\nos._exit(0)", "._exit"),
        ("import sys\nsys._getframe(1).f_globals", "._getframe"),
        ("from sys import settrace", "settrace"),
        ("ip.ast_transformers.append(x)", ".ast_transformers"),
        ("import gc", "import gc"),
        ("import inspect", "import inspect"),
        ("open('../../gradebook.db')", "opens a file"),
        ("open('/etc/passwd')", "opens a file"),
        ("open(name)", "opens a file"),
        ("import socket", "import socket"),
        ("os.environ['HOME']", ".environ"),
        ("setattr(torch, 'allclose', f)", "setattr"),
        ("getattr(f, '__globals__')", "the text '__globals__'"),
        ("!cat /etc/passwd", "a line for IPython"),
        ("if True:\n    found = !cat /etc/passwd", "a line for IPython"),
        ("import os\n%env\nif True:\n    !ls", "import os"),
        ("x = $", "no Python"),
        ("x = 1  # \u202e2", "invisible characters"),
        ("%env", "a line for IPython"),
        ("def broken(:\n    get_ipython()", "no Python"),
    ],
)
def test_what_a_person_should_read(code, what):
    found = flags({"path-norm": code})
    assert any(what in flag["what"] for flag in found), found
    assert all(flag["cell"] == "path-norm" and flag["line"] >= 1 for flag in found)


def test_flags_name_the_line_and_leave_ordinary_code_alone():
    assert flags({"q": HARMLESS}) == []
    (flag,) = flags({"q": "x = 1\n\nimport ctypes\n"})
    assert flag == {"cell": "q", "line": 3, "what": "import ctypes", "code": "import ctypes"}


LONG = '''
def f(a, W, b):
    """Mine."""
    total = 0.0
    for i in range(len(a)):
        total = total + abs(a[i]) * (abs(W[i]).sum() + abs(b[i]))  # one neuron
    if total < 0:
        raise ValueError("negative")
    return total
'''


def test_copies_are_found_under_other_names_and_comments():
    copied = LONG.replace("total", "s").replace("Mine", "No, mine").replace("# one", "# a")
    assert fingerprints({"q": LONG}) == fingerprints({"q": copied}) != {}
    assert fingerprints({"q": LONG.replace("0.0", "1.0")}) != fingerprints({"q": LONG})
    assert fingerprints({"q": ANSWER}) == {}


def test_the_line_shown_is_the_line_meant():
    code = 'x = """' + "\f\u2028" + '"""\nimport os  # \u202eso tropmi'
    (flag,) = [flag for flag in flags({"a": code}) if flag["what"] == "import os"]
    assert flag["line"] == 2 and flag["code"] == "import os  # �so tropmi"


def test_a_thousand_flags_do_not_hide_another_one():
    found = flags({"a": "vars()\n" * 1000 + "import ctypes", "b": "exec('')"})
    said = [flag["what"] for flag in found]
    assert said.count("vars") == 10 and {"import ctypes", "exec"} <= set(said)
    assert said[-1] == "and 990 more places"


def test_long_and_strange_code_is_looked_at_in_little_time(trusted, student):
    for code in ("x;" * 2**17, " " * 2**18, "x = 0x" + "f" * 9000, "x" * 2**18 + "= %"):
        at(student, "path-norm").source = code
        found = filled(trusted, student)
        assert isinstance(flags(found.written), list)
        fingerprints(found.written)
