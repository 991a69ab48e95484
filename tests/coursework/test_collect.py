"""Who handed in what: names of platforms, contradictions, two of one student, unreadable files."""

import io
import json
import os
import stat
import zipfile
from dataclasses import replace

import nbformat
import pytest
import toy

from tools.coursework.collect import NO_ASSIGNMENT, NO_NOTEBOOK, NOT_READ, SEVERAL, collect
from tools.coursework.course import CourseError, Student
from tools.coursework.files import LIMIT, found_in
from tools.coursework.identity import named_by
from tools.coursework.notebook import student_notebook
from tools.coursework.reading import NotANotebook, read_notebook

CLASS = [
    Student("anna", "Anna Müller", "", {"canvas_id": "71"}),
    Student("bob", "Bob van Dyk", "", {"canvas_id": "72"}),
    Student("cy", "Kim Lee", "", {}),
    Student("dee", "Kim Lee", "", {}),
    Student("anna_b", "Anna Berg", "", {}),
]


@pytest.fixture
def assignment(tmp_path, monkeypatch):
    return toy.toy(tmp_path, monkeypatch)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "handed-in"
    made.mkdir()
    return made


def notebook(assignment, student="anna", said="toy") -> bytes:
    made = student_notebook(assignment, student, {"d": 4, "m": 20}, None)
    made.metadata["coursework"]["assignment"] = said
    return nbformat.writes(made).encode()


def put(folder, name: str, content: bytes, time: int = 1_700_000_000):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time, time))
    return path


def taken(found) -> dict[str, str]:
    return {one.student: one.path for one in found.chosen}


def advice(found) -> dict[str, str]:
    return {one.path: one.told for one in found.refused}


def why(found) -> dict[str, str]:
    return {one.path: one.refused for one in found.refused}


@pytest.mark.parametrize(
    ("path", "students"),
    [
        ("anna/toy.ipynb", {"anna"}),
        ("anna/toy/toy.ipynb", {"anna"}),
        ("Anna/toy.ipynb", {"anna"}),
        ("anna_toy.ipynb", {"anna"}),
        ("anna_b_toy.ipynb", {"anna_b"}),
        ("annabel_toy.ipynb", set()),
        ("anna_2026_11_homework.ipynb", {"anna"}),
        ("mullerannaX_71_900_toy.ipynb", {"anna"}),
        ("müllerlanna_71_900_toy-1.ipynb", {"anna"}),
        ("bergAnna_LATE_9_901_toy.ipynb", {"anna_b"}),
        ("vandykbob_72_5_my_notebook_v2.ipynb", {"bob"}),
        ("vandykbob_99_5_toy.ipynb", {"bob"}),
        ("leekim_1_2_toy.ipynb", {"cy", "dee"}),
        ("Bob van Dyk_12_assignsubmission_file_/toy.ipynb", {"bob"}),
        ("Anna Müller_12_assignsubmission_file_toy.ipynb", {"anna"}),
        ("class.zip/Anna Berg_1_assignsubmission_file_/toy.ipynb", {"anna_b"}),
        ("vandykbob_72_5_all.zip/anna/toy.ipynb", {"bob"}),
        ("toy.ipynb", set()),
    ],
)
def test_a_path_names_students(path, students):
    assert named_by(path, CLASS).students == students


def test_canvas_says_what_came_late(assignment, folder):
    put(folder, "bergAnna_LATE_9_901_toy.ipynb", notebook(assignment, "anna_b"))
    (one,) = collect(folder, CLASS, [assignment], None).chosen
    assert one.student == "anna_b" and "late" in one.events[0]


def test_the_hander_in_counts_not_the_name_in_the_notebook(assignment, folder):
    put(folder, "bob/toy.ipynb", notebook(assignment, "anna"))
    (one,) = collect(folder, CLASS, [assignment], None).chosen
    assert one.student == "bob"
    assert "made for 'anna'" in one.events[0] and "numbers of bob" in one.events[0]


def test_a_notebook_alone_tells_whose_it_is_unless_a_path_does(assignment, folder):
    put(folder, "toy (3).ipynb", notebook(assignment, "anna"))
    found = collect(folder, CLASS, [assignment], None)
    assert taken(found) == {"anna": "toy (3).ipynb"}
    assert "only the notebook says" in found.chosen[0].events[0]
    put(folder, "anna/toy.ipynb", notebook(assignment, "anna"))
    found = collect(folder, CLASS, [assignment], None)
    assert taken(found) == {"anna": "anna/toy.ipynb"}
    assert "another file's path names anna" in why(found)["toy (3).ipynb"]


def test_two_people_of_one_name_are_told_apart_by_their_notebooks(assignment, folder):
    put(folder, "leekim_1_2_toy.ipynb", notebook(assignment, "cy"))
    put(folder, "leekim_3_4_toy.ipynb", notebook(assignment, "anna"))
    found = collect(folder, CLASS, [assignment], None)
    assert taken(found) == {"cy": "leekim_1_2_toy.ipynb"}
    assert "fits cy and dee" in why(found)["leekim_3_4_toy.ipynb"]


def test_a_stranger_is_not_graded(assignment, folder):
    put(folder, "smithjo_8_9_toy.ipynb", notebook(assignment, "zoe"))
    assert "names nobody" in why(collect(folder, CLASS, [assignment], None)).popitem()[1]


def test_another_assignment_is_kept(assignment, folder):
    other = replace(assignment, path=assignment.path.with_name("other.md"), blocks=())
    put(folder, "anna/toy.ipynb", notebook(assignment))
    found = collect(folder, CLASS, [assignment, other], "other")
    assert not found.chosen and "ASSIGNMENT=toy" in why(found)["anna/toy.ipynb"]
    assert "of the assignment 'toy', and not of 'other'" in advice(found)["anna/toy.ipynb"]
    assert taken(collect(folder, CLASS, [assignment, other], "toy")) == {"anna": "anna/toy.ipynb"}
    put(folder, "anna/toy.ipynb", notebook(assignment, said="other"))
    found = collect(folder, CLASS, [assignment, other], None)
    assert "its questions are those of toy" in why(found)["anna/toy.ipynb"]
    assert advice(found)["anna/toy.ipynb"] == NO_ASSIGNMENT


def test_without_metadata_the_cells_tell_the_assignment(assignment, folder):
    made = json.loads(notebook(assignment))
    del made["metadata"]["coursework"]
    put(folder, "anna/my work.ipynb", json.dumps(made).encode())
    (one,) = collect(folder, CLASS, [assignment], None).chosen
    assert one.assignment == "toy" and "told by its cells" in one.events[0]


def test_students_are_told_what_to_do_about_a_file_that_cannot_be_read(assignment, folder):
    put(folder, "anna/toy.ipynb", b"{")
    put(folder, "bob/toy.zip", b"PK no zip")
    found = collect(folder, CLASS, [assignment], "toy")
    assert advice(found) == {"anna/toy.ipynb": NO_NOTEBOOK, "bob/toy.zip": NOT_READ}
    assert "JSONDecodeError" in why(found)["anna/toy.ipynb"]


def edited(assignment, text: str) -> bytes:
    made = nbformat.reads(notebook(assignment).decode(), 4)
    made.cells.append(nbformat.v4.new_markdown_cell(text))
    return nbformat.writes(made).encode()


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("mulleranna_71_900_toy.ipynb", "mulleranna_71_1000_toy-1.ipynb", "Canvas"),
        ("anna/toy.ipynb", "anna/toy-1.ipynb", "end of the name"),
        ("anna/toy-2.ipynb", "anna/toy-10.ipynb", "end of the name"),
    ],
)
def test_the_later_of_two_is_graded(assignment, folder, first, second, told):
    put(folder, first, edited(assignment, "early"), time=1_700_000_900)
    put(folder, second, edited(assignment, "late"), time=1_700_000_000)
    found = collect(folder, CLASS, [assignment], None)
    assert taken(found) == {"anna": second}
    assert told in found.chosen[0].events[-1] and "came later" in why(found)[first]
    assert found.refused[0].replaced


def test_times_tell_only_if_they_differ(assignment, folder):
    put(folder, "anna/a.ipynb", edited(assignment, "early"), time=1_700_000_000)
    put(folder, "anna/b.ipynb", edited(assignment, "late"), time=1_700_000_100)
    found = collect(folder, CLASS, [assignment], None)
    assert taken(found) == {"anna": "anna/b.ipynb"}
    put(folder, "anna/a.ipynb", edited(assignment, "early"), time=1_700_000_099)
    found = collect(folder, CLASS, [assignment], None)
    assert not found.chosen and len(found.refused) == 2
    assert all("nothing tells" in reason for reason in why(found).values())
    assert set(advice(found).values()) == {SEVERAL}


def test_a_copy_is_no_second_submission(assignment, folder):
    put(folder, "anna/a.ipynb", notebook(assignment))
    put(folder, "anna/b.ipynb", notebook(assignment))
    found = collect(folder, CLASS, [assignment], None)
    assert taken(found) == {"anna": "anna/a.ipynb"} and found.refused[0].replaced


def zipped(files: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return memory.getvalue()


def test_zips_and_zips_in_zips_are_read(assignment, folder):
    inner = zipped({"toy.ipynb": notebook(assignment), "__MACOSX/toy.ipynb": b"x"})
    outer = {
        "mulleranna_71_900_toy.zip": inner,
        "Bob van Dyk_12_assignsubmission_file_/toy.ipynb": notebook(assignment, "bob"),
        "anna_b/deep.zip": zipped({"deeper.zip": inner}),
    }
    path = put(folder, "class.zip", zipped(outer))
    for place in (folder, path):
        found = collect(place, CLASS, [assignment], None)
        assert set(taken(found)) == {"anna", "bob"}
        assert "a zip in a zip in a zip" in "".join(why(found).values())


def test_a_hostile_zip_writes_nothing_and_stops_nobody(assignment, folder, tmp_path):
    bomb = zipped({"anna/toy.ipynb": b" " * (LIMIT + 1)})
    assert len(bomb) < 1_000_000
    put(folder, "bomb.zip", bomb)
    put(folder, "slip.zip", zipped({"../../bob/toy.ipynb": notebook(assignment, "bob")}))
    put(folder, "broken.zip", b"PK\x03\x04 not a zip")
    link = zipfile.ZipInfo("anna/toy.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    put(folder, "link.zip", memory.getvalue())
    before = sorted(tmp_path.rglob("*"))
    found = collect(folder, CLASS, [assignment], None)
    assert sorted(tmp_path.rglob("*")) == before
    assert taken(found) == {"bob": "slip.zip/../../bob/toy.ipynb"}
    reasons = why(found)
    assert "more than 20 MB" in reasons["bomb.zip/anna/toy.ipynb"]
    assert "link" in reasons["link.zip/anna/toy.ipynb"]
    assert "not a zip" in reasons["broken.zip"]


def test_links_pipes_and_large_files_are_never_opened(assignment, folder):
    (folder / "anna.ipynb").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "bob.ipynb")
    with open(folder / "cy_toy.ipynb", "wb") as file:
        file.truncate(100 * 2**20)
    reasons = why(collect(folder, CLASS, [assignment], None))
    assert set(reasons) == {"anna.ipynb", "loop", "bob.ipynb", "cy_toy.ipynb"}
    assert "100 MB" in reasons["cy_toy.ipynb"] and "pipe" in reasons["bob.ipynb"]


def test_what_is_no_notebook_by_its_name_is_set_aside(assignment, folder):
    put(folder, "anna/toy.ipynb", notebook(assignment))
    put(folder, "anna/scan of my proof.pdf", b"%PDF")
    found = collect(folder, CLASS, [assignment], None)
    assert [one.path for one in found.others] == ["anna/scan of my proof.pdf"]


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(CourseError, match="no folder"):
        list(found_in(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"nbformat": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[]", "not a notebook"),
        (b'{"cells": []}', "not a notebook"),
        (b'{"nbformat": 5, "cells": []}', "format 5"),
        (b'{"nbformat": 4, "cells": 7}', "no cells"),
        (b'{"nbformat": 3, "worksheets": 7}', "cannot be upgraded"),
        (b"\xff\xfe\x00", "UTF-8"),
        ('{"nbformat": 4, "x": "ü"}'.encode("latin-1"), "UTF-8"),
    ],
)
def test_what_is_no_notebook(content, reason):
    with pytest.raises(NotANotebook, match=reason):
        read_notebook(content)


def test_hostile_metadata_is_dropped_and_text_can_be_written():
    cells = [
        7,
        {"cell_type": ["code"], "source": {"a": 1}},
        {"cell_type": "code", "source": ["x = 1\n", 3, "y = '\ud800'"], "metadata": []},
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": 3, "points": "<b>"}}},
    ]
    made = {"nbformat": 4, "metadata": {"coursework": {"student": ["anna"]}}, "cells": cells}
    found = read_notebook(json.dumps(made).encode())
    assert found.metadata["coursework"] == {}
    assert [cell.source for cell in found.cells] == ["", "x = 1\ny = '�'", ""]
    found.cells[1].source.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_editors_are_read(encoding):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("é = 1")])
    assert read_notebook(nbformat.writes(made).encode(encoding)).cells[0].source == "é = 1"


def test_an_old_notebook_is_upgraded():
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("x = 1")])]
    )
    found = read_notebook(nbformat.v3.writes_json(old).encode())
    assert found.nbformat == 4 and found.cells[0].source == "x = 1"


def test_attachments_nested_deeply_are_left_out():
    deep = "[" * 900 + "]" * 900
    cell = '{"cell_type": "markdown", "source": "", "attachments": {"a": {"b": %s}, "c": %s}}'
    data = '{"nbformat": 4, "metadata": {}, "cells": [' + cell % (deep, deep) + "]}"
    assert read_notebook(data.encode()).cells[0].attachments == {"a": {}, "c": {}}


def test_a_notebook_of_endless_code_is_refused(assignment):
    made = nbformat.reads(notebook(assignment), 4)
    made.cells += [nbformat.v4.new_code_cell("x;" * 2**16) for _ in range(5)]
    with pytest.raises(NotANotebook, match="kB of code"):
        read_notebook(nbformat.writes(made).encode())


def test_many_small_zips_and_deep_folders_end_somewhere(assignment, folder, monkeypatch):
    monkeypatch.setattr("tools.coursework.files.NESTED", 3)
    monkeypatch.setattr("tools.coursework.files.MEMBERS", 5)
    few, many = zipped(dict.fromkeys("abc", b"")), zipped(dict.fromkeys("abcd", b""))
    put(folder, "bob/many.zip", zipped({"x.zip": many}))
    put(folder, "anna/much.zip", zipped({f"{i}.zip": few for i in range(4)}))
    monkeypatch.setattr("tools.coursework.files.FOLDERS", 3)
    put(folder, "cy/1/2/3/4/5/toy.ipynb", b"")
    found = {one.name: one.problem for one in found_in(folder)}
    assert "a zip of 4 files" in found["bob/many.zip/x.zip"]
    assert "more than 5 files" in found["anna/much.zip"] and len(found) == 8
    assert any("folders in each other" in problem for problem in found.values())
