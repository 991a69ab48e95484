"""A course with five students, of whom three have no grade."""

import shutil

import pytest
import toy
import written
from written import ANNA, BOB, CARL, CLASS, EVE, read_proof

from tools.coursework import course as courses
from tools.coursework import gradebook


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory):
    """A gradebook without rows: nbgrader takes seconds to make one."""
    folder = tmp_path_factory.mktemp("empty")
    with gradebook.opened(folder):
        pass
    return gradebook.database(folder)


@pytest.fixture
def assignment(tmp_path, monkeypatch):
    return toy.toy(tmp_path, monkeypatch)


@pytest.fixture
def course(tmp_path, assignment, empty_gradebook, monkeypatch):
    """Anna and Bob are graded but for Bob's proof, Carl cannot be graded, Dora handed in nothing.

    Eve is graded completely, like Anna.
    """
    for name in ("COURSE_SALT", "GRADE_SEED", "BOOK_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "course"
    courses.make_secrets(folder)
    courses.write_class_list(folder, CLASS)
    shutil.copy(empty_gradebook, gradebook.database(folder))
    written.result(assignment, ANNA, folder)
    written.result(assignment, BOB, folder, lost=("rescaling",))
    written.not_graded(assignment, CARL, folder, "it is no notebook.", "Save it in Jupyter.")
    written.result(assignment, EVE, folder, lost=("rescaling", "homogeneous", "counted"))
    gradebook.update(folder, assignment)
    read_proof(folder, "anna", 2.5, "Step 3 is *missing*: $a<b$.")
    read_proof(folder, "eve", 0)
    return folder
