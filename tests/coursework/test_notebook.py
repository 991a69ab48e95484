"""A student's notebook holds no answer, the one with answers runs, and nbgrader reads both."""

import json
from dataclasses import replace

import nbformat
import pytest
import toy
from nbclient import NotebookClient
from nbgrader.nbgraderformat import MetadataValidator

from tools.coursework.notebook import (
    BLANK_PROOF,
    default_numbers,
    points,
    student_notebook,
    with_links,
    with_solutions,
)
from tools.coursework.source import Cell

SITE = "https://example.org/book/"
DRAWN = {"d": 7, "m": 21}


@pytest.fixture
def assignment(tmp_path, monkeypatch):
    return toy.toy(tmp_path, monkeypatch)


@pytest.fixture
def made(assignment):
    return student_notebook(assignment, "anna", DRAWN, SITE)


def graded(notebook) -> dict:
    """The cells that nbgrader knows, by their ids."""
    known = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {cell.metadata.nbgrader.grade_id: cell for cell in known}


def test_nbformat_and_nbgrader_accept_both(assignment, made):
    for notebook in (made, with_solutions(assignment, DRAWN)):
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)


def test_a_student_gets_no_answer(made):
    text = nbformat.writes(made)
    for secret in ("of_each_neuron", "m * weights_of", "Put the neurons", "names the network"):
        assert secret in toy.SOURCE and secret not in text
    assert "gets no point" not in text and "SOLUTION" not in text
    cells = graded(made)
    assert "# YOUR CODE HERE" in cells["path-norm"].source
    assert cells["subadditive"].source == BLANK_PROOF


def test_an_answer_that_is_not_marked_is_refused(assignment):
    bare = Cell("def path_norm(a):\n    return a.abs().sum()\n", "answer", "path-norm")
    at = assignment.blocks.index(assignment.cell("path-norm", "answer"))
    blocks = (*assignment.blocks[:at], bare, *assignment.blocks[at + 1 :])
    with pytest.raises(ValueError, match="`path-norm` shows its answer"):
        student_notebook(replace(assignment, blocks=blocks), "anna", DRAWN, None)


def test_the_two_differ_in_the_answers_only(assignment):
    mine = graded(student_notebook(assignment, "anna", DRAWN, None))
    theirs = graded(with_solutions(assignment, DRAWN))
    assert list(mine) == list(theirs)
    for name, cell in mine.items():
        assert cell.metadata == theirs[name].metadata
        assert (cell.source == theirs[name].source) == (not cell.metadata.nbgrader.solution)


def test_a_written_notebook_reads_back_the_same(assignment, made):
    text = nbformat.writes(made)
    assert nbformat.reads(text, as_version=4) == made
    again = student_notebook(assignment, "anna", DRAWN, SITE)
    assert nbformat.writes(again) == text
    assert len({cell.id for cell in made.cells}) == len(made.cells)
    assert json.loads(text)["metadata"]["coursework"] == {"assignment": "toy", "student": "anna"}


def test_the_numbers_are_the_student_s(assignment, made):
    assert graded(made)["numbers"].source == "d = 7  # input dimension\nm = 21  # width"
    assert default_numbers(assignment) == {"d": 5, "m": 30}


def test_points_are_those_of_the_properties(assignment, made):
    worth = {n: c.metadata.nbgrader.get("points") for n, c in graded(made).items()}
    assert worth["check-path-norm"] == points(assignment, "path-norm") == 3
    assert worth["check-weights"] == 1
    assert worth["subadditive"] == 3
    assert worth["path-norm"] is None


def test_locked_cells_can_neither_be_edited_nor_deleted(made):
    cells = graded(made)
    locked = {name for name, cell in cells.items() if cell.metadata.nbgrader.locked}
    assert locked == {"mathdl", "given-1", "numbers", "check-path-norm", "check-weights"}
    for name, cell in cells.items():
        assert cell.metadata.deletable is False
        assert cell.metadata.get("editable", True) is (name not in locked)


def test_links_lead_to_the_published_book_or_are_text(assignment, made):
    first = made.cells[0].source
    page = f"{SITE}chapters/approximation/barron-space.html"
    assert f"[path norm]({page}#thm-barron-monte-carlo)" in first
    assert "(assignment-toy)=" not in first
    assert "the path norm see?" in student_notebook(assignment, "anna", DRAWN, None).cells[0].source
    proof = graded(with_solutions(assignment, DRAWN))["subadditive"].source
    assert "see the\npage:" in proof


def test_a_broken_link_into_the_book_is_refused():
    with pytest.raises(ValueError, match="is no link"):
        with_links("see [this](book:a page)", lambda page, label: None)


def test_the_notebook_with_answers_runs(assignment):
    notebook = with_solutions(assignment, DRAWN)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()


def test_blank_answers_stop_the_notebook_at_the_first(made):
    with pytest.raises(NotImplementedError):
        exec(graded(made)["path-norm"].source + "\npath_norm(1, 2, 3)", {})
