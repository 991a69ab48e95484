"""The manual has everything a lecturer needs, says that it is private, and stays off the site."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import toy

from assignments.answers import WrongAnswer
from tools.coursework import solutions


@pytest.fixture
def assignment(tmp_path, monkeypatch):
    return toy.toy(tmp_path, monkeypatch)


def test_manual_shows_answers_properties_wrong_answers_and_rubrics(assignment):
    notebook = solutions.manual(assignment, execute=False)
    text = "\n\n".join(cell.source for cell in notebook.cells)
    title, _, warning = notebook.cells[0].source.splitlines()[:3]
    assert title == "# Toy: what a path norm sees" and "Not for publication" in warning
    assert "of_each_neuron = W.abs().sum(1) + b.abs()" in text and "SOLUTION" not in text
    assert "**Properties that are tested, 3 points.**" in text
    assert "- (2) rescaling a neuron leaves the path norm" in text
    assert "**Wrong, keeps 3 of 3 points.** Measures the inner weights" in text
    assert "    return (a.abs() * W.norm(dim=1)).sum()\n```\n\nIt loses nothing." in text
    assert "**Rubric, 3 points.**\n\n- (1) names the network" in text
    assert "**Frequent, and false.**\n\n- It gets no point" in text
    assert "find_mathdl" not in text and "YOUR CODE HERE" not in text


def wrong(assignment, monkeypatch, points):
    answer = WrongAnswer("path-norm", points, "The square.", SQUARE)
    module = sys.modules[f"assignments.answers.{assignment.name}"]
    monkeypatch.setattr(module, "WRONG_ANSWERS", [answer])


SQUARE = "print('noise')\ndef path_norm(a, W, b):\n    return (a * W.abs().sum(1)).square().sum()"


def test_manual_says_which_properties_a_wrong_answer_loses(assignment, monkeypatch, capsys):
    wrong(assignment, monkeypatch, points=2)
    notebook = solutions.manual(assignment, execute=False)
    (said,) = [cell.source for cell in notebook.cells if "**Wrong" in cell.source]
    assert said.endswith("It loses:\n\n- (1) twice the outer weights have twice the path norm")
    assert capsys.readouterr().out == ""


def test_a_wrong_answer_that_keeps_other_points_stops_the_manual(assignment, monkeypatch):
    wrong(assignment, monkeypatch, points=1)
    with pytest.raises(RuntimeError, match="to path-norm of toy keeps 2 points instead of 1: mend"):
        solutions.manual(assignment, execute=False)


# Sphinx can be set up only once in a process, and another test may have done so in this one.
BUILD = """
import pytest, sys, toy
from pathlib import Path
from tools.coursework import solutions
folder = Path(sys.argv[1])
made = toy.toy(folder, pytest.MonkeyPatch())
solutions.sources = lambda root: [made]
solutions.build(folder)
"""


def test_manual_is_built_beside_the_site_and_says_that_it_is_private(tmp_path):
    shutil.copy(toy.ROOT / "_config.yml", tmp_path)
    shutil.copytree(toy.ROOT / "_ext", tmp_path / "_ext")
    path = os.pathsep.join([str(toy.ROOT), str(Path(__file__).parent), *sys.path])
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True)
    index = tmp_path / "_build" / "solutions" / "index.html"
    assert not (tmp_path / "_build" / "html").exists()
    for page in (index, index.with_name("toy.html")):
        assert "Not for publication" in page.read_text("utf-8")
    assert (index.parent / "_static" / "mathjax" / "tex-chtml.js").exists()
    assert "https://cdn" not in index.with_name("toy.html").read_text("utf-8")


def test_an_answer_that_fails_stops_the_manual(assignment, monkeypatch):
    monkeypatch.setattr(solutions, "with_solutions", failing)
    with pytest.raises(RuntimeError, match="model answers of toy fail"):
        solutions.manual(assignment)


def failing(assignment, drawn):
    from tools.coursework.notebook import with_solutions

    made = with_solutions(assignment, drawn)
    made.cells = [*made.cells[:2], solutions.v4.new_code_cell("assert False")]
    return made
