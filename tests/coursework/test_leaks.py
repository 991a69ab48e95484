"""A planted leak of each kind, in each kind of file, is found; what is public anyway is not."""

import html
import io
import json
import zipfile
from dataclasses import replace

import nbformat
import pytest
import toy
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools.coursework.leaks import leaks, readable, secrets, split
from tools.coursework.notebook import default_numbers, student_notebook, with_solutions
from tools.coursework.page import page_text

SECRETS = {
    "solution": "of_each_neuron = W.abs().sum(1) + b.abs()",
    "proof-answer": "Put the neurons of both networks beside each other, see the",
    "rubric": "- (1) names the network of the sum of both",
    "false-proofs": "- It gets no point to add the weights instead of the networks.",
    "hidden check": "found = student.path_norm(a / 2, 2 * W, 2 * b)",
    "name of a property": '"""twice the outer weights have twice the path norm"""',
    "wrong answer": "    return (a.abs() * W.norm(dim=1)).sum()",
    "misconception": "Measures the inner weights in the Euclidean norm and forgets the bias.",
    "mark": "### BEGIN SOLUTION",
}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with the toy, and its site."""
    toy.toy(tmp_path, monkeypatch)
    for name, text in {
        "assignments/toy.md": toy.SOURCE,
        "assignments/checks/toy.py": toy.CHECKS,
        "assignments/answers/toy.py": toy.ANSWERS,
        "lib/mathdl/norms.py": "import torch\n",
        "chapters/index.md": "# A book\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def site(root):
    """What is published of the toy."""
    assignment = replace(
        toy.read(root / "assignments" / "toy.md"), path=toy.ROOT / "assignments" / "toy.md"
    )
    notebook = student_notebook(assignment, "reader", default_numbers(assignment), None)
    folder = root / "site"
    folder.mkdir()
    (folder / "toy.md").write_text(page_text(assignment))
    (folder / "toy.ipynb").write_text(nbformat.writes(notebook))
    (folder / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    return folder


def colored(text: str) -> str:
    """Code as Sphinx shows it: in pieces."""
    return highlight(text, PythonLexer(), HtmlFormatter())


def typeset(text: str) -> str:
    words = html.escape(text).split()
    return "<p>" + "\n".join(f"<em>{word}</em>" for word in words) + "</p>"


def notebook(text: str) -> str:
    return json.dumps({"cells": [{"source": ["first line\n", f"{text}\n"]}]})


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notebooks/toy.ipynb", notebook(text))
    return packed.getvalue()


def test_what_is_published_of_an_assignment_holds_no_secret(root, site):
    assert leaks(secrets(root), site) == []


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("page.html", colored),
        ("page.html", typeset),
        ("_sources/page.md", str),
        ("searchindex.js", lambda text: f"Search.setIndex({{text: '{text}'}})"),
        ("ledger.json", lambda text: json.dumps({"claims": [{"what": text}]})),
        ("page.ipynb", notebook),
        ("all.zip", zipped),
        ("mathdl.whl", zipped),
    ],
)
def test_a_planted_leak_is_found(root, site, name, plant, text):
    path = site / name
    path.parent.mkdir(exist_ok=True)
    planted = plant(text)
    path.write_bytes(planted if isinstance(planted, bytes) else planted.encode())
    found = leaks(secrets(root), site)
    assert found and all(name in sentence for sentence in found)


def test_the_notebook_with_solutions_is_full_of_them(root, site):
    assignment = replace(
        toy.read(root / "assignments" / "toy.md"), path=toy.ROOT / "assignments" / "toy.md"
    )
    (site / "toy.ipynb").write_text(nbformat.writes(with_solutions(assignment, {"d": 5, "m": 30})))
    said = " ".join(leaks(secrets(root), site))
    assert "of_each_neuron" in said and "Put the neurons" in said


def test_what_everybody_may_read_is_no_secret(root):
    line = "found = student.path_norm(a / 2, 2 * W, 2 * b)"
    assert line in secrets(root)
    (root / "lib" / "mathdl" / "norms.py").write_text(line)
    assert line not in secrets(root)


def test_a_page_made_from_an_assignment_makes_nothing_public(root):
    made = root / "chapters" / "assignments" / "toy.md"
    made.parent.mkdir()
    made.write_text(toy.SOURCE)
    assert SECRETS["solution"] in secrets(root)


def test_source_is_split_without_losing_a_line():
    secret, public = split(toy.SOURCE)
    kinds = {kind for _, kind in secret}
    assert kinds == {"solution", "proof-answer", "rubric", "false-proofs"}
    assert "Prove that the path norm of a sum is at most the sum of the path norms." in public
    assert not any("SOLUTION" in line for line in public)


def test_pictures_inside_a_page_are_not_read():
    page = b'<img src="data:image/webp;base64,AAAA+/8=" alt="seen">'
    assert "AAAA" not in readable("page.html", page)
    assert "seen" in readable("page.html", page)
