"""The public checks on a notebook: each question by itself, whatever the others do."""

import nbformat
import pytest
import toy
from nbformat.v4 import new_code_cell

from tools.coursework import check
from tools.coursework.notebook import student_notebook, with_solutions

DRAWN = {"d": 7, "m": 21}


@pytest.fixture
def assignment(tmp_path, monkeypatch):
    return toy.toy(tmp_path, monkeypatch)


@pytest.fixture
def answer(assignment, tmp_path, monkeypatch, capsys):
    """Runs the command on the model answers with some cells replaced; gives status and lines."""
    monkeypatch.setattr(check, "sources", lambda root: [assignment])

    def act(*more, made=None, **replaced):
        notebook = made or with_solutions(assignment, DRAWN)
        for cell in notebook.cells:
            cell.source = replaced.get(check.grade_id(cell).replace("-", "_"), cell.source)
        nbformat.write(notebook, tmp_path / "toy.ipynb")
        monkeypatch.chdir(tmp_path)
        status = check.main(["toy", *more])
        said = capsys.readouterr()
        return status, (said.out + said.err).splitlines()

    return act


def test_model_answers_pass(answer):
    status, lines = answer()
    assert status == 0
    assert lines[:2] == ["path-norm  yes", "weights    yes"]


def test_blanks_are_said_to_be_blank(answer, assignment):
    status, lines = answer(made=student_notebook(assignment, "anna", DRAWN, None))
    assert status == 1
    assert lines[:2] == ["path-norm  no: not answered yet", "weights    no: not answered yet"]


def test_a_failed_check_shows_its_message(answer):
    status, lines = answer(path_norm="def path_norm(a, W, b):\n    return a.sum()")
    assert status == 1
    assert lines[:2] == ["path-norm  no: One neuron: its path norm is 2.", "weights    yes"]


def test_an_error_in_one_question_does_not_hide_the_other(answer):
    status, lines = answer(path_norm="def path_norm(:")
    assert status == 1
    assert lines[0].startswith("path-norm  no: your cell stops: SyntaxError")
    assert lines[1] == "weights    yes"


def test_every_cell_gets_its_turn(tmp_path, monkeypatch):
    """Whatever a cell does to the interpreter, the others run, and the order stays."""
    monkeypatch.setattr(check, "SECONDS", 10)
    bodies = {
        "import os\nos._exit(1)": check.CRASHED,
        "x = 1": "",
        "while True:\n    pass": "does not end within 10 s",
        "1 / 0": "ZeroDivisionError: division by zero",
        "assert x == 2, 'One\\nTwo'": "One",
        "import ctypes\nctypes.string_at(0)": check.CRASHED,
        "assert x == 1": "",
    }
    cells = [new_code_cell(body) for body in bodies]
    assert check.run(cells, tmp_path) == list(bodies.values())


def test_checks_are_those_of_the_source(assignment):
    made = with_solutions(assignment, DRAWN)
    of_source = assignment.cell("path-norm", "checks").body
    (changed,) = [cell for cell in made.cells if check.grade_id(cell) == "check-path-norm"]
    changed.source = "pass"
    cells = check.with_checks(made, assignment)
    assert of_source in [cell.source for cell in cells]
    made.cells = [cell for cell in made.cells if not check.grade_id(cell).startswith("check")]
    cells = check.with_checks(made, assignment)
    assert [check.grade_id(cell) for cell in cells[-2:]] == ["check-path-norm", "check-weights"]
    assert cells[-2].source == of_source


def test_what_cannot_be_checked_is_named(answer, assignment, tmp_path):
    other = with_solutions(assignment, DRAWN)
    other.metadata.coursework.assignment = "estimation"
    status, lines = answer(made=other)
    assert status == 2 and lines == [
        "toy.ipynb is a notebook for estimation: use ASSIGNMENT=estimation."
    ]
    status, lines = answer("no.ipynb")
    assert status == 2 and lines[0].startswith("no.ipynb does not exist")
    (tmp_path / "broken.ipynb").write_text("{")
    status, lines = answer("broken.ipynb")
    assert status == 2 and lines[0].startswith("broken.ipynb is no notebook")
    assert check.main(["no-such"]) == 2
