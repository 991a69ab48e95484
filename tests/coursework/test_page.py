"""The page of an assignment: what it shows, what it keeps back, and which sources are refused."""

from pathlib import Path

import pytest
import toy

from tools.coursework.page import page_text, source_of, table, write_pages
from tools.coursework.rules import problems
from tools.pages import Book

TOC = """\
format: jb-book
root: chapters/approximation/barron-space
chapters:
  - file: chapters/assignments/index
  - file: chapters/assignments/toy
"""
BARRON = (
    "(barron-space)=\n# Barron\n\n```{prf:theorem}\n:label: thm-barron-monte-carlo\n\nSo.\n```\n"
)


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one page, and one assignment."""
    toy.toy(tmp_path, monkeypatch)
    for name, text in {
        "_toc.yml": TOC,
        "chapters/approximation/barron-space.md": BARRON,
        "chapters/assignments/index.md": "# Assignments\n",
        "assignments/toy.md": toy.SOURCE,
        "assignments/checks/toy.py": "",
        "assignments/answers/toy.py": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Book(tmp_path)


def spoil(book: Book, old: str, new: str) -> list[str]:
    """The problems of the toy after one replacement."""
    path = book.root / "assignments" / "toy.md"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return problems(book)


def test_page_shows_statement_stub_and_public_checks(book):
    assert write_pages(book) == []
    text = (book.root / "chapters/assignments/toy.md").read_text()
    assert "\n(assignment-toy)=\n# Toy: what a path norm sees\n" in text
    assert '    """The path norm."""\n    # YOUR CODE HERE\n    raise NotImplementedError\n' in text
    assert "assert abs(found - 2) < 1e-6" in text
    assert "d = 5  # input dimension" in text
    assert "Write the proof in the notebook, or on paper." in text
    assert "**Takes** 90 minutes, and **gives** 7 points: 4 for code, 3 for proofs." in text
    assert "**Needs** {doc}`../approximation/barron-space`." in text


def test_page_runs_nothing_and_keeps_what_is_graded_back(book):
    write_pages(book)
    text = (book.root / "chapters/assignments/toy.md").read_text()
    assert "{code-cell}" not in text and "jupytext" not in text and "kernelspec" not in text
    for secret in ("of_each_neuron", "m * weights_of", "Put the neurons", "names the network"):
        assert secret in toy.SOURCE and secret not in text
    assert "gets no point" not in text and "SOLUTION" not in text and "rescaling" not in text


def test_links_lead_to_pages_and_to_places_on_them(tmp_path, monkeypatch):
    assignment = toy.toy(tmp_path, monkeypatch)
    link = "[path norm](../approximation/barron-space.html#thm-barron-monte-carlo){.external}"
    assert link in page_text(assignment)
    plain = toy.SOURCE.replace("#thm-barron-monte-carlo", "")
    (tmp_path / "toy.md").write_text(plain)
    assert "[path norm](../approximation/barron-space.md)" in page_text(
        toy.read(tmp_path / "toy.md")
    )


def test_table_lists_points_of_code_and_proofs(tmp_path, monkeypatch):
    rows = table([toy.toy(tmp_path, monkeypatch)]).splitlines()
    assert rows[2] == "| {doc}`toy` | {doc}`../approximation/barron-space` | 90 | 4 + 3 |"


def test_a_page_whose_source_is_gone_goes_as_well(book):
    gone = book.root / "chapters" / "assignments" / "gone.md"
    gone.write_text("# Gone\n")
    assert write_pages(book) == []
    names = {path.name for path in gone.parent.iterdir()}
    assert names == {"index.md", "table.txt", "toy.md"}


def test_nothing_is_written_twice(book):
    write_pages(book)
    page = book.root / "chapters" / "assignments" / "toy.md"
    before = page.stat().st_mtime_ns
    write_pages(book)
    assert page.stat().st_mtime_ns == before


def test_a_book_without_assignments_needs_none(tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: chapters/index\n")
    assert write_pages(Book(tmp_path)) == []


def test_pages_know_their_source(book):
    found = {page.name: source_of(page) for page in book.pages}
    assert found == {
        "approximation/barron-space": None,
        "assignments/index": None,
        "assignments/toy": book.root / "assignments" / "toy.md",
    }


def test_a_source_that_is_not_in_the_contents_is_named(book):
    (book.root / "_toc.yml").write_text(TOC.replace("  - file: chapters/assignments/toy\n", ""))
    (found,) = write_pages(Book(book.root))
    assert found.startswith("assignments/toy.md:1: this assignment is not in _toc.yml")
    assert not (book.root / "chapters/assignments/toy.md").exists()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("minutes: 90\n", "", "toy.md:1: no `minutes:`"),
        ("/barron-space]", "/baron-space]", "toy.md:3: approximation/baron-space is no page"),
        ("#thm-barron-monte-carlo", "#thm-no", "has no label `thm-no`"),
        ("page](book:", "page](book: ", "is no link"),
        ("    ### BEGIN SOLUTION\n    of", "    of", "`path-norm` shows its answer"),
        (":points: 3", ":points: three", "cannot be read"),
    ],
)
def test_a_broken_source_is_refused(book, old, new, sentence):
    (found,) = spoil(book, old, new)
    assert sentence in found


def test_missing_checks_and_answers_are_named(book):
    for folder in ("checks", "answers"):
        Path(book.root, "assignments", folder, "toy.py").unlink()
        assert f"assignments/{folder}/toy.py does not exist" in problems(book)[-1]
