"""Pages of feedback: a student's points and reasons, nobody else's, nothing that acts."""

import re
from html.parser import HTMLParser

import pytest
import written
from written import ANNA, CARL, CLASS

from tools.coursework import course as courses
from tools.coursework import feedback
from tools.coursework.html import code
from tools.coursework.safe_markdown import with_mathml


@pytest.fixture
def pages(course, assignment):
    return {path.stem: path.read_text("utf-8") for path in feedback.write(course, assignment)}


def test_who_handed_in_has_a_page(pages):
    assert set(pages) == {"anna", "bob", "carl", "eve"}
    assert "<strong>6.5 of 7 points</strong>" in pages["anna"] and "李" in pages["anna"]
    assert "<strong>0 of 7 points</strong>" in pages["eve"]
    assert "No grade yet</strong>: to be graded by a person: subadditive" in pages["bob"]
    assert "not graded yet, of 3" in pages["bob"] and " of 7 points" not in pages["bob"]
    assert "Not graded.</strong> Save it in Jupyter." in pages["carl"]
    assert "it is no notebook" not in pages["carl"]  # which is for the lecturer


def test_a_page_tells_the_reasons(pages):
    bob = pages["bob"]
    assert "0 of 2" in bob and bob.count("rescaling a neuron leaves the path norm") == 1
    assert "<h2>Question 1: the path norm</h2>" in bob and "Not so" not in bob
    assert "It is &lt;b&gt;5&lt;/b&gt;." in bob and "answer = &#39;bob&#39;" in bob
    assert "Step 3 is <em>missing</em>" in pages["anna"]
    assert "The locked cell &#39;numbers&#39; was changed" in bob


def test_code_in_a_property_is_shown_as_code_and_nothing_else_acts():
    assert code("`f` of <b>`a<b`</b>") == (
        "<code>f</code> of &lt;b&gt;<code>a&lt;b</code>&lt;/b&gt;"
    )


def test_who_is_not_graded_for_an_unknown_reason_is_told_that_it_may_not_be_their_fault(
    course, assignment
):
    written.not_graded(assignment, CARL, course, "MemoryError: 7")
    feedback.write(course, assignment)
    carl = (course / "feedback" / "toy" / "carl.html").read_text("utf-8")
    assert feedback.STOPPED in carl and "MemoryError" not in carl


def test_a_page_shows_formulas_without_scripts(pages):
    anna = pages["anna"]
    assert anna.count("<math") == 3 and 'display="block"' in anna and "$" not in anna
    assert not re.search(r"<script|src=|https?://(?!www\.w3\.org/1998/Math/MathML)", anna)


def test_no_page_holds_rubrics_or_solutions_or_other_students(course, assignment, pages):
    for name, text in pages.items():
        others = {s.id for s in CLASS} - {name}
        assert not re.search(rf"\b({'|'.join(others)})\b", text)
        for word in ("names the network", "gets no point to add", "Put the neurons", "ctypes"):
            assert word not in text
    feedback.write(course, assignment, rubric=True)
    text = (course / "feedback" / "toy" / "anna.html").read_text("utf-8")
    assert "names the network" in text and "Put the neurons" not in text


def test_a_page_of_somebody_who_withdrew_goes(course, assignment, pages):
    (course / "graded" / "toy" / "anna.json").unlink()
    feedback.write(course, assignment)
    assert not (course / "feedback" / "toy" / "anna.html").exists()


def test_a_picture_of_a_proof_is_on_the_page(course, assignment):
    written.result(assignment, ANNA, course, proof="![p](attachment:p.png)", picture="p.png")
    feedback.write(course, assignment)
    text = (course / "feedback" / "toy" / "anna.html").read_text("utf-8")
    assert '<img src="data:image/png;base64,AAAA" alt="p">' in text


@pytest.mark.parametrize(
    "text",
    [
        "<script>act()</script>",
        "x <img src=x onerror=act()> y",
        "[c](javascript:act())",
        "[c](javascript&colon;act())",
        "[c](data:text/html,act())",
        "<javascript:act()>",
        "[r]: javascript:act()\n[c][r]",
        "![p](https://example.org/act.png)",
        "![p](attachment:gone.png)",
        "![p](attachment:bad.svg)",
        r"$\href{javascript:act()}{x}$",
        r"$\text{<img onerror=act()>}$",
        "```mermaid\n<script>act()\n```",
        '![x" onerror="act()](attachment:p.png)',
        "\\begin{x}<script>act()</script>\\end{x}",
    ],
)
def test_nothing_that_a_student_writes_acts(text):
    pictures = {"bad.svg": {"image/svg+xml": "<svg/>"}, "p.png": {"image/png": "AAAA"}}
    elements = Elements()
    elements.feed(with_mathml(text, pictures))
    assert elements.found
    for tag, attributes in elements.found:
        assert tag in ("p", "a", "pre", "code", "img", "math", "mtext")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        assert attributes.get("href", "#").startswith("#")
        assert attributes.get("src", "data:image/png;base64,AAAA") == "data:image/png;base64,AAAA"


class Elements(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("tex", [r"\sum_{i=1}^n \|w_i\|_1", r"\Big(\dots\Big)", r"\frac{a}{b}"])
def test_formulas_become_mathml(tex):
    assert "<math" in with_mathml(f"${tex}$") and "<code" not in with_mathml(f"$${tex}$$")


def test_an_unknown_formula_stays_readable():
    assert with_mathml(r"$\unheard{x}<y$") == "<p><code>\\unheard{x}&lt;y</code></p>\n"


def test_the_command(course, assignment, monkeypatch, capsys):
    monkeypatch.setattr(courses, "assignment", lambda name: assignment)
    assert feedback.main(["--assignment", "toy", "--course", str(course)]) == 0
    said = capsys.readouterr().out
    assert "4 pages in" in said and "2 of them have no grade yet, and say so." in said
