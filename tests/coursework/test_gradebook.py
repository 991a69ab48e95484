"""Results become rows of nbgrader's gradebook; what people enter stays; the two never disagree."""

import json
import stat
from dataclasses import replace

import nbformat
import pytest
import written
from nbgrader.api import Gradebook
from written import ANNA, BOB, CARL, DORA, EVE, read_proof

from tools.coursework import course as courses
from tools.coursework import gradebook, proofs
from tools.coursework.course import CourseError, Student
from tools.coursework.source import Proof


def standing(course, assignment, student):
    gradebook.update(course, assignment)
    return gradebook.standings(course, assignment)[student.id]


def test_nbgrader_reads_the_scores(course, assignment):
    with Gradebook(f"sqlite:///{gradebook.database(course)}", "course") as book:
        scores = {s.student.id: s.score for s in book.assignment_submissions("toy")}
        assert scores == {"anna": 6.5, "bob": 2, "eve": 0}
        assert book.find_assignment("toy").max_score == 7
        waiting = {s.student.id for s in book.assignment_submissions("toy") if s.needs_manual_grade}
        assert waiting == {"bob"}
        assert book.find_student("anna").last_name == ANNA.name


def test_each_student_stands_where_the_results_say(course, assignment):
    found = gradebook.standings(course, assignment)
    assert list(found) == ["anna", "bob", "carl", "dora", "eve"]
    assert found["anna"].points == {"path-norm": 3, "weights": 1, "subadditive": 2.5}
    assert found["anna"].total == 6.5 and found["anna"].comments["subadditive"].startswith("Step 3")
    assert found["bob"].status == "to be graded by a person: subadditive"
    assert found["bob"].points == {"path-norm": 1, "weights": 1} and found["bob"].total is None
    assert found["carl"].status == "not graded: it is no notebook." and found["carl"].total is None
    assert found["dora"].status == "nothing handed in" and found["dora"].total is None
    assert found["eve"].total == 0 and found["eve"].complete


def test_the_gradebook_is_private(course, assignment):
    path = gradebook.database(course)
    path.chmod(0o644)
    gradebook.update(course, assignment)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    copy = gradebook.copy_path(course, "toy", "anna")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_second_update_changes_nothing(course, assignment):
    before = gradebook.standings(course, assignment)
    gradebook.update(course, assignment)
    assert gradebook.standings(course, assignment) == before


def test_a_new_result_keeps_the_points_of_a_proof_that_did_not_change(course, assignment):
    written.result(assignment, ANNA, course, lost=("homogeneous",))
    now = standing(course, assignment, ANNA)
    assert now.points == {"path-norm": 2, "weights": 1, "subadditive": 2.5} and now.complete


def test_a_new_proof_is_to_be_read_again(course, assignment):
    written.result(assignment, ANNA, course, proof="Another proof.")
    assert standing(course, assignment, ANNA).status == "to be graded by a person: subadditive"
    assert standing(course, assignment, ANNA).total is None  # and after a second update as well
    read_proof(course, "anna", 3)
    assert standing(course, assignment, ANNA).total == 7


def test_points_that_a_person_gives_for_code_win_until_the_result_changes(course, assignment):
    with gradebook.opened(course) as book:
        grade = book.find_grade("check-path-norm", "toy", "toy", "eve")
        grade.manual_score = 2
        book.find_grade("check-path-norm", "toy", "toy", "anna").manual_score = 1
        book.db.commit()
    assert standing(course, assignment, EVE).total == 2
    assert standing(course, assignment, ANNA).total == 4.5  # 3 by the checks
    written.result(assignment, EVE, course, lost=("rescaling", "counted"))
    for _ in range(
        2
    ):  # until a person has looked, however often the gradebook is brought up to date
        assert standing(course, assignment, EVE).status == "to be graded by a person: path-norm"


def test_who_could_not_be_graded_this_time_has_no_points(course, assignment):
    written.not_graded(assignment, ANNA, course, "the file is broken.")
    now = standing(course, assignment, ANNA)
    assert now.status == "not graded: the file is broken." and now.total is None
    assert not gradebook.copy_path(course, "toy", "anna").exists()


def test_a_late_student_and_a_late_question(course, assignment, monkeypatch):
    late = Student("zoe", "Zoe", "")
    courses.write_class_list(course, [ANNA, BOB, CARL, DORA, EVE, late])
    second = Proof("second", 2, "s", "r", "f")
    longer = replace(assignment, blocks=(*assignment.blocks, second))
    for student in (ANNA, late):
        written.result(longer, student, course)
    gradebook.update(course, longer)
    found = gradebook.standings(course, longer)
    assert found["anna"].status == "to be graded by a person: second"
    assert found["zoe"].status == "to be graded by a person: subadditive, second"
    assert found["eve"].status == "to be graded by a person: second"


def test_a_question_that_is_gone_takes_no_points_along(course, assignment):
    shorter = replace(assignment, blocks=tuple(b for b in assignment.blocks if not proof(b)))
    with pytest.raises(CourseError, match="people have given points for 'subadditive'"):
        gradebook.update(course, shorter)
    for student in ("anna", "eve"):
        read_proof(course, student, None)
    gradebook.update(course, shorter)
    assert gradebook.standings(course, shorter)["anna"].total == 4


def proof(block):
    return isinstance(block, Proof)


def test_a_gradebook_that_disagrees_is_found(course, assignment, monkeypatch):
    monkeypatch.setattr(gradebook, "_enter", lambda *args: None)
    written.result(assignment, ANNA, course, lost=("homogeneous",))
    with pytest.raises(CourseError, match=r"has 3.0 points of anna for path-norm, .* have 2"):
        gradebook.update(course, assignment)


def test_a_broken_result_and_a_stranger_are_named(course, assignment):
    path = course / "graded" / "toy" / "anna.json"
    path.write_text("{")
    with pytest.raises(CourseError, match=r"anna.json cannot be read: delete it and grade again"):
        gradebook.update(course, assignment)
    path.unlink()
    written.result(assignment, Student("mallory", "M", ""), course)
    with pytest.raises(CourseError, match="Results of mallory, who are not in"):
        gradebook.update(course, assignment)


def copy_of(course, student):
    return nbformat.read(gradebook.copy_path(course, "toy", student), as_version=4)


def test_graders_see_the_proof_the_rubric_and_what_to_look_at(course, assignment):
    notebook = copy_of(course, "bob")
    nbformat.validate(notebook)
    cells = [cell.source for cell in notebook.cells]
    at = cells.index(written.PROOF)
    assert (
        "names the network of the sum" in cells[at + 1] and "gets no point to add" in cells[at + 1]
    )
    assert "Put the neurons" in cells[at + 1] and "book:" not in cells[at + 1]
    assert "uses ctypes" in cells[0] and "'numbers' was changed" in cells[0].replace("\\", "")
    (outputs,) = [c.outputs for c in notebook.cells if c.id == "check-path-norm"]
    assert outputs[0].text.startswith("0/2 Not so: rescaling a neuron leaves the path norm.")
    assert not any("find_mathdl" in text for text in cells)


def test_graders_are_not_told_whose_it_is(course, assignment):
    text = nbformat.writes(copy_of(course, "anna"))
    answers = text.replace("answer = 'anna'", "")  # which she wrote herself
    assert len(text) > len(answers)
    for word in ("anna", "Anna", "Ånna", "This copy is made for"):
        assert word not in answers


def test_no_students_output_reaches_the_graders(course, assignment):
    path = course / "graded" / "toy" / "bob.ipynb"
    notebook = nbformat.read(path, as_version=4)
    html = {"text/html": "<script>act()</script>"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("display_data", data=html)]
    nbformat.write(notebook, path)
    gradebook.update(course, assignment)
    assert "act()" not in json.dumps(copy_of(course, "bob"))


def test_the_server_is_closed_to_others(course, assignment):
    command, environment = proofs.prepare(course, 8123, [assignment])
    path = course / "nbgrader" / "jupyter_server_config.json"
    settings = json.loads(path.read_text())
    server = settings["ServerApp"]
    assert server["ip"] == "127.0.0.1" and server["terminals_enabled"] is False
    assert settings["KernelSpecManager"]["ensure_native_kernel"] is False
    assert environment["JUPYTER_CONFIG_DIR"] == str(path.parent)
    assert "token" not in path.read_text().lower() and command[1:] == ["-m", "jupyter_server"]
    assert (proofs.mathjax() / "mathjax" / "tex-chtml.js").exists()
